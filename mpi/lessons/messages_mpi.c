// messages_mpi.c: the filter of omp/lessons/messages.c by ranks: what is sent, and what need not
// be.
//
// Ranks share nothing by default. The picture is on rank 0: Scatterv cuts it into bands of rows,
// Sendrecv gives each band the rows beyond its borders (the halo: one row, since Sobel looks one
// row far), Gatherv puts the results together. Nearly every byte of the picture is copied twice, to
// compute a few nanoseconds on each.
//
// Two ways out. Leave the bands where they are from one filter to the next, and send the halos
// alone: that is what parpix does, and what counts on a cluster. Or, for ranks of one machine, one
// window of memory that all see (MPI_Win_allocate_shared): no byte travels. But ranks must still
// say when the picture is there and when the result is: MPI_Win_sync makes the own writes visible,
// the barrier is the word, a second MPI_Win_sync lets the others' writes in.
//
// All variants are right. "MB sent" counts what ranks give to MPI for others, each byte once;
// "latency us" is the same exchange of one pixel for each rank.
#include <mpi.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/lesson_work.h"
#include "../../core/memory.h"

enum { ROUNDS = 50, MB = 1000000, TAG_UP = 1, TAG_DOWN = 2, SLACK = 2 };

typedef struct task {
    int rank, nranks;
    ptrdiff_t width, height;
    int *counts, *starts; // of the bands, in rows
    MPI_Datatype row;
    uint8_t *picture, *out, *wanted; // whole, meant for rank 0
    uint8_t *band;                   // halo, this rank's rows, halo
    uint8_t *band_out;
    uint8_t *window; // picture and result, seen by all; NULL where ranks cannot share memory
    size_t nbytes;
    uint8_t *result; // on rank 0, where the last run has left it
    bool in_bands;   // the result is still in bands
    double sent;     // bytes, by all
} task;

// The bands of ranks: rows [height * r / n, height * (r + 1) / n), n at most the rows.
static void cut(task *t) {
    ptrdiff_t n = t->nranks < t->height ? t->nranks : t->height;
    for (ptrdiff_t r = 0; r < t->nranks; r++) {
        t->starts[r] = (int)(r < n ? t->height * r / n : t->height);
        t->counts[r] = (int)(r < n ? t->height * (r + 1) / n : t->height) - t->starts[r];
    }
}

static void alone(void *context) {
    task *t = context;
    t->result = t->out;
    if (t->rank == 0)
        ppx_lesson_edges(t->picture, t->width, t->height, 0, t->height, t->out);
    MPI_Barrier(MPI_COMM_WORLD);
}

// ---- By messages --------------------------------------------------------------------------------

static int neighbour(const task *t, int by) {
    int other = t->rank + by;
    bool there = other >= 0 && other < t->nranks && t->counts[t->rank] > 0 && t->counts[other] > 0;
    return there ? other : MPI_PROC_NULL;
}

// The last row goes down and becomes the halo above there; the first row goes up.
static void swap_halos(task *t) {
    int up = neighbour(t, -1), down = neighbour(t, +1);
    uint8_t *first = t->band + t->width, *end = first + t->counts[t->rank] * t->width;
    MPI_Sendrecv(end - t->width, 1, t->row, down, TAG_DOWN, t->band, 1, t->row, up, TAG_DOWN,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(first, 1, t->row, up, TAG_UP, end, 1, t->row, down, TAG_UP, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
}

// For the filter the band is a picture of its own, with its halos where it has neighbours.
static void filter_band(task *t) {
    ptrdiff_t above = neighbour(t, -1) != MPI_PROC_NULL, below = neighbour(t, +1) != MPI_PROC_NULL;
    ptrdiff_t nrows = t->counts[t->rank];
    ppx_lesson_edges(t->band + (1 - above) * t->width, t->width, above + nrows + below, above,
                     nrows, t->band_out);
}

static void scatter(task *t) {
    MPI_Scatterv(t->picture, t->counts, t->starts, t->row, t->band + t->width, t->counts[t->rank],
                 t->row, 0, MPI_COMM_WORLD);
}

static void gather(task *t) {
    MPI_Gatherv(t->band_out, t->counts[t->rank], t->row, t->out, t->counts, t->starts, t->row, 0,
                MPI_COMM_WORLD);
}

// Rows that neighbours give each other, both ways.
static double halo_rows(const task *t) {
    int bands = 0;
    for (int r = 0; r < t->nranks; r++)
        bands += t->counts[r] > 0;
    return bands > 1 ? 2.0 * (bands - 1) : 0;
}

static void by_messages(void *context) {
    task *t = context;
    t->result = t->out;
    scatter(t);
    swap_halos(t);
    filter_band(t);
    gather(t);
    t->sent = (double)t->width * (halo_rows(t) + 2.0 * (double)(t->height - t->counts[0]));
}

// The bands are with their ranks already: from the step before. Ends when all are done.
static void by_halos(void *context) {
    task *t = context;
    t->result = t->out;
    swap_halos(t);
    filter_band(t);
    MPI_Barrier(MPI_COMM_WORLD);
    t->in_bands = true;
    t->sent = (double)t->width * halo_rows(t);
}

// ---- By a window that all see -------------------------------------------------------------------

static void say_and_hear(MPI_Win window) {
    MPI_Win_sync(window);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_sync(window);
}

typedef struct windowed {
    task *t;
    MPI_Win window;
} windowed;

static void by_window(void *context) {
    const windowed *w = context;
    task *t = w->t;
    t->result = t->window + t->nbytes;
    say_and_hear(w->window); // the picture is there
    ptrdiff_t y0 = t->starts[t->rank];
    ppx_lesson_edges(t->window, t->width, t->height, y0, t->counts[t->rank],
                     t->result + y0 * t->width);
    say_and_hear(w->window); // the result is
    t->sent = 0;
}

// ---- The lesson ---------------------------------------------------------------------------------

// On rank 0. Also wipes the result, so that the next run cannot be right by what this one has left.
static int64_t wrong_pixels(void *context) {
    task *t = context;
    int64_t wrong = 0;
    if (t->in_bands)
        gather(t);
    t->in_bands = false;
    memset(t->band_out, 0, (size_t)(t->counts[t->rank] * t->width));
    for (size_t k = 0; t->rank == 0 && k < t->nbytes; k++)
        wrong += t->result[k] != t->wanted[k];
    if (t->rank == 0)
        memset(t->result, 0, t->nbytes);
    return wrong;
}

static int64_t wrong_in_window(void *context) {
    return wrong_pixels(((windowed *)context)->t);
}

// The fastest exchange of one pixel for each rank, in seconds.
static double latency(const ppx_lesson_variant *variant, task *t, void *context) {
    const task whole = *t;
    double least = 1;
    t->width = 1;
    t->height = t->nranks;
    t->row = MPI_UNSIGNED_CHAR;
    cut(t);
    for (int k = 0; k < ROUNDS; k++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        variant->work(context);
        double seconds = MPI_Wtime() - start;
        least = seconds < least ? seconds : least;
    }
    *t = whole;
    t->in_bands = false;
    cut(t);
    return least;
}

static void try_one(const ppx_lesson_plan *plan, ppx_lesson_report *report,
                    const ppx_lesson_variant *variant, task *t, void *context) {
    MPI_Barrier(MPI_COMM_WORLD);
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, context);
    row->extra[0] = t->sent / MB;
    row->extra[1] = variant->kind == PPX_LESSON_SERIAL ? 0 : 1e6 * latency(variant, t, context);
}

// The window is rank 0's memory, where the others look. Collective; not across machines.
static bool open_window(windowed *w) {
    task *t = w->t;
    MPI_Comm near;
    int nnear, unit, first = 0;
    MPI_Aint size = t->rank == 0 ? (MPI_Aint)(2 * t->nbytes) : 0;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &near);
    MPI_Comm_size(near, &nnear);
    MPI_Allreduce(MPI_IN_PLACE, &nnear, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (nnear == t->nranks) {
        MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, near, &t->window, &w->window);
        MPI_Win_shared_query(w->window, first, &size, &unit, &t->window);
        MPI_Win_lock_all(MPI_MODE_NOCHECK, w->window);
        if (t->rank == 0)
            memcpy(t->window, t->picture, t->nbytes);
    }
    MPI_Comm_free(&near);
    return nnear == t->nranks;
}

static void close_window(windowed *w) {
    MPI_Win_unlock_all(w->window);
    MPI_Win_free(&w->window);
}

static void try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t) {
    static const ppx_lesson_variant serial = {"one rank", PPX_LESSON_SERIAL, alone, wrong_pixels},
                                    messages = {"Scatterv, halos, Gatherv", PPX_LESSON_CORRECT,
                                                by_messages, wrong_pixels},
                                    halos = {"bands stay, halos only", PPX_LESSON_CORRECT, by_halos,
                                             wrong_pixels},
                                    window = {"one shared window", PPX_LESSON_CORRECT, by_window,
                                              wrong_in_window};
    windowed w = {.t = t};
    try_one(plan, report, &serial, t, t);
    try_one(plan, report, &messages, t, t);
    scatter(t);
    try_one(plan, report, &halos, t, t);
    if (open_window(&w)) {
        try_one(plan, report, &window, t, &w);
        close_window(&w);
    } else {
        ppx_lesson_say(report, "  The ranks are on several machines: no window that all see.");
    }
}

static ppx_status take_memory(task *t, ppx_error *error) {
    size_t width = (size_t)t->width, most = (size_t)t->height / (size_t)t->nranks + SLACK;
    ppx_status status = ppx_alloc_array((void **)&t->counts, (size_t)t->nranks, sizeof *t->counts,
                                        "the bands", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->starts, (size_t)t->nranks, sizeof *t->starts,
                                 "the bands", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->picture, t->nbytes, 1, "the picture", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->out, t->nbytes, 1, "the result", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->wanted, t->nbytes, 1, "the right result", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->band, most + SLACK, width, "a band", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->band_out, most, width, "a band", error);
    return status;
}

// All ranks go on, or none does.
static bool all_well(ppx_status status) {
    int failed = status != PPX_OK;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return !failed;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    ppx_shape shape = plan->image->shape;
    task t = {.width = shape.width, .height = shape.height};
    t.nbytes = (size_t)(t.width * t.height);
    MPI_Comm_rank(MPI_COMM_WORLD, &t.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t.nranks);
    report->wrong_is = "wrong pixels";
    report->extra[0] = "MB sent";
    report->extra[1] = "latency us";
    ppx_status status = take_memory(&t, error);
    if (all_well(status)) {
        for (ptrdiff_t y = 0; y < t.height; y++)
            memcpy(t.picture + y * t.width, ppx_image_row(plan->image, y), (size_t)t.width);
        ppx_lesson_edges(t.picture, t.width, t.height, 0, t.height, t.wanted);
        MPI_Type_contiguous((int)t.width, MPI_UNSIGNED_CHAR, &t.row);
        MPI_Type_commit(&t.row);
        cut(&t);
        try_all(plan, report, &t);
        MPI_Type_free(&t.row);
    } else if (!status) {
        status = ppx_fail(error, PPX_E_MEMORY, "another rank has no memory");
    }
    ppx_free(t.band_out);
    ppx_free(t.band);
    ppx_free(t.wanted);
    ppx_free(t.out);
    ppx_free(t.picture);
    ppx_free(t.starts);
    ppx_free(t.counts);
    return status;
}

const ppx_lesson ppx_lesson_messages_mpi = {.name = "messages", .run = run};
