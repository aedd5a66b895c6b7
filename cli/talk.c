// talk.c: what commands say to people, and two things that they measure.
#include <stdarg.h>
#include <stdio.h>

#include "command.h"

int complain(const world *all, const ppx_error *error) {
    if (all->rank == 0 && *error->text)
        (void)fprintf(stderr, "parpix: %s\n", error->text);
    return EXIT_TROUBLE;
}

void warn(const world *all, const char *format, ...) {
    if (all->rank != 0)
        return;
    char text[sizeof((ppx_error *)0)->text];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "parpix: warning: %s\n", text);
}

// Each member of the team counts itself: what was asked for, or what the team is said to be, is not
// the same thing.
int threads_delivered(void) {
    int nthreads = 0;
#pragma omp parallel default(none) shared(nthreads)
    {
#pragma omp atomic
        nthreads++;
    }
    return nthreads;
}

double seconds_now(void) {
    return ppx_seconds();
}
