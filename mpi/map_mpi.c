// map_mpi.c: maps on ranks.
//
// Plan. Rows that others own are asked for (exchange.c); while they fly, the strips that need none
// of them are made; then the strips above and below. Maps that run as one ask once, for the halos
// of all of them, and make the rows in between on both ranks. Rows of a second image are asked for
// in the same way where the first map looks around in it; the others look at their own rows only.
// The inner runner makes all strips, serially or on threads. Two verdicts: before the messages
// (room for them) and after the work.
#include "ranks.h"

// True if output rows [y0, y1) read only rows of this rank.
static bool is_interior(const ppx_ranks *ranks, const ppx_stages *stages, ptrdiff_t y0,
                        ptrdiff_t y1) {
    const ppx_border border = stages->at[0].job.geometry.border;
    const ptrdiff_t height = stages->at[0].job.in.height;
    ptrdiff_t own0, own1, a, b;
    ppx_ranks_band(height, ranks->nranks, ranks->rank, &own0, &own1);
    ppx_stages_needs(stages, y0, y1, &a, &b);
    bool top = a >= own0, bottom = b <= own1;
    // Beyond the image's edge the rule may lead anywhere: ask for each row.
    for (ptrdiff_t y = a; y < b && y < 0; y++) {
        ptrdiff_t row = ppx_border_row(border, y, height);
        if (row >= 0 && (row < own0 || row >= own1))
            return false;
    }
    for (ptrdiff_t y = a > height ? a : height; y < b; y++) {
        ptrdiff_t row = ppx_border_row(border, y, height);
        if (row >= 0 && (row < own0 || row >= own1))
            return false;
    }
    return (top || own0 == 0) && (bottom || own1 == height);
}

// The run of strips among [y0, y1) that need nobody else's rows.
static void find_interior(const ppx_ranks *ranks, const ppx_stages *stages, ptrdiff_t y0,
                          ptrdiff_t y1, ptrdiff_t *from, ptrdiff_t *to) {
    *from = *to = y0;
    for (ptrdiff_t y = y0; y < y1; y += PPX_STRIP) {
        ptrdiff_t end = y + PPX_STRIP < y1 ? y + PPX_STRIP : y1;
        if (!is_interior(ranks, stages, y, end))
            continue;
        if (*to != y)
            *from = y;
        *to = end;
    }
    if (*to <= *from)
        *from = *to = y0;
}

// The input's rows on their way, and a second image's.
typedef struct exchanges {
    int n;
    ppx_exchange in, with;
} exchanges;

static ppx_status plan(exchanges *e, const ppx_ranks *ranks, const ppx_stages *stages,
                       const ppx_source *in, ppx_error *error) {
    const ppx_stage *first = &stages->at[0];
    bool around = first->job.geometry.up + first->job.geometry.down > 0;
    e->n = first->map->with == PPX_WITH_IMAGE && first->with.own && around ? 2 : 1;
    e->with = (ppx_exchange){.row = MPI_DATATYPE_NULL, .packed_row = MPI_DATATYPE_NULL};
    ppx_status status = ppx_exchange_plan(&e->in, ranks, stages, in, error);
    if (!status && e->n == 2)
        status = ppx_exchange_plan(&e->with, ranks, stages, &first->with, error);
    return status;
}

// Second inputs stay with the bands, and so do their maps.
static bool is_dealt(const ppx_ranks *ranks, const ppx_stages *stages) {
    bool alone = ranks->nranks > 1;
    for (int s = 0; s < stages->n; s++)
        alone = alone && !stages->at[s].with.own;
    return alone && ranks->dealing;
}

ppx_status ppx_map_mpi(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                       const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    if (is_dealt(ranks, stages))
        return ppx_map_dealt(runner, stages, in, out, error);
    const ppx_runner *inner = ranks->inner;
    ppx_stages all = *stages;
    ppx_source *with = &all.at[0].with;
    ppx_trace *trace = stages->at[0].job.trace;
    double start = ppx_seconds();
    exchanges e;
    ppx_status status = ppx_ranks_agree(ranks, plan(&e, ranks, stages, in, error), error);
    if (!status) {
        ppx_exchange_start(&e.in, ranks, stages, in);
        if (e.n == 2)
            ppx_exchange_start(&e.with, ranks, stages, with);
        ppx_ranks_spent(ranks, trace, PPX_PHASE_EXCHANGE, &start);

        ptrdiff_t from, to;
        find_interior(ranks, stages, y0, y1, &from, &to);
        if (to > from)
            status = inner->map(inner, stages, in, out, from, to, error);

        start = ppx_seconds();
        ppx_source whole = ppx_exchange_wait(&e.in, in);
        if (e.n == 2)
            *with = ppx_exchange_wait(&e.with, with);
        ppx_ranks_spent(ranks, trace, PPX_PHASE_EXCHANGE, &start);
        if (!status && from > y0)
            status = inner->map(inner, &all, &whole, out, y0, from, error);
        if (!status && to < y1)
            status = inner->map(inner, &all, &whole, out, to, y1, error);
        start = ppx_seconds();
        status = ppx_ranks_agree(ranks, status, error);
    }
    ppx_exchange_free(&e.in);
    ppx_exchange_free(&e.with);
    ppx_ranks_spent(ranks, trace, PPX_PHASE_WAIT, &start);
    return status;
}
