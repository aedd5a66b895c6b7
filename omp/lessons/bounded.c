// bounded.c: one release too many.
//
// A pool lends buffers to workers: a semaphore counts the free ones, a queue names them. A frame
// that is damaged leaves by the error path, which gives the buffer back; then it comes to the
// common end, which gives the same buffer back once more. Nothing complains. The semaphore now
// counts a buffer that does not exist, the queue holds one buffer twice, and the next two workers
// get the same memory. Frames that were never damaged come out mixed, in other workers, later: the
// fault and what is seen of it have nothing in common.
//
// Make the release complain. The usual bounded semaphore refuses to count beyond the number of
// buffers. That is something, but while others hold buffers the count has room for the stray
// release; it is an innocent one that is refused in the end, and the buffer has been lent twice by
// then. What does name the culprit is a pool that knows who has each buffer, and refuses a release
// by anybody else: the frame, the buffer and the place in the code are known at that moment.
//
// Best of all is a function with one end and one release, so that there is nothing to refuse.
#define _GNU_SOURCE // nanosleep
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { FRAMES = 32, DAMAGED = 8, ROUNDS = 4, MOST_BUFFERS = 16, NOBODY = -1, GREY = 128 };

// A frame comes in two halves, with this time between them: who has the buffer waits with it in
// hand.
static const struct timespec second_half = {0, 200000};

typedef struct refusal {
    int frame, buffer, nstrays; // that were taken before
    const char *where;          // in the code
} refusal;

typedef struct task {
    uint8_t *packed, *wanted, *out; // all frames, one after the other
    size_t npixels;
    int nbuffers;
    uint8_t *buffers;

    pthread_mutex_t lock; // of all below but the semaphore
    sem_t available;
    int queue[MOST_BUFFERS + FRAMES]; // free buffers, first in, first out
    int head, tail;
    int owner[MOST_BUFFERS]; // the frame that has it
    int nlent_twice;         // to a second frame while another had it
    int nstrays;             // releases taken from others than the owner
    int nrefused;
    refusal first; // of the last run

    void (*give)(struct task *t, int buffer, int frame, const char *where);
} task;

static size_t begin_of(const task *t, int f) {
    return t->npixels * (size_t)f / FRAMES;
}

static size_t size_of(const task *t, int f) {
    return begin_of(t, f + 1) - begin_of(t, f);
}

static uint8_t *buffer_of(const task *t, int buffer) {
    return t->buffers + (t->npixels / FRAMES + 1) * (size_t)buffer;
}

// ---- The pool -----------------------------------------------------------------------------------

static int take(task *t, int frame) {
    while (sem_wait(&t->available) && errno == EINTR)
        ;
    (void)pthread_mutex_lock(&t->lock);
    int buffer = t->queue[t->head++ % (MOST_BUFFERS + FRAMES)];
    t->nlent_twice += t->owner[buffer] != NOBODY;
    t->owner[buffer] = frame;
    (void)pthread_mutex_unlock(&t->lock);
    return buffer;
}

static void enqueue(task *t, int buffer, int frame) {
    t->nstrays += t->owner[buffer] != frame;
    t->owner[buffer] = NOBODY;
    t->queue[t->tail++ % (MOST_BUFFERS + FRAMES)] = buffer;
    (void)sem_post(&t->available);
}

static void refuse(task *t, int buffer, int frame, const char *where) {
    if (!t->nrefused++)
        t->first = (refusal){frame, buffer, t->nstrays, where};
}

// Believes whoever comes.
static void give_plain(task *t, int buffer, int frame, const char *where) {
    (void)where;
    (void)pthread_mutex_lock(&t->lock);
    enqueue(t, buffer, frame);
    (void)pthread_mutex_unlock(&t->lock);
}

// Never counts more buffers than there are.
static void give_counted(task *t, int buffer, int frame, const char *where) {
    (void)pthread_mutex_lock(&t->lock);
    if (t->tail - t->head < t->nbuffers)
        enqueue(t, buffer, frame);
    else
        refuse(t, buffer, frame, where);
    (void)pthread_mutex_unlock(&t->lock);
}

// Takes a buffer only from whom it was given to.
static void give_owned(task *t, int buffer, int frame, const char *where) {
    (void)pthread_mutex_lock(&t->lock);
    if (t->owner[buffer] == frame)
        enqueue(t, buffer, frame);
    else
        refuse(t, buffer, frame, where);
    (void)pthread_mutex_unlock(&t->lock);
}

// ---- The work on one frame ----------------------------------------------------------------------

static bool damaged(int f) {
    return f % DAMAGED == DAMAGED / 2;
}

static uint8_t unpack(const uint8_t *in, size_t npixels, uint8_t value, uint8_t *out) {
    for (size_t k = 0; k < npixels; k++) {
        value = (uint8_t)(value + in[k]);
        out[k] = value;
    }
    return value;
}

static bool decode(const task *t, int f, uint8_t *pixels) {
    const uint8_t *in = t->packed + begin_of(t, f);
    size_t half = size_of(t, f) / 2;
    uint8_t last = unpack(in, half, 0, pixels);
    (void)nanosleep(&second_half, NULL);
    (void)unpack(in + half, size_of(t, f) - half, last, pixels + half);
    return !damaged(f);
}

static void smooth(uint8_t *pixels, size_t npixels) {
    for (int round = 0; round < ROUNDS; round++) {
        int value = pixels[0];
        for (size_t k = 0; k < npixels; k++) {
            value = (3 * value + pixels[k] + 2) / 4;
            pixels[k] = (uint8_t)value;
        }
    }
}

static void keep(const task *t, int f, uint8_t *pixels, uint8_t *all) {
    smooth(pixels, size_of(t, f));
    memcpy(all + begin_of(t, f), pixels, size_of(t, f));
}

static void keep_grey(const task *t, int f, uint8_t *all) {
    memset(all + begin_of(t, f), GREY, size_of(t, f));
}

// The second release of a damaged frame's buffer is in the line before the last. Two
// workers wait for a buffer meanwhile, and both get this one.
static void frame_released_twice(task *t, int f) {
    int buffer = take(t, f);
    if (decode(t, f, buffer_of(t, buffer))) {
        keep(t, f, buffer_of(t, buffer), t->out);
    } else {
        keep_grey(t, f, t->out);
        t->give(t, buffer, f, "in the error path");
    }
    t->give(t, buffer, f, "at the end of the function");
}

static void frame_released_once(task *t, int f) {
    int buffer = take(t, f);
    if (decode(t, f, buffer_of(t, buffer)))
        keep(t, f, buffer_of(t, buffer), t->out);
    else
        keep_grey(t, f, t->out);
    t->give(t, buffer, f, "at the end of the function");
}

// ---- The variants -------------------------------------------------------------------------------

static void begin(task *t) {
    memset(t->out, 0, t->npixels);
    t->head = t->tail = 0;
    t->nlent_twice = t->nstrays = t->nrefused = 0;
    (void)sem_init(&t->available, 0, 0);
    for (int buffer = 0; buffer < t->nbuffers; buffer++) {
        t->owner[buffer] = NOBODY;
        enqueue(t, buffer, NOBODY);
    }
}

static void frames_serial(void *context) {
    task *t = context;
    t->give = give_plain;
    begin(t);
    for (int f = 0; f < FRAMES; f++)
        frame_released_once(t, f);
    (void)sem_destroy(&t->available);
}

// Twice as many workers as buffers: somebody always waits for one.
static void all_frames(task *t, void (*frame)(task *t, int f)) {
    begin(t);
#pragma omp parallel for default(none) shared(t, frame) num_threads(2 * t->nbuffers)               \
    schedule(dynamic)
    for (int f = 0; f < FRAMES; f++)
        frame(t, f);
    (void)sem_destroy(&t->available);
}

static void frames_plain(void *context) {
    task *t = context;
    t->give = give_plain;
    all_frames(t, frame_released_twice);
}

static void frames_counted(void *context) {
    task *t = context;
    t->give = give_counted;
    all_frames(t, frame_released_twice);
}

static void frames_owned(void *context) {
    task *t = context;
    t->give = give_owned;
    all_frames(t, frame_released_twice);
}

static void frames_once(void *context) {
    task *t = context;
    t->give = give_plain;
    all_frames(t, frame_released_once);
}

static int64_t wrong_pixels(void *context) {
    const task *t = context;
    int64_t wrong = 0;
    for (size_t k = 0; k < t->npixels; k++)
        wrong += t->out[k] != t->wanted[k];
    return wrong;
}

static void try(const ppx_lesson_plan *plan, ppx_lesson_report *report,
                const ppx_lesson_variant *variant, task *t) {
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, t);
    row->extra[0] = t->nlent_twice;
    row->extra[1] = t->nstrays;
    row->extra[2] = t->nrefused;
    if (t->nrefused)
        ppx_lesson_say(
            report, "%s: first refused: frame %d, buffer %d, %s, after %d stray releases.",
            variant->name, t->first.frame, t->first.buffer, t->first.where, t->first.nstrays);
}

// The picture of the last run.
static ppx_status show(const task *t, ppx_shape shape, ppx_lesson_report *report,
                       ppx_error *error) {
    ppx_status status = ppx_image_create(&report->image, shape, error);
    for (ptrdiff_t y = 0; !status && y < shape.height; y++)
        memcpy(ppx_image_row(&report->image, y), t->out + y * shape.width, (size_t)shape.width);
    return status;
}

static ppx_status try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t,
                          ppx_error *error) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, frames_serial, wrong_pixels},
        {"BROKEN: released twice, plain semaphore", PPX_LESSON_BROKEN, frames_plain, wrong_pixels},
        {"BROKEN: the same, bounded by its count", PPX_LESSON_BROKEN, frames_counted, wrong_pixels},
        {"the same, bounded by the owner", PPX_LESSON_CORRECT, frames_owned, wrong_pixels},
        {"one end, one release", PPX_LESSON_CORRECT, frames_once, wrong_pixels},
    };
    ppx_status status = PPX_OK;
    for (size_t k = 0; !status && k < sizeof variants / sizeof *variants; k++) {
        try(plan, report, &variants[k], t);
        if (k == 1)
            status = show(t, plan->image->shape, report, error);
    }
    ppx_lesson_say(report,
                   "%d frames, every %dth from frame %d on is damaged; %d buffers, %d workers.",
                   FRAMES, DAMAGED, DAMAGED / 2, t->nbuffers, 2 * t->nbuffers);
    return status;
}

// The frames are the image cut into ranges of pixels, each packed as differences of its own.
static void prepare(task *t, const ppx_image *image) {
    size_t k = 0;
    for (ptrdiff_t y = 0; y < image->shape.height; y++)
        for (ptrdiff_t x = 0; x < image->shape.width; x++)
            t->out[k++] = ((const uint8_t *)ppx_image_row(image, y))[x];
    for (int f = 0; f < FRAMES; f++) {
        uint8_t before = 0;
        for (k = begin_of(t, f); k < begin_of(t, f + 1); k++) {
            t->packed[k] = (uint8_t)(t->out[k] - before);
            before = t->out[k];
        }
    }
    for (int f = 0; f < FRAMES; f++)
        if (decode(t, f, t->buffers))
            keep(t, f, t->buffers, t->wanted);
        else
            keep_grey(t, f, t->wanted);
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task t = {.npixels = (size_t)(plan->image->shape.width * plan->image->shape.height)};
    uint8_t **const arrays[] = {&t.packed, &t.wanted, &t.out, &t.buffers};
    ppx_status status = PPX_OK;
    t.nbuffers = plan->nthreads < MOST_BUFFERS ? plan->nthreads : MOST_BUFFERS;
    for (size_t k = 0; !status && k < sizeof arrays / sizeof *arrays; k++)
        status = ppx_alloc_array((void **)arrays[k],
                                 k < 3 ? t.npixels : (t.npixels / FRAMES + 1) * (size_t)t.nbuffers,
                                 1, "a lesson", error);
    if (!status) {
        report->wrong_is = "wrong pixels";
        report->extra[0] = "lent twice";
        report->extra[1] = "strays";
        report->extra[2] = "refused";
        (void)pthread_mutex_init(&t.lock, NULL);
        prepare(&t, plan->image);
        status = try_all(plan, report, &t, error);
        (void)pthread_mutex_destroy(&t.lock);
    }
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        ppx_free(*arrays[k]);
    return status;
}

const ppx_lesson ppx_lesson_bounded = {
    .name = "bounded",
    .says = "A pool lends buffers, counted by a semaphore, and an error path gives one back twice. "
            "Two workers then get the same buffer, and sound frames come out mixed. A bound on the "
            "count notices late, whoever comes then; a pool that knows the owner of each buffer "
            "refuses the release where it happens.",
    .lines = "omp/lessons/bounded.c: frame_released_twice, give_plain, give_counted, give_owned",
    .least_pixels = 256 * 256,
    .run = run,
};
