// queue_mpi.c: sharing out tiles of unequal cost among ranks.
//
// The task of omp/lessons/queue.c, but there is no common counter to take the next tile from: the
// numbers must be sent. Every rank has the image; each paints its tiles into a picture that is
// black elsewhere, and the maximum over all ranks is the result.
//   static: a band each, or dealt one by one. No messages at all, and the idle time of such shares.
//   master and workers: rank 0 has the queue. A worker asks, the answer is a tile number, or that
//     there are no more. The master waits for whoever asks (MPI_ANY_SOURCE: here the order must not
//     be fixed). It computes nothing itself: one rank of many is little, one rank of two is half.
//   master that works too: it looks for questions between its own tiles. Now nothing is lost on its
//     side, but a worker that asks in the middle of one of its tiles waits for the end of it.
//   asking ahead: a worker asks for the next tile before it begins with the one that it has. The
//     answer comes while it works: the wait is gone, for the price of one number in stock.
//   a counter in a window: MPI_Fetch_and_op takes the next number from rank 0's memory without
//     rank 0 doing anything. The queue of threads is back; see fetch_counter.
// Every question is answered, the last one of each worker with NO_MORE, so no message is left.
#include <mpi.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/lesson_tiles.h"
#include "../../core/memory.h"

enum { TAG_ASK = 1, TAG_TILE };
enum { NO_MORE = -1 };

typedef struct task {
    const ppx_image *image;
    int rank, nranks, ntiles;
    uint8_t *pixels, *wanted; // of `made`, without gaps between rows
    ppx_image made;
    MPI_Win window; // of one int at rank 0, the next tile
    double busy, seconds;
    double idle, idlest; // percent, summed over the runs, at rank 0
} task;

static size_t npixels(const task *t) {
    return (size_t)t->image->shape.width * (size_t)t->image->shape.height;
}

static void make_tile(task *t, int tile) {
    double began = MPI_Wtime();
    ppx_lesson_tile_make(t->image, tile, &t->made);
    t->busy += MPI_Wtime() - began;
}

// ---- The ways ----

static void share_none(task *t) {
    for (int k = 0; t->rank == 0 && k < t->ntiles; k++)
        make_tile(t, k);
}

static void share_static(task *t) {
    const int64_t n = t->ntiles;
    for (int64_t k = n * t->rank / t->nranks; k < n * (t->rank + 1) / t->nranks; k++)
        make_tile(t, (int)k);
}

static void share_dealt(task *t) {
    for (int k = t->rank; k < t->ntiles; k += t->nranks)
        make_tile(t, k);
}

static int ask(void) {
    int tile;
    MPI_Send(NULL, 0, MPI_INT, 0, TAG_ASK, MPI_COMM_WORLD);
    MPI_Recv(&tile, 1, MPI_INT, 0, TAG_TILE, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return tile;
}

static void worker(task *t) {
    for (int tile; (tile = ask()) != NO_MORE;)
        make_tile(t, tile);
}

// Has a tile, and the question for the next one on its way.
static void worker_ahead(task *t) {
    int tile = ask();
    while (tile != NO_MORE) {
        int next;
        MPI_Request coming;
        MPI_Irecv(&next, 1, MPI_INT, 0, TAG_TILE, MPI_COMM_WORLD, &coming);
        MPI_Send(NULL, 0, MPI_INT, 0, TAG_ASK, MPI_COMM_WORLD);
        make_tile(t, tile);
        MPI_Wait(&coming, MPI_STATUS_IGNORE);
        tile = next;
    }
}

// Answers one question. Returns how many workers have been sent home by that.
static int answer(const task *t, int *next) {
    MPI_Status from;
    int tile = *next < t->ntiles ? (*next)++ : NO_MORE;
    MPI_Recv(NULL, 0, MPI_INT, MPI_ANY_SOURCE, TAG_ASK, MPI_COMM_WORLD, &from);
    MPI_Send(&tile, 1, MPI_INT, from.MPI_SOURCE, TAG_TILE, MPI_COMM_WORLD);
    return tile == NO_MORE;
}

static void master(task *t) {
    int next = 0;
    for (int gone = 0; gone < t->nranks - 1;)
        gone += answer(t, &next);
}

// A look may find nothing and fetch what the next one finds: so two in a row must find nothing.
static int answer_all(const task *t, int *next) {
    int gone = 0;
    for (int empty = 0; empty < 2;) {
        int asked;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_ASK, MPI_COMM_WORLD, &asked, MPI_STATUS_IGNORE);
        if (asked)
            gone += answer(t, next);
        empty = asked ? 0 : empty + 1;
    }
    return gone;
}

static void master_working(task *t) {
    int next = 0, gone = 0;
    while (next < t->ntiles) {
        gone += answer_all(t, &next);
        if (next < t->ntiles)
            make_tile(t, next++);
    }
    while (gone < t->nranks - 1)
        gone += answer(t, &next);
}

static void share_master(task *t) {
    if (t->rank == 0)
        master(t);
    else
        worker(t);
}

static void share_master_works(task *t) {
    if (t->rank == 0)
        master_working(t);
    else
        worker(t);
}

static void share_ahead(task *t) {
    if (t->rank == 0)
        master_working(t);
    else
        worker_ahead(t);
}

static int fetch_counter(const task *t, MPI_Op what, int operand) {
    int before;
    MPI_Fetch_and_op(&operand, &before, MPI_INT, 0, 0, what, t->window);
    MPI_Win_flush(0, t->window);
    return before;
}

static void share_window(task *t) {
    if (t->rank == 0)
        (void)fetch_counter(t, MPI_REPLACE, 0);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int tile; (tile = fetch_counter(t, MPI_SUM, 1)) < t->ntiles;)
        make_tile(t, tile);
}

// ---- Measuring ----

// The maximum over all ranks, to rank 0, by pieces whose size is an int for certain.
static void collect(const task *t) {
    enum { PIECE = 1 << 24 };
    for (size_t from = 0, n = npixels(t); from < n; from += PIECE) {
        int count = (int)(n - from < PIECE ? n - from : PIECE);
        uint8_t *piece = t->pixels + from;
        MPI_Reduce(t->rank == 0 ? MPI_IN_PLACE : piece, piece, count, MPI_UNSIGNED_CHAR, MPI_MAX, 0,
                   MPI_COMM_WORLD);
    }
}

static void measure(task *t, void (*share)(task *t)) {
    memset(t->pixels, 0, npixels(t));
    t->busy = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    double began = MPI_Wtime();
    share(t);
    MPI_Barrier(MPI_COMM_WORLD); // until the last one is done
    t->seconds = MPI_Wtime() - began;
    collect(t);
}

#define MEASURED(way)                                                                              \
    static void measure_##way(void *context) {                                                     \
        measure(context, share_##way);                                                             \
    }
MEASURED(none)
MEASURED(static)
MEASURED(dealt)
MEASURED(master)
MEASURED(master_works)
MEASURED(ahead)
MEASURED(window)

static int64_t wrong_pixels(void *context) {
    task *t = context;
    double sum, least;
    MPI_Reduce(&t->busy, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(&t->busy, &least, 1, MPI_DOUBLE, MPI_MIN, 0, MPI_COMM_WORLD);
    if (t->rank != 0)
        return 0;
    t->idle += 100 * (1 - sum / (t->seconds * t->nranks));
    t->idlest += 100 * (1 - least / t->seconds);
    int64_t wrong = 0;
    for (size_t k = 0; k < npixels(t); k++)
        wrong += t->pixels[k] != t->wanted[k];
    return wrong;
}

// ---- The lesson ----

static ppx_status begin(task *t, const ppx_lesson_plan *plan, ppx_error *error) {
    *t = (task){.image = plan->image, .ntiles = (int)ppx_lesson_tiles(plan->image)};
    MPI_Comm_rank(MPI_COMM_WORLD, &t->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t->nranks);
    ppx_status status = ppx_alloc_array((void **)&t->pixels, npixels(t), 1, "a lesson", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->wanted, npixels(t), 1, "a lesson", error);
    if (!status)
        t->made = ppx_image_wrap(t->pixels, t->image->shape, t->image->shape.width);
    int failed = status != PPX_OK;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (failed && !status)
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for a lesson on another rank");
    return status;
}

static void try_ways(ppx_lesson_report *report, const ppx_lesson_plan *plan, task *t) {
    static const ppx_lesson_variant ways[] = {
        {"one rank, the others wait", PPX_LESSON_SERIAL, measure_none, wrong_pixels},
        {"static: a band of tiles each", PPX_LESSON_CORRECT, measure_static, wrong_pixels},
        {"static, one by one", PPX_LESSON_CORRECT, measure_dealt, wrong_pixels},
        {"master hands out, workers work", PPX_LESSON_CORRECT, measure_master, wrong_pixels},
        {"master works too", PPX_LESSON_CORRECT, measure_master_works, wrong_pixels},
        {"master works too, workers ask ahead", PPX_LESSON_CORRECT, measure_ahead, wrong_pixels},
        {"no master: a counter in a window", PPX_LESSON_CORRECT, measure_window, wrong_pixels},
    };
    measure_none(t);
    memcpy(t->wanted, t->pixels, npixels(t));
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        t->idle = t->idlest = 0;
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &ways[k], t);
        row->extra[0] = t->idle / plan->repeat;
        row->extra[1] = t->idlest / plan->repeat;
    }
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task t;
    report->wrong_is = "wrong pixels";
    report->extra[0] = "idle %";
    report->extra[1] = "idlest %";
    ppx_status status = begin(&t, plan, error);
    if (!status) {
        int *counter;
        MPI_Aint room = t.rank == 0 ? (MPI_Aint)sizeof *counter : 0;
        MPI_Win_allocate(room, sizeof *counter, MPI_INFO_NULL, MPI_COMM_WORLD, &counter, &t.window);
        MPI_Win_lock_all(0, t.window);
        try_ways(report, plan, &t);
        MPI_Win_unlock_all(t.window);
        MPI_Win_free(&t.window);
    }
    ppx_free(t.wanted);
    ppx_free(t.pixels);
    return status;
}

const ppx_lesson ppx_lesson_queue_mpi = {
    .name = "queue",
    .says = "Tiles of very unequal cost are shared out among ranks. A master hands out numbers to "
            "whoever asks; it should work as well, and workers should ask ahead. With a counter "
            "in a window no master is needed.",
    .lines = "mpi/lessons/queue_mpi.c: master, master_working, worker_ahead, fetch_counter",
    .least_pixels = 512 * 512,
    .ranks = true,
    .run = run,
};
