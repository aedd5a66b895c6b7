// findings.h: what kernels found besides pixels, as JSON and as CSV.
#ifndef PARPIX_FINDINGS_H
#define PARPIX_FINDINGS_H

#include <jansson.h>

#include "../core/parpix.h"

// {"otsu": {"threshold": 93}, "label": {"count": 7, "labels": {"label": [..], "area": [..]}}}
// Whole columns are JSON integers. A kernel that occurs twice in a chain is "otsu", then "otsu#2".
typedef struct findings {
    json_t *json;
    bool failed; // no memory
    ppx_sink sink;
} findings;

ppx_status findings_open(findings *f, ppx_error *error);
void findings_close(findings *f);

// A table as an object of columns, NULL when there is no memory.
json_t *table_json(const ppx_table *table);
// The last table of that title as CSV into a file; an error when no kernel had one.
ppx_status findings_write_csv(const findings *f, const char *title, const char *path,
                              ppx_error *error);
// Any JSON into a file ("-" is standard output).
ppx_status json_write(const json_t *json, const char *path, ppx_error *error);

#endif
