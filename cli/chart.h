// chart.h: small charts as SVG within a page: axes with ticks, lines, marks with intervals, labels
// at the ends of lines. Colours are classes (s1 to s4) of the page's style.
#ifndef PARPIX_CHART_H
#define PARPIX_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct chart_axis {
    const char *title;
    double low, high; // of the data; the axis ends at ticks
    int log;          // 0: linear; 2 or 10: logarithmic
    bool percent;
    const double *ticks; // where they have to be; NULL: at round figures
    size_t nticks;
} chart_axis;

enum { CHART_MOST_LABELS = 40 };

typedef struct chart {
    FILE *out;
    chart_axis x, y;
    double left, right, top, bottom; // of the plot, in units of the drawing
    struct chart_label {
        double x, y;      // where it belongs
        double at;        // where it goes: labels keep clear of each other
        const char *mark; // class of the line or mark that it names
        bool dashed;
        int shape; // below 0: a line without marks
        char text[64];
    } labels[CHART_MOST_LABELS];
    size_t nlabels;
} chart;

enum { SHAPE_NONE = -1, SHAPE_DISC, SHAPE_SQUARE, SHAPE_TRIANGLE, SHAPE_DIAMOND };

// `about` is said to those who do not see it. `margin` is the room for labels on the right.
void chart_open(chart *c, FILE *out, const char *about, chart_axis x, chart_axis y, double margin);
void chart_curve(chart *c, double (*value)(const void *law, double x), const void *law, double from,
                 double to, const char *mark);
void chart_line(chart *c, const double *x, const double *y, size_t n, const char *mark);
// A whisker from low to high and a mark; `tip` is shown when pointed at.
void chart_mark(chart *c, double x, double y, double low, double high, const char *mark, int shape,
                bool hollow, const char *tip);
// Named at its end, once all is drawn.
void chart_label(chart *c, double x, double y, const char *mark, int shape, bool dashed,
                 const char *text);
void chart_close(chart *c);

// "12", "3.4", "0.05"
void chart_figure(double value, char text[32]);

#endif
