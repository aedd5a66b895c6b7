// test_blend.c: blend and diff against their definitions.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {257, 129}};
static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

typedef struct second {
    ppx_image image;
    double alpha; // below 0: the absolute difference
} second;

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    const second *s = context;
    double a = test_sample(in, x, y, c), b = test_sample(&s->image, x, y, c);
    if (s->alpha < 0)
        return fabs(a - b);
    if (in->shape.type == PPX_F32)
        return (1 - s->alpha) * a + s->alpha * b;
    double weight = floor(s->alpha * 16384 + 0.5) / 16384;
    return floor(a + weight * (b - a) + 0.5);
}

static void check_shape(const char *spec, double alpha, ppx_shape shape, test_texture texture) {
    ppx_image in = test_image(shape, texture, 5);
    second s = {test_second_image("other.png", shape), alpha};
    TEST_EACH_LEVEL(level)
    test_against_oracle(spec, &in, oracle, &s, shape.type == PPX_F32 ? 1e-6 : 0);
    test_same_on_threads(spec, &in);
    ppx_image_free(&s.image);
    ppx_image_free(&in);
}

static void check(const char *spec, double alpha) {
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int k = 0; k < 5; k++)
                check_shape(spec, alpha, test_shape(sizes[k][0], sizes[k][1], channels, types[t]),
                            (test_texture)(k % TEST_NTEXTURES));
}

static void test_blend(void **state) {
    (void)state;
    static const double alphas[] = {0, 1, 0.5, 0.3, 0.7071};
    check("blend:with=other.png", 0.5);
    for (int k = 0; k < 5; k++) {
        char spec[80];
        (void)snprintf(spec, sizeof spec, "blend:with=other.png,alpha=%g", alphas[k]);
        check(spec, alphas[k]);
    }
}

static void test_diff(void **state) {
    (void)state;
    check("diff:with=other.png", -1);
}

// Outputs of more than 8 MB take another way to memory.
static void test_large(void **state) {
    (void)state;
    check_shape("diff:with=other.png", -1, test_shape(4099, 2051, 1, PPX_U8), TEST_NOISE);
    check_shape("diff:with=other.png", -1, test_shape(1031, 2051, 1, PPX_F32), TEST_NOISE);
}

static void test_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(3, 3, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("diff", &in), "diff needs with="));
    assert_non_null(strstr(test_run_refused("blend:with=a,alpha=1.5", &in), "out of range"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blend),
        cmocka_unit_test(test_diff),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
