// test_elements.c: morphology with every structuring element against a scan of its pixels, and the
// operators that are made of erosion and dilation against those.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../core/runner.h"

enum { SQUARE, RECT, LINE, DISK, DIAMOND };

// a, b: radii of a square, width and height of a rect, length and angle of a line, radius.
typedef struct element {
    int shape, a, b;
} element;

typedef struct question {
    element element;
    bool erode;
} question;

static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
static const char *const operators[] = {"erode", "dilate"};

static const char *settings(element e) {
    static char text[80];
    switch (e.shape) {
    case SQUARE:
        (void)snprintf(text, sizeof text, "rx=%d,ry=%d", e.a, e.b);
        break;
    case RECT:
        (void)snprintf(text, sizeof text, "shape=rect,width=%d,height=%d", e.a, e.b);
        break;
    case LINE:
        (void)snprintf(text, sizeof text, "shape=line,length=%d,angle=%d", e.a, e.b);
        break;
    default:
        (void)snprintf(text, sizeof text, "shape=%s,radius=%d",
                       e.shape == DISK ? "disk" : "diamond", e.a);
    }
    return text;
}

// Whether (dx, dy), dy downwards, is a pixel of the element: by the words of its definition.
static bool belongs(element e, ptrdiff_t dx, ptrdiff_t dy) {
    const double pi = acos(-1);
    switch (e.shape) {
    case SQUARE:
        return labs(dx) <= e.a && labs(dy) <= e.b;
    case RECT: // the larger half is left and above
        return dx >= -(e.a / 2) && dx < e.a - e.a / 2 && dy >= -(e.b / 2) && dy < e.b - e.b / 2;
    case DISK:
        return dx * dx + dy * dy <= (ptrdiff_t)e.a * e.a;
    case DIAMOND:
        return labs(dx) + labs(dy) <= e.a;
    default: {
        const double x = cos(e.b * pi / 180), y = -sin(e.b * pi / 180);
        const bool steep = fabs(y) > fabs(x) + 1e-9;
        const ptrdiff_t along = steep ? dy : dx, across = steep ? dx : dy;
        if (along < -(e.a / 2) || along >= e.a - e.a / 2)
            return false;
        return across == (ptrdiff_t)round((double)along * (steep ? x / y : y / x) * (1 + 1e-12));
    }
    }
}

static double extreme(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const question *q) {
    double found = q->erode ? INFINITY : -INFINITY;
    const ptrdiff_t far =
        (q->element.a > q->element.b || q->element.shape == LINE ? q->element.a : q->element.b);
    for (ptrdiff_t v = y - far; v <= y + far; v++)
        for (ptrdiff_t u = x - far; u <= x + far; u++) {
            if (u < 0 || v < 0 || u >= in->shape.width || v >= in->shape.height)
                continue;
            if (!(q->erode ? belongs(q->element, u - x, v - y) : belongs(q->element, x - u, y - v)))
                continue;
            double value = test_sample(in, u, v, c);
            if (q->erode ? value < found : value > found)
                found = value;
        }
    return found;
}

static double scan(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    return extreme(in, x, y, c, context);
}

static double slope(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    question q = {*(const element *)context, true};
    double least = extreme(in, x, y, c, &q);
    q.erode = false;
    double greatest = extreme(in, x, y, c, &q);
    return in->shape.type == PPX_F32 ? (float)greatest - (float)least : greatest - least;
}

static void all_of(const ppx_image *in, element e) {
    char spec[120];
    for (int k = 0; k < 2; k++) {
        question q = {e, k == 0};
        (void)snprintf(spec, sizeof spec, "%s:%s", operators[k], settings(e));
        TEST_EACH_LEVEL(level)
        test_against_oracle(spec, in, scan, &q, 0);
    }
    (void)snprintf(spec, sizeof spec, "gradient-m:%s", settings(e));
    TEST_EACH_LEVEL(level)
    test_against_oracle(spec, in, slope, &e, 0);
}

static const element elements[] = {
    {SQUARE, 1, 1},  {SQUARE, 0, 4},  {RECT, 1, 1},    {RECT, 2, 2},   {RECT, 4, 1},
    {RECT, 1, 6},    {RECT, 5, 8},    {RECT, 3, 30},   {RECT, 12, 25}, {DISK, 0, 0},
    {DISK, 1, 0},    {DISK, 2, 0},    {DISK, 5, 0},    {DISK, 13, 0},  {DIAMOND, 1, 0},
    {DIAMOND, 3, 0}, {DIAMOND, 9, 0}, {LINE, 1, 30},   {LINE, 7, 0},   {LINE, 8, 90},
    {LINE, 5, 45},   {LINE, 6, 135},  {LINE, 9, 30},   {LINE, 10, 63}, {LINE, 12, 160},
    {LINE, 3, 89},   {LINE, 4, 180},  {LINE, 11, 117},
};
enum { NELEMENTS = sizeof elements / sizeof *elements };

static void test_sizes(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {33, 65}, {70, 31}};
    int turn = 0;
    for (int k = 0; k < NELEMENTS; k++)
        for (int s = 0; s < 6; s++, turn++) {
            ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1 + turn % 4, types[turn % 3]);
            ppx_image in = test_image(shape, (test_texture)(turn % 5 % TEST_NTEXTURES), 3);
            all_of(&in, elements[k]);
            ppx_image_free(&in);
        }
}

// Elements beyond the image, and rows of several tiles.
static void test_extremes_of_size(void **state) {
    (void)state;
    static const element large[] = {
        {DISK, 40, 0}, {DIAMOND, 33, 0}, {LINE, 61, 20}, {RECT, 50, 44}};
    for (int k = 0; k < 4; k++)
        for (int t = 0; t < 3; t++) {
            ppx_image in = test_image(test_shape(19, 25, 3, types[t]), TEST_NOISE, 21);
            all_of(&in, large[k]);
            ppx_image_free(&in);
        }
    static const element small[] = {{DISK, 3, 0}, {DIAMOND, 2, 0}, {LINE, 7, 25}, {RECT, 4, 2}};
    for (int k = 0; k < 4; k++)
        for (int t = 0; t < 3; t++) {
            ppx_image in = test_image(test_shape(4501, 3, 1 + k, types[t]), TEST_NOISE, 22);
            all_of(&in, small[k]);
            ppx_image_free(&in);
        }
}

// A single point comes out as the reflected element (erosion of a dark one) or as the element, at
// the largest radius: no pixel is missed where the oracle would be too slow.
static void test_points(void **state) {
    (void)state;
    static const element large[] = {
        {DISK, 500, 0}, {DIAMOND, 499, 0}, {LINE, 1001, 37}, {DISK, 97, 0}};
    const ptrdiff_t width = 1103, height = 1031;
    for (int k = 0; k < 4; k++)
        for (int erode = 0; erode < 2; erode++) {
            char spec[120];
            (void)snprintf(spec, sizeof spec, "%s:%s", operators[!erode], settings(large[k]));
            ppx_image in = test_image(test_shape(width, height, 1, PPX_U8), TEST_NOISE, 1);
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < width; x++)
                    ((uint8_t *)ppx_image_row(&in, y))[x] = erode ? 9 : 0;
            const ptrdiff_t x0 = 540, y0 = 507;
            ((uint8_t *)ppx_image_row(&in, y0))[x0] = 5;
            ppx_image out = test_run(spec, &in, &ppx_runner_serial, NULL);
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < width; x++) {
                    bool within = erode ? belongs(large[k], x0 - x, y0 - y)
                                        : belongs(large[k], x - x0, y - y0);
                    int wanted = within ? 5 : erode ? 9 : 0;
                    if (((uint8_t *)ppx_image_row(&out, y))[x] != wanted)
                        fail_msg("%s: wrong at (%td, %td)", spec, x, y);
                }
            ppx_image_free(&out);
            ppx_image_free(&in);
        }
}

static void expect_same(const char *a, const char *b, const ppx_image *in) {
    ppx_image one = test_run(a, in, &ppx_runner_serial, NULL);
    ppx_image two = test_run(b, in, &ppx_runner_serial, NULL);
    test_expect_equal(&one, &two, 0, a);
    ppx_image_free(&one);
    ppx_image_free(&two);
}

// Openings and closings are the chains, and they are idempotent, even for elements without a
// centre; an opening is nowhere above the image.
static void test_compositions(void **state) {
    (void)state;
    for (int k = 0; k < NELEMENTS; k++) {
        ppx_image in =
            test_image(test_shape(83, 71, 1 + k % 4, types[k % 3]), (test_texture)(k % 2), 31);
        const char *with = settings(elements[k]);
        char spec[160], chain[240];
        (void)snprintf(spec, sizeof spec, "open:%s", with);
        (void)snprintf(chain, sizeof chain, "erode:%s+dilate:%s", with, with);
        TEST_EACH_LEVEL(level)
        expect_same(spec, chain, &in);
        ppx_image opened = test_run(spec, &in, &ppx_runner_serial, NULL);
        for (ptrdiff_t y = 0; y < 71; y++)
            for (ptrdiff_t x = 0; x < 83; x++)
                for (int c = 0; c < in.shape.channels; c++)
                    assert_true(test_sample(&opened, x, y, c) <= test_sample(&in, x, y, c));
        ppx_image_free(&opened);
        (void)snprintf(chain, sizeof chain, "open:%s+open:%s", with, with);
        expect_same(spec, chain, &in);
        (void)snprintf(spec, sizeof spec, "close:%s", with);
        (void)snprintf(chain, sizeof chain, "dilate:%s+erode:%s", with, with);
        expect_same(spec, chain, &in);
        (void)snprintf(chain, sizeof chain, "close:%s+close:%s", with, with);
        expect_same(spec, chain, &in);
        ppx_image_free(&in);
    }
}

// Top-hats are differences with the opening and the closing.
static void test_hats(void **state) {
    (void)state;
    static const char *const hats[] = {"tophat", "blackhat"}, *const made_of[] = {"open", "close"};
    for (int k = 0; k < NELEMENTS; k++)
        for (int hat = 0; hat < 2; hat++) {
            ppx_image in = test_image(test_shape(83, 71, 1 + k % 4, types[k % 3]), TEST_NOISE, 41);
            char spec[120], other[120];
            (void)snprintf(spec, sizeof spec, "%s:%s", hats[hat], settings(elements[k]));
            (void)snprintf(other, sizeof other, "%s:%s", made_of[hat], settings(elements[k]));
            TEST_EACH_LEVEL(level) {
                ppx_image out = test_run(spec, &in, &ppx_runner_serial, NULL);
                ppx_image part = test_run(other, &in, &ppx_runner_serial, NULL);
                for (ptrdiff_t y = 0; y < 71; y++)
                    for (ptrdiff_t x = 0; x < 83; x++)
                        for (int c = 0; c < in.shape.channels; c++) {
                            double a = test_sample(&in, x, y, c), b = test_sample(&part, x, y, c);
                            bool alpha = in.shape.channels % 2 == 0 && c == in.shape.channels - 1;
                            double wanted = alpha ? a : (float)(hat ? b - a : a - b);
                            if (test_sample(&out, x, y, c) != wanted)
                                fail_msg("%s: wrong at (%td, %td)", spec, x, y);
                        }
                ppx_image_free(&out);
                ppx_image_free(&part);
            }
            ppx_image_free(&in);
        }
}

static void test_threads(void **state) {
    (void)state;
    static const char *const specs[] = {
        "erode:shape=disk,radius=9",
        "dilate:shape=diamond,radius=70",
        "open:shape=line,length=9,angle=20",
        "close:shape=rect,width=6,height=30",
        "gradient-m:shape=disk,radius=3",
        "gradient-m:ry=33",
        "tophat:shape=line,length=40,angle=70",
        "blackhat:shape=disk,radius=2",
    };
    for (int k = 0; k < 8; k++) {
        ppx_image in = test_image(test_shape(57, 393, 1 + k % 4, types[k % 3]), TEST_NOISE, 51);
        test_same_on_threads(specs[k], &in);
        ppx_image_free(&in);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const char *const specs[] = {
        "erode:shape=disk,width=3",
        "dilate:shape=rect,width=3",
        "open:shape=line",
        "close:shape=rect,width=0,height=1",
        "tophat:rx=2,shape=diamond",
        "gradient-m:length=3",
        "blackhat:shape=line,length=1002",
        "erode:shape=line,length=3,angle=181",
        "erode:shape=ring",
    };
    ppx_image in = test_image(test_shape(4, 4, 1, PPX_U8), TEST_NOISE, 1);
    for (int k = 0; k < 9; k++)
        test_run_refused(specs[k], &in);
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_extremes_of_size),
        cmocka_unit_test(test_points),   cmocka_unit_test(test_compositions),
        cmocka_unit_test(test_hats),     cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
