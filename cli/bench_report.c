// bench_report.c: the results of `parpix bench`: a table, a line for each that scrapers can rely
// on, JSON and CSV.
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "findings.h"

double bench_of_copy(const bench_record *record, const bench_result *result) {
    const bench_result *copy = &record->results[0];
    return copy->seconds.median / copy->nbytes * result->nbytes / result->seconds.median;
}

double bench_of_memory(const bench_record *record, const bench_result *result) {
    double speed = 1e9 * record->context.memory.gbyte_per_s;
    return speed > 0 ? result->nbytes / result->seconds.median / speed : 0;
}

static double mpixels(const bench_record *record) {
    return 1e-6 * (double)record->shape.width * (double)record->shape.height;
}

// What the time of all workers went into, and what that makes of them.
static void print_efficiencies(const bench_record *record) {
    static const ppx_phase shown[] = {PPX_PHASE_COMPUTE, PPX_PHASE_EXCHANGE, PPX_PHASE_REDUCE,
                                      PPX_PHASE_WAIT};
    (void)fprintf(stderr, "\n%-36s", "time of all workers");
    for (size_t p = 0; p < sizeof shown / sizeof *shown; p++)
        (void)fprintf(stderr, " %8s", ppx_phase_name(shown[p]));
    (void)fprintf(stderr, " %8s  %12s x %13s = %10s%s\n", "other", "load balance", "communication",
                  "efficiency",
                  record->nranks > 1 && record->threads > 1 ? " = ranks x threads" : "");
    for (int k = 0; k < record->nresults; k++) {
        const bench_result *r = &record->results[k];
        const pop_figures f = timeline_pop(&r->where);
        (void)fprintf(stderr, "%-36s", r->spec);
        for (size_t p = 0; p < sizeof shown / sizeof *shown; p++)
            (void)fprintf(stderr, " %6.1f %%", 100 * timeline_part(&r->where, (int)shown[p]));
        (void)fprintf(stderr, " %6.1f %%  %12.2f   %13.2f   %10.2f",
                      100 * timeline_part(&r->where, PPX_NPHASES), f.load_balance,
                      f.communication_efficiency, f.parallel_efficiency);
        if (record->nranks > 1 && record->threads > 1)
            (void)fprintf(stderr, "    %.2f x %.2f", f.rank_parallel_efficiency,
                          f.thread_parallel_efficiency);
        (void)fputc('\n', stderr);
    }
}

// What reading the input and writing the result would make of each time.
static void print_files(const bench_record *record) {
    (void)fprintf(stderr, "\n%-36s %9s %9s %9s  %s\n", "with files", "decode", "compute", "encode",
                  "files take");
    for (int k = 0; k < record->nresults; k++) {
        const bench_result *r = &record->results[k];
        if (!r->verified)
            continue;
        double files = record->decode + r->files.encode, compute = r->seconds.median;
        (void)fprintf(stderr, "%-36s %6.1f ms %6.1f ms %6.1f ms  %.0f %% of the whole (%s)\n",
                      r->spec, 1e3 * record->decode, 1e3 * compute, 1e3 * r->files.encode,
                      100 * files / (files + compute), r->files.format);
    }
}

void bench_print(const bench_record *record) {
    const ppx_shape *s = &record->shape;
    (void)fprintf(
        stderr,
        "%td x %td, %d channel%s of %s, %d rank%s x %" PRId64 " thread%s, %s\n\n%-36s %9s "
        "%20s %9s %9s %6s %7s %6s  %s\n",
        s->width, s->height, s->channels, s->channels > 1 ? "s" : "", ppx_type_name(s->type),
        record->nranks, record->nranks > 1 ? "s" : "", record->threads,
        record->threads > 1 ? "s" : "", ppx_simd_name(ppx_simd_level()), "chain", "median",
        "95 % interval", "Mpixel/s", "ns/pixel", "GB/s", "of copy", "memory", "result");
    for (int k = 0; k < record->nresults; k++) {
        const bench_result *r = &record->results[k];
        const statistic *t = &r->seconds;
        if (!r->verified) {
            (void)fprintf(stderr, "%-36s differs from the serial run: no figures\n", r->spec);
            continue;
        }
        (void)fprintf(
            stderr, "%-36s %6.2f ms %8.2f to %6.2f%s %9.1f %9.3f %6.1f %5.0f %% %4.0f %%  equal\n",
            r->spec, 1e3 * t->median, 1e3 * t->low, 1e3 * t->high, t->sure ? " ms" : " ? ",
            mpixels(record) / t->median, 1e3 * t->median / mpixels(record),
            1e-9 * r->nbytes / t->median, 100 * bench_of_copy(record, r),
            100 * bench_of_memory(record, r));
    }
    const bandwidth *memory = &record->context.memory;
    (void)fprintf(stderr, "memory: %.1f GB/s by %s on %.0f MB\n", memory->gbyte_per_s,
                  memory->how ? memory->how : "-", 1e-6 * (double)memory->nbytes);
    if (record->nranks * record->threads > 1)
        print_efficiencies(record);
    if (record->results[0].files.format)
        print_files(record);
    for (int k = 0; k < record->nresults; k++) {
        const bench_result *r = &record->results[k];
        printf("bench chain=%s width=%td height=%td channels=%d type=%s ranks=%d threads=%" PRId64
               " simd=%s samples=%zu",
               r->text, s->width, s->height, s->channels, ppx_type_name(s->type), record->nranks,
               record->threads, ppx_simd_name(ppx_simd_level()), r->n);
        if (r->verified)
            printf(" median_s=%.9g low_s=%.9g high_s=%.9g least_s=%.9g mpixel_per_s=%.6g "
                   "ns_per_pixel=%.6g gbyte_per_s=%.6g of_copy=%.4g of_memory=%.4g",
                   r->seconds.median, r->seconds.low, r->seconds.high, r->seconds.least,
                   mpixels(record) / r->seconds.median, 1e3 * r->seconds.median / mpixels(record),
                   1e-9 * r->nbytes / r->seconds.median, bench_of_copy(record, r),
                   bench_of_memory(record, r));
        const pop_figures f = timeline_pop(&r->where);
        printf(" load_balance=%.4g communication_efficiency=%.4g parallel_efficiency=%.4g",
               f.load_balance, f.communication_efficiency, f.parallel_efficiency);
        if (r->files.format)
            printf(" decode_s=%.4g encode_s=%.4g", record->decode, r->files.encode);
        printf(" checksum=%016" PRIx64 " verified=%s\n", r->checksum, r->verified ? "yes" : "no");
    }
    (void)fflush(stdout); // JSON may follow there, by another way
}

// ---- Files --------------------------------------------------------------------------------------

static json_t *result_json(const bench_record *record, const bench_result *r) {
    json_t *samples = json_array();
    for (size_t k = 0; k < r->n; k++)
        (void)json_array_append_new(samples, json_real(r->samples[k]));
    char checksum[20];
    (void)snprintf(checksum, sizeof checksum, "%016" PRIx64, r->checksum);
    json_t *object =
        json_pack("{s:s, s:s, s:b, s:s, s:o, s:f}", "chain", r->text, "spec", r->spec, "verified",
                  r->verified, "checksum", checksum, "samples_s", samples, "nbytes", r->nbytes);
    if (!object || !r->verified)
        return object;
    const pop_figures efficiencies = timeline_pop(&r->where);
    json_t *figures =
        json_pack("{s:f, s:f, s:f, s:f, s:b, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "median_s",
                  r->seconds.median, "low_s", r->seconds.low, "high_s", r->seconds.high, "least_s",
                  r->seconds.least, "interval_is_95", r->seconds.sure, "mpixel_per_s",
                  mpixels(record) / r->seconds.median, "ns_per_pixel",
                  1e3 * r->seconds.median / mpixels(record), "gbyte_per_s",
                  1e-9 * r->nbytes / r->seconds.median, "of_copy", bench_of_copy(record, r),
                  "of_memory", bench_of_memory(record, r), "phases",
                  timeline_phases_json(&r->where), "pop", pop_json(&efficiencies));
    (void)json_object_update(object, figures);
    json_decref(figures);
    if (r->files.format) {
        (void)json_object_set_new(object, "encode_s", json_real(r->files.encode));
        (void)json_object_set_new(object, "encoded_as", json_string(r->files.format));
    }
    json_t *slices = timeline_slices_json(&r->where);
    if (slices)
        (void)json_object_set_new(object, "timeline", slices);
    return object;
}

ppx_status bench_write_json(const bench_record *record, const bench_request *r, const world *all,
                            ppx_error *error) {
    json_t *results = json_array();
    for (int k = 0; k < record->nresults; k++)
        (void)json_array_append_new(results, result_json(record, &record->results[k]));
    const run_context *c = &record->context;
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s?, s:f, s:I, s:I, s:i, s:s, s:i, s:I, s:s, s:s, s:o, s:O, s:o}",
        "schema", "parpix.bench/1", "parpix", PPX_VERSION, "date", c->date, "host",
        c->places[0].host, "input", r->input, "decode_s", record->decode, "width",
        (json_int_t)record->shape.width, "height", (json_int_t)record->shape.height, "channels",
        record->shape.channels, "type", ppx_type_name(record->shape.type), "ranks", record->nranks,
        "threads", (json_int_t)record->threads, "simd", ppx_simd_name(ppx_simd_level()), "mpi",
        world_library(), "context", context_json(c, all), "marks", c->marks, "results", results);
    if (r->serial)
        (void)json_object_set_new(json, "backend", json_string("serial"));
    if (r->pictures)
        (void)json_object_set(json, "pictures", record->pictures);
    ppx_status status = json ? json_write(json, r->json, error)
                             : ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    json_decref(json);
    return status;
}

// One chain after the other, a gap of a tenth between them.
ppx_status bench_write_trace(const bench_record *record, const bench_request *r, const world *all,
                             ppx_error *error) {
    json_t *events = json_array();
    double later = 0;
    for (int k = 0; events && k < record->nresults; k++) {
        const timeline *where = &record->results[k].where;
        if (timeline_lost(where))
            warn(all, "the trace of %s lacks %zu slices at its end", record->results[k].spec,
                 timeline_lost(where));
        timeline_events(events, where, record->results[k].text, later);
        double longest = 0;
        for (int rank = 0; rank < where->nranks; rank++)
            longest = fmax(longest, where->ranks[rank].ended - where->ranks[rank].begun);
        later += 1.1 * longest;
    }
    ppx_status status = events ? timeline_write_trace(events, r->trace, error)
                               : ppx_fail(error, PPX_E_MEMORY, "no memory for a trace");
    json_decref(events);
    return status;
}

ppx_status bench_write_csv(const bench_record *record, const bench_request *r, ppx_error *error) {
    enum { ROW = 600 };
    char *text = calloc((size_t)record->nresults + 1, ROW);
    if (!text)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a table");
    const ppx_shape *s = &record->shape;
    size_t used = (size_t)snprintf(text, ROW,
                                   "chain,width,height,channels,type,ranks,threads,simd,samples,"
                                   "median_s,low_s,high_s,least_s,of_copy,nbytes,of_memory,"
                                   "load_balance,communication_efficiency,parallel_efficiency,"
                                   "checksum,verified\n");
    for (int k = 0; k < record->nresults; k++) {
        const bench_result *b = &record->results[k];
        double shown = b->verified ? 1 : NAN; // no figure without a check
        const pop_figures f = timeline_pop(&b->where);
        used += (size_t)snprintf(
            text + used, ROW,
            "\"%.200s\",%td,%td,%d,%s,%d,%" PRId64
            ",%s,%zu,%.9g,%.9g,%.9g,%.9g,%.6g,%.0f,%.6g,%.6g,%.6g,%.6g,%016" PRIx64 ",%s\n",
            b->text, s->width, s->height, s->channels, ppx_type_name(s->type), record->nranks,
            record->threads, ppx_simd_name(ppx_simd_level()), b->n, shown * b->seconds.median,
            shown * b->seconds.low, shown * b->seconds.high, shown * b->seconds.least,
            shown * bench_of_copy(record, b), b->nbytes, shown * bench_of_memory(record, b),
            shown * f.load_balance, shown * f.communication_efficiency,
            shown * f.parallel_efficiency, b->checksum, b->verified ? "yes" : "no");
    }
    ppx_status status = ppx_text_write(text, used, r->csv, error);
    free(text);
    return status;
}
