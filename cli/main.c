// main.c: parpix COMMAND ...: joins the ranks, sets what holds for all commands, and makes sure
// that what was printed has arrived.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "launch.h"

const command commands[] = {
    {"list", "[NAME] [--json]", "the kernels and scenes, or one of them in full",
     "parpix list threshold", cmd_list},
    {"info", "[--json]", "what this build, machine, and binding of ranks and threads are",
     "mpirun -n 2 parpix info", cmd_info},
    {"gen", "SCENE -o OUTPUT [options]", "make a test image with known answers",
     "parpix gen cells -o cells.png --size 4096x4096", cmd_gen},
    {"run", "CHAIN INPUT -o OUTPUT [options]", "apply a chain of kernels to an image",
     "parpix run gaussian:sigma=2+otsu+label cells.png -o labels.npy -t 4", cmd_run},
    {"compare", "A B [options]", "tell whether two images are equal, and where they are not",
     "parpix compare serial.png parallel.png --heatmap where.png", cmd_compare},
    {"verify", "[all | CHAIN...] [IMAGE...] [options]",
     "run kernels in every way and compare with the serial run",
     "parpix verify median:radius=2 cells.png --threads 1,2,8 --ranks 1,2,4", cmd_verify},
    {"bench", "CHAIN... [IMAGE] [options]",
     "how fast chains are, how sure that is, and if they are right",
     "parpix bench gaussian:sigma=2 median:radius=2 label -t 2 --size 4096x4096", cmd_bench},
    {"sweep", "CHAIN... [IMAGE] --json FILE [options]",
     "how chains scale over ranks, threads and schedules",
     "parpix sweep gaussian:sigma=2 label --threads 1,2 --ranks 1,2 --json sweep.json", cmd_sweep},
    {"report", "F.json... [-o R.html] [options]",
     "a page on how records of sweep and bench scale, and why they stop",
     "parpix report sweep.json -o report.html --text", cmd_report},
    {"lesson", "[NAME | all] [options]", "faults of concurrent programs and their cures, measured",
     "parpix lesson race -t 2", cmd_lesson},
};
const size_t ncommands = sizeof commands / sizeof *commands;

static void print_overview(void) {
    printf("parpix " PPX_VERSION ": image analysis that gives the same bytes on one core, on "
           "OpenMP threads,\non MPI ranks and on both.\n\n"
           "Usage: parpix COMMAND ...\n\nCommands:\n");
    for (size_t k = 0; k < ncommands; k++)
        printf("  %-8s  %s\n", commands[k].name, commands[k].summary);
    printf("\nExample:\n");
    for (size_t k = 0; k < ncommands; k++)
        if (commands[k].run == cmd_gen || commands[k].run == cmd_run)
            printf("  %s\n", commands[k].example);
    printf(
        "\n`parpix COMMAND --help` explains a command, `parpix list` the kernels. Start it with\n"
        "mpirun for several ranks; -t or OMP_NUM_THREADS sets the threads of each.\n"
        "Exit codes: 0 success, 1 images differ or verification failed, 2 everything else.\n");
}

// What a command line cannot say but a machine may need.
static ppx_status read_environment(ppx_error *error) {
    // The runtime's own default deals strips out one by one, and not the same way twice.
    if (!getenv("OMP_SCHEDULE"))
        omp_set_schedule(omp_sched_static, 0);
    const char *level = getenv("PARPIX_SIMD");
    if (!level || !*level)
        return PPX_OK;
    ppx_error reason;
    if (ppx_simd_select(level, &reason))
        return ppx_fail(error, PPX_E_USAGE, "PARPIX_SIMD=%.40s: %.300s", level, reason.text);
    return PPX_OK;
}

static int unknown_command(const world *all, const char *typed) {
    const char *names[sizeof commands / sizeof *commands];
    for (size_t k = 0; k < ncommands; k++)
        names[k] = commands[k].name;
    ppx_error error;
    const char *nearest = ppx_nearest(typed, names, ncommands);
    if (*typed == '-')
        (void)ppx_fail(&error, PPX_E_USAGE,
                       "no option %.80s before a command; `parpix --help` shows how it is used",
                       typed);
    else if (nearest)
        (void)ppx_fail(&error, PPX_E_USAGE, "no command \"%.80s\"; did you mean \"%s\"?", typed,
                       nearest);
    else
        (void)ppx_fail(&error, PPX_E_USAGE, "no command \"%.80s\"; `parpix --help` lists them",
                       typed);
    return complain(all, &error);
}

static int dispatch(world *all, int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        if (all->rank == 0)
            print_overview();
        return EXIT_SAME;
    }
    if (strcmp(name, "--version") == 0) {
        if (all->rank == 0)
            printf("parpix " PPX_VERSION "\n");
        return EXIT_SAME;
    }
    for (size_t k = 0; k < ncommands; k++)
        if (strcmp(commands[k].name, name) == 0)
            return commands[k].run(all, argc - 1, argv + 1);
    return unknown_command(all, name);
}

// A file that we open must not become descriptor 0, 1 or 2: talk would be written into it.
static void occupy_standard_files(void) {
    for (int file = 0; file <= 2; file++)
        if (fcntl(file, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", file ? O_RDONLY : O_WRONLY); // so that using it still fails
}

// A full disk or a closed pipe must not look like success.
static int flush_output(const world *all, int code) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (!errno) // it was an earlier write that failed; another one tells why
        (void)(putchar('\n') == EOF || fflush(stdout));
    int reason = errno;
    ppx_error error;
    (void)ppx_fail(&error, PPX_E_SYSTEM, "cannot write to standard output: %s",
                   reason ? strerror(reason) : "a part is missing");
    return complain(all, &error);
}

int main(int argc, char **argv) {
    occupy_standard_files();
    (void)signal(SIGPIPE, SIG_IGN); // a write then fails, and that is reported
    world all = {.rank = 0, .nranks = 1};
    ppx_error error = {0};
    ppx_status status = launch_ranks(argv, &error);
    if (!status)
        status = world_open(&all, &argc, &argv, &error);
    if (status) {
        // Whoever has the text says it, before the others go: launchers end all ranks when one
        // fails.
        if (!*error.text)
            (void)nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        all.rank = 0;
        return complain(&all, &error);
    }
    status = world_agree(&all, read_environment(&error), &error);
    int code = status ? complain(&all, &error) : dispatch(&all, argc, argv);
    code = flush_output(&all, code);
    world_close(&all);
    return code;
}
