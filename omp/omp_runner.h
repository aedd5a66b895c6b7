// omp_runner.h: the patterns on OpenMP threads, one file each.
#ifndef PPX_OMP_RUNNER_H
#define PPX_OMP_RUNNER_H

#include "../core/memory.h"
#include "../core/runner.h"
#include "../core/trace.h"

ppx_status ppx_map_omp(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                       const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error);
ppx_status ppx_reduce_omp(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                          const ppx_source *in, ptrdiff_t y0, ptrdiff_t y1, uint64_t *counters,
                          ppx_error *error);
ppx_status ppx_scan_omp(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                        const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                        ppx_error *error);
ppx_status ppx_join_omp(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                        const ppx_band *in, const ppx_band *out, const ppx_join_across *across,
                        ppx_error *error);
ppx_status ppx_settle_omp(const ppx_runner *runner, const ppx_job *job, const ppx_settle *settle,
                          const ppx_band *in, const ppx_band *with, const ppx_band *out,
                          const ppx_settle_across *across, ppx_error *error);

ppx_status ppx_wavefront_omp(const ppx_runner *runner, const ppx_job *job,
                             const ppx_wavefront *wavefront, const ppx_band *in,
                             const ppx_band *out, const ppx_wavefront_across *across,
                             ppx_error *error);
ppx_status ppx_transpose_omp(const ppx_runner *runner, const ppx_job *job,
                             const ppx_transpose *transpose, const ppx_band *in,
                             const ppx_band *out, ppx_error *error);

// The failure of any thread is the failure of all; the first to say so is quoted.
typedef struct ppx_verdict {
    ppx_status status;
    ppx_error *error;
} ppx_verdict;

void ppx_verdict_add(ppx_verdict *verdict, ppx_status status, const ppx_error *error);

// The rows of strip number `strip` of a band: its first row; *nrows of them.
ptrdiff_t ppx_strip_rows(const ppx_band *band, ptrdiff_t strip, ptrdiff_t *nrows);

#endif
