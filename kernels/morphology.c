// morphology.c: erode and dilate: the least and the greatest sample of a rectangle around a pixel.
//
// Shapes: any, kept; each channel for itself, alpha passes through. The rectangle is 2 rx + 1
// pixels wide and 2 ry + 1 high. Border: neutral, what lies outside never counts. f32: a zero comes
// out as +0 (which of two zeros is less is nobody's to say); nothing is promised where there are
// NaNs. Vertically, suffixes and prefixes of runs of rows meet, three comparisons a pixel for any
// height:
//   van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal
//   kernels, Pattern Recognition Letters 13, 1992; Gil, Werman, Computing 2-D min, median, and max
//   filters, IEEE TPAMI 15, 1993.
// with rows for pixels, so that all of it is vectors. Horizontally each pass over the line makes
// the window two to four times as long (log4 of the width passes, on unaligned loads). Tiles of
// columns keep all of it in the first caches: one read and one write of the image.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { RADIUS, RX, RY };
enum { MAX_RADIUS = 500, TILE_NBYTES = 8192 };

// Lengths in samples, but for the rectangle.
typedef struct plan {
    int channels;
    ptrdiff_t kx, ry, ky; // the rectangle, in pixels
    ptrdiff_t n;          // of a row
    ptrdiff_t halo;       // to each side that the horizontal window reaches
    ptrdiff_t tile;       // columns done together
    ptrdiff_t span;       // line of scratch: a tile with its halos
    ptrdiff_t ngroups;    // of PPX_STRIP rows, for windows much higher than a block; else 0
    ptrdiff_t core_at;    // in scratch, the state for these: core_state, a row, and ngroups rows
    ptrdiff_t pitch;      // from one of these rows to the next
} plan;

// What is carried from block to block for very high windows.
typedef struct core_state {
    ptrdiff_t made_for; // y of the block
    ptrdiff_t first;    // which group is the uppermost
    char pad[48];       // the rows that follow are aligned to 64 bytes
} core_state;

static ptrdiff_t round_up(ptrdiff_t n) {
    return (n + 63) / 64 * 64;
}

static ptrdiff_t radius(const ppx_job *job, int which) {
    return (ptrdiff_t)job->values[job->values[which].given ? which : RADIUS].i;
}

static plan make_plan(const ppx_job *job) {
    const ptrdiff_t rx = radius(job, RX), ry = radius(job, RY);
    const ptrdiff_t n = job->in.width * job->in.channels;
    const ptrdiff_t nbytes = (ptrdiff_t)ppx_type_nbytes(job->in.type);
    plan p = {.channels = job->in.channels, .kx = 2 * rx + 1, .ry = ry, .ky = 2 * ry + 1, .n = n};
    p.halo = rx * p.channels;
    // Halos are done twice: tiles are much wider than they, and about equal.
    ptrdiff_t most = TILE_NBYTES / nbytes > 8 * p.halo ? TILE_NBYTES / nbytes : 8 * p.halo;
    ptrdiff_t ntiles = (n + most - 1) / most;
    p.tile = round_up((n + ntiles - 1) / ntiles);
    p.span = round_up(p.tile + 2 * p.halo) + 64;
    ptrdiff_t ncommon = p.ky - PPX_STRIP + 1;
    p.ngroups = ncommon >= 2 * PPX_STRIP ? ncommon / PPX_STRIP : 0;
    p.core_at = (4 + (p.ky < PPX_STRIP ? p.ky : PPX_STRIP)) * p.span;
    p.pitch = round_up(n) + 64;
    return p;
}

static void geometry(const ppx_job *job, ppx_geometry *g, bool erode) {
    const plan p = make_plan(job);
    g->up = g->down = p.ry;
    g->border = PPX_CONSTANT;
    if (job->in.type == PPX_F32)
        g->fill = erode ? INFINITY : -INFINITY;
    else
        g->fill = erode ? ppx_type_most(job->in.type) : 0;
    g->block = PPX_STRIP;
    g->scratch_nbytes = (size_t)p.core_at * ppx_type_nbytes(job->in.type);
    if (p.ngroups)
        g->scratch_nbytes += sizeof(core_state) + (size_t)(p.ngroups + 1) * (size_t)p.pitch *
                                                      ppx_type_nbytes(job->in.type);
}

// ---- erode ----

#define PICK(a, b) ((a) < (b) ? (a) : (b))

#define PIXEL uint8_t
#define NAME(function) erode_##function##_u8
#define NEUTRAL UINT8_MAX
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL uint16_t
#define NAME(function) erode_##function##_u16
#define NEUTRAL UINT16_MAX
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL float
#define NAME(function) erode_##function##_f32
#define NEUTRAL INFINITY
#define FINISH(v) ((v) + 0.0f)
#include "morphology.inc.h"

#undef PICK

static void erode_geometry(const ppx_job *job, ppx_geometry *g) {
    geometry(job, g, true);
}

static const ppx_param params[] = {
    {"radius", PPX_INT, 0, MAX_RADIUS, NULL, "1", "pixels to each side"},
    {"rx", PPX_INT, 0, MAX_RADIUS, NULL, "", "pixels to the left and right, instead of radius"},
    {"ry", PPX_INT, 0, MAX_RADIUS, NULL, "", "pixels above and below, instead of radius"},
};

static const ppx_step erode_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = erode_geometry,
    .map =
        {.rows =
             {[PPX_U8] = erode_block_u8, [PPX_U16] = erode_block_u16, [PPX_F32] = erode_block_f32}},
}};

const ppx_kernel PPX_KERNEL(erode) = {
    .name = "erode",
    .summary = "the least sample of a rectangle around each pixel",
    .examples = "erode:radius=1 erode:radius=7 erode:rx=3,ry=0 erode:rx=0,ry=9 erode:radius=70",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = params,
    .nparams = sizeof params / sizeof *params,
    .steps = erode_steps,
    .nsteps = 1,
};

// ---- dilate ----

#define PICK(a, b) ((a) > (b) ? (a) : (b))

#define PIXEL uint8_t
#define NAME(function) dilate_##function##_u8
#define NEUTRAL 0
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL uint16_t
#define NAME(function) dilate_##function##_u16
#define NEUTRAL 0
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL float
#define NAME(function) dilate_##function##_f32
#define NEUTRAL (-INFINITY)
#define FINISH(v) ((v) + 0.0f)
#include "morphology.inc.h"

#undef PICK

static void dilate_geometry(const ppx_job *job, ppx_geometry *g) {
    geometry(job, g, false);
}

static const ppx_step dilate_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = dilate_geometry,
    .map = {.rows = {[PPX_U8] = dilate_block_u8,
                     [PPX_U16] = dilate_block_u16,
                     [PPX_F32] = dilate_block_f32}},
}};

const ppx_kernel PPX_KERNEL(dilate) = {
    .name = "dilate",
    .summary = "the greatest sample of a rectangle around each pixel",
    .examples =
        "dilate:radius=1 dilate:radius=7 dilate:rx=3,ry=0 dilate:rx=0,ry=9 dilate:radius=70",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = params,
    .nparams = sizeof params / sizeof *params,
    .steps = dilate_steps,
    .nsteps = 1,
};
