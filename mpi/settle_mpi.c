// settle_mpi.c: a fixed point on ranks.
//
// Plan. The inner runner brings the band to rest as if nothing lay around it. Then rounds: a rank
// sends its first row to the rank above and its last row to the one below (two messages of a row
// each way, to the next ranks that have rows); where what comes is not what came last time, it is
// news, and the inner runner goes on from there. One Allreduce a round says whether any rank has
// news; if none has, all are at rest together. Another one before the messages is the verdict on
// the work since the last round.
//
// It ends because a round with news has moved a sample, and samples move in one direction. The
// result does not depend on the ranks: at the end no update is left in any band nor across a
// border, and there is only one such state (ppx_region, kernel.h). Rounds: one more than the
// longest path of updates crosses borders of bands.
#include "ranks.h"

#include <string.h>

typedef struct settle_state {
    ppx_ranks *ranks;
    ppx_trace *trace;
    int up, down, row_nbytes; // neighbours; bytes of a row
    bool met;                 // a round has been
    char *rows;               // from above and below: of this round, then of the last one
} settle_state;

// A row from another rank: NULL unless it is news.
static const void *news_of(const settle_state *s, int below) {
    char *row = s->rows + (size_t)below * (size_t)s->row_nbytes;
    char *last = row + 2 * (size_t)s->row_nbytes;
    bool same = s->met && memcmp(row, last, (size_t)s->row_nbytes) == 0;
    if ((below ? s->down : s->up) == MPI_PROC_NULL || same)
        return NULL;
    memcpy(last, row, (size_t)s->row_nbytes);
    return row;
}

static ppx_status show(void *context, ppx_status status, const ppx_image *state, const void **above,
                       const void **below, bool *again, ppx_error *error) {
    settle_state *s = context;
    const ppx_ranks *ranks = s->ranks;
    double start = ppx_seconds();
    *above = *below = NULL;
    *again = false;
    status = ppx_ranks_agree(ranks, status, error);
    if (!status) {
        const ptrdiff_t nrows = state->shape.height, last = nrows ? nrows - 1 : 0;
        const int n = s->row_nbytes;
        char *from_above = s->rows, *from_below = s->rows + n;
        MPI_Sendrecv(ppx_image_row(state, 0), n, MPI_BYTE, s->up, TAG_BORDER, from_below, n,
                     MPI_BYTE, s->down, TAG_BORDER, ranks->comm, MPI_STATUS_IGNORE);
        MPI_Sendrecv(ppx_image_row(state, last), n, MPI_BYTE, s->down, TAG_BORDER, from_above, n,
                     MPI_BYTE, s->up, TAG_BORDER, ranks->comm, MPI_STATUS_IGNORE);
        *above = news_of(s, 0);
        *below = news_of(s, 1);
        s->met = true;
        int mine = *above || *below, any;
        MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, ranks->comm);
        *again = any;
    }
    ppx_ranks_spent(s->ranks, s->trace, PPX_PHASE_EXCHANGE, &start);
    return status;
}

ppx_status ppx_settle_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_settle *settle,
                          const ppx_band *in, const ppx_band *with, const ppx_band *out,
                          const ppx_settle_across *across, ppx_error *error) {
    PPX_ASSERT(!across); // ranks are the outermost
    ppx_ranks *ranks = ppx_ranks_of(runner);
    settle_state s = {.ranks = ranks, .trace = job->trace};
    s.up = ppx_ranks_neighbour(ranks, job->in.height, -1);
    s.down = ppx_ranks_neighbour(ranks, job->in.height, 1);
    ppx_status status = ppx_mpi_count(ppx_shape_row_nbytes(job->geometry.out), "bytes in a row",
                                      &s.row_nbytes, error);
    if (!status)
        status =
            ppx_alloc_array((void **)&s.rows, 4, (size_t)s.row_nbytes, "rows at borders", error);
    status = ppx_ranks_agree(ranks, status, error);
    ppx_settle_across between = {&s, show};
    if (!status)
        status = ranks->inner->settle(ranks->inner, job, settle, in, with, out, &between, error);
    ppx_free(s.rows);
    return status;
}
