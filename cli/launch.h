// launch.h: what the launcher (mpirun, srun) says of this process, and how parpix becomes
// parpix-mpi.
#ifndef PARPIX_LAUNCH_H
#define PARPIX_LAUNCH_H

#include "../core/parpix.h"

// Processes that the launcher started and the number of this one among them, from the environment.
// -1: no launcher, or one that does not say.
int launcher_size(void);
int launcher_rank(void);

// The path of a file beside this program, whatever that was called on the command line; false (with
// errno) when it is not there.
bool launch_beside(char *path, size_t room, const char *name);
// That of parpix-mpi; false (with errno) when it cannot be started.
bool launch_program(char *path, size_t room);

// In the program without MPI, under a launcher: replaces the process by the parpix-mpi that lies
// beside it. Returns PPX_OK where there is nothing to replace. On failure the launcher's rank 0 has
// the text, the others have an empty one.
ppx_status launch_ranks(char **argv, ppx_error *error);

#endif
