// unsharp.c: sharpening by what a Gaussian blur takes away (unsharp masking).
//
//     out = in + amount (in - blurred), where |in - blurred| >= threshold, and in elsewhere
//
// Shapes: any, kept, each channel by itself. Units: sigma in pixels, threshold in grey levels.
// Integers are rounded half up and cut to their range; f32 stays as it is. Border: the parameter.
// Cost: that of gaussian (gaussian_plan.inc.h tells how), and the image is read once. u8 is blurred
// in 16 bits and not rounded to whole levels before it is subtracted.
#include "../core/kernel.h"

#include "gaussian_blur.inc.h"

enum { SIGMA, AMOUNT, THRESHOLD, BORDER };

static blur_plan plan_of(const ppx_job *job) {
    bool fixed = job->in.type == PPX_U8;
    return blur_plan_of(job->values[SIGMA].d, fixed ? 3.5 : 4, fixed, false);
}

static size_t unsharp_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(blur_table);
}

static void unsharp_build(const ppx_job *job) {
    blur_plan plan = plan_of(job);
    blur_build(job->table, &plan, job->values[SIGMA].d);
}

static void unsharp_geometry(const ppx_job *job, ppx_geometry *g) {
    blur_plan plan = plan_of(job);
    g->up = g->down = plan.reach;
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = BLOCK;
    g->scratch_nbytes = blur_scratch_nbytes(job, &plan);
}

// ---- Row functions ----

// Masks instead of branches: noise would have every second one mispredicted.
static INLINE float sharpen(float in, float blurred, float amount, float threshold) {
    float difference = in - blurred, size = difference < 0 ? -difference : difference;
    return in + (size >= threshold ? amount : 0) * difference;
}

static INLINE int32_t cut(float value, float most) {
    value += 0.5f;
    value = value > 0 ? value : 0;
    return (int32_t)(value < most ? value : most);
}

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define NAME(name) name##_u8
#define SUM uint16_t
#define SUMS(name) name##_fixed
#define FIXED
#include "unsharp.inc.h"

#define PIXEL uint16_t
#define MOST UINT16_MAX
#define NAME(name) name##_u16
#define SUM float
#define SUMS(name) name##_float
#include "unsharp.inc.h"

#define PIXEL float
#define NAME(name) name##_f32
#define SUM float
#define SUMS(name) name##_float
#include "unsharp.inc.h"

static const ppx_param unsharp_params[] = {
    [SIGMA] = {"sigma", PPX_REAL, 0.3, 100, NULL, NULL, "standard deviation of the blur in pixels"},
    [AMOUNT] = {"amount", PPX_REAL, 0, 100, NULL, "1", "how much of the difference is added"},
    [THRESHOLD] = {"threshold", PPX_REAL, 0, 65535, NULL, "0",
                   "smaller differences, in grey levels, change nothing"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step unsharp_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = unsharp_geometry,
    .map = {.rows = {[PPX_U8] = unsharp_u8, [PPX_U16] = unsharp_u16, [PPX_F32] = unsharp_f32}},
}};

const ppx_kernel PPX_KERNEL(unsharp) = {
    .name = "unsharp",
    .summary = "sharpening by what a Gaussian blur takes away",
    .examples = "unsharp:sigma=2 unsharp:sigma=1,amount=2.5,threshold=10 unsharp:sigma=9",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = unsharp_params,
    .nparams = sizeof unsharp_params / sizeof *unsharp_params,
    .table_nbytes = unsharp_table_nbytes,
    .build = unsharp_build,
    .steps = unsharp_steps,
    .nsteps = 1,
};
