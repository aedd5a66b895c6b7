// dog.c: what a band of scales holds: dog, the difference of two Gaussian blurs, and log, the
// Laplacian of the Gaussian.
//
//     dog   scale (G(sigma1) - G(sigma2)) * in       (Marr and Hildreth 1980)
//     log   scale (d^2/dx^2 + d^2/dy^2) G(sigma) * in
//
// Shapes: any, kept, each channel by itself. Units: sigma in pixels; the results are in grey levels
// (log: per pixel squared), times scale; scale = sigma^2 makes log's comparable between scales
// (Lindeberg 1998), sigma2 = 1.6 sigma1 makes dog much like -log. Integers: mid-grey (half the
// range) is 0, rounded half up, cut to the range; f32: as it is. Border: the parameter.
//
// How it is blurred is told in blur.c; all sums are floats, so that u8 loses nothing
// before the last rounding. The weights of log are G''(x) G(y) + G(x) G''(y) at whole pixels, cut
// off at five sigma; G'' is shifted at its centre and scaled until its sum is 0 and that of x^2
// G''(x) is 2, so that a plane gives 0 and a parabola its second derivative at any sigma.
// Cost: dog that of two blurs, log below sigma 4 too, and above hardly more than one.
#include "../core/kernel.h"

#include "blur.h"

#define INLINE inline __attribute__((always_inline))

// ---- dog ----

enum { SIGMA1, SIGMA2, DOG_SCALE, DOG_BORDER };

static ppx_blur_plan plan_of(const ppx_job *job, int sigma) {
    return ppx_blur_plan_of(job->values[sigma].d, 4, false, false);
}

static size_t dog_table_nbytes(const ppx_job *job) {
    (void)job;
    return 2 * sizeof(ppx_blur_table);
}

static void dog_build(const ppx_job *job) {
    for (int k = SIGMA1; k <= SIGMA2; k++) {
        ppx_blur_plan plan = plan_of(job, k);
        ppx_blur_build((ppx_blur_table *)job->table + k, &plan, job->values[k].d);
    }
}

static void dog_geometry(const ppx_job *job, ppx_geometry *g) {
    ppx_blur_plan first = plan_of(job, SIGMA1), second = plan_of(job, SIGMA2);
    g->up = g->down = first.reach > second.reach ? first.reach : second.reach;
    g->border = (ppx_border)job->values[DOG_BORDER].i;
    g->block = PPX_BLUR_BLOCK;
    g->scratch_nbytes =
        ppx_blur_scratch_nbytes(job, &first) + ppx_blur_scratch_nbytes(job, &second);
}

// ---- log ----

enum { SIGMA, LOG_SCALE, LOG_BORDER };

static ppx_blur_plan log_plan_of(const ppx_job *job) {
    return ppx_blur_plan_of(job->values[SIGMA].d, 5, false, true);
}

static size_t log_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(ppx_blur_table);
}

static void log_build(const ppx_job *job) {
    ppx_blur_plan plan = log_plan_of(job);
    ppx_blur_build(job->table, &plan, job->values[SIGMA].d);
}

static void log_geometry(const ppx_job *job, ppx_geometry *g) {
    ppx_blur_plan plan = log_plan_of(job);
    g->up = g->down = plan.reach;
    g->border = (ppx_border)job->values[LOG_BORDER].i;
    g->block = PPX_BLUR_BLOCK;
    g->scratch_nbytes = ppx_blur_scratch_nbytes(job, &plan);
}

// ---- Row functions ----

#define PIXEL uint8_t
#define PLANES 1
#define MOST UINT8_MAX
#define NAME(name) name##_u8
#include "dog.inc.h"

#define PIXEL uint16_t
#define PLANES 2
#define MOST UINT16_MAX
#define NAME(name) name##_u16
#include "dog.inc.h"

#define PIXEL float
#define PLANES 1
#define NAME(name) name##_f32
#include "dog.inc.h"

#define PARAM_SCALE                                                                                \
    { "scale", PPX_REAL, -1e9, 1e9, NULL, "1", "what the result is multiplied by" }

static const ppx_param dog_params[] = {
    [SIGMA1] = {"sigma1", PPX_REAL, 0.3, 100, NULL, NULL, "of the first blur, in pixels"},
    [SIGMA2] = {"sigma2", PPX_REAL, 0.3, 100, NULL, NULL, "of the blur that is subtracted"},
    [DOG_SCALE] = PARAM_SCALE,
    [DOG_BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step dog_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = dog_geometry,
    .map = {.rows = {[PPX_U8] = dog_u8, [PPX_U16] = dog_u16, [PPX_F32] = dog_f32}},
}};

const ppx_kernel PPX_KERNEL(dog) = {
    .name = "dog",
    .summary = "difference of two Gaussian blurs",
    .examples = "dog:sigma1=1,sigma2=1.6,scale=4 dog:sigma1=3,sigma2=9",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = dog_params,
    .nparams = sizeof dog_params / sizeof *dog_params,
    .table_nbytes = dog_table_nbytes,
    .build = dog_build,
    .steps = dog_steps,
    .nsteps = 1,
};

static const ppx_param log_params[] = {
    [SIGMA] = {"sigma", PPX_REAL, 0.5, 100, NULL, NULL, "standard deviation in pixels"},
    [LOG_SCALE] = PARAM_SCALE,
    [LOG_BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step log_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = log_geometry,
    .map = {.rows = {[PPX_U8] = log_u8, [PPX_U16] = log_u16, [PPX_F32] = log_f32}},
}};

const ppx_kernel PPX_KERNEL(log) = {
    .name = "log",
    .summary = "Laplacian of the Gaussian: blobs and edges of a size",
    .examples = "log:sigma=1.4,scale=8 log:sigma=6,scale=36",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = log_params,
    .nparams = sizeof log_params / sizeof *log_params,
    .table_nbytes = log_table_nbytes,
    .build = log_build,
    .steps = log_steps,
    .nsteps = 1,
};
