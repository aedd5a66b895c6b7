// sweep.h: what the files of `parpix sweep` share.
//
// A sweep is a list of cells: a configuration, and what became of it. sweep_plan.c makes the list,
// sweep_command.c the command of a cell with its binding; sweep_run.c runs them, sweep_record.c
// keeps the file, sweep_talk.c says how far it is, sweep_table.c what was found.
#ifndef PARPIX_SWEEP_H
#define PARPIX_SWEEP_H

#include "argument_list.h"
#include "bench.h"

enum { SWEEP_MOST = 64, SWEEP_SCHEDULES = 8, SWEEP_WORD = 40, SWEEP_CELLS = 4096 };

typedef struct sweep_request {
    bench_request what; // chains, image, times; its specs do not begin with `copy`
    int threads[SWEEP_MOST], ranks[SWEEP_MOST];
    size_t nthreads, nranks;
    char schedules[SWEEP_SCHEDULES][SWEEP_WORD]; // as OMP_SCHEDULE has them: "dynamic,4"
    size_t nschedules;
    bool weak, resume, dry_run;
    const char *launcher; // a template, or NULL
    const char *report;   // an HTML file, or NULL
    const char *typed;    // the command line
} sweep_request;

typedef enum sweep_state { SWEEP_MISSING, SWEEP_FAILED, SWEEP_DONE } sweep_state;

typedef struct sweep_cell {
    bool serial; // the serial runner: what speed-ups are measured against first
    bool asked;  // in the grid; otherwise it is there to be compared with
    int ranks, threads;
    const char *schedule;
    ptrdiff_t height; // more for more workers with --weak
    bool oversubscribed;
    char *command; // as it could be typed
    sweep_state state;
    char *error; // the launcher's words
    double seconds;
    json_t *bench; // its record
} sweep_cell;

// What workers find here.
typedef struct sweep_machine {
    int cpus, cores; // that this process may use on its host, a quota counted as CPUs
    int hosts;       // of the job; 1 without one
    bool whole;      // it may use all CPUs of the host
    bool launched;   // cells are started by a launcher
    bool bind_ranks; // that launcher is Open MPI's mpirun, and ours to tell where ranks go
    char program[4096], program_mpi[4096];
} sweep_machine;

typedef struct sweep {
    const sweep_request *asked;
    sweep_machine machine;
    sweep_cell *cells; // the first is the serial one
    size_t ncells;
    size_t *order; // in which they are run
    json_t *pictures;
} sweep;

// ---- sweep_plan.c ----
// The grid with the cells that it is compared with, and the order.
ppx_status sweep_plan(sweep *s, ppx_error *error);
// Says which of the cells that are not done start more workers than CPUs.
void sweep_warn_crowds(const sweep *s, const world *all);
void sweep_free(sweep *s);
// The cell of these numbers, NULL when there is none.
const sweep_cell *sweep_find(const sweep *s, int ranks, int threads, const char *schedule);
// "serial", "2 ranks x 4 threads, dynamic".
void sweep_name(const sweep *s, const sweep_cell *cell, char text[80]);
int sweep_workers(const sweep_cell *cell);

// ---- sweep_command.c ----
ppx_status sweep_machine_look(sweep_machine *m, const sweep_request *asked, ppx_error *error);
// The words of a cell's command. With pictures: one run of each chain, for what came out.
ppx_status sweep_command(const sweep *s, const sweep_cell *cell, bool pictures, argument_list *list,
                         ppx_error *error);

// ---- sweep_record.c ----
ppx_status sweep_write(const sweep *s, ppx_error *error);
// Takes over what a file holds of this sweep.
ppx_status sweep_resume(sweep *s, const world *all, ppx_error *error);

// ---- sweep_talk.c ----
typedef struct sweep_talk {
    const sweep *s;
    bool terminal;
    size_t done, left;   // cells
    double sum;          // seconds of the cells that were run now
    size_t nrun;         // their number
    double since, drawn; // the present cell's start; when the bar was drawn
    const char *naming;  // it
} sweep_talk;

void sweep_talk_begin(sweep_talk *talk, const char *name);
bool sweep_talk_tick(void *talk);              // false: somebody wants it to end
void sweep_talk_clear(const sweep_talk *talk); // the bar
void sweep_talk_end(sweep_talk *talk, const sweep_cell *cell);
// Signals that end a program end the present cell first. 0, or the signal that came.
void sweep_talk_listen(void);
int sweep_talk_stopped(void);

// ---- sweep_run.c ----
// All cells that are not done, until a signal comes; the file is written after each.
ppx_status sweep_run(sweep *s, ppx_error *error);
// What came out, serially and of most workers: one more run of the largest cell that is done. That
// it fails is no reason to lose the sweep.
ppx_status sweep_make_pictures(sweep *s, const world *all, ppx_error *error);

// ---- sweep_table.c ----
// A line for each cell and chain on stdout, tables on stderr. False: a result was not right.
bool sweep_print(const sweep *s);

#endif
