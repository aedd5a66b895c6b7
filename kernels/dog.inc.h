// dog.inc.h: the row functions of dog.c for one pixel type. PIXEL, NAME and, for integers, MOST are
// defined by who includes it.
#define SUM float
#define SUMS(name) name##_float
#include "gaussian_rows.inc.h"

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
    blur_plan plans[] = {plan_of(job, SIGMA1), plan_of(job, SIGMA2)};
    const blur_table *tables = job->table;
    char *scratch = block->scratch;
    blur first = blur_of(job, &plans[0], &tables[0], block, scratch);
    blur second =
        blur_of(job, &plans[1], &tables[1], block, scratch + blur_scratch_nbytes(job, &plans[0]));
    const float scale = (float)job->values[DOG_SCALE].d;
    const float *a = first.sum, *b = second.sum;
    NAME(begin)(&first);
    NAME(begin)(&second);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *out = block->out[k];
        NAME(row)(&first, k, first.sum);
        NAME(row)(&second, k, second.sum);
        for (ptrdiff_t x = 0; x < first.n; x++)
            out[x] = NAME(band)(scale * (a[x] - b[x]));
    }
}

static void NAME(log)(const ppx_job *job, const ppx_block *block) {
    blur_plan plan = log_plan_of(job);
    blur b = blur_of(job, &plan, job->table, block, block->scratch);
    const float scale = (float)job->values[LOG_SCALE].d, *sum = b.sum;
    NAME(begin)(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *out = block->out[k];
        NAME(row)(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < b.n; x++)
            out[x] = NAME(band)(scale * sum[x]);
    }
}

#undef PIXEL
#undef MOST
#undef SUM
#undef SUMS
#undef NAME
