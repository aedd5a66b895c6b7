// test_lut.c: lut, gamma and levels against their definitions.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {257, 129}};

static double most_of(const ppx_image *in) {
    return in->shape.type == PPX_U8 ? 255 : in->shape.type == PPX_U16 ? 65535 : 1;
}

// ---- lut: chains are given the text of the table instead of a file ----

static ppx_status give_text(void *context, char **text, const char *path, ppx_error *error) {
    (void)path, (void)error;
    *text = malloc(strlen(context) + 1);
    assert_non_null(*text);
    strcpy(*text, context);
    return PPX_OK;
}

static ppx_status run_lut(char *text, const ppx_image *in, const ppx_runner *runner, ppx_image *out,
                          ppx_error *error) {
    ppx_chain *chain;
    assert_int_equal(ppx_chain_parse(&chain, "lut:file=any", give_text, text, error), PPX_OK);
    ppx_band band = ppx_band_whole(ppx_image_view(in, 0, in->shape.height));
    ppx_status status = ppx_run(chain, runner, &band, NULL, NULL, error);
    ppx_chain_free(chain);
    *out = band.rows;
    return status;
}

// Noise that holds every value of u8, and few enough of u16.
static unsigned entry(ppx_type type, int level, int column) {
    return (unsigned)test_random(3, (uint64_t)(level * 3 + column)) %
           (type == PPX_U8 ? 256u : 65536u);
}

static char *table_text(ppx_type type, int ncolumns, int nlevels) {
    char *text = malloc((size_t)nlevels * (size_t)ncolumns * 8 + 64);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "# 1 2 3\n\n");
    for (int level = 0; level < nlevels; level++)
        for (int column = 0; column < ncolumns; column++)
            used += (size_t)sprintf(text + used, "%u%s", entry(type, level, column),
                                    column + 1 < ncolumns ? ", "
                                    : level % 7           ? "\n"
                                                          : " #x\r\n");
    return text;
}

static void check_lut(char *text, ppx_type type, int channels, bool columns) {
    for (int s = 0; s < 5; s++) {
        ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], channels, type),
                                  (test_texture)(s % TEST_NTEXTURES), 5);
        ppx_image wanted = test_image(in.shape, TEST_NOISE, 6);
        for (ptrdiff_t y = 0; y < in.shape.height; y++)
            for (ptrdiff_t x = 0; x < in.shape.width; x++)
                for (int c = 0; c < channels; c++) {
                    double value = test_sample(&in, x, y, c);
                    ptrdiff_t k = x * channels + c;
                    if (channels % 2 || c < channels - 1)
                        value = entry(type, (int)value, columns ? c : 0);
                    if (type == PPX_U8)
                        ((uint8_t *)ppx_image_row(&wanted, y))[k] = (uint8_t)value;
                    else
                        ((uint16_t *)ppx_image_row(&wanted, y))[k] = (uint16_t)value;
                }
        TEST_EACH_LEVEL(level) {
            const ppx_runner *runners[] = {&ppx_runner_serial, &ppx_runner_omp};
            for (int r = 0; r < 2; r++) {
                ppx_image got;
                ppx_error error;
                if (run_lut(text, &in, runners[r], &got, &error))
                    fail_msg("%s", error.text);
                test_expect_equal(&got, &wanted, 0, "lut");
                ppx_image_free(&got);
            }
        }
        ppx_image_free(&wanted);
        ppx_image_free(&in);
    }
}

static void test_lut(void **state) {
    (void)state;
    for (int type = PPX_U8; type <= PPX_U16; type++) {
        int nlevels = type == PPX_U8 ? 256 : 65536;
        char *one = table_text((ppx_type)type, 1, nlevels);
        char *three = table_text((ppx_type)type, 3, nlevels);
        for (int channels = 1; channels <= 4; channels++)
            check_lut(one, (ppx_type)type, channels, false);
        check_lut(three, (ppx_type)type, 3, true);
        check_lut(three, (ppx_type)type, 4, true);
        free(one);
        free(three);
    }
}

// Every level at every place in a vector.
static void test_lut_places(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(300, 256, 1, PPX_U8), TEST_NOISE, 1);
    for (int y = 0; y < 256; y++)
        for (int x = 0; x < 300; x++)
            ((uint8_t *)ppx_image_row(&in, y))[x] = (uint8_t)(x + y);
    char *text = table_text(PPX_U8, 1, 256);
    TEST_EACH_LEVEL(level) {
        ppx_image got;
        ppx_error error;
        assert_int_equal(run_lut(text, &in, &ppx_runner_serial, &got, &error), PPX_OK);
        for (int y = 0; y < 256; y++)
            for (int x = 0; x < 300; x++)
                assert_int_equal(((uint8_t *)ppx_image_row(&got, y))[x],
                                 entry(PPX_U8, (x + y) % 256, 0));
        ppx_image_free(&got);
    }
    free(text);
    ppx_image_free(&in);
}

static void expect_refused(const char *text, int channels, ppx_type type, const char *says) {
    ppx_image in = test_image(test_shape(3, 3, channels, type), TEST_NOISE, 1), got;
    ppx_error error;
    char copy[4000];
    assert_true(strlen(text) < sizeof copy);
    strcpy(copy, text);
    assert_int_not_equal(run_lut(copy, &in, &ppx_runner_serial, &got, &error), PPX_OK);
    if (!strstr(error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
    ppx_image_free(&in);
}

static void test_lut_refused(void **state) {
    (void)state;
    static char text[4000];
    expect_refused("", 1, PPX_U8, "lut: 0 numbers in the table; u8 takes 256");
    expect_refused("# none", 1, PPX_U8, "lut: 0 numbers");
    expect_refused("1 2 3", 3, PPX_U16, "u16 takes 65536, or 196608");
    for (int k = 0; k < 255; k++)
        strcat(text, "7\n");
    expect_refused(text, 1, PPX_U8, "lut: 255 numbers");
    size_t end = strlen(text);
    static const char *const bad[] = {"256", "-1", "1.5", "x", "1e2", "99999999999999999999999999"};
    for (int k = 0; k < 6; k++) {
        strcpy(text + end, bad[k]);
        expect_refused(text, 2, PPX_U8, "lut: line 256 of the table: \"");
        expect_refused(text, 2, PPX_U8, "is not a whole number from 0 to 255");
    }
    strcpy(text + end, "7 8");
    expect_refused(text, 1, PPX_U8, "lut: 257 numbers");
    strcpy(text + end, "7");
    expect_refused(text, 1, PPX_U16, "lut: 256 numbers in the table; u16 takes 65536");
}

// ---- gamma and levels ----

typedef struct tone {
    double low, high, out_low, out_high, exponent; // of 1
} tone;

static double tone_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                          const void *context) {
    const tone *t = context;
    double most = most_of(in), u = (test_sample(in, x, y, c) / most - t->low) / (t->high - t->low);
    u = u < 0 ? 0 : u > 1 ? 1 : u;
    double value = most * (t->out_low + (t->out_high - t->out_low) * pow(u, t->exponent));
    return in->shape.type == PPX_F32 ? value : fmax(0, fmin(most, floor(value + 0.5)));
}

static void check_tone(const char *spec, const tone *t, ppx_type type) {
    for (int channels = 1; channels <= 4; channels++)
        for (int s = 0; s < 5; s++) {
            ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], channels, type),
                                      (test_texture)(s % TEST_NTEXTURES), 5);
            double most = type == PPX_F32 ? 1e-5 * fmax(1, t->exponent * t->exponent / 4) : 0;
            TEST_EACH_LEVEL(level)
            test_against_oracle(spec, &in, tone_oracle, t, most);
            if (s == 4 && channels == 3)
                test_same_on_threads(spec, &in);
            ppx_image_free(&in);
        }
}

static void test_gamma(void **state) {
    (void)state;
    static const double exponents[] = {0.05, 0.45, 1, 2.2, 20}, gains[] = {1, 0.5, 3, 0, 1.25};
    for (int k = 0; k < 5; k++) {
        tone t = {0, 1, 0, gains[k], exponents[k]};
        char spec[80];
        (void)snprintf(spec, sizeof spec, "gamma:g=%g,gain=%g", exponents[k], gains[k]);
        for (int type = 0; type < 3; type++)
            check_tone(spec, &t, (ppx_type[]){PPX_U8, PPX_U16, PPX_F32}[type]);
    }
}

static void test_levels(void **state) {
    (void)state;
    static const tone tones[] = {
        {0, 1, 0, 1, 1}, {0.2, 0.8, 0, 1, 1}, {0.4, 0.6, 0.2, 0.6, 2}, {0, 0.4, 1, 0, 0.5}};
    static const double most[] = {255, 65535, 1};
    for (int k = 0; k < 4; k++)
        for (int type = 0; type < 3; type++) {
            const tone *t = &tones[k];
            char spec[200];
            (void)snprintf(spec, sizeof spec,
                           "levels:low=%.9g,high=%.9g,out_low=%.9g,out_high=%.9g,gamma=%.9g",
                           t->low * most[type], t->high * most[type], t->out_low * most[type],
                           t->out_high * most[type], 1 / t->exponent);
            check_tone(spec, t, (ppx_type[]){PPX_U8, PPX_U16, PPX_F32}[type]);
            if (k == 0)
                check_tone("levels", t, (ppx_type[]){PPX_U8, PPX_U16, PPX_F32}[type]);
        }
}

// f32 beyond its range, and next to nothing.
static void test_f32_ends(void **state) {
    (void)state;
    static const float values[] = {-1, -0.0f, 0, 1e-45f, 1e-20f, 5e-8f, 6e-8f, 1, 1.5f, NAN};
    ppx_image in = test_image(test_shape(10, 1, 1, PPX_F32), TEST_NOISE, 1);
    memcpy(in.data, values, sizeof values);
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run("gamma:g=0.5", &in, &ppx_runner_serial, NULL);
        float previous = 0;
        for (ptrdiff_t x = 0; x < 10; x++) {
            float value = (float)test_sample(&got, x, 0, 0);
            if (x < 3 || x == 9)
                assert_true(value == 0);
            else
                assert_true(value >= previous && value <= 1);
            previous = value;
        }
        assert_true(test_sample(&got, 7, 0, 0) == 1 && test_sample(&got, 8, 0, 0) == 1);
        ppx_image_free(&got);
    }
    ppx_image_free(&in);
}

static void test_levels_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(3, 3, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("levels:low=7,high=7", &in), "low=7 is not below"));
    assert_non_null(strstr(test_run_refused("levels:low=300", &in), "(white is 255)"));
    assert_non_null(strstr(test_run_refused("gamma:g=0", &in), "out of range"));
    assert_non_null(strstr(test_run_refused("gamma", &in), "gamma needs g="));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lut),
        cmocka_unit_test(test_lut_places),
        cmocka_unit_test(test_lut_refused),
        cmocka_unit_test(test_gamma),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_f32_ends),
        cmocka_unit_test(test_levels_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
