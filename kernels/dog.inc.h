// dog.inc.h: the row functions of dog.c for one pixel type. PIXEL, NAME, for integers MOST, and
// PLANES of the blur (1 or 2) are defined by who includes it.
static INLINE PIXEL NAME(band)(float value) {
#ifdef MOST
    // Cut before it is made an integer, which it may not fit.
    value += (MOST + 1) / 2 + 0.5f;
    value = value > 0 ? value : 0;
    return (PIXEL)(int32_t)(value < MOST ? value : MOST);
#else
    return value;
#endif
}

static void NAME(dog)(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plans[] = {plan_of(job, SIGMA1), plan_of(job, SIGMA2)};
    const ppx_blur_table *tables = job->table;
    char *scratch = block->scratch;
    ppx_blur first = ppx_blur_of(job, &plans[0], &tables[0], block, scratch);
    ppx_blur second = ppx_blur_of(job, &plans[1], &tables[1], block,
                                  scratch + ppx_blur_scratch_nbytes(job, &plans[0]));
    const float scale = (float)job->values[DOG_SCALE].d;
    const float *a = first.sum, *b = second.sum;
    const ptrdiff_t n = first.n; // bytes that are written could be those of a blur
    ppx_blur_begin(&first);
    ppx_blur_begin(&second);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *out = block->out[k];
        ppx_blur_row(&first, k, first.sum);
        ppx_blur_row(&second, k, second.sum);
        for (ptrdiff_t x = 0; x < n / PLANES; x++)
            for (ptrdiff_t p = 0; p < PLANES; p++)
                out[PLANES * x + p] =
                    NAME(band)(scale * (a[x + p * first.plane] - b[x + p * second.plane]));
        if (n % PLANES)
            out[n - 1] = NAME(band)(scale * (a[n / PLANES] - b[n / PLANES]));
    }
}

static void NAME(log)(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = log_plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    const float scale = (float)job->values[LOG_SCALE].d, *sum = b.sum;
    const ptrdiff_t n = b.n;
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *out = block->out[k];
        ppx_blur_row(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < n / PLANES; x++)
            for (ptrdiff_t p = 0; p < PLANES; p++)
                out[PLANES * x + p] = NAME(band)(scale * sum[x + p * b.plane]);
        if (n % PLANES)
            out[n - 1] = NAME(band)(scale * sum[n / PLANES]);
    }
}

#undef PIXEL
#undef MOST
#undef PLANES
#undef NAME
