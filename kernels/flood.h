// flood.h: what the fixed points of watershed.c have in common.
//
// Pixels are words with a sign, and a row holds plane after plane of them: all levels of the row,
// then all labels, then all steps, so that loops along a row are loops over vectors. Where a pixel
// has no label yet, there may be a way instead: to the neighbour that it will take its label from.
#ifndef PPX_FLOOD_H
#define PPX_FLOOD_H

#include "../core/kernel.h"
#include "lanes.h"
#include "words.h"

#include <stdlib.h>

#define DAM (-1)      // the label of what is not flooded
#define TOP INT32_MAX // its level
#define FAR INT32_MAX // the steps of what nothing has come to
enum { FLOOD_MOST_SIDE = 65535 };
enum { LEVEL, LABEL, STEPS };                 // planes
enum { NEAR = 8, EARLIER = 4, EDGES = 0x5a }; // neighbours in raster order

static inline int32_t higher(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static inline int32_t lower(int32_t a, int32_t b) {
    return a < b ? a : b;
}

// (y << 16 | x) within a piece.
typedef uint32_t place;

typedef struct grid {
    ptrdiff_t width, nrows, row; // row: words from one to the next
    int32_t *words;
    const int32_t *above, *below; // rows next to the piece, or NULL
    bool corners;                 // touch too
    place step[NEAR];             // to the neighbours
    int32_t offset[NEAR];         // in words
} grid;

static grid grid_of(const ppx_image *image, bool corners) {
    grid g = {.width = image->shape.width,
              .nrows = image->shape.height,
              .row = image->stride / (ptrdiff_t)sizeof(int32_t),
              .words = image->data,
              .corners = corners};
    for (int k = 0; k < NEAR; k++) {
        const int cell = k < EARLIER ? k : k + 1, dx = cell % 3 - 1, dy = cell / 3 - 1;
        g.step[k] = (place)dy * (1u << 16) + (place)dx;
        g.offset[k] = (int32_t)(dy * g.row + dx);
    }
    return g;
}

static inline int32_t *plane(const grid *g, ptrdiff_t y, int which) {
    return g->words + y * g->row + which * g->width;
}

static inline int32_t *pixel(const grid *g, place p, int which) {
    return plane(g, p >> 16, which) + (p & 0xffff);
}

// One bit for each neighbour of p that lies in the piece.
static inline unsigned near_bits(const grid *g, place p) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    unsigned bits = g->corners ? 0xff : EDGES;
    if (x == 0)
        bits &= ~0x29u;
    if (x + 1 == g->width)
        bits &= ~0x94u;
    if (y == 0)
        bits &= ~0x07u;
    if (y + 1 == g->nrows)
        bits &= ~0xe0u;
    return bits;
}

// ---- Lines: rows of a plane, with a word on each side and room for vectors ----------------------

typedef struct lines {
    const int32_t *at[3]; // above, here, below: column x is word x + 1
} lines;

static inline size_t line_room(const grid *g) {
    return ((size_t)g->width + WORDS) / WORDS * WORDS + 2 * WORDS;
}

// All of a row that nobody knows is `outside`.
static void line_of(const grid *g, ptrdiff_t y, int which, int32_t outside, int32_t *line) {
    const int32_t *from = y < 0 ? g->above : y >= g->nrows ? g->below : g->words + y * g->row;
    line[0] = line[g->width + 1] = outside;
    if (from)
        memcpy(line + 1, from + which * g->width, (size_t)g->width * sizeof *line);
    for (ptrdiff_t x = 1; !from && x <= g->width; x++)
        line[x] = outside;
}

LANES_INLINE wides wides_load(const int32_t *from) {
    wides a;
    memcpy(&a, from, sizeof a);
    return a;
}

LANES_INLINE void wides_store(int32_t *to, wides a) {
    memcpy(to, &a, sizeof a);
}

// The neighbours k of the pixels from x on; k is a constant where loops are unrolled.
LANES_INLINE wides near_of(const lines *l, ptrdiff_t x, int k) {
    const int cell = k < EARLIER ? k : k + 1;
    return wides_load(l->at[cell / 3] + x + cell % 3);
}

LANES_INLINE wides here_of(const lines *l, ptrdiff_t x) {
    return wides_load(l->at[1] + x + 1);
}

// ---- Ways ---------------------------------------------------------------------------------------

// To neighbour k: k + A_WAY, or k + WAITING where it is known to lead out of the piece. No label is
// among them.
enum { A_WAY = -9, WAITING = A_WAY - NEAR, MOST_LABEL = WAITING - 1 };

static inline bool is_way(int32_t label) {
    return (uint32_t)(label - A_WAY) < NEAR;
}

static inline bool is_waiting(int32_t label) {
    return (uint32_t)(label - WAITING) < NEAR;
}

// Every pixel takes the label that its way leads to; ways have an end. Those whose end waits do so.
static void follow_ways(const grid *g, int which) {
    const int32_t *offset = g->offset - A_WAY;
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        int32_t *row = plane(g, y, which);
        for (ptrdiff_t x = 0; x < g->width; x++) {
            if (!is_way(row[x]))
                continue;
            int32_t *end = row + x;
            do
                end += offset[*end];
            while (is_way(*end));
            const int32_t label = *end;
            const bool waits = is_waiting(label);
            for (int32_t *p = row + x; p != end;) {
                int32_t *next = p + offset[*p];
                *p = waits ? *p - A_WAY + WAITING : label;
                p = next;
            }
        }
    }
}

#endif
