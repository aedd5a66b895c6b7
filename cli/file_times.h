// file_times.h: how long it takes to write an image to a file, and to read it back.
#ifndef PARPIX_FILE_TIMES_H
#define PARPIX_FILE_TIMES_H

#include "command.h"

// Seconds, of one thread; 0: not measured. The format is `run`'s default, PNG, or NPY for what PNG
// does not hold.
typedef struct file_times {
    double decode, encode;
    const char *format; // "png", "npy"
} file_times;

ppx_status file_times_measure(const ppx_image *image, file_times *times, ppx_error *error);

#endif
