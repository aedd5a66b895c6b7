// input.c: bytes of a file that is read once, from front to back, and the messages for when they
// do not suffice.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats.h"

enum { BUFFER = 64 * 1024, MOST_AT_ONCE = 1 << 30, TEXT_MOST = 1 << 20 };

void ppx_file_name(char name[PPX_FILE_NAME], const char *path, const char *dash) {
    const char *from = strcmp(path, "-") == 0 ? dash : path;
    size_t length = strlen(from);
    bool cut = length >= PPX_FILE_NAME;
    if (cut) {
        from += length - (PPX_FILE_NAME - 4);
        while (((unsigned char)*from & 0xc0) == 0x80) // not in the middle of a UTF-8 character
            from++;
    }
    (void)snprintf(name, PPX_FILE_NAME, "%s%s", cut ? "..." : "", from);
    for (char *p = name; *p; p++)
        if (iscntrl((unsigned char)*p))
            *p = '?';
}

ppx_status ppx_fail_errno(ppx_error *error, ppx_status status, const char *name, int number) {
    char space[128];
    const char *text = strerror_r(number, space, sizeof space);
    int first = islower((unsigned char)text[1]) ? tolower((unsigned char)text[0]) : text[0];
    return ppx_fail(error, status, "%s: %c%s", name, first, text + 1);
}

// ---- Bytes --------------------------------------------------------------------------------------

static ppx_status open_failed(ppx_input *input, int number, ppx_error *error) {
    bool wrong = number == ENOENT || number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG;
    ppx_input_close(input);
    return ppx_fail_errno(error, wrong ? PPX_E_INPUT : PPX_E_SYSTEM, input->name, number);
}

ppx_status ppx_input_open(ppx_input *input, const char *path, ppx_error *error) {
    *input = (ppx_input){.nbytes = UINT64_MAX, .fd = -1};
    ppx_file_name(input->name, path, "standard input");
    if (!*path)
        return ppx_fail(error, PPX_E_USAGE, "the name of an input file is empty");
    input->standard = strcmp(path, "-") == 0;
    input->fd = input->standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat about;
    if (input->fd < 0 || fstat(input->fd, &about))
        return open_failed(input, errno, error);
    ppx_status status = PPX_OK;
    if (S_ISDIR(about.st_mode))
        status = ppx_fail(error, PPX_E_INPUT, "%s: a directory, not a file", input->name);
    if (!status && !(input->buffer = ppx_alloc(BUFFER)))
        status = ppx_fail(error, PPX_E_MEMORY, "%s: no memory for a buffer", input->name);
    if (status) {
        ppx_input_close(input);
        return status;
    }
    // Files that the kernel makes up as they are read have a size of 0.
    off_t at = S_ISREG(about.st_mode) ? lseek(input->fd, 0, SEEK_CUR) : -1;
    if (at >= 0 && about.st_size > 0)
        input->nbytes = about.st_size > at ? (uint64_t)(about.st_size - at) : 0;
    return PPX_OK;
}

void ppx_input_close(ppx_input *input) {
    if (input->fd >= 0 && !input->standard)
        (void)close(input->fd);
    input->fd = -1;
    ppx_free(input->buffer);
    input->buffer = NULL;
}

static size_t read_some(ppx_input *input, void *to, size_t nbytes) {
    ssize_t got;
    if (input->failed)
        return 0;
    do
        got = read(input->fd, to, nbytes < MOST_AT_ONCE ? nbytes : MOST_AT_ONCE);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        input->failed = errno;
    return got > 0 ? (size_t)got : 0;
}

size_t ppx_input_peek(ppx_input *input, const unsigned char **bytes, size_t nbytes) {
    PPX_ASSERT(nbytes <= 64);
    size_t have = input->end - input->at;
    if (have < nbytes) {
        memmove(input->buffer, input->buffer + input->at, have);
        input->at = 0;
        input->end = have;
        for (size_t got = 1; got && input->end < nbytes; input->end += got)
            got = read_some(input, input->buffer + input->end, BUFFER - input->end);
        have = input->end;
    }
    *bytes = input->buffer + input->at;
    return have < nbytes ? have : nbytes;
}

size_t ppx_input_take(ppx_input *input, void *to, size_t nbytes) {
    size_t done = 0;
    while (done < nbytes) {
        if (input->at == input->end && nbytes - done >= BUFFER) {
            size_t got = read_some(input, (char *)to + done, nbytes - done);
            if (!got)
                break;
            done += got;
            continue;
        }
        if (input->at == input->end) {
            input->at = 0;
            input->end = read_some(input, input->buffer, BUFFER);
            if (!input->end)
                break;
        }
        size_t n = input->end - input->at;
        n = n < nbytes - done ? n : nbytes - done;
        memcpy((char *)to + done, input->buffer + input->at, n);
        input->at += n;
        done += n;
    }
    input->taken += done;
    return done;
}

int ppx_input_byte(ppx_input *input) {
    if (input->at < input->end) {
        input->taken++;
        return input->buffer[input->at++];
    }
    unsigned char byte;
    return ppx_input_take(input, &byte, 1) ? byte : -1;
}

uint64_t ppx_input_left(const ppx_input *input) {
    if (input->nbytes == UINT64_MAX)
        return UINT64_MAX;
    return input->nbytes > input->taken ? input->nbytes - input->taken : 0;
}

// ---- What can be wrong with any image file ------------------------------------------------------

ppx_status ppx_input_short(const ppx_input *input, ptrdiff_t row, ptrdiff_t height,
                           ppx_error *error) {
    if (input->failed)
        return ppx_fail_errno(error, PPX_E_SYSTEM, input->name, input->failed);
    if (row < 0)
        return ppx_fail(error, PPX_E_INPUT, "%s: the file ends in its header; it is truncated",
                        input->name);
    if (row >= height)
        return ppx_fail(error, PPX_E_INPUT,
                        "%s: the file ends behind its last row but before its end mark; it is "
                        "truncated",
                        input->name);
    return ppx_fail(error, PPX_E_INPUT, "%s: the file ends in row %td of %td; it is truncated",
                    input->name, row + 1, height);
}

ppx_status ppx_input_allow(const ppx_input *input, uint64_t width, uint64_t height,
                           ppx_error *error) {
    if (!width || !height)
        return ppx_fail(error, PPX_E_INPUT, "%s: the header claims %ju x %ju pixels: no image",
                        input->name, (uintmax_t)width, (uintmax_t)height);
    // The second half keeps every later product of sizes in range, whatever the limit is.
    if (width <= input->max_pixels / height && width <= (uint64_t)(PTRDIFF_MAX / 64) / height)
        return PPX_OK;
    return ppx_fail(error, PPX_E_INPUT,
                    "%s: the header claims %ju x %ju pixels, above the limit of %ju; if the file "
                    "is to be trusted, --max-pixels raises the limit",
                    input->name, (uintmax_t)width, (uintmax_t)height, (uintmax_t)input->max_pixels);
}

void ppx_swap_samples(void *samples, size_t count, size_t each) {
    if (each == 2) {
        uint16_t *p = samples;
        for (size_t k = 0; k < count; k++)
            p[k] = __builtin_bswap16(p[k]);
    } else if (each == 4) {
        uint32_t *p = samples;
        for (size_t k = 0; k < count; k++)
            p[k] = __builtin_bswap32(p[k]);
    }
}

// ---- Texts --------------------------------------------------------------------------------------

ppx_status ppx_text_read(char **text, const char *path, ppx_error *error) {
    *text = NULL;
    ppx_input input;
    ppx_status status = ppx_input_open(&input, path, error);
    if (status)
        return status;
    char *read = ppx_alloc(TEXT_MOST + 2);
    size_t nbytes = read ? ppx_input_take(&input, read, TEXT_MOST + 1) : 0;
    const char *zero = read ? memchr(read, 0, nbytes) : NULL;
    if (!read)
        status = ppx_fail(error, PPX_E_MEMORY, "%s: no memory for a text", input.name);
    else if (input.failed)
        status = ppx_fail_errno(error, PPX_E_SYSTEM, input.name, input.failed);
    else if (nbytes > TEXT_MOST)
        status =
            ppx_fail(error, PPX_E_INPUT, "%s: longer than 1 MiB, the most for a text", input.name);
    else if (zero)
        status = ppx_fail(error, PPX_E_INPUT, "%s: not a text, byte %td is zero", input.name,
                          zero - read);
    ppx_input_close(&input);
    if (status) {
        ppx_free(read);
        return status;
    }
    read[nbytes] = 0;
    *text = read;
    return PPX_OK;
}
