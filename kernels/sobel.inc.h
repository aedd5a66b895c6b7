// sobel.inc.h: the row functions of sobel.c for one pixel type; PIXEL, NAME and GRADIENT (the type
// of a gradient) are defined by who includes it.

// Column differences and sums are written out, so that no intermediate row is stored.
static inline GRADIENT NAME(gx)(const PIXEL *a, const PIXEL *b, const PIXEL *c, ptrdiff_t left,
                                ptrdiff_t right) {
    GRADIENT outer = (GRADIENT)((a[right] - a[left]) + (c[right] - c[left]));
    GRADIENT inner = (GRADIENT)(b[right] - b[left]);
    return (GRADIENT)(outer + inner + inner);
}

static inline GRADIENT NAME(gy)(const PIXEL *a, const PIXEL *c, ptrdiff_t left, ptrdiff_t x,
                                ptrdiff_t right) {
    GRADIENT outer = (GRADIENT)((c[left] - a[left]) + (c[right] - a[right]));
    GRADIENT inner = (GRADIENT)(c[x] - a[x]);
    return (GRADIENT)(outer + inner + inner);
}

static void NAME(sobel_row)(PIXEL *restrict out, const PIXEL *const rows[3], ptrdiff_t n,
                            ptrdiff_t step, bool l1) {
    const PIXEL *a = rows[0], *b = rows[1], *c = rows[2];
    if (l1) {
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = NAME(l1)(NAME(gx)(a, b, c, x - step, x + step),
                              NAME(gy)(a, c, x - step, x, x + step));
    } else {
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = NAME(l2)(NAME(gx)(a, b, c, x - step, x + step),
                              NAME(gy)(a, c, x - step, x, x + step));
    }
}

static void NAME(sobel)(const ppx_job *job, const ppx_block *block) {
    ptrdiff_t step = job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *const rows[3] = {block->in[k - 1], block->in[k], block->in[k + 1]};
        NAME(sobel_row)(block->out[k], rows, job->in.width * step, step, job->values[NORM].i == L1);
    }
}

#undef PIXEL
#undef NAME
#undef GRADIENT
