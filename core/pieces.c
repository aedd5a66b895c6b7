// pieces.c: a band in pieces, contiguous runs of strips, and what each of them has of the images.
#include "memory.h"
#include "runner.h"

ppx_status ppx_pieces_create(ppx_piece **pieces, int *npieces, const ppx_band *band, int most,
                             ppx_error *error) {
    const ptrdiff_t nrows = band->rows.shape.height, nstrips = ppx_strip_count(nrows);
    const int n = most < nstrips ? most : (int)nstrips;
    *npieces = 0;
    ppx_status status =
        ppx_alloc_array((void **)pieces, (size_t)n, sizeof **pieces, "pieces", error);
    if (status)
        return status;
    *npieces = n;
    for (int p = 0; p < n; p++) {
        ptrdiff_t from = nstrips * p / n * PPX_STRIP, to = nstrips * (p + 1) / n * PPX_STRIP;
        (*pieces)[p].y0 = band->y0 + from;
        (*pieces)[p].nrows = (to < nrows ? to : nrows) - from;
    }
    return PPX_OK;
}

void ppx_pieces_free(ppx_piece *pieces, int npieces) {
    for (int p = 0; p < npieces; p++)
        ppx_piece_free(&pieces[p]);
    ppx_free(pieces);
}

ppx_region ppx_region_of(const ppx_piece *piece, const ppx_band *in, const ppx_band *with,
                         const ppx_band *out) {
    const ptrdiff_t n = piece->nrows;
    ppx_region region = {.fresh = true};
    region.in = ppx_image_view(&in->rows, piece->y0 - in->y0, n);
    if (with)
        region.with = ppx_image_view(&with->rows, piece->y0 - with->y0, n);
    region.state = ppx_image_view(&out->rows, piece->y0 - out->y0, n);
    return region;
}
