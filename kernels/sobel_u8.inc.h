// sobel_u8.inc.h: the row functions of sobel.c for u8 on processors with AVX2.
//
// A column of 32 samples at a time, from the top of the block down. Each input row is taken across
// once: its differences serve three output rows and its weighted sums two. Interleaving bytes makes
// one instruction of a product, a difference and the widening to 16 bits; packing at the end puts
// the samples (0-7 and 16-23, 8-15 and 24-31) in order again.
#include <immintrin.h>

enum { COLUMN = 32 };

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

// l2 of 16 pairs in 16 bits each. No root of a whole number lies half-way, so
// rounding to the nearest is what it is by any rule.
static INLINE __m256i roots_of_squares(__m256i gx, __m256i gy) {
    const __m256i most = _mm256_set1_epi16(UINT8_MAX), zero = _mm256_setzero_si256();
    const __m256i x = _mm256_min_epi16(gx, most), y = _mm256_min_epi16(gy, most);
    const __m256i s =
        _mm256_min_epu16(_mm256_adds_epu16(_mm256_mullo_epi16(x, x), _mm256_mullo_epi16(y, y)),
                         _mm256_set1_epi16((int16_t)(UINT8_MAX * UINT8_MAX)));
    const __m256 low = _mm256_sqrt_ps(_mm256_cvtepi32_ps(_mm256_unpacklo_epi16(s, zero)));
    const __m256 high = _mm256_sqrt_ps(_mm256_cvtepi32_ps(_mm256_unpackhi_epi16(s, zero)));
    return _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
}

static INLINE void put_32(uint8_t *out, const taken_across *a, const taken_across *b,
                          const taken_across *c, int corner, int side, bool l1) {
    __m256i size[2];
    for (int h = 0; h < 2; h++) {
        const __m256i outer = _mm256_add_epi16(a->difference[h], c->difference[h]);
        const __m256i gx =
            _mm256_abs_epi16(_mm256_add_epi16(times(outer, corner), times(b->difference[h], side)));
        const __m256i gy = _mm256_abs_epi16(_mm256_sub_epi16(c->sum[h], a->sum[h]));
        size[h] = l1 ? _mm256_add_epi16(gx, gy) : roots_of_squares(gx, gy);
    }
    _mm256_storeu_si256((__m256i *)out, _mm256_packus_epi16(size[0], size[1]));
}

// Samples [x, x + n) of all rows, n <= COLUMN. The weights and the norm are constants where this is
// called.
static INLINE void make_column(const ppx_block *block, ptrdiff_t x, ptrdiff_t n, ptrdiff_t step,
                               int corner, int side, bool l1) {
    taken_across above, here, below;
    take_across(&above, (const uint8_t *)block->in[-1] + x, step, corner, side);
    take_across(&here, (const uint8_t *)block->in[0] + x, step, corner, side);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        uint8_t *out = (uint8_t *)block->out[k] + x, last[COLUMN];
        take_across(&below, (const uint8_t *)block->in[k + 1] + x, step, corner, side);
        put_32(n == COLUMN ? out : last, &above, &here, &below, corner, side, l1);
        if (n < COLUMN)
            memcpy(out, last, (size_t)n);
        above = here;
        here = below;
    }
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
