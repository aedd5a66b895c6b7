// lessons.h: what the files of `parpix lesson` share.
#ifndef PARPIX_LESSONS_H
#define PARPIX_LESSONS_H

#include <jansson.h>

#include "../core/lesson.h"
#include "command.h"

typedef struct lesson_request {
    int nthreads, repeat;
    ptrdiff_t width, height;
    const char *json, *output;
    bool correct_only;  // no broken variants
    const char *within; // started by another `lesson`: the ranks' part, its JSON into this file
} lesson_request;

extern const ppx_lesson *const lessons[]; // the parts that need no ranks, in teaching order
extern const size_t nlessons;

// {"lesson": ..., "threads": ..., "rows": [...], "text": ...}; NULL without memory.
json_t *lesson_json(const ppx_lesson *lesson, const ppx_lesson_plan *plan, int nranks,
                    const ppx_lesson_report *report);
void lesson_print(const json_t *part);
// Variants that must be right and were wrong at least once.
int lesson_failures(const json_t *part);

// Starts ranks for the part of a lesson that needs them, and returns what they found. *part stays
// NULL, and it is said why, where ranks cannot be started.
ppx_status lesson_start_ranks(const ppx_lesson *lesson, const lesson_request *r, json_t **part,
                              ppx_error *error);

// The lesson that is taught by Python, scripts/lessons/gil.py. *part stays NULL, and it is said
// why, where there is no Python or not the files that it needs.
extern const ppx_lesson ppx_lesson_python;
ppx_status lesson_start_python(const ppx_lesson *lesson, const lesson_request *r, json_t **part,
                               ppx_error *error);

#endif
