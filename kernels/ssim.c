// ssim.c: the structural similarity of two images (Wang, Bovik, Sheikh, Simoncelli 2004).
//
//     out = (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sxx + syy + C2))
//
// with means, variances and covariance under an 11 x 11 Gaussian of sigma 1.5 (cut and normalised),
// C1 = (0.01 most)^2 and C2 = (0.03 most)^2, most being the type's largest sample (1 for f32).
// Shapes: both images alike, any; f32 of the same size with their colours comes out, alpha is left
// out. Border: the parameter, of both. Finding: the mean of the map over pixels and colours.
//
// Four blurs do the work of five, because only the sum of the variances occurs: of u, v, u^2 + v^2
// and u v, where u and v are the samples less half of the range. Moving both does not change
// variances, and takes the squares down to a quarter, and with them what cancels in f32: the map is
// right to 1e-4. A tile of columns at a time, rows are blurred across into a ring of 11, and down
// from there. Cost: a read of both images, 128 operations a pixel; the mean reads the map once
// more, in whole numbers (2^-30), so that no order shows.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { WITH, BORDER };
enum { RADIUS = 5, TAPS = 2 * RADIUS + 1 };
enum { TILE = 128 };                         // samples: a ring of them stays in the L1 cache
enum { REACH = RADIUS * PPX_MAX_CHANNELS };  // samples to either side
enum { FRACTION = 30, HALF = FRACTION / 2 }; // of the mean: bits of a value behind the point
enum { CHUNK = 1 << 16 };                    // values that are added up in 32 bits
enum { U, V, SQUARES, PRODUCT, NFIELDS };

#define INLINE inline __attribute__((always_inline))

typedef int32_t whole_8 __attribute__((vector_size(32)));
typedef float float_8 __attribute__((vector_size(32)));
typedef float float_8_anywhere __attribute__((vector_size(32), aligned(4)));

typedef struct ssim_table {
    float weight[RADIUS + 1]; // from the middle
    float half, c1, c2;
    double mean;
} ssim_table;

typedef struct ssim_scratch {
    float across[NFIELDS][TILE + 2 * REACH]; // of a row: what is blurred
    float ring[TAPS][NFIELDS][TILE];         // blurred across; row y in y mod 11
    float map[TILE];
} ssim_scratch;

static size_t ssim_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(ssim_table);
}

static void ssim_build(const ppx_job *job) {
    ssim_table *table = job->table;
    double weight[RADIUS + 1], sum = 0, most = ppx_type_most(job->in.type);
    for (int k = 0; k <= RADIUS; k++) {
        weight[k] = exp(-k * k / (2 * 1.5 * 1.5));
        sum += k ? 2 * weight[k] : weight[k];
    }
    for (int k = 0; k <= RADIUS; k++)
        table->weight[k] = (float)(weight[k] / sum);
    table->half = (float)floor(most / 2 + 0.5);
    if (job->in.type == PPX_F32)
        table->half = 0.5F;
    table->c1 = (float)(0.01 * most * (0.01 * most));
    table->c2 = (float)(0.03 * most * (0.03 * most));
}

// ---- The map ------------------------------------------------------------------------------------

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "ssim.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "ssim.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "ssim.inc.h"

static void ssim_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = RADIUS;
    g->border = (ppx_border)job->values[BORDER].i;
    g->out.type = PPX_F32;
    g->out.channels = ppx_shape_colours(job->in);
    g->keep_alpha = false;
    g->block = PPX_STRIP; // each block begins with ten rows that the last one had, too
    g->scratch_nbytes = sizeof(ssim_scratch);
}

// ---- Its mean -----------------------------------------------------------------------------------

static void mean_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->ncounters = 1;
}

// Adds 8 values of the map as whole numbers: high and low halves apart, so that 32 bits hold the
// sums of a chunk. Values lie in [-1, 1], or are NaN where samples of f32 images are not finite;
// that counts as -1. (A choice by masks: gcc would branch.)
static INLINE void add_8(whole_8 *high, whole_8 *low, const float *at) {
    const float_8 value = *(const float_8_anywhere *)at;
    const whole_8 small = value > -1.0F, large = value >= 1.0F;
    const whole_8 whole = __builtin_convertvector(
        (float_8)((whole_8)value & small & ~large) * (float)(1 << FRACTION), whole_8);
    const whole_8 total = whole + (~small & -(1 << FRACTION)) + (large & (1 << FRACTION));
    *high += total >> HALF; // of negative numbers, too: total = high * 2^HALF + low
    *low += total & ((1 << HALF) - 1);
}

static void mean_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const ptrdiff_t n = job->in.width * job->in.channels;
    for (ptrdiff_t k = 0; k < nrows; k++)
        for (ptrdiff_t from = 0; from < n; from += CHUNK) {
            const ptrdiff_t to = n - from < CHUNK ? n : from + CHUNK;
            const float *row = rows[k];
            whole_8 high = {0}, low = {0};
            ptrdiff_t x = from;
            for (; x + 8 <= to; x += 8)
                add_8(&high, &low, row + x);
            if (x < to) {
                float last[8] = {0};
                memcpy(last, row + x, (size_t)(to - x) * sizeof *last);
                add_8(&high, &low, last);
            }
            for (int lane = 0; lane < 8; lane++)
                counters[0] += (uint64_t)((int64_t)high[lane] * (1 << HALF) + low[lane]);
        }
}

static void mean_finish(const ppx_job *job, const uint64_t *counters) {
    ssim_table *table = job->table;
    double n = (double)job->in.width * (double)job->in.height * job->in.channels;
    table->mean = (double)(int64_t)counters[0] / (1 << FRACTION) / n;
}

static void ssim_report(const ppx_job *job) {
    const ssim_table *table = job->table;
    if (job->sink->number)
        job->sink->number(job->sink->context, job->kernel->name, "ssim", table->mean);
}

static const ppx_param ssim_params[] = {
    [WITH] = {"with", PPX_IMAGE, 0, 0, NULL, NULL, "the image to compare with, of the same shape"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step ssim_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = ssim_geometry,
        .map = {.rows = {[PPX_U8] = ssim_u8, [PPX_U16] = ssim_u16, [PPX_F32] = ssim_f32},
                .with = PPX_WITH_IMAGE},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = mean_geometry,
        .reduce = {.add = {[PPX_F32] = mean_add}, .finish = mean_finish},
    },
};

const ppx_kernel PPX_KERNEL(ssim) = {
    .name = "ssim",
    .summary = "structural similarity to another image, as f32, and its mean",
    .examples = "ssim:with=@awkward",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = ssim_params,
    .nparams = sizeof ssim_params / sizeof *ssim_params,
    .table_nbytes = ssim_table_nbytes,
    .build = ssim_build,
    .steps = ssim_steps,
    .nsteps = 2,
    .report = ssim_report,
};
