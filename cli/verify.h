// verify.h: what the files of `parpix verify` share.
#ifndef PARPIX_VERIFY_H
#define PARPIX_VERIFY_H

#include "../core/parpix.h"
#include "world.h"

enum { VERIFY_MOST = 32 }; // thread or rank counts in a list

typedef struct verify_plan {
    char **specs; // of chains, own memory
    size_t nspecs;
    char **inputs; // files; none: awkward images
    size_t ninputs;
    int threads[VERIFY_MOST], ranks[VERIFY_MOST];
    size_t nthreads, nranks;
    bool within; // started by another verify: rank checks only, and no last line
} verify_plan;

typedef struct verify_tally {
    size_t checks, failed;
} verify_tally;

// Adds the specs that a word stands for: "all", a kernel's examples, a chain.
ppx_status verify_add_specs(verify_plan *plan, const char *word, ppx_error *error);
void verify_free(verify_plan *plan);

// The images of a plan: the input files, or the awkward ones.
size_t verify_image_count(const verify_plan *plan);
ppx_status verify_image(const verify_plan *plan, size_t index, ppx_image *image, ppx_error *error);
// "cells.png", "257 x 129 x 3 u16"
void verify_image_name(const verify_plan *plan, size_t index, char *name, size_t room);

// The mpirun that runs the rank checks of a plan in one start; its lines are passed on and counted.
ppx_status verify_start_ranks(const verify_plan *plan, verify_tally *tally, ppx_error *error);

#endif
