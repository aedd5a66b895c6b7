// diffuse.c: smoothing that stops at edges (Perona and Malik 1990).
//
// Shapes: u8, u16 and f32, any channels, kept; each colour channel for itself, alpha stays.
// A turn adds lambda times the sum over the 4 neighbours of g(d) d to each sample, d being the
// neighbour's value less the own and g(d) = 1 / (1 + (d / kappa)^2), the second of their two
// functions. kappa is in grey levels of the type (f32: in its units): much smaller differences are
// smoothed, much larger ones stay. lambda is at most 1/4: then every turn is a weighted mean, and
// no value leaves the range of its neighbourhood. The default is 0.2 because at 1/4 itself a
// checkerboard of small differences would change sign for ever.
// Samples are f32 between the turns, rounded half up at the end. Border: nothing flows across it.
// The flow between two pixels is computed once and serves both; it is odd in d, so the order of
// the two does not matter. Cost of a turn: one read and one write of an f32 image, two divisions.
#include "../core/kernel.h"

#include <string.h>

enum { ITERATIONS, KAPPA, LAMBDA, NPARAMS };

static const ppx_param diffuse_params[] = {
    {"iterations", PPX_INT, 0, 100000, NULL, "10", "turns"},
    {"kappa", PPX_REAL, 1e-6, 1e6, NULL, "20", "difference that halves the flow, in grey levels"},
    {"lambda", PPX_REAL, 1e-6, 0.25, NULL, "0.2", "step in time"},
};

// ---- To f32 and back ----------------------------------------------------------------------------

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define MOST UINT8_MAX
#include "diffuse.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "diffuse.inc.h"

static void copy_f32(const ppx_job *job, const ppx_block *block) {
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        memcpy(block->out[k], block->in[k], ppx_shape_row_nbytes(job->in));
}

static void to_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_F32;
    g->keep_alpha = false; // converted with the rest
}

static void back_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.type = job->first.type;
    g->keep_alpha = false;
}

static void back(const ppx_job *job, const ppx_block *block) {
    if (job->first.type == PPX_U8)
        back_u8(job, block);
    else if (job->first.type == PPX_U16)
        back_u16(job, block);
    else
        copy_f32(job, block);
}

// ---- A turn -------------------------------------------------------------------------------------

static inline float flow(float d, float sharpness) {
    return d / (1.0f + d * d * sharpness);
}

// The flows from row a to row b (or, with b = a + channels, from pixel to pixel).
static inline void flow_row(const float *a, const float *b, ptrdiff_t n, float sharpness,
                            float *restrict out) {
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = flow(b[k] - a[k], sharpness);
}

// Scratch: the flows across the row's upper and lower edge, and from each pixel to the next.
static void diffuse_rows(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t channels = job->in.channels, n = job->in.width * channels;
    const float kappa = (float)job->values[KAPPA].d, sharpness = 1.0f / (kappa * kappa);
    const float lambda = (float)job->values[LAMBDA].d;
    float *restrict side = block->scratch;
    float *restrict upper = side + n + channels, *restrict lower = upper + n;
    flow_row(block->in[-1], block->in[0], n, sharpness, upper);
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const float *restrict in = block->in[y];
        float *restrict out = block->out[y];
        flow_row(in - channels, in, n + channels, sharpness, side);
        flow_row(in, block->in[y + 1], n, sharpness, lower);
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] = in[k] + lambda * ((side[k + channels] - side[k]) + (lower[k] - upper[k]));
        float *swap = upper;
        upper = lower;
        lower = swap;
    }
}

static void diffuse_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = 1;
    g->border = PPX_REPLICATE;
    g->scratch_nbytes = (size_t)(3 * job->in.width + 1) * (size_t)job->in.channels * sizeof(float);
}

static bool diffuse_again(const ppx_job *job, int turn) {
    return turn < job->values[ITERATIONS].i;
}

// ---- The kernel ---------------------------------------------------------------------------------

static const ppx_step diffuse_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = to_geometry,
        .map = {.rows = {[PPX_U8] = to_u8, [PPX_U16] = to_u16, [PPX_F32] = copy_f32}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = diffuse_geometry,
        .map = {.rows = {[PPX_F32] = diffuse_rows}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = back_geometry,
        .map = {.rows = {[PPX_F32] = back}},
    },
};

const ppx_kernel PPX_KERNEL(diffuse) = {
    .name = "diffuse",
    .summary = "smooths in turns, but not across edges (Perona and Malik)",
    .examples = "diffuse:iterations=3 diffuse:iterations=5,kappa=30,lambda=0.1",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = diffuse_params,
    .nparams = NPARAMS,
    .steps = diffuse_steps,
    .nsteps = 3,
    .loop_from = 1,
    .loop_to = 2,
    .again = diffuse_again,
};
