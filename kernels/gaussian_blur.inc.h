// gaussian_blur.inc.h: what gaussian.c and its relatives (unsharp.c, dog.c) blur with: see
// gaussian_plan.inc.h for the method. They lay out their scratch (blur_lay_out), begin a block
// (begin_u8 and so on) and ask for its blurred rows one after the other (row_u8).
#define INLINE inline __attribute__((always_inline))

#include "gaussian_plan.inc.h"
#include "gaussian_sums.inc.h"

// ---- Scratch ----

// The next rows of the coarse grid to be made.
typedef struct blur_state {
    ptrdiff_t next_across, next_columns, next_wide;
} blur_state;

// What a block is blurred with, and where in the scratch everything lies.
typedef struct blur {
    const blur_plan *plan;
    const blur_table *table;
    const ppx_block *block;
    ppx_shape shape;
    ppx_border border;
    ptrdiff_t n, margin, pitch;          // samples: of a row, left of a line, of a line
    ptrdiff_t x0, ncoarse, coarse_pitch; // of a coarse line: first pixel, samples
    ptrdiff_t nacross, ncolumns, nwide;  // rings: coarse lines, blurred lines, lines made wide
    blur_state *state;
    void *tile, *lines;
    float *coarse, *across, *columns, *sparse, *wide_sum;
    void *sum, *wide;
} blur;

static void *take(char **at, size_t nbytes) {
    void *taken = *at;
    *at += (nbytes + 63) / 64 * 64;
    return taken;
}

static ptrdiff_t floor_div(ptrdiff_t a, ptrdiff_t b) {
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static ptrdiff_t wrap(ptrdiff_t k, ptrdiff_t n) {
    return k - floor_div(k, n) * n;
}

enum { MOST_TILE = AT_ONCE * VECTOR_NBYTES / 2 }; // samples

// Lays the scratch out from `scratch`; returns how much it takes.
static size_t blur_lay_out(blur *b, void *scratch) {
    const blur_plan *plan = b->plan;
    ptrdiff_t step = b->shape.channels, scale = plan->scale, width = b->shape.width;
    size_t sum = plan->fixed ? sizeof(uint16_t) : sizeof(float);
    char *at = scratch;
    b->n = width * step;
    b->margin = (plan->reach * step + 31) / 32 * 32;
    b->pitch = (2 * b->margin + b->n + 2 * MOST_TILE + 31) / 32 * 32;
    b->pitch += b->pitch / 32 % 2 ? 0 : 32;
    b->state = take(&at, sizeof(blur_state));
    b->tile = take(&at, MOST_ROWS * MOST_TILE * sum);
    ptrdiff_t nlines = scale > 1 ? BLOCK : BLOCK * plan->nterms;
    b->lines = take(&at, (size_t)(nlines * b->pitch) * sum);
    b->sum = take(&at, (size_t)b->pitch * sizeof(float));
    if (scale > 1) {
        b->x0 = -(plan->fine / scale) - plan->radius;
        b->ncoarse = (floor_div(width - 1 + plan->fine, scale) + plan->radius + 1 - b->x0) * step;
        b->coarse_pitch = (b->ncoarse + 2 * MOST_TILE + 31) / 32 * 32;
        b->nwide = plan->order + 2;
        b->ncolumns = BLOCK / scale + plan->order + 2;
        b->nacross = b->ncolumns + 2 * plan->radius + 1;
        size_t line = (size_t)b->coarse_pitch * sizeof(float);
        b->coarse = take(&at, line);
        b->across = take(&at, (size_t)(b->nacross * plan->nterms) * line);
        b->columns = take(&at, (size_t)b->ncolumns * line);
        b->sparse = take(&at, (size_t)b->pitch * sizeof(float));
        b->wide_sum = take(&at, (size_t)b->pitch * sizeof(float));
        b->wide = take(&at, (size_t)(b->nwide * b->pitch) * sum);
    }
    return (size_t)(at - (char *)scratch);
}

static size_t blur_scratch_nbytes(const ppx_job *job, const blur_plan *plan) {
    blur b = {.plan = plan, .shape = job->in};
    return blur_lay_out(&b, NULL);
}

static blur blur_of(const ppx_job *job, const blur_plan *plan, const blur_table *table,
                    const ppx_block *block, void *scratch) {
    blur b = {.plan = plan,
              .table = table,
              .block = block,
              .shape = job->in,
              .border = job->geometry.border};
    blur_lay_out(&b, scratch);
    return b;
}

// ---- Rows ----

static inline const uint16_t *down_fixed(const blur_table *table, int term) {
    (void)term;
    return table->fixed;
}

static inline const uint16_t *across_fixed(const blur_table *table, int term) {
    (void)term;
    return table->fixed;
}

static inline const float *down_float(const blur_table *table, int term) {
    return table->down[term];
}

static inline const float *across_float(const blur_table *table, int term) {
    return table->across[term];
}

static inline const uint16_t *fine_fixed(const blur_table *table) {
    return table->fine_fixed;
}

static inline const float *fine_float(const blur_table *table) {
    return table->fine;
}

static inline const uint16_t *up_fixed(const blur_table *table) {
    return table->up_fixed;
}

static inline const float *up_float(const blur_table *table) {
    return table->up;
}

// What is to be given back to the last fixed sums, in 1/256 of a level.
static inline int32_t blur_lost(const blur *b) {
    return b->plan->scale > 1 ? b->plan->order / 2 : b->table->lost;
}

static float *across_of(const blur *b, ptrdiff_t y, int term) {
    return b->across + (wrap(y, b->nacross) * b->plan->nterms + term) * b->coarse_pitch;
}

static float *columns_of(const blur *b, ptrdiff_t y) {
    return b->columns + wrap(y, b->ncolumns) * b->coarse_pitch;
}

// Coarse lines from the next one to `end` (beyond the last) are summed down the columns, tile by
// tile, so that what they share stays in the cache.
static void blur_columns(const blur *b, ptrdiff_t end) {
    int radius = b->plan->radius;
    ptrdiff_t first = b->state->next_columns, n = b->ncoarse - 2 * radius * b->shape.channels;
    float *tile = b->tile;
    for (ptrdiff_t x = 0; x < n; x += TILE_float)
        for (int t = 0; t < b->plan->nterms; t++) {
            for (ptrdiff_t y = first - radius; y < end + radius; y++)
                memcpy(tile + (y - first + radius) * TILE_float, across_of(b, y, t) + x,
                       TILE_float * sizeof *tile);
            for (ptrdiff_t y = first; y < end; y++)
                weigh_down_float(columns_of(b, y) + x, tile + (y - first + radius) * TILE_float,
                                 b->table->down[t], radius, t > 0);
        }
    b->state->next_columns = end;
}
