// test_stream.c: files by rows, and runs over them that never hold the whole image, give what the
// same files and chains give at once.
#include "files.h"

static ppx_image write_image(ppx_shape shape, const char *name, uint64_t seed) {
    ppx_image image = test_image(shape, TEST_SMOOTH, seed);
    ppx_error error;
    if (ppx_image_write(&image, in_directory(name), NULL, &error))
        fail_msg("%s", error.text);
    return image;
}

// Rows in pieces of 1, 2, 3, ... come as they lie in the file, and go there.
static void test_pieces(void **state) {
    (void)state;
    static const char *const names[] = {"a.png", "a.pam", "a.npy", "a.pgm"};
    for (int k = 0; k < 8; k++) {
        const char *name = names[k % 4];
        ppx_shape shape = test_shape(37, 101, k % 4 == 3 ? 1 : 1 + k / 2, k < 4 ? PPX_U8 : PPX_U16);
        ppx_image wanted = write_image(shape, name, 5);
        ppx_error error;
        ppx_reader *reader;
        ppx_writer *writer;
        ppx_shape said;
        char copy[20];
        (void)snprintf(copy, sizeof copy, "copy-%s", name);
        assert_int_equal(ppx_reader_open(&reader, in_directory(name), NULL, &said, &error), PPX_OK);
        assert_true(ppx_shape_equal(said, shape));
        assert_int_equal(ppx_writer_open(&writer, shape, in_directory(copy), NULL, &error), PPX_OK);
        ppx_image got = test_image(shape, TEST_NOISE, 6);
        uint64_t checksum = ppx_checksum_begin(shape);
        for (ptrdiff_t y = 0, n = 1; y < shape.height; y += n, n++) {
            n = n < shape.height - y ? n : shape.height - y;
            ppx_image rows = ppx_image_view(&got, y, n);
            assert_int_equal(ppx_reader_rows(reader, &rows, &error), PPX_OK);
            assert_int_equal(ppx_writer_rows(writer, &rows, &error), PPX_OK);
            checksum = ppx_checksum_rows(checksum, &rows);
        }
        ppx_reader_close(reader);
        assert_int_equal(ppx_writer_close(writer, PPX_OK, &error), PPX_OK);
        test_expect_equal(&got, &wanted, 0, name);
        assert_true(checksum == ppx_image_checksum(&wanted));
        ppx_image back;
        assert_int_equal(ppx_image_read(&back, in_directory(copy), NULL, &error), PPX_OK);
        test_expect_equal(&back, &wanted, 0, copy);
        ppx_image_free(&back);
        ppx_image_free(&got);
        ppx_image_free(&wanted);
    }
}

// ---- Runs ----

// A strip at a time, so that rows move on in every buffer.
static ppx_status stream(const char *spec, uint64_t max_nbytes, const ppx_runner *runner,
                         ppx_stream_result *result, ppx_error *error) {
    ppx_chain *chain;
    if (ppx_chain_parse(&chain, spec, NULL, NULL, error))
        fail_msg("%s", error->text);
    const ppx_stream how = {.input = in_directory("in.npy"),
                            .output = in_directory("out.npy"),
                            .max_nbytes = max_nbytes,
                            .chunk = PPX_STRIP,
                            .nworkers = runner == &ppx_runner_serial ? 1 : 3};
    ppx_status status = ppx_run_stream(chain, runner, &how, NULL, result, error);
    ppx_chain_free(chain);
    return status;
}

static bool is_streamed(const char *spec) {
    ppx_chain *chain;
    ppx_error error;
    if (ppx_chain_parse(&chain, spec, NULL, NULL, &error))
        fail_msg("%s", error.text);
    bool whole = strstr(spec, "=@") != NULL; // an image that is named
    for (size_t k = 0; k < ppx_chain_length(chain); k++) {
        const char *pattern = ppx_kernel_pattern(ppx_chain_kernel(chain, k));
        whole = whole || strstr(pattern, "scan") || strstr(pattern, "join") ||
                strstr(pattern, "transpose") || strstr(pattern, "wavefront") ||
                strstr(pattern, "settle");
    }
    ppx_chain_free(chain);
    return !whole;
}

static void check(const char *spec, const ppx_image *in) {
    ppx_error error = {0};
    static const ppx_runner *const runners[] = {&ppx_runner_serial, &ppx_runner_omp};
    ppx_image wanted = test_run(spec, in, &ppx_runner_serial, NULL);
    for (int r = 0; r < 2; r++) {
        ppx_stream_result result;
        // What it will take is known before it takes it.
        ppx_status status = stream(spec, 1, runners[r], &result, &error);
        if (status != PPX_E_USAGE || !strstr(error.text, "--max-memory"))
            fail_msg("%s in a byte: %s", spec, status ? error.text : "done");
        double megabytes = 0;
        if (sscanf(error.text, "streaming this chain takes %lf MB", &megabytes) != 1)
            fail_msg("%s in a byte: %s", spec, error.text);
        if (stream(spec, (uint64_t)(megabytes * 1e6) + 1000000, runners[r], &result, &error))
            fail_msg("%s: %s", spec, error.text);
        ppx_image got;
        assert_int_equal(ppx_image_read(&got, in_directory("out.npy"), NULL, &error), PPX_OK);
        test_expect_equal(&got, &wanted, 0, spec);
        assert_true(result.checksum == ppx_image_checksum(&wanted));
        assert_true(ppx_shape_equal(result.out, wanted.shape));
        ppx_image_free(&got);
    }
    ppx_image_free(&wanted);
}

static bool takes(const char *spec, ppx_shape shape) {
    ppx_chain *chain;
    ppx_error error;
    ppx_shape out;
    assert_int_equal(ppx_chain_parse(&chain, spec, NULL, NULL, &error), PPX_OK);
    bool does = ppx_chain_shape(chain, shape, &out, &error) == PPX_OK;
    ppx_chain_free(chain);
    return does;
}

// Every kernel's examples; among them rows from afar, loops, and halos deeper than a chunk.
static void test_kernels(void **state) {
    (void)state;
    static const ppx_type types[] = {PPX_U8, PPX_F32};
    size_t n, ntaken = 0;
    const char *const *specs = test_examples(&n);
    for (int t = 0; t < 2; t++) {
        ppx_image in = write_image(test_shape(21, 463, t ? 1 : 3, types[t]), "in.npy", 7);
        for (size_t k = 0; k < n; k++)
            if (is_streamed(specs[k]) && takes(specs[k], in.shape)) {
                check(specs[k], &in);
                ntaken++;
            }
        ppx_image_free(&in);
    }
    assert_true(ntaken > 20);
}

// Several passes, halos that add up, and loops.
static void test_chains(void **state) {
    (void)state;
    static const char *const specs[] = {
        "gaussian:sigma=2+otsu+invert",
        "equalize+median:radius=2+equalize+sobel",
        "box:radius=90+box:radius=70+sobel",
        "sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel+sobel",
        "box:radius=1,border=wrap+flip+erode:radius=3",
        "hough-lines:threshold=20+hough-circles:least=3,most=20,threshold=5",
    };
    ppx_image in = write_image(test_shape(33, 700, 1, PPX_U8), "in.npy", 8);
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++)
        check(specs[k], &in);
    ppx_image_free(&in);
}

// A second image from a file of its own, and a kernel that wants its first input back from far
// above.
static void test_second_inputs(void **state) {
    (void)state;
    ppx_image in = write_image(test_shape(33, 700, 3, PPX_U8), "in.npy", 11);
    ppx_image other = test_second_image("other", in.shape);
    ppx_error error = {0};
    char spec[600], named[600];
    assert_int_equal(ppx_image_write(&other, in_directory("other.png"), NULL, &error), PPX_OK);
    static const char *const kernels[] = {"diff", "invert+blend:alpha=0.3", "ssim"};
    for (int k = 0; k < 3; k++) {
        char join = strchr(kernels[k], ':') ? ',' : ':';
        (void)snprintf(spec, sizeof spec, "%s%cwith=%s", kernels[k], join,
                       in_directory("other.png"));
        (void)snprintf(named, sizeof named, "%s%cwith=other", kernels[k], join);
        ppx_image wanted = test_run(named, &in, &ppx_runner_serial, NULL);
        ppx_stream_result result;
        if (stream(spec, 40 << 20, &ppx_runner_omp, &result, &error))
            fail_msg("%s: %s", spec, error.text);
        assert_true(result.checksum == ppx_image_checksum(&wanted));
        ppx_image_free(&wanted);
    }
    check("tophat:radius=60", &in);
    check("erode:radius=1+tophat:shape=disk,radius=9+gaussian:sigma=1", &in);
    ppx_image_free(&other);
    ppx_image_free(&in);
}

// Far fewer rows in memory than the image has.
static void test_memory(void **state) {
    (void)state;
    ppx_image in = write_image(test_shape(4000, 3000, 1, PPX_U16), "in.npy", 9); // 24 MB
    ppx_stream_result result;
    ppx_error error = {0};
    if (stream("gaussian:sigma=2+sobel+equalize", (16 << 20) + 9000000, &ppx_runner_serial, &result,
               &error))
        fail_msg("%s", error.text);
    assert_int_equal(result.passes, 2);
    ppx_image_free(&in);
}

static void test_refused(void **state) {
    (void)state;
    ppx_image in = write_image(test_shape(50, 70, 1, PPX_U8), "in.npy", 10);
    ppx_stream_result result;
    ppx_error error = {0};
    static const char *const specs[] = {"label", "integral", "otsu+label"};
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        empty_directory();
        ppx_image_free(&in);
        in = write_image(test_shape(50, 70, 1, PPX_U8), "in.npy", 10);
        assert_int_equal(stream(specs[k], 1 << 30, &ppx_runner_serial, &result, &error),
                         PPX_E_USAGE);
        assert_non_null(strstr(error.text, "needs the whole image"));
        assert_int_equal(count_entries(files_directory), 1); // no output, not even a part
    }
    ppx_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_chains), cmocka_unit_test(test_second_inputs),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("stream", tests, files_setup, files_teardown);
}
