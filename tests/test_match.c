// test_match.c: match beside the definition, in whole numbers where they can be told.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The oracle ---------------------------------------------------------------------------------

// Exact sums of samples less half of the range; the correlation they give.
static double correlation(const ppx_image *in, const ppx_image *template, ptrdiff_t x0,
                          ptrdiff_t y0) {
    const int64_t half = in->shape.type == PPX_U8 ? 128 : 32768;
    const ptrdiff_t width = template->shape.width, height = template->shape.height;
    int64_t n = width * height, t = 0, tt = 0, i = 0, ii = 0, ti = 0;
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            int64_t a = (int64_t)test_sample(in, x0 + x, y0 + y, 0) - half;
            int64_t b = (int64_t)test_sample(template, x, y, 0) - half;
            i += a;
            ii += a * a;
            t += b;
            tt += b * b;
            ti += a * b;
        }
    int64_t of_template = n * tt - t * t, of_image = n * ii - i * i;
    if (of_template == 0 || of_image == 0)
        return 0;
    return (double)(n * ti - t * i) / (sqrt((double)of_image) * sqrt((double)of_template));
}

static bool is_place(const ppx_image *in, const ppx_image *template, ptrdiff_t x, ptrdiff_t y) {
    return x + template->shape.width <= in->shape.width &&
           y + template->shape.height <= in->shape.height;
}

// ---- Runs with a template of any size -----------------------------------------------------------

enum { MOST = 16 };

typedef struct places {
    size_t n;
    double x[MOST], y[MOST], value[MOST];
} places;

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    static const char *const columns[] = {"x", "y", "value"};
    places *p = context;
    assert_string_equal(kernel, "match");
    assert_string_equal(table->title, "places");
    assert_int_equal(table->ncolumns, 3);
    for (int c = 0; c < 3; c++)
        assert_string_equal(table->columns[c], columns[c]);
    assert_true(table->nrows <= MOST);
    p->n = table->nrows;
    for (size_t k = 0; k < p->n; k++) {
        p->x[k] = table->cell(table->data, k, 0);
        p->y[k] = table->cell(table->data, k, 1);
        p->value[k] = table->cell(table->data, k, 2);
    }
}

static ppx_status load_given(void *context, const char *path, ppx_shape wanted, bool whole,
                             ppx_band *band, ppx_error *error) {
    (void)path, (void)wanted;
    const ppx_image *given = context;
    ppx_image copy;
    assert_true(whole);
    ppx_status status = ppx_image_create(&copy, given->shape, error);
    if (!status)
        ppx_image_copy(&copy, given);
    *band = ppx_band_whole(copy);
    return status;
}

static ppx_status try_match(const char *spec, const ppx_image *in, const ppx_image *template,
                            const ppx_runner *runner, places *found, ppx_image *out,
                            ppx_error *error) {
    ppx_chain *chain;
    const ppx_sink sink = {found, NULL, take_table};
    const ppx_run_options options = {.iterations = 1,
                                     .sink = &sink,
                                     .load = load_given,
                                     .load_context = (void *)(uintptr_t) template};
    ppx_image copy;
    *out = (ppx_image){0};
    if (ppx_chain_parse(&chain, spec, NULL, NULL, error))
        return error->status;
    assert_int_equal(ppx_image_create(&copy, in->shape, error), PPX_OK);
    ppx_image_copy(&copy, in);
    ppx_band band = ppx_band_whole(copy);
    ppx_status status = ppx_run(chain, runner, &band, &options, NULL, error);
    ppx_chain_free(chain);
    *out = band.rows;
    return status;
}

static ppx_image match(const char *spec, const ppx_image *in, const ppx_image *template,
                       const ppx_runner *runner, places *found) {
    ppx_error error;
    ppx_image out;
    if (try_match(spec, in, template, runner, found, &out, &error))
        fail_msg("%s: %s", spec, error.text);
    return out;
}

// Every place at every level: the expression is the oracle's to the last bits of a float.
static void check(const ppx_image *in, const ppx_image *template) {
    TEST_EACH_LEVEL(level) {
        places found;
        ppx_image got = match("match:template=it", in, template, &ppx_runner_serial, &found);
        assert_true(
            ppx_shape_equal(got.shape, test_shape(in->shape.width, in->shape.height, 1, PPX_F32)));
        for (ptrdiff_t y = 0; y < in->shape.height; y++)
            for (ptrdiff_t x = 0; x < in->shape.width; x++) {
                double value = test_sample(&got, x, y, 0), wanted = 0;
                if (is_place(in, template, x, y))
                    wanted = correlation(in, template, x, y);
                if (!(fabs(value - wanted) <= 6e-8) || (wanted == 0 && value != 0))
                    fail_msg("match of %td x %td in %td x %td %s at %s: (%td, %td) is %.9g, "
                             "wanted %.9g",
                             template->shape.width, template->shape.height, in->shape.width,
                             in->shape.height, ppx_type_name(in->shape.type), ppx_simd_name(level),
                             x, y, value, wanted);
            }
        ppx_image_free(&got);
    }
}

// ---- Tests --------------------------------------------------------------------------------------

static void test_definition(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][4] = {{1, 1, 1, 1},     {1, 37, 1, 5},    {37, 1, 4, 1},
                                         {17, 13, 3, 2},   {17, 13, 17, 13}, {64, 65, 9, 7},
                                         {65, 64, 1, 64},  {129, 67, 5, 66}, {200, 130, 16, 3},
                                         {257, 129, 6, 9}, {700, 20, 31, 4}};
    static const ppx_type types[] = {PPX_U8, PPX_U16};
    for (int s = 0; s < 11; s++)
        for (int t = 0; t < 2; t++)
            for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
                ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 1, types[t]),
                                          (test_texture)texture, 3);
                ppx_image template = test_image(test_shape(sizes[s][2], sizes[s][3], 1, types[t]),
                                                (test_texture)texture, 4);
                check(&in, &template);
                ppx_image_free(&in);
                ppx_image_free(&template);
            }
}

static ppx_image crop(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width,
                      ptrdiff_t height) {
    ppx_image out;
    ppx_shape shape = test_shape(width, height, 1, in->shape.type);
    assert_int_equal(ppx_image_create(&out, shape, NULL), PPX_OK);
    const size_t sample = ppx_type_nbytes(in->shape.type);
    for (ptrdiff_t k = 0; k < height; k++)
        memcpy(ppx_image_row(&out, k), (char *)ppx_image_row(in, y + k) + (size_t)x * sample,
               (size_t)width * sample);
    return out;
}

// Large templates of extremes: the largest sums that there are. Where the template was cut out the
// correlation is 1, and nowhere else.
static void test_large(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{64, 64}, {200, 150}, {256, 256}, {300, 33}};
    for (int s = 0; s < 4; s++)
        for (int t = 0; t < 2; t++) {
            ppx_image in =
                test_image(test_shape(420, 301, 1, t ? PPX_U16 : PPX_U8), TEST_EXTREMES, 6);
            ppx_image template = crop(&in, 77, 19, sizes[s][0], sizes[s][1]);
            places found;
            ppx_image got =
                match("match:template=it,top=2", &in, &template, &ppx_runner_serial, &found);
            assert_int_equal(found.n, 2);
            assert_true(found.x[0] == 77 && found.y[0] == 19 && found.value[0] == 1);
            assert_true(found.value[1] < 0.5);
            for (int k = 0; k < 20; k++) {
                ptrdiff_t x = k * 6, y = k * 2;
                if (is_place(&in, &template, x, y))
                    assert_true(fabs(test_sample(&got, x, y, 0) -
                                     correlation(&in, &template, x, y)) <= 6e-8);
            }
            ppx_image_free(&in);
            ppx_image_free(&template);
            ppx_image_free(&got);
        }
}

// A flat template, and flat windows, correlate with nothing.
static void test_flat(void **state) {
    (void)state;
    for (int t = 0; t < 2; t++) {
        ppx_image in = test_image(test_shape(90, 80, 1, t ? PPX_U16 : PPX_U8), TEST_NOISE, 7);
        ppx_image flat = crop(&in, 0, 0, 12, 5), rough = crop(&in, 3, 3, 12, 5);
        for (ptrdiff_t y = 0; y < 5; y++)
            memset(ppx_image_row(&flat, y), 200, 12 * ppx_type_nbytes(in.shape.type));
        for (ptrdiff_t y = 20; y < 40; y++)
            memset(ppx_image_row(&in, y), 255, 50 * ppx_type_nbytes(in.shape.type));
        check(&in, &flat);
        check(&in, &rough);
        places found;
        ppx_image got = match("match:template=it", &in, &flat, &ppx_runner_serial, &found);
        assert_true(found.n == 1 && found.x[0] == 0 && found.y[0] == 0 && found.value[0] == 0);
        ppx_image_free(&got);
        ppx_image_free(&in);
        ppx_image_free(&flat);
        ppx_image_free(&rough);
    }
}

// All places in order by hand; threads find the same.
static void check_top(const ppx_image *in, const ppx_image *template, const char *spec,
                      size_t top) {
    places found;
    ppx_image got = match(spec, in, template, &ppx_runner_serial, &found);
    const ptrdiff_t width = in->shape.width - template->shape.width + 1;
    const ptrdiff_t height = in->shape.height - template->shape.height + 1;
    bool *taken = calloc((size_t)(width * height), sizeof *taken);
    assert_non_null(taken);
    size_t all = (size_t)(width * height);
    assert_int_equal(found.n, all < top ? all : top);
    for (size_t k = 0; k < found.n; k++) {
        ptrdiff_t best = -1;
        for (ptrdiff_t p = 0; p < width * height; p++)
            if (!taken[p] && (best < 0 || test_sample(&got, p % width, p / width, 0) >
                                              test_sample(&got, best % width, best / width, 0)))
                best = p;
        taken[best] = true;
        if (found.x[k] != (double)(best % width) || found.y[k] != (double)(best / width))
            fail_msg("%s: place %zu is (%g, %g), wanted (%td, %td)", spec, k, found.x[k],
                     found.y[k], best % width, best / width);
        assert_true(found.value[k] == test_sample(&got, best % width, best / width, 0));
    }
    for (int n = 1; n <= 5; n += 2) {
        places again;
        omp_set_num_threads(n);
        ppx_image same = match(spec, in, template, &ppx_runner_omp, &again);
        test_expect_equal(&same, &got, 0, spec);
        assert_int_equal(again.n, found.n);
        for (size_t k = 0; k < found.n; k++)
            assert_true(again.x[k] == found.x[k] && again.y[k] == found.y[k] &&
                        again.value[k] == found.value[k]);
        ppx_image_free(&same);
    }
    free(taken);
    ppx_image_free(&got);
}

static void test_places(void **state) {
    (void)state;
    static const test_texture textures[] = {TEST_NOISE, TEST_SMOOTH, TEST_EXTREMES};
    for (int k = 0; k < 3; k++) {
        ppx_image in = test_image(test_shape(60, 150, 1, PPX_U8), textures[k], 8);
        ppx_image template = crop(&in, 20, 100, 2, 2); // small: many places tie
        check_top(&in, &template, "match:template=it", 1);
        check_top(&in, &template, "match:template=it,top=16", 16);
        ppx_image all = crop(&in, 0, 0, 59, 149); // four places
        check_top(&in, &all, "match:template=it,top=9", 9);
        ppx_image_free(&in);
        ppx_image_free(&template);
        ppx_image_free(&all);
    }
}

static void test_threads(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {37, 17}, {200, 131}, {65, 300}};
    for (int s = 0; s < 4; s++) {
        ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 1, PPX_U16), TEST_NOISE, 9);
        test_same_on_threads("match:template=it", &in);
        test_same_on_threads("match:template=it,top=5+gaussian:sigma=1", &in);
        ppx_image_free(&in);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][3] = {{31, 5, 1}, {5, 31, 1}, {5, 5, 2}};
    ppx_image in = test_image(test_shape(30, 30, 1, PPX_U8), TEST_NOISE, 10), out;
    ppx_error error;
    places found;
    for (int s = 0; s < 3; s++) {
        ppx_image template = test_image(
            test_shape(sizes[s][0], sizes[s][1], (int)sizes[s][2], PPX_U8), TEST_NOISE, 11);
        assert_int_equal(try_match("match:template=it", &in, &template, &ppx_runner_serial, &found,
                                   &out, &error),
                         PPX_E_USAGE);
        assert_non_null(strstr(error.text, s < 2 ? "larger than the image" : "channels"));
        ppx_image_free(&template);
    }
    ppx_image_free(&in);
    in = test_image(test_shape(300, 300, 1, PPX_U16), TEST_NOISE, 12);
    assert_int_equal(
        try_match("match:template=it", &in, &in, &ppx_runner_serial, &found, &out, &error),
        PPX_E_USAGE);
    assert_non_null(strstr(error.text, "at most 65536 pixels"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition), cmocka_unit_test(test_large),
        cmocka_unit_test(test_flat),       cmocka_unit_test(test_places),
        cmocka_unit_test(test_threads),    cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
