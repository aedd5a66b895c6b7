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
    uint16_t small_multiplier, small_shift, small_half;
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
    d->small_shift = (uint16_t)d->shift;
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

static inline uint8_t small_mean(int sum, const box_divisor *d) {
    uint16_t high =
        (uint16_t)((uint16_t)(sum + d->small_half) * (uint32_t)d->small_multiplier >> 16);
    return (uint8_t)(high >> d->small_shift);
}

// n means of 2 rx + 1 columns each, the first of which is columns[0].
static inline void small_means(const box_frame *f, const box_divisor *divisor,
                               const uint16_t *restrict columns, ptrdiff_t n,
                               uint8_t *restrict out) {
    enum { REACH = LARGEST_SMALL * PPX_MAX_CHANNELS };
    const box_divisor d = *divisor;
    const ptrdiff_t size = 2 * f->rx + 1, step = f->step;
    if (size == 1) {
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] = small_mean(columns[k], &d);
        return;
    }
    if (size == 3) {
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] = small_mean(columns[k] + columns[k + step] + columns[k + 2 * step], &d);
        return;
    }
    // power[k]: 2^i columns from k on. sum[k]: those of the low bits of size, `taken` of them.
    uint16_t power[BOX_CHUNK + REACH], sum[BOX_CHUNK];
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
        out[k] = small_mean(sum[k] + power[k + taken * step], &d);
}

static inline void box_means_u8_small(const box_frame *f, const box_divisor *d,
                                      const void *const *in, bool start, void *scratch,
                                      uint8_t *out) {
    uint16_t *line = box_line(f, scratch, 0, sizeof *line);
    columns_u8(f, in, start, line);
    for (ptrdiff_t x = 0, n; x < f->width; x += n) {
        n = box_chunk(f, x);
        small_means(f, d, line + (x - f->rx) * f->step, n * f->step, out + x * f->step);
    }
}

// ---- Which of them ----

static inline void box_row_u8(const box_frame *f, const box_divisor *d, const void *const *in,
                              bool start, void *scratch, uint8_t *out) {
    if (d->area <= 1)
        memcpy(out, in[0], (size_t)(f->width * f->step));
    else if (d->area <= LARGEST_SMALL)
        box_means_u8_small(f, d, in, start, scratch, out);
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
