// report_timeline.c: what each worker did when, of the fastest run that has a time line.
//
// A row for each worker, as wide as the page: drawings without letters, stretched, beside letters
// that keep their size. Slices of one phase are one path.
#include <math.h>
#include <string.h>

#include "report.h"

enum { MOST_ROWS = 128, UNITS = 2000 };

typedef struct row {
    int rank, thread;
} row;

static int phase_of(const json_t *slice) {
    const char *name = json_words(slice, "phase", "");
    for (int k = 0; k < REPORT_NPHASES; k++)
        if (strcmp(name, report_phases[k]) == 0)
            return k;
    return -1;
}

static row row_of(const json_t *slice) {
    return (row){json_count(slice, "rank"), json_count(slice, "thread")};
}

// Workers that occur, by rank and thread.
static size_t find_rows(const json_t *slices, row rows[MOST_ROWS]) {
    size_t n = 0;
    for (size_t k = 0; k < json_array_size(slices); k++) {
        row w = row_of(json_array_get(slices, k));
        size_t at = n;
        while (at > 0 && (rows[at - 1].rank > w.rank ||
                          (rows[at - 1].rank == w.rank && rows[at - 1].thread >= w.thread)))
            at--;
        if ((at < n && rows[at].rank == w.rank && rows[at].thread == w.thread) || n == MOST_ROWS)
            continue;
        for (size_t j = n++; j > at; j--)
            rows[j] = rows[j - 1];
        rows[at] = w;
    }
    return n;
}

static void put_row(FILE *out, const json_t *slices, row w, double first, double range) {
    (void)fprintf(out,
                  "<div class='bar'><span>rank %d, thread %d</span><svg viewBox='0 0 %d 10' "
                  "preserveAspectRatio='none' aria-hidden='true'>",
                  w.rank, w.thread, UNITS);
    for (int phase = 0; phase < REPORT_NPHASES; phase++) {
        bool begun = false;
        for (size_t k = 0; k < json_array_size(slices); k++) {
            const json_t *slice = json_array_get(slices, k);
            row own = row_of(slice);
            if (own.rank != w.rank || own.thread != w.thread || phase_of(slice) != phase)
                continue;
            double from = UNITS * (json_figure(slice, "from_s", 0) - first) / range;
            double to = UNITS * (json_figure(slice, "to_s", 0) - first) / range;
            if (!begun)
                (void)fprintf(out, "<path class='p%d' d='", phase);
            begun = true;
            // A gap, so that slices of one phase are told apart where there is room for one.
            double width = to - from > 8 ? to - from - 2 : to - from;
            (void)fprintf(out, "M%.1f 0h%.1fv10H%.1fz", from, fmax(width, 0.5), from);
        }
        (void)fputs(begun ? "'/>" : "", out);
    }
    (void)fputs("</svg><b></b></div>", out);
}

static void put_scale(FILE *out, double range) {
    char text[32];
    (void)fputs("<div class='bar scale'><span></span><div>", out);
    for (int k = 0; k <= 4; k++) {
        report_seconds(range * k / 4, text);
        (void)fprintf(out, "<i style='left:%d%%'>%s</i>", 25 * k, k ? text : "0");
    }
    (void)fputs("</div><b></b></div>", out);
}

static bool put_line(FILE *out, const report_chain *chain, const report_point *p) {
    const json_t *slices = json_object_get(p->result, "timeline");
    row rows[MOST_ROWS];
    double first = INFINITY, last = -INFINITY;
    for (size_t k = 0; k < json_array_size(slices); k++) {
        first = fmin(first, json_figure(json_array_get(slices, k), "from_s", 0));
        last = fmax(last, json_figure(json_array_get(slices, k), "to_s", 0));
    }
    if (!(last > first))
        return false;
    size_t n = find_rows(slices, rows);
    char way[80];
    report_way(p, way, sizeof way);
    (void)fprintf(out, "<figure class='times%s'><figcaption><code>", n > 12 ? " dense" : "");
    put_text(out, chain->name);
    (void)fputs("</code> <small>", out);
    put_text(out, way);
    (void)fputs("</small></figcaption>", out);
    for (size_t k = 0; k < n; k++)
        put_row(out, slices, rows[k], first, last - first);
    put_scale(out, last - first);
    (void)fputs("</figure>", out);
    return true;
}

void section_timeline(FILE *out, const report *r) {
    size_t shown = 0, left_out = 0;
    long begin = ftell(out);
    (void)fputs("<section id='timeline'><h2>Time lines</h2>", out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        const report_point *best = NULL; // among those that have one
        for (size_t j = 0; j < chain->npoints; j++) {
            const report_point *p = &chain->points[j];
            if (p->verified && json_array_size(json_object_get(p->result, "timeline")) &&
                (!best || p->workers > best->workers ||
                 (p->workers == best->workers && p->seconds.median < best->seconds.median)))
                best = p;
        }
        if (best && (size_t)(ftell(out) - begin) > r->timeline_room)
            left_out++;
        else if (best)
            shown += put_line(out, chain, best);
    }
    if (left_out)
        (void)fprintf(out, "<p class='none'>%zu more have no room in this page.</p>", left_out);
    (void)fputs(shown || left_out
                    ? "<p>One run of the configuration with the most workers; colours as under "
                      "<a href='#phases'>where the time goes</a>.</p></section>\n"
                    : "<p class='none'>These records have no time lines.</p></section>\n",
                out);
}
