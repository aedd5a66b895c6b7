// phase_correlate.c: by how much one image is moved against another (Kuglin and Hines 1975).
//
//     out = inverse transform of  G conj F / |G F|
//
// F and G are the discrete Fourier transforms of the image and of the one that with= names; where
// one of them is 0, so is the quotient. Of an image and itself moved by (dx, dy), around the edges,
// it is 1 at that displacement and 0 elsewhere. Shapes: one channel, both images alike; f32 of the
// same size comes out, displacement (0, 0) is at column width / 2, row height / 2. Findings: dx and
// dy, how far the content of the second image lies to the right of that of the first and below it,
// in pixels, and the peak. The peak is the largest value, of equal ones the first in raster order;
// fractions are c1 / (c1 + c0) towards the larger neighbour c1 along each axis, where it is above 0
// (Foroosh, Zerubia, Berthod 2002), from the 3 x 3 around the peak. window=hann weighs both images,
// so that their edges do not count. Border: both repeat themselves in all directions.
//
// A row of f + i g is one transform that yields both. Rows, a transpose, columns as rows both ways,
// a transpose, rows. The peak is two reductions of whole numbers: the largest of each row with its
// place, and what is around the largest of all. Cost: 7.5 log2(width height) operations a pixel.
#include "fourier.h"
#include "transpose.h"

#include <float.h>

enum { WITH, WINDOW };
enum { AROUND = 9 };

// After it: the plan of complex rows (for f + i g), that of columns, that of real rows, and
// weights.
typedef struct phase_table {
    ptrdiff_t x, y; // of the peak
    double dx, dy, peak;
    size_t columns, real, weights; // bytes from the table on
} phase_table;

static size_t table_begin(void) {
    return (sizeof(phase_table) + 63) / 64 * 64;
}

static const ppx_fourier *plan_at(const ppx_job *job, size_t offset) {
    return (const ppx_fourier *)((const char *)job->table + offset);
}

static size_t phase_table_nbytes(const ppx_job *job) {
    const ptrdiff_t width = job->first.width, height = job->first.height;
    return table_begin() + ppx_fourier_plans_nbytes(width, height, false) +
           ppx_fourier_nbytes(width, true) + (size_t)(width + height) * sizeof(float);
}

// Hann's window over n samples, which do not begin with 0: none of them is lost.
static void build_window(float *weights, ptrdiff_t n) {
    for (ptrdiff_t k = 0; k < n; k++) {
        double angle = 2 * 3.14159265358979323846 * ((double)k + 0.5) / (double)n;
        weights[k] = (float)(0.5 - 0.5 * cos(angle));
    }
}

static void phase_build(const ppx_job *job) {
    const ptrdiff_t width = job->first.width, height = job->first.height;
    phase_table *table = job->table;
    table->columns = table_begin() + ppx_fourier_nbytes(width, false);
    table->real = table->columns + ppx_fourier_nbytes(height, false);
    table->weights = table->real + ppx_fourier_nbytes(width, true);
    ppx_fourier_plans_build((char *)job->table + table_begin(), width, height, false);
    ppx_fourier_build((ppx_fourier *)((char *)job->table + table->real), width, true);
    float *weights = (float *)((char *)job->table + table->weights);
    build_window(weights, width);
    build_window(weights + width, height);
}

// ---- Both images' rows --------------------------------------------------------------------------

static void pair_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out = (ppx_shape){job->in.width / 2 + 1, job->in.height, 4, PPX_F32};
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->in.width, false);
}

static void weigh(const ppx_job *job, complexes *x, ptrdiff_t y, ptrdiff_t nrows) {
    const phase_table *table = job->table;
    const float *weights = (const float *)((const char *)job->table + table->weights);
    floats down;
    for (ptrdiff_t r = 0; r < FOURIER_LANES; r++)
        down[r] = weights[job->in.width + y + (r < nrows ? r : 0)];
    for (ptrdiff_t k = 0; k < job->in.width; k++) {
        floats weight = down * weights[k];
        x[k].re = x[k].re * weight;
        x[k].im = x[k].im * weight;
    }
}

// With Z of f + i g: 2 F(u) = Z(u) + conj Z(-u), 2 i G(u) = Z(u) - conj Z(-u). Factors do not
// matter here but for the size of the result: both are left doubled.
static void pair_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_fourier *plan = plan_at(job, table_begin());
    const ptrdiff_t n = plan->n;
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(n, false) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_part(x, 0, block->in + k, nrows, n, job->in.type);
        ppx_fourier_load_part(x, 1, block->with + k, nrows, n, job->in.type);
        if (job->values[WINDOW].i)
            weigh(job, x, block->y + k, nrows);
        complexes *z = ppx_fourier_run(plan, x, y), *to = z == x ? y : x;
        for (ptrdiff_t u = 0; u <= n / 2; u++) {
            complexes a = z[u], b = z[u ? n - u : 0];
            to[2 * u] = (complexes){a.re + b.re, a.im - b.im};
            to[2 * u + 1] = (complexes){a.im + b.im, b.re - a.re};
        }
        ppx_fourier_store_complex(block->out + k, nrows, to, 2 * (n / 2 + 1), 1, false);
    }
}

// ---- Their columns ------------------------------------------------------------------------------

static void column_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.channels = 2;
    g->keep_alpha = false;
    g->scratch_nbytes = 4 * ppx_fourier_scratch(job->in.width, false) +
                        2 * (size_t)job->in.width * sizeof(complexes);
}

// a / |a|, or 0: the loop becomes vectors.
LANES_INLINE complexes direction_of(complexes a) {
    float square[FOURIER_LANES], by[FOURIER_LANES];
    floats squares = a.re * a.re + a.im * a.im;
    memcpy(square, &squares, sizeof square);
    for (int k = 0; k < FOURIER_LANES; k++)
        by[k] = square[k] > 0 ? 1 / sqrtf(square[k]) : 0;
    floats factor = floats_load(by);
    return (complexes){a.re * factor, a.im * factor};
}

static void column_rows(const ppx_job *job, const ppx_block *block) {
    const phase_table *table = job->table;
    const ppx_fourier *plan = plan_at(job, table->columns);
    const ptrdiff_t n = plan->n, middle = n / 2;
    const size_t room = ppx_fourier_scratch(n, false) / sizeof(complexes);
    complexes *f = block->scratch, *f_room = f + room, *g = f_room + room, *g_room = g + room;
    complexes *both = g_room + room;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(both, block->in + k, nrows, 2 * n, false);
        for (ptrdiff_t v = 0; v < n; v++) {
            f[v] = both[2 * v];
            g[v] = both[2 * v + 1];
        }
        complexes *a = ppx_fourier_run(plan, f, f_room), *b = ppx_fourier_run(plan, g, g_room);
        for (ptrdiff_t v = 0; v < n; v++) { // conj G F: the way back begins with it
            complexes p = direction_of(a[v]), q = direction_of(b[v]);
            a[v].re = q.re * p.re + q.im * p.im;
            a[v].im = q.re * p.im - q.im * p.re;
        }
        complexes *z = ppx_fourier_run(plan, a, a == f ? f_room : f);
        void *rows[FOURIER_LANES]; // from displacement 0 on
        for (ptrdiff_t r = 0; r < nrows; r++)
            rows[r] = (float *)block->out[k + r] + 2 * middle;
        ppx_fourier_store_complex(rows, nrows, z, n - middle, 1, true);
        ppx_fourier_store_complex(block->out + k, nrows, z + n - middle, middle, 1, true);
    }
}

// ---- The surface --------------------------------------------------------------------------------

static void surface_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out = (ppx_shape){job->first.width, job->first.height, 1, PPX_F32};
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->first.width, true) +
                        FOURIER_LANES * ((size_t)job->first.width * sizeof(float) + 63) / 64 * 64;
}

static void surface_rows(const ppx_job *job, const ppx_block *block) {
    const phase_table *table = job->table;
    const ppx_fourier *plan = plan_at(job, table->real);
    const ptrdiff_t n = plan->n, middle = n / 2;
    const size_t room = ppx_fourier_scratch(n, true) / sizeof(complexes);
    const float scale = (float)(1 / ((double)n * (double)job->first.height));
    complexes *x = block->scratch, *y = x + room;
    float *unturned = (float *)(y + room);
    void *rows[FOURIER_LANES];
    for (ptrdiff_t r = 0; r < FOURIER_LANES; r++)
        rows[r] = unturned + r * n;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(x, block->in + k, nrows, job->in.width, false);
        complexes *z = ppx_fourier_to_real(plan, x, y);
        ppx_fourier_store_real(plan, rows, nrows, z, PPX_F32, scale, 0);
        for (ptrdiff_t r = 0; r < nrows; r++) {
            float *to = block->out[k + r], *from = rows[r];
            memcpy(to + middle, from, (size_t)(n - middle) * sizeof *to);
            memcpy(to, from + n - middle, (size_t)middle * sizeof *to);
        }
    }
}

// ---- The peak -----------------------------------------------------------------------------------

static void peak_geometry(const ppx_job *job, ppx_geometry *g) {
    g->ncounters = (size_t)job->in.height;
}

// Side by side, so that they are found in vectors. What is not a number is not larger.
static float largest(const float *row, ptrdiff_t n) {
    enum { SIDE_BY_SIDE = 16 };
    float most[SIDE_BY_SIDE], all = -FLT_MAX;
    for (int j = 0; j < SIDE_BY_SIDE; j++)
        most[j] = -FLT_MAX;
    ptrdiff_t x = 0;
    for (; x + SIDE_BY_SIDE <= n; x += SIDE_BY_SIDE)
        for (int j = 0; j < SIDE_BY_SIDE; j++)
            most[j] = row[x + j] > most[j] ? row[x + j] : most[j];
    for (int j = 0; j < SIDE_BY_SIDE; j++)
        all = most[j] > all ? most[j] : all;
    for (; x < n; x++)
        all = row[x] > all ? row[x] : all;
    return all;
}

// Of each row the bits of the largest value and its first column; who counts a row counts all of
// it, so that sums are values. 0: none of it is a number.
static void peak_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)scratch;
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const float *row = rows[k];
        const float most = largest(row, width);
        for (ptrdiff_t x = 0; x < width; x++)
            if (row[x] == most) {
                uint32_t bits;
                memcpy(&bits, &row[x], sizeof bits);
                counters[y + k] += (uint64_t)bits << 32 | (uint64_t)(x + 1);
                break;
            }
    }
}

static void peak_finish(const ppx_job *job, const uint64_t *counters) {
    phase_table *table = job->table;
    float most = -FLT_MAX;
    for (ptrdiff_t y = 0; y < job->in.height; y++) {
        uint32_t bits = (uint32_t)(counters[y] >> 32), column = (uint32_t)counters[y];
        float value;
        memcpy(&value, &bits, sizeof value);
        if (column && value > most) {
            most = value;
            table->x = (ptrdiff_t)column - 1;
            table->y = y;
        }
    }
}

static void around_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->ncounters = AROUND;
}

static ptrdiff_t beside(ptrdiff_t at, ptrdiff_t step, ptrdiff_t n) {
    return (at + step + n) % n;
}

// The bits of the values around the peak, the image repeating itself.
static void around_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                       uint64_t *counters, void *scratch) {
    (void)scratch;
    const phase_table *table = job->table;
    for (ptrdiff_t k = 0; k < AROUND; k++) {
        ptrdiff_t row = beside(table->y, k / 3 - 1, job->in.height) - y;
        ptrdiff_t column = beside(table->x, k % 3 - 1, job->in.width);
        if (row < 0 || row >= nrows)
            continue;
        uint32_t bits;
        memcpy(&bits, (const float *)rows[row] + column, sizeof bits);
        counters[k] += bits;
    }
}

// How far from c0 towards the larger of its neighbours the peak lies.
static double fraction_of(float before, float c0, float after) {
    float c1 = before > after ? before : after;
    if (!(c1 > 0) || before == after)
        return 0;
    double part = (double)c1 / ((double)c1 + (double)c0);
    return before > after ? -part : part;
}

static void around_finish(const ppx_job *job, const uint64_t *counters) {
    phase_table *table = job->table;
    float around[AROUND];
    for (int k = 0; k < AROUND; k++) {
        uint32_t bits = (uint32_t)counters[k];
        memcpy(&around[k], &bits, sizeof bits);
    }
    table->peak = (double)around[4];
    table->dx = (double)(table->x - job->in.width / 2);
    table->dy = (double)(table->y - job->in.height / 2);
    table->dx += fraction_of(around[3], around[4], around[5]);
    table->dy += fraction_of(around[1], around[4], around[7]);
}

static void phase_report(const ppx_job *job) {
    const phase_table *table = job->table;
    const ppx_sink *to = job->sink;
    if (!to->number)
        return;
    to->number(to->context, job->kernel->name, "dx", table->dx);
    to->number(to->context, job->kernel->name, "dy", table->dy);
    to->number(to->context, job->kernel->name, "peak", table->peak);
}

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status phase_check(const ppx_job *job, ppx_error *error) {
    if ((uint64_t)job->first.width >= UINT32_MAX)
        return ppx_fail(error, PPX_E_USAGE,
                        "phase-correlate: an image %td wide is too large for it", job->first.width);
    return PPX_OK;
}

static const ppx_param phase_params[] = {
    [WITH] = {"with", PPX_IMAGE, 0, 0, NULL, NULL, "the image that moved, of the same shape"},
    [WINDOW] = {"window", PPX_CHOICE, 0, 0, "none|hann", "none", "weights of both before it"},
};

static const ppx_step phase_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = pair_geometry,
        .map = {.rows = {[PPX_U8] = pair_rows, [PPX_U16] = pair_rows, [PPX_F32] = pair_rows},
                .with = PPX_WITH_IMAGE},
    },
    PPX_TRANSPOSE_STEP,
    {
        .pattern = PPX_MAP,
        .geometry = column_geometry,
        .map = {.rows = {[PPX_F32] = column_rows}},
    },
    PPX_TRANSPOSE_STEP,
    {
        .pattern = PPX_MAP,
        .geometry = surface_geometry,
        .map = {.rows = {[PPX_F32] = surface_rows}},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = peak_geometry,
        .reduce = {.add = {[PPX_F32] = peak_add}, .finish = peak_finish},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = around_geometry,
        .reduce = {.add = {[PPX_F32] = around_add}, .finish = around_finish},
    },
};

const ppx_kernel PPX_KERNEL(phase_correlate) = {
    .name = "phase-correlate",
    .summary = "how far an image is moved against another one, by phase correlation",
    .examples = "phase-correlate:with=@awkward phase-correlate:with=@awkward,window=hann",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = phase_params,
    .nparams = sizeof phase_params / sizeof *phase_params,
    .check = phase_check,
    .table_nbytes = phase_table_nbytes,
    .build = phase_build,
    .steps = phase_steps,
    .nsteps = sizeof phase_steps / sizeof *phase_steps,
    .report = phase_report,
};
