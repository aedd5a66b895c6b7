// adaptive_median.inc.h: adaptive_median.c for one pixel type; PIXEL, NAME and FINISH(v) are
// defined by who includes it.

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

static inline PIXEL NAME(middle)(PIXEL a, PIXEL b, PIXEL c) {
    return MOST(LEAST(a, b), LEAST(MOST(a, b), c));
}

// Radius 1, n samples: what comes out where that will do, and where it will not, a mark.
static void NAME(first)(const PIXEL *above, const PIXEL *row, const PIXEL *below,
                        PIXEL *restrict out, uint8_t *restrict grows, ptrdiff_t n, ptrdiff_t step) {
#pragma omp simd
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL low[3], mid[3], high[3];
        for (int u = 0; u < 3; u++) {
            const PIXEL a = above[x + (u - 1) * step], b = row[x + (u - 1) * step];
            const PIXEL c = below[x + (u - 1) * step];
            low[u] = LEAST(LEAST(a, b), c);
            mid[u] = NAME(middle)(a, b, c);
            high[u] = MOST(MOST(a, b), c);
        }
        const PIXEL least = LEAST(LEAST(low[0], low[1]), low[2]);
        const PIXEL greatest = MOST(MOST(high[0], high[1]), high[2]);
        const PIXEL median =
            NAME(middle)(MOST(MOST(low[0], low[1]), low[2]), NAME(middle)(mid[0], mid[1], mid[2]),
                         LEAST(LEAST(high[0], high[1]), high[2]));
        const bool fails = (least >= median) | (median >= greatest);
        const bool stays = (least < row[x]) & (row[x] < greatest) & !fails;
        grows[x] = (uint8_t)fails;
        out[x] = FINISH(stays ? row[x] : median);
    }
}

// The sample of rank n / 2 among n, which are put into another order (Hoare's Find, CACM 4, 1961).
static PIXEL NAME(find_middle)(PIXEL *v, ptrdiff_t n) {
    const ptrdiff_t rank = n / 2;
    ptrdiff_t first = 0, last = n - 1;
    while (first < last) {
        const PIXEL pivot = v[rank];
        ptrdiff_t i = first, j = last;
        while (i <= j) {
            while (v[i] < pivot)
                i++;
            while (pivot < v[j])
                j--;
            if (i <= j) {
                const PIXEL swap = v[i];
                v[i++] = v[j];
                v[j--] = swap;
            }
        }
        if (j < rank)
            first = i;
        if (rank < i)
            last = j;
    }
    return v[rank];
}

// One sample from radius 2 on, `x` samples from the beginning of each row.
static PIXEL NAME(grow)(const void *const *rows, ptrdiff_t x, ptrdiff_t step, ptrdiff_t max) {
    const PIXEL centre = ((const PIXEL *)rows[0])[x];
    PIXEL window[MAX_WINDOW], median = centre;
    for (ptrdiff_t r = 2; r <= max; r++) {
        PIXEL least = centre, greatest = centre;
        ptrdiff_t n = 0;
        for (ptrdiff_t v = -r; v <= r; v++)
            for (ptrdiff_t u = -r; u <= r; u++) {
                const PIXEL sample = ((const PIXEL *)rows[v])[x + u * step];
                least = LEAST(sample, least);
                greatest = MOST(sample, greatest);
                window[n++] = sample;
            }
        median = NAME(find_middle)(window, n);
        if (least < median && median < greatest)
            return least < centre && centre < greatest ? centre : median;
    }
    return median;
}

static void NAME(rows)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t step = job->in.channels, n = job->in.width * step, max = job->values[MAX].i;
    uint8_t *grows = block->scratch;
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        PIXEL *out = block->out[i];
        NAME(first)(block->in[i - 1], block->in[i], block->in[i + 1], out, grows, n, step);
        if (max > 1)
            for (ptrdiff_t x = 0; x < n; x++)
                if (grows[x])
                    out[x] = FINISH(NAME(grow)(block->in + i, x, step, max));
    }
}

#undef LEAST
#undef MOST
#undef PIXEL
#undef NAME
#undef FINISH
