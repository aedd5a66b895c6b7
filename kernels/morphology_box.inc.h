// morphology_box.inc.h: rectangles, a part of morphology.inc.h.
//
// Vertically, up to eight output rows are made together (a band). The rows that all their windows
// have in common are joined once; suffixes of the rows before and prefixes of the rows behind,
// which stay in registers, are added (the idea of van Herk and of Gil and Werman, in bands). Of
// high windows, the common rows are kept in groups of eight, one new one for each band. So a row is
// read twice, as one that leaves and one that enters, and written once, for any height up to some
// hundreds.
//
// Horizontally each pass over a line makes its window two to four times as long: log4 of the width.
//
// Scratch: line 0 for settle(), BAND lines that the vertical pass leaves, two that the horizontal
// passes go through; then the state, and ngroups whole rows.

// One vector of the band's rows, from column x on: ncore rows in common, m - 1 before them and
// m - 1 behind.
static inline __attribute__((always_inline)) void
NAME(band_at)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
              const void *const *before, const void *const *behind, ptrdiff_t x, const int m) {
    LANES a[BAND], b = NAME(load)((const PIXEL *)core[0] + x);
    for (ptrdiff_t k = 1; k < ncore; k++)
        b = PICK_LANES(b, NAME(load)((const PIXEL *)core[k] + x));
    a[m - 1] = b;
    for (int k = m - 2; k >= 0; k--)
        a[k] = PICK_LANES(a[k + 1], NAME(load)((const PIXEL *)before[k] + x));
    NAME(store)(to, a[0]);
    for (int k = 1; k < m; k++) {
        const LANES row = NAME(load)((const PIXEL *)behind[k - 1] + x);
        b = k == 1 ? row : PICK_LANES(b, row);
        NAME(store)(to + k * span, PICK_LANES(a[k], b));
    }
}

// Columns [x0, x0 + n), at least a vector.
static inline __attribute__((always_inline)) void
NAME(band_columns)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
                   const void *const *before, const void *const *behind, ptrdiff_t x0, ptrdiff_t n,
                   const int m) {
    ptrdiff_t x = 0;
    for (; x + NLANES <= n; x += NLANES)
        NAME(band_at)(to + x, span, core, ncore, before, behind, x0 + x, m);
    if (x < n)
        NAME(band_at)(to + n - NLANES, span, core, ncore, before, behind, x0 + n - NLANES, m);
}

// Rows shorter than a vector.
static void NAME(band_narrow)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
                              const void *const *before, const void *const *behind, ptrdiff_t n,
                              int m) {
    for (int row = 0; row < m; row++, to += span)
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL found = ((const PIXEL *)core[0])[x];
            for (ptrdiff_t k = 1; k < ncore; k++)
                found = PICK(found, ((const PIXEL *)core[k])[x]);
            for (int k = m - 2; k >= row; k--)
                found = PICK(found, ((const PIXEL *)before[k])[x]);
            for (int k = 0; k < row; k++)
                found = PICK(found, ((const PIXEL *)behind[k])[x]);
            to[x] = found;
        }
}

static void NAME(band8)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
                        const void *const *before, const void *const *behind, ptrdiff_t x0,
                        ptrdiff_t n) {
    NAME(band_columns)(to, span, core, ncore, before, behind, x0, n, 8);
}

static void NAME(band4)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
                        const void *const *before, const void *const *behind, ptrdiff_t x0,
                        ptrdiff_t n) {
    NAME(band_columns)(to, span, core, ncore, before, behind, x0, n, 4);
}

static void NAME(band2)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
                        const void *const *before, const void *const *behind, ptrdiff_t x0,
                        ptrdiff_t n) {
    NAME(band_columns)(to, span, core, ncore, before, behind, x0, n, 2);
}

static void NAME(band1)(PIXEL *to, ptrdiff_t span, const void *const *core, ptrdiff_t ncore,
                        const void *const *before, const void *const *behind, ptrdiff_t x0,
                        ptrdiff_t n) {
    NAME(band_columns)(to, span, core, ncore, before, behind, x0, n, 1);
}

// to[x] = PICK over from[x], from[x + s], ... in `count` (2 to 4) places, the last at `last`.
static void NAME(places)(PIXEL *restrict to, const PIXEL *restrict from, ptrdiff_t n, int count,
                         ptrdiff_t s, ptrdiff_t last) {
    const PIXEL *b = from + s, *c = from + 2 * s, *end = from + last;
    if (count == 2) {
        for (ptrdiff_t x = 0; x < n; x++)
            to[x] = FINISH(PICK(from[x], end[x]));
    } else if (count == 3) {
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL ab = PICK(from[x], b[x]);
            to[x] = FINISH(PICK(ab, end[x]));
        }
    } else {
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL ab = PICK(from[x], b[x]), cd = PICK(c[x], end[x]);
            to[x] = FINISH(PICK(ab, cd));
        }
    }
}

// The horizontal window of a line, whose first sample is the first of the first window.
static void NAME(horizontal)(const plan *p, PIXEL *restrict out, ptrdiff_t n, const PIXEL *line,
                             PIXEL *const spare[2]) {
    const ptrdiff_t k = p->left + p->right + 1;
    ptrdiff_t length = 1, readable = n + (k - 1) * p->channels;
    if (k == 1) {
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = FINISH(line[x]);
        return;
    }
    for (int turn = 0;; turn = !turn) {
        ptrdiff_t factor = (k + length - 1) / length, room = 4, s = length * p->channels;
        if (factor <= 4) {
            NAME(places)(out, line, n, (int)factor, s, (k - length) * p->channels);
            return;
        }
        while (room * 4 < factor)
            room *= 4;
        factor = (factor + room - 1) / room;
        readable -= (factor - 1) * s;
        NAME(places)(spare[turn], line, readable, (int)factor, s, (factor - 1) * s);
        line = spare[turn];
        length *= factor;
    }
}

// to[x] = PICK over BAND rows.
static void NAME(join_group)(PIXEL *restrict to, const void *const *in, ptrdiff_t n) {
    const PIXEL *a = in[0], *b = in[1], *c = in[2], *d = in[3];
    const PIXEL *e = in[4], *f = in[5], *g = in[6], *h = in[7];
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL ab = PICK(a[x], b[x]), cd = PICK(c[x], d[x]), ef = PICK(e[x], f[x]);
        PIXEL gh = PICK(g[x], h[x]), low = PICK(ab, cd), high = PICK(ef, gh);
        to[x] = PICK(low, high);
    }
}

// Group g of the windows of the band that begins at output row i: BAND rows from BAND - 1 rows
// below the band's first window on. Groups lie in a ring.
static void NAME(groups)(const plan *p, const ppx_block *block, ptrdiff_t i) {
    group_state *state = (group_state *)NAME(line)(p, block, p->nlines);
    PIXEL *rows = (PIXEL *)(state + 1);
    const bool goes_on = i > 0 || (!block->fresh && state->next_y == block->y);
    state->first = goes_on ? (state->first + 1) % p->ngroups : 0;
    state->next_y = block->nrows % BAND == 0 ? block->y + block->nrows : -1;
    for (ptrdiff_t g = goes_on ? p->ngroups - 1 : 0; g < p->ngroups; g++)
        NAME(join_group)
    (rows + (state->first + g) % p->ngroups * p->pitch, block->in + i - p->up + BAND - 1 + g * BAND,
     p->n);
}

// Lists the rows that the windows of output rows [i, i + m) have in common, groups first; i lies in
// the band that begins at output row i0.
static ptrdiff_t NAME(list_core)(const plan *p, const ppx_block *block, ptrdiff_t i0, ptrdiff_t i,
                                 int m, const void **core) {
    ptrdiff_t n = 0, from = i + m - 1, to = i + p->up + p->down + 1;
    const void *const *in = block->in - p->up;
    if (p->ngroups) {
        const group_state *state = (const group_state *)NAME(line)(p, block, p->nlines);
        const PIXEL *rows = (const PIXEL *)(state + 1);
        for (ptrdiff_t g = 0; g < p->ngroups; g++)
            core[n++] = rows + (state->first + g) % p->ngroups * p->pitch;
        for (; from < i0 + BAND - 1; from++)
            core[n++] = in[from];
        from = i0 + BAND - 1 + p->ngroups * BAND;
    }
    for (; from < to; from++)
        core[n++] = in[from];
    return n;
}

typedef void NAME(band_function)(PIXEL *to, ptrdiff_t span, const void *const *core,
                                 ptrdiff_t ncore, const void *const *before,
                                 const void *const *behind, ptrdiff_t x0, ptrdiff_t n);

// Output rows [i, i + m) of the block.
static void NAME(band)(const plan *p, const ppx_block *block, ptrdiff_t i0, ptrdiff_t i, int m) {
    static NAME(band_function) *const bands[] = {
        [1] = NAME(band1), [2] = NAME(band2), [4] = NAME(band4), [BAND] = NAME(band8)};
    const void *core[MAX_CORE];
    const ptrdiff_t ncore = NAME(list_core)(p, block, i0, i, m, core);
    const void *const *before = block->in + i - p->up, *const *behind =
                                                           before + p->up + p->down + 1;
    const ptrdiff_t left = p->left * p->channels, right = p->right * p->channels;
    PIXEL *const lines = NAME(line)(p, block, 1);
    PIXEL *const spare[2] = {lines + BAND * p->span, lines + (BAND + 1) * p->span};
    for (ptrdiff_t x0 = 0; x0 < p->n; x0 += p->tile) {
        const ptrdiff_t x1 = x0 + p->tile < p->n ? x0 + p->tile : p->n;
        ptrdiff_t from = x0 > left ? (x0 - left) / NLANES * NLANES : 0;
        const ptrdiff_t to = p->n - x1 > right ? x1 + right : p->n;
        if (to - from < NLANES)
            from = to > NLANES ? to - NLANES : 0;
        PIXEL *const at = lines + p->lead + from - x0;
        if (p->n < NLANES)
            NAME(band_narrow)(at, p->span, core, ncore, before, behind, p->n, m);
        else
            bands[m](at, p->span, core, ncore, before, behind, from, to - from);
        for (int k = 0; k < m; k++) {
            PIXEL *line = lines + k * p->span;
            NAME(neutral_sides)(p, line, x0, x1);
            NAME(horizontal)
            (p, NAME(place)(p, block, i + k, x0), x1 - x0, line + p->lead - p->left * p->channels,
             spare);
            NAME(settle)(p, block, i + k, x0, x1 - x0);
        }
    }
}

static void NAME(box)(const plan *p, const ppx_block *block) {
    const ptrdiff_t height = p->up + p->down + 1;
    for (ptrdiff_t i0 = 0; i0 < block->nrows; i0 += BAND) {
        const ptrdiff_t end = i0 + BAND < block->nrows ? i0 + BAND : block->nrows;
        if (p->ngroups)
            NAME(groups)(p, block, i0);
        for (ptrdiff_t i = i0; i < end;) {
            int m = BAND;
            while (m > height || m > end - i)
                m /= 2;
            NAME(band)(p, block, i0, i, m);
            i += m;
        }
    }
}
