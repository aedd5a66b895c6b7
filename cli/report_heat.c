// report_heat.c: each pair of ranks and threads as a field of a table, darker where it is faster.
#include <math.h>
#include <string.h>

#include "report.h"

enum { MOST = 64, STEPS = 6 };

// The numbers that occur, ascending.
static size_t find_counts(const report_chain *chain, bool ranks, int counts[MOST]) {
    size_t n = 0;
    for (size_t k = 0; k < chain->npoints; k++) {
        int count = ranks ? chain->points[k].ranks : chain->points[k].threads;
        size_t at = n;
        while (at > 0 && counts[at - 1] >= count)
            at--;
        if ((at < n && counts[at] == count) || n == MOST)
            continue;
        for (size_t j = n++; j > at; j--)
            counts[j] = counts[j - 1];
        counts[at] = count;
    }
    return n;
}

static const report_point *fastest(const report_chain *chain, int ranks, int threads) {
    const report_point *found = NULL;
    for (size_t k = 0; k < chain->npoints; k++) {
        const report_point *p = &chain->points[k];
        if (p->is_scaled && p->ranks == ranks && p->threads == threads &&
            (!found || p->speedup.value > found->speedup.value))
            found = p;
    }
    return found;
}

// Why there is no figure.
static const char *missing_at(const report *r, const report_chain *chain, int ranks, int threads) {
    for (size_t k = 0; k < chain->npoints; k++) {
        const report_point *p = &chain->points[k];
        if (p->ranks == ranks && p->threads == threads && !p->verified)
            return "<td class='bad'>wrong";
    }
    for (size_t k = 0; k < r->nfailures; k++) {
        const report_failure *f = &r->failures[k];
        if (f->ranks == ranks && f->threads == threads)
            return strcmp(f->state, "failed") == 0 ? "<td class='bad'>failed" : "<td>missing";
    }
    return "<td>\u2013";
}

static void put_field(FILE *out, const report *r, const report_chain *chain, int ranks, int threads,
                      double most) {
    const report_point *p = fastest(chain, ranks, threads);
    if (!p) {
        (void)fputs(missing_at(r, chain, ranks, threads), out);
        return;
    }
    // Steps of equal factors between standing still and the fastest.
    double part = log(fmax(p->speedup.value, 1)) / log(most);
    (void)fprintf(out, "<td class='h%d'><b>%.2f</b>%s<small>%.0f&nbsp;%%</small>",
                  (int)fmin(floor(part * STEPS), STEPS - 1), p->speedup.value,
                  p->oversubscribed ? "*" : "", 100 * p->efficiency.value);
}

static void put_map(FILE *out, const report *r, const report_chain *chain, const int *ranks,
                    size_t nranks, const int *threads, size_t nthreads) {
    double most = 1.25; // less is no difference to be coloured
    bool over = false;
    for (size_t k = 0; k < chain->npoints; k++) {
        most = fmax(most, chain->points[k].speedup.value);
        over = over || chain->points[k].oversubscribed;
    }
    (void)fputs("<figure><figcaption>", out);
    put_chain_name(out, chain);
    (void)fprintf(out,
                  "</figcaption><div class='scroll' tabindex='0' role='region' "
                  "aria-label='table'><table class='heat'><thead>"
                  "<tr><th><th colspan='%zu'>threads in each rank</tr><tr><th>ranks",
                  nthreads);
    for (size_t k = 0; k < nthreads; k++)
        (void)fprintf(out, "<th>%d", threads[k]);
    (void)fputs("</tr></thead><tbody>", out);
    for (size_t j = 0; j < nranks; j++) {
        (void)fprintf(out, "<tr><th>%d", ranks[j]);
        for (size_t k = 0; k < nthreads; k++)
            put_field(out, r, chain, ranks[j], threads[k], most);
        (void)fputs("</tr>", out);
    }
    (void)fputs(over ? "</tbody></table></div><p class='none'>* more workers than CPUs</p></figure>"
                     : "</tbody></table></div></figure>",
                out);
}

void section_heat(FILE *out, const report *r) {
    size_t shown = 0;
    (void)fputs("<section id='heat'><h2>Ranks and threads</h2>", out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        int ranks[MOST], threads[MOST];
        size_t nranks = find_counts(chain, true, ranks);
        size_t nthreads = find_counts(chain, false, threads);
        if (!chain->has_base || nranks < 2 || nthreads < 2)
            continue;
        if (!shown++)
            (void)fputs("<p>Speed-up of the fastest schedule and its efficiency; the stronger the "
                        "colour, the faster.</p>"
                        "<div class='cards'>",
                        out);
        put_map(out, r, chain, ranks, nranks, threads, nthreads);
    }
    (void)fputs(shown
                    ? "</div></section>\n"
                    : "<p class='none'>No map: that takes several numbers of ranks and several of "
                      "threads.</p></section>\n",
                out);
}
