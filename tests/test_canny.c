// test_canny.c: edges against the definition, pixel by pixel.
#include "patterns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The oracle ---------------------------------------------------------------------------------

typedef struct gradient {
    int64_t x, y, size; // size is squared for l2
} gradient;

static int64_t sample(const ppx_image *in, ptrdiff_t x, ptrdiff_t y) {
    return (int64_t)test_sample_border(in, x, y, 0, 0);
}

// Nothing has a size beyond the image.
static gradient gradient_at(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, bool l1) {
    gradient g = {0, 0, 0};
    if (x < 0 || y < 0 || x >= in->shape.width || y >= in->shape.height)
        return g;
    for (int d = -1; d <= 1; d++) {
        int weight = d ? 1 : 2;
        g.x += weight * (sample(in, x + 1, y + d) - sample(in, x - 1, y + d));
        g.y += weight * (sample(in, x + d, y + 1) - sample(in, x + d, y - 1));
    }
    g.size = l1 ? llabs(g.x) + llabs(g.y) : g.x * g.x + g.y * g.y;
    return g;
}

static bool is_candidate(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, bool l1) {
    gradient g = gradient_at(in, x, y, l1);
    int64_t ax = llabs(g.x), ay = llabs(g.y);
    int dx = 1, dy = 1;
    if (32768 * ay < 13573 * ax)
        dy = 0; // the gradient lies along the row
    else if (32768 * (ay - 2 * ax) >= 13573 * ax)
        dx = 0;
    else if ((g.x < 0) != (g.y < 0))
        dx = -1;
    gradient before = gradient_at(in, x - dx, y - dy, l1),
             after = gradient_at(in, x + dx, y + dy, l1);
    return g.size > before.size && (dx && dy ? g.size > after.size : g.size >= after.size);
}

static ppx_image wanted_of(const ppx_image *in, double low, double high, bool l1) {
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    const size_t npixels = (size_t)(width * height);
    uint8_t *mask = calloc(npixels, 1), *strong = calloc(npixels, 1), *kept;
    uint32_t *labels = malloc(npixels * sizeof *labels);
    assert_non_null(mask);
    assert_non_null(strong);
    assert_non_null(labels);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            double size = (double)gradient_at(in, x, y, l1).size;
            bool candidate = is_candidate(in, x, y, l1);
            mask[y * width + x] = candidate && size > (l1 ? low : low * low);
            strong[y * width + x] = candidate && size > (l1 ? high : high * high);
        }
    uint32_t n = flood_labels(mask, width, height, 8, labels);
    kept = calloc(n + 1, 1);
    assert_non_null(kept);
    for (size_t k = 0; k < npixels; k++)
        if (strong[k])
            kept[labels[k]] = 1;
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, test_shape(width, height, 1, PPX_U8), NULL), 0);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            uint32_t label = labels[y * width + x];
            ((uint8_t *)ppx_image_row(&out, y))[x] = label && kept[label] ? 255 : 0;
        }
    free(mask);
    free(strong);
    free(kept);
    free(labels);
    return out;
}

static void check(const ppx_image *in, const char *name, double low, double high, bool threads) {
    for (int l1 = 0; l1 < 2; l1++) {
        char spec[100], what[200];
        (void)snprintf(spec, sizeof spec, "canny:low=%.10g,high=%.10g,sigma=0,norm=%s", low, high,
                       l1 ? "l1" : "l2");
        (void)snprintf(what, sizeof what, "%s, %s", name, spec);
        ppx_image wanted = wanted_of(in, low, high, l1);
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
            test_expect_equal(&got, &wanted, 0, what);
            ppx_image_free(&got);
        }
        if (threads)
            test_same_on_threads(spec, in);
        ppx_image_free(&wanted);
    }
}

// Thresholds that leave some of the candidates weak and some strong.
static void check_some(const ppx_image *in, const char *name, bool threads) {
    const double most = in->shape.type == PPX_U8 ? 255 : 65535;
    const double steps[][2] = {{0, 0}, {0.2, 0.5}, {0.9, 2.2}, {0.4, 3.1}, {1.001, 1.001}};
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
        check(in, name, steps[k][0] * most, steps[k][1] * most, threads);
}

// ---- Tests --------------------------------------------------------------------------------------

static void test_textures(void **state) {
    (void)state;
    for (int type = PPX_U8; type <= PPX_U16; type++)
        for (int s = 0; s < NSIZES; s++)
            for (int k = 0; k < TEST_NTEXTURES; k++) {
                ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 1, (ppx_type)type),
                                          (test_texture)k, 3);
                check_some(&in, ppx_type_name((ppx_type)type), false);
                ppx_image_free(&in);
            }
}

// Rows are made in tiles, and tiles in words.
static void test_wide(void **state) {
    (void)state;
    for (int type = PPX_U8; type <= PPX_U16; type++)
        for (ptrdiff_t width = 1020; width < 1030; width++) {
            ppx_image in = test_image(test_shape(width, 5, 1, (ppx_type)type), TEST_NOISE, 3);
            check_some(&in, "wide", false);
            ppx_image_free(&in);
            in = test_image(test_shape(2 * width + 1, 3, 1, (ppx_type)type), TEST_SMOOTH, 4);
            check_some(&in, "wide", false);
            ppx_image_free(&in);
        }
}

// Edges of drawings are full of ties.
static void test_patterns(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, sizes[s][0], sizes[s][1]);
            check_some(&in, patterns[p].name, false);
            ppx_image_free(&in);
        }
}

// Every gradient that two steps make: sectors, and ties between them.
static void test_directions(void **state) {
    (void)state;
    for (int a = 0; a < 256; a += 5)
        for (int b = 0; b < 256; b += 15) {
            uint8_t pixels[5][7];
            for (int y = 0; y < 5; y++)
                for (int x = 0; x < 7; x++)
                    pixels[y][x] = (uint8_t)((x > 3 ? a : 0) / 2 + (y > 2 ? b : 0) / 2 +
                                             (x > 3 && y > 2 ? (a * b) % 3 : 0));
            ppx_image in = ppx_image_wrap(pixels, test_shape(7, 5, 1, PPX_U8), 7);
            check(&in, "steps", 10, 200, false);
        }
}

// A long weak line that is strong at one end only: all of it is an edge, however it is cut.
static void test_line(void **state) {
    (void)state;
    ppx_image in;
    assert_int_equal(ppx_image_create(&in, test_shape(90, 400, 1, PPX_U8), NULL), 0);
    for (int strong_end = 0; strong_end < 3; strong_end++) {
        for (ptrdiff_t y = 0; y < 400; y++)
            for (ptrdiff_t x = 0; x < 90; x++) {
                ptrdiff_t away = strong_end == 2 ? 399 - y : y; // from the strong end
                ptrdiff_t step = strong_end && away < 50 ? 200 - 3 * away : 50;
                ((uint8_t *)ppx_image_row(&in, y))[x] = x < 60 ? 0 : (uint8_t)step;
            }
        check(&in, "line", 100, 500, true);
        ppx_image got = test_run("canny:low=100,high=500,sigma=0", &in, &ppx_runner_omp, NULL);
        int n = 0;
        for (ptrdiff_t x = 0; x < 90; x++)
            n += ((uint8_t *)ppx_image_row(&got, 200))[x] != 0;
        assert_int_equal(n, strong_end ? 1 : 0);
        ppx_image_free(&got);
    }
    ppx_image_free(&in);
}

// A weak line that winds through the image from top to bottom and back, time after time, and is
// strong at one place, at its end or in the middle, or nowhere.
static void test_winding(void **state) {
    (void)state;
    enum { WIDTH = 203, HEIGHT = 330, PITCH = 20, THICK = 10 };
    ppx_image in;
    assert_int_equal(ppx_image_create(&in, test_shape(WIDTH, HEIGHT, 1, PPX_U8), NULL), 0);
    for (int strong = 0; strong < 3; strong++) {
        for (ptrdiff_t y = 0; y < HEIGHT; y++)
            for (ptrdiff_t x = 0; x < WIDTH; x++) {
                const bool up = x / PITCH % 2 == 0; // joins its neighbour to the right at the top
                const bool bar = x % PITCH < THICK && y >= 5 && y < HEIGHT - 5;
                const bool bend = x < WIDTH - PITCH && (up ? y < 15 : y >= HEIGHT - 15) && y >= 5 &&
                                  y < HEIGHT - 5;
                const bool peak = strong && y / 10 == 16 && x / PITCH == (strong == 1 ? 0 : 5);
                ((uint8_t *)ppx_image_row(&in, y))[x] = bar || bend ? peak ? 200 : 40 : 0;
            }
        check(&in, "winding", 100, 500, true);
    }
    ppx_image_free(&in);
}

static void test_threads(void **state) {
    (void)state;
    for (int type = PPX_U8; type <= PPX_U16; type++) {
        ppx_image in = test_image(test_shape(67, 200, 1, (ppx_type)type), TEST_SMOOTH, 5);
        check_some(&in, "threads", true);
        ppx_image_free(&in);
        in = test_image(test_shape(70, 300, 1, (ppx_type)type), TEST_NOISE, 5);
        check_some(&in, "threads, noise", true);
        test_same_on_threads("canny:low=30,high=60,sigma=2", &in);
        ppx_image_free(&in);
    }
}

// The blur is that of gaussian.
static void test_blur(void **state) {
    (void)state;
    for (int type = PPX_U8; type <= PPX_U16; type++) {
        ppx_image in = test_image(test_shape(150, 100, 1, (ppx_type)type), TEST_NOISE, 5);
        const int low = type == PPX_U8 ? 30 : 30 * 257, high = 2 * low;
        static const char *const sigmas[] = {"0.5", "1", "6"};
        for (int k = 0; k < 3; k++) {
            char one[100], two[120];
            (void)snprintf(one, sizeof one, "canny:low=%d,high=%d,sigma=%s", low, high, sigmas[k]);
            (void)snprintf(two, sizeof two, "gaussian:sigma=%s+canny:low=%d,high=%d,sigma=0",
                           sigmas[k], low, high);
            ppx_image got = test_run(one, &in, &ppx_runner_serial, NULL);
            ppx_image wanted = test_run(two, &in, &ppx_runner_serial, NULL);
            test_expect_equal(&got, &wanted, 0, one);
            ppx_image_free(&got);
            ppx_image_free(&wanted);
        }
        ppx_image_free(&in);
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(8, 8, 1, PPX_U8), TEST_NOISE, 1);
    ppx_image real = test_image(test_shape(8, 8, 1, PPX_F32), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("canny:low=3", &in), "high"));
    assert_non_null(strstr(test_run_refused("canny:low=5,high=3", &in), "above"));
    assert_non_null(strstr(test_run_refused("canny:low=1,high=3,sigma=0.1", &in), "0.3"));
    assert_non_null(strstr(test_run_refused("canny:low=1,high=3", &real), "f32"));
    ppx_image_free(&in);
    ppx_image_free(&real);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_textures),   cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_directions), cmocka_unit_test(test_line),
        cmocka_unit_test(test_threads),    cmocka_unit_test(test_blur),
        cmocka_unit_test(test_wide),       cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_winding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
