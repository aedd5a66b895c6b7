// test_trace.c: what a trace says of a run: each strip once, slices that do not overlap, totals
// that are their sums; and the bytes that a chain's steps read and write.
#include "support.h"

#include <math.h>
#include <omp.h>
#include <string.h>

typedef struct traced {
    ppx_trace *trace;
    ppx_run_times times;
    double begun, ended;
} traced;

static size_t most = 1000; // slices of a worker

static traced run_traced(const char *spec, ppx_shape shape, const ppx_runner *runner,
                         int nworkers) {
    traced t;
    ppx_error error = {0};
    ppx_chain *chain;
    ppx_image in = test_image(shape, TEST_NOISE, 1);
    ppx_band band = ppx_band_whole(ppx_image_view(&in, 0, shape.height));
    assert_int_equal(ppx_trace_create(&t.trace, nworkers, most, &error), PPX_OK);
    assert_int_equal(ppx_chain_parse(&chain, spec, NULL, NULL, &error), PPX_OK);
    const ppx_run_options options = {.load = test_load, .trace = t.trace};
    t.begun = ppx_seconds();
    if (ppx_run(chain, runner, &band, &options, &t.times, &error))
        fail_msg("%s: %s", spec, error.text);
    t.ended = ppx_seconds();
    ppx_image wanted = test_run(spec, &in, &ppx_runner_serial, NULL);
    assert_true(ppx_image_equal(&band.rows, &wanted)); // watching changes nothing
    ppx_image_free(&wanted);
    ppx_chain_free(chain);
    ppx_image_free(&band.rows);
    ppx_image_free(&in);
    return t;
}

// Slices of a worker follow each other within the run, and phases add up to their lengths.
static void check_order(const traced *t, const char *spec) {
    for (int w = 0; w < ppx_trace_nworkers(t->trace); w++) {
        size_t n;
        const ppx_slice *slices = ppx_trace_slices(t->trace, w, &n);
        double last = t->begun, sums[PPX_NPHASES] = {0};
        for (size_t k = 0; k < n; k++) {
            if (slices[k].from < last || slices[k].to < slices[k].from || slices[k].to > t->ended)
                fail_msg("%s, worker %d: slice %zu overlaps or lies outside of the run", spec, w,
                         k);
            last = slices[k].to;
            sums[slices[k].phase] += slices[k].to - slices[k].from;
        }
        for (int p = 0; p < PPX_NPHASES; p++)
            assert_true(fabs(sums[p] - ppx_trace_seconds(t->trace, w, (ppx_phase)p)) < 1e-9);
    }
}

// How often each strip was computed, by all workers.
static void count_strips(const traced *t, int *counts, int nstrips) {
    memset(counts, 0, (size_t)nstrips * sizeof *counts);
    for (int w = 0; w < ppx_trace_nworkers(t->trace); w++) {
        size_t n;
        const ppx_slice *slices = ppx_trace_slices(t->trace, w, &n);
        for (size_t k = 0; k < n; k++)
            if (slices[k].phase == PPX_PHASE_COMPUTE && slices[k].strip >= 0) {
                assert_true(slices[k].strip < nstrips);
                counts[slices[k].strip]++;
            }
    }
}

// The chain, and how often each strip shows: serially, and on threads (a scan sums strips up
// first; a join finds components in pieces, which need not be strips: -1).
static const struct {
    const char *spec;
    int serial, threads;
} known[] = {
    {"sobel", 1, 1},      {"sobel+box:radius=2+invert", 1, 1}, // one group
    {"sobel+flip", 2, 2},                                      // two
    {"histogram", 1, 1},  {"otsu", 2, 2},
    {"integral", 1, 2},   {"label", 1, -1},
};

static void test_strips(void **state) {
    (void)state;
    enum { NSTRIPS = 5 };
    omp_set_schedule(omp_sched_static, 0); // some for each thread
    const ppx_shape shape = test_shape(61, NSTRIPS * PPX_STRIP - 7, 1, PPX_U8);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        for (int nthreads = 0; nthreads < 4; nthreads++) { // 0: serial
            omp_set_num_threads(nthreads ? nthreads : 1);
            traced t =
                run_traced(known[k].spec, shape, nthreads ? &ppx_runner_omp : &ppx_runner_serial,
                           nthreads ? nthreads : 1);
            int counts[NSTRIPS], wanted = nthreads > 1 ? known[k].threads : known[k].serial;
            check_order(&t, known[k].spec);
            count_strips(&t, counts, NSTRIPS);
            for (int s = 0; wanted >= 0 && s < NSTRIPS; s++)
                if (counts[s] != wanted)
                    fail_msg("%s, %d threads: strip %d was noted %d times, not %d", known[k].spec,
                             nthreads, s, counts[s], wanted);
            for (int w = 0; w < ppx_trace_nworkers(t.trace); w++) {
                if (ppx_trace_seconds(t.trace, w, PPX_PHASE_COMPUTE) <= 0)
                    fail_msg("%s, %d threads: worker %d computed nothing", known[k].spec, nthreads,
                             w);
                assert_true(ppx_trace_seconds(t.trace, w, PPX_PHASE_EXCHANGE) <= 0);
            }
            ppx_trace_free(t.trace);
        }
}

// In a parallel region no thread's time is lost: each works or waits from its first note on, and
// all waits end together.
static void test_waits(void **state) {
    (void)state;
    omp_set_num_threads(3);
    omp_set_schedule(omp_sched_static, 0);
    traced t = run_traced("median:radius=5", test_shape(400, 192, 1, PPX_U8), &ppx_runner_omp, 3);
    double ended = 0;
    for (int w = 0; w < 3; w++) {
        size_t n;
        const ppx_slice *slices = ppx_trace_slices(t.trace, w, &n);
        size_t first = n - 2; // the only strip of this thread; before it thread 0 made a table
        assert_true(n >= 2);
        assert_int_equal(slices[first].phase, PPX_PHASE_COMPUTE);
        assert_int_equal(slices[first].strip, w);
        assert_int_equal(slices[n - 1].phase, PPX_PHASE_WAIT);
        assert_true(fabs(slices[n - 1].from - slices[first].to) < 1e-12);
        if (w > 0)
            assert_true(fabs(slices[n - 1].to - ended) < 1e-12);
        ended = slices[n - 1].to;
    }
    ppx_trace_free(t.trace);
}

// Threads beyond those that the trace knows are left out; a cleared trace is empty.
static void test_fewer_and_clear(void **state) {
    (void)state;
    omp_set_num_threads(4);
    traced t = run_traced("sobel", test_shape(9, 640, 1, PPX_U8), &ppx_runner_omp, 2);
    check_order(&t, "sobel");
    assert_int_equal(ppx_trace_nworkers(t.trace), 2);
    ppx_trace_clear(t.trace);
    for (int w = 0; w < 2; w++) {
        size_t n;
        (void)ppx_trace_slices(t.trace, w, &n);
        assert_int_equal(n, 0);
        assert_true(ppx_trace_seconds(t.trace, w, PPX_PHASE_COMPUTE) <= 0);
    }
    ppx_trace_free(t.trace);
    // What is not kept counts in the sums.
    most = 2;
    omp_set_num_threads(1);
    t = run_traced("sobel", test_shape(9, 640, 1, PPX_U8), &ppx_runner_serial, 1);
    most = 1000;
    size_t n;
    const ppx_slice *slices = ppx_trace_slices(t.trace, 0, &n);
    assert_int_equal(n, 2);
    assert_int_equal(ppx_trace_lost(t.trace, 0), 8);
    assert_true(ppx_trace_seconds(t.trace, 0, PPX_PHASE_COMPUTE) > slices[1].to - slices[0].from);
    ppx_trace_free(t.trace);
    ppx_trace_note(NULL, 0, PPX_PHASE_COMPUTE, 0, 0); // nobody is recording
}

static void test_bytes(void **state) {
    (void)state;
    const ppx_shape shape = test_shape(100, 150, 1, PPX_U8);
    static const struct {
        const char *spec;
        double images; // of 100 x 150 bytes
    } chains[] = {
        {"copy", 2},
        {"gaussian:sigma=1+sobel+threshold:t=3", 2}, // in one group
        {"sobel+flip", 4},                           // in two
        {"histogram", 1},                            // which passes its input on
        {"equalize", 1 + 2},
        {"otsu+sobel", 1 + 2}, // otsu's map joins sobel's
        {"label", 1 + 4},      // labels are of 32 bits
        {"integral", 1 + 4},
        {"blend:with=second", 3},
        {"tophat:radius=1", 2},
        {"pyramid:levels=2", 1 + 2 * 0.25 + 0.0625 + 0.0025}, // 100 x 150, 50 x 75, 25 x 38
    };
    for (size_t k = 0; k < sizeof chains / sizeof *chains; k++)
        for (int threads = 0; threads < 2; threads++) {
            omp_set_num_threads(3);
            traced t = run_traced(chains[k].spec, shape,
                                  threads ? &ppx_runner_omp : &ppx_runner_serial, 1);
            double wanted = chains[k].images * 15000;
            if (fabs(t.times.nbytes - wanted) > 100)
                fail_msg("%s: %.0f bytes, wanted %.0f", chains[k].spec, t.times.nbytes, wanted);
            ppx_trace_free(t.trace);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strips),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_fewer_and_clear),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
