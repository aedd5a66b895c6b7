// percentile.c: the sample of a given rank in a square window (k = 2 radius + 1 samples wide).
//
// Of the window's n = k * k samples, sorted and counted from 0, the one at p / 100 * (n - 1),
// rounded to the nearest, halves up: p = 0 is the minimum, 50 the median, 100 the maximum. No
// samples are interpolated, so the result is one of the window's for every type. Shapes: any, kept;
// each channel for itself, alpha passes through. Border: as chosen. f32: a zero comes out as +0;
// nothing is promised where there are NaNs. Methods and cost: see rank.h.
#include "rank.h"

#include <math.h>

enum { RADIUS, P, BORDER };

static ppx_rank rank_of(const ppx_job *job) {
    ppx_rank r = {.radius = (ptrdiff_t)job->values[RADIUS].i,
                  .border = (ppx_border)job->values[BORDER].i};
    r.k = 2 * r.radius + 1;
    r.rank = (ptrdiff_t)floor(job->values[P].d * (double)(r.k * r.k - 1) / 100 + 0.5);
    return r;
}

static size_t table_nbytes(const ppx_job *job) {
    const ppx_rank r = rank_of(job);
    return ppx_rank_table_nbytes(job, &r);
}

static void build(const ppx_job *job) {
    const ppx_rank r = rank_of(job);
    ppx_rank_build(job, &r);
}

static void geometry(const ppx_job *job, ppx_geometry *g) {
    const ppx_rank r = rank_of(job);
    ppx_rank_geometry(job, &r, g);
}

static void rows(const ppx_job *job, const ppx_block *block) {
    const ppx_rank r = rank_of(job);
    ppx_rank_rows(job, &r, block);
}

static const ppx_param params[] = {
    {"radius", PPX_INT, 1, PPX_RANK_RADIUS, NULL, "1", "pixels to each side"},
    {"p", PPX_REAL, 0, 100, NULL, "50", "per cent of the other samples that are not greater"},
    PPX_PARAM_BORDER,
};

static const ppx_step steps[] = {{
    .pattern = PPX_MAP,
    .geometry = geometry,
    .map = {.rows = {[PPX_U8] = rows, [PPX_U16] = rows, [PPX_F32] = rows}},
}};

const ppx_kernel PPX_KERNEL(percentile) = {
    .name = "percentile",
    .summary = "the sample of a given rank in a square window",
    .examples = "percentile:radius=1,p=25 percentile:radius=4,p=90 percentile:radius=6,p=100 "
                "percentile:radius=9,p=10.5 "
                "percentile:radius=22,p=2",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = params,
    .nparams = sizeof params / sizeof *params,
    .table_nbytes = table_nbytes,
    .build = build,
    .steps = steps,
    .nsteps = 1,
};
