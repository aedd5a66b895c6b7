// spectrum.c: how strong each frequency of an image is, on a logarithmic scale.
//
//     m(u, v) = log(1 + |F(u, v)|)
//
// F is the discrete Fourier transform (fft.c). Shapes: one channel of any size; u8 or f32 of the
// same size comes out, with the zero frequency at column width / 2, row height / 2, positive
// frequencies to the right and below. Units: f32 is m itself (natural logarithm); u8 is 255 m / M
// with M = log(1 + most width height), what the zero frequency has where all samples are the type's
// largest (1 for f32), so that spectra of equal sizes compare; rounded half up, cut at 255.
//
// Half of the columns are transformed; the others show the same magnitudes, turned around, and are
// made of them while columns lie as rows: such a row needs that of the opposite frequency only. The
// logarithm errs by 3e-7, plus 1e-7 of itself. No border. Cost: fft's, less one write of f32.
#include "fourier.h"
#include "transpose.h"

enum { AS };
enum { AS_U8, AS_F32 };

static size_t spectrum_table_nbytes(const ppx_job *job) {
    return ppx_fourier_plans_nbytes(job->first.width, job->first.height, true);
}

static void spectrum_build(const ppx_job *job) {
    ppx_fourier_plans_build(job->table, job->first.width, job->first.height, true);
}

static ppx_type type_of(const ppx_job *job) {
    return job->values[AS].i == AS_U8 ? PPX_U8 : PPX_F32;
}

// Of numbers from 1 on. With s = (m - 1) / (m + 1), log m = 2 (s + s^3 / 3 + s^5 / 5 + ...), for m
// from 2/3 to 4/3.
LANES_INLINE floats log2_of(floats y) {
    wides bits = (wides)y, exponent = (bits - 0x3f2aaaab) >> 23;
    floats m = (floats)(bits - (exponent << 23));
    floats s = (m - 1.0f) / (m + 1.0f), q = s * s;
    floats p = q * (2.88539008f / 9) + 2.88539008f / 7;
    p = p * q + 2.88539008f / 5;
    p = p * q + 2.88539008f / 3;
    p = p * q + 2.88539008f;
    return __builtin_convertvector(exponent, floats) + p * s;
}

// Roots have no operator; the loop becomes one instruction.
LANES_INLINE floats root_of(floats y) {
    float v[FOURIER_LANES];
    memcpy(v, &y, sizeof v);
    for (int k = 0; k < FOURIER_LANES; k++)
        v[k] = sqrtf(v[k]);
    memcpy(&y, v, sizeof y);
    return y;
}

static void column_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.channels = 1;
    g->out.type = type_of(job);
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->in.width, false);
}

static void column_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_fourier *plan = ppx_fourier_columns(job->table);
    const ptrdiff_t n = plan->n, middle = n / 2;
    const size_t sample = ppx_type_nbytes(type_of(job));
    const double most = ppx_type_most(job->first.type);
    float scale = 0.693147180559945309f;
    if (type_of(job) == PPX_U8)
        scale = (float)(255 / log2(1 + most * (double)job->first.width * (double)n));
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(n, false) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += FOURIER_LANES) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_complex(x, block->in + k, nrows, n, false);
        complexes *z = ppx_fourier_run(plan, x, y);
        for (ptrdiff_t v = 0; v < n; v++)
            z[v].re = log2_of(root_of(z[v].re * z[v].re + z[v].im * z[v].im) + 1.0f);
        void *rows[FOURIER_LANES]; // from the zero frequency on
        for (ptrdiff_t r = 0; r < nrows; r++)
            rows[r] = (char *)block->out[k + r] + (size_t)middle * sample;
        ppx_fourier_store_part(rows, nrows, z, 0, n - middle, type_of(job), scale, 0);
        ppx_fourier_store_part(block->out + k, nrows, z + n - middle, 0, middle, type_of(job),
                               scale, 0);
    }
}

// ---- The other half -----------------------------------------------------------------------------

static void unfold_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.height = job->first.width;
}

static void unfold_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                         ptrdiff_t *b) {
    const ptrdiff_t middle = job->first.width / 2;
    ptrdiff_t first = y0 - middle, last = y1 - 1 - middle;
    ptrdiff_t from = first < 0 ? -first : first, to = last < 0 ? -last : last;
    *b = (from > to ? from : to) + 1;
    *a = first < 0 && last > 0 ? 0 : from < to ? from : to;
}

// The row of the opposite frequency: v becomes -v, and of an even number of them the first stays.
static inline void turn_around(char *to, const char *from, ptrdiff_t n, size_t sample) {
    const ptrdiff_t even = n % 2 == 0;
    if (even)
        memcpy(to, from, sample);
    for (ptrdiff_t x = even; x < n; x++)
        memcpy(to + (size_t)x * sample, from + (size_t)(n - 1 + even - x) * sample, sample);
}

static void unfold_rows(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = job->in.width, middle = job->first.width / 2;
    const size_t nbytes = ppx_shape_row_nbytes(job->in);
    ptrdiff_t a, b;
    unfold_needs(job, block->y, block->y + block->nrows, &a, &b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const ptrdiff_t u = block->y + k - middle;
        const void *from = block->in[(u < 0 ? -u : u) - a];
        void *to = block->out[k];
        if (u >= 0)
            memcpy(to, from, nbytes);
        else if (job->in.type == PPX_U8)
            turn_around(to, from, n, sizeof(uint8_t));
        else
            turn_around(to, from, n, sizeof(float));
    }
}

// ---- The kernel ---------------------------------------------------------------------------------

static const ppx_param spectrum_params[] = {
    [AS] = {"as", PPX_CHOICE, 0, 0, "u8|f32", "u8", "grey levels to look at, or the logarithms"},
};

static const ppx_step spectrum_steps[] = {
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
    {
        .pattern = PPX_MAP,
        .geometry = unfold_geometry,
        .map = {.rows = {[PPX_U8] = unfold_rows, [PPX_F32] = unfold_rows}, .needs = unfold_needs},
    },
    PPX_TRANSPOSE_STEP,
};

const ppx_kernel PPX_KERNEL(spectrum) = {
    .name = "spectrum",
    .summary = "magnitude of the Fourier transform, logarithmic, zero in the middle",
    .examples = "spectrum spectrum:as=f32",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = spectrum_params,
    .nparams = sizeof spectrum_params / sizeof *spectrum_params,
    .table_nbytes = spectrum_table_nbytes,
    .build = spectrum_build,
    .steps = spectrum_steps,
    .nsteps = sizeof spectrum_steps / sizeof *spectrum_steps,
};
