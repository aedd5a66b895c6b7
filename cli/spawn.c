// spawn.c: commands that need ranks start mpirun by themselves.
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
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
    spawn_allow_root();
}

void spawn_allow_root(void) {
    if (geteuid() == 0) {
        (void)setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
        (void)setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    }
}

const char *spawn_mpirun(void) {
    const char *mpirun = getenv("PARPIX_MPIRUN");
    if (mpirun && *mpirun)
        return mpirun;
    return access("/usr/bin/mpirun.openmpi", X_OK) == 0 ? "mpirun.openmpi" : "mpirun";
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
    argv[n++] = spawn_mpirun();
    argv[n++] = "-n";
    argv[n++] = ranks;
    argv[n++] = program;
    memcpy(argv + n, arguments, count * sizeof *argv);
    (void)snprintf(remedy, sizeof remedy, "install openmpi-bin, or %s", otherwise);
    ppx_status status = spawn_program(argv, remedy, lines, pid, error);
    free(argv);
    return status;
}

static int exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_wait(FILE *lines, pid_t pid) {
    int code = 0;
    (void)fclose(lines);
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
        continue;
    return exit_code(code);
}

// ---- Run to its end -----------------------------------------------------------------------------

enum { OUT, ERR, WAYS, READ = 65536, PATIENCE = 5, TICK = 250 }; // seconds, milliseconds

// Never returns. Between fork and exec: nothing that takes a lock.
_Noreturn static void become(const char *const *argv, const int ends[WAYS], pid_t parent) {
    int nothing = open("/dev/null", O_RDONLY);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (nothing < 0 || getppid() != parent || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(ends[OUT], STDOUT_FILENO) < 0 || dup2(ends[ERR], STDERR_FILENO) < 0)
        _exit(127);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    const char *const words[] = {argv[0], ": does not start: ", strerror(errno), "\n"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        (void)!write(STDERR_FILENO, words[k], strlen(words[k]));
    _exit(127);
}

// What has come; false at the end, or when there is no memory for it.
static bool take(int end, char **text, size_t *n) {
    char *more = realloc(*text, *n + READ + 1);
    if (!more)
        return false;
    *text = more;
    ssize_t got = read(end, more + *n, READ);
    if (got < 0 && errno == EINTR)
        return true;
    *n += got > 0 ? (size_t)got : 0;
    more[*n] = '\0';
    return got > 0;
}

// First asked to end, after a while killed. Some of what it started may hold the pipes: so it is
// the process that is waited for.
static void reap(pid_t pid, bool end, spawn_talk *talk) {
    int status = 0;
    pid_t done = 0;
    if (end) {
        (void)kill(pid, SIGTERM);
        for (int k = 0; k < PATIENCE * 100 && done == 0; k++) {
            done = waitpid(pid, &status, WNOHANG);
            if (done == 0)
                (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        if (done == 0)
            (void)kill(pid, SIGKILL);
    }
    while (done == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    talk->code = exit_code(status);
}

static void listen_to(pid_t pid, const int ends[WAYS], bool (*tick)(void *), void *context,
                      spawn_talk *talk) {
    struct pollfd ways[WAYS] = {{.fd = ends[OUT], .events = POLLIN},
                                {.fd = ends[ERR], .events = POLLIN}};
    bool go_on = true;
    while (go_on && (ways[OUT].fd >= 0 || ways[ERR].fd >= 0)) {
        int ready = poll(ways, WAYS, TICK);
        if (ready > 0 && ways[OUT].revents && !take(ways[OUT].fd, &talk->out, &talk->nout))
            ways[OUT].fd = -1;
        if (ready > 0 && ways[ERR].revents && !take(ways[ERR].fd, &talk->err, &talk->nerr))
            ways[ERR].fd = -1;
        go_on = !tick || tick(context);
    }
    reap(pid, !go_on, talk);
}

ppx_status spawn_captured(const char *const *argv, bool (*tick)(void *context), void *context,
                          spawn_talk *talk, ppx_error *error) {
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    *talk = (spawn_talk){.out = calloc(1, 1), .err = calloc(1, 1)};
    bool opened =
        talk->out && talk->err && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0;
    (void)fflush(NULL);
    pid_t parent = getpid(), pid = opened ? fork() : -1;
    int reason = errno;
    if (pid == 0)
        become(argv, (const int[WAYS]){out[1], err[1]}, parent);
    if (out[1] >= 0)
        (void)close(out[1]);
    if (err[1] >= 0)
        (void)close(err[1]);
    if (pid > 0)
        listen_to(pid, (const int[WAYS]){out[0], err[0]}, tick, context, talk);
    if (out[0] >= 0)
        (void)close(out[0]);
    if (err[0] >= 0)
        (void)close(err[0]);
    if (pid > 0 && talk->out && talk->err)
        return PPX_OK;
    spawn_talk_free(talk);
    return ppx_fail(error, PPX_E_SYSTEM, "%s cannot be started: %s", argv[0], strerror(reason));
}

void spawn_talk_free(spawn_talk *talk) {
    free(talk->out);
    free(talk->err);
    *talk = (spawn_talk){.code = 0};
}
