// test_wavelet.c: the 5/3 transform against its formulas, and back to every image exactly.
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- By definition ------------------------------------------------------------------------------

static int64_t mirrored(const int64_t *x, ptrdiff_t stride, ptrdiff_t n, ptrdiff_t k) {
    while (k < 0 || k >= n)
        k = k < 0 ? -k : 2 * (n - 1) - k;
    return x[k * stride];
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int64_t difference(const int64_t *x, ptrdiff_t stride, ptrdiff_t n, ptrdiff_t k) {
    int64_t sum = mirrored(x, stride, n, 2 * k) + mirrored(x, stride, n, 2 * k + 2);
    return mirrored(x, stride, n, 2 * k + 1) - floor_div(sum, 2);
}

// A line in place: sums, then differences.
static void transform(int64_t *x, ptrdiff_t stride, ptrdiff_t n) {
    int64_t made[300];
    assert_true(n <= 300);
    if (n == 1)
        return;
    for (ptrdiff_t k = 0; k < n; k++)
        if (k < (n + 1) / 2)
            made[k] =
                x[2 * k * stride] +
                floor_div(difference(x, stride, n, k - 1) + difference(x, stride, n, k) + 2, 4);
        else
            made[k] = difference(x, stride, n, k - (n + 1) / 2);
    for (ptrdiff_t k = 0; k < n; k++)
        x[k * stride] = made[k];
}

static void expect_coefficients(const ppx_image *in, int levels) {
    char spec[40];
    (void)snprintf(spec, sizeof spec, "wavelet:levels=%d", levels);
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    int64_t *x = malloc((size_t)(width * height) * sizeof *x);
    assert_non_null(x);
    ppx_image got[3];
    int n = 0;
    TEST_EACH_LEVEL(level)
    got[n++] = test_run(spec, in, &ppx_runner_serial, NULL);
    assert_int_equal(got[0].shape.type, in->shape.type + 1);
    const double zero = in->shape.type == PPX_U8 ? 32768 : 2147483648.0;
    for (int c = 0; c < in->shape.channels; c++) {
        for (ptrdiff_t k = 0; k < width * height; k++)
            x[k] = (int64_t)test_sample(in, k % width, k / width, c);
        ptrdiff_t w = width, h = height;
        for (int level = 0; level < levels; level++, w = (w + 1) / 2, h = (h + 1) / 2) {
            for (ptrdiff_t column = 0; column < w; column++)
                transform(x + column, width, h);
            for (ptrdiff_t row = 0; row < h; row++)
                transform(x + row * width, 1, w);
        }
        for (ptrdiff_t k = 0; k < width * height; k++)
            for (int g = 0; g < n; g++) {
                double value = test_sample(&got[g], k % width, k / width, c) - zero;
                if (value != (double)x[k])
                    fail_msg("%s of %td x %td x %d %s at (%td, %td): %g, wanted %g", spec, width,
                             height, in->shape.channels, ppx_type_name(in->shape.type), k % width,
                             k / width, value, (double)x[k]);
            }
    }
    while (n)
        ppx_image_free(&got[--n]);
    free(x);
}

// ---- Tests --------------------------------------------------------------------------------------

static const ptrdiff_t sizes[][2] = {{1, 1},   {2, 1},   {1, 37},  {37, 1},    {17, 13}, {2, 66},
                                     {50, 63}, {33, 64}, {16, 65}, {257, 129}, {64, 200}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

static void test_oracle_agrees(void **state) {
    (void)state;
    for (int type = PPX_U8; type <= PPX_U16; type++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < NSIZES; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)type);
                ppx_image in = test_image(shape, (test_texture)(s % TEST_NTEXTURES), 4);
                expect_coefficients(&in, 1 + (s + channels) % 4);
                if (channels == 1)
                    expect_coefficients(&in, 30);
                ppx_image_free(&in);
            }
}

static void expect_back(const ppx_image *in, int levels) {
    char spec[80];
    (void)snprintf(spec, sizeof spec, "wavelet:levels=%d+wavelet:levels=%d,inverse=yes", levels,
                   levels);
    ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
    test_expect_equal(&got, in, 0, spec);
    ppx_image_free(&got);
}

// All sizes to 40 x 40, noise and black and white: nothing is lost.
static void test_round_trip(void **state) {
    (void)state;
    for (ptrdiff_t height = 1; height <= 40; height++)
        for (ptrdiff_t width = 1; width <= 40; width++) {
            ppx_type type = (height + width) % 2 ? PPX_U8 : PPX_U16;
            ppx_shape shape = test_shape(width, height, 1 + (int)(width % 4), type);
            ppx_image in = test_image(shape, height % 2 ? TEST_NOISE : TEST_EXTREMES, 2);
            expect_back(&in, 1 + (int)((width + height / 2) % 7));
            ppx_image_free(&in);
        }
    TEST_EACH_LEVEL(level)
    for (int s = 0; s < NSIZES; s++) {
        ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 3, PPX_U8), TEST_NOISE, 2);
        expect_back(&in, 5);
        ppx_image_free(&in);
    }
}

static void test_threads(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++) {
        ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 1, PPX_U8), TEST_NOISE, 2);
        test_same_on_threads("wavelet:levels=4", &in);
        test_same_on_threads("wavelet:levels=4+wavelet:levels=4,inverse=yes", &in);
        ppx_image_free(&in);
    }
}

// A constant has sums alone.
static void test_constant(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(37, 70, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 70; y++)
        memset(ppx_image_row(&in, y), 200, 37);
    ppx_image got = test_run("wavelet:levels=2", &in, &ppx_runner_serial, NULL);
    for (ptrdiff_t y = 0; y < 70; y++)
        for (ptrdiff_t x = 0; x < 37; x++)
            assert_true(test_sample(&got, x, y, 0) == 32768 + (x < 10 && y < 18 ? 200 : 0));
    ppx_image_free(&got);
    ppx_image_free(&in);
}

// What was changed in between may leave the range, and is cut.
static void test_cut(void **state) {
    (void)state;
    uint16_t pixels[] = {32768 + 300, 32768 - 5, 32768, 32768};
    ppx_image in = ppx_image_wrap(pixels, test_shape(2, 1, 1, PPX_U16), 4);
    ppx_image got = test_run("wavelet:levels=1,inverse=yes", &in, &ppx_runner_serial, NULL);
    assert_int_equal(got.shape.type, PPX_U8);
    assert_true(test_sample(&got, 0, 0, 0) == 255);
    ppx_image_free(&got);
    pixels[0] = 32768 - 20;
    got = test_run("wavelet:levels=1,inverse=yes", &in, &ppx_runner_serial, NULL);
    assert_true(test_sample(&got, 0, 0, 0) == 0);
    ppx_image_free(&got);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(9, 9, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("wavelet:inverse=yes", &in), "u16 or u32"));
    assert_non_null(strstr(test_run_refused("wavelet:levels=0", &in), "levels"));
    ppx_image_free(&in);
    in = test_image(test_shape(9, 9, 1, PPX_U32), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("wavelet", &in), "u8 or u16"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle_agrees), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_constant),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
