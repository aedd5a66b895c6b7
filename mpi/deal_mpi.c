// deal_mpi.c: maps whose strips are dealt out as ranks become free (master and workers).
//
// Plan. For maps whose rows cost very unequal amounts of time, so that bands of equal height end at
// very different times. Rank 0 is the master: it gathers the input (P - 1 messages of rows), and
// deals the strips of the output in order. A strip is a message with its number, and one of the
// input rows that it needs (a list that both can write down: exchange.c); its answer is a message
// of output rows, received where they belong. Each worker has up to two strips, so that the next is
// there while one is being made, and the master makes strips too while no answer waits. A strip of
// number -1 ends a worker. At last the output goes back to the bands, P - 1 messages of rows, so
// that the next step finds it where bands are. The whole image passes through rank 0 twice, and
// its input and output lie there: worth it where work is dear and uneven, and nowhere else.
//
// It ends because every strip is dealt once and every worker gets one -1. The result does not
// depend on who made which strip: a strip's rows depend on global coordinates alone. A worker that
// fails goes on answering; the verdict comes at the end.
#include "ranks.h"

#include <string.h>

enum { AT_ONCE = 2 }; // strips that a worker has

typedef struct dealer {
    ppx_ranks *ranks;
    const ppx_stages *stages;
    const ppx_runner *inner;
    ppx_shape in, out;
    ptrdiff_t nstrips;
    ptrdiff_t *needed; // rows of one strip
    ptrdiff_t most;    // of them
    MPI_Datatype in_row, out_row, packed_row;
    ppx_error *error;
} dealer;

static void strip_rows(const dealer *d, ptrdiff_t strip, ptrdiff_t *y0, ptrdiff_t *y1) {
    *y0 = strip * PPX_STRIP;
    *y1 = *y0 + PPX_STRIP < d->out.height ? *y0 + PPX_STRIP : d->out.height;
}

static ppx_status make(const dealer *d, const ppx_source *in, const ppx_band *out,
                       ptrdiff_t strip) {
    ptrdiff_t y0, y1;
    strip_rows(d, strip, &y0, &y1);
    return d->inner->map(d->inner, d->stages, in, out, y0, y1, d->error);
}

// ---- Workers ------------------------------------------------------------------------------------

typedef struct desk { // where a worker works
    ppx_image in, out;
} desk;

static ppx_status open_desk(dealer *d, desk *own) {
    ppx_shape in = d->in, out = d->out;
    in.height = d->most;
    out.height = PPX_STRIP < out.height ? PPX_STRIP : out.height;
    ppx_status status = ppx_image_create(&own->in, in, d->error);
    if (!status)
        status = ppx_image_create(&own->out, out, d->error);
    if (!status)
        status = ppx_mpi_row_type(in, own->in.stride, &d->in_row, d->error);
    if (!status)
        status = ppx_mpi_row_type(out, own->out.stride, &d->out_row, d->error);
    return status;
}

static ppx_status work(const dealer *d, const desk *own) {
    ppx_trace *trace = d->stages->at[0].job.trace;
    const ppx_image nothing = {.shape = {d->in.width, 0, d->in.channels, d->in.type}};
    ppx_status status = PPX_OK;
    for (;;) {
        int64_t strip;
        double start = ppx_seconds();
        MPI_Recv(&strip, 1, MPI_INT64_T, 0, TAG_DEAL, d->ranks->comm, MPI_STATUS_IGNORE);
        ppx_ranks_spent(d->ranks, trace, PPX_PHASE_WAIT, &start);
        if (strip < 0)
            return status;
        ptrdiff_t y0, y1;
        strip_rows(d, (ptrdiff_t)strip, &y0, &y1);
        ptrdiff_t n = ppx_exchange_rows(d->stages, y0, y1, 0, 0, d->needed);
        MPI_Recv(own->in.data, (int)n, d->in_row, 0, TAG_ROWS, d->ranks->comm, MPI_STATUS_IGNORE);
        ppx_ranks_spent(d->ranks, trace, PPX_PHASE_EXCHANGE, &start);
        const ppx_source in = {.own = &nothing, .far = &own->in, .far_y = d->needed, .nfar = n};
        const ppx_band out = {
            .rows = ppx_image_view(&own->out, 0, y1 - y0), .y0 = y0, .height = d->out.height};
        if (!status)
            status = make(d, &in, &out, (ptrdiff_t)strip);
        start = ppx_seconds();
        MPI_Send(own->out.data, (int)(y1 - y0), d->out_row, 0, TAG_DEAL, d->ranks->comm);
        ppx_ranks_spent(d->ranks, trace, PPX_PHASE_EXCHANGE, &start);
    }
}

// ---- The master ---------------------------------------------------------------------------------

// A strip that a worker has: slot w * AT_ONCE + k is one of rank w + 1.
typedef struct slot {
    int64_t strip;
    char *rows; // on their way to the worker
} slot;

typedef struct table { // what the master has before it
    ppx_image in, out;
    slot *slots;
    MPI_Request *answers, *sent; // by slot; sent: two for each
    int *done, nslots;
    ptrdiff_t next; // strip
} table;

static ppx_status open_table(dealer *d, table *t) {
    t->nslots = (d->ranks->nranks - 1) * AT_ONCE;
    size_t n = (size_t)t->nslots, row = ppx_shape_row_nbytes(d->in);
    ppx_error *error = d->error;
    ppx_status status = ppx_image_create(&t->in, d->in, error);
    if (!status)
        status = ppx_image_create(&t->out, d->out, error);
    if (!status)
        status = ppx_alloc_array((void **)&t->slots, n, sizeof *t->slots, "strips", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->answers, n, sizeof *t->answers, "requests", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->sent, 2 * n, sizeof *t->sent, "requests", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->done, n, sizeof *t->done, "requests", error);
    for (int k = 0; !status && k < t->nslots; k++) {
        t->answers[k] = t->sent[2 * k] = t->sent[2 * k + 1] = MPI_REQUEST_NULL;
        status = ppx_alloc_array((void **)&t->slots[k].rows, (size_t)d->most, row, "rows", error);
    }
    if (!status)
        status = ppx_mpi_row_type(d->in, t->in.stride, &d->in_row, error);
    if (!status)
        status = ppx_mpi_row_type(d->out, t->out.stride, &d->out_row, error);
    return status;
}

static void close_table(table *t) {
    for (int k = 0; t->slots && k < t->nslots; k++)
        ppx_free(t->slots[k].rows);
    ppx_free(t->slots);
    ppx_free(t->answers);
    ppx_free(t->sent);
    ppx_free(t->done);
    ppx_image_free(&t->in);
    ppx_image_free(&t->out);
}

// Deals the next strip to the worker of a slot whose last one is done.
static void deal_next(const dealer *d, table *t, int k) {
    MPI_Waitall(2, &t->sent[2 * k], MPI_STATUSES_IGNORE);
    if (t->next == d->nstrips)
        return;
    slot *s = &t->slots[k];
    int rank = k / AT_ONCE + 1;
    s->strip = t->next++;
    ptrdiff_t y0, y1;
    strip_rows(d, (ptrdiff_t)s->strip, &y0, &y1);
    ptrdiff_t n = ppx_exchange_rows(d->stages, y0, y1, 0, 0, d->needed);
    size_t row = ppx_shape_row_nbytes(d->in);
    for (ptrdiff_t j = 0; j < n; j++)
        memcpy(s->rows + (size_t)j * row, ppx_image_row(&t->in, d->needed[j]), row);
    MPI_Irecv(ppx_image_row(&t->out, y0), (int)(y1 - y0), d->out_row, rank, TAG_DEAL,
              d->ranks->comm, &t->answers[k]);
    MPI_Isend(&s->strip, 1, MPI_INT64_T, rank, TAG_DEAL, d->ranks->comm, &t->sent[2 * k]);
    MPI_Isend(s->rows, (int)n, d->packed_row, rank, TAG_ROWS, d->ranks->comm, &t->sent[2 * k + 1]);
}

static ppx_status deal(const dealer *d, table *t) {
    const ppx_source in = {.own = &t->in};
    const ppx_band out = ppx_band_whole(t->out);
    ppx_status status = PPX_OK;
    for (int j = 0; j < AT_ONCE; j++) // one for everybody before anybody has two
        for (int w = 0; w < d->ranks->nranks - 1; w++)
            deal_next(d, t, w * AT_ONCE + j);
    for (;;) {
        int ndone;
        if (t->next < d->nstrips) {
            MPI_Testsome(t->nslots, t->answers, &ndone, t->done, MPI_STATUSES_IGNORE);
            if (ndone == 0 || ndone == MPI_UNDEFINED) {
                ptrdiff_t strip = t->next++;
                if (!status)
                    status = make(d, &in, &out, strip);
                continue;
            }
        } else {
            double start = ppx_seconds();
            MPI_Waitsome(t->nslots, t->answers, &ndone, t->done, MPI_STATUSES_IGNORE);
            ppx_ranks_spent(d->ranks, d->stages->at[0].job.trace, PPX_PHASE_WAIT, &start);
            if (ndone == MPI_UNDEFINED)
                break; // nothing is out
        }
        for (int k = 0; k < ndone; k++)
            deal_next(d, t, t->done[k]);
    }
    const int64_t end = -1;
    for (int r = 1; r < d->ranks->nranks; r++)
        MPI_Send(&end, 1, MPI_INT64_T, r, TAG_DEAL, d->ranks->comm);
    return status;
}

// ---- All ----------------------------------------------------------------------------------------

static ppx_status open_dealer(dealer *d) {
    for (ptrdiff_t strip = 0; strip < d->nstrips; strip++) {
        ptrdiff_t y0, y1, a, b;
        strip_rows(d, strip, &y0, &y1);
        ppx_stages_needs(d->stages, y0, y1, &a, &b);
        d->most = b - a > d->most ? b - a : d->most;
    }
    ppx_status status = ppx_alloc_array((void **)&d->needed, (size_t)d->most, sizeof *d->needed,
                                        "row numbers", d->error);
    if (!status)
        status = ppx_mpi_row_type(d->in, (ptrdiff_t)ppx_shape_row_nbytes(d->in), &d->packed_row,
                                  d->error);
    return status;
}

static void close_dealer(dealer *d) {
    MPI_Datatype *types[] = {&d->in_row, &d->out_row, &d->packed_row};
    for (int k = 0; k < 3; k++)
        if (*types[k] != MPI_DATATYPE_NULL)
            MPI_Type_free(types[k]);
    ppx_free(d->needed);
}

ppx_status ppx_map_dealt(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                         const ppx_band *out, ppx_error *error) {
    ppx_ranks *ranks = ppx_ranks_of(runner);
    dealer d = {.ranks = ranks,
                .stages = stages,
                .inner = ranks->inner,
                .in = stages->at[0].job.in,
                .out = ppx_stages_out(stages),
                .in_row = MPI_DATATYPE_NULL,
                .out_row = MPI_DATATYPE_NULL,
                .packed_row = MPI_DATATYPE_NULL,
                .error = error};
    d.nstrips = ppx_strip_count(d.out.height);
    table t = {0};
    desk own = {0};
    ppx_trace *trace = stages->at[0].job.trace;
    double start = ppx_seconds();
    ppx_status status = open_dealer(&d);
    if (!status)
        status = ranks->rank ? open_desk(&d, &own) : open_table(&d, &t);
    status = ppx_ranks_agree(ranks, status, error);
    if (!status && d.most > 0) // scenes read nothing
        status = ppx_ranks_gather_rows(ranks, d.in, in->own, &t.in, error);
    ppx_ranks_spent(ranks, trace, PPX_PHASE_EXCHANGE, &start);
    if (!status) {
        status = ranks->rank ? work(&d, &own) : deal(&d, &t);
        start = ppx_seconds();
        status = ppx_ranks_agree(ranks, status, error);
        if (!status)
            status = ppx_ranks_scatter_rows(ranks, d.out, &t.out, &out->rows, error);
        ppx_ranks_spent(ranks, trace, PPX_PHASE_EXCHANGE, &start);
    }
    ppx_image_free(&own.in);
    ppx_image_free(&own.out);
    close_table(&t);
    close_dealer(&d);
    return status;
}
