// lesson.h: the contract between `parpix lesson` and the lessons in omp/lessons/ and mpi/lessons/.
//
// A lesson does one task on an image in several ways: broken, correct, fast. It names the variants;
// ppx_lesson_try runs one of them R times, times it, and counts how often and how much its result
// was wrong. Broken variants say BROKEN in their name, live in lessons only, and always end.
#ifndef PPX_LESSON_H
#define PPX_LESSON_H

#include "parpix.h"

typedef enum ppx_lesson_kind {
    PPX_LESSON_SERIAL,  // the reference for "times as fast"
    PPX_LESSON_BROKEN,  // is expected to be wrong; wrongness is counted, its absence is no failure
    PPX_LESSON_CORRECT, // is never wrong
} ppx_lesson_kind;

typedef struct ppx_lesson_variant {
    const char *name; // "BROKEN: h[v]++ by all threads"
    ppx_lesson_kind kind;
    void (*work)(void *context);     // what is timed; begins from scratch each time
    int64_t (*wrong)(void *context); // afterwards: lost updates, wrong pixels, ...; 0: right
} ppx_lesson_variant;

enum { PPX_LESSON_ROWS = 16, PPX_LESSON_EXTRAS = 4 };

typedef struct ppx_lesson_row {
    char name[64];
    ppx_lesson_kind kind;
    int runs, wrong_runs;
    int64_t most_wrong;    // in one run
    double seconds;        // median
    double cpu_seconds;    // of the median run, user and system
    double system_seconds; // of these in the system
    int64_t switches;      // context switches, of the median run
    double extra[PPX_LESSON_EXTRAS];
} ppx_lesson_row;

typedef struct ppx_lesson_report {
    const char *wrong_is;                     // what `wrong` counts: "lost updates"
    const char *extra[PPX_LESSON_EXTRAS];     // further columns with their units, NULL: none
    ppx_lesson_row rows[PPX_LESSON_ROWS + 1]; // and one that is not counted
    int nrows;
    ppx_image
        image; // to look at: what a broken variant made of the picture, if the lesson shows one
    char text[2000]; // lines to print below the table: what a watchdog saw
} ppx_lesson_report;

typedef struct ppx_lesson_plan {
    int nthreads, repeat;
    const ppx_image *image; // cells, u8 gray
    bool correct_only;      // no broken variants
} ppx_lesson_plan;

typedef struct ppx_lesson {
    const char *name;
    const char *says;       // three sentences: the task, what goes wrong, what cures it
    const char *lines;      // where to look: "omp/lessons/race.c: count_plain"
    ptrdiff_t least_pixels; // below that the effect does not show
    bool ranks;             // has a part in mpi/lessons/, which starts ranks of its own
    ppx_status (*run)(const ppx_lesson_plan *plan, ppx_lesson_report *report, ppx_error *error);
} ppx_lesson;

// Runs a variant plan->repeat times. The row stays valid. Under plan->correct_only a broken variant
// is not run, and its row appears in no table.
ppx_lesson_row *ppx_lesson_try(ppx_lesson_report *report, const ppx_lesson_plan *plan,
                               const ppx_lesson_variant *variant, void *context);
// Adds a line to report->text; cut off when there is no room.
void ppx_lesson_say(ppx_lesson_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
