// morphology_round.inc.h: disks and diamonds, a part of morphology.inc.h.
//
// Exact, as a union of columns (Urbach, Wilkinson, Efficient 2-D grayscale morphological
// transformations with arbitrary flat structuring elements, IEEE TIP 17, 2008, with columns for
// their chords). Going outwards from the centre row by row, the extreme of the rows so far is
// written to a line for each height that a column has; then each output takes one sample for each
// column, from the line of the column's height. Two output rows share all rows but one on each
// side. Cost: about 4 r comparisons and 3 r loads a pixel, on vectors.
//
// Scratch: two lines for each height (of two rows). Height 0 is the row itself.

// Two vectors of each line, from column x of the rows above[y] and below[y]: those that are y rows
// above the first output row, and y rows below the second.
static inline void NAME(heights_at)(const plan *p, const PIXEL *const *above,
                                    const PIXEL *const *below, PIXEL *const *to, ptrdiff_t x,
                                    ptrdiff_t at) {
    LANES a0 = NAME(load)(above[0] + x), b0 = NAME(load)(below[0] + x);
    LANES a1 = NAME(load)(above[0] + x + NLANES), b1 = NAME(load)(below[0] + x + NLANES);
    for (ptrdiff_t y = 1; y <= p->up; y++) {
        const LANES common0 = PICK_LANES(a0, b0), common1 = PICK_LANES(a1, b1);
        a0 = PICK_LANES(common0, NAME(load)(above[y] + x));
        a1 = PICK_LANES(common1, NAME(load)(above[y] + x + NLANES));
        b0 = PICK_LANES(common0, NAME(load)(below[y] + x));
        b1 = PICK_LANES(common1, NAME(load)(below[y] + x + NLANES));
        if (to[y]) {
            NAME(store)(to[y] + at, a0);
            NAME(store)(to[y] + at + NLANES, a1);
            NAME(store)(to[y] + p->span + at, b0);
            NAME(store)(to[y] + p->span + at + NLANES, b1);
        }
    }
}

// Output rows i and i + 1 of a block, columns [x0, x1).
static void NAME(round_rows)(const plan *p, const ppx_block *block, ptrdiff_t i, ptrdiff_t x0,
                             ptrdiff_t x1) {
    const ptrdiff_t around = (p->left * p->channels + NLANES - 1) / NLANES * NLANES;
    const ptrdiff_t last = block->nrows - 1 + p->down;
    const PIXEL *above[MAX_RADIUS + 1], *below[MAX_RADIUS + 1], *places[MAX_SIZE];
    PIXEL *to[MAX_RADIUS + 1];
    for (ptrdiff_t y = 0; y <= p->up; y++) {
        above[y] = block->in[i - y];
        below[y] = block->in[i + 1 + y < last ? i + 1 + y : last]; // there may be no second row
        to[y] = NULL;
    }
    for (ptrdiff_t k = 0; k < p->nspots; k++) // column 0 of the tile
        if (p->spots[k].y > 0)
            to[p->spots[k].y] =
                (PIXEL *)block->scratch + 2 * (p->spots[k].y - 1) * p->span + p->lead;
    for (ptrdiff_t x = x0 - around; x < x1 + p->right * p->channels; x += 2 * NLANES)
        NAME(heights_at)(p, above, below, to, x, x - x0);
    for (int row = 0; row < 2 && i + row < block->nrows; row++) {
        for (ptrdiff_t k = 0; k < p->nspots; k++) {
            const PIXEL *line = (const PIXEL *)block->in[i + row] + x0;
            if (p->spots[k].y > 0)
                line = to[p->spots[k].y] + row * p->span;
            places[k] = line + p->spots[k].x * p->channels - x0;
        }
        NAME(along)(p, block, i + row, x0, x1, places, p->nspots);
    }
}

static void NAME(round)(const plan *p, const ppx_block *block) {
    for (ptrdiff_t x0 = 0; x0 < p->n; x0 += p->tile) {
        const ptrdiff_t x1 = x0 + p->tile < p->n ? x0 + p->tile : p->n;
        for (ptrdiff_t i = 0; i < block->nrows; i += 2)
            NAME(round_rows)(p, block, i, x0, x1);
    }
}
