// test_diffuse.c: Perona-Malik diffusion against the same in double, and what must hold for it.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    int iterations;
    double kappa, lambda;
} settings;

static void spec_of(char spec[80], settings s) {
    (void)snprintf(spec, 80, "diffuse:iterations=%d,kappa=%g,lambda=%g", s.iterations, s.kappa,
                   s.lambda);
}

// One channel as doubles, after all turns; not rounded. The caller frees it.
static double *slow(const ppx_image *in, int c, settings s) {
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    size_t n = (size_t)(width * height);
    double *now = malloc(n * sizeof *now), *next = malloc(n * sizeof *next);
    assert_non_null(now);
    assert_non_null(next);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            now[y * width + x] = test_sample(in, x, y, c);
    static const int around[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    for (int turn = 0; turn < s.iterations; turn++) {
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++) {
                double v = now[y * width + x], sum = 0;
                for (int k = 0; k < 4; k++) {
                    ptrdiff_t qx = x + around[k][0], qy = y + around[k][1];
                    if (qx < 0 || qy < 0 || qx >= width || qy >= height)
                        continue; // nothing flows out of the image
                    double d = now[qy * width + qx] - v;
                    sum += d / (1 + pow(d / s.kappa, 2));
                }
                next[y * width + x] = v + s.lambda * sum;
            }
        double *swap = now;
        now = next;
        next = swap;
    }
    free(next);
    return now;
}

static void check_values(const ppx_image *in, const ppx_image *got, settings s) {
    double scale = in->shape.type == PPX_U8 ? 255 : in->shape.type == PPX_U16 ? 65535 : 1;
    // Float against double: a few units in the last place a turn; a sample that lies that near to
    // a half may be rounded either way.
    double near = 1e-6 * scale * (s.iterations + 1);
    for (int c = 0; c < in->shape.channels; c++) {
        bool alpha = in->shape.channels % 2 == 0 && c == in->shape.channels - 1;
        double *wanted = slow(in, c, s);
        for (ptrdiff_t y = 0; y < in->shape.height; y++)
            for (ptrdiff_t x = 0; x < in->shape.width; x++) {
                double a = test_sample(got, x, y, c), b = wanted[y * in->shape.width + x];
                bool good = in->shape.type == PPX_F32
                                ? fabs(a - b) <= near
                                : a >= floor(b + 0.5 - near) && a <= floor(b + 0.5 + near);
                if (alpha)
                    good = a == test_sample(in, x, y, c);
                if (!good)
                    fail_msg("diffuse of %td x %td x %d %s: (%td, %td) channel %d is %.9g, wanted "
                             "%.9g",
                             in->shape.width, in->shape.height, in->shape.channels,
                             ppx_type_name(in->shape.type), x, y, c, a, b);
            }
        free(wanted);
    }
}

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},    {17, 13}, {20, 63},
                                     {33, 64}, {16, 65}, {257, 129}, {30, 200}};
enum { NSIZES = sizeof sizes / sizeof *sizes };
static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

static double kappa_of(ppx_type type) {
    return type == PPX_U8 ? 20 : type == PPX_U16 ? 5000 : 0.1;
}

static void test_turns(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < NSIZES; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                ppx_image in = test_image(shape, (test_texture)(s % TEST_NTEXTURES), 9);
                settings set = {s % 2 ? 5 : 1, kappa_of(types[t]), s % 3 ? 0.2 : 0.25};
                char spec[80];
                spec_of(spec, set);
                TEST_EACH_LEVEL(level) {
                    ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
                    check_values(&in, &got, set);
                    ppx_image_free(&got);
                }
                ppx_image_free(&in);
            }
}

// Levels and threads give the same bytes, floats too.
static void test_sameness(void **state) {
    (void)state;
    static const int nthreads[] = {1, 2, 3, 5, 8};
    static const omp_sched_t schedules[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided};
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++) {
            ppx_image in =
                test_image(test_shape(37, 333, channels, types[t]), TEST_NOISE, 10 + (uint64_t)t);
            char spec[80];
            spec_of(spec, (settings){7, kappa_of(types[t]), 0.2});
            ppx_image wanted = test_run(spec, &in, &ppx_runner_serial, NULL);
            TEST_EACH_LEVEL(level) {
                ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
                assert_true(ppx_image_equal(&got, &wanted));
                ppx_image_free(&got);
                for (int k = 0; k < 15; k++) {
                    omp_set_num_threads(nthreads[k % 5]);
                    omp_set_schedule(schedules[k / 5], k / 5 == 1 ? 1 : 0);
                    got = test_run(spec, &in, &ppx_runner_omp, NULL);
                    assert_true(ppx_image_equal(&got, &wanted));
                    ppx_image_free(&got);
                }
            }
            ppx_image_free(&in);
            ppx_image_free(&wanted);
        }
}

static void test_constant_stays(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++) {
        ppx_image in = test_image(test_shape(33, 70, 3, types[t]), TEST_NOISE, 1);
        for (ptrdiff_t y = 0; y < 70; y++)
            memset(ppx_image_row(&in, y), 0x3e, ppx_shape_row_nbytes(in.shape));
        ppx_image got =
            test_run("diffuse:iterations=20,lambda=0.25", &in, &ppx_runner_serial, NULL);
        assert_true(ppx_image_equal(&got, &in));
        ppx_image_free(&got);
        ppx_image_free(&in);
    }
}

static void test_no_turns(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++) {
            ppx_image in = test_image(test_shape(19, 66, channels, types[t]), TEST_NOISE, 3);
            ppx_image got = test_run("diffuse:iterations=0", &in, &ppx_runner_serial, NULL);
            assert_true(ppx_image_equal(&got, &in));
            ppx_image_free(&got);
            ppx_image_free(&in);
        }
}

static void statistics(const ppx_image *image, double *mean, double *least, double *most) {
    double sum = 0;
    *least = *most = test_sample(image, 0, 0, 0);
    for (ptrdiff_t y = 0; y < image->shape.height; y++)
        for (ptrdiff_t x = 0; x < image->shape.width; x++) {
            double v = test_sample(image, x, y, 0);
            sum += v;
            *least = fmin(*least, v);
            *most = fmax(*most, v);
        }
    *mean = sum / (double)(image->shape.width * image->shape.height);
}

// What flows out of one pixel flows into another; nothing leaves the range; edges outlast noise.
static void test_mean_and_range(void **state) {
    (void)state;
    for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
        ppx_image in = test_image(test_shape(65, 130, 1, PPX_F32), (test_texture)texture, 12);
        double mean, least, most, new_mean, new_least, new_most;
        statistics(&in, &mean, &least, &most);
        ppx_image got =
            test_run("diffuse:iterations=50,kappa=0.3,lambda=0.25", &in, &ppx_runner_serial, NULL);
        statistics(&got, &new_mean, &new_least, &new_most);
        assert_true(fabs(mean - new_mean) < 1e-5);
        assert_true(new_least >= least - 1e-6 && new_most <= most + 1e-6);
        assert_true(new_most - new_least < most - least + 1e-6);
        ppx_image_free(&got);
        ppx_image_free(&in);
    }
}

// Without edges (kappa is huge) a quarter of the difference flows: 0.5 and 1.5 go up.
static void test_half_up(void **state) {
    (void)state;
    uint8_t pixels[] = {0, 2}, wanted[] = {1, 2};
    ppx_image in = ppx_image_wrap(pixels, test_shape(2, 1, 1, PPX_U8), 2);
    TEST_EACH_LEVEL(level) {
        ppx_image got =
            test_run("diffuse:iterations=1,kappa=1e6,lambda=0.25", &in, &ppx_runner_serial, NULL);
        assert_memory_equal(got.data, wanted, 2);
        ppx_image_free(&got);
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(8, 8, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("diffuse:lambda=0.3", &in), "0.25"));
    assert_non_null(strstr(test_run_refused("diffuse:lambda=0", &in), "lambda"));
    assert_non_null(strstr(test_run_refused("diffuse:kappa=0", &in), "kappa"));
    ppx_image_free(&in);
    in = test_image(test_shape(8, 8, 1, PPX_U32), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("diffuse", &in), "u32"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),          cmocka_unit_test(test_sameness),
        cmocka_unit_test(test_constant_stays), cmocka_unit_test(test_no_turns),
        cmocka_unit_test(test_mean_and_range), cmocka_unit_test(test_half_up),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
