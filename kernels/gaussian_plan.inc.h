// gaussian_plan.inc.h: how gaussian.c and its relatives (unsharp, dog, log) blur: what is shared by
// all pixel types. Each of these files includes it, and then gaussian_blur.inc.h for each type.
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
#include <math.h>
#include <string.h>

enum { TERMS = 2 };        // sums of products of a filter across and one down: 1, for LoG 2
enum { MOST_RADIUS = 24 }; // of weights for pixels, direct or coarse
enum { MOST_SCALE = 32 };  // d
enum { MOST_ORDER = 6 };   // n
enum { MOST_FINE = MOST_ORDER * (MOST_SCALE - 1) / 2 }; // radius of B
enum { MOST_ROWS = 192 };                               // of a tile that are in the cache at a time
enum { BLOCK = 32 };                                    // rows made at a time

typedef struct blur_plan {
    bool fixed;      // in 16 bits
    int scale;       // d; 1: direct
    int order, fine; // n and the radius of B; fine is 0 if direct
    int radius;      // of the weights, in coarse pixels
    int nterms;
    ptrdiff_t reach; // of everything, in pixels
} blur_plan;

// Weights by distance from the centre, and for the fixed ones the products that lose something.
typedef struct blur_table {
    float across[TERMS][MOST_RADIUS + 1], down[TERMS][MOST_RADIUS + 1];
    float fine[MOST_FINE + 1], up[MOST_FINE + 1]; // B and d B
    uint16_t fixed[MOST_RADIUS + 1], fine_fixed[MOST_FINE + 1], up_fixed[MOST_FINE + 1];
    int32_t lost; // by both passes of fixed weights, on average, in 1/256 of a level
} blur_table;

// tails: where the weights end, in sigma. log: of the Laplacian of the Gaussian.
static blur_plan blur_plan_of(double sigma, double tails, bool fixed, bool log) {
    blur_plan plan = {.fixed = fixed, .scale = 1, .nterms = log ? 2 : 1};
    if (sigma < 4) {
        plan.radius = (int)ceil(tails * sigma - (fixed ? 0.5 : 0));
        plan.reach = plan.radius;
        return plan;
    }
    int scale = (int)floor(sigma * (fixed ? 0.6 : 0.5));
    plan.scale = scale < MOST_SCALE ? scale : MOST_SCALE;
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
    double sums[2 * MOST_FINE + 1] = {1};
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
static void coarse_build(double *weights, const blur_plan *plan, const double *spline, double sigma,
                         int power) {
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

static void direct_build(double *weights, const blur_plan *plan, double sigma, int power) {
    double s2 = sigma * sigma;
    for (int k = 0; k <= plan->radius; k++) {
        weights[k] = exp(-k * k / (2 * s2));
        if (power)
            weights[k] *= (k * k / s2 - 1) / s2;
    }
}

// Weights for the Gaussian or its second derivative: the first sum to 1. The second sum to 0 and
// make 2 of a parabola x^2, as derivatives do.
static void weights_build(double *weights, const blur_plan *plan, const double *spline,
                          double sigma, int power) {
    for (int k = 0; k <= MOST_RADIUS; k++)
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

static void blur_build(blur_table *table, const blur_plan *plan, double sigma) {
    double spline[MOST_FINE + 1], gauss[MOST_RADIUS + 1], second[MOST_RADIUS + 1];
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
