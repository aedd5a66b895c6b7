// gaussian.inc.h: the row function of gaussian_whole.inc.h for one pixel type. PIXEL, WORD (two of
// them), NAME and SUM (what the blur gives) are defined by who includes it.
static void NAME(gaussian)(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    const int bits = 8 * (int)sizeof(PIXEL), first = PPX_BLUR_FIRST * bits;
    const int32_t lost = ppx_blur_lost(&b);
    const ptrdiff_t n = b.n; // bytes that are written could be those of b
    const SUM *restrict even = b.sum, *restrict odd = even + b.plane;
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *restrict out = block->out[k];
        ppx_blur_row(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < n / 2; x++) {
            WORD word = (WORD)((WORD)NAME(finish)(even[x], lost) << first |
                               (WORD)NAME(finish)(odd[x], lost) << (bits - first));
            memcpy(out + 2 * x, &word, sizeof word);
        }
        if (n % 2)
            out[n - 1] = NAME(finish)(even[n / 2], lost);
    }
}

#undef PIXEL
#undef WORD
#undef SUM
#undef NAME
