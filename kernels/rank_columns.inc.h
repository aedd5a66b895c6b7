// rank_columns.inc.h: histograms of columns in two tiers, for the methods that slide them along
// rows (rank_columns.c, rank_places.c).
//
// A column's histogram counts the samples of a window that lie in one column (at most 101), in 16
// bins by their high half and, for each high half, in 16 bins by their low half. All counts are
// cumulative, so that a rank is found by comparing 16 of them at once.
#include <string.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

// 16 bins in one register (or two), in the vector notation that gcc and clang share: they do not
// find such short loops worth it by themselves.
typedef int16_t bins __attribute__((vector_size(32)));
typedef uint8_t small_bins __attribute__((vector_size(16)));
typedef int8_t small_mask __attribute__((vector_size(16)));

// Columns of a tile: fine + high * ncolumns are their histograms for one high half. Neighbours
// mostly have the same one, and lie side by side in it.
typedef struct columns {
    small_bins *coarse, *fine;
    ptrdiff_t n;
} columns;

static inline size_t columns_nbytes(ptrdiff_t n) {
    return (size_t)n * 17 * sizeof(small_bins);
}

static inline columns columns_at(void *room, ptrdiff_t n) {
    return (columns){room, (small_bins *)room + n, n};
}

// From place 16 - b on: what a sample in bin b adds to 16 cumulative counts.
static const _Alignas(32) uint8_t steps_up[32] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline small_bins step_at(int bin) {
    small_bins step;
    memcpy(&step, steps_up + 16 - bin, sizeof step);
    return step;
}

static inline void column_enter(columns c, ptrdiff_t x, int value) {
    c.coarse[x] += step_at(value >> 4);
    c.fine[(value >> 4) * c.n + x] += step_at(value & 15);
}

static inline void column_move(columns c, ptrdiff_t x, int enters, int leaves) {
    c.coarse[x] += step_at(enters >> 4) - step_at(leaves >> 4);
    c.fine[(enters >> 4) * c.n + x] += step_at(enters & 15);
    c.fine[(leaves >> 4) * c.n + x] -= step_at(leaves & 15);
}

// Vectors wider than a baseline register are handed on by address.
static inline void widen(bins *to, const small_bins *counts) {
#if defined __AVX2__
    *to = (bins)_mm256_cvtepu8_epi16((__m128i)*counts);
#else
    *to = __builtin_convertvector(*counts, bins);
#endif
}

static inline void add_counts(bins *sum, const small_bins *counts) {
    bins wide;
    widen(&wide, counts);
    *sum += wide;
}

static inline void take_counts(bins *sum, const small_bins *counts) {
    bins wide;
    widen(&wide, counts);
    *sum -= wide;
}

// The first bin of a cumulative histogram that holds more than `rank` samples: as many as there are
// bins that do not.
static inline int find_bin(const bins *cumulative, int16_t rank) {
#if defined __AVX2__
    const __m256i above = _mm256_cmpgt_epi16((__m256i)*cumulative, _mm256_set1_epi16(rank));
    return __builtin_ctz((unsigned)_mm256_movemask_epi8(above)) / 2; // the last bin holds all
#else
    const uint64_t ones = 0x0101010101010101u;
    small_mask below = __builtin_convertvector(*cumulative <= rank, small_mask);
    uint64_t words[2];
    memcpy(words, &below, sizeof words);
    return (int)(((words[0] & ones) + (words[1] & ones)) * ones >> 56);
#endif
}

// The fine histogram of a window for one high half, brought up to date only when the rank is there:
// it is that of the window that begins at column `at`.
typedef struct segment {
    bins fine;
    ptrdiff_t at;
} segment;

// What it is for the window at column x.
static inline void segment_move(segment *s, const small_bins *fine, ptrdiff_t x, ptrdiff_t k) {
    bins sum = {0};
    if (x - s->at > k / 2) {
        for (ptrdiff_t u = x; u < x + k; u++)
            add_counts(&sum, fine + u);
    } else {
        sum = s->fine;
        for (ptrdiff_t u = s->at; u < x; u++) {
            add_counts(&sum, fine + u + k);
            take_counts(&sum, fine + u);
        }
    }
    s->fine = sum;
    s->at = x;
}

// One output row of n values, `step` apart, from n + k - 1 columns, each of which takes a sample in
// and lets one go first. Where `rest` is not NULL it gets the rank among the samples of the value.
static inline void slide_columns(columns c, const uint8_t *enters, const uint8_t *leaves,
                                 ptrdiff_t k, int rank, uint8_t *restrict out,
                                 uint8_t *restrict rest, ptrdiff_t n, ptrdiff_t step) {
    bins coarse = {0};
    segment segments[16], now = {.at = -(k + 1)}; // `now` is that of `high`
    int16_t below[32] = {0};                      // a histogram from place 16 on
    int high = 0;
    for (int s = 0; s < 16; s++)
        segments[s].at = -(k + 1);
    for (ptrdiff_t x = 0; x < k - 1; x++) {
        column_move(c, x, enters[x * step], leaves[x * step]);
        add_counts(&coarse, &c.coarse[x]);
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        const ptrdiff_t last = x + k - 1;
        column_move(c, last, enters[last * step], leaves[last * step]);
        add_counts(&coarse, &c.coarse[last]);
        memcpy(below + 16, &coarse, sizeof coarse);
        const int found = find_bin(&coarse, (int16_t)rank);
        const int16_t within = (int16_t)(rank - below[15 + found]);
        const small_bins *fine = c.fine + found * c.n;
        if (found == high && now.at == x - 1) {
            add_counts(&now.fine, fine + last);
            take_counts(&now.fine, fine + x - 1);
            now.at = x;
        } else {
            segments[high] = now;
            high = found;
            now = segments[high];
            segment_move(&now, fine, x, k);
        }
        const int low = find_bin(&now.fine, within);
        out[x * step] = (uint8_t)(high * 16 + low);
        if (rest) {
            memcpy(below + 16, &now.fine, sizeof now.fine);
            rest[x] = (uint8_t)(within - below[15 + low]);
        }
        take_counts(&coarse, &c.coarse[x]);
    }
}
