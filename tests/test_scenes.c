// test_scenes.c: the scenes against their definitions, and their truth against their pixels.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define STOPS_AT_LARGE_ALLOCATIONS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STOPS_AT_LARGE_ALLOCATIONS
#endif
#endif

static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {64, 65}, {257, 129}};
enum { NSIZES = 5 };

static ppx_scene *scene_of(const char *name, ptrdiff_t width, ptrdiff_t height, uint64_t seed,
                           const char *settings) {
    ppx_scene *scene;
    ppx_error error = {0};
    if (ppx_scene_create(&scene, name, width, height, seed, settings, &error))
        fail_msg("%s %s at %td x %td: %s", name, settings ? settings : "", width, height,
                 error.text);
    return scene;
}

static ppx_image image_of(ppx_shape shape) {
    ppx_image image;
    ppx_error error = {0};
    if (ppx_image_create(&image, shape, &error))
        fail_msg("%s", error.text);
    return image;
}

static void expect_near(double value, double wanted, double most) {
    if (!(fabs(value - wanted) <= most))
        fail_msg("%g, wanted %g to within %g", value, wanted, most);
}

// Rows made `step` at a time, the last ones first.
static ppx_image rows_of(const ppx_scene *scene, ptrdiff_t step) {
    ppx_image image = image_of(ppx_scene_shape(scene));
    ptrdiff_t height = image.shape.height;
    for (ptrdiff_t y = (height - 1) / step * step; y >= 0; y -= step) {
        ppx_image view = ppx_image_view(&image, y, height - y < step ? height - y : step);
        ppx_scene_rows(scene, y, &view);
    }
    return image;
}

static ppx_image make(const char *name, ptrdiff_t width, ptrdiff_t height, uint64_t seed,
                      const char *settings) {
    ppx_scene *scene = scene_of(name, width, height, seed, settings);
    ppx_image image = rows_of(scene, height);
    ppx_scene_free(scene);
    return image;
}

static ppx_image labels_of(const ppx_scene *scene, ptrdiff_t step) {
    ppx_shape shape = ppx_scene_shape(scene);
    shape.type = PPX_U32;
    ppx_image image = image_of(shape);
    for (ptrdiff_t y = (shape.height - 1) / step * step; y >= 0; y -= step) {
        ppx_image view =
            ppx_image_view(&image, y, shape.height - y < step ? shape.height - y : step);
        assert_true(ppx_scene_labels(scene, y, &view));
    }
    return image;
}

// A copy of the truth's table.
enum { MOST_COLUMNS = 8 };
typedef struct truth {
    size_t n;
    int ncolumns;
    double *cells;
} truth;

static void keep_table(void *context, const char *kernel, const ppx_table *table) {
    (void)kernel;
    truth *kept = context;
    assert_string_equal(table->title, "objects");
    kept->n = table->nrows;
    kept->ncolumns = table->ncolumns;
    kept->cells = malloc((table->nrows * (size_t)table->ncolumns + 1) * sizeof(double));
    assert_non_null(kept->cells);
    for (size_t row = 0; row < table->nrows; row++)
        for (int c = 0; c < table->ncolumns; c++)
            kept->cells[row * (size_t)table->ncolumns + (size_t)c] =
                table->cell(table->data, row, c);
}

static truth truth_of(const ppx_scene *scene) {
    truth kept = {0};
    const ppx_sink sink = {&kept, NULL, keep_table};
    assert_true(ppx_scene_truth(scene, &sink));
    return kept;
}

static double at(const truth *kept, size_t row, int column) {
    return kept->cells[row * (size_t)kept->ncolumns + (size_t)column];
}

// ---- All scenes ----

static void test_any_split(void **state) {
    (void)state;
    static const char *const settings[] = {NULL, "depth=16", "noise=gaussian:9", "noise=salt:5"};
    for (size_t k = 0; k < ppx_scene_count(); k++)
        for (int s = 0; s < NSIZES; s++)
            for (int t = 0; t < 4; t++) {
                ppx_scene *scene =
                    scene_of(ppx_scene_name(k), sizes[s][0], sizes[s][1], 3, settings[t]);
                ppx_image whole = rows_of(scene, sizes[s][1]);
                static const ptrdiff_t steps[] = {1, 7, PPX_STRIP};
                for (int p = 0; p < 3; p++) {
                    ppx_image parts = rows_of(scene, steps[p]);
                    test_expect_equal(&parts, &whole, 0, ppx_scene_text(scene));
                    ppx_image_free(&parts);
                }
                ppx_image_free(&whole);
                ppx_scene_free(scene);
            }
}

// Wider than a span of any size that the scenes may work in.
static void test_wide(void **state) {
    (void)state;
    for (size_t k = 0; k < ppx_scene_count(); k++) {
        ppx_scene *scene = scene_of(ppx_scene_name(k), 5003, 3, 3, NULL);
        ppx_image whole = rows_of(scene, 3), parts = rows_of(scene, 1);
        test_expect_equal(&parts, &whole, 0, ppx_scene_text(scene));
        ppx_image_free(&parts);
        ppx_image_free(&whole);
        ppx_scene_free(scene);
    }
}

static void test_seeds(void **state) {
    (void)state;
    static const char *const by_chance[] = {"cells", "text", "stars", "terrain", "maze", "random"};
    for (int k = 0; k < 6; k++) {
        ppx_image a = make(by_chance[k], 64, 65, 11, "noise=none");
        ppx_image b = make(by_chance[k], 64, 65, 11, "noise=none");
        ppx_image c = make(by_chance[k], 64, 65, 12, "noise=none");
        assert_true(ppx_image_equal(&a, &b));
        assert_false(ppx_image_equal(&a, &c));
        ppx_image_free(&a);
        ppx_image_free(&b);
        ppx_image_free(&c);
    }
}

// The checksums of the first release: scenes never change.
static void test_golden(void **state) {
    (void)state;
    static const struct {
        const char *name, *settings;
        uint64_t checksum;
    } golden[] = {
        {"cells", "depth=16", 0x8f2998151c9c6d50},
        {"cells", "touching=40,noise=salt:3", 0x78a569c30aed2b30},
        {"text", "", 0x9dfb50a973196744},
        {"stars", "depth=16", 0x61e8d66a2146755e},
        {"terrain", "depth=16", 0xce2e7fa11d0f9a79},
        {"checker", "size=7", 0xe509b62ba4909a6b},
        {"gradient", "direction=diagonal,depth=16", 0x124ba034fe020b58},
        {"rings", "depth=16", 0xa4d0bb623f63994a},
        {"maze", "", 0xc29b1a67d1a9c324},
        {"spiral", "arm=2", 0x31be78fc337541cd},
        {"random", "density=30,granularity=3", 0xcdfc5d1ea3a4580c},
        {"constant", "noise=gaussian:12", 0xd59fe015f396aad2},
        {"impulse", "depth=16", 0x37088b9e5e60a6cf},
    };
    for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
        ppx_image image = make(golden[k].name, 301, 211, 20, golden[k].settings);
        uint64_t checksum = ppx_image_checksum(&image);
        if (checksum != golden[k].checksum)
            fail_msg("%s %s has changed: 0x%016llx, wanted 0x%016llx", golden[k].name,
                     golden[k].settings, (unsigned long long)checksum,
                     (unsigned long long)golden[k].checksum);
        ppx_image_free(&image);
    }
}

// Points of the plane whose fate is known, one pixel each: those of the set are black, -2 and 1/4
// being its ends on the real axis, and the others leave the disk after a number of steps that is
// counted in doubles here.
static void test_mandelbrot(void **state) {
    (void)state;
    static const struct {
        const char *at;
        double x, y;
    } points[] = {{"x=0,y=0", 0, 0},
                  {"x=-2,y=0", -2, 0},
                  {"x=0.25,y=0", 0.25, 0},
                  {"x=-1,y=0.25", -1, 0.25},
                  {"x=0.5,y=0", 0.5, 0},
                  {"x=1,y=1", 1, 1},
                  {"x=-0.75,y=0.25", -0.75, 0.25},
                  {"x=0.4,y=-0.4", 0.4, -0.4}};
    for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
        char settings[80];
        (void)snprintf(settings, sizeof settings, "%s,steps=300,depth=16", points[k].at);
        int steps = 0;
        for (double x = 0, y = 0; steps < 300 && x * x + y * y <= 4; steps++) {
            double next = x * x - y * y + points[k].x;
            y = 2 * x * y + points[k].y;
            x = next;
        }
        ppx_image image = make("mandelbrot", 1, 1, 1, settings);
        int wanted = steps == 300 ? 0 : 65535 * 16 / (15 + steps);
        assert_int_equal(*(uint16_t *)image.data, wanted);
        ppx_image_free(&image);
    }
}

static double deviation(const ppx_image *image, double *mean) {
    double sum = 0, squares = 0;
    double n = (double)image->shape.width * (double)image->shape.height;
    for (ptrdiff_t y = 0; y < image->shape.height; y++)
        for (ptrdiff_t x = 0; x < image->shape.width; x++) {
            double v = test_sample(image, x, y, 0);
            sum += v;
            squares += v * v;
        }
    *mean = sum / n;
    return sqrt(squares / n - *mean * *mean);
}

static void test_noise(void **state) {
    (void)state;
    static const double sigmas[] = {2, 7.5, 20};
    for (int k = 0; k < 3; k++)
        for (int wide = 0; wide < 2; wide++) {
            char settings[80];
            (void)snprintf(settings, sizeof settings, "noise=gaussian:%g,depth=%d", sigmas[k],
                           wide ? 16 : 8);
            ppx_image image = make("constant", 257, 129, 5, settings);
            double unit = wide ? 257 : 1, mean;
            double wanted = wide ? sigmas[k] : sqrt(sigmas[k] * sigmas[k] + 1.0 / 12);
            expect_near(deviation(&image, &mean) / unit, wanted, 0.02 * wanted);
            expect_near(mean / unit, 128, 5 * sigmas[k] / sqrt(257 * 129));
            ppx_image_free(&image);
        }
    ppx_image image = make("constant", 257, 129, 5, "noise=salt:2");
    double black = 0, white = 0, n = 257 * 129;
    for (ptrdiff_t y = 0; y < 129; y++)
        for (ptrdiff_t x = 0; x < 257; x++) {
            double v = test_sample(&image, x, y, 0);
            assert_true(v == 0 || v == 128 || v == 255);
            black += v == 0;
            white += v == 255;
        }
    expect_near(black, 0.01 * n, 5 * sqrt(0.01 * n));
    expect_near(white, 0.01 * n, 5 * sqrt(0.01 * n));
    ppx_image_free(&image);
}

// ---- Patterns by formula ----

typedef double formula(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height);

static void against(const char *name, const char *settings, formula *value, double most) {
    for (int s = 0; s < NSIZES; s++)
        for (int wide = 0; wide < 2; wide++) {
            ptrdiff_t width = sizes[s][0], height = sizes[s][1];
            char all[120];
            (void)snprintf(all, sizeof all, "%s,depth=%d", settings, wide ? 16 : 8);
            ppx_image image = make(name, width, height, 1, all);
            assert_int_equal(image.shape.type, wide ? PPX_U16 : PPX_U8);
            double white = wide ? 65535 : 255;
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < width; x++) {
                    double wanted = floor(value(x, y, width, height) * white + 0.5);
                    double got = test_sample(&image, x, y, 0);
                    if (fabs(got - wanted) > most)
                        fail_msg("%s %s at (%td, %td) of %td x %td: %g, wanted %g", name, all, x, y,
                                 width, height, got, wanted);
                }
            ppx_image_free(&image);
        }
}

static double checker_5(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    return (double)((x / 5 + y / 5) % 2);
}

static double constant_51(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)x, (void)y, (void)width, (void)height;
    return 0.2;
}

static double impulse_middle(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    return x == width / 2 && y == height / 2 ? 102.0 / 255 : 0;
}

static double impulse_corner(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    return x == 0 && y == 0;
}

static double part(ptrdiff_t k, ptrdiff_t n) {
    return n > 1 ? (double)k / (double)(n - 1) : 0;
}

static double rightwards(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)y, (void)height;
    return part(x, width);
}

static double leftwards(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)y, (void)height;
    return part(width - 1 - x, width);
}

static double downwards(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)x, (void)width;
    return part(y, height);
}

static double upwards(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)x, (void)width;
    return part(height - 1 - y, height);
}

static double diagonally(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    return part(x + y, width + height - 1);
}

static double zone_plate(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    double right = (double)x - (double)(width - 1) / 2, down = (double)y - (double)(height - 1) / 2;
    double side = (double)(width < height ? width : height);
    double turns = (right * right + down * down) / (6 * side);
    return 0.5 + 0.5 * cos(2 * 3.14159265358979323846 * turns);
}

static void test_formulas(void **state) {
    (void)state;
    against("checker", "size=5", checker_5, 0);
    against("constant", "value=51", constant_51, 0);
    against("impulse", "value=102", impulse_middle, 0);
    against("impulse", "x=0,y=0", impulse_corner, 0);
    // 8 bits are rounded twice, by way of 16.
    against("gradient", "direction=right", rightwards, 1);
    against("gradient", "direction=left", leftwards, 1);
    against("gradient", "direction=down", downwards, 1);
    against("gradient", "direction=up", upwards, 1);
    against("gradient", "direction=diagonal", diagonally, 1);
    against("rings", "period=6", zone_plate, 2);
}

static void test_16_bits(void **state) {
    (void)state;
    ppx_image ramp = make("gradient", 65536, 1, 1, "depth=16");
    for (ptrdiff_t x = 0; x < 65536; x++)
        assert_true(test_sample(&ramp, x, 0, 0) == (double)x);
    ppx_image_free(&ramp);
    ppx_image level = make("constant", 3, 3, 1, "depth=16,value=127.5");
    assert_true(test_sample(&level, 1, 1, 0) == 32768);
    ppx_image_free(&level);
    // Where the low bits only repeated the high ones there would be 256 levels.
    static const char *const smooth[] = {"cells", "stars", "terrain", "text"};
    for (int k = 0; k < 4; k++) {
        ppx_image image = make(smooth[k], 257, 129, 1, "depth=16,noise=none");
        static bool seen[65536];
        memset(seen, 0, sizeof seen);
        int nlevels = 0;
        for (ptrdiff_t y = 0; y < 129; y++)
            for (ptrdiff_t x = 0; x < 257; x++) {
                bool *level_seen = &seen[(int)test_sample(&image, x, y, 0)];
                nlevels += !*level_seen;
                *level_seen = true;
            }
        if (nlevels <= 1000)
            fail_msg("%s has %d levels at 16 bits", smooth[k], nlevels);
        ppx_image_free(&image);
    }
}

static void test_density(void **state) {
    (void)state;
    static const double densities[] = {0, 10, 50, 97.5, 100};
    for (int k = 0; k < 5; k++)
        for (int side = 1; side <= 3; side += 2) {
            char settings[60];
            (void)snprintf(settings, sizeof settings, "density=%g,granularity=%d", densities[k],
                           side);
            ppx_image image = make("random", 257, 129, 9, settings);
            double white = 0, p = densities[k] / 100, n = 257 * 129, blocks = n / (side * side);
            for (ptrdiff_t y = 0; y < 129; y++)
                for (ptrdiff_t x = 0; x < 257; x++) {
                    double v = test_sample(&image, x, y, 0);
                    assert_true(v == 0 || v == 255);
                    assert_true(v == test_sample(&image, x / side * side, y / side * side, 0));
                    white += v == 255;
                }
            expect_near(white / n, p, 5 * sqrt(p * (1 - p) / blocks));
            ppx_image_free(&image);
        }
}

// ---- Long components ----

// Empties the 4-connected white component of a pixel; returns its size.
static size_t flood(ppx_image *image, ptrdiff_t x, ptrdiff_t y) {
    ptrdiff_t width = image->shape.width, height = image->shape.height;
    ptrdiff_t *stack = malloc((size_t)(width * height) * 4 * sizeof *stack + sizeof *stack);
    assert_non_null(stack);
    size_t n = 0, top = 0;
    stack[top++] = y * width + x;
    while (top) {
        ptrdiff_t place = stack[--top];
        x = place % width;
        y = place / width;
        uint8_t *pixel = (uint8_t *)ppx_image_row(image, y) + x;
        if (*pixel != 255)
            continue;
        *pixel = 0;
        n++;
        if (x > 0)
            stack[top++] = place - 1;
        if (x + 1 < width)
            stack[top++] = place + 1;
        if (y > 0)
            stack[top++] = place - width;
        if (y + 1 < height)
            stack[top++] = place + width;
    }
    free(stack);
    return n;
}

// White pixels, and pairs of them side by side.
static void count_white(const ppx_image *image, size_t *pixels, size_t *pairs) {
    *pixels = *pairs = 0;
    for (ptrdiff_t y = 0; y < image->shape.height; y++)
        for (ptrdiff_t x = 0; x < image->shape.width; x++) {
            double v = test_sample(image, x, y, 0);
            assert_true(v == 0 || v == 255);
            if (v == 0)
                continue;
            ++*pixels;
            *pairs += x > 0 && test_sample(image, x - 1, y, 0) == 255;
            *pairs += y > 0 && test_sample(image, x, y - 1, 0) == 255;
        }
}

static void test_spiral(void **state) {
    (void)state;
    static const ptrdiff_t more[][2] = {{1, 1},     {1, 37},    {37, 1},   {2, 9},   {9, 2},
                                        {3, 20},    {20, 3},    {5, 5},    {6, 6},   {7, 12},
                                        {12, 7},    {8, 8},     {17, 13},  {64, 65}, {65, 64},
                                        {129, 257}, {257, 129}, {200, 200}};
    for (int s = 0; s < (int)(sizeof more / sizeof *more); s++)
        for (int arm = 1; arm <= 4; arm += arm) {
            char settings[20];
            (void)snprintf(settings, sizeof settings, "arm=%d", arm);
            ppx_image image = make("spiral", more[s][0], more[s][1], 1, settings);
            size_t pixels, pairs;
            count_white(&image, &pixels, &pairs);
            if (flood(&image, 0, 0) != pixels)
                fail_msg("spiral %td x %td arm %d is not one component", more[s][0], more[s][1],
                         arm);
            double share = (double)pixels / (double)(more[s][0] * more[s][1]);
            if (more[s][0] > 60 && more[s][1] > 60)
                expect_near(share, 0.5, 0.06);
            // A path has one pair less than pixels; at the centre two turns may touch.
            if (arm == 1 && more[s][0] > 60)
                assert_true(pairs <= pixels);
            ppx_image_free(&image);
        }
}

static void test_maze(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            ppx_image image = make("maze", sizes[s][0], sizes[s][1], seed, "corridor=1,wall=1");
            size_t pixels, pairs;
            count_white(&image, &pixels, &pairs);
            assert_int_equal(pairs, pixels - 1); // no loops...
            assert_int_equal(flood(&image, 0, 0), pixels);
            ppx_image_free(&image);
            image = make("maze", sizes[s][0], sizes[s][1], seed, "corridor=4,wall=3");
            count_white(&image, &pixels, &pairs);
            assert_int_equal(flood(&image, 0, 0), pixels);
            ppx_image_free(&image);
        }
}

// ---- Truth ----

typedef struct box {
    double area, left, top, right, bottom;
} box;

static void check_cells(const ppx_scene *scene) {
    truth known = truth_of(scene);
    ppx_image labels = labels_of(scene, ppx_scene_shape(scene).height);
    ppx_image parts = labels_of(scene, 5);
    test_expect_equal(&parts, &labels, 0, ppx_scene_text(scene));
    box *found = calloc(known.n + 1, sizeof *found);
    assert_non_null(found);
    uint32_t most = 0;
    for (ptrdiff_t y = 0; y < labels.shape.height; y++)
        for (ptrdiff_t x = 0; x < labels.shape.width; x++) {
            uint32_t label = (uint32_t)test_sample(&labels, x, y, 0);
            assert_true(label <= known.n);
            assert_true(label <= most + 1); // dense, by first pixel in raster order
            most = label > most ? label : most;
            box *b = &found[label];
            b->area += 1;
            if (b->area <= 1)
                *b = (box){1, (double)x, (double)y, (double)x, (double)y};
            b->left = fmin(b->left, (double)x);
            b->right = fmax(b->right, (double)x);
            b->bottom = (double)y;
        }
    assert_int_equal(most, known.n);
    for (size_t k = 0; k < known.n; k++) {
        const box *b = &found[k + 1];
        assert_true(at(&known, k, 2) == b->area);
        assert_true(at(&known, k, 3) == b->left);
        assert_true(at(&known, k, 4) == b->top);
        assert_true(at(&known, k, 5) == b->right - b->left + 1);
        assert_true(at(&known, k, 6) == b->bottom - b->top + 1);
        double x = floor(at(&known, k, 0) + 0.5), y = floor(at(&known, k, 1) + 0.5);
        if (x >= 0 && y >= 0 && x < (double)labels.shape.width && y < (double)labels.shape.height)
            assert_true(test_sample(&labels, (ptrdiff_t)x, (ptrdiff_t)y, 0) == (double)(k + 1));
    }
    free(found);
    free(known.cells);
    ppx_image_free(&labels);
    ppx_image_free(&parts);
}

static void test_cells_truth(void **state) {
    (void)state;
    static const char *const settings[] = {
        NULL,
        "touching=100",
        "touching=0,radius=4,spacing=8,soft=2,gap=1",
        "radius=2,spacing=4,soft=1,gap=1,touching=50",
        "radius=40,spacing=90,soft=20",
        "radius=30,spacing=30,touching=30",
    };
    for (int k = 0; k < 6; k++)
        for (int s = 0; s < NSIZES; s++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                ppx_scene *scene = scene_of("cells", sizes[s][0], sizes[s][1], seed, settings[k]);
                check_cells(scene);
                ppx_scene_free(scene);
            }
    // A large cell seen through a small window is described by the pixels in it.
    size_t cut = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        ppx_scene *scene = scene_of("cells", 64, 65, seed, "radius=300,spacing=600");
        check_cells(scene);
        truth known = truth_of(scene);
        cut += known.n;
        free(known.cells);
        ppx_scene_free(scene);
    }
    assert_true(cut > 0);
}

// Pairs of pixels at most `far` apart, of two different cells.
static size_t near_pairs(const ppx_image *labels, ptrdiff_t far) {
    size_t n = 0;
    for (ptrdiff_t y = far; y < labels->shape.height - far; y++)
        for (ptrdiff_t x = far; x < labels->shape.width - far; x++) {
            double a = test_sample(labels, x, y, 0);
            for (ptrdiff_t v = -far; a > 0 && v <= far; v++)
                for (ptrdiff_t u = -far; u <= far; u++) {
                    double b = test_sample(labels, x + u, y + v, 0);
                    n += b != 0 && b != a && u * u + v * v <= far * far;
                }
        }
    return n;
}

static void test_cells_distance(void **state) {
    (void)state;
    ppx_scene *apart = scene_of("cells", 300, 300, 4, "touching=0,gap=6");
    ppx_image labels = labels_of(apart, 300);
    assert_int_equal(near_pairs(&labels, 5), 0);
    truth known = truth_of(apart);
    assert_in_range(known.n, 30, 90);
    free(known.cells);
    ppx_image_free(&labels);
    ppx_scene_free(apart);
    ppx_scene *pairs = scene_of("cells", 300, 300, 4, "touching=100");
    labels = labels_of(pairs, 300);
    assert_true(near_pairs(&labels, 1) > 100);
    ppx_image_free(&labels);
    ppx_scene_free(pairs);
}

// Light and labels tell the same story.
static void test_cells_light(void **state) {
    (void)state;
    ppx_scene *scene = scene_of("cells", 257, 129, 8, "noise=none,uneven=0");
    ppx_image labels = labels_of(scene, 129), image = rows_of(scene, 129);
    for (ptrdiff_t y = 0; y < 129; y++)
        for (ptrdiff_t x = 0; x < 257; x++) {
            double light = test_sample(&image, x, y, 0);
            bool near = false;
            for (ptrdiff_t v = -5; v <= 5; v++)
                for (ptrdiff_t u = -5; u <= 5; u++)
                    near = near || (x + u >= 0 && x + u < 257 && y + v >= 0 && y + v < 129 &&
                                    test_sample(&labels, x + u, y + v, 0) != 0);
            if (test_sample(&labels, x, y, 0) != 0)
                assert_in_range((int)light, 45, 255);
            else if (!near && x > 5 && y > 5 && x < 251 && y < 123)
                assert_in_range((int)light, 12, 32);
        }
    ppx_image_free(&labels);
    ppx_image_free(&image);
    ppx_scene_free(scene);
}

static bool alone(const truth *sky, size_t k, double far, ptrdiff_t side) {
    double x = at(sky, k, 0), y = at(sky, k, 1);
    if (x < far || y < far || x > (double)side - far || y > (double)side - far)
        return false;
    for (size_t j = 0; j < sky->n; j++)
        if (j != k && hypot(at(sky, j, 0) - x, at(sky, j, 1) - y) < 2 * far)
            return false;
    return true;
}

// A star's flux is what it adds to the sky, which the same seed shows without stars if their grid
// is large enough.
static void test_stars_flux(void **state) {
    (void)state;
    enum { SIDE = 512, SEED = 3 };
    ppx_scene *scene = scene_of("stars", SIDE, SIDE, SEED, "spacing=80,noise=none,depth=16");
    ppx_scene *empty = scene_of("stars", SIDE, SIDE, SEED, "spacing=4096,noise=none,depth=16");
    truth sky = truth_of(scene), none = truth_of(empty);
    assert_int_equal(none.n, 0);
    ppx_image image = rows_of(scene, SIDE), dark = rows_of(empty, SIDE);
    int nchecked = 0;
    for (size_t k = 0; k < sky.n; k++) {
        ptrdiff_t x = (ptrdiff_t)floor(at(&sky, k, 0) + 0.5);
        ptrdiff_t y = (ptrdiff_t)floor(at(&sky, k, 1) + 0.5);
        if (!alone(&sky, k, 15, SIDE) || at(&sky, k, 2) > 1500)
            continue;
        double sum = 0, sum_x = 0, sum_y = 0;
        for (ptrdiff_t v = y - 14; v <= y + 14; v++)
            for (ptrdiff_t u = x - 14; u <= x + 14; u++) {
                double more = test_sample(&image, u, v, 0) - test_sample(&dark, u, v, 0);
                sum += more;
                sum_x += more * (double)u;
                sum_y += more * (double)v;
            }
        expect_near(sum / 257, at(&sky, k, 2), 0.01 * at(&sky, k, 2));
        expect_near(sum_x / sum, at(&sky, k, 0), 0.05);
        expect_near(sum_y / sum, at(&sky, k, 1), 0.05);
        nchecked++;
    }
    assert_true(nchecked >= 3);
    free(sky.cells);
    free(none.cells);
    ppx_image_free(&image);
    ppx_image_free(&dark);
    ppx_scene_free(scene);
    ppx_scene_free(empty);
}

static void test_stars_order(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++) {
        ppx_scene *scene = scene_of("stars", sizes[s][0], sizes[s][1], 2, "spacing=4");
        truth sky = truth_of(scene);
        double last = -1;
        for (size_t k = 0; k < sky.n; k++) {
            double x = floor(at(&sky, k, 0) + 0.5), y = floor(at(&sky, k, 1) + 0.5);
            assert_true(x >= 0 && x < (double)sizes[s][0] && y >= 0 && y < (double)sizes[s][1]);
            assert_true(y * 1e6 + x >= last);
            last = y * 1e6 + x;
        }
        assert_true(s < 3 || sky.n > 100);
        free(sky.cells);
        ppx_scene_free(scene);
    }
}

static void test_text_truth(void **state) {
    (void)state;
    enum { WIDTH = 320, HEIGHT = 200 };
    ppx_scene *scene = scene_of("text", WIDTH, HEIGHT, 5, "noise=none");
    truth text = truth_of(scene);
    ppx_image image = rows_of(scene, HEIGHT);
    assert_true(text.n > 20);
    static bool in_box[HEIGHT][WIDTH];
    memset(in_box, 0, sizeof in_box);
    for (size_t k = 0; k < text.n; k++) {
        double darkest = 255;
        int code = (int)at(&text, k, 0);
        assert_true((code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '.' ||
                    code == ',');
        ptrdiff_t x0 = (ptrdiff_t)at(&text, k, 1), y0 = (ptrdiff_t)at(&text, k, 2);
        ptrdiff_t width = (ptrdiff_t)at(&text, k, 3), height = (ptrdiff_t)at(&text, k, 4);
        assert_true(x0 + width <= WIDTH && y0 + height <= HEIGHT);
        for (ptrdiff_t y = y0 - 1; y <= y0 + height; y++)
            for (ptrdiff_t x = x0 - 1; x <= x0 + width; x++) {
                in_box[y][x] = true;
                darkest = fmin(darkest, test_sample(&image, x, y, 0));
            }
        assert_true(darkest < 80);
    }
    for (ptrdiff_t y = 0; y < HEIGHT; y++)
        for (ptrdiff_t x = 0; x < WIDTH; x++)
            assert_true(in_box[y][x] || test_sample(&image, x, y, 0) > 200);
    free(text.cells);
    ppx_image_free(&image);
    ppx_scene_free(scene);
}

static void test_no_truth(void **state) {
    (void)state;
    for (size_t k = 0; k < ppx_scene_count(); k++) {
        ppx_scene *scene = scene_of(ppx_scene_name(k), 40, 40, 1, NULL);
        ppx_image labels = image_of(test_shape(40, 40, 1, PPX_U32));
        assert_int_equal(ppx_scene_truth(scene, NULL), ppx_scene_has_truth(k));
        assert_int_equal(ppx_scene_labels(scene, 0, &labels), ppx_scene_has_labels(k));
        ppx_image_free(&labels);
        ppx_scene_free(scene);
    }
}

// ---- Settings ----

static void refused(const char *name, const char *settings, ptrdiff_t side, ppx_status status,
                    const char *word) {
    ppx_scene *scene;
    ppx_error error = {0};
    assert_int_equal(ppx_scene_create(&scene, name, side, side, 1, settings, &error), status);
    assert_null(scene);
    if (!strstr(error.text, word))
        fail_msg("\"%s\" does not say \"%s\"", error.text, word);
}

static void test_refused(void **state) {
    (void)state;
    refused("cell", NULL, 9, PPX_E_USAGE, "\"cells\"");
    refused("zebra-crossing", NULL, 9, PPX_E_USAGE, "parpix gen --help");
    refused("cells", "radios=5", 9, PPX_E_USAGE, "\"radius\"");
    refused("cells", "radius=8x", 9, PPX_E_USAGE, "\"8x\" is not a whole number");
    refused("cells", "radius=", 9, PPX_E_USAGE, "not a whole number");
    refused("cells", "radius=1", 9, PPX_E_USAGE, "2 to 1024");
    refused("cells", "radius", 9, PPX_E_USAGE, "not key=value");
    refused("cells", "radius=9,radius=9", 9, PPX_E_USAGE, "twice");
    refused("cells", "radius=9,", 9, PPX_E_USAGE, "not key=value");
    refused("cells", "radius=50", 9, PPX_E_USAGE, "spacing");
    refused("cells", "soft=30", 9, PPX_E_USAGE, "soft");
    refused("random", "density=101", 9, PPX_E_USAGE, "0 to 100");
    refused("random", "noise=gauss:5", 9, PPX_E_USAGE, "\"gaussian\"");
    refused("random", "noise=gaussian", 9, PPX_E_USAGE, "gaussian:SIGMA");
    refused("random", "noise=gaussian:", 9, PPX_E_USAGE, "not a number");
    refused("random", "noise=gaussian:5y", 9, PPX_E_USAGE, "\"5y\" is not a number");
    refused("random", "noise=salt:101", 9, PPX_E_USAGE, "0 to 100");
    refused("random", "noise=none:1", 9, PPX_E_USAGE, "one of");
    refused("random", "depth=12", 9, PPX_E_USAGE, "8|16");
    refused("gradient", "direction=rigth", 9, PPX_E_USAGE, "\"right\"");
    refused("impulse", "x=9", 9, PPX_E_USAGE, "outside");
    refused("constant", NULL, 0, PPX_E_USAGE, "range");
    refused("constant", NULL, ((ptrdiff_t)1 << 24) + 1, PPX_E_USAGE, "range");
#ifndef STOPS_AT_LARGE_ALLOCATIONS
    // More than the address space: nothing is taken, and what was is given back.
    refused("cells", "spacing=4,radius=4", (ptrdiff_t)1 << 24, PPX_E_MEMORY, "memory");
#endif
}

static void test_text_of_settings(void **state) {
    (void)state;
    ppx_scene *scene = scene_of("random", 9, 9, 1, "noise=salt:2,density=25");
    assert_string_equal(ppx_scene_text(scene),
                        "random:density=25,granularity=1,noise=salt:2,depth=8");
    ppx_scene_free(scene);
    scene = scene_of("impulse", 9, 9, 1, "");
    assert_string_equal(ppx_scene_text(scene), "impulse:value=255,noise=none,depth=8");
    ppx_scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_split),      cmocka_unit_test(test_wide),
        cmocka_unit_test(test_seeds),          cmocka_unit_test(test_golden),
        cmocka_unit_test(test_mandelbrot),     cmocka_unit_test(test_noise),
        cmocka_unit_test(test_formulas),       cmocka_unit_test(test_16_bits),
        cmocka_unit_test(test_density),        cmocka_unit_test(test_spiral),
        cmocka_unit_test(test_maze),           cmocka_unit_test(test_cells_truth),
        cmocka_unit_test(test_cells_distance), cmocka_unit_test(test_cells_light),
        cmocka_unit_test(test_stars_flux),     cmocka_unit_test(test_stars_order),
        cmocka_unit_test(test_text_truth),     cmocka_unit_test(test_no_truth),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_text_of_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
