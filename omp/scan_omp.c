// scan_omp.c: a scan on threads: reduce, then scan.
//
// Pass 1 only reads: each strip's contribution to the carry, in parallel. Then the carries are
// summed from strip to strip, in parallel over columns. Pass 2 writes each strip below its carry,
// in parallel. Pass 1 is what a serial scan does not need: with one thread it is left out, and with
// n the speed-up is bounded by n times (read and write) / (2 reads and write). Carries add up
// modulo 2^32: no order can be seen.
#include "omp_runner.h"

#include <omp.h>

// Columns that a thread sums at once: carries are a power of two apart in many images, so that one
// column alone would fall into the same few cache sets strip after strip.
enum { COLUMNS = 1024 };

// carry[s] becomes the sum of all contributions above strip s; carry[nstrips] is the total.
static void carry_down(const ppx_lap *lap, uint32_t *carry, ptrdiff_t nstrips, size_t n) {
#pragma omp parallel for schedule(static) default(none) shared(lap, carry, nstrips, n)
    for (size_t from = 0; from < n; from += COLUMNS) {
        size_t width = n - from < COLUMNS ? n - from : COLUMNS;
        uint32_t sum[COLUMNS] = {0};
        for (ptrdiff_t s = 0; s <= nstrips; s++) {
            uint32_t *row = carry + (size_t)s * n + from;
            for (size_t k = 0; k < width; k++) {
                uint32_t own = row[k];
                row[k] = sum[k];
                sum[k] += own;
            }
        }
        ppx_lap_note(lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, -1);
    }
    ppx_lap_end(lap);
}

static void add_above(ppx_trace *trace, uint32_t *carry, ptrdiff_t nstrips, size_t n,
                      const uint32_t *above) {
    ppx_lap lap = ppx_lap_start(trace);
#pragma omp parallel for schedule(static) default(none) shared(lap, carry, nstrips, n, above)
    for (ptrdiff_t s = 0; s < nstrips; s++) {
        for (size_t k = 0; k < n; k++)
            carry[(size_t)s * n + k] += above[k];
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, -1);
    }
    ppx_lap_end(&lap);
}

ppx_status ppx_scan_omp(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                        const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                        ppx_error *error) {
    if (omp_get_max_threads() == 1)
        return ppx_runner_serial.scan(runner, job, scan, in, out, across, error);
    ptrdiff_t nstrips = ppx_strip_count(in->rows.shape.height);
    size_t n = job->geometry.ncarry;
    uint32_t *carry = NULL; // of each strip, then the total, then what comes from other ranks
    ppx_status status = ppx_alloc_array((void **)&carry, ((size_t)nstrips + 2) * n, sizeof *carry,
                                        "carries", error);
    if (!status) {
        ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none)                                           \
    shared(job, scan, in, carry, nstrips, n, lap)
        for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
            void *rows[PPX_STRIP];
            ptrdiff_t nrows, y = ppx_strip_rows(in, strip, &nrows);
            ppx_band_rows(in, y, nrows, rows);
            scan->summarise[job->in.type](job, (const void *const *)rows, nrows,
                                          carry + (size_t)strip * n);
            ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y / PPX_STRIP);
        }
        ppx_lap_end(&lap);
        carry_down(&lap, carry, nstrips, n);
    }
    if (across) { // also after a failure: the other ranks are waiting
        const uint32_t *total = carry ? carry + (size_t)nstrips * n : NULL;
        uint32_t *above = carry ? carry + ((size_t)nstrips + 1) * n : NULL;
        status = across->carry(across->context, status, total, above, n, error);
        if (!status)
            add_above(job->trace, carry, nstrips, n, above);
    }
    if (!status) {
        ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none)                                           \
    shared(job, scan, in, out, carry, nstrips, n, lap)
        for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
            void *rows[PPX_STRIP], *out_rows[PPX_STRIP];
            ptrdiff_t nrows, y = ppx_strip_rows(in, strip, &nrows);
            ppx_band_rows(in, y, nrows, rows);
            ppx_band_rows(out, y, nrows, out_rows);
            scan->sweep[job->in.type](job, (const void *const *)rows, nrows,
                                      carry + (size_t)strip * n, out_rows);
            ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y / PPX_STRIP);
        }
        ppx_lap_end(&lap);
    }
    ppx_free(carry);
    return status;
}
