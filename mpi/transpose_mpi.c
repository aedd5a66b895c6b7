// transpose_mpi.c: a transpose on ranks.
//
// Plan. A rank with h rows of the input owns w rows of the output, which are columns of the input.
// The inner runner turns the band into columns (an image of all output rows, h pixels of each), of
// which every other rank gets the rows that it owns: a block of w x h pixels, one message from each
// rank to each, P - 1 of them, in one Alltoallw. They are received into place, h pixels of every
// output row, because ranks own whole runs of columns there; nothing is unpacked. A rank sends and
// receives 1 / P of the image, less what stays. Counts are rows and places are part of the types,
// so that int reaches images of more than 2^31 bytes. Pixels are moved only: the number of ranks
// cannot show.
#include "ranks.h"

typedef struct blocks {
    int *counts, *places; // of sending, then of receiving; nranks of each
    MPI_Datatype *types;
} blocks;

static ppx_status create_blocks(blocks *b, size_t nranks, ppx_error *error) {
    *b = (blocks){0};
    ppx_status status =
        ppx_alloc_array((void **)&b->counts, 2 * nranks, sizeof *b->counts, "counts", error);
    if (!status)
        status =
            ppx_alloc_array((void **)&b->places, 2 * nranks, sizeof *b->places, "places", error);
    if (!status)
        status = ppx_alloc_array((void **)&b->types, 2 * nranks, sizeof *b->types, "types", error);
    for (size_t k = 0; !status && k < 2 * nranks; k++)
        b->types[k] = MPI_BYTE;
    return status;
}

static void free_blocks(blocks *b, size_t nranks) {
    for (size_t k = 0; b->types && k < 2 * nranks; k++)
        if (b->types[k] != MPI_BYTE)
            MPI_Type_free(&b->types[k]);
    ppx_free(b->counts);
    ppx_free(b->places);
    ppx_free(b->types);
}

// A block of `nrows` rows of that width, which begins `place` bytes into an image.
static ppx_status block_type(MPI_Datatype *type, const ppx_image *image, ptrdiff_t width,
                             ptrdiff_t nrows, ptrdiff_t place, ppx_error *error) {
    ppx_shape shape = image->shape;
    shape.width = width;
    MPI_Datatype row;
    int count;
    ppx_status status = ppx_mpi_count((size_t)nrows, "rows", &count, error);
    if (!status)
        status = ppx_mpi_row_type(shape, image->stride, &row, error);
    if (status)
        return status;
    MPI_Type_create_hindexed(1, &count, &place, row, type);
    MPI_Type_commit(type);
    MPI_Type_free(&row);
    return PPX_OK;
}

// The blocks that go to rank r (rows of `turned`) and come from it (columns of `out`).
static ppx_status plan(blocks *b, const ppx_ranks *ranks, const ppx_image *turned,
                       const ppx_band *in, const ppx_band *out, ppx_error *error) {
    const ptrdiff_t h = in->rows.shape.height, w = out->rows.shape.height;
    const size_t pixel = (size_t)out->rows.shape.channels * ppx_type_nbytes(out->rows.shape.type);
    ppx_status status = PPX_OK;
    for (int r = 0; !status && r < ranks->nranks; r++) {
        ptrdiff_t y0, y1;
        int from = r + ranks->nranks;
        ppx_ranks_band(out->height, ranks->nranks, r, &y0, &y1);
        if (h > 0 && y1 > y0) {
            b->counts[r] = 1;
            status = block_type(&b->types[r], turned, h, y1 - y0, y0 * turned->stride, error);
        }
        ppx_ranks_band(in->height, ranks->nranks, r, &y0, &y1);
        if (!status && w > 0 && y1 > y0) {
            b->counts[from] = 1;
            status =
                block_type(&b->types[from], &out->rows, y1 - y0, w, y0 * (ptrdiff_t)pixel, error);
        }
    }
    return status;
}

ppx_status ppx_transpose_mpi(const ppx_runner *runner, const ppx_job *job,
                             const ppx_transpose *transpose, const ppx_band *in,
                             const ppx_band *out, ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    const ppx_runner *inner = ranks->inner;
    if (ranks->nranks == 1)
        return inner->transpose(inner, job, transpose, in, out, error);
    const size_t nranks = (size_t)ranks->nranks;
    ppx_shape shape = in->rows.shape;
    shape.width = in->rows.shape.height;
    shape.height = out->height;
    ppx_band turned = {.height = out->height};
    blocks b;
    ppx_status status = create_blocks(&b, nranks, error);
    if (!status && shape.width > 0)
        status = ppx_image_create(&turned.rows, shape, error);
    if (!status)
        status = plan(&b, ranks, &turned.rows, in, out, error);
    if (!status && shape.width > 0)
        status = inner->transpose(inner, job, transpose, in, &turned, error);
    double start = ppx_seconds();
    status = ppx_ranks_agree(ranks, status, error);
    if (!status)
        MPI_Alltoallw(turned.rows.data, b.counts, b.places, b.types, out->rows.data,
                      b.counts + nranks, b.places + nranks, b.types + nranks, ranks->comm);
    ppx_ranks_spent(ranks, job->trace, PPX_PHASE_EXCHANGE, &start);
    ppx_image_free(&turned.rows);
    free_blocks(&b, nranks);
    return status;
}
