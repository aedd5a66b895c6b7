// regions_table.h: what regions.c tells of a region, and filters that ask for it.
//
// Columns, pixels of a region as points (x right, y down), moments by sums over them:
//     label                    as painted
//     area                     pixels
//     x0 y0 x1 y1              bounding box, inclusive
//     cx cy                    centroid
//     mxx mxy myy              second central moments, divided by the area
//     major minor              axes of the ellipse with these moments: 4 sqrt(eigenvalue)
//     eccentricity             sqrt(1 - minor^2 / major^2); 0 for one pixel
//     extent                   area / area of the bounding box
//     perimeter                Crofton's estimate from lines in four directions
//     euler                    the region less its holes: 1 without any
//     border                   1 if it touches the image's border
//     orientation              from the x axis to the major one, towards y, degrees in (-90, 90]; 0
//                              where no direction is longer
//     least most mean          samples of the intensity image, if there is one
// All but orientation are whole numbers, or come from whole numbers by arithmetic and roots, so
// every worker computes the same and filters may ask for them.
#ifndef PPX_REGIONS_TABLE_H
#define PPX_REGIONS_TABLE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/kernel.h"

enum { CONNECTIVITY, FILTER, OUTPUT, INTENSITY };
enum { LABELS, COLOUR };

typedef struct region {
    uint64_t area, sum_x, sum_y, sum_xx, sum_xy, sum_yy;
    // Runs; pixels joined to one above; to those diagonally above, counted twice if to both;
    // contacts of runs.
    uint64_t runs, up, diagonal, contacts;
    uint64_t total;          // of intensities
    uint32_t x0, y0, x1, y1; // inclusive
    uint32_t least, most;    // intensity
} region;

enum {
    LABEL,
    AREA,
    X0,
    Y0,
    X1,
    Y1,
    CX,
    CY,
    MXX,
    MXY,
    MYY,
    MAJOR,
    MINOR,
    ECCENTRICITY,
    EXTENT,
    PERIMETER,
    EULER,
    BORDER,
    ORIENTATION,
    LEAST,
    MOST,
    MEAN,
    NCOLUMNS
};

static const char *const column_names[NCOLUMNS] = {
    "label", "area",   "x0",          "y0",    "x1",    "y1",           "cx",     "cy",
    "mxx",   "mxy",    "myy",         "major", "minor", "eccentricity", "extent", "perimeter",
    "euler", "border", "orientation", "least", "most",  "mean"};

static const bool column_whole[NCOLUMNS] = {
    [LABEL] = true, [AREA] = true,  [X0] = true,     [Y0] = true,    [X1] = true,
    [Y1] = true,    [EULER] = true, [BORDER] = true, [LEAST] = true, [MOST] = true};

// ---- Measures -----------------------------------------------------------------------------------

// Second central moments, divided by the area. Sums are first moved to the bounding box's corner,
// modulo 2^64, and are small then.
typedef struct region_moments {
    double xx, xy, yy;
} region_moments;

static inline region_moments moments_of(const region *r) {
    const uint64_t n = r->area, x0 = r->x0, y0 = r->y0;
    const double x = (double)(r->sum_x - n * x0), y = (double)(r->sum_y - n * y0);
    const double xx = (double)(r->sum_xx - 2 * x0 * r->sum_x + n * x0 * x0);
    const double xy = (double)(r->sum_xy - x0 * r->sum_y - y0 * r->sum_x + n * x0 * y0);
    const double yy = (double)(r->sum_yy - 2 * y0 * r->sum_y + n * y0 * y0), area = (double)n;
    return (region_moments){(xx - x * x / area) / area, (xy - x * y / area) / area,
                            (yy - y * y / area) / area};
}

static inline double axis_of(const region *r, int column) {
    const region_moments m = moments_of(r);
    const double half = (m.xx - m.yy) / 2, root = sqrt(half * half + m.xy * m.xy);
    const double large = (m.xx + m.yy) / 2 + root, small = (m.xx + m.yy) / 2 - root;
    if (column == MAJOR)
        return 4 * sqrt(large);
    if (column == MINOR)
        return small > 0 ? 4 * sqrt(small) : 0;
    return large > 0 ? sqrt(1 - (small > 0 ? small : 0) / large) : 0;
}

static inline double perimeter_of(const region *r) {
    const double quarter = 0.78539816339744830962, root = 0.70710678118654752440;
    return quarter *
           ((double)(r->runs + r->area - r->up) + root * (double)(2 * r->area - r->diagonal));
}

static inline bool touches_border(const ppx_job *job, const region *r) {
    return r->x0 == 0 || r->y0 == 0 || (ptrdiff_t)r->x1 == job->in.width - 1 ||
           (ptrdiff_t)r->y1 == job->in.height - 1;
}

static inline double orientation_of(const region *r) {
    const region_moments m = moments_of(r);
    const double degrees = 57.29577951308232088, angle = atan2(2 * m.xy, m.xx - m.yy) / 2 * degrees;
    return m.xy == 0 && m.xx == m.yy ? 0 : angle;
}

static inline double measure_of(const ppx_job *job, const region *r, int column) {
    const double area = (double)r->area;
    switch (column) {
    case AREA:
        return area;
    case X0:
        return r->x0;
    case Y0:
        return r->y0;
    case X1:
        return r->x1;
    case Y1:
        return r->y1;
    case CX:
        return (double)r->sum_x / area;
    case CY:
        return (double)r->sum_y / area;
    case MXX:
        return moments_of(r).xx;
    case MXY:
        return moments_of(r).xy;
    case MYY:
        return moments_of(r).yy;
    case EXTENT:
        return area / ((double)(r->x1 - r->x0 + 1) * (double)(r->y1 - r->y0 + 1));
    case PERIMETER:
        return perimeter_of(r);
    case EULER:
        return (double)(int64_t)(r->runs - r->contacts);
    case BORDER:
        return touches_border(job, r);
    case ORIENTATION:
        return orientation_of(r);
    case LEAST:
        return r->least;
    case MOST:
        return r->most;
    case MEAN:
        return (double)r->total / area;
    default:
        return axis_of(r, column);
    }
}

// ---- Filters ------------------------------------------------------------------------------------

typedef enum comparison { AT_LEAST, AT_MOST, UNEQUAL, ABOVE, BELOW, EQUAL } comparison;
static const char *const comparison_names[] = {">=", "<=", "!=", ">", "<", "="};
enum { NCOMPARISONS = sizeof comparison_names / sizeof *comparison_names, MOST_TERMS = 16 };

typedef struct filter {
    size_t n;
    struct filter_term {
        int column;
        comparison comparison;
        double number;
    } terms[MOST_TERMS]; // all must hold
} filter;

static inline bool term_holds(const struct filter_term *term, double measure) {
    switch (term->comparison) {
    case AT_LEAST:
        return measure >= term->number;
    case AT_MOST:
        return measure <= term->number;
    case UNEQUAL:
        return measure != term->number;
    case ABOVE:
        return measure > term->number;
    case BELOW:
        return measure < term->number;
    default:
        return measure == term->number;
    }
}

static inline bool filter_keeps(const ppx_job *job, const region *r) {
    const filter *f = job->table;
    for (size_t k = 0; k < f->n; k++)
        if (!term_holds(&f->terms[k], measure_of(job, r, f->terms[k].column)))
            return false;
    return true;
}

static inline ppx_status find_column(const char *name, bool intensities, int *column,
                                     ppx_error *error) {
    const char *known[NCOLUMNS];
    size_t nknown = 0;
    for (int k = 0; k < NCOLUMNS; k++) {
        if (k == LABEL || k == ORIENTATION)
            continue;
        if (strcmp(name, column_names[k]) == 0) {
            if (k < LEAST || intensities) {
                *column = k;
                return PPX_OK;
            }
            return ppx_fail(error, PPX_E_USAGE, "regions:filter: %s needs intensity=FILE", name);
        }
        known[nknown++] = column_names[k];
    }
    const char *nearest = ppx_nearest(name, known, nknown);
    return ppx_fail(error, PPX_E_USAGE, "regions:filter: there is no measure \"%.40s\"%s%s%s", name,
                    nearest ? "; did you mean \"" : ": one is area, as in area>=50",
                    nearest ? nearest : "", nearest ? "\"?" : "");
}

static inline ppx_status term_parse(char *text, bool intensities, struct filter_term *term,
                                    ppx_error *error) {
    const size_t n = strcspn(text, "<>=!");
    for (int k = 0; k < NCOMPARISONS; k++) {
        const size_t length = strlen(comparison_names[k]);
        if (strncmp(text + n, comparison_names[k], length) != 0)
            continue;
        if (!ppx_parse_real(text + n + length, &term->number))
            return ppx_fail(error, PPX_E_USAGE, "regions:filter: \"%.40s\" is not a number",
                            text + n + length);
        text[n] = '\0';
        term->comparison = (comparison)k;
        return find_column(text, intensities, &term->column, error);
    }
    return ppx_fail(error, PPX_E_USAGE,
                    "regions:filter: \"%.40s\" compares nothing; say it as in area>=50", text);
}

static inline ppx_status filter_parse(const ppx_job *job, filter *parsed, ppx_error *error) {
    const char *at = job->values[FILTER].text;
    parsed->n = 0;
    while (at) {
        char term[80];
        const size_t n = strcspn(at, "&");
        if (n >= sizeof term || parsed->n == MOST_TERMS)
            return ppx_fail(error, PPX_E_USAGE, "regions:filter is too long: %.60s", at);
        memcpy(term, at, n);
        term[n] = '\0';
        ppx_status status = term_parse(term, job->values[INTENSITY].text != NULL,
                                       &parsed->terms[parsed->n++], error);
        if (status)
            return status;
        at = at[n] ? at + n + 1 : NULL;
    }
    return PPX_OK;
}

static inline size_t filter_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(filter);
}

static inline void filter_build(const ppx_job *job) {
    (void)filter_parse(job, job->table, NULL); // it has passed the check
}

// ---- The table ----------------------------------------------------------------------------------

// Regions that are kept, counted from 0. Tables are read column by column, from the first row to
// the last: the region of a row is looked for from that of the row before.
typedef struct region_list {
    const ppx_job *job;
    const region *regions;
    size_t row, at;
} region_list;

static inline void go_to_row(region_list *list, size_t row) {
    if (row < list->row || row == 0) {
        list->row = 0;
        list->at = 0;
        while (!filter_keeps(list->job, &list->regions[list->at]))
            list->at++;
    }
    for (; list->row < row; list->row++)
        do
            list->at++;
        while (!filter_keeps(list->job, &list->regions[list->at]));
}

static inline double regions_cell(const void *data, size_t row, int column) {
    region_list *list = *(region_list *const *)data;
    go_to_row(list, row);
    if (column == LABEL)
        return (double)(list->at + 1);
    return measure_of(list->job, &list->regions[list->at], column);
}

static inline void regions_report(const ppx_job *job, const void *records, size_t n) {
    const ppx_sink *sink = job->sink;
    region_list list = {.job = job, .regions = records}, *data = &list;
    size_t kept = 0;
    for (size_t k = 0; k < n; k++)
        kept += filter_keeps(job, &list.regions[k]);
    if (sink->number) {
        sink->number(sink->context, job->kernel->name, "found", (double)n);
        sink->number(sink->context, job->kernel->name, "count", (double)kept);
    }
    if (sink->table)
        sink->table(sink->context, job->kernel->name,
                    &(ppx_table){"labels", job->second ? NCOLUMNS : LEAST, column_names,
                                 column_whole, kept, regions_cell, &data});
}

#endif
