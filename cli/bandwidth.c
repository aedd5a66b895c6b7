// bandwidth.c: memory's speed by a copy and by a triad, and the speed of arithmetic.
//
// As STREAM does it (McCalpin 1995): a[i] = b[i] + s c[i] over arrays of doubles that no cache
// holds, 24 bytes for each i, and a copy, 16 bytes for each i. Lines that the processor reads only
// because it will write them are not counted, and neither are they for kernels. Each thread has its
// part of the arrays and touches it first. All ranks begin after a barrier, the slowest counts, and
// of several turns the fastest: this is a bound, not a sample.
//
// Arithmetic is products and sums of floats, in vectors as wide as the processor has and in chains
// enough to keep its units busy. They are not fused: kernels do not fuse them either, because
// results would depend on the processor.
#include "bandwidth.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/memory.h"
#include "command.h"

enum { TURNS = 5, ARRAYS = 3 };

typedef struct arrays {
    double *a, *b, *c;
    size_t n; // of each
} arrays;

// The part of a thread: [*from, *to).
static void part_of(size_t n, size_t *from, size_t *to) {
    size_t thread = (size_t)omp_get_thread_num(), nthreads = (size_t)omp_get_num_threads();
    *from = n / nthreads * thread;
    *to = thread + 1 == nthreads ? n : n / nthreads * (thread + 1);
}

static void touch(const arrays *x) {
#pragma omp parallel default(none) shared(x)
    {
        size_t from, to;
        part_of(x->n, &from, &to);
        for (size_t k = from; k < to; k++) {
            x->a[k] = 0;
            x->b[k] = 1;
            x->c[k] = 2;
        }
    }
}

static void copy(const arrays *x) {
#pragma omp parallel default(none) shared(x)
    {
        size_t from, to;
        part_of(x->n, &from, &to);
        memcpy(x->a + from, x->b + from, (to - from) * sizeof *x->a);
    }
}

static void triad(const arrays *x) {
#pragma omp parallel default(none) shared(x)
    {
        size_t from, to;
        part_of(x->n, &from, &to);
        double *restrict a = x->a;
        const double *restrict b = x->b, *restrict c = x->c;
        for (size_t k = from; k < to; k++)
            a[k] = b[k] + 3 * c[k];
    }
}

enum { CHAINS = 12, LANES = 16, STEPS = 20000 };

static inline __attribute__((always_inline)) float chains(float first) {
    float x[CHAINS][LANES], sum = 0;
    for (int c = 0; c < CHAINS; c++)
        for (int k = 0; k < LANES; k++)
            x[c][k] = first + (float)c;
    for (int step = 0; step < STEPS; step++)
        for (int c = 0; c < CHAINS; c++)
            for (int k = 0; k < LANES; k++)
                x[c][k] = x[c][k] * 0.999f + 0.001f;
    for (int c = 0; c < CHAINS; c++)
        for (int k = 0; k < LANES; k++)
            sum += x[c][k];
    return sum;
}

static float chains_plain(float first) {
    return chains(first);
}

// As wide as this processor is. Chosen by hand: what the loader chooses by (target_clones) runs
// before a sanitizer has begun.
typedef float arithmetic(float first);
#if defined __x86_64__
__attribute__((target("avx2"))) static float chains_avx2(float first) {
    return chains(first);
}

__attribute__((target("avx512f"))) static float chains_avx512(float first) {
    return chains(first);
}

static arithmetic *widest(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") ? chains_avx512
           : __builtin_cpu_supports("avx2")  ? chains_avx2
                                             : chains_plain;
}
#else
static arithmetic *widest(void) {
    return chains_plain;
}
#endif

static void compute(const arrays *x) {
    arithmetic *work = widest();
#pragma omp parallel default(none) shared(x, work)
    x->a[omp_get_thread_num()] = (double)work((float)x->b[omp_get_thread_num()]);
}

// Seconds of the slowest rank, the fastest of some turns; on rank 0.
static double fastest(const world *all, void (*work)(const arrays *), const arrays *x,
                      double *each) {
    double least = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        (void)world_agree(all, PPX_OK, NULL); // all begin together
        double start = seconds_now();
        work(x);
        double seconds = seconds_now() - start;
        world_gather(all, &seconds, sizeof seconds, each);
        for (int r = 0; all->rank == 0 && r < all->nranks; r++)
            seconds = each[r] > seconds ? each[r] : seconds;
        least = turn == 0 || seconds < least ? seconds : least;
    }
    return least;
}

// Four times the caches for the arrays of a host, but no more than a quarter of what is free.
static size_t host_nbytes(size_t cache_nbytes) {
    const size_t least = (size_t)48 << 20, most = (size_t)2 << 30;
    long pages = sysconf(_SC_AVPHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t nbytes = 4 * cache_nbytes;
    nbytes = nbytes < least ? least : nbytes > most ? most : nbytes;
    size_t room = pages > 0 && page > 0 ? (size_t)pages / 4 * (size_t)page : nbytes;
    return nbytes < room ? nbytes : room;
}

ppx_status bandwidth_measure(bandwidth *b, const world *all, size_t cache_nbytes, int nranks_here,
                             ppx_error *error) {
    *b = (bandwidth){.nbytes = host_nbytes(cache_nbytes)};
    arrays x = {.n = b->nbytes / (size_t)nranks_here / ARRAYS / sizeof(double)};
    double *memory = ppx_alloc(ARRAYS * x.n * sizeof(double));
    double *each = calloc((size_t)all->nranks, sizeof *each);
    double mine = (double)x.n, moved = 0, nthreads = 0;
    ppx_status status =
        memory && each ? PPX_OK
                       : ppx_fail(error, PPX_E_MEMORY, "no memory to measure its speed: %zu MB",
                                  ARRAYS * x.n * sizeof(double) / 1000000);
    status = world_agree(all, status, error);
    if (!status) {
        x.a = memory;
        x.b = memory + x.n;
        x.c = memory + 2 * x.n;
        world_gather(all, &mine, sizeof mine, each);
        for (int r = 0; all->rank == 0 && r < all->nranks; r++)
            moved += each[r] * sizeof(double);
        touch(&x);
        double by_copy = 2 * moved / fastest(all, copy, &x, each);
        double by_triad = 3 * moved / fastest(all, triad, &x, each);
        b->gbyte_per_s = 1e-9 * (by_copy > by_triad ? by_copy : by_triad);
        b->how = by_copy > by_triad ? "copy" : "triad";
        mine = omp_get_max_threads();
        world_gather(all, &mine, sizeof mine, each);
        for (int r = 0; all->rank == 0 && r < all->nranks; r++)
            nthreads += each[r];
        b->gflop_per_s = 2e-9 * CHAINS * LANES * STEPS * nthreads / fastest(all, compute, &x, each);
    }
    ppx_free(memory);
    free(each);
    return status;
}
