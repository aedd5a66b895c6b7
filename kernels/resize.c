// resize.c: an image of another size.
//
//     out(x, y) = sum over i, j of w_x(i) w_y(j) in(i, j)
//
// Output pixel x looks at the input position (x + 1/2) in/out - 1/2: pixels are squares, and the
// outer edges of the images lie on each other. Shapes: any input; alpha is resized like a colour.
// Border: the edge pixels are repeated. Filters, with their taps along an axis:
//   nearest    the pixel that holds the position; also for u32 (label images)
//   area       the mean of what the output pixel covers, each pixel by its covered part
//   bilinear   2; bicubic 4 (Keys 1981, a = -3/4); lanczos3 6 (Duchon 1979), divided by their sum
// A smaller image made with few taps of a large one has aliases; antialias=yes widens the last
// three by the ratio (Heckbert 1989: the filter belongs to the output's grid then).
//
// u8 with up to 32 taps is computed in integers; the result is within 1/2 + 1/64 + T/64 of the true
// sum, T taps an axis: 1/2, rounding between the passes, and rounded weights. Everything else is a
// float sum in a fixed order, rounded once. Cost: T products a sample for columns, before the width
// changes, and T a sample of the output for rows.
#include "far.h"

#include <math.h>
#include <string.h>

#define INLINE inline __attribute__((always_inline))

enum { WIDTH, HEIGHT, SCALE, FILTER, ANTIALIAS };
enum { NEAREST, AREA, BILINEAR, BICUBIC, LANCZOS3 };
enum { FIXED_ONE = 1 << 14, MOST_FIXED_TAPS = 32 };
enum { BLOCK = 32 }; // output samples that are made together
enum { MOST_SIDE = 1 << 20 };

#include "resize_weights.inc.h"

#include "resize_lanes.inc.h"

// ---- Sizes ----

// A side that is not given follows the other one, so that the proportions stay.
static ptrdiff_t side_of(const ppx_job *job, int given, ptrdiff_t in, int other,
                         ptrdiff_t other_in) {
    const ppx_value *v = job->values;
    if (v[given].given)
        return (ptrdiff_t)v[given].i;
    double ratio = v[SCALE].given ? v[SCALE].d : v[other].d / (double)other_in;
    double side = floor((double)in * ratio + 0.5);
    return side > MOST_SIDE ? MOST_SIDE + 1 : (ptrdiff_t)side;
}

static void resize_shape(const ppx_job *job, ppx_shape *out) {
    out->width = side_of(job, WIDTH, job->in.width, HEIGHT, job->in.height);
    out->height = side_of(job, HEIGHT, job->in.height, WIDTH, job->in.width);
}

static ppx_status resize_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (v[SCALE].given ? v[WIDTH].given || v[HEIGHT].given : !v[WIDTH].given && !v[HEIGHT].given)
        return ppx_fail(error, PPX_E_USAGE, "resize needs either scale=, or width= or height=");
    if (job->in.type == PPX_U32 && v[FILTER].i != NEAREST)
        return ppx_fail(error, PPX_E_USAGE,
                        "resize of u32 must not mix samples: put filter=nearest");
    if (job->in.width > INT32_MAX / 8 || job->in.height > INT32_MAX / 8)
        return ppx_fail(error, PPX_E_USAGE, "resize takes up to %d pixels a side", INT32_MAX / 8);
    ppx_shape out = job->in;
    resize_shape(job, &out);
    if (out.width < 1 || out.height < 1)
        return ppx_fail(error, PPX_E_USAGE, "resize of %td x %td gives %td x %td: no pixel is left",
                        job->in.width, job->in.height, out.width, out.height);
    if (out.width > MOST_SIDE || out.height > MOST_SIDE)
        return ppx_fail(error, PPX_E_USAGE,
                        "resize of %td x %td gives more than %d pixels on a side", job->in.width,
                        job->in.height, (int)MOST_SIDE);
    return PPX_OK;
}

// ---- The table ----

static axis make_axis(const ppx_job *job, ptrdiff_t in, ptrdiff_t out) {
    axis a = {.in = in, .out = out};
    bool widen = job->values[ANTIALIAS].i && in > out;
    a.ntaps = count_taps(&a, (int)job->values[FILTER].i, widen);
    return a;
}

static void reserve_axis(resize_table *table, axis *a) {
    a->first = reserve(table, (size_t)a->out, sizeof(int32_t));
    a->weight = reserve(table, (size_t)a->out * (size_t)a->ntaps, sizeof(float));
    a->fixed = reserve(table, (size_t)a->out * (size_t)a->ntaps, sizeof(int16_t));
}

// Of one output sample in a vector at least, so that it is enough for more.
static void reserve_lanes(resize_table *table, int channels) {
    lanes *l = &table->lanes;
    l->nblocks = ((size_t)table->x.out * (size_t)channels + BLOCK - 1) / BLOCK;
    size_t nvectors = l->nblocks * 16;
    l->start = reserve(table, 2 * nvectors, sizeof(int32_t));
    l->mask = reserve(table, 32 * nvectors, 1);
    l->weight = reserve(table, 16 * nvectors * (((size_t)table->x.ntaps + 7) / 8), sizeof(int16_t));
}

static void reserve_couples(resize_table *table, int channels) {
    couples *p = &table->couples;
    p->nblocks = ((size_t)table->x.out * (size_t)channels + BLOCK - 1) / BLOCK;
    p->start = reserve(table, 4 * p->nblocks, sizeof(int32_t));
    p->mask = reserve(table, 2 * BLOCK * p->nblocks, 1);
    p->weight = reserve(table, BLOCK * p->nblocks, sizeof(int16_t));
}

static void reserve_picks(resize_table *table, size_t pixel) {
    picks *p = &table->picks;
    p->nblocks = ((size_t)table->x.out * pixel + BLOCK - 1) / BLOCK;
    p->start = reserve(table, 2 * p->nblocks, sizeof(int32_t));
    p->mask = reserve(table, 2 * BLOCK * p->nblocks, 1);
}

static ptrdiff_t pixel_nbytes(const ppx_job *job) {
    return job->in.channels * (ptrdiff_t)ppx_type_nbytes(job->in.type);
}

static bool is_half(const ppx_job *job, const resize_table *table) {
    return job->in.type == PPX_U8 && job->values[FILTER].i == AREA && job->in.channels == 1 &&
           table->x.in == 2 * table->x.out && table->y.in == 2 * table->y.out;
}

static bool is_linear(const ppx_job *job, const resize_table *table) {
    return job->in.type == PPX_U8 && job->values[FILTER].i != NEAREST && !is_half(job, table) &&
           table->x.ntaps == 2 && table->y.ntaps == 2;
}

static bool is_fixed(const ppx_job *job, const resize_table *table) {
    return job->in.type == PPX_U8 && job->values[FILTER].i != NEAREST && !is_half(job, table) &&
           !is_linear(job, table) && table->x.ntaps <= MOST_FIXED_TAPS &&
           table->y.ntaps <= MOST_FIXED_TAPS;
}

static resize_table plan_of(const ppx_job *job) {
    ppx_shape out = job->in;
    resize_shape(job, &out);
    resize_table table = {.x = make_axis(job, job->in.width, out.width),
                          .y = make_axis(job, job->in.height, out.height),
                          .nbytes = (sizeof(resize_table) + 63) / 64 * 64};
    reserve_axis(&table, &table.x);
    reserve_axis(&table, &table.y);
    if (is_linear(job, &table))
        reserve_couples(&table, job->in.channels);
    if (is_fixed(job, &table))
        reserve_lanes(&table, job->in.channels);
    if (job->values[FILTER].i == NEAREST)
        reserve_picks(&table, (size_t)pixel_nbytes(job));
    return table;
}

static size_t resize_table_nbytes(const ppx_job *job) {
    return plan_of(job).nbytes;
}

static void build_half(resize_table *table) {
    int32_t *first = (int32_t *)((char *)table + table->y.first);
    for (ptrdiff_t k = 0; k < table->y.out; k++)
        first[k] = (int32_t)(2 * k);
}

static void resize_build(const ppx_job *job) {
    resize_table *table = job->table;
    const int filter = (int)job->values[FILTER].i, channels = job->in.channels;
    const bool antialias = job->values[ANTIALIAS].i;
    *table = plan_of(job);
    if (is_half(job, table)) { // all else would take a tenth of its time
        build_half(table);
        return;
    }
    const axis *axes[] = {&table->x, &table->y};
    for (int n = 0; n < 2; n++)
        for (ptrdiff_t k = 0; k < axes[n]->out; k++)
            build_pixel(table, axes[n], filter, antialias && axes[n]->in > axes[n]->out, k);
    if (filter == NEAREST)
        build_picks(table, pixel_nbytes(job));
    if (is_linear(job, table))
        build_couples(table, channels);
    if (!is_fixed(job, table))
        return;
    lanes *l = &table->lanes;
    for (l->outputs = 4; l->outputs && !lanes_fit(table, channels, l->outputs);)
        l->outputs /= 2;
    if (!l->outputs)
        return;
    l->nchunks = (table->x.ntaps * l->outputs + 7) / 8;
    for (ptrdiff_t s = 0; s < (ptrdiff_t)l->nblocks * BLOCK; s++)
        build_lane(table, channels, s);
}

// A line of sums, and what a vector reads or writes beyond its end.
static size_t line_of(ppx_shape shape) {
    return ((size_t)shape.width * (size_t)shape.channels + 64 + 31) / 32 * 32;
}

static void resize_geometry(const ppx_job *job, ppx_geometry *g) {
    resize_shape(job, &g->out);
    // A line of floats or two of 16 bits, of the input's width; or two of 16 bits of the output's.
    const size_t in = line_of(job->in) * sizeof(float), out = line_of(g->out) * sizeof(float);
    g->scratch_nbytes = in > out ? in : out;
    g->block = PPX_STRIP;
    g->keep_alpha = false; // it is resized like the others
}

static void resize_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                         ptrdiff_t *b) {
    const resize_table *table = job->table;
    const int32_t *first = at(table, table->y.first);
    *a = first[y0];
    *b = first[y1 - 1] + table->y.ntaps;
    *b = *b < job->in.height ? *b : job->in.height;
}

// ---- Row functions ----

#include "resize_fixed.inc.h"

#include "resize_linear.inc.h"

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define NAME(function) function##_u8
#include "resize.inc.h"

#define PIXEL uint16_t
#define MOST UINT16_MAX
#define NAME(function) function##_u16
#include "resize.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "resize.inc.h"

#include "resize_nearest.inc.h"

static void resize_8_bits(const ppx_job *job, const ppx_block *block) {
    if (job->values[FILTER].i == NEAREST)
        resize_nearest(job, block);
    else if (is_half(job, job->table))
        resize_half(job, block);
    else if (is_linear(job, job->table))
        resize_linear(job, block);
    else if (is_fixed(job, job->table))
        resize_fixed(job, block);
    else
        resize_u8(job, block);
}

static void resize_16_bits(const ppx_job *job, const ppx_block *block) {
    (job->values[FILTER].i == NEAREST ? resize_nearest : resize_u16)(job, block);
}

static void resize_float(const ppx_job *job, const ppx_block *block) {
    (job->values[FILTER].i == NEAREST ? resize_nearest : resize_f32)(job, block);
}

static const ppx_param resize_params[] = {
    [WIDTH] = {"width", PPX_INT, 1, MOST_SIDE, NULL, "", "of the output, in pixels"},
    [HEIGHT] = {"height", PPX_INT, 1, MOST_SIDE, NULL, "",
                "of the output, in pixels; one alone keeps the proportions"},
    [SCALE] = {"scale", PPX_REAL, 1e-6, 1e6, NULL, "",
               "of both sides, instead of width and height"},
    [FILTER] = {"filter", PPX_CHOICE, 0, 0, "nearest|area|bilinear|bicubic|lanczos3", "bilinear",
                "how a pixel is made of its neighbours"},
    [ANTIALIAS] = {"antialias", PPX_CHOICE, 0, 0, "no|yes", "no",
                   "whether bilinear, bicubic and lanczos3 widen when the image shrinks"},
};

static const ppx_step resize_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = resize_geometry,
    .map = {.rows = {resize_8_bits, resize_16_bits, resize_nearest, resize_float},
            .needs = resize_needs},
}};

const ppx_kernel PPX_KERNEL(resize) = {
    .name = "resize",
    .summary = "an image of another size",
    .examples = "resize:scale=1.5 resize:width=50 resize:height=70,width=120,filter=bicubic "
                "resize:scale=0.37,filter=area resize:scale=1.3,filter=lanczos3 "
                "resize:scale=0.2,filter=bicubic,antialias=yes resize:scale=2.5,filter=nearest",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = resize_params,
    .nparams = sizeof resize_params / sizeof *resize_params,
    .check = resize_check,
    .table_nbytes = resize_table_nbytes,
    .build = resize_build,
    .steps = resize_steps,
    .nsteps = 1,
};
