// test_lbp.c: local binary patterns against their definition, neighbour by neighbour.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},    {17, 13},
                                     {33, 64}, {16, 65}, {257, 129}, {70, 200}};
enum { NSIZES = sizeof sizes / sizeof *sizes, NCODES = 4 };
static const char *const codes[NCODES] = {"raw", "rotation", "uniform", "uniform_rotation"};

typedef struct way {
    int codes, border;
} way;

// Bit k of the circle, counted from any k.
static int bit(int code, int k) {
    return code >> ((k % 8 + 8) % 8) & 1;
}

static int changes(int code) {
    int n = 0;
    for (int k = 0; k < 8; k++)
        n += bit(code, k) != bit(code, k + 1);
    return n;
}

static int ones(int code) {
    int n = 0;
    for (int k = 0; k < 8; k++)
        n += bit(code, k);
    return n;
}

static int coded(int code, int how) {
    int least = 255, below = 0;
    switch (how) {
    case 1:
        for (int by = 0; by < 8; by++) {
            int turned = 0;
            for (int k = 0; k < 8; k++)
                turned += bit(code, k + by) << k;
            least = turned < least ? turned : least;
        }
        return least;
    case 2:
        for (int other = 0; other < code; other++)
            below += changes(other) <= 2;
        return changes(code) <= 2 ? below : 58;
    case 3:
        return changes(code) <= 2 ? ones(code) : 9;
    default:
        return code;
    }
}

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    static const int across[8] = {1, 1, 0, -1, -1, -1, 0, 1};
    static const int down[8] = {0, -1, -1, -1, 0, 1, 1, 1};
    const way *w = context;
    int code = 0;
    for (int k = 0; k < 8; k++)
        if (test_sample_border(in, x + across[k], y + down[k], c, w->border) >=
            test_sample(in, x, y, c))
            code += 1 << k;
    return coded(code, w->codes);
}

static void check(const ppx_image *in, const way *w) {
    char spec[80];
    (void)snprintf(spec, sizeof spec, "lbp:codes=%s,border=%s", codes[w->codes],
                   test_borders[w->border]);
    TEST_EACH_LEVEL(level)
    test_against_oracle(spec, in, oracle, w, 0);
    test_same_on_threads(spec, in);
}

static void test_oracle_agrees(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < NSIZES; s++)
            for (int n = 0; n < NCODES; n++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1, types[t]);
                ppx_image in = test_image(shape, (test_texture)((s + n) % TEST_NTEXTURES), 3);
                check(&in, &(way){n, (s + t + n) % 4});
                ppx_image_free(&in);
            }
}

// Nothing but the order of grey levels counts.
static void test_monotonic(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(61, 70, 1, PPX_U8), TEST_FEW_LEVELS, 5);
    ppx_image a = test_run("lbp", &in, &ppx_runner_serial, NULL);
    ppx_image b = test_run("gamma:g=2+lbp", &in, &ppx_runner_serial, NULL);
    test_expect_equal(&a, &b, 0, "lbp of 4 levels after gamma");
    ppx_image_free(&a);
    ppx_image_free(&b);
    ppx_image_free(&in);
}

// A pattern by hand: right and the two above right of it are as bright.
static void test_order_of_bits(void **state) {
    (void)state;
    uint8_t pixels[] = {1, 9, 9, 1, 5, 5, 1, 1, 1};
    ppx_image in = ppx_image_wrap(pixels, test_shape(3, 3, 1, PPX_U8), 3);
    ppx_image got = test_run("lbp", &in, &ppx_runner_serial, NULL);
    assert_true(test_sample(&got, 1, 1, 0) == 7);
    ppx_image_free(&got);
}

static void test_nan(void **state) {
    (void)state;
    float pixels[] = {0, 0, 0, 0, NAN, 0, 0, 0, 0};
    ppx_image in = ppx_image_wrap(pixels, test_shape(3, 3, 1, PPX_F32), 12);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run("lbp", &in, &ppx_runner_serial, NULL);
        assert_true(test_sample(&got, 1, 1, 0) == 0);       // nothing is above it
        assert_true(test_sample(&got, 0, 1, 0) == 255 - 1); // and it is above nothing
        ppx_image_free(&got);
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(9, 9, 3, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("lbp", &in), "gray"));
    assert_non_null(strstr(test_run_refused("gray+lbp:codes=uniforn", &in), "uniform"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle_agrees), cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_order_of_bits), cmocka_unit_test(test_nan),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
