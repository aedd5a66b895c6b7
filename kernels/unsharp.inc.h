// unsharp.inc.h: the row function of unsharp.c for one pixel type: what gaussian_rows.inc.h expects
// is defined by who includes it.
#include "gaussian_rows.inc.h"

static void NAME(unsharp)(const ppx_job *job, const ppx_block *block) {
    blur_plan plan = plan_of(job);
    blur b = blur_of(job, &plan, job->table, block, block->scratch);
    const sharpness s = sharpness_of(job, &b);
    const SUM *restrict sum = b.sum;
    const ptrdiff_t n = b.n;
    NAME(begin)(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *in = block->in[k];
        PIXEL *restrict out = block->out[k];
        NAME(row)(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = NAME(sharpen)(in[x], sum[x], &s);
    }
}

#undef PIXEL
#undef FIXED
#undef SUM
#undef SUMS
#undef NAME
