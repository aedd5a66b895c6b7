// watershed.c: every pixel to the basin, or the marker, that floods it first.
//
// In: one channel of any type. Out: u32 of the same size, a label for each pixel; 0 where nothing
// comes, below the floor, and for NaN. Water rises from the markers, which `markers` names (a label
// image) or which are the minima, numbered by first pixel in raster order. A pixel is flooded at
// (level, steps): the least over all paths from a marker of the highest value on the way and, at
// that level, of the steps since it was reached (the drain of a plateau, then its distance to it).
// It takes the label of the neighbour that was flooded first, of several the first in raster order.
// That makes the result unique: (level, steps) is the least fixed point of a monotone map, as in
// image foresting (Falcao, Stolfi, Lotufo 2004), and every label hangs on an earlier pixel. Without
// markers this is steepest descent with lower completion (Roerdink, Meijster 2000). of=maxima: the
// same of the inverted image. depth: minima from which a way out climbs no more than that are
// filled first (h-minima), and the flood is that of the filled image; lines: pixels next to a
// smaller label become 0, afterwards. Border: nothing lies outside. Limits: 65535 pixels a side;
// of markers the labels below 2^32 - 17, larger ones are none. Memory: 20 bytes a pixel and what
// waits. Method: no queue of heights. Levels, steps and labels settle one after the other: levels
// along the minimum spanning forest of passes (flood_levels.h), steps ring by ring on all plateaus
// at once (flood_steps.h), labels along the ways that are left (flood_labels.h).
#include "basins.h"
#include "flood_labels.h"
#include "flood_levels.h"

enum { CONNECTIVITY, OF, MARKERS, DEPTH, FLOOR, LINES };

// ---- Heights: words in the order in which water comes -------------------------------------------

static inline int32_t height_of_u32(uint32_t v) {
    return (int32_t)(v ^ 1u << 31);
}

static inline int32_t height_of_f32(float v) {
    int32_t bits;
    v += 0.0f; // one zero
    memcpy(&bits, &v, sizeof bits);
    return bits < 0 ? bits ^ INT32_MAX : bits;
}

static inline float f32_of_height(int32_t height) {
    const int32_t bits = height < 0 ? height ^ INT32_MAX : height;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// The bits that turn the order of heights.
static inline int32_t turning(const ppx_job *job) {
    const ppx_type type = job->first.type;
    if (job->values[OF].i)
        return 0;
    return type == PPX_U8 ? UINT8_MAX : type == PPX_U16 ? UINT16_MAX : -1;
}

// The labels of a row of markers.
static void seeds_of(const void *markers, ppx_type type, ptrdiff_t width, int32_t *labels) {
    if (!markers)
        memset(labels, 0, (size_t)width * sizeof *labels);
    for (ptrdiff_t x = 0; markers && type == PPX_U8 && x < width; x++)
        labels[x] = ((const uint8_t *)markers)[x];
    for (ptrdiff_t x = 0; markers && type == PPX_U16 && x < width; x++)
        labels[x] = ((const uint16_t *)markers)[x];
    for (ptrdiff_t x = 0; markers && type == PPX_U32 && x < width; x++) {
        const uint32_t seed = ((const uint32_t *)markers)[x];
        labels[x] = seed > (uint32_t)MOST_LABEL ? 0 : (int32_t)seed;
    }
}

static void levels_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_U32;
    g->out.channels = LABEL + 1;
    g->keep_alpha = false;
}

static void steps_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.channels = STEPS + 1;
}

static void water_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.channels = 1;
}

static void labels_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.channels = 1;
    g->keep_alpha = false;
    if (job->values[LINES].i)
        g->up = g->down = 1;
}

// ---- Levels -------------------------------------------------------------------------------------

// The height that is `depth` grey levels above this one.
static inline int32_t raised(const ppx_job *job, int32_t height) {
    const double depth = job->values[DEPTH].d;
    const ppx_type type = job->first.type;
    if (type == PPX_F32) {
        const int32_t turn = turning(job);
        const float v = f32_of_height(height ^ turn);
        return height_of_f32((float)(turn ? v - depth : v + depth)) ^ turn;
    }
    const int32_t most = type == PPX_U8 ? UINT8_MAX : type == PPX_U16 ? UINT16_MAX : TOP;
    const int64_t sum = height + (int64_t)depth;
    return sum < most ? (int32_t)sum : most;
}

// Water comes from the markers; or, to fill what is shallow, from above each pit. Plane LEVEL has
// the heights.
static ppx_status find_springs(const terrain *t, const grid *g, const pits *all, ppx_pool *scratch,
                               ppx_error *error) {
    if (!t->markers->data)
        for (uint32_t id = 1; id <= all->n; id++)
            all->spring[id] = raised(t->job, all->level[id]);
    ppx_status status = ppx_pool_reserve(scratch, (size_t)g->width * sizeof(int32_t), error);
    int32_t *seeds = scratch->data;
    for (ptrdiff_t y = 0; !status && t->markers->data && y < g->nrows; y++) {
        const int32_t *ids = plane(g, y, LABEL), *heights = plane(g, y, LEVEL);
        labels_of(t, y, seeds);
        for (ptrdiff_t x = 0; x < g->width; x++)
            if (seeds[x] && ids[x] != DAM)
                add_spring(all, ids[x], heights[x]);
    }
    return status;
}

static ppx_status begin_levels(const terrain *t, ppx_piece *piece, const grid *g,
                               ppx_error *error) {
    pits all;
    ppx_status status = find_forest(g, t, piece, &all, error);
    for (ptrdiff_t y = 0; !status && y < g->nrows; y++)
        heights_of(t, y, plane(g, y, LEVEL));
    if (!status)
        status = find_springs(t, g, &all, &piece->a, error);
    if (status)
        return status;
    find_levels(&all);
    const bool whole = piece->nrows == t->job->in.height;
    if (!whole)
        status = keep_forest(g, piece, &all, error);
    for (ptrdiff_t y = 0; !status && y < g->nrows; y++) {
        raise_row(g, &all, y, plane(g, y, LABEL));
        labels_of(t, y, plane(g, y, LABEL));
    }
    if (whole)
        ppx_piece_free(piece);
    return status;
}

static void lower_levels(const terrain *t, const ppx_piece *piece, const ppx_region *region,
                         const grid *g) {
    const pits *all = piece->c.data;
    const int32_t *ids = piece->a.data;
    bool news = false;
    for (int side = 0; side < 2; side++) {
        const ptrdiff_t y = side ? g->nrows - 1 : 0;
        const int32_t *row = side ? region->below : region->above;
        if (!row)
            continue;
        heights_of(t, y, plane(g, y, LEVEL));
        news |= springs_from_beside(g, all, row, plane(g, y, LEVEL), ids + y * g->width);
        raise_row(g, all, y, ids + y * g->width);
    }
    if (!news)
        return;
    find_levels(all);
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        heights_of(t, y, plane(g, y, LEVEL));
        raise_row(g, all, y, ids + y * g->width);
    }
}

static ppx_status levels_rest(const terrain *t, ppx_piece *piece, const ppx_region *region,
                              ppx_error *error) {
    const grid g = grid_of(&region->state, t->job->values[CONNECTIVITY].i == 0);
    if (t->markers->data || t->job->values[DEPTH].d > 0) {
        if (region->fresh)
            return begin_levels(t, piece, &g, error);
        lower_levels(t, piece, region, &g);
        return PPX_OK;
    }
    for (ptrdiff_t y = 0; region->fresh && y < g.nrows; y++) {
        heights_of(t, y, plane(&g, y, LEVEL));
        labels_of(t, y, plane(&g, y, LABEL));
    }
    return PPX_OK;
}

#define PIXEL uint8_t
#define HEIGHT (int32_t)
#define NAME(function) function##_u8
#include "watershed.inc.h"

#define PIXEL uint16_t
#define HEIGHT (int32_t)
#define NAME(function) function##_u16
#include "watershed.inc.h"

#define PIXEL uint32_t
#define HEIGHT height_of_u32
#define NAME(function) function##_u32
#include "watershed.inc.h"

#define PIXEL float
#define HEIGHT height_of_f32
#define NAME(function) function##_f32
#include "watershed.inc.h"

// ---- Minima -------------------------------------------------------------------------------------

// Components touch as those of `label` do.
static ppx_status basins_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                              const ppx_seam *seam) {
    extern const ppx_kernel PPX_KERNEL(label);
    return PPX_KERNEL(label).steps[0].join.seam(job, above, below, seam);
}

static void basins_report(const ppx_job *job, const void *records, size_t n) {
    (void)records;
    if (job->sink->number)
        job->sink->number(job->sink->context, job->kernel->name, "basins", (double)n);
}

// ---- Labels -------------------------------------------------------------------------------------

static inline bool parts(uint32_t own, uint32_t other) {
    return other && other < own;
}

// A dam is larger than any label.
static void labels(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint32_t *in = block->in[k];
        uint32_t *out = block->out[k];
        for (ptrdiff_t x = 0; x < width; x++)
            out[x] = in[x] == (uint32_t)DAM ? 0 : in[x];
        if (!job->values[LINES].i)
            continue;
        const uint32_t *above = block->in[k - 1], *below = block->in[k + 1];
        for (ptrdiff_t x = 0; x < width; x++)
            if (parts(in[x], above[x]) || parts(in[x], below[x]) ||
                (x > 0 && parts(in[x], in[x - 1])) || (x + 1 < width && parts(in[x], in[x + 1])))
                out[x] = 0;
    }
}

// ---- The kernel ---------------------------------------------------------------------------------

static bool finds_minima(const ppx_job *job, int turn) {
    return turn == 0 && !job->values[MARKERS].given;
}

static ppx_status watershed_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *depth = &job->values[DEPTH];
    if (job->in.width > FLOOD_MOST_SIDE || job->in.height > FLOOD_MOST_SIDE)
        return ppx_fail(error, PPX_E_USAGE, "watershed: %td x %td is too large: %d pixels a side",
                        job->in.width, job->in.height, FLOOD_MOST_SIDE);
    if (depth->d > 0 && job->values[MARKERS].given)
        return ppx_fail(error, PPX_E_USAGE,
                        "watershed: depth is for minima, not for markers: leave one out");
    if (job->in.type != PPX_F32 && depth->d != floor(depth->d))
        return ppx_fail(error, PPX_E_USAGE,
                        "watershed:depth=%s: between samples of %s it is a whole number",
                        depth->text, ppx_type_name(job->in.type));
    return PPX_OK;
}

static const ppx_param watershed_params[] = {
    [CONNECTIVITY] = {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8", "neighbours of a pixel"},
    [OF] = {"of", PPX_CHOICE, 0, 0, "maxima|minima", "minima",
            "basins around which: maxima floods the inverted image"},
    [MARKERS] = {"markers", PPX_IMAGE, 0, 0, NULL, "",
                 "labels to flood from, 0 for none; without it the minima"},
    [DEPTH] = {"depth", PPX_REAL, 0, UINT32_MAX, NULL, "0",
               "minima that are no deeper join a neighbour, in grey levels"},
    [FLOOR] = {"floor", PPX_REAL, -1e30, 1e30, NULL, "",
               "pixels of less stay 0 and part the others"},
    [LINES] = {"lines", PPX_CHOICE, 0, 0, "no|yes", "no",
               "yes: 0 for pixels with a smaller label above, below or beside"},
};

static const ppx_step watershed_steps[] = {
    {
        .pattern = PPX_SETTLE,
        .geometry = levels_geometry,
        .settle = {.with = PPX_WITH_IMAGE,
                   .rest = {levels_rest_u8, levels_rest_u16, levels_rest_u32, levels_rest_f32}},
    },
    {
        .pattern = PPX_SETTLE,
        .geometry = steps_geometry,
        .settle = {.rest = {[PPX_U32] = steps_rest}},
    },
    {
        .pattern = PPX_JOIN,
        .join = {.record_nbytes = sizeof(uint32_t),
                 .local = {[PPX_U32] = basins_local},
                 .edge = basins_edge,
                 .seam = basins_seam,
                 .merge = basins_merge,
                 .paint = basins_paint,
                 .report = basins_report},
    },
    {
        .pattern = PPX_SETTLE,
        .geometry = water_geometry,
        .settle = {.rest = {[PPX_U32] = labels_rest}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = labels_geometry,
        .map = {.rows = {[PPX_U32] = labels}},
    },
};

const ppx_kernel PPX_KERNEL(watershed) = {
    .name = "watershed",
    .summary = "basins of minima or maxima, or of markers, as labels",
    .examples = "watershed watershed:of=maxima,depth=20,lines=yes watershed:connectivity=4,floor=9 "
                "watershed:markers=@awkward,connectivity=4 otsu+watershed:markers=@awkward "
                "otsu+distance:root=yes+watershed:of=maxima,floor=1,depth=1",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .second = PPX_SAME_SIZE,
    .second_types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32,
    .params = watershed_params,
    .nparams = sizeof watershed_params / sizeof *watershed_params,
    .check = watershed_check,
    .steps = watershed_steps,
    .nsteps = 5,
    .loop_from = 2,
    .loop_to = 3,
    .again = finds_minima,
};
