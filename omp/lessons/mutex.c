// mutex.c: who adds to a shared list takes its lock, and for how long.
//
// Bright pixels side by side in a row make a run. Each thread looks for runs in its rows, measures
// how each stands out from what is above and below it, and adds it to a list that all threads
// share. To add is: look up the length n, write the entry at n, make the length n + 1. Two threads
// that look up the same n write to the same place, and one run is gone. No crash, no message, and
// a number of runs that looks plausible.
//
// A lock (mutual exclusion, hence mutex) makes the three steps one. It protects data, not code: all
// that touches the list takes the same lock. What is measured before the lock is taken, is measured
// by all threads at once; what is measured under it, by one while the others wait. The table shows
// the difference, and how often a thread found the lock taken. If the list falls into parts by
// itself (here by brightness), a lock for each part is found taken less often. Seldom is better
// than short: a thread that collects runs of its own and adds 256 at a time hardly ever takes the
// lock.
//
// Threads of the broken variant meet after each strip of rows, and give up the processor after each
// 256th look at the length, before the entry is there: so the window is open on a busy machine too.
#define _GNU_SOURCE // sched_yield
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { BRIGHT = 128, AROUND = 32, BUCKETS = 16, BATCH = 256, YIELD_AFTER = 256 };

typedef struct entry {
    int32_t y, x0, x1; // pixels x0 to x1 - 1 of row y
    int32_t level;     // their mean
    int32_t contrast;  // less the mean of AROUND rows above and below
} entry;

typedef struct list {
    _Alignas(64) omp_lock_t lock; // lists on one cache line would wait for each other
    entry *entries;
    volatile size_t n;
    size_t waits; // how often the lock was found taken
} list;

typedef struct batch {
    entry entries[BATCH];
    size_t n;
} batch;

typedef struct task {
    const ppx_image *image;
    int nthreads;
    size_t nwanted;
    entry *wanted, *found; // in raster order; in any order
    list lists[BUCKETS];   // parts of `found`; the first alone is all of it where there is one lock
} task;

// What a variant does with a run that was found; mine is the batch of this thread.
typedef void add_function(task *t, batch *mine, entry run);

// ---- Runs and their contrast --------------------------------------------------------------------

static void look_through(task *t, ptrdiff_t y, add_function *add, batch *mine) {
    const uint8_t *row = ppx_image_row(t->image, y);
    ptrdiff_t width = t->image->shape.width, x0 = 0;
    for (ptrdiff_t x = 0; x <= width; x++) {
        bool bright = x < width && row[x] >= BRIGHT, before = x > 0 && row[x - 1] >= BRIGHT;
        if (bright && !before)
            x0 = x;
        if (!bright && before)
            add(t, mine, (entry){.y = (int32_t)y, .x0 = (int32_t)x0, .x1 = (int32_t)x});
    }
}

static entry measure(const task *t, entry run) {
    int64_t height = t->image->shape.height, width = run.x1 - run.x0, inside = 0, around = 0;
    int64_t y0 = run.y < AROUND ? 0 : run.y - AROUND;
    int64_t y1 = run.y + AROUND < height ? run.y + AROUND + 1 : height;
    for (int64_t y = y0; y < y1; y++) {
        const uint8_t *row = ppx_image_row(t->image, y);
        int64_t sum = 0;
        for (int32_t x = run.x0; x < run.x1; x++)
            sum += row[x];
        around += sum;
        inside += y == run.y ? sum : 0;
    }
    run.level = (int32_t)(inside / width);
    run.contrast = run.level - (int32_t)(around / (width * (y1 - y0)));
    return run;
}

// ---- The ways to add ----------------------------------------------------------------------------

static void append(list *to, entry run) {
    to->entries[to->n] = run;
    to->n = to->n + 1;
}

static void take(list *from) {
    if (omp_test_lock(&from->lock))
        return;
    omp_set_lock(&from->lock);
    from->waits++;
}

// The race: all between the load of n and the store into it. n stays below the number of runs, so
// nothing is written beyond the array.
static void add_without_lock(task *t, batch *mine, entry run) {
    (void)mine;
    list *all = &t->lists[0];
    run = measure(t, run);
    size_t n = all->n;
    if (n % YIELD_AFTER == 0)
        (void)sched_yield();
    all->entries[n] = run;
    all->n = n + 1;
}

static void add_measured_inside(task *t, batch *mine, entry run) {
    (void)mine;
    list *all = &t->lists[0];
    take(all);
    append(all, measure(t, run));
    omp_unset_lock(&all->lock);
}

static void add_measured_outside(task *t, batch *mine, entry run) {
    (void)mine;
    list *all = &t->lists[0];
    run = measure(t, run);
    take(all);
    append(all, run);
    omp_unset_lock(&all->lock);
}

static int bucket_of(entry run) {
    return run.level % BUCKETS;
}

static void add_to_bucket(task *t, batch *mine, entry run) {
    (void)mine;
    run = measure(t, run);
    list *part = &t->lists[bucket_of(run)];
    take(part);
    append(part, run);
    omp_unset_lock(&part->lock);
}

static void hand_over(task *t, batch *mine) {
    list *all = &t->lists[0];
    take(all);
    memcpy(all->entries + all->n, mine->entries, mine->n * sizeof *mine->entries);
    all->n += mine->n;
    omp_unset_lock(&all->lock);
    mine->n = 0;
}

static void add_to_batch(task *t, batch *mine, entry run) {
    mine->entries[mine->n++] = measure(t, run);
    if (mine->n == BATCH)
        hand_over(t, mine);
}

// ---- The variants -------------------------------------------------------------------------------

static void begin(task *t) {
    memset(t->found, 0, t->nwanted * sizeof *t->found);
    for (int b = 0; b < BUCKETS; b++)
        t->lists[b].n = 0;
}

static void find_with(task *t, add_function *add) {
    begin(t);
#pragma omp parallel default(none) shared(t, add) num_threads(t->nthreads)
    {
        batch mine;
        mine.n = 0;
#pragma omp for nowait
        for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
            look_through(t, y, add, &mine);
        if (mine.n)
            hand_over(t, &mine);
    }
}

static void append_serial(task *t, batch *mine, entry run) {
    (void)mine;
    append(&t->lists[0], measure(t, run));
}

static void find_serial(void *context) {
    task *t = context;
    begin(t);
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
        look_through(t, y, append_serial, NULL);
}

static void find_without_lock(void *context) {
    task *t = context;
    ptrdiff_t height = t->image->shape.height;
    begin(t);
#pragma omp parallel default(none) shared(t, height) num_threads(t->nthreads)
    for (ptrdiff_t y0 = 0; y0 < height; y0 += PPX_STRIP)
#pragma omp for // at its end all wait for the last
        for (ptrdiff_t y = y0; y < (y0 + PPX_STRIP < height ? y0 + PPX_STRIP : height); y++)
            look_through(t, y, add_without_lock, NULL);
}

static void find_measured_inside(void *context) {
    find_with(context, add_measured_inside);
}

static void find_measured_outside(void *context) {
    find_with(context, add_measured_outside);
}

static void find_into_buckets(void *context) {
    find_with(context, add_to_bucket);
}

static void find_in_batches(void *context) {
    find_with(context, add_to_batch);
}

// ---- What is wrong ------------------------------------------------------------------------------

static int by_place(const void *left, const void *right) {
    const entry *l = left, *r = right;
    return l->y != r->y ? (l->y > r->y) - (l->y < r->y) : (l->x0 > r->x0) - (l->x0 < r->x0);
}

// Runs of which no unharmed entry is in the list; places that nobody wrote to are zero.
static int64_t lost_runs(void *context) {
    task *t = context;
    size_t k = 0, there = 0;
    qsort(t->found, t->nwanted, sizeof *t->found, by_place);
    for (size_t w = 0; w < t->nwanted; w++) {
        while (k < t->nwanted && by_place(&t->found[k], &t->wanted[w]) < 0)
            k++;
        there += k < t->nwanted && memcmp(&t->found[k], &t->wanted[w], sizeof(entry)) == 0;
    }
    return (int64_t)(t->nwanted - there);
}

// ---- The lesson ---------------------------------------------------------------------------------

static void count_run(task *t, batch *mine, entry run) {
    (void)mine, (void)run;
    t->nwanted++;
}

// Arrays for as many runs as there are, and what they are to hold.
static ppx_status prepare(task *t, ppx_error *error) {
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
        look_through(t, y, count_run, NULL);
    size_t room = t->nwanted ? t->nwanted : 1;
    ppx_status status =
        ppx_alloc_array((void **)&t->wanted, room, sizeof *t->wanted, "the runs", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->found, room, sizeof *t->found, "the runs", error);
    if (status)
        return status;
    t->lists[0].entries = t->found;
    find_serial(t);
    memcpy(t->wanted, t->found, t->nwanted * sizeof *t->wanted);
    return PPX_OK;
}

// Each bucket gets a part of `found`, as long as it must be.
static void divide(task *t) {
    size_t length[BUCKETS] = {0}, before = 0;
    for (size_t w = 0; w < t->nwanted; w++)
        length[bucket_of(t->wanted[w])]++;
    for (int b = 0; b < BUCKETS; b++) {
        t->lists[b].entries = t->found + before;
        before += length[b];
    }
}

static void try_all(task *t, const ppx_lesson_plan *plan, ppx_lesson_report *report) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, find_serial, lost_runs},
        {"BROKEN: no lock", PPX_LESSON_BROKEN, find_without_lock, lost_runs},
        {"one lock, measured under it", PPX_LESSON_CORRECT, find_measured_inside, lost_runs},
        {"one lock, measured before", PPX_LESSON_CORRECT, find_measured_outside, lost_runs},
        {"a lock for each of 16 lists", PPX_LESSON_CORRECT, find_into_buckets, lost_runs},
        {"one lock for 256 runs at a time", PPX_LESSON_CORRECT, find_in_batches, lost_runs},
    };
    for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
        t->lists[0].entries = t->found;
        if (variants[k].work == find_into_buckets)
            divide(t);
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        for (int b = 0; b < BUCKETS; b++) {
            double waits = (double)t->lists[b].waits;
            row->extra[0] += t->nwanted ? 1e2 * waits / row->runs / (double)t->nwanted : 0;
            t->lists[b].waits = 0;
        }
    }
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    t->image = plan->image;
    t->nthreads = plan->nthreads;
    status = prepare(t, error);
    if (!status) {
        report->wrong_is = "runs lost from the list";
        report->extra[0] = "waits, %";
        for (int b = 0; b < BUCKETS; b++)
            omp_init_lock(&t->lists[b].lock);
        try_all(t, plan, report);
        for (int b = 0; b < BUCKETS; b++)
            omp_destroy_lock(&t->lists[b].lock);
        ppx_lesson_say(report, "  %zu runs; waits: how often a run found a lock taken.",
                       t->nwanted);
    }
    ppx_free(t->wanted);
    ppx_free(t->found);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_mutex = {
    .name = "mutex",
    .says = "All threads add what they find, runs of bright pixels, to one list. Without a lock "
            "two of them write to the same place and entries are lost. A lock makes adding one "
            "step; it costs little when it is held for that step only and taken seldom.",
    .lines = "omp/lessons/mutex.c: add_without_lock, then add_measured_inside and _outside",
    .least_pixels = 512 * 512,
    .run = run,
};
