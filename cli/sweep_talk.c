// sweep_talk.c: how far a sweep is: a bar on a terminal, a line for each cell elsewhere; and the
// wish to stop.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sweep.h"

enum { BAR = 20 };

// ---- Stopping -----------------------------------------------------------------------------------

static volatile sig_atomic_t stop_signal;

static void note(int signal_number) {
    stop_signal = signal_number;
}

void sweep_talk_listen(void) {
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction how = {.sa_handler = note};
    for (size_t k = 0; k < sizeof ending / sizeof *ending; k++) {
        struct sigaction was;
        if (sigaction(ending[k], NULL, &was) == 0 && was.sa_handler != SIG_IGN) // nohup, `&`
            (void)sigaction(ending[k], &how, NULL);
    }
}

int sweep_talk_stopped(void) {
    return stop_signal;
}

// ---- How far ------------------------------------------------------------------------------------

// "40 s", "12 min", "3.5 h".
static void duration(double seconds, char text[24]) {
    if (seconds < 100)
        (void)snprintf(text, 24, "%.0f s", seconds);
    else if (seconds < 6000)
        (void)snprintf(text, 24, "%.0f min", seconds / 60);
    else
        (void)snprintf(text, 24, "%.1f h", seconds / 3600);
}

// What is left at the pace of the cells so far; nothing before the first.
static void estimate(const sweep_talk *talk, double now, char text[40]) {
    char left[24];
    text[0] = '\0';
    if (!talk->nrun)
        return;
    double each = talk->sum / (double)talk->nrun, spent = now - talk->since;
    double rest = each * (double)(talk->left - 1) + (each > spent ? each - spent : 0);
    duration(rest, left);
    (void)snprintf(text, 40, ", about %s left", left);
}

static void draw(sweep_talk *talk) {
    double now = talk->drawn = seconds_now();
    char bar[BAR + 1], left[40];
    size_t full = talk->done * BAR / talk->s->ncells;
    for (size_t k = 0; k < BAR; k++)
        bar[k] = k < full ? '#' : '.';
    bar[BAR] = '\0';
    estimate(talk, now, left);
    (void)fprintf(stderr, "\r\033[K[%s] %zu of %zu, %s, %.0f s%s", bar, talk->done, talk->s->ncells,
                  talk->naming, now - talk->since, left);
}

void sweep_talk_begin(sweep_talk *talk, const char *name) {
    talk->naming = name;
    talk->since = seconds_now();
    if (talk->terminal)
        draw(talk);
}

bool sweep_talk_tick(void *context) {
    sweep_talk *talk = context;
    if (talk->terminal && seconds_now() - talk->drawn > 0.2)
        draw(talk);
    return !stop_signal;
}

// The words of a launcher that failed, each line set off.
static void show_words(const char *words) {
    for (const char *line = words; *line;) {
        size_t n = strcspn(line, "\n");
        (void)fprintf(stderr, "    %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

void sweep_talk_clear(const sweep_talk *talk) {
    if (talk->terminal)
        (void)fprintf(stderr, "\r\033[K");
}

void sweep_talk_end(sweep_talk *talk, const sweep_cell *cell) {
    static const char *const verdicts[] = {"stopped", "failed", "done"};
    char left[40];
    sweep_talk_clear(talk);
    if (cell->state != SWEEP_MISSING) {
        talk->done++;
        talk->left--;
        talk->nrun++;
        talk->sum += cell->seconds;
    }
    talk->since = seconds_now();
    if (talk->left)
        estimate(talk, talk->since, left);
    else
        left[0] = '\0';
    if (!talk->terminal || cell->state == SWEEP_FAILED)
        (void)fprintf(stderr, "cell %zu of %zu: %s: %s after %.1f s%s\n", talk->done,
                      talk->s->ncells, talk->naming, verdicts[cell->state], cell->seconds, left);
    if (cell->state == SWEEP_FAILED)
        show_words(cell->error);
}
