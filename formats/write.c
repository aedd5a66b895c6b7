// write.c: the format by extension or by option, whether an image fits into it, and images as
// rows.
#define _GNU_SOURCE
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "formats.h"

static const struct {
    const char *extension; // without the dot
    ppx_format format;
    const char *name;
} formats[] = {
    {"png", PPX_PNG, "PNG"}, {"pnm", PPX_PNM, "PNM"}, {"pbm", PPX_PBM, "PBM"},
    {"pgm", PPX_PGM, "PGM"}, {"ppm", PPX_PPM, "PPM"}, {"pam", PPX_PAM, "PAM"},
    {"npy", PPX_NPY, "NPY"},
};
enum { NFORMATS = sizeof formats / sizeof *formats };

static int find(const char *extension) {
    for (int k = 0; k < NFORMATS; k++)
        if (strcasecmp(extension, formats[k].extension) == 0)
            return k;
    return -1;
}

static const char *extension_of(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? dot + 1 : "";
}

// Standard output, and devices and fifos, whose names seldom say a format.
static bool takes_any(const char *path) {
    struct stat about;
    return strcmp(path, "-") == 0 ||
           (stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode));
}

// The place in formats[] of what to write.
static ppx_status choose(const char *path, const ppx_write_options *options, int *which,
                         ppx_error *error) {
    char name[PPX_FILE_NAME];
    ppx_file_name(name, path, "standard output");
    const char *extension = extension_of(path), *wanted = options ? options->format : NULL;
    int named = find(extension);
    if (options && (options->png_level < 0 || options->png_level > 9))
        return ppx_fail(error, PPX_E_USAGE, "PNG level %d: there are 0 (fast) and 1 to 9",
                        options->png_level);
    if (wanted) {
        *which = find(wanted);
        if (*which < 0)
            return ppx_fail(error, PPX_E_USAGE, "format \"%s\": there are png, pnm and npy",
                            wanted);
        // "pnm" leaves the choice within its family to the extension.
        if (formats[*which].format == PPX_PNM && named >= 0 && formats[named].format > PPX_PNM &&
            formats[named].format <= PPX_PAM)
            *which = named;
        return PPX_OK;
    }
    *which = named < 0 && takes_any(path) ? 0 : named;
    if (*which >= 0)
        return PPX_OK;
    if (*extension)
        return ppx_fail(error, PPX_E_USAGE,
                        "%s: files named .%.20s are not written; use .png, .pgm, .ppm, .pbm, .pnm, "
                        ".pam or .npy",
                        name, extension);
    return ppx_fail(error, PPX_E_USAGE,
                    "%s: the name does not say the format; end it in .png, .pgm, .ppm, .pbm, "
                    ".pnm, .pam or .npy",
                    name);
}

static ppx_status fits(ppx_shape shape, const char *path, int which, ppx_error *error) {
    char name[PPX_FILE_NAME];
    ppx_file_name(name, path, "standard output");
    ppx_format format = formats[which].format;
    int channels = shape.channels;
    if (shape.width < 1 || shape.height < 1 || channels < 1 || channels > PPX_MAX_CHANNELS)
        return ppx_fail(error, PPX_E_USAGE, "%s: %td x %td pixels of %d channels are no image",
                        name, shape.width, shape.height, channels);
    if (format == PPX_NPY)
        return PPX_OK;
    if (shape.type == PPX_U32 || shape.type == PPX_F32)
        return ppx_fail(error, PPX_E_USAGE, "%s: %s do not fit into %s; write them to a .npy file",
                        name, shape.type == PPX_U32 ? "labels (u32)" : "real numbers (f32)",
                        formats[which].name);
    if (format == PPX_PNG && (shape.width > INT32_MAX || shape.height > INT32_MAX))
        return ppx_fail(error, PPX_E_USAGE,
                        "%s: %td x %td pixels do not fit into PNG; write a .pam or .npy file", name,
                        shape.width, shape.height);
    int must = format == PPX_PGM || format == PPX_PBM ? 1 : format == PPX_PPM ? 3 : channels;
    if (channels != must)
        return ppx_fail(error, PPX_E_USAGE,
                        "%s: %s has %d channel%s, the image %d; write a .%s file", name,
                        formats[which].name, must, must > 1 ? "s" : "", channels,
                        channels == 1   ? "pgm"
                        : channels == 3 ? "ppm"
                                        : "pam");
    if (format == PPX_PBM && shape.type != PPX_U8)
        return ppx_fail(error, PPX_E_USAGE,
                        "%s: PBM has black and white, the image %s; write a .pgm file", name,
                        ppx_type_name(shape.type));
    return PPX_OK;
}

ppx_status ppx_image_writable(ppx_shape shape, const char *path, const ppx_write_options *options,
                              ppx_error *error) {
    int which;
    ppx_status status = choose(path, options, &which, error);
    if (!status)
        status = fits(shape, path, which, error);
    return status ? status : ppx_output_check(path, error);
}

static ppx_status open_encoder(ppx_writer *writer, ppx_error *error) {
    writer->encoder = writer->format == PPX_PNG   ? &ppx_png_encoder
                      : writer->format == PPX_NPY ? &ppx_npy_encoder
                                                  : &ppx_pnm_encoder;
    ppx_status status =
        ppx_alloc_array(&writer->state, 1, writer->encoder->state_nbytes, "an encoder", error);
    return status ? status : writer->encoder->open(writer, error);
}

ppx_status ppx_writer_open(ppx_writer **opened, ppx_shape shape, const char *path,
                           const ppx_write_options *options, ppx_error *error) {
    *opened = NULL;
    int which;
    ppx_writer *writer = NULL;
    ppx_status status = choose(path, options, &which, error);
    if (!status)
        status = fits(shape, path, which, error);
    if (!status)
        status = ppx_alloc_array((void **)&writer, 1, sizeof *writer, "a writer", error);
    if (status)
        return status;
    *writer = (ppx_writer){
        .shape = shape, .format = formats[which].format, .level = options ? options->png_level : 0};
    status = ppx_output_open(&writer->output, path, error);
    if (status) {
        ppx_free(writer);
        return status;
    }
    status = open_encoder(writer, error);
    if (status) {
        (void)ppx_writer_close(writer, status, NULL);
        return status;
    }
    *opened = writer;
    return PPX_OK;
}

ppx_status ppx_writer_rows(ppx_writer *writer, const ppx_image *rows, ppx_error *error) {
    PPX_ASSERT(writer->row + rows->shape.height <= writer->shape.height);
    ppx_status status = writer->encoder->rows(writer, rows, error);
    writer->row += rows->shape.height;
    return status;
}

ppx_status ppx_writer_close(ppx_writer *writer, ppx_status status, ppx_error *error) {
    if (!writer)
        return status;
    PPX_ASSERT(status || writer->output.failed || writer->row == writer->shape.height);
    if (writer->encoder->close)
        writer->encoder->close(writer);
    status = ppx_output_close(&writer->output, status, error);
    ppx_free(writer->state);
    ppx_free(writer);
    return status;
}

ppx_status ppx_image_write(const ppx_image *image, const char *path,
                           const ppx_write_options *options, ppx_error *error) {
    ppx_writer *writer;
    ppx_status status = ppx_writer_open(&writer, image->shape, path, options, error);
    if (status)
        return status;
    status = ppx_writer_rows(writer, image, error);
    return ppx_writer_close(writer, status, error);
}
