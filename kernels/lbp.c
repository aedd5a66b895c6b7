// lbp.c: local binary patterns: which of the 8 neighbours of a pixel are at least as bright as it.
//
//     code = sum over k = 0..7 of 2^k [neighbour k >= pixel],  k = 0 right, then counter-clockwise
//
// Ojala, Pietikainen, Harwood (1996), on the square of radius 1 (no interpolation), and by table
// what Ojala, Pietikainen, Maenpaa (2002) make of it; U is how often the circle of bits changes:
//   raw                0..255
//   rotation           the least code among the 8 rotations
//   uniform            codes with U <= 2 are 0..57 in ascending order, all others 58
//   uniform_rotation   the number of ones where U <= 2, else 9
// Shapes: one channel of u8, u16 or f32; u8 of the same size. NaN is below and above nothing.
// Border: the parameter. Cost: one read, one write of a byte, 8 comparisons a pixel in vectors; but
// for raw one look-up more.
#include "../core/kernel.h"

#include <string.h>

enum { CODES, BORDER };
enum { RAW, ROTATION, UNIFORM, UNIFORM_ROTATION };
enum { NCODES = 256, NBITS = 8 };

#define PIXEL uint8_t
#define CODE uint8_t
#define NAME(function) function##_u8
#include "lbp.inc.h"

#define PIXEL uint16_t
#define CODE uint16_t
#define NAME(function) function##_u16
#include "lbp.inc.h"

#define PIXEL float
#define CODE uint32_t
#define NAME(function) function##_f32
#include "lbp.inc.h"

// ---- The table ----------------------------------------------------------------------------------

static unsigned rotated(unsigned code, int by) {
    return (code >> by | code << (NBITS - by)) & (NCODES - 1);
}

static bool is_uniform(unsigned code) {
    return __builtin_popcount(code ^ rotated(code, 1)) <= 2;
}

static unsigned least_rotation(unsigned code) {
    unsigned least = code;
    for (int k = 1; k < NBITS; k++)
        least = rotated(code, k) < least ? rotated(code, k) : least;
    return least;
}

static size_t lbp_table_nbytes(const ppx_job *job) {
    return job->values[CODES].i == RAW ? 0 : NCODES;
}

static void lbp_build(const ppx_job *job) {
    uint8_t *table = job->table;
    unsigned nuniform = 0, others = 0;
    for (unsigned code = 0; code < NCODES; code++)
        others += is_uniform(code);
    for (unsigned code = 0; code < NCODES; code++) {
        const bool uniform = is_uniform(code);
        if (job->values[CODES].i == ROTATION)
            table[code] = (uint8_t)least_rotation(code);
        else if (job->values[CODES].i == UNIFORM)
            table[code] = (uint8_t)(uniform ? nuniform : others);
        else
            table[code] = (uint8_t)(uniform ? __builtin_popcount(code) : NBITS + 1);
        nuniform += uniform;
    }
}

// ---- The kernel ---------------------------------------------------------------------------------

static void lbp_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = 1;
    g->border = (ppx_border)job->values[BORDER].i;
    g->out.type = PPX_U8;
}

static const ppx_param lbp_params[] = {
    [CODES] = {"codes", PPX_CHOICE, 0, 0, "raw|rotation|uniform|uniform_rotation", "raw",
               "0..255, or what is the same for rotated patterns, for rare ones, or for both"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step lbp_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = lbp_geometry,
    .map = {.rows = {[PPX_U8] = lbp_u8, [PPX_U16] = lbp_u16, [PPX_F32] = lbp_f32}},
}};

const ppx_kernel PPX_KERNEL(lbp) = {
    .name = "lbp",
    .summary = "local binary patterns: which neighbours are at least as bright, as 8 bits",
    .examples = "lbp lbp:codes=rotation lbp:codes=uniform lbp:codes=uniform_rotation",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = lbp_params,
    .nparams = sizeof lbp_params / sizeof *lbp_params,
    .table_nbytes = lbp_table_nbytes,
    .build = lbp_build,
    .steps = lbp_steps,
    .nsteps = 1,
};
