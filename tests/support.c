// support.c: images, oracles and comparisons for the tests. Calls nothing of the library to compute
// an expected value.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

uint64_t test_random(uint64_t seed, uint64_t counter) {
    uint64_t z = seed * 0xd1342543de82ef95u + (counter + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

ppx_shape test_shape(ptrdiff_t width, ptrdiff_t height, int channels, ppx_type type) {
    return (ppx_shape){width, height, channels, type};
}

static double texture_at(test_texture texture, uint64_t seed, ptrdiff_t x, ptrdiff_t y, int c) {
    uint64_t key = (uint64_t)y * 1000003u + (uint64_t)x * 7u + (uint64_t)c;
    double noise = (double)(test_random(seed, key) >> 40) / (double)(1 << 24);
    switch (texture) {
    case TEST_NOISE:
        return noise;
    case TEST_SMOOTH:
        return 0.5 + 0.3 * sin((double)x * 0.11 + c) + 0.15 * cos((double)y * 0.07) + 0.05 * noise -
               0.025;
    case TEST_FEW_LEVELS:
        return floor(noise * 4) / 3;
    case TEST_EXTREMES:
        break;
    }
    return noise < 0.5 ? 0 : 1;
}

static void put(ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c, double value) {
    void *row = ppx_image_row(image, y);
    ptrdiff_t k = x * image->shape.channels + c;
    switch (image->shape.type) {
    case PPX_U8:
        ((uint8_t *)row)[k] = (uint8_t)value;
        break;
    case PPX_U16:
        ((uint16_t *)row)[k] = (uint16_t)value;
        break;
    case PPX_U32:
        ((uint32_t *)row)[k] = (uint32_t)value;
        break;
    case PPX_F32:
        ((float *)row)[k] = (float)value;
        break;
    }
}

ppx_image test_image(ppx_shape shape, test_texture texture, uint64_t seed) {
    static const double most[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, 1};
    ppx_image image;
    ppx_error error;
    if (ppx_image_create(&image, shape, &error))
        fail_msg("%s", error.text);
    for (ptrdiff_t y = 0; y < shape.height; y++)
        for (ptrdiff_t x = 0; x < shape.width; x++)
            for (int c = 0; c < shape.channels; c++) {
                double value = texture_at(texture, seed, x, y, c);
                value = value < 0 ? 0 : value > 1 ? 1 : value;
                put(&image, x, y, c,
                    shape.type == PPX_F32 ? value : floor(value * most[shape.type] + 0.5));
            }
    return image;
}

double test_sample(const ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c) {
    const void *row = ppx_image_row(image, y);
    ptrdiff_t k = x * image->shape.channels + c;
    switch (image->shape.type) {
    case PPX_U8:
        return ((const uint8_t *)row)[k];
    case PPX_U16:
        return ((const uint16_t *)row)[k];
    case PPX_U32:
        return ((const uint32_t *)row)[k];
    case PPX_F32:
        return (double)((const float *)row)[k];
    }
    return 0;
}

const char *const test_borders[4] = {"replicate", "reflect", "wrap", "constant"};

// One step at a time, as a child would explain it; slow for coordinates far outside.
static ptrdiff_t inside(ptrdiff_t k, ptrdiff_t n, int border) {
    while (k < 0 || k >= n) {
        if (border == 0)
            k = k < 0 ? 0 : n - 1;
        else if (border == 1 && n == 1)
            k = 0;
        else if (border == 1)
            k = k < 0 ? -k : 2 * (n - 1) - k;
        else
            k = k < 0 ? k + n : k - n;
    }
    return k;
}

double test_sample_border(const ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c, int border) {
    ptrdiff_t width = image->shape.width, height = image->shape.height;
    if (border == 3 && (x < 0 || y < 0 || x >= width || y >= height))
        return 0;
    return test_sample(image, inside(x, width, border), inside(y, height, border), c);
}

ppx_status test_load(void *context, const char *path, ppx_shape wanted, bool whole, ppx_band *band,
                     ppx_error *error) {
    (void)context, (void)whole;
    ppx_image image;
    ppx_status status = ppx_image_create(&image, wanted, error);
    if (status)
        return status;
    ppx_awkward_image(&image, strlen(path));
    *band = ppx_band_whole(image);
    return PPX_OK;
}

ppx_image test_second_image(const char *name, ppx_shape shape) {
    ppx_band band;
    assert_int_equal(test_load(NULL, name, shape, false, &band, NULL), PPX_OK);
    return band.rows;
}

static ppx_status run(const char *spec, const ppx_image *in, const ppx_runner *runner,
                      const ppx_sink *sink, ppx_image *out, ppx_error *error) {
    *out = (ppx_image){0};
    ppx_chain *chain;
    ppx_status status = ppx_chain_parse(&chain, spec, NULL, NULL, error);
    ppx_image copy = {0};
    if (!status)
        status = ppx_image_create(&copy, in->shape, error);
    if (!status) {
        ppx_image_copy(&copy, in);
        ppx_band band = ppx_band_whole(copy);
        ppx_run_options options = {.sink = sink, .load = test_load};
        status = ppx_run(chain, runner, &band, &options, NULL, error);
        *out = band.rows;
    }
    ppx_chain_free(chain);
    return status;
}

ppx_image test_run(const char *spec, const ppx_image *in, const ppx_runner *runner,
                   const ppx_sink *sink) {
    ppx_error error = {0};
    ppx_image out;
    if (run(spec, in, runner, sink, &out, &error))
        fail_msg("%s on %td x %td x %d %s: %s", spec, in->shape.width, in->shape.height,
                 in->shape.channels, ppx_type_name(in->shape.type), error.text);
    return out;
}

const char *test_run_refused(const char *spec, const ppx_image *in) {
    static ppx_error error;
    ppx_image out;
    error = (ppx_error){0};
    if (!run(spec, in, &ppx_runner_serial, NULL, &out, &error))
        fail_msg("%s was not refused", spec);
    assert_null(out.own);
    assert_true(strlen(error.text) > 0);
    return error.text;
}

const char *const *test_examples(size_t *n) {
    enum { MOST = 256 };
    static const char *specs[MOST];
    static char texts[MOST][80];
    *n = 0;
    for (size_t k = 0; k < ppx_kernel_count(); k++)
        for (const char *word = ppx_kernel_examples(ppx_kernel_at(k)); *word;) {
            int length = (int)strcspn(word, " ");
            assert_true(*n < MOST && length < (int)sizeof texts[0]);
            (void)snprintf(texts[*n], sizeof texts[*n], "%.*s", length, word);
            specs[*n] = texts[*n];
            ++*n;
            word += length + (word[length] == ' ');
        }
    return specs;
}

static void report_difference(const ppx_image *got, ptrdiff_t x, ptrdiff_t y, int c, double value,
                              double wanted, const char *what) {
    fail_msg("%s, %td x %td x %d %s: pixel (%td, %td) channel %d, strip %td: %.9g, wanted %.9g",
             what, got->shape.width, got->shape.height, got->shape.channels,
             ppx_type_name(got->shape.type), x, y, c, y / PPX_STRIP, value, wanted);
}

void test_expect_equal(const ppx_image *got, const ppx_image *wanted, double most,
                       const char *what) {
    if (!ppx_shape_equal(got->shape, wanted->shape))
        fail_msg("%s: shape %td x %td x %d %s, wanted %td x %td x %d %s", what, got->shape.width,
                 got->shape.height, got->shape.channels, ppx_type_name(got->shape.type),
                 wanted->shape.width, wanted->shape.height, wanted->shape.channels,
                 ppx_type_name(wanted->shape.type));
    for (ptrdiff_t y = 0; y < got->shape.height; y++)
        for (ptrdiff_t x = 0; x < got->shape.width; x++)
            for (int c = 0; c < got->shape.channels; c++) {
                double a = test_sample(got, x, y, c), b = test_sample(wanted, x, y, c);
                if (!(fabs(a - b) <= most))
                    report_difference(got, x, y, c, a, b, what);
            }
}

void test_against_oracle(const char *spec, const ppx_image *in, test_oracle *oracle,
                         const void *context, double most) {
    ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
    int channels = got.shape.channels;
    for (ptrdiff_t y = 0; y < got.shape.height; y++)
        for (ptrdiff_t x = 0; x < got.shape.width; x++)
            for (int c = 0; c < channels; c++) {
                bool alpha = channels % 2 == 0 && c == channels - 1;
                double a = test_sample(&got, x, y, c);
                double b = alpha ? test_sample(in, x, y, in->shape.channels - 1)
                                 : oracle(in, x, y, c, context);
                if (!(fabs(a - b) <= (alpha ? 0 : most)))
                    report_difference(&got, x, y, c, a, b, spec);
            }
    ppx_image_free(&got);
}

void test_same_on_threads(const char *spec, const ppx_image *in) {
    static const int nthreads[] = {1, 2, 3, 5};
    ppx_image wanted = test_run(spec, in, &ppx_runner_serial, NULL);
    for (int n = 0; n < 4; n++)
        for (int dynamic = 0; dynamic < 2; dynamic++) {
            omp_set_num_threads(nthreads[n]);
            omp_set_schedule(dynamic ? omp_sched_dynamic : omp_sched_static, dynamic);
            ppx_image got = test_run(spec, in, &ppx_runner_omp, NULL);
            test_expect_equal(&got, &wanted, 0, spec);
            assert_true(ppx_image_equal(&got, &wanted)); // also the bits of floats
            ppx_image_free(&got);
        }
    ppx_image_free(&wanted);
}
