// gaussian.c: Gaussian blur, cut off at ceil(4 sigma), weights with the sum 1.
//
// Separable: columns first, from row pointers, then rows. Shapes: any, kept, each channel by
// itself. Units: sigma in pixels. Border: the parameter. Cost: 2 (radius + 1) products a sample.
//
// u8 up to radius 40 works in 16 bits: the two samples at the same distance are added, multiplied
// by a weight of 16 bits, and the high halves of the products are summed. The weight of a pair is
// w * 2^17 (w is below 1/2), that of the centre w * 2^16, and together they are 2^16 exactly, so
// that sums are in 1/256 of a level; between the passes they are rounded to 1/128, so that a pair
// of them fits 16 bits again. A high half loses less than 1/256 of a level, half of that on
// average, which is given back before the last rounding. With T weights the result is within
// 1/2 + 1/256 + T/256 (lost) + 255 radius / 2^16 (weights rounded; the centre takes what is left)
// of the true sum: below 1. A constant image stays as it is because T < 127.
//
// Everything else is a float sum in a fixed order, from the tails to the centre, which keeps the
// partial sums small (Higham 1993), rounded once.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { SIGMA, BORDER };
enum { MOST_RADIUS = 400, MOST_RADIUS_U8 = 40 };
// Pairs of samples in one pass over a line: more of them save loads and stores of the sum, but the
// pointers to them must stay in registers.
enum { PAIRS = 4 };
enum { TILE = 1024 }; // samples of a row summed at a time, at most

// weight[k] belongs to the offsets k and -k.
typedef struct gauss_table {
    uint16_t half; // what rounds a sum in 16 bits: 1/2, and what the high halves lose on average
    uint16_t fixed[MOST_RADIUS_U8 + 1];
    float weight[MOST_RADIUS + 1];
} gauss_table;

static int radius_of(const ppx_job *job) {
    return (int)ceil(4 * job->values[SIGMA].d);
}

static bool in_16_bits(const ppx_job *job) {
    return job->in.type == PPX_U8 && radius_of(job) <= MOST_RADIUS_U8;
}

static size_t gauss_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(gauss_table);
}

static void gauss_build(const ppx_job *job) {
    gauss_table *table = job->table;
    double sigma = job->values[SIGMA].d, sum = 1;
    int radius = radius_of(job);
    for (int k = 1; k <= radius; k++)
        sum += 2 * exp(-k * k / (2 * sigma * sigma));
    int32_t centre = 1 << 16, ntaps = 0;
    for (int k = radius; k >= 0; k--) {
        double weight = exp(-k * k / (2 * sigma * sigma)) / sum;
        table->weight[k] = (float)weight;
        if (radius > MOST_RADIUS_U8)
            continue;
        int32_t fixed = k ? (int32_t)floor(weight * (1 << 17) + 0.5) : centre;
        fixed = fixed > UINT16_MAX ? UINT16_MAX : fixed;
        table->fixed[k] = (uint16_t)fixed;
        ntaps += fixed != 0;
        centre -= fixed;
    }
    table->half = (uint16_t)(128 + ntaps);
}

// ---- Scratch: lines of sums of the columns, with what lies beyond the edges, and a tile ----

static size_t padded(size_t nbytes) {
    return (nbytes + 63) / 64 * 64;
}

static size_t left_of(const ppx_job *job) {
    return padded((size_t)(radius_of(job) * job->in.channels) * sizeof(float)) / sizeof(float);
}

static size_t line_of(const ppx_job *job) { // in sums
    size_t width = (size_t)(job->in.width + radius_of(job)) * (size_t)job->in.channels;
    size_t line = left_of(job) + padded(width * sizeof(float)) / sizeof(float);
    return line / 16 % 2 ? line : line + 16;
}

// So many columns that what a block reads of them stays in the first-level cache.
static ptrdiff_t tile_of(const ppx_job *job, ptrdiff_t nrows) {
    ptrdiff_t cache = 24 << 10, sample = (ptrdiff_t)ppx_type_nbytes(job->in.type);
    ptrdiff_t tile = cache / sample / (2 * radius_of(job) + nrows) / 64 * 64;
    return tile < 128 ? 128 : tile > TILE ? TILE : tile;
}

static void gauss_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = radius_of(job);
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = in_16_bits(job) ? 16 : 8;
    g->scratch_nbytes = ((size_t)g->block * line_of(job) + TILE) * sizeof(float);
}

// ---- Row functions ----

static inline uint16_t high_half(uint16_t a, uint16_t b) {
    return (uint16_t)((uint32_t)a * b >> 16);
}

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define NAME(function) function##_fixed
#define SUM_IS_FIXED
#include "gaussian.inc.h"

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define MOST UINT8_MAX
#include "gaussian.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "gaussian.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "gaussian.inc.h"

static void gaussian_8_bits(const ppx_job *job, const ppx_block *block) {
    if (in_16_bits(job))
        gaussian_fixed(job, block);
    else
        gaussian_u8(job, block);
}

static const ppx_param gauss_params[] = {
    [SIGMA] = {"sigma", PPX_REAL, 0.3, 100, NULL, NULL, "standard deviation in pixels"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step gauss_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = gauss_geometry,
    .map =
        {.rows = {[PPX_U8] = gaussian_8_bits, [PPX_U16] = gaussian_u16, [PPX_F32] = gaussian_f32}},
}};

const ppx_kernel PPX_KERNEL(gaussian) = {
    .name = "gaussian",
    .summary = "Gaussian blur, cut off at four sigma",
    .examples = "gaussian:sigma=0.5 gaussian:sigma=2 gaussian:sigma=8 gaussian:sigma=20",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = gauss_params,
    .nparams = sizeof gauss_params / sizeof *gauss_params,
    .table_nbytes = gauss_table_nbytes,
    .build = gauss_build,
    .steps = gauss_steps,
    .nsteps = 1,
};
