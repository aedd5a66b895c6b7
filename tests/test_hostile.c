// test_hostile.c: damaged files give an error or an image, and nothing else. Meant to run under the
// address and undefined-behaviour sanitizers as well.
#include "files.h"
#include "png_maker.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { LIMIT = 1000000 };

static bytes from_text(const char *text, size_t nbytes) {
    bytes file = {0};
    add(&file, text, nbytes);
    return file;
}
#define FROM(text) from_text(text, sizeof(text) - 1)

static bytes make_npy(int version, const char *header, const char *samples) {
    bytes file = from_text("\x93NUMPY", 6);
    unsigned char start[6] = {(unsigned char)version, 0, (unsigned char)strlen(header)};
    add(&file, start, version == 1 ? 4 : 6);
    add(&file, header, strlen(header));
    add(&file, samples, strlen(samples));
    return file;
}

enum { NPNGS = 9, NSEEDS = NPNGS + 8 };

// Small files of every format.
static void make_seeds(bytes seeds[NSEEDS]) {
    static const png_kind pngs[NPNGS] = {
        {0, 1, true, true, 7, 5},  {0, 8, false, false, 7, 5},  {0, 16, false, true, 5, 3},
        {2, 8, true, true, 5, 4},  {2, 16, false, false, 3, 3}, {3, 2, false, true, 9, 4},
        {3, 4, true, false, 6, 6}, {4, 16, true, false, 3, 4},  {6, 8, false, false, 4, 4}};
    for (int k = 0; k < NPNGS; k++)
        seeds[k] = make_png(pngs[k]);
    bytes *more = seeds + NPNGS;
    more[0] = FROM("P1\n# bits\n5 2\n10101\n0 1 0 1 0\n");
    more[1] = FROM("P2\n3 2\n# gray\n99\n0 1 2\n97 98 99\n");
    more[2] = FROM("P4\n11 2\n\x12\x34\x56\x78");
    more[3] = FROM("P5 3 2 255\n123456");
    more[4] = FROM("P5 2 2 1000 \1\2\1\3\3\1\0\3");
    more[5] = FROM("P7\nWIDTH 2\nHEIGHT 2\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
                   "12345678");
    more[6] = make_npy(1, "{'descr': '>u2', 'fortran_order': False, 'shape': (2, 2, 3), }    \n",
                       "123456789012345678901234");
    more[7] =
        make_npy(2, "{'shape': (3L, 4), 'descr': '|b1', 'fortran_order': False }", "123456789012");
}

// Reads what path leads to and checks whatever comes. Returns whether it was an image.
static bool survive(const char *path) {
    ppx_image image;
    ppx_error error = {0};
    ppx_read_options options = {.max_pixels = LIMIT};
    memset(&image, 0x55, sizeof image);
    ppx_status status = ppx_image_read(&image, path, &options, &error);
    if (status) {
        assert_true(status == PPX_E_INPUT || status == PPX_E_SYSTEM);
        assert_int_equal(error.status, status);
        assert_true(strlen(error.text) > 10);
        for (const char *p = error.text; *p; p++)
            assert_true((unsigned char)*p >= ' ');
        assert_null(image.own);
        assert_null(image.data);
        return false;
    }
    ppx_shape s = image.shape;
    assert_true(s.width >= 1 && s.height >= 1 && s.channels >= 1 && s.channels <= 4);
    assert_true(s.width * s.height <= LIMIT);
    assert_true(s.type <= PPX_F32 && image.stride >= (ptrdiff_t)ppx_shape_row_nbytes(s));
    for (ptrdiff_t y = 0; y < s.height; y++) // every sample is there
        assert_true(test_sample(&image, s.width - 1, y, s.channels - 1) <= UINT32_MAX);
    ppx_image_free(&image);
    return true;
}

// A file with a name would wait for the disk at each of many thousand turns.
static bool survive_bytes(const unsigned char *data, size_t nbytes) {
    char path[40];
    int fd = memfd_create("hostile", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, nbytes), nbytes);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool image = survive(path);
    (void)close(fd);
    return image;
}

// A pipe does not say how long it is.
static bool survive_pipe(const unsigned char *data, size_t nbytes) {
    int ends[2];
    char path[40];
    assert_int_equal(pipe(ends), 0);
    if (nbytes)
        assert_int_equal(write(ends[1], data, nbytes), nbytes);
    (void)close(ends[1]);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    bool image = survive(path);
    (void)close(ends[0]);
    return image;
}

static const unsigned char *at_data;

// Does the file hold all of its image when cut there? PNG wants every byte, plain numbers may lose
// what follows the last one.
static bool may_live(int seed, size_t n, size_t nbytes) {
    return n == nbytes ||
           (seed >= NPNGS && seed < NPNGS + 2 && n + 2 >= nbytes && at_data[nbytes - 1] == '\n');
}

static void test_truncated(void **state) {
    (void)state;
    bytes seeds[NSEEDS];
    make_seeds(seeds);
    for (int k = 0; k < NSEEDS; k++) {
        at_data = seeds[k].data;
        for (size_t n = 0; n <= seeds[k].n; n++) {
            bool lived = survive_bytes(seeds[k].data, n);
            if (lived != survive_pipe(seeds[k].data, n))
                fail_msg("seed %d cut to %zu of %zu: a pipe and a file differ", k, n, seeds[k].n);
            if (n == seeds[k].n ? !lived : lived && !may_live(k, n, seeds[k].n))
                fail_msg("seed %d cut to %zu of %zu bytes was %s", k, n, seeds[k].n,
                         lived ? "taken" : "refused");
        }
        free(seeds[k].data);
    }
}

// Makes every checksum of a PNG right again, as far as its chunks can be followed, so that damage
// gets past the first gate.
static void mend(unsigned char *data, size_t nbytes) {
    for (size_t at = 8; at + 12 <= nbytes;) {
        size_t n = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 |
                   data[at + 3];
        if (n > nbytes - at - 12)
            return;
        uLong sum = crc32(0, data + at + 4, (uInt)n + 4);
        for (int k = 0; k < 4; k++)
            data[at + 8 + n + (size_t)k] = (unsigned char)(sum >> (24 - 8 * k));
        at += 12 + n;
    }
}

static void test_damaged(void **state) {
    (void)state;
    bytes seeds[NSEEDS];
    make_seeds(seeds);
    int images = 0;
    for (int k = 0; k < NSEEDS; k++) {
        unsigned char *copy = malloc(seeds[k].n);
        for (size_t n = 0; n < seeds[k].n; n++)
            for (int how = 0; how < 4; how++) {
                unsigned char was = seeds[k].data[n];
                unsigned char becomes[4] = {was ^ 0xff, was ^ 1, 0, 255};
                memcpy(copy, seeds[k].data, seeds[k].n);
                copy[n] = becomes[how];
                bool lived = survive_bytes(copy, seeds[k].n);
                if (k < NPNGS && lived && becomes[how] != was)
                    fail_msg("PNG %d with byte %zu damaged was taken", k, n);
                if (k < NPNGS) {
                    mend(copy, seeds[k].n);
                    images += survive_bytes(copy, seeds[k].n);
                }
            }
        free(copy);
        free(seeds[k].data);
    }
    assert_true(images > 100); // mending works
}

// Several bytes at once, anywhere, also through pipes.
static void test_random_damage(void **state) {
    (void)state;
    bytes seeds[NSEEDS];
    make_seeds(seeds);
    for (int k = 0; k < NSEEDS; k++) {
        unsigned char *copy = malloc(seeds[k].n);
        for (uint64_t turn = 0; turn < 200; turn++) {
            memcpy(copy, seeds[k].data, seeds[k].n);
            uint64_t random = test_random(11, turn * NSEEDS + (uint64_t)k);
            for (uint64_t m = 0; m <= random % 4; m++)
                copy[test_random(random, 2 * m) % seeds[k].n] =
                    (unsigned char)test_random(random, 2 * m + 1);
            if (k < NPNGS)
                mend(copy, seeds[k].n);
            if (turn % 2)
                (void)survive_pipe(copy, seeds[k].n);
            else
                (void)survive_bytes(copy, seeds[k].n);
        }
        free(copy);
        free(seeds[k].data);
    }
}

// Headers that claim what no memory holds, in files of a few bytes; checked against the limits
// that are in force by default.
static void refuse(bytes file, const char *part) {
    for (int piped = 0; piped < 2; piped++) {
        ppx_image image;
        ppx_error error = {0};
        char path[40] = "";
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], file.data, file.n), file.n);
        (void)close(ends[1]);
        put_file(in_directory("claim"), file.data, file.n);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        assert_int_equal(ppx_image_read(&image, piped ? path : in_directory("claim"), NULL, &error),
                         PPX_E_INPUT);
        expect_text(error.text, part);
        (void)close(ends[0]);
    }
    free(file.data);
}

static bytes claiming_png(uint32_t width, uint32_t height) {
    bytes file = make_png((png_kind){0, 8, false, false, 2, 2});
    for (int k = 0; k < 4; k++) {
        file.data[16 + k] = (unsigned char)(width >> (24 - 8 * k));
        file.data[20 + k] = (unsigned char)(height >> (24 - 8 * k));
    }
    mend(file.data, file.n);
    return file;
}

static void test_claims(void **state) {
    (void)state;
    refuse(claiming_png(1, 2147483647), "1 x 2147483647 pixels, above the limit of 1073741824");
    refuse(claiming_png(2147483647, 1), "2147483647 x 1 pixels, above the limit of 1073741824");
    refuse(claiming_png(2147483647, 2147483647), "--max-pixels");
    refuse(claiming_png(4294967295, 4294967295), "damaged in its header");
    refuse(claiming_png(0, 5), "damaged in its header");
    refuse(FROM("P5 1 2147483648 255 x"), "--max-pixels");
    refuse(FROM("P1 4294967296 4294967296 1"), "--max-pixels");
    refuse(FROM("P7\nWIDTH 9223372036854775807\nHEIGHT 2\nDEPTH 4\nMAXVAL 65535\nENDHDR\n"),
           "--max-pixels");
    refuse(make_npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2147483648)}", ""),
           "--max-pixels");
    // Within the limit, but more than the file can hold: refused before memory is taken.
    ppx_image image;
    ppx_error error;
    bytes file = claiming_png(32768, 32768);
    put_file(in_directory("claim"), file.data, file.n);
    assert_int_equal(ppx_image_read(&image, in_directory("claim"), NULL, &error), PPX_E_INPUT);
    expect_text(error.text, "too many for a file of");
    free(file.data);
}

// Files open and closed are counted around all the others.
static void test_nothing_left_open(void **state) {
    (void)state;
    int before = count_entries("/proc/self/fd");
    test_claims(state);
    test_random_damage(state);
    assert_int_equal(count_entries("/proc/self/fd"), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_nothing_left_open),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
