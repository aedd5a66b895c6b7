// basins.h: the minima of watershed.c: shallow ones are filled, the others numbered.
#ifndef PPX_BASINS_H
#define PPX_BASINS_H

#include "flood.h"

// The words of a pixel here. A minimum has the flag 0, what descends to a lower pixel DESCENDS.
typedef struct filled {
    uint32_t height, flag, level, link;
} filled;

enum { DESCENDS = 1 };

_Static_assert(sizeof(filled) == sizeof(pixel), "the same four words");

static inline filled *filled_at(const grid *g, place p) {
    return (filled *)(void *)pixel_at(g, p);
}

static inline const filled *filled_in(const grid *g, place p) {
    return (const filled *)ppx_image_row(&g->in, p >> 16) + (p & 0xffff);
}

// ---- Filling ------------------------------------------------------------------------------------

// From raised to the lowest level that holds water: level = max(height, least level around).
static inline bool sink(filled *at, uint32_t level) {
    if (at->level <= level || at->level == at->height)
        return false;
    at->level = level > at->height ? level : at->height;
    return true;
}

static void fill_on(const grid *g, line *waiting) {
    for (place p; line_take(g, waiting, &p);) {
        const uint32_t level = filled_at(g, p)->level;
        place near[8];
        const int n = near_places(g, p, near);
        for (int k = 0; k < n; k++)
            if (sink(filled_at(g, near[k]), level))
                line_add(waiting, pixel_at(g, near[k]), near[k]);
    }
}

// Sweeps down and up bring most of it to rest (Vincent 1993), the queue does the rest.
static void fill_sweep(const grid *g, bool up) {
    for (ptrdiff_t j = 0; j < g->nrows; j++)
        for (ptrdiff_t i = 0; i < g->width; i++) {
            const ptrdiff_t y = up ? g->nrows - 1 - j : j, x = up ? g->width - 1 - i : i;
            const place p = (place)(y << 16 | x);
            filled *at = filled_at(g, p);
            place near[8];
            const int n = near_places(g, p, near);
            for (int k = 0; k < n; k++)
                (void)sink(at, filled_at(g, near[k])->level);
        }
}

static void fill_wait(const grid *g, line *waiting) {
    for (ptrdiff_t y = 0; y < g->nrows; y++)
        for (ptrdiff_t x = 0; x < g->width; x++) {
            const place p = (place)(y << 16 | x);
            const uint32_t level = filled_at(g, p)->level;
            place near[8];
            const int n = near_places(g, p, near);
            for (int k = 0; k < n; k++) {
                const filled *at = filled_at(g, near[k]);
                if (at->level > level && at->level > at->height)
                    line_add(waiting, pixel_at(g, p), p);
            }
        }
}

static void fill_from_beside(const grid *g, const pixel *row, ptrdiff_t y, line *waiting) {
    for (ptrdiff_t x = 0; row && x < g->width; x++) {
        const place p = (place)(y << 16 | x);
        const pixel *near[3];
        const int n = near_beside(g, row, x, near);
        for (int k = 0; k < n; k++)
            if (sink(filled_at(g, p), ((const filled *)(const void *)near[k])->level))
                line_add(waiting, pixel_at(g, p), p);
    }
}

// ---- Minima -------------------------------------------------------------------------------------

static inline bool descends_to(const filled *at, uint32_t level, uint32_t flag) {
    return at->flag == 0 && flag != DAM &&
           (level < at->level || (level == at->level && flag == DESCENDS));
}

// Which pixels have a lower neighbour. Those with a neighbour as low as themselves wait.
static void minima_begin(const grid *g, line *waiting) {
    for (ptrdiff_t y = 0; y < g->nrows; y++)
        for (ptrdiff_t x = 0; x < g->width; x++) {
            const place p = (place)(y << 16 | x);
            filled *at = filled_at(g, p);
            *at = *filled_in(g, p);
            place near[8];
            const int n = near_places(g, p, near);
            bool flat = false, descends = false;
            for (int k = 0; k < n; k++) {
                const filled *to = filled_in(g, near[k]);
                descends |= to->flag != DAM && to->level < at->level;
                flat |= to->level == at->level;
            }
            if (descends && at->flag != DAM) {
                at->flag = DESCENDS;
                if (flat)
                    line_add(waiting, pixel_at(g, p), p);
            }
        }
}

static void minima_on(const grid *g, line *waiting) {
    for (place p; line_take(g, waiting, &p);) {
        const filled from = *filled_at(g, p);
        place near[8];
        const int n = near_places(g, p, near);
        for (int k = 0; k < n; k++) {
            filled *at = filled_at(g, near[k]);
            if (at->level == from.level && descends_to(at, from.level, from.flag)) {
                at->flag = DESCENDS;
                line_add(waiting, pixel_at(g, near[k]), near[k]);
            }
        }
    }
}

static void minima_from_beside(const grid *g, const pixel *row, ptrdiff_t y, line *waiting) {
    for (ptrdiff_t x = 0; row && x < g->width; x++) {
        const place p = (place)(y << 16 | x);
        filled *at = filled_at(g, p);
        const pixel *near[3];
        const int n = near_beside(g, row, x, near);
        for (int k = 0; k < n; k++) {
            const filled *from = (const filled *)(const void *)near[k];
            if (descends_to(at, from->level, from->flag)) {
                at->flag = DESCENDS;
                line_add(waiting, pixel_at(g, p), p);
            }
        }
    }
}

static ppx_status minima_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                              ppx_error *error) {
    (void)piece, (void)error;
    const grid g = grid_of(region, job->values[0].i == 0);
    line waiting = {END, NULL};
    if (region->fresh)
        minima_begin(&g, &waiting);
    minima_from_beside(&g, g.above, 0, &waiting);
    minima_from_beside(&g, g.below, g.nrows - 1, &waiting);
    minima_on(&g, &waiting);
    return PPX_OK;
}

// ---- Numbers ------------------------------------------------------------------------------------

// What a piece keeps: the rows it was made from, which stay until they are painted; the component
// of each pixel. A record is the area of a minimum.
typedef struct basins {
    ppx_image rows;
} basins;

static inline uint32_t *ids_of(const ppx_piece *piece, ptrdiff_t width, ptrdiff_t row) {
    return (uint32_t *)piece->b.data + (size_t)row * (size_t)width;
}

static inline const filled *basin_row(const ppx_piece *piece, ptrdiff_t row) {
    return ppx_image_row(&((const basins *)piece->a.data)->rows, row);
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
        place *waiting = piece->c.data, near[8];
        const int around = near_places(g, waiting[--n], near);
        ++*area;
        for (int k = 0; k < around; k++) {
            uint32_t *own = &ids_of(piece, g->width, near[k] >> 16)[near[k] & 0xffff];
            if (*own != PPX_NO_COMPONENT || filled_in(g, near[k])->flag)
                continue;
            *own = id;
            waiting[n++] = near[k];
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
    const ppx_region region = {.in = *rows, .state = *rows};
    const grid g = grid_of(&region, job->values[0].i == 0);
    for (ptrdiff_t y = 0; y < piece->nrows; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            if (basin_row(piece, y)[x].flag || ids_of(piece, width, y)[x] != PPX_NO_COMPONENT)
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
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const filled *from = basin_row(piece, y + k - piece->y0);
        const uint32_t *ids = ids_of(piece, job->in.width, y + k - piece->y0);
        ground *to = out[k];
        for (ptrdiff_t x = 0; x < job->in.width; x++) {
            const uint32_t dam = from[x].flag == DAM ? DAM : 0;
            to[x] = (ground){from[x].height, from[x].flag ? dam : number[ids[x]] + 1};
        }
    }
}

#endif
