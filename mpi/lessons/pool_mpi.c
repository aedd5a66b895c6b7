// pool_mpi.c: ranks take pictures of unequal cost from a common set.
//
// A directory of pictures is to be filtered, each by one rank. They are of very different sizes,
// and the large ones come late, as in a directory that is sorted by date. Dealt out in advance, one
// share for each rank, the rank with the large pictures works while the others have long ended: the
// time of the whole is the time of its last rank. The tail is from the first rank that finds no
// more work to the last one that ends.
//
// The cure is a counter of what is not yet taken. A rank that is ready takes the next chunk:
// MPI_Fetch_and_op on a window of rank 0, one indivisible step without rank 0's help, so no rank is
// lost to managing. The chunk decides: with 1 the tail is at most one picture long, and every
// picture costs a request; large chunks ask seldom and end like the shares dealt out in advance. A
// request takes about a microsecond in shared memory and tens of them on a network.
//
// With chunks of 1 the tail can still be the largest picture, if it is taken last. Who knows the
// costs, if only roughly (the size of the file), begins with the largest.
//
// The pictures are cut from the lesson's own and are in memory: what is shown is the sharing out,
// not the disk. All variants are right; wrong are pictures that were done not once, or otherwise.
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/lesson.h"
#include "../../core/lesson_work.h"
#include "../../core/memory.h"

enum { NPICTURES = 64, LEVELS = 256, EVERY = 7, SHARE = 128 };

typedef struct picture {
    ptrdiff_t y0, nrows; // cut from the lesson's image
} picture;

typedef struct task {
    int rank, nranks;
    ptrdiff_t width;
    picture pictures[NPICTURES];
    int order[NPICTURES]; // in which they are taken
    int chunk;            // 0: dealt out in advance
    uint8_t *image, *scratch;
    MPI_Win window;
    int64_t *next; // in the window of rank 0: the first that is not taken
    uint64_t wanted[NPICTURES], found[NPICTURES];
    int64_t times_done[NPICTURES];
    double *busy; // seconds of each rank until it found no more work, on rank 0
    int64_t requests;
    double tails, idle; // sums over the runs
    int runs;
} task;

// Small ones, every seventh a larger one, and larger ones towards the end.
static ptrdiff_t weight(int k) {
    return 1 + (k % EVERY == EVERY / 2 ? EVERY : 0) + (ptrdiff_t)k * k / 200;
}

static void cut_pictures(task *t, ptrdiff_t height) {
    for (int k = 0; k < NPICTURES; k++) {
        ptrdiff_t nrows = weight(k) * height / SHARE;
        nrows = nrows < 1 ? 1 : nrows > height ? height : nrows;
        t->pictures[k] = (picture){(height - nrows) * k / NPICTURES, nrows};
    }
}

// Edges, and of their histogram a number that differs if any count differs (FNV-1a).
static uint64_t filter(task *t, int k) {
    const picture *p = &t->pictures[k];
    uint64_t counts[LEVELS] = {0}, hash = 14695981039346656037u;
    ppx_lesson_edges(t->image + p->y0 * t->width, t->width, p->nrows, 0, p->nrows, t->scratch);
    ppx_lesson_levels(t->scratch, (size_t)(p->nrows * t->width), counts);
    for (int v = 0; v < LEVELS; v++)
        hash = (hash ^ counts[v]) * 1099511628211u;
    return hash;
}

static void do_pictures(task *t, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end && k < NPICTURES; k++) {
        t->found[t->order[k]] += filter(t, t->order[k]);
        t->times_done[t->order[k]]++;
    }
}

// ---- The ways -----------------------------------------------------------------------------------

static void alone(void *context) {
    task *t = context;
    if (t->rank == 0)
        do_pictures(t, 0, NPICTURES);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void dealt_out(task *t) {
    do_pictures(t, (int64_t)NPICTURES * t->rank / t->nranks,
                (int64_t)NPICTURES * (t->rank + 1) / t->nranks);
}

// The counter may end above the number of pictures: each rank learns that there are no more.
static void from_counter(task *t) {
    const int64_t chunk = t->chunk;
    int64_t first = 0;
    while (first < NPICTURES) {
        MPI_Fetch_and_op(&chunk, &first, MPI_INT64_T, 0, 0, MPI_SUM, t->window);
        MPI_Win_flush(0, t->window);
        t->requests++;
        do_pictures(t, first, first + chunk);
    }
}

static void pool(void *context) {
    task *t = context;
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    t->requests = 0;
    if (t->chunk)
        from_counter(t);
    else
        dealt_out(t);
    double busy = MPI_Wtime() - start;
    MPI_Gather(&busy, 1, MPI_DOUBLE, t->busy, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
}

// ---- What came out ------------------------------------------------------------------------------

static void take_times(task *t) {
    double least = t->busy[0], most = t->busy[0], sum = 0;
    for (int r = 0; r < t->nranks; r++) {
        least = t->busy[r] < least ? t->busy[r] : least;
        most = t->busy[r] > most ? t->busy[r] : most;
        sum += t->busy[r];
    }
    t->tails += most - least;
    t->idle += most > 0 ? 1 - sum / (most * t->nranks) : 0;
    t->runs++;
}

// Puts the ranks' findings together on rank 0 and clears them and the counter for the next run.
static int64_t wrong_pictures(void *context) {
    task *t = context;
    const int64_t zero = 0;
    int64_t wrong = 0;
    const void *found = t->rank ? t->found : MPI_IN_PLACE;
    const void *times_done = t->rank ? t->times_done : MPI_IN_PLACE;
    MPI_Reduce(found, t->found, NPICTURES, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(times_done, t->times_done, NPICTURES, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &t->requests, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    for (int k = 0; t->rank == 0 && k < NPICTURES; k++)
        wrong += t->times_done[k] != 1 || t->found[k] != t->wanted[k];
    memset(t->found, 0, sizeof t->found);
    memset(t->times_done, 0, sizeof t->times_done);
    if (t->rank == 0) {
        take_times(t);
        MPI_Accumulate(&zero, 1, MPI_INT64_T, 0, 0, 1, MPI_INT64_T, MPI_REPLACE, t->window);
        MPI_Win_flush(0, t->window);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return wrong;
}

static void try_one(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t,
                    const ppx_lesson_variant *variant, int chunk) {
    t->chunk = chunk;
    t->requests = t->runs = 0;
    t->tails = t->idle = 0;
    memset(t->busy, 0, (size_t)t->nranks * sizeof *t->busy);
    ppx_lesson_row *row = ppx_lesson_try(report, plan, variant, t);
    if (t->rank == 0 && t->runs) {
        row->extra[0] = 1e3 * t->tails / t->runs;
        row->extra[1] = 100 * t->idle / t->runs;
        row->extra[2] = (double)t->requests;
    }
}

// ---- The lesson ---------------------------------------------------------------------------------

static void keep_order(task *t) {
    for (int k = 0; k < NPICTURES; k++)
        t->order[k] = k;
}

// Largest first; equal ones by number, so that all ranks have the same order.
static int by_weight(const void *left, const void *right) {
    int l = *(const int *)left, r = *(const int *)right;
    ptrdiff_t more = weight(r) - weight(l);
    return more ? (more > 0) - (more < 0) : l - r;
}

static void try_all(const ppx_lesson_plan *plan, ppx_lesson_report *report, task *t) {
    static const ppx_lesson_variant serial = {"one rank", PPX_LESSON_SERIAL, alone, wrong_pictures};
    static const struct {
        int chunk;
        ppx_lesson_variant variant;
    } ways[] = {
        {0, {"all dealt out in advance", PPX_LESSON_CORRECT, pool, wrong_pictures}},
        {16, {"chunks of 16", PPX_LESSON_CORRECT, pool, wrong_pictures}},
        {4, {"chunks of 4", PPX_LESSON_CORRECT, pool, wrong_pictures}},
        {1, {"chunks of 1", PPX_LESSON_CORRECT, pool, wrong_pictures}},
    };
    static const ppx_lesson_variant sorted = {"chunks of 1, the largest first", PPX_LESSON_CORRECT,
                                              pool, wrong_pictures};
    keep_order(t);
    for (int k = 0; k < NPICTURES; k++)
        t->wanted[k] = filter(t, k);
    MPI_Barrier(MPI_COMM_WORLD);
    try_one(plan, report, t, &serial, 0);
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
        try_one(plan, report, t, &ways[k].variant, ways[k].chunk);
    qsort(t->order, NPICTURES, sizeof *t->order, by_weight);
    try_one(plan, report, t, &sorted, 1);
}

static ppx_status take_memory(task *t, size_t nbytes, ppx_error *error) {
    ppx_status status = ppx_alloc_array((void **)&t->image, nbytes, 1, "the picture", error);
    if (!status)
        status = ppx_alloc_array((void **)&t->scratch, nbytes, 1, "a result", error);
    if (!status)
        status =
            ppx_alloc_array((void **)&t->busy, (size_t)t->nranks, sizeof *t->busy, "times", error);
    return status;
}

static void open_counter(task *t) {
    MPI_Aint size = t->rank == 0 ? sizeof *t->next : 0;
    MPI_Win_allocate(size, sizeof *t->next, MPI_INFO_NULL, MPI_COMM_WORLD, &t->next, &t->window);
    if (t->rank == 0)
        *t->next = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, t->window);
}

static void close_counter(task *t) {
    MPI_Win_unlock_all(t->window);
    MPI_Win_free(&t->window);
}

static ppx_status run(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error) {
    ppx_shape shape = plan->image->shape;
    task *t = NULL;
    ppx_status status = ppx_alloc_array((void **)&t, 1, sizeof *t, "the lesson", error);
    if (!status) {
        MPI_Comm_rank(MPI_COMM_WORLD, &t->rank);
        MPI_Comm_size(MPI_COMM_WORLD, &t->nranks);
        t->width = shape.width;
        status = take_memory(t, (size_t)(shape.width * shape.height), error);
    }
    int failed = status != PPX_OK;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (!failed) {
        report->wrong_is = "pictures not done once, or otherwise";
        report->extra[0] = "tail ms";
        report->extra[1] = "idle %";
        report->extra[2] = "requests";
        for (ptrdiff_t y = 0; y < shape.height; y++)
            memcpy(t->image + y * t->width, ppx_image_row(plan->image, y), (size_t)t->width);
        cut_pictures(t, shape.height);
        open_counter(t);
        try_all(plan, report, t);
        close_counter(t);
    } else if (!status) {
        status = ppx_fail(error, PPX_E_MEMORY, "another rank has no memory");
    }
    if (t) {
        ppx_free(t->busy);
        ppx_free(t->scratch);
        ppx_free(t->image);
    }
    ppx_free(t);
    return status;
}

const ppx_lesson ppx_lesson_pool_mpi = {.name = "pool", .run = run};
