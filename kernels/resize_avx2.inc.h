// resize_avx2.inc.h: the inner loops of resize_fixed.inc.h, the same sums by AVX2 intrinsics.
// Neither compiler finds pmaddwd on interleaved rows, or shuffles from a table.
#include <immintrin.h>

static inline __m256i load(const void *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

// Pixels [x, x + 32) of two rows at a time, their weights side by side in pairs.
static INLINE void columns_32(int16_t *line, const uint8_t *const *rows, const __m256i *pairs,
                              int npairs, ptrdiff_t x) {
    const __m256i zero = _mm256_setzero_si256(), half = _mm256_set1_epi32(1 << 7);
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
    _mm256_storeu_si256((__m256i *)(line + x), _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_storeu_si256((__m256i *)(line + x + 16), _mm256_permute2x128_si256(a, b, 0x31));
}

static INLINE void columns_fixed(int16_t *line, const uint8_t *const *rows, const int16_t *weight,
                                 int ntaps, ptrdiff_t from, ptrdiff_t end) {
    const int npairs = (ntaps + 1) / 2;
    __m256i pairs[(MOST_FIXED_TAPS + 1) / 2];
    for (int p = 0; p < npairs; p++)
        pairs[p] = _mm256_set1_epi32(
            (int32_t)((uint32_t)(uint16_t)weight[2 * p + 1] << 16 | (uint16_t)weight[2 * p]));
    ptrdiff_t x = from;
    for (; x + 32 <= end; x += 32)
        columns_32(line, rows, pairs, npairs, x);
    if (x < end && end >= 32) { // some once more: it is the same
        columns_32(line, rows, pairs, npairs, end - 32);
        return;
    }
    for (; x < end; x++) {
        int32_t sum = 1 << 7;
        for (int t = 0; t < ntaps; t++)
            sum += weight[t] * rows[t][x];
        line[x] = (int16_t)(sum >> 8);
    }
}

// The products of one vector and all its chunks, added where they lie.
static INLINE __m256i products(const int16_t *line, const int32_t *start, const int8_t *mask,
                               const int16_t *weight, int nchunks, ptrdiff_t advance,
                               bool shuffled) {
    const int16_t *low = line + start[0], *high = line + start[1];
    __m256i sum = _mm256_setzero_si256();
    for (int c = 0; c < nchunks; c++) {
        __m128i a = _mm_loadu_si128((const __m128i *)(low + c * advance));
        __m128i b = _mm_loadu_si128((const __m128i *)(high + c * advance));
        __m256i window = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
        if (shuffled)
            window = _mm256_shuffle_epi8(window, load(mask));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(window, load(weight + 16 * c)));
    }
    return sum;
}

// BLOCK output samples from a line of sums.
static INLINE void block_fixed(uint8_t *out, const int16_t *line, const resize_table *table,
                               size_t block, int outputs, int nchunks, ptrdiff_t step) {
    const lanes *l = &table->lanes;
    const size_t nvectors = 4 / (size_t)outputs, first = 4 * nvectors * block;
    const int32_t *start = (const int32_t *)at(table, l->start) + 2 * first;
    const int8_t *mask = (const int8_t *)at(table, l->mask) + 32 * first;
    const int16_t *weight = (const int16_t *)at(table, l->weight) + 16 * first * (size_t)nchunks;
    __m256i sums[4];
    for (size_t g = 0; g < 4; g++) {
        __m256i v[4];
        for (size_t k = 0; k < nvectors; k++, start += 2, mask += 32, weight += 16 * nchunks)
            v[k] = products(line, start, mask, weight, nchunks, (8 / outputs) * step, outputs > 1);
        if (outputs == 1) {
            v[0] = _mm256_hadd_epi32(v[0], v[1]);
            v[1] = _mm256_hadd_epi32(v[2], v[3]);
        }
        if (outputs < 4)
            v[0] = _mm256_hadd_epi32(v[0], v[1]);
        v[0] = _mm256_add_epi32(v[0], _mm256_set1_epi32(1 << 19));
        sums[g] = _mm256_srai_epi32(v[0], 20);
    }
    __m256i a = _mm256_packs_epi32(sums[0], sums[1]), b = _mm256_packs_epi32(sums[2], sums[3]);
    _mm256_storeu_si256((__m256i *)out, _mm256_packus_epi16(a, b));
}
