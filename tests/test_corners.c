// test_corners.c: harris and peaks against sums in double and against sorting, on every runner.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},   {37, 1}, {17, 13},
                                     {21, 64}, {70, 131}, {530, 5}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

// ---- harris -------------------------------------------------------------------------------------

typedef struct harris_context {
    int block, border;
    double k;
} harris_context;

static double harris_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                            const void *context) {
    static const double smooth[] = {1, 2, 1}, most[PPX_NTYPES] = {255, 65535, 0, 1};
    const harris_context *h = context;
    const int radius = h->block / 2;
    double xx = 0, yy = 0, xy = 0;
    for (ptrdiff_t v = y - radius; v <= y + radius; v++)
        for (ptrdiff_t u = x - radius; u <= x + radius; u++) {
            double gx = 0, gy = 0;
            for (int k = -1; k <= 1; k++) {
                gx += smooth[k + 1] * (test_sample_border(in, u + 1, v + k, c, h->border) -
                                       test_sample_border(in, u - 1, v + k, c, h->border));
                gy += smooth[k + 1] * (test_sample_border(in, u + k, v + 1, c, h->border) -
                                       test_sample_border(in, u + k, v - 1, c, h->border));
            }
            gx /= 4 * most[in->shape.type];
            gy /= 4 * most[in->shape.type];
            xx += gx * gx / (h->block * h->block);
            yy += gy * gy / (h->block * h->block);
            xy += gx * gy / (h->block * h->block);
        }
    return xx * yy - xy * xy - h->k * (xx + yy) * (xx + yy);
}

static void expect_levels_equal(const char *spec, const ppx_image *in) {
    ppx_image first = {0};
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
        if (!first.own) {
            first = got;
            continue;
        }
        assert_true(ppx_image_equal(&got, &first));
        ppx_image_free(&got);
    }
    ppx_image_free(&first);
}

static void test_harris(void **state) {
    (void)state;
    static const harris_context cases[] = {{3, 0, 0.04}, {1, 1, 0},     {3, 2, 0.1},
                                           {5, 3, 0.05}, {7, 1, 0.25},  {31, 0, 0.04},
                                           {9, 2, 0.04}, {3, 1, 0.0423}};
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    for (int n = 0; n < 8 * NSIZES; n++) {
        const harris_context *h = &cases[n % 8];
        char spec[80];
        (void)snprintf(spec, sizeof spec, "harris:block=%d,k=%g,border=%s", h->block, h->k,
                       test_borders[h->border]);
        const ptrdiff_t *size = sizes[n / 8];
        for (int type = 0; type < 3; type++) {
            ppx_image in = test_image(test_shape(size[0], size[1], 1, types[type]),
                                      (test_texture)((n + type) % TEST_NTEXTURES), 5);
            if (h->block < 31 || size[0] < 37)
                test_against_oracle(spec, &in, harris_oracle, h, 1e-6);
            expect_levels_equal(spec, &in);
            if (size[1] > PPX_STRIP)
                test_same_on_threads(spec, &in);
            ppx_image_free(&in);
        }
    }
}

// Sums down the columns that are moved on for many rows stay what they are when begun anew.
static void test_harris_long(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(67, 700, 1, PPX_U8), TEST_EXTREMES, 5);
    test_same_on_threads("harris:block=13", &in);
    ppx_image_free(&in);
}

static void test_harris_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(5, 5, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("harris:block=4", &in), "odd"));
    ppx_image_free(&in);
}

// ---- peaks --------------------------------------------------------------------------------------

typedef struct found {
    double count;
    size_t n;
    double (*rows)[3];
} found;

static void take_number(void *context, const char *kernel, const char *key, double value) {
    found *f = context;
    assert_string_equal(kernel, "peaks");
    assert_string_equal(key, "count");
    f->count = value;
}

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    found *f = context;
    assert_string_equal(kernel, "peaks");
    assert_int_equal(table->ncolumns, 3);
    f->n = table->nrows;
    f->rows = calloc(f->n + 1, sizeof *f->rows);
    for (size_t k = 0; k < f->n; k++)
        for (int c = 0; c < 3; c++)
            f->rows[k][c] = table->cell(table->data, k, c);
}

static int by_rank(const void *left, const void *right) {
    const double *a = left, *b = right;
    if (a[2] != b[2])
        return a[2] > b[2] ? -1 : 1;
    return a[1] != b[1] ? (a[1] > b[1]) - (a[1] < b[1]) : (a[0] > b[0]) - (a[0] < b[0]);
}

// All peaks, sorted; marks are 255 there and 0 elsewhere.
static found expected_peaks(const ppx_image *in, double threshold, const ppx_image *marks) {
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    found f = {.rows = calloc((size_t)(width * height), sizeof *f.rows)};
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            double v = test_sample(in, x, y, 0);
            bool is_peak = v > threshold;
            for (int k = 0; k < 9; k++) {
                ptrdiff_t nx = x + k % 3 - 1, ny = y + k / 3 - 1;
                if (k == 4 || nx < 0 || ny < 0 || nx >= width || ny >= height)
                    continue;
                double other = test_sample(in, nx, ny, 0);
                is_peak = is_peak && (v > other || (v == other && k > 4));
            }
            assert_true(test_sample(marks, x, y, 0) == (is_peak ? 255 : 0));
            if (!is_peak)
                continue;
            double row[3] = {(double)x, (double)y, v};
            memcpy(f.rows[f.n++], row, sizeof row);
        }
    f.count = (double)f.n;
    qsort(f.rows, f.n, sizeof *f.rows, by_rank);
    return f;
}

static void check_peaks(const ppx_image *in, double threshold, size_t top) {
    char spec[80];
    (void)snprintf(spec, sizeof spec, "peaks:threshold=%.6f,top=%zu", threshold, top);
    for (int threads = 0; threads < 2; threads++) {
        found got = {0};
        ppx_sink sink = {&got, take_number, take_table};
        ppx_image marks = test_run(spec, in, threads ? &ppx_runner_omp : &ppx_runner_serial, &sink);
        assert_int_equal(marks.shape.type, PPX_U8);
        found wanted = expected_peaks(in, threshold, &marks);
        assert_true(got.count == wanted.count);
        assert_int_equal(got.n, wanted.n < top ? wanted.n : top);
        assert_memory_equal(got.rows, wanted.rows, got.n * sizeof *got.rows);
        free(got.rows);
        free(wanted.rows);
        ppx_image_free(&marks);
    }
}

static void test_peaks(void **state) {
    (void)state;
    static const double most[] = {255, 65535, 4294967295.0, 1};
    for (int n = 0; n < 4 * NSIZES; n++)
        for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
            const ptrdiff_t *size = sizes[n / 4];
            ppx_image in = test_image(test_shape(size[0], size[1], 1, (ppx_type)(n % 4)),
                                      (test_texture)texture, 7);
            TEST_EACH_LEVEL(level) {
                check_peaks(&in, 0, 1000);
                check_peaks(&in, most[n % 4] * 0.7531, 17);
                check_peaks(&in, most[n % 4], 1);
                check_peaks(&in, 1e20, 1);
            }
            if (size[1] > PPX_STRIP)
                test_same_on_threads("peaks", &in);
            ppx_image_free(&in);
        }
}

static void test_peaks_not_a_number(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(3, 3, 1, PPX_F32), TEST_NOISE, 7);
    for (ptrdiff_t y = 0; y < 3; y++)
        for (ptrdiff_t x = 0; x < 3; x++)
            ((float *)ppx_image_row(&in, y))[x] = y == 1 && x == 1 ? NAN : (float)x;
    check_peaks(&in, 0, 9);
    ppx_image_free(&in);
}

// The corners of a white square, and nothing else.
static void test_corners_of_a_square(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(40, 150, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 150; y++)
        for (ptrdiff_t x = 0; x < 40; x++)
            ((uint8_t *)ppx_image_row(&in, y))[x] =
                x >= 10 && x < 30 && y >= 20 && y < 128 ? 255 : 0;
    found got = {0};
    ppx_sink sink = {&got, take_number, take_table};
    ppx_image marks = test_run("harris+peaks:threshold=1e-3", &in, &ppx_runner_serial, &sink);
    assert_true(got.count == 4);
    for (size_t k = 0; k < got.n; k++) {
        assert_true(fabs(got.rows[k][0] - (k % 2 ? 29 : 10)) <= 1);
        assert_true(fabs(got.rows[k][1] - (k / 2 ? 127 : 20)) <= 1);
    }
    free(got.rows);
    ppx_image_free(&marks);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_harris),
        cmocka_unit_test(test_harris_long),
        cmocka_unit_test(test_harris_refused),
        cmocka_unit_test(test_peaks),
        cmocka_unit_test(test_peaks_not_a_number),
        cmocka_unit_test(test_corners_of_a_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
