// ssim.c: the structural similarity of two images (Wang, Bovik, Sheikh, Simoncelli 2004).
//
//     out = (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sxx + syy + C2))
//
// with means, variances and covariance under an 11 x 11 Gaussian of sigma 1.5 (cut and normalised),
// C1 = (0.01 most)^2 and C2 = (0.03 most)^2, most being the type's largest sample (1 for f32).
// Shapes: both images alike, any; f32 of the same size with their colours comes out, alpha is left
// out. Border: the parameter, of both. Finding: the mean of the map over pixels and colours.
//
// Four blurs do the work of five, because only the sum of the variances occurs: of the sum s and
// the difference d of two samples, and of their squares, as 4 mx my is the square of the mean of s
// less that of d, and so on. s is taken less the range's middle, which does not change variances. A
// tile of columns at a time, rows are blurred across into a ring, and down from there, two at once.
// Across, u8 is blurred in whole numbers without an error, by weights that are right to 1.4e-4; the
// rest is in float. The map is right to 1e-4. Cost: a read of both images, 128 operations a pixel
// for the blurs, of which those of u8 across go two at a time; the mean reads the map once more, in
// whole numbers (2^-30), so that no order shows.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { WITH, BORDER };
enum { RADIUS = 5, TAPS = 2 * RADIUS + 1 };
enum { TILE = 96 };            // pixels: a ring of them stays in the L1 cache
enum { MARGIN = 8 };           // pixels to either side of a tile that its lines have room for
enum { PAIRS = TAPS / 2 + 1 }; // of rows in the ring
enum { LEAST = 36 };           // of the whole weights: then all six are nearly whole
enum { FRACTION = 30, HALF = FRACTION / 2 }; // of the mean: bits of a value behind the point
enum { CHUNK = 1 << 16 };                    // values that are added up in 32 bits
enum { SUM, DIFFERENCE, SUM2, DIFFERENCE2, NFIELDS };

#define INLINE inline __attribute__((always_inline))

typedef int32_t whole_8 __attribute__((vector_size(32)));
typedef float float_8 __attribute__((vector_size(32)));
typedef float float_8_anywhere __attribute__((vector_size(32), aligned(4)));

typedef struct ssim_table {
    int16_t whole[RADIUS + 1];                  // weights from the middle, in units of their own
    float across[RADIUS + 1], down[RADIUS + 1]; // the same as parts of one, and in those units
    float middle;                               // of the range of sums
    float below;                                // what squares are less than they should be
    float c1, c2;                               // twice the constants
    double mean;
} ssim_table;

// Of a pair of rows in the ring, and of the two rows that come out.
typedef struct row_pair {
    float at[NFIELDS][2][TILE];
} row_pair;

typedef struct ssim_scratch {
    union {
        float real[TILE + 2 * MARGIN];
        int16_t whole[TILE + 2 * MARGIN];
    } line[NFIELDS];      // of a row: what is blurred
    row_pair ring[PAIRS]; // blurred across; rows 2 k and 2 k + 1 in k mod PAIRS
    row_pair both;        // blurred down, too
    float map[TILE];
} ssim_scratch;

static size_t ssim_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(ssim_table);
}

static void ssim_build(const ppx_job *job) {
    ssim_table *table = job->table;
    const double most = ppx_type_most(job->in.type);
    const bool whole = job->in.type == PPX_U8;
    double weight[RADIUS + 1], sum = 0;
    int units = 0;
    for (int k = RADIUS; k >= 0; k--) {
        weight[k] = exp(-k * k / (2 * 1.5 * 1.5));
        table->whole[k] = (int16_t)(LEAST * weight[k] / weight[RADIUS] + 0.5);
        sum += k ? 2 * weight[k] : weight[k];
        units += k ? 2 * table->whole[k] : table->whole[k];
    }
    double across = 1, down = whole ? 1.0 / units : 1; // what is left for the middle
    for (int k = RADIUS; k > 0; k--) {
        table->across[k] = (float)(weight[k] / sum);
        table->down[k] = (float)(whole ? weight[k] / sum / units : weight[k] / sum);
        across -= 2 * (double)table->across[k];
        down -= 2 * (double)table->down[k];
    }
    table->across[0] = (float)across;
    table->down[0] = (float)down;
    table->middle = (float)most;
    table->below = whole ? 1 << 15 : 0;
    table->c1 = (float)(2 * (0.01 * most * (0.01 * most)));
    table->c2 = (float)(2 * (0.03 * most * (0.03 * most)));
}

// ---- The map ------------------------------------------------------------------------------------

// In a fixed order, from the ends to the middle.
static INLINE void weigh_across_8(float *out, const float *in, const float weight[RADIUS + 1]) {
    float_8 sum = weight[RADIUS] * (*(const float_8_anywhere *)(in - RADIUS) +
                                    *(const float_8_anywhere *)(in + RADIUS));
    for (int k = RADIUS - 1; k > 0; k--)
        sum +=
            weight[k] * (*(const float_8_anywhere *)(in - k) + *(const float_8_anywhere *)(in + k));
    *(float_8_anywhere *)out = sum + weight[0] * *(const float_8_anywhere *)in;
}

static void blur_across(float *restrict out, const float *restrict in, ptrdiff_t n,
                        const float *shared) {
    float weight[RADIUS + 1];
    memcpy(weight, shared, sizeof weight);
    for (ptrdiff_t x = 0; x < n; x += 8)
        weigh_across_8(out + x, in + x, weight);
}

// The same of 12 rows, for the two in the middle. What both need is loaded once.
static INLINE void weigh_down_8(float *upper, float *lower, const float *const rows[TAPS + 1],
                                ptrdiff_t x, const float weight[RADIUS + 1]) {
    float_8 above = *(const float_8_anywhere *)(rows[0] + x);
    float_8 below = *(const float_8_anywhere *)(rows[TAPS] + x);
    float_8 sum[2] = {{0}};
    for (int k = RADIUS; k > 0; k--) {
        const float_8 next_above = *(const float_8_anywhere *)(rows[RADIUS + 1 - k] + x);
        const float_8 next_below = *(const float_8_anywhere *)(rows[RADIUS + k] + x);
        const float_8 one = weight[k] * (above + next_below);
        const float_8 other = weight[k] * (next_above + below);
        sum[0] = k == RADIUS ? one : sum[0] + one;
        sum[1] = k == RADIUS ? other : sum[1] + other;
        above = next_above;
        below = next_below;
    }
    *(float_8_anywhere *)(upper + x) = sum[0] + weight[0] * above;
    *(float_8_anywhere *)(lower + x) = sum[1] + weight[0] * below;
}

// The two rows that are in the middle of the ring, when its oldest pair is `oldest`.
static void blur_down(ssim_scratch *s, ptrdiff_t oldest, ptrdiff_t n, const ssim_table *table) {
    float weight[RADIUS + 1];
    memcpy(weight, table->down, sizeof weight);
    for (int f = 0; f < NFIELDS; f++) {
        const float *rows[TAPS + 1];
        for (int k = 0; k <= TAPS; k++)
            rows[k] = s->ring[(oldest + k / 2) % PAIRS].at[f][k % 2];
        for (ptrdiff_t x = 0; x < n; x += 8)
            weigh_down_8(s->both.at[f][0], s->both.at[f][1], rows, x, weight);
    }
}

static INLINE void compare_8(float_8 *out, const row_pair *both, int row, ptrdiff_t x,
                             const ssim_table *table) {
    const float_8 sum = *(const float_8_anywhere *)(both->at[SUM][row] + x);
    const float_8 difference = *(const float_8_anywhere *)(both->at[DIFFERENCE][row] + x);
    const float_8 sum2 = *(const float_8_anywhere *)(both->at[SUM2][row] + x);
    const float_8 difference2 = *(const float_8_anywhere *)(both->at[DIFFERENCE2][row] + x);
    const float_8 d2 = difference * difference;
    const float_8 s2 = (sum + table->middle) * (sum + table->middle) + table->c1;
    const float_8 vs = sum2 + ((table->below + table->c2) - sum * sum);
    const float_8 vd = difference2 + (table->below - d2);
    *out = ((s2 - d2) * (vs - vd)) / ((s2 + d2) * (vs + vd));
}

// One of the two rows. Where whole numbers were blurred across, of 16 pixels the even ones come
// first.
static INLINE void compare(float *out, const row_pair *both, int row, ptrdiff_t n, bool zipped,
                           const ssim_table *shared) {
    const ssim_table table = *shared;
    for (ptrdiff_t x = 0; x < n; x += 16) {
        float_8 a, b;
        compare_8(&a, both, row, x, &table);
        compare_8(&b, both, row, x + 8, &table);
        if (zipped) {
            const float_8 even = a;
            a = __builtin_shufflevector(even, b, 0, 8, 1, 9, 2, 10, 3, 11);
            b = __builtin_shufflevector(even, b, 4, 12, 5, 13, 6, 14, 7, 15);
        }
        *(float_8_anywhere *)(out + x) = a;
        *(float_8_anywhere *)(out + x + 8) = b;
    }
}

// Where the map goes on: so many rows are no stream that the processor would foresee.
static INLINE void foresee(const float *out, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x += 16)
        __builtin_prefetch(out + x, 1);
}

#include "ssim_u8.inc.h"
#define PIXEL uint8_t
#define NAME(function) function##_u8
#define WHOLE 1
#include "ssim.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define WHOLE 0
#include "ssim.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define WHOLE 0
#include "ssim.inc.h"

static void ssim_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = RADIUS;
    g->border = (ppx_border)job->values[BORDER].i;
    g->out.type = PPX_F32;
    g->out.channels = ppx_shape_colours(job->in);
    g->keep_alpha = false;
    g->block = PPX_STRIP; // each block begins with ten rows that the last one had, too
    g->scratch_nbytes = sizeof(ssim_scratch);
}

// ---- Its mean -----------------------------------------------------------------------------------

static void mean_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->ncounters = 1;
}

// 8 values of the map as whole numbers. They lie in [-1, 1], or are NaN where samples of f32 images
// are not finite: that counts as -1.
static INLINE void take_8(whole_8 *whole, const float *at) {
    float_8 value = *(const float_8_anywhere *)at;
#ifdef __AVX2__
    const __m256 one = _mm256_set1_ps(1); // of NaN and a number, the second operand is the result
    value = (float_8)_mm256_min_ps(_mm256_max_ps((__m256)value, -one), one);
#else
    for (int lane = 0; lane < 8; lane++) {
        const float cut = value[lane] > -1.0F ? value[lane] : -1.0F;
        value[lane] = cut < 1.0F ? cut : 1.0F;
    }
#endif
    *whole = __builtin_convertvector(value * (float)(1 << FRACTION), whole_8);
}

// High and low halves apart, so that 32 bits hold the sums of a chunk.
static INLINE void add_8(whole_8 *high, whole_8 *low, const float *at) {
    whole_8 whole;
    take_8(&whole, at);
    *high += whole >> HALF; // of negative numbers, too: whole = high * 2^HALF + low
    *low += whole & ((1 << HALF) - 1);
}

static void mean_add(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                     uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    const ptrdiff_t n = job->in.width * job->in.channels;
    for (ptrdiff_t k = 0; k < nrows; k++)
        for (ptrdiff_t from = 0; from < n; from += CHUNK) {
            const ptrdiff_t to = n - from < CHUNK ? n : from + CHUNK;
            const float *row = rows[k];
            whole_8 high = {0}, low = {0};
            ptrdiff_t x = from;
            for (; x + 8 <= to; x += 8)
                add_8(&high, &low, row + x);
            if (x < to) {
                float last[8] = {0};
                memcpy(last, row + x, (size_t)(to - x) * sizeof *last);
                add_8(&high, &low, last);
            }
            for (int lane = 0; lane < 8; lane++)
                counters[0] += (uint64_t)((int64_t)high[lane] * (1 << HALF) + low[lane]);
        }
}

static void mean_finish(const ppx_job *job, const uint64_t *counters) {
    ssim_table *table = job->table;
    double n = (double)job->in.width * (double)job->in.height * job->in.channels;
    table->mean = (double)(int64_t)counters[0] / (1 << FRACTION) / n;
}

static void ssim_report(const ppx_job *job) {
    const ssim_table *table = job->table;
    if (job->sink->number)
        job->sink->number(job->sink->context, job->kernel->name, "ssim", table->mean);
}

static const ppx_param ssim_params[] = {
    [WITH] = {"with", PPX_IMAGE, 0, 0, NULL, NULL, "the image to compare with, of the same shape"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step ssim_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = ssim_geometry,
        .map = {.rows = {[PPX_U8] = ssim_u8, [PPX_U16] = ssim_u16, [PPX_F32] = ssim_f32},
                .with = PPX_WITH_IMAGE},
    },
    {
        .pattern = PPX_REDUCE,
        .geometry = mean_geometry,
        .reduce = {.add = {[PPX_F32] = mean_add}, .finish = mean_finish},
    },
};

const ppx_kernel PPX_KERNEL(ssim) = {
    .name = "ssim",
    .summary = "structural similarity to another image, as f32, and its mean",
    .examples = "ssim:with=@awkward",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = ssim_params,
    .nparams = sizeof ssim_params / sizeof *ssim_params,
    .table_nbytes = ssim_table_nbytes,
    .build = ssim_build,
    .steps = ssim_steps,
    .nsteps = 2,
    .report = ssim_report,
};
