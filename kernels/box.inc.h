// box.inc.h: the row functions of box.c for one pixel type; PIXEL, COLUMN (the type of a column's
// sum), NAME and, where row sums do not fit 32 bits, SUM_IS_DOUBLE are defined by who includes it.
#ifdef SUM_IS_DOUBLE
#define SUM double
#else
#define SUM uint32_t
#endif

static void NAME(start_columns)(COLUMN *restrict sum, const void *const *rows, ptrdiff_t ry,
                                ptrdiff_t n) {
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (ptrdiff_t dy = -ry; dy <= ry; dy++) {
        const PIXEL *row = rows[dy];
        for (ptrdiff_t x = 0; x < n; x++)
            sum[x] = (COLUMN)(sum[x] + row[x]);
    }
}

// From the row above to this one.
static void NAME(move_columns)(COLUMN *restrict sum, const PIXEL *enters, const PIXEL *leaves,
                               ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        sum[x] = (COLUMN)(sum[x] + ((COLUMN)enters[x] - (COLUMN)leaves[x]));
}

static inline SUM NAME(difference)(COLUMN a, COLUMN b) {
#ifdef PIXEL_IS_FLOAT
    return a - b;
#elif defined SUM_IS_DOUBLE
    return (double)(int32_t)(a - b); // columns are below 2^31
#else
    return (SUM)a - (SUM)b;
#endif
}

static inline PIXEL NAME(mean)(SUM sum, const box_table *table) {
#ifdef PIXEL_IS_FLOAT
    return (PIXEL)(sum * table->inverse);
#elif defined SUM_IS_DOUBLE
    // (2 sum + area) / (2 area) is a whole number or 1 / (2 area) away from one.
    return (PIXEL)(int32_t)((sum + table->area / 2) * table->inverse);
#else
    uint32_t high = (uint32_t)((uint64_t)(sum + table->half) * table->multiplier >> 32);
    return (PIXEL)(high >> table->shift);
#endif
}

// Pixel 0 comes from the sum of a window that ends one pixel to the left of its own.
static inline SUM NAME(start_row)(const COLUMN *line, ptrdiff_t rx, ptrdiff_t step) {
    SUM sum = 0;
    for (ptrdiff_t dx = -rx - 1; dx < rx; dx++)
        sum += line[dx * step];
    return sum;
}

// The channels are chains of additions beside each other; step is a constant where this is called.
static inline void NAME(row_of)(PIXEL *restrict out, const COLUMN *restrict line, ptrdiff_t width,
                                ptrdiff_t rx, ptrdiff_t step, const box_table *table) {
    const COLUMN *leaves = line - (rx + 1) * step, *enters = line + rx * step;
    const box_table constants = *table;
    SUM sum[PPX_MAX_CHANNELS];
    for (ptrdiff_t c = 0; c < step; c++)
        sum[c] = NAME(start_row)(line + c, rx, step);
    for (ptrdiff_t x = 0; x < width * step; x += step)
        for (ptrdiff_t c = 0; c < step; c++) {
            sum[c] += NAME(difference)(enters[x + c], leaves[x + c]);
            out[x + c] = NAME(mean)(sum[c], &constants);
        }
}

#ifndef SUM_IS_DOUBLE
// One channel of integers: the sums may be added in any order, so a prefix sum in vectors does
// (clang 14 has none and warns that it obeys the loop as it stands).
static void NAME(row_of_1)(PIXEL *restrict out, const COLUMN *restrict line, SUM *restrict sums,
                           ptrdiff_t width, ptrdiff_t rx, const box_table *table) {
    const COLUMN *leaves = line - (rx + 1), *enters = line + rx;
    SUM sum = NAME(start_row)(line, rx, 1);
#ifndef __clang__
#pragma omp simd reduction(inscan, + : sum)
#endif
    for (ptrdiff_t x = 0; x < width; x++) {
        sum += NAME(difference)(enters[x], leaves[x]);
#ifndef __clang__
#pragma omp scan inclusive(sum)
#endif
        sums[x] = sum;
    }
    const box_table constants = *table;
    for (ptrdiff_t x = 0; x < width; x++)
        out[x] = NAME(mean)(sums[x], &constants);
}
#endif

static void NAME(row)(const ppx_job *job, PIXEL *out, const COLUMN *line, SUM *sums) {
    const box_table *table = job->table;
    ptrdiff_t width = job->in.width, rx = rx_of(job);
    switch (job->in.channels) {
    case 1:
#ifdef SUM_IS_DOUBLE
        (void)sums;
        NAME(row_of)(out, line, width, rx, 1, table);
#else
        NAME(row_of_1)(out, line, sums, width, rx, table);
#endif
        break;
    case 2:
        NAME(row_of)(out, line, width, rx, 2, table);
        break;
    case 3:
        NAME(row_of)(out, line, width, rx, 3, table);
        break;
    default:
        NAME(row_of)(out, line, width, rx, 4, table);
        break;
    }
}

static void NAME(extend)(const ppx_job *job, COLUMN *line) {
    // A sample of 8 bytes is extended as two of 4. Beyond a constant border the sum is 0.
    static const ppx_type types[] = {[2] = PPX_U16, [4] = PPX_U32, [8] = PPX_U32};
    int channels = job->in.channels * (sizeof *line == 8 ? 2 : 1);
    ppx_row_extend(line, job->in.width, channels, types[sizeof *line], rx_of(job) + 1,
                   job->geometry.border, 0);
}

static void NAME(box)(const ppx_job *job, const ppx_block *block) {
    const box_table *table = job->table;
    ptrdiff_t n = job->in.width * job->in.channels, ry = ry_of(job);
    COLUMN *line = (COLUMN *)block->scratch + left_of(job);
    SUM *sums = (SUM *)((double *)block->scratch + line_of(job));
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        if (table->area <= 1) {
            memcpy(block->out[k], block->in[k], (size_t)n * sizeof(PIXEL));
            continue;
        }
        bool start = block->fresh && k == 0;
#ifdef PIXEL_IS_FLOAT
        start = start || (block->y + k) % PPX_STRIP == 0;
#endif
        if (start)
            NAME(start_columns)(line, block->in + k, ry, n);
        else
            NAME(move_columns)(line, block->in[k + ry], block->in[k - ry - 1], n);
        NAME(extend)(job, line);
        NAME(row)(job, block->out[k], line, sums);
    }
}

#undef PIXEL
#undef PIXEL_IS_FLOAT
#undef COLUMN
#undef SUM
#undef SUM_IS_DOUBLE
#undef NAME
