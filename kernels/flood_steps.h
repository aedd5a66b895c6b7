// flood_steps.h: how far the water runs at a level: for watershed.c, the steps of each pixel.
//
// None for a seed, nor next to a lower level. From there they spread over what is as high, in a
// queue of places, breadth first over all plateaus at once: the next ring of each of them is met
// nearly in raster order, so that memory is read nearly in order too. What nothing comes to stays
// FAR: the minima, where there are no seeds.
#ifndef PPX_FLOOD_STEPS_H
#define PPX_FLOOD_STEPS_H

#include "flood.h"

typedef struct queue {
    ppx_pool *pool;
    size_t head, tail, room;
} queue;

static ppx_status queue_reserve(queue *q, size_t more, ppx_error *error) {
    if (q->tail + more <= q->room)
        return PPX_OK;
    ppx_status status = ppx_pool_reserve(q->pool, (q->tail + more) * sizeof(place), error);
    q->room = q->pool->nbytes / sizeof(place);
    return status;
}

static inline void queue_add(queue *q, place p) {
    ((place *)q->pool->data)[q->tail++] = p;
}

static inline place queue_take(queue *q) {
    return ((const place *)q->pool->data)[q->head++];
}

enum { AHEAD = 8 };

static void foresee(const grid *g, const queue *q) {
    const place p = ((const place *)q->pool->data)[q->head + AHEAD];
    const int32_t *at = pixel(g, p, LEVEL), *steps = at + STEPS * g->width;
    for (int dy = -1; dy <= 1; dy++) {
        __builtin_prefetch(at + dy * g->row);
        __builtin_prefetch(steps + dy * g->row, 1);
    }
}

// A step from p to a neighbour. No branches: they would go either way.
static inline void step_to(const grid *g, queue *q, place p, int32_t *at, int k) {
    const ptrdiff_t to = g->offset[k];
    int32_t *steps = at + STEPS * g->width;
    const int32_t old = steps[to], step = *steps + 1;
    const bool news = (old > step) & (at[to] == *at);
    steps[to] = news ? step : old;
    ((place *)q->pool->data)[q->tail] = p + g->step[k];
    q->tail += news;
}

// From all that waits, and on. What took as many steps as are allowed now waits in `later`.
static ppx_status spread(const grid *g, queue *q, int32_t most, queue *later, ppx_error *error) {
    while (q->head < q->tail) {
        ppx_status status = queue_reserve(q, NEAR, error);
        if (status)
            return status;
        if (q->head + AHEAD < q->tail)
            foresee(g, q);
        const place p = queue_take(q);
        int32_t *at = pixel(g, p, LEVEL);
        if (at[STEPS * g->width] >= most) {
            status = queue_reserve(later, 1, error);
            if (status)
                return status;
            queue_add(later, p);
            continue;
        }
        const unsigned bits = near_bits(g, p);
        if (bits == 0xff)
            for (int k = 0; k < NEAR; k++)
                step_to(g, q, p, at, k);
        else
            for (unsigned left = bits; left; left &= left - 1)
                step_to(g, q, p, at, __builtin_ctz(left));
    }
    q->head = q->tail = 0;
    return PPX_OK;
}

// ---- Where they begin ---------------------------------------------------------------------------

// 0 next to a lower level, else FAR.
LANES_INLINE void look_lower(const lines *level, ptrdiff_t x, bool corners, int32_t *steps) {
    const wides own = here_of(level, x);
    wides least = own;
#pragma GCC unroll 8
    for (int k = 0; k < NEAR; k++)
        if (corners || (EDGES >> k & 1))
            least = wides_min(least, near_of(level, x, k));
    wides_store(steps + x, (wides)(least == own) & wides_all(FAR));
}

// Not 0 for what takes more than a step now and has a neighbour as high that takes none.
LANES_INLINE void look_first(const lines *level, const lines *steps, ptrdiff_t x, bool corners,
                             int32_t *first) {
    const wides own = here_of(level, x);
    wides found = {0};
#pragma GCC unroll 8
    for (int k = 0; k < NEAR; k++)
        if (corners || (EDGES >> k & 1))
            found |= (wides)(near_of(level, x, k) == own) &
                     (wides)(near_of(steps, x, k) == wides_all(0));
    wides_store(first + x, found & (wides)(here_of(steps, x) > wides_all(1)));
}

// Steps as far as they are 0. The lines: three of levels, row y in y % 3, and one more.
static void begin_row(const grid *g, const grid *in, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(g);
    int32_t *steps = plane(g, y, STEPS), *found = at + 3 * room;
    const int32_t *seeds = plane(in, y, LABEL);
    lines level;
    for (int k = 0; k < 3; k++)
        level.at[k] = at + (size_t)((y + 2 + k) % 3) * room;
    line_of(in, y + 1, LEVEL, TOP, at + (size_t)((y + 1) % 3) * room);
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_lower(&level, x, true, found);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_lower(&level, x, false, found);
    for (ptrdiff_t x = 0; x < g->width; x++)
        steps[x] = seeds[x] == DAM ? DAM : seeds[x] ? 0 : found[x];
    memcpy(plane(g, y, LEVEL), plane(in, y, LEVEL), STEPS * (size_t)g->width * sizeof *steps);
}

// Where a first step leads. The lines: three of levels and three of steps, and one more.
static ppx_status first_row(const grid *g, ptrdiff_t y, int32_t *at, queue *q, ppx_error *error) {
    const size_t room = line_room(g), next = (size_t)((y + 1) % 3);
    int32_t *first = at + 6 * room, *steps = plane(g, y, STEPS);
    lines level, around;
    for (int k = 0; k < 3; k++) {
        level.at[k] = at + (size_t)((y + 2 + k) % 3) * room;
        around.at[k] = level.at[k] + 3 * room;
    }
    line_of(g, y + 1, LEVEL, TOP, at + next * room);
    line_of(g, y + 1, STEPS, DAM, at + (3 + next) * room);
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_first(&level, &around, x, true, first);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_first(&level, &around, x, false, first);
    for (ptrdiff_t x = 0; x < g->width; x++)
        if (first[x]) {
            steps[x] = 1;
            queue_add(q, (place)(y << 16 | x));
        }
    return PPX_OK;
}

// Goes down the piece, with few steps from each block of rows, so that what they touch is in a
// cache; rows that they can reach have been begun. Most plateaus end here.
enum { BLOCK = 16, FEW = 16 };

static ppx_status begin_steps(const grid *g, const grid *in, ppx_piece *piece, queue *later,
                              ppx_error *error) {
    const size_t room = line_room(g);
    ppx_status status = ppx_pool_reserve(&piece->c, 11 * room * sizeof(int32_t), error);
    if (status)
        return status;
    queue q = {.pool = &piece->b};
    int32_t *at = piece->c.data, *after = at + 4 * room;
    memset(at, 0, 11 * room * sizeof *at);
    line_of(in, -1, LEVEL, TOP, at + 2 * room);
    line_of(in, 0, LEVEL, TOP, at);
    for (ptrdiff_t y = 0; !status && y < g->nrows + FEW; y++) {
        const ptrdiff_t from = y - FEW;
        if (y < g->nrows)
            begin_row(g, in, y, at);
        if (from < 0)
            continue;
        if (from == 0) {
            line_of(g, -1, LEVEL, TOP, after + 2 * room);
            line_of(g, 0, LEVEL, TOP, after);
            line_of(g, -1, STEPS, DAM, after + 5 * room);
            line_of(g, 0, STEPS, DAM, after + 3 * room);
        }
        status = first_row(g, from, after, &q, error);
        if (!status && ((from + 1) % BLOCK == 0 || from + 1 == g->nrows))
            status = spread(g, &q, FEW, later, error);
    }
    ppx_pool_free(&piece->b);
    return status;
}

// ---- And beside the piece -----------------------------------------------------------------------

static ppx_status steps_from_beside(const grid *g, const int32_t *row, ptrdiff_t y, queue *q,
                                    ppx_error *error) {
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    const ptrdiff_t reach = g->corners ? 1 : 0;
    const int32_t *levels = plane(g, y, LEVEL);
    int32_t *steps = plane(g, y, STEPS);
    for (ptrdiff_t x = 0; x < g->width; x++) {
        const int32_t old = steps[x];
        for (ptrdiff_t i = x - reach; i <= x + reach; i++) {
            if (i < 0 || i >= g->width)
                continue;
            const int32_t beside = row[STEPS * g->width + i]; // DAM and FAR bring nothing
            if (row[i] < levels[x])
                steps[x] = lower(steps[x], 0);
            else if (row[i] == levels[x] && beside >= 0 && beside < FAR)
                steps[x] = lower(steps[x], beside + 1);
        }
        if (steps[x] != old)
            queue_add(q, (place)(y << 16 | x));
    }
    return PPX_OK;
}

static ppx_status steps_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                             ppx_error *error) {
    const grid g = grid_of(&region->state, job->values[0].i == 0);
    queue q = {.pool = &piece->a};
    ppx_status status = PPX_OK;
    if (region->fresh) {
        const grid in = grid_of(&region->in, g.corners);
        status = begin_steps(&g, &in, piece, &q, error);
    }
    if (!status && region->above)
        status = steps_from_beside(&g, region->above, 0, &q, error);
    if (!status && region->below)
        status = steps_from_beside(&g, region->below, g.nrows - 1, &q, error);
    if (!status)
        status = spread(&g, &q, FAR, NULL, error);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->c);
    return status;
}

#endif
