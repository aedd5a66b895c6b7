// report_baseline.c: these records beside older ones: what became slower, and how sure that is.
//
// A result counts as slower only if the whole 95 % interval of the ratio of the two medians lies
// beyond the limit: an interval that reaches below it may be chance. The interval knows the samples
// of two runs and nothing of what differs from run to run; `copy`, which no kernel changes, shows
// when the machine itself is another one.
#include <stdlib.h>
#include <string.h>

#include "report.h"

static bool same_way(const report_point *a, const report_point *b) {
    return a->ranks == b->ranks && a->threads == b->threads && a->pixels >= b->pixels &&
           a->pixels <= b->pixels &&
           (!*a->schedule || !*b->schedule || strcmp(a->schedule, b->schedule) == 0);
}

static const report_point *find_old(const report *then, const report_chain *chain,
                                    const report_point *p) {
    for (size_t k = 0; k < then->nchains; k++) {
        const report_chain *old = &then->chains[k];
        if (strcmp(old->name, chain->name) != 0 || strcmp(old->image, chain->image) != 0)
            continue;
        for (size_t j = 0; j < old->npoints; j++)
            if (old->points[j].verified && same_way(&old->points[j], p))
                return &old->points[j];
    }
    return NULL;
}

static report_change judge(const report_pair *pair, double limit) {
    if (!pair->now->verified)
        return CHANGE_WRONG;
    if (!pair->ratio.sure)
        return CHANGE_TOO_FEW;
    if (pair->ratio.low > 1 + (limit > 0 ? limit : 0))
        return CHANGE_SLOWER;
    return pair->ratio.high < 1 ? CHANGE_FASTER : CHANGE_NONE;
}

ppx_status report_compare(report_comparison *c, const report *now, const report *then,
                          ppx_error *error) {
    size_t npoints = 0;
    for (size_t k = 0; k < now->nchains; k++)
        npoints += now->chains[k].npoints;
    c->pairs = calloc(npoints, sizeof *c->pairs);
    if (!c->pairs)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for %zu comparisons", npoints);
    for (size_t k = 0; k < now->nchains; k++)
        for (size_t j = 0; j < now->chains[k].npoints; j++) {
            const report_chain *chain = &now->chains[k];
            report_pair pair = {.chain = chain, .now = &chain->points[j]};
            pair.then = find_old(then, chain, pair.now);
            c->nunmatched += !pair.then;
            if (!pair.then)
                continue;
            if (pair.now->verified)
                pair.ratio = scaling_ratio_of(&pair.now->seconds, &pair.then->seconds, 1);
            pair.change = judge(&pair, c->limit);
            c->nslower += pair.change == CHANGE_SLOWER || pair.change == CHANGE_WRONG;
            c->pairs[c->npairs++] = pair;
        }
    if (!c->npairs)
        return ppx_fail(
            error, PPX_E_INPUT,
            "%.200s has no result of the same chain, image, ranks and threads, so there "
            "is nothing to compare with",
            c->path);
    return PPX_OK;
}

const char *report_change_text(report_change change) {
    static const char *const texts[] = {[CHANGE_NONE] = "same",
                                        [CHANGE_FASTER] = "faster",
                                        [CHANGE_SLOWER] = "slower",
                                        [CHANGE_TOO_FEW] = "too-few-samples",
                                        [CHANGE_WRONG] = "wrong"};
    return texts[change];
}

void report_print_changes(const report_comparison *c) {
    for (size_t k = 0; k < c->npairs; k++) {
        const report_pair *pair = &c->pairs[k];
        char name[200], schedule[40];
        plain_words(name, sizeof name, pair->chain->name);
        plain_words(schedule, sizeof schedule, pair->now->schedule);
        printf("baseline chain=%s ranks=%d threads=%d schedule=%s", name, pair->now->ranks,
               pair->now->threads, *schedule ? schedule : "-");
        if (pair->now->verified)
            printf(" ratio=%.4g low=%.4g high=%.4g", pair->ratio.value, pair->ratio.low,
                   pair->ratio.high);
        printf(" change=%s\n", report_change_text(pair->change));
    }
}

static void put_pair(FILE *out, const report_pair *pair) {
    char way[80], then[32], now[32];
    report_way(pair->now, way, sizeof way);
    report_seconds(pair->then->seconds.median, then);
    (void)fputs("<tr><th><code>", out);
    put_text(out, pair->chain->name);
    (void)fputs("</code><td>", out);
    put_text(out, way);
    if (pair->now->verified) {
        report_seconds(pair->now->seconds.median, now);
        (void)fprintf(out, "<td>%s<td>%s<td>%.3f<td>%.3f to %.3f", then, now, pair->ratio.value,
                      pair->ratio.low, pair->ratio.high);
    } else
        (void)fprintf(out, "<td>%s<td>\u2013<td>\u2013<td>\u2013", then);
    bool bad = pair->change == CHANGE_SLOWER || pair->change == CHANGE_WRONG;
    (void)fprintf(out, "<td class='%s'>%s</tr>",
                  bad                             ? "bad"
                  : pair->change == CHANGE_FASTER ? "good"
                                                  : "",
                  report_change_text(pair->change));
}

void section_changes(FILE *out, const report_comparison *c) {
    (void)fputs("<section id='changes'><h2>Against the baseline</h2><p>Times of these records over "
                "those of <code>",
                out);
    put_text(out, c->path);
    (void)fprintf(out, "</code>: above 1 is slower. A result counts as slower only if the whole "
                       "95&nbsp;%% interval of the ratio lies beyond 1");
    if (c->limit >= 0)
        (void)fprintf(out, " + %.3g&nbsp;%%", 100 * c->limit);
    (void)fputs(". If <code>copy</code> is slower, too, the machine has changed and not the "
                "kernels.</p>",
                out);
    (void)fprintf(out, "<p class='%s'><b>%zu of %zu</b> results are slower or wrong.</p>",
                  c->nslower ? "bad" : "good", c->nslower, c->npairs);
    if (c->nunmatched)
        (void)fprintf(out, "<p class='none'>%zu have no counterpart in the baseline.</p>",
                      c->nunmatched);
    (void)fputs(
        "<div class='scroll' tabindex='0' role='region' aria-label='table'><table "
        "class='numbers'><thead><tr><th>chain<th>"
        "workers<th>then<th>now<th>ratio<th>95&nbsp;% interval<th>change</tr></thead><tbody>",
        out);
    for (size_t k = 0; k < c->npairs; k++)
        put_pair(out, &c->pairs[k]);
    (void)fputs("</tbody></table></div></section>\n", out);
}
