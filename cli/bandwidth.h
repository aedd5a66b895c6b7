// bandwidth.h: how fast memory and arithmetic are, for all threads and ranks of a run together.
#ifndef PARPIX_BANDWIDTH_H
#define PARPIX_BANDWIDTH_H

#include "world.h"

typedef struct bandwidth {
    double gbyte_per_s; // of all hosts together; 0: not measured
    size_t nbytes;      // of arrays on a host
    const char *how;    // "copy" or "triad": the faster of the two
    double gflop_per_s; // products and sums of floats, in vectors and not fused
} bandwidth;

// Collective. The caches are the last ones of this host, all together; nranks_here share them.
ppx_status bandwidth_measure(bandwidth *b, const world *all, size_t cache_nbytes, int nranks_here,
                             ppx_error *error);

#endif
