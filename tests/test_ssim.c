// test_ssim.c: ssim against a Gaussian window in double, on every runner.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    const ppx_image *with;
    int border;
} pair;

static double window_weight(int k) {
    double sum = 0;
    for (int j = -5; j <= 5; j++)
        sum += exp(-j * j / 4.5);
    return exp(-k * k / 4.5) / sum;
}

static double ssim_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                          const void *context) {
    static const double most[PPX_NTYPES] = {255, 65535, 0, 1};
    const pair *p = context;
    const double c1 = pow(0.01 * most[in->shape.type], 2), c2 = pow(0.03 * most[in->shape.type], 2);
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (int j = -5; j <= 5; j++)
        for (int i = -5; i <= 5; i++) {
            const double weight = window_weight(i) * window_weight(j);
            mx += weight * test_sample_border(in, x + i, y + j, c, p->border);
            my += weight * test_sample_border(p->with, x + i, y + j, c, p->border);
        }
    for (int j = -5; j <= 5; j++)
        for (int i = -5; i <= 5; i++) {
            const double weight = window_weight(i) * window_weight(j);
            const double u = test_sample_border(in, x + i, y + j, c, p->border) - mx;
            const double v = test_sample_border(p->with, x + i, y + j, c, p->border) - my;
            xx += weight * u * u;
            yy += weight * v * v;
            xy += weight * u * v;
        }
    return (2 * mx * my + c1) * (2 * xy + c2) / ((mx * mx + my * my + c1) * (xx + yy + c2));
}

static void take_mean(void *context, const char *kernel, const char *key, double value) {
    assert_string_equal(kernel, "ssim");
    assert_string_equal(key, "ssim");
    *(double *)context = value;
}

// The map at each level, without alpha, and its mean.
static void check_ssim(const ppx_image *in, const char *name, int border) {
    ppx_image with = test_second_image(name, in->shape);
    const pair p = {&with, border};
    const ppx_shape shape = in->shape;
    const int colours = ppx_shape_colours(shape);
    double *wanted = calloc((size_t)(shape.width * shape.height * colours), sizeof *wanted),
           sum = 0;
    ptrdiff_t n = 0;
    for (ptrdiff_t y = 0; y < shape.height; y++)
        for (ptrdiff_t x = 0; x < shape.width; x++)
            for (int c = 0; c < colours; c++)
                sum += wanted[n++] = ssim_oracle(in, x, y, c, &p);
    char spec[80];
    (void)snprintf(spec, sizeof spec, "ssim:with=%s,border=%s", name, test_borders[border]);
    ppx_image first = {0};
    TEST_EACH_LEVEL(level) {
        double mean = NAN;
        ppx_sink sink = {&mean, take_mean, NULL};
        ppx_image got = test_run(spec, in, &ppx_runner_serial, &sink);
        assert_true(
            ppx_shape_equal(got.shape, test_shape(shape.width, shape.height, colours, PPX_F32)));
        for (ptrdiff_t k = 0; k < n; k++) {
            ptrdiff_t x = k / colours % shape.width, y = k / colours / shape.width;
            double value = test_sample(&got, x, y, (int)(k % colours));
            if (!(fabs(value - wanted[k]) <= 1e-4))
                fail_msg("%s, %td x %td x %d %s, (%td, %td): %.9g, wanted %.9g", spec, shape.width,
                         shape.height, shape.channels, ppx_type_name(shape.type), x, y, value,
                         wanted[k]);
        }
        assert_true(fabs(mean - sum / (double)n) <= 1e-5);
        if (!first.own) {
            first = got;
            continue;
        }
        assert_true(ppx_image_equal(&got, &first));
        ppx_image_free(&got);
    }
    if (shape.height > PPX_STRIP)
        test_same_on_threads(spec, in);
    ppx_image_free(&first);
    ppx_image_free(&with);
    free(wanted);
}

static void test_ssim(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 19}, {37, 1}, {17, 13}, {9, 66}, {523, 3}};
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    for (int n = 0; n < 72; n++) {
        const ptrdiff_t *size = sizes[n / 12];
        const ppx_shape shape = test_shape(size[0], size[1], 1 + n % 4, types[n / 4 % 3]);
        ppx_image in = test_image(shape, (test_texture)((n / 3) % TEST_NTEXTURES), 5);
        check_ssim(&in, n % 2 ? "one" : "three", (n + n / 4) % 4);
        ppx_image_free(&in);
    }
}

static void test_ssim_of_itself(void **state) {
    (void)state;
    ppx_image in = test_second_image("itself", test_shape(41, 67, 3, PPX_U8));
    double mean = NAN;
    ppx_sink sink = {&mean, take_mean, NULL};
    ppx_image got = test_run("ssim:with=itself", &in, &ppx_runner_omp, &sink);
    for (ptrdiff_t y = 0; y < 67; y++)
        for (ptrdiff_t x = 0; x < 3 * 41; x++)
            assert_true(fabs((double)((float *)ppx_image_row(&got, y))[x] - 1) < 1e-5);
    assert_true(fabs(mean - 1) < 1e-6);
    ppx_image_free(&got);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ssim),
        cmocka_unit_test(test_ssim_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
