// test_pairs.c: numbers from "these two are one", against a union-find that has no tricks.
#include "support.h"

#include <stdlib.h>

#include "../core/runner.h"

enum { MOST_IDS = 600 };

// comes_first[k]: the smallest id that is one with k, by repainting until nothing changes.
static void paint_components(uint64_t n, uint64_t (*pairs)[2], size_t npairs,
                             uint64_t *comes_first) {
    for (uint64_t k = 0; k < n; k++)
        comes_first[k] = k;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t p = 0; p < npairs; p++) {
            uint64_t *a = &comes_first[pairs[p][0]], *b = &comes_first[pairs[p][1]];
            if (*a == *b)
                continue;
            changed = true;
            *a = *b = *a < *b ? *a : *b;
        }
    }
}

static void check(uint64_t n, uint64_t (*list)[2], size_t npairs, uint64_t base) {
    uint64_t comes_first[MOST_IDS];
    paint_components(n, list, npairs, comes_first);
    ppx_pairs pairs = {0};
    for (size_t p = 0; p < npairs; p++)
        assert_int_equal(ppx_pairs_add(&pairs, base + list[p][0], base + list[p][1], NULL), PPX_OK);
    assert_int_equal(ppx_pairs_resolve(&pairs, NULL), PPX_OK);

    // One pair for each merged id, ascending, with its root.
    const ppx_pair *resolved = pairs.pool.data;
    size_t nmerged = 0;
    for (uint64_t k = 0; k < n; k++) {
        if (comes_first[k] == k)
            continue;
        assert_true(nmerged < pairs.n);
        assert_int_equal(resolved[nmerged].a, base + k);
        assert_int_equal(resolved[nmerged].b, base + comes_first[k]);
        nmerged++;
    }
    assert_int_equal(pairs.n, nmerged);

    // Numbers: dense, in the order of the first ids; ids below the base are components of their
    // own.
    uint64_t number[MOST_IDS], next = base;
    for (uint64_t k = 0; k < n; k++) {
        number[k] = comes_first[k] == k ? next++ : number[comes_first[k]];
        assert_int_equal(ppx_pairs_number(&pairs, base + k), number[k]);
    }
    ppx_pairs_free(&pairs);
    assert_null(pairs.pool.data);
}

static void test_nothing(void **state) {
    (void)state;
    check(10, NULL, 0, 0);
    uint64_t self[][2] = {{3, 3}, {0, 0}};
    check(10, self, 2, 0);
}

static void test_shapes(void **state) {
    (void)state;
    uint64_t list[MOST_IDS][2];
    enum { N = 500 };
    for (uint64_t k = 0; k + 1 < N; k++) // a chain, last link first
        list[k][0] = N - 1 - k, list[k][1] = N - 2 - k;
    check(N, list, N - 1, 0);
    for (uint64_t k = 0; k + 1 < N; k++) // a star around the largest
        list[k][0] = N - 1, list[k][1] = k;
    check(N, list, N - 1, 7);
    for (uint64_t k = 0; k < N / 2; k++) // nested brackets
        list[k][0] = k, list[k][1] = N - 1 - k;
    check(N, list, N / 2, 0);
    for (uint64_t k = 0; k < MOST_IDS; k++) // the same two pairs in turn, either way round
        list[k][0] = k % 2 ? 4 : 9, list[k][1] = k % 4 < 2 ? 9 : 4;
    check(N, list, MOST_IDS, 0);
}

static void test_random_pairs(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        uint64_t n = 1 + test_random(seed, 0) % (MOST_IDS - 1), list[MOST_IDS][2];
        size_t npairs = test_random(seed, 1) % (n + 1);
        for (size_t p = 0; p < npairs; p++)
            for (int side = 0; side < 2; side++)
                list[p][side] = test_random(seed, 2 + 2 * p + (uint64_t)side) % n;
        check(n, list, npairs, seed % 3 ? 0 : (uint64_t)1 << 40);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_random_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
