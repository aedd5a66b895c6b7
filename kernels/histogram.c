// histogram.c: histogram, equalize, otsu: what follows from how often each grey level occurs.
//
// Shapes: u8 and u16, any channels; each colour channel for itself, alpha is not counted and passes
// through. Images up to 2^26 pixels wide. Border: none.
//   histogram  passes the image on; the counts are a finding
//   equalize   out = round(most * (cdf(v) - cdf_min) / (N - cdf_min)), half up, in whole numbers;
//              cdf(v) counts the samples <= v, cdf_min is cdf at the smallest level that occurs. A
//              constant image (N = cdf_min) stays as it is
//   otsu       v > t gives most, else 0; t maximises the variance between the classes v <= t and
//              v > t (Otsu 1979), ties take the lowest. A constant image has no second class: t is
//              its level and the output 0. (OpenCV's THRESH_OTSU also takes the lowest of equals,
//              and is the same for u8 where an image has two levels or more)
// Cost: one read to count; equalize and otsu read again and write. counting.h has how u8 is
// counted, counting_pairs.h for large gray images.
#include "counting_pairs.h"
#include "look_up.h"

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define MOST UINT8_MAX
#include "histogram.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "histogram.inc.h"

// ---- Counting -----------------------------------------------------------------------------------

enum { WIDEST = 1 << 26 };

static inline size_t level_count(ppx_shape shape) {
    return shape.type == PPX_U8 ? LEVELS_U8 : (size_t)UINT16_MAX + 1;
}

static inline size_t counter_count(ppx_shape shape) {
    return level_count(shape) * (size_t)ppx_shape_colours(shape);
}

// Where a strip has pixels enough.
static bool may_count_pairs(ppx_shape shape) {
    return shape.channels == 1 && shape.width >= PAIRS_LEAST / PPX_STRIP;
}

static void count_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = counter_count(job->in);
    if (job->in.type == PPX_U8)
        g->scratch_nbytes = tables_nbytes(job->in) + (may_count_pairs(job->in) ? PAIRS_NBYTES : 0);
}

static void count_gray_by_pairs(ptrdiff_t width, const void *const *rows, ptrdiff_t nrows,
                                bool flat, uint64_t *counters, uint32_t (*pairs)[LEVELS_U8]) {
    const ptrdiff_t even = width / 2 * 2;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        if (flat)
            count_pairs(rows[k], even, true, pairs[0]);
        else
            count_pairs(rows[k], even, false, pairs[0]);
        if (even < width)
            counters[((const uint8_t *)rows[k])[even]]++;
    }
    add_pairs(pairs, counters);
}

// A strip of an image up to WIDEST wide cannot overflow 32 bits.
static void count_u8(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)y;
    const ptrdiff_t width = job->in.width;
    const bool many = may_count_pairs(job->in) && width * nrows >= PAIRS_LEAST;
    const pairs_kind kind = many ? kind_of_pairs(rows[nrows / 2], width) : PAIRS_WIDE;
    if (kind != PAIRS_WIDE) {
        void *pairs = (char *)scratch + tables_nbytes(job->in);
        count_gray_by_pairs(width, rows, nrows, kind == PAIRS_FLAT, counters, pairs);
        return;
    }
    for (ptrdiff_t k = 0; k < nrows; k++)
        count_bytes(rows[k], width, job->in.channels, scratch);
    add_tables(job->in, scratch, counters);
}

// 65536 levels: equal neighbours are rare, and a table to add up for each strip is not cheap.
static void count_u16(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                      uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const size_t levels = level_count(job->in);
    const int channels = job->in.channels, colours = ppx_shape_colours(job->in);
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint16_t *row = rows[k];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            for (int c = 0; c < colours; c++)
                counters[(size_t)c * levels + row[x * channels + c]]++;
    }
}

static ppx_status check_width(const ppx_job *job, ppx_error *error) {
    if (job->in.width > WIDEST)
        return ppx_fail(error, PPX_E_USAGE, "%s: %td pixels wide; it counts up to %d",
                        job->kernel->name, job->in.width, WIDEST);
    return PPX_OK;
}

// ---- histogram ----------------------------------------------------------------------------------

static size_t histogram_table(const ppx_job *job) {
    return counter_count(job->in) * sizeof(uint64_t);
}

static void histogram_finish(const ppx_job *job, const uint64_t *counters) {
    memcpy(job->table, counters, histogram_table(job));
}

static double histogram_cell(const void *data, size_t row, int column) {
    const ppx_job *job = data;
    const uint64_t *counts = job->table;
    if (column == 0)
        return (double)row;
    return (double)counts[(size_t)(column - 1) * level_count(job->in) + row];
}

static void histogram_report(const ppx_job *job) {
    static const char *const gray[] = {"value", "count"};
    static const char *const rgb[] = {"value", "count_r", "count_g", "count_b"};
    static const bool whole[] = {true, true, true, true};
    const ppx_sink *sink = job->sink;
    const int colours = ppx_shape_colours(job->in);
    if (sink->table)
        sink->table(sink->context, job->kernel->name,
                    &(ppx_table){"histogram", 1 + colours, colours == 1 ? gray : rgb, whole,
                                 level_count(job->in), histogram_cell, job});
}

static const ppx_step histogram_steps[] = {{
    .pattern = PPX_REDUCE,
    .geometry = count_geometry,
    .reduce = {.add = {[PPX_U8] = count_u8, [PPX_U16] = count_u16}, .finish = histogram_finish},
}};

const ppx_kernel PPX_KERNEL(histogram) = {
    .name = "histogram",
    .summary = "counts the grey levels of each colour channel; the image passes unchanged",
    .examples = "histogram",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .check = check_width,
    .table_nbytes = histogram_table,
    .steps = histogram_steps,
    .nsteps = 1,
    .report = histogram_report,
};

// ---- equalize -----------------------------------------------------------------------------------

// Grey levels to grey levels, one table after the other for the colours.
static size_t equalize_table(const ppx_job *job) {
    return counter_count(job->in) * ppx_type_nbytes(job->in.type);
}

static void equalize_finish(const ppx_job *job, const uint64_t *counters) {
    const size_t levels = level_count(job->in);
    for (int c = 0; c < ppx_shape_colours(job->in); c++, counters += levels)
        if (job->in.type == PPX_U8)
            equalizing_u8((uint8_t *)job->table + (size_t)c * levels, counters);
        else
            equalizing_u16((uint16_t *)job->table + (size_t)c * levels, counters);
}

static const ppx_step equalize_steps[] = {
    {
        .pattern = PPX_REDUCE,
        .geometry = count_geometry,
        .reduce = {.add = {[PPX_U8] = count_u8, [PPX_U16] = count_u16}, .finish = equalize_finish},
    },
    {
        .pattern = PPX_MAP,
        .map = {.rows = {[PPX_U8] = equalize_u8, [PPX_U16] = equalize_u16}},
    },
};

const ppx_kernel PPX_KERNEL(equalize) = {
    .name = "equalize",
    .summary = "spreads the grey levels evenly, by the histogram of each colour channel",
    .examples = "equalize",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .check = check_width,
    .table_nbytes = equalize_table,
    .steps = equalize_steps,
    .nsteps = 2,
};

// ---- otsu ---------------------------------------------------------------------------------------

// One threshold for each colour.
static size_t otsu_table(const ppx_job *job) {
    (void)job;
    return PPX_MAX_CHANNELS * sizeof(uint32_t);
}

// The variance between the classes, times N^2, is n0 n1 (mean0 - mean1)^2.
static uint32_t otsu_threshold(const uint64_t *counters, size_t levels) {
    uint64_t n = 0, sum = 0, n0 = 0, sum0 = 0;
    for (size_t v = 0; v < levels; v++) {
        n += counters[v];
        sum += counters[v] * v;
    }
    double best = -1;
    size_t threshold = 0;
    for (size_t t = 0; t < levels; t++) {
        n0 += counters[t];
        sum0 += counters[t] * t;
        if (n0 == 0)
            continue;
        if (n0 == n) { // no second class from here on
            threshold = best < 0 ? t : threshold;
            break;
        }
        double mean0 = (double)sum0 / (double)n0;
        double mean1 = (double)(sum - sum0) / (double)(n - n0);
        double apart = mean1 - mean0;
        double between = (double)n0 * (double)(n - n0) * (apart * apart);
        if (between > best) {
            best = between;
            threshold = t;
        }
    }
    return (uint32_t)threshold;
}

static void otsu_finish(const ppx_job *job, const uint64_t *counters) {
    const size_t levels = level_count(job->in);
    uint32_t *thresholds = job->table;
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        thresholds[c] = otsu_threshold(counters + (size_t)c * levels, levels);
}

static void otsu_report(const ppx_job *job) {
    static const char *const rgb[] = {"threshold_r", "threshold_g", "threshold_b"};
    const ppx_sink *sink = job->sink;
    const uint32_t *thresholds = job->table;
    const int colours = ppx_shape_colours(job->in);
    for (int c = 0; sink->number && c < colours; c++)
        sink->number(sink->context, job->kernel->name, colours == 1 ? "threshold" : rgb[c],
                     thresholds[c]);
}

static const ppx_step otsu_steps[] = {
    {
        .pattern = PPX_REDUCE,
        .geometry = count_geometry,
        .reduce = {.add = {[PPX_U8] = count_u8, [PPX_U16] = count_u16}, .finish = otsu_finish},
    },
    {
        .pattern = PPX_MAP,
        .map = {.rows = {[PPX_U8] = split_u8, [PPX_U16] = split_u16}},
    },
};

const ppx_kernel PPX_KERNEL(otsu) = {
    .name = "otsu",
    .summary = "black and white at the threshold that separates two classes best",
    .examples = "otsu",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .check = check_width,
    .table_nbytes = otsu_table,
    .steps = otsu_steps,
    .nsteps = 2,
    .report = otsu_report,
};
