// fourier_passes.inc.h: Stockham's passes over lanes for one precision; what fourier_sums.inc.h
// needs is defined by who includes it.
//
// A pass of radix r takes transforms of r m numbers, s of them one inside the other, apart into
// r s of m numbers: with w = exp(-2 pi i / (r m)),
//     y[q + s (r p + j)] = w^(j p) sum over k of x[q + s (p + m k)] exp(-2 pi i j k / r)
// The factors w^(j p), j = 1 to r - 1, lie in the order of p, pass after pass.
#define TIMES_PLUS(a, b, c) ((a) * (b) + (c))
#include "fourier_sums.inc.h"
#undef TIMES_PLUS

LANES_INLINE COMPLEXES NAME(turned)(COMPLEXES a, const REAL *w) {
    VECTOR re = NAME(all)(w[0]), im = NAME(all)(w[1]);
    return (COMPLEXES){a.re * re - a.im * im, a.re * im + a.im * re};
}

// r is a constant where this is called.
LANES_INLINE void NAME(pass)(COMPLEXES *restrict y, const COMPLEXES *restrict x, ptrdiff_t m,
                             ptrdiff_t s, int r, const REAL *restrict w) {
    for (ptrdiff_t p = 0; p < m; p++, w += 2 * (r - 1))
        for (ptrdiff_t q = 0; q < s; q++) {
            COMPLEXES t[8];
            for (int k = 0; k < r; k++)
                t[k] = x[q + s * (p + m * k)];
            NAME(sums)(t, r);
            COMPLEXES *to = y + q + s * r * p;
            to[0] = t[0];
            for (int j = 1; j < r; j++)
                to[s * j] = m > 1 ? NAME(turned)(t[j], w + 2 * (j - 1)) : t[j];
        }
}

#define PASS_OF(r)                                                                                 \
    static void NAME(pass_##r)(COMPLEXES *restrict y, const COMPLEXES *restrict x, ptrdiff_t m,    \
                               ptrdiff_t s, const REAL *restrict w) {                              \
        if (m == 1)                                                                                \
            NAME(pass)(y, x, 1, s, r, w);                                                          \
        else                                                                                       \
            NAME(pass)(y, x, m, s, r, w);                                                          \
    }
PASS_OF(2)
PASS_OF(3)
PASS_OF(4)
PASS_OF(5)
PASS_OF(8)
#undef PASS_OF

// All passes over n numbers in `from`, which is x or is left as it is; where they are at the end, x
// or y.
static COMPLEXES *NAME(transform)(const int *radix, int npasses, const REAL *w, ptrdiff_t n,
                                  const COMPLEXES *from, COMPLEXES *x, COMPLEXES *y) {
    ptrdiff_t s = 1, left = n;
    if (npasses == 0 && from != x)
        memcpy(x, from, (size_t)n * sizeof *x);
    for (int k = 0; k < npasses; k++) {
        ptrdiff_t r = radix[k], m = left / r;
        if (r == 2)
            NAME(pass_2)(y, from, m, s, w);
        else if (r == 3)
            NAME(pass_3)(y, from, m, s, w);
        else if (r == 4)
            NAME(pass_4)(y, from, m, s, w);
        else if (r == 5)
            NAME(pass_5)(y, x, m, s, w);
        else
            NAME(pass_8)(y, from, m, s, w);
        COMPLEXES *done = y;
        y = x;
        x = done;
        from = x;
        w += 2 * m * (r - 1);
        left = m;
        s *= r;
    }
    return x;
}

// The factors of those passes; n - 1 complex numbers.
static void NAME(make_factors)(REAL *w, const int *radix, int npasses, ptrdiff_t n) {
    for (int k = 0; k < npasses; k++) {
        const ptrdiff_t r = radix[k], m = n / r;
        for (ptrdiff_t p = 0; p < m; p++)
            for (ptrdiff_t j = 1; j < r; j++, w += 2) {
                double turn = -2 * 3.14159265358979323846 * (double)(j * p % n) / (double)n;
                w[0] = (REAL)cos(turn);
                w[1] = (REAL)sin(turn);
            }
        n = m;
    }
}

#undef REAL
#undef VECTOR
#undef COMPLEXES
#undef NAME
