// box.c: the mean of the (2 rx + 1)(2 ry + 1) samples around each one.
//
// Shapes: any, kept, each channel by itself. Units: radii in pixels. Rounding: integers half up.
// Border: the parameter. Cost: independent of the radii. box_sums.h has the method (McDonnell
// 1981), box_means.h the arithmetic: exact for integers; f32 sums are double and start anew at
// strips.
#include "box_means.h"

enum { RADIUS, RX, RY, BORDER };

static ptrdiff_t rx_of(const ppx_job *job) {
    return (ptrdiff_t)job->values[job->values[RX].given ? RX : RADIUS].i;
}

static ptrdiff_t ry_of(const ppx_job *job) {
    return (ptrdiff_t)job->values[job->values[RY].given ? RY : RADIUS].i;
}

static ppx_status box_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (!v[RADIUS].given && !(v[RX].given && v[RY].given))
        return ppx_fail(error, PPX_E_USAGE, "box needs radius=, or rx= and ry=");
    return PPX_OK;
}

static size_t box_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(box_divisor);
}

static void box_build(const ppx_job *job) {
    box_divisor_build(job->table, rx_of(job), ry_of(job));
}

static box_frame frame_of(const ppx_job *job) {
    return (box_frame){.width = job->in.width,
                       .rx = rx_of(job),
                       .ry = ry_of(job),
                       .step = job->in.channels,
                       .border = (ppx_border)job->values[BORDER].i};
}

static void box_geometry(const ppx_job *job, ppx_geometry *g) {
    const box_frame frame = frame_of(job);
    g->up = frame.ry + 1; // the row that leaves
    g->down = frame.ry;
    g->border = frame.border;
    g->anchored = job->in.type == PPX_F32;
    g->scratch_nbytes = box_scratch_nbytes(&frame, 1);
}

static void box_u8(const ppx_job *job, const ppx_block *block) {
    const box_frame frame = frame_of(job);
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        box_row_u8(&frame, job->table, block->in + k, block->fresh && k == 0, block->scratch,
                   block->out[k]);
}

static void box_u16(const ppx_job *job, const ppx_block *block) {
    const box_frame frame = frame_of(job);
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        box_row_u16(&frame, job->table, block->in + k, block->fresh && k == 0, block->scratch,
                    block->out[k]);
}

static void box_f32(const ppx_job *job, const ppx_block *block) {
    const box_frame frame = frame_of(job);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        bool start = (block->fresh && k == 0) || (block->y + k) % PPX_STRIP == 0;
        box_row_f32(&frame, job->table, block->in + k, start, block->scratch, block->out[k]);
    }
}

enum { MOST_RADIUS = 500 };

static const ppx_param box_params[] = {
    [RADIUS] = {"radius", PPX_INT, 0, MOST_RADIUS, NULL, "", "pixels to each side of the centre"},
    [RX] = {"rx", PPX_INT, 0, MOST_RADIUS, NULL, "", "to the left and right, instead of radius"},
    [RY] = {"ry", PPX_INT, 0, MOST_RADIUS, NULL, "", "up and down, instead of radius"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step box_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = box_geometry,
    .map = {.rows = {[PPX_U8] = box_u8, [PPX_U16] = box_u16, [PPX_F32] = box_f32}},
}};

const ppx_kernel PPX_KERNEL(box) = {
    .name = "box",
    .summary = "mean over a rectangle, at a cost that does not depend on its size",
    .examples = "box:radius=1 box:radius=7 box:rx=2,ry=40 box:radius=70",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = box_params,
    .nparams = sizeof box_params / sizeof *box_params,
    .check = box_check,
    .table_nbytes = box_table_nbytes,
    .build = box_build,
    .steps = box_steps,
    .nsteps = 1,
};
