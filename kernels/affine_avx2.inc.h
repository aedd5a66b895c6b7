// affine_avx2.inc.h: tiles of gray u8 pixels that lie inside of the image with all their taps: the
// sums of mix_u8 by AVX2 intrinsics, eight outputs at a time. Samples are fetched one output after
// the other: gathers are no faster than that and want rows that are evenly apart.
#include <immintrin.h>

static INLINE __m256i load(const void *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

typedef struct positions {
    _Alignas(32) int32_t x[8], y[8]; // whole
    __m256i fx, fy;                  // in 1/65536
} positions;

static INLINE positions positions_of(const affine_table *table, const start *s, int32_t first,
                                     ptrdiff_t k) {
    positions p;
    __m256i x = _mm256_add_epi32(load(table->step_x + k), _mm256_set1_epi32(s->fx));
    __m256i y = _mm256_add_epi32(load(table->step_y + k), _mm256_set1_epi32(s->fy));
    _mm256_store_si256((__m256i *)p.x,
                       _mm256_add_epi32(_mm256_srai_epi32(x, 16), _mm256_set1_epi32(first)));
    _mm256_store_si256((__m256i *)p.y, _mm256_srai_epi32(y, 16));
    p.fx = _mm256_and_si256(x, _mm256_set1_epi32(65535));
    p.fy = _mm256_and_si256(y, _mm256_set1_epi32(65535));
    return p;
}

// (one - f, f) in 16 bits each.
static INLINE __m256i linear_pair(__m256i f) {
    f = _mm256_srli_epi32(f, 16 - LINEAR_BITS);
    return _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(LINEAR_ONE), f),
                           _mm256_slli_epi32(f, 16));
}

// The lowest bytes of eight 32-bit numbers.
static INLINE void store_8(uint8_t *out, __m256i v) {
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
}

static INLINE void linear_8(uint8_t *out, const affine_table *table, const uint8_t *const *in,
                            const start *s, int32_t first, ptrdiff_t k) {
    const __m256i upper = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
    const __m256i lower = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15, -1));
    const __m256i half_row = _mm256_set1_epi32(1 << (LINEAR_BITS - 7));
    const __m256i half = _mm256_set1_epi32(1 << (LINEAR_BITS + 5));
    positions p = positions_of(table, s, first, k);
    _Alignas(32) uint16_t samples[16]; // of each output two above, two below
    for (int i = 0; i < 8; i++) {
        memcpy(samples + 2 * i, in[p.y[i]] + p.x[i], 2);
        memcpy(samples + 2 * i + 1, in[p.y[i] + 1] + p.x[i], 2);
    }
    __m256i v = load(samples), wx = linear_pair(p.fx), wy = linear_pair(p.fy);
    __m256i a = _mm256_madd_epi16(_mm256_shuffle_epi8(v, upper), wx);
    __m256i b = _mm256_madd_epi16(_mm256_shuffle_epi8(v, lower), wx);
    a = _mm256_srli_epi32(_mm256_add_epi32(a, half_row), LINEAR_BITS - 6);
    b = _mm256_srli_epi32(_mm256_add_epi32(b, half_row), LINEAR_BITS - 6);
    v = _mm256_madd_epi16(_mm256_or_si256(a, _mm256_slli_epi32(b, 16)), wy);
    store_8(out, _mm256_srli_epi32(_mm256_add_epi32(v, half), LINEAR_BITS + 6));
}

// One output: pairs of products of its four rows.
static INLINE __m256i cubic_rows(const uint8_t *const *in, ptrdiff_t x, ptrdiff_t y,
                                 const int16_t *weight) {
    int32_t rows[4];
    for (int j = 0; j < 4; j++)
        memcpy(&rows[j], in[y + j] + x, 4);
    int64_t w;
    memcpy(&w, weight, sizeof w);
    __m128i bytes = _mm_setr_epi32(rows[0], rows[1], rows[2], rows[3]);
    return _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), _mm256_set1_epi64x(w));
}

// Four outputs: rows 0 and 1 of each in the lower half, 2 and 3 in the upper one.
static INLINE __m128i cubic_4(const affine_table *table, const uint8_t *const *in, const int32_t *x,
                              const int32_t *y, const int32_t *fx, const int32_t *fy) {
    const __m256i half_row = _mm256_set1_epi32(1 << (CUBIC_BITS - 7));
    __m256i v[4];
    __m128i w[4];
    for (int i = 0; i < 4; i++) {
        v[i] = cubic_rows(in, x[i], y[i], table->cubic[fx[i]]);
        w[i] = _mm_loadl_epi64((const __m128i *)table->cubic[fy[i]]);
    }
    __m256i a = _mm256_add_epi32(_mm256_hadd_epi32(v[0], v[1]), half_row);
    __m256i b = _mm256_add_epi32(_mm256_hadd_epi32(v[2], v[3]), half_row);
    a = _mm256_srai_epi32(a, CUBIC_BITS - 6);
    b = _mm256_srai_epi32(b, CUBIC_BITS - 6);
    __m128i w01 = _mm_unpacklo_epi32(w[0], w[1]), w23 = _mm_unpacklo_epi32(w[2], w[3]);
    __m256i wy = _mm256_setr_m128i(_mm_unpacklo_epi64(w01, w23), _mm_unpackhi_epi64(w01, w23));
    __m256i sum = _mm256_madd_epi16(_mm256_packs_epi32(a, b), wy);
    __m128i all = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    all = _mm_add_epi32(all, _mm_set1_epi32(1 << (CUBIC_BITS + 5)));
    return _mm_srai_epi32(all, CUBIC_BITS + 6);
}

static INLINE void cubic_8(uint8_t *out, const affine_table *table, const uint8_t *const *in,
                           const start *s, int32_t first, ptrdiff_t k) {
    positions p = positions_of(table, s, first, k);
    _Alignas(32) int32_t fx[8], fy[8];
    _mm256_store_si256((__m256i *)fx, _mm256_srli_epi32(p.fx, 6));
    _mm256_store_si256((__m256i *)fy, _mm256_srli_epi32(p.fy, 6));
    __m128i a = cubic_4(table, in, p.x, p.y, fx, fy);
    __m128i b = cubic_4(table, in, p.x + 4, p.y + 4, fx + 4, fy + 4);
    __m128i words = _mm_packs_epi32(a, b);
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
}

// A tile of TILE outputs.
static void inner_tile(uint8_t *out, const affine_table *table, const source *from, const start *s,
                       int ntaps) {
    const ptrdiff_t before = ntaps == 4;
    const uint8_t *const *in = (const uint8_t *const *)from->in + (s->y - before - from->first);
    const int32_t x = (int32_t)(s->x - before);
    if (ntaps == 2)
        for (ptrdiff_t k = 0; k < TILE; k += 8)
            linear_8(out + k, table, in, s, x, k);
    else
        for (ptrdiff_t k = 0; k < TILE; k += 8)
            cubic_8(out + k, table, in, s, x, k);
}
