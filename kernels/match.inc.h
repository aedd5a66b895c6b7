// match.inc.h: the row functions of match.c for one pixel type; PIXEL, SAMPLE (less HALF of the
// range), FOUR_SAMPLES (to doubles), COLUMN (holds sums down a column; sums of windows modulo its
// range), COLUMNS (a vector of them), SIGNED (of its size), SUM (holds products of two sums, as
// whole numbers), TO_SUM (from a COLUMN) and NAME are defined by who includes it.

// Samples [from, from + n) of a row; what is beyond the row, or no row at all, is 0.
static void NAME(samples)(SAMPLE *restrict to, const PIXEL *restrict row, ptrdiff_t from,
                          ptrdiff_t width, ptrdiff_t n) {
    ptrdiff_t inside = !row || width < from ? 0 : width - from < n ? width - from : n;
    for (ptrdiff_t x = 0; x < inside; x++)
        to[x] = (SAMPLE)(row[from + x] - HALF);
    memset(to + inside, 0, (size_t)(n - inside) * sizeof *to);
}

// Four rows of a pair of tiles (NULL: none), the first tile's samples as real parts.
static void NAME(load)(const match_room *room, const PIXEL *const rows[QUAD], ptrdiff_t x0,
                       ptrdiff_t across, ptrdiff_t width, ptrdiff_t nx) {
    SAMPLE *samples = (SAMPLE *)room->samples;
    for (ptrdiff_t r = 0; r < QUAD; r++)
        for (ptrdiff_t tile = 0; tile < 2; tile++)
            NAME(samples)(samples + (2 * r + tile) * nx, rows[r], x0 + tile * across, width, nx);
    for (ptrdiff_t x = 0; x < nx; x += QUAD) {
        quad_complexes t[QUAD];
        for (ptrdiff_t r = 0; r < QUAD; r++) {
            const SAMPLE *re = samples + 2 * r * nx + x, *im = re + nx;
            t[r] = (quad_complexes){FOUR_SAMPLES(re), FOUR_SAMPLES(im)};
        }
        turn_numbers(t);
        for (ptrdiff_t k = 0; k < QUAD; k++)
            put_number(room->row + x + k, t[k]);
    }
}

// The transforms of the rows that a pair of tiles needs for nrows rows and that are not in the ring
// of ny rows yet: row y is in place (y - base) modulo ny, four rows at a time.
static void NAME(forward)(const ppx_job *job, const ppx_block *block, const match_room *room,
                          const match_plan *plan, ptrdiff_t number, ptrdiff_t nrows) {
    const match_table *table = job->table;
    const ptrdiff_t nx = table->nx, ny = table->ny, first = block->y - room->state->base;
    const ptrdiff_t end = first + nrows + table->height - 1, x0 = number * 2 * plan->across;
    for (ptrdiff_t y = block->fresh ? 0 : (first + table->height - 1) / QUAD * QUAD; y < end;
         y += QUAD) {
        const PIXEL *rows[QUAD];
        for (ptrdiff_t r = 0; r < QUAD; r++)
            rows[r] = y + r >= first && y + r < end ? block->in[y + r - first] : NULL;
        NAME(load)(room, rows, x0, plan->across, job->in.width, nx);
        transform_apart(&table->of_rows, row_factors(job), 0, room->row, table->nx);
        finish_rows(nx, room->row, ring_of(table, room, number) + y % ny, ny + 1);
    }
}

// Triangular numbers, I (I + 1) / 2, are summed for squares: 32 bits do for those of u8.
static INLINE SIGNED NAME(triangle)(SIGNED i) {
    return (SIGNED)((PART)(i * (i + 1)) / 2);
}

// Adds a row to the sums down the columns, and takes another away.
static INLINE void NAME(move_down)(COLUMN *restrict sums, COLUMN *restrict squares,
                                   const PIXEL *restrict add, const PIXEL *restrict take,
                                   ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const SIGNED in = add ? (SIGNED)add[x] - HALF : 0, out = take ? (SIGNED)take[x] - HALF : 0;
        sums[x] += (COLUMN)(in - out);
        squares[x] += (COLUMN)(NAME(triangle)(in) - NAME(triangle)(out));
    }
}

static void NAME(add_row)(COLUMN *sums, COLUMN *squares, const PIXEL *row, ptrdiff_t n) {
    NAME(move_down)(sums, squares, row, NULL, n);
}

static void NAME(take_row)(COLUMN *sums, COLUMN *squares, const PIXEL *row, ptrdiff_t n) {
    NAME(move_down)(sums, squares, NULL, row, n);
}

static void NAME(next_row)(COLUMN *sums, COLUMN *squares, const PIXEL *add, const PIXEL *take,
                           ptrdiff_t n) {
    NAME(move_down)(sums, squares, add, take, n);
}

// The sums of n windows from left to right; sums[-1] is 0, and up to a vector more is read and
// written.
static void NAME(window)(COLUMN *restrict to, const COLUMN *restrict sums, ptrdiff_t width,
                         ptrdiff_t n) {
    COLUMN first = 0;
    for (ptrdiff_t x = 0; x < width - 1; x++)
        first += sums[x];
    COLUMNS before = first - (COLUMNS){0};
    for (ptrdiff_t x = 0; x < n; x += (ptrdiff_t)(sizeof before / sizeof *sums)) {
        COLUMNS come, go;
        memcpy(&come, sums + x + width - 1, sizeof come);
        memcpy(&go, sums + x - 1, sizeof go);
        const COLUMNS steps = NAME(running)(come - go), now = before + steps;
        memcpy(to + x, &now, sizeof now);
        before += NAME(last)(steps);
    }
}

// n sum II - (sum I)^2 of windows.
static void NAME(deviate)(const match_table *table, double *restrict squared,
                          const COLUMN *restrict of_i, const COLUMN *restrict of_ii, ptrdiff_t n) {
    const SUM total = (SUM)table->n;
    for (ptrdiff_t x = 0; x < n; x++) {
        const SUM i = (SUM)(SIGNED)(of_i[x]);
        const SUM ii = 2 * TO_SUM(of_ii[x]) - i;
        squared[x] = (double)(total * ii - i * i);
    }
}

// Near one by its root: to 3 parts in 10^7. Alone in a loop, as nothing else can begin while the
// processor is full of what waits for roots.
static void NAME(guess)(float *restrict guesses, const double *restrict squared, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const float size = (float)squared[x];
        guesses[x] = 1 / sqrtf(size > 1 ? size : 1);
    }
}

// One by the root is a guess and a step of Newton's, in doubles, to 1 part in 10^12. Where a window
// is flat the product is 0, too.
static void NAME(correlate)(const match_table *table, float *restrict out,
                            const double *restrict products, const COLUMN *restrict of_i,
                            const double *restrict squared, const float *restrict guesses,
                            ptrdiff_t n) {
    const SUM total = (SUM)table->n, sum = (SUM)table->sum;
    const double scale = table->deviation > 0 ? 1 / table->deviation : 0;
    const double half = 0.5 * scale, more = 1.5 * scale;
    for (ptrdiff_t x = 0; x < n; x++) {
        const SUM i = (SUM)(SIGNED)of_i[x];
        const double above = (double)(total * (SUM)products[x] - sum * i);
        const double guess = (double)guesses[x];
        out[x] = (float)(above * guess * (more - half * squared[x] * (guess * guess)));
    }
}

// The first nrows rows of a block from a pair of tiles.
static void NAME(pair)(const ppx_job *job, const ppx_block *block, const match_room *room,
                       const match_plan *plan, ptrdiff_t number, ptrdiff_t nrows) {
    const match_table *table = job->table;
    const ptrdiff_t nx = plan->nx, across = plan->across, x0 = number * 2 * across;
    const ptrdiff_t width = plan->width, height = plan->height;
    const ptrdiff_t left = job->in.width - width + 1 - x0;
    const ptrdiff_t n = left < 2 * across ? left : 2 * across, first = n < across ? n : across;
    const ptrdiff_t ncolumns = n + width - 1;
    COLUMN *sums = (COLUMN *)room->sums + number * 2 * (2 * nx + ROOM) + ROOM;
    COLUMN *squares = sums + 2 * nx + ROOM;
    COLUMN *of_i = (COLUMN *)room->windows, *of_ii = of_i + 2 * nx;
    if (block->fresh) {
        memset(sums - ROOM, 0, (size_t)(2 * (2 * nx + ROOM)) * sizeof *sums);
        for (ptrdiff_t k = 0; k < height - 1; k++)
            NAME(add_row)(sums, squares, (const PIXEL *)block->in[k] + x0, ncolumns);
    }
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const PIXEL *last = (const PIXEL *)block->in[k + height - 1] + x0;
        if (k == 0)
            NAME(add_row)(sums, squares, last, ncolumns);
        else
            NAME(next_row)(sums, squares, last, (const PIXEL *)block->in[k - 1] + x0, ncolumns);
        NAME(window)(of_i, sums, width, n);
        NAME(window)(of_ii, squares, width, n);
        if (k % QUAD == 0)
            products_of(job, room, number, k);
        const double *products = room->products + k % QUAD * 2 * nx;
        float *out = (float *)block->out[k] + x0;
        NAME(deviate)(table, room->squared, of_i, of_ii, n);
        NAME(guess)(room->guesses, room->squared, n);
        NAME(correlate)(table, out, products, of_i, room->squared, room->guesses, first);
        NAME(correlate)
        (table, out + first, products + nx, of_i + first, room->squared + first,
         room->guesses + first, n - first);
    }
    NAME(take_row)(sums, squares, (const PIXEL *)block->in[nrows - 1] + x0, ncolumns);
}

static void NAME(rows)(const ppx_job *job, const ppx_block *block) {
    const match_plan plan = plan_of(job);
    const ptrdiff_t width = job->in.width, places = width - plan.width + 1;
    ptrdiff_t nrows = job->in.height - plan.height + 1 - block->y; // that have places
    nrows = nrows < 0 ? 0 : nrows < block->nrows ? nrows : block->nrows;
    match_room room;
    (void)room_of(&plan, block->scratch, &room);
    if (block->fresh) {
        room.state->base = block->y;
        memset(room.rings, 0,
               (size_t)(plan.npairs * (plan.nx / QUAD) * (plan.ny + 1)) * sizeof *room.rings);
    }
    for (ptrdiff_t number = 0; nrows && number < plan.npairs; number++)
        NAME(forward)(job, block, &room, &plan, number, nrows);
    if (nrows)
        columns(job, &room, plan.npairs, block->y - room.state->base, nrows);
    for (ptrdiff_t number = 0; nrows && number < plan.npairs; number++)
        NAME(pair)(job, block, &room, &plan, number, nrows);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        ptrdiff_t from = k < nrows ? places : 0;
        memset((float *)block->out[k] + from, 0, (size_t)(width - from) * sizeof(float));
    }
}

#undef PIXEL
#undef SAMPLE
#undef FOUR_SAMPLES
#undef COLUMN
#undef COLUMNS
#undef SIGNED
#undef PART
#undef SUM
#undef TO_SUM
#undef HALF
#undef NAME
