// transpose.h: columns become rows, as a step of other kernels. The function carries the
// instruction-set level in its name, as kernels do.
#ifndef PPX_KERNELS_TRANSPOSE_H
#define PPX_KERNELS_TRANSPOSE_H

#include "../core/kernel.h"

#define ppx_transpose_rows PPX_PASTE(ppx_transpose_, rows, PPX_LEVEL)
void ppx_transpose_rows(const ppx_image *in, ptrdiff_t x0, const ppx_image *out);

#define PPX_TRANSPOSE_STEP                                                                         \
    {                                                                                              \
        .pattern = PPX_TRANSPOSE, .transpose = { ppx_transpose_rows }                              \
    }

#endif
