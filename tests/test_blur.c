// test_blur.c: box and gaussian against sums in double, on every runner.
#include "linear.inc.h"

// ---- Separable sums, for box and gaussian ----

typedef struct window {
    int rx, ry, border;
    double sigma; // 0: all weights 1
} window;

// Weights with the sum 1.
static void make_weights(double *weight, int radius, double sigma) {
    double sum = 0;
    for (int k = -radius; k <= radius; k++)
        sum += weight[k + radius] = sigma > 0 ? exp(-0.5 * (k / sigma) * (k / sigma)) : 1;
    for (int k = 0; sigma > 0 && k <= 2 * radius; k++)
        weight[k] /= sum;
}

static double row_sum(const ppx_image *in, const window *w, const double *weight, ptrdiff_t x,
                      ptrdiff_t y, int c) {
    double sum = 0;
    for (int k = -w->rx; k <= w->rx; k++)
        sum += weight[k + w->rx] * test_sample_border(in, x + k, y, c, w->border);
    return sum;
}

static void window_sums(const ppx_image *in, const window *w, double *sums) {
    double across[1001], down[1001];
    make_weights(across, w->rx, w->sigma);
    make_weights(down, w->ry, w->sigma);
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    double *column = calloc((size_t)(height + 2 * w->ry), sizeof *column);
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < in->shape.channels; c++) {
            for (ptrdiff_t y = -w->ry; y < height + w->ry; y++)
                column[y + w->ry] = row_sum(in, w, across, x, y, c);
            for (ptrdiff_t y = 0; y < height; y++) {
                double sum = 0;
                for (int k = 0; k <= 2 * w->ry; k++)
                    sum += down[k] * column[y + k];
                sums[(y * width + x) * in->shape.channels + c] = sum;
            }
        }
    free(column);
}

static void box_oracle(const ppx_image *in, const void *context, double *expected) {
    const window *w = context;
    window_sums(in, w, expected);
    double area = (2.0 * w->rx + 1) * (2.0 * w->ry + 1);
    for (size_t k = 0; k < samples_of(in); k++)
        expected[k] = in->shape.type == PPX_F32 ? expected[k] / area
                                                : floor((2 * expected[k] + area) / (2 * area));
}

static void gaussian_oracle(const ppx_image *in, const void *context, double *expected) {
    window_sums(in, context, expected);
}

static trial box_trial(char spec[80], const window *w) {
    (void)snprintf(spec, 80, "box:rx=%d,ry=%d,border=%s", w->rx, w->ry, test_borders[w->border]);
    return (trial){spec, NULL, box_oracle, w, {0, 0, 0, 1e-7}};
}

// Beside rounding, what cutting the tails off and the coarser grid of large sigma may take, as the
// kernel's opening says; the window is wider than the kernel's.
static trial gaussian_trial(char spec[80], const window *w) {
    (void)snprintf(spec, 80, "gaussian:sigma=%.17g,border=%s", w->sigma, test_borders[w->border]);
    return (trial){spec, NULL, gaussian_oracle, w, {1, 0.5 + 1e-4 * UINT16_MAX, 0, 1e-4}};
}

// ---- box ----

static void test_box(void **state) {
    (void)state;
    static const int radii[][2] = {{0, 0}, {1, 1}, {7, 7}, {2, 0}, {0, 3}, {5, 20}};
    for (int r = 0; r < 6; r++)
        for (int border = 0; border < 4; border++) {
            window w = {radii[r][0], radii[r][1], border, 0};
            char spec[80];
            trial t = box_trial(spec, &w);
            check_shapes(&t);
        }
}

// Column sums beyond 16 bits, row sums beyond 32, windows larger than the image.
static void test_box_large(void **state) {
    (void)state;
    static const int radii[][2] = {{3, 128}, {3, 129}, {91, 90}, {130, 130}, {500, 500}};
    for (int r = 0; r < 5; r++)
        for (int type = 0; type < 3; type++)
            for (int texture = 0; texture < 2; texture++) {
                window w = {radii[r][0], radii[r][1], (r + type + texture) % 4, 0};
                char spec[80];
                trial t = box_trial(spec, &w);
                t.most[PPX_F32] = 1e-6;
                ppx_shape shape = test_shape(37, 65, 1 + (r + type) % 4, types[type]);
                ppx_image in = test_image(shape, texture ? TEST_EXTREMES : TEST_NOISE, 8);
                check(&t, &in);
                ppx_image_free(&in);
            }
}

// Sums of floats that round: where a strip starts must not show, so threads must agree with one.
static void test_box_rounding(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(33, 200, 3, PPX_F32), TEST_NOISE, 8);
    for (ptrdiff_t y = 0; y < in.shape.height; y++)
        for (ptrdiff_t k = 0; k < 99; k++) {
            float *sample = (float *)ppx_image_row(&in, y) + k;
            *sample = ldexpf(*sample, (int)(test_random(9, (uint64_t)(y * 99 + k)) % 80) - 40);
        }
    trial t = {.spec = "box:rx=3,ry=5"};
    ppx_image serial = run(&t, &in, &ppx_runner_serial);
    check_omp(&t, &in, &serial);
    ppx_image_free(&serial);
    ppx_image_free(&in);
}

// Every sum of u8 that a window in one row can have, for several areas.
static void test_box_division(void **state) {
    (void)state;
    static const int areas[] = {3, 5, 7, 9, 15, 25, 49, 121, 225, 253, 255, 257};
    for (int a = 0; a < 12; a++) {
        int area = areas[a], nsums = 255 * area + 1;
        // Window number s, at pixel s * area + area / 2, holds samples with the sum s.
        ppx_image in = test_image(test_shape((ptrdiff_t)nsums * area, 1, 1, PPX_U8), TEST_NOISE, 1);
        uint8_t *row = ppx_image_row(&in, 0);
        for (ptrdiff_t s = 0; s < nsums; s++)
            for (ptrdiff_t k = 0; k < area; k++)
                row[s * area + k] = (uint8_t)(s / area + (k < s % area));
        char spec[80];
        (void)snprintf(spec, sizeof spec, "box:rx=%d,ry=0", area / 2);
        trial t = {.spec = spec};
        TEST_EACH_LEVEL(level) {
            ppx_image out = run(&t, &in, &ppx_runner_serial);
            const uint8_t *got = ppx_image_row(&out, 0);
            for (ptrdiff_t s = 0; s < nsums; s++)
                if (got[s * area + area / 2] != (2 * s + area) / (2 * area))
                    fail_msg("%s: %td / %d gives %d", spec, s, area, got[s * area + area / 2]);
            ppx_image_free(&out);
        }
        ppx_image_free(&in);
    }
}

static void test_box_parameters(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(5, 5, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("box", &in), "radius="));
    assert_non_null(strstr(test_run_refused("box:rx=2", &in), "radius="));
    assert_non_null(strstr(test_run_refused("box:radius=501", &in), "range"));
    trial both = {.spec = "box:radius=1,ry=2"}, same = {.spec = "box:rx=1,ry=2"};
    ppx_image a = run(&both, &in, &ppx_runner_serial), b = run(&same, &in, &ppx_runner_serial);
    test_expect_equal(&a, &b, 0, "radius and ry");
    ppx_image_free(&a);
    ppx_image_free(&b);
    ppx_image_free(&in);
}

// ---- gaussian ----

static int gaussian_radius(double sigma) {
    return (int)ceil(5 * sigma);
}

static window gaussian_window(double sigma, int border) {
    return (window){gaussian_radius(sigma), gaussian_radius(sigma), border, sigma};
}

static void test_gaussian(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 1, 2};
    for (int s = 0; s < 3; s++)
        for (int border = 0; border < 4; border++) {
            window w = gaussian_window(sigmas[s], border);
            char spec[80];
            trial t = gaussian_trial(spec, &w);
            check_shapes(&t);
        }
}

static void test_gaussian_large(void **state) {
    (void)state;
    static const double sigmas[] = {0.7, 1.6, 3.3, 4, 6, 10.1, 25, 100};
    for (int s = 0; s < 8; s++)
        for (int type = 0; type < 3; type++) {
            window w = gaussian_window(sigmas[s], (s + type) % 4);
            char spec[80];
            trial t = gaussian_trial(spec, &w);
            ppx_shape shape = test_shape(33, 65, 1 + (s + type) % 4, types[type]);
            ppx_image in = test_image(shape, s % 2 ? TEST_NOISE : TEST_EXTREMES, 8);
            check(&t, &in);
            ppx_image_free(&in);
        }
}

// The first sample of a row that is 0 below x and the largest from there on, or the other way
// round, in both directions: edges under every phase of a coarser grid.
static ppx_image edges_image(ppx_type type) {
    ppx_image image = test_image(test_shape(96, 96, 1, type), TEST_EXTREMES, 5);
    size_t size = ppx_type_nbytes(type);
    for (ptrdiff_t y = 0; y < 96; y++)
        for (ptrdiff_t x = 0; x < 96; x++) {
            char *row = ppx_image_row(&image, y);
            bool high = (x / 31 + y / 37) % 2;
            uint8_t u8 = high ? UINT8_MAX : 0;
            uint16_t u16 = high ? UINT16_MAX : 0;
            float f32 = high ? 1 : 0;
            const void *sample = type == PPX_U8 ? &u8 : type == PPX_U16 ? (void *)&u16 : &f32;
            memcpy(row + (size_t)x * size, sample, size);
        }
    return image;
}

// All sigmas: noise, edges and what has only extremes stay within a grey level of real numbers.
static void test_gaussian_accuracy(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 0.4, 0.6, 0.8, 1.2, 1.9, 2.7, 3.9, 4,  4.9, 5,
                                    5.9, 6,   7.7, 8,   13,  20,  31,  50,  64, 100};
    for (int s = 0; s < 21; s++)
        for (int type = 0; type < 3; type++)
            for (int texture = 0; texture < 3; texture++) {
                window w = gaussian_window(sigmas[s], (s + texture) % 4);
                char spec[80];
                trial t = gaussian_trial(spec, &w);
                ppx_image in = texture ? test_image(test_shape(70, 64, 1, types[type]),
                                                    texture == 1 ? TEST_NOISE : TEST_EXTREMES, 8)
                                       : edges_image(types[type]);
                double *expected = calloc(samples_of(&in), sizeof *expected);
                t.oracle(&in, t.context, expected);
                ppx_image got = run(&t, &in, &ppx_runner_serial);
                compare(&t, &in, &got, expected);
                ppx_image_free(&got);
                ppx_image_free(&in);
                free(expected);
            }
}

static ppx_image constant_image(ppx_type type, double value) {
    ppx_image image = test_image(test_shape(21, 3, 1, type), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 3; y++)
        for (ptrdiff_t x = 0; x < 21; x++)
            if (type == PPX_U8)
                ((uint8_t *)ppx_image_row(&image, y))[x] = (uint8_t)value;
            else
                ((uint16_t *)ppx_image_row(&image, y))[x] = (uint16_t)value;
    return image;
}

static void test_gaussian_constant(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 0.31, 0.5, 1, 1.7, 2, 3.3, 5, 7.9, 10, 10.1, 30, 100};
    for (int s = 0; s < 13; s++)
        for (int type = 0; type < 2; type++)
            for (int v = 0; v < 256; v += s < 8 ? 1 : 15) {
                ppx_image in = constant_image(types[type], type ? 257 * v : v);
                char spec[80];
                (void)snprintf(spec, sizeof spec, "gaussian:sigma=%g,border=%s", sigmas[s],
                               test_borders[v % 3]);
                trial t = {.spec = spec};
                ppx_image out = run(&t, &in, &ppx_runner_serial);
                test_expect_equal(&out, &in, 0, spec);
                ppx_image_free(&in);
                ppx_image_free(&out);
            }
}

// The input that is worst at its centre for a kernel that has weights of `fixed`: the largest
// sample where they are too large, 0 where they are too small.
static ppx_image adversary(double sigma, bool mirrored) {
    int radius = gaussian_radius(sigma), size = 2 * radius + 1;
    int cut = (int)ceil(3.5 * sigma - 0.5);
    double exact[1001], fixed[1001] = {0}, left = 1;
    make_weights(exact, radius, sigma);
    make_weights(fixed + radius - cut, cut, sigma);
    for (int k = 1; k <= cut; k++) {
        fixed[radius + k] = fixed[radius - k] = floor(fixed[radius + k] * 131072 + 0.5) / 131072;
        left -= 2 * fixed[radius + k];
    }
    fixed[radius] = left;
    ppx_image image = test_image(test_shape(size, size, 1, PPX_U8), TEST_NOISE, 1);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            bool more = fixed[x] * fixed[y] > exact[x] * exact[y];
            ((uint8_t *)ppx_image_row(&image, y))[x] = more != mirrored ? UINT8_MAX : 0;
        }
    return image;
}

static void test_gaussian_adversary(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 0.5, 0.77, 1, 1.25, 1.5, 2, 2.5, 2.9, 3.1, 3.5, 3.8, 3.99};
    for (int k = 0; k < 26; k++) {
        window w = gaussian_window(sigmas[k / 2], k % 4);
        char spec[80];
        trial t = gaussian_trial(spec, &w);
        ppx_image in = adversary(w.sigma, k % 2);
        check(&t, &in);
        ppx_image_free(&in);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_box_large),
        cmocka_unit_test(test_box_rounding),
        cmocka_unit_test(test_box_division),
        cmocka_unit_test(test_box_parameters),
        cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_gaussian_large),
        cmocka_unit_test(test_gaussian_accuracy),
        cmocka_unit_test(test_gaussian_constant),
        cmocka_unit_test(test_gaussian_adversary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
