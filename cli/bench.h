// bench.h: what the files of `parpix bench` share.
#ifndef PARPIX_BENCH_H
#define PARPIX_BENCH_H

#include "command.h"
#include "statistics.h"

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
    const char *json, *csv;
} bench_request;

// One chain's samples: seconds of the slowest rank.
typedef struct bench_result {
    const char *spec;
    char *text; // with defaults
    double samples[BENCH_MOST_SAMPLES];
    size_t n;
    statistic seconds;
    double nbytes; // of one read and one write
    uint64_t checksum;
    bool verified; // equal to the serial run's
} bench_result;

typedef struct bench_record {
    ppx_shape shape;
    int nranks;
    int64_t threads;       // delivered, in each rank
    bench_result *results; // the first is `copy`, the floor
    int nresults;
} bench_record;

// What the kernel's time is to the time of `copy`, had it moved the same bytes: 1 is memory's
// speed.
double bench_of_copy(const bench_record *record, const bench_result *result);

void bench_print(const bench_record *record);
ppx_status bench_write_json(const bench_record *record, const bench_request *r, ppx_error *error);
ppx_status bench_write_csv(const bench_record *record, const bench_request *r, ppx_error *error);

#endif
