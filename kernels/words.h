// words.h: vectors of 32-bit words, and the operations on them that have no operator in C: the
// smaller and the larger of two, the least of all, where two are equal.
//
// With AVX2 they are its instructions (gcc 12 makes a compare and a select of the plain form);
// elsewhere the same values from GCC's vectors, which both compilers know. Loads need no alignment.
#ifndef PPX_KERNELS_WORDS_H
#define PPX_KERNELS_WORDS_H

#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
enum { WORDS = 8 };
#else
enum { WORDS = 4 };
#endif

typedef uint32_t words __attribute__((vector_size(4 * WORDS)));

static inline words words_load(const uint32_t *from) {
    words a;
    memcpy(&a, from, sizeof a);
    return a;
}

static inline void words_store(uint32_t *to, words a) {
    memcpy(to, &a, sizeof a);
}

static inline words words_all(uint32_t value) {
    return value - (words){0};
}

static inline words words_either(words mask, words yes, words no) {
    return (yes & mask) | (no & ~mask);
}

#ifdef __AVX2__

static inline words words_min(words a, words b) {
    return (words)_mm256_min_epu32((__m256i)a, (__m256i)b);
}

static inline words words_max(words a, words b) {
    return (words)_mm256_max_epu32((__m256i)a, (__m256i)b);
}

static inline uint32_t words_least(words a) {
    __m128i b =
        _mm_min_epu32(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));
    b = _mm_min_epu32(b, _mm_shuffle_epi32(b, 0x4e));
    b = _mm_min_epu32(b, _mm_shuffle_epi32(b, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(b);
}

// Bit k is set where the words k are equal.
static inline unsigned words_equal(words a, words b) {
    return (unsigned)_mm256_movemask_ps((__m256)(a == b));
}

#else

static inline words words_min(words a, words b) {
    return words_either((words)(a < b), a, b);
}

static inline words words_max(words a, words b) {
    return words_either((words)(a > b), a, b);
}

static inline uint32_t words_least(words a) {
    uint32_t least = a[0];
    for (int k = 1; k < WORDS; k++)
        least = a[k] < least ? a[k] : least;
    return least;
}

static inline unsigned words_equal(words a, words b) {
    const words mask = (words)(a == b);
    unsigned bits = 0;
    for (int k = 0; k < WORDS; k++)
        bits |= (mask[k] & 1u) << k;
    return bits;
}

#endif

#endif
