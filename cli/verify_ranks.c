// verify_ranks.c: verify starts mpirun by itself, once, with as many ranks as the largest number
// asked for; inside, smaller worlds are cut from it. Starting MPI costs half a second, checks
// milliseconds.
#define _GNU_SOURCE // getline
#include <stdlib.h>
#include <string.h>

#include "spawn.h"
#include "verify.h"

static void list_text(const int *values, size_t n, char *text, size_t room) {
    size_t used = 0;
    for (size_t k = 0; k < n && used < room; k++)
        used += (size_t)snprintf(text + used, room - used, "%s%d", k ? "," : "", values[k]);
}

static int largest(const int *values, size_t n) {
    int most = 0;
    for (size_t k = 0; k < n; k++)
        most = values[k] > most ? values[k] : most;
    return most;
}

static ppx_status start(const verify_plan *plan, FILE **lines, pid_t *pid, ppx_error *error) {
    char threads[256], ranks[256];
    list_text(plan->threads, plan->nthreads, threads, sizeof threads);
    list_text(plan->ranks, plan->nranks, ranks, sizeof ranks);
    const char *fixed[] = {"verify", "--within", "--threads", threads, "--ranks", ranks};
    size_t n = sizeof fixed / sizeof *fixed;
    const char **arguments = calloc(n + plan->nspecs + plan->ninputs + 1, sizeof *arguments);
    if (!arguments)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a command");
    memcpy(arguments, fixed, sizeof fixed);
    for (size_t k = 0; k < plan->nspecs; k++)
        arguments[n++] = plan->specs[k];
    for (size_t k = 0; k < plan->ninputs; k++)
        arguments[n++] = plan->inputs[k];
    ppx_status status = spawn_ranks(largest(plan->ranks, plan->nranks), arguments,
                                    "check without ranks: --ranks 1", lines, pid, error);
    free(arguments);
    return status;
}

ppx_status verify_start_ranks(const verify_plan *plan, verify_tally *tally, ppx_error *error) {
    FILE *lines;
    pid_t pid;
    ppx_status status = start(plan, &lines, &pid, error);
    if (status)
        return status;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, lines) >= 0) {
        tally->checks += strncmp(line, "PASS", 4) == 0 || strncmp(line, "FAIL", 4) == 0;
        tally->failed += strncmp(line, "FAIL", 4) == 0;
        (void)fputs(line, stdout);
    }
    free(line);
    int code = spawn_wait(lines, pid);
    if (code > 1)
        return ppx_fail(error, PPX_E_SYSTEM, "the ranks' part ended with code %d", code);
    return PPX_OK;
}
