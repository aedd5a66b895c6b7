// blur.c: Gaussian blurs for gaussian.c and its relatives.
//
// Directly, up to sigma 4: columns first, then rows, one product for two samples at the same
// distance.
//
// On a coarser grid, from sigma 4: with B the box of d pixels convolved n times with itself (a
// B-spline of order n, of variance n (d^2 - 1) / 12), the image is weighted by B around every d-th
// pixel of every d-th row, blurred there by weights g, and every pixel is the sum of the coarse
// pixels around it weighted by d B. So h = B * (g on the grid) * d B takes the place of the
// Gaussian, and g is what makes their spectra equal at all frequencies of the coarse grid,
//
//     g(k) = integral over t in [0, pi] of exp(-(t sigma / d)^2 / 2) cos(k t) / (b(t / d))^2 dt,
//
// b the spectrum of B. What is not on the grid's frequencies B puts out: its spectrum has zeros of
// order n at all multiples of 2 pi / d. (Unser, Aldroubi and Eden 1993 on B-splines as pyramids;
// the grid is anchored to the image's pixel 0, so that no cut into blocks shows.) n is 4 and d 0.6
// sigma for u8; then the sum of |h - Gaussian| is below 0.0013 in each direction, wherever the
// pixel lies on the grid. n is 6 and d half of sigma for others; then it is below 0.0001. The
// largest error is half the sum of both directions, times the range of the samples. The coarse
// pixels are 1 / d^2 of all, so that the cost hardly depends on sigma.
//
// u8 is summed in 16 bits ("fixed"): the sum of the two samples at the same distance, in 1/128 of a
// level, is multiplied by a weight of 16 bits, and the high halves of the products are summed. The
// weight of a pair is w * 2^17 (w is below 1/2), that of the centre w * 2^16, and together they are
// 2^16 exactly, so that sums are in 1/256 of a level; between the passes they are rounded to 1/128,
// so that a pair of them fits 16 bits again. A high half loses less than 1/256 of a level, half of
// that on average, which is given back at the end. Everything else is a float sum in a fixed order,
// from the tails to the centre, which keeps the partial sums small (Higham 1993).
#include "blur.h"

#include "../core/runner.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 192 }; // of a tile that are in the cache at a time

// ---- The plan ----

ppx_blur_plan ppx_blur_plan_of(double sigma, double tails, bool fixed, bool log) {
    ppx_blur_plan plan = {.fixed = fixed, .scale = 1, .nterms = log ? 2 : 1};
    if (sigma < 4) {
        plan.radius = (int)ceil(tails * sigma - (fixed ? 0.5 : 0));
        plan.reach = plan.radius;
        return plan;
    }
    int scale = (int)floor(sigma * (fixed ? 0.6 : 0.5));
    plan.scale = scale < PPX_BLUR_MOST_SCALE ? scale : PPX_BLUR_MOST_SCALE;
    plan.order = fixed ? 4 : 6;
    plan.fine = plan.order * (plan.scale - 1) / 2;
    plan.radius = (int)ceil(tails * sigma / plan.scale);
    plan.reach = 2 * plan.fine + plan.scale * plan.radius;
    return plan;
}

// ---- Weights ----

// weights with the sum 1 in 16 bits; returns how many of them are not 0.
static int to_fixed(uint16_t *fixed, const float *weights, int radius) {
    int32_t centre = 1 << 16, n = 0;
    for (int k = radius; k >= 0; k--) {
        int32_t w = k ? (int32_t)floor((double)weights[k] * (1 << 17) + 0.5) : centre;
        w = w > UINT16_MAX ? UINT16_MAX : w;
        fixed[k] = (uint16_t)w;
        n += w != 0;
        centre -= w;
    }
    return n;
}

// The box of `scale` pixels, `order` times: its sum is scale^order.
static void spline_build(double *spline, int scale, int order) {
    double sums[2 * PPX_BLUR_MOST_FINE + 1] = {1};
    int n = 1;
    for (int k = 0; k < order; k++, n += scale - 1)
        for (int x = n + scale - 2; x >= 0; x--) {
            double sum = 0;
            for (int j = 0; j < scale && j <= x; j++)
                sum += x - j < n ? sums[x - j] : 0;
            sums[x] = sum;
        }
    for (int k = 0; k <= n / 2; k++)
        spline[k] = sums[n / 2 + k];
}

static double cosine_sum(const double *weights, int radius, double t) {
    double sum = weights[0];
    for (int k = 1; k <= radius; k++)
        sum += 2 * weights[k] * cos(k * t);
    return sum;
}

// What g above is for the spectrum (-t^2)^power exp(-t^2 sigma^2 / 2), power 0 or 1.
static void coarse_build(double *weights, const ppx_blur_plan *plan, const double *spline,
                         double sigma, int power) {
    enum { NSTEPS = 256 };
    double one = cosine_sum(spline, plan->fine, 0);
    for (int s = 0; s < NSTEPS; s++) {
        double theta = (s + 0.5) / NSTEPS * 3.14159265358979323846, t = theta / plan->scale;
        double b = cosine_sum(spline, plan->fine, t) / one;
        double wanted = exp(-0.5 * t * t * sigma * sigma) / (b * b);
        if (power)
            wanted *= -t * t;
        for (int k = 0; k <= plan->radius; k++)
            weights[k] += wanted * cos(k * theta) / NSTEPS;
    }
}

static void direct_build(double *weights, const ppx_blur_plan *plan, double sigma, int power) {
    double s2 = sigma * sigma;
    for (int k = 0; k <= plan->radius; k++) {
        weights[k] = exp(-k * k / (2 * s2));
        if (power)
            weights[k] *= (k * k / s2 - 1) / s2;
    }
}

// Weights for the Gaussian or its second derivative: the first sum to 1. The second sum to 0 and
// make 2 of a parabola x^2, as derivatives do.
static void weights_build(double *weights, const ppx_blur_plan *plan, const double *spline,
                          double sigma, int power) {
    for (int k = 0; k <= PPX_BLUR_MOST_RADIUS; k++)
        weights[k] = 0;
    if (plan->scale > 1)
        coarse_build(weights, plan, spline, sigma, power);
    else
        direct_build(weights, plan, sigma, power);
    double sum = cosine_sum(weights, plan->radius, 0), moment = 0;
    if (power) {
        weights[0] -= sum;
        for (int k = 1; k <= plan->radius; k++)
            moment += 2.0 * k * k * weights[k];
        sum = moment * plan->scale * plan->scale / 2;
    }
    for (int k = 0; k <= plan->radius; k++)
        weights[k] /= sum;
}

void ppx_blur_build(ppx_blur_table *table, const ppx_blur_plan *plan, double sigma) {
    double spline[PPX_BLUR_MOST_FINE + 1], gauss[PPX_BLUR_MOST_RADIUS + 1],
        second[PPX_BLUR_MOST_RADIUS + 1];
    if (plan->scale > 1) {
        spline_build(spline, plan->scale, plan->order);
        double sum = cosine_sum(spline, plan->fine, 0);
        for (int k = 0; k <= plan->fine; k++) {
            double w = spline[k] / sum;
            table->fine[k] = (float)w;
            table->up[k] = (float)(w * plan->scale);
            table->up_fixed[k] = (uint16_t)floor(w * plan->scale * (1 << 16) + 0.5);
        }
    }
    weights_build(gauss, plan, spline, sigma, 0);
    for (int k = 0; k <= plan->radius; k++)
        table->across[0][k] = table->down[0][k] = (float)gauss[k];
    if (plan->nterms > 1) {
        weights_build(second, plan, spline, sigma, 1);
        for (int k = 0; k <= plan->radius; k++) {
            table->across[0][k] = table->down[1][k] = (float)second[k];
            table->across[1][k] = table->down[0][k] = (float)gauss[k];
        }
    }
    if (plan->fixed && plan->scale > 1)
        table->lost = to_fixed(table->fine_fixed, table->fine, plan->fine);
    else if (plan->fixed)
        table->lost = to_fixed(table->fixed, table->across[0], plan->radius);
}

#define INLINE inline __attribute__((always_inline))

#include "blur_sums.inc.h"

// ---- Scratch ----

// The next rows of the coarse grid to be made.
struct ppx_blur_state {
    ptrdiff_t next_across, next_columns, next_wide;
};

// A sample beyond the edge of a line, and one within that it is equal to.
struct ppx_blur_edge {
    ptrdiff_t to, from;
};

static void *take(char **at, size_t nbytes) {
    void *taken = *at;
    *at += (nbytes + 63) / 64 * 64;
    return taken;
}

static ptrdiff_t floor_div(ptrdiff_t a, ptrdiff_t b) {
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static ptrdiff_t wrap(ptrdiff_t k, ptrdiff_t n) {
    return k - floor_div(k, n) * n;
}

enum { MOST_TILE = TILE_fixed }; // samples

// A few samples before a row of sums may be written.
static float *take_sums(const ppx_blur *b, char **at) {
    enum { BEFORE = 16 };
    return (float *)take(at, (size_t)(BEFORE + b->pitch) * sizeof(float)) + BEFORE;
}

// Lays the scratch out from `scratch`; returns how much it takes.
static size_t blur_lay_out(ppx_blur *b, void *scratch) {
    const ppx_blur_plan *plan = b->plan;
    ptrdiff_t step = b->shape.channels, scale = plan->scale, width = b->shape.width;
    size_t sum = plan->fixed ? sizeof(uint16_t) : sizeof(float);
    char *at = scratch;
    b->n = width * step;
    b->nplanes = ppx_blur_planes(plan, b->shape.type);
    b->margin = (plan->reach * step + 31) / 32 * 32;
    b->plane = (2 * b->margin + b->n / b->nplanes + 2 * MOST_TILE + 31) / 32 * 32;
    b->plane += b->plane / 32 % 2 ? 0 : 32;
    b->pitch = b->nplanes * b->plane;
    b->state = take(&at, sizeof(ppx_blur_state));
    b->tile = take(&at, MOST_ROWS * MOST_TILE * sum);
    ptrdiff_t nlines = scale > 1 ? PPX_BLUR_BLOCK : PPX_BLUR_BLOCK * plan->nterms;
    b->lines = take(&at, (size_t)(nlines * b->pitch) * sum);
    b->sum = take_sums(b, &at);
    b->rest = take(&at, MOST_TILE * sizeof(float));
    b->edges = take(&at, scale > 1 ? 0 : 2 * (size_t)(plan->reach * step) * sizeof *b->edges);
    if (scale > 1) {
        b->x0 = -(plan->fine / scale) - plan->radius;
        b->ncoarse = (floor_div(width - 1 + plan->fine, scale) + plan->radius + 1 - b->x0) * step;
        b->coarse_pitch = (b->ncoarse + 2 * MOST_TILE + 31) / 32 * 32;
        b->nwide = plan->order + 2;
        b->ncolumns = PPX_BLUR_BLOCK / scale + plan->order + 2;
        b->nacross = b->ncolumns + 2 * plan->radius + 1;
        size_t line = (size_t)b->coarse_pitch * sizeof(float);
        b->coarse = take(&at, line);
        b->across = take(&at, (size_t)(b->nacross * plan->nterms) * line);
        b->columns = take(&at, (size_t)b->ncolumns * line);
        b->sparse = take(&at, (size_t)b->pitch * sizeof(float));
        b->wide_sum = take_sums(b, &at);
        b->wide = take(&at, (size_t)(b->nwide * b->pitch) * sum);
    }
    return (size_t)(at - (char *)scratch);
}

size_t ppx_blur_scratch_nbytes(const ppx_job *job, const ppx_blur_plan *plan) {
    ppx_blur b = {.plan = plan, .shape = job->in};
    return blur_lay_out(&b, NULL);
}

// Few rows share fewer of their samples, but half of them are better if only then their lines stay
// in the second cache.
ptrdiff_t ppx_blur_block(const ppx_job *job, const ppx_blur_plan *plan) {
    enum { CACHE_NBYTES = 1 << 18 };
    ppx_blur b = {.plan = plan, .shape = job->in};
    blur_lay_out(&b, NULL);
    const size_t line = (size_t)b.pitch * (plan->fixed ? sizeof(uint16_t) : sizeof(float));
    const size_t all = PPX_BLUR_BLOCK * line;
    const bool half = plan->scale == 1 && all > CACHE_NBYTES && all / 2 <= CACHE_NBYTES;
    return half ? PPX_BLUR_BLOCK / 2 : PPX_BLUR_BLOCK;
}

ppx_blur ppx_blur_of(const ppx_job *job, const ppx_blur_plan *plan, const ppx_blur_table *table,
                     const ppx_block *block, void *scratch) {
    ppx_blur b = {.plan = plan,
                  .table = table,
                  .block = block,
                  .shape = job->in,
                  .border = job->geometry.border};
    blur_lay_out(&b, scratch);
    return b;
}

// ---- Beyond the edges of lines ----

enum { NOWHERE = -1 }; // beyond a constant border, where sums are 0, as samples are

// Where a sample lies in a line.
static ptrdiff_t place_of(const ppx_blur *b, ptrdiff_t k) {
    return b->nplanes == 1 ? k : (k & 1) * b->plane + floor_div(k, 2);
}

// What lies beyond both edges of a line is the same samples in each; returns how many.
static ptrdiff_t blur_edges(const ppx_blur *b) {
    const ptrdiff_t width = b->shape.width, step = b->shape.channels;
    ptrdiff_t n = 0;
    for (ptrdiff_t k = 0; k < 2 * b->plan->reach; k++) {
        const ptrdiff_t x = k % 2 ? width + k / 2 : -1 - k / 2;
        const ptrdiff_t from = ppx_border_row(b->border, x, width);
        for (ptrdiff_t c = 0; c < step; c++, n++) {
            b->edges[n].to = place_of(b, x * step + c);
            b->edges[n].from = from < 0 ? NOWHERE : place_of(b, from * step + c);
        }
    }
    return n;
}

// ---- Rows ----

static inline const uint16_t *down_weights_fixed(const ppx_blur_table *table, int term) {
    (void)term;
    return table->fixed;
}

static inline const uint16_t *across_weights_fixed(const ppx_blur_table *table, int term) {
    (void)term;
    return table->fixed;
}

static inline const float *down_weights_float(const ppx_blur_table *table, int term) {
    return table->down[term];
}

static inline const float *across_weights_float(const ppx_blur_table *table, int term) {
    return table->across[term];
}

static inline const uint16_t *fine_fixed(const ppx_blur_table *table) {
    return table->fine_fixed;
}

static inline const float *fine_float(const ppx_blur_table *table) {
    return table->fine;
}

static inline const uint16_t *up_fixed(const ppx_blur_table *table) {
    return table->up_fixed;
}

static inline const float *up_float(const ppx_blur_table *table) {
    return table->up;
}

static float *across_of(const ppx_blur *b, ptrdiff_t y, int term) {
    return b->across + (wrap(y, b->nacross) * b->plan->nterms + term) * b->coarse_pitch;
}

static float *columns_of(const ppx_blur *b, ptrdiff_t y) {
    return b->columns + wrap(y, b->ncolumns) * b->coarse_pitch;
}

// Coarse lines from the next one to `end` (beyond the last) are summed down the columns, tile by
// tile, so that what they share stays in the cache.
static void blur_columns(const ppx_blur *b, ptrdiff_t end) {
    int radius = b->plan->radius;
    ptrdiff_t first = b->state->next_columns, n = b->ncoarse - 2 * radius * b->shape.channels;
    float *tile = b->tile;
    for (ptrdiff_t x = 0; x < n; x += TILE_float)
        for (int t = 0; t < b->plan->nterms; t++) {
            for (ptrdiff_t y = first - radius; y < end + radius; y++)
                memcpy(tile + (y - first + radius) * TILE_float, across_of(b, y, t) + x,
                       TILE_float * sizeof *tile);
            for (ptrdiff_t y = first; y < end; y++)
                weigh_down_float(columns_of(b, y) + x, tile + (y - first + radius) * TILE_float,
                                 b->table->down[t], radius, t > 0);
        }
    b->state->next_columns = end;
}

// ---- Rows of each pixel type, in each arithmetic ----

#define SUM uint16_t
#define SUMS(name) name##_fixed

#define PIXEL uint8_t
#define WORD uint16_t
#define NPLANES 2
#define SHIFT << 7
#define NAME(name) name##_u8_fixed
#include "blur_rows.inc.h"

#undef SUM
#undef SUMS
#define SUM float
#define SUMS(name) name##_float

#define PIXEL uint8_t
#define SHIFT
#define NPLANES 1
#define NAME(name) name##_u8
#include "blur_rows.inc.h"

#define PIXEL uint16_t
#define WORD uint32_t
#define NPLANES 2
#define SHIFT
#define NAME(name) name##_u16
#include "blur_rows.inc.h"

#define PIXEL float
#define SHIFT
#define NPLANES 1
#define NAME(name) name##_f32
#include "blur_rows.inc.h"

void ppx_blur_begin(const ppx_blur *b) {
    if (b->plan->fixed)
        begin_u8_fixed(b);
    else if (b->shape.type == PPX_U8)
        begin_u8(b);
    else if (b->shape.type == PPX_U16)
        begin_u16(b);
    else
        begin_f32(b);
}

void ppx_blur_row(const ppx_blur *b, ptrdiff_t k, void *sum) {
    if (b->plan->fixed)
        row_u8_fixed(b, k, sum);
    else if (b->shape.type == PPX_U8)
        row_u8(b, k, sum);
    else if (b->shape.type == PPX_U16)
        row_u16(b, k, sum);
    else
        row_f32(b, k, sum);
}

void ppx_blur_pixels(const ppx_blur *b, ptrdiff_t k, void *out) {
    if (b->plan->fixed)
        pixels_u8_fixed(b, k, out);
    else if (b->shape.type == PPX_U16)
        pixels_u16(b, k, out);
    else
        row_f32(b, k, out);
}
