// basins.h: the minima of watershed.c become seeds: what no steps have come to is numbered.
#ifndef PPX_BASINS_H
#define PPX_BASINS_H

#include "flood.h"

// What a piece keeps: the rows it was made from, which stay until they are painted; the component
// of each pixel. A record is the area of a minimum.
typedef struct basins {
    ppx_image rows;
} basins;

static inline uint32_t *ids_of(const ppx_piece *piece, ptrdiff_t width, ptrdiff_t row) {
    return (uint32_t *)piece->b.data + (size_t)row * (size_t)width;
}

// Gives the minimum around p its number; the pool c holds the places to go on from.
static ppx_status number_minimum(const grid *g, ppx_piece *piece, place p, uint32_t id,
                                 uint32_t *area, ppx_error *error) {
    size_t n = 0;
    ppx_status status = ppx_pool_reserve(&piece->c, 8 * sizeof p, error);
    if (status)
        return status;
    ((place *)piece->c.data)[n++] = p;
    ids_of(piece, g->width, p >> 16)[p & 0xffff] = id;
    while (n) {
        status = ppx_pool_reserve(&piece->c, (n + 8) * sizeof p, error);
        if (status)
            return status;
        place *waiting = piece->c.data;
        const place from = waiting[--n];
        const int32_t *steps = pixel(g, from, STEPS);
        ++*area;
        for (unsigned bits = near_bits(g, from); bits; bits &= bits - 1) {
            const int k = __builtin_ctz(bits);
            if (steps[g->offset[k]] != FAR)
                continue;
            const place to = from + g->step[k];
            uint32_t *own = &ids_of(piece, g->width, to >> 16)[to & 0xffff];
            if (*own == PPX_NO_COMPONENT)
                waiting[n++] = to;
            *own = id;
        }
    }
    return PPX_OK;
}

static ppx_status basins_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                               ppx_error *error) {
    const ptrdiff_t width = job->in.width;
    const size_t npixels = (size_t)width * (size_t)piece->nrows;
    ppx_status status = ppx_pool_reserve(&piece->a, sizeof(basins), error);
    if (!status)
        status = ppx_pool_reserve(&piece->b, npixels * sizeof(uint32_t), error);
    if (status)
        return status;
    *(basins *)piece->a.data = (basins){*rows};
    memset(piece->b.data, 0xff, npixels * sizeof(uint32_t)); // PPX_NO_COMPONENT
    const grid g = grid_of(rows, job->values[0].i == 0);
    for (ptrdiff_t y = 0; y < piece->nrows; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            if (plane(&g, y, STEPS)[x] != FAR || ids_of(piece, width, y)[x] != PPX_NO_COMPONENT)
                continue;
            const uint32_t id = (uint32_t)piece->ncomponents;
            uint32_t area = 0;
            status = number_minimum(&g, piece, (place)(y << 16 | x), id, &area, error);
            if (!status && job->findings)
                status = ppx_pool_reserve(&piece->records, ((size_t)id + 1) * sizeof area, error);
            if (status)
                return status;
            if (job->findings)
                ((uint32_t *)piece->records.data)[id] = area;
            piece->ncomponents++;
        }
    ppx_pool_free(&piece->c);
    return PPX_OK;
}

static void basins_edge(const ppx_job *job, const ppx_piece *piece, bool last, uint32_t *ids) {
    const ptrdiff_t width = job->in.width;
    memcpy(ids, ids_of(piece, width, last ? piece->nrows - 1 : 0), (size_t)width * sizeof *ids);
}

static void basins_merge(const ppx_job *job, void *into, const void *from) {
    (void)job;
    *(uint32_t *)into += *(const uint32_t *)from;
}

static void basins_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *number,
                         ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    const ptrdiff_t width = job->in.width;
    const grid g = grid_of(&((const basins *)piece->a.data)->rows, true);
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const ptrdiff_t row = y + k - piece->y0;
        const uint32_t *ids = ids_of(piece, width, row);
        int32_t *labels = (int32_t *)out[k] + LABEL * width, *steps = labels + width;
        memcpy(out[k], plane(&g, row, LEVEL), 3 * (size_t)width * sizeof *labels);
        for (ptrdiff_t x = 0; x < width; x++) {
            if (ids[x] == PPX_NO_COMPONENT)
                continue;
            labels[x] = (int32_t)number[ids[x]] + 1;
            steps[x] = 0;
        }
    }
}

#endif
