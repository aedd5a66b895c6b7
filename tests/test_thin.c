// test_thin.c: thinning against the published conditions, pixel by pixel, and what it must keep.
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},  {31, 65},
                                     {32, 64}, {33, 63}, {64, 10}, {97, 130}, {257, 129}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

// ---- The slow way -------------------------------------------------------------------------------

typedef struct binary {
    ptrdiff_t width, height;
    uint8_t *at; // 0 or 1
} binary;

static int get(const binary *b, ptrdiff_t x, ptrdiff_t y) {
    return x >= 0 && y >= 0 && x < b->width && y < b->height && b->at[y * b->width + x];
}

static binary binary_of(const ppx_image *in) {
    binary b = {in->shape.width, in->shape.height, NULL};
    b.at = malloc((size_t)(b.width * b.height));
    assert_non_null(b.at);
    for (ptrdiff_t y = 0; y < b.height; y++)
        for (ptrdiff_t x = 0; x < b.width; x++)
            b.at[y * b.width + x] = test_sample(in, x, y, 0) != 0;
    return b;
}

// p[2] to p[9], and p[10] = p[2], as the papers number them; p[1] is unused.
static void neighbours(const binary *b, ptrdiff_t x, ptrdiff_t y, int p[11]) {
    static const int dx[] = {0, 1, 1, 1, 0, -1, -1, -1}, dy[] = {-1, -1, 0, 1, 1, 1, 0, -1};
    for (int k = 0; k < 8; k++)
        p[2 + k] = get(b, x + dx[k], y + dy[k]);
    p[10] = p[2];
}

static bool zhang_suen(const int p[11], int pass) {
    int count = 0, runs = 0;
    for (int k = 2; k <= 9; k++) {
        count += p[k];
        runs += !p[k] && p[k + 1];
    }
    if (count < 2 || count > 6 || runs != 1)
        return false;
    if (pass == 0)
        return p[2] * p[4] * p[6] == 0 && p[4] * p[6] * p[8] == 0;
    return p[2] * p[4] * p[8] == 0 && p[2] * p[6] * p[8] == 0;
}

// In the numbers of Lam, Lee and Suen: x1 is to the right, x2 above it, and so on.
static bool guo_hall(const int p[11], int pass) {
    const int x[10] = {0, p[4], p[3], p[2], p[9], p[8], p[7], p[6], p[5], p[4]};
    int crossings = 0, n1 = 0, n2 = 0;
    for (int i = 1; i <= 4; i++) {
        crossings += !x[2 * i - 1] && (x[2 * i] || x[2 * i + 1]);
        n1 += x[2 * i - 1] || x[2 * i];
        n2 += x[2 * i] || x[2 * i + 1];
    }
    int n = n1 < n2 ? n1 : n2;
    if (crossings != 1 || n < 2 || n > 3)
        return false;
    return pass == 0 ? !((x[2] || x[3] || !x[8]) && x[1]) : !((x[6] || x[7] || !x[4]) && x[5]);
}

typedef bool test_of_pixel(const int p[11], int pass);

static void thin(binary *b, test_of_pixel *deletes) {
    size_t n = (size_t)(b->width * b->height);
    uint8_t *next = malloc(n);
    assert_non_null(next);
    for (bool changed = true; changed;) {
        changed = false;
        for (int pass = 0; pass < 2; pass++) {
            memcpy(next, b->at, n);
            for (ptrdiff_t y = 0; y < b->height; y++)
                for (ptrdiff_t x = 0; x < b->width; x++) {
                    int p[11];
                    neighbours(b, x, y, p);
                    if (get(b, x, y) && deletes(p, pass)) {
                        next[y * b->width + x] = 0;
                        changed = true;
                    }
                }
            memcpy(b->at, next, n);
        }
    }
    free(next);
}

static void check(const ppx_image *in) {
    static const struct {
        const char *spec;
        test_of_pixel *deletes;
    } methods[] = {{"thin", zhang_suen}, {"thin:method=guo-hall", guo_hall}};
    for (int m = 0; m < 2; m++) {
        binary wanted = binary_of(in);
        thin(&wanted, methods[m].deletes);
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run(methods[m].spec, in, &ppx_runner_serial, NULL);
            assert_int_equal(got.shape.type, PPX_U8);
            for (ptrdiff_t y = 0; y < wanted.height; y++)
                for (ptrdiff_t x = 0; x < wanted.width; x++)
                    if (test_sample(&got, x, y, 0) != (get(&wanted, x, y) ? UINT8_MAX : 0))
                        fail_msg("%s at %s on %td x %td %s: (%td, %td)", methods[m].spec,
                                 ppx_simd_name(level), wanted.width, wanted.height,
                                 ppx_type_name(in->shape.type), x, y);
            ppx_image_free(&got);
        }
        test_same_on_threads(methods[m].spec, in);
        free(wanted.at);
    }
}

// ---- Images -------------------------------------------------------------------------------------

static ppx_image noise(ptrdiff_t width, ptrdiff_t height, int tenths, uint64_t seed) {
    ppx_image image;
    assert_int_equal(ppx_image_create(&image, test_shape(width, height, 1, PPX_U8), NULL), PPX_OK);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            ((uint8_t *)ppx_image_row(&image, y))[x] =
                test_random(seed, (uint64_t)(y * width + x)) % 10 < (uint64_t)tenths ? 255 : 0;
    return image;
}

static void test_noise(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int tenths = 3; tenths <= 10; tenths += tenths == 9 ? 1 : 3) {
            ppx_image in = noise(sizes[s][0], sizes[s][1], tenths, (uint64_t)s);
            check(&in);
            ppx_image_free(&in);
        }
}

// Discs that take many turns, and lines of all widths, across strips.
static void test_shapes(void **state) {
    (void)state;
    ppx_image in;
    assert_int_equal(ppx_image_create(&in, test_shape(150, 200, 1, PPX_U8), NULL), PPX_OK);
    for (ptrdiff_t y = 0; y < 200; y++)
        for (ptrdiff_t x = 0; x < 150; x++) {
            ptrdiff_t dx = x - 75, dy = y - 64, r = dx * dx + dy * dy;
            bool inside = r < 60 * 60 && r > 20 * 20;
            inside |= y > 140 && (x + y) % 30 < (x + y) / 30;
            ((uint8_t *)ppx_image_row(&in, y))[x] = inside ? 1 : 0;
        }
    check(&in);
    ppx_image_free(&in);
}

static void test_types(void **state) {
    (void)state;
    for (int type = 0; type < PPX_NTYPES; type++) {
        ppx_image in = test_image(test_shape(77, 70, 1, (ppx_type)type), TEST_EXTREMES, 6);
        check(&in);
        ppx_image_free(&in);
    }
}

// ---- Properties ---------------------------------------------------------------------------------

static int count_components(const ppx_image *image) {
    ppx_image labels = test_run("label", image, &ppx_runner_serial, NULL);
    double most = 0;
    for (ptrdiff_t y = 0; y < labels.shape.height; y++)
        for (ptrdiff_t x = 0; x < labels.shape.width; x++) {
            double label = test_sample(&labels, x, y, 0);
            most = label > most ? label : most;
        }
    ppx_image_free(&labels);
    return (int)most;
}

// Within the input, thinning once more changes nothing, and with Guo and Hall's tests no component
// is lost or torn.
static void test_properties(void **state) {
    (void)state;
    for (int tenths = 4; tenths <= 9; tenths++) {
        ppx_image in = noise(130, 150, tenths, 3);
        ppx_image once = test_run("thin:method=guo-hall", &in, &ppx_runner_serial, NULL);
        ppx_image twice = test_run("thin:method=guo-hall", &once, &ppx_runner_serial, NULL);
        assert_true(ppx_image_equal(&once, &twice));
        assert_int_equal(count_components(&once), count_components(&in));
        for (ptrdiff_t y = 0; y < 150; y++)
            for (ptrdiff_t x = 0; x < 130; x++)
                assert_true(test_sample(&once, x, y, 0) <= test_sample(&in, x, y, 0));
        ppx_image_free(&in);
        ppx_image_free(&once);
        ppx_image_free(&twice);
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(8, 8, 3, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("thin", &in), "gray"));
    assert_non_null(strstr(test_run_refused("thin:method=hilditch", &in), "zhang-suen|guo-hall"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise),    cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_types),    cmocka_unit_test(test_properties),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
