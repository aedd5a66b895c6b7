// test_integral.c: the summed-area table against direct sums.
#include "support.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "../core/chain.h"
#include "../core/runner.h"

// Sums of whole rectangles, each from scratch along its last row; all in 64 bits, cut to 32 at the
// end.
static ppx_image direct(const ppx_image *in) {
    ppx_shape shape = in->shape;
    shape.type = PPX_U32;
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, shape, NULL), 0);
    for (ptrdiff_t x = 0; x < shape.width; x++)
        for (int c = 0; c < shape.channels; c++) {
            uint64_t sum = 0;
            for (ptrdiff_t y = 0; y < shape.height; y++) {
                for (ptrdiff_t k = 0; k <= x; k++)
                    sum += (uint64_t)test_sample(in, k, y, c);
                ((uint32_t *)ppx_image_row(&out, y))[x * shape.channels + c] = (uint32_t)sum;
            }
        }
    return out;
}

static void check(const ppx_image *in) {
    static const int nthreads[] = {1, 2, 3, 5, 8};
    static const omp_sched_t schedules[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided};
    ppx_image wanted = direct(in);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run("integral", in, &ppx_runner_serial, NULL);
        test_expect_equal(&got, &wanted, 0, "integral, serial");
        ppx_image_free(&got);
        for (int t = 0; t < (level ? 0 : 5); t++) // threads at the first level only
            for (int s = 0; s < 3; s++) {
                char what[80];
                (void)snprintf(what, sizeof what, "integral, %d threads, schedule %d", nthreads[t],
                               s);
                omp_set_num_threads(nthreads[t]);
                omp_set_schedule(schedules[s], s == 1 ? 1 : 0);
                got = test_run("integral", in, &ppx_runner_omp, NULL);
                test_expect_equal(&got, &wanted, 0, what);
                ppx_image_free(&got);
            }
    }
    ppx_image_free(&wanted);
}

static void test_sums(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13}, {9, 63},
                                         {33, 64}, {16, 65}, {5, 128}, {21, 200}};
    for (int type = PPX_U8; type <= PPX_U16; type++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 9; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)type);
                ppx_image in = test_image(shape, (test_texture)(s % TEST_NTEXTURES), 2);
                check(&in);
                ppx_image_free(&in);
            }
}

// More columns than one thread sums at once, and a row that is no multiple of a vector.
static void test_wide(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(1300, 130, 1, PPX_U8), TEST_NOISE, 4);
    check(&in);
    ppx_image_free(&in);
}

// 65535 everywhere: 257 x 300 of them are more than 2^32, and (x + 1) (y + 1) 65535 says it all.
static void test_overflow(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(257, 300, 1, PPX_U16), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 300; y++)
        memset(ppx_image_row(&in, y), 0xff, 257 * 2);
    uint64_t total = (uint64_t)257 * 300 * 65535;
    assert_true(total > UINT32_MAX);
    const ppx_runner *const runners[] = {&ppx_runner_serial, &ppx_runner_omp};
    omp_set_num_threads(3);
    for (int r = 0; r < 2; r++)
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run("integral", &in, runners[r], NULL);
            for (ptrdiff_t y = 0; y < 300; y++)
                for (ptrdiff_t x = 0; x < 257; x++) {
                    uint32_t wanted = (uint32_t)((uint64_t)(x + 1) * (uint64_t)(y + 1) * 65535);
                    assert_int_equal(((uint32_t *)ppx_image_row(&got, y))[x], wanted);
                }
            ppx_image_free(&got);
        }
    ppx_image_free(&in);
}

// Two bands as two ranks have them: the lower one starts below the total of the upper one.
typedef struct bands {
    uint32_t *total; // of the upper band; NULL while that one is at work
    uint32_t kept[400];
} bands;

static ppx_status hand_over(void *context, ppx_status status, const ppx_scan *scan,
                            const uint32_t *total, uint32_t *above, size_t n, ppx_error *error) {
    (void)error;
    assert_false(scan->upward);
    bands *b = context;
    assert_true(n <= 400);
    if (b->total)
        memcpy(above, b->total, n * sizeof *above);
    memcpy(b->kept, total, n * sizeof *total);
    return status;
}

static void check_bands(const ppx_runner *runner, const ppx_image *in, const ppx_image *wanted) {
    ppx_chain *chain;
    ppx_job job;
    assert_int_equal(ppx_chain_parse(&chain, "integral", NULL, NULL, NULL), 0);
    assert_int_equal(ppx_link_job(&chain->links[0], in->shape, &job, NULL), 0);
    ppx_step_geometry(&job.kernel->steps[0], &job);
    ppx_image got;
    assert_int_equal(ppx_image_create(&got, job.geometry.out, NULL), 0);
    bands shared = {0};
    ppx_scan_across across = {&shared, hand_over};
    uint32_t total[400];
    const ptrdiff_t cut = 3 * PPX_STRIP, height = in->shape.height;
    for (int half = 0; half < 2; half++) {
        ptrdiff_t y0 = half ? cut : 0, nrows = half ? height - cut : cut;
        ppx_band from = {ppx_image_view(in, y0, nrows), y0, height};
        ppx_band to = {ppx_image_view(&got, y0, nrows), y0, height};
        assert_int_equal(
            runner->scan(runner, &job, &job.kernel->steps[0].scan, &from, &to, &across, NULL), 0);
        memcpy(total, shared.kept, sizeof total);
        shared.total = total;
    }
    test_expect_equal(&got, wanted, 0, "integral in two bands");
    ppx_image_free(&got);
    ppx_chain_free(chain);
}

static void test_bands(void **state) {
    (void)state;
    omp_set_num_threads(3);
    omp_set_schedule(omp_sched_dynamic, 1);
    for (int channels = 1; channels <= 4; channels++) {
        ppx_image in = test_image(test_shape(70, 330, channels, PPX_U16), TEST_NOISE, 6);
        ppx_image wanted = direct(&in);
        TEST_EACH_LEVEL(level) {
            check_bands(&ppx_runner_serial, &in, &wanted);
            check_bands(&ppx_runner_omp, &in, &wanted);
        }
        ppx_image_free(&wanted);
        ppx_image_free(&in);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_bands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
