// local_threshold.c: adaptive, sauvola: black and white by a threshold that follows the
// surroundings.
//
// With the mean m and the standard deviation s of the (2 radius + 1)^2 samples around v:
//   adaptive  v > m - offset gives most, else 0. For integers m is rounded half up first: the same
//             as OpenCV's ADAPTIVE_THRESH_MEAN_C
//   sauvola   v > m (1 + k (s / R - 1)) gives most, else 0; R is half of the range, most / 2
//             (Sauvola, Pietikainen 2000, where k is 0.5)
// Shapes: any, kept, each channel by itself. Units: radius in pixels, offset in those of the
// samples (grey levels of integers). Border: the parameter. Cost: independent of the radius; a row
// of means is compared while it is in the cache. For sauvola the sums of samples and of their
// squares are whole numbers in double, exact below 2^53, except those of f32, which start anew at
// every strip (see box_sums.h).
#include "box_means.h"

enum { RADIUS, AMOUNT, BORDER }; // offset or k
enum { MOST_RADIUS = 500 };

static box_frame frame_of(const ppx_job *job) {
    const ptrdiff_t radius = (ptrdiff_t)job->values[RADIUS].i;
    return (box_frame){.width = job->in.width,
                       .rx = radius,
                       .ry = radius,
                       .step = job->in.channels,
                       .border = (ppx_border)job->values[BORDER].i};
}

static bool starts(const ppx_job *job, const ppx_block *block, ptrdiff_t k) {
    return (block->fresh && k == 0) || (job->geometry.anchored && (block->y + k) % PPX_STRIP == 0);
}

// Two lines of sums, or one and a row of means.
static void geometry(const ppx_job *job, ppx_geometry *g) {
    const box_frame frame = frame_of(job);
    g->up = frame.ry + 1; // the row that leaves
    g->down = frame.ry;
    g->border = frame.border;
    g->anchored = job->in.type == PPX_F32;
    g->scratch_nbytes = box_scratch_nbytes(&frame, 2);
}

static size_t divisor_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(box_divisor);
}

static void build_divisor(const ppx_job *job) {
    const box_frame frame = frame_of(job);
    box_divisor_build(job->table, frame.rx, frame.ry);
}

// ---- adaptive -----------------------------------------------------------------------------------

// offset as a whole number: v - m > -offset for whole v and m. No difference is larger than most.
static int whole_offset(const ppx_job *job, int most) {
    const double offset = job->values[AMOUNT].d;
    if (offset > most)
        return most + 1;
    if (offset < -most)
        return -most - 1;
    const int below = (int)offset; // towards 0
    return below + (below < offset);
}

// In bytes: how far v is below the mean decides for a positive offset, else how far it is above.
static inline void adaptive_row_u8(const ppx_job *job, const uint8_t *restrict in,
                                   const uint8_t *restrict means, ptrdiff_t n,
                                   uint8_t *restrict out) {
    const int offset = whole_offset(job, UINT8_MAX);
    if (offset > 0) {
        const uint8_t most = (uint8_t)(offset - 1);
        for (ptrdiff_t k = 0; k < n; k++) {
            const uint8_t below = means[k] > in[k] ? (uint8_t)(means[k] - in[k]) : 0;
            out[k] = below > most ? 0 : UINT8_MAX;
        }
    } else {
        const uint8_t most = (uint8_t)(-offset < UINT8_MAX ? -offset : UINT8_MAX);
        for (ptrdiff_t k = 0; k < n; k++) {
            const uint8_t more = in[k] > means[k] ? (uint8_t)(in[k] - means[k]) : 0;
            out[k] = more > most ? UINT8_MAX : 0;
        }
    }
}

static inline void adaptive_row_u16(const ppx_job *job, const uint16_t *restrict in,
                                    const uint16_t *restrict means, ptrdiff_t n,
                                    uint16_t *restrict out) {
    const int32_t offset = whole_offset(job, UINT16_MAX);
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = in[k] + offset > means[k] ? UINT16_MAX : 0;
}

static inline void adaptive_row_f32(const ppx_job *job, const float *restrict in,
                                    const float *restrict means, ptrdiff_t n, float *restrict out) {
    const float offset = (float)job->values[AMOUNT].d;
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = in[k] > means[k] - offset ? 1 : 0;
}

// ---- sauvola ------------------------------------------------------------------------------------

#define SQUARE(sample) ((sample) * (sample))

#define PIXEL uint8_t
#define COLUMN uint32_t
#define NAME(function) function##_u8_whole
#define SUM_IS_DOUBLE
#include "box_sums.inc.h"

#define PIXEL uint8_t
#define COLUMN uint32_t
#define NAME(function) function##_u8_squares
#define SUM_IS_DOUBLE
#define VALUE SQUARE
#include "box_sums.inc.h"

#define PIXEL uint16_t
#define COLUMN double
#define COLUMN_IS_DOUBLE
#define NAME(function) function##_u16_squares
#define SUM_IS_DOUBLE
#define VALUE SQUARE
#include "box_sums.inc.h"

#define PIXEL float
#define COLUMN double
#define COLUMN_IS_DOUBLE
#define NAME(function) function##_f32_squares
#define SUM_IS_DOUBLE
#define VALUE SQUARE
#include "box_sums.inc.h"

typedef struct sauvola_line {
    double area, base, slope, most;
} sauvola_line;

static sauvola_line sauvola_of(const ppx_job *job) {
    const box_divisor *d = job->table;
    const double k = job->values[AMOUNT].d, most = ppx_type_most(job->in.type);
    return (sauvola_line){d->area, 1 - k, k / (most / 2) / d->area, most};
}

// Area times both sides: v A > S (1 - k + k / R sqrt(A Q - S^2) / A).
static inline bool above(double v, double sum, double squares, const sauvola_line *line) {
    double spread = line->area * squares - sum * sum; // area^2 times the variance
    spread = spread > 0 ? spread : 0;
    return v * line->area > sum * (line->base + __builtin_sqrt(spread) * line->slope);
}

// ---- Rows, by type ------------------------------------------------------------------------------

#define PIXEL uint8_t
#define COLUMN uint32_t
#define SQUARES uint32_t
#define NAME(function) function##_u8
#define SUMS(function) function##_u8_whole
#define SUMS_OF_SQUARES(function) function##_u8_squares
#include "local_threshold.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define SQUARES double
#define NAME(function) function##_u16
#define SUMS(function) function##_u16_large
#define SUMS_OF_SQUARES(function) function##_u16_squares
#include "local_threshold.inc.h"

#define PIXEL float
#define COLUMN double
#define SQUARES double
#define NAME(function) function##_f32
#define SUMS(function) function##_f32
#define SUMS_OF_SQUARES(function) function##_f32_squares
#include "local_threshold.inc.h"

// ---- Descriptors --------------------------------------------------------------------------------

#define PARAM_RADIUS                                                                               \
    { "radius", PPX_INT, 0, MOST_RADIUS, NULL, "15", "pixels to each side of the centre" }

static const ppx_param adaptive_params[] = {
    [RADIUS] = PARAM_RADIUS,
    [AMOUNT] = {"offset", PPX_REAL, -1e9, 1e9, NULL, "0",
                "below the mean, in units of the samples"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step adaptive_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = geometry,
    .map = {.rows = {[PPX_U8] = adaptive_u8, [PPX_U16] = adaptive_u16, [PPX_F32] = adaptive_f32}},
}};

const ppx_kernel PPX_KERNEL(adaptive) = {
    .name = "adaptive",
    .summary = "black and white by the mean over a square, less an offset",
    .examples =
        "adaptive adaptive:radius=1,offset=2 adaptive:radius=7,offset=-3.5 adaptive:radius=70",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = adaptive_params,
    .nparams = sizeof adaptive_params / sizeof *adaptive_params,
    .table_nbytes = divisor_nbytes,
    .build = build_divisor,
    .steps = adaptive_steps,
    .nsteps = 1,
};

static const ppx_param sauvola_params[] = {
    [RADIUS] = PARAM_RADIUS,
    [AMOUNT] = {"k", PPX_REAL, -1, 1, NULL, "0.2", "how far below the mean where nothing varies"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step sauvola_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = geometry,
    .map = {.rows = {[PPX_U8] = sauvola_u8, [PPX_U16] = sauvola_u16, [PPX_F32] = sauvola_f32}},
}};

const ppx_kernel PPX_KERNEL(sauvola) = {
    .name = "sauvola",
    .summary = "black and white by mean and standard deviation over a square: text on uneven paper",
    .examples = "sauvola sauvola:radius=3,k=0.5 sauvola:radius=70",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = sauvola_params,
    .nparams = sizeof sauvola_params / sizeof *sauvola_params,
    .table_nbytes = divisor_nbytes,
    .build = build_divisor,
    .steps = sauvola_steps,
    .nsteps = 1,
};
