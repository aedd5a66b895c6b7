// test_histogram.c: histogram, equalize and otsu against their definitions.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},    {17, 13},  {50, 63},
                                     {33, 64}, {16, 65}, {257, 129}, {40, 128}, {131, 200}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

static size_t level_count(const ppx_image *in) {
    return in->shape.type == PPX_U8 ? 256 : 65536;
}

static int colour_count(const ppx_image *in) {
    return in->shape.channels < 3 ? 1 : 3;
}

// counts[v] of one channel, pixel by pixel. The caller frees it.
static double *count(const ppx_image *in, int c) {
    double *counts = calloc(level_count(in), sizeof *counts);
    assert_non_null(counts);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            counts[(size_t)test_sample(in, x, y, c)]++;
    return counts;
}

// Runs `check` with every type, channels and size, on each texture and on a constant.
static void each_image(void (*check)(const ppx_image *in)) {
    for (int type = PPX_U8; type <= PPX_U16; type++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < NSIZES; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)type);
                ppx_image in = test_image(shape, (test_texture)(s % TEST_NTEXTURES), 8);
                check(&in);
                if (s % 3 == 0) {
                    for (ptrdiff_t y = 0; y < shape.height; y++)
                        memset(ppx_image_row(&in, y), 0x4d, ppx_shape_row_nbytes(shape));
                    check(&in);
                }
                ppx_image_free(&in);
            }
}

static const int thread_counts[] = {1, 2, 3, 5, 8};
static const omp_sched_t schedules[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided};

// The runner of turn k: serial, then threads in all numbers and schedules.
enum { NTURNS = 16 };
static const ppx_runner *runner_of(int turn) {
    if (turn == 0)
        return &ppx_runner_serial;
    omp_set_num_threads(thread_counts[(turn - 1) % 5]);
    omp_set_schedule(schedules[(turn - 1) / 5], (turn - 1) / 5 == 1 ? 1 : 0);
    return &ppx_runner_omp;
}

// Every level serially; at the first one also the threads, where there is more than one strip.
#define EACH_RUN(in, turn, level)                                                                  \
    TEST_EACH_LEVEL(level)                                                                         \
    for (int turn = 0; turn < (level || (in)->shape.height < PPX_STRIP ? 1 : NTURNS); turn++)

// ---- histogram ----------------------------------------------------------------------------------

typedef struct finding {
    const ppx_image *in;
    double *counts[3];
    int tables;
} finding;

static void take_histogram(void *context, const char *kernel, const ppx_table *table) {
    static const char *const gray[] = {"value", "count"};
    static const char *const rgb[] = {"value", "count_r", "count_g", "count_b"};
    finding *f = context;
    int colours = colour_count(f->in);
    assert_string_equal(kernel, "histogram");
    assert_string_equal(table->title, "histogram");
    assert_int_equal(table->ncolumns, 1 + colours);
    assert_int_equal(table->nrows, level_count(f->in));
    for (int c = 0; c <= colours; c++) {
        assert_string_equal(table->columns[c], colours == 1 ? gray[c] : rgb[c]);
        assert_true(table->whole[c]);
        for (size_t v = 0; v < table->nrows; v++) {
            double wanted = c == 0 ? (double)v : f->counts[c - 1][v];
            if (table->cell(table->data, v, c) != wanted)
                fail_msg("histogram of %td x %td x %d: %s of %zu is %g, wanted %g",
                         f->in->shape.width, f->in->shape.height, f->in->shape.channels,
                         table->columns[c], v, table->cell(table->data, v, c), wanted);
        }
    }
    f->tables++;
}

static void check_histogram(const ppx_image *in) {
    finding found = {.in = in};
    for (int c = 0; c < colour_count(in); c++)
        found.counts[c] = count(in, c);
    ppx_sink sink = {.context = &found, .table = take_histogram};
    int runs = 0;
    EACH_RUN(in, turn, level) {
        ppx_image got = test_run("histogram", in, runner_of(turn), &sink);
        test_expect_equal(&got, in, 0, "histogram passes its input on");
        ppx_image_free(&got);
        runs++;
    }
    assert_int_equal(found.tables, runs);
    for (int c = 0; c < colour_count(in); c++)
        free(found.counts[c]);
}

static void test_histogram(void **state) {
    (void)state;
    each_image(check_histogram);
}

// Wide strips of a ramp with some noise, which are counted by pairs of pixels; the last is not
// whole.
static void test_histogram_of_pairs(void **state) {
    (void)state;
    static const ptrdiff_t wide[][2] = {{2048, 64}, {2053, 129}, {4099, 97}};
    for (int k = 0; k < 3; k++) {
        ppx_image in = test_image(test_shape(wide[k][0], wide[k][1], 1, PPX_U8), TEST_NOISE, 8);
        for (ptrdiff_t y = 0; y < wide[k][1]; y++) {
            uint8_t *row = ppx_image_row(&in, y);
            for (ptrdiff_t x = 0; x < wide[k][0]; x++)
                row[x] = (uint8_t)(x * 244 / wide[k][0] + row[x] % 12);
        }
        check_histogram(&in);
        for (ptrdiff_t y = 0; y < wide[k][1]; y++) { // and flat, but for some pixels
            uint8_t *row = ppx_image_row(&in, y);
            for (ptrdiff_t x = 0; x < wide[k][0]; x++)
                row[x] = test_random(5, (uint64_t)(y * 5000 + x)) % 50 ? 7 : 9;
        }
        check_histogram(&in);
        ppx_image_free(&in);
    }
}

// ---- equalize -----------------------------------------------------------------------------------

static ppx_image equalized(const ppx_image *in) {
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, in->shape, NULL), 0);
    ppx_image_copy(&out, in);
    double n = (double)(in->shape.width * in->shape.height);
    double most = in->shape.type == PPX_U8 ? 255 : 65535;
    for (int c = 0; c < colour_count(in); c++) {
        double *counts = count(in, c);
        double least = 0;
        for (size_t v = 0; least == 0; v++)
            least = counts[v];
        for (size_t v = 1; v < level_count(in); v++)
            counts[v] += counts[v - 1];
        for (ptrdiff_t y = 0; least < n && y < in->shape.height; y++)
            for (ptrdiff_t x = 0; x < in->shape.width; x++) {
                double cdf = counts[(size_t)test_sample(in, x, y, c)];
                double value = floor(most * (cdf - least) / (n - least) + 0.5);
                ptrdiff_t k = x * in->shape.channels + c;
                if (in->shape.type == PPX_U8)
                    ((uint8_t *)ppx_image_row(&out, y))[k] = (uint8_t)value;
                else
                    ((uint16_t *)ppx_image_row(&out, y))[k] = (uint16_t)value;
            }
        free(counts);
    }
    return out;
}

static void check_equalize(const ppx_image *in) {
    ppx_image wanted = equalized(in);
    EACH_RUN(in, turn, level) {
        ppx_image got = test_run("equalize", in, runner_of(turn), NULL);
        test_expect_equal(&got, &wanted, 0, "equalize");
        ppx_image_free(&got);
    }
    ppx_image_free(&wanted);
}

static void test_equalize(void **state) {
    (void)state;
    each_image(check_equalize);
}

// Exactly half goes up: of 3 samples two are above the least, so the middle is 127.5.
static void test_equalize_half(void **state) {
    (void)state;
    uint8_t pixels[] = {9, 40, 41}, wanted[] = {0, 128, 255};
    ppx_image in = ppx_image_wrap(pixels, test_shape(3, 1, 1, PPX_U8), 3);
    ppx_image got = test_run("equalize", &in, &ppx_runner_serial, NULL);
    assert_memory_equal(got.data, wanted, 3);
    ppx_image_free(&got);
}

// ---- otsu ---------------------------------------------------------------------------------------

typedef struct thresholds {
    double t[3];
    int n;
} thresholds;

static void take_threshold(void *context, const char *kernel, const char *key, double value) {
    thresholds *found = context;
    assert_string_equal(kernel, "otsu");
    if (found->n == 0 && strcmp(key, "threshold") != 0)
        assert_string_equal(key, "threshold_r");
    if (found->n > 0)
        assert_string_equal(key, found->n == 1 ? "threshold_g" : "threshold_b");
    found->t[found->n++] = value;
}

// What is left within the classes: the least of it is the most between them.
static double within(const double *counts, size_t nlevels, double t) {
    double total = 0;
    for (int side = 0; side < 2; side++) {
        double n = 0, mean = 0;
        for (size_t v = 0; v < nlevels; v++)
            if (((double)v > t) == side) {
                n += counts[v];
                mean += counts[v] * (double)v;
            }
        mean = n > 0 ? mean / n : 0;
        for (size_t v = 0; v < nlevels; v++)
            if (((double)v > t) == side)
                total += counts[v] * ((double)v - mean) * ((double)v - mean);
    }
    return total;
}

// No candidate may be better than the one that was found, and none below it as good, but for
// rounding. Of u16 every 6553rd is tried.
static void check_threshold(const ppx_image *in, int c, double t) {
    double *counts = count(in, c);
    size_t nlevels = level_count(in), step = nlevels == 256 ? 1 : 6553;
    double found = within(counts, nlevels, t), slack = 1e-9 * (1 + found);
    for (size_t v = 0; v < nlevels; v += step) {
        double other = within(counts, nlevels, (double)v);
        if (other < found - slack)
            fail_msg("otsu: threshold %g leaves %.17g, %zu only %.17g", t, found, v, other);
    }
    if (t > 0) {
        // The lowest of equals is a level that occurs.
        assert_true(counts[(size_t)t] > 0);
    }
    free(counts);
}

static void check_otsu(const ppx_image *in) {
    double most = in->shape.type == PPX_U8 ? 255 : 65535;
    int colours = colour_count(in);
    thresholds first = {0};
    EACH_RUN(in, turn, level) {
        thresholds found = {0};
        ppx_sink sink = {.context = &found, .number = take_threshold};
        ppx_image got = test_run("otsu", in, runner_of(turn), &sink);
        assert_int_equal(found.n, colours);
        if (first.n == 0) {
            first = found;
            for (int c = 0; c < colours; c++)
                check_threshold(in, c, found.t[c]);
        }
        assert_memory_equal(found.t, first.t, sizeof found.t);
        for (ptrdiff_t y = 0; y < in->shape.height; y++)
            for (ptrdiff_t x = 0; x < in->shape.width; x++)
                for (int c = 0; c < in->shape.channels; c++) {
                    double v = test_sample(in, x, y, c);
                    double wanted = c >= colours ? v : v > found.t[c] ? most : 0;
                    assert_true(test_sample(&got, x, y, c) == wanted);
                }
        ppx_image_free(&got);
    }
}

static void test_otsu(void **state) {
    (void)state;
    each_image(check_otsu);
}

static double otsu_of(const uint8_t *pixels, ptrdiff_t n) {
    ppx_image in = ppx_image_wrap((void *)(uintptr_t)pixels, test_shape(n, 1, 1, PPX_U8), n);
    thresholds found = {0};
    ppx_sink sink = {.context = &found, .number = take_threshold};
    ppx_image got = test_run("otsu", &in, &ppx_runner_serial, &sink);
    ppx_image_free(&got);
    return found.t[0];
}

// Two levels: every threshold between them is as good, the lowest is the darker level. A constant
// is its own threshold. Symmetric levels: the lower of two equals.
static void test_otsu_ties(void **state) {
    (void)state;
    assert_true(otsu_of((const uint8_t[]){10, 200, 200, 10, 10}, 5) == 10);
    assert_true(otsu_of((const uint8_t[]){0, 255}, 2) == 0);
    assert_true(otsu_of((const uint8_t[]){77, 77, 77}, 3) == 77);
    assert_true(otsu_of((const uint8_t[]){0, 0}, 2) == 0);
    assert_true(otsu_of((const uint8_t[]){255}, 1) == 255);
    assert_true(otsu_of((const uint8_t[]){100, 110, 120}, 3) == 100);
    assert_true(otsu_of((const uint8_t[]){1, 2, 3, 90, 91, 92, 93}, 7) == 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram), cmocka_unit_test(test_histogram_of_pairs),
        cmocka_unit_test(test_equalize),  cmocka_unit_test(test_equalize_half),
        cmocka_unit_test(test_otsu),      cmocka_unit_test(test_otsu_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
