// slic.h: the clusters of slic.c, and which of them a pixel belongs to.
//
// A cluster is compared with the pixels of its own cell of the grid and of the 8 around it: that is
// 9 clusters for each pixel, the same for all of a cell, so that they are taken one after another
// along a run of pixels, in vectors. Distances are floats, made in a fixed order; whole numbers in
// them are exact.
#ifndef PPX_KERNELS_SLIC_H
#define PPX_KERNELS_SLIC_H

#include <string.h>

#include "../core/kernel.h"

enum { REGIONS, COMPACTNESS, ITERATIONS, OUTPUT };
enum { LABELS, BOUNDARIES };
enum {
    MOST_REGIONS = 1 << 16,
    CANDIDATES = 9,
    RUN = 256,  // pixels at a time: four sums of bytes then fit one word
    VECTOR = 8, // runs are filled up to whole vectors, as cells are narrow
    NEAR = 8,   // pixels down and across that are looked at around a centre
    NSUMS = 6   // of a cluster: red, green, blue, x, y, pixels
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

// The clusters of a cell and around it, ascending; how many.
static inline int candidates_of(const slic_table *table, ptrdiff_t column, ptrdiff_t row,
                                uint32_t candidates[CANDIDATES]) {
    int n = 0;
    for (ptrdiff_t j = row - 1; j <= row + 1; j++)
        for (ptrdiff_t i = column - 1; i <= column + 1; i++)
            if (i >= 0 && i < table->across && j >= 0 && j < table->down)
                candidates[n++] = (uint32_t)(j * table->across + i);
    return n;
}

// A run of pixels of one cell, as floats; and the candidate that each is nearest to.
typedef struct slic_run {
    _Alignas(64) float plane[3][RUN], x[RUN], distance[RUN];
    _Alignas(64) int32_t nearest[RUN];
} slic_run;

// What fills the last vector is 0.
static inline void load_run(const uint8_t *restrict in, ptrdiff_t x0, ptrdiff_t n, ptrdiff_t filled,
                            int step, slic_run *restrict run) {
    for (int c = 0; c < 3; c++) {
        for (ptrdiff_t x = 0; x < n; x++)
            run->plane[c][x] = step < 3 && c > 0 ? 0 : in[x * step + c];
        for (ptrdiff_t x = n; x < filled; x++)
            run->plane[c][x] = 0;
    }
    for (ptrdiff_t x = 0; x < filled; x++) {
        run->x[x] = (float)(int32_t)(x0 + x);
        run->distance[x] = 3.4e38f; // more than any
        run->nearest[x] = 0;
    }
}

static inline void measure_run(const slic_cluster *cluster, float weight, ptrdiff_t y, ptrdiff_t n,
                               int32_t number, slic_run *restrict run) {
    const float red = (float)cluster->colour[0], green = (float)cluster->colour[1];
    const float blue = (float)cluster->colour[2], middle = (float)cluster->x;
    const float dy = (float)(int32_t)(y - cluster->y), yy = dy * dy;
    const float *restrict reds = run->plane[0], *restrict greens = run->plane[1];
    const float *restrict blues = run->plane[2], *restrict xs = run->x;
    float *restrict distance = run->distance;
    int32_t *restrict nearest = run->nearest;
    for (ptrdiff_t x = 0; x < n / VECTOR * VECTOR; x++) {
        const float r = reds[x] - red, g = greens[x] - green, b = blues[x] - blue;
        const float dx = xs[x] - middle;
        const float d = ((r * r + g * g) + b * b) + weight * (dx * dx + yy);
        const bool nearer = d < distance[x];
        distance[x] = nearer ? d : distance[x];
        nearest[x] = nearer ? number : nearest[x];
    }
}

// n <= RUN pixels of row y from column x0 on, all of one cell with these candidates.
static inline void assign_run(const slic_table *table, const uint8_t *in, ptrdiff_t x0, ptrdiff_t y,
                              ptrdiff_t n, int step, const uint32_t *candidates, int ncandidates,
                              slic_run *run) {
    const ptrdiff_t filled = (n + VECTOR - 1) / VECTOR * VECTOR;
    if (step == 1)
        load_run(in, x0, n, filled, 1, run);
    else if (step == 3)
        load_run(in, x0, n, filled, 3, run);
    else
        load_run(in, x0, n, filled, step, run);
    for (int q = 0; q < ncandidates; q++)
        measure_run(&table->clusters[candidates[q]], table->weight, y, filled, q, run);
}

#endif
