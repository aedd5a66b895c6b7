// output.c: files that appear under their name whole or not at all.
//
// The bytes go into a file without a name in the target's directory (O_TMPFILE), which the system
// removes by itself when the process dies; once complete it gets a hidden name and is renamed over
// the target. Where there are no nameless files the hidden name is there from the start, and only a
// kill leaves it behind. Atomic against a kill is not durable against a power cut: nothing is
// synced. Devices, fifos and standard output are written in place. Who replaces a file through a
// symbolic link replaces what it points at. Ownership and modes of the old file are not preserved,
// but one that is write-protected is refused.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats.h"

enum { BUFFER = 256 * 1024, MOST_AT_ONCE = 1 << 30, NAMES_TO_TRY = 100, LINKS = 40 };

// Where a path leads: to a file in a directory, to be replaced or made, or to something to write
// in place.
typedef struct target {
    bool in_place;
    char directory[PATH_MAX];
    char base[256];
} target;

static ppx_status refused(const char *name, ppx_error *error) {
    return ppx_fail_errno(error, PPX_E_SYSTEM, name, errno);
}

// "a/b/c" into "a/b" and "c", "c" into "." and "c", "/c" into "/" and "c".
static bool split(const char *path, target *to) {
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t length = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (strlen(base) >= sizeof to->base || length >= sizeof to->directory) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)snprintf(to->base, sizeof to->base, "%s", base);
    (void)snprintf(to->directory, sizeof to->directory, "%.*s", (int)length, path);
    if (!length)
        (void)snprintf(to->directory, sizeof to->directory, ".");
    return true;
}

// Follows a symbolic link whose end does not exist yet, one link at a time (realpath knows only
// what exists).
static bool follow(char path[PATH_MAX], target *to) {
    char link[PATH_MAX];
    for (int n = 0; n < LINKS; n++) {
        if (!split(path, to))
            return false;
        ssize_t length = readlink(path, link, sizeof link - 1);
        if (length < 0)
            return errno == ENOENT || errno == EINVAL; // the end, or no link
        link[length] = 0;
        bool absolute = link[0] == '/';
        int made = absolute ? snprintf(path, PATH_MAX, "%s", link)
                            : snprintf(path, PATH_MAX, "%s/%s", to->directory, link);
        if (made < 0 || made >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return false;
        }
    }
    errno = ELOOP;
    return false;
}

static ppx_status resolve(const char *path, const char *name, target *to, ppx_error *error) {
    *to = (target){0};
    if (!*path)
        return ppx_fail(error, PPX_E_USAGE, "the name of an output file is empty");
    if (strcmp(path, "-") == 0) {
        to->in_place = true;
        return PPX_OK;
    }
    struct stat about;
    char real[PATH_MAX];
    bool exists = stat(path, &about) == 0;
    if (!exists && errno != ENOENT)
        return refused(name, error);
    if ((exists && S_ISDIR(about.st_mode)) || path[strlen(path) - 1] == '/')
        return ppx_fail(error, PPX_E_USAGE, "%s: a directory; name a file in it", name);
    to->in_place = exists && !S_ISREG(about.st_mode);
    if (exists && access(path, W_OK))
        return refused(name, error);
    if (to->in_place)
        return PPX_OK;
    if (!exists) {
        int length = snprintf(real, sizeof real, "%s", path);
        errno = ENAMETOOLONG;
        if (length < 0 || length >= PATH_MAX || !follow(real, to))
            return refused(name, error);
    } else if (!realpath(path, real) || !split(real, to)) {
        return refused(name, error);
    }
    char shown[PPX_FILE_NAME];
    ppx_file_name(shown, to->directory, "./-");
    if (stat(to->directory, &about))
        return errno == ENOENT
                   ? ppx_fail(error, PPX_E_SYSTEM, "%s: there is no directory %s; make it first",
                              name, shown)
                   : refused(name, error);
    if (access(to->directory, W_OK | X_OK))
        return refused(shown, error);
    return PPX_OK;
}

ppx_status ppx_output_check(const char *path, ppx_error *error) {
    char name[PPX_FILE_NAME];
    ppx_file_name(name, path, "standard output");
    target to;
    return resolve(path, name, &to, error);
}

// ---- The file until it is complete --------------------------------------------------------------

// A hidden name that nobody else has; `make` gives it to the file and fails with EEXIST if taken.
static bool name_it(ppx_output *output, bool (*make)(ppx_output *output)) {
    for (int n = 0; n < NAMES_TO_TRY; n++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
            random = ((uint64_t)getpid() << 32) + (uint64_t)n;
        (void)snprintf(output->temporary, sizeof output->temporary, ".parpix-%016jx",
                       (uintmax_t)random);
        if (make(output))
            return true;
        if (errno != EEXIST)
            break;
    }
    output->temporary[0] = 0;
    return false;
}

static void descriptor_path(const ppx_output *output, char path[32]) {
    (void)snprintf(path, 32, "/proc/self/fd/%d", output->fd);
}

static bool make_link(ppx_output *output) {
    char path[32];
    descriptor_path(output, path);
    return linkat(AT_FDCWD, path, output->directory, output->temporary, AT_SYMLINK_FOLLOW) == 0;
}

static bool make_file(ppx_output *output) {
    output->fd =
        openat(output->directory, output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return output->fd >= 0;
}

static bool open_hidden(ppx_output *output, const target *to) {
    memcpy(output->base, to->base, sizeof output->base);
    output->directory = open(to->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (output->directory < 0)
        return false;
    output->fd = openat(output->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (output->fd >= 0) {
        char path[32];
        descriptor_path(output, path);
        output->nameless = access(path, F_OK) == 0; // without /proc it could never get a name
        if (output->nameless)
            return true;
        (void)close(output->fd);
    }
    return name_it(output, make_file);
}

ppx_status ppx_output_open(ppx_output *output, const char *path, ppx_error *error) {
    *output = (ppx_output){.fd = -1, .directory = -1, .standard = strcmp(path, "-") == 0};
    ppx_file_name(output->name, path, "standard output");
    target to;
    ppx_status status = resolve(path, output->name, &to, error);
    if (status)
        return status;
    output->buffer = ppx_alloc(BUFFER);
    if (!output->buffer)
        return ppx_fail(error, PPX_E_MEMORY, "%s: no memory for a buffer", output->name);
    bool opened = true;
    if (!to.in_place)
        opened = open_hidden(output, &to);
    else if (output->standard)
        output->fd = STDOUT_FILENO;
    else
        opened = (output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)) >= 0;
    if (!opened)
        output->failed = errno;
    return opened ? PPX_OK : ppx_output_close(output, PPX_OK, error);
}

// ---- Writing ------------------------------------------------------------------------------------

static bool write_out(ppx_output *output, const void *bytes, size_t nbytes) {
    const char *from = bytes;
    while (nbytes && !output->failed) {
        ssize_t done = write(output->fd, from, nbytes < MOST_AT_ONCE ? nbytes : MOST_AT_ONCE);
        if (done < 0 && errno != EINTR)
            output->failed = errno;
        if (done > 0) {
            from += done;
            nbytes -= (size_t)done;
        }
    }
    return !output->failed;
}

static bool flush(ppx_output *output) {
    size_t nbytes = output->used;
    output->used = 0;
    return write_out(output, output->buffer, nbytes);
}

bool ppx_output_write(ppx_output *output, const void *bytes, size_t nbytes) {
    const char *from = bytes;
    while (nbytes && !output->failed) {
        if (!output->used && nbytes >= BUFFER)
            return write_out(output, from, nbytes);
        size_t n = BUFFER - output->used;
        n = n < nbytes ? n : nbytes;
        memcpy(output->buffer + output->used, from, n);
        output->used += n;
        from += n;
        nbytes -= n;
        if (output->used == BUFFER)
            (void)flush(output);
    }
    return !output->failed;
}

bool ppx_output_write_swapped(ppx_output *output, const void *samples, size_t count, size_t each) {
    uint32_t part[1024];
    size_t most = sizeof part / each;
    const char *from = samples;
    while (count && !output->failed) {
        size_t n = count < most ? count : most;
        memcpy(part, from, n * each);
        ppx_swap_samples(part, n, each);
        (void)ppx_output_write(output, part, n * each);
        from += n * each;
        count -= n;
    }
    return !output->failed;
}

// Close before rename: some file systems tell of a full disk only when a file is closed.
static void finish(ppx_output *output, bool keep) {
    if (keep && output->nameless && !name_it(output, make_link))
        output->failed = errno;
    if (output->fd >= 0 && !output->standard && close(output->fd) && !output->failed)
        output->failed = errno;
    if (output->temporary[0]) {
        keep = keep && !output->failed;
        if (keep && renameat(output->directory, output->temporary, output->directory, output->base))
            output->failed = errno;
        if (!keep || output->failed)
            (void)unlinkat(output->directory, output->temporary, 0);
    }
    if (output->directory >= 0)
        (void)close(output->directory);
}

ppx_status ppx_output_close(ppx_output *output, ppx_status status, ppx_error *error) {
    bool keep = !status && !output->failed && flush(output);
    finish(output, keep);
    ppx_free(output->buffer);
    if (!status && output->failed)
        status = ppx_fail_errno(error, PPX_E_SYSTEM, output->name, output->failed);
    *output = (ppx_output){.fd = -1, .directory = -1};
    return status;
}

ppx_status ppx_text_write(const char *text, size_t nbytes, const char *path, ppx_error *error) {
    ppx_output output;
    ppx_status status = ppx_output_open(&output, path, error);
    if (status)
        return status;
    (void)ppx_output_write(&output, text, nbytes);
    return ppx_output_close(&output, PPX_OK, error);
}
