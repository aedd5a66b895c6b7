// places.c: affinity as the operating system and the OpenMP runtime tell it.
#define _GNU_SOURCE
#include "places.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "launch.h"

bool read_line(const char *path, char *line, int room) {
    FILE *file = fopen(path, "r");
    bool got = file && fgets(line, room, file);
    if (file)
        (void)fclose(file);
    return got;
}

// ---- Sets of CPUs -------------------------------------------------------------------------------

bool cpus_has(const cpus *set, int cpu) {
    return cpu >= 0 && cpu < PLACE_CPUS && set->bits[cpu / 64] >> (cpu % 64) & 1u;
}

void cpus_put(cpus *set, int cpu) {
    if (cpu >= 0 && cpu < PLACE_CPUS)
        set->bits[cpu / 64] |= (uint64_t)1 << (cpu % 64);
}

static void cpus_unite(cpus *set, const cpus *more) {
    for (size_t k = 0; k < PLACE_CPUS / 64; k++)
        set->bits[k] |= more->bits[k];
}

int cpus_count(const cpus *set) {
    int n = 0;
    for (size_t k = 0; k < PLACE_CPUS / 64; k++)
        n += __builtin_popcountll(set->bits[k]);
    return n;
}

void cpus_text(const cpus *set, char text[PLACE_TEXT]) {
    size_t used = 0;
    text[0] = '\0';
    for (int first = 0; first < PLACE_CPUS; first++) {
        if (!cpus_has(set, first))
            continue;
        int last = first;
        while (last + 1 < PLACE_CPUS && cpus_has(set, last + 1))
            last++;
        char run[24];
        int n = snprintf(run, sizeof run, last > first ? "%s%d-%d" : "%s%d", used ? "," : "", first,
                         last);
        if (used + (size_t)n + strlen(",...") >= PLACE_TEXT) {
            memcpy(text + used, ",...", sizeof ",...");
            return;
        }
        memcpy(text + used, run, (size_t)n + 1);
        used += (size_t)n;
        first = last;
    }
}

// The mask of a process or thread (0: the caller). Empty when the system does not tell.
static cpus mask_of(pid_t process) {
    cpus set = {{0}};
    cpu_set_t *mask = CPU_ALLOC(PLACE_CPUS);
    size_t nbytes = CPU_ALLOC_SIZE(PLACE_CPUS);
    if (mask && sched_getaffinity(process, nbytes, mask) == 0)
        for (int cpu = 0; cpu < PLACE_CPUS; cpu++)
            if (CPU_ISSET_S((size_t)cpu, nbytes, mask))
                cpus_put(&set, cpu);
    CPU_FREE(mask);
    return set;
}

// With OMP_PROC_BIND or OMP_PLACES the runtime has bound the first thread already, to one place;
// the process may use all places.
cpus cpus_allowed(void) {
    cpus set = {{0}};
    for (int place = 0; place < omp_get_num_places(); place++) {
        int n = omp_get_place_num_procs(place);
        int *procs = n > 0 ? malloc((size_t)n * sizeof *procs) : NULL;
        if (procs)
            omp_get_place_proc_ids(place, procs);
        for (int k = 0; procs && k < n; k++)
            cpus_put(&set, procs[k]);
        free(procs);
    }
    return cpus_count(&set) ? set : mask_of(0);
}

int cpus_online(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

// A core is known by the first of its CPUs, used or not.
int cpus_cores(const cpus *set) {
    cpus firsts = {{0}};
    for (int cpu = 0; cpu < PLACE_CPUS; cpu++) {
        char path[100], line[80];
        int first = cpu;
        if (!cpus_has(set, cpu))
            continue;
        (void)snprintf(path, sizeof path,
                       "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
        if (!read_line(path, line, sizeof line) || sscanf(line, "%d", &first) != 1)
            first = cpu;
        cpus_put(&firsts, first);
    }
    return cpus_count(&firsts);
}

void cpus_unbind(void) {
    const cpus set = cpus_allowed();
    cpu_set_t *mask = CPU_ALLOC(PLACE_CPUS);
    size_t nbytes = CPU_ALLOC_SIZE(PLACE_CPUS);
    if (mask) {
        CPU_ZERO_S(nbytes, mask);
        for (int cpu = 0; cpu < PLACE_CPUS; cpu++)
            if (cpus_has(&set, cpu))
                CPU_SET_S((size_t)cpu, nbytes, mask);
        (void)sched_setaffinity(0, nbytes, mask); // refused: it stays as it is
    }
    CPU_FREE(mask);
}

// ---- Control groups -----------------------------------------------------------------------------

// The grant of one group, in CPUs: version 2 has "quota period" or "max period" in one file,
// version 1 has two files and -1 for no limit.
static double group_quota(bool version2, const char *group) {
    char path[600], line[80];
    double quota = 0, period = 0;
    if (version2) {
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        if (!read_line(path, line, sizeof line) || sscanf(line, "%lf %lf", &quota, &period) != 2)
            return 0;
    } else {
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
        if (!read_line(path, line, sizeof line) || sscanf(line, "%lf", &quota) != 1)
            return 0;
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
        if (!read_line(path, line, sizeof line) || sscanf(line, "%lf", &period) != 1)
            return 0;
    }
    return quota > 0 && period > 0 ? quota / period : 0;
}

// The least of what our group and those around it grant. Inside of a container the path in
// /proc/self/cgroup may be the host's; the walk up ends at the container's own group.
double cpus_quota(void) {
    FILE *file = fopen("/proc/self/cgroup", "r");
    char line[600];
    double least = 0;
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        bool version2 = controllers[1] == '\0';
        if (!version2 && strcmp(controllers, ":cpu") != 0 && !strstr(controllers, ":cpu,") &&
            !strstr(controllers, ",cpu,"))
            continue;
        for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
            *end = '\0';
            double quota = group_quota(version2, group);
            if (quota > 0 && (least <= 0 || quota < least))
                least = quota;
        }
    }
    if (file)
        (void)fclose(file);
    return least;
}

// ---- Threads ------------------------------------------------------------------------------------

void place_look(rank_place *mine) {
    *mine = (rank_place){.nthreads = 0};
    (void)gethostname(mine->host, sizeof mine->host - 1);
    cpus may = cpus_allowed();
    mine->ncpus = cpus_count(&may);
    cpus_text(&may, mine->may);
    int nthreads = 0;
#pragma omp parallel default(none) shared(mine, nthreads)
    {
        int thread = omp_get_thread_num();
        cpus set = mask_of(0);
        if (thread < PLACE_THREADS) {
            mine->threads[thread].cpu = sched_getcpu();
            mine->threads[thread].place = omp_get_place_num();
            cpus_text(&set, mine->threads[thread].may);
        }
#pragma omp atomic
        nthreads++;
    }
    mine->nthreads = nthreads;
}

// ---- Advice -------------------------------------------------------------------------------------

// What rank 0 needs to know of each.
typedef struct claim {
    char host[64];
    int nthreads;
    double quota;
    cpus own;    // what the rank may use
    cpus around; // what it could use without its binding: that of the process that started it
} claim;

typedef struct demand {
    int nranks, nworkers, ncpus; // of a host
    cpus own;
    int tight; // a rank with fewer CPUs than threads, -1 none
} demand;

static demand demand_of(const claim *claims, int nranks, const char *host) {
    demand d = {.tight = -1};
    cpus everywhere = {{0}};
    double quota = 0;
    for (int rank = 0; rank < nranks; rank++) {
        const claim *c = &claims[rank];
        if (strcmp(c->host, host) != 0)
            continue;
        d.nranks++;
        d.nworkers += c->nthreads;
        cpus_unite(&d.own, &c->own);
        cpus_unite(&everywhere, &c->own);
        cpus_unite(&everywhere, &c->around);
        quota = c->quota;
        if (d.tight < 0 && cpus_count(&c->own) < c->nthreads)
            d.tight = rank;
    }
    d.ncpus = cpus_count(&everywhere);
    if (quota > 0 && ceil(quota) < d.ncpus)
        d.ncpus = (int)ceil(quota);
    return d;
}

static const char *plural(int n) {
    return n == 1 ? "" : "s";
}

// More workers than CPUs on a host: they take turns, whatever the binding.
static void say_crowd(const world *all, const claim *c, const demand *d, char *text) {
    char host[80] = "";
    if (d->nranks < all->nranks)
        (void)snprintf(host, sizeof host, " on %s", c->host);
    int each = d->ncpus / d->nranks;
    if (d->nranks == 1)
        (void)snprintf(text, PLACE_ADVICE,
                       "%d threads%s share %d CPU%s; use -t %d or OMP_NUM_THREADS=%d", d->nworkers,
                       host, d->ncpus, plural(d->ncpus), d->ncpus, d->ncpus);
    else if (each >= 1)
        (void)snprintf(text, PLACE_ADVICE,
                       "%d ranks x %d threads%s share %d CPUs; use -t %d or OMP_NUM_THREADS=%d",
                       d->nranks, c->nthreads, host, d->ncpus, each, each);
    else
        (void)snprintf(
            text, PLACE_ADVICE,
            "%d ranks x %d thread%s%s share %d CPU%s and wait for each other; use at most %d "
            "rank%s a host (mpirun -n) with -t 1",
            d->nranks, c->nthreads, plural(c->nthreads), host, d->ncpus, plural(d->ncpus), d->ncpus,
            plural(d->ncpus));
}

// CPUs enough, but not allowed to be used.
static void say_bound(const claim *claims, const demand *d, int first, char *text) {
    const claim *c = &claims[d->tight >= 0 ? d->tight : first];
    int rank = (int)(c - claims), ncpus = cpus_count(&c->own);
    char may[PLACE_TEXT];
    cpus_text(&c->own, may);
    if (omp_get_num_places() > 0 && d->nranks == 1 && launcher_rank() < 0)
        (void)snprintf(text, PLACE_ADVICE,
                       "OMP_PLACES leaves %d CPU%s (%s) to %d threads; unset it, or use -t %d",
                       ncpus, plural(ncpus), may, c->nthreads, ncpus);
    else if (launcher_rank() < 0)
        (void)snprintf(
            text, PLACE_ADVICE,
            "this process may use %d CPU%s (%s) but runs %d threads; start it without taskset, or "
            "use -t %d",
            ncpus, plural(ncpus), may, c->nthreads, ncpus);
    else if (d->tight >= 0)
        (void)snprintf(
            text, PLACE_ADVICE,
            "rank %d may use %d CPU%s (%s) but runs %d threads; add `--bind-to none` or `--map-by "
            "slot:pe=%d --bind-to core` to mpirun (-c %d to srun), or use -t %d",
            rank, ncpus, plural(ncpus), may, c->nthreads, c->nthreads, c->nthreads, ncpus);
    else
        (void)snprintf(
            text, PLACE_ADVICE,
            "%d workers are bound to the same %d CPU%s; add `--bind-to none` to mpirun, so that "
            "they spread over the %d there are",
            d->nworkers, cpus_count(&d->own), plural(cpus_count(&d->own)), d->ncpus);
}

static bool say_first(const world *all, const claim *claims, char *text) {
    for (int rank = 0; rank < all->nranks; rank++) {
        demand d = demand_of(claims, all->nranks, claims[rank].host);
        if (d.nworkers > d.ncpus) {
            say_crowd(all, &claims[rank], &d, text);
            return true;
        }
        if (d.tight >= 0 || d.nworkers > cpus_count(&d.own)) {
            say_bound(claims, &d, rank, text);
            return true;
        }
    }
    return false;
}

bool place_trouble(const world *all, int nthreads, char text[PLACE_ADVICE]) {
    claim mine = {.nthreads = nthreads, .quota = cpus_quota(), .own = cpus_allowed()};
    (void)gethostname(mine.host, sizeof mine.host - 1);
    mine.around = mask_of(getppid() > 0 ? getppid() : 0);
    claim *claims = all->rank == 0 ? calloc((size_t)all->nranks, sizeof *claims) : NULL;
    bool lost = all->rank == 0 && !claims;
    if (world_agree(all, lost ? PPX_E_MEMORY : PPX_OK, NULL) == PPX_OK)
        world_gather(all, &mine, sizeof mine, claims);
    bool trouble = claims && say_first(all, claims, text);
    free(claims);
    return trouble;
}

void place_warnings(const world *all, int nthreads) {
    char text[PLACE_ADVICE];
    if (place_trouble(all, nthreads, text))
        warn(all, "%s", text);
}
