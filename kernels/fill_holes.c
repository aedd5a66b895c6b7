// fill_holes.c: fill-holes, clear-border, area-open: components of a binary image, kept or dropped.
//
//     fill-holes     components of the background that do not touch the image's border become
//                    foreground (Soille 2003, section 6.3.7)
//     clear-border   components of the foreground that touch the image's border go (section 6.3.6)
//     area-open      components of the foreground below `area` pixels go (Vincent 1992)
//
// In: one channel; any sample but 0 is foreground. Out: of the same size and type, 0 and the type's
// most. The connectivity is that of the foreground; the background has the other one (holes of an
// 8-connected figure are 4-connected), so that a closed curve has an inside. Components are sets of
// pixels, hence the answer is unique. Border: nothing lies outside; a pixel touches the border if
// it is in the first or last row or column. Method: components.h, and what a component's record
// says. Cost: a read and a write of the image, and some ns a run.
#include "components.h"

enum { CONNECTIVITY, AREA };

typedef struct extent {
    uint64_t area;    // pixels
    uint64_t touches; // how many of its runs touch the border
} extent;

static bool with_corners(const ppx_job *job) {
    return job->values[CONNECTIVITY].i == 0;
}

// ---- Components of a piece ----------------------------------------------------------------------

typedef struct visited_row {
    extent *extents;
    size_t width;
    bool outermost; // the image's first or last row
} visited_row;

static INLINE void measure(void *context, uint32_t component, size_t x0, size_t x1) {
    const visited_row *row = context;
    extent *e = &row->extents[component];
    e->area += x1 - x0;
    e->touches += row->outermost || x0 == 0 || x1 == row->width;
}

static ppx_status measure_components(const ppx_job *job, ppx_piece *piece, ppx_error *error) {
    size_t nbytes = piece->ncomponents * sizeof(extent);
    ppx_status status = ppx_pool_reserve(&piece->records, nbytes, error);
    if (status || !nbytes)
        return status;
    memset(piece->records.data, 0, nbytes);
    for (ptrdiff_t row = 0; row < piece->nrows; row++) {
        const ptrdiff_t y = piece->y0 + row;
        visited_row visited = {piece->records.data, (size_t)job->in.width,
                               y == 0 || y == job->in.height - 1};
        each_run(job, piece, row, measure, &visited);
    }
    return PPX_OK;
}

static ppx_status local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                        bool background, ppx_error *error) {
    ppx_status status = find_runs(job, rows, piece, background, error);
    if (!status)
        status = find_components(job, piece, with_corners(job) != background, error);
    return status ? status : measure_components(job, piece, error);
}

static ppx_status foreground_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                   ppx_error *error) {
    return local(job, rows, piece, false, error);
}

static ppx_status background_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                   ppx_error *error) {
    return local(job, rows, piece, true, error);
}

// ---- Across pieces ------------------------------------------------------------------------------

static ppx_status foreground_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                                  const ppx_seam *seam) {
    return component_seam(job, above, below, with_corners(job), seam);
}

static ppx_status background_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                                  const ppx_seam *seam) {
    return component_seam(job, above, below, !with_corners(job), seam);
}

static void extent_merge(const ppx_job *job, void *into, const void *from) {
    (void)job;
    extent *a = into;
    const extent *b = from;
    a->area += b->area;
    a->touches += b->touches;
}

// ---- What becomes of them -----------------------------------------------------------------------

static uint32_t foreground_if(const ppx_job *job, bool is_foreground) {
    return is_foreground ? (uint32_t)ppx_type_most(job->in.type) : 0;
}

static uint32_t inner_value(const ppx_job *job, const void *record, uint32_t number) {
    (void)number;
    return foreground_if(job, !((const extent *)record)->touches);
}

static uint32_t large_value(const ppx_job *job, const void *record, uint32_t number) {
    (void)number;
    return foreground_if(job, ((const extent *)record)->area >= (uint64_t)job->values[AREA].i);
}

// `rest` is what lies between components.
static void paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *values, ptrdiff_t y,
                  ptrdiff_t nrows, uint32_t rest, void *const *out) {
    for (ptrdiff_t k = 0; k < nrows; k++)
        if (job->in.type == PPX_U8)
            paint_row_u8(job, piece, y + k - piece->y0, values, 0, (uint8_t)rest, out[k]);
        else
            paint_row_u16(job, piece, y + k - piece->y0, values, 0, (uint16_t)rest, out[k]);
}

static void foreground_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *values,
                             ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    paint(job, piece, values, y, nrows, foreground_if(job, false), out);
}

static void background_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *values,
                             ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    paint(job, piece, values, y, nrows, foreground_if(job, true), out);
}

// ---- The kernels --------------------------------------------------------------------------------

static const ppx_param params[] = {
    [CONNECTIVITY] = {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8",
                      "of the foreground: neighbours with corners or without"},
    [AREA] = {"area", PPX_INT, 1, 4294967295.0, NULL, NULL, "the least that stays, in pixels"},
};

static const ppx_step fill_holes_steps[] = {{
    .pattern = PPX_JOIN,
    .join = {.record_nbytes = sizeof(extent),
             .local = {[PPX_U8] = background_local, [PPX_U16] = background_local},
             .edge = component_edge,
             .seam = background_seam,
             .merge = extent_merge,
             .value = inner_value,
             .paint = background_paint},
}};

const ppx_kernel PPX_KERNEL(fill_holes) = {
    .name = "fill-holes",
    .summary = "background that does not touch the image's border becomes foreground (binary)",
    .examples = "fill-holes fill-holes:connectivity=4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = params,
    .nparams = 1,
    .check = component_check,
    .steps = fill_holes_steps,
    .nsteps = 1,
};

static const ppx_step clear_border_steps[] = {{
    .pattern = PPX_JOIN,
    .join = {.record_nbytes = sizeof(extent),
             .local = {[PPX_U8] = foreground_local, [PPX_U16] = foreground_local},
             .edge = component_edge,
             .seam = foreground_seam,
             .merge = extent_merge,
             .value = inner_value,
             .paint = foreground_paint},
}};

const ppx_kernel PPX_KERNEL(clear_border) = {
    .name = "clear-border",
    .summary = "components that touch the image's border are removed (binary)",
    .examples = "clear-border clear-border:connectivity=4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = params,
    .nparams = 1,
    .check = component_check,
    .steps = clear_border_steps,
    .nsteps = 1,
};

static const ppx_step area_open_steps[] = {{
    .pattern = PPX_JOIN,
    .join = {.record_nbytes = sizeof(extent),
             .local = {[PPX_U8] = foreground_local, [PPX_U16] = foreground_local},
             .edge = component_edge,
             .seam = foreground_seam,
             .merge = extent_merge,
             .value = large_value,
             .paint = foreground_paint},
}};

const ppx_kernel PPX_KERNEL(area_open) = {
    .name = "area-open",
    .summary = "components below an area are removed (binary)",
    .examples = "area-open:area=9 area-open:connectivity=4,area=700",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = params,
    .nparams = 2,
    .check = component_check,
    .steps = area_open_steps,
    .nsteps = 1,
};
