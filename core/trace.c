// trace.c: slices of time, by worker.
#define _POSIX_C_SOURCE 200809L
#include "trace.h"

#include <limits.h>
#include <time.h>

#include "kernel.h"
#include "memory.h"

// A worker's own, so that no two write to one cache line.
typedef struct recorder {
    _Alignas(64) double seconds[PPX_NPHASES];
    double last; // where its last slice ended
    ppx_pool slices;
    size_t n, lost;
} recorder;

struct ppx_trace {
    int nworkers;
    size_t most; // slices of a worker
    recorder *workers;
};

double ppx_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const char *ppx_phase_name(ppx_phase phase) {
    static const char *const names[PPX_NPHASES] = {"compute", "exchange", "wait",
                                                   "reduce",  "decode",   "encode"};
    return names[phase];
}

ppx_status ppx_trace_create(ppx_trace **created, int nworkers, size_t most_slices,
                            ppx_error *error) {
    *created = NULL;
    ppx_trace *trace = NULL;
    ppx_status status = ppx_alloc_array((void **)&trace, 1, sizeof *trace, "a trace", error);
    if (!status)
        status = ppx_alloc_array((void **)&trace->workers, (size_t)nworkers, sizeof *trace->workers,
                                 "a trace", error);
    if (status) {
        ppx_free(trace);
        return status;
    }
    trace->nworkers = nworkers;
    trace->most = most_slices;
    *created = trace;
    return PPX_OK;
}

void ppx_trace_free(ppx_trace *trace) {
    for (int w = 0; trace && w < trace->nworkers; w++)
        ppx_pool_free(&trace->workers[w].slices);
    if (trace)
        ppx_free(trace->workers);
    ppx_free(trace);
}

void ppx_trace_clear(ppx_trace *trace) {
    for (int w = 0; w < trace->nworkers; w++) {
        ppx_pool kept = trace->workers[w].slices;
        trace->workers[w] = (recorder){.slices = kept};
    }
}

static void add(ppx_trace *trace, int worker, ppx_phase phase, double from, double to,
                ptrdiff_t strip) {
    recorder *r = &trace->workers[worker];
    r->seconds[phase] += to - from;
    r->last = to;
    if (r->n == trace->most || ppx_pool_reserve(&r->slices, (r->n + 1) * sizeof(ppx_slice), NULL)) {
        r->lost++; // a run does not fail because it is watched
        return;
    }
    ppx_slice *slices = r->slices.data;
    slices[r->n++] = (ppx_slice){
        .from = from, .to = to, .strip = strip > INT_MAX ? -1 : (int)strip, .phase = phase};
}

void ppx_trace_note(ppx_trace *trace, int worker, ppx_phase phase, double from, ptrdiff_t strip) {
    if (trace && worker < trace->nworkers)
        add(trace, worker, phase, from, ppx_seconds(), strip);
}

void ppx_lap_add(const ppx_lap *lap, int worker, ppx_phase phase, ptrdiff_t strip) {
    if (worker >= lap->trace->nworkers)
        return;
    const double last = lap->trace->workers[worker].last;
    ppx_trace_note(lap->trace, worker, phase, last > lap->from ? last : lap->from, strip);
}

void ppx_lap_end(const ppx_lap *lap) {
    if (!lap->trace)
        return;
    const double now = ppx_seconds();
    for (int w = 0; w < lap->trace->nworkers; w++) {
        const double last = lap->trace->workers[w].last;
        add(lap->trace, w, PPX_PHASE_WAIT, last > lap->from ? last : lap->from, now, -1);
    }
}

int ppx_trace_nworkers(const ppx_trace *trace) {
    return trace->nworkers;
}

const ppx_slice *ppx_trace_slices(const ppx_trace *trace, int worker, size_t *nslices) {
    *nslices = trace->workers[worker].n;
    return trace->workers[worker].slices.data;
}

double ppx_trace_seconds(const ppx_trace *trace, int worker, ppx_phase phase) {
    return trace->workers[worker].seconds[phase];
}

size_t ppx_trace_lost(const ppx_trace *trace, int worker) {
    return trace->workers[worker].lost;
}
