// test_memory.c: what happens when the n-th allocation fails, for every n.
//
// The linker puts the two functions below between core/memory.c and the C library. Each attempt is
// repeated with its first, second, ... allocation failing, alone or with all that follow, until it
// gets by with fewer: every failure must be reported as one, with a message, and give back all
// memory.
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <dirent.h>
#include <limits.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Between the library and the C library ----

static atomic_long calls, held; // since armed: allocations asked for; blocks held
static long fail_from = 0, fail_to = 0;

void *__real_aligned_alloc(size_t alignment, size_t nbytes);
void __real_free(void *memory);
void *__wrap_aligned_alloc(size_t alignment, size_t nbytes);
void __wrap_free(void *memory);

void *__wrap_aligned_alloc(size_t alignment, size_t nbytes) {
    long call = ++calls;
    if (call >= fail_from && call <= fail_to)
        return NULL;
    void *memory = __real_aligned_alloc(alignment, nbytes);
    if (memory)
        held++;
    return memory;
}

void __wrap_free(void *memory) {
    if (memory)
        held--;
    __real_free(memory);
}

// ---- Attempts ----

// Does one thing and gives back what it was given, so that nothing stays held.
typedef ppx_status attempt(const void *context, ppx_error *error);

static bool fails_well(const char *what, attempt *act, const void *context, long from, long to) {
    ppx_error error = {0};
    long before = held;
    calls = 0;
    fail_from = from;
    fail_to = to;
    ppx_status status = act(context, &error);
    fail_from = fail_to = 0;
    if (held != before)
        fail_msg("%s, allocation %ld failing: %ld blocks are not given back", what, from,
                 held - before);
    if (calls < from) {
        if (status)
            fail_msg("%s: %s", what, error.text);
        return false;
    }
    if (status != PPX_E_MEMORY || error.status != PPX_E_MEMORY || !*error.text)
        fail_msg("%s, allocation %ld failing: status %d, message \"%s\"", what, from, (int)status,
                 error.text);
    return true;
}

static void each_allocation(const char *what, attempt *act, const void *context) {
    long n = 1;
    while (fails_well(what, act, context, n, n))
        n++;
    for (long k = 1; k < n; k++)
        (void)fails_well(what, act, context, k, LONG_MAX);
    if (n < 2)
        fail_msg("%s allocated nothing: the test saw nothing", what);
}

static ppx_status create_image(const void *shape, ppx_error *error) {
    ppx_image image;
    ppx_status status = ppx_image_create(&image, *(const ppx_shape *)shape, error);
    if (status)
        assert_null(image.data);
    ppx_image_free(&image);
    return status;
}

static ppx_status parse_chain(const void *spec, ppx_error *error) {
    ppx_chain *chain;
    ppx_status status = ppx_chain_parse(&chain, spec, NULL, NULL, error);
    if (status)
        assert_null(chain);
    ppx_chain_free(chain);
    return status;
}

static ppx_status create_trace(const void *nworkers, ppx_error *error) {
    ppx_trace *trace;
    ppx_status status = ppx_trace_create(&trace, *(const int *)nworkers, 10, error);
    if (status)
        assert_null(trace);
    ppx_trace_free(trace);
    return status;
}

typedef struct run_context {
    const ppx_chain *chain;
    const ppx_runner *runner;
    const ppx_image *in;
    const ppx_sink *sink;
} run_context;

static ppx_status run_chain(const void *context, ppx_error *error) {
    const run_context *c = context;
    ppx_band band = ppx_band_whole(ppx_image_view(c->in, 0, c->in->shape.height));
    ppx_run_options options = {.iterations = 2, .sink = c->sink, .load = test_load};
    ppx_status status = ppx_run(c->chain, c->runner, &band, &options, NULL, error);
    if (status)
        assert_null(band.rows.data);
    ppx_image_free(&band.rows);
    return status;
}

// ---- Tests ----

static void test_images(void **state) {
    (void)state;
    ppx_shape shape = test_shape(37, 100, 3, PPX_U16);
    each_allocation("an image", create_image, &shape);
}

static ppx_image large(ptrdiff_t height) {
    ppx_image image;
    assert_int_equal(ppx_image_create(&image, test_shape(4096, height, 1, PPX_U8), NULL), PPX_OK);
    return image;
}

static void test_keep(void **state) {
    (void)state;
    const long before = held;
    ppx_memory_keep(true);
    calls = 0;
    ppx_image a = large(2048), b = large(2048);
    const void *const pages[] = {a.data, b.data};
    ppx_image_free(&a);
    ppx_image c = large(1536); // another size
    assert_int_equal(calls, 3);
    assert_ptr_not_equal(c.data, pages[0]);
    a = large(2048); // again the same pages, and b is still in use
    assert_int_equal(calls, 3);
    assert_ptr_equal(a.data, pages[0]);
    ppx_image_free(&a);
    ppx_image_free(&b);
    ppx_image_free(&c);
    assert_int_equal(held, before + 3);
    // Where memory runs out, what is kept makes room.
    fail_from = fail_to = calls + 1;
    a = large(3072);
    fail_from = fail_to = 0;
    assert_int_equal(held, before + 1);
    ppx_memory_keep(false);
    assert_int_equal(held, before + 1); // a is in use
    ppx_image_free(&a);
    assert_int_equal(held, before);
    a = large(2048);
    ppx_image_free(&a);
    assert_int_equal(held, before);
    // More blocks than are listed.
    ppx_memory_keep(true);
    ppx_image many[200];
    for (int turn = 0; turn < 2; turn++) {
        for (int k = 0; k < 200; k++)
            many[k] = large(1024 + k % 3);
        for (int k = 0; k < 200; k++)
            ppx_image_free(&many[k]);
    }
    ppx_memory_keep(false);
    assert_int_equal(held, before);
}

// The same from many threads at once: nobody gets what another one has.
static void test_keep_threads(void **state) {
    (void)state;
    const long before = held;
    atomic_int wrong = 0;
    ppx_memory_keep(true);
#pragma omp parallel for num_threads(4) default(none) shared(wrong)
    for (int k = 0; k < 200; k++) {
        ppx_image image;
        if (ppx_image_create(&image, test_shape(4096, 1024, 1, PPX_U8), NULL)) {
            wrong++;
            continue;
        }
        atomic_int *mark = image.data;
        *mark = k;
        for (int turn = 0; turn < 1000; turn++)
            wrong += *mark != k;
        ppx_image_free(&image);
    }
    ppx_memory_keep(false);
    assert_int_equal(wrong, 0);
    assert_int_equal(held, before);
}

static void test_chains(void **state) {
    (void)state;
    const int nworkers = 3;
    each_allocation("a trace", create_trace, &nworkers);
    each_allocation("a chain", parse_chain, "threshold:t=3+invert+gray+copy");
}

static void ignore_number(void *context, const char *kernel, const char *key, double value) {
    (void)context, (void)kernel, (void)key, (void)value;
}

static void ignore_table(void *context, const char *kernel, const ppx_table *table) {
    (void)context, (void)kernel, (void)table;
}

// The result of one turn need not be an input for the next: then the chain is run once.
static bool fits(const ppx_chain *chain, ppx_shape in) {
    ppx_shape out;
    return !ppx_chain_shape(chain, in, &out, NULL) && !ppx_chain_shape(chain, out, &out, NULL);
}

static void run_on(const char *spec, const ppx_chain *chain, ppx_shape shape) {
    static const ppx_sink sink = {NULL, ignore_number, ignore_table};
    ppx_image in = test_image(shape, TEST_FEW_LEVELS, 3);
    run_context context = {chain, &ppx_runner_serial, &in, &sink};
    char what[200];
    (void)snprintf(what, sizeof what, "%s, serial", spec);
    each_allocation(what, run_chain, &context);
    context.runner = &ppx_runner_omp;
    for (int nthreads = 1; nthreads <= 3; nthreads += 2) {
        omp_set_num_threads(nthreads);
        (void)snprintf(what, sizeof what, "%s, %d threads", spec, nthreads);
        each_allocation(what, run_chain, &context);
    }
    ppx_image_free(&in);
}

static void test_kernels(void **state) {
    (void)state;
    static const int channels[] = {1, 3, 4};
    size_t n;
    const char *const *examples = test_examples(&n);
    for (size_t s = 0; s < n; s++) {
        ppx_chain *chain;
        if (ppx_chain_parse(&chain, examples[s], NULL, NULL, NULL))
            fail_msg("no kernel for \"%s\"", examples[s]);
        for (int t = 0; t < PPX_NTYPES; t++) { // channels take turns
            ppx_shape shape = test_shape(41, 130, channels[(s + (size_t)t) % 3], (ppx_type)t);
            if (fits(chain, shape))
                run_on(examples[s], chain, shape);
        }
        ppx_chain_free(chain);
    }
}

// ---- Files ----

typedef struct file_context {
    const char *directory, *path;
    const ppx_image *image;
} file_context;

static int count_files(const char *directory) {
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    int n = 0;
    while (readdir(entries))
        n++;
    (void)closedir(entries);
    return n - 2; // without . and ..
}

static ppx_status write_file(const void *context, ppx_error *error) {
    const file_context *c = context;
    ppx_status status = ppx_image_write(c->image, c->path, NULL, error);
    assert_int_equal(count_files(c->directory), status ? 0 : 1);
    (void)unlink(c->path);
    return status;
}

static ppx_status read_file(const void *context, ppx_error *error) {
    const file_context *c = context;
    ppx_image image;
    ppx_status status = ppx_image_read(&image, c->path, NULL, error);
    if (status)
        assert_null(image.data);
    else
        assert_true(ppx_image_equal(&image, c->image));
    ppx_image_free(&image);
    return status;
}

static void test_files(void **state) {
    (void)state;
    static const char *const names[] = {"a.png", "a.pgm", "a.ppm", "a.pam", "a.npy"};
    const char *tmp = getenv("TMPDIR");
    char directory[300], path[310], what[340];
    (void)snprintf(directory, sizeof directory, "%s/parpix-memory-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(directory));
    for (int k = 0; k < 5 * 4 * PPX_NTYPES; k++) {
        ppx_shape shape = test_shape(41, 130, 1 + k / 5 % 4, (ppx_type)(k / 20));
        (void)snprintf(path, sizeof path, "%s/%s", directory, names[k % 5]);
        if (ppx_image_writable(shape, path, NULL, NULL))
            continue;
        ppx_image image = test_image(shape, TEST_NOISE, 4);
        file_context context = {directory, path, &image};
        (void)snprintf(what, sizeof what, "%d %s to %s", shape.channels, ppx_type_name(shape.type),
                       path);
        each_allocation(what, write_file, &context);
        assert_int_equal(ppx_image_write(&image, path, NULL, NULL), PPX_OK);
        each_allocation(what, read_file, &context);
        (void)unlink(path);
        ppx_image_free(&image);
    }
    assert_int_equal(rmdir(directory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),       cmocka_unit_test(test_keep),
        cmocka_unit_test(test_keep_threads), cmocka_unit_test(test_chains),
        cmocka_unit_test(test_kernels),      cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
