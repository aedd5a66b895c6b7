// box_means.h: rows of means over rectangles, rounded half up for integers; what `box` writes and
// `adaptive` compares with.
//
// Whole numbers are exact wherever a sum starts: u16 column sums where they fit, u32 elsewhere, row
// sums in u16 (areas to 255), u32, or double (whole numbers below 2^53) for u16 images and large
// areas. f32 sums are double and start anew with every strip and at the left of every row, so that
// the result depends on global coordinates alone; what is not finite spreads to the end of its row
// and strip.
//
// Small areas of u8 add up shifted copies of the columns, of 1, 2, 4 .. pixels at a time, in 16-bit
// lanes: no sum waits for its neighbour, and channels are no matter.
//
// Divisions by the area A, of n = sum + (A - 1) / 2 (A is odd), are exact:
// - areas to 255: with 2^s < A < 2^(s + 1) and k = 16 + s, m = ceil(2^k / A) serves if e = m A -
// 2^k
//   is below 128, since n e < 255.5 A 128 < 2^k (Granlund, Montgomery 1994); else floor(2^k / A)
//   with n + 1 for n, as A - e is below 128 then (Robison 2005).
// - areas to 8192, for u8: n is exact in single precision. n (1 + 2^-22) / A with two roundings of
//   2^-24 is not below a whole n / A, and exceeds it by less than 256 (2^-22 + 2^-23) < 1 / A.
// - other u32 sums: m = ceil(2^(32+s) / A), 2^31 <= m < 2^32, and the bits above 32 + s: with
//   e = m A - 2^(32+s) < A and n < 2^31, n e < 2^31 A - A <= 2^(32+s).
// - double: n + 1/2 is 1 / (2 A) or more away from a multiple of A.
#ifndef PPX_BOX_MEANS_H
#define PPX_BOX_MEANS_H

#include "box_sums.h"

typedef struct box_divisor {
    uint32_t multiplier, shift, half;
    uint16_t small_multiplier, small_half;
    float single; // reciprocal for u8 and areas to LARGEST_SINGLE
    double area, inverse;
} box_divisor;

enum { LARGEST_SMALL = 255, LARGEST_SINGLE = 8192, LONGEST_SHORT = 63 };

static inline void box_divisor_build(box_divisor *d, ptrdiff_t rx, ptrdiff_t ry) {
    const uint64_t area = (uint64_t)((2 * rx + 1) * (2 * ry + 1));
    d->area = (double)area;
    d->inverse = 1 / d->area;
    d->half = (uint32_t)(area / 2);
    d->single = (float)((1 + 0x1p-22) / d->area);
    if (area == 1) // copied
        return;
    while (((uint64_t)1 << (d->shift + 1)) < area)
        d->shift++;
    const uint64_t power = (uint64_t)1 << (32 + d->shift), small = power >> 16;
    d->multiplier = (uint32_t)((power + area - 1) / area);
    if (area > LARGEST_SMALL)
        return;
    const bool up = area - small % area < 128;
    d->small_multiplier = (uint16_t)(small / area + up);
    d->small_half = (uint16_t)(d->half + !up);
}

// ---- Chunks of sums to means ----

static inline void means_u8(const box_divisor *divisor, const uint32_t *restrict sums, ptrdiff_t n,
                            uint8_t *restrict out) {
    const box_divisor d = *divisor;
    if (d.area <= LARGEST_SINGLE) {
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] = (uint8_t)(int32_t)((float)(int32_t)(sums[k] + d.half) * d.single);
        return;
    }
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] =
            (uint8_t)((uint32_t)((uint64_t)(sums[k] + d.half) * d.multiplier >> 32) >> d.shift);
}

static inline void means_u16(const box_divisor *divisor, const uint32_t *restrict sums, ptrdiff_t n,
                             uint16_t *restrict out) {
    const box_divisor d = *divisor;
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] =
            (uint16_t)((uint32_t)((uint64_t)(sums[k] + d.half) * d.multiplier >> 32) >> d.shift);
}

static inline void means_u16_large(const box_divisor *divisor, const double *restrict sums,
                                   ptrdiff_t n, uint16_t *restrict out) {
    const double half = divisor->area / 2, inverse = divisor->inverse;
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = (uint16_t)(int32_t)((sums[k] + half) * inverse);
}

static inline void means_f32(const box_divisor *divisor, const double *restrict sums, ptrdiff_t n,
                             float *restrict out) {
    const double inverse = divisor->inverse;
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = (float)(sums[k] * inverse);
}

// ---- Rows of means ----

#define PIXEL uint8_t
#define COLUMN uint16_t
#define SUM uint32_t
#define NAME(function) function##_u8
#define MEANS means_u8
#include "box_means.inc.h"

#define PIXEL uint8_t
#define COLUMN uint32_t
#define SUM uint32_t
#define NAME(function) function##_u8_tall
#define MEANS means_u8
#include "box_means.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define SUM uint32_t
#define NAME(function) function##_u16
#define MEANS means_u16
#include "box_means.inc.h"

#define PIXEL uint16_t
#define COLUMN uint32_t
#define SUM double
#define NAME(function) function##_u16_large
#define MEANS means_u16_large
#include "box_means.inc.h"

#define PIXEL float
#define COLUMN double
#define SUM double
#define NAME(function) function##_f32
#define MEANS means_f32
#include "box_means.inc.h"

// ---- Small areas of u8 ----

static inline void small_means(const uint16_t *restrict sums, const box_divisor *divisor,
                               ptrdiff_t n, uint8_t *restrict out) {
    const box_divisor d = *divisor;
    ptrdiff_t k = 0;
#if defined __AVX2__
    const __m256i half = _mm256_set1_epi16((short)d.small_half);
    const __m256i multiplier = _mm256_set1_epi16((short)d.small_multiplier);
    const __m128i shift = _mm_cvtsi32_si128((int)d.shift);
    for (; k + 32 <= n; k += 32) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(sums + k));
        __m256i b = _mm256_loadu_si256((const __m256i *)(sums + k + 16));
        a = _mm256_mulhi_epu16(_mm256_add_epi16(a, half), multiplier);
        b = _mm256_mulhi_epu16(_mm256_add_epi16(b, half), multiplier);
        a = _mm256_packus_epi16(_mm256_srl_epi16(a, shift), _mm256_srl_epi16(b, shift));
        _mm256_storeu_si256((__m256i *)(out + k), _mm256_permute4x64_epi64(a, 0xd8));
    }
#endif
    for (; k < n; k++) {
        uint16_t enough = (uint16_t)(sums[k] + d.small_half);
        out[k] = (uint8_t)(((uint32_t)enough * d.small_multiplier >> 16) >> d.shift);
    }
}

enum { FEW = 7, SOME = 15, REACH = LARGEST_SMALL * PPX_MAX_CHANNELS };

// Of few columns: all are added. size and step are constants where this is called.
static inline void sums_of_few(const uint16_t *restrict columns, ptrdiff_t size, ptrdiff_t step,
                               ptrdiff_t n, uint16_t *restrict out) {
    for (ptrdiff_t k = 0; k < n; k++) {
        int sum = 0;
        for (ptrdiff_t i = 0; i < size; i++)
            sum += columns[k + i * step];
        out[k] = (uint16_t)sum;
    }
}

// Of some: sums of four, then of those.
static inline void sums_of_some(const uint16_t *restrict columns, ptrdiff_t size, ptrdiff_t step,
                                ptrdiff_t n, uint16_t *restrict out) {
    uint16_t four[BOX_CHUNK + SOME * PPX_MAX_CHANNELS];
    for (ptrdiff_t k = 0; k < n + (size / 4 * 4 - 4) * step; k++)
        four[k] = (uint16_t)(columns[k] + columns[k + step] + columns[k + 2 * step] +
                             columns[k + 3 * step]);
    for (ptrdiff_t k = 0; k < n; k++) {
        int sum = 0;
        for (ptrdiff_t i = 0; i < size / 4; i++)
            sum += four[k + 4 * i * step];
        for (ptrdiff_t i = size / 4 * 4; i < size; i++)
            sum += columns[k + i * step];
        out[k] = (uint16_t)sum;
    }
}

// Of many: power[k] is the sum of 2^i columns from k on, sum[k] that of the low bits of size.
static inline void sums_of_many(const uint16_t *restrict columns, ptrdiff_t size, ptrdiff_t step,
                                ptrdiff_t n, uint16_t *restrict sum) {
    uint16_t power[BOX_CHUNK + REACH];
    ptrdiff_t taken = 1, many = 2;
    for (ptrdiff_t k = 0; k < n + (size - 2) * step; k++)
        power[k] = (uint16_t)(columns[k] + columns[k + step]);
    memcpy(sum, columns, (size_t)n * sizeof *sum);
    for (; 2 * many <= size; many *= 2) {
        if (size & many) {
            for (ptrdiff_t k = 0; k < n; k++)
                sum[k] = (uint16_t)(sum[k] + power[k + taken * step]);
            taken += many;
        }
        for (ptrdiff_t k = 0; k < n + (size - 2 * many) * step; k++)
            power[k] = (uint16_t)(power[k] + power[k + many * step]);
    }
    for (ptrdiff_t k = 0; k < n; k++)
        sum[k] = (uint16_t)(sum[k] + power[k + taken * step]);
}

// n sums of 2 rx + 1 columns each, the first of which is columns[0].
static inline void small_sums(const box_frame *f, const uint16_t *columns, ptrdiff_t n,
                              uint16_t *out) {
    const ptrdiff_t step = f->step;
    switch (2 * f->rx + 1) {
    case 1:
        sums_of_few(columns, 1, step, n, out);
        break;
    case 3:
        sums_of_few(columns, 3, step, n, out);
        break;
    case 5:
        sums_of_few(columns, 5, step, n, out);
        break;
    case FEW:
        sums_of_few(columns, FEW, step, n, out);
        break;
    case 9:
        sums_of_some(columns, 9, step, n, out);
        break;
    case 11:
        sums_of_some(columns, 11, step, n, out);
        break;
    case 13:
        sums_of_some(columns, 13, step, n, out);
        break;
    case SOME:
        sums_of_some(columns, SOME, step, n, out);
        break;
    default:
        sums_of_many(columns, 2 * f->rx + 1, step, n, out);
        break;
    }
}

static inline void box_means_u8_small(const box_frame *f, const box_divisor *d,
                                      const void *const *in, bool start, void *scratch,
                                      uint8_t *out) {
    uint16_t *line = box_line(f, scratch, 0, sizeof *line);
    uint16_t sums[BOX_CHUNK];
    columns_u8(f, in, start, line);
    for (ptrdiff_t x = 0, n; x < f->width; x += n) {
        n = box_chunk(f, x);
        small_sums(f, line + (x - f->rx) * f->step, n * f->step, sums);
        small_means(sums, d, n * f->step, out + x * f->step);
    }
}

// ---- Gray u8, from sums to means in registers ----

#if defined __AVX2__
// Sums of 16 pixels whose columns change by `change`: of odd pixels, which are running sums of
// pairs, and of even ones. *last is what comes before.
static inline void sum_16(__m256i change, __m256i *last, __m256i *even, __m256i *odd) {
    __m256i v = _mm256_madd_epi16(change, _mm256_set1_epi16(1));
    v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
    v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));
    __m256i low = _mm256_permute2x128_si256(v, v, 0x08); // none, the lower half
    v = _mm256_add_epi32(v, _mm256_shuffle_epi32(low, 0xff));
    *odd = _mm256_add_epi32(v, *last);
    *even = _mm256_sub_epi32(*odd, _mm256_srai_epi32(change, 16));
    *last = _mm256_add_epi32(*last, _mm256_permutevar8x32_epi32(v, _mm256_set1_epi32(7)));
}

static inline __m256i quotients(__m256i sums, __m256 single) {
    return _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), single));
}

static inline __m256i means_16(const uint16_t *enters, const uint16_t *leaves, __m256i *last,
                               __m256 single) {
    __m256i even, odd,
        change = _mm256_sub_epi16(_mm256_loadu_si256((const __m256i *)enters),
                                  _mm256_loadu_si256((const __m256i *)leaves));
    sum_16(change, last, &even, &odd);
    return _mm256_or_si256(quotients(even, single), _mm256_slli_epi32(quotients(odd, single), 16));
}

static inline void box_means_u8_gray(const box_frame *f, const box_divisor *d,
                                     const void *const *in, bool start, void *scratch,
                                     uint8_t *out) {
    uint16_t *line = box_line(f, scratch, 0, sizeof *line);
    columns_u8(f, in, start, line);
    const uint16_t *leaves = line - f->rx - 1, *enters = line + f->rx;
    uint32_t before[4];
    start_row_u8(f, line, before);
    const __m256 single = _mm256_set1_ps(d->single);
    __m256i last = _mm256_set1_epi32((int)(before[0] + d->half));
    ptrdiff_t x = 0;
    for (; x + 32 <= f->width; x += 32) {
        __m256i a = means_16(enters + x, leaves + x, &last, single);
        __m256i b = means_16(enters + x + 16, leaves + x + 16, &last, single);
        a = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
        _mm256_storeu_si256((__m256i *)(out + x), a);
    }
    uint32_t sum = (uint32_t)_mm256_extract_epi32(last, 0);
    for (; x < f->width; x++) {
        sum += (uint32_t)enters[x] - (uint32_t)leaves[x];
        out[x] = (uint8_t)(int32_t)((float)(int32_t)sum * d->single);
    }
}
#endif

// ---- Which of them ----

static inline void box_row_u8(const box_frame *f, const box_divisor *d, const void *const *in,
                              bool start, void *scratch, uint8_t *out) {
    if (d->area <= 1)
        memcpy(out, in[0], (size_t)(f->width * f->step));
    else if (d->area <= LARGEST_SMALL)
        box_means_u8_small(f, d, in, start, scratch, out);
#if defined __AVX2__
    else if (f->ry <= LONGEST_SHORT && f->step == 1 && d->area <= LARGEST_SINGLE)
        box_means_u8_gray(f, d, in, start, scratch, out);
#endif
    else if (f->ry <= LONGEST_SHORT)
        box_means_u8(f, d, in, start, scratch, out);
    else
        box_means_u8_tall(f, d, in, start, scratch, out);
}

static inline void box_row_u16(const box_frame *f, const box_divisor *d, const void *const *in,
                               bool start, void *scratch, uint16_t *out) {
    if (d->area <= 1)
        memcpy(out, in[0], (size_t)(f->width * f->step) * sizeof *out);
    else if (d->area * UINT16_MAX + d->half <= INT32_MAX)
        box_means_u16(f, d, in, start, scratch, out);
    else
        box_means_u16_large(f, d, in, start, scratch, out);
}

static inline void box_row_f32(const box_frame *f, const box_divisor *d, const void *const *in,
                               bool start, void *scratch, float *out) {
    if (d->area <= 1)
        memcpy(out, in[0], (size_t)(f->width * f->step) * sizeof *out);
    else
        box_means_f32(f, d, in, start, scratch, out);
}

#endif
