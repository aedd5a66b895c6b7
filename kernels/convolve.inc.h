// convolve.inc.h: the row functions of convolve.c for one type of pixel and of sum; PIXEL, SUM,
// NAME and, for integers, MOST are defined by who includes it.

// Adds ntaps products to sum[0..n), in the order of the taps; ntaps is a constant where this is
// called, so that the loop over them unrolls.
static INLINE void NAME(add)(SUM *restrict sum, const ppx_block *block, ptrdiff_t k, ptrdiff_t x0,
                             ptrdiff_t n, ptrdiff_t step, const tap *taps, int ntaps) {
    const PIXEL *in[TAPS_IN_A_PASS];
    SUM weight[TAPS_IN_A_PASS];
    for (int t = 0; t < ntaps; t++) {
        in[t] = (const PIXEL *)block->in[k + taps[t].dy] + x0 + taps[t].dx * step;
        weight[t] = (SUM)taps[t].weight;
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        SUM s = sum[x];
        for (int t = 0; t < ntaps; t++)
            s = (SUM)(s + (SUM)(weight[t] * (SUM)in[t][x]));
        sum[x] = s;
    }
}

static void NAME(finish)(PIXEL *restrict out, const SUM *restrict sum, ptrdiff_t n,
                         const convolve_table *table) {
    const double scale = table->scale, offset = table->offset;
#ifdef MOST
    const double factor = table->factor, bias = table->bias;
    switch (table->finish) {
    case FINISH_ADD:
        for (ptrdiff_t x = 0, add = table->add; x < n; x++) {
            int32_t value = (int32_t)sum[x] + (int32_t)add;
            value = value < 0 ? 0 : value;
            out[x] = (PIXEL)(value > MOST ? MOST : value);
        }
        return;
    case FINISH_MULTIPLY:
        for (ptrdiff_t x = 0; x < n; x++) {
            double value = (double)sum[x] * factor + bias;
            value = value > 0 ? value : 0; // so that cutting off the fraction is floor
            out[x] = (PIXEL)(int32_t)(value < MOST ? value : MOST);
        }
        return;
    default:
        for (ptrdiff_t x = 0; x < n; x++) {
            double value = (double)sum[x] / scale + offset + 0.5;
            value = value > 0 ? value : 0;
            out[x] = (PIXEL)(int32_t)(value < MOST ? value : MOST);
        }
    }
#else
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = (PIXEL)(sum[x] / scale + offset);
#endif
}

static void NAME(convolve)(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
    ptrdiff_t step = job->in.channels, n = job->in.width * step;
    SUM *sum = block->scratch;
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        for (ptrdiff_t x = 0; x < n; x += TILE) {
            ptrdiff_t tile = n - x < TILE ? n - x : TILE;
            const tap *taps = table->taps, *end = taps + table->ntaps;
            memset(sum, 0, (size_t)tile * sizeof *sum);
            for (; end - taps >= TAPS_IN_A_PASS; taps += TAPS_IN_A_PASS)
                NAME(add)(sum, block, k, x, tile, step, taps, TAPS_IN_A_PASS);
            for (; end - taps >= 3; taps += 3)
                NAME(add)(sum, block, k, x, tile, step, taps, 3);
            for (; taps < end; taps++)
                NAME(add)(sum, block, k, x, tile, step, taps, 1);
            NAME(finish)((PIXEL *)block->out[k] + x, sum, tile, table);
        }
}

#undef PIXEL
#undef MOST
#undef SUM
#undef NAME
