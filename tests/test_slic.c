// test_slic.c: superpixels against plain loops over pixels and a flood fill; and that every region
// is connected.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct way {
    int regions, iterations;
    double compactness;
} way;

typedef struct cluster {
    long c[3], x, y;
} cluster;

typedef struct state {
    const ppx_image *in;
    ptrdiff_t width, height, across, down;
    int ncolours;
    float weight;
    cluster *clusters;
    ptrdiff_t *owner, *component, *label; // of each pixel
    ptrdiff_t ncomponents, nkept;
} slic_state;

// ---- By definition ------------------------------------------------------------------------------

static ptrdiff_t cell_at(ptrdiff_t x, ptrdiff_t size, ptrdiff_t n) {
    for (ptrdiff_t k = 0;; k++)
        if (x < (k + 1) * size / n)
            return k;
}

static ptrdiff_t cells_along(ptrdiff_t size, double side) {
    ptrdiff_t n = (ptrdiff_t)floor((double)size / side + 0.5);
    return n < 1 ? 1 : n > size ? size : n;
}

// The order of operations is part of the definition.
static float distance(const slic_state *s, const cluster *k, ptrdiff_t x, ptrdiff_t y) {
    float sum = 0;
    for (int c = 0; c < s->ncolours; c++) {
        float d = (float)test_sample(s->in, x, y, c) - (float)k->c[c];
        sum = sum + d * d;
    }
    float dx = (float)(x - k->x), dy = (float)(y - k->y);
    return sum + s->weight * (dx * dx + dy * dy);
}

static ptrdiff_t nearest(const slic_state *s, ptrdiff_t x, ptrdiff_t y) {
    ptrdiff_t best = -1, column = cell_at(x, s->width, s->across);
    ptrdiff_t row = cell_at(y, s->height, s->down);
    for (ptrdiff_t k = 0; k < s->across * s->down; k++)
        if (labs(k % s->across - column) <= 1 && labs(k / s->across - row) <= 1 &&
            (best < 0 ||
             distance(s, &s->clusters[k], x, y) < distance(s, &s->clusters[best], x, y)))
            best = k;
    return best;
}

// Whether a cluster moved.
static bool move(slic_state *s) {
    const ptrdiff_t n = s->across * s->down;
    double(*sums)[6] = calloc((size_t)n, sizeof *sums);
    assert_non_null(sums);
    bool moved = false;
    for (ptrdiff_t p = 0; p < s->width * s->height; p++) {
        double *sum = sums[s->owner[p]];
        for (int c = 0; c < s->ncolours; c++)
            sum[c] += test_sample(s->in, p % s->width, p / s->width, c);
        sum[3] += (double)(p % s->width);
        sum[4] += (double)(p / s->width);
        sum[5]++;
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        long *values[] = {&s->clusters[k].c[0], &s->clusters[k].c[1], &s->clusters[k].c[2],
                          &s->clusters[k].x, &s->clusters[k].y};
        for (int v = 0; v < 5 && sums[k][5] > 0; v++) {
            long mean = (long)floor(sums[k][v] / sums[k][5] + 0.5);
            moved = moved || mean != *values[v];
            *values[v] = mean;
        }
    }
    free(sums);
    return moved;
}

static void make_clusters(slic_state *s, const way *w) {
    double pixels = (double)(s->width * s->height), side = sqrt(pixels / w->regions);
    s->across = cells_along(s->width, side);
    s->down = cells_along(s->height, side);
    const ptrdiff_t n = s->across * s->down;
    s->weight = (float)(w->compactness * w->compactness * (double)n / pixels);
    s->clusters = calloc((size_t)n, sizeof *s->clusters);
    assert_non_null(s->clusters);
    for (ptrdiff_t p = 0; p < s->width * s->height; p++)
        s->owner[p] = cell_at(p / s->width, s->height, s->down) * s->across +
                      cell_at(p % s->width, s->width, s->across);
    bool moved = move(s);
    for (int turn = 0; turn < w->iterations && moved; turn++) {
        for (ptrdiff_t p = 0; p < s->width * s->height; p++)
            s->owner[p] = nearest(s, p % s->width, p / s->width);
        moved = move(s);
    }
    for (ptrdiff_t p = 0; p < s->width * s->height; p++)
        s->owner[p] = nearest(s, p % s->width, p / s->width);
}

// Numbers the parts of equal values that hang together through sides; how many.
static ptrdiff_t flood(const slic_state *s, const ptrdiff_t *value, ptrdiff_t *number) {
    const ptrdiff_t n = s->width * s->height;
    ptrdiff_t *stack = malloc((size_t)n * sizeof *stack), found = 0;
    assert_non_null(stack);
    for (ptrdiff_t p = 0; p < n; p++)
        number[p] = -1;
    for (ptrdiff_t p = 0; p < n; p++) {
        if (number[p] >= 0)
            continue;
        ptrdiff_t depth = 0;
        number[p] = found;
        stack[depth++] = p;
        while (depth) {
            ptrdiff_t at = stack[--depth], x = at % s->width, y = at / s->width;
            const ptrdiff_t next[4] = {x > 0 ? at - 1 : -1, x + 1 < s->width ? at + 1 : -1,
                                       y > 0 ? at - s->width : -1,
                                       y + 1 < s->height ? at + s->width : -1};
            for (int k = 0; k < 4; k++)
                if (next[k] >= 0 && number[next[k]] < 0 && value[next[k]] == value[p]) {
                    number[next[k]] = found;
                    stack[depth++] = next[k];
                }
        }
        found++;
    }
    free(stack);
    return found;
}

// The component that a cluster keeps, -1 for none.
static ptrdiff_t kept_by(const slic_state *s, ptrdiff_t k) {
    const double pixels = (double)(s->width * s->height);
    long spacing = (long)floor(sqrt(pixels / (double)(s->across * s->down)) / 8 + 0.5);
    ptrdiff_t best = -1, votes[64], n = 0;
    int most = 0;
    spacing = spacing < 1 ? 1 : spacing;
    for (long far = 0; far <= 32; far++) // by squared distance, then upper, then left
        for (long j = -4; j < 4; j++)
            for (long i = -4; i < 4; i++) {
                ptrdiff_t x = s->clusters[k].x + i * spacing, y = s->clusters[k].y + j * spacing;
                if (i * i + j * j == far && x >= 0 && x < s->width && y >= 0 && y < s->height &&
                    s->owner[y * s->width + x] == k)
                    votes[n++] = s->component[y * s->width + x];
            }
    for (ptrdiff_t v = 0; v < n; v++) {
        int same = 0;
        for (ptrdiff_t other = 0; other < n; other++)
            same += votes[other] == votes[v];
        best = same > most ? votes[v] : best;
        most = same > most ? same : most;
    }
    return best;
}

static void label_pixels(slic_state *s) {
    ptrdiff_t *label = calloc((size_t)s->ncomponents, sizeof *label); // of a component
    assert_non_null(label);
    for (ptrdiff_t k = 0; k < s->across * s->down; k++)
        if (kept_by(s, k) >= 0)
            label[kept_by(s, k)] = 1;
    s->nkept = 0;
    for (ptrdiff_t k = 0; k < s->ncomponents; k++)
        s->nkept += label[k];
    label[0] = s->nkept ? label[0] : 1;
    s->nkept = 0;
    for (ptrdiff_t k = 0; k < s->ncomponents; k++)
        label[k] = label[k] ? ++s->nkept : 0;
    ptrdiff_t *first = calloc((size_t)s->height, sizeof *first);
    assert_non_null(first);
    for (ptrdiff_t p = s->width * s->height - 1; p >= 0; p--)
        first[p / s->width] = label[s->component[p]] ? label[s->component[p]] : first[p / s->width];
    for (ptrdiff_t y = 0; y < s->height; y++) {
        ptrdiff_t from = y, last;
        while (from >= 0 && !first[from])
            from--;
        for (from = from < 0 ? y : from; !first[from];)
            from++;
        last = first[from];
        for (ptrdiff_t p = y * s->width; p < (y + 1) * s->width; p++)
            s->label[p] = last = label[s->component[p]] ? label[s->component[p]] : last;
    }
    free(first);
    free(label);
}

static slic_state by_definition(const ppx_image *in, const way *w) {
    slic_state s = {.in = in, .width = in->shape.width, .height = in->shape.height};
    const size_t nbytes = (size_t)(s.width * s.height) * sizeof(ptrdiff_t);
    s.ncolours = in->shape.channels < 3 ? 1 : 3;
    s.owner = malloc(nbytes);
    s.component = malloc(nbytes);
    s.label = malloc(nbytes);
    assert_true(s.owner && s.component && s.label);
    make_clusters(&s, w);
    s.ncomponents = flood(&s, s.owner, s.component);
    label_pixels(&s);
    return s;
}

static void state_free(slic_state *s) {
    free(s->clusters);
    free(s->owner);
    free(s->component);
    free(s->label);
}

// ---- Comparison ---------------------------------------------------------------------------------

static void take_number(void *context, const char *kernel, const char *key, double value) {
    assert_string_equal(kernel, "slic");
    assert_string_equal(key, "regions");
    *(double *)context = value;
}

static void expect_boundaries(const ppx_image *got, const slic_state *s) {
    for (ptrdiff_t p = 0; p < s->width * s->height; p++) {
        const ptrdiff_t x = p % s->width, y = p / s->width;
        const bool edge = (x + 1 < s->width && s->label[p + 1] != s->label[p]) ||
                          (y + 1 < s->height && s->label[p + s->width] != s->label[p]);
        for (int c = 0; c < s->in->shape.channels; c++)
            assert_true(test_sample(got, x, y, c) ==
                        (edge && c < s->ncolours ? 255 : test_sample(s->in, x, y, c)));
    }
}

static void check(const ppx_image *in, const way *w) {
    char spec[100], drawn[120];
    (void)snprintf(spec, sizeof spec, "slic:regions=%d,compactness=%g,iterations=%d", w->regions,
                   w->compactness, w->iterations);
    (void)snprintf(drawn, sizeof drawn, "%s,output=boundaries", spec);
    slic_state s = by_definition(in, w);
    TEST_EACH_LEVEL(level) {
        double regions = 0;
        ppx_sink sink = {.context = &regions, .number = take_number};
        ppx_image got = test_run(spec, in, &ppx_runner_serial, &sink);
        assert_int_equal(got.shape.type, PPX_U32);
        assert_int_equal(got.shape.channels, 1);
        assert_true(regions == (double)s.nkept);
        for (ptrdiff_t p = 0; p < s.width * s.height; p++)
            if (test_sample(&got, p % s.width, p / s.width, 0) != (double)s.label[p])
                fail_msg("%s of %td x %td x %d at (%td, %td): %g, wanted %td", spec, s.width,
                         s.height, in->shape.channels, p % s.width, p / s.width,
                         test_sample(&got, p % s.width, p / s.width, 0), s.label[p]);
        ppx_image_free(&got);
        got = test_run(drawn, in, &ppx_runner_serial, NULL);
        expect_boundaries(&got, &s);
        ppx_image_free(&got);
    }
    test_same_on_threads(spec, in);
    // Connected: as many parts as labels.
    assert_int_equal(flood(&s, s.label, s.component), s.nkept);
    state_free(&s);
}

// ---- Tests --------------------------------------------------------------------------------------

static void test_oracle_agrees(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},   {17, 13},
                                         {33, 64}, {16, 65}, {90, 129}, {300, 20}};
    static const way ways[] = {{12, 3, 20}, {1, 2, 5}, {60, 10, 300}, {100, 2, 0.05}};
    for (int s = 0; s < 8; s++)
        for (int n = 0; n < 4; n++) {
            ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], 1 + (s + n) % 4, PPX_U8);
            ppx_image in = test_image(shape, (test_texture)((s + n / 2) % TEST_NTEXTURES), 5);
            check(&in, &ways[n]);
            ppx_image_free(&in);
        }
}

// Components that wind through several strips, and cells as high as a strip and higher.
static void test_large_cells(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(70, 300, 1, PPX_U8), TEST_EXTREMES, 5);
    for (ptrdiff_t y = 0; y < 300; y++) // stripes that hang together by turns left and right
        for (ptrdiff_t x = 0; x < 70; x++)
            ((uint8_t *)ppx_image_row(&in, y))[x] =
                y % 4 < 2 || (y % 8 < 4 ? x < 3 : x > 66) ? 200 : 10;
    check(&in, &(way){4, 5, 0.5});
    check(&in, &(way){1, 5, 0.01});
    ppx_image_free(&in);
}

// Of two flat halves, no region reaches across.
static void test_edges(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(64, 80, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 80; y++)
        for (ptrdiff_t x = 0; x < 64; x++)
            ((uint8_t *)ppx_image_row(&in, y))[x] = x < 29 ? 20 : 220;
    ppx_image got = test_run("slic:regions=20", &in, &ppx_runner_serial, NULL);
    for (ptrdiff_t y = 0; y < 80; y++)
        for (ptrdiff_t other = 0; other < 80; other++)
            assert_true(test_sample(&got, 28, y, 0) != test_sample(&got, 29, other, 0));
    ppx_image_free(&got);
    ppx_image_free(&in);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(9, 9, 1, PPX_U16), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("slic", &in), "u8"));
    ppx_image_free(&in);
    in = test_image(test_shape(300, 301, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("slic:regions=65537", &in), "regions"));
    assert_non_null(strstr(test_run_refused("slic:compactness=0", &in), "compactness"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle_agrees),
        cmocka_unit_test(test_large_cells),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
