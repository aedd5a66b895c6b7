// report.h: what the files of `parpix report` share: records as read, what follows from them, and
// the sections of the page.
//
// Strings and JSON values belong to the JSON that was read; report_close frees all. Whatever comes
// from a file is text of strangers: it reaches a page through put_text and put_json alone.
#ifndef PARPIX_REPORT_H
#define PARPIX_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "command.h"
#include "scaling.h"

// One chain in one configuration.
typedef struct report_point {
    int ranks, threads, workers; // workers = ranks x threads
    const char *schedule;        // "" where the record does not say
    const char *command;         // that starts it; "" where nothing says
    bool verified, oversubscribed;
    double pixels;
    statistic seconds; // of no meaning unless verified
    const json_t *result, *bench;
    bool is_scaled;        // there is a base, so these three hold
    scaling_ratio speedup; // in pixels a second, so that weak scaling has one, too
    scaling_ratio efficiency;
    scaling_ratio of_one, of_rank; // against one worker, and one rank of as many threads; 0: none
} report_point;

// One chain on one image (strong scaling) or on images that grow (weak).
typedef struct report_chain {
    const char *name;
    char image[80]; // "4096 x 4096, 1 channel of u8"
    bool weak;
    const json_t *sweep; // where it comes from, if that is a sweep
    report_point base;   // the serial run
    bool has_base, base_is_serial;
    report_point *points;
    size_t npoints;
    // Of what was verified: the fastest (in weak scaling: most pixels a second) of those that had a
    // CPU for each worker, or else of all; NULL: none.
    const report_point *best;
    // For laws and lines: the fastest for each number of workers that had a CPU each, ascending.
    scaling_point *line;
    const report_point **line_points;
    size_t nline;
    scaling_part amdahl, gustafson;
    scaling_usl usl;
    scaling_trend trend;
    double decode, encode; // seconds of its files on one thread, if a record has both; else 0
} report_chain;

// A cell of a sweep without a result.
typedef struct report_failure {
    int ranks, threads;
    const char *schedule, *state, *error, *command;
} report_failure;

typedef struct report_file {
    const char *path;
    json_t *json;
} report_file;

typedef struct report {
    report_file *files;
    size_t nfiles;
    report_chain *chains;
    size_t nchains;
    report_failure *failures;
    size_t nfailures;
    const json_t **benches; // every record, the serial ones of sweeps included
    size_t nbenches;
    size_t ndone, nwrong; // results, and those that were not verified
    size_t nmachines;
    bool is_terse;                      // no room for the phases of all points, but of the fastest
    size_t picture_room, timeline_room; // characters that the page has for these
} report;

// ---- report_read.c, report_scale.c ----

// Reads sweeps, or records of bench; free with report_close whatever the status.
ppx_status report_open(report *r, char *const *paths, size_t npaths, ppx_error *error);
void report_close(report *r);
// Speed-ups, fits, the best.
ppx_status report_scale(report *r, ppx_error *error);

// Numbers of JSON, whole or not; `otherwise` where there is none.
double json_figure(const json_t *object, const char *key, double otherwise);
// A count from 0 on, whatever is written there; 0 where there is none.
int json_count(const json_t *object, const char *key);
const char *json_words(const json_t *object, const char *key, const char *otherwise);

// ---- report_verdict.c ----

// Why it is not faster, in a sentence or two.
typedef enum report_reason {
    REASON_NONE, // it still gains
    REASON_UNKNOWN,
    REASON_FEW_CORES,
    REASON_SERIAL,
    REASON_BANDWIDTH,
    REASON_IMBALANCE,
    REASON_EXCHANGE,
    REASON_CODEC,
    REASON_OVERHEAD
} report_reason;
report_reason report_why(const report_chain *chain, char *text, size_t room);
// "2 ranks x 4 threads, dynamic"
void report_way(const report_point *point, char *text, size_t room);
void report_seconds(double seconds, char text[32]);
// The command line of a point, its own or one that does the same; free it. NULL: no memory.
char *report_command(const report_chain *chain, const report_point *point);
const char *report_trend_means(scaling_trend trend);

// ---- report_phases.c ----

enum { REPORT_NPHASES = 7 };
extern const char *const report_phases[REPORT_NPHASES]; // "compute", "exchange", ...
// Seconds by phase over all workers; false where the record has none.
bool report_phase_sums(const report_point *point, double seconds[REPORT_NPHASES]);

// ---- report_baseline.c ----

typedef enum report_change {
    CHANGE_NONE,
    CHANGE_FASTER,
    CHANGE_SLOWER,
    CHANGE_TOO_FEW,
    CHANGE_WRONG
} report_change;
typedef struct report_pair {
    const report_chain *chain;
    const report_point *now, *then;
    scaling_ratio ratio; // of times: above 1 is slower
    report_change change;
} report_pair;
typedef struct report_comparison {
    const char *path; // of the old record
    double limit;     // 0.05: more than 5 % slower fails; negative: nothing fails
    report_pair *pairs;
    size_t npairs, nslower, nunmatched;
} report_comparison;
ppx_status report_compare(report_comparison *c, const report *now, const report *then,
                          ppx_error *error);
const char *report_change_text(report_change change);
void report_print_changes(const report_comparison *c);

// ---- html.c: writing ----

void put_text(FILE *out, const char *text); // escaped, for elements, attributes and SVG
// The chain and its image, as a heading has it.
void put_chain_name(FILE *out, const report_chain *chain);
// The same as a row of its own above the rows of a chain.
void put_chain_row(FILE *out, const report_chain *chain, size_t ncolumns);
// Escaped so that it can close no element that it stands in.
ppx_status put_json(FILE *out, const json_t *json, ppx_error *error);
size_t size_of_json(const json_t *json);
// At most that many bytes, whole characters, with an ellipsis where something is missing.
void short_name(char *to, size_t most, const char *from);
// For terminals: what would move the cursor becomes a blank.
void plain_words(char *to, size_t room, const char *from);

// ---- Sections of the page ----

void section_verdict(FILE *out, const report *r);
void section_changes(FILE *out, const report_comparison *c); // report_baseline.c
void section_speed(FILE *out, const report *r);              // report_speed.c
void section_laws(FILE *out, const report *r);               // report_laws.c
void section_weak(FILE *out, const report *r);
void section_phases(FILE *out, const report *r); // report_phases.c
void section_pop(FILE *out, const report *r);
void section_heat(FILE *out, const report *r);     // report_heat.c
void section_timeline(FILE *out, const report *r); // report_timeline.c
void section_roofline(FILE *out, const report *r); // report_roofline.c
void section_pictures(FILE *out, const report *r); // report_pictures.c
void section_numbers(FILE *out, const report *r);  // report_tables.c
void section_context(FILE *out, const report *r);
ppx_status section_raw(FILE *out, const report *r, size_t room, ppx_error *error);

ppx_status report_write_page(report *r, const report_comparison *c, const char *path,
                             ppx_error *error);
void report_print(const report *r);

#endif
