// harris.c: the corner response of Harris and Stephens (1988).
//
//     M = mean of g g^T over block x block pixels,  g = (gx, gy) / (4 most)
//     out = det M - k (trace M)^2
//
// gx, gy are Sobel's gradients and most is the type's largest sample (1 for f32), so that responses
// of u8, u16 and f32 images compare; the scale is that of OpenCV's cornerHarris. Shapes: one
// channel; f32 of the same size comes out. Where corners are is for `peaks` to say:
// harris+peaks:threshold=1e-4. Border: of the image, before gradients are taken.
//
// One pass (Lacassagne et al. 2014 fuse the same stages): a row of gradients enters a ring of
// `block` rows, and the sums of products down each column follow by adding what enters and taking
// away what leaves, a tile of columns at a time. Sums of products are whole numbers below 2^31 (u8)
// or 2^53 (u16), hence exact; sums for f32 are taken anew for each row, from the top. What follows
// is in float: out errs by less than 1e-6 (trace M)^2. u8 on AVX2 sums across first, then down.
// Cost: a read of the image, a write of f32; 3 * block additions a pixel across the row (u8 on
// AVX2: half of them).
#include "../core/kernel.h"

#include <string.h>

enum { BLOCK, K, BORDER };
enum { XX, YY, XY, NSUMS };

#define INLINE inline __attribute__((always_inline))

enum { TILE = 256 }; // columns; sums and gradients of a tile stay in the L1 cache

// The scratch of a tile has rows of that many samples; `radius` columns lie on either side.
static size_t tile_width(const ppx_job *job) {
    return (TILE + (size_t)job->values[BLOCK].i + 31) / 16 * 16;
}

static size_t tile_nbytes(const ppx_job *job) {
    static const size_t gradient[] = {sizeof(int16_t), sizeof(int32_t), 0, sizeof(float)};
    static const size_t sum[] = {sizeof(int32_t), sizeof(double), 0, sizeof(double)};
    const size_t block = (size_t)job->values[BLOCK].i;
#ifdef __AVX2__
    if (job->in.type == PPX_U8) // sums over windows, and those across
        return TILE * NSUMS * sizeof(int32_t) * (1 + block);
#endif
    return tile_width(job) * (NSUMS * sum[job->in.type] + 2 * block * gradient[job->in.type]);
}

static inline ptrdiff_t slot_of(ptrdiff_t y, ptrdiff_t block) {
    return (y % block + block) % block;
}

static float scale_of(const ppx_job *job) {
    const double side = 4 * ppx_type_most(job->in.type) * (double)job->values[BLOCK].i;
    return (float)(1 / (side * side * side * side));
}

// From sums of products of gradients to the response, in one pixel or in several at once.
#define RESPONSE(xx, yy, xy, k, scale)                                                             \
    ((((xx) * (yy) - (xy) * (xy)) - (k) * (((xx) + (yy)) * ((xx) + (yy)))) * (scale))

#ifdef __AVX2__
#include "harris_u8.inc.h"
#else
#define PIXEL uint8_t
#define GRADIENT int16_t
#define SUM int32_t
#define EXACT 1
#define NAME(function) function##_u8
#include "harris.inc.h"
#endif

#define PIXEL uint16_t
#define GRADIENT int32_t
#define SUM double
#define EXACT 1
#define NAME(function) function##_u16
#include "harris.inc.h"

#define PIXEL float
#define GRADIENT float
#define SUM double
#define EXACT 0
#define NAME(function) function##_f32
#include "harris.inc.h"

static void harris_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = job->values[BLOCK].i / 2 + 1;
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = job->in.type == PPX_U8 ? PPX_STRIP : 0; // the longer a tile goes down, the better
    g->out.type = PPX_F32;
    g->scratch_nbytes = (size_t)((job->in.width + TILE - 1) / TILE) * tile_nbytes(job);
}

static ppx_status harris_check(const ppx_job *job, ppx_error *error) {
    if (job->values[BLOCK].i % 2 == 0)
        return ppx_fail(error, PPX_E_USAGE, "harris:block=%d: it must be odd",
                        (int)job->values[BLOCK].i);
    return PPX_OK;
}

static const ppx_param harris_params[] = {
    [BLOCK] = {"block", PPX_INT, 1, 31, NULL, "3", "side of the window, odd, in pixels"},
    [K] = {"k", PPX_REAL, 0, 0.25, NULL, "0.04", "weight of the trace: more finds fewer corners"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step harris_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = harris_geometry,
    .map = {.rows = {[PPX_U8] = harris_u8, [PPX_U16] = harris_u16, [PPX_F32] = harris_f32}},
}};

const ppx_kernel PPX_KERNEL(harris) = {
    .name = "harris",
    .summary = "corner response of Harris and Stephens, as f32",
    .examples = "harris harris:block=7,k=0.06",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = harris_params,
    .nparams = sizeof harris_params / sizeof *harris_params,
    .check = harris_check,
    .steps = harris_steps,
    .nsteps = 1,
};
