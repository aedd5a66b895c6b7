// lesson_ranks.c: starts ranks for the part of a lesson that needs them. What they found comes back
// in a file; what they print goes through.
#define _GNU_SOURCE // mkstemp, getline
#include <stdlib.h>
#include <unistd.h>

#include "lessons.h"
#include "spawn.h"

// *started tells whether there were ranks at all; if not, it is said why.
static ppx_status run_ranks(const ppx_lesson *lesson, const lesson_request *r, const char *file,
                            bool *started, ppx_error *error) {
    char threads[16], repeat[16], size[48];
    (void)snprintf(threads, sizeof threads, "%d", r->nthreads);
    (void)snprintf(repeat, sizeof repeat, "%d", r->repeat);
    (void)snprintf(size, sizeof size, "%tdx%td", r->width, r->height);
    const char *const arguments[] = {"lesson",
                                     lesson->name,
                                     "-t",
                                     threads,
                                     "--repeat",
                                     repeat,
                                     "--size",
                                     size,
                                     "--within",
                                     file,
                                     r->correct_only ? "--correct" : NULL,
                                     NULL};
    FILE *lines;
    pid_t pid;
    ppx_error missing;
    *started =
        !spawn_ranks(r->nthreads, arguments, "take a lesson without ranks", &lines, &pid, &missing);
    if (!*started) {
        printf("skipped on ranks: %s\n\n", missing.text);
        return PPX_OK;
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, lines) >= 0)
        (void)fputs(line, stdout);
    free(line);
    int code = spawn_wait(lines, pid);
    return code ? ppx_fail(error, PPX_E_SYSTEM, "lesson %s: its ranks ended with code %d",
                           lesson->name, code)
                : PPX_OK;
}

ppx_status lesson_start_ranks(const ppx_lesson *lesson, const lesson_request *r, json_t **part,
                              ppx_error *error) {
    char file[] = "/tmp/parpix-lesson-XXXXXX";
    int descriptor = mkstemp(file);
    if (descriptor < 0)
        return ppx_fail(error, PPX_E_SYSTEM, "/tmp: no file for the ranks' table");
    (void)close(descriptor);
    bool started;
    ppx_status status = run_ranks(lesson, r, file, &started, error);
    if (!status && started && !(*part = json_load_file(file, 0, NULL)))
        status = ppx_fail(error, PPX_E_SYSTEM, "lesson %s: its ranks left no table", lesson->name);
    (void)unlink(file);
    return status;
}
