// unsharp.inc.h: the row function of unsharp.c for one pixel type. PIXEL, NAME and SUM (what the
// blur gives) are defined by who includes it.
static void NAME(unsharp)(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    const sharpness s = sharpness_of(job, &b);
    const SUM *restrict sum = b.sum;
    const ptrdiff_t n = b.n;
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *in = block->in[k];
        PIXEL *restrict out = block->out[k];
        ppx_blur_row(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = NAME(sharpen)(in[x], sum[x], &s);
    }
}

#undef PIXEL
#undef SUM
#undef NAME
