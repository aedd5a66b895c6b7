// distance.c: how far the nearest background pixel is (distance transform), and which that is.
//
// In: one channel of any type, zero is background. Out: u32 of the same size, 0 for background. The
// metrics, of steps dx and dy: euclidean dx^2 + dy^2 (the square, or its root as f32), cityblock
// |dx| + |dy|, chessboard max(|dx|, |dy|). An image without background is UINT32_MAX, or infinity,
// everywhere. The kernel nearest gives the index y W + x of the pixel that is nearest in the
// euclidean metric, of those that are equally near the smallest; UINT32_MAX without background.
// Border: nothing lies outside. Limits: 65535 rows, and 2 (W-1)^2 + (H-1)^2 < 2^32.
// Method: distances along the columns by a scan down and a scan up (Meijster, Roerdink, Hesselink
// 2000), which goes on along the rows, by searches for minima (distance_rows.h). All in integers.
// Cost: the image is read once, 2 bytes a pixel are written and read, the result is written once.
#include "distance_rows.h"

#include <math.h>
#include <string.h>

enum { METRIC, ROOT };
enum { EUCLIDEAN, CITYBLOCK, CHESSBOARD };

static inline uint16_t most_lane(const uint16_t *lanes) {
    uint16_t found = 0;
    for (int k = 0; k < BLOCK; k++)
        found = found > lanes[k] ? found : lanes[k];
    return found;
}

static void write_near(const uint16_t *restrict near, ptrdiff_t x, ptrdiff_t npixels, bool roots,
                       void *out) {
    if (roots) {
        float *restrict to = (float *)out + x;
        for (ptrdiff_t k = 0; k < npixels; k++)
            to[k] = sqrtf((float)near[k]);
    } else {
        uint32_t *restrict to = (uint32_t *)out + x;
        for (ptrdiff_t k = 0; k < npixels; k++)
            to[k] = near[k];
    }
}

// Squares below 2^24 are floats: their roots are rounded once, as those by way of double are.
static void write_roots(const uint32_t *restrict squares, ptrdiff_t n, float *restrict out) {
    uint32_t largest = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        largest = largest > squares[k] ? largest : squares[k];
    if (largest < 1u << 24)
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] = sqrtf((float)(int32_t)squares[k]);
    else
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] = squares[k] == UINT32_MAX ? INFINITY : (float)sqrt((double)squares[k]);
}

// From far[0...] to pixels [a, b).
static void write_far(const uint32_t *far, ptrdiff_t a, ptrdiff_t b, bool roots, void *out) {
    if (roots)
        write_roots(far, b - a, (float *)out + a);
    else
        memcpy((uint32_t *)out + a, far, (size_t)(b - a) * sizeof *far);
}

// A site that no pixel chooses as long as there is another, however far it is.
static inline uint32_t none_of(const ppx_job *job) {
    return UINT32_MAX - costs_at(job)[job->in.width - 1];
}

// What blocks and chunks find beyond the row.
static void begin_rows(const ppx_job *job, const distance_scratch *s) {
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 1; k <= PAD; k++)
        s->lanes[-k] = SITE_MOST;
    for (ptrdiff_t x = width; x < (ptrdiff_t)padded(width) - PAD; x++)
        s->lanes[x] = SITE_MOST;
    for (ptrdiff_t x = width; x < width + CHUNK; x++)
        s->sites[x] = none_of(job);
}

#define NAME(function) function##_euclidean
#define ROOT_MOST 181
#define SITE(g) ((g) * (g))
#define COST(d) ((d) * (d))
#define JOIN(site, cost) ((site) + (cost))
#define JOINS(site, cost) ((site) + (cost))
#include "distance_rows.inc.h"
#undef NAME
#undef ROOT_MOST
#undef SITE
#undef COST

#define NAME(function) function##_cityblock
#define ROOT_MOST SITE_MOST
#define SITE(g) (g)
#define COST(d) (d)
#include "distance_rows.inc.h"
#undef NAME
#undef JOIN
#undef JOINS

#define NAME(function) function##_chessboard
#define JOIN(site, cost) ((site) > (cost) ? (site) : (cost))
#define JOINS(site, cost) words_max(site, cost)
#include "distance_rows.inc.h"

#include "nearest.inc.h"

static void sweep_up(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint32_t *carry, void *const *out, void *scratch) {
    switch (job->values[METRIC].i) {
    case EUCLIDEAN:
        sweep_up_euclidean(job, rows, y, nrows, carry, out, scratch);
        break;
    case CITYBLOCK:
        sweep_up_cityblock(job, rows, y, nrows, carry, out, scratch);
        break;
    default:
        sweep_up_chessboard(job, rows, y, nrows, carry, out, scratch);
        break;
    }
}

static void up_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.type = job->values[ROOT].i ? PPX_F32 : PPX_U32;
    g->ncarry = (size_t)job->in.width;
    g->scratch_nbytes = scratch_nbytes(job->in.width);
}

static ppx_status distance_check(const ppx_job *job, ppx_error *error) {
    if (job->values[ROOT].i && job->values[METRIC].i != EUCLIDEAN)
        return ppx_fail(error, PPX_E_USAGE, "distance:root=yes is for metric=euclidean");
    return size_check(job, error);
}

static void distance_build(const ppx_job *job) {
    build_costs(job, job->values[METRIC].i == EUCLIDEAN);
}

static const ppx_param distance_params[] = {
    [METRIC] = {"metric", PPX_CHOICE, 0, 0, "euclidean|cityblock|chessboard", "euclidean",
                "how far: dx^2 + dy^2, |dx| + |dy| or max(|dx|, |dy|)"},
    [ROOT] = {"root", PPX_CHOICE, 0, 0, "no|yes", "no",
              "yes: the root of the euclidean square, as f32"},
};

static const ppx_step distance_steps[] = {
    DISTANCE_DOWN,
    {
        .pattern = PPX_SCAN,
        .geometry = up_geometry,
        .scan = {.carry = PPX_CARRY_MAX,
                 .upward = true,
                 .summarise = {[PPX_U16] = summarise_up},
                 .sweep = {[PPX_U16] = sweep_up}},
    },
};

const ppx_kernel PPX_KERNEL(distance) = {
    .name = "distance",
    .summary = "exact distance to the nearest zero pixel; euclidean is squared, as u32",
    .examples = "distance distance:root=yes distance:metric=cityblock distance:metric=chessboard "
                "threshold:t=250+distance threshold:t=3+invert+distance",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = distance_params,
    .nparams = sizeof distance_params / sizeof *distance_params,
    .check = distance_check,
    .table_nbytes = costs_nbytes,
    .build = distance_build,
    .steps = distance_steps,
    .nsteps = 2,
};

static void nearest_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.type = PPX_U32;
    g->ncarry = (size_t)job->in.width;
    g->scratch_nbytes = scratch_nbytes(job->in.width);
}

static void nearest_build(const ppx_job *job) {
    build_costs(job, true);
}

static const ppx_step nearest_steps[] = {
    DISTANCE_DOWN,
    {
        .pattern = PPX_SCAN,
        .geometry = nearest_geometry,
        .scan = {.carry = PPX_CARRY_MAX,
                 .upward = true,
                 .summarise = {[PPX_U16] = summarise_up},
                 .sweep = {[PPX_U16] = sweep_nearest}},
    },
};

const ppx_kernel PPX_KERNEL(nearest) = {
    .name = "nearest",
    .summary = "index y * width + x of the nearest zero pixel, the smallest of several",
    .examples = "nearest threshold:t=250+nearest threshold:t=3+invert+nearest",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .check = size_check,
    .table_nbytes = costs_nbytes,
    .build = nearest_build,
    .steps = nearest_steps,
    .nsteps = 2,
};
