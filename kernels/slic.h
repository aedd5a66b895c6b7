// slic.h: the clusters of slic.c, and which of them a pixel belongs to.
//
// A cluster is compared with the pixels of its own cell of the grid and of the 8 around it: that is
// 9 clusters for each pixel, the same for all of a cell, so that a vector of pixels meets them one
// after another. Distances are floats, made in a fixed order; whole numbers in them are exact.
#ifndef PPX_KERNELS_SLIC_H
#define PPX_KERNELS_SLIC_H

#include <string.h>

#include "../core/kernel.h"
#include "lanes.h"

enum { REGIONS, COMPACTNESS, ITERATIONS, OUTPUT };
enum { LABELS, BOUNDARIES };
enum {
    MOST_REGIONS = 1 << 16,
    WIDEST = 1 << 24, // whole numbers that floats hold; and RUN of them in a word
    CANDIDATES = 9,
    VECTOR = LANES / 2,
    RUN = 256, // pixels at a time: four sums of bytes then fit one word
    NEAR = 8,  // pixels down and across that are looked at around a centre
    NSUMS = 6  // of a cluster: red, green, blue, x, y, pixels
};

typedef struct slic_cluster {
    int32_t colour[3], x, y;
    uint64_t near; // which of the pixels around its centre belong to it
} slic_cluster;

typedef struct slic_table {
    ptrdiff_t across, down;
    float weight; // of a squared distance in pixels beside one in grey levels
    bool moved;
    ptrdiff_t spacing;        // of the pixels around a centre
    uint8_t rank[NEAR][NEAR]; // of these by distance
    uint32_t nkept;
    slic_cluster clusters[]; // across * down of them; what follows is found by functions
} slic_table;

static inline size_t cluster_count(const slic_table *table) {
    return (size_t)(table->across * table->down);
}

// The components that are kept, ascending; at most one for each cluster.
static inline uint32_t *kept_of(slic_table *table) {
    return (uint32_t *)(table->clusters + cluster_count(table));
}

// For each row the label of its first pixel.
static inline uint32_t *rows_of(slic_table *table) {
    return kept_of(table) + cluster_count(table);
}

// Cell k of n spans [k size / n, (k + 1) size / n).
static inline ptrdiff_t cell_of(ptrdiff_t x, ptrdiff_t size, ptrdiff_t n) {
    return ((x + 1) * n - 1) / size;
}

static inline ptrdiff_t cell_start(ptrdiff_t k, ptrdiff_t size, ptrdiff_t n) {
    return k * size / n;
}

// The clusters of a cell and around it, ascending, as vectors of equal values; `yy` is that of one
// row.
typedef struct slic_cell {
    int n;
    uint32_t id[CANDIDATES];
    floats colour[CANDIDATES][3], x[CANDIDATES], yy[CANDIDATES], weight;
} slic_cell;

static inline void open_cell(const slic_table *table, ptrdiff_t column, ptrdiff_t row,
                             slic_cell *cell) {
    cell->n = 0;
    cell->weight = floats_all(table->weight);
    for (ptrdiff_t j = row - 1; j <= row + 1; j++)
        for (ptrdiff_t i = column - 1; i <= column + 1; i++) {
            if (i < 0 || i >= table->across || j < 0 || j >= table->down)
                continue;
            const int q = cell->n++;
            cell->id[q] = (uint32_t)(j * table->across + i);
            const slic_cluster *cluster = &table->clusters[cell->id[q]];
            for (int c = 0; c < 3; c++)
                cell->colour[q][c] = floats_all((float)cluster->colour[c]);
            cell->x[q] = floats_all((float)cluster->x);
        }
}

static inline void move_cell(const slic_table *table, ptrdiff_t y, slic_cell *cell) {
    for (int q = 0; q < cell->n; q++) {
        const float dy = (float)(int32_t)(y - table->clusters[cell->id[q]].y);
        cell->yy[q] = floats_all(dy * dy);
    }
}

// A run of pixels of one cell, as floats; and the candidate that each is nearest to.
typedef struct slic_run {
    _Alignas(64) float plane[3][RUN];
    _Alignas(64) float x[RUN];
    _Alignas(64) int32_t nearest[RUN];
} slic_run;

// What fills the last vector is 0.
LANES_INLINE void load_run(const uint8_t *restrict in, ptrdiff_t x0, ptrdiff_t n, ptrdiff_t filled,
                           int step, int colours, slic_run *restrict run) {
    for (int c = 0; c < colours; c++) {
        memset(run->plane[c] + filled - VECTOR, 0, VECTOR * sizeof(float));
        for (ptrdiff_t x = 0; x < n; x++)
            run->plane[c][x] = in[x * step + c];
    }
    for (ptrdiff_t x = 0; x < filled; x++)
        run->x[x] = (float)(int32_t)(x0 + x);
}

LANES_INLINE void assign_vectors(const slic_cell *cell, ptrdiff_t n, int colours, slic_run *run) {
    for (ptrdiff_t x = 0; x < n; x += VECTOR) {
        const floats place = floats_load(run->x + x);
        floats colour[3], least = floats_all(3.4e38f); // more than any
        wides nearest = wides_all(0);
        for (int c = 0; c < colours; c++)
            colour[c] = floats_load(run->plane[c] + x);
        for (int q = 0; q < cell->n; q++) {
            const floats dx = place - cell->x[q];
            floats apart = colour[0] - cell->colour[q][0], d = apart * apart;
            for (int c = 1; c < colours; c++) {
                apart = colour[c] - cell->colour[q][c];
                d = d + apart * apart;
            }
            d = d + cell->weight * (dx * dx + cell->yy[q]);
            nearest = wides_either((wides)(d < least), wides_all(q), nearest);
            least = floats_min(d, least);
        }
        memcpy(run->nearest + x, &nearest, sizeof nearest);
    }
}

// n <= RUN pixels of a row from column x0 on, all of the cell, which was moved to that row.
static inline void assign_run(const slic_cell *cell, const uint8_t *in, ptrdiff_t x0, ptrdiff_t n,
                              int step, slic_run *run) {
    const ptrdiff_t filled = (n + VECTOR - 1) / VECTOR * VECTOR;
    if (step == 1)
        load_run(in, x0, n, filled, 1, 1, run);
    else if (step == 3)
        load_run(in, x0, n, filled, 3, 3, run);
    else
        load_run(in, x0, n, filled, step, step / 2 * 2 - 1, run); // 1 of 2, 3 of 4
    if (step < 3)
        assign_vectors(cell, n, 1, run);
    else
        assign_vectors(cell, n, 3, run);
}

#endif
