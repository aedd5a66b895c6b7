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

// A program run to its end: what it said on both ways, and how it ended.
typedef struct spawn_talk {
    char *out, *err;   // strings; spawn_talk_free
    size_t nout, nerr; // bytes
    int code;          // 128 and more for a signal
} spawn_talk;

// Runs it (the last word is NULL) and calls `tick` (may be NULL) about four times a second; when
// that returns false it is ended. It does not outlive this process, however that ends. A program
// that cannot be started says so in talk->err, with code 127.
ppx_status spawn_captured(const char *const *argv, bool (*tick)(void *context), void *context,
                          spawn_talk *talk, ppx_error *error);
void spawn_talk_free(spawn_talk *talk);
// Which mpirun is meant: that of PARPIX_MPIRUN, or of Open MPI where several are installed.
const char *spawn_mpirun(void);
// Open MPI refuses to start anything for root unless told.
void spawn_allow_root(void);

// Closes the lines and waits; the exit code, 128 and more for a signal.
int spawn_wait(FILE *lines, pid_t pid);

#endif
