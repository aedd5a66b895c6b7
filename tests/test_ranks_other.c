// test_ranks_other.c: percentiles and the adaptive median against sorting every window.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct window {
    ptrdiff_t radius;
    double p;
    int border;
} window;

static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Sorts the window around x, y into a static array; returns how many samples there are.
static double sorted[101 * 101];

static size_t sort_window(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, ptrdiff_t radius,
                          int border) {
    size_t n = 0;
    for (ptrdiff_t v = y - radius; v <= y + radius; v++)
        for (ptrdiff_t u = x - radius; u <= x + radius; u++)
            sorted[n++] = test_sample_border(in, u, v, c, border);
    qsort(sorted, n, sizeof *sorted, by_value);
    return n;
}

static double percentile(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                         const void *context) {
    const window *w = context;
    size_t n = sort_window(in, x, y, c, w->radius, w->border);
    return sorted[(size_t)floor(w->p / 100 * (double)(n - 1) + 0.5)];
}

static double adaptive(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    const window *w = context;
    const double centre = test_sample(in, x, y, c);
    for (ptrdiff_t r = 1;; r++) {
        size_t n = sort_window(in, x, y, c, r, w->border);
        const double least = sorted[0], median = sorted[n / 2], most = sorted[n - 1];
        if (least < median && median < most)
            return least < centre && centre < most ? centre : median;
        if (r == w->radius)
            return median;
    }
}

// Noise over the range or over few levels, with salt and pepper on two samples of five.
static void pepper(ppx_image *image) {
    const ppx_shape s = image->shape;
    for (ptrdiff_t y = 0; y < s.height; y++)
        for (ptrdiff_t k = 0; k < s.width * s.channels; k++) {
            const uint64_t dice = test_random(77, (uint64_t)(y * s.width * s.channels + k)) % 5;
            void *row = ppx_image_row(image, y);
            if (dice > 1)
                continue;
            if (s.type == PPX_U8)
                ((uint8_t *)row)[k] = dice ? 255 : 0;
            else if (s.type == PPX_U16)
                ((uint16_t *)row)[k] = dice ? 65535 : 0;
            else
                ((float *)row)[k] = dice ? 1.0f : 0.0f;
        }
}

static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {41, 67}, {300, 5}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

static void test_percentile(void **state) {
    (void)state;
    static const ptrdiff_t radii[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 31, 50};
    static const double ps[] = {0, 10, 25, 37.5, 50, 90, 99.9, 100};
    for (int t = 0; t < 3; t++)
        for (int r = 0; r < 12; r++)
            for (int s = 0; s < NSIZES; s++) {
                if (radii[r] > 9 && sizes[s][0] * sizes[s][1] > 250)
                    continue; // minutes of sorting
                window w = {radii[r], ps[(r + s + t) % 8], (r + s) % 4};
                ppx_image in =
                    test_image(test_shape(sizes[s][0], sizes[s][1], 1 + (r + s + t) % 4, types[t]),
                               (test_texture)((r + s / 2) % TEST_NTEXTURES), 5);
                char spec[80];
                (void)snprintf(spec, sizeof spec, "percentile:radius=%td,p=%g,border=%s", w.radius,
                               w.p, test_borders[w.border]);
                TEST_EACH_LEVEL(level)
                test_against_oracle(spec, &in, percentile, &w, 0);
                ppx_image_free(&in);
            }
}

// The ends and the middle are other kernels.
static void test_known_ranks(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"percentile:radius=%d,p=0", "erode:radius=%d"},
                                           {"percentile:radius=%d,p=100", "dilate:radius=%d"},
                                           {"percentile:radius=%d,p=50", "median:radius=%d"}};
    static const int radii[] = {1, 2, 3, 5, 7, 8, 9, 25};
    for (int t = 0; t < 3; t++)
        for (int r = 0; r < 8; r++)
            for (int k = 0; k < 3; k++) {
                ppx_image in = test_image(test_shape(301, 131, 1, types[t]), TEST_SMOOTH, 3);
                char specs[2][80];
                ppx_image got[2];
                for (int i = 0; i < 2; i++) {
                    (void)snprintf(specs[i], sizeof specs[i], pairs[k][i], radii[r]);
                    got[i] = test_run(specs[i], &in, &ppx_runner_serial, NULL);
                }
                test_expect_equal(&got[0], &got[1], 0, specs[0]);
                for (int i = 0; i < 2; i++)
                    ppx_image_free(&got[i]);
                ppx_image_free(&in);
            }
}

static void test_adaptive(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int texture = 0; texture < TEST_NTEXTURES; texture++)
            for (int s = 0; s < NSIZES; s++)
                for (ptrdiff_t max = 1; max <= 5; max += 2) {
                    window w = {max, 0, (s + texture + (int)max) % 4};
                    ppx_image in = test_image(
                        test_shape(sizes[s][0], sizes[s][1], 1 + (s + texture) % 4, types[t]),
                        (test_texture)texture, 21);
                    if (texture % 2 == 0)
                        pepper(&in);
                    char spec[80];
                    (void)snprintf(spec, sizeof spec, "adaptive-median:max=%td,border=%s", max,
                                   test_borders[w.border]);
                    TEST_EACH_LEVEL(level)
                    test_against_oracle(spec, &in, adaptive, &w, 0);
                    ppx_image_free(&in);
                }
}

static void test_threads(void **state) {
    (void)state;
    static const char *const specs[] = {
        "percentile:radius=3,p=20", "percentile:radius=6,p=70,border=wrap",
        "percentile:radius=20,p=5,border=reflect", "adaptive-median:max=4,border=constant"};
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
    test_run_refused("percentile:radius=0", &in);
    test_run_refused("percentile:radius=51", &in);
    test_run_refused("percentile:p=-1", &in);
    test_run_refused("percentile:p=100.5", &in);
    test_run_refused("adaptive-median:max=0", &in);
    test_run_refused("adaptive-median:max=13", &in);
    ppx_image_free(&in);
    in = test_image(test_shape(4, 4, 1, PPX_U32), TEST_NOISE, 1);
    test_run_refused("percentile", &in);
    test_run_refused("adaptive-median", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentile), cmocka_unit_test(test_known_ranks),
        cmocka_unit_test(test_adaptive),   cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
