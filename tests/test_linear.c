// test_linear.c: sobel, scharr, laplacian and convolve against sums in double, on every runner.
#include "linear.inc.h"

// ---- sobel, scharr ----

typedef struct sobel_context {
    bool l1;
    int border;
    bool scharr;
} sobel_context;

static void sobel_oracle(const ppx_image *in, const void *context, double *expected) {
    static const double smoothing[][3] = {{1, 2, 1}, {3, 10, 3}}, difference[] = {-1, 0, 1};
    static const double most[PPX_NTYPES] = {255, 65535, 0, INFINITY};
    const sobel_context *s = context;
    const double *smooth = smoothing[s->scharr];
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
    for (int k = 0; k < 16; k++) {
        sobel_context s = {k / 4 % 2, k % 4, k / 8};
        char spec[80];
        (void)snprintf(spec, sizeof spec, "%s:norm=%s,border=%s", s.scharr ? "scharr" : "sobel",
                       s.l1 ? "l1" : "l2", test_borders[s.border]);
        trial t = {spec, NULL, sobel_oracle, &s, {0, 0, 0, s.scharr ? 8e-6 : 2e-6}};
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
    sobel_context s = {false, 0, false};
    trial t = {"sobel", NULL, sobel_oracle, &s, {0}};
    check(&t, &in);
    ppx_image_free(&in);
}

// ---- laplacian ----

typedef struct laplacian_context {
    bool corners, is_signed;
    int border;
} laplacian_context;

static void laplacian_oracle(const ppx_image *in, const void *context, double *expected) {
    static const double most[PPX_NTYPES] = {255, 65535, 0, INFINITY};
    static const double middle[PPX_NTYPES] = {128, 32768, 0, 0};
    const laplacian_context *l = context;
    const ppx_type type = in->shape.type;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                double sum = 0;
                for (int k = 0; k < 9; k++)
                    if (k != 4 && (l->corners || k % 2))
                        sum += test_sample_border(in, x + k % 3 - 1, y + k / 3 - 1, c, l->border) -
                               test_sample(in, x, y, c);
                double shown = l->is_signed ? sum + middle[type] : fabs(sum);
                *expected++ = fmax(type == PPX_F32 ? -INFINITY : 0, fmin(shown, most[type]));
            }
}

static void test_laplacian(void **state) {
    (void)state;
    for (int k = 0; k < 16; k++) {
        laplacian_context l = {k / 4 % 2, k / 8, k % 4};
        char spec[80];
        (void)snprintf(spec, sizeof spec, "laplacian:connectivity=%d,output=%s,border=%s",
                       l.corners ? 8 : 4, l.is_signed ? "signed" : "absolute",
                       test_borders[l.border]);
        trial t = {spec, NULL, laplacian_oracle, &l, {0, 0, 0, 4e-6}};
        check_shapes(&t);
    }
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

// Whole weights for each width of the sums and each way to finish, and fractions; sizes up to the
// largest.
static void test_convolve_files(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {5, 1}, {1, 7}, {3, 3}, {5, 3}, {9, 9}, {31, 31}};
    enum { NSIZES = sizeof sizes / sizeof *sizes };
    static const struct {
        double factor, scale, offset;
    } cases[] = {{1, 16, 9},      {100, 1600, 9},       {1e6, 16e6, 9},  {0.37, 5.92, 9},
                 {1, 1, 3},       {1, -1, 200},         {1, 2.5, 0.25},  {0.125, 3, 1},
                 {100, 30000, 9}, {5000, 80000, 127},   {2000, 1000, 0}, {1, 1, 40000},
                 {7, 977, -2},    {0.0625, -0.25, 250}, {300, 1, 128},   {1, 4095, 0}};
    enum { NCASES = sizeof cases / sizeof *cases };
    static char text[31 * 31 * 24];
    double weight[31 * 31];
    for (int k = 0; k < NSIZES * NCASES; k++) {
        const double factor = cases[k % NCASES].factor;
        int width = sizes[k / NCASES][0], height = sizes[k / NCASES][1];
        if (width == 31 && k % 4)
            continue; // slow
        const double largest = width * height * 12 * factor / fabs(cases[k % NCASES].scale);
        size_t used = (size_t)sprintf(text, "# made by a test\n\n");
        for (int i = 0; i < width * height; i++) {
            weight[i] = ((double)(test_random(77, (uint64_t)i) % 21) - 8) * factor;
            bool last = (i + 1) % width == 0;
            used += (size_t)sprintf(text + used, "%.17g%s", weight[i],
                                    !last ? (i % 2 ? " " : ", ") : "\t# end\r\n");
        }
        matrix m = {width, height, k % 3, cases[k % NCASES].scale, cases[k % NCASES].offset,
                    weight};
        char spec[120];
        (void)snprintf(spec, sizeof spec, "convolve:file=any,scale=%.17g,offset=%g,border=%s",
                       m.scale, m.offset, test_borders[m.border]);
        trial t = {
            spec, text, convolve_oracle, &m, {0, 0, 0, 1e-5 + 1e-7 * (largest + fabs(m.offset))}};
        for (int type = 0; type < 3; type++) {
            const ppx_shape shape = test_shape(39 - k % 2, 65 + k % 2, 1 + k % 4, types[type]);
            ppx_image in = test_image(shape, k % 3 ? TEST_NOISE : TEST_EXTREMES, 4);
            check(&t, &in);
            ppx_image_free(&in);
        }
    }
}

// Every sum below 2^15, divided: 127 times the pixel to the left and the pixel itself.
static void test_convolve_division(void **state) {
    (void)state;
    enum { NSUMS = 128 * 255 + 1 };
    static const int divisors[] = {2,   3,   5,   6,    7,    16,   19,    100,  127,
                                   128, 129, 255, 1000, 4099, 8192, 16383, 16384};
    static const int offsets[] = {0, 100, -1};
    ppx_image in = test_image(test_shape(2 * (ptrdiff_t)NSUMS, 1, 1, PPX_U8), TEST_NOISE, 1);
    uint8_t *row = ppx_image_row(&in, 0);
    for (int n = 0; n < NSUMS; n++) {
        row[2 * n] = (uint8_t)(n / 127 < 255 ? n / 127 : 255);
        row[2 * n + 1] = (uint8_t)(n - 127 * row[2 * n]);
    }
    for (int k = 0; k < 17 * 3; k++) {
        const int divisor = divisors[k / 3], offset = offsets[k % 3];
        char spec[80];
        (void)snprintf(spec, sizeof spec, "convolve:file=any,scale=%d,offset=%d", divisor, offset);
        trial t = {.spec = spec, .weights = "127 1 0"};
        TEST_EACH_LEVEL(level) {
            ppx_image out = run(&t, &in, &ppx_runner_serial);
            const uint8_t *got = ppx_image_row(&out, 0);
            for (int n = 0; n < NSUMS; n++) {
                const int exact = (2 * n + divisor) / (2 * divisor) + offset;
                if (got[2 * n + 1] != (exact < 0 ? 0 : exact < 255 ? exact : 255))
                    fail_msg("%s: %d / %d + %d gives %d", spec, n, divisor, offset, got[2 * n + 1]);
            }
            ppx_image_free(&out);
        }
    }
    ppx_image_free(&in);
}

static void copy_oracle(const ppx_image *in, const void *context, double *expected) {
    (void)context;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < in->shape.channels; c++)
                *expected++ = test_sample(in, x, y, c);
}

static void test_convolve_identity(void **state) {
    (void)state;
    trial one = {"convolve:file=any", "1", copy_oracle, NULL, {0}};
    check_shapes(&one);
    trial five = {"convolve:file=any", "0 0 0 0 0\n0 0 1 0 0\n0 0 0 0 0", copy_oracle, NULL, {0}};
    check_shapes(&five);
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
        cmocka_unit_test(test_sobel),
        cmocka_unit_test(test_sobel_roots),
        cmocka_unit_test(test_laplacian),
        cmocka_unit_test(test_convolve_names),
        cmocka_unit_test(test_convolve_files),
        cmocka_unit_test(test_convolve_division),
        cmocka_unit_test(test_convolve_identity),
        cmocka_unit_test(test_convolve_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
