// join_mpi.c: a join on ranks.
//
// Plan. The inner runner numbers the components of its band by first pixel. Then
//   1. Allgather of the counts: component k of rank r gets the id (sum of counts above r) + k, so
//   that
//      ids grow in raster order over the whole image;
//   2. the ids along the last row go to the next rank with rows (4 bytes a column, one message),
//   which
//      compares them with its first row: pairs of ids that are one;
//   3. Allgatherv of the pairs, without repetition: at most half a row's pixels for each border;
//   4. every rank resolves all pairs and numbers its own components: the same numbers as in a
//   serial
//      run, because they follow from the first pixel;
//   5. where findings are wanted, the records go to rank 0 (Gatherv), which adds those that are
//   one;
//   6. where values follow from records, the records of the ids that occur in pairs go to all
//   (Allgatherv, at most two for each pair; the counts follow from the pairs), and every rank adds
//   those that are one.
// A constant number of rounds for any image; volume O(borders) but for step 5, which is
// O(components).
#include "ranks.h"

#include <string.h>

typedef struct join_state {
    ppx_ranks *ranks;
    const ppx_job *job;
    const ppx_join *join;
    ppx_joined *joined;
    uint64_t *offset; // of each rank's first id; nranks + 1
    uint32_t *edges;  // two rows of ids
    int *counts, *displacements;
    ppx_pairs pairs;
    ppx_error *error;
} join_state;

static ppx_status count_components(join_state *s) {
    int nranks = s->ranks->nranks;
    uint64_t n = s->joined->n;
    MPI_Allgather(&n, 1, MPI_UINT64_T, s->offset + 1, 1, MPI_UINT64_T, s->ranks->comm);
    s->offset[0] = 0;
    for (int r = 0; r < nranks; r++)
        s->offset[r + 1] += s->offset[r];
    if (s->offset[nranks] >= PPX_NO_COMPONENT)
        return ppx_fail(s->error, PPX_E_USAGE, "%s: %llu components do not fit into 32 bits",
                        s->job->kernel->name, (unsigned long long)s->offset[nranks]);
    return PPX_OK;
}

typedef struct border_context {
    join_state *state;
    uint64_t above, below;
} border_context;

static ppx_status border_pair(void *context, uint32_t above, uint32_t below) {
    border_context *c = context;
    return ppx_pairs_add(&c->state->pairs, c->above + above, c->below + below, c->state->error);
}

static ppx_status compare_border(join_state *s, int width) {
    if (s->joined->npieces == 0)
        return PPX_OK; // no rows: not in this conversation
    int up = ppx_ranks_neighbour(s->ranks, s->job->in.height, -1);
    int down = ppx_ranks_neighbour(s->ranks, s->job->in.height, 1);
    uint32_t *above = s->edges, *own = s->edges + width;
    ppx_joined_edge(s->joined, s->job, s->join, true, own);
    MPI_Sendrecv(own, width, MPI_UINT32_T, down, TAG_EDGE, above, width, MPI_UINT32_T, up, TAG_EDGE,
                 s->ranks->comm, MPI_STATUS_IGNORE);
    if (up == MPI_PROC_NULL)
        return PPX_OK;
    ppx_joined_edge(s->joined, s->job, s->join, false, own);
    border_context context = {s, s->offset[up], s->offset[s->ranks->rank]};
    ppx_status status = s->join->seam(s->job, above, own, &(ppx_seam){&context, border_pair});
    if (!status && s->join->mend && s->job->findings)
        s->join->mend(s->job, above, own, s->joined->records.data);
    return status;
}

// Every rank's counts of something, as the counts and displacements of a v-collective, and the sum.
static ppx_status spread_counts(join_state *s, size_t mine, const char *what, int *total) {
    int count;
    ppx_status status = ppx_mpi_count(mine, what, &count, s->error);
    status = ppx_ranks_agree(s->ranks, status, s->error);
    if (status)
        return status;
    MPI_Allgather(&count, 1, MPI_INT, s->counts, 1, MPI_INT, s->ranks->comm);
    size_t sum = 0;
    for (int r = 0; r < s->ranks->nranks; r++) {
        s->displacements[r] = (int)sum; // checked below, before it is used
        sum += (size_t)s->counts[r];
    }
    return ppx_mpi_count(sum, what, total, s->error); // the same on all ranks
}

static ppx_status gather_pairs(join_state *s) {
    int total = 0;
    ppx_status status = spread_counts(s, s->pairs.n, "pairs along borders", &total);
    if (status)
        return status;
    ppx_pairs all = {.n = (size_t)total};
    status = ppx_pool_reserve(&all.pool, ((size_t)total + 1) * sizeof(ppx_pair), s->error);
    status = ppx_ranks_agree(s->ranks, status, s->error);
    if (!status) {
        MPI_Datatype pair;
        MPI_Type_contiguous((int)sizeof(ppx_pair), MPI_BYTE, &pair);
        MPI_Type_commit(&pair);
        MPI_Allgatherv(s->pairs.pool.data, (int)s->pairs.n, pair, all.pool.data, s->counts,
                       s->displacements, pair, s->ranks->comm);
        MPI_Type_free(&pair);
        status = ppx_pairs_resolve(&all, s->error);
    }
    ppx_pairs_free(&s->pairs);
    s->pairs = all;
    return ppx_ranks_agree(s->ranks, status, s->error);
}

// final[k] for component k of this band.
static void number_components(const join_state *s, uint32_t *final) {
    const ppx_pair *merged = s->pairs.pool.data;
    uint64_t first = s->offset[s->ranks->rank];
    size_t next = 0; // merged ids below the current one
    while (next < s->pairs.n && merged[next].a < first)
        next++;
    for (size_t k = 0; k < s->joined->n; k++) {
        uint64_t id = first + k;
        bool is_merged = next < s->pairs.n && merged[next].a == id;
        final[k] = (uint32_t)(is_merged ? ppx_pairs_number(&s->pairs, id) : id - next);
        next += is_merged;
    }
}

static MPI_Datatype record_type(const join_state *s) {
    MPI_Datatype record;
    MPI_Type_contiguous((int)s->join->record_nbytes, MPI_BYTE, &record);
    MPI_Type_commit(&record);
    return record;
}

// On rank 0: all records, in final order. Ids grow with rank, so the first record to arrive under a
// number is that of the component's root, and the others are added to it.
static ppx_status gather_records(join_state *s, const uint32_t *final) {
    size_t nbytes = s->join->record_nbytes;
    bool root = s->ranks->rank == 0;
    int total = 0;
    ppx_status status = spread_counts(s, s->joined->n, "components", &total);
    if (status)
        return status;
    char *records = NULL;
    uint32_t *numbers = NULL;
    ppx_pool merged = {0};
    size_t n = (size_t)total - s->pairs.n;
    if (root) {
        status = ppx_alloc_array((void **)&records, (size_t)total, nbytes, "records", s->error);
        if (!status)
            status = ppx_alloc_array((void **)&numbers, (size_t)total, sizeof *numbers, "numbers",
                                     s->error);
        if (!status)
            status = ppx_pool_reserve(&merged, (n + 1) * nbytes, s->error);
    }
    status = ppx_ranks_agree(s->ranks, status, s->error);
    if (!status) {
        MPI_Datatype record = record_type(s);
        MPI_Gatherv(s->joined->records.data, (int)s->joined->n, record, records, s->counts,
                    s->displacements, record, 0, s->ranks->comm);
        MPI_Gatherv(final, (int)s->joined->n, MPI_UINT32_T, numbers, s->counts, s->displacements,
                    MPI_UINT32_T, 0, s->ranks->comm);
        MPI_Type_free(&record);
    }
    if (!status && root) {
        char *into = merged.data;
        size_t seen = 0; // numbers come in ascending order when they come first
        for (size_t k = 0; k < (size_t)total; k++) {
            const char *from = records + k * nbytes;
            if (numbers[k] == seen)
                memcpy(into + seen++ * nbytes, from, nbytes);
            else
                s->join->merge(s->job, into + numbers[k] * nbytes, from);
        }
        ppx_pool_free(&s->joined->records);
        s->joined->records = merged;
        merged = (ppx_pool){0};
    }
    ppx_pool_free(&merged);
    ppx_free(records);
    ppx_free(numbers);
    return status;
}

// The record of ids[k], which occur in pairs, at records + k * record_nbytes, from the ranks that
// have them; then each root's record is that of the whole component.
static void add_border_records(join_state *s, const uint64_t *ids, size_t n, char *records) {
    const size_t nbytes = s->join->record_nbytes;
    const ppx_pair *merged = s->pairs.pool.data;
    size_t k = 0;
    for (int r = 0; r < s->ranks->nranks; r++) {
        s->displacements[r] = (int)k; // n has been checked
        for (; k < n && ids[k] < s->offset[r + 1]; k++)
            if (r == s->ranks->rank)
                memcpy(records + k * nbytes,
                       (char *)s->joined->records.data + (ids[k] - s->offset[r]) * nbytes, nbytes);
        s->counts[r] = (int)k - s->displacements[r];
    }
    MPI_Datatype record = record_type(s);
    MPI_Allgatherv(MPI_IN_PLACE, 0, record, records, s->counts, s->displacements, record,
                   s->ranks->comm);
    MPI_Type_free(&record);
    k = 0;
    for (size_t pair = 0; pair < s->pairs.n; pair++, k++) {
        while (ids[k] != merged[pair].a)
            k++;
        const size_t root = ppx_pairs_index(ids, n, merged[pair].b);
        s->join->merge(s->job, records + root * nbytes, records + k * nbytes);
    }
}

// Values of this band's components, which have their final numbers.
static ppx_status find_values(join_state *s, const uint32_t *final, uint32_t *values) {
    const size_t nbytes = s->join->record_nbytes;
    uint64_t *ids = NULL;
    char *records = NULL;
    int checked;
    ppx_status status = ppx_mpi_count(2 * s->pairs.n, "records along borders", &checked, s->error);
    if (status)
        return status; // the same on all ranks
    status = ppx_alloc_array((void **)&ids, 2 * s->pairs.n, sizeof *ids, "border ids", s->error);
    if (!status)
        status = ppx_alloc_array((void **)&records, 2 * s->pairs.n, nbytes, "records", s->error);
    status = ppx_ranks_agree(s->ranks, status, s->error);
    if (!status) {
        const size_t n = ppx_pairs_ids(&s->pairs, ids);
        const uint64_t first = s->offset[s->ranks->rank];
        add_border_records(s, ids, n, records);
        const ppx_pair *merged = s->pairs.pool.data;
        size_t next = 0, pair = 0;
        for (size_t k = 0; k < s->joined->n; k++) {
            const uint64_t id = first + k;
            while (next < n && ids[next] < id)
                next++;
            while (pair < s->pairs.n && merged[pair].a < id)
                pair++;
            const char *record = (const char *)s->joined->records.data + k * nbytes;
            if (pair < s->pairs.n && merged[pair].a == id)
                record = records + ppx_pairs_index(ids, n, merged[pair].b) * nbytes;
            else if (next < n && ids[next] == id)
                record = records + next * nbytes;
            values[k] = s->join->value(s->job, record, final[k]);
        }
    }
    ppx_free(ids);
    ppx_free(records);
    return status;
}

static ppx_status prepare(join_state *s, int *width) {
    size_t nranks = (size_t)s->ranks->nranks;
    ppx_status status =
        ppx_mpi_count((size_t)s->job->geometry.out.width, "columns", width, s->error);
    if (!status)
        status = ppx_alloc_array((void **)&s->offset, nranks + 1, sizeof *s->offset, "offsets",
                                 s->error);
    if (!status)
        status =
            ppx_alloc_array((void **)&s->counts, 2 * nranks, sizeof *s->counts, "counts", s->error);
    if (!status)
        status = ppx_alloc_array((void **)&s->edges, 2 * (size_t)*width, sizeof *s->edges, "edges",
                                 s->error);
    s->displacements = s->counts + nranks;
    return status;
}

static ppx_status join_across(void *context, ppx_status status, const ppx_job *job,
                              const ppx_join *join, ppx_joined *joined, ppx_error *error) {
    double start = ppx_seconds();
    join_state s = {.ranks = context, .job = job, .join = join, .joined = joined, .error = error};
    int width = 0, report = job->sink && join->report;
    uint32_t *final = NULL, *values = NULL;
    if (!status)
        status = prepare(&s, &width);
    if (!status)
        status = ppx_alloc_array((void **)&final, joined->n, sizeof *final, "numbers", error);
    if (!status && join->value)
        status = ppx_alloc_array((void **)&values, joined->n, sizeof *values, "values", error);
    status = ppx_ranks_agree(s.ranks, status, error);
    if (!status)
        status = count_components(&s); // the same verdict on all ranks
    if (!status)
        status = ppx_ranks_agree(s.ranks, compare_border(&s, width), error);
    if (!status)
        status = gather_pairs(&s);
    if (!status) {
        number_components(&s, final);
        if (join->value) // before the records of rank 0 become those of the image
            status = find_values(&s, final, values);
    }
    if (!status) {
        MPI_Bcast(&report, 1, MPI_INT, 0, s.ranks->comm);
        if (report)
            status = gather_records(&s, final);
    }
    if (!status) {
        size_t total = joined->offset[joined->npieces];
        for (size_t k = 0; k < total; k++)
            joined->number[k] = (join->value ? values : final)[joined->number[k]];
        joined->n = (size_t)s.offset[s.ranks->nranks] - s.pairs.n;
    }
    ppx_free(final);
    ppx_free(values);
    ppx_free(s.offset);
    ppx_free(s.counts);
    ppx_free(s.edges);
    ppx_pairs_free(&s.pairs);
    ppx_ranks_spent(s.ranks, job->trace, PPX_PHASE_EXCHANGE, &start);
    return status;
}

ppx_status ppx_join_mpi(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                        const ppx_band *in, const ppx_band *out, const ppx_join_across *across,
                        ppx_error *error) {
    PPX_ASSERT(!across); // ranks are the outermost
    ppx_ranks *ranks = ppx_ranks_of(runner);
    ppx_join_across between = {ranks, join_across};
    return ranks->inner->join(ranks->inner, job, join, in, out, &between, error);
}
