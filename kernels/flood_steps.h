// flood_steps.h: how far the water runs at a level: for watershed.c, the steps of each pixel.
//
// None for a seed, nor next to a lower level. From there they spread over what is as high, in a
// queue of places, breadth first over all plateaus at once: the next ring of each of them is met
// nearly in raster order, so that memory is read nearly in order too. What nothing comes to stays
// FAR: the minima, where there are no seeds. Rows along other pieces have ways too at the end, in
// plane LABEL: who takes it from there does not know what lies beside them.
#ifndef PPX_FLOOD_STEPS_H
#define PPX_FLOOD_STEPS_H

#include "bits.h"
#include "flood_ways.h"

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

// The bits of neighbours that are as high; one more for what is FAR and has one of them that is
// not.
enum { FIRST = 1 << NEAR };

LANES_INLINE void look_level(const lines *level, const lines *steps, ptrdiff_t x, bool corners,
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
    drained &= (wides)(here_of(steps, x) == wides_all(FAR));
    wides_store(found + x, same | (drained & wides_all(FIRST)));
}

// What is left of the image for steps to spread over: of each pixel the neighbours that are as
// high, and a bit that says if the pixel is taken: it has its steps. All around are taken bits.
typedef struct shallows {
    uint8_t *same;   // of row y from y * width on
    uint64_t *taken; // of row y from (y + 1) * nwords on; of column x bit x + 1
    ptrdiff_t nwords;
} shallows;

static ppx_status shallows_create(shallows *s, const grid *g, ppx_pool *pool, ppx_error *error) {
    s->nwords = (g->width + 2) / 64 + 1;
    const size_t nwords = (size_t)(g->nrows + 2) * (size_t)s->nwords;
    const size_t nbytes = (size_t)g->nrows * (size_t)g->width;
    ppx_status status = ppx_pool_reserve(pool, nwords * sizeof *s->taken + nbytes, error);
    if (status)
        return status;
    s->taken = pool->data;
    s->same = (uint8_t *)(s->taken + nwords);
    memset(s->taken, 0xff, nwords * sizeof *s->taken);
    return PPX_OK;
}

static inline uint64_t *taken_row(const shallows *s, ptrdiff_t y) {
    return s->taken + (y + 1) * s->nwords;
}

// Of columns x - 1, x and x + 1 the taken bits.
static inline unsigned taken_3(const uint64_t *row, ptrdiff_t x) {
    const int shift = x & 63;
    const uint64_t low = row[x >> 6] >> shift;
    return (unsigned)(shift < 62 ? low : low | row[(x >> 6) + 1] << (64 - shift)) & 7;
}

static inline void take_3(uint64_t *row, ptrdiff_t x, unsigned bits) {
    const int shift = x & 63;
    row[x >> 6] |= (uint64_t)bits << shift;
    if (shift >= 62)
        row[(x >> 6) + 1] |= (uint64_t)bits >> (64 - shift);
}

// Bytes of a row, and none up to a multiple of 64.
static inline size_t bytes_room(const grid *g) {
    return ((size_t)g->width + 63) / 64 * 64;
}

// Lines: of levels row y is in line y & 3, of steps in line 4 + (y & 3); then what is found; then
// bytes.
static lines lines_around(int32_t *at, size_t room, ptrdiff_t y) {
    lines l;
    for (int k = 0; k < 3; k++)
        l.at[k] = at + (size_t)((y - 1 + k) & 3) * room;
    return l;
}

// Steps as far as they are 0.
static void begin_row(const grid *g, const grid *in, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(g);
    const lines level = lines_around(at, room, y);
    int32_t *line = at + (4 + (size_t)(y & 3)) * room, *to = line + 1;
    int32_t *steps = plane(g, y, STEPS);
    const int32_t *seeds = plane(in, y, LABEL);
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_lower(&level, x, true, to);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_lower(&level, x, false, to);
    for (ptrdiff_t x = 0; x < g->width; x++)
        to[x] = steps[x] = seeds[x] == DAM ? DAM : seeds[x] ? 0 : to[x];
    line[0] = to[g->width] = DAM;
    memcpy(plane(g, y, LEVEL), plane(in, y, LEVEL), STEPS * (size_t)g->width * sizeof *steps);
}

// Where steps can spread, and where the first ones lead.
static ppx_status open_row(const grid *g, ptrdiff_t y, int32_t *at, const shallows *s, queue *q,
                           ppx_error *error) {
    ppx_status status = queue_reserve(q, (size_t)g->width, error);
    if (status)
        return status;
    const size_t room = line_room(g);
    const lines level = lines_around(at, room, y), steps = lines_around(at + 4 * room, room, y);
    int32_t *found = at + 8 * room;
    uint8_t *open = (uint8_t *)(found + room), *first = open + bytes_room(g);
    uint8_t *same = s->same + y * g->width;
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_level(&level, &steps, x, true, found);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WIDE_LANES)
            look_level(&level, &steps, x, false, found);
    for (ptrdiff_t x = 0; x < g->width; x++) {
        same[x] = (uint8_t)found[x];
        first[x] = (uint8_t)(found[x] >> NEAR);
        open[x] = steps.at[1][x + 1] == FAR;
    }
    uint64_t *taken = taken_row(s, y);
    for (ptrdiff_t x = 0; x < g->width; x += 64) {
        uint64_t firsts = bits_of_64(first + x);
        const uint64_t opens = bits_of_64(open + x) & ~firsts;
        taken[x >> 6] &= ~(opens << 1);
        taken[(x >> 6) + 1] &= ~(opens >> 63);
        for (; firsts; firsts &= firsts - 1)
            queue_add(q, (place)(y << 16 | (x + __builtin_ctzll(firsts))));
    }
    return PPX_OK;
}

static ppx_status begin_steps(const grid *g, const grid *in, ppx_piece *piece, shallows *s,
                              queue *q, ppx_error *error) {
    const size_t room = line_room(g), nbytes = 9 * room * sizeof(int32_t) + 2 * bytes_room(g);
    ppx_status status = ppx_pool_reserve(&piece->c, nbytes, error);
    if (!status)
        status = shallows_create(s, g, &piece->b, error);
    if (status)
        return status;
    int32_t *at = piece->c.data;
    memset(at, 0, nbytes);
    line_of(in, -1, LEVEL, TOP, at + 3 * room);
    line_of(in, 0, LEVEL, TOP, at);
    line_of(g, -1, STEPS, DAM, at + 7 * room);
    for (ptrdiff_t y = 0; !status && y <= g->nrows; y++) {
        line_of(in, y + 1, LEVEL, TOP, at + (size_t)((y + 1) & 3) * room);
        if (y < g->nrows)
            begin_row(g, in, y, at);
        else
            line_of(g, y, STEPS, DAM, at + (4 + (size_t)(y & 3)) * room);
        if (y > 0)
            status = open_row(g, y - 1, at, s, q, error);
    }
    return status;
}

// ---- Step by step -------------------------------------------------------------------------------

// For each set of neighbours the steps to them, one after the other.
typedef struct rings {
    place to[256][NEAR];
} rings;

static void find_rings(const grid *g, rings *w) {
    for (unsigned set = 0; set < 256; set++) {
        int n = 0;
        for (int k = 0; k < NEAR; k++)
            if (set >> k & 1)
                w->to[set][n++] = g->step[k];
        while (n < NEAR)
            w->to[set][n++] = 0;
    }
}

// Takes what is left around p. No branches: they would go either way.
static inline void take_around(const grid *g, const shallows *s, const rings *w, place p,
                               queue *q) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    uint64_t *above = taken_row(s, y - 1), *here = above + s->nwords, *below = here + s->nwords;
    const unsigned beside = taken_3(here, x);
    const unsigned taken =
        taken_3(above, x) | (beside & 1) << 3 | (beside & 4) << 2 | taken_3(below, x) << 5;
    const unsigned bits = s->same[y * g->width + x] & ~taken;
    place *to = (place *)q->pool->data + q->tail;
    for (int k = 0; k < NEAR; k++)
        to[k] = p + w->to[bits][k];
    q->tail += (size_t)__builtin_popcount(bits);
    take_3(above, x, bits & 7);
    take_3(here, x, (bits >> 3 & 1) | (bits >> 2 & 4));
    take_3(below, x, bits >> 5);
}

enum { AHEAD = 24 };

static inline void foresee(const grid *g, const shallows *s, const queue *q) {
    const place p = ((const place *)q->pool->data)[q->head + AHEAD];
    __builtin_prefetch(pixel(g, p, STEPS), 1);
    __builtin_prefetch(s->same + (p >> 16) * g->width + (p & 0xffff));
}

// From all that waits, which has taken one step, to the last.
static ppx_status spread(const grid *g, const shallows *s, queue *q, ppx_error *error) {
    rings w;
    find_rings(g, &w);
    for (int32_t step = 1; q->head < q->tail; step++)
        for (const size_t end = q->tail; q->head < end;) {
            ppx_status status = queue_reserve(q, NEAR, error);
            if (status)
                return status;
            if (q->head + AHEAD < end)
                foresee(g, s, q);
            const place p = queue_take(q);
            *pixel(g, p, STEPS) = step;
            take_around(g, s, &w, p, q);
        }
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

static ppx_status steps_begin(const grid *g, const grid *in, ppx_piece *piece, ppx_error *error) {
    queue q = {.pool = &piece->a};
    shallows s;
    ppx_status status = begin_steps(g, in, piece, &s, &q, error);
    if (!status)
        status = spread(g, &s, &q, error);
    ppx_pool_free(&piece->b);
    if (!status)
        status = ppx_pool_reserve(
            &piece->b, sizeof(beside) + 2 * (STEPS + 1) * (size_t)g->width * sizeof(int32_t),
            error);
    if (!status)
        *(beside *)piece->b.data = (beside){.known = {false}};
    return status;
}

static ppx_status steps_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                             ppx_error *error) {
    grid g = grid_of(&region->state, job->values[0].i == 0);
    const grid in = grid_of(&region->in, g.corners);
    ppx_status status = region->fresh ? steps_begin(&g, &in, piece, error) : PPX_OK;
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
