// pyramid.inc.h: one level of pyramid.c for one pixel type. PIXEL, SUM (of the type of the columns'
// sums), SUM_TYPE, FINISH and NAME are defined by who includes it.

static void NAME(columns)(SUM *restrict sum, const PIXEL *const rows[5], ptrdiff_t n) {
    const PIXEL *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3], *e = rows[4];
    for (ptrdiff_t x = 0; x < n; x++)
        sum[x] = (SUM)((SUM)(a[x] + e[x]) + 4 * (SUM)(b[x] + d[x]) + 6 * (SUM)c[x]);
}

// Every second pixel of a line of sums; step is the distance of two pixels in samples.
static INLINE void NAME(row)(PIXEL *restrict out, const SUM *restrict line, ptrdiff_t width,
                             ptrdiff_t step) {
    for (ptrdiff_t x = 0; x < width; x++)
        for (ptrdiff_t c = 0; c < step; c++) {
            const SUM *at = line + 2 * x * step + c;
            SUM sum = (SUM)((SUM)(at[-2 * step] + at[2 * step]) + 4 * (SUM)(at[-step] + at[step]) +
                            6 * at[0]);
            out[x * step + c] = FINISH(sum);
        }
}

static void NAME(pyramid)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t channels = job->in.channels, width = job->geometry.out.width;
    const ptrdiff_t n = job->in.width * channels, height = job->in.height;
    const bool constant = job->values[BORDER].i == PPX_CONSTANT;
    ptrdiff_t first, end;
    pyramid_needs(job, block->y, block->y + block->nrows, &first, &end);
    SUM *line = (SUM *)block->scratch + left_of(job);
    const PIXEL *blank = (const PIXEL *)block->scratch + blank_at(job) / sizeof(PIXEL);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *rows[5];
        for (ptrdiff_t t = 0; t < 5; t++) {
            ptrdiff_t y = 2 * (block->y + k) + t - 2;
            rows[t] = constant && (y < 0 || y >= height) ? blank : block->in[y - first];
        }
        NAME(columns)(line, rows, n);
        ppx_row_extend(line, job->in.width, job->in.channels, SUM_TYPE, 2, job->geometry.border, 0);
        if (channels == 1) // a constant the compiler can make vectors for
            NAME(row)(block->out[k], line, width, 1);
        else
            NAME(row)(block->out[k], line, width, channels);
    }
}

#undef PIXEL
#undef SUM
#undef SUM_TYPE
#undef FINISH
#undef NAME
