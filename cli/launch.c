// launch.c: launchers tell a process its place in environment variables, before any MPI call.
//
//   Open MPI           OMPI_COMM_WORLD_SIZE, OMPI_COMM_WORLD_RANK
//   MPICH, Intel MPI   PMI_SIZE, PMI_RANK
//   Slurm's srun       SLURM_STEP_NUM_TASKS, SLURM_PROCID (a batch script has the second alone)
//   PMIx launchers     PMIX_RANK, without a size
//
// In this order: mpirun inside of a Slurm job sets its own and inherits those of Slurm, which then
// describe mpirun's daemons.
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "places.h"

typedef struct place {
    const char *launcher;
    int size, rank;
} place;

static int number_of(const char *variable) {
    const char *text = getenv(variable);
    int64_t value;
    return text && ppx_parse_int(text, &value) && value >= 0 && value <= INT_MAX ? (int)value : -1;
}

static place find_place(void) {
    static const char *const variables[][3] = {
        {"Open MPI", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
        {"PMI", "PMI_SIZE", "PMI_RANK"},
        {"Slurm", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
    };
    for (size_t k = 0; k < sizeof variables / sizeof *variables; k++) {
        int size = number_of(variables[k][1]), rank = number_of(variables[k][2]);
        if (size > 0 && rank >= 0)
            return (place){variables[k][0], size, rank};
    }
    int rank = number_of("PMIX_RANK");
    return (place){rank >= 0 ? "PMIx" : NULL, -1, rank};
}

int launcher_size(void) {
    return find_place().size;
}

int launcher_rank(void) {
    return find_place().rank;
}

bool launch_beside(char *path, size_t room, const char *name) {
    ssize_t n = readlink("/proc/self/exe", path, room);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0 || (size_t)n + strlen(name) + 1 > room) {
        *path = '\0';
        return false;
    }
    memcpy(path + n, name, strlen(name) + 1);
    return access(path, R_OK) == 0;
}

bool launch_program(char *path, size_t room) {
    return launch_beside(path, room, "parpix-mpi") && access(path, X_OK) == 0;
}

ppx_status launch_ranks(char **argv, ppx_error *error) {
    place here = find_place();
    // A Slurm step of one task is most often a shell (srun --pty bash): nothing to join there.
    bool alone = here.size == 1;
    if (here.rank < 0 || strcmp(world_library(), "none") != 0 ||
        (alone && strcmp(here.launcher, "Slurm") == 0))
        return PPX_OK;
    char path[PATH_MAX];
    if (launch_program(path, sizeof path)) {
        cpus_unbind();
        (void)execv(path, argv);
    }
    int reason = errno;
    if (alone && reason == ENOENT)
        return PPX_OK; // one rank is what this program is
    (void)ppx_fail(
        error, PPX_E_USAGE,
        "started as one of several ranks (%s launcher), but %.300s cannot be started: %s; "
        "build parpix with MPI=1, or start it without the launcher",
        here.launcher, path, strerror(reason));
    if (here.rank != 0)
        *error->text = '\0';
    return PPX_E_USAGE;
}
