// report_read.c: records of `parpix bench` and `parpix sweep` become chains and their points.
//
// Nothing in a file is trusted: every value is looked at for its kind, a record that lacks what
// makes it one is refused with its file's name, and what may be missing may be missing.
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define BENCH "parpix.bench/1"
#define SWEEP "parpix.sweep/1"

double json_figure(const json_t *object, const char *key, double otherwise) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

int json_count(const json_t *object, const char *key) {
    double figure = json_figure(object, key, 0);
    return figure >= 0 && figure <= 1e9 ? (int)figure : 0;
}

const char *json_words(const json_t *object, const char *key, const char *otherwise) {
    const char *words = json_string_value(json_object_get(object, key));
    return words ? words : otherwise;
}

// ---- Files --------------------------------------------------------------------------------------

static ppx_status load(report_file *file, ppx_error *error) {
    json_error_t reason;
    bool is_input = strcmp(file->path, "-") == 0;
    file->json = is_input ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &reason)
                          : json_load_file(file->path, JSON_REJECT_DUPLICATES, &reason);
    char words[sizeof reason.text];
    plain_words(words, sizeof words, file->json ? "" : reason.text);
    if (!file->json && reason.line < 0)
        return ppx_fail(error, PPX_E_INPUT, "%.200s", words);
    if (!file->json)
        return ppx_fail(error, PPX_E_INPUT, "%.200s is not JSON: %s (line %d)", file->path, words,
                        reason.line);
    const char *schema = json_words(file->json, "schema", NULL);
    if (!schema)
        return ppx_fail(error, PPX_E_INPUT,
                        "%.200s has no \"schema\": report takes what `parpix bench --json` and "
                        "`parpix sweep --json` write",
                        file->path);
    plain_words(words, 41, schema);
    if (strcmp(schema, BENCH) != 0 && strcmp(schema, SWEEP) != 0)
        return ppx_fail(error, PPX_E_INPUT,
                        "%.200s has the schema \"%s\", which this version does not read; it "
                        "reads " BENCH " and " SWEEP,
                        file->path, words);
    return PPX_OK;
}

static bool is_sweep(const report_file *file) {
    return strcmp(json_words(file->json, "schema", ""), SWEEP) == 0;
}

static ppx_status load_all(report *r, char *const *paths, size_t npaths, ppx_error *error) {
    r->files = calloc(npaths, sizeof *r->files);
    if (!r->files)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for %zu files", npaths);
    ppx_status status = PPX_OK;
    for (size_t k = 0; !status && k < npaths; k++) {
        r->files[r->nfiles++].path = paths[k];
        status = load(&r->files[k], error);
        if (!status && is_sweep(&r->files[k]) != is_sweep(&r->files[0]))
            status = ppx_fail(error, PPX_E_INPUT,
                              "%.200s is of %s and %.200s of %s: a report is of one kind, so make "
                              "two",
                              paths[0], is_sweep(&r->files[0]) ? "sweep" : "bench", paths[k],
                              is_sweep(&r->files[k]) ? "sweep" : "bench");
    }
    return status;
}

// ---- Points -------------------------------------------------------------------------------------

static void *grow(void *items, size_t n, size_t nbytes) {
    // Room is doubled whenever it is a power of two that has been filled.
    return n & (n - 1) ? items : realloc(items, (n ? 2 * n : 1) * nbytes);
}

// Medians and intervals are made of the samples again, so that records of any version agree.
static bool take_samples(report_point *point, const json_t *result) {
    const json_t *list = json_object_get(result, "samples_s");
    size_t n = json_array_size(list);
    double *samples = n ? calloc(n, sizeof *samples) : NULL;
    bool good = samples != NULL;
    for (size_t k = 0; good && k < n; k++) {
        samples[k] = json_number_value(json_array_get(list, k));
        good = samples[k] > 0;
    }
    if (good)
        point->seconds = statistic_of(samples, n);
    free(samples);
    return good;
}

static bool take_point(report_point *point, const json_t *bench, const json_t *result) {
    double ranks = json_figure(bench, "ranks", 0), threads = json_figure(bench, "threads", 0);
    double width = json_figure(bench, "width", 0), height = json_figure(bench, "height", 0);
    const json_t *omp = json_object_get(json_object_get(bench, "context"), "omp");
    if (!(ranks >= 1 && threads >= 1 && ranks <= 1e6 && threads <= 1e5 && width >= 1 &&
          height >= 1) ||
        ranks * threads > 1e9)
        return false;
    *point = (report_point){.ranks = (int)ranks,
                            .threads = (int)threads,
                            .workers = (int)(ranks * threads),
                            .schedule = json_words(omp, "schedule", ""),
                            .command = "",
                            .verified = json_is_true(json_object_get(result, "verified")),
                            .pixels = width * height,
                            .bench = bench,
                            .result = result};
    double cpus = json_figure(json_object_get(bench, "context"), "cpus", 0);
    const json_t *nodes = json_object_get(json_object_get(bench, "context"), "ranks_per_node");
    point->oversubscribed = cpus > 0 && json_object_size(nodes) < 2 && point->workers > cpus;
    return !point->verified || take_samples(point, result);
}

static report_chain *find_chain(report *r, const char *name, const char *image,
                                const json_t *sweep) {
    bool weak = json_is_true(json_object_get(sweep, "weak"));
    for (size_t k = 0; k < r->nchains; k++) {
        report_chain *chain = &r->chains[k];
        if (strcmp(chain->name, name) == 0 && chain->weak == weak &&
            (weak ? chain->sweep == sweep : strcmp(chain->image, image) == 0))
            return chain;
    }
    report_chain *chains = grow(r->chains, r->nchains, sizeof *chains);
    if (!chains)
        return NULL;
    r->chains = chains;
    report_chain *chain = &chains[r->nchains++];
    *chain = (report_chain){.name = name, .weak = weak, .sweep = sweep};
    (void)snprintf(chain->image, sizeof chain->image, "%s", image);
    return chain;
}

static ppx_status add_point(report_chain *chain, const report_point *point, ppx_error *error) {
    report_point *points = grow(chain->points, chain->npoints, sizeof *points);
    if (!points)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for points");
    chain->points = points;
    points[chain->npoints++] = *point;
    return PPX_OK;
}

// Where a record comes from.
typedef struct origin {
    const char *path;
    const json_t *sweep, *cell; // NULL for a record of bench
    bool is_base;
} origin;

static ppx_status add_result(report *r, const json_t *bench, const json_t *result,
                             const origin *from, ppx_error *error) {
    report_point point;
    const char *name = json_words(result, "chain", NULL);
    if (!name || !take_point(&point, bench, result))
        return ppx_fail(error, PPX_E_INPUT,
                        "%.200s: a result lacks its chain, ranks, threads, size or samples",
                        from->path);
    char image[80];
    int channels = json_count(bench, "channels");
    (void)snprintf(image, sizeof image, "%.0f x %.0f, %d channel%s of %.8s",
                   json_figure(bench, "width", 0), json_figure(bench, "height", 0), channels,
                   channels == 1 ? "" : "s", json_words(bench, "type", "?"));
    report_chain *chain = find_chain(r, name, image, from->sweep);
    if (!chain)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for chains");
    double encode = json_figure(result, "encode_s", 0), decode = json_figure(bench, "decode_s", 0);
    if (encode > 0 && decode > 0 && !(chain->encode > 0)) {
        chain->encode = encode;
        chain->decode = decode;
    }
    r->ndone++;
    r->nwrong += !point.verified;
    if (from->is_base) {
        if (point.verified && !chain->has_base) {
            chain->base = point;
            chain->has_base = chain->base_is_serial = true;
        }
        return PPX_OK;
    }
    point.schedule = json_words(from->cell, "schedule", point.schedule);
    point.command = json_words(from->cell, "command", point.command);
    const json_t *over = json_object_get(from->cell, "oversubscribed");
    point.oversubscribed = json_is_boolean(over) ? json_is_true(over) : point.oversubscribed;
    return add_point(chain, &point, error);
}

static ppx_status add_bench(report *r, const json_t *bench, const origin *from, ppx_error *error) {
    const json_t *results = json_object_get(bench, "results");
    if (!json_is_array(results) || json_array_size(results) == 0)
        return ppx_fail(error, PPX_E_INPUT, "%.200s: a record has no results", from->path);
    const json_t **benches = grow(r->benches, r->nbenches, sizeof *benches);
    if (!benches)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for records");
    r->benches = benches;
    benches[r->nbenches++] = bench;
    ppx_status status = PPX_OK;
    for (size_t k = 0; !status && k < json_array_size(results); k++)
        status = add_result(r, bench, json_array_get(results, k), from, error);
    return status;
}

static ppx_status add_failure(report *r, const json_t *cell, ppx_error *error) {
    report_failure *failures = grow(r->failures, r->nfailures, sizeof *failures);
    if (!failures)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for cells");
    r->failures = failures;
    failures[r->nfailures++] = (report_failure){.ranks = json_count(cell, "ranks"),
                                                .threads = json_count(cell, "threads"),
                                                .schedule = json_words(cell, "schedule", ""),
                                                .state = json_words(cell, "state", "missing"),
                                                .error = json_words(cell, "error", ""),
                                                .command = json_words(cell, "command", "")};
    return PPX_OK;
}

static ppx_status add_sweep(report *r, const report_file *file, ppx_error *error) {
    const json_t *cells = json_object_get(file->json, "cells");
    const json_t *serial = json_object_get(json_object_get(file->json, "baseline"), "bench");
    if (!json_is_array(cells) || json_array_size(cells) == 0)
        return ppx_fail(error, PPX_E_INPUT, "%.200s is an empty sweep: it has no cells",
                        file->path);
    origin from = {.path = file->path, .sweep = file->json, .is_base = true};
    ppx_status status = json_is_object(serial) ? add_bench(r, serial, &from, error) : PPX_OK;
    from.is_base = false;
    for (size_t k = 0; !status && k < json_array_size(cells); k++) {
        from.cell = json_array_get(cells, k);
        const json_t *bench = json_object_get(from.cell, "bench");
        bool done = strcmp(json_words(from.cell, "state", ""), "done") == 0;
        if (done && json_is_object(bench))
            status = add_bench(r, bench, &from, error);
        else
            status = add_failure(r, from.cell, error);
    }
    return status;
}

// ---- All ----------------------------------------------------------------------------------------

static bool same_machine(const json_t *a, const json_t *b) {
    const json_t *of_a = json_object_get(a, "context"), *of_b = json_object_get(b, "context");
    return strcmp(json_words(a, "host", ""), json_words(b, "host", "")) == 0 &&
           strcmp(json_words(of_a, "cpu", ""), json_words(of_b, "cpu", "")) == 0;
}

static size_t count_machines(const report *r) {
    size_t n = 0;
    for (size_t k = 0; k < r->nbenches; k++) {
        bool is_new = true;
        for (size_t j = 0; is_new && j < k; j++)
            is_new = !same_machine(r->benches[k], r->benches[j]);
        n += is_new;
    }
    return n;
}

ppx_status report_open(report *r, char *const *paths, size_t npaths, ppx_error *error) {
    *r = (report){.files = NULL};
    ppx_status status = load_all(r, paths, npaths, error);
    for (size_t k = 0; !status && k < r->nfiles; k++) {
        const origin from = {.path = r->files[k].path};
        status = is_sweep(&r->files[k]) ? add_sweep(r, &r->files[k], error)
                                        : add_bench(r, r->files[k].json, &from, error);
    }
    size_t npoints = 0;
    for (size_t k = 0; k < r->nchains; k++)
        npoints += r->chains[k].npoints;
    char words[201];
    plain_words(words, sizeof words, r->nfailures ? r->failures[0].error : "");
    if (!status && npoints == 0)
        status = ppx_fail(error, PPX_E_INPUT,
                          "%.200s: every cell failed or is missing, so there is nothing to report; "
                          "the first one says: %s",
                          paths[0], words);
    r->nmachines = count_machines(r);
    return status ? status : report_scale(r, error);
}

void report_close(report *r) {
    for (size_t k = 0; k < r->nchains; k++) {
        free(r->chains[k].points);
        free(r->chains[k].line);
        free(r->chains[k].line_points);
    }
    for (size_t k = 0; k < r->nfiles; k++)
        json_decref(r->files[k].json);
    free(r->files);
    free(r->chains);
    free(r->failures);
    free(r->benches);
    *r = (report){.files = NULL};
}
