// match.inc.h: the row functions of match.c for one pixel type; PIXEL, HALF (of the range), COLUMN
// (holds sums down a column), SUM (holds products of two sums, as whole numbers), TO_SUM (from 64
// bits) and NAME are defined by who includes
// it.

// Four rows of a pair of tiles, the first tile's samples as real parts. What lies outside of the
// image, or is not a row that is needed, is 0.
static void NAME(load)(const match_table *table, quad_complexes *to, const void *const *rows,
                       ptrdiff_t nrows, ptrdiff_t x0, ptrdiff_t across, ptrdiff_t width) {
    for (ptrdiff_t x = 0; x < table->nx; x += QUAD) {
        quads part[2][QUAD];
        for (int p = 0; p < 2; p++) {
            ptrdiff_t from = x0 + p * across + x;
            for (ptrdiff_t r = 0; r < QUAD; r++) {
                const PIXEL *row = rows[r < nrows ? r : 0];
                part[p][r] = (quads){0};
                if (r < nrows && from + QUAD <= width) {
                    typedef PIXEL pixels __attribute__((vector_size(QUAD * sizeof(PIXEL))));
                    pixels samples;
                    memcpy(&samples, row + from, sizeof samples);
                    part[p][r] = __builtin_convertvector(
                        __builtin_convertvector(samples, quad_wholes) - HALF, quads);
                } else if (r < nrows) {
                    for (int k = 0; k < QUAD && from + k < width; k++)
                        part[p][r][k] = (double)((int32_t)row[from + k] - HALF);
                }
            }
            turn_four(part[p]);
        }
        for (int k = 0; k < QUAD; k++)
            to[x + k] = (quad_complexes){part[0][k], part[1][k]};
    }
}

// The transforms of all rows that a pair of tiles needs for nrows rows, four columns side by side.
static void NAME(forward)(const ppx_job *job, const ppx_block *block, const match_room *room,
                          ptrdiff_t x0, ptrdiff_t across, ptrdiff_t nrows) {
    const match_table *table = job->table;
    const ptrdiff_t nx = table->nx, ny = table->ny, needed = nrows + table->height - 1;
    for (ptrdiff_t k = 0; k < ny; k += QUAD) {
        if (k >= needed) {
            for (ptrdiff_t g = 0; g < nx / QUAD; g++)
                memset(room->forward + g * (ny + 1) + k, 0, QUAD * sizeof(quad_complexes));
            continue;
        }
        NAME(load)(table, room->row, block->in + k, needed - k, x0, across, job->in.width);
        const quad_complexes *z =
            transform_f64(table->nx_radix, table->nx_passes, at(job, table->nx_factors), nx,
                          room->row, room->row_room);
        for (ptrdiff_t g = 0; g < nx / QUAD; g++)
            turn_numbers(room->forward + g * (ny + 1) + k, z + g * QUAD);
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
        of_i[x + 1] = i += ahead[x] - sums[x];
        of_ii[x + 1] = ii += squares_ahead[x] - squares[x];
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
    NAME(forward)(job, block, room, x0, across, nrows);
    for (int piece = 0; piece < plan->npieces; piece++)
        columns(job, room, piece, nrows);
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
