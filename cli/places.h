// places.h: where ranks and threads may run, where they do, and whether that will be slow.
#ifndef PARPIX_PLACES_H
#define PARPIX_PLACES_H

#include "world.h"

enum { PLACE_CPUS = 4096, PLACE_THREADS = 512, PLACE_TEXT = 40, PLACE_ADVICE = 400 };

// A set of CPUs; those beyond PLACE_CPUS are left out.
typedef struct cpus {
    uint64_t bits[PLACE_CPUS / 64];
} cpus;

typedef struct thread_place {
    int cpu;              // it ran on at that moment, -1 unknown
    int place;            // of OMP_PLACES, -1 when threads are not bound
    char may[PLACE_TEXT]; // use: "0-3,8"
} thread_place;

typedef struct rank_place {
    char host[64];
    char may[PLACE_TEXT];
    int ncpus, nthreads;
    thread_place threads[PLACE_THREADS]; // the first of them
} rank_place;

bool cpus_has(const cpus *set, int cpu);
void cpus_put(cpus *set, int cpu);
int cpus_count(const cpus *set);
// "0-3,8", cut short with "..." when there is no room.
void cpus_text(const cpus *set, char text[PLACE_TEXT]);
// CPUs that this process may use: the launcher's binding, or what OMP_PLACES leaves of it.
cpus cpus_allowed(void);
int cpus_online(void);
// Cores that they belong to, where the system tells; else one for each CPU.
int cpus_cores(const cpus *set);
// Takes back what OMP_PROC_BIND did to the calling thread, so that a program that it starts may use
// all CPUs and not those of one place.
void cpus_unbind(void);
// What the control group grants, in CPUs; 0: no limit.
double cpus_quota(void);

// Looks at the threads inside of a parallel region.
void place_look(rank_place *mine);

// The first line of a small file; false where there is none.
bool read_line(const char *path, char *line, int room);

// At most one trouble, on rank 0: ranks with fewer CPUs than threads, or more workers on a host
// than CPUs, and what mends it. Collective.
bool place_trouble(const world *all, int nthreads, char text[PLACE_ADVICE]);
// The same as a warning.
void place_warnings(const world *all, int nthreads);

#endif
