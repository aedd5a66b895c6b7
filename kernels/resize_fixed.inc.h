// resize_fixed.inc.h: u8 in integers. Columns first: sums of products with weights in 1/2^14,
// rounded to 1/2^6 of a level, which leaves room for what bicubic and Lanczos overshoot in 16 bits.
// Then rows: products of those with weights in 1/2^14, rounded once and cut to 0..255.
//
// A row is made in vectors of eight products (`pmaddwd`): 4 outputs of 2 taps each, 2 of 4 or 1 of
// 8, as many outputs as find their taps among eight samples in a row, picked out of them by a
// shuffle that the table holds. Filters with more taps add chunks, which begin that many taps
// further on and look the same.

static inline uint8_t round_fixed(int32_t sum) {
    int32_t value = (sum + (1 << 19)) >> 20;
    return (uint8_t)(value < 0 ? 0 : value > UINT8_MAX ? UINT8_MAX : value);
}

#ifdef __AVX2__
#include "resize_avx2.inc.h"
#else
static INLINE void columns_fixed(int16_t *restrict line, const uint8_t *const *rows,
                                 const int16_t *weight, int ntaps, ptrdiff_t from, ptrdiff_t end) {
    for (ptrdiff_t x = from; x < end; x++) {
        int32_t sum = 1 << 7;
        for (int t = 0; t < ntaps; t++)
            sum += weight[t] * rows[t][x];
        line[x] = (int16_t)(sum >> 8);
    }
}

// BLOCK output samples from a line of sums.
static INLINE void block_fixed(uint8_t *restrict out, const int16_t *line,
                               const resize_table *table, size_t block, int outputs, int nchunks,
                               ptrdiff_t step) {
    const lanes *l = &table->lanes;
    for (ptrdiff_t k = 0; k < BLOCK; k++) {
        place p = place_of(l, (ptrdiff_t)block * BLOCK + k);
        const int32_t *start = (const int32_t *)at(table, l->start) + 2 * p.vector;
        const int8_t *mask = (const int8_t *)at(table, l->mask) + 32 * p.vector;
        const int16_t *weight = (const int16_t *)at(table, l->weight) + 16 * p.vector * nchunks;
        int32_t sum = 0;
        for (int c = 0; c < nchunks; c++) {
            const int16_t *window = line + start[p.element / 8] + c * (8 / outputs) * step;
            for (int e = p.element; e < p.element + 8 / outputs; e++)
                sum += window[mask[2 * e] / 2] * weight[16 * c + e];
        }
        out[k] = round_fixed(sum);
    }
}
#endif

// Output samples [block * BLOCK, ...) of a row; out is where the row begins.
static INLINE void blocks_fixed(uint8_t *out, ptrdiff_t nsamples, const int16_t *line,
                                const resize_table *table, size_t block, size_t end, int outputs,
                                int nchunks, ptrdiff_t step) {
    for (; block < end; block++) {
        ptrdiff_t x = (ptrdiff_t)block * BLOCK;
        if (nsamples - x >= BLOCK) {
            block_fixed(out + x, line, table, block, outputs, nchunks, step);
        } else {
            uint8_t last[BLOCK];
            block_fixed(last, line, table, block, outputs, nchunks, step);
            memcpy(out + x, last, (size_t)(nsamples - x));
        }
    }
}

// The frequent filters with what the compiler should know of them.
static void row_fixed(uint8_t *out, ptrdiff_t nsamples, const int16_t *line,
                      const resize_table *table, size_t from, size_t end, ptrdiff_t step) {
    const int nchunks = table->lanes.nchunks;
    switch (table->lanes.outputs) {
    case 4:
        if (nchunks == 1)
            blocks_fixed(out, nsamples, line, table, from, end, 4, 1, step);
        else if (nchunks == 2)
            blocks_fixed(out, nsamples, line, table, from, end, 4, 2, step);
        else if (nchunks == 3)
            blocks_fixed(out, nsamples, line, table, from, end, 4, 3, step);
        else
            blocks_fixed(out, nsamples, line, table, from, end, 4, nchunks, step);
        break;
    case 2:
        if (nchunks == 1)
            blocks_fixed(out, nsamples, line, table, from, end, 2, 1, step);
        else
            blocks_fixed(out, nsamples, line, table, from, end, 2, nchunks, step);
        break;
    default:
        blocks_fixed(out, nsamples, line, table, from, end, 1, nchunks, step);
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
            out[x * channels + c] = round_fixed(sum);
        }
}

static void columns_of(int16_t *line, const ppx_job *job, const ppx_block *block, ptrdiff_t k,
                       ptrdiff_t from, ptrdiff_t end) {
    const resize_table *table = job->table;
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
        columns_fixed(line, rows, weight, 2, from, end);
        break;
    case 4:
        columns_fixed(line, rows, weight, 4, from, end);
        break;
    case 6:
        columns_fixed(line, rows, weight, 6, from, end);
        break;
    default:
        columns_fixed(line, rows, weight, ntaps, from, end);
        break;
    }
}

static void resize_fixed(const ppx_job *job, const ppx_block *block) {
    const resize_table *table = job->table;
    const ptrdiff_t channels = job->in.channels, nsamples = table->x.out * channels;
    int16_t *line = block->scratch;
    if (!table->lanes.outputs) {
        for (ptrdiff_t k = 0; k < block->nrows; k++) {
            columns_of(line, job, block, k, 0, table->x.in * channels);
            row_strided(block->out[k], line, table, channels);
        }
        return;
    }
    // As many columns at a time as leave their part of the table in the first-level cache.
    const int32_t *range = at(table, table->lanes.range);
    for (size_t from = 0; from < table->lanes.nblocks; from += TILE) {
        size_t end = from + TILE < table->lanes.nblocks ? from + TILE : table->lanes.nblocks;
        for (ptrdiff_t k = 0; k < block->nrows; k++) {
            columns_of(line, job, block, k, range[2 * from], range[2 * end - 1]);
            row_fixed(block->out[k], nsamples, line, table, from, end, channels);
        }
    }
}
