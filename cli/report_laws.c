// report_laws.c: Karp and Flatt's serial part and its course, Amdahl's, Gustafson's and Gunther's
// laws, each with how far it is from what was measured.
#include <math.h>

#include "chart.h"
#include "report.h"

enum { MOST = 64 };

static void draw_karp_flatt(FILE *out, const report_chain *chain) {
    double x[MOST], y[MOST], high = 0.01, low = 0;
    size_t n = 0;
    for (size_t k = 0; k < chain->nline && n < MOST; k++) {
        const scaling_point *p = &chain->line[k];
        if (p->workers <= 1)
            continue;
        x[n] = p->workers;
        y[n++] = scaling_karp_flatt(p->speedup.value, p->workers);
        high = fmax(high, scaling_karp_flatt(p->speedup.low, p->workers));
        low = fmin(low, scaling_karp_flatt(p->speedup.high, p->workers));
    }
    chart_axis across = {"workers", 1, x[n - 1], x[n - 1] > 8 ? 2 : 0, false, x, n};
    chart_axis up = {"serial part (Karp-Flatt)", low, high, 0, true, NULL, 0};
    char about[200], tip[120], name[84];
    short_name(name, 80, chain->name);
    (void)snprintf(about, sizeof about, "Karp-Flatt serial part of %s against workers", name);
    chart c;
    chart_open(&c, out, about, across, up, 24);
    chart_line(&c, x, y, n, "s1");
    for (size_t k = 0; k < chain->nline && k < MOST; k++) {
        const scaling_point *p = &chain->line[k];
        if (p->workers <= 1)
            continue;
        double part = scaling_karp_flatt(p->speedup.value, p->workers);
        (void)snprintf(tip, sizeof tip, "%.0f workers: %.4f", p->workers, part);
        chart_mark(&c, p->workers, part, scaling_karp_flatt(p->speedup.high, p->workers),
                   scaling_karp_flatt(p->speedup.low, p->workers), "s1", SHAPE_DISC, false, tip);
    }
    chart_close(&c);
}

static void put_part(FILE *out, const char *law, const scaling_part *fit) {
    (void)fprintf(out, "<dt>%s</dt><dd>serial part <b>%.2f&nbsp;%%</b>", law, 100 * fit->part);
    if (fit->bounded)
        (void)fprintf(out, " (95&nbsp;%% interval %.2f to %.2f&nbsp;%%)", 100 * fit->low,
                      100 * fit->high);
    else
        (void)fputs(" (no interval: that takes three numbers of workers above one)", out);
}

static void put_laws(FILE *out, const report_chain *chain) {
    (void)fputs("<dl>", out);
    if (chain->amdahl.part >= 1)
        (void)fputs("<dt>Amdahl</dt><dd>does not apply: several workers are no faster than one",
                    out);
    else
        put_part(out, "Amdahl", &chain->amdahl);
    if (chain->amdahl.part > 0 && chain->amdahl.part < 1)
        (void)fprintf(out, ", so at most %.1f times as fast with any number of workers",
                      1 / chain->amdahl.part);
    if (chain->amdahl.bounded && chain->amdahl.part < 1)
        (void)fprintf(out, "; the law is within %.1f&nbsp;%% of every point",
                      100 * chain->amdahl.worst);
    (void)fputs(".</dd>", out);
    (void)fprintf(out, "<dt>Karp-Flatt</dt><dd>%s.</dd><dt>Universal law</dt><dd>",
                  report_trend_means(chain->trend));
    const scaling_usl *usl = &chain->usl;
    if (!usl->found)
        (void)fprintf(out,
                      "needs %d numbers of workers that had a CPU each; here are %zu.</dd></dl>",
                      SCALING_USL_LEAST, chain->nline);
    else {
        (void)fprintf(out, "contention \u03c3 = %.4f, coherence \u03ba = %.6f, \u03b3 = %.3f; ",
                      usl->sigma, usl->kappa, usl->gamma);
        if (isfinite(usl->peak))
            (void)fprintf(out, "fastest at about %.0f workers", usl->peak);
        else
            (void)fputs("no peak", out);
        (void)fprintf(out, "; within %.1f&nbsp;%% of every point.</dd></dl>", 100 * usl->worst);
    }
}

void section_laws(FILE *out, const report *r) {
    size_t shown = 0;
    (void)fputs("<section id='laws'><h2>Laws of scaling</h2>", out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        if (!chain->amdahl.found)
            continue;
        if (!shown++)
            (void)fputs(
                "<p>Fitted to the fastest way for each number of workers that had a CPU each."
                " A law that is far from the points explains nothing.</p>",
                out);
        (void)fputs("<figure><figcaption>", out);
        put_chain_name(out, chain);
        (void)fputs("</figcaption><div class='pair'>", out);
        if (chain->trend != TREND_UNKNOWN) // one point has no course
            draw_karp_flatt(out, chain);
        put_laws(out, chain);
        (void)fputs("</div></figure>", out);
    }
    if (!shown)
        (void)fputs(
            "<p class='none'>No fits: they take the record of one worker, and one of several "
            "workers with a CPU each.</p>",
            out);
    (void)fputs("</section>\n", out);
}

void section_weak(FILE *out, const report *r) {
    size_t shown = 0;
    (void)fputs("<section id='weak'><h2>Weak scaling</h2>", out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        if (!chain->weak || !chain->gustafson.found)
            continue;
        if (!shown++)
            (void)fputs(
                "<p>The image grows with the workers. Speed-up is in pixels a second, so an "
                "efficiency of 100&nbsp;% is the same time for as many times the "
                "pixels.</p><table class='numbers'><thead><tr><th>workers<th>"
                "median<th>scaled speed-up<th>95&nbsp;% interval<th>efficiency</tr></thead>"
                "<tbody>",
                out);
        put_chain_row(out, chain, 5);
        for (size_t j = 0; j < chain->nline; j++) {
            const report_point *p = chain->line_points[j];
            char seconds[32];
            report_seconds(p->seconds.median, seconds);
            (void)fprintf(out, "<tr><td>%d<td>%s<td>%.2f<td>%.2f to %.2f<td>%.0f&nbsp;%%</tr>",
                          p->workers, seconds, p->speedup.value, p->speedup.low, p->speedup.high,
                          100 * p->efficiency.value);
        }
    }
    if (!shown) {
        (void)fputs("<p class='none'>No records of weak scaling: <code class='whole'>parpix sweep "
                    "--weak</code> "
                    "makes them.</p></section>\n",
                    out);
        return;
    }
    (void)fputs("</tbody></table><dl>", out);
    for (size_t k = 0; k < r->nchains; k++)
        if (r->chains[k].weak && r->chains[k].gustafson.found) {
            put_part(out, "Gustafson", &r->chains[k].gustafson);
            (void)fputs(" of <code>", out);
            put_text(out, r->chains[k].name);
            (void)fputs("</code></dd>", out);
        }
    (void)fputs("</dl></section>\n", out);
}
