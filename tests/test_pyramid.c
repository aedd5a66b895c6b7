// test_pyramid.c: the pyramid against its definition, all types, channels and borders, and levels
// one by one.
#include "geometry.inc.h"

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    static const double weight[5] = {1, 4, 6, 4, 1};
    double sum = 0;
    for (int j = -2; j <= 2; j++)
        for (int i = -2; i <= 2; i++)
            sum += weight[j + 2] * weight[i + 2] *
                   test_sample_border(in, 2 * x + i, 2 * y + j, c, *(const int *)context);
    sum /= 256;
    return in->shape.type == PPX_F32 ? sum : floor(sum + 0.5);
}

static void test_definition(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < NGEOMETRY_SIZES; s++)
                for (int border = 0; border < 4; border++) {
                    ppx_shape shape =
                        test_shape(geometry_sizes[s][0], geometry_sizes[s][1], channels, types[t]);
                    ppx_image in = test_image(shape, border ? TEST_NOISE : TEST_EXTREMES, 3);
                    char spec[80];
                    (void)snprintf(spec, sizeof spec, "pyramid:border=%s", test_borders[border]);
                    expect_near(spec, &in, (shape.width + 1) / 2, (shape.height + 1) / 2, oracle,
                                &border, types[t] == PPX_F32 ? 1e-6 : 0);
                    ppx_image_free(&in);
                }
}

static void test_levels(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(300, 171, 3, PPX_U8), TEST_NOISE, 4);
    ppx_image wanted = test_run("pyramid+pyramid+pyramid", &in, &ppx_runner_serial, NULL);
    ppx_image got = test_run("pyramid:levels=3", &in, &ppx_runner_serial, NULL);
    test_expect_equal(&got, &wanted, 0, "pyramid:levels=3");
    ppx_image_free(&got);
    got = test_run("pyramid:levels=30", &in, &ppx_runner_serial, NULL);
    assert_true(got.shape.width == 1 && got.shape.height == 1);
    ppx_image_free(&got);
    ppx_image_free(&wanted);
    ppx_image_free(&in);
}

static void test_threads(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(90, 400, 2, PPX_U8), TEST_NOISE, 5);
    test_same_on_threads("pyramid:border=wrap", &in);
    test_same_on_threads("pyramid:levels=2,border=constant", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
