// report_tables.c: all numbers, the context of the records, and the records themselves.
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

// ---- Numbers ------------------------------------------------------------------------------------

enum { NCOLUMNS = 22 };

static void put_ratio(FILE *out, const scaling_ratio *ratio) {
    if (ratio->value > 0)
        (void)fprintf(out, "<td>%.3f<td>%.3f to %.3f%s", ratio->value, ratio->low, ratio->high,
                      ratio->sure ? "" : " ?");
    else
        (void)fputs("<td>\u2013<td>\u2013", out);
}

static void put_figure(FILE *out, const json_t *result, const char *key, double factor,
                       const char *format) {
    double value = json_figure(result, key, -1);
    (void)fputs("<td>", out);
    if (value < 0)
        (void)fputs("\u2013", out);
    else
        (void)fprintf(out, format, factor * value);
}

static void put_row(FILE *out, const report_point *p, bool is_base) {
    const statistic *t = &p->seconds;
    (void)fprintf(out, "<tr><td>%d<td>%d<td>", p->ranks, p->threads);
    put_text(out, is_base ? "serial run" : *p->schedule ? p->schedule : "\u2013");
    if (!p->verified) {
        (void)fputs("<td colspan='19' class='bad'>differs from the serial run: no figures</tr>",
                    out);
        return;
    }
    (void)fprintf(out, "<td>%zu<td>%.4g<td>%.4g to %.4g%s<td>%.4g<td>%.1f<td>%.3f",
                  json_array_size(json_object_get(p->result, "samples_s")), 1e3 * t->median,
                  1e3 * t->low, 1e3 * t->high, t->sure ? "" : " ?", 1e3 * t->least,
                  1e-6 * p->pixels / t->median, 1e9 * t->median / p->pixels);
    put_figure(out, p->result, "gbyte_per_s", 1, "%.2f");
    put_figure(out, p->result, "of_copy", 100, "%.0f&nbsp;%%");
    put_figure(out, p->result, "of_memory", 100, "%.0f&nbsp;%%");
    put_ratio(out, &p->speedup);
    put_ratio(out, &p->of_one);
    put_ratio(out, &p->of_rank);
    if (p->is_scaled)
        (void)fprintf(out, "<td>%.1f&nbsp;%%", 100 * p->efficiency.value);
    else
        (void)fputs("<td>\u2013", out);
    if (p->is_scaled && p->workers > 1)
        (void)fprintf(out, "<td>%.4f", scaling_karp_flatt(p->speedup.value, (double)p->workers));
    else
        (void)fputs("<td>\u2013", out);
    (void)fprintf(out, "<td>%s<td><code>", p->oversubscribed ? "yes" : "no");
    put_text(out, json_words(p->result, "checksum", "\u2013"));
    (void)fputs("</code></tr>\n", out);
}

void section_numbers(FILE *out, const report *r) {
    (void)fputs(
        "<section id='numbers'><h2>All numbers</h2><p>A question mark: fewer than six "
        "samples, so what was seen and no 95&nbsp;% interval. Medians are of the slowest "
        "rank's time.</p><div class='scroll' tabindex='0' role='region' aria-label='table'><table "
        "class='numbers'><thead><tr>"
        "<th>ranks<th>threads<th>schedule<th>samples<th>median, ms<th>95"
        "&nbsp;% interval, ms<th>least, ms<th>Mpixel/s<th>ns/pixel<th>GB/s<th>of copy<th>of "
        "memory<th>speed-up<th>interval<th>of one worker<th>interval<th>of one rank<th>"
        "interval<th>efficiency<th>Karp-Flatt<th>more than CPUs<th>checksum</tr></thead>"
        "<tbody>",
        out);
    for (size_t k = 0; k < r->nchains; k++) {
        const report_chain *chain = &r->chains[k];
        put_chain_row(out, chain, NCOLUMNS);
        if (chain->base_is_serial)
            put_row(out, &chain->base, true);
        for (size_t j = 0; j < chain->npoints; j++)
            put_row(out, &chain->points[j], false);
    }
    (void)fputs("</tbody></table></div></section>\n", out);
}

// ---- Context ------------------------------------------------------------------------------------

// Any value in words: lists with semicolons, objects as names and values.
static void write_value(FILE *out, const json_t *value) {
    const char *key;
    json_t *item;
    size_t index, n = 0;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
            (void)fprintf(out, "%s%s ", n++ ? ", " : "", key);
            write_value(out, item);
        }
        break;
    case JSON_ARRAY:
        json_array_foreach(value, index, item) {
            (void)fputs(n++ ? "; " : "", out);
            write_value(out, item);
        }
        break;
    case JSON_STRING:
        (void)fputs(json_string_value(value), out);
        break;
    case JSON_INTEGER:
        (void)fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        (void)fprintf(out, "%.6g", json_real_value(value));
        break;
    default:
        (void)fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "\u2013", out);
    }
}

static char *value_text(const json_t *value) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    if (!out)
        return NULL;
    write_value(out, value);
    (void)fclose(out);
    return text;
}

// {"host": {"node1": true, "node2": true}}: the values that occur, each once, in order.
static void collect(json_t *all, const json_t *object, const char *only) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (only && !strstr(only, key))
            continue;
        json_t *seen = json_object_get(all, key);
        if (!seen) {
            seen = json_object();
            (void)json_object_set_new(all, key, seen);
        }
        char *text = value_text(value);
        if (text && json_object_size(seen) < 64)
            (void)json_object_set_new(seen, text, json_true());
        free(text);
    }
}

static void put_values(FILE *out, const char *key, json_t *values) {
    enum { SHOWN = 6 };
    const char *text;
    json_t *unused;
    size_t n = 0;
    (void)fputs("<dt>", out);
    for (const char *c = key; *c; c++) {
        const char letter[2] = {*c == '_' ? ' ' : *c, '\0'};
        put_text(out, letter);
    }
    (void)fputs("</dt><dd>", out);
    json_object_foreach(values, text, unused) {
        (void)unused;
        if (n++ >= SHOWN)
            continue;
        (void)fputs(n > 1 ? "<br>" : "", out);
        put_text(out, *text ? text : "none");
    }
    if (n > SHOWN)
        (void)fprintf(out, "<br><small>and %zu more</small>", n - SHOWN);
    (void)fputs("</dd>\n", out);
}

void section_context(FILE *out, const report *r) {
    json_t *all = json_object(), *values;
    const char *key;
    bool has_context = false;
    for (size_t k = 0; k < r->nbenches; k++) {
        const json_t *context = json_object_get(r->benches[k], "context");
        has_context = has_context || json_is_object(context);
        collect(all, context, NULL);
        collect(all, r->benches[k],
                json_is_object(context) ? "parpix input simd marks"
                                        : "parpix input simd host date mpi marks");
    }
    for (size_t k = 0; k < r->nfiles; k++)
        collect(all, r->files[k].json, "command");
    (void)fputs("<section id='context'><h2>Context</h2>", out);
    if (!has_context)
        (void)fputs("<p class='none'>These records say little of where they were made.</p>", out);
    (void)fputs("<p>Of all records; several lines where they differ.</p><dl class='context'>", out);
    json_object_foreach(all, key, values) put_values(out, key, values);
    (void)fputs("</dl></section>\n", out);
    json_decref(all);
}

// ---- Records ------------------------------------------------------------------------------------

static void remove_from_results(json_t *bench, const char *key) {
    size_t index;
    json_t *result;
    json_array_foreach(json_object_get(bench, "results"), index, result) {
        (void)json_object_del(result, key);
    }
}

// Takes a part out of every result of a file.
static void remove_everywhere(json_t *file, const char *key) {
    size_t index;
    json_t *cell;
    remove_from_results(file, key);
    remove_from_results(json_object_get(json_object_get(file, "baseline"), "bench"), key);
    json_array_foreach(json_object_get(file, "cells"), index, cell) {
        remove_from_results(json_object_get(cell, "bench"), key);
    }
}

ppx_status section_raw(FILE *out, const report *r, size_t room, ppx_error *error) {
    static const char *const parts[] = {"timeline", "phases", "samples_s"};
    json_t *files = json_array();
    for (size_t k = 0; k < r->nfiles; k++) {
        json_t *copy = json_deep_copy(r->files[k].json);
        (void)json_object_del(copy, "pictures"); // they are above
        (void)json_array_append_new(files, copy);
    }
    (void)fputs("<section id='raw'><h2>Records</h2><details><summary>The JSON that this page was "
                "made of</summary>",
                out);
    size_t removed = 0;
    for (; size_of_json(files) > room && removed < 3; removed++)
        for (size_t k = 0; k < json_array_size(files); k++)
            remove_everywhere(json_array_get(files, k), parts[removed]);
    if (removed)
        (void)fprintf(out,
                      "<p class='none'>Too large for this page, so it is without %s%s%s; the "
                      "files have all.</p>",
                      "time lines", removed > 1 ? ", phases" : "", removed > 2 ? ", samples" : "");
    ppx_status status = PPX_OK;
    (void)fputs("<pre class='raw'>", out);
    if (size_of_json(files) <= room)
        status = put_json(out, files, error);
    else
        (void)fputs("Too large even so.", out);
    (void)fputs("</pre></details></section>\n", out);
    json_decref(files);
    return status;
}
