// test_colour.c: hsv and lab against their definitions in double, and there and back.
#include "support.h"

#include <math.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {521, 67}};
static const ppx_type types[] = {PPX_U8, PPX_U16, PPX_F32};

static double most_of(const ppx_image *in) {
    return in->shape.type == PPX_U8 ? 255 : in->shape.type == PPX_U16 ? 65535 : 1;
}

static double turn_of(const ppx_image *in) {
    return in->shape.type == PPX_U8 ? 180 : in->shape.type == PPX_U16 ? 65536 : 360;
}

static double rounded(const ppx_image *in, double value) {
    if (in->shape.type == PPX_F32)
        return value;
    return fmax(0, fmin(most_of(in), floor(value + 0.5)));
}

// u8 in whole numbers: what a quotient is when half is rounded up.
static double quotient(double a, double b) {
    return floor((2 * a + b) / (2 * b));
}

static double hsv_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *none) {
    (void)none;
    double r = test_sample(in, x, y, 0), g = test_sample(in, x, y, 1), b = test_sample(in, x, y, 2);
    double v = fmax(r, fmax(g, b)), d = v - fmin(r, fmin(g, b)), turn = turn_of(in);
    bool bytes = in->shape.type == PPX_U8;
    if (c == 2)
        return v;
    if (c == 1 && v == 0)
        return 0;
    if (c == 1)
        return bytes ? quotient(255 * d, v) : rounded(in, most_of(in) * d / v);
    if (d == 0)
        return 0;
    double sixths = v == r ? g - b : v == g ? 2 * d + b - r : 4 * d + r - g;
    if (sixths < 0)
        sixths += 6 * d;
    double h = bytes ? quotient(30 * sixths, d) : turn / 6 * sixths / d;
    if (!bytes && in->shape.type != PPX_F32)
        h = floor(h + 0.5);
    return h >= turn ? 0 : h;
}

static double rgb_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *none) {
    (void)none;
    double h = 6 * test_sample(in, x, y, 0) / turn_of(in), v = test_sample(in, x, y, 2);
    double s = test_sample(in, x, y, 1) / most_of(in), k = fmod((double[]){5, 3, 1}[c] + h, 6);
    double value = v - v * s * fmax(0, fmin(1, fmin(k, 4 - k)));
    if (in->shape.type == PPX_U8) // 7650 is 255 times the 30 of 60 degrees: ties are exact so
        value = floor(value * 7650 + 0.5) / 7650;
    return rounded(in, value);
}

static double decode(double v) {
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double encode(double v) {
    return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double f_of(double t) {
    return t > 216 / 24389. ? cbrt(t) : (24389 / 27. * t + 16) / 116;
}

static double f_inverse(double f) {
    return f > 6 / 29. ? f * f * f : (116 * f - 16) * 27 / 24389;
}

// In units of L, a and b; not rounded.
static double lab_of(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c) {
    static const double xyz[3][3] = {
        {0.412453 / 0.950456, 0.357580 / 0.950456, 0.180423 / 0.950456},
        {0.212671, 0.715160, 0.072169},
        {0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754}};
    double f[3];
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int j = 0; j < 3; j++)
            sum += xyz[i][j] * decode(test_sample(in, x, y, j) / most_of(in));
        f[i] = f_of(sum);
    }
    return c == 0 ? 116 * f[1] - 16 : c == 1 ? 500 * (f[0] - f[1]) : 200 * (f[1] - f[2]);
}

static double lab_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *none) {
    (void)none;
    double value = lab_of(in, x, y, c);
    switch (in->shape.type) {
    case PPX_U8:
        return c == 0 ? value * 2.55 : value + 128;
    case PPX_U16:
        return c == 0 ? value * 655.35 : (value + 128) * 257;
    default:
        return value;
    }
}

static double srgb_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c, const void *none) {
    (void)none;
    static const double rgb[3][3] = {{3.079934936, -1.537151516, -0.542783419},
                                     {-0.921234183, 1.875990001, 0.045244181},
                                     {0.052889682, -0.204041338, 1.151151656}};
    double l = test_sample(in, x, y, 0), a = test_sample(in, x, y, 1), b = test_sample(in, x, y, 2);
    double l1 = in->shape.type == PPX_U8 ? 2.55 : in->shape.type == PPX_U16 ? 655.35 : 1;
    double a1 = in->shape.type == PPX_U16 ? 257 : 1, a0 = in->shape.type == PPX_F32 ? 0 : 128;
    double fy = (l / l1 + 16) / 116, fx = fy + (a / a1 - a0) / 500, fz = fy - (b / a1 - a0) / 200;
    double linear =
        rgb[c][0] * f_inverse(fx) + rgb[c][1] * f_inverse(fy) + rgb[c][2] * f_inverse(fz);
    return most_of(in) * encode(fmax(0, fmin(1, linear)));
}

typedef struct trial {
    const char *spec;
    test_oracle *oracle;
    double most[3]; // for each of types
} trial;

static void each_shape(const trial *t) {
    for (int type = 0; type < 3; type++)
        for (int channels = 3; channels <= 4; channels++)
            for (int s = 0; s < 5; s++) {
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, types[type]);
                ppx_image in = test_image(shape, (test_texture)(s % TEST_NTEXTURES), 5);
                TEST_EACH_LEVEL(level)
                test_against_oracle(t->spec, &in, t->oracle, NULL, t->most[type]);
                if (s == 4)
                    test_same_on_threads(t->spec, &in);
                ppx_image_free(&in);
            }
}

static void test_hsv(void **state) {
    (void)state;
    each_shape(&(trial){"hsv", hsv_oracle, {0, 1, 1e-4}});
    each_shape(&(trial){"hsv:inverse=yes", rgb_oracle, {0, 1, 1e-6}});
}

static void test_lab(void **state) {
    (void)state;
    each_shape(&(trial){"lab", lab_oracle, {0.501, 0.6, 1e-3}});
    each_shape(&(trial){"lab:inverse=yes", srgb_oracle, {0.501, 1, 1e-5}});
}

// A sixth of all colours of u8: every pair of the first two, the third in steps.
static ppx_image all_colours(int step) {
    ppx_image in = test_image(test_shape(256 * (255 / step + 1), 256, 3, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 256; y++)
        for (ptrdiff_t x = 0; x < in.shape.width; x++) {
            uint8_t *pixel = (uint8_t *)ppx_image_row(&in, y) + 3 * x;
            pixel[0] = (uint8_t)y;
            pixel[1] = (uint8_t)(x % 256);
            pixel[2] = (uint8_t)(x / 256 * step);
        }
    return in;
}

static void test_all_colours(void **state) {
    (void)state;
    ppx_image in = all_colours(17);
    TEST_EACH_LEVEL(level) {
        test_against_oracle("hsv", &in, hsv_oracle, NULL, 0);
        test_against_oracle("hsv:inverse=yes", &in, rgb_oracle, NULL, 0);
    }
    test_against_oracle("lab", &in, lab_oracle, NULL, 0.501);
    test_against_oracle("lab:inverse=yes", &in, srgb_oracle, NULL, 0.501);
    ppx_image_free(&in);
}

// Gray has neither saturation nor a, b.
static void test_gray(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(256, 1, 3, PPX_U8), TEST_NOISE, 1);
    for (int x = 0; x < 256; x++)
        memset((uint8_t *)in.data + 3 * x, x, 3);
    ppx_image hsv = test_run("hsv", &in, &ppx_runner_serial, NULL);
    ppx_image lab = test_run("lab", &in, &ppx_runner_serial, NULL);
    for (int x = 0; x < 256; x++) {
        assert_true(test_sample(&hsv, x, 0, 0) == 0 && test_sample(&hsv, x, 0, 1) == 0);
        assert_true(test_sample(&hsv, x, 0, 2) == x);
        assert_true(test_sample(&lab, x, 0, 1) == 128 && test_sample(&lab, x, 0, 2) == 128);
    }
    assert_true(test_sample(&lab, 0, 0, 0) == 0 && test_sample(&lab, 255, 0, 0) == 255);
    ppx_image_free(&lab);
    ppx_image_free(&hsv);
    ppx_image_free(&in);
}

static void test_there_and_back(void **state) {
    (void)state;
    static const char *const specs[] = {"hsv+hsv:inverse=yes", "lab+lab:inverse=yes"};
    // Lab of u16: half a step of L and b moves a dark channel beside bright ones by so much.
    static const double most[2][2] = {{4, 1e-6}, {100, 1e-4}}; // u16 and f32
    for (int s = 0; s < 2; s++)
        for (int type = 1; type < 3; type++) {
            ppx_image in = test_image(test_shape(300, 70, 4, types[type]), TEST_NOISE, 8);
            ppx_image got = test_run(specs[s], &in, &ppx_runner_serial, NULL);
            test_expect_equal(&got, &in, most[s][type - 1], specs[s]);
            ppx_image_free(&got);
            ppx_image_free(&in);
        }
}

// f32 outside of the range: negative is 0, and for lab above 1 is 1; hues wrap.
static void test_f32_ends(void **state) {
    (void)state;
    static const float pixels[5][3] = {{-1, 0.5f, 2}, {NAN, 1, 0}, {0, 0, 0}, {2, 2, 2}, {1, 0, 0}};
    ppx_image in = test_image(test_shape(5, 1, 3, PPX_F32), TEST_NOISE, 1);
    memcpy(in.data, pixels, sizeof pixels);
    TEST_EACH_LEVEL(level) {
        ppx_image hsv = test_run("hsv", &in, &ppx_runner_serial, NULL);
        assert_true(test_sample(&hsv, 0, 0, 0) == 225 && test_sample(&hsv, 0, 0, 1) == 1);
        assert_true(test_sample(&hsv, 1, 0, 0) == 120 && test_sample(&hsv, 2, 0, 1) == 0);
        ppx_image_free(&hsv);
        ppx_image lab = test_run("lab", &in, &ppx_runner_serial, NULL);
        assert_true(fabs(test_sample(&lab, 3, 0, 0) - 100) < 1e-3);
        ppx_image_free(&lab);
    }
    ppx_image_free(&in);
}

static void test_gray_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(3, 3, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("hsv", &in), "hsv"));
    assert_non_null(strstr(test_run_refused("lab", &in), "lab"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hsv),
        cmocka_unit_test(test_lab),
        cmocka_unit_test(test_all_colours),
        cmocka_unit_test(test_gray),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_f32_ends),
        cmocka_unit_test(test_gray_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
