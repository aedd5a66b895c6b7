// named.c: the files that a chain's parameters name.
#include "named.h"

#include <string.h>

#include "../core/memory.h"

ppx_status named_text(void *context, char **text, const char *path, ppx_error *error) {
    const world *all = context;
    *text = NULL;
    ppx_status status = PPX_OK;
    uint64_t nbytes = 0;
    if (all->rank == 0)
        status = ppx_text_read(text, path, error);
    if (*text)
        nbytes = strlen(*text) + 1;
    status = world_agree(all, status, error);
    if (!status)
        status = world_share(all, &nbytes, sizeof nbytes, error);
    if (!status && all->rank > 0)
        status = ppx_alloc_array((void **)text, nbytes, 1, "a file", error);
    status = world_agree(all, status, error);
    if (!status)
        status = world_share(all, *text, nbytes, error);
    return status;
}

static ppx_status read_image(const char *path, ppx_shape wanted, ppx_image *image,
                             ppx_error *error) {
    if (strcmp(path, NAMED_AWKWARD) != 0)
        return ppx_image_read(image, path, NULL, error);
    ppx_status status = ppx_image_create(image, wanted, error);
    if (!status)
        ppx_awkward_image(image, 1);
    return status;
}

// The image of rank 0 for all.
static ppx_status share_image(const world *all, ppx_shape shape, ppx_image *image,
                              ppx_error *error) {
    ppx_status status = all->rank ? ppx_image_create(image, shape, error) : PPX_OK;
    status = world_agree(all, status, error);
    for (ptrdiff_t y = 0; !status && y < shape.height; y++)
        status = world_share(all, ppx_image_row(image, y), ppx_shape_row_nbytes(shape), error);
    return status;
}

ppx_status named_image(void *context, const char *path, ppx_shape wanted, bool whole,
                       ppx_band *band, ppx_error *error) {
    const world *all = context;
    ppx_image image = {0};
    ppx_status status = PPX_OK;
    if (all->rank == 0)
        status = read_image(path, wanted, &image, error);
    if (all->nranks == 1) { // also within a larger world
        *band = ppx_band_whole(image);
        return status;
    }
    ppx_shape shape = image.shape;
    status = world_agree(all, status, error);
    if (!status)
        status = world_share(all, &shape, sizeof shape, error);
    if (!status && whole) {
        status = share_image(all, shape, &image, error);
        *band = ppx_band_whole(image);
        return status;
    }
    if (!status)
        status = world_distribute(all, shape, &image, band, error);
    ppx_image_free(&image);
    return status;
}
