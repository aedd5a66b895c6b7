// gaussian_vector.inc.h: weighted sums of rows for gaussian.inc.h, in one arithmetic: SUM (uint16_t
// or float) and SUMS(name) are defined by who includes it.
//
// The sums of AT_ONCE vectors stay in registers while the weights go by, so that the cost is two
// loads, two additions and a product for a pair of samples, whatever the radius.
enum { SUMS(LANES) = VECTOR_NBYTES / sizeof(SUM), SUMS(TILE) = AT_ONCE * SUMS(LANES) };

static INLINE SUMS(vector) SUMS(load)(const SUM *from) {
    SUMS(vector) v;
    memcpy(&v, from, sizeof v);
    return v;
}

static INLINE void SUMS(store)(SUM *to, SUMS(vector) v) {
    memcpy(to, &v, sizeof v);
}

// out = the sum of weight[|k|] rows[k], added to what is there if `add` says so. Whole tiles are
// read and written. Fixed: rows below 2^15 give sums below 2^16 of twice the unit, or of the same
// one, rounded, if `keep` says so.
static inline void SUMS(weigh)(SUM *out, const SUM *const *rows, ptrdiff_t x0, ptrdiff_t n,
                               const SUM *weight, int radius, bool add, bool keep) {
    for (ptrdiff_t x = x0; x < x0 + n; x += SUMS(TILE)) {
        SUMS(vector) s[AT_ONCE];
        for (int j = 0; j < AT_ONCE; j++)
            s[j] = (SUMS(vector)){0};
        for (int j = 0; add && j < AT_ONCE; j++)
            s[j] = SUMS(load)(out + x + j * SUMS(LANES));
        for (int k = radius; k > 0; k--) {
            const SUM *a = rows[-k] + x, *b = rows[k] + x;
            SUMS(vector) w = weight[k] - (SUMS(vector)){0};
            for (int j = 0; j < AT_ONCE; j++)
                s[j] += SUMS(product)(
                    SUMS(load)(a + j * SUMS(LANES)) + SUMS(load)(b + j * SUMS(LANES)), w);
        }
        const SUM *centre = rows[0] + x;
        SUMS(vector) w = weight[0] - (SUMS(vector)){0};
        for (int j = 0; j < AT_ONCE; j++) {
            s[j] += SUMS(centre)(SUMS(load)(centre + j * SUMS(LANES)), w);
            if (keep)
                s[j] = SUMS(keep)(s[j]);
            SUMS(store)(out + x + j * SUMS(LANES), s[j]);
        }
    }
}

// The same along a line, whose sample 0 is line[0]; step is the distance of two pixels.
static inline void SUMS(along)(SUM *out, const SUM *line, ptrdiff_t step, ptrdiff_t n,
                               const SUM *weight, int radius, bool add) {
    const SUM *rows[2 * MOST_FINE + 1], **centre = rows + radius;
    for (int k = -radius; k <= radius; k++)
        centre[k] = line + k * step;
    SUMS(weigh)(out, centre, 0, n, weight, radius, add, false);
}

// out = the sum of weight[k] rows[k], k in [0, nrows).
static inline void SUMS(blend)(SUM *out, const SUM *const *rows, ptrdiff_t nrows, const SUM *weight,
                               ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x += SUMS(TILE)) {
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
