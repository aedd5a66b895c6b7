// html.c: text of strangers into a page: nothing in it may end what it stands in.
#include <stdlib.h>
#include <string.h>

#include "report.h"

void put_text(FILE *out, const char *text) {
    for (const char *c = text; *c; c++)
        switch (*c) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        case '\'':
            (void)fputs("&#39;", out);
            break;
        default:
            (void)fputc(*c, out);
        }
}

// In JSON these characters occur in strings alone, where they may be written by number. Slashes
// are escaped, so that no address stands in the page as it is.
ppx_status put_json(FILE *out, const json_t *json, ppx_error *error) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_REAL_PRECISION(10));
    if (!text)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    for (const char *c = text; *c; c++)
        if (*c == '<' || *c == '>' || *c == '&')
            (void)fprintf(out, "\\u%04x", (unsigned)*c);
        else
            (void)fputc(*c, out);
    free(text);
    return PPX_OK;
}

size_t size_of_json(const json_t *json) {
    return json_dumpb(json, NULL, 0, JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_REAL_PRECISION(10));
}

void put_chain_name(FILE *out, const report_chain *chain) {
    (void)fputs("<code>", out);
    put_text(out, chain->name);
    (void)fputs(chain->weak ? "</code> <small>weak scaling, from " : "</code> <small>", out);
    put_text(out, chain->image);
    (void)fputs("</small>", out);
}

void put_chain_row(FILE *out, const report_chain *chain, size_t ncolumns) {
    (void)fprintf(out, "<tr class='group'><th colspan='%zu'><span>", ncolumns);
    put_chain_name(out, chain);
    (void)fputs("</span></tr>\n", out);
}

void short_name(char *to, size_t most, const char *from) {
    size_t n = strlen(from);
    bool is_cut = n > most;
    n = is_cut ? most : n;
    while (is_cut && n > 0 && ((unsigned char)from[n] & 0xc0) == 0x80)
        n--; // the rest of a character that began before
    memcpy(to, from, n);
    memcpy(to + n, is_cut ? "\u2026" : "", is_cut ? sizeof "\u2026" : 1);
}

void plain_words(char *to, size_t room, const char *from) {
    size_t n = 0;
    for (; *from && n + 1 < room; from++)
        to[n++] = (unsigned char)*from < ' ' || *from == 0x7f ? ' ' : *from;
    to[n] = '\0';
}
