// png.c: the one file that knows libpng.
//
// Read: every colour type, depth and interlacing. Grays below 8 bits are scaled to 8, palettes
// become RGB (black where a pixel's colour is not in it), tRNS becomes alpha, 16 bits stay 16.
// Gamma, colour profiles and texts are skipped unread. A file that is not intact to its end mark is
// refused, and so is one with a damaged checksum in any chunk: half an image and an image without
// its transparency are wrong results.
//
// Written by default: the sub filter and run lengths only at zlib's level 1, which on photographs
// and micrographs is five to ten times faster than libpng's own choice and hardly larger.
//
// libpng reports failures by longjmp. It happens only inside the functions that call setjmp
// (decode and encode), which own nothing: what must be freed lies in a session of their caller.
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "formats.h"

typedef struct session {
    png_structp png;
    png_infop info;
    ppx_input *input;   // when reading
    ppx_output *output; // when writing
    ppx_image *image;
    ppx_error *error;
    ppx_status status; // of our own checks
    ptrdiff_t row;     // being read; -1 in the header
    bool no_memory, ended;
    char text[160]; // what libpng complains of
} session;

static png_voidp allocate(png_structp png, png_alloc_size_t nbytes) {
    void *memory = ppx_alloc(nbytes);
    if (!memory)
        ((session *)png_get_mem_ptr(png))->no_memory = true;
    return memory;
}

static void release(png_structp png, png_voidp memory) {
    (void)png;
    ppx_free(memory);
}

static _Noreturn void complain(png_structp png, png_const_charp text) {
    session *s = png_get_error_ptr(png);
    (void)snprintf(s->text, sizeof s->text, "%s", text);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
    (void)png, (void)text;
}

// ---- Reading ------------------------------------------------------------------------------------

static void take_bytes(png_structp png, png_bytep to, size_t nbytes) {
    session *s = png_get_io_ptr(png);
    if (ppx_input_take(s->input, to, nbytes) == nbytes)
        return;
    s->ended = true;
    png_error(png, "the file ends");
}

static void set_limits(png_structp png) {
#ifdef PNG_SET_USER_LIMITS_SUPPORTED
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // libpng's are a million each way
#else
    (void)png;
#endif
}

// What to do before the first byte is read.
static void prepare(session *s) {
    png_set_read_fn(s->png, s, take_bytes);
    set_limits(s->png);
    png_set_crc_action(s->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
#ifdef PNG_SET_UNKNOWN_CHUNKS_SUPPORTED
    // All chunks but those that make the pixels.
    png_set_keep_unknown_chunks(s->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
#endif
}

// The limits, before memory is taken. Deflate cannot pack more than 1032 bytes into one (a match of
// 258 bytes takes 2 bits at least), so a small file cannot hold a huge image.
static ppx_status allow(const session *s) {
    png_uint_32 width = png_get_image_width(s->png, s->info);
    png_uint_32 height = png_get_image_height(s->png, s->info);
    ppx_status status = ppx_input_allow(s->input, width, height, s->error);
    if (status || s->input->nbytes == UINT64_MAX)
        return status;
    uint64_t raster = (uint64_t)png_get_rowbytes(s->png, s->info) * height;
    if (raster / 1032 > s->input->nbytes)
        return ppx_fail(s->error, PPX_E_INPUT,
                        "%s: the header claims %ju x %ju pixels, too many for a file of %ju bytes; "
                        "it is truncated or damaged",
                        s->input->name, (uintmax_t)width, (uintmax_t)height,
                        (uintmax_t)s->input->nbytes);
    return PPX_OK;
}

// Asks libpng for our kinds of samples and makes the image for them. Returns the interlacing's
// number of passes.
static int make_image(session *s) {
    png_set_expand(s->png);
    if (png_get_bit_depth(s->png, s->info) == 16 && !PPX_BIG_ENDIAN)
        png_set_swap(s->png);
    int passes = png_set_interlace_handling(s->png);
    png_read_update_info(s->png, s->info);
    ppx_shape shape = {(ptrdiff_t)png_get_image_width(s->png, s->info),
                       (ptrdiff_t)png_get_image_height(s->png, s->info),
                       png_get_channels(s->png, s->info),
                       png_get_bit_depth(s->png, s->info) == 16 ? PPX_U16 : PPX_U8};
    PPX_ASSERT(png_get_rowbytes(s->png, s->info) == ppx_shape_row_nbytes(shape));
    s->status = ppx_input_image(s->input, shape, 0, s->image, s->error);
    return passes;
}

static ppx_status failed_reading(const session *s) {
    const ppx_input *input = s->input;
    if (s->ended)
        return ppx_input_short(input, s->row, s->image->shape.height, s->error);
    if (s->no_memory)
        return ppx_fail(s->error, PPX_E_MEMORY, "%s: no memory to decode it", input->name);
    if (s->row >= 0 && s->row < s->image->shape.height)
        return ppx_fail(s->error, PPX_E_INPUT, "%s: damaged in row %td of %td: %s", input->name,
                        s->row + 1, s->image->shape.height, s->text);
    return ppx_fail(s->error, PPX_E_INPUT, "%s: damaged %s: %s", input->name,
                    s->row < 0 ? "in its header" : "behind its last row", s->text);
}

static ppx_status decode(session *s) {
    if (setjmp(png_jmpbuf(s->png)))
        return failed_reading(s);
    prepare(s);
    png_read_info(s->png, s->info);
    s->status = allow(s);
    if (s->status)
        return s->status;
    int passes = make_image(s);
    if (s->status)
        return s->status;
    for (int pass = 0; pass < passes; pass++)
        for (s->row = 0; s->row < s->image->shape.height; s->row++)
            png_read_row(s->png, ppx_image_row(s->image, s->row), NULL);
    png_read_end(s->png, NULL);
    return PPX_OK;
}

ppx_status ppx_png_read(ppx_input *input, ppx_image *image, ppx_error *error) {
    session s = {.input = input, .image = image, .error = error, .row = -1};
    s.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &s, complain, ignore, &s, allocate,
                                     release);
    s.info = s.png ? png_create_info_struct(s.png) : NULL;
    ppx_status status = s.info ? decode(&s)
                               : ppx_fail(error, PPX_E_MEMORY, "%s: libpng cannot start: %s",
                                          input->name, s.no_memory ? "no memory" : s.text);
    png_destroy_read_struct(&s.png, &s.info, NULL);
    return status;
}

// ---- Writing ------------------------------------------------------------------------------------

static void put_bytes(png_structp png, png_bytep from, size_t nbytes) {
    session *s = png_get_io_ptr(png);
    if (!ppx_output_write(s->output, from, nbytes))
        png_error(png, "cannot write"); // the output knows why
}

static void put_nothing(png_structp png) {
    (void)png;
}

static void set_compression(png_structp png, int level) {
    png_set_compression_buffer_size(png, 64 * 1024); // the size of an IDAT chunk
    if (level) {
        png_set_compression_level(png, level);
        png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    } else {
        png_set_compression_level(png, Z_BEST_SPEED);
        png_set_compression_strategy(png, Z_RLE);
        png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    }
}

static ppx_status encode(session *s, int level) {
    static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                  PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(s->png))) {
        if (s->output->failed)
            return PPX_OK; // reported when the output is closed
        if (s->no_memory)
            return ppx_fail(s->error, PPX_E_MEMORY, "%s: no memory to encode it", s->output->name);
        return ppx_fail(s->error, PPX_E_SYSTEM, "%s: cannot encode: %s", s->output->name, s->text);
    }
    ppx_shape shape = s->image->shape;
    png_set_write_fn(s->png, s, put_bytes, put_nothing);
    set_limits(s->png);
    set_compression(s->png, level);
    png_set_IHDR(s->png, s->info, (png_uint_32)shape.width, (png_uint_32)shape.height,
                 shape.type == PPX_U16 ? 16 : 8, colours[shape.channels - 1], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(s->png, s->info);
    if (shape.type == PPX_U16 && !PPX_BIG_ENDIAN)
        png_set_swap(s->png);
    for (s->row = 0; s->row < shape.height; s->row++)
        png_write_row(s->png, ppx_image_row(s->image, s->row));
    png_write_end(s->png, NULL);
    return PPX_OK;
}

ppx_status ppx_png_write(ppx_output *output, const ppx_image *image, int level, ppx_error *error) {
    ppx_image view = ppx_image_view(image, 0, image->shape.height);
    session s = {.output = output, .image = &view, .error = error};
    s.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &s, complain, ignore, &s, allocate,
                                      release);
    s.info = s.png ? png_create_info_struct(s.png) : NULL;
    ppx_status status = s.info ? encode(&s, level)
                               : ppx_fail(error, PPX_E_MEMORY, "%s: libpng cannot start: %s",
                                          output->name, s.no_memory ? "no memory" : s.text);
    png_destroy_write_struct(&s.png, &s.info);
    return status;
}
