// test_affine.c: affine and rotate against their definition in double, all types, channels and
// filters; quarter turns that must be exact; what is refused.
#include "geometry.inc.h"

#include <string.h>

enum { NFILTERS = 3 };
static const char *const filters[NFILTERS] = {"nearest", "bilinear", "bicubic"};

typedef struct request {
    double m[6];
    int filter;
    bool replicate;
} request;

static double cubic_at(double x) {
    const double a = -0.75;
    x = fabs(x);
    return x < 1   ? (a + 2) * x * x * x - (a + 3) * x * x + 1
           : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a
                   : 0;
}

static double oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    const request *r = context;
    double at_x = r->m[0] * (double)x + r->m[1] * (double)y + r->m[2];
    double at_y = r->m[3] * (double)x + r->m[4] * (double)y + r->m[5];
    int border = r->replicate ? 0 : 3;
    // Far away everything is as at the edge, and looking there step by step would take long.
    at_x = fmin(fmax(at_x, -9), (double)in->shape.width + 9);
    at_y = fmin(fmax(at_y, -9), (double)in->shape.height + 9);
    if (r->filter == 0)
        return test_sample_border(in, (ptrdiff_t)floor(at_x + 0.5), (ptrdiff_t)floor(at_y + 0.5), c,
                                  border);
    ptrdiff_t x0 = (ptrdiff_t)floor(at_x), y0 = (ptrdiff_t)floor(at_y);
    double sum = 0;
    for (ptrdiff_t j = y0 - 1; j <= y0 + 2; j++)
        for (ptrdiff_t i = x0 - 1; i <= x0 + 2; i++) {
            double dx = (double)i - at_x, dy = (double)j - at_y;
            double w = r->filter == 2 ? cubic_at(dx) * cubic_at(dy)
                                      : fmax(0, 1 - fabs(dx)) * fmax(0, 1 - fabs(dy));
            if (w != 0)
                sum += w * test_sample_border(in, i, j, c, border);
        }
    return sum;
}

// Half a level, and what a position that is rounded does at an edge of full contrast: within
// 2^-12 (bilinear) or 2^-11 (bicubic, whose slope is up to 2.5) pixels along either axis for u8,
// 2^-14 for the others.
static double tolerance(ppx_type type, int filter) {
    if (filter == 0)
        return 0;
    if (type == PPX_U8)
        return filter == 1 ? 0.5 + 2 * 255.0 / 4096 + 0.05 : 0.5 + 5 * 255.0 / 2048 + 0.1;
    double most = (filter == 1 ? 2 : 5) / 16384.0;
    return type == PPX_F32 ? most : 0.52 + 65535 * most;
}

static void check(const ppx_image *in, const char *spec, request r, ptrdiff_t width,
                  ptrdiff_t height) {
    char full[300];
    (void)snprintf(full, sizeof full, "%s,filter=%s,outside=%s", spec, filters[r.filter],
                   r.replicate ? "replicate" : "constant");
    expect_near(full, in, width, height, oracle, &r, tolerance(in->shape.type, r.filter));
}

// Away from ties of nearest.
static const double maps[][6] = {
    {1, 0, 0, 0, 1, 0},
    {0.81234, -0.31287, 5.2531, 0.30871, 0.90223, -7.51117},
    {-1.71371, 0.21113, 40.1173, 0.1117, 2.31339, -30.3173},
    {0.0317113, 0.0171317, 3.1173191, -0.0213713, 0.0411977, 2.2179317},
    {200.117, -100.223, 60.317, 3.1171, -150.119, 200.3117},
};

static void check_type(ppx_type type) {
    for (int channels = 1; channels <= 4; channels++)
        for (int s = 0; s < NGEOMETRY_SIZES; s++) {
            ppx_image in =
                test_image(test_shape(geometry_sizes[s][0], geometry_sizes[s][1], channels, type),
                           s % 2 ? TEST_NOISE : TEST_EXTREMES, 3);
            for (int m = 0; m < 5; m++)
                for (int filter = 0; filter < (type == PPX_U32 ? 1 : NFILTERS); filter++)
                    for (int replicate = 0; replicate < 2; replicate++) {
                        request r = {.filter = filter, .replicate = replicate};
                        memcpy(r.m, maps[m], sizeof r.m);
                        char spec[200];
                        (void)snprintf(
                            spec, sizeof spec,
                            "affine:a=%.9g,b=%.9g,c=%.9g,d=%.9g,e=%.9g,f=%.9g,width=%d,height=%d",
                            r.m[0], r.m[1], r.m[2], r.m[3], r.m[4], r.m[5], 90, 45);
                        check(&in, spec, r, 90, 45);
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

static void test_u32(void **state) {
    (void)state;
    check_type(PPX_U32);
}

static void test_f32(void **state) {
    (void)state;
    check_type(PPX_F32);
}

// Tiles that lie inside of the image, and those that do not.
static void test_rotate(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(331, 210, 1, PPX_U8), TEST_NOISE, 4);
    const double angle = 30, radians = angle * (3.14159265358979323846 / 180);
    for (int filter = 0; filter < NFILTERS; filter++)
        for (int expand = 0; expand < 2; expand++) {
            double c = cos(radians), s = sin(radians);
            ptrdiff_t width = expand ? (ptrdiff_t)ceil(331 * c + 210 * s) : 331;
            ptrdiff_t height = expand ? (ptrdiff_t)ceil(331 * s + 210 * c) : 210;
            double x = (double)(width - 1) / 2, y = (double)(height - 1) / 2;
            request r = {.m = {c, -s, 330.0 / 2 - c * x + s * y, s, c, 209.0 / 2 - s * x - c * y},
                         .filter = filter,
                         .replicate = expand};
            check(&in, expand ? "rotate:angle=30,expand=yes" : "rotate:angle=30", r, width, height);
        }
    ppx_image_free(&in);
}

// Counter-clockwise quarter turns, by the definition of a turn and without interpolation.
static double quarter(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    switch (*(const int *)context) {
    case 0:
        return test_sample(in, x, y, c);
    case 1:
        return test_sample(in, width - 1 - y, x, c);
    case 2:
        return test_sample(in, width - 1 - x, height - 1 - y, c);
    default:
        return test_sample(in, y, height - 1 - x, c);
    }
}

static void test_quarters(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < NGEOMETRY_SIZES; s++)
            for (int filter = 0; filter < NFILTERS; filter++)
                for (int turns = -5; turns < 6; turns++) {
                    ptrdiff_t width = geometry_sizes[s][0], height = geometry_sizes[s][1];
                    ppx_image in =
                        test_image(test_shape(width, height, 1 + t, types[t]), TEST_NOISE, 5);
                    char spec[100];
                    (void)snprintf(spec, sizeof spec, "rotate:angle=%d,expand=yes,filter=%s",
                                   90 * turns, filters[filter]);
                    int k = (turns + 8) % 4;
                    expect_near(spec, &in, turns % 2 ? height : width, turns % 2 ? width : height,
                                quarter, &k, 0);
                    ppx_image_free(&in);
                }
}

static void test_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(20, 10, 1, PPX_U32), TEST_NOISE, 6);
    assert_non_null(strstr(test_run_refused("rotate:angle=30", &in), "nearest"));
    assert_non_null(strstr(test_run_refused("affine:a=2", &in), "nearest"));
    (void)test_run_refused("affine:a=1000,filter=nearest", &in);
    (void)test_run_refused("rotate:filter=nearest", &in);
    ppx_image_free(&in);
}

static void test_threads(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(250, 300, 1, PPX_U8), TEST_NOISE, 7);
    test_same_on_threads("rotate:angle=30", &in);
    test_same_on_threads("rotate:angle=77,filter=bicubic,expand=yes,outside=replicate", &in);
    test_same_on_threads("affine:a=0,b=5,d=5,e=0,f=-300", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u8),      cmocka_unit_test(test_u16),
        cmocka_unit_test(test_u32),     cmocka_unit_test(test_f32),
        cmocka_unit_test(test_rotate),  cmocka_unit_test(test_quarters),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
