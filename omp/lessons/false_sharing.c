// false_sharing.c: counters that nobody shares, and their cache line that all do.
//
// Every thread counts the pixels of its rows, by quarters of the grey scale, into counters of its
// own. No two threads touch the same counter; there is no race, and the sums are right. But memory
// moves between the caches in lines of 64 bytes, and four counters of 8 bytes take half a line. A
// processor that writes a counter must own the whole line, so the line travels from one to the
// other and back, some hundred cycles each way, although nothing on it is shared. The program is
// right, and with two threads slower than with one.
//
// Cures: put the counters of a thread into lines of their own (128 bytes apart, because processors
// fetch lines in pairs), or count in local variables and store the sums once.
//
// The counters are volatile, so that every increment goes to memory, as it must in code that the
// compiler cannot see through. Otherwise it might keep them in registers and hide the fault, at
// one level of optimisation and not at another. The local ones are not: that is the cure.
//
// Look at count_into, which is the same for both, and at `apart`, which is the whole difference.
#include <omp.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

// The image is counted as so many frames of a film: one is over before the threads have met.
enum { FRAMES = 8 };
// Threads, classes, and counters from one thread's to the next's.
enum { MOST_THREADS = 256, CLASSES = 4, ADJACENT = CLASSES, PADDED = 16 };

typedef struct task {
    int64_t
        counters[MOST_THREADS * PADDED]; // thread k has those from k * ADJACENT or k * PADDED on
    const ppx_image *image;
    int nthreads;
    int64_t wanted[CLASSES];
    int64_t counts[CLASSES];
} task;

static void count_into(const task *t, ptrdiff_t y, volatile int64_t *counters) {
    const uint8_t *row = ppx_image_row(t->image, y);
    for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
        counters[row[x] / 64]++;
}

static void count_serial(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
    for (int frame = 0; frame < FRAMES; frame++)
        for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
            count_into(t, y, t->counts);
}

static void count_threads(task *t, int apart) {
    memset(t->counts, 0, sizeof t->counts);
    memset(t->counters, 0, sizeof t->counters);
#pragma omp parallel default(none) shared(t, apart) num_threads(t->nthreads)
    {
        int64_t *mine = t->counters + omp_get_thread_num() * apart;
        for (int frame = 0; frame < FRAMES; frame++)
#pragma omp for schedule(static) nowait
            for (ptrdiff_t y = 0; y < t->image->shape.height; y++)
                count_into(t, y, mine);
    }
    for (int thread = 0; thread < t->nthreads; thread++)
        for (int c = 0; c < CLASSES; c++)
            t->counts[c] += t->counters[thread * apart + c];
}

static void count_adjacent(void *context) {
    count_threads(context, ADJACENT);
}

static void count_padded(void *context) {
    count_threads(context, PADDED);
}

static void count_local(void *context) {
    task *t = context;
    memset(t->counts, 0, sizeof t->counts);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    {
        int64_t mine[CLASSES] = {0};
        for (int frame = 0; frame < FRAMES; frame++)
#pragma omp for schedule(static) nowait
            for (ptrdiff_t y = 0; y < t->image->shape.height; y++) {
                const uint8_t *row = ppx_image_row(t->image, y);
                for (ptrdiff_t x = 0; x < t->image->shape.width; x++)
                    mine[row[x] / 64]++;
            }
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

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, count_serial, miscounted},
        {"SLOW: counters side by side in one line", PPX_LESSON_CORRECT, count_adjacent, miscounted},
        {"counters 128 bytes apart", PPX_LESSON_CORRECT, count_padded, miscounted},
        {"local counters, stored once", PPX_LESSON_CORRECT, count_local, miscounted},
    };
    task *t; // begins with the counters, at the beginning of a line
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "miscounted pixels";
    report->extra[0] = "ns/pixel";
    t->image = plan->image;
    t->nthreads = plan->nthreads < MOST_THREADS ? plan->nthreads : MOST_THREADS;
    count_serial(t);
    memcpy(t->wanted, t->counts, sizeof t->counts);
    const double pixels =
        (double)FRAMES * (double)t->image->shape.width * (double)t->image->shape.height;
    for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        row->extra[0] = 1e9 * row->seconds / pixels;
    }
    ppx_free(t);
    return PPX_OK;
}

const ppx_lesson ppx_lesson_false_sharing = {
    .name = "false-sharing",
    .says = "Every thread counts grey levels into counters of its own, so nothing is shared and "
            "nothing is wrong. But counters that lie side by side are in one cache line, which "
            "travels between the processors at every increment. Counters in lines of their own, "
            "or in local variables, stay where they are.",
    .lines = "omp/lessons/false_sharing.c: count_threads, where `apart` is 4 or 16 counters",
    .least_pixels = 256 * 256,
    .run = run,
};
