// basins.h: the minima of watershed.c: shallow ones are filled, the others numbered.
#ifndef PPX_BASINS_H
#define PPX_BASINS_H

#include "flood.h"

// The words of a pixel here: for a label a flag, which of a minimum is 0; for steps the height.
enum { DESCENDS = 1 }; // to a lower pixel

// ---- Filling ------------------------------------------------------------------------------------

// From raised to the lowest level that holds water: level = max(height, least level around).
static inline bool sink(node *at, uint32_t level) {
    if (at->level <= level || at->level == at->steps)
        return false;
    at->level = level > at->steps ? level : at->steps;
    return true;
}

static void fill_on(const grid *g, line *waiting) {
    for (place p; line_take(g, waiting, &p);) {
        node *from = node_at(g, p);
        const unsigned bits = near_bits(g, p);
        for (int k = 0; k < g->nnear; k++) {
            node *at = node_near(g, from, k);
            if ((bits >> k & 1) && sink(at, from->level))
                line_add(waiting, at, p + g->step[k]);
        }
    }
}

// Sweeps down and up bring most of it to rest (Vincent 1993), the queue does the rest.
static void fill_sweep(const grid *g, bool up) {
    for (ptrdiff_t j = 0; j < g->nrows; j++) {
        const ptrdiff_t y = up ? g->nrows - 1 - j : j;
        node *nodes = row_nodes(ppx_image_row(&g->state, y), g->width);
        for (ptrdiff_t i = 0; i < g->width; i++) {
            const ptrdiff_t x = up ? g->width - 1 - i : i;
            if (nodes[x].level == nodes[x].steps)
                continue;
            const unsigned bits = near_bits(g, (place)(y << 16 | x));
            for (int k = 0; k < g->nnear; k++)
                if (bits >> k & 1)
                    (void)sink(&nodes[x], node_near(g, &nodes[x], k)->level);
        }
    }
}

static void fill_wait(const grid *g, line *waiting) {
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        node *nodes = row_nodes(ppx_image_row(&g->state, y), g->width);
        for (ptrdiff_t x = 0; x < g->width; x++) {
            const unsigned bits = near_bits(g, (place)(y << 16 | x));
            for (int k = 0; k < g->nnear; k++) {
                const node *at = node_near(g, &nodes[x], k);
                if ((bits >> k & 1) && at->level > nodes[x].level && at->level > at->steps)
                    line_add(waiting, &nodes[x], (place)(y << 16 | x));
            }
        }
    }
}

static void fill_from_beside(const grid *g, const uint32_t *row, ptrdiff_t y, line *waiting) {
    for (ptrdiff_t x = 0; row && x < g->width; x++) {
        const place p = (place)(y << 16 | x);
        for (ptrdiff_t i = beside_from(g, x); i < beside_to(g, x); i++)
            if (sink(node_at(g, p), row_nodes(row, g->width)[i].level))
                line_add(waiting, node_at(g, p), p);
    }
}

// ---- Minima -------------------------------------------------------------------------------------

// The levels of a row side by side, with one that nobody is lower than on each side; beyond the
// piece too. A dam has the highest level anyway.
static void levels_row(const grid *g, ptrdiff_t y, uint32_t *levels) {
    for (ptrdiff_t x = 0; x < g->width + 2; x++)
        levels[x] = UINT32_MAX;
    if (y < 0 || y >= g->nrows)
        return;
    const node *nodes = row_nodes(ppx_image_row(&g->in, y), g->width);
    for (ptrdiff_t x = 0; x < g->width; x++)
        levels[x + 1] = nodes[x].level;
}

// Bit 0: a neighbour is lower; bit 1: one is as low.
static inline void look_lower(const uint32_t *restrict above, const uint32_t *restrict here,
                              const uint32_t *restrict below, ptrdiff_t width, bool corners,
                              uint32_t *restrict found) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t level = here[x + 1];
        uint32_t lower = (uint32_t)(here[x] < level) | (uint32_t)(here[x + 2] < level) |
                         (uint32_t)(above[x + 1] < level) | (uint32_t)(below[x + 1] < level);
        uint32_t flat = (uint32_t)(here[x] == level) | (uint32_t)(here[x + 2] == level) |
                        (uint32_t)(above[x + 1] == level) | (uint32_t)(below[x + 1] == level);
        if (corners) {
            lower |= (uint32_t)(above[x] < level) | (uint32_t)(above[x + 2] < level) |
                     (uint32_t)(below[x] < level) | (uint32_t)(below[x + 2] < level);
            flat |= (uint32_t)(above[x] == level) | (uint32_t)(above[x + 2] == level) |
                    (uint32_t)(below[x] == level) | (uint32_t)(below[x + 2] == level);
        }
        found[x] = lower | flat << 1;
    }
}

// Which pixels have a lower neighbour. Those with a neighbour as low as themselves wait.
static ppx_status minima_begin(const grid *g, ppx_piece *piece, line *waiting, ppx_error *error) {
    const size_t room = (size_t)g->width + 2;
    ppx_status status = ppx_pool_reserve(&piece->a, 4 * room * sizeof(uint32_t), error);
    if (status)
        return status;
    uint32_t *rows[3] = {piece->a.data}, *found = rows[0] + 3 * room;
    rows[1] = rows[0] + room;
    rows[2] = rows[1] + room;
    levels_row(g, -1, rows[0]);
    levels_row(g, 0, rows[1]);
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        uint32_t *above = rows[y % 3], *here = rows[(y + 1) % 3], *below = rows[(y + 2) % 3];
        levels_row(g, y + 1, below);
        if (g->nnear == 8) // a constant, so that the loop becomes vectors
            look_lower(above, here, below, g->width, true, found);
        else
            look_lower(above, here, below, g->width, false, found);
        uint32_t *flags = ppx_image_row(&g->state, y);
        node *nodes = row_nodes(flags, g->width);
        memcpy(flags, ppx_image_row(&g->in, y),
               (size_t)g->width * (sizeof(uint32_t) + sizeof(node)));
        for (ptrdiff_t x = 0; x < g->width; x++) {
            const bool dam = flags[x] == DAM;
            flags[x] = (found[x] & 1) && !dam ? DESCENDS : flags[x];
            if (found[x] == 3 && !dam)
                line_add(waiting, &nodes[x], (place)(y << 16 | x));
        }
    }
    return PPX_OK;
}

static void minima_on(const grid *g, line *waiting) {
    for (place p; line_take(g, waiting, &p);) {
        node *from = node_at(g, p);
        uint32_t *own = label_at(g, p);
        const unsigned bits = near_bits(g, p);
        for (int k = 0; k < g->nnear; k++) {
            node *at = node_near(g, from, k);
            if (!(bits >> k & 1) || own[g->labels[k]] || at->level != from->level)
                continue;
            own[g->labels[k]] = DESCENDS;
            line_add(waiting, at, p + g->step[k]);
        }
    }
}

static void minima_from_beside(const grid *g, const uint32_t *row, ptrdiff_t y, line *waiting) {
    for (ptrdiff_t x = 0; row && x < g->width; x++) {
        const place p = (place)(y << 16 | x);
        for (ptrdiff_t i = beside_from(g, x); i < beside_to(g, x); i++) {
            const uint32_t level = row_nodes(row, g->width)[i].level, own = node_at(g, p)->level;
            const bool lower = row[i] != DAM && (level < own || (level == own && row[i]));
            if (!lower || *label_at(g, p))
                continue;
            *label_at(g, p) = DESCENDS;
            line_add(waiting, node_at(g, p), p);
        }
    }
}

static ppx_status minima_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                              ppx_error *error) {
    const grid g = grid_of(region, job->values[0].i == 0);
    line waiting = {END, NULL};
    ppx_status status = region->fresh ? minima_begin(&g, piece, &waiting, error) : PPX_OK;
    if (status)
        return status;
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

static inline const uint32_t *basin_row(const ppx_piece *piece, ptrdiff_t row) {
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
        place *waiting = piece->c.data;
        const place from = waiting[--n];
        const unsigned bits = near_bits(g, from);
        ++*area;
        for (int k = 0; k < g->nnear; k++) {
            const place to = from + g->step[k];
            if (!(bits >> k & 1) || *label_at(g, to))
                continue; // outside, or no minimum
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
    const ppx_region region = {.in = *rows, .state = *rows};
    const grid g = grid_of(&region, job->values[0].i == 0);
    for (ptrdiff_t y = 0; y < piece->nrows; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            if (basin_row(piece, y)[x] || ids_of(piece, width, y)[x] != PPX_NO_COMPONENT)
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
        const uint32_t *flags = basin_row(piece, y + k - piece->y0);
        const node *from = row_nodes(flags, job->in.width);
        const uint32_t *ids = ids_of(piece, job->in.width, y + k - piece->y0);
        ground *to = out[k];
        for (ptrdiff_t x = 0; x < job->in.width; x++) {
            const uint32_t none = flags[x] == DAM ? DAM : 0;
            to[x] = (ground){from[x].steps, flags[x] ? none : number[ids[x]] + 1};
        }
    }
}

#endif
