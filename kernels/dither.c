// dither.c: few grey levels that look like many: error diffusion.
//
// Pixels are quantised one after the other; what a pixel lost or gained by that is given to its
// neighbours that are still to come, in sixteenths (X is the pixel):
//
//     floyd-steinberg       X 7      sierra-lite       X 8      (Floyd and Steinberg 1976;
//                         3 5 1                      4 4        Sierra 1990)
//
// Sums of errors are whole sixteenths of a level. A share is rounded down; the last one (down and
// to the right, or else down) takes what is left, so nothing is lost inside of the image: shares
// beyond its sides go to the pixel below instead, those below its last row are dropped. Levels are
// spread evenly over the range, the nearest one is taken, of two the upper. Rows go from left to
// right, or to and fro if serpentine; then no two rows can be worked on at once.
//
// Shapes: u8 and u16, any channels, each colour channel by itself, alpha passes through. Images
// differ from scikit-image's and others', whose errors are floats. Cost: a chain of some eight
// operations a sample; four rows of gray are made at once, each two columns behind the one above,
// so that a processor has four chains to work on.
#include "../core/kernel.h"

#include <string.h>

enum { METHOD, LEVELS, SERPENTINE };
enum { FLOYD_STEINBERG, SIERRA_LITE };
enum { AT_ONCE = 4, LAG = 2 }; // rows, and columns from one to the next

// What a row carries from pixel to pixel, in sixteenths: the share of the next pixel, and what the
// row below has been given so far at this column and at the next.
typedef struct diffusion {
    int32_t right, below, below_next;
} diffusion;

typedef struct dither_table {
    int32_t right, down_left, down; // sixteenths; down-right has what is left
    int32_t last_is_down;           // -1: what is left is that of below; 0: of down-right
    int32_t nsteps;                 // levels - 1
    uint16_t level[256];
} dither_table;

static size_t dither_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(dither_table);
}

static void dither_build(const ppx_job *job) {
    dither_table *table = job->table;
    bool lite = job->values[METHOD].i == SIERRA_LITE;
    table->right = lite ? 8 : 7;
    table->down_left = lite ? 4 : 3;
    table->down = lite ? 4 : 5;
    table->last_is_down = lite ? -1 : 0;
    table->nsteps = (int32_t)job->values[LEVELS].i - 1;
    int64_t most = (int64_t)ppx_type_most(job->in.type);
    for (int64_t k = 0; k <= table->nsteps; k++)
        table->level[k] = (uint16_t)((2 * k * most + table->nsteps) / (2 * table->nsteps));
}

static void dither_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncarry = (size_t)(job->in.width * job->in.channels);
    g->scratch_nbytes = PPX_STRIP * PPX_MAX_CHANNELS * sizeof(diffusion);
    g->in_order = job->values[SERPENTINE].i;
}

// ---- Row functions ----

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define NAME(function) function##_u8
#include "dither.inc.h"

#define PIXEL uint16_t
#define MOST UINT16_MAX
#define NAME(function) function##_u16
#include "dither.inc.h"

static const ppx_param dither_params[] = {
    [METHOD] = {"method", PPX_CHOICE, 0, 0, "floyd-steinberg|sierra-lite", "floyd-steinberg",
                "which neighbours get which share of an error"},
    [LEVELS] = {"levels", PPX_INT, 2, 256, NULL, "2", "that come out, black and white included"},
    [SERPENTINE] = {"serpentine", PPX_CHOICE, 0, 0, "no|yes", "no",
                    "rows go to and fro: fewer worms, and nothing to do in parallel"},
};

static const ppx_step dither_steps[] = {{
    .pattern = PPX_WAVEFRONT,
    .geometry = dither_geometry,
    .wavefront = {.tile = {[PPX_U8] = dither_u8, [PPX_U16] = dither_u16}},
}};

const ppx_kernel PPX_KERNEL(dither) = {
    .name = "dither",
    .summary = "few grey levels that look like many, by error diffusion",
    .examples = "dither dither:levels=4,serpentine=yes dither:method=sierra-lite,levels=17",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .params = dither_params,
    .nparams = sizeof dither_params / sizeof *dither_params,
    .table_nbytes = dither_table_nbytes,
    .build = dither_build,
    .steps = dither_steps,
    .nsteps = 1,
};
