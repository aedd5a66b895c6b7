// nlm.c: non-local means: a mean over a search window that weights pixels by how much the patches
// around them look like the own (Buades, Coll, Morel 2005).
//
//     out(p) = sum of w in(q) / sum of w,   over q with |q - p| <= search / 2 in x and in y
//     w = exp(-D(p, q) / h^2), 0 below 1/1000
//
// D is the mean of the squared differences between the patch x patch squares around p and q, over
// all colour channels, which share the weight (as OpenCV's fastNlMeansDenoising); alpha stays.
// Shapes: any, kept. Units: search and patch in pixels, h in grey levels of the type (f32: in its
// units). Rounding: half up. Border: the parameter.
//
// For one offset q - p at a time the squared differences of two rows are summed over the patch by
// columns and then along the row (Darbon et al. 2008), and each weight serves p and q (Condat
// 2010), so half of the offsets do. Cost: (search^2 - 1) / 2 times about 2 patch + 20 operations on
// vectors. Sums are made anew for every pixel, none is carried on, so they can saturate.
//
// u8 and u16: a squared difference is in units of 2^-16 of the sum where weights become 0, or
// a little more, and cut off; sums saturate at 2^16. That loses at most a unit for each sample of a
// patch, 0.5 % of a weight at patch 7. Weights have units of 2^-15 (2^-14 from search 23 on, and so
// forth), and are off by at most 2 parts in 1000 and 2 units; their sums, and the sums of their
// products with bytes, are exact in 32 bits. f32 sums go from the first pair of opposite offsets to
// the last. f32 that is not finite spreads as far as the search window and a patch reach.
#include "../core/kernel.h"
#include "lanes.h"

#include <math.h>

enum { SEARCH, PATCH, STRENGTH, BORDER };
enum { MOST_SEARCH = 63, MOST_PATCH = 21, MOST_COLOURS = 3 };
enum { TILE = 256, BLOCK = PPX_STRIP }; // columns and rows that are summed together

typedef struct nlm_table {
    lanes_decay decay;
    uint16_t most;       // differences are cut to this
    uint16_t scale;      // and multiplied
    uint16_t shift;      // u16: and shifted to the left before
    uint16_t cut;        // sums above have no weight
    uint16_t narrow;     // weights are shifted to the right
    uint16_t one;        // the weight of the pixel itself
    float rate, cut_f32; // u = rate * sum is the exponent of 2^-u
} nlm_table;

static ptrdiff_t search_of(const ppx_job *job) { // pixels to each side
    return (ptrdiff_t)job->values[SEARCH].i / 2;
}

static ptrdiff_t half_of(const ppx_job *job) { // of a patch
    return (ptrdiff_t)job->values[PATCH].i / 2;
}

static ptrdiff_t margin_of(const ppx_job *job) {
    return search_of(job) + half_of(job);
}

static int colours_of(const ppx_job *job) {
    return job->in.channels - (job->in.channels % 2 == 0);
}

static ppx_status nlm_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (v[SEARCH].i % 2 == 0)
        return ppx_fail(error, PPX_E_USAGE, "nlm:search=%d: must be odd", (int)v[SEARCH].i);
    if (v[PATCH].i % 2 == 0)
        return ppx_fail(error, PPX_E_USAGE, "nlm:patch=%d: must be odd", (int)v[PATCH].i);
    if (job->in.type != PPX_F32 && v[STRENGTH].d < 0.3)
        return ppx_fail(error, PPX_E_USAGE, "nlm:h=%g: at least 0.3 for integers", v[STRENGTH].d);
    return PPX_OK;
}

// ---- The table ----

static size_t nlm_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(nlm_table);
}

LANES_INLINE lanes word_weight(const nlm_table *table, lanes sum) {
    lanes weight = lanes_decay_at(&table->decay, sum) >> table->narrow;
    return weight & (lanes)(sum <= lanes_all(table->cut));
}

// A difference d becomes scale d, in the ways of square_u8 and square_u16 below, so that what has
// no weight at all is near 2^16.
static double build_scale(const ppx_job *job, nlm_table *table, double reach) {
    double most = fmin(ceil(reach), 65535);
    table->most = (uint16_t)most;
    if (job->in.type == PPX_U8) {
        table->scale = (uint16_t)fmax(floor(65535 / ceil(reach)), 8);
        return table->scale;
    }
    while (most * (2 << table->shift) <= 65535)
        table->shift++;
    double factor = 2 * (double)(1 << table->shift) / 65536;
    table->scale = (uint16_t)(65535 / fmax(ceil(reach), 1) / factor);
    return table->scale * factor;
}

static void nlm_build(const ppx_job *job) {
    nlm_table *table = job->table;
    const double h = job->values[STRENGTH].d, patch = (double)job->values[PATCH].i;
    const double search = (double)job->values[SEARCH].i;
    const double samples = patch * patch * colours_of(job);
    const double cut = log(1000) * h * h * samples; // a sum where the weight is 1/1000
    table->rate = (float)(1 / (log(2) * h * h * samples));
    table->cut_f32 = (float)cut;
    if (job->in.type == PPX_F32)
        return;
    double scale = build_scale(job, table, sqrt(cut)), unit = 65536 / scale;
    double words = cut / unit / unit;
    table->cut = words >= 1 ? 65535 : (uint16_t)fmin(words * 65536, 65534);
    table->decay = lanes_decay_fit(unit * unit / (h * h * samples), fmin(words, 1));
    table->narrow = 1;
    while (search * search * (65536 >> table->narrow) * 256 >= 4294967296.0)
        table->narrow++;
    table->one = word_weight(table, lanes_all(0))[0];
}

// ---- Scratch ------------------------------------------------------------------------------------

// The planes of a tile and all rows of the same width, in samples: x = 0 is at margin_of, and whole
// vectors may begin at the last sample.
static ptrdiff_t stride_of(const ppx_job *job) {
    return (TILE + 2 * margin_of(job) + LANES + 31) / 32 * 32 + 16;
}

static ptrdiff_t plane_of(const ppx_job *job) {
    return (BLOCK + 2 * margin_of(job)) * stride_of(job);
}

// Sums for each channel, and one of weights.
enum { SUMS_STRIDE = TILE + LANES, SUMS_PLANE = BLOCK * SUMS_STRIDE };

static int sums_of(const ppx_job *job) {
    return 1 + colours_of(job) * (job->in.type == PPX_U16 ? 2 : 1);
}

// Rows of squared differences for a patch, one for their sums, and the weights of as many rows as
// an offset goes down.
static ptrdiff_t rows_of(const ppx_job *job) {
    return 2 * half_of(job) + 1 + 1 + search_of(job) + 1;
}

static void nlm_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = margin_of(job);
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = BLOCK;
    size_t samples = (size_t)(colours_of(job) * plane_of(job) + rows_of(job) * stride_of(job));
    g->scratch_nbytes = (size_t)(sums_of(job) * SUMS_PLANE) * sizeof(uint32_t) +
                        samples * (job->in.type == PPX_F32 ? sizeof(float) : sizeof(uint16_t));
}

// ---- Operations on vectors ----------------------------------------------------------------------

LANES_INLINE lanes square_u8(const nlm_table *table, lanes p, lanes q) {
    lanes d = lanes_min(lanes_distance(p, q), lanes_all(table->most)) * table->scale;
    return lanes_mul_high(d, d);
}

LANES_INLINE lanes square_u16(const nlm_table *table, lanes p, lanes q) {
    lanes d = lanes_min(lanes_distance(p, q), lanes_all(table->most)) << table->shift;
    d = lanes_mul_high(d, lanes_all(table->scale));
    return lanes_mul_high(d + d, d + d);
}

LANES_INLINE floats square_f32(const nlm_table *table, floats p, floats q) {
    (void)table;
    return (p - q) * (p - q);
}

LANES_INLINE floats add_f32(floats a, floats b) {
    return a + b;
}

LANES_INLINE floats weight_f32(const nlm_table *table, floats sum) {
    wides near = (wides)(sum <= floats_all(table->cut_f32));
    return (floats)((wides)floats_exp2_of_minus(sum * table->rate) & near);
}

LANES_INLINE void add_to(uint32_t *sums, wide_pair add) {
    wide_pair_store(sums, wide_pair_add(wide_pair_load(sums), add));
}

#define PIXEL uint8_t
#define SAMPLE uint16_t
#define NAME(function) function##_u8
#include "nlm.inc.h"

#define PIXEL uint16_t
#define SAMPLE uint16_t
#define NAME(function) function##_u16
#define TWO_BYTES
#include "nlm.inc.h"

#define PIXEL float
#define SAMPLE float
#define NAME(function) function##_f32
#define PIXEL_IS_FLOAT
#include "nlm.inc.h"

static const ppx_param nlm_params[] = {
    [SEARCH] = {"search", PPX_INT, 1, MOST_SEARCH, NULL, "21", "side of the window, odd"},
    [PATCH] = {"patch", PPX_INT, 3, MOST_PATCH, NULL, "7", "side of the patches, odd"},
    [STRENGTH] = {"h", PPX_REAL, 1e-6, 1e6, NULL, NULL,
                  "root mean square difference that gives the weight 1/e, in grey levels"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step nlm_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = nlm_geometry,
    .map = {.rows = {[PPX_U8] = nlm_u8, [PPX_U16] = nlm_u16, [PPX_F32] = nlm_f32}},
}};

const ppx_kernel PPX_KERNEL(nlm) = {
    .name = "nlm",
    .summary = "non-local means: averages pixels whose surroundings look alike (Buades et al.)",
    .examples = "nlm:search=5,patch=3,h=20 nlm:search=7,patch=5,h=0.4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = nlm_params,
    .nparams = sizeof nlm_params / sizeof *nlm_params,
    .check = nlm_check,
    .table_nbytes = nlm_table_nbytes,
    .build = nlm_build,
    .steps = nlm_steps,
    .nsteps = 1,
};
