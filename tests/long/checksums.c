// checksums.c: the checksum of every kernel's examples on images that break things. Built for two
// machines, it must print the same lines (tests/long/neon.bats).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/parpix.h"

static const ppx_shape shapes[] = {{97, 131, 1, PPX_U8}, {33, 65, 3, PPX_U8},
                                   {64, 70, 1, PPX_U16}, {41, 67, 4, PPX_U16},
                                   {53, 66, 1, PPX_F32}, {19, 71, 3, PPX_F32}};

static ppx_status load(void *context, const char *path, ppx_shape wanted, bool whole,
                       ppx_band *band, ppx_error *error) {
    (void)context, (void)path, (void)whole;
    ppx_image image;
    ppx_status status = ppx_image_create(&image, wanted, error);
    if (!status)
        ppx_awkward_image(&image, 2);
    *band = ppx_band_whole(image);
    return status;
}

// Kernels that do not take an image are passed over: both machines must say the same of that, too.
static void run(const char *spec, ppx_shape shape) {
    ppx_error error = {0};
    ppx_chain *chain = NULL;
    ppx_image image = {0};
    ppx_status status = ppx_chain_parse(&chain, spec, NULL, NULL, &error);
    if (!status)
        status = ppx_image_create(&image, shape, &error);
    if (status) {
        fprintf(stderr, "%s: %s\n", spec, error.text);
        exit(2);
    }
    ppx_awkward_image(&image, 1);
    ppx_band band = ppx_band_whole(image);
    const ppx_run_options how = {.load = load};
    status = ppx_run(chain, &ppx_runner_serial, &band, &how, NULL, &error);
    printf("%s %td x %td x %d %s ", spec, shape.width, shape.height, shape.channels,
           ppx_type_name(shape.type));
    if (status)
        printf("refused\n");
    else
        printf("%016llx\n", (unsigned long long)ppx_image_checksum(&band.rows));
    ppx_image_free(&band.rows);
    ppx_chain_free(chain);
}

int main(void) {
    for (size_t k = 0; k < ppx_kernel_count(); k++)
        for (const char *word = ppx_kernel_examples(ppx_kernel_at(k)); *word;) {
            char spec[200];
            int n = (int)strcspn(word, " ");
            (void)snprintf(spec, sizeof spec, "%.*s", n, word);
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                run(spec, shapes[s]);
            word += n + (word[n] == ' ');
        }
    return 0;
}
