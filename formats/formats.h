// formats.h: what the files of formats/ share. Nothing outside includes it.
//
// read.c and write.c choose the format; png.c, pnm.c and npy.c know one each; input.c and output.c
// move bytes. Memory comes from core/memory.h alone (no stdio streams), so that tests can make any
// allocation fail.
#ifndef PPX_FORMATS_H
#define PPX_FORMATS_H

#include "../core/memory.h"
#include "../core/parpix.h"

enum { PPX_FILE_NAME = 200 };

// A file as messages call it: control characters replaced, the front of a long path left out, so
// that what is wrong still fits into the line.
void ppx_file_name(char name[PPX_FILE_NAME], const char *path, const char *dash);
// "NAME: no space left on device".
ppx_status ppx_fail_errno(ppx_error *error, ppx_status status, const char *name, int number);

// ---- Reading ------------------------------------------------------------------------------------

typedef struct ppx_input {
    char name[PPX_FILE_NAME];
    uint64_t max_pixels;
    uint64_t nbytes; // that a regular file has from where we began; UINT64_MAX: not known
    uint64_t taken;  // bytes handed out so far
    int fd;
    bool standard; // standard input, which stays open
    int failed;    // errno of a read that failed
    size_t at, end;
    unsigned char *buffer;
} ppx_input;

ppx_status ppx_input_open(ppx_input *input, const char *path, ppx_error *error);
void ppx_input_close(ppx_input *input);
// The next bytes (at most 64) without taking them: fewer at the end.
size_t ppx_input_peek(ppx_input *input, const unsigned char **bytes, size_t nbytes);
// Takes nbytes; fewer at the end or when reading fails.
size_t ppx_input_take(ppx_input *input, void *to, size_t nbytes);
int ppx_input_byte(ppx_input *input); // -1 at the end
uint64_t ppx_input_left(const ppx_input *input);

// Says why fewer bytes came than were asked for: the file ends, or reading failed. Rows count from
// 0 here and from 1 in the message; row < 0 is the header.
ppx_status ppx_input_short(const ppx_input *input, ptrdiff_t row, ptrdiff_t height,
                           ppx_error *error);
// Is the claimed size within the limit?
ppx_status ppx_input_allow(const ppx_input *input, uint64_t width, uint64_t height,
                           ppx_error *error);

// An open image file. A format's decoder reads the header into shape and keeps what it needs to
// know in state (freed with ppx_free after its close).
struct ppx_reader {
    ppx_input input;
    const struct ppx_decoder *decoder;
    void *state;
    ppx_shape shape;
    size_t row_nbytes; // in the file; 0: not known
    ptrdiff_t row;     // rows read so far
};

typedef struct ppx_decoder {
    size_t state_nbytes;
    ppx_status (*open)(ppx_reader *reader, ppx_error *error);
    ppx_status (*rows)(ppx_reader *reader, const ppx_image *rows, ppx_error *error);
    void (*close)(ppx_reader *reader); // may be NULL
} ppx_decoder;

extern const ppx_decoder ppx_png_decoder, ppx_pnm_decoder, ppx_npy_decoder;

// ---- Writing ------------------------------------------------------------------------------------

typedef struct ppx_output {
    char name[PPX_FILE_NAME];
    int fd, directory; // directory of the target; -1 when it is written in place
    bool standard;     // standard output, which stays open
    bool nameless;     // the file has no name yet (O_TMPFILE)
    int failed;        // errno of the first write that failed
    size_t used;
    unsigned char *buffer;
    char base[256];     // the target's name in its directory
    char temporary[64]; // the file's name there until it is complete
} ppx_output;

// Could the file be written? Creates nothing.
ppx_status ppx_output_check(const char *path, ppx_error *error);
ppx_status ppx_output_open(ppx_output *output, const char *path, ppx_error *error);
// False from the first failure on, which ppx_output_close reports.
bool ppx_output_write(ppx_output *output, const void *bytes, size_t nbytes);
// Samples of 2 or 4 bytes with the byte order reversed.
bool ppx_output_write_swapped(ppx_output *output, const void *samples, size_t count, size_t each);
// With status PPX_OK the file appears under its name, otherwise it vanishes. Returns that status,
// or the failure of a write.
ppx_status ppx_output_close(ppx_output *output, ppx_status status, ppx_error *error);

typedef enum ppx_format {
    PPX_PNG,
    PPX_PNM, // PGM, PPM or PAM by the channels
    PPX_PBM,
    PPX_PGM,
    PPX_PPM,
    PPX_PAM,
    PPX_NPY
} ppx_format;

// A file that is being written. Encoders return a failure of the image's or of memory's; those of
// writing stay in the output.
struct ppx_writer {
    ppx_output output;
    const struct ppx_encoder *encoder;
    void *state;
    ppx_shape shape; // of the whole image
    ppx_format format;
    int level;     // of PNG
    ptrdiff_t row; // rows written so far
};

typedef struct ppx_encoder {
    size_t state_nbytes;
    ppx_status (*open)(ppx_writer *writer, ppx_error *error);
    ppx_status (*rows)(ppx_writer *writer, const ppx_image *rows, ppx_error *error);
    void (*close)(ppx_writer *writer); // may be NULL
} ppx_encoder;

extern const ppx_encoder ppx_png_encoder, ppx_pnm_encoder, ppx_npy_encoder;

// ---- Byte order ---------------------------------------------------------------------------------

#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { PPX_BIG_ENDIAN = 1 };
#else
enum { PPX_BIG_ENDIAN = 0 };
#endif

void ppx_swap_samples(void *samples, size_t count, size_t each);

#endif
