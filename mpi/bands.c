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

// What both directions need: requests on rank 0, and a row type for this rank's image. Height fits
// int because counts are rows.
static ppx_status prepare(const ppx_ranks *ranks, ppx_shape shape, ptrdiff_t stride,
                          MPI_Request **requests, MPI_Datatype *row, ppx_error *error) {
    int unused;
    ppx_status status = ppx_mpi_count((size_t)shape.height, "rows", &unused, error);
    if (!status && ranks->rank == 0)
        status = ppx_alloc_array((void **)requests, (size_t)ranks->nranks, sizeof **requests,
                                 "requests", error);
    return status ? status : ppx_mpi_row_type(shape, stride, row, error);
}

ppx_status ppx_ranks_distribute(const ppx_ranks *ranks, ppx_shape shape, ppx_image *whole,
                                ppx_band *band, ppx_error *error) {
    *band = (ppx_band){.height = shape.height};
    ptrdiff_t y1;
    ppx_ranks_band(shape.height, ranks->nranks, ranks->rank, &band->y0, &y1);
    ppx_shape own = shape;
    own.height = y1 - band->y0;
    MPI_Request *requests = NULL;
    MPI_Datatype row = MPI_DATATYPE_NULL;
    ppx_status status = PPX_OK;
    if (ranks->rank > 0)
        status = ppx_image_create(&band->rows, own, error);
    if (!status)
        status = prepare(ranks, shape, ranks->rank ? band->rows.stride : whole->stride, &requests,
                         &row, error);
    status = ppx_ranks_agree(ranks, status, error);
    if (!status && ranks->rank == 0) {
        int n = rank0_messages(ranks, shape.height, whole, row, true, requests);
        MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
        band->rows = *whole; // with its memory
        band->rows.shape.height = own.height;
        *whole = (ppx_image){0};
    } else if (!status && own.height) {
        MPI_Recv(band->rows.data, (int)own.height, row, 0, TAG_DISTRIBUTE, ranks->comm,
                 MPI_STATUS_IGNORE);
    }
    if (row != MPI_DATATYPE_NULL)
        MPI_Type_free(&row);
    ppx_free(requests);
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
    MPI_Request *requests = NULL;
    MPI_Datatype row = MPI_DATATYPE_NULL;
    ppx_status status = PPX_OK;
    if (ranks->rank == 0)
        status = ppx_image_create(whole, shape, error);
    if (!status)
        status = prepare(ranks, shape, ranks->rank ? band->rows.stride : whole->stride, &requests,
                         &row, error);
    status = ppx_ranks_agree(ranks, status, error);
    if (!status && ranks->rank == 0) {
        int n = rank0_messages(ranks, shape.height, whole, row, false, requests);
        ppx_image top = ppx_image_view(whole, 0, band->rows.shape.height);
        ppx_image_copy(&top, &band->rows);
        MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    } else if (!status && band->rows.shape.height) {
        MPI_Send(band->rows.data, (int)band->rows.shape.height, row, 0, TAG_COLLECT, ranks->comm);
    }
    if (row != MPI_DATATYPE_NULL)
        MPI_Type_free(&row);
    ppx_free(requests);
    ppx_image_free(&band->rows);
    if (status)
        ppx_image_free(whole);
    return status;
}
