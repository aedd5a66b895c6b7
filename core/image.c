// image.c: errors, pixel types, images in memory, their checksum.
#include "parpix.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"

ppx_status ppx_fail(ppx_error *error, ppx_status status, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        error->status = status;
    }
    return status;
}

size_t ppx_type_nbytes(ppx_type type) {
    static const size_t nbytes[PPX_NTYPES] = {1, 2, 4, 4};
    return nbytes[type];
}

const char *ppx_type_name(ppx_type type) {
    static const char *const names[PPX_NTYPES] = {"u8", "u16", "u32", "f32"};
    return names[type];
}

double ppx_type_most(ppx_type type) {
    static const double most[PPX_NTYPES] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, 1};
    return most[type];
}

int ppx_shape_colours(ppx_shape shape) {
    return shape.channels - (shape.channels % 2 == 0);
}

size_t ppx_shape_row_nbytes(ppx_shape shape) {
    return (size_t)shape.width * (size_t)shape.channels * ppx_type_nbytes(shape.type);
}

bool ppx_shape_equal(ppx_shape a, ppx_shape b) {
    return a.width == b.width && a.height == b.height && a.channels == b.channels &&
           a.type == b.type;
}

// False where the sizes are beyond any memory.
static bool layout(ppx_shape shape, size_t *stride, size_t *total) {
    size_t row = 0;
    bool fits = shape.width > 0 && shape.height >= 0 && shape.width < PTRDIFF_MAX / 64 &&
                ppx_size_mul((size_t)shape.width,
                             (size_t)shape.channels * ppx_type_nbytes(shape.type), &row);
    *stride = (row + 63) / 64 * 64;
    if (*stride / 64 % 2 == 0)
        *stride += 64;
    return fits && ppx_size_mul(*stride, (size_t)shape.height, total) && *total <= PTRDIFF_MAX;
}

bool ppx_image_reshape(ppx_image *image, ppx_shape shape) {
    size_t stride, total;
    if (!image->own || !layout(shape, &stride, &total) || total > image->own_nbytes)
        return false;
    *image = (ppx_image){shape, (ptrdiff_t)stride, image->own, image->own, image->own_nbytes};
    return true;
}

ppx_status ppx_image_create(ppx_image *image, ppx_shape shape, ppx_error *error) {
    *image = (ppx_image){0};
    size_t stride, total;
    bool fits = layout(shape, &stride, &total);
    void *data = fits ? ppx_alloc(total) : NULL;
    if (!data)
        return ppx_fail(error, PPX_E_MEMORY,
                        "no memory for an image of %td x %td, %d channels of %s", shape.width,
                        shape.height, shape.channels, ppx_type_name(shape.type));
    *image = (ppx_image){shape, (ptrdiff_t)stride, data, data, ppx_alloc_room(total)};
    return PPX_OK;
}

void ppx_image_free(ppx_image *image) {
    ppx_free(image->own);
    *image = (ppx_image){0};
}

ppx_image ppx_image_view(const ppx_image *image, ptrdiff_t y, ptrdiff_t nrows) {
    ppx_image view = *image;
    view.data = ppx_image_row(image, y);
    view.shape.height = nrows;
    view.own = NULL;
    view.own_nbytes = 0;
    return view;
}

ppx_image ppx_image_wrap(void *data, ppx_shape shape, ptrdiff_t stride) {
    return (ppx_image){shape, stride, data, NULL, 0};
}

void ppx_image_copy(ppx_image *to, const ppx_image *from) {
    size_t nbytes = ppx_shape_row_nbytes(from->shape);
    for (ptrdiff_t y = 0; y < from->shape.height; y++)
        memcpy(ppx_image_row(to, y), ppx_image_row(from, y), nbytes);
}

bool ppx_image_equal(const ppx_image *a, const ppx_image *b) {
    if (!ppx_shape_equal(a->shape, b->shape))
        return false;
    size_t nbytes = ppx_shape_row_nbytes(a->shape);
    for (ptrdiff_t y = 0; y < a->shape.height; y++)
        if (memcmp(ppx_image_row(a, y), ppx_image_row(b, y), nbytes) != 0)
            return false;
    return true;
}

// FNV-1a, Fowler, Noll and Vo, on 64-bit words instead of bytes (eight times faster; the last word
// of a row is filled up with zeros).
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t nbytes) {
    const uint64_t prime = 0x100000001b3u;
    const unsigned char *p = bytes;
    while (nbytes) {
        uint64_t word = 0;
        size_t n = nbytes < sizeof word ? nbytes : sizeof word;
        memcpy(&word, p, n);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 29;
        p += n;
        nbytes -= n;
    }
    return hash;
}

static const uint64_t basis = 0xcbf29ce484222325u;

uint64_t ppx_checksum_begin(ppx_shape shape) {
    const uint64_t numbers[4] = {(uint64_t)shape.width, (uint64_t)shape.height,
                                 (uint64_t)shape.channels, (uint64_t)shape.type};
    return hash_bytes(basis, numbers, sizeof numbers);
}

uint64_t ppx_checksum_rows(uint64_t checksum, const ppx_image *rows) {
    size_t nbytes = ppx_shape_row_nbytes(rows->shape);
    for (ptrdiff_t y = 0; y < rows->shape.height; y++) {
        uint64_t row = hash_bytes(basis, ppx_image_row(rows, y), nbytes);
        checksum = hash_bytes(checksum, &row, sizeof row);
    }
    return checksum;
}

uint64_t ppx_image_checksum(const ppx_image *image) {
    return ppx_checksum_rows(ppx_checksum_begin(image->shape), image);
}

ppx_band ppx_band_whole(ppx_image image) {
    return (ppx_band){image, 0, image.shape.height};
}
