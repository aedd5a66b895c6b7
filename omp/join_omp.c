// join_omp.c: a join on threads.
//
// The band is cut into pieces, a few for each thread so that the schedule can balance them. Pieces
// find their components in parallel; seams between pieces are compared and resolved by one thread
// (their cost is the width of the image times the pieces, not its area); strips are painted in
// parallel. Final numbers follow from the first pixel of a component in raster order, so neither
// the cut into pieces nor the order of the threads can be seen.
#include "omp_runner.h"

#include <omp.h>

enum { PIECES_A_THREAD = 4 };

static ppx_status find_components(ppx_joined *joined, const ppx_job *job, const ppx_join *join,
                                  const ppx_band *in, ppx_error *error) {
    ppx_verdict verdict = {.error = error};
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none) shared(joined, job, join, in, verdict, lap)
    for (int p = 0; p < joined->npieces; p++) {
        ppx_piece *piece = &joined->pieces[p];
        ppx_image rows = ppx_image_view(&in->rows, piece->y0 - in->y0, piece->nrows);
        ppx_error failed = {0};
        ppx_status status = join->local[job->in.type](job, &rows, piece, &failed);
        ppx_verdict_add(&verdict, status, &failed);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, piece->y0 / PPX_STRIP);
    }
    ppx_lap_end(&lap);
    return verdict.status;
}

static void paint(const ppx_joined *joined, const ppx_job *job, const ppx_join *join,
                  const ppx_band *out) {
    ptrdiff_t nstrips = ppx_strip_count(out->rows.shape.height);
    ppx_lap lap = ppx_lap_start(job->trace);
#pragma omp parallel for schedule(runtime) default(none)                                           \
    shared(joined, job, join, out, nstrips, lap)
    for (ptrdiff_t strip = 0; strip < nstrips; strip++) {
        void *rows[PPX_STRIP];
        ptrdiff_t nrows, y = ppx_strip_rows(out, strip, &nrows);
        ppx_band_rows(out, y, nrows, rows);
        int p = joined->npieces - 1;
        while (joined->pieces[p].y0 > y)
            p--;
        join->paint(job, &joined->pieces[p], joined->number + joined->offset[p], y, nrows, rows);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    ppx_lap_end(&lap);
}

ppx_status ppx_join_omp(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                        const ppx_band *in, const ppx_band *out, const ppx_join_across *across,
                        ppx_error *error) {
    int nthreads = omp_get_max_threads();
    if (nthreads == 1)
        return ppx_runner_serial.join(runner, job, join, in, out, across, error);
    ppx_joined joined;
    ppx_status status = ppx_joined_create(&joined, in, PIECES_A_THREAD * nthreads, error);
    if (!status)
        status = find_components(&joined, job, join, in, error);
    ppx_lap alone = ppx_lap_start(job->trace);
    if (!status)
        status = ppx_joined_resolve(&joined, job, join, error);
    ppx_lap_note(&alone, 0, PPX_PHASE_COMPUTE, -1);
    if (across) // also after a failure: the other ranks are waiting
        status = across->join(across->context, status, job, join, &joined, error);
    else if (!status)
        ppx_joined_values(&joined, job, join);
    if (!status)
        paint(&joined, job, join, out);
    if (!status && job->sink && join->report)
        join->report(job, joined.records.data, joined.n);
    ppx_joined_free(&joined);
    return status;
}
