// flood.h: the fixed points of watershed.c.
//
// A row of a state holds the labels of its pixels, then a node for each, four words a pixel in all:
// most looks at a neighbour need no more than its label, and labels side by side share a line of
// the cache. A piece floods from its own seeds by height; later news of its neighbours' rows goes
// from pixel to pixel, in a line that is linked through the nodes and needs no memory: the link is
// 0 wherever nothing waits.
#ifndef PPX_FLOOD_H
#define PPX_FLOOD_H

#include <string.h>

#include "../core/kernel.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// What has a dam neither floods nor is flooded.
#define DAM UINT32_MAX
#define END UINT32_MAX
enum { FLOOD_MOST_SIDE = 65535 };

// (y << 16 | x) within a piece.
typedef uint32_t place;

typedef struct node {
    uint32_t level, steps; // of a flood: when
    uint32_t link;         // 1 + the place of the next, or END; 0: does not wait
} node;

// What a flood starts from: the height of the ground, and 0, a label or DAM.
typedef struct ground {
    uint32_t height, seed;
} ground;

typedef struct grid {
    ptrdiff_t width, nrows;
    ppx_image in, state;
    const uint32_t *above, *below; // rows next to the piece
    int nnear;                     // 4 or 8 neighbours: how far each of them is
    place step[8];
    ptrdiff_t labels[8], nodes[8]; // in words
} grid;

static inline node *row_nodes(const void *row, ptrdiff_t width) {
    return (node *)(void *)((uint32_t *)row + width);
}

static inline uint32_t *label_at(const grid *g, place p) {
    return (uint32_t *)ppx_image_row(&g->state, p >> 16) + (p & 0xffff);
}

static inline node *node_at(const grid *g, place p) {
    return row_nodes(ppx_image_row(&g->state, p >> 16), g->width) + (p & 0xffff);
}

static inline node *node_near(const grid *g, node *at, int k) {
    return (node *)(void *)((uint32_t *)(void *)at + g->nodes[k]);
}

static inline const ground *ground_at(const grid *g, place p) {
    return (const ground *)ppx_image_row(&g->in, p >> 16) + (p & 0xffff);
}

static grid grid_of(const ppx_region *region, bool corners) {
    static const int dx[8] = {0, -1, 1, 0, -1, 1, -1, 1}, dy[8] = {-1, 0, 0, 1, -1, -1, 1, 1};
    grid g = {.width = region->state.shape.width,
              .nrows = region->state.shape.height,
              .in = region->in,
              .state = region->state,
              .above = region->above,
              .below = region->below,
              .nnear = corners ? 8 : 4};
    const ptrdiff_t row = region->state.stride / (ptrdiff_t)sizeof(uint32_t);
    for (int k = 0; k < 8; k++) {
        g.step[k] = (place)dy[k] * (1u << 16) + (place)dx[k];
        g.labels[k] = dy[k] * row + dx[k];
        g.nodes[k] = dy[k] * row + dx[k] * (ptrdiff_t)(sizeof(node) / sizeof(uint32_t));
    }
    return g;
}

// One bit for each neighbour of p that lies in the piece.
static inline unsigned near_bits(const grid *g, place p) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    unsigned bits = (1u << g->nnear) - 1;
    if (x == 0)
        bits &= ~(1u << 1 | 1u << 4 | 1u << 6);
    if (x + 1 == g->width)
        bits &= ~(1u << 2 | 1u << 5 | 1u << 7);
    if (y == 0)
        bits &= ~(1u << 0 | 1u << 4 | 1u << 5);
    if (y + 1 == g->nrows)
        bits &= ~(1u << 3 | 1u << 6 | 1u << 7);
    return bits;
}

// The columns of a row beside the piece that are next to column x: [from, to).
static inline ptrdiff_t beside_from(const grid *g, ptrdiff_t x) {
    return g->nnear == 8 && x > 0 ? x - 1 : x;
}

static inline ptrdiff_t beside_to(const grid *g, ptrdiff_t x) {
    return g->nnear == 8 && x + 1 < g->width ? x + 2 : x + 1;
}

// Pixels that wait, in the order in which they came.
typedef struct line {
    uint32_t head;
    node *tail;
} line;

static inline void line_add(line *l, node *at, place p) {
    if (at->link)
        return; // waits already
    at->link = END;
    if (l->tail)
        l->tail->link = p + 1;
    else
        l->head = p + 1;
    l->tail = at;
}

static inline bool line_take(const grid *g, line *l, place *p) {
    if (!l->tail)
        return false;
    *p = l->head - 1;
    node *at = node_at(g, *p);
    l->head = at->link;
    if (at == l->tail)
        l->tail = NULL;
    at->link = 0;
    return true;
}

// ---- Flooding a piece from its own seeds --------------------------------------------------------

// Places in no order, in chunks of two lines of the cache. Chains of pixels would have the
// processor wait for one pixel after the other; from a chunk it sees the next ones coming.
enum { CHUNK_PLACES = 30, CHUNK_AHEAD = 6, CHUNKS_AT_ONCE = 8 * CHUNK_PLACES };
typedef struct chunk {
    uint32_t next, n;
    place at[CHUNK_PLACES];
} chunk;

// Pixels that wait for their height, as lists: one for each height, or a radix heap (Ahuja,
// Mehlhorn, Orlin, Tarjan 1990), whose list b has heights that first differ in bit b - 1 from the
// last one taken.
typedef struct heap {
    ppx_pool *pool; // of chunks: those in use, and a list of those that are no longer
    chunk *chunks;
    uint32_t nchunks, room, unused;
    uint32_t *lists, nlists, last;
    bool direct;
} heap;

// Room for what the places of one chunk can add.
static ppx_status heap_reserve(heap *h, ppx_error *error) {
    const uint32_t wanted = h->nchunks + CHUNKS_AT_ONCE;
    if (wanted <= h->room)
        return PPX_OK;
    ppx_status status = ppx_pool_reserve(h->pool, (size_t)wanted * sizeof(chunk), error);
    h->chunks = h->pool->data;
    h->room = (uint32_t)(h->pool->nbytes / sizeof(chunk));
    return status;
}

static inline void list_add(heap *h, uint32_t *list, place p) {
    chunk *c = &h->chunks[*list == END ? 0 : *list];
    if (*list == END || c->n == CHUNK_PLACES) {
        const uint32_t fresh = h->unused == END ? h->nchunks++ : h->unused;
        c = &h->chunks[fresh];
        if (fresh == h->unused)
            h->unused = c->next;
        c->next = *list;
        c->n = 0;
        *list = fresh;
    }
    c->at[c->n++] = p;
}

// Takes the first chunk off a list.
static inline chunk list_take(heap *h, uint32_t *list) {
    const uint32_t first = *list;
    const chunk taken = h->chunks[first];
    *list = taken.next;
    h->chunks[first].next = h->unused;
    h->unused = first;
    return taken;
}

static inline uint32_t *heap_list(heap *h, uint32_t height) {
    if (h->direct)
        return &h->lists[height];
    return &h->lists[height == h->last ? 0 : 32 - (uint32_t)__builtin_clz(height ^ h->last)];
}

// Moves the lowest heights to list 0.
static ppx_status heap_sift(heap *h, const grid *g, ppx_error *error) {
    uint32_t b = 1;
    while (b < h->nlists && h->lists[b] == END)
        b++;
    if (b == h->nlists)
        return PPX_OK;
    uint32_t list = h->lists[b], lowest = UINT32_MAX;
    for (uint32_t c = list; c != END; c = h->chunks[c].next)
        for (uint32_t k = 0; k < h->chunks[c].n; k++) {
            const uint32_t height = ground_at(g, h->chunks[c].at[k])->height;
            lowest = height < lowest ? height : lowest;
        }
    h->last = lowest;
    h->lists[b] = END;
    while (list != END) {
        ppx_status status = heap_reserve(h, error);
        if (status)
            return status;
        const chunk c = list_take(h, &list);
        for (uint32_t k = 0; k < c.n; k++)
            list_add(h, heap_list(h, ground_at(g, c.at[k])->height), c.at[k]);
    }
    return PPX_OK;
}

// The list of all that wait for the lowest height, which becomes `last`; END if nothing waits.
static ppx_status heap_take(heap *h, const grid *g, uint32_t *list, ppx_error *error) {
    ppx_status status = PPX_OK;
    uint32_t at = 0;
    if (h->direct) {
        while (h->last + 1 < h->nlists && h->lists[h->last] == END)
            h->last++;
        at = h->last;
    } else if (h->lists[0] == END) {
        status = heap_sift(h, g, error);
    }
    *list = h->lists[at];
    h->lists[at] = END;
    return status;
}

// A pixel that nothing has come to has its height for a level. One that waits for its height has
// the cost of its first neighbour, with this bit in the steps.
#define WAITS (1u << 31)

// One bit for each of three labels in a row that is neither this one nor a dam.
static inline unsigned others(const uint32_t *row, uint32_t label) {
#ifdef __SSE2__
    __m128i three = _mm_loadu_si128((const __m128i *)(const void *)row);
    __m128i same = _mm_cmpeq_epi32(three, _mm_set1_epi32((int)label));
    __m128i dams = _mm_cmpeq_epi32(three, _mm_set1_epi32(-1));
    return ~(unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_or_si128(same, dams))) & 7;
#else
    unsigned bits = 0;
    for (int k = 0; k < 3; k++)
        bits |= (unsigned)(row[k] != label && row[k] != DAM) << k;
    return bits;
#endif
}

// One bit for each neighbour in the piece that p can have news for.
static inline unsigned spill_bits(const grid *g, place p, const uint32_t *own) {
    const unsigned bits = near_bits(g, p);
    if (bits != (1u << g->nnear) - 1)
        return bits; // at an edge
    const unsigned above = others(own - 1 - g->labels[3], *own), here = others(own - 1, *own);
    const unsigned below = others(own - 1 + g->labels[3], *own);
    return bits & ((above >> 1 & 1) | (here & 1) << 1 | (here & 4) | (below & 2) << 2 |
                   (above & 1) << 4 | (above & 4) << 3 | (below & 1) << 6 | (below & 4) << 5);
}

// Floods the neighbours of p, which was flooded at (level, steps). Who is lower, or as high, comes
// next; who is higher waits. Of labels that come as early the smaller one stays.
static inline void spill(const grid *g, heap *h, place p, node *from, uint32_t *next) {
    uint32_t *own = label_at(g, p);
    const uint32_t label = *own, level = from->level, steps = from->steps;
    for (unsigned bits = spill_bits(g, p, own); bits; bits &= bits - 1) {
        const int k = __builtin_ctz(bits);
        uint32_t *to = own + g->labels[k];
        const uint32_t other = *to;
        node *at = node_near(g, from, k);
        if (other) {
            if (other > label && other != DAM && at->level == level &&
                (at->steps == steps + 1 || at->steps == (steps | WAITS)))
                *to = label;
            continue;
        }
        *to = label;
        const uint32_t height = at->level;
        const bool waits = height > level; // no branch: it would go either way
        at->level = level;
        at->steps = waits ? steps | WAITS : steps + 1;
        list_add(h, waits ? heap_list(h, height) : next, p + g->step[k]);
    }
}

static ppx_status flood_seeds(const grid *g, heap *h, ppx_error *error) {
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        const ground *from = ppx_image_row(&g->in, y);
        uint32_t *label = ppx_image_row(&g->state, y);
        node *at = row_nodes(label, g->width);
        for (ptrdiff_t x = 0; x < g->width; x++) {
            label[x] = from[x].seed;
            at[x] = (node){from[x].height, WAITS, 0};
            if (!from[x].seed || from[x].seed == DAM)
                continue;
            ppx_status status = heap_reserve(h, error);
            if (status)
                return status;
            at[x].steps = 0;
            list_add(h, heap_list(h, from[x].height), (place)(y << 16 | x));
        }
    }
    return PPX_OK;
}

// What a look around p will read.
static inline void foresee(const grid *g, place p) {
    const char *label = (const char *)label_at(g, p), *at = (const char *)node_at(g, p);
    const ptrdiff_t stride = g->state.stride;
    __builtin_prefetch(label - stride, 1);
    __builtin_prefetch(label, 1);
    __builtin_prefetch(label + stride, 1);
    __builtin_prefetch(at - stride, 1);
    __builtin_prefetch(at, 1);
    __builtin_prefetch(at + stride, 1);
}

// Floods a list of pixels at (h->last, steps); what they reach at that level comes to the next.
static ppx_status flood_front(const grid *g, heap *h, uint32_t front, uint32_t steps,
                              uint32_t *next, ppx_error *error) {
    while (front != END) {
        ppx_status status = heap_reserve(h, error);
        if (status)
            return status;
        const chunk now = list_take(h, &front);
        for (uint32_t k = 0; k < now.n; k++) {
            if (k + CHUNK_AHEAD < now.n)
                foresee(g, now.at[k + CHUNK_AHEAD]);
            else if (front != END && k + CHUNK_AHEAD - now.n < h->chunks[front].n)
                foresee(g, h->chunks[front].at[k + CHUNK_AHEAD - now.n]);
            node *at = node_at(g, now.at[k]);
            *at = (node){h->last, steps, 0};
            spill(g, h, now.at[k], at, next);
        }
    }
    return PPX_OK;
}

static ppx_status flood_piece(const grid *g, heap *h, ppx_error *error) {
    ppx_status status = flood_seeds(g, h, error);
    while (!status) {
        uint32_t front, next;
        status = heap_take(h, g, &front, error);
        if (status || front == END)
            break;
        for (uint32_t steps = 0; !status && front != END; steps++) {
            next = END;
            status = flood_front(g, h, front, steps, &next, error);
            front = next;
        }
    }
    return status;
}

// ---- And from the rows beside it ----------------------------------------------------------------

typedef struct offer {
    uint64_t cost, by; // (level, steps) of the pixel, and of the neighbour
    uint32_t label;
} offer;

static inline void hear(offer *best, uint32_t label, const node *near, uint32_t height) {
    if (!label || label == DAM)
        return;
    const uint64_t by = (uint64_t)near->level << 32 | near->steps;
    const uint64_t cost = near->level >= height ? by + 1 : (uint64_t)height << 32;
    if (cost > best->cost || (cost == best->cost && by > best->by))
        return;
    if (cost == best->cost && by == best->by && label > best->label)
        return;
    *best = (offer){cost, by, label};
}

// What the neighbours of p make of it; whether that is news.
static bool hear_neighbours(const grid *g, place p) {
    const ground to = *ground_at(g, p);
    if (to.seed)
        return false;
    offer best = {UINT64_MAX, UINT64_MAX, 0};
    uint32_t *own = label_at(g, p);
    node *at = node_at(g, p);
    const unsigned bits = near_bits(g, p);
    for (int k = 0; k < g->nnear; k++)
        if (bits >> k & 1)
            hear(&best, own[g->labels[k]], node_near(g, at, k), to.height);
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    for (int side = 0; side < 2; side++) {
        if (y != (side ? g->nrows - 1 : 0))
            continue;
        const uint32_t *row = side ? g->below : g->above;
        for (ptrdiff_t i = beside_from(g, x); i < beside_to(g, x); i++)
            hear(&best, row[i], &row_nodes(row, g->width)[i], to.height);
    }
    const uint32_t level = (uint32_t)(best.cost >> 32), steps = (uint32_t)best.cost;
    if (!best.label || (at->level == level && at->steps == steps && *own == best.label))
        return false;
    at->level = level;
    at->steps = steps;
    *own = best.label;
    return true;
}

static void flood_on(const grid *g, bool from_above, bool from_below) {
    line waiting = {END, NULL};
    for (int side = 0; side < 2; side++) {
        const place y = (place)(side ? g->nrows - 1 : 0) << 16;
        for (place x = 0; (side ? from_below : from_above) && (ptrdiff_t)x < g->width; x++)
            line_add(&waiting, node_at(g, y | x), y | x);
    }
    for (place p; line_take(g, &waiting, &p);) {
        if (!hear_neighbours(g, p))
            continue;
        const unsigned bits = near_bits(g, p);
        for (int k = 0; k < g->nnear; k++)
            if (bits >> k & 1)
                line_add(&waiting, node_near(g, node_at(g, p), k), p + g->step[k]);
    }
}

#endif
