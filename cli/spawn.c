// spawn.c: commands that need ranks start mpirun by themselves.
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"

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

ppx_status spawn_program(const char *const *argv, const char *remedy, FILE **lines, pid_t *pid,
                         ppx_error *error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ppx_fail(error, PPX_E_SYSTEM, "no pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)fflush(stdout);
    int failed =
        posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    *lines = failed ? NULL : fdopen(ends[0], "r");
    if (*lines)
        return PPX_OK;
    failed = failed ? failed : errno;
    (void)close(ends[0]);
    return ppx_fail(error, PPX_E_SYSTEM, "%s does not start: %s; %s", argv[0], strerror(failed),
                    remedy);
}

ppx_status spawn_ranks(int nranks, const char *const *arguments, const char *otherwise,
                       FILE **lines, pid_t *pid, ppx_error *error) {
    char program[4096], ranks[16], remedy[160];
    const char *mpirun = getenv("PARPIX_MPIRUN");
    if (!mpirun)
        mpirun = access("/usr/bin/mpirun.openmpi", X_OK) == 0 ? "mpirun.openmpi" : "mpirun";
    if (!launch_program(program, sizeof program))
        return ppx_fail(error, PPX_E_SYSTEM,
                        "there is no parpix-mpi beside this program (it was built with MPI=0); %s",
                        otherwise);
    set_environment();
    (void)snprintf(ranks, sizeof ranks, "%d", nranks);
    size_t n = 0, count = 0;
    while (arguments[count])
        count++;
    const char **argv = calloc(count + 5, sizeof *argv);
    if (!argv)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a command");
    argv[n++] = mpirun;
    argv[n++] = "-n";
    argv[n++] = ranks;
    argv[n++] = program;
    memcpy(argv + n, arguments, count * sizeof *argv);
    (void)snprintf(remedy, sizeof remedy, "install openmpi-bin, or %s", otherwise);
    ppx_status status = spawn_program(argv, remedy, lines, pid, error);
    free(argv);
    return status;
}

int spawn_wait(FILE *lines, pid_t pid) {
    int code = 0;
    (void)fclose(lines);
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
}
