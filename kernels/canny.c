// canny.c: edges by Canny's detector (1986): thin, and joined by hysteresis.
//
// In: one channel of u8 or u16. Out: u8, 255 on edges and 0 elsewhere. Steps: `gaussian` of that
// sigma (none for 0); Sobel's 3x3 gradient (gx, gy) and its size by `norm`, |gx| + |gy| or
// sqrt(gx^2 + gy^2); a pixel is a candidate if its size exceeds `low` and those of both neighbours
// across the edge; candidates above `high` are strong; 8-connected components of candidates with a
// strong one are edges. Units: of the gradient, 8 times the slope in grey levels a pixel.
// The direction across the edge is the nearest of four; tan 22.5 degrees is taken as 13573 / 32768,
// as OpenCV does, which has the same edges without the blur. Ties: equal neighbours to the right
// and below do not unseat a candidate, except diagonally; so a ramp of two equal rows has one edge.
// Border: samples beyond are those of the edge, sizes are 0. Method: all is in integers (u16 sizes
// squared in doubles, exact below 2^53); hysteresis is a question of components (components.h) and
// not a flood, so that ranks need a constant number of rounds.
// Cost: a read of the image, two bits a pixel written and read, a write of the edges.
#include "blur.h"
#include "canny_edges.h"
#include "components.h"
#include "lanes.h"

enum { LOW, HIGH, SIGMA, NORM };
enum { L1, L2 };

// ---- Blur ---------------------------------------------------------------------------------------

static ppx_blur_plan plan_of(const ppx_job *job) {
    const bool fixed = job->in.type == PPX_U8;
    return ppx_blur_plan_of(job->values[SIGMA].d, fixed ? 3.5 : 4, fixed, false);
}

#include "gaussian_whole.inc.h"

static bool blurs(const ppx_job *job) {
    return job->values[SIGMA].d > 0;
}

static size_t canny_table_nbytes(const ppx_job *job) {
    return blurs(job) ? sizeof(ppx_blur_table) : 0;
}

static void canny_build(const ppx_job *job) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur_build(job->table, &plan, job->values[SIGMA].d);
}

static void blur_geometry(const ppx_job *job, ppx_geometry *g) {
    ppx_blur_plan plan = plan_of(job);
    g->up = g->down = plan.reach;
    g->border = PPX_REPLICATE;
    g->block = PPX_BLUR_BLOCK;
    g->scratch_nbytes = ppx_blur_scratch_nbytes(job, &plan);
}

// Without a blur its step is left out.
static bool again(const ppx_job *job, int turn) {
    return blurs(job) && turn == 0;
}

// ---- Candidates ---------------------------------------------------------------------------------

// The map's output is no image of classes but their bits: a row of words of candidates, and one of
// those that are strong, 16 bytes for 64 pixels.
static inline size_t words_of(const ppx_job *job) {
    return ((size_t)job->first.width + 63) / 64;
}

// Which neighbours are compared: beside it, above and below, from the upper left, from the upper
// right.
enum { ACROSS, DOWN, FALLING, RISING };

enum { MARGIN = 16 }; // samples on either side of a line of them

#include "canny_u8.inc.h"

// The scratch for u16: so many lines of as many bytes as a double has.
enum { LINES = 9 };

static size_t line_length(const ppx_job *job) {
    return 64 * words_of(job) + 3 * MARGIN;
}

static size_t lines_nbytes(const ppx_job *job) {
    return LINES * line_length(job) * sizeof(double);
}

#define NORM_L1
#define SIZE int32_t
#define NAME(name) name##_l1
#include "canny_u16.inc.h"

#define SIZE double
#define NAME(name) name##_l2
#include "canny_u16.inc.h"

static void class_rows_u8(const ppx_job *job, const ppx_block *block) {
    if (job->values[NORM].i == L1)
        classify_u8(job, block, true);
    else
        classify_u8(job, block, false);
}

static void class_rows_u16(const ppx_job *job, const ppx_block *block) {
    if (job->values[NORM].i == L1)
        classify_u16_l1(job, block);
    else
        classify_u16_l2(job, block);
}

static void class_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = 2; // and columns by the border rule when they are summed
    g->border = PPX_REPLICATE;
    g->out.type = PPX_U8;
    g->out.width = (ptrdiff_t)(2 * sizeof(uint64_t) * words_of(job));
    g->side = job->in.type == PPX_U8;
    g->scratch_nbytes = job->in.type == PPX_U8 ? tiles_nbytes(job) : lines_nbytes(job);
}

// ---- Hysteresis ---------------------------------------------------------------------------------

static void edges_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.width = job->first.width;
}

static ppx_status edges_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                             const ppx_seam *seam) {
    return component_seam(job, above, below, true, seam);
}

static void edges_merge(const ppx_job *job, void *into, const void *from) {
    (void)job;
    *(uint32_t *)into |= *(const uint32_t *)from;
}

static uint32_t edges_value(const ppx_job *job, const void *record, uint32_t number) {
    (void)job, (void)number;
    return *(const uint32_t *)record;
}

static void edges_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *values,
                        ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    for (ptrdiff_t k = 0; k < nrows; k++)
        paint_edges(job, piece, values, y + k - piece->y0, out[k]);
}

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status canny_check(const ppx_job *job, ppx_error *error) {
    const double sigma = job->values[SIGMA].d;
    if (job->values[LOW].d > job->values[HIGH].d)
        return ppx_fail(error, PPX_E_USAGE, "canny:low=%g is above high=%g", job->values[LOW].d,
                        job->values[HIGH].d);
    if (sigma > 0 && sigma < 0.3)
        return ppx_fail(error, PPX_E_USAGE, "canny:sigma=%g: it is 0, for no blur, or at least 0.3",
                        sigma);
    return component_check(job, error);
}

static const ppx_param canny_params[] = {
    [LOW] = {"low", PPX_REAL, 0, 1e6, NULL, NULL, "gradients above it may belong to an edge"},
    [HIGH] = {"high", PPX_REAL, 0, 1e6, NULL, NULL, "an edge has one above it"},
    [SIGMA] = {"sigma", PPX_REAL, 0, 100, NULL, "1", "of the blur before, in pixels; 0 is none"},
    [NORM] = {"norm", PPX_CHOICE, 0, 0, "l1|l2", "l2", "|gx| + |gy|, or sqrt(gx^2 + gy^2)"},
};

static const ppx_step canny_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = blur_geometry,
        .map = {.rows = {[PPX_U8] = gaussian_rows, [PPX_U16] = gaussian_rows}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = class_geometry,
        .map = {.rows = {[PPX_U8] = class_rows_u8, [PPX_U16] = class_rows_u16}},
    },
    {
        .pattern = PPX_JOIN,
        .geometry = edges_geometry,
        .join = {.record_nbytes = sizeof(uint32_t),
                 .local = {[PPX_U8] = edges_local},
                 .edge = edges_edge,
                 .seam = edges_seam,
                 .merge = edges_merge,
                 .value = edges_value,
                 .paint = edges_paint},
    },
};

const ppx_kernel PPX_KERNEL(canny) = {
    .name = "canny",
    .summary = "thin edges joined by hysteresis",
    .examples = "canny:low=30,high=100,sigma=2 canny:low=200,high=700,sigma=0,norm=l1 "
                "canny:low=40.5,high=90,sigma=0 canny:low=9,high=20,sigma=9,norm=l1",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = canny_params,
    .nparams = sizeof canny_params / sizeof *canny_params,
    .check = canny_check,
    .table_nbytes = canny_table_nbytes,
    .build = canny_build,
    .steps = canny_steps,
    .nsteps = 3,
    .loop_from = 0,
    .loop_to = 1,
    .again = again,
};
