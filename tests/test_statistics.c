// test_statistics.c: medians and their intervals against known samples. The unit is part of the
// program and of no library, so it is taken in as it is.
#include "support.h"

#include <math.h>

#include "../cli/statistics.c"

// The numbers 1 to n in a scrambled order.
static statistic of_numbers(size_t n) {
    double samples[1000];
    for (size_t k = 0; k < n; k++)
        samples[k * 7919 % n] = (double)k + 1; // 7919 is a prime, n is not a multiple of it
    return statistic_of(samples, n);
}

// Ranks of the interval for 95 %, from tables of the binomial distribution (Le Boudec 2011, table
// A.1): the interval between these order statistics.
static void test_intervals(void **state) {
    (void)state;
    static const struct {
        size_t n;
        int low, high;
    } known[] = {{6, 1, 6},   {7, 1, 7},   {8, 1, 8},    {9, 2, 8},    {10, 2, 9},   {12, 3, 10},
                 {15, 4, 12}, {20, 6, 15}, {30, 10, 21}, {50, 18, 33}, {60, 22, 39}, {100, 40, 61}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        statistic t = of_numbers(known[k].n);
        assert_true(t.sure);
        if (fabs(t.low - known[k].low) > 0 || fabs(t.high - known[k].high) > 0)
            fail_msg("%zu samples: %g to %g, wanted %d to %d", known[k].n, t.low, t.high,
                     known[k].low, known[k].high);
    }
}

static void test_medians(void **state) {
    (void)state;
    for (size_t n = 1; n < 200; n++) {
        statistic t = of_numbers(n);
        assert_true(fabs(t.median - ((double)n + 1) / 2) < 1e-12);
        assert_true(fabs(t.least - 1) < 1e-12);
        assert_true(t.sure == (n >= 6));
        assert_true(t.low <= t.median && t.median <= t.high);
    }
}

// Of 4000 medians of exponential samples the interval misses at most one in twenty, and it is not
// so wide that it misses hardly any.
static void test_coverage(void **state) {
    (void)state;
    const double median = log(2);
    for (size_t n = 6; n <= 90; n += 21) {
        int missed = 0;
        for (uint64_t trial = 0; trial < 4000; trial++) {
            double samples[90];
            for (size_t k = 0; k < n; k++)
                samples[k] =
                    -log(((double)(test_random(n, trial * 100 + k) >> 11) + 0.5) * 0x1p-53);
            statistic t = statistic_of(samples, n);
            missed += median < t.low || median > t.high;
        }
        assert_in_range(missed, 60, 240);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_medians),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
