// pyramid.c: a level of the Gaussian pyramid: blurred and every second pixel of it, as often as
// there are levels.
//
//     out(x, y) = sum over i, j = -2..2 of w(i) w(j) in(2 x + i, 2 y + j),   w = (1 4 6 4 1) / 16
//
// Burt and Adelson, The Laplacian pyramid as a compact image code, IEEE Trans. Comm. 31 (1983).
// Shapes: any; width and height are halved, rounded up. Units: levels, each a quarter of the
// pixels. Border: the parameter, of each level anew. Integers are exact and rounded once a level,
// halves up; f32 is a sum in a fixed order. Cost: 5 products a pixel of the level above for
// columns, 5 a pixel of the level for rows, and a third of that for all levels that follow.
#include "../core/kernel.h"

#include <string.h>

enum { LEVELS, BORDER };
enum { MOST_LEVELS = 30 };

static bool pyramid_again(const ppx_job *job, int turn) {
    return turn < job->values[LEVELS].i;
}

// Output row y reads the input rows 2 y - 2 to 2 y + 2. Rows beyond the edge of a constant border
// are nobody's.
static void pyramid_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                          ptrdiff_t *b) {
    *a = 2 * y0 - 2;
    *b = 2 * y1 + 1;
    if (job->values[BORDER].i == PPX_CONSTANT) {
        *a = *a < 0 ? 0 : *a;
        *b = *b > job->in.height ? job->in.height : *b;
    }
}

// ---- Scratch: a line of sums with two pixels (of an odd width three) beyond each edge, and a row
// of zeros ----

static size_t padded(size_t nbytes) {
    return (nbytes + 63) / 64 * 64;
}

static size_t left_of(const ppx_job *job) { // in sums
    (void)job;
    return 16;
}

static size_t blank_at(const ppx_job *job) { // in bytes
    return padded((left_of(job) + (size_t)(job->in.width + 2) * (size_t)job->in.channels) *
                  sizeof(uint32_t));
}

static void pyramid_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.width = (job->in.width + 1) / 2;
    g->out.height = (job->in.height + 1) / 2;
    g->border = (ppx_border)job->values[BORDER].i;
    g->scratch_nbytes = blank_at(job) + ppx_shape_row_nbytes(job->in);
    g->keep_alpha = false; // it is blurred like the others
}

// ---- Row functions ----

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define SUM uint16_t
#define SUM_TYPE PPX_U16
#define FINISH(sum) ((uint8_t)((uint16_t)((sum) + 128) >> 8))
#define NAME(function) function##_u8
#include "pyramid.inc.h"

#define PIXEL uint16_t
#define SUM uint32_t
#define SUM_TYPE PPX_U32
#define FINISH(sum) ((uint16_t)(((sum) + 128) >> 8))
#define NAME(function) function##_u16
#include "pyramid.inc.h"

#define PIXEL float
#define SUM float
#define SUM_TYPE PPX_F32
#define FINISH(sum) ((sum) * (1.0f / 256))
#define NAME(function) function##_f32
#include "pyramid.inc.h"

static const ppx_param pyramid_params[] = {
    [LEVELS] = {"levels", PPX_INT, 1, MOST_LEVELS, NULL, "1", "how often the image is halved"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step pyramid_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = pyramid_geometry,
    .map = {.rows = {[PPX_U8] = pyramid_u8, [PPX_U16] = pyramid_u16, [PPX_F32] = pyramid_f32},
            .needs = pyramid_needs},
}};

const ppx_kernel PPX_KERNEL(pyramid) = {
    .name = "pyramid",
    .summary = "a level of the Gaussian pyramid: blurred and halved",
    .examples = "pyramid pyramid:levels=3",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = pyramid_params,
    .nparams = sizeof pyramid_params / sizeof *pyramid_params,
    .steps = pyramid_steps,
    .nsteps = 1,
    .loop_from = 0,
    .loop_to = 1,
    .again = pyramid_again,
};
