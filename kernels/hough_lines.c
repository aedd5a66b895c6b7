// hough_lines.c: straight lines through many pixels, by the transform of Hough (1962) in the
// parameters of Duda and Hart (1972).
//
//     rho(x, y, k) = (x c_k + y s_k + 2^15) >> 16,  (c_k, s_k) = 2^16 (cos, sin)(pi k / n) / step
//
// with c_k and s_k rounded to whole numbers, n = `angles` and step = `rho` in pixels: each pixel
// that is not 0 gives one vote to (k, rho) for each angle. A line is a (k, rho) with more votes
// than `threshold` that comes before all within `apart` angles and steps by (more votes, lower
// angle, lower rho); half a turn on, angles begin anew with rho negated, and what lies outside has
// no votes. Shapes: one channel, u8 or u16, kept; the `top` lines in that order are drawn in the
// type's largest sample, as the pixels with 2 |x c_k + y s_k - 2^16 rho| <= max(|c_k|, |s_k|).
// Findings: how many lines there are; rho (pixels), theta (degrees) and votes of those. Border:
// nothing lies outside.
//
// Cost: one read; a vote for each edge and angle, the angle outside, so that the counters in use
// are in the L1 cache; one write. Counters are lanes of 32 bits, two in one of the reduction's 64
// bits: no line has 2^32 pixels, so no lane overflows and sums of counters are sums of lanes.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { THRESHOLD, TOP, ANGLES, RHO, APART, DRAW };
enum { OVER, ALONE, NONE };
enum { FURTHEST = 32000 }; // rho in steps: 2^16 rho fits 32 bits
enum { MOST_TOP = 10000 };

#define INLINE inline __attribute__((always_inline))

typedef struct angle {
    int32_t c, s;
    int32_t least;   // rho of its first lane
    uint32_t nlanes; // one for each rho that a pixel of the image may have
    uint64_t start;
} angle;

typedef struct line {
    uint32_t votes;
    int32_t k, rho;
} line;

typedef struct lines_table {
    uint64_t count; // of all lines
    size_t n;       // of those kept
    angle angles[]; // `angles` of them, and then `top` lines
} lines_table;

static inline line *kept_lines(const ppx_job *job) {
    lines_table *table = job->table;
    return (line *)(table->angles + job->values[ANGLES].i);
}

// ---- The accumulator ----------------------------------------------------------------------------

// Counters are added up as 64 bits elsewhere.
typedef uint32_t __attribute__((may_alias)) lane;

// Of all angles, a bound that every rank finds without a cosine: over half a turn their sizes add
// up to less than 2 n / pi + 1, those of sines too; rounding adds less than 4 for each angle.
static size_t lane_count(const ppx_job *job) {
    const double n = job->values[ANGLES].d;
    const double sides = (double)(job->in.width - 1) + (double)(job->in.height - 1);
    return (size_t)(sides / job->values[RHO].d * (0.6366198 * n + 1) + 4 * n) + 1;
}

static size_t lines_table_nbytes(const ppx_job *job) {
    return sizeof(lines_table) + (size_t)job->values[ANGLES].i * sizeof(angle) +
           (size_t)job->values[TOP].i * sizeof(line);
}

static int32_t fixed(double value) {
    return (int32_t)floor(value * 65536 + 0.5);
}

static int32_t rho_at(const angle *a, ptrdiff_t x, ptrdiff_t y) {
    return (int32_t)((x * a->c + y * a->s + 32768) >> 16);
}

static void lines_build(const ppx_job *job) {
    lines_table *table = job->table;
    const double pi = 3.14159265358979323846, step = job->values[RHO].d;
    const ptrdiff_t n = job->values[ANGLES].i;
    const ptrdiff_t right = job->in.width - 1, bottom = job->in.height - 1;
    uint64_t start = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        angle *a = &table->angles[k];
        const double theta = pi * (double)k / (double)n;
        a->c = 2 * k == n ? 0 : fixed(cos(theta) / step);
        a->s = fixed(sin(theta) / step);
        a->least = rho_at(a, a->c < 0 ? right : 0, 0);
        a->nlanes = (uint32_t)(rho_at(a, a->c > 0 ? right : 0, bottom) - a->least) + 1;
        a->start = start;
        start += a->nlanes;
    }
}

// ---- Votes --------------------------------------------------------------------------------------

// Edges wait here until there are enough to be worth a turn through all angles: x, and above it y
// less that of the first row.
enum { X_BITS = 26, LIST = 8192, CHUNK = 64, PARTS = 16, BLOCK = 512 };
typedef struct edges {
    size_t n;
    uint32_t found[LIST], mixed[LIST];
} edges;

// Neighbours in the list are far from each other in the image then: an increment need not wait for
// the store of the one before.
static void mix(edges *list) {
    const size_t part = list->n / PARTS;
    for (size_t p = 0; p < PARTS; p++)
        for (size_t k = 0; k < part; k++)
            list->mixed[k * PARTS + p] = list->found[p * part + k];
    for (size_t k = part * PARTS; k < list->n; k++)
        list->mixed[k] = list->found[k];
}

// Modulo 2^32: what is lost above comes back when `first` is added.
static INLINE void find_lanes(uint32_t *restrict at, const uint32_t *restrict found, size_t n,
                              uint32_t c, uint32_t s, uint32_t first) {
    const uint32_t x_mask = (1u << X_BITS) - 1;
    for (size_t k = 0; k < n; k++)
        at[k] = ((found[k] & x_mask) * c + (found[k] >> X_BITS) * s + first) >> 16;
}

// Written out: compilers that see a loop gather the addresses in vectors first, and are slower.
static INLINE void count_lanes(lane *lanes, const uint32_t *at, size_t n) {
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        lanes[at[k]]++;
        lanes[at[k + 1]]++;
        lanes[at[k + 2]]++;
        lanes[at[k + 3]]++;
        lanes[at[k + 4]]++;
        lanes[at[k + 5]]++;
        lanes[at[k + 6]]++;
        lanes[at[k + 7]]++;
    }
    for (; k < n; k++)
        lanes[at[k]]++;
}

static void vote(const ppx_job *job, edges *list, ptrdiff_t y, uint64_t *counters) {
    const lines_table *table = job->table;
    mix(list);
    for (ptrdiff_t k = 0; k < job->values[ANGLES].i; k++) {
        const angle *a = &table->angles[k];
        const uint32_t c = (uint32_t)a->c, s = (uint32_t)a->s;
        const uint32_t first = (uint32_t)y * s + 32768 - ((uint32_t)a->least << 16);
        lane *lanes = (lane *)counters + a->start;
        for (size_t from = 0; from < list->n; from += BLOCK) {
            const size_t n = list->n - from < BLOCK ? list->n - from : BLOCK;
            uint32_t at[BLOCK];
            find_lanes(at, list->mixed + from, n, c, s, first);
            count_lanes(lanes, at, n);
        }
    }
    list->n = 0;
}

// ---- Lines --------------------------------------------------------------------------------------

static inline bool comes_before(const line *a, const line *b) {
    if (a->votes != b->votes)
        return a->votes > b->votes;
    return a->k != b->k ? a->k < b->k : a->rho < b->rho;
}

#define RECORD line
#define COMES_BEFORE comes_before
#include "best.inc.h"

// Any k: half a turn further the same line has the other rho.
static line line_at(const ppx_job *job, const lane *lanes, int32_t k, int32_t rho) {
    const lines_table *table = job->table;
    const int32_t n = (int32_t)job->values[ANGLES].i;
    for (; k < 0 || k >= n; rho = -rho)
        k += k < 0 ? n : -n;
    const angle *a = &table->angles[k];
    const int64_t at = (int64_t)rho - a->least;
    const bool inside = at >= 0 && at < a->nlanes;
    return (line){inside ? lanes[a->start + (uint64_t)at] : 0, k, rho};
}

static bool is_line(const ppx_job *job, const lane *lanes, const line *l) {
    const int32_t apart = (int32_t)job->values[APART].i;
    for (int32_t dk = -apart; dk <= apart; dk++)
        for (int32_t drho = -apart; drho <= apart; drho++) {
            line other = line_at(job, lanes, l->k + dk, l->rho + drho);
            if (comes_before(&other, l))
                return false;
        }
    return true;
}

static void lines_finish(const ppx_job *job, const uint64_t *counters) {
    lines_table *table = job->table;
    const lane *lanes = (const lane *)counters;
    const size_t top = (size_t)job->values[TOP].i;
    const int64_t threshold = job->values[THRESHOLD].i;
    line *kept = kept_lines(job);
    table->count = table->n = 0;
    for (int32_t k = 0; k < job->values[ANGLES].i; k++) {
        const angle *a = &table->angles[k];
        const lane *votes = lanes + a->start;
        for (uint32_t at = 0; at < a->nlanes; at++) {
            if (votes[at] <= threshold || (at && votes[at] <= votes[at - 1]) ||
                (at + 1 < a->nlanes && votes[at] < votes[at + 1]))
                continue; // most stop here
            const line l = {votes[at], k, a->least + (int32_t)at};
            if (!is_line(job, lanes, &l))
                continue;
            table->count++;
            best_offer(kept, &table->n, top, &l);
        }
    }
    best_sort(kept, table->n);
}

static double lines_cell(const void *data, size_t row, int column) {
    const ppx_job *job = data;
    const line *l = kept_lines(job) + row;
    if (column == 0)
        return l->rho * job->values[RHO].d;
    return column == 1 ? 180.0 * l->k / job->values[ANGLES].d : l->votes;
}

static void lines_report(const ppx_job *job) {
    static const char *const columns[] = {"rho", "theta", "votes"};
    static const bool whole[] = {false, false, true};
    const lines_table *table = job->table;
    const ppx_sink *sink = job->sink;
    if (sink->number)
        sink->number(sink->context, job->kernel->name, "count", (double)table->count);
    if (sink->table)
        sink->table(sink->context, job->kernel->name,
                    &(ppx_table){"lines", 3, columns, whole, table->n, lines_cell, job});
}

// ---- Drawing ------------------------------------------------------------------------------------

static inline int64_t floor_of(int64_t a, int64_t b) { // a / b, b above 0
    return a / b - (a % b < 0);
}

// The columns [*from, *to) of a line's pixels in row y.
static void span_of(const angle *a, const line *l, ptrdiff_t y, ptrdiff_t width, ptrdiff_t *from,
                    ptrdiff_t *to) {
    const int64_t sign = a->c < 0 ? -1 : 1, c = sign * a->c;
    const int64_t t = sign * (y * (int64_t)a->s - 65536 * (int64_t)l->rho);
    const int64_t most = c > a->s ? c : a->s;
    *from = *to = 0;
    if (2 * t > most || 2 * (t + (width - 1) * c) < -most)
        return; // does not meet the row
    *to = width;
    if (c == 0)
        return;
    const int64_t first = -floor_of(most + 2 * t, 2 * c), end = floor_of(most - 2 * t, 2 * c) + 1;
    *from = first > 0 ? (ptrdiff_t)first : 0;
    *to = end < width ? (ptrdiff_t)end : width;
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define MOST UINT8_MAX
#include "hough_lines.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "hough_lines.inc.h"

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status lines_check(const ppx_job *job, ppx_error *error) {
    const double x = (double)job->in.width, y = (double)job->in.height;
    const double diagonal = sqrt(x * x + y * y);
    if (diagonal > FURTHEST * job->values[RHO].d)
        return ppx_fail(error, PPX_E_USAGE,
                        "hough-lines:rho=%g: too fine for an image of %td x %td; rho=%.2f would do",
                        job->values[RHO].d, job->in.width, job->in.height,
                        ceil(diagonal / FURTHEST * 100) / 100);
    return PPX_OK;
}

static void vote_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = (lane_count(job) + 1) / 2;
    g->scratch_nbytes = sizeof(edges);
}

static const ppx_param lines_params[] = {
    [THRESHOLD] = {"threshold", PPX_INT, 0, UINT32_MAX, NULL, "100",
                   "a line has more votes (pixels) than that"},
    [TOP] = {"top", PPX_INT, 1, MOST_TOP, NULL, "20", "how many are drawn and listed"},
    [ANGLES] = {"angles", PPX_INT, 1, 3600, NULL, "180", "directions in half a turn"},
    [RHO] = {"rho", PPX_REAL, 0.25, 100, NULL, "1", "step between parallel lines, in pixels"},
    [APART] = {"apart", PPX_INT, 1, 100, NULL, "1", "lines are further apart in angles or steps"},
    [DRAW] = {"draw", PPX_CHOICE, 0, 0, "over|alone|none", "over",
              "lines over the image, on black, or the image as it is"},
};

static const ppx_step lines_steps[] = {
    {
        .pattern = PPX_REDUCE,
        .geometry = vote_geometry,
        .reduce = {.add = {[PPX_U8] = add_u8, [PPX_U16] = add_u16}, .finish = lines_finish},
    },
    {
        .pattern = PPX_MAP,
        .map = {.rows = {[PPX_U8] = draw_u8, [PPX_U16] = draw_u16}},
    },
};

const ppx_kernel PPX_KERNEL(hough_lines) = {
    .name = "hough-lines",
    .summary = "straight lines by the Hough transform, drawn and listed",
    .examples =
        "hough-lines:threshold=20 hough-lines:threshold=3,top=1000,angles=37,apart=5,draw=alone "
        "hough-lines:threshold=0,top=7,rho=2.5,draw=none",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = lines_params,
    .nparams = sizeof lines_params / sizeof *lines_params,
    .check = lines_check,
    .table_nbytes = lines_table_nbytes,
    .build = lines_build,
    .steps = lines_steps,
    .nsteps = 2,
    .report = lines_report,
};
