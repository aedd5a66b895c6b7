// biglock.c: one lock around everything, as in an interpreter.
//
// An interpreter whose structures are not safe for threads puts one lock around every step of a
// program. The threads are real and the programs right, but at any time one of them computes, and
// at each step the lock changes hands or tries to. So two threads are slower than one. Here a step
// is classifying 16 pixels (the counting of count.c), and all threads count into the same counters
// under the lock.
//
// How one waits decides what the waiting costs. Active: the waiting thread asks again and again; it
// burns a CPU, and the line of memory that holds the lock travels between the caches. Passive: it
// sleeps until the holder wakes it; then a step costs system calls and context switches. When it
// wakes up, the thread that released the lock has often taken it again, and it goes back to sleep:
// interpreters have had precisely this fault. The columns tell the two apart: CPU time for the
// active, context switches and system time for the passive.
//
// A lock that is passed on in turn is fair, and worse: each time a thread must be woken up.
//
// Cures: keep the lock for many steps (interpreters let go of it only after some milliseconds):
// little is lost then, and nothing gained. And no big lock: counters of one's own, added at the
// end.
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"
#include "classify.h"

// The image is counted as so many frames of a film: one is over before the threads have met.
enum { FRAMES = 3 };
enum { STEP = 16 };  // pixels
enum { ROUND = 64 }; // steps for which a lock is kept that is passed on in turn
enum { LONG = 1000 };

// Passive: threads sleep in `free` until it is not `taken`, or until it is their turn. Active: they
// look at `held`.
typedef struct biglock {
    pthread_mutex_t mutex; // around the next four, held for an instant
    pthread_cond_t free;
    bool taken;
    uint64_t next, turn; // the number of who comes next, and of whose turn it is
    atomic_bool held;
} biglock;

typedef struct way {
    const char *name;
    bool all; // the threads, not one
    void (*acquire)(biglock *lock);
    void (*release)(biglock *lock);
    int kept; // steps for which a thread keeps the lock
} way;

typedef struct task {
    const ppx_image *image;
    int nthreads;
    way way;
    biglock lock;
    int64_t wanted[CLASSES];
    int64_t counts[CLASSES];
} task;

// ---- Locks ----

static void acquire_asleep(biglock *lock) {
    pthread_mutex_lock(&lock->mutex);
    while (lock->taken)
        pthread_cond_wait(&lock->free, &lock->mutex);
    lock->taken = true;
    pthread_mutex_unlock(&lock->mutex);
}

static void release_asleep(biglock *lock) {
    pthread_mutex_lock(&lock->mutex);
    lock->taken = false;
    pthread_mutex_unlock(&lock->mutex);
    pthread_cond_signal(&lock->free);
}

static void acquire_in_turn(biglock *lock) {
    pthread_mutex_lock(&lock->mutex);
    uint64_t mine = lock->next++;
    while (lock->turn != mine)
        pthread_cond_wait(&lock->free, &lock->mutex);
    pthread_mutex_unlock(&lock->mutex);
}

static void release_in_turn(biglock *lock) {
    pthread_mutex_lock(&lock->mutex);
    lock->turn++;
    pthread_mutex_unlock(&lock->mutex);
    pthread_cond_broadcast(&lock->free); // the one whose turn it is may be any
}

// Looks before it writes: waiting threads share the line until the lock is free.
static void acquire_spinning(biglock *lock) {
    while (atomic_load_explicit(&lock->held, memory_order_relaxed) ||
           atomic_exchange_explicit(&lock->held, true, memory_order_acquire))
        continue;
}

static void release_spinning(biglock *lock) {
    atomic_store_explicit(&lock->held, false, memory_order_release);
}

// ---- Counting ----

static void count_pixels(const task *t, ptrdiff_t from, ptrdiff_t to, ptrdiff_t y,
                         int64_t counts[CLASSES]) {
    for (ptrdiff_t x = from; x < to; x++)
        counts[classify(t->image, x, y)]++;
}

static void count_serial(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
    for (int frame = 0; frame < FRAMES; frame++)
        for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
            count_pixels(t, 0, t->image->shape.width, y, t->counts);
}

static void count_locked(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    {
        const ptrdiff_t width = t->image->shape.width;
        int steps = 0; // since the lock was taken
        for (int frame = 0; frame < FRAMES; frame++)
#pragma omp for schedule(static) nowait
            for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
                for (ptrdiff_t x = 0; x < width; x += STEP) {
                    if (steps == 0)
                        t->way.acquire(&t->lock);
                    count_pixels(t, x, x + STEP < width ? x + STEP : width, y, t->counts);
                    steps = (steps + 1) % t->way.kept;
                    if (steps == 0)
                        t->way.release(&t->lock);
                }
        if (steps > 0)
            t->way.release(&t->lock);
    }
}

static void count_private(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    {
        int64_t mine[CLASSES] = {0};
        for (int frame = 0; frame < FRAMES; frame++)
#pragma omp for schedule(static) nowait
            for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
                count_pixels(t, 0, t->image->shape.width, y, mine);
        for (int c = 0; c < CLASSES; c++)
#pragma omp atomic
            t->counts[c] += mine[c];
    }
}

static int64_t miscounted(void *context) {
    const task *t = context;
    int64_t wrong = 0;
    for (int c = 0; c < CLASSES; c++)
        if (t->counts[c] != t->wanted[c])
            wrong += t->counts[c] > t->wanted[c] ? t->counts[c] - t->wanted[c]
                                                 : t->wanted[c] - t->counts[c];
    return wrong;
}

// ---- The lesson ----

static const way ways[] = {
    {"one thread, passive lock", false, acquire_asleep, release_asleep, 1},
    {"one thread, active lock", false, acquire_spinning, release_spinning, 1},
    {"all threads, passive lock", true, acquire_asleep, release_asleep, 1},
    {"all threads, active lock", true, acquire_spinning, release_spinning, 1},
    {"all, passive, in turn after 64 steps", true, acquire_in_turn, release_in_turn, ROUND},
    {"all, passive, kept for 1000 steps", true, acquire_asleep, release_asleep, LONG},
};

static void try_way(ppx_lesson_report *report, const ppx_lesson_plan *plan, task *t,
                    const ppx_lesson_variant *variant) {
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, t);
    row->extra[0] = 1e3 * row->cpu_seconds;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant serial = {"one thread, no lock", PPX_LESSON_SERIAL,
                                              count_serial, miscounted};
    static const ppx_lesson_variant own = {"all threads, counts of their own, no lock",
                                           PPX_LESSON_CORRECT, count_private, miscounted};
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "miscounted pixels";
    report->extra[0] = "CPU ms";
    t->image = plan->image;
    pthread_mutex_init(&t->lock.mutex, NULL);
    pthread_cond_init(&t->lock.free, NULL);
    count_serial(t);
    memcpy(t->wanted, t->counts, sizeof t->counts);
    try_way(report, plan, t, &serial);
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        const ppx_lesson_variant locked = {ways[k].name, PPX_LESSON_CORRECT, count_locked,
                                           miscounted};
        t->way = ways[k];
        t->nthreads = ways[k].all ? plan->nthreads : 1;
        try_way(report, plan, t, &locked);
    }
    t->nthreads = plan->nthreads;
    try_way(report, plan, t, &own);
    pthread_cond_destroy(&t->lock.free);
    pthread_mutex_destroy(&t->lock.mutex);
    ppx_free(t);
    return PPX_OK;
}

const ppx_lesson ppx_lesson_biglock = {
    .name = "biglock",
    .says = "Pixels are counted with one lock around every step, as an interpreter does it. Only "
            "one thread computes at a time, and handing the lock over costs more than the step: "
            "two threads are slower than one, by burnt CPU time or by context switches. Keeping "
            "the lock for long limits the damage; only doing without it makes threads pay.",
    .lines = "omp/lessons/biglock.c: count_locked, acquire_asleep, acquire_spinning",
    .least_pixels = 256 * 256,
    .run = run,
};
