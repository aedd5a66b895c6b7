// unsharp.c: sharpening by what a Gaussian blur takes away (unsharp masking).
//
//     out = in + amount (in - blurred), where |in - blurred| >= threshold, and in elsewhere
//
// Shapes: any, kept, each channel by itself. Units: sigma in pixels, threshold in grey levels.
// Integers are rounded half up and cut to their range; f32 stays as it is. Border: the parameter.
// Cost: that of gaussian (blur.c tells how), and the image is read once. u8 is blurred
// in 16 bits and not rounded to whole levels before it is subtracted.
#include "../core/kernel.h"

#include "blur.h"

#include <string.h>

#define INLINE inline __attribute__((always_inline))

enum { SIGMA, AMOUNT, THRESHOLD, BORDER };

static ppx_blur_plan plan_of(const ppx_job *job) {
    bool fixed = job->in.type == PPX_U8;
    return ppx_blur_plan_of(job->values[SIGMA].d, fixed ? 3.5 : 4, fixed, false);
}

static size_t unsharp_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(ppx_blur_table);
}

static void unsharp_build(const ppx_job *job) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur_build(job->table, &plan, job->values[SIGMA].d);
}

static void unsharp_geometry(const ppx_job *job, ppx_geometry *g) {
    ppx_blur_plan plan = plan_of(job);
    g->up = g->down = plan.reach;
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = PPX_BLUR_BLOCK;
    g->scratch_nbytes = ppx_blur_scratch_nbytes(job, &plan);
}

// ---- Row functions ----

// amount as multiplier / 2^shift, so that products of differences in 1/256 of a level fit 32 bits.
typedef struct sharpness {
    float amount, threshold;
    int32_t multiplier, shift, threshold_fixed, lost;
} sharpness;

static sharpness sharpness_of(const ppx_job *job, const ppx_blur *b) {
    double amount = job->values[AMOUNT].d, threshold = job->values[THRESHOLD].d;
    sharpness s = {.amount = (float)amount, .threshold = (float)threshold, .shift = 13};
    while (amount * (1 << s.shift) > 24000)
        s.shift--;
    s.multiplier = (int32_t)(amount * (1 << s.shift) + 0.5);
    s.threshold_fixed = (int32_t)(threshold * 256);
    s.lost = ppx_blur_lost(b);
    return s;
}

// Masks instead of branches: noise would have every second one mispredicted.
static INLINE uint8_t sharpen_u8(uint8_t in, uint16_t sum, const sharpness *s) {
    int32_t level = in << 8, difference = level - (sum + s->lost);
    int32_t size = difference < 0 ? -difference : difference;
    difference = size < s->threshold_fixed ? 0 : difference;
    int32_t value = (level << s->shift) + difference * s->multiplier + (128 << s->shift);
    value >>= 8 + s->shift;
    value = value < 0 ? 0 : value;
    return (uint8_t)(value < UINT8_MAX ? value : UINT8_MAX);
}

static INLINE float sharpen_f32(float in, float blurred, const sharpness *s) {
    float difference = in - blurred, size = difference < 0 ? -difference : difference;
    return in + (size < s->threshold ? 0 : s->amount) * difference;
}

static INLINE uint16_t sharpen_u16(uint16_t in, float blurred, const sharpness *s) {
    float value = sharpen_f32(in, blurred, s) + 0.5f;
    value = value > 0 ? value : 0;
    return (uint16_t)(int32_t)(value < UINT16_MAX ? value : UINT16_MAX);
}

#define PIXEL uint8_t
#define WORD uint16_t
#define NAME(name) name##_u8
#define SUM uint16_t
#include "unsharp.inc.h"

#define PIXEL uint16_t
#define WORD uint32_t
#define NAME(name) name##_u16
#define SUM float
#include "unsharp.inc.h"

#define PIXEL float
#define NAME(name) name##_f32
#define SUM float
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
