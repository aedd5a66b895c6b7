// flip.c: the mirror image.
//
//     direction=vertical    out(x, y) = in(x, height - 1 - y)
//     direction=horizontal  out(x, y) = in(width - 1 - x, y)
//     direction=both        the image turned by half a turn
//
// Shapes: any, kept, alpha moves with its pixel. Border: none. Cost: one read and one write of the
// image. Output rows need the rows at the other end of the image: a map by interval, which on ranks
// is a whole band from far away.
#include "../core/kernel.h"

#include <string.h>

enum { DIRECTION };
enum { VERTICAL, HORIZONTAL, BOTH };

static inline bool is_vertical(const ppx_job *job) {
    return job->values[DIRECTION].i != HORIZONTAL;
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "flip.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "flip.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32 // and f32: samples are only moved
#include "flip.inc.h"

static void flip_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a, ptrdiff_t *b) {
    *a = is_vertical(job) ? job->in.height - y1 : y0;
    *b = is_vertical(job) ? job->in.height - y0 : y1;
}

static void flip_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->keep_alpha = false; // it moves
}

static const ppx_param flip_params[] = {
    [DIRECTION] = {"direction", PPX_CHOICE, 0, 0, "vertical|horizontal|both", "vertical",
                   "upside down, left to right, or both"},
};

static const ppx_step flip_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = flip_geometry,
    .map = {.rows = {flip_u8, flip_u16, flip_u32, flip_u32}, .needs = flip_needs},
}};

const ppx_kernel PPX_KERNEL(flip) = {
    .name = "flip",
    .summary = "the mirror image, upside down or left to right",
    .examples = "flip flip:direction=horizontal flip:direction=both",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = flip_params,
    .nparams = 1,
    .steps = flip_steps,
    .nsteps = 1,
};
