// rank_bytes.c: rank filters of u8 for windows of 13 x 13 and 15 x 15 samples, by histograms of
// columns as in rank_columns.c, in which no count exceeds a byte.
//
// The coarse tier has 32 bins, for the five high bits of samples; the fine one 8 for each of these,
// which are the 8 bytes of a word. So a sample comes in by one addition of a word, and the fine
// histogram of a window, for the five bits that the coarse one finds, is the sum of k words that
// lie side by side: it is made anew for each output, without a branch. All counts are cumulative.
// Cost: hardly depends on the radius; about 70 instructions an output.
#include "rank.h"

#include <string.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

enum {
    TILE = 256,
    BINS = 32,
    LOW = 8,
    MOST_COLUMNS = TILE + 16, // of a tile, and some that are read in vain
    VECTORS = 4,              // for the k words of a fine histogram
};

typedef uint8_t bytes __attribute__((vector_size(BINS)));

typedef struct tile {
    bytes coarse[MOST_COLUMNS];        // bins from the last one to the first
    uint64_t fine[BINS][MOST_COLUMNS]; // for high bits from the last ones to the first ones
    uint64_t low_steps[256];           // what a sample adds to a fine histogram
} tile;

size_t ppx_bytes_scratch(void) {
    return sizeof(tile);
}

static void make_steps(tile *t) {
    for (int v = 0; v < 256; v++) {
        t->low_steps[v] = 0;
        for (int bin = v % LOW; bin < LOW; bin++)
            t->low_steps[v] |= (uint64_t)1 << 8 * bin;
    }
}

// From place `bin` on: what a sample in that bin adds to the coarse counts.
static const uint8_t steps[2 * BINS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline bytes step_at(size_t bin) {
    bytes step;
    memcpy(&step, steps + bin, sizeof step);
    return step;
}

// A row of samples comes in.
static void enter(tile *t, const uint8_t *row, ptrdiff_t n, ptrdiff_t step) {
    uint64_t *last = t->fine[BINS - 1];
    for (ptrdiff_t x = 0; x < n; x++, last++) {
        const size_t v = row[x * step], high = v / LOW;
        last[-(ptrdiff_t)(high * MOST_COLUMNS)] += t->low_steps[v];
        t->coarse[x] += step_at(high);
    }
}

// A row of samples comes in, and one goes.
static inline void move(tile *t, const uint8_t *enters, const uint8_t *leaves, ptrdiff_t n,
                        ptrdiff_t step) {
    uint64_t *last = t->fine[BINS - 1];
    for (ptrdiff_t x = 0; x < n; x++, last++) {
        const size_t v = enters[x * step], u = leaves[x * step];
        const size_t come = v / LOW, go = u / LOW;
        last[-(ptrdiff_t)(come * MOST_COLUMNS)] += t->low_steps[v];
        last[-(ptrdiff_t)(go * MOST_COLUMNS)] -= t->low_steps[u];
        t->coarse[x] = t->coarse[x] + step_at(come) - step_at(go);
    }
}

// ---- Windows ----

// The sum of k words as a vector of four; `last` has those of the last four that are meant.
static inline bytes sum_words(const uint64_t *from, bytes last) {
    bytes sum = last;
    for (int i = VECTORS - 1; i >= 0; i--) {
        bytes four;
        memcpy(&four, from + 4 * i, sizeof four);
        sum = i == VECTORS - 1 ? four & last : sum + four;
    }
    return sum;
}

#if defined __AVX2__

// How many bytes are at least those of `least`, which are all the same.
static inline size_t count_bytes(bytes v, bytes least) {
    const __m256i most = _mm256_max_epu8((__m256i)v, (__m256i)least);
    const __m256i above = _mm256_cmpeq_epi8(most, (__m256i)v);
    return (size_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(above));
}

// The same of the sums of four words.
static inline size_t count_sums(bytes v, bytes least) {
    const __m128i pair =
        _mm_add_epi8(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    const __m128i one = _mm_add_epi8(pair, _mm_unpackhi_epi64(pair, pair));
    const __m128i most = _mm_max_epu8(one, _mm256_castsi256_si128((__m256i)least));
    return (size_t)__builtin_popcount((uint8_t)_mm_movemask_epi8(_mm_cmpeq_epi8(most, one)));
}

#else

static inline size_t count_bytes(bytes v, bytes least) {
    size_t n = 0;
    for (int i = 0; i < BINS; i++)
        n += v[i] >= least[0];
    return n;
}

static inline size_t count_sums(bytes v, bytes least) {
    size_t n = 0;
    for (int i = 0; i < LOW; i++)
        n += (uint8_t)(v[i] + v[i + 8] + v[i + 16] + v[i + 24]) >= least[0];
    return n;
}

#endif

typedef struct windows {
    ptrdiff_t k, n;
    bytes last;  // which of the last four words are of the window
    bytes least; // the rank plus one
} windows;

// One output row. Of the coarse bins, `high` hold more samples than the rank; the next lower one,
// the first that does not, is the one at `high`.
static void slide(const tile *t, const windows *w, uint8_t *restrict out, ptrdiff_t step) {
    const bytes least = w->least, last = w->last;
    bytes coarse = {0};
    uint8_t below[BINS + 1] = {0};
    for (ptrdiff_t x = 0; x < w->k - 1; x++)
        coarse += t->coarse[x];
    for (ptrdiff_t x = 0; x < w->n; x++) {
        coarse += t->coarse[x + w->k - 1];
        const size_t high = count_bytes(coarse, least);
        memcpy(below, &coarse, sizeof coarse);
        const bytes within = least - (below[high] - (bytes){0});
        const bytes sum = sum_words(t->fine[high - 1] + x, last);
        const size_t low = count_sums(sum, within);
        out[x * step] = (uint8_t)(LOW - (LOW * high + low));
        coarse -= t->coarse[x];
    }
}

void ppx_bytes_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    tile *t = block->scratch;
    const ptrdiff_t step = job->in.channels, radius = r->radius;
    windows w = {.k = r->k, .least = (uint8_t)(r->rank + 1) - (bytes){0}};
    for (int i = 0; i < BINS; i++)
        w.last[i] = i < 8 * (int)((r->k - 1) % 4 + 1) ? 255 : 0;
    make_steps(t);
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x = 0; x < job->in.width; x += TILE) {
            w.n = ppx_rank_least(TILE, job->in.width - x);
            const ptrdiff_t first = (x - radius) * step + c, ncolumns = w.n + r->k - 1;
            memset(t->coarse, 0, sizeof t->coarse);
            memset(t->fine, 0, sizeof t->fine);
            for (ptrdiff_t k = -radius; k <= radius; k++)
                enter(t, (const uint8_t *)block->in[k] + first, ncolumns, step);
            for (ptrdiff_t i = 0; i < block->nrows; i++) {
                const uint8_t *enters = (const uint8_t *)block->in[i + radius] + first;
                if (i > 0 && step == 1)
                    move(t, enters, (const uint8_t *)block->in[i - radius - 1] + first, ncolumns,
                         1);
                else if (i > 0)
                    move(t, enters, (const uint8_t *)block->in[i - radius - 1] + first, ncolumns,
                         step);
                slide(t, &w, (uint8_t *)block->out[i] + x * step + c, step);
            }
        }
}
