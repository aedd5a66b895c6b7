// argument_list.h: the words of a command that is to be started, and how it would be typed.
#ifndef PARPIX_ARGUMENT_LIST_H
#define PARPIX_ARGUMENT_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct argument_list {
    char **words; // the last is NULL
    size_t n;
    bool failed; // no memory: words are missing
} argument_list;

void argument_add(argument_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void argument_free(argument_list *list);
// For a shell, with quotes where one needs them; NULL without memory, free it.
char *argument_text(const char *const *words, size_t n);

#endif
