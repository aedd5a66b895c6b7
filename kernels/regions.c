// regions.c: connected components with their measures; those that a filter names are painted.
//
// In: one channel of u8 or u16, any sample but 0 is foreground. Out: u32, 0 for background and 1..n
// by first pixel in raster order, as `label` numbers them; or RGB, a fixed colour for each number.
// What `filter` does not keep is painted as background; numbers stay. Border: nothing lies outside.
// Findings: regions_table.h says what is measured, and how.
// Method: components.h, and sums over runs in closed form. With runs H, vertical and diagonal runs
// V and D counted as pixels without a neighbour behind them, the perimeter is Crofton's, pi / 4 (H
// + V
// + D / sqrt(2)) (Legland, Kieu, Devaux 2007); runs less contacts of runs in neighbouring rows are
// the Euler number. What a row adds follows from its words and those of the row above, so that rows
// and seams add up. Sums are modulo 2^64, exact once they are moved to a region's own corner.
// Cost: a read of the image (two with intensities), a write of the output, some 10 ns a run; 112
// bytes a component.
#include "components.h"

#include "regions_table.h"

// ---- Components of a piece ----------------------------------------------------------------------

static bool with_corners(const ppx_job *job) {
    return job->values[CONNECTIVITY].i == 0;
}

// What joins the pixels of two rows, as bits of the lower row: pixels with one above them, above to
// the left and above to the right; and contacts of runs, each at a pixel of the run or just right
// of it. Where corners do not join, pixels at a corner need one beside them that does.
typedef struct joints {
    uint64_t up, left, right, contacts;
} joints;

static INLINE joints joints_of(const uint64_t a[3], const uint64_t b[3], bool corners) {
    const uint64_t a_left = a[1] << 1 | a[0] >> 63, b_left = b[1] << 1 | b[0] >> 63;
    const uint64_t a_right = a[1] >> 1 | a[2] << 63, b_right = b[1] >> 1 | b[2] << 63;
    joints j = {.up = a[1] & b[1], .left = a_left & b[1], .right = a_right & b[1]};
    j.contacts = j.up & ~(a_left & b_left);
    if (corners) {
        j.contacts |= (a_left & ~a[1] & b[1] & ~b_left) | (b_left & ~b[1] & a[1] & ~a_left);
    } else {
        j.left &= a[1] | b_left;
        j.right &= a[1] | b_right;
    }
    return j;
}

// Runs of one component that follow each other in a row, until another component comes.
typedef struct chain {
    uint32_t component;
    uint64_t x0, x1; // [x0, x1)
    uint64_t runs, area, sum_x, sum_xx, up, diagonal, contacts;
    uint64_t total;
    uint32_t least, most;
} chain;

static const chain no_chain = {.component = PPX_NO_COMPONENT, .least = UINT32_MAX};

static INLINE void chain_close(const chain *c, uint64_t y, region *regions, bool intensities) {
    if (c->component == NONE)
        return;
    region *r = &regions[c->component];
    const uint32_t x0 = (uint32_t)c->x0, x1 = (uint32_t)c->x1 - 1;
    r->area += c->area;
    r->sum_x += c->sum_x;
    r->sum_y += c->area * y;
    r->sum_xx += c->sum_xx;
    r->sum_xy += c->sum_x * y;
    r->sum_yy += c->area * y * y;
    r->runs += c->runs;
    r->up += c->up;
    r->diagonal += c->diagonal;
    r->contacts += c->contacts;
    r->x0 = x0 < r->x0 ? x0 : r->x0;
    r->x1 = x1 > r->x1 ? x1 : r->x1;
    r->y0 = y < r->y0 ? (uint32_t)y : r->y0;
    r->y1 = (uint32_t)y; // rows come in order
    if (intensities) {
        r->total += c->total;
        r->least = c->least < r->least ? c->least : r->least;
        r->most = c->most > r->most ? c->most : r->most;
    }
}

// Sums over x in [x0, x1) are exact modulo 2^64: a third of what 3 divides is a product there.
static INLINE void chain_add(chain *c, uint64_t x0, uint64_t x1) {
    const uint64_t third = 0xaaaaaaaaaaaaaaabu, n = x1 - x0, sum = n * (n - 1) / 2;
    c->x1 = x1;
    c->runs++;
    c->area += n;
    c->sum_x += n * x0 + sum;
    c->sum_xx += (n * x0 + 2 * sum) * x0 + sum * (2 * n - 1) * third;
}

// Samples of a run in the second image.
static INLINE void chain_sample(chain *c, const void *row, ppx_type type, uint64_t x0,
                                uint64_t x1) {
    uint32_t least = c->least, most = c->most;
    uint64_t total = 0;
    for (uint64_t x = x0; x < x1; x++) {
        const uint32_t v = type == PPX_U8 ? ((const uint8_t *)row)[x] : ((const uint16_t *)row)[x];
        total += v;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    c->least = least;
    c->most = most;
    c->total += total;
}

// What a row pair has joined up to some column.
typedef struct counted {
    uint64_t up, diagonal, contacts;
} counted;

static INLINE counted count_until(const joints *j, counted before, uint64_t until) {
    // The last bit of `until` is the pixel after a run, where a contact across a corner may be.
    return (counted){before.up + count(j->up & until),
                     before.diagonal + count(j->left & until) + count(j->right & until),
                     before.contacts + count(j->contacts & until)};
}

typedef struct region_row {
    const uint64_t *above, *here; // words; above is NULL in the piece's first row
    const uint32_t *runs;
    const void *samples;
    ppx_type type; // of samples
    uint64_t y, width;
    size_t nwords;
    region *regions;
} region_row;

static INLINE void end_run(const region_row *row, chain *c, uint32_t component, uint64_t x0,
                           uint64_t x1, const counted *now, counted *before) {
    if (component != c->component) {
        chain_close(c, row->y, row->regions, row->samples);
        *c = no_chain;
        c->component = component;
        c->x0 = x0;
    }
    chain_add(c, x0, x1);
    c->up += now->up - before->up;
    c->diagonal += now->diagonal - before->diagonal;
    c->contacts += now->contacts - before->contacts;
    *before = *now;
    if (row->samples && row->type == PPX_U8)
        chain_sample(c, row->samples, PPX_U8, x0, x1);
    else if (row->samples)
        chain_sample(c, row->samples, PPX_U16, x0, x1);
}

static INLINE void measure_row(const region_row *row, bool corners) {
    const uint32_t *run = row->runs;
    const size_t nwords = row->nwords;
    chain c = no_chain;
    counted so_far = {0}, before = {0};
    uint64_t a[3] = {0, 0, row->above ? row->above[0] : 0}, b[3] = {0, 0, row->here[0]};
    uint64_t start = 0;
    bool inside = false;
    for (size_t w = 0; w < nwords; w++) {
        const bool more = w + 1 < nwords;
        a[0] = a[1], a[1] = a[2], a[2] = more && row->above ? row->above[w + 1] : 0;
        b[0] = b[1], b[1] = b[2], b[2] = more ? row->here[w + 1] : 0;
        const joints j = joints_of(a, b, corners);
        uint64_t changes = b[1] ^ (b[1] << 1 | b[0] >> 63);
        for (; changes; changes &= changes - 1) {
            const uint64_t x = 64 * w + (uint64_t)__builtin_ctzll(changes);
            if (inside) {
                const counted now = count_until(&j, so_far, changes ^ (changes - 1));
                end_run(row, &c, *run++, start, x, &now, &before);
            }
            start = x;
            inside = !inside;
        }
        so_far = count_until(&j, so_far, UINT64_MAX);
    }
    if (inside)
        end_run(row, &c, *run, start, row->width, &so_far, &before);
    chain_close(&c, row->y, row->regions, row->samples);
}

static ppx_status measure_regions(const ppx_job *job, ppx_piece *piece, ppx_error *error) {
    ppx_status status =
        ppx_pool_reserve(&piece->records, piece->ncomponents * sizeof(region), error);
    if (status)
        return status;
    region *regions = piece->records.data;
    for (size_t k = 0; k < piece->ncomponents; k++)
        regions[k] = (region){.x0 = UINT32_MAX, .y0 = UINT32_MAX, .least = UINT32_MAX};
    for (ptrdiff_t k = 0; k < piece->nrows; k++) {
        region_row row = {.above = k ? row_bits(job, piece, k - 1) : NULL,
                          .here = row_bits(job, piece, k),
                          .runs = (const uint32_t *)piece->b.data + first_runs(piece)[k],
                          .y = (uint64_t)(piece->y0 + k),
                          .width = (uint64_t)job->in.width,
                          .nwords = row_words(job),
                          .regions = regions};
        if (job->second) {
            row.samples = ppx_image_row(&job->second->rows, piece->y0 + k - job->second->y0);
            row.type = job->second->rows.shape.type;
        }
        if (with_corners(job))
            measure_row(&row, true);
        else
            measure_row(&row, false);
    }
    return PPX_OK;
}

static ppx_status regions_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                ppx_error *error) {
    ppx_status status = find_runs(job, rows, piece, false, error);
    if (!status)
        status = find_components(job, piece, with_corners(job), error);
    return status ? status : measure_regions(job, piece, error);
}

// ---- Across pieces ------------------------------------------------------------------------------

static ppx_status regions_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                               const ppx_seam *seam) {
    return component_seam(job, above, below, with_corners(job), seam);
}

// The word of the pixels around x, which is its bit 1.
static uint64_t three_bits(const uint32_t *ids, ptrdiff_t x, ptrdiff_t width) {
    uint64_t bits = 0;
    for (ptrdiff_t k = -1; k <= 1; k++)
        if (x + k >= 0 && x + k < width && ids[x + k] != NONE)
            bits |= (uint64_t)1 << (k + 1);
    return bits;
}

// The first row of the lower piece has counted as if nothing was above it.
static void regions_mend(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                         void *records) {
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t x = 0; x < width; x++) {
        if (below[x] == NONE)
            continue;
        const uint64_t a[3] = {0, three_bits(above, x, width), 0};
        const uint64_t b[3] = {0, three_bits(below, x, width), 0};
        const joints j = joints_of(a, b, with_corners(job));
        const bool ends = !(b[1] >> 2); // a contact just right of a run is this pixel's too
        region *r = (region *)records + below[x];
        r->up += j.up >> 1 & 1;
        r->diagonal += (j.left >> 1 & 1) + (j.right >> 1 & 1);
        r->contacts += (j.contacts >> 1 & 1) + (ends ? j.contacts >> 2 & 1 : 0);
    }
}

static void regions_merge(const ppx_job *job, void *into, const void *from) {
    (void)job;
    region *a = into;
    const region *b = from;
    a->area += b->area;
    a->sum_x += b->sum_x;
    a->sum_y += b->sum_y;
    a->sum_xx += b->sum_xx;
    a->sum_xy += b->sum_xy;
    a->sum_yy += b->sum_yy;
    a->runs += b->runs;
    a->up += b->up;
    a->diagonal += b->diagonal;
    a->contacts += b->contacts;
    a->total += b->total;
    a->x0 = b->x0 < a->x0 ? b->x0 : a->x0;
    a->y0 = b->y0 < a->y0 ? b->y0 : a->y0;
    a->x1 = b->x1 > a->x1 ? b->x1 : a->x1;
    a->y1 = b->y1 > a->y1 ? b->y1 : a->y1;
    a->least = b->least < a->least ? b->least : a->least;
    a->most = b->most > a->most ? b->most : a->most;
}

// ---- Painting -----------------------------------------------------------------------------------

// A colour with no channel below 64, so that it is told from the background: splitmix64's last
// steps (Steele, Lea, Flood 2014).
static uint32_t colour_of(uint32_t label) {
    uint64_t z = label * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    uint32_t colour = 0;
    for (int c = 0; c < 3; c++)
        colour |= (uint32_t)(64 + (z >> 16 * c & 0xffff) * 192 / 65536) << 8 * c;
    return colour;
}

static uint32_t regions_value(const ppx_job *job, const void *record, uint32_t number) {
    if (!filter_keeps(job, record))
        return 0;
    return job->values[OUTPUT].i == COLOUR ? colour_of(number + 1) : number + 1;
}

typedef struct colour_row {
    uint8_t *out;
    const uint32_t *values;
} colour_row;

static INLINE void paint_colour(void *context, uint32_t component, size_t x0, size_t x1) {
    const colour_row *row = context;
    const uint32_t value = row->values[component];
    for (size_t x = x0; x < x1; x++)
        for (int c = 0; c < 3; c++)
            row->out[3 * x + (size_t)c] = (uint8_t)(value >> 8 * c);
}

static void regions_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *values,
                          ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    for (ptrdiff_t k = 0; k < nrows; k++) {
        if (job->values[OUTPUT].i == COLOUR) {
            colour_row row = {out[k], values};
            memset(out[k], 0, ppx_shape_row_nbytes(job->geometry.out));
            each_run(job, piece, y + k - piece->y0, paint_colour, &row);
        } else {
            paint_row_u32(job, piece, y + k - piece->y0, values, 0, 0, out[k]);
        }
    }
    ppx_far_end(true);
}

// ---- The kernel ---------------------------------------------------------------------------------

static void regions_geometry(const ppx_job *job, ppx_geometry *g) {
    const bool colour = job->values[OUTPUT].i == COLOUR;
    g->out.type = colour ? PPX_U8 : PPX_U32;
    g->out.channels = colour ? 3 : 1;
}

static ppx_status regions_check(const ppx_job *job, ppx_error *error) {
    const double w = (double)job->in.width, h = (double)job->in.height, most = 18e18;
    if (w * w * w * h / 3 > most || w * h * h * h / 3 > most)
        return ppx_fail(error, PPX_E_USAGE, "regions: an image of %td x %td is too large for it",
                        job->in.width, job->in.height);
    filter parsed;
    return filter_parse(job, &parsed, error);
}

static const ppx_param regions_params[] = {
    [CONNECTIVITY] = {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8",
                      "neighbours of a pixel: with corners or without"},
    [FILTER] = {"filter", PPX_TEXT, 0, 0, NULL, "",
                "what is kept: measures compared with numbers, as area>=50&euler=1"},
    [OUTPUT] = {"output", PPX_CHOICE, 0, 0, "labels|colour", "labels",
                "numbers, or a colour for each number"},
    [INTENSITY] = {"intensity", PPX_IMAGE, 0, 0, NULL, "",
                   "an image of the same size: its least, most and mean sample in each region"},
};

static const ppx_step regions_steps[] = {{
    .pattern = PPX_JOIN,
    .geometry = regions_geometry,
    .join = {.record_nbytes = sizeof(region),
             .local = {[PPX_U8] = regions_local, [PPX_U16] = regions_local},
             .edge = component_edge,
             .seam = regions_seam,
             .mend = regions_mend,
             .merge = regions_merge,
             .value = regions_value,
             .paint = regions_paint,
             .report = regions_report},
}};

const ppx_kernel PPX_KERNEL(regions) = {
    .name = "regions",
    .summary =
        "connected components, measured and filtered: area, moments, perimeter, Euler number",
    .examples = "regions regions:connectivity=4,output=colour "
                "regions:filter=area>=5&perimeter<60&euler<=1,intensity=@awkward "
                "regions:filter=most>100&border=0,intensity=@awkward,output=colour",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .second = PPX_SAME_SIZE,
    .second_types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .params = regions_params,
    .nparams = sizeof regions_params / sizeof *regions_params,
    .check = regions_check,
    .table_nbytes = filter_nbytes,
    .build = filter_build,
    .steps = regions_steps,
    .nsteps = 1,
};
