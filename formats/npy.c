// npy.c: NumPy's .npy files, versions 1 to 3 (numpy.lib.format), which hold every type of ours.
//
// After the magic bytes and a version come the length of a header and the header: a Python
// dictionary with 'descr' (type and byte order), 'fortran_order' and 'shape', padded so that the
// samples begin at a multiple of 64. Arrays are (height, width) or (height, width, channels). Bool
// arrays become u8 with False 0 and True 255, as masks are here.
#include <stdio.h>
#include <string.h>

#include "formats.h"

// numpy itself distrusts headers above 10,000 bytes.
enum { HEADER_MOST = 64 * 1024, MAGIC = 6, MOST_AXES = 8 };

typedef struct header {
    char type[16]; // "<u2"
    bool has_type, has_order, fortran;
    int naxes; // -1: not seen
    uint64_t axes[MOST_AXES];
} header;

// ---- The dictionary -----------------------------------------------------------------------------

static void skip(const char **p) {
    while (**p && strchr(" \t\r\n", **p))
        (*p)++;
}

static bool take(const char **p, char wanted) {
    skip(p);
    if (**p != wanted)
        return false;
    (*p)++;
    return true;
}

static bool take_word(const char **p, const char *word) {
    skip(p);
    size_t length = strlen(word);
    if (strncmp(*p, word, length) != 0)
        return false;
    *p += length;
    return true;
}

static bool take_string(const char **p, char *text, size_t room) {
    skip(p);
    char quote = **p;
    const char *end = quote == '\'' || quote == '"' ? strchr(*p + 1, quote) : NULL;
    if (!end || (size_t)(end - *p) > room)
        return false;
    size_t length = (size_t)(end - *p) - 1;
    memcpy(text, *p + 1, length);
    text[length] = 0;
    *p = end + 1;
    return true;
}

static bool take_number(const char **p, uint64_t *value) {
    skip(p);
    if (**p < '0' || **p > '9')
        return false;
    for (*value = 0; **p >= '0' && **p <= '9'; (*p)++)
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, (uint64_t)(**p - '0'), value))
            return false;
    if (**p == 'L') // as Python 2 wrote them
        (*p)++;
    return true;
}

static bool take_shape(const char **p, header *h) {
    if (!take(p, '('))
        return false;
    for (h->naxes = 0; !take(p, ')'); h->naxes++) {
        if (h->naxes == MOST_AXES || !take_number(p, &h->axes[h->naxes]))
            return false;
        if (!take(p, ',')) {
            h->naxes++;
            return take(p, ')');
        }
    }
    return true;
}

// False when it is no dictionary of those three keys. A type that is not a string (a structured
// array's) leaves h->type empty.
static bool parse(const char *text, header *h) {
    *h = (header){.naxes = -1};
    const char *p = text;
    if (!take(&p, '{'))
        return false;
    while (!take(&p, '}')) {
        char key[16];
        if (!take_string(&p, key, sizeof key) || !take(&p, ':'))
            return false;
        if (strcmp(key, "descr") == 0) {
            h->has_type = true;
            if (!take_string(&p, h->type, sizeof h->type)) {
                h->type[0] = 0;
                return true; // reported as a type that is not read
            }
        } else if (strcmp(key, "fortran_order") == 0) {
            h->has_order = true;
            h->fortran = take_word(&p, "True");
            if (!h->fortran && !take_word(&p, "False"))
                return false;
        } else if (strcmp(key, "shape") != 0 || !take_shape(&p, h)) {
            return false;
        }
        if (!take(&p, ','))
            return take(&p, '}') && h->has_type && h->has_order && h->naxes >= 0;
    }
    return h->has_type && h->has_order && h->naxes >= 0;
}

// ---- What the header means ----------------------------------------------------------------------

typedef struct sample {
    ppx_type type;
    bool swap, boolean;
} sample;

static ppx_status type_of(const ppx_input *input, const char *type, sample *s, ppx_error *error) {
    static const struct {
        const char *code;
        ppx_type type;
    } known[] = {{"u1", PPX_U8}, {"b1", PPX_U8}, {"u2", PPX_U16}, {"u4", PPX_U32}, {"f4", PPX_F32}};
    static const struct {
        const char *code, *advice;
    } others[] = {{"f8", "float32"}, {"f2", "float32"}, {"i1", "uint8"}, {"i2", "uint16"},
                  {"i4", "uint32"},  {"i8", "uint32"},  {"u8", "uint32"}};
    const char *code = *type ? type + 1 : type;
    bool ordered = *type && strchr("<>|=", *type);
    for (size_t k = 0; ordered && k < sizeof known / sizeof *known; k++)
        if (strcmp(code, known[k].code) == 0) {
            *s = (sample){known[k].type, *type == (PPX_BIG_ENDIAN ? '<' : '>'), code[0] == 'b'};
            return PPX_OK;
        }
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (strcmp(code, others[k].code) == 0)
            return ppx_fail(error, PPX_E_INPUT,
                            "%s: samples of type %s are not read; save the array with "
                            ".astype('%s')",
                            input->name, type, others[k].advice);
    char shown[PPX_FILE_NAME];
    ppx_file_name(shown, *type ? type : "a structure", "-");
    return ppx_fail(error, PPX_E_INPUT,
                    "%s: samples of type %s are not read; save the array as uint8, uint16, uint32 "
                    "or float32",
                    input->name, shown);
}

static ppx_status shape_of(const ppx_input *input, const header *h, ppx_type type, ppx_shape *shape,
                           ppx_error *error) {
    if (h->fortran)
        return ppx_fail(error, PPX_E_INPUT,
                        "%s: the array is in Fortran order; save numpy.ascontiguousarray(array)",
                        input->name);
    uint64_t channels = h->naxes == 3 ? h->axes[2] : 1;
    if (h->naxes < 2 || h->naxes > 3)
        return ppx_fail(error, PPX_E_INPUT,
                        "%s: the array has %d axes; an image has (height, width) or (height, "
                        "width, channels)",
                        input->name, h->naxes);
    if (channels < 1 || channels > PPX_MAX_CHANNELS)
        return ppx_fail(error, PPX_E_INPUT,
                        "%s: the last axis of (%ju, %ju, %ju) must be 1 to 4 channels; save a "
                        "stack one image at a time",
                        input->name, (uintmax_t)h->axes[0], (uintmax_t)h->axes[1],
                        (uintmax_t)channels);
    ppx_status status = ppx_input_allow(input, h->axes[1], h->axes[0], error);
    if (!status)
        *shape = (ppx_shape){(ptrdiff_t)h->axes[1], (ptrdiff_t)h->axes[0], (int)channels, type};
    return status;
}

// The text of the header, zero at its end; free with ppx_free.
static ppx_status read_text(ppx_input *input, char **text, ppx_error *error) {
    unsigned char start[MAGIC + 2], bytes[4] = {0};
    *text = NULL;
    if (ppx_input_take(input, start, sizeof start) < sizeof start)
        return ppx_input_short(input, -1, 0, error);
    int version = start[MAGIC];
    if (version < 1 || version > 3)
        return ppx_fail(error, PPX_E_INPUT, "%s: NPY version %d.%d is not known, only 1 to 3",
                        input->name, version, start[MAGIC + 1]);
    size_t wide = version == 1 ? 2 : 4;
    if (ppx_input_take(input, bytes, wide) < wide)
        return ppx_input_short(input, -1, 0, error);
    size_t length =
        bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    if (length > HEADER_MOST)
        return ppx_fail(error, PPX_E_INPUT, "%s: a header of %zu bytes is too long to be meant",
                        input->name, length);
    char *read = ppx_alloc(length + 1);
    if (!read)
        return ppx_fail(error, PPX_E_MEMORY, "%s: no memory for the header", input->name);
    if (ppx_input_take(input, read, length) < length) {
        ppx_free(read);
        return ppx_input_short(input, -1, 0, error);
    }
    read[length] = 0;
    *text = read;
    return PPX_OK;
}

static ppx_status read_header(ppx_input *input, ppx_shape *shape, sample *s, ppx_error *error) {
    char *text;
    header h;
    ppx_status status = read_text(input, &text, error);
    if (status)
        return status;
    bool parsed = parse(text, &h);
    ppx_free(text);
    if (!parsed)
        return ppx_fail(error, PPX_E_INPUT, "%s: the header is not one that NumPy writes",
                        input->name);
    status = type_of(input, h.type, s, error);
    return status ? status : shape_of(input, &h, s->type, shape, error);
}

static ppx_status open_reader(ppx_reader *reader, ppx_error *error) {
    ppx_status status = read_header(&reader->input, &reader->shape, reader->state, error);
    reader->row_nbytes = ppx_shape_row_nbytes(reader->shape);
    return status;
}

static ppx_status read_rows(ppx_reader *reader, const ppx_image *rows, ppx_error *error) {
    const sample *s = reader->state;
    size_t nbytes = reader->row_nbytes, each = ppx_type_nbytes(reader->shape.type);
    for (ptrdiff_t k = 0; k < rows->shape.height; k++, reader->row++) {
        uint8_t *row = ppx_image_row(rows, k);
        if (ppx_input_take(&reader->input, row, nbytes) < nbytes)
            return ppx_input_short(&reader->input, reader->row, reader->shape.height, error);
        if (s->swap)
            ppx_swap_samples(row, nbytes / each, each);
        else if (s->boolean)
            for (size_t x = 0; x < nbytes; x++)
                row[x] = row[x] ? 255 : 0;
    }
    return PPX_OK;
}

const ppx_decoder ppx_npy_decoder = {
    .state_nbytes = sizeof(sample), .open = open_reader, .rows = read_rows};

static ppx_status open_writer(ppx_writer *writer, ppx_error *error) {
    static const char *const types[PPX_NTYPES] = {"|u1", "<u2", "<u4", "<f4"};
    (void)error;
    const ppx_shape shape = writer->shape;
    char start[192] = "\x93NUMPY\x01", channels[16] = ""; // the minor version is the next zero
    if (shape.channels > 1)
        (void)snprintf(channels, sizeof channels, ", %d", shape.channels);
    size_t at = MAGIC + 4;
    at += (size_t)snprintf(start + at, sizeof start - at,
                           "{'descr': '%s', 'fortran_order': False, 'shape': (%td, %td%s), }",
                           types[shape.type], shape.height, shape.width, channels);
    size_t whole = ppx_round_up(at + 1, 64);
    memset(start + at, ' ', whole - at - 1);
    start[whole - 1] = '\n';
    start[MAGIC + 2] = (char)(whole - MAGIC - 4); // below 256
    (void)ppx_output_write(&writer->output, start, whole);
    return PPX_OK;
}

static ppx_status write_rows(ppx_writer *writer, const ppx_image *rows, ppx_error *error) {
    (void)error;
    size_t nbytes = ppx_shape_row_nbytes(writer->shape);
    size_t each = ppx_type_nbytes(writer->shape.type);
    bool going = true;
    for (ptrdiff_t y = 0; going && y < rows->shape.height; y++) {
        const void *row = ppx_image_row(rows, y);
        going = PPX_BIG_ENDIAN && each > 1
                    ? ppx_output_write_swapped(&writer->output, row, nbytes / each, each)
                    : ppx_output_write(&writer->output, row, nbytes);
    }
    return PPX_OK;
}

const ppx_encoder ppx_npy_encoder = {.open = open_writer, .rows = write_rows};
