// sobel_u8.inc.h: the row functions of sobel.c for u8 on processors with AVX2.
//
// A column of 32 samples at a time, from the top of the block down. Each input row is taken across
// once: its differences serve three output rows and its weighted sums two. Interleaving bytes makes
// one instruction of a product, a difference and the widening to 16 bits; packing at the end puts
// the samples (0-7 and 16-23, 8-15 and 24-31) in order again.
#include <immintrin.h>

enum { COLUMN = 32, AHEAD = 4 * COLUMN };

typedef struct taken_across {
    __m256i difference[2], sum[2]; // right less left, and weighted; of the low and the high half
} taken_across;

static INLINE __m256i load_32(const uint8_t *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

static INLINE __m256i weights_of(int even, int odd) {
    return _mm256_set1_epi16((int16_t)((even & 0xff) | odd << 8));
}

static INLINE void take_across(taken_across *row, const uint8_t *at, ptrdiff_t step, int corner,
                               int side) {
    const __m256i left = load_32(at - step), right = load_32(at + step), middle = load_32(at);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i outer[2] = {_mm256_unpacklo_epi8(right, left), _mm256_unpackhi_epi8(right, left)};
    const __m256i inner[2] = {_mm256_unpacklo_epi8(middle, zero),
                              _mm256_unpackhi_epi8(middle, zero)};
    for (int h = 0; h < 2; h++) {
        row->difference[h] = _mm256_maddubs_epi16(outer[h], weights_of(1, -1));
        row->sum[h] = _mm256_add_epi16(_mm256_maddubs_epi16(outer[h], weights_of(corner, corner)),
                                       _mm256_maddubs_epi16(inner[h], weights_of(side, 0)));
    }
}

static INLINE __m256i times(__m256i a, int factor) {
    return factor == 1   ? a
           : factor == 2 ? _mm256_add_epi16(a, a)
                         : _mm256_mullo_epi16(a, _mm256_set1_epi16((int16_t)factor));
}

// Both gradients of 32 samples, without their signs, in two halves.
typedef struct sizes_32 {
    __m256i x[2], y[2];
} sizes_32;

static INLINE void measure(sizes_32 *sizes, const taken_across *a, const taken_across *b,
                           const taken_across *c, int corner, int side) {
    for (int h = 0; h < 2; h++) {
        const __m256i outer = _mm256_add_epi16(a->difference[h], c->difference[h]);
        sizes->x[h] =
            _mm256_abs_epi16(_mm256_add_epi16(times(outer, corner), times(b->difference[h], side)));
        sizes->y[h] = _mm256_abs_epi16(_mm256_sub_epi16(c->sum[h], a->sum[h]));
    }
}

// The sum of squares of 16 pairs, in 16 bits.
static INLINE __m256i squares_of(__m256i gx, __m256i gy) {
    const __m256i most = _mm256_set1_epi16(UINT8_MAX);
    const __m256i x = _mm256_min_epi16(gx, most), y = _mm256_min_epi16(gy, most);
    return _mm256_min_epu16(_mm256_adds_epu16(_mm256_mullo_epi16(x, x), _mm256_mullo_epi16(y, y)),
                            _mm256_set1_epi16((int16_t)(UINT8_MAX * UINT8_MAX)));
}

// Of 8 numbers up to 65025 the root, cut to a whole number after an error below 0.1 (the
// instruction is right to 1.5 / 4096). 0 becomes NaN, and that the least integer.
static INLINE __m256i roots_about(__m256i s) {
    const __m256 x = _mm256_cvtepi32_ps(s);
    return _mm256_cvttps_epi32(_mm256_mul_ps(x, _mm256_rsqrt_ps(x)));
}

// Roots of 16 sums of squares, rounded. What roots_about gives is that or one less, and it is one
// less where s > r^2 + r, the whole number below (r + 1/2)^2.
static INLINE __m256i roots_of(__m256i s) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i r = _mm256_packus_epi32(roots_about(_mm256_unpacklo_epi16(s, zero)),
                                          roots_about(_mm256_unpackhi_epi16(s, zero)));
    const __m256i left = _mm256_sub_epi16(s, _mm256_mullo_epi16(r, r));
    return _mm256_sub_epi16(r, _mm256_cmpgt_epi16(left, r));
}

static INLINE void put_32(uint8_t *out, __m256i low, __m256i high, ptrdiff_t n) {
    const __m256i packed = _mm256_packus_epi16(low, high);
    uint8_t last[COLUMN];
    _mm256_storeu_si256((__m256i *)(n == COLUMN ? out : last), packed);
    if (n < COLUMN)
        memcpy(out, last, (size_t)n);
}

// Samples [x, x + n) of all rows, n <= COLUMN. The weights and the norm are constants where this is
// called. Roots have a loop of their own: with them a row would be too long a chain of operations
// for the processor to begin the next one in time.
static INLINE void make_column(const ppx_block *block, ptrdiff_t x, ptrdiff_t n, ptrdiff_t step,
                               int corner, int side, bool l1) {
    __m256i squares[PPX_STRIP][2];
    taken_across above, here, below;
    take_across(&above, (const uint8_t *)block->in[-1] + x, step, corner, side);
    take_across(&here, (const uint8_t *)block->in[0] + x, step, corner, side);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        sizes_32 sizes;
        // Of columns that follow: so many rows are no stream that the processor would foresee.
        __builtin_prefetch((const uint8_t *)block->in[k + 1] + x + AHEAD);
        __builtin_prefetch((uint8_t *)block->out[k] + x + AHEAD, 1);
        take_across(&below, (const uint8_t *)block->in[k + 1] + x, step, corner, side);
        measure(&sizes, &above, &here, &below, corner, side);
        if (l1)
            put_32((uint8_t *)block->out[k] + x, _mm256_add_epi16(sizes.x[0], sizes.y[0]),
                   _mm256_add_epi16(sizes.x[1], sizes.y[1]), n);
        for (int h = 0; h < 2 && !l1; h++)
            squares[k][h] = squares_of(sizes.x[h], sizes.y[h]);
        above = here;
        here = below;
    }
    for (ptrdiff_t k = 0; k < block->nrows && !l1; k++)
        put_32((uint8_t *)block->out[k] + x, roots_of(squares[k][0]), roots_of(squares[k][1]), n);
}

static INLINE void magnitude_u8(const ppx_job *job, const ppx_block *block, int corner, int side) {
    const ptrdiff_t step = job->in.channels, n = job->in.width * step;
    const bool l1 = job->values[NORM].i == L1;
    for (ptrdiff_t x = 0; x < n; x += COLUMN) {
        const ptrdiff_t left = n - x < COLUMN ? n - x : COLUMN;
        if (l1)
            make_column(block, x, left, step, corner, side, true);
        else
            make_column(block, x, left, step, corner, side, false);
    }
}

static void sobel_u8(const ppx_job *job, const ppx_block *block) {
    magnitude_u8(job, block, 1, 2);
}

static void scharr_u8(const ppx_job *job, const ppx_block *block) {
    magnitude_u8(job, block, 3, 10);
}
