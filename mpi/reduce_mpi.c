// reduce_mpi.c: a reduction on ranks.
//
// Plan. The inner runner counts the band; one Allreduce of the counters (2 KB for a gray 8-bit
// histogram) gives every rank the sums of all. They are integers: MPI may add them in any order.
#include "ranks.h"

ppx_status ppx_reduce_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                          const ppx_band *in, uint64_t *counters, ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    int count;
    ppx_status status = ppx_mpi_count(job->geometry.ncounters, "counters", &count, error);
    if (!status)
        status = ranks->inner->reduce(ranks->inner, job, reduce, in, counters, error);
    double start = ppx_seconds();
    status = ppx_ranks_agree(ranks, status, error);
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_WAIT, &start);
    if (!status)
        MPI_Allreduce(MPI_IN_PLACE, counters, count, MPI_UINT64_T, MPI_SUM, ranks->comm);
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_REDUCE, &start);
    return status;
}
