// ssim_u8.inc.h: what ssim.c blurs of two rows of u8, and how across: in whole numbers, without an
// error. Squares are less by 2^15, so that they fit 16 bits. On AVX2 an instruction multiplies and
// adds pairs of neighbours, so the sums of even pixels and of odd ones lie apart.

#ifdef __AVX2__
#include <immintrin.h>
enum { ZIPPED = true };

// The fields of 16 pixels.
static INLINE void put_fields_16(ssim_scratch *s, ptrdiff_t x, const uint8_t *a, const uint8_t *b) {
    const __m256i p = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)a));
    const __m256i q = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)b));
    const __m256i middle = _mm256_set1_epi16(UINT8_MAX), below = _mm256_set1_epi16(INT16_MIN);
    const __m256i sum = _mm256_sub_epi16(_mm256_add_epi16(p, q), middle);
    const __m256i difference = _mm256_sub_epi16(p, q);
    const __m256i field[NFIELDS] = {
        sum, difference, _mm256_add_epi16(_mm256_mullo_epi16(sum, sum), below),
        _mm256_add_epi16(_mm256_mullo_epi16(difference, difference), below)};
    for (int f = 0; f < NFIELDS; f++)
        _mm256_storeu_si256((__m256i *)(s->line[f].whole + x), field[f]);
}

static void fields_u8(ssim_scratch *s, const uint8_t *a, const uint8_t *b, ptrdiff_t n,
                      const ssim_table *table) {
    (void)table;
    for (ptrdiff_t x = 0; x < n + 2 * MARGIN; x += 16)
        put_fields_16(s, x, a + x - MARGIN, b + x - MARGIN);
}

// Weights of two neighbours, `left` columns from the middle and one more.
static INLINE __m256i weights_of_pair(const ssim_table *table, int left) {
    const int a = left < 0 ? -left : left, b = left + 1 < 0 ? -left - 1 : left + 1;
    const uint32_t low = a <= RADIUS ? (uint16_t)table->whole[a] : 0;
    const uint32_t high = b <= RADIUS ? (uint16_t)table->whole[b] : 0;
    return _mm256_set1_epi32((int)(low | high << 16));
}

// The empty assembly says that they stay in their registers: gcc would load pairs twice, and move
// the weights out for the sake of another order of the sums.
static INLINE void add_products(__m256i *sum, __m256i *pairs, __m256i weights) {
    __asm__("" : "+x"(*pairs));
    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(*pairs, weights));
    __asm__("" : "+x"(*sum));
}

// Of 16 pixels the even ones come first. Their windows begin with the second pixel of the first
// pair at `in`, those of odd ones with the first of the second pair.
static INLINE void blur_16(float *out, const int16_t *in, const __m256i *even_weight,
                           const __m256i *odd_weight) {
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (int k = 0; k <= RADIUS + 1; k++) {
        __m256i pairs = _mm256_loadu_si256((const __m256i *)(in + 2 * k));
        if (k <= RADIUS)
            add_products(&even, &pairs, even_weight[k]);
        if (k > 0)
            add_products(&odd, &pairs, odd_weight[k - 1]);
    }
    _mm256_storeu_ps(out, _mm256_cvtepi32_ps(even));
    _mm256_storeu_ps(out + 8, _mm256_cvtepi32_ps(odd));
}

static void across_u8(ssim_scratch *s, row_pair *pair, ptrdiff_t row, ptrdiff_t n,
                      const ssim_table *table) {
    __m256i even[RADIUS + 1], odd[RADIUS + 1];
    for (int k = 0; k <= RADIUS; k++) {
        even[k] = weights_of_pair(table, 2 * k - RADIUS - 1);
        odd[k] = weights_of_pair(table, 2 * k - RADIUS);
    }
    for (int f = 0; f < NFIELDS; f++)
        for (ptrdiff_t x = 0; x < n; x += 16)
            blur_16(pair->at[f][row] + x, s->line[f].whole + MARGIN - RADIUS - 1 + x, even, odd);
}

#else
enum { ZIPPED = false };

static void fields_u8(ssim_scratch *s, const uint8_t *restrict a, const uint8_t *restrict b,
                      ptrdiff_t n, const ssim_table *table) {
    (void)table;
    for (ptrdiff_t x = -RADIUS; x < n + RADIUS; x++) {
        const int sum = a[x] + b[x] - UINT8_MAX, difference = a[x] - b[x];
        s->line[SUM].whole[MARGIN + x] = (int16_t)sum;
        s->line[DIFFERENCE].whole[MARGIN + x] = (int16_t)difference;
        s->line[SUM2].whole[MARGIN + x] = (int16_t)(sum * sum + INT16_MIN);
        s->line[DIFFERENCE2].whole[MARGIN + x] = (int16_t)(difference * difference + INT16_MIN);
    }
}

static void blur_whole(float *restrict out, const int16_t *restrict in, ptrdiff_t n,
                       const int16_t weight[RADIUS + 1]) {
    for (ptrdiff_t x = 0; x < n; x++) {
        int32_t sum = in[x] * weight[0];
        for (int k = 1; k <= RADIUS; k++)
            sum += (in[x - k] + in[x + k]) * weight[k];
        out[x] = (float)sum;
    }
}

static void across_u8(ssim_scratch *s, row_pair *pair, ptrdiff_t row, ptrdiff_t n,
                      const ssim_table *table) {
    for (int f = 0; f < NFIELDS; f++)
        blur_whole(pair->at[f][row], s->line[f].whole + MARGIN, n, table->whole);
}
#endif
