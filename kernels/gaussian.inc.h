// gaussian.inc.h: the row function of gaussian.c for one pixel type. PIXEL, NAME and SUM (what the
// blur gives) are defined by who includes it.
static void NAME(gaussian)(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    const int32_t lost = ppx_blur_lost(&b);
    const ptrdiff_t n = b.n; // bytes that are written could be those of b
    const SUM *restrict sum = b.sum;
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *restrict out = block->out[k];
        ppx_blur_row(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = NAME(finish)(sum[x], lost);
    }
}

#undef PIXEL
#undef SUM
#undef NAME
