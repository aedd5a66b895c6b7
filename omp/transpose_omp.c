// transpose_omp.c: a transpose on threads.
//
// Strips of output rows, each of them a column of the input, are dealt out by the schedule that the
// runtime is set to; several at a time, if there are plenty, because a thread that reads more of an
// input row at once looks up its page less often. Every thread reads a part of all input rows and
// writes rows of its own: no locks, and nothing is computed that an order could show in.
#include "omp_runner.h"

#include <omp.h>

enum { TOGETHER = 8 }; // strips

ppx_status ppx_transpose_omp(const ppx_runner *runner, const ppx_job *job,
                             const ppx_transpose *transpose, const ppx_band *in,
                             const ppx_band *out, ppx_error *error) {
    (void)runner, (void)error;
    const ptrdiff_t height = out->rows.shape.height, nstrips = ppx_strip_count(height);
    const ptrdiff_t together = nstrips < 4 * TOGETHER * omp_get_max_threads() ? 1 : TOGETHER;
    const ptrdiff_t step = together * PPX_STRIP;
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none)                                           \
    shared(transpose, in, out, height, step, lap)
    for (ptrdiff_t y = 0; y < height; y += step) {
        ppx_image rows = ppx_image_view(&out->rows, y, height - y < step ? height - y : step);
        transpose->rows(&in->rows, out->y0 + y, &rows);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, (out->y0 + y) / PPX_STRIP);
    }
    ppx_lap_end(&lap);
    return PPX_OK;
}
