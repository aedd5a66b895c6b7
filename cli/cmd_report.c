// cmd_report.c: parpix report F.json...: what sweeps and records say, as a page that needs nothing
// else, in the terminal, and against an older record.
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { BASELINE = 256, FAIL_OVER, TEXT };

static const option_help options[] = {
    {"output", "R.html", 'o', "the page: one file, without a network"},
    {"text", NULL, TEXT, "tables and charts on stdout"},
    {"baseline", "OLD.json", BASELINE, "an older sweep or record to compare with"},
    {"fail-over", "P%", FAIL_OVER, "exit 1 if a result is surely more than P % slower than there"},
};

typedef struct request {
    const char *output, *baseline;
    bool text, has_limit;
    double limit;
} request;

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    request *r = asked;
    char figure[24] = "";
    size_t n;
    switch (letter) {
    case 'o':
        r->output = optarg;
        return PPX_OK;
    case BASELINE:
        r->baseline = optarg;
        return PPX_OK;
    case TEXT:
        r->text = true;
        return PPX_OK;
    default:
        n = strlen(optarg);
        if (n > 1 && n < sizeof figure && optarg[n - 1] == '%')
            memcpy(figure, optarg, n - 1);
        if (!ppx_parse_real(figure, &r->limit) || r->limit < 0 || r->limit > 1e6)
            return ppx_fail(error, PPX_E_USAGE,
                            "--fail-over: \"%.40s\" is not a percentage like 5%%", optarg);
        r->limit /= 100;
        r->has_limit = true;
        return PPX_OK;
    }
}

static ppx_status check_request(const request *r, int noperands, ppx_error *error) {
    if (noperands == 0)
        return ppx_fail(error, PPX_E_USAGE,
                        "report takes records: parpix report sweep.json -o report.html");
    if (!r->output && !r->text && !r->baseline)
        return ppx_fail(
            error, PPX_E_USAGE,
            "report needs to know where to: -o FILE.html, --text, or --baseline OLD.json");
    if (r->has_limit && !r->baseline)
        return ppx_fail(error, PPX_E_USAGE,
                        "--fail-over needs something to compare with: --baseline OLD.json");
    if (r->output && strcmp(r->output, "-") == 0 && (r->text || r->baseline))
        return ppx_fail(error, PPX_E_USAGE,
                        "-o - leaves no room on stdout for --text or --baseline");
    return PPX_OK;
}

static ppx_status write_all(const request *r, report *now, const report_comparison *c,
                            ppx_error *error) {
    if (r->text)
        report_print(now);
    if (r->baseline)
        report_print_changes(c);
    return r->output ? report_write_page(now, r->baseline ? c : NULL, r->output, error) : PPX_OK;
}

static ppx_status make_report(const world *all, const request *r, char **paths, size_t npaths,
                              bool *slower, ppx_error *error) {
    report now = {.files = NULL}, then = {.files = NULL};
    report_comparison c = {.path = r->baseline, .limit = r->has_limit ? r->limit : -1};
    char *old = (char *)(uintptr_t)r->baseline;
    ppx_status status = report_open(&now, paths, npaths, error);
    if (!status && r->baseline)
        status = report_open(&then, &old, 1, error);
    if (!status && r->baseline)
        status = report_compare(&c, &now, &then, error);
    if (!status)
        status = write_all(r, &now, &c, error);
    if (!status && now.nfailures)
        warn(all, "%zu cells failed or are missing; the report says which", now.nfailures);
    if (!status && now.nmachines > 1)
        warn(all, "these records are from %zu machines: ratios between them compare machines, too",
             now.nmachines);
    if (!status && r->baseline && c.nunmatched)
        warn(all, "%zu results have no counterpart in %.200s", c.nunmatched, r->baseline);
    *slower = r->has_limit && c.nslower > 0;
    if (!status && *slower)
        warn(all, "%zu of %zu results are wrong or surely more than %.3g %% slower than in %.200s",
             c.nslower, c.npairs, 100 * r->limit, r->baseline);
    free(c.pairs);
    report_close(&then);
    report_close(&now);
    return status;
}

int cmd_report(world *all, int argc, char **argv) {
    request r = {.output = NULL};
    ppx_error error = {0};
    bool slower = false;
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code >= 0)
        return code;
    if (check_request(&r, argc - optind, &error))
        return complain(all, &error);
    ppx_status status = PPX_OK;
    if (all->rank == 0) // there is nothing to share
        status = make_report(all, &r, argv + optind, (size_t)(argc - optind), &slower, &error);
    status = world_agree(all, status, &error);
    return status ? complain(all, &error) : slower ? EXIT_DIFFERENT : EXIT_SAME;
}
