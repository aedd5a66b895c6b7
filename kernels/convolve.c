// convolve.c: correlation with any weights, up to 31 x 31.
//
//     out(x, y) = floor(sum of w(i, j) in(x + i - kw/2, y + j - kh/2) / scale + offset + 1/2)
//
// cut to the type's range; f32 is neither rounded nor cut. The weights are not mirrored. Shapes:
// any, kept, each channel by itself. Units: scale divides, offset is in grey levels. Border: the
// parameter. Cost: a product for each weight that is not 0.
//
// Whole weights are summed exactly in 16 or 32 bits where every sum fits (the sum of |w| times the
// largest sample does), and so are weights that a power of 2 makes whole; everything else in
// double, weight by weight from the top left, row by row.
//
// u8 with AVX2 goes by pairs of rows (convolve_u8.inc.h): two rows of bytes are interleaved, and
// one instruction multiplies a pair of bytes by a pair of weights and adds, in 16 bits. Two output
// rows share what is interleaved. Weights of more than 7 bits are split into digits of 6.
#include "../core/kernel.h"

#include <math.h>
#include <stdlib.h>
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

enum { SUMS_16, SUMS_32, SUMS_DOUBLE };
// How a sum becomes a sample: one addition, a product in place of the division (see exact below),
// or the formula.
enum { FINISH_ADD, FINISH_MULTIPLY, FINISH_DIVIDE };

typedef struct tap {
    int32_t dx, dy;
    double weight;
} tap;

// Of the pair-wise sums: what two rows of the window give to the output row and to the next one. A
// group of terms fits 16 bits, whatever the pixels.
typedef struct term {
    int16_t at, row;     // samples to the right; of the upper of the two rows
    int8_t weight[2][2]; // of the output row, of the row in the pair
} term;

typedef struct term_group {
    int32_t nterms, shift; // the sum counts 2^shift times
} term_group;

enum { MOST_OF_GROUP = 128 }; // of the sizes of weights of one sign: times 255 it fits 16 bits
enum { DIGIT_BITS = 6, MOST_DIGITS = 3 };
enum { MOST_TERMS = MOST_DIGITS * MOST_SIDE * ((MOST_SIDE + 1) / 2) };

typedef struct convolve_table {
    int32_t sums;   // SUMS_...
    int32_t finish; // FINISH_...
    int32_t add;
    bool small; // FINISH_MULTIPLY is exact in float too
    double scale, offset;
    double factor, bias;
    int32_t ntaps, nterms, ngroups; // nterms is 0 where pair-wise sums do not serve
    int32_t height;
    tap taps[MOST_TAPS]; // of weights that are not 0, row by row
    term terms[MOST_TERMS];
    term_group groups[MOST_TERMS];
} convolve_table;

static size_t convolve_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(convolve_table);
}

// The bits that a power of 2 must have to make all weights whole, if it takes at most 16.
static int fraction_bits(const matrix *m) {
    int bits = 0;
    for (int k = 0; k < m->width * m->height && bits <= 16; k++)
        while (bits <= 16 && ldexp(m->weight[k], bits) != floor(ldexp(m->weight[k], bits)))
            bits++;
    return bits <= 16 ? bits : 0;
}

// With a whole scale d and a whole offset, value + 1/2 is a multiple of 1 / (2 d). Hence 1 / (4 d)
// more changes no floor, and then an error below 1 / (4 d) does not either. Products with 1 / d err
// by less than 4 units in the last place of the largest value that is not cut.
static void choose_finish(convolve_table *table, double reach, double most) {
    double d = fabs(table->scale), largest = (most + 1 + fabs(table->offset)) * d;
    bool whole = d == floor(d) && table->offset == floor(table->offset);
    table->finish = FINISH_DIVIDE;
    if (whole && table->scale == 1 && reach + fabs(table->offset) <= INT32_MAX)
        table->finish = FINISH_ADD;
    else if (whole && largest < ldexp(1, 49))
        table->finish = FINISH_MULTIPLY;
    table->add = table->finish == FINISH_ADD ? (int32_t)table->offset : 0;
    table->factor = 1 / table->scale;
    table->bias = table->offset + 0.5 + 1 / (4 * d);
    table->small = largest < ldexp(1, 20) && reach < ldexp(1, 30);
}

// Takes the lowest digit off all weights; the last one takes what is left, if a pair of such
// weights still fits a group.
static void next_digit(int32_t *rest, int32_t *digit, int n) {
    bool last = true;
    for (int k = 0; k < n; k++)
        last = last && abs(rest[k]) <= MOST_OF_GROUP / 2;
    const int32_t half = 1 << (DIGIT_BITS - 1);
    for (int k = 0; k < n; k++) {
        digit[k] = last ? rest[k] : ((rest[k] + half) & (2 * half - 1)) - half;
        rest[k] = (rest[k] - digit[k]) / (2 * half);
    }
}

// Adds a term to the last group, or to a new one where positive or negative weights of an output
// row come to more than 128: times 255 that would not fit 16 bits.
static void add_term(convolve_table *table, const term *t, int shift, int spent[2][2]) {
    bool fits = table->ngroups && table->groups[table->ngroups - 1].shift == shift;
    int with[2][2];
    for (int row = 0; row < 2; row++)
        for (int sign = 0; sign < 2; sign++) {
            with[row][sign] = 0;
            for (int k = 0; k < 2; k++) {
                int weight = sign ? -t->weight[row][k] : t->weight[row][k];
                with[row][sign] += weight > 0 ? weight : 0;
            }
            fits = fits && spent[row][sign] + with[row][sign] <= MOST_OF_GROUP;
        }
    if (!fits) {
        table->groups[table->ngroups++] = (term_group){.shift = shift};
        memset(spent, 0, 4 * sizeof(int));
    }
    for (int k = 0; k < 4; k++)
        spent[k / 2][k % 2] += with[k / 2][k % 2];
    table->groups[table->ngroups - 1].nterms++;
    table->terms[table->nterms++] = *t;
}

// Weights that take more digits leave no terms.
static void plan_terms(convolve_table *table, const matrix *m, int bits, int channels) {
    int32_t rest[MOST_TAPS], digit[MOST_TAPS];
    int spent[2][2] = {{0}}, n = m->width * m->height, left = 0;
    for (int k = 0; k < n; k++)
        rest[k] = (int32_t)ldexp(m->weight[k], bits);
    for (int d = 0; d < MOST_DIGITS; d++) {
        next_digit(rest, digit, n);
        for (int row = 0; row <= m->height; row += 2)
            for (int x = 0; x < m->width; x++) {
                term t = {.at = (int16_t)((x - m->width / 2) * channels), .row = (int16_t)row};
                bool any = false;
                for (int k = 0; k < 4; k++) {
                    int y = row + k % 2 - k / 2;
                    int weight = y >= 0 && y < m->height ? digit[y * m->width + x] : 0;
                    t.weight[k / 2][k % 2] = (int8_t)weight;
                    any = any || weight;
                }
                if (any)
                    add_term(table, &t, d * DIGIT_BITS, spent);
            }
    }
    for (int k = 0; k < n; k++)
        left |= rest[k];
    if (left)
        table->nterms = 0;
}

static void convolve_build(const ppx_job *job) {
    convolve_table *table = job->table;
    matrix m;
    (void)parse_matrix(&m, text_of(job), NULL); // it was checked
    const double most = ppx_type_most(job->in.type);
    const int bits = job->in.type == PPX_F32 ? 0 : fraction_bits(&m);
    double reach = 0;
    bool whole = job->in.type != PPX_F32;
    for (int k = 0; k < m.width * m.height; k++) {
        double weight = ldexp(m.weight[k], bits);
        if (weight == 0)
            continue;
        table->taps[table->ntaps++] =
            (tap){k % m.width - m.width / 2, k / m.width - m.height / 2, weight};
        reach += fabs(weight) * most;
        whole = whole && weight == floor(weight);
    }
    whole = whole && reach <= INT32_MAX;
    table->scale = ldexp(job->values[SCALE].d, bits);
    table->offset = job->values[OFFSET].d;
    table->height = m.height;
    table->finish = FINISH_DIVIDE;
    table->sums = !whole                                         ? SUMS_DOUBLE
                  : job->in.type == PPX_U8 && reach <= INT16_MAX ? SUMS_16
                                                                 : SUMS_32;
    if (whole) {
        choose_finish(table, reach, most);
        if (job->in.type == PPX_U8)
            plan_terms(table, &m, bits, job->in.channels);
    }
}

static void convolve_geometry(const ppx_job *job, ppx_geometry *g) {
    matrix m;
    (void)parse_matrix(&m, text_of(job), NULL); // it was checked
    g->up = g->down = m.height / 2;
    g->side = m.width / 2 ? m.width / 2 : 1; // pair-wise sums read whole vectors
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

#ifdef __AVX2__
#include "convolve_u8.inc.h"
#endif

static void convolve_8_bits(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
#ifdef __AVX2__
    if (table->nterms) {
        convolve_pairs(job, block);
        return;
    }
#endif
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
