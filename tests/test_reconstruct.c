// test_reconstruct.c: reconstruction and extrema against their definitions, and what crosses many
// pieces many times.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {3, 150},  {17, 13},
                                     {16, 64}, {50, 65}, {67, 63}, {131, 129}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

// ---- The slow way -------------------------------------------------------------------------------

// A state that grows under a mask, as doubles: minus both, where it shrinks above it.
typedef struct growth {
    ptrdiff_t width, height;
    double *state, *mask;
} growth;

static growth growth_of(ppx_shape shape) {
    growth g = {.width = shape.width, .height = shape.height};
    size_t n = (size_t)(shape.width * shape.height);
    g.state = calloc(n, sizeof *g.state);
    g.mask = calloc(n, sizeof *g.mask);
    assert_true(g.state && g.mask);
    return g;
}

static void growth_free(growth *g) {
    free(g->state);
    free(g->mask);
}

// One pixel by its neighbours; whether it has changed.
static bool update(growth *g, ptrdiff_t x, ptrdiff_t y, int connectivity) {
    double most = -INFINITY, *own = &g->state[y * g->width + x];
    for (ptrdiff_t dy = -1; dy <= 1; dy++)
        for (ptrdiff_t dx = -1; dx <= 1; dx++) {
            ptrdiff_t u = x + dx, v = y + dy;
            if ((connectivity == 4 && dx && dy) || u < 0 || v < 0 || u >= g->width ||
                v >= g->height)
                continue;
            double other = g->state[v * g->width + u];
            most = other > most ? other : most;
        }
    if (most > g->mask[y * g->width + x])
        most = g->mask[y * g->width + x];
    bool changed = most != *own;
    *own = most;
    return changed;
}

static void grow(growth *g, int connectivity) {
    for (bool changed = true; changed;) { // there and back, or a spiral would take for ever
        changed = false;
        for (ptrdiff_t y = 0; y < g->height; y++)
            for (ptrdiff_t x = 0; x < g->width; x++)
                changed |= update(g, x, y, connectivity);
        for (ptrdiff_t y = g->height; y-- > 0;)
            for (ptrdiff_t x = g->width; x-- > 0;)
                changed |= update(g, x, y, connectivity);
    }
}

static double most_of(ppx_type type) {
    return type == PPX_U8 ? UINT8_MAX : type == PPX_U16 ? UINT16_MAX : UINT32_MAX;
}

// ---- Running with a mask of our own -------------------------------------------------------------

static ppx_status hand_out(void *context, const char *path, ppx_shape wanted, bool whole,
                           ppx_band *band, ppx_error *error) {
    (void)path, (void)whole;
    const ppx_image *mask = context;
    ppx_image copy;
    ppx_status status = ppx_image_create(&copy, wanted, error);
    if (status)
        return status;
    ppx_image_copy(&copy, mask);
    *band = ppx_band_whole(copy);
    return PPX_OK;
}

static ppx_image run_under(const char *spec, const ppx_image *in, const ppx_image *mask,
                           const ppx_runner *runner) {
    ppx_error error = {0};
    ppx_chain *chain;
    if (ppx_chain_parse(&chain, spec, NULL, NULL, &error))
        fail_msg("%s", error.text);
    ppx_band band = ppx_band_whole(ppx_image_view(in, 0, in->shape.height));
    ppx_run_options options = {.load = hand_out, .load_context = (void *)(uintptr_t)mask};
    if (ppx_run(chain, runner, &band, &options, NULL, &error))
        fail_msg("%s: %s", spec, error.text);
    ppx_chain_free(chain);
    return band.rows;
}

static double wanted_at(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *context) {
    (void)in, (void)c;
    const growth *g = context;
    return g->state[y * g->width + x];
}

// Serially at each level, and on threads.
static void check(const char *spec, const ppx_image *in, const ppx_image *mask, const growth *want,
                  double sign) {
    ppx_image wanted;
    assert_int_equal(ppx_image_create(&wanted, in->shape, NULL), PPX_OK);
    TEST_EACH_LEVEL(level) {
        ppx_image got = run_under(spec, in, mask, &ppx_runner_serial);
        for (ptrdiff_t y = 0; y < got.shape.height; y++)
            for (ptrdiff_t x = 0; x < got.shape.width; x++) {
                double a = test_sample(&got, x, y, 0), b = sign * wanted_at(in, x, y, 0, want);
                if (a != b)
                    fail_msg("%s at %s on %td x %td %s: (%td, %td) is %.9g, wanted %.9g", spec,
                             ppx_simd_name(level), in->shape.width, in->shape.height,
                             ppx_type_name(in->shape.type), x, y, a, b);
            }
        ppx_image_free(&wanted);
        wanted = got;
    }
    for (int nthreads = 2; nthreads <= 8; nthreads += 3) {
        omp_set_num_threads(nthreads);
        omp_set_schedule(nthreads % 2 ? omp_sched_dynamic : omp_sched_static, nthreads % 2);
        ppx_image got = run_under(spec, in, mask, &ppx_runner_omp);
        assert_true(ppx_image_equal(&got, &wanted));
        ppx_image_free(&got);
    }
    ppx_image_free(&wanted);
}

// ---- Under a mask -------------------------------------------------------------------------------

static void check_mask(const ppx_image *in, const ppx_image *mask) {
    for (int connectivity = 4; connectivity <= 8; connectivity += 4)
        for (int erosion = 0; erosion < 2; erosion++) {
            char spec[100];
            (void)snprintf(spec, sizeof spec, "reconstruct:mask=m,by=%s,connectivity=%d",
                           erosion ? "erosion" : "dilation", connectivity);
            growth g = growth_of(in->shape);
            double sign = erosion ? -1 : 1;
            for (ptrdiff_t k = 0; k < g.width * g.height; k++) {
                g.mask[k] = sign * test_sample(mask, k % g.width, k / g.width, 0);
                g.state[k] = fmin(g.mask[k], sign * test_sample(in, k % g.width, k / g.width, 0));
            }
            grow(&g, connectivity);
            check(spec, in, mask, &g, sign);
            growth_free(&g);
        }
}

static void test_mask(void **state) {
    (void)state;
    for (int type = 0; type < PPX_NTYPES; type++)
        for (int s = 0; s < NSIZES; s++)
            for (int k = 0; k < TEST_NTEXTURES; k++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1, (ppx_type)type);
                ppx_image in = test_image(shape, (test_texture)k, 5);
                ppx_image mask = test_image(shape, (test_texture)((k + s) % TEST_NTEXTURES), 9);
                check_mask(&in, &mask);
                ppx_image_free(&in);
                ppx_image_free(&mask);
            }
}

// Few markers on a busy mask: what grows goes far.
static void test_far(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        ppx_shape shape = test_shape(131, 517, 1, seed % 2 ? PPX_U16 : PPX_U8);
        ppx_image in, mask = test_image(shape, seed % 3 ? TEST_NOISE : TEST_SMOOTH, seed);
        assert_int_equal(ppx_image_create(&in, shape, NULL), PPX_OK);
        for (ptrdiff_t y = 0; y < shape.height; y++)
            memset(ppx_image_row(&in, y), 0, ppx_shape_row_nbytes(shape));
        for (uint64_t k = 0; k < 3; k++) {
            uint64_t at = test_random(seed, k);
            uint8_t *row = ppx_image_row(&in, (ptrdiff_t)(at % 517));
            row[ppx_type_nbytes(shape.type) * (at / 517 % 131)] = UINT8_MAX;
        }
        check_mask(&in, &mask);
        ppx_image_free(&in);
        ppx_image_free(&mask);
    }
}

// ---- Paths through all pieces, many times -------------------------------------------------------

typedef void carve(const ppx_image *image);

static uint8_t *pixel_at(const ppx_image *image, ptrdiff_t x, ptrdiff_t y) {
    return (uint8_t *)ppx_image_row(image, y) + x;
}

// Down one column, up the next but one: walls between, with a gap at one end.
static void comb(const ppx_image *image) {
    ptrdiff_t width = image->shape.width, height = image->shape.height;
    for (ptrdiff_t x = 0; x < width; x++)
        for (ptrdiff_t y = 0; y < height; y++)
            if (x % 2 == 0 || y == (x % 4 == 1 ? height - 1 : 0))
                *pixel_at(image, x, y) = 100;
}

static bool is_free(const ppx_image *image, ptrdiff_t x, ptrdiff_t y) {
    return x >= 0 && y >= 0 && x < image->shape.width && y < image->shape.height &&
           *pixel_at(image, x, y) == 0;
}

// Inwards, turning right where the pixel after the next one is taken.
static void spiral(const ppx_image *image) {
    static const ptrdiff_t ahead[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    ptrdiff_t x = 0, y = 0;
    for (int turns = 0, d = 0; turns < 2;) {
        const ptrdiff_t dx = ahead[d][0], dy = ahead[d][1];
        *pixel_at(image, x, y) = 100;
        bool edge = x + 2 * dx < 0 || y + 2 * dy < 0 || x + 2 * dx >= image->shape.width ||
                    y + 2 * dy >= image->shape.height;
        if (is_free(image, x + dx, y + dy) && (edge || is_free(image, x + 2 * dx, y + 2 * dy))) {
            x += dx;
            y += dy;
            turns = 0;
        } else {
            d = (d + 1) % 4;
            turns++;
        }
    }
}

// A wall of 0, a path of 100, and 200 where it begins.
static ppx_image draw(carve *carves, ptrdiff_t width, ptrdiff_t height) {
    ppx_image image;
    assert_int_equal(ppx_image_create(&image, test_shape(width, height, 1, PPX_U8), NULL), PPX_OK);
    for (ptrdiff_t y = 0; y < height; y++)
        memset(ppx_image_row(&image, y), 0, (size_t)width);
    carves(&image);
    *pixel_at(&image, 0, 0) = 200;
    return image;
}

// With h = 50 the path begins at 50 and its beginning, at 150, lifts all of it to 100.
static void check_path(const char *name, carve *carves, ptrdiff_t width, ptrdiff_t height) {
    ppx_image in = draw(carves, width, height);
    growth g = growth_of(in.shape);
    ptrdiff_t length = 0;
    for (ptrdiff_t k = 0; k < width * height; k++) {
        g.mask[k] = test_sample(&in, k % width, k / width, 0);
        g.state[k] = fmax(g.mask[k] - 50, 0);
    }
    grow(&g, 4);
    for (ptrdiff_t k = 0; k < width * height; k++) {
        length += g.state[k] > 0;
        if (g.mask[k] > 0 && g.state[k] < 100)
            fail_msg("%s, %td x %td: the path is interrupted at (%td, %td)", name, width, height,
                     k % width, k / width);
    }
    assert_true(length > width * height / 3);
    check("reconstruct:h=50,connectivity=4", &in, NULL, &g, 1);
    growth_free(&g);
    ppx_image_free(&in);
}

static void test_paths(void **state) {
    (void)state;
    static const ptrdiff_t tall[][2] = {{5, 65}, {21, 200}, {64, 333}, {70, 600}, {333, 129}};
    for (int s = 0; s < 5; s++) {
        check_path("a comb", comb, tall[s][0], tall[s][1]);
        check_path("a spiral", spiral, tall[s][0], tall[s][1]);
    }
}

// ---- Extrema of a height ------------------------------------------------------------------------

static void check_h(const ppx_image *in, double h, int connectivity, bool erosion) {
    char spec[100];
    (void)snprintf(spec, sizeof spec, "reconstruct:h=%.12g,connectivity=%d%s", h, connectivity,
                   erosion ? ",by=erosion" : "");
    growth g = growth_of(in->shape);
    const double sign = erosion ? -1 : 1;
    const bool whole = in->shape.type != PPX_F32;
    for (ptrdiff_t k = 0; k < g.width * g.height; k++) {
        double v = test_sample(in, k % g.width, k / g.width, 0);
        double moved = whole ? v - sign * h : (double)((float)v - (float)sign * (float)h);
        if (whole)
            moved = fmin(fmax(moved, 0), most_of(in->shape.type));
        g.mask[k] = sign * v;
        g.state[k] = sign * moved;
    }
    grow(&g, connectivity);
    check(spec, in, NULL, &g, sign);
    growth_free(&g);
}

static void test_h(void **state) {
    (void)state;
    for (int type = 0; type < PPX_NTYPES; type++)
        for (int s = 0; s < NSIZES; s++)
            for (int k = 0; k < TEST_NTEXTURES; k++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1, (ppx_type)type);
                ppx_image in = test_image(shape, (test_texture)k, 3);
                static const double heights[] = {20, 9000, 1e9, 0.25};
                double h = k == 3 ? 0 : heights[type];
                check_h(&in, h, s % 2 ? 4 : 8, k % 2);
                check_h(&in, h, s % 2 ? 8 : 4, !(k % 2));
                ppx_image_free(&in);
            }
}

// h beyond the range of the type leaves one level.
static void test_h_beyond(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(50, 65, 1, PPX_U8), TEST_NOISE, 3);
    check_h(&in, 256, 8, false);
    check_h(&in, 70000, 8, true);
    ppx_image_free(&in);
}

// ---- Regional extrema ---------------------------------------------------------------------------

// Walks through the plateau of a pixel: an extremum if no neighbour of it is higher (times sign).
// What it is goes to all of its pixels: 1 or 0 in place of -1.
static void walk(const ppx_image *in, ptrdiff_t start, int connectivity, int sign, int *is,
                 ptrdiff_t *queue) {
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    const double level = sign * test_sample(in, start % width, start / width, 0);
    ptrdiff_t n = 0;
    bool highest = true;
    queue[n++] = start;
    is[start] = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        for (ptrdiff_t d = 0; d < 9; d++) {
            ptrdiff_t dx = d % 3 - 1, dy = d / 3 - 1;
            ptrdiff_t u = queue[k] % width + dx, v = queue[k] / width + dy;
            if ((connectivity == 4 && dx && dy) || u < 0 || v < 0 || u >= width || v >= height)
                continue;
            double other = sign * test_sample(in, u, v, 0);
            highest &= other <= level;
            if (other == level && is[v * width + u] < 0) {
                is[v * width + u] = 0;
                queue[n++] = v * width + u;
            }
        }
    for (ptrdiff_t k = 0; k < n; k++)
        is[queue[k]] = highest;
}

static void check_extrema(const ppx_image *in, int connectivity, bool minima) {
    char spec[100];
    (void)snprintf(spec, sizeof spec, "extrema:connectivity=%d,of=%s", connectivity,
                   minima ? "minima" : "maxima");
    const ptrdiff_t width = in->shape.width, n = width * in->shape.height;
    int *is = malloc((size_t)n * sizeof *is);
    ptrdiff_t *queue = malloc((size_t)n * sizeof *queue);
    assert_true(is && queue);
    for (ptrdiff_t k = 0; k < n; k++)
        is[k] = -1;
    for (ptrdiff_t k = 0; k < n; k++)
        if (is[k] < 0)
            walk(in, k, connectivity, minima ? -1 : 1, is, queue);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
        assert_int_equal(got.shape.type, PPX_U8);
        for (ptrdiff_t k = 0; k < n; k++)
            if (test_sample(&got, k % width, k / width, 0) != (is[k] ? UINT8_MAX : 0))
                fail_msg("%s on %td x %td %s: (%td, %td)", spec, width, in->shape.height,
                         ppx_type_name(in->shape.type), k % width, k / width);
        ppx_image_free(&got);
    }
    test_same_on_threads(spec, in);
    free(is);
    free(queue);
}

static void test_extrema(void **state) {
    (void)state;
    for (int type = 0; type < PPX_NTYPES; type++)
        for (int s = 0; s < NSIZES - 1; s++)
            for (int k = 0; k < TEST_NTEXTURES; k++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1, (ppx_type)type);
                ppx_image in = test_image(shape, (test_texture)k, 4);
                bool flat = s == 0; // one level may be the lowest of the type
                for (int c = 0; !flat && c < 4; c++)
                    check_extrema(&in, c % 2 ? 4 : 8, c / 2);
                ppx_image_free(&in);
            }
}

// One level: an extremum, but for the end of the type's range.
static void test_flat(void **state) {
    (void)state;
    uint8_t pixels[3][20];
    static const int levels[][3] = {{0, 0, 255}, {7, 255, 255}, {255, 255, 0}};
    for (int k = 0; k < 3; k++) {
        memset(pixels, levels[k][0], sizeof pixels);
        ppx_image in = ppx_image_wrap(pixels, test_shape(20, 3, 1, PPX_U8), 20);
        for (int minima = 0; minima < 2; minima++) {
            ppx_image got =
                test_run(minima ? "extrema:of=minima" : "extrema", &in, &ppx_runner_serial, NULL);
            for (ptrdiff_t y = 0; y < 3; y++)
                for (ptrdiff_t x = 0; x < 20; x++)
                    assert_int_equal((int)test_sample(&got, x, y, 0), levels[k][1 + minima]);
            ppx_image_free(&got);
        }
    }
}

// ---- Floats that are not numbers, or zeros of two signs -----------------------------------------

static void test_floats(void **state) {
    (void)state;
    float in[] = {5, NAN, 3, -0.0f, -INFINITY, 2, INFINITY, 1};
    ppx_image image = ppx_image_wrap(in, test_shape(8, 1, 1, PPX_F32), 32);
    static const float high[] = {4, -INFINITY, 2, 0, -INFINITY, 2, INFINITY, 1};
    static const float low[] = {6, INFINITY, 3, 0, -INFINITY, 2, INFINITY, 2};
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run("reconstruct:h=1", &image, &ppx_runner_serial, NULL);
        assert_memory_equal(got.data, high, sizeof high);
        ppx_image_free(&got);
        got = test_run("reconstruct:h=1,by=erosion", &image, &ppx_runner_serial, NULL);
        assert_memory_equal(got.data, low, sizeof low);
        ppx_image_free(&got);
    }
}

static void check_bits(const char *spec, const ppx_image *in) {
    ppx_image wanted = test_run(spec, in, &ppx_runner_serial, NULL);
    for (int nthreads = 2; nthreads <= 4; nthreads++) {
        omp_set_num_threads(nthreads);
        ppx_image got = test_run(spec, in, &ppx_runner_omp, NULL);
        assert_true(ppx_image_equal(&got, &wanted));
        ppx_image_free(&got);
    }
    ppx_image_free(&wanted);
}

// The same bits of zeros and of numbers from NaN, whatever the cut.
static void test_float_bits(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(67, 200, 1, PPX_F32), TEST_FEW_LEVELS, 2);
    for (ptrdiff_t y = 0; y < 200; y++) {
        float *row = ppx_image_row(&in, y);
        for (ptrdiff_t x = 0; x < 67; x++) {
            uint64_t dice = test_random(8, (uint64_t)(y * 67 + x)) % 10;
            row[x] = dice == 0 ? NAN : dice < 4 && row[x] == 0 ? -0.0f : row[x];
        }
    }
    check_bits("reconstruct:h=0.4", &in);
    check_bits("reconstruct:h=0.4,by=erosion,connectivity=4", &in);
    check_bits("extrema", &in);
    ppx_image_free(&in);
}

// ---- What is refused ----------------------------------------------------------------------------

static void test_refusals(void **state) {
    (void)state;
    ppx_image gray = test_image(test_shape(8, 8, 1, PPX_U8), TEST_NOISE, 1);
    ppx_image colour = test_image(test_shape(8, 8, 3, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("reconstruct", &gray), "give one"));
    assert_non_null(strstr(test_run_refused("reconstruct:h=3,mask=m", &gray), "leave one out"));
    assert_non_null(strstr(test_run_refused("reconstruct:h=0.5", &gray), "whole number"));
    assert_non_null(strstr(test_run_refused("reconstruct:h=-1", &gray), "out of range"));
    assert_non_null(strstr(test_run_refused("reconstruct:h=1", &colour), "gray"));
    assert_non_null(strstr(test_run_refused("extrema:of=both", &gray), "maxima|minima"));
    ppx_image_free(&gray);
    ppx_image_free(&colour);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask),       cmocka_unit_test(test_far),
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_h),
        cmocka_unit_test(test_h_beyond),   cmocka_unit_test(test_extrema),
        cmocka_unit_test(test_flat),       cmocka_unit_test(test_floats),
        cmocka_unit_test(test_float_bits), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
