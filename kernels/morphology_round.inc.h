// morphology_round.inc.h: disks and diamonds, a part of morphology.inc.h.
//
// Exact, as a union of columns (Urbach, Wilkinson, Efficient 2-D grayscale morphological
// transformations with arbitrary flat structuring elements, IEEE TIP 17, 2008, with columns for
// their chords). Going outwards from the centre row by row, the extreme of the rows so far is
// written to a line for each height that occurs among the columns; then each output takes one
// sample of the right line for each column. Two output rows share all rows but one on each side.
// Cost: about 3 r + 1 comparisons and as many loads a pixel, on vectors.
//
// Scratch: line 0 for settle(), then two lines for each corner (of two rows).

// Rows from column at on, of one output row or of two.
static inline __attribute__((always_inline)) void NAME(heights_at)(const plan *p, PIXEL *to,
                                                                   const void *const *in,
                                                                   ptrdiff_t at, const bool two,
                                                                   const ptrdiff_t n) {
    LANES a = NAME(load)((const PIXEL *)in[0] + at, n), b = a;
    if (two)
        b = NAME(load)((const PIXEL *)in[1] + at, n);
    ptrdiff_t y = 0;
    for (ptrdiff_t k = 0; k < p->nspots; k++) {
        for (; y < p->spots[k].y; y++) {
            LANES above = NAME(load)((const PIXEL *)in[-y - 1] + at, n);
            LANES below = NAME(load)((const PIXEL *)in[y + (two ? 2 : 1)] + at, n);
            LANES common = two ? PICK_LANES(a, b) : PICK_LANES(a, below);
            a = PICK_LANES(common, above);
            b = PICK_LANES(common, below);
        }
        NAME(store)(to + 2 * k * p->span, a, n);
        if (two)
            NAME(store)(to + (2 * k + 1) * p->span, b, n);
    }
}

static inline __attribute__((always_inline)) void NAME(heights_of)(const plan *p, PIXEL *to,
                                                                   const void *const *in,
                                                                   ptrdiff_t from, ptrdiff_t n,
                                                                   const bool two) {
    ptrdiff_t x = 0;
    for (; x + NLANES <= n; x += NLANES)
        NAME(heights_at)(p, to + x, in, from + x, two, NLANES);
    if (n < NLANES)
        NAME(heights_at)(p, to, in, from, two, n);
    else if (x < n)
        NAME(heights_at)(p, to + n - NLANES, in, from + n - NLANES, two, NLANES);
}

static void NAME(heights)(const plan *p, PIXEL *to, const void *const *in, ptrdiff_t from,
                          ptrdiff_t n) {
    NAME(heights_of)(p, to, in, from, n, false);
}

static void NAME(two_heights)(const plan *p, PIXEL *to, const void *const *in, ptrdiff_t from,
                              ptrdiff_t n) {
    NAME(heights_of)(p, to, in, from, n, true);
}

// `count` vectors of output from the lines of one row, corner by corner from the centre outwards;
// the last one has n samples.
static inline __attribute__((always_inline)) void NAME(columns_at)(const plan *p, PIXEL *out,
                                                                   const PIXEL *lines,
                                                                   const int count,
                                                                   const ptrdiff_t n) {
    LANES found[4];
    const PIXEL *line = lines + 2 * (p->nspots - 1) * p->span;
    for (int v = 0; v < count; v++)
        found[v] = NAME(load)(line + v * NLANES, NLANES);
    ptrdiff_t x = 1;
    for (ptrdiff_t k = p->nspots - 1; k >= 0; k--, line -= 2 * p->span)
        for (; x <= p->spots[k].x; x++) {
            const PIXEL *left = line - x * p->channels, *right = line + x * p->channels;
            for (int v = 0; v < count; v++) {
                LANES a = NAME(load)(left + v * NLANES, NLANES);
                LANES b = NAME(load)(right + v * NLANES, NLANES);
                found[v] = PICK_LANES(found[v], PICK_LANES(a, b));
            }
        }
    for (int v = 0; v < count; v++)
        NAME(store)(out + v * NLANES, FINISH(found[v]), v < count - 1 ? NLANES : n);
}

static void NAME(columns)(const plan *p, PIXEL *out, const PIXEL *lines, ptrdiff_t n) {
    ptrdiff_t x = 0;
    for (; x + 4 * NLANES <= n; x += 4 * NLANES)
        NAME(columns_at)(p, out + x, lines + x, 4, NLANES);
    for (; x + NLANES <= n; x += NLANES)
        NAME(columns_at)(p, out + x, lines + x, 1, NLANES);
    if (x < n)
        NAME(columns_at)(p, out + x, lines + x, 1, n - x);
}

static void NAME(round)(const plan *p, const ppx_block *block) {
    PIXEL *const lines = NAME(line)(p, block, 1);
    for (ptrdiff_t i = 0; i < block->nrows; i += 2)
        for (ptrdiff_t x0 = 0; x0 < p->n; x0 += p->tile) {
            const bool two = i + 1 < block->nrows;
            const ptrdiff_t x1 = x0 + p->tile < p->n ? x0 + p->tile : p->n;
            ptrdiff_t from, to;
            NAME(reads)(p, x0, x1, &from, &to);
            PIXEL *const at = lines + p->lead + from - x0;
            (two ? NAME(two_heights) : NAME(heights))(p, at, block->in + i, from, to - from);
            for (int row = 0; row <= two; row++) {
                for (ptrdiff_t k = 0; k < p->nspots; k++)
                    NAME(neutral_sides)(p, lines + (2 * k + row) * p->span, x0, x1);
                NAME(columns)
                (p, NAME(place)(p, block, i + row, x0), lines + row * p->span + p->lead, x1 - x0);
                NAME(settle)(p, block, i + row, x0, x1 - x0);
            }
        }
}
