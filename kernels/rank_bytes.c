// rank_bytes.c: rank filters of u8 for windows of at most 31 x 31 samples, by histograms of columns
// as in rank_columns.c, whose counts are so small that they are added up as bytes.
//
// The coarse tier has 32 bins, for the five high bits of samples; the fine one 8 for each of these,
// which are the 8 bytes of a word. So a sample comes in by one addition of a word, and the fine
// histogram of a window, for the five bits that the coarse one finds, is the sum of k words that
// lie side by side: it is made anew for each output, without a branch. All counts are cumulative.
// Cost: hardly depends on the radius; about 50 instructions, for windows of at most 15 x 15, in
// which no count exceeds a byte.
#include "rank.h"

#include <string.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

enum {
    TILE = 256,
    BINS = 32,
    LOW = 8,
    MOST_COLUMNS = TILE + 32, // of a tile, and some that are read in vain
    MOST_K = 31,
    BYTES_K = 15, // the greatest k of which k * k is a byte
};

typedef uint8_t bytes __attribute__((vector_size(BINS)));
typedef int8_t signed_bytes __attribute__((vector_size(BINS)));
typedef int16_t words __attribute__((vector_size(32)));

// What a sample adds, and to which of the fine histograms.
typedef struct entrance {
    uint64_t step;
    ptrdiff_t offset; // in bytes
} entrance;

typedef struct tile {
    bytes coarse[MOST_COLUMNS];        // bins from the last one to the first
    uint64_t fine[BINS][MOST_COLUMNS]; // for high bits from the last ones to the first ones
    entrance entrances[256];
} tile;

size_t ppx_bytes_scratch(void) {
    return sizeof(tile);
}

static void make_entrances(tile *t) {
    for (int v = 0; v < 256; v++) {
        t->entrances[v].offset = (BINS - 1 - v / LOW) * (ptrdiff_t)sizeof *t->fine;
        t->entrances[v].step = 0;
        for (int bin = v % LOW; bin < LOW; bin++)
            t->entrances[v].step |= (uint64_t)1 << 8 * bin;
    }
}

// From place `bin` on: what a sample in that bin adds to the coarse counts.
static const uint8_t steps[2 * BINS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline void add_step(bytes *sum, int bin) {
    bytes step;
    memcpy(&step, steps + bin, sizeof step);
    *sum += step;
}

static inline void take_step(bytes *sum, int bin) {
    bytes step;
    memcpy(&step, steps + bin, sizeof step);
    *sum -= step;
}

static inline uint64_t *fine_of(tile *t, ptrdiff_t x, int value) {
    return (uint64_t *)(void *)((char *)(t->fine[0] + x) + t->entrances[value].offset);
}

// A row of samples comes in.
static void enter(tile *t, const uint8_t *row, ptrdiff_t n, ptrdiff_t step) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const int v = row[x * step];
        *fine_of(t, x, v) += t->entrances[v].step;
        add_step(&t->coarse[x], v / LOW);
    }
}

// A row of samples comes in, and one goes.
static void move(tile *t, const uint8_t *enters, const uint8_t *leaves, ptrdiff_t n,
                 ptrdiff_t step) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const int v = enters[x * step], u = leaves[x * step];
        *fine_of(t, x, v) += t->entrances[v].step;
        *fine_of(t, x, u) -= t->entrances[u].step;
        bytes sum = t->coarse[x];
        add_step(&sum, v / LOW);
        take_step(&sum, u / LOW);
        t->coarse[x] = sum;
    }
}

// ---- Windows ----

// The sum of k words as n vectors of four, without those that are too many.
static inline __attribute__((always_inline)) bytes sum_words(const uint64_t *from,
                                                             const bytes *last, const int n) {
    bytes sum, more;
    memcpy(&sum, from + 4 * (n - 1), sizeof sum);
    sum &= *last;
    for (int i = 0; i < n - 1; i++) {
        memcpy(&more, from + 4 * i, sizeof more);
        sum += more;
    }
    return sum;
}

#if defined __AVX2__

// How many bytes are at least `least`.
static inline int count_bytes(bytes v, uint8_t least) {
    const __m256i most = _mm256_max_epu8((__m256i)v, _mm256_set1_epi8((char)least));
    const __m256i above = _mm256_cmpeq_epi8(most, (__m256i)v);
    return __builtin_popcount((unsigned)_mm256_movemask_epi8(above));
}

// The same of the sums of four words.
static inline int count_sums(bytes v, uint8_t least) {
    const __m128i pair =
        _mm_add_epi8(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    const __m128i one = _mm_add_epi8(pair, _mm_unpackhi_epi64(pair, pair));
    const __m128i most = _mm_max_epu8(one, _mm_set1_epi8((char)least));
    return __builtin_popcount((uint8_t)_mm_movemask_epi8(_mm_cmpeq_epi8(most, one)));
}

// Adds the difference of bytes to 32 words, the first 16 first.
static inline void move_words(words sum[2], bytes enters, bytes leaves) {
    const __m256i d = (__m256i)(enters - leaves);
    sum[0] += (words)_mm256_cvtepi8_epi16(_mm256_castsi256_si128(d));
    sum[1] += (words)_mm256_cvtepi8_epi16(_mm256_extracti128_si256(d, 1));
}

static inline int count_words(const words v[2], int16_t more) {
    const __m256i limit = _mm256_set1_epi16(more);
    const __m256i above = _mm256_packs_epi16(_mm256_cmpgt_epi16((__m256i)v[0], limit),
                                             _mm256_cmpgt_epi16((__m256i)v[1], limit));
    return __builtin_popcount((unsigned)_mm256_movemask_epi8(above));
}

static inline int count_wide_sums(bytes v, int16_t more) {
    const __m256i two =
        _mm256_add_epi16(_mm256_cvtepu8_epi16(_mm256_castsi256_si128((__m256i)v)),
                         _mm256_cvtepu8_epi16(_mm256_extracti128_si256((__m256i)v, 1)));
    const __m128i one =
        _mm_add_epi16(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
    const __m128i above = _mm_cmpgt_epi16(one, _mm_set1_epi16(more));
    return __builtin_popcount((unsigned)_mm_movemask_epi8(above)) / 2;
}

#else

static inline int count_bytes(bytes v, uint8_t least) {
    int n = 0;
    for (int i = 0; i < BINS; i++)
        n += v[i] >= least;
    return n;
}

static inline int count_sums(bytes v, uint8_t least) {
    int n = 0;
    for (int i = 0; i < LOW; i++)
        n += (uint8_t)(v[i] + v[i + 8] + v[i + 16] + v[i + 24]) >= least;
    return n;
}

static inline void move_words(words sum[2], bytes enters, bytes leaves) {
    const bytes d = enters - leaves;
    for (int i = 0; i < BINS; i++)
        sum[i / 16][i % 16] += (int8_t)d[i];
}

static inline int count_words(const words v[2], int16_t more) {
    int n = 0;
    for (int i = 0; i < BINS; i++)
        n += v[i / 16][i % 16] > more;
    return n;
}

static inline int count_wide_sums(bytes v, int16_t more) {
    int n = 0;
    for (int i = 0; i < LOW; i++)
        n += v[i] + v[i + 8] + v[i + 16] + v[i + 24] > more;
    return n;
}

#endif

typedef struct windows {
    ptrdiff_t k, n;
    int rank;
    bytes last; // which of the last four words are of the window
} windows;

// One output row, of windows of at most BYTES_K samples across. Of the coarse bins, `high` hold
// more samples than the rank; the next lower one, the first that does not, is the one at `high`.
static inline __attribute__((always_inline)) void slide_bytes(const tile *t, const windows *w,
                                                              uint8_t *restrict out, ptrdiff_t step,
                                                              const int nwords) {
    bytes coarse = {0};
    uint8_t below[BINS + 1] = {0};
    for (ptrdiff_t x = 0; x < w->k - 1; x++)
        coarse += t->coarse[x];
    for (ptrdiff_t x = 0; x < w->n; x++) {
        coarse += t->coarse[x + w->k - 1];
        const int high = count_bytes(coarse, (uint8_t)(w->rank + 1));
        memcpy(below, &coarse, sizeof coarse);
        const uint8_t within = (uint8_t)(w->rank - below[high]);
        const bytes sum = sum_words(t->fine[high - 1] + x, &w->last, nwords);
        const int low = count_sums(sum, (uint8_t)(within + 1));
        out[x * step] = (uint8_t)(LOW * BINS + LOW - LOW * high - low);
        coarse -= t->coarse[x];
    }
}

// The same of larger windows.
static inline __attribute__((always_inline)) void slide_words(const tile *t, const windows *w,
                                                              uint8_t *restrict out, ptrdiff_t step,
                                                              const int nwords) {
    words coarse[2] = {{0}};
    int16_t below[BINS + 1] = {0};
    bytes leaves = {0};
    for (ptrdiff_t x = 0; x < w->k - 1; x++)
        move_words(coarse, t->coarse[x], leaves);
    for (ptrdiff_t x = 0; x < w->n; x++) {
        move_words(coarse, t->coarse[x + w->k - 1], leaves);
        leaves = t->coarse[x];
        const int high = count_words(coarse, (int16_t)w->rank);
        memcpy(below, coarse, sizeof coarse);
        const int16_t within = (int16_t)(w->rank - below[high]);
        const bytes sum = sum_words(t->fine[high - 1] + x, &w->last, nwords);
        const int low = count_wide_sums(sum, within);
        out[x * step] = (uint8_t)(LOW * BINS + LOW - LOW * high - low);
    }
}

static void slide(const tile *t, const windows *w, uint8_t *out, ptrdiff_t step) {
    switch ((w->k + 3) / 4) {
    case 3:
        slide_bytes(t, w, out, step, 3);
        break;
    case 4:
        slide_bytes(t, w, out, step, 4);
        break;
    case 5:
        slide_words(t, w, out, step, 5);
        break;
    case 6:
        slide_words(t, w, out, step, 6);
        break;
    case 7:
        slide_words(t, w, out, step, 7);
        break;
    default:
        slide_words(t, w, out, step, 8);
    }
}

void ppx_bytes_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    tile *t = block->scratch;
    const ptrdiff_t step = job->in.channels, radius = r->radius;
    windows w = {.k = r->k, .rank = (int)r->rank};
    for (int i = 0; i < BINS; i++)
        w.last[i] = i < 8 * (int)((r->k - 1) % 4 + 1) ? 255 : 0;
    make_entrances(t);
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x = 0; x < job->in.width; x += TILE) {
            w.n = ppx_rank_least(TILE, job->in.width - x);
            const ptrdiff_t first = (x - radius) * step + c, ncolumns = w.n + r->k - 1;
            memset(t->coarse, 0, sizeof t->coarse);
            memset(t->fine, 0, sizeof t->fine);
            for (ptrdiff_t k = -radius; k <= radius; k++)
                enter(t, (const uint8_t *)block->in[k] + first, ncolumns, step);
            for (ptrdiff_t i = 0; i < block->nrows; i++) {
                if (i > 0)
                    move(t, (const uint8_t *)block->in[i + radius] + first,
                         (const uint8_t *)block->in[i - radius - 1] + first, ncolumns, step);
                slide(t, &w, (uint8_t *)block->out[i] + x * step + c, step);
            }
        }
}
