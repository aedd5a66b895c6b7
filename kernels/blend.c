// blend.c: blend and diff: two images of one shape, pixel by pixel.
//
//     blend   out = in + alpha (with - in): 0 is the image itself, 1 the other one
//     diff    out = |in - with|
//
// Shapes: any, kept; the image that with= names must have the same. The alpha channel is that of
// the first. Border: none. Cost: two reads and one write. Integers are rounded to the nearest, half
// upwards, with alpha in steps of 2^-14 (so that u16 times it fits 32 bits); f32 is
// (1 - alpha) in + alpha with.
#include "far.h"

enum { WITH, ALPHA };
enum { WEIGHT_BITS = 14, WEIGHT_ONE = 1 << WEIGHT_BITS };

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "blend.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "blend.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define PIXEL_IS_FLOAT
#include "blend.inc.h"

static const ppx_param blend_params[] = {
    [WITH] = {"with", PPX_IMAGE, 0, 0, NULL, NULL, "the other image, of the same shape"},
    [ALPHA] = {"alpha", PPX_REAL, 0, 1, NULL, "0.5", "share of the other image"},
};

static const ppx_step blend_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = blend_u8, [PPX_U16] = blend_u16, [PPX_F32] = blend_f32},
            .with = PPX_WITH_IMAGE},
}};

const ppx_kernel PPX_KERNEL(blend) = {
    .name = "blend",
    .summary = "the image mixed with another one",
    .examples = "blend:with=@awkward blend:with=@awkward,alpha=0.3",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = blend_params,
    .nparams = sizeof blend_params / sizeof *blend_params,
    .steps = blend_steps,
    .nsteps = 1,
};

static const ppx_step diff_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = diff_u8, [PPX_U16] = diff_u16, [PPX_F32] = diff_f32},
            .with = PPX_WITH_IMAGE},
}};

const ppx_kernel PPX_KERNEL(diff) = {
    .name = "diff",
    .summary = "the absolute difference to another image",
    .examples = "diff:with=@awkward",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = blend_params, // the first of them
    .nparams = 1,
    .steps = diff_steps,
    .nsteps = 1,
};
