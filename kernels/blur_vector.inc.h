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

// The same for a radius (and mostly a distance) that is known to the compiler: all weights stay in
// registers, and nothing is counted.
static INLINE void SUMS(weigh_few)(SUM *out, const SUMS(taps) * taps, ptrdiff_t n,
                                   const SUMS(vector) * w, const int radius, bool keep) {
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

// And next[x], the same sum of tap(k + 1)[x]. It is stored first: it may be the same place.
static INLINE void SUMS(weigh_two)(SUM *out, SUM *next, const SUMS(taps) * taps, ptrdiff_t n,
                                   const SUMS(vector) * w, const int radius, bool keep) {
    for (ptrdiff_t x = 0; x < n; x += SUMS(LANES)) {
        SUMS(vector) left = SUMS(load)(SUMS(tap)(taps, -radius) + x);
        SUMS(vector) right = SUMS(load)(SUMS(tap)(taps, radius + 1) + x);
        SUMS(vector) s = {0}, t = {0};
#pragma GCC unroll 8
        for (int k = radius; k > 0; k--) {
            SUMS(vector) a = SUMS(load)(SUMS(tap)(taps, 1 - k) + x);
            SUMS(vector) b = SUMS(load)(SUMS(tap)(taps, k) + x);
            SUMS(hold)(&a);
            SUMS(hold)(&b);
            s += SUMS(product)(left + b, w[k]);
            t += SUMS(product)(a + right, w[k]);
            SUMS(hold)(&s);
            SUMS(hold)(&t);
            left = a;
            right = b;
        }
        s += SUMS(centre)(left, w[0]);
        t += SUMS(centre)(right, w[0]);
        SUMS(store)(next + x, keep ? SUMS(keep)(t) : t);
        SUMS(store)(out + x, keep ? SUMS(keep)(s) : s);
    }
}

static INLINE void SUMS(weigh_radius)(SUM *out, SUM *next, const SUMS(taps) * taps, ptrdiff_t n,
                                      const SUM *weight, const int radius, bool keep) {
    SUMS(vector) w[FEW + 1];
    for (int k = 0; k <= radius; k++)
        w[k] = weight[k] - (SUMS(vector)){0};
    if (next)
        SUMS(weigh_two)(out, next, taps, n, w, radius, keep);
    else
        SUMS(weigh_few)(out, taps, n, w, radius, keep);
}

// One sum, or two of them if there is a place for the next one.
static INLINE void SUMS(weigh)(SUM *out, SUM *next, const SUMS(taps) * taps, ptrdiff_t n,
                               const SUM *weight, int radius, bool keep) {
    switch (radius) {
    case 1:
        SUMS(weigh_radius)(out, next, taps, n, weight, 1, keep);
        return;
    case 2:
        SUMS(weigh_radius)(out, next, taps, n, weight, 2, keep);
        return;
    case 3:
        SUMS(weigh_radius)(out, next, taps, n, weight, 3, keep);
        return;
    case 4:
        SUMS(weigh_radius)(out, next, taps, n, weight, 4, keep);
        return;
    case 5:
        SUMS(weigh_radius)(out, next, taps, n, weight, 5, keep);
        return;
    case 6:
        SUMS(weigh_radius)(out, next, taps, n, weight, 6, keep);
        return;
    case 7:
        SUMS(weigh_radius)(out, next, taps, n, weight, 7, keep);
        return;
    case 8:
        SUMS(weigh_radius)(out, next, taps, n, weight, 8, keep);
        return;
    }
    const SUMS(taps) after = {taps->odd, taps->even + taps->pitch, taps->pitch};
    if (next)
        SUMS(weigh_many)(next, &after, n, weight, radius, false, keep);
    SUMS(weigh_many)(out, taps, n, weight, radius, false, keep);
}

// Down n columns of a tile, for one row or for two.
static inline void SUMS(weigh_down)(SUM *out, const SUM *in, const SUM *weight, int radius,
                                    bool add) {
    const SUMS(taps) taps = {in, in + SUMS(TILE), 2 * SUMS(TILE)};
    if (add)
        SUMS(weigh_many)(out, &taps, SUMS(TILE), weight, radius, true, true);
    else
        SUMS(weigh)(out, NULL, &taps, SUMS(TILE), weight, radius, true);
}

static inline void SUMS(weigh_down_two)(SUM *out, SUM *next, const SUM *in, ptrdiff_t n,
                                        const SUM *weight, int radius) {
    const SUMS(taps) taps = {in, in + SUMS(TILE), 2 * SUMS(TILE)};
    SUMS(weigh)(out, next, &taps, n, weight, radius, true);
}

// Along a line of samples whose neighbours are `apart`.
static inline void SUMS(weigh_along)(SUM *out, const SUM *in, ptrdiff_t apart, ptrdiff_t n,
                                     const SUM *weight, int radius, bool add) {
    const SUMS(taps) near = {in, in + 1, 2}, three = {in, in + 3, 6};
    const SUMS(taps) any = {in, in + apart, 2 * apart};
    if (!add && apart == 1)
        SUMS(weigh)(out, NULL, &near, n, weight, radius, false);
    else if (!add && apart == 3)
        SUMS(weigh)(out, NULL, &three, n, weight, radius, false);
    else
        SUMS(weigh_many)(out, &any, n, weight, radius, add, false);
}

// The same where the even samples of a line and the odd ones lie by themselves, n of each.
static inline void SUMS(weigh_planes)(SUM *const out[2], const SUM *const in[2], ptrdiff_t apart,
                                      ptrdiff_t n, const SUM *weight, int radius, bool add) {
    const SUMS(taps) near = {in[0], in[1], 1};
    if (!add && apart == 1) {
        SUMS(weigh)(out[0], out[1], &near, n, weight, radius, false);
        return;
    }
    for (ptrdiff_t p = 0; p < 2; p++) {
        const SUM *odd = in[(p + apart) % 2] + (p + apart) / 2;
        const SUMS(taps) three = {in[p], odd, 3}, any = {in[p], odd, apart};
        if (!add && apart == 3)
            SUMS(weigh)(out[p], NULL, &three, n, weight, radius, false);
        else
            SUMS(weigh_many)(out[p], &any, n, weight, radius, add, false);
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
