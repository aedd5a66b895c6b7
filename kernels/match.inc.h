// match.inc.h: the row functions of match.c for one pixel type; PIXEL, HALF (of the range), COLUMN
// (holds sums down a column), SUM (holds products of two sums, as whole numbers), TO_SUM (from 64
// bits) and NAME are defined by who includes
// it.

// Samples [from, from + n) of a row as numbers; what is beyond the row, or no row at all, is 0.
static void NAME(numbers)(double *restrict to, const PIXEL *restrict row, ptrdiff_t from,
                          ptrdiff_t width, ptrdiff_t n) {
    ptrdiff_t inside = !row || width < from ? 0 : width - from < n ? width - from : n;
    for (ptrdiff_t x = 0; x < inside; x++)
        to[x] = (double)((int32_t)row[from + x] - HALF);
    memset(to + inside, 0, (size_t)(n - inside) * sizeof *to);
}

// Four rows of a pair of tiles (NULL: none), the first tile's samples as real parts.
static void NAME(load)(const match_room *room, const PIXEL *const rows[QUAD], ptrdiff_t x0,
                       ptrdiff_t across, ptrdiff_t width, ptrdiff_t nx) {
    double *numbers = room->products; // is not in use yet
    for (ptrdiff_t r = 0; r < QUAD; r++)
        for (ptrdiff_t tile = 0; tile < 2; tile++)
            NAME(numbers)(numbers + (2 * r + tile) * nx, rows[r], x0 + tile * across, width, nx);
    for (ptrdiff_t x = 0; x < nx; x += QUAD) {
        quads re[QUAD], im[QUAD];
        for (ptrdiff_t r = 0; r < QUAD; r++) {
            memcpy(&re[r], numbers + 2 * r * nx + x, sizeof re[r]);
            memcpy(&im[r], numbers + (2 * r + 1) * nx + x, sizeof im[r]);
        }
        turn_four(re);
        turn_four(im);
        for (ptrdiff_t k = 0; k < QUAD; k++)
            room->row[x + k] = (quad_complexes){re[k], im[k]};
    }
}

// The transforms of the rows that a pair of tiles needs for nrows rows and that are not in the ring
// of ny rows yet: row y is in place (y - base) modulo ny, four rows at a time.
static void NAME(forward)(const ppx_job *job, const ppx_block *block, const match_room *room,
                          quad_complexes *ring, ptrdiff_t x0, ptrdiff_t across, ptrdiff_t nrows) {
    const match_table *table = job->table;
    const ptrdiff_t nx = table->nx, ny = table->ny, first = block->y - room->state->base;
    const ptrdiff_t end = first + nrows + table->height - 1;
    for (ptrdiff_t y = block->fresh ? 0 : (first + table->height - 1) / QUAD * QUAD; y < end;
         y += QUAD) {
        const PIXEL *rows[QUAD];
        for (ptrdiff_t r = 0; r < QUAD; r++)
            rows[r] = y + r >= first && y + r < end ? block->in[y + r - first] : NULL;
        NAME(load)(room, rows, x0, across, job->in.width, nx);
        const quad_complexes *z =
            transform_f64(table->nx_radix, table->nx_passes, at(job, table->nx_factors), nx,
                          room->row, room->row, room->row_room);
        for (ptrdiff_t g = 0; g < nx / QUAD; g++)
            turn_numbers(ring + g * (ny + 1) + y % ny, z + g * QUAD);
    }
}

// Adds a row to the sums down the columns, and takes another away.
static INLINE void NAME(move_down)(COLUMN *restrict sums, COLUMN *restrict squares,
                                   const PIXEL *restrict add, const PIXEL *restrict take,
                                   ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++) {
        int32_t in = add ? (int32_t)add[x] - HALF : 0, out = take ? (int32_t)take[x] - HALF : 0;
        sums[x] += in - out;
        squares[x] += in * in - out * out;
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

// The sums of n windows from left to right.
static void NAME(window)(int64_t *restrict of_i, int64_t *restrict of_ii,
                         const COLUMN *restrict sums, const COLUMN *restrict squares,
                         ptrdiff_t width, ptrdiff_t n) {
    int64_t i = 0, ii = 0;
    for (ptrdiff_t x = 0; x < width; x++) {
        i += sums[x];
        ii += squares[x];
    }
    of_i[0] = i;
    of_ii[0] = ii;
    const COLUMN *ahead = sums + width, *squares_ahead = squares + width;
    for (ptrdiff_t x = 0; x < n - 1; x++) {
        i += ahead[x] - sums[x];
        ii += squares_ahead[x] - squares[x];
        of_i[x + 1] = i;
        of_ii[x + 1] = ii;
    }
}

static void NAME(correlate)(const match_table *table, float *restrict out,
                            const double *restrict products, const int64_t *restrict of_i,
                            const int64_t *restrict of_ii, ptrdiff_t n) {
    const SUM total = (SUM)table->n, sum = (SUM)table->sum;
    const double deviation = table->deviation;
    for (ptrdiff_t x = 0; x < n; x++) {
        SUM i = TO_SUM(of_i[x]), ii = TO_SUM(of_ii[x]);
        double above = (double)(total * (SUM)products[x] - sum * i);
        double below = sqrt((double)(total * ii - i * i)) * deviation;
        out[x] = (float)(below > 0 ? above / below : 0);
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
    COLUMN *sums = (COLUMN *)room->sums + number * 4 * nx, *squares = sums + 2 * nx;
    int64_t *of_i = room->windows, *of_ii = of_i + 2 * nx;
    quad_complexes *ring = room->rings + number * (nx / QUAD) * (plan->ny + 1);
    NAME(forward)(job, block, room, ring, x0, across, nrows);
    for (int piece = 0; piece < plan->npieces; piece++)
        columns(job, room, ring, piece, block->y - room->state->base, nrows);
    if (block->fresh) {
        memset(sums, 0, (size_t)(4 * nx) * sizeof *sums);
        for (ptrdiff_t k = 0; k < height - 1; k++)
            NAME(add_row)(sums, squares, (const PIXEL *)block->in[k] + x0, ncolumns);
    }
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const PIXEL *last = (const PIXEL *)block->in[k + height - 1] + x0;
        if (k == 0)
            NAME(add_row)(sums, squares, last, ncolumns);
        else
            NAME(next_row)(sums, squares, last, (const PIXEL *)block->in[k - 1] + x0, ncolumns);
        NAME(window)(of_i, of_ii, sums, squares, width, n);
        if (k % QUAD == 0)
            products_of(job, room, k);
        const double *products = room->products + k % QUAD * 2 * nx;
        float *out = (float *)block->out[k] + x0;
        NAME(correlate)(table, out, products, of_i, of_ii, first);
        NAME(correlate)(table, out + first, products + nx, of_i + first, of_ii + first, n - first);
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
        NAME(pair)(job, block, &room, &plan, number, nrows);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        ptrdiff_t from = k < nrows ? places : 0;
        memset((float *)block->out[k] + from, 0, (size_t)(width - from) * sizeof(float));
    }
}

#undef PIXEL
#undef COLUMN
#undef SUM
#undef TO_SUM
#undef HALF
#undef NAME
