// box_sums.h: sums over the (2 rx + 1)(2 ry + 1) samples around each one, a row at a time, for
// every kernel that is built on them.
//
// Running sums (McDonnell 1981): sums of columns move down by one row added and one subtracted, and
// a running sum along the row moves right the same way; the cost does not depend on the radii. A
// running sum of whole numbers is a prefix sum, and vectors add it up by doubling (Hillis, Steele
// 1986). Rows are made in chunks that stay in the cache.
//
// A kernel asks for ry + 1 rows above, ry below, and box_scratch_nbytes; `start` says that the row
// above was not made by the same worker just before. With sums of floats also at every strip: the
// geometry is then anchored.
#ifndef PPX_BOX_SUMS_H
#define PPX_BOX_SUMS_H

#include <string.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

#include "../core/kernel.h"

typedef struct box_frame {
    ptrdiff_t width, rx, ry;
    int step; // channels
    ppx_border border;
} box_frame;

// ---- Scratch: the sums of the columns with what lies beyond the edges ----

enum { BOX_CHUNK = 768, BOX_SPARE = 8 }; // samples: whole pixels of 1 to 4, and what is overrun

static inline ptrdiff_t box_left(const box_frame *f) {
    return ((f->rx + 1) * f->step + 7) / 8 * 8;
}

// Lines of one frame; samples may take 8 bytes.
static inline size_t box_scratch_nbytes(const box_frame *f, size_t nlines) {
    ptrdiff_t samples = box_left(f) + (f->width + f->rx + 1) * f->step + BOX_SPARE;
    return nlines * (((size_t)samples + 7) / 8 * 8) * sizeof(double);
}

static inline void *box_line(const box_frame *f, void *scratch, size_t line, size_t sample_nbytes) {
    return (char *)scratch + line * box_scratch_nbytes(f, 1) + (size_t)box_left(f) * sample_nbytes;
}

// Pixels of a chunk, a multiple of 4.
static inline ptrdiff_t box_chunk(const box_frame *f, ptrdiff_t x) {
    ptrdiff_t n = BOX_CHUNK / f->step / 4 * 4;
    return f->width - x < n ? f->width - x : n;
}

// ---- Prefix sums ----

// Makes running sums of n differences, from what comes before; returns the last sum.
static inline uint32_t box_scan(uint32_t *sums, ptrdiff_t n, uint32_t before) {
    ptrdiff_t k = 0;
#if defined __AVX2__
    __m256i last = _mm256_set1_epi32((int)before);
    for (; k + 8 <= n; k += 8) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(sums + k));
        v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
        v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));
        __m256i low = _mm256_permute2x128_si256(v, v, 0x08); // none, the lower half
        v = _mm256_add_epi32(v, _mm256_shuffle_epi32(low, 0xff));
        _mm256_storeu_si256((__m256i *)(sums + k), _mm256_add_epi32(v, last));
        last = _mm256_add_epi32(last, _mm256_permutevar8x32_epi32(v, _mm256_set1_epi32(7)));
    }
    before = (uint32_t)_mm256_extract_epi32(last, 0);
#else
    typedef uint32_t four __attribute__((vector_size(16)));
    const four none = {0};
    four last = none + before;
    for (; k + 4 <= n; k += 4) {
        four v;
        memcpy(&v, sums + k, sizeof v);
        v += __builtin_shufflevector(none, v, 0, 4, 5, 6);
        v += __builtin_shufflevector(none, v, 0, 1, 4, 5);
        four all = __builtin_shufflevector(v, v, 3, 3, 3, 3);
        v += last;
        last += all;
        memcpy(sums + k, &v, sizeof v);
    }
    before = last[0];
#endif
    for (; k < n; k++)
        sums[k] = before += sums[k];
    return before;
}

// ---- By type: columns, start_row and sums, as box_sums.inc.h describes them ----

#define PIXEL uint8_t
#define COLUMN uint16_t // (2 ry + 1) * 255 must fit
#define NAME(function) function##_u8
#include "box_sums.inc.h"

#define PIXEL uint8_t
#define COLUMN uint32_t
#define NAME(function) function##_u8_tall
#include "box_sums.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define NAME(function) function##_u16
#include "box_sums.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define NAME(function) function##_u16_large
#define SUM_IS_DOUBLE
#include "box_sums.inc.h"

#define PIXEL float
#define COLUMN double
#define COLUMN_IS_DOUBLE
#define NAME(function) function##_f32
#define SUM_IS_DOUBLE
#include "box_sums.inc.h"

#endif
