// words.c: numbers as typed, and the word that was probably meant.
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "parpix.h"

bool ppx_parse_int(const char *text, int64_t *value) {
    char *end;
    if (!*text || isspace((unsigned char)*text))
        return false;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *value = parsed;
    return true;
}

bool ppx_parse_real(const char *text, double *value) {
    char *end;
    if (!*text || isspace((unsigned char)*text))
        return false;
    errno = 0;
    double parsed = strtod(text, &end);
    if (errno || *end || !isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

// Damerau's distance in its "optimal string alignment" form: insertions, deletions, substitutions
// and swaps of neighbours (Damerau 1964, Levenshtein 1966). Words longer than the table never
// match.
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 32 };
    size_t na = strlen(a), nb = strlen(b), d[LONGEST + 1][LONGEST + 1];
    if (na > LONGEST || nb > LONGEST)
        return SIZE_MAX;
    for (size_t i = 0; i <= na; i++)
        for (size_t j = 0; j <= nb; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[na][nb];
}

const char *ppx_nearest(const char *typed, const char *const *words, size_t nwords) {
    size_t n = strlen(typed), nearest = n / 3 + 2; // further off is no help
    const char *word = NULL;
    for (size_t k = 0; k < nwords; k++) {
        size_t far = distance(typed, words[k]);
        if (n >= 3 && strncmp(typed, words[k], n) == 0)
            far = 1; // the beginning of a word
        if (far < nearest && far < strlen(words[k])) {
            nearest = far;
            word = words[k];
        }
    }
    return word;
}
