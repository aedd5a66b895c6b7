// gaussian.c: Gaussian blur. Weights have the sum 1.
//
// blur.c tells how; here is what comes of it. Shapes: any, kept, each channel by
// itself. Units: sigma in pixels. Border: the parameter. Cost: below sigma 4 some 7 sigma products
// a sample (half as many multiplications), above hardly any dependence on sigma.
//
// Errors, against a Gaussian in real numbers whose tails are not cut, at worst over all images: u8
// 1/2 level of rounding and less than 1/2 of everything else; u16 and f32 up to sigma 4 what the
// tails beyond 4 sigma weigh (6e-5 of the range) and from there 1e-4 of the range. A constant image
// stays as it is (f32: but for rounding).
#include "../core/kernel.h"

#include "blur.h"

enum { SIGMA, BORDER };

static bool is_fixed(const ppx_job *job) {
    return job->in.type == PPX_U8;
}

static ppx_blur_plan plan_of(const ppx_job *job) {
    return ppx_blur_plan_of(job->values[SIGMA].d, is_fixed(job) ? 3.5 : 4, is_fixed(job), false);
}

static size_t gauss_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(ppx_blur_table);
}

static void gauss_build(const ppx_job *job) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur_build(job->table, &plan, job->values[SIGMA].d);
}

static void gauss_geometry(const ppx_job *job, ppx_geometry *g) {
    ppx_blur_plan plan = plan_of(job);
    g->up = g->down = plan.reach;
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = ppx_blur_block(job, &plan);
    g->scratch_nbytes = ppx_blur_scratch_nbytes(job, &plan);
}

#include "gaussian_whole.inc.h"

static const ppx_param gauss_params[] = {
    [SIGMA] = {"sigma", PPX_REAL, 0.3, 100, NULL, NULL, "standard deviation in pixels"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step gauss_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = gauss_geometry,
    .map =
        {.rows = {[PPX_U8] = gaussian_rows, [PPX_U16] = gaussian_rows, [PPX_F32] = gaussian_rows}},
}};

const ppx_kernel PPX_KERNEL(gaussian) = {
    .name = "gaussian",
    .summary = "Gaussian blur, at a cost that hardly depends on sigma",
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
