// verify_cases.c: what verify runs when it is not told: the kernels' own examples, on awkward
// images.
#define _GNU_SOURCE // memmem
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Heights around the strip, one more and one less, fewer rows than workers, single rows and
// columns.
static const struct {
    ptrdiff_t width, height;
    int channels;
    ppx_type type;
} awkward[] = {
    {1, 1, 1, PPX_U8},     {1, 37, 1, PPX_U16},   {37, 1, 3, PPX_U8},     {17, 13, 2, PPX_U16},
    {200, 3, 1, PPX_U8},   {65, 63, 1, PPX_F32},  {64, 64, 4, PPX_U8},    {63, 65, 3, PPX_U16},
    {257, 129, 1, PPX_U8}, {129, 257, 3, PPX_U8}, {131, 200, 1, PPX_U16}, {90, 193, 3, PPX_F32},
    {101, 517, 1, PPX_U8},
};
enum { NAWKWARD = sizeof awkward / sizeof *awkward };

static const char *const chains[] = {
    "gaussian:sigma=2+otsu+label",
    "median:radius=1+sobel+equalize",
    "otsu+label+copy",
    "gaussian:sigma=1+box:radius=2+sobel+median:radius=1+threshold:t=40+invert",
    "box:radius=1,border=constant+erode:rx=3+sobel:border=wrap+flip+sobel",
};

static ppx_status add_spec(verify_plan *plan, const char *spec, size_t length, ppx_error *error) {
    char **grown = realloc(plan->specs, (plan->nspecs + 1) * sizeof *grown);
    if (grown)
        plan->specs = grown;
    char *copy = grown ? strndup(spec, length) : NULL;
    if (!copy)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a list of chains");
    plan->specs[plan->nspecs++] = copy;
    return PPX_OK;
}

static const ppx_param *border_param(const ppx_kernel *kernel) {
    int n;
    const ppx_param *params = ppx_kernel_params(kernel, &n);
    for (int k = 0; k < n; k++)
        if (strcmp(params[k].key, "border") == 0)
            return &params[k];
    return NULL;
}

// An example, with each border where the kernel has a choice.
static ppx_status add_example(verify_plan *plan, const ppx_kernel *kernel, const char *example,
                              size_t length, ppx_error *error) {
    const ppx_param *border = border_param(kernel);
    if (!border || memmem(example, length, "border=", 7))
        return add_spec(plan, example, length, error);
    ppx_status status = PPX_OK;
    for (const char *choice = border->choices; !status && *choice;) {
        size_t n = strcspn(choice, "|");
        char spec[200];
        char joint = memchr(example, ':', length) ? ',' : ':';
        int used = snprintf(spec, sizeof spec, "%.*s%cborder=%.*s", (int)length, example, joint,
                            (int)n, choice);
        status = add_spec(plan, spec, (size_t)used, error);
        choice += n + (choice[n] == '|');
    }
    return status;
}

static ppx_status add_kernel(verify_plan *plan, const ppx_kernel *kernel, ppx_error *error) {
    ppx_status status = PPX_OK;
    for (const char *example = ppx_kernel_examples(kernel); !status && *example;) {
        size_t n = strcspn(example, " ");
        status = add_example(plan, kernel, example, n, error);
        example += n + (example[n] == ' ');
    }
    return status;
}

ppx_status verify_add_specs(verify_plan *plan, const char *word, ppx_error *error) {
    ppx_status status = PPX_OK;
    if (strcmp(word, "all") == 0) {
        for (size_t k = 0; !status && k < ppx_kernel_count(); k++)
            status = add_kernel(plan, ppx_kernel_at(k), error);
        for (size_t k = 0; !status && k < sizeof chains / sizeof *chains; k++)
            status = add_spec(plan, chains[k], strlen(chains[k]), error);
        return status;
    }
    ppx_chain *chain;
    status = ppx_chain_parse(&chain, word, NULL, NULL, error);
    ppx_chain_free(chain);
    return status ? status : add_spec(plan, word, strlen(word), error);
}

void verify_free(verify_plan *plan) {
    for (size_t k = 0; k < plan->nspecs; k++)
        free(plan->specs[k]);
    free(plan->specs);
    plan->specs = NULL;
}

size_t verify_image_count(const verify_plan *plan) {
    return plan->ninputs ? plan->ninputs : NAWKWARD;
}

ppx_status verify_image(const verify_plan *plan, size_t index, ppx_image *image, ppx_error *error) {
    if (plan->ninputs)
        return ppx_image_read(image, plan->inputs[index], NULL, error);
    ppx_shape shape = {awkward[index].width, awkward[index].height, awkward[index].channels,
                       awkward[index].type};
    ppx_status status = ppx_image_create(image, shape, error);
    if (!status)
        ppx_awkward_image(image, index + 1);
    return status;
}

void verify_image_name(const verify_plan *plan, size_t index, char *name, size_t room) {
    if (plan->ninputs)
        (void)snprintf(name, room, "%s", plan->inputs[index]);
    else
        (void)snprintf(name, room, "%td x %td x %d %s", awkward[index].width, awkward[index].height,
                       awkward[index].channels, ppx_type_name(awkward[index].type));
}
