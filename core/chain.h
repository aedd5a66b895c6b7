// chain.h: a parsed chain, as the executor sees it.
#ifndef PPX_CHAIN_H
#define PPX_CHAIN_H

#include "kernel.h"

typedef struct ppx_link {
    const ppx_kernel *kernel;
    ppx_value values[PPX_MAX_PARAMS];
    char *owned[PPX_MAX_PARAMS]; // what values[].text points to
} ppx_link;

struct ppx_chain {
    size_t nlinks;
    ppx_link *links;
    char *text;
};

// The job of a kernel's first step on such an image, or why the kernel refuses it.
ppx_status ppx_link_job(const ppx_link *link, ppx_shape in, ppx_job *job, ppx_error *error);
bool ppx_kernel_asks(const ppx_kernel *kernel, ppx_with with); // one of its steps does
// The image that a parameter names, NULL if none; a shape that would do; does this one?
const char *ppx_second_path(const ppx_job *job);
ppx_shape ppx_second_wanted(const ppx_job *job);
ppx_status ppx_second_check(const ppx_job *job, ppx_shape got, ppx_error *error);
// Sets the geometry of a step for job->in.
void ppx_step_geometry(const ppx_step *step, ppx_job *job);

#endif
