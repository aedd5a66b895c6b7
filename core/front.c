// front.c: the order of a wavefront's work, which all runners share.
//
// A strip's block j is the columns [64 j - k, 64 (j + 1) - k) of its rows k. When it is done, the
// strip's last row has left the line's columns below 64 j as the next strip is to find them,
// because it lags 63 columns and leaves its own one column later. The next strip's block j - 1
// needs just those. So strips two blocks apart never touch the same column of the line, and
// whatever interleaves them, each finds what it would find alone.
#include <string.h>

#include "memory.h"
#include "runner.h"

ppx_status ppx_front_create(ppx_front *front, const ppx_job *job, const ppx_wavefront *wavefront,
                            const ppx_band *in, const ppx_band *out, bool at_once,
                            ppx_error *error) {
    *front = (ppx_front){.job = job, .wavefront = wavefront, .in = in, .out = out};
    PPX_ASSERT(job->geometry.ncarry % (size_t)job->in.width == 0);
    front->nstrips = ppx_strip_count(in->rows.shape.height);
    front->nblocks = ppx_strip_count(job->in.width) + 1; // the last row lags a block
    front->nstates = at_once && front->nstrips ? front->nstrips : 1;
    front->state_nbytes = (job->geometry.scratch_nbytes + 63) / 64 * 64;
    ppx_status status = ppx_alloc_array((void **)&front->line, job->geometry.ncarry,
                                        sizeof *front->line, "a line", error);
    if (!status)
        status = ppx_alloc_array((void **)&front->states, (size_t)front->nstates,
                                 front->state_nbytes, "states", error);
    return status;
}

void ppx_front_free(ppx_front *front) {
    ppx_free(front->line);
    ppx_free(front->states);
}

// Columns [x0, x1) of the first of the strip's rows [row, row + nrows).
static void tile(const ppx_front *front, ptrdiff_t strip, ptrdiff_t row, ptrdiff_t nrows,
                 ptrdiff_t x0, ptrdiff_t x1) {
    const ppx_job *job = front->job;
    ptrdiff_t y = front->in->y0 + strip * PPX_STRIP + row;
    void *in[PPX_STRIP], *out[PPX_STRIP];
    ppx_band_rows(front->in, y, nrows, in);
    ppx_band_rows(front->out, y, nrows, out);
    char *state = front->states + (size_t)(strip % front->nstates) * front->state_nbytes;
    if (x0 == 0)
        memset(state, 0, front->state_nbytes);
    front->wavefront->tile[job->in.type](job, (const void *const *)in, y, nrows, x0, x1,
                                         front->line, state, out);
}

static ptrdiff_t strip_height(const ppx_front *front, ptrdiff_t strip) {
    ptrdiff_t left = front->in->rows.shape.height - strip * PPX_STRIP;
    return left < PPX_STRIP ? left : PPX_STRIP;
}

void ppx_front_in_order(const ppx_front *front) {
    ptrdiff_t width = front->job->in.width;
    for (ptrdiff_t strip = 0; strip < front->nstrips; strip++) {
        ptrdiff_t nrows = strip_height(front, strip);
        if (front->job->geometry.in_order)
            for (ptrdiff_t row = 0; row < nrows; row++)
                tile(front, strip, row, 1, 0, width);
        else
            tile(front, strip, 0, nrows, 0, width + nrows);
    }
}

ptrdiff_t ppx_front_steps(const ppx_front *front) {
    return front->nstrips ? front->nblocks + PPX_FRONT_LAG * (front->nstrips - 1) : 0;
}

void ppx_front_tile(const ppx_front *front, ptrdiff_t step, ptrdiff_t strip) {
    ptrdiff_t block = step - PPX_FRONT_LAG * strip;
    if (block >= 0 && block < front->nblocks)
        tile(front, strip, 0, strip_height(front, strip), block * PPX_STRIP,
             (block + 1) * PPX_STRIP);
}

// Hands a block of the line's columns on.
static void hand(const ppx_front *front, ptrdiff_t block, bool receive,
                 const ppx_wavefront_across *across) {
    ptrdiff_t width = front->job->in.width, x0 = block * PPX_STRIP, x1 = x0 + PPX_STRIP;
    size_t words = front->job->geometry.ncarry / (size_t)width;
    x1 = x1 < width ? x1 : width;
    if (block >= 0 && x0 < x1)
        across->hand(across->context, receive, front->line, (size_t)x0 * words, (size_t)x1 * words);
}

void ppx_front_receive(const ppx_front *front, ptrdiff_t step, const ppx_wavefront_across *across) {
    hand(front, step, true, across);
}

void ppx_front_send(const ppx_front *front, ptrdiff_t step, const ppx_wavefront_across *across) {
    hand(front, step - PPX_FRONT_LAG * (front->nstrips - 1) - 1, false, across);
}
