// test_morphology.c: erode and dilate against a scan of every window, and the laws that tie them.
#include "support.h"

#include <math.h>
#include <stdio.h>

#include "../core/chain.h"
#include "../core/runner.h"

typedef struct rectangle {
    ptrdiff_t rx, ry;
    bool erode;
} rectangle;

static double scan(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    const rectangle *r = context;
    const ptrdiff_t x0 = x > r->rx ? x - r->rx : 0, y0 = y > r->ry ? y - r->ry : 0;
    double found = r->erode ? INFINITY : -INFINITY;
    for (ptrdiff_t v = y0; v <= y + r->ry && v < in->shape.height; v++)
        for (ptrdiff_t u = x0; u <= x + r->rx && u < in->shape.width; u++) {
            double value = test_sample(in, u, v, c);
            if (r->erode ? value < found : value > found)
                found = value;
        }
    return found;
}

static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

static void both(const ppx_image *in, ptrdiff_t rx, ptrdiff_t ry) {
    for (int erode = 0; erode < 2; erode++) {
        char spec[60];
        if (rx == ry)
            (void)snprintf(spec, sizeof spec, "%s:radius=%td", erode ? "erode" : "dilate", rx);
        else
            (void)snprintf(spec, sizeof spec, "%s:rx=%td,ry=%td", erode ? "erode" : "dilate", rx,
                           ry);
        rectangle r = {rx, ry, erode != 0};
        TEST_EACH_LEVEL(level)
        test_against_oracle(spec, in, scan, &r, 0);
    }
}

static void test_sizes(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                         {67, 63}, {33, 64}, {31, 65}, {257, 129}};
    static const ptrdiff_t radii[] = {1, 2, 3, 4};
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 8; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[t]);
                ppx_image in = test_image(shape, (test_texture)((s + t) % TEST_NTEXTURES), 3);
                ptrdiff_t radius = radii[(s + channels) % 4];
                both(&in, radius, radius);
                ppx_image_free(&in);
            }
}

// Every width and height of window up to more passes, runs and groups than one.
static void test_rectangles(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(150, 5, 2, PPX_U8), TEST_NOISE, 11);
    for (ptrdiff_t rx = 0; rx <= 40; rx++)
        both(&in, rx, rx % 3);
    ppx_image_free(&in);
    in = test_image(test_shape(5, 150, 1, PPX_U16), TEST_SMOOTH, 12);
    for (ptrdiff_t ry = 0; ry <= 70; ry++)
        both(&in, ry % 2, ry);
    ppx_image_free(&in);
    // Windows so high that rows are kept in groups; the image ends within a block, and at one.
    static const ptrdiff_t heights[] = {448, 500};
    static const ptrdiff_t high[] = {95, 96, 127, 128, 200};
    for (int h = 0; h < 2; h++)
        for (int k = 0; k < 5; k++) {
            in = test_image(test_shape(3, heights[h], 1, types[k % 3]), TEST_NOISE, 13);
            both(&in, 1, high[k]);
            ppx_image_free(&in);
        }
}

static void put(ppx_image *image, ptrdiff_t x, ptrdiff_t y, double value) {
    void *row = ppx_image_row(image, y);
    if (image->shape.type == PPX_U8)
        ((uint8_t *)row)[x] = (uint8_t)value;
    else if (image->shape.type == PPX_U16)
        ((uint16_t *)row)[x] = (uint16_t)value;
    else
        ((float *)row)[x] = (float)value;
}

// One pixel that differs, in every place in turn, comes out as the rectangle: no row or column of a
// window is missed, and none too many is seen.
static void each_point(ptrdiff_t width, ptrdiff_t height, ptrdiff_t rx, ptrdiff_t ry,
                       ppx_type type) {
    ppx_image in = test_image(test_shape(width, height, 1, type), TEST_NOISE, 1);
    for (int erode = 0; erode < 2; erode++) {
        char spec[60];
        (void)snprintf(spec, sizeof spec, "%s:rx=%td,ry=%td", erode ? "erode" : "dilate", rx, ry);
        double ground = erode ? 7 : 3, point = erode ? 3 : 7;
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++)
                put(&in, x, y, ground);
        for (ptrdiff_t k = 0; k < (width > height ? width : height); k++) {
            ptrdiff_t x0 = width > height ? k : k % width, y0 = width > height ? k % height : k;
            put(&in, x0, y0, point);
            ppx_image out = test_run(spec, &in, &ppx_runner_serial, NULL);
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < width; x++) {
                    bool within = x - x0 <= rx && x0 - x <= rx && y - y0 <= ry && y0 - y <= ry;
                    if (test_sample(&out, x, y, 0) != (within ? point : ground))
                        fail_msg("%s: the point (%td, %td) is wrong at (%td, %td)", spec, x0, y0, x,
                                 y);
                }
            ppx_image_free(&out);
            put(&in, x0, y0, ground);
        }
    }
    ppx_image_free(&in);
}

static void test_points(void **state) {
    (void)state;
    static const ptrdiff_t high[] = {1, 2, 3, 4, 7, 15, 31, 32, 33, 95, 127, 150};
    static const ptrdiff_t wide[] = {1, 2, 3, 7, 8, 12, 31, 32, 100, 150};
    for (int k = 0; k < 12; k++)
        each_point(2, 400, k % 3, high[k], types[k % 3]);
    for (int k = 0; k < 10; k++)
        each_point(330, 2, wide[k], k % 3, types[k % 3]);
    each_point(2100, 1, 100, 0, PPX_F32); // several tiles
}

// Calls that end within a strip, as between ranks: what is carried on must notice.
static void uneven_calls(const char *spec, const ppx_image *in) {
    static const ptrdiff_t ends[] = {64, 128, 150, 214, 278, 342, 343, 407, 420};
    ppx_error error;
    ppx_chain *chain;
    assert_int_equal(ppx_chain_parse(&chain, spec, NULL, NULL, &error), PPX_OK);
    ppx_image wanted = test_run(spec, in, &ppx_runner_serial, NULL);
    ppx_image got = test_image(in->shape, TEST_NOISE, 72);
    ppx_job job;
    assert_int_equal(ppx_link_job(&chain->links[0], in->shape, &job, &error), PPX_OK);
    const ppx_step *step = &job.kernel->steps[0];
    ppx_step_geometry(step, &job);
    ppx_source source = {.own = in};
    ppx_band band = {got, 0, got.shape.height};
    const ppx_stages stages = {1, {{.job = job, .map = &step->map}}};
    ppx_feed *feed;
    assert_int_equal(ppx_feed_open(&feed, &stages, &source, &band, &error), PPX_OK);
    for (int k = 0; k < 9; k++)
        assert_int_equal(ppx_feed_rows(feed, k ? ends[k - 1] : 0, ends[k], &error), PPX_OK);
    ppx_feed_close(feed);
    test_expect_equal(&got, &wanted, 0, spec);
    ppx_image_free(&got);
    ppx_image_free(&wanted);
    ppx_chain_free(chain);
}

static void test_uneven_calls(void **state) {
    (void)state;
    static const char *const specs[] = {"erode:rx=4,ry=140", "erode:rx=4,ry=6", "erode:ry=11",
                                        "gradient-m:ry=5", "gradient-m:ry=50"};
    ppx_image in = test_image(test_shape(9, 420, 1, PPX_U16), TEST_NOISE, 71);
    for (ptrdiff_t y = 0; y < 420; y++) // a dark point in about every window
        for (ptrdiff_t x = 0; x < 9; x++)
            put(&in, x, y, (y * 9 + x) % 1301 == 500 ? (double)y : 60000);
    // The same with rows 4096 bytes apart, of which copies are made.
    static uint16_t apart[420 * 2048];
    ppx_image far = ppx_image_wrap(apart, in.shape, 4096);
    ppx_image_copy(&far, &in);
    for (int k = 0; k < 5; k++)
        TEST_EACH_LEVEL(level) {
            uneven_calls(specs[k], &in);
            uneven_calls(specs[k], &far);
        }
    ppx_image_free(&in);
}

// Radii larger than the image, and rows of several tiles.
static void test_extremes_of_size(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {19, 70}};
    for (int s = 0; s < 5; s++)
        for (int t = 0; t < 3; t++) {
            ppx_image in =
                test_image(test_shape(sizes[s][0], sizes[s][1], 3, types[t]), TEST_NOISE, 21);
            both(&in, 20, 20);
            both(&in, 500, 500);
            both(&in, 0, 500);
            both(&in, 500, 0);
            ppx_image_free(&in);
        }
    for (int t = 0; t < 3; t++)
        for (int channels = 1; channels <= 4; channels += 3) {
            ppx_image in = test_image(test_shape(5003, 3, channels, types[t]), TEST_NOISE, 22);
            both(&in, 1, 1);
            both(&in, 31, 2);
            ppx_image_free(&in);
        }
    ppx_image in = test_image(test_shape(9001, 1, 1, PPX_U8), TEST_SMOOTH, 23);
    both(&in, 500, 1);
    ppx_image_free(&in);
}

static void expect_same(const char *a, const char *b, const ppx_image *in) {
    ppx_image one = test_run(a, in, &ppx_runner_serial, NULL);
    ppx_image two = test_run(b, in, &ppx_runner_serial, NULL);
    test_expect_equal(&one, &two, 0, a);
    ppx_image_free(&one);
    ppx_image_free(&two);
}

static void expect_ordered(const ppx_image *low, const ppx_image *high) {
    int channels = low->shape.channels;
    for (ptrdiff_t y = 0; y < low->shape.height; y++)
        for (ptrdiff_t x = 0; x < low->shape.width; x++)
            for (int c = 0; c < channels; c++)
                assert_true(test_sample(low, x, y, c) <= test_sample(high, x, y, c));
}

// Outputs of large images may be stored past the cache: the rows are those of a piece of the image.
static void test_large(void **state) {
    (void)state;
    static const char *const specs[] = {"erode:radius=5",
                                        "dilate:rx=9,ry=0",
                                        "erode:shape=disk,radius=3",
                                        "dilate:shape=diamond,radius=5",
                                        "erode:shape=line,length=9,angle=30",
                                        "open:radius=4"};
    enum { WIDTH = 4099, FAR_HEIGHT = 2100, HEIGHT = 200, EDGE = 20 };
    ppx_image in = test_image(test_shape(WIDTH, FAR_HEIGHT, 1, PPX_U8), TEST_NOISE, 8);
    ppx_image piece = ppx_image_view(&in, 0, HEIGHT);
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        ppx_image large = test_run(specs[k], &in, &ppx_runner_omp, NULL);
        ppx_image small = test_run(specs[k], &piece, &ppx_runner_serial, NULL);
        ppx_image a = ppx_image_view(&large, 0, HEIGHT - EDGE);
        ppx_image b = ppx_image_view(&small, 0, HEIGHT - EDGE);
        assert_true(ppx_image_equal(&a, &b));
        ppx_image_free(&large);
        ppx_image_free(&small);
    }
    ppx_image_free(&in);
}

static void test_laws(void **state) {
    (void)state;
    for (int t = 0; t < 3; t++)
        for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
            ppx_image in =
                test_image(test_shape(131, 99, 1 + texture, types[t]), (test_texture)texture, 31);
            TEST_EACH_LEVEL(level) {
                ppx_image low = test_run("erode:radius=3", &in, &ppx_runner_serial, NULL);
                ppx_image high = test_run("dilate:radius=3", &in, &ppx_runner_serial, NULL);
                expect_ordered(&low, &in);
                expect_ordered(&in, &high);
                ppx_image_free(&low);
                ppx_image_free(&high);
                // f32: 1 - v rounds, and rounding keeps order, so the first law is exact there too.
                if (in.shape.channels % 2 == 1) // alpha is inverted by invert, kept by erode
                    expect_same("invert+erode:radius=5", "dilate:radius=5+invert", &in);
                expect_same("erode:radius=4+dilate:radius=4",
                            "erode:radius=4+dilate:radius=4+erode:radius=4+dilate:radius=4", &in);
                expect_same("dilate:rx=2,ry=6+erode:rx=2,ry=6",
                            "dilate:rx=2,ry=6+erode:rx=2,ry=6+dilate:rx=2,ry=6+erode:rx=2,ry=6",
                            &in);
                expect_same("erode:radius=2+erode:radius=9", "erode:radius=11", &in);
                expect_same("dilate:radius=3,ry=7", "dilate:rx=3,ry=0+dilate:rx=0,ry=7", &in);
            }
            ppx_image_free(&in);
        }
}

static void test_zeros(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(70, 9, 1, PPX_F32), TEST_FEW_LEVELS, 41);
    for (ptrdiff_t y = 0; y < 9; y++)
        for (ptrdiff_t x = 0; x < 70; x++)
            ((float *)ppx_image_row(&in, y))[x] = (x * 7 + y * 3) % 5 ? 0.0f : -0.0f;
    static const char *const specs[] = {"erode:radius=0", "erode", "dilate:rx=0", "dilate:ry=4"};
    TEST_EACH_LEVEL(level)
    for (int k = 0; k < 4; k++) {
        ppx_image out = test_run(specs[k], &in, &ppx_runner_serial, NULL);
        for (ptrdiff_t y = 0; y < 9; y++)
            for (ptrdiff_t x = 0; x < 70; x++)
                assert_false(signbit(((float *)ppx_image_row(&out, y))[x]));
        ppx_image_free(&out);
    }
    ppx_image_free(&in);
}

static void test_threads(void **state) {
    (void)state;
    static const char *const specs[] = {"erode", "dilate:radius=7", "erode:radius=40",
                                        "dilate:rx=2,ry=130", "erode:rx=0,ry=500"};
    for (int t = 0; t < 3; t++)
        for (int k = 0; k < 5; k++) {
            ppx_image in = test_image(test_shape(57, 393, 1 + k % 4, types[t]), TEST_NOISE, 51);
            test_same_on_threads(specs[k], &in);
            ppx_image_free(&in);
        }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(4, 4, 1, PPX_U8), TEST_NOISE, 1);
    test_run_refused("erode:radius=501", &in);
    test_run_refused("dilate:rx=-1", &in);
    test_run_refused("dilate:border=wrap", &in);
    ppx_image_free(&in);
    in = test_image(test_shape(4, 4, 1, PPX_U32), TEST_NOISE, 1);
    test_run_refused("erode", &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_rectangles),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_uneven_calls),
        cmocka_unit_test(test_extremes_of_size),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
