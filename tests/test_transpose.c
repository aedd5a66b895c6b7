// test_transpose.c: columns become rows, all types, channels and sizes around the blocks.
#include "geometry.inc.h"

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    (void)context;
    return test_sample(in, y, x, c);
}

static void test_definition(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},   {17, 13},   {15, 16},
                                         {63, 65}, {64, 64}, {129, 70}, {200, 131}, {1101, 21}};
    for (int t = 0; t < PPX_NTYPES; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 10; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)t);
                ppx_image in = test_image(shape, TEST_NOISE, 3);
                expect_near("transpose", &in, shape.height, shape.width, oracle, NULL, 0);
                ppx_image_free(&in);
            }
}

static void test_twice(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(150, 77, 3, PPX_U16), TEST_NOISE, 4);
    ppx_image got = test_run("transpose+transpose", &in, &ppx_runner_serial, NULL);
    test_expect_equal(&got, &in, 0, "transpose+transpose");
    ppx_image_free(&got);
    ppx_image_free(&in);
}

static void test_threads(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(200, 131, 1, PPX_U8), TEST_NOISE, 5);
    test_same_on_threads("transpose", &in);
    ppx_image_free(&in);
    in = test_image(test_shape(4200, 21, 1, PPX_U8), TEST_NOISE, 6); // so many strips go together
    test_same_on_threads("transpose", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
