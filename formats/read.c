// read.c: which format is it? The content decides, never the name. And images from rows.
#include <string.h>

#include "formats.h"

// Do the first bytes agree as far as both go? A file that ends inside its magic bytes is a
// truncated one of its kind.
static bool begins(const unsigned char *bytes, size_t nbytes, const char *magic) {
    size_t length = strlen(magic);
    return memcmp(bytes, magic, length < nbytes ? length : nbytes) == 0;
}

static const ppx_decoder *recognise(const unsigned char *bytes, size_t nbytes) {
    if (begins(bytes, nbytes, "\x89PNG"))
        return &ppx_png_decoder;
    if (begins(bytes, nbytes, "\x93NUMPY"))
        return &ppx_npy_decoder;
    if (bytes[0] == 'P' && (nbytes < 2 || (bytes[1] >= '1' && bytes[1] <= '7')) &&
        (nbytes < 3 || strchr(" \t\n\v\f\r#", bytes[2])))
        return &ppx_pnm_decoder;
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

static ppx_status open_decoder(ppx_reader *reader, ppx_error *error) {
    ppx_input *input = &reader->input;
    const unsigned char *bytes;
    size_t nbytes = ppx_input_peek(input, &bytes, 8);
    if (input->failed)
        return ppx_fail_errno(error, PPX_E_SYSTEM, input->name, input->failed);
    if (!nbytes)
        return ppx_fail(error, PPX_E_INPUT, "%s: the file is empty", input->name);
    const ppx_decoder *decoder = recognise(bytes, nbytes);
    if (!decoder)
        return refuse(input, bytes, nbytes, error);
    ppx_status status =
        ppx_alloc_array(&reader->state, 1, decoder->state_nbytes, "a decoder", error);
    reader->decoder = status ? NULL : decoder;
    return status ? status : decoder->open(reader, error);
}

ppx_status ppx_reader_open(ppx_reader **opened, const char *path, const ppx_read_options *options,
                           ppx_shape *shape, ppx_error *error) {
    *opened = NULL;
    ppx_reader *reader = NULL;
    ppx_status status = ppx_alloc_array((void **)&reader, 1, sizeof *reader, "a reader", error);
    if (status)
        return status;
    status = ppx_input_open(&reader->input, path, error);
    if (status) {
        ppx_free(reader);
        return status;
    }
    reader->input.max_pixels =
        options && options->max_pixels ? options->max_pixels : PPX_MAX_PIXELS;
    status = open_decoder(reader, error);
    if (status) {
        ppx_reader_close(reader);
        return status;
    }
    *shape = reader->shape;
    *opened = reader;
    return PPX_OK;
}

ppx_status ppx_reader_rows(ppx_reader *reader, const ppx_image *rows, ppx_error *error) {
    PPX_ASSERT(reader->row + rows->shape.height <= reader->shape.height);
    return reader->decoder->rows(reader, rows, error);
}

void ppx_reader_close(ppx_reader *reader) {
    if (!reader)
        return;
    if (reader->decoder && reader->decoder->close)
        reader->decoder->close(reader);
    ppx_free(reader->state);
    ppx_input_close(&reader->input);
    ppx_free(reader);
}

// Refuses more rows than a regular file has left before it takes memory.
static ppx_status make_image(const ppx_reader *reader, ppx_image *image, ppx_error *error) {
    const ppx_input *input = &reader->input;
    const ppx_shape shape = reader->shape;
    uint64_t left = ppx_input_left(input);
    uint64_t whole_rows = reader->row_nbytes ? left / reader->row_nbytes : UINT64_MAX;
    if (whole_rows < (uint64_t)shape.height)
        return ppx_input_short(input, (ptrdiff_t)whole_rows, shape.height, error);
    if (ppx_image_create(image, shape, NULL))
        return ppx_fail(error, PPX_E_MEMORY,
                        "%s: no memory for an image of %td x %td pixels, %d channels of %s",
                        input->name, shape.width, shape.height, shape.channels,
                        ppx_type_name(shape.type));
    return PPX_OK;
}

ppx_status ppx_image_read(ppx_image *image, const char *path, const ppx_read_options *options,
                          ppx_error *error) {
    *image = (ppx_image){0};
    ppx_reader *reader;
    ppx_shape shape;
    ppx_status status = ppx_reader_open(&reader, path, options, &shape, error);
    if (!status)
        status = make_image(reader, image, error);
    if (!status)
        status = ppx_reader_rows(reader, image, error);
    ppx_reader_close(reader);
    if (status)
        ppx_image_free(image);
    return status;
}
