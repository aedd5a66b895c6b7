// morphology.inc.h: the row functions of morphology.c for one pixel type and one of least and
// greatest. PIXEL, LANES (a vector of them), NAME, NEUTRAL, PICK(a, b) for samples and
// PICK_LANES(a, b) for vectors, FINISH(v), and SIGN (-1: the element is reflected) are defined by
// who includes it.

#define NLANES ((ptrdiff_t)(sizeof(LANES) / sizeof(PIXEL)))

// Vectors of n samples: all of them where n is a constant, else of a row that is too short for one.
static inline LANES NAME(load)(const PIXEL *from, ptrdiff_t n) {
    LANES v = {0};
    memcpy(&v, from, (size_t)n * sizeof(PIXEL));
    return v;
}

static inline void NAME(store)(PIXEL *to, LANES v, ptrdiff_t n) {
    memcpy(to, &v, (size_t)n * sizeof(PIXEL));
}

static void NAME(fill)(PIXEL *to, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = NEUTRAL;
}

// Line k of the scratch; its sample p->lead belongs to the tile's first column.
static inline PIXEL *NAME(line)(const plan *p, const ppx_block *block, ptrdiff_t k) {
    return (PIXEL *)block->scratch + k * p->span;
}

// Where samples [x0, ...) of output row i are put, and what is done when they are there.
static inline PIXEL *NAME(place)(const plan *p, const ppx_block *block, ptrdiff_t i, ptrdiff_t x0) {
    return p->finish == LESS_PIECE ? NAME(line)(p, block, 0) : (PIXEL *)block->out[i] + x0;
}

static void NAME(settle)(const plan *p, const ppx_block *block, ptrdiff_t i, ptrdiff_t x0,
                         ptrdiff_t n) {
    PIXEL *out = (PIXEL *)block->out[i] + x0;
    if (p->finish == LESS_PIECE) {
        const PIXEL *piece = NAME(line)(p, block, 0);
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = (PIXEL)(out[x] - piece[x]);
    } else if (p->finish != PLAIN) {
        const PIXEL *first = (const PIXEL *)block->with[i] + x0;
        if (p->finish == FROM_FIRST)
            for (ptrdiff_t x = 0; x < n; x++)
                out[x] = (PIXEL)(FINISH(first[x]) - out[x]);
        else
            for (ptrdiff_t x = 0; x < n; x++)
                out[x] = (PIXEL)(out[x] - FINISH(first[x]));
    }
}

// What is beyond the image's edges in a line of a tile: lines hold columns x0 - left to x1 + right.
static void NAME(neutral_sides)(const plan *p, PIXEL *line, ptrdiff_t x0, ptrdiff_t x1) {
    const ptrdiff_t left = p->left * p->channels, right = p->right * p->channels;
    if (x0 < left)
        NAME(fill)(line + p->lead - left, left - x0);
    if (x1 + right > p->n)
        NAME(fill)(line + p->lead + p->n - x0, x1 + right - p->n);
}

// The columns that a tile reads: from a multiple of a vector on, if there are enough.
static inline void NAME(reads)(const plan *p, ptrdiff_t x0, ptrdiff_t x1, ptrdiff_t *from,
                               ptrdiff_t *to) {
    const ptrdiff_t left = p->left * p->channels, right = p->right * p->channels;
    *from = x0 > left ? (x0 - left) / NLANES * NLANES : 0;
    *to = p->n - x1 > right ? x1 + right : p->n;
    if (*to - *from < NLANES)
        *from = *to > NLANES ? *to - NLANES : 0;
}

#include "morphology_box.inc.h"
#include "morphology_round.inc.h"
#include "morphology_slanted.inc.h"

static void NAME(block)(const plan *p, const ppx_block *block) {
    if (p->kind == BOX)
        NAME(box)(p, block);
    else if (p->kind == ROUND)
        NAME(round)(p, block);
    else
        NAME(slanted)(p, block);
}

static void NAME(rows)(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job, SIGN, PLAIN);
    NAME(block)(&p, block);
}

static void NAME(rows_with_first)(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job, SIGN, SIGN < 0 ? FROM_FIRST : LESS_FIRST);
    NAME(block)(&p, block);
}

#undef PIXEL
#undef LANES
#undef NLANES
#undef NAME
#undef NEUTRAL
#undef PICK
#undef PICK_LANES
#undef FINISH
#undef SIGN
