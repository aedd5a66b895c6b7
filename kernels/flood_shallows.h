// flood_shallows.h: breadth first over the plateaus of watershed.c, all of them at once.
//
// A ring is what takes the same number of steps. The next one is found with no branches: a byte
// says which neighbours of a pixel are as high, bits say which of them are taken, and a table has
// the places of each set that is left. A ring is met nearly in raster order, and what it touches is
// little.
#ifndef PPX_FLOOD_SHALLOWS_H
#define PPX_FLOOD_SHALLOWS_H

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

// ---- Bits of pixels -----------------------------------------------------------------------------

// Of row y from (y + 1) * nwords on; of column x bit x + 1.
typedef struct bitmap {
    uint64_t *words;
    ptrdiff_t nwords;
} bitmap;

static inline uint64_t *bits_of_row(const bitmap *b, ptrdiff_t y) {
    return b->words + (y + 1) * b->nwords;
}

// Of columns x - 1, x and x + 1.
static inline unsigned bits_of_3(const uint64_t *row, ptrdiff_t x) {
    const int shift = x & 63;
    const uint64_t low = row[x >> 6] >> shift;
    return (unsigned)(shift < 62 ? low : low | row[(x >> 6) + 1] << (64 - shift)) & 7;
}

static inline void set_3(uint64_t *row, ptrdiff_t x, unsigned bits) {
    const int shift = x & 63;
    row[x >> 6] |= (uint64_t)bits << shift;
    if (shift >= 62)
        row[(x >> 6) + 1] |= (uint64_t)bits >> (64 - shift);
}

// All bits set for columns from x on, a multiple of the lanes.
LANES_INLINE wides spread_bits(const uint64_t *row, ptrdiff_t x) {
    const ptrdiff_t at = x + 1;
    const uint64_t bits = row[at >> 6] >> (at & 63) | row[(at >> 6) + 1] << (64 - (at & 63));
    wides one;
    for (int k = 0; k < WORDS; k++)
        one[k] = 1 << k;
    return (wides)((wides_all((int32_t)(bits & 0xff)) & one) == one);
}

// ---- Shallows -----------------------------------------------------------------------------------

// What is open had no steps at first, what is taken has them now or needs none; so has all around.
// `found` is, from y * width on, which neighbours are as high; of what is taken of the open, later,
// its steps.
typedef struct shallows {
    bitmap open, taken;
    uint8_t *found;
    queue waiting;
    place ring[256][NEAR]; // of each set of neighbours the steps to them, one after the other
} shallows;

// With nothing open.
static ppx_status shallows_create(shallows *s, const grid *g, ppx_piece *piece, ppx_error *error) {
    const size_t npixels = (size_t)g->nrows * (size_t)g->width;
    const ptrdiff_t nwords = (g->width + WORDS) / 64 + 2;
    const size_t nbits = (size_t)((g->nrows + 2) * nwords);
    ppx_status status =
        ppx_pool_reserve(&piece->b, 2 * nbits * sizeof *s->open.words + npixels + WORDS, error);
    s->waiting = (queue){.pool = &piece->a};
    if (!status) // nobody waits twice; memory that nobody touches is none
        status = queue_reserve(&s->waiting, npixels + NEAR, error);
    if (status)
        return status;
    s->taken = (bitmap){piece->b.data, nwords};
    s->open = (bitmap){s->taken.words + nbits, nwords};
    s->found = (uint8_t *)(s->open.words + nbits);
    memset(s->taken.words, 0xff, nbits * sizeof *s->taken.words);
    memset(s->open.words, 0, nbits * sizeof *s->open.words);
    for (unsigned set = 0; set < 256; set++) {
        int n = 0;
        for (int k = 0; k < NEAR; k++)
            if (set >> k & 1)
                s->ring[set][n++] = g->step[k];
        while (n < NEAR)
            s->ring[set][n++] = 0;
    }
    return PPX_OK;
}

// Opens pixels of row y from x on, a multiple of 64; takes those that the first steps lead to.
static inline void open_bits(const shallows *s, ptrdiff_t y, ptrdiff_t x, uint64_t open,
                             uint64_t firsts) {
    uint64_t *to = bits_of_row(&s->open, y) + (x >> 6),
             *taken = bits_of_row(&s->taken, y) + (x >> 6);
    to[0] |= open << 1;
    to[1] |= open >> 63;
    taken[0] &= ~((open & ~firsts) << 1);
    taken[1] &= ~((open & ~firsts) >> 63);
}

static inline uint8_t *found_at(const grid *g, const shallows *s, place p) {
    return s->found + (p >> 16) * g->width + (p & 0xffff);
}

// Takes what is left around p. No branches: they would go either way.
static inline void take_around(shallows *s, place p, unsigned same) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16, nwords = s->taken.nwords;
    uint64_t *above = bits_of_row(&s->taken, y - 1), *here = above + nwords, *below = here + nwords;
    const unsigned beside = bits_of_3(here, x);
    const unsigned taken =
        bits_of_3(above, x) | (beside & 1) << 3 | (beside & 4) << 2 | bits_of_3(below, x) << 5;
    const unsigned bits = same & ~taken;
    place *to = (place *)s->waiting.pool->data + s->waiting.tail;
    for (int k = 0; k < NEAR; k++)
        to[k] = p + s->ring[bits][k];
    s->waiting.tail += (size_t)__builtin_popcount(bits);
    set_3(above, x, bits & 7);
    set_3(here, x, (bits >> 3 & 1) | (bits >> 2 & 4));
    set_3(below, x, bits >> 5);
}

// What waits moves to the front: a ring and the next one are all that the queue holds at a time.
static size_t next_ring(queue *q) {
    place *places = q->pool->data;
    const size_t n = q->tail - q->head;
    memmove(places, places + q->head, n * sizeof *places);
    q->head = 0;
    q->tail = n;
    return n;
}

enum { AHEAD = 32, FEW = UINT8_MAX };

// Rings of fewer than FEW steps. Returns the steps of the next one.
static int32_t take_near_rings(const grid *g, shallows *s) {
    queue *q = &s->waiting;
    const place *places = q->pool->data;
    int32_t step = 1;
    for (size_t n; step < FEW && (n = next_ring(q)) > 0; step++)
        while (q->head < n) {
            if (q->head + AHEAD < n)
                __builtin_prefetch(found_at(g, s, places[q->head + AHEAD]), 1);
            const place p = queue_take(q);
            uint8_t *found = found_at(g, s, p);
            take_around(s, p, *found);
            *found = (uint8_t)step;
        }
    return step;
}

// All others, into plane STEPS.
static void take_far_rings(const grid *g, shallows *s, int32_t step) {
    queue *q = &s->waiting;
    for (size_t n; (n = next_ring(q)) > 0; step++)
        while (q->head < n) {
            const place p = queue_take(q);
            take_around(s, p, *found_at(g, s, p));
            *pixel(g, p, STEPS) = step;
        }
}

#endif
