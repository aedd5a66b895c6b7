// report_text.c: the report for a terminal: a table and a chart of bars for each chain.
#include <string.h>

#include "report.h"

enum { BAR = 16 };

// "######    |": the speed-up, and where the ideal would be.
static void make_bar(const report_point *p, int most, char bar[BAR + 2]) {
    double full = p->speedup.value / most * BAR;
    int ideal = (int)((double)p->workers / most * BAR);
    int n = full < BAR ? (int)(full + 0.5) : BAR;
    memset(bar, ' ', BAR + 1);
    memset(bar, '#', (size_t)n);
    bar[ideal] = '|';
    bar[BAR + 1] = '\0';
    for (int k = BAR; k >= 0 && bar[k] == ' '; k--)
        bar[k] = '\0';
}

static void print_point(const report_point *p, int most) {
    char bar[BAR + 2], schedule[9];
    plain_words(schedule, sizeof schedule, *p->schedule ? p->schedule : "-");
    printf("%5d %7d  %-8s", p->ranks, p->threads, schedule);
    if (!p->verified) {
        printf("  differs from the serial run: no figures\n");
        return;
    }
    printf(" %9.3f", 1e3 * p->seconds.median);
    if (p->is_scaled) {
        make_bar(p, most, bar);
        printf(" %6.2f%s %6.2f to %-6.2f %4.0f %%%s %s", p->speedup.value,
               p->speedup.sure ? " " : "?", p->speedup.low, p->speedup.high,
               100 * p->efficiency.value, p->oversubscribed ? "*" : " ", bar);
    }
    printf("\n");
}

static void print_chain(const report_chain *chain) {
    char name[300], why[900];
    int most = 1;
    bool over = false, unsure = false;
    plain_words(name, sizeof name, chain->name);
    printf("\n%s\n%s%s\n\n%5s %7s  %-8s %9s %6s  %16s %6s  %s\n", name, chain->image,
           chain->weak ? " and more for more workers" : "", "ranks", "threads", "schedule", "ms",
           "faster", "95 % interval", "effic.", "| the ideal");
    for (size_t k = 0; k < chain->npoints; k++) {
        most = chain->points[k].workers > most ? chain->points[k].workers : most;
        over = over || chain->points[k].oversubscribed;
        unsure = unsure || (chain->points[k].is_scaled && !chain->points[k].speedup.sure);
    }
    for (size_t k = 0; k < chain->npoints; k++)
        print_point(&chain->points[k], most);
    printf("%s%s\n", over ? "* more workers than CPUs\n" : "",
           unsure ? "? fewer than six samples: what was seen, and no 95 % interval\n" : "");
    (void)report_why(chain, why, sizeof why);
    printf("%s\n", why);
    if (chain->amdahl.found && chain->amdahl.part >= 1)
        printf("Amdahl: does not apply, several workers are no faster than one.\n");
    else if (chain->amdahl.found && !chain->amdahl.bounded)
        printf("Amdahl: serial part %.2f %%, if it is one: too few numbers of workers to tell.\n",
               100 * chain->amdahl.part);
    else if (chain->amdahl.found)
        printf("Amdahl: serial part %.2f %%, within %.1f %% of every point. Karp-Flatt: %s.\n",
               100 * chain->amdahl.part, 100 * chain->amdahl.worst,
               report_trend_means(chain->trend));
    if (chain->usl.found)
        printf("Universal law: sigma %.4f, kappa %.6f, within %.1f %% of every point.\n",
               chain->usl.sigma, chain->usl.kappa, 100 * chain->usl.worst);
    if (chain->gustafson.found)
        printf("Gustafson: serial part %.2f %%, within %.1f %% of every point.\n",
               100 * chain->gustafson.part, 100 * chain->gustafson.worst);
}

void report_print(const report *r) {
    if (r->nwrong)
        printf("%zu of %zu results differ from the serial run: no figures for them\n", r->nwrong,
               r->ndone);
    else
        printf("all %zu results equal the serial run's, byte for byte\n", r->ndone);
    if (r->nmachines > 1)
        printf("from %zu machines: ratios between them compare machines, too\n", r->nmachines);
    for (size_t k = 0; k < r->nfailures; k++) {
        char words[200], state[20];
        plain_words(words, sizeof words, r->failures[k].error);
        plain_words(state, sizeof state, r->failures[k].state);
        printf("%s: %d x %d%s%s\n", state, r->failures[k].ranks, r->failures[k].threads,
               *words ? ": " : "", words);
    }
    for (size_t k = 0; k < r->nchains; k++)
        print_chain(&r->chains[k]);
}
