// test_dither.c: error diffusion against a plain one that keeps the errors of the whole image, and
// what diffusion promises: levels, and the mean.
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct method {
    const char *name;
    int right, down_left, down;
} method;

static const method methods[] = {{"floyd-steinberg", 7, 3, 5}, {"sierra-lite", 8, 4, 4}};

static int64_t floor_of_16(int64_t value) {
    return value >= 0 ? value / 16 : -((-value + 15) / 16);
}

// One channel, in raster order or to and fro.
static void plain(const ppx_image *in, ppx_image *out, int c, const method *m, int levels,
                  bool serpentine) {
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    int64_t most = in->shape.type == PPX_U8 ? 255 : 65535;
    int64_t *errors = calloc((size_t)(width * (height + 1)), sizeof *errors);
    assert_non_null(errors);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t n = 0; n < width; n++) {
            ptrdiff_t turn = serpentine && y % 2 ? -1 : 1, x = turn > 0 ? n : width - 1 - n;
            int64_t value = 16 * (int64_t)test_sample(in, x, y, c) + errors[y * width + x];
            int64_t cut = value < 0 ? 0 : value > 16 * most ? 16 * most : value;
            int64_t index = 0; // the nearest of the exact levels, the upper of two
            while (index + 1 < levels &&
                   2 * cut * (levels - 1) >= 16 * most * (2 * (index + 1) - 1))
                index++;
            int64_t level = (2 * index * most + levels - 1) / (2 * (levels - 1));
            ptrdiff_t k = x * in->shape.channels + c;
            if (in->shape.type == PPX_U8)
                ((uint8_t *)ppx_image_row(out, y))[k] = (uint8_t)level;
            else
                ((uint16_t *)ppx_image_row(out, y))[k] = (uint16_t)level;
            int64_t error = value - 16 * level, share[4];
            share[0] = floor_of_16(error * m->right);
            share[1] = floor_of_16(error * m->down_left);
            share[2] = floor_of_16(error * m->down);
            share[3] = error - share[0] - share[1] - share[2];
            if (m->right + m->down_left + m->down == 16) {
                share[2] += share[3];
                share[3] = 0;
            }
            const ptrdiff_t dx[] = {turn, -turn, 0, turn}, dy[] = {0, 1, 1, 1};
            for (int s = 0; s < 4; s++) {
                bool inside = x + dx[s] >= 0 && x + dx[s] < width;
                ptrdiff_t to = inside ? (y + dy[s]) * width + x + dx[s] : (y + 1) * width + x;
                errors[to] += share[s];
            }
        }
    free(errors);
}

static void expect_plain(ppx_shape shape, test_texture texture, const method *m, int levels,
                         bool serpentine) {
    char spec[120];
    (void)snprintf(spec, sizeof spec, "dither:method=%s,levels=%d,serpentine=%s", m->name, levels,
                   serpentine ? "yes" : "no");
    ppx_image in = test_image(shape, texture, 5), wanted = test_image(shape, texture, 5);
    for (int c = 0; c < ppx_shape_colours(shape); c++) // alpha stays
        plain(&in, &wanted, c, m, levels, serpentine);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
        test_expect_equal(&got, &wanted, 0, spec);
        ppx_image_free(&got);
    }
    test_same_on_threads(spec, &in);
    ppx_image_free(&in);
    ppx_image_free(&wanted);
}

static void test_plain(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},   {37, 1},  {17, 13},   {63, 65},
                                         {64, 64}, {65, 128}, {5, 200}, {257, 129}, {129, 257}};
    static const int levels[] = {2, 3, 16, 256};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t m = 0; m < 2; m++)
            for (size_t l = 0; l < 4; l++)
                for (int serpentine = 0; serpentine < 2; serpentine++) {
                    int channels = 1 + (int)((s + l) % 4);
                    ppx_type type = (s + m) % 2 ? PPX_U16 : PPX_U8;
                    ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, type);
                    expect_plain(shape, (test_texture)(s % TEST_NTEXTURES), &methods[m], levels[l],
                                 serpentine);
                }
}

// What is lost is what the last row hands down: less than 16 sixteenths of half a step a pixel,
// so that the mean stays to within a part in 2 * height of the range.
static void test_mean(void **state) {
    (void)state;
    for (int level = 0; level < 256; level += 15) {
        ppx_image in = test_image(test_shape(200, 150, 1, PPX_U8), TEST_NOISE, 1);
        for (ptrdiff_t y = 0; y < 150; y++)
            memset(ppx_image_row(&in, y), level, 200);
        ppx_image out = test_run("dither", &in, &ppx_runner_serial, NULL);
        double sum = 0;
        for (ptrdiff_t y = 0; y < 150; y++)
            for (ptrdiff_t x = 0; x < 200; x++) {
                double v = test_sample(&out, x, y, 0);
                assert_true(v == 0 || v == 255);
                sum += v;
            }
        double mean = sum / (200 * 150);
        if (mean < level - 0.9 || mean > level + 0.9)
            fail_msg("the mean of level %d became %g", level, mean);
        ppx_image_free(&in);
        ppx_image_free(&out);
    }
}

static void test_all_levels_change_nothing(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(99, 70, 3, PPX_U8), TEST_NOISE, 3);
    ppx_image out = test_run("dither:levels=256", &in, &ppx_runner_serial, NULL);
    test_expect_equal(&out, &in, 0, "dither:levels=256");
    ppx_image_free(&in);
    ppx_image_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_mean),
        cmocka_unit_test(test_all_levels_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
