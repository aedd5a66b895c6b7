// flood_steps.h: how far the water runs at a level: for watershed.c, the steps of each pixel.
//
// None for a seed, nor next to a lower level; from there they spread over what is as high. What
// nothing comes to stays FAR: the minima, where there are no seeds. Rows along other pieces have
// ways too at the end, in plane LABEL: who takes it from there does not know what lies beside them.
#ifndef PPX_FLOOD_STEPS_H
#define PPX_FLOOD_STEPS_H

#include "flood_shallows.h"
#include "flood_ways.h"

// ---- Within a piece -----------------------------------------------------------------------------

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

// Which neighbours are as high, into bits; not 0 for the first steps: for what is FAR and has one
// of them that is not.
LANES_INLINE wides look_level(const lines *level, const lines *steps, ptrdiff_t x, bool corners,
                              int32_t *found) {
    const wides own = here_of(level, x);
    wides same = {0}, drained = {0};
#pragma GCC unroll 8
    for (int k = 0; k < NEAR; k++) {
        if (!corners && !(EDGES >> k & 1))
            continue;
        const wides flat = (wides)(near_of(level, x, k) == own);
        same |= flat & wides_all(1 << k);
        drained |= flat & (wides)(near_of(steps, x, k) == wides_all(0));
    }
    wides_store(found + x, same);
    return drained & (wides)(here_of(steps, x) == wides_all(FAR));
}

// Lines: of levels row y is in line y & 3, of steps in line 4 + (y & 3); then what is found.
enum { STEP_LINES = 9 };

static lines lines_around(int32_t *at, size_t room, ptrdiff_t y) {
    lines l;
    for (int k = 0; k < 3; k++)
        l.at[k] = at + (size_t)((y - 1 + k) & 3) * room;
    return l;
}

// A line of steps, as far as they are 0.
static void begin_row(const grid *in, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(in);
    const lines level = lines_around(at, room, y);
    int32_t *line = at + (4 + (size_t)(y & 3)) * room, *steps = line + 1;
    const int32_t *seeds = plane(in, y, LABEL);
    if (in->corners) // a constant
        for (ptrdiff_t x = 0; x < in->width; x += WORDS)
            look_lower(&level, x, true, steps);
    else
        for (ptrdiff_t x = 0; x < in->width; x += WORDS)
            look_lower(&level, x, false, steps);
    for (ptrdiff_t x = 0; x < in->width; x++)
        steps[x] = seeds[x] == DAM ? DAM : seeds[x] ? 0 : steps[x];
    line[0] = steps[in->width] = DAM;
}

// Opens up to 64 pixels from x on, a multiple of 64: where steps can spread, and where the first
// ones lead.
LANES_INLINE void open_64(const grid *in, ptrdiff_t y, ptrdiff_t x, int32_t *at, bool corners,
                          shallows *s) {
    const size_t room = line_room(in);
    const lines level = lines_around(at, room, y), steps = lines_around(at + 4 * room, room, y);
    const ptrdiff_t n = in->width - x < 64 ? in->width - x : 64;
    int32_t *found = at + 8 * room;
    uint64_t open = 0, others = 0;
    for (ptrdiff_t k = 0; k < n; k += WORDS) {
        const wides first = look_level(&level, &steps, x + k, corners, found);
        const wides here = here_of(&steps, x + k);
        others |= (uint64_t)words_equal((words)first, words_all(0)) << k;
        open |= (uint64_t)words_equal((words)here, words_all(FAR)) << k;
    }
    const uint64_t all = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
    uint64_t firsts = ~others & all;
    open_bits(s, y, x, open & all, firsts);
    for (; firsts; firsts &= firsts - 1)
        queue_add(&s->waiting, (place)(y << 16 | (x + __builtin_ctzll(firsts))));
}

static void open_row(const grid *in, ptrdiff_t y, int32_t *at, shallows *s) {
    if (in->corners) // a constant
        for (ptrdiff_t x = 0; x < in->width; x += 64)
            open_64(in, y, x, at, true, s);
    else
        for (ptrdiff_t x = 0; x < in->width; x += 64)
            open_64(in, y, x, at, false, s);
    const int32_t *restrict found = at + 8 * line_room(in);
    uint8_t *restrict same = s->found + y * in->width;
    for (ptrdiff_t x = 0; x < in->width; x++)
        same[x] = (uint8_t)found[x];
}

static ppx_status open_shallows(const grid *in, ppx_piece *piece, shallows *s, ppx_error *error) {
    const size_t room = line_room(in), nbytes = STEP_LINES * room * sizeof(int32_t);
    ppx_status status = ppx_pool_reserve(&piece->c, nbytes, error);
    if (!status)
        status = shallows_create(s, in, piece, error);
    if (status)
        return status;
    int32_t *at = piece->c.data;
    memset(at, 0, nbytes);
    line_of(in, -1, LEVEL, TOP, at + 3 * room);
    line_of(in, 0, LEVEL, TOP, at);
    line_of(in, -1, STEPS, DAM, at + 7 * room);
    for (ptrdiff_t y = 0; y <= in->nrows; y++) {
        line_of(in, y + 1, LEVEL, TOP, at + (size_t)((y + 1) & 3) * room);
        if (y < in->nrows)
            begin_row(in, y, at);
        else
            line_of(in, y, STEPS, DAM, at + (4 + (size_t)(y & 3)) * room);
        if (y > 0)
            open_row(in, y - 1, at, s);
    }
    return PPX_OK;
}

// Levels and labels, and steps as far as they are few.
static void write_row(const grid *g, const grid *in, const shallows *s, ptrdiff_t y,
                      int32_t *line) {
    const uint8_t *found = s->found + y * g->width;
    const uint64_t *open = bits_of_row(&s->open, y), *taken = bits_of_row(&s->taken, y);
    const int32_t *seeds = plane(in, y, LABEL);
    int32_t *steps = plane(g, y, STEPS);
    for (ptrdiff_t x = 0; x < g->width; x++)
        line[x] = found[x];
    for (ptrdiff_t x = 0; x < g->width; x += WORDS) {
        const wides few = wides_load(line + x) & spread_bits(taken, x);
        const wides far = wides_all(FAR) & ~spread_bits(taken, x);
        wides_store(line + x, (few | far) & spread_bits(open, x));
    }
    memcpy(plane(g, y, LEVEL), plane(in, y, LEVEL), STEPS * (size_t)g->width * sizeof *steps);
    for (ptrdiff_t x = 0; x < g->width; x++)
        steps[x] = seeds[x] == DAM ? DAM : line[x];
}

static ppx_status begin_steps(const grid *g, const grid *in, ppx_piece *piece, ppx_error *error) {
    shallows s;
    ppx_status status = open_shallows(in, piece, &s, error);
    if (status)
        return status;
    const int32_t step = take_near_rings(g, &s);
    for (ptrdiff_t y = 0; y < g->nrows; y++)
        write_row(g, in, &s, y, piece->c.data);
    take_far_rings(g, &s, step);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->b);
    return PPX_OK;
}

// ---- From the rows beside the piece -------------------------------------------------------------

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

// Steps that are fewer now spread again.
static ppx_status spread_news(const grid *g, queue *q, ppx_error *error) {
    while (q->head < q->tail) {
        ppx_status status = queue_reserve(q, NEAR, error);
        if (status)
            return status;
        const place p = queue_take(q);
        const int32_t *level = pixel(g, p, LEVEL);
        int32_t *steps = pixel(g, p, STEPS);
        for (unsigned bits = near_bits(g, p); bits; bits &= bits - 1) {
            const int k = __builtin_ctz(bits);
            const ptrdiff_t to = g->offset[k];
            if (level[to] != *level || steps[to] <= *steps + 1)
                continue;
            steps[to] = *steps + 1;
            queue_add(q, p + g->step[k]);
        }
    }
    return PPX_OK;
}

// What a piece keeps: the rows beside it, as far as they are known.
typedef struct beside {
    bool known[2];
    int32_t rows[];
} beside;

// The ways of the first and the last row, where they lie along other pieces.
static ppx_status find_border_ways(const ppx_job *job, ppx_piece *piece, grid *g, const grid *in,
                                   ppx_error *error) {
    const beside *kept = piece->b.data;
    const size_t nbytes = WAY_LINES * line_room(g) * sizeof(int32_t);
    ppx_status status = ppx_pool_reserve(&piece->c, nbytes, error);
    if (status)
        return status;
    memset(piece->c.data, 0, nbytes);
    g->above = kept->known[0] ? kept->rows : NULL;
    g->below = kept->known[1] ? kept->rows + (STEPS + 1) * g->width : NULL;
    for (int side = 0; side < 2; side++) {
        const ptrdiff_t y = side ? g->nrows - 1 : 0;
        if (!is_border(job, piece, y, side))
            continue;
        for (int dy = -1; dy <= 1; dy++)
            flood_line(g, y + dy, piece->c.data);
        const int32_t *ways = ways_of(g, y, piece->c.data), *seeds = plane(in, y, LABEL);
        int32_t *to = plane(g, y, LABEL);
        for (ptrdiff_t x = 0; x < g->width; x++)
            to[x] = seeds[x] ? seeds[x] : ways[x];
    }
    return PPX_OK;
}

static ppx_status begin_beside(const grid *g, ppx_piece *piece, ppx_error *error) {
    const size_t nwords = 2 * (STEPS + 1) * (size_t)g->width;
    ppx_status status =
        ppx_pool_reserve(&piece->b, sizeof(beside) + nwords * sizeof(int32_t), error);
    if (!status)
        *(beside *)piece->b.data = (beside){.known = {false}};
    return status;
}

static ppx_status steps_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                             ppx_error *error) {
    grid g = grid_of(&region->state, job->values[0].i == 0);
    const grid in = grid_of(&region->in, g.corners);
    ppx_status status = region->fresh ? begin_steps(&g, &in, piece, error) : PPX_OK;
    if (!status && region->fresh)
        status = begin_beside(&g, piece, error);
    const void *const news[2] = {region->above, region->below};
    const size_t nwords = (STEPS + 1) * (size_t)g.width;
    queue q = {.pool = &piece->a};
    for (int side = 0; !status && side < 2; side++) {
        if (!news[side])
            continue;
        beside *kept = piece->b.data;
        int32_t *row = kept->rows + (size_t)side * nwords;
        memcpy(row, news[side], nwords * sizeof *row);
        kept->known[side] = true;
        status = steps_from_beside(&g, row, side ? g.nrows - 1 : 0, &q, error);
    }
    if (!status)
        status = spread_news(&g, &q, error);
    if (!status && (news[0] || news[1]))
        status = find_border_ways(job, piece, &g, &in, error);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->c);
    return status;
}

#endif
