// test_regions.c: what regions measures, keeps and paints, against sums over single pixels.
#include "patterns.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The oracle ---------------------------------------------------------------------------------

enum {
    LABEL,
    AREA,
    X0,
    Y0,
    X1,
    Y1,
    CX,
    CY,
    MXX,
    MXY,
    MYY,
    MAJOR,
    MINOR,
    ECCENTRICITY,
    EXTENT,
    PERIMETER,
    EULER,
    BORDER,
    ORIENTATION,
    LEAST,
    MOST,
    MEAN,
    NCOLUMNS
};
static const char *const columns[NCOLUMNS] = {
    "label", "area",   "x0",          "y0",    "x1",    "y1",           "cx",     "cy",
    "mxx",   "mxy",    "myy",         "major", "minor", "eccentricity", "extent", "perimeter",
    "euler", "border", "orientation", "least", "most",  "mean"};

typedef struct truth {
    ptrdiff_t width, height;
    uint32_t *labels, n;
    double (*rows)[NCOLUMNS]; // n of them
} truth;

static uint32_t at(const truth *t, ptrdiff_t x, ptrdiff_t y) {
    return x >= 0 && y >= 0 && x < t->width && y < t->height ? t->labels[y * t->width + x] : 0;
}

// How many lines in direction (dx, dy) enter the region at this pixel: 1 or 0. Where corners do not
// join, a step across a corner needs one of the region's pixels beside it.
static bool enters(const truth *t, ptrdiff_t x, ptrdiff_t y, int dx, int dy, int connectivity) {
    uint32_t label = at(t, x, y);
    if (at(t, x - dx, y - dy) != label)
        return true;
    return dx && dy && connectivity == 4 && at(t, x - dx, y) != label && at(t, x, y - dy) != label;
}

// Four times the Euler number of each region, from windows of 2 x 2 pixels (Gray 1971).
static void add_windows(const truth *t, int connectivity, double *quads) {
    for (ptrdiff_t y = 0; y <= t->height; y++)
        for (ptrdiff_t x = 0; x <= t->width; x++) {
            const uint32_t w[4] = {at(t, x - 1, y - 1), at(t, x, y - 1), at(t, x, y),
                                   at(t, x - 1, y)}; // around
            for (int k = 0; k < 4; k++) {
                int same = 0, first = 1;
                for (int m = 0; m < 4; m++) {
                    same += w[m] == w[k];
                    first &= m >= k || w[m] != w[k];
                }
                if (!w[k] || !first)
                    continue;
                if (same == 1)
                    quads[w[k] - 1]++;
                else if (same == 3)
                    quads[w[k] - 1]--;
                else if (same == 2 && w[(k + 2) % 4] == w[k])
                    quads[w[k] - 1] += connectivity == 4 ? 2 : -2;
            }
        }
}

// Sums over pixels, then over distances from the centroid.
static void add_pixels(const truth *t, const ppx_image *samples, int connectivity) {
    for (ptrdiff_t y = 0; y < t->height; y++)
        for (ptrdiff_t x = 0; x < t->width; x++) {
            if (!at(t, x, y))
                continue;
            double *r = t->rows[at(t, x, y) - 1], v = samples ? test_sample(samples, x, y, 0) : 0;
            r[AREA]++;
            r[X0] = fmin(r[X0], (double)x);
            r[Y0] = fmin(r[Y0], (double)y);
            r[X1] = fmax(r[X1], (double)x);
            r[Y1] = fmax(r[Y1], (double)y);
            r[CX] += (double)x;
            r[CY] += (double)y;
            r[LEAST] = fmin(r[LEAST], v);
            r[MOST] = fmax(r[MOST], v);
            r[MEAN] += v;
            if (x == 0 || y == 0 || x == t->width - 1 || y == t->height - 1)
                r[BORDER] = 1;
            r[PERIMETER] +=
                acos(-1) / 4 *
                (enters(t, x, y, 1, 0, connectivity) + enters(t, x, y, 0, 1, connectivity) +
                 sqrt(0.5) *
                     (enters(t, x, y, 1, 1, connectivity) + enters(t, x, y, -1, 1, connectivity)));
        }
    for (uint32_t k = 0; k < t->n; k++) {
        t->rows[k][CX] /= t->rows[k][AREA];
        t->rows[k][CY] /= t->rows[k][AREA];
        t->rows[k][MEAN] /= t->rows[k][AREA];
    }
    for (ptrdiff_t y = 0; y < t->height; y++)
        for (ptrdiff_t x = 0; x < t->width; x++) {
            if (!at(t, x, y))
                continue;
            double *r = t->rows[at(t, x, y) - 1];
            r[MXX] += ((double)x - r[CX]) * ((double)x - r[CX]) / r[AREA];
            r[MXY] += ((double)x - r[CX]) * ((double)y - r[CY]) / r[AREA];
            r[MYY] += ((double)y - r[CY]) * ((double)y - r[CY]) / r[AREA];
        }
}

static void derive(double *r) {
    // Eigenvalues as the roots of the characteristic polynomial.
    double trace = r[MXX] + r[MYY], det = r[MXX] * r[MYY] - r[MXY] * r[MXY];
    double root = sqrt(fmax(trace * trace / 4 - det, 0));
    r[MAJOR] = 4 * sqrt(trace / 2 + root);
    r[MINOR] = 4 * sqrt(fmax(trace / 2 - root, 0));
    r[ECCENTRICITY] =
        r[MAJOR] > 0 ? sqrt(fmax(1 - r[MINOR] * r[MINOR] / (r[MAJOR] * r[MAJOR]), 0)) : 0;
    r[EXTENT] = r[AREA] / ((r[X1] - r[X0] + 1) * (r[Y1] - r[Y0] + 1));
}

static truth truth_of(const ppx_image *in, const ppx_image *samples, int connectivity) {
    truth t = {.width = in->shape.width, .height = in->shape.height};
    const size_t npixels = (size_t)(t.width * t.height);
    uint8_t *mask = malloc(npixels);
    t.labels = malloc(npixels * sizeof *t.labels);
    assert_non_null(mask);
    assert_non_null(t.labels);
    for (ptrdiff_t y = 0; y < t.height; y++)
        for (ptrdiff_t x = 0; x < t.width; x++)
            mask[y * t.width + x] = test_sample(in, x, y, 0) != 0;
    t.n = flood_labels(mask, t.width, t.height, connectivity, t.labels);
    free(mask);
    t.rows = calloc(t.n + 1, sizeof *t.rows);
    double *quads = calloc(t.n + 1, sizeof *quads);
    assert_non_null(t.rows);
    assert_non_null(quads);
    for (uint32_t k = 0; k < t.n; k++) {
        t.rows[k][LABEL] = k + 1;
        t.rows[k][X0] = t.rows[k][Y0] = t.rows[k][LEAST] = INFINITY;
    }
    add_windows(&t, connectivity, quads);
    add_pixels(&t, samples, connectivity);
    for (uint32_t k = 0; k < t.n; k++) {
        t.rows[k][EULER] = quads[k] / 4;
        derive(t.rows[k]);
    }
    free(quads);
    return t;
}

static void truth_free(truth *t) {
    free(t->labels);
    free(t->rows);
}

// ---- Findings and pixels compared with it -------------------------------------------------------

// Keeps a region or does not; NULL keeps all.
typedef bool keeper(const double *row);

typedef struct finding {
    const truth *wanted;
    keeper *keeps;
    const char *what;
    bool intensities;
    int numbers, tables;
} finding;

static bool is_kept(const finding *f, uint32_t k) {
    return !f->keeps || f->keeps(f->wanted->rows[k]);
}

static void take_number(void *context, const char *kernel, const char *key, double value) {
    finding *f = context;
    double wanted = f->wanted->n;
    assert_string_equal(kernel, "regions");
    if (strcmp(key, "count") == 0)
        for (uint32_t k = 0; k < f->wanted->n; k++)
            wanted -= !is_kept(f, k);
    else
        assert_string_equal(key, "found");
    assert_true(value == wanted);
    f->numbers++;
}

// An axis and its angle mean nothing where no direction is longer; squares are what rounds there.
static bool agrees(const double *wanted, int column, double got) {
    double m = hypot((wanted[MXX] - wanted[MYY]) / 2, wanted[MXY]),
           size = wanted[MXX] + wanted[MYY];
    if (column == ORIENTATION) {
        if (m <= 1e-9 * size || size == 0)
            return true;
        // The direction solves the equation of the axis: moments across it vanish along it.
        double a = got * acos(-1) / 180, c = cos(a), s = sin(a);
        double cross = (wanted[MYY] - wanted[MXX]) * c * s + wanted[MXY] * (c * c - s * s);
        double along = wanted[MXX] * c * c + 2 * wanted[MXY] * c * s + wanted[MYY] * s * s;
        return fabs(cross) <= 1e-9 * size && along >= size / 2 && got > -90.0001 && got < 90.0001;
    }
    if (column == MINOR || column == MAJOR)
        return fabs(got * got - wanted[column] * wanted[column]) <= 1e-9 * (1 + size);
    if (column == ECCENTRICITY)
        return fabs(got * got - wanted[column] * wanted[column]) <= 1e-9;
    if (column == MXX || column == MXY || column == MYY)
        return fabs(got - wanted[column]) <= 1e-9 * (1 + size);
    return fabs(got - wanted[column]) <= 1e-12 * fabs(wanted[column]);
}

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    finding *f = context;
    assert_string_equal(kernel, "regions");
    assert_string_equal(table->title, "labels");
    assert_int_equal(table->ncolumns, f->intensities ? NCOLUMNS : LEAST);
    for (int c = 0; c < table->ncolumns; c++) {
        size_t row = 0;
        assert_string_equal(table->columns[c], columns[c]);
        for (uint32_t k = 0; k < f->wanted->n; k++) {
            if (!is_kept(f, k))
                continue;
            assert_true(row < table->nrows);
            const double got = table->cell(table->data, row++, c), *wanted = f->wanted->rows[k];
            if (table->whole[c])
                assert_true(got == floor(got));
            if (!agrees(wanted, c, got))
                fail_msg("%s: region %u, %s: %.17g, wanted %.17g", f->what, k + 1, columns[c], got,
                         wanted[c]);
        }
        assert_int_equal(row, table->nrows);
    }
    f->tables++;
}

static void compare_labels(const ppx_image *got, const finding *f) {
    assert_int_equal(got->shape.type, PPX_U32);
    for (ptrdiff_t y = 0; y < f->wanted->height; y++)
        for (ptrdiff_t x = 0; x < f->wanted->width; x++) {
            uint32_t label = at(f->wanted, x, y);
            uint32_t wanted = label && is_kept(f, label - 1) ? label : 0;
            uint32_t is = ((const uint32_t *)ppx_image_row(got, y))[x];
            if (is != wanted)
                fail_msg("%s: (%td, %td) is %u, wanted %u", f->what, x, y, is, wanted);
        }
}

static void compare(const char *spec, const ppx_image *in, const ppx_runner *runner, finding f) {
    ppx_sink sink = {&f, take_number, take_table};
    ppx_image got = test_run(spec, in, runner, &sink);
    compare_labels(&got, &f);
    assert_int_equal(f.numbers, 2);
    assert_int_equal(f.tables, 1);
    ppx_image_free(&got);
    got = test_run(spec, in, runner, NULL);
    compare_labels(&got, &f);
    ppx_image_free(&got);
}

static void check(const ppx_image *in, const char *name, bool threads) {
    for (int connectivity = 4; connectivity <= 8; connectivity += 4)
        for (int with = 0; with < 2; with++) {
            char spec[80], what[200];
            (void)snprintf(spec, sizeof spec, "regions:connectivity=%d%s", connectivity,
                           with ? ",intensity=second" : "");
            (void)snprintf(what, sizeof what, "%s, %td x %td, %s", name, in->shape.width,
                           in->shape.height, spec);
            ppx_shape shape = test_shape(in->shape.width, in->shape.height, 1, PPX_U8);
            ppx_image samples = test_second_image("second", shape);
            truth wanted = truth_of(in, with ? &samples : NULL, connectivity);
            finding f = {.wanted = &wanted, .what = what, .intensities = with};
            TEST_EACH_LEVEL(level)
            compare(spec, in, &ppx_runner_serial, f);
            for (int nthreads = 2; threads && nthreads <= 8; nthreads += 3) {
                omp_set_num_threads(nthreads);
                compare(spec, in, &ppx_runner_omp, f);
            }
            truth_free(&wanted);
            ppx_image_free(&samples);
        }
}

// ---- Tests --------------------------------------------------------------------------------------

static void test_patterns(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, sizes[s][0], sizes[s][1]);
            check(&in, patterns[p].name, false);
            ppx_image_free(&in);
        }
}

static void test_noise(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++)
        for (int tenths = 2; tenths <= 8; tenths++) {
            ppx_image in = noise(sizes[s][0], sizes[s][1], tenths, (uint64_t)s);
            check(&in, "noise", false);
            ppx_image_free(&in);
        }
}

// Contacts and perimeters are counted across the seams, too.
static void test_threads(void **state) {
    (void)state;
    static const ptrdiff_t tall[][2] = {{37, 1}, {17, 65}, {70, 128}, {67, 200}, {9, 600}};
    for (int s = 0; s < 5; s++) {
        for (int p = 0; p < NPATTERNS; p++) {
            ppx_image in = draw(patterns[p].at, tall[s][0], tall[s][1]);
            check(&in, patterns[p].name, true);
            ppx_image_free(&in);
        }
        for (int tenths = 3; tenths <= 7; tenths++) {
            ppx_image in = noise(tall[s][0], tall[s][1], tenths, 11);
            check(&in, "noise", true);
            ppx_image_free(&in);
        }
    }
}

static void test_u16(void **state) {
    (void)state;
    for (int s = 0; s < NSIZES; s++) {
        ppx_image in =
            test_image(test_shape(sizes[s][0], sizes[s][1], 1, PPX_U16), TEST_EXTREMES, 3);
        check(&in, "u16", false);
        ppx_image_free(&in);
    }
}

// Far from the origin sums of squares need all of their bits.
static void test_far(void **state) {
    (void)state;
    ppx_image in;
    assert_int_equal(ppx_image_create(&in, test_shape(300000, 3, 1, PPX_U8), NULL), 0);
    for (ptrdiff_t y = 0; y < 3; y++)
        for (ptrdiff_t x = 0; x < 300000; x++)
            ((uint8_t *)ppx_image_row(&in, y))[x] = x > 200000 && (x + y) % 50000 > 3;
    check(&in, "far", false);
    ppx_image_free(&in);
}

static bool large(const double *r) {
    return r[AREA] >= 6;
}

static bool inner_disc(const double *r) {
    return r[BORDER] == 0 && r[EULER] == 1 && r[PERIMETER] < 9.5;
}

static bool bright(const double *r) {
    return r[MEAN] > 127.5 && r[LEAST] != 3 && r[MOST] <= 250;
}

static bool long_one(const double *r) {
    return r[ECCENTRICITY] > 0.9 && r[EXTENT] < 0.75 && r[CX] > 20;
}

static void test_filters(void **state) {
    (void)state;
    static const struct {
        const char *text;
        keeper *keeps;
    } filters[] = {{"area>=6", large},
                   {"border=0&euler=1&perimeter<9.5", inner_disc},
                   {"mean>127.5&least!=3&most<=250", bright},
                   {"eccentricity>0.9&extent<0.75&cx>20", long_one}};
    ppx_image in = noise(130, 200, 4, 9);
    ppx_image samples = test_second_image("second", test_shape(130, 200, 1, PPX_U8));
    truth wanted = truth_of(&in, &samples, 4);
    for (size_t k = 0; k < sizeof filters / sizeof *filters; k++) {
        char spec[160];
        (void)snprintf(spec, sizeof spec, "regions:connectivity=4,intensity=second,filter=%s",
                       filters[k].text);
        finding f = {.wanted = &wanted, .what = spec, .intensities = true};
        f.keeps = filters[k].keeps;
        uint32_t nkept = 0;
        for (uint32_t r = 0; r < wanted.n; r++)
            nkept += is_kept(&f, r);
        assert_in_range(nkept, 1, wanted.n - 1); // it does something
        compare(spec, &in, &ppx_runner_serial, f);
        for (int nthreads = 2; nthreads < 6; nthreads++) {
            omp_set_num_threads(nthreads);
            compare(spec, &in, &ppx_runner_omp, f);
        }
    }
    truth_free(&wanted);
    ppx_image_free(&in);
    ppx_image_free(&samples);
}

// One colour for each region, black between them and where the filter keeps none; neighbours by
// number differ.
static void test_colours(void **state) {
    (void)state;
    ppx_image in = noise(130, 200, 4, 9);
    ppx_image labels = test_run("regions:filter=area>2", &in, &ppx_runner_serial, NULL);
    ppx_image got = test_run("regions:filter=area>2,output=colour", &in, &ppx_runner_serial, NULL);
    assert_int_equal(got.shape.channels, 3);
    assert_int_equal(got.shape.type, PPX_U8);
    uint32_t *seen = calloc((size_t)130 * 200, sizeof *seen);
    assert_non_null(seen);
    for (ptrdiff_t y = 0; y < 200; y++)
        for (ptrdiff_t x = 0; x < 130; x++) {
            uint32_t label = ((uint32_t *)ppx_image_row(&labels, y))[x];
            const uint8_t *c = (uint8_t *)ppx_image_row(&got, y) + 3 * x;
            uint32_t colour = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
            assert_true(label ? c[0] >= 64 && c[1] >= 64 && c[2] >= 64 : colour == 0);
            if (!label)
                continue;
            assert_true(seen[label] == 0 || seen[label] == colour);
            seen[label] = colour;
        }
    for (int k = 1; k < 200; k++)
        assert_true(!seen[k] || seen[k] != seen[k + 1]);
    test_same_on_threads("regions:filter=area>2,output=colour", &in);
    free(seen);
    ppx_image_free(&in);
    ppx_image_free(&labels);
    ppx_image_free(&got);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(8, 8, 1, PPX_U8), TEST_NOISE, 1);
    static const struct {
        const char *filter, *says;
    } wrong[] = {{"aera>3", "did you mean \"area\""},
                 {"area", "compares nothing"},
                 {"area>=x", "\"x\" is not a number"},
                 {"area>3&", "compares nothing"},
                 {"orientation>3", "no measure \"orientation\""},
                 {"mean>3", "needs intensity"},
                 {"area==3", "\"=3\" is not a number"},
                 {"area>1&area>1&area>1&area>1&area>1&area>1&area>1&area>1&area>1&area>1&area>1&"
                  "area>1&area>1&area>1&area>1&area>1&area>1",
                  "too long"}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char spec[300];
        (void)snprintf(spec, sizeof spec, "regions:filter=%s", wrong[k].filter);
        const char *said = test_run_refused(spec, &in);
        if (!strstr(said, wrong[k].says))
            fail_msg("%s: \"%s\"", spec, said);
    }
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_threads),  cmocka_unit_test(test_u16),
        cmocka_unit_test(test_far),      cmocka_unit_test(test_filters),
        cmocka_unit_test(test_colours),  cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
