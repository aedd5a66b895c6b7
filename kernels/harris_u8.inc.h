// harris_u8.inc.h: harris.c for u8 on processors with AVX2, two rows at a time.
//
// An instruction multiplies words and adds neighbouring products, so sums go across first. A window
// that begins at an even column is some pairs and the first of the next pair; the one beside it is
// the second of its first pair and the others, up to that next one. Sums down follow as elsewhere,
// by what enters and what leaves; even columns and odd ones lie apart until the response is
// written.
#include <immintrin.h>

enum { LINE = TILE + 64 }; // gradients of a tile, its windows, and what vectors exceed them by

// What a tile keeps: sums over windows, and in a ring sums across of `block` rows; for 16 columns
// the even ones and then the odd ones of XX, YY and XY, 8 each.
enum { TILE_SUMS = NSUMS * TILE };

typedef struct sums_8 {
    __m256i xx, yy, xy;
} sums_8;

static INLINE __m256i load_words(const int16_t *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

static INLINE void store_words(int16_t *at, __m256i words) {
    _mm256_storeu_si256((__m256i *)at, words);
}

static INLINE __m256i load_16(const uint8_t *at) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)at));
}

// Of `nrows` rows, the first between rows[0] and rows[2]: gx and gy of one after those of the
// other.
static INLINE void take_gradients(const uint8_t *const rows[4], ptrdiff_t n,
                                  int16_t lines[][2][LINE], int nrows) {
    for (ptrdiff_t x = 0; x < n; x += 16) {
        __m256i across[4], smooth[4]; // right less left, and weighted
        for (int k = 0; k < nrows + 2; k++) {
            const __m256i left = load_16(rows[k] + x - 1), right = load_16(rows[k] + x + 1);
            const __m256i middle = load_16(rows[k] + x);
            across[k] = _mm256_sub_epi16(right, left);
            smooth[k] =
                _mm256_add_epi16(_mm256_add_epi16(left, right), _mm256_add_epi16(middle, middle));
        }
        for (int k = 0; k < nrows; k++) {
            const __m256i upper = _mm256_add_epi16(across[k], across[k + 1]);
            const __m256i lower = _mm256_add_epi16(across[k + 1], across[k + 2]);
            store_words(lines[k][0] + x, _mm256_add_epi16(upper, lower));
            store_words(lines[k][1] + x, _mm256_sub_epi16(smooth[k + 2], smooth[k]));
        }
    }
}

static INLINE void multiply(sums_8 *sums, __m256i x, __m256i y, __m256i of_x, __m256i of_y) {
    sums->xx = _mm256_madd_epi16(x, of_x);
    sums->yy = _mm256_madd_epi16(y, of_y);
    sums->xy = _mm256_madd_epi16(x, of_y);
}

static INLINE void add(sums_8 *sums, const sums_8 *more) {
    sums->xx = _mm256_add_epi32(sums->xx, more->xx);
    sums->yy = _mm256_add_epi32(sums->yy, more->yy);
    sums->xy = _mm256_add_epi32(sums->xy, more->xy);
}

// Sums across 16 windows, of which the first begins at column x: even ones, odd ones.
static INLINE void sum_across(sums_8 *even, sums_8 *odd, int16_t line[2][LINE], ptrdiff_t x,
                              int block) {
    const __m256i low = _mm256_set1_epi32(0xffff);
    const __m256i first_x = load_words(line[0] + x), first_y = load_words(line[1] + x);
    const __m256i last_x = load_words(line[0] + x + block - 1);
    const __m256i last_y = load_words(line[1] + x + block - 1);
    sums_8 first, last, pair;
    multiply(&first, first_x, first_y, first_x, first_y);
    multiply(&last, last_x, last_y, last_x, last_y);
    multiply(even, _mm256_and_si256(last_x, low), _mm256_and_si256(last_y, low), last_x, last_y);
    multiply(odd, _mm256_andnot_si256(low, first_x), _mm256_andnot_si256(low, first_y), first_x,
             first_y);
    if (block > 3) {
        sums_8 inner;
        for (int k = 2; k < block - 1; k += 2) {
            const __m256i gx = load_words(line[0] + x + k), gy = load_words(line[1] + x + k);
            multiply(k == 2 ? &inner : &pair, gx, gy, gx, gy);
            if (k > 2)
                add(&inner, &pair);
        }
        add(even, &inner);
        add(odd, &inner);
    }
    if (block > 1) {
        add(even, &first);
        add(odd, &last);
    }
}

// Of one sum, 8 columns of `nrows` rows: the new sums across take the place of those that leave.
static INLINE void move_down(__m256 *window, int32_t *total, int32_t *const ring[2], int which,
                             const __m256i *across, int nrows) {
    __m256i sum = _mm256_load_si256((const __m256i *)total + which);
    for (int k = 0; k < nrows; k++) {
        __m256i *old = (__m256i *)ring[k] + which;
        sum = _mm256_add_epi32(sum, _mm256_sub_epi32(across[k], _mm256_load_si256(old)));
        _mm256_store_si256(old, across[k]);
        window[k] = _mm256_cvtepi32_ps(sum);
    }
    _mm256_store_si256((__m256i *)total + which, sum);
}

// 8 columns of each row from their sums across.
static INLINE void respond_8(__m256 *out, const sums_8 *across, int32_t *total,
                             int32_t *const ring[2], int nrows, float k, float scale) {
    __m256 xx[2], yy[2], xy[2];
    const __m256i of_xx[2] = {across[0].xx, across[1].xx}, of_yy[2] = {across[0].yy, across[1].yy};
    const __m256i of_xy[2] = {across[0].xy, across[1].xy};
    move_down(xx, total, ring, XX, of_xx, nrows);
    move_down(yy, total, ring, YY, of_yy, nrows);
    move_down(xy, total, ring, XY, of_xy, nrows);
    for (int row = 0; row < nrows; row++)
        out[row] = RESPONSE(xx[row], yy[row], xy[row], k, scale);
}

static INLINE void put_16(float *out, __m256 even, __m256 odd) {
    const __m256 low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    _mm256_storeu_ps(out, _mm256_permute2f128_ps(low, high, 0x20));
    _mm256_storeu_ps(out + 8, _mm256_permute2f128_ps(low, high, 0x31));
}

// n columns of `nrows` rows. The rows and the block are constants where this is called, so that
// loops unroll.
static INLINE void respond_rows(float *const out[2], int16_t lines[][2][LINE], int32_t *total,
                                int32_t *const ring[2], ptrdiff_t n, int nrows, int block, float k,
                                float scale) {
    for (ptrdiff_t x = 0; x < n; x += 16, total += 16 * NSUMS) {
        __m256 even[2], odd[2];
        int32_t *const at[2] = {ring[0] + NSUMS * x, ring[1] + NSUMS * x};
        int32_t *const next[2] = {at[0] + 8 * NSUMS, at[1] + 8 * NSUMS};
        sums_8 of_even[2] = {0}, of_odd[2] = {0};
        for (int row = 0; row < nrows; row++)
            sum_across(&of_even[row], &of_odd[row], lines[row], x, block);
        respond_8(even, of_even, total, at, nrows, k, scale);
        respond_8(odd, of_odd, total + 8 * NSUMS, next, nrows, k, scale);
        for (int row = 0; row < nrows; row++) {
            float last[16];
            put_16(n - x < 16 ? last : out[row] + x, even[row], odd[row]);
            if (n - x < 16)
                memcpy(out[row] + x, last, (size_t)(n - x) * sizeof *last);
        }
    }
}

static void respond_u8(float *const out[2], int16_t lines[][2][LINE], int32_t *total,
                       int32_t *const ring[2], ptrdiff_t n, int nrows, int block, float k,
                       float scale) {
    if (nrows == 1)
        respond_rows(out, lines, total, ring, n, 1, block, k, scale);
    else if (block == 3)
        respond_rows(out, lines, total, ring, n, 2, 3, k, scale);
    else if (block == 5)
        respond_rows(out, lines, total, ring, n, 2, 5, k, scale);
    else if (block == 7)
        respond_rows(out, lines, total, ring, n, 2, 7, k, scale);
    else
        respond_rows(out, lines, total, ring, n, 2, block, k, scale);
}

// The tile that begins at column x, rows [y, y + nrows) of what enters: row y of the block is the
// last of a window whose middle is `radius` above. Nobody reads what comes out above row 0.
static void harris_rows_u8(const ppx_job *job, const ppx_block *at, ptrdiff_t x, ptrdiff_t y,
                           int nrows, int32_t *scratch) {
    const int block = (int)job->values[BLOCK].i;
    const ptrdiff_t radius = block / 2, n = job->in.width - x < TILE ? job->in.width - x : TILE;
    int16_t lines[2][2][LINE];
    float nobody[TILE], *out[2] = {nobody, nobody};
    int32_t *ring[2] = {scratch, scratch};
    const uint8_t *rows[4] = {0};
    for (int k = 0; k < nrows; k++) {
        ring[k] += TILE_SUMS * (1 + slot_of(at->y + y + k, block));
        if (y + k >= radius)
            out[k] = (float *)at->out[y + k - radius] + x;
        if (y + 2 + k >= radius && y + 2 + k - radius < at->nrows)
            for (ptrdiff_t ahead = 0; ahead < n;
                 ahead += 16) // a tile's rows are no stream to foresee
                __builtin_prefetch((float *)at->out[y + 2 + k - radius] + x + ahead, 1);
    }
    for (int k = 0; k < nrows + 2; k++)
        rows[k] = (const uint8_t *)at->in[y + k - 1] + x - radius;
    if (nrows == 1)
        take_gradients(rows, n + 15 + block, lines, 1);
    else
        take_gradients(rows, n + 15 + block, lines, 2);
    respond_u8(out, lines, scratch, ring, n, nrows, block, (float)job->values[K].d, scale_of(job));
}

static void harris_u8(const ppx_job *job, const ppx_block *at) {
    const ptrdiff_t radius = job->values[BLOCK].i / 2, end = at->nrows + radius;
    char *scratch = at->scratch;
    for (ptrdiff_t x = 0; x < job->in.width; x += TILE, scratch += tile_nbytes(job)) {
        if (at->fresh)
            memset(scratch, 0, tile_nbytes(job));
        for (ptrdiff_t y = at->fresh ? -radius : radius; y < end; y += 2)
            harris_rows_u8(job, at, x, y, y + 1 < end ? 2 : 1, (int32_t *)scratch);
    }
}
