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
// (decode_... and encode_...), which own nothing: what must be freed lies in the session.
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
    ppx_error *error;   // of the call that is under way
    ptrdiff_t row;      // being read; -1 in the header
    int passes;         // of interlacing
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

// Asks libpng for our kinds of samples.
static void choose_samples(session *s, ppx_shape *shape) {
    png_set_expand(s->png);
    if (png_get_bit_depth(s->png, s->info) == 16 && !PPX_BIG_ENDIAN)
        png_set_swap(s->png);
    s->passes = png_set_interlace_handling(s->png);
    png_read_update_info(s->png, s->info);
    *shape = (ppx_shape){(ptrdiff_t)png_get_image_width(s->png, s->info),
                         (ptrdiff_t)png_get_image_height(s->png, s->info),
                         png_get_channels(s->png, s->info),
                         png_get_bit_depth(s->png, s->info) == 16 ? PPX_U16 : PPX_U8};
    PPX_ASSERT(png_get_rowbytes(s->png, s->info) == ppx_shape_row_nbytes(*shape));
}

static ppx_status failed_reading(const session *s, ptrdiff_t height) {
    const ppx_input *input = s->input;
    if (s->ended)
        return ppx_input_short(input, s->row, height, s->error);
    if (s->no_memory)
        return ppx_fail(s->error, PPX_E_MEMORY, "%s: no memory to decode it", input->name);
    if (s->row >= 0 && s->row < height)
        return ppx_fail(s->error, PPX_E_INPUT, "%s: damaged in row %td of %td: %s", input->name,
                        s->row + 1, height, s->text);
    return ppx_fail(s->error, PPX_E_INPUT, "%s: damaged %s: %s", input->name,
                    s->row < 0 ? "in its header" : "behind its last row", s->text);
}

static ppx_status decode_header(session *s, ppx_shape *shape) {
    if (setjmp(png_jmpbuf(s->png)))
        return failed_reading(s, 0);
    prepare(s);
    png_read_info(s->png, s->info);
    ppx_status status = allow(s);
    if (!status)
        choose_samples(s, shape);
    return status;
}

static ppx_status decode_rows(session *s, const ppx_reader *reader, const ppx_image *rows) {
    if (setjmp(png_jmpbuf(s->png)))
        return failed_reading(s, reader->shape.height);
    for (int pass = 0; pass < s->passes; pass++)
        for (ptrdiff_t k = 0; k < rows->shape.height; k++) {
            s->row = reader->row + k;
            png_read_row(s->png, ppx_image_row(rows, k), NULL);
        }
    s->row = reader->row + rows->shape.height;
    if (s->row == reader->shape.height)
        png_read_end(s->png, NULL);
    return PPX_OK;
}

static ppx_status open_reader(ppx_reader *reader, ppx_error *error) {
    session *s = reader->state;
    *s = (session){.input = &reader->input, .error = error, .row = -1};
    s->png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, s, complain, ignore, s, allocate, release);
    s->info = s->png ? png_create_info_struct(s->png) : NULL;
    return s->info ? decode_header(s, &reader->shape)
                   : ppx_fail(error, PPX_E_MEMORY, "%s: libpng cannot start: %s",
                              reader->input.name, s->no_memory ? "no memory" : s->text);
}

static ppx_status read_rows(ppx_reader *reader, const ppx_image *rows, ppx_error *error) {
    session *s = reader->state;
    s->error = error;
    if (s->passes > 1 && rows->shape.height < reader->shape.height)
        return ppx_fail(error, PPX_E_INPUT,
                        "%s: the PNG is interlaced, its rows do not come in order; save it without "
                        "interlacing, or read it as a whole",
                        reader->input.name);
    ppx_status status = decode_rows(s, reader, rows);
    reader->row += rows->shape.height;
    return status;
}

static void close_reader(ppx_reader *reader) {
    session *s = reader->state;
    png_destroy_read_struct(&s->png, &s->info, NULL);
}

const ppx_decoder ppx_png_decoder = {
    .state_nbytes = sizeof(session), .open = open_reader, .rows = read_rows, .close = close_reader};

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

static ppx_status failed_writing(const session *s) {
    if (s->output->failed)
        return PPX_OK; // reported when the output is closed
    if (s->no_memory)
        return ppx_fail(s->error, PPX_E_MEMORY, "%s: no memory to encode it", s->output->name);
    return ppx_fail(s->error, PPX_E_SYSTEM, "%s: cannot encode: %s", s->output->name, s->text);
}

static ppx_status encode_header(session *s, ppx_shape shape, int level) {
    static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                  PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(s->png)))
        return failed_writing(s);
    png_set_write_fn(s->png, s, put_bytes, put_nothing);
    set_limits(s->png);
    set_compression(s->png, level);
    png_set_IHDR(s->png, s->info, (png_uint_32)shape.width, (png_uint_32)shape.height,
                 shape.type == PPX_U16 ? 16 : 8, colours[shape.channels - 1], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(s->png, s->info);
    if (shape.type == PPX_U16 && !PPX_BIG_ENDIAN)
        png_set_swap(s->png);
    return PPX_OK;
}

static ppx_status encode_rows(session *s, const ppx_image *rows, bool last) {
    if (setjmp(png_jmpbuf(s->png)))
        return failed_writing(s);
    for (ptrdiff_t k = 0; k < rows->shape.height; k++)
        png_write_row(s->png, ppx_image_row(rows, k));
    if (last)
        png_write_end(s->png, NULL);
    return PPX_OK;
}

static ppx_status open_writer(ppx_writer *writer, ppx_error *error) {
    session *s = writer->state;
    *s = (session){.output = &writer->output, .error = error};
    s->png =
        png_create_write_struct_2(PNG_LIBPNG_VER_STRING, s, complain, ignore, s, allocate, release);
    s->info = s->png ? png_create_info_struct(s->png) : NULL;
    return s->info ? encode_header(s, writer->shape, writer->level)
                   : ppx_fail(error, PPX_E_MEMORY, "%s: libpng cannot start: %s",
                              writer->output.name, s->no_memory ? "no memory" : s->text);
}

static ppx_status write_rows(ppx_writer *writer, const ppx_image *rows, ppx_error *error) {
    session *s = writer->state;
    s->error = error;
    if (writer->output.failed)
        return PPX_OK; // nothing more is asked of libpng after a longjmp
    return encode_rows(s, rows, writer->row + rows->shape.height == writer->shape.height);
}

static void close_writer(ppx_writer *writer) {
    session *s = writer->state;
    if (s)
        png_destroy_write_struct(&s->png, &s->info);
}

const ppx_encoder ppx_png_encoder = {.state_nbytes = sizeof(session),
                                     .open = open_writer,
                                     .rows = write_rows,
                                     .close = close_writer};
