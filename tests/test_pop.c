// test_pop.c: the efficiencies of runs that were made up, so that each figure is known. The unit is
// part of the program and of no library, so it is taken in as it is.
#include "support.h"

#include <math.h>

#include "../cli/pop.c"

static void expect(double got, double wanted, const char *what) {
    if (fabs(got - wanted) > 1e-12)
        fail_msg("%s: %.15g, wanted %.15g", what, got, wanted);
}

// Nobody idle: all is 1.
static void test_perfect(void **state) {
    (void)state;
    const pop_worker workers[] = {{0, 2}, {0, 2}, {1, 2}, {1, 2}};
    const pop_rank ranks[] = {{2, 0}, {2, 0}};
    const pop_figures f = pop_of(workers, 4, ranks, 2);
    const double all[] = {
        f.load_balance,        f.communication_efficiency,      f.parallel_efficiency,
        f.rank_load_balance,   f.rank_communication_efficiency, f.rank_parallel_efficiency,
        f.thread_load_balance, f.thread_serial_efficiency,      f.thread_parallel_efficiency};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        expect(all[k], 1, "a perfect run");
}

// Two threads, one has three times the work: 6 + 2 of 2 x 6, and 8 seconds for it.
static void test_threads(void **state) {
    (void)state;
    const pop_worker workers[] = {{0, 6}, {0, 2}};
    const pop_rank rank = {8, 0};
    const pop_figures f = pop_of(workers, 2, &rank, 1);
    expect(f.load_balance, 8.0 / 12, "load balance");
    expect(f.communication_efficiency, 6.0 / 8, "communication efficiency");
    expect(f.parallel_efficiency, 8.0 / 16, "parallel efficiency");
    expect(f.rank_parallel_efficiency, 1, "ranks");
    expect(f.thread_load_balance, 8.0 / 12, "threads' load balance");
    expect(f.thread_serial_efficiency, 6.0 / 8, "threads' serial efficiency");
    expect(f.thread_parallel_efficiency, 0.5, "threads");
}

// Four ranks of one thread, 10 seconds; all that is not useful is messages.
static void test_ranks(void **state) {
    (void)state;
    const pop_worker workers[] = {{2, 6}, {0, 8}, {3, 8}, {1, 2}}; // in any order
    const pop_rank ranks[] = {{10, 2}, {10, 8}, {10, 4}, {10, 2}};
    const pop_figures f = pop_of(workers, 4, ranks, 4);
    expect(f.load_balance, 6.0 / 8, "load balance");
    expect(f.communication_efficiency, 0.8, "communication efficiency");
    expect(f.parallel_efficiency, 0.6, "parallel efficiency");
    expect(f.rank_load_balance, 6.0 / 8, "ranks' load balance");
    expect(f.rank_communication_efficiency, 0.8, "ranks' communication efficiency");
    expect(f.thread_parallel_efficiency, 1, "threads");
}

// Ranks of one and of three threads: the rank of three weighs three times.
static void test_hybrid(void **state) {
    (void)state;
    const pop_worker workers[] = {{0, 9}, {1, 6}, {1, 3}, {1, 0}};
    const pop_rank ranks[] = {{10, 1}, {10, 4}};
    const pop_figures f = pop_of(workers, 4, ranks, 2);
    expect(f.load_balance, 18.0 / 36, "load balance");
    expect(f.parallel_efficiency, 18.0 / 40, "parallel efficiency");
    expect(f.rank_load_balance, (9 + 3 * 6) / (4 * 9.0), "ranks' load balance");
    expect(f.rank_communication_efficiency, 0.9, "ranks' communication efficiency");
    expect(f.rank_parallel_efficiency, 27.0 / 40, "ranks");
    expect(f.thread_load_balance, 18.0 / (9 + 3 * 6), "threads' load balance");
    expect(f.thread_serial_efficiency, 1, "threads' serial efficiency");
    expect(f.thread_parallel_efficiency, 18.0 / 27, "threads");
}

// The products hold for any run, and nothing is undefined where nothing was measured.
static void test_products(void **state) {
    (void)state;
    for (uint64_t trial = 0; trial < 1000; trial++) {
        enum { RANKS = 5, THREADS = 4 };
        pop_worker workers[RANKS * THREADS];
        pop_rank ranks[RANKS];
        uint64_t at = 0;
        for (int r = 0; r < RANKS; r++) {
            ranks[r].seconds = 10 + (double)(test_random(trial, at++) % 100);
            ranks[r].messages = (double)(test_random(trial, at++) % 10);
            for (int t = 0; t < THREADS; t++)
                workers[r * THREADS + t] =
                    (pop_worker){r, (double)(test_random(trial, at++) % 1000) / 1000 *
                                        (ranks[r].seconds - ranks[r].messages)};
        }
        const pop_figures f = pop_of(workers, RANKS * THREADS, ranks, RANKS);
        expect(f.load_balance * f.communication_efficiency, f.parallel_efficiency, "product");
        expect(f.rank_load_balance * f.rank_communication_efficiency, f.rank_parallel_efficiency,
               "product of ranks");
        expect(f.thread_load_balance * f.thread_serial_efficiency, f.thread_parallel_efficiency,
               "product of threads");
        expect(f.rank_parallel_efficiency * f.thread_parallel_efficiency, f.parallel_efficiency,
               "ranks times threads");
        assert_true(f.load_balance <= 1 && f.communication_efficiency <= 1);
    }
    const pop_worker worker = {0, 0};
    const pop_rank rank = {0, 0};
    assert_true(isfinite(pop_of(&worker, 1, &rank, 1).parallel_efficiency));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_perfect),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_ranks),    cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_products),
    };
    return cmocka_run_group_tests_name("pop", tests, NULL, NULL);
}
