// look_up.h: samples of integer types through a table of every level: look_up_u8, look_up_u16. On
// AVX2 the 256 levels of u8 are 16 registers of 16 bytes.
#ifndef PPX_LOOK_UP_H
#define PPX_LOOK_UP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "look_up.inc.h"

#ifdef __AVX2__
#include <immintrin.h>

// The part of a table for levels [0, 128) or [128, 256), 16 of them in a register. A shuffle takes
// the low four bits for an index and gives 0 where bit 7 is set, so with 16 subtracted each time,
// level v passes through registers 0 .. v / 16 at the same index and is 0 in the others. Each
// register holds the difference (exclusive or) to the one before, and the sum of all is the value.
typedef struct half_table {
    __m128i difference[8];
} half_table;

static inline void fill_half(half_table *half, const uint8_t *value) {
    __m128i before = _mm_setzero_si128();
    for (int k = 0; k < 8; k++) {
        __m128i these = _mm_loadu_si128((const __m128i *)(const void *)(value + 16 * k));
        half->difference[k] = _mm_xor_si128(these, before);
        before = these;
    }
}

// Bytes with bit 7 set give 0: subtraction that saturates never brings them back into [0, 128).
static inline __m256i look_up_half(const half_table *half, __m256i level) {
    __m256i sum = _mm256_setzero_si256();
    for (int k = 0; k < 8; k++) {
        __m256i these = _mm256_broadcastsi128_si256(half->difference[k]);
        sum = _mm256_xor_si256(sum, _mm256_shuffle_epi8(these, level));
        level = _mm256_subs_epi8(level, _mm256_set1_epi8(16));
    }
    return sum;
}

static inline void look_up_u8(uint8_t *restrict out, const uint8_t *restrict in, ptrdiff_t n,
                              const uint8_t *value) {
    half_table dark, bright;
    fill_half(&dark, value);
    fill_half(&bright, value + 128);
    ptrdiff_t x = 0;
    for (; x + 32 <= n; x += 32) {
        __m256i level = _mm256_loadu_si256((const __m256i *)(const void *)(in + x));
        __m256i flipped = _mm256_xor_si256(level, _mm256_set1_epi8(-128));
        __m256i sum = _mm256_xor_si256(look_up_half(&dark, level), look_up_half(&bright, flipped));
        _mm256_storeu_si256((__m256i *)(void *)(out + x), sum);
    }
    for (; x < n; x++)
        out[x] = value[in[x]];
}

#else

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "look_up.inc.h"

#endif
#endif
