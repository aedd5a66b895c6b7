// clahe.c: contrast-limited adaptive histogram equalisation (Pizer et al. 1987; Zuiderveld 1994).
//
// The image is divided into tiles x tiles; tile t of T spans [t h / T, (t + 1) h / T), rounded down
// (no more tiles than pixels). Each tile has a table that equalizes it: table(v) = most * cdf(v) /
// n, rounded half up, after its histogram is clipped at clip * n / bins (at least 1; clip = 0: not
// at all) and what was cut off is spread evenly, the remainder at every (bins / remainder)-th bin.
// A sample goes through the tables of the four tiles around it, weighted by its position x T / w -
// 1/2 among them (that of the nearest, beyond the outermost centres). Where T divides the size all
// of this is as in OpenCV, and the result is within 1 of its. Shapes: u8 and u16, any channels,
// each colour for itself (hues change; convert to Lab and treat L where that matters). f32 is
// refused: it has no bins of its own. Border: none. u8 has 256 bins; u16 has 4096, and its table is
// linear within a bin: 65536 bins for each tile would outgrow the caches and the messages between
// ranks. Weights are fixed point. u8: tables of a row are blended vertically first (to 1/128 of a
// level), a pair of neighbours in one word, so that a sample costs one look-up and one product of
// pairs. Cost: the image is read twice and written once.
#include "counting.h"

enum { TILES, CLIP };
enum {
    BINS_U16 = 4096,
    PER_BIN = (UINT16_MAX + 1) / BINS_U16, // levels
    MOST_COUNTERS = 1 << 22,
    ONE = 1 << 14, // a weight
    FINE = 1 << 7, // parts of a grey level in blended tables
    CHUNK = 256,   // samples between look-ups and products
    MOST_TILES = 64
};

// ---- Tiles --------------------------------------------------------------------------------------

static ptrdiff_t tiles_of(const ppx_job *job, ptrdiff_t size) {
    const ptrdiff_t tiles = (ptrdiff_t)job->values[TILES].i;
    return tiles < size ? tiles : size;
}

static ptrdiff_t tiles_across(const ppx_job *job) {
    return tiles_of(job, job->first.width);
}

static ptrdiff_t tiles_down(const ppx_job *job) {
    return tiles_of(job, job->first.height);
}

static size_t bins_of(const ppx_job *job) {
    return job->first.type == PPX_U8 ? LEVELS_U8 : BINS_U16;
}

static size_t counters_of(const ppx_job *job) {
    return (size_t)(tiles_across(job) * tiles_down(job) * ppx_shape_colours(job->first)) *
           bins_of(job);
}

static ppx_status clahe_check(const ppx_job *job, ppx_error *error) {
    const size_t n = counters_of(job);
    if (n > MOST_COUNTERS)
        return ppx_fail(
            error, PPX_E_USAGE,
            "clahe: %td x %td tiles of %zu bins and %d colours are %zu counters, more than "
            "%d: ask for fewer tiles",
            tiles_across(job), tiles_down(job), bins_of(job), ppx_shape_colours(job->first), n,
            MOST_COUNTERS);
    return PPX_OK;
}

// A place between two neighbouring tiles, or twice the outermost; the weight of the second.
typedef struct place {
    ptrdiff_t first, second;
    float weight;
} place;

// (x tiles / size - 1/2) = floor + rest / (2 size)
static place place_of(ptrdiff_t x, ptrdiff_t size, ptrdiff_t tiles) {
    const int64_t twice = 2 * (int64_t)size, from = twice + 2 * (int64_t)x * tiles - size;
    const ptrdiff_t second = (ptrdiff_t)(from / twice);
    place p = {second - 1, second, (float)((double)(from % twice) / (double)twice)};
    if (p.first < 0)
        p.first = 0;
    if (p.second > tiles - 1)
        p.second = tiles - 1;
    return p;
}

// The pixels between the centres of two tiles: a cell. Cell k lies before the centre of tile k.
static ptrdiff_t cell_start(ptrdiff_t cell, ptrdiff_t size, ptrdiff_t tiles) {
    if (cell == 0)
        return 0;
    if (cell > tiles)
        return size;
    // The first x with x tiles / size - 1/2 >= cell - 1
    return ((2 * cell - 1) * size + 2 * tiles - 1) / (2 * tiles);
}

// ---- Table: weights of columns, and the equalizing tables ---------------------------------------

// For each column the weight of the tile to its right (u8: both weights in one word); then for each
// tile and colour bins + 1 values: 0, and what is given to the last level of each bin.
static size_t weights_nbytes(const ppx_job *job) {
    return (size_t)job->first.width * sizeof(uint32_t);
}

static size_t clahe_table_nbytes(const ppx_job *job) {
    const size_t bins = bins_of(job);
    return weights_nbytes(job) + counters_of(job) / bins * (bins + 1) * sizeof(uint16_t);
}

static uint16_t *tile_table(const ppx_job *job, ptrdiff_t tile, int c) {
    const ptrdiff_t colours = ppx_shape_colours(job->first);
    uint16_t *tables = (uint16_t *)((char *)job->table + weights_nbytes(job));
    return tables + (tile * colours + c) * (ptrdiff_t)(bins_of(job) + 1);
}

static uint32_t whole_weight(place p) {
    return (uint32_t)(p.weight * ONE);
}

static void clahe_build(const ppx_job *job) {
    uint32_t *words = job->table;
    float *weights = job->table;
    for (ptrdiff_t x = 0; x < job->first.width; x++) {
        const place p = place_of(x, job->first.width, tiles_across(job));
        if (job->first.type == PPX_U8)
            words[x] = (ONE - whole_weight(p)) | whole_weight(p) << 16;
        else
            weights[x] = p.weight;
    }
}

static void equalizing_table(const ppx_job *job, const uint64_t *counts, uint16_t *table) {
    const uint64_t bins = bins_of(job), most = (uint64_t)ppx_type_most(job->first.type);
    const double clip = job->values[CLIP].d;
    uint64_t n = 0, over = 0, limit = UINT64_MAX;
    for (size_t b = 0; b < bins; b++)
        n += counts[b];
    if (clip > 0)
        limit = (uint64_t)(clip * (double)n / (double)bins);
    limit = limit < 1 ? 1 : limit;
    for (size_t b = 0; b < bins; b++)
        over += counts[b] > limit ? counts[b] - limit : 0;
    uint64_t remainder = over % bins, sum = 0;
    const uint64_t each = over / bins, step = remainder ? bins / remainder : 1;
    table[0] = 0;
    for (size_t b = 0; b < bins; b++) {
        sum += (counts[b] > limit ? limit : counts[b]) + each;
        if (remainder && b % step == 0) {
            sum++;
            remainder--;
        }
        table[b + 1] = (uint16_t)((2 * most * sum + n) / (2 * n));
    }
}

// ---- Step 1: counting ---------------------------------------------------------------------------

static void count_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = counters_of(job);
    if (job->first.type == PPX_U8)
        g->scratch_nbytes = tables_nbytes(job->first);
}

typedef void count_tile(const ppx_job *job, const void *const *rows, ptrdiff_t nrows, ptrdiff_t x0,
                        ptrdiff_t x1, uint64_t *counters, void *scratch);

static void count_tile_u8(const ppx_job *job, const void *const *rows, ptrdiff_t nrows,
                          ptrdiff_t x0, ptrdiff_t x1, uint64_t *counters, void *scratch) {
    const int channels = job->first.channels;
    for (ptrdiff_t k = 0; k < nrows; k++)
        count_bytes((const uint8_t *)rows[k] + x0 * channels, x1 - x0, channels, scratch);
    add_tables(job->first, scratch, counters);
}

static void count_tile_u16(const ppx_job *job, const void *const *rows, ptrdiff_t nrows,
                           ptrdiff_t x0, ptrdiff_t x1, uint64_t *counters, void *scratch) {
    (void)scratch;
    const int channels = job->first.channels, colours = ppx_shape_colours(job->first);
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint16_t *row = rows[k];
        for (ptrdiff_t x = x0; x < x1; x++)
            for (int c = 0; c < colours; c++)
                counters[c * BINS_U16 + row[x * channels + c] / PER_BIN]++;
    }
}

// The rows are cut where tiles end.
static void count_rows(const ppx_job *job, const void *const *rows, ptrdiff_t y0, ptrdiff_t nrows,
                       uint64_t *counters, void *scratch, count_tile *count) {
    const ptrdiff_t across = tiles_across(job), down = tiles_down(job);
    const ptrdiff_t width = job->first.width, height = job->first.height;
    const size_t of_tile = (size_t)ppx_shape_colours(job->first) * bins_of(job);
    for (ptrdiff_t k = 0, n; k < nrows; k += n) {
        const ptrdiff_t row = ((y0 + k + 1) * down - 1) / height, end = (row + 1) * height / down;
        n = end - y0 - k < nrows - k ? end - y0 - k : nrows - k;
        for (ptrdiff_t t = 0; t < across; t++)
            count(job, rows + k, n, t * width / across, (t + 1) * width / across,
                  counters + (size_t)(row * across + t) * of_tile, scratch);
    }
}

static void count_u8(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    count_rows(job, rows, y, nrows, counters, scratch, count_tile_u8);
}

static void count_u16(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                      uint64_t *counters, void *scratch) {
    count_rows(job, rows, y, nrows, counters, scratch, count_tile_u16);
}

static void clahe_finish(const ppx_job *job, const uint64_t *counters) {
    const int colours = ppx_shape_colours(job->first);
    for (ptrdiff_t tile = 0; tile < tiles_across(job) * tiles_down(job); tile++)
        for (int c = 0; c < colours; c++, counters += bins_of(job))
            equalizing_table(job, counters, tile_table(job, tile, c));
}

// ---- Step 2: interpolation between tables -------------------------------------------------------

// Tables of a cell: left above, left below, right above, right below.
static void tables_around(const ppx_job *job, place y, ptrdiff_t cell, int c,
                          const uint16_t *tables[4]) {
    const ptrdiff_t across = tiles_across(job);
    const ptrdiff_t left = cell ? cell - 1 : 0, right = cell < across ? cell : across - 1;
    tables[0] = tile_table(job, y.first * across + left, c);
    tables[1] = tile_table(job, y.second * across + left, c);
    tables[2] = tile_table(job, y.first * across + right, c);
    tables[3] = tile_table(job, y.second * across + right, c);
}

// For each cell of a row of u8 a word for each level: both neighbours, blended vertically.
static void map_geometry(const ppx_job *job, ppx_geometry *g) {
    if (job->first.type == PPX_U8)
        g->scratch_nbytes = (size_t)(tiles_across(job) + 1) * LEVELS_U8 * sizeof(uint32_t) + 64;
}

// Level v of the tables of a tile and the one below it, in FINE parts of a level.
static inline uint32_t blended(const uint16_t *above, const uint16_t *below, size_t v,
                               uint32_t weight) {
    return (above[v + 1] * (ONE - weight) + below[v + 1] * weight + ONE / FINE / 2) / (ONE / FINE);
}

static void blend_cells(const ppx_job *job, place y, int c, uint32_t (*cells)[LEVELS_U8]) {
    const ptrdiff_t across = tiles_across(job);
    const uint32_t weight = whole_weight(y);
    for (ptrdiff_t cell = 0; cell <= across; cell++) {
        const uint16_t *t[4];
        tables_around(job, y, cell, c, t);
        uint32_t *restrict words = cells[cell];
        for (size_t v = 0; v < LEVELS_U8; v++)
            words[v] = blended(t[0], t[1], v, weight) | blended(t[2], t[3], v, weight) << 16;
    }
}

// Pixels of one cell.
static inline void map_cell_u8(const uint8_t *restrict in, uint8_t *restrict out, ptrdiff_t n,
                               int step, const uint32_t *restrict weights,
                               const uint32_t *restrict words) {
    enum { SCALE = ONE * FINE };
    uint32_t pairs[CHUNK];
    for (ptrdiff_t x0 = 0; x0 < n; x0 += CHUNK) {
        const ptrdiff_t many = n - x0 < CHUNK ? n - x0 : CHUNK;
        for (ptrdiff_t x = 0; x < many; x++)
            pairs[x] = words[in[(x0 + x) * step]];
        for (ptrdiff_t x = 0; x < many; x++) {
            const uint32_t weight = weights[x0 + x];
            const uint32_t sum =
                (pairs[x] & 0xffff) * (weight & 0xffff) + (pairs[x] >> 16) * (weight >> 16);
            out[(x0 + x) * step] = (uint8_t)((sum + SCALE / 2) / SCALE);
        }
    }
}

static void clahe_u8(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->first.width, across = tiles_across(job);
    const int step = job->first.channels, colours = ppx_shape_colours(job->first);
    const uint32_t *weights = job->table;
    uint32_t(*cells)[LEVELS_U8] = block->scratch;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const place y = place_of(block->y + k, job->first.height, tiles_down(job));
        for (int c = 0; c < colours; c++) {
            const uint8_t *in = (const uint8_t *)block->in[k] + c;
            uint8_t *out = (uint8_t *)block->out[k] + c;
            blend_cells(job, y, c, cells);
            for (ptrdiff_t cell = 0; cell <= across; cell++) {
                const ptrdiff_t x0 = cell_start(cell, width, across);
                const ptrdiff_t n = cell_start(cell + 1, width, across) - x0;
                if (step == 1)
                    map_cell_u8(in + x0, out + x0, n, 1, weights + x0, cells[cell]);
                else
                    map_cell_u8(in + x0 * step, out + x0 * step, n, step, weights + x0,
                                cells[cell]);
            }
        }
    }
}

// Pixels of one cell. Linear within the bin, in units of 1 / PER_BIN; then down, then across.
static inline void map_cell_u16(const uint16_t *restrict in, uint16_t *restrict out, ptrdiff_t n,
                                int step, const float *restrict weights, float weight_below,
                                const uint16_t *const tables[4]) {
    uint32_t pairs[4][CHUNK], parts[CHUNK];
    for (ptrdiff_t x0 = 0; x0 < n; x0 += CHUNK) {
        const ptrdiff_t many = n - x0 < CHUNK ? n - x0 : CHUNK;
        for (ptrdiff_t x = 0; x < many; x++) {
            const uint32_t v = in[(x0 + x) * step], bin = v / PER_BIN;
            parts[x] = v % PER_BIN + 1;
            for (int t = 0; t < 4; t++)
                pairs[t][x] = tables[t][bin] | (uint32_t)tables[t][bin + 1] << 16;
        }
        for (ptrdiff_t x = 0; x < many; x++) {
            float value[4];
            for (int t = 0; t < 4; t++)
                value[t] = (float)(int32_t)((pairs[t][x] & 0xffff) * (PER_BIN - parts[x]) +
                                            (pairs[t][x] >> 16) * parts[x]);
            const float left = value[0] + (value[1] - value[0]) * weight_below;
            const float right = value[2] + (value[3] - value[2]) * weight_below;
            const float both = left + (right - left) * weights[x0 + x];
            out[(x0 + x) * step] = (uint16_t)(int32_t)(both * (1.0f / PER_BIN) + 0.5f);
        }
    }
}

static void clahe_u16(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->first.width, across = tiles_across(job);
    const int step = job->first.channels, colours = ppx_shape_colours(job->first);
    const float *weights = job->table;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const place y = place_of(block->y + k, job->first.height, tiles_down(job));
        for (ptrdiff_t cell = 0; cell <= across; cell++)
            for (int c = 0; c < colours; c++) {
                const ptrdiff_t x0 = cell_start(cell, width, across);
                const ptrdiff_t n = cell_start(cell + 1, width, across) - x0;
                const uint16_t *in = (const uint16_t *)block->in[k] + x0 * step + c, *tables[4];
                uint16_t *out = (uint16_t *)block->out[k] + x0 * step + c;
                tables_around(job, y, cell, c, tables);
                if (step == 1)
                    map_cell_u16(in, out, n, 1, weights + x0, y.weight, tables);
                else
                    map_cell_u16(in, out, n, step, weights + x0, y.weight, tables);
            }
    }
}

// ---- Descriptor ---------------------------------------------------------------------------------

static const ppx_param clahe_params[] = {
    [TILES] = {"tiles", PPX_INT, 1, MOST_TILES, NULL, "8", "tiles across, and as many down"},
    [CLIP] = {"clip", PPX_REAL, 0, 1e6, NULL, "2",
              "most of a bin, in means of all bins; 0: no limit"},
};

static const ppx_step clahe_steps[] = {
    {
        .pattern = PPX_REDUCE,
        .geometry = count_geometry,
        .reduce = {.add = {[PPX_U8] = count_u8, [PPX_U16] = count_u16}, .finish = clahe_finish},
    },
    {
        .pattern = PPX_MAP,
        .geometry = map_geometry,
        .map = {.rows = {[PPX_U8] = clahe_u8, [PPX_U16] = clahe_u16}},
    },
};

const ppx_kernel PPX_KERNEL(clahe) = {
    .name = "clahe",
    .summary = "equalizes tiles and interpolates between them, with a limit on the contrast",
    .examples = "clahe:tiles=3 clahe:tiles=8,clip=0",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .params = clahe_params,
    .nparams = sizeof clahe_params / sizeof *clahe_params,
    .check = clahe_check,
    .table_nbytes = clahe_table_nbytes,
    .build = clahe_build,
    .steps = clahe_steps,
    .nsteps = 2,
};
