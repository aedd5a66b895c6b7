// unsharp.c: sharpening by what a Gaussian blur takes away (unsharp masking).
//
//     out = in + amount (in - blurred), where |in - blurred| >= threshold, and in elsewhere
//
// Shapes: any, kept, each channel by itself. Units: sigma in pixels, threshold in grey levels.
// Integers are rounded half up and cut to their range; f32 stays as it is. Border: the parameter.
// Cost: that of gaussian (blur.c tells how), and the image is read once. u8 is blurred in 16 bits
// and rounded to 1/128 of a level, no more, before it is subtracted.
#include "../core/kernel.h"

#include "blur.h"
#include "lanes.h"

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
    g->block = ppx_blur_block(job, &plan);
    g->scratch_nbytes = ppx_blur_scratch_nbytes(job, &plan);
}

// ---- Row functions ----

// For u8: amount is multiplier / 2^14 times 2^doublings, the threshold in 1/128 of a level.
typedef struct sharpness {
    float amount, threshold;
    uint16_t multiplier, threshold_fixed, lost;
    int doublings;
} sharpness;

static sharpness sharpness_of(const ppx_job *job, const ppx_blur *b) {
    double amount = job->values[AMOUNT].d, threshold = job->values[THRESHOLD].d;
    sharpness s = {.amount = (float)amount, .threshold = (float)threshold};
    for (amount *= 1 << 14; amount + 0.5 > INT16_MAX; amount /= 2)
        s.doublings++;
    s.multiplier = (uint16_t)(amount + 0.5);
    s.threshold_fixed = (uint16_t)(threshold < 255 ? threshold * 128 : INT16_MAX);
    s.lost = (uint16_t)ppx_blur_lost(b);
    return s;
}

// in in 1/128 of a level, sum in 1/256. What is cut off here leads to what is cut off in the end:
// a difference of 256 levels, times half of the amount or more.
static INLINE lanes sharpen_lanes(lanes in, lanes sum, const sharpness *s) {
    lanes difference = in - ((sum + (uint16_t)(s->lost + 1)) >> 1);
    lanes small = lanes_absolute(difference) - s->threshold_fixed; // negative if it is
    difference &= (small >> 15) - 1;
    for (int k = 0; k < s->doublings; k++)
        difference = lanes_add_signed(difference, difference);
    lanes half = lanes_mul_signed(difference, lanes_all(s->multiplier));
    lanes out = lanes_add_signed(lanes_add_signed(in, half), half);
    out = lanes_add_signed(out, lanes_all(64)); // below 256 levels
    return (out & ((out >> 15) - 1)) >> 7;      // 0 if negative
}

static INLINE void sharpen_words(const uint8_t *in, const uint16_t *even, const uint16_t *odd,
                                 uint8_t *out, const sharpness *s) {
    lanes words;
    memcpy(&words, in, sizeof words);
    lanes low = (words << 8) >> 1, high = (words >> 8) << 7;
    low = sharpen_lanes(low, lanes_load(PPX_BLUR_FIRST ? odd : even), s);
    high = sharpen_lanes(high, lanes_load(PPX_BLUR_FIRST ? even : odd), s);
    words = high << 8 | low;
    memcpy(out, &words, sizeof words);
}

static void unsharp_u8(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    const sharpness s = sharpness_of(job, &b);
    const uint16_t *even = b.sum, *odd = even + b.plane;
    const ptrdiff_t whole = b.n / LANES_NBYTES * LANES_NBYTES, rest = b.n - whole;
    uint8_t last[LANES_NBYTES] = {0};
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint8_t *in = block->in[k];
        uint8_t *out = block->out[k];
        ppx_blur_row(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < whole; x += LANES_NBYTES)
            sharpen_words(in + x, even + x / 2, odd + x / 2, out + x, &s);
        memcpy(last, in + whole, (size_t)rest);
        sharpen_words(last, even + whole / 2, odd + whole / 2, last, &s);
        memcpy(out + whole, last, (size_t)rest);
    }
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

#define PIXEL uint16_t
#define WORD uint32_t
#define NAME(name) name##_u16
#include "unsharp.inc.h"

#define PIXEL float
#define NAME(name) name##_f32
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
