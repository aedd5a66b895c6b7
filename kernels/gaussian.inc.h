// gaussian.inc.h: the row function of gaussian.c for one pixel type: what gaussian_rows.inc.h
// expects is defined by who includes it.
#include "gaussian_rows.inc.h"

static void NAME(gaussian)(const ppx_job *job, const ppx_block *block) {
    blur_plan plan = plan_of(job);
    blur b = blur_of(job, &plan, job->table, block, block->scratch);
    const int32_t lost = blur_lost(&b);
    const SUM *sum = b.sum;
    NAME(begin)(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        PIXEL *out = block->out[k];
        NAME(row)(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < b.n; x++)
            out[x] = NAME(finish)(sum[x], lost);
    }
}

#undef PIXEL
#undef FIXED
#undef SUM
#undef SUMS
#undef NAME
