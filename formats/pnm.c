// pnm.c: Netpbm's PBM, PGM, PPM (plain P1 to P3, binary P4 to P6) and PAM (P7).
//
// Values are scaled from the file's maxval to 255 (maxval up to 255) or to 65535, rounded to the
// nearest and halves up; samples above maxval are errors. PBM's 1 is black: 0. Binary 16-bit
// samples are big endian. Of a file with several images the first is read. Written are the binary
// kinds.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "formats.h"

typedef struct header {
    int kind; // the digit after P
    uint64_t width, height, maxval;
    uint64_t channels;
    char tuple[64]; // PAM's TUPLTYPE
} header;

static ppx_status bad(const ppx_input *input, const char *what, ppx_error *error) {
    return ppx_fail(error, PPX_E_INPUT, "%s: damaged in its header: %s", input->name, what);
}

// ---- Tokens -------------------------------------------------------------------------------------

static bool is_space(int byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// The next byte with a comment, from # to the end of its line, read as that end of line.
static int next(ppx_input *input) {
    int byte = ppx_input_byte(input);
    if (byte == '#')
        while (byte >= 0 && byte != '\n' && byte != '\r')
            byte = ppx_input_byte(input);
    return byte;
}

static int next_word(ppx_input *input) {
    int byte = next(input);
    while (is_space(byte))
        byte = next(input);
    return byte;
}

typedef enum found { FOUND, NO_NUMBER, AT_END } found;

// A decimal number and the one byte of white space behind it. Too large ones come as UINT64_MAX.
static found number(ppx_input *input, uint64_t *value) {
    int byte = next_word(input);
    if (byte < 0)
        return AT_END;
    if (byte < '0' || byte > '9')
        return NO_NUMBER;
    for (*value = 0; byte >= '0' && byte <= '9'; byte = next(input))
        if (*value > UINT64_MAX / 10 - 1)
            *value = UINT64_MAX;
        else
            *value = *value * 10 + (uint64_t)(byte - '0');
    return byte < 0 || is_space(byte) ? FOUND : NO_NUMBER;
}

// ---- Headers ------------------------------------------------------------------------------------

static ppx_status read_plain_header(ppx_input *input, header *h, ppx_error *error) {
    static const char *const names[] = {"the width", "the height", "maxval"};
    uint64_t *values[] = {&h->width, &h->height, &h->maxval};
    bool bits = h->kind == 1 || h->kind == 4;
    h->channels = h->kind == 3 || h->kind == 6 ? 3 : 1;
    h->maxval = 1;
    for (int k = 0; k < (bits ? 2 : 3); k++) {
        found got = number(input, values[k]);
        if (got == AT_END)
            return ppx_input_short(input, -1, 0, error);
        if (got == NO_NUMBER)
            return ppx_fail(error, PPX_E_INPUT, "%s: damaged in its header: %s is not a number",
                            input->name, names[k]);
    }
    return PPX_OK;
}

// One line of a PAM header without its end; -1 when the file ends, or room does not suffice.
static int read_line(ppx_input *input, char *line, int room) {
    int length = 0;
    for (int byte = ppx_input_byte(input); byte != '\n'; byte = ppx_input_byte(input)) {
        if (byte < 0 || length + 1 == room)
            return -1;
        line[length++] = (char)byte;
    }
    while (length && is_space(line[length - 1]))
        length--;
    line[length] = 0;
    return length;
}

static bool line_number(const char *text, uint64_t *value) {
    int64_t parsed;
    if (!ppx_parse_int(text, &parsed) || parsed < 0)
        return false;
    *value = (uint64_t)parsed;
    return true;
}

static ppx_status read_pam_line(const ppx_input *input, header *h, const char *line, bool *end,
                                ppx_error *error) {
    static const char *const names[] = {"WIDTH", "HEIGHT", "DEPTH", "MAXVAL"};
    uint64_t *values[] = {&h->width, &h->height, &h->channels, &h->maxval};
    size_t length = strcspn(line, " \t");
    const char *value = line + length + strspn(line + length, " \t");
    *end = strcmp(line, "ENDHDR") == 0;
    if (*end || !*line || *line == '#')
        return PPX_OK;
    for (int k = 0; k < 4; k++)
        if (length == strlen(names[k]) && strncmp(line, names[k], length) == 0)
            return line_number(value, values[k])
                       ? PPX_OK
                       : ppx_fail(error, PPX_E_INPUT,
                                  "%s: damaged in its header: %s is not a number", input->name,
                                  names[k]);
    if (length != 8 || strncmp(line, "TUPLTYPE", length) != 0)
        return bad(input, "a line that PAM does not have", error);
    if (strlen(value) >= sizeof h->tuple)
        return bad(input, "TUPLTYPE is not one of PAM's", error);
    memcpy(h->tuple, value, strlen(value) + 1);
    return PPX_OK;
}

static ppx_status check_tuple(const ppx_input *input, const header *h, ppx_error *error) {
    static const struct {
        const char *name;
        uint64_t channels;
    } tuples[] = {{"BLACKANDWHITE", 1}, {"GRAYSCALE", 1},       {"BLACKANDWHITE_ALPHA", 2},
                  {"RGB", 3},           {"GRAYSCALE_ALPHA", 2}, {"RGB_ALPHA", 4}};
    if (h->channels < 1 || h->channels > PPX_MAX_CHANNELS)
        return ppx_fail(error, PPX_E_INPUT, "%s: DEPTH is %ju; images of 1 to 4 channels are read",
                        input->name, (uintmax_t)h->channels);
    if (!h->tuple[0])
        return PPX_OK; // PAM leaves the meaning open, so the depth decides
    for (size_t k = 0; k < sizeof tuples / sizeof *tuples; k++)
        if (strcmp(h->tuple, tuples[k].name) == 0 && h->channels == tuples[k].channels)
            return PPX_OK;
    char shown[PPX_FILE_NAME];
    ppx_file_name(shown, h->tuple, "-");
    return ppx_fail(error, PPX_E_INPUT,
                    "%s: TUPLTYPE %s of %ju channels is not read; convert it to GRAYSCALE or RGB, "
                    "with or without _ALPHA",
                    input->name, shown, (uintmax_t)h->channels);
}

static ppx_status read_pam_header(ppx_input *input, header *h, ppx_error *error) {
    char line[256];
    ppx_status status = PPX_OK;
    if (read_line(input, line, sizeof line) != 0) // what follows P7
        return bad(input, "P7 is not a line of its own", error);
    for (bool end = false; !end && !status;) {
        if (read_line(input, line, sizeof line) < 0)
            return input->failed || !ppx_input_left(input)
                       ? ppx_input_short(input, -1, 0, error)
                       : bad(input, "no ENDHDR, or a line too long", error);
        status = read_pam_line(input, h, line, &end, error);
    }
    return status ? status : check_tuple(input, h, error);
}

static ppx_status read_header(ppx_input *input, header *h, ppx_error *error) {
    unsigned char magic[2];
    *h = (header){0};
    if (ppx_input_take(input, magic, 2) < 2)
        return ppx_input_short(input, -1, 0, error);
    h->kind = magic[1] - '0';
    ppx_status status =
        h->kind == 7 ? read_pam_header(input, h, error) : read_plain_header(input, h, error);
    if (status)
        return status;
    if (h->maxval < 1 || h->maxval > 65535)
        return ppx_fail(error, PPX_E_INPUT, "%s: maxval is %ju, it must be 1 to 65535", input->name,
                        (uintmax_t)h->maxval);
    return ppx_input_allow(input, h->width, h->height, error);
}

// ---- Rasters ------------------------------------------------------------------------------------

typedef struct raster {
    ppx_reader *reader;
    int kind;
    unsigned maxval, most;
    size_t count; // samples in a row
} raster;

// Nearest, halves up: floor(value * most / maxval + 1/2) in whole numbers.
static unsigned scale(const raster *r, unsigned value) {
    return (unsigned)((2 * (uint64_t)value * r->most + r->maxval) / (2 * (uint64_t)r->maxval));
}

static ppx_status above(const raster *r, uint64_t value, size_t k, ppx_error *error) {
    return ppx_fail(error, PPX_E_INPUT, "%s: pixel (%zu, %td) is %ju, above its maxval of %u",
                    r->reader->input.name, k / (size_t)r->reader->shape.channels, r->reader->row,
                    (uintmax_t)value, r->maxval);
}

static ppx_status plain_row(const raster *r, void *row, ppx_error *error) {
    ppx_input *input = &r->reader->input;
    for (size_t k = 0; k < r->count; k++) {
        uint64_t value = 0;
        found got = FOUND;
        if (r->kind == 1) { // bits need no space between them
            int byte = next_word(input);
            got = byte < 0 ? AT_END : byte == '0' || byte == '1' ? FOUND : NO_NUMBER;
            value = byte == '0';
        } else {
            got = number(input, &value);
        }
        if (got == AT_END)
            return ppx_input_short(input, r->reader->row, r->reader->shape.height, error);
        if (got == NO_NUMBER)
            return ppx_fail(error, PPX_E_INPUT, "%s: damaged in row %td of %td: not a number",
                            input->name, r->reader->row + 1, r->reader->shape.height);
        if (value > r->maxval)
            return above(r, value, k, error);
        if (r->most == 255)
            ((uint8_t *)row)[k] = (uint8_t)scale(r, (unsigned)value);
        else
            ((uint16_t *)row)[k] = (uint16_t)scale(r, (unsigned)value);
    }
    return PPX_OK;
}

// Rows of bits end on whole bytes. They are read into the end of the row, which is long enough, and
// unpacked from there to the front: sample k is written behind the byte that holds bit k, or over
// it when it is used up.
static void unpack_bits(uint8_t *row, size_t count, size_t packed) {
    const uint8_t *bits = row + count - packed;
    for (size_t x = 0; x < count; x += 8) {
        unsigned byte = bits[x / 8];
        for (size_t k = x; k < count && k < x + 8; k++)
            row[k] = byte >> (7 - k % 8) & 1 ? 0 : 255;
    }
}

static ppx_status scale_row(const raster *r, void *row, ppx_error *error) {
    uint8_t *bytes = row;
    uint16_t *words = row;
    for (size_t k = 0; k < r->count; k++) {
        unsigned value = r->most == 255 ? bytes[k] : words[k];
        if (value > r->maxval)
            return above(r, value, k, error);
        if (r->most == 255)
            bytes[k] = (uint8_t)scale(r, value);
        else
            words[k] = (uint16_t)scale(r, value);
    }
    return PPX_OK;
}

static ppx_status binary_row(const raster *r, uint8_t *row, ppx_error *error) {
    ppx_reader *reader = r->reader;
    size_t held = ppx_shape_row_nbytes(reader->shape), nbytes = reader->row_nbytes;
    if (ppx_input_take(&reader->input, row + held - nbytes, nbytes) < nbytes)
        return ppx_input_short(&reader->input, reader->row, reader->shape.height, error);
    if (r->kind == 4) {
        unpack_bits(row, r->count, nbytes);
        return PPX_OK;
    }
    if (r->most > 255 && !PPX_BIG_ENDIAN)
        ppx_swap_samples(row, r->count, 2);
    return r->maxval == r->most ? PPX_OK : scale_row(r, row, error);
}

static ppx_status open_reader(ppx_reader *reader, ppx_error *error) {
    header h;
    ppx_input *input = &reader->input;
    ppx_status status = read_header(input, &h, error);
    if (status)
        return status;
    size_t count = (size_t)(h.width * h.channels);
    raster *r = reader->state;
    *r = (raster){reader, h.kind, (unsigned)h.maxval, h.maxval > 255 ? 65535 : 255, count};
    reader->shape = (ppx_shape){(ptrdiff_t)h.width, (ptrdiff_t)h.height, (int)h.channels,
                                h.maxval > 255 ? PPX_U16 : PPX_U8};
    if (h.kind < 4 && ppx_input_left(input) / count < h.height) // a digit each at least
        return ppx_fail(error, PPX_E_INPUT,
                        "%s: the header claims %td x %td pixels, too many for the %ju bytes behind "
                        "it; the file is truncated",
                        input->name, reader->shape.width, reader->shape.height,
                        (uintmax_t)ppx_input_left(input));
    if (h.kind >= 4)
        reader->row_nbytes = h.kind == 4 ? (count + 7) / 8 : ppx_shape_row_nbytes(reader->shape);
    return PPX_OK;
}

static ppx_status read_rows(ppx_reader *reader, const ppx_image *rows, ppx_error *error) {
    const raster *r = reader->state;
    ppx_status status = PPX_OK;
    for (ptrdiff_t k = 0; !status && k < rows->shape.height; k++) {
        void *row = ppx_image_row(rows, k);
        status = r->kind < 4 ? plain_row(r, row, error) : binary_row(r, row, error);
        reader->row++;
    }
    return status;
}

const ppx_decoder ppx_pnm_decoder = {
    .state_nbytes = sizeof(raster), .open = open_reader, .rows = read_rows};

// ---- Writing ------------------------------------------------------------------------------------

static ppx_status pack_row(ppx_writer *writer, const uint8_t *row, ptrdiff_t y, ppx_error *error) {
    ppx_output *output = &writer->output;
    ptrdiff_t width = writer->shape.width;
    for (ptrdiff_t x = 0; x < width; x += CHAR_BIT) {
        unsigned byte = 0;
        for (ptrdiff_t k = x; k < x + CHAR_BIT; k++) {
            if (k < width && row[k] != 0 && row[k] != 255)
                return ppx_fail(error, PPX_E_USAGE,
                                "%s: pixel (%td, %td) is %d; PBM has only 0 and 255, write a .pgm "
                                "file",
                                output->name, k, y, row[k]);
            byte = byte << 1 | (k < width && !row[k]);
        }
        uint8_t packed = (uint8_t)byte;
        (void)ppx_output_write(output, &packed, 1);
    }
    return PPX_OK;
}

static void write_header(ppx_output *output, ppx_shape shape, ppx_format format) {
    static const char *const tuples[] = {"GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"};
    char text[200];
    int maxval = shape.type == PPX_U16 ? 65535 : 255, length;
    if (format == PPX_PBM)
        length = snprintf(text, sizeof text, "P4\n%td %td\n", shape.width, shape.height);
    else if (format == PPX_PAM)
        length =
            snprintf(text, sizeof text,
                     "P7\nWIDTH %td\nHEIGHT %td\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n",
                     shape.width, shape.height, shape.channels, maxval, tuples[shape.channels - 1]);
    else
        length = snprintf(text, sizeof text, "P%d\n%td %td\n%d\n", format == PPX_PGM ? 5 : 6,
                          shape.width, shape.height, maxval);
    (void)ppx_output_write(output, text, (size_t)length);
}

static ppx_status open_writer(ppx_writer *writer, ppx_error *error) {
    (void)error;
    int channels = writer->shape.channels;
    if (writer->format == PPX_PNM)
        writer->format = channels == 1 ? PPX_PGM : channels == 3 ? PPX_PPM : PPX_PAM;
    write_header(&writer->output, writer->shape, writer->format);
    return PPX_OK;
}

static ppx_status write_rows(ppx_writer *writer, const ppx_image *rows, ppx_error *error) {
    ppx_output *output = &writer->output;
    size_t nbytes = ppx_shape_row_nbytes(writer->shape);
    ppx_status status = PPX_OK;
    for (ptrdiff_t k = 0; !status && !output->failed && k < rows->shape.height; k++) {
        const void *row = ppx_image_row(rows, k);
        if (writer->format == PPX_PBM)
            status = pack_row(writer, row, writer->row + k, error);
        else if (writer->shape.type == PPX_U16 && !PPX_BIG_ENDIAN)
            (void)ppx_output_write_swapped(output, row, nbytes / 2, 2);
        else
            (void)ppx_output_write(output, row, nbytes);
    }
    return status;
}

const ppx_encoder ppx_pnm_encoder = {.open = open_writer, .rows = write_rows};
