// sweep_plan.c: which cells there are, and in what order they are run.
//
// Three things are compared with: the best serial algorithm; the parallel code on one thread and
// one rank; and, for several ranks, one rank with as many threads. Cells of one rank that the grid
// lacks for that are added.
//
// The order is shuffled, always the same way for the same cells. A machine drifts while it is
// measured (heat, frequencies, neighbours): run in the order of the grid, small configurations
// first, the drift would look like scaling. Shuffled it is noise, without a bias. Turns between
// cells, as `bench` takes them between chains, would start each process many times over.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

int sweep_workers(const sweep_cell *cell) {
    return cell->ranks * cell->threads;
}

const sweep_cell *sweep_find(const sweep *s, int ranks, int threads, const char *schedule) {
    for (size_t k = 1; k < s->ncells; k++) {
        const sweep_cell *cell = &s->cells[k];
        if (cell->ranks == ranks && cell->threads == threads &&
            strcmp(cell->schedule, schedule) == 0)
            return cell;
    }
    return NULL;
}

void sweep_name(const sweep *s, const sweep_cell *cell, char text[80]) {
    if (cell->serial)
        (void)snprintf(text, 80, "serial");
    else
        (void)snprintf(text, 80, "%d rank%s x %d thread%s%s%s", cell->ranks,
                       cell->ranks > 1 ? "s" : "", cell->threads, cell->threads > 1 ? "s" : "",
                       s->asked->nschedules > 1 ? ", " : "",
                       s->asked->nschedules > 1 ? cell->schedule : "");
}

// ---- The grid -----------------------------------------------------------------------------------

static void add(sweep *s, int ranks, int threads, const char *schedule, bool asked) {
    if (sweep_find(s, ranks, threads, schedule))
        return;
    s->cells[s->ncells++] =
        (sweep_cell){.ranks = ranks, .threads = threads, .schedule = schedule, .asked = asked};
}

static void add_all(sweep *s) {
    const sweep_request *r = s->asked;
    s->cells[s->ncells++] =
        (sweep_cell){.serial = true, .ranks = 1, .threads = 1, .schedule = r->schedules[0]};
    for (size_t k = 0; k < r->nschedules; k++) {
        for (size_t a = 0; a < r->nranks; a++)
            for (size_t b = 0; b < r->nthreads; b++)
                add(s, r->ranks[a], r->threads[b], r->schedules[k], true);
        add(s, 1, 1, r->schedules[k], false);
        for (size_t b = 0; b < r->nthreads; b++)
            add(s, 1, r->threads[b], r->schedules[k], false);
    }
}

static ppx_status set_heights(sweep *s, ppx_error *error) {
    const ptrdiff_t height = s->asked->what.height;
    for (size_t k = 0; k < s->ncells; k++) {
        sweep_cell *cell = &s->cells[k];
        int workers = s->asked->weak ? sweep_workers(cell) : 1;
        if (height > INT32_MAX / workers)
            return ppx_fail(error, PPX_E_USAGE,
                            "--weak: %td rows for each of %d workers are more than %d; take a "
                            "smaller --size",
                            height, workers, INT32_MAX);
        cell->height = height * workers;
    }
    return PPX_OK;
}

// Knuth's MMIX generator, and the shuffle of Fisher and Yates.
static void shuffle(size_t *order, size_t n) {
    uint64_t state = 2026;
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    for (size_t k = n; k > 1; k--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t other = (size_t)((state >> 33) % k), kept = order[k - 1];
        order[k - 1] = order[other];
        order[other] = kept;
    }
}

// ---- More workers than CPUs ---------------------------------------------------------------------

static int cpus_of(const sweep *s) {
    return s->machine.cpus * (s->machine.launched ? s->machine.hosts : 1);
}

static void mark_crowds(sweep *s) {
    for (size_t k = 0; k < s->ncells; k++)
        s->cells[k].oversubscribed = sweep_workers(&s->cells[k]) > cpus_of(s);
}

void sweep_warn_crowds(const sweep *s, const world *all) {
    int most = 0, ncpus = cpus_of(s);
    size_t n = 0, nleft = 0;
    for (size_t k = 0; k < s->ncells; k++) {
        const sweep_cell *cell = &s->cells[k];
        bool crowd = cell->state != SWEEP_DONE && cell->oversubscribed;
        nleft += cell->state != SWEEP_DONE;
        n += crowd;
        most = crowd && sweep_workers(cell) > most ? sweep_workers(cell) : most;
    }
    if (n)
        warn(all,
             "%zu of %zu cells start more workers (up to %d) than the %d CPU%s that there are%s: "
             "they take turns and are marked as oversubscribed",
             n, nleft, most, ncpus, ncpus == 1 ? "" : "s",
             s->asked->launcher && s->machine.hosts == 1 ? " on this host" : "");
}

ppx_status sweep_plan(sweep *s, ppx_error *error) {
    const sweep_request *r = s->asked;
    size_t most = 1 + r->nschedules * (r->nranks * r->nthreads + r->nthreads + 1);
    if (most > SWEEP_CELLS)
        return ppx_fail(error, PPX_E_USAGE, "%zu cells; a sweep takes %d", most, SWEEP_CELLS);
    s->cells = calloc(most, sizeof *s->cells);
    s->order = calloc(most, sizeof *s->order);
    s->pictures = json_array();
    if (!s->cells || !s->order || !s->pictures)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a sweep");
    add_all(s);
    shuffle(s->order, s->ncells);
    ppx_status status = set_heights(s, error);
    mark_crowds(s);
    for (size_t k = 0; !status && k < s->ncells; k++) {
        argument_list list = {.n = 0};
        status = sweep_command(s, &s->cells[k], false, &list, error);
        if (!status)
            s->cells[k].command = argument_text((const char *const *)list.words, list.n);
        if (!status && !s->cells[k].command)
            status = ppx_fail(error, PPX_E_MEMORY, "no memory for a command");
        argument_free(&list);
    }
    return status;
}

void sweep_free(sweep *s) {
    for (size_t k = 0; s->cells && k < s->ncells; k++) {
        free(s->cells[k].command);
        free(s->cells[k].error);
        json_decref(s->cells[k].bench);
    }
    free(s->cells);
    free(s->order);
    json_decref(s->pictures);
    *s = (sweep){.cells = NULL};
}
