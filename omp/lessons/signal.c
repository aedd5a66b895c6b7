// signal.c: a row may begin when the one above is far enough ahead.
//
// Error diffusion (Floyd and Steinberg 1976) turns grey into black and white. Each pixel becomes
// the nearer of the two, and what that is off goes to the neighbours that are still to come: 7/16
// to the right, 3/16, 5/16 and 1/16 to the three below. So a pixel needs the errors of its left
// neighbour and of three above it, and every row needs the row above. A parallel loop over rows
// that does not wait reads errors that are not there yet, and dithers another picture.
//
// Still a row need not wait for all of the row above, only for one pixel beyond its own. Rows can
// follow each other like a staircase. A signal for every pixel would cost more than the pixel, so a
// signal is for a tile: 16 rows of 64 columns, each row one pixel further left than the one above
// from the top of the image to its bottom. So leaning, tile k of a band needs nothing but tile k of
// the band above, and the tiles left of itself. Four ways of waiting for it:
//   a barrier after each front (the tiles k of bands b with the same k + b): all wait for all;
//   a semaphore for each band, posted for every tile: sleeps if need be;
//   a progress counter for each band, stored with release, read with acquire: spins, then yields;
//   OpenMP's ordered depend(sink) and depend(source), which is such a counter written by itself.
// The arithmetic is in integers, so right is right to the last pixel.
//
// The fault is in dither_blindly: its loop looks like any other.
#include <omp.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { ROWS = 16, COLUMNS = 64, LINE = 64, TURNS = 1000, BLACK = 0, WHITE = 255 };

typedef struct band {
    sem_t tiles;             // posted for each tile that is done
    _Atomic ptrdiff_t ndone; // tiles that are done
    char rest[2 * LINE - 8]; // bands that different threads write lie on different lines
} band;

typedef struct task {
    const ppx_image *image;
    int nthreads;
    ptrdiff_t width, height, nbands, ntiles;
    ppx_image made, wanted;
    int16_t *errors; // height + 1 rows, the first above the image; width + 2 columns
    band *bands;
} task;

// ---- Dithering ----

static int16_t *errors_of(const task *t, ptrdiff_t y) {
    return t->errors + (y + 1) * (t->width + 2) + 1;
}

// Pixels [from, to) of a row, cut to the image. The errors left of `from` and above are there.
static void dither(const task *t, ptrdiff_t y, ptrdiff_t from, ptrdiff_t to) {
    const uint8_t *in = ppx_image_row(t->image, y);
    uint8_t *out = ppx_image_row(&t->made, y);
    const int16_t *above = errors_of(t, y - 1);
    int16_t *own = errors_of(t, y);
    from = from > 0 ? from : 0;
    to = to < t->width ? to : t->width;
    for (ptrdiff_t x = from; x < to; x++) {
        int given = 7 * own[x - 1] + above[x - 1] + 5 * above[x] + 3 * above[x + 1];
        int value = in[x] + given / 16;
        out[x] = value < 128 ? BLACK : WHITE;
        own[x] = (int16_t)(value - out[x]);
    }
}

static void dither_tile(const task *t, ptrdiff_t b, ptrdiff_t k) {
    for (ptrdiff_t y = b * ROWS; y < (b + 1) * ROWS && y < t->height; y++)
        dither(t, y, k * COLUMNS - y, (k + 1) * COLUMNS - y);
}

// Nothing that an earlier run has left may help this one.
static void forget(const task *t) {
    memset(t->errors, 0, (size_t)((t->height + 1) * (t->width + 2)) * sizeof *t->errors);
    for (ptrdiff_t b = 0; b < t->nbands; b++)
        atomic_store(&t->bands[b].ndone, 0);
}

static void dither_serial(void *context) {
    task *t = context;
    forget(t);
    for (ptrdiff_t y = 0; y < t->height; y++)
        dither(t, y, 0, t->width);
}

// The race is in dither, which reads above[x + 1] while another thread is still to write it. Nobody
// waits: the first row of a band needs the last row of the band above, which another thread began
// at the same time. If it is late enough to find that one, it is too late for the band below.
static void dither_blindly(void *context) {
    task *t = context;
    forget(t);
#pragma omp parallel for schedule(static, ROWS) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t y = 0; y < t->height; y++)
        dither(t, y, 0, t->width);
}

// ---- Cures: who waits for what ----

static void dither_fronts(void *context) {
    task *t = context;
    forget(t);
#pragma omp parallel default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t front = 0; front < t->nbands - 1 + t->ntiles; front++)
#pragma omp for schedule(static, 1) // with a barrier at its end
        for (ptrdiff_t b = 0; b < t->nbands; b++)
            if (front - b >= 0 && front - b < t->ntiles)
                dither_tile(t, b, front - b);
}

// In all of the following, bands go to the threads in turn, each thread's in order, so that the
// uppermost unfinished band waits for nobody.

static void dither_semaphores(void *context) {
    task *t = context;
    forget(t);
#pragma omp parallel for schedule(static, 1) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t b = 0; b < t->nbands; b++)
        for (ptrdiff_t k = 0; k < t->ntiles; k++) {
            while (b > 0 && sem_wait(&t->bands[b - 1].tiles) != 0)
                continue; // a signal of the other kind came between
            dither_tile(t, b, k);
            if (b + 1 < t->nbands)
                (void)sem_post(&t->bands[b].tiles);
        }
}

static void wait_for(const _Atomic ptrdiff_t *ndone, ptrdiff_t ntiles) {
    for (int turn = 0; atomic_load_explicit(ndone, memory_order_acquire) < ntiles; turn++)
        if (turn > TURNS) // the other thread may need this CPU
            (void)sched_yield();
}

static void dither_counters(void *context) {
    task *t = context;
    forget(t);
#pragma omp parallel for schedule(static, 1) default(none) shared(t) num_threads(t->nthreads)
    for (ptrdiff_t b = 0; b < t->nbands; b++)
        for (ptrdiff_t k = 0; k < t->ntiles; k++) {
            if (b > 0)
                wait_for(&t->bands[b - 1].ndone, k + 1);
            dither_tile(t, b, k);
            atomic_store_explicit(&t->bands[b].ndone, k + 1, memory_order_release);
        }
}

// Waiting for a sink spins without yielding: more threads than CPUs would wait for each other's
// slices of time. The counter is for ThreadSanitizer, which knows nothing of sinks and sources.
static void dither_ordered(void *context) {
    task *t = context;
    const int ncpus = omp_get_num_procs(), nthreads = t->nthreads < ncpus ? t->nthreads : ncpus;
    forget(t);
#pragma omp parallel for ordered(2) schedule(static, 1) default(none) shared(t)                    \
    num_threads(nthreads)
    for (ptrdiff_t b = 0; b < t->nbands; b++)
        for (ptrdiff_t k = 0; k < t->ntiles; k++) {
#pragma omp ordered depend(sink : b - 1, k)
            (void)atomic_load_explicit(&t->bands[b > 0 ? b - 1 : 0].ndone, memory_order_acquire);
            dither_tile(t, b, k);
            atomic_store_explicit(&t->bands[b].ndone, k + 1, memory_order_release);
#pragma omp ordered depend(source)
        }
}

// ---- The lesson ----

static int64_t wrong_pixels(void *context) {
    const task *t = context;
    int64_t wrong = 0;
    for (ptrdiff_t y = 0; y < t->height; y++) {
        const uint8_t *made = ppx_image_row(&t->made, y), *wanted = ppx_image_row(&t->wanted, y);
        for (ptrdiff_t x = 0; x < t->width; x++)
            wrong += made[x] != wanted[x];
    }
    return wrong;
}

static ppx_status begin(task *t, const ppx_lesson_plan *plan, ppx_error *error) {
    *t = (task){.image = plan->image, .nthreads = plan->nthreads};
    t->width = t->image->shape.width;
    t->height = t->image->shape.height;
    t->nbands = (t->height + ROWS - 1) / ROWS;
    t->ntiles = (t->width + t->height - 1 + COLUMNS - 1) / COLUMNS; // the last row leans furthest
    ppx_status status = ppx_image_create(&t->made, t->image->shape, error);
    if (!status)
        status = ppx_image_create(&t->wanted, t->image->shape, error);
    if (!status)
        status = ppx_alloc_array((void **)&t->errors, (size_t)((t->height + 1) * (t->width + 2)),
                                 sizeof *t->errors, "a lesson", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->bands, (size_t)t->nbands, sizeof *t->bands,
                                 "a lesson", error);
    for (ptrdiff_t b = 0; !status && b < t->nbands; b++)
        (void)sem_init(&t->bands[b].tiles, 0, 0);
    return status;
}

static void end(task *t) {
    for (ptrdiff_t b = 0; t->bands && b < t->nbands; b++)
        (void)sem_destroy(&t->bands[b].tiles);
    ppx_free(t->bands);
    ppx_free(t->errors);
    ppx_image_free(&t->wanted);
    ppx_image_free(&t->made);
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    static const ppx_lesson_variant serial = {"one thread", PPX_LESSON_SERIAL, dither_serial,
                                              wrong_pixels};
    static const ppx_lesson_variant broken = {"BROKEN: rows by all threads, no waiting",
                                              PPX_LESSON_BROKEN, dither_blindly, wrong_pixels};
    static const ppx_lesson_variant cures[] = {
        {"barrier after each front of tiles", PPX_LESSON_CORRECT, dither_fronts, wrong_pixels},
        {"semaphore for each band", PPX_LESSON_CORRECT, dither_semaphores, wrong_pixels},
        {"progress counter for each band", PPX_LESSON_CORRECT, dither_counters, wrong_pixels},
        {"ordered depend(sink, source)", PPX_LESSON_CORRECT, dither_ordered, wrong_pixels},
    };
    task t;
    ppx_status status = begin(&t, plan, error);
    report->wrong_is = "wrong pixels";
    report->extra[0] = "signals";
    if (!status) {
        dither_serial(&t);
        ppx_image_copy(&t.wanted, &t.made);
        (void)ppx_lesson_try(report, plan, &serial, &t);
        (void)ppx_lesson_try(report, plan, &broken, &t);
        status = ppx_image_create(&report->image, t.image->shape, error);
    }
    if (!status) {
        ppx_image_copy(&report->image, &t.made);
        for (size_t k = 0; k < sizeof cures / sizeof *cures; k++) {
            ppx_lesson_row *row = ppx_lesson_try(report, plan, &cures[k], &t);
            row->extra[0] = (double)(k ? (t.nbands - 1) * t.ntiles : t.nbands - 1 + t.ntiles);
        }
    }
    end(&t);
    return status;
}

const ppx_lesson ppx_lesson_signal = {
    .name = "signal",
    .says = "An image is dithered by diffusing errors, and every row needs what the row above has "
            "left over. Rows that do not wait read errors that are not there yet. They need not "
            "wait for the whole row: with a signal for each tile, or a barrier after each front of "
            "tiles, the threads follow each other at a distance of one tile.",
    .lines = "omp/lessons/signal.c: dither_blindly, which reads above[x + 1] in dither",
    .least_pixels = 256 * 256,
    .run = run,
};
