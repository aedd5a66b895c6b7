// test_rank.c: the median against sorting every window.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct window {
    ptrdiff_t radius;
    int border;
} window;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sort_window(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                          const void *context) {
    static double samples[101 * 101];
    const window *w = context;
    size_t n = 0;
    for (ptrdiff_t v = y - w->radius; v <= y + w->radius; v++)
        for (ptrdiff_t u = x - w->radius; u <= x + w->radius; u++)
            samples[n++] = test_sample_border(in, u, v, c, w->border);
    qsort(samples, n, sizeof *samples, by_value);
    return samples[n / 2];
}

static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

static void check(const ppx_image *in, ptrdiff_t radius, int border) {
    char spec[60];
    (void)snprintf(spec, sizeof spec, "median:radius=%td,border=%s", radius, test_borders[border]);
    window w = {radius, border};
    TEST_EACH_LEVEL(level)
    test_against_oracle(spec, in, sort_window, &w, 0);
}

static void test_small_radii(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                         {67, 63}, {33, 64}, {31, 65}, {257, 129}};
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 8; s++)
                for (int radius = 1; radius <= 2; radius++) {
                    if (s == 7 && (t + channels + radius) % 4 != 0)
                        continue; // the largest size with a part of the others only
                    int border = (s + channels + radius) % 4;
                    ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                    ppx_image in =
                        test_image(shape, (test_texture)((s + t + channels) % TEST_NTEXTURES), 3);
                    check(&in, radius, border);
                    ppx_image_free(&in);
                }
}

// Minima and maxima commute with thresholds, so a network that is right for all zeros and ones is
// right for all samples. Columns in an order in which every sequence of `k` counts of ones occurs
// (a de Bruijn sequence, by the greedy rule that prefers the largest), each column's ones at random
// places: so every input of the networks occurs. An even and an odd row of the output see them.
static void every_window(ptrdiff_t k, ppx_type type) {
    ptrdiff_t base = k + 1, nwords = 1, prefix = 0, width = 0;
    for (ptrdiff_t i = 0; i < k; i++)
        nwords *= base;
    unsigned char *seen = calloc((size_t)nwords, 1), *counts = calloc((size_t)(nwords + k), 1);
    assert_non_null(seen);
    assert_non_null(counts);
    width = k - 1; // that many zeros first
    for (bool found = true; found;) {
        found = false;
        for (ptrdiff_t d = base - 1; d >= 0 && !found; d--) {
            ptrdiff_t word = prefix * base + d;
            if (!seen[word]) {
                seen[word] = 1;
                counts[width++] = (unsigned char)d;
                prefix = word % (nwords / base);
                found = true;
            }
        }
    }
    assert_int_equal(width, nwords + k - 1);
    ppx_image in = test_image(test_shape(width, k + 2, 1, type), TEST_EXTREMES, 7);
    for (ptrdiff_t y0 = 0; y0 < 2; y0++) { // window rows y0 .. y0 + k - 1, output row y0 + k / 2
        for (ptrdiff_t x = 0; x < width; x++) {
            ptrdiff_t turn = (ptrdiff_t)(test_random(9, (uint64_t)x) % (uint64_t)k);
            for (ptrdiff_t y = 0; y < k; y++) {
                bool one = (y + turn) % k < counts[x];
                void *row = ppx_image_row(&in, y0 + y);
                if (type == PPX_U8)
                    ((uint8_t *)row)[x] = one ? 200 : 3;
                else if (type == PPX_U16)
                    ((uint16_t *)row)[x] = one ? 40000 : 300;
                else
                    ((float *)row)[x] = one ? 0.5f : -3.0f;
            }
        }
        check(&in, k / 2, 0);
    }
    ppx_image_free(&in);
    free(seen);
    free(counts);
}

static void test_networks(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++) {
        every_window(3, types[t]);
        every_window(5, types[t]);
    }
}

static void test_large_radii(void **state) {
    (void)state;
    static const ptrdiff_t radii[] = {3, 4, 7, 12, 31, 50};
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {23, 65}};
    for (int t = 0; t < 3; t++)
        for (int r = 0; r < 6; r++)
            for (int s = 0; s < 5; s++) {
                if (radii[r] > 12 && s == 4)
                    continue; // minutes of sorting
                int channels = 1 + (r + s) % 4, border = (t + r + s) % 4;
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                ppx_image in = test_image(shape, (test_texture)((r + s / 2) % TEST_NTEXTURES), 5);
                check(&in, radii[r], border);
                ppx_image_free(&in);
            }
    for (int t = 0; t < 3; t++)
        for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
            ppx_image in =
                test_image(test_shape(90, 70, 1 + texture, types[t]), (test_texture)texture, 6);
            check(&in, 3, texture);
            ppx_image_free(&in);
            // Rows of several tiles.
            in = test_image(test_shape(1100, 3, 1, types[t]), (test_texture)texture, 8);
            check(&in, 5, (texture + 1) % 4);
            if (types[t] == PPX_U8) {
                check(&in, 7, texture);
                check(&in, 10, (texture + 2) % 4);
            }
            ppx_image_free(&in);
        }
}

// Tiles that have results in all parts of the range, in a few, and in one; their ends.
static void test_large_tiles(void **state) {
    (void)state;
    static const ptrdiff_t radii[] = {20, 21, 32, 20};
    for (int slope = 0; slope < 4; slope++) { // grey levels in 32 columns
        ppx_image in = test_image(test_shape(1030, 2, 1, PPX_U8), TEST_NOISE, 9);
        for (ptrdiff_t y = 0; y < 2; y++)
            for (ptrdiff_t x = 0; x < 1030; x++) {
                uint8_t *sample = (uint8_t *)ppx_image_row(&in, y) + x;
                *sample = (uint8_t)((*sample % 16 + 250 + x * slope / 32) % 256);
            }
        check(&in, radii[slope], slope);
        ppx_image_free(&in);
    }
}

// All of f32: signs, infinities, denormals, and zeros of both signs.
static void test_floats(void **state) {
    (void)state;
    static const float values[] = {0.0f,  -0.0f,    1e-42f, -1e-42f, INFINITY, -INFINITY,
                                   -2.5f, 3.25e20f, -1e20f, 0.0f,    -0.0f,    1.5f};
    ppx_image in = test_image(test_shape(61, 33, 1, PPX_F32), TEST_NOISE, 61);
    for (ptrdiff_t y = 0; y < 33; y++)
        for (ptrdiff_t x = 0; x < 61; x++)
            ((float *)ppx_image_row(&in, y))[x] =
                values[test_random(4, (uint64_t)(y * 61 + x)) % 12];
    for (ptrdiff_t radius = 1; radius <= 4; radius++) {
        window w = {radius, 0};
        char spec[40];
        (void)snprintf(spec, sizeof spec, "median:radius=%td", radius);
        TEST_EACH_LEVEL(level) {
            ppx_image out = test_run(spec, &in, &ppx_runner_serial, NULL);
            for (ptrdiff_t y = 0; y < 33; y++)
                for (ptrdiff_t x = 0; x < 61; x++) {
                    float got = ((float *)ppx_image_row(&out, y))[x];
                    float wanted = (float)sort_window(&in, x, y, 0, &w);
                    assert_true(got == wanted && !(got == 0 && signbit(got)));
                }
            ppx_image_free(&out);
        }
    }
    ppx_image_free(&in);
}

static void test_laws(void **state) {
    (void)state;
    static const int radii[] = {1, 2, 3, 9};
    for (int t = 0; t < 3; t++)
        for (int r = 0; r < 4; r++)
            TEST_EACH_LEVEL(level) {
                char spec[60], inverted[80], after[80];
                (void)snprintf(spec, sizeof spec, "median:radius=%d,border=wrap", radii[r]);
                (void)snprintf(inverted, sizeof inverted, "invert+%s", spec);
                (void)snprintf(after, sizeof after, "%s+invert", spec);
                ppx_image in = test_image(test_shape(131, 79, 3, types[t]), TEST_NOISE, 12);
                ppx_image a = test_run(inverted, &in, &ppx_runner_serial, NULL);
                ppx_image b = test_run(after, &in, &ppx_runner_serial, NULL);
                test_expect_equal(&a, &b, 0, spec);
                ppx_image_free(&a);
                ppx_image_free(&b);
                for (ptrdiff_t y = 0; y < 79; y++) // a constant stays
                    for (size_t x = 0; x < ppx_shape_row_nbytes(in.shape); x++)
                        ((uint8_t *)ppx_image_row(&in, y))[x] = 61;
                a = test_run(spec, &in, &ppx_runner_serial, NULL);
                assert_true(ppx_image_equal(&a, &in));
                ppx_image_free(&a);
                ppx_image_free(&in);
            }
}

static void test_threads(void **state) {
    (void)state;
    static const char *const specs[] = {"median", "median:radius=2,border=wrap",
                                        "median:radius=7,border=reflect",
                                        "median:radius=40,border=constant"};
    for (int t = 0; t < 3; t++)
        for (int k = 0; k < 4; k++) {
            ppx_image in =
                test_image(test_shape(57, 193, 1 + (k + t) % 4, types[t]), (test_texture)k, 51);
            test_same_on_threads(specs[k], &in);
            ppx_image_free(&in);
        }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(4, 4, 1, PPX_U8), TEST_NOISE, 1);
    test_run_refused("median:radius=0", &in);
    test_run_refused("median:radius=51", &in);
    test_run_refused("median:border=mirror", &in);
    ppx_image_free(&in);
    in = test_image(test_shape(4, 4, 1, PPX_U32), TEST_NOISE, 1);
    test_run_refused("median", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_radii), cmocka_unit_test(test_networks),
        cmocka_unit_test(test_large_radii), cmocka_unit_test(test_large_tiles),
        cmocka_unit_test(test_floats),      cmocka_unit_test(test_laws),
        cmocka_unit_test(test_threads),     cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
