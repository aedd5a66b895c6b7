// chart.c: small charts as SVG within a page.
//
// A drawing is 440 units wide, so that letters keep a readable size at the width of a telephone and
// two charts stand side by side on a desk. Labels stand at the ends of lines, where no legend has
// to be looked up, and are pushed apart where lines end close together.
#include "chart.h"

#include <math.h>
#include <string.h>

#include "report.h"

enum { WIDTH = 440, HEIGHT = 290, LEFT = 46, TOP = 12, BOTTOM = 44, LINE = 14, MOST_TICKS = 24 };

static const char *const shapes[] = {
    "<circle cx='%.1f' cy='%.1f' r='4'",
    "<rect x='-3.6' y='-3.6' width='7.2' height='7.2' transform='translate(%.1f %.1f)'",
    "<path d='M0-4.8L4.6 3.6H-4.6z' transform='translate(%.1f %.1f)'",
    "<path d='M0-5L5 0L0 5L-5 0z' transform='translate(%.1f %.1f)'",
};

void chart_figure(double value, char text[32]) {
    double size = fabs(value);
    if (size > 0 && (size >= 1e5 || size < 1e-3))
        (void)snprintf(text, 32, "%.0e", value);
    else
        (void)snprintf(text, 32, "%.3g", value);
    if (size >= 1000 && size < 1e5)
        (void)snprintf(text, 32, "%.0f", value);
}

// ---- Scales -------------------------------------------------------------------------------------

static double part(const chart_axis *axis, double value) {
    if (axis->log)
        return log(fmax(value, 1e-300) / axis->low) / log(axis->high / axis->low);
    return (value - axis->low) / (axis->high - axis->low);
}

static double at_x(const chart *c, double x) {
    return c->left + part(&c->x, x) * (c->right - c->left);
}

static double at_y(const chart *c, double y) {
    double at = c->bottom - part(&c->y, y) * (c->bottom - c->top);
    return fmax(fmin(at, c->bottom + 40), c->top - 40); // clipped, but never absurd
}

// 1, 2 or 5 times a power of ten, so that there are at most `most` steps.
static double step_for(double range, int most) {
    double step = pow(10, floor(log10(range / most)));
    static const double factors[] = {1, 2, 5, 10};
    for (int k = 0; k < 4; k++)
        if (range / (step * factors[k]) <= most)
            return step * factors[k];
    return 10 * step;
}

// Widens the axis to its ticks, and tells them.
static size_t find_ticks(chart_axis *axis, double ticks[MOST_TICKS]) {
    size_t n = 0;
    if (axis->nticks) {
        for (; n < axis->nticks && n < MOST_TICKS; n++)
            ticks[n] = axis->ticks[n];
    } else if (axis->log) {
        double base = axis->log;
        double first = floor(log(axis->low) / log(base) + 1e-9);
        double last = fmax(ceil(log(axis->high) / log(base) - 1e-9), first + 1);
        double stride = ceil((last - first) / 9);
        axis->low = pow(base, first);
        axis->high = pow(base, last);
        for (; n < MOST_TICKS && first <= last; first += stride)
            ticks[n++] = pow(base, first);
    } else {
        double step = step_for(axis->high - axis->low, 6);
        double first = floor(axis->low / step + 1e-9), last = ceil(axis->high / step - 1e-9);
        axis->low = first * step;
        axis->high = last * step;
        for (; n < MOST_TICKS && first <= last; first++)
            ticks[n++] = first * step;
    }
    return n;
}

static void tick_text(const chart_axis *axis, double tick, char text[40]) {
    char figure[32];
    chart_figure(axis->percent ? 100 * tick : tick, figure);
    (void)snprintf(text, 40, "%s%s", figure, axis->percent ? " %" : "");
}

static void draw_axes(chart *c, const double *xs, size_t nx, const double *ys, size_t ny) {
    char text[40];
    double free_from = -1;
    (void)fputs("<path class='grid' d='", c->out);
    for (size_t k = 0; k < ny; k++)
        (void)fprintf(c->out, "M%.0f %.1fH%.0f", c->left, at_y(c, ys[k]), c->right);
    (void)fputs("'/>", c->out);
    for (size_t k = 0; k < ny; k++) {
        tick_text(&c->y, ys[k], text);
        (void)fprintf(c->out, "<text class='tick end' x='%.0f' y='%.1f'>%s</text>", c->left - 6,
                      at_y(c, ys[k]) + 4, text);
    }
    for (size_t k = 0; k < nx; k++) {
        double x = at_x(c, xs[k]);
        tick_text(&c->x, xs[k], text);
        double half = 3.6 * (double)strlen(text);
        (void)fprintf(c->out, "<path class='axis' d='M%.1f %.1fv4'/>", x, c->bottom);
        if (x - half < free_from) // it would run into the one before
            continue;
        free_from = x + half + 4;
        (void)fprintf(c->out, "<text class='tick mid' x='%.1f' y='%.1f'>%s</text>", x,
                      c->bottom + 17, text);
    }
    (void)fprintf(c->out,
                  "<path class='axis' d='M%.1f %.1fH%.1f'/><text class='title mid' x='%.1f' "
                  "y='%d'>%s</text><text class='title' x='%.1f' y='%d'>%s</text>",
                  c->left, c->bottom, c->right, (c->left + c->right) / 2, HEIGHT - 8, c->x.title,
                  4.0, TOP - 2 + 4, c->y.title);
}

void chart_open(chart *c, FILE *out, const char *about, chart_axis x, chart_axis y, double margin) {
    double xs[MOST_TICKS], ys[MOST_TICKS];
    c->out = out;
    c->nlabels = 0;
    c->x = x;
    c->y = y;
    c->left = LEFT;
    c->right = WIDTH - margin;
    c->top = TOP + 18;
    c->bottom = HEIGHT - BOTTOM;
    size_t nx = find_ticks(&c->x, xs), ny = find_ticks(&c->y, ys);
    (void)fprintf(out, "<svg viewBox='0 0 %d %d' role='img' aria-label='", WIDTH, HEIGHT);
    put_text(out, about);
    (void)fputs("'>", out);
    draw_axes(c, xs, nx, ys, ny);
}

// ---- Data ---------------------------------------------------------------------------------------

void chart_line(chart *c, const double *x, const double *y, size_t n, const char *mark) {
    (void)fprintf(c->out, "<path class='line %s' d='", mark);
    for (size_t k = 0; k < n; k++)
        (void)fprintf(c->out, "%c%.1f %.1f", k ? 'L' : 'M', at_x(c, x[k]), at_y(c, y[k]));
    (void)fputs("'/>", c->out);
}

void chart_curve(chart *c, double (*value)(const void *law, double x), const void *law, double from,
                 double to, const char *mark) {
    enum { STEPS = 32 };
    double x[STEPS + 1], y[STEPS + 1];
    for (int k = 0; k <= STEPS; k++) {
        double t = (double)k / STEPS;
        x[k] = c->x.log ? from * pow(to / from, t) : from + (to - from) * t;
        y[k] = value(law, x[k]);
    }
    chart_line(c, x, y, STEPS + 1, mark);
}

void chart_mark(chart *c, double x, double y, double low, double high, const char *mark, int shape,
                bool hollow, const char *tip) {
    double px = at_x(c, x), py = at_y(c, y);
    (void)fprintf(c->out, "<g class='%s'>", mark);
    if (high > low)
        (void)fprintf(c->out, "<path class='line' d='M%.1f %.1fV%.1fm-3 0h6M%.1f %.1fh6'/>", px,
                      at_y(c, low), at_y(c, high), px - 3, at_y(c, low));
    (void)fprintf(c->out, shapes[shape], px, py);
    (void)fprintf(c->out, " class='%s'><title>", hollow ? "hollow" : "full");
    put_text(c->out, tip);
    (void)fputs(shape == SHAPE_DISC     ? "</title></circle></g>"
                : shape == SHAPE_SQUARE ? "</title></rect></g>"
                                        : "</title></path></g>",
                c->out);
}

void chart_label(chart *c, double x, double y, const char *mark, int shape, bool dashed,
                 const char *text) {
    if (c->nlabels == CHART_MOST_LABELS)
        return;
    struct chart_label *l = &c->labels[c->nlabels++];
    *l = (struct chart_label){.x = at_x(c, x),
                              .y = fmax(fmin(at_y(c, y), c->bottom), c->top),
                              .mark = mark,
                              .dashed = dashed,
                              .shape = shape};
    l->at = l->y;
    (void)snprintf(l->text, sizeof l->text, "%s", text);
}

// Labels in order of height, each at least a line below the one above; then pushed up from below.
static void part_labels(chart *c) {
    for (size_t k = 1; k < c->nlabels; k++)
        for (size_t j = k; j > 0 && c->labels[j].y < c->labels[j - 1].y; j--) {
            struct chart_label held = c->labels[j];
            c->labels[j] = c->labels[j - 1];
            c->labels[j - 1] = held;
        }
    double floor_y = c->top;
    for (size_t k = 0; k < c->nlabels; k++) {
        c->labels[k].at = fmax(c->labels[k].y, floor_y);
        floor_y = c->labels[k].at + LINE;
    }
    double ceiling = c->bottom + 2;
    for (size_t k = c->nlabels; k-- > 0;) {
        c->labels[k].at = fmin(c->labels[k].at, ceiling);
        ceiling = c->labels[k].at - LINE;
    }
}

void chart_close(chart *c) {
    part_labels(c);
    for (size_t k = 0; k < c->nlabels; k++) {
        const struct chart_label *l = &c->labels[k];
        double x = c->right + 12;
        (void)fprintf(c->out, "<path class='lead' d='M%.1f %.1fL%.1f %.1f'/><g class='%s'>",
                      l->x + 6, l->y, x - 3, l->at, l->mark);
        if (l->shape < 0)
            (void)fprintf(c->out, "<path class='line%s' d='M%.1f %.1fh14'/>",
                          l->dashed ? " dashed" : "", x, l->at);
        else {
            (void)fprintf(c->out, shapes[l->shape], x + 7, l->at);
            (void)fputs(" class='full'/>", c->out);
        }
        (void)fprintf(c->out, "</g><text class='label' x='%.1f' y='%.1f'>", x + 18, l->at + 4);
        put_text(c->out, l->text);
        (void)fputs("</text>", c->out);
    }
    (void)fputs("</svg>\n", c->out);
}
