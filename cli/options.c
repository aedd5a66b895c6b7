// options.c: options by getopt_long, with help made from the same table, and values as typed.
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

enum { MOST_OPTIONS = 40, HELP = 0x7fff };

// ---- Help ----

static void print_option(const option_help *option, int column) {
    char left[80];
    char letter[8] = "    ";
    if (option->letter < 256)
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    (void)snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, option->value ? " " : "",
                   option->value ? option->value : "");
    printf("  %-*s  %s\n", column, left, option->help);
}

static void print_help(const char *name, const option_help *options, size_t noptions) {
    static const option_help help = {"help", NULL, 'h', "this text"};
    const command *about = NULL;
    for (size_t k = 0; k < ncommands; k++)
        if (strcmp(commands[k].name, name) == 0)
            about = &commands[k];
    if (about)
        printf("parpix %s: %s\n\nUsage: parpix %s %s\n\n", name, about->summary, name,
               about->arguments);
    size_t column = strlen("-h, --help");
    for (size_t k = 0; k < noptions; k++) {
        const char *value = options[k].value;
        size_t n = strlen("-x, --") + strlen(options[k].name) + (value ? strlen(value) + 1 : 0);
        column = n > column ? n : column;
    }
    printf("Options:\n");
    for (size_t k = 0; k < noptions; k++)
        print_option(&options[k], (int)column);
    print_option(&help, (int)column);
    if (about)
        printf("\nExample:\n  %s\n", about->example);
}

// ---- The next option ----

// Says why a long option was refused: nothing is called like that, or more than one thing.
static int refuse_long(const world *all, const char *name, const char *typed,
                       const option_help *options, size_t noptions) {
    const char *names[MOST_OPTIONS], *first = NULL, *second = NULL;
    char word[64];
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(typed, "="), typed);
    for (size_t k = 0; k < noptions; k++) {
        names[k] = options[k].name;
        if (strncmp(word, names[k], strlen(word)) == 0) {
            if (first && !second)
                second = names[k];
            first = first ? first : names[k];
        }
    }
    names[noptions] = "help";
    ppx_error error;
    const char *nearest = ppx_nearest(word, names, noptions + 1);
    if (second)
        (void)ppx_fail(&error, PPX_E_USAGE, "%s: --%s could be --%s or --%s", name, word, first,
                       second);
    else if (nearest)
        (void)ppx_fail(&error, PPX_E_USAGE, "%s: no option --%s; did you mean --%s?", name, word,
                       nearest);
    else
        (void)ppx_fail(&error, PPX_E_USAGE,
                       "%s: no option --%s; `parpix %s --help` lists what there is", name, word,
                       name);
    (void)complain(all, &error);
    return OPTIONS_WRONG;
}

// getopt's '?' and ':' with what it left in optopt: the letter of an option that lacks its value or
// was given one too many, the character of an unknown short option, 0 for an unknown long one.
static int refuse(const world *all, const char *name, char **argv, bool lacks_value,
                  const option_help *options, size_t noptions) {
    if (!optopt)
        return refuse_long(all, name, argv[optind - 1] + 2, options, noptions);
    ppx_error error;
    const option_help *option = NULL;
    for (size_t k = 0; k < noptions; k++)
        if (options[k].letter == optopt)
            option = &options[k];
    if (lacks_value && option)
        (void)ppx_fail(&error, PPX_E_USAGE, "%s: --%s needs a value: --%s %s", name, option->name,
                       option->name, option->value);
    else if (option || optopt == HELP)
        (void)ppx_fail(&error, PPX_E_USAGE, "%s: --%s takes no value", name,
                       option ? option->name : "help");
    else
        (void)ppx_fail(&error, PPX_E_USAGE,
                       "%s: no option -%c; `parpix %s --help` lists what there is", name,
                       isprint(optopt) ? optopt : '?', name);
    (void)complain(all, &error);
    return OPTIONS_WRONG;
}

int next_option(const world *all, const char *name, int argc, char **argv,
                const option_help *options, size_t noptions) {
    struct option table[MOST_OPTIONS + 2] = {{0}};
    char letters[2 * MOST_OPTIONS + 4] = ":";
    size_t used = 1;
    bool takes_h = false;
    for (size_t k = 0; k < noptions && k < MOST_OPTIONS; k++) {
        int value = options[k].value ? required_argument : no_argument;
        table[k] = (struct option){options[k].name, value, NULL, options[k].letter};
        takes_h = takes_h || options[k].letter == 'h';
        if (options[k].letter < 256) {
            letters[used++] = (char)options[k].letter;
            if (options[k].value)
                letters[used++] = ':';
        }
    }
    table[noptions] = (struct option){"help", no_argument, NULL, HELP};
    if (!takes_h)
        letters[used++] = 'h';
    opterr = 0;
    int letter = getopt_long(argc, argv, letters, table, NULL);
    if (letter == HELP || (letter == 'h' && !takes_h)) {
        if (all->rank == 0)
            print_help(name, options, noptions);
        return OPTIONS_HELP;
    }
    if (letter == '?' || letter == ':')
        return refuse(all, name, argv, letter == ':', options, noptions);
    return letter; // -1 is OPTIONS_DONE
}

// ---- Values ----

// Digits only: strtoull takes signs and spaces.
static bool parse_digits(const char *text, size_t n, uint64_t *value) {
    uint64_t sum = 0;
    for (size_t k = 0; k < n; k++) {
        if (!isdigit((unsigned char)text[k]))
            return false;
        uint64_t digit = (uint64_t)(text[k] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return n > 0;
}

// "from 1 to 64", "of at least 1"
static void write_range(char *text, size_t room, int64_t least, int64_t most) {
    if (most == INT64_MAX)
        (void)snprintf(text, room, "of at least %lld", (long long)least);
    else
        (void)snprintf(text, room, "from %lld to %lld", (long long)least, (long long)most);
}

ppx_status parse_count(const char *what, const char *text, int64_t least, int64_t most,
                       int64_t *value, ppx_error *error) {
    char range[64];
    write_range(range, sizeof range, least, most);
    if (!ppx_parse_int(text, value) || *value < least || *value > most)
        return ppx_fail(error, PPX_E_USAGE, "%s: \"%.80s\" is not a whole number %s", what, text,
                        range);
    return PPX_OK;
}

ppx_status parse_amount(const char *what, const char *text, uint64_t *value, ppx_error *error) {
    static const char suffixes[] = "kMG";
    size_t n = strlen(text);
    const char *suffix = n ? strchr(suffixes, text[n - 1]) : NULL;
    uint64_t factor = 1;
    for (const char *s = suffixes; suffix && s <= suffix; s++)
        factor *= 1000;
    if (!parse_digits(text, suffix ? n - 1 : n, value) || *value > UINT64_MAX / factor)
        return ppx_fail(error, PPX_E_USAGE,
                        "%s: \"%.80s\" is not an amount like 5000, 200k, 40M or 4G", what, text);
    *value *= factor;
    return PPX_OK;
}

ppx_status parse_counts(const char *what, const char *text, int64_t least, int64_t most,
                        int *values, size_t room, size_t *n, ppx_error *error) {
    char range[64];
    write_range(range, sizeof range, least, most);
    *n = 0;
    for (const char *rest = text;;) {
        size_t length = strcspn(rest, ",");
        char word[24];
        int64_t value = 0;
        (void)snprintf(word, sizeof word, "%.*s", (int)(length < 23 ? length : 23), rest);
        if (!ppx_parse_int(word, &value) || value < least || value > most)
            return ppx_fail(error, PPX_E_USAGE,
                            "%s: \"%s\" in \"%.80s\" is not a whole number %s; a list looks like "
                            "1,2,4",
                            what, word, text, range);
        if (*n == room)
            return ppx_fail(error, PPX_E_USAGE, "%s: \"%.80s\" has more than %zu numbers", what,
                            text, room);
        values[(*n)++] = (int)value;
        if (!rest[length])
            return PPX_OK;
        rest += length + 1;
    }
}

ppx_status parse_size(const char *text, ptrdiff_t *width, ptrdiff_t *height, ppx_error *error) {
    uint64_t w = 0, h = 0;
    const char *x = strchr(text, 'x');
    if (!x || !parse_digits(text, (size_t)(x - text), &w) ||
        !parse_digits(x + 1, strlen(x + 1), &h) || !w || !h || w > INT32_MAX || h > INT32_MAX)
        return ppx_fail(error, PPX_E_USAGE,
                        "\"%.80s\" is not a size like 640x480 (width x height, each from 1 to %d)",
                        text, INT32_MAX);
    *width = (ptrdiff_t)w;
    *height = (ptrdiff_t)h;
    return PPX_OK;
}

int take_options(const world *all, int argc, char **argv, const option_help *options,
                 size_t noptions, ppx_status (*take)(void *request, int letter, ppx_error *error),
                 void *request) {
    for (;;) {
        ppx_error error = {0};
        int letter = next_option(all, argv[0], argc, argv, options, noptions);
        if (letter == OPTIONS_DONE)
            return -1;
        if (letter == OPTIONS_HELP)
            return EXIT_SAME;
        if (letter == OPTIONS_WRONG)
            return EXIT_TROUBLE;
        if (take(request, letter, &error))
            return complain(all, &error);
    }
}

ppx_status parse_distribution(const char *text, bool *dealing, ppx_error *error) {
    *dealing = strcmp(text, "dynamic") == 0;
    if (*dealing || strcmp(text, "static") == 0)
        return PPX_OK;
    return ppx_fail(error, PPX_E_USAGE,
                    "--distribute %.40s: it is static (a band of rows for each rank) or dynamic "
                    "(strips as ranks become free)",
                    text);
}
