// bench_options.c: what `parpix bench` was asked for.
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum {
    MIN_TIME = 256,
    MAX_TIME,
    WARMUP,
    CLASS,
    TYPE,
    CHANNELS,
    CSV,
    TRACE,
    BACKEND,
    PICTURES,
    DISTRIBUTE,
    FILES
};

static const option_help options[] = {
    {"threads", "N", 't', "threads in each rank, as for run"},
    {"size", "WxH", 's', "of an image that is made: cells, or noise if not u8 gray (2048x2048)"},
    {"class", "LETTER", CLASS, "S, W, A, B or C: 512, 2048, 8192, 16384 or 32768 squared"},
    {"type", "NAME", TYPE, "u8, u16 or f32 (default u8)"},
    {"channels", "N", CHANNELS, "1 to 4 (default 1)"},
    {"warmup", "N", WARMUP, "runs before the first sample (default 1)"},
    {"min-time", "S", MIN_TIME, "seconds of samples for each chain at least (default 0.3)"},
    {"max-time", "S", MAX_TIME, "and at most (default 10)"},
    {"distribute", "HOW", DISTRIBUTE, "static or dynamic, as for run"},
    {"json", "FILE", 'j', "all samples, for machines"},
    {"csv", "FILE", CSV, "a row for each chain"},
    {"trace", "FILE", TRACE,
     "who did what when, for Perfetto (ui.perfetto.dev) or chrome://tracing"},
    {"backend", "NAME", BACKEND, "serial or omp: who works inside of a rank (default omp)"},
    {"files", NULL, FILES, "also how long reading the input and writing the results would take"},
    {"pictures", NULL, PICTURES, "what came out here and serially as small PNGs in the JSON"},
};

ppx_status bench_class(bench_request *r, const char *text, ppx_error *error) {
    static const ptrdiff_t sides[] = {512, 2048, 8192, 16384, 32768};
    static const char letters[] = "SWABC";
    const char *letter = strlen(text) == 1 ? strchr(letters, *text) : NULL;
    if (!letter)
        return ppx_fail(error, PPX_E_USAGE, "--class %.20s: it is S, W, A, B or C", text);
    r->width = r->height = sides[letter - letters];
    return PPX_OK;
}

ppx_status bench_type(bench_request *r, const char *text, ppx_error *error) {
    for (int t = 0; t < PPX_NTYPES; t++)
        if (t != PPX_U32 && strcmp(text, ppx_type_name((ppx_type)t)) == 0) {
            r->type = (ppx_type)t;
            return PPX_OK;
        }
    return ppx_fail(error, PPX_E_USAGE, "--type %.20s: it is u8, u16 or f32", text);
}

ppx_status bench_seconds(const char *what, double *seconds, ppx_error *error) {
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
        return bench_class(r, optarg, error);
    case TYPE:
        return bench_type(r, optarg, error);
    case CHANNELS:
        status = parse_count("--channels", optarg, 1, PPX_MAX_CHANNELS, &n, error);
        r->channels = (int)n;
        return status;
    case WARMUP:
        return parse_count("--warmup", optarg, 0, 1000, &r->warmup, error);
    case MIN_TIME:
        return bench_seconds("--min-time", &r->min_time, error);
    case MAX_TIME:
        return bench_seconds("--max-time", &r->max_time, error);
    case DISTRIBUTE:
        return parse_distribution(optarg, &r->dealing, error);
    case 'j':
        r->json = optarg;
        return PPX_OK;
    case TRACE:
        r->trace = optarg;
        return PPX_OK;
    case BACKEND:
        r->serial = strcmp(optarg, "serial") == 0;
        if (!r->serial && strcmp(optarg, "omp") != 0)
            return ppx_fail(error, PPX_E_USAGE, "--backend %.40s: it is serial or omp", optarg);
        return PPX_OK;
    case PICTURES:
        r->pictures = true;
        return PPX_OK;
    case FILES:
        r->files = true;
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
    if (r->serial && r->threads > 1)
        return ppx_fail(error, PPX_E_USAGE, "--backend serial runs one thread; leave -t %d out",
                        r->threads);
    if (n == 0)
        return ppx_fail(error, PPX_E_USAGE,
                        "bench takes chains: parpix bench gaussian:sigma=2 median:radius=2 -t 2");
    return PPX_OK;
}

int bench_take(bench_request *r, const world *all, int argc, char **argv) {
    ppx_error error = {0};
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, r);
    if (code < 0 && take_operands(r, argc - optind, argv + optind, &error))
        code = complain(all, &error);
    return code;
}
