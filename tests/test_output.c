// test_output.c: files appear whole or not at all, and what is written in place says when it fails.
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../formats/formats.h"

// In place of the C library's, so that a file system without nameless files, and one that tells of
// a full disk when a file is closed, can be had anywhere.
static bool no_nameless;
static int close_fails; // with that errno

int openat(int directory, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (no_nameless && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

int close(int fd) {
    int result = (int)syscall(SYS_close, fd);
    if (!close_fails)
        return result;
    errno = close_fails;
    return -1;
}

static ppx_image some_image(int seed) {
    return test_image(test_shape(400, 300, 1, PPX_U8), TEST_NOISE, (uint64_t)seed);
}

static void expect_only(const char *name) {
    if (count_entries(files_directory) != 1 || access(in_directory(name), F_OK))
        fail_msg("%s is not the only file", name);
}

static int open_files(void) {
    return count_entries("/proc/self/fd");
}

static const char *const names[] = {"a.png", "a.pgm", "a.npy"};

// The disk full in the middle: a limit on the size of files does the same. Cuts at the
// start, in the header, between buffers, near the end and one byte (of PGM) before it.
static void failing_write(void) {
    struct rlimit before, tight;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    static const rlim_t cuts[] = {0, 1, 100, 65536, 119000, 120014};
    ppx_image image = some_image(1);
    int nopen = open_files();
    for (int k = 0; k < 3; k++)
        for (int cut = 0; cut < 6; cut++)
            for (int old = 0; old < 2; old++) {
                if (old)
                    put_file(in_directory(names[k]), "old", 3);
                tight = before;
                tight.rlim_cur = cuts[cut];
                assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
                ppx_error error = {0};
                ppx_status status = ppx_image_write(&image, in_directory(names[k]), NULL, &error);
                assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
                assert_int_equal(status, PPX_E_SYSTEM);
                expect_text(error.text, names[k]);
                expect_text(error.text, ": file too large");
                assert_int_equal(count_entries(files_directory), old);
                if (old) {
                    size_t nbytes;
                    unsigned char *file = get_file(in_directory(names[k]), &nbytes);
                    assert_string_equal((char *)file, "old");
                    free(file);
                }
                empty_directory();
            }
    assert_int_equal(open_files(), nopen);
    (void)signal(SIGXFSZ, handler);
    ppx_image_free(&image);
}

static void test_failing_write(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        no_nameless = k;
        failing_write();
    }
    no_nameless = false;
}

static void failing_end(void) {
    ppx_output output;
    ppx_error error = {0};
    put_file(in_directory("a.txt"), "old", 3);
    close_fails = ENOSPC;
    ppx_status status = ppx_text_write("new", 3, in_directory("a.txt"), &error);
    close_fails = 0;
    assert_int_equal(status, PPX_E_SYSTEM);
    expect_text(error.text, "/a.txt: no space left on device");
    expect_only("a.txt");
    size_t nbytes;
    unsigned char *file = get_file(in_directory("a.txt"), &nbytes);
    assert_string_equal((char *)file, "old");
    free(file);
    // The target becomes a directory meanwhile.
    empty_directory();
    assert_int_equal(ppx_output_open(&output, in_directory("a.txt"), &error), PPX_OK);
    assert_int_equal(mkdir(in_directory("a.txt"), 0777), 0);
    assert_true(ppx_output_write(&output, "new", 3));
    assert_int_equal(ppx_output_close(&output, PPX_OK, &error), PPX_E_SYSTEM);
    expect_text(error.text, "/a.txt: is a directory");
    expect_only("a.txt");
    empty_directory();
    // Given up by who writes.
    assert_int_equal(ppx_output_open(&output, in_directory("a.txt"), &error), PPX_OK);
    assert_true(ppx_output_write(&output, "new", 3));
    assert_int_equal(ppx_output_close(&output, PPX_E_USAGE, &error), PPX_E_USAGE);
    assert_int_equal(count_entries(files_directory), 0);
}

static void test_failing_end(void **state) {
    (void)state;
    int nopen = open_files();
    for (int k = 0; k < 2; k++) {
        no_nameless = k;
        failing_end();
    }
    no_nameless = false;
    assert_int_equal(open_files(), nopen);
}

// A reader never sees a part: the name leads to the old file until the new one is complete.
static void replaces_whole(void) {
    ppx_image image = some_image(2);
    ppx_error error;
    put_file(in_directory("a.png"), "old", 3);
    assert_int_equal(chmod(in_directory("a.png"), 0600), 0);
    int old = open(in_directory("a.png"), O_RDONLY);
    mode_t mask = umask(0027);
    assert_int_equal(ppx_image_write(&image, in_directory("a.png"), NULL, &error), PPX_OK);
    (void)umask(mask);
    expect_only("a.png");
    char held[8] = "";
    assert_int_equal(read(old, held, sizeof held), 3);
    (void)close(old);
    struct stat about;
    assert_int_equal(stat(in_directory("a.png"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0640);
    ppx_image back = read_file(in_directory("a.png"));
    test_expect_equal(&back, &image, 0, "replaced");
    ppx_image_free(&back);
    ppx_image_free(&image);
    empty_directory();
}

static void test_replaces_whole(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        no_nameless = k;
        replaces_whole();
    }
    no_nameless = false;
}

// Killed while it writes, by the signal of a file that grows too large.
static void test_killed(void **state) {
    (void)state;
    put_file(in_directory("a.npy"), "old", 3);
    ppx_image image = test_image(test_shape(1000, 1000, 1, PPX_U8), TEST_NOISE, 2);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit tight = {500000, 500000}, no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)setrlimit(RLIMIT_FSIZE, &tight);
        (void)signal(SIGXFSZ, SIG_DFL);
        (void)ppx_image_write(&image, in_directory("a.npy"), NULL, NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    size_t nbytes;
    unsigned char *file = get_file(in_directory("a.npy"), &nbytes);
    assert_string_equal((char *)file, "old");
    free(file);
    expect_only("a.npy"); // where there are nameless files, as on every file system of note
    ppx_image_free(&image);
    empty_directory();
}

static void test_devices(void **state) {
    (void)state;
    ppx_image image = some_image(3);
    ppx_error error = {0};
    assert_int_equal(ppx_image_write(&image, "/dev/null", NULL, &error), PPX_OK);
    struct stat about;
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
    for (int k = 0; k < 3; k++) {
        static const char *const formats[] = {"png", "pnm", "npy"};
        ppx_write_options options = {.format = formats[k]};
        assert_int_equal(ppx_image_write(&image, "/dev/full", &options, &error), PPX_E_SYSTEM);
        assert_string_equal(error.text, "/dev/full: no space left on device");
        assert_int_equal(symlink("/dev/full", in_directory("full")), 0);
        assert_int_equal(ppx_image_write(&image, in_directory("full"), &options, &error),
                         PPX_E_SYSTEM);
        expect_only("full");
        empty_directory();
    }
    assert_int_equal(ppx_text_write("x", 1, "/dev/full", &error), PPX_E_SYSTEM);
    ppx_image_free(&image);
}

static void test_links(void **state) {
    (void)state;
    ppx_image image = some_image(4);
    ppx_error error = {0};
    assert_int_equal(mkdir(in_directory("there"), 0777), 0);
    put_file(in_directory("there/old.png"), "old", 3);
    assert_int_equal(symlink("there/old.png", in_directory("old.png")), 0);
    assert_int_equal(symlink("there/second.png", in_directory("first.png")), 0);
    assert_int_equal(symlink("new.png", in_directory("there/second.png")), 0);
    assert_int_equal(symlink("loop.png", in_directory("loop.png")), 0);
    assert_int_equal(symlink("nowhere/a.png", in_directory("lost.png")), 0);
    static const char *const pairs[2][2] = {{"old.png", "there/old.png"},
                                            {"first.png", "there/new.png"}};
    for (int k = 0; k < 2; k++) {
        struct stat about;
        if (ppx_image_writable(image.shape, in_directory(pairs[k][0]), NULL, &error) ||
            ppx_image_write(&image, in_directory(pairs[k][0]), NULL, &error))
            fail_msg("%s", error.text);
        assert_int_equal(lstat(in_directory(pairs[k][0]), &about), 0);
        assert_true(S_ISLNK(about.st_mode));
        assert_int_equal(lstat(in_directory(pairs[k][1]), &about), 0);
        assert_true(S_ISREG(about.st_mode));
    }
    assert_int_equal(count_entries(in_directory("there")), 3);
    assert_int_equal(ppx_image_write(&image, in_directory("loop.png"), NULL, &error), PPX_E_SYSTEM);
    expect_text(error.text, "too many levels of symbolic links");
    assert_int_equal(ppx_image_write(&image, in_directory("lost.png"), NULL, &error), PPX_E_SYSTEM);
    expect_text(error.text, "there is no directory ");
    ppx_image_free(&image);
    for (int k = 0; k < 3; k++) {
        static const char *const inside[] = {"there/old.png", "there/second.png", "there/new.png"};
        (void)unlink(in_directory(inside[k]));
    }
    empty_directory();
}

static void test_writable(void **state) {
    (void)state;
    static const struct {
        const char *name, *part;
        ppx_status status;
    } cases[] = {
        {"a.png", "", PPX_OK},
        {"none/a.png", "make it first", PPX_E_SYSTEM},
        {"folder.png", "a directory; name a file in it", PPX_E_USAGE},
        {"none.png/", "does not say the format", PPX_E_USAGE},
        {"file/a.png", "not a directory", PPX_E_SYSTEM},
    };
    ppx_image image = some_image(5);
    assert_int_equal(mkdir(in_directory("folder.png"), 0777), 0);
    put_file(in_directory("file"), "", 0);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ppx_error early = {0}, late = {0};
        const char *path = in_directory(cases[k].name);
        assert_int_equal(ppx_image_writable(image.shape, path, NULL, &early), cases[k].status);
        assert_int_equal(ppx_image_write(&image, path, NULL, &late), cases[k].status);
        assert_string_equal(early.text, late.text);
        expect_text(early.text, cases[k].part);
    }
    ppx_error error;
    assert_int_equal(ppx_image_writable(image.shape, "", NULL, &error), PPX_E_USAGE);
    assert_int_equal(ppx_text_write("", 0, "", &error), PPX_E_USAGE);
    expect_text(error.text, "empty");
    assert_int_equal(ppx_image_writable(image.shape, in_directory("b.png"), NULL, &error), PPX_OK);
    assert_int_not_equal(access(in_directory("b.png"), F_OK), 0);
    ppx_image_free(&image);
    empty_directory();
}

// Permissions bind users, not root: tried as another user when the tests run as root.
static void test_protected(void **state) {
    (void)state;
    put_file(in_directory("a.png"), "old", 3);
    assert_int_equal(chmod(in_directory("a.png"), 0444), 0);
    assert_int_equal(chmod(files_directory, 0777), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534))
            _exit(9);
        ppx_shape shape = test_shape(1, 1, 1, PPX_U8);
        ppx_error error = {0};
        int wrong = ppx_image_writable(shape, in_directory("a.png"), NULL, &error) != PPX_E_SYSTEM;
        wrong |= !strstr(error.text, "a.png: permission denied");
        wrong |= ppx_image_writable(shape, in_directory("b.png"), NULL, &error) != PPX_OK;
        wrong |= ppx_image_writable(shape, "/etc/b.png", NULL, &error) != PPX_E_SYSTEM;
        wrong |= !strstr(error.text, "/etc: permission denied");
        _exit(wrong);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    empty_directory();
}

// ---- Standard input and output ------------------------------------------------------------------

// Puts one file in place of another in this process; restore with the descriptor returned.
static int redirect(int standard, int to) {
    int saved = dup(standard);
    assert_true(saved >= 0 && dup2(to, standard) == standard);
    (void)close(to);
    return saved;
}

static void restore(int standard, int saved) {
    assert_int_equal(dup2(saved, standard), standard);
    (void)close(saved);
}

// A child writes "-" into a pipe in pieces as the pipe takes them; the parent reads "-".
static void through_pipe(ppx_image *image, const ppx_write_options *options) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        (void)redirect(STDOUT_FILENO, ends[1]);
        _exit(ppx_image_write(image, "-", options, NULL) != PPX_OK ||
              fcntl(STDOUT_FILENO, F_GETFD) < 0);
    }
    (void)close(ends[1]);
    int saved = redirect(STDIN_FILENO, ends[0]), status;
    ppx_image back = read_file("-");
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    restore(STDIN_FILENO, saved);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    test_expect_equal(&back, image, 0, "through a pipe");
    ppx_image_free(&back);
}

static void test_pipes(void **state) {
    (void)state;
    static const char *const formats[] = {NULL, "pnm", "npy"};
    for (int k = 0; k < 3; k++) {
        ppx_write_options options = {.format = formats[k]};
        ppx_image image = test_image(test_shape(700, 300, 3, PPX_U16), TEST_NOISE, 5);
        through_pipe(&image, &options);
        ppx_image_free(&image);
    }
}

static void test_standard_failures(void **state) {
    (void)state;
    ppx_image image = some_image(6), none;
    ppx_error full = {0}, broken = {0}, cut = {0}, unread = {0};
    int ends[2], saved = redirect(STDOUT_FILENO, open("/dev/full", O_WRONLY));
    ppx_status of_full = ppx_image_write(&image, "-", NULL, &full);
    restore(STDOUT_FILENO, saved);
    assert_int_equal(of_full, PPX_E_SYSTEM);
    assert_string_equal(full.text, "standard output: no space left on device");

    void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    saved = redirect(STDOUT_FILENO, ends[1]);
    ppx_status of_broken = ppx_text_write("text", 4, "-", &broken);
    restore(STDOUT_FILENO, saved);
    (void)signal(SIGPIPE, handler);
    assert_int_equal(of_broken, PPX_E_SYSTEM);
    assert_string_equal(broken.text, "standard output: broken pipe");

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "P5 3 3 255 12345", 16), 16);
    (void)close(ends[1]);
    saved = redirect(STDIN_FILENO, ends[0]);
    ppx_status of_cut = ppx_image_read(&none, "-", NULL, &cut);
    restore(STDIN_FILENO, saved);
    assert_int_equal(of_cut, PPX_E_INPUT);
    assert_string_equal(cut.text, "standard input: the file ends in row 2 of 3; it is truncated");

    saved = redirect(STDIN_FILENO, open("/dev/null", O_WRONLY)); // cannot be read
    ppx_status of_unread = ppx_image_read(&none, "-", NULL, &unread);
    restore(STDIN_FILENO, saved);
    assert_int_equal(of_unread, PPX_E_SYSTEM);
    assert_string_equal(unread.text, "standard input: bad file descriptor");
    ppx_image_free(&image);
}

// ---- Texts --------------------------------------------------------------------------------------

static void test_texts(void **state) {
    (void)state;
    static char long_text[(1 << 20) + 2];
    static const size_t lengths[] = {0, 1, 65536, 1 << 20};
    char *back;
    ppx_error error = {0};
    memset(long_text, 'x', sizeof long_text - 1);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(ppx_text_write(long_text, lengths[k], in_directory("t"), &error), PPX_OK);
        assert_int_equal(ppx_text_read(&back, in_directory("t"), &error), PPX_OK);
        assert_int_equal(strlen(back), lengths[k]);
        ppx_free(back);
    }
    assert_int_equal(ppx_text_write(long_text, (1 << 20) + 1, in_directory("t"), &error), PPX_OK);
    assert_int_equal(ppx_text_read(&back, in_directory("t"), &error), PPX_E_INPUT);
    assert_null(back);
    expect_text(error.text, "/t: longer than 1 MiB");
    assert_int_equal(ppx_text_write("ab\0c", 4, in_directory("t"), &error), PPX_OK);
    assert_int_equal(ppx_text_read(&back, in_directory("t"), &error), PPX_E_INPUT);
    expect_text(error.text, "byte 2 is zero");
    assert_int_equal(ppx_text_read(&back, in_directory("none"), &error), PPX_E_INPUT);
    assert_int_equal(ppx_text_read(&back, files_directory, &error), PPX_E_INPUT);
    assert_int_equal(ppx_text_read(&back, "/proc/self/status", &error),
                     PPX_OK); // size 0, says stat
    assert_true(strlen(back) > 100);
    ppx_free(back);
    expect_only("t");
    empty_directory();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failing_write),
        cmocka_unit_test(test_failing_end),
        cmocka_unit_test(test_replaces_whole),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_writable),
        cmocka_unit_test(test_protected),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_standard_failures),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
