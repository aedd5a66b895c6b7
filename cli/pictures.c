// pictures.c: what came out of a chain as PNG in base64, at most PICTURE_SIDE pixels to a side.
//
// The image is reduced by the resize kernel, by area (a label or a 32-bit sum by nearest: a mean of
// labels is no label), then made gray or RGB of 8 bits, then written as a file and read back. What
// does not compress (noise) is reduced further, so that a record stays small.
#define _GNU_SOURCE // mkostemps
#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/picture.h"

enum { LEAST_SIDE = 32, MOST_FILE = 8 << 20 };

// RFC 4648; free the text.
static char *base64(const unsigned char *bytes, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((n + 2) / 3 * 4 + 1), *to = text;
    for (size_t k = 0; text && k < n; k += 3) {
        unsigned rest = (unsigned)(n - k);
        unsigned word = (unsigned)bytes[k] << 16 | (rest > 1 ? (unsigned)bytes[k + 1] << 8 : 0) |
                        (rest > 2 ? bytes[k + 2] : 0);
        *to++ = digits[word >> 18];
        *to++ = digits[word >> 12 & 63];
        *to++ = rest > 1 ? digits[word >> 6 & 63] : '=';
        *to++ = rest > 2 ? digits[word & 63] : '=';
    }
    if (text)
        *to = '\0';
    return text;
}

// The image as a PNG in base64; free the text.
static ppx_status png_text(const ppx_image *picture, char **text, ppx_error *error) {
    const char *directory = getenv("TMPDIR");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/parpix-XXXXXX.png", directory ? directory : "/tmp");
    int descriptor = mkostemps(path, 4, 0);
    if (descriptor < 0)
        return ppx_fail(error, PPX_E_SYSTEM, "%.400s: no file for a picture", path);
    (void)close(descriptor);
    const ppx_write_options how = {.png_level = 9};
    ppx_status status = ppx_image_write(picture, path, &how, error);
    unsigned char *bytes = malloc(MOST_FILE);
    FILE *file = status ? NULL : fopen(path, "rb");
    size_t n = file && bytes ? fread(bytes, 1, MOST_FILE, file) : 0;
    if (file)
        (void)fclose(file);
    (void)unlink(path);
    *text = n ? base64(bytes, n) : NULL;
    free(bytes);
    if (!status && !*text)
        status = ppx_fail(error, PPX_E_SYSTEM, "%.400s: cannot be read back", path);
    return status;
}

// At most `side` pixels to a side; *small may be a view of the image.
static ppx_status reduce(const ppx_image *image, ptrdiff_t side, ppx_image *small,
                         ppx_error *error) {
    const ppx_shape s = image->shape;
    ptrdiff_t longer = s.width > s.height ? s.width : s.height;
    ppx_band band = ppx_band_whole(ppx_image_view(image, 0, s.height));
    *small = band.rows;
    if (longer <= side)
        return PPX_OK;
    ptrdiff_t width = s.width * side / longer, height = s.height * side / longer;
    char spec[100];
    (void)snprintf(spec, sizeof spec, "resize:width=%td,height=%td,filter=%s", width ? width : 1,
                   height ? height : 1, s.type == PPX_U32 ? "nearest" : "area");
    ppx_chain *chain = NULL;
    ppx_status status = ppx_chain_parse(&chain, spec, NULL, NULL, error);
    if (!status)
        status = ppx_run(chain, &ppx_runner_serial, &band, NULL, NULL, error);
    ppx_chain_free(chain);
    *small = band.rows;
    return status;
}

static ppx_status picture_text(const ppx_image *small, ppx_picture_kind kind, const double range[2],
                               char **text, ppx_error *error) {
    ppx_image picture = {0};
    ppx_status status = ppx_picture_make(small, kind, range, &picture, error);
    if (!status)
        status = png_text(&picture, text, error);
    ppx_image_free(&picture);
    return status;
}

// Both of that size, with one range of grey levels for both: that of the serial one.
static ppx_status pair_texts(const ppx_chain *chain, const ppx_image *const images[2],
                             ptrdiff_t side, ppx_shape *shape, char *texts[2], ppx_error *error) {
    const char *pattern = ppx_kernel_pattern(ppx_chain_kernel(chain, ppx_chain_length(chain) - 1));
    bool sums = strstr(pattern, "scan") != NULL;
    ppx_picture_kind kind =
        images[0]->shape.type == PPX_U32 && !sums ? PPX_PICTURE_LABELS : PPX_PICTURE_LEVELS;
    double range[2];
    ppx_status status = PPX_OK;
    for (int k = 0; !status && k < 2; k++) {
        ppx_image small = {0};
        status = reduce(images[k], side, &small, error);
        if (!status && k == 0)
            ppx_picture_range(&small, range);
        if (!status)
            status = picture_text(&small, kind, range, &texts[k], error);
        *shape = small.shape;
        ppx_image_free(&small);
    }
    return status;
}

ppx_status picture_add(json_t *pictures, const ppx_chain *chain, const ppx_image *serial,
                       const ppx_image *parallel, bool equal, size_t room, ppx_error *error) {
    const ppx_image *const images[2] = {serial, parallel};
    char *texts[2] = {NULL, NULL};
    ppx_shape shape;
    ppx_status status;
    for (ptrdiff_t side = PICTURE_SIDE;; side /= 2) {
        status = pair_texts(chain, images, side, &shape, texts, error);
        if (status || side <= LEAST_SIDE || strlen(texts[0]) + strlen(texts[1]) <= room)
            break;
        for (int k = 0; k < 2; k++) {
            free(texts[k]);
            texts[k] = NULL;
        }
    }
    if (!status && json_array_append_new(
                       pictures, json_pack("{s:s, s:I, s:I, s:b, s:s, s:s}", "chain",
                                           ppx_chain_text(chain), "width", (json_int_t)shape.width,
                                           "height", (json_int_t)shape.height, "equal", equal,
                                           "serial_png", texts[0], "parallel_png", texts[1])) != 0)
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for a picture");
    free(texts[0]);
    free(texts[1]);
    return status;
}
