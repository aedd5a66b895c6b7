// best_places.h: the best places of a map of floats, in the order of (value, then raster). The best
// of a row are whole numbers that can be put into the counters of a reduction, since a row is
// counted once.
#ifndef PPX_BEST_PLACES_H
#define PPX_BEST_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct best_place {
    uint64_t code;
    ptrdiff_t y;
} best_place;

// The ordered bits of a value, then the last column first: larger for larger values, and for the
// earlier of equal ones; 0 for none.
static inline uint64_t best_code(float value, ptrdiff_t x) {
    uint32_t bits;
    value += 0.0f; // one zero
    memcpy(&bits, &value, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | 1u << 31;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)x);
}

static inline double best_value(uint64_t code) {
    uint32_t bits = (uint32_t)(code >> 32);
    float value;
    bits = bits >> 31 ? bits & ~(1u << 31) : ~bits;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

// Most of a row is passed in chunks.
static inline bool best_any_above(const float *row, ptrdiff_t n, float level) {
    int any = 0;
    for (ptrdiff_t x = 0; x < n; x++)
        any |= row[x] > level;
    return any;
}

// The `top` best of n values above -2, best first; best[] is 0 before, and where there are no more.
static inline void best_of_row(uint64_t *best, ptrdiff_t top, const float *row, ptrdiff_t n) {
    enum { CHUNK = 32 };
    float level = -2;
    for (ptrdiff_t x = 0; x < n; x++) {
        while (x + CHUNK <= n && !best_any_above(row + x, CHUNK, level))
            x += CHUNK;
        if (x == n || row[x] <= level)
            continue;
        uint64_t code = best_code(row[x], x);
        ptrdiff_t rank = top - 1;
        for (; rank > 0 && best[rank - 1] < code; rank--)
            best[rank] = best[rank - 1];
        best[rank] = code;
        if (best[top - 1])
            level = (float)best_value(best[top - 1]);
    }
}

// The `top` best of all rows, `top` codes of each; how many there are.
static inline ptrdiff_t best_of_rows(best_place *places, ptrdiff_t top, const uint64_t *codes,
                                     ptrdiff_t height) {
    ptrdiff_t n = 0;
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t k = 0; k < top; k++) {
            uint64_t code = codes[y * top + k];
            ptrdiff_t rank = n; // of equal values the earlier row stays before
            while (rank > 0 && places[rank - 1].code >> 32 < code >> 32)
                rank--;
            if (code == 0 || rank == top)
                break;
            ptrdiff_t end = n < top ? n++ : top - 1;
            memmove(&places[rank + 1], &places[rank], (size_t)(end - rank) * sizeof *places);
            places[rank] = (best_place){code, y};
        }
    return n;
}

// Columns x, y and value of a table of them.
static inline double best_cell(const void *data, size_t row, int column) {
    const best_place *p = (const best_place *)data + row;
    if (column == 0)
        return (double)(UINT32_MAX - (uint32_t)p->code);
    return column == 1 ? (double)p->y : best_value(p->code);
}

#endif
