// files.h: a directory of the test's own, and files in it made and read without the library. To be
// included first.
#ifndef PPX_TEST_FILES_H
#define PPX_TEST_FILES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static char files_directory[256];

static inline int files_setup(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(files_directory, sizeof files_directory, "%s/parpix-XXXXXX",
                   base && *base ? base : "/tmp");
    return mkdtemp(files_directory) ? 0 : -1;
}

// The path of a file in the directory; one of four buffers that take turns.
static inline const char *in_directory(const char *name) {
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", files_directory, name);
    return path;
}

// Entries of a directory but for . and ..
static inline int count_entries(const char *path) {
    DIR *directory = opendir(path);
    assert_non_null(directory);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(directory);
    return n;
}

static inline void empty_directory(void) {
    DIR *directory = opendir(files_directory);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        (void)remove(in_directory(entry->d_name)); // . and .. refuse
    (void)closedir(directory);
}

static inline int files_teardown(void **state) {
    (void)state;
    empty_directory();
    return rmdir(files_directory);
}

static inline void put_file(const char *path, const void *bytes, size_t nbytes) {
    (void)unlink(path); // some file systems wait for the disk when a file is cut and rewritten
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, nbytes, file) != nbytes || fclose(file))
        fail_msg("cannot write %s", path);
}

// The whole file, with a zero behind it; the caller frees it.
static inline unsigned char *get_file(const char *path, size_t *nbytes) {
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot read %s", path);
    size_t room = 1 << 16;
    unsigned char *bytes = malloc(room + 1);
    *nbytes = 0;
    for (size_t got; (got = fread(bytes + *nbytes, 1, room - *nbytes, file)) > 0;)
        if ((*nbytes += got) == room)
            bytes = realloc(bytes, 2 * room + 1), room *= 2;
    bytes[*nbytes] = 0;
    (void)fclose(file);
    return bytes;
}

static inline ppx_image read_file(const char *path) {
    ppx_image image;
    ppx_error error;
    if (ppx_image_read(&image, path, NULL, &error))
        fail_msg("%s", error.text);
    return image;
}

static inline void expect_text(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

#endif
