// cmd_list.c: parpix list: what there is to run, and what it can be told.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "findings.h"

static const option_help options[] = {
    {"json", NULL, 'j', "for machines, on stdout"},
};

static const char *const kinds[] = {
    [PPX_INT] = "whole number", [PPX_REAL] = "number", [PPX_CHOICE] = "choice",
    [PPX_FILE] = "file",        [PPX_IMAGE] = "image", [PPX_TEXT] = "text"};

// A kernel or a scene.
typedef struct entry {
    const char *name, *summary;
    const ppx_param *params;
    int nparams;
    const ppx_kernel *kernel; // NULL for a scene
} entry;

static size_t nentries(void) {
    return ppx_kernel_count() + ppx_scene_count();
}

static entry entry_at(size_t index) {
    entry e = {.kernel = NULL};
    size_t nkernels = ppx_kernel_count();
    if (index < nkernels) {
        e.kernel = ppx_kernel_at(index);
        e.name = ppx_kernel_name(e.kernel);
        e.summary = ppx_kernel_summary(e.kernel);
        e.params = ppx_kernel_params(e.kernel, &e.nparams);
    } else {
        e.name = ppx_scene_name(index - nkernels);
        e.summary = ppx_scene_summary(index - nkernels);
        e.params = ppx_scene_params(index - nkernels, &e.nparams);
    }
    return e;
}

// ---- Words --------------------------------------------------------------------------------------

// "u8 u16 f32"
static const char *types_text(const ppx_kernel *kernel, char text[32]) {
    text[0] = '\0';
    for (int t = 0; t < PPX_NTYPES; t++) {
        bool taken = false;
        for (int channels = 1; channels <= PPX_MAX_CHANNELS; channels++)
            taken = taken || ppx_kernel_takes(kernel, (ppx_type)t, channels);
        if (taken) {
            strcat(text, *text ? " " : "");
            strcat(text, ppx_type_name((ppx_type)t));
        }
    }
    return text;
}

static bool takes_channels(const ppx_kernel *kernel, int channels) {
    for (int t = 0; t < PPX_NTYPES; t++)
        if (ppx_kernel_takes(kernel, (ppx_type)t, channels))
            return true;
    return false;
}

// "1, 3"
static const char *channels_text(const ppx_kernel *kernel, char text[32]) {
    size_t used = 0;
    text[0] = '\0';
    for (int channels = 1; channels <= PPX_MAX_CHANNELS; channels++)
        if (takes_channels(kernel, channels))
            used += (size_t)snprintf(text + used, 32 - used, "%s%d", used ? ", " : "", channels);
    return text;
}

// "0.3..64", "replicate|reflect", "file"
static const char *values_text(const ppx_param *param, char *text, size_t room) {
    if (param->kind == PPX_CHOICE)
        (void)snprintf(text, room, "%s", param->choices);
    else if (param->kind >= PPX_FILE)
        (void)snprintf(text, room, "%s", kinds[param->kind]);
    else
        (void)snprintf(text, room, "%.10g..%.10g", param->least, param->most);
    return text;
}

// ---- For people ---------------------------------------------------------------------------------

static void print_short(const entry *e) {
    char types[32], values[200];
    if (e->kernel)
        printf("  %-15s %-15s %-14s %s\n", e->name, ppx_kernel_pattern(e->kernel),
               types_text(e->kernel, types), e->summary);
    else
        printf("  %-15s %s\n", e->name, e->summary);
    for (int p = 0; p < e->nparams; p++) {
        const ppx_param *param = &e->params[p];
        char left[80];
        if (param->fallback && *param->fallback)
            (void)snprintf(left, sizeof left, "%s=%s", param->key, param->fallback);
        else
            (void)snprintf(left, sizeof left, "%s (%s)", param->key,
                           param->fallback ? "optional" : "needed");
        printf("      %-17s  %-31s  %s\n", left, values_text(param, values, sizeof values),
               param->help);
    }
}

static void print_all(void) {
    printf("Kernels, with pattern, pixel types, and parameters (default, possible values, "
           "meaning):\n\n");
    for (size_t k = 0; k < nentries(); k++) {
        if (k == ppx_kernel_count())
            printf("\nScenes, for `parpix gen`:\n\n");
        entry e = entry_at(k);
        print_short(&e);
    }
    printf("\nA chain joins kernels: gray+threshold:t=100. `parpix list NAME` explains one of "
           "them.\n");
}

static void print_full(const entry *e) {
    char types[32], channels[32], values[200];
    printf("%s: %s\n\n", e->name, e->summary);
    if (e->kernel) {
        printf("pattern   %s\n", ppx_kernel_pattern(e->kernel));
        printf("types     %s\n", types_text(e->kernel, types));
        printf("channels  %s\n", channels_text(e->kernel, channels));
    } else {
        printf("a scene, for `parpix gen`\n");
    }
    if (!e->nparams)
        printf("\nIt takes no parameters.\n");
    for (int p = 0; p < e->nparams; p++) {
        const ppx_param *param = &e->params[p];
        printf("\n%s: %s\n", param->key, param->help);
        printf("    %s", kinds[param->kind]);
        if (param->kind < PPX_FILE)
            printf(", %s", values_text(param, values, sizeof values));
        if (!param->fallback)
            printf(", must be given\n");
        else if (!*param->fallback)
            printf(", optional\n");
        else
            printf(", default %s\n", param->fallback);
    }
}

// ---- For machines -------------------------------------------------------------------------------

static json_t *number_json(const ppx_param *param, double value) {
    return param->kind == PPX_INT ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *choices_json(const char *choices) {
    json_t *array = json_array();
    for (const char *word = choices; word;) {
        size_t n = strcspn(word, "|");
        json_array_append_new(array, json_stringn(word, n));
        word = word[n] ? word + n + 1 : NULL;
    }
    return array;
}

static json_t *param_json(const ppx_param *param) {
    static const char *const names[] = {
        [PPX_INT] = "int",   [PPX_REAL] = "real",   [PPX_CHOICE] = "choice",
        [PPX_FILE] = "file", [PPX_IMAGE] = "image", [PPX_TEXT] = "text"};
    json_t *object =
        json_pack("{s:s, s:s, s:s?, s:b, s:s}", "key", param->key, "kind", names[param->kind],
                  "default", param->fallback, "required", !param->fallback, "help", param->help);
    if (param->kind == PPX_CHOICE) {
        json_object_set_new(object, "choices", choices_json(param->choices));
    } else if (param->kind < PPX_FILE) {
        json_object_set_new(object, "least", number_json(param, param->least));
        json_object_set_new(object, "most", number_json(param, param->most));
    }
    return object;
}

static json_t *entry_json(const entry *e) {
    json_t *params = json_array();
    for (int p = 0; p < e->nparams; p++)
        json_array_append_new(params, param_json(&e->params[p]));
    json_t *object =
        json_pack("{s:s, s:s, s:o}", "name", e->name, "summary", e->summary, "params", params);
    if (!e->kernel)
        return object;
    json_t *types = json_array(), *channels = json_array();
    for (int t = 0; t < PPX_NTYPES; t++)
        for (int c = 1; c <= PPX_MAX_CHANNELS; c++)
            if (ppx_kernel_takes(e->kernel, (ppx_type)t, c)) {
                json_array_append_new(types, json_string(ppx_type_name((ppx_type)t)));
                break;
            }
    for (int c = 1; c <= PPX_MAX_CHANNELS; c++)
        if (takes_channels(e->kernel, c))
            json_array_append_new(channels, json_integer(c));
    json_object_set_new(object, "pattern", json_string(ppx_kernel_pattern(e->kernel)));
    json_object_set_new(object, "types", types);
    json_object_set_new(object, "channels", channels);
    return object;
}

static json_t *all_json(void) {
    json_t *kernels = json_array(), *scenes = json_array();
    for (size_t k = 0; k < nentries(); k++) {
        entry e = entry_at(k);
        json_array_append_new(e.kernel ? kernels : scenes, entry_json(&e));
    }
    return json_pack("{s:s, s:o, s:o}", "parpix", PPX_VERSION, "kernels", kernels, "scenes",
                     scenes);
}

// ---- The command --------------------------------------------------------------------------------

static ppx_status find_entry(const char *name, entry *found, ppx_error *error) {
    enum { MOST = 256 };
    const char *names[MOST];
    size_t n = nentries() < MOST ? nentries() : MOST;
    for (size_t k = 0; k < n; k++) {
        *found = entry_at(k);
        names[k] = found->name;
        if (strcmp(names[k], name) == 0)
            return PPX_OK;
    }
    const char *nearest = ppx_nearest(name, names, n);
    if (nearest)
        return ppx_fail(error, PPX_E_USAGE, "no kernel or scene \"%.80s\"; did you mean \"%s\"?",
                        name, nearest);
    return ppx_fail(error, PPX_E_USAGE,
                    "no kernel or scene \"%.80s\"; `parpix list` names them all", name);
}

static ppx_status write_json(json_t *json, ppx_error *error) {
    ppx_status status =
        json ? json_write(json, "-", error) : ppx_fail(error, PPX_E_MEMORY, "no memory for JSON");
    json_decref(json);
    return status;
}

static ppx_status list(const world *all, const char *name, bool json, ppx_error *error) {
    entry e;
    ppx_status status = name ? find_entry(name, &e, error) : PPX_OK;
    if (status || all->rank != 0)
        return status;
    if (json)
        return write_json(name ? entry_json(&e) : all_json(), error);
    if (name)
        print_full(&e);
    else
        print_all();
    return PPX_OK;
}

static ppx_status take_option(void *json, int letter, ppx_error *error) {
    (void)letter, (void)error; // there is one
    *(bool *)json = true;
    return PPX_OK;
}

int cmd_list(world *all, int argc, char **argv) {
    bool json = false;
    ppx_error error = {0};
    int code = take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option,
                            &json);
    if (code >= 0)
        return code;
    if (argc - optind > 1) {
        (void)ppx_fail(&error, PPX_E_USAGE, "list takes one name, not %d: parpix list %s",
                       argc - optind, argv[optind]);
        return complain(all, &error);
    }
    ppx_status status = list(all, argv[optind], json, &error);
    return world_agree(all, status, &error) ? complain(all, &error) : EXIT_SAME;
}
