// blur_rows.inc.h: blurred rows for one pixel type. PIXEL, NAME, and SUM and SUMS of the
// arithmetic (blur_sums.inc.h) are defined by who includes it.

static INLINE SUM NAME(of_sample)(PIXEL sample) {
#ifdef FIXED
    return (SUM)(sample << 7);
#else
    return (SUM)sample;
#endif
}

static INLINE void NAME(widen)(SUM *restrict to, const PIXEL *restrict from, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = NAME(of_sample)(from[x]);
}

// Weighted sums down the columns: nlines lines, those of term t behind those of term t - 1, from
// rows[0], rows[spacing] and so on. A tile of the rows is widened once and stays in the cache.
static void NAME(columns)(const ppx_blur *b, SUM *lines, const PIXEL *const *rows,
                          ptrdiff_t spacing, ptrdiff_t nlines, const SUM *const *weights,
                          int radius) {
    SUM *tile = b->tile;
    ptrdiff_t nrows = (nlines - 1) * spacing + 2 * radius + 1;
    for (ptrdiff_t x = 0; x < b->n; x += SUMS(TILE)) {
        ptrdiff_t n = b->n - x;
        for (ptrdiff_t k = 0; k < nrows; k++) {
            const PIXEL *row = rows[k - radius] + x;
            // Pieces of many rows are no stream that the processor would foresee.
            for (ptrdiff_t j = 0; j < SUMS(TILE); j += 64 / (ptrdiff_t)sizeof *row)
                __builtin_prefetch(row + 2 * SUMS(TILE) + j);
            if (n >= SUMS(TILE)) // a constant makes better code
                NAME(widen)(tile + k * SUMS(TILE), row, SUMS(TILE));
            else
                NAME(widen)(tile + k * SUMS(TILE), row, n);
        }
        for (ptrdiff_t k = 0; k < nlines; k++)
            for (int t = 0; weights[t]; t++) {
                SUM *line = lines + (t * nlines + k) * b->pitch + x;
                const SUM *centre = tile + (radius + k * spacing) * SUMS(TILE);
                SUMS(weigh_down)(line, centre, weights[t], radius, false);
            }
    }
}

// Beyond a constant border the sums are 0, as the samples are.
static void NAME(extend)(const ppx_blur *b, SUM *line) {
    ppx_row_extend(line, b->shape.width, b->shape.channels, SUMS(type), b->plan->reach, b->border,
                   0);
}

// ---- Directly ----

static void NAME(direct_begin)(const ppx_blur *b) {
    const ppx_blur_plan *plan = b->plan;
    SUM *lines = (SUM *)b->lines + b->margin;
    const SUM *weights[PPX_BLUR_TERMS + 1] = {SUMS(down)(b->table, 0)};
    if (plan->nterms > 1)
        weights[1] = SUMS(down)(b->table, 1);
    const PIXEL *const *in = (const PIXEL *const *)b->block->in;
    ptrdiff_t nrows = b->block->nrows;
    NAME(columns)(b, lines, in, 1, nrows, weights, plan->radius);
    for (ptrdiff_t k = 0; k < nrows * plan->nterms; k++)
        NAME(extend)(b, lines + k * b->pitch);
}

static void NAME(direct_row)(const ppx_blur *b, ptrdiff_t k, SUM *sum) {
    int radius = b->plan->radius;
    for (int t = 0; t < b->plan->nterms; t++) {
        const SUM *weights = SUMS(across)(b->table, t), *line = b->lines;
        line += b->margin + (t * b->block->nrows + k) * b->pitch;
        SUMS(weigh_along)(sum, line, b->shape.channels, b->n, weights, radius, t > 0);
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
    NAME(extend)(b, line);
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

static void NAME(coarse_lines)(const ppx_blur *b, ptrdiff_t end) {
    const ppx_blur_plan *plan = b->plan;
    const SUM *weights[PPX_BLUR_TERMS + 1] = {SUMS(fine)(b->table)};
    SUM *lines = (SUM *)b->lines + b->margin;
    const PIXEL *const *in = (const PIXEL *const *)b->block->in;
    ptrdiff_t most = (MOST_ROWS - 1 - 2 * plan->fine) / plan->scale + 1;
    most = most < PPX_BLUR_BLOCK ? most : PPX_BLUR_BLOCK;
    for (ptrdiff_t y = b->state->next_across; y < end;) {
        ptrdiff_t nlines = end - y < most ? end - y : most;
        const PIXEL *const *rows = in + (y * plan->scale - b->block->y);
        NAME(columns)(b, lines, rows, plan->scale, nlines, weights, plan->fine);
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
    const float *from = columns_of(b, y);
    float *sparse = b->sparse + b->margin, *to = sparse + (b->x0 + plan->radius) * apart;
    ptrdiff_t ncoarse = b->ncoarse / step - 2 * plan->radius;
    for (ptrdiff_t c = 0; c < step; c++)
        for (ptrdiff_t x = 0; x < ncoarse; x++)
            to[x * apart + c] = from[x * step + c];
    weigh_along_float(b->wide_sum, sparse, step, b->n, b->table->up, plan->fine, false);
    SUM *wide = NAME(wide)(b, y);
    for (ptrdiff_t x = 0; x < b->n; x++)
        wide[x] = SUMS(of_level)(b->wide_sum[x]);
}

static void NAME(coarse_row)(const ppx_blur *b, ptrdiff_t k, SUM *sum) {
    const ppx_blur_plan *plan = b->plan;
    const SUM *rows[PPX_BLUR_MOST_ORDER + 1];
    SUM weights[PPX_BLUR_MOST_ORDER + 1];
    ptrdiff_t y = b->block->y + k, n = 0;
    ptrdiff_t first = -floor_div(plan->fine - y, plan->scale);
    ptrdiff_t last = floor_div(y + plan->fine, plan->scale);
    for (; b->state->next_wide <= last; b->state->next_wide++)
        NAME(make_wide)(b, b->state->next_wide);
    for (ptrdiff_t j = first; j <= last; j++, n++) {
        ptrdiff_t distance = y - j * plan->scale;
        rows[n] = NAME(wide)(b, j);
        weights[n] = SUMS(up)(b->table)[distance < 0 ? -distance : distance];
    }
    SUMS(blend)(sum, rows, n, weights, b->n);
}

// ---- Either: begin a block, then ask for its rows in their order ----

static void NAME(begin)(const ppx_blur *b) {
    if (b->plan->scale > 1)
        NAME(coarse_begin)(b);
    else
        NAME(direct_begin)(b);
}

static void NAME(row)(const ppx_blur *b, ptrdiff_t k, SUM *sum) {
    if (b->plan->scale > 1)
        NAME(coarse_row)(b, k, sum);
    else
        NAME(direct_row)(b, k, sum);
}

#undef PIXEL
#undef NAME
