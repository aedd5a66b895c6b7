// label.c: connected components of the non-zero pixels, numbered by first pixel in raster order.
//
// In: one channel of any type, non-zero is foreground (NaN too). Out: u32 of the same size, 0 for
// background, 1..n. Border: nothing lies outside. Findings: the count, and of each component its
// area, bounding box (inclusive) and centroid.
// Method and memory: components.h; findings take 40 bytes a component more.
#include "components.h"

// One component. Sums of coordinates stay exact below 2^64, coordinates below 2^32.
typedef struct label_record {
    uint64_t area, sum_x, sum_y;
    uint32_t x0, y0, x1, y1; // inclusive
} label_record;

static bool with_corners(const ppx_job *job) {
    return job->values[0].i == 0;
}

// ---- Components of a piece ----------------------------------------------------------------------

// Runs of one component that follow each other in a row, until another component comes.
typedef struct label_chain {
    label_record *records;
    uint64_t y;
    uint32_t component;
    uint64_t x0, x1, area, sum_x; // [x0, x1); sum_x is twice the sum
} label_chain;

static inline void chain_close(const label_chain *chain) {
    if (chain->component == NONE)
        return;
    label_record *record = &chain->records[chain->component];
    uint32_t x0 = (uint32_t)chain->x0, x1 = (uint32_t)chain->x1 - 1, y = (uint32_t)chain->y;
    record->area += chain->area;
    record->sum_x += chain->sum_x / 2;
    record->sum_y += chain->area * chain->y;
    record->x0 = x0 < record->x0 ? x0 : record->x0;
    record->x1 = x1 > record->x1 ? x1 : record->x1;
    record->y0 = y < record->y0 ? y : record->y0;
    record->y1 = y; // rows come in order
}

static INLINE void chain_add(void *context, uint32_t component, size_t x0, size_t x1) {
    label_chain *chain = context;
    if (component != chain->component) {
        chain_close(chain);
        *chain = (label_chain){chain->records, chain->y, component, x0, x1, 0, 0};
    }
    chain->x1 = x1;
    chain->area += x1 - x0;
    chain->sum_x += (x1 - x0) * (x0 + x1 - 1);
}

static ppx_status find_records(const ppx_job *job, ppx_piece *piece, ppx_error *error) {
    ppx_status status =
        ppx_pool_reserve(&piece->records, piece->ncomponents * sizeof(label_record), error);
    if (status)
        return status;
    label_record *records = piece->records.data;
    for (size_t k = 0; k < piece->ncomponents; k++)
        records[k] = (label_record){.x0 = UINT32_MAX, .y0 = UINT32_MAX};
    for (ptrdiff_t row = 0; row < piece->nrows; row++) {
        label_chain chain = {records, (uint64_t)(piece->y0 + row), NONE, 0, 0, 0, 0};
        each_run(job, piece, row, chain_add, &chain);
        chain_close(&chain);
    }
    return PPX_OK;
}

static ppx_status label_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                              ppx_error *error) {
    ppx_status status = find_runs(job, rows, piece, false, error);
    if (!status)
        status = find_components(job, piece, with_corners(job), error);
    return status || !job->findings ? status : find_records(job, piece, error);
}

static ppx_status label_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                             const ppx_seam *seam) {
    return component_seam(job, above, below, with_corners(job), seam);
}

static void label_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *number,
                        ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    for (ptrdiff_t k = 0; k < nrows; k++)
        paint_row_u32(job, piece, y + k - piece->y0, number, 1, 0, out[k]);
    ppx_far_end(true);
}

static void label_merge(const ppx_job *job, void *into, const void *from) {
    (void)job;
    label_record *a = into;
    const label_record *b = from;
    a->area += b->area;
    a->sum_x += b->sum_x;
    a->sum_y += b->sum_y;
    a->x0 = b->x0 < a->x0 ? b->x0 : a->x0;
    a->y0 = b->y0 < a->y0 ? b->y0 : a->y0;
    a->x1 = b->x1 > a->x1 ? b->x1 : a->x1;
    a->y1 = b->y1 > a->y1 ? b->y1 : a->y1;
}

// ---- Findings -----------------------------------------------------------------------------------

enum { LABEL, AREA, X0, Y0, X1, Y1, CX, CY, NCOLUMNS };

static double label_cell(const void *data, size_t row, int column) {
    const label_record *record = (const label_record *)data + row;
    switch (column) {
    case LABEL:
        return (double)(row + 1);
    case AREA:
        return (double)record->area;
    case X0:
        return record->x0;
    case Y0:
        return record->y0;
    case X1:
        return record->x1;
    case Y1:
        return record->y1;
    case CX:
        return (double)record->sum_x / (double)record->area;
    default:
        return (double)record->sum_y / (double)record->area;
    }
}

static void label_report(const ppx_job *job, const void *records, size_t n) {
    static const char *const columns[] = {"label", "area", "x0", "y0", "x1", "y1", "cx", "cy"};
    static const bool whole[] = {true, true, true, true, true, true, false, false};
    const ppx_sink *sink = job->sink;
    if (sink->number)
        sink->number(sink->context, job->kernel->name, "count", (double)n);
    if (sink->table)
        sink->table(sink->context, job->kernel->name,
                    &(ppx_table){"labels", NCOLUMNS, columns, whole, n, label_cell, records});
}

// ---- The kernel ---------------------------------------------------------------------------------

static void label_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_U32;
}

static const ppx_param label_params[] = {
    {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8",
     "neighbours of a pixel: with corners or without"},
};

static const ppx_step label_steps[] = {{
    .pattern = PPX_JOIN,
    .geometry = label_geometry,
    .join = {.record_nbytes = sizeof(label_record),
             .local = {label_local, label_local, label_local, label_local},
             .edge = component_edge,
             .seam = label_seam,
             .merge = label_merge,
             .paint = label_paint,
             .report = label_report},
}};

const ppx_kernel PPX_KERNEL(label) = {
    .name = "label",
    .summary = "connected components, numbered by first pixel, with their statistics",
    .examples = "label label:connectivity=4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = label_params,
    .nparams = 1,
    .check = component_check,
    .steps = label_steps,
    .nsteps = 1,
};
