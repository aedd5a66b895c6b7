// morphology_slanted.inc.h: lines at an angle, a part of morphology.inc.h.
//
// One load and one comparison for each pixel of the line, on vectors (Soille, Breen, Jones, IEEE
// TPAMI 18, 1996, reach a constant cost along one-pixel lines, sample after sample).
//
// Scratch: line 0 for settle(), the packed rows, then where each pixel of the line lies in those,
// seen from its origin.

static void NAME(slanted)(const plan *p, const ppx_block *block) {
    ptrdiff_t *const places = (ptrdiff_t *)NAME(line)(p, block, 1 + p->npacked);
    const PIXEL *const packed = NAME(line)(p, block, 1 + p->up) + p->lead;
    for (ptrdiff_t k = 0; k < p->nspots; k++)
        places[k] = p->sign * (p->spots[k].y * p->span + p->spots[k].x * p->channels);
    for (ptrdiff_t x0 = 0; x0 < p->n; x0 += p->tile) {
        const ptrdiff_t x1 = x0 + p->tile < p->n ? x0 + p->tile : p->n;
        NAME(pack)(p, block, x0, x1);
        for (ptrdiff_t i = 0; i < block->nrows; i++) {
            NAME(along)
            (NAME(place)(p, block, i, x0), packed + i * p->span, places, p->nspots, x1 - x0);
            NAME(settle)(p, block, i, x0, x1 - x0);
            NAME(fetch)(p, block, i, i + 1, x1);
        }
    }
}
