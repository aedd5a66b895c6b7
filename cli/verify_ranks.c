// verify_ranks.c: verify starts mpirun by itself, once, with as many ranks as the largest number
// asked for; inside, smaller worlds are cut from it. Starting MPI costs half a second, checks
// milliseconds.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "verify.h"

extern char **environ;

// Everything the child is to know. Ranks more than CPUs are normal here, and tests run as root in
// containers; who has set one of these is not overruled.
static void set_environment(void) {
    static const char *const settings[][2] = {
        {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
        {"OMPI_MCA_hwloc_base_binding_policy", "none"},
        {"OMPI_MCA_mpi_yield_when_idle", "1"},
        {"OMP_WAIT_POLICY", "passive"},
    };
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++)
        (void)setenv(settings[k][0], settings[k][1], 0);
    if (geteuid() == 0) {
        (void)setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
        (void)setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    }
}

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

static ppx_status spawn(const char *mpirun, const char *program, const verify_plan *plan,
                        FILE **lines, pid_t *pid, ppx_error *error) {
    char nranks[16], threads[256], ranks[256];
    (void)snprintf(nranks, sizeof nranks, "%d", largest(plan->ranks, plan->nranks));
    list_text(plan->threads, plan->nthreads, threads, sizeof threads);
    list_text(plan->ranks, plan->nranks, ranks, sizeof ranks);
    char **argv = calloc(plan->nspecs + plan->ninputs + 12, sizeof *argv);
    if (!argv)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a command");
    const char *fixed[] = {mpirun,     "-n",        nranks,  program,   "verify",
                           "--within", "--threads", threads, "--ranks", ranks};
    size_t n = 0;
    for (; n < sizeof fixed / sizeof *fixed; n++)
        argv[n] = (char *)(uintptr_t)fixed[n];
    for (size_t k = 0; k < plan->nspecs; k++)
        argv[n++] = plan->specs[k];
    for (size_t k = 0; k < plan->ninputs; k++)
        argv[n++] = plan->inputs[k];
    int ends[2], failed = 0;
    ppx_status status = PPX_OK;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        free(argv);
        return ppx_fail(error, PPX_E_SYSTEM, "no pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed = posix_spawnp(pid, mpirun, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    free(argv);
    *lines = failed ? NULL : fdopen(ends[0], "r");
    if (!*lines) {
        (void)close(ends[0]);
        status = ppx_fail(error, PPX_E_SYSTEM,
                          "%s does not start: %s; install openmpi-bin, or check without ranks: "
                          "--ranks 1",
                          mpirun, strerror(failed ? failed : errno));
    }
    return status;
}

ppx_status verify_start_ranks(const verify_plan *plan, verify_tally *tally, ppx_error *error) {
    char program[4096];
    const char *mpirun = getenv("PARPIX_MPIRUN");
    if (!mpirun)
        mpirun = access("/usr/bin/mpirun.openmpi", X_OK) == 0 ? "mpirun.openmpi" : "mpirun";
    if (!launch_program(program, sizeof program))
        return ppx_fail(error, PPX_E_SYSTEM,
                        "there is no parpix-mpi beside this program (it was built with MPI=0); "
                        "check without ranks: --ranks 1");
    set_environment();
    FILE *lines;
    pid_t pid;
    (void)fflush(stdout);
    ppx_status status = spawn(mpirun, program, plan, &lines, &pid, error);
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
    (void)fclose(lines);
    int code = 0;
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
        continue;
    if (!WIFEXITED(code) || WEXITSTATUS(code) > 1)
        return ppx_fail(error, PPX_E_SYSTEM, "the ranks' part ended with code %d",
                        WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code));
    return PPX_OK;
}
