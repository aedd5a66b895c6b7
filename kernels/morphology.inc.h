// morphology.inc.h: the row functions of morphology.c for one pixel type and one of least and
// greatest. PIXEL, LANES (a vector of them), NAME, NEUTRAL, PICK(a, b) for samples and
// PICK_LANES(a, b) for vectors, FINISH(v), and SIGN (-1: the element is reflected) are defined by
// who includes it.

#define NLANES ((ptrdiff_t)(sizeof(LANES) / sizeof(PIXEL)))

static inline LANES NAME(load)(const PIXEL *from) {
    LANES v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void NAME(store)(PIXEL *to, LANES v) {
    memcpy(to, &v, sizeof v);
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

// Copies what a tile of the block reads to lines 1 on, the first of them row -p->up, with what is
// beyond the image's edges. (In the image itself, rows are apart by about a power of two: few of
// them would stay in the first cache.)
static void NAME(pack)(const plan *p, const ppx_block *block, ptrdiff_t x0, ptrdiff_t x1) {
    const ptrdiff_t left = p->left * p->channels, right = p->right * p->channels;
    const ptrdiff_t from = x0 > left ? x0 - left : 0;
    const ptrdiff_t to = p->n - x1 > right ? x1 + right : p->n;
    for (ptrdiff_t i = -p->up; i < block->nrows + p->down; i++) {
        PIXEL *line = NAME(line)(p, block, 1 + p->up + i);
        const ptrdiff_t y = block->y + i;
        if (p->kind == SLANTED && (y < 0 || y >= p->height)) {
            NAME(fill)(line + p->lead - left, x1 - x0 + left + right);
            continue;
        }
        memcpy(line + p->lead + from - x0, (const PIXEL *)block->in[i] + from,
               (size_t)(to - from) * sizeof(PIXEL));
        NAME(neutral_sides)(p, line, x0, x1);
    }
}

// `count` vectors of output: PICK over the samples that lie at `places` from x.
static inline __attribute__((always_inline)) void NAME(along_at)(LANES *found, const PIXEL *x,
                                                                 const ptrdiff_t *places,
                                                                 ptrdiff_t nplaces,
                                                                 const int count) {
    for (int v = 0; v < count; v++)
        found[v] = NAME(load)(x + places[0] + v * NLANES);
    for (ptrdiff_t k = 1; k < nplaces; k++)
        for (int v = 0; v < count; v++)
            found[v] = PICK_LANES(found[v], NAME(load)(x + places[k] + v * NLANES));
    for (int v = 0; v < count; v++)
        found[v] = FINISH(found[v]);
}

// A piece of an output row.
static void NAME(along)(PIXEL *out, const PIXEL *row, const ptrdiff_t *places, ptrdiff_t nplaces,
                        ptrdiff_t n) {
    LANES found[4];
    ptrdiff_t x = 0;
    for (; x + 4 * NLANES <= n; x += 4 * NLANES) {
        NAME(along_at)(found, row + x, places, nplaces, 4);
        memcpy(out + x, found, sizeof found);
    }
    if (x < n) {
        NAME(along_at)(found, row + x, places, nplaces, 4);
        memcpy(out + x, found, (size_t)(n - x) * sizeof(PIXEL));
    }
}

// Asks for what output rows [i0, i1) are the first to read in the next tile, whose columns begin
// at x: tiles are too narrow for the processor to foresee that.
static inline void NAME(fetch)(const plan *p, const ppx_block *block, ptrdiff_t i0, ptrdiff_t i1,
                               ptrdiff_t x) {
    const ptrdiff_t end = x + p->tile < p->n ? x + p->tile : p->n;
    for (ptrdiff_t i = i0; i < i1 && i < block->nrows; i++)
        for (ptrdiff_t at = x; at < end; at += 64 / (ptrdiff_t)sizeof(PIXEL)) {
            __builtin_prefetch((const PIXEL *)block->in[i + p->down] + at, 0, 2);
            __builtin_prefetch((const PIXEL *)block->out[i] + at, 1, 2);
        }
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
