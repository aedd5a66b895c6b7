// test_denoise.c: bilateral, non-local means and guided filters against their formulas in double.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                     {31, 65}, {33, 64}, {16, 63}, {70, 9}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

static double range_of(ppx_type type) {
    return type == PPX_U8 ? 255 : type == PPX_U16 ? 65535 : 1;
}

static int colours_of(const ppx_image *in) {
    return in->shape.channels == 4 ? 3 : in->shape.channels == 2 ? 1 : in->shape.channels;
}

// ---- Bilateral ----------------------------------------------------------------------------------

typedef struct disc {
    double sigma_s, sigma_r;
    int radius, border;
} disc;

static double slow_bilateral(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                             const void *context) {
    const disc *k = context;
    double sum = 0, weights = 0;
    for (int dy = -k->radius; dy <= k->radius; dy++)
        for (int dx = -k->radius; dx <= k->radius; dx++) {
            if (dx * dx + dy * dy > k->radius * k->radius)
                continue;
            double d = 0;
            for (int e = 0; e < colours_of(in); e++)
                d += fabs(test_sample_border(in, x + dx, y + dy, e, k->border) -
                          test_sample(in, x, y, e));
            double weight = exp(-(dx * dx + dy * dy) / (2 * k->sigma_s * k->sigma_s)) *
                            exp(-d * d / (2 * k->sigma_r * k->sigma_r));
            sum += weight * test_sample_border(in, x + dx, y + dy, c, k->border);
            weights += weight;
        }
    return sum / weights;
}

static void check_bilateral(const ppx_image *in, disc k) {
    char spec[120];
    (void)snprintf(spec, sizeof spec, "bilateral:sigma_s=%g,sigma_r=%g,radius=%d,border=%s",
                   k.sigma_s, k.sigma_r, k.radius, test_borders[k.border]);
    static const double most[] = {[PPX_U8] = 0.55, [PPX_U16] = 0.52, [PPX_F32] = 2e-6};
    TEST_EACH_LEVEL(level)
    test_against_oracle(spec, in, slow_bilateral, &k, most[in->shape.type]);
}

static void test_bilateral(void **state) {
    (void)state;
    static const int radii[] = {1, 2, 4, 9, 10, 23};
    static const double sigmas[] = {0.12, 0.02, 0.5, 0.004}; // of the range
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = (channels + t) % 3; s < NSIZES; s += 3)
                for (int r = 0; r < 6; r++) {
                    if (r > 2 && (s + channels + r + t) % 3 != 0)
                        continue; // slow
                    if (radii[r] > 10 && sizes[s][0] * sizes[s][1] > 300)
                        continue;
                    ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                    int turn = s + channels + r;
                    ppx_image in = test_image(shape, (test_texture)((s + t) % TEST_NTEXTURES), 3);
                    check_bilateral(&in,
                                    (disc){0.5 + turn % 5, sigmas[turn % 4] * range_of(types[t]),
                                           radii[r], turn % 4});
                    ppx_image_free(&in);
                }
}

// Rows of several tiles.
static void test_bilateral_wide(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++) {
            ppx_image in = test_image(test_shape(1030, 5, channels, types[t]),
                                      (test_texture)(channels - 1), 5);
            check_bilateral(&in, (disc){2, 0.1 * range_of(types[t]), 3, channels - 1});
            ppx_image_free(&in);
        }
}

// The default radius is that of OpenCV.
static void test_bilateral_radius(void **state) {
    (void)state;
    static const struct {
        double sigma_s;
        int radius;
    } pairs[] = {{0.2, 1}, {1, 2}, {2, 3}, {3, 4}, {5, 8}, {33, 50}};
    ppx_image in = test_image(test_shape(40, 30, 1, PPX_U8), TEST_NOISE, 5);
    for (int k = 0; k < 6; k++) {
        char spec[80];
        (void)snprintf(spec, sizeof spec, "bilateral:sigma_r=40,sigma_s=%g", pairs[k].sigma_s);
        ppx_image a = test_run(spec, &in, &ppx_runner_serial, NULL);
        (void)snprintf(spec, sizeof spec, "bilateral:sigma_r=40,sigma_s=%g,radius=%d",
                       pairs[k].sigma_s, pairs[k].radius);
        ppx_image b = test_run(spec, &in, &ppx_runner_serial, NULL);
        assert_true(ppx_image_equal(&a, &b));
        ppx_image_free(&a);
        ppx_image_free(&b);
    }
    ppx_image_free(&in);
}

// ---- Non-local means ----------------------------------------------------------------------------

typedef struct means {
    int search, patch;
    double h;
    int border;
} means;

static double patch_distance(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, ptrdiff_t u,
                             ptrdiff_t v, const means *k) {
    double sum = 0;
    int half = k->patch / 2;
    for (int j = -half; j <= half; j++)
        for (int i = -half; i <= half; i++)
            for (int e = 0; e < colours_of(in); e++)
                sum += pow(test_sample_border(in, x + i, y + j, e, k->border) -
                               test_sample_border(in, u + i, v + j, e, k->border),
                           2);
    return sum / (k->patch * k->patch * colours_of(in));
}

static double slow_nlm(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    const means *k = context;
    double sum = 0, weights = 0;
    int reach = k->search / 2;
    for (ptrdiff_t v = y - reach; v <= y + reach; v++)
        for (ptrdiff_t u = x - reach; u <= x + reach; u++) {
            double weight = exp(-patch_distance(in, x, y, u, v, k) / (k->h * k->h));
            if (weight < 0.001)
                continue;
            sum += weight * test_sample_border(in, u, v, c, k->border);
            weights += weight;
        }
    return sum / weights;
}

static void check_nlm(const ppx_image *in, means k) {
    char spec[120];
    (void)snprintf(spec, sizeof spec, "nlm:search=%d,patch=%d,h=%.9g,border=%s", k.search, k.patch,
                   k.h, test_borders[k.border]);
    static const double most[] = {[PPX_U8] = 0.7, [PPX_U16] = 200, [PPX_F32] = 2e-6};
    TEST_EACH_LEVEL(level)
    test_against_oracle(spec, in, slow_nlm, &k, most[in->shape.type]);
}

static void test_nlm(void **state) {
    (void)state;
    static const int searches[] = {3, 1, 7, 11}, patches[] = {3, 5, 7, 9};
    static const double strengths[] = {0.31, 0.043, 0.012, 1.3}; // of the range
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = (channels + t) % 3; s < NSIZES; s += 3)
                for (int k = 0; k < 4; k++) {
                    int turn = s + 3 * channels + t + k;
                    if (k > 0 && turn % 3 && sizes[s][0] * sizes[s][1] > 300)
                        continue; // slow
                    ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                    ppx_image in = test_image(shape, (test_texture)((s + t) % TEST_NTEXTURES), 3);
                    check_nlm(&in, (means){searches[k], patches[(k + s) % 4],
                                           strengths[turn / 2 % 4] * range_of(types[t]), turn % 4});
                    ppx_image_free(&in);
                }
}

static void test_nlm_large(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++) {
        ppx_image in = test_image(test_shape(11, 7, 3, types[t]), TEST_SMOOTH, 3);
        check_nlm(&in, (means){63, 3, 0.1 * range_of(types[t]), t + 1}); // beyond the image
        check_nlm(&in, (means){3, 21, 0.1 * range_of(types[t]), t});
        ppx_image_free(&in);
        in = test_image(test_shape(530, 3, 1, types[t]), TEST_SMOOTH, 3); // several tiles
        check_nlm(&in, (means){7, 3, 0.05 * range_of(types[t]), t});
        ppx_image_free(&in);
    }
}

// ---- Guided -------------------------------------------------------------------------------------

typedef struct guide {
    int radius;
    double eps;
    int border;
} guide;

// a and b of one channel, row by row, from windows summed anew.
static void slow_coefficients(const ppx_image *in, int c, guide k, double *a, double *b) {
    double most = range_of(in->shape.type);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            double sum = 0, squares = 0, n = pow(2 * k.radius + 1, 2);
            for (int dy = -k.radius; dy <= k.radius; dy++)
                for (int dx = -k.radius; dx <= k.radius; dx++) {
                    double v = test_sample_border(in, x + dx, y + dy, c, k.border);
                    sum += v;
                    squares += v * v;
                }
            double variance = squares / n - pow(sum / n, 2);
            double share = variance / (variance + k.eps * most * most);
            a[y * in->shape.width + x] = share;
            b[y * in->shape.width + x] = (1 - share) * sum / n;
        }
}

// Each sample is 1 more than its place in an array: with a border rule, a way to find a and b.
static ppx_image places(ptrdiff_t width, ptrdiff_t height) {
    ppx_image image = test_image(test_shape(width, height, 1, PPX_U32), TEST_NOISE, 0);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            ((uint32_t *)ppx_image_row(&image, y))[x] = (uint32_t)(y * width + x + 1);
    return image;
}

static void compare_guided(const ppx_image *in, const ppx_image *got, int c, guide k,
                           const double *a, const double *b) {
    static const double most[] = {[PPX_U8] = 0.51, [PPX_U16] = 0.501, [PPX_F32] = 1e-6};
    ppx_image place = places(in->shape.width, in->shape.height);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            double sum_a = 0, sum_b = 0, n = pow(2 * k.radius + 1, 2);
            for (int dy = -k.radius; dy <= k.radius; dy++)
                for (int dx = -k.radius; dx <= k.radius; dx++) {
                    size_t at = (size_t)test_sample_border(&place, x + dx, y + dy, 0, k.border);
                    sum_a += at ? a[at - 1] : 0;
                    sum_b += at ? b[at - 1] : 0;
                }
            double value = test_sample(got, x, y, c);
            double wanted = sum_a / n * test_sample(in, x, y, c) + sum_b / n;
            if (!(fabs(value - wanted) <= most[in->shape.type]))
                fail_msg("guided:radius=%d,eps=%g,border=%s of %td x %td x %d %s: (%td, %td) "
                         "channel %d is %.9g, wanted %.9g",
                         k.radius, k.eps, test_borders[k.border], in->shape.width, in->shape.height,
                         in->shape.channels, ppx_type_name(in->shape.type), x, y, c, value, wanted);
        }
    ppx_image_free(&place);
}

static void check_guided(const ppx_image *in, guide k) {
    char spec[120];
    (void)snprintf(spec, sizeof spec, "guided:radius=%d,eps=%g,border=%s", k.radius, k.eps,
                   test_borders[k.border]);
    size_t n = (size_t)(in->shape.width * in->shape.height);
    double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    assert_non_null(a);
    assert_non_null(b);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
        for (int c = 0; c < colours_of(in); c++) {
            slow_coefficients(in, c, k, a, b);
            compare_guided(in, &got, c, k, a, b);
        }
        if (in->shape.channels % 2 == 0)
            for (ptrdiff_t y = 0; y < in->shape.height; y++)
                for (ptrdiff_t x = 0; x < in->shape.width; x++)
                    assert_true(test_sample(&got, x, y, in->shape.channels - 1) ==
                                test_sample(in, x, y, in->shape.channels - 1));
        ppx_image_free(&got);
    }
    free(a);
    free(b);
}

static void test_guided(void **state) {
    (void)state;
    static const int radii[] = {1, 2, 5, 17};
    static const double eps[] = {0.01, 0.2, 0.0004, 1e-6};
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = (channels + t) % 3; s < NSIZES; s += 3)
                for (int k = 0; k < 4; k++) {
                    if (k > 1 && sizes[s][0] * sizes[s][1] > 300 && (s + channels + k) % 4)
                        continue; // slow
                    ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                    ppx_image in = test_image(shape, (test_texture)((s + t) % TEST_NTEXTURES), 3);
                    check_guided(&in, (guide){radii[k], eps[(s + k) % 4], (s + channels) % 4});
                    ppx_image_free(&in);
                }
}

// Sums of more than 32 bits, and windows far beyond the image.
static void test_guided_large(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int border = 0; border < 4; border++) {
            ppx_image in = test_image(test_shape(7, 5, 1, types[t]), TEST_EXTREMES, 3);
            check_guided(&in, (guide){90, 0.01, border});
            check_guided(&in, (guide){103, 0.01, border});
            ppx_image_free(&in);
        }
}

// ---- All ----------------------------------------------------------------------------------------

static const char *const specs[] = {
    "bilateral:sigma_s=2,sigma_r=20,border=wrap",
    "bilateral:sigma_s=2,sigma_r=0.3,radius=12",
    "nlm:search=7,patch=5,h=30,border=constant",
    "nlm:search=25,patch=3,h=0.4,border=wrap",
    "guided:radius=3,border=reflect",
    "guided:radius=40,eps=0.001",
    "guided:radius=9,border=wrap",
    "guided:radius=70,border=constant",
};
enum { NSPECS = sizeof specs / sizeof *specs };

// Blocks that begin anywhere, and levels.
static void test_threads(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int k = 0; k < NSPECS; k++) {
            ppx_image in = test_image(test_shape(57, 193, 1 + (k + t) % 4, types[t]),
                                      (test_texture)(k % TEST_NTEXTURES), 51);
            test_same_on_threads(specs[k], &in);
            ppx_image wanted = test_run(specs[k], &in, &ppx_runner_serial, NULL);
            TEST_EACH_LEVEL(level) {
                ppx_image got = test_run(specs[k], &in, &ppx_runner_serial, NULL);
                assert_true(ppx_image_equal(&got, &wanted));
                ppx_image_free(&got);
            }
            ppx_image_free(&wanted);
            ppx_image_free(&in);
        }
}

static void test_constant_stays(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int k = 0; k < NSPECS; k++) {
            if (strstr(specs[k], "constant"))
                continue; // black around it
            ppx_image in = test_image(test_shape(41, 70, 3, types[t]), TEST_NOISE, 12);
            for (ptrdiff_t y = 0; y < 70; y++)
                memset(ppx_image_row(&in, y), 0x3e, ppx_shape_row_nbytes(in.shape));
            TEST_EACH_LEVEL(level) {
                ppx_image got = test_run(specs[k], &in, &ppx_runner_serial, NULL);
                test_expect_equal(&got, &in, types[t] == PPX_F32 ? 1e-7 : 0, specs[k]);
                ppx_image_free(&got);
            }
            ppx_image_free(&in);
        }
}

static void test_refusals(void **state) {
    (void)state;
    static const char *const refused[][2] = {
        {"bilateral:sigma_s=3", "sigma_r"},
        {"bilateral:sigma_r=0", "sigma_r"},
        {"bilateral:sigma_r=3,sigma_s=34", "radius"},
        {"bilateral:sigma_r=3,radius=0", "radius"},
        {"nlm", "h"},
        {"nlm:h=0.2", "0.3"},
        {"nlm:h=5,search=20", "odd"},
        {"nlm:h=5,patch=4", "odd"},
        {"nlm:h=5,patch=1", "patch"},
        {"guided", "radius"},
        {"guided:radius=3,eps=0", "eps"},
        {"guided:radius=501", "radius"},
    };
    ppx_image in = test_image(test_shape(8, 8, 1, PPX_U8), TEST_NOISE, 1);
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++)
        assert_non_null(strstr(test_run_refused(refused[k][0], &in), refused[k][1]));
    ppx_image_free(&in);
    in = test_image(test_shape(8, 8, 1, PPX_U32), TEST_NOISE, 1);
    test_run_refused("guided:radius=1", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bilateral),        cmocka_unit_test(test_bilateral_wide),
        cmocka_unit_test(test_bilateral_radius), cmocka_unit_test(test_nlm),
        cmocka_unit_test(test_nlm_large),        cmocka_unit_test(test_guided),
        cmocka_unit_test(test_guided_large),     cmocka_unit_test(test_threads),
        cmocka_unit_test(test_constant_stays),   cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
