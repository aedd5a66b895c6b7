// lanes.h: vectors as wide as the instruction set has them, for loops that hold many values of a
// pixel at once, and the operations on 16-bit words that have no operator in C: high halves of
// products, saturated sums, sums of products in pairs.
//
// With AVX2 they are its instructions; elsewhere the same values from GCC's vectors, which both
// compilers know. Loads and stores need no alignment.
#ifndef PPX_KERNELS_LANES_H
#define PPX_KERNELS_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
enum { LANES_NBYTES = 32 };
#else
enum { LANES_NBYTES = 16 };
#endif
enum { LANES = LANES_NBYTES / 2 }; // words in a vector

typedef uint16_t lanes __attribute__((vector_size(LANES_NBYTES)));
typedef int32_t wides __attribute__((vector_size(LANES_NBYTES)));
typedef float floats __attribute__((vector_size(LANES_NBYTES)));
// One 32-bit value for each word of a vector, in an order of its own (see lanes_in_order).
typedef struct wide_pair {
    wides low, high;
} wide_pair;

#define LANES_INLINE static inline __attribute__((always_inline))

LANES_INLINE lanes lanes_load(const uint16_t *from) {
    lanes a;
    memcpy(&a, from, sizeof a);
    return a;
}

LANES_INLINE void lanes_store(uint16_t *to, lanes a) {
    memcpy(to, &a, sizeof a);
}

LANES_INLINE floats floats_load(const float *from) {
    floats a;
    memcpy(&a, from, sizeof a);
    return a;
}

LANES_INLINE void floats_store(float *to, floats a) {
    memcpy(to, &a, sizeof a);
}

LANES_INLINE wide_pair wide_pair_load(const void *from) {
    wide_pair a;
    memcpy(&a.low, from, sizeof a.low);
    memcpy(&a.high, (const char *)from + sizeof a.low, sizeof a.high);
    return a;
}

LANES_INLINE void wide_pair_store(void *to, wide_pair a) {
    memcpy(to, &a.low, sizeof a.low);
    memcpy((char *)to + sizeof a.low, &a.high, sizeof a.high);
}

LANES_INLINE wide_pair wide_pair_add(wide_pair a, wide_pair b) {
    return (wide_pair){a.low + b.low, a.high + b.high};
}

LANES_INLINE lanes lanes_all(uint16_t value) {
    return value - (lanes){0};
}

LANES_INLINE wides wides_all(int32_t value) {
    return value - (wides){0};
}

LANES_INLINE floats floats_all(float value) {
    return value - (floats){0};
}

#ifdef __AVX2__

LANES_INLINE lanes lanes_min(lanes a, lanes b) {
    return (lanes)_mm256_min_epu16((__m256i)a, (__m256i)b);
}

LANES_INLINE lanes lanes_add_saturated(lanes a, lanes b) {
    return (lanes)_mm256_adds_epu16((__m256i)a, (__m256i)b);
}

LANES_INLINE lanes lanes_distance(lanes a, lanes b) { // |a - b|
    return (lanes)_mm256_or_si256(_mm256_subs_epu16((__m256i)a, (__m256i)b),
                                  _mm256_subs_epu16((__m256i)b, (__m256i)a));
}

LANES_INLINE lanes lanes_absolute(lanes a) { // of signed words
    return (lanes)_mm256_abs_epi16((__m256i)a);
}

LANES_INLINE lanes lanes_mul_high(lanes a, lanes b) { // a b >> 16
    return (lanes)_mm256_mulhi_epu16((__m256i)a, (__m256i)b);
}

LANES_INLINE lanes lanes_mul_signed(lanes a, lanes b) { // a b / 2^15, rounded half up
    return (lanes)_mm256_mulhrs_epi16((__m256i)a, (__m256i)b);
}

LANES_INLINE lanes lanes_add_signed(lanes a, lanes b) { // saturated
    return (lanes)_mm256_adds_epi16((__m256i)a, (__m256i)b);
}

// Two vectors as lanes_dot takes them.
typedef struct lanes_zipped {
    __m256i low, high;
} lanes_zipped;

LANES_INLINE lanes_zipped lanes_zip(lanes a, lanes b) {
    return (lanes_zipped){_mm256_unpacklo_epi16((__m256i)a, (__m256i)b),
                          _mm256_unpackhi_epi16((__m256i)a, (__m256i)b)};
}

// Products of signed words, added: of the first of two with the first, and the others.
LANES_INLINE wide_pair lanes_dot(lanes_zipped a, lanes_zipped b) {
    return (wide_pair){(wides)_mm256_madd_epi16(a.low, b.low),
                       (wides)_mm256_madd_epi16(a.high, b.high)};
}

LANES_INLINE wide_pair lanes_sum(lanes_zipped a) { // of signed words
    __m256i one = _mm256_set1_epi16(1);
    return (wide_pair){(wides)_mm256_madd_epi16(a.low, one), (wides)_mm256_madd_epi16(a.high, one)};
}

// Values that fit signed words, in the order of the words again.
LANES_INLINE lanes lanes_pack(wide_pair a) {
    return (lanes)_mm256_packs_epi32((__m256i)a.low, (__m256i)a.high);
}

LANES_INLINE wides wides_min(wides a, wides b) {
    return (wides)_mm256_min_epi32((__m256i)a, (__m256i)b);
}

LANES_INLINE floats floats_min(floats a, floats b) { // no NaN
    return (floats)_mm256_min_ps((__m256)a, (__m256)b);
}

LANES_INLINE wides wides_either(wides mask, wides yes, wides no) {
    return (wides)_mm256_blendv_epi8((__m256i)no, (__m256i)yes, (__m256i)mask);
}

// In the order of the words: low then holds the first half.
LANES_INLINE wide_pair lanes_in_order(wide_pair a) {
    return (wide_pair){(wides)_mm256_permute2x128_si256((__m256i)a.low, (__m256i)a.high, 0x20),
                       (wides)_mm256_permute2x128_si256((__m256i)a.low, (__m256i)a.high, 0x31)};
}

#else

LANES_INLINE lanes lanes_either(lanes mask, lanes yes, lanes no) {
    return (yes & mask) | (no & ~mask);
}

LANES_INLINE lanes lanes_min(lanes a, lanes b) {
    return lanes_either((lanes)(a < b), a, b);
}

LANES_INLINE lanes lanes_add_saturated(lanes a, lanes b) {
    lanes sum = a + b;
    return sum | (lanes)(sum < a);
}

LANES_INLINE lanes lanes_distance(lanes a, lanes b) {
    return lanes_either((lanes)(a > b), a - b, b - a);
}

LANES_INLINE lanes lanes_absolute(lanes a) {
    lanes negative = -(a >> 15);
    return (a ^ negative) - negative;
}

typedef uint32_t lanes_twice __attribute__((vector_size(2 * LANES_NBYTES)));
typedef int16_t lanes_half __attribute__((vector_size(LANES_NBYTES / 2)));

LANES_INLINE lanes lanes_mul_high(lanes a, lanes b) {
    lanes_twice product =
        __builtin_convertvector(a, lanes_twice) * __builtin_convertvector(b, lanes_twice);
    return __builtin_convertvector(product >> 16, lanes);
}

LANES_INLINE wide_pair lanes_widen(lanes a) {
    lanes_half half[2];
    memcpy(half, &a, sizeof a);
    return (wide_pair){__builtin_convertvector(half[0], wides),
                       __builtin_convertvector(half[1], wides)};
}

typedef struct lanes_zipped {
    wide_pair a, b;
} lanes_zipped;

LANES_INLINE lanes_zipped lanes_zip(lanes a, lanes b) {
    return (lanes_zipped){lanes_widen(a), lanes_widen(b)};
}

LANES_INLINE wide_pair lanes_dot(lanes_zipped p, lanes_zipped q) {
    return (wide_pair){p.a.low * q.a.low + p.b.low * q.b.low,
                       p.a.high * q.a.high + p.b.high * q.b.high};
}

LANES_INLINE wide_pair lanes_sum(lanes_zipped a) {
    return wide_pair_add(a.a, a.b);
}

LANES_INLINE lanes lanes_pack(wide_pair a) {
    lanes_half half[2] = {__builtin_convertvector(a.low, lanes_half),
                          __builtin_convertvector(a.high, lanes_half)};
    lanes packed;
    memcpy(&packed, half, sizeof packed);
    return packed;
}

LANES_INLINE lanes lanes_mul_signed(lanes a, lanes b) {
    wide_pair p = lanes_widen(a), q = lanes_widen(b);
    return lanes_pack(
        (wide_pair){(p.low * q.low + (1 << 14)) >> 15, (p.high * q.high + (1 << 14)) >> 15});
}

LANES_INLINE lanes lanes_add_signed(lanes a, lanes b) {
    lanes sum = a + b, most = (a >> 15) + INT16_MAX;
    lanes lost = -(((a ^ sum) & (b ^ sum)) >> 15);
    return lanes_either(lost, most, sum);
}

LANES_INLINE wides wides_either(wides mask, wides yes, wides no) {
    return (yes & mask) | (no & ~mask);
}

LANES_INLINE wides wides_min(wides a, wides b) {
    return wides_either((wides)(a < b), a, b);
}

LANES_INLINE floats floats_min(floats a, floats b) { // no NaN
    return (floats)wides_either((wides)(a < b), (wides)a, (wides)b);
}

LANES_INLINE wide_pair lanes_in_order(wide_pair a) {
    return a;
}

#endif

// ---- Exponentials -------------------------------------------------------------------------------

// 2^-u for u >= 0 to 2 parts in 10^7; what is above 126, or is no number, counts as 126. The
// polynomial is the one of degree 5 with the least relative error that is 1 at 0.
LANES_INLINE floats floats_exp2_of_minus(floats u) {
    wides small = (wides)(u < floats_all(126));
    u = (floats)(((wides)u & small) | ((wides)floats_all(126) & ~small));
    wides whole = __builtin_convertvector(u, wides);
    floats f = u - __builtin_convertvector(whole, floats);
    floats p = f * -0.000944903585f + 0.00920579799f;
    p = p * f - 0.0552973581f;
    p = p * f + 0.240180143f;
    p = p * f - 0.693143721f;
    p = p * f + 1.0f;
    return p * (floats)((127 - whole) << 23);
}

// exp(-rate t) for t in [0, most], all in units of 2^-16: the 16th power, by squaring, of a cubic
// polynomial for exp(-rate t / 16). rate is at most 15. For rate * most = 11 it is off by at most
// 1.5 parts in 1000 and 2 units.
typedef struct lanes_decay {
    uint16_t c1, c2, c3, unused;
} lanes_decay;

static inline lanes_decay lanes_decay_fit(double rate, double most) {
    // Meets exp at 0 and where Chebyshev's polynomial of degree 4, moved to [0, most], has its
    // other zeros; found as c1 - c2 t + c3 t^2 = (1 - exp) / t by divided differences.
    const double t0 = 0.2815 * most, t1 = 0.6796 * most, t2 = 0.9611 * most;
    const double y0 = -expm1(-rate / 16 * t0) / t0, y1 = -expm1(-rate / 16 * t1) / t1;
    const double y2 = -expm1(-rate / 16 * t2) / t2;
    double y01 = (y1 - y0) / (t1 - t0), y12 = (y2 - y1) / (t2 - t1), c3 = (y12 - y01) / (t2 - t0);
    double c2 = c3 * (t0 + t1) - y01, c1 = y0 - y01 * t0 + c3 * t0 * t1;
    return (lanes_decay){(uint16_t)(c1 * 65536 + 0.5), (uint16_t)(c2 * 65536 + 0.5),
                         (uint16_t)(c3 * 65536 + 0.5), 0};
}

LANES_INLINE lanes lanes_decay_at(const lanes_decay *decay, lanes t) {
    lanes p = decay->c2 - lanes_mul_high(lanes_all(decay->c3), t);
    p = decay->c1 - lanes_mul_high(p, t);
    p = UINT16_MAX - lanes_mul_high(p, t);
    p = lanes_mul_high(p, p);
    p = lanes_mul_high(p, p);
    p = lanes_mul_high(p, p);
    return lanes_mul_high(p, p);
}

#endif
