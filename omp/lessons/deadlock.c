// deadlock.c: two locks, taken in opposite order.
//
// The image is cut into regions, one for each thread, each with a lock. Thread k pours light from
// region k into the next (the last into the first): piece by piece, a share of every pixel moves to
// the same place of the other region. Nobody is to see light that has left one and not arrived in
// the other, so the thread takes both locks. "First mine, then the neighbour's" sounds orderly; on
// a ring it is not. When each has its own, each waits for its neighbour's, and nobody ever gives
// anything back. With two threads that is the textbook's pair: A then B, and B then A.
//
// Four things must come together: locks that exclude, holding one while waiting for another, no way
// to take a lock from its holder, and a circle of waits. Each cure removes one: locks in one order
// for all (no circle); try the second, and give the first back if it is taken (no waiting with a
// lock in hand, and nothing gained while one tries); one lock at a time (nothing held while
// waiting, for the price of light on its way being seen in neither region).
//
// So that the broken variant ends, its threads wake up while they wait, and a watchdog goes through
// the table of who holds and who waits. When it sees a circle and nothing has been poured between
// two looks, it writes the circle down and lets all go. Threads sleep for a moment with the first
// lock in hand, once in 16 pieces, or a busy machine may run them one after the other.
#define _GNU_SOURCE // pthread_mutex_timedlock, clock_gettime, nanosleep, sched_yield
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum {
    MOST = 256,
    NOBODY = -1,
    PIECE = 512,
    AROUND = 24,
    SHARE = 8,
    LOOK_MS = 5,
    MOST_LOOKS = 400
};

typedef struct region_lock {
    _Alignas(64) pthread_mutex_t mutex;
    atomic_int holder; // the broken variant keeps this up to date, for the watchdog
} region_lock;

typedef struct task {
    const ppx_image *image;
    ppx_image poured, wanted;
    int n;           // regions and threads that pour
    ptrdiff_t nrows; // of a region; rows that are left over at the bottom stay as they are
    region_lock locks[MOST];
    int64_t back_offs;
    // What the watchdog sees:
    atomic_int waits_for[MOST]; // region whose lock thread k waits for, or NOBODY
    atomic_long pieces;         // poured
    atomic_int pouring;         // threads that have not finished
    atomic_bool let_go;
    // What it saw: threads, each waiting for the next, and the region whose lock it waits for.
    int circle[MOST], wants[MOST], length;
} task;

// A piece of a row that moves from one region to another.
typedef struct piece {
    int from, to;
    uint8_t *source, *target;
    ptrdiff_t length;
    uint8_t shares[PIECE];
} piece;

typedef void pour_function(task *t, piece *p);

// ---- Pouring ------------------------------------------------------------------------------------

// Where light is taken from, where it goes, and how much: a SHARE-th of the mean around each pixel
// in the original, so that the order of pouring does not matter. Needs no lock.
static void prepare_piece(task *t, int k, ptrdiff_t y, ptrdiff_t x0, piece *p) {
    ptrdiff_t width = t->image->shape.width;
    const uint8_t *row = ppx_image_row(t->image, k * t->nrows + y);
    p->from = k;
    p->to = (k + 1) % t->n;
    p->source = (uint8_t *)ppx_image_row(&t->poured, p->from * t->nrows + y) + x0;
    p->target = (uint8_t *)ppx_image_row(&t->poured, p->to * t->nrows + y) + x0;
    p->length = width - x0 < PIECE ? width - x0 : PIECE;
    for (ptrdiff_t x = x0; x < x0 + p->length; x++) {
        ptrdiff_t first = x < AROUND ? 0 : x - AROUND;
        ptrdiff_t end = x + AROUND < width ? x + AROUND + 1 : width;
        int sum = 0;
        for (ptrdiff_t near = first; near < end; near++)
            sum += row[near];
        p->shares[x - x0] = (uint8_t)(sum / ((int)(end - first) * SHARE));
    }
}

static void take_light(const piece *p) {
    for (ptrdiff_t x = 0; x < p->length; x++)
        p->source[x] = (uint8_t)(p->source[x] - p->shares[x]);
}

static void give_light(const piece *p) {
    for (ptrdiff_t x = 0; x < p->length; x++)
        p->target[x] = (uint8_t)(p->target[x] + p->shares[x]); // modulo 256, like all sums here
}

static void pour_region(task *t, int k, pour_function *pour) {
    piece p;
    for (ptrdiff_t y = 0; y < t->nrows; y++)
        for (ptrdiff_t x = 0; x < t->image->shape.width; x += PIECE) {
            prepare_piece(t, k, y, x, &p);
            pour(t, &p);
        }
}

// ---- BROKEN: mine first, then the neighbour's ---------------------------------------------------

static void sleep_for(long microseconds) {
    (void)nanosleep(&(struct timespec){0, microseconds * 1000}, NULL);
}

// Stands for pthread_mutex_lock. False: the watchdog has let all go, or found no thread to run on.
static bool take_watched(task *t, int thread, int region) {
    bool taken = false;
    atomic_store(&t->waits_for[thread], region);
    for (int look = 0; !taken && !atomic_load(&t->let_go); look++) {
        if (look == MOST_LOOKS)
            atomic_store(&t->let_go, true);
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        taken = pthread_mutex_timedlock(&t->locks[region].mutex, &until) == 0;
    }
    atomic_store(&t->waits_for[thread], NOBODY);
    if (taken)
        atomic_store(&t->locks[region].holder, thread);
    return taken;
}

static void give_back_watched(task *t, int region) {
    atomic_store(&t->locks[region].holder, NOBODY);
    (void)pthread_mutex_unlock(&t->locks[region].mutex);
}

// The fault: two locks, in the order of who asks. Thread and region have the same number.
static void pour_mine_first(task *t, piece *p) {
    if (!take_watched(t, p->from, p->from))
        return;
    if (atomic_fetch_add(&t->pieces, 1) % (16 * t->n) < t->n)
        sleep_for(1000);
    if (take_watched(t, p->from, p->to)) {
        take_light(p);
        give_light(p);
        give_back_watched(t, p->to);
    }
    give_back_watched(t, p->from);
}

// Follows the waits from thread 0; true when they go round.
static bool find_circle(task *t) {
    int thread = 0;
    for (t->length = 0; t->length < t->n; t->length++) {
        int region = atomic_load(&t->waits_for[thread]);
        t->circle[t->length] = thread;
        t->wants[t->length] = region;
        thread = region == NOBODY ? NOBODY : atomic_load(&t->locks[region].holder);
        if (thread == NOBODY)
            return false;
    }
    return thread == 0; // on the ring all of them or none
}

static void watch(task *t) {
    long before = -1;
    while (atomic_load(&t->pouring) > 0) {
        long now = atomic_load(&t->pieces);
        if (now == before && find_circle(t)) {
            atomic_store(&t->let_go, true);
            return;
        }
        t->length = 0;
        before = now;
        sleep_for(LOOK_MS * 1000);
    }
}

// ---- Cures --------------------------------------------------------------------------------------

static void take(task *t, int region) {
    (void)pthread_mutex_lock(&t->locks[region].mutex);
}

static void give_back(task *t, int region) {
    (void)pthread_mutex_unlock(&t->locks[region].mutex);
}

static void pour_in_order(task *t, piece *p) {
    take(t, p->from < p->to ? p->from : p->to);
    take(t, p->from < p->to ? p->to : p->from);
    take_light(p);
    give_light(p);
    give_back(t, p->to);
    give_back(t, p->from);
}

static void pour_or_back_off(task *t, piece *p) {
    int back_offs = 0;
    take(t, p->from);
    while (pthread_mutex_trylock(&t->locks[p->to].mutex) != 0) {
        give_back(t, p->from);
        (void)sched_yield();
        back_offs++;
        take(t, p->from);
    }
    take_light(p);
    give_light(p);
    give_back(t, p->to);
    give_back(t, p->from);
    if (back_offs)
#pragma omp atomic
        t->back_offs += back_offs;
}

static void pour_one_at_a_time(task *t, piece *p) {
    take(t, p->from);
    take_light(p);
    give_back(t, p->from);
    take(t, p->to);
    give_light(p);
    give_back(t, p->to);
}

// ---- The variants -------------------------------------------------------------------------------

static void begin(task *t) {
    ppx_image_copy(&t->poured, t->image);
    for (int k = 0; k < t->n; k++) {
        atomic_store(&t->waits_for[k], NOBODY);
        atomic_store(&t->locks[k].holder, NOBODY);
    }
    atomic_store(&t->pieces, 0);
    atomic_store(&t->let_go, false);
    atomic_store(&t->pouring, t->n);
    t->length = 0;
}

static void pour_without_lock(task *t, piece *p) {
    (void)t;
    take_light(p);
    give_light(p);
}

static void serial(void *context) {
    task *t = context;
    begin(t);
    for (int k = 0; k < t->n; k++)
        pour_region(t, k, pour_without_lock);
}

// One thread more than regions: the watchdog.
static void mine_first(void *context) {
    task *t = context;
    begin(t);
#pragma omp parallel for schedule(static, 1) default(none) shared(t) num_threads(t->n + 1)
    for (int k = 0; k <= t->n; k++) {
        if (k == t->n) {
            watch(t);
        } else {
            pour_region(t, k, pour_mine_first);
            atomic_fetch_sub(&t->pouring, 1);
        }
    }
}

static void pour_with(task *t, pour_function *pour) {
    begin(t);
#pragma omp parallel for schedule(static, 1) default(none) shared(t, pour) num_threads(t->n)
    for (int k = 0; k < t->n; k++)
        pour_region(t, k, pour);
}

static void in_order(void *context) {
    pour_with(context, pour_in_order);
}

static void or_back_off(void *context) {
    pour_with(context, pour_or_back_off);
}

static void one_at_a_time(void *context) {
    pour_with(context, pour_one_at_a_time);
}

static int64_t wrong_pixels(void *context) {
    task *t = context;
    int64_t wrong = 0;
    for (ptrdiff_t y = 0; y < t->wanted.shape.height; y++) {
        const uint8_t *got = ppx_image_row(&t->poured, y), *want = ppx_image_row(&t->wanted, y);
        for (ptrdiff_t x = 0; x < t->wanted.shape.width; x++)
            wrong += got[x] != want[x];
    }
    return wrong;
}

// ---- The lesson ---------------------------------------------------------------------------------

// On a circle a thread has what the one before it waits for.
static void say_circle(const task *t, ppx_lesson_report *report) {
    for (int k = 0; k < t->length; k++)
        ppx_lesson_say(report,
                       "  stuck: thread %d has region %d and waits for region %d, which thread %d "
                       "has",
                       t->circle[k], t->wants[(k + t->length - 1) % t->length], t->wants[k],
                       t->circle[(k + 1) % t->length]);
}

static void try_all(task *t, const ppx_lesson_plan *plan, ppx_lesson_report *report) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, serial, wrong_pixels},
        {"BROKEN: my lock, then the neighbour's", PPX_LESSON_BROKEN, mine_first, wrong_pixels},
        {"locks in the order of regions", PPX_LESSON_CORRECT, in_order, wrong_pixels},
        {"try the second, or back off", PPX_LESSON_CORRECT, or_back_off, wrong_pixels},
        {"one lock at a time", PPX_LESSON_CORRECT, one_at_a_time, wrong_pixels},
    };
    for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        row->extra[0] = (double)t->back_offs / row->runs;
        t->back_offs = 0;
        if (variants[k].kind == PPX_LESSON_BROKEN)
            say_circle(t, report);
    }
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task *t;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "a lesson", error);
    if (status)
        return status;
    PPX_ASSERT(plan->nthreads <= MOST);
    t->image = plan->image;
    t->n = plan->nthreads;
    t->nrows = plan->image->shape.height / plan->nthreads;
    status = ppx_image_create(&t->poured, plan->image->shape, error);
    if (!status)
        status = ppx_image_create(&t->wanted, plan->image->shape, error);
    if (!status) {
        report->wrong_is = "pixels that light did not reach or leave";
        report->extra[0] = "back-offs a run";
        for (int k = 0; k < t->n; k++)
            (void)pthread_mutex_init(&t->locks[k].mutex, NULL);
        serial(t);
        ppx_image_copy(&t->wanted, &t->poured);
        try_all(t, plan, report);
        for (int k = 0; k < t->n; k++)
            (void)pthread_mutex_destroy(&t->locks[k].mutex);
    }
    ppx_image_free(&t->wanted);
    ppx_image_free(&t->poured);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_deadlock = {
    .name = "deadlock",
    .says =
        "Workers need something of a neighbour's before they give up what is theirs: two locks "
        "at a time, or a message that is taken before one's own is. When all hold and all wait, "
        "nothing moves again. One order for all, backing off, or not holding while waiting "
        "cures it.",
    .lines =
        "omp/lessons/deadlock.c: pour_mine_first; mpi/lessons/deadlock_mpi.c: send_then_receive",
    .least_pixels = 512 * 512,
    .ranks = true,
    .run = run,
};
