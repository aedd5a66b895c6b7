// wavefront_mpi.c: a wavefront on ranks, a pipeline.
//
// Plan. A rank gets the line from the nearest rank above that has rows, 64 columns at a time and
// each as soon as that one's last row has passed them, and hands its own down in the same way: as
// many messages of 256 bytes a channel as a row has blocks, between neighbours only. The inner
// runner goes through its band in leaning blocks, so that a rank begins when the one above is as
// far from its left end as its band is high, and then all work at once. A chain has an end: the top
// rank waits for nobody. What is handed on depends on the columns alone.
#include "ranks.h"

typedef struct pipe_ends {
    ppx_ranks *ranks;
    ppx_trace *trace;
    int above, below;
} pipe_ends;

static ppx_status ends_agree(void *context, ppx_status status, ppx_error *error) {
    const pipe_ends *ends = context;
    return ppx_ranks_agree(ends->ranks, status, error);
}

static void hand_across(void *context, bool receive, int32_t *line, size_t from, size_t to) {
    const pipe_ends *ends = context;
    MPI_Comm comm = ends->ranks->comm;
    double start = ppx_seconds();
    int n = (int)(to - from);
    if (receive)
        MPI_Recv(line + from, n, MPI_INT32_T, ends->above, TAG_LINE, comm, MPI_STATUS_IGNORE);
    else
        MPI_Send(line + from, n, MPI_INT32_T, ends->below, TAG_LINE, comm);
    // What takes long is the way of the rank above to here.
    ppx_ranks_spent(ends->ranks, ends->trace, receive ? PPX_PHASE_WAIT : PPX_PHASE_EXCHANGE,
                    &start);
}

ppx_status ppx_wavefront_mpi(const ppx_runner *runner, const ppx_job *job,
                             const ppx_wavefront *wavefront, const ppx_band *in,
                             const ppx_band *out, const ppx_wavefront_across *across,
                             ppx_error *error) {
    PPX_ASSERT(!across); // ranks are the outermost
    ppx_ranks *ranks = ppx_ranks_of(runner);
    pipe_ends ends = {ranks, job->trace, 0, 0};
    ends.above = ppx_ranks_neighbour(ranks, in->height, -1);
    ends.below = ppx_ranks_neighbour(ranks, in->height, 1);
    ppx_wavefront_across between = {&ends, ends_agree, hand_across};
    int unused;
    ppx_status status = ppx_mpi_count(job->geometry.ncarry, "words of a line", &unused, error);
    if (status)
        return status; // the same on all ranks
    return ranks->inner->wavefront(ranks->inner, job, wavefront, in, out, &between, error);
}
