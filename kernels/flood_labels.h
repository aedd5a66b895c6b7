// flood_labels.h: whose water it is: for watershed.c, the label of each pixel.
//
// Each pixel but a seed has the label of the neighbour that comes first in the order of (level,
// steps), of several the first in raster order. Links lead there, and end in seeds. Whose link
// leads out of the piece waits for news of that row, and so does all that links to it.
#ifndef PPX_FLOOD_LABELS_H
#define PPX_FLOOD_LABELS_H

#include "flood_steps.h"

// A label that is not known yet is DAM; only it has a link then.

// The link to the neighbour that the water comes from.
static inline void look_back(const nearby *r, ptrdiff_t width, bool corners, const int32_t *offset,
                             uint32_t *restrict link) {
    const uint32_t *restrict above = r->level[0], *restrict here = r->level[1];
    const uint32_t *restrict below = r->level[2], *restrict s0 = r->steps[0];
    const uint32_t *restrict s1 = r->steps[1], *restrict s2 = r->steps[2];
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t level[8] = {above[x],    above[x + 1], above[x + 2], here[x],
                                   here[x + 2], below[x],     below[x + 1], below[x + 2]};
        const uint32_t steps[8] = {s0[x],     s0[x + 1], s0[x + 2], s1[x],
                                   s1[x + 2], s2[x],     s2[x + 1], s2[x + 2]};
        uint32_t least = here[x + 1], fewest = s1[x + 1];
        int32_t way = 0;
        for (int k = 0; k < 8; k++) {
            if (!corners && !(0x5a >> k & 1))
                continue;
            const bool earlier = (level[k] < least) | ((level[k] == least) & (steps[k] < fewest));
            way = earlier ? offset[k] : way;
            least = earlier ? level[k] : least;
            fewest = earlier ? steps[k] : fewest;
        }
        link[x] = (uint32_t)way;
    }
}

// The lines of planes LEVEL and STEPS around a row, each in its place of three.
static void lines_around(const grid *from, ptrdiff_t y, uint32_t *lines, bool all, nearby *r) {
    const ptrdiff_t room = from->width + 2;
    for (int k = 0; k < 3; k++) {
        uint32_t *level = lines + (y + 3 + k) % 3 * room, *steps = level + 3 * room;
        if (all || k == 2) {
            line_of(from, y - 1 + k, LEVEL, DAM, level);
            line_of(from, y - 1 + k, STEPS, DAM, steps);
        }
        r->level[k] = level;
        r->steps[k] = steps;
    }
}

static void link_row(const grid *g, const grid *in, ptrdiff_t y, const nearby *r) {
    uint32_t *links = plane(g, y, LINK);
    const uint32_t *seeds = plane(in, y, LABEL);
    if (g->corners) // a constant, so that the loop becomes vectors
        look_back(r, g->width, true, g->offset, links);
    else
        look_back(r, g->width, false, g->offset, links);
    for (ptrdiff_t x = 0; x < g->width; x++)
        links[x] = seeds[x] ? 0 : links[x];
}

// What a piece keeps: the rows beside it, which of them it knows, and which of its own first and
// last row have links.
typedef struct beside {
    bool known[2], linked[2];
    uint32_t rows[];
} beside;

// Whether row y of a piece lies along another piece on that side, 0: above, 1: below.
static inline bool is_border(const ppx_job *job, const ppx_piece *piece, ptrdiff_t y, int side) {
    return side ? y == piece->nrows - 1 && piece->y0 + piece->nrows < job->in.height
                : y == 0 && piece->y0 > 0;
}

static ppx_status begin_labels(const ppx_job *job, ppx_piece *piece, const grid *g, const grid *in,
                               ppx_error *error) {
    const size_t room = (size_t)g->width + 2, nbytes = (size_t)g->width * sizeof(uint32_t);
    ppx_status status = ppx_pool_reserve(&piece->c, 6 * room * sizeof(uint32_t), error);
    if (!status)
        status = ppx_pool_reserve(&piece->b, sizeof(beside) + 2 * (LINK + 1) * nbytes, error);
    if (status)
        return status;
    *(beside *)piece->b.data = (beside){.known = {false}};
    nearby r;
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        uint32_t *labels = plane(g, y, LABEL), *links = plane(g, y, LINK);
        const bool waits = is_border(job, piece, y, 0) || is_border(job, piece, y, 1);
        lines_around(in, y, piece->c.data, y == 0, &r);
        link_row(g, in, y, &r);
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
    nearby r;
    lines_around(in, y, piece->c.data, true, &r);
    link_row(g, in, y, &r);
    kept->linked[side] = true;
}

// The label that a link from (x, y) leads to, which may lie in a row beside.
static inline uint32_t label_there(const grid *g, const grid *in, ptrdiff_t y, ptrdiff_t x) {
    const int32_t link = (int32_t)plane(g, y, LINK)[x];
    const uint32_t *labels = plane(g, y, LABEL);
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
    uint32_t *labels = plane(g, y, LABEL);
    const uint32_t *links = plane(g, y, LINK);
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
        uint32_t *label = pixel(g, p, LABEL), *link = pixel(g, p, LINK);
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
            memcpy(kept->rows + (size_t)side * nwords, news[side], nwords * sizeof(uint32_t));
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
