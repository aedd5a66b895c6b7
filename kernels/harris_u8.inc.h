// harris_u8.inc.h: the two loops of harris.c where the time goes, for u8, by vectors. Sums are
// whole numbers, and what floats do per pixel is the same expression as elsewhere.

typedef int32_t whole_8 __attribute__((vector_size(32)));
typedef int32_t whole_8_anywhere __attribute__((vector_size(32), aligned(4)));
typedef float float_8 __attribute__((vector_size(32)));
typedef float float_8_anywhere __attribute__((vector_size(32), aligned(4)));

// Sums of 8 windows beside each other.
static INLINE void sum_windows(float_8 *sums, const int32_t *column, int across) {
    whole_8 total = *(const whole_8_anywhere *)column;
    for (int dx = 1; dx < across; dx++)
        total += *(const whole_8_anywhere *)(column + dx);
    *sums = __builtin_convertvector(total, float_8);
}

static INLINE void respond_8(float *out, const int32_t *column_xx, const int32_t *column_yy,
                             const int32_t *column_xy, int across, float k, float scale) {
    float_8 xx, yy, xy;
    sum_windows(&xx, column_xx, across);
    sum_windows(&yy, column_yy, across);
    sum_windows(&xy, column_xy, across);
    *(float_8_anywhere *)out = RESPONSE(xx, yy, xy, k, scale);
}

// The sums across are constant where this is called with a small block, so that they unroll. At the
// end up to 7 pixels too many are computed and not written.
static INLINE void respond_across(float *out, int32_t *const sums[NSUMS], ptrdiff_t width,
                                  int across, float k, float scale) {
    const int32_t *xx = sums[XX], *yy = sums[YY], *xy = sums[XY];
    ptrdiff_t x = 0;
    for (; x + 8 <= width; x += 8)
        respond_8(out + x, xx + x, yy + x, xy + x, across, k, scale);
    if (x < width) {
        float last[8];
        respond_8(last, xx + x, yy + x, xy + x, across, k, scale);
        memcpy(out + x, last, (size_t)(width - x) * sizeof *last);
    }
}

static void respond_u8(float *out, int32_t *const sums[NSUMS], ptrdiff_t width, int block, float k,
                       float scale) {
    if (block == 3)
        respond_across(out, sums, width, 3, k, scale);
    else if (block == 5)
        respond_across(out, sums, width, 5, k, scale);
    else if (block == 7)
        respond_across(out, sums, width, 7, k, scale);
    else
        respond_across(out, sums, width, block, k, scale);
}

#ifdef __AVX2__
#include <immintrin.h>

static INLINE __m256i load_16(const uint8_t *at) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)at));
}

// Sums of 16 columns, of which 0-3 and 8-11 are in `low`: adds the products in pairs.
static INLINE void move_sums(int32_t *sums, __m256i low, __m256i high) {
    __m256i *to = (__m256i *)sums;
    _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), low));
    _mm256_storeu_si256(to + 1, _mm256_add_epi32(_mm256_loadu_si256(to + 1), high));
}

// 16 columns. Gradients lie in the ring in the order 0-3, 8-11, 4-7, 12-15, from which interleaving
// the entering with the leaving ones restores the order. Products of both are then added in pairs,
// the leaving one with its sign changed.
static INLINE void enter_16(const uint8_t *a, const uint8_t *b, const uint8_t *c, int16_t *ring_x,
                            int16_t *ring_y, int32_t *const sums[NSUMS]) {
    const __m256i signs = _mm256_set1_epi32((int)0xffff0001u);
    const __m256i a0 = load_16(a - 1), a1 = load_16(a), a2 = load_16(a + 1);
    const __m256i c0 = load_16(c - 1), c1 = load_16(c), c2 = load_16(c + 1);
    const __m256i inner_x = _mm256_sub_epi16(load_16(b + 1), load_16(b - 1));
    const __m256i inner_y = _mm256_sub_epi16(c1, a1);
    const __m256i down0 = _mm256_sub_epi16(c0, a0), down2 = _mm256_sub_epi16(c2, a2);
    const __m256i right0 = _mm256_sub_epi16(a2, a0), right2 = _mm256_sub_epi16(c2, c0);
    __m256i gx = _mm256_add_epi16(_mm256_add_epi16(right0, right2), _mm256_slli_epi16(inner_x, 1));
    __m256i gy = _mm256_add_epi16(_mm256_add_epi16(down0, down2), _mm256_slli_epi16(inner_y, 1));
    gx = _mm256_permute4x64_epi64(gx, 0xd8);
    gy = _mm256_permute4x64_epi64(gy, 0xd8);
    const __m256i old_x = _mm256_loadu_si256((__m256i *)ring_x);
    const __m256i old_y = _mm256_loadu_si256((__m256i *)ring_y);
    _mm256_storeu_si256((__m256i *)ring_x, gx);
    _mm256_storeu_si256((__m256i *)ring_y, gy);
    const __m256i x0 = _mm256_unpacklo_epi16(gx, old_x), x1 = _mm256_unpackhi_epi16(gx, old_x);
    const __m256i y0 = _mm256_unpacklo_epi16(gy, old_y), y1 = _mm256_unpackhi_epi16(gy, old_y);
    const __m256i minus_x0 = _mm256_sign_epi16(x0, signs), minus_x1 = _mm256_sign_epi16(x1, signs);
    const __m256i minus_y0 = _mm256_sign_epi16(y0, signs), minus_y1 = _mm256_sign_epi16(y1, signs);
    move_sums(sums[XX], _mm256_madd_epi16(x0, minus_x0), _mm256_madd_epi16(x1, minus_x1));
    move_sums(sums[YY], _mm256_madd_epi16(y0, minus_y0), _mm256_madd_epi16(y1, minus_y1));
    move_sums(sums[XY], _mm256_madd_epi16(x0, minus_y0), _mm256_madd_epi16(x1, minus_y1));
}

// Up to 15 columns more than asked for: beyond the image they are read, and nobody reads their
// sums.
static void enter_u8(const uint8_t *const rows[3], ptrdiff_t n, int16_t *ring_x, int16_t *ring_y,
                     int32_t *const sums[NSUMS]) {
    for (ptrdiff_t x = 0; x < n; x += 16) {
        int32_t *const at[NSUMS] = {sums[XX] + x, sums[YY] + x, sums[XY] + x};
        enter_16(rows[0] + x, rows[1] + x, rows[2] + x, ring_x + x, ring_y + x, at);
    }
}
#else
static void enter_u8(const uint8_t *const rows[3], ptrdiff_t n, int16_t *restrict ring_x,
                     int16_t *restrict ring_y, int32_t *const sums[NSUMS]) {
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2];
    int32_t *restrict xx = sums[XX], *restrict yy = sums[YY], *restrict xy = sums[XY];
    for (ptrdiff_t x = 0; x < n; x++) {
        const int16_t gx = gx_u8(a, b, c, x - 1, x + 1, 1, 2), old_x = ring_x[x];
        const int16_t gy = gy_u8(a, c, x - 1, x, x + 1, 1, 2), old_y = ring_y[x];
        xx[x] += gx * gx - old_x * old_x;
        yy[x] += gy * gy - old_y * old_y;
        xy[x] += gx * gy - old_x * old_y;
        ring_x[x] = gx;
        ring_y[x] = gy;
    }
}
#endif
