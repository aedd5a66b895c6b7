// sobel.inc.h: the row functions of sobel.c for one pixel type; PIXEL, NAME and GRADIENT (the type
// of a gradient) are defined by who includes it.

#include "gradient.inc.h"

// The weights and the norm are constants where this is called.
static INLINE void NAME(magnitude_row)(PIXEL *restrict out, const PIXEL *const rows[3], ptrdiff_t n,
                                       ptrdiff_t step, int corner, int side, bool l1) {
    const PIXEL *a = rows[0], *b = rows[1], *c = rows[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        GRADIENT gx = NAME(gx)(a, b, c, x - step, x + step, corner, side);
        GRADIENT gy = NAME(gy)(a, c, x - step, x, x + step, corner, side);
        out[x] = l1 ? NAME(l1)(gx, gy) : NAME(l2)(gx, gy);
    }
}

static INLINE void NAME(magnitude)(const ppx_job *job, const ppx_block *block, int corner,
                                   int side) {
    ptrdiff_t step = job->in.channels, n = job->in.width * step;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *const rows[3] = {block->in[k - 1], block->in[k], block->in[k + 1]};
        if (job->values[NORM].i == L1)
            NAME(magnitude_row)(block->out[k], rows, n, step, corner, side, true);
        else
            NAME(magnitude_row)(block->out[k], rows, n, step, corner, side, false);
    }
}

static void NAME(sobel)(const ppx_job *job, const ppx_block *block) {
    NAME(magnitude)(job, block, 1, 2);
}

static void NAME(scharr)(const ppx_job *job, const ppx_block *block) {
    NAME(magnitude)(job, block, 3, 10);
}

#undef PIXEL
#undef NAME
#undef GRADIENT
