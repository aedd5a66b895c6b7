// test_point.c: the pointwise kernels against their definitions.
#include "support.h"

#include <math.h>
#include <stdio.h>

static double most_of(const ppx_image *in) {
    return in->shape.type == PPX_U8 ? 255 : in->shape.type == PPX_U16 ? 65535 : 1;
}

static double copy_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *none) {
    (void)none;
    return test_sample(in, x, y, c);
}

static double invert_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                            const void *none) {
    (void)none;
    double value = most_of(in) - test_sample(in, x, y, c);
    return in->shape.type == PPX_F32 ? (double)(float)value : value;
}

static double gray_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *none) {
    (void)none;
    if (in->shape.channels < 3)
        return test_sample(in, x, y, c);
    double sum = 4899 * test_sample(in, x, y, 0) + 9617 * test_sample(in, x, y, 1) +
                 1868 * test_sample(in, x, y, 2);
    return in->shape.type == PPX_F32 ? sum / 16384 : floor((sum + 8192) / 16384);
}

static double threshold_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                               const void *t) {
    return test_sample(in, x, y, c) > *(const double *)t ? most_of(in) : 0;
}

static void each_shape(const char *spec, test_oracle *oracle, const void *context, double most) {
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {257, 129}};
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 5; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                ppx_image in = test_image(shape, (test_texture)(s % TEST_NTEXTURES), 5);
                TEST_EACH_LEVEL(level)
                test_against_oracle(spec, &in, oracle, context, types[t] == PPX_F32 ? most : 0);
                ppx_image_free(&in);
            }
}

static void test_copy(void **state) {
    (void)state;
    each_shape("copy", copy_oracle, NULL, 0);
}

static void test_invert(void **state) {
    (void)state;
    each_shape("invert", invert_oracle, NULL, 0);
}

static void test_gray(void **state) {
    (void)state;
    each_shape("gray", gray_oracle, NULL, 1e-6);
}

static void test_threshold(void **state) {
    (void)state;
    static const double levels[] = {0, 0.5, 84.5, 127, 254, 255, 65535};
    for (int k = 0; k < 7; k++) {
        char spec[40];
        (void)snprintf(spec, sizeof spec, "threshold:t=%g", levels[k]);
        each_shape(spec, threshold_oracle, &levels[k], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_invert),
        cmocka_unit_test(test_gray),
        cmocka_unit_test(test_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
