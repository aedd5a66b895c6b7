// ranks_memory.c: one rank has no memory for its n-th allocation, for every n; the others must hear
// of it and nobody may wait for ever. Run by ranks.bats under mpirun; prints what it did on rank 0
// and exits 0 if all ranks had the same verdict each time.
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/runner.h"
#include "../mpi/parpix_mpi.h"

// Linked with --wrap=aligned_alloc, which is where core/memory.c gets all of it.
void *__real_aligned_alloc(size_t alignment, size_t nbytes);
void *__wrap_aligned_alloc(size_t alignment, size_t nbytes);

static atomic_long countdown; // the one at which it reaches 0 fails; 0: none
static int failures;

void *__wrap_aligned_alloc(size_t alignment, size_t nbytes) {
    if (atomic_fetch_sub(&countdown, 1) == 1) {
        failures++;
        return NULL;
    }
    return __real_aligned_alloc(alignment, nbytes);
}

static void ignore_number(void *context, const char *kernel, const char *key, double value) {
    (void)context, (void)kernel, (void)key, (void)value;
}

static void ignore_table(void *context, const char *kernel, const ppx_table *table) {
    (void)context, (void)kernel, (void)table;
}

// Everything that a run of several ranks does, with a failure on the way.
static ppx_status run(const ppx_ranks *ranks, const ppx_runner *runner, const ppx_chain *chain,
                      ppx_shape shape, int rank, ppx_image *result, ppx_error *error) {
    static const ppx_sink sink = {NULL, ignore_number, ignore_table};
    ppx_image image = {0};
    ppx_band band = {0};
    ppx_status status = PPX_OK;
    if (rank == 0)
        status = ppx_image_create(&image, shape, error);
    if (!status && rank == 0)
        ppx_awkward_image(&image, 7);
    status = ppx_ranks_agree(ranks, status, error);
    if (!status)
        status = ppx_ranks_distribute(ranks, shape, &image, &band, error);
    if (!status)
        status = ppx_run(chain, runner, &band, &(ppx_run_options){.sink = &sink}, NULL, error);
    if (!status)
        status = ppx_ranks_collect(ranks, &band, result, error);
    ppx_image_free(&image);
    return status;
}

// How many allocations could be failed on that rank before a run went through; -1 on disagreement.
static int fail_each(const ppx_ranks *ranks, const ppx_runner *runner, const char *spec,
                     ppx_shape shape, int rank, int victim) {
    ppx_chain *chain;
    ppx_error error = {0};
    if (ppx_chain_parse(&chain, spec, NULL, NULL, &error)) {
        fprintf(stderr, "%s\n", error.text);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    int n = 0;
    for (bool failed = true; failed; n++) {
        countdown = rank == victim ? n + 1 : 0;
        failures = 0;
        ppx_image result = {0};
        int status = (int)run(ranks, runner, chain, shape, rank, &result, &error);
        countdown = 0;
        int least, most, hit;
        MPI_Allreduce(&status, &least, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
        MPI_Allreduce(&status, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
        MPI_Allreduce(&failures, &hit, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
        bool told = status == PPX_OK || strstr(error.text, "memory");
        if (least != most || (status == PPX_OK) == (hit > 0) || !told ||
            (status && result.own != NULL)) {
            fprintf(stderr, "rank %d: %s, allocation %d of rank %d: status %d (%d to %d), %s\n",
                    rank, spec, n + 1, victim, status, least, most, error.text);
            return -1;
        }
        ppx_image_free(&result);
        failed = hit > 0;
    }
    ppx_chain_free(chain);
    return n - 1;
}

int main(int argc, char **argv) {
    static const char *const specs[] = {"median:radius=2",
                                        "gaussian:sigma=2+otsu",
                                        "integral",
                                        "fft",
                                        "label",
                                        "diffuse:iterations=2",
                                        "glcm:distance=3",
                                        "distance",
                                        "reconstruct:h=20",
                                        "dither",
                                        "regions",
                                        "fill-holes",
                                        "watershed:depth=3",
                                        "hough-lines"};
    int rank, nranks, provided, bad = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &nranks);
    static const ppx_runner *const inners[] = {&ppx_runner_serial, &ppx_runner_omp};
    const ppx_shape shape = {57, 300, 1, PPX_U8};
    omp_set_num_threads(2);
    for (size_t i = 0; i < 2; i++) {
        ppx_ranks *ranks;
        if (ppx_ranks_create(&ranks, MPI_COMM_WORLD, inners[i], NULL))
            MPI_Abort(MPI_COMM_WORLD, 2);
        for (size_t s = 0; s <= sizeof specs / sizeof *specs; s++) {
            bool dealing = s == sizeof specs / sizeof *specs; // the first once more, dealt out
            const char *spec = specs[dealing ? 0 : s];
            ppx_ranks_deal(ranks, dealing);
            for (int victim = 0; victim < nranks; victim++) {
                int n = fail_each(ranks, ppx_ranks_runner(ranks), spec, shape, rank, victim);
                bad += n <= 0;
                if (rank == 0)
                    printf("%s, %s inside, rank %d: %d allocations failed in turn\n", spec,
                           inners[i]->name, victim, n);
            }
        }
        ppx_ranks_free(ranks);
    }
    MPI_Finalize();
    return bad ? 1 : 0;
}
