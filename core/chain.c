// chain.c: from "gaussian:sigma=2+sobel" to kernels with values.
//
//     chain = kernel { "+" kernel }      kernel = name [ ":" key "=" value { "," key "=" value } ]
//
// Values cannot contain '+' or ','; file names with them must be renamed or linked.
#include "chain.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "params.h"

static ppx_status find_kernel(const ppx_kernel **found, const char *name, ppx_error *error) {
    enum { MOST = 128 };
    const char *names[MOST];
    size_t n = ppx_kernel_count();
    PPX_ASSERT(n <= MOST);
    for (size_t k = 0; k < n; k++) {
        *found = ppx_kernel_at(k);
        if (strcmp((*found)->name, name) == 0)
            return PPX_OK;
        names[k] = (*found)->name;
    }
    char hint[120];
    ppx_suggest(hint, name, names, n, "`parpix list` names them all");
    return ppx_fail(error, PPX_E_USAGE, "no kernel \"%.60s\"%s", name, hint);
}

static ppx_status parse_link(ppx_link *link, char *spec, ppx_text_reader *reader, void *context,
                             ppx_error *error) {
    char *typed = strchr(spec, ':');
    if (typed)
        *typed++ = '\0';
    if (!*spec)
        return ppx_fail(error, PPX_E_USAGE,
                        "a kernel name is missing; a chain is written like gaussian:sigma=2+sobel");
    ppx_status status = find_kernel(&link->kernel, spec, error);
    if (status)
        return status;
    const ppx_settings settings = {
        .owner = link->kernel->name,
        .params = link->kernel->params,
        .nparams = link->kernel->nparams,
        .shown_by = "parpix list",
        .values = link->values,
        .owned = link->owned,
        .read = reader,
        .context = context,
    };
    return ppx_settings_parse(&settings, typed, error);
}

// The spec with its defaults. Files stay out: their content is not a line.
static ppx_status write_text(ppx_chain *chain, const char *spec, ppx_error *error) {
    size_t room = strlen(spec) + 1;
    for (size_t k = 0; k < chain->nlinks; k++)
        for (int p = 0; p < chain->links[k].kernel->nparams; p++) {
            const ppx_param *param = &chain->links[k].kernel->params[p];
            room += strlen(param->key) + 3 + (param->fallback ? strlen(param->fallback) : 0);
        }
    if (!(chain->text = ppx_alloc(room)))
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a chain");
    size_t used = 0;
    for (size_t k = 0; k < chain->nlinks; k++) {
        size_t n = strcspn(spec, "+");
        bool settings = memchr(spec, ':', n) != NULL;
        if (k)
            chain->text[used++] = '+';
        memcpy(chain->text + used, spec, n);
        used += n;
        spec += n + (spec[n] == '+');
        const ppx_link *link = &chain->links[k];
        for (int p = 0; p < link->kernel->nparams; p++) {
            const ppx_param *param = &link->kernel->params[p];
            if (link->values[p].given || !link->values[p].text)
                continue;
            used += (size_t)snprintf(chain->text + used, room - used, "%c%s=%s",
                                     settings ? ',' : ':', param->key, param->fallback);
            settings = true;
        }
    }
    chain->text[used] = '\0';
    return PPX_OK;
}

ppx_status ppx_chain_parse(ppx_chain **parsed, const char *spec, ppx_text_reader *reader,
                           void *context, ppx_error *error) {
    *parsed = NULL;
    ppx_chain *chain = NULL;
    char *copy = ppx_duplicate(spec);
    size_t nlinks = 1;
    for (const char *c = spec; *c; c++)
        nlinks += *c == '+';
    ppx_status status = copy ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for a chain");
    if (!status)
        status = ppx_alloc_array((void **)&chain, 1, sizeof *chain, "a chain", error);
    if (!status)
        status =
            ppx_alloc_array((void **)&chain->links, nlinks, sizeof *chain->links, "a chain", error);
    char *rest = copy;
    for (size_t k = 0; !status && k < nlinks; k++) {
        char *plus = strchr(rest, '+');
        if (plus)
            *plus++ = '\0';
        chain->nlinks = k + 1;
        status = parse_link(&chain->links[k], rest, reader, context, error);
        rest = plus;
    }
    if (!status)
        status = write_text(chain, spec, error);
    ppx_free(copy);
    if (status)
        ppx_chain_free(chain);
    else
        *parsed = chain;
    return status;
}

void ppx_chain_free(ppx_chain *chain) {
    if (!chain)
        return;
    for (size_t k = 0; chain->links && k < chain->nlinks; k++)
        for (int p = 0; p < PPX_MAX_PARAMS; p++)
            ppx_free(chain->links[k].owned[p]);
    ppx_free(chain->links);
    ppx_free(chain->text);
    ppx_free(chain);
}

const char *ppx_chain_text(const ppx_chain *chain) {
    return chain->text;
}

size_t ppx_chain_length(const ppx_chain *chain) {
    return chain->nlinks;
}

const ppx_kernel *ppx_chain_kernel(const ppx_chain *chain, size_t index) {
    return chain->links[index].kernel;
}

// "u8 or u16", "1 or 3": what a kernel takes, for the message that it does not take this.
static void list_types(unsigned types, char *text, size_t room) {
    size_t used = 0;
    for (int t = 0; t < PPX_NTYPES; t++)
        if (types >> t & 1u)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "",
                                     ppx_type_name((ppx_type)t));
}

ppx_status ppx_link_job(const ppx_link *link, ppx_shape in, ppx_job *job, ppx_error *error) {
    const ppx_kernel *kernel = link->kernel;
    *job = (ppx_job){.kernel = kernel, .values = link->values, .first = in, .in = in};
    if (!(kernel->types >> in.type & 1u)) {
        char takes[40];
        list_types(kernel->types, takes, sizeof takes);
        return ppx_fail(error, PPX_E_USAGE, "%s takes %s; its input here is %s", kernel->name,
                        takes, ppx_type_name(in.type));
    }
    if (!(kernel->channels >> in.channels & 1u))
        return ppx_fail(
            error, PPX_E_USAGE, "%s does not take %d channels%s", kernel->name, in.channels,
            kernel->channels == PPX_ONE_CHANNEL ? "; put gray (or gray+threshold) before it for one"
                                                : "");
    return kernel->check ? kernel->check(job, error) : PPX_OK;
}

bool ppx_kernel_asks(const ppx_kernel *kernel, ppx_with with) {
    for (int s = 0; s < kernel->nsteps; s++) {
        const ppx_step *step = &kernel->steps[s];
        if ((step->pattern == PPX_MAP && step->map.with == with) ||
            (step->pattern == PPX_SETTLE && step->settle.with == with))
            return true;
    }
    return false;
}

// "640 x 480, 3 channels of u8".
static void shape_text(char text[80], ppx_shape shape) {
    (void)snprintf(text, 80, "%td x %td, %d channel%s of %s", shape.width, shape.height,
                   shape.channels, shape.channels > 1 ? "s" : "", ppx_type_name(shape.type));
}

const char *ppx_second_path(const ppx_job *job) {
    for (int p = 0; p < job->kernel->nparams; p++)
        if (job->kernel->params[p].kind == PPX_IMAGE)
            return job->values[p].text;
    return NULL;
}

ppx_shape ppx_second_wanted(const ppx_job *job) {
    const ppx_kernel *kernel = job->kernel;
    ppx_shape shape = job->first;
    if (kernel->second == PPX_SAME_SIZE) {
        shape.channels = 1;
        shape.type = PPX_U8;
        while (!(kernel->second_types >> shape.type & 1u))
            shape.type++;
    } else if (kernel->second == PPX_ANY_SIZE) {
        shape.width = shape.width < 9 ? shape.width : 9;
        shape.height = shape.height < 7 ? shape.height : 7;
    }
    return shape;
}

ppx_status ppx_second_check(const ppx_job *job, ppx_shape got, ppx_error *error) {
    const ppx_kernel *kernel = job->kernel;
    const char *path = ppx_second_path(job);
    ppx_shape first = job->first;
    char is[80], must[80], types[40];
    shape_text(is, got);
    bool alike = got.channels == first.channels && got.type == first.type;
    switch (kernel->second) {
    case PPX_ALIKE:
        if (ppx_shape_equal(got, first))
            return PPX_OK;
        shape_text(must, first);
        return ppx_fail(error, PPX_E_USAGE, "%s: %.200s is %s; it must be like the input here, %s",
                        kernel->name, path, is, must);
    case PPX_SAME_SIZE:
        if (got.width == first.width && got.height == first.height && got.channels == 1 &&
            kernel->second_types >> got.type & 1u)
            return PPX_OK;
        list_types(kernel->second_types, types, sizeof types);
        return ppx_fail(error, PPX_E_USAGE,
                        "%s: %.200s is %s; it must be as large as the input here, %td x %td, with "
                        "1 channel of %s",
                        kernel->name, path, is, first.width, first.height, types);
    case PPX_ANY_SIZE:
        break;
    }
    if (alike)
        return PPX_OK;
    return ppx_fail(error, PPX_E_USAGE,
                    "%s: %.200s is %s; it must have channels and type of the input here, %d of %s",
                    kernel->name, path, is, first.channels, ppx_type_name(first.type));
}

void ppx_step_geometry(const ppx_step *step, ppx_job *job) {
    job->geometry = (ppx_geometry){.out = job->in, .keep_alpha = true};
    if (step->pattern == PPX_TRANSPOSE) {
        job->geometry.out.width = job->in.height;
        job->geometry.out.height = job->in.width;
    }
    if (step->geometry)
        step->geometry(job, &job->geometry);
}

// The shape after each step. Loops that a table decides on do not change it; others are walked.
static void walk_steps(ppx_job *job) {
    const ppx_kernel *kernel = job->kernel;
    bool loops = kernel->again && !kernel->table_nbytes;
    for (int s = 0; s < kernel->nsteps; s++) {
        if (loops && s == kernel->loop_from && !kernel->again(job, job->turn)) {
            s = kernel->loop_to - 1;
            continue;
        }
        ppx_step_geometry(&kernel->steps[s], job);
        job->in = job->geometry.out;
        if (loops && s + 1 == kernel->loop_to) {
            job->turn++;
            s = kernel->loop_from - 1;
        }
    }
}

ppx_status ppx_chain_shape(const ppx_chain *chain, ppx_shape in, ppx_shape *out, ppx_error *error) {
    for (size_t k = 0; k < chain->nlinks; k++) {
        ppx_job job;
        ppx_status status = ppx_link_job(&chain->links[k], in, &job, error);
        if (status)
            return status;
        walk_steps(&job);
        in = job.in;
    }
    *out = in;
    return PPX_OK;
}
