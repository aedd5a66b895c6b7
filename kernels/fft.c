// fft.c: fft, the discrete Fourier transform of an image of any size, and ifft, its inverse.
//
//     F(u, v) = sum over x, y of f(x, y) exp(-2 pi i (u x / width + v y / height))
//     f(x, y) = 1 / (width height) sum over u, v of F(u, v) exp(+2 pi i ...)
//
// Shapes: a complex image is f32 of two channels, the real and the imaginary part, and becomes one
// of the same size. A real image (one channel) has F(-u, -v) = conj F(u, v): fft gives columns u =
// 0 to width / 2 of it, width / 2 + 1 of them (numpy's rfft2); ifft:of=even and of=odd lead back to
// an image of even or odd width. Frequencies are in the order 0, 1, ... and the negative ones after
// the positive; the largest of a real image of even size stands for both. Units: u in cycles per
// image.
//
// Rows, a transpose, columns as rows, a transpose. The arithmetic and its error are told in
// fourier.h: a root mean square of 1e-7 of the result's, 5e-7 where a side has factors above 5. No
// border. Cost: 2.5 log2(width height) operations a pixel of a real image, five passes over memory.
#include "fourier.h"
#include "transpose.h"

// Rows of complex numbers, in place of them their transforms.
static void complex_rows(const ppx_fourier *plan, const ppx_block *block, float scale,
                         bool inverse) {
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(plan->n, false) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(x, block->in + k, nrows, plan->n, inverse);
        complexes *z = ppx_fourier_run(plan, x, y);
        ppx_fourier_store_complex(block->out + k, nrows, z, plan->n, scale, inverse);
    }
}

static void complex_geometry(const ppx_job *job, ppx_geometry *g) {
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->in.width, false);
}

// ---- fft ----------------------------------------------------------------------------------------

static bool is_real(const ppx_job *job) {
    return job->first.channels == 1;
}

static size_t fft_table_nbytes(const ppx_job *job) {
    return ppx_fourier_plans_nbytes(job->first.width, job->first.height, is_real(job));
}

static void fft_build(const ppx_job *job) {
    ppx_fourier_plans_build(job->table, job->first.width, job->first.height, is_real(job));
}

static void fft_rows_geometry(const ppx_job *job, ppx_geometry *g) {
    if (is_real(job))
        ppx_fourier_half_geometry(job, g);
    else
        complex_geometry(job, g);
}

static void fft_rows(const ppx_job *job, const ppx_block *block) {
    if (is_real(job))
        ppx_fourier_half_rows(job, block);
    else
        complex_rows(job->table, block, 1, false);
}

static void fft_columns(const ppx_job *job, const ppx_block *block) {
    complex_rows(ppx_fourier_columns(job->table), block, 1, false);
}

static ppx_status fft_check(const ppx_job *job, ppx_error *error) {
    if (job->first.channels == 2 && job->first.type != PPX_F32)
        return ppx_fail(error, PPX_E_USAGE,
                        "fft takes two channels as complex numbers, of f32; its input here is %s: "
                        "put gray before it",
                        ppx_type_name(job->first.type));
    return PPX_OK;
}

static const ppx_step fft_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = fft_rows_geometry,
        .map = {.rows = {[PPX_U8] = fft_rows, [PPX_U16] = fft_rows, [PPX_F32] = fft_rows}},
    },
    PPX_TRANSPOSE_STEP,
    {
        .pattern = PPX_MAP,
        .geometry = complex_geometry,
        .map = {.rows = {[PPX_F32] = fft_columns}},
    },
    PPX_TRANSPOSE_STEP,
};

const ppx_kernel PPX_KERNEL(fft) = {
    .name = "fft",
    .summary = "discrete Fourier transform, as complex f32",
    .examples = "fft fft+fft",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL | 1u << 2,
    .check = fft_check,
    .table_nbytes = fft_table_nbytes,
    .build = fft_build,
    .steps = fft_steps,
    .nsteps = 4,
};

// ---- ifft ---------------------------------------------------------------------------------------

enum { OF };
enum { OF_COMPLEX, OF_EVEN, OF_ODD };

static bool to_real(const ppx_job *job) {
    return job->values[OF].i != OF_COMPLEX;
}

static ptrdiff_t ifft_width(const ppx_job *job) {
    ptrdiff_t width = job->first.width;
    return to_real(job) ? 2 * (width - 1) + (job->values[OF].i == OF_ODD) : width;
}

static size_t ifft_table_nbytes(const ppx_job *job) {
    return ppx_fourier_plans_nbytes(ifft_width(job), job->first.height, to_real(job));
}

static void ifft_build(const ppx_job *job) {
    ppx_fourier_plans_build(job->table, ifft_width(job), job->first.height, to_real(job));
}

static void ifft_columns(const ppx_job *job, const ppx_block *block) {
    complex_rows(ppx_fourier_columns(job->table), block, 1, true);
}

static void ifft_rows_geometry(const ppx_job *job, ppx_geometry *g) {
    complex_geometry(job, g);
    if (!to_real(job))
        return;
    g->out.width = ifft_width(job);
    g->out.channels = 1;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(ifft_width(job), true);
}

static void ifft_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_fourier *plan = job->table;
    const float scale = (float)(1 / ((double)plan->n * (double)job->first.height));
    if (!plan->real) {
        complex_rows(plan, block, scale, true);
        return;
    }
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(plan->n, true) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(x, block->in + k, nrows, job->in.width, false);
        complexes *z = ppx_fourier_to_real(plan, x, y);
        ppx_fourier_store_real(plan, block->out + k, nrows, z, PPX_F32, scale, 0);
    }
}

static ppx_status ifft_check(const ppx_job *job, ppx_error *error) {
    if (ifft_width(job) == 0)
        return ppx_fail(error, PPX_E_USAGE,
                        "ifft:of=even: half a spectrum of one column is that of an image of odd "
                        "width; of=odd");
    return PPX_OK;
}

static const ppx_param ifft_params[] = {
    [OF] = {"of", PPX_CHOICE, 0, 0, "complex|even|odd", "complex",
            "all of a spectrum, or half of a real image's of even or odd width"},
};

static const ppx_step ifft_steps[] = {
    PPX_TRANSPOSE_STEP,
    {
        .pattern = PPX_MAP,
        .geometry = complex_geometry,
        .map = {.rows = {[PPX_F32] = ifft_columns}},
    },
    PPX_TRANSPOSE_STEP,
    {
        .pattern = PPX_MAP,
        .geometry = ifft_rows_geometry,
        .map = {.rows = {[PPX_F32] = ifft_rows}},
    },
};

const ppx_kernel PPX_KERNEL(ifft) = {
    .name = "ifft",
    .summary = "inverse discrete Fourier transform of complex f32",
    .examples = "ifft fft+ifft fft+ifft:of=odd",
    .types = PPX_TAKES_F32,
    .channels = 1u << 2,
    .params = ifft_params,
    .nparams = sizeof ifft_params / sizeof *ifft_params,
    .check = ifft_check,
    .table_nbytes = ifft_table_nbytes,
    .build = ifft_build,
    .steps = ifft_steps,
    .nsteps = 4,
};
