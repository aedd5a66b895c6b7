// transpose_avx2.inc.h: bytes, by AVX2 intrinsics, eight input rows at a time: rows that are a
// multiple of 4096 bytes apart share so few places in the first-level cache that no more of them
// would be there at once.
#include <immintrin.h>

static INLINE __m256i load(const void *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

// Column x of eight rows is in eight bytes of the result's half for x / 16 of each 32.
static INLINE void store_columns(const ppx_image *out, ptrdiff_t x, ptrdiff_t y, __m256i v) {
    __m128i low = _mm256_castsi256_si128(v), high = _mm256_extracti128_si256(v, 1);
    _mm_storel_epi64((__m128i *)((uint8_t *)ppx_image_row(out, x) + y), low);
    _mm_storeh_pd((double *)(void *)((uint8_t *)ppx_image_row(out, x + 1) + y),
                  _mm_castsi128_pd(low));
    _mm_storel_epi64((__m128i *)((uint8_t *)ppx_image_row(out, x + 16) + y), high);
    _mm_storeh_pd((double *)(void *)((uint8_t *)ppx_image_row(out, x + 17) + y),
                  _mm_castsi128_pd(high));
}

// 32 columns of eight rows.
static INLINE void columns_32(const ppx_image *out, const ppx_image *in, ptrdiff_t x0, ptrdiff_t x,
                              ptrdiff_t y) {
    __m256i a[8], b[8];
    for (int k = 0; k < 8; k++)
        a[k] = load((const uint8_t *)ppx_image_row(in, y + k) + x0 + x);
    for (int k = 0; k < 4; k++) { // rows k and k + 4, of columns 0 to 7 and 8 to 15
        b[2 * k] = _mm256_unpacklo_epi8(a[k], a[k + 4]);
        b[2 * k + 1] = _mm256_unpackhi_epi8(a[k], a[k + 4]);
    }
    for (int h = 0; h < 2; h++) { // columns 8 h to 8 h + 7
        __m256i even_low = _mm256_unpacklo_epi8(b[h], b[4 + h]);
        __m256i even_high = _mm256_unpackhi_epi8(b[h], b[4 + h]);
        __m256i odd_low = _mm256_unpacklo_epi8(b[2 + h], b[6 + h]);
        __m256i odd_high = _mm256_unpackhi_epi8(b[2 + h], b[6 + h]);
        ptrdiff_t to = x + 8 * h;
        store_columns(out, to, y, _mm256_unpacklo_epi8(even_low, odd_low));
        store_columns(out, to + 2, y, _mm256_unpackhi_epi8(even_low, odd_low));
        store_columns(out, to + 4, y, _mm256_unpacklo_epi8(even_high, odd_high));
        store_columns(out, to + 6, y, _mm256_unpackhi_epi8(even_high, odd_high));
    }
}

// Input rows [y0, y1) of the columns [x0, x0 + ncolumns).
static void bytes(const ppx_image *out, const ppx_image *in, ptrdiff_t x0, ptrdiff_t ncolumns,
                  ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t whole_x = ncolumns / 32 * 32, whole_y = y0 + (y1 - y0) / 8 * 8;
    for (ptrdiff_t y = y0; y < whole_y; y += 8)
        for (ptrdiff_t x = 0; x < whole_x; x += 32)
            columns_32(out, in, x0, x, y);
    const ppx_image right = ppx_image_view(out, whole_x, ncolumns - whole_x);
    rows_1(&right, in, x0 + whole_x, ncolumns - whole_x, y0, whole_y);
    rows_1(out, in, x0, ncolumns, whole_y, y1);
}
