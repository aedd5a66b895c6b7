// file_times.c: an image goes to a file and comes back.
//
// The file lies in $TMPDIR (or /tmp) for that long; as it was just written, reading it does not
// wait for a disk. What is measured is the codec and the system's copies.
#define _GNU_SOURCE // mkostemps
#include "file_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

ppx_status file_times_measure(const ppx_image *image, file_times *times, ppx_error *error) {
    const char *directory = getenv("TMPDIR");
    const bool png = ppx_image_writable(image->shape, "a.png", NULL, NULL) == PPX_OK;
    char path[4096];
    *times = (file_times){.format = png ? "png" : "npy"};
    (void)snprintf(path, sizeof path, "%s/parpix-XXXXXX.%s", directory ? directory : "/tmp",
                   times->format);
    int descriptor = mkostemps(path, 4, 0);
    if (descriptor < 0)
        return ppx_fail(error, PPX_E_SYSTEM, "%.400s: no file to measure writing with", path);
    (void)close(descriptor);
    double start = seconds_now();
    ppx_status status = ppx_image_write(image, path, NULL, error);
    times->encode = seconds_now() - start;
    ppx_image back = {0};
    start = seconds_now();
    if (!status)
        status = ppx_image_read(&back, path, NULL, error);
    times->decode = seconds_now() - start;
    if (!status && !ppx_image_equal(image, &back))
        status =
            ppx_fail(error, PPX_E_SYSTEM, "%.400s: what was read is not what was written", path);
    ppx_image_free(&back);
    (void)unlink(path);
    return status;
}
