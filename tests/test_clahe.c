// test_clahe.c: clahe against its definition in double, sample by sample.
#include "linear.inc.h"

typedef struct clahe_case {
    int tiles;
    double clip;
} clahe_case;

static int least(int a, ptrdiff_t b) {
    return a < b ? a : (int)b;
}

// value[v], what one tile's table makes of each level: linear within a bin.
static void tile_values(const ppx_image *in, const clahe_case *with, int tx, int ty, int c,
                        double *value) {
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    int across = least(with->tiles, width), down = least(with->tiles, height);
    int bins = in->shape.type == PPX_U8 ? 256 : 4096, levels = in->shape.type == PPX_U8 ? 1 : 16;
    double most = in->shape.type == PPX_U8 ? 255 : 65535, n = 0, counts[4096] = {0};
    for (ptrdiff_t y = ty * height / down; y < (ty + 1) * height / down; y++)
        for (ptrdiff_t x = tx * width / across; x < (tx + 1) * width / across; x++, n++)
            counts[(int)test_sample(in, x, y, c) / levels]++;
    if (with->clip > 0) {
        double limit = fmax(1, floor(with->clip * n / bins)), over = 0;
        for (int b = 0; b < bins; b++)
            if (counts[b] > limit) {
                over += counts[b] - limit;
                counts[b] = limit;
            }
        for (int b = 0; b < bins; b++)
            counts[b] += floor(over / bins);
        int left = (int)fmod(over, bins), step = left ? bins / left : 1;
        for (int b = 0; left > 0 && b < bins; b += step, left--)
            counts[b]++;
    }
    double sum = 0, before = 0;
    for (int b = 0; b < bins; b++) {
        sum += counts[b];
        double now = floor(most * sum / n + 0.5);
        for (int k = 0; k < levels; k++)
            value[b * levels + k] = before + (now - before) * (k + 1) / levels;
        before = now;
    }
}

static double between(double a, double b, double part) {
    return a + (b - a) * part;
}

static void clahe_oracle(const ppx_image *in, const void *context, double *expected) {
    const clahe_case *with = context;
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    int across = least(with->tiles, width), down = least(with->tiles, height);
    size_t levels = in->shape.type == PPX_U8 ? 256 : 65536;
    double *values = calloc((size_t)(across * down) * levels, sizeof *values);
    for (int c = 0; c < in->shape.channels; c++) {
        for (int t = 0; t < across * down; t++)
            tile_values(in, with, t % across, t / across, c, values + (size_t)t * levels);
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++) {
                double fx = (double)x * across / (double)width - 0.5;
                double fy = (double)y * down / (double)height - 0.5;
                int x0 = (int)floor(fx), y0 = (int)floor(fy);
                double got[2][2];
                for (int k = 0; k < 4; k++) {
                    int tx = x0 + k % 2, ty = y0 + k / 2;
                    tx = tx < 0 ? 0 : tx >= across ? across - 1 : tx;
                    ty = ty < 0 ? 0 : ty >= down ? down - 1 : ty;
                    got[k / 2][k % 2] = values[(size_t)(ty * across + tx) * levels +
                                               (size_t)test_sample(in, x, y, c)];
                }
                expected[(y * width + x) * in->shape.channels + c] =
                    between(between(got[0][0], got[0][1], fx - x0),
                            between(got[1][0], got[1][1], fx - x0), fy - y0);
            }
    }
    free(values);
}

static trial clahe_trial(char spec[64], const clahe_case *with) {
    (void)snprintf(spec, 64, "clahe:tiles=%d,clip=%g", with->tiles, with->clip);
    // Half for rounding; u8: weights of 14 bits, tables of a row to 1/128.
    return (trial){spec, NULL, clahe_oracle, with, {0.54, 0.6, 0, 0}};
}

static void test_shapes(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},   {17, 13},
                                         {64, 64}, {50, 65}, {129, 70}, {40, 200}};
    static const clahe_case cases[] = {{1, 0}, {2, 2}, {3, 1}, {8, 2.5}, {8, 40}, {13, 0.1}};
    for (int type = 0; type < 2; type++)
        for (int s = 0; s < 8; s++)
            for (int k = 0; k < 6; k++) {
                if (type == 1 && (s + k) % 2) // tables of 16 bits take their time
                    continue;
                ppx_shape shape =
                    test_shape(sizes[s][0], sizes[s][1], 1 + (s + k) / 2 % 4, types[type]);
                ppx_image in = test_image(shape, (test_texture)((s + k) % TEST_NTEXTURES), 4);
                char spec[64];
                trial t = clahe_trial(spec, &cases[k]);
                check(&t, &in);
                ppx_image_free(&in);
            }
}

// One tile without a limit is what equalize does, but for the levels below the first that occurs.
static void test_one_tile(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(300, 70, 1, PPX_U8), TEST_NOISE, 4);
    ppx_image one = test_run("clahe:tiles=1,clip=0", &in, &ppx_runner_serial, NULL);
    ppx_image all = test_run("equalize", &in, &ppx_runner_serial, NULL);
    test_expect_equal(&one, &all, 1, "one tile");
    ppx_image_free(&one);
    ppx_image_free(&all);
    ppx_image_free(&in);
}

static void test_parameters(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(100, 100, 3, PPX_U16), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("clahe:tiles=64", &in), "fewer tiles"));
    assert_non_null(strstr(test_run_refused("clahe:tiles=0", &in), "range"));
    ppx_image_free(&in);
    in = test_image(test_shape(5, 5, 1, PPX_F32), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("clahe", &in), "f32"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_one_tile),
        cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
