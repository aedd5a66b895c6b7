// daemon.c: the last rows are missing.
//
// Saving is left to a thread in the background: the main thread smooths blocks of rows and queues
// them, the writer takes them from the queue and writes them to a file, which is slower. After the
// last block main returns, and with main the process ends, with all its threads, whether they are
// joined, detached, or (as other languages say) daemons. What is still in the queue is lost. There
// is no message, the file looks well, and it is too short; on a small image or with a fast disk it
// is complete, and the fault stays for the first customer. To sleep a little before the end only
// moves the border.
//
// Here the end of main is a look at the file, as the next program would see it: what is not written
// by then counts as lost. (The lesson itself has to go on, so it then waits for the writer.)
//
// Cures: say that there is no more and join the writer; or, where it is detached and cannot be
// joined, a handshake: it posts a semaphore when the queue is drained, and main waits for that. The
// post is the last thing the writer does with memory that main will free. And if the wait at the
// end is too long, it is the writing that has to be faster: everything that is queued in one go.
#define _GNU_SOURCE // memfd_create, nanosleep
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../core/lesson.h"
#include "../../core/memory.h"

enum { BLOCKS = 80, QUEUE = 40 };

// What the medium takes for each write and for each byte, in nanoseconds.
enum { NS_A_WRITE = 400000, NS_A_BYTE = 4 };
// What hope takes for long enough.
static const struct timespec hope = {0, 1000000};

typedef struct task {
    const ppx_image *image;
    size_t width, height;
    uint8_t *rows, *wanted, *found;
    int file;           // in memory, without a name
    size_t seen_nbytes; // when main ended

    pthread_mutex_t lock; // of the next four
    pthread_cond_t more, room;
    int queued, written; // blocks so far
    bool no_more;
    bool batches;  // write all that is queued, not one block
    sem_t drained; // the writer is done
    int failure;   // an errno
    bool running;  // a writer that was left alone
    pthread_t writer;
} task;

static size_t row_at(const task *t, int block) {
    return t->height * (size_t)block / BLOCKS;
}

// ---- The writer ---------------------------------------------------------------------------------

static void write_blocks(task *t, int first, int end) {
    size_t from = row_at(t, first) * t->width, to = row_at(t, end) * t->width;
    size_t ns = NS_A_WRITE + NS_A_BYTE * (to - from);
    (void)nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
    while (from < to && !t->failure) {
        ssize_t n = write(t->file, t->rows + from, to - from);
        if (n < 0 && errno != EINTR)
            t->failure = errno;
        from += n < 0 ? 0 : (size_t)n;
    }
}

// Blocks that are queued, once there are any; none when no more will come.
static int take(task *t) {
    (void)pthread_mutex_lock(&t->lock);
    while (t->queued == t->written && !t->no_more)
        (void)pthread_cond_wait(&t->more, &t->lock);
    int n = t->queued - t->written;
    (void)pthread_mutex_unlock(&t->lock);
    return t->batches || n < 1 ? n : 1;
}

static void done(task *t, int n) {
    (void)pthread_mutex_lock(&t->lock);
    t->written += n;
    (void)pthread_cond_signal(&t->room);
    (void)pthread_mutex_unlock(&t->lock);
}

static void *be_writer(void *context) {
    task *t = context;
    int first = 0, n;
    while ((n = take(t)) > 0) {
        write_blocks(t, first, first + n);
        first += n;
        done(t, n);
    }
    (void)sem_post(&t->drained); // from here on *t may be gone
    return NULL;
}

// ---- The main thread ----------------------------------------------------------------------------

static void make_block(task *t, int block) {
    for (size_t y = row_at(t, block); y < row_at(t, block + 1); y++) {
        const uint8_t *in = ppx_image_row(t->image, (ptrdiff_t)y);
        uint8_t *out = t->rows + y * t->width;
        int value = in[0];
        for (size_t x = 0; x < t->width; x++)
            out[x] = (uint8_t)(value = (3 * value + in[x] + 2) / 4);
    }
}

static void queue(task *t, int nblocks) {
    (void)pthread_mutex_lock(&t->lock);
    while (t->queued + nblocks - t->written > QUEUE)
        (void)pthread_cond_wait(&t->room, &t->lock);
    t->queued += nblocks;
    t->no_more = !nblocks;
    (void)pthread_cond_signal(&t->more);
    (void)pthread_mutex_unlock(&t->lock);
}

static void make_all(task *t) {
    for (int block = 0; block < BLOCKS; block++) {
        make_block(t, block);
        queue(t, 1);
    }
    queue(t, 0); // that was all
}

static void begin(task *t, bool batches) {
    t->queued = t->written = 0;
    t->no_more = false;
    t->batches = batches;
    t->seen_nbytes = 0;
    if (ftruncate(t->file, 0) || lseek(t->file, 0, SEEK_SET))
        t->failure = errno;
}

// Where main ends: the file is what it is.
static void end_of_main(task *t) {
    struct stat now;
    if (fstat(t->file, &now) == 0)
        t->seen_nbytes = (size_t)now.st_size;
    else
        t->failure = errno;
}

static bool start(task *t, bool batches) {
    begin(t, batches);
    if (t->failure)
        return false;
    t->failure = pthread_create(&t->writer, NULL, be_writer, t);
    return !t->failure;
}

static void wait_until_drained(task *t) {
    while (sem_wait(&t->drained) && errno == EINTR)
        ;
}

// ---- The variants -------------------------------------------------------------------------------

static void save_serial(void *context) {
    task *t = context;
    begin(t, false);
    for (int block = 0; block < BLOCKS; block++) {
        make_block(t, block);
        write_blocks(t, block, block + 1);
    }
    end_of_main(t);
}

// Nobody asks whether the writer is done.
static void save_and_leave(void *context) {
    task *t = context;
    if (!start(t, false))
        return;
    make_all(t);
    end_of_main(t);
    t->running = true;
}

// The queue takes several times as long as hope does.
static void save_and_hope(void *context) {
    task *t = context;
    if (!start(t, false))
        return;
    make_all(t);
    (void)nanosleep(&hope, NULL);
    end_of_main(t);
    t->running = true;
}

static void save_joined(task *t, bool batches) {
    if (!start(t, batches))
        return;
    make_all(t);
    (void)pthread_join(t->writer, NULL);
    end_of_main(t);
    wait_until_drained(t); // which it is: only to begin at none the next time
}

static void save_and_join(void *context) {
    save_joined(context, false);
}

static void save_in_batches(void *context) {
    save_joined(context, true);
}

static void save_detached(void *context) {
    task *t = context;
    if (!start(t, false))
        return;
    (void)pthread_detach(t->writer);
    make_all(t);
    wait_until_drained(t);
    end_of_main(t);
}

// What a program that has ended does not do: the lesson has to go on.
static void outlive(task *t) {
    if (!t->running)
        return;
    (void)pthread_join(t->writer, NULL);
    wait_until_drained(t);
    t->running = false;
}

static int64_t missing_rows(void *context) {
    task *t = context;
    size_t nbytes = t->width * t->height, seen = t->seen_nbytes;
    int64_t missing = 0;
    outlive(t);
    memset(t->found, 0, nbytes);
    if (pread(t->file, t->found, seen, 0) != (ssize_t)seen)
        t->failure = errno;
    for (size_t y = 0; y < t->height; y++)
        missing += (y + 1) * t->width > seen ||
                   memcmp(t->found + y * t->width, t->wanted + y * t->width, t->width) != 0;
    return missing;
}

// The picture by a program that left too early.
static ppx_status show(const task *t, ppx_lesson_report *report, ppx_error *error) {
    ppx_status status = ppx_image_create(&report->image, t->image->shape, error);
    for (size_t y = 0; !status && y < t->height; y++)
        memcpy(ppx_image_row(&report->image, (ptrdiff_t)y), t->found + y * t->width, t->width);
    return status;
}

static ppx_status try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t,
                          ppx_error *error) {
    static const ppx_lesson_variant variants[] = {
        {"one thread makes, and writes", PPX_LESSON_SERIAL, save_serial, missing_rows},
        {"BROKEN: main returns", PPX_LESSON_BROKEN, save_and_leave, missing_rows},
        {"BROKEN: main sleeps a little and returns", PPX_LESSON_BROKEN, save_and_hope,
         missing_rows},
        {"main joins the writer", PPX_LESSON_CORRECT, save_and_join, missing_rows},
        {"detached, posts when drained", PPX_LESSON_CORRECT, save_detached, missing_rows},
        {"joined, writes all that is queued", PPX_LESSON_CORRECT, save_in_batches, missing_rows},
    };
    ppx_status status = PPX_OK;
    for (size_t k = 0; !status && k < sizeof variants / sizeof *variants; k++) {
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        row->extra[0] = 100 * (1 - (double)row->most_wrong / (double)t->height);
        if (k == 1)
            status = show(t, report, error);
    }
    return status;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    task t = {.image = plan->image, .file = -1};
    uint8_t **const arrays[] = {&t.rows, &t.wanted, &t.found};
    ppx_status status = PPX_OK;
    t.width = (size_t)plan->image->shape.width;
    t.height = (size_t)plan->image->shape.height;
    for (size_t k = 0; !status && k < sizeof arrays / sizeof *arrays; k++)
        status = ppx_alloc_array((void **)arrays[k], t.width * t.height, 1, "a lesson", error);
    if (!status) {
        t.file = memfd_create("rows", MFD_CLOEXEC);
        t.failure = t.file < 0 ? errno : 0;
    }
    if (!status && !t.failure) {
        report->wrong_is = "rows missing from the file";
        report->extra[0] = "% saved";
        (void)pthread_mutex_init(&t.lock, NULL);
        (void)pthread_cond_init(&t.more, NULL);
        (void)pthread_cond_init(&t.room, NULL);
        (void)sem_init(&t.drained, 0, 0);
        for (int block = 0; block < BLOCKS; block++)
            make_block(&t, block);
        memcpy(t.wanted, t.rows, t.width * t.height);
        status = try_all(plan, report, &t, error);
        (void)sem_destroy(&t.drained);
        (void)pthread_cond_destroy(&t.more);
        (void)pthread_cond_destroy(&t.room);
        (void)pthread_mutex_destroy(&t.lock);
    }
    if (!status && t.failure)
        status =
            ppx_fail(error, PPX_E_SYSTEM, "cannot write a file in memory: %s", strerror(t.failure));
    if (t.file >= 0)
        (void)close(t.file);
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        ppx_free(*arrays[k]);
    return status;
}

const ppx_lesson ppx_lesson_daemon = {
    .name = "daemon",
    .says = "A thread in the background writes the rows that the main thread makes. Main returns, "
            "the process ends with all its threads, and the end of the file was still in the "
            "queue. Join the writer, or wait until it says that the queue is drained.",
    .lines = "omp/lessons/daemon.c: save_and_leave, save_and_hope, save_and_join, save_detached",
    .least_pixels = 256 * 256,
    .run = run,
};
