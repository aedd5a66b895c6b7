// peaks.c: the pixels above a threshold that exceed their eight neighbours.
//
// Pixels are ordered by (value, then the earlier in raster order), so that a plateau has one peak
// at most: its first pixel, if nothing around is higher; pixel p is a peak if it is above all of
// its neighbours before it and not below one after it. Shapes: one channel of any type; u8 of the
// same size comes out, 255 where there is a peak. Border: nothing lies outside. Findings: how many
// there are, and x, y and value of the `top` largest, in that order. NaN is never a peak.
//
// A map leaves the values of peaks and 0 elsewhere. A join whose components never touch collects
// them: its records are in raster order however the image was cut. Cost: two reads of the image, a
// write of each type.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { THRESHOLD, TOP };
enum { MOST_TOP = 100000 };

typedef struct peak {
    uint32_t x, y;
    double value;
} peak;

typedef struct peaks_table {
    uint32_t whole; // the largest whole number that is not above the threshold
    float real;     // the largest float that is not
    size_t n;       // peaks that were kept
    peak kept[];    // `top` of them
} peaks_table;

static size_t peaks_table_nbytes(const ppx_job *job) {
    return sizeof(peaks_table) + (size_t)job->values[TOP].i * sizeof(peak);
}

static void peaks_build(const ppx_job *job) {
    peaks_table *table = job->table;
    double threshold = job->values[THRESHOLD].d;
    table->whole = threshold >= UINT32_MAX ? UINT32_MAX : (uint32_t)threshold;
    table->real = (float)threshold;
    if ((double)table->real > threshold)
        table->real = nextafterf(table->real, 0);
}

// ---- Which pixels are peaks, and where ----------------------------------------------------------

// piece->a: the index of each row's first peak (nrows + 1). piece->b: their columns.
static inline size_t *first_peaks(const ppx_piece *piece) {
    return piece->a.data;
}

static ppx_status reserve(const ppx_job *job, ppx_piece *piece, size_t npeaks, ppx_error *error) {
    ppx_status status = ppx_pool_reserve(&piece->b, npeaks * sizeof(uint32_t), error);
    if (!status && job->findings)
        status = ppx_pool_reserve(&piece->records, npeaks * sizeof(peak), error);
    return status;
}

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define LEVEL(table) (uint8_t)((table)->whole < UINT8_MAX ? (table)->whole : UINT8_MAX)
#include "peaks.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define LEVEL(table) (uint16_t)((table)->whole < UINT16_MAX ? (table)->whole : UINT16_MAX)
#include "peaks.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32
#define LEVEL(table) (table)->whole
#include "peaks.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define LEVEL(table) (table)->real
#include "peaks.inc.h"

static void peaks_edge(const ppx_job *job, const ppx_piece *piece, bool last, uint32_t *ids) {
    (void)piece, (void)last;
    for (ptrdiff_t x = 0; x < job->in.width; x++)
        ids[x] = PPX_NO_COMPONENT; // none reaches across
}

static ppx_status peaks_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                             const ppx_seam *seam) {
    (void)job, (void)above, (void)below, (void)seam;
    return PPX_OK;
}

static void peaks_merge(const ppx_job *job, void *into, const void *from) {
    (void)job, (void)into, (void)from; // never two of one
}

static void peaks_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *number,
                        ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    (void)number;
    const size_t *first = first_peaks(piece) + (y - piece->y0);
    const uint32_t *columns = piece->b.data;
    for (ptrdiff_t row = 0; row < nrows; row++) {
        uint8_t *to = out[row];
        memset(to, 0, (size_t)job->in.width);
        for (size_t k = first[row]; k < first[row + 1]; k++)
            to[columns[k]] = UINT8_MAX;
    }
}

// ---- The largest of them ------------------------------------------------------------------------

static inline bool comes_before(const peak *a, const peak *b) {
    if (a->value != b->value)
        return a->value > b->value;
    return a->y != b->y ? a->y < b->y : a->x < b->x;
}

#define RECORD peak
#define COMES_BEFORE comes_before
#include "best.inc.h"

static double peaks_cell(const void *data, size_t row, int column) {
    const peak *p = (const peak *)data + row;
    return column == 0 ? p->x : column == 1 ? p->y : p->value;
}

static void peaks_report(const ppx_job *job, const void *records, size_t n) {
    static const char *const columns[] = {"x", "y", "value"};
    const bool whole[] = {true, true, job->in.type != PPX_F32};
    peaks_table *table = job->table;
    const ppx_sink *to = job->sink;
    if (to->number)
        to->number(to->context, job->kernel->name, "count", (double)n);
    table->n = 0;
    for (size_t k = 0; k < n; k++)
        best_offer(table->kept, &table->n, (size_t)job->values[TOP].i, (const peak *)records + k);
    best_sort(table->kept, table->n);
    if (to->table)
        to->table(to->context, job->kernel->name,
                  &(ppx_table){"peaks", 3, columns, whole, table->n, peaks_cell, table->kept});
}

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status peaks_check(const ppx_job *job, ppx_error *error) {
    if ((uint64_t)job->in.width >= UINT32_MAX || (uint64_t)job->in.height >= UINT32_MAX)
        return ppx_fail(error, PPX_E_USAGE, "peaks: an image of %td x %td is too large for it",
                        job->in.width, job->in.height);
    return PPX_OK;
}

// What lies outside is 0 and therefore below every peak.
static void suppress_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->up = g->down = g->side = 1;
    g->border = PPX_CONSTANT;
}

static void collect_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_U8;
}

static const ppx_param peaks_params[] = {
    [THRESHOLD] = {"threshold", PPX_REAL, 0, 1e30, NULL, "0", "peaks are above it"},
    [TOP] = {"top", PPX_INT, 1, MOST_TOP, NULL, "1000", "how many are listed, the largest first"},
};

static const ppx_step peaks_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = suppress_geometry,
        .map = {.rows = {suppress_u8, suppress_u16, suppress_u32, suppress_f32}},
    },
    {
        .pattern = PPX_JOIN,
        .geometry = collect_geometry,
        .join = {.record_nbytes = sizeof(peak),
                 .local = {collect_u8, collect_u16, collect_u32, collect_f32},
                 .edge = peaks_edge,
                 .seam = peaks_seam,
                 .merge = peaks_merge,
                 .paint = peaks_paint,
                 .report = peaks_report},
    },
};

const ppx_kernel PPX_KERNEL(peaks) = {
    .name = "peaks",
    .summary = "local maxima above a threshold, with a table of the largest",
    .examples = "peaks peaks:threshold=100,top=5",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = peaks_params,
    .nparams = sizeof peaks_params / sizeof *peaks_params,
    .check = peaks_check,
    .table_nbytes = peaks_table_nbytes,
    .build = peaks_build,
    .steps = peaks_steps,
    .nsteps = 2,
};
