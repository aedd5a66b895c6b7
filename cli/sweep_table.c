// sweep_table.c: what a sweep found: a line of key=value for each cell and chain, and a table for
// people.
//
// Speed-up = W t_baseline / t, W being how many times the baseline's work was done (1, or the
// workers of the one by those of the other with --weak), with its interval (scaling.h). Efficiency
// is the speed-up against serial by the workers.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scaling.h"
#include "sweep.h"

static double number(const json_t *result, const char *key) {
    const json_t *value = json_object_get(result, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *word(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

// The result of a chain (its number in the record); NULL when the cell has none.
static const json_t *result_of(const sweep_cell *cell, size_t chain) {
    return cell && cell->state == SWEEP_DONE
               ? json_array_get(json_object_get(cell->bench, "results"), chain)
               : NULL;
}

static bool verified(const json_t *result) {
    return json_is_true(json_object_get(result, "verified"));
}

static statistic statistic_in(const json_t *result) {
    return (statistic){.median = number(result, "median_s"),
                       .low = number(result, "low_s"),
                       .high = number(result, "high_s"),
                       .sure = json_is_true(json_object_get(result, "interval_is_95"))};
}

// NAN: nothing to compare with.
static scaling_ratio gain_of(const sweep *s, const sweep_cell *base, const sweep_cell *cell,
                             size_t chain) {
    const json_t *from = result_of(base, chain), *to = result_of(cell, chain);
    if (!from || !to || !verified(from) || !verified(to))
        return (scaling_ratio){NAN, NAN, NAN, false};
    double work = s->asked->weak ? (double)sweep_workers(cell) / sweep_workers(base) : 1;
    if (base == cell)
        return (scaling_ratio){work, work, work, true};
    const statistic over = statistic_in(from), under = statistic_in(to);
    return scaling_ratio_of(&over, &under, work);
}

// ---- Lines --------------------------------------------------------------------------------------

static void put_gain(const char *name, scaling_ratio g) {
    if (isfinite(g.value))
        printf(" speedup_%s=%.5g speedup_%s_low=%.5g speedup_%s_high=%.5g", name, g.value, name,
               g.low, name, g.high);
}

static void put_figures(const sweep_cell *cell, size_t chain, const scaling_ratio gains[3]) {
    const json_t *r = result_of(cell, chain);
    if (!r)
        return;
    printf(" samples=%zu", json_array_size(json_object_get(r, "samples_s")));
    if (verified(r)) {
        printf(" median_s=%.9g low_s=%.9g high_s=%.9g least_s=%.9g mpixel_per_s=%.6g",
               number(r, "median_s"), number(r, "low_s"), number(r, "high_s"), number(r, "least_s"),
               number(r, "mpixel_per_s"));
        put_gain("serial", gains[0]);
        put_gain("one_thread", gains[1]);
        put_gain("one_rank", gains[2]);
        if (isfinite(gains[0].value))
            printf(" efficiency=%.5g", gains[0].value / sweep_workers(cell));
    }
    printf(" checksum=%s verified=%s", word(r, "checksum"), verified(r) ? "yes" : "no");
}

static void gains_of(const sweep *s, const sweep_cell *cell, size_t chain, scaling_ratio gains[3]) {
    gains[0] = gain_of(s, &s->cells[0], cell, chain);
    gains[1] = gain_of(s, sweep_find(s, 1, 1, cell->schedule), cell, chain);
    gains[2] = gain_of(s, sweep_find(s, 1, cell->threads, cell->schedule), cell, chain);
}

static void put_line(const sweep *s, const sweep_cell *cell, size_t chain, const char *text) {
    static const char *const states[] = {"missing", "failed", "done"};
    scaling_ratio gains[3];
    gains_of(s, cell, chain, gains);
    printf("sweep chain=%s width=%td height=%td ranks=%d threads=%d schedule=%s backend=%s "
           "state=%s oversubscribed=%s",
           text, s->asked->what.width, cell->height, cell->ranks, cell->threads, cell->schedule,
           cell->serial ? "serial" : "omp", states[cell->state],
           cell->oversubscribed ? "yes" : "no");
    put_figures(cell, chain, gains);
    printf("\n");
}

// ---- The table ----------------------------------------------------------------------------------

static void gain_text(scaling_ratio g, char text[40]) {
    if (!isfinite(g.value))
        (void)snprintf(text, 40, "-");
    else if (g.low == g.high)
        (void)snprintf(text, 40, "%.2f", g.value);
    else
        (void)snprintf(text, 40, g.value < 0.1 ? "%.2g (%.2g to %.2g%s)" : "%.2f (%.2f to %.2f%s)",
                       g.value, g.low, g.high, g.sure ? "" : " ?");
}

static void put_row(const sweep *s, const sweep_cell *cell, size_t chain) {
    const json_t *r = result_of(cell, chain);
    char name[80];
    sweep_name(s, cell, name);
    if (cell->oversubscribed)
        (void)strncat(name, " *", sizeof name - strlen(name) - 1);
    if (!r || !verified(r)) {
        (void)fprintf(stderr, "%-32s %s\n", name,
                      cell->state == SWEEP_MISSING  ? "not run"
                      : cell->state == SWEEP_FAILED ? "failed"
                                                    : "differs from the serial run: no figures");
        return;
    }
    scaling_ratio gains[3];
    char texts[3][40];
    gains_of(s, cell, chain, gains);
    for (int k = 0; k < 3; k++)
        gain_text(gains[k], texts[k]);
    (void)fprintf(stderr, "%-32s %9.3f ms  %-21s %-21s %-21s", name, 1e3 * number(r, "median_s"),
                  texts[0], texts[1], texts[2]);
    if (isfinite(gains[0].value))
        (void)fprintf(stderr, " %4.0f %%\n", 100 * gains[0].value / sweep_workers(cell));
    else
        (void)fprintf(stderr, "    -\n");
}

static void put_table(const sweep *s, size_t chain, const char *text) {
    const bench_request *what = &s->asked->what;
    (void)fprintf(stderr,
                  "\n%s, %td x %td%s, %d channel%s of %s\n%-32s %12s  %-21s %-21s %-21s %6s\n",
                  text, what->width, what->height, s->asked->weak ? " for each worker" : "",
                  what->channels, what->channels > 1 ? "s" : "", ppx_type_name(what->type),
                  s->asked->weak ? "scaled speed-ups" : "speed-ups", "median", "vs serial",
                  "vs one thread", "vs one rank", "eff.");
    bool crowds = false, unsure = false;
    for (size_t k = 0; k < s->ncells; k++) {
        put_row(s, &s->cells[k], chain);
        crowds = crowds || s->cells[k].oversubscribed;
        const json_t *r = result_of(&s->cells[k], chain);
        unsure =
            unsure || (r && verified(r) && !json_is_true(json_object_get(r, "interval_is_95")));
    }
    if (crowds)
        (void)fprintf(stderr, "* more workers than CPUs\n");
    if (unsure)
        (void)fprintf(stderr, "? fewer than six samples: no interval of 95 %%; more --max-time\n");
}

// ---- All ----------------------------------------------------------------------------------------

// Its text with defaults, from a cell that is done; else as it was typed.
static const char *chain_text(const sweep *s, size_t chain) {
    for (size_t k = 0; k < s->ncells; k++) {
        const json_t *r = result_of(&s->cells[k], chain);
        if (r)
            return word(r, "chain");
    }
    return chain ? s->asked->what.specs[chain - 1] : "copy";
}

bool sweep_print(const sweep *s) {
    const size_t nchains = (size_t)s->asked->what.nspecs + 1;
    bool right = true;
    for (size_t chain = 0; chain < nchains; chain++)
        for (size_t k = 0; k < s->ncells; k++) {
            const json_t *r = result_of(&s->cells[k], chain);
            put_line(s, &s->cells[k], chain, chain_text(s, chain));
            right = right && (!r || verified(r));
        }
    (void)fflush(stdout);
    for (size_t chain = 0; chain < nchains; chain++)
        put_table(s, chain, chain_text(s, chain));
    return right;
}
