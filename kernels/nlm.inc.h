// nlm.inc.h: the row functions of nlm.c for one type of pixel and of sample in planes; PIXEL,
// SAMPLE, NAME and PIXEL_IS_FLOAT or, for samples whose bytes are summed one by one, TWO_BYTES are
// defined by who includes it.
#ifdef PIXEL_IS_FLOAT
#define VECTOR floats
#define VECTOR_N (LANES / 2)
#define LOAD floats_load
#define STORE floats_store
#define ADD add_f32
#define WEIGHT weight_f32
#define SUM float
#else
#define VECTOR lanes
#define VECTOR_N LANES
#define LOAD lanes_load
#define STORE lanes_store
#define ADD lanes_add_saturated
#define WEIGHT word_weight
#define SUM uint32_t
#endif

#include "tile.inc.h"

typedef struct NAME(tile) {
    const nlm_table *table;
    ptrdiff_t width, nrows, colours, half;
    ptrdiff_t stride, plane;
    const SAMPLE *planes;     // at the tile's first pixel
    SAMPLE *squares, *column; // at x = 0 of their (first) rows
    SAMPLE *weights;          // of row y in row y % (dy + 1)
    SUM *sums;                // weights, and products with each channel
} NAME(tile);

// ---- One row, for one offset ----

static void NAME(square_row)(const NAME(tile) * tile, SAMPLE *restrict out, ptrdiff_t y,
                             ptrdiff_t offset, ptrdiff_t a, ptrdiff_t b) {
    const nlm_table table = *tile->table;
    for (ptrdiff_t x = a; x < b; x += VECTOR_N) {
        const SAMPLE *p = tile->planes + y * tile->stride + x;
        VECTOR sum = NAME(square)(&table, LOAD(p), LOAD(p + offset));
        for (ptrdiff_t c = 1; c < tile->colours; c++) {
            p += tile->plane;
            sum = ADD(sum, NAME(square)(&table, LOAD(p), LOAD(p + offset)));
        }
        STORE(out + x, sum);
    }
}

// Over the rows of a patch; n is a constant where this is called.
LANES_INLINE void NAME(sum_rows)(SAMPLE *restrict out, const SAMPLE *const *from, int n,
                                 ptrdiff_t a, ptrdiff_t b) {
    const SAMPLE *rows[MOST_PATCH];
    for (int k = 0; k < n; k++)
        rows[k] = from[k];
    for (ptrdiff_t x = a; x < b; x += VECTOR_N) {
        VECTOR sum = LOAD(rows[0] + x);
        for (int k = 1; k < n; k++)
            sum = ADD(sum, LOAD(rows[k] + x));
        STORE(out + x, sum);
    }
}

// Over the columns of a patch, and what weight that gives.
LANES_INLINE void NAME(weigh_row)(const nlm_table *constants, SAMPLE *restrict out,
                                  const SAMPLE *restrict column, ptrdiff_t n, ptrdiff_t a,
                                  ptrdiff_t b) {
    const nlm_table table = *constants;
    for (ptrdiff_t x = a; x < b; x += VECTOR_N) {
        const SAMPLE *from = column + x - n / 2;
        VECTOR sum = LOAD(from);
        for (ptrdiff_t k = 1; k < n; k++)
            sum = ADD(sum, LOAD(from + k));
        STORE(out + x, WEIGHT(&table, sum));
    }
}

static void NAME(weights)(const NAME(tile) * tile, SAMPLE *out, const SAMPLE *const *squares,
                          ptrdiff_t a, ptrdiff_t b) {
    ptrdiff_t h = tile->half;
    switch (h) {
    case 1:
        NAME(sum_rows)(tile->column, squares, 3, a - h, b + h);
        NAME(weigh_row)(tile->table, out, tile->column, 3, a, b);
        break;
    case 2:
        NAME(sum_rows)(tile->column, squares, 5, a - h, b + h);
        NAME(weigh_row)(tile->table, out, tile->column, 5, a, b);
        break;
    case 3:
        NAME(sum_rows)(tile->column, squares, 7, a - h, b + h);
        NAME(weigh_row)(tile->table, out, tile->column, 7, a, b);
        break;
    default:
        NAME(sum_rows)(tile->column, squares, (int)(2 * h + 1), a - h, b + h);
        NAME(weigh_row)(tile->table, out, tile->column, 2 * h + 1, a, b);
        break;
    }
}

// Adds the pixels at +offset with the weights `ahead` and those at -offset with `behind`, which
// are the weights that they gave to these.
static void NAME(add_row)(const NAME(tile) * tile, const SAMPLE *ahead, const SAMPLE *behind,
                          ptrdiff_t y, ptrdiff_t offset) {
    for (ptrdiff_t x = 0; x < tile->width; x += VECTOR_N) {
        const SAMPLE *p = tile->planes + y * tile->stride + x;
        SUM *sums = tile->sums + y * SUMS_STRIDE + x;
        const VECTOR w0 = LOAD(ahead + x), w1 = LOAD(behind + x);
#ifdef PIXEL_IS_FLOAT
        STORE(sums, LOAD(sums) + w0 + w1);
#else
        const lanes_zipped weights = lanes_zip(w0, w1);
        add_to(sums, lanes_sum(weights));
#endif
        for (ptrdiff_t c = 0; c < tile->colours; c++) {
            sums += SUMS_PLANE;
            const VECTOR q0 = LOAD(p + offset), q1 = LOAD(p - offset);
#ifdef PIXEL_IS_FLOAT
            const VECTOR own = LOAD(p); // sums of differences are smaller
            STORE(sums, LOAD(sums) + w0 * (q0 - own) + w1 * (q1 - own));
#elif defined TWO_BYTES
            add_to(sums, lanes_dot(weights, lanes_zip(q0 >> 8, q1 >> 8)));
            sums += SUMS_PLANE;
            add_to(sums, lanes_dot(weights, lanes_zip(q0 & UINT8_MAX, q1 & UINT8_MAX)));
#else
            add_to(sums, lanes_dot(weights, lanes_zip(q0, q1)));
#endif
            p += tile->plane;
        }
    }
}

// ---- One offset, all rows ----

// The rows above that look down into the tile come first, because what they find serves both ends.
static void NAME(add_offset)(const NAME(tile) * tile, ptrdiff_t dx, ptrdiff_t dy) {
    const ptrdiff_t h = tile->half, patch = 2 * h + 1, offset = dy * tile->stride + dx;
    const ptrdiff_t a = dx > 0 ? -dx : 0, b = tile->width + (dx < 0 ? -dx : 0);
    const SAMPLE *squares[MOST_PATCH]; // from the top of the patch down
    for (ptrdiff_t k = 0; k < patch; k++)
        squares[k] = tile->squares + k * tile->stride;
    for (ptrdiff_t bottom = -dy - h; bottom < tile->nrows + h; bottom++) {
        SAMPLE *enters = (SAMPLE *)(uintptr_t)squares[0];
        for (ptrdiff_t k = 0; k + 1 < patch; k++)
            squares[k] = squares[k + 1];
        squares[patch - 1] = enters;
        NAME(square_row)(tile, enters, bottom, offset, a - h, b + h);
        const ptrdiff_t y = bottom - h, from = y + dy; // counts the rows of weights
        if (from < 0)
            continue;
        SAMPLE *weights = tile->weights + from % (dy + 1) * tile->stride;
        NAME(weights)(tile, weights, squares, a, b);
        if (y >= 0)
            NAME(add_row)
        (tile, weights, tile->weights + y % (dy + 1) * tile->stride - dx, y, offset);
    }
}

// ---- A tile ----

static void NAME(finish_row)(const ppx_job *job, const NAME(tile) * tile, void *row, ptrdiff_t x0,
                             ptrdiff_t y) {
    const SUM *weight = tile->sums + y * SUMS_STRIDE;
    for (ptrdiff_t c = 0; c < tile->colours; c++) {
        const SAMPLE *own = tile->planes + c * tile->plane + y * tile->stride;
        SAMPLE *restrict out = tile->column; // no sums are there any more
#ifdef PIXEL_IS_FLOAT
        const SUM *sum = weight + (c + 1) * SUMS_PLANE;
        for (ptrdiff_t x = 0; x < tile->width; x++)
            out[x] = own[x] + sum[x] / (weight[x] + 1.0f);
#elif defined TWO_BYTES
        const SUM *high = weight + (2 * c + 1) * SUMS_PLANE, *low = high + SUMS_PLANE;
        for (ptrdiff_t x = 0; x < tile->width; x++) {
            uint64_t all = weight[x] + tile->table->one;
            uint64_t sum = ((uint64_t)high[x] << 8) + low[x] + (uint64_t)own[x] * tile->table->one;
            out[x] = (SAMPLE)((sum + all / 2) / all);
        }
#else
        const SUM *sum = weight + (c + 1) * SUMS_PLANE;
        for (ptrdiff_t x = 0; x < tile->width; x++) {
            uint32_t all = weight[x] + tile->table->one;
            out[x] = (SAMPLE)((sum[x] + (uint32_t)own[x] * tile->table->one + all / 2) / all);
        }
#endif
        NAME(store)(job, row, x0, c, out, tile->width);
    }
}

#ifndef PIXEL_IS_FLOAT
static void NAME(order_sums)(const NAME(tile) * tile, ptrdiff_t y, int nsums) {
    for (int k = 0; k < nsums; k++)
        for (ptrdiff_t x = 0; x < tile->width; x += LANES) {
            SUM *sums = tile->sums + k * SUMS_PLANE + y * SUMS_STRIDE + x;
            wide_pair_store(sums, lanes_in_order(wide_pair_load(sums)));
        }
}
#endif

static void NAME(nlm)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t margin = margin_of(job), search = search_of(job), stride = stride_of(job);
    const ptrdiff_t plane = plane_of(job), colours = colours_of(job);
    const int nsums = sums_of(job);
    SUM *sums = block->scratch;
    SAMPLE *planes = (SAMPLE *)(sums + nsums * SUMS_PLANE), *rows = planes + colours * plane;
    for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += TILE) {
        NAME(tile)
        tile = {.table = job->table,
                .width = job->in.width - x0 < TILE ? job->in.width - x0 : TILE,
                .nrows = block->nrows,
                .colours = colours,
                .half = half_of(job),
                .stride = stride,
                .plane = plane,
                .planes = planes + margin * stride + margin,
                .column = rows + margin,
                .weights = rows + stride + margin,
                .squares = rows + (search + 2) * stride + margin,
                .sums = sums};
        NAME(load)(job, block->in, block->nrows, x0, tile.width, margin, planes, stride, plane);
        memset(sums, 0, (size_t)(nsums * SUMS_PLANE) * sizeof *sums);
        for (ptrdiff_t dy = 0; dy <= search; dy++)
            for (ptrdiff_t dx = dy ? -search : 1; dx <= search; dx++)
                NAME(add_offset)(&tile, dx, dy);
        for (ptrdiff_t y = 0; y < block->nrows; y++) {
#ifndef PIXEL_IS_FLOAT
            NAME(order_sums)(&tile, y, nsums);
#endif
            NAME(finish_row)(job, &tile, block->out[y], x0, y);
        }
    }
}

#undef VECTOR
#undef VECTOR_N
#undef LOAD
#undef STORE
#undef ADD
#undef WEIGHT
#undef SUM
#undef PIXEL
#undef SAMPLE
#undef TWO_BYTES
#undef PIXEL_IS_FLOAT
#undef NAME
