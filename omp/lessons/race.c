// race.c: x = x + 1 by several threads.
//
// A histogram counts how often each grey level occurs: h[v]++ for every pixel. The line looks like
// one step and is three: load h[v], add one, store h[v]. Two threads that load the same count
// store the same count, and one pixel is lost. How many are lost depends on how the threads happen
// to meet, so the result changes from run to run. `equalize` turns the histogram into a picture,
// and a wrong histogram into a wrong picture.
//
// Cures, from the obvious to the fast: an atomic increment; a critical section; a lock for each
// stripe of the counters; and no sharing at all: each thread counts for itself, the counts are
// added in the end. The last one is what parpix does (omp/reduce_omp.c).
//
// On a busy machine two threads may well take turns on one processor, and a loop of a millisecond
// is over before the other begins: a race that hides, which is the worst sort. So the threads of
// the broken variant meet after each strip of rows, and at the first pixel of each the thread that
// has it gives up the processor between the load and the store, until another has counted the same
// level (or a thousand times). What the others count of that level meanwhile is lost.
#define _GNU_SOURCE // sched_yield
#include <omp.h>
#include <sched.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { LEVELS = 256, STRIPES = 16, MOST_YIELDS = 1000 };

typedef struct task {
    const ppx_image *image;
    int nthreads;
    uint64_t wanted[LEVELS]; // by one thread
    uint64_t h[LEVELS];
    omp_lock_t stripes[STRIPES];
} task;

static const uint8_t *row_of(const task *t, ptrdiff_t y) {
    return ppx_image_row(t->image, y);
}

static void count_serial(void *context) {
    task *t = context;
    memset(t->h, 0, sizeof t->h);
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
            t->h[row_of(t, y)[x]]++;
}

// The race: between the load of h[v] and the store into it another thread does the same.
static void count_plain(void *context) {
    task *t = context;
    volatile uint64_t *h = t->h; // or the compiler may keep counts in registers and lose others
    memset(t->h, 0, sizeof t->h);
    ptrdiff_t height = t->image->shape.height;
#pragma omp parallel default(none) shared(t, h, height) num_threads(t->nthreads)
    for (ptrdiff_t y0 = 0; y0 < height; y0 += PPX_STRIP)
#pragma omp for // at its end all wait for the last
        for (ptrdiff_t y = y0; y < (y0 + PPX_STRIP < height ? y0 + PPX_STRIP : height); y++)
            for (ptrdiff_t x = 0; x < t->image->shape.width; x++) {
                int v = row_of(t, y)[x];
                uint64_t count = h[v];
                for (int k = 0; x == 0 && y == y0 && h[v] == count && k < MOST_YIELDS; k++)
                    (void)sched_yield(); // until another has counted, too
                h[v] = count + 1;
            }
}

static void count_atomic(void *context) {
    task *t = context;
    memset(t->h, 0, sizeof t->h);
#pragma omp parallel for default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
#pragma omp atomic
            t->h[row_of(t, y)[x]]++;
}

static void count_critical(void *context) {
    task *t = context;
    memset(t->h, 0, sizeof t->h);
#pragma omp parallel for default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
#pragma omp critical(lesson_race)
            t->h[row_of(t, y)[x]]++;
}

static void count_striped(void *context) {
    task *t = context;
    memset(t->h, 0, sizeof t->h);
#pragma omp parallel for default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++) {
            int v = row_of(t, y)[x];
            omp_set_lock(&t->stripes[v % STRIPES]);
            t->h[v]++;
            omp_unset_lock(&t->stripes[v % STRIPES]);
        }
}

static void count_private(void *context) {
    task *t = context;
    memset(t->h, 0, sizeof t->h);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    {
        uint64_t mine[LEVELS] = {0};
#pragma omp for nowait
        for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
            for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
                mine[row_of(t, y)[x]]++;
#pragma omp critical(lesson_race)
        for (int v = 0; v < LEVELS; v++)
            t->h[v] += mine[v];
    }
}

static int64_t lost_updates(void *context) {
    const task *t = context;
    int64_t lost = 0;
    for (int v = 0; v < LEVELS; v++)
        lost += (int64_t)(t->wanted[v] - t->h[v]);
    return lost;
}

// The picture by the wrong histogram: levels follow the counts that are left.
static ppx_status show(const task *t, ppx_lesson_report *report, ppx_error *error) {
    ppx_status status = ppx_image_create(&report->image, t->image->shape, error);
    uint64_t below = 0, all = 0;
    uint8_t level[LEVELS];
    for (int v = 0; v < LEVELS; v++)
        all += t->wanted[v];
    for (int v = 0; v < LEVELS; v++) {
        below += t->h[v];
        level[v] = (uint8_t)(below >= all ? UINT8_MAX : below * UINT8_MAX / all);
    }
    for (ptrdiff_t y = 0; !status && y < t->image->shape.height; y++) {
        uint8_t *out = ppx_image_row(&report->image, y);
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
            out[x] = level[row_of(t, y)[x]];
    }
    return status;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant serial = {"one thread", PPX_LESSON_SERIAL, count_serial,
                                              lost_updates};
    static const ppx_lesson_variant broken = {"BROKEN: h[v]++ by all threads", PPX_LESSON_BROKEN,
                                              count_plain, lost_updates};
    static const ppx_lesson_variant cures[] = {
        {"atomic increment", PPX_LESSON_CORRECT, count_atomic, lost_updates},
        {"critical section", PPX_LESSON_CORRECT, count_critical, lost_updates},
        {"16 striped locks", PPX_LESSON_CORRECT, count_striped, lost_updates},
        {"private counts, added at the end", PPX_LESSON_CORRECT, count_private, lost_updates},
    };
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "lost updates";
    t->image = plan->image;
    t->nthreads = plan->nthreads;
    for (int k = 0; k < STRIPES; k++)
        omp_init_lock(&t->stripes[k]);
    count_serial(t);
    memcpy(t->wanted, t->h, sizeof t->h);
    (void)ppx_lesson_try(report, plan, &serial, t);
    (void)ppx_lesson_try(report, plan, &broken, t);
    status = show(t, report, error);
    for (size_t k = 0; k < sizeof cures / sizeof *cures; k++)
        (void)ppx_lesson_try(report, plan, &cures[k], t);
    for (int k = 0; k < STRIPES; k++)
        omp_destroy_lock(&t->stripes[k]);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_race = {
    .name = "race",
    .says =
        "A histogram is counted by all threads into the same counters, and equalize draws the "
        "picture from it. An increment is a load, an addition and a store, and updates between "
        "them are lost. Atomics and locks make it right and slow; counters of one's own make it "
        "right and fast.",
    .lines = "omp/lessons/race.c: count_plain",
    .least_pixels = 512 * 512,
    .run = run,
};
