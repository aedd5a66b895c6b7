// deadlock_mpi.c: all send, and nobody receives.
//
// Each rank has a band of rows and smooths it again and again. For the rows at its borders it needs
// one row (halo) of each neighbour, so neighbours swap rows before each step: 1 row each way, 2
// messages for each border. "First send mine, then receive theirs" is how one would do it by hand.
// But a send may wait until the other side receives, and all are still sending: each waits for its
// neighbour, in a circle. What misleads is that MPI_Send of a short row seldom waits: the library
// puts it aside. So the program works, until the image is wider than the library's limit (a few
// KB). MPI_Ssend always waits; a program that is right with it does not live by luck.
//
// Cures: MPI_Sendrecv, which does both at once; pairs that take turns (even ranks send first, odd
// ones receive first); receives and sends that do not wait, and one wait for all of them, which may
// also come after the rows that need no halo.
//
// A hang would prove little. So the broken variant sends by MPI_Issend and asks for its end for
// LIMIT seconds. As no rank receives before it has sent, no such send can end. Then the ranks tell
// each other whom they wait for, receive what is under way, so that no message is left behind, and
// give the run up.
#define _GNU_SOURCE // nanosleep
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { STEPS = 10, MOST_RUNS = 1000, NOBODY = -1, TAG_UP = 1, TAG_DOWN = 2 };
static const double LIMIT = 0.02;

// Row 0 is the halo above, rows 1 to nrows the band, row nrows + 1 the halo below. At the edge of
// the image the halo repeats its last row.
typedef struct band {
    ppx_image now, next;
    ptrdiff_t nrows;
} band;

typedef struct task {
    int rank, nranks;
    int above, below;       // neighbours, or MPI_PROC_NULL
    const ppx_image *image; // on all ranks
    ppx_image wanted;       // of the whole image
    band mine, whole;       // `whole` is for the serial run
    ptrdiff_t y0;           // first row of mine
    int *waits_for;         // of each rank, known to all: a rank or NOBODY
    double swapping;        // seconds, in this run
    double swaps[MOST_RUNS];
    int nswaps;
} task;

// True when the halo is there; false: given up.
typedef bool swap_function(task *t);

static int nbytes(const task *t) {
    return (int)t->image->shape.width;
}

static void *row_of(task *t, ptrdiff_t row) {
    return ppx_image_row(&t->mine.now, row);
}

// ---- Smoothing ----------------------------------------------------------------------------------

static uint8_t smooth_pixel(const uint8_t *const rows[3], ptrdiff_t left, ptrdiff_t x,
                            ptrdiff_t right) {
    int corners = rows[0][left] + rows[0][right] + rows[2][left] + rows[2][right];
    int sides = rows[0][x] + rows[2][x] + rows[1][left] + rows[1][right];
    return (uint8_t)((corners + 2 * sides + 4 * rows[1][x] + 8) / 16);
}

static void smooth_row(const band *b, ptrdiff_t row) {
    const uint8_t *const rows[3] = {ppx_image_row(&b->now, row - 1), ppx_image_row(&b->now, row),
                                    ppx_image_row(&b->now, row + 1)};
    uint8_t *restrict out = ppx_image_row(&b->next, row);
    ptrdiff_t last = b->now.shape.width - 1;
    for (ptrdiff_t x = 1; x < last; x++)
        out[x] = smooth_pixel(rows, x - 1, x, x + 1);
    out[last] = smooth_pixel(rows, last > 0 ? last - 1 : 0, last, last);
    out[0] = smooth_pixel(rows, 0, 0, last > 0 ? 1 : 0);
}

// Rows first to last.
static void smooth(const band *b, ptrdiff_t first, ptrdiff_t last) {
    for (ptrdiff_t row = first; row <= last; row++)
        smooth_row(b, row);
}

static void step_done(band *b) {
    ppx_image done = b->next;
    b->next = b->now;
    b->now = done;
}

static void repeat_edges(band *b, bool top, bool bottom) {
    size_t n = (size_t)b->now.shape.width;
    if (top)
        memcpy(ppx_image_row(&b->now, 0), ppx_image_row(&b->now, 1), n);
    if (bottom)
        memcpy(ppx_image_row(&b->now, b->nrows + 1), ppx_image_row(&b->now, b->nrows), n);
}

static void load(band *b, const ppx_image *image, ptrdiff_t y0) {
    for (ptrdiff_t row = 0; row < b->nrows; row++)
        memcpy(ppx_image_row(&b->now, row + 1), ppx_image_row(image, y0 + row),
               (size_t)image->shape.width);
}

// ---- BROKEN: first send, then receive -----------------------------------------------------------

// Stands for MPI_Ssend. False: after LIMIT the row has not been received.
static bool send_patiently(task *t, ptrdiff_t row, int to, int tag, MPI_Request *request) {
    double end = MPI_Wtime() + LIMIT;
    int done = 0;
    MPI_Issend(row_of(t, row), nbytes(t), MPI_BYTE, to, tag, MPI_COMM_WORLD, request);
    while (MPI_Test(request, &done, MPI_STATUS_IGNORE), !done && MPI_Wtime() < end)
        (void)nanosleep(&(struct timespec){0, 200000}, NULL);
    return done;
}

// From below first, where the sends go up first: or a rank would wait for one above it, which waits
// for the next, up to rank 0.
static void receive_both(task *t) {
    MPI_Recv(row_of(t, t->mine.nrows + 1), nbytes(t), MPI_BYTE, t->below, TAG_UP, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    MPI_Recv(row_of(t, 0), nbytes(t), MPI_BYTE, t->above, TAG_DOWN, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
}

// The fault: on all ranks both sends come before the receives.
static bool send_then_receive(task *t) {
    MPI_Request up = MPI_REQUEST_NULL, down = MPI_REQUEST_NULL;
    int stuck = NOBODY;
    if (!send_patiently(t, 1, t->above, TAG_UP, &up))
        stuck = t->above;
    else if (!send_patiently(t, t->mine.nrows, t->below, TAG_DOWN, &down))
        stuck = t->below;
    MPI_Allgather(&stuck, 1, MPI_INT, t->waits_for, 1, MPI_INT, MPI_COMM_WORLD);
    if (stuck == t->above && t->above != MPI_PROC_NULL) // did not come to the second send
        MPI_Issend(row_of(t, t->mine.nrows), nbytes(t), MPI_BYTE, t->below, TAG_DOWN,
                   MPI_COMM_WORLD, &down);
    receive_both(t);
    MPI_Wait(&up, MPI_STATUS_IGNORE);
    MPI_Wait(&down, MPI_STATUS_IGNORE);
    for (int rank = 0; rank < t->nranks; rank++)
        if (t->waits_for[rank] != NOBODY)
            return false;
    return true;
}

// ---- Cures --------------------------------------------------------------------------------------

static void send_row(task *t, ptrdiff_t row, int to, int tag) {
    MPI_Ssend(row_of(t, row), nbytes(t), MPI_BYTE, to, tag, MPI_COMM_WORLD);
}

static bool take_turns(task *t) {
    bool even = t->rank % 2 == 0;
    if (!even)
        receive_both(t);
    send_row(t, 1, t->above, TAG_UP);
    send_row(t, t->mine.nrows, t->below, TAG_DOWN);
    if (even)
        receive_both(t);
    return true;
}

static bool send_and_receive(task *t) {
    ptrdiff_t last = t->mine.nrows;
    MPI_Sendrecv(row_of(t, 1), nbytes(t), MPI_BYTE, t->above, TAG_UP, row_of(t, last + 1),
                 nbytes(t), MPI_BYTE, t->below, TAG_UP, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(row_of(t, last), nbytes(t), MPI_BYTE, t->below, TAG_DOWN, row_of(t, 0), nbytes(t),
                 MPI_BYTE, t->above, TAG_DOWN, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return true;
}

static void post(task *t, MPI_Request requests[4]) {
    ptrdiff_t last = t->mine.nrows;
    MPI_Irecv(row_of(t, 0), nbytes(t), MPI_BYTE, t->above, TAG_DOWN, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(row_of(t, last + 1), nbytes(t), MPI_BYTE, t->below, TAG_UP, MPI_COMM_WORLD,
              &requests[1]);
    MPI_Isend(row_of(t, 1), nbytes(t), MPI_BYTE, t->above, TAG_UP, MPI_COMM_WORLD, &requests[2]);
    MPI_Isend(row_of(t, last), nbytes(t), MPI_BYTE, t->below, TAG_DOWN, MPI_COMM_WORLD,
              &requests[3]);
}

static bool post_and_wait(task *t) {
    MPI_Request requests[4];
    MPI_Status statuses[4];
    post(t, requests);
    MPI_Waitall(4, requests, statuses);
    return true;
}

// ---- The variants -------------------------------------------------------------------------------

static void smooth_whole(task *t) {
    load(&t->whole, t->image, 0);
    for (int step = 0; step < STEPS; step++) {
        repeat_edges(&t->whole, true, true);
        smooth(&t->whole, 1, t->whole.nrows);
        step_done(&t->whole);
    }
}

static void serial(void *context) {
    task *t = context;
    if (t->rank == 0)
        smooth_whole(t);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void begin_run(task *t) {
    load(&t->mine, t->image, t->y0);
    t->swapping = 0;
}

static void end_run(task *t) {
    t->swaps[t->nswaps++ % MOST_RUNS] = t->swapping;
    MPI_Barrier(MPI_COMM_WORLD); // the time is that of the slowest
}

static void smooth_with(task *t, swap_function *swap) {
    bool arrived = true;
    begin_run(t);
    for (int step = 0; arrived && step < STEPS; step++) {
        double begun = MPI_Wtime();
        arrived = swap(t);
        t->swapping += MPI_Wtime() - begun;
        if (!arrived)
            break;
        repeat_edges(&t->mine, t->above == MPI_PROC_NULL, t->below == MPI_PROC_NULL);
        smooth(&t->mine, 1, t->mine.nrows);
        step_done(&t->mine);
    }
    end_run(t);
}

static void by_send_then_receive(void *context) {
    smooth_with(context, send_then_receive);
}

static void by_turns(void *context) {
    smooth_with(context, take_turns);
}

static void by_sendrecv(void *context) {
    smooth_with(context, send_and_receive);
}

static void by_waitall(void *context) {
    smooth_with(context, post_and_wait);
}

// The rows between the first and the last need no halo.
static void inner_rows_first(void *context) {
    task *t = context;
    band *b = &t->mine;
    begin_run(t);
    for (int step = 0; step < STEPS; step++) {
        MPI_Request requests[4];
        MPI_Status statuses[4];
        post(t, requests);
        smooth(b, 2, b->nrows - 1);
        double begun = MPI_Wtime();
        MPI_Waitall(4, requests, statuses);
        t->swapping += MPI_Wtime() - begun;
        repeat_edges(b, t->above == MPI_PROC_NULL, t->below == MPI_PROC_NULL);
        if (b->nrows > 0)
            smooth_row(b, 1);
        if (b->nrows > 1)
            smooth_row(b, b->nrows);
        step_done(b);
    }
    end_run(t);
}

// ---- What is wrong ------------------------------------------------------------------------------

static int64_t differences(const task *t, const band *b, ptrdiff_t y0) {
    int64_t wrong = 0, all = 0;
    for (ptrdiff_t row = 0; row < b->nrows; row++) {
        const uint8_t *got = ppx_image_row(&b->now, row + 1);
        const uint8_t *want = ppx_image_row(&t->wanted, y0 + row);
        for (ptrdiff_t x = 0; x < b->now.shape.width; x++)
            wrong += got[x] != want[x];
    }
    MPI_Allreduce(&wrong, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

static int64_t wrong_in_bands(void *context) {
    const task *t = context;
    return differences(t, &t->mine, t->y0);
}

static int64_t wrong_in_whole(void *context) {
    const task *t = context;
    return differences(t, &t->whole, 0);
}

// ---- The lesson ---------------------------------------------------------------------------------

static ppx_status band_create(band *b, ptrdiff_t nrows, ppx_shape shape, ppx_error *error) {
    b->nrows = nrows;
    shape.height = nrows + 2;
    ppx_status status = ppx_image_create(&b->now, shape, error);
    return status ? status : ppx_image_create(&b->next, shape, error);
}

static void band_free(band *b) {
    ppx_image_free(&b->now);
    ppx_image_free(&b->next);
}

static ppx_status prepare(task *t, const ppx_image *image, ppx_error *error) {
    ppx_shape shape = image->shape;
    t->image = image;
    MPI_Comm_rank(MPI_COMM_WORLD, &t->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t->nranks);
    // Ranks beyond the rows have none, and no neighbours.
    int busy = shape.height < t->nranks ? (int)shape.height : t->nranks;
    ptrdiff_t end = t->rank < busy ? shape.height * (t->rank + 1) / busy : 0;
    t->y0 = t->rank < busy ? shape.height * t->rank / busy : 0;
    t->above = t->rank > 0 && t->rank < busy ? t->rank - 1 : MPI_PROC_NULL;
    t->below = t->rank + 1 < busy ? t->rank + 1 : MPI_PROC_NULL;
    ppx_status status = ppx_alloc_array((void **)&t->waits_for, (size_t)t->nranks,
                                        sizeof *t->waits_for, "a lesson", error);
    if (!status)
        status = band_create(&t->mine, end - t->y0, shape, error);
    if (!status)
        status = band_create(&t->whole, shape.height, shape, error);
    if (!status)
        status = ppx_image_create(&t->wanted, shape, error);
    if (status)
        return status;
    smooth_whole(t);
    ppx_image view = ppx_image_view(&t->whole.now, 1, shape.height);
    ppx_image_copy(&t->wanted, &view);
    return PPX_OK;
}

static int by_size(const void *left, const void *right) {
    const double *l = left, *r = right;
    return (*l > *r) - (*l < *r);
}

static void try_all(task *t, const ppx_lesson_plan *plan, ppx_lesson_report *report) {
    static const ppx_lesson_variant variants[] = {
        {"one rank", PPX_LESSON_SERIAL, serial, wrong_in_whole},
        {"BROKEN: all send, then receive", PPX_LESSON_BROKEN, by_send_then_receive, wrong_in_bands},
        {"even ranks send first, odd ones receive", PPX_LESSON_CORRECT, by_turns, wrong_in_bands},
        {"MPI_Sendrecv", PPX_LESSON_CORRECT, by_sendrecv, wrong_in_bands},
        {"MPI_Irecv, MPI_Isend, one wait", PPX_LESSON_CORRECT, by_waitall, wrong_in_bands},
        {"the same, inner rows before the wait", PPX_LESSON_CORRECT, inner_rows_first,
         wrong_in_bands},
    };
    for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
        t->nswaps = 0;
        MPI_Barrier(MPI_COMM_WORLD);
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        qsort(t->swaps, (size_t)t->nswaps, sizeof *t->swaps, by_size);
        row->extra[0] = t->nswaps ? 1e3 * t->swaps[t->nswaps / 2] : 0;
        if (variants[k].kind != PPX_LESSON_BROKEN)
            continue;
        for (int rank = 0; rank < t->nranks; rank++)
            if (t->waits_for[rank] != NOBODY)
                ppx_lesson_say(report, "  stuck: rank %d waits in its send until rank %d receives",
                               rank, t->waits_for[rank]);
    }
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (!status)
        status = prepare(t, plan->image, error);
    int failed = (int)status, any;
    MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (!any) {
        report->wrong_is = "pixels that differ from one rank's";
        report->extra[0] = "swaps, ms";
        try_all(t, plan, report);
    } else if (!status) {
        status = (ppx_status)any;
        *error = (ppx_error){.status = status};
    }
    if (t) {
        ppx_image_free(&t->wanted);
        band_free(&t->whole);
        band_free(&t->mine);
        ppx_free(t->waits_for);
        ppx_free(t);
    }
    return status;
}

const ppx_lesson ppx_lesson_deadlock_mpi = {
    .name = "deadlock",
    .says = "The ranks' part of the lesson on deadlocks: rows swapped by sends that wait.",
    .lines = "mpi/lessons/deadlock_mpi.c: send_then_receive",
    .least_pixels = 512 * 512,
    .ranks = true,
    .run = run,
};
