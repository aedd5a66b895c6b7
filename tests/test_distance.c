// test_distance.c: distances to the nearest background pixel against the definition: every pixel
// beside every background pixel.
#include "support.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/runner.h"

enum { EUCLIDEAN, CITYBLOCK, CHESSBOARD, ROOT, NEAREST, NKINDS };
static const char *const specs[] = {"distance", "distance:metric=cityblock",
                                    "distance:metric=chessboard", "distance:root=yes", "nearest"};

typedef struct site {
    ptrdiff_t x, y;
} site;

typedef struct sites {
    int kind;
    size_t n;
    site *at; // in raster order
} sites;

static sites background(const ppx_image *in) {
    sites all = {.at = calloc((size_t)(in->shape.width * in->shape.height), sizeof(site))};
    assert_non_null(all.at);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            if (test_sample(in, x, y, 0) == 0)
                all.at[all.n++] = (site){x, y};
    return all;
}

static uint64_t far(int kind, uint64_t dx, uint64_t dy) {
    switch (kind) {
    case CITYBLOCK:
        return dx + dy;
    case CHESSBOARD:
        return dx > dy ? dx : dy;
    default:
        return dx * dx + dy * dy;
    }
}

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    (void)c;
    const sites *all = context;
    uint64_t least = UINT64_MAX, index = UINT32_MAX;
    for (size_t k = 0; k < all->n; k++) {
        const site *s = &all->at[k];
        uint64_t d = far(all->kind, (uint64_t)imaxabs(s->x - x), (uint64_t)imaxabs(s->y - y));
        if (d < least) {
            least = d;
            index = (uint64_t)(s->y * in->shape.width + s->x);
        }
    }
    if (all->kind == NEAREST)
        return (double)index;
    if (all->kind == ROOT)
        return all->n ? (double)(float)sqrt((double)least) : (double)INFINITY;
    return all->n ? (double)least : (double)UINT32_MAX;
}

// The oracle once, then every level beside it.
static void check(const ppx_image *in) {
    sites all = background(in);
    for (all.kind = 0; all.kind < NKINDS; all.kind++) {
        if (all.kind == ROOT && all.n == 0)
            continue; // infinity less infinity is no number: a test of its own
        test_against_oracle(specs[all.kind], in, oracle, &all, 0);
        ppx_image wanted = test_run(specs[all.kind], in, &ppx_runner_serial, NULL);
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run(specs[all.kind], in, &ppx_runner_serial, NULL);
            test_expect_equal(&got, &wanted, 0, specs[all.kind]);
            ppx_image_free(&got);
        }
        ppx_image_free(&wanted);
        test_same_on_threads(specs[all.kind], in);
    }
    free(all.at);
}

static void set(ppx_image *image, ptrdiff_t x, ptrdiff_t y, double value) {
    void *row = ppx_image_row(image, y);
    switch (image->shape.type) {
    case PPX_U8:
        ((uint8_t *)row)[x] = (uint8_t)value;
        break;
    case PPX_U16:
        ((uint16_t *)row)[x] = (uint16_t)value;
        break;
    case PPX_U32:
        ((uint32_t *)row)[x] = (uint32_t)value;
        break;
    default:
        ((float *)row)[x] = (float)value;
        break;
    }
}

// Foreground of small samples, and one background pixel in `every`, at random.
static ppx_image sparse(ptrdiff_t width, ptrdiff_t height, ppx_type type, uint64_t every,
                        uint64_t seed) {
    ppx_image image;
    assert_int_equal(ppx_image_create(&image, test_shape(width, height, 1, type), NULL), 0);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            uint64_t r = test_random(seed, (uint64_t)(y * width + x));
            set(&image, x, y, r % every == 0 ? 0 : 1 + (double)(r >> 60));
        }
    return image;
}

static void test_sizes(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},  {64, 64},
                                         {65, 65}, {63, 66}, {1, 200}, {130, 129}};
    static const uint64_t every[] = {2, 9, 150, 1500};
    for (int s = 0; s < 9; s++)
        for (int e = 0; e < 4; e++) {
            if (every[e] < 100 && sizes[s][0] * sizes[s][1] > 5000)
                continue; // as many pairs
            ppx_image in = sparse(sizes[s][0], sizes[s][1], (ppx_type)((s + e) % PPX_NTYPES),
                                  every[e], (uint64_t)(s * 4 + e));
            check(&in);
            ppx_image_free(&in);
        }
}

// A few background pixels far apart, so that every search is a long one.
static void test_far(void **state) {
    (void)state;
    ppx_image in = sparse(700, 203, PPX_U8, 30000, 3);
    check(&in);
    ppx_image_free(&in);
    in = sparse(257, 500, PPX_U16, 40000, 5);
    check(&in);
    ppx_image_free(&in);
}

// Columns without any background beside columns of nothing else; lattices, where much is equally
// near.
static void test_patterns(void **state) {
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        const ptrdiff_t width = kind == 3 ? 121 : 301;
        ppx_image in = sparse(width, 131, PPX_U8, UINT64_MAX, 1);
        for (ptrdiff_t y = 0; y < 131; y++)
            for (ptrdiff_t x = 0; x < width; x++)
                if ((kind == 0 && x % 90 == 45) || (kind == 1 && y == 70) ||
                    (kind == 2 && x % 50 == 7 && y % 30 == 3) ||
                    (kind == 3 && (x - 60) * (x - 60) + (y - 65) * (y - 65) > 58 * 58))
                    set(&in, x, y, 0);
        check(&in);
        ppx_image_free(&in);
    }
}

// One background pixel: its distance is a formula, in an image too large for the oracle.
static void test_one_pixel(void **state) {
    (void)state;
    const ptrdiff_t width = 1500, height = 400, px = 1417, py = 131;
    ppx_image in = sparse(width, height, PPX_U8, UINT64_MAX, 1);
    set(&in, px, py, 0);
    for (int kind = 0; kind < NKINDS; kind++) {
        ppx_image got = test_run(specs[kind], &in, &ppx_runner_serial, NULL);
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++) {
                uint64_t d = far(kind, (uint64_t)imaxabs(px - x), (uint64_t)imaxabs(py - y));
                double wanted = kind == NEAREST ? (double)(py * width + px)
                                : kind == ROOT  ? (double)(float)sqrt((double)d)
                                                : (double)d;
                if (test_sample(&got, x, y, 0) != wanted)
                    fail_msg("%s: pixel (%td, %td) is %g, not %g", specs[kind], x, y,
                             test_sample(&got, x, y, 0), wanted);
            }
        ppx_image_free(&got);
    }
    ppx_image_free(&in);
}

static void test_nothing_there(void **state) {
    (void)state;
    ppx_image in = sparse(70, 140, PPX_U8, UINT64_MAX, 1);
    check(&in);
    ppx_image got = test_run("distance:root=yes", &in, &ppx_runner_omp, NULL);
    for (ptrdiff_t y = 0; y < 140; y++)
        for (ptrdiff_t x = 0; x < 70; x++)
            assert_true(isinf(test_sample(&got, x, y, 0)));
    ppx_image_free(&got);
    ppx_image_free(&in);
}

// What is not a number is no background, and -0 is.
static void test_floats(void **state) {
    (void)state;
    ppx_image in = sparse(3, 1, PPX_F32, UINT64_MAX, 1);
    set(&in, 0, 0, -0.0);
    set(&in, 1, 0, (double)NAN);
    ppx_image got = test_run("distance", &in, &ppx_runner_serial, NULL);
    for (ptrdiff_t x = 0; x < 3; x++)
        assert_int_equal((int)test_sample(&got, x, 0, 0), (int)(x * x));
    ppx_image_free(&got);
    ppx_image_free(&in);
}

// The point of equal distance to all: the one that comes first in raster order, whatever lies
// where.
static void test_ties(void **state) {
    (void)state;
    for (ptrdiff_t skip = 0; skip < 4; skip++) {
        static const ptrdiff_t corners[4][2] = {{3, -4}, {-5, 0}, {-3, 4}, {0, 5}};
        ppx_image in = sparse(161, 141, PPX_U8, UINT64_MAX, 1);
        for (ptrdiff_t k = skip; k < 4; k++)
            set(&in, 80 + corners[k][0], 64 + corners[k][1], 0);
        check(&in);
        ppx_image got = test_run("nearest", &in, &ppx_runner_serial, NULL);
        assert_int_equal((int)test_sample(&got, 80, 64, 0),
                         (int)((64 + corners[skip][1]) * 161 + 80 + corners[skip][0]));
        ppx_image_free(&got);
        ppx_image_free(&in);
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = sparse(5, 5, PPX_U8, 3, 1);
    assert_non_null(strstr(test_run_refused("distance:metric=chessboard,root=yes", &in), "root"));
    assert_non_null(strstr(test_run_refused("distance:metric=manhattan", &in), "cityblock"));
    ppx_image_free(&in);
    // Nothing is read before sizes are checked: no such image needs to be there.
    static uint8_t row[70000];
    static const ptrdiff_t sizes[][2] = {{46343, 1}, {1, 65536}, {40000, 40000}};
    static const char *const chains[] = {"distance", "nearest"};
    for (int s = 0; s < 3; s++)
        for (int k = 0; k < 2; k++) {
            in = ppx_image_wrap(row, test_shape(sizes[s][0], sizes[s][1], 1, PPX_U8), 1);
            assert_non_null(strstr(test_run_refused(chains[k], &in), "65535 rows"));
        }
    in = ppx_image_wrap(row, test_shape(46341, 1, 1, PPX_U8), 70000);
    ppx_image got = test_run("distance", &in, &ppx_runner_serial, NULL);
    assert_int_equal((int)test_sample(&got, 46340, 0, 0), 0);
    ppx_image_free(&got);
}

// The longest column, and the largest square that there can be.
static void test_limits(void **state) {
    (void)state;
    ppx_image in = sparse(2, 65535, PPX_U8, UINT64_MAX, 1);
    set(&in, 0, 0, 0);
    ppx_image got = test_run("distance", &in, &ppx_runner_omp, NULL);
    assert_true(test_sample(&got, 1, 65534, 0) == 65534.0 * 65534 + 1);
    ppx_image_free(&got);
    ppx_image_free(&in);
    in = sparse(46341, 2, PPX_U8, UINT64_MAX, 1);
    set(&in, 0, 0, 0);
    got = test_run("distance", &in, &ppx_runner_omp, NULL);
    assert_true(test_sample(&got, 46340, 1, 0) == 46340.0 * 46340 + 1);
    ppx_image_free(&got);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_far),
        cmocka_unit_test(test_patterns),      cmocka_unit_test(test_one_pixel),
        cmocka_unit_test(test_nothing_there), cmocka_unit_test(test_floats),
        cmocka_unit_test(test_ties),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
