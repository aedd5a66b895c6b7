// messages.c: workers that share no memory, and what it costs to tell them.
//
// Threads see the picture because they live in one address space. A child of fork sees it too, as
// it was at the moment of the fork: pages are copied when one of the two writes to them. What the
// child computes after that is in its own memory, and the parent never sees it. So the result must
// travel: through a pipe, where the system copies every byte into its own memory and out again, or
// through a mapping that both were given before the fork (mmap, MAP_SHARED), where nothing travels.
//
// A fork for each picture is expensive: page tables are copied, and pages fault. Workers that stand
// ready are forked once, before there is a picture, so that also the picture must travel to them:
// by pipe, or in the mapping, where one byte in the pipe says that it is there.
//
// All variants are right. They differ in the bytes that are copied ("MB copied" counts what goes
// through pipes, once) and in the time of an exchange of one pixel for each worker ("latency us").
//
// Between fork and _exit a child of a process with threads may call async-signal-safe functions
// only: another thread may have held the lock of malloc. Here: read, write, close, _exit, and pure
// arithmetic. It leaves by _exit, since exit would write the parent's buffers a second time.
#define _GNU_SOURCE // MAP_ANONYMOUS
#include <omp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/lesson.h"
#include "../../core/lesson_work.h"
#include "../../core/memory.h"

enum { MOST_WORKERS = 256, ROUNDS = 50, MB = 1000000 };

typedef struct worker {
    pid_t pid;    // -1: could not be started, its rows are done by the parent
    int to, from; // ends of its pipes
} worker;

typedef struct task {
    ptrdiff_t width, height;
    int nworkers; // the parent is number 0
    uint8_t *picture, *out, *wanted;
    uint8_t *mapping; // the picture and the result once more, in memory that children share
    size_t nbytes;    // of a picture
    uint8_t *result;  // where the last run has left it
    int64_t copied;   // bytes, by the last run
    worker workers[MOST_WORKERS];
} task;

// ---- Who does which rows ------------------------------------------------------------------------

static ptrdiff_t first_row(const task *t, int k) {
    return t->height * k / t->nworkers;
}

static size_t band_start(const task *t, int k) {
    return (size_t)(first_row(t, k) * t->width);
}

static size_t band_nbytes(const task *t, int k) {
    return band_start(t, k + 1) - band_start(t, k);
}

static void filter_band(const task *t, int k, const uint8_t *picture, uint8_t *out) {
    ppx_lesson_edges(picture, t->width, t->height, first_row(t, k),
                     first_row(t, k + 1) - first_row(t, k), out + band_start(t, k));
}

static bool write_all(int to, const uint8_t *bytes, size_t n) {
    while (n > 0) {
        ssize_t done = write(to, bytes, n);
        if (done <= 0)
            return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static bool read_all(int from, uint8_t *bytes, size_t n) {
    while (n > 0) {
        ssize_t done = read(from, bytes, n);
        if (done <= 0)
            return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

// ---- Without messages ---------------------------------------------------------------------------

static void alone(void *context) {
    task *t = context;
    t->result = t->out;
    t->copied = 0;
    ppx_lesson_edges(t->picture, t->width, t->height, 0, t->height, t->out);
}

static void by_threads(void *context) {
    task *t = context;
    t->result = t->out;
    t->copied = 0;
#pragma omp parallel for schedule(static, 1) default(none) shared(t) num_threads(t->nworkers)
    for (int k = 0; k < t->nworkers; k++)
        filter_band(t, k, t->picture, t->out);
}

// ---- A child for each band of each picture ------------------------------------------------------

// The child's whole life: its rows into `out`, which is its own copy or shared, then into the pipe.
static void live(const task *t, int k, uint8_t *out, int to) {
    filter_band(t, k, t->picture, out);
    if (to >= 0)
        (void)write_all(to, out + band_start(t, k), band_nbytes(t, k));
    _exit(0);
}

static void by_fork_and_pipe(void *context) {
    task *t = context;
    t->result = t->out;
    t->copied = 0;
    for (int k = 1; k < t->nworkers; k++) {
        worker *w = &t->workers[k];
        int ends[2];
        *w = (worker){-1, -1, -1};
        if (pipe(ends) != 0)
            continue;
        w->pid = fork();
        if (w->pid == 0)
            live(t, k, t->out, ends[1]);
        (void)close(ends[1]);
        w->from = ends[0];
    }
    filter_band(t, 0, t->picture, t->out);
    for (int k = 1; k < t->nworkers; k++) {
        worker *w = &t->workers[k];
        if (w->pid < 0 || !read_all(w->from, t->out + band_start(t, k), band_nbytes(t, k)))
            filter_band(t, k, t->picture, t->out);
        t->copied += (int64_t)band_nbytes(t, k);
        (void)close(w->from);
        if (w->pid > 0)
            (void)waitpid(w->pid, NULL, 0);
    }
}

static void by_fork_and_mapping(void *context) {
    task *t = context;
    t->result = t->mapping + t->nbytes;
    t->copied = 0;
    for (int k = 1; k < t->nworkers; k++) {
        worker *w = &t->workers[k];
        w->pid = fork();
        if (w->pid == 0)
            live(t, k, t->result, -1);
    }
    filter_band(t, 0, t->picture, t->result);
    for (int k = 1; k < t->nworkers; k++)
        if (t->workers[k].pid < 0)
            filter_band(t, k, t->picture, t->result);
        else
            (void)waitpid(t->workers[k].pid, NULL, 0); // its end says that its rows are there
}

// ---- Workers that stand ready -------------------------------------------------------------------

typedef struct job {
    ptrdiff_t width, height;
    bool mapped; // picture and result are in the mapping
} job;

// The rows that worker k needs: its own and one more on each side, where there is one.
static size_t needed(const task *t, int k, size_t *start) {
    ptrdiff_t y0 = first_row(t, k), y1 = first_row(t, k + 1);
    y0 -= y0 > 0 && y1 > y0;
    y1 += y1 < t->height && y1 > y0;
    *start = (size_t)(y0 * t->width);
    return (size_t)((y1 - y0) * t->width);
}

// A worker's whole life: jobs until the parent closes the pipe. Memory is its copy of the parent's.
static void serve(task *t, int k, int from, int to) {
    job j;
    while (read_all(from, (uint8_t *)&j, sizeof j)) {
        size_t start;
        t->width = j.width;
        t->height = j.height;
        size_t n = needed(t, k, &start);
        if (j.mapped) {
            filter_band(t, k, t->mapping, t->mapping + t->nbytes);
            (void)write_all(to, (const uint8_t *)"", 1);
        } else if (read_all(from, t->picture + start, n)) {
            filter_band(t, k, t->picture, t->out);
            (void)write_all(to, t->out + band_start(t, k), band_nbytes(t, k));
        }
    }
    _exit(0);
}

static bool open_pipes(int to_child[2], int from_child[2]) {
    if (pipe(to_child) != 0)
        return false;
    if (pipe(from_child) == 0)
        return true;
    (void)close(to_child[0]);
    (void)close(to_child[1]);
    return false;
}

static void start_workers(task *t) {
    memset(t->picture, 0, t->nbytes); // there is no picture yet
    for (int k = 1; k < t->nworkers; k++) {
        worker *w = &t->workers[k];
        int to_child[2], from_child[2];
        *w = (worker){-1, -1, -1};
        if (!open_pipes(to_child, from_child))
            continue;
        w->pid = fork();
        if (w->pid == 0) {
            (void)close(to_child[1]); // or it would never see the end of its jobs
            (void)close(from_child[0]);
            serve(t, k, to_child[0], from_child[1]);
        }
        (void)close(to_child[0]);
        (void)close(from_child[1]);
        w->to = to_child[1];
        w->from = from_child[0];
    }
    memcpy(t->picture, t->mapping, t->nbytes);
}

// A worker also holds the parent's ends of the pipes of those before it: the last one ends first.
static void stop_workers(task *t) {
    for (int k = 1; k < t->nworkers; k++) {
        (void)close(t->workers[k].to);
        (void)close(t->workers[k].from);
    }
    for (int k = 1; k < t->nworkers; k++)
        if (t->workers[k].pid > 0)
            (void)waitpid(t->workers[k].pid, NULL, 0);
}

static void by_workers_and_pipes(void *context) {
    task *t = context;
    const job j = {t->width, t->height, false};
    t->result = t->out;
    t->copied = 0;
    for (int k = 1; k < t->nworkers; k++) {
        size_t start, n = needed(t, k, &start);
        if (t->workers[k].pid > 0)
            (void)(write_all(t->workers[k].to, (const uint8_t *)&j, sizeof j) &&
                   write_all(t->workers[k].to, t->picture + start, n));
        t->copied += (int64_t)n;
    }
    filter_band(t, 0, t->picture, t->out);
    for (int k = 1; k < t->nworkers; k++) {
        if (t->workers[k].pid < 0 ||
            !read_all(t->workers[k].from, t->out + band_start(t, k), band_nbytes(t, k)))
            filter_band(t, k, t->picture, t->out);
        t->copied += (int64_t)band_nbytes(t, k);
    }
}

static void by_workers_and_mapping(void *context) {
    task *t = context;
    const job j = {t->width, t->height, true};
    uint8_t done;
    t->result = t->mapping + t->nbytes;
    t->copied = 0;
    for (int k = 1; k < t->nworkers; k++)
        if (t->workers[k].pid > 0)
            (void)write_all(t->workers[k].to, (const uint8_t *)&j, sizeof j);
    filter_band(t, 0, t->mapping, t->result);
    for (int k = 1; k < t->nworkers; k++)
        if (t->workers[k].pid < 0 || !read_all(t->workers[k].from, &done, 1))
            filter_band(t, k, t->mapping, t->result);
}

// ---- The lesson ---------------------------------------------------------------------------------

// Also wipes the result, so that the next run cannot be right by what this one has left.
static int64_t wrong_pixels(void *context) {
    task *t = context;
    int64_t wrong = 0;
    for (size_t k = 0; k < t->nbytes; k++)
        wrong += t->result[k] != t->wanted[k];
    memset(t->result, 0, t->nbytes);
    return wrong;
}

// The fastest exchange of one pixel for each worker, in seconds.
static double latency(const ppx_lesson_variant *variant, task *t) {
    ptrdiff_t width = t->width, height = t->height;
    double least = 1;
    t->width = 1;
    t->height = t->nworkers;
    for (int k = 0; k < ROUNDS; k++) {
        double start = omp_get_wtime();
        variant->work(t);
        double seconds = omp_get_wtime() - start;
        least = seconds < least ? seconds : least;
    }
    t->width = width;
    t->height = height;
    return least;
}

static void try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t) {
    static const ppx_lesson_variant variants[] = {
        {"one thread", PPX_LESSON_SERIAL, alone, wrong_pixels},
        {"threads", PPX_LESSON_CORRECT, by_threads, wrong_pixels},
        {"fork, result by pipe", PPX_LESSON_CORRECT, by_fork_and_pipe, wrong_pixels},
        {"fork, result in a shared mapping", PPX_LESSON_CORRECT, by_fork_and_mapping, wrong_pixels},
        {"standing workers, all by pipe", PPX_LESSON_CORRECT, by_workers_and_pipes, wrong_pixels},
        {"standing workers, all in a mapping", PPX_LESSON_CORRECT, by_workers_and_mapping,
         wrong_pixels},
    };
    enum { NVARIANTS = sizeof variants / sizeof *variants, STANDING = 4 };
    for (int k = 0; k < NVARIANTS; k++) {
        if (k == STANDING)
            start_workers(t);
        ppx_lesson_row *row = ppx_lesson_try(report, plan, &variants[k], t);
        row->extra[0] = (double)t->copied / MB;
        row->extra[1] = k ? 1e6 * latency(&variants[k], t) : 0;
    }
    stop_workers(t);
}

static ppx_status take_memory(task *t, const ppx_image *image, ppx_error *error) {
    ppx_status status = ppx_alloc_array((void **)&t->picture, t->nbytes, 1, "the picture", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->out, t->nbytes, 1, "the result", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->wanted, t->nbytes, 1, "the right result", error);
    t->mapping =
        mmap(NULL, 2 * t->nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!status && t->mapping == MAP_FAILED)
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for a shared mapping");
    for (ptrdiff_t y = 0; !status && y < t->height; y++) {
        memcpy(t->picture + y * t->width, ppx_image_row(image, y), (size_t)t->width);
        memcpy(t->mapping + y * t->width, ppx_image_row(image, y), (size_t)t->width);
    }
    return status;
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    ppx_shape shape = plan->image->shape;
    task *t = NULL;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "the lesson", error);
    if (status)
        return status;
    t->width = shape.width;
    t->height = shape.height;
    t->nbytes = (size_t)(shape.width * shape.height);
    t->nworkers = plan->nthreads < MOST_WORKERS ? plan->nthreads : MOST_WORKERS;
    report->wrong_is = "wrong pixels";
    report->extra[0] = "MB copied";
    report->extra[1] = "latency us";
    status = take_memory(t, plan->image, error);
    if (!status) {
        alone(t);
        memcpy(t->wanted, t->out, t->nbytes);
        try_all(plan, report, t);
    }
    if (t->mapping != MAP_FAILED)
        (void)munmap(t->mapping, 2 * t->nbytes);
    ppx_free(t->wanted);
    ppx_free(t->out);
    ppx_free(t->picture);
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_messages = {
    .name = "messages",
    .says = "One filter by threads, by processes and by ranks: what one computes another sees only "
            "in shared memory, or when it is sent. A pipe and a message copy every byte; a shared "
            "mapping and a shared window copy none, and need a word that the bytes are there. "
            "Starting a process for each picture costs more than both.",
    .lines = "omp/lessons/messages.c: by_fork_and_pipe, by_fork_and_mapping, serve; "
             "mpi/lessons/messages_mpi.c: by_messages, by_window",
    .least_pixels = 256 * 256,
    .ranks = true,
    .run = run,
};
