// blur_rows.inc.h: blurred rows for one pixel type. PIXEL, NAME, SUM and SUMS of the arithmetic
// (blur_sums.inc.h), SHIFT from samples to what it sums, and WORD where lines are parted into two
// planes (twice as wide as a PIXEL), are defined by who includes it.

static INLINE void NAME(widen)(SUM *restrict to, const PIXEL *restrict from, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = (SUM)(from[x] SHIFT);
}

static INLINE void NAME(prefetch)(const PIXEL *row) {
    // Pieces of many rows are no stream that the processor would foresee.
    for (ptrdiff_t j = 0; j < SUMS(TILE); j += 64 / (ptrdiff_t)sizeof *row)
        __builtin_prefetch(row + 2 * SUMS(TILE) + j);
}

// ---- Directly ----

#ifdef WORD
// Two samples at a time: no instruction has to move them about.
static INLINE void NAME(part)(SUM *restrict even, SUM *restrict odd, const PIXEL *restrict from,
                              ptrdiff_t n) {
    const int bits = 8 * (int)sizeof(PIXEL), first = PPX_BLUR_FIRST * bits;
    for (ptrdiff_t x = 0; x < n / 2; x++) {
        WORD word;
        memcpy(&word, from + 2 * x, sizeof word);
        even[x] = (SUM)((PIXEL)(word >> first) SHIFT);
        odd[x] = (SUM)((PIXEL)(word >> (bits - first)) SHIFT);
    }
    if (n % 2)
        even[n / 2] = (SUM)(from[n - 1] SHIFT);
}
#endif

static INLINE void NAME(take)(SUM *to, const PIXEL *from, ptrdiff_t n) {
#ifdef WORD
    NAME(part)(to, to + SUMS(TILE) / 2, from, n);
#else
    NAME(widen)(to, from, n);
#endif
}

// Weighted sums down the columns, a line for each row of the block, those of term t behind those of
// term t - 1. A tile of the rows is widened once and stays in the cache.
static void NAME(direct_columns)(const ppx_blur *b, SUM *lines) {
    const ptrdiff_t radius = b->plan->radius, nlines = b->block->nrows, n = SUMS(TILE);
    const ptrdiff_t end = nlines + radius;
    SUM *tile = b->tile, *centre = tile + radius * n;
    for (ptrdiff_t x = 0; x < b->n; x += n) {
        for (ptrdiff_t k = -radius; k < end; k++) {
            const PIXEL *row = (const PIXEL *)b->block->in[k] + x;
            NAME(prefetch)(row);
            if (b->n - x >= n) // a constant makes better code
                NAME(take)(centre + k * n, row, n);
            else
                NAME(take)(centre + k * n, row, b->n - x);
        }
        if (nlines % 2) // the last row is made with another one, which is not kept
            memset(centre + end * n, 0, (size_t)n * sizeof *tile);
        for (int t = 0; t < b->plan->nterms; t++) {
            const SUMS(lines)
                to = {lines + t * nlines * b->pitch + x / b->nplanes, b->pitch, b->plane, nlines};
            SUMS(down)(&to, centre, SUMS(down_weights)(b->table, t), b->plan->radius, NPLANES);
        }
    }
}

static void NAME(direct_begin)(const ppx_blur *b) {
    SUM *lines = (SUM *)b->lines + b->margin;
    NAME(direct_columns)(b, lines);
    const ptrdiff_t nedges = blur_edges(b);
    for (ptrdiff_t k = 0; k < b->block->nrows * b->plan->nterms; k++)
        for (ptrdiff_t e = 0; e < nedges; e++) {
            const ppx_blur_edge *edge = &b->edges[e];
            SUM *line = lines + k * b->pitch;
            line[edge->to] = edge->from == NOWHERE ? 0 : line[edge->from];
        }
}

// Samples [x, x + n) of a row; whole steps are written.
static void NAME(direct_row)(const ppx_blur *b, ptrdiff_t k, ptrdiff_t x, ptrdiff_t n, SUM *sum) {
    const ptrdiff_t apart = b->shape.channels;
    for (int t = 0; t < b->plan->nterms; t++) {
        const SUM *weights = SUMS(across_weights)(b->table, t), *line = b->lines;
        line += b->margin + (t * b->block->nrows + k) * b->pitch + x;
#ifdef WORD
        SUM *const to[] = {sum, sum + b->plane};
        const SUM *const from[] = {line, line + b->plane};
        SUMS(weigh_planes)(to, from, apart, (n + 1) / 2, weights, b->plan->radius, t > 0);
#else
        SUMS(weigh_along)(sum, line, apart, n, weights, b->plan->radius, t > 0);
#endif
    }
}

// ---- On a coarser grid ----

// Coarse pixels of one channel, from sums that are `apart` from each other. Without channels and
// for the d that most work is spent at, the compiler knows the distances.
static void NAME(take_every)(float *to, const SUM *from, ptrdiff_t n, ptrdiff_t step,
                             ptrdiff_t apart, int32_t lost) {
    if (step == 1 && apart == 2)
        for (ptrdiff_t x = 0; x < n; x++)
            to[x] = SUMS(level)(from[2 * x], lost);
    else if (step == 1 && apart == 3)
        for (ptrdiff_t x = 0; x < n; x++)
            to[x] = SUMS(level)(from[3 * x], lost);
    else
        for (ptrdiff_t x = 0; x < n; x++)
            to[x * step] = SUMS(level)(from[x * apart], lost);
}

// One line of sums down the columns becomes a coarse line, and that one line for each term.
static void NAME(coarse_line)(const ppx_blur *b, SUM *line, float *across) {
    const ppx_blur_plan *plan = b->plan;
    ptrdiff_t step = b->shape.channels, apart = plan->scale * step;
    // Beyond a constant border the sums are 0, as the samples are.
    ppx_row_extend(line, b->shape.width, b->shape.channels, SUMS(type), plan->reach, b->border, 0);
    SUM *sum = b->sum;
    const SUM *fine = SUMS(fine)(b->table);
    ptrdiff_t ncoarse = b->ncoarse / step, n = (ncoarse - 1) * apart + step;
    SUMS(weigh_along)(sum, line + b->x0 * apart, step, n, fine, plan->fine, false);
    for (ptrdiff_t c = 0; c < step; c++)
        NAME(take_every)(b->coarse + c, sum + c, ncoarse, step, apart, b->table->lost);
    for (int t = 0; t < plan->nterms; t++)
        weigh_along_float(across + t * b->coarse_pitch, b->coarse + plan->radius * step, step,
                          b->ncoarse - 2 * plan->radius * step, b->table->across[t], plan->radius,
                          false);
}

// Weighted sums down the columns: nlines lines, from rows[0], rows[d] and so on, tile by tile.
static void NAME(coarse_columns)(const ppx_blur *b, SUM *lines, const PIXEL *const *rows,
                                 ptrdiff_t nlines) {
    const int radius = b->plan->fine;
    const ptrdiff_t spacing = b->plan->scale, nrows = (nlines - 1) * spacing + 2 * radius + 1;
    SUM *tile = b->tile;
    for (ptrdiff_t x = 0; x < b->n; x += SUMS(TILE)) {
        for (ptrdiff_t k = 0; k < nrows; k++) {
            const PIXEL *row = rows[k - radius] + x;
            NAME(prefetch)(row);
            if (b->n - x >= SUMS(TILE))
                NAME(widen)(tile + k * SUMS(TILE), row, SUMS(TILE));
            else
                NAME(widen)(tile + k * SUMS(TILE), row, b->n - x);
        }
        for (ptrdiff_t k = 0; k < nlines; k++)
            SUMS(weigh_down)
        (lines + k * b->pitch + x, tile + (radius + k * spacing) * SUMS(TILE), SUMS(fine)(b->table),
         radius, false);
    }
}

static void NAME(coarse_lines)(const ppx_blur *b, ptrdiff_t end) {
    const ppx_blur_plan *plan = b->plan;
    SUM *lines = (SUM *)b->lines + b->margin;
    const PIXEL *const *in = (const PIXEL *const *)b->block->in;
    ptrdiff_t most = (MOST_ROWS - 1 - 2 * plan->fine) / plan->scale + 1;
    most = most < PPX_BLUR_BLOCK ? most : PPX_BLUR_BLOCK;
    for (ptrdiff_t y = b->state->next_across; y < end;) {
        ptrdiff_t nlines = end - y < most ? end - y : most;
        const PIXEL *const *rows = in + (y * plan->scale - b->block->y);
        NAME(coarse_columns)(b, lines, rows, nlines);
        for (ptrdiff_t k = 0; k < nlines; k++, y++)
            NAME(coarse_line)(b, lines + k * b->pitch, across_of(b, y, 0));
    }
    b->state->next_across = end;
}

static void NAME(coarse_begin)(const ppx_blur *b) {
    const ppx_blur_plan *plan = b->plan;
    ppx_blur_state *state = b->state;
    ptrdiff_t y = b->block->y;
    if (b->block->fresh) {
        state->next_wide = state->next_columns = -floor_div(plan->fine - y, plan->scale);
        state->next_across = state->next_columns - plan->radius;
        memset(b->sparse, 0, (size_t)b->pitch * sizeof *b->sparse);
    }
    ptrdiff_t end = floor_div(y + b->block->nrows - 1 + plan->fine, plan->scale) + 1;
    NAME(coarse_lines)(b, end + plan->radius);
    blur_columns(b, end);
}

static SUM *NAME(wide)(const ppx_blur *b, ptrdiff_t y) {
    return (SUM *)b->wide + wrap(y, b->nwide) * b->pitch;
}

// The coarse line `y`, blurred, made as wide as the image.
static void NAME(make_wide)(const ppx_blur *b, ptrdiff_t y) {
    const ppx_blur_plan *plan = b->plan;
    ptrdiff_t step = b->shape.channels, apart = plan->scale * step;
    const float *from = columns_of(b, y), *up = b->table->up;
    float *sparse = b->sparse + b->margin, *sum = b->wide_sum;
    ptrdiff_t ncoarse = b->ncoarse / step - 2 * plan->radius;
    // Every other coarse pixel lies in the same plane.
    for (ptrdiff_t c = 0; c < 2 * step; c++) {
        float *to =
            sparse + place_of(b, (b->x0 + plan->radius) * apart + c % step + c / step * apart);
#pragma GCC unroll 8
        for (ptrdiff_t x = c / step; x < ncoarse; x += 2, to += 2 * apart / NPLANES)
            *to = from[x * step + c % step];
    }
    SUM *wide = NAME(wide)(b, y);
#ifdef WORD
    float *const sums[] = {sum, sum + b->plane};
    const float *const planes[] = {sparse, sparse + b->plane};
    weigh_planes_float(sums, planes, step, (b->n + 1) / 2, up, plan->fine, false);
#else
    weigh_along_float(sum, sparse, step, b->n, up, plan->fine, false);
#endif
    for (ptrdiff_t p = 0; p < NPLANES; p++)
        for (ptrdiff_t x = 0; x < (b->n + NPLANES - 1) / NPLANES; x++)
            wide[p * b->plane + x] = SUMS(of_level)(sum[p * b->plane + x]);
}

static void NAME(coarse_row)(const ppx_blur *b, ptrdiff_t k, ptrdiff_t x, ptrdiff_t n, SUM *sum) {
    const ppx_blur_plan *plan = b->plan;
    const SUM *rows[PPX_BLUR_MOST_ORDER + 1];
    SUM weights[PPX_BLUR_MOST_ORDER + 1];
    ptrdiff_t y = b->block->y + k, nrows = 0;
    ptrdiff_t first = -floor_div(plan->fine - y, plan->scale);
    ptrdiff_t last = floor_div(y + plan->fine, plan->scale);
    for (; b->state->next_wide <= last; b->state->next_wide++)
        NAME(make_wide)(b, b->state->next_wide);
    for (ptrdiff_t j = first; j <= last; j++, nrows++) {
        ptrdiff_t distance = y - j * plan->scale;
        rows[nrows] = NAME(wide)(b, j) + x;
        weights[nrows] = SUMS(up)(b->table)[distance < 0 ? -distance : distance];
    }
#ifdef WORD
    n = (n + 1) / 2;
    SUMS(blend)(sum, rows, nrows, weights, n);
    for (ptrdiff_t j = 0; j < nrows; j++)
        rows[j] += b->plane;
    sum += b->plane;
#endif
    SUMS(blend)(sum, rows, nrows, weights, n);
}

// ---- Either: begin a block, then ask for its rows in their order ----

static void NAME(begin)(const ppx_blur *b) {
    if (b->plan->scale > 1)
        NAME(coarse_begin)(b);
    else
        NAME(direct_begin)(b);
}

static void NAME(part_of_row)(const ppx_blur *b, ptrdiff_t k, ptrdiff_t x, ptrdiff_t n, SUM *sum) {
    if (b->plan->scale > 1)
        NAME(coarse_row)(b, k, x, n, sum);
    else
        NAME(direct_row)(b, k, x, n, sum);
}

static void NAME(row)(const ppx_blur *b, ptrdiff_t k, SUM *sum) {
#ifdef WORD
    NAME(part_of_row)(b, k, 0, b->n, sum);
#else
    ptrdiff_t whole = b->n / SUMS(STEP) * SUMS(STEP), rest = b->n - whole;
    NAME(part_of_row)(b, k, 0, whole, sum);
    NAME(part_of_row)(b, k, whole, rest, b->rest);
    memcpy(sum + whole, b->rest, (size_t)rest * sizeof *sum);
#endif
}

#ifdef WORD
// Pixels from x on, of n of each plane, rounded half up: `at_once`, or from the row of sums.
static void NAME(some_pixels)(const ppx_blur *b, ptrdiff_t k, ptrdiff_t x, ptrdiff_t n, void *out,
                              bool at_once) {
    const SUM *weights = SUMS(across_weights)(b->table, 0);
    const SUM *from = at_once ? (SUM *)b->lines + b->margin + k * b->pitch : (SUM *)b->sum;
    const SUM *const planes[] = {from + x, from + b->plane + x};
    const int32_t lost = ppx_blur_lost(b);
    if (at_once) {
        SUMS(weigh_pixels)(out, planes, n, weights, b->plan->radius, lost);
        return;
    }
    for (ptrdiff_t j = 0; j < n; j += SUMS(LANES)) {
        const SUMS(vector) even = SUMS(load)(planes[0] + j), odd = SUMS(load)(planes[1] + j);
        SUMS(store)((SUM *)out + j, SUMS(join)(even, odd, lost));
    }
}

static void NAME(pixels)(const ppx_blur *b, ptrdiff_t k, PIXEL *out) {
    const bool few = b->plan->scale == 1 && b->plan->radius <= FEW && b->plan->nterms == 1;
    const bool at_once = few && b->shape.channels == 1;
    if (!at_once)
        NAME(row)(b, k, b->sum);
    const ptrdiff_t step = 2 * SUMS(LANES), whole = b->n / step * step, rest = b->n - whole;
    NAME(some_pixels)(b, k, 0, whole / 2, out, at_once);
    NAME(some_pixels)(b, k, whole / 2, (rest + 1) / 2, b->rest, at_once);
    memcpy(out + whole, b->rest, (size_t)rest * sizeof *out);
}
#endif

#undef PIXEL
#undef NAME
#undef SHIFT
#undef WORD
#undef NPLANES
