// flood_labels.h: whose water it is: for watershed.c, the label of each pixel.
//
// Ways lead to labels, and end in seeds. What leads out of the piece waits for news of the row
// there.
#ifndef PPX_FLOOD_LABELS_H
#define PPX_FLOOD_LABELS_H

#include "flood_steps.h"

// The only plane.
static inline int32_t *label_row(const grid *g, ptrdiff_t y) {
    return plane(g, y, 0);
}

static ppx_status begin_labels(const ppx_job *job, ppx_piece *piece, const grid *g, const grid *in,
                               ppx_error *error) {
    const size_t nbytes = WAY_LINES * line_room(g) * sizeof(int32_t);
    ppx_status status = ppx_pool_reserve(&piece->c, nbytes, error);
    if (status)
        return status;
    int32_t *at = piece->c.data;
    memset(at, 0, nbytes);
    flood_line(in, -1, at);
    flood_line(in, 0, at);
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        int32_t *labels = label_row(g, y);
        const int32_t *seeds = plane(in, y, LABEL);
        flood_line(in, y + 1, at);
        const bool up = is_border(job, piece, y, 0), down = is_border(job, piece, y, 1);
        const int32_t *ways = up || down ? seeds : ways_of(in, y, at); // they are there already
        for (ptrdiff_t x = 0; x < g->width; x++)
            labels[x] = seeds[x] ? seeds[x] : ways[x] ? ways[x] : DAM;
        for (ptrdiff_t x = 0; (up || down) && x < g->width; x++) {
            const int k = labels[x] - A_WAY;
            if (is_way(labels[x]) && ((up && k < 3) || (down && k >= 5)))
                labels[x] = k + WAITING;
        }
    }
    ppx_pool_free(&piece->c);
    follow_ways(g, 0);
    return PPX_OK;
}

// ---- From the rows beside the piece -------------------------------------------------------------

// The labels of what waits for one in a row above or below.
static ppx_status labels_from_beside(const grid *g, const int32_t *row, int side, queue *q,
                                     ppx_error *error) {
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    const ptrdiff_t y = side ? g->nrows - 1 : 0;
    int32_t *labels = label_row(g, y);
    for (ptrdiff_t x = 0; x < g->width; x++) {
        const int k = labels[x] - WAITING;
        if (!is_waiting(labels[x]) || (side ? k < 5 : k > 2))
            continue;
        const int32_t label = row[x + (side ? k - 6 : k - 1)];
        if (is_way(label) || is_waiting(label))
            continue;
        labels[x] = label;
        queue_add(q, (place)(y << 16 | x));
    }
    return PPX_OK;
}

// Labels go to all whose way leads to where they are, and on.
static ppx_status hand_on_labels(const grid *g, queue *q, ppx_error *error) {
    while (q->head < q->tail) {
        ppx_status status = queue_reserve(q, NEAR, error);
        if (status)
            return status;
        const place p = queue_take(q);
        int32_t *label = pixel(g, p, 0);
        for (unsigned bits = near_bits(g, p); bits; bits &= bits - 1) {
            const int k = __builtin_ctz(bits), back = NEAR - 1 - k;
            if (label[g->offset[k]] != back + WAITING)
                continue;
            label[g->offset[k]] = *label;
            queue_add(q, p + g->step[k]);
        }
    }
    return PPX_OK;
}

static ppx_status labels_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                              ppx_error *error) {
    const grid g = grid_of(&region->state, job->values[0].i == 0);
    const grid in = grid_of(&region->in, g.corners);
    ppx_status status = region->fresh ? begin_labels(job, piece, &g, &in, error) : PPX_OK;
    queue q = {.pool = &piece->a};
    if (!status && region->above)
        status = labels_from_beside(&g, region->above, 0, &q, error);
    if (!status && region->below)
        status = labels_from_beside(&g, region->below, 1, &q, error);
    if (!status)
        status = hand_on_labels(&g, &q, error);
    ppx_pool_free(&piece->a);
    return status;
}

#endif
