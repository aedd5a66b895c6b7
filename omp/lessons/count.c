// count.c: what more threads give to a task that only computes.
//
// Every pixel is classified by its neighbourhood, and the classes are counted. Nothing is shared
// but the image, which nobody writes, and the sums at the end; memory is not the limit, for the
// arithmetic on a pixel takes longer than fetching it. So N threads on N CPUs are N times as fast,
// and this lesson is the measure for all the others: what costs time there is not the counting.
//
// More threads than CPUs do not count faster. The CPUs are busy already; the system shares them out
// in slices, and the last thread to get its slices is the one that all wait for. Nor is one thread
// in a parallel region slower than the plain loop: what a region costs is paid once, not for each
// pixel. The column `CPUs` is CPU time over elapsed time: how many processors the variant has had.
// When it is below the number of threads, either there are no more, or others use them.
//
// Look at count_by: one region, counters of one's own, one atomic addition for each of them.
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"
#include "classify.h"

enum { MOST_THREADS = 512 };
// The image is counted as so many frames of a film: one is over in some milliseconds.
enum { FRAMES = 3 };

typedef struct task {
    const ppx_image *image;
    int nthreads; // of the variant
    int64_t wanted[CLASSES];
    int64_t counts[CLASSES];
} task;

static void count_row(const ppx_image *image, ptrdiff_t y, int64_t counts[CLASSES]) {
    for (ptrdiff_t x = 0; x < image->shape.width; x++)
        counts[classify(image, x, y)]++;
}

static void count_serial(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
    for (int frame = 0; frame < FRAMES; frame++)
        for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
            count_row(t->image, y, t->counts);
}

static void count_by(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    {
        int64_t mine[CLASSES] = {0};
        for (int frame = 0; frame < FRAMES; frame++)
#pragma omp for schedule(static) nowait
            for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
                count_row(t->image, y, mine);
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

static void try_threads(ppx_lesson_report *report, const ppx_lesson_plan *plan, task *t,
                        int nthreads) {
    char name[64];
    (void)snprintf(name, sizeof name, "%d thread%s%s", nthreads, nthreads == 1 ? "" : "s",
                   nthreads > omp_get_num_procs() ? ", more than CPUs" : "");
    const ppx_lesson_variant variant = {name, PPX_LESSON_CORRECT, count_by, miscounted};
    t->nthreads = nthreads;
    ppx_lesson_row *row = ppx_lesson_try(report, plan, &variant, t);
    row->extra[0] = row->cpu_seconds / row->seconds;
}

// 1, 2, 4, ... threads, all that were asked for, and then four and sixteen times as many.
static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant serial = {"one loop, no threads", PPX_LESSON_SERIAL,
                                              count_serial, miscounted};
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "miscounted pixels";
    report->extra[0] = "CPUs";
    t->image = plan->image;
    count_serial(t);
    memcpy(t->wanted, t->counts, sizeof t->counts);
    ppx_lesson_row *row = ppx_lesson_try(report, plan, &serial, t);
    row->extra[0] = row->cpu_seconds / row->seconds;
    for (int n = 1; n < plan->nthreads; n *= 2)
        try_threads(report, plan, t, n);
    try_threads(report, plan, t, plan->nthreads);
    for (int times = 4; times <= 16; times *= 4)
        if (times * plan->nthreads <= MOST_THREADS)
            try_threads(report, plan, t, times * plan->nthreads);
    ppx_free(t);
    return PPX_OK;
}

const ppx_lesson ppx_lesson_count = {
    .name = "count",
    .says = "The pixels of each class are counted, with some arithmetic for each, by more and more "
            "threads. As long as there are CPUs for them the time is divided by their number, for "
            "they share nothing but the sums at the end. Threads beyond that bring nothing.",
    .lines = "omp/lessons/count.c: count_by",
    .least_pixels = 256 * 256,
    .run = run,
};
