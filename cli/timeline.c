// timeline.c: the traces of all ranks of one run, brought together on rank 0.
//
// Ranks of one host read one clock, so their moments compare as they are, counted from when the
// first of them began. Hosts are put beside each other by the barrier before the run: they are
// apart by what a barrier leaves, microseconds. Slices travel in one gather, of as many bytes for
// each rank as the one with the most needs.
#define _POSIX_C_SOURCE 200809L
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "findings.h"

enum { MOST_JSON_SLICES = 2000 };
static const size_t MOST_NBYTES = (size_t)1 << 30; // of a rank; MPI counts in int

// ---- From the ranks -----------------------------------------------------------------------------

// Of the rank with the most of them.
typedef struct sizes {
    int nworkers;
    size_t nslices;
} sizes;

static size_t packed_nbytes(sizes s) {
    return (size_t)s.nworkers * sizeof(timeline_worker) + s.nslices * sizeof(timeline_slice);
}

// This rank's workers, then its slices.
static void pack(char *packed, sizes s, const timeline_rank *mine, const ppx_trace *trace,
                 int rank) {
    timeline_worker *workers = (timeline_worker *)(void *)packed;
    timeline_slice *slices =
        (timeline_slice *)(void *)(packed + (size_t)s.nworkers * sizeof *workers);
    size_t n = 0;
    for (int w = 0; w < mine->nworkers; w++) {
        timeline_worker *worker = &workers[w];
        *worker = (timeline_worker){.rank = rank, .thread = w};
        double rest = mine->ended - mine->begun;
        for (int p = 0; p < PPX_NPHASES; p++) {
            worker->seconds[p] = ppx_trace_seconds(trace, w, (ppx_phase)p);
            rest -= worker->seconds[p];
        }
        // Other threads wait while the first one works alone or talks to ranks.
        double *takes = w ? &worker->seconds[PPX_PHASE_WAIT] : &worker->other;
        *takes += rest > 0 ? rest : 0;
        size_t nslices;
        const ppx_slice *own = ppx_trace_slices(trace, w, &nslices);
        for (size_t k = 0; k < nslices && n < mine->nslices; k++)
            slices[n++] = (timeline_slice){rank, w, own[k]};
    }
}

// When the first rank of that host began.
static double origin_of(const timeline *t, int rank) {
    double origin = t->ranks[rank].begun;
    for (int r = 0; r < t->nranks; r++)
        if (t->ranks[r].begun < origin && strcmp(t->ranks[r].host, t->ranks[rank].host) == 0)
            origin = t->ranks[r].begun;
    return origin;
}

static void unpack(timeline *t, sizes s, const char *packed) {
    t->nworkers = 0;
    t->nslices = 0;
    for (int r = 0; r < t->nranks; r++, packed += packed_nbytes(s)) {
        const timeline_rank *rank = &t->ranks[r];
        const char *slices = packed + (size_t)s.nworkers * sizeof *t->workers;
        memcpy(t->workers + t->nworkers, packed, (size_t)rank->nworkers * sizeof *t->workers);
        memcpy(t->slices + t->nslices, slices, rank->nslices * sizeof *t->slices);
        double origin = origin_of(t, r);
        for (size_t k = 0; k < rank->nslices; k++) {
            ppx_slice *slice = &t->slices[t->nslices + k].what;
            slice->from -= origin;
            slice->to -= origin;
        }
        t->nworkers += rank->nworkers;
        t->nslices += rank->nslices;
    }
}

// The ranks' own words, and what the largest needs, known to all.
static ppx_status gather_ranks(timeline *t, const world *all, const timeline_rank *mine, sizes *s,
                               ppx_error *error) {
    ppx_status status = PPX_OK;
    t->nranks = all->nranks;
    if (all->rank == 0 && !(t->ranks = calloc((size_t)all->nranks, sizeof *t->ranks)))
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the times of ranks");
    status = world_agree(all, status, error);
    if (status)
        return status;
    world_gather(all, mine, sizeof *mine, t->ranks);
    *s = (sizes){0};
    for (int r = 0; all->rank == 0 && r < t->nranks; r++) {
        const timeline_rank *rank = &t->ranks[r];
        s->nworkers = rank->nworkers > s->nworkers ? rank->nworkers : s->nworkers;
        s->nslices = rank->nslices > s->nslices ? rank->nslices : s->nslices;
        t->nworkers += rank->nworkers;
        t->nslices += rank->nslices;
    }
    return world_share(all, s, sizeof *s, error);
}

ppx_status timeline_gather(timeline *t, const world *all, const timeline_rank *times,
                           const ppx_trace *trace, ppx_error *error) {
    timeline_rank mine = *times;
    *t = (timeline){.nranks = 0};
    (void)gethostname(mine.host, sizeof mine.host - 1);
    mine.nworkers = ppx_trace_nworkers(trace);
    mine.nslices = 0;
    for (int w = 0; w < mine.nworkers; w++) {
        size_t n;
        (void)ppx_trace_slices(trace, w, &n);
        mine.nslices += n;
        mine.lost += ppx_trace_lost(trace, w);
    }
    const size_t most = MOST_NBYTES / sizeof(timeline_slice);
    if (mine.nslices > most) {
        mine.lost += mine.nslices - most;
        mine.nslices = most;
    }
    sizes s;
    ppx_status status = gather_ranks(t, all, &mine, &s, error);
    if (status)
        return status;
    char *packed = calloc(1, packed_nbytes(s) + 1), *each = NULL;
    if (all->rank == 0) {
        each = calloc((size_t)all->nranks, packed_nbytes(s) + 1);
        t->workers = calloc((size_t)t->nworkers, sizeof *t->workers);
        t->slices = calloc(t->nslices + 1, sizeof *t->slices);
    }
    if (!packed || (all->rank == 0 && (!each || !t->workers || !t->slices)))
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the times of workers");
    status = world_agree(all, status, error);
    if (!status) {
        pack(packed, s, &mine, trace, all->rank);
        world_gather(all, packed, packed_nbytes(s), each);
        if (all->rank == 0)
            unpack(t, s, each);
    }
    free(packed);
    free(each);
    return status;
}

void timeline_free(timeline *t) {
    free(t->ranks);
    free(t->workers);
    free(t->slices);
    *t = (timeline){.nranks = 0};
}

// ---- What they say ------------------------------------------------------------------------------

pop_figures timeline_pop(const timeline *t) {
    pop_worker *workers = calloc((size_t)t->nworkers + 1, sizeof *workers);
    pop_rank *ranks = calloc((size_t)t->nranks + 1, sizeof *ranks);
    pop_figures figures = {.load_balance = 0};
    if (workers && ranks) {
        for (int w = 0; w < t->nworkers; w++)
            workers[w] = (pop_worker){t->workers[w].rank, t->workers[w].seconds[PPX_PHASE_COMPUTE]};
        for (int r = 0; r < t->nranks; r++)
            ranks[r] = (pop_rank){t->ranks[r].seconds, t->ranks[r].messages};
        figures = pop_of(workers, t->nworkers, ranks, t->nranks);
    }
    free(workers);
    free(ranks);
    return figures;
}

size_t timeline_lost(const timeline *t) {
    size_t lost = 0;
    for (int r = 0; r < t->nranks; r++)
        lost += t->ranks[r].lost;
    return lost;
}

double timeline_part(const timeline *t, int phase) {
    double part = 0, all = 0;
    for (int w = 0; w < t->nworkers; w++) {
        const timeline_worker *worker = &t->workers[w];
        part += phase == PPX_NPHASES ? worker->other : worker->seconds[phase];
        all += worker->other;
        for (int p = 0; p < PPX_NPHASES; p++)
            all += worker->seconds[p];
    }
    return all > 0 ? part / all : 0;
}

json_t *timeline_phases_json(const timeline *t) {
    json_t *array = json_array();
    for (int w = 0; w < t->nworkers; w++) {
        const timeline_worker *worker = &t->workers[w];
        json_t *object = json_pack("{s:i, s:i}", "rank", worker->rank, "thread", worker->thread);
        for (int p = 0; p < PPX_NPHASES; p++) {
            char key[24];
            (void)snprintf(key, sizeof key, "%s_s", ppx_phase_name((ppx_phase)p));
            (void)json_object_set_new(object, key, json_real(worker->seconds[p]));
        }
        (void)json_object_set_new(object, "other_s", json_real(worker->other));
        (void)json_array_append_new(array, object);
    }
    return array;
}

json_t *pop_json(const pop_figures *f) {
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "load_balance",
                     f->load_balance, "communication_efficiency", f->communication_efficiency,
                     "parallel_efficiency", f->parallel_efficiency, "rank_load_balance",
                     f->rank_load_balance, "rank_communication_efficiency",
                     f->rank_communication_efficiency, "rank_parallel_efficiency",
                     f->rank_parallel_efficiency, "thread_load_balance", f->thread_load_balance,
                     "thread_serial_efficiency", f->thread_serial_efficiency,
                     "thread_parallel_efficiency", f->thread_parallel_efficiency);
}

static json_t *slice_json(const timeline_slice *s) {
    return json_pack("{s:i, s:i, s:s, s:f, s:f, s:i}", "rank", s->rank, "thread", s->thread,
                     "phase", ppx_phase_name(s->what.phase), "from_s", s->what.from, "to_s",
                     s->what.to, "strip", s->what.strip);
}

json_t *timeline_slices_json(const timeline *t) {
    json_t *array = json_array();
    for (size_t k = 0; k < t->nslices; k++) {
        timeline_slice s = t->slices[k];
        while (t->nslices > MOST_JSON_SLICES && k + 1 < t->nslices) {
            const timeline_slice *next = &t->slices[k + 1];
            bool same = next->rank == s.rank && next->thread == s.thread &&
                        next->what.phase == s.what.phase && next->what.from - s.what.to < 1e-4;
            if (!same)
                break;
            s.what.to = next->what.to;
            k++;
        }
        (void)json_array_append_new(array, slice_json(&s));
    }
    if (json_array_size(array) <= MOST_JSON_SLICES)
        return array;
    json_decref(array);
    return NULL;
}

// ---- Chrome's trace format ----------------------------------------------------------------------

// Names of processes and threads, once for a file.
static void name_rows(json_t *events, const timeline *t) {
    for (int w = 0; w < t->nworkers; w++) {
        int rank = t->workers[w].rank, thread = t->workers[w].thread;
        char name[100];
        if (thread == 0) {
            (void)snprintf(name, sizeof name, "rank %d on %s", rank, t->ranks[rank].host);
            (void)json_array_append_new(events, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "ph",
                                                          "M", "name", "process_name", "pid", rank,
                                                          "tid", 0, "args", "name", name));
        }
        (void)snprintf(name, sizeof name, "thread %d", thread);
        (void)json_array_append_new(events, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "ph", "M",
                                                      "name", "thread_name", "pid", rank, "tid",
                                                      thread, "args", "name", name));
    }
}

void timeline_events(json_t *events, const timeline *t, const char *chain, double later) {
    if (json_array_size(events) == 0)
        name_rows(events, t);
    for (size_t k = 0; k < t->nslices; k++) {
        const timeline_slice *s = &t->slices[k];
        json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:{s:s}}", "ph", "X", "cat",
                                  "parpix", "name", ppx_phase_name(s->what.phase), "pid", s->rank,
                                  "tid", s->thread, "ts", 1e6 * (s->what.from + later), "dur",
                                  1e6 * (s->what.to - s->what.from), "args", "chain", chain);
        if (s->what.strip >= 0)
            (void)json_object_set_new(json_object_get(event, "args"), "strip",
                                      json_integer(s->what.strip));
        (void)json_array_append_new(events, event);
    }
}

ppx_status timeline_write_trace(json_t *events, const char *path, ppx_error *error) {
    json_t *trace = json_pack("{s:O, s:s}", "traceEvents", events, "displayTimeUnit", "ms");
    ppx_status status = trace ? json_write(trace, path, error)
                              : ppx_fail(error, PPX_E_MEMORY, "no memory for a trace");
    json_decref(trace);
    return status;
}
