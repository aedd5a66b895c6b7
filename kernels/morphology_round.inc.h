// morphology_round.inc.h: disks and diamonds, a part of morphology.inc.h.
//
// Exact, as a union of columns (Urbach, Wilkinson, Efficient 2-D grayscale morphological
// transformations with arbitrary flat structuring elements, IEEE TIP 17, 2008, with columns for
// their chords). Going outwards from the centre row by row, the extreme of the rows so far is
// written to a line for each height; then each output takes one sample for each column, from the
// line of the column's height. Two output rows share all rows but one on each side.
// Cost: about 4 r comparisons and 3 r loads a pixel, on vectors.
//
// Scratch: line 0 for settle(), the packed rows, two lines for each height (of two rows), and where
// each column's sample lies in those.

// Two vectors of each line, from those of packed rows: of an output row and the one below it.
static inline void NAME(heights_at)(const plan *p, PIXEL *to, const PIXEL *row) {
    const ptrdiff_t span = p->span;
    LANES a0 = NAME(load)(row), b0 = NAME(load)(row + span);
    LANES a1 = NAME(load)(row + NLANES), b1 = NAME(load)(row + span + NLANES);
    const PIXEL *above = row, *below = row + span;
    for (ptrdiff_t y = 0;; y++, to += 2 * span) {
        NAME(store)(to, a0);
        NAME(store)(to + NLANES, a1);
        NAME(store)(to + span, b0);
        NAME(store)(to + span + NLANES, b1);
        if (y == p->up)
            break;
        above -= span;
        below += span;
        const LANES common0 = PICK_LANES(a0, b0), common1 = PICK_LANES(a1, b1);
        a0 = PICK_LANES(common0, NAME(load)(above));
        a1 = PICK_LANES(common1, NAME(load)(above + NLANES));
        b0 = PICK_LANES(common0, NAME(load)(below));
        b1 = PICK_LANES(common1, NAME(load)(below + NLANES));
    }
}

static void NAME(round)(const plan *p, const ppx_block *block) {
    const ptrdiff_t around = (p->left * p->channels + NLANES - 1) / NLANES * NLANES;
    const ptrdiff_t nheights = p->up + 1;
    PIXEL *const packed = NAME(line)(p, block, 1) + p->lead;
    PIXEL *const lines = NAME(line)(p, block, 1 + p->npacked) + p->lead;
    ptrdiff_t *const places = (ptrdiff_t *)NAME(line)(p, block, 1 + p->npacked + 2 * nheights);
    for (ptrdiff_t k = 0; k < p->nspots; k++)
        places[k] = 2 * p->spots[k].y * p->span + p->spots[k].x * p->channels;
    for (ptrdiff_t x0 = 0; x0 < p->n; x0 += p->tile) {
        const ptrdiff_t x1 = x0 + p->tile < p->n ? x0 + p->tile : p->n;
        NAME(pack)(p, block, x0, x1);
        for (ptrdiff_t i = 0; i < block->nrows; i += 2) {
            const PIXEL *const row = packed + (p->up + i) * p->span;
            for (ptrdiff_t x = -around; x < x1 - x0 + p->right * p->channels; x += 2 * NLANES)
                NAME(heights_at)(p, lines + x, row + x);
            for (ptrdiff_t k = i; k < i + 2 && k < block->nrows; k++) {
                NAME(along)
                (NAME(place)(p, block, k, x0), lines + (k - i) * p->span, places, p->nspots,
                 x1 - x0);
                NAME(settle)(p, block, k, x0, x1 - x0);
            }
            NAME(fetch)(p, block, i, i + 2, x1);
        }
    }
}
