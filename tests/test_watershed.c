// test_watershed.c: the flood against its definition: costs by relaxation until nothing changes,
// then labels in the order of costs.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    bool four, maxima, lines, floored;
    double depth, floor;
    const ppx_image *markers;
} options;

typedef struct cost {
    double level, steps;
} cost;

typedef struct model {
    const ppx_image *in;
    options o;
    ptrdiff_t width, n;
    double *value, *filled; // of a pixel: the height; the same with shallow minima filled
    bool *dam;
    cost *costs;
    uint32_t *seeds, *labels;
} model;

static void *zeros(const model *m, size_t nbytes) {
    assert_true(m->n > 0);
    void *memory = calloc((size_t)m->n, nbytes);
    assert_non_null(memory);
    return memory;
}

static int compare(cost a, cost b) {
    if (a.level != b.level)
        return a.level < b.level ? -1 : 1;
    return (a.steps > b.steps) - (a.steps < b.steps);
}

// The neighbours of a pixel that are no dams.
static int around(const model *m, ptrdiff_t p, ptrdiff_t near[8]) {
    int n = 0;
    for (ptrdiff_t dy = -1; dy <= 1; dy++)
        for (ptrdiff_t dx = -1; dx <= 1; dx++) {
            ptrdiff_t x = p % m->width + dx, y = p / m->width + dy;
            if ((dx == 0 && dy == 0) || (m->o.four && dx && dy) || x < 0 || y < 0 ||
                x >= m->width || y * m->width >= m->n || m->dam[y * m->width + x])
                continue;
            near[n++] = y * m->width + x;
        }
    return n;
}

static void fill(model *m) {
    ptrdiff_t near[8];
    for (ptrdiff_t p = 0; p < m->n; p++)
        m->filled[p] = m->in->shape.type == PPX_F32 ? (double)(float)(m->value[p] + m->o.depth)
                                                    : m->value[p] + m->o.depth;
    for (bool again = m->o.depth > 0; again;) {
        again = false;
        for (ptrdiff_t p = 0; p < m->n; p++)
            for (int k = m->dam[p] ? 0 : around(m, p, near); k > 0; k--) {
                double level = fmax(m->filled[near[k - 1]], m->value[p]);
                again |= level < m->filled[p];
                m->filled[p] = fmin(level, m->filled[p]);
            }
    }
}

// The plateau around p gets that number if it is a minimum; else it is marked as seen.
static bool number_plateau(model *m, ptrdiff_t p, uint32_t number, bool *seen, ptrdiff_t *stack) {
    ptrdiff_t n = 0, near[8], size = 0;
    bool lowest = true;
    stack[n++] = p;
    seen[p] = true;
    for (; size < n; size++)
        for (int k = around(m, stack[size], near); k > 0; k--) {
            ptrdiff_t q = near[k - 1];
            lowest &= m->filled[q] >= m->filled[p];
            if (m->filled[q] == m->filled[p] && !seen[q]) {
                seen[q] = true;
                stack[n++] = q;
            }
        }
    for (ptrdiff_t k = 0; lowest && k < n; k++)
        m->seeds[stack[k]] = number;
    return lowest;
}

static void find_seeds(model *m) {
    if (m->o.markers) {
        for (ptrdiff_t p = 0; p < m->n; p++)
            if (!m->dam[p])
                m->seeds[p] = (uint32_t)test_sample(m->o.markers, p % m->width, p / m->width, 0);
        return;
    }
    bool *seen = zeros(m, sizeof *seen);
    ptrdiff_t *stack = zeros(m, sizeof *stack);
    uint32_t n = 0;
    fill(m);
    for (ptrdiff_t p = 0; p < m->n; p++)
        if (!m->dam[p] && !seen[p])
            n += number_plateau(m, p, n + 1, seen, stack);
    free(seen);
    free(stack);
}

static cost step(const model *m, cost from, ptrdiff_t to) {
    if (from.level >= m->value[to])
        return (cost){from.level, from.steps + 1};
    return (cost){m->value[to], 0};
}

static void relax(model *m) {
    ptrdiff_t near[8];
    for (ptrdiff_t p = 0; p < m->n; p++)
        m->costs[p] = m->seeds[p] ? (cost){m->value[p], 0} : (cost){HUGE_VAL, HUGE_VAL};
    for (int turn = 0, again = 1; again; turn++) {
        again = 0;
        for (ptrdiff_t j = 0; j < m->n; j++) {
            ptrdiff_t p = turn % 2 ? m->n - 1 - j : j;
            for (int k = m->dam[p] ? 0 : around(m, p, near); k > 0; k--) {
                cost by = m->costs[near[k - 1]], now = step(m, by, p);
                if (by.level < HUGE_VAL && compare(now, m->costs[p]) < 0) {
                    m->costs[p] = now;
                    again = 1;
                }
            }
        }
    }
}

static const model *sorted;

static int by_cost(const void *a, const void *b) {
    return compare(sorted->costs[*(const ptrdiff_t *)a], sorted->costs[*(const ptrdiff_t *)b]);
}

static void label(model *m) {
    ptrdiff_t *order = zeros(m, sizeof *order), near[8];
    for (ptrdiff_t p = 0; p < m->n; p++)
        order[p] = p;
    sorted = m;
    qsort(order, (size_t)m->n, sizeof *order, by_cost);
    for (ptrdiff_t j = 0; j < m->n; j++) {
        const ptrdiff_t p = order[j];
        m->labels[p] = m->seeds[p];
        cost best = {HUGE_VAL, HUGE_VAL};
        const int n = m->seeds[p] || m->dam[p] ? 0 : around(m, p, near);
        for (int k = 0; k < n; k++) {
            const ptrdiff_t q = near[k];
            if (m->costs[q].level == HUGE_VAL || compare(step(m, m->costs[q], p), m->costs[p]))
                continue;
            if (compare(m->costs[q], best) < 0) { // or is the first in raster order
                best = m->costs[q];
                m->labels[p] = m->labels[q];
            }
        }
    }
    free(order);
}

static uint32_t line(const model *m, ptrdiff_t p) {
    const ptrdiff_t x = p % m->width;
    const ptrdiff_t near[4] = {x ? p - 1 : p, x + 1 < m->width ? p + 1 : p,
                               p >= m->width ? p - m->width : p,
                               p + m->width < m->n ? p + m->width : p};
    for (int k = 0; k < 4; k++)
        if (m->labels[near[k]] && m->labels[near[k]] < m->labels[p])
            return 0;
    return m->labels[p];
}

static ppx_image define(const ppx_image *in, options o) {
    model m = {.in = in, .o = o, .width = in->shape.width};
    m.n = m.width * in->shape.height;
    m.value = zeros(&m, sizeof *m.value);
    m.filled = zeros(&m, sizeof *m.filled);
    m.dam = zeros(&m, sizeof *m.dam);
    m.costs = zeros(&m, sizeof *m.costs);
    m.seeds = zeros(&m, sizeof *m.seeds);
    m.labels = zeros(&m, sizeof *m.labels);
    for (ptrdiff_t p = 0; p < m.n; p++) {
        double v = test_sample(in, p % m.width, p / m.width, 0);
        m.value[p] = o.maxima ? -v : v;
        m.dam[p] = !(v >= (o.floored ? o.floor : -HUGE_VAL));
    }
    find_seeds(&m);
    for (ptrdiff_t p = 0; !o.markers && p < m.n; p++)
        m.value[p] = m.filled[p];
    relax(&m);
    label(&m);
    ppx_image out;
    assert_int_equal(
        ppx_image_create(&out, test_shape(m.width, in->shape.height, 1, PPX_U32), NULL), 0);
    for (ptrdiff_t p = 0; p < m.n; p++)
        ((uint32_t *)ppx_image_row(&out, p / m.width))[p % m.width] =
            o.lines ? line(&m, p) : m.labels[p];
    free(m.value);
    free(m.filled);
    free(m.dam);
    free(m.costs);
    free(m.seeds);
    free(m.labels);
    return out;
}

static ppx_status load(void *context, const char *path, ppx_shape wanted, bool whole,
                       ppx_band *band, ppx_error *error) {
    (void)path, (void)wanted, (void)whole, (void)error;
    const ppx_image *markers = context;
    *band = ppx_band_whole(ppx_image_wrap(markers->data, markers->shape, markers->stride));
    return PPX_OK;
}

static ppx_image run(const char *spec, const ppx_image *in, const ppx_image *markers,
                     const ppx_runner *runner) {
    ppx_chain *chain;
    ppx_error error = {0};
    ppx_image markers_view = markers ? *markers : (ppx_image){0};
    ppx_run_options how = {.load = load, .load_context = &markers_view};
    ppx_band band = ppx_band_whole(ppx_image_wrap(in->data, in->shape, in->stride));
    if (ppx_chain_parse(&chain, spec, NULL, NULL, &error) ||
        ppx_run(chain, runner, &band, &how, NULL, &error))
        fail_msg("%s: %s", spec, error.text);
    ppx_chain_free(chain);
    return band.rows;
}

// Every level serially, and threads, against the definition.
static void check(const ppx_image *in, options o) {
    static const int nthreads[] = {2, 3, 5, 8};
    char spec[160], floor_text[40] = "";
    if (o.floored)
        (void)snprintf(floor_text, sizeof floor_text, ",floor=%.12g", o.floor);
    (void)snprintf(spec, sizeof spec, "watershed:connectivity=%d,of=%s,lines=%s,depth=%.12g%s%s",
                   o.four ? 4 : 8, o.maxima ? "maxima" : "minima", o.lines ? "yes" : "no", o.depth,
                   floor_text, o.markers ? ",markers=these" : "");
    ppx_image wanted = define(in, o);
    TEST_EACH_LEVEL(level) {
        ppx_image got = run(spec, in, o.markers, &ppx_runner_serial);
        test_expect_equal(&got, &wanted, 0, spec);
        ppx_image_free(&got);
    }
    for (int t = 0; t < 4; t++) {
        omp_set_num_threads(nthreads[t]);
        omp_set_schedule(t % 2 ? omp_sched_dynamic : omp_sched_static, t % 2);
        ppx_image got = run(spec, in, o.markers, &ppx_runner_omp);
        test_expect_equal(&got, &wanted, 0, spec);
        ppx_image_free(&got);
    }
    ppx_image_free(&wanted);
}

// A label in one pixel of `every`, some of them twice.
static ppx_image sparse_markers(ppx_shape shape, ppx_type type, uint64_t every, uint64_t seed) {
    ppx_image image;
    shape.type = type;
    assert_int_equal(ppx_image_create(&image, shape, NULL), 0);
    for (ptrdiff_t y = 0; y < shape.height; y++)
        for (ptrdiff_t x = 0; x < shape.width; x++) {
            uint64_t r = test_random(seed, (uint64_t)(y * shape.width + x));
            uint64_t value = r % every == 0 ? 1 + (r >> 32) % 200 : 0;
            if (type == PPX_U8)
                ((uint8_t *)ppx_image_row(&image, y))[x] = (uint8_t)value;
            else if (type == PPX_U16)
                ((uint16_t *)ppx_image_row(&image, y))[x] = (uint16_t)(value * 300);
            else
                ((uint32_t *)ppx_image_row(&image, y))[x] = (uint32_t)(value * 7000000);
        }
    return image;
}

static void check_all(const ppx_image *in, uint64_t seed) {
    const double most = in->shape.type == PPX_U8    ? 255
                        : in->shape.type == PPX_U16 ? 65535
                        : in->shape.type == PPX_U32 ? 4294967295.0
                                                    : 1;
    const double deep = in->shape.type == PPX_F32 ? 0.125 : floor(most / 8);
    check(in, (options){.four = seed % 2});
    check(in, (options){.maxima = true, .depth = deep, .four = seed % 2 == 0});
    check(in, (options){.depth = deep * 3, .lines = true, .floored = true, .floor = most / 4});
    ppx_image markers = sparse_markers(in->shape, (ppx_type)(seed % 3), 40, seed);
    check(in, (options){.markers = &markers, .four = seed % 2});
    check(in, (options){.markers = &markers,
                        .maxima = true,
                        .lines = true,
                        .floored = true,
                        .floor = most / 4,
                        .four = seed % 2 == 0});
    ppx_image_free(&markers);
}

static void test_images(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},  {17, 13},
                                         {33, 64}, {20, 65}, {9, 200}, {70, 131}};
    for (int s = 0; s < 8; s++)
        for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
            const ppx_type type = (ppx_type)((s + texture) % PPX_NTYPES);
            const uint64_t seed = (uint64_t)(s * TEST_NTEXTURES + texture);
            ppx_image in = test_image(test_shape(sizes[s][0], sizes[s][1], 1, type),
                                      (test_texture)texture, seed);
            check_all(&in, seed + (uint64_t)s);
            ppx_image_free(&in);
        }
}

// Floods that cross strips again and again: a spiral and a comb of corridors between high walls,
// and plateaus, with a marker in a corner and one in the middle.
static void test_corridors(void **state) {
    (void)state;
    const ptrdiff_t width = 45, height = 262;
    for (int kind = 0; kind < 3; kind++) {
        ppx_image in = test_image(test_shape(width, height, 1, PPX_U8), TEST_NOISE, 9);
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++) {
                ptrdiff_t ring = x < y ? x : y, right = width - 1 - x, lower = height - 1 - y;
                ring = ring < right ? ring : right;
                ring = ring < lower ? ring : lower;
                bool gate = x == ring + 1 && y == ring + 2;
                bool wall = kind == 0   ? ring % 2 == 1 && !gate
                            : kind == 1 ? x % 4 == 3 && y != (x % 8 == 3 ? 0 : height - 1)
                                        : (x / 15 + y / 50) % 2 == 0;
                ((uint8_t *)ppx_image_row(&in, y))[x] = wall ? 200 : 10;
            }
        ppx_image markers = sparse_markers(in.shape, PPX_U8, UINT64_MAX, 1);
        ((uint8_t *)markers.data)[0] = 9;
        ((uint8_t *)ppx_image_row(&markers, height / 2))[width / 2] = 4;
        check(&in, (options){.markers = &markers});
        check(&in, (options){.markers = &markers, .four = true, .floored = true, .floor = 5});
        check(&in, (options){.maxima = true, .four = true});
        check(&in, (options){.depth = 190});
        ppx_image_free(&markers);
        ppx_image_free(&in);
    }
}

// Every basin has its own minimum in it, labels are dense, and nothing is left out.
static void test_basins(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(201, 150, 1, PPX_U16), TEST_SMOOTH, 3);
    ppx_image got = test_run("watershed", &in, &ppx_runner_serial, NULL);
    uint32_t most = 0;
    static bool seen[201 * 150 + 1];
    for (ptrdiff_t y = 0; y < 150; y++)
        for (ptrdiff_t x = 0; x < 201; x++) {
            uint32_t own = ((uint32_t *)ppx_image_row(&got, y))[x];
            assert_true(own > 0 && own <= 201 * 150);
            seen[own] = true;
            most = own > most ? own : most;
        }
    for (uint32_t k = 1; k <= most; k++)
        assert_true(seen[k]);
    ppx_image_free(&got);
    ppx_image_free(&in);
}

// Two disks that touch are one component and two basins of the inverted distance.
static void test_touching(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(120, 80, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 80; y++)
        for (ptrdiff_t x = 0; x < 120; x++) {
            bool left = (x - 40) * (x - 40) + (y - 40) * (y - 40) < 22 * 22;
            bool right = (x - 78) * (x - 78) + (y - 36) * (y - 36) < 20 * 20;
            ((uint8_t *)ppx_image_row(&in, y))[x] = left || right ? 255 : 0;
        }
    ppx_image got =
        test_run("distance+watershed:of=maxima,floor=1,depth=9", &in, &ppx_runner_omp, NULL);
    for (ptrdiff_t y = 0; y < 80; y++)
        for (ptrdiff_t x = 0; x < 120; x++) {
            double own = test_sample(&got, x, y, 0);
            assert_true((own == 0) == (test_sample(&in, x, y, 0) == 0));
            assert_true(own <= 2);
        }
    assert_true(test_sample(&got, 40, 40, 0) != test_sample(&got, 78, 36, 0));
    ppx_image_free(&got);
    ppx_image_free(&in);
}

static void test_not_numbers(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(30, 70, 1, PPX_F32), TEST_SMOOTH, 4);
    for (ptrdiff_t y = 5; y < 70; y += 3)
        ((float *)ppx_image_row(&in, y))[y % 30] = y % 2 ? NAN : -0.0f;
    ((float *)ppx_image_row(&in, 40))[3] = INFINITY;
    ((float *)ppx_image_row(&in, 41))[3] = -INFINITY;
    check_all(&in, 1);
    check_all(&in, 2);
    ppx_image_free(&in);
}

static void test_refusals(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(5, 5, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("watershed:depth=0.5", &in), "whole"));
    assert_non_null(strstr(test_run_refused("watershed:markers=x.png,depth=2", &in), "leave one"));
    assert_non_null(strstr(test_run_refused("watershed:of=saddles", &in), "minima"));
    ppx_image_free(&in);
    static uint8_t row[70000];
    in = ppx_image_wrap(row, test_shape(65536, 1, 1, PPX_U8), 70000);
    assert_non_null(strstr(test_run_refused("watershed", &in), "65535"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),      cmocka_unit_test(test_corridors),
        cmocka_unit_test(test_basins),      cmocka_unit_test(test_touching),
        cmocka_unit_test(test_not_numbers), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
