// morphology.inc.h: the row functions of morphology.c for one pixel type and one of least and
// greatest. PIXEL, LANES (a vector of them), NAME, NEUTRAL, PICK(a, b) for samples and
// PICK_LANES(a, b) for vectors, FINISH(v), and SIGN (-1: the element is reflected) are defined by
// who includes it.

#define NLANES ((ptrdiff_t)(sizeof(LANES) / sizeof(PIXEL)))
#define NAME2_PASTED(function, n) NAME(function##_##n)
#define NAME2(function, n) NAME2_PASTED(function, n)

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

#include "morphology_row.inc.h"

// What is put where an output is: the extreme, or a difference; `first` is of the first input.
static inline void NAME(put)(finish how, PIXEL *out, const PIXEL *first, LANES v) {
    v = FINISH(v);
    if (how == FAR) {
        store_far(out, (lanes_bits)v);
        return;
    }
    if (how == LESS_PIECE)
        v = NAME(load)(out) - v;
    else if (how == FROM_FIRST)
        v = FINISH(NAME(load)(first)) - v;
    else if (how == LESS_FIRST)
        v -= FINISH(NAME(load)(first));
    NAME(store)(out, v);
}

static inline void NAME(put_one)(finish how, PIXEL *out, const PIXEL *first, PIXEL v) {
    v = FINISH(v);
    *out = (PIXEL)(how == LESS_PIECE   ? *out - v
                   : how == FROM_FIRST ? FINISH(*first) - v
                   : how == LESS_FIRST ? v - FINISH(*first)
                                       : v);
}

#include "morphology_box.inc.h"
#include "morphology_diamond.inc.h"
#include "morphology_round.inc.h"
#include "morphology_slanted.inc.h"

static void NAME(block)(const plan *p, const ppx_block *block) {
    if (block->fresh) {
        ring_state *state = NAME(state)(block);
        state->end = block->y - p->up;
        state->next_band = state->first_end = state->second_end = block->y - 1;
    }
    if (p->kind == SLANTED)
        NAME(slanted)(p, block);
    else if (p->kind == RHOMB)
        NAME(rhomb)(p, block);
    else if (p->kind == ROUND)
        NAME(round)(p, block);
    else
        NAME(box)(p, block);
}

static void NAME(rows)(const ppx_job *job, const ppx_block *block) {
    plan p = make_plan(job, SIGN, PLAIN);
    bool aligned = p.lean == 0 || p.kind == RHOMB;
    for (ptrdiff_t i = 0; i < block->nrows; i++)
        aligned = aligned && (uintptr_t)block->out[i] % LANES_NBYTES == 0;
    if (block->far && aligned)
        p.finish = FAR;
    NAME(block)(&p, block);
    if (p.finish == FAR)
        ppx_far_end(true);
}

static void NAME(rows_with_first)(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job, SIGN, SIGN < 0 ? FROM_FIRST : LESS_FIRST);
    NAME(block)(&p, block);
}

#undef PIXEL
#undef LANES
#undef NLANES
#undef NAME2_PASTED
#undef NAME2
#undef NAME
#undef NEUTRAL
#undef PICK
#undef PICK_LANES
#undef FINISH
#undef SIGN
