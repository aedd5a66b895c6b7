// bands.c: the image of rank 0 to bands, and back.
//
// Plan. Rank 0 sends each other rank its rows in one message of rows (never of bytes, so that int
// counts reach 2^31 rows), and keeps its own where they lie. Collecting is the reverse: one message
// from each rank, received into place. P - 1 messages each way, the image once over the wire. Bands
// follow from the height alone, so nothing is negotiated.
#include "ranks.h"

static int rank0_messages(const ppx_ranks *ranks, ptrdiff_t height, const ppx_image *whole,
                          MPI_Datatype row, bool send, MPI_Request *requests) {
    int n = 0;
    for (int r = 1; r < ranks->nranks; r++) {
        ptrdiff_t y0, y1;
        ppx_ranks_band(height, ranks->nranks, r, &y0, &y1);
        if (y0 == y1)
            continue;
        void *at = ppx_image_row(whole, y0);
        int nrows = (int)(y1 - y0);
        if (send)
            MPI_Isend(at, nrows, row, r, TAG_DISTRIBUTE, ranks->comm, &requests[n++]);
        else
            MPI_Irecv(at, nrows, row, r, TAG_COLLECT, ranks->comm, &requests[n++]);
    }
    return n;
}

// Rows between the whole image of rank 0 and the bands of the others; `status` is that of each
// rank's work so far, and the verdict that returns is the same on all.
static ppx_status move_rows(const ppx_ranks *ranks, ppx_status status, ppx_shape shape,
                            const ppx_image *whole, const ppx_image *own, bool send,
                            ppx_error *error) {
    MPI_Request *requests = NULL;
    MPI_Datatype row = MPI_DATATYPE_NULL;
    int unused, n = 0; // height fits int because counts are rows
    if (!status)
        status = ppx_mpi_count((size_t)shape.height, "rows", &unused, error);
    if (!status && ranks->rank == 0)
        status = ppx_alloc_array((void **)&requests, (size_t)ranks->nranks, sizeof *requests,
                                 "requests", error);
    if (!status)
        status = ppx_mpi_row_type(shape, ranks->rank ? own->stride : whole->stride, &row, error);
    status = ppx_ranks_agree(ranks, status, error);
    if (!status && ranks->rank == 0)
        n = rank0_messages(ranks, shape.height, whole, row, send, requests);
    else if (!status && own->shape.height && send)
        MPI_Recv(own->data, (int)own->shape.height, row, 0, TAG_DISTRIBUTE, ranks->comm,
                 MPI_STATUS_IGNORE);
    else if (!status && own->shape.height)
        MPI_Send(own->data, (int)own->shape.height, row, 0, TAG_COLLECT, ranks->comm);
    MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    if (row != MPI_DATATYPE_NULL)
        MPI_Type_free(&row);
    ppx_free(requests);
    return status;
}

ppx_status ppx_ranks_gather_rows(const ppx_ranks *ranks, ppx_shape shape, const ppx_image *own,
                                 ppx_image *whole, ppx_error *error) {
    if (ranks->rank == 0) {
        ppx_image top = ppx_image_view(whole, 0, own->shape.height);
        ppx_image_copy(&top, own);
    }
    return move_rows(ranks, PPX_OK, shape, whole, own, false, error);
}

ppx_status ppx_ranks_scatter_rows(const ppx_ranks *ranks, ppx_shape shape, const ppx_image *whole,
                                  const ppx_image *own, ppx_error *error) {
    if (ranks->rank == 0) {
        const ppx_image top = ppx_image_view(whole, 0, own->shape.height);
        ppx_image to = *own;
        ppx_image_copy(&to, &top);
    }
    return move_rows(ranks, PPX_OK, shape, whole, own, true, error);
}

ppx_status ppx_ranks_distribute(const ppx_ranks *ranks, ppx_shape shape, ppx_image *whole,
                                ppx_band *band, ppx_error *error) {
    *band = (ppx_band){.height = shape.height};
    ptrdiff_t y1;
    ppx_ranks_band(shape.height, ranks->nranks, ranks->rank, &band->y0, &y1);
    ppx_shape own = shape;
    own.height = y1 - band->y0;
    ppx_status status = PPX_OK;
    if (ranks->rank > 0)
        status = ppx_image_create(&band->rows, own, error);
    status = move_rows(ranks, status, shape, whole, &band->rows, true, error);
    if (!status && ranks->rank == 0) {
        band->rows = *whole; // with its memory
        band->rows.shape.height = own.height;
        *whole = (ppx_image){0};
    }
    if (status) {
        ppx_image_free(&band->rows);
        if (ranks->rank == 0)
            ppx_image_free(whole);
    }
    return status;
}

ppx_status ppx_ranks_collect(const ppx_ranks *ranks, ppx_band *band, ppx_image *whole,
                             ppx_error *error) {
    *whole = (ppx_image){0};
    ppx_shape shape = band->rows.shape;
    shape.height = band->height;
    ppx_status status = PPX_OK;
    if (ranks->rank == 0)
        status = ppx_image_create(whole, shape, error);
    if (!status && ranks->rank == 0) {
        ppx_image top = ppx_image_view(whole, 0, band->rows.shape.height);
        ppx_image_copy(&top, &band->rows);
    }
    status = move_rows(ranks, status, shape, whole, &band->rows, false, error);
    ppx_image_free(&band->rows);
    if (status)
        ppx_image_free(whole);
    return status;
}
