// omp_runner.c: the OpenMP runner, and what its patterns share.
#include "omp_runner.h"

const ppx_runner ppx_runner_omp = {
    .name = "omp",
    .map = ppx_map_omp,
    .reduce = ppx_reduce_omp,
    .scan = ppx_scan_omp,
    .join = ppx_join_omp,
    .wavefront = ppx_wavefront_omp,
    .settle = ppx_settle_omp,
    .transpose = ppx_transpose_omp,
};

void ppx_verdict_add(ppx_verdict *verdict, ppx_status status, const ppx_error *error) {
    if (!status)
        return;
#pragma omp critical(ppx_verdict)
    if (!verdict->status) {
        verdict->status = status;
        if (verdict->error)
            *verdict->error = *error;
    }
}

ptrdiff_t ppx_strip_rows(const ppx_band *band, ptrdiff_t strip, ptrdiff_t *nrows) {
    ptrdiff_t from = strip * PPX_STRIP, left = band->rows.shape.height - from;
    *nrows = left < PPX_STRIP ? left : PPX_STRIP;
    return band->y0 + from;
}
