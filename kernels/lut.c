// lut.c: lut, gamma, levels: each sample through a curve.
//
//     lut     out = table[in], whole numbers from a text file; or by name: solarize (most - in
//             above the middle), posterize (n steps of equal width, from 0 to most)
//     gamma   out = most gain (in / most)^g, most being 255, 65535 or 1
//     levels  out = out_low + (out_high - out_low) u^(1 / gamma),
//             u = (in - low) / (high - low), cut to 0..1; all four in grey levels
//
// Shapes: any, kept; alpha stays as it is. Border: none. Cost: one read and one write of the image.
// Integer types look up a table of every level, rounded to the nearest and cut to the type's range
// (look_up.h). f32 samples below 0 or above 1 count as 0 or 1 (levels: after low and high); the
// power is interpolated between 512 nodes in an octave (relative error below g^2 2^-21, from 2^-24
// on), the result is not cut.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

#include "look_up.h"

// ---- Integers: a table --------------------------------------------------------------------------

enum { MOST_COLUMNS = 3 };

typedef struct lut_table_u8 {
    int32_t ncolumns; // 1: the same for all channels
    uint8_t value[MOST_COLUMNS][UINT8_MAX + 1];
} lut_table_u8;

typedef struct lut_table_u16 {
    int32_t ncolumns;
    uint16_t value[MOST_COLUMNS][UINT16_MAX + 1];
} lut_table_u16;

static void put(const ppx_job *job, ptrdiff_t column, ptrdiff_t level, double value) {
    if (job->in.type == PPX_U8)
        ((lut_table_u8 *)job->table)->value[column][level] = (uint8_t)value;
    else
        ((lut_table_u16 *)job->table)->value[column][level] = (uint16_t)value;
}

static void set_ncolumns(const ppx_job *job, ptrdiff_t ncolumns) {
    *(int32_t *)job->table = (int32_t)ncolumns; // the first member of both
}

static size_t integer_table_nbytes(const ppx_job *job) {
    return job->in.type == PPX_U8 ? sizeof(lut_table_u8) : sizeof(lut_table_u16);
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "lut.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "lut.inc.h"

// ---- Curves: a power between two straight lines -------------------------------------------------

typedef struct tone {
    double low, high, out_low, out_high, exponent;
} tone;

static double tone_at(const tone *t, double v) {
    double u = (v - t->low) / (t->high - t->low);
    return t->out_low + (t->out_high - t->out_low) * pow(fmin(fmax(u, 0), 1), t->exponent);
}

// For f32: the power at nodes that are evenly spaced in each octave, so that the bits of a sample
// are the number of the node before it and how far behind it is.
enum { OCTAVES = 24, NODE_BITS = 9, BEHIND_BITS = 23 - NODE_BITS };
enum { NNODES = (OCTAVES << NODE_BITS) + 1 };
enum { FIRST_NODE = (127 - OCTAVES) << NODE_BITS }; // 2^-24 is 0x33800000, exponent 127 - 24

typedef struct tone_table {
    float low, scale; // u = (v - low) scale
    float out_low, out_range;
    float node[NNODES + 1]; // one after the last, for u = 1
} tone_table;

static size_t tone_table_nbytes(const ppx_job *job) {
    return job->in.type == PPX_F32 ? sizeof(tone_table) : integer_table_nbytes(job);
}

static void build_nodes(tone_table *table, const tone *t) {
    table->low = (float)t->low;
    table->scale = (float)(1 / (t->high - t->low));
    table->out_low = (float)t->out_low;
    table->out_range = (float)(t->out_high - t->out_low);
    for (int k = 0; k < NNODES; k++) {
        double mantissa = 1 + (double)(k & ((1 << NODE_BITS) - 1)) / (1 << NODE_BITS);
        table->node[k] = (float)pow(ldexp(mantissa, (k >> NODE_BITS) - OCTAVES), t->exponent);
    }
    table->node[NNODES] = 1;
}

static void build_tone(const ppx_job *job, const tone *t) {
    if (job->in.type == PPX_F32) {
        build_nodes(job->table, t);
        return;
    }
    const double most = ppx_type_most(job->in.type);
    set_ncolumns(job, 1);
    for (ptrdiff_t level = 0; level <= (ptrdiff_t)most; level++) {
        double value = floor(tone_at(t, (double)level) + 0.5);
        put(job, 0, level, fmin(fmax(value, 0), most));
    }
}

static inline float interpolate(const float *node, float u) {
    uint32_t bits;
    memcpy(&bits, &u, sizeof bits);
    int32_t k = (int32_t)(bits >> BEHIND_BITS) - FIRST_NODE;
    float behind = (float)(int32_t)(bits & ((1u << BEHIND_BITS) - 1)) * (1.0f / (1 << BEHIND_BITS));
    if (k < 0)
        return u * (float)(1 << OCTAVES) * node[0]; // straight to 0
    return node[k] + behind * (node[k + 1] - node[k]);
}

static void tone_rows_f32(const ppx_job *job, const ppx_block *block) {
    const tone_table *table = job->table;
    const ptrdiff_t n = job->in.width * job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const float *restrict in = block->in[k];
        float *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++) {
            float u = (in[x] - table->low) * table->scale;
            u = u > 0 ? u : 0; // also where it is not a number
            u = u < 1 ? u : 1;
            out[x] = table->out_low + table->out_range * interpolate(table->node, u);
        }
    }
}

static const ppx_step tone_steps[] = {{
    .pattern = PPX_MAP,
    .map =
        {.rows =
             {[PPX_U8] = look_up_rows_u8, [PPX_U16] = look_up_rows_u16, [PPX_F32] = tone_rows_f32}},
}};

// ---- lut ----

enum { TABLE, PRESET };
enum { SOLARIZE, POSTERIZE };

// One number of the file, in *word of *length characters; false at the end. Counts lines.
static bool next_word(const char **at, size_t *length, int *line) {
    static const char between[] = " \t\r\n,";
    while (**at && (strchr(between, **at) || **at == '#')) {
        if (**at == '#')
            *at += strcspn(*at, "\n");
        if (**at == '\n')
            ++*line;
        *at += **at != '\0';
    }
    *length = strcspn(*at, " \t\r\n,#");
    return *length > 0;
}

// Numbers are in the order of the levels, for each level in the order of the channels: where lines
// end does not matter. Fills in job->table if there is one.
static ppx_status parse_lut(const ppx_job *job, ppx_error *error) {
    const ptrdiff_t most = (ptrdiff_t)ppx_type_most(job->in.type);
    const ptrdiff_t ncolours = ppx_shape_colours(job->in);
    ptrdiff_t n = 0;
    int line = 1;
    size_t length;
    // Counted first: what belongs where depends on how many there are.
    for (const char *at = job->values[TABLE].text; next_word(&at, &length, &line); at += length)
        n++;
    if (n != most + 1 && n != ncolours * (most + 1))
        return ppx_fail(error, PPX_E_INPUT, "lut: %td numbers in the table; %s takes %td%s", n,
                        ppx_type_name(job->in.type), most + 1,
                        ncolours > 1 ? ", or three columns of them" : "");
    const ptrdiff_t ncolumns = n / (most + 1);
    n = 0;
    line = 1;
    for (const char *at = job->values[TABLE].text; next_word(&at, &length, &line); at += length) {
        char word[24];
        int64_t value = -1;
        int shown = length < sizeof word ? (int)length : (int)sizeof word - 1;
        memcpy(word, at, (size_t)shown);
        word[shown] = '\0';
        if ((size_t)shown != length || !ppx_parse_int(word, &value) || value < 0 || value > most)
            return ppx_fail(error, PPX_E_INPUT,
                            "lut: line %d of the table: \"%s\" is not a whole number from 0 to %td",
                            line, word, most);
        if (job->table)
            put(job, n % ncolumns, n / ncolumns, (double)value);
        n++;
    }
    if (job->table)
        set_ncolumns(job, ncolumns);
    return PPX_OK;
}

static ppx_status lut_check(const ppx_job *job, ppx_error *error) {
    if (job->values[TABLE].given == job->values[PRESET].given)
        return ppx_fail(error, PPX_E_USAGE, "lut needs either file= or name=");
    return job->values[TABLE].given ? parse_lut(job, error) : PPX_OK;
}

static void build_preset(const ppx_job *job) {
    const ptrdiff_t most = (ptrdiff_t)ppx_type_most(job->in.type);
    const double nlevels = job->values[PRESET].d;
    set_ncolumns(job, 1);
    for (ptrdiff_t v = 0; v <= most; v++) {
        double step = floor((double)v * nlevels / ((double)most + 1));
        double posterized = floor(step * (double)most / (nlevels - 1) + 0.5);
        double solarized = (double)(v <= most / 2 ? v : most - v);
        put(job, 0, v, job->values[PRESET].i == POSTERIZE ? posterized : solarized);
    }
}

static void lut_build(const ppx_job *job) {
    if (job->values[TABLE].given)
        (void)parse_lut(job, NULL); // it was checked
    else
        build_preset(job);
}

static const ppx_param lut_params[] = {
    [TABLE] = {"file", PPX_FILE, 0, 0, NULL, "",
               "text file of 256 or 65536 grey levels, or a column for each colour; # begins a "
               "comment"},
    [PRESET] = {"name", PPX_CHOICE, 2, 256, "solarize|posterize:LEVELS", "",
                "levels above the middle turned down, or few levels"},
};

static const ppx_step lut_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = look_up_rows_u8, [PPX_U16] = look_up_rows_u16}},
}};

const ppx_kernel PPX_KERNEL(lut) = {
    .name = "lut",
    .summary = "each sample through a table of your own or by name",
    .examples = "lut:name=solarize lut:name=posterize:5",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .params = lut_params,
    .nparams = sizeof lut_params / sizeof *lut_params,
    .check = lut_check,
    .table_nbytes = integer_table_nbytes,
    .build = lut_build,
    .steps = lut_steps,
    .nsteps = 1,
};

// ---- gamma ----

enum { EXPONENT, GAIN };

static void gamma_build(const ppx_job *job) {
    const double most = ppx_type_most(job->in.type);
    build_tone(job, &(tone){.high = most,
                            .out_high = most * job->values[GAIN].d,
                            .exponent = job->values[EXPONENT].d});
}

static const ppx_param gamma_params[] = {
    [EXPONENT] = {"g", PPX_REAL, 0.05, 20, NULL, NULL, "the exponent: below 1 brightens"},
    [GAIN] = {"gain", PPX_REAL, 0, 1000, NULL, "1", "factor behind the power"},
};

const ppx_kernel PPX_KERNEL(gamma) = {
    .name = "gamma",
    .summary = "a power of each sample: gain v^g where white is 1",
    .examples = "gamma:g=0.45 gamma:g=2.2,gain=1.5",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = gamma_params,
    .nparams = sizeof gamma_params / sizeof *gamma_params,
    .table_nbytes = tone_table_nbytes,
    .build = gamma_build,
    .steps = tone_steps,
    .nsteps = 1,
};

// ---- levels ----

enum { LOW, HIGH, OUT_LOW, OUT_HIGH, GAMMA };

// The upper ends are white where they are not given.
static tone levels_tone(const ppx_job *job) {
    const ppx_value *v = job->values;
    const double most = ppx_type_most(job->in.type);
    return (tone){.low = v[LOW].d,
                  .high = v[HIGH].given ? v[HIGH].d : most,
                  .out_low = v[OUT_LOW].d,
                  .out_high = v[OUT_HIGH].given ? v[OUT_HIGH].d : most,
                  .exponent = 1 / v[GAMMA].d};
}

static ppx_status levels_check(const ppx_job *job, ppx_error *error) {
    const tone t = levels_tone(job);
    if (t.low < t.high)
        return PPX_OK;
    return ppx_fail(error, PPX_E_USAGE, "levels: low=%g is not below high=%g (white is %g)", t.low,
                    t.high, ppx_type_most(job->in.type));
}

static void levels_build(const ppx_job *job) {
    const tone t = levels_tone(job);
    build_tone(job, &t);
}

static const ppx_param levels_params[] = {
    [LOW] = {"low", PPX_REAL, 0, UINT16_MAX, NULL, "0", "grey level that becomes out_low"},
    [HIGH] = {"high", PPX_REAL, 0, UINT16_MAX, NULL, "",
              "grey level that becomes out_high; white if not given"},
    [OUT_LOW] = {"out_low", PPX_REAL, 0, UINT16_MAX, NULL, "0", "grey level"},
    [OUT_HIGH] = {"out_high", PPX_REAL, 0, UINT16_MAX, NULL, "",
                  "grey level; white if not given, below out_low gives a negative"},
    [GAMMA] = {"gamma", PPX_REAL, 0.05, 20, NULL, "1", "above 1 brightens what lies between"},
};

const ppx_kernel PPX_KERNEL(levels) = {
    .name = "levels",
    .summary = "stretches grey levels between low and high, with a gamma between",
    .examples = "levels:low=0.2,high=0.9 levels:low=20,high=70,out_low=0.5,out_high=60,gamma=1.8",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = levels_params,
    .nparams = sizeof levels_params / sizeof *levels_params,
    .check = levels_check,
    .table_nbytes = tone_table_nbytes,
    .build = levels_build,
    .steps = tone_steps,
    .nsteps = 1,
};
