// flip.c: the mirror image.
//
//     direction=vertical    out(x, y) = in(x, height - 1 - y)
//     direction=horizontal  out(x, y) = in(width - 1 - x, y)
//     direction=both        the image turned by half a turn
//
// Shapes: any, kept, alpha moves with its pixel. Border: none. Cost: one read and one write of the
// image. Output rows need the rows at the other end of the image: a map by interval, which on ranks
// is a whole band from far away.
#include "far.h"

#include <string.h>

enum { DIRECTION };
enum { VERTICAL, HORIZONTAL, BOTH };

static inline bool is_vertical(const ppx_job *job) {
    return job->values[DIRECTION].i != HORIZONTAL;
}

// Pixels by their size, whatever they hold and wherever they begin: of the sizes that numbers have
// the compiler makes vectors.
typedef uint16_t pixel_2 __attribute__((may_alias, aligned(1)));
typedef uint32_t pixel_4 __attribute__((may_alias, aligned(1)));
typedef uint64_t pixel_8 __attribute__((may_alias, aligned(1)));
typedef struct pixel_3 {
    uint8_t byte[3];
} pixel_3;
typedef struct pixel_6 {
    uint8_t byte[6];
} pixel_6;
typedef struct pixel_12 {
    uint8_t byte[12];
} pixel_12;
typedef struct pixel_16 {
    uint8_t byte[16];
} pixel_16;

#define PIXEL uint8_t
#define NAME(function) function##_1
#include "flip.inc.h"

#define PIXEL pixel_2
#define NAME(function) function##_2
#include "flip.inc.h"

#define PIXEL pixel_3
#define NAME(function) function##_3
#include "flip.inc.h"

#define PIXEL pixel_4
#define NAME(function) function##_4
#include "flip.inc.h"

#define PIXEL pixel_6
#define NAME(function) function##_6
#include "flip.inc.h"

#define PIXEL pixel_8
#define NAME(function) function##_8
#include "flip.inc.h"

#define PIXEL pixel_12
#define NAME(function) function##_12
#include "flip.inc.h"

#define PIXEL pixel_16
#define NAME(function) function##_16
#include "flip.inc.h"

static void mirror(void *out, const void *in, ptrdiff_t width, size_t pixel_nbytes) {
    switch (pixel_nbytes) {
    case 1:
        mirror_1(out, in, width);
        break;
    case 2:
        mirror_2(out, in, width);
        break;
    case 3:
        mirror_3(out, in, width);
        break;
    case 4:
        mirror_4(out, in, width);
        break;
    case 6:
        mirror_6(out, in, width);
        break;
    case 8:
        mirror_8(out, in, width);
        break;
    case 12:
        mirror_12(out, in, width);
        break;
    default:
        mirror_16(out, in, width);
        break;
    }
}

static void flip_rows(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = block->nrows;
    const size_t pixel_nbytes = (size_t)job->in.channels * ppx_type_nbytes(job->in.type);
    if (job->values[DIRECTION].i == VERTICAL) {
        ppx_copy_rows(block, ppx_shape_row_nbytes(job->in), true);
        return;
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        const void *in = block->in[is_vertical(job) ? n - 1 - k : k];
        mirror(block->out[k], in, job->in.width, pixel_nbytes);
    }
}

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
    .map = {.rows = {flip_rows, flip_rows, flip_rows, flip_rows}, .needs = flip_needs},
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
