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

// What a tile of a block has in common: lines[y] is that of height y, NULL if no column has it, for
// the first of two rows; places[k] is column k of the element in it, and for the second.
typedef struct NAME(round_tile) {
    ptrdiff_t x0, x1;
    PIXEL *lines[MAX_RADIUS + 1];
    const PIXEL *places[2][MAX_SIZE];
} NAME(round_tile);

static void NAME(open_tile)(const plan *p, const ppx_block *block, NAME(round_tile) * tile) {
    for (ptrdiff_t y = 0; y <= p->up; y++)
        tile->lines[y] = NULL;
    for (ptrdiff_t k = 0; k < p->nspots; k++) {
        const spot *column = &p->spots[k];
        if (column->y == 0)
            continue;
        PIXEL *line = (PIXEL *)block->scratch + 2 * (column->y - 1) * p->span + p->lead - tile->x0;
        tile->lines[column->y] = line;
        tile->places[0][k] = line + column->x * p->channels;
        tile->places[1][k] = tile->places[0][k] + p->span;
    }
}

// The lines of two output rows, of which in[0] and in[1] are the middle.
static void NAME(make_heights)(const plan *p, const NAME(round_tile) * tile,
                               const void *const *in) {
    const ptrdiff_t up = p->up, span = p->span;
    const ptrdiff_t from = tile->x0 - round_up(p->left * p->channels, NLANES);
    const ptrdiff_t to = tile->x1 + p->right * p->channels;
    PIXEL *const *lines = tile->lines;
    for (ptrdiff_t x = from; x < to; x += 2 * NLANES) {
        const PIXEL *above = (const PIXEL *)in[0] + x, *below = (const PIXEL *)in[1] + x;
        LANES a0 = NAME(load)(above), b0 = NAME(load)(below);
        LANES a1 = NAME(load)(above + NLANES), b1 = NAME(load)(below + NLANES);
        for (ptrdiff_t y = 1; y <= up; y++) {
            const LANES common0 = PICK_LANES(a0, b0), common1 = PICK_LANES(a1, b1);
            above = (const PIXEL *)in[-y] + x;
            below = (const PIXEL *)in[1 + y] + x;
            a0 = PICK_LANES(common0, NAME(load)(above));
            a1 = PICK_LANES(common1, NAME(load)(above + NLANES));
            b0 = PICK_LANES(common0, NAME(load)(below));
            b1 = PICK_LANES(common1, NAME(load)(below + NLANES));
            if (lines[y]) {
                PIXEL *line = lines[y] + x;
                NAME(store)(line, a0);
                NAME(store)(line + NLANES, a1);
                NAME(store)(line + span, b0);
                NAME(store)(line + span + NLANES, b1);
            }
        }
    }
}

static void NAME(round)(const plan *p, const ppx_block *block) {
    NAME(round_tile) tile;
    for (tile.x0 = 0; tile.x0 < p->n; tile.x0 = tile.x1) {
        tile.x1 = tile.x0 + p->tile < p->n ? tile.x0 + p->tile : p->n;
        NAME(open_tile)(p, block, &tile);
        for (ptrdiff_t i = 0; i < block->nrows; i++) {
            if (i % 2 == 0)
                NAME(make_heights)(p, &tile, block->in + i);
            // The outermost columns are the last two.
            for (ptrdiff_t k = p->nspots - 1; k >= 0 && p->spots[k].y == 0; k--)
                tile.places[i % 2][k] = (const PIXEL *)block->in[i] + p->spots[k].x * p->channels;
            NAME(along)(p, block, i, tile.x0, tile.x1, tile.places[i % 2], p->nspots);
        }
    }
}
