// laplacian.inc.h: the row functions of laplacian.c for one pixel type; PIXEL, SUM, NAME and, for
// integers, MOST are defined by who includes it.

static INLINE PIXEL NAME(shown)(SUM sum, bool absolute) {
#ifdef MOST
    SUM value = absolute ? (SUM)(sum < 0 ? -sum : sum) : (SUM)(sum + MOST / 2 + 1);
    value = value < 0 ? 0 : value;
    return (PIXEL)(value > MOST ? MOST : value);
#else
    return absolute ? fabsf(sum) : sum;
#endif
}

// The choices are constants where this is called. Sums are taken column by column.
static INLINE void NAME(laplacian_row)(PIXEL *restrict out, const PIXEL *const rows[3], ptrdiff_t n,
                                       ptrdiff_t step, bool corners, bool absolute) {
    const PIXEL *a = rows[0], *b = rows[1], *c = rows[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        SUM around = (SUM)((a[x] + c[x]) + (b[x - step] + b[x + step]));
        if (corners)
            around = (SUM)(around + ((a[x - step] + c[x - step]) + (a[x + step] + c[x + step])));
        out[x] = NAME(shown)((SUM)(around - (SUM)(b[x] * (corners ? 8 : 4))), absolute);
    }
}

static void NAME(laplacian)(const ppx_job *job, const ppx_block *block) {
    ptrdiff_t step = job->in.channels, n = job->in.width * step;
    bool corners = job->values[CONNECTIVITY].i == EIGHT;
    bool absolute = job->values[OUTPUT].i == ABSOLUTE;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *const rows[3] = {block->in[k - 1], block->in[k], block->in[k + 1]};
        if (corners && absolute)
            NAME(laplacian_row)(block->out[k], rows, n, step, true, true);
        else if (corners)
            NAME(laplacian_row)(block->out[k], rows, n, step, true, false);
        else if (absolute)
            NAME(laplacian_row)(block->out[k], rows, n, step, false, true);
        else
            NAME(laplacian_row)(block->out[k], rows, n, step, false, false);
    }
}

#undef PIXEL
#undef SUM
#undef MOST
#undef NAME
