// flood.h: the fixed points of watershed.c, on pixels of four 32-bit words.
//
// A pixel that waits is linked to the next through its own last word, so that queues need no memory
// and the word is 0 wherever nothing waits.
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

typedef struct pixel {
    uint32_t level, steps, label; // of a flood: when, and by whom
    uint32_t link;                // 1 + the place of the next, or END; 0: does not wait
} pixel;

// What a flood starts from: the height of the ground, and 0, a label or DAM.
typedef struct ground {
    uint32_t height, seed;
} ground;

typedef struct grid {
    ptrdiff_t width, nrows;
    ppx_image in, state;
    const pixel *above, *below; // rows next to the piece
    int nnear;                  // 4 or 8
    place step[8];
} grid;

static inline pixel *pixel_at(const grid *g, place p) {
    return (pixel *)ppx_image_row(&g->state, p >> 16) + (p & 0xffff);
}

static inline const ground *ground_at(const grid *g, place p) {
    return (const ground *)ppx_image_row(&g->in, p >> 16) + (p & 0xffff);
}

static grid grid_of(const ppx_region *region, bool corners) {
    const uint32_t row = 1u << 16;
    grid g = {.width = region->state.shape.width,
              .nrows = region->state.shape.height,
              .in = region->in,
              .state = region->state,
              .above = region->above,
              .below = region->below,
              .nnear = corners ? 8 : 4,
              .step = {0u - row, 0u - 1, 1, row, 0u - row - 1, 0u - row + 1, row - 1, row + 1}};
    return g;
}

// The places next to p that lie in the piece.
static inline int near_places(const grid *g, place p, place near[8]) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    if (x > 0 && y > 0 && x + 1 < g->width && y + 1 < g->nrows) {
        for (int k = 0; k < 8; k++)
            near[k] = p + g->step[k];
        return g->nnear;
    }
    static const int dx[8] = {0, -1, 1, 0, -1, 1, -1, 1}, dy[8] = {-1, 0, 0, 1, -1, -1, 1, 1};
    int n = 0;
    for (int k = 0; k < g->nnear; k++)
        if (x + dx[k] >= 0 && x + dx[k] < g->width && y + dy[k] >= 0 && y + dy[k] < g->nrows)
            near[n++] = p + g->step[k];
    return n;
}

// The pixels of a row beside the piece that are next to column x: at most three.
static inline int near_beside(const grid *g, const pixel *row, ptrdiff_t x, const pixel *near[3]) {
    int n = 0;
    if (!row)
        return 0;
    near[n++] = row + x;
    if (g->nnear == 8 && x > 0)
        near[n++] = row + x - 1;
    if (g->nnear == 8 && x + 1 < g->width)
        near[n++] = row + x + 1;
    return n;
}

// Pixels that wait, in the order in which they came.
typedef struct line {
    uint32_t head;
    pixel *tail;
} line;

static inline void line_add(line *l, pixel *at, place p) {
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
    pixel *at = pixel_at(g, *p);
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

static inline void heap_add(heap *h, pixel *at, place p, uint32_t height) {
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
    for (uint32_t link = list; link != END; link = pixel_at(g, link - 1)->link) {
        const uint32_t height = ground_at(g, link - 1)->height;
        lowest = height < lowest ? height : lowest;
    }
    h->last = lowest;
    h->lists[b] = END;
    for (uint32_t link = list; link != END;) {
        pixel *at = pixel_at(g, link - 1);
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

// Floods the neighbours of p, which was flooded at (level, steps). Who is lower, or as high, comes
// next; who is higher waits, and keeps in level and steps when its first neighbour was flooded.
static inline void spill(const grid *g, heap *h, place p, pixel from, uint32_t *next) {
    place near[8];
    const int n = near_places(g, p, near);
    for (int k = 0; k < n; k++) {
        pixel *at = pixel_at(g, near[k]);
        if (at->label) {
            const bool beside = at->level == from.level && at->label > from.label;
            if (beside && (at->steps == from.steps + 1 ||
                           (at->steps == from.steps && ground_at(g, near[k])->height > from.level)))
                at->label = from.label; // as early by way of p: the smaller label
            continue;
        }
        const ground to = *ground_at(g, near[k]);
        if (to.seed == DAM)
            continue;
        *at = from;
        if (to.height > from.level) {
            heap_add(h, at, near[k], to.height);
        } else {
            at->steps++;
            at->link = *next;
            *next = near[k] + 1;
        }
    }
}

static void flood_seeds(const grid *g, heap *h) {
    for (ptrdiff_t y = 0; y < g->nrows; y++)
        for (ptrdiff_t x = 0; x < g->width; x++) {
            const place p = (place)(y << 16 | x);
            const ground *from = ground_at(g, p);
            pixel *at = pixel_at(g, p);
            *at = (pixel){UINT32_MAX, UINT32_MAX, 0, 0};
            if (from->seed && from->seed != DAM) {
                *at = (pixel){from->height, 0, from->seed, 0};
                heap_add(h, at, p, from->height);
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
                pixel *at = pixel_at(g, p);
                front = at->link;
                *at = (pixel){h->last, steps, at->label, 0};
                spill(g, h, p, *at, &next);
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

static inline void hear(offer *best, const pixel *near, uint32_t height) {
    if (!near->label)
        return;
    const uint64_t by = (uint64_t)near->level << 32 | near->steps;
    const uint64_t cost = near->level >= height ? by + 1 : (uint64_t)height << 32;
    if (cost > best->cost || (cost == best->cost && by > best->by))
        return;
    if (cost == best->cost && by == best->by && near->label > best->label)
        return;
    *best = (offer){cost, by, near->label};
}

// What the neighbours of p make of it; whether that is news.
static bool hear_neighbours(const grid *g, place p) {
    const ground to = *ground_at(g, p);
    if (to.seed)
        return false;
    offer best = {UINT64_MAX, UINT64_MAX, 0};
    place near[8];
    const int n = near_places(g, p, near);
    for (int k = 0; k < n; k++)
        hear(&best, pixel_at(g, near[k]), to.height);
    for (int side = 0; side < 2; side++) {
        const pixel *row = side ? g->below : g->above, *beside[3];
        if ((ptrdiff_t)(p >> 16) != (side ? g->nrows - 1 : 0))
            continue;
        const int m = near_beside(g, row, p & 0xffff, beside);
        for (int k = 0; k < m; k++)
            hear(&best, beside[k], to.height);
    }
    pixel *at = pixel_at(g, p);
    pixel now = {(uint32_t)(best.cost >> 32), (uint32_t)best.cost, best.label, 0};
    bool same = at->level == now.level && at->steps == now.steps && at->label == now.label;
    *at = now;
    return !same;
}

static void flood_on(const grid *g, bool from_above, bool from_below) {
    line waiting = {END, NULL};
    for (int side = 0; side < 2; side++) {
        const ptrdiff_t y = side ? g->nrows - 1 : 0;
        for (ptrdiff_t x = 0; (side ? from_below : from_above) && x < g->width; x++)
            line_add(&waiting, pixel_at(g, (place)(y << 16 | x)), (place)(y << 16 | x));
    }
    for (place p; line_take(g, &waiting, &p);) {
        if (!hear_neighbours(g, p))
            continue;
        place near[8];
        const int n = near_places(g, p, near);
        for (int k = 0; k < n; k++)
            line_add(&waiting, pixel_at(g, near[k]), near[k]);
    }
}

#endif
