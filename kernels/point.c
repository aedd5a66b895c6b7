// point.c: copy, invert, gray, threshold: each output pixel from its own input pixel.
//
// Shapes: any, kept; gray makes one channel (with alpha: two). Border: none. Cost: one read and one
// write of the image. Alpha passes through.
//   copy       out = in
//   invert     out = most - in, most being 255, 65535 or 1
//   gray       (4899 R + 9617 G + 1868 B + 8192) >> 14, the weights of ITU-R BT.601 in 14 bits; for
//              f32 the same weights divided by 2^14, added in the order R, G, B
//   threshold  most where in > t, else 0
#include "../core/kernel.h"

#include <string.h>

static inline ptrdiff_t samples(const ppx_job *job) {
    return job->in.width * job->in.channels;
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define MOST UINT8_MAX
#include "point.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "point.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define MOST 1.0f
#define PIXEL_IS_FLOAT
#include "point.inc.h"

// ---- copy ----

static void copy_rows(const ppx_job *job, const ppx_block *block) {
    size_t nbytes = ppx_shape_row_nbytes(job->in);
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        memcpy(block->out[k], block->in[k], nbytes);
}

static void copy_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->keep_alpha = false; // it is copied already
}

static const ppx_step copy_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = copy_geometry,
    .map = {.rows = {copy_rows, copy_rows, copy_rows, copy_rows}},
}};

const ppx_kernel PPX_KERNEL(copy) = {
    .name = "copy",
    .summary = "the image unchanged: the floor under every timing",
    .examples = "copy",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = copy_steps,
    .nsteps = 1,
};

// ---- invert ----

static const ppx_step invert_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = invert_u8, [PPX_U16] = invert_u16, [PPX_F32] = invert_f32}},
}};

const ppx_kernel PPX_KERNEL(invert) = {
    .name = "invert",
    .summary = "the negative: 255 - v, 65535 - v or 1 - v",
    .examples = "invert",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = invert_steps,
    .nsteps = 1,
};

// ---- gray ----

static void gray_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.channels = job->in.channels % 2 == 0 ? 2 : 1;
    g->keep_alpha = false; // the channels move
}

static const ppx_step gray_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = gray_geometry,
    .map = {.rows = {[PPX_U8] = gray_u8, [PPX_U16] = gray_u16, [PPX_F32] = gray_f32}},
}};

const ppx_kernel PPX_KERNEL(gray) = {
    .name = "gray",
    .summary = "luma of RGB; gray images stay as they are",
    .examples = "gray",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = gray_steps,
    .nsteps = 1,
};

// ---- threshold ----

static const ppx_param threshold_params[] = {
    {"t", PPX_REAL, 0, UINT16_MAX, NULL, NULL, "grey level; above it is white, the rest black"},
};

static const ppx_step threshold_steps[] = {{
    .pattern = PPX_MAP,
    .map =
        {.rows = {[PPX_U8] = threshold_u8, [PPX_U16] = threshold_u16, [PPX_F32] = threshold_f32}},
}};

const ppx_kernel PPX_KERNEL(threshold) = {
    .name = "threshold",
    .summary = "white where v > t, black elsewhere",
    .examples = "threshold:t=0.5 threshold:t=127",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = threshold_params,
    .nparams = 1,
    .steps = threshold_steps,
    .nsteps = 1,
};
