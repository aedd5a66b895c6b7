// test_flip.c: the mirror image against its definition: all samples move, alpha too.
#include "support.h"

#include <string.h>

static void check_shape(const char *spec, bool vertical, bool horizontal, ppx_shape shape) {
    ppx_image in = test_image(shape, TEST_NOISE, 9);
    ppx_image wanted = test_image(shape, TEST_NOISE, 10);
    size_t pixel = ppx_type_nbytes(shape.type) * (size_t)shape.channels;
    for (ptrdiff_t y = 0; y < shape.height; y++)
        for (ptrdiff_t x = 0; x < shape.width; x++) {
            ptrdiff_t from_x = horizontal ? shape.width - 1 - x : x;
            ptrdiff_t from_y = vertical ? shape.height - 1 - y : y;
            memcpy((char *)ppx_image_row(&wanted, y) + (size_t)x * pixel,
                   (char *)ppx_image_row(&in, from_y) + (size_t)from_x * pixel, pixel);
        }
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
        test_expect_equal(&got, &wanted, 0, spec);
        ppx_image_free(&got);
    }
    ppx_image_free(&wanted);
    ppx_image_free(&in);
}

static void check(const char *spec, bool vertical, bool horizontal) {
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {70, 129}};
    for (int t = 0; t < PPX_NTYPES; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 5; s++)
                check_shape(spec, vertical, horizontal,
                            test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)t));
}

static void test_vertical(void **state) {
    (void)state;
    check("flip", true, false);
}

static void test_horizontal(void **state) {
    (void)state;
    check("flip:direction=horizontal", false, true);
}

static void test_both(void **state) {
    (void)state;
    check("flip:direction=both", true, true);
}

// Beyond 8 MB rows are copied around the caches.
static void test_large(void **state) {
    (void)state;
    check_shape("flip", true, false, test_shape(4099, 2051, 1, PPX_U8));
    check_shape("copy", false, false, test_shape(4099, 2051, 1, PPX_U8));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vertical),
        cmocka_unit_test(test_horizontal),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
