// rank_columns.inc.h: histograms of columns in two tiers, for the methods that slide them along
// rows (rank_columns.c, rank_places.c).
//
// A column's histogram counts the samples of a window that lie in one column (at most 101), in 16
// bins by their high half and, for each high half, in 16 bins by their low half. All counts are
// cumulative, so that a rank is found by comparing 16 of them at once. Bins are stored from the
// last one to the first: then the step that a sample adds begins at an address that grows with it,
// and the number of bins that hold more than the rank is the place where the next lower one is.
#include <string.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

// 16 bins in one register (or two), in the vector notation that gcc and clang share: they do not
// find such short loops worth it by themselves.
typedef int16_t bins __attribute__((vector_size(32)));
typedef uint8_t small_bins __attribute__((vector_size(16)));
typedef int8_t small_mask __attribute__((vector_size(16)));

enum { MOST_COLUMNS = 256 + 101 }; // of a tile

// Columns of a tile: those of fine[15 - high] are their histograms for one high half. Neighbours
// mostly have the same one, and lie side by side in it.
typedef struct columns {
    small_bins coarse[MOST_COLUMNS], fine[16][MOST_COLUMNS];
    bins rank; // that is looked for, in each place
} columns;

// From place `bin` on: what a sample in that bin adds to 16 cumulative counts.
static const _Alignas(32) uint8_t steps[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline small_bins step_at(size_t bin) {
    small_bins step;
    memcpy(&step, steps + bin, sizeof step);
    return step;
}

static inline void columns_begin(columns *c, ptrdiff_t rank) {
    memset(c, 0, sizeof *c);
    c->rank = (int16_t)rank - (bins){0};
}

// A row of samples comes in.
static inline void columns_enter(columns *c, const uint8_t *row, ptrdiff_t n, ptrdiff_t step) {
    small_bins *last = c->fine[15];
    for (ptrdiff_t x = 0; x < n; x++, last++) {
        const size_t v = row[x * step], high = v / 16;
        last[-(ptrdiff_t)(high * MOST_COLUMNS)] += step_at(v % 16);
        c->coarse[x] += step_at(high);
    }
}

static inline void move_columns(columns *c, const uint8_t *enters, const uint8_t *leaves,
                                ptrdiff_t n, ptrdiff_t step) {
    small_bins *last = c->fine[15];
    for (ptrdiff_t x = 0; x < n; x++, last++) {
        const size_t v = enters[x * step], u = leaves[x * step];
        const size_t come = v / 16, go = u / 16;
        last[-(ptrdiff_t)(come * MOST_COLUMNS)] += step_at(v % 16);
        last[-(ptrdiff_t)(go * MOST_COLUMNS)] -= step_at(u % 16);
        c->coarse[x] += step_at(come) - step_at(go);
    }
}

// A row of samples comes in, and one goes.
static inline void columns_move(columns *c, const uint8_t *enters, const uint8_t *leaves,
                                ptrdiff_t n, ptrdiff_t step) {
    if (step == 1)
        move_columns(c, enters, leaves, n, 1);
    else
        move_columns(c, enters, leaves, n, step);
}

// Vectors wider than a baseline register are handed on by address.
static inline void add_counts(bins *sum, const small_bins *counts) {
#if defined __AVX2__
    *sum += (bins)_mm256_cvtepu8_epi16((__m128i)*counts);
#else
    *sum += __builtin_convertvector(*counts, bins);
#endif
}

static inline void take_counts(bins *sum, const small_bins *counts) {
#if defined __AVX2__
    *sum -= (bins)_mm256_cvtepu8_epi16((__m128i)*counts);
#else
    *sum -= __builtin_convertvector(*counts, bins);
#endif
}

// Twice the number of bins that hold more than `rank` (the same for each) samples.
static inline size_t twice_above(const bins *cumulative, const bins *rank) {
#if defined __AVX2__
    const __m256i above = _mm256_cmpgt_epi16((__m256i)*cumulative, (__m256i)*rank);
    return (size_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(above));
#else
    const uint64_t twos = 0x0202020202020202u;
    small_mask above = __builtin_convertvector(*cumulative > *rank, small_mask);
    uint64_t words[2];
    memcpy(words, &above, sizeof words);
    return (size_t)(((words[0] & twos) + (words[1] & twos)) * (twos / 2) >> 56);
#endif
}

// The sum over k columns.
static inline void sum_columns(bins *sum, const small_bins *counts, ptrdiff_t k) {
    ptrdiff_t u = 0;
    *sum = (bins){0};
    if (k < 64) // the counts of four columns fit in a byte
        for (; u + 4 <= k; u += 4) {
            const small_bins four = (counts[u] + counts[u + 1]) + (counts[u + 2] + counts[u + 3]);
            add_counts(sum, &four);
        }
    for (; u < k; u++)
        add_counts(sum, counts + u);
}

// One output row of n values, `step` apart, from n + k - 1 columns. Where `rest` is not NULL it
// gets the rank among the samples of the value.
static inline void slide_columns(const columns *c, ptrdiff_t k, uint8_t *restrict out,
                                 uint8_t *restrict rest, ptrdiff_t n, ptrdiff_t step) {
    const bins rank = c->rank;
    bins coarse, now = {0};  // of the window: now for the high half where the last one's rank is
    int16_t below[32] = {0}; // a histogram, and a zero
    size_t last = 0;
    sum_columns(&coarse, c->coarse, k - 1);
    for (ptrdiff_t x = 0; x < n; x++) {
        add_counts(&coarse, &c->coarse[x + k - 1]);
        const size_t high = twice_above(&coarse, &rank);
        memcpy(below, &coarse, sizeof coarse);
        const bins within = rank - (below[high / 2] - (bins){0});
        const small_bins *fine = c->fine[high / 2 - 1] + x;
        if (high == last) {
            add_counts(&now, fine + k - 1);
            take_counts(&now, fine - 1);
        } else {
            sum_columns(&now, fine, k);
            last = high;
        }
        const size_t low = twice_above(&now, &within);
        out[x * step] = (uint8_t)(16 - (8 * high + low / 2));
        if (rest) {
            memcpy(below, &now, sizeof now);
            rest[x] = (uint8_t)(within[0] - below[low / 2]);
        }
        take_counts(&coarse, &c->coarse[x]);
    }
}
