// context.c: under what circumstances something was measured.
#define _GNU_SOURCE
#include "context.h"

#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "built.h"
#include "command.h"
#include "runtime.h"

// ---- Marks --------------------------------------------------------------------------------------

void context_mark(run_context *c, const world *all, const char *format, ...) {
    if (all->rank != 0)
        return;
    char text[PLACE_ADVICE + 100];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)json_array_append_new(c->marks, json_string(text));
    warn(all, "%s", text);
}

static int asked_threads(const world *all, int nthreads) {
    const char *variable = getenv("OMP_NUM_THREADS");
    long n = variable ? strtol(variable, NULL, 10) : 0;
    if (nthreads)
        return nthreads;
    if (n > 0 && n <= 4096)
        return (int)n;
    return all->nranks > 1 ? 1 : omp_get_max_threads();
}

// The first CPU of a host to which two threads are bound, with the second of them; false: none. A
// thread that may run on more CPUs can move away.
static bool shared_cpu(const run_context *c, int nranks, const char *host, int *rank, int *thread) {
    cpus taken = {{0}};
    for (int r = 0; r < nranks; r++) {
        const rank_place *place = &c->places[r];
        for (int k = 0; k < place->nthreads && k < PLACE_THREADS; k++) {
            char *end;
            int cpu = (int)strtol(place->threads[k].may, &end, 10);
            if (strcmp(place->host, host) != 0 || *end || end == place->threads[k].may)
                continue;
            if (cpus_has(&taken, cpu)) {
                *rank = r;
                *thread = k;
                return true;
            }
            cpus_put(&taken, cpu);
        }
    }
    return false;
}

static void mark_shared_cpu(run_context *c, const world *all) {
    int rank, thread;
    for (int r = 0; r < all->nranks; r++)
        if (shared_cpu(c, all->nranks, c->places[r].host, &rank, &thread)) {
            context_mark(c, all,
                         "rank %d thread %d is bound to CPU %s of %s, and so is another thread; "
                         "use OMP_PROC_BIND=close, or `--bind-to none` with mpirun",
                         rank, thread, c->places[rank].threads[thread].may, c->places[r].host);
            return;
        }
}

static void mark_places(run_context *c, const world *all) {
    const rank_place *fewest = &c->places[0];
    for (int r = 1; r < all->nranks; r++)
        if (c->places[r].nthreads < fewest->nthreads)
            fewest = &c->places[r];
    c->delivered = fewest->nthreads;
    if (c->delivered < c->asked)
        context_mark(c, all,
                     "%d threads were asked for and rank %d got %d; look at OMP_THREAD_LIMIT and "
                     "the limits of the system (ulimit -u)",
                     c->asked, (int)(fewest - c->places), c->delivered);
}

// ---- Who else used our CPUs ---------------------------------------------------------------------

static double used_by_us(void) {
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + 1e-6 * (double)u.ru_utime.tv_usec +
           (double)u.ru_stime.tv_sec + 1e-6 * (double)u.ru_stime.tv_usec;
}

void context_begin(run_context *c) {
    c->begun = seconds_now();
    c->used = used_by_us();
    c->spent = machine_spent(&c->may);
}

typedef struct claim_of_use {
    char host[64], may[PLACE_TEXT];
    int ncpus;
    double seconds, used, spent;
} claim_of_use;

// Ranks that may use the same CPUs count as one: what was spent there less what they used.
static void mark_busy(run_context *c, const world *all, const claim_of_use *uses) {
    for (int r = 0; r < all->nranks; r++) {
        const claim_of_use *u = &uses[r];
        double used = 0;
        for (int k = 0; k < all->nranks; k++)
            if (strcmp(uses[k].host, u->host) == 0 && strcmp(uses[k].may, u->may) == 0)
                used += uses[k].used;
        double others = u->spent - used;
        // Ticks are 10 ms: less than some of them says nothing.
        if (u->spent < 0 || others < 0.05 + 0.1 * u->ncpus * u->seconds)
            continue;
        context_mark(c, all,
                     "%s is busy: others used %.1f of the %d CPU%s (%s) meanwhile; repeat it when "
                     "they are idle",
                     u->host, others / u->seconds, u->ncpus, u->ncpus == 1 ? "" : "s", u->may);
        return;
    }
}

ppx_status context_end(run_context *c, const world *all, ppx_error *error) {
    claim_of_use mine = {.ncpus = cpus_count(&c->may),
                         .seconds = seconds_now() - c->begun,
                         .used = used_by_us() - c->used,
                         .spent = machine_spent(&c->may)};
    mine.spent -= mine.spent < 0 ? 0 : c->spent;
    (void)gethostname(mine.host, sizeof mine.host - 1);
    cpus_text(&c->may, mine.may);
    claim_of_use *uses = all->rank ? NULL : calloc((size_t)all->nranks, sizeof *uses);
    ppx_status status = PPX_OK;
    if (all->rank == 0 && !uses)
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the use of CPUs");
    status = world_agree(all, status, error);
    if (!status) {
        world_gather(all, &mine, sizeof mine, uses);
        if (uses)
            mark_busy(c, all, uses);
    }
    free(uses);
    return status;
}

// ---- Opening ------------------------------------------------------------------------------------

static ppx_status gather_places(run_context *c, const world *all, ppx_error *error) {
    rank_place *mine = calloc(1, sizeof *mine);
    char(*hosts)[64] = calloc((size_t)all->nranks, sizeof *hosts);
    ppx_status status = PPX_OK;
    if (all->rank == 0) {
        c->marks = json_array();
        c->places = calloc((size_t)all->nranks, sizeof *c->places);
    }
    if (!mine || !hosts || (all->rank == 0 && (!c->marks || !c->places)))
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the places of ranks");
    status = world_agree(all, status, error);
    if (!status) {
        place_look(mine);
        world_gather(all, mine, sizeof *mine, c->places);
        for (int r = 0; all->rank == 0 && r < all->nranks; r++)
            memcpy(hosts[r], c->places[r].host, sizeof *hosts);
        status = world_share(all, hosts, (size_t)all->nranks * sizeof *hosts, error);
        for (int r = 0; r < all->nranks; r++)
            c->nranks_here += strcmp(hosts[r], mine->host) == 0;
    }
    free(mine);
    free(hosts);
    return status;
}

ppx_status context_open(run_context *c, const world *all, int nthreads, ppx_error *error) {
    *c = (run_context){.asked = asked_threads(all, nthreads), .may = cpus_allowed()};
    time_t now = time(NULL);
    struct tm utc;
    (void)strftime(c->date, sizeof c->date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    machine_look(&c->here);
    ppx_status status = gather_places(c, all, error);
    if (status)
        return status;
    if (all->rank == 0)
        mark_places(c, all);
    char text[PLACE_ADVICE];
    if (place_trouble(all, threads_delivered(), text))
        context_mark(c, all, "%s", text);
    else if (all->rank == 0)
        mark_shared_cpu(c, all);
    return PPX_OK;
}

void context_close(run_context *c) {
    free(c->places);
    json_decref(c->marks);
    c->places = NULL;
    c->marks = NULL;
}

// ---- JSON ---------------------------------------------------------------------------------------

static json_t *caches_json(const machine *m) {
    json_t *array = json_array();
    for (int k = 0; k < m->ncaches; k++)
        (void)json_array_append_new(array, json_pack("{s:i, s:s, s:I, s:i}", "level",
                                                     m->caches[k].level, "type", m->caches[k].type,
                                                     "nbytes", (json_int_t)m->caches[k].nbytes,
                                                     "shared_by", m->caches[k].shared_by));
    return array;
}

// What is in force, and every variable that was set.
static json_t *omp_json(void) {
    char schedule[40];
    const char *places = getenv("OMP_PLACES"), *policy = getenv("OMP_WAIT_POLICY");
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s?}", "version", runtime_version(), "schedule",
                  runtime_schedule(schedule), "proc_bind", runtime_binding(), "places",
                  places ? places : "", "wait_policy", policy);
    for (char **variable = environ; *variable; variable++) {
        const char *equals = strchr(*variable, '=');
        char name[80];
        if (!equals || !runtime_reads(*variable))
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - *variable), *variable);
        (void)json_object_set_new(object, name, json_string(equals + 1));
    }
    return object;
}

static json_t *workers_json(const run_context *c, const world *all) {
    json_t *array = json_array();
    for (int r = 0; r < all->nranks; r++)
        for (int k = 0; k < c->places[r].nthreads && k < PLACE_THREADS; k++)
            (void)json_array_append_new(array, json_pack("{s:i, s:i, s:s, s:s}", "rank", r,
                                                         "thread", k, "host", c->places[r].host,
                                                         "cpus", c->places[r].threads[k].may));
    return array;
}

static json_t *cpusets_json(const run_context *c, const world *all) {
    json_t *array = json_array();
    for (int r = 0; r < all->nranks; r++)
        (void)json_array_append_new(array, json_string(c->places[r].may));
    return array;
}

static json_t *hosts_json(const run_context *c, const world *all) {
    json_t *object = json_object();
    for (int r = 0; r < all->nranks; r++) {
        json_int_t n = json_integer_value(json_object_get(object, c->places[r].host));
        (void)json_object_set_new(object, c->places[r].host, json_integer(n + 1));
    }
    return object;
}

static json_t *real_or_null(double value, bool known) {
    return known ? json_real(value) : json_null();
}

json_t *context_json(const run_context *c, const world *all) {
    const machine *m = &c->here;
    char cpuset[PLACE_TEXT], job[80];
    cpus_text(&c->may, cpuset);
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:o, s:i, s:s, s:s?}", "date", c->date, "host",
                               c->places[0].host, "cpu", m->model, "cpus", m->ncpus, "caches",
                               caches_json(m), "numa_nodes", m->numa_nodes, "cpuset", cpuset,
                               "governor", *m->governor ? m->governor : NULL);
    json_t *more = json_pack(
        "{s:o, s:o, s:s, s:s, s:s, s:s?, s:s, s:o, s:i, s:i, s:i, s:o, s:s?, s:o, s:o}",
        "quota_cpus", real_or_null(cpus_quota(), cpus_quota() > 0), "load",
        real_or_null(m->load, m->load >= 0), "compiler", built_compiler(), "flags", built_flags(),
        "simd", ppx_simd_name(ppx_simd_level()), "commit", built_commit(), "mpi", world_library(),
        "omp", omp_json(), "asked_threads", c->asked, "delivered_threads", c->delivered, "ranks",
        all->nranks, "ranks_per_node", hosts_json(c, all), "job", machine_job(job) ? job : NULL,
        "rank_cpusets", cpusets_json(c, all), "workers", workers_json(c, all));
    json_t *speed = json_pack("{s:o, s:s?, s:I, s:o}", "memory_gbyte_per_s",
                              real_or_null(c->memory.gbyte_per_s, c->memory.gbyte_per_s > 0),
                              "memory_measured_by", c->memory.how, "memory_measured_on_nbytes",
                              (json_int_t)c->memory.nbytes, "peak_gflop_per_s",
                              real_or_null(c->memory.gflop_per_s, c->memory.gflop_per_s > 0));
    bool whole = object && more && speed && json_object_update(object, more) == 0 &&
                 json_object_update(object, speed) == 0;
    json_decref(more);
    json_decref(speed);
    if (whole)
        return object;
    json_decref(object);
    return NULL;
}
