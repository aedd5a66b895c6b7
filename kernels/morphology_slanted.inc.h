// morphology_slanted.inc.h: lines at an angle, a part of morphology.inc.h.
//
// One load and one comparison for each pixel of the line, on vectors (Soille, Breen, Jones 1996
// reach a constant cost along one-pixel lines, sample after sample). Pixels of the line beyond the
// image do not take part: rows are left out of the list, and near the left and right edges the line
// is walked pixel by pixel along rows that are cut to fit.
//
// Scratch: line 0 for settle(), then a list of the line's pixels.

// `count` vectors of output from column at on.
static inline __attribute__((always_inline)) void NAME(along_at)(PIXEL *out,
                                                                 const line_pixel *pixels,
                                                                 ptrdiff_t npixels, ptrdiff_t at,
                                                                 const int count) {
    LANES found[4];
    const PIXEL *row = (const PIXEL *)pixels[0].row + at + pixels[0].x;
    for (int v = 0; v < count; v++)
        found[v] = NAME(load)(row + v * NLANES, NLANES);
    for (ptrdiff_t k = 1; k < npixels; k++) {
        row = (const PIXEL *)pixels[k].row + at + pixels[k].x;
        for (int v = 0; v < count; v++)
            found[v] = PICK_LANES(found[v], NAME(load)(row + v * NLANES, NLANES));
    }
    for (int v = 0; v < count; v++)
        NAME(store)(out + v * NLANES, FINISH(found[v]), NLANES);
}

// Columns [x0, x1), where all pixels of the line are within the image: at least a vector.
static void NAME(along)(PIXEL *out, const line_pixel *pixels, ptrdiff_t npixels, ptrdiff_t x0,
                        ptrdiff_t x1) {
    ptrdiff_t x = x0;
    for (; x + 4 * NLANES <= x1; x += 4 * NLANES)
        NAME(along_at)(out + x - x0, pixels, npixels, x, 4);
    for (; x + NLANES <= x1; x += NLANES)
        NAME(along_at)(out + x - x0, pixels, npixels, x, 1);
    if (x < x1)
        NAME(along_at)(out + x1 - NLANES - x0, pixels, npixels, x1 - NLANES, 1);
}

// Columns [x0, x1) of a row of n samples, where some may not be.
static void NAME(along_edge)(PIXEL *restrict out, const line_pixel *pixels, ptrdiff_t npixels,
                             ptrdiff_t x0, ptrdiff_t x1, ptrdiff_t n) {
    NAME(fill)(out, x1 - x0);
    for (ptrdiff_t k = 0; k < npixels; k++) {
        const PIXEL *restrict row = (const PIXEL *)pixels[k].row + pixels[k].x;
        const ptrdiff_t from = x0 + pixels[k].x > 0 ? x0 : -pixels[k].x;
        const ptrdiff_t to = x1 + pixels[k].x < n ? x1 : n - pixels[k].x;
        for (ptrdiff_t x = from; x < to; x++)
            out[x - x0] = PICK(out[x - x0], row[x]);
    }
    for (ptrdiff_t x = 0; x < x1 - x0; x++)
        out[x] = FINISH(out[x]);
}

// The line's pixels that lie on rows of the image, from output row i.
static ptrdiff_t NAME(list_pixels)(const plan *p, const ppx_block *block, ptrdiff_t i,
                                   line_pixel *pixels) {
    ptrdiff_t n = 0;
    for (ptrdiff_t k = 0; k < p->nspots; k++) {
        const ptrdiff_t dy = p->sign * p->spots[k].y, y = block->y + i + dy;
        if (y >= 0 && y < p->height)
            pixels[n++] = (line_pixel){block->in[i + dy], p->sign * p->spots[k].x * p->channels};
    }
    return n;
}

static void NAME(slanted)(const plan *p, const ppx_block *block) {
    line_pixel *pixels = (line_pixel *)NAME(line)(p, block, 1);
    const ptrdiff_t left = p->left * p->channels, right = p->right * p->channels;
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        const ptrdiff_t npixels = NAME(list_pixels)(p, block, i, pixels);
        for (ptrdiff_t x0 = 0; x0 < p->n; x0 += p->tile) {
            const ptrdiff_t x1 = x0 + p->tile < p->n ? x0 + p->tile : p->n;
            PIXEL *to = NAME(place)(p, block, i, x0);
            ptrdiff_t a = x0 < left ? left : x0, b = x1 > p->n - right ? p->n - right : x1;
            if (b - a < NLANES)
                a = b = x1;
            else
                NAME(along)(to + a - x0, pixels, npixels, a, b);
            NAME(along_edge)(to, pixels, npixels, x0, a, p->n);
            if (b < x1)
                NAME(along_edge)(to + b - x0, pixels, npixels, b, x1, p->n);
            NAME(settle)(p, block, i, x0, x1 - x0);
        }
    }
}
