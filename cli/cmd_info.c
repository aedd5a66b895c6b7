// cmd_info.c: parpix info: how this program was built, what the machine is, and where ranks and
// threads were put.
#define _GNU_SOURCE
#include <jansson.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "built.h"
#include "command.h"
#include "findings.h"
#include "launch.h"
#include "places.h"
#include "runtime.h"

static const option_help options[] = {
    {"threads", "N", 't', "threads in each rank, as for run"},
    {"json", NULL, 'j', "for machines, on stdout"},
};

// ---- For people ---------------------------------------------------------------------------------

static void print_build(void) {
    char schedule[40];
    printf("parpix %s\n", PPX_VERSION);
    printf("  compiler     %s, %s\n", built_compiler(), built_flags());
    printf("  commit       %s\n", built_commit() ? built_commit() : "not built from a checkout");
    printf("  SIMD         %s in use; this processor can", ppx_simd_name(ppx_simd_level()));
    for (int level = 0; level < ppx_simd_count(); level++)
        if (ppx_simd_usable(level))
            printf(" %s", ppx_simd_name(level));
    printf(" (PARPIX_SIMD selects)\n");
    printf("  OpenMP       %s, schedule %s\n", runtime_version(), runtime_schedule(schedule));
    char ranks[4096];
    bool beside = strcmp(world_library(), "none") == 0 && launch_program(ranks, sizeof ranks);
    printf("  MPI          %s%s\n", world_library(),
           beside ? " here; under mpirun parpix becomes parpix-mpi" : "");
    printf("  strips       %d rows\n", PPX_STRIP);
}

static void print_machine(const rank_place *first) {
    double quota = cpus_quota();
    printf("  CPUs         %d online, %d allowed (%s), ", cpus_online(), first->ncpus, first->may);
    if (quota > 0)
        printf("quota of %.4g\n", quota);
    else
        printf("no quota\n");
    const char *title = "environment";
    for (char **variable = environ; *variable; variable++)
        if (runtime_reads(*variable)) {
            printf("  %-12s %s\n", title, *variable);
            title = "";
        }
    if (*title)
        printf("  %-12s no OMP_* or PARPIX_* variables\n", title);
}

static void print_places(const rank_place *ranks, int nranks) {
    printf("\nrank  thread  on CPU  may use       OMP place  host\n");
    for (int rank = 0; rank < nranks; rank++) {
        const rank_place *r = &ranks[rank];
        for (int k = 0; k < r->nthreads && k < PLACE_THREADS; k++) {
            const thread_place *t = &r->threads[k];
            char place[16] = "-";
            if (t->place >= 0)
                (void)snprintf(place, sizeof place, "%d", t->place);
            printf("%4d  %6d  %6d  %-12s  %-9s  %s\n", rank, k, t->cpu, t->may, place, r->host);
        }
        if (r->nthreads > PLACE_THREADS)
            printf("%4d  and %d threads more\n", rank, r->nthreads - PLACE_THREADS);
    }
}

// ---- For machines -------------------------------------------------------------------------------

static json_t *rank_json(const rank_place *r) {
    json_t *threads = json_array();
    for (int k = 0; k < r->nthreads && k < PLACE_THREADS; k++)
        json_array_append_new(threads,
                              json_pack("{s:i, s:s, s:i}", "cpu", r->threads[k].cpu, "may_use",
                                        r->threads[k].may, "place", r->threads[k].place));
    return json_pack("{s:s, s:s, s:i, s:i, s:o}", "host", r->host, "may_use", r->may, "cpus",
                     r->ncpus, "nthreads", r->nthreads, "threads", threads);
}

static json_t *info_json(const rank_place *ranks, int nranks) {
    json_t *usable = json_array(), *environment = json_object(), *places = json_array();
    char schedule[40];
    for (int level = 0; level < ppx_simd_count(); level++)
        if (ppx_simd_usable(level))
            json_array_append_new(usable, json_string(ppx_simd_name(level)));
    for (char **variable = environ; *variable; variable++) {
        const char *equals = strchr(*variable, '=');
        char name[80];
        if (!equals || !runtime_reads(*variable))
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - *variable), *variable);
        json_object_set_new(environment, name, json_string(equals + 1));
    }
    for (int rank = 0; rank < nranks; rank++)
        json_array_append_new(places, rank_json(&ranks[rank]));
    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:s, s:o, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:f, s:o, s:i, s:o}",
        "parpix", PPX_VERSION, "compiler", built_compiler(), "flags", built_flags(), "commit",
        built_commit(), "simd", ppx_simd_name(ppx_simd_level()), "simd_usable", usable, "openmp",
        runtime_version(), "schedule", runtime_schedule(schedule), "mpi", world_library(), "strip",
        PPX_STRIP, "cpus_online", cpus_online(), "cpus_allowed", ranks[0].ncpus, "cpus",
        ranks[0].may, "cpu_quota", cpus_quota(), "environment", environment, "ranks", nranks,
        "places", places);
}

// ---- The command --------------------------------------------------------------------------------

static ppx_status report(const rank_place *ranks, int nranks, bool json, ppx_error *error) {
    if (!json) {
        print_build();
        print_machine(ranks);
        print_places(ranks, nranks);
        return PPX_OK;
    }
    json_t *text = info_json(ranks, nranks);
    ppx_status status =
        text ? json_write(text, "-", error) : ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    json_decref(text);
    return status;
}

static ppx_status info(const world *all, int64_t nthreads, bool json, ppx_error *error) {
    // As run does: ranks are expected to fill the machine by themselves.
    if (nthreads)
        omp_set_num_threads((int)nthreads);
    else if (all->nranks > 1 && !getenv("OMP_NUM_THREADS"))
        omp_set_num_threads(1);
    omp_set_dynamic(0);
    rank_place *mine = calloc(1, sizeof *mine);
    rank_place *ranks = all->rank == 0 ? calloc((size_t)all->nranks, sizeof *ranks) : NULL;
    ppx_status status = PPX_OK;
    if (!mine || (all->rank == 0 && !ranks))
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the places of ranks");
    status = world_agree(all, status, error);
    if (!status) {
        place_look(mine);
        world_gather(all, mine, sizeof *mine, ranks);
        place_warnings(all, mine->nthreads);
        status = all->rank == 0 ? report(ranks, all->nranks, json, error) : PPX_OK;
        status = world_agree(all, status, error);
    }
    free(mine);
    free(ranks);
    return status;
}

typedef struct request {
    bool json;
    int64_t nthreads;
} request;

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    request *r = asked;
    if (letter == 't')
        return parse_count("-t", optarg, 1, 4096, &r->nthreads, error);
    r->json = true;
    return PPX_OK;
}

int cmd_info(world *all, int argc, char **argv) {
    request r = {0};
    ppx_error error = {0};
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code >= 0)
        return code;
    if (optind < argc) {
        (void)ppx_fail(&error, PPX_E_USAGE, "info takes no operands, so \"%.80s\" is one too many",
                       argv[optind]);
        return complain(all, &error);
    }
    return info(all, r.nthreads, r.json, &error) ? complain(all, &error) : EXIT_SAME;
}
