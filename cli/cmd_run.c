// cmd_run.c: parpix run SPEC IN -o OUT: decode, distribute, compute, collect, encode, and say so.
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../core/memory.h"
#include "command.h"
#include "findings.h"
#include "named.h"
#include "places.h"
#include "timeline.h"

static const option_help options[] = {
    {"output", "FILE", 'o', "where the image goes: .png .pgm .ppm .pbm .pam .npy, - is stdout"},
    {"threads", "N", 't',
     "threads in each rank (default: OMP_NUM_THREADS, else all CPUs; 1 in a "
     "run of several ranks)"},
    {"backend", "NAME", 'b', "serial or omp: who works inside of a rank (default omp)"},
    {"iterations", "N", 'i', "apply the whole chain N times"},
    {"json", "FILE", 'j', "the report for machines"},
    {"labels-csv", "FILE", 256, "the table of labels"},
    {"histogram-csv", "FILE", 257, "the table of the histogram"},
    {"png-level", "N", 258, "1 to 9: smaller PNG files, slower (default: fast)"},
    {"format", "NAME", 259, "png, pnm or npy, whatever the extension says"},
    {"max-pixels", "N", 260, "refuse larger inputs (default 1G; k, M, G are understood)"},
    {"max-memory", "BYTES", 261,
     "stream rows through the chain in that much memory (k, M, G); maps and reductions only"},
    {"distribute", "HOW", 262,
     "static: a band for each rank; dynamic: strips as ranks become free"},
    {"trace", "FILE", 263, "who did what when, for Perfetto (ui.perfetto.dev) or chrome://tracing"},
    {"quiet", NULL, 'q', "no report on stderr"},
};

typedef enum phase { DECODE, DISTRIBUTE, EXCHANGE, COMPUTE, COLLECT, ENCODE, NPHASES } phase;
static const char *const phase_names[NPHASES] = {"decode",  "distribute", "exchange",
                                                 "compute", "collect",    "encode"};

typedef struct run_request {
    const char *spec, *input, *output, *json, *labels_csv, *histogram_csv, *trace;
    int threads, iterations;
    bool serial, dealing, quiet;
    uint64_t max_memory; // 0: images lie in memory
    ppx_read_options read;
    ppx_write_options write;
} run_request;

// What a rank did, as rank 0 gets to know it.
typedef struct rank_record {
    double seconds[NPHASES];
    int64_t y0, y1, threads, peak_kbytes;
} rank_record;

typedef struct run_record {
    ppx_shape in, out;
    rank_record own, *ranks; // ranks on rank 0
    double seconds[NPHASES]; // of the slowest rank
    uint64_t checksum;
    findings found;
    const char *chain_text;
    ppx_trace *trace; // of this rank, where a report asks for it
    timeline_rank times;
    timeline where;
} run_record;

// ---- Options ------------------------------------------------------------------------------------

static ppx_status take_option(void *request, int letter, ppx_error *error) {
    run_request *r = request;
    int64_t n = 0;
    ppx_status status = PPX_OK;
    switch (letter) {
    case 'o':
        r->output = optarg;
        break;
    case 't':
        status = parse_count("-t", optarg, 1, 4096, &n, error);
        r->threads = (int)n;
        break;
    case 'b':
        r->serial = strcmp(optarg, "serial") == 0;
        if (!r->serial && strcmp(optarg, "omp") != 0)
            return ppx_fail(error, PPX_E_USAGE, "--backend %s: it is serial or omp", optarg);
        break;
    case 'i':
        status = parse_count("--iterations", optarg, 1, 1000000, &n, error);
        r->iterations = (int)n;
        break;
    case 'j':
        r->json = optarg;
        break;
    case 256:
        r->labels_csv = optarg;
        break;
    case 257:
        r->histogram_csv = optarg;
        break;
    case 258:
        status = parse_count("--png-level", optarg, 1, 9, &n, error);
        r->write.png_level = (int)n;
        break;
    case 259:
        r->write.format = optarg;
        break;
    case 260:
        status = parse_amount("--max-pixels", optarg, &r->read.max_pixels, error);
        break;
    case 261:
        status = parse_amount("--max-memory", optarg, &r->max_memory, error);
        break;
    case 262:
        status = parse_distribution(optarg, &r->dealing, error);
        break;
    case 263:
        r->trace = optarg;
        break;
    default:
        r->quiet = true;
        break;
    }
    return status;
}

static ppx_status check_request(const run_request *r, ppx_error *error) {
    const char *const outputs[] = {r->output, r->json, r->labels_csv, r->histogram_csv, r->trace};
    int to_stdout = 0;
    for (size_t k = 0; k < sizeof outputs / sizeof *outputs; k++)
        to_stdout += outputs[k] && strcmp(outputs[k], "-") == 0;
    if (to_stdout > 1)
        return ppx_fail(error, PPX_E_USAGE, "only one output can go to stdout");
    if (r->serial && r->threads > 1)
        return ppx_fail(error, PPX_E_USAGE, "--backend serial runs one thread; leave -t %d out",
                        r->threads);
    return PPX_OK;
}

// As many threads as asked for by -t, else by OMP_NUM_THREADS; ranks are expected to fill the
// machine by themselves.
static void set_threads(const run_request *r, const world *all) {
    if (r->threads)
        omp_set_num_threads(r->threads);
    else if (all->nranks > 1 && !getenv("OMP_NUM_THREADS"))
        omp_set_num_threads(1);
    omp_set_dynamic(0);
}

// ---- Phases -------------------------------------------------------------------------------------

// Since that moment, on this rank.
static void note(run_record *record, phase what, ppx_phase traced, double start) {
    record->own.seconds[what] = seconds_now() - start;
    ppx_trace_note(record->trace, 0, traced, start, -1);
}

static ppx_status decode(const run_request *r, const world *all, const ppx_chain *chain,
                         run_record *record, ppx_image *image, ppx_error *error) {
    double start = seconds_now();
    ppx_status status = PPX_OK;
    if (all->rank == 0)
        status = ppx_image_read(image, r->input, &r->read, error);
    record->in = image->shape;
    status = world_agree(all, status, error);
    if (!status)
        status = world_share(all, &record->in, sizeof record->in, error);
    if (!status)
        status = ppx_chain_shape(chain, record->in, &record->out, error); // the same on all ranks
    if (!status && r->output) {
        if (all->rank == 0)
            status = ppx_image_writable(record->out, r->output, &r->write, error);
        status = world_agree(all, status, error);
    }
    note(record, DECODE, all->rank ? PPX_PHASE_WAIT : PPX_PHASE_DECODE, start);
    return status;
}

static ppx_status compute(const run_request *r, world *all, const ppx_chain *chain,
                          run_record *record, ppx_image *image, ppx_error *error) {
    const ppx_runner *inner = r->serial ? &ppx_runner_serial : &ppx_runner_omp;
    double start = seconds_now();
    ppx_band band;
    ppx_status status = world_distribute(all, record->in, image, &band, error);
    if (status)
        return status;
    note(record, DISTRIBUTE, PPX_PHASE_EXCHANGE, start);
    start = seconds_now();
    ppx_run_options how = {.iterations = r->iterations,
                           .sink = &record->found.sink,
                           .load = named_image,
                           .load_context = all,
                           .trace = record->trace};
    ppx_run_times times = {0};
    world_deal(all, r->dealing);
    status = ppx_run(chain, world_runner(all, inner), &band, &how, &times, error);
    if (status)
        return status;
    record->own.y0 = band.y0;
    record->own.y1 = band.y0 + band.rows.shape.height;
    record->times.seconds = times.exchange + times.compute;
    record->times.messages = times.exchange;
    start = seconds_now();
    status = world_collect(all, &band, image, error);
    note(record, COLLECT, PPX_PHASE_EXCHANGE, start);
    record->own.seconds[EXCHANGE] = times.exchange;
    record->own.seconds[COMPUTE] = times.compute;
    return status;
}

static ppx_status encode(const run_request *r, const world *all, run_record *record,
                         const ppx_image *image, ppx_error *error) {
    double start = seconds_now();
    ppx_status status = PPX_OK;
    if (all->rank == 0 && r->output)
        status = ppx_image_write(image, r->output, &r->write, error);
    status = world_agree(all, status, error);
    note(record, ENCODE, all->rank ? PPX_PHASE_WAIT : PPX_PHASE_ENCODE, start);
    if (all->rank == 0)
        record->checksum = ppx_image_checksum(image);
    return status;
}

static ppx_status stream_rows(const run_request *r, const world *all, const ppx_chain *chain,
                              run_record *record, ppx_error *error) {
    if (all->nranks > 1)
        return ppx_fail(
            error, PPX_E_USAGE,
            "--max-memory streams in one process; leave it out on ranks, whose memories "
            "add up, or start without a launcher");
    const ppx_stream stream = {.input = r->input,
                               .output = r->output,
                               .read = r->read,
                               .write = r->write,
                               .max_nbytes = r->max_memory,
                               .nworkers = (int)record->own.threads};
    const ppx_run_options how = {
        .iterations = r->iterations, .sink = &record->found.sink, .trace = record->trace};
    ppx_stream_result result;
    ppx_status status = ppx_run_stream(chain, r->serial ? &ppx_runner_serial : &ppx_runner_omp,
                                       &stream, &how, &result, error);
    record->in = result.in;
    record->out = result.out;
    record->checksum = result.checksum;
    record->own.y1 = result.out.height;
    record->own.seconds[DECODE] = result.decode;
    record->own.seconds[COMPUTE] = result.compute;
    record->own.seconds[ENCODE] = result.encode;
    record->times.seconds = result.compute;
    return status;
}

static ppx_status whole_image(const run_request *r, world *all, const ppx_chain *chain,
                              run_record *record, ppx_error *error) {
    ppx_image image = {0};
    ppx_status status = decode(r, all, chain, record, &image, error);
    if (!status)
        status = compute(r, all, chain, record, &image, error);
    if (!status)
        status = encode(r, all, record, &image, error);
    ppx_image_free(&image);
    return status;
}

// ---- Report -------------------------------------------------------------------------------------

static void gather_records(run_record *record, const world *all) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    record->own.peak_kbytes = usage.ru_maxrss;
    world_gather(all, &record->own, sizeof record->own, record->ranks);
    for (int p = 0; all->rank == 0 && p < NPHASES; p++)
        for (int rank = 0; rank < all->nranks; rank++)
            if (record->ranks[rank].seconds[p] > record->seconds[p])
                record->seconds[p] = record->ranks[rank].seconds[p];
}

// Of the compute phase: input pixels, once for each iteration.
static double mpixels_per_second(const run_request *r, const run_record *record) {
    double pixels = (double)record->in.width * (double)record->in.height;
    return 1e-6 * pixels * (r->iterations ? r->iterations : 1) / record->seconds[COMPUTE];
}

static json_t *shape_json(ppx_shape shape) {
    return json_pack("{s:I, s:I, s:i, s:s}", "width", (json_int_t)shape.width, "height",
                     (json_int_t)shape.height, "channels", shape.channels, "type",
                     ppx_type_name(shape.type));
}

static json_t *phases_json(const double seconds[NPHASES]) {
    json_t *object = json_object();
    for (int p = 0; p < NPHASES; p++)
        json_object_set_new(object, phase_names[p], json_real(seconds[p]));
    return object;
}

static json_t *report_json(const run_request *r, const run_record *record, const world *all) {
    json_t *bands = json_array(), *ranks = json_array();
    for (int k = 0; k < all->nranks; k++) {
        const rank_record *rank = &record->ranks[k];
        json_array_append_new(bands,
                              json_pack("[I, I]", (json_int_t)rank->y0, (json_int_t)rank->y1));
        json_array_append_new(
            ranks, json_pack("{s:I, s:I, s:o}", "threads", (json_int_t)rank->threads, "peak_kbytes",
                             (json_int_t)rank->peak_kbytes, "phases", phases_json(rank->seconds)));
    }
    char checksum[20];
    (void)snprintf(checksum, sizeof checksum, "%016" PRIx64, record->checksum);
    const pop_figures efficiencies = timeline_pop(&record->where);
    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:s, s:i, s:I, s:s, s:i, s:i, s:o, s:o, s:o, s:f, s:s, s:o, s:o, "
        "s:O, s:o, s:o}",
        "parpix", PPX_VERSION, "spec", record->chain_text, "input", r->input, "output", r->output,
        "backend", r->serial ? "serial" : "omp", "ranks", all->nranks, "threads",
        (json_int_t)record->own.threads, "simd", ppx_simd_name(ppx_simd_level()), "iterations",
        r->iterations ? r->iterations : 1, "strip", PPX_STRIP, "image", shape_json(record->in),
        "result", shape_json(record->out), "phases", phases_json(record->seconds), "mpixel_per_s",
        mpixels_per_second(r, record), "checksum", checksum, "bands", bands, "per_rank", ranks,
        "findings", record->found.json, "workers", timeline_phases_json(&record->where), "pop",
        pop_json(&efficiencies));
}

static void print_numbers(const json_t *found) {
    const char *kernel, *key;
    json_t *object, *value;
    json_object_foreach((json_t *)(uintptr_t)found, kernel, object) {
        json_object_foreach(object, key, value) {
            if (json_is_number(value))
                (void)fprintf(stderr, "found      %s %s %.10g\n", kernel, key,
                              json_number_value(value));
        }
    }
}

static void print_report(const run_request *r, const run_record *record, const world *all) {
    const ppx_shape *in = &record->in, *out = &record->out;
    (void)fprintf(stderr, "kernel     %s\n", record->chain_text);
    (void)fprintf(stderr, "image      %s: %td x %td, %d channel%s of %s\n", r->input, in->width,
                  in->height, in->channels, in->channels > 1 ? "s" : "", ppx_type_name(in->type));
    (void)fprintf(stderr, "result     %s: %td x %td, %d channel%s of %s, checksum %016" PRIx64 "\n",
                  r->output ? r->output : "not kept (no -o)", out->width, out->height,
                  out->channels, out->channels > 1 ? "s" : "", ppx_type_name(out->type),
                  record->checksum);
    int64_t low = record->own.threads, high = low;
    for (int k = 1; k < all->nranks; k++) {
        low = record->ranks[k].threads < low ? record->ranks[k].threads : low;
        high = record->ranks[k].threads > high ? record->ranks[k].threads : high;
    }
    (void)fprintf(stderr, "workers    %d rank%s x %" PRId64, all->nranks,
                  all->nranks > 1 ? "s" : "", low);
    if (high > low)
        (void)fprintf(stderr, " to %" PRId64, high);
    (void)fprintf(stderr, " thread%s (%s), %s\n", high > 1 ? "s" : "", r->serial ? "serial" : "omp",
                  ppx_simd_name(ppx_simd_level()));
    (void)fprintf(stderr, "phases    ");
    for (int p = 0; p < NPHASES; p++)
        (void)fprintf(stderr, " %s %.1f ms%s", phase_names[p], 1e3 * record->seconds[p],
                      p + 1 < NPHASES ? "," : "\n");
    (void)fprintf(stderr, "speed      %.1f Mpixel/s in compute\n", mpixels_per_second(r, record));
    print_numbers(record->found.json);
}

static ppx_status report(const run_request *r, run_record *record, const world *all,
                         ppx_error *error) {
    if (record->found.failed)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for the findings");
    if (!r->quiet)
        print_report(r, record, all);
    ppx_status status = PPX_OK;
    if (r->labels_csv)
        status = findings_write_csv(&record->found, "labels", r->labels_csv, error);
    if (!status && r->histogram_csv)
        status = findings_write_csv(&record->found, "histogram", r->histogram_csv, error);
    if (!status && r->json) {
        json_t *json = report_json(r, record, all);
        status = json ? json_write(json, r->json, error)
                      : ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
        json_decref(json);
    }
    if (!status && r->trace) {
        if (timeline_lost(&record->where))
            warn(all, "the trace lacks %zu slices at its end", timeline_lost(&record->where));
        json_t *events = json_array();
        timeline_events(events, &record->where, record->chain_text, 0);
        status = timeline_write_trace(events, r->trace, error);
        json_decref(events);
    }
    return status;
}

static ppx_status run(const run_request *r, world *all, ppx_error *error) {
    run_record record = {0};
    ppx_chain *chain = NULL;
    set_threads(r, all);
    record.own.threads = r->serial ? 1 : threads_delivered();
    place_warnings(all, (int)record.own.threads);
    ppx_status status = ppx_chain_parse(&chain, r->spec, named_text, all, error);
    if (!status)
        record.chain_text = ppx_chain_text(chain);
    if (!status)
        status = findings_open(&record.found, error);
    if (!status && !(record.ranks = calloc((size_t)all->nranks, sizeof *record.ranks)))
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the report");
    if (!status && (r->json || r->trace))
        status = ppx_trace_create(&record.trace, (int)record.own.threads,
                                  r->trace ? TIMELINE_SLICES : 0, error);
    status = world_agree(all, status, error);
    record.times.begun = seconds_now(); // all of them: they have just agreed
    if (!status)
        status = r->max_memory ? stream_rows(r, all, chain, &record, error)
                               : whole_image(r, all, chain, &record, error);
    record.times.ended = seconds_now();
    if (!status && record.trace)
        status = timeline_gather(&record.where, all, &record.times, record.trace, error);
    if (!status) {
        gather_records(&record, all);
        status = world_agree(all, all->rank ? PPX_OK : report(r, &record, all, error), error);
    }
    ppx_chain_free(chain);
    ppx_trace_free(record.trace);
    timeline_free(&record.where);
    findings_close(&record.found);
    free(record.ranks);
    return status;
}

int cmd_run(world *all, int argc, char **argv) {
    run_request r = {0};
    ppx_error error = {0};
    ppx_status status = PPX_OK;
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code >= 0)
        return code;
    if (argc - optind != 2) {
        (void)ppx_fail(&error, PPX_E_USAGE,
                       "run takes a chain and an image, not %d operands: parpix run "
                       "gaussian:sigma=2+sobel in.png -o out.png",
                       argc - optind);
        return complain(all, &error);
    }
    r.spec = argv[optind];
    r.input = argv[optind + 1];
    status = check_request(&r, &error);
    if (!status)
        status = run(&r, all, &error);
    return status ? complain(all, &error) : EXIT_SAME;
}
