// test_hough.c: hough-lines and hough-circles against votes counted one by one in 64 bits, on every
// runner, and on lines and disks that the test has drawn.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},   {37, 1},   {17, 13},
                                     {21, 64}, {70, 131}, {257, 129}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

typedef struct found {
    double count;
    size_t n;
    int columns;
    double *cells;
} found;

static void take_number(void *context, const char *kernel, const char *key, double value) {
    found *f = context;
    (void)kernel;
    assert_string_equal(key, "count");
    f->count = value;
}

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    found *f = context;
    (void)kernel;
    f->n = table->nrows;
    f->columns = table->ncolumns;
    f->cells = calloc(f->n * (size_t)f->columns + 1, sizeof *f->cells);
    for (size_t k = 0; k < f->n; k++)
        for (int c = 0; c < f->columns; c++)
            f->cells[k * (size_t)f->columns + (size_t)c] = table->cell(table->data, k, c);
}

static ppx_image run_found(const char *spec, const ppx_image *in, const ppx_runner *runner,
                           found *got) {
    *got = (found){.count = -1};
    ppx_sink sink = {got, take_number, take_table};
    ppx_image out = test_run(spec, in, runner, &sink);
    assert_true(got->count >= 0);
    assert_non_null(got->cells);
    return out;
}

static void set(ppx_image *image, ptrdiff_t x, ptrdiff_t y, int value) {
    if (x < 0 || y < 0 || x >= image->shape.width || y >= image->shape.height)
        return;
    if (image->shape.type == PPX_U8)
        ((uint8_t *)ppx_image_row(image, y))[x] = (uint8_t)value;
    else
        ((uint16_t *)ppx_image_row(image, y))[x] = (uint16_t)value;
}

// One edge in `every` pixels.
static ppx_image edges_at_random(ptrdiff_t width, ptrdiff_t height, ppx_type type, uint64_t every) {
    ppx_image image = test_image(test_shape(width, height, 1, type), TEST_NOISE, 3);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            uint64_t key = test_random(9, (uint64_t)(y * width + x));
            set(&image, x, y, key % every ? 0 : 1 + (int)(key >> 20) % 255);
        }
    return image;
}

// ---- hough-lines --------------------------------------------------------------------------------

typedef struct lines_case {
    int threshold, top, angles;
    double rho;
    int apart, draw; // 0 over, 1 alone, 2 none
} lines_case;

typedef struct accumulator {
    int angles;
    int64_t reach; // rho from -reach to reach
    int64_t *count;
} accumulator;

static int64_t vote_of(const accumulator *v, int k, int64_t rho) {
    if (rho < -v->reach || rho > v->reach)
        return 0;
    return v->count[k * (2 * v->reach + 1) + rho + v->reach];
}

static void weights(const lines_case *c, int k, int64_t weight[2]) {
    const double theta = acos(-1) * k / c->angles;
    weight[0] = 2 * k == c->angles ? 0 : (int64_t)floor(cos(theta) / c->rho * 65536 + 0.5);
    weight[1] = (int64_t)floor(sin(theta) / c->rho * 65536 + 0.5);
}

static accumulator count_votes(const ppx_image *in, const lines_case *c) {
    accumulator v = {.angles = c->angles};
    v.reach = (int64_t)(hypot((double)in->shape.width, (double)in->shape.height) / c->rho) + 2;
    v.count = calloc((size_t)(v.angles * (2 * v.reach + 1)), sizeof *v.count);
    for (int k = 0; k < v.angles; k++) {
        int64_t w[2];
        weights(c, k, w);
        for (ptrdiff_t y = 0; y < in->shape.height; y++)
            for (ptrdiff_t x = 0; x < in->shape.width; x++) {
                int64_t rho = (int64_t)floor((double)(x * w[0] + y * w[1] + 32768) / 65536);
                assert_true(rho >= -v.reach && rho <= v.reach);
                if (test_sample(in, x, y, 0) != 0)
                    v.count[k * (2 * v.reach + 1) + rho + v.reach]++;
            }
    }
    return v;
}

// Whether (k, rho) comes before all around it: fewer votes lose; of equals the later by (angle,
// rho) loses, where angles beyond half a turn are what they are before it.
static bool is_first(const accumulator *v, int k, int64_t rho, int apart) {
    const int64_t mine = vote_of(v, k, rho);
    for (int dk = -apart; dk <= apart; dk++)
        for (int64_t d = -apart; d <= apart; d++) {
            const int other_k = ((k + dk) % v->angles + v->angles) % v->angles;
            const bool turned = abs((k + dk - other_k) / v->angles) % 2;
            const int64_t other_rho = turned ? -(rho + d) : rho + d;
            const int64_t other = vote_of(v, other_k, other_rho);
            const bool earlier = other_k < k || (other_k == k && other_rho < rho);
            if (other > mine || (other == mine && earlier))
                return false;
        }
    return true;
}

typedef struct ranked {
    int64_t votes, k, rho;
} ranked;

static int by_rank(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->votes != b->votes)
        return a->votes > b->votes ? -1 : 1;
    if (a->k != b->k)
        return a->k < b->k ? -1 : 1;
    return (a->rho > b->rho) - (a->rho < b->rho);
}

static ranked *expected_lines(const accumulator *v, const lines_case *c, size_t *n) {
    ranked *lines = calloc((size_t)(v->angles * (2 * v->reach + 1)) + 1, sizeof *lines);
    *n = 0;
    for (int k = 0; k < v->angles; k++)
        for (int64_t rho = -v->reach; rho <= v->reach; rho++)
            if (vote_of(v, k, rho) > c->threshold && is_first(v, k, rho, c->apart))
                lines[(*n)++] = (ranked){vote_of(v, k, rho), k, rho};
    qsort(lines, *n, sizeof *lines, by_rank);
    return lines;
}

static ppx_image expected_drawing(const ppx_image *in, const lines_case *c, const ranked *lines,
                                  size_t n) {
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, in->shape, NULL), PPX_OK);
    ppx_image_copy(&out, in);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            if (c->draw == 1)
                set(&out, x, y, 0);
            for (size_t k = 0; c->draw != 2 && k < n; k++) {
                int64_t w[2];
                weights(c, (int)lines[k].k, w);
                const int64_t off = llabs(x * w[0] + y * w[1] - 65536 * lines[k].rho);
                if (2 * off <= (llabs(w[0]) > w[1] ? llabs(w[0]) : w[1]))
                    set(&out, x, y, 65535);
            }
        }
    return out;
}

static void check_lines(const ppx_image *in, const lines_case *c) {
    static const char *const draw[] = {"over", "alone", "none"};
    char spec[120];
    (void)snprintf(spec, sizeof spec,
                   "hough-lines:threshold=%d,top=%d,angles=%d,rho=%g,apart=%d,draw=%s",
                   c->threshold, c->top, c->angles, c->rho, c->apart, draw[c->draw]);
    accumulator v = count_votes(in, c);
    size_t n;
    ranked *wanted = expected_lines(&v, c, &n);
    const size_t kept = n < (size_t)c->top ? n : (size_t)c->top;
    ppx_image drawn = expected_drawing(in, c, wanted, kept);
    omp_set_num_threads(3);
    TEST_EACH_LEVEL(level)
    for (int threads = 0; threads < 2; threads++) {
        found got;
        ppx_image out = run_found(spec, in, threads ? &ppx_runner_omp : &ppx_runner_serial, &got);
        assert_true(got.count == (double)n);
        assert_int_equal(got.n, kept);
        assert_int_equal(got.columns, 3);
        for (size_t k = 0; k < kept; k++) {
            assert_true(got.cells[3 * k] == (double)wanted[k].rho * c->rho);
            assert_true(got.cells[3 * k + 1] == 180.0 * (double)wanted[k].k / c->angles);
            assert_true(got.cells[3 * k + 2] == (double)wanted[k].votes);
        }
        test_expect_equal(&out, &drawn, 0, spec);
        free(got.cells);
        ppx_image_free(&out);
    }
    ppx_image_free(&drawn);
    free(wanted);
    free(v.count);
}

static void test_lines(void **state) {
    (void)state;
    static const lines_case cases[] = {
        {2, 10, 12, 1, 1, 0}, {0, 10000, 7, 2.5, 2, 1}, {4, 3, 45, 0.25, 1, 0},
        {1, 5, 1, 1, 4, 1},   {0, 20, 2, 33, 1, 0},     {3, 100, 31, 1, 9, 2},
        {0, 1, 4, 100, 1, 1}, {1000, 5, 9, 1, 1, 1},
    };
    static const uint64_t every[] = {1, 2, 9, 60};
    for (int n = 0; n < NSIZES; n++)
        for (int k = 0; k < 8; k++) {
            ppx_image in = edges_at_random(sizes[n][0], sizes[n][1], k % 2 ? PPX_U16 : PPX_U8,
                                           every[(n + k) % 4]);
            check_lines(&in, &cases[k]);
            ppx_image_free(&in);
        }
}

// More edges in a strip than wait for a turn, all of them, and none.
static void test_lines_dense(void **state) {
    (void)state;
    static const uint64_t every[] = {1, 3, UINT64_MAX};
    for (int k = 0; k < 3; k++) {
        ppx_image in = edges_at_random(413, 70, PPX_U8, every[k]);
        check_lines(&in, &(lines_case){20, 30, 16, 1, 3, 0});
        test_same_on_threads("hough-lines:threshold=10,angles=90", &in);
        ppx_image_free(&in);
    }
}

// Lines that were drawn are the ones found, in the order of their lengths.
static void test_lines_drawn(void **state) {
    (void)state;
    ppx_image in = edges_at_random(200, 300, PPX_U8, UINT64_MAX);
    for (ptrdiff_t k = 0; k < 300; k++) {
        set(&in, 77, k, 255); // 300 pixels, theta 0
        if (k < 200)
            set(&in, k, 131, 1); // 200, theta 90
        if (k < 150)
            set(&in, 20 + k, 100 + k, 9); // 150, theta 135: (100 - 20) / sqrt 2
    }
    found got;
    ppx_image out = run_found("hough-lines:threshold=140,draw=alone", &in, &ppx_runner_omp, &got);
    static const double wanted[][3] = {{77, 0, 300}, {131, 90, 200}, {57, 135, 150}};
    assert_int_equal(got.n, 3);
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++)
            assert_true(fabs(got.cells[3 * k + c] - wanted[k][c]) <= (c == 2 ? 2 : 0));
    for (ptrdiff_t y = 0; y < 300; y++)
        assert_true(test_sample(&out, 77, y, 0) == 255);
    assert_true(test_sample(&out, 76, 5, 0) == 0);
    free(got.cells);
    ppx_image_free(&out);
    ppx_image_free(&in);
}

static void test_lines_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(9000, 2, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("hough-lines:rho=0.25", &in), "rho=0.29 would do"));
    ppx_image_free(&in);
    in = test_image(test_shape(9, 2, 3, PPX_U8), TEST_NOISE, 1);
    (void)test_run_refused("hough-lines", &in);
    ppx_image_free(&in);
}

// ---- hough-circles ------------------------------------------------------------------------------

typedef struct circles_case {
    int least, most, edge, threshold, near, apart, top, draw;
} circles_case;

typedef struct plane { // of whole numbers, 0 outside
    ptrdiff_t width, height;
    int64_t *at;
} plane;

static plane plane_of(const ppx_image *in) {
    plane p = {in->shape.width, in->shape.height, NULL};
    p.at = calloc((size_t)(p.width * p.height), sizeof *p.at);
    return p;
}

static int64_t value(const plane *p, ptrdiff_t x, ptrdiff_t y) {
    return x < 0 || y < 0 || x >= p->width || y >= p->height ? 0 : p->at[y * p->width + x];
}

static void gradient(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int64_t g[2]) {
    static const int smooth[] = {1, 2, 1};
    g[0] = g[1] = 0;
    for (int k = -1; k <= 1; k++) {
        g[0] += smooth[k + 1] * (int64_t)(test_sample_border(in, x + 1, y + k, 0, 0) -
                                          test_sample_border(in, x - 1, y + k, 0, 0));
        g[1] += smooth[k + 1] * (int64_t)(test_sample_border(in, x + k, y + 1, 0, 0) -
                                          test_sample_border(in, x + k, y - 1, 0, 0));
    }
}

static int64_t square(const ppx_image *in, ptrdiff_t x, ptrdiff_t y) {
    int64_t g[2];
    gradient(in, x, y, g);
    return g[0] * g[0] + g[1] * g[1];
}

static bool edge_at(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int64_t edge, int64_t g[2]) {
    gradient(in, x, y, g);
    const int64_t mine = g[0] * g[0] + g[1] * g[1];
    const bool across = llabs(g[0]) >= llabs(g[1]);
    const ptrdiff_t dx = !across ? 0 : g[0] > 0 ? 1 : -1; // to the brighter side
    const ptrdiff_t dy = across ? 0 : g[1] > 0 ? 1 : -1;
    return mine >= edge * edge && mine > square(in, x - dx, y - dy) &&
           mine >= square(in, x + dx, y + dy);
}

static ptrdiff_t rounded(int64_t r, double unit) {
    return (ptrdiff_t)floor((double)(r * (int64_t)trunc(unit) + 32768) / 65536);
}

// Votes and edges, votes still without those around.
static void vote_circles(const ppx_image *in, const circles_case *c, plane *votes, plane *edges) {
    for (ptrdiff_t y = 0; y < edges->height; y++)
        for (ptrdiff_t x = 0; x < edges->width; x++) {
            int64_t g[2];
            if (!edge_at(in, x, y, c->edge, g))
                continue;
            edges->at[y * edges->width + x] = 1;
            const double scale = 65536 / sqrt((double)(g[0] * g[0] + g[1] * g[1]));
            for (int r = -c->most; r <= c->most; r++) {
                const ptrdiff_t vx = x + rounded(r, (double)g[0] * scale);
                const ptrdiff_t vy = y + rounded(r, (double)g[1] * scale);
                if (abs(r) >= c->least && vx >= 0 && vy >= 0 && vx < votes->width &&
                    vy < votes->height)
                    votes->at[vy * votes->width + vx]++;
            }
        }
}

static int64_t votes_near(const plane *votes, ptrdiff_t x, ptrdiff_t y, int near) {
    int64_t sum = 0;
    for (int dy = -near; dy <= near; dy++)
        for (int dx = -near; dx <= near; dx++) {
            const int64_t v = value(votes, x + dx, y + dy);
            sum += (near + 1 - abs(dx)) * (near + 1 - abs(dy)) * (v < 2047 ? v : 2047);
        }
    sum = 16 * sum / ((near + 1) * (near + 1));
    return sum < 32767 ? sum : 32767;
}

typedef struct disk {
    int64_t votes, x, y, radius, edges;
} disk;

static int by_votes(const void *left, const void *right) {
    const disk *a = left, *b = right;
    if (a->votes != b->votes)
        return a->votes > b->votes ? -1 : 1;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return (a->x > b->x) - (a->x < b->x);
}

static int64_t edges_at_distance(const plane *edges, const disk *d, int64_t radius) {
    int64_t n = 0;
    for (ptrdiff_t y = 0; y < edges->height; y++)
        for (ptrdiff_t x = 0; x < edges->width; x++) {
            const int64_t four = 4 * ((x - d->x) * (x - d->x) + (y - d->y) * (y - d->y));
            const bool inside = radius && four < (2 * radius - 1) * (2 * radius - 1);
            n += value(edges, x, y) && !inside && four < (2 * radius + 1) * (2 * radius + 1);
        }
    return n;
}

static void find_radius(const plane *edges, const circles_case *c, disk *d) {
    int64_t best = 0;
    d->radius = c->least;
    for (int64_t r = c->least; r <= c->most; r++) {
        const int64_t near = edges_at_distance(edges, d, r - 1) +
                             2 * edges_at_distance(edges, d, r) +
                             edges_at_distance(edges, d, r + 1);
        if (near * d->radius > best * r) {
            best = near;
            d->radius = r;
        }
    }
    d->edges = edges_at_distance(edges, d, d->radius);
}

static disk *expected_circles(const ppx_image *in, const circles_case *c, size_t *n) {
    plane votes = plane_of(in), edges = plane_of(in), sums = plane_of(in);
    vote_circles(in, c, &votes, &edges);
    for (ptrdiff_t y = 0; y < sums.height; y++)
        for (ptrdiff_t x = 0; x < sums.width; x++)
            sums.at[y * sums.width + x] = votes_near(&votes, x, y, c->near);
    disk *disks = calloc((size_t)(sums.width * sums.height), sizeof *disks);
    *n = 0;
    for (ptrdiff_t y = 0; y < sums.height; y++)
        for (ptrdiff_t x = 0; x < sums.width; x++) {
            const int64_t mine = value(&sums, x, y);
            bool first = mine > 16 * c->threshold;
            for (ptrdiff_t dy = -c->apart; first && dy <= c->apart; dy++)
                for (ptrdiff_t dx = -c->apart; first && dx <= c->apart; dx++) {
                    const int64_t other = value(&sums, x + dx, y + dy);
                    first = other < mine || (other == mine && (dy > 0 || (dy == 0 && dx >= 0)));
                }
            if (first)
                disks[(*n)++] = (disk){.votes = mine, .x = x, .y = y};
        }
    qsort(disks, *n, sizeof *disks, by_votes);
    for (size_t k = 0; k < *n && k < (size_t)c->top; k++)
        find_radius(&edges, c, &disks[k]);
    free(votes.at);
    free(edges.at);
    free(sums.at);
    return disks;
}

static ppx_image expected_circle_drawing(const ppx_image *in, const circles_case *c,
                                         const disk *disks, size_t n) {
    ppx_image out;
    assert_int_equal(ppx_image_create(&out, in->shape, NULL), PPX_OK);
    ppx_image_copy(&out, in);
    for (ptrdiff_t y = 0; y < in->shape.height; y++)
        for (ptrdiff_t x = 0; x < in->shape.width; x++) {
            if (c->draw == 1)
                set(&out, x, y, 0);
            for (size_t k = 0; c->draw != 2 && k < n; k++) {
                const int64_t dx = x - disks[k].x, dy = y - disks[k].y, r = disks[k].radius;
                const int64_t four = 4 * (dx * dx + dy * dy);
                if (four >= (2 * r - 1) * (2 * r - 1) && four < (2 * r + 1) * (2 * r + 1))
                    set(&out, x, y, 65535);
            }
        }
    return out;
}

static void check_circles(const ppx_image *in, const circles_case *c) {
    static const char *const draw[] = {"over", "alone", "none"};
    char spec[160];
    (void)snprintf(spec, sizeof spec,
                   "hough-circles:least=%d,most=%d,edge=%d,threshold=%d,near=%d,apart=%d,top=%d,"
                   "draw=%s",
                   c->least, c->most, c->edge, c->threshold, c->near, c->apart, c->top,
                   draw[c->draw]);
    size_t n;
    disk *wanted = expected_circles(in, c, &n);
    const size_t kept = n < (size_t)c->top ? n : (size_t)c->top;
    ppx_image drawn = expected_circle_drawing(in, c, wanted, kept);
    omp_set_num_threads(3);
    TEST_EACH_LEVEL(level)
    for (int threads = 0; threads < 2; threads++) {
        found got;
        ppx_image out = run_found(spec, in, threads ? &ppx_runner_omp : &ppx_runner_serial, &got);
        assert_true(got.count == (double)n);
        assert_int_equal(got.n, kept);
        assert_int_equal(got.columns, 5);
        for (size_t k = 0; k < kept; k++) {
            const disk *d = &wanted[k];
            const double cells[] = {(double)d->x, (double)d->y, (double)d->radius,
                                    (double)d->votes / 16, (double)d->edges};
            for (int column = 0; column < 5; column++)
                if (got.cells[5 * k + (size_t)column] != cells[column])
                    fail_msg("%s: circle %zu, column %d: %g, wanted %g", spec, k, column,
                             got.cells[5 * k + (size_t)column], cells[column]);
        }
        test_expect_equal(&out, &drawn, 0, spec);
        free(got.cells);
        ppx_image_free(&out);
    }
    ppx_image_free(&drawn);
    free(wanted);
}

static void test_circles(void **state) {
    (void)state;
    static const circles_case cases[] = {
        {1, 4, 60, 1, 0, 1, 1000, 0}, {3, 9, 200, 3, 1, 2, 7, 1},    {2, 80, 500, 0, 0, 3, 5, 0},
        {10, 10, 1, 2, 2, 10, 20, 2}, {5, 40, 1400, 0, 3, 70, 4, 1}, {1, 2, 100, 20, 1, 1, 3, 0},
    };
    for (int n = 0; n < NSIZES; n++)
        for (int k = 0; k < 6; k++) {
            ppx_type type = (n + k) % 2 ? PPX_U16 : PPX_U8;
            circles_case c = cases[k];
            c.edge *= type == PPX_U16 && k ? 257 : 1;
            ppx_image in = test_image(test_shape(sizes[n][0], sizes[n][1], 1, type),
                                      (test_texture)((n + 2 * k) % TEST_NTEXTURES), 11);
            check_circles(&in, &c);
            ppx_image_free(&in);
        }
}

// Ties at the level where the best end: a grid of equal circles, of which the first are kept.
static void test_circles_drawn(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(210, 330, 1, PPX_U8), TEST_NOISE, 1);
    for (ptrdiff_t y = 0; y < 330; y++)
        for (ptrdiff_t x = 0; x < 210; x++) {
            const double d = hypot((double)(x % 60 - 30), (double)(y % 60 - 30));
            const double white = x < 180 && y < 300 ? fmax(0, fmin(1, (18 - d) / 2)) : 0;
            set(&in, x, y, 20 + (int)(180 * white));
        }
    check_circles(&in, &(circles_case){12, 22, 100, 20, 2, 10, 20, 0});
    check_circles(&in, &(circles_case){12, 22, 100, 20, 2, 10, 7, 1});
    found got;
    ppx_image out = run_found("hough-circles:least=12,most=22,top=8", &in, &ppx_runner_omp, &got);
    assert_true(got.count == 15);
    assert_int_equal(got.n, 8);
    for (size_t k = 0; k < 8; k++) {
        assert_true(fabs(got.cells[5 * k] - (30 + 60 * (double)(k % 3))) <= 1);
        assert_true(fabs(got.cells[5 * k + 1] - (30 + 60 * (double)(k / 3))) <= 1);
        assert_true(fabs(got.cells[5 * k + 2] - 17) <= 1);
    }
    free(got.cells);
    ppx_image_free(&out);
    test_same_on_threads("hough-circles:least=12,most=70,threshold=30,top=8", &in);
    test_same_on_threads("hough-circles:least=2,most=3,threshold=5,near=1,apart=3", &in);
    ppx_image_free(&in);
}

static void test_circles_refused(void **state) {
    (void)state;
    ppx_image in = test_image(test_shape(9, 2, 1, PPX_U8), TEST_NOISE, 1);
    assert_non_null(strstr(test_run_refused("hough-circles:least=9,most=8", &in), "above"));
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),           cmocka_unit_test(test_lines_dense),
        cmocka_unit_test(test_lines_drawn),     cmocka_unit_test(test_lines_refused),
        cmocka_unit_test(test_circles),         cmocka_unit_test(test_circles_drawn),
        cmocka_unit_test(test_circles_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
