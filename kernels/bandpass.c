// bandpass.c: the frequencies of an image between two limits.
//
//     OUT(u, v) = F(u, v) / (1 + (f / high)^4) (f / low)^4 / (1 + (f / low)^4)
//     f = sqrt((u / width)^2 + (v / height)^2)
//
// with u and v from minus to plus half of the size: Butterworth's edges of order 2, half of the
// amplitude at the limits, without the ringing of a sharp edge (Gonzalez and Woods, Digital Image
// Processing). A limit of 0 is none: low=0 keeps the mean. Shapes: one channel of any size, type
// and size kept. Units: cycles per pixel, 0.5 at most along an axis and 0.7071 along the diagonal.
// Integers: rounded half up, cut to the range; where low takes the mean away, mid-grey (half of the
// range) is 0. f32: as it is, right to 2e-7 of the root mean square of the input. Border: the image
// repeats itself in all directions, which is what transforms make of it.
//
// Rows, a transpose, and columns as rows: forward, times the factors, and back in one go; then the
// way back. Cost: 5 log2(width height) operations a pixel, six passes over memory.
#include "fourier.h"
#include "transpose.h"

enum { LOW, HIGH };

// The fourth powers of the limits; 0: none.
typedef struct limits {
    float low, high;
} limits;

static limits limits_of(const ppx_job *job) {
    double low = job->values[LOW].d, high = job->values[HIGH].d;
    return (limits){(float)(low * low * low * low), (float)(high * high * high * high)};
}

static bool takes_mean(const ppx_job *job) {
    return limits_of(job).low > 0;
}

// After the plans: (v / height)^2 of each row of the spectrum.
static float *squares_of(const ppx_job *job) {
    return (float *)((char *)job->table +
                     ppx_fourier_plans_nbytes(job->first.width, job->first.height, true));
}

static size_t bandpass_table_nbytes(const ppx_job *job) {
    return ppx_fourier_plans_nbytes(job->first.width, job->first.height, true) +
           (size_t)job->first.height * sizeof(float);
}

static float square_of(ptrdiff_t k, ptrdiff_t n) {
    double f = (double)(k > n / 2 ? n - k : k) / (double)n;
    return (float)(f * f);
}

static void bandpass_build(const ppx_job *job) {
    const ptrdiff_t height = job->first.height;
    ppx_fourier_plans_build(job->table, job->first.width, height, true);
    for (ptrdiff_t v = 0; v < height; v++)
        squares_of(job)[v] = square_of(v, height);
}

static void column_geometry(const ppx_job *job, ppx_geometry *g) {
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->in.width, false);
}

// Conjugates, too: the way back begins with it.
static void weigh(complexes *z, ptrdiff_t n, const float *squares, floats across, limits limit) {
    for (ptrdiff_t v = 0; v < n; v++) {
        floats square = across + squares[v], fourth = square * square, above = floats_all(1);
        floats below = above;
        if (limit.low > 0) {
            above = fourth;
            below = fourth + limit.low;
        }
        if (limit.high > 0) {
            above = above * limit.high;
            below = below * (fourth + limit.high);
        }
        floats factor = above / below;
        z[v].re = z[v].re * factor;
        z[v].im = -(z[v].im * factor);
    }
}

static void column_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_fourier *plan = ppx_fourier_columns(job->table);
    const ptrdiff_t n = plan->n;
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(n, false) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(x, block->in + k, nrows, n, false);
        complexes *z = ppx_fourier_run(plan, x, y);
        floats across;
        for (ptrdiff_t r = 0; r < FOURIER_LANES; r++)
            across[r] = square_of(block->y + k + (r < nrows ? r : 0), job->first.width);
        weigh(z, n, squares_of(job), across, limits_of(job));
        z = ppx_fourier_run(plan, z, z == x ? y : x);
        ppx_fourier_store_complex(block->out + k, nrows, z, n, 1, true);
    }
}

static void back_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out = job->first;
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->first.width, true);
}

static void back_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_fourier *plan = job->table;
    const ppx_type type = job->first.type;
    const float scale = (float)(1 / ((double)job->first.width * (double)job->first.height));
    const float middle = type == PPX_U8 ? 128 : 32768;
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(plan->n, true) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(x, block->in + k, nrows, job->in.width, false);
        complexes *z = ppx_fourier_to_real(plan, x, y);
        ppx_fourier_store_real(plan, block->out + k, nrows, z, type, scale,
                               takes_mean(job) ? middle : 0);
    }
}

static ppx_status bandpass_check(const ppx_job *job, ppx_error *error) {
    double low = job->values[LOW].d, high = job->values[HIGH].d;
    if (high > 0 && low > high)
        return ppx_fail(error, PPX_E_USAGE,
                        "bandpass:low=%g,high=%g: low must not be above high (0: no limit)", low,
                        high);
    return PPX_OK;
}

static const ppx_param bandpass_params[] = {
    [LOW] = {"low", PPX_REAL, 0, 1, NULL, "0", "cycles per pixel, 0: the mean stays, too"},
    [HIGH] = {"high", PPX_REAL, 0, 1, NULL, "0", "cycles per pixel, 0: no limit"},
};

static const ppx_step bandpass_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = ppx_fourier_half_geometry,
        .map = {.rows = {[PPX_U8] = ppx_fourier_half_rows,
                         [PPX_U16] = ppx_fourier_half_rows,
                         [PPX_F32] = ppx_fourier_half_rows}},
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
        .geometry = back_geometry,
        .map = {.rows = {[PPX_F32] = back_rows}},
    },
};

const ppx_kernel PPX_KERNEL(bandpass) = {
    .name = "bandpass",
    .summary = "frequencies between two limits, by Fourier transform",
    .examples = "bandpass:low=0.02,high=0.2 bandpass:high=0.1 bandpass:low=0.05",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = bandpass_params,
    .nparams = sizeof bandpass_params / sizeof *bandpass_params,
    .check = bandpass_check,
    .table_nbytes = bandpass_table_nbytes,
    .build = bandpass_build,
    .steps = bandpass_steps,
    .nsteps = sizeof bandpass_steps / sizeof *bandpass_steps,
};
