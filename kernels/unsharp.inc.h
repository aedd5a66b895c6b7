// unsharp.inc.h: the row function of unsharp.c for one pixel type in floats. PIXEL, NAME and WORD
// (two of them, where the blur parts them) are defined by who includes it.
static void NAME(unsharp)(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    const sharpness s = sharpness_of(job, &b);
    const float *restrict sum = b.sum;
    const ptrdiff_t n = b.n;
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *in = block->in[k];
        PIXEL *restrict out = block->out[k];
        ppx_blur_row(&b, k, b.sum);
#ifdef WORD
        const float *restrict odd = sum + b.plane;
        const int bits = 8 * (int)sizeof(PIXEL), first = PPX_BLUR_FIRST * bits;
        for (ptrdiff_t x = 0; x < n / 2; x++) {
            WORD word;
            memcpy(&word, in + 2 * x, sizeof word);
            PIXEL a = NAME(sharpen)((PIXEL)(word >> first), sum[x], &s);
            PIXEL c = NAME(sharpen)((PIXEL)(word >> (bits - first)), odd[x], &s);
            word = (WORD)((WORD)a << first | (WORD)c << (bits - first));
            memcpy(out + 2 * x, &word, sizeof word);
        }
        if (n % 2)
            out[n - 1] = NAME(sharpen)(in[n - 1], sum[n / 2], &s);
#else
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = NAME(sharpen)(in[x], sum[x], &s);
#endif
    }
}

#undef PIXEL
#undef WORD
#undef NAME
