// resize_avx2.inc.h: the inner loops of resize_fixed.inc.h, the same sums by AVX2 intrinsics.
// Neither compiler finds pmaddwd on interleaved rows, or shuffles from a table.
#include <immintrin.h>

static inline __m256i load(const void *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

static inline void store(void *to, __m256i v) {
    _mm256_storeu_si256((__m256i *)to, v);
}

// Pixels [x, x + 32) of two rows at a time, their weights side by side in pairs.
static INLINE void columns_32(int16_t *line, const uint8_t *const *rows, const __m256i *pairs,
                              int npairs, ptrdiff_t x) {
    const __m256i zero = _mm256_setzero_si256(), half = _mm256_set1_epi32(COLUMN_HALF);
    __m256i s0 = half, s1 = half, s2 = half, s3 = half;
    for (int p = 0; p < npairs; p++) {
        __m256i a = load(rows[2 * p] + x), b = load(rows[2 * p + 1] + x);
        __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
        __m256i w = pairs[p];
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), w));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), w));
        s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), w));
        s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), w));
    }
    __m256i a = _mm256_packs_epi32(_mm256_srai_epi32(s0, 8), _mm256_srai_epi32(s1, 8));
    __m256i b = _mm256_packs_epi32(_mm256_srai_epi32(s2, 8), _mm256_srai_epi32(s3, 8));
    store(line + x, _mm256_permute2x128_si256(a, b, 0x20));
    store(line + x + 16, _mm256_permute2x128_si256(a, b, 0x31));
}

static INLINE void columns_fixed(int16_t *line, const uint8_t *const *rows, const int16_t *weight,
                                 int ntaps, ptrdiff_t n) {
    const int npairs = (ntaps + 1) / 2;
    if (n < 32) {
        columns_plain(line, rows, weight, ntaps, n);
        return;
    }
    __m256i pairs[(MOST_FIXED_TAPS + 1) / 2];
    const uint8_t *in[MOST_FIXED_TAPS + 1];
    for (int p = 0; p < npairs; p++) {
        in[2 * p] = rows[2 * p];
        in[2 * p + 1] = rows[2 * p + 1];
        pairs[p] = _mm256_set1_epi32(
            (int32_t)((uint32_t)(uint16_t)weight[2 * p + 1] << 16 | (uint16_t)weight[2 * p]));
    }
    ptrdiff_t x = 0;
    for (; x + 32 <= n; x += 32)
        columns_32(line, in, pairs, npairs, x);
    if (x < n) // some once more, they are the same
        columns_32(line, in, pairs, npairs, n - 32);
}

// Of two rows.
typedef struct two {
    __m256i a, b;
} two;

static INLINE __m256i windows(const int16_t *low, const int16_t *high) {
    __m256i lower = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low));
    return _mm256_inserti128_si256(lower, _mm_loadu_si128((const __m128i *)high), 1);
}

// The products of one vector and all its chunks, added where they lie.
static INLINE two products(const int16_t *const line[2], const lane *l, int nchunks,
                           ptrdiff_t advance, bool shuffled) {
    const ptrdiff_t low = l->start[0], high = l->start[1];
    const __m256i mask = load(l->mask);
    two sum = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int c = 0; c < nchunks; c++) {
        __m256i a = windows(line[0] + low + c * advance, line[0] + high + c * advance);
        __m256i b = windows(line[1] + low + c * advance, line[1] + high + c * advance);
        if (shuffled) {
            a = _mm256_shuffle_epi8(a, mask);
            b = _mm256_shuffle_epi8(b, mask);
        }
        const __m256i weight = load(l->weight + 16 * c);
        sum.a = _mm256_add_epi32(sum.a, _mm256_madd_epi16(a, weight));
        sum.b = _mm256_add_epi32(sum.b, _mm256_madd_epi16(b, weight));
    }
    return sum;
}

// The vectors of eight output samples, with the sums that belong to one of them brought together.
static INLINE two group_of(const int16_t *const line[2], const lane *l, int outputs, int nchunks,
                           ptrdiff_t advance) {
    two v[4];
    for (int k = 0; k < 4 / outputs; k++) {
        const lane next = {l->start + 2 * k, l->mask + 32 * k, l->weight + 16 * nchunks * k};
        v[k] = products(line, &next, nchunks, advance, outputs > 1);
    }
    if (outputs == 1) {
        v[0] = (two){_mm256_hadd_epi32(v[0].a, v[1].a), _mm256_hadd_epi32(v[0].b, v[1].b)};
        v[1] = (two){_mm256_hadd_epi32(v[2].a, v[3].a), _mm256_hadd_epi32(v[2].b, v[3].b)};
    }
    if (outputs < 4)
        v[0] = (two){_mm256_hadd_epi32(v[0].a, v[1].a), _mm256_hadd_epi32(v[0].b, v[1].b)};
    return (two){_mm256_srai_epi32(v[0].a, 20), _mm256_srai_epi32(v[0].b, 20)};
}

// Sixteen words, or BLOCK bytes, of four of them.
static INLINE two pack(two a, two b) {
    return (two){_mm256_packs_epi32(a.a, b.a), _mm256_packs_epi32(a.b, b.b)};
}

// BLOCK output samples of two rows from their lines of sums.
static INLINE void block_fixed(uint8_t *const out[2], const int16_t *const line[2], const lane *l,
                               int outputs, int nchunks, ptrdiff_t step) {
    const int n = 4 / outputs;
    two v[4];
    for (int g = 0; g < 4; g++) {
        const lane group = {l->start + 2 * n * g, l->mask + 32 * n * g,
                            l->weight + 16 * nchunks * n * g};
        v[g] = group_of(line, &group, outputs, nchunks, (8 / outputs) * step);
    }
    v[0] = pack(v[0], v[1]);
    v[2] = pack(v[2], v[3]);
    store(out[0], _mm256_packus_epi16(v[0].a, v[2].a));
    store(out[1], _mm256_packus_epi16(v[0].b, v[2].b));
}
