// blur_vector.inc.h: weighted sums down columns and along lines, in one of the two arithmetics
// of blur_sums.inc.h: SUM (uint16_t or float) and SUMS(name) are defined by who includes it.
//
// A pair of samples costs two loads, two additions and a product. Sums stay in registers while the
// weights go by (many weights), or weights while the samples do (few of them). Two sums whose
// samples are next to each other share all their loads but two.
enum {
    SUMS(LANES) = VECTOR_NBYTES / sizeof(SUM),
    SUMS(STEP) = AT_ONCE * SUMS(LANES),
    SUMS(TILE) = 2 * SUMS(STEP), // samples of rows that are in the cache
};

static INLINE SUMS(vector) SUMS(load)(const SUM *from) {
    SUMS(vector) v;
    memcpy(&v, from, sizeof v);
    return v;
}

static INLINE void SUMS(store)(SUM *to, SUMS(vector) v) {
    memcpy(to, &v, sizeof v);
}

// Keeps a vector where it is: gcc would load it again for its next use, or add up sums as a tree,
// and there are no registers for that.
static INLINE void SUMS(hold)(SUMS(vector) * v) {
#ifdef __SSE2__
    __asm__("" : "+x"(*v));
#else
    (void)v;
#endif
}

// Where samples lie: number k at floor(k / 2) * pitch from the even or the odd one, as k is. So
// they may take turns between two planes, and between two rows.
typedef struct SUMS(taps) {
    const SUM *even, *odd;
    ptrdiff_t pitch;
} SUMS(taps);

static INLINE const SUM *SUMS(tap)(const SUMS(taps) * taps, ptrdiff_t k) {
    const ptrdiff_t odd = k & 1;
    return (odd ? taps->odd : taps->even) + (k - odd) / 2 * taps->pitch;
}

// Adds pairs of samples at the same distance from their centres, which a and b point to.
static INLINE void SUMS(add_pair)(SUMS(vector) * s, const SUM *a, const SUM *b, SUM weight) {
    SUMS(vector) w = weight - (SUMS(vector)){0};
    for (int j = 0; j < AT_ONCE; j++)
        s[j] += SUMS(product)(SUMS(load)(a + j * SUMS(LANES)) + SUMS(load)(b + j * SUMS(LANES)), w);
}

// out[x] = the sum of weight[|k|] tap(k)[x], |k| <= radius, added to what is there if `add` says
// so. Whole steps are read and written. Fixed: samples below 2^15 give sums below 2^16 of twice the
// unit, or of the same one, rounded, if `keep` says so.
static inline void SUMS(weigh_many)(SUM *out, const SUMS(taps) * taps, ptrdiff_t n,
                                    const SUM *weight, int radius, bool add, bool keep) {
    const ptrdiff_t pitch = taps->pitch;
    const SUM *left = SUMS(tap)(taps, -radius), *left2 = SUMS(tap)(taps, 1 - radius);
    const SUM *right = SUMS(tap)(taps, radius), *right2 = SUMS(tap)(taps, radius - 1);
    for (ptrdiff_t x = 0; x < n; x += SUMS(STEP)) {
        SUMS(vector) s[AT_ONCE];
        for (int j = 0; j < AT_ONCE; j++)
            s[j] = (SUMS(vector)){0};
        for (int j = 0; add && j < AT_ONCE; j++)
            s[j] = SUMS(load)(out + x + j * SUMS(LANES));
        ptrdiff_t at = x; // of the left samples, and from the right ones back
        ptrdiff_t back = x;
        int k = radius;
        for (; k > 1; k -= 2, at += pitch, back -= pitch) { // two pairs: less to count
            SUMS(add_pair)(s, left + at, right + back, weight[k]);
            SUMS(add_pair)(s, left2 + at, right2 + back, weight[k - 1]);
        }
        if (k)
            SUMS(add_pair)(s, left + at, right + back, weight[k]);
        SUMS(vector) w = weight[0] - (SUMS(vector)){0};
        for (int j = 0; j < AT_ONCE; j++) {
            s[j] += SUMS(centre)(SUMS(load)(taps->even + x + j * SUMS(LANES)), w);
            if (keep)
                s[j] = SUMS(keep)(s[j]);
            SUMS(store)(out + x + j * SUMS(LANES), s[j]);
        }
    }
}

static INLINE void SUMS(broadcast)(SUMS(vector) * w, const SUM *weight, const int radius) {
    for (int k = 0; k <= radius; k++)
        w[k] = weight[k] - (SUMS(vector)){0};
}

// The same for a radius (and mostly a distance) that is known to the compiler: all weights stay in
// registers, and nothing is counted.
static INLINE void SUMS(weigh_few)(SUM *out, const SUMS(taps) * taps, ptrdiff_t n,
                                   const SUM *weight, const int radius, bool keep) {
    SUMS(vector) w[FEW + 1];
    SUMS(broadcast)(w, weight, radius);
    for (ptrdiff_t x = 0; x < n; x += SUMS(STEP) / 2)
        for (int j = 0; j < AT_ONCE / 2; j++) {
            const ptrdiff_t at = x + j * SUMS(LANES);
            SUMS(vector) s = {0};
#pragma GCC unroll 8
            for (int k = radius; k > 0; k--)
                s += SUMS(product)(SUMS(load)(SUMS(tap)(taps, -k) + at) +
                                       SUMS(load)(SUMS(tap)(taps, k) + at),
                                   w[k]);
            s += SUMS(centre)(SUMS(load)(taps->even + at), w[0]);
            SUMS(store)(out + at, keep ? SUMS(keep)(s) : s);
        }
}

// Two sums of a vector each, that of tap(k) and that of tap(k + 1): most of what is loaded serves
// both.
static INLINE void SUMS(sum_two)(SUMS(vector) * first, SUMS(vector) * second,
                                 const SUMS(taps) * taps, ptrdiff_t x, const SUMS(vector) * w,
                                 const int radius) {
    SUMS(vector) s = {0}, t = {0};
    SUMS(vector) left = SUMS(load)(SUMS(tap)(taps, -radius) + x);
    SUMS(vector) right = SUMS(load)(SUMS(tap)(taps, radius + 1) + x);
#pragma GCC unroll 8
    for (int k = radius; k > 0; k--) {
        SUMS(vector) inner = SUMS(load)(SUMS(tap)(taps, 1 - k) + x);
        SUMS(vector) outer = SUMS(load)(SUMS(tap)(taps, k) + x);
        SUMS(hold)(&inner);
        SUMS(hold)(&outer);
        s += SUMS(product)(left + outer, w[k]);
        t += SUMS(product)(inner + right, w[k]);
        SUMS(hold)(&s);
        SUMS(hold)(&t);
        left = inner;
        right = outer;
    }
    *first = s + SUMS(centre)(left, w[0]);
    *second = t + SUMS(centre)(right, w[0]);
}

// ---- Down the columns of a tile ----

// Where the lines are that the columns of a tile become, and their planes.
typedef struct SUMS(lines) {
    SUM *at;
    ptrdiff_t pitch, plane, n;
} SUMS(lines);

static INLINE void SUMS(down_few)(const SUMS(lines) * lines, const SUM *centre, const SUM *weight,
                                  const int radius, const ptrdiff_t nplanes) {
    const ptrdiff_t n = SUMS(TILE) / nplanes;
    SUMS(vector) w[FEW + 1], s, t;
    SUMS(broadcast)(w, weight, radius);
    for (ptrdiff_t k = 0; k < lines->n; k += 2)
        for (ptrdiff_t p = 0; p < nplanes; p++) {
            const SUM *in = centre + k * SUMS(TILE) + p * n;
            const SUMS(taps) taps = {in, in + SUMS(TILE), 2 * SUMS(TILE)};
            SUM *out = lines->at + k * lines->pitch + p * lines->plane;
            SUM *next = k + 1 < lines->n ? out + lines->pitch : out; // written first
            for (ptrdiff_t x = 0; x < n; x += SUMS(LANES)) {
                SUMS(sum_two)(&s, &t, &taps, x, w, radius);
                SUMS(store)(next + x, SUMS(keep)(t));
                SUMS(store)(out + x, SUMS(keep)(s));
            }
        }
}

static INLINE void SUMS(down)(const SUMS(lines) * lines, const SUM *centre, const SUM *weight,
                              int radius, const ptrdiff_t nplanes) {
#define DOWN(radius) SUMS(down_few)(lines, centre, weight, radius, nplanes)
    FOR_FEW(radius, DOWN)
#undef DOWN
    const ptrdiff_t n = SUMS(TILE) / nplanes;
    for (ptrdiff_t k = 0; k < lines->n; k++)
        for (ptrdiff_t p = 0; p < nplanes; p++) {
            const SUM *in = centre + k * SUMS(TILE) + p * n;
            const SUMS(taps) taps = {in, in + SUMS(TILE), 2 * SUMS(TILE)};
            SUMS(weigh_many)
            (lines->at + k * lines->pitch + p * lines->plane, &taps, n, weight, radius, false,
             true);
        }
}

// One row of a tile's width.
static inline void SUMS(weigh_down)(SUM *out, const SUM *in, const SUM *weight, int radius,
                                    bool add) {
    const SUMS(taps) taps = {in, in + SUMS(TILE), 2 * SUMS(TILE)};
#define WEIGH(radius) SUMS(weigh_few)(out, &taps, SUMS(TILE), weight, radius, true)
    if (!add)
        FOR_FEW(radius, WEIGH)
#undef WEIGH
    SUMS(weigh_many)(out, &taps, SUMS(TILE), weight, radius, add, true);
}

// ---- Along lines ----

// Of samples whose neighbours are `apart`.
static inline void SUMS(weigh_along)(SUM *out, const SUM *in, ptrdiff_t apart, ptrdiff_t n,
                                     const SUM *weight, int radius, bool add) {
    const SUMS(taps) near = {in, in + 1, 2}, three = {in, in + 3, 6};
    const SUMS(taps) any = {in, in + apart, 2 * apart};
#define NEAR(radius) SUMS(weigh_few)(out, &near, n, weight, radius, false)
#define THREE(radius) SUMS(weigh_few)(out, &three, n, weight, radius, false)
    if (!add && apart == 1)
        FOR_FEW(radius, NEAR)
    if (!add && apart == 3)
        FOR_FEW(radius, THREE)
#undef NEAR
#undef THREE
    SUMS(weigh_many)(out, &any, n, weight, radius, add, false);
}

// The taps of plane p, 0 or 1, of a line whose even samples and odd ones lie by themselves.
static INLINE SUMS(taps) SUMS(taps_of_plane)(const SUM *const in[2], ptrdiff_t p, ptrdiff_t apart) {
    return (SUMS(taps)){in[p], in[(p + apart) % 2] + (p + apart) / 2, apart};
}

// n samples of each plane: of the even one with those a pixel further, which are odd; that is
// `ahead` more samples of that plane. The even ones begin as many too early, and end too late.
static INLINE void SUMS(planes_few)(SUM *const out[2], const SUM *const in[2],
                                    const ptrdiff_t apart, ptrdiff_t n, const SUM *weight,
                                    const int radius) {
    const ptrdiff_t ahead = apart / 2;
    const SUM *early[] = {in[0] - ahead, in[1] - ahead};
    const SUMS(taps) taps = SUMS(taps_of_plane)(early, 0, apart);
    SUMS(vector) w[FEW + 1], s, t;
    SUMS(broadcast)(w, weight, radius);
    for (ptrdiff_t x = 0; x < n + ahead; x += SUMS(LANES)) {
        SUMS(sum_two)(&s, &t, &taps, x, w, radius);
        SUMS(store)(out[0] - ahead + x, s);
        SUMS(store)(out[1] + x, t);
    }
}

// The same of gray, in which they make pixels.
static INLINE void SUMS(pixels_few)(void *out, const SUM *const in[2], ptrdiff_t n,
                                    const SUM *weight, const int radius, int32_t lost) {
    const SUMS(taps) taps = SUMS(taps_of_plane)(in, 0, 1);
    SUMS(vector) w[FEW + 1], s, t;
    SUMS(broadcast)(w, weight, radius);
    for (ptrdiff_t x = 0; x < n; x += SUMS(LANES)) {
        SUMS(sum_two)(&s, &t, &taps, x, w, radius);
        SUMS(store)((SUM *)out + x, SUMS(join)(s, t, lost));
    }
}

static inline void SUMS(weigh_pixels)(void *out, const SUM *const in[2], ptrdiff_t n,
                                      const SUM *weight, int radius, int32_t lost) {
#define PIXELS(radius) SUMS(pixels_few)(out, in, n, weight, radius, lost)
    FOR_FEW(radius, PIXELS)
#undef PIXELS
}

static inline void SUMS(weigh_planes)(SUM *const out[2], const SUM *const in[2], ptrdiff_t apart,
                                      ptrdiff_t n, const SUM *weight, int radius, bool add) {
#define NEAR(radius) SUMS(planes_few)(out, in, 1, n, weight, radius)
#define THREE(radius) SUMS(planes_few)(out, in, 3, n, weight, radius)
    if (!add && apart == 1)
        FOR_FEW(radius, NEAR)
    if (!add && apart == 3)
        FOR_FEW(radius, THREE)
#undef NEAR
#undef THREE
    for (ptrdiff_t p = 0; p < 2; p++) {
        const SUMS(taps) taps = SUMS(taps_of_plane)(in, p, apart);
        SUMS(weigh_many)(out[p], &taps, n, weight, radius, add, false);
    }
}

// out = the sum of weight[k] rows[k], k in [0, nrows).
static inline void SUMS(blend)(SUM *out, const SUM *const *rows, ptrdiff_t nrows, const SUM *weight,
                               ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x += SUMS(STEP)) {
        SUMS(vector) s[AT_ONCE] = {0};
        for (ptrdiff_t k = 0; k < nrows; k++) {
            SUMS(vector) w = weight[k] - (SUMS(vector)){0};
            for (int j = 0; j < AT_ONCE; j++)
                s[j] += SUMS(product)(SUMS(load)(rows[k] + x + j * SUMS(LANES)), w);
        }
        for (int j = 0; j < AT_ONCE; j++)
            SUMS(store)(out + x + j * SUMS(LANES), s[j]);
    }
}

#undef SUM
#undef SUMS
