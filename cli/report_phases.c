// report_phases.c: where the time goes: shares of the phases, the POP figures, and one chain on
// each pair of ranks and threads.
#include <math.h>
#include <string.h>

#include "report.h"

const char *const report_phases[REPORT_NPHASES] = {"compute", "exchange", "wait", "reduce",
                                                   "decode",  "encode",   "other"};

bool report_phase_sums(const report_point *point, double seconds[REPORT_NPHASES]) {
    const json_t *list = json_object_get(point->result, "phases");
    double sum = 0;
    memset(seconds, 0, REPORT_NPHASES * sizeof *seconds);
    for (size_t k = 0; k < json_array_size(list); k++)
        for (int phase = 0; phase < REPORT_NPHASES; phase++) {
            char key[24];
            (void)snprintf(key, sizeof key, "%s_s", report_phases[phase]);
            seconds[phase] += fmax(json_figure(json_array_get(list, k), key, 0), 0);
        }
    for (int phase = 0; phase < REPORT_NPHASES; phase++)
        sum += seconds[phase];
    return sum > 0;
}

static bool is_left_out(const report *r, const report_chain *chain, size_t point) {
    return r->is_terse && chain->best != &chain->points[point];
}

static const char *const terse =
    "<p class='none'>Of each chain the fastest way alone: this page has no room for more.</p>";

// ---- Shares -------------------------------------------------------------------------------------

static void put_bar(FILE *out, const report_point *p, const double seconds[REPORT_NPHASES]) {
    char way[80];
    double sum = 0, from = 0;
    report_way(p, way, sizeof way);
    for (int k = 0; k < REPORT_NPHASES; k++)
        sum += seconds[k];
    (void)fputs("<div class='bar'><span>", out);
    put_text(out, way);
    (void)fputs("</span><svg viewBox='0 0 1000 10' preserveAspectRatio='none' role='img'><title>",
                out);
    for (int k = 0; k < REPORT_NPHASES; k++)
        if (seconds[k] > 0)
            (void)fprintf(out, "%s %.1f %% ", report_phases[k], 100 * seconds[k] / sum);
    (void)fputs("</title>", out);
    for (int k = 0; k < REPORT_NPHASES; k++) {
        double width = 1000 * seconds[k] / sum;
        if (width >= 0.05)
            (void)fprintf(out, "<rect class='p%d' x='%.1f' width='%.1f' height='10'/>", k, from,
                          width);
        from += width;
    }
    (void)fprintf(out, "</svg><b>%.0f&nbsp;%%</b></div>", 100 * seconds[0] / sum);
}

static void put_key(FILE *out) {
    (void)fputs("<p class='key'>", out);
    for (int k = 0; k < REPORT_NPHASES; k++)
        (void)fprintf(out,
                      "<span><svg viewBox='0 0 10 10'><rect class='p%d' width='10' "
                      "height='10'/></svg>%s</span> ",
                      k, report_phases[k]);
    (void)fputs("</p>", out);
}

void section_phases(FILE *out, const report *r) {
    size_t shown = 0;
    (void)fputs("<section id='phases'><h2>Where the time goes</h2>", out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        bool begun = false;
        for (size_t j = 0; j < chain->npoints; j++) {
            double seconds[REPORT_NPHASES];
            if (is_left_out(r, chain, j) || !report_phase_sums(&chain->points[j], seconds))
                continue;
            if (!shown++) {
                (void)fputs("<p>Of the time of all workers in one run, the part of each phase. The "
                            "figure is the part that computes.</p>",
                            out);
                put_key(out);
                (void)fputs(r->is_terse ? terse : "", out);
            }
            if (!begun) {
                (void)fputs("<figure><figcaption>", out);
                put_chain_name(out, chain);
                (void)fputs("</figcaption>", out);
            }
            begun = true;
            put_bar(out, &chain->points[j], seconds);
        }
        (void)fputs(begun ? "</figure>" : "", out);
    }
    if (!shown)
        (void)fputs("<p class='none'>These records have no phases.</p>", out);
    (void)fputs("</section>\n", out);
}

// ---- POP ----------------------------------------------------------------------------------------

enum { MOST_KEYS = 16 };

// Every figure that occurs in a record, in the order of the first one.
static size_t find_keys(const report *r, const char *keys[MOST_KEYS]) {
    size_t n = 0;
    for (size_t k = 0; k < r->nchains; k++)
        for (size_t j = 0; j < r->chains[k].npoints; j++) {
            json_t *pop = json_object_get(r->chains[k].points[j].result, "pop"), *value;
            const char *key;
            json_object_foreach(pop, key, value) {
                size_t at = 0;
                while (at < n && strcmp(keys[at], key) != 0)
                    at++;
                if (at == n && n < MOST_KEYS && json_is_number(value))
                    keys[n++] = key;
            }
        }
    return n;
}

static void put_pop_row(FILE *out, const report_point *p, const char *const *keys, size_t nkeys) {
    char way[80];
    const json_t *pop = json_object_get(p->result, "pop");
    report_way(p, way, sizeof way);
    (void)fputs("<tr><td>", out);
    put_text(out, way);
    for (size_t k = 0; k < nkeys; k++) {
        double value = json_figure(pop, keys[k], NAN);
        if (isnan(value))
            (void)fputs("<td>\u2013", out);
        else // POP's own limit: above 0.8 is good
            (void)fprintf(out, "<td%s>%.2f", value < 0.8 ? " class='low'" : "", value);
    }
    (void)fputs("</tr>", out);
}

void section_pop(FILE *out, const report *r) {
    const char *keys[MOST_KEYS];
    size_t nkeys = find_keys(r, keys);
    (void)fputs("<section id='pop'><h2>POP figures</h2>", out);
    if (!nkeys) {
        (void)fputs("<p class='none'>These records have no POP figures.</p></section>\n", out);
        return;
    }
    (void)fputs(
        "<p>Load balance is the mean useful time over the largest, communication efficiency "
        "the largest useful time over the run's; parallel efficiency is their product. "
        "Below 0.80 is marked.</p>",
        out);
    (void)fputs(r->is_terse ? terse : "", out);
    (void)fputs("<div class='scroll' tabindex='0' role='region' "
                "aria-label='table'><table class='numbers'>"
                "<thead><tr><th>workers",
                out);
    for (size_t k = 0; k < nkeys; k++) {
        (void)fputs("<th>", out);
        for (const char *c = keys[k]; *c; c++) {
            const char letter[2] = {*c == '_' ? ' ' : *c, '\0'};
            put_text(out, letter);
        }
    }
    (void)fputs("</tr></thead><tbody>", out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        bool begun = false;
        for (size_t j = 0; j < chain->npoints; j++) {
            if (is_left_out(r, chain, j) ||
                !json_object_size(json_object_get(chain->points[j].result, "pop")))
                continue;
            if (!begun)
                put_chain_row(out, chain, nkeys + 1);
            begun = true;
            put_pop_row(out, &chain->points[j], keys, nkeys);
        }
    }
    (void)fputs("</tbody></table></div></section>\n", out);
}
