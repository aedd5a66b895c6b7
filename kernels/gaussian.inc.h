// gaussian.inc.h: both passes of gaussian.c for one pixel type. PIXEL, NAME and, for integers, MOST
// are defined by who includes it; SUM_IS_FIXED instead of MOST makes the sums in 16 bits.
#ifdef SUM_IS_FIXED
#define SUM uint16_t
#define SUM_TYPE PPX_U16
#define WEIGHTS fixed
#else
#define SUM float
#define SUM_TYPE PPX_F32
#define WEIGHTS weight
#endif

// When fixed, a pair of u8 fills 9 bits of the 16, and sums are in 1/256 of a level.
static INLINE SUM NAME(column_pair)(PIXEL a, PIXEL b, SUM weight) {
#ifdef SUM_IS_FIXED
    return high_half((uint16_t)((a + b) << 7), weight);
#else
    return weight * (float)(a + b);
#endif
}

static INLINE SUM NAME(column_centre)(PIXEL a, SUM weight) {
#ifdef SUM_IS_FIXED
    return high_half((uint16_t)(a << 8), weight);
#else
    return weight * (float)a;
#endif
}

// What is kept of a column: in 1/128 of a level when fixed, so that a pair of them fits 16 bits.
static INLINE SUM NAME(keep)(SUM sum) {
#ifdef SUM_IS_FIXED
    return (SUM)((sum + 1) >> 1);
#else
    return sum;
#endif
}

static INLINE SUM NAME(row_pair)(SUM a, SUM b, SUM weight) {
#ifdef SUM_IS_FIXED
    return high_half((uint16_t)(a + b), weight);
#else
    return weight * (a + b);
#endif
}

static INLINE SUM NAME(row_centre)(SUM a, SUM weight) {
#ifdef SUM_IS_FIXED
    return high_half((uint16_t)(a << 1), weight);
#else
    return weight * a;
#endif
}

static INLINE PIXEL NAME(finish)(SUM sum, uint16_t half) {
#ifdef SUM_IS_FIXED
    return (PIXEL)((uint16_t)(sum + half) >> 8);
#else
    (void)half;
#ifdef MOST
    int32_t value = (int32_t)(sum + 0.5f);
    return (PIXEL)(value < MOST ? value : MOST);
#else
    return sum;
#endif
#endif
}

// Adds the pairs at the distances k, k - 1, ..., k - npairs + 1 to sum[0..n); the last pass also
// the centre. npairs and last are constants where this is called, so that the loops over pairs
// unroll.
static INLINE void NAME(columns_add)(SUM *restrict sum, const PIXEL *const *rows, ptrdiff_t x0,
                                     ptrdiff_t n, const SUM *weight, int k, int npairs, bool last) {
    const PIXEL *a[PAIRS], *b[PAIRS], *centre = rows[0] + x0;
    SUM w[PAIRS], w0 = weight[0];
    for (int p = 0; p < npairs; p++) {
        a[p] = rows[p - k] + x0;
        b[p] = rows[k - p] + x0;
        w[p] = weight[k - p];
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        SUM s = sum[x];
        for (int p = 0; p < npairs; p++)
            s = (SUM)(s + NAME(column_pair)(a[p][x], b[p][x], w[p]));
        sum[x] = last ? NAME(keep)((SUM)(s + NAME(column_centre)(centre[x], w0))) : s;
    }
}

// The same along a line of sums; step is the distance of two pixels in samples.
static INLINE void NAME(row_add)(SUM *restrict sum, PIXEL *restrict out, const SUM *line,
                                 ptrdiff_t step, ptrdiff_t n, const gauss_table *table, int k,
                                 int npairs, bool last) {
    const SUM *weight = table->WEIGHTS;
    SUM w[PAIRS], w0 = weight[0];
    uint16_t half = table->half;
    const SUM *a = line - k * step, *b = line + k * step;
    for (int p = 0; p < npairs; p++)
        w[p] = weight[k - p];
    for (ptrdiff_t x = 0; x < n; x++) {
        SUM s = sum[x];
        for (int p = 0; p < npairs; p++)
            s = (SUM)(s + NAME(row_pair)(a[x + p * step], b[x - p * step], w[p]));
        if (last)
            out[x] = NAME(finish)((SUM)(s + NAME(row_centre)(line[x], w0)), half);
        else
            sum[x] = s;
    }
}

// An odd number of pairs comes first, then PAIRS of them in each pass.
static void NAME(columns)(SUM *sum, const PIXEL *const *rows, ptrdiff_t x0, ptrdiff_t n,
                          const SUM *weight, int radius) {
    memset(sum, 0, (size_t)n * sizeof *sum);
    int k = radius;
    switch (radius % PAIRS) {
    case 1:
        NAME(columns_add)(sum, rows, x0, n, weight, k, 1, false);
        break;
    case 2:
        NAME(columns_add)(sum, rows, x0, n, weight, k, 2, false);
        break;
    case 3:
        NAME(columns_add)(sum, rows, x0, n, weight, k, 3, false);
        break;
    }
    for (k -= radius % PAIRS; k > PAIRS; k -= PAIRS)
        NAME(columns_add)(sum, rows, x0, n, weight, k, PAIRS, false);
    if (k)
        NAME(columns_add)(sum, rows, x0, n, weight, k, PAIRS, true);
    else
        NAME(columns_add)(sum, rows, x0, n, weight, 0, 0, true);
}

static INLINE void NAME(row_tile)(SUM *sum, PIXEL *out, const SUM *line, ptrdiff_t step,
                                  ptrdiff_t n, const gauss_table *table, int radius) {
    memset(sum, 0, (size_t)n * sizeof *sum);
    int k = radius;
    switch (radius % PAIRS) {
    case 1:
        NAME(row_add)(sum, out, line, step, n, table, k, 1, false);
        break;
    case 2:
        NAME(row_add)(sum, out, line, step, n, table, k, 2, false);
        break;
    case 3:
        NAME(row_add)(sum, out, line, step, n, table, k, 3, false);
        break;
    }
    for (k -= radius % PAIRS; k > PAIRS; k -= PAIRS)
        NAME(row_add)(sum, out, line, step, n, table, k, PAIRS, false);
    if (k)
        NAME(row_add)(sum, out, line, step, n, table, k, PAIRS, true);
    else
        NAME(row_add)(sum, out, line, step, n, table, 0, 0, true);
}

static void NAME(row)(SUM *sum, PIXEL *out, const SUM *line, ptrdiff_t step, ptrdiff_t n,
                      const gauss_table *table, int radius) {
    for (ptrdiff_t x = 0; x < n; x += TILE) {
        ptrdiff_t tile = n - x < TILE ? n - x : TILE;
        if (step == 1) // known to the compiler: fewer pointers
            NAME(row_tile)(sum, out + x, line + x, 1, tile, table, radius);
        else
            NAME(row_tile)(sum, out + x, line + x, step, tile, table, radius);
    }
}

static void NAME(gaussian)(const ppx_job *job, const ppx_block *block) {
    const gauss_table *table = job->table;
    int radius = radius_of(job);
    ptrdiff_t step = job->in.channels, n = job->in.width * step;
    ptrdiff_t tile = tile_of(job, block->nrows), pitch = (ptrdiff_t)line_of(job);
    SUM *lines = (SUM *)block->scratch + left_of(job);
    SUM *sum = (SUM *)block->scratch + job->geometry.block * pitch;
    const PIXEL *const *in = (const PIXEL *const *)block->in;
    for (ptrdiff_t x = 0; x < n; x += tile) {
        ptrdiff_t ncolumns = n - x < tile ? n - x : tile;
        for (ptrdiff_t k = 0; k < block->nrows; k++)
            NAME(columns)(lines + k * pitch + x, in + k, x, ncolumns, table->WEIGHTS, radius);
    }
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        SUM *line = lines + k * pitch;
        // Beyond the edge of a constant border the columns' sum is 0 too.
        ppx_row_extend(line, job->in.width, job->in.channels, SUM_TYPE, radius,
                       job->geometry.border, 0);
        NAME(row)(sum, block->out[k], line, step, n, table, radius);
    }
}

#undef PIXEL
#undef MOST
#undef SUM
#undef SUM_IS_FIXED
#undef SUM_TYPE
#undef WEIGHTS
#undef NAME
