// median.c: the median of a square window: of its k * k samples (k = 2 radius + 1, an odd number)
// the one with as many below as above.
//
// Shapes: any, kept; each channel for itself, alpha passes through. Border: as chosen. Exact for
// every type. f32: a zero comes out as +0; nothing is promised where there are NaNs.
//   3x3, 5x5   sorted columns, shared by the windows that hold them, then a selection network
//              (Kolte, Smith, Su, A fast median filter using AltiVec, ICCD 1999): minima and maxima
//              of row vectors, about 17 and 93 a vector
//   u8         column histograms in two tiers (Perreault, Hebert, Median filtering in constant
//              time, IEEE TIP 16, 2007). All counts are cumulative, so that the rank is found by
//              comparing 16 of them at once. The cost hardly depends on the radius.
//   u16        one histogram in three tiers that slides along rows, to and fro (Huang, Yang, Tang,
//              A fast two-dimensional median filtering algorithm, IEEE TASSP 27, 1979): the cost
//              grows with k, not k * k
//   f32        a tile's samples are sorted and replaced by their places, which are u16 and go the
//              way of u16 (the ordinal transform of Weiss, Fast median and bilateral filtering,
//              SIGGRAPH 2006)
#include "../core/kernel.h"

#include <string.h>

enum { RADIUS, BORDER };
enum { MAX_RADIUS = 50, MAX_WINDOW = 2 * MAX_RADIUS + 1 };
enum { COLUMNS = 512, PLACES = 65536 };

typedef struct plan {
    ptrdiff_t radius, k;
    ptrdiff_t tile;  // larger windows: columns done together, in pixels
    ptrdiff_t pitch; // networks: from one line of scratch to the next, in samples
} plan;

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static plan make_plan(const ppx_job *job) {
    plan p = {.radius = (ptrdiff_t)job->values[RADIUS].i};
    p.k = 2 * p.radius + 1;
    if (p.radius <= 2) {
        ptrdiff_t nbytes = (ptrdiff_t)ppx_shape_row_nbytes(job->in);
        // Sides, a whole number of 64 bytes, and not of 4096.
        p.pitch = (((nbytes + 63) / 64 + 2) | 1) * 64 / (ptrdiff_t)ppx_type_nbytes(job->in.type);
    } else if (job->in.type == PPX_F32) {
        p.tile = least(PLACES / (PPX_STRIP + p.k - 1) - (p.k - 1), job->in.width);
    } else {
        p.tile = least(COLUMNS, job->in.width);
    }
    return p;
}

static inline void prefetch_row(const void *row, size_t nbytes) {
    for (size_t k = 0; k < nbytes; k += 64)
        __builtin_prefetch((const char *)row + k);
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define FINISH(v) (v)
#include "median.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define FINISH(v) (v)
#include "median.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define FINISH(v) ((v) + 0.0f)
#include "median.inc.h"

// ---- u8: histograms of columns ----

// A histogram of 16 bins in one register (or two), in the vector notation that gcc and clang share:
// they do not find such short loops worth it by themselves.
typedef int16_t bins __attribute__((vector_size(32)));
typedef uint8_t small_bins __attribute__((vector_size(16)));
typedef int8_t small_mask __attribute__((vector_size(16)));

// The part of a window that lies in one column. Both tiers are cumulative: coarse[b] samples have a
// high half of at most b; of those whose high half is s, fine[s][b] have a low half of at most b.
typedef struct column {
    bins coarse;
    small_bins fine[16];
} column;

// From place 16 - b on: what a sample of b adds to a cumulative histogram.
static const _Alignas(64) int16_t step_coarse[32] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const _Alignas(32) uint8_t step_fine[32] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline void column_add(column *c, int value) {
    bins coarse;
    small_bins fine;
    memcpy(&coarse, step_coarse + 16 - (value >> 4), sizeof coarse);
    memcpy(&fine, step_fine + 16 - (value & 15), sizeof fine);
    c->coarse += coarse;
    c->fine[value >> 4] += fine;
}

static inline void column_remove(column *c, int value) {
    bins coarse;
    small_bins fine;
    memcpy(&coarse, step_coarse + 16 - (value >> 4), sizeof coarse);
    memcpy(&fine, step_fine + 16 - (value & 15), sizeof fine);
    c->coarse -= coarse;
    c->fine[value >> 4] -= fine;
}

// The first bin of a cumulative histogram that holds more than `rank` samples: as many as there are
// bins that do not, which are added up as bytes of a word.
static inline int find_bin(const bins *cumulative, int16_t rank) {
    const uint64_t ones = 0x0101010101010101u;
    small_mask below = __builtin_convertvector(*cumulative <= rank, small_mask);
    uint64_t words[2];
    memcpy(words, &below, sizeof words);
    return (int)(((words[0] & ones) + (words[1] & ones)) * ones >> 56);
}

// The fine histogram of a window for one high half, brought up to date only when the median is
// there: it was last valid for the window that began at column `at`.
typedef struct segment {
    bins fine;
    ptrdiff_t at;
} segment;

static inline void segment_update(segment *s, const column *columns, int high, ptrdiff_t x,
                                  ptrdiff_t k) {
    bins sum = {0};
    if (x - s->at > k / 2) {
        for (const column *c = columns + x; c < columns + x + k; c++)
            sum += __builtin_convertvector(c->fine[high], bins);
    } else {
        sum = s->fine;
        for (const column *c = columns + s->at; c < columns + x; c++)
            sum += __builtin_convertvector(c[k].fine[high], bins) -
                   __builtin_convertvector(c->fine[high], bins);
    }
    s->fine = sum;
    s->at = x;
}

// One output row of n pixels, `step` samples apart, from n + k - 1 columns.
static void across_columns(uint8_t *out, ptrdiff_t step, ptrdiff_t n, const column *columns,
                           ptrdiff_t k) {
    const int16_t half = (int16_t)(k * k / 2);
    bins coarse = {0};
    segment segments[16];
    for (int s = 0; s < 16; s++)
        segments[s].at = -MAX_WINDOW;
    for (ptrdiff_t x = 0; x < k - 1; x++)
        coarse += columns[x].coarse;
    for (ptrdiff_t x = 0; x < n; x++) {
        coarse += columns[x + k - 1].coarse;
        int high = find_bin(&coarse, half);
        int16_t rank = (int16_t)(half - (high ? coarse[high - 1] : 0));
        segment_update(&segments[high], columns, high, x, k);
        out[x * step] = (uint8_t)(high * 16 + find_bin(&segments[high].fine, rank));
        coarse -= columns[x].coarse;
    }
}

static void histograms_u8(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job);
    const ptrdiff_t step = job->in.channels, r = p.radius;
    column *columns = block->scratch;
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += p.tile) {
            const ptrdiff_t n = least(p.tile, job->in.width - x0), ncolumns = n + p.k - 1;
            const ptrdiff_t first = (x0 - r) * step + c;
            memset(columns, 0, (size_t)ncolumns * sizeof *columns);
            for (ptrdiff_t k = -r; k < r; k++) {
                const uint8_t *in = (const uint8_t *)block->in[k] + first;
                for (ptrdiff_t x = 0; x < ncolumns; x++)
                    column_add(&columns[x], in[x * step]);
            }
            for (ptrdiff_t i = 0; i < block->nrows; i++) {
                const uint8_t *enters = (const uint8_t *)block->in[i + r] + first;
                const uint8_t *leaves = (const uint8_t *)block->in[i - r] + first;
                for (ptrdiff_t x = 0; x < ncolumns; x++)
                    column_add(&columns[x], enters[x * step]);
                across_columns((uint8_t *)block->out[i] + x0 * step + c, step, n, columns, p.k);
                for (ptrdiff_t x = 0; x < ncolumns; x++)
                    column_remove(&columns[x], leaves[x * step]);
            }
        }
}

// ---- u16: one histogram that slides ----

// Counts of samples by their upper 8, upper 12 and all 16 bits, and how many have upper 8 bits less
// than `bin`, which is near the median's.
typedef struct tiers {
    uint16_t upper[256], middle[4096], all[65536];
    int bin, nbelow;
} tiers;

static inline void tiers_add(tiers *t, unsigned value) {
    t->upper[value >> 8]++;
    t->middle[value >> 4]++;
    t->all[value]++;
    t->nbelow += (int)(value >> 8) < t->bin;
}

static inline void tiers_remove(tiers *t, unsigned value) {
    t->upper[value >> 8]--;
    t->middle[value >> 4]--;
    t->all[value]--;
    t->nbelow -= (int)(value >> 8) < t->bin;
}

static inline uint16_t tiers_find(tiers *t, int rank) {
    while (t->nbelow > rank)
        t->nbelow -= t->upper[--t->bin];
    while (t->nbelow + t->upper[t->bin] <= rank)
        t->nbelow += t->upper[t->bin++];
    rank -= t->nbelow;
    int middle = t->bin * 16;
    while (rank >= t->middle[middle])
        rank -= t->middle[middle++];
    int value = middle * 16;
    while (rank >= t->all[value])
        rank -= t->all[value++];
    return (uint16_t)value;
}

// Medians of nrows rows of n pixels, `step` samples apart. The window of output row i, pixel x is
// rows[i] to rows[i + k - 1], pixels x to x + k - 1.
static void slide(tiers *t, const uint16_t *const *rows, uint16_t *const *out, ptrdiff_t nrows,
                  ptrdiff_t n, ptrdiff_t step, ptrdiff_t k) {
    const int half = (int)(k * k / 2);
    memset(t, 0, sizeof *t);
    for (ptrdiff_t y = 0; y < k; y++)
        for (ptrdiff_t x = 0; x < k; x++)
            tiers_add(t, rows[y][x * step]);
    ptrdiff_t x = 0;
    for (ptrdiff_t i = 0; i < nrows; i++) {
        const uint16_t *const *at = rows + i;
        if (i > 0)
            for (ptrdiff_t u = x; u < x + k; u++) {
                tiers_remove(t, at[-1][u * step]);
                tiers_add(t, at[k - 1][u * step]);
            }
        out[i][x * step] = tiers_find(t, half);
        const ptrdiff_t way = x == 0 ? 1 : -1;
        for (ptrdiff_t turn = 1; turn < n; turn++) {
            const ptrdiff_t leaves = (way > 0 ? x : x + k - 1) * step;
            const ptrdiff_t enters = (way > 0 ? x + k : x - 1) * step;
            for (ptrdiff_t y = 0; y < k; y++) {
                tiers_remove(t, at[y][leaves]);
                tiers_add(t, at[y][enters]);
            }
            x += way;
            out[i][x * step] = tiers_find(t, half);
        }
    }
}

static void sliding_u16(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job);
    const ptrdiff_t step = job->in.channels;
    for (int c = 0; c < ppx_shape_colours(job->in); c++) {
        const uint16_t *rows[PPX_STRIP + MAX_WINDOW];
        uint16_t *out[PPX_STRIP];
        for (ptrdiff_t k = 0; k < block->nrows + p.k - 1; k++)
            rows[k] = (const uint16_t *)block->in[k - p.radius] - p.radius * step + c;
        for (ptrdiff_t k = 0; k < block->nrows; k++)
            out[k] = (uint16_t *)block->out[k] + c;
        slide(block->scratch, rows, out, block->nrows, job->in.width, step, p.k);
    }
}

// ---- f32: places instead of samples ----

typedef struct place {
    uint32_t key, at; // a sample as a number of the same order, and where in the tile it is
} place;

typedef struct ordinal {
    tiers tiers;
    place places[2][PLACES];
    uint16_t ordinals[PLACES];   // the tile with its surroundings, row by row
    uint16_t medians[PLACES];    // of its output, row by row
    uint32_t counts[3][1 << 11]; // of the keys' digits
} ordinal;

// IEEE 754 in order of the numbers: negative ones are turned around. Both zeros become +0.
static inline uint32_t key_of(float sample) {
    uint32_t bits;
    sample += 0.0f;
    memcpy(&bits, &sample, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static inline float sample_of(uint32_t key) {
    uint32_t bits = key >> 31 ? key & 0x7fffffffu : ~key;
    float sample;
    memcpy(&sample, &bits, sizeof sample);
    return sample;
}

// Sorts places[0] by key into places[1], digit by digit from the lowest (11, 11 and 10 bits).
static void sort_places(ordinal *o, size_t n) {
    memset(o->counts, 0, sizeof o->counts);
    for (size_t k = 0; k < n; k++)
        for (int digit = 0; digit < 3; digit++)
            o->counts[digit][o->places[0][k].key >> 11 * digit & 2047]++;
    for (int digit = 0; digit < 3; digit++) {
        uint32_t *counts = o->counts[digit], sum = 0;
        for (int d = 0; d < 2048; d++) {
            uint32_t count = counts[d];
            counts[d] = sum;
            sum += count;
        }
        const place *from = o->places[digit % 2];
        place *to = o->places[1 - digit % 2];
        for (size_t k = 0; k < n; k++)
            to[counts[from[k].key >> 11 * digit & 2047]++] = from[k];
    }
}

// Pixels [x0, x0 + n) of channel c of the block's rows.
static void ordinal_tile(const plan *p, const ppx_block *block, ptrdiff_t step, int c, ptrdiff_t x0,
                         ptrdiff_t n) {
    ordinal *o = block->scratch;
    const ptrdiff_t ncolumns = n + p->k - 1, nrows = block->nrows + p->k - 1;
    const uint16_t *rows[PPX_STRIP + MAX_WINDOW];
    uint16_t *out[PPX_STRIP];
    for (ptrdiff_t i = 0; i < nrows; i++) {
        const float *in = (const float *)block->in[i - p->radius] + (x0 - p->radius) * step + c;
        place *to = o->places[0] + i * ncolumns;
        for (ptrdiff_t x = 0; x < ncolumns; x++)
            to[x] = (place){key_of(in[x * step]), (uint32_t)(i * ncolumns + x)};
        rows[i] = o->ordinals + i * ncolumns;
    }
    const size_t count = (size_t)(nrows * ncolumns);
    sort_places(o, count);
    const place *sorted = o->places[1];
    for (size_t k = 0; k < count; k++)
        o->ordinals[sorted[k].at] = (uint16_t)k;
    for (ptrdiff_t i = 0; i < block->nrows; i++)
        out[i] = o->medians + i * n;
    slide(&o->tiers, rows, out, block->nrows, n, 1, p->k);
    for (ptrdiff_t i = 0; i < block->nrows; i++)
        for (ptrdiff_t x = 0; x < n; x++)
            ((float *)block->out[i])[(x0 + x) * step + c] = sample_of(sorted[out[i][x]].key);
}

static void ordinal_f32(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job);
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x = 0; x < job->in.width; x += p.tile)
            ordinal_tile(&p, block, job->in.channels, c, x, least(p.tile, job->in.width - x));
}

// ---- The kernel ----

static void median_u8(const ppx_job *job, const ppx_block *block) {
    (job->values[RADIUS].i <= 2 ? networks_u8 : histograms_u8)(job, block);
}

static void median_u16(const ppx_job *job, const ppx_block *block) {
    (job->values[RADIUS].i <= 2 ? networks_u16 : sliding_u16)(job, block);
}

static void median_f32(const ppx_job *job, const ppx_block *block) {
    (job->values[RADIUS].i <= 2 ? networks_f32 : ordinal_f32)(job, block);
}

static void geometry(const ppx_job *job, ppx_geometry *g) {
    const plan p = make_plan(job);
    g->up = g->down = p.radius;
    g->border = (ppx_border)job->values[BORDER].i;
    g->block = PPX_STRIP;
    if (p.radius <= 2) { // rows as they lie: the sides are made of sorted columns
        g->scratch_nbytes = (size_t)(2 * p.k * p.pitch) * ppx_type_nbytes(job->in.type);
        return;
    }
    g->side = p.radius;
    if (job->in.type == PPX_U8)
        g->scratch_nbytes = (size_t)(p.tile + p.k) * sizeof(column);
    else
        g->scratch_nbytes = job->in.type == PPX_U16 ? sizeof(tiers) : sizeof(ordinal);
}

static const ppx_param params[] = {
    {"radius", PPX_INT, 1, MAX_RADIUS, NULL, "1", "pixels to each side"},
    PPX_PARAM_BORDER,
};

static const ppx_step steps[] = {{
    .pattern = PPX_MAP,
    .geometry = geometry,
    .map = {.rows = {[PPX_U8] = median_u8, [PPX_U16] = median_u16, [PPX_F32] = median_f32}},
}};

const ppx_kernel PPX_KERNEL(median) = {
    .name = "median",
    .summary = "the median of a square window",
    .examples = "median:radius=1 median:radius=2 median:radius=3 median:radius=9",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = params,
    .nparams = sizeof params / sizeof *params,
    .steps = steps,
    .nsteps = 1,
};
