// test_difference.c: the figures of a comparison against sums that a child would form.
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/difference.h"

static const double most_of[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, 1};

static const char *sample_bytes(const ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c) {
    static const size_t nbytes[] = {1, 2, 4, 4};
    return (const char *)image->data + y * image->stride +
           (x * image->shape.channels + c) * (ptrdiff_t)nbytes[image->shape.type];
}

static bool same_bits(const ppx_image *a, const ppx_image *b, ptrdiff_t x, ptrdiff_t y, int c) {
    static const size_t nbytes[] = {1, 2, 4, 4};
    return memcmp(sample_bytes(a, x, y, c), sample_bytes(b, x, y, c), nbytes[a->shape.type]) == 0;
}

static void put(ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c, double value) {
    void *to = (void *)(uintptr_t)sample_bytes(image, x, y, c);
    const uint8_t u8 = image->shape.type == PPX_U8 ? (uint8_t)value : 0;
    const uint16_t u16 = image->shape.type == PPX_U16 ? (uint16_t)value : 0;
    const uint32_t u32 = image->shape.type == PPX_U32 ? (uint32_t)value : 0;
    const float f32 = (float)value;
    const void *const from[] = {&u8, &u16, &u32, &f32};
    static const size_t nbytes[] = {1, 2, 4, 4};
    memcpy(to, from[image->shape.type], nbytes[image->shape.type]);
}

// What ppx_difference_find must say, and where.
typedef struct figures {
    uint64_t ndiffering, nexceeding, napart;
    double largest;
    long double sum, squares;
    ptrdiff_t x, y;
    int c;
} figures;

static bool pixel_figures(figures *f, const ppx_image *a, const ppx_image *b, ptrdiff_t x,
                          ptrdiff_t y, double tolerance) {
    bool differs = false, exceeds = false;
    for (int c = 0; c < a->shape.channels; c++) {
        if (same_bits(a, b, x, y, c))
            continue;
        differs = true;
        double apart = fabs(test_sample(a, x, y, c) - test_sample(b, x, y, c));
        if (isnan(apart) || isinf(apart)) {
            f->napart++;
        } else {
            f->largest = fmax(f->largest, apart);
            f->sum += apart;
            f->squares += (long double)apart * apart;
        }
        if (tolerance < 0 || isnan(apart) || apart > tolerance) {
            if (f->x < 0) {
                f->x = x;
                f->y = y;
                f->c = c;
            }
            exceeds = true;
        }
    }
    f->ndiffering += differs;
    f->nexceeding += exceeds;
    return exceeds;
}

static void expect_close(double got, long double wanted) {
    if (isinf((double)wanted))
        assert_true(isinf(got));
    else
        assert_true(fabsl((long double)got - wanted) <= 1e-9L * (1 + fabsl(wanted)));
}

static void expect_heatmap(const ppx_difference *d, const ppx_image *a, const ppx_image *b) {
    ppx_image heat;
    assert_int_equal(ppx_difference_heatmap(d, a, b, &heat, NULL), PPX_OK);
    assert_true(heat.shape.width == a->shape.width && heat.shape.height == a->shape.height);
    assert_true(heat.shape.channels == 1 && heat.shape.type == PPX_U8);
    for (ptrdiff_t y = 0; y < a->shape.height; y++)
        for (ptrdiff_t x = 0; x < a->shape.width; x++) {
            double wanted = 0;
            for (int c = 0; c < a->shape.channels; c++) {
                if (same_bits(a, b, x, y, c))
                    continue;
                double apart = fabs(test_sample(a, x, y, c) - test_sample(b, x, y, c));
                double level = isfinite(apart) ? floor(apart / d->largest * 255 + 0.5) : 255;
                wanted = fmax(wanted, level >= 1 ? level : 1);
            }
            double got = test_sample(&heat, x, y, 0);
            if (got < wanted || got > wanted)
                fail_msg("heatmap at %td, %td is %g instead of %g", x, y, got, wanted);
        }
    ppx_image_free(&heat);
}

static void expect_figures(const ppx_image *a, const ppx_image *b, double tolerance) {
    ppx_difference d;
    assert_int_equal(ppx_difference_find(&d, a, b, tolerance, NULL), PPX_OK);
    figures f = {.x = -1};
    for (ptrdiff_t y = 0; y < a->shape.height; y++) {
        uint32_t row = 0;
        for (ptrdiff_t x = 0; x < a->shape.width; x++)
            row += pixel_figures(&f, a, b, x, y, tolerance);
        assert_int_equal(d.exceeding[y], row);
    }
    uint64_t npixels = (uint64_t)(a->shape.width * a->shape.height);
    uint64_t nsamples = npixels * (uint64_t)a->shape.channels;
    assert_int_equal(d.npixels, npixels);
    assert_int_equal(d.nsamples, nsamples);
    assert_int_equal(d.ndiffering, f.ndiffering);
    assert_int_equal(d.nexceeding, f.nexceeding);
    assert_int_equal(d.napart, f.napart);
    expect_close(d.largest, f.largest);
    expect_close(d.mean, f.sum / (long double)nsamples);
    long double most = most_of[a->shape.type];
    expect_close(d.psnr, f.squares > 0 ? 10 * log10l(most * most / (f.squares / nsamples))
                                       : (long double)INFINITY);
    assert_int_equal(d.x, f.x);
    if (f.x >= 0) {
        assert_int_equal(d.y, f.y);
        assert_int_equal(d.c, f.c);
        double wanted = test_sample(a, f.x, f.y, f.c), other = test_sample(b, f.x, f.y, f.c);
        assert_true(memcmp(&d.a, &wanted, sizeof wanted) == 0 || isnan(wanted));
        assert_true(memcmp(&d.b, &other, sizeof other) == 0 || isnan(other));
    }
    expect_heatmap(&d, a, b);
    ppx_difference_free(&d);
}

// A copy in which one sample of `rarity` is another one.
static ppx_image changed(const ppx_image *a, uint64_t rarity, double step, uint64_t seed) {
    ppx_image b;
    assert_int_equal(ppx_image_create(&b, a->shape, NULL), PPX_OK);
    ppx_image_copy(&b, a);
    uint64_t counter = 0;
    for (ptrdiff_t y = 0; y < a->shape.height; y++)
        for (ptrdiff_t x = 0; x < a->shape.width; x++)
            for (int c = 0; c < a->shape.channels; c++) {
                uint64_t random = test_random(seed, counter++);
                if (random % rarity)
                    continue;
                double most = most_of[a->shape.type], value = test_sample(a, x, y, c);
                double by = step * most * (double)(random >> 40) / 0x1p24;
                by = a->shape.type == PPX_F32 ? by : floor(by);
                put(&b, x, y, c, value + by <= most ? value + by : value - by);
            }
    return b;
}

static void test_figures(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                         {20, 63}, {20, 64}, {20, 65}, {257, 129}};
    static const uint64_t rarities[] = {1, 2, 50, 100000};
    for (int t = 0; t < PPX_NTYPES; t++)
        for (int channels = 1; channels <= PPX_MAX_CHANNELS; channels++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                for (size_t k = 0; k < sizeof rarities / sizeof *rarities; k++) {
                    ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)t);
                    ppx_image a = test_image(shape, (test_texture)(k % TEST_NTEXTURES), s);
                    ppx_image b = changed(&a, rarities[k], k % 2 ? 0.02 : 1, 10 * s + k);
                    expect_figures(&a, &b, -1);
                    expect_figures(&a, &b, 0);
                    expect_figures(&a, &b, floor(0.01 * most_of[t])); // occurs in u8
                    ppx_image_free(&a);
                    ppx_image_free(&b);
                }
}

// Squares that do not fit into 64 bits when they are added up.
static void test_extremes_of_u32(void **state) {
    (void)state;
    ppx_shape shape = test_shape(50, 70, 2, PPX_U32);
    ppx_image a = test_image(shape, TEST_NOISE, 1), b = test_image(shape, TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 70; y++)
        for (ptrdiff_t x = 0; x < 50; x++)
            for (int c = 0; c < 2; c++) {
                put(&a, x, y, c, (x + y) % 2 ? UINT32_MAX : 0);
                put(&b, x, y, c, (x + y) % 2 ? 0 : UINT32_MAX);
            }
    ppx_difference d;
    assert_int_equal(ppx_difference_find(&d, &a, &b, -1, NULL), PPX_OK);
    expect_close(d.mean, UINT32_MAX);
    assert_true(fabs(d.psnr) < 1e-12);
    assert_int_equal(d.ndiffering, 50 * 70);
    ppx_difference_free(&d);
    ppx_image_free(&a);
    ppx_image_free(&b);
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void test_special_floats(void **state) {
    (void)state;
    const float nan1 = float_of(0x7fc00000), nan2 = float_of(0x7fc00001), inf = (float)INFINITY;
    static const struct {
        bool differs, tolerated, apart;
    } wanted[] = {{false, true, false}, {true, false, true},  {true, false, true},
                  {true, true, false},  {false, true, false}, {true, false, true},
                  {true, false, true},  {true, true, false}};
    float a[8] = {nan1, nan1, nan1, 0.0f, inf, inf, inf, 1.5f};
    float b[8] = {nan1, nan2, 0.5f, -0.0f, inf, -inf, 1.0f, 1.25f};
    for (int k = 0; k < 8; k++) {
        ppx_image one = ppx_image_wrap(&a[k], test_shape(1, 1, 1, PPX_F32), sizeof(float));
        ppx_image two = ppx_image_wrap(&b[k], test_shape(1, 1, 1, PPX_F32), sizeof(float));
        ppx_difference d;
        assert_int_equal(ppx_difference_find(&d, &one, &two, -1, NULL), PPX_OK);
        assert_int_equal(d.ndiffering, wanted[k].differs);
        assert_int_equal(d.nexceeding, wanted[k].differs);
        assert_int_equal(d.napart, wanted[k].apart);
        ppx_difference_free(&d);
        assert_int_equal(ppx_difference_find(&d, &one, &two, FLT_MAX, NULL), PPX_OK);
        assert_int_equal(d.nexceeding, !wanted[k].tolerated);
        ppx_difference_free(&d);
        expect_figures(&one, &two, -1);
        expect_figures(&one, &two, 0);
        expect_figures(&one, &two, 0.25); // exactly the last one's
    }
}

// ---- Along borders ----

static void test_near_by_hand(void **state) {
    (void)state;
    uint32_t rows[200] = {0};
    const ptrdiff_t borders[] = {64, 128, 192};
    rows[63] = 1;
    rows[64] = 5;
    ppx_nearness near = ppx_difference_near(rows, 200, borders, 3, 4);
    assert_int_equal(near.nrows, 2);
    assert_int_equal(near.nnear, 2);
    assert_int_equal(near.nhit, 1);
    assert_int_equal(near.reach, 1);
    rows[130] = 1; // the third row below the border at 128
    near = ppx_difference_near(rows, 200, borders, 3, 4);
    assert_int_equal(near.nnear, 3);
    assert_int_equal(near.nhit, 2);
    assert_int_equal(near.reach, 3);
    near = ppx_difference_near(rows, 200, borders, 3, 2);
    assert_int_equal(near.nnear, 2);
    rows[0] = 1; // the edge of the image is not a border
    near = ppx_difference_near(rows, 200, borders, 3, 4);
    assert_int_equal(near.nrows, 4);
    assert_int_equal(near.nnear, 3);
    near = ppx_difference_near(rows, 200, NULL, 0, 4);
    assert_int_equal(near.nnear, 0);
    assert_int_equal(near.nborders, 0);
}

static void test_near_everywhere(void **state) {
    (void)state;
    enum { HEIGHT = 300 };
    const ptrdiff_t borders[] = {3, 64, 90, 91, 256};
    for (uint64_t seed = 0; seed < 200; seed++) {
        uint32_t rows[HEIGHT];
        size_t nrows = 0, nnear = 0;
        ptrdiff_t halo = (ptrdiff_t)(seed % 9) + 1, reach = 0;
        for (ptrdiff_t y = 0; y < HEIGHT; y++) {
            rows[y] = test_random(seed, (uint64_t)y) % (1 + seed % 7 * 5) == 0;
            ptrdiff_t nearest = HEIGHT;
            for (int k = 0; k < 5; k++) {
                ptrdiff_t far = y < borders[k] ? borders[k] - y : y - borders[k] + 1;
                nearest = far < nearest ? far : nearest;
            }
            nrows += rows[y];
            if (rows[y] && nearest <= halo) {
                nnear++;
                reach = nearest > reach ? nearest : reach;
            }
        }
        ppx_nearness near = ppx_difference_near(rows, HEIGHT, borders, 5, halo);
        assert_int_equal(near.nrows, nrows);
        assert_int_equal(near.nnear, nnear);
        assert_int_equal(near.reach, reach);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),         cmocka_unit_test(test_extremes_of_u32),
        cmocka_unit_test(test_special_floats),  cmocka_unit_test(test_near_by_hand),
        cmocka_unit_test(test_near_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
