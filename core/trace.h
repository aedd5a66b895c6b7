// trace.h: how runners note what their workers do.
//
// The first worker starts a lap, all that take part note each piece of work when it is done, and
// the first worker ends the lap: whoever was ready before has waited since. One clock reading for
// each note, none without a trace.
#ifndef PPX_TRACE_H
#define PPX_TRACE_H

#include "parpix.h"

typedef struct ppx_lap {
    ppx_trace *trace;
    double from;
} ppx_lap;

static inline ppx_lap ppx_lap_start(ppx_trace *trace) {
    return (ppx_lap){trace, trace ? ppx_seconds() : 0};
}

// The worker did this since its last note, or since the start of the lap.
void ppx_lap_add(const ppx_lap *lap, int worker, ppx_phase phase, ptrdiff_t strip);
static inline void ppx_lap_note(const ppx_lap *lap, int worker, ppx_phase phase, ptrdiff_t strip) {
    if (lap->trace)
        ppx_lap_add(lap, worker, phase, strip);
}

// Outside of the parallel region: all workers waited from their last note until now.
void ppx_lap_end(const ppx_lap *lap);

#endif
