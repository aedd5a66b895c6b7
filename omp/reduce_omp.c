// reduce_omp.c: a reduction on threads.
//
// Each thread counts into private counters, without any locking while it counts, and adds them to
// the shared ones under a lock once, at its end. Counters are integers, so neither the order in
// which the threads arrive nor which strips a thread had can be seen in the sums.
#include "omp_runner.h"

#include <omp.h>

ppx_status ppx_reduce_omp(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                          const ppx_source *in, ptrdiff_t y0, ptrdiff_t y1, uint64_t *counters,
                          ppx_error *error) {
    (void)runner;
    ppx_verdict verdict = {.error = error};
    ptrdiff_t nstrips = ppx_strip_count(y1 - y0);
    size_t n = job->geometry.ncounters;
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel default(none)                                                                 \
    shared(job, reduce, in, y0, y1, counters, nstrips, n, verdict, lap)
    {
        uint64_t *mine = NULL;
        void *scratch = NULL;
        ppx_error failed = {0};
        ppx_status status =
            ppx_alloc_array((void **)&mine, n, sizeof *mine, "private counters", &failed);
        if (!status)
            status = ppx_alloc_array(&scratch, 1, job->geometry.scratch_nbytes, "scratch", &failed);
#pragma omp for schedule(runtime) nowait
        for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
            if (!status)
                ppx_reduce_strip(job, reduce, in, y0 + strip * PPX_STRIP, y1, mine, scratch);
            ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y0 / PPX_STRIP + strip);
        }
        if (!status) {
#pragma omp critical(ppx_reduce)
            for (size_t k = 0; k < n; k++)
                counters[k] += mine[k];
        }
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_REDUCE, -1);
        ppx_free(mine);
        ppx_free(scratch);
        ppx_verdict_add(&verdict, status, &failed);
    }
    ppx_lap_end(&lap);
    return verdict.status;
}
