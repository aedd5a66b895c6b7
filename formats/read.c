// read.c: which format is it? The content decides, never the name.
#include <string.h>

#include "formats.h"

typedef ppx_status reader(ppx_input *input, ppx_image *image, ppx_error *error);

// Do the first bytes agree as far as both go? A file that ends inside its magic bytes is a
// truncated one of its kind.
static bool begins(const unsigned char *bytes, size_t nbytes, const char *magic) {
    size_t length = strlen(magic);
    return memcmp(bytes, magic, length < nbytes ? length : nbytes) == 0;
}

static reader *recognise(const unsigned char *bytes, size_t nbytes) {
    if (begins(bytes, nbytes, "\x89PNG"))
        return ppx_png_read;
    if (begins(bytes, nbytes, "\x93NUMPY"))
        return ppx_npy_read;
    if (bytes[0] == 'P' && (nbytes < 2 || (bytes[1] >= '1' && bytes[1] <= '7')) &&
        (nbytes < 3 || strchr(" \t\n\v\f\r#", bytes[2])))
        return ppx_pnm_read;
    return NULL;
}

static ppx_status refuse(const ppx_input *input, const unsigned char *bytes, size_t nbytes,
                         ppx_error *error) {
    static const struct {
        const char *magic, *name;
    } foreign[] = {{"\xff\xd8\xff", "JPEG"}, {"II*", "TIFF"}, {"MM", "TIFF"},
                   {"GIF8", "GIF"},          {"BM", "BMP"},   {"RIFF", "WebP"}};
    for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++)
        if (nbytes >= 4 && begins(bytes, nbytes, foreign[k].magic))
            return ppx_fail(error, PPX_E_INPUT,
                            "%s: looks like %s, which is not read; convert it to PNG first",
                            input->name, foreign[k].name);
    return ppx_fail(error, PPX_E_INPUT,
                    "%s: not an image of a known kind (PNG, PBM, PGM, PPM, PAM, NPY)", input->name);
}

ppx_status ppx_image_read(ppx_image *image, const char *path, const ppx_read_options *options,
                          ppx_error *error) {
    *image = (ppx_image){0};
    ppx_input input;
    ppx_status status = ppx_input_open(&input, path, error);
    if (status)
        return status;
    input.max_pixels = options && options->max_pixels ? options->max_pixels : PPX_MAX_PIXELS;
    const unsigned char *bytes;
    size_t nbytes = ppx_input_peek(&input, &bytes, 8);
    reader *read = nbytes ? recognise(bytes, nbytes) : NULL;
    if (input.failed)
        status = ppx_fail_errno(error, PPX_E_SYSTEM, input.name, input.failed);
    else if (!nbytes)
        status = ppx_fail(error, PPX_E_INPUT, "%s: the file is empty", input.name);
    else
        status = read ? read(&input, image, error) : refuse(&input, bytes, nbytes, error);
    ppx_input_close(&input);
    if (status)
        ppx_image_free(image);
    return status;
}
