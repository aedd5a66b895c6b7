// morphology_slanted.inc.h: lines at an angle that are not diagonals, a part of morphology.inc.h.
//
// One load and one comparison for each pixel of the line, on vectors (Soille, Breen, Jones, IEEE
// TPAMI 18, 1996, reach a constant cost along one-pixel lines, sample after sample). Rows come from
// the ring of morphology_box.inc.h.

static void NAME(slanted)(const plan *p, const ppx_block *block) {
    const PIXEL *places[MAX_SIZE];
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        const ptrdiff_t y = block->y + i;
        NAME(take_in)(p, block, y + 1 + p->down);
        for (ptrdiff_t k = 0; k < p->nspots; k++)
            places[k] = NAME(ring_row)(p, block, y + p->sign * p->spots[k].y) +
                        p->sign * p->spots[k].x * p->channels;
        NAME(along)(p, block, i, 1, 0, p->n, places, p->nspots);
    }
}
