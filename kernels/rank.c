// rank.c: which method makes the rows of a rank filter, see rank.h.
#include "rank.h"

#include "rank_network.h"

static bool is_small(const ppx_job *job, const ppx_rank *r) {
    static const int most[] = {[PPX_U8] = 5, [PPX_U16] = 8, [PPX_F32] = 7};
    return r->radius <= most[job->in.type]; // where others take as long
}

static bool has_bytes(const ppx_rank *r) { // for counts; less than 13 is small
    return r->k <= 15;
}

static bool is_large(const ppx_rank *r) { // windows whose results differ little from place to place
    return r->radius >= 20;
}

size_t ppx_rank_table_nbytes(const ppx_job *job, const ppx_rank *r) {
    return is_small(job, r) ? ppx_network_nbytes() : 0;
}

void ppx_rank_build(const ppx_job *job, const ppx_rank *r) {
    if (is_small(job, r))
        ppx_network_build(job, r);
}

void ppx_rank_geometry(const ppx_job *job, const ppx_rank *r, ppx_geometry *g) {
    g->up = g->down = g->side = r->radius;
    g->border = r->border;
    g->block = PPX_STRIP;
    if (is_small(job, r))
        g->scratch_nbytes = ppx_network_scratch(job);
    else if (job->in.type != PPX_U8)
        g->scratch_nbytes = ppx_places_scratch();
    else if (is_large(r))
        g->scratch_nbytes = ppx_counts_scratch(r);
    else if (has_bytes(r))
        g->scratch_nbytes = ppx_bytes_scratch();
    else
        g->scratch_nbytes = ppx_columns_scratch();
}

void ppx_rank_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    if (is_small(job, r))
        ppx_network_rows(job, r, block);
    else if (job->in.type != PPX_U8)
        ppx_places_rows(job, r, block);
    else if (is_large(r))
        ppx_counts_rows(job, r, block);
    else if (has_bytes(r))
        ppx_bytes_rows(job, r, block);
    else
        ppx_columns_rows(job, r, block);
}
