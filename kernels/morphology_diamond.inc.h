// morphology_diamond.inc.h: diamonds of radius 2 on, a part of morphology.inc.h.
//
// A diamond of radius r is a diagonal of r pixels, moved along r pixels of the other diagonal, and
// widened by a pixel on all four sides. So three passes do, for any radius: two are joined along
// leaning columns as in morphology_box.inc.h, the last one takes five samples. Each row of the
// passes is made once and kept in a ring.
//
// Scratch: the state, the ring of the first pass, p->nring rows, and that of the second, BAND + 2.

// Column 0 of row y, -1 at least, of the first or the second pass. Those of the second are those of
// the diamond's centre.
static inline PIXEL *NAME(diamond_row)(const plan *p, const ppx_block *block, bool second,
                                       ptrdiff_t y) {
    PIXEL *rows = NAME(behind_ring)(p, block) + p->margin;
    const ptrdiff_t k = second ? p->nring + (y + 1) % (BAND + 2) : (y + 1) % p->nring;
    return rows + k * p->pitch;
}

// The most rows that are made together.
static int NAME(diamond_band)(const plan *p, ptrdiff_t nrows) {
    int m = BAND;
    while (m > p->up || m > nrows)
        m /= 2;
    return m;
}

// Adds row number `at`, counted from the first, of those that m windows of `height` rows read.
static void NAME(add_row)(NAME(band) * b, const PIXEL *row, ptrdiff_t at, ptrdiff_t height, int m) {
    if (at < m - 1)
        b->before[at] = row;
    else if (at < height)
        b->core[b->ncore++] = row;
    else
        b->behind[at - height] = row;
}

// Joins whole vectors from column x on, until column `end` is there in all m rows.
static void NAME(join_whole)(const NAME(band) * b, ptrdiff_t x, ptrdiff_t end, int m) {
    for (; x < end; x += NLANES)
        if (m == BAND)
            NAME(band_at)(b, b->to, x, x, BAND, PLAIN);
        else if (m == 4)
            NAME(band_at)(b, b->to, x, x, 4, PLAIN);
        else if (m == 2)
            NAME(band_at)(b, b->to, x, x, 2, PLAIN);
        else
            NAME(band_at)(b, b->to, x, x, 1, PLAIN);
}

// The rows of the first pass before row `end`: at (x, y) the samples (x + k, y - k) for k below r.
static void NAME(first_diagonal)(const plan *p, const ppx_block *block, ptrdiff_t end) {
    ring_state *state = NAME(state)(block);
    const ptrdiff_t r = p->up, s = p->channels;
    while (state->first_end < end) {
        const ptrdiff_t y = state->first_end;
        const int m = NAME(diamond_band)(p, end - y);
        NAME(band) b;
        b.ncore = 0;
        NAME(take_in)(p, block, y + m);
        for (ptrdiff_t at = 0; at < r + m - 1; at++) {
            const ptrdiff_t down = at - (r - 1);
            NAME(add_row)(&b, NAME(ring_row)(p, block, y + down) - s * down, at, r, m);
        }
        for (int k = 0; k < m; k++)
            b.with[k] = b.to[k] = NAME(diamond_row)(p, block, false, y + k) - s * k;
        NAME(join_whole)(&b, -round_up(r * s, NLANES), p->n + s * m, m);
        state->first_end += m;
    }
}

// Those of the second pass: at (x, y), r - 1 columns to the right, of the first pass's (x + k, y +
// k).
static void NAME(second_diagonal)(const plan *p, const ppx_block *block, ptrdiff_t end) {
    ring_state *state = NAME(state)(block);
    const ptrdiff_t r = p->up, s = p->channels;
    while (state->second_end < end) {
        const ptrdiff_t y = state->second_end;
        const int m = NAME(diamond_band)(p, end - y);
        NAME(band) b;
        b.ncore = 0;
        NAME(first_diagonal)(p, block, y + r + m - 1);
        for (ptrdiff_t at = 0; at < r + m - 1; at++)
            NAME(add_row)
        (&b, NAME(diamond_row)(p, block, false, y + at) + s * at - s * (r - 1), at, r, m);
        for (int k = 0; k < m; k++)
            b.with[k] = b.to[k] = NAME(diamond_row)(p, block, true, y + k) + s * k;
        NAME(join_whole)(&b, -round_up(s * m, NLANES), p->n + s, m);
        state->second_end += m;
    }
}

static void NAME(rhomb)(const plan *p, const ppx_block *block) {
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        const ptrdiff_t y = block->y + i, left = block->nrows - i;
        if (i % BAND == 0)
            NAME(second_diagonal)(p, block, y + (left < BAND ? left : BAND) + 1);
        const PIXEL *row = NAME(diamond_row)(p, block, true, y);
        const PIXEL *places[5] = {row, row - p->channels, row + p->channels,
                                  NAME(diamond_row)(p, block, true, y - 1),
                                  NAME(diamond_row)(p, block, true, y + 1)};
        NAME(along)(p, block, i, BAND, 0, p->n, places, 5);
    }
}
