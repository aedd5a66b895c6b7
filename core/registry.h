// registry.h: where the compiled levels of the kernels meet. kernels/list.c is compiled once for
// each level and supplies that level's list.
#ifndef PPX_REGISTRY_H
#define PPX_REGISTRY_H

#include "kernel.h"

typedef struct ppx_level {
    const char *name;
    const ppx_kernel *const *kernels;
    size_t nkernels;
} ppx_level;

extern const ppx_level ppx_level_baseline;
#ifdef PPX_X86_LEVELS
extern const ppx_level ppx_level_avx2;
extern const ppx_level ppx_level_avx512;
#endif

#endif
