// scaling.c: what times on 1, 2, 4 ... workers say about why a program stops getting faster.
//
// Times carry relative errors of one size, so the reciprocal of a speed-up is weighted with the
// square of the speed-up. Then Amdahl's law is a line through the origin in 1 - 1/P, and the
// universal scalability law is linear in its coefficients: sums over points, no iteration.
#include "scaling.h"

#include <math.h>
#include <string.h>

scaling_ratio scaling_ratio_of(const statistic *over, const statistic *under, double factor) {
    double up = hypot(log(over->high / over->median), log(under->median / under->low));
    double down = hypot(log(over->median / over->low), log(under->high / under->median));
    double value = factor * over->median / under->median;
    return (scaling_ratio){.value = value,
                           .low = value * exp(-down),
                           .high = value * exp(up),
                           .sure = over->sure && under->sure};
}

// ---- Serial parts -------------------------------------------------------------------------------

// Student's t, 97.5 %, for 1 and more degrees of freedom.
static double student(size_t freedom) {
    static const double t[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                               2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120};
    size_t most = sizeof t / sizeof *t;
    // Beyond the table the first terms of the expansion about the normal quantile.
    return freedom <= most ? t[freedom - 1] : 1.960 + 2.372 / (double)freedom;
}

static double within(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

// y = part * x through the origin, weighted.
static scaling_part fit_line(const scaling_point *points, size_t n, bool amdahl) {
    double xx = 0, xy = 0, yy = 0;
    size_t used = 0;
    for (size_t k = 0; k < n; k++) {
        double p = points[k].workers, s = points[k].speedup.value;
        if (p <= 1 || s <= 0)
            continue;
        double weight = amdahl ? s * s : 1 / (s * s);
        double x = amdahl ? 1 - 1 / p : p - 1, y = amdahl ? 1 / s - 1 / p : p - s;
        xx += weight * x * x;
        xy += weight * x * y;
        yy += weight * y * y;
        used++;
    }
    scaling_part fit = {.found = used > 0, .bounded = used > 2};
    if (!fit.found)
        return fit;
    double slope = xy / xx, spread = 0;
    if (fit.bounded) {
        double rest = fmax(yy - slope * xy, 0); // the sum of squares that the line leaves
        spread = student(used - 1) * sqrt(rest / (double)(used - 1) / xx);
    }
    fit.part = within(slope, 0, 1);
    fit.low = within(slope - spread, 0, 1);
    fit.high = within(slope + spread, 0, 1);
    for (size_t k = 0; k < n; k++) {
        double p = points[k].workers, s = points[k].speedup.value;
        if (p <= 1 || s <= 0)
            continue;
        double law = amdahl ? scaling_amdahl_speedup(fit.part, p) : p - fit.part * (p - 1);
        fit.worst = fmax(fit.worst, fabs(law / s - 1));
    }
    return fit;
}

scaling_part scaling_amdahl(const scaling_point *points, size_t n) {
    return fit_line(points, n, true);
}

double scaling_amdahl_speedup(double part, double workers) {
    return 1 / (part + (1 - part) / workers);
}

scaling_part scaling_gustafson(const scaling_point *points, size_t n) {
    return fit_line(points, n, false);
}

// ---- Karp-Flatt ---------------------------------------------------------------------------------

double scaling_karp_flatt(double speedup, double workers) {
    return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

scaling_trend scaling_karp_flatt_trend(const scaling_point *points, size_t n) {
    const scaling_point *fewest = NULL, *most = NULL;
    for (size_t k = 0; k < n; k++) {
        if (points[k].workers <= 1)
            continue;
        fewest = !fewest || points[k].workers < fewest->workers ? &points[k] : fewest;
        most = !most || points[k].workers > most->workers ? &points[k] : most;
    }
    if (!fewest || fewest->workers >= most->workers)
        return TREND_UNKNOWN;
    // A higher speed-up is a lower serial part.
    if (scaling_karp_flatt(most->speedup.high, most->workers) >
        scaling_karp_flatt(fewest->speedup.low, fewest->workers))
        return TREND_RISING;
    if (scaling_karp_flatt(most->speedup.low, most->workers) <
        scaling_karp_flatt(fewest->speedup.high, fewest->workers))
        return TREND_FALLING;
    return TREND_CONSTANT;
}

// ---- The universal scalability law --------------------------------------------------------------

// Solves the equations of the columns that are free, by elimination with pivots; the others are 0.
static bool solve(double a[3][4], unsigned is_free, double x[3]) {
    double m[3][4];
    memcpy(m, a, sizeof m);
    for (int k = 0; k < 3; k++)
        for (int j = 0; j < 4 && !(is_free >> k & 1); j++) {
            m[k][j] = j == k;
            if (j < 3 && j != k)
                m[j][k] = 0;
        }
    for (int k = 0; k < 3; k++) {
        int pivot = k;
        for (int r = k + 1; r < 3; r++)
            pivot = fabs(m[r][k]) > fabs(m[pivot][k]) ? r : pivot;
        if (fabs(m[pivot][k]) < 1e-12)
            return false;
        for (int j = 0; j < 4; j++) {
            double held = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = held;
        }
        for (int r = 0; r < 3; r++) {
            double factor = m[r][k] / m[k][k];
            for (int j = k; r != k && j < 4; j++)
                m[r][j] -= factor * m[k][j];
        }
    }
    for (int k = 0; k < 3; k++)
        x[k] = m[k][3] / m[k][k];
    return true;
}

// N/S = a + b (N - 1) + c N (N - 1) is linear in a = 1/gamma, b = sigma/gamma, c = kappa/gamma.
static void columns_of(double workers, double columns[3]) {
    columns[0] = 1;
    columns[1] = workers - 1;
    columns[2] = workers * (workers - 1);
}

static double residue(const scaling_point *points, size_t n, const double x[3]) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        double columns[3], y = points[k].workers / points[k].speedup.value;
        columns_of(points[k].workers, columns);
        double law = columns[0] * x[0] + columns[1] * x[1] + columns[2] * x[2];
        sum += (law / y - 1) * (law / y - 1);
    }
    return sum;
}

scaling_usl scaling_usl_fit(const scaling_point *points, size_t n) {
    scaling_usl law = {.found = false};
    double a[3][4] = {{0}};
    if (n < SCALING_USL_LEAST)
        return law;
    for (size_t k = 0; k < n; k++) {
        double columns[4], y = points[k].workers / points[k].speedup.value;
        columns_of(points[k].workers, columns);
        columns[3] = y;
        for (int r = 0; r < 3; r++)
            for (int j = 0; j < 4; j++)
                a[r][j] += columns[r] * columns[j] / (y * y);
    }
    // Least squares with bounds: the best of those with one, both or none of the two at its bound.
    double least = INFINITY;
    for (unsigned bounded = 0; bounded < 4; bounded++) {
        double x[3];
        if (!solve(a, 7u & ~(bounded << 1), x) || x[0] <= 0 || x[1] < 0 || x[2] < 0)
            continue;
        double left = residue(points, n, x);
        if (left >= least)
            continue;
        least = left;
        law = (scaling_usl){true, 1 / x[0], x[1] / x[0], x[2] / x[0], INFINITY, 0};
    }
    if (law.kappa > 0)
        law.peak = law.sigma < 1 ? fmax(sqrt((1 - law.sigma) / law.kappa), 1) : 1;
    for (size_t k = 0; law.found && k < n; k++)
        law.worst =
            fmax(law.worst,
                 fabs(scaling_usl_speedup(&law, points[k].workers) / points[k].speedup.value - 1));
    return law;
}

double scaling_usl_speedup(const scaling_usl *law, double workers) {
    return law->gamma * workers /
           (1 + law->sigma * (workers - 1) + law->kappa * workers * (workers - 1));
}
