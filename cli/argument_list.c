// argument_list.c: the words of a command, and how it would be typed.
#define _GNU_SOURCE // vasprintf, open_memstream
#include "argument_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void argument_add(argument_list *list, const char *format, ...) {
    char **more = realloc(list->words, (list->n + 2) * sizeof *more);
    char *word = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (!more || vasprintf(&word, format, arguments) < 0)
        list->failed = true;
    else
        more[list->n++] = word;
    va_end(arguments);
    if (more) {
        more[list->n] = NULL;
        list->words = more;
    }
}

void argument_free(argument_list *list) {
    for (size_t k = 0; k < list->n; k++)
        free(list->words[k]);
    free(list->words);
    *list = (argument_list){.words = NULL};
}

static void put_word(FILE *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";
    if (*word && word[strspn(word, plain)] == '\0') {
        (void)fputs(word, out);
        return;
    }
    (void)fputc('\'', out);
    for (; *word; word++)
        if (*word == '\'')
            (void)fputs("'\\''", out);
        else
            (void)fputc(*word, out);
    (void)fputc('\'', out);
}

char *argument_text(const char *const *words, size_t n) {
    char *text = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&text, &nbytes);
    for (size_t k = 0; out && k < n; k++) {
        if (k)
            (void)fputc(' ', out);
        put_word(out, words[k]);
    }
    if (!out || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
