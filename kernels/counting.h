// counting.h: how often each value of a byte occurs, for kernels that count over images or tiles.
//
// Equal values in a row would make a counter wait for its last store, so neighbours are counted in
// several 32-bit tables in turn (Collet 2014). Who counts adds the tables up before 2^32 samples
// have gone into one.
#ifndef PPX_COUNTING_H
#define PPX_COUNTING_H

#include <string.h>

#include "../core/kernel.h"

enum { LEVELS_U8 = 256, TABLES_GRAY = 8, TABLES_RGB = 4 };

static inline size_t table_count(ppx_shape shape) {
    return ppx_shape_colours(shape) == 1 ? TABLES_GRAY : TABLES_RGB;
}

static inline size_t tables_nbytes(ppx_shape shape) {
    return (size_t)ppx_shape_colours(shape) * table_count(shape) * LEVELS_U8 * sizeof(uint32_t);
}

static inline void count_gray(const uint8_t *row, ptrdiff_t n, uint32_t (*tables)[LEVELS_U8]) {
    ptrdiff_t x = 0;
    for (; x + 8 <= n; x += 8) {
        uint64_t eight;
        memcpy(&eight, row + x, sizeof eight);
        for (int k = 0; k < 8; k++)
            tables[k][eight >> 8 * k & 0xff]++;
    }
    for (; x < n; x++)
        tables[0][row[x]]++;
}

static inline void count_pixels(const uint8_t *row, ptrdiff_t n, int channels, int colours,
                                uint32_t (*tables)[LEVELS_U8]) {
    for (ptrdiff_t x = 0; x < n; x++)
        for (int c = 0; c < colours; c++)
            tables[(x % TABLES_RGB) * colours + c][row[x * channels + c]]++;
}

// n pixels of a row; alpha is not counted.
static inline void count_bytes(const uint8_t *row, ptrdiff_t n, int channels,
                               uint32_t (*tables)[LEVELS_U8]) {
    switch (channels) {
    case 1:
        count_gray(row, n, tables);
        break;
    case 2:
        count_pixels(row, n, 2, 1, tables);
        break;
    case 3:
        count_pixels(row, n, 3, 3, tables);
        break;
    default:
        count_pixels(row, n, 4, 3, tables);
        break;
    }
}

// Adds the tables to the counters of the colours, one after the other, and leaves them at zero.
static inline void add_tables(ppx_shape shape, uint32_t (*tables)[LEVELS_U8], uint64_t *counters) {
    const size_t colours = (size_t)ppx_shape_colours(shape), ntables = table_count(shape);
    for (size_t k = 0; k < ntables; k++)
        for (size_t c = 0; c < colours; c++)
            for (size_t v = 0; v < LEVELS_U8; v++)
                counters[c * LEVELS_U8 + v] += tables[k * colours + c][v];
    memset(tables, 0, tables_nbytes(shape));
}

#endif
