// hough_circles.c: circles, by votes along the gradient (Kimme, Ballard and Sklansky 1975; Davies
// 1987) for their centres, and then by their edges for their radii (the 2-1 transform of Yuen et
// al. 1990).
//
// With g = (gx, gy) of Sobel and (ux, uy) = g (2^16 / |g|) in double, cut to whole numbers: an edge
// is a pixel with |g| >= `edge` whose |g| is above that of its darker neighbour and not below that
// of the brighter one, in the row if |gx| >= |gy| and else in the column. It votes for the pixels
// that lie ((r ux + 2^15) >> 16, (r uy + 2^15) >> 16) from it, for r and -r from `least` to `most`.
// As gradients err, a pixel has part of the votes for those within n = `near` rows and columns:
// (n + 1 - |dx|) (n + 1 - |dy|) / (n + 1)^2 of each, and the sum is cut to whole sixteenths. A
// centre has more votes than `threshold` and comes before all within `apart` rows and columns by
// (more votes, earlier in raster order). Where e[r] edges are at the distance r, rounded, its
// radius is the r with the most (e[r - 1] + 2 e[r] + e[r + 1]) / r, the smallest of equals. Shapes:
// one channel of u8 or u16, kept; the `top` circles in that order are drawn in the type's largest
// sample. Findings: the number of centres; x, y, radius, votes and edges (e[r]) of those circles.
// Border: replicated for gradients; nothing votes there. What is beyond 2047 votes does not count.
//
// Votes are summed in a ring of 2 most + 1 rows, each edge votes once; strips that a worker jumps
// to begin `most` rows earlier. Each of the four reductions reads 2 bytes a pixel: how often each
// number of votes is a centre's, then how many of the best `top` are in each row, which gives each
// its place in a list, then who they are, and their radii. Cost: 2 (most - least + 1) votes an
// edge.
#include "hough_votes.h"

#include <math.h>
#include <string.h>

enum { LEAST, MOST_RADIUS, EDGE, THRESHOLD, NEAR, APART, TOP, DRAW };
enum { OVER, ALONE, NONE };
enum { MOST_TOP = 10000 };

typedef struct circle {
    uint32_t x, y, votes, radius, edges; // votes in sixteenths
} circle;

typedef struct circles_table {
    uint64_t count; // centres in all
    uint64_t above; // of those with more votes than `level`: they are all kept
    uint64_t level; // of those with as many, the first ones
    size_t n;       // circles that are kept
    circle kept[];  // `top` of them, then the place of the first centre of each row:
} circles_table;

typedef struct places {
    uint64_t above, level;
} places;

static size_t kept_nbytes(const ppx_job *job) {
    return ((size_t)job->values[TOP].i * sizeof(circle) + 7) / 8 * 8;
}

static inline places *row_places(const ppx_job *job) {
    circles_table *table = job->table;
    return (places *)((char *)table->kept + kept_nbytes(job));
}

static size_t circles_table_nbytes(const ppx_job *job) {
    return sizeof(circles_table) + kept_nbytes(job) + (size_t)job->in.height * sizeof(places);
}

// ---- Votes --------------------------------------------------------------------------------------

// Rows [e - most, e + most] of the image around row e, with `most` columns more on each side.
typedef struct ring {
    ptrdiff_t most, stride;
    uint32_t **rows; // those around row e, the first one at most rows above it
    uint32_t *votes;
    uint8_t *strong; // a row of flags
} ring;

static ptrdiff_t ring_stride(const ppx_job *job) {
    return (job->in.width + 2 * job->values[MOST_RADIUS].i + 15) / 16 * 16;
}

static size_t ring_nbytes(const ppx_job *job) {
    const size_t nrows = 2 * (size_t)job->values[MOST_RADIUS].i + 1;
    return nrows * (size_t)ring_stride(job) * sizeof(uint32_t);
}

static ring ring_in(const ppx_job *job, void *scratch) {
    ring r = {.most = job->values[MOST_RADIUS].i, .stride = ring_stride(job)};
    r.votes = scratch;
    r.rows = (uint32_t **)(void *)((char *)scratch + ring_nbytes(job));
    r.strong = (uint8_t *)(r.rows + 2 * r.most + 1);
    return r;
}

static void ring_turn(const ring *r, ptrdiff_t e) {
    const ptrdiff_t nrows = 2 * r->most + 1;
    ptrdiff_t slot = ((e - r->most) % nrows + nrows) % nrows;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        r->rows[k] = r->votes + slot * r->stride + r->most;
        slot = slot + 1 < nrows ? slot + 1 : 0;
    }
}

static INLINE void ring_vote(const ring *r, ptrdiff_t x, int32_t gx, int32_t gy, int32_t least) {
    const double scale = 65536 / sqrt((double)gx * gx + (double)gy * gy);
    const int32_t ux = (int32_t)(gx * scale), uy = (int32_t)(gy * scale);
    const int32_t most = (int32_t)r->most;
    uint32_t *const *rows = r->rows + most;
    for (int32_t k = least; k <= most; k++) {
        rows[(k * uy + 32768) >> 16][x + ((k * ux + 32768) >> 16)] += VOTE;
        rows[(32768 - k * uy) >> 16][x + ((32768 - k * ux) >> 16)] += VOTE;
    }
}

// Row y is complete: it goes out, and its place is empty for a row to come.
static void ring_pass(const ring *r, uint16_t *restrict out, ptrdiff_t width) {
    uint32_t *restrict row = r->rows[0];
    const uint32_t most = VOTE * (MOST_VOTES / SIXTEEN);
    if (out)
        for (ptrdiff_t x = 0; x < width; x++) {
            const uint32_t v = row[x] & ~(uint32_t)IS_EDGE;
            out[x] = (uint16_t)((v < most ? v : most) | (row[x] & IS_EDGE));
        }
    memset(row - r->most, 0, (size_t)r->stride * sizeof *row);
}

#define PIXEL uint8_t
#define SQUARE int32_t
#define LARGEST UINT8_MAX
#define NAME(function) function##_u8
#include "hough_circles.inc.h"

#define PIXEL uint16_t
#define SQUARE double
#define LARGEST UINT16_MAX
#define NAME(function) function##_u16
#include "hough_circles.inc.h"

// ---- Centres ------------------------------------------------------------------------------------

static void sum_votes(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->in.width;
    uint16_t *down = (uint16_t *)block->scratch + MOST_NEAR;
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const void *const *in = block->in + y;
        uint16_t *out = block->out[y];
        switch (job->values[NEAR].i) {
        case 0:
            sum_row(in, out, down, width, 0);
            break;
        case 1:
            sum_row(in, out, down, width, 1);
            break;
        case 2:
            sum_row(in, out, down, width, 2);
            break;
        case 3:
            sum_row(in, out, down, width, 3);
            break;
        default:
            sum_row(in, out, down, width, MOST_NEAR);
            break;
        }
    }
}

static void find_centres(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t apart = job->values[APART].i, width = job->in.width;
    const unsigned threshold = VOTE * SIXTEEN * (unsigned)job->values[THRESHOLD].i + IS_EDGE;
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const uint16_t *in = block->in[y];
        uint16_t *out = block->out[y];
        for (ptrdiff_t x = 0; x < width; x++)
            out[x] = in[x] & IS_EDGE;
        for (ptrdiff_t from = 0; from < width; from += 64) {
            const ptrdiff_t to = from + 64 < width ? from + 64 : width;
            int any = 0;
            for (ptrdiff_t x = from; x < to; x++)
                any |= in[x] > threshold;
            for (ptrdiff_t x = from; any && x < to; x++)
                if (in[x] > threshold && is_centre(block->in + y, x, apart))
                    out[x] = in[x];
        }
    }
}

// ---- The best of them: three reductions ---------------------------------------------------------

static void add_levels(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                       uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint16_t *row = rows[k];
        for (ptrdiff_t x = 0; (x = next_centre(row, x, width)) < width; x++)
            counters[row[x] / VOTE]++;
    }
}

static void finish_levels(const ppx_job *job, const uint64_t *counters) {
    circles_table *table = job->table;
    const uint64_t top = (uint64_t)job->values[TOP].i;
    table->count = table->above = table->level = 0;
    for (size_t votes = MOST_VOTES; votes > 0; votes--) {
        if (table->count <= top && table->count + counters[votes] > top) {
            table->level = votes;
            table->above = table->count;
        }
        table->count += counters[votes];
    }
    if (!table->level)
        table->above = table->count;
    table->n = (size_t)(table->count < top ? table->count : top);
}

static void add_rows(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    const circles_table *table = job->table;
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint16_t *row = rows[k];
        for (ptrdiff_t x = 0; (x = next_centre(row, x, width)) < width; x++) {
            counters[2 * (y + k)] += row[x] / VOTE > table->level;
            counters[2 * (y + k) + 1] += row[x] / VOTE == table->level;
        }
    }
}

static void finish_rows(const ppx_job *job, const uint64_t *counters) {
    const circles_table *table = job->table;
    places *row = row_places(job);
    places next = {0, table->above};
    for (ptrdiff_t y = 0; y < job->in.height; y++) {
        row[y] = next;
        next.above += counters[2 * y];
        next.level += counters[2 * y + 1];
    }
}

// Each centre has a place of its own: a sum of one is that one.
static void add_centres(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                        uint64_t *counters, void *scratch) {
    (void)scratch;
    const circles_table *table = job->table;
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint16_t *row = rows[k];
        places next = row_places(job)[y + k];
        for (ptrdiff_t x = 0; (x = next_centre(row, x, width)) < width; x++) {
            const uint32_t votes = row[x] / VOTE;
            if (votes < table->level)
                continue;
            const uint64_t place = votes > table->level ? next.above++ : next.level++;
            if (place >= table->n)
                continue;
            counters[2 * place] += (uint64_t)(y + k) << 32 | (uint64_t)x;
            counters[2 * place + 1] += votes;
        }
    }
}

static inline bool comes_before(const circle *a, const circle *b) {
    if (a->votes != b->votes)
        return a->votes > b->votes;
    return a->y != b->y ? a->y < b->y : a->x < b->x;
}

#define RECORD circle
#define COMES_BEFORE comes_before
#include "best.inc.h"

static void finish_centres(const ppx_job *job, const uint64_t *counters) {
    circles_table *table = job->table;
    size_t n = 0;
    while (n < table->n) {
        const uint64_t at = counters[2 * n];
        const circle c = {(uint32_t)at, (uint32_t)(at >> 32), (uint32_t)counters[2 * n + 1], 0, 0};
        best_offer(table->kept, &n, table->n, &c);
    }
    best_sort(table->kept, n);
}

// ---- Their radii --------------------------------------------------------------------------------

// Distances from least - 1 to most + 1.
static size_t distance_count(const ppx_job *job) {
    return (size_t)(job->values[MOST_RADIUS].i - job->values[LEAST].i) + 3;
}

// The distance of an edge is rounded exactly: no root of a whole number lies half-way.
static INLINE void add_distances_in_row(const uint16_t *row, ptrdiff_t from, ptrdiff_t to,
                                        const ptrdiff_t offset[2], const ptrdiff_t radii[2],
                                        uint64_t *counters) {
    const ptrdiff_t cx = offset[0], dy = offset[1];
    for (ptrdiff_t x = from; x < to; x++) {
        for (; x + 8 <= to; x += 8) {
            int any = 0;
            for (int k = 0; k < 8; k++)
                any |= row[x + k];
            if (any & IS_EDGE)
                break;
        }
        if (x == to || !(row[x] & IS_EDGE))
            continue;
        const double square = (double)((x - cx) * (x - cx) + dy * dy);
        const ptrdiff_t distance = (ptrdiff_t)(sqrt(square) + 0.5);
        if (distance >= radii[0] && distance <= radii[1])
            counters[distance - radii[0]]++;
    }
}

static void add_distances(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                          uint64_t *counters, void *scratch) {
    (void)scratch;
    const circles_table *table = job->table;
    const ptrdiff_t radii[2] = {job->values[LEAST].i - 1, job->values[MOST_RADIUS].i + 1};
    for (size_t n = 0; n < table->n; n++, counters += distance_count(job)) {
        const ptrdiff_t cx = table->kept[n].x, cy = table->kept[n].y - y;
        const ptrdiff_t left = cx > radii[1] ? cx - radii[1] : 0;
        const ptrdiff_t right =
            cx + radii[1] + 1 < job->in.width ? cx + radii[1] + 1 : job->in.width;
        const ptrdiff_t top = cy > radii[1] ? cy - radii[1] : 0;
        const ptrdiff_t bottom = cy + radii[1] + 1 < nrows ? cy + radii[1] + 1 : nrows;
        for (ptrdiff_t k = top; k < bottom; k++)
            add_distances_in_row(rows[k], left, right, (const ptrdiff_t[2]){cx, k - cy}, radii,
                                 counters);
    }
}

static void finish_distances(const ppx_job *job, const uint64_t *counters) {
    circles_table *table = job->table;
    const uint64_t least = (uint64_t)job->values[LEAST].i;
    const size_t n = distance_count(job);
    for (size_t c = 0; c < table->n; c++, counters += n) {
        circle *kept = &table->kept[c];
        uint64_t best = 0;
        kept->radius = (uint32_t)least;
        for (size_t k = 1; k + 1 < n; k++) {
            const uint64_t radius = least + k - 1;
            const uint64_t near = counters[k - 1] + 2 * counters[k] + counters[k + 1];
            if (near * kept->radius <= best * radius)
                continue;
            best = near;
            kept->radius = (uint32_t)radius;
        }
        kept->edges = (uint32_t)counters[kept->radius - least + 1];
    }
}

static double circles_cell(const void *data, size_t row, int column) {
    const circle *c = (const circle *)data + row;
    const double votes = (double)c->votes / SIXTEEN;
    const double cells[] = {c->x, c->y, c->radius, votes, c->edges};
    return cells[column];
}

static void circles_report(const ppx_job *job) {
    static const char *const columns[] = {"x", "y", "radius", "votes", "edges"};
    static const bool whole[] = {true, true, true, false, true};
    const circles_table *table = job->table;
    const ppx_sink *sink = job->sink;
    if (sink->number)
        sink->number(sink->context, job->kernel->name, "count", (double)table->count);
    if (sink->table)
        sink->table(
            sink->context, job->kernel->name,
            &(ppx_table){"circles", 5, columns, whole, table->n, circles_cell, table->kept});
}

// ---- The kernel ---------------------------------------------------------------------------------

static void draw(const ppx_job *job, const ppx_block *block) {
    if (job->first.type == PPX_U8)
        draw_u8(job, block);
    else
        draw_u16(job, block);
}

static ppx_status circles_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (v[LEAST].i > v[MOST_RADIUS].i)
        return ppx_fail(error, PPX_E_USAGE, "hough-circles:least=%d,most=%d: least is above most",
                        (int)v[LEAST].i, (int)v[MOST_RADIUS].i);
    if (job->in.width > INT32_MAX || job->in.height > INT32_MAX)
        return ppx_fail(error, PPX_E_USAGE, "hough-circles: an image of %td x %td is too large",
                        job->in.width, job->in.height);
    return PPX_OK;
}

static void vote_geometry(const ppx_job *job, ppx_geometry *g) {
    const ptrdiff_t most = job->values[MOST_RADIUS].i;
    g->up = g->down = most + 2; // gradients of neighbours
    g->side = 2;
    g->out.type = PPX_U16;
    g->scratch_nbytes =
        ring_nbytes(job) + (size_t)(2 * most + 1) * sizeof(uint32_t *) + (size_t)job->in.width;
}

static void sum_geometry(const ppx_job *job, ppx_geometry *g) {
    const ptrdiff_t near = job->values[NEAR].i;
    g->up = g->down = g->side = near;
    g->border = PPX_CONSTANT; // no votes
    g->scratch_nbytes = (size_t)(job->in.width + 2 * MOST_NEAR) * sizeof(uint16_t);
}

static void centre_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = job->values[APART].i;
    g->border = PPX_CONSTANT;
}

static void level_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->ncounters = (size_t)MOST_VOTES + 1;
}

static void row_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = 2 * (size_t)job->in.height;
}

static void place_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = 2 * (size_t)job->values[TOP].i;
}

static void distance_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = (size_t)job->values[TOP].i * distance_count(job);
}

static void draw_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.type = job->first.type;
}

static const ppx_param circles_params[] = {
    [LEAST] = {"least", PPX_INT, 1, 1000, NULL, "10", "smallest radius, in pixels"},
    [MOST_RADIUS] = {"most", PPX_INT, 1, 1000, NULL, "40", "largest radius, in pixels"},
    [EDGE] = {"edge", PPX_INT, 1, 400000, NULL, "100", "Sobel gradient of an edge at least"},
    [THRESHOLD] = {"threshold", PPX_INT, 0, MOST_VOTES / SIXTEEN, NULL, "20",
                   "a centre has more votes than that"},
    [NEAR] = {"near", PPX_INT, 0, MOST_NEAR, NULL, "2",
              "votes count up to so many rows and columns off"},
    [APART] = {"apart", PPX_INT, 1, 1000, NULL, "10",
               "centres are further apart in rows or columns"},
    [TOP] = {"top", PPX_INT, 1, MOST_TOP, NULL, "20", "how many are drawn and listed"},
    [DRAW] = {"draw", PPX_CHOICE, 0, 0, "over|alone|none", "over",
              "circles over the image, on black, or the image as it is"},
};

static const ppx_step circles_steps[] = {
    {PPX_MAP, vote_geometry, .map = {.rows = {[PPX_U8] = votes_u8, [PPX_U16] = votes_u16}}},
    {PPX_MAP, sum_geometry, .map = {.rows = {[PPX_U16] = sum_votes}}},
    {PPX_MAP, centre_geometry, .map = {.rows = {[PPX_U16] = find_centres}}},
    {PPX_REDUCE, level_geometry,
     .reduce = {.add = {[PPX_U16] = add_levels}, .finish = finish_levels}},
    {PPX_REDUCE, row_geometry, .reduce = {.add = {[PPX_U16] = add_rows}, .finish = finish_rows}},
    {PPX_REDUCE, place_geometry,
     .reduce = {.add = {[PPX_U16] = add_centres}, .finish = finish_centres}},
    {PPX_REDUCE, distance_geometry,
     .reduce = {.add = {[PPX_U16] = add_distances}, .finish = finish_distances}},
    {PPX_MAP, draw_geometry, .map = {.rows = {[PPX_U16] = draw}, .with = PPX_WITH_FIRST}},
};

const ppx_kernel PPX_KERNEL(hough_circles) = {
    .name = "hough-circles",
    .summary = "circles by the Hough transform along gradients, drawn and listed",
    .examples =
        "hough-circles:threshold=3 hough-circles:least=1,most=5,threshold=2,top=500,apart=1 "
        "hough-circles:least=60,most=80,edge=900,threshold=1,near=0,draw=alone "
        "hough-circles:threshold=0,top=3,draw=none",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .params = circles_params,
    .nparams = sizeof circles_params / sizeof *circles_params,
    .check = circles_check,
    .table_nbytes = circles_table_nbytes,
    .steps = circles_steps,
    .nsteps = sizeof circles_steps / sizeof *circles_steps,
    .report = circles_report,
};
