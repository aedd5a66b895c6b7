// morphology_round.inc.h: disks and diamonds, a part of morphology.inc.h.
//
// Exact, as a union of columns (Urbach, Wilkinson, Efficient 2-D grayscale morphological
// transformations with arbitrary flat structuring elements, IEEE TIP 17, 2008, with columns for
// their chords). Going outwards from the centre row by row, the extreme of the rows so far is
// written to a line for each height that a column has; then each output takes one sample for each
// column, from the line of the column's height. Two output rows share all rows but one on each
// side. Cost: about 4 r comparisons and 3 r loads a pixel, on vectors.
//
// Rows come from the ring of morphology_box.inc.h; height 0 is the row itself. Scratch: behind that
// ring, two lines for each height (of two rows).

// Two output rows, and columns [x0, x1) of them.
typedef struct NAME(round_rows) {
    ptrdiff_t x0, x1;
    const PIXEL *above[MAX_RADIUS + 1]; // above[y] is y rows above the first
    const PIXEL *below[MAX_RADIUS + 1]; // below[y] is y rows below the second
    PIXEL *lines[MAX_RADIUS + 1];       // of each height, NULL if no column has it, for the first
    const PIXEL *places[2][MAX_SIZE];   // of each column of the element, in both rows
} NAME(round_rows);

// Of output rows i and i + 1; there may be no second.
static void NAME(list_rows)(const plan *p, const ppx_block *block, ptrdiff_t i,
                            NAME(round_rows) * rows) {
    const ptrdiff_t y = block->y + i, end = block->y + block->nrows + p->down;
    const ptrdiff_t last = y + 1 + p->down < end ? y + 1 + p->down : end - 1;
    NAME(take_in)(p, block, last + 1);
    for (ptrdiff_t k = 0; k <= p->up; k++) {
        rows->above[k] = NAME(ring_row)(p, block, y - k);
        rows->below[k] = NAME(ring_row)(p, block, y + 1 + k < last ? y + 1 + k : last);
        rows->lines[k] = NULL;
    }
}

static void NAME(list_places)(const plan *p, const ppx_block *block, NAME(round_rows) * rows) {
    PIXEL *const lines = NAME(behind_ring)(p, block) + p->lead - rows->x0;
    for (ptrdiff_t k = 0; k < p->nspots; k++) {
        const ptrdiff_t height = p->spots[k].y, x = p->spots[k].x * p->channels;
        if (height > 0)
            rows->lines[height] = lines + 2 * (height - 1) * p->span;
        rows->places[0][k] = x + (height > 0 ? rows->lines[height] : rows->above[0]);
        rows->places[1][k] = x + (height > 0 ? rows->lines[height] + p->span : rows->below[0]);
    }
}

static void NAME(make_heights)(const plan *p, const NAME(round_rows) * rows) {
    const ptrdiff_t up = p->up, span = p->span;
    const ptrdiff_t end = rows->x1 + p->right * p->channels;
    for (ptrdiff_t x = rows->x0 - round_up(p->left * p->channels, NLANES); x < end;
         x += 2 * NLANES) {
        const PIXEL *above = rows->above[0] + x, *below = rows->below[0] + x;
        LANES a0 = NAME(load)(above), a1 = NAME(load)(above + NLANES);
        LANES b0 = NAME(load)(below), b1 = NAME(load)(below + NLANES);
        for (ptrdiff_t y = 1; y <= up; y++) {
            const LANES common0 = PICK_LANES(a0, b0), common1 = PICK_LANES(a1, b1);
            above = rows->above[y] + x;
            below = rows->below[y] + x;
            a0 = PICK_LANES(common0, NAME(load)(above));
            a1 = PICK_LANES(common1, NAME(load)(above + NLANES));
            b0 = PICK_LANES(common0, NAME(load)(below));
            b1 = PICK_LANES(common1, NAME(load)(below + NLANES));
            if (rows->lines[y]) {
                PIXEL *line = rows->lines[y] + x;
                NAME(store)(line, a0);
                NAME(store)(line + NLANES, a1);
                NAME(store)(line + span, b0);
                NAME(store)(line + span + NLANES, b1);
            }
        }
    }
}

static void NAME(round)(const plan *p, const ppx_block *block) {
    NAME(round_rows) rows;
    for (ptrdiff_t i = 0; i < block->nrows; i += 2) {
        NAME(list_rows)(p, block, i, &rows);
        for (rows.x0 = 0; rows.x0 < p->n; rows.x0 = rows.x1) {
            rows.x1 = rows.x0 + p->tile < p->n ? rows.x0 + p->tile : p->n;
            NAME(list_places)(p, block, &rows);
            NAME(make_heights)(p, &rows);
            for (ptrdiff_t k = 0; k < 2 && i + k < block->nrows; k++)
                NAME(along)(p, block, i + k, 2, rows.x0, rows.x1, rows.places[k], p->nspots);
        }
    }
}
