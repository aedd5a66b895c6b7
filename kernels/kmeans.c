// kmeans.c: k colours for all (Lloyd 1982), seeded by k-means++ (Arthur, Vassilvitskii 2007).
//
// A turn gives each pixel to the nearest centre, by squared distance in grey levels, of equals to
// the first; then each centre becomes the mean of its pixels, each channel rounded half up. One
// without pixels stays. Turns end when no centre moves, or after `iterations`. The output has the
// colour of its centre in each pixel. Seeds: a try for seed m = 0..k-1 draws splitmix64(seed, n)
// modulo the sum of w, n = 0, 1, ... over all tries, and takes the first colour where the running
// sum of w exceeds it; w is the number of pixels, times the squared distance to the nearest seed
// from m = 1 on. Of 3 tries the one counts that makes the next sum of w least, of equals the first.
// Gray draws among its levels in ascending order; RGB among the middles of cells of 8 x 8 x 8
// colours (red first), or, if fewer than k cells occur, among the colours in these, by cell.
// Fewer colours than k are refused, or all taken. Shapes: u8 of any channels, u16 of one colour;
// alpha passes. Border: none. Findings: the centres, their pixels, the sum of squared distances
// (inertia). All in whole numbers. Cost: gray one read to count, turns on the histogram; RGB a read
// a turn, 5 vector operations for a centre and 16 pixels.
#include "../core/kernel.h"

#include <stdlib.h>

#include "kmeans_nearest.h"
#include "kmeans_seeds.h"
#include "rgb_bytes.inc.h"

enum { SUMS = 4 }; // of a centre: red, green, blue, pixels

// ---- A turn from its sums -----------------------------------------------------------------------

static void move_centres(const ppx_job *job, const uint64_t *sums) {
    kmeans_table *table = job->table;
    table->moved = false;
    table->turns++;
    for (int j = 0; j < table->k; j++, sums += SUMS)
        for (int c = 0; c < 3 && sums[3]; c++) {
            const int32_t mean = (int32_t)((2 * sums[c] + sums[3]) / (2 * sums[3]));
            table->moved = table->moved || mean != table->centre[j][c];
            table->centre[j][c] = mean;
        }
}

// The sum of |p|^2 - 2 p c + |c|^2, modulo 2^64 until the end.
static void conclude(const ppx_job *job, const uint64_t *sums, uint64_t squares) {
    kmeans_table *table = job->table;
    table->inertia = squares;
    for (int j = 0; j < table->k; j++, sums += SUMS) {
        table->pixels[j] = sums[3];
        for (int c = 0; c < 3; c++) {
            const uint64_t centre = (uint64_t)table->centre[j][c];
            table->inertia += centre * centre * sums[3] - 2 * centre * sums[c];
        }
    }
}

// ---- Gray: everything on the histogram ----------------------------------------------------------

// The centres by value, of equals the first alone; how many.
static int sort_centres(const kmeans_table *table, int order[MOST_CENTRES]) {
    int n = 0;
    for (int j = 0; j < table->k; j++) {
        const int32_t value = table->centre[j][0];
        int at = n;
        while (at > 0 && table->centre[order[at - 1]][0] > value)
            at--;
        if (at > 0 && table->centre[order[at - 1]][0] == value)
            continue;
        memmove(order + at + 1, order + at, (size_t)(n - at) * sizeof *order);
        order[at] = j;
        n++;
    }
    return n;
}

static bool is_nearer(const kmeans_table *table, int32_t v, int j, int than) {
    const int32_t a = abs(v - table->centre[j][0]), b = abs(v - table->centre[than][0]);
    return a < b || (a == b && j < than);
}

// Levels ascend, and so do the centres that they are nearest to.
static void sum_levels(const ppx_job *job, const uint64_t *counts, uint64_t *sums,
                       uint64_t *squares) {
    kmeans_table *table = job->table;
    int order[MOST_CENTRES], at = 0;
    const int n = sort_centres(table, order);
    memset(sums, 0, (size_t)table->k * SUMS * sizeof *sums);
    *squares = 0;
    for (uint32_t v = 0; v < level_count(job); v++) {
        while (at + 1 < n && is_nearer(table, (int32_t)v, order[at + 1], order[at]))
            at++;
        const int nearest = order[at];
        sums[SUMS * nearest] += counts[v] * v;
        sums[SUMS * nearest + 3] += counts[v];
        *squares += counts[v] * v * v;
        table->level[v] = (uint16_t)table->centre[nearest][0];
    }
}

static void settle_gray(const ppx_job *job, const uint64_t *counts) {
    kmeans_table *table = job->table;
    uint64_t sums[MOST_CENTRES * SUMS], squares;
    table->ncolours = count_used(counts, level_count(job));
    draw_seeds(job, counts, level_count(job), gray_colour);
    do {
        sum_levels(job, counts, sums, &squares);
        move_centres(job, sums);
    } while (table->moved && table->turns < job->values[ITERATIONS].i);
    sum_levels(job, counts, sums, &squares);
    conclude(job, sums, squares);
}

// ---- Step 1: how often levels or cells occur ----------------------------------------------------

static void count_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = is_gray(job) ? level_count(job) : NCELLS;
}

static inline size_t cell_of(const uint8_t *p) {
    return (size_t)(p[0] >> 3) << 10 | (size_t)(p[1] >> 3) << 5 | p[2] >> 3;
}

static void count_u8(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const ptrdiff_t step = job->in.channels;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint8_t *row = rows[k];
        if (is_gray(job))
            for (ptrdiff_t x = 0; x < job->in.width; x++)
                counters[row[x * step]]++;
        else
            for (ptrdiff_t x = 0; x < job->in.width; x++)
                counters[cell_of(row + x * step)]++;
    }
}

static void count_u16(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                      uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const ptrdiff_t step = job->in.channels;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint16_t *row = rows[k];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            counters[row[x * step]]++;
    }
}

static void count_finish(const ppx_job *job, const uint64_t *counters) {
    kmeans_table *table = job->table;
    if (is_gray(job)) {
        settle_gray(job, counters);
        return;
    }
    table->ncolours = count_used(counters, NCELLS);
    if (!is_fewer(job)) {
        draw_seeds(job, counters, NCELLS, cell_colour);
        return;
    }
    for (uint16_t cell = 0, slot = 0; cell < NCELLS; cell++)
        if (counters[cell]) {
            table->cell[slot++] = cell;
            table->slot[cell] = slot;
        }
}

// ---- Step 2: RGB of few cells: how often their colours occur ------------------------------------

static void shade_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = shade_count(job);
}

static void count_shades(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                         uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const kmeans_table *table = job->table;
    for (ptrdiff_t k = 0; !is_gray(job) && is_fewer(job) && k < nrows; k++)
        for (ptrdiff_t x = 0; x < job->in.width; x++) {
            const uint8_t *p = (const uint8_t *)rows[k] + x * job->in.channels;
            const size_t shade = (size_t)(p[0] & 7) << 6 | (size_t)(p[1] & 7) << 3 | (p[2] & 7);
            counters[(size_t)(table->slot[cell_of(p)] - 1) * SHADES + shade]++;
        }
}

static void skip_shades(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                        uint64_t *counters, void *scratch) {
    (void)job, (void)rows, (void)y, (void)nrows, (void)counters, (void)scratch;
}

static void shades_finish(const ppx_job *job, const uint64_t *counters) {
    kmeans_table *table = job->table;
    if (is_gray(job) || !is_fewer(job))
        return;
    table->ncolours = count_used(counters, shade_count(job));
    draw_seeds(job, counters, shade_count(job), shade_colour);
}

static ppx_status enough_colours(const ppx_job *job, ppx_error *error) {
    const kmeans_table *table = job->table;
    if (is_fewer(job) && job->values[FEWER].i == 0)
        return ppx_fail(error, PPX_E_USAGE,
                        "kmeans:k=%d: the image has %d colour%s; ask for fewer clusters, or for "
                        "fewer=accept",
                        (int)job->values[K].i, table->k, table->k == 1 ? "" : "s");
    return PPX_OK;
}

// ---- Steps 3 and 4: RGB, sums of the pixels that are nearest to each centre ---------------------

// Scratch: the terms of the centres, then two sums for each, then a tile.
typedef struct kmeans_scratch {
    colour_tile tile;
    _Alignas(64) uint64_t sums[2][MOST_CENTRES];
    _Alignas(64) uint64_t packed[TILE];
    centre_terms terms[MOST_CENTRES];
} kmeans_scratch;

static void turn_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = (size_t)job->values[K].i * SUMS + 1; // and the sum of squares
    g->scratch_nbytes = sizeof(kmeans_scratch);
}

static inline void load_pixels(const uint8_t *restrict in, ptrdiff_t from, ptrdiff_t n, int step,
                               colour_tile *restrict tile) {
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = from; x < n; x++)
            tile->plane[c][x] = in[x * step + c];
}

static void load_tile(const uint8_t *in, ptrdiff_t n, int channels, colour_tile *tile) {
    uint8_t bytes[3][TILE];
    uint8_t *const planes[3] = {bytes[0], bytes[1], bytes[2]};
    const ptrdiff_t done = channels == 3 ? split_bytes(planes, in, n) : 0;
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < done; x++)
            tile->plane[c][x] = bytes[c][x];
    if (channels == 3)
        load_pixels(in, done, n, 3, tile);
    else
        load_pixels(in, done, n, 4, tile);
    for (int c = 0; c < 3; c++)
        memset(tile->plane[c] + n, 0, (size_t)(TILE - n) * sizeof *tile->plane[c]);
}

// Four sums of a tile fit one word of 64 bits: 256 times 255 is below 2^16. Neighbours go into two
// tables in turn, as one would wait for the store of the other.
static void add_tile(kmeans_scratch *s, ptrdiff_t n, int k, uint64_t *counters) {
    const uint16_t(*plane)[TILE] = (const uint16_t(*)[TILE])s->tile.plane;
    for (ptrdiff_t x = 0; x < n; x++)
        s->packed[x] = (uint64_t)plane[0][x] | (uint64_t)plane[1][x] << 16 |
                       (uint64_t)plane[2][x] << 32 | (uint64_t)1 << 48;
    for (int j = 0; j < k; j++)
        s->sums[0][j] = s->sums[1][j] = 0;
    ptrdiff_t x = 0;
    for (; x + 2 <= n; x += 2) {
        s->sums[0][s->tile.nearest[x]] += s->packed[x];
        s->sums[1][s->tile.nearest[x + 1]] += s->packed[x + 1];
    }
    for (; x < n; x++)
        s->sums[0][s->tile.nearest[x]] += s->packed[x];
    for (int j = 0; j < k; j++)
        for (int c = 0; c < SUMS; c++)
            counters[j * SUMS + c] +=
                (s->sums[0][j] >> 16 * c & 0xffff) + (s->sums[1][j] >> 16 * c & 0xffff);
}

static uint64_t squares_of(const colour_tile *tile, ptrdiff_t n) {
    uint32_t sum = 0;
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < n; x++)
            sum += (uint32_t)tile->plane[c][x] * tile->plane[c][x];
    return sum;
}

static void sum_rows(const ppx_job *job, const void *const *rows, ptrdiff_t nrows,
                     uint64_t *counters, kmeans_scratch *s, bool squares) {
    const kmeans_table *table = job->table;
    const int k = table->k, channels = job->in.channels;
    find_terms((const int32_t(*)[3])table->centre, k, s->terms);
    for (ptrdiff_t y = 0; y < nrows; y++)
        for (ptrdiff_t x = 0; x < job->in.width; x += TILE) {
            const ptrdiff_t n = job->in.width - x < TILE ? job->in.width - x : TILE;
            load_tile((const uint8_t *)rows[y] + x * channels, n, channels, &s->tile);
            find_nearest(s->terms, k, n, &s->tile);
            add_tile(s, n, k, counters);
            counters[job->values[K].i * SUMS] += squares ? squares_of(&s->tile, n) : 0;
        }
}

static void turn_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)y;
    sum_rows(job, rows, nrows, counters, scratch, false);
}

static bool kmeans_again(const ppx_job *job, int turn) {
    const kmeans_table *table = job->table;
    return !is_gray(job) && turn < job->values[ITERATIONS].i && (turn == 0 || table->moved);
}

// A last pass where somebody asks what was found.
static void count_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                      uint64_t *counters, void *scratch) {
    (void)y;
    if (job->findings && !is_gray(job))
        sum_rows(job, rows, nrows, counters, scratch, true);
}

static void found_finish(const ppx_job *job, const uint64_t *counters) {
    if (!is_gray(job))
        conclude(job, counters, counters[job->values[K].i * SUMS]);
}

// ---- Step 5: the colours of the centres ---------------------------------------------------------

static void paint_geometry(const ppx_job *job, ppx_geometry *g) {
    if (!is_gray(job))
        g->scratch_nbytes = sizeof(kmeans_scratch);
}

static void paint_rgb(const ppx_job *job, const ppx_block *block) {
    const kmeans_table *table = job->table;
    const int k = table->k, channels = job->in.channels;
    kmeans_scratch *s = block->scratch;
    uint8_t colours[MOST_CENTRES][4];
    for (int j = 0; j < k; j++)
        for (int c = 0; c < 3; c++)
            colours[j][c] = (uint8_t)table->centre[j][c];
    find_terms((const int32_t(*)[3])table->centre, k, s->terms);
    for (ptrdiff_t y = 0; y < block->nrows; y++)
        for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += TILE) {
            const ptrdiff_t n = job->in.width - x0 < TILE ? job->in.width - x0 : TILE;
            uint8_t *out = (uint8_t *)block->out[y] + x0 * channels;
            load_tile((const uint8_t *)block->in[y] + x0 * channels, n, channels, &s->tile);
            find_nearest(s->terms, k, n, &s->tile);
            for (ptrdiff_t x = 0; x < n; x++)
                memcpy(out + x * channels, colours[s->tile.nearest[x]], 3);
        }
}

static void paint_u8(const ppx_job *job, const ppx_block *block) {
    const kmeans_table *table = job->table;
    const ptrdiff_t step = job->in.channels;
    if (!is_gray(job)) {
        paint_rgb(job, block);
        return;
    }
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const uint8_t *in = block->in[y];
        uint8_t *out = block->out[y];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            out[x * step] = (uint8_t)table->level[in[x * step]];
    }
}

static void paint_u16(const ppx_job *job, const ppx_block *block) {
    const kmeans_table *table = job->table;
    const ptrdiff_t step = job->in.channels;
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const uint16_t *in = block->in[y];
        uint16_t *out = block->out[y];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            out[x * step] = table->level[in[x * step]];
    }
}

// ---- Findings and the kernel --------------------------------------------------------------------

static double kmeans_cell(const void *data, size_t row, int column) {
    const kmeans_table *table = data;
    if (column < 2)
        return column == 0 ? (double)(row + 1) : (double)table->pixels[row];
    return table->centre[row][column - 2];
}

static void kmeans_report(const ppx_job *job) {
    static const char *const gray[] = {"cluster", "pixels", "value"};
    static const char *const rgb[] = {"cluster", "pixels", "red", "green", "blue"};
    static const bool whole[] = {true, true, true, true, true};
    const kmeans_table *table = job->table;
    const ppx_sink *sink = job->sink;
    const int colours = ppx_shape_colours(job->first);
    if (sink->number) {
        sink->number(sink->context, job->kernel->name, "inertia", (double)table->inertia);
        sink->number(sink->context, job->kernel->name, "turns", table->turns);
    }
    if (sink->table)
        sink->table(sink->context, job->kernel->name,
                    &(ppx_table){"clusters", 2 + colours, colours == 1 ? gray : rgb, whole,
                                 (size_t)table->k, kmeans_cell, table});
}

static ppx_status kmeans_check(const ppx_job *job, ppx_error *error) {
    if (job->first.type == PPX_U16 && !is_gray(job))
        return ppx_fail(error, PPX_E_USAGE,
                        "kmeans takes colours of u8 only; its input here is u16: convert it, or "
                        "put gray before it");
    return PPX_OK;
}

static const ppx_param kmeans_params[] = {
    [K] = {"k", PPX_INT, 1, MOST_CENTRES, NULL, "8", "colours"},
    [ITERATIONS] = {"iterations", PPX_INT, 1, 1000, NULL, "10", "turns at most"},
    [SEED] = {"seed", PPX_INT, 0, 1e15, NULL, "1", "of the draw of the first centres"},
    [FEWER] = {"fewer", PPX_CHOICE, 0, 0, "refuse|accept", "refuse",
               "an image with fewer colours than k: accept takes all of them"},
};

static const ppx_step kmeans_steps[] = {
    {
        .pattern = PPX_REDUCE,
        .geometry = count_geometry,
        .reduce = {.add = {[PPX_U8] = count_u8, [PPX_U16] = count_u16}, .finish = count_finish},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = shade_geometry,
        .reduce = {.add = {[PPX_U8] = count_shades, [PPX_U16] = skip_shades},
                   .finish = shades_finish,
                   .verdict = enough_colours},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = turn_geometry,
        .reduce = {.add = {[PPX_U8] = turn_add}, .finish = move_centres},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = turn_geometry,
        .reduce = {.add = {[PPX_U8] = count_add, [PPX_U16] = skip_shades}, .finish = found_finish},
    },
    {
        .pattern = PPX_MAP,
        .geometry = paint_geometry,
        .map = {.rows = {[PPX_U8] = paint_u8, [PPX_U16] = paint_u16}},
    },
};

const ppx_kernel PPX_KERNEL(kmeans) = {
    .name = "kmeans",
    .summary = "k colours for all: each pixel gets the mean colour of its cluster",
    .examples = "kmeans:fewer=accept kmeans:k=150,iterations=3,seed=7,fewer=accept",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .params = kmeans_params,
    .nparams = sizeof kmeans_params / sizeof *kmeans_params,
    .check = kmeans_check,
    .table_nbytes = kmeans_table_nbytes,
    .steps = kmeans_steps,
    .nsteps = 5,
    .loop_from = 2,
    .loop_to = 3,
    .again = kmeans_again,
    .report = kmeans_report,
};
