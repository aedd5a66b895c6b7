// params.h: "key=value,key=value" against a table of parameters, for kernels and scenes.
#ifndef PPX_PARAMS_H
#define PPX_PARAMS_H

#include "kernel.h"

typedef struct ppx_settings {
    const char *owner; // "gaussian": messages begin with it
    const ppx_param *params;
    int nparams;
    const char *shown_by;  // the command that shows the parameters
    ppx_value *values;     // nparams of them, zeroed
    char **owned;          // the same; what values[].text points to, freed by the caller
    ppx_text_reader *read; // of PPX_FILE; NULL: ppx_text_read
    void *context;
} ppx_settings;

// Fills the values from the text (which is cut up; NULL: nothing is set) and then from the
// defaults. A failure leaves what is owned for the caller to free.
ppx_status ppx_settings_parse(const ppx_settings *settings, char *text, ppx_error *error);

// "; did you mean "sobel"?" when one of the words is near, and otherwise "; " and that.
void ppx_suggest(char hint[120], const char *typed, const char *const *words, size_t nwords,
                 const char *otherwise);

// A copy to free with ppx_free, NULL when there is no memory.
char *ppx_duplicate(const char *text);

#endif
