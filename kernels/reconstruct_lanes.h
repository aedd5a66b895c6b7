// reconstruct_lanes.h: vectors of 16 bytes for reconstruct.inc.h: minima and maxima of each sample
// type, and shifts from sample to sample, which are the same for all types.
//
// 16 bytes and not more: what goes on along a row takes log2 of the samples in a vector, and shifts
// do not leave 16 bytes in one instruction on any level. On x86 these are its instructions;
// elsewhere the same values from GCC's vectors.
#ifndef PPX_RECONSTRUCT_LANES_H
#define PPX_RECONSTRUCT_LANES_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

typedef uint8_t vec_u8 __attribute__((vector_size(16)));
typedef uint16_t vec_u16 __attribute__((vector_size(16)));
typedef uint32_t vec_u32 __attribute__((vector_size(16)));
typedef float vec_f32 __attribute__((vector_size(16)));

// a where a is above (below) b, else b: also for NaN.
#define WHERE(type, mask, yes, no) (type)(((vec_u8)(yes) & (mask)) | ((vec_u8)(no) & ~(mask)))
#define PORTABLE(type, suffix)                                                                     \
    INLINE type above_##suffix(type a, type b) {                                                   \
        vec_u8 mask = (vec_u8)(a > b);                                                             \
        return WHERE(type, mask, a, b);                                                            \
    }                                                                                              \
    INLINE type below_##suffix(type a, type b) {                                                   \
        vec_u8 mask = (vec_u8)(a < b);                                                             \
        return WHERE(type, mask, a, b);                                                            \
    }
#define NATIVE(type, suffix, vector, operation)                                                    \
    INLINE type above_##suffix(type a, type b) {                                                   \
        return (type)_mm_max_##operation((vector)a, (vector)b);                                    \
    }                                                                                              \
    INLINE type below_##suffix(type a, type b) {                                                   \
        return (type)_mm_min_##operation((vector)a, (vector)b);                                    \
    }

#ifdef __SSE2__
NATIVE(vec_u8, u8, __m128i, epu8)
NATIVE(vec_f32, f32, __m128, ps)
#else
PORTABLE(vec_u8, u8)
PORTABLE(vec_f32, f32)
#endif
#ifdef __SSE4_1__
NATIVE(vec_u16, u16, __m128i, epu16)
NATIVE(vec_u32, u32, __m128i, epu32)
#else
PORTABLE(vec_u16, u16)
PORTABLE(vec_u32, u32)
#endif

// One bit for each byte that differs, in any order.
INLINE uint32_t bytes_differ(vec_u8 a, vec_u8 b) {
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8((__m128i)a, (__m128i)b)) ^ 0xffff;
#else
    vec_u8 differ = (vec_u8)(a != b);
    uint64_t half[2];
    memcpy(half, &differ, sizeof half);
    const uint64_t bits = 0x8040201008040201u, sum = 0x0101010101010101u;
    return (uint32_t)((half[0] & bits) * sum >> 56 | ((half[1] & bits) * sum >> 56) << 8);
#endif
}

// Byte k becomes byte k - nbytes of v; the first ones become the last ones of `fill`.
INLINE vec_u8 bytes_forwards(vec_u8 fill, vec_u8 v, size_t nbytes) {
#define FROM(n)                                                                                    \
    __builtin_shufflevector(fill, v, 16 - n, 17 - n, 18 - n, 19 - n, 20 - n, 21 - n, 22 - n,       \
                            23 - n, 24 - n, 25 - n, 26 - n, 27 - n, 28 - n, 29 - n, 30 - n,        \
                            31 - n)
    return nbytes == 1 ? FROM(1) : nbytes == 2 ? FROM(2) : nbytes == 4 ? FROM(4) : FROM(8);
#undef FROM
}

// Byte k becomes byte k + nbytes of v; the last ones become the first ones of `fill`.
INLINE vec_u8 bytes_backwards(vec_u8 fill, vec_u8 v, size_t nbytes) {
#define FROM(n)                                                                                    \
    __builtin_shufflevector(v, fill, n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8,    \
                            n + 9, n + 10, n + 11, n + 12, n + 13, n + 14, n + 15)
    return nbytes == 1 ? FROM(1) : nbytes == 2 ? FROM(2) : nbytes == 4 ? FROM(4) : FROM(8);
#undef FROM
}

#endif
