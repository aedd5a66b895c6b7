// queue.c: sharing out tiles of unequal cost.
//
// An image is cut into tiles, and some tiles cost many times what others do
// (core/lesson_tiles.h says of what; here it is enough that nobody knows beforehand). Every way of
// sharing them out gives the same picture. What differs is how long the threads that are done wait
// for the one that is not.
//   static: to each thread an equal number of neighbouring tiles. Costs nothing, and is bad as soon
//     as neighbours are alike, which in images they are: one thread gets the expensive end.
//   static, one by one: dealt like cards. Evens out what changes slowly, cannot even out the rest.
//   dynamic: whoever is done takes the next tile. Nobody waits longer than for one tile.
//   guided: the same with large shares first, smaller ones towards the end: fewer hands in the
//     queue, but the first share is as blind as a static one, and fatal if the expensive tiles are
//     in it.
//   tasks: one thread makes a task of each tile, all take them from the runtime's queue.
//   a queue of one's own: one atomic counter. There is no more to a queue than that if the work
//     can be numbered; see work_queue.
// Idle is the share of the threads' time in which they had no tile: of all threads in the mean, and
// of the one that had most of it.
#include <omp.h>
#include <stdatomic.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/lesson_tiles.h"
#include "../../core/memory.h"

enum { MOST_THREADS = 256, LINE = 64 };

typedef struct worker {
    double busy;
    char rest[LINE - sizeof(double)]; // on a line of its own
} worker;

typedef struct task {
    worker workers[MOST_THREADS];
    const ppx_image *image;
    int nthreads; // of the variant
    ptrdiff_t ntiles;
    ppx_image made, wanted;
    double idle, idlest; // percent, summed over the runs
    _Atomic ptrdiff_t next;
} task;

static void make_tile(task *t, ptrdiff_t tile) {
    double began = omp_get_wtime();
    ppx_lesson_tile_make(t->image, tile, &t->made);
    t->workers[omp_get_thread_num()].busy += omp_get_wtime() - began;
}

// ---- The ways ----

static void work_serial(task *t) {
    for (ptrdiff_t k = 0; k < t->ntiles; k++)
        make_tile(t, k);
}

static void work_static(task *t) {
#pragma omp parallel for schedule(static) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t k = 0; k < t->ntiles; k++)
        make_tile(t, k);
}

static void work_dealt(task *t) {
#pragma omp parallel for schedule(static, 1) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t k = 0; k < t->ntiles; k++)
        make_tile(t, k);
}

static void work_dynamic(task *t) {
#pragma omp parallel for schedule(dynamic) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t k = 0; k < t->ntiles; k++)
        make_tile(t, k);
}

static void work_guided(task *t) {
#pragma omp parallel for schedule(guided) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t k = 0; k < t->ntiles; k++)
        make_tile(t, k);
}

static void work_tasks(task *t) {
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
#pragma omp single
    for (ptrdiff_t k = 0; k < t->ntiles; k++)
#pragma omp task default(none) shared(t) firstprivate(k)
        make_tile(t, k);
}

static void work_queue(task *t) {
    atomic_store(&t->next, 0);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t k; (k = atomic_fetch_add(&t->next, 1)) < t->ntiles;)
        make_tile(t, k);
}

// ---- Measuring ----

static void measure(task *t, void (*work)(task *t)) {
    memset(t->workers, 0, sizeof t->workers);
    double began = omp_get_wtime();
    work(t);
    double all = omp_get_wtime() - began, busy = 0, least = all;
    for (int k = 0; k < t->nthreads; k++) {
        busy += t->workers[k].busy;
        least = t->workers[k].busy < least ? t->workers[k].busy : least;
    }
    t->idle += 100 * (1 - busy / (all * t->nthreads));
    t->idlest += 100 * (1 - least / all);
}

#define MEASURED(way)                                                                              \
    static void measure_##way(void *context) {                                                     \
        measure(context, work_##way);                                                              \
    }
MEASURED(serial)
MEASURED(static)
MEASURED(dealt)
MEASURED(dynamic)
MEASURED(guided)
MEASURED(tasks)
MEASURED(queue)

static int64_t wrong_pixels(void *context) {
    const task *t = context;
    int64_t wrong = 0;
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++) {
        uint8_t *made = ppx_image_row(&t->made, y);
        const uint8_t *wanted = ppx_image_row(&t->wanted, y);
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
            wrong += made[x] != wanted[x];
        memset(made, 1, (size_t)t->image->shape.width); // a tile that is left out must show
    }
    return wrong;
}

static void try_way(ppx_lesson_report *report, const ppx_lesson_plan *plan, task *t,
                    const ppx_lesson_variant *variant) {
    t->nthreads = variant->kind == PPX_LESSON_SERIAL ? 1 : plan->nthreads;
    t->idle = t->idlest = 0;
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, t);
    row->extra[0] = t->idle / plan->repeat;
    row->extra[1] = t->idlest / plan->repeat;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant ways[] = {
        {"one thread", PPX_LESSON_SERIAL, measure_serial, wrong_pixels},
        {"static: neighbouring tiles", PPX_LESSON_CORRECT, measure_static, wrong_pixels},
        {"static, one by one", PPX_LESSON_CORRECT, measure_dealt, wrong_pixels},
        {"dynamic", PPX_LESSON_CORRECT, measure_dynamic, wrong_pixels},
        {"guided", PPX_LESSON_CORRECT, measure_guided, wrong_pixels},
        {"tasks", PPX_LESSON_CORRECT, measure_tasks, wrong_pixels},
        {"own queue: an atomic counter", PPX_LESSON_CORRECT, measure_queue, wrong_pixels},
    };
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "wrong pixels";
    report->extra[0] = "idle %";
    report->extra[1] = "idlest %";
    t->image = plan->image;
    t->ntiles = ppx_lesson_tiles(t->image);
    PPX_ASSERT(plan->nthreads <= MOST_THREADS);
    status = ppx_image_create(&t->made, t->image->shape, error);
    if (!status)
        status = ppx_image_create(&t->wanted, t->image->shape, error);
    if (!status) {
        t->nthreads = 1;
        work_serial(t);
        ppx_image_copy(&t->wanted, &t->made);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
            try_way(report, plan, t, &ways[k]);
    }
    ppx_image_free(&t->made);
    ppx_image_free(&t->wanted);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_queue = {
    .name = "queue",
    .says = "Tiles of very unequal cost are shared out among the workers in all the usual ways. "
            "Equal numbers of tiles are unequal amounts of work, so some workers idle while one "
            "is still at it. A queue, from which whoever is done takes the next tile, leaves at "
            "most one tile to wait for.",
    .lines = "omp/lessons/queue.c: work_static, work_queue; mpi/lessons/queue_mpi.c: master",
    .least_pixels = 512 * 512,
    .ranks = true,
    .run = run,
};
