// joined.c: the components of a band, from those of its pieces.
//
// Pieces are contiguous runs of strips. Their components are numbered through in piece order; pairs
// found along the seams say which are one; the numbers that follow depend on the image alone.
#include <string.h>

#include "memory.h"
#include "runner.h"

ppx_status ppx_joined_create(ppx_joined *joined, const ppx_band *in, int npieces,
                             ppx_error *error) {
    *joined = (ppx_joined){0};
    ppx_status status = ppx_pieces_create(&joined->pieces, &joined->npieces, in, npieces, error);
    if (!status)
        status = ppx_alloc_array((void **)&joined->offset, (size_t)joined->npieces + 1,
                                 sizeof *joined->offset, "piece offsets", error);
    if (status)
        ppx_joined_free(joined);
    return status;
}

typedef struct seam_context {
    ppx_pairs *pairs;
    uint64_t above, below; // ids of component 0 on either side
    ppx_error *error;
} seam_context;

static ppx_status seam_join(void *context, uint32_t above, uint32_t below) {
    seam_context *c = context;
    return ppx_pairs_add(c->pairs, c->above + above, c->below + below, c->error);
}

static ppx_status join_pieces(ppx_joined *joined, const ppx_job *job, const ppx_join *join,
                              ppx_pairs *pairs, ppx_error *error) {
    uint32_t *ids = NULL;
    size_t width = (size_t)job->geometry.out.width;
    ppx_status status = ppx_alloc_array((void **)&ids, 2 * width, sizeof *ids, "seam rows", error);
    for (int p = 0; !status && p + 1 < joined->npieces; p++) {
        join->edge(job, &joined->pieces[p], true, ids);
        join->edge(job, &joined->pieces[p + 1], false, ids + width);
        seam_context context = {pairs, joined->offset[p], joined->offset[p + 1], error};
        status = join->seam(job, ids, ids + width, &(ppx_seam){&context, seam_join});
        if (!status && join->mend && job->findings)
            join->mend(job, ids, ids + width, joined->pieces[p + 1].records.data);
    }
    ppx_free(ids);
    return status ? status : ppx_pairs_resolve(pairs, error);
}

// One piece has numbered its components already, and its records are the band's.
static void number_one_piece(ppx_joined *joined) {
    joined->n = joined->pieces[0].ncomponents;
    for (size_t k = 0; k < joined->n; k++)
        joined->number[k] = (uint32_t)k;
    ppx_pool_free(&joined->records);
    joined->records = joined->pieces[0].records;
    joined->pieces[0].records = (ppx_pool){0};
}

// Gives every component its number in the band and adds its record to the record of that number.
static ppx_status number_pieces(ppx_joined *joined, const ppx_job *job, const ppx_join *join,
                                const ppx_pairs *resolved, ppx_error *error) {
    joined->n = joined->offset[joined->npieces] - resolved->n;
    size_t record_nbytes = job->findings ? join->record_nbytes : 0;
    ppx_status status = ppx_pool_reserve(&joined->records, joined->n * record_nbytes, error);
    if (status)
        return status;
    const ppx_pair *merged = resolved->pool.data;
    size_t next = 0; // merged ids below the current one
    char *records = joined->records.data;
    for (int p = 0; p < joined->npieces; p++) {
        const char *from = joined->pieces[p].records.data;
        for (size_t k = 0; k < joined->pieces[p].ncomponents; k++, from += record_nbytes) {
            size_t id = joined->offset[p] + k;
            bool is_merged = next < resolved->n && merged[next].a == id;
            size_t number = is_merged ? (size_t)ppx_pairs_number(resolved, id) : id - next;
            next += is_merged;
            joined->number[id] = (uint32_t)number;
            if (!record_nbytes)
                continue;
            char *into = records + number * record_nbytes;
            if (is_merged)
                join->merge(job, into, from);
            else
                memcpy(into, from, record_nbytes);
        }
    }
    return PPX_OK;
}

ppx_status ppx_joined_resolve(ppx_joined *joined, const ppx_job *job, const ppx_join *join,
                              ppx_error *error) {
    size_t total = 0;
    for (int p = 0; p < joined->npieces; p++) {
        joined->offset[p] = total;
        total += joined->pieces[p].ncomponents;
    }
    joined->offset[joined->npieces] = total;
    if (total >= PPX_NO_COMPONENT)
        return ppx_fail(error, PPX_E_USAGE, "%s: %zu components do not fit into 32 bits",
                        job->kernel->name, total);
    ppx_pairs pairs = {0};
    ppx_status status = ppx_alloc_array((void **)&joined->number, total, sizeof *joined->number,
                                        "component numbers", error);
    if (!status)
        status = join_pieces(joined, job, join, &pairs, error);
    if (!status && joined->npieces == 1)
        number_one_piece(joined);
    else if (!status)
        status = number_pieces(joined, job, join, &pairs, error);
    ppx_pairs_free(&pairs);
    return status;
}

void ppx_joined_values(ppx_joined *joined, const ppx_job *job, const ppx_join *join) {
    if (!join->value)
        return;
    const char *records = joined->records.data;
    const size_t total = joined->offset[joined->npieces];
    for (size_t k = 0; k < total; k++) {
        const uint32_t number = joined->number[k];
        joined->number[k] = join->value(job, records + number * join->record_nbytes, number);
    }
}

void ppx_joined_edge(const ppx_joined *joined, const ppx_job *job, const ppx_join *join, bool last,
                     uint32_t *ids) {
    PPX_ASSERT(joined->npieces > 0); // a band without rows has no edge
    int p = last ? joined->npieces - 1 : 0;
    join->edge(job, &joined->pieces[p], last, ids);
    const uint32_t *number = joined->number + joined->offset[p];
    for (ptrdiff_t x = 0; x < job->geometry.out.width; x++)
        if (ids[x] != PPX_NO_COMPONENT)
            ids[x] = number[ids[x]];
}

void ppx_joined_free(ppx_joined *joined) {
    ppx_pieces_free(joined->pieces, joined->npieces);
    ppx_free(joined->offset);
    ppx_free(joined->number);
    ppx_pool_free(&joined->records);
    *joined = (ppx_joined){0};
}
