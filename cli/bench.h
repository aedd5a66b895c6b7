// bench.h: what the files of `parpix bench` share.
#ifndef PARPIX_BENCH_H
#define PARPIX_BENCH_H

#include <jansson.h>

#include "command.h"
#include "context.h"
#include "file_times.h"
#include "statistics.h"
#include "timeline.h"

enum { BENCH_MOST_SPECS = 32, BENCH_MOST_SAMPLES = 2000 };

typedef struct bench_request {
    const char *specs[BENCH_MOST_SPECS];
    int nspecs;
    const char *input; // a file; NULL: made
    ptrdiff_t width, height;
    ppx_type type;
    int channels, threads;
    bool dealing; // --distribute dynamic
    int64_t warmup;
    double min_time, max_time; // seconds of samples for each chain
    const char *json, *csv, *trace;
    bool serial;   // the serial runner
    bool pictures; // in the JSON
    bool files;    // how long reading and writing them takes, too
} bench_request;

// What options with these values do; `what` is the option's name, for the message.
ppx_status bench_class(bench_request *r, const char *text, ppx_error *error);
ppx_status bench_type(bench_request *r, const char *text, ppx_error *error);
ppx_status bench_seconds(const char *what, double *seconds, ppx_error *error); // of optarg

// The whole command line. -1: go on, else the command ends with that code.
int bench_take(bench_request *r, const world *all, int argc, char **argv);

// One chain's samples: seconds of the slowest rank.
typedef struct bench_result {
    const char *spec;
    char *text; // with defaults
    double samples[BENCH_MOST_SAMPLES];
    size_t n;
    statistic seconds;
    double nbytes;  // that its steps must read and write (ppx_run_times)
    timeline where; // of a run whose time is near to the median
    uint64_t checksum;
    bool verified;    // equal to the serial run's
    file_times files; // with --files: of the result
} bench_result;

typedef struct bench_record {
    ppx_shape shape;
    int nranks;
    int64_t threads;       // delivered, in each rank
    double decode;         // seconds of reading the input, 0: it was made, and no --files
    bench_result *results; // the first is `copy`, the floor
    int nresults;
    json_t *pictures; // an array, with --pictures
    run_context context;
} bench_record;

// What the kernel's time is to the time of `copy`, had it moved the same bytes: 1 is memory's
// speed.
double bench_of_copy(const bench_record *record, const bench_result *result);
// Its bytes each second, as a part of what memory was measured to give all workers.
double bench_of_memory(const bench_record *record, const bench_result *result);

void bench_print(const bench_record *record);
ppx_status bench_write_json(const bench_record *record, const bench_request *r, const world *all,
                            ppx_error *error);
ppx_status bench_write_trace(const bench_record *record, const bench_request *r, const world *all,
                             ppx_error *error);
ppx_status bench_write_csv(const bench_record *record, const bench_request *r, ppx_error *error);

#endif
