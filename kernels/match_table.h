// match_table.h: what match knows before it sees a row: how the image is cut into tiles, the
// factors of transforms, and the template's transforms and sums.
#ifndef PPX_MATCH_TABLE_H
#define PPX_MATCH_TABLE_H

#include "best_places.h"
#include "match_passes.h"

enum { TEMPLATE, TOP };
enum { MOST_TOP = 16 };

// After it: factors of rows and of columns, the template's transforms (groups of four columns, each
// of ny numbers), and room for a row.
typedef struct match_table {
    ptrdiff_t width, height, nx, ny;
    int npieces;
    match_passes of_rows, of_columns;
    double n, sum, deviation; // of the template; the last is sqrt(n sum TT - (sum T)^2)
    size_t row_factors, column_factors, transforms, room; // bytes from the table on
    ptrdiff_t nplaces;
    best_place places[MOST_TOP];
} match_table;

static void *at(const ppx_job *job, size_t offset) {
    return (char *)job->table + offset;
}

static const double *row_factors(const ppx_job *job) {
    return at(job, ((const match_table *)job->table)->row_factors);
}

static const double *column_factors(const ppx_job *job) {
    return at(job, ((const match_table *)job->table)->column_factors);
}

static ptrdiff_t template_height(const ppx_job *job) {
    return job->second ? job->second->height : 1;
}

// ---- The plan -----------------------------------------------------------------------------------

typedef struct match_plan {
    ptrdiff_t width, height; // of the template
    ptrdiff_t nx, ny;
    ptrdiff_t across; // places that a tile yields in a row
    ptrdiff_t npairs;
    int npieces;
} match_plan;

// The least work for all tiles: nx log nx for every one of them, and log ny.
static ptrdiff_t best_nx(ptrdiff_t places, ptrdiff_t width, ptrdiff_t ny) {
    ptrdiff_t best = 0;
    double least = 0;
    for (ptrdiff_t factor = 1; factor <= 5; factor += 2)
        for (ptrdiff_t nx = factor * 16; nx <= 8192; nx *= 2) {
            if (nx < width)
                continue;
            double ntiles = ceil((double)places / (double)(nx - width + 1) / 2) * 2;
            double work = ntiles * (double)nx * (1.5 * log2((double)nx) + 2 * log2((double)ny) + 4);
            if (best == 0 || work < least) {
                best = nx;
                least = work;
            }
        }
    return best;
}

static ptrdiff_t best_ny(ptrdiff_t rows) {
    ptrdiff_t best = 0;
    for (ptrdiff_t factor = 1; factor <= 5; factor += 2) {
        ptrdiff_t n = factor * 16;
        while (n < rows)
            n *= 2;
        if (best == 0 || n < best)
            best = n;
    }
    return best;
}

static match_plan plan_of(const ppx_job *job) {
    match_plan plan = {.width = 1, .height = 1, .npieces = job->first.type == PPX_U8 ? 1 : 2};
    if (job->second) {
        plan.width = job->second->rows.shape.width;
        plan.height = job->second->height;
    }
    ptrdiff_t places = job->first.width - plan.width + 1;
    plan.ny = best_ny(PPX_STRIP + plan.height - 1);
    plan.nx = best_nx(places, plan.width, plan.ny);
    plan.across = plan.nx - plan.width + 1;
    plan.npairs = (places + 2 * plan.across - 1) / (2 * plan.across);
    return plan;
}

static size_t column_nbytes(const match_plan *plan) {
    return (size_t)plan->ny * sizeof(quad_complexes);
}

static size_t match_table_nbytes(const ppx_job *job) {
    match_plan plan = plan_of(job);
    return (sizeof(match_table) + 63) / 64 * 64 + (size_t)(plan.nx + plan.ny) * 2 * sizeof(double) +
           column_nbytes(&plan) * (size_t)(plan.npieces * plan.nx / QUAD) +
           (size_t)plan.nx * sizeof(quad_complexes);
}

// ---- The template -------------------------------------------------------------------------------

// A sample less half of the range.
static inline int64_t centred(const ppx_image *image, ptrdiff_t x, ptrdiff_t y) {
    const void *row = ppx_image_row(image, y);
    if (image->shape.type == PPX_U8)
        return ((const uint8_t *)row)[x] - 128;
    return ((const uint16_t *)row)[x] - 32768;
}

// Its two parts of 8 bits: 256 times the first, and the second.
static inline double piece_of(int64_t sample, int piece, int npieces) {
    int64_t low = ((sample + 32768 + 128) & 255) - 128;
    if (npieces == 1)
        return (double)sample;
    return piece == 0 ? (double)((sample - low) / 256) : (double)low;
}

static void build_sums(const ppx_job *job, match_table *table) {
    uint64_t sum = 0, squares = 0, n = (uint64_t)(table->width * table->height);
    for (ptrdiff_t y = 0; y < table->height; y++)
        for (ptrdiff_t x = 0; x < table->width; x++) {
            int64_t sample = centred(&job->second->rows, x, y);
            sum += (uint64_t)sample;
            squares += (uint64_t)(sample * sample);
        }
    table->n = (double)n;
    table->sum = (double)(int64_t)sum;
    table->deviation = sqrt((double)(n * squares - sum * sum));
}

// Four columns of a piece's transform.
static quad_complexes *group_at(const ppx_job *job, int piece, ptrdiff_t g) {
    const match_table *table = job->table;
    quad_complexes *groups = at(job, table->transforms);
    return groups + (piece * (table->nx / QUAD) + g) * table->ny;
}

// The last pass over four rows, whose numbers then go to four places of each column's group.
static void finish_rows(ptrdiff_t nx, const quad_complexes *row, quad_complexes *groups,
                        ptrdiff_t step) {
    for (ptrdiff_t u = 0; u < nx; u += QUAD, groups += step) {
        quad_complexes t[QUAD];
        for (int k = 0; k < QUAD; k++)
            t[k] = number_at(row + u + k);
        sums_4_f64(t);
        turn_numbers(t);
        for (int k = 0; k < QUAD; k++) {
            put_number(groups + k, t[k]);
            __builtin_prefetch(groups + k + QUAD, 1); // for the next four rows
        }
    }
}

static void build_piece(const ppx_job *job, int piece) {
    const match_table *table = job->table;
    const ptrdiff_t nx = table->nx, ny = table->ny;
    quad_complexes *room = at(job, table->room);
    for (ptrdiff_t y = 0; y < table->height; y += QUAD) {
        memset(room, 0, (size_t)nx * sizeof *room);
        for (ptrdiff_t r = 0; r < QUAD && y + r < table->height; r++)
            for (ptrdiff_t x = 0; x < table->width; x++)
                room[x].re[r] =
                    piece_of(centred(&job->second->rows, x, y + r), piece, table->npieces);
        transform_apart(&table->of_rows, row_factors(job), 0, room, nx);
        finish_rows(nx, room, group_at(job, piece, 0) + y, ny);
    }
    const double scale = 1 / ((double)nx * (double)ny);
    for (ptrdiff_t g = 0; g < nx / QUAD; g++) {
        quad_complexes *group = group_at(job, piece, g);
        transform_apart(&table->of_columns, column_factors(job), 0, group, ny);
        for (ptrdiff_t v = 0; v < ny; v += QUAD) {
            sums_4_f64(group + v);
            for (ptrdiff_t k = v; k < v + QUAD; k++)
                group[k] = scaled_f64(group[k], scale);
        }
    }
}

static void match_build(const ppx_job *job) {
    match_plan plan = plan_of(job);
    match_table *table = job->table;
    table->width = plan.width;
    table->height = plan.height;
    table->nx = plan.nx;
    table->ny = plan.ny;
    table->npieces = plan.npieces;
    table->row_factors = (sizeof(match_table) + 63) / 64 * 64;
    table->column_factors = table->row_factors + (size_t)plan.nx * 2 * sizeof(double);
    table->transforms = table->column_factors + (size_t)plan.ny * 2 * sizeof(double);
    table->room =
        table->transforms + column_nbytes(&plan) * (size_t)(plan.npieces * plan.nx / QUAD);
    plan_passes(&table->of_rows, plan.nx);
    plan_passes(&table->of_columns, plan.ny);
    make_factors(at(job, table->row_factors), &table->of_rows);
    make_factors(at(job, table->column_factors), &table->of_columns);
    build_sums(job, table);
    for (int piece = 0; piece < plan.npieces; piece++)
        build_piece(job, piece);
}

#endif
