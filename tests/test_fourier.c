// test_fourier.c: fft, ifft, spectrum, bandpass and phase-correlate beside sums in double.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

// ---- The oracle: the definition, along rows and then along columns ------------------------------

typedef struct field {
    ptrdiff_t width, height;
    double *re, *im;
} field;

static field field_create(ptrdiff_t width, ptrdiff_t height) {
    field f = {width, height, calloc((size_t)(width * height), sizeof(double)),
               calloc((size_t)(width * height), sizeof(double))};
    assert_non_null(f.re);
    assert_non_null(f.im);
    return f;
}

static void field_free(field *f) {
    free(f->re);
    free(f->im);
}

static field field_of(const ppx_image *image) {
    field f = field_create(image->shape.width, image->shape.height);
    for (ptrdiff_t y = 0; y < f.height; y++)
        for (ptrdiff_t x = 0; x < f.width; x++) {
            f.re[y * f.width + x] = test_sample(image, x, y, 0);
            if (image->shape.channels == 2)
                f.im[y * f.width + x] = test_sample(image, x, y, 1);
        }
    return f;
}

// n numbers, `step` apart.
static void sum_line(double *re, double *im, ptrdiff_t n, ptrdiff_t step, int sign) {
    double *to = calloc((size_t)(4 * n), sizeof *to), *cosine = to + 2 * n, *sine = to + 3 * n;
    assert_non_null(to);
    for (ptrdiff_t k = 0; k < n; k++) {
        cosine[k] = cos(2 * PI * (double)k / (double)n);
        sine[k] = sign * sin(2 * PI * (double)k / (double)n);
    }
    for (ptrdiff_t k = 0; k < n; k++)
        for (ptrdiff_t j = 0; j < n; j++) {
            double c = cosine[j * k % n], s = sine[j * k % n];
            to[k] += re[j * step] * c - im[j * step] * s;
            to[n + k] += re[j * step] * s + im[j * step] * c;
        }
    for (ptrdiff_t k = 0; k < n; k++) {
        re[k * step] = to[k];
        im[k * step] = to[n + k];
    }
    free(to);
}

// The transform in place: -1 forward, +1 back (without the division).
static void transform(field *f, int sign) {
    for (ptrdiff_t y = 0; y < f->height; y++)
        sum_line(f->re + y * f->width, f->im + y * f->width, f->width, 1, sign);
    for (ptrdiff_t x = 0; x < f->width; x++)
        sum_line(f->re + x, f->im + x, f->height, f->width, sign);
}

static double rms_of(const field *f) {
    double sum = 0;
    for (ptrdiff_t k = 0; k < f->width * f->height; k++)
        sum += f->re[k] * f->re[k] + f->im[k] * f->im[k];
    return sqrt(sum / (double)(f->width * f->height));
}

// ---- fft and ifft -------------------------------------------------------------------------------

// At each level: as many columns as come out are those of the oracle, within `most` of its rms.
static void check_fft(ppx_shape shape, test_texture texture, double most) {
    ppx_image in = test_image(shape, texture, 11);
    field wanted = field_of(&in);
    transform(&wanted, -1);
    const ptrdiff_t width = shape.channels == 1 ? shape.width / 2 + 1 : shape.width;
    const double rms = rms_of(&wanted);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run("fft", &in, &ppx_runner_serial, NULL);
        const ppx_shape out = test_shape(width, shape.height, 2, PPX_F32);
        assert_true(ppx_shape_equal(got.shape, out));
        double sum = 0;
        for (ptrdiff_t y = 0; y < shape.height; y++)
            for (ptrdiff_t x = 0; x < width; x++) {
                double re = test_sample(&got, x, y, 0) - wanted.re[y * shape.width + x];
                double im = test_sample(&got, x, y, 1) - wanted.im[y * shape.width + x];
                sum += re * re + im * im;
            }
        double error = sqrt(sum / (double)(width * shape.height));
        if (!(error <= most * rms))
            fail_msg("fft of %td x %td x %d %s at %s: error %g of %g", shape.width, shape.height,
                     shape.channels, ppx_type_name(shape.type), ppx_simd_name(level), error, rms);
        ppx_image_free(&got);
    }
    field_free(&wanted);
    ppx_image_free(&in);
}

static bool is_smooth(ptrdiff_t n) {
    for (ptrdiff_t p = 2; p <= 5; p++)
        while (n % p == 0)
            n /= p;
    return n == 1;
}

// The error that fft.c states.
static double stated(ptrdiff_t width, ptrdiff_t height) {
    return is_smooth(width) && is_smooth(height) ? 2e-7 : 5e-7;
}

static void test_lengths(void **state) {
    (void)state;
    static const ptrdiff_t larger[] = {67,  71,  97,  101, 120, 125, 127, 128, 131,
                                       135, 144, 243, 250, 251, 256, 257, 300, 509};
    for (ptrdiff_t k = 1; k <= 64 + 18; k++) {
        ptrdiff_t n = k <= 64 ? k : larger[k - 65];
        check_fft(test_shape(n, 3, 1, PPX_F32), TEST_NOISE, stated(n, 3));
        check_fft(test_shape(3, n, 1, PPX_F32), TEST_NOISE, stated(n, 3));
        check_fft(test_shape(n, 2, 2, PPX_F32), TEST_NOISE, stated(n, 2));
        if (n <= 64 && k % 7 == 0)
            check_fft(test_shape(n, n + 5, 1, PPX_F32), TEST_EXTREMES, stated(n, n + 5));
    }
}

static void test_types(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {65, 64}, {66, 129}};
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < 6; s++)
            for (int texture = 0; texture < TEST_NTEXTURES; texture++)
                check_fft(test_shape(sizes[s][0], sizes[s][1], 1, types[t]), (test_texture)texture,
                          5e-7);
}

static void test_round_trip(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {2, 1},   {1, 37},    {37, 1},  {17, 13},
                                         {64, 65}, {65, 64}, {257, 129}, {300, 70}};
    for (int s = 0; s < 9; s++) {
        const ptrdiff_t width = sizes[s][0], height = sizes[s][1];
        ppx_image real = test_image(test_shape(width, height, 1, PPX_F32), TEST_NOISE, 5);
        ppx_image complex = test_image(test_shape(width, height, 2, PPX_F32), TEST_NOISE, 6);
        const char *back = width % 2 ? "fft+ifft:of=odd" : "fft+ifft:of=even";
        TEST_EACH_LEVEL(level) {
            ppx_image got = test_run(back, &real, &ppx_runner_serial, NULL);
            test_expect_equal(&got, &real, 2e-6, back);
            ppx_image_free(&got);
            got = test_run("fft+ifft", &complex, &ppx_runner_serial, NULL);
            test_expect_equal(&got, &complex, 2e-6, "fft+ifft");
            ppx_image_free(&got);
        }
        ppx_image_free(&real);
        ppx_image_free(&complex);
    }
}

// Parseval: the squares of a transform add up to width * height times those of the image.
static void test_parseval(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(203, 160, 2, PPX_F32), TEST_NOISE, 8);
    ppx_image out = test_run("fft", &in, &ppx_runner_serial, NULL);
    field before = field_of(&in), after = field_of(&out);
    double ratio = rms_of(&after) / rms_of(&before) / sqrt(203.0 * 160);
    assert_true(fabs(ratio - 1) < 2e-6);
    field_free(&before);
    field_free(&after);
    ppx_image_free(&in);
    ppx_image_free(&out);
}

// ifft has the definition's sign and scale, not only fft's inverse ones.
static void test_inverse(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(20, 21, 2, PPX_F32), TEST_NOISE, 9);
    field wanted = field_of(&in);
    transform(&wanted, 1);
    ppx_image got = test_run("ifft", &in, &ppx_runner_serial, NULL);
    for (ptrdiff_t y = 0; y < 21; y++)
        for (ptrdiff_t x = 0; x < 20; x++) {
            assert_true(fabs(test_sample(&got, x, y, 0) - wanted.re[y * 20 + x] / 420) < 1e-6);
            assert_true(fabs(test_sample(&got, x, y, 1) - wanted.im[y * 20 + x] / 420) < 1e-6);
        }
    field_free(&wanted);
    ppx_image_free(&in);
    ppx_image_free(&got);
}

// ---- spectrum and bandpass ----------------------------------------------------------------------

static double signed_frequency(ptrdiff_t k, ptrdiff_t n) {
    return (double)(k > n / 2 ? k - n : k) / (double)n;
}

static void check_spectrum(ppx_shape shape) {
    static const double most[] = {255, 65535, 0, 1};
    const ptrdiff_t width = shape.width, height = shape.height;
    ppx_image in = test_image(shape, TEST_NOISE, 21);
    field f = field_of(&in);
    transform(&f, -1);
    const double scale = 255 / log(1 + most[shape.type] * (double)(width * height));
    const double far = 4e-6 * rms_of(&f);
    TEST_EACH_LEVEL(level) {
        ppx_image whole = test_run("spectrum", &in, &ppx_runner_serial, NULL);
        ppx_image real = test_run("spectrum:as=f32", &in, &ppx_runner_serial, NULL);
        assert_true(ppx_shape_equal(whole.shape, test_shape(width, height, 1, PPX_U8)));
        assert_true(ppx_shape_equal(real.shape, test_shape(width, height, 1, PPX_F32)));
        for (ptrdiff_t v = 0; v < height; v++)
            for (ptrdiff_t u = 0; u < width; u++) {
                ptrdiff_t x = (u + width / 2) % width, y = (v + height / 2) % height;
                double size = hypot(f.re[v * width + u], f.im[v * width + u]), m = log(1 + size);
                double error = far / (1 + size) + 1e-6 * (1 + m);
                double got = test_sample(&real, x, y, 0), level_of = fmin(m * scale, 255);
                if (!(fabs(got - m) <= error))
                    fail_msg("spectrum of %td x %td %s: (%td, %td) is %.9g, wanted %.9g", width,
                             height, ppx_type_name(shape.type), x, y, got, m);
                assert_true(fabs(test_sample(&whole, x, y, 0) - level_of) <= 0.5 + error * scale);
            }
        ppx_image_free(&whole);
        ppx_image_free(&real);
    }
    field_free(&f);
    ppx_image_free(&in);
}

static void test_spectrum(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    static const ptrdiff_t sizes[][2] = {{1, 1},   {2, 2},   {1, 37},  {37, 1},
                                         {17, 13}, {64, 65}, {65, 64}, {130, 70}};
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < 8; s++)
            check_spectrum(test_shape(sizes[s][0], sizes[s][1], 1, types[t]));
}

static void check_bandpass(ppx_shape shape, double low, double high) {
    static const double most[] = {255, 65535, 0, 1};
    const ptrdiff_t width = shape.width, height = shape.height;
    char spec[80];
    (void)snprintf(spec, sizeof spec, "bandpass:low=%g,high=%g", low, high);
    ppx_image in = test_image(shape, TEST_NOISE, 22);
    field f = field_of(&in);
    transform(&f, -1);
    for (ptrdiff_t v = 0; v < height; v++)
        for (ptrdiff_t u = 0; u < width; u++) {
            double f2 = pow(signed_frequency(u, width), 2) + pow(signed_frequency(v, height), 2);
            double by = high > 0 ? 1 / (1 + pow(f2 / (high * high), 2)) : 1;
            if (low > 0)
                by *= pow(f2 / (low * low), 2) / (1 + pow(f2 / (low * low), 2));
            f.re[v * width + u] *= by / (double)(width * height);
            f.im[v * width + u] *= by / (double)(width * height);
        }
    transform(&f, 1);
    const double middle = low > 0 ? (most[shape.type] + 1) / 2 : 0;
    const double error = 3e-6 * most[shape.type] + (shape.type == PPX_F32 ? 0 : 0.5);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, &in, &ppx_runner_serial, NULL);
        assert_true(ppx_shape_equal(got.shape, shape));
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++) {
                double wanted = f.re[y * width + x];
                if (shape.type != PPX_F32)
                    wanted = fmax(0, fmin(most[shape.type], wanted + middle));
                double value = test_sample(&got, x, y, 0);
                if (!(fabs(value - wanted) <= error))
                    fail_msg("%s of %td x %td %s at %s: (%td, %td) is %.9g, wanted %.9g", spec,
                             width, height, ppx_type_name(shape.type), ppx_simd_name(level), x, y,
                             value, wanted);
            }
        ppx_image_free(&got);
    }
    field_free(&f);
    ppx_image_free(&in);
}

static void test_bandpass(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {65, 64}, {64, 130}};
    static const double limits[][2] = {{0, 0}, {0, 0.1}, {0.05, 0}, {0.02, 0.2}};
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < 6; s++)
            for (int k = 0; k < 4; k++)
                check_bandpass(test_shape(sizes[s][0], sizes[s][1], 1, types[t]), limits[k][0],
                               limits[k][1]);
}

// ---- phase-correlate ----------------------------------------------------------------------------

typedef struct found {
    double dx, dy, peak;
    int n;
} found;

static void take_found(void *context, const char *kernel, const char *key, double value) {
    found *f = context;
    assert_string_equal(kernel, "phase-correlate");
    if (strcmp(key, "dx") == 0)
        f->dx = value;
    else if (strcmp(key, "dy") == 0)
        f->dy = value;
    else if (strcmp(key, "peak") == 0)
        f->peak = value;
    else
        fail_msg("a finding %s", key);
    f->n++;
}

static ppx_status load_given(void *context, const char *path, ppx_shape wanted, bool whole,
                             ppx_band *band, ppx_error *error) {
    (void)path, (void)whole;
    const ppx_image *given = context;
    ppx_image copy;
    assert_true(ppx_shape_equal(wanted, given->shape));
    ppx_status status = ppx_image_create(&copy, wanted, error);
    if (!status)
        ppx_image_copy(&copy, given);
    *band = ppx_band_whole(copy);
    return status;
}

static found correlate(const char *spec, const ppx_image *in, const ppx_image *with,
                       const ppx_runner *runner, ppx_image *surface) {
    ppx_error error;
    ppx_chain *chain;
    found f = {0};
    const ppx_sink sink = {&f, take_found, NULL};
    const ppx_run_options options = {.iterations = 1,
                                     .sink = &sink,
                                     .load = load_given,
                                     .load_context = (void *)(uintptr_t)with};
    if (ppx_chain_parse(&chain, spec, NULL, NULL, &error))
        fail_msg("%s", error.text);
    ppx_image copy;
    assert_int_equal(ppx_image_create(&copy, in->shape, &error), PPX_OK);
    ppx_image_copy(&copy, in);
    ppx_band band = ppx_band_whole(copy);
    if (ppx_run(chain, runner, &band, &options, NULL, &error))
        fail_msg("%s", error.text);
    ppx_chain_free(chain);
    assert_int_equal(f.n, 3);
    if (surface)
        *surface = band.rows;
    else
        ppx_image_free(&band.rows);
    return f;
}

// The image moved by (dx, dy), which need not be whole, around its edges: by the oracle.
static ppx_image moved(const ppx_image *in, double dx, double dy) {
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    field f = field_of(in);
    transform(&f, -1);
    for (ptrdiff_t v = 0; v < height; v++)
        for (ptrdiff_t u = 0; u < width; u++) {
            double *re = &f.re[v * width + u], *im = &f.im[v * width + u];
            bool middle =
                (width % 2 == 0 && u == width / 2) || (height % 2 == 0 && v == height / 2);
            double angle =
                -2 * PI * (signed_frequency(u, width) * dx + signed_frequency(v, height) * dy);
            double c = cos(angle), s = middle && floor(dx + dy) != dx + dy ? 0 : sin(angle);
            double turned = *re * c - *im * s;
            *im = *re * s + *im * c;
            *re = turned;
        }
    transform(&f, 1);
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, in->shape, NULL), PPX_OK);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            double value = f.re[y * width + x] / (double)(width * height);
            if (in->shape.type == PPX_F32)
                ((float *)ppx_image_row(&out, y))[x] = (float)value;
            else
                ((uint8_t *)ppx_image_row(&out, y))[x] = (uint8_t)(value + 0.5);
        }
    field_free(&f);
    return out;
}

static void test_whole_displacements(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{37, 17}, {64, 65}, {70, 131}, {1, 40}, {40, 1}};
    for (int s = 0; s < 5; s++)
        for (int t = 0; t < 2; t++) {
            const ptrdiff_t width = sizes[s][0], height = sizes[s][1];
            const double dx = width > 1 ? 5 : 0, dy = height > 1 ? -7 : 0;
            ppx_image in =
                test_image(test_shape(width, height, 1, t ? PPX_F32 : PPX_U8), TEST_NOISE, 31);
            ppx_image with = moved(&in, dx, dy), surface;
            TEST_EACH_LEVEL(level) {
                found f =
                    correlate("phase-correlate:with=it", &in, &with, &ppx_runner_serial, &surface);
                if (fabs(f.dx - dx) > 1e-3 || fabs(f.dy - dy) > 1e-3 || fabs(f.peak - 1) > 1e-3)
                    fail_msg("%td x %td: (%g, %g), peak %g", width, height, f.dx, f.dy, f.peak);
                for (ptrdiff_t y = 0; y < height; y++)
                    for (ptrdiff_t x = 0; x < width; x++) {
                        bool here =
                            x == width / 2 + (ptrdiff_t)dx && y == height / 2 + (ptrdiff_t)dy;
                        assert_true(fabs(test_sample(&surface, x, y, 0) - here) < 1e-3);
                    }
                ppx_image_free(&surface);
            }
            ppx_image_free(&in);
            ppx_image_free(&with);
        }
}

static void test_fractions(void **state) {
    (void)state;
    static const double by[][2] = {{3.25, -4.5}, {-0.4, 0.3}, {10.7, 6.1}};
    ppx_image in = test_image(test_shape(61, 75, 1, PPX_F32), TEST_NOISE, 33);
    for (int k = 0; k < 3; k++) {
        ppx_image with = moved(&in, by[k][0], by[k][1]);
        found f = correlate("phase-correlate:with=it", &in, &with, &ppx_runner_serial, NULL);
        if (fabs(f.dx - by[k][0]) > 0.03 || fabs(f.dy - by[k][1]) > 0.03)
            fail_msg("(%g, %g) for (%g, %g)", f.dx, f.dy, by[k][0], by[k][1]);
        ppx_image_free(&with);
    }
    ppx_image_free(&in);
}

// What one part of the image shows lies elsewhere in the other; edges do not repeat: with a window.
static void test_window(void **state) {
    (void)state;
    ppx_image scene = test_image(test_shape(150, 140, 1, PPX_U8), TEST_NOISE, 35), in, with;
    const ppx_shape part = test_shape(128, 120, 1, PPX_U8);
    assert_int_equal(ppx_image_create(&in, part, NULL), PPX_OK);
    assert_int_equal(ppx_image_create(&with, part, NULL), PPX_OK);
    for (ptrdiff_t y = 0; y < part.height; y++) {
        memcpy(ppx_image_row(&in, y), (char *)ppx_image_row(&scene, y + 9) + 4, 128);
        memcpy(ppx_image_row(&with, y), (char *)ppx_image_row(&scene, y + 2) + 16, 128);
    }
    found f =
        correlate("phase-correlate:with=it,window=hann", &in, &with, &ppx_runner_serial, NULL);
    assert_true(fabs(f.dx + 12) < 0.1 && fabs(f.dy - 7) < 0.1);
    ppx_image_free(&scene);
    ppx_image_free(&in);
    ppx_image_free(&with);
}

// Findings of threads are those of a serial run, to the last bit.
static void test_findings_on_threads(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(100, 333, 1, PPX_U16), TEST_NOISE, 36);
    ppx_image with = test_image(in.shape, TEST_NOISE, 37);
    found wanted = correlate("phase-correlate:with=it", &in, &with, &ppx_runner_serial, NULL);
    for (int n = 1; n <= 5; n++) {
        omp_set_num_threads(n);
        found got = correlate("phase-correlate:with=it", &in, &with, &ppx_runner_omp, NULL);
        assert_true(got.dx == wanted.dx && got.dy == wanted.dy && got.peak == wanted.peak);
    }
    ppx_image_free(&in);
    ppx_image_free(&with);
}

// ---- All of them --------------------------------------------------------------------------------

static void test_threads(void **state) {
    (void)state;
    static const char *const specs[] = {"fft",
                                        "fft+ifft:of=odd",
                                        "fft+fft+ifft",
                                        "spectrum",
                                        "bandpass:low=0.02,high=0.2",
                                        "phase-correlate:with=it",
                                        "bandpass:high=0.2+gaussian:sigma=1+fft"};
    static const ptrdiff_t sizes[][2] = {{1, 1}, {37, 17}, {200, 131}, {257, 64}, {65, 300}};
    for (int s = 0; s < 5; s++)
        for (int k = 0; k < 7; k++) {
            ppx_image in =
                test_image(test_shape(sizes[s][0], sizes[s][1], 1, PPX_U8), TEST_NOISE, 41);
            test_same_on_threads(specs[k], &in);
            ppx_image_free(&in);
        }
}

// A row's transform has the same bits whatever rows come beside it: each row of an image whose
// other rows are 0 gives that row's numbers, times what the columns make of it.
static void test_rows_are_alone(void **state) {
    (void)state;
    ppx_image noise = test_image(test_shape(100, 64, 1, PPX_F32), TEST_NOISE, 43);
    ppx_image all = test_run("fft", &noise, &ppx_runner_serial, NULL);
    ppx_image one = ppx_image_view(&noise, 5, 1),
              alone = test_run("fft", &one, &ppx_runner_serial, NULL);
    for (ptrdiff_t y = 0; y < 64; y++)
        if (y != 5)
            memset(ppx_image_row(&noise, y), 0, 100 * sizeof(float));
    ppx_image got = test_run("fft", &noise, &ppx_runner_serial, NULL);
    // The row v = 0 of the transform is the sum of all rows' transforms: of that one.
    assert_memory_equal(ppx_image_row(&got, 0), ppx_image_row(&alone, 0), 51 * 2 * sizeof(float));
    assert_memory_not_equal(ppx_image_row(&all, 0), ppx_image_row(&alone, 0),
                            51 * 2 * sizeof(float));
    ppx_image_free(&noise);
    ppx_image_free(&all);
    ppx_image_free(&alone);
    ppx_image_free(&got);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image gray = test_image(test_shape(20, 20, 1, PPX_U8), TEST_NOISE, 51);
    ppx_image alpha = test_image(test_shape(20, 20, 2, PPX_U8), TEST_NOISE, 52);
    ppx_image column = test_image(test_shape(1, 20, 2, PPX_F32), TEST_NOISE, 53);
    assert_non_null(strstr(test_run_refused("fft", &alpha), "gray"));
    assert_non_null(strstr(test_run_refused("ifft", &gray), "f32"));
    assert_non_null(strstr(test_run_refused("ifft:of=even", &column), "of=odd"));
    assert_non_null(strstr(test_run_refused("bandpass:low=0.3,high=0.2", &gray), "low"));
    assert_non_null(strstr(test_run_refused("spectrum", &alpha), "channels"));
    ppx_image_free(&gray);
    ppx_image_free(&alpha);
    ppx_image_free(&column);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_parseval),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_spectrum),
        cmocka_unit_test(test_bandpass),
        cmocka_unit_test(test_whole_displacements),
        cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_findings_on_threads),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_rows_are_alone),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
