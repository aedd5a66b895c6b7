// serial.c: the serial runner, one worker and strips in order.
//
// It is the best serial algorithm, not a parallel one run on one thread: the window of a map goes
// over the whole image without a break, a scan never computes a summary unless ranks ask for it,
// and a join or a settling takes the band as one piece and has no seams.
#include "../core/memory.h"
#include "../core/runner.h"
#include "../core/trace.h"

static ppx_status map_serial(const ppx_runner *runner, const ppx_stages *stages,
                             const ppx_source *in, const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1,
                             ppx_error *error) {
    (void)runner;
    if (y0 == y1)
        return PPX_OK;
    ppx_feed *feed;
    ppx_lap lap = ppx_lap_start(stages->at[0].job.trace);
    ppx_status status = ppx_feed_open(&feed, stages, in, out, error);
    const ptrdiff_t step = lap.trace ? PPX_STRIP : y1 - y0; // strips, if only to be noted
    for (ptrdiff_t y = y0; !status && y < y1; y += step) {
        status = ppx_feed_rows(feed, y, y + step < y1 ? y + step : y1, error);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    ppx_feed_close(feed);
    return status;
}

static ppx_status reduce_serial(const ppx_runner *runner, const ppx_job *job,
                                const ppx_reduce *reduce, const ppx_source *in, ptrdiff_t y0,
                                ptrdiff_t y1, uint64_t *counters, ppx_error *error) {
    (void)runner;
    void *scratch = NULL;
    ppx_status status =
        ppx_alloc_array(&scratch, 1, job->geometry.scratch_nbytes, "scratch", error);
    ppx_lap lap = ppx_lap_start(job->trace);
    for (ptrdiff_t y = y0; !status && y < y1; y += PPX_STRIP) {
        ppx_reduce_strip(job, reduce, in, y, y1, counters, scratch);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    ppx_free(scratch);
    return status;
}

// The k-th strip that a scan meets: its first row; *nrows of them.
static ptrdiff_t scan_strip(const ppx_scan *scan, const ppx_band *in, ptrdiff_t k,
                            ptrdiff_t *nrows) {
    const ptrdiff_t height = in->rows.shape.height;
    const ptrdiff_t from = (scan->upward ? ppx_strip_count(height) - 1 - k : k) * PPX_STRIP;
    *nrows = height - from < PPX_STRIP ? height - from : PPX_STRIP;
    return in->y0 + from;
}

static ppx_status scan_serial(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                              const ppx_band *in, const ppx_band *out,
                              const ppx_scan_across *across, ppx_error *error) {
    (void)runner;
    uint32_t *carry = NULL; // twice: what comes from other bands, and what this one adds
    void *scratch = NULL;
    size_t n = job->geometry.ncarry;
    ppx_status status = ppx_alloc_array((void **)&carry, 2 * n, sizeof *carry, "carries", error);
    if (!status)
        status = ppx_alloc_array(&scratch, 1, job->geometry.scratch_nbytes, "scratch", error);
    const ptrdiff_t nstrips = ppx_strip_count(in->rows.shape.height);
    void *rows[PPX_STRIP], *out_rows[PPX_STRIP];
    ppx_lap lap = ppx_lap_start(job->trace);
    if (across) { // also after a failure: the other ranks are waiting
        for (ptrdiff_t k = 0; !status && k < nstrips; k++) {
            ptrdiff_t nrows, y = scan_strip(scan, in, k, &nrows);
            ppx_band_rows(in, y, nrows, rows);
            scan->summarise[job->in.type](job, (const void *const *)rows, y, nrows, carry + n);
            ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, y / PPX_STRIP);
        }
        const uint32_t *total = carry ? carry + n : NULL;
        status = across->carry(across->context, status, scan, total, carry, n, error);
    }
    for (ptrdiff_t k = 0; !status && k < nstrips; k++) {
        ptrdiff_t nrows, y = scan_strip(scan, in, k, &nrows);
        ppx_band_rows(in, y, nrows, rows);
        ppx_band_rows(out, y, nrows, out_rows);
        scan->sweep[job->in.type](job, (const void *const *)rows, y, nrows, carry, out_rows,
                                  scratch);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    ppx_free(scratch);
    ppx_free(carry);
    return status;
}

static ppx_status join_serial(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                              const ppx_band *in, const ppx_band *out,
                              const ppx_join_across *across, ppx_error *error) {
    (void)runner;
    ppx_joined joined;
    ppx_lap lap = ppx_lap_start(job->trace);
    ppx_status status = ppx_joined_create(&joined, in, 1, error);
    if (!status && joined.npieces)
        status = join->local[job->in.type](job, &in->rows, &joined.pieces[0], error);
    if (!status)
        status = ppx_joined_resolve(&joined, job, join, error);
    ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
    if (across) // also after a failure: the other ranks are waiting
        status = across->join(across->context, status, job, join, &joined, error);
    else if (!status)
        ppx_joined_values(&joined, job, join);
    ptrdiff_t end = in->y0 + in->rows.shape.height;
    for (ptrdiff_t y = in->y0; !status && y < end; y += PPX_STRIP) {
        void *rows[PPX_STRIP];
        ptrdiff_t nrows = end - y < PPX_STRIP ? end - y : PPX_STRIP;
        ppx_band_rows(out, y, nrows, rows);
        join->paint(job, &joined.pieces[0], joined.number, y, nrows, rows);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, y / PPX_STRIP);
    }
    if (!status && job->sink && join->report)
        join->report(job, joined.records.data, joined.n);
    ppx_joined_free(&joined);
    return status;
}

// Strip by strip; where there are ranks, step by step, so that the one below can begin before this
// band is done.
static ppx_status wavefront_serial(const ppx_runner *runner, const ppx_job *job,
                                   const ppx_wavefront *wavefront, const ppx_band *in,
                                   const ppx_band *out, const ppx_wavefront_across *across,
                                   ppx_error *error) {
    (void)runner;
    ppx_front front;
    ppx_status status = ppx_front_create(&front, job, wavefront, in, out, across, error);
    ppx_lap lap = ppx_lap_start(job->trace);
    if (across) // also after a failure: the other ranks are waiting
        status = across->agree(across->context, status, error);
    if (!status && !across) {
        ppx_front_in_order(&front);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
    } else if (!status && job->geometry.in_order) {
        across->hand(across->context, true, front.line, 0, job->geometry.ncarry);
        ppx_front_in_order(&front);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
        across->hand(across->context, false, front.line, 0, job->geometry.ncarry);
    } else if (!status) {
        for (ptrdiff_t step = 0; step < ppx_front_steps(&front); step++) {
            ppx_front_receive(&front, step, across);
            for (ptrdiff_t strip = 0; strip < front.nstrips; strip++)
                ppx_front_tile(&front, step, strip);
            ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
            ppx_front_send(&front, step, across);
        }
    }
    ppx_front_free(&front);
    return status;
}

static ppx_status settle_serial(const ppx_runner *runner, const ppx_job *job,
                                const ppx_settle *settle, const ppx_band *in, const ppx_band *with,
                                const ppx_band *out, const ppx_settle_across *across,
                                ppx_error *error) {
    (void)runner;
    ppx_piece piece = {.y0 = in->y0, .nrows = in->rows.shape.height};
    ppx_region region = ppx_region_of(&piece, in, with, out);
    ppx_status status = PPX_OK;
    ppx_lap lap = ppx_lap_start(job->trace);
    if (piece.nrows)
        status = settle->rest[job->in.type](job, &piece, &region, error);
    ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
    region.fresh = false;
    for (bool again = across != NULL; again;) { // also after a failure: the other ranks are waiting
        status = across->show(across->context, status, &out->rows, &region.above, &region.below,
                              &again, error);
        if (!status && (region.above || region.below))
            status = settle->rest[job->in.type](job, &piece, &region, error);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
    }
    ppx_piece_free(&piece);
    return status;
}

static ppx_status transpose_serial(const ppx_runner *runner, const ppx_job *job,
                                   const ppx_transpose *transpose, const ppx_band *in,
                                   const ppx_band *out, ppx_error *error) {
    (void)runner, (void)error;
    const ptrdiff_t height = out->rows.shape.height;
    ppx_lap lap = ppx_lap_start(job->trace);
    const ptrdiff_t step = lap.trace ? PPX_STRIP : height; // strips, if only to be noted
    for (ptrdiff_t y = 0; y < height; y += step) {
        ptrdiff_t nrows = height - y < step ? height - y : step;
        ppx_image strip = ppx_image_view(&out->rows, y, nrows);
        transpose->rows(&in->rows, out->y0 + y, &strip);
        ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, (out->y0 + y) / PPX_STRIP);
    }
    return PPX_OK;
}

const ppx_runner ppx_runner_serial = {
    .name = "serial",
    .map = map_serial,
    .reduce = reduce_serial,
    .scan = scan_serial,
    .join = join_serial,
    .wavefront = wavefront_serial,
    .settle = settle_serial,
    .transpose = transpose_serial,
};
