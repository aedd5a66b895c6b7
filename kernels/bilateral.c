// bilateral.c: a mean over a disc that gives less weight to what looks different, so that edges
// stay (Tomasi, Manduchi 1998).
//
//     out(p) = in(p) + sum of w (in(q) - in(p)) / sum of w,   over q with |q - p| <= radius
//     w = exp(-|q - p|^2 / (2 sigma_s^2)) exp(-d^2 / (2 sigma_r^2))
//
// d is the sum of the absolute differences of the colour channels, so that they share their
// weights and edges keep their colour; alpha stays. Shapes: any, kept. Units: sigma_s and radius in
// pixels, sigma_r in grey levels of the type (f32: in its units). Without a radius it is
// 1.5 sigma_s, rounded (OpenCV's default). Rounding: half up. Border: the parameter. Cost: a weight
// for each pixel of the disc.
//
// u8 up to radius 9 has weights in units of 2^-15 that are off by at most 2 parts in 1000 and 3
// units, and exact sums; everything else has f32 weights and sums, from the disc's first pair of
// opposite pixels to its last. f32 that is not finite spreads as far as the disc reaches.
//
// p and q have the same weight for each other. Whole weights are found once and kept in lines until
// the row of the later of the two is made.
#include "../core/kernel.h"
#include "lanes.h"

#include <math.h>

enum { SIGMA_S, SIGMA_R, RADIUS, BORDER };
enum { MOST_RADIUS = 50, MOST_WHOLE_RADIUS = 9, MOST_WHOLE_TAPS = 126 };
enum { TILE = 512, BLOCK = 32 }; // columns and rows whose planes are in the cache together
enum { MOST_COLOURS = 3 };

// Pixels come in pairs on opposite sides of the centre.
typedef struct tap {
    int32_t offset; // of the later of them in a plane, in samples
    float weight;
    uint16_t whole; // the weight in units of 2^-15
    int8_t x, y;    // the offset, in columns and rows
    int32_t line;   // of the y + 1 lines of whole weights, the first
} tap;

typedef struct bilateral_table {
    int64_t stride, plane; // see stride_of
    float rate;            // u = rate d^2 is the exponent of 2^-u
    uint16_t most, scale;  // d is cut to `most` and multiplied to use 16 bits
    lanes_decay decay;
    int64_t ntaps;
    tap taps[];
} bilateral_table;

static ptrdiff_t radius_of(const ppx_job *job) {
    const ppx_value *v = job->values;
    if (v[RADIUS].given)
        return (ptrdiff_t)v[RADIUS].i;
    double radius = nearbyint(1.5 * v[SIGMA_S].d);
    return radius < 1 ? 1 : (ptrdiff_t)radius;
}

static ptrdiff_t rows_at(ptrdiff_t radius, ptrdiff_t x) { // of the disc, below the centre
    ptrdiff_t y = 0;
    while (x * x + (y + 1) * (y + 1) <= radius * radius)
        y++;
    return y;
}

// Lines of weights: a tap that is y rows below has the weights of the last y + 1 rows.
static ptrdiff_t count_lines(ptrdiff_t radius) {
    ptrdiff_t n = radius;
    for (ptrdiff_t x = -radius; x <= radius; x++) {
        const ptrdiff_t rows = rows_at(radius, x);
        n += rows * (rows + 3) / 2;
    }
    return n;
}

static bool weights_are_whole(const ppx_job *job) {
    return job->in.type == PPX_U8 && radius_of(job) <= MOST_WHOLE_RADIUS &&
           job->values[SIGMA_R].d >= 1;
}

static int colours_of(const ppx_job *job) {
    return job->in.channels - (job->in.channels % 2 == 0);
}

// Of the planes of a tile, in samples; the rows begin in different cache sets.
static ptrdiff_t stride_of(const ppx_job *job) {
    return (TILE + 2 * radius_of(job) + LANES + 31) / 32 * 32 + 16;
}

static ptrdiff_t plane_of(const ppx_job *job) {
    return (BLOCK + 2 * radius_of(job)) * stride_of(job);
}

static ppx_status bilateral_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (radius_of(job) > MOST_RADIUS)
        return ppx_fail(error, PPX_E_USAGE,
                        "bilateral:sigma_s=%g: the radius would be %td, more than %d", v[SIGMA_S].d,
                        radius_of(job), (int)MOST_RADIUS);
    return PPX_OK;
}

// ---- The table ----

static size_t bilateral_table_nbytes(const ppx_job *job) {
    size_t side = (size_t)(2 * radius_of(job) + 1);
    return sizeof(bilateral_table) + side * side / 2 * sizeof(tap);
}

static void build_decay(const ppx_job *job, bilateral_table *table) {
    // Where the weight is 2^-15 and less, differences are cut.
    double sigma = job->values[SIGMA_R].d;
    double most = ceil(sqrt(30 * log(2)) * sigma), largest = 255.0 * colours_of(job);
    most = most < largest ? most : largest;
    double scale = floor(65535 / most);
    table->most = (uint16_t)most;
    table->scale = (uint16_t)scale;
    // t = (scale d / 2^16)^2, rate t = d^2 / (2 sigma^2)
    double unit = 65536 / scale, t = most / unit;
    table->decay = lanes_decay_fit(unit * unit / (2 * sigma * sigma), t * t);
}

static void bilateral_build(const ppx_job *job) {
    bilateral_table *table = job->table;
    const ptrdiff_t r = radius_of(job);
    const double sigma_s = job->values[SIGMA_S].d, sigma_r = job->values[SIGMA_R].d;
    table->stride = stride_of(job);
    table->plane = plane_of(job);
    table->rate = (float)(1 / (2 * log(2) * sigma_r * sigma_r));
    if (weights_are_whole(job))
        build_decay(job, table);
    ptrdiff_t line = 0;
    for (ptrdiff_t dy = 0; dy <= r; dy++)
        for (ptrdiff_t dx = dy ? -r : 1; dx <= r; dx++) {
            ptrdiff_t square = dx * dx + dy * dy;
            if (square > r * r)
                continue;
            double weight = exp(-(double)square / (2 * sigma_s * sigma_s));
            table->taps[table->ntaps++] = (tap){
                .offset = (int32_t)(dy * table->stride + dx),
                .weight = (float)weight,
                .whole = (uint16_t)(weight * INT16_MAX + 0.5),
                .x = (int8_t)dx,
                .y = (int8_t)dy,
                .line = (int32_t)line,
            };
            line += dy + 1;
        }
}

// ---- Whole weights ------------------------------------------------------------------------------

// What a tap brings to a row: the weights of both pixels, and where they lie.
typedef struct whole_tap {
    const uint16_t *later, *earlier;
    ptrdiff_t offset;
} whole_tap;

typedef struct whole_sums {
    wide_pair weight, product[MOST_COLOURS];
} whole_sums;

// The line of a tap's weights in row y; its first sample belongs to the pixel at first_of(tap).
static uint16_t *line_of(const bilateral_table *table, const tap *pair, uint16_t *lines,
                         ptrdiff_t y) {
    return lines + (pair->line + (y + MOST_WHOLE_RADIUS) % (pair->y + 1)) * table->stride;
}

// Those pixels are needed whose later or earlier one is in the tile.
static ptrdiff_t first_of(const tap *pair) {
    return pair->x > 0 ? -pair->x : 0;
}

// The weights between the pixels of a row and those a tap later.
LANES_INLINE void weigh_row(const bilateral_table *table, const uint16_t *centre, const tap *pair,
                            uint16_t *line, ptrdiff_t width, int colours) {
    const uint16_t *from = centre + first_of(pair);
    const ptrdiff_t n = width + (pair->x > 0 ? pair->x : -pair->x);
    // Copies, as the compiler must assume that the line is written over the table.
    const lanes_decay decay = table->decay;
    const lanes most = lanes_all(table->most), scale = lanes_all(table->scale);
    const lanes spatial = lanes_all(pair->whole);
    const ptrdiff_t offset = pair->offset, plane = table->plane;
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        lanes distance = {0};
        for (int c = 0; c < colours; c++) {
            const uint16_t *p = from + c * plane + x;
            distance += lanes_absolute(lanes_load(p + offset) - lanes_load(p));
        }
        const lanes d = lanes_min(distance, most) * scale;
        const lanes by_range = lanes_decay_at(&decay, lanes_mul_high(d, d));
        lanes_store(line + x, lanes_mul_high(by_range, spatial));
    }
}

// A pair of pixels around each of those at `centre`.
LANES_INLINE void add_tap_whole(const bilateral_table *table, const uint16_t *centre,
                                const whole_tap *pair, ptrdiff_t x, int colours, whole_sums *sums) {
    lanes_zipped weights = lanes_zip(lanes_load(pair->later + x), lanes_load(pair->earlier + x));
    sums->weight = wide_pair_add(sums->weight, lanes_sum(weights));
    for (int c = 0; c < colours; c++) {
        const uint16_t *q = centre + c * table->plane + x;
        lanes_zipped both = lanes_zip(lanes_load(q + pair->offset), lanes_load(q - pair->offset));
        sums->product[c] = wide_pair_add(sums->product[c], lanes_dot(weights, both));
    }
}

// Rounds half up; the quotient is in [-255, 255].
LANES_INLINE wides quotient(wides sum, wides weight) {
    floats mean = __builtin_convertvector(sum, floats) / __builtin_convertvector(weight, floats);
    return __builtin_convertvector(mean + 256.5f, wides) - 256;
}

// The sum of w in(q) less in(p) times the sum of w is the sum of w (in(q) - in(p)); both fit 32
// bits. p itself has a difference of 0.
LANES_INLINE lanes whole_mean(lanes p, wide_pair product, wide_pair weight) {
    const wide_pair own = lanes_sum(lanes_zip(p, lanes_all(0)));
    wide_pair mean = {quotient(product.low - own.low * weight.low, weight.low + INT16_MAX),
                      quotient(product.high - own.high * weight.high, weight.high + INT16_MAX)};
    return p + lanes_pack(mean);
}

// Row y of a tile, or, above it, only the weights that the tile's rows will need.
LANES_INLINE void row_whole(const bilateral_table *table, const uint16_t *centre, uint16_t *out,
                            ptrdiff_t width, uint16_t *lines, ptrdiff_t y, int colours) {
    whole_tap taps[MOST_WHOLE_TAPS];
    for (ptrdiff_t t = 0; t < table->ntaps; t++) {
        const tap *pair = &table->taps[t];
        const ptrdiff_t first = first_of(pair);
        if (y + pair->y < 0)
            continue;
        weigh_row(table, centre, pair, line_of(table, pair, lines, y), width, colours);
        taps[t] =
            (whole_tap){line_of(table, pair, lines, y) - first,
                        line_of(table, pair, lines, y - pair->y) - first - pair->x, pair->offset};
    }
    for (ptrdiff_t x = 0; y >= 0 && x < width; x += LANES) {
        whole_sums sums = {0};
        for (ptrdiff_t t = 0; t < table->ntaps; t++)
            add_tap_whole(table, centre, &taps[t], x, colours, &sums);
        for (int c = 0; c < colours; c++) {
            lanes p = lanes_load(centre + c * table->plane + x);
            lanes_store(out + c * (TILE + LANES) + x, whole_mean(p, sums.product[c], sums.weight));
        }
    }
}

static void row_whole_1(const bilateral_table *table, const uint16_t *centre, uint16_t *out,
                        ptrdiff_t width, uint16_t *lines, ptrdiff_t y) {
    row_whole(table, centre, out, width, lines, y, 1);
}

static void row_whole_3(const bilateral_table *table, const uint16_t *centre, uint16_t *out,
                        ptrdiff_t width, uint16_t *lines, ptrdiff_t y) {
    row_whole(table, centre, out, width, lines, y, 3);
}

// ---- Floats -------------------------------------------------------------------------------------

LANES_INLINE floats absolute(floats a) {
    return (floats)((wides)a & INT32_MAX);
}

LANES_INLINE void row_float(const bilateral_table *table, const float *centre, float *out,
                            ptrdiff_t width, int colours) {
    const floats rate = floats_all(table->rate);
    for (ptrdiff_t x = 0; x < width; x += LANES / 2) {
        floats p[MOST_COLOURS], sum[MOST_COLOURS], weight = floats_all(1);
        for (int c = 0; c < colours; c++) {
            p[c] = floats_load(centre + c * table->plane + x);
            sum[c] = floats_all(0);
        }
        for (ptrdiff_t t = 0; t < table->ntaps; t++)
            for (int side = 0; side < 2; side++) {
                ptrdiff_t at = x + (side ? -table->taps[t].offset : table->taps[t].offset);
                floats d[MOST_COLOURS], distance = floats_all(0);
                for (int c = 0; c < colours; c++) {
                    d[c] = floats_load(centre + c * table->plane + at) - p[c];
                    distance += absolute(d[c]);
                }
                floats w = floats_exp2_of_minus(distance * distance * rate) * table->taps[t].weight;
                weight += w;
                for (int c = 0; c < colours; c++)
                    sum[c] += w * d[c];
            }
        for (int c = 0; c < colours; c++)
            floats_store(out + c * (TILE + LANES) + x, p[c] + sum[c] / weight);
    }
}

static void row_float_1(const bilateral_table *table, const float *centre, float *out,
                        ptrdiff_t width, const float *lines, ptrdiff_t y) {
    (void)lines, (void)y;
    row_float(table, centre, out, width, 1);
}

static void row_float_3(const bilateral_table *table, const float *centre, float *out,
                        ptrdiff_t width, const float *lines, ptrdiff_t y) {
    (void)lines, (void)y;
    row_float(table, centre, out, width, 3);
}

// ---- Row functions ------------------------------------------------------------------------------

static void bilateral_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = radius_of(job);
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = BLOCK;
    // The planes, and a row of each for the output, before them the lines of weights.
    size_t n = (size_t)(plane_of(job) + TILE + LANES) * (size_t)colours_of(job) + LANES;
    if (weights_are_whole(job))
        n += (size_t)(count_lines(radius_of(job)) * stride_of(job));
    g->scratch_nbytes = n * (weights_are_whole(job) ? sizeof(uint16_t) : sizeof(float));
}

#define PIXEL uint8_t
#define SAMPLE uint16_t
#define ROW row_whole
#define SHARED
#define NAME(function) function##_u8_whole
#include "bilateral.inc.h"

#define PIXEL uint8_t
#define SAMPLE float
#define ROW row_float
#define WHOLE
#define NAME(function) function##_u8
#include "bilateral.inc.h"

#define PIXEL uint16_t
#define SAMPLE float
#define ROW row_float
#define WHOLE
#define NAME(function) function##_u16
#include "bilateral.inc.h"

#define PIXEL float
#define SAMPLE float
#define ROW row_float
#define NAME(function) function##_f32
#include "bilateral.inc.h"

static void bilateral_8_bits(const ppx_job *job, const ppx_block *block) {
    if (weights_are_whole(job))
        bilateral_u8_whole(job, block);
    else
        bilateral_u8(job, block);
}

static const ppx_param bilateral_params[] = {
    [SIGMA_S] = {"sigma_s", PPX_REAL, 0.1, 1000, NULL, "3", "of the weights by place, in pixels"},
    [SIGMA_R] = {"sigma_r", PPX_REAL, 1e-6, 1e6, NULL, NULL,
                 "of the weights by difference, in grey levels"},
    [RADIUS] = {"radius", PPX_INT, 1, MOST_RADIUS, NULL, "", "of the disc, instead of 1.5 sigma_s"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step bilateral_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = bilateral_geometry,
    .map =
        {.rows =
             {[PPX_U8] = bilateral_8_bits, [PPX_U16] = bilateral_u16, [PPX_F32] = bilateral_f32}},
}};

const ppx_kernel PPX_KERNEL(bilateral) = {
    .name = "bilateral",
    .summary = "smooths what looks alike and keeps edges (Tomasi and Manduchi)",
    .examples = "bilateral:sigma_s=1,sigma_r=30 bilateral:sigma_s=2,sigma_r=0.2,radius=2",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = bilateral_params,
    .nparams = sizeof bilateral_params / sizeof *bilateral_params,
    .check = bilateral_check,
    .table_nbytes = bilateral_table_nbytes,
    .build = bilateral_build,
    .steps = bilateral_steps,
    .nsteps = 1,
};
