// parpix_mpi.h: the public interface of libparpix-mpi: the same chains on the ranks of a
// communicator.
//
// Every function here is collective unless said: all ranks call it in the same order. A rank that
// fails tells the others, so that all return the same status and none waits for one that has left.
#ifndef PARPIX_MPI_H
#define PARPIX_MPI_H

#include <mpi.h>

#include "../core/parpix.h"

typedef struct ppx_ranks ppx_ranks;

// On a duplicate of comm. The work on a rank is done by `inner`: serial, or omp for ranks with
// threads inside (MPI_THREAD_FUNNELED is enough).
ppx_status ppx_ranks_create(ppx_ranks **ranks, MPI_Comm comm, const ppx_runner *inner,
                            ppx_error *error);
void ppx_ranks_free(ppx_ranks *ranks);
// For ppx_run; lives as long as ranks.
const ppx_runner *ppx_ranks_runner(ppx_ranks *ranks);
void ppx_ranks_inner(ppx_ranks *ranks, const ppx_runner *inner); // local: another inner runner
// Local, and the same on all ranks: strips of maps are dealt out by rank 0 as ranks become free
// (master and workers) instead of lying in bands of equal height. For rows of very unequal cost;
// the whole image passes through rank 0.
void ppx_ranks_deal(ppx_ranks *ranks, bool dealing);

// One verdict of all: that of the lowest rank that failed, with its text.
ppx_status ppx_ranks_agree(const ppx_ranks *ranks, ppx_status status, ppx_error *error);
// The bytes of rank 0 given to all.
ppx_status ppx_ranks_share(const ppx_ranks *ranks, void *bytes, size_t nbytes, ppx_error *error);

// The value of each rank, in order, on rank 0 (values may be NULL elsewhere).
void ppx_ranks_gather(const ppx_ranks *ranks, const void *value, size_t nbytes, void *values);

// Cuts the image of rank 0 into bands, one for each rank. The shape is known to all; the image is
// emptied (rank 0's band goes on in its memory).
ppx_status ppx_ranks_distribute(const ppx_ranks *ranks, ppx_shape shape, ppx_image *whole,
                                ppx_band *band, ppx_error *error);
// Puts the bands together on rank 0; they are emptied.
ppx_status ppx_ranks_collect(const ppx_ranks *ranks, ppx_band *band, ppx_image *whole,
                             ppx_error *error);

#endif
