// test_fuse.c: maps that run as one give what they give one after the other, through files or
// images in between: the bytes of a chain are those of its kernels run singly.
#include "support.h"

#include <stdio.h>
#include <string.h>

// The chain's kernels, each in a run of its own.
static ppx_image one_by_one(const char *spec, const ppx_image *in) {
    ppx_image now = *in;
    now.own = NULL;
    for (const char *kernel = spec; *kernel;) {
        char single[80];
        int n = (int)strcspn(kernel, "+");
        (void)snprintf(single, sizeof single, "%.*s", n, kernel);
        ppx_image next = test_run(single, &now, &ppx_runner_serial, NULL);
        ppx_image_free(&now);
        now = next;
        kernel += n + (kernel[n] == '+');
    }
    return now;
}

static void check(const char *spec, ppx_shape shape) {
    ppx_image in = test_image(shape, TEST_NOISE, 3);
    ppx_image wanted = one_by_one(spec, &in);
    ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
    test_expect_equal(&got, &wanted, 0, spec);
    assert_true(ppx_image_equal(&got, &wanted));
    test_same_on_threads(spec, &in);
    ppx_image_free(&got);
    ppx_image_free(&wanted);
    ppx_image_free(&in);
}

// Halos in every position, each border, pointwise maps between, and more maps than one group holds.
static void test_chains(void **state) {
    (void)state;
    static const char *const specs[] = {
        "gaussian:sigma=1+sobel+invert",
        "invert+invert+sobel+median:radius=1+invert+box:radius=3+erode:radius=2",
        "sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel",
        "invert+box:radius=20+box:radius=20+sobel", // more halo than is made twice
        "sobel+flip+sobel+copy+flip+invert",
    };
    static const ptrdiff_t sizes[][2] = {{1, 1}, {9, 2}, {2, 9}, {33, 64}, {17, 131}, {40, 200}};
    static const int channels[] = {1, 2, 3, 4};
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int t = 0; t < 3; t++) {
                static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
                check(specs[k],
                      test_shape(sizes[s][0], sizes[s][1], channels[(k + s) % 4], types[t]));
            }
}

static void test_borders_between(void **state) {
    (void)state;
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++) {
            char spec[160];
            (void)snprintf(spec, sizeof spec,
                           "box:rx=2,ry=9,border=%s+convolve:kernel=emboss,border=%s+box:rx=1,ry=6,"
                           "border=%s",
                           test_borders[a], test_borders[b], test_borders[(a + b) % 4]);
            static const ptrdiff_t heights[] = {1, 2, 3, 5, 8, 70, 133};
            for (size_t h = 0; h < sizeof heights / sizeof *heights; h++)
                check(spec, test_shape(11, heights[h], 1, PPX_U8));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_borders_between),
    };
    return cmocka_run_group_tests_name("fuse", tests, NULL, NULL);
}
