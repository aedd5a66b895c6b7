// exchange.c: the rows that a map needs and does not own.
//
// Plan. A rank needs, for its output rows, an interval of input rows (ppx_stages_needs), bent back
// into the image by the border rule; less what it owns, this is a sorted list of rows. Every rank
// can write down every rank's list, so senders and receivers agree without a word. For a halo the
// list is the rows next to the band, on two neighbours, or on more when bands are lower than the
// halo, or on the far side when the border wraps; for a flip it is a band far away: all the same
// code. One message from each owner to each rank in need, of whole rows in ascending order;
// receives are posted first. Which rows travel depends on the bands, what they contain does not:
// the result is the same for any number of ranks.
#include "ranks.h"

#include <stdlib.h>
#include <string.h>

static int by_row(const void *left, const void *right) {
    ptrdiff_t l = *(const ptrdiff_t *)left, r = *(const ptrdiff_t *)right;
    return (l > r) - (l < r);
}

ptrdiff_t ppx_exchange_rows(const ppx_stages *stages, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t own0,
                            ptrdiff_t own1, ptrdiff_t *rows) {
    const ppx_job *job = &stages->at[0].job;
    ptrdiff_t a, b, n = 0;
    ppx_stages_needs(stages, y0, y1, &a, &b);
    for (ptrdiff_t y = a; y < b; y++) {
        if (y == own0 && own1 > own0)
            y = own1; // nothing to ask for in between
        if (y >= b)
            break;
        ptrdiff_t row = ppx_border_row(job->geometry.border, y, job->in.height);
        if (row >= 0 && (row < own0 || row >= own1))
            rows[n++] = row;
    }
    qsort(rows, (size_t)n, sizeof *rows, by_row);
    ptrdiff_t unique = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        if (k == 0 || rows[k] != rows[k - 1])
            rows[unique++] = rows[k];
    return unique;
}

// The rows that a rank needs from others; room for `most_needed` of them.
static ptrdiff_t needed_rows(const ppx_ranks *ranks, int rank, const ppx_stages *stages,
                             ptrdiff_t *rows) {
    ptrdiff_t y0, y1, own0, own1;
    ppx_ranks_band(ppx_stages_out(stages).height, ranks->nranks, rank, &y0, &y1);
    if (y0 == y1)
        return 0;
    ppx_ranks_band(stages->at[0].job.in.height, ranks->nranks, rank, &own0, &own1);
    return ppx_exchange_rows(stages, y0, y1, own0, own1, rows);
}

// An upper bound for needed_rows of any rank.
static size_t most_needed(const ppx_ranks *ranks, const ppx_stages *stages) {
    ptrdiff_t most = 0;
    for (int r = 0; r < ranks->nranks; r++) {
        ptrdiff_t y0, y1, a, b;
        ppx_ranks_band(ppx_stages_out(stages).height, ranks->nranks, r, &y0, &y1);
        if (y0 == y1)
            continue;
        ppx_stages_needs(stages, y0, y1, &a, &b);
        if (b - a > most)
            most = b - a;
    }
    return (size_t)most;
}

// The part of a sorted list that rows [y0, y1) are: its first place, and how many.
static ptrdiff_t part_of(const ptrdiff_t *rows, ptrdiff_t n, ptrdiff_t y0, ptrdiff_t y1,
                         ptrdiff_t *first) {
    ptrdiff_t from = 0, to;
    while (from < n && rows[from] < y0)
        from++;
    for (to = from; to < n && rows[to] < y1;)
        to++;
    *first = from;
    return to - from;
}

ppx_status ppx_exchange_plan(ppx_exchange *exchange, const ppx_ranks *ranks,
                             const ppx_stages *stages, const ppx_source *in, ppx_error *error) {
    const ppx_shape shape = stages->at[0].job.in;
    *exchange = (ppx_exchange){.row = MPI_DATATYPE_NULL, .packed_row = MPI_DATATYPE_NULL};
    size_t room = most_needed(ranks, stages);
    ptrdiff_t own0 = in->y0, own1 = in->y0 + in->own->shape.height;
    ppx_status status =
        ppx_alloc_array((void **)&exchange->far_y, room, sizeof(ptrdiff_t), "row numbers", error);
    if (!status)
        status = ppx_alloc_array((void **)&exchange->requests, 2 * (size_t)ranks->nranks,
                                 sizeof(MPI_Request), "requests", error);
    for (int r = 0; !status && r < ranks->nranks; r++) {
        ptrdiff_t first, n = needed_rows(ranks, r, stages, exchange->far_y);
        if (r != ranks->rank)
            exchange->npacked += part_of(exchange->far_y, n, own0, own1, &first);
    }
    size_t row = ppx_shape_row_nbytes(shape);
    if (!status)
        status = ppx_alloc_array((void **)&exchange->packed, (size_t)exchange->npacked, row,
                                 "rows to send", error);
    if (!status) {
        exchange->nfar = needed_rows(ranks, ranks->rank, stages, exchange->far_y);
        ppx_shape far = shape;
        far.height = exchange->nfar;
        status = ppx_image_create(&exchange->far, far, error);
    }
    if (!status)
        status = ppx_mpi_row_type(shape, exchange->far.stride, &exchange->row, error);
    if (!status)
        status = ppx_mpi_row_type(shape, (ptrdiff_t)row, &exchange->packed_row, error);
    return status;
}

void ppx_exchange_start(ppx_exchange *exchange, const ppx_ranks *ranks, const ppx_stages *stages,
                        const ppx_source *in) {
    const ppx_shape shape = stages->at[0].job.in;
    ptrdiff_t own0 = in->y0, own1 = in->y0 + in->own->shape.height, first;
    for (int r = 0; r < ranks->nranks; r++) {
        ptrdiff_t y0, y1;
        ppx_ranks_band(shape.height, ranks->nranks, r, &y0, &y1);
        ptrdiff_t n = part_of(exchange->far_y, exchange->nfar, y0, y1, &first);
        if (n)
            MPI_Irecv(ppx_image_row(&exchange->far, first), (int)n, exchange->row, r, TAG_ROWS,
                      ranks->comm, &exchange->requests[exchange->nrequests++]);
    }
    // The receivers' lists one after the other; ours is written again at the end.
    size_t row = ppx_shape_row_nbytes(shape);
    char *packed = exchange->packed;
    for (int r = 0; r < ranks->nranks; r++) {
        if (r == ranks->rank)
            continue;
        ptrdiff_t n = needed_rows(ranks, r, stages, exchange->far_y);
        n = part_of(exchange->far_y, n, own0, own1, &first);
        for (ptrdiff_t k = 0; k < n; k++)
            memcpy(packed + (size_t)k * row,
                   ppx_image_row(in->own, exchange->far_y[first + k] - own0), row);
        if (n)
            MPI_Isend(packed, (int)n, exchange->packed_row, r, TAG_ROWS, ranks->comm,
                      &exchange->requests[exchange->nrequests++]);
        packed += (size_t)n * row;
    }
    exchange->nfar = needed_rows(ranks, ranks->rank, stages, exchange->far_y);
}

ppx_source ppx_exchange_wait(ppx_exchange *exchange, const ppx_source *in) {
    MPI_Waitall(exchange->nrequests, exchange->requests, MPI_STATUSES_IGNORE);
    exchange->nrequests = 0;
    ppx_source all = *in;
    all.far = &exchange->far;
    all.far_y = exchange->far_y;
    all.nfar = exchange->nfar;
    return all;
}

void ppx_exchange_free(ppx_exchange *exchange) {
    if (exchange->row != MPI_DATATYPE_NULL)
        MPI_Type_free(&exchange->row);
    if (exchange->packed_row != MPI_DATATYPE_NULL)
        MPI_Type_free(&exchange->packed_row);
    ppx_image_free(&exchange->far);
    ppx_free(exchange->far_y);
    ppx_free(exchange->packed);
    ppx_free(exchange->requests);
}
