// test_kmeans.c: clusters of colours against plain loops over pixels, with the same draw of seeds.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 256 };

typedef struct way {
    int k, iterations, seed;
} way;

typedef struct findings {
    double cell[MOST][5], inertia, turns;
    int nrows, ntables;
} findings;

static void take_number(void *context, const char *kernel, const char *key, double value) {
    findings *f = context;
    assert_string_equal(kernel, "kmeans");
    *(strcmp(key, "inertia") == 0 ? &f->inertia : &f->turns) = value;
}

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    findings *f = context;
    assert_string_equal(kernel, "kmeans");
    assert_string_equal(table->title, "clusters");
    f->nrows = (int)table->nrows;
    for (size_t row = 0; row < table->nrows; row++)
        for (int column = 0; column < table->ncolumns; column++)
            f->cell[row][column] = table->cell(table->data, row, column);
    f->ntables++;
}

// ---- By definition ------------------------------------------------------------------------------

typedef struct colour {
    int64_t c[3];
} colour;

static int64_t squared(colour a, colour b) {
    int64_t sum = 0;
    for (int c = 0; c < 3; c++)
        sum += (a.c[c] - b.c[c]) * (a.c[c] - b.c[c]);
    return sum;
}

static colour colour_at(const ppx_image *in, ptrdiff_t x, ptrdiff_t y) {
    colour p = {{0, 0, 0}};
    for (int c = 0; c < (in->shape.channels < 3 ? 1 : 3); c++)
        p.c[c] = (int64_t)test_sample(in, x, y, c);
    return p;
}

// What seeds are drawn from: colours with how often they occur, in the order of the draw.
typedef struct bag {
    colour *colours;
    uint64_t *counts;
    size_t n;
} bag;

static int64_t key_of(colour p, bool gray, bool cells) {
    if (gray)
        return p.c[0];
    int64_t cell = (p.c[0] / 8 * 32 + p.c[1] / 8) * 32 + p.c[2] / 8;
    return cells ? cell : cell * 512 + (p.c[0] % 8 * 8 + p.c[1] % 8) * 8 + p.c[2] % 8;
}

static bag bag_of(const ppx_image *in, bool cells) {
    const bool gray = in->shape.channels < 3;
    const size_t nkeys = gray ? 65536 : cells ? 32768 : (size_t)1 << 24;
    uint32_t *counts = calloc(nkeys, sizeof *counts);
    colour *colours = calloc(nkeys, sizeof *colours);
    bag b = {0};
    assert_true(counts && colours);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            colour p = colour_at(in, x, y);
            int64_t key = key_of(p, gray, cells);
            for (int c = 0; c < 3 && cells && !gray; c++)
                p.c[c] = p.c[c] / 8 * 8 + 4;
            b.n += counts[key]++ == 0;
            colours[key] = p;
        }
    b.colours = calloc(b.n, sizeof *b.colours);
    b.counts = calloc(b.n, sizeof *b.counts);
    assert_true(b.colours && b.counts);
    size_t n = 0;
    for (size_t key = 0; key < nkeys; key++)
        if (counts[key]) {
            b.colours[n] = colours[key];
            b.counts[n++] = counts[key];
        }
    free(counts);
    free(colours);
    return b;
}

static void bag_free(bag *b) {
    free(b->colours);
    free(b->counts);
}

static uint64_t weight(const bag *b, size_t i, const colour *seeds, int nseeds) {
    int64_t least = INT64_MAX;
    for (int m = 0; m < nseeds; m++)
        least = squared(b->colours[i], seeds[m]) < least ? squared(b->colours[i], seeds[m]) : least;
    return b->counts[i] * (nseeds ? (uint64_t)least : 1);
}

static uint64_t total_weight(const bag *b, const colour *seeds, int nseeds) {
    uint64_t total = 0;
    for (size_t i = 0; i < b->n; i++)
        total += weight(b, i, seeds, nseeds);
    return total;
}

// How many there are.
static int draw(const ppx_image *in, const way *w, colour *seeds) {
    bag b = bag_of(in, true);
    if (b.n < (size_t)w->k && in->shape.channels > 2) {
        bag_free(&b);
        b = bag_of(in, false);
    }
    int k = b.n < (size_t)w->k ? (int)b.n : w->k;
    for (int m = 0; m < k; m++) {
        colour best = {{0, 0, 0}};
        uint64_t least = UINT64_MAX, total = total_weight(&b, seeds, m);
        for (int trial = 0; trial < 3; trial++) {
            uint64_t drawn = test_random((uint64_t)w->seed, (uint64_t)(3 * m + trial)) % total;
            uint64_t sum = 0;
            for (size_t i = 0; i < b.n; i++) {
                sum += weight(&b, i, seeds, m);
                if (sum > drawn) {
                    seeds[m] = b.colours[i];
                    break;
                }
            }
            uint64_t after = total_weight(&b, seeds, m + 1);
            if (after < least)
                best = seeds[m];
            least = after < least ? after : least;
        }
        seeds[m] = best;
    }
    bag_free(&b);
    return k;
}

static int nearest(colour p, const colour *centres, int k) {
    int best = 0;
    for (int j = 1; j < k; j++)
        if (squared(p, centres[j]) < squared(p, centres[best]))
            best = j;
    return best;
}

static bool turn(const ppx_image *in, colour *centres, int k) {
    int64_t sums[MOST][4] = {{0}};
    bool moved = false;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            colour p = colour_at(in, x, y);
            int j = nearest(p, centres, k);
            for (int c = 0; c < 3; c++)
                sums[j][c] += p.c[c];
            sums[j][3]++;
        }
    for (int j = 0; j < k; j++)
        for (int c = 0; c < 3 && sums[j][3]; c++) {
            int64_t mean = (int64_t)floor((double)sums[j][c] / (double)sums[j][3] + 0.5);
            moved = moved || mean != centres[j].c[c];
            centres[j].c[c] = mean;
        }
    return moved;
}

// ---- Comparison ---------------------------------------------------------------------------------

static void expect(const ppx_image *in, const ppx_image *got, const findings *found,
                   const colour *centres, int k, int turns, const char *spec) {
    const int colours = in->shape.channels < 3 ? 1 : 3;
    double pixels[MOST] = {0}, inertia = 0;
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            int j = nearest(colour_at(in, x, y), centres, k);
            pixels[j]++;
            inertia += (double)squared(colour_at(in, x, y), centres[j]);
            for (int c = 0; c < in->shape.channels; c++) {
                double wanted = c < colours ? (double)centres[j].c[c] : test_sample(in, x, y, c);
                if (test_sample(got, x, y, c) != wanted)
                    fail_msg("%s of %td x %td x %d %s at (%td, %td), channel %d: %g, wanted %g",
                             spec, in->shape.width, in->shape.height, in->shape.channels,
                             ppx_type_name(in->shape.type), x, y, c, test_sample(got, x, y, c),
                             wanted);
            }
        }
    assert_int_equal(found->ntables, 1);
    assert_int_equal(found->nrows, k);
    assert_true(found->inertia == inertia);
    assert_true(found->turns == turns);
    for (int j = 0; j < k; j++) {
        assert_true(found->cell[j][0] == j + 1);
        assert_true(found->cell[j][1] == pixels[j]);
        for (int c = 0; c < colours; c++)
            assert_true(found->cell[j][2 + c] == (double)centres[j].c[c]);
    }
}

static void check(const ppx_image *in, const way *w) {
    char spec[80];
    (void)snprintf(spec, sizeof spec, "kmeans:k=%d,iterations=%d,seed=%d,fewer=accept", w->k,
                   w->iterations, w->seed);
    colour centres[MOST];
    int k = draw(in, w, centres), turns = 0;
    while (turns < w->iterations) {
        turns++;
        if (!turn(in, centres, k))
            break;
    }
    TEST_EACH_LEVEL(level) {
        findings found = {0};
        ppx_sink sink = {&found, take_number, take_table};
        ppx_image got = test_run(spec, in, &ppx_runner_serial, &sink);
        expect(in, &got, &found, centres, k, turns, spec);
        ppx_image_free(&got);
    }
    test_same_on_threads(spec, in);
}

static void test_oracle_agrees(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {16, 65}, {257, 129}};
    static const way ways[] = {{8, 10, 1}, {1, 3, 2}, {3, 100, 3}};
    for (int s = 0; s < 6; s++)
        for (int channels = 1; channels <= 4; channels++)
            for (int n = 0; n < 3; n++) {
                ppx_type type = channels < 3 && n % 2 ? PPX_U16 : PPX_U8;
                ppx_shape shape = test_shape(sizes[s][0], sizes[s][1], channels, type);
                ppx_image in = test_image(shape, (test_texture)((s + n) % TEST_NTEXTURES), 5);
                check(&in, &ways[n]);
                ppx_image_free(&in);
            }
}

// Centres in several groups of 64, and as many as there can be.
static void test_many_centres(void **state) {
    (void)state;
    static const int ks[] = {64, 65, 130, 256};
    for (int n = 0; n < 4; n++)
        for (int texture = TEST_NOISE; texture <= TEST_SMOOTH; texture++) {
            ppx_image in = test_image(test_shape(24, 67, 3, PPX_U8), (test_texture)texture, 5);
            check(&in, &(way){ks[n], 2, 9});
            ppx_image_free(&in);
        }
}

// Colours within one cell and a few: seeds are colours then, not cells.
static void test_few_cells(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(40, 70, 3, PPX_U8), TEST_NOISE, 5);
    for (ptrdiff_t y = 0; y < 70; y++)
        for (ptrdiff_t x = 0; x < 120; x++) {
            uint8_t *v = (uint8_t *)ppx_image_row(&in, y) + x;
            *v = (uint8_t)(96 + *v % 9);
        }
    check(&in, &(way){20, 4, 1});
    check(&in, &(way){8, 4, 1});
    check(&in, &(way){256, 4, 1});
    ppx_image_free(&in);
}

// As many colours as centres: nothing is lost.
static void test_all_colours(void **state) {
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        ppx_image in = test_image(test_shape(50, 70, channels, PPX_U8), TEST_EXTREMES, 5);
        ppx_image got =
            test_run(channels == 1 ? "kmeans:k=2" : "kmeans:k=8", &in, &ppx_runner_serial, NULL);
        test_expect_equal(&got, &in, 0, "kmeans of black and white");
        ppx_image_free(&got);
        ppx_image_free(&in);
    }
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(20, 70, 3, PPX_U8), TEST_EXTREMES, 1);
    assert_non_null(strstr(test_run_refused("kmeans:k=9", &in), "8 colours"));
    assert_non_null(strstr(test_run_refused("gray+threshold:t=100+kmeans:k=3", &in), "2 colours"));
    assert_non_null(strstr(test_run_refused("gray+threshold:t=255+kmeans:k=2", &in), "1 colour;"));
    assert_non_null(strstr(test_run_refused("kmeans:k=257", &in), "k"));
    ppx_image_free(&in);
    in = test_image(test_shape(20, 70, 3, PPX_U16), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("kmeans", &in), "gray"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle_agrees), cmocka_unit_test(test_many_centres),
        cmocka_unit_test(test_few_cells),     cmocka_unit_test(test_all_colours),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
