// world_mpi.c: cli/world.h by MPI. Linked into parpix-mpi in place of cli/world_single.c.
#include <string.h>

#include "../cli/launch.h"
#include "../cli/world.h"
#include "parpix_mpi.h"

// The launcher and the MPI library must speak of the same job, or each process believes to be alone
// and all write the same file.
static ppx_status check_launcher(int nranks, ppx_error *error) {
    int started = launcher_size();
    if (started <= 0 || started == nranks)
        return PPX_OK;
    if (launcher_rank() > 0) {
        *error = (ppx_error){.status = PPX_E_SYSTEM}; // one process speaks
        return PPX_E_SYSTEM;
    }
    return ppx_fail(error, PPX_E_SYSTEM,
                    "the launcher started %d processes, but MPI sees %d: it belongs to another MPI "
                    "than this program, which was built with %s; use that one's mpirun (or srun "
                    "--mpi=pmix)",
                    started, nranks, world_library());
}

static ppx_ranks *ranks_of(const world *all) {
    return all->context;
}

ppx_status world_open(world *all, int *argc, char ***argv, ppx_error *error) {
    *all = (world){.rank = 0, .nranks = 1};
    int provided;
    if (MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
        return ppx_fail(error, PPX_E_SYSTEM, "MPI does not start");
    MPI_Comm_rank(MPI_COMM_WORLD, &all->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &all->nranks);
    ppx_status status = check_launcher(all->nranks, error);
    if (status)
        return status;
    ppx_ranks *ranks;
    status = ppx_ranks_create(&ranks, MPI_COMM_WORLD, &ppx_runner_serial, error);
    all->context = ranks;
    return status;
}

void world_close(world *all) {
    ppx_ranks_free(ranks_of(all));
    all->context = NULL;
    MPI_Finalize();
}

ppx_status world_first(const world *all, int nranks, world *part, ppx_error *error) {
    *part = (world){.rank = -1, .nranks = nranks};
    MPI_Comm comm;
    MPI_Comm_split(MPI_COMM_WORLD, all->rank < nranks ? 0 : MPI_UNDEFINED, all->rank, &comm);
    if (comm == MPI_COMM_NULL)
        return PPX_OK;
    ppx_ranks *ranks;
    ppx_status status = ppx_ranks_create(&ranks, comm, &ppx_runner_serial, error);
    MPI_Comm_free(&comm); // ranks have a duplicate
    part->rank = all->rank;
    part->context = ranks;
    return status;
}

void world_free(world *part) {
    ppx_ranks_free(ranks_of(part));
    part->context = NULL;
}

const ppx_runner *world_runner(world *all, const ppx_runner *inner) {
    if (all->nranks == 1)
        return inner;
    ppx_ranks_inner(ranks_of(all), inner);
    return ppx_ranks_runner(ranks_of(all));
}

void world_deal(world *all, bool dealing) {
    if (all->nranks > 1)
        ppx_ranks_deal(ranks_of(all), dealing);
}

ppx_status world_agree(const world *all, ppx_status status, ppx_error *error) {
    return ppx_ranks_agree(ranks_of(all), status, error);
}

ppx_status world_share(const world *all, void *bytes, size_t nbytes, ppx_error *error) {
    return ppx_ranks_share(ranks_of(all), bytes, nbytes, error);
}

void world_gather(const world *all, const void *value, size_t nbytes, void *values) {
    ppx_ranks_gather(ranks_of(all), value, nbytes, values);
}

ppx_status world_distribute(const world *all, ppx_shape shape, ppx_image *whole, ppx_band *band,
                            ppx_error *error) {
    return ppx_ranks_distribute(ranks_of(all), shape, whole, band, error);
}

ppx_status world_collect(const world *all, ppx_band *band, ppx_image *whole, ppx_error *error) {
    return ppx_ranks_collect(ranks_of(all), band, whole, error);
}

const char *world_library(void) {
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int n;
    MPI_Get_library_version(text, &n); // "Open MPI v4.1.4, package: ..."
    text[strcspn(text, ",\n")] = '\0';
    return text;
}

// The lessons of mpi/lessons/, in any order.
// clang-format off
#define LESSONS(X) \
    X(deadlock) \
    X(queue) \
    X(messages) \
    X(pool)
// clang-format on
#define DECLARE(name) extern const ppx_lesson ppx_lesson_##name##_mpi;
#define POINTER(name) &ppx_lesson_##name##_mpi,
LESSONS(DECLARE)

const ppx_lesson *world_lesson(const char *name) {
    static const ppx_lesson *const lessons[] = {LESSONS(POINTER) NULL};
    for (int k = 0; lessons[k]; k++)
        if (strcmp(lessons[k]->name, name) == 0)
            return lessons[k];
    return NULL;
}
