// scan_omp.c: a scan on threads: reduce, then scan.
//
// Pass 1 only reads: each strip's contribution to the carry, in parallel. Then the carries are
// combined from strip to strip, in parallel over columns. Pass 2 writes each strip from its carry,
// in parallel. Pass 1 is what a serial scan does not need: with one thread it is left out, and with
// n the speed-up is bounded by n times (read and write) / (2 reads and write). Carries add up
// modulo 2^32, or the largest stays: no order can be seen.
#include "omp_runner.h"

#include <omp.h>

// Columns that a thread combines at once: carries are a power of two apart in many images, so that
// one column alone would fall into the same few cache sets strip after strip.
enum { COLUMNS = 1024 };

static inline uint32_t combine(ppx_carry kind, uint32_t a, uint32_t b) {
    return kind == PPX_CARRY_SUM ? a + b : a > b ? a : b;
}

// Carries lie in the order in which the scan meets the strips: carry[k] becomes the combination of
// all contributions before the k-th; carry[nstrips] is the total.
static inline void hand_on_columns(ppx_carry kind, uint32_t *carry, ptrdiff_t nstrips, size_t n,
                                   size_t from, size_t width) {
    uint32_t sum[COLUMNS] = {0};
    for (ptrdiff_t k = 0; k <= nstrips; k++) {
        uint32_t *row = carry + (size_t)k * n + from;
        for (size_t x = 0; x < width; x++) {
            uint32_t own = row[x];
            row[x] = sum[x];
            sum[x] = combine(kind, sum[x], own);
        }
    }
}

static void hand_on(ppx_trace *trace, ppx_carry kind, uint32_t *carry, ptrdiff_t nstrips,
                    size_t n) {
    ppx_lap lap = ppx_lap_start(trace);
#pragma omp parallel for schedule(static) default(none) shared(kind, carry, nstrips, n, lap)
    for (size_t from = 0; from < n; from += COLUMNS) {
        size_t width = n - from < COLUMNS ? n - from : COLUMNS;
        if (kind == PPX_CARRY_SUM) // constants, so that the loops become vectors
            hand_on_columns(PPX_CARRY_SUM, carry, nstrips, n, from, width);
        else
            hand_on_columns(PPX_CARRY_MAX, carry, nstrips, n, from, width);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, -1);
    }
    ppx_lap_end(&lap);
}

static void add_before(ppx_trace *trace, ppx_carry kind, uint32_t *carry, ptrdiff_t nstrips,
                       size_t n, const uint32_t *before) {
    ppx_lap lap = ppx_lap_start(trace);
#pragma omp parallel for schedule(static) default(none) shared(kind, carry, nstrips, n, before, lap)
    for (ptrdiff_t k = 0; k < nstrips; k++) {
        for (size_t x = 0; x < n; x++)
            carry[(size_t)k * n + x] = combine(kind, carry[(size_t)k * n + x], before[x]);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, -1);
    }
    ppx_lap_end(&lap);
}

static void summarise(const ppx_job *job, const ppx_scan *scan, const ppx_band *in,
                      uint32_t *carry) {
    const ptrdiff_t nstrips = ppx_strip_count(in->rows.shape.height);
    const size_t n = job->geometry.ncarry;
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none)                                           \
    shared(job, scan, in, carry, nstrips, n, lap)
    for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
        void *rows[PPX_STRIP];
        ptrdiff_t nrows, y = ppx_strip_rows(in, strip, &nrows);
        size_t k = (size_t)(scan->upward ? nstrips - 1 - strip : strip);
        ppx_band_rows(in, y, nrows, rows);
        scan->summarise[job->in.type](job, (const void *const *)rows, y, nrows, carry + k * n);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    ppx_lap_end(&lap);
}

static ppx_status sweep(const ppx_job *job, const ppx_scan *scan, const ppx_band *in,
                        const ppx_band *out, uint32_t *carry, ppx_error *error) {
    ppx_verdict verdict = {.error = error};
    const ptrdiff_t nstrips = ppx_strip_count(in->rows.shape.height);
    const size_t n = job->geometry.ncarry;
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel default(none) shared(job, scan, in, out, carry, nstrips, n, verdict, lap)
    {
        void *scratch = NULL;
        ppx_error failed = {0};
        ppx_status status =
            ppx_alloc_array(&scratch, 1, job->geometry.scratch_nbytes, "scratch", &failed);
#pragma omp for schedule(runtime) nowait
        for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
            void *rows[PPX_STRIP], *out_rows[PPX_STRIP];
            ptrdiff_t nrows, y = ppx_strip_rows(in, strip, &nrows);
            size_t k = (size_t)(scan->upward ? nstrips - 1 - strip : strip);
            ppx_band_rows(in, y, nrows, rows);
            ppx_band_rows(out, y, nrows, out_rows);
            if (!status)
                scan->sweep[job->in.type](job, (const void *const *)rows, y, nrows, carry + k * n,
                                          out_rows, scratch);
            ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y / PPX_STRIP);
        }
        ppx_free(scratch);
        ppx_verdict_add(&verdict, status, &failed);
    }
    ppx_lap_end(&lap);
    return verdict.status;
}

ppx_status ppx_scan_omp(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                        const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                        ppx_error *error) {
    if (omp_get_max_threads() == 1)
        return ppx_runner_serial.scan(runner, job, scan, in, out, across, error);
    ptrdiff_t nstrips = ppx_strip_count(in->rows.shape.height);
    size_t n = job->geometry.ncarry;
    uint32_t *carry = NULL; // before each strip, then the total, then what comes from other ranks
    ppx_status status = ppx_alloc_array((void **)&carry, ((size_t)nstrips + 2) * n, sizeof *carry,
                                        "carries", error);
    if (!status) {
        summarise(job, scan, in, carry);
        hand_on(job->trace, scan->carry, carry, nstrips, n);
    }
    if (across) { // also after a failure: the other ranks are waiting
        const uint32_t *total = carry ? carry + (size_t)nstrips * n : NULL;
        uint32_t *before = carry ? carry + ((size_t)nstrips + 1) * n : NULL;
        status = across->carry(across->context, status, scan, total, before, n, error);
        if (!status)
            add_before(job->trace, scan->carry, carry, nstrips, n, before);
    }
    if (!status)
        status = sweep(job, scan, in, out, carry, error);
    ppx_free(carry);
    return status;
}
