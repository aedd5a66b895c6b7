// guided.c: the guided filter with the image as its own guide (He, Sun, Tang 2010 and 2013): flat
// parts become their mean, and where the variance is well above eps nothing changes.
//
//     a = variance / (variance + eps),   b = (1 - a) mean,    over (2 radius + 1)^2 pixels
//     out = mean of a * in + mean of b,                       over as many again
//
// Each colour channel is filtered by itself; alpha stays. Shapes: any, kept. Units: radius in
// pixels, eps in squares of the type's range (0.01 is 25.5 levels of u8, squared; f32 has range 1).
// Rounding: half up. Border: the parameter, for the image and for a and b. Cost: running sums,
// whatever the radius.
//
// a and b are rounded to fixed point, so that all sums are exact wherever they begin: u8 up to
// radius 90 has a in units of 2^-15, b in 2^-7, and sums in 32 bits; that is within 0.01 of a level
// before the last rounding. u16 and larger radii have units of 2^-30 and 2^-14 and whole numbers
// in double (below 2^53). f32 sums are double and start anew at every strip and at the left of
// every row, as those of box; what is not finite spreads to the end of its row and strip.
#include "../core/kernel.h"

#include <string.h>

enum { RADIUS, EPS, BORDER };
enum { MOST_RADIUS = 500, MOST_RADIUS_U8 = 90 }; // 181^2 * 255^2 < 2^31

typedef struct guided_table {
    double inverse; // of the pixels in a window
    double eps;
} guided_table;

static ptrdiff_t radius_of(const ppx_job *job) {
    return (ptrdiff_t)job->values[RADIUS].i;
}

static bool sums_have_32_bits(const ppx_job *job) {
    return job->in.type == PPX_U8 && radius_of(job) <= MOST_RADIUS_U8;
}

static size_t guided_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(guided_table);
}

static void guided_build(const ppx_job *job) {
    guided_table *table = job->table;
    double side = (double)(2 * radius_of(job) + 1), most = ppx_type_most(job->in.type);
    table->inverse = 1 / (side * side);
    table->eps = job->values[EPS].d * most * most;
}

// ---- Scratch ------------------------------------------------------------------------------------

static ptrdiff_t rounded(ptrdiff_t n) {
    return (n + 15) / 16 * 16;
}

// Samples before pixel 0 of a line of sums of columns, which go radius + 1 beyond both edges.
static ptrdiff_t left_of(const ppx_job *job) {
    return rounded((radius_of(job) + 1) * job->in.channels);
}

static ptrdiff_t line_of(const ppx_job *job) {
    return left_of(job) + rounded((job->in.width + radius_of(job) + 1) * job->in.channels);
}

static ptrdiff_t row_of(const ppx_job *job) {
    return rounded(job->in.width * job->in.channels);
}

// The rows of a and b that are summed, and the one that leaves.
static ptrdiff_t ring_of(const ppx_job *job) {
    return 2 * radius_of(job) + 2;
}

// Sums of columns of the image, of its squares, of a and of b; two rows of sums of windows; the
// ring of a and b, and a row of nothing.
static void guided_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = 2 * radius_of(job);
    g->border = (ppx_border)job->values[BORDER].i;
    g->anchored = job->in.type == PPX_F32;
    size_t sums = (size_t)(4 * line_of(job) + 2 * (row_of(job) + 16));
    size_t rows = (size_t)(2 * (ring_of(job) + 1) * row_of(job));
    g->scratch_nbytes = sums_have_32_bits(job) ? sums * sizeof(int32_t) + rows * sizeof(uint16_t)
                                               : sums * sizeof(double) + rows * sizeof(int32_t);
}

// Where row y of a and b is: rows beyond the image are others of it, or none (-1), but those of a
// wrapped image, which are made like any other. They are never further away than row y.
static ptrdiff_t row_behind(const ppx_job *job, ptrdiff_t y) {
    ptrdiff_t height = job->in.height, period = 2 * (height - 1);
    ppx_border border = job->geometry.border;
    if ((y >= 0 && y < height) || border == PPX_WRAP)
        return y;
    if (border == PPX_CONSTANT)
        return -1;
    if (border == PPX_REPLICATE || height == 1)
        return y < 0 ? 0 : height - 1;
    y = (y % period + period) % period;
    return y < height ? y : period - y;
}

// ---- Row functions ------------------------------------------------------------------------------

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define SUM int32_t
#define SUM_IS_WHOLE
#define REST uint16_t
#define UNITS_A 32768
#define UNITS_B 128
#define REAL float
#define NAME(function) function##_u8
#include "guided.inc.h"

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define SUM double
#define REST int32_t
#define UNITS_A 1073741824
#define UNITS_B 16384
#define REAL double
#define NAME(function) function##_u8_large
#include "guided.inc.h"

#define PIXEL uint16_t
#define MOST UINT16_MAX
#define SUM double
#define REST int32_t
#define UNITS_A 1073741824
#define UNITS_B 16384
#define REAL double
#define NAME(function) function##_u16
#include "guided.inc.h"

#define PIXEL float
#define SUM double
#define REST float
#define REAL double
#define NAME(function) function##_f32
#include "guided.inc.h"

static void guided_8_bits(const ppx_job *job, const ppx_block *block) {
    if (sums_have_32_bits(job))
        guided_u8(job, block);
    else
        guided_u8_large(job, block);
}

static const ppx_param guided_params[] = {
    [RADIUS] = {"radius", PPX_INT, 1, MOST_RADIUS, NULL, NULL, "pixels to each side of the centre"},
    [EPS] = {"eps", PPX_REAL, 1e-9, 1e3, NULL, "0.01",
             "variance that is smoothed by half, in squares of the range"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step guided_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = guided_geometry,
    .map = {.rows = {[PPX_U8] = guided_8_bits, [PPX_U16] = guided_u16, [PPX_F32] = guided_f32}},
}};

const ppx_kernel PPX_KERNEL(guided) = {
    .name = "guided",
    .summary = "smooths flat parts and keeps edges, at a cost that does not depend on the radius",
    .examples = "guided:radius=2 guided:radius=9,eps=0.001 guided:radius=37,eps=0.1",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = guided_params,
    .nparams = sizeof guided_params / sizeof *guided_params,
    .table_nbytes = guided_table_nbytes,
    .build = guided_build,
    .steps = guided_steps,
    .nsteps = 1,
};
