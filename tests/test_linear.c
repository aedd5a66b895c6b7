// test_linear.c: convolve, box, gaussian and sobel against sums in double, on every runner.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Fills expected[(y * width + x) * channels + c].
typedef void oracle_function(const ppx_image *in, const void *context, double *expected);

typedef struct trial {
    const char *spec;    // of a chain; file= means `weights`
    const char *weights; // the content of any file
    oracle_function *oracle;
    const void *context;
    double most[PPX_NTYPES]; // difference allowed, by type
} trial;

static ppx_status weights_reader(void *context, char **text, const char *path, ppx_error *error) {
    (void)path, (void)error;
    *text = malloc(strlen(context) + 1);
    strcpy(*text, context);
    return PPX_OK;
}

static ppx_status try_run(const trial *t, const ppx_image *in, const ppx_runner *runner,
                          ppx_image *out, ppx_error *error) {
    ppx_chain *chain;
    *out = (ppx_image){0};
    ppx_status status = ppx_chain_parse(&chain, t->spec, t->weights ? weights_reader : NULL,
                                        (void *)(uintptr_t)t->weights, error);
    if (!status) {
        ppx_band band = ppx_band_whole(ppx_image_view(in, 0, in->shape.height));
        status = ppx_run(chain, runner, &band, NULL, NULL, error);
        *out = band.rows;
    }
    ppx_chain_free(chain);
    return status;
}

static ppx_image run(const trial *t, const ppx_image *in, const ppx_runner *runner) {
    ppx_error error = {0};
    ppx_image out;
    if (try_run(t, in, runner, &out, &error))
        fail_msg("%s: %s", t->spec, error.text);
    return out;
}

static size_t samples_of(const ppx_image *in) {
    return (size_t)in->shape.width * (size_t)in->shape.height * (size_t)in->shape.channels;
}

static void compare(const trial *t, const ppx_image *in, const ppx_image *got,
                    const double *expected) {
    int channels = in->shape.channels;
    assert_true(ppx_shape_equal(got->shape, in->shape));
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < channels; c++) {
                bool alpha = channels % 2 == 0 && c == channels - 1;
                double a = test_sample(got, x, y, c), most = alpha ? 0 : t->most[in->shape.type];
                double b = alpha ? test_sample(in, x, y, c)
                                 : expected[(y * in->shape.width + x) * channels + c];
                if (!(fabs(a - b) <= most))
                    fail_msg("%s, %s, %td x %td x %d %s: (%td, %td) channel %d: %.9g, wanted %.9g",
                             t->spec, ppx_simd_name(ppx_simd_level()), in->shape.width,
                             in->shape.height, channels, ppx_type_name(in->shape.type), x, y, c, a,
                             b);
            }
}

static void check_omp(const trial *t, const ppx_image *in, const ppx_image *serial) {
    static const int threads[] = {1, 2, 3, 5};
    for (int k = 0; k < 8; k++) {
        omp_set_num_threads(threads[k / 2]);
        omp_set_schedule(k % 2 ? omp_sched_dynamic : omp_sched_static, k % 2);
        ppx_image got = run(t, in, &ppx_runner_omp);
        test_expect_equal(&got, serial, 0, t->spec);
        ppx_image_free(&got);
    }
}

// Every level against the oracle and against each other; threads on images of more than a strip.
static void check(const trial *t, const ppx_image *in) {
    double *expected = calloc(samples_of(in), sizeof *expected);
    t->oracle(in, t->context, expected);
    ppx_image first = {0};
    TEST_EACH_LEVEL(level) {
        ppx_image got = run(t, in, &ppx_runner_serial);
        compare(t, in, &got, expected);
        if (!first.own) {
            first = got;
            continue;
        }
        test_expect_equal(&got, &first, 0, t->spec);
        ppx_image_free(&got);
    }
    if (in->shape.height > PPX_STRIP)
        check_omp(t, in, &first);
    ppx_image_free(&first);
    free(expected);
}

static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

// Every type, number of channels and shape of image; the largest not with every number of channels.
static void check_shapes(const trial *t) {
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                         {19, 63}, {21, 64}, {23, 65}, {257, 129}};
    for (int type = 0; type < 3; type++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 8; s++) {
                if (s == 7 && channels != type + 1)
                    continue;
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[type]);
                ppx_image in = test_image(shape, (test_texture)((s + type) % TEST_NTEXTURES), 3);
                check(t, &in);
                ppx_image_free(&in);
            }
}

// ---- Separable sums, for box and gaussian ----

typedef struct window {
    int rx, ry, border;
    double sigma; // 0: all weights 1
} window;

// Weights with the sum 1.
static void make_weights(double *weight, int radius, double sigma) {
    double sum = 0;
    for (int k = -radius; k <= radius; k++)
        sum += weight[k + radius] = sigma > 0 ? exp(-0.5 * (k / sigma) * (k / sigma)) : 1;
    for (int k = 0; sigma > 0 && k <= 2 * radius; k++)
        weight[k] /= sum;
}

static double row_sum(const ppx_image *in, const window *w, const double *weight, ptrdiff_t x,
                      ptrdiff_t y, int c) {
    double sum = 0;
    for (int k = -w->rx; k <= w->rx; k++)
        sum += weight[k + w->rx] * test_sample_border(in, x + k, y, c, w->border);
    return sum;
}

static void window_sums(const ppx_image *in, const window *w, double *sums) {
    double across[1001], down[1001];
    make_weights(across, w->rx, w->sigma);
    make_weights(down, w->ry, w->sigma);
    ptrdiff_t width = in->shape.width, height = in->shape.height;
    double *column = calloc((size_t)(height + 2 * w->ry), sizeof *column);
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < in->shape.channels; c++) {
            for (ptrdiff_t y = -w->ry; y < height + w->ry; y++)
                column[y + w->ry] = row_sum(in, w, across, x, y, c);
            for (ptrdiff_t y = 0; y < height; y++) {
                double sum = 0;
                for (int k = 0; k <= 2 * w->ry; k++)
                    sum += down[k] * column[y + k];
                sums[(y * width + x) * in->shape.channels + c] = sum;
            }
        }
    free(column);
}

static void box_oracle(const ppx_image *in, const void *context, double *expected) {
    const window *w = context;
    window_sums(in, w, expected);
    double area = (2.0 * w->rx + 1) * (2.0 * w->ry + 1);
    for (size_t k = 0; k < samples_of(in); k++)
        expected[k] = in->shape.type == PPX_F32 ? expected[k] / area
                                                : floor((2 * expected[k] + area) / (2 * area));
}

static void gaussian_oracle(const ppx_image *in, const void *context, double *expected) {
    window_sums(in, context, expected);
}

static trial box_trial(char spec[80], const window *w) {
    (void)snprintf(spec, 80, "box:rx=%d,ry=%d,border=%s", w->rx, w->ry, test_borders[w->border]);
    return (trial){spec, NULL, box_oracle, w, {0, 0, 0, 1e-7}};
}

static trial gaussian_trial(char spec[80], const window *w) {
    (void)snprintf(spec, 80, "gaussian:sigma=%.17g,border=%s", w->sigma, test_borders[w->border]);
    return (trial){spec, NULL, gaussian_oracle, w, {0.999, 4, 0, 1e-5}};
}

// ---- box ----

static void test_box(void **state) {
    (void)state;
    static const int radii[][2] = {{0, 0}, {1, 1}, {7, 7}, {2, 0}, {0, 3}, {5, 40}};
    for (int r = 0; r < 6; r++)
        for (int border = 0; border < 4; border++) {
            window w = {radii[r][0], radii[r][1], border, 0};
            char spec[80];
            trial t = box_trial(spec, &w);
            check_shapes(&t);
        }
}

// Column sums beyond 16 bits, row sums beyond 32, windows larger than the image.
static void test_box_large(void **state) {
    (void)state;
    static const int radii[][2] = {{3, 128}, {3, 129}, {91, 90}, {130, 130}, {500, 500}};
    for (int r = 0; r < 5; r++)
        for (int type = 0; type < 3; type++)
            for (int texture = 0; texture < 2; texture++) {
                window w = {radii[r][0], radii[r][1], (r + type + texture) % 4, 0};
                char spec[80];
                trial t = box_trial(spec, &w);
                t.most[PPX_F32] = 1e-6;
                ppx_shape shape = test_shape(37, 65, 1 + (r + type) % 4, types[type]);
                ppx_image in = test_image(shape, texture ? TEST_EXTREMES : TEST_NOISE, 8);
                check(&t, &in);
                ppx_image_free(&in);
            }
}

// Every sum that a small window can have: an image of one row whose mean over three pixels of the
// column's width steps through all of them.
static void test_box_division(void **state) {
    (void)state;
    static const int areas[] = {3, 5, 7, 9, 15, 25, 49, 121, 225, 441};
    for (int a = 0; a < 10; a++) {
        int area = areas[a], nsums = 255 * area + 1;
        // Window number s, at pixel s * area + area / 2, holds samples with the sum s.
        ppx_image in = test_image(test_shape((ptrdiff_t)nsums * area, 1, 1, PPX_U8), TEST_NOISE, 1);
        uint8_t *row = ppx_image_row(&in, 0);
        for (ptrdiff_t s = 0; s < nsums; s++)
            for (ptrdiff_t k = 0; k < area; k++)
                row[s * area + k] = (uint8_t)(s / area + (k < s % area));
        char spec[80];
        (void)snprintf(spec, sizeof spec, "box:rx=%d,ry=0", area / 2);
        trial t = {.spec = spec};
        TEST_EACH_LEVEL(level) {
            ppx_image out = run(&t, &in, &ppx_runner_serial);
            const uint8_t *got = ppx_image_row(&out, 0);
            for (ptrdiff_t s = 0; s < nsums; s++)
                if (got[s * area + area / 2] != (2 * s + area) / (2 * area))
                    fail_msg("%s: %td / %d gives %d", spec, s, area, got[s * area + area / 2]);
            ppx_image_free(&out);
        }
        ppx_image_free(&in);
    }
}

static void test_box_parameters(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(5, 5, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("box", &in), "radius="));
    assert_non_null(strstr(test_run_refused("box:rx=2", &in), "radius="));
    assert_non_null(strstr(test_run_refused("box:radius=501", &in), "range"));
    trial both = {.spec = "box:radius=1,ry=2"}, same = {.spec = "box:rx=1,ry=2"};
    ppx_image a = run(&both, &in, &ppx_runner_serial), b = run(&same, &in, &ppx_runner_serial);
    test_expect_equal(&a, &b, 0, "radius and ry");
    ppx_image_free(&a);
    ppx_image_free(&b);
    ppx_image_free(&in);
}

// ---- gaussian ----

static int gaussian_radius(double sigma) {
    return (int)ceil(4 * sigma);
}

static window gaussian_window(double sigma, int border) {
    return (window){gaussian_radius(sigma), gaussian_radius(sigma), border, sigma};
}

static void test_gaussian(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 0.7, 1, 1.6, 2};
    for (int s = 0; s < 5; s++)
        for (int border = 0; border < 4; border++) {
            window w = gaussian_window(sigmas[s], border);
            char spec[80];
            trial t = gaussian_trial(spec, &w);
            check_shapes(&t);
        }
}

static void test_gaussian_large(void **state) {
    (void)state;
    static const double sigmas[] = {3.3, 6, 9.9, 10, 10.1, 25, 100};
    for (int s = 0; s < 7; s++)
        for (int type = 0; type < 3; type++) {
            window w = gaussian_window(sigmas[s], (s + type) % 4);
            char spec[80];
            trial t = gaussian_trial(spec, &w);
            ppx_shape shape = test_shape(33, 65, 1 + (s + type) % 4, types[type]);
            ppx_image in = test_image(shape, s % 2 ? TEST_NOISE : TEST_EXTREMES, 8);
            check(&t, &in);
            ppx_image_free(&in);
        }
}

static ppx_image constant_image(ppx_type type, double value) {
    ppx_image image = test_image(test_shape(21, 3, 1, type), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 3; y++)
        for (ptrdiff_t x = 0; x < 21; x++)
            if (type == PPX_U8)
                ((uint8_t *)ppx_image_row(&image, y))[x] = (uint8_t)value;
            else
                ((uint16_t *)ppx_image_row(&image, y))[x] = (uint16_t)value;
    return image;
}

static void test_gaussian_constant(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 0.31, 0.5, 1, 1.7, 2, 3.3, 5, 7.9, 10, 10.1, 30, 100};
    for (int s = 0; s < 13; s++)
        for (int type = 0; type < 2; type++)
            for (int v = 0; v < 256; v += s < 10 || v == 254 ? 1 : 2) {
                ppx_image in = constant_image(types[type], type ? 257 * v : v);
                char spec[80];
                (void)snprintf(spec, sizeof spec, "gaussian:sigma=%g,border=%s", sigmas[s],
                               test_borders[v % 3]);
                trial t = {.spec = spec};
                ppx_image out = run(&t, &in, &ppx_runner_serial);
                test_expect_equal(&out, &in, 0, spec);
                ppx_image_free(&in);
                ppx_image_free(&out);
            }
}

// The input that makes the rounding of the weights worst at its centre: 255 where weights of 16
// bits, as the kernel's opening defines them, are too large, 0 where they are too small.
static ppx_image adversary(double sigma, bool mirrored) {
    int radius = gaussian_radius(sigma), size = 2 * radius + 1;
    double exact[1001], fixed[1001], left = 1;
    make_weights(exact, radius, sigma);
    for (int k = 1; k <= radius; k++) {
        fixed[radius + k] = fixed[radius - k] = floor(exact[radius + k] * 131072 + 0.5) / 131072;
        left -= 2 * fixed[radius + k];
    }
    fixed[radius] = left;
    ppx_image image = test_image(test_shape(size, size, 1, PPX_U8), TEST_NOISE, 1);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            bool more = fixed[x] * fixed[y] > exact[x] * exact[y];
            ((uint8_t *)ppx_image_row(&image, y))[x] = more != mirrored ? 255 : 0;
        }
    return image;
}

static void test_gaussian_adversary(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 0.5, 0.77, 1, 1.25, 2, 2.9, 4, 5.5, 7, 8.4, 9.3, 10};
    for (int k = 0; k < 26; k++) {
        window w = gaussian_window(sigmas[k / 2], k % 4);
        char spec[80];
        trial t = gaussian_trial(spec, &w);
        ppx_image in = adversary(w.sigma, k % 2);
        check(&t, &in);
        ppx_image_free(&in);
    }
}

// ---- sobel ----

typedef struct sobel_context {
    bool l1;
    int border;
} sobel_context;

static void sobel_oracle(const ppx_image *in, const void *context, double *expected) {
    static const double smooth[] = {1, 2, 1}, difference[] = {-1, 0, 1};
    static const double most[PPX_NTYPES] = {255, 65535, 0, INFINITY};
    const sobel_context *s = context;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                double gx = 0, gy = 0;
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++) {
                        double v = test_sample_border(in, x + i - 1, y + j - 1, c, s->border);
                        gx += difference[i] * smooth[j] * v;
                        gy += smooth[i] * difference[j] * v;
                    }
                double size = s->l1 ? fabs(gx) + fabs(gy) : sqrt(gx * gx + gy * gy);
                if (in->shape.type != PPX_F32)
                    size = floor(size + 0.5);
                *expected++ = fmin(size, most[in->shape.type]);
            }
}

static void test_sobel(void **state) {
    (void)state;
    for (int k = 0; k < 8; k++) {
        sobel_context s = {k / 4, k % 4};
        char spec[80];
        (void)snprintf(spec, sizeof spec, "sobel:norm=%s,border=%s", s.l1 ? "l1" : "l2",
                       test_borders[s.border]);
        trial t = {spec, NULL, sobel_oracle, &s, {0, 0, 0, 2e-6}};
        check_shapes(&t);
    }
}

// Every pair of gradients up to 260 of u8: pixels (3 k, 1) see gx = a and gy = b, or nearly so.
static void test_sobel_roots(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(3 * 261, 3 * 131, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < in.shape.height; y++)
        memset(ppx_image_row(&in, y), 0, (size_t)in.shape.width);
    for (int a = 0; a <= 260; a++)
        for (int b = 0; b <= 130; b++) {
            // gx = 2 right + corner, gy = 2 below + corner
            uint8_t *middle = ppx_image_row(&in, 3 * b + 1), *below = ppx_image_row(&in, 3 * b + 2);
            int corner = (a % 2);
            middle[3 * a + 2] = (uint8_t)((a - corner) / 2);
            below[3 * a + 1] = (uint8_t)b;
            below[3 * a + 2] = (uint8_t)corner;
        }
    sobel_context s = {false, 0};
    trial t = {"sobel", NULL, sobel_oracle, &s, {0}};
    check(&t, &in);
    ppx_image_free(&in);
}

// ---- convolve ----

typedef struct matrix {
    int width, height, border;
    double scale, offset;
    const double *weight;
} matrix;

static void convolve_oracle(const ppx_image *in, const void *context, double *expected) {
    const matrix *m = context;
    const double most = in->shape.type == PPX_U8 ? 255 : 65535;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                double sum = 0;
                for (int j = 0; j < m->height; j++)
                    for (int i = 0; i < m->width; i++)
                        sum += m->weight[j * m->width + i] *
                               test_sample_border(in, x + i - m->width / 2, y + j - m->height / 2,
                                                  c, m->border);
                sum = sum / m->scale + m->offset;
                if (in->shape.type != PPX_F32)
                    sum = fmax(0, fmin(most, floor(sum + 0.5)));
                *expected++ = sum;
            }
}

static void test_convolve_names(void **state) {
    (void)state;
    static const char *const names[] = {"sharpen", "emboss", "laplacian4", "laplacian8"};
    static const double weights[][9] = {{0, -1, 0, -1, 5, -1, 0, -1, 0},
                                        {-2, -1, 0, -1, 1, 1, 0, 1, 2},
                                        {0, 1, 0, 1, -4, 1, 0, 1, 0},
                                        {1, 1, 1, 1, -8, 1, 1, 1, 1}};
    static const double scales[] = {1, 1, 3, -2}, offsets[] = {0, 7, 128, 0.5};
    for (int k = 0; k < 16; k++) {
        matrix m = {3, 3, k % 4, scales[k / 4], offsets[(k + k / 4) % 4], weights[k / 4]};
        char spec[120];
        (void)snprintf(spec, sizeof spec, "convolve:kernel=%s,border=%s,scale=%g,offset=%g",
                       names[k / 4], test_borders[m.border], m.scale, m.offset);
        trial t = {spec, NULL, convolve_oracle, &m, {0, 0, 0, 1e-5}};
        check_shapes(&t);
    }
}

// Whole weights for each width of the sums, and fractions; sizes up to the largest.
static void test_convolve_files(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {5, 1}, {1, 7}, {5, 3}, {9, 9}, {31, 31}};
    static const double factors[] = {1, 100, 1e6, 0.37};
    static char text[31 * 31 * 24];
    double weight[31 * 31];
    for (int k = 0; k < 24; k++) {
        int width = sizes[k / 4][0], height = sizes[k / 4][1];
        size_t used = (size_t)sprintf(text, "# made by a test\n\n");
        for (int i = 0; i < width * height; i++) {
            weight[i] = ((double)(test_random(77, (uint64_t)i) % 21) - 8) * factors[k % 4];
            bool last = (i + 1) % width == 0;
            used += (size_t)sprintf(text + used, "%.17g%s", weight[i],
                                    !last ? (i % 2 ? " " : ", ") : "\t# end\r\n");
        }
        matrix m = {width, height, k % 3, 16 * factors[k % 4], 9, weight};
        char spec[120];
        (void)snprintf(spec, sizeof spec, "convolve:file=any,scale=%.17g,offset=9,border=%s",
                       m.scale, test_borders[m.border]);
        trial t = {spec, text, convolve_oracle, &m, {0, 0, 0, 1e-5}};
        for (int type = 0; type < 3; type++) {
            ppx_image in = test_image(test_shape(39, 66, 1 + k % 4, types[type]), TEST_NOISE, 4);
            check(&t, &in);
            ppx_image_free(&in);
        }
    }
}

static void copy_oracle(const ppx_image *in, const void *context, double *expected) {
    (void)context;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < in->shape.channels; c++)
                *expected++ = test_sample(in, x, y, c);
}

static void test_identities(void **state) {
    (void)state;
    trial one = {"convolve:file=any", "1", copy_oracle, NULL, {0}};
    check_shapes(&one);
    trial five = {"convolve:file=any", "0 0 0 0 0\n0 0 1 0 0\n0 0 0 0 0", copy_oracle, NULL, {0}};
    check_shapes(&five);
    trial box = {"box:radius=0", NULL, copy_oracle, NULL, {0}};
    check_shapes(&box);
}

static void test_convolve_refused(void **state) {
    (void)state;
    static const struct {
        const char *spec, *weights, *says;
    } cases[] = {
        {"convolve", NULL, "kernel= or file="},
        {"convolve:kernel=sharpen,file=any", "1", "kernel= or file="},
        {"convolve:kernel=sharpen,scale=0", NULL, "scale"},
        {"convolve:file=any", "", "0 x 0"},
        {"convolve:file=any", "# nothing\n\n", "0 x 0"},
        {"convolve:file=any", "1 2\n3 4\n", "2 x 2"},
        {"convolve:file=any", "1 2 3\n3 4 5\n", "3 x 2"},
        {"convolve:file=any", "1 2 3\n\n1 2 # 3\n1 2 3", "line 3 of the weights: 2 numbers"},
        {"convolve:file=any", "1 2 3\n1 2 3 4\n1 2 3", "line 2 of the weights: 4 numbers"},
        {"convolve:file=any", "1 2 3\n1 x 3\n1 2 3", "line 2 of the weights: \"x\""},
        {"convolve:file=any", "1 2 nan", "\"nan\""},
        {"convolve:file=any", "1 2 1e999", "\"1e999\""},
        {"convolve:file=any",
         "1234567890123456789012345678901234567890123456789012345678901234567890",
         "is not a number"},
        {"convolve:file=any", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
         "line 1 of the weights: more than 31 in a row"},
        {"convolve:file=any",
         "1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1"
         "\n1\n1\n1\n",
         "line 32 of the weights: more than 31 rows"},
    };
    ppx_image in = test_image(test_shape(5, 5, 1, PPX_U8), TEST_NOISE, 1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        trial t = {.spec = cases[k].spec, .weights = cases[k].weights};
        ppx_error error = {0};
        ppx_image out;
        assert_int_not_equal(try_run(&t, &in, &ppx_runner_serial, &out, &error), PPX_OK);
        if (!strstr(error.text, cases[k].says))
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[k].says);
    }
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_box_large),
        cmocka_unit_test(test_box_division),
        cmocka_unit_test(test_box_parameters),
        cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_gaussian_large),
        cmocka_unit_test(test_gaussian_constant),
        cmocka_unit_test(test_gaussian_adversary),
        cmocka_unit_test(test_sobel),
        cmocka_unit_test(test_sobel_roots),
        cmocka_unit_test(test_convolve_names),
        cmocka_unit_test(test_convolve_files),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_convolve_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
