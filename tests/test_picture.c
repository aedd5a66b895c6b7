// test_picture.c: any image as one to look at: levels, ranges, colours of labels.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/picture.h"
#include "support.h"

static ppx_image image_of(ppx_type type, int channels, ptrdiff_t width, ptrdiff_t height) {
    ppx_image image;
    ppx_error error;
    const ppx_shape shape = {width, height, channels, type};
    assert_int_equal(ppx_image_create(&image, shape, &error), PPX_OK);
    return image;
}

static ppx_image picture_of(const ppx_image *image, ppx_picture_kind kind) {
    ppx_image picture;
    ppx_error error;
    double range[2];
    ppx_picture_range(image, range);
    assert_int_equal(ppx_picture_make(image, kind, range, &picture, &error), PPX_OK);
    assert_int_equal(picture.shape.type, PPX_U8);
    return picture;
}

static void test_bytes_stay_and_alpha_goes(void **state) {
    (void)state;
    static const int without[] = {0, 1, 1, 3, 3};
    for (int channels = 1; channels <= PPX_MAX_CHANNELS; channels++) {
        ppx_image image = image_of(PPX_U8, channels, 37, 11);
        ppx_awkward_image(&image, 5);
        ppx_image picture = picture_of(&image, PPX_PICTURE_LEVELS);
        const int n = without[channels];
        assert_int_equal(picture.shape.channels, n);
        for (ptrdiff_t y = 0; y < 11; y++)
            for (ptrdiff_t x = 0; x < 37; x++)
                assert_memory_equal((uint8_t *)ppx_image_row(&picture, y) + x * n,
                                    (uint8_t *)ppx_image_row(&image, y) + x * channels, (size_t)n);
        ppx_image_free(&picture);
        ppx_image_free(&image);
    }
}

static void test_u16_is_the_nearest_level(void **state) {
    (void)state;
    ppx_image image = image_of(PPX_U16, 1, 65536, 1);
    uint16_t *row = ppx_image_row(&image, 0);
    for (int k = 0; k < 65536; k++)
        row[k] = (uint16_t)k;
    ppx_image picture = picture_of(&image, PPX_PICTURE_LEVELS);
    const uint8_t *out = ppx_image_row(&picture, 0);
    for (int k = 0; k < 65536; k++)
        assert_int_equal(out[k], (k + 128) / 257);
    ppx_image_free(&picture);
    ppx_image_free(&image);
}

static void test_floats_and_sums_are_stretched(void **state) {
    (void)state;
    ppx_image image = image_of(PPX_F32, 1, 6, 1);
    const float values[] = {-2, NAN, 2, INFINITY, 0, -INFINITY};
    static const uint8_t expected[] = {0, 0, 255, 255, 128, 0};
    memcpy(ppx_image_row(&image, 0), values, sizeof values);
    double range[2];
    ppx_picture_range(&image, range);
    assert_true(range[0] == -2 && range[1] == 2);
    ppx_image picture = picture_of(&image, PPX_PICTURE_LEVELS);
    assert_memory_equal(ppx_image_row(&picture, 0), expected, sizeof expected);
    ppx_image_free(&picture);
    ppx_image_free(&image);

    image = image_of(PPX_U32, 1, 3, 1);
    const uint32_t sums[] = {1000000000, 4000000000, 2500000000};
    static const uint8_t shown[] = {0, 255, 128};
    memcpy(ppx_image_row(&image, 0), sums, sizeof sums);
    picture = picture_of(&image, PPX_PICTURE_LEVELS);
    assert_memory_equal(ppx_image_row(&picture, 0), shown, sizeof shown);
    ppx_image_free(&picture);
    ppx_image_free(&image);
}

// Nothing finite, or one value alone: black, and no division by zero.
static void test_flat_images_are_black(void **state) {
    (void)state;
    ppx_image image = image_of(PPX_F32, 1, 2, 1);
    float *row = ppx_image_row(&image, 0);
    for (int turn = 0; turn < 2; turn++) {
        row[0] = row[1] = turn ? NAN : 7;
        ppx_image picture = picture_of(&image, PPX_PICTURE_LEVELS);
        const uint8_t *out = ppx_image_row(&picture, 0);
        assert_true(out[0] == 0 && out[1] == 0);
        ppx_image_free(&picture);
    }
    ppx_image_free(&image);
}

// 0 is black, no other label is, a label always has the same colour, and neighbours differ clearly.
static void test_labels_have_colours(void **state) {
    (void)state;
    enum { N = 100000 };
    ppx_image image = image_of(PPX_U32, 1, N, 1);
    uint32_t *row = ppx_image_row(&image, 0);
    for (uint32_t k = 0; k < N; k++)
        row[k] = k;
    row[N - 1] = 17;
    row[N - 2] = UINT32_MAX;
    ppx_image picture = picture_of(&image, PPX_PICTURE_LABELS);
    assert_int_equal(picture.shape.channels, 3);
    const uint8_t *rgb = ppx_image_row(&picture, 0);
    assert_true(!rgb[0] && !rgb[1] && !rgb[2]);
    for (size_t k = 1; k < N; k++) {
        const uint8_t *a = rgb + 3 * k, *b = a - 3;
        int most = a[0] > a[1] ? a[0] : a[1], apart = 0;
        most = most > a[2] ? most : a[2];
        for (int c = 0; c < 3; c++)
            apart += abs(a[c] - b[c]);
        assert_true(most >= 150);
        assert_true(apart >= 60 || k >= N - 2);
    }
    assert_memory_equal(rgb + 3 * (N - 1), rgb + 3 * 17, 3);
    ppx_image_free(&picture);
    ppx_image_free(&image);
}

static void test_labels_are_u32_of_one_channel(void **state) {
    (void)state;
    const double range[2] = {0, 1};
    for (int k = 0; k < 2; k++) {
        ppx_image image = image_of(k ? PPX_U32 : PPX_U8, k ? 3 : 1, 4, 4), picture;
        ppx_error error;
        ppx_awkward_image(&image, 1);
        assert_int_equal(ppx_picture_make(&image, PPX_PICTURE_LABELS, range, &picture, &error),
                         PPX_E_USAGE);
        assert_null(picture.data);
        ppx_image_free(&image);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_stay_and_alpha_goes),
        cmocka_unit_test(test_u16_is_the_nearest_level),
        cmocka_unit_test(test_floats_and_sums_are_stretched),
        cmocka_unit_test(test_flat_images_are_black),
        cmocka_unit_test(test_labels_have_colours),
        cmocka_unit_test(test_labels_are_u32_of_one_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
