// resize_fixed.inc.h: u8 in integers. Columns first: sums of products with weights in 1/2^14,
// rounded to 1/2^6 of a level, which leaves room for what bicubic and Lanczos overshoot in 16 bits.
// Then rows: products of those with weights in 1/2^14, rounded once and cut to 0..255.
//
// A row is made in vectors of eight products (`pmaddwd`): 4 outputs of 2 taps each, 2 of 4 or 1 of
// 8, as many outputs as find their taps among eight samples in a row, picked out of them by a
// shuffle that the table holds. Filters with more taps add chunks, which begin that many taps
// further on and look the same.

// What rounds the columns' sums; the row's rounding is in it: 1/2 of a level, which stays 1/2
// because a row's weights have the sum 1.
enum { COLUMN_HALF = (1 << 7) + (1 << 13) };

static inline uint8_t cut(int32_t sum) {
    int32_t value = sum >> 20;
    return (uint8_t)(value < 0 ? 0 : value > UINT8_MAX ? UINT8_MAX : value);
}

static INLINE void columns_plain(int16_t *restrict line, const uint8_t *const *rows,
                                 const int16_t *weight, int ntaps, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++) {
        int32_t sum = COLUMN_HALF;
        for (int t = 0; t < ntaps; t++)
            sum += weight[t] * rows[t][x];
        line[x] = (int16_t)(sum >> 8);
    }
}

// A place among the vectors of the table.
typedef struct lane {
    const int32_t *start;
    const int8_t *mask;
    const int16_t *weight;
} lane;

#ifdef __AVX2__
#include "resize_avx2.inc.h"
#else
static INLINE void columns_fixed(int16_t *line, const uint8_t *const *rows, const int16_t *weight,
                                 int ntaps, ptrdiff_t n) {
    columns_plain(line, rows, weight, ntaps, n);
}

// BLOCK output samples of two rows from their lines of sums.
static INLINE void block_fixed(uint8_t *const out[2], const int16_t *const line[2], const lane *l,
                               int outputs, int nchunks, ptrdiff_t step) {
    for (ptrdiff_t k = 0; k < BLOCK; k++) {
        place p = place_of(outputs, k);
        const ptrdiff_t start = l->start[2 * p.vector + p.element / 8];
        const int8_t *mask = l->mask + 32 * p.vector;
        const int16_t *weight = l->weight + 16 * p.vector * nchunks;
        int32_t a = 0, b = 0;
        for (int c = 0; c < nchunks; c++)
            for (int e = p.element; e < p.element + 8 / outputs; e++) {
                ptrdiff_t x = start + c * (8 / outputs) * step + mask[2 * e] / 2;
                a += line[0][x] * weight[16 * c + e];
                b += line[1][x] * weight[16 * c + e];
            }
        out[0][k] = cut(a);
        out[1][k] = cut(b);
    }
}
#endif

// Two rows of n samples.
static INLINE void blocks_fixed(uint8_t *const out[2], ptrdiff_t n, const int16_t *const line[2],
                                const resize_table *table, int outputs, int nchunks,
                                ptrdiff_t step) {
    const size_t nvectors = 16 / (size_t)outputs; // of a block
    lane l = {at(table, table->lanes.start), at(table, table->lanes.mask),
              at(table, table->lanes.weight)};
    for (ptrdiff_t x = 0; x < n; x += BLOCK) {
        uint8_t *to[2] = {out[0] + x, out[1] + x};
        if (n - x >= BLOCK) {
            block_fixed(to, line, &l, outputs, nchunks, step);
        } else {
            uint8_t last[2][BLOCK], *lasts[2] = {last[0], last[1]};
            block_fixed(lasts, line, &l, outputs, nchunks, step);
            memcpy(to[0], last[0], (size_t)(n - x));
            memcpy(to[1], last[1], (size_t)(n - x));
        }
        l.start += 2 * nvectors;
        l.mask += 32 * nvectors;
        l.weight += 16 * nvectors * (size_t)nchunks;
    }
}

// The frequent filters with what the compiler should know of them.
static void rows_fixed(uint8_t *const out[2], ptrdiff_t n, const int16_t *const line[2],
                       const resize_table *table, ptrdiff_t step) {
    const int nchunks = table->lanes.nchunks;
    switch (table->lanes.outputs) {
    case 4:
        if (nchunks == 1)
            blocks_fixed(out, n, line, table, 4, 1, step);
        else if (nchunks == 2)
            blocks_fixed(out, n, line, table, 4, 2, step);
        else if (nchunks == 3)
            blocks_fixed(out, n, line, table, 4, 3, step);
        else
            blocks_fixed(out, n, line, table, 4, nchunks, step);
        break;
    case 2:
        if (nchunks == 1)
            blocks_fixed(out, n, line, table, 2, 1, step);
        else
            blocks_fixed(out, n, line, table, 2, nchunks, step);
        break;
    default:
        blocks_fixed(out, n, line, table, 1, nchunks, step);
        break;
    }
}

// Any number of channels and taps, one sample after the other.
static void row_strided(uint8_t *restrict out, const int16_t *restrict line,
                        const resize_table *table, ptrdiff_t channels) {
    const int32_t *first = at(table, table->x.first);
    const int16_t *weight = at(table, table->x.fixed);
    const int ntaps = table->x.ntaps;
    for (ptrdiff_t x = 0; x < table->x.out; x++, weight += ntaps)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const int16_t *in = line + first[x] * channels + c;
            int32_t sum = 0;
            for (int t = 0; t < ntaps; t++)
                sum += in[t * channels] * weight[t];
            out[x * channels + c] = cut(sum);
        }
}

static void columns_of(int16_t *line, const ppx_job *job, const ppx_block *block, ptrdiff_t k) {
    const resize_table *table = job->table;
    const ptrdiff_t n = table->x.in * job->in.channels;
    const int ntaps = table->y.ntaps;
    const int32_t *first = at(table, table->y.first);
    const int16_t *fixed = (const int16_t *)at(table, table->y.fixed) + (block->y + k) * ntaps;
    ptrdiff_t in_first, in_end;
    resize_needs(job, block->y, block->y + block->nrows, &in_first, &in_end);
    const uint8_t *rows[MOST_FIXED_TAPS + 1] = {0};
    int16_t weight[MOST_FIXED_TAPS + 1] = {0};
    for (int t = 0; t < ntaps; t++) {
        ptrdiff_t y = first[block->y + k] + t;
        rows[t] = block->in[(y < in_end ? y : in_end - 1) - in_first];
        weight[t] = fixed[t];
    }
    rows[ntaps] = rows[ntaps - 1]; // of weight 0, for a pair
    switch (ntaps) {
    case 2:
        columns_fixed(line, rows, weight, 2, n);
        break;
    case 4:
        columns_fixed(line, rows, weight, 4, n);
        break;
    case 6:
        columns_fixed(line, rows, weight, 6, n);
        break;
    default:
        columns_fixed(line, rows, weight, ntaps, n);
        break;
    }
}

static void resize_fixed(const ppx_job *job, const ppx_block *block) {
    const resize_table *table = job->table;
    const ptrdiff_t channels = job->in.channels, n = table->x.out * channels;
    int16_t *line = block->scratch;
    if (!table->lanes.outputs) {
        for (ptrdiff_t k = 0; k < block->nrows; k++) {
            columns_of(line, job, block, k);
            row_strided(block->out[k], line, table, channels);
        }
        return;
    }
    // Two rows at a time share what is read of the table.
    int16_t *lines[2] = {line, line + line_of(job->in)};
    for (ptrdiff_t k = 0; k < block->nrows; k += 2) {
        ptrdiff_t second = k + 1 < block->nrows ? k + 1 : k;
        uint8_t *out[2] = {block->out[k], block->out[second]};
        columns_of(lines[0], job, block, k);
        columns_of(lines[1], job, block, second);
        rows_fixed(out, n, (const int16_t *const *)lines, table, channels);
    }
}
