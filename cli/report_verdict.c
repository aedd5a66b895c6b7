// report_verdict.c: what the figures say, in plain words and before any chart.
//
// Why a chain stops gaining is read off the largest configuration that had a CPU for each worker.
// Its efficiency is a product: how evenly the work is spread (load balance), the part of the time
// that the busiest worker computes (communication), and how much longer the computing itself takes
// than in the serial run. A factor that makes up at least half of the loss, in logarithms, is the
// reason. What remains is memory if the kernel runs at the speed of memory, and else the serial
// part of Amdahl's law where it is one: the same for every number of workers (Karp, Flatt 1990).
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static const double enough = 0.9;                    // efficiency that leaves nothing to explain
static const double at_memory = 0.7, in_cache = 1.2; // of memory's speed; beyond, it is a cache's

void report_way(const report_point *point, char *text, size_t room) {
    (void)snprintf(text, room, "%d rank%s \u00d7 %d thread%s%s%.20s", point->ranks,
                   point->ranks > 1 ? "s" : "", point->threads, point->threads > 1 ? "s" : "",
                   *point->schedule ? ", " : "", point->schedule);
}

void report_seconds(double seconds, char text[32]) {
    static const struct {
        double below, factor;
        const char *unit;
    } units[] = {{1e-3, 1e6, "\u00b5s"}, {1, 1e3, "ms"}, {INFINITY, 1, "s"}};
    size_t k = 0;
    while (seconds >= units[k].below && k < 2)
        k++;
    double figure = seconds * units[k].factor;
    (void)snprintf(text, 32, figure >= 1000 ? "%.0f %s" : "%.3g %s", figure, units[k].unit);
}

// 'text' for a shell.
static void quote(FILE *out, const char *text) {
    (void)fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else
            (void)fputc(*text, out);
    (void)fputc('\'', out);
}

char *report_command(const report_chain *chain, const report_point *point) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    if (!out)
        return NULL;
    if (*point->command)
        (void)fputs(point->command, out);
    else {
        if (point->ranks > 1)
            (void)fprintf(out, "mpirun -n %d ", point->ranks);
        (void)fputs("parpix run ", out);
        quote(out, chain->name);
        (void)fprintf(out, " INPUT -o OUTPUT -t %d", point->threads);
    }
    (void)fclose(out);
    return text;
}

const char *report_trend_means(scaling_trend trend) {
    static const char *const means[] = {
        [TREND_UNKNOWN] = "needs two numbers of workers above one",
        [TREND_FALLING] = "falling: each worker's part fits better into its cache, or a fixed cost "
                          "is spread over more of them",
        [TREND_CONSTANT] = "the same within the intervals: a serial part, as Amdahl's law has it",
        [TREND_RISING] = "rising: not a serial part, but a cost that grows with the workers, such "
                         "as memory bandwidth, imbalance or exchange"};
    return means[trend];
}

// ---- Why ----------------------------------------------------------------------------------------

typedef struct loss {
    report_reason reason;
    double size; // -log of a factor of the efficiency
    char text[240];
} loss;

static double loss_of(double factor) {
    return factor > 0 && factor < 1 ? -log(factor) : 0;
}

// What the record itself says of that run.
static void find_losses(const report_point *p, loss losses[2]) {
    const json_t *pop = json_object_get(p->result, "pop");
    double balance = json_figure(pop, "load_balance", 1);
    double exchange = json_figure(pop, "communication_efficiency", 1);
    losses[0] = (loss){.reason = REASON_IMBALANCE, .size = loss_of(balance)};
    (void)snprintf(losses[0].text, sizeof losses[0].text,
                   "The work is spread unevenly: on average a worker computes %.0f %% of the time "
                   "that the busiest one does. Other schedules (OMP_SCHEDULE=dynamic) may help.",
                   100 * balance);
    losses[1] = (loss){.reason = REASON_EXCHANGE, .size = loss_of(exchange)};
    (void)snprintf(losses[1].text, sizeof losses[1].text,
                   "Exchange and waiting: the busiest worker computes for %.0f %% of the time, the "
                   "rest goes into rows of neighbours, reductions and barriers.",
                   100 * exchange);
}

static report_reason why_compute(const report_chain *chain, const report_point *top, char *text,
                                 size_t room) {
    double memory = json_figure(top->result, "of_memory", -1);
    bool is_copy = memory < 0;
    if (is_copy && strcmp(chain->name, "copy") != 0)
        memory = json_figure(top->result, "of_copy", -1);
    size_t nparallel = chain->nline - (chain->line[0].workers <= 1);
    if (memory >= at_memory && memory <= in_cache) {
        (void)snprintf(text, room,
                       "Memory bandwidth: at %d workers it moves bytes at %.0f %% of the speed of "
                       "%s, so more workers wait for the same memory.",
                       top->workers, 100 * memory, is_copy ? "copy" : "memory");
        return REASON_BANDWIDTH;
    }
    if (nparallel < 2) {
        (void)snprintf(text, room,
                       "Too few cores to tell: %d workers is the only number above one that had a "
                       "CPU each. Two or more are needed to tell a serial part from overhead.",
                       top->workers);
        return REASON_FEW_CORES;
    }
    if (chain->trend == TREND_RISING) {
        (void)snprintf(text, room,
                       "A cost that grows with the workers (Karp-Flatt rises from %.3f to %.3f), "
                       "which the record does not split further: shared caches, memory, or other "
                       "programs on these CPUs.",
                       scaling_karp_flatt(chain->line[chain->nline - nparallel].speedup.value,
                                          chain->line[chain->nline - nparallel].workers),
                       scaling_karp_flatt(top->speedup.value, top->workers));
        return REASON_OVERHEAD;
    }
    (void)snprintf(
        text, room,
        "A serial part of %.1f %% (Amdahl's law; Karp-Flatt is %s): no number of workers "
        "makes it more than %.1f times as fast.",
        100 * chain->amdahl.part, chain->trend == TREND_FALLING ? "falling" : "constant",
        1 / fmax(chain->amdahl.part, 1e-9));
    return REASON_SERIAL;
}

static report_reason find_reason(const report_chain *chain, char *text, size_t room) {
    if (!chain->nline || chain->line[chain->nline - 1].workers <= 1) {
        (void)snprintf(text, room, "How it scales cannot be told: %s.",
                       !chain->has_base ? "there is no run of one worker to compare with"
                                        : "no run of several workers had a CPU for each");
        return REASON_UNKNOWN;
    }
    const report_point *top = chain->line_points[chain->nline - 1];
    double efficiency = top->efficiency.value;
    if (efficiency >= enough) {
        (void)snprintf(
            text, room,
            "It has not stopped: at %d workers, the most that had a CPU each, efficiency "
            "is %.0f %%.",
            top->workers, 100 * efficiency);
        return REASON_NONE;
    }
    loss losses[2];
    find_losses(top, losses);
    const loss *largest = &losses[losses[1].size > losses[0].size];
    if (largest->size >= loss_of(efficiency) / 2) {
        (void)snprintf(text, room, "%s", largest->text);
        return largest->reason;
    }
    if (!chain->weak)
        return why_compute(chain, top, text, room);
    (void)snprintf(
        text, room,
        "At %d workers efficiency is %.0f %%; a serial part of %.1f %% (Gustafson's law) "
        "would do that.",
        top->workers, 100 * efficiency, 100 * chain->gustafson.part);
    return REASON_SERIAL;
}

// Reading and writing stay as they are on one thread: what they make of the whole job. Where they
// take the better part, they are why the job stops, whatever the kernel does.
static report_reason add_codec(const report_chain *chain, report_reason reason, char *text,
                               size_t room) {
    if (!chain->best || !(chain->encode > 0) || chain->weak) // then sizes differ
        return reason;
    double files = chain->decode + chain->encode, best = chain->best->seconds.median;
    char decode[32], encode[32];
    report_seconds(chain->decode, decode);
    report_seconds(chain->encode, encode);
    size_t n = strlen(text);
    int written =
        snprintf(text + n, room - n,
                 " With files: reading the input (%s) and writing the result (%s) are %.0f %% "
                 "of the whole job",
                 decode, encode, 100 * files / (files + best));
    n += written > 0 ? (size_t)written : 0;
    n = n < room ? n : room - 1;
    if (chain->has_base)
        (void)snprintf(text + n, room - n, ", which is %.2f times as fast as its serial run.",
                       (files + chain->base.seconds.median) / (files + best));
    else
        (void)snprintf(text + n, room - n, ".");
    return reason == REASON_NONE && files > best ? REASON_CODEC : reason;
}

report_reason report_why(const report_chain *chain, char *text, size_t room) {
    report_reason reason = find_reason(chain, text, room);
    reason = add_codec(chain, reason, text, room);
    size_t n = strlen(text);
    const report_point *top = chain->nline ? chain->line_points[chain->nline - 1] : NULL;
    if (top && json_array_size(json_object_get(top->bench, "marks")))
        (void)snprintf(
            text + n, room - n,
            " But that run is marked: something was not as it should be, which may be why.");
    return reason;
}

// ---- The section --------------------------------------------------------------------------------

static void put_checks(FILE *out, const report *r) {
    if (r->nwrong)
        (void)fprintf(out,
                      "<p class='lead bad'><b>Wrong:</b> %zu of %zu results differ from the serial "
                      "run. No figure is shown for them.</p>",
                      r->nwrong, r->ndone);
    else
        (void)fprintf(
            out,
            "<p class='lead good'><b>Verified:</b> all %zu results equal the serial run's, "
            "byte for byte.</p>",
            r->ndone);
    if (r->nmachines > 1)
        (void)fprintf(out,
                      "<p class='bad'><b>%zu machines:</b> these records were not all made on one "
                      "host and CPU model. A ratio between them compares machines, too.</p>",
                      r->nmachines);
    for (size_t k = 0; k < r->nfailures; k++) {
        const report_failure *f = &r->failures[k];
        bool failed = strcmp(f->state, "failed") == 0;
        (void)fprintf(out, "<p class='bad'><b>%s:</b> %d rank%s \u00d7 %d thread%s%s",
                      failed ? "Failed" : "Missing", f->ranks, f->ranks == 1 ? "" : "s", f->threads,
                      f->threads == 1 ? "" : "s", *f->schedule ? ", " : "");
        put_text(out, f->schedule);
        (void)fputs(*f->error ? ": <code>" : "", out);
        put_text(out, f->error);
        (void)fputs(*f->error ? "</code></p>" : "</p>", out);
    }
}

// What the records themselves say that they are not; each text once.
enum { MOST_MARKS = 5 };
static void put_marks(FILE *out, const report *r) {
    json_t *said = json_object();
    for (size_t k = 0; k < r->nbenches; k++) {
        const json_t *marks = json_object_get(r->benches[k], "marks");
        for (size_t j = 0; j < json_array_size(marks); j++) {
            const char *mark = json_string_value(json_array_get(marks, j));
            if (!mark || json_object_get(said, mark))
                continue;
            (void)json_object_set_new(said, mark, json_true());
            if (json_object_size(said) > MOST_MARKS)
                continue;
            (void)fputs("<p class='bad'><b>Marked:</b> ", out);
            put_text(out, mark);
            (void)fputs("</p>", out);
        }
    }
    if (json_object_size(said) > MOST_MARKS)
        (void)fprintf(
            out, "<p class='bad'>and %zu marks more, under <a href='#context'>context</a>.</p>",
            json_object_size(said) - MOST_MARKS);
    json_decref(said);
}

static void put_chain(FILE *out, const report_chain *chain) {
    char text[900], way[80], seconds[32];
    (void)fputs("<article><h3>", out);
    put_chain_name(out, chain);
    (void)fputs("</h3>", out);
    if (!chain->best) {
        (void)fputs("<p class='bad'>No result of it was verified.</p></article>", out);
        return;
    }
    const report_point *best = chain->best;
    report_way(best, way, sizeof way);
    report_seconds(best->seconds.median, seconds);
    (void)fputs("<p>Fastest: <b>", out);
    put_text(out, way);
    (void)fprintf(out, "</b>%s, %s", best->oversubscribed ? " (more workers than CPUs)" : "",
                  seconds);
    if (best->is_scaled)
        (void)fprintf(
            out, ", <b>%.2f times</b> the speed of %s (%s %.2f to %.2f), efficiency %.0f&nbsp;%%",
            best->speedup.value, chain->base_is_serial ? "the serial run" : "one worker",
            best->speedup.sure ? "95&nbsp;% interval" : "too few samples for an interval; seen",
            best->speedup.low, best->speedup.high, 100 * best->efficiency.value);
    (void)fputs(".</p><p>", out);
    (void)report_why(chain, text, sizeof text);
    put_text(out, text);
    (void)fputs("</p><pre class='command'>", out);
    char *line = report_command(chain, best);
    put_text(out, line ? line : "no memory");
    free(line);
    (void)fputs("</pre></article>", out);
}

void section_verdict(FILE *out, const report *r) {
    (void)fputs("<section id='verdict'><h2>Verdict</h2>", out);
    put_checks(out, r);
    put_marks(out, r);
    (void)fputs("<div class='cards'>", out);
    for (size_t k = 0; k < r->nchains; k++)
        put_chain(out, &r->chains[k]);
    (void)fputs("</div></section>\n", out);
}
