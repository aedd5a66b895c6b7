// lesson.c: how a variant of a lesson is tried and measured.
#define _GNU_SOURCE // getrusage, clock_gettime
#include "lesson.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "memory.h"

enum { MOST_RUNS = 1000 };

typedef struct sample {
    double seconds, cpu, system;
    int64_t switches;
} sample;

static double seconds_of(struct timeval t) {
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static sample look(void) {
    struct timespec t;
    struct rusage own, children; // the latter as far as they have ended and been waited for
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    (void)getrusage(RUSAGE_SELF, &own);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    double system = seconds_of(own.ru_stime) + seconds_of(children.ru_stime);
    return (sample){(double)t.tv_sec + 1e-9 * (double)t.tv_nsec,
                    seconds_of(own.ru_utime) + seconds_of(children.ru_utime) + system, system,
                    own.ru_nvcsw + own.ru_nivcsw + children.ru_nvcsw + children.ru_nivcsw};
}

static int by_seconds(const void *left, const void *right) {
    const sample *l = left, *r = right;
    return (l->seconds > r->seconds) - (l->seconds < r->seconds);
}

ppx_lesson_row *ppx_lesson_try(ppx_lesson_report *report, const ppx_lesson_plan *plan,
                               const ppx_lesson_variant *variant, void *context) {
    PPX_ASSERT(report->nrows < PPX_LESSON_ROWS && plan->repeat <= MOST_RUNS);
    PPX_ASSERT((variant->kind == PPX_LESSON_BROKEN) == !strncmp(variant->name, "BROKEN", 6));
    if (plan->correct_only && variant->kind == PPX_LESSON_BROKEN) {
        report->rows[PPX_LESSON_ROWS] = (ppx_lesson_row){.kind = variant->kind};
        return &report->rows[PPX_LESSON_ROWS];
    }
    ppx_lesson_row *row = &report->rows[report->nrows++];
    *row = (ppx_lesson_row){.kind = variant->kind, .runs = plan->repeat};
    (void)snprintf(row->name, sizeof row->name, "%s", variant->name);
    sample samples[MOST_RUNS];
    for (int k = 0; k < plan->repeat; k++) {
        sample before = look();
        variant->work(context);
        sample after = look();
        samples[k] = (sample){after.seconds - before.seconds, after.cpu - before.cpu,
                              after.system - before.system, after.switches - before.switches};
        int64_t wrong = variant->wrong(context);
        row->wrong_runs += wrong != 0;
        row->most_wrong = wrong > row->most_wrong ? wrong : row->most_wrong;
    }
    qsort(samples, (size_t)plan->repeat, sizeof *samples, by_seconds);
    const sample *median = &samples[plan->repeat / 2];
    row->seconds = median->seconds;
    row->cpu_seconds = median->cpu;
    row->system_seconds = median->system;
    row->switches = median->switches;
    return row;
}

void ppx_lesson_say(ppx_lesson_report *report, const char *format, ...) {
    size_t used = strlen(report->text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(report->text + used, sizeof report->text - used, format, arguments);
    va_end(arguments);
    used = strlen(report->text);
    if (used + 1 < sizeof report->text) {
        report->text[used] = '\n';
        report->text[used + 1] = '\0';
    }
}
