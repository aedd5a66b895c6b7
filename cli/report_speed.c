// report_speed.c: speed-up and efficiency of each chain, with the ideal, intervals and fitted laws.
//
// Threads alone and ranks alone are lines, ranks with threads are marks: of several ways to get as
// many workers none lies between two others. Hollow marks had fewer CPUs than workers.
#include <math.h>
#include <stdlib.h>

#include "chart.h"
#include "report.h"

typedef enum kind { THREADS, RANKS, BOTH, NKINDS } kind;
static const char *const names[NKINDS] = {"threads", "ranks", "ranks \u00d7 threads"};
static const char *const marks[NKINDS] = {"s1", "s2", "s3"};
enum { LABELS = 140, MOST_LINE = 256 };

static bool is_of(const report_point *p, kind which) {
    kind own = p->ranks == 1 ? THREADS : p->threads == 1 ? RANKS : BOTH;
    return p->is_scaled && (own == which || (which == RANKS && p->workers == 1));
}

// Of the ways that differ by their schedule alone, the fastest is shown.
static bool is_fastest(const report_chain *chain, const report_point *p) {
    for (size_t k = 0; k < chain->npoints; k++) {
        const report_point *q = &chain->points[k];
        if (q->is_scaled && q->ranks == p->ranks && q->threads == p->threads &&
            q->speedup.value > p->speedup.value)
            return false;
    }
    return true;
}

static scaling_ratio height_of(const report_point *p, bool efficiency) {
    return efficiency ? p->efficiency : p->speedup;
}

static void put_tip(const report_point *p, char text[200]) {
    char way[80];
    report_way(p, way, sizeof way);
    (void)snprintf(text, 200, "%s: speed-up %.2f (%.2f to %.2f), efficiency %.0f %%%s", way,
                   p->speedup.value, p->speedup.low, p->speedup.high, 100 * p->efficiency.value,
                   p->oversubscribed ? ", more workers than CPUs" : "");
}

static int by_workers(const void *left, const void *right) {
    const report_point *const *l = left, *const *r = right;
    return ((*l)->workers > (*r)->workers) - ((*l)->workers < (*r)->workers);
}

static bool has_other(const report_chain *chain, kind which) {
    for (size_t k = 0; k < chain->npoints; k++)
        if (is_of(&chain->points[k], which) && chain->points[k].workers > 1)
            return true;
    return false;
}

static void draw_kind(chart *c, const report_chain *chain, kind which, bool efficiency) {
    const report_point *points[MOST_LINE];
    double x[MOST_LINE], y[MOST_LINE];
    size_t n = 0, nline = 0;
    for (size_t k = 0; k < chain->npoints && n < MOST_LINE; k++)
        if (is_of(&chain->points[k], which) && is_fastest(chain, &chain->points[k]))
            points[n++] = &chain->points[k];
    if (!n || !has_other(chain, which))
        return;
    qsort(points, n, sizeof *points, by_workers);
    for (size_t k = 0; k < n; k++)
        if (!points[k]->oversubscribed) {
            x[nline] = points[k]->workers;
            y[nline++] = height_of(points[k], efficiency).value;
        }
    char line[16], tip[200];
    (void)snprintf(line, sizeof line, "%s", marks[which]);
    if (which != BOTH && nline > 1)
        chart_line(c, x, y, nline, line);
    for (size_t k = 0; k < n; k++) {
        scaling_ratio r = height_of(points[k], efficiency);
        put_tip(points[k], tip);
        chart_mark(c, points[k]->workers, r.value, r.low, r.high, marks[which], (int)which,
                   points[k]->oversubscribed, tip);
    }
    const report_point *last = points[n - 1];
    chart_label(c, last->workers, height_of(last, efficiency).value, marks[which], (int)which,
                false, names[which]);
}

// ---- Laws ---------------------------------------------------------------------------------------

typedef struct law {
    const report_chain *chain;
    bool efficiency;
} law;

static double ideal(const void *context, double workers) {
    return ((const law *)context)->efficiency ? 1 : workers;
}

static double amdahl(const void *context, double workers) {
    const law *l = context;
    double s = l->chain->weak ? workers - l->chain->gustafson.part * (workers - 1)
                              : scaling_amdahl_speedup(l->chain->amdahl.part, workers);
    return l->efficiency ? s / workers : s;
}

static double usl(const void *context, double workers) {
    const law *l = context;
    double s = scaling_usl_speedup(&l->chain->usl, workers);
    return l->efficiency ? s / workers : s;
}

static void draw_laws(chart *c, const law *l, double most) {
    char text[64];
    const double ends[] = {1, most}, heights[] = {1, ideal(l, most)};
    chart_line(c, ends, heights, 2, "ideal");
    chart_label(c, most, ideal(l, most), "ideal", SHAPE_NONE, false, "ideal");
    const scaling_part *part = l->chain->weak ? &l->chain->gustafson : &l->chain->amdahl;
    if (part->found && part->part < 1) {
        chart_curve(c, amdahl, l, 1, most, "fit dashed");
        (void)snprintf(text, sizeof text, "%s %.1f %%", l->chain->weak ? "Gustafson" : "Amdahl",
                       100 * part->part);
        chart_label(c, most, amdahl(l, most), "fit", SHAPE_NONE, true, text);
    }
    if (l->chain->usl.found) {
        chart_curve(c, usl, l, 1, most, "s4 dashed");
        chart_label(c, most, usl(l, most), "s4", SHAPE_NONE, true, "universal law");
    }
}

// ---- Charts -------------------------------------------------------------------------------------

// The numbers of workers that occur, ascending.
static size_t find_workers(const report_chain *chain, double workers[MOST_LINE]) {
    size_t n = 0;
    for (size_t k = 0; k < chain->npoints; k++) {
        size_t at = n;
        double w = chain->points[k].workers;
        while (at > 0 && workers[at - 1] >= w)
            at--;
        if (!chain->points[k].is_scaled || n == MOST_LINE || (at < n && workers[at] <= w))
            continue;
        for (size_t j = n++; j > at; j--)
            workers[j] = workers[j - 1];
        workers[at] = w;
    }
    return n;
}

static void draw(FILE *out, const report_chain *chain, bool efficiency, const double *workers,
                 size_t nworkers) {
    double most = workers[nworkers - 1], low = 1, high = efficiency ? 1 : most;
    for (size_t k = 0; k < chain->npoints; k++)
        if (chain->points[k].is_scaled) {
            low = fmin(low, height_of(&chain->points[k], efficiency).low);
            high = fmax(high, height_of(&chain->points[k], efficiency).high);
        }
    int log = most > 8 ? 2 : 0;
    chart_axis x = {"workers = ranks \u00d7 threads", 1, most, log, false, workers, nworkers};
    chart_axis y = {
        chain->weak ? "speed-up (pixels a second)" : "speed-up", 0, high, 0, false, NULL, 0};
    if (efficiency) {
        y.title = "efficiency";
        y.percent = true;
    } else if (log) {
        y.log = 2;
        y.low = low > 0.9 ? 1 : low; // no octave for one worker's little loss
    }
    char about[200], name[84];
    short_name(name, 80, chain->name);
    (void)snprintf(about, sizeof about,
                   "%s of %s against workers, %zu numbers of workers up to %.0f",
                   efficiency ? "Efficiency" : "Speed-up", name, nworkers, most);
    chart c;
    chart_open(&c, out, about, x, y, LABELS);
    law l = {chain, efficiency};
    draw_laws(&c, &l, most);
    for (kind which = THREADS; which < NKINDS; which++)
        draw_kind(&c, chain, which, efficiency);
    chart_close(&c);
}

void section_speed(FILE *out, const report *r) {
    (void)fputs(
        "<section id='speed'><h2>Speed-up and efficiency</h2><p>Speed-up is the time of the "
        "serial run over the time of this run, efficiency is speed-up over workers. Medians "
        "with 95&nbsp;% intervals of their ratios; hollow marks had more workers than "
        "CPUs and are in no fit.</p>",
        out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        double workers[MOST_LINE];
        size_t n = find_workers(chain, workers);
        (void)fputs("<figure><figcaption>", out);
        put_chain_name(out, chain);
        (void)fputs("</figcaption>", out);
        if (n < 2)
            (void)fputs(chain->has_base ? "<p class='none'>One number of workers makes no line: "
                                          "give records of several, or a sweep.</p>"
                                        : "<p class='none'>No run of one worker to compare with: "
                                          "add the record of one thread on one rank.</p>",
                        out);
        else {
            (void)fputs("<div class='pair'>", out);
            draw(out, chain, false, workers, n);
            draw(out, chain, true, workers, n);
            (void)fputs("</div>", out);
        }
        (void)fputs("</figure>", out);
    }
    (void)fputs("</section>\n", out);
}
