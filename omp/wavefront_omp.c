// wavefront_omp.c: a wavefront on threads.
//
// Step by step: in a step, strips two blocks apart each make one block of 64 columns, in parallel,
// and a barrier ends it. So half as many blocks as a row has can be made at once. The first and
// last steps have fewer: that is what the pattern costs. Which thread makes a block cannot show
// (front.c says why). Rows that go in order leave nothing to do at once: one thread makes them.
#include "omp_runner.h"

#include <omp.h>

ppx_status ppx_wavefront_omp(const ppx_runner *runner, const ppx_job *job,
                             const ppx_wavefront *wavefront, const ppx_band *in,
                             const ppx_band *out, const ppx_wavefront_across *across,
                             ppx_error *error) {
    if (omp_get_max_threads() == 1 || job->geometry.in_order)
        return ppx_runner_serial.wavefront(runner, job, wavefront, in, out, across, error);
    ppx_front front;
    ppx_status status = ppx_front_create(&front, job, wavefront, in, out, true, error);
    if (across) // also after a failure: the other ranks are waiting
        status = across->agree(across->context, status, error);
    if (!status) {
        ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel default(none) shared(front, across, lap, in)
        for (ptrdiff_t step = 0; step < ppx_front_steps(&front); step++) {
            if (across) {
#pragma omp master
                ppx_front_receive(&front, step, across);
#pragma omp barrier
            }
            ptrdiff_t last = step / PPX_FRONT_LAG;
            last = last < front.nstrips - 1 ? last : front.nstrips - 1;
#pragma omp for schedule(runtime)
            for (ptrdiff_t strip = last; strip >= 0; strip--) {
                ppx_front_tile(&front, step, strip);
                ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE,
                             in->y0 / PPX_STRIP + strip);
            }
            if (across) {
#pragma omp master
                ppx_front_send(&front, step, across);
            }
        }
        ppx_lap_end(&lap);
    }
    ppx_front_free(&front);
    return status;
}
