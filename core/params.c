// params.c: settings as typed, checked against a table of parameters.
//
//     settings = [ key "=" value { "," key "=" value } ]
//
// A value cannot contain ','. A choice may take a number: the word "salt:PERCENT" among the choices
// is typed as salt:2, and the parameter's range is that of the number.
#include "params.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

enum { MOST_PARAMS = 32, MOST_WORDS = 16 };

void ppx_suggest(char hint[120], const char *typed, const char *const *words, size_t nwords,
                 const char *otherwise) {
    const char *nearest = ppx_nearest(typed, words, nwords);
    if (nearest)
        (void)snprintf(hint, 120, "; did you mean \"%s\"?", nearest);
    else
        (void)snprintf(hint, 120, "; %s", otherwise);
}

char *ppx_duplicate(const char *text) {
    size_t nbytes = strlen(text) + 1;
    char *copy = ppx_alloc(nbytes);
    return copy ? memcpy(copy, text, nbytes) : NULL;
}

static ppx_status find_param(int *found, const ppx_settings *settings, const char *key,
                             ppx_error *error) {
    const char *keys[MOST_PARAMS];
    PPX_ASSERT(settings->nparams <= MOST_PARAMS);
    for (int k = 0; k < settings->nparams; k++) {
        keys[k] = settings->params[k].key;
        if (strcmp(keys[k], key) == 0) {
            *found = k;
            return PPX_OK;
        }
    }
    char hint[120], shown[80];
    (void)snprintf(shown, sizeof shown, "`%s` shows its parameters", settings->shown_by);
    ppx_suggest(hint, key, keys, (size_t)settings->nparams,
                settings->nparams ? shown : "it takes none");
    return ppx_fail(error, PPX_E_USAGE, "%s has no parameter \"%.60s\"%s", settings->owner, key,
                    hint);
}

// One parameter and what was typed for it.
typedef struct setting {
    const char *owner;
    const ppx_param *param;
    const char *typed;
    const char *number; // the part of it that is one
} setting;

static ppx_status parse_number(ppx_value *value, setting s, ppx_error *error) {
    bool whole = s.param->kind == PPX_INT;
    bool good = whole ? ppx_parse_int(s.number, &value->i) : ppx_parse_real(s.number, &value->d);
    if (!good)
        return ppx_fail(error, PPX_E_USAGE, "%s:%s=%.60s: \"%.60s\" is not a %s", s.owner,
                        s.param->key, s.typed, s.number, whole ? "whole number" : "number");
    if (whole)
        value->d = (double)value->i;
    if (value->d < s.param->least || value->d > s.param->most)
        return ppx_fail(error, PPX_E_USAGE, "%s:%s=%.60s is out of range: %g to %g", s.owner,
                        s.param->key, s.typed, s.param->least, s.param->most);
    return PPX_OK;
}

// The words of "a|b|c:NUMBER" in a copy of it, without what follows a colon.
typedef struct choice_words {
    char copy[256];
    const char *word[MOST_WORDS];
    const char *number[MOST_WORDS]; // "NUMBER", or NULL
    size_t n;
} choice_words;

static void split_choices(choice_words *words, const char *choices) {
    (void)snprintf(words->copy, sizeof words->copy, "%s", choices);
    words->n = 0;
    for (char *word = words->copy; word && words->n < MOST_WORDS; words->n++) {
        char *bar = strchr(word, '|');
        if (bar)
            *bar++ = '\0';
        char *colon = strchr(word, ':');
        if (colon)
            *colon++ = '\0';
        words->word[words->n] = word;
        words->number[words->n] = colon;
        word = bar;
    }
}

static ppx_status parse_choice(ppx_value *value, setting s, ppx_error *error) {
    choice_words words;
    split_choices(&words, s.param->choices);
    for (size_t k = 0; k < words.n; k++) {
        size_t n = strlen(words.word[k]);
        if (strncmp(s.typed, words.word[k], n) != 0)
            continue;
        value->i = (int64_t)k;
        value->d = (double)k;
        if (!s.typed[n] && words.number[k])
            return ppx_fail(error, PPX_E_USAGE, "%s:%s=%.60s needs a number: %s:%s", s.owner,
                            s.param->key, s.typed, s.typed, words.number[k]);
        if (!s.typed[n])
            return PPX_OK;
        if (s.typed[n] == ':' && words.number[k]) {
            s.number += n + 1;
            ppx_param number = *s.param;
            number.kind = PPX_REAL;
            s.param = &number;
            return parse_number(value, s, error);
        }
    }
    char hint[120];
    ppx_suggest(hint, s.typed, words.word, words.n, "");
    return ppx_fail(error, PPX_E_USAGE, "%s:%s=%.60s: it is one of %s%s", s.owner, s.param->key,
                    s.typed, s.param->choices, strlen(hint) > 2 ? hint : "");
}

static ppx_status parse_value(const ppx_settings *settings, int index, const char *typed,
                              ppx_error *error) {
    const setting s = {settings->owner, &settings->params[index], typed, typed};
    ppx_value *value = &settings->values[index];
    char **owned = &settings->owned[index];
    ppx_status status = PPX_OK;
    if (s.param->kind != PPX_FILE)
        *owned = ppx_duplicate(typed);
    else if (settings->read)
        status = settings->read(settings->context, owned, typed, error);
    else
        status = ppx_text_read(owned, typed, error);
    if (!status && !*owned)
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for a parameter");
    if (status)
        return status;
    value->text = *owned;
    if (s.param->kind == PPX_CHOICE)
        return parse_choice(value, s, error);
    if (s.param->kind == PPX_INT || s.param->kind == PPX_REAL)
        return parse_number(value, s, error);
    return PPX_OK;
}

// One "key=value".
static ppx_status parse_setting(const ppx_settings *settings, char *typed, ppx_error *error) {
    char *equals = strchr(typed, '=');
    if (!equals)
        return ppx_fail(error, PPX_E_USAGE, "%s: \"%.60s\" is not key=value", settings->owner,
                        typed);
    *equals = '\0';
    int index = 0;
    ppx_status status = find_param(&index, settings, typed, error);
    if (status)
        return status;
    if (settings->values[index].given)
        return ppx_fail(error, PPX_E_USAGE, "%s: %.60s is given twice", settings->owner, typed);
    settings->values[index].given = true;
    return parse_value(settings, index, equals + 1, error);
}

ppx_status ppx_settings_parse(const ppx_settings *settings, char *text, ppx_error *error) {
    ppx_status status = PPX_OK;
    while (!status && text) {
        char *next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        status = parse_setting(settings, text, error);
        text = next;
    }
    for (int k = 0; !status && k < settings->nparams; k++) {
        const ppx_param *param = &settings->params[k];
        if (settings->values[k].given || (param->fallback && !*param->fallback))
            continue;
        if (!param->fallback)
            return ppx_fail(error, PPX_E_USAGE, "%s needs %s=: %s", settings->owner, param->key,
                            param->help);
        status = parse_value(settings, k, param->fallback, error);
    }
    return status;
}
