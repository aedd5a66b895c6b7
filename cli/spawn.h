// spawn.h: commands that need ranks start mpirun by themselves.
#ifndef PARPIX_SPAWN_H
#define PARPIX_SPAWN_H

#include <stdio.h>
#include <sys/types.h>

#include "../core/parpix.h"

// A program with its arguments (the last is NULL); what it prints comes in *lines. `remedy` tells
// in the message what to do where it does not start.
ppx_status spawn_program(const char *const *argv, const char *remedy, FILE **lines, pid_t *pid,
                         ppx_error *error);
// parpix-mpi on that many ranks with these arguments (the last is NULL); what it prints comes in
// *lines. `otherwise` tells in the message what to do where ranks cannot be started.
ppx_status spawn_ranks(int nranks, const char *const *arguments, const char *otherwise,
                       FILE **lines, pid_t *pid, ppx_error *error);
// Closes the lines and waits; the exit code, 128 and more for a signal.
int spawn_wait(FILE *lines, pid_t pid);

#endif
