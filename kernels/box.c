// box.c: the mean of the (2 rx + 1)(2 ry + 1) samples around each one.
//
// Running sums (McDonnell 1981): sums of columns move down by one row added and one subtracted, and
// a running sum along the row moves right the same way; the cost does not depend on the radii.
// Shapes: any, kept, each channel by itself. Units: radii in pixels. Rounding: integers half up.
// Border: the parameter.
//
// Integers are exact wherever a sum starts: u16 column sums where they fit, u32 elsewhere, row sums
// in u32, or in double (whole numbers below 2^53) for u16 images and large areas. f32 sums are
// double and start anew with every strip and at the left of every row, so that the result depends
// on global coordinates alone; what is not finite spreads to the end of its row and strip.
//
// The division by the area A multiplies by m = ceil(2^(32+s) / A), 2^31 <= m < 2^32, and takes the
// bits above 32 + s (Granlund, Montgomery 1994): with e = m A - 2^(32+s) < A and n < 2^31,
// n e < 2^31 A - A <= 2^(32+s), which is the condition for floor(n / A).
#include "../core/kernel.h"

#include <string.h>

enum { RADIUS, RX, RY, BORDER };

typedef struct box_table {
    uint32_t multiplier, shift, half;
    double area, inverse;
} box_table;

static ptrdiff_t rx_of(const ppx_job *job) {
    return (ptrdiff_t)job->values[job->values[RX].given ? RX : RADIUS].i;
}

static ptrdiff_t ry_of(const ppx_job *job) {
    return (ptrdiff_t)job->values[job->values[RY].given ? RY : RADIUS].i;
}

static ppx_status box_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (!v[RADIUS].given && !(v[RX].given && v[RY].given))
        return ppx_fail(error, PPX_E_USAGE, "box needs radius=, or rx= and ry=");
    return PPX_OK;
}

static size_t box_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(box_table);
}

static void box_build(const ppx_job *job) {
    box_table *table = job->table;
    uint64_t area = (uint64_t)((2 * rx_of(job) + 1) * (2 * ry_of(job) + 1));
    table->area = (double)area;
    table->inverse = 1 / table->area;
    table->half = (uint32_t)(area / 2);
    if (area == 1) // copied
        return;
    while (((uint64_t)1 << (table->shift + 1)) < area)
        table->shift++;
    uint64_t power = (uint64_t)1 << (32 + table->shift);
    table->multiplier = (uint32_t)((power + area - 1) / area);
}

// ---- Scratch: the sums of the columns with what lies beyond the edges, and a row of sums ----

static size_t left_of(const ppx_job *job) { // in samples, which may take 8 bytes
    return ((size_t)((rx_of(job) + 1) * job->in.channels) + 7) / 8 * 8;
}

static size_t line_of(const ppx_job *job) {
    size_t width = (size_t)((job->in.width + rx_of(job) + 1) * job->in.channels);
    return left_of(job) + (width + 7) / 8 * 8;
}

static void box_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = ry_of(job) + 1; // the row that leaves
    g->down = ry_of(job);
    g->border = (ppx_border)job->values[BORDER].i;
    g->anchored = job->in.type == PPX_F32;
    g->scratch_nbytes = 2 * line_of(job) * sizeof(double);
}

// ---- Row functions ----

#define PIXEL uint8_t
#define COLUMN uint16_t
#define NAME(function) function##_u8
#include "box.inc.h"

#define PIXEL uint8_t
#define COLUMN uint32_t
#define NAME(function) function##_u8_tall
#include "box.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define NAME(function) function##_u16
#include "box.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define NAME(function) function##_u16_large
#define SUM_IS_DOUBLE
#include "box.inc.h"

#define PIXEL float
#define COLUMN double
#define NAME(function) function##_f32
#define PIXEL_IS_FLOAT
#define SUM_IS_DOUBLE
#include "box.inc.h"

static void box_8_bits(const ppx_job *job, const ppx_block *block) {
    if ((2 * ry_of(job) + 1) * UINT8_MAX <= UINT16_MAX)
        box_u8(job, block);
    else
        box_u8_tall(job, block);
}

static void box_16_bits(const ppx_job *job, const ppx_block *block) {
    const box_table *table = job->table;
    if (table->area * UINT16_MAX + table->half <= INT32_MAX)
        box_u16(job, block);
    else
        box_u16_large(job, block);
}

enum { MOST_RADIUS = 500 };

static const ppx_param box_params[] = {
    [RADIUS] = {"radius", PPX_INT, 0, MOST_RADIUS, NULL, "", "pixels to each side of the centre"},
    [RX] = {"rx", PPX_INT, 0, MOST_RADIUS, NULL, "", "to the left and right, instead of radius"},
    [RY] = {"ry", PPX_INT, 0, MOST_RADIUS, NULL, "", "up and down, instead of radius"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step box_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = box_geometry,
    .map = {.rows = {[PPX_U8] = box_8_bits, [PPX_U16] = box_16_bits, [PPX_F32] = box_f32}},
}};

const ppx_kernel PPX_KERNEL(box) = {
    .name = "box",
    .summary = "mean over a rectangle, at a cost that does not depend on its size",
    .examples = "box:radius=1 box:radius=7 box:rx=2,ry=40 box:radius=70",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = box_params,
    .nparams = sizeof box_params / sizeof *box_params,
    .check = box_check,
    .table_nbytes = box_table_nbytes,
    .build = box_build,
    .steps = box_steps,
    .nsteps = 1,
};
