// transpose_omp.c: a transpose on threads.
//
// Strips of output rows, each of them a column of the input, are dealt out by the schedule that the
// runtime is set to. Every thread reads a part of all input rows and writes rows of its own: no
// locks, and nothing is computed that an order could show in.
#include "omp_runner.h"

#include <omp.h>

ppx_status ppx_transpose_omp(const ppx_runner *runner, const ppx_job *job,
                             const ppx_transpose *transpose, const ppx_band *in,
                             const ppx_band *out, ppx_error *error) {
    (void)runner, (void)error;
    ptrdiff_t nstrips = ppx_strip_count(out->rows.shape.height);
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none) shared(transpose, in, out, nstrips, lap)
    for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
        ptrdiff_t nrows, y = ppx_strip_rows(out, strip, &nrows);
        ppx_image rows = ppx_image_view(&out->rows, y - out->y0, nrows);
        transpose->rows(&in->rows, y, &rows);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    ppx_lap_end(&lap);
    return PPX_OK;
}
