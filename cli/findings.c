// findings.c: kernels speak to a sink; this one builds JSON.
#define _POSIX_C_SOURCE 200809L
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *cell_json(double value, bool whole) {
    return whole ? json_integer((json_int_t)value) : json_real(value);
}

json_t *table_json(const ppx_table *table) {
    json_t *object = json_object();
    for (int column = 0; object && column < table->ncolumns; column++) {
        json_t *cells = json_array();
        bool bad = !cells;
        for (size_t row = 0; !bad && row < table->nrows; row++)
            bad = json_array_append_new(cells, cell_json(table->cell(table->data, row, column),
                                                         table->whole[column])) != 0;
        if (json_object_set_new(object, table->columns[column], cells) != 0 || bad) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

// Where the kernel's findings go. The same key again means the same kernel a second time.
static json_t *kernel_object(findings *f, const char *kernel, const char *key) {
    char name[80];
    for (int turn = 1;; turn++) {
        (void)snprintf(name, sizeof name, turn > 1 ? "%s#%d" : "%s", kernel, turn);
        json_t *object = json_object_get(f->json, name);
        if (!object) {
            object = json_object();
            if (json_object_set_new(f->json, name, object) != 0)
                return NULL;
            return object;
        }
        if (!json_object_get(object, key))
            return object;
    }
}

static void put(findings *f, const char *kernel, const char *key, json_t *value) {
    json_t *object = kernel_object(f, kernel, key);
    if (!object || json_object_set_new(object, key, value) != 0)
        f->failed = true;
}

static void number(void *context, const char *kernel, const char *key, double value) {
    bool whole = value >= -9007199254740992.0 && value <= 9007199254740992.0 &&
                 value == (double)(json_int_t)value;
    put(context, kernel, key, cell_json(value, whole));
}

static void table(void *context, const char *kernel, const ppx_table *t) {
    put(context, kernel, t->title, table_json(t));
}

ppx_status findings_open(findings *f, ppx_error *error) {
    *f = (findings){.json = json_object(), .sink = {f, number, table}};
    return f->json ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
}

void findings_close(findings *f) {
    json_decref(f->json);
    f->json = NULL;
}

static const json_t *find_table(const findings *f, const char *title) {
    const char *kernel;
    json_t *object, *found = NULL;
    json_object_foreach(f->json, kernel, object) {
        json_t *t = json_object_get(object, title);
        if (t)
            found = t;
    }
    return found;
}

static void write_rows(FILE *out, const json_t *columns) {
    const char *name;
    json_t *cells;
    size_t nrows = 0;
    const char *comma = "";
    json_object_foreach((json_t *)(uintptr_t)columns, name, cells) {
        (void)fprintf(out, "%s%s", comma, name);
        comma = ",";
        nrows = json_array_size(cells);
    }
    (void)fprintf(out, "\n");
    for (size_t row = 0; row < nrows; row++) {
        comma = "";
        json_object_foreach((json_t *)(uintptr_t)columns, name, cells) {
            const json_t *cell = json_array_get(cells, row);
            if (json_is_integer(cell))
                (void)fprintf(out, "%s%lld", comma, (long long)json_integer_value(cell));
            else
                (void)fprintf(out, "%s%.6f", comma, json_real_value(cell));
            comma = ",";
        }
        (void)fprintf(out, "\n");
    }
}

ppx_status findings_write_csv(const findings *f, const char *title, const char *path,
                              ppx_error *error) {
    const json_t *columns = find_table(f, title);
    if (!columns)
        return ppx_fail(error, PPX_E_USAGE, "no kernel of this chain makes a table of %s", title);
    char *text = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&text, &nbytes);
    if (!out)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a table of %s", title);
    write_rows(out, columns);
    ppx_status status = fclose(out) == 0 ? ppx_text_write(text, nbytes, path, error)
                                         : ppx_fail(error, PPX_E_MEMORY, "no memory for a table");
    free(text);
    return status;
}

ppx_status json_write(const json_t *json, const char *path, ppx_error *error) {
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    if (!text)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    // The closing newline takes the place of the terminating zero.
    size_t n = strlen(text);
    text[n] = '\n';
    ppx_status status = ppx_text_write(text, n + 1, path, error);
    free(text);
    return status;
}
