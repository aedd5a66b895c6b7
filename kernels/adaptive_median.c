// adaptive_median.c: the median of a window that grows until it says something (Gonzalez, Woods,
// Digital Image Processing, 3rd ed. 2008, 5.3.3), against dense salt and pepper.
//
// A window of radius 1, 2, ..., max; with its least, middle and greatest sample:
//   least < middle < greatest    the window will do: a centre with least < centre < greatest stays
//   as
//                                it is, another becomes the middle one
//   otherwise                    the next radius; after the last one, the middle one of that
// Shapes: any, kept; each channel for itself, alpha passes through. Border: as chosen. f32: a zero
// comes out as +0; nothing is promised where there are NaNs.
// Cost: the 3x3 window of whole rows as vectors; windows that grow, one by one, k * k samples each.
#include "../core/kernel.h"

enum { MAX, BORDER };
enum { MAX_RADIUS = 12, MAX_WINDOW = (2 * MAX_RADIUS + 1) * (2 * MAX_RADIUS + 1) };

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define FINISH(v) (v)
#include "adaptive_median.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define FINISH(v) (v)
#include "adaptive_median.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define FINISH(v) ((v) + 0.0f)
#include "adaptive_median.inc.h"

static void geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = (ptrdiff_t)job->values[MAX].i;
    g->border = (ppx_border)job->values[BORDER].i;
    g->scratch_nbytes = (size_t)(job->in.width * job->in.channels);
}

static const ppx_param params[] = {
    {"max", PPX_INT, 1, MAX_RADIUS, NULL, "3", "pixels to each side of the largest window"},
    PPX_PARAM_BORDER,
};

static const ppx_step steps[] = {{
    .pattern = PPX_MAP,
    .geometry = geometry,
    .map = {.rows = {[PPX_U8] = rows_u8, [PPX_U16] = rows_u16, [PPX_F32] = rows_f32}},
}};

const ppx_kernel PPX_KERNEL(adaptive_median) = {
    .name = "adaptive-median",
    .summary = "the median of a window that grows where there is too much salt and pepper",
    .examples = "adaptive-median:max=1 adaptive-median:max=3",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = params,
    .nparams = sizeof params / sizeof *params,
    .steps = steps,
    .nsteps = 1,
};
