// timeline.h: the traces of all ranks of one run, brought together on rank 0.
#ifndef PARPIX_TIMELINE_H
#define PARPIX_TIMELINE_H

#include <jansson.h>

#include "pop.h"
#include "world.h"

// What a rank knows of its run. The moments are ppx_seconds; the run began after a barrier.
typedef struct timeline_rank {
    char host[64];
    double begun, ended;      // of everything that was traced
    double seconds, messages; // of the chain alone, for the efficiencies
    int nworkers;
    size_t nslices, lost; // slices that were kept, and not
} timeline_rank;

// Slices of a worker at most, for traces that are to be written: 24 MB of them.
enum { TIMELINE_SLICES = 1 << 20 };

typedef struct timeline_worker {
    int rank, thread;
    double seconds[PPX_NPHASES];
    double other; // between: memory, threads that start
} timeline_worker;

typedef struct timeline_slice {
    int rank, thread;
    ppx_slice what; // seconds since the first rank began
} timeline_slice;

// Empty on other ranks than 0.
typedef struct timeline {
    int nranks, nworkers;
    size_t nslices;
    timeline_rank *ranks;
    timeline_worker *workers;
    timeline_slice *slices;
} timeline;

// Collective. `mine` needs its times; the trace is of this rank.
ppx_status timeline_gather(timeline *t, const world *all, const timeline_rank *mine,
                           const ppx_trace *trace, ppx_error *error);
void timeline_free(timeline *t);

pop_figures timeline_pop(const timeline *t);
// The part of all workers' time that went into a phase, of PPX_NPHASES the rest.
double timeline_part(const timeline *t, int phase);

json_t *timeline_phases_json(const timeline *t); // an object for each worker
json_t *pop_json(const pop_figures *f);
// Slices in the order of workers; neighbours of one phase are one where there would be more than
// some 2000. NULL if that does not help.
json_t *timeline_slices_json(const timeline *t);

// Slices that are missing.
size_t timeline_lost(const timeline *t);

// Adds the slices to the events of a trace in Chrome's format, that much later: a process for each
// rank and a thread for each worker. Files of several runs carry the chain with each slice.
void timeline_events(json_t *events, const timeline *t, const char *chain, double later);
ppx_status timeline_write_trace(json_t *events, const char *path, ppx_error *error);

#endif
