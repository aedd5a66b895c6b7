// bits.h: bytes to bits, for kernels that know foreground and background only.
#ifndef PPX_BITS_H
#define PPX_BITS_H

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "../core/kernel.h"

// Bit k is set where byte k is not 0.
static inline uint64_t bits_of_8(const uint8_t *bytes) {
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu, ones = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word = ((((word & low) + low) | word) >> 7) & ones; // no carry from byte to byte
    return word * 0x0102040810204080u >> 56;            // bit 8k to bit 56 + k
}

static inline uint64_t bits_of_64(const uint8_t *bytes) {
    uint64_t bits = 0;
#ifdef __AVX2__
    for (int k = 0; k < 64; k += 32) {
        const __m256i half = _mm256_loadu_si256((const __m256i *)(bytes + k));
        const __m256i zero = _mm256_cmpeq_epi8(half, _mm256_setzero_si256());
        bits |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(zero) << k;
    }
#else
    for (int k = 0; k < 8; k++)
        bits |= bits_of_8(bytes + 8 * k) << 8 * k;
#endif
    return bits;
}

// Byte k is 255 where bit k is set, and 0 elsewhere.
static inline void bytes_of_64(uint8_t *bytes, uint64_t bits) {
#ifdef __AVX2__
    const __m256i which =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i mask = _mm256_set1_epi64x((long long)0x8040201008040201u);
    for (int k = 0; k < 64; k += 32) {
        __m256i half = _mm256_set1_epi32((int)(uint32_t)(bits >> k));
        half = _mm256_and_si256(_mm256_shuffle_epi8(half, which), mask);
        half = _mm256_cmpeq_epi8(half, mask);
        _mm256_storeu_si256((__m256i *)(bytes + k), half);
    }
#else
    for (int k = 0; k < 64; k++)
        bytes[k] = (uint8_t) - (bits >> k & 1);
#endif
}

#endif
