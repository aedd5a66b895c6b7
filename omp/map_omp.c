// map_omp.c: maps on threads.
//
// Strips are dealt out by the schedule that the runtime is set to (OMP_SCHEDULE, or --schedule).
// Each thread opens its own feed, so that it touches its lines and its output pages first; a thread
// that gets the next strip in order keeps its window. Output rows belong to one strip only: no
// locks. The result does not depend on the schedule because a strip's rows depend on global
// coordinates alone.
#include "omp_runner.h"

#include <omp.h>

ppx_status ppx_map_omp(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                       const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error) {
    (void)runner;
    ppx_verdict verdict = {.error = error};
    ptrdiff_t nstrips = ppx_strip_count(y1 - y0);
    ppx_lap lap = ppx_lap_start(stages->at[0].job.trace);
#pragma omp parallel default(none) shared(stages, in, out, y0, y1, nstrips, verdict, lap)
    {
        ppx_feed *feed = NULL;
        ppx_error mine = {0};
        ppx_status status = ppx_feed_open(&feed, stages, in, out, &mine);
#pragma omp for schedule(runtime) nowait
        for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
            ptrdiff_t from = y0 + strip * PPX_STRIP;
            ptrdiff_t to = from + PPX_STRIP < y1 ? from + PPX_STRIP : y1;
            if (!status)
                status = ppx_feed_rows(feed, from, to, &mine);
            ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, from / PPX_STRIP);
        }
        ppx_feed_close(feed);
        ppx_verdict_add(&verdict, status, &mine);
    }
    ppx_lap_end(&lap);
    return verdict.status;
}
