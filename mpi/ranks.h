// ranks.h: what the files of this room share.
#ifndef PPX_RANKS_H
#define PPX_RANKS_H

#include "../core/memory.h"
#include "../core/runner.h"
#include "parpix_mpi.h"

typedef enum ppx_tag { TAG_DISTRIBUTE = 1, TAG_COLLECT, TAG_ROWS, TAG_EDGE, TAG_BORDER } ppx_tag;

struct ppx_ranks {
    MPI_Comm comm;
    int rank, nranks;
    const ppx_runner *inner;
    ppx_runner runner; // its context is this struct
    double exchanged;  // seconds
};

// Context of a runner; the seconds of messages are counted in it.
static inline ppx_ranks *ppx_ranks_of(const ppx_runner *runner) {
    return runner->context;
}

// The rows of an image of that height that a rank owns: a run of strips, sizes differ by one strip.
// With more ranks than strips some have none.
void ppx_ranks_band(ptrdiff_t height, int nranks, int rank, ptrdiff_t *y0, ptrdiff_t *y1);
// The next rank up (direction -1) or down (1) that has rows of such an image; MPI_PROC_NULL beyond
// the ends, and for a rank that has none itself.
int ppx_ranks_neighbour(const ppx_ranks *ranks, ptrdiff_t height, int direction);

// MPI 3 counts in int: the one narrowing, checked.
ppx_status ppx_mpi_count(size_t n, const char *what, int *count, ppx_error *error);
// A committed type of one image row, `stride` bytes from one to the next, so that counts are rows.
ppx_status ppx_mpi_row_type(ppx_shape shape, ptrdiff_t stride, MPI_Datatype *type,
                            ppx_error *error);

// The pattern of each file.
ppx_status ppx_map_mpi(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                       const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error);
ppx_status ppx_reduce_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                          const ppx_band *in, uint64_t *counters, ppx_error *error);
ppx_status ppx_scan_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                        const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                        ppx_error *error);
ppx_status ppx_join_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                        const ppx_band *in, const ppx_band *out, const ppx_join_across *across,
                        ppx_error *error);
ppx_status ppx_settle_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_settle *settle,
                          const ppx_band *in, const ppx_band *with, const ppx_band *out,
                          const ppx_settle_across *across, ppx_error *error);

// Rows on their way between ranks (exchange.c).
typedef struct ppx_exchange {
    ppx_image far;    // rows received, ascending
    ptrdiff_t *far_y; // their numbers
    ptrdiff_t nfar;
    char *packed; // rows to send, by receiver
    ptrdiff_t npacked;
    MPI_Request *requests;
    int nrequests;
    MPI_Datatype row; // of far
    MPI_Datatype packed_row;
} ppx_exchange;

// Finds out (without messages: every rank knows every rank's needs) what goes where, and makes
// room.
ppx_status ppx_exchange_plan(ppx_exchange *exchange, const ppx_ranks *ranks,
                             const ppx_stages *stages, const ppx_source *in, ppx_error *error);
void ppx_exchange_start(ppx_exchange *exchange, const ppx_ranks *ranks, const ppx_stages *stages,
                        const ppx_source *in);
// All rows are there when it returns: the source with them.
ppx_source ppx_exchange_wait(ppx_exchange *exchange, const ppx_source *in);
void ppx_exchange_free(ppx_exchange *exchange);

#endif
