// event.c: stop!
//
// Workers smooth their tiles of an image again and again (diffusion) until somebody has seen
// enough: one thread says stop, the others are to notice. The obvious flag is a plain bool. But the
// compiler sees a loop in which nothing changes that bool, and in C a plain variable that another
// thread changes meanwhile is a data race, which it may assume not to happen. So it reads the flag
// once, before the loop, and the worker never stops; here it ends because its sweeps are counted.
// The same program built without optimisation works, which is why the fault so often comes with the
// release.
//
// An event is a flag that threads may share: an atomic. Its load is a plain load on most processors
// and costs nothing; what it says is "look again each time". How late a stop is noticed is then the
// time between two looks: between sweeps the tile is left in order; a look in every row is noticed
// sooner and leaves a sweep half done. OpenMP has cancellation for this: `cancel` is the event,
// `cancellation point` the look, and the runtime has it on only where OMP_CANCELLATION=true is set
// when the program starts.
//
// volatile is not the cure: it makes the compiler read again, but says nothing about the data that
// the flag announces, and it is a race all the same.
#define _GNU_SOURCE // clock_gettime, nanosleep
#include <math.h>
#include <omp.h>
#include <stdatomic.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { SIDE = 256, MOST_WORKERS = 16, MOST_SWEEPS = 1500, UNDER_WAY = 2 };

// From when all are at work to the stop; MOST_SWEEPS take many times as long.
static const struct timespec enough = {0, 3000000};

typedef struct tile {
    float pixels[2][SIDE][SIDE]; // from one to the other and back; the edge stays
    _Atomic int64_t sweeps;      // made so far, for whoever looks
    volatile int64_t plain_sweeps;
    int64_t sweeps_at_stop;
    double ended;
} tile;

typedef struct task {
    const ppx_image *image;
    int nworkers;
    tile *tiles;
    bool plain_stop;
    atomic_bool stop;
    double started, stopped;
    double late, rate; // of a variant's best run: seconds until the last stops, sweeps a second
} task;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// ---- A worker's loop ----------------------------------------------------------------------------

static inline void sweep_row(tile *mine, int64_t n, int y) {
    float *restrict to = mine->pixels[1 - n % 2][y];
    const float *row = mine->pixels[n % 2][y];
    const float *above = mine->pixels[n % 2][y - 1], *below = mine->pixels[n % 2][y + 1];
    for (int x = 1; x < SIDE - 1; x++)
        to[x] = row[x] + 0.2f * (above[x] + below[x] + row[x - 1] + row[x + 1] - 4 * row[x]);
}

static inline void sweep(tile *mine, int64_t n) {
    for (int y = 1; y < SIDE - 1; y++)
        sweep_row(mine, n, y);
}

// The race is in the loop's condition: it is read once, before the first sweep.
static void smooth_plain(task *t, tile *mine) {
    for (int64_t n = 0; n < MOST_SWEEPS && !t->plain_stop; n++) {
        sweep(mine, n);
        mine->plain_sweeps = n + 1;
    }
}

static void smooth_atomic(task *t, tile *mine) {
    for (int64_t n = 0; !atomic_load(&t->stop); n++) {
        sweep(mine, n);
        atomic_store(&mine->sweeps, n + 1);
    }
}

static void smooth_rows(task *t, tile *mine) {
    for (int64_t n = 0;; n++) {
        for (int y = 1; y < SIDE - 1; y++) {
            if (atomic_load_explicit(&t->stop, memory_order_relaxed))
                return;
            sweep_row(mine, n, y);
        }
        atomic_store(&mine->sweeps, n + 1);
    }
}

// ---- Who says stop ------------------------------------------------------------------------------

static int64_t sweeps_of(const tile *mine) {
    return atomic_load(&mine->sweeps) + mine->plain_sweeps;
}

// Waits until all workers are at work, and a while longer. The progress is read after the stop is
// said, so a worker that looks after every sweep can have made one more at most.
static void say_stop(task *t, int nworkers) {
    static const struct timespec moment = {0, 50000};
    t->started = now();
    for (int k = 0; k < nworkers; k++)
        while (!sweeps_of(&t->tiles[k]))
            (void)nanosleep(&moment, NULL);
    (void)nanosleep(&enough, NULL);
    t->stopped = now();
    t->plain_stop = true;
    atomic_store(&t->stop, true);
    for (int k = 0; k < nworkers; k++)
        t->tiles[k].sweeps_at_stop = sweeps_of(&t->tiles[k]);
}

static void begin(task *t) {
    atomic_store(&t->stop, false);
    t->plain_stop = false;
    for (int k = 0; k < t->nworkers; k++) {
        tile *mine = &t->tiles[k];
        atomic_store(&mine->sweeps, 0);
        mine->plain_sweeps = 0;
        mine->ended = 0;
        for (int y = 0; y < SIDE; y++) {
            const uint8_t *in = ppx_image_row(t->image, (y + k * SIDE) % t->image->shape.height);
            for (int x = 0; x < SIDE; x++)
                mine->pixels[0][y][x] = mine->pixels[1][y][x] = in[x % t->image->shape.width];
        }
    }
}

static void smooth_all(task *t, void (*smooth)(task *t, tile *mine)) {
    begin(t);
#pragma omp parallel default(none) shared(t, smooth) num_threads(t->nworkers + 1)
    {
        int k = omp_get_thread_num(), last = omp_get_num_threads() - 1;
#pragma omp barrier
        if (k == last) {
            say_stop(t, last);
        } else {
            smooth(t, &t->tiles[k]);
            t->tiles[k].ended = now();
        }
    }
}

// ---- The variants -------------------------------------------------------------------------------

// No event is needed: it looks at the clock.
static void run_serial(void *context) {
    task *t = context;
    begin(t);
    t->started = now();
    t->stopped = t->started + 1e-9 * (double)enough.tv_nsec;
    for (int64_t n = 0; now() < t->stopped; n++)
        for (int k = 0; k < t->nworkers; k++) {
            sweep(&t->tiles[k], n);
            atomic_store(&t->tiles[k].sweeps, n + 1);
        }
    for (int k = 0; k < t->nworkers; k++) {
        t->tiles[k].ended = now();
        t->tiles[k].sweeps_at_stop = atomic_load(&t->tiles[k].sweeps);
    }
}

static void run_plain(void *context) {
    smooth_all(context, smooth_plain);
}

static void run_atomic(void *context) {
    smooth_all(context, smooth_atomic);
}

static void run_rows(void *context) {
    smooth_all(context, smooth_rows);
}

// Threads that are cancelled go to the end of the region at once, so the time is taken before.
static void run_cancelled(void *context) {
    task *t = context;
    begin(t);
#pragma omp parallel default(none) shared(t) num_threads(t->nworkers + 1)
    {
        int k = omp_get_thread_num(), last = omp_get_num_threads() - 1;
#pragma omp barrier
        if (k == last) {
            say_stop(t, last);
#pragma omp cancel parallel
        } else {
            for (int64_t n = 0;; n++) {
                sweep(&t->tiles[k], n);
                atomic_store(&t->tiles[k].sweeps, n + 1);
                t->tiles[k].ended = now();
#pragma omp cancellation point parallel
            }
        }
    }
}

// Also the measures. The best run's: in the others the scheduler is measured too.
static int64_t sweeps_after(void *context) {
    task *t = context;
    int64_t after = 0, sweeps = 0;
    double ended = t->stopped;
    for (int k = 0; k < t->nworkers; k++) {
        const tile *mine = &t->tiles[k];
        int64_t made = sweeps_of(mine), late = made - mine->sweeps_at_stop;
        after += late > UNDER_WAY ? late : 0;
        sweeps += made;
        ended = mine->ended > ended ? mine->ended : ended;
    }
    t->late = fmin(t->late, ended - t->stopped);
    t->rate = fmax(t->rate, (double)sweeps / (ended - t->started));
    return after;
}

static void try(const ppx_lesson_plan *plan, ppx_lesson_report *report,
                const ppx_lesson_variant *variant, task *t) {
    t->late = INFINITY;
    t->rate = 0;
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, t);
    row->extra[0] = 1e3 * t->late;
    row->extra[1] = 1e-3 * t->rate;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant variants[] = {
        {"one thread that looks at the clock", PPX_LESSON_SERIAL, run_serial, sweeps_after},
        {"BROKEN: a plain flag", PPX_LESSON_BROKEN, run_plain, sweeps_after},
        {"atomic flag, looked at after a sweep", PPX_LESSON_CORRECT, run_atomic, sweeps_after},
        {"atomic flag, looked at in every row", PPX_LESSON_CORRECT, run_rows, sweeps_after},
        {"OpenMP cancellation after a sweep", PPX_LESSON_CORRECT, run_cancelled, sweeps_after},
    };
    size_t n = sizeof variants / sizeof *variants - !omp_get_cancellation();
    task t = {.image = plan->image};
    t.nworkers = plan->nthreads < MOST_WORKERS ? plan->nthreads : MOST_WORKERS;
    ppx_status status =
        ppx_alloc_array((void **)&t.tiles, (size_t)t.nworkers, sizeof *t.tiles, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "sweeps after the stop";
    report->extra[0] = "late ms";
    report->extra[1] = "sweeps/ms";
    for (size_t k = 0; k < n; k++)
        try(plan, report, &variants[k], &t);
    ppx_lesson_say(report,
                   "%d workers, tiles of %d x %d; the stop is said after %.0f ms. Late and "
                   "sweeps/ms are those of the best run.",
                   t.nworkers, SIDE, SIDE, 1e-6 * (double)enough.tv_nsec);
    if (!omp_get_cancellation())
        ppx_lesson_say(report, "OpenMP cancellation is off and left out; set OMP_CANCELLATION=true "
                               "to see it. What it does is the look after a sweep.");
    ppx_free(t.tiles);
    return status;
}

const ppx_lesson ppx_lesson_event = {
    .name = "event",
    .says = "Workers smooth their tiles again and again until another thread says stop. A plain "
            "flag is read once by optimised code, and the stop is never noticed. An atomic flag is "
            "read each time, costs nothing, and is noticed as late as it is looked at.",
    .lines = "omp/lessons/event.c: smooth_plain, smooth_atomic, say_stop",
    .least_pixels = 256 * 256,
    .run = run,
};
