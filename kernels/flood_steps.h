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

// One bit for each of three pixels in a row that are at this level and take more steps.
static inline unsigned farther(const uint32_t *levels, const uint32_t *steps, uint32_t level,
                               uint32_t step) {
#ifdef __SSE2__
    const __m128i far = _mm_loadu_si128((const __m128i *)(const void *)steps);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)levels);
    const __m128i found = _mm_and_si128(_mm_cmpgt_epi32(far, _mm_set1_epi32((int)step)),
                                        _mm_cmpeq_epi32(high, _mm_set1_epi32((int)level)));
    return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(found)) & 7;
#else
    unsigned bits = 0;
    for (int k = 0; k < 3; k++)
        bits |= (unsigned)(levels[k] == level && (int32_t)steps[k] > (int32_t)step) << k;
    return bits;
#endif
}

// The neighbours of p that a step from there is news for.
static inline unsigned spread_bits(const grid *g, place p, const uint32_t *at, uint32_t step) {
    const uint32_t *steps = at + STEPS * g->width;
    unsigned bits = 0;
    if (is_inside(g, p)) {
        bits = farther(at - 1 - g->row, steps - 1 - g->row, *at, step) |
               (farther(at - 1, steps - 1, *at, step) & 1) << 3 |
               (farther(at - 1, steps - 1, *at, step) & 4) << 2 |
               farther(at - 1 + g->row, steps - 1 + g->row, *at, step) << 5;
        return g->corners ? bits : bits & 0x5a;
    }
    for (unsigned near = near_bits(g, p); near; near &= near - 1) {
        const int k = __builtin_ctz(near);
        const int32_t to = g->offset[k];
        if (at[to] == *at && (int32_t)steps[to] > (int32_t)step)
            bits |= 1u << k;
    }
    return bits;
}

enum { AHEAD = 8 };

static void foresee(const grid *g, const queue *q) {
    const place p = ((const place *)q->pool->data)[q->head + AHEAD];
    const uint32_t *at = pixel(g, p, LEVEL), *steps = at + STEPS * g->width;
    for (int dy = -1; dy <= 1; dy++) {
        __builtin_prefetch(at + dy * g->row);
        __builtin_prefetch(steps + dy * g->row, 1);
    }
}

static ppx_status spread(const grid *g, queue *q, ppx_error *error) {
    while (q->head < q->tail) {
        ppx_status status = queue_reserve(q, 8, error);
        if (status)
            return status;
        if (q->head + AHEAD < q->tail)
            foresee(g, q);
        const place p = queue_take(q);
        uint32_t *at = pixel(g, p, LEVEL), *steps = at + STEPS * g->width;
        const uint32_t step = *steps + 1;
        for (unsigned bits = spread_bits(g, p, at, step); bits; bits &= bits - 1) {
            const int k = __builtin_ctz(bits);
            steps[g->offset[k]] = step;
            queue_add(q, p + g->step[k]);
        }
    }
    return PPX_OK;
}

// ---- Where they begin ---------------------------------------------------------------------------

// 0 next to a lower level, else FAR.
static inline void look_lower(const uint32_t *restrict above, const uint32_t *restrict here,
                              const uint32_t *restrict below, ptrdiff_t width, bool corners,
                              uint32_t *restrict steps) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t around[8] = {above[x],    above[x + 1], above[x + 2], here[x],
                                    here[x + 2], below[x],     below[x + 1], below[x + 2]};
        uint32_t lower = 0;
        for (int k = 0; k < 8; k++)
            if (corners || (0x5a >> k & 1))
                lower |= (uint32_t)(around[k] < here[x + 1]);
        steps[x] = lower ? 0 : FAR;
    }
}

// Lines of levels and of steps, around a row.
typedef struct nearby {
    const uint32_t *level[3], *steps[3];
} nearby;

// 1 for what is FAR and has a neighbour as high at no steps.
static inline void look_first(const nearby *r, ptrdiff_t width, bool corners,
                              uint8_t *restrict found) {
    const uint32_t *restrict above = r->level[0], *restrict here = r->level[1];
    const uint32_t *restrict below = r->level[2], *restrict s0 = r->steps[0];
    const uint32_t *restrict s1 = r->steps[1], *restrict s2 = r->steps[2];
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t own = here[x + 1];
        const uint32_t level[8] = {above[x],    above[x + 1], above[x + 2], here[x],
                                   here[x + 2], below[x],     below[x + 1], below[x + 2]};
        const uint32_t steps[8] = {s0[x],     s0[x + 1], s0[x + 2], s1[x],
                                   s1[x + 2], s2[x],     s2[x + 1], s2[x + 2]};
        uint32_t first = 0;
        for (int k = 0; k < 8; k++)
            if (corners || (0x5a >> k & 1))
                first |= (uint32_t)(level[k] == own) & (uint32_t)(steps[k] == 0);
        found[x] = (uint8_t)(first & (uint32_t)(s1[x + 1] == FAR));
    }
}

// The steps of a row as far as they are 0, and the same in a line.
static void begin_row(const grid *g, const grid *in, ptrdiff_t y, uint32_t *const levels[3],
                      uint32_t *line) {
    uint32_t *steps = plane(g, y, STEPS);
    const uint32_t *seeds = plane(in, y, LABEL);
    if (g->corners) // a constant, so that the loop becomes vectors
        look_lower(levels[0], levels[1], levels[2], g->width, true, steps);
    else
        look_lower(levels[0], levels[1], levels[2], g->width, false, steps);
    for (ptrdiff_t x = 0; x < g->width; x++)
        steps[x] = seeds[x] == DAM ? DAM : seeds[x] ? 0 : steps[x];
    memcpy(plane(g, y, LEVEL), plane(in, y, LEVEL), 2 * (size_t)g->width * sizeof *steps);
    line_of(g, y, STEPS, DAM, line);
}

static ppx_status first_row(const grid *g, ptrdiff_t y, const nearby *r, uint8_t *found, queue *q,
                            ppx_error *error) {
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    if (g->corners)
        look_first(r, g->width, true, found);
    else
        look_first(r, g->width, false, found);
    uint32_t *steps = plane(g, y, STEPS);
    for (ptrdiff_t x0 = 0; x0 < g->width; x0 += 8) {
        uint64_t eight;
        memcpy(&eight, found + x0, sizeof eight);
        for (; eight; eight &= eight - 1) {
            const ptrdiff_t x = x0 + (__builtin_ctzll(eight) >> 3);
            steps[x] = 1;
            queue_add(q, (place)(y << 16 | x));
        }
    }
    return PPX_OK;
}

static ppx_status begin_steps(const grid *g, const grid *in, ppx_pool *scratch, queue *q,
                              ppx_error *error) {
    const size_t room = (size_t)g->width + 2;
    ppx_status status = ppx_pool_reserve(scratch, 8 * room * sizeof(uint32_t) + 8, error);
    if (status)
        return status;
    uint32_t *lines = scratch->data;
    uint8_t *found = (uint8_t *)(lines + 7 * room);
    memset(found, 0, room * sizeof(uint32_t));
    // Of levels row y is in line y & 3, of steps in line 4 + y % 3.
    line_of(in, -1, LEVEL, DAM, lines + 3 * room);
    line_of(in, 0, LEVEL, DAM, lines);
    line_of(g, -1, STEPS, DAM, lines + 6 * room);
    for (ptrdiff_t y = 0; !status && y <= g->nrows; y++) {
        uint32_t *levels[4];
        for (int k = 0; k < 4; k++)
            levels[k] = lines + (size_t)((y + 2 + k) & 3) * room;
        uint32_t *steps[3];
        for (int k = 0; k < 3; k++)
            steps[k] = lines + (4 + (size_t)((y + 1 + k) % 3)) * room;
        // levels: rows y - 2, y - 1, y, y + 1; steps: rows y - 2, y - 1, y
        line_of(in, y + 1, LEVEL, DAM, levels[3]);
        if (y < g->nrows)
            begin_row(g, in, y, levels + 1, steps[2]);
        else
            line_of(g, y, STEPS, DAM, steps[2]);
        const nearby r = {{levels[0], levels[1], levels[2]}, {steps[0], steps[1], steps[2]}};
        if (y > 0)
            status = first_row(g, y - 1, &r, found, q, error);
    }
    return status;
}

// ---- And beside the piece -----------------------------------------------------------------------

static ppx_status steps_from_beside(const grid *g, const uint32_t *row, ptrdiff_t y, queue *q,
                                    ppx_error *error) {
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    const ptrdiff_t reach = g->corners ? 1 : 0;
    uint32_t *steps = plane(g, y, STEPS);
    for (ptrdiff_t x = 0; x < g->width; x++) {
        const uint32_t level = plane(g, y, LEVEL)[x], old = steps[x];
        for (ptrdiff_t i = x - reach; i <= x + reach; i++) {
            if (i < 0 || i >= g->width || row[i] > level || old == DAM)
                continue;
            const uint32_t beside = row[STEPS * g->width + i];
            const uint32_t step = row[i] < level ? 0 : beside < FAR ? beside + 1 : FAR;
            steps[x] = step < steps[x] ? step : steps[x];
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
        status = begin_steps(&g, &in, &piece->c, &q, error);
    }
    if (!status && region->above)
        status = steps_from_beside(&g, region->above, 0, &q, error);
    if (!status && region->below)
        status = steps_from_beside(&g, region->below, g.nrows - 1, &q, error);
    if (!status)
        status = spread(&g, &q, error);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->c);
    return status;
}

#endif
