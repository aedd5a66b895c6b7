// test_label.c: components against a flood fill, on patterns that are hard to join.
#include "patterns.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The oracle: flood fill in raster order, statistics pixel by pixel --------------------------

typedef struct object {
    double area, x0, y0, x1, y1, sum_x, sum_y;
} object;

typedef struct truth {
    ppx_image labels;
    size_t n;
    object *objects;
} truth;

static uint32_t *label_at(const ppx_image *labels, ptrdiff_t x, ptrdiff_t y) {
    return (uint32_t *)ppx_image_row(labels, y) + x;
}

static void flood(const ppx_image *in, truth *t, ptrdiff_t x, ptrdiff_t y, int connectivity,
                  ptrdiff_t *stack) {
    ptrdiff_t width = in->shape.width, height = in->shape.height, top = 0;
    object *o = &t->objects[t->n++];
    *o = (object){.x0 = (double)x, .x1 = (double)x, .y0 = (double)y, .y1 = (double)y};
    *label_at(&t->labels, x, y) = (uint32_t)t->n;
    stack[top++] = y * width + x;
    while (top) {
        ptrdiff_t at = stack[--top], px = at % width, py = at / width;
        o->area++;
        o->sum_x += (double)px;
        o->sum_y += (double)py;
        o->x0 = fmin(o->x0, (double)px);
        o->x1 = fmax(o->x1, (double)px);
        o->y0 = fmin(o->y0, (double)py);
        o->y1 = fmax(o->y1, (double)py);
        for (ptrdiff_t dy = -1; dy <= 1; dy++)
            for (ptrdiff_t dx = -1; dx <= 1; dx++) {
                ptrdiff_t qx = px + dx, qy = py + dy;
                if (qx < 0 || qy < 0 || qx >= width || qy >= height)
                    continue;
                if ((connectivity == 4 && dx && dy) || *label_at(&t->labels, qx, qy))
                    continue;
                if (test_sample(in, qx, qy, 0) == 0)
                    continue;
                *label_at(&t->labels, qx, qy) = (uint32_t)t->n;
                stack[top++] = qy * width + qx;
            }
    }
}

static truth truth_of(const ppx_image *in, int connectivity) {
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    truth t = {0};
    size_t npixels = (size_t)(width * height);
    t.objects = malloc(npixels * sizeof *t.objects);
    ptrdiff_t *stack = malloc(npixels * sizeof *stack);
    assert_non_null(t.objects);
    assert_non_null(stack);
    assert_int_equal(ppx_image_create(&t.labels, test_shape(width, height, 1, PPX_U32), NULL), 0);
    for (ptrdiff_t y = 0; y < height; y++)
        memset(ppx_image_row(&t.labels, y), 0, (size_t)width * sizeof(uint32_t));
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            if (test_sample(in, x, y, 0) != 0 && !*label_at(&t.labels, x, y))
                flood(in, &t, x, y, connectivity, stack);
    free(stack);
    return t;
}

static void truth_free(truth *t) {
    ppx_image_free(&t->labels);
    free(t->objects);
}

// ---- Findings compared with it ------------------------------------------------------------------

typedef struct finding {
    const truth *wanted;
    int numbers, tables;
} finding;

static void take_number(void *context, const char *kernel, const char *key, double value) {
    finding *f = context;
    assert_string_equal(kernel, "label");
    assert_string_equal(key, "count");
    assert_true(value == (double)f->wanted->n);
    f->numbers++;
}

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    static const char *const columns[] = {"label", "area", "x0", "y0", "x1", "y1", "cx", "cy"};
    finding *f = context;
    assert_string_equal(kernel, "label");
    assert_string_equal(table->title, "labels");
    assert_int_equal(table->ncolumns, 8);
    assert_int_equal(table->nrows, f->wanted->n);
    for (int c = 0; c < 8; c++) {
        assert_string_equal(table->columns[c], columns[c]);
        assert_int_equal(table->whole[c], c < 6);
    }
    for (size_t k = 0; k < table->nrows; k++) {
        const object *o = &f->wanted->objects[k];
        const double wanted[] = {(double)k + 1,      o->area,           o->x0, o->y0, o->x1, o->y1,
                                 o->sum_x / o->area, o->sum_y / o->area};
        for (int c = 0; c < 8; c++) {
            double got = table->cell(table->data, k, c);
            if (got != wanted[c])
                fail_msg("label %zu, %s: %.17g, wanted %.17g", k + 1, columns[c], got, wanted[c]);
        }
    }
    f->tables++;
}

static void compare(const ppx_image *in, const char *spec, const ppx_runner *runner,
                    const truth *wanted, const char *what) {
    finding found = {.wanted = wanted};
    ppx_sink sink = {&found, take_number, take_table};
    ppx_image got = test_run(spec, in, runner, &sink);
    test_expect_equal(&got, &wanted->labels, 0, what);
    assert_int_equal(found.numbers, 1);
    assert_int_equal(found.tables, 1);
    ppx_image_free(&got);
}

// Where nobody asks for findings no records are kept; the pixels are the same.
static void compare_silent(const ppx_image *in, const char *spec, const ppx_runner *runner,
                           const truth *wanted, const char *what) {
    ppx_image got = test_run(spec, in, runner, NULL);
    test_expect_equal(&got, &wanted->labels, 0, what);
    ppx_image_free(&got);
}

static void check_serial(const ppx_image *in, const char *name) {
    for (int connectivity = 4; connectivity <= 8; connectivity += 4) {
        char spec[40], what[120];
        (void)snprintf(spec, sizeof spec, "label:connectivity=%d", connectivity);
        (void)snprintf(what, sizeof what, "%s, %s, serial", name, spec);
        truth wanted = truth_of(in, connectivity);
        TEST_EACH_LEVEL(level)
        compare(in, spec, &ppx_runner_serial, &wanted, what);
        compare_silent(in, spec, &ppx_runner_serial, &wanted, what);
        truth_free(&wanted);
    }
}

static void check_threads(const ppx_image *in, const char *name) {
    static const int nthreads[] = {1, 2, 3, 5, 8};
    static const omp_sched_t schedules[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided};
    for (int connectivity = 4; connectivity <= 8; connectivity += 4) {
        truth wanted = truth_of(in, connectivity);
        for (int t = 0; t < 5; t++)
            for (int s = 0; s < 3; s++) {
                char spec[40], what[120];
                (void)snprintf(spec, sizeof spec, "label:connectivity=%d", connectivity);
                (void)snprintf(what, sizeof what, "%s, %s, %d threads, schedule %d", name, spec,
                               nthreads[t], s);
                omp_set_num_threads(nthreads[t]);
                omp_set_schedule(schedules[s], s == 1 ? 1 : 0);
                compare(in, spec, &ppx_runner_omp, &wanted, what);
                if (t == s)
                    compare_silent(in, spec, &ppx_runner_omp, &wanted, what);
            }
        truth_free(&wanted);
    }
}

// ---- Tests --------------------------------------------------------------------------------------

static void test_patterns(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, sizes[s][0], sizes[s][1]);
            check_serial(&in, patterns[p].name);
            ppx_image_free(&in);
        }
}

static void test_noise(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int tenths = 1; tenths <= 9; tenths++) {
            ppx_image in = noise(sizes[s][0], sizes[s][1], tenths, (uint64_t)s);
            check_serial(&in, "noise");
            ppx_image_free(&in);
        }
}

// All images of 4 x 3 pixels, set so that they lie across the boundary of two words.
static void test_all_small(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 4096; bits++) {
        uint8_t pixels[3][66] = {{0}};
        for (unsigned k = 0; k < 12; k++)
            pixels[k / 4][62 + k % 4] = bits >> k & 1u;
        ppx_image in = ppx_image_wrap(pixels, test_shape(66, 3, 1, PPX_U8), 66);
        truth wanted = truth_of(&in, bits % 2 ? 4 : 8);
        compare(&in, bits % 2 ? "label:connectivity=4" : "label", &ppx_runner_serial, &wanted,
                "4 x 3");
        truth_free(&wanted);
    }
}

static void test_types(void **state) {
    (void)state;
    for (int type = 0; type < PPX_NTYPES; type++)
        for (int s = 0; s < NSIZES; s++)
            for (int k = 0; k < TEST_NTEXTURES; k++) {
                ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 1, (ppx_type)type),
                                          (test_texture)k, 3);
                check_serial(&in, ppx_type_name((ppx_type)type));
                ppx_image_free(&in);
            }
}

// Bytes that are 0 in part of a sample must not make it background.
static void test_low_samples(void **state) {
    (void)state;
    uint16_t u16[] = {0x0100, 0, 0x0001, 0xff00, 0, 0x8000};
    float f32[] = {1e-45f, -0.0f, -1, NAN, 0, 3};
    uint32_t u32[] = {1u << 31, 0, 256, 65536, 0, 1};
    const ppx_image images[] = {ppx_image_wrap(u16, test_shape(6, 1, 1, PPX_U16), 12),
                                ppx_image_wrap(f32, test_shape(6, 1, 1, PPX_F32), 24),
                                ppx_image_wrap(u32, test_shape(6, 1, 1, PPX_U32), 24)};
    static const uint32_t wanted[] = {1, 0, 2, 2, 0, 3};
    for (int k = 0; k < 3; k++)
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run("label", &images[k], &ppx_runner_serial, NULL);
            assert_memory_equal(got.data, wanted, sizeof wanted);
            ppx_image_free(&got);
        }
}

static void test_threads(void **state) {
    (void)state;
    static const ptrdiff_t tall[][2] = {{37, 1}, {17, 65}, {70, 128}, {67, 200}, {9, 600}};
    for (int s = 0; s < 5; s++) {
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, tall[s][0], tall[s][1]);
            check_threads(&in, patterns[p].name);
            ppx_image_free(&in);
        }
        for (int tenths = 3; tenths <= 7; tenths++) {
            ppx_image in = noise(tall[s][0], tall[s][1], tenths, 11);
            check_threads(&in, "noise");
            ppx_image_free(&in);
        }
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(8, 8, 3, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("label", &in), "gray"));
    assert_non_null(strstr(test_run_refused("label:connectivity=6", &in), "8|4"));
    ppx_image_free(&in);
}

// An image that is written past the caches: cells of several pixels, some of them speckled.
static void test_larger_than_caches(void **state) {
    (void)state;
    enum { WIDTH = 2050, HEIGHT = 4200 };
    ppx_image in;
    uint8_t *mask = malloc((size_t)WIDTH * HEIGHT);
    uint32_t *wanted = malloc((size_t)WIDTH * HEIGHT * sizeof *wanted);
    assert_non_null(mask);
    assert_non_null(wanted);
    assert_int_equal(ppx_image_create(&in, test_shape(WIDTH, HEIGHT, 1, PPX_U8), NULL), 0);
    for (ptrdiff_t y = 0; y < HEIGHT; y++)
        for (ptrdiff_t x = 0; x < WIDTH; x++) {
            const uint64_t cell = test_random(5, (uint64_t)(y / 9 * WIDTH + x / 40));
            const uint64_t speck = cell % 7 ? cell : test_random(6, (uint64_t)(y * WIDTH + x));
            mask[y * WIDTH + x] = ((uint8_t *)ppx_image_row(&in, y))[x] = speck >> 20 & 1;
        }
    (void)flood_labels(mask, WIDTH, HEIGHT, 8, wanted);
    for (int threads = 0; threads < 2; threads++) {
        omp_set_num_threads(2);
        ppx_image got =
            test_run("label", &in, threads ? &ppx_runner_omp : &ppx_runner_serial, NULL);
        for (ptrdiff_t y = 0; y < HEIGHT; y++)
            assert_memory_equal(ppx_image_row(&got, y), wanted + y * WIDTH, WIDTH * sizeof *wanted);
        ppx_image_free(&got);
    }
    ppx_image_free(&in);
    free(mask);
    free(wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),    cmocka_unit_test(test_noise),
        cmocka_unit_test(test_all_small),   cmocka_unit_test(test_types),
        cmocka_unit_test(test_low_samples), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_larger_than_caches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
