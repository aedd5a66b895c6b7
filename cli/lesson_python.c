// lesson_python.c: the lesson on Python's interpreter lock. It is taught by scripts/lessons/gil.py,
// which calls the C functions of core/lesson_work.c in libparpix.so; its table comes back in a
// file.
#define _GNU_SOURCE // mkstemp, getline
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"
#include "lessons.h"
#include "spawn.h"

enum { CODE_SKIPPED = 3 }; // of the script: it lacks something, and its last line says what

// Beside build/parpix, beside one built elsewhere below the sources, beside an installed one.
static bool find_script(char *path, size_t room) {
    static const char *const places[] = {"../scripts/lessons/gil.py",
                                         "../../scripts/lessons/gil.py",
                                         "../share/parpix/lessons/gil.py"};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
        if (launch_beside(path, room, places[k]))
            return true;
    return false;
}

static bool find_library(char *path, size_t room) {
    return launch_beside(path, room, "libparpix.so") ||
           launch_beside(path, room, "../lib/libparpix.so");
}

// Runs it; the code is its own, and `said` the last line that it printed.
static ppx_status run_script(const char *script, const char *library, const lesson_request *r,
                             const char *file, char *said, size_t room, int *code,
                             ppx_error *error) {
    char threads[16], repeat[16], size[48];
    (void)snprintf(threads, sizeof threads, "%d", r->nthreads);
    (void)snprintf(repeat, sizeof repeat, "%d", r->repeat);
    (void)snprintf(size, sizeof size, "%tdx%td", r->width, r->height);
    const char *const argv[] = {"python3", script,   "--library", library,    "--threads",
                                threads,   "--size", size,        "--repeat", repeat,
                                "--json",  file,     NULL};
    FILE *lines;
    pid_t pid;
    ppx_status status = spawn_program(argv, "install python3", &lines, &pid, error);
    if (status)
        return status;
    char *line = NULL;
    size_t space = 0;
    while (getline(&line, &space, lines) >= 0)
        (void)snprintf(said, room, "%.*s", (int)strcspn(line, "\n"), line);
    free(line);
    *code = spawn_wait(lines, pid);
    return PPX_OK;
}

static ppx_status skip(const char *reason) {
    printf("skipped: %s\n\n", reason);
    return PPX_OK;
}

ppx_status lesson_start_python(const ppx_lesson *lesson, const lesson_request *r, json_t **part,
                               ppx_error *error) {
    char script[PATH_MAX], library[PATH_MAX], said[300] = "", file[] = "/tmp/parpix-lesson-XXXXXX";
    int code = 0;
    if (!find_script(script, sizeof script))
        return skip("there is no scripts/lessons/gil.py near this program");
    if (!find_library(library, sizeof library))
        return skip("there is no libparpix.so beside this program; `make` builds it");
    int descriptor = mkstemp(file);
    if (descriptor < 0)
        return ppx_fail(error, PPX_E_SYSTEM, "/tmp: no file for a table");
    (void)close(descriptor);
    ppx_error missing = {0};
    ppx_status status = PPX_OK;
    if (run_script(script, library, r, file, said, sizeof said, &code, &missing))
        status = skip(missing.text);
    else if (code == CODE_SKIPPED)
        status = skip(said);
    else if (code || !(*part = json_load_file(file, 0, NULL)))
        status = ppx_fail(error, PPX_E_SYSTEM, "lesson %s: %s ended with code %d", lesson->name,
                          script, code);
    (void)unlink(file);
    return status;
}

const ppx_lesson ppx_lesson_python = {
    .name = "python",
    .says =
        "Pixels are counted and a filter is applied by Python, whose threads hold one lock while "
        "they interpret. Threads do not make it faster. C called from Python is faster by far, "
        "and its threads run at the same time only where the call gives the lock back.",
    .lines = "scripts/lessons/gil.py: in_threads, open_library",
    .least_pixels = 256 * 256,
};
