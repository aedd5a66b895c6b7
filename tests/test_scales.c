// test_scales.c: what is made from Gaussian blurs (unsharp, dog, log) against sums in double.
#include "linear.inc.h"

typedef struct filter {
    int border;
    double sigma, sigma2, amount; // amount: of unsharp; scale of dog and log
} filter;

enum { MOST_SIDE = 1001 };

// The Gaussian with the sum 1, or its second derivative: shifted at the centre so that the sum is
// 0, scaled so that the sum of x^2 times it is 2.
static void make_weights(double *weight, int radius, double sigma, bool second) {
    double sum = 0, moment = 0;
    for (int k = -radius; k <= radius; k++) {
        double w = exp(-0.5 * (k / sigma) * (k / sigma));
        weight[k + radius] = second ? w * (k * k - sigma * sigma) : w;
        sum += weight[k + radius];
        moment += weight[k + radius] * k * k;
    }
    if (second)
        weight[radius] -= sum;
    for (int k = 0; k <= 2 * radius; k++)
        weight[k] *= second ? 2 / moment : 1 / sum;
}

// Adds factor * the sums of products with `across` and `down` to the expected samples.
static void add_sums(const ppx_image *in, int border, const double *across, const double *down,
                     int radius, double factor, double *expected) {
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    double *column = calloc((size_t)(height + 2 * radius), sizeof *column);
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < in->shape.channels; c++) {
            for (ptrdiff_t y = -radius; y < height + radius; y++) {
                double sum = 0;
                for (int k = -radius; k <= radius; k++)
                    sum += across[k + radius] * test_sample_border(in, x + k, y, c, border);
                column[y + radius] = sum;
            }
            for (ptrdiff_t y = 0; y < height; y++)
                for (int k = 0; k <= 2 * radius; k++)
                    expected[(y * width + x) * in->shape.channels + c] +=
                        factor * down[k] * column[y + k];
        }
    free(column);
}

static void add_blur(const ppx_image *in, int border, double sigma, double factor,
                     double *expected) {
    double weight[MOST_SIDE];
    int radius = (int)ceil(5 * sigma);
    make_weights(weight, radius, sigma, false);
    add_sums(in, border, weight, weight, radius, factor, expected);
}

static double cut(double value, ppx_type type) {
    double most = ppx_type_name(type)[0] == 'f' ? 0 : type == PPX_U8 ? UINT8_MAX : UINT16_MAX;
    return most == 0 ? value : value < 0 ? 0 : value > most ? most : value;
}

static void finish(const ppx_image *in, bool around_grey, double *expected) {
    ppx_type type = in->shape.type;
    double zero = !around_grey || type == PPX_F32 ? 0 : type == PPX_U8 ? 128 : 32768;
    for (size_t k = 0; k < samples_of(in); k++)
        expected[k] = cut(expected[k] + zero, type);
}

static void unsharp_oracle(const ppx_image *in, const void *context, double *expected) {
    const filter *f = context;
    double one = 1;
    add_blur(in, f->border, f->sigma, -f->amount, expected);
    add_sums(in, f->border, &one, &one, 0, 1 + f->amount, expected);
    finish(in, false, expected);
}

static void dog_oracle(const ppx_image *in, const void *context, double *expected) {
    const filter *f = context;
    add_blur(in, f->border, f->sigma, f->amount, expected);
    add_blur(in, f->border, f->sigma2, -f->amount, expected);
    finish(in, true, expected);
}

static void log_oracle(const ppx_image *in, const void *context, double *expected) {
    const filter *f = context;
    double gauss[MOST_SIDE], second[MOST_SIDE];
    int radius = (int)ceil(5 * f->sigma);
    make_weights(gauss, radius, f->sigma, false);
    make_weights(second, radius, f->sigma, true);
    add_sums(in, f->border, second, gauss, radius, f->amount, expected);
    add_sums(in, f->border, gauss, second, radius, f->amount, expected);
    finish(in, true, expected);
}

// What gaussian may be wrong by, times what it is multiplied with, and rounding.
static trial unsharp_trial(char spec[120], const filter *f) {
    (void)snprintf(spec, 120, "unsharp:sigma=%.17g,amount=%.17g,border=%s", f->sigma, f->amount,
                   test_borders[f->border]);
    double a = f->amount;
    return (trial){
        spec, NULL, unsharp_oracle, f, {0.5 + 0.5 * a, 0.51 + 6.6 * a, 0, 1e-6 + 1e-4 * a}};
}

static trial dog_trial(char spec[120], const filter *f) {
    (void)snprintf(spec, 120, "dog:sigma1=%.17g,sigma2=%.17g,scale=%.17g,border=%s", f->sigma,
                   f->sigma2, f->amount, test_borders[f->border]);
    double error = 2e-4 * fabs(f->amount);
    return (trial){spec, NULL, dog_oracle, f, {0.501 + 255 * error, 0.6 + 65535 * error, 0, error}};
}

static trial log_trial(char spec[120], const filter *f) {
    (void)snprintf(spec, 120, "log:sigma=%.17g,scale=%.17g,border=%s", f->sigma, f->amount,
                   test_borders[f->border]);
    double error = 2e-4 * fabs(f->amount) / (f->sigma * f->sigma);
    return (trial){spec, NULL, log_oracle, f, {0.501 + 255 * error, 0.6 + 65535 * error, 0, error}};
}

typedef trial make_trial(char spec[120], const filter *f);
static make_trial *const makers[] = {unsharp_trial, dog_trial, log_trial};

static void test_small(void **state) {
    (void)state;
    for (int m = 0; m < 3; m++)
        for (int border = 0; border < 4; border++) {
            filter f = {border, border % 2 ? 0.6 : 1.3, border % 2 ? 1.1 : 0.7, 1.5};
            char spec[120];
            trial t = makers[m](spec, &f);
            check_shapes(&t);
        }
}

static void test_large(void **state) {
    (void)state;
    static const double sigmas[] = {2.7, 3.9, 4, 5.9, 6, 13, 40};
    for (int s = 0; s < 7; s++)
        for (int m = 0; m < 3; m++)
            for (int type = 0; type < 3; type++) {
                filter f = {(s + type) % 4, sigmas[s], sigmas[(s + 3) % 7],
                            m == 2 ? sigmas[s] * sigmas[s] : 2};
                char spec[120];
                trial t = makers[m](spec, &f);
                ppx_shape shape = test_shape(41, 66, 1 + (s + type) % 4, types[type]);
                ppx_image in = test_image(shape, s % 2 ? TEST_NOISE : TEST_EXTREMES, 8);
                check(&t, &in);
                ppx_image_free(&in);
            }
}

// A lone bright pixel on grey: what differs by less than the threshold stays.
static void test_threshold(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(21, 21, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 21; y++)
        memset(ppx_image_row(&in, y), 100, 21);
    ((uint8_t *)ppx_image_row(&in, 10))[10] = 140;
    trial few = {.spec = "unsharp:sigma=1,amount=2,threshold=20"};
    trial none = {.spec = "unsharp:sigma=1,amount=2,threshold=40"};
    trial zero = {.spec = "unsharp:sigma=1,amount=0"};
    ppx_image a = run(&few, &in, &ppx_runner_serial), b = run(&none, &in, &ppx_runner_serial);
    ppx_image c = run(&zero, &in, &ppx_runner_serial);
    test_expect_equal(&b, &in, 0, none.spec);
    test_expect_equal(&c, &in, 0, zero.spec);
    // The weight of the centre is 0.15915: 140 + 2 * 40 * (1 - 0.15915).
    assert_int_equal(((uint8_t *)ppx_image_row(&a, 10))[10], 207);
    assert_int_equal(((uint8_t *)ppx_image_row(&a, 10))[11], 100);
    ppx_image_free(&a);
    ppx_image_free(&b);
    ppx_image_free(&c);
    ppx_image_free(&in);
}

// No structure: mid-grey, whatever the sigmas.
static void test_constant(void **state) {
    (void)state;
    static const char *const specs[] = {"dog:sigma1=1,sigma2=1.6,scale=10", "log:sigma=0.5",
                                        "log:sigma=2,scale=4", "log:sigma=30,scale=900",
                                        "dog:sigma1=4,sigma2=70,scale=10"};
    for (int s = 0; s < 5; s++) {
        ppx_image in = test_image(test_shape(40, 30, 1, PPX_U8), TEST_NOISE, 1);
        ppx_image grey = test_image(test_shape(40, 30, 1, PPX_U8), TEST_NOISE, 1);
        for (ptrdiff_t y = 0; y < 30; y++) {
            memset(ppx_image_row(&in, y), 255, 40);
            memset(ppx_image_row(&grey, y), 128, 40);
        }
        trial t = {.spec = specs[s]};
        ppx_image out = run(&t, &in, &ppx_runner_serial);
        test_expect_equal(&out, &grey, 0, specs[s]);
        ppx_image_free(&out);
        ppx_image_free(&grey);
        ppx_image_free(&in);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
