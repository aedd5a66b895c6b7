// world_single.c: the world of one process. Nothing to send, nobody to wait for: every collective
// is the identity.
#include <string.h>

#include "world.h"

ppx_status world_open(world *all, int *argc, char ***argv, ppx_error *error) {
    (void)argc;
    (void)argv;
    (void)error;
    *all = (world){.rank = 0, .nranks = 1};
    return PPX_OK;
}

void world_close(world *all) {
    (void)all;
}

ppx_status world_first(const world *all, int nranks, world *part, ppx_error *error) {
    if (nranks != 1)
        return ppx_fail(error, PPX_E_USAGE,
                        "%d ranks are wanted, but this is one process; start it with mpirun -n %d",
                        nranks, nranks);
    *part = *all;
    return PPX_OK;
}

void world_free(world *part) {
    (void)part;
}

const ppx_runner *world_runner(world *all, const ppx_runner *inner) {
    (void)all;
    return inner;
}

void world_deal(world *all, bool dealing) {
    (void)all, (void)dealing;
}

ppx_status world_agree(const world *all, ppx_status status, ppx_error *error) {
    (void)all;
    (void)error;
    return status;
}

ppx_status world_share(const world *all, void *bytes, size_t nbytes, ppx_error *error) {
    (void)all;
    (void)bytes;
    (void)nbytes;
    (void)error;
    return PPX_OK;
}

void world_gather(const world *all, const void *value, size_t nbytes, void *values) {
    (void)all;
    memcpy(values, value, nbytes);
}

ppx_status world_distribute(const world *all, ppx_shape shape, ppx_image *whole, ppx_band *band,
                            ppx_error *error) {
    (void)all;
    (void)shape;
    (void)error;
    *band = ppx_band_whole(*whole);
    *whole = (ppx_image){0};
    return PPX_OK;
}

ppx_status world_collect(const world *all, ppx_band *band, ppx_image *whole, ppx_error *error) {
    (void)all;
    (void)error;
    *whole = band->rows;
    *band = (ppx_band){0};
    return PPX_OK;
}

const char *world_library(void) {
    return "none";
}

const ppx_lesson *world_lesson(const char *name) {
    (void)name;
    return NULL;
}
