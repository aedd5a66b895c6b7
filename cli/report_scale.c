// report_scale.c: speed-ups, efficiencies, the fastest way, and the laws for each chain.
//
// The base is the best serial run that a sweep has made (its record of one rank, one thread and no
// runner for threads), else the cell of one worker. Speed is pixels a second, so that the same
// words hold where the image grows with the workers.
#include <stdlib.h>
#include <string.h>

#include "report.h"

static scaling_ratio speed_over(const report_point *point, const report_point *base) {
    return scaling_ratio_of(&base->seconds, &point->seconds, point->pixels / base->pixels);
}

static scaling_ratio divided(scaling_ratio ratio, double by) {
    return (scaling_ratio){ratio.value / by, ratio.low / by, ratio.high / by, ratio.sure};
}

// The fastest verified point of that many ranks and threads.
static const report_point *point_at(const report_chain *chain, int ranks, int threads) {
    const report_point *found = NULL;
    for (size_t k = 0; k < chain->npoints; k++) {
        const report_point *p = &chain->points[k];
        if (p->verified && p->ranks == ranks && p->threads == threads &&
            (!found || p->seconds.median < found->seconds.median))
            found = p;
    }
    return found;
}

static void scale_points(report_chain *chain) {
    const report_point *one = point_at(chain, 1, 1);
    if (!chain->has_base && one) {
        chain->base = *one;
        chain->has_base = true;
    }
    for (size_t k = 0; k < chain->npoints; k++) {
        report_point *p = &chain->points[k];
        if (!p->verified)
            continue;
        const report_point *rank = point_at(chain, 1, p->threads);
        if (one)
            p->of_one = speed_over(p, one);
        if (rank)
            p->of_rank = speed_over(p, rank);
        if (chain->has_base) {
            p->is_scaled = true;
            p->speedup = speed_over(p, &chain->base);
            p->efficiency = divided(p->speedup, p->workers);
        }
    }
}

static double speed(const report_point *p) {
    return p->pixels / p->seconds.median;
}

// More workers than CPUs are recommended only where nothing else was run: their gain is chance.
static bool is_better(const report_point *p, const report_point *best) {
    if (!best || p->oversubscribed != best->oversubscribed)
        return !best || best->oversubscribed;
    return speed(p) > speed(best);
}

static void find_best(report_chain *chain) {
    for (size_t k = 0; k < chain->npoints; k++) {
        const report_point *p = &chain->points[k];
        if (p->verified && is_better(p, chain->best))
            chain->best = p;
    }
}

static int by_workers(const void *left, const void *right) {
    const report_point *const *l = left, *const *r = right;
    return ((*l)->workers > (*r)->workers) - ((*l)->workers < (*r)->workers);
}

static ppx_status make_line(report_chain *chain, ppx_error *error) {
    chain->line = calloc(chain->npoints + 1, sizeof *chain->line);
    chain->line_points = calloc(chain->npoints + 1, sizeof *chain->line_points);
    if (!chain->line || !chain->line_points)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a line of points");
    for (size_t k = 0; k < chain->npoints; k++) {
        const report_point *p = &chain->points[k];
        if (!p->is_scaled || p->oversubscribed)
            continue;
        size_t at = 0;
        while (at < chain->nline && chain->line_points[at]->workers != p->workers)
            at++;
        if (at == chain->nline || speed(p) > speed(chain->line_points[at]))
            chain->line_points[at] = p;
        chain->nline += at == chain->nline;
    }
    qsort(chain->line_points, chain->nline, sizeof *chain->line_points, by_workers);
    for (size_t k = 0; k < chain->nline; k++)
        chain->line[k] =
            (scaling_point){chain->line_points[k]->workers, chain->line_points[k]->speedup};
    return PPX_OK;
}

// `copy` is the floor and not what was asked about: it comes last.
static int by_interest(const void *left, const void *right) {
    const report_chain *l = left, *r = right;
    int l_is_copy = strcmp(l->name, "copy") == 0, r_is_copy = strcmp(r->name, "copy") == 0;
    int names = strcmp(l->name, r->name), images = strcmp(l->image, r->image);
    return l_is_copy != r_is_copy ? l_is_copy - r_is_copy
           : names                ? names
           : images               ? images
                                  : l->weak - r->weak;
}

ppx_status report_scale(report *r, ppx_error *error) {
    qsort(r->chains, r->nchains, sizeof *r->chains, by_interest);
    ppx_status status = PPX_OK;
    for (size_t k = 0; !status && k < r->nchains; k++) {
        report_chain *chain = &r->chains[k];
        scale_points(chain);
        find_best(chain);
        status = make_line(chain, error);
        if (status || !chain->nline)
            continue;
        if (chain->weak) {
            chain->gustafson = scaling_gustafson(chain->line, chain->nline);
            continue;
        }
        chain->amdahl = scaling_amdahl(chain->line, chain->nline);
        chain->trend = scaling_karp_flatt_trend(chain->line, chain->nline);
        chain->usl = scaling_usl_fit(chain->line, chain->nline);
    }
    return status;
}
