// fourier.c: discrete Fourier transforms of rows (fourier.h).
#include "fourier.h"

#define REAL float
#define VECTOR floats
#define COMPLEXES complexes
#define NAME(function) function##_f32
#include "fourier_passes.inc.h"

enum { LANES_OF = FOURIER_LANES, CHUNK = 64 };

static const double PI = 3.14159265358979323846;

static inline const float *part_of(const ppx_fourier *plan, size_t offset) {
    return (const float *)plan + offset;
}

// ---- The plan -----------------------------------------------------------------------------------

static bool is_smooth(ptrdiff_t n) {
    for (ptrdiff_t p = 2; p <= 5; p++)
        while (n % p == 0)
            n /= p;
    return n == 1;
}

static bool is_halved(ptrdiff_t n, bool real) {
    return real && n % 2 == 0;
}

static ptrdiff_t length_of(ptrdiff_t n, bool real) {
    return is_halved(n, real) ? n / 2 : n;
}

static ptrdiff_t passed_of(ptrdiff_t length) {
    if (is_smooth(length))
        return length;
    ptrdiff_t m = 1;
    while (m < 2 * length - 1)
        m *= 2;
    return m;
}

size_t ppx_fourier_nbytes(ptrdiff_t n, bool real) {
    const size_t length = (size_t)length_of(n, real);
    const size_t passed = (size_t)passed_of(length_of(n, real));
    size_t nfloats = 2 * passed;
    if (passed != length)
        nfloats += 2 * length + 4 * passed; // the last transform in double
    if (is_halved(n, real))
        nfloats += 2 * (length / 2 + 1);
    return (sizeof(ppx_fourier) + nfloats * sizeof(float) + 63) / 64 * 64;
}

size_t ppx_fourier_scratch(ptrdiff_t n, bool real) {
    return (size_t)(passed_of(length_of(n, real)) + 2) * sizeof(complexes);
}

// exp(-pi i turns / of), with the angle brought into the first turn as a whole number.
static void turn(double to[2], uint64_t turns, uint64_t of) {
    double angle = -PI * (double)(turns % (2 * of)) / (double)of;
    to[0] = cos(angle);
    to[1] = sin(angle);
}

// The transform of n complex numbers in place, n a power of two (Cooley, Tukey 1965).
static void transform_alone(double *x, size_t n) {
    for (size_t k = 1, r = 0; k < n; k++) { // the bits of r are those of k reversed
        for (size_t bit = n >> 1; (r ^= bit) < bit; bit >>= 1)
            ;
        for (size_t part = 0; part < 2 && k < r; part++) {
            double swapped = x[2 * k + part];
            x[2 * k + part] = x[2 * r + part];
            x[2 * r + part] = swapped;
        }
    }
    for (size_t half = 1; half < n; half *= 2)
        for (size_t j = 0; j < half; j++) {
            double w[2];
            turn(w, j, half);
            for (size_t k = j; k < n; k += 2 * half) {
                double *a = x + 2 * k, *b = x + 2 * (k + half);
                double re = b[0] * w[0] - b[1] * w[1], im = b[0] * w[1] + b[1] * w[0];
                b[0] = a[0] - re;
                b[1] = a[1] - im;
                a[0] += re;
                a[1] += im;
            }
        }
}

// The chirp, and the transform of its conjugate, wrapped around and divided by its length.
static void build_chirp(ppx_fourier *plan, float *chirp) {
    const size_t n = (size_t)plan->length, m = (size_t)plan->passed;
    double *wrapped = (double *)(chirp + 2 * n); // even: 8 bytes fit
    for (size_t k = 0; k < n; k++) {
        double w[2];
        turn(w, (uint64_t)k * k, n);
        for (size_t part = 0; part < 2; part++) {
            chirp[2 * k + part] = (float)w[part];
            double value = (part ? -w[1] : w[0]) / (double)m;
            wrapped[2 * k + part] = value;
            if (k)
                wrapped[2 * (m - k) + part] = value;
        }
    }
    transform_alone(wrapped, m);
    float *narrow = (float *)wrapped;
    for (size_t k = 0; k < 2 * m; k++) {
        double value;
        memcpy(&value, wrapped + k, sizeof value);
        float rounded = (float)value;
        memcpy(narrow + k, &rounded, sizeof rounded);
    }
}

// Eights, and fours for what they leave: two fours are less work than an eight and a two.
int ppx_fourier_radices(int radix[FOURIER_MOST_PASSES], ptrdiff_t n) {
    static const int radices[] = {8, 4, 2, 3, 5};
    int npasses = 0;
    for (int k = 0; k < 5; k++)
        for (; n % radices[k] == 0; n /= radices[k]) {
            if (radices[k] == 8 && n % 16 == 0 && n % 32 != 0)
                break;
            radix[npasses++] = radices[k];
        }
    return npasses;
}

void ppx_fourier_build(ppx_fourier *plan, ptrdiff_t n, bool real) {
    plan->n = n;
    plan->real = real;
    plan->length = length_of(n, real);
    plan->passed = passed_of(plan->length);
    plan->npasses = ppx_fourier_radices(plan->radix, plan->passed);
    plan->factors = (sizeof(ppx_fourier) + sizeof(float) - 1) / sizeof(float);
    plan->factors += plan->factors % 2;
    make_factors_f32((float *)plan + plan->factors, plan->radix, plan->npasses, plan->passed);
    size_t end = plan->factors + 2 * (size_t)plan->passed;
    if (is_halved(n, real)) {
        plan->split = end;
        float *split = (float *)plan + end;
        for (ptrdiff_t k = 0; k <= plan->length / 2; k++) {
            double w[2];
            turn(w, 2 * (uint64_t)k, (uint64_t)n);
            split[2 * k] = (float)(-w[1] / 2);
            split[2 * k + 1] = (float)(w[0] / 2);
        }
        end += 2 * (size_t)(plan->length / 2 + 1);
    }
    plan->chirp = end;
    if (plan->passed != plan->length)
        build_chirp(plan, (float *)plan + end);
}

// ---- Transforms ---------------------------------------------------------------------------------

LANES_INLINE complexes conjugate(complexes a) {
    return (complexes){a.re, -a.im};
}

static complexes *passes(const ppx_fourier *plan, complexes *x, complexes *y) {
    return transform_f32(plan->radix, plan->npasses, part_of(plan, plan->factors), plan->passed, x,
                         x, y);
}

complexes *ppx_fourier_run(const ppx_fourier *plan, complexes *x, complexes *y) {
    const ptrdiff_t n = plan->length, m = plan->passed;
    if (n == m)
        return passes(plan, x, y);
    const float *chirp = part_of(plan, plan->chirp), *spectrum = chirp + 2 * n;
    for (ptrdiff_t k = 0; k < n; k++)
        x[k] = turned_f32(x[k], chirp + 2 * k);
    memset(x + n, 0, (size_t)(m - n) * sizeof *x);
    complexes *z = passes(plan, x, y);
    for (ptrdiff_t k = 0; k < m; k++)
        z[k] = conjugate(turned_f32(z[k], spectrum + 2 * k));
    z = passes(plan, z, z == x ? y : x);
    for (ptrdiff_t k = 0; k < n; k++)
        z[k] = turned_f32(conjugate(z[k]), chirp + 2 * k);
    return z;
}

// With z the transform of x(2j) + i x(2j + 1), of h = n / 2 numbers, and w = exp(-2 pi i / n):
//     2 X(k) = (z(k) + conj z(h - k)) - i w^k (z(k) - conj z(h - k))
// and X(h - k) is the conjugate of the same with a plus.
complexes *ppx_fourier_of_real(const ppx_fourier *plan, complexes *x, complexes *y) {
    complexes *z = ppx_fourier_run(plan, x, y), *out = z == x ? y : x;
    if (!is_halved(plan->n, true))
        return z;
    const ptrdiff_t h = plan->length;
    const float *w = part_of(plan, plan->split);
    z[h] = z[0];
    for (ptrdiff_t k = 0; k <= h / 2; k++) {
        complexes a = z[k], b = conjugate(z[h - k]);
        complexes mean = scaled_f32(plus_f32(a, b), 0.5f);
        complexes rest = turned_f32(minus_f32(a, b), w + 2 * k);
        out[k] = minus_f32(mean, rest);
        out[h - k] = conjugate(plus_f32(mean, rest));
    }
    return out;
}

// The other way around, with the numbers conjugated for the transform: what comes out is
// conjugated, too.
complexes *ppx_fourier_to_real(const ppx_fourier *plan, complexes *x, complexes *y) {
    const ptrdiff_t n = plan->n, h = plan->length;
    x[0].im = floats_all(0);
    if (!is_halved(n, true)) {
        for (ptrdiff_t k = 1; k <= n / 2; k++) {
            x[n - k] = x[k];
            x[k] = conjugate(x[k]);
        }
        return ppx_fourier_run(plan, x, y);
    }
    x[h].im = floats_all(0);
    const float *w = part_of(plan, plan->split);
    for (ptrdiff_t k = 0; k <= h / 2; k++) {
        complexes a = x[k], b = conjugate(x[h - k]);
        complexes sum = plus_f32(a, b);
        // Twice the conjugate of w times the difference, conjugated.
        complexes rest = scaled_f32(turned_f32(conjugate(minus_f32(a, b)), w + 2 * k), 2);
        x[k] = minus_f32(conjugate(sum), rest);
        x[h - k] = conjugate(plus_f32(conjugate(sum), rest));
    }
    return ppx_fourier_run(plan, x, y);
}

// ---- Rows to lanes and back ---------------------------------------------------------------------

typedef float quad __attribute__((vector_size(16)));

// Four rows of four become four columns.
LANES_INLINE void turn_quads(quad v[4]) {
    quad a = __builtin_shufflevector(v[0], v[2], 0, 4, 1, 5);
    quad b = __builtin_shufflevector(v[0], v[2], 2, 6, 3, 7);
    quad c = __builtin_shufflevector(v[1], v[3], 0, 4, 1, 5);
    quad d = __builtin_shufflevector(v[1], v[3], 2, 6, 3, 7);
    v[0] = __builtin_shufflevector(a, c, 0, 4, 1, 5);
    v[1] = __builtin_shufflevector(a, c, 2, 6, 3, 7);
    v[2] = __builtin_shufflevector(b, d, 0, 4, 1, 5);
    v[3] = __builtin_shufflevector(b, d, 2, 6, 3, 7);
}

// Sample j of row r goes to to[j * step][r], times even or odd.
LANES_INLINE void to_lanes(float *to, ptrdiff_t step, const float *const *rows, ptrdiff_t n,
                           float even, float odd) {
    const quad by = {even, odd, even, odd};
    ptrdiff_t j = 0;
    for (; j + 4 <= n; j += 4)
        for (int g = 0; g < LANES_OF; g += 4) {
            quad v[4];
            for (int r = 0; r < 4; r++) {
                memcpy(&v[r], rows[g + r] + j, sizeof v[r]);
                v[r] *= by;
            }
            turn_quads(v);
            for (int k = 0; k < 4; k++)
                memcpy(to + (j + k) * step * LANES_OF + g, &v[k], sizeof v[k]);
        }
    for (; j < n; j++)
        for (int r = 0; r < LANES_OF; r++)
            to[j * step * LANES_OF + r] = rows[r][j] * (j % 2 ? odd : even);
}

LANES_INLINE void of_lanes(float *const *rows, const float *from, ptrdiff_t step, ptrdiff_t n,
                           float even, float odd) {
    const quad by = {even, odd, even, odd};
    ptrdiff_t j = 0;
    for (; j + 4 <= n; j += 4)
        for (int g = 0; g < LANES_OF; g += 4) {
            quad v[4];
            for (int k = 0; k < 4; k++)
                memcpy(&v[k], from + (j + k) * step * LANES_OF + g, sizeof v[k]);
            turn_quads(v);
            for (int r = 0; r < 4; r++) {
                v[r] *= by;
                memcpy(rows[g + r] + j, &v[r], sizeof v[r]);
            }
        }
    for (; j < n; j++)
        for (int r = 0; r < LANES_OF; r++)
            rows[r][j] = from[j * step * LANES_OF + r] * (j % 2 ? odd : even);
}

static inline const void *row_of(const void *const *rows, ptrdiff_t nrows, ptrdiff_t r) {
    return rows[r < nrows ? r : nrows - 1];
}

static void load(float *to, ptrdiff_t step, const void *const *rows, ptrdiff_t nrows, ptrdiff_t n,
                 ppx_type type) {
    float samples[LANES_OF][CHUNK];
    const float *from[LANES_OF];
    for (ptrdiff_t x = 0; x < n; x += CHUNK) {
        ptrdiff_t count = n - x < CHUNK ? n - x : CHUNK;
        for (ptrdiff_t r = 0; r < LANES_OF; r++) {
            const void *row = row_of(rows, nrows, r);
            from[r] = samples[r];
            if (type == PPX_F32)
                from[r] = (const float *)row + x;
            else if (type == PPX_U8)
                for (ptrdiff_t k = 0; k < count; k++)
                    samples[r][k] = ((const uint8_t *)row)[x + k];
            else
                for (ptrdiff_t k = 0; k < count; k++)
                    samples[r][k] = ((const uint16_t *)row)[x + k];
        }
        to_lanes(to + x * step * LANES_OF, step, from, count, 1, 1);
    }
}

void ppx_fourier_load_real(const ppx_fourier *plan, complexes *to, const void *const *rows,
                           ptrdiff_t nrows, ppx_type type) {
    if (is_halved(plan->n, true)) {
        load((float *)to, 1, rows, nrows, plan->n, type);
        return;
    }
    load((float *)to, 2, rows, nrows, plan->n, type);
    for (ptrdiff_t k = 0; k < plan->n; k++)
        to[k].im = floats_all(0);
}

void ppx_fourier_load_part(complexes *to, int part, const void *const *rows, ptrdiff_t nrows,
                           ptrdiff_t n, ppx_type type) {
    load((float *)to + part * LANES_OF, 2, rows, nrows, n, type);
}

void ppx_fourier_load_complex(complexes *to, const void *const *rows, ptrdiff_t nrows, ptrdiff_t n,
                              bool conjugated) {
    const float *from[LANES_OF];
    for (ptrdiff_t r = 0; r < LANES_OF; r++)
        from[r] = row_of(rows, nrows, r);
    to_lanes((float *)to, 1, from, 2 * n, 1, conjugated ? -1 : 1);
}

// Rounded half up and cut to the range; what is no number becomes 0.
#define WHOLE(type, most, value)                                                                   \
    (type)(int32_t)(((value) > 0 ? (value) < (most) ? (value) : (most) : 0) + 0.5f)

static void store(void *const *rows, ptrdiff_t nrows, const float *from, ptrdiff_t step,
                  ptrdiff_t n, ppx_type type, float even, float odd, float add) {
    float samples[LANES_OF][CHUNK];
    float *to[LANES_OF];
    for (ptrdiff_t x = 0; x < n; x += CHUNK) {
        ptrdiff_t count = n - x < CHUNK ? n - x : CHUNK;
        for (ptrdiff_t r = 0; r < LANES_OF; r++)
            to[r] = type == PPX_F32 && r < nrows ? (float *)rows[r] + x : samples[r];
        of_lanes(to, from + x * step * LANES_OF, step, count, even, odd);
        for (ptrdiff_t r = 0; r < nrows; r++) {
            if (type == PPX_U8)
                for (ptrdiff_t k = 0; k < count; k++)
                    ((uint8_t *)rows[r])[x + k] = WHOLE(uint8_t, 255, samples[r][k] + add);
            else if (type == PPX_U16)
                for (ptrdiff_t k = 0; k < count; k++)
                    ((uint16_t *)rows[r])[x + k] = WHOLE(uint16_t, 65535, samples[r][k] + add);
        }
    }
}

void ppx_fourier_store_real(const ppx_fourier *plan, void *const *rows, ptrdiff_t nrows,
                            const complexes *from, ppx_type type, float scale, float add) {
    if (is_halved(plan->n, true)) // every other one was conjugated
        store(rows, nrows, (const float *)from, 1, plan->n, type, scale, -scale, add);
    else
        store(rows, nrows, (const float *)from, 2, plan->n, type, scale, scale, add);
}

void ppx_fourier_store_part(void *const *rows, ptrdiff_t nrows, const complexes *from, int part,
                            ptrdiff_t n, ppx_type type, float scale, float add) {
    store(rows, nrows, (const float *)from + part * LANES_OF, 2, n, type, scale, scale, add);
}

void ppx_fourier_store_complex(void *const *rows, ptrdiff_t nrows, const complexes *from,
                               ptrdiff_t n, float scale, bool conjugated) {
    float unused[2 * CHUNK];
    float *to[LANES_OF];
    for (ptrdiff_t x = 0; x < n; x += CHUNK) {
        ptrdiff_t count = n - x < CHUNK ? n - x : CHUNK;
        for (ptrdiff_t r = 0; r < LANES_OF; r++)
            to[r] = r < nrows ? (float *)rows[r] + 2 * x : unused;
        of_lanes(to, (const float *)(from + x), 1, 2 * count, scale, conjugated ? -scale : scale);
    }
}

// ---- Steps of kernels ---------------------------------------------------------------------------

size_t ppx_fourier_plans_nbytes(ptrdiff_t width, ptrdiff_t height, bool real) {
    return ppx_fourier_nbytes(width, real) + ppx_fourier_nbytes(height, false);
}

void ppx_fourier_plans_build(void *table, ptrdiff_t width, ptrdiff_t height, bool real) {
    ppx_fourier_build(table, width, real);
    ppx_fourier_build((ppx_fourier *)((char *)table + ppx_fourier_nbytes(width, real)), height,
                      false);
}

void ppx_fourier_half_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out = (ppx_shape){job->in.width / 2 + 1, job->in.height, 2, PPX_F32};
    g->keep_alpha = false;
    g->scratch_nbytes = 2 * ppx_fourier_scratch(job->in.width, true);
}

void ppx_fourier_half_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_fourier *plan = job->table;
    complexes *x = block->scratch, *y = x + ppx_fourier_scratch(plan->n, true) / sizeof *x;
    for (ptrdiff_t k = 0; k < block->nrows; k += LANES_OF) {
        ptrdiff_t nrows = ppx_fourier_group(block, k);
        ppx_fourier_load_real(plan, x, block->in + k, nrows, job->in.type);
        complexes *z = ppx_fourier_of_real(plan, x, y);
        ppx_fourier_store_complex(block->out + k, nrows, z, plan->n / 2 + 1, 1, false);
    }
}
