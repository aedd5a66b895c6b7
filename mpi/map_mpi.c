// map_mpi.c: a map on ranks.
//
// Plan. Rows that others own are asked for (exchange.c); while they fly, the strips that need none
// of them are made; then the strips above and below. The inner runner makes all of them, serially
// or on threads. Two verdicts: before the messages (room for them) and after the work.
#include "ranks.h"

// True if output rows [y0, y1) read only rows of this rank.
static bool is_interior(const ppx_ranks *ranks, const ppx_job *job, const ppx_map *map,
                        ptrdiff_t y0, ptrdiff_t y1) {
    ptrdiff_t own0, own1, a, b;
    ppx_ranks_band(job->in.height, ranks->nranks, ranks->rank, &own0, &own1);
    ppx_map_needs(job, map, y0, y1, &a, &b);
    bool top = a >= own0, bottom = b <= own1;
    // Beyond the image's edge the rule may lead anywhere: ask for each row.
    for (ptrdiff_t y = a; y < b && y < 0; y++) {
        ptrdiff_t row = ppx_border_row(job->geometry.border, y, job->in.height);
        if (row >= 0 && (row < own0 || row >= own1))
            return false;
    }
    for (ptrdiff_t y = a > job->in.height ? a : job->in.height; y < b; y++) {
        ptrdiff_t row = ppx_border_row(job->geometry.border, y, job->in.height);
        if (row >= 0 && (row < own0 || row >= own1))
            return false;
    }
    return (top || own0 == 0) && (bottom || own1 == job->in.height);
}

ppx_status ppx_map_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_map *map,
                       const ppx_source *in, const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1,
                       ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    const ppx_runner *inner = ranks->inner;
    double start = MPI_Wtime();
    ppx_exchange exchange;
    ppx_status status = ppx_exchange_plan(&exchange, ranks, job, map, in, error);
    status = ppx_ranks_agree(ranks, status, error);
    if (status) {
        ppx_exchange_free(&exchange);
        return status;
    }
    ppx_exchange_start(&exchange, ranks, job, map, in);
    ranks->exchanged += MPI_Wtime() - start;

    ptrdiff_t from = y0, to = y0; // the interior: a run of strips
    for (ptrdiff_t y = y0; y < y1; y += PPX_STRIP) {
        ptrdiff_t end = y + PPX_STRIP < y1 ? y + PPX_STRIP : y1;
        if (!is_interior(ranks, job, map, y, end))
            continue;
        if (to != y)
            from = y;
        to = end;
    }
    if (to > from)
        status = inner->map(inner, job, map, in, out, from, to, error);
    else
        from = to = y0;

    start = MPI_Wtime();
    ppx_exchange_wait(&exchange);
    ranks->exchanged += MPI_Wtime() - start;
    ppx_source all = *in;
    all.far = &exchange.far;
    all.far_y = exchange.far_y;
    all.nfar = exchange.nfar;
    if (!status && from > y0)
        status = inner->map(inner, job, map, &all, out, y0, from, error);
    if (!status && to < y1)
        status = inner->map(inner, job, map, &all, out, to, y1, error);
    ppx_exchange_free(&exchange);
    start = MPI_Wtime();
    status = ppx_ranks_agree(ranks, status, error);
    ranks->exchanged += MPI_Wtime() - start;
    return status;
}
