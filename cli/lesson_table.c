// lesson_table.c: a lesson's table, as JSON and for people.
#include <stdio.h>
#include <string.h>

#include "lessons.h"

static const char *const kinds[] = {[PPX_LESSON_SERIAL] = "serial",
                                    [PPX_LESSON_BROKEN] = "broken",
                                    [PPX_LESSON_CORRECT] = "correct"};

static json_t *row_json(const ppx_lesson_row *row, const ppx_lesson_report *report, double serial) {
    json_t *extra = json_object();
    for (int k = 0; k < PPX_LESSON_EXTRAS; k++)
        if (report->extra[k])
            (void)json_object_set_new(extra, report->extra[k], json_real(row->extra[k]));
    return json_pack("{s:s, s:s, s:i, s:i, s:I, s:f, s:f, s:f, s:f, s:I, s:o}", "variant",
                     row->name, "kind", kinds[row->kind], "runs", row->runs, "wrong_runs",
                     row->wrong_runs, "most_wrong", (json_int_t)row->most_wrong, "seconds",
                     row->seconds, "times_serial", serial > 0 ? serial / row->seconds : 0.0,
                     "cpu_seconds", row->cpu_seconds, "system_seconds", row->system_seconds,
                     "switches", (json_int_t)row->switches, "extra", extra);
}

json_t *lesson_json(const ppx_lesson *lesson, const ppx_lesson_plan *plan, int nranks,
                    const ppx_lesson_report *report) {
    json_t *rows = json_array(), *extras = json_array();
    double serial = 0;
    for (int k = 0; k < report->nrows; k++)
        if (report->rows[k].kind == PPX_LESSON_SERIAL && serial <= 0)
            serial = report->rows[k].seconds;
    for (int k = 0; k < report->nrows; k++)
        (void)json_array_append_new(rows, row_json(&report->rows[k], report, serial));
    for (int k = 0; k < PPX_LESSON_EXTRAS; k++)
        if (report->extra[k])
            (void)json_array_append_new(extras, json_string(report->extra[k]));
    return json_pack("{s:s, s:i, s:i, s:I, s:I, s:s, s:o, s:o, s:s}", "lesson", lesson->name,
                     "threads", plan->nthreads, "ranks", nranks, "width",
                     (json_int_t)plan->image->shape.width, "height",
                     (json_int_t)plan->image->shape.height, "wrong_is", report->wrong_is, "rows",
                     rows, "extra", extras, "text", report->text);
}

static double number(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static void print_row(const json_t *row, const json_t *extras) {
    char result[80] = "right";
    if (number(row, "wrong_runs") > 0)
        (void)snprintf(result, sizeof result, "WRONG in %.0f of %.0f, up to %.0f",
                       number(row, "wrong_runs"), number(row, "runs"), number(row, "most_wrong"));
    printf("  %-42s %-34s %9.2f ms %7.2fx %9.0f %8.1f ms", text(row, "variant"), result,
           1e3 * number(row, "seconds"), number(row, "times_serial"), number(row, "switches"),
           1e3 * number(row, "system_seconds"));
    size_t k;
    json_t *name;
    json_array_foreach(extras, k, name) {
        double value = number(json_object_get(row, "extra"), json_string_value(name));
        printf(" %*.4g",
               (int)strlen(json_string_value(name)) > 9 ? (int)strlen(json_string_value(name)) : 9,
               value);
    }
    printf("\n");
}

void lesson_print(const json_t *part) {
    const json_t *rows = json_object_get(part, "rows"), *extras = json_object_get(part, "extra");
    size_t k;
    json_t *item;
    if (number(part, "ranks") > 1)
        printf("  %.0f ranks, ", number(part, "ranks"));
    else
        printf("  %.0f threads, ", number(part, "threads"));
    printf("%.0f x %.0f pixels; wrong: %s\n", number(part, "width"), number(part, "height"),
           text(part, "wrong_is"));
    printf("  %-42s %-34s %12s %8s %9s %11s", "variant", "result", "time", "serial/t", "switches",
           "in system");
    json_array_foreach(extras, k, item) printf(" %9s", json_string_value(item));
    printf("\n");
    json_array_foreach(rows, k, item) print_row(item, extras);
    if (*text(part, "text"))
        printf("\n%s", text(part, "text"));
    printf("\n");
}

int lesson_failures(const json_t *part) {
    size_t k;
    json_t *row;
    int failures = 0;
    json_array_foreach(json_object_get(part, "rows"), k, row) failures +=
        strcmp(text(row, "kind"), "broken") != 0 && number(row, "wrong_runs") > 0;
    return failures;
}
