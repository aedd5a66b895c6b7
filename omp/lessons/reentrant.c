// reentrant.c: a function that takes a lock calls itself.
//
// Pixels side by side in one step of grey make a run, and runs of one step that touch in
// neighbouring rows make a region. parent[k] leads from a run towards the first run of its region.
// All threads merge runs of their rows, and since regions cross from one thread's rows to
// another's, all touch the same parents, under a lock. merge(a, b) takes the lock, and when a is
// not the first of its region, it calls itself with the parent of a. The inner call takes the lock
// again: it waits for a lock to be given back by the outer call, which waits for the inner one. One
// thread is enough for this deadlock.
//
// The usual cure is a reentrant lock (omp_nest_lock_t, or a recursive mutex): who has it may take
// it again, and it is free when it was given back as often. It works, and it hides that nobody
// knew who holds the lock. The better cure is a design: a function for the outside takes the lock
// once and calls one that expects it to be held. The best asks why there is a lock at all: runs in
// a thread's own rows are nobody else's, and what crosses the seams is left for the end, to one
// thread. That is how parpix labels (omp/join_omp.c).
//
// To hang would prove little, so the broken variant takes its lock with a time limit: after it the
// thread writes down whom it waited for, and all of them give up.
#define _GNU_SOURCE // pthread_mutex_timedlock, clock_gettime
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { STEP = 32, LIMIT_MS = 20, NOBODY = -1, MOST_THREADS = 256 };

typedef struct run_of_pixels {
    ptrdiff_t x0, x1; // pixels x0 to x1 - 1
    int step;         // of grey
} run_of_pixels;

typedef struct task {
    const ppx_image *image;
    int nthreads;
    size_t nruns;
    run_of_pixels *runs;     // in raster order
    size_t *first;           // those of row y: first[y] to first[y + 1] - 1
    size_t *parent, *wanted; // of each run one of the same region that is not later; the first
    pthread_mutex_t plain;
    omp_nest_lock_t nest;
    // What is known when a wait takes too long:
    atomic_int holder; // thread that has `plain`, or NOBODY
    atomic_int depth;  // of its calls
    atomic_bool waits[MOST_THREADS];
    atomic_bool give_up;
    int waited_for[MOST_THREADS], waited_at; // holder and depth at that time
    int64_t locks;                           // how often the lock was taken
} task;

typedef void merge_function(task *t, size_t a, size_t b);

// ---- Merging, with the lock held or none needed -------------------------------------------------

static size_t parent_of(task *t, size_t k) {
    return t->parent[k] = t->parent[t->parent[k]]; // shortens the way for the next
}

static void merge(task *t, size_t a, size_t b) {
    if (t->parent[a] != a)
        merge(t, parent_of(t, a), b);
    else if (t->parent[b] != b)
        merge(t, a, parent_of(t, b));
    else
        t->parent[a < b ? b : a] = a < b ? a : b;
}

// ---- The ways to lock ---------------------------------------------------------------------------

// The first to wait for too long writes down who waits for whom, and all give up.
static void write_down(task *t) {
    if (atomic_exchange(&t->give_up, true))
        return;
    t->waited_at = atomic_load(&t->depth);
    for (int thread = 0; thread < t->nthreads; thread++)
        t->waited_for[thread] = atomic_load(&t->waits[thread]) ? atomic_load(&t->holder) : NOBODY;
}

static bool take_plain(task *t) {
    int me = omp_get_thread_num();
    struct timespec until;
    if (atomic_load(&t->give_up))
        return false;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LIMIT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    atomic_store(&t->waits[me], true);
    bool taken = pthread_mutex_timedlock(&t->plain, &until) == 0;
    if (taken)
        atomic_store(&t->holder, me);
    else
        write_down(t);
    atomic_store(&t->waits[me], false);
    return taken;
}

// The fault: the calls in the middle are made with the lock held, and take it again.
static void merge_plain(task *t, size_t a, size_t b) {
    if (!take_plain(t))
        return;
    atomic_fetch_add(&t->depth, 1);
    if (t->parent[a] != a)
        merge_plain(t, parent_of(t, a), b);
    else if (t->parent[b] != b)
        merge_plain(t, a, parent_of(t, b));
    else
        t->parent[a < b ? b : a] = a < b ? a : b;
    atomic_fetch_sub(&t->depth, 1);
    atomic_store(&t->holder, NOBODY);
    (void)pthread_mutex_unlock(&t->plain);
}

static void merge_nested(task *t, size_t a, size_t b) {
    omp_set_nest_lock(&t->nest);
    t->locks++;
    if (t->parent[a] != a)
        merge_nested(t, parent_of(t, a), b);
    else if (t->parent[b] != b)
        merge_nested(t, a, parent_of(t, b));
    else
        t->parent[a < b ? b : a] = a < b ? a : b;
    omp_unset_nest_lock(&t->nest);
}

static void merge_locked_outside(task *t, size_t a, size_t b) {
    (void)pthread_mutex_lock(&t->plain);
    t->locks++;
    merge(t, a, b);
    (void)pthread_mutex_unlock(&t->plain);
}

// ---- The variants -------------------------------------------------------------------------------

static void begin(task *t) {
    for (size_t k = 0; k < t->nruns; k++)
        t->parent[k] = k;
    t->locks = 0;
    atomic_store(&t->give_up, false);
    for (int thread = 0; thread < MOST_THREADS; thread++)
        t->waited_for[thread] = NOBODY;
}

// Merges all runs of row y > 0 with those above that they touch.
static void join_above(task *t, ptrdiff_t y, merge_function *merge_two) {
    size_t a = t->first[y - 1], b = t->first[y];
    while (a < t->first[y] && b < t->first[y + 1]) {
        if (t->runs[a].step == t->runs[b].step && t->runs[a].x0 < t->runs[b].x1 &&
            t->runs[b].x0 < t->runs[a].x1)
            merge_two(t, a, b);
        if (t->runs[a].x1 <= t->runs[b].x1)
            a++;
        else
            b++;
    }
}

static void join_serial(void *context) {
    task *t = context;
    begin(t);
    for (ptrdiff_t y = 1; y < t->image->shape.height; y++)
        join_above(t, y, merge);
}

static void join_with(task *t, merge_function *merge_two) {
    begin(t);
#pragma omp parallel for default(none) shared(t, merge_two) num_threads(t->nthreads)
    for (ptrdiff_t y = 1; y < t->image->shape.height; y++)
        join_above(t, y, merge_two);
}

static void join_plain(void *context) {
    join_with(context, merge_plain);
}

static void join_nested(void *context) {
    join_with(context, merge_nested);
}

static void join_locked_outside(void *context) {
    join_with(context, merge_locked_outside);
}

static void join_seams_last(void *context) {
    task *t = context;
    ptrdiff_t height = t->image->shape.height;
    begin(t);
#pragma omp parallel for default(none) shared(t, height) num_threads(t->nthreads)
    for (int band = 0; band < t->nthreads; band++)
        for (ptrdiff_t y = height * band / t->nthreads + 1; y < height * (band + 1) / t->nthreads;
             y++)
            join_above(t, y, merge);
    for (int band = 1; band < t->nthreads; band++)
        if (height * band / t->nthreads > height * (band - 1) / t->nthreads)
            join_above(t, height * band / t->nthreads, merge);
}

static int64_t wrong_pixels(void *context) {
    task *t = context;
    int64_t wrong = 0;
    for (size_t k = 0; k < t->nruns; k++) {
        size_t root = k;
        while (t->parent[root] != root)
            root = t->parent[root];
        wrong += root == t->wanted[k] ? 0 : t->runs[k].x1 - t->runs[k].x0;
    }
    return wrong;
}

// ---- The lesson ---------------------------------------------------------------------------------

// Counts the runs, and with `keep` writes them down.
static void find_runs(task *t, bool keep) {
    ptrdiff_t width = t->image->shape.width, height = t->image->shape.height;
    t->nruns = 0;
    for (ptrdiff_t y = 0; y < height; y++) {
        const uint8_t *row = ppx_image_row(t->image, y);
        t->first[y] = t->nruns;
        for (ptrdiff_t x = 0; x < width; x++) {
            if (x == 0 || row[x - 1] / STEP != row[x] / STEP) {
                if (keep)
                    t->runs[t->nruns] = (run_of_pixels){.x0 = x, .step = row[x] / STEP};
                t->nruns++;
            }
            if (keep)
                t->runs[t->nruns - 1].x1 = x + 1;
        }
    }
    t->first[height] = t->nruns;
}

static ppx_status prepare(task *t, ppx_error *error) {
    static const char what[] = "the runs";
    size_t nrows = (size_t)t->image->shape.height;
    ppx_status status =
        ppx_alloc_array((void **)&t->first, nrows + 1, sizeof *t->first, what, error);
    if (status)
        return status;
    find_runs(t, false);
    status = ppx_alloc_array((void **)&t->runs, t->nruns, sizeof *t->runs, what, error);
    if (!status)
        status = ppx_alloc_array((void **)&t->parent, t->nruns, sizeof *t->parent, what, error);
    if (!status)
        status = ppx_alloc_array((void **)&t->wanted, t->nruns, sizeof *t->wanted, what, error);
    if (status)
        return status;
    find_runs(t, true);
    join_serial(t);
    for (size_t k = 0; k < t->nruns; k++) // parents come before their children
        t->wanted[k] = t->parent[k] == k ? k : t->wanted[t->parent[k]];
    return PPX_OK;
}

// Who waited for whom in the last run.
static void say_who_waited(const task *t, ppx_lesson_report *report) {
    for (int thread = 0; thread < MOST_THREADS; thread++) {
        int other = t->waited_for[thread];
        if (other == thread)
            ppx_lesson_say(report,
                           "  stuck: thread %d waits in call %d of merge for the lock that it took "
                           "in call 1",
                           thread, t->waited_at + 1);
        else if (other != NOBODY)
            ppx_lesson_say(report, "  stuck: thread %d waits for the lock that thread %d has",
                           thread, other);
    }
}

static void try_all(task *t, const ppx_lesson_plan *plan, ppx_lesson_report *report) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, join_serial, wrong_pixels},
        {"BROKEN: plain lock, taken again", PPX_LESSON_BROKEN, join_plain, wrong_pixels},
        {"nest lock, taken again", PPX_LESSON_CORRECT, join_nested, wrong_pixels},
        {"plain lock around the whole", PPX_LESSON_CORRECT, join_locked_outside, wrong_pixels},
        {"no lock: own rows, then the seams", PPX_LESSON_CORRECT, join_seams_last, wrong_pixels},
    };
    for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        row->extra[0] = (double)t->locks * 1e-3;
        if (variants[k].kind == PPX_LESSON_BROKEN)
            say_who_waited(t, report);
    }
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    PPX_ASSERT(plan->nthreads <= MOST_THREADS);
    t->image = plan->image;
    t->nthreads = plan->nthreads;
    atomic_init(&t->holder, NOBODY);
    status = prepare(t, error);
    if (!status) {
        report->wrong_is = "pixels with the wrong region";
        report->extra[0] = "locks/1000";
        (void)pthread_mutex_init(&t->plain, NULL);
        omp_init_nest_lock(&t->nest);
        try_all(t, plan, report);
        omp_destroy_nest_lock(&t->nest);
        (void)pthread_mutex_destroy(&t->plain);
    }
    ppx_free(t->wanted);
    ppx_free(t->parent);
    ppx_free(t->runs);
    ppx_free(t->first);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_reentrant = {
    .name = "reentrant",
    .says = "Threads merge touching runs of pixels of one grey step into regions, under a lock, by "
            "a function that "
            "calls itself. The inner call waits for the lock that the outer one has, for ever. A "
            "lock that its holder may take again ends that; a function that expects the lock to be "
            "held is cheaper, and rows of one's own need none.",
    .lines = "omp/lessons/reentrant.c: merge_plain",
    .least_pixels = 512 * 512,
    .run = run,
};
