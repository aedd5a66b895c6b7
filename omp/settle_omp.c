// settle_omp.c: a fixed point on threads.
//
// The band is cut into pieces, contiguous runs of strips, and the work goes in turns. In a turn the
// pieces whose neighbours have news come to rest, in parallel, each writing its own rows only and
// reading of its neighbours only copies of their border rows; then, in parallel again, each piece
// compares its border rows with their copies and renews these. A turn without news is the last.
//
// It ends because a turn that goes on has moved a sample, and samples move in one direction. The
// result is the one state at which no update is left within any piece nor across any border: it
// does not depend on the cut, the turns, or the order of the threads (ppx_region, kernel.h). Turns
// are as many as the longest path of updates crosses borders: two or three for most images, more
// for a spiral.
#include "omp_runner.h"

#include <omp.h>
#include <string.h>

enum { PIECES_A_THREAD = 2 };

typedef struct settling {
    const ppx_job *job;
    const ppx_settle *settle;
    int npieces;
    ppx_piece *pieces;
    ppx_region *regions;
    char *shown; // of each piece the first and the last row, as its neighbours know them
    bool *news;  // they are other ones than a turn ago
    size_t row_nbytes;
} settling;

static ppx_status prepare(settling *s, const ppx_band *in, const ppx_band *with,
                          const ppx_band *out, int most, ppx_error *error) {
    s->row_nbytes = ppx_shape_row_nbytes(s->job->geometry.out);
    ppx_status status = ppx_pieces_create(&s->pieces, &s->npieces, in, most, error);
    const size_t n = (size_t)s->npieces;
    if (!status)
        status = ppx_alloc_array((void **)&s->regions, n, sizeof *s->regions, "pieces", error);
    if (!status)
        status =
            ppx_alloc_array((void **)&s->shown, 2 * n, s->row_nbytes, "rows at borders", error);
    if (!status)
        status = ppx_alloc_array((void **)&s->news, 2 * n, sizeof *s->news, "news", error);
    for (int p = 0; !status && p < s->npieces; p++)
        s->regions[p] = ppx_region_of(&s->pieces[p], in, with, out);
    return status;
}

static inline bool is_asked(const ppx_region *region) {
    return region->fresh || region->above || region->below;
}

static ppx_status bring_to_rest(settling *s, ppx_error *error) {
    ppx_verdict verdict = {.error = error};
    ppx_lap lap = ppx_lap_start(s->job->trace);
#pragma omp parallel for schedule(runtime) default(none) shared(s, verdict, lap)
    for (int p = 0; p < s->npieces; p++) {
        ppx_error failed = {0};
        ppx_status status = PPX_OK;
        if (is_asked(&s->regions[p]))
            status =
                s->settle->rest[s->job->in.type](s->job, &s->pieces[p], &s->regions[p], &failed);
        ppx_verdict_add(&verdict, status, &failed);
        ppx_lap_note(&lap, omp_get_thread_num(), PPX_PHASE_COMPUTE, s->pieces[p].y0 / PPX_STRIP);
    }
    ppx_lap_end(&lap);
    return verdict.status;
}

static void show_borders(settling *s) {
#pragma omp parallel for schedule(runtime) default(none) shared(s)
    for (int p = 0; p < s->npieces; p++) {
        const ppx_region *region = &s->regions[p];
        for (int last = 0; last < 2; last++) {
            const void *row = ppx_image_row(&region->state, last ? s->pieces[p].nrows - 1 : 0);
            char *shown = s->shown + (size_t)(2 * p + last) * s->row_nbytes;
            bool *news = &s->news[2 * p + last];
            *news = region->fresh || (is_asked(region) && memcmp(shown, row, s->row_nbytes) != 0);
            if (*news)
                memcpy(shown, row, s->row_nbytes);
        }
    }
}

// Hands the news on; whether there are any.
static bool hand_on(settling *s) {
    bool again = false;
    for (int p = 0; p < s->npieces; p++) {
        ppx_region *region = &s->regions[p];
        const char *shown = s->shown + 2 * (size_t)p * s->row_nbytes;
        bool above = p > 0 && s->news[2 * p - 1];
        bool below = p + 1 < s->npieces && s->news[2 * p + 2];
        region->fresh = false;
        region->above = above ? shown - s->row_nbytes : NULL;
        region->below = below ? shown + 2 * s->row_nbytes : NULL;
        again |= above || below;
    }
    return again;
}

// Turns until the band is at rest.
static ppx_status settle_band(settling *s, ppx_error *error) {
    ppx_status status;
    do {
        status = bring_to_rest(s, error);
        if (status)
            return status;
        show_borders(s);
    } while (hand_on(s));
    return PPX_OK;
}

ppx_status ppx_settle_omp(const ppx_runner *runner, const ppx_job *job, const ppx_settle *settle,
                          const ppx_band *in, const ppx_band *with, const ppx_band *out,
                          const ppx_settle_across *across, ppx_error *error) {
    int nthreads = omp_get_max_threads();
    if (nthreads == 1)
        return ppx_runner_serial.settle(runner, job, settle, in, with, out, across, error);
    settling s = {.job = job, .settle = settle};
    ppx_status status = prepare(&s, in, with, out, PIECES_A_THREAD * nthreads, error);
    if (!status)
        status = settle_band(&s, error);
    for (bool again = across != NULL; again;) { // also after a failure: the other ranks are waiting
        const void *above, *below;
        status = across->show(across->context, status, &out->rows, &above, &below, &again, error);
        if (status || s.npieces == 0)
            continue;
        s.regions[0].above = above;
        s.regions[s.npieces - 1].below = below;
        status = settle_band(&s, error);
    }
    ppx_pieces_free(s.pieces, s.npieces);
    ppx_free(s.regions);
    ppx_free(s.shown);
    ppx_free(s.news);
    return status;
}
