// morphology_box.inc.h: rectangles and diagonals, a part of morphology.inc.h.
//
// Each row is taken in once: its horizontal windows (morphology_row.inc.h; a diagonal's row itself,
// with NEUTRAL beside it) go to a ring of rows. There windows of rows are joined, column by column,
// or, for diagonals, along columns that lean by a pixel a row.
//
// Up to eight output rows are made together (a band). The rows that all their windows have in
// common are joined once; suffixes of the rows before and prefixes of the rows behind, which stay
// in registers, are added (the idea of van Herk and of Gil and Werman, in bands). Of high
// rectangles, the common rows are kept in groups of eight, one new one for each band. So a row of
// the ring is read less than three times, for any height up to some hundreds, and every output is
// written once.
//
// Scratch: the state, three lines for horizontal(), the ring, the groups. Other kinds of elements
// have the ring, too.

typedef struct NAME(band) {
    const PIXEL *before[BAND], *behind[BAND], *core[MAX_CORE]; // column 0 of the first output row
    ptrdiff_t ncore;
    PIXEL *to[BAND];
    const PIXEL *with[BAND]; // of the first input, if it is needed
    const PIXEL *soon[BAND]; // rows that will be taken in next
    finish finish;
    ptrdiff_t lean; // of all of these, from a row to the next
} NAME(band);

static inline ring_state *NAME(state)(const ppx_block *block) {
    return block->scratch;
}

// Column 0 of row y, which may lie outside of the image.
static inline PIXEL *NAME(ring_row)(const plan *p, const ppx_block *block, ptrdiff_t y) {
    PIXEL *ring = (PIXEL *)(NAME(state)(block) + 1) + 3 * p->span + p->margin;
    return ring + (y + p->up) % p->nring * p->pitch;
}

static inline PIXEL *NAME(behind_ring)(const plan *p, const ppx_block *block) {
    return (PIXEL *)(NAME(state)(block) + 1) + 3 * p->span + p->nring * p->pitch;
}

static inline PIXEL *NAME(group)(const plan *p, const ppx_block *block, ptrdiff_t g) {
    return NAME(behind_ring)(p, block) + (NAME(state)(block)->first + g) % p->ngroups * p->pitch;
}

// Takes in the rows before row `end`.
static void NAME(take_in)(const plan *p, const ppx_block *block, ptrdiff_t end) {
    ring_state *state = NAME(state)(block);
    for (; state->end < end; state->end++) {
        const ptrdiff_t y = state->end;
        const PIXEL *row = block->in[y - block->y];
        PIXEL *to = NAME(ring_row)(p, block, y);
        if (p->kind == BOX && p->left + p->right > 0) {
            NAME(horizontal)(p, to, row, (PIXEL *)(state + 1));
        } else if (p->kind == BOX) {
            memcpy(to + p->x0, row + p->x0, (size_t)(p->x1 - p->x0) * sizeof(PIXEL));
        } else if (y < 0 || y >= p->height) {
            NAME(fill)(to - p->margin, p->pitch);
        } else {
            NAME(fill)(to - p->margin, p->margin);
            memcpy(to, row, (size_t)p->n * sizeof(PIXEL));
            NAME(fill)(to + p->n, p->pitch - p->margin - p->n);
        }
    }
}

// The last row that output row i, or the last of the block, needs.
static const PIXEL *NAME(row_soon)(const plan *p, const ppx_block *block, ptrdiff_t i) {
    return block->in[(i < block->nrows ? i : block->nrows - 1) + p->down];
}

// Columns [x0, x1) of output row i: PICK over the samples at `places`, which are those of column 0.
// The row that is taken in for output row i + ahead is fetched meanwhile.
static void NAME(along)(const plan *p, const ppx_block *block, ptrdiff_t i, ptrdiff_t ahead,
                        ptrdiff_t x0, ptrdiff_t x1, const PIXEL *const *places, ptrdiff_t nplaces) {
    const PIXEL *const soon = NAME(row_soon)(p, block, i + ahead);
    const finish how = p->finish;
    PIXEL *const out = block->out[i];
    const PIXEL *const first =
        how == FROM_FIRST || how == LESS_FIRST ? (const PIXEL *)block->with[i] : out;
    ptrdiff_t x = x0;
    for (; x + 4 * NLANES <= x1; x += 4 * NLANES) {
        LANES a = NAME(load)(places[0] + x), b = NAME(load)(places[0] + x + NLANES);
        __builtin_prefetch(soon + x, 0, 2);
        __builtin_prefetch(soon + x + 2 * NLANES, 0, 2);
        LANES c = NAME(load)(places[0] + x + 2 * NLANES);
        LANES d = NAME(load)(places[0] + x + 3 * NLANES);
        for (ptrdiff_t k = 1; k < nplaces; k++) {
            const PIXEL *at = places[k] + x;
            a = PICK_LANES(a, NAME(load)(at));
            b = PICK_LANES(b, NAME(load)(at + NLANES));
            c = PICK_LANES(c, NAME(load)(at + 2 * NLANES));
            d = PICK_LANES(d, NAME(load)(at + 3 * NLANES));
        }
        NAME(put)(how, out + x, first + x, a);
        NAME(put)(how, out + x + NLANES, first + x + NLANES, b);
        NAME(put)(how, out + x + 2 * NLANES, first + x + 2 * NLANES, c);
        NAME(put)(how, out + x + 3 * NLANES, first + x + 3 * NLANES, d);
    }
    for (; x < x1; x += NLANES) {
        PIXEL found[NLANES];
        LANES a = NAME(load)(places[0] + x);
        for (ptrdiff_t k = 1; k < nplaces; k++)
            a = PICK_LANES(a, NAME(load)(places[k] + x));
        NAME(store)(found, a);
        for (ptrdiff_t k = 0; k < NLANES && x + k < x1; k++)
            NAME(put_one)(how, out + x + k, first + x + k, found[k]);
    }
}

// One vector of m output rows, at column x of the first; to[k] may be elsewhere.
static inline __attribute__((always_inline)) void NAME(band_at)(const NAME(band) * b,
                                                                PIXEL *const *to, ptrdiff_t x,
                                                                ptrdiff_t at, const int m,
                                                                const finish how) {
    LANES a[BAND], v = NAME(load)(b->core[0] + x);
    for (ptrdiff_t k = 1; k < b->ncore; k++)
        v = PICK_LANES(v, NAME(load)(b->core[k] + x));
    a[m - 1] = v;
    for (int k = m - 2; k >= 0; k--)
        a[k] = PICK_LANES(a[k + 1], NAME(load)(b->before[k] + x));
    NAME(put)(how, to[0] + at, NULL, a[0]);
    for (int k = 1; k < m; k++) {
        const LANES row = NAME(load)(b->behind[k - 1] + x);
        v = k == 1 ? row : PICK_LANES(v, row);
        NAME(put)(how, to[k] + at, NULL, PICK_LANES(a[k], v));
    }
}

// Puts columns [x, x + n) of m rows where they belong, as far as the image has them. A function
// that is called: loops with this inside are compiled once for each way to finish.
static __attribute__((noinline)) void NAME(finish_band)(const plan *p, const NAME(band) * b,
                                                        ptrdiff_t x, ptrdiff_t n, int m,
                                                        PIXEL (*found)[PART * NLANES]) {
    for (int k = 0; k < m; k++) {
        const ptrdiff_t column = x + b->lean * k, end = p->x1 - column < n ? p->x1 - column : n;
        PIXEL *const to = b->to[k] + x;
        const PIXEL *const with = b->with[k] + x;
        ptrdiff_t at = column < 0 ? -column : 0;
        for (; at + NLANES <= end; at += NLANES)
            NAME(put)(b->finish, to + at, with + at, NAME(load)(found[k] + at));
        for (; at < end; at++)
            NAME(put_one)(b->finish, to + at, with + at, found[k][at]);
    }
}

// The same where there is something to subtract, or where vectors lie partly outside of the image:
// n columns (whole vectors, PART at most) are made in the first cache.
static inline __attribute__((always_inline)) void
NAME(band_apart)(const plan *p, const NAME(band) * b, ptrdiff_t x, ptrdiff_t n, const int m) {
    PIXEL found[BAND][PART * NLANES];
    PIXEL *to[BAND];
    for (int k = 0; k < m; k++)
        to[k] = found[k];
    for (ptrdiff_t at = 0; at < n; at += NLANES)
        NAME(band_at)(b, to, x + at, at, m, PLAIN);
    NAME(finish_band)(p, b, x, n, m, found);
}

static void NAME(band_edge)(const plan *p, const NAME(band) * b, ptrdiff_t x, int m) {
    NAME(band_apart)(p, b, x, NLANES, m);
}

static inline __attribute__((always_inline)) void
NAME(band_columns)(const plan *p, const NAME(band) * b, const int m, const finish how) {
    const ptrdiff_t most = b->lean * (m - 1), later = most > 0 ? most : 0, sooner = later - most;
    const ptrdiff_t step = subtracts(how) ? PART * NLANES : 2 * NLANES;
    ptrdiff_t x = p->x0 - later;
    for (; x < p->x0 + sooner; x += NLANES)
        NAME(band_edge)(p, b, x, m);
    for (; x + step + later <= p->x1; x += step) {
        for (int k = 0; k < m; k++)
            for (ptrdiff_t at = 0; at < step; at += 2 * NLANES)
                __builtin_prefetch(b->soon[k] + x + at, 0, 2);
        if (subtracts(how)) {
            NAME(band_apart)(p, b, x, step, m);
        } else {
            NAME(band_at)(b, b->to, x, x, m, how);
            NAME(band_at)(b, b->to, x + NLANES, x + NLANES, m, how);
        }
    }
    for (; x < p->x1 + sooner; x += NLANES)
        NAME(band_edge)(p, b, x, m);
}

// Stores past the cache gain where a band has all its rows or a single one; two or four of them at
// a time are slower than through the cache.
static void NAME(join_band)(const plan *p, const NAME(band) * b, int m) {
    const finish how = b->finish;
    if (m == BAND && how == FAR)
        NAME(band_columns)(p, b, BAND, FAR);
    else if (m == BAND && how == PLAIN)
        NAME(band_columns)(p, b, BAND, PLAIN);
    else if (m == BAND)
        NAME(band_columns)(p, b, BAND, LESS_PIECE);
    else if (m == 4 && !subtracts(how))
        NAME(band_columns)(p, b, 4, PLAIN);
    else if (m == 4)
        NAME(band_columns)(p, b, 4, LESS_PIECE);
    else if (m == 2 && !subtracts(how))
        NAME(band_columns)(p, b, 2, PLAIN);
    else if (m == 2)
        NAME(band_columns)(p, b, 2, LESS_PIECE);
    else if (how == FAR)
        NAME(band_columns)(p, b, 1, FAR);
    else if (how == PLAIN)
        NAME(band_columns)(p, b, 1, PLAIN);
    else
        NAME(band_columns)(p, b, 1, LESS_PIECE);
}

// to[x] = PICK over BAND rows from row y on.
static void NAME(join_group)(const plan *p, const ppx_block *block, PIXEL *to, ptrdiff_t y) {
    const PIXEL *rows[BAND];
    for (int k = 0; k < BAND; k++)
        rows[k] = NAME(ring_row)(p, block, y + k);
    for (ptrdiff_t x = p->x0; x < p->x1; x += NLANES) {
        LANES v = NAME(load)(rows[0] + x);
        for (int k = 1; k < BAND; k++)
            v = PICK_LANES(v, NAME(load)(rows[k] + x));
        NAME(store)(to + x, v);
    }
}

// Groups of the windows of the band that begins at output row y: the first has the BAND rows from
// BAND - 1 below the first window's first row on. Groups lie in a ring.
static void NAME(join_groups)(const plan *p, const ppx_block *block, ptrdiff_t y) {
    ring_state *state = NAME(state)(block);
    const bool goes_on = state->next_band == y;
    state->next_band = y + BAND;
    state->first = goes_on ? (state->first + 1) % p->ngroups : 0;
    for (ptrdiff_t g = goes_on ? p->ngroups - 1 : 0; g < p->ngroups; g++)
        NAME(join_group)(p, block, NAME(group)(p, block, g), y - p->up + (g + 1) * BAND - 1);
}

// Lists the rows that the windows of output rows [y, y + m) have in common, groups first; y lies in
// the band that begins at y0.
static void NAME(list_core)(const plan *p, const ppx_block *block, ptrdiff_t y0, ptrdiff_t y, int m,
                            NAME(band) * b) {
    ptrdiff_t from = y - p->up + m - 1;
    const ptrdiff_t grouped = p->ngroups ? y0 - p->up + BAND - 1 : PTRDIFF_MAX;
    b->ncore = 0;
    for (; from <= y + p->down; from++) {
        if (from == grouped) {
            for (ptrdiff_t g = 0; g < p->ngroups; g++)
                b->core[b->ncore++] = NAME(group)(p, block, g);
            from += p->ngroups * BAND - 1;
        } else {
            b->core[b->ncore++] = NAME(ring_row)(p, block, from) + b->lean * (from - y);
        }
    }
}

// Output rows [i, i + m) of the block, in the band that begins at i0.
static void NAME(band_rows)(const plan *p, const ppx_block *block, ptrdiff_t i0, ptrdiff_t i,
                            int m) {
    NAME(band) b; // a large one, and most of it is not used
    b.finish = p->finish;
    b.lean = p->lean;
    const ptrdiff_t y = block->y + i;
    NAME(list_core)(p, block, block->y + i0, y, m, &b);
    for (int k = 0; k < m; k++) {
        b.to[k] = (PIXEL *)block->out[i + k] + k * p->lean;
        b.with[k] = b.to[k];
        if (p->finish == FROM_FIRST || p->finish == LESS_FIRST)
            b.with[k] = (const PIXEL *)block->with[i + k] + k * p->lean;
    }
    for (int k = 0; k < m; k++) {
        b.soon[k] = NAME(row_soon)(p, block, i + BAND + k);
    }
    for (int k = 0; k < m - 1; k++) {
        const ptrdiff_t above = k - p->up, below = p->down + 1 + k;
        b.before[k] = NAME(ring_row)(p, block, y + above) + p->lean * above;
        b.behind[k] = NAME(ring_row)(p, block, y + below) + p->lean * below;
    }
    NAME(join_band)(p, &b, m);
}

// Columns [p->x0, p->x1) of a block.
static void NAME(stripe)(const plan *p, const ppx_block *block) {
    const ptrdiff_t height = p->up + p->down + 1;
    for (ptrdiff_t i0 = 0; i0 < block->nrows; i0 += BAND) {
        const ptrdiff_t end = i0 + BAND < block->nrows ? i0 + BAND : block->nrows;
        NAME(take_in)(p, block, block->y + end + p->down);
        if (p->ngroups)
            NAME(join_groups)(p, block, block->y + i0);
        for (ptrdiff_t i = i0; i < end;) {
            int m = BAND;
            while (m > height || m > end - i)
                m /= 2;
            NAME(band_rows)(p, block, i0, i, m);
            i += m;
        }
    }
}

// Stripes of a rectangle are so narrow that what they have of the ring stays in the second cache.
static void NAME(box)(const plan *p, const ppx_block *block) {
    const ring_state before = *NAME(state)(block);
    plan piece = *p;
    for (piece.x0 = 0; piece.x0 < p->n; piece.x0 = piece.x1) {
        piece.x1 = p->kind == BOX && p->n - piece.x0 > p->tile ? piece.x0 + p->tile : p->n;
        *NAME(state)(block) = before;
        NAME(stripe)(&piece, block);
    }
}
