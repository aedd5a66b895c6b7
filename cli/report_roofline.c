// report_roofline.c: the speed of each chain below what memory and arithmetic allow (Williams,
// Waterman, Patterson 2009).
//
// A record does not count operations, and most kernels on bytes do less than one for each byte. So
// intensity is in pixels for each byte that a chain has to move, and speed in pixels: the slope is
// the measured bandwidth, and the ceiling what the peak would give if a pixel took one operation.
#include <math.h>
#include <string.h>

#include "chart.h"
#include "report.h"

enum { MOST = 32 };

typedef struct dot {
    const char *name;
    double intensity, speed; // pixels a byte, Gpixel/s
} dot;

// Of records with a measured bandwidth, the one with the most workers that had a CPU each.
static const json_t *find_record(const report *r) {
    const report_point *found = NULL;
    for (size_t k = 0; k < r->nchains; k++)
        for (size_t j = 0; j < r->chains[k].npoints; j++) {
            const report_point *p = &r->chains[k].points[j];
            const json_t *context = json_object_get(p->bench, "context");
            if (json_figure(context, "memory_gbyte_per_s", 0) > 0 && p->verified &&
                !p->oversubscribed && (!found || p->workers > found->workers))
                found = p;
        }
    return found ? found->bench : NULL;
}

static size_t find_dots(const report *r, const json_t *bench, dot dots[MOST]) {
    size_t n = 0;
    for (size_t k = 0; k < r->nchains; k++)
        for (size_t j = 0; j < r->chains[k].npoints && n < MOST; j++) {
            const report_point *p = &r->chains[k].points[j];
            double nbytes = json_figure(p->result, "nbytes", 0);
            if (nbytes <= 0)
                nbytes = 1e9 * json_figure(p->result, "gbyte_per_s", 0) * p->seconds.median;
            if (p->bench == bench && p->verified && nbytes > 0)
                dots[n++] = (dot){r->chains[k].name, p->pixels / nbytes,
                                  1e-9 * p->pixels / p->seconds.median};
        }
    return n;
}

static double roof(const void *bandwidth, double intensity) {
    return *(const double *)bandwidth * intensity;
}

static void draw(FILE *out, const dot *dots, size_t n, double bandwidth, double peak) {
    double least = INFINITY, most = 0, slowest = INFINITY;
    for (size_t k = 0; k < n; k++) {
        least = fmin(least, dots[k].intensity);
        most = fmax(most, dots[k].intensity);
        slowest = fmin(slowest, dots[k].speed);
    }
    least /= 4;
    most = fmax(2 * most, peak > 0 ? 2 * peak / bandwidth : 0); // the ridge is in the picture
    slowest = fmin(slowest, bandwidth * least);
    double high = fmax(peak, peak > 0 ? 0 : bandwidth * most);
    for (size_t k = 0; k < n; k++)
        high = fmax(high, dots[k].speed); // a cache is faster than memory
    chart_axis x = {"pixels for each byte moved", least, most, 2, false, NULL, 0};
    chart_axis y = {"Gpixel/s", slowest, high, 10, false, NULL, 0};
    chart c;
    chart_open(&c, out, "Roofline: speed of each chain against pixels for each byte moved", x, y,
               190);
    double end = peak > 0 ? fmin(c.x.high, peak / bandwidth) : c.x.high;
    double start = fmax(c.x.low, c.y.low / bandwidth);
    if (end > start)
        chart_curve(&c, roof, &bandwidth, start, end, "roof");
    if (peak > 0 && end < c.x.high) {
        const double across[] = {end, c.x.high}, up[] = {peak, peak};
        chart_line(&c, across, up, 2, "roof");
    }
    for (size_t k = 0; k < n; k++) {
        char tip[200];
        char name[84];
        short_name(name, 80, dots[k].name);
        (void)snprintf(tip, sizeof tip, "%s: %.3g Gpixel/s, %.0f %% of the bandwidth", name,
                       dots[k].speed, 100 * dots[k].speed / (bandwidth * dots[k].intensity));
        chart_mark(&c, dots[k].intensity, dots[k].speed, 0, 0, "s1", SHAPE_DISC, false, tip);
        short_name(name, 20, dots[k].name);
        chart_label(&c, dots[k].intensity, dots[k].speed, "s1", SHAPE_DISC, false, name);
    }
    char name[32];
    (void)snprintf(name, sizeof name, peak > 0 ? "peak %.0f Gflop/s" : "memory %.1f GB/s",
                   peak > 0 ? peak : bandwidth);
    chart_label(&c, c.x.high, peak > 0 ? peak : bandwidth * end, "roof", SHAPE_NONE, false, name);
    chart_close(&c);
}

void section_roofline(FILE *out, const report *r) {
    dot dots[MOST];
    const json_t *bench = find_record(r);
    size_t n = bench ? find_dots(r, bench, dots) : 0;
    (void)fputs("<section id='roofline'><h2>Roofline</h2>", out);
    if (!n) {
        (void)fputs(
            "<p class='none'>These records have no measured memory bandwidth.</p></section>\n",
            out);
        return;
    }
    const json_t *context = json_object_get(bench, "context");
    double bandwidth = json_figure(context, "memory_gbyte_per_s", 0);
    double peak = json_figure(context, "peak_gflop_per_s", 0);
    (void)fprintf(out,
                  "<p>The line is what memory allows: %.1f&nbsp;GB/s, measured with the %.0f "
                  "worker%s of this record. ",
                  bandwidth, json_figure(bench, "ranks", 1) * json_figure(bench, "threads", 1),
                  json_figure(bench, "ranks", 1) * json_figure(bench, "threads", 1) > 1 ? "s" : "");
    if (peak > 0)
        (void)fprintf(
            out, "Its ceiling is the peak of %.0f&nbsp;Gflop/s at one operation a pixel. ", peak);
    else
        (void)fputs("The record has no peak of arithmetic, so there is no ceiling. ", out);
    (void)fputs("What lies far below the line is limited by its operations.</p><figure><div "
                "class='pair'>",
                out);
    draw(out, dots, n, bandwidth, peak);
    (void)fputs("</div></figure></section>\n", out);
}
