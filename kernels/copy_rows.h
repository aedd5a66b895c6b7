// copy_rows.h: rows of a block copied as they are.
#ifndef PPX_KERNELS_COPY_ROWS_H
#define PPX_KERNELS_COPY_ROWS_H

#include "../core/kernel.h"

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>

// A store around the caches does not read from memory first what it then overwrites.
static inline void ppx_copy_far(void *out, const void *in, size_t nbytes) {
    char *to = out;
    const char *from = in;
    size_t head = (0 - (uintptr_t)to) % 32;
    head = head < nbytes ? head : nbytes;
    memcpy(to, from, head);
    size_t k = head;
    for (; k + 128 <= nbytes; k += 128) {
        __m256i v[4];
        for (size_t j = 0; j < 4; j++)
            v[j] = _mm256_loadu_si256((const __m256i *)(from + k + 32 * j));
        for (size_t j = 0; j < 4; j++)
            _mm256_stream_si256((__m256i *)(to + k + 32 * j), v[j]);
    }
    memcpy(to + k, from + k, nbytes - k);
}

// Before others are told that it is done.
static inline void ppx_copy_far_end(void) {
    _mm_sfence();
}
#else
static inline void ppx_copy_far(void *out, const void *in, size_t nbytes) {
    memcpy(out, in, nbytes);
}

static inline void ppx_copy_far_end(void) {
}
#endif

static inline void ppx_copy_rows(const ppx_block *block, size_t nbytes, bool upside_down) {
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const void *in = block->in[upside_down ? block->nrows - 1 - k : k];
        if (block->far)
            ppx_copy_far(block->out[k], in, nbytes);
        else
            memcpy(block->out[k], in, nbytes);
    }
    if (block->far)
        ppx_copy_far_end();
}

#endif
