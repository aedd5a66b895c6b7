// slic_sums.h: sums of colours and places over the pixels of a cell, for slic.c.
#ifndef PPX_KERNELS_SLIC_SUMS_H
#define PPX_KERNELS_SLIC_SUMS_H

#include "slic.h"

// Sums of a cell's candidates, of RUN pixels at most before they are added to the counters: the
// colours and the number of pixels in a word, x and y from the first on in another. Neighbours go
// into two of each in turn, as one would wait for the store of the other.
typedef struct slic_sums {
    uint64_t colours[CANDIDATES][2], places[CANDIDATES][2];
    ptrdiff_t n, x0, y0;
} slic_sums;

static inline void flush_sums(slic_sums *sums, const slic_cell *cell, uint64_t *counters) {
    for (int q = 0; q < cell->n; q++) {
        uint64_t *to = counters + NSUMS * (size_t)cell->id[q];
        const uint64_t colours = sums->colours[q][0] + sums->colours[q][1];
        const uint64_t places = sums->places[q][0] + sums->places[q][1], many = colours >> 48;
        for (int c = 0; c < 3; c++)
            to[c] += colours >> 16 * c & 0xffff;
        to[3] += (places & UINT32_MAX) + many * (uint64_t)sums->x0;
        to[4] += (places >> 32) + many * (uint64_t)sums->y0;
        to[5] += many;
        memset(sums->colours[q], 0, sizeof sums->colours[q]);
        memset(sums->places[q], 0, sizeof sums->places[q]);
    }
    sums->n = 0;
}

static inline uint64_t colours_of(const uint8_t *p, int step) {
    return (uint64_t)1 << 48 | p[0] | (step < 3 ? 0 : (uint64_t)p[1] << 16 | (uint64_t)p[2] << 32);
}

static inline void add_run(const uint8_t *in, const int32_t *nearest, ptrdiff_t x, ptrdiff_t y,
                           ptrdiff_t n, int step, slic_sums *sums) {
    uint64_t place = (uint64_t)(x - sums->x0) | (uint64_t)(y - sums->y0) << 32;
    ptrdiff_t k = 0;
    for (; k + 2 <= n; k += 2, in += 2 * step, place += 2) {
        sums->colours[nearest[k]][0] += colours_of(in, step);
        sums->places[nearest[k]][0] += place;
        sums->colours[nearest[k + 1]][1] += colours_of(in + step, step);
        sums->places[nearest[k + 1]][1] += place + 1;
    }
    if (k < n) {
        sums->colours[nearest[k]][0] += colours_of(in, step);
        sums->places[nearest[k]][0] += place;
    }
    sums->n += n;
}

#endif
