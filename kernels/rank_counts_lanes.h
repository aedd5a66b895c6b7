// rank_counts_lanes.h: vectors of bytes as wide as the instruction set has them, and what the
// counts of rank_counts.c need that has no operator in C.
#ifndef PPX_RANK_COUNTS_LANES_H
#define PPX_RANK_COUNTS_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX2__
#include <immintrin.h>
enum { LANES = 32 };
#else
#if defined __SSE2__
#include <emmintrin.h>
#endif
enum { LANES = 16 };
#endif
enum { SIGNS = LANES / 8 }; // bytes that have a bit for each lane

#define LANES_INLINE static inline __attribute__((always_inline))

typedef int8_t bytes __attribute__((vector_size(LANES)));
typedef uint8_t plain_bytes __attribute__((vector_size(LANES))); // which may wrap
typedef int16_t words __attribute__((vector_size(LANES)));
// A word for each lane, in an order of its own.
typedef struct wide {
    words a, b;
} wide;

LANES_INLINE bytes bytes_load(const void *from) {
    bytes v;
    memcpy(&v, from, sizeof v);
    return v;
}

LANES_INLINE void bytes_store(void *to, bytes v) {
    memcpy(to, &v, sizeof v);
}

LANES_INLINE bytes bytes_all(int value) {
    return (int8_t)value - (bytes){0};
}

// Modulo 256.
LANES_INLINE bytes bytes_plus(bytes a, bytes b) {
    return (bytes)((plain_bytes)a + (plain_bytes)b);
}

LANES_INLINE bool bytes_any(bytes v) { // a bit that is set
    int8_t any = 0;
    for (int i = 0; i < LANES; i++)
        any |= v[i];
    return any != 0;
}

LANES_INLINE wide wide_all(int value) {
    const words v = (int16_t)value - (words){0};
    return (wide){v, v};
}

#if defined __AVX2__

// w + a + b, of signed bytes.
LANES_INLINE wide wide_add(wide w, bytes a, bytes b) {
    const __m256i one = _mm256_set1_epi8(1);
    const __m256i low = _mm256_unpacklo_epi8((__m256i)a, (__m256i)b);
    const __m256i high = _mm256_unpackhi_epi8((__m256i)a, (__m256i)b);
    return (wide){w.a + (words)_mm256_maddubs_epi16(one, low),
                  w.b + (words)_mm256_maddubs_epi16(one, high)};
}

// The same of unsigned bytes.
LANES_INLINE wide wide_add_counts(wide w, bytes a, bytes b) {
    const __m256i one = _mm256_set1_epi8(1);
    const __m256i low = _mm256_unpacklo_epi8((__m256i)a, (__m256i)b);
    const __m256i high = _mm256_unpackhi_epi8((__m256i)a, (__m256i)b);
    return (wide){w.a + (words)_mm256_maddubs_epi16(low, one),
                  w.b + (words)_mm256_maddubs_epi16(high, one)};
}

// Words that do not fit become -128 or 127.
LANES_INLINE bytes narrow(wide w) {
    return (bytes)_mm256_packs_epi16((__m256i)w.a, (__m256i)w.b);
}

// Bytes of which the signs are those of sums.
LANES_INLINE bytes bytes_add(bytes a, bytes b) {
    return (bytes)_mm256_adds_epi8((__m256i)a, (__m256i)b);
}

// Which bytes are negative, a bit for each lane.
LANES_INLINE void store_signs(uint8_t *to, bytes a) {
    const int signs = _mm256_movemask_epi8((__m256i)a);
    memcpy(to, &signs, SIGNS);
}

#else

LANES_INLINE wide wide_add(wide w, bytes a, bytes b) {
    const words u = (words)a, v = (words)b;
    return (wide){w.a + (u << 8 >> 8) + (v << 8 >> 8), w.b + (u >> 8) + (v >> 8)};
}

LANES_INLINE wide wide_add_counts(wide w, bytes a, bytes b) {
    const words u = (words)a, v = (words)b;
    return (wide){w.a + (u & 255) + (v & 255), w.b + (u >> 8 & 255) + (v >> 8 & 255)};
}

LANES_INLINE words clamp(words w) {
    const words above = w > 127, below = w < -128;
    return (above & 127) | (below & -128) | (w & ~above & ~below);
}

LANES_INLINE bytes narrow(wide w) {
    return (bytes)((clamp(w.a) & 255) | clamp(w.b) << 8);
}

LANES_INLINE bytes bytes_add(bytes a, bytes b) {
    return (a & b) | ((a | b) & bytes_plus(a, b));
}

LANES_INLINE void store_signs(uint8_t *to, bytes a) {
#if defined __SSE2__
    const int signs = _mm_movemask_epi8((__m128i)a);
    memcpy(to, &signs, SIGNS);
#else
    for (int i = 0; i < SIGNS; i++) {
        unsigned signs = 0;
        for (int k = 0; k < 8; k++)
            signs |= (unsigned)(a[8 * i + k] < 0) << k;
        to[i] = (uint8_t)signs;
    }
#endif
}

#endif

// ---- Transposition ----

typedef int8_t sixteen __attribute__((vector_size(16)));

#define INTERLEAVE_LOW(a, b)                                                                       \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_HIGH(a, b)                                                                      \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

LANES_INLINE void interleave_16(sixteen *to, const sixteen *from) {
    for (int k = 0; k < 8; k++) {
        to[2 * k] = INTERLEAVE_LOW(from[k], from[k + 8]);
        to[2 * k + 1] = INTERLEAVE_HIGH(from[k], from[k + 8]);
    }
}

// 16 x 16 bytes, by interleaving row k with row k + 8 four times (Stone, Parallel processing with
// the perfect shuffle, 1971). Pitches are from row to row.
static inline void transpose_16(int8_t *to, ptrdiff_t to_pitch, const int8_t *from,
                                ptrdiff_t from_pitch) {
    sixteen a[16], b[16];
    for (int k = 0; k < 16; k++)
        memcpy(&a[k], from + k * from_pitch, sizeof a[k]);
    interleave_16(b, a);
    interleave_16(a, b);
    interleave_16(b, a);
    interleave_16(a, b);
    for (int k = 0; k < 16; k++)
        memcpy(to + k * to_pitch, &a[k], sizeof a[k]);
}

#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH

#endif
