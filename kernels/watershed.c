// watershed.c: every pixel to the basin, or the marker, that floods it first.
//
// In: one channel of any type. Out: u32 of the same size, a label for each pixel; 0 where nothing
// comes, below the floor, and for NaN. Water rises from the markers, which `markers` names (a label
// image) or which are the minima, numbered by first pixel in raster order. A pixel is flooded at
// (level, steps): the least over all paths from a marker of the highest value on the way and, at
// that level, of the steps since it was reached (the drain of a plateau, then its distance to it).
// It takes the label of the neighbour that was flooded first, of several the smallest label. That
// makes the result unique: (level, steps) is the least fixed point of a monotone map, as in image
// foresting (Falcao, Stolfi, Lotufo 2004), and every label hangs on an earlier pixel. Without
// markers this is steepest descent with lower completion (Roerdink, Meijster 2000). of=maxima: the
// same of the inverted image. depth: minima from which a way out climbs no more than that are
// filled first (h-minima); lines: pixels next to a smaller label become 0, afterwards.
// Border: nothing lies outside. Limits: 65535 pixels a side. Memory: 24 bytes a pixel and what
// waits. Method: a piece floods by height (Meyer 1991), and again from the rows of its neighbours
// as these change.
#include "basins.h"

#include <math.h>

enum { CONNECTIVITY, OF, MARKERS, DEPTH, FLOOR, LINES };

// ---- Heights: 32-bit words in the order in which water comes ------------------------------------

static inline uint32_t height_of_f32(float v) {
    uint32_t bits;
    v += 0.0f; // one zero
    memcpy(&bits, &v, sizeof bits);
    return bits >> 31 ? ~bits : bits | 1u << 31;
}

static inline float f32_of_height(uint32_t height) {
    const uint32_t bits = height >> 31 ? height & ~(1u << 31) : ~height;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// Of u8 and u16 they are small numbers, so that each can have a list of its own.
static inline uint32_t highest(ppx_type type) {
    return type == PPX_U8 ? UINT8_MAX : type == PPX_U16 ? UINT16_MAX : UINT32_MAX;
}

static inline uint32_t seed_at(const void *row, ppx_type type, ptrdiff_t x) {
    if (!row)
        return 0;
    const uint32_t seed = type == PPX_U8    ? ((const uint8_t *)row)[x]
                          : type == PPX_U16 ? ((const uint16_t *)row)[x]
                                            : ((const uint32_t *)row)[x];
    return seed == DAM ? 0 : seed;
}

#define PIXEL uint8_t
#define HEIGHT (uint32_t)
#define NAME(function) function##_u8
#include "watershed.inc.h"

#define PIXEL uint16_t
#define HEIGHT (uint32_t)
#define NAME(function) function##_u16
#include "watershed.inc.h"

#define PIXEL uint32_t
#define HEIGHT (uint32_t)
#define NAME(function) function##_u32
#include "watershed.inc.h"

#define PIXEL float
#define HEIGHT height_of_f32
#define NAME(function) function##_f32
#include "watershed.inc.h"

static void ground_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_U32;
    g->out.channels = 2;
    g->keep_alpha = false;
}

static void pixel_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.channels = 4;
}

static void labels_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.channels = 1;
    g->keep_alpha = false;
    if (job->values[LINES].i)
        g->up = g->down = 1;
}

// ---- Minima -------------------------------------------------------------------------------------

// The height that is `depth` grey levels above this one.
static inline uint32_t raised(const ppx_job *job, uint32_t height) {
    const double depth = job->values[DEPTH].d;
    const bool turned = job->values[OF].i == 0;
    if (job->first.type == PPX_F32) {
        const float v = f32_of_height(turned ? ~height : height);
        const uint32_t to = height_of_f32((float)(turned ? v - depth : v + depth));
        return turned ? ~to : to;
    }
    const uint32_t most = highest(job->first.type), more = (uint32_t)depth;
    return most - height < more ? most : height + more;
}

static ppx_status fill_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                            ppx_error *error) {
    (void)piece, (void)error;
    const grid g = grid_of(region, job->values[CONNECTIVITY].i == 0);
    const bool deep = job->values[DEPTH].d > 0;
    line waiting = {END, NULL};
    for (ptrdiff_t y = 0; region->fresh && y < g.nrows; y++) {
        const ground *from = ppx_image_row(&g.in, y);
        uint32_t *flags = ppx_image_row(&g.state, y);
        node *to = row_nodes(flags, g.width);
        for (ptrdiff_t x = 0; x < g.width; x++) {
            const bool dam = from[x].seed == DAM;
            const uint32_t height = dam ? UINT32_MAX : from[x].height;
            flags[x] = dam ? DAM : 0;
            to[x] = (node){dam || !deep ? height : raised(job, height), height, 0};
        }
    }
    if (!deep)
        return PPX_OK;
    if (region->fresh) {
        fill_sweep(&g, false);
        fill_sweep(&g, true);
        fill_wait(&g, &waiting);
    }
    fill_from_beside(&g, g.above, 0, &waiting);
    fill_from_beside(&g, g.below, g.nrows - 1, &waiting);
    fill_on(&g, &waiting);
    return PPX_OK;
}

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

// ---- The flood ----------------------------------------------------------------------------------

// The rows beside a piece stay in its pool a until others come.
static ppx_status flood_rest(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                             ppx_error *error) {
    grid g = grid_of(region, job->values[CONNECTIVITY].i == 0);
    const size_t row_nbytes = (size_t)g.width * (sizeof(uint32_t) + sizeof(node));
    if (region->fresh) {
        heap h = {.pool = &piece->b, .unused = END};
        h.direct = job->first.type == PPX_U8 || job->first.type == PPX_U16;
        h.nlists = h.direct ? highest(job->first.type) + 1 : 33;
        ppx_status status = ppx_pool_reserve(&piece->a, 2 * row_nbytes, error);
        if (!status)
            status = ppx_pool_reserve(&piece->c, h.nlists * sizeof(uint32_t), error);
        if (status)
            return status;
        memset(piece->a.data, 0, 2 * row_nbytes);
        h.lists = piece->c.data;
        memset(h.lists, 0xff, h.nlists * sizeof *h.lists); // END
        status = flood_piece(&g, &h, error);
        ppx_pool_free(&piece->b);
        ppx_pool_free(&piece->c);
        if (status)
            return status;
    }
    uint32_t *above = piece->a.data, *below = above + row_nbytes / sizeof *above;
    if (region->above)
        memcpy(above, region->above, row_nbytes);
    if (region->below)
        memcpy(below, region->below, row_nbytes);
    g.above = above;
    g.below = below;
    flood_on(&g, region->above != NULL, region->below != NULL);
    return PPX_OK;
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
            out[x] = in[x] == DAM ? 0 : in[x];
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
        .pattern = PPX_MAP,
        .geometry = ground_geometry,
        .map = {.rows = {ground_u8, ground_u16, ground_u32, ground_f32}, .with = PPX_WITH_IMAGE},
    },
    {
        .pattern = PPX_SETTLE,
        .geometry = pixel_geometry,
        .settle = {.rest = {[PPX_U32] = fill_rest}},
    },
    {
        .pattern = PPX_SETTLE,
        .settle = {.rest = {[PPX_U32] = minima_rest}},
    },
    {
        .pattern = PPX_JOIN,
        .geometry = ground_geometry,
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
        .geometry = pixel_geometry,
        .settle = {.rest = {[PPX_U32] = flood_rest}},
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
    .nsteps = 6,
    .loop_from = 1,
    .loop_to = 4,
    .again = finds_minima,
};
