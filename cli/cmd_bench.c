// cmd_bench.c: parpix bench: how fast are chains, how sure is that, and was the result right.
//
// Samples of all chains are taken in turns, in random order, until the 95 % interval of each median
// is within 2 %. A sample is the time of the slowest rank after a barrier. `copy` is always among
// the chains: it is what memory allows. Input pages are first touched by the workers that will read
// them, and freed pages are kept, so that a sample is the kernel and not the system's page faults.
// After that each chain runs once more with its workers noting what they do, and serially, and no
// figure is shown for one whose checksum differs.
#include <malloc.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "named.h"
#include "pictures.h"

// ---- Input --------------------------------------------------------------------------------------

static ppx_status make_image(const bench_request *r, ppx_image *image, ppx_error *error) {
    if (r->input)
        return ppx_image_read(image, r->input, NULL, error);
    const ppx_shape shape = {r->width, r->height, r->channels, r->type};
    ppx_status status = ppx_image_create(image, shape, error);
    if (status)
        return status;
    if (r->type != PPX_U8 || r->channels != 1) {
        ppx_awkward_image(image, 1);
        return PPX_OK;
    }
    ppx_scene *scene;
    status = ppx_scene_create(&scene, "cells", r->width, r->height, 1, NULL, error);
    if (!status)
        ppx_scene_rows(scene, 0, image);
    ppx_scene_free(scene);
    return status;
}

// What is measured on: the runner, this rank's band, and the whole image on rank 0.
typedef struct setting {
    world *all;
    const ppx_runner *runner;
    ppx_image whole;
    ppx_band band;
    ppx_shape shape;
    double decode;
} setting;

// The second image of a chain: read at its first run, and handed out at the others, so that a
// sample is not the time of reading it.
typedef struct second {
    world *all;
    char path[4096];
    ppx_shape wanted;
    bool whole;
    ppx_band band;
} second;

static ppx_status hand_out(void *context, const char *path, ppx_shape wanted, bool whole,
                           ppx_band *band, ppx_error *error) {
    second *kept = context;
    ppx_status status = PPX_OK;
    if (strcmp(kept->path, path) != 0 || whole != kept->whole ||
        !ppx_shape_equal(wanted, kept->wanted)) {
        ppx_image_free(&kept->band.rows);
        (void)snprintf(kept->path, sizeof kept->path, "%s", path);
        kept->wanted = wanted;
        kept->whole = whole;
        status = named_image(kept->all, path, wanted, whole, &kept->band, error);
    }
    *band = kept->band;
    band->rows.own = NULL;
    return status;
}

// What became of one run.
typedef struct outcome {
    ppx_band out;
    double begun, seconds;
    ppx_run_times times;
} outcome;

static ppx_status run_once(const ppx_chain *chain, const ppx_runner *runner, const ppx_band *in,
                           second *kept, ppx_trace *trace, outcome *of, ppx_error *error) {
    const ppx_run_options how = {.load = hand_out, .load_context = kept, .trace = trace};
    *of = (outcome){.out = *in, .begun = seconds_now()};
    of->out.rows.own = NULL; // the input stays
    ppx_status status = ppx_run(chain, runner, &of->out, &how, &of->times, error);
    of->seconds = seconds_now() - of->begun;
    return status;
}

static ppx_status prepare(setting *s, const bench_request *r, ppx_error *error) {
    double start = seconds_now();
    ppx_status status = s->all->rank ? PPX_OK : make_image(r, &s->whole, error);
    s->decode = r->input ? seconds_now() - start : 0;
    s->shape = s->whole.shape;
    file_times as_file = {0};
    if (!status && r->files && !r->input && s->all->rank == 0) {
        status = file_times_measure(&s->whole, &as_file, error);
        s->decode = as_file.decode;
    }
    status = world_agree(s->all, status, error);
    if (!status)
        status = world_share(s->all, &s->shape, sizeof s->shape, error);
    ppx_image copy = {0};
    if (!status && s->all->rank == 0) {
        status = ppx_image_create(&copy, s->shape, error);
        if (!status)
            ppx_image_copy(&copy, &s->whole);
    }
    status = world_agree(s->all, status, error);
    ppx_band band = {0};
    if (!status)
        status = world_distribute(s->all, s->shape, &copy, &band, error);
    ppx_chain *chain = NULL;
    outcome copied = {.seconds = 0};
    if (!status)
        status = ppx_chain_parse(&chain, "copy", NULL, NULL, error);
    if (!status) // each row is now touched first by who will read it
        status = run_once(chain, s->runner, &band, NULL, NULL, &copied, error);
    s->band = copied.out;
    ppx_chain_free(chain);
    ppx_image_free(&band.rows);
    ppx_image_free(&copy);
    return status;
}

// ---- Samples ------------------------------------------------------------------------------------

// Seconds of the slowest rank, on rank 0.
static double slowest(const world *all, double mine, double *each) {
    world_gather(all, &mine, sizeof mine, each);
    double most = mine;
    for (int k = 0; all->rank == 0 && k < all->nranks; k++)
        most = each[k] > most ? each[k] : most;
    return most;
}

static ppx_status sample(const setting *s, const ppx_chain *chain, second *kept,
                         bench_result *result, double *each, ppx_error *error) {
    outcome of;
    (void)world_agree(s->all, PPX_OK, error); // all begin together
    ppx_status status = run_once(chain, s->runner, &s->band, kept, NULL, &of, error);
    if (status)
        return status;
    result->nbytes = of.times.nbytes;
    ppx_image_free(&of.out.rows);
    result->samples[result->n++] = slowest(s->all, of.seconds, each);
    return PPX_OK;
}

static statistic summarise(const bench_result *result) {
    static double sorted[BENCH_MOST_SAMPLES];
    memcpy(sorted, result->samples, result->n * sizeof *sorted);
    return statistic_of(sorted, result->n);
}

static bool wants_more(const bench_result *result, const bench_request *r) {
    double sum = 0;
    for (size_t k = 0; k < result->n; k++)
        sum += result->samples[k];
    if (result->n == 0)
        return true;
    if (result->n == BENCH_MOST_SAMPLES || sum >= r->max_time)
        return false;
    const statistic t = summarise(result);
    return sum < r->min_time || !t.sure || t.high - t.low > 0.02 * t.median;
}

// The number of a chain that wants more samples, any of them; -1: none does.
static int pick(const bench_record *record, const bench_request *r, uint64_t *state) {
    int wanting[BENCH_MOST_SPECS], n = 0;
    for (int k = 0; k < record->nresults; k++)
        if (wants_more(&record->results[k], r))
            wanting[n++] = k;
    *state = *state * 6364136223846793005u + 1442695040888963407u; // Knuth's MMIX
    return n ? wanting[(*state >> 33) % (uint64_t)n] : -1;
}

static ppx_status take_samples(const setting *s, const bench_request *r, ppx_chain *const *chains,
                               second *kept, bench_record *record, ppx_error *error) {
    double *each = calloc((size_t)s->all->nranks, sizeof *each);
    ppx_status status = each ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for samples");
    status = world_agree(s->all, status, error);
    for (int k = 0; !status && k < record->nresults; k++)
        for (int64_t turn = 0; !status && turn < r->warmup; turn++) {
            status = sample(s, chains[k], &kept[k], &record->results[k], each, error);
            record->results[k].n = 0;
        }
    uint64_t state = 1;
    for (int next = 0; !status && next >= 0;) {
        if (s->all->rank == 0)
            next = pick(record, r, &state);
        status = world_share(s->all, &next, sizeof next, error);
        if (!status && next >= 0)
            status = sample(s, chains[next], &kept[next], &record->results[next], each, error);
    }
    free(each);
    return status;
}

// ---- Where the time goes ------------------------------------------------------------------------

enum { TRIES = 3 };

// Runs with a trace until one took about as long as the median. Its times stay in *t, its slices in
// *trace; *spare has those of another try.
static ppx_status try_traced(const setting *s, const ppx_chain *chain, second *kept, double median,
                             ppx_trace **trace, ppx_trace **spare, timeline_rank *t,
                             ppx_error *error) {
    double *each = calloc((size_t)s->all->nranks, sizeof *each), nearest = HUGE_VAL;
    ppx_status status = each ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for samples");
    status = world_agree(s->all, status, error);
    for (int try = 0; !status && try < TRIES && nearest > 0.02 * median; try++) {
        outcome of;
        ppx_trace_clear(*spare);
        (void)world_agree(s->all, PPX_OK, error); // all begin together
        status = run_once(chain, s->runner, &s->band, kept, *spare, &of, error);
        if (status)
            break;
        ppx_image_free(&of.out.rows);
        double off = fabs(slowest(s->all, of.seconds, each) - median);
        status = world_share(s->all, &off, sizeof off, error); // one decision for all
        if (off >= nearest)
            continue;
        nearest = off;
        *t = (timeline_rank){.begun = of.begun,
                             .ended = of.begun + of.seconds,
                             .seconds = of.seconds,
                             .messages = of.times.exchange};
        ppx_trace *other = *trace;
        *trace = *spare;
        *spare = other;
    }
    free(each);
    return status;
}

static ppx_status watch(const setting *s, const ppx_chain *chain, second *kept, int nthreads,
                        bench_result *result, ppx_error *error) {
    ppx_trace *trace = NULL, *spare = NULL;
    double median = result->seconds.median;
    timeline_rank times = {.nworkers = 0};
    ppx_status status = ppx_trace_create(&trace, nthreads, TIMELINE_SLICES, error);
    if (!status)
        status = ppx_trace_create(&spare, nthreads, TIMELINE_SLICES, error);
    status = world_agree(s->all, status, error);
    if (!status)
        status = world_share(s->all, &median, sizeof median, error);
    if (!status)
        status = try_traced(s, chain, kept, median, &trace, &spare, &times, error);
    if (!status)
        status = timeline_gather(&result->where, s->all, &times, trace, error);
    ppx_trace_free(trace);
    ppx_trace_free(spare);
    return status;
}

// ---- The referee --------------------------------------------------------------------------------

// Once more on all workers, and serially on rank 0: the same checksum? `pictures` may be NULL.
static ppx_status check(const setting *s, const ppx_chain *chain, second *kept,
                        bench_result *result, json_t *pictures, size_t room, bool files,
                        ppx_error *error) {
    outcome of, alone = {.seconds = 0};
    ppx_image whole = {0};
    ppx_status status = run_once(chain, s->runner, &s->band, kept, NULL, &of, error);
    if (!status)
        status = world_collect(s->all, &of.out, &whole, error);
    if (!status && s->all->rank == 0) {
        world self = {.rank = 0, .nranks = 1};
        second whole_second = {.all = &self};
        const ppx_band in = ppx_band_whole(ppx_image_view(&s->whole, 0, s->shape.height));
        status = run_once(chain, &ppx_runner_serial, &in, &whole_second, NULL, &alone, error);
        ppx_image_free(&whole_second.band.rows);
        result->checksum = ppx_image_checksum(&whole);
        result->verified = !status && result->checksum == ppx_image_checksum(&alone.out.rows);
        result->seconds = summarise(result);
        if (!status && pictures)
            status = picture_add(pictures, chain, &alone.out.rows, &whole, result->verified, room,
                                 error);
        if (!status && files)
            status = file_times_measure(&whole, &result->files, error);
    }
    ppx_image_free(&alone.out.rows);
    ppx_image_free(&whole);
    return world_agree(s->all, status, error);
}

// ---- The command --------------------------------------------------------------------------------

static ppx_status report(const bench_record *record, const bench_request *r, const world *all,
                         ppx_error *error) {
    bench_print(record);
    ppx_status status = r->json ? bench_write_json(record, r, all, error) : PPX_OK;
    if (!status && r->trace)
        status = bench_write_trace(record, r, all, error);
    return !status && r->csv ? bench_write_csv(record, r, error) : status;
}

static ppx_status measure(const bench_request *r, setting *s, bench_record *record,
                          ppx_chain **chains, second *kept, ppx_error *error) {
    ppx_status status = PPX_OK;
    for (int k = 0; !status && k < r->nspecs; k++) {
        status = ppx_chain_parse(&chains[k], r->specs[k], named_text, s->all, error);
        record->results[k].spec = r->specs[k];
        record->results[k].text = (char *)(uintptr_t)(status ? "" : ppx_chain_text(chains[k]));
    }
    if (!status)
        status = prepare(s, r, error);
    ppx_shape out;
    for (int k = 0; !status && k < r->nspecs; k++)
        status = ppx_chain_shape(chains[k], s->shape, &out, error); // the same on all ranks
    record->shape = s->shape;
    record->decode = s->decode;
    run_context *c = &record->context;
    if (!status)
        status = bandwidth_measure(&c->memory, s->all, machine_last_caches(&c->here),
                                   c->nranks_here, error);
    context_begin(c);
    if (!status)
        status = take_samples(s, r, chains, kept, record, error);
    if (!status)
        status = context_end(c, s->all, error);
    bool shown = r->pictures && s->all->rank == 0;
    for (int k = 0; !status && k < r->nspecs; k++) {
        status =
            check(s, chains[k], &kept[k], &record->results[k],
                  shown && (k > 0 || r->nspecs == 1) ? record->pictures : NULL,
                  PICTURES_NBYTES / (size_t)(r->nspecs > 1 ? r->nspecs - 1 : 1), r->files, error);
        if (!status)
            status =
                watch(s, chains[k], &kept[k], (int)record->threads, &record->results[k], error);
    }
    return status;
}

static ppx_status bench(const bench_request *r, world *all, bool *right, ppx_error *error) {
    if (r->threads)
        omp_set_num_threads(r->threads);
    else if (all->nranks > 1 && !getenv("OMP_NUM_THREADS"))
        omp_set_num_threads(1);
    if (r->serial)
        omp_set_num_threads(1);
    omp_set_dynamic(0);
    ppx_memory_keep(true); // large blocks; the C library keeps the small ones
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, -1);
    world_deal(all, r->dealing);
    setting s = {.all = all,
                 .runner = world_runner(all, r->serial ? &ppx_runner_serial : &ppx_runner_omp)};
    ppx_chain *chains[BENCH_MOST_SPECS] = {NULL};
    bench_record record = {.nranks = all->nranks,
                           .threads = threads_delivered(),
                           .nresults = r->nspecs,
                           .pictures = json_array()};
    record.results = calloc((size_t)r->nspecs, sizeof *record.results);
    second *kept = calloc((size_t)r->nspecs, sizeof *kept);
    ppx_status status =
        record.results && kept ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for results");
    for (int k = 0; kept && k < r->nspecs; k++)
        kept[k].all = all;
    status = world_agree(all, status, error);
    if (!status)
        status = context_open(&record.context, all, r->threads, error);
    if (!status)
        status = measure(r, &s, &record, chains, kept, error);
    if (!status)
        status = world_agree(all, all->rank ? PPX_OK : report(&record, r, all, error), error);
    for (int k = 0; k < r->nspecs; k++) {
        *right = *right && record.results && (all->rank || record.results[k].verified);
        ppx_chain_free(chains[k]);
        if (kept)
            ppx_image_free(&kept[k].band.rows);
        if (record.results)
            timeline_free(&record.results[k].where);
    }
    context_close(&record.context);
    free(kept);
    ppx_image_free(&s.whole);
    ppx_image_free(&s.band.rows);
    free(record.results);
    json_decref(record.pictures);
    return status;
}

int cmd_bench(world *all, int argc, char **argv) {
    bench_request r = {
        .width = 2048, .height = 2048, .channels = 1, .warmup = 1, .min_time = 0.3, .max_time = 10};
    ppx_error error = {0};
    bool right = true;
    int code = bench_take(&r, all, argc, argv);
    if (code >= 0)
        return code;
    if (bench(&r, all, &right, &error))
        return complain(all, &error);
    return right ? EXIT_SAME : EXIT_DIFFERENT;
}
