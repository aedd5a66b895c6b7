// pop.c: the efficiencies of the POP project (pop-coe.eu; Wagner, Mohr, Gimenez, Labarta 2017, A
// Structured Approach to Performance Analysis), and their multiplicative form for ranks of threads.
//
// With U the useful seconds of a worker, T the time of the slowest rank, N the workers:
//
//     load balance             mean U / max U
//     communication efficiency max U / T
//     parallel efficiency      mean U / T
//
// Ranks are judged by O, the seconds of a rank outside of messages, weighted by its n threads:
//
//     rank load balance             sum n O / (N max O)
//     rank communication efficiency max O / T
//     rank parallel efficiency      sum n O / (N T)
//
// and threads by what they make of that time, M being the most useful worker of a rank:
//
//     thread load balance        sum U / sum n M
//     thread serial efficiency   sum n M / sum n O   (the others idle while one works alone)
//     thread parallel efficiency sum U / sum n O
#include "pop.h"

static double ratio(double a, double b) {
    return b > 0 ? a / b : 1;
}

pop_figures pop_of(const pop_worker *workers, int nworkers, const pop_rank *ranks, int nranks) {
    double sum = 0, most = 0, time = 0, outside = 0, most_outside = 0, most_in_ranks = 0;
    for (int w = 0; w < nworkers; w++) {
        sum += workers[w].useful;
        most = workers[w].useful > most ? workers[w].useful : most;
    }
    for (int r = 0; r < nranks; r++) {
        double own = ranks[r].seconds - ranks[r].messages, nthreads = 0, most_own = 0;
        for (int w = 0; w < nworkers; w++) {
            if (workers[w].rank != r)
                continue;
            nthreads++;
            most_own = workers[w].useful > most_own ? workers[w].useful : most_own;
        }
        time = ranks[r].seconds > time ? ranks[r].seconds : time;
        most_outside = own > most_outside ? own : most_outside;
        outside += nthreads * own;
        most_in_ranks += nthreads * most_own;
    }
    return (pop_figures){
        .load_balance = ratio(sum, nworkers * most),
        .communication_efficiency = ratio(most, time),
        .parallel_efficiency = ratio(sum, nworkers * time),
        .rank_load_balance = ratio(outside, nworkers * most_outside),
        .rank_communication_efficiency = ratio(most_outside, time),
        .rank_parallel_efficiency = ratio(outside, nworkers * time),
        .thread_load_balance = ratio(sum, most_in_ranks),
        .thread_serial_efficiency = ratio(most_in_ranks, outside),
        .thread_parallel_efficiency = ratio(sum, outside),
    };
}
