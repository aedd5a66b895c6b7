// test_resize.c: resize against sums over whole axes in double, all types, channels and filters,
// larger and smaller; what must stay exact; what is refused.
#include "geometry.inc.h"

#include <string.h>

enum { NFILTERS = 5 };
static const char *const filters[NFILTERS] = {"nearest", "area", "bilinear", "bicubic", "lanczos3"};

typedef struct request {
    ptrdiff_t width, height;
    int filter;
    bool antialias;
} request;

// ---- The oracle: every input pixel is asked how much of it belongs to the output pixel ----

static double kernel_at(int filter, double x) {
    const double pi = 3.14159265358979323846, a = -0.75;
    x = fabs(x);
    if (filter == 2)
        return x < 1 ? 1 - x : 0;
    if (filter == 3)
        return x < 1   ? (a + 2) * x * x * x - (a + 3) * x * x + 1
               : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a
                       : 0;
    if (x < 1e-12)
        return 1;
    return x < 3 ? sin(pi * x) / (pi * x) * sin(pi * x / 3) / (pi * x / 3) : 0;
}

static double weight_of(ptrdiff_t in, ptrdiff_t out, const request *r, ptrdiff_t k, ptrdiff_t i) {
    double ratio = (double)in / (double)out, centre = ((double)k + 0.5) * ratio - 0.5;
    if (r->filter == 0) // exactly: the pixel that holds the position
        return i == (2 * k + 1) * in / (2 * out);
    if (r->filter == 1) {
        double left = fmax((double)i, (double)k * ratio);
        double right = fmin((double)i + 1, ((double)k + 1) * ratio);
        return right > left ? right - left : 0;
    }
    return kernel_at(r->filter, ((double)i - centre) / (r->antialias && ratio > 1 ? ratio : 1));
}

typedef struct interval {
    ptrdiff_t first, end;
} interval;

// No filter reaches further than that.
static interval reach(ptrdiff_t in, ptrdiff_t out, ptrdiff_t k) {
    double ratio = (double)in / (double)out, wide = 3 * fmax(1, ratio) + 2;
    double centre = ((double)k + 0.5) * ratio - 0.5;
    return (interval){(ptrdiff_t)floor(centre - wide), (ptrdiff_t)ceil(centre + wide)};
}

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    const request *r = context;
    double sum = 0, value = 0;
    interval rows = reach(in->shape.height, r->height, y);
    interval columns = reach(in->shape.width, r->width, x);
    for (ptrdiff_t j = rows.first; j < rows.end; j++) {
        double wy = weight_of(in->shape.height, r->height, r, y, j);
        for (ptrdiff_t i = columns.first; wy != 0 && i < columns.end; i++) {
            double w = wy * weight_of(in->shape.width, r->width, r, x, i);
            sum += w;
            if (w != 0)
                value += w * test_sample_border(in, i, j, c, 0);
        }
    }
    return value / sum;
}

static double tolerance(ppx_type type, int filter) {
    static const double taps[NFILTERS] = {0, 4, 2, 4, 6};
    if (filter == 0)
        return 0;
    return type == PPX_F32 ? 1e-5 : type == PPX_U8 ? 0.5 + 1.0 / 64 + taps[filter] / 40 : 0.52;
}

static void check(ppx_image *in, request r) {
    char spec[120];
    (void)snprintf(spec, sizeof spec, "resize:width=%td,height=%td,filter=%s%s", r.width, r.height,
                   filters[r.filter], r.antialias ? ",antialias=yes" : "");
    double most = tolerance(in->shape.type, r.filter);
    if (r.antialias && in->shape.type == PPX_U8)
        most = 1;
    expect_near(spec, in, r.width, r.height, oracle, &r, most);
}

static void check_type(ppx_type type) {
    static const double ratios[] = {0.23, 0.37, 0.5, 0.9, 1, 1.4, 1.5, 3.2};
    for (int channels = 1; channels <= 4; channels++)
        for (int s = 0; s < NGEOMETRY_SIZES; s++) {
            ptrdiff_t width = geometry_sizes[s][0], height = geometry_sizes[s][1];
            ppx_image in = test_image(test_shape(width, height, channels, type),
                                      s % 2 ? TEST_NOISE : TEST_EXTREMES, 3);
            for (int ratio = 0; ratio < 8; ratio++)
                for (int filter = 0; filter < NFILTERS; filter++) {
                    request r = {(ptrdiff_t)ceil((double)width * ratios[ratio]),
                                 (ptrdiff_t)ceil((double)height * ratios[7 - ratio]), filter,
                                 false};
                    if ((filter + ratio + channels) % 3 == 0)
                        check(&in, r);
                    r.antialias = true;
                    if ((filter + ratio + channels) % 4 == 0 && filter > 1)
                        check(&in, r);
                }
            ppx_image_free(&in);
        }
}

static void test_u8(void **state) {
    (void)state;
    check_type(PPX_U8);
}

static void test_u16(void **state) {
    (void)state;
    check_type(PPX_U16);
}

static void test_f32(void **state) {
    (void)state;
    check_type(PPX_F32);
}

// More taps than fixed weights are made for.
static void test_far_down(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(200, 130, 3, PPX_U8), TEST_NOISE, 6);
    check(&in, (request){3, 2, 1, false});
    check(&in, (request){5, 130, 1, false});
    check(&in, (request){8, 7, 2, true});
    ppx_image_free(&in);
}

static void test_labels(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(57, 41, 1, PPX_U32), TEST_NOISE, 7);
    check(&in, (request){101, 23, 0, false});
    assert_non_null(strstr(test_run_refused("resize:scale=2", &in), "nearest"));
    ppx_image_free(&in);
}

// Wide rows: full tiles, and the blocks behind the last one.
static void test_wide(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(571, 5, 1, PPX_U8), TEST_NOISE, 8);
    for (int filter = 0; filter < NFILTERS; filter++) {
        check(&in, (request){2099, 6, filter, false});
        check(&in, (request){600, 6, filter, false});
        check(&in, (request){400, 4, filter, false});
        check(&in, (request){101, 2, filter, true});
    }
    ppx_image_free(&in);
}

// Beyond 8 MB of output rows are written around the caches: they are then the same at every level,
// and as they are in a smaller image, of which this is a part.
static void test_large(void **state) {
    (void)state;
    static const char *const large[] = {"resize:width=3301,height=2700,filter=nearest",
                                        "resize:width=3301,height=2700,filter=bilinear"};
    static const char *const part[] = {"resize:width=3301,height=27,filter=nearest",
                                       "resize:width=3301,height=27,filter=bilinear"};
    ppx_image in = test_image(test_shape(1201, 1000, 1, PPX_U8), TEST_NOISE, 12);
    const ppx_image few = ppx_image_view(&in, 0, 10); // what is below is seen by the last two rows
    for (int k = 0; k < 2; k++)
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run(large[k], &in, &ppx_runner_serial, NULL);
            ppx_image wanted = test_run(part[k], &few, &ppx_runner_serial, NULL);
            const ppx_image a = ppx_image_view(&got, 0, 25), b = ppx_image_view(&wanted, 0, 25);
            test_expect_equal(&a, &b, 0, large[k]);
            ppx_image_free(&got);
            ppx_image_free(&wanted);
        }
    ppx_image_free(&in);
}

// A constant stays what it is, and so does an image of the same size.
static void test_exact(void **state) {
    (void)state;
    for (int filter = 0; filter < NFILTERS; filter++)
        for (int value = 0; value < 256; value++) {
            ppx_image in = test_image(test_shape(37, 29, 1, PPX_U8), TEST_NOISE, 9);
            char spec[100];
            (void)snprintf(spec, sizeof spec, "resize:width=37,height=29,filter=%s",
                           filters[filter]);
            if (value == 0) {
                ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
                test_expect_equal(&got, &in, 0, spec);
                ppx_image_free(&got);
            }
            for (ptrdiff_t y = 0; y < 29; y++)
                memset(ppx_image_row(&in, y), value, 37);
            (void)snprintf(spec, sizeof spec, "resize:width=%d,height=41,filter=%s",
                           value % 2 ? 20 : 50, filters[filter]);
            ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
            for (ptrdiff_t y = 0; y < 41; y++)
                for (ptrdiff_t x = 0; x < got.shape.width; x++)
                    assert_int_equal((int)test_sample(&got, x, y, 0), value);
            ppx_image_free(&got);
            ppx_image_free(&in);
        }
}

static void test_sizes(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(40, 20, 1, PPX_U8), TEST_NOISE, 10);
    static const struct {
        const char *spec;
        ptrdiff_t width, height;
    } cases[] = {{"resize:width=10", 10, 5},
                 {"resize:height=10", 20, 10},
                 {"resize:scale=0.37", 15, 7},
                 {"resize:width=3,height=50", 3, 50}};
    for (int k = 0; k < 4; k++) {
        ppx_image got = test_run(cases[k].spec, &in, &ppx_runner_serial, NULL);
        assert_true(got.shape.width == cases[k].width && got.shape.height == cases[k].height);
        ppx_image_free(&got);
    }
    (void)test_run_refused("resize", &in);
    (void)test_run_refused("resize:scale=2,width=10", &in);
    (void)test_run_refused("resize:scale=1000000", &in);
    assert_non_null(strstr(test_run_refused("resize:scale=0.01", &in), "no pixel"));
    ppx_image_free(&in);
}

static void test_threads(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(90, 300, 3, PPX_U8), TEST_NOISE, 11);
    test_same_on_threads("resize:scale=1.5,filter=bicubic", &in);
    test_same_on_threads("resize:scale=0.37,filter=area", &in);
    test_same_on_threads("resize:scale=0.3,filter=lanczos3,antialias=yes", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u8),      cmocka_unit_test(test_u16),
        cmocka_unit_test(test_f32),     cmocka_unit_test(test_far_down),
        cmocka_unit_test(test_labels),  cmocka_unit_test(test_wide),
        cmocka_unit_test(test_exact),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
