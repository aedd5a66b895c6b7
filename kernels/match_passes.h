// match_passes.h: Fourier transforms of doubles for products of transforms, four in the lanes of a
// vector.
//
// In place, and without an order: the numbers of a transform come out where the passes leave them
// (Gentleman, Sande 1966), products do not mind, and the way back is the same passes turned around
// (Cooley, Tukey 1965). A pass of radix r takes a block of r m numbers apart into r blocks of m:
// with w = exp(-2 pi i / (r m)),
//     y[p + m j] = w^(j p) sum over k of x[p + m k] exp(-2 pi i j k / r)
// The factors w^(j p), j = 1 to r - 1, lie in the order of p, pass after pass. The last pass is of
// radix 4 and has none: who transforms does it with what comes next. Blocks that fit into the first
// cache go through all their passes one after the other.
// What is made of such transforms is rounded to whole numbers: nobody sees where products and sums
// are fused.
#ifndef PPX_MATCH_PASSES_H
#define PPX_MATCH_PASSES_H

#include "../core/kernel.h"
#include "lanes.h"

// Without AVX such vectors have no registers to be returned in: all functions that do are inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef double quads __attribute__((vector_size(32)));
typedef struct quad_complexes { // a number of each of four transforms
    quads re, im;
} quad_complexes;

// gcc copies such structs through memory, in halves of their vectors.
LANES_INLINE quad_complexes number_at(const quad_complexes *at) {
    return (quad_complexes){at->re, at->im};
}

LANES_INLINE void put_number(quad_complexes *at, quad_complexes a) {
    at->re = a.re;
    at->im = a.im;
}

#ifdef __FMA__
LANES_INLINE quads times_plus(quads a, quads b, quads c) {
    return (quads)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}

LANES_INLINE quads times_less(quads a, quads b, quads c) {
    return (quads)_mm256_fmsub_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#else
LANES_INLINE quads times_plus(quads a, quads b, quads c) {
    return a * b + c;
}

LANES_INLINE quads times_less(quads a, quads b, quads c) {
    return a * b - c;
}
#endif

#define REAL double
#define VECTOR quads
#define COMPLEXES quad_complexes
#define NAME(function) function##_f64
#define TIMES_PLUS times_plus
#include "fourier_sums.inc.h"
#undef TIMES_PLUS
#undef REAL
#undef VECTOR
#undef COMPLEXES
#undef NAME

enum { QUAD = 4, MOST_PASSES = 16, IN_CACHE = 256 };

typedef struct match_passes {
    ptrdiff_t n; // 16 times factors 2, 3 and 5
    int npasses;
    int radix[MOST_PASSES];
    ptrdiff_t left[MOST_PASSES];    // numbers in a block before a pass
    ptrdiff_t factors[MOST_PASSES]; // where those of a pass begin
} match_passes;

// Eights, and fours for what they leave: two fours are less work than an eight and a two.
static void plan_passes(match_passes *plan, ptrdiff_t n) {
    static const int radices[] = {3, 5, 8, 4, 2};
    *plan = (match_passes){.n = n};
    ptrdiff_t left = n / QUAD, factors = 0;
    for (int k = 0; k < 5; k++)
        while (left % radices[k] == 0 && !(radices[k] == 8 && left % 16 == 0 && left % 32 != 0)) {
            plan->radix[plan->npasses++] = radices[k];
            left /= radices[k];
        }
    plan->radix[plan->npasses++] = QUAD;
    left = n;
    for (int k = 0; k < plan->npasses; k++) {
        plan->left[k] = left;
        plan->factors[k] = factors;
        left /= plan->radix[k];
        factors += 2 * left * (plan->radix[k] - 1);
    }
}

// 2 n doubles are enough for them.
static void make_factors(double *w, const match_passes *plan) {
    for (int k = 0; k < plan->npasses; k++) {
        const ptrdiff_t n = plan->left[k], r = plan->radix[k];
        for (ptrdiff_t p = 0; p < n / r; p++)
            for (ptrdiff_t j = 1; j < r; j++, w += 2) {
                const double turn = -2 * 3.14159265358979323846 * (double)(j * p % n) / (double)n;
                w[0] = cos(turn);
                w[1] = sin(turn);
            }
    }
}

LANES_INLINE quad_complexes turned_f64(quad_complexes a, const double *w) {
    const quads re = all_f64(w[0]), im = all_f64(w[1]);
    return (quad_complexes){times_less(a.re, re, a.im * im), times_plus(a.re, im, a.im * re)};
}

// r is a constant where these are called.
LANES_INLINE void take_apart(quad_complexes *y, const quad_complexes *x, ptrdiff_t n, ptrdiff_t m,
                             int r, const double *factors) {
    for (ptrdiff_t block = 0; block < n; block += r * m) {
        const double *w = factors;
        for (ptrdiff_t p = block; p < block + m; p++, w += 2 * (r - 1)) {
            quad_complexes t[8];
            for (int k = 0; k < r; k++)
                t[k] = number_at(x + p + m * k);
            sums_f64(t, r);
            put_number(y + p, t[0]);
            for (int j = 1; j < r; j++)
                put_number(y + p + m * j, turned_f64(t[j], w + 2 * (j - 1)));
        }
    }
}

LANES_INLINE void put_together(quad_complexes *y, const quad_complexes *x, ptrdiff_t n, ptrdiff_t m,
                               int r, const double *factors) {
    for (ptrdiff_t block = 0; block < n; block += r * m) {
        const double *w = factors;
        for (ptrdiff_t p = block; p < block + m; p++, w += 2 * (r - 1)) {
            quad_complexes t[8];
            t[0] = number_at(x + p);
            for (int j = 1; j < r; j++)
                t[j] = turned_f64(number_at(x + p + m * j), w + 2 * (j - 1));
            sums_f64(t, r);
            for (int k = 0; k < r; k++)
                put_number(y + p + m * k, t[k]);
        }
    }
}

// One pass over the blocks of n numbers of x, to y or in place.
#define PASS_OF(name)                                                                              \
    static void name##_pass(const match_passes *plan, const double *w, int pass,                   \
                            quad_complexes *y, const quad_complexes *x, ptrdiff_t n) {             \
        const int r = plan->radix[pass];                                                           \
        const ptrdiff_t m = plan->left[pass] / r;                                                  \
        w += plan->factors[pass];                                                                  \
        if (r == 2)                                                                                \
            name(y, x, n, m, 2, w);                                                                \
        else if (r == 3)                                                                           \
            name(y, x, n, m, 3, w);                                                                \
        else if (r == 4)                                                                           \
            name(y, x, n, m, 4, w);                                                                \
        else if (r == 5)                                                                           \
            name(y, x, n, m, 5, w);                                                                \
        else                                                                                       \
            name(y, x, n, m, 8, w);                                                                \
    }
PASS_OF(take_apart)
PASS_OF(put_together)
#undef PASS_OF

// The passes from `pass` to the last but one over blocks of n numbers. Where they do not fit into
// the cache they go one after the other.
static void transform_apart(const match_passes *plan, const double *w, int pass, quad_complexes *x,
                            ptrdiff_t n) {
    for (; pass + 1 < plan->npasses; pass++) {
        const ptrdiff_t left = plan->left[pass];
        if (n > IN_CACHE && n > left) {
            for (ptrdiff_t k = 0; k < n; k += left)
                transform_apart(plan, w, pass, x + k, left);
            return;
        }
        take_apart_pass(plan, w, pass, x, x, n);
    }
}

// The other way around, for one block.
static void transform_together(const match_passes *plan, const double *w, int pass,
                               quad_complexes *x, ptrdiff_t n) {
    int last = plan->npasses - 2;
    if (pass > last)
        return;
    if (n > IN_CACHE) {
        for (ptrdiff_t k = 0; k < n; k += plan->left[pass + 1])
            transform_together(plan, w, pass + 1, x + k, plan->left[pass + 1]);
        last = pass;
    }
    for (; last >= pass; last--)
        put_together_pass(plan, w, last, x, x, n);
}

// ---- Turning rows of numbers --------------------------------------------------------------------

// Four rows of four become four columns.
LANES_INLINE void turn_four(quads v[QUAD]) {
    quads a = __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6);
    quads b = __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7);
    quads c = __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6);
    quads d = __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);
    v[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    v[1] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    v[2] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    v[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

LANES_INLINE void turn_numbers(quad_complexes t[QUAD]) {
    quads re[QUAD], im[QUAD];
    for (int k = 0; k < QUAD; k++) {
        re[k] = t[k].re;
        im[k] = t[k].im;
    }
    turn_four(re);
    turn_four(im);
    for (int k = 0; k < QUAD; k++)
        t[k] = (quad_complexes){re[k], im[k]};
}

#endif
