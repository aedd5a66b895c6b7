// linear.inc.h: what test_linear.c and test_blur.c share: a kernel against an oracle that fills a
// whole image, for every type, shape, level and runner. Included by each of them once.
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
        status = ppx_run(chain, runner, &band, &(ppx_run_options){.load = test_load}, NULL, error);
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

// Every type, number of channels and shape of image; the larger not with every number of channels.
static inline void check_shapes(const trial *t) {
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                         {19, 63}, {21, 64}, {23, 65}, {257, 129}};
    for (int type = 0; type < 3; type++)
        for (int channels = 1; channels <= 4; channels++)
            for (int s = 0; s < 8; s++) {
                if (s >= 6 && channels != type + 1)
                    continue;
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[type]);
                ppx_image in = test_image(shape, (test_texture)((s + type) % TEST_NTEXTURES), 3);
                check(t, &in);
                ppx_image_free(&in);
            }
}
