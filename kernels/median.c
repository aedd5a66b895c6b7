// median.c: the median of a square window: of its k * k samples (k = 2 radius + 1, an odd number)
// the one with as many below as above.
//
// Shapes: any, kept; each channel for itself, alpha passes through. Border: as chosen. Exact for
// every type. f32: a zero comes out as +0; nothing is promised where there are NaNs.
//   3x3, 5x5   sorted columns, shared by the windows that hold them, then a selection network
//              (Kolte, Smith, Su, A fast median filter using AltiVec, ICCD 1999): minima and maxima
//              of row vectors, about 17 and 93 a vector
//   larger     the sample of rank (k * k - 1) / 2, see rank.h
#include "rank.h"

#include <string.h>

enum { RADIUS, BORDER };
enum { NETWORK_RADIUS = 2 }; // of the networks here

static ppx_rank rank_of(const ppx_job *job) {
    ppx_rank r = {.radius = (ptrdiff_t)job->values[RADIUS].i,
                  .border = (ppx_border)job->values[BORDER].i};
    r.k = 2 * r.radius + 1;
    r.rank = r.k * r.k / 2;
    return r;
}

// From one line of the networks' scratch to the next, in samples: sides, a whole number of 64
// bytes, and not of 4096.
static ptrdiff_t pitch_of(const ppx_job *job) {
    ptrdiff_t nbytes = (ptrdiff_t)ppx_shape_row_nbytes(job->in);
    return (((nbytes + 63) / 64 + 2) | 1) * 64 / (ptrdiff_t)ppx_type_nbytes(job->in.type);
}

static inline void prefetch_row(const void *row, size_t nbytes) {
    for (size_t k = 0; k < nbytes; k += 64)
        __builtin_prefetch((const char *)row + k);
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define FINISH(v) (v)
#include "median.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define FINISH(v) (v)
#include "median.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define FINISH(v) ((v) + 0.0f)
#include "median.inc.h"

// ---- The kernel ----

static bool is_larger(const ppx_job *job) {
    return job->values[RADIUS].i > NETWORK_RADIUS;
}

static void larger(const ppx_job *job, const ppx_block *block) {
    const ppx_rank r = rank_of(job);
    ppx_rank_rows(job, &r, block);
}

typedef void rows(const ppx_job *job, const ppx_block *block);

static void any_rows(const ppx_job *job, const ppx_block *block, rows *rows3, rows *rows5) {
    const int64_t radius = job->values[RADIUS].i;
    (radius == 1 ? rows3 : radius == 2 ? rows5 : larger)(job, block);
}

static void median_u8(const ppx_job *job, const ppx_block *block) {
    any_rows(job, block, rows3_u8, rows5_u8);
}

static void median_u16(const ppx_job *job, const ppx_block *block) {
    any_rows(job, block, rows3_u16, rows5_u16);
}

static void median_f32(const ppx_job *job, const ppx_block *block) {
    any_rows(job, block, rows3_f32, rows5_f32);
}

static size_t table_nbytes(const ppx_job *job) {
    const ppx_rank r = rank_of(job);
    return is_larger(job) ? ppx_rank_table_nbytes(job, &r) : 0;
}

static void build(const ppx_job *job) {
    const ppx_rank r = rank_of(job);
    if (is_larger(job))
        ppx_rank_build(job, &r);
}

static void geometry(const ppx_job *job, ppx_geometry *g) {
    const ppx_rank r = rank_of(job);
    if (is_larger(job)) {
        ppx_rank_geometry(job, &r, g);
        return;
    }
    g->up = g->down = r.radius; // rows as they lie: the sides are made of sorted columns
    g->border = r.border;
    g->block = PPX_STRIP;
    const size_t nends = r.radius == 1 ? (PPX_STRIP + 2) * 64 : 0;
    g->scratch_nbytes = (nends + (size_t)(2 * r.k * pitch_of(job))) * ppx_type_nbytes(job->in.type);
}

static const ppx_param params[] = {
    {"radius", PPX_INT, 1, PPX_RANK_RADIUS, NULL, "1", "pixels to each side"},
    PPX_PARAM_BORDER,
};

static const ppx_step steps[] = {{
    .pattern = PPX_MAP,
    .geometry = geometry,
    .map = {.rows = {[PPX_U8] = median_u8, [PPX_U16] = median_u16, [PPX_F32] = median_f32}},
}};

const ppx_kernel PPX_KERNEL(median) = {
    .name = "median",
    .summary = "the median of a square window",
    .examples = "median:radius=1 median:radius=2 median:radius=3 median:radius=7 median:radius=9 "
                "median:radius=24",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = params,
    .nparams = sizeof params / sizeof *params,
    .table_nbytes = table_nbytes,
    .build = build,
    .steps = steps,
    .nsteps = 1,
};
