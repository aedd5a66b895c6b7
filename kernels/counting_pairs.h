// counting_pairs.h: how often each value of a byte occurs in a large gray image, two pixels at
// once.
//
// A processor ends one store a cycle, so counters that are raised pixel by pixel take a cycle each.
// One counter for each pair of neighbours halves that, as long as the counters that are in use fit
// into the first cache: 65536 of them lie in the second one, and are slower there than counts of
// single bytes. How much is in use depends on the image, a sample tells: images with little noise
// use a band around equal neighbours. Of very few pairs each increment would wait for the last one,
// but they come in runs. Counts are the same either way.
#ifndef PPX_COUNTING_PAIRS_H
#define PPX_COUNTING_PAIRS_H

#include "counting.h"

enum {
    PAIRS_NBYTES = LEVELS_U8 * LEVELS_U8 * sizeof(uint32_t),
    PAIRS_LEAST = 1 << 17,  // pixels, so that adding up costs little
    PAIRS_SAMPLE = 1 << 10, // pairs of a row that are looked at
    PAIRS_IN_LINE = 64 / 4, // counters that lie together in a line of the cache
    PAIRS_FEW = 64,         // measured: below, runs of pairs are faster,
    PAIRS_MANY = 420,       // and up to here pairs: lines that a sample uses
};

typedef enum pairs_kind { PAIRS_FLAT, PAIRS_CLOSE, PAIRS_WIDE } pairs_kind;

// What rows like this one are, which is longer than the sample: WIDE ones are counted faster by
// bytes.
static inline pairs_kind kind_of_pairs(const uint8_t *row, ptrdiff_t n) {
    uint8_t used[LEVELS_U8][LEVELS_U8 / PAIRS_IN_LINE] = {{0}};
    const ptrdiff_t step = n / PAIRS_SAMPLE;
    int nlines = 0;
    for (ptrdiff_t x = 0; x + 1 < step * PAIRS_SAMPLE; x += step) {
        uint8_t *line = &used[row[x + 1]][row[x] / PAIRS_IN_LINE];
        nlines += !*line;
        *line = 1;
    }
    return nlines < PAIRS_FEW ? PAIRS_FLAT : nlines <= PAIRS_MANY ? PAIRS_CLOSE : PAIRS_WIDE;
}

// Counts an even number of pixels: pairs[second * LEVELS_U8 + first]. Two pixels are taken as a
// number of 16 bits, whose high byte is the second or the first; for the sum over both that is the
// same. Where rows are flat, eight pixels that come again are counted at once.
static inline void count_pairs(const uint8_t *row, ptrdiff_t n, bool flat, uint32_t *pairs) {
    ptrdiff_t x = 0;
    for (; x + 8 <= n; x += 8) {
        uint64_t eight;
        uint32_t times = 1;
        memcpy(&eight, row + x, sizeof eight);
        for (; flat && x + 16 <= n && !memcmp(row + x + 8, &eight, sizeof eight); x += 8)
            times++;
        for (int k = 0; k < 4; k++)
            pairs[eight >> 16 * k & 0xffff] += times;
    }
    for (; x < n; x += 2)
        pairs[row[x + 1] * LEVELS_U8 + row[x]]++;
}

// Adds four rows of the table up, by column and by row, and leaves them at zero.
static inline void add_four_rows(uint32_t (*restrict rows)[LEVELS_U8], uint32_t *restrict columns,
                                 uint64_t *counters) {
    uint32_t sum[4] = {0};
    for (size_t v = 0; v < LEVELS_U8; v++) {
        columns[v] += (rows[0][v] + rows[1][v]) + (rows[2][v] + rows[3][v]);
        for (int k = 0; k < 4; k++) {
            sum[k] += rows[k][v];
            rows[k][v] = 0;
        }
    }
    for (int k = 0; k < 4; k++)
        counters[k] += sum[k];
}

static inline void add_pairs(uint32_t (*pairs)[LEVELS_U8], uint64_t *counters) {
    uint32_t columns[LEVELS_U8] = {0};
    for (size_t v = 0; v < LEVELS_U8; v += 4)
        add_four_rows(pairs + v, columns, counters + v);
    for (size_t v = 0; v < LEVELS_U8; v++)
        counters[v] += columns[v];
}

#endif
