// cmd_sweep.c: parpix sweep: how chains scale over ranks x threads x schedules, on one image
// (strong) or on one that grows with the workers (weak).
//
// Each cell is `parpix bench` in a process of its own (or of its launcher's), so that binding,
// first touch and the OpenMP runtime begin anew, and so that a cell that fails does not end the
// sweep. Its record comes over standard output: on a cluster nothing but the sweep writes files.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spawn.h"
#include "sweep.h"

enum {
    LAUNCHER = 256,
    SCHEDULE,
    WEAK,
    CLASS,
    TYPE,
    CHANNELS,
    WARMUP,
    MIN_TIME,
    MAX_TIME,
    REPORT,
    RESUME,
    DRY
};

static const option_help options[] = {
    {"threads", "LIST", 't', "threads in each rank: 1,2,4 (default 1)"},
    {"ranks", "LIST", 'r', "ranks; mpirun is started where there are more than one (default 1)"},
    {"schedule", "LIST", SCHEDULE, "static, dynamic, guided, or with a chunk: dynamic:4"},
    {"weak", NULL, WEAK, "the image's height is multiplied by the workers"},
    {"launcher", "WORDS", LAUNCHER, "instead of mpirun: 'srun -n {ranks} -c {threads}'"},
    {"size", "WxH", 's', "of an image that is made, as for bench (2048x2048)"},
    {"class", "LETTER", CLASS, "S, W, A, B or C: 512, 2048, 8192, 16384 or 32768 squared"},
    {"type", "NAME", TYPE, "u8, u16 or f32 (default u8)"},
    {"channels", "N", CHANNELS, "1 to 4 (default 1)"},
    {"warmup", "N", WARMUP, "runs before the first sample (default 1)"},
    {"min-time", "S", MIN_TIME, "seconds of samples for each chain at least (default 0.3)"},
    {"max-time", "S", MAX_TIME, "and at most (default 10)"},
    {"json", "FILE", 'j', "where the sweep is kept, written anew after each cell"},
    {"resume", NULL, RESUME, "go on with the sweep of that file"},
    {"report", "FILE", REPORT, "an HTML report at the end"},
    {"dry-run", NULL, DRY, "print the commands of the cells in their order, and run none"},
};

// ---- Options ------------------------------------------------------------------------------------

static ppx_status take_list(const char *what, int most, int *values, size_t *n, ppx_error *error) {
    ppx_status status = parse_counts(what, optarg, 1, most, values, SWEEP_MOST, n, error);
    for (size_t a = 0; !status && a < *n; a++)
        for (size_t b = 0; !status && b < a; b++)
            if (values[a] == values[b])
                status = ppx_fail(error, PPX_E_USAGE, "%s: %d is in \"%.80s\" twice", what,
                                  values[a], optarg);
    return status;
}

static bool is_schedule(const char *text) {
    static const char *const kinds[] = {"static", "dynamic", "guided"};
    int64_t chunk;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = strlen(kinds[k]);
        if (strncmp(text, kinds[k], n) == 0)
            return !text[n] || (text[n] == ',' && ppx_parse_int(text + n + 1, &chunk) &&
                                chunk >= 1 && chunk <= 1000000);
    }
    return false;
}

// "static,dynamic:4": what separates a chunk here is a comma in OMP_SCHEDULE.
static ppx_status take_schedules(sweep_request *r, ppx_error *error) {
    r->nschedules = 0;
    for (const char *rest = optarg;; rest++) {
        size_t n = strcspn(rest, ",");
        char *schedule = r->schedules[r->nschedules];
        (void)snprintf(schedule, SWEEP_WORD, "%.*s", (int)(n < 39 ? n : 39), rest);
        char *colon = strchr(schedule, ':');
        if (colon)
            *colon = ',';
        if (!is_schedule(schedule))
            return ppx_fail(error, PPX_E_USAGE,
                            "--schedule \"%.80s\": a list of static, dynamic, guided, each "
                            "perhaps with a chunk: dynamic:4",
                            optarg);
        for (size_t k = 0; k < r->nschedules; k++)
            if (strcmp(r->schedules[k], schedule) == 0)
                return ppx_fail(error, PPX_E_USAGE, "--schedule: %s is in \"%.80s\" twice",
                                schedule, optarg);
        r->nschedules++;
        rest += n;
        if (!*rest)
            return PPX_OK;
        if (r->nschedules == SWEEP_SCHEDULES)
            return ppx_fail(error, PPX_E_USAGE, "--schedule takes %d of them", SWEEP_SCHEDULES);
    }
}

static ppx_status take_number(int letter, bench_request *what, ppx_error *error) {
    int64_t n = 0;
    ppx_status status;
    switch (letter) {
    case CHANNELS:
        status = parse_count("--channels", optarg, 1, PPX_MAX_CHANNELS, &n, error);
        what->channels = (int)n;
        return status;
    case WARMUP:
        return parse_count("--warmup", optarg, 0, 1000, &what->warmup, error);
    case MIN_TIME:
        return bench_seconds("--min-time", &what->min_time, error);
    default:
        return bench_seconds("--max-time", &what->max_time, error);
    }
}

static bool has_command(const char *name) {
    for (size_t k = 0; k < ncommands; k++)
        if (strcmp(commands[k].name, name) == 0)
            return true;
    return false;
}

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    sweep_request *r = asked;
    switch (letter) {
    case 't':
        return take_list("--threads", 4096, r->threads, &r->nthreads, error);
    case 'r':
        return take_list("--ranks", 100000, r->ranks, &r->nranks, error);
    case SCHEDULE:
        return take_schedules(r, error);
    case LAUNCHER:
        r->launcher = optarg;
        return PPX_OK;
    case 's':
        return parse_size(optarg, &r->what.width, &r->what.height, error);
    case CLASS:
        return bench_class(&r->what, optarg, error);
    case TYPE:
        return bench_type(&r->what, optarg, error);
    case 'j':
        r->what.json = optarg;
        return PPX_OK;
    case REPORT:
        r->report = optarg;
        return has_command("report")
                   ? PPX_OK
                   : ppx_fail(error, PPX_E_USAGE, "--report: this parpix has no command `report`");
    case WEAK:
        r->weak = true;
        return PPX_OK;
    case RESUME:
        r->resume = true;
        return PPX_OK;
    case DRY:
        r->dry_run = true;
        return PPX_OK;
    default:
        return take_number(letter, &r->what, error);
    }
}

// Chains, and at most one file. `copy` is among those of bench.
static ppx_status take_operands(sweep_request *r, int n, char **words, ppx_error *error) {
    bench_request *what = &r->what;
    for (int k = 0; k < n; k++) {
        bool is_file = access(words[k], F_OK) == 0;
        if (is_file && what->input)
            return ppx_fail(error, PPX_E_USAGE, "sweep takes one image, so %.200s is one too many",
                            words[k]);
        if (is_file)
            what->input = words[k];
        else if (strcmp(words[k], "copy") == 0)
            continue; // it is there
        else if (what->nspecs == BENCH_MOST_SPECS - 1)
            return ppx_fail(error, PPX_E_USAGE, "sweep takes %d chains", BENCH_MOST_SPECS - 1);
        else
            what->specs[what->nspecs++] = words[k];
    }
    if (n == (what->input != NULL))
        return ppx_fail(error, PPX_E_USAGE,
                        "sweep takes chains: parpix sweep gaussian:sigma=2 --threads 1,2 --json "
                        "sweep.json");
    return PPX_OK;
}

// Mistakes are told before anything is started.
static ppx_status check_chain(const char *spec, ppx_shape in, ppx_error *error) {
    ppx_chain *chain = NULL;
    ppx_shape out;
    ppx_status status = ppx_chain_parse(&chain, spec, NULL, NULL, error);
    if (!status)
        status = ppx_chain_shape(chain, in, &out, error);
    ppx_chain_free(chain);
    return status;
}

static bool is_regular(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static ppx_status check_request(sweep_request *r, ppx_error *error) {
    bench_request *what = &r->what;
    ppx_shape shape = {what->width, what->height, what->channels, what->type};
    if (!what->json && !r->dry_run)
        return ppx_fail(error, PPX_E_USAGE, "sweep keeps what it measures in a file: --json FILE");
    if (what->json && (strcmp(what->json, "-") == 0 || access(what->json, F_OK) == 0) &&
        !is_regular(what->json))
        return ppx_fail(error, PPX_E_USAGE,
                        "--json %.200s: no regular file; it is written anew after each cell",
                        what->json);
    if (r->weak && what->input)
        return ppx_fail(error, PPX_E_USAGE,
                        "--weak makes images that grow with the workers; %.200s does not",
                        what->input);
    bool ranks = r->nranks > 1 || r->ranks[0] > 1;
    if (r->launcher && ranks && !strstr(r->launcher, "{ranks}"))
        return ppx_fail(error, PPX_E_USAGE,
                        "--launcher '%.200s' has no {ranks}, but --ranks are more than one",
                        r->launcher);
    ppx_status status = PPX_OK;
    if (what->input) {
        ppx_reader *reader = NULL;
        status = ppx_reader_open(&reader, what->input, NULL, &shape, error);
        if (!status)
            ppx_reader_close(reader);
        what->width = shape.width;
        what->height = shape.height;
        what->channels = shape.channels;
        what->type = shape.type;
    }
    for (int k = 0; !status && k < what->nspecs; k++)
        status = check_chain(what->specs[k], shape, error);
    return status;
}

// ---- All ----------------------------------------------------------------------------------------

// `parpix report` as a program of its own: what it says goes through.
static ppx_status write_report(const sweep *s, ppx_error *error) {
    const char *const words[] = {s->machine.program, "report", s->asked->what.json, "-o",
                                 s->asked->report,   NULL};
    spawn_talk heard;
    ppx_status status = spawn_captured(words, NULL, NULL, &heard, error);
    if (status)
        return status;
    (void)fputs(heard.err, stderr);
    if (heard.code > EXIT_DIFFERENT)
        status =
            ppx_fail(error, PPX_E_SYSTEM, "no report: its command ended with code %d", heard.code);
    spawn_talk_free(&heard);
    return status;
}

// What the exit code says: everything done and right, a result wrong, or cells missing.
static int finish(sweep *s, const world *all, ppx_error *error) {
    size_t nfailed = 0, nmissing = 0;
    for (size_t k = 0; k < s->ncells; k++) {
        nfailed += s->cells[k].state == SWEEP_FAILED;
        nmissing += s->cells[k].state == SWEEP_MISSING;
    }
    if (nmissing) {
        (void)ppx_fail(error, PPX_E_SYSTEM,
                       "stopped after %zu of %zu cells; the same command with --resume goes on",
                       s->ncells - nfailed - nmissing, s->ncells);
        return complain(all, error);
    }
    bool right = sweep_print(s);
    ppx_status status = s->asked->report ? write_report(s, error) : PPX_OK;
    if (!status && nfailed)
        status =
            ppx_fail(error, PPX_E_SYSTEM,
                     "%zu of %zu cells failed; the same command with --resume tries them again",
                     nfailed, s->ncells);
    if (status)
        return complain(all, error);
    return right ? EXIT_SAME : EXIT_DIFFERENT;
}

static int run_sweep(const sweep_request *r, const world *all, ppx_error *error) {
    sweep s = {.asked = r};
    ppx_status status = sweep_machine_look(&s.machine, r, error);
    if (!status)
        status = sweep_plan(&s, error);
    if (!status && r->resume)
        status = sweep_resume(&s, all, error);
    if (!status)
        sweep_warn_crowds(&s, all);
    for (size_t k = 0; !status && r->dry_run && k < s.ncells; k++)
        printf("%s\n", s.cells[s.order[k]].command);
    int code = EXIT_SAME;
    if (!status && !r->dry_run) {
        sweep_talk_listen();
        status = sweep_run(&s, error);
        if (!status && !sweep_talk_stopped())
            status = sweep_make_pictures(&s, all, error);
        code = status ? EXIT_TROUBLE : finish(&s, all, error);
    }
    if (status)
        code = complain(all, error);
    sweep_free(&s);
    return code;
}

static void set_defaults(sweep_request *r) {
    const char *schedule = getenv("OMP_SCHEDULE");
    if (!r->nranks)
        r->ranks[r->nranks++] = 1;
    if (!r->nthreads)
        r->threads[r->nthreads++] = 1;
    if (!r->nschedules)
        (void)snprintf(r->schedules[r->nschedules++], SWEEP_WORD, "%s",
                       schedule && *schedule ? schedule : "static");
}

int cmd_sweep(world *all, int argc, char **argv) {
    sweep_request r = {.what = {.width = 2048,
                                .height = 2048,
                                .channels = 1,
                                .warmup = 1,
                                .min_time = 0.3,
                                .max_time = 10}};
    ppx_error error = {0};
    argument_list words = {.n = 0};
    argument_add(&words, "parpix");
    for (int k = 0; k < argc; k++)
        argument_add(&words, "%s", argv[k]);
    char *typed = argument_text((const char *const *)words.words, words.n); // getopt moves them
    argument_free(&words);
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code < 0) {
        r.typed = typed;
        ppx_status status =
            typed ? PPX_OK : ppx_fail(&error, PPX_E_MEMORY, "no memory for a command");
        if (!status && strcmp(world_library(), "none") != 0)
            status = ppx_fail(&error, PPX_E_USAGE,
                              "sweep starts the ranks by itself; start it without mpirun");
        if (!status)
            status = take_operands(&r, argc - optind, argv + optind, &error);
        set_defaults(&r);
        if (!status)
            status = check_request(&r, &error);
        code = status ? complain(all, &error) : run_sweep(&r, all, &error);
    }
    free(typed);
    return code;
}
