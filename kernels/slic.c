// slic.c: superpixels: connected regions of like colour and like size (Achanta et al. 2012).
//
//     D = |p - c|^2 + (compactness / S)^2 ((x - x_c)^2 + (y - y_c)^2),   S^2 = pixels / clusters
//
// Clusters begin as the cells of a grid of round(width / s) x round(height / s), s^2 = pixels /
// regions. A turn gives each pixel to the cluster of least D, of equals to the first, among those
// of its cell and the 8 around it; then each takes the mean colour and place of its pixels, rounded
// half up. One without pixels stays. Turns end when none moves, or after `iterations`.
// Then regions are made connected, through sides of pixels: of each cluster that component is kept
// which has most of 8 x 8 pixels around the centre, round(S / 8) apart, of equals the one with the
// pixel nearest to the centre (then the upper, then the left one); a cluster that has none of them
// is given up, and should none be left, the component of the first pixel is kept. Every other pixel
// gets the label of the nearest kept pixel left of it, at the beginning of a row that of the first
// one in the row, in a row without any that of the first column in the next row above (else below)
// that has one: so every region is connected. Shapes: u8 of any channels; colours as they are, so
// put lab before RGB that eyes should judge. Out: labels from 1, by first kept pixel in raster
// order, as u32; or the input, with white where a pixel's right or lower neighbour has another
// label. Alpha counts for nothing. Border: none. Finding: the regions. Cost: a read a turn, 9
// distances a pixel.
#include "slic.h"

#include <math.h>

#include "slic_join.h"
#include "slic_kept.h"
#include "slic_sums.h"

// ---- The grid -----------------------------------------------------------------------------------

static ptrdiff_t cells_along(ptrdiff_t size, double side) {
    const ptrdiff_t n = (ptrdiff_t)((double)size / side + 0.5);
    return n < 1 ? 1 : n < size ? n : size;
}

static void grid_of(const ppx_job *job, ptrdiff_t *across, ptrdiff_t *down) {
    const double pixels = (double)job->first.width * (double)job->first.height;
    const double side = sqrt(pixels / (double)job->values[REGIONS].i);
    *across = cells_along(job->first.width, side);
    *down = cells_along(job->first.height, side);
}

static size_t grid_count(const ppx_job *job) {
    ptrdiff_t across, down;
    grid_of(job, &across, &down);
    return (size_t)(across * down);
}

static ppx_status slic_check(const ppx_job *job, ppx_error *error) {
    if (job->first.width > WIDEST || job->first.height > WIDEST)
        return ppx_fail(error, PPX_E_USAGE, "slic: %td x %td pixels; it takes up to %d either way",
                        job->first.width, job->first.height, WIDEST);
    if (grid_count(job) > MOST_REGIONS)
        return ppx_fail(error, PPX_E_USAGE,
                        "slic:regions=%d: a grid of %zu regions fits this image best, more than "
                        "%d: ask for fewer",
                        (int)job->values[REGIONS].i, grid_count(job), MOST_REGIONS);
    return PPX_OK;
}

static size_t slic_table_nbytes(const ppx_job *job) {
    return sizeof(slic_table) + grid_count(job) * (sizeof(slic_cluster) + sizeof(uint32_t)) +
           (size_t)job->first.height * sizeof(uint32_t);
}

static int rank_among_near(int dx, int dy) {
    int rank = 0;
    for (int y = -NEAR / 2; y < NEAR / 2; y++)
        for (int x = -NEAR / 2; x < NEAR / 2; x++) {
            const int d = x * x + y * y, own = dx * dx + dy * dy;
            rank += d < own || (d == own && (y < dy || (y == dy && x < dx)));
        }
    return rank;
}

static void slic_build(const ppx_job *job) {
    slic_table *table = job->table;
    grid_of(job, &table->across, &table->down);
    const double compactness = job->values[COMPACTNESS].d;
    const double pixels = (double)job->first.width * (double)job->first.height;
    table->weight = (float)(compactness * compactness * (double)grid_count(job) / pixels);
    table->spacing = (ptrdiff_t)(sqrt(pixels / (double)grid_count(job)) / NEAR + 0.5);
    table->spacing = table->spacing < 1 ? 1 : table->spacing;
    for (int y = 0; y < NEAR; y++)
        for (int x = 0; x < NEAR; x++)
            table->rank[y][x] = (uint8_t)rank_among_near(x - NEAR / 2, y - NEAR / 2);
}

// ---- Step 1: sums of clusters -------------------------------------------------------------------

static void turn_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = NSUMS * grid_count(job);
}

// Rows [y, y + nrows) of a cell; in turn 0 its pixels belong to its own cluster.
static void add_cell(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     ptrdiff_t column, ptrdiff_t row, uint64_t *counters) {
    const slic_table *table = job->table;
    const int step = job->in.channels;
    const ptrdiff_t x0 = cell_start(column, job->in.width, table->across);
    const ptrdiff_t x1 = cell_start(column + 1, job->in.width, table->across);
    slic_cell cell;
    slic_run run;
    open_cell(table, column, row, &cell);
    slic_sums sums = {.x0 = x0, .y0 = y};
    if (job->turn == 0) {
        cell.id[0] = (uint32_t)(row * table->across + column);
        cell.n = 1;
        memset(run.nearest, 0, sizeof run.nearest);
    }
    for (ptrdiff_t k = 0; k < nrows; k++) {
        move_cell(table, y + k, &cell);
        for (ptrdiff_t x = x0, many; x < x1; x += many) {
            const uint8_t *in = (const uint8_t *)rows[k] + x * step;
            many = x1 - x < RUN ? x1 - x : RUN;
            if (job->turn > 0)
                assign_run(&cell, in, x, many, step, &run);
            if (sums.n + many > RUN)
                flush_sums(&sums, &cell, counters);
            if (step == 3)
                add_run(in, run.nearest, x, y + k, many, 3, &sums);
            else
                add_run(in, run.nearest, x, y + k, many, step, &sums);
        }
    }
    flush_sums(&sums, &cell, counters);
}

static void turn_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    const slic_table *table = job->table;
    for (ptrdiff_t k = 0, n; k < nrows; k += n) {
        const ptrdiff_t row = cell_of(y + k, job->in.height, table->down);
        n = cell_start(row + 1, job->in.height, table->down) - (y + k);
        n = n < nrows - k ? n : nrows - k;
        for (ptrdiff_t column = 0; column < table->across; column++)
            add_cell(job, rows + k, y + k, n, column, row, counters);
    }
}

// Whether it changed.
static bool move_to(int32_t *value, uint64_t sum, uint64_t n) {
    const int32_t before = *value;
    *value = (int32_t)((2 * sum + n) / (2 * n));
    return *value != before;
}

static void turn_finish(const ppx_job *job, const uint64_t *counters) {
    slic_table *table = job->table;
    table->moved = false;
    for (size_t k = 0; k < cluster_count(table); k++, counters += NSUMS) {
        slic_cluster *cluster = &table->clusters[k];
        int32_t *const values[] = {&cluster->colour[0], &cluster->colour[1], &cluster->colour[2],
                                   &cluster->x, &cluster->y};
        for (int c = 0; c < NSUMS - 1 && counters[NSUMS - 1]; c++)
            table->moved = move_to(values[c], counters[c], counters[NSUMS - 1]) || table->moved;
    }
}

// Turn 0 makes the clusters of the grid.
static bool slic_again(const ppx_job *job, int turn) {
    const slic_table *table = job->table;
    return turn == 0 || (turn <= job->values[ITERATIONS].i && table->moved);
}

// ---- Step 2: which pixels around its centre belong to a cluster ---------------------------------

// A bit for each of them: no two have the same, so sums are sets.
static void near_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = grid_count(job);
}

// Whether some of them lie in rows [y0, y1).
static bool reaches(const slic_table *table, const slic_cluster *cluster, ptrdiff_t y0,
                    ptrdiff_t y1) {
    const ptrdiff_t reach = NEAR / 2 * table->spacing;
    return cluster->y - reach < y1 && cluster->y + reach >= y0;
}

// Pixel `at` of those around a centre; whether it lies in rows [y0, y1) of the image.
static bool near_at(const ppx_job *job, const slic_cluster *cluster, int at, ptrdiff_t y0,
                    ptrdiff_t y1, ptrdiff_t *x, ptrdiff_t *y) {
    const slic_table *table = job->table;
    *x = cluster->x + (at % NEAR - NEAR / 2) * table->spacing;
    *y = cluster->y + (at / NEAR - NEAR / 2) * table->spacing;
    return *x >= 0 && *x < job->in.width && *y >= y0 && *y < y1;
}

static uint32_t cluster_at(const ppx_job *job, const void *row, ptrdiff_t x, ptrdiff_t y) {
    const slic_table *table = job->table;
    slic_cell cell;
    slic_run run;
    open_cell(table, cell_of(x, job->in.width, table->across),
              cell_of(y, job->in.height, table->down), &cell);
    move_cell(table, y, &cell);
    assign_run(&cell, (const uint8_t *)row + x * job->in.channels, x, 1, job->in.channels, &run);
    return cell.id[run.nearest[0]];
}

static void near_add(const ppx_job *job, const void *const *rows, ptrdiff_t y0, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    const slic_table *table = job->table;
    ptrdiff_t x, y;
    for (size_t k = 0; k < cluster_count(table); k++) {
        const slic_cluster *cluster = &table->clusters[k];
        for (int at = 0; at < NEAR * NEAR && reaches(table, cluster, y0, y0 + nrows); at++)
            if (near_at(job, cluster, at, y0, y0 + nrows, &x, &y) &&
                cluster_at(job, rows[y - y0], x, y) == k)
                counters[k] += (uint64_t)1 << at;
    }
}

static void near_finish(const ppx_job *job, const uint64_t *counters) {
    slic_table *table = job->table;
    for (size_t k = 0; k < cluster_count(table); k++)
        table->clusters[k].near = counters[k];
}

// ---- Steps 3 to 5: clusters as labels, links to the pixel below, components ---------------------

static void assign_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.channels = 1;
    g->out.type = PPX_U32;
    g->keep_alpha = false;
}

// Rows of one cell.
static void assign_cell(const ppx_job *job, const ppx_block *block, ptrdiff_t from, ptrdiff_t to,
                        ptrdiff_t column, ptrdiff_t row) {
    const slic_table *table = job->table;
    const int step = job->in.channels;
    const ptrdiff_t x0 = cell_start(column, job->in.width, table->across);
    const ptrdiff_t x1 = cell_start(column + 1, job->in.width, table->across);
    slic_cell cell;
    slic_run run;
    open_cell(table, column, row, &cell);
    for (ptrdiff_t k = from; k < to; k++) {
        uint32_t *out = block->out[k];
        move_cell(table, block->y + k, &cell);
        for (ptrdiff_t x = x0, many; x < x1; x += many) {
            many = x1 - x < RUN ? x1 - x : RUN;
            assign_run(&cell, (const uint8_t *)block->in[k] + x * step, x, many, step, &run);
            for (ptrdiff_t i = 0; i < many; i++)
                out[x + i] = cell.id[run.nearest[i]];
        }
    }
}

static void assign(const ppx_job *job, const ppx_block *block) {
    const slic_table *table = job->table;
    for (ptrdiff_t k = 0, end; k < block->nrows; k = end) {
        const ptrdiff_t row = cell_of(block->y + k, job->in.height, table->down);
        end = cell_start(row + 1, job->in.height, table->down) - block->y;
        end = end < block->nrows ? end : block->nrows;
        for (ptrdiff_t column = 0; column < table->across; column++)
            assign_cell(job, block, k, end, column, row);
    }
}

static void link_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->down = 1;
}

static void link_rows(const ppx_job *job, const ppx_block *block) {
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint32_t *restrict in = block->in[k], *restrict below = block->in[k + 1];
        uint32_t *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            out[x] = in[x] | (in[x] == below[x] ? LINK : 0);
    }
}

// ---- Steps 6 and 7: which components are kept, and the first of them in each row ----------------

// Of each cluster the components of the pixels around its centre, by distance; 0: not its own.
static void kept_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = grid_count(job) * NEAR * NEAR;
}

static void kept_add(const ppx_job *job, const void *const *rows, ptrdiff_t y0, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    const slic_table *table = job->table;
    ptrdiff_t x, y;
    for (size_t k = 0; k < cluster_count(table); k++, counters += NEAR * NEAR) {
        const slic_cluster *cluster = &table->clusters[k];
        for (int at = 0; at < NEAR * NEAR && reaches(table, cluster, y0, y0 + nrows); at++)
            if (cluster->near >> at & 1 && near_at(job, cluster, at, y0, y0 + nrows, &x, &y))
                counters[table->rank[at / NEAR][at % NEAR]] +=
                    ((const uint32_t *)rows[y - y0])[x] + (uint64_t)1;
    }
}

static void kept_finish(const ppx_job *job, const uint64_t *counters) {
    slic_table *table = job->table;
    uint32_t *kept = kept_of(table), n = 0;
    for (size_t k = 0; k < cluster_count(table); k++) {
        const uint64_t winner = winner_of(counters + k * NEAR * NEAR);
        if (winner)
            kept[n++] = (uint32_t)(winner - 1);
    }
    if (n == 0)
        kept[n++] = 0;
    sort(kept, n);
    table->nkept = n;
}

static void rows_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = (size_t)job->in.height;
}

static void rows_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint32_t *row = rows[k];
        uint32_t label = 0;
        for (ptrdiff_t x = 0; !label && x < job->in.width; x++)
            if (x == 0 || row[x] != row[x - 1])
                label = label_of(job->table, row[x]);
        counters[y + k] += label;
    }
}

static void rows_finish(const ppx_job *job, const uint64_t *counters) {
    slic_table *table = job->table;
    uint32_t last = 0;
    for (ptrdiff_t y = 0; y < job->in.height && !last; y++)
        last = (uint32_t)counters[y];
    for (ptrdiff_t y = 0; y < job->in.height; y++)
        rows_of(table)[y] = last = counters[y] ? (uint32_t)counters[y] : last;
}

// ---- Steps 8 and 9: labels, and what comes out --------------------------------------------------

static void label_rows(const ppx_job *job, const ppx_block *block) {
    slic_table *table = job->table;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint32_t *in = block->in[k];
        uint32_t *out = block->out[k], label = rows_of(table)[block->y + k];
        for (ptrdiff_t x = 0, end; x < job->in.width; x = end) {
            const uint32_t kept = label_of(table, in[x]);
            label = kept ? kept : label;
            for (end = x; end < job->in.width && in[end] == in[x]; end++)
                out[end] = label;
        }
    }
}

static void output_geometry(const ppx_job *job, ppx_geometry *g) {
    g->keep_alpha = false; // from the first input
    if (job->values[OUTPUT].i == LABELS)
        return;
    g->down = g->side = 1;
    g->out.channels = job->first.channels;
    g->out.type = job->first.type;
}

static void output(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->in.width, step = job->first.channels;
    const int colours = ppx_shape_colours(job->first);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint32_t *in = block->in[k], *below = block->in[k + 1];
        if (job->values[OUTPUT].i == LABELS) {
            memcpy(block->out[k], in, (size_t)width * sizeof *in);
            continue;
        }
        uint8_t *out = block->out[k];
        memcpy(out, block->with[k], ppx_shape_row_nbytes(job->first));
        for (ptrdiff_t x = 0; x < width; x++)
            if (in[x] != in[x + 1] || in[x] != below[x])
                memset(out + x * step, UINT8_MAX, (size_t)colours);
    }
}

static void slic_report(const ppx_job *job) {
    const slic_table *table = job->table;
    if (job->sink->number)
        job->sink->number(job->sink->context, job->kernel->name, "regions", table->nkept);
}

// ---- The kernel ---------------------------------------------------------------------------------

static const ppx_param slic_params[] = {
    [REGIONS] = {"regions", PPX_INT, 1, MOST_REGIONS, NULL, "400", "how many, about"},
    [COMPACTNESS] = {"compactness", PPX_REAL, 0.01, 1000, NULL, "20",
                     "the distance of one grid cell, in grey levels: more makes rounder regions"},
    [ITERATIONS] = {"iterations", PPX_INT, 1, 1000, NULL, "10", "turns at most"},
    [OUTPUT] = {"output", PPX_CHOICE, 0, 0, "labels|boundaries", "labels",
                "labels as u32, or the input with the boundaries drawn in white"},
};

static const ppx_step slic_steps[] = {
    {
        .pattern = PPX_REDUCE,
        .geometry = turn_geometry,
        .reduce = {.add = {[PPX_U8] = turn_add}, .finish = turn_finish},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = near_geometry,
        .reduce = {.add = {[PPX_U8] = near_add}, .finish = near_finish},
    },
    {
        .pattern = PPX_MAP,
        .geometry = assign_geometry,
        .map = {.rows = {[PPX_U8] = assign}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = link_geometry,
        .map = {.rows = {[PPX_U32] = link_rows}},
    },
    {
        .pattern = PPX_JOIN,
        .join = {.local = {[PPX_U32] = slic_local},
                 .edge = slic_edge,
                 .seam = slic_seam,
                 .paint = slic_paint},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = kept_geometry,
        .reduce = {.add = {[PPX_U32] = kept_add}, .finish = kept_finish},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = rows_geometry,
        .reduce = {.add = {[PPX_U32] = rows_add}, .finish = rows_finish},
    },
    {
        .pattern = PPX_MAP,
        .map = {.rows = {[PPX_U32] = label_rows}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = output_geometry,
        .map = {.rows = {[PPX_U32] = output}, .with = PPX_WITH_FIRST},
    },
};

const ppx_kernel PPX_KERNEL(slic) = {
    .name = "slic",
    .summary = "superpixels: connected regions of like colour and like size, as labels or drawn",
    .examples = "slic:regions=30 slic:regions=7,compactness=200,iterations=3,output=boundaries "
                "slic:regions=500,compactness=0.1",
    .types = PPX_TAKES_U8,
    .channels = PPX_ANY_CHANNELS,
    .params = slic_params,
    .nparams = sizeof slic_params / sizeof *slic_params,
    .check = slic_check,
    .table_nbytes = slic_table_nbytes,
    .build = slic_build,
    .steps = slic_steps,
    .nsteps = sizeof slic_steps / sizeof *slic_steps,
    .loop_from = 0,
    .loop_to = 1,
    .again = slic_again,
    .report = slic_report,
};
