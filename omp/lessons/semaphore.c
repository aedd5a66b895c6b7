// semaphore.c: at most k at once.
//
// A folder of frames is indexed: each is fetched, unpacked into memory, and its brightness is
// taken. Fetching is mostly waiting, so there are more threads than processors, as in a server that
// has a thread for each request. Nothing says how many frames may be unpacked at the same time: all
// threads hold one, and the memory that the program takes is the number of threads times a frame.
// On a small folder, or in a test, nobody notices; with larger frames the program is killed. There
// is a budget here, of frames for half of the threads, and what is held above it is counted.
//
// A counting semaphore is a number of places: sem_wait takes one or waits, sem_post gives it back.
// It ties the memory to k, whatever the number of threads. Which k? Speed grows until the
// processors always have something to do: that is k = processors x (1 + waiting / computing).
// Beyond that only the memory grows. So k is chosen by measuring, and it is neither the number of
// threads nor that of processors.
//
// The place is taken before the memory and given back after it is freed; the other order would let
// k threads wait for a place with their memory in hand.
#define _GNU_SOURCE // nanosleep
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { FRAMES = 24, LEAST_WORKERS = 8, MOST_WORKERS = 16 };

// From asking for a frame until its bytes are there; the processor is free meanwhile.
static const struct timespec fetching = {0, 2000000};

typedef struct task {
    const ppx_image *image;
    ppx_image packed; // each pixel less the one before it; frame f has all its pixels brighter by f
    int nworkers;
    size_t nbytes, budget; // of a frame, of all at once
    unsigned k;
    sem_t places;
    atomic_size_t held, peak;
    size_t most;        // of the peaks of a variant's runs
    atomic_bool failed; // no memory at all
    uint64_t wanted[FRAMES], found[FRAMES];
} task;

// ---- The work on one frame ----------------------------------------------------------------------

static void pack(task *t) {
    for (ptrdiff_t y = 0; y < t->image->shape.height; y++) {
        const uint8_t *in = ppx_image_row(t->image, y);
        uint8_t *out = ppx_image_row(&t->packed, y), before = 0;
        for (ptrdiff_t x = 0; x < t->image->shape.width; x++) {
            out[x] = (uint8_t)(in[x] - before);
            before = in[x];
            for (int f = 0; f < FRAMES; f++)
                t->wanted[f] += (uint8_t)(in[x] + f);
        }
    }
}

static uint64_t unpack(const task *t, int f, ppx_image *raw) {
    uint64_t brightness = 0;
    for (ptrdiff_t y = 0; y < raw->shape.height; y++) {
        const uint8_t *in = ppx_image_row(&t->packed, y);
        uint8_t *out = ppx_image_row(raw, y), value = (uint8_t)f;
        for (ptrdiff_t x = 0; x < raw->shape.width; x++) {
            value = (uint8_t)(value + in[x]);
            out[x] = value;
        }
        for (ptrdiff_t x = 0; x < raw->shape.width; x++)
            brightness += out[x];
    }
    return brightness;
}

static void hold(task *t) {
    size_t held = atomic_fetch_add(&t->held, t->nbytes) + t->nbytes;
    size_t peak = atomic_load(&t->peak);
    while (peak < held && !atomic_compare_exchange_weak(&t->peak, &peak, held))
        ;
}

static void decode(task *t, int f) {
    ppx_image raw = {0};
    hold(t);
    if (ppx_image_create(&raw, t->image->shape, NULL) == PPX_OK) {
        (void)nanosleep(&fetching, NULL);
        t->found[f] = unpack(t, f, &raw);
    } else {
        atomic_store(&t->failed, true);
    }
    ppx_image_free(&raw);
    (void)atomic_fetch_sub(&t->held, t->nbytes);
}

// ---- The variants -------------------------------------------------------------------------------

static void begin(task *t) {
    atomic_store(&t->held, 0);
    atomic_store(&t->peak, 0);
    for (int f = 0; f < FRAMES; f++)
        t->found[f] = 0;
}

static void index_serial(void *context) {
    task *t = context;
    begin(t);
    for (int f = 0; f < FRAMES; f++)
        decode(t, f);
}

// Every thread unpacks as soon as it has a frame. Each holds its memory while it waits for the
// bytes, so all of them hold some at the same time, on any machine.
static void index_unlimited(void *context) {
    task *t = context;
    begin(t);
#pragma omp parallel for default(none) shared(t) num_threads(t->nworkers) schedule(dynamic)
    for (int f = 0; f < FRAMES; f++)
        decode(t, f);
}

static void index_limited(void *context) {
    task *t = context;
    begin(t);
    (void)sem_init(&t->places, 0, t->k);
#pragma omp parallel for default(none) shared(t) num_threads(t->nworkers) schedule(dynamic)
    for (int f = 0; f < FRAMES; f++) {
        while (sem_wait(&t->places) && errno == EINTR)
            ; // a signal is no place
        decode(t, f);
        (void)sem_post(&t->places);
    }
    (void)sem_destroy(&t->places);
}

static int64_t above_budget(void *context) {
    task *t = context;
    size_t peak = atomic_load(&t->peak);
    int64_t wrong = peak > t->budget ? (int64_t)(peak - t->budget) : 0;
    t->most = peak > t->most ? peak : t->most;
    for (int f = 0; f < FRAMES; f++)
        wrong += t->found[f] != t->wanted[f];
    return wrong;
}

static void try(const ppx_lesson_plan *plan, ppx_lesson_report *report,
                const ppx_lesson_variant *variant, task *t) {
    t->most = 0;
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, t);
    row->extra[0] = (double)t->most / (1 << 20);
    row->extra[1] = FRAMES / row->seconds;
}

static void try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t) {
    static const ppx_lesson_variant serial = {"one thread, one frame after the other",
                                              PPX_LESSON_SERIAL, index_serial, above_budget};
    static const ppx_lesson_variant broken = {"BROKEN: as many as there are threads",
                                              PPX_LESSON_BROKEN, index_unlimited, above_budget};
    static const ppx_lesson_variant limited[] = {
        {"semaphore of 1", PPX_LESSON_CORRECT, index_limited, above_budget},
        {"semaphore of 2", PPX_LESSON_CORRECT, index_limited, above_budget},
        {"semaphore of 3", PPX_LESSON_CORRECT, index_limited, above_budget},
        {"semaphore of 4", PPX_LESSON_CORRECT, index_limited, above_budget},
        {"semaphore of 8", PPX_LESSON_CORRECT, index_limited, above_budget},
    };
    static const unsigned k_of[] = {1, 2, 3, 4, 8};
    try(plan, report, &serial, t);
    try(plan, report, &broken, t);
    for (size_t n = 0; n < sizeof k_of / sizeof *k_of; n++) {
        t->k = k_of[n];
        if (t->k * t->nbytes <= t->budget)
            try(plan, report, &limited[n], t);
    }
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    report->wrong_is = "bytes held above the budget, wrong brightnesses";
    report->extra[0] = "peak MiB";
    report->extra[1] = "frames/s";
    t->image = plan->image;
    t->nworkers = 2 * plan->nthreads;
    t->nworkers = t->nworkers < LEAST_WORKERS ? LEAST_WORKERS : t->nworkers;
    t->nworkers = t->nworkers > MOST_WORKERS ? MOST_WORKERS : t->nworkers;
    t->nbytes = ppx_shape_row_nbytes(t->image->shape) * (size_t)t->image->shape.height;
    t->budget = t->nbytes * (size_t)t->nworkers / 2;
    status = ppx_image_create(&t->packed, t->image->shape, error);
    if (!status) {
        pack(t);
        try_all(plan, report, t);
        ppx_lesson_say(report, "%d frames, %d threads; the budget is %.4g MiB, %d frames.", FRAMES,
                       t->nworkers, (double)t->budget / (1 << 20), t->nworkers / 2);
        if (atomic_load(&t->failed))
            status = ppx_fail(error, PPX_E_MEMORY, "no memory for %d frames", t->nworkers);
    }
    ppx_image_free(&t->packed);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_semaphore = {
    .name = "semaphore",
    .says = "Threads fetch frames and unpack them into memory. Without a limit all of them hold a "
            "frame at once, and the memory grows with the number of threads. A semaphore of k "
            "places lets at most k of them unpack: the least k that keeps the processors busy is "
            "the one to take.",
    .lines = "omp/lessons/semaphore.c: index_unlimited, index_limited",
    .least_pixels = 256 * 256,
    .run = run,
};
