// scan_mpi.c: a scan on ranks.
//
// Plan. The inner runner sums its band up into one carry; an Exscan (log2 P rounds of 4 bytes a
// column) gives each rank the sum of the bands above; the inner runner sweeps its rows below that.
// For an upward scan the ranks are counted from the last. The carries are added modulo 2^32, or the
// larger one stays, in any order.
#include "ranks.h"

#include <string.h>

typedef struct carry_context {
    ppx_ranks *ranks;
    ppx_trace *trace;
} carry_context;

static ppx_status carry_across(void *context, ppx_status status, const ppx_scan *scan,
                               const uint32_t *total, uint32_t *before, size_t n,
                               ppx_error *error) {
    const carry_context *c = context;
    ppx_ranks *ranks = c->ranks;
    int count = 0;
    double start = ppx_seconds();
    if (!status)
        status = ppx_mpi_count(n, "columns", &count, error);
    status = ppx_ranks_agree(ranks, status, error);
    ppx_ranks_spent(ranks, c->trace, PPX_PHASE_WAIT, &start);
    if (!status) {
        MPI_Op op = scan->carry == PPX_CARRY_MAX ? MPI_MAX : MPI_SUM;
        MPI_Comm order = ranks->comm;
        if (scan->upward)
            MPI_Comm_split(ranks->comm, 0, -ranks->rank, &order);
        MPI_Exscan(total, before, count, MPI_UINT32_T, op, order);
        if (ranks->rank == (scan->upward ? ranks->nranks - 1 : 0))
            memset(before, 0, n * sizeof *before); // Exscan leaves it undefined
        if (scan->upward)
            MPI_Comm_free(&order);
    }
    ppx_ranks_spent(ranks, c->trace, PPX_PHASE_EXCHANGE, &start);
    return status;
}

ppx_status ppx_scan_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                        const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                        ppx_error *error) {
    PPX_ASSERT(!across); // ranks are the outermost
    ppx_ranks *ranks = ppx_ranks_of(runner);
    carry_context context = {ranks, job->trace};
    ppx_scan_across between = {&context, carry_across};
    ppx_status status = ranks->inner->scan(ranks->inner, job, scan, in, out, &between, error);
    // Threads make room for themselves after the exchange: that may fail on one rank alone.
    double start = ppx_seconds();
    status = ppx_ranks_agree(ranks, status, error);
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_WAIT, &start);
    return status;
}
