// glcm.c: the grey-level co-occurrence matrix and what is read from it; the image passes unchanged.
//
//     P(i, j) = pairs of pixels (x, y), (x + dx, y + dy) of levels i and j, both within the image
//     at 0, 45, 90, 135 degrees (dx, dy) = (d, 0), (r, r), (0, d), (-r, r),  r = round(d / sqrt 2)
//
// Haralick, Shanmugam, Dinstein (1973); offsets, y downwards, as scikit-image's graycomatrix. Level
// = floor(v levels / (most + 1)). symmetric=yes counts each pair in both directions. Findings, one
// row an angle, of p = P / sum P as in graycoprops: contrast sum p (i - j)^2; dissimilarity sum p
// |i - j|; homogeneity sum p / (1 + (i - j)^2); asm sum p^2 and energy, its root; correlation (1
// where a level is constant); entropy - sum p ln p. Without pairs p is 0. Shapes: one channel of u8
// or u16. Border: none. Pairs are counted at their upper pixel, whole numbers until the report.
// Cost: one read; per pixel and angle one increment in matrices of 8 levels^2 bytes, in places that
// were found in vectors.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { LEVELS, DISTANCE, SYMMETRIC };
enum { NANGLES = 4, CHUNK = 512 };

typedef struct offset {
    ptrdiff_t dx, dy;
} offset;

static offset offset_of(const ppx_job *job, int angle) {
    const ptrdiff_t d = (ptrdiff_t)job->values[DISTANCE].i;
    const ptrdiff_t r = (ptrdiff_t)((double)d * 0.70710678118654752 + 0.5);
    const offset offsets[NANGLES] = {{d, 0}, {r, r}, {0, d}, {-r, r}};
    return offsets[angle];
}

static size_t matrix_size(const ppx_job *job) {
    return (size_t)(job->values[LEVELS].i * job->values[LEVELS].i);
}

// ---- Counting -----------------------------------------------------------------------------------

// Scratch: the levels of `distance + 1` rows.
static uint8_t *levels_row(const ppx_job *job, void *scratch, ptrdiff_t row) {
    return (uint8_t *)scratch + (row % (job->values[DISTANCE].i + 1)) * job->in.width;
}

// With few levels neighbours meet in the same place often, and one would wait for the other's
// store: every second pixel has matrices of its own, behind the rows. With many levels these would
// only displace others from the cache.
static bool has_twins(const ppx_job *job) {
    return job->values[LEVELS].i <= 16;
}

static size_t rows_nbytes(const ppx_job *job) {
    return ((size_t)(job->values[DISTANCE].i + 1) * (size_t)job->in.width + 7) / 8 * 8;
}

static uint64_t *twins_of(const ppx_job *job, void *scratch) {
    return (uint64_t *)((char *)scratch + rows_nbytes(job));
}

static void glcm_geometry(const ppx_job *job, ppx_geometry *g) {
    g->down = (ptrdiff_t)job->values[DISTANCE].i;
    g->ncounters = NANGLES * matrix_size(job);
    g->scratch_nbytes = rows_nbytes(job) + (has_twins(job) ? g->ncounters * sizeof(uint64_t) : 0);
}

static void levels_u8(const void *row, ptrdiff_t width, uint32_t levels, uint8_t *restrict out) {
    const uint8_t *restrict in = row;
    const uint16_t factor = (uint16_t)levels;
    for (ptrdiff_t x = 0; x < width; x++)
        out[x] = (uint8_t)((uint16_t)(in[x] * factor) >> 8);
}

static void levels_u16(const void *row, ptrdiff_t width, uint32_t levels, uint8_t *restrict out) {
    const uint16_t *restrict in = row;
    for (ptrdiff_t x = 0; x < width; x++)
        out[x] = (uint8_t)(in[x] * levels >> 16);
}

// Where in a matrix the pairs of n pixels are counted.
static inline void find_places(const uint8_t *restrict from, const uint8_t *restrict to,
                               ptrdiff_t n, uint16_t levels, uint16_t *restrict places) {
    for (ptrdiff_t x = 0; x < n; x++)
        places[x] = (uint16_t)(from[x] * levels + to[x]);
}

// n pixels at one angle; to[x] is the second pixel of a pair.
static void count_angle(const uint8_t *from, const uint8_t *to, ptrdiff_t n, uint16_t levels,
                        uint64_t *matrix) {
    for (ptrdiff_t x = 0; x < n; x++)
        matrix[from[x] * levels + to[x]]++;
}

// n pixels at all angles, every second one into the twins.
static void count_angles(const uint8_t *from, const uint8_t *const to[NANGLES], ptrdiff_t n,
                         uint16_t levels, uint64_t *counters, uint64_t *twins) {
    uint16_t places[NANGLES][CHUNK];
    const size_t size = (size_t)levels * levels;
    for (ptrdiff_t x0 = 0; x0 < n; x0 += CHUNK) {
        const ptrdiff_t many = n - x0 < CHUNK ? n - x0 : CHUNK;
        for (int k = 0; k < NANGLES; k++)
            find_places(from + x0, to[k] + x0, many, levels, places[k]);
        ptrdiff_t x = 0;
        for (; x + 2 <= many; x += 2)
            for (size_t k = 0; k < NANGLES; k++) {
                counters[k * size + places[k][x]]++;
                twins[k * size + places[k][x + 1]]++;
            }
        for (size_t k = 0; k < NANGLES && x < many; k++)
            counters[k * size + places[k][x]]++;
    }
}

// Row y of the image; of the rows that follow, `below` are there. Columns where every angle has its
// second pixel are counted together.
static void count_row(const ppx_job *job, ptrdiff_t y, ptrdiff_t below, void *scratch,
                      uint64_t *counters) {
    const uint16_t levels = (uint16_t)job->values[LEVELS].i;
    const uint8_t *from = levels_row(job, scratch, y), *to[NANGLES], *both[NANGLES];
    ptrdiff_t first[NANGLES], last[NANGLES], x0 = 0, x1 = job->in.width;
    for (int k = 0; k < NANGLES; k++) {
        const offset o = offset_of(job, k);
        to[k] = levels_row(job, scratch, y + o.dy);
        first[k] = o.dx < 0 ? -o.dx : 0;
        last[k] = o.dy > below ? 0 : job->in.width - (o.dx > 0 ? o.dx : 0);
        x0 = first[k] > x0 ? first[k] : x0;
        x1 = last[k] < x1 ? last[k] : x1;
    }
    x1 = x1 > x0 ? x1 : x0;
    for (int k = 0; k < NANGLES && x1 > x0; k++)
        both[k] = to[k] + x0 + offset_of(job, k).dx;
    if (x1 > x0)
        count_angles(from + x0, both, x1 - x0, levels, counters,
                     has_twins(job) ? twins_of(job, scratch) : counters);
    for (int k = 0; k < NANGLES; k++, counters += (size_t)levels * levels) {
        const ptrdiff_t dx = offset_of(job, k).dx, end = x0 < last[k] ? x0 : last[k];
        const ptrdiff_t begin = x1 > first[k] ? x1 : first[k];
        if (end > first[k])
            count_angle(from + first[k], to[k] + first[k] + dx, end - first[k], levels, counters);
        if (last[k] > begin)
            count_angle(from + begin, to[k] + begin + dx, last[k] - begin, levels, counters);
    }
}

static void count(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                  uint64_t *counters, void *scratch) {
    const ptrdiff_t distance = (ptrdiff_t)job->values[DISTANCE].i, height = job->in.height;
    const uint32_t levels = (uint32_t)job->values[LEVELS].i;
    ptrdiff_t next = y; // the first row whose levels are not known
    for (ptrdiff_t k = y; k < y + nrows; k++) {
        for (; next <= k + distance && next < height; next++)
            (job->in.type == PPX_U8 ? levels_u8 : levels_u16)(rows[next - y], job->in.width, levels,
                                                              levels_row(job, scratch, next));
        count_row(job, k, height - 1 - k, scratch, counters);
    }
    uint64_t *twins = twins_of(job, scratch);
    for (size_t k = 0; has_twins(job) && k < NANGLES * matrix_size(job); k++) {
        counters[k] += twins[k];
        twins[k] = 0;
    }
}

// ---- Findings -----------------------------------------------------------------------------------

enum {
    ANGLE,
    PAIRS,
    CONTRAST,
    DISSIMILARITY,
    HOMOGENEITY,
    ASM,
    ENERGY,
    CORRELATION,
    ENTROPY,
    NCOLUMNS
};

static size_t glcm_table_nbytes(const ppx_job *job) {
    return NANGLES * matrix_size(job) * sizeof(uint64_t);
}

static void glcm_finish(const ppx_job *job, const uint64_t *counters) {
    memcpy(job->table, counters, glcm_table_nbytes(job));
}

// Pairs of levels i and j at one angle.
static double pairs_at(const ppx_job *job, const uint64_t *matrix, size_t i, size_t j) {
    const size_t levels = (size_t)job->values[LEVELS].i;
    const uint64_t there = matrix[i * levels + j], back = matrix[j * levels + i];
    return (double)(job->values[SYMMETRIC].i ? there + back : there);
}

// Correlation is (E (i - mean i)(j - mean j)) / (deviation of i, deviation of j).
static double correlation_of(const ppx_job *job, const uint64_t *matrix, double n) {
    const size_t levels = (size_t)job->values[LEVELS].i;
    double mean_i = 0, mean_j = 0, ii = 0, jj = 0, ij = 0;
    for (size_t i = 0; i < levels; i++)
        for (size_t j = 0; j < levels; j++) {
            const double c = pairs_at(job, matrix, i, j);
            mean_i += c * (double)i; // whole numbers below 2^53
            mean_j += c * (double)j;
        }
    mean_i /= n;
    mean_j /= n;
    for (size_t i = 0; i < levels; i++)
        for (size_t j = 0; j < levels; j++) {
            const double c = pairs_at(job, matrix, i, j);
            const double di = (double)i - mean_i, dj = (double)j - mean_j;
            ii += c * (di * di);
            jj += c * (dj * dj);
            ij += c * (di * dj);
        }
    const double deviation_i = sqrt(ii / n), deviation_j = sqrt(jj / n);
    if (deviation_i < 1e-15 || deviation_j < 1e-15)
        return 1;
    return ij / n / (deviation_i * deviation_j);
}

static void find(const ppx_job *job, int angle, double found[NCOLUMNS]) {
    const size_t levels = (size_t)job->values[LEVELS].i;
    const uint64_t *matrix = (const uint64_t *)job->table + (size_t)angle * matrix_size(job);
    for (int column = 0; column < NCOLUMNS; column++)
        found[column] = 0;
    found[ANGLE] = 45 * angle;
    for (size_t i = 0; i < levels; i++)
        for (size_t j = 0; j < levels; j++)
            found[PAIRS] += pairs_at(job, matrix, i, j);
    const double n = found[PAIRS] > 0 ? found[PAIRS] : 1;
    for (size_t i = 0; i < levels; i++)
        for (size_t j = 0; j < levels; j++) {
            const double p = pairs_at(job, matrix, i, j) / n;
            const double apart = i > j ? (double)(i - j) : (double)(j - i);
            found[CONTRAST] += p * (apart * apart);
            found[DISSIMILARITY] += p * apart;
            found[HOMOGENEITY] += p / (1 + apart * apart);
            found[ASM] += p * p;
            found[ENTROPY] -= p > 0 ? p * log(p) : 0;
        }
    found[ENERGY] = sqrt(found[ASM]);
    found[CORRELATION] = correlation_of(job, matrix, n);
}

static double glcm_cell(const void *data, size_t row, int column) {
    return ((const double *)data)[row * NCOLUMNS + (size_t)column];
}

static void glcm_report(const ppx_job *job) {
    static const char *const columns[NCOLUMNS] = {"angle",         "pairs",       "contrast",
                                                  "dissimilarity", "homogeneity", "asm",
                                                  "energy",        "correlation", "entropy"};
    static const bool whole[NCOLUMNS] = {[ANGLE] = true, [PAIRS] = true};
    const ppx_sink *sink = job->sink;
    double found[NANGLES][NCOLUMNS];
    if (!sink->table)
        return;
    for (int angle = 0; angle < NANGLES; angle++)
        find(job, angle, found[angle]);
    sink->table(sink->context, job->kernel->name,
                &(ppx_table){"texture", NCOLUMNS, columns, whole, NANGLES, glcm_cell, found});
}

// ---- The kernel ---------------------------------------------------------------------------------

static const ppx_param glcm_params[] = {
    [LEVELS] = {"levels", PPX_INT, 2, 256, NULL, "32", "grey levels that are told apart"},
    [DISTANCE] = {"distance", PPX_INT, 1, PPX_MOST_DOWN, NULL, "1",
                  "of the two pixels of a pair, in pixels"},
    [SYMMETRIC] = {"symmetric", PPX_CHOICE, 0, 0, "no|yes", "yes",
                   "count each pair in both directions"},
};

static const ppx_step glcm_steps[] = {{
    .pattern = PPX_REDUCE,
    .geometry = glcm_geometry,
    .reduce = {.add = {[PPX_U8] = count, [PPX_U16] = count}, .finish = glcm_finish},
}};

const ppx_kernel PPX_KERNEL(glcm) = {
    .name = "glcm",
    .summary = "texture from the grey-level co-occurrence matrix; the image passes unchanged",
    .examples = "glcm glcm:levels=8,distance=3,symmetric=no glcm:levels=256,distance=64",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = glcm_params,
    .nparams = sizeof glcm_params / sizeof *glcm_params,
    .table_nbytes = glcm_table_nbytes,
    .steps = glcm_steps,
    .nsteps = 1,
    .report = glcm_report,
};
