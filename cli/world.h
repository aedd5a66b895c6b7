// world.h: the ranks of this run, as the commands see them. world_single.c (in parpix) is one
// process; mpi/world_mpi.c (in parpix-mpi) is MPI. The linker chooses, so commands contain no
// #ifdef.
//
// Collective: all ranks call them in the same order, with the status of their own work so far, and
// all get the same verdict back.
#ifndef PARPIX_WORLD_H
#define PARPIX_WORLD_H

#include "../core/lesson.h"
#include "../core/parpix.h"

typedef struct world {
    int rank, nranks;
    void *context; // of the implementation
} world;

// Joins the launcher's ranks. On failure one rank (that prints) has the text, the others have an
// empty one.
ppx_status world_open(world *all, int *argc, char ***argv, ppx_error *error);
// Every rank returns its own code to the shell.
void world_close(world *all);

// The first `nranks` ranks as a world of their own; the others get rank -1.
ppx_status world_first(const world *all, int nranks, world *part, ppx_error *error);
void world_free(world *part);

// The runner for this world: `inner` itself on one rank, ranks around it otherwise.
const ppx_runner *world_runner(world *all, const ppx_runner *inner);

// Maps are dealt out strip by strip instead of lying in bands (mpi/parpix_mpi.h); no difference
// where there is one rank.
void world_deal(world *all, bool dealing);

ppx_status world_agree(const world *all, ppx_status status, ppx_error *error);
ppx_status world_share(const world *all, void *bytes, size_t nbytes, ppx_error *error);
// Of each rank's value: nranks of them, on rank 0.
void world_gather(const world *all, const void *value, size_t nbytes, void *values);

// Cuts the image of rank 0 (emptied) into bands. shape is known on all ranks.
ppx_status world_distribute(const world *all, ppx_shape shape, ppx_image *whole, ppx_band *band,
                            ppx_error *error);
// The opposite; bands are emptied.
ppx_status world_collect(const world *all, ppx_band *band, ppx_image *whole, ppx_error *error);

const char *world_library(void); // "Open MPI 4.1.4", "none"

// The part of a lesson that runs on ranks; NULL where there is none, or no MPI.
const ppx_lesson *world_lesson(const char *name);

#endif
