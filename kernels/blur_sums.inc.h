// blur_sums.inc.h: the two arithmetics of blur.c: "fixed", in 16 bits, and float.
#if defined __AVX2__ || defined __SSE2__
#include <immintrin.h>
#endif

#if defined __AVX512BW__
#define VECTOR_NBYTES 64
#elif defined __AVX2__
#define VECTOR_NBYTES 32
#else
#define VECTOR_NBYTES 16
#endif
enum { FEW = 8 };     // weights that registers hold
enum { AT_ONCE = 8 }; // vectors: as many as there are registers for sums

typedef uint16_t vector_fixed __attribute__((vector_size(VECTOR_NBYTES)));
typedef float vector_float __attribute__((vector_size(VECTOR_NBYTES)));

// The high halves of the products.
static INLINE vector_fixed product_fixed(vector_fixed a, vector_fixed w) {
#if defined __AVX512BW__
    return (vector_fixed)_mm512_mulhi_epu16((__m512i)a, (__m512i)w);
#elif defined __AVX2__
    return (vector_fixed)_mm256_mulhi_epu16((__m256i)a, (__m256i)w);
#elif defined __SSE2__
    return (vector_fixed)_mm_mulhi_epu16((__m128i)a, (__m128i)w);
#else
    vector_fixed high;
    for (int k = 0; k < VECTOR_NBYTES / 2; k++)
        high[k] = (uint16_t)((uint32_t)a[k] * w[k] >> 16);
    return high;
#endif
}

// The centre's weight counts one sample, not two.
static INLINE vector_fixed centre_fixed(vector_fixed a, vector_fixed w) {
    return product_fixed(a + a, w);
}

// (sum + 1) / 2
static INLINE vector_fixed keep_fixed(vector_fixed sum) {
#if defined __AVX512BW__
    return (vector_fixed)_mm512_avg_epu16((__m512i)sum, _mm512_setzero_si512());
#elif defined __AVX2__
    return (vector_fixed)_mm256_avg_epu16((__m256i)sum, _mm256_setzero_si256());
#elif defined __SSE2__
    return (vector_fixed)_mm_avg_epu16((__m128i)sum, _mm_setzero_si128());
#else
    return (sum + 1) >> 1;
#endif
}

static INLINE vector_float product_float(vector_float a, vector_float w) {
    return a * w;
}

static INLINE vector_float centre_float(vector_float a, vector_float w) {
    return a * w;
}

static INLINE vector_float keep_float(vector_float sum) {
    return sum;
}

// Samples and grey levels as these sums count them: fixed in 1/128 of a level (sums of weights: in
// 1/256), float as they are.
static INLINE uint16_t of_level_fixed(float level) {
    int32_t value = (int32_t)(level * 256 + 0.5f);
    value = value < 0 ? 0 : value;
    return (uint16_t)(value < UINT8_MAX << 8 ? value : UINT8_MAX << 8);
}

static INLINE float of_level_float(float level) {
    return level;
}

static INLINE float level_fixed(uint16_t sum, int32_t lost) {
    return (float)(sum + lost) * (1.0f / 256);
}

static INLINE float level_float(float sum, int32_t lost) {
    (void)lost;
    return sum;
}

// Sums of even samples and of odd ones become pixels, rounded half up: bytes, and words of 16 bits.
// `lost` is given back.
static INLINE vector_fixed join_fixed(vector_fixed even, vector_fixed odd, int32_t lost) {
    const uint16_t half = (uint16_t)(128 + lost);
    even = (even + half) >> 8;
    odd = (odd + half) >> 8;
    return PPX_BLUR_FIRST ? even << 8 | odd : odd << 8 | even;
}

typedef int32_t vector_whole __attribute__((vector_size(VECTOR_NBYTES)));

static INLINE vector_whole whole_of(vector_float sum) {
    vector_whole whole = __builtin_convertvector(sum + 0.5f, vector_whole);
    whole &= ~(whole >> 31);
    vector_whole above = (vector_whole)(whole > UINT16_MAX);
    return (whole | above) & UINT16_MAX;
}

static INLINE vector_float join_float(vector_float even, vector_float odd, int32_t lost) {
    (void)lost;
    vector_whole a = whole_of(even), b = whole_of(odd);
    return (vector_float)(PPX_BLUR_FIRST ? a << 16 | b : b << 16 | a);
}

#define FOR_FEW(radius, DO)                                                                        \
    switch (radius) {                                                                              \
    case 1:                                                                                        \
        DO(1);                                                                                     \
        return;                                                                                    \
    case 2:                                                                                        \
        DO(2);                                                                                     \
        return;                                                                                    \
    case 3:                                                                                        \
        DO(3);                                                                                     \
        return;                                                                                    \
    case 4:                                                                                        \
        DO(4);                                                                                     \
        return;                                                                                    \
    case 5:                                                                                        \
        DO(5);                                                                                     \
        return;                                                                                    \
    case 6:                                                                                        \
        DO(6);                                                                                     \
        return;                                                                                    \
    case 7:                                                                                        \
        DO(7);                                                                                     \
        return;                                                                                    \
    case 8:                                                                                        \
        DO(8);                                                                                     \
        return;                                                                                    \
    }

static const ppx_type type_fixed = PPX_U16, type_float = PPX_F32;

#define SUM uint16_t
#define SUMS(name) name##_fixed
#include "blur_vector.inc.h"

#define SUM float
#define SUMS(name) name##_float
#include "blur_vector.inc.h"
