// cmd_bench.c: parpix bench: how fast are chains, how sure is that, and was the result right.
//
// Samples of all chains are taken in turns, in random order, until the 95 % interval of each median
// is within 2 %. A sample is the time of the slowest rank after a barrier. `copy` is always among
// the chains: it is what memory allows. Input pages are first touched by the workers that will read
// them, and freed pages are kept, so that a sample is the kernel and not the system's page faults.
// After that each chain runs serially, too, and no figure is shown for one whose checksum differs.
#include <malloc.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "named.h"
#include "places.h"

enum { MIN_TIME = 256, MAX_TIME, WARMUP, CLASS, TYPE, CHANNELS, CSV };

static const option_help options[] = {
    {"threads", "N", 't', "threads in each rank, as for run"},
    {"size", "WxH", 's', "of an image that is made: cells, or noise if not u8 gray (2048x2048)"},
    {"class", "LETTER", CLASS, "S, W, A, B or C: 512, 2048, 8192, 16384 or 32768 squared"},
    {"type", "NAME", TYPE, "u8, u16 or f32 (default u8)"},
    {"channels", "N", CHANNELS, "1 to 4 (default 1)"},
    {"warmup", "N", WARMUP, "runs before the first sample (default 1)"},
    {"min-time", "S", MIN_TIME, "seconds of samples for each chain at least (default 0.3)"},
    {"max-time", "S", MAX_TIME, "and at most (default 10)"},
    {"json", "FILE", 'j', "all samples, for machines"},
    {"csv", "FILE", CSV, "a row for each chain"},
};

// ---- Options ------------------------------------------------------------------------------------

static ppx_status take_class(bench_request *r, const char *text, ppx_error *error) {
    static const ptrdiff_t sides[] = {512, 2048, 8192, 16384, 32768};
    static const char letters[] = "SWABC";
    const char *letter = strlen(text) == 1 ? strchr(letters, *text) : NULL;
    if (!letter)
        return ppx_fail(error, PPX_E_USAGE, "--class %.20s: it is S, W, A, B or C", text);
    r->width = r->height = sides[letter - letters];
    return PPX_OK;
}

static ppx_status take_type(bench_request *r, const char *text, ppx_error *error) {
    for (int t = 0; t < PPX_NTYPES; t++)
        if (t != PPX_U32 && strcmp(text, ppx_type_name((ppx_type)t)) == 0) {
            r->type = (ppx_type)t;
            return PPX_OK;
        }
    return ppx_fail(error, PPX_E_USAGE, "--type %.20s: it is u8, u16 or f32", text);
}

static ppx_status take_seconds(const char *what, double *seconds, ppx_error *error) {
    if (ppx_parse_real(optarg, seconds) && *seconds >= 0 && *seconds <= 86400)
        return PPX_OK;
    return ppx_fail(error, PPX_E_USAGE, "%s %.40s: seconds are 0 to 86400", what, optarg);
}

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    bench_request *r = asked;
    int64_t n = 0;
    ppx_status status = PPX_OK;
    switch (letter) {
    case 't':
        status = parse_count("-t", optarg, 1, 4096, &n, error);
        r->threads = (int)n;
        return status;
    case 's':
        return parse_size(optarg, &r->width, &r->height, error);
    case CLASS:
        return take_class(r, optarg, error);
    case TYPE:
        return take_type(r, optarg, error);
    case CHANNELS:
        status = parse_count("--channels", optarg, 1, PPX_MAX_CHANNELS, &n, error);
        r->channels = (int)n;
        return status;
    case WARMUP:
        return parse_count("--warmup", optarg, 0, 1000, &r->warmup, error);
    case MIN_TIME:
        return take_seconds("--min-time", &r->min_time, error);
    case MAX_TIME:
        return take_seconds("--max-time", &r->max_time, error);
    case 'j':
        r->json = optarg;
        return PPX_OK;
    default:
        r->csv = optarg;
        return PPX_OK;
    }
}

// Chains, and at most one file.
static ppx_status take_operands(bench_request *r, int n, char **words, ppx_error *error) {
    r->specs[r->nspecs++] = "copy";
    for (int k = 0; k < n; k++) {
        bool is_file = access(words[k], F_OK) == 0;
        if (is_file && r->input)
            return ppx_fail(error, PPX_E_USAGE, "bench takes one image, so %.200s is one too many",
                            words[k]);
        if (is_file)
            r->input = words[k];
        else if (strcmp(words[k], "copy") == 0)
            continue; // it is there
        else if (r->nspecs == BENCH_MOST_SPECS)
            return ppx_fail(error, PPX_E_USAGE, "bench takes %d chains at a time",
                            BENCH_MOST_SPECS - 1);
        else
            r->specs[r->nspecs++] = words[k];
    }
    if (n == 0)
        return ppx_fail(error, PPX_E_USAGE,
                        "bench takes chains: parpix bench gaussian:sigma=2 median:radius=2 -t 2");
    return PPX_OK;
}

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

static ppx_status run_once(const ppx_chain *chain, const ppx_runner *runner, const ppx_band *in,
                           second *kept, ppx_band *out, double *seconds, ppx_error *error) {
    const ppx_run_options how = {.load = hand_out, .load_context = kept};
    *out = *in;
    out->rows.own = NULL; // the input stays
    double start = seconds_now();
    ppx_status status = ppx_run(chain, runner, out, &how, NULL, error);
    *seconds = seconds_now() - start;
    return status;
}

static ppx_status prepare(setting *s, const bench_request *r, ppx_error *error) {
    ppx_status status = s->all->rank ? PPX_OK : make_image(r, &s->whole, error);
    s->shape = s->whole.shape;
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
    double seconds;
    if (!status)
        status = ppx_chain_parse(&chain, "copy", NULL, NULL, error);
    if (!status) // each row is now touched first by who will read it
        status = run_once(chain, s->runner, &band, NULL, &s->band, &seconds, error);
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
    ppx_band out;
    double seconds;
    (void)world_agree(s->all, PPX_OK, error); // all begin together
    ppx_status status = run_once(chain, s->runner, &s->band, kept, &out, &seconds, error);
    if (status)
        return status;
    result->nbytes = (double)ppx_shape_row_nbytes(out.rows.shape) * (double)out.height +
                     (double)ppx_shape_row_nbytes(s->shape) * (double)s->shape.height;
    ppx_image_free(&out.rows);
    result->samples[result->n++] = slowest(s->all, seconds, each);
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

// ---- The referee --------------------------------------------------------------------------------

// Once more on all workers, and serially on rank 0: the same checksum?
static ppx_status check(const setting *s, const ppx_chain *chain, second *kept,
                        bench_result *result, ppx_error *error) {
    ppx_band out, alone = {0};
    ppx_image whole = {0};
    double seconds;
    ppx_status status = run_once(chain, s->runner, &s->band, kept, &out, &seconds, error);
    if (!status)
        status = world_collect(s->all, &out, &whole, error);
    if (!status && s->all->rank == 0) {
        world self = {.rank = 0, .nranks = 1};
        second whole_second = {.all = &self};
        const ppx_band in = ppx_band_whole(ppx_image_view(&s->whole, 0, s->shape.height));
        status = run_once(chain, &ppx_runner_serial, &in, &whole_second, &alone, &seconds, error);
        ppx_image_free(&whole_second.band.rows);
        result->checksum = ppx_image_checksum(&whole);
        result->verified = !status && result->checksum == ppx_image_checksum(&alone.rows);
        result->seconds = summarise(result);
    }
    ppx_image_free(&alone.rows);
    ppx_image_free(&whole);
    return world_agree(s->all, status, error);
}

// ---- The command --------------------------------------------------------------------------------

static ppx_status report(const bench_record *record, const bench_request *r, ppx_error *error) {
    bench_print(record);
    ppx_status status = r->json ? bench_write_json(record, r, error) : PPX_OK;
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
    if (!status)
        status = take_samples(s, r, chains, kept, record, error);
    for (int k = 0; !status && k < r->nspecs; k++)
        status = check(s, chains[k], &kept[k], &record->results[k], error);
    return status;
}

static ppx_status bench(const bench_request *r, world *all, bool *right, ppx_error *error) {
    if (r->threads)
        omp_set_num_threads(r->threads);
    else if (all->nranks > 1 && !getenv("OMP_NUM_THREADS"))
        omp_set_num_threads(1);
    omp_set_dynamic(0);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30); // freed pages are kept
    (void)mallopt(M_TRIM_THRESHOLD, -1);
    setting s = {.all = all, .runner = world_runner(all, &ppx_runner_omp)};
    ppx_chain *chains[BENCH_MOST_SPECS] = {NULL};
    bench_record record = {
        .nranks = all->nranks, .threads = threads_delivered(), .nresults = r->nspecs};
    place_warnings(all, (int)record.threads);
    record.results = calloc((size_t)r->nspecs, sizeof *record.results);
    second *kept = calloc((size_t)r->nspecs, sizeof *kept);
    ppx_status status =
        record.results && kept ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for results");
    for (int k = 0; kept && k < r->nspecs; k++)
        kept[k].all = all;
    status = world_agree(all, status, error);
    if (!status)
        status = measure(r, &s, &record, chains, kept, error);
    if (!status)
        status = world_agree(all, all->rank ? PPX_OK : report(&record, r, error), error);
    for (int k = 0; k < r->nspecs; k++) {
        *right = *right && record.results && (all->rank || record.results[k].verified);
        ppx_chain_free(chains[k]);
        if (kept)
            ppx_image_free(&kept[k].band.rows);
    }
    free(kept);
    ppx_image_free(&s.whole);
    ppx_image_free(&s.band.rows);
    free(record.results);
    return status;
}

int cmd_bench(world *all, int argc, char **argv) {
    bench_request r = {
        .width = 2048, .height = 2048, .channels = 1, .warmup = 1, .min_time = 0.3, .max_time = 10};
    ppx_error error = {0};
    bool right = true;
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code >= 0)
        return code;
    if (take_operands(&r, argc - optind, argv + optind, &error) || bench(&r, all, &right, &error))
        return complain(all, &error);
    return right ? EXIT_SAME : EXIT_DIFFERENT;
}
