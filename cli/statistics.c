// statistics.c: what repeated measurements say.
//
// The number of samples below the true median is binomial (n, 1/2). The interval between the k-th
// smallest and the k-th largest sample misses it with twice the probability of fewer than k, so k
// is the largest with P(fewer than k) <= 2.5 %. Counted exactly up to 60 samples, by the normal
// distribution beyond.
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *left, const void *right) {
    double l = *(const double *)left, r = *(const double *)right;
    return (l > r) - (l < r);
}

// How many samples on each side lie outside of the interval; -1: even the extremes are not enough.
static ptrdiff_t outside(size_t n) {
    if (n > 60)
        return (ptrdiff_t)floor(((double)n - 1.96 * sqrt((double)n)) / 2) - 1;
    double ways = 1, below = 0, all = ldexp(1, (int)n);
    ptrdiff_t k = 0;
    for (; (size_t)k < n; k++) {
        below += ways; // samples below the median: k or fewer
        if (below / all > 0.025)
            break;
        ways = ways * (double)(n - (size_t)k) / (double)(k + 1);
    }
    return k - 1;
}

statistic statistic_of(double *samples, size_t n) {
    qsort(samples, n, sizeof *samples, by_value);
    ptrdiff_t k = outside(n);
    bool sure = k >= 0;
    size_t edge = sure ? (size_t)k : 0;
    return (statistic){.median = (samples[(n - 1) / 2] + samples[n / 2]) / 2,
                       .low = samples[edge],
                       .high = samples[n - 1 - edge],
                       .least = samples[0],
                       .sure = sure};
}
