// match.c: where a template is found: normalised cross-correlation (Lewis 1995).
//
//     out(x, y) = (n sum TI - sum T sum I) / sqrt((n sum TT - (sum T)^2) (n sum II - (sum I)^2))
//
// over the n pixels of the template T and of the window of the image I whose upper left pixel is
// (x, y): 1 where it is the template but for brightness and contrast, -1 where it is its negative.
// Where the window or the template is flat, and where the window would leave the image, it is 0.
// Shapes: one channel of u8 or u16; f32 of the same size comes out. template= names an image of the
// same type, not larger than the image, of at most 2^19 pixels (u8) or 2^16 (u16). Findings: the
// `top` best places of all, in the order of (value, then raster). No border.
//
// All sums are exact. Those of TI are convolutions in double, rounded to whole numbers: tiles of
// nx x ny pixels, two side by side as one complex image, are transformed (rows, then columns),
// multiplied with the template's conjugate transform, and transformed back (overlap-save). With
// samples less half of the range, u16 templates taken apart into two of 8 bits, and tiles of at
// most 2^22 pixels, the norms |I| |T| are below 2^40, and the error, at most 2^-45 of them
// (Percival 2003), is far below a half. Sums of I and II run down the columns and along the rows.
// Cost for a template of 64 x 64: about 110 operations a pixel in double, twice that for u16.
#include "match_table.h"

// ---- Rows ---------------------------------------------------------------------------------------

typedef struct match_state {
    ptrdiff_t base; // the row that is at place 0 of the rings
    char unused[64 - sizeof(ptrdiff_t)];
} match_state;

// What a worker holds. Sums of columns and transforms of rows go on from block to block, pair by
// pair: which place of a ring a row has, and what is left of older rows in the others, takes no
// part in sums that are rounded to what they are.
typedef struct match_room {
    match_state *state;
    quad_complexes *row;    // nx
    quad_complexes *column; // ny
    quad_complexes *rings;  // rows of pairs of tiles: nx / 4 groups of ny + 1 each
    quad_complexes *back;   // what comes out of each pair and piece: nx / 4 groups of a strip + 1
    double *products;       // sums of TI: four rows of two tiles, 2 nx each
    int64_t *windows;       // sums of I and II in a row's windows, 2 nx each
    int64_t *sums;          // of I and II down each column of each pair, ROOM and 2 nx each
    double *squared;        // n sum II - (sum I)^2 of a row's windows, 2 nx
    float *guesses;         // of one by its root, 2 nx
    int16_t *samples;       // of four rows of two tiles, nx each
} match_room;

enum { PARTS = 11, ROOM = 8 };

static size_t room_of(const match_plan *plan, void *scratch, match_room *room) {
    const size_t nx = (size_t)plan->nx, ny = (size_t)plan->ny, groups = nx / QUAD;
    const size_t number = sizeof(quad_complexes), npairs = (size_t)plan->npairs;
    const size_t nbytes[PARTS] = {sizeof(match_state),
                                  nx * number,
                                  ny * number,
                                  npairs * groups * (ny + 1) * number,
                                  npairs * (size_t)plan->npieces * groups * (PPX_STRIP + 1) *
                                      number,
                                  QUAD * 2 * nx * sizeof(double),
                                  4 * nx * sizeof(int64_t),
                                  (npairs * 2 * (2 * nx + ROOM) + ROOM) * sizeof(int64_t),
                                  2 * nx * sizeof(double),
                                  2 * nx * sizeof(float),
                                  QUAD * 2 * nx * sizeof(int16_t)};
    void *parts[PARTS];
    size_t total = 0;
    for (int k = 0; k < PARTS; k++) {
        parts[k] = scratch ? (char *)scratch + total : NULL;
        total += nbytes[k];
    }
    if (room)
        *room = (match_room){parts[0], parts[1], parts[2], parts[3], parts[4], parts[5],
                             parts[6], parts[7], parts[8], parts[9], parts[10]};
    return total;
}

static quad_complexes *ring_of(const match_table *table, const match_room *room, ptrdiff_t number) {
    return room->rings + number * (table->nx / QUAD) * (table->ny + 1);
}

static quad_complexes *back_of(const match_table *table, const match_room *room, ptrdiff_t number,
                               int piece) {
    const ptrdiff_t groups = table->nx / QUAD;
    return room->back + (number * table->npieces + piece) * groups * (PPX_STRIP + 1);
}

// The last pass over four columns of the image, times the template's, conjugated; and the first
// pass back.
static void multiply(quad_complexes *z, const quad_complexes *by, ptrdiff_t n,
                     const quad_complexes *next) {
    for (ptrdiff_t v = 0; v < n; v += QUAD) {
        quad_complexes t[QUAD];
        for (int k = 0; k < QUAD; k++) {
            t[k] = number_at(z + v + k);
            __builtin_prefetch(next + v + k);
        }
        sums_4_f64(t);
        for (int k = 0; k < QUAD; k++) {
            const quad_complexes a = t[k], b = number_at(by + v + k);
            t[k].re = times_plus(a.re, b.re, a.im * b.im);
            t[k].im = times_less(a.re, b.im, a.im * b.re);
        }
        sums_4_f64(t);
        for (int k = 0; k < QUAD; k++)
            put_number(z + v + k, t[k]);
    }
}

// Rows [first, first + nrows) of four columns of a pair of tiles, from the transforms of their
// rows: forward, times the template's, and back; conjugated. The ring's end meets its beginning, as
// it does in such a product.
static void group_of_columns(const ppx_job *job, quad_complexes *column, const quad_complexes *ring,
                             const quad_complexes *next, const quad_complexes *by, ptrdiff_t first,
                             ptrdiff_t nrows, quad_complexes *to) {
    const match_table *table = job->table;
    const match_passes *passes = &table->of_columns;
    const double *factors = column_factors(job);
    const ptrdiff_t ny = table->ny, start = first % ny, left = ny - start;
    const ptrdiff_t before = nrows < left ? nrows : left; // the end of the ring
    take_apart_pass(passes, factors, 0, column, ring, ny);
    transform_apart(passes, factors, 1, column, ny);
    multiply(column, by, ny, next);
    transform_together(passes, factors, 0, column, ny);
    memcpy(to, column + start, (size_t)before * sizeof *to);
    memcpy(to + before, column, (size_t)(nrows - before) * sizeof *to);
}

// Those of all pairs: the template's transforms are fetched once.
static void columns(const ppx_job *job, const match_room *room, ptrdiff_t npairs, ptrdiff_t first,
                    ptrdiff_t nrows) {
    const match_table *table = job->table;
    for (ptrdiff_t g = 0; g < table->nx / QUAD; g++)
        for (int piece = 0; piece < table->npieces; piece++)
            for (ptrdiff_t number = 0; number < npairs; number++) {
                const ptrdiff_t after = number + 1 < npairs ? number + 1 : 0;
                const ptrdiff_t place = g * (table->ny + 1);
                group_of_columns(job, room->column, ring_of(table, room, number) + place,
                                 ring_of(table, room, after) + place + (after ? 0 : table->ny + 1),
                                 group_at(job, piece, g), first, nrows,
                                 back_of(table, room, number, piece) + g * (PPX_STRIP + 1));
            }
}

// Rounds to a whole number: beyond 2^52 doubles have nothing behind the point.
LANES_INLINE quads rounded(quads v) {
    const double far = 6755399441055744.0; // 1.5 * 2^52
    return (v + far) - far;
}

// The sums of TI in four rows of a pair from k on: products[r * 2 nx + x], the second tile's from
// nx on.
static void products_of(const ppx_job *job, const match_room *room, ptrdiff_t number, ptrdiff_t k) {
    const match_table *table = job->table;
    const ptrdiff_t nx = table->nx;
    quad_complexes *row = room->row;
    for (int piece = 0; piece < table->npieces; piece++) {
        const quad_complexes *from = back_of(table, room, number, piece) + k;
        for (ptrdiff_t u = 0; u < nx; u += QUAD, from += PPX_STRIP + 1) {
            quad_complexes t[QUAD];
            for (int j = 0; j < QUAD; j++) {
                t[j] = number_at(from + j);
                __builtin_prefetch(from + j + QUAD); // for the next four rows
            }
            turn_numbers(t);
            sums_4_f64(t);
            for (int j = 0; j < QUAD; j++)
                put_number(row + u + j, t[j]);
        }
        transform_together(&table->of_rows, row_factors(job), 0, row, nx);
        for (ptrdiff_t x = 0; x < nx; x += QUAD) {
            quad_complexes t[QUAD];
            for (int j = 0; j < QUAD; j++)
                t[j] = number_at(row + x + j);
            turn_numbers(t);
            for (ptrdiff_t r = 0; r < QUAD; r++) {
                quads sums[2] = {rounded(t[r].re), -rounded(t[r].im)}, before;
                for (int tile = 0; tile < 2; tile++) {
                    double *to = room->products + r * 2 * nx + tile * nx + x;
                    memcpy(&before, to, sizeof before);
                    if (piece > 0)
                        sums[tile] += before * 256;
                    memcpy(to, &sums[tile], sizeof before);
                }
            }
        }
    }
}

#define INLINE inline __attribute__((always_inline))

// A sum of 32 bits as a vector knows it.
LANES_INLINE double wide(uint32_t sum) {
    return (double)(int32_t)(sum ^ 0x80000000u) + 2147483648.0;
}

typedef uint32_t columns_u8 __attribute__((vector_size(32)));
typedef uint64_t columns_u16 __attribute__((vector_size(32)));

// Of a vector: sums from the first number to each, and the last number everywhere. Shuffles are
// within halves first, and then of halves: others take longer.
LANES_INLINE columns_u16 running_u16(columns_u16 v) {
    const columns_u16 none = {0};
    v += __builtin_shufflevector(none, v, 0, 4, 2, 6);
    const columns_u16 ends = __builtin_shufflevector(v, v, 1, 1, 3, 3);
    return v + __builtin_shufflevector(none, ends, 0, 1, 4, 5);
}

LANES_INLINE columns_u16 last_u16(columns_u16 v) {
    const columns_u16 ends = __builtin_shufflevector(v, v, 1, 1, 3, 3);
    return __builtin_shufflevector(ends, ends, 2, 3, 2, 3);
}

LANES_INLINE columns_u8 running_u8(columns_u8 v) {
    const columns_u8 none = {0};
    v += __builtin_shufflevector(none, v, 0, 8, 9, 10, 4, 12, 13, 14);
    v += (columns_u8)__builtin_shufflevector((columns_u16)none, (columns_u16)v, 0, 4, 2, 6);
    const columns_u16 ends = (columns_u16)__builtin_shufflevector(v, v, 3, 3, 3, 3, 7, 7, 7, 7);
    return v + (columns_u8)__builtin_shufflevector((columns_u16)none, ends, 0, 1, 4, 5);
}

LANES_INLINE columns_u8 last_u8(columns_u8 v) {
    const columns_u16 ends = (columns_u16)__builtin_shufflevector(v, v, 3, 3, 3, 3, 7, 7, 7, 7);
    return (columns_u8)__builtin_shufflevector(ends, ends, 2, 3, 2, 3);
}

#ifdef __AVX2__
#define FOUR_BYTES(at) (quads) _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(_mm_loadu_si32(at)))
#define FOUR_WORDS(at) (quads) _mm256_cvtepi32_pd(_mm_cvtepi16_epi32(_mm_loadu_si64(at)))
#else
#define FOUR(at) ((quads){(at)[0], (at)[1], (at)[2], (at)[3]})
#define FOUR_BYTES FOUR
#define FOUR_WORDS FOUR
#endif

#define PIXEL uint8_t
#define SAMPLE int8_t
#define FOUR_SAMPLES FOUR_BYTES
#define HALF 128
#define COLUMN uint32_t
#define COLUMNS columns_u8
#define SIGNED int32_t
#define PART int16_t
#define SUM double // of whole numbers below 2^53
#define TO_SUM(sum) wide(sum)
#define NAME(function) function##_u8
#include "match.inc.h"

#define PIXEL uint16_t
#define SAMPLE int16_t
#define FOUR_SAMPLES FOUR_WORDS
#define HALF 32768
#define COLUMN uint64_t
#define COLUMNS columns_u16
#define SIGNED int64_t
#define PART int64_t
#define SUM int64_t
#define TO_SUM(sum) (int64_t)(sum)
#define NAME(function) function##_u16
#include "match.inc.h"

static void match_geometry(const ppx_job *job, ppx_geometry *g) {
    match_plan plan = plan_of(job);
    g->out.type = PPX_F32;
    g->down = template_height(job) - 1;
    g->block = PPX_STRIP;
    g->scratch_nbytes = room_of(&plan, NULL, NULL);
}

// ---- The best places ----------------------------------------------------------------------------

static void best_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = (size_t)job->in.height * (size_t)job->values[TOP].i;
}

// The `top` best of each row in counters of its own: who counts a row counts all of it.
static void best_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    const ptrdiff_t top = (ptrdiff_t)job->values[TOP].i;
    const ptrdiff_t n = job->first.width - job->second->rows.shape.width + 1;
    const ptrdiff_t end = job->first.height - template_height(job) + 1;
    for (ptrdiff_t k = 0; k < nrows && y + k < end; k++)
        best_of_row(counters + (y + k) * top, top, rows[k], n);
}

static void best_finish(const ppx_job *job, const uint64_t *counters) {
    match_table *table = job->table;
    table->nplaces =
        best_of_rows(table->places, (ptrdiff_t)job->values[TOP].i, counters, job->in.height);
}

static void match_report(const ppx_job *job) {
    static const char *const columns_of[] = {"x", "y", "value"};
    static const bool whole[] = {true, true, false};
    const match_table *table = job->table;
    const ppx_sink *to = job->sink;
    if (to->table)
        to->table(to->context, job->kernel->name,
                  &(ppx_table){"places", 3, columns_of, whole, (size_t)table->nplaces, best_cell,
                               table->places});
}

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status match_check(const ppx_job *job, ppx_error *error) {
    const ppx_shape first = job->first;
    const ptrdiff_t most = first.type == PPX_U8 ? 1 << 19 : 1 << 16;
    if ((uint64_t)first.width >= UINT32_MAX)
        return ppx_fail(error, PPX_E_USAGE, "match: an image %td wide is too large for it",
                        first.width);
    if (!job->second)
        return PPX_OK;
    const ptrdiff_t width = job->second->rows.shape.width, height = job->second->height;
    if (width > first.width || height > first.height)
        return ppx_fail(error, PPX_E_USAGE,
                        "match: the template is %td x %td, larger than the image, %td x %td: crop "
                        "it, or exchange them",
                        width, height, first.width, first.height);
    if (width > most / height || width > 4096)
        return ppx_fail(
            error, PPX_E_USAGE,
            "match: the template is %td x %td; at most %td pixels do, 4096 of them in a "
            "row: shrink both images",
            width, height, most);
    return PPX_OK;
}

static const ppx_param match_params[] = {
    [TEMPLATE] = {"template", PPX_IMAGE, 0, 0, NULL, NULL, "the image to look for"},
    [TOP] = {"top", PPX_INT, 1, MOST_TOP, NULL, "1", "how many places are listed, the best first"},
};

static const ppx_step match_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = match_geometry,
        .map = {.rows = {[PPX_U8] = rows_u8, [PPX_U16] = rows_u16}},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = best_geometry,
        .reduce = {.add = {[PPX_F32] = best_add}, .finish = best_finish},
    },
};

const ppx_kernel PPX_KERNEL(match) = {
    .name = "match",
    .summary = "where a template is found, by normalised cross-correlation, as f32",
    .examples = "match:template=@awkward match:template=@awkward,top=5",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ONE_CHANNEL,
    .second = PPX_ANY_SIZE,
    .params = match_params,
    .nparams = sizeof match_params / sizeof *match_params,
    .check = match_check,
    .table_nbytes = match_table_nbytes,
    .build = match_build,
    .steps = match_steps,
    .nsteps = 2,
    .report = match_report,
};
