// ranks.h: what the files of this room share.
#ifndef PPX_RANKS_H
#define PPX_RANKS_H

#include "../core/memory.h"
#include "../core/runner.h"
#include "parpix_mpi.h"

typedef enum ppx_tag {
    TAG_DISTRIBUTE = 1,
    TAG_COLLECT,
    TAG_ROWS,
    TAG_EDGE,
    TAG_DEAL,
    TAG_LINE,
    TAG_BORDER
} ppx_tag;

struct ppx_ranks {
    MPI_Comm comm;
    int rank, nranks;
    const ppx_runner *inner;
    ppx_runner runner; // its context is this struct
    bool dealing;      // maps are dealt out by rank 0 instead of done band by band
    double exchanged;  // seconds
};

// Since *start, which moves on: counted as exchange, and noted where somebody wants to know.
void ppx_ranks_spent(ppx_ranks *ranks, ppx_trace *trace, ppx_phase phase, double *start);

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
ppx_status ppx_map_dealt(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                         const ppx_band *out, ppx_error *error);
ppx_status ppx_reduce_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                          const ppx_source *in, ptrdiff_t y0, ptrdiff_t y1, uint64_t *counters,
                          ppx_error *error);
ppx_status ppx_scan_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                        const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                        ppx_error *error);
ppx_status ppx_join_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                        const ppx_band *in, const ppx_band *out, const ppx_join_across *across,
                        ppx_error *error);
ppx_status ppx_settle_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_settle *settle,
                          const ppx_band *in, const ppx_band *with, const ppx_band *out,
                          const ppx_settle_across *across, ppx_error *error);
ppx_status ppx_transpose_mpi(const ppx_runner *runner, const ppx_job *job,
                             const ppx_transpose *transpose, const ppx_band *in,
                             const ppx_band *out, ppx_error *error);

// The bands' rows copied into the whole image of rank 0, and back (bands.c).
ppx_status ppx_ranks_gather_rows(const ppx_ranks *ranks, ppx_shape shape, const ppx_image *own,
                                 ppx_image *whole, ppx_error *error);
ppx_status ppx_ranks_scatter_rows(const ppx_ranks *ranks, ppx_shape shape, const ppx_image *whole,
                                  const ppx_image *own, ppx_error *error);

// The input rows, ascending and each once, that output rows [y0, y1) need besides [own0, own1);
// returns how many.
ptrdiff_t ppx_exchange_rows(const ppx_stages *stages, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t own0,
                            ptrdiff_t own1, ptrdiff_t *rows);

ppx_status ppx_wavefront_mpi(const ppx_runner *runner, const ppx_job *job,
                             const ppx_wavefront *wavefront, const ppx_band *in,
                             const ppx_band *out, const ppx_wavefront_across *across,
                             ppx_error *error);

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
