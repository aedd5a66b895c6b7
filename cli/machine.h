// machine.h: what the operating system tells of this machine.
#ifndef PARPIX_MACHINE_H
#define PARPIX_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "places.h"

enum { MACHINE_CACHES = 8 };

typedef struct machine_cache {
    int level, shared_by; // CPUs
    char type[16];        // "data", "instruction", "unified"
    size_t nbytes;
} machine_cache;

typedef struct machine {
    char model[128]; // of the first processor
    int ncpus;       // online
    int ncaches;
    machine_cache caches[MACHINE_CACHES]; // of the first CPU
    int numa_nodes;
    char governor[32]; // of its frequency; empty: unknown
    double load;       // of the last minute: processes that run or want to; -1 unknown
} machine;

void machine_look(machine *m);
// The last caches of all CPUs together; 32 MiB where they are not known.
size_t machine_last_caches(const machine *m);

// CPU seconds that have been spent on these CPUs by everybody, also by the neighbours of a virtual
// machine. Negative where the system does not tell.
double machine_spent(const cpus *set);

// The job of a batch system that this is a part of: "slurm 123". False: of none.
bool machine_job(char text[80]);

#endif
