// resize.inc.h: resize.c in floats for one pixel type. PIXEL, NAME and, for integers, MOST are
// defined by who includes it.

static inline PIXEL NAME(finish)(float sum) {
#ifdef MOST
    sum = sum + 0.5f > 0 ? sum + 0.5f : 0; // so that cutting off the fraction is floor
    return (PIXEL)(int32_t)(sum < MOST ? sum : MOST);
#else
    return sum;
#endif
}

// Adds `n` more rows; their number is a constant where this is called.
static INLINE void NAME(add_rows)(float *restrict line, const PIXEL *const *rows,
                                  const float *weight, int nrows, ptrdiff_t n) {
    const PIXEL *in[4];
    float w[4];
    for (int t = 0; t < nrows; t++) {
        in[t] = rows[t];
        w[t] = weight[t];
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        float sum = line[x];
        for (int t = 0; t < nrows; t++)
            sum += w[t] * (float)in[t][x];
        line[x] = sum;
    }
}

static INLINE void NAME(row)(PIXEL *restrict out, const float *restrict line,
                             const resize_table *table, ptrdiff_t channels, int ntaps) {
    const int32_t *first = at(table, table->x.first);
    const float *weight = at(table, table->x.weight);
    for (ptrdiff_t x = 0; x < table->x.out; x++, weight += ntaps)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const float *in = line + first[x] * channels + c;
            float sum = 0;
            for (int t = 0; t < ntaps; t++)
                sum += in[t * channels] * weight[t];
            out[x * channels + c] = NAME(finish)(sum);
        }
}

static INLINE void NAME(row_of)(PIXEL *out, const float *line, const resize_table *table,
                                ptrdiff_t channels) {
    switch (table->x.ntaps) {
    case 2:
        NAME(row)(out, line, table, channels, 2);
        break;
    case 4:
        NAME(row)(out, line, table, channels, 4);
        break;
    case 6:
        NAME(row)(out, line, table, channels, 6);
        break;
    default:
        NAME(row)(out, line, table, channels, table->x.ntaps);
        break;
    }
}

static void NAME(resize)(const ppx_job *job, const ppx_block *block) {
    const resize_table *table = job->table;
    const ptrdiff_t channels = job->in.channels, n = table->x.in * channels;
    const int32_t *first = at(table, table->y.first);
    const float *weights = at(table, table->y.weight);
    float *line = block->scratch;
    ptrdiff_t in_first, in_end;
    resize_needs(job, block->y, block->y + block->nrows, &in_first, &in_end);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const float *weight = weights + (block->y + k) * table->y.ntaps;
        memset(line, 0, (size_t)n * sizeof *line);
        ptrdiff_t y = first[block->y + k], ntaps = table->y.ntaps;
        ntaps = y + ntaps < in_end ? ntaps : in_end - y;
        const PIXEL *const *rows = (const PIXEL *const *)block->in + (y - in_first);
        for (; ntaps >= 4; ntaps -= 4, rows += 4, weight += 4)
            NAME(add_rows)(line, rows, weight, 4, n);
        if (ntaps >= 2) {
            NAME(add_rows)(line, rows, weight, 2, n);
            ntaps -= 2, rows += 2, weight += 2;
        }
        if (ntaps)
            NAME(add_rows)(line, rows, weight, 1, n);
        if (channels == 1)
            NAME(row_of)(block->out[k], line, table, 1);
        else
            NAME(row_of)(block->out[k], line, table, channels);
    }
}

#undef PIXEL
#undef MOST
#undef NAME
