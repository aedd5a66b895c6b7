// unsharp.inc.h: the row function of unsharp.c for one pixel type: what gaussian_rows.inc.h expects
// and, for integers, MOST are defined by who includes it.
#include "gaussian_rows.inc.h"

static void NAME(unsharp)(const ppx_job *job, const ppx_block *block) {
    blur_plan plan = plan_of(job);
    blur b = blur_of(job, &plan, job->table, block, block->scratch);
    const float amount = (float)job->values[AMOUNT].d;
    const float threshold = (float)job->values[THRESHOLD].d;
    const int32_t lost = blur_lost(&b);
    const SUM *sum = b.sum;
    const ptrdiff_t n = b.n;
    NAME(begin)(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *in = block->in[k];
        PIXEL *out = block->out[k];
        NAME(row)(&b, k, b.sum);
        for (ptrdiff_t x = 0; x < n; x++) {
            float value = sharpen(in[x], SUMS(level)(sum[x], lost), amount, threshold);
#ifdef MOST
            out[x] = (PIXEL)cut(value, MOST);
#else
            out[x] = value;
#endif
        }
    }
}

#undef PIXEL
#undef MOST
#undef FIXED
#undef SUM
#undef SUMS
#undef NAME
