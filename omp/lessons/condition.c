// condition.c: how to wait for the next frame.
//
// A film goes through a pipeline: a camera thread unpacks frames, filters smooth them, an encoder
// packs them again. Neighbours hand frames over in a slot that holds one, under a mutex. Whoever
// finds the slot empty (to take) or full (to put) has to wait, and here are four ways.
//
// Looking again and again is right, and takes the processor from those who are waited for: it shows
// in the CPU time. (Without a sched_yield between two looks the film takes many times as long, once
// there are more threads than processors.)
//
// A condition variable sleeps until it is told that something changed. Not: that what one waits for
// is so. Between the signal and the return of the wait another thread may have had the mutex; here
// both filters are woken for one frame, the first takes it, and the second, which asked `if (slot
// is empty) wait`, goes on with a slot that is empty again. Two filters that wait to put wake
// together as well, and the second writes over the frame of the first. POSIX also allows waits that
// return for no reason. The cure is one word, `while`: look again after each wait.
//
// Right so far, but everyone is woken for everything. A condition for each question (is there a
// frame? is there room?) and a signal to one thread wake only who can go on.
#define _GNU_SOURCE // clock_gettime, nanosleep, pthread_condattr_setclock
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { FRAMES = 32, MOST_FILTERS = 16, EMPTY = -1, END = -2, NOTHING = -3 };

// The camera's: a frame takes that long.
static const struct timespec exposure = {0, 400000};

typedef struct slot {
    atomic_int frame; // or EMPTY; changed under the lock
    atomic_bool closed;
    pthread_cond_t changed, filled, emptied;
} slot;

typedef struct task {
    uint8_t *packed, *raw, *smooth, *out, *wanted; // all frames, one after the other
    size_t npixels;
    int nfilters;
    int at_work; // filters that have not ended

    pthread_mutex_t lock;
    bool complete; // all threads are there
    bool failed;
    slot to_filter, to_encode;
    int nothing, in_vain; // frames taken from an empty slot; waits that ended and found no change
    int encoded[FRAMES];

    void (*wait)(struct task *t, slot *s, bool to_take);
    void (*tell)(slot *s, bool filled);
} task;

// ---- The ways of waiting ------------------------------------------------------------------------

static bool ready(slot *s, bool to_take) {
    bool empty = atomic_load(&s->frame) == EMPTY;
    return to_take ? !empty || atomic_load(&s->closed) : empty;
}

static void wait_busy(task *t, slot *s, bool to_take) {
    while (!ready(s, to_take)) {
        (void)pthread_mutex_unlock(&t->lock);
        while (!ready(s, to_take))
            (void)sched_yield();
        (void)pthread_mutex_lock(&t->lock);
    }
}

// The fault is the first word. The wait has a limit, so that this ends whatever happens.
static void wait_if(task *t, slot *s, bool to_take) {
    if (!ready(s, to_take)) {
        struct timespec limit;
        (void)clock_gettime(CLOCK_MONOTONIC, &limit);
        limit.tv_sec++;
        (void)pthread_cond_timedwait(&s->changed, &t->lock, &limit);
    }
}

static void wait_while(task *t, slot *s, bool to_take) {
    while (!ready(s, to_take)) {
        (void)pthread_cond_wait(&s->changed, &t->lock);
        t->in_vain += !ready(s, to_take);
    }
}

static void wait_for_mine(task *t, slot *s, bool to_take) {
    while (!ready(s, to_take)) {
        (void)pthread_cond_wait(to_take ? &s->filled : &s->emptied, &t->lock);
        t->in_vain += !ready(s, to_take);
    }
}

static void tell_nobody(slot *s, bool filled) {
    (void)s;
    (void)filled;
}

static void tell_all(slot *s, bool filled) {
    (void)filled;
    (void)pthread_cond_broadcast(&s->changed);
}

static void tell_one(slot *s, bool filled) {
    (void)pthread_cond_signal(filled ? &s->filled : &s->emptied);
}

// ---- The slots ----------------------------------------------------------------------------------

static void put(task *t, slot *s, int frame) {
    (void)pthread_mutex_lock(&t->lock);
    t->wait(t, s, false);
    atomic_store(&s->frame, frame);
    t->tell(s, true);
    (void)pthread_mutex_unlock(&t->lock);
}

static int take(task *t, slot *s) {
    (void)pthread_mutex_lock(&t->lock);
    t->wait(t, s, true);
    int frame = atomic_load(&s->frame);
    if (frame != EMPTY) {
        atomic_store(&s->frame, EMPTY);
        t->tell(s, false);
    } else if (atomic_load(&s->closed)) {
        frame = END;
    } else {
        frame = NOTHING; // a program would follow a pointer to nowhere now
        t->nothing++;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return frame;
}

// No more frames come. All are woken, for all of them are to end.
static void close_slot(task *t, slot *s) {
    (void)pthread_mutex_lock(&t->lock);
    atomic_store(&s->closed, true);
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_cond_broadcast(&s->filled);
    (void)pthread_mutex_unlock(&t->lock);
}

// ---- The work on a frame ------------------------------------------------------------------------

static size_t begin_of(const task *t, int f) {
    return t->npixels * (size_t)f / FRAMES;
}

static void decode(const task *t, int f) {
    uint8_t value = 0;
    (void)nanosleep(&exposure, NULL);
    for (size_t k = begin_of(t, f); k < begin_of(t, f + 1); k++)
        t->raw[k] = value = (uint8_t)(value + t->packed[k]);
}

static void filter(const task *t, int f) {
    int value = t->raw[begin_of(t, f)];
    for (size_t k = begin_of(t, f); k < begin_of(t, f + 1); k++)
        t->smooth[k] = (uint8_t)(value = (3 * value + t->raw[k] + 2) / 4);
}

static void encode(const task *t, int f) {
    uint8_t before = 0;
    for (size_t k = begin_of(t, f); k < begin_of(t, f + 1); k++) {
        t->out[k] = (uint8_t)(t->smooth[k] - before);
        before = t->smooth[k];
    }
}

// ---- The threads --------------------------------------------------------------------------------

static bool all_there(task *t) {
    (void)pthread_mutex_lock(&t->lock);
    bool there = t->complete;
    (void)pthread_mutex_unlock(&t->lock);
    return there;
}

static void *be_camera(void *context) {
    task *t = context;
    for (int f = 0; all_there(t) && f < FRAMES; f++) {
        decode(t, f);
        put(t, &t->to_filter, f);
    }
    close_slot(t, &t->to_filter);
    return NULL;
}

static void *be_filter(void *context) {
    task *t = context;
    int f = END;
    while (all_there(t) && (f = take(t, &t->to_filter)) != END)
        if (f != NOTHING) {
            filter(t, f);
            put(t, &t->to_encode, f);
        }
    (void)pthread_mutex_lock(&t->lock);
    bool last = --t->at_work == 0;
    (void)pthread_mutex_unlock(&t->lock);
    if (last)
        close_slot(t, &t->to_encode);
    return NULL;
}

static void *be_encoder(void *context) {
    task *t = context;
    int f = END;
    while (all_there(t) && (f = take(t, &t->to_encode)) != END)
        if (f != NOTHING) {
            encode(t, f);
            t->encoded[f]++;
        }
    return NULL;
}

static void begin(task *t) {
    slot *const slots[] = {&t->to_filter, &t->to_encode};
    for (int k = 0; k < 2; k++) {
        atomic_store(&slots[k]->frame, EMPTY);
        atomic_store(&slots[k]->closed, false);
    }
    memset(t->out, 0, t->npixels);
    memset(t->encoded, 0, sizeof t->encoded);
    t->nothing = t->in_vain = 0;
    t->at_work = t->nfilters;
    t->complete = false;
}

// All threads wait for the lock until the last has been started. If one cannot be, none begins.
static void run_pipeline(task *t) {
    pthread_t threads[MOST_FILTERS + 2];
    int wanted = t->nfilters + 2, n = 0;
    begin(t);
    (void)pthread_mutex_lock(&t->lock);
    while (n < wanted && !pthread_create(&threads[n], NULL,
                                         n == 0   ? be_camera
                                         : n == 1 ? be_encoder
                                                  : be_filter,
                                         t))
        n++;
    t->complete = n == wanted;
    t->failed |= n < wanted;
    (void)pthread_mutex_unlock(&t->lock);
    for (int k = 0; k < n; k++)
        (void)pthread_join(threads[k], NULL);
}

// ---- The variants -------------------------------------------------------------------------------

static void film_serial(void *context) {
    task *t = context;
    begin(t);
    for (int f = 0; f < FRAMES; f++) {
        decode(t, f);
        filter(t, f);
        encode(t, f);
        t->encoded[f]++;
    }
}

static void film_busy(void *context) {
    task *t = context;
    t->wait = wait_busy;
    t->tell = tell_nobody;
    run_pipeline(t);
}

static void film_if(void *context) {
    task *t = context;
    t->wait = wait_if;
    t->tell = tell_all;
    run_pipeline(t);
}

static void film_while(void *context) {
    task *t = context;
    t->wait = wait_while;
    t->tell = tell_all;
    run_pipeline(t);
}

static void film_signal(void *context) {
    task *t = context;
    t->wait = wait_for_mine;
    t->tell = tell_one;
    run_pipeline(t);
}

static int64_t wrong_frames(void *context) {
    const task *t = context;
    int64_t wrong = t->nothing;
    for (int f = 0; f < FRAMES; f++) {
        size_t k = begin_of(t, f);
        wrong += t->encoded[f] != 1 || memcmp(t->out + k, t->wanted + k, begin_of(t, f + 1) - k);
    }
    return wrong;
}

static void try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, film_serial, wrong_frames},
        {"busy wait", PPX_LESSON_CORRECT, film_busy, wrong_frames},
        {"BROKEN: condition, if", PPX_LESSON_BROKEN, film_if, wrong_frames},
        {"condition, while, broadcast", PPX_LESSON_CORRECT, film_while, wrong_frames},
        {"two conditions, while, signal", PPX_LESSON_CORRECT, film_signal, wrong_frames},
    };
    for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        row->extra[0] = 1e3 * row->cpu_seconds;
        row->extra[1] = t->in_vain + t->nothing;
    }
    ppx_lesson_say(report, "%d frames, one each %.1f ms; a camera, %d filters, an encoder.", FRAMES,
                   1e-6 * (double)exposure.tv_nsec, t->nfilters);
}

// The film is the image cut into ranges of pixels, each packed as differences of its own.
static void prepare(task *t, const ppx_image *image) {
    size_t k = 0;
    for (ptrdiff_t y = 0; y < image->shape.height; y++)
        for (ptrdiff_t x = 0; x < image->shape.width; x++)
            t->smooth[k++] = ((const uint8_t *)ppx_image_row(image, y))[x];
    for (int f = 0; f < FRAMES; f++)
        encode(t, f);
    memcpy(t->packed, t->out, t->npixels);
    film_serial(t);
    memcpy(t->wanted, t->out, t->npixels);
}

static void set_up(task *t, bool up) {
    slot *const slots[] = {&t->to_filter, &t->to_encode};
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (int k = 0; k < 2; k++) {
        pthread_cond_t *const all[] = {&slots[k]->changed, &slots[k]->filled, &slots[k]->emptied};
        for (int c = 0; c < 3; c++)
            (void)(up ? pthread_cond_init(all[c], &monotonic) : pthread_cond_destroy(all[c]));
    }
    (void)(up ? pthread_mutex_init(&t->lock, NULL) : pthread_mutex_destroy(&t->lock));
    (void)pthread_condattr_destroy(&monotonic);
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task t = {.npixels = (size_t)(plan->image->shape.width * plan->image->shape.height)};
    uint8_t **const arrays[] = {&t.packed, &t.raw, &t.smooth, &t.out, &t.wanted};
    ppx_status status = PPX_OK;
    t.nfilters = plan->nthreads < 2 ? 2 : plan->nthreads;
    t.nfilters = t.nfilters > MOST_FILTERS ? MOST_FILTERS : t.nfilters;
    for (size_t k = 0; !status && k < sizeof arrays / sizeof *arrays; k++)
        status = ppx_alloc_array((void **)arrays[k], t.npixels, 1, "a lesson", error);
    if (!status) {
        report->wrong_is = "frames lost, or taken from an empty slot";
        report->extra[0] = "CPU ms";
        report->extra[1] = "in vain";
        set_up(&t, true);
        prepare(&t, plan->image);
        try_all(plan, report, &t);
        set_up(&t, false);
        if (t.failed)
            status = ppx_fail(error, PPX_E_SYSTEM, "cannot start %d threads", t.nfilters + 2);
    }
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        ppx_free(*arrays[k]);
    return status;
}

const ppx_lesson ppx_lesson_condition = {
    .name = "condition",
    .says = "Frames go through a pipeline of threads that wait for each other. Looking again and "
            "again takes the processors; waiting with `if` goes on when another thread has taken "
            "the frame in between. A condition variable in a `while` is right, and one for each "
            "question wakes nobody in vain.",
    .lines = "omp/lessons/condition.c: wait_busy, wait_if, wait_while, wait_for_mine",
    .least_pixels = 256 * 256,
    .run = run,
};
