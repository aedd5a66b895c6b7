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
// u8 with AVX2 goes by pairs of rows (convolve_u8.inc.h): two rows are interleaved, and one
// instruction multiplies a pair of samples by a pair of weights and adds: bytes in 16 bits, or,
// where weights take more than 7, words in 32 bits. Two output rows share what is interleaved.
#include "../core/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KERNEL, WEIGHTS, SCALE, OFFSET, BORDER };
enum { MOST_SIDE = 31, MOST_TAPS = MOST_SIDE * MOST_SIDE };
enum { TILE = 1024 };        // samples of a row that are summed at a time
enum { TILE_WORDS = 256 };   // that are interleaved at a time
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

// Of the pair-wise sums: what two rows of the window give to the output row and to the next one.
// Weights are of the output row, of the row in the pair.
typedef struct term {
    int16_t at, row; // samples to the right; of the upper of the two rows
    int8_t weight[2][2];
    int16_t wide[2][2]; // the same in 16 bits
    int32_t zipped;     // place of the pair's first word among those of the output row's place
} term;

enum { MOST_OF_GROUP = 128 }; // of the sizes of weights of one sign: times 255 it fits 16 bits
enum { MOST_TERMS = MOST_SIDE * ((MOST_SIDE + 1) / 2) };
enum { TERMS_NONE, TERMS_BYTES, TERMS_SQUARE, TERMS_WORDS };

typedef struct convolve_table {
    int32_t sums;   // SUMS_...
    int32_t finish; // FINISH_...
    int32_t add;
    bool small; // FINISH_MULTIPLY is exact in float too
    double scale, offset;
    double factor, bias;
    int32_t ntaps, nterms, ngroups;
    // Where pair-wise sums do not serve: none. Bytes by groups, each of which fits 16 bits,
    // whatever the pixels; all in one group from a window of 3 x 3 (the square), in order; words.
    int32_t kind;
    uint16_t multiplier, shift; // division by words: see choose_division; multiplier 0: no
    int16_t bias_16;
    int32_t height, side; // of the window; samples to each side of its centre
    tap taps[MOST_TAPS];  // of weights that are not 0, row by row
    term terms[MOST_TERMS];
    int32_t group[MOST_TERMS]; // terms in it
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

// Sums n below 2^15 by a divisor d, without a remainder: with 2^(l - 1) < d <= 2^l and m = 2^(15 +
// l) / d, rounded up, it is n m / 2^(15 + l) (Granlund, Montgomery 1994). Negative sums become 0
// before, and those that saturate are beyond 255 d.
static void choose_division(convolve_table *table, const matrix *m, int bits) {
    const double d = table->scale, bias = d * table->offset + floor(d / 2);
    double most = bias;
    for (int k = 0; k < m->width * m->height; k++)
        most += m->weight[k] > 0 ? ldexp(m->weight[k], bits) * UINT8_MAX : 0;
    if (table->finish != FINISH_MULTIPLY || d < 2 || d > 1 << 14 || fabs(bias) > INT16_MAX ||
        (most > INT16_MAX && d > 128))
        return;
    int l = 1;
    while (1 << l < (int)d)
        l++;
    table->multiplier = (uint16_t)ceil(ldexp(1, 15 + l) / d);
    table->shift = (uint16_t)(l - 1);
    table->bias_16 = (int16_t)bias;
}

// Adds a term to the last group, or to a new one where positive or negative weights of an output
// row come to more than 128: times 255 that would not fit 16 bits. Returns whether the term alone
// does.
static bool add_term(convolve_table *table, const term *t, int spent[2][2]) {
    bool fits = table->ngroups > 0, alone = true;
    int with[2][2];
    for (int row = 0; row < 2; row++)
        for (int sign = 0; sign < 2; sign++) {
            with[row][sign] = 0;
            for (int k = 0; k < 2; k++) {
                int weight = sign ? -t->wide[row][k] : t->wide[row][k];
                with[row][sign] += weight > 0 ? weight : 0;
                alone = alone && weight <= INT8_MAX;
            }
            fits = fits && spent[row][sign] + with[row][sign] <= MOST_OF_GROUP;
            alone = alone && with[row][sign] <= MOST_OF_GROUP;
        }
    if (!fits) {
        table->ngroups++;
        memset(spent, 0, 4 * sizeof(int));
    }
    for (int k = 0; k < 4; k++)
        spent[k / 2][k % 2] += with[k / 2][k % 2];
    table->group[table->ngroups - 1]++;
    table->terms[table->nterms++] = *t;
    return alone;
}

// Of interleaved words for a tile, with what lies to its sides: see convolve_words.inc.h.
static ptrdiff_t zipped_pitch(ptrdiff_t side) {
    return (TILE_WORDS + 2 * side + 15) / 16 * 16;
}

static void plan_terms(convolve_table *table, const matrix *m, int bits, int channels) {
    const bool square = m->width == 3 && m->height == 3;
    bool bytes = true;
    int spent[2][2] = {{0}};
    for (int k = 0; k < m->width * m->height; k++)
        if (fabs(ldexp(m->weight[k], bits)) > INT16_MAX)
            return;
    for (int row = 0; row <= m->height; row += 2)
        for (int x = 0; x < m->width; x++) {
            term t = {.at = (int16_t)((x - m->width / 2) * channels), .row = (int16_t)row};
            t.zipped = (int32_t)(row / 2 * zipped_pitch(m->width / 2 * channels) + t.at);
            bool any = square;
            for (int k = 0; k < 4; k++) {
                const int y = row + k % 2 - k / 2;
                const bool in = y >= 0 && y < m->height;
                const int weight = in ? (int)ldexp(m->weight[y * m->width + x], bits) : 0;
                t.wide[k / 2][k % 2] = (int16_t)weight;
                t.weight[k / 2][k % 2] = (int8_t)weight;
                any = any || weight;
            }
            if (any)
                bytes = add_term(table, &t, spent) && bytes;
        }
    const bool one = bytes && table->ngroups == 1;
    table->kind = !table->nterms  ? TERMS_NONE
                  : !bytes        ? TERMS_WORDS
                  : square && one ? TERMS_SQUARE
                                  : TERMS_BYTES;
    if (one)
        choose_division(table, m, bits);
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
    table->side = m.width / 2 * job->in.channels;
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

static size_t zipped_nbytes(ptrdiff_t height, ptrdiff_t side) {
    return (size_t)((height + 1) / 2 * zipped_pitch(side)) * sizeof(int32_t);
}

static void convolve_geometry(const ppx_job *job, ppx_geometry *g) {
    matrix m;
    (void)parse_matrix(&m, text_of(job), NULL); // it was checked
    g->up = g->down = m.height / 2;
    g->side = m.width / 2 ? m.width / 2 : 1; // pair-wise sums read whole vectors
    g->border = (ppx_border)job->values[BORDER].i;
    g->scratch_nbytes = TILE * sizeof(double);
    const size_t words = zipped_nbytes(m.height, m.width / 2 * job->in.channels);
    g->scratch_nbytes = words > g->scratch_nbytes ? words : g->scratch_nbytes;
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
#include "convolve_words.inc.h"
#endif

static void convolve_8_bits(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
#ifdef __AVX2__
    if (table->kind == TERMS_WORDS) {
        convolve_words(job, block);
        return;
    }
    if (table->kind != TERMS_NONE) {
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
