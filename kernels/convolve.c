// convolve.c: correlation with any weights, up to 31 x 31.
//
//     out(x, y) = floor(sum of w(i, j) in(x + i - kw/2, y + j - kh/2) / scale + offset + 1/2)
//
// cut to the type's range; f32 is neither rounded nor cut. The weights are not mirrored. Shapes:
// any, kept, each channel by itself. Units: scale divides, offset is in grey levels. Border: the
// parameter. Cost: a product for each weight that is not 0.
//
// Whole weights are summed exactly in 16 or 32 bits where every sum fits (the sum of |w| times the
// largest sample does); everything else in double, weight by weight from the top left, row by row.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { KERNEL, WEIGHTS, SCALE, OFFSET, BORDER };
enum { MOST_SIDE = 31, MOST_TAPS = MOST_SIDE * MOST_SIDE };
enum { TILE = 1024 };        // samples of a row that are summed at a time
enum { TAPS_IN_A_PASS = 8 }; // over a tile: as many rows as there are registers for pointers

// ---- Weights ----

typedef struct matrix {
    int width, height;
    double weight[MOST_TAPS]; // row by row
} matrix;

// In the order of the choices.
static const char *const presets[] = {
    "0 -1 0\n-1 5 -1\n0 -1 0",
    "-2 -1 0\n-1 1 1\n0 1 2",
    "0 1 0\n1 -4 1\n0 1 0",
    "1 1 1\n1 -8 1\n1 1 1",
};

static const char *text_of(const ppx_job *job) {
    return job->values[KERNEL].given ? presets[job->values[KERNEL].i] : job->values[WEIGHTS].text;
}

// One line of numbers between spaces or commas; moves *text behind it. The weights go into the next
// row of the matrix, and a line without any is no row.
static ppx_status parse_line(matrix *m, const char **text, int number, ppx_error *error) {
    static const char between[] = " \t\r,";
    double *row = m->weight + m->height * m->width;
    int n = 0;
    const char *at = *text + strspn(*text, between);
    while (*at && *at != '\n' && *at != '#') {
        char word[64];
        size_t length = strcspn(at, " \t\r,\n#");
        int shown = length < sizeof word ? (int)length : (int)sizeof word - 1;
        memcpy(word, at, (size_t)shown);
        word[shown] = '\0';
        if (n == MOST_SIDE || m->height == MOST_SIDE)
            return ppx_fail(error, PPX_E_INPUT, "convolve: line %d of the weights: more than %d %s",
                            number, (int)MOST_SIDE, n == MOST_SIDE ? "in a row" : "rows");
        if ((size_t)shown != length || !ppx_parse_real(word, &row[n]))
            return ppx_fail(error, PPX_E_INPUT,
                            "convolve: line %d of the weights: \"%s\" is not a number", number,
                            word);
        n++;
        at += length;
        at += strspn(at, between);
    }
    at += strcspn(at, "\n");
    *text = at + (*at == '\n');
    if (n && m->height && n != m->width)
        return ppx_fail(error, PPX_E_INPUT,
                        "convolve: line %d of the weights: %d numbers, the rows above have %d",
                        number, n, m->width);
    if (n) {
        m->width = n;
        m->height++;
    }
    return PPX_OK;
}

static ppx_status parse_matrix(matrix *m, const char *text, ppx_error *error) {
    m->width = m->height = 0;
    for (int number = 1; *text; number++) {
        ppx_status status = parse_line(m, &text, number, error);
        if (status)
            return status;
    }
    if (m->width % 2 == 0 || m->height % 2 == 0)
        return ppx_fail(error, PPX_E_INPUT,
                        "convolve: the weights are %d x %d; width and height must be odd", m->width,
                        m->height);
    return PPX_OK;
}

static ppx_status convolve_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    if (v[KERNEL].given == v[WEIGHTS].given)
        return ppx_fail(error, PPX_E_USAGE, "convolve needs either kernel= or file=");
    if (v[SCALE].d == 0)
        return ppx_fail(error, PPX_E_USAGE, "convolve:scale=0: nothing can be divided by 0");
    matrix m;
    return parse_matrix(&m, text_of(job), error);
}

// ---- The table ----

typedef enum sums { SUMS_16, SUMS_32, SUMS_DOUBLE } sums;

typedef struct tap {
    int32_t dx, dy;
    double weight;
} tap;

typedef struct convolve_table {
    int32_t sums;  // of enum sums
    int32_t plain; // whether a sum has only `add` added to it and is cut
    int32_t add;
    int32_t ntaps;
    double scale, offset;
    tap taps[MOST_TAPS]; // of weights that are not 0, row by row
} convolve_table;

static size_t convolve_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(convolve_table);
}

static void convolve_build(const ppx_job *job) {
    convolve_table *table = job->table;
    matrix m;
    (void)parse_matrix(&m, text_of(job), NULL); // it was checked
    double reach = 0;
    bool whole = job->in.type != PPX_F32;
    for (int k = 0; k < m.width * m.height; k++) {
        double weight = m.weight[k];
        if (weight == 0)
            continue;
        table->taps[table->ntaps++] =
            (tap){k % m.width - m.width / 2, k / m.width - m.height / 2, weight};
        reach += fabs(weight);
        whole = whole && weight == floor(weight);
    }
    reach *= ppx_type_most(job->in.type);
    table->scale = job->values[SCALE].d;
    table->offset = job->values[OFFSET].d;
    whole = whole && reach <= INT32_MAX;
    table->sums = !whole                                         ? SUMS_DOUBLE
                  : job->in.type == PPX_U8 && reach <= INT16_MAX ? SUMS_16
                                                                 : SUMS_32;
    table->plain = whole && table->scale == 1 && table->offset == floor(table->offset) &&
                   reach + fabs(table->offset) <= INT32_MAX;
    table->add = table->plain ? (int32_t)table->offset : 0;
}

static void convolve_geometry(const ppx_job *job, ppx_geometry *g) {
    matrix m;
    (void)parse_matrix(&m, text_of(job), NULL); // it was checked
    g->up = g->down = m.height / 2;
    g->side = m.width / 2;
    g->border = (ppx_border)job->values[BORDER].i;
    g->scratch_nbytes = TILE * sizeof(double);
}

// ---- Row functions ----

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define SUM int16_t
#define NAME(function) function##_u8_16
#include "convolve.inc.h"

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define SUM int32_t
#define NAME(function) function##_u8_32
#include "convolve.inc.h"

#define PIXEL uint8_t
#define MOST UINT8_MAX
#define SUM double
#define NAME(function) function##_u8_double
#include "convolve.inc.h"

#define PIXEL uint16_t
#define MOST UINT16_MAX
#define SUM int32_t
#define NAME(function) function##_u16_32
#include "convolve.inc.h"

#define PIXEL uint16_t
#define MOST UINT16_MAX
#define SUM double
#define NAME(function) function##_u16_double
#include "convolve.inc.h"

#define PIXEL float
#define SUM double
#define NAME(function) function##_f32
#include "convolve.inc.h"

static void convolve_8_bits(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
    if (table->sums == SUMS_16)
        convolve_u8_16(job, block);
    else if (table->sums == SUMS_32)
        convolve_u8_32(job, block);
    else
        convolve_u8_double(job, block);
}

static void convolve_16_bits(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
    if (table->sums == SUMS_32)
        convolve_u16_32(job, block);
    else
        convolve_u16_double(job, block);
}

static const ppx_param convolve_params[] = {
    [KERNEL] = {"kernel", PPX_CHOICE, 0, 0, "sharpen|emboss|laplacian4|laplacian8", "",
                "3x3 weights by name"},
    [WEIGHTS] = {"file", PPX_FILE, 0, 0, NULL, "",
                 "text file of weights, a row on each line; # begins a comment"},
    [SCALE] = {"scale", PPX_REAL, -1e9, 1e9, NULL, "1", "what the sum is divided by"},
    [OFFSET] = {"offset", PPX_REAL, -1e9, 1e9, NULL, "0", "grey levels added after that"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step convolve_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = convolve_geometry,
    .map =
        {.rows =
             {[PPX_U8] = convolve_8_bits, [PPX_U16] = convolve_16_bits, [PPX_F32] = convolve_f32}},
}};

const ppx_kernel PPX_KERNEL(convolve) = {
    .name = "convolve",
    .summary = "correlation with weights of your own or by name",
    .examples = "convolve:kernel=sharpen convolve:kernel=emboss,scale=2,offset=128 "
                "convolve:kernel=laplacian8",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = convolve_params,
    .nparams = sizeof convolve_params / sizeof *convolve_params,
    .check = convolve_check,
    .table_nbytes = convolve_table_nbytes,
    .build = convolve_build,
    .steps = convolve_steps,
    .nsteps = 1,
};
