// flood.h: the fixed points of watershed.c.
//
// A row of a state holds the labels of its pixels, then a node for each, four words a pixel in all:
// most looks at a neighbour need no more than its label, and labels side by side share a line of
// the cache. A pixel that waits is linked to the next through its own node, so that queues need no
// memory, and the link is 0 wherever nothing waits.
#ifndef PPX_FLOOD_H
#define PPX_FLOOD_H

#include <string.h>

#include "../core/kernel.h"

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

// Pixels that wait for their height, as lists: one for each height, or a radix heap (Ahuja,
// Mehlhorn, Orlin, Tarjan 1990), whose list b has heights that first differ in bit b - 1 from the
// last one taken.
typedef struct heap {
    uint32_t *lists, nlists, last;
    bool direct;
} heap;

static inline uint32_t list_of(const heap *h, uint32_t height) {
    if (h->direct)
        return height;
    return height == h->last ? 0 : 32 - (uint32_t)__builtin_clz(height ^ h->last);
}

static inline void heap_add(heap *h, node *at, place p, uint32_t height) {
    uint32_t *list = &h->lists[list_of(h, height)];
    at->link = *list;
    *list = p + 1;
}

// Moves the lowest heights to list 0.
static void heap_sift(heap *h, const grid *g) {
    uint32_t b = 1;
    while (b < h->nlists && h->lists[b] == END)
        b++;
    if (b == h->nlists)
        return;
    const uint32_t list = h->lists[b];
    uint32_t lowest = UINT32_MAX;
    for (uint32_t link = list; link != END; link = node_at(g, link - 1)->link) {
        const uint32_t height = ground_at(g, link - 1)->height;
        lowest = height < lowest ? height : lowest;
    }
    h->last = lowest;
    h->lists[b] = END;
    for (uint32_t link = list; link != END;) {
        node *at = node_at(g, link - 1);
        const place p = link - 1;
        link = at->link;
        heap_add(h, at, p, ground_at(g, p)->height);
    }
}

// The list of all that wait for the lowest height, which becomes `last`; END if nothing waits.
static uint32_t heap_take(heap *h, const grid *g) {
    uint32_t at = 0;
    if (h->direct) {
        while (h->last + 1 < h->nlists && h->lists[h->last] == END)
            h->last++;
        at = h->last;
    } else if (h->lists[0] == END) {
        heap_sift(h, g);
    }
    const uint32_t list = h->lists[at];
    h->lists[at] = END;
    return list;
}

// A pixel that nothing has come to has its height for a level. One that waits for its height has
// the cost of its first neighbour, with this bit in the steps.
#define WAITS (1u << 31)

// Floods the neighbours of p, which was flooded at (level, steps). Who is lower, or as high, comes
// next; who is higher waits. Of labels that come as early the smaller one stays.
static inline void spill(const grid *g, heap *h, place p, node *from, uint32_t *next) {
    uint32_t *own = label_at(g, p);
    const uint32_t label = *own, level = from->level, steps = from->steps;
    const unsigned bits = near_bits(g, p);
    for (int k = 0; k < g->nnear; k++) {
        if (!(bits >> k & 1))
            continue;
        uint32_t *to = own + g->labels[k];
        const uint32_t other = *to;
        if (other == label || other == DAM)
            continue;
        node *at = node_near(g, from, k);
        if (other) {
            if (other > label && at->level == level &&
                (at->steps == steps + 1 || at->steps == (steps | WAITS)))
                *to = label;
            continue;
        }
        *to = label;
        const uint32_t height = at->level;
        const place q = p + g->step[k];
        at->level = level;
        if (height > level) {
            at->steps = steps | WAITS;
            heap_add(h, at, q, height);
        } else {
            at->steps = steps + 1;
            at->link = *next;
            *next = q + 1;
        }
    }
}

static void flood_seeds(const grid *g, heap *h) {
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        const ground *from = ppx_image_row(&g->in, y);
        uint32_t *label = ppx_image_row(&g->state, y);
        node *at = row_nodes(label, g->width);
        for (ptrdiff_t x = 0; x < g->width; x++) {
            label[x] = from[x].seed;
            at[x] = (node){from[x].height, WAITS, 0};
            if (from[x].seed && from[x].seed != DAM) {
                at[x].steps = 0;
                heap_add(h, &at[x], (place)(y << 16 | x), from[x].height);
            }
        }
    }
}

static void flood_piece(const grid *g, heap *h) {
    flood_seeds(g, h);
    for (uint32_t front; (front = heap_take(h, g)) != END;) {
        for (uint32_t steps = 0; front != END; steps++) {
            uint32_t next = END;
            while (front != END) {
                const place p = front - 1;
                node *at = node_at(g, p);
                front = at->link;
                *at = (node){h->last, steps, 0};
                spill(g, h, p, at, &next);
            }
            front = next;
        }
    }
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
