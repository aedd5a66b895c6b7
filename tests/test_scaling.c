// test_scaling.c: laws of scaling against samples of which the answer is known. The units are part
// of the program and of no library, so they are taken in as they are.
#include "support.h"

#include <math.h>

#include "../cli/scaling.c"
#include "../cli/statistics.c"

enum { NSAMPLES = 31 };

static double uniform(uint64_t seed, uint64_t counter) {
    return ((double)(test_random(seed, counter) >> 11) + 0.5) * 0x1p-53;
}

// Samples about a time with a long tail above it, as times have: up to `noise` more, rarely more.
static statistic samples_of(double seconds, double noise, uint64_t seed) {
    double samples[NSAMPLES];
    for (uint64_t k = 0; k < NSAMPLES; k++)
        samples[k] = seconds * (1 - noise * log(uniform(seed, k)));
    return statistic_of(samples, NSAMPLES);
}

static scaling_point point_of(double workers, double serial, double seconds, double noise,
                              uint64_t seed) {
    statistic over = samples_of(serial, noise, seed), under = samples_of(seconds, noise, seed + 77);
    return (scaling_point){workers, scaling_ratio_of(&over, &under, 1)};
}

static void assert_near(double value, double wanted, double relative) {
    if (!(fabs(value - wanted) <= relative * fabs(wanted)))
        fail_msg("%.6g, wanted %.6g within %g %%", value, wanted, 100 * relative);
}

// A serial part that was put in on purpose is found within a tenth, from noisy samples.
static void test_amdahl(void **state) {
    (void)state;
    static const double workers[] = {1, 2, 4, 8, 16};
    for (double part = 0.05; part < 0.9; part *= 1.7)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            scaling_point points[5];
            for (int k = 0; k < 5; k++)
                points[k] = point_of(workers[k], 2, 2 * (part + (1 - part) / workers[k]), 0.02,
                                     1000 * seed + (uint64_t)k);
            scaling_part fit = scaling_amdahl(points, 5);
            assert_true(fit.found && fit.bounded);
            assert_near(fit.part, part, 0.1);
            assert_true(fit.low <= fit.part && fit.part <= fit.high);
            assert_true(fit.worst < 0.1);
        }
}

// The interval of the serial part holds the true one about as often as it says.
static void test_amdahl_interval(void **state) {
    (void)state;
    int missed = 0;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        scaling_point points[6];
        for (int k = 0; k < 6; k++) {
            double p = 2 + 2 * k, noise = 0.04 * (uniform(seed, (uint64_t)k) - 0.5);
            points[k] = (scaling_point){
                p, {.value = scaling_amdahl_speedup(0.2, p) * (1 + noise), .sure = true}};
        }
        scaling_part fit = scaling_amdahl(points, 6);
        missed += fit.low > 0.2 || fit.high < 0.2;
    }
    assert_in_range(missed, 15, 110);
}

static void test_amdahl_edges(void **state) {
    (void)state;
    scaling_point alone = {1, {1, 1, 1, true}};
    assert_false(scaling_amdahl(&alone, 1).found);
    assert_false(scaling_amdahl(NULL, 0).found);
    // Two workers: a figure, but no interval. Faster than the ideal: no part below nothing.
    scaling_point two[] = {alone, {2, {1.6, 1.5, 1.7, true}}};
    scaling_part fit = scaling_amdahl(two, 2);
    assert_true(fit.found && !fit.bounded);
    assert_near(fit.part, 0.25, 1e-12);
    two[1].speedup.value = 2.5;
    assert_near(scaling_amdahl(two, 2).part + 1, 1, 1e-12);
}

static void test_gustafson(void **state) {
    (void)state;
    for (double part = 0.02; part < 0.9; part *= 2) {
        scaling_point points[6];
        for (int k = 0; k < 6; k++) {
            double p = 1 << k;
            points[k] = (scaling_point){p, {.value = p - part * (p - 1), .sure = true}};
        }
        scaling_part fit = scaling_gustafson(points, 6);
        assert_true(fit.found);
        assert_near(fit.part, part, 1e-9);
    }
}

// The table of Karp and Flatt's paper's kind: S = 1.9, 3.5, 5.6, 6.6 on 2, 4, 8, 16.
static void test_karp_flatt(void **state) {
    (void)state;
    static const double workers[] = {2, 4, 8, 16}, speedups[] = {1.9, 3.5, 5.6, 6.6};
    static const double parts[] = {0.0526, 0.0476, 0.0612, 0.0949};
    scaling_point points[4];
    for (int k = 0; k < 4; k++) {
        assert_near(scaling_karp_flatt(speedups[k], workers[k]), parts[k], 2e-3);
        points[k] = (scaling_point){workers[k],
                                    {speedups[k], 0.99 * speedups[k], 1.01 * speedups[k], true}};
    }
    assert_true(scaling_karp_flatt(2.2, 2) < 0);
    assert_int_equal(scaling_karp_flatt_trend(points, 4), TREND_RISING);
    assert_int_equal(scaling_karp_flatt_trend(points, 2), TREND_CONSTANT); // within the intervals
    assert_int_equal(scaling_karp_flatt_trend(points, 1), TREND_UNKNOWN);
    for (int k = 0; k < 4; k++) { // the same part everywhere; then one that falls
        double s = scaling_amdahl_speedup(0.1, workers[k]);
        points[k].speedup = (scaling_ratio){s, 0.99 * s, 1.01 * s, true};
    }
    assert_int_equal(scaling_karp_flatt_trend(points, 4), TREND_CONSTANT);
    points[3].speedup = (scaling_ratio){12, 11.8, 12.2, true};
    assert_int_equal(scaling_karp_flatt_trend(points, 4), TREND_FALLING);
}

static void usl_points(scaling_point *points, size_t n, const scaling_usl *law) {
    for (size_t k = 0; k < n; k++) {
        double p = (double)(1u << k);
        points[k] = (scaling_point){p, {.value = scaling_usl_speedup(law, p), .sure = true}};
    }
}

static void test_usl(void **state) {
    (void)state;
    static const scaling_usl laws[] = {{true, 1, 0.05, 0.002, 0, 0},
                                       {true, 0.9, 0.2, 0.0001, 0, 0},
                                       {true, 1.1, 0, 0.01, 0, 0},
                                       {true, 1, 0.3, 0, 0, 0}};
    for (size_t k = 0; k < 4; k++) {
        scaling_point points[7];
        usl_points(points, 7, &laws[k]);
        scaling_usl fit = scaling_usl_fit(points, 7);
        assert_true(fit.found);
        assert_near(fit.gamma, laws[k].gamma, 1e-6);
        assert_true(fabs(fit.sigma - laws[k].sigma) < 1e-7);
        assert_true(fabs(fit.kappa - laws[k].kappa) < 1e-8);
        assert_true(fit.worst < 1e-6);
        if (laws[k].kappa > 0)
            assert_near(fit.peak, sqrt((1 - laws[k].sigma) / laws[k].kappa), 1e-4);
        assert_false(scaling_usl_fit(points, 4).found); // too few
    }
    // Better than linear: no negative coefficient, and what is left is found with that bound.
    scaling_point points[6];
    for (int k = 0; k < 6; k++) {
        double p = 1 << k;
        points[k] = (scaling_point){p, {.value = p * (1 + 0.01 * p), .sure = true}};
    }
    scaling_usl fit = scaling_usl_fit(points, 6);
    assert_true(fit.found && fit.sigma >= 0 && fit.kappa >= 0 && isinf(fit.peak));
}

// Of 4000 ratios of medians one in twenty may lie outside; not hardly any.
static void test_ratios(void **state) {
    (void)state;
    int missed = 0;
    for (uint64_t trial = 0; trial < 4000; trial++) {
        statistic over = samples_of(3, 0.1, 2 * trial), under = samples_of(2, 0.3, 2 * trial + 1);
        scaling_ratio ratio = scaling_ratio_of(&over, &under, 1);
        double right = 1.5 * (1 + 0.1 * log(2)) / (1 + 0.3 * log(2));
        assert_true(ratio.sure && ratio.low <= ratio.value && ratio.value <= ratio.high);
        missed += right < ratio.low || right > ratio.high;
    }
    assert_in_range(missed, 60, 260);
    const statistic few = {1, 0.9, 1.1, 0.9, false}, many = {2, 1.9, 2.1, 1.8, true};
    scaling_ratio ratio = scaling_ratio_of(&few, &many, 4);
    assert_false(ratio.sure);
    assert_near(ratio.value, 2, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amdahl),       cmocka_unit_test(test_amdahl_interval),
        cmocka_unit_test(test_amdahl_edges), cmocka_unit_test(test_gustafson),
        cmocka_unit_test(test_karp_flatt),   cmocka_unit_test(test_usl),
        cmocka_unit_test(test_ratios),
    };
    return cmocka_run_group_tests_name("scaling", tests, NULL, NULL);
}
