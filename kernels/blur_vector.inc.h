// blur_vector.inc.h: weighted sums down columns and along lines, in one of the two arithmetics
// of blur_sums.inc.h: SUM (uint16_t or float) and SUMS(name) are defined by who includes it.
//
// A pair of samples costs two loads, two additions and a product. Sums stay in registers while the
// weights go by (many weights), or weights while the samples do (few of them).
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

// Adds pairs of samples at the same distance from their centres, which a and b point to.
static INLINE void SUMS(add_pair)(SUMS(vector) * s, const SUM *a, const SUM *b, SUM weight) {
    SUMS(vector) w = weight - (SUMS(vector)){0};
    for (int j = 0; j < AT_ONCE; j++)
        s[j] += SUMS(product)(SUMS(load)(a + j * SUMS(LANES)) + SUMS(load)(b + j * SUMS(LANES)), w);
}

// out[x] = the sum of weight[|k|] in[x + k * apart], |k| <= radius, added to what is there if `add`
// says so. Whole steps are read and written. Fixed: samples below 2^15 give sums below 2^16 of
// twice the unit, or of the same one, rounded, if `keep` says so.
static inline void SUMS(weigh)(SUM *out, const SUM *in, ptrdiff_t apart, ptrdiff_t n,
                               const SUM *weight, int radius, bool add, bool keep) {
    for (ptrdiff_t x = 0; x < n; x += SUMS(STEP), in += SUMS(STEP), out += SUMS(STEP)) {
        SUMS(vector) s[AT_ONCE];
        for (int j = 0; j < AT_ONCE; j++)
            s[j] = (SUMS(vector)){0};
        for (int j = 0; add && j < AT_ONCE; j++)
            s[j] = SUMS(load)(out + j * SUMS(LANES));
        const SUM *a = in - radius * apart, *b = in + radius * apart;
        int k = radius;
        for (; k > 1; k -= 2, a += 2 * apart, b -= 2 * apart) { // two pairs: less to count
            SUMS(add_pair)(s, a, b, weight[k]);
            SUMS(add_pair)(s, a + apart, b - apart, weight[k - 1]);
        }
        if (k)
            SUMS(add_pair)(s, a, b, weight[k]);
        SUMS(vector) w = weight[0] - (SUMS(vector)){0};
        for (int j = 0; j < AT_ONCE; j++) {
            s[j] += SUMS(centre)(SUMS(load)(in + j * SUMS(LANES)), w);
            if (keep)
                s[j] = SUMS(keep)(s[j]);
            SUMS(store)(out + j * SUMS(LANES), s[j]);
        }
    }
}

// The same for a radius (and mostly a distance) that is known to the compiler: all weights stay in
// registers, and nothing is counted.
static INLINE void SUMS(weigh_few)(SUM *out, const SUM *in, ptrdiff_t apart, ptrdiff_t n,
                                   const SUM *weight, const int radius, bool keep) {
    SUMS(vector) w[FEW + 1];
    for (int k = 0; k <= radius; k++)
        w[k] = weight[k] - (SUMS(vector)){0};
    for (ptrdiff_t x = 0; x < n; x += SUMS(STEP) / 2)
        for (int j = 0; j < AT_ONCE / 2; j++) {
            const SUM *centre = in + x + j * SUMS(LANES);
            SUMS(vector) s = {0};
#pragma GCC unroll 8
            for (int k = radius; k > 0; k--)
                s += SUMS(product)(SUMS(load)(centre - k * apart) + SUMS(load)(centre + k * apart),
                                   w[k]);
            s += SUMS(centre)(SUMS(load)(centre), w[0]);
            if (keep)
                s = SUMS(keep)(s);
            SUMS(store)(out + x + j * SUMS(LANES), s);
        }
}

static INLINE bool SUMS(weigh_by_radius)(SUM *out, const SUM *in, ptrdiff_t apart, ptrdiff_t n,
                                         const SUM *weight, int radius, bool keep) {
    switch (radius) {
    case 1:
        SUMS(weigh_few)(out, in, apart, n, weight, 1, keep);
        return true;
    case 2:
        SUMS(weigh_few)(out, in, apart, n, weight, 2, keep);
        return true;
    case 3:
        SUMS(weigh_few)(out, in, apart, n, weight, 3, keep);
        return true;
    case 4:
        SUMS(weigh_few)(out, in, apart, n, weight, 4, keep);
        return true;
    case 5:
        SUMS(weigh_few)(out, in, apart, n, weight, 5, keep);
        return true;
    case 6:
        SUMS(weigh_few)(out, in, apart, n, weight, 6, keep);
        return true;
    case 7:
        SUMS(weigh_few)(out, in, apart, n, weight, 7, keep);
        return true;
    case 8:
        SUMS(weigh_few)(out, in, apart, n, weight, 8, keep);
        return true;
    }
    return false;
}

// Down the columns of tiles, and along lines.
static inline void SUMS(weigh_down)(SUM *out, const SUM *in, const SUM *weight, int radius,
                                    bool add) {
    if (add || !SUMS(weigh_by_radius)(out, in, SUMS(TILE), SUMS(TILE), weight, radius, true))
        SUMS(weigh)(out, in, SUMS(TILE), SUMS(TILE), weight, radius, add, true);
}

static inline void SUMS(weigh_along)(SUM *out, const SUM *in, ptrdiff_t apart, ptrdiff_t n,
                                     const SUM *weight, int radius, bool add) {
    if (!add && apart == 1 && SUMS(weigh_by_radius)(out, in, 1, n, weight, radius, false))
        return;
    if (!add && apart == 3 && SUMS(weigh_by_radius)(out, in, 3, n, weight, radius, false))
        return;
    SUMS(weigh)(out, in, apart, n, weight, radius, add, false);
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
