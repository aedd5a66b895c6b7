// test_fill_holes.c: fill-holes, clear-border and area-open against a flood fill.
#include "patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum filter { FILL_HOLES, CLEAR_BORDER, AREA_OPEN } filter;

typedef struct component {
    int64_t area;
    bool touches;
} component;

// What the filter makes of an image, from the definition.
static ppx_image wanted_of(const ppx_image *in, filter f, int connectivity, int64_t area) {
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    const size_t npixels = (size_t)(width * height);
    uint8_t *mask = malloc(npixels);
    uint32_t *labels = malloc(npixels * sizeof *labels);
    assert_non_null(mask);
    assert_non_null(labels);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            mask[y * width + x] = (test_sample(in, x, y, 0) != 0) != (f == FILL_HOLES);
    int c = f == FILL_HOLES ? 12 - connectivity : connectivity;
    uint32_t n = flood_labels(mask, width, height, c, labels);
    component *components = calloc(n + 1, sizeof *components);
    assert_non_null(components);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            component *k = &components[labels[y * width + x]];
            k->area++;
            if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
                k->touches = true;
        }
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, in->shape, NULL), 0);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            uint32_t label = labels[y * width + x];
            const component *k = &components[label];
            bool one = f == AREA_OPEN ? label && k->area >= area : label && !k->touches;
            if (f == FILL_HOLES && !label)
                one = true;
            if (in->shape.type == PPX_U8)
                ((uint8_t *)ppx_image_row(&out, y))[x] = one ? 255 : 0;
            else
                ((uint16_t *)ppx_image_row(&out, y))[x] = one ? 65535 : 0;
        }
    free(mask);
    free(labels);
    free(components);
    return out;
}

static void check(const ppx_image *in, const char *name, bool threads) {
    static const char *const names[] = {"fill-holes", "clear-border", "area-open"};
    static const int areas[] = {1, 2, 9, 150};
    for (int f = 0; f < 3; f++)
        for (int connectivity = 4; connectivity <= 8; connectivity += 4)
            for (int a = 0; a < (f == AREA_OPEN ? 4 : 1); a++) {
                char spec[60], what[160];
                int used =
                    snprintf(spec, sizeof spec, "%s:connectivity=%d", names[f], connectivity);
                if (f == AREA_OPEN)
                    (void)snprintf(spec + used, sizeof spec - (size_t)used, ",area=%d", areas[a]);
                (void)snprintf(what, sizeof what, "%s, %s", name, spec);
                ppx_image wanted = wanted_of(in, (filter)f, connectivity, areas[a]);
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

static void test_patterns(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, sizes[s][0], sizes[s][1]);
            check(&in, patterns[p].name, false);
            ppx_image_free(&in);
        }
}

static void test_noise(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int tenths = 2; tenths <= 8; tenths++) {
            ppx_image in = noise(sizes[s][0], sizes[s][1], tenths, (uint64_t)s);
            check(&in, "noise", false);
            ppx_image_free(&in);
        }
}

static void test_types(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int k = 0; k < TEST_NTEXTURES; k++) {
            ppx_image in =
                test_image(test_shape(sizes[s][0], sizes[s][1], 1, PPX_U16), (test_texture)k, 3);
            check(&in, "u16", false);
            ppx_image_free(&in);
        }
}

// Pieces decide by what the others have seen: a hole or a comb through all strips.
static void test_threads(void **state) {
    (void)state;
    static const ptrdiff_t tall[][2] = {{17, 65}, {70, 128}, {67, 200}, {9, 600}};
    for (int s = 0; s < 4; s++) {
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, tall[s][0], tall[s][1]);
            check(&in, patterns[p].name, true);
            ppx_image_free(&in);
        }
        for (int tenths = 3; tenths <= 7; tenths++) {
            ppx_image in = noise(tall[s][0], tall[s][1], tenths, 11);
            check(&in, "noise", true);
            ppx_image_free(&in);
        }
    }
}

// A long hole in a frame: with a gap of one pixel, far away, it is none.
static bool frame(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    return x < 2 || y < 2 || x >= width - 2 || y >= height - 2;
}

static bool gapped(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    return frame(x, y, width, height) && !(x == width / 2 && y >= height - 2);
}

static void test_frames(void **state) {
    (void)state;
    ppx_image closed = draw(frame, 40, 300), open = draw(gapped, 40, 300);
    check(&closed, "frame", true);
    check(&open, "frame with a gap", true);
    ppx_image filled = test_run("fill-holes", &closed, &ppx_runner_omp, NULL);
    ppx_image left = test_run("fill-holes+invert", &open, &ppx_runner_omp, NULL);
    assert_int_equal(*((uint8_t *)ppx_image_row(&filled, 150) + 20), 255);
    assert_int_equal(*((uint8_t *)ppx_image_row(&left, 150) + 20), 255);
    ppx_image_free(&closed);
    ppx_image_free(&open);
    ppx_image_free(&filled);
    ppx_image_free(&left);
}

// What has been done once stays so.
static void test_idempotent(void **state) {
    (void)state;
    static const char *const specs[] = {"fill-holes", "clear-border", "area-open:area=5"};
    ppx_image in = noise(150, 200, 5, 4);
    for (int k = 0; k < 3; k++) {
        char twice[60];
        (void)snprintf(twice, sizeof twice, "%s+%s", specs[k], specs[k]);
        ppx_image once = test_run(specs[k], &in, &ppx_runner_serial, NULL);
        ppx_image again = test_run(twice, &in, &ppx_runner_serial, NULL);
        test_expect_equal(&again, &once, 0, twice);
        ppx_image_free(&once);
        ppx_image_free(&again);
    }
    ppx_image_free(&in);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image colour = test_image(test_shape(8, 8, 3, PPX_U8), TEST_NOISE, 1);
    ppx_image real = test_image(test_shape(8, 8, 1, PPX_F32), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("fill-holes", &colour), "gray"));
    assert_non_null(strstr(test_run_refused("clear-border", &real), "f32"));
    assert_non_null(strstr(test_run_refused("area-open", &colour), "area"));
    assert_non_null(strstr(test_run_refused("area-open:area=0", &colour), "out of range"));
    ppx_image_free(&colour);
    ppx_image_free(&real);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_types),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_frames),   cmocka_unit_test(test_idempotent),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
