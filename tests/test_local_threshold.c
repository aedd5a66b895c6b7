// test_local_threshold.c: adaptive and sauvola against their formulas, every window added up anew.
#include "linear.inc.h"

typedef struct local {
    int radius, border;
    double amount; // offset or k
} local;

static const double range[] = {255, 65535, 0, 1};

typedef bool local_rule(const local *l, ppx_type type, double v, double mean, double deviation);

static void each_window(const ppx_image *in, const local *l, local_rule *rule, double *expected) {
    double area = (2.0 * l->radius + 1) * (2.0 * l->radius + 1);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                double sum = 0, squares = 0;
                for (int dy = -l->radius; dy <= l->radius; dy++)
                    for (int dx = -l->radius; dx <= l->radius; dx++)
                        sum += test_sample_border(in, x + dx, y + dy, c, l->border);
                double mean = sum / area;
                for (int dy = -l->radius; dy <= l->radius; dy++)
                    for (int dx = -l->radius; dx <= l->radius; dx++) {
                        double d = test_sample_border(in, x + dx, y + dy, c, l->border) - mean;
                        squares += d * d;
                    }
                bool above =
                    rule(l, in->shape.type, test_sample(in, x, y, c), mean, sqrt(squares / area));
                expected[(y * in->shape.width + x) * in->shape.channels + c] =
                    above ? range[in->shape.type] : 0;
            }
}

static bool adaptive_rule(const local *l, ppx_type type, double v, double mean, double deviation) {
    (void)deviation;
    return v > (type == PPX_F32 ? mean : floor(mean + 0.5)) - l->amount;
}

static bool sauvola_rule(const local *l, ppx_type type, double v, double mean, double deviation) {
    return v > mean * (1 + l->amount * (deviation / (range[type] / 2) - 1));
}

static void adaptive_oracle(const ppx_image *in, const void *context, double *expected) {
    each_window(in, context, adaptive_rule, expected);
}

static void sauvola_oracle(const ppx_image *in, const void *context, double *expected) {
    each_window(in, context, sauvola_rule, expected);
}

static trial adaptive_trial(char spec[96], const local *l) {
    (void)snprintf(spec, 96, "adaptive:radius=%d,offset=%.9g,border=%s", l->radius, l->amount,
                   test_borders[l->border]);
    return (trial){.spec = spec, .oracle = adaptive_oracle, .context = l};
}

static trial sauvola_trial(char spec[96], const local *l) {
    (void)snprintf(spec, 96, "sauvola:radius=%d,k=%.9g,border=%s", l->radius, l->amount,
                   test_borders[l->border]);
    return (trial){.spec = spec, .oracle = sauvola_oracle, .context = l};
}

// Offsets that no difference of a float and a mean of few levels hits.
static void test_shapes(void **state) {
    (void)state;
    static const local cases[] = {
        {0, 0, 0.013}, {1, 1, -0.0171}, {2, 2, 2}, {4, 3, -3.25}, {1, 0, 300}};
    char spec[96];
    for (int k = 0; k < 5; k++) {
        trial t = adaptive_trial(spec, &cases[k]);
        check_shapes(&t);
    }
    static const local others[] = {{0, 0, 0.2}, {1, 1, 0.5}, {2, 2, -0.3}, {4, 3, 0.21}};
    for (int k = 0; k < 4; k++) {
        trial t = sauvola_trial(spec, &others[k]);
        check_shapes(&t);
    }
}

// Windows beyond the image, sums beyond 16 and 32 bits.
static void test_large(void **state) {
    (void)state;
    static const int radii[] = {15, 45, 64, 140};
    for (int r = 0; r < 4; r++)
        for (int type = 0; type < 3; type++) {
            ppx_shape shape = test_shape(37, r < 2 ? 65 : 5, 1 + (r + type) % 3, types[type]);
            ppx_image in = test_image(shape, (test_texture)((r + type) % 2), 5);
            char spec[96];
            local l = {radii[r], (r + type) % 4, type == 2 ? 0.0371 : 7};
            trial t = adaptive_trial(spec, &l);
            check(&t, &in);
            l.amount = 0.17;
            t = sauvola_trial(spec, &l);
            check(&t, &in);
            ppx_image_free(&in);
        }
}

// Where nothing varies no pixel is above its mean, but all are above a little less.
static void test_constant(void **state) {
    (void)state;
    static const int values[] = {1, 128, 255};
    for (int v = 0; v < 3; v++) {
        ppx_image in = test_image(test_shape(40, 9, 1, PPX_U8), TEST_NOISE, 1);
        for (ptrdiff_t y = 0; y < 9; y++)
            memset(ppx_image_row(&in, y), values[v], 40);
        static const struct {
            const char *spec;
            int wanted;
        } cases[] = {{"adaptive", 0},
                     {"adaptive:offset=0.5", 255},
                     {"adaptive:offset=-0.5", 0},
                     {"adaptive:offset=1", 255},
                     {"sauvola:k=0", 0},
                     {"sauvola:k=0.01", 255}};
        for (int k = 0; k < 6; k++) {
            ppx_image got = test_run(cases[k].spec, &in, &ppx_runner_serial, NULL);
            for (ptrdiff_t x = 0; x < 40; x++)
                if (test_sample(&got, x, 4, 0) != cases[k].wanted)
                    fail_msg("%s of %d", cases[k].spec, values[v]);
            ppx_image_free(&got);
        }
        ppx_image_free(&in);
    }
}

static void test_parameters(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(5, 5, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("adaptive:radius=501", &in), "range"));
    assert_non_null(strstr(test_run_refused("sauvola:k=1.5", &in), "range"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
