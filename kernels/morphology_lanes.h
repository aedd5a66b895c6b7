// morphology_lanes.h: vectors of samples, and the least and the greatest of two of them.
//
// gcc 12 makes a compare and a select of the plain form, which is right but slow, so that AVX2's
// instructions are named. Where a sample is not a number both forms give b, and of two zeros b.
#ifndef PPX_MORPHOLOGY_LANES_H
#define PPX_MORPHOLOGY_LANES_H

#include "far.h"

#ifdef __AVX2__
enum { LANES_NBYTES = 32 };
#else
enum { LANES_NBYTES = 16 };
#endif

typedef uint8_t lanes_u8 __attribute__((vector_size(LANES_NBYTES)));
typedef uint16_t lanes_u16 __attribute__((vector_size(LANES_NBYTES)));
typedef float lanes_f32 __attribute__((vector_size(LANES_NBYTES)));
typedef uint32_t lanes_bits __attribute__((vector_size(LANES_NBYTES)));

#ifdef __AVX2__

// v's bytes moved up by n (1 to 32, a constant), those of the vector before following in.
#define LANES_LATER(before, v, n)                                                                  \
    lanes_later((__m256i)(before), (__m256i)(v),                                                   \
                _mm256_permute2x128_si256((__m256i)(before), (__m256i)(v), 0x21), n)
#define lanes_later(before, v, between, n)                                                         \
    ((n) < 16   ? _mm256_alignr_epi8(v, between, (16 - (n)) & 15)                                  \
     : (n) > 16 ? _mm256_alignr_epi8(between, before, (32 - (n)) & 15)                             \
                : between)

// To a place aligned to LANES_NBYTES.
static inline void store_far(void *to, const lanes_bits v) {
    ppx_far_store(to, (__m256i)v, true);
}

static inline lanes_u8 least_u8(lanes_u8 a, lanes_u8 b) {
    return (lanes_u8)_mm256_min_epu8((__m256i)a, (__m256i)b);
}

static inline lanes_u8 greatest_u8(lanes_u8 a, lanes_u8 b) {
    return (lanes_u8)_mm256_max_epu8((__m256i)a, (__m256i)b);
}

static inline lanes_u16 least_u16(lanes_u16 a, lanes_u16 b) {
    return (lanes_u16)_mm256_min_epu16((__m256i)a, (__m256i)b);
}

static inline lanes_u16 greatest_u16(lanes_u16 a, lanes_u16 b) {
    return (lanes_u16)_mm256_max_epu16((__m256i)a, (__m256i)b);
}

static inline lanes_f32 least_f32(lanes_f32 a, lanes_f32 b) {
    return (lanes_f32)_mm256_min_ps((__m256)a, (__m256)b);
}

static inline lanes_f32 greatest_f32(lanes_f32 a, lanes_f32 b) {
    return (lanes_f32)_mm256_max_ps((__m256)a, (__m256)b);
}

#else

static inline void store_far(void *to, const lanes_bits v) {
    memcpy(to, &v, sizeof v);
}

// a where the mask is set, b elsewhere.
static inline lanes_bits select_bits(lanes_bits mask, lanes_bits a, lanes_bits b) {
    return (a & mask) | (b & ~mask);
}

static inline lanes_u8 least_u8(lanes_u8 a, lanes_u8 b) {
    return (lanes_u8)select_bits((lanes_bits)(a < b), (lanes_bits)a, (lanes_bits)b);
}

static inline lanes_u8 greatest_u8(lanes_u8 a, lanes_u8 b) {
    return (lanes_u8)select_bits((lanes_bits)(a > b), (lanes_bits)a, (lanes_bits)b);
}

static inline lanes_u16 least_u16(lanes_u16 a, lanes_u16 b) {
    return (lanes_u16)select_bits((lanes_bits)(a < b), (lanes_bits)a, (lanes_bits)b);
}

static inline lanes_u16 greatest_u16(lanes_u16 a, lanes_u16 b) {
    return (lanes_u16)select_bits((lanes_bits)(a > b), (lanes_bits)a, (lanes_bits)b);
}

static inline lanes_f32 least_f32(lanes_f32 a, lanes_f32 b) {
    return (lanes_f32)select_bits((lanes_bits)(a < b), (lanes_bits)a, (lanes_bits)b);
}

static inline lanes_f32 greatest_f32(lanes_f32 a, lanes_f32 b) {
    return (lanes_f32)select_bits((lanes_bits)(a > b), (lanes_bits)a, (lanes_bits)b);
}

#endif
#endif
