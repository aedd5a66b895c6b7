// flood.h: what the fixed points of watershed.c have in common.
//
// Pixels are words, and a row holds plane after plane of them: all levels of the row, then all
// labels, and so on, so that loops along a row become vectors. A link is the way to a neighbour, in
// words; 0 is none.
#ifndef PPX_FLOOD_H
#define PPX_FLOOD_H

#include <string.h>

#include "../core/kernel.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// What has this label is not flooded; its level is the highest and its steps are these.
#define DAM UINT32_MAX
// The steps of what nothing has come to. Comparisons with sign put DAM below all.
#define FAR ((uint32_t)INT32_MAX)
enum { FLOOD_MOST_SIDE = 65535 };
enum { LEVEL, LABEL, STEPS, LINK }; // planes

// (y << 16 | x) within a piece.
typedef uint32_t place;

typedef struct grid {
    ptrdiff_t width, nrows, row; // row: words from one to the next
    uint32_t *words;
    const uint32_t *above, *below; // rows next to the piece, or NULL
    bool corners;                  // touch too
    place step[8];                 // to the neighbours, in raster order
    int32_t offset[8];             // in words
} grid;

static grid grid_of(const ppx_image *image, bool corners) {
    static const int dx[8] = {-1, 0, 1, -1, 1, -1, 0, 1}, dy[8] = {-1, -1, -1, 0, 0, 1, 1, 1};
    grid g = {.width = image->shape.width,
              .nrows = image->shape.height,
              .row = image->stride / (ptrdiff_t)sizeof(uint32_t),
              .words = image->data,
              .corners = corners};
    for (int k = 0; k < 8; k++) {
        g.step[k] = (place)dy[k] * (1u << 16) + (place)dx[k];
        g.offset[k] = (int32_t)(dy[k] * g.row + dx[k]);
    }
    return g;
}

static inline uint32_t *plane(const grid *g, ptrdiff_t y, int which) {
    return g->words + y * g->row + which * g->width;
}

static inline uint32_t *pixel(const grid *g, place p, int which) {
    return plane(g, p >> 16, which) + (p & 0xffff);
}

// One bit for each neighbour of p that lies in the piece.
static inline unsigned near_bits(const grid *g, place p) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    unsigned bits = g->corners ? 0xff : 0x5a;
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

static inline bool is_inside(const grid *g, place p) {
    const ptrdiff_t x = p & 0xffff, y = p >> 16;
    return x > 0 && y > 0 && x + 1 < g->width && y + 1 < g->nrows;
}

// A plane's row with a word on each side, which is `outside`, as is all of a row that nobody knows.
static void line_of(const grid *g, ptrdiff_t y, int which, uint32_t outside, uint32_t *line) {
    const uint32_t *from = y < 0 ? g->above : y >= g->nrows ? g->below : g->words + y * g->row;
    line[0] = line[g->width + 1] = outside;
    if (from)
        memcpy(line + 1, from + which * g->width, (size_t)g->width * sizeof *line);
    for (ptrdiff_t x = 1; !from && x <= g->width; x++)
        line[x] = outside;
}

// Every pixel that has 0 for a label takes the one that its links lead to: another one, as links
// have an end.
static void follow_links(const grid *g, int links) {
    const ptrdiff_t to_link = (links - LABEL) * g->width;
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        uint32_t *row = plane(g, y, LABEL);
        for (ptrdiff_t x = 0; x < g->width; x++) {
            if (row[x])
                continue;
            uint32_t *end = row + x;
            do
                end += (int32_t)end[to_link];
            while (!*end);
            const uint32_t label = *end;
            for (uint32_t *p = row + x; p != end;) {
                uint32_t *next = p + (int32_t)p[to_link];
                *p = label;
                p = next;
            }
        }
    }
}

#endif
