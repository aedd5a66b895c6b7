// scaling.h: what times on 1, 2, 4 ... workers say about why a program stops getting faster.
//
// Arithmetic only: speed-ups with their intervals, and the laws that are fitted to them.
#ifndef PARPIX_SCALING_H
#define PARPIX_SCALING_H

#include "statistics.h"

// A ratio of two medians with its 95 % interval. Not sure: one of the two has too few samples for
// an interval of its own, so low and high are no more than what was seen.
typedef struct scaling_ratio {
    double value, low, high;
    bool sure;
} scaling_ratio;

// over / under, times a factor. The interval is that of the difference of the logarithms, from the
// distances of each median to the ends of its own interval (MOVER: Zou, Donner 2008).
scaling_ratio scaling_ratio_of(const statistic *over, const statistic *under, double factor);

typedef struct scaling_point {
    double workers;
    scaling_ratio speedup;
} scaling_point;

// The share of the work that does not run in parallel, from 0 to 1. `bounded`: there were points
// enough (three) for the 95 % interval of the fit. `worst`: the largest deviation of the law from a
// point, as a part of that speed-up.
typedef struct scaling_part {
    bool found, bounded;
    double part, low, high, worst;
} scaling_part;

// Amdahl 1967: 1/S = f + (1 - f)/P, least squares with equal relative errors of the times. Points
// of one worker say nothing and are left out.
scaling_part scaling_amdahl(const scaling_point *points, size_t n);
double scaling_amdahl_speedup(double part, double workers);
// Gustafson 1988, for work that grows with the workers: S = P - f (P - 1).
scaling_part scaling_gustafson(const scaling_point *points, size_t n);

// Karp, Flatt 1990: the serial part that this one speed-up would mean; workers above 1. It may be
// negative: faster than the ideal.
double scaling_karp_flatt(double speedup, double workers);
// Its course from the fewest to the most workers; it counts as a change only when the two
// intervals do not meet. Unknown below two points.
typedef enum scaling_trend {
    TREND_UNKNOWN,
    TREND_FALLING,
    TREND_CONSTANT,
    TREND_RISING
} scaling_trend;
scaling_trend scaling_karp_flatt_trend(const scaling_point *points, size_t n);

// Gunther 2007, universal scalability law: S = gamma N / (1 + sigma (N - 1) + kappa N (N - 1)),
// with sigma, kappa >= 0: waiting in a queue, and talk of each with each. From five numbers of
// workers on. peak: where it is fastest, infinite if kappa is 0.
typedef struct scaling_usl {
    bool found;
    double gamma, sigma, kappa, peak, worst;
} scaling_usl;
enum { SCALING_USL_LEAST = 5 };
scaling_usl scaling_usl_fit(const scaling_point *points, size_t n);
double scaling_usl_speedup(const scaling_usl *law, double workers);

#endif
