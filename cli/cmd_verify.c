// cmd_verify.c: the referee. Every chain is run serially, and every other way must give the same
// bytes and the same findings: threads under several schedules, each instruction-set level, ranks,
// and ranks with threads inside. One line for each check; a check covers all images.
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/difference.h"
#include "command.h"
#include "findings.h"
#include "launch.h"
#include "named.h"
#include "verify.h"

static const option_help options[] = {
    {"threads", "LIST", 't', "thread counts (default 1,2,3)"},
    {"ranks", "LIST", 'r', "rank counts; mpirun is started for those above 1 (default 1,2,3)"},
    {"within", NULL, 256, "rank checks only, inside of a running mpirun"},
};

// One way of running a chain.
typedef struct way {
    const ppx_runner *runner; // inner
    int nranks, nthreads;
    omp_sched_t schedule;
    int chunk;
    const char *simd; // NULL: the level in use
    bool dealing;     // strips of maps, among ranks
    char name[60];
} way;

static const struct {
    const char *name;
    omp_sched_t schedule;
    int chunk;
} schedules[] = {
    {"static", omp_sched_static, 0},
    {"static,1", omp_sched_static, 1},
    {"dynamic,1", omp_sched_dynamic, 1},
    {"guided", omp_sched_guided, 1},
};

typedef struct outcome {
    ppx_image image;
    findings found;
} outcome;

static void outcome_free(outcome *o) {
    ppx_image_free(&o->image);
    findings_close(&o->found);
}

// The chain, and a copy of the image for it to consume.
static ppx_status prepare(const char *spec, const ppx_image *image, ppx_chain **chain,
                          ppx_image *copy, outcome *result, ppx_error *error) {
    *result = (outcome){0};
    *copy = (ppx_image){0};
    ppx_status status = ppx_chain_parse(chain, spec, NULL, NULL, error);
    if (!status)
        status = findings_open(&result->found, error);
    if (!status && image) {
        status = ppx_image_create(copy, image->shape, error);
        if (!status)
            ppx_image_copy(copy, image);
    }
    return status;
}

static ppx_status run_chain(const ppx_chain *chain, const ppx_runner *runner, ppx_band *band,
                            world *ranks, outcome *result, ppx_error *error) {
    ppx_run_options how = {.sink = &result->found.sink, .load = named_image, .load_context = ranks};
    return ppx_run(chain, runner, band, &how, NULL, error);
}

static ppx_status run_alone(const char *spec, const ppx_runner *runner, const ppx_image *image,
                            outcome *result, ppx_error *error) {
    ppx_chain *chain = NULL;
    ppx_image copy;
    ppx_status status = prepare(spec, image, &chain, &copy, result, error);
    if (!status) {
        ppx_band band = ppx_band_whole(copy);
        copy = (ppx_image){0};
        world self = {.rank = 0, .nranks = 1};
        status = run_chain(chain, runner, &band, &self, result, error);
        result->image = band.rows;
    }
    ppx_image_free(&copy);
    ppx_chain_free(chain);
    if (status)
        outcome_free(result);
    return status;
}

// All ranks take part; image and outcome are rank 0's.
static ppx_status run_ranks(const char *spec, const ppx_runner *inner, ppx_shape shape,
                            const ppx_image *image, world *ranks, outcome *result,
                            ppx_error *error) {
    ppx_chain *chain = NULL;
    ppx_image copy;
    ppx_band band = {0};
    ppx_status status = prepare(spec, ranks->rank ? NULL : image, &chain, &copy, result, error);
    status = world_agree(ranks, status, error);
    if (!status)
        status = world_distribute(ranks, shape, &copy, &band, error);
    if (!status)
        status = run_chain(chain, world_runner(ranks, inner), &band, ranks, result, error);
    if (!status)
        status = world_collect(ranks, &band, &result->image, error);
    ppx_image_free(&copy);
    ppx_chain_free(chain);
    if (status)
        outcome_free(result);
    return status;
}

static bool takes(const char *spec, ppx_shape shape) {
    ppx_chain *chain;
    ppx_shape out;
    bool good = !ppx_chain_parse(&chain, spec, NULL, NULL, NULL) &&
                !ppx_chain_shape(chain, shape, &out, NULL);
    ppx_chain_free(chain);
    return good;
}

static ppx_status describe(const outcome *got, const outcome *wanted, char *text, size_t room,
                           ppx_error *error) {
    if (!ppx_shape_equal(got->image.shape, wanted->image.shape)) {
        (void)snprintf(text, room, "the shapes differ");
        return PPX_OK;
    }
    ppx_difference d;
    ppx_status status = ppx_difference_find(&d, &got->image, &wanted->image, -1, error);
    if (status)
        return status;
    if (d.x < 0)
        (void)snprintf(text, room, "the pixels are equal, the findings are not");
    else
        (void)snprintf(text, room,
                       "%llu of %llu pixels differ; the first is (%td, %td) channel %d, in strip "
                       "%td: %.9g, serially %.9g",
                       (unsigned long long)d.ndiffering, (unsigned long long)d.npixels, d.x, d.y,
                       d.c, d.y / PPX_STRIP, d.a, d.b);
    ppx_difference_free(&d);
    return PPX_OK;
}

static ppx_status compare(const outcome *got, const outcome *wanted, const char *spec,
                          const char *image, const way *how, int *same, ppx_error *error) {
    char what[240];
    *same = ppx_image_equal(&got->image, &wanted->image) &&
            json_equal(got->found.json, wanted->found.json);
    if (*same)
        return PPX_OK;
    ppx_status status = describe(got, wanted, what, sizeof what, error);
    if (!status)
        (void)printf("FAIL  %s  %s, on %s: %s\n", spec, how->name, image, what);
    return status;
}

// One chain, one way, one image, against a serial run at the best level.
static ppx_status check_image(const char *spec, const char *name, const ppx_image *image,
                              world *ranks, const way *how, int *same, ppx_error *error) {
    outcome wanted = {0}, got = {0};
    ppx_status status = PPX_OK;
    if (ranks->rank == 0)
        status = run_alone(spec, &ppx_runner_serial, image, &wanted, error);
    if (how->nranks > 1)
        status = world_agree(ranks, status, error);
    const char *best = ppx_simd_name(ppx_simd_level());
    if (!status && how->simd)
        status = ppx_simd_select(how->simd, error);
    if (!status)
        status = how->nranks > 1
                     ? run_ranks(spec, how->runner, image->shape, image, ranks, &got, error)
                     : run_alone(spec, how->runner, image, &got, error);
    if (how->simd)
        (void)ppx_simd_select(best, NULL);
    if (!status && ranks->rank == 0)
        status = compare(&got, &wanted, spec, name, how, same, error);
    if (how->nranks > 1) {
        status = world_agree(ranks, status, error);
        if (!status)
            status = world_share(ranks, same, sizeof *same, error);
    }
    outcome_free(&wanted);
    outcome_free(&got);
    return status;
}

// One line: a chain, one way, all images that the chain takes.
static ppx_status check(const verify_plan *plan, const char *spec, world *ranks, const way *how,
                        verify_tally *tally, ppx_error *error) {
    int same = 1;
    size_t nimages = 0;
    ppx_status status = PPX_OK;
    omp_set_num_threads(how->nthreads);
    omp_set_schedule(how->schedule, how->chunk);
    world_deal(ranks, how->dealing);
    for (size_t k = 0; !status && same && k < verify_image_count(plan); k++) {
        ppx_image image;
        char name[200];
        verify_image_name(plan, k, name, sizeof name);
        status = verify_image(plan, k, &image, error);
        if (how->nranks > 1)
            status = world_agree(ranks, status, error);
        if (!status && takes(spec, image.shape)) {
            nimages++;
            status = check_image(spec, name, &image, ranks, how, &same, error);
        }
        ppx_image_free(&image);
    }
    if (status)
        return status;
    tally->checks += nimages > 0;
    tally->failed += !same;
    if (ranks->rank == 0 && nimages == 0)
        (void)printf("SKIP  %s  %s: it takes none of these images\n", spec, how->name);
    else if (ranks->rank == 0 && same)
        (void)printf("PASS  %s  %s, %zu image%s\n", spec, how->name, nimages,
                     nimages > 1 ? "s" : "");
    (void)fflush(stdout);
    return PPX_OK;
}

static ppx_status check_levels(const verify_plan *plan, const char *spec, world *all,
                               verify_tally *tally, ppx_error *error) {
    ppx_status status = PPX_OK;
    for (int level = 0; !status && level < ppx_simd_count(); level++) {
        if (!ppx_simd_usable(level) || level == ppx_simd_level())
            continue;
        way how = {&ppx_runner_serial, 1, 1, omp_sched_static, 0, ppx_simd_name(level), false, ""};
        (void)snprintf(how.name, sizeof how.name, "serial, %s", how.simd);
        status = check(plan, spec, all, &how, tally, error);
    }
    return status;
}

static ppx_status check_threads(const verify_plan *plan, const char *spec, world *all,
                                verify_tally *tally, ppx_error *error) {
    ppx_status status = PPX_OK;
    for (size_t t = 0; !status && t < plan->nthreads; t++)
        for (size_t s = 0; !status && s < sizeof schedules / sizeof *schedules; s++) {
            way how = {&ppx_runner_omp,
                       1,
                       plan->threads[t],
                       schedules[s].schedule,
                       schedules[s].chunk,
                       NULL,
                       false,
                       ""};
            (void)snprintf(how.name, sizeof how.name, "%d thread%s, %s", how.nthreads,
                           how.nthreads > 1 ? "s" : "", schedules[s].name);
            status = check(plan, spec, all, &how, tally, error);
        }
    return status;
}

// For one number of ranks: alone in their rank, and with threads inside (the first count above 1).
static ppx_status check_ranks(const verify_plan *plan, int nranks, world *all, verify_tally *tally,
                              ppx_error *error) {
    world part;
    ppx_status status = world_first(all, nranks, &part, error);
    int nthreads = 1;
    for (size_t t = plan->nthreads; t-- > 0;)
        nthreads = plan->threads[t] > 1 ? plan->threads[t] : nthreads;
    for (size_t k = 0; !status && part.rank >= 0 && k < plan->nspecs; k++) {
        way how = {&ppx_runner_serial, nranks, 1, omp_sched_static, 0, NULL, false, ""};
        (void)snprintf(how.name, sizeof how.name, "%d ranks", nranks);
        status = check(plan, plan->specs[k], &part, &how, tally, error);
        how.dealing = true;
        (void)snprintf(how.name, sizeof how.name, "%d ranks, strips dealt", nranks);
        if (!status)
            status = check(plan, plan->specs[k], &part, &how, tally, error);
        how.dealing = false;
        if (status || nthreads == 1)
            continue;
        how.runner = &ppx_runner_omp;
        how.nthreads = nthreads;
        (void)snprintf(how.name, sizeof how.name, "%d ranks x %d threads", nranks, nthreads);
        status = check(plan, plan->specs[k], &part, &how, tally, error);
    }
    world_free(&part);
    return world_agree(all, status, error);
}

static ppx_status verify(const verify_plan *plan, world *all, verify_tally *tally,
                         ppx_error *error) {
    ppx_status status = PPX_OK;
    bool ranks = false;
    for (size_t k = 0; k < plan->nranks; k++)
        ranks = ranks || plan->ranks[k] > 1;
    if (all->nranks == 1 && !plan->within) {
        for (size_t k = 0; !status && k < plan->nspecs; k++) {
            status = check_levels(plan, plan->specs[k], all, tally, error);
            if (!status)
                status = check_threads(plan, plan->specs[k], all, tally, error);
        }
        return status || !ranks ? status : verify_start_ranks(plan, tally, error);
    }
    for (size_t k = 0; !status && k < plan->nranks; k++) {
        if (plan->ranks[k] > all->nranks)
            return ppx_fail(error, PPX_E_USAGE, "--ranks %d, but mpirun started %d", plan->ranks[k],
                            all->nranks);
        if (plan->ranks[k] > 1)
            status = check_ranks(plan, plan->ranks[k], all, tally, error);
    }
    if (!status)
        status = world_share(all, tally, sizeof *tally, error); // the same exit code on all
    return status;
}

// Operands are chains and images: what is no chain but a file is an image.
static ppx_status take_operand(verify_plan *plan, char *word, ppx_error *error) {
    ppx_status status = verify_add_specs(plan, word, error);
    if (status != PPX_E_USAGE)
        return status;
    if (access(word, R_OK) == 0) {
        plan->inputs[plan->ninputs++] = word;
        return PPX_OK;
    }
    if (strcspn(word, ":+") == strlen(word) && strpbrk(word, "./"))
        return ppx_fail(error, PPX_E_INPUT, "%.300s: neither a chain nor an image that can be read",
                        word);
    return status;
}

static ppx_status take_option(void *request, int letter, ppx_error *error) {
    verify_plan *plan = request;
    if (letter == 't')
        return parse_counts("--threads", optarg, 1, 4096, plan->threads, VERIFY_MOST,
                            &plan->nthreads, error);
    if (letter == 'r')
        return parse_counts("--ranks", optarg, 1, 4096, plan->ranks, VERIFY_MOST, &plan->nranks,
                            error);
    plan->within = true;
    return PPX_OK;
}

// Ranks up to three where there are as many; without MPI none.
static void default_ranks(verify_plan *plan, const world *all) {
    char program[4096];
    int most = all->nranks > 1 && all->nranks < 3 ? all->nranks : 3;
    if (all->nranks == 1 && !launch_program(program, sizeof program)) {
        most = 1;
        warn(all, "no ranks are checked: there is no parpix-mpi beside this program");
    }
    for (int n = 1; n <= most; n++)
        plan->ranks[plan->nranks++] = n;
}

int cmd_verify(world *all, int argc, char **argv) {
    verify_plan plan = {.threads = {1, 2, 3}, .nthreads = 3};
    verify_tally tally = {0};
    ppx_error error = {0};
    ppx_status status = PPX_OK;
    int code = take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option,
                            &plan);
    if (code >= 0)
        return code;
    if (plan.nranks == 0)
        default_ranks(&plan, all);
    plan.inputs = calloc((size_t)argc, sizeof *plan.inputs);
    if (!plan.inputs)
        status = ppx_fail(&error, PPX_E_MEMORY, "no memory for a list of images");
    for (int k = optind; !status && k < argc; k++)
        status = take_operand(&plan, argv[k], &error);
    if (!status && plan.nspecs == 0)
        status = verify_add_specs(&plan, "all", &error);
    if (!status)
        status = verify(&plan, all, &tally, &error);
    if (!status && !plan.within && tally.checks == 0)
        status = ppx_fail(&error, PPX_E_USAGE, "nothing was checked: no chain takes these images");
    verify_free(&plan);
    free(plan.inputs);
    if (status)
        return complain(all, &error);
    if (all->rank == 0 && !plan.within)
        (void)printf("verify: %zu checks, %zu failed\n", tally.checks, tally.failed);
    return tally.failed ? EXIT_DIFFERENT : EXIT_SAME;
}
