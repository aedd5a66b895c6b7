// context.h: under what circumstances something was measured, and in which ways they are not those
// that were asked for.
#ifndef PARPIX_CONTEXT_H
#define PARPIX_CONTEXT_H

#include <jansson.h>

#include "bandwidth.h"
#include "machine.h"
#include "places.h"
#include "world.h"

typedef struct run_context {
    char date[40];
    machine here;         // of this rank
    cpus may;             // of this rank
    int asked, delivered; // threads in each rank; delivered to the rank that got fewest
    int nranks_here;      // on this rank's host
    rank_place *places;   // of each rank, on rank 0
    bandwidth memory;
    json_t *marks; // texts, on rank 0
    double begun, used, spent;
} run_context;

// Looks at the machine and at where ranks and threads are, and marks what is wrong with it.
// Collective; nthreads: -t, 0 where there was none.
ppx_status context_open(run_context *c, const world *all, int nthreads, ppx_error *error);
void context_close(run_context *c);

// Adds a mark, and says it as a warning. On rank 0; elsewhere it does nothing.
void context_mark(run_context *c, const world *all, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Around the measurement: a mark if others have used our CPUs meanwhile. Collective.
void context_begin(run_context *c);
ppx_status context_end(run_context *c, const world *all, ppx_error *error);

// On rank 0.
json_t *context_json(const run_context *c, const world *all);

#endif
