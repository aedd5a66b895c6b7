// test_equivalence.c: every kernel gives the same bytes and findings serially, on any number of
// threads under any schedule, and at every instruction-set level.
//
//     test_equivalence [SPEC]      every kernel's examples, or one of them
#include "support.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { SEED = 11, NTHREADS = 5, NSCHEDULES = 4 };
static const int threads[NTHREADS] = {1, 2, 3, 5, 8};
static const struct {
    const char *name;
    omp_sched_t kind;
    int chunk;
} schedules[NSCHEDULES] = {
    {"static", omp_sched_static, 0},
    {"static,1", omp_sched_static, 1},
    {"dynamic,1", omp_sched_dynamic, 1},
    {"guided", omp_sched_guided, 0},
};
static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},    {17, 13},  {70, 63},
                                     {70, 64}, {70, 65}, {257, 129}, {150, 389}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

// ---- Findings as one number ----

static void mix(void *hash, const void *bytes, size_t nbytes) {
    const unsigned char *p = bytes;
    for (size_t k = 0; k < nbytes; k++)
        *(uint64_t *)hash = test_random(*(uint64_t *)hash, p[k]);
}

static void take_number(void *hash, const char *kernel, const char *key, double value) {
    mix(hash, kernel, strlen(kernel));
    mix(hash, key, strlen(key));
    mix(hash, &value, sizeof value);
}

static void take_table(void *hash, const char *kernel, const ppx_table *table) {
    take_number(hash, kernel, table->title, (double)table->nrows);
    for (size_t row = 0; row < table->nrows; row++)
        for (int column = 0; column < table->ncolumns; column++) {
            double value = table->cell(table->data, row, column);
            mix(hash, &value, sizeof value);
        }
}

static ppx_image run(const char *spec, const ppx_image *in, const ppx_runner *runner,
                     uint64_t *findings) {
    *findings = SEED;
    ppx_sink sink = {findings, take_number, take_table};
    return test_run(spec, in, runner, &sink);
}

// ---- One spec ----

static const char *again; // what to give to main to see a failure once more

static void expect_same(const char *spec, const ppx_image *in, const ppx_runner *runner,
                        const ppx_image *wanted, uint64_t wanted_findings, const char *how) {
    char what[400];
    (void)snprintf(what, sizeof what,
                   "%s on %td x %td x %d %s, seed %d, %s; again: test_equivalence '%s'", spec,
                   in->shape.width, in->shape.height, in->shape.channels,
                   ppx_type_name(in->shape.type), SEED, how, again);
    uint64_t findings;
    ppx_image got = run(spec, in, runner, &findings);
    if (!ppx_image_equal(&got, wanted)) {
        test_expect_equal(&got, wanted, 0, what);
        fail_msg("%s: samples compare equal, their bytes do not", what);
    }
    if (findings != wanted_findings)
        fail_msg("%s: the findings differ", what);
    ppx_image_free(&got);
}

// All threads and schedules when `all`, else two pairs that change from call to call and meet
// every pair in the end.
static void each_team(const char *spec, const ppx_image *in, const ppx_image *wanted,
                      uint64_t findings, bool all) {
    static int turn = 0;
    for (int t = 0; t < NTHREADS; t++) {
        omp_set_num_threads(threads[t]);
        for (int s = 0; s < NSCHEDULES; s++) {
            if (!all && (s * NTHREADS + t + turn) % (2 * NTHREADS) != 0)
                continue;
            omp_set_schedule(schedules[s].kind, schedules[s].chunk);
            char how[80];
            (void)snprintf(how, sizeof how, "%d threads, schedule %s", threads[t],
                           schedules[s].name);
            expect_same(spec, in, &ppx_runner_omp, wanted, findings, how);
        }
    }
    turn++;
}

static void check_image(const char *spec, const ppx_image *in, bool all) {
    assert_int_equal(ppx_simd_select("baseline", NULL), PPX_OK);
    uint64_t findings;
    ppx_image wanted = run(spec, in, &ppx_runner_serial, &findings);
    TEST_EACH_LEVEL(level) {
        char how[80];
        (void)snprintf(how, sizeof how, "serial at %s", ppx_simd_name(level));
        expect_same(spec, in, &ppx_runner_serial, &wanted, findings, how);
    }
    each_team(spec, in, &wanted, findings, all);
    ppx_image_free(&wanted);
}

static bool takes(const char *spec, ppx_shape shape) {
    ppx_error error = {0};
    ppx_chain *chain;
    if (ppx_chain_parse(&chain, spec, NULL, NULL, &error))
        fail_msg("%s", error.text);
    ppx_shape out;
    bool fits = ppx_chain_shape(chain, shape, &out, &error) == PPX_OK;
    ppx_chain_free(chain);
    return fits;
}

// How many shapes the chain took. Two channels are for those that do not take one.
static int each_shape(const char *spec, bool all) {
    static const int channels[] = {1, 2, 3, 4};
    int taken = 0;
    for (int t = 0; t < PPX_NTYPES; t++)
        for (int c = 0; c < 4; c++)
            for (int s = 0; s < NSIZES; s++) {
                // As many samples whatever the channels.
                ptrdiff_t width = (sizes[s][0] + channels[c] - 1) / channels[c];
                ppx_shape shape = test_shape(width, sizes[s][1], channels[c], (ppx_type)t);
                ppx_shape gray = shape;
                gray.channels = 1;
                if (!takes(spec, shape) || (channels[c] == 2 && takes(spec, gray)))
                    continue;
                ppx_image in = test_image(shape, (test_texture)((s + t) % TEST_NTEXTURES), SEED);
                check_image(spec, &in, all && taken < NSIZES);
                ppx_image_free(&in);
                taken++;
            }
    return taken;
}

static size_t name_length(const char *spec) {
    return strcspn(spec, ":+ ");
}

static const ppx_kernel *find(const char *spec) {
    for (size_t k = 0; k < ppx_kernel_count(); k++) {
        const char *name = ppx_kernel_name(ppx_kernel_at(k));
        if (strlen(name) == name_length(spec) && strncmp(name, spec, name_length(spec)) == 0)
            return ppx_kernel_at(k);
    }
    return NULL;
}

static bool has_border(const ppx_kernel *kernel) {
    int nparams;
    const ppx_param *params = ppx_kernel_params(kernel, &nparams);
    for (int p = 0; p < nparams; p++)
        if (strcmp(params[p].key, "border") == 0)
            return true;
    return false;
}

static void test_spec(void **state) {
    const char *spec = *state;
    const ppx_kernel *kernel = find(spec);
    if (!kernel)
        fail_msg("no kernel for \"%s\"", spec);
    again = spec;
    int taken = 0;
    for (int border = 0; border < (has_border(kernel) ? 4 : 1); border++) {
        char bordered[200];
        (void)snprintf(bordered, sizeof bordered, "%s%cborder=%s", spec,
                       spec[name_length(spec)] ? ',' : ':', test_borders[border]);
        taken += each_shape(has_border(kernel) ? bordered : spec, border == 0);
    }
    if (!taken)
        fail_msg("%s took none of the images", spec);
}

static void test_every_kernel_has_examples(void **state) {
    (void)state;
    for (size_t k = 0; k < ppx_kernel_count(); k++) {
        const ppx_kernel *kernel = ppx_kernel_at(k);
        if (find(ppx_kernel_examples(kernel)) != kernel)
            fail_msg("%s has no example", ppx_kernel_name(kernel));
    }
}

int main(int argc, char **argv) {
    static struct CMUnitTest tests[300] = {cmocka_unit_test(test_every_kernel_has_examples)};
    size_t n;
    const char *const *examples = test_examples(&n);
    for (size_t k = 0; k < n; k++)
        tests[k + 1] = (struct CMUnitTest){.name = examples[k],
                                           .test_func = test_spec,
                                           .initial_state = (void *)(uintptr_t)examples[k]};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return _cmocka_run_group_tests("equivalence", tests, n + 1, NULL, NULL);
}
