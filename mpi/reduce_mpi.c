// reduce_mpi.c: a reduction on ranks.
//
// Plan. Rows below the band that pairs of pixels reach into come from their owners (exchange.c),
// and none travel for a reduction that looks at single pixels. The inner runner counts the band;
// one Allreduce of the counters (2 KB for a gray 8-bit histogram) gives every rank the sums of all.
// They are integers: MPI may add them in any order.
#include "ranks.h"

// A map that reads the rows which the reduction does, for the exchange to plan by.
static ppx_stages like_map(const ppx_job *job) {
    static const ppx_map map = {0};
    ppx_stages stages = {.n = 1};
    stages.at[0] = (ppx_stage){.job = *job, .map = &map};
    return stages;
}

ppx_status ppx_reduce_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                          const ppx_source *in, ptrdiff_t y0, ptrdiff_t y1, uint64_t *counters,
                          ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    const ppx_stages stages = like_map(job);
    const bool below = job->geometry.down > 0;
    double start = ppx_seconds();
    ppx_exchange exchange;
    ppx_source all = *in;
    int count;
    ppx_status status = ppx_mpi_count(job->geometry.ncounters, "counters", &count, error);
    if (below) {
        ppx_status planned = ppx_exchange_plan(&exchange, ranks, &stages, in, error);
        status = ppx_ranks_agree(ranks, status ? status : planned, error);
        if (!status) {
            ppx_exchange_start(&exchange, ranks, &stages, in);
            all = ppx_exchange_wait(&exchange, in);
        }
    }
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_EXCHANGE, &start);
    if (!status)
        status = ranks->inner->reduce(ranks->inner, job, reduce, &all, y0, y1, counters, error);
    start = ppx_seconds();
    if (below)
        ppx_exchange_free(&exchange);
    status = ppx_ranks_agree(ranks, status, error);
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_WAIT, &start);
    if (!status)
        MPI_Allreduce(MPI_IN_PLACE, counters, count, MPI_UINT64_T, MPI_SUM, ranks->comm);
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_REDUCE, &start);
    return status;
}
