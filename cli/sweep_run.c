// sweep_run.c: runs the cells that are not done, and judges what each has said.
//
// A cell is done when a record of what was asked for came out; its results may still be wrong, that
// is said in the record. Otherwise it has failed, the launcher's words are kept, and the sweep goes
// on.
#define _GNU_SOURCE // vasprintf
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"
#include "sweep.h"

enum { MOST_WORDS = 4000 }; // bytes kept of what a launcher that failed has said

// ---- A cell -------------------------------------------------------------------------------------

// The record among what was printed: from the first line that begins an object.
static json_t *find_record(const char *text) {
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (*line == '{')
            return json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
    }
    return NULL;
}

__attribute__((format(printf, 2, 3))) static void fail_cell(sweep_cell *cell, const char *format,
                                                            ...) {
    va_list arguments;
    va_start(arguments, format);
    cell->state = SWEEP_FAILED;
    free(cell->error);
    if (vasprintf(&cell->error, format, arguments) < 0)
        cell->error = NULL;
    va_end(arguments);
}

// Without blank lines around, and not endless.
static void trim(char *words) {
    size_t n = strlen(words), from = strspn(words, " \n");
    while (n > from && strchr(" \n", words[n - 1]))
        n--;
    n = n - from > MOST_WORDS ? MOST_WORDS : n - from;
    memmove(words, words + from, n);
    words[n] = '\0';
}

// How crowded hosts that only the launcher knew really were; false: the record does not tell.
static bool find_crowd(const json_t *record, int nthreads, bool *crowded) {
    json_t *context = json_object_get(record, "context"), *nranks;
    json_int_t ncpus = json_integer_value(json_object_get(context, "cpus"));
    json_t *hosts = json_object_get(context, "ranks_per_node");
    const char *host;
    *crowded = false;
    json_object_foreach(hosts, host, nranks) *crowded =
        *crowded || json_integer_value(nranks) * nthreads > ncpus;
    return ncpus > 0 && json_object_size(hosts) > 0;
}

// Done, or failed with the reason.
static void judge(const sweep *s, sweep_cell *cell, const spawn_talk *talk) {
    json_t *record = find_record(talk->out);
    const char *schema = json_string_value(json_object_get(record, "schema"));
    json_int_t ranks = json_integer_value(json_object_get(record, "ranks"));
    json_int_t threads = json_integer_value(json_object_get(record, "threads"));
    if (talk->code > EXIT_DIFFERENT || !schema || strcmp(schema, "parpix.bench/1") != 0) {
        trim(talk->err);
        trim(talk->out);
        fail_cell(cell, "%s\n(exit code %d)",
                  *talk->err   ? talk->err
                  : *talk->out ? talk->out
                               : "it said nothing",
                  talk->code);
    } else if (ranks != cell->ranks) {
        fail_cell(cell,
                  "it started %d rank%s instead of %d: is the launcher that of this MPI (%s)?",
                  (int)ranks, ranks == 1 ? "" : "s", cell->ranks,
                  json_string_value(json_object_get(record, "mpi")));
    } else if (threads != cell->threads) {
        fail_cell(cell, "%d thread%s came instead of %d: is OMP_THREAD_LIMIT set?", (int)threads,
                  threads == 1 ? "" : "s", cell->threads);
    } else {
        bool crowded;
        if (s->asked->launcher && find_crowd(record, cell->threads, &crowded))
            cell->oversubscribed = crowded;
        cell->state = SWEEP_DONE;
        cell->bench = json_incref(record);
        free(cell->error);
        cell->error = NULL;
    }
    json_decref(record);
}

// Warnings of `bench`, each once; that workers share CPUs was said before.
static void pass_warnings(const sweep_cell *cell, const char *name, const char *text, char **said) {
    static const char mark[] = "parpix: warning: ";
    for (const char *line = text; *line && !cell->oversubscribed;) {
        size_t n = strcspn(line, "\n");
        char *copy = strncmp(line, mark, strlen(mark)) == 0 ? strndup(line, n) : NULL;
        if (copy && (!*said || !strstr(*said, copy))) {
            char *more = NULL;
            (void)fprintf(stderr, "%s%s: %s\n", mark, name, copy + strlen(mark));
            if (asprintf(&more, "%s%s\n", *said ? *said : "", copy) >= 0) {
                free(*said);
                *said = more;
            }
        }
        free(copy);
        line += n + (line[n] == '\n');
    }
}

static ppx_status run_cell(sweep *s, sweep_cell *cell, sweep_talk *talk, char **said,
                           ppx_error *error) {
    char name[80];
    argument_list list = {.n = 0};
    spawn_talk heard = {.code = 0};
    sweep_name(s, cell, name);
    ppx_status status = sweep_command(s, cell, false, &list, error);
    sweep_talk_begin(talk, name);
    double start = seconds_now();
    if (!status)
        status =
            spawn_captured((const char *const *)list.words, sweep_talk_tick, talk, &heard, error);
    cell->seconds = seconds_now() - start;
    if (!status && !sweep_talk_stopped())
        judge(s, cell, &heard);
    sweep_talk_end(talk, cell);
    if (!status)
        pass_warnings(cell, name, heard.err, said);
    spawn_talk_free(&heard);
    argument_free(&list);
    return status;
}

// ---- All ----------------------------------------------------------------------------------------

ppx_status sweep_run(sweep *s, ppx_error *error) {
    sweep_talk talk = {.s = s, .terminal = isatty(STDERR_FILENO) == 1};
    char *said = NULL;
    for (size_t k = 0; k < s->ncells; k++) {
        talk.done += s->cells[k].state == SWEEP_DONE;
        talk.left += s->cells[k].state != SWEEP_DONE;
    }
    ppx_status status = sweep_write(s, error);
    for (size_t k = 0; !status && k < s->ncells && !sweep_talk_stopped(); k++) {
        sweep_cell *cell = &s->cells[s->order[k]];
        if (cell->state == SWEEP_DONE)
            continue;
        status = run_cell(s, cell, &talk, &said, error);
        if (!status)
            status = sweep_write(s, error);
    }
    free(said);
    return status;
}

ppx_status sweep_make_pictures(sweep *s, const world *all, ppx_error *error) {
    const sweep_cell *most = &s->cells[0];
    for (size_t k = 1; k < s->ncells; k++)
        if (s->cells[k].state == SWEEP_DONE && sweep_workers(&s->cells[k]) > sweep_workers(most))
            most = &s->cells[k];
    if (most->state != SWEEP_DONE || json_array_size(s->pictures))
        return PPX_OK;
    argument_list list = {.n = 0};
    spawn_talk heard = {.code = 0};
    sweep_talk talk = {.s = s, .terminal = isatty(STDERR_FILENO) == 1, .done = s->ncells};
    ppx_status status = sweep_command(s, most, true, &list, error);
    sweep_talk_begin(&talk, "pictures");
    if (!status)
        status =
            spawn_captured((const char *const *)list.words, sweep_talk_tick, &talk, &heard, error);
    sweep_talk_clear(&talk);
    json_t *record = status ? NULL : find_record(heard.out);
    json_t *pictures = json_object_get(record, "pictures"), *picture;
    char name[80];
    size_t k;
    (void)snprintf(name, sizeof name, "%d rank%s x %d thread%s", most->ranks,
                   most->ranks > 1 ? "s" : "", most->threads, most->threads > 1 ? "s" : "");
    json_array_foreach(pictures, k, picture) {
        (void)json_object_set_new(picture, "parallel", json_string(name));
        (void)json_array_append(s->pictures, picture);
    }
    if (!status && !json_array_size(pictures) && !sweep_talk_stopped()) {
        trim(heard.err);
        warn(all, "no pictures; their run ended with code %d: %.*s", heard.code,
             (int)strcspn(heard.err, "\n"), heard.err);
    }
    json_decref(record);
    spawn_talk_free(&heard);
    argument_free(&list);
    return status ? status : sweep_write(s, error);
}
