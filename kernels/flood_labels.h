// flood_labels.h: whose water it is: for watershed.c, the label of each pixel.
//
// Each pixel but a seed has the label of the neighbour that comes first in the order of (level,
// steps), of several the first in raster order. Links lead there, and end in seeds. Whose link
// leads out of the piece waits for news of that row, and so does all that links to it.
#ifndef PPX_FLOOD_LABELS_H
#define PPX_FLOOD_LABELS_H

#include "flood_steps.h"

// A label that is not known yet is DAM; only it has a link then.

// The links to the neighbours that the water comes from.
LANES_INLINE void look_back(const lines *level, const lines *steps, ptrdiff_t x, bool corners,
                            const int32_t *offset, int32_t *links) {
    wides least = here_of(level, x), fewest = here_of(steps, x), way = {0};
#pragma GCC unroll 8
    for (int k = 0; k < NEAR; k++) {
        if (!corners && !(EDGES >> k & 1))
            continue;
        const wides near = near_of(level, x, k), far = near_of(steps, x, k);
        const wides earlier =
            (wides)(near < least) | ((wides)(near == least) & (wides)(far < fewest));
        way = wides_either(earlier, wides_all(offset[k]), way);
        least = wides_min(least, near);
        fewest = wides_either(earlier, far, fewest);
    }
    wides_store(links + x, way);
}

// Of planes LEVEL and STEPS row y is in line y % 3 of three.
static void flood_line(const grid *from, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(from), k = (size_t)((y + 3) % 3);
    int32_t *steps = at + (3 + k) * room;
    line_of(from, y, LEVEL, TOP, at + k * room);
    line_of(from, y, STEPS, FAR, steps);
    for (ptrdiff_t x = 1; x <= from->width; x++)
        steps[x] = steps[x] == DAM ? FAR : steps[x];
}

static void link_row(const grid *g, const grid *in, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(g);
    int32_t *links = at + 6 * room, *to = plane(g, y, LINK);
    const int32_t *seeds = plane(in, y, LABEL);
    lines level, steps;
    for (int k = 0; k < 3; k++) {
        level.at[k] = at + (size_t)((y + 2 + k) % 3) * room;
        steps.at[k] = level.at[k] + 3 * room;
    }
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_back(&level, &steps, x, true, g->offset, links);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_back(&level, &steps, x, false, g->offset, links);
    for (ptrdiff_t x = 0; x < g->width; x++)
        to[x] = seeds[x] ? 0 : links[x];
}

// What a piece keeps: the rows beside it, which of them it knows, and which of its own first and
// last row have links.
typedef struct beside {
    bool known[2], linked[2];
    int32_t rows[];
} beside;

// Whether row y of a piece lies along another piece on that side, 0: above, 1: below.
static inline bool is_border(const ppx_job *job, const ppx_piece *piece, ptrdiff_t y, int side) {
    return side ? y == piece->nrows - 1 && piece->y0 + piece->nrows < job->in.height
                : y == 0 && piece->y0 > 0;
}

static ppx_status begin_labels(const ppx_job *job, ppx_piece *piece, const grid *g, const grid *in,
                               ppx_error *error) {
    const size_t room = line_room(g), nbytes = (size_t)g->width * sizeof(int32_t);
    ppx_status status = ppx_pool_reserve(&piece->c, 7 * room * sizeof(int32_t), error);
    if (!status)
        status = ppx_pool_reserve(&piece->b, sizeof(beside) + 2 * (LINK + 1) * nbytes, error);
    if (status)
        return status;
    *(beside *)piece->b.data = (beside){.known = {false}};
    int32_t *at = piece->c.data;
    memset(at, 0, 7 * room * sizeof *at);
    flood_line(in, -1, at);
    flood_line(in, 0, at);
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        int32_t *labels = plane(g, y, LABEL), *links = plane(g, y, LINK);
        const bool waits = is_border(job, piece, y, 0) || is_border(job, piece, y, 1);
        flood_line(in, y + 1, at);
        link_row(g, in, y, at);
        memcpy(labels, plane(in, y, LABEL), nbytes);
        if (waits) { // and is shown to the pieces beside
            memcpy(plane(g, y, LEVEL), plane(in, y, LEVEL), nbytes);
            memcpy(plane(g, y, STEPS), plane(in, y, STEPS), nbytes);
            memset(links, 0, nbytes);
        }
        for (ptrdiff_t x = 0; x < g->width; x++)
            labels[x] = links[x] || labels[x] ? labels[x] : DAM;
    }
    follow_links(g, LINK);
    return PPX_OK;
}

// ---- From the rows beside the piece -------------------------------------------------------------

// Links a border row as soon as all rows around it are known.
static void link_border(const ppx_job *job, ppx_piece *piece, const grid *g, const grid *in,
                        int side) {
    beside *kept = piece->b.data;
    const ptrdiff_t y = side ? g->nrows - 1 : 0;
    for (int k = 0; k < 2; k++)
        if (is_border(job, piece, y, k) && !kept->known[k])
            return;
    for (int dy = -1; dy <= 1; dy++)
        flood_line(in, y + dy, piece->c.data);
    link_row(g, in, y, piece->c.data);
    kept->linked[side] = true;
}

// The label that a link from (x, y) leads to, which may lie in a row beside.
static inline int32_t label_there(const grid *g, const grid *in, ptrdiff_t y, ptrdiff_t x) {
    const int32_t link = (int32_t)plane(g, y, LINK)[x];
    const int32_t *labels = plane(g, y, LABEL);
    if (y == 0 && link <= g->offset[2])
        return (in->above + LABEL * g->width)[x + link + g->row];
    if (y == g->nrows - 1 && link >= g->offset[5])
        return (in->below + LABEL * g->width)[x + link - g->row];
    return labels[x + link];
}

static ppx_status label_border(const grid *g, const grid *in, ptrdiff_t y, queue *q,
                               ppx_error *error) {
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    int32_t *labels = plane(g, y, LABEL);
    const int32_t *links = plane(g, y, LINK);
    for (ptrdiff_t x = 0; x < g->width; x++) {
        if (labels[x] != DAM || !links[x])
            continue;
        labels[x] = label_there(g, in, y, x);
        if (labels[x] != DAM)
            queue_add(q, (place)(y << 16 | x));
    }
    return PPX_OK;
}

// Labels go to all that links to where they are, and on.
static ppx_status hand_on_labels(const grid *g, queue *q, ppx_error *error) {
    while (q->head < q->tail) {
        ppx_status status = queue_reserve(q, 8, error);
        if (status)
            return status;
        const place p = queue_take(q);
        int32_t *label = pixel(g, p, LABEL), *link = pixel(g, p, LINK);
        for (unsigned bits = near_bits(g, p); bits; bits &= bits - 1) {
            const int k = __builtin_ctz(bits);
            const int32_t to = g->offset[k];
            if (label[to] != DAM || (int32_t)link[to] != -to)
                continue;
            label[to] = *label;
            queue_add(q, p + g->step[k]);
        }
    }
    return PPX_OK;
}

static ppx_status labels_from_beside(const ppx_job *job, ppx_piece *piece, const grid *g, grid *in,
                                     const ppx_region *region, ppx_error *error) {
    beside *kept = piece->b.data;
    const void *const news[2] = {region->above, region->below};
    const size_t nwords = (size_t)g->width * (LINK + 1);
    for (int side = 0; side < 2; side++) {
        if (news[side])
            memcpy(kept->rows + (size_t)side * nwords, news[side], nwords * sizeof(int32_t));
        kept->known[side] |= news[side] != NULL;
    }
    in->above = kept->known[0] ? kept->rows : NULL;
    in->below = kept->known[1] ? kept->rows + nwords : NULL;
    queue q = {.pool = &piece->a};
    ppx_status status = PPX_OK;
    for (int side = 0; !status && side < 2; side++) {
        const ptrdiff_t y = side ? g->nrows - 1 : 0;
        if (!is_border(job, piece, y, side))
            continue;
        if (!kept->linked[side])
            link_border(job, piece, g, in, side);
        if (kept->linked[side])
            status = label_border(g, in, y, &q, error);
    }
    if (!status)
        status = hand_on_labels(g, &q, error);
    ppx_pool_free(&piece->a);
    return status;
}

static ppx_status labels_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                              ppx_error *error) {
    const grid g = grid_of(&region->state, job->values[0].i == 0);
    grid in = grid_of(&region->in, g.corners);
    ppx_status status = PPX_OK;
    if (region->fresh)
        status = begin_labels(job, piece, &g, &in, error);
    if (!status && (region->above || region->below))
        status = labels_from_beside(job, piece, &g, &in, region, error);
    return status;
}

#endif
