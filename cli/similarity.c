// similarity.c: the structural similarity of two images.
#include "similarity.h"

#include <string.h>

// The second image is in memory already.
static ppx_status hand_out(void *context, const char *path, ppx_shape wanted, bool whole,
                           ppx_band *band, ppx_error *error) {
    (void)path, (void)wanted, (void)whole, (void)error;
    const ppx_image *image = context;
    *band = ppx_band_whole(ppx_image_view(image, 0, image->shape.height));
    return PPX_OK;
}

static void take_number(void *context, const char *kernel, const char *key, double value) {
    (void)kernel;
    if (strcmp(key, "ssim") == 0)
        *(double *)context = value;
}

static void take_table(void *context, const char *kernel, const ppx_table *table) {
    (void)context, (void)kernel, (void)table;
}

ppx_status similarity(const ppx_image *a, const ppx_image *b, double *mean, ppx_image *map,
                      ppx_error *error) {
    ppx_chain *chain;
    *map = (ppx_image){0};
    ppx_status status = ppx_chain_parse(&chain, "ssim:with=B", NULL, NULL, error);
    if (status)
        return status;
    const ppx_sink sink = {mean, take_number, take_table};
    const ppx_run_options how = {
        .sink = &sink, .load = hand_out, .load_context = (void *)(uintptr_t)b};
    ppx_band band = ppx_band_whole(ppx_image_view(a, 0, a->shape.height));
    status = ppx_run(chain, &ppx_runner_omp, &band, &how, NULL, error);
    *map = band.rows;
    ppx_chain_free(chain);
    return status;
}
