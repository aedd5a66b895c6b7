// far.h: stores around the caches, to rows of images that are too large for them.
//
// A store around the caches does not read from memory first what it then overwrites, which is a
// third of what a copy moves. Who stores so calls ppx_far_end before others may read the rows. For
// maps the `far` of a block says when. AVX2 and above; other levels store as ever.
#ifndef PPX_KERNELS_FAR_H
#define PPX_KERNELS_FAR_H

#include "../core/kernel.h"

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>

// To an address aligned to 32 bytes, as rows of images begin at, if far; else to any.
static inline void ppx_far_store(void *to, __m256i v, bool far) {
    if (far)
        _mm256_stream_si256((__m256i *)to, v);
    else
        _mm256_storeu_si256((__m256i *)to, v);
}

static inline bool ppx_is_far(const ppx_block *block, const void *row) {
    return block->far && (uintptr_t)row % 32 == 0;
}

static inline void ppx_far_end(bool far) {
    if (far)
        _mm_sfence();
}

static inline void ppx_copy_row(void *out, const void *in, size_t nbytes, bool far) {
    size_t k = 0;
    for (; far && k + 128 <= nbytes; k += 128) {
        __m256i v[4];
        for (size_t j = 0; j < 4; j++)
            v[j] = _mm256_loadu_si256((const __m256i *)(const void *)((const char *)in + k) + j);
        for (size_t j = 0; j < 4; j++)
            ppx_far_store((char *)out + k + 32 * j, v[j], true);
    }
    memcpy((char *)out + k, (const char *)in + k, nbytes - k);
}
#else
static inline bool ppx_is_far(const ppx_block *block, const void *row) {
    (void)block, (void)row;
    return false;
}

static inline void ppx_far_end(bool far) {
    (void)far;
}

static inline void ppx_copy_row(void *out, const void *in, size_t nbytes, bool far) {
    (void)far;
    memcpy(out, in, nbytes);
}
#endif

// All rows of a block as they are.
static inline void ppx_copy_rows(const ppx_block *block, size_t nbytes, bool upside_down) {
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const void *in = block->in[upside_down ? block->nrows - 1 - k : k];
        ppx_copy_row(block->out[k], in, nbytes, ppx_is_far(block, block->out[k]));
    }
    ppx_far_end(block->far);
}

#endif
