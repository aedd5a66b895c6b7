// affine.c: affine maps of the image, and turns about its centre.
//
//     out(x, y) = in(a x + b y + c, d x + e y + f)          affine: from output to input
//     a = e = cos(angle), d = -b = sin(angle), c and f so that centres fall on each other   rotate
//
// Coordinates are those of pixel centres, from 0. Shapes: any input; the size is kept unless
// another one is given or expand=yes asks for all of the turned image; alpha moves with its pixel.
// Units: pixels, degrees (counter-clockwise as seen). Outside of the image lies black, also beside
// its edge pixels, or the edge pixels are repeated. Filters: nearest (also u32), bilinear, bicubic
// (Keys, Cubic convolution interpolation, 1981, a = -3/4).
//
// A position is exact to 2^-14 pixels: at the first of each TILE pixels of a row it is computed
// from x and y in 1/2^32, within a tile by a table of steps in 1/2^16, so nothing is carried. u8:
// integers, positions rounded to 1/2^11 (bilinear) and 1/2^10 (bicubic), rows to 1/2^6 of a level;
// others: floats in a fixed order. Whole positions (quarter turns) move pixels unchanged. Cost: 4
// or 16 products a sample. An output strip needs the input rows between its lowest and highest
// corner.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

#define INLINE inline __attribute__((always_inline))

enum { A, B, C, D, E, F, WIDTH, HEIGHT, FILTER, OUTSIDE }; // affine
enum { ANGLE, EXPAND, ROTATE_FILTER, ROTATE_OUTSIDE };     // rotate
enum { NEAREST, BILINEAR, BICUBIC };
enum { TILE = 64, PATCH_NBYTES = 1 << 16 }; // of what a tile of a block looks at, if it is copied
enum { LINEAR_BITS = 11, LINEAR_ONE = 1 << LINEAR_BITS }; // of bilinear weights and positions
enum { CUBIC_BITS = 14, CUBIC_ONE = 1 << CUBIC_BITS };    // of bicubic weights
enum { CUBIC_PLACES = 1 << 10 };
enum { MOST_SIDE = 1 << 20 };

typedef struct affine_table {
    int64_t a, b, c, d, e, f; // in 1/2^32; c and f with what rounds a position
    _Alignas(32) int32_t step_x[TILE], step_y[TILE]; // from the first pixel of a tile, in 1/2^16
    int16_t cubic[CUBIC_PLACES][4];
    int32_t filter, constant;
} affine_table;

// ---- Sizes and the map ----

// The two kernels share everything but their parameters.
static bool is_rotate(const ppx_job *job) {
    return job->kernel->nparams == ROTATE_OUTSIDE + 1;
}

// Exact for quarter turns.
static void turn(const ppx_job *job, double *cosine, double *sine) {
    static const double quarters[5] = {1, 0, -1, 0, 1};
    double angle = fmod(job->values[ANGLE].d, 360);
    angle = angle < 0 ? angle + 360 : angle;
    int quarter = (int)(angle / 90);
    if (angle == 90 * quarter) {
        *cosine = quarters[quarter % 4];
        *sine = quarters[(quarter + 3) % 4];
    } else {
        *cosine = cos(angle * (3.14159265358979323846 / 180));
        *sine = sin(angle * (3.14159265358979323846 / 180));
    }
}

static void shape_of(const ppx_job *job, ppx_shape *out) {
    const ppx_value *v = job->values;
    if (!is_rotate(job)) {
        out->width = v[WIDTH].given ? (ptrdiff_t)v[WIDTH].i : job->in.width;
        out->height = v[HEIGHT].given ? (ptrdiff_t)v[HEIGHT].i : job->in.height;
    } else if (v[EXPAND].i) {
        double cosine, sine, width = (double)job->in.width, height = (double)job->in.height;
        turn(job, &cosine, &sine);
        cosine = fabs(cosine);
        sine = fabs(sine);
        // Less than nothing of a pixel is not a pixel.
        out->width = (ptrdiff_t)ceil(width * cosine + height * sine - 1e-6);
        out->height = (ptrdiff_t)ceil(width * sine + height * cosine - 1e-6);
    }
}

static ppx_status affine_check(const ppx_job *job, ppx_error *error) {
    ppx_shape out = job->in;
    shape_of(job, &out);
    if (job->in.type == PPX_U32 &&
        job->values[is_rotate(job) ? (int)ROTATE_FILTER : (int)FILTER].i != NEAREST)
        return ppx_fail(error, PPX_E_USAGE, "%s of u32 must not mix samples: put filter=nearest",
                        job->kernel->name);
    if (out.width > MOST_SIDE || out.height > MOST_SIDE || job->in.width > MOST_SIDE ||
        job->in.height > MOST_SIDE)
        return ppx_fail(error, PPX_E_USAGE, "%s takes and gives up to %d pixels a side",
                        job->kernel->name, (int)MOST_SIDE);
    return PPX_OK;
}

static size_t affine_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(affine_table);
}

static int64_t fixed(double value) {
    return (int64_t)floor(value * 4294967296.0 + 0.5);
}

static double cubic(double x) {
    const double a = -0.75;
    x = fabs(x);
    return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

static void build_cubic(affine_table *table) {
    for (int place = 0; place < CUBIC_PLACES; place++) {
        double x = (double)place / CUBIC_PLACES;
        int left = CUBIC_ONE;
        for (int t = 0; t < 4; t++) {
            table->cubic[place][t] = (int16_t)floor(cubic(t - 1 - x) * CUBIC_ONE + 0.5);
            left -= table->cubic[place][t];
        }
        int16_t *largest = &table->cubic[place][place < CUBIC_PLACES / 2 ? 1 : 2];
        *largest = (int16_t)(*largest + left);
    }
}

static void affine_build(const ppx_job *job) {
    affine_table *table = job->table;
    const ppx_value *v = job->values;
    double m[6];
    if (is_rotate(job)) {
        ppx_shape out = job->in;
        shape_of(job, &out);
        double cosine, sine;
        turn(job, &cosine, &sine);
        double x = (double)(out.width - 1) / 2, y = (double)(out.height - 1) / 2;
        m[A] = m[E] = cosine;
        m[B] = -sine;
        m[D] = sine;
        m[C] = (double)(job->in.width - 1) / 2 - (m[A] * x + m[B] * y);
        m[F] = (double)(job->in.height - 1) / 2 - (m[D] * x + m[E] * y);
    } else {
        for (int k = A; k <= F; k++)
            m[k] = v[k].d;
    }
    table->filter = (int32_t)v[is_rotate(job) ? (int)ROTATE_FILTER : (int)FILTER].i;
    table->constant = v[is_rotate(job) ? (int)ROTATE_OUTSIDE : (int)OUTSIDE].i == 0;
    static const double round[] = {1.0 / 2, 1.0 / (2 * LINEAR_ONE), 1.0 / (2 * CUBIC_PLACES)};
    double half = job->in.type == PPX_U8 || table->filter == NEAREST ? round[table->filter] : 0;
    table->a = fixed(m[A]);
    table->b = fixed(m[B]);
    table->c = fixed(m[C] + half);
    table->d = fixed(m[D]);
    table->e = fixed(m[E]);
    table->f = fixed(m[F] + half);
    for (int k = 0; k < TILE; k++) {
        table->step_x[k] = (int32_t)((k * table->a + (1 << 15)) >> 16);
        table->step_y[k] = (int32_t)((k * table->d + (1 << 15)) >> 16);
    }
    build_cubic(table);
}

static void affine_geometry(const ppx_job *job, ppx_geometry *g) {
    shape_of(job, &g->out);
    g->scratch_nbytes = PATCH_NBYTES;
    g->block = PPX_STRIP;
    g->keep_alpha = false; // it moves
}

static ptrdiff_t clamp(ptrdiff_t k, ptrdiff_t n) {
    return k < 0 ? 0 : k >= n ? n - 1 : k;
}

// A position is computed a little differently from here: a margin takes care of that.
static void affine_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                         ptrdiff_t *b) {
    const affine_table *table = job->table;
    const int64_t margin = (int64_t)1 << (32 - 12);
    const ptrdiff_t height = job->in.height, before = table->filter == BICUBIC;
    const ptrdiff_t after = table->filter == NEAREST ? 0 : before + 1;
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int corner = 0; corner < 4; corner++) {
        int64_t x = corner % 2 ? job->geometry.out.width - 1 : 0, y = corner / 2 ? y1 - 1 : y0;
        int64_t at = table->d * x + table->e * y + table->f;
        low = at < low ? at : low;
        high = at > high ? at : high;
    }
    *a = (ptrdiff_t)((low - margin) >> 32) - before;
    *b = (ptrdiff_t)((high + margin) >> 32) + after + 1;
    if (!table->constant) {
        *a = clamp(*a, height);
        *b = clamp(*b - 1, height) + 1;
        return;
    }
    *a = *a < 0 ? 0 : *a > height ? height : *a;
    *b = *b < *a ? *a : *b > height ? height : *b;
}

// ---- Row functions ----

typedef struct source {
    const void *const *in; // in[y - first] is row y
    ptrdiff_t first, width, height;
    bool constant;
} source;

// Where the first pixel of a tile looks: whole pixels, and the rest in 1/2^16.
typedef struct start {
    ptrdiff_t x, y;
    int32_t fx, fy;
} start;

static inline start start_of(const affine_table *table, ptrdiff_t x, ptrdiff_t y) {
    int64_t at_x = table->a * x + table->b * y + table->c;
    int64_t at_y = table->d * x + table->e * y + table->f;
    return (start){(ptrdiff_t)(at_x >> 32), (ptrdiff_t)(at_y >> 32), (int32_t)(at_x >> 16 & 65535),
                   (int32_t)(at_y >> 16 & 65535)};
}

// Of two (1 - f, f), or of four Keys's cubics.
static INLINE void float_weights(float *w, float f, int ntaps) {
    if (ntaps == 2) {
        w[0] = 1 - f;
        w[1] = f;
        return;
    }
    const float a = -0.75f, g = 1 - f, f1 = 1 + f;
    w[0] = ((a * f1 - 5 * a) * f1 + 8 * a) * f1 - 4 * a;
    w[1] = ((a + 2) * f - (a + 3)) * f * f + 1;
    w[2] = ((a + 2) * g - (a + 3)) * g * g + 1;
    w[3] = 1 - w[0] - w[1] - w[2];
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define IN_INTEGERS
#include "affine.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "affine.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32
#define NEAREST_ONLY
#include "affine.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "affine.inc.h"

#ifdef __AVX2__
#include "affine_avx2.inc.h"
#else
static bool has_patches(const ppx_job *job, int ntaps) {
    (void)job, (void)ntaps;
    return false;
}
static bool patch_tiles(const ppx_job *job, const ppx_block *block, const source *from, ptrdiff_t x,
                        ptrdiff_t n, int ntaps) {
    (void)job, (void)block, (void)from, (void)x, (void)n, (void)ntaps;
    return false;
}
#endif

// Whether a tile of n pixels looks wholly beside the image, with all taps. Positions are linear, so
// the first and the last one tell.
static bool tile_is_beside(const affine_table *table, const source *from, const start *s,
                           ptrdiff_t n, int ntaps) {
    const ptrdiff_t before = ntaps == 4;
    ptrdiff_t x0 = s->x - before, x1 = x0 + ((s->fx + table->step_x[n - 1]) >> 16);
    ptrdiff_t y0 = s->y - before, y1 = y0 + ((s->fy + table->step_y[n - 1]) >> 16);
    ptrdiff_t left = x0 < x1 ? x0 : x1, right = (x0 < x1 ? x1 : x0) + ntaps;
    ptrdiff_t top = y0 < y1 ? y0 : y1, bottom = (y0 < y1 ? y1 : y0) + ntaps;
    return right <= 0 || bottom <= 0 || left >= from->width || top >= from->height;
}

typedef void any_tile(void *out, const affine_table *table, const source *from, const start *s,
                      ptrdiff_t n, int ntaps, ptrdiff_t channels);

// Pixels [x, x + n) of all rows of a block, of any kind.
static void any_tiles(const ppx_job *job, const ppx_block *block, const source *from, ptrdiff_t x,
                      ptrdiff_t n, int ntaps) {
    static any_tile *const tiles[] = {any_tile_u8, any_tile_u16, any_tile_u32, any_tile_f32};
    const affine_table *table = job->table;
    const ptrdiff_t channels = job->in.channels;
    const size_t pixel = (size_t)channels * ppx_type_nbytes(job->in.type);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        char *out = (char *)block->out[k] + (size_t)x * pixel;
        start s = start_of(table, x, block->y + k);
        if (from->constant && tile_is_beside(table, from, &s, n, ntaps))
            memset(out, 0, (size_t)n * pixel);
        else
            tiles[job->in.type](out, table, from, &s, n, ntaps, channels);
    }
}

// Tiles come one below the other, because what they look at lies together.
static void affine_rows(const ppx_job *job, const ppx_block *block) {
    const affine_table *table = job->table;
    const ptrdiff_t width = job->geometry.out.width;
    const int ntaps = 1 << table->filter;
    const bool patches = has_patches(job, ntaps);
    source from = {.in = block->in,
                   .width = job->in.width,
                   .height = job->in.height,
                   .constant = table->constant};
    ptrdiff_t end;
    affine_needs(job, block->y, block->y + block->nrows, &from.first, &end);
    for (ptrdiff_t x = 0; x < width; x += TILE) {
        const ptrdiff_t n = width - x < TILE ? width - x : TILE;
        if (!patches || !patch_tiles(job, block, &from, x, n, ntaps))
            any_tiles(job, block, &from, x, n, ntaps);
    }
}

#define COEFFICIENT(name, default, help)                                                           \
    { name, PPX_REAL, -256, 256, NULL, default, help }
#define OFFSET(name, help)                                                                         \
    { name, PPX_REAL, -268435456, 268435456, NULL, "0", help }
#define PARAM_FILTER                                                                               \
    {                                                                                              \
        "filter", PPX_CHOICE, 0, 0, "nearest|bilinear|bicubic", "bilinear",                        \
            "how a pixel is made of its neighbours"                                                \
    }
#define PARAM_OUTSIDE                                                                              \
    {                                                                                              \
        "outside", PPX_CHOICE, 0, 0, "constant|replicate", "constant",                             \
            "what lies outside of the image (constant is 0)"                                       \
    }

static const ppx_param affine_params[] = {
    [A] = COEFFICIENT("a", "1", "input x from output x"),
    [B] = COEFFICIENT("b", "0", "input x from output y"),
    [C] = OFFSET("c", "input x of output (0, 0), in pixels"),
    [D] = COEFFICIENT("d", "0", "input y from output x"),
    [E] = COEFFICIENT("e", "1", "input y from output y"),
    [F] = OFFSET("f", "input y of output (0, 0), in pixels"),
    [WIDTH] = {"width", PPX_INT, 1, MOST_SIDE, NULL, "", "of the output, in pixels"},
    [HEIGHT] = {"height", PPX_INT, 1, MOST_SIDE, NULL, "", "of the output, in pixels"},
    [FILTER] = PARAM_FILTER,
    [OUTSIDE] = PARAM_OUTSIDE,
};

static const ppx_param rotate_params[] = {
    [ANGLE] = {"angle", PPX_REAL, -1e6, 1e6, NULL, NULL, "degrees, counter-clockwise"},
    [EXPAND] = {"expand", PPX_CHOICE, 0, 0, "no|yes", "no",
                "whether the output grows to hold all of the image"},
    [ROTATE_FILTER] = PARAM_FILTER,
    [ROTATE_OUTSIDE] = PARAM_OUTSIDE,
};

static const ppx_step affine_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = affine_geometry,
    .map = {.rows = {affine_rows, affine_rows, affine_rows, affine_rows}, .needs = affine_needs},
}};

const ppx_kernel PPX_KERNEL(affine) = {
    .name = "affine",
    .summary = "an affine map, given from output to input",
    .examples = "affine:a=0.9,b=-0.3,c=5.25,d=0.3,e=0.9,f=-7.5 "
                "affine:a=0.7,b=0.2,d=-0.1,e=0.8,width=150,height=90,filter=bicubic "
                "affine:a=3,e=-2,f=60,filter=nearest,outside=replicate",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = affine_params,
    .nparams = sizeof affine_params / sizeof *affine_params,
    .check = affine_check,
    .table_nbytes = affine_table_nbytes,
    .build = affine_build,
    .steps = affine_steps,
    .nsteps = 1,
};

const ppx_kernel PPX_KERNEL(rotate) = {
    .name = "rotate",
    .summary = "turns the image about its centre",
    .examples = "rotate:angle=30 rotate:angle=90,expand=yes "
                "rotate:angle=-100.5,filter=bicubic,expand=yes,outside=replicate "
                "rotate:angle=200,filter=nearest",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = rotate_params,
    .nparams = sizeof rotate_params / sizeof *rotate_params,
    .check = affine_check,
    .table_nbytes = affine_table_nbytes,
    .build = affine_build,
    .steps = affine_steps,
    .nsteps = 1,
};
