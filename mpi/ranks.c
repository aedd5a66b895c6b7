// ranks.c: the MPI runner, who owns which rows, and how ranks agree.
//
// agree: one Allreduce finds the lowest rank that failed; only then is its text broadcast. It comes
// after every piece of work that can fail on one rank alone and before the next message that others
// wait for, so a failure ends the job with one text and never hangs it.
#include "ranks.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

void ppx_ranks_band(ptrdiff_t height, int nranks, int rank, ptrdiff_t *y0, ptrdiff_t *y1) {
    ptrdiff_t nstrips = ppx_strip_count(height);
    *y0 = nstrips * rank / nranks * PPX_STRIP;
    *y1 = nstrips * (rank + 1) / nranks * PPX_STRIP;
    if (*y0 > height)
        *y0 = height;
    if (*y1 > height)
        *y1 = height;
}

int ppx_ranks_neighbour(const ppx_ranks *ranks, ptrdiff_t height, int direction) {
    ptrdiff_t y0, y1;
    ppx_ranks_band(height, ranks->nranks, ranks->rank, &y0, &y1);
    if (y0 == y1)
        return MPI_PROC_NULL;
    for (int r = ranks->rank + direction; r >= 0 && r < ranks->nranks; r += direction) {
        ppx_ranks_band(height, ranks->nranks, r, &y0, &y1);
        if (y1 > y0)
            return r;
    }
    return MPI_PROC_NULL;
}

ppx_status ppx_mpi_count(size_t n, const char *what, int *count, ppx_error *error) {
    if (n > INT_MAX)
        return ppx_fail(error, PPX_E_USAGE, "%zu %s are more than MPI counts (%d); use more ranks",
                        n, what, INT_MAX);
    *count = (int)n;
    return PPX_OK;
}

ppx_status ppx_mpi_row_type(ppx_shape shape, ptrdiff_t stride, MPI_Datatype *type,
                            ppx_error *error) {
    int nbytes;
    ppx_status status =
        ppx_mpi_count(ppx_shape_row_nbytes(shape), "bytes in a row", &nbytes, error);
    if (status)
        return status;
    MPI_Datatype dense;
    MPI_Type_contiguous(nbytes, MPI_BYTE, &dense);
    MPI_Type_create_resized(dense, 0, stride, type);
    MPI_Type_commit(type);
    MPI_Type_free(&dense);
    return PPX_OK;
}

ppx_status ppx_ranks_agree(const ppx_ranks *ranks, ppx_status status, ppx_error *error) {
    int mine = status ? ranks->rank : ranks->nranks, first;
    MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, ranks->comm);
    if (first == ranks->nranks)
        return PPX_OK;
    ppx_error said = {.status = status};
    if (first == ranks->rank && error)
        said = *error;
    MPI_Bcast(&said, (int)sizeof said, MPI_BYTE, first, ranks->comm);
    if (!error)
        return said.status;
    if (first > 0)
        (void)ppx_fail(error, said.status, "rank %d: %.400s", first, said.text);
    else
        *error = said;
    return said.status;
}

ppx_status ppx_ranks_share(const ppx_ranks *ranks, void *bytes, size_t nbytes, ppx_error *error) {
    int count;
    ppx_status status = ppx_mpi_count(nbytes, "bytes to share", &count, error);
    if (!status)
        MPI_Bcast(bytes, count, MPI_BYTE, 0, ranks->comm);
    return status;
}

void ppx_ranks_gather(const ppx_ranks *ranks, const void *value, size_t nbytes, void *values) {
    PPX_ASSERT(nbytes <= INT_MAX);
    MPI_Gather(value, (int)nbytes, MPI_BYTE, values, (int)nbytes, MPI_BYTE, 0, ranks->comm);
}

void ppx_ranks_spent(ppx_ranks *ranks, ppx_trace *trace, ppx_phase phase, double *start) {
    ppx_trace_note(trace, 0, phase, *start, -1);
    const double now = ppx_seconds();
    ranks->exchanged += now - *start;
    *start = now;
}

// ---- The runner's side of the same ----

static void runner_band(const ppx_runner *runner, ptrdiff_t height, ptrdiff_t *y0, ptrdiff_t *y1) {
    const ppx_ranks *ranks = ppx_ranks_of(runner);
    ppx_ranks_band(height, ranks->nranks, ranks->rank, y0, y1);
}

static ppx_status runner_share(const ppx_runner *runner, void *bytes, size_t nbytes,
                               ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    double start = ppx_seconds();
    ppx_status status = ppx_ranks_share(ranks, bytes, nbytes, error);
    ppx_ranks_spent(ranks, NULL, PPX_PHASE_EXCHANGE, &start); // the executor notes it
    return status;
}

static ppx_status runner_agree(const ppx_runner *runner, ppx_status status, ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    double start = ppx_seconds();
    status = ppx_ranks_agree(ranks, status, error);
    ppx_ranks_spent(ranks, NULL, PPX_PHASE_EXCHANGE, &start); // the executor notes it
    return status;
}

static double runner_exchanged(const ppx_runner *runner) {
    return ppx_ranks_of(runner)->exchanged;
}

ppx_status ppx_ranks_create(ppx_ranks **created, MPI_Comm comm, const ppx_runner *inner,
                            ppx_error *error) {
    *created = NULL;
    ppx_ranks *ranks = NULL;
    ppx_status status = ppx_alloc_array((void **)&ranks, 1, sizeof *ranks, "ranks", error);
    // Even this can fail on one rank alone.
    ppx_ranks self = {.comm = comm};
    MPI_Comm_rank(comm, &self.rank);
    MPI_Comm_size(comm, &self.nranks);
    status = ppx_ranks_agree(&self, status, error);
    if (status) {
        ppx_free(ranks);
        return status;
    }
    *ranks = self;
    MPI_Comm_dup(comm, &ranks->comm);
    ranks->inner = inner;
    ranks->runner = (ppx_runner){
        .name = "mpi",
        .context = ranks,
        .map = ppx_map_mpi,
        .reduce = ppx_reduce_mpi,
        .scan = ppx_scan_mpi,
        .join = ppx_join_mpi,
        .wavefront = ppx_wavefront_mpi,
        .settle = ppx_settle_mpi,
        .transpose = ppx_transpose_mpi,
        .band = runner_band,
        .share = runner_share,
        .agree = runner_agree,
        .exchanged = runner_exchanged,
        .rank = self.rank,
    };
    *created = ranks;
    return PPX_OK;
}

void ppx_ranks_free(ppx_ranks *ranks) {
    if (!ranks)
        return;
    MPI_Comm_free(&ranks->comm);
    ppx_free(ranks);
}

const ppx_runner *ppx_ranks_runner(ppx_ranks *ranks) {
    return &ranks->runner;
}

void ppx_ranks_deal(ppx_ranks *ranks, bool dealing) {
    ranks->dealing = dealing;
}

void ppx_ranks_inner(ppx_ranks *ranks, const ppx_runner *inner) {
    ranks->inner = inner;
}
