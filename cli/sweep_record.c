// sweep_record.c: the file of a sweep, schema parpix.sweep/1.
//
// It is written whole after every cell, under its name by rename: a sweep that is killed leaves
// what it had. `asked` holds what decides about the cells; a file goes on only with the same. Time
// lines, by far the largest part of a record, are dropped from the cells of fewest workers where
// the file would exceed a megabyte.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "findings.h"
#include "sweep.h"

enum { MOST_NBYTES = 950000 };

static const char *const state_names[] = {"missing", "failed", "done"};

// ---- What was asked for -------------------------------------------------------------------------

// JSON holds UTF-8 alone; paths and launchers may say anything.
static json_t *text_json(const char *text) {
    json_t *json = text ? json_string(text) : json_null();
    char *copy = json ? NULL : strdup(text);
    for (char *byte = copy; byte && *byte; byte++)
        if ((unsigned char)*byte >= 0x80)
            *byte = '?';
    if (copy)
        json = json_string(copy);
    free(copy);
    return json;
}

static json_t *numbers(const int *values, size_t n) {
    json_t *array = json_array();
    for (size_t k = 0; k < n; k++)
        (void)json_array_append_new(array, json_integer(values[k]));
    return array;
}

static json_t *specs_json(const sweep_request *r) {
    json_t *specs = json_array();
    for (int k = 0; k < r->what.nspecs; k++)
        (void)json_array_append_new(specs, text_json(r->what.specs[k]));
    return specs;
}

static json_t *asked_json(const sweep_request *r) {
    const bench_request *what = &r->what;
    json_t *schedules = json_array();
    for (size_t k = 0; k < r->nschedules; k++)
        (void)json_array_append_new(schedules, text_json(r->schedules[k]));
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:I, s:I, s:s, s:i, s:I, s:f, s:f}",
                     "specs", specs_json(r), "threads", numbers(r->threads, r->nthreads), "ranks",
                     numbers(r->ranks, r->nranks), "schedules", schedules, "weak", r->weak,
                     "launcher", text_json(r->launcher), "input", text_json(what->input), "width",
                     (json_int_t)what->width, "height", (json_int_t)what->height, "type",
                     ppx_type_name(what->type), "channels", what->channels, "warmup",
                     (json_int_t)what->warmup, "min_time", what->min_time, "max_time",
                     what->max_time);
}

// ---- Writing ------------------------------------------------------------------------------------

static json_t *cell_json(const sweep_cell *cell) {
    return json_pack("{s:b, s:i, s:i, s:o, s:i, s:I, s:o, s:s, s:o, s:f, s:b, s:O?}", "asked",
                     cell->asked, "ranks", cell->ranks, "threads", cell->threads, "schedule",
                     text_json(cell->schedule), "workers", sweep_workers(cell), "height",
                     (json_int_t)cell->height, "command", text_json(cell->command), "state",
                     state_names[cell->state], "error", text_json(cell->error), "seconds",
                     cell->seconds, "oversubscribed", cell->oversubscribed, "bench", cell->bench);
}

static json_t *sweep_json(const sweep *s) {
    const sweep_request *r = s->asked;
    char date[40], host[64] = "";
    time_t now = time(NULL);
    struct tm utc;
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    (void)gethostname(host, sizeof host - 1);
    json_t *baseline = cell_json(&s->cells[0]);
    (void)json_object_set_new(baseline, "kind", json_string("serial"));
    json_t *cells = json_array();
    for (size_t k = 1; k < s->ncells; k++)
        (void)json_array_append_new(cells, cell_json(&s->cells[k]));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:I, s:I, s:o, s:o, s:o, s:O}", "schema",
                     "parpix.sweep/1", "parpix", PPX_VERSION, "date", date, "host", host, "command",
                     text_json(r->typed), "weak", r->weak, "specs", specs_json(r), "width",
                     (json_int_t)r->what.width, "height", (json_int_t)r->what.height, "asked",
                     asked_json(r), "baseline", baseline, "cells", cells, "pictures", s->pictures);
}

// The time line of the cell of fewest workers that has one; false: none has.
static bool drop_time_line(const sweep *s) {
    const sweep_cell *least = NULL;
    for (size_t k = 0; k < s->ncells; k++) {
        const sweep_cell *cell = &s->cells[k];
        bool has = false;
        for (size_t n = 0; n < json_array_size(json_object_get(cell->bench, "results")); n++)
            has = has || json_object_get(json_array_get(json_object_get(cell->bench, "results"), n),
                                         "timeline");
        if (has && (!least || sweep_workers(cell) < sweep_workers(least)))
            least = cell;
    }
    json_t *results = least ? json_object_get(least->bench, "results") : NULL;
    for (size_t n = 0; n < json_array_size(results); n++)
        (void)json_object_del(json_array_get(results, n), "timeline");
    return least != NULL;
}

ppx_status sweep_write(const sweep *s, ppx_error *error) {
    char *text = NULL;
    do {
        free(text);
        json_t *json = sweep_json(s);
        text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
        json_decref(json);
    } while (text && strlen(text) > MOST_NBYTES && drop_time_line(s));
    if (!text)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    size_t n = strlen(text);
    text[n] = '\n';
    ppx_status status = ppx_text_write(text, n + 1, s->asked->what.json, error);
    free(text);
    return status;
}

// ---- Going on -----------------------------------------------------------------------------------

static char *text_of(const json_t *value) {
    char number[40];
    (void)snprintf(number, sizeof number, "%.10g", json_number_value(value));
    return !value                  ? strdup("none")
           : json_is_number(value) ? strdup(number)
                                   : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

// The first thing that is not as it was there. As text: numbers were rounded when written.
static ppx_status compare(const sweep *s, const json_t *there, ppx_error *error) {
    json_t *here = asked_json(s->asked), *value;
    const char *key;
    ppx_status status = here ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    json_object_foreach(here, key, value) {
        char *was = text_of(json_object_get(there, key)), *is = text_of(value);
        if (!status && (!was || !is))
            status = ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
        else if (!status && strcmp(was, is) != 0)
            status = ppx_fail(error, PPX_E_USAGE,
                              "%.120s is of a sweep with other arguments: %s %.100s there, %.100s "
                              "here; give the same, or another --json",
                              s->asked->what.json, key, was, is);
        free(was);
        free(is);
    }
    json_decref(here);
    return status;
}

// A cell that is done there is done here; one that failed is run again.
static bool take_cell(sweep_cell *cell, json_t *there) {
    const char *state = json_string_value(json_object_get(there, "state"));
    json_t *bench = json_object_get(there, "bench");
    const char *schema = json_string_value(json_object_get(bench, "schema"));
    const char *line = json_string_value(json_object_get(there, "command"));
    if (!state || !line)
        return false;
    if (strcmp(state, "done") != 0)
        return true;
    if (!schema || strcmp(schema, "parpix.bench/1") != 0)
        return false;
    char *copy = strdup(line);
    if (!copy)
        return false;
    free(cell->command);
    cell->command = copy; // what was run, then and there
    cell->state = SWEEP_DONE;
    cell->seconds = json_number_value(json_object_get(there, "seconds"));
    cell->oversubscribed = json_is_true(json_object_get(there, "oversubscribed"));
    cell->bench = json_incref(bench);
    return true;
}

static ppx_status take_cells(sweep *s, const json_t *there, ppx_error *error) {
    json_t *cells = json_object_get(there, "cells"), *pictures = json_object_get(there, "pictures");
    bool whole = json_array_size(cells) == s->ncells - 1 &&
                 take_cell(&s->cells[0], json_object_get(there, "baseline"));
    for (size_t k = 1; whole && k < s->ncells; k++) {
        json_t *one = json_array_get(cells, k - 1);
        const char *schedule = json_string_value(json_object_get(one, "schedule"));
        sweep_cell *cell = &s->cells[k];
        whole = json_integer_value(json_object_get(one, "ranks")) == cell->ranks &&
                json_integer_value(json_object_get(one, "threads")) == cell->threads && schedule &&
                strcmp(schedule, cell->schedule) == 0 && take_cell(cell, one);
    }
    if (!whole)
        return ppx_fail(error, PPX_E_INPUT,
                        "%.300s: its cells are damaged; begin anew without "
                        "--resume",
                        s->asked->what.json);
    if (json_array_size(pictures)) {
        json_decref(s->pictures);
        s->pictures = json_incref(pictures);
    }
    return PPX_OK;
}

// Another machine or version is no error: the nodes of a job differ each time. But it is said.
static void tell_changes(const sweep *s, const world *all, const json_t *there) {
    char host[64] = "";
    (void)gethostname(host, sizeof host - 1);
    const char *was = json_string_value(json_object_get(there, "host"));
    const char *version = json_string_value(json_object_get(there, "parpix"));
    if (was && strcmp(was, host) != 0)
        warn(all, "%.120s was begun on %.60s and goes on on %s: figures of two machines",
             s->asked->what.json, was, host);
    if (version && strcmp(version, PPX_VERSION) != 0)
        warn(all, "%.120s was begun with parpix %.20s and goes on with " PPX_VERSION,
             s->asked->what.json, version);
}

ppx_status sweep_resume(sweep *s, const world *all, ppx_error *error) {
    const char *path = s->asked->what.json;
    if (access(path, F_OK) != 0)
        return ppx_fail(error, PPX_E_INPUT,
                        "%.300s: there is no sweep to go on with; begin it without --resume", path);
    json_error_t reason;
    json_t *there = json_load_file(path, 0, &reason);
    if (!there)
        return ppx_fail(error, PPX_E_INPUT, "%.200s cannot be read: %.160s", path, reason.text);
    const char *schema = json_string_value(json_object_get(there, "schema"));
    ppx_status status = PPX_OK;
    if (!schema || strcmp(schema, "parpix.sweep/1") != 0)
        status = ppx_fail(error, PPX_E_INPUT,
                          "%.200s is no file of a sweep: its schema is \"%.60s\" and not "
                          "\"parpix.sweep/1\"",
                          path, schema ? schema : "none");
    if (!status)
        status = compare(s, json_object_get(there, "asked"), error);
    if (!status)
        status = take_cells(s, there, error);
    if (!status)
        tell_changes(s, all, there);
    json_decref(there);
    return status;
}
