// pop.h: how much of the time of all workers was useful, and what the rest was lost to.
#ifndef PARPIX_POP_H
#define PARPIX_POP_H

typedef struct pop_worker {
    int rank;
    double useful; // seconds of computing
} pop_worker;

typedef struct pop_rank {
    double seconds;  // of the run
    double messages; // seconds among them that its first thread spent on messages, waiting included
} pop_rank;

// All between 0 and 1. Each parallel efficiency is the product of the two before it, and that of
// the whole is the product of those of ranks and threads.
typedef struct pop_figures {
    double load_balance, communication_efficiency, parallel_efficiency;
    double rank_load_balance, rank_communication_efficiency, rank_parallel_efficiency;
    double thread_load_balance, thread_serial_efficiency, thread_parallel_efficiency;
} pop_figures;

// Workers in any order; each rank has at least one.
pop_figures pop_of(const pop_worker *workers, int nworkers, const pop_rank *ranks, int nranks);

#endif
