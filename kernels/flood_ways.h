// flood_ways.h: where the water comes from: for watershed.c, the way of each pixel to the neighbour
// whose label it takes, the first in the order of (level, steps), of several in raster order.
#ifndef PPX_FLOOD_WAYS_H
#define PPX_FLOOD_WAYS_H

#include "flood.h"

LANES_INLINE void look_back(const lines *level, const lines *steps, ptrdiff_t x, bool corners,
                            int32_t *ways) {
    wides least = here_of(level, x), fewest = here_of(steps, x), way = {0};
#pragma GCC unroll 8
    for (int k = 0; k < NEAR; k++) {
        if (!corners && !(EDGES >> k & 1))
            continue;
        const wides near = near_of(level, x, k), far = near_of(steps, x, k);
        const wides earlier =
            (wides)(near < least) | ((wides)(near == least) & (wides)(far < fewest));
        way = wides_either(earlier, wides_all(k + A_WAY), way);
        least = wides_min(least, near);
        fewest = wides_either(earlier, far, fewest);
    }
    wides_store(ways + x, way);
}

// Lines: of levels row y is in line y % 3, of steps in line 3 + y % 3; then one for ways.
enum { WAY_LINES = 7 };

// What is FAR either has its label from elsewhere and no steps, or is next to nothing that has one.
static void flood_line(const grid *g, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(g), k = (size_t)((y + 3) % 3);
    int32_t *steps = at + (3 + k) * room;
    line_of(g, y, LEVEL, TOP, at + k * room);
    line_of(g, y, STEPS, DAM, steps);
    for (ptrdiff_t x = 0; x < g->width + 2; x++)
        steps[x] = steps[x] == DAM ? FAR : steps[x] == FAR ? 0 : steps[x];
}

// The ways of row y, whose lines and those around it are there; 0 for none.
static const int32_t *ways_of(const grid *g, ptrdiff_t y, int32_t *at) {
    const size_t room = line_room(g);
    int32_t *ways = at + 6 * room;
    lines level, steps;
    for (int k = 0; k < 3; k++) {
        level.at[k] = at + (size_t)((y + 2 + k) % 3) * room;
        steps.at[k] = level.at[k] + 3 * room;
    }
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WORDS)
            look_back(&level, &steps, x, true, ways);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WORDS)
            look_back(&level, &steps, x, false, ways);
    return ways;
}

// Whether row y of a piece lies along another piece on that side, 0: above, 1: below.
static inline bool is_border(const ppx_job *job, const ppx_piece *piece, ptrdiff_t y, int side) {
    return side ? y == piece->nrows - 1 && piece->y0 + piece->nrows < job->in.height
                : y == 0 && piece->y0 > 0;
}

#endif
