// test_glcm.c: co-occurrence of grey levels against its definition, pair by pair.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NCOLUMNS = 9 };
static const char *const columns[NCOLUMNS] = {"angle",         "pairs",       "contrast",
                                              "dissimilarity", "homogeneity", "asm",
                                              "energy",        "correlation", "entropy"};

typedef struct way {
    int levels, distance, symmetric;
} way;

typedef struct findings {
    double cell[4][NCOLUMNS];
    int ntables;
} findings;

static void take(void *context, const char *kernel, const ppx_table *table) {
    findings *f = context;
    assert_string_equal(kernel, "glcm");
    assert_string_equal(table->title, "texture");
    assert_int_equal(table->ncolumns, NCOLUMNS);
    assert_int_equal(table->nrows, 4);
    for (int column = 0; column < NCOLUMNS; column++) {
        assert_string_equal(table->columns[column], columns[column]);
        assert_int_equal(table->whole[column], column < 2);
        for (size_t row = 0; row < 4; row++)
            f->cell[row][column] = table->cell(table->data, row, column);
    }
    f->ntables++;
}

// ---- By definition ------------------------------------------------------------------------------

static int level_at(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int levels) {
    double all = in->shape.type == PPX_U8 ? 256 : 65536;
    return (int)floor(test_sample(in, x, y, 0) * levels / all);
}

// The caller frees the matrix.
static double *count(const ppx_image *in, const way *w, int angle, double *pairs) {
    static const int across[4] = {1, 1, 0, -1}, down[4] = {0, 1, 1, 1};
    int step = angle % 2 ? (int)lround(w->distance * sqrt(0.5)) : w->distance;
    double *matrix = calloc((size_t)(w->levels * w->levels), sizeof *matrix);
    assert_non_null(matrix);
    *pairs = 0;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            ptrdiff_t x1 = x + across[angle] * step, y1 = y + down[angle] * step;
            if (x1 < 0 || x1 >= in->shape.width || y1 >= in->shape.height)
                continue;
            int i = level_at(in, x, y, w->levels), j = level_at(in, x1, y1, w->levels);
            matrix[i * w->levels + j]++;
            *pairs += 1;
            if (w->symmetric) {
                matrix[j * w->levels + i]++;
                *pairs += 1;
            }
        }
    return matrix;
}

// Expectations instead of the sums of the kernel: correlation by E ij - E i E j.
static void describe(const double *matrix, int levels, double pairs, double *cell) {
    double i1 = 0, j1 = 0, i2 = 0, j2 = 0, ij = 0;
    for (int k = 2; k < NCOLUMNS; k++)
        cell[k] = 0;
    for (int i = 0; i < levels; i++)
        for (int j = 0; j < levels; j++) {
            double p = pairs > 0 ? matrix[i * levels + j] / pairs : 0;
            cell[2] += p * (i - j) * (i - j);
            cell[3] += p * abs(i - j);
            cell[4] += p / (1 + (i - j) * (i - j));
            cell[5] += p * p;
            cell[8] -= p > 0 ? p * log(p) : 0;
            i1 += p * i;
            j1 += p * j;
            i2 += p * i * i;
            j2 += p * j * j;
            ij += p * i * j;
        }
    cell[6] = sqrt(cell[5]);
    double spread = (i2 - i1 * i1) * (j2 - j1 * j1);
    cell[7] = spread > 1e-12 ? (ij - i1 * j1) / sqrt(spread) : 1;
}

static void expect(const ppx_image *in, const way *w, const findings *found) {
    for (int angle = 0; angle < 4; angle++) {
        double wanted[NCOLUMNS] = {45 * angle};
        double *matrix = count(in, w, angle, &wanted[1]);
        describe(matrix, w->levels, wanted[1], wanted);
        for (int k = 0; k < NCOLUMNS; k++)
            if (!(fabs(found->cell[angle][k] - wanted[k]) <= 1e-9 * (1 + fabs(wanted[k]))))
                fail_msg("glcm of %td x %td %s, %d levels, distance %d: %s at %d degrees is "
                         "%.17g, wanted %.17g",
                         in->shape.width, in->shape.height, ppx_type_name(in->shape.type),
                         w->levels, w->distance, columns[k], 45 * angle, found->cell[angle][k],
                         wanted[k]);
        free(matrix);
    }
}

// ---- Tests --------------------------------------------------------------------------------------

static findings run(const ppx_image *in, const way *w, const ppx_runner *runner) {
    char spec[80];
    (void)snprintf(spec, sizeof spec, "glcm:levels=%d,distance=%d,symmetric=%s", w->levels,
                   w->distance, w->symmetric ? "yes" : "no");
    findings found = {0};
    ppx_sink sink = {.context = &found, .table = take};
    ppx_image got = test_run(spec, in, runner, &sink);
    test_expect_equal(&got, in, 0, "glcm passes its input on");
    ppx_image_free(&got);
    assert_int_equal(found.ntables, 1);
    return found;
}

static void check(const ppx_image *in, const way *w) {
    findings first = {0};
    TEST_EACH_LEVEL(level) {
        findings found = run(in, w, &ppx_runner_serial);
        if (!first.ntables)
            expect(in, w, &found);
        else
            assert_memory_equal(&found, &first, sizeof found);
        first = found;
    }
    for (int nthreads = 1; nthreads <= 5; nthreads += 2) {
        omp_set_num_threads(nthreads);
        omp_set_schedule(omp_sched_dynamic, 1);
        findings found = run(in, w, &ppx_runner_omp);
        assert_memory_equal(&found, &first, sizeof found);
    }
}

static void test_oracle_agrees(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},    {17, 13},  {70, 63},
                                         {33, 64}, {16, 65}, {257, 129}, {70, 200}, {2, 130}};
    static const way ways[] = {{8, 1, 0},   {16, 1, 1},  {64, 2, 0}, {2, 5, 1},
                               {256, 1, 0}, {33, 17, 1}, {7, 64, 0}};
    for (int s = 0; s < 10; s++)
        for (int k = 0; k < 7; k++) {
            ppx_type type = (s + k) % 2 ? PPX_U16 : PPX_U8;
            ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1, type);
            ppx_image in = test_image(shape, (test_texture)((s + k / 2) % TEST_NTEXTURES), 6);
            check(&in, &ways[k]);
            ppx_image_free(&in);
        }
}

// The example of the paper (its figure 3): 4 x 4 pixels of 4 levels. In a row of it 64 v is level
// v.
static void test_by_hand(void **state) {
    (void)state;
    uint8_t pixels[] = {0, 0, 64, 64, 0, 0, 64, 64, 0, 128, 128, 128, 128, 128, 192, 192};
    ppx_image in = ppx_image_wrap(pixels, test_shape(4, 4, 1, PPX_U8), 4);
    findings found = run(&in, &(way){4, 1, 1}, &ppx_runner_serial);
    // Horizontal pairs: [4 2 1 0; 2 4 0 0; 1 0 6 1; 0 0 1 2], 24 of them.
    assert_true(found.cell[0][1] == 24);
    assert_true(fabs(found.cell[0][2] - (2 * 2 + 2 * 4 + 2) / 24.0) < 1e-12);
    assert_true(fabs(found.cell[0][5] - (16 + 16 + 36 + 4 + 8 + 2 + 2) / 576.0) < 1e-12);
    assert_true(found.cell[1][1] == 18);
    assert_true(found.cell[2][1] == 24);
    assert_true(found.cell[3][1] == 18);
}

// Of a constant image one level occurs.
static void test_constant(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(20, 90, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 90; y++)
        memset(ppx_image_row(&in, y), 77, 20);
    findings found = run(&in, &(way){16, 3, 0}, &ppx_runner_serial);
    for (int angle = 0; angle < 4; angle++) {
        assert_true(found.cell[angle][2] == 0);
        assert_true(found.cell[angle][4] == 1);
        assert_true(found.cell[angle][6] == 1);
        assert_true(found.cell[angle][7] == 1);
        assert_true(found.cell[angle][8] == 0);
    }
    ppx_image_free(&in);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(9, 9, 3, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("glcm", &in), "gray"));
    assert_non_null(strstr(test_run_refused("gray+glcm:levels=1", &in), "levels"));
    assert_non_null(strstr(test_run_refused("gray+glcm:distance=65", &in), "distance"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle_agrees),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
