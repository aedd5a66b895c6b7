// png_maker.h: PNG files of every kind from zlib and the standard alone (no libpng), and the pixels
// that they mean (Portable Network Graphics, W3C, 2nd edition, 2003).
#ifndef PPX_TEST_PNG_MAKER_H
#define PPX_TEST_PNG_MAKER_H

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "support.h"

typedef struct bytes {
    unsigned char *data;
    size_t n, room;
} bytes;

static inline void add(bytes *to, const void *from, size_t n) {
    if (to->n + n > to->room) {
        to->room = 2 * (to->n + n);
        to->data = realloc(to->data, to->room);
    }
    memcpy(to->data + to->n, from, n);
    to->n += n;
}

static inline void add_u32(bytes *to, uint32_t value) {
    unsigned char four[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                             (unsigned char)(value >> 8), (unsigned char)value};
    add(to, four, 4);
}

static inline void add_chunk(bytes *to, const char *type, const void *from, size_t n) {
    add_u32(to, (uint32_t)n);
    size_t start = to->n;
    add(to, type, 4);
    if (n)
        add(to, from, n);
    add_u32(to, (uint32_t)crc32(0, to->data + start, (uInt)(n + 4)));
}

typedef struct png_kind {
    int colour, depth; // colour: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA
    bool interlaced, trns;
    ptrdiff_t width, height;
} png_kind;

static const int png_pairs[15][2] = {{0, 1}, {0, 2},  {0, 4},  {0, 8}, {0, 16},
                                     {2, 8}, {2, 16}, {3, 1},  {3, 2}, {3, 4},
                                     {3, 8}, {4, 8},  {4, 16}, {6, 8}, {6, 16}};

static inline int png_samples(png_kind k) {
    return k.colour == 2 ? 3 : k.colour == 4 ? 2 : k.colour == 6 ? 4 : 1;
}

static inline unsigned png_palette_size(png_kind k) {
    return k.depth == 8 ? 200 : 1u << k.depth;
}

static inline unsigned png_palette(unsigned index, int c) {
    return (unsigned)test_random(77, index * 4 + (unsigned)c) & 255;
}

// Indices from here on are opaque.
static inline unsigned png_palette_alphas(png_kind k) {
    return png_palette_size(k) / 2 + 1;
}

// A raw sample. With a transparent colour there are few values, in bytes that are easily confused.
static inline unsigned png_raw(png_kind k, ptrdiff_t x, ptrdiff_t y, int c) {
    static const unsigned few[3] = {0x1234, 0x1235, 0x3412};
    uint64_t random = test_random(9, (uint64_t)((y * 1000 + x) * 4 + c));
    if (k.colour == 3)
        return (unsigned)(random % png_palette_size(k));
    if (k.trns && k.depth >= 8)
        return few[random % 3] >> (16 - k.depth);
    return (unsigned)random & ((1u << k.depth) - 1);
}

static inline void add_row(bytes *to, png_kind k, ptrdiff_t x0, ptrdiff_t dx, ptrdiff_t y) {
    unsigned char filter = 0;
    add(to, &filter, 1);
    unsigned held = 0;
    int nbits = 0;
    for (ptrdiff_t x = x0; x < k.width; x += dx)
        for (int c = 0; c < png_samples(k); c++) {
            held = held << k.depth | png_raw(k, x, y, c);
            for (nbits += k.depth; nbits >= 8; nbits -= 8) {
                unsigned char byte = (unsigned char)(held >> (nbits - 8));
                add(to, &byte, 1);
            }
        }
    unsigned char rest = (unsigned char)(held << (8 - nbits));
    if (nbits)
        add(to, &rest, 1);
}

static inline bytes png_raster(png_kind k) {
    static const int x0[7] = {0, 4, 0, 2, 0, 1, 0}, y0[7] = {0, 0, 4, 0, 2, 0, 1};
    static const int dx[7] = {8, 8, 4, 4, 2, 2, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
    bytes raster = {0};
    for (int pass = 0; pass < (k.interlaced ? 7 : 1); pass++) {
        ptrdiff_t x = k.interlaced ? x0[pass] : 0, y = k.interlaced ? y0[pass] : 0;
        for (; x < k.width && y < k.height; y += k.interlaced ? dy[pass] : 1)
            add_row(&raster, k, x, k.interlaced ? dx[pass] : 1, y);
    }
    return raster;
}

static inline void add_colours(bytes *file, png_kind k) {
    unsigned char palette[768], alphas[256];
    if (k.colour == 3) {
        for (unsigned p = 0; p < png_palette_size(k); p++)
            for (int c = 0; c < 4; c++)
                *(c < 3 ? &palette[p * 3 + (unsigned)c] : &alphas[p]) =
                    (unsigned char)png_palette(p, c);
        add_chunk(file, "PLTE", palette, png_palette_size(k) * 3);
        if (k.trns)
            add_chunk(file, "tRNS", alphas, png_palette_alphas(k));
    } else if (k.trns) {
        for (int c = 0; c < png_samples(k); c++) {
            alphas[2 * c] = (unsigned char)(png_raw(k, 0, 0, c) >> 8);
            alphas[2 * c + 1] = (unsigned char)png_raw(k, 0, 0, c);
        }
        add_chunk(file, "tRNS", alphas, (size_t)png_samples(k) * 2);
    }
}

static inline bytes make_png(png_kind k) {
    bytes file = {0}, head = {0}, raster = png_raster(k);
    unsigned char rest[5] = {(unsigned char)k.depth, (unsigned char)k.colour, 0, 0, k.interlaced};
    add(&file, "\x89PNG\r\n\x1a\n", 8);
    add_u32(&head, (uint32_t)k.width);
    add_u32(&head, (uint32_t)k.height);
    add(&head, rest, 5);
    add_chunk(&file, "IHDR", head.data, head.n);
    add_chunk(&file, "tEXt", "Comment\0nothing of interest", 27);
    add_colours(&file, k);
    uLongf packed = compressBound((uLong)raster.n);
    unsigned char *data = malloc(packed);
    assert_int_equal(compress2(data, &packed, raster.data, (uLong)raster.n, 6), Z_OK);
    add_chunk(&file, "IDAT", data, packed / 2); // in two parts, as long files are
    add_chunk(&file, "IDAT", data + packed / 2, packed - packed / 2);
    add_chunk(&file, "IEND", "", 0);
    free(data);
    free(head.data);
    free(raster.data);
    return file;
}

// ---- What the file means ------------------------------------------------------------------------

static inline ppx_shape png_meaning(png_kind k) {
    int colours = k.colour == 0 || k.colour == 4 ? 1 : 3;
    return test_shape(k.width, k.height, colours + (k.trns || k.colour >= 4),
                      k.depth == 16 ? PPX_U16 : PPX_U8);
}

static inline unsigned png_expected(png_kind k, ptrdiff_t x, ptrdiff_t y, int c) {
    ppx_shape shape = png_meaning(k);
    unsigned most = k.depth == 16 ? 65535 : 255;
    bool alpha = shape.channels % 2 == 0 && c == shape.channels - 1;
    if (k.colour == 3) {
        unsigned index = png_raw(k, x, y, 0);
        return alpha && index >= png_palette_alphas(k) ? 255 : png_palette(index, alpha ? 3 : c);
    }
    if (alpha && k.trns) {
        for (int s = 0; s < png_samples(k); s++)
            if (png_raw(k, x, y, s) != png_raw(k, 0, 0, s))
                return most;
        return 0;
    }
    return png_raw(k, x, y, c) * most / ((1u << k.depth) - 1);
}

static inline void check_png(const ppx_image *image, png_kind k) {
    assert_true(ppx_shape_equal(image->shape, png_meaning(k)));
    for (ptrdiff_t y = 0; y < k.height; y++)
        for (ptrdiff_t x = 0; x < k.width; x++)
            for (int c = 0; c < image->shape.channels; c++)
                if (test_sample(image, x, y, c) != png_expected(k, x, y, c))
                    fail_msg("colour %d depth %d%s%s %td x %td: pixel (%td, %td) channel %d is "
                             "%g, wanted %u",
                             k.colour, k.depth, k.interlaced ? " interlaced" : "",
                             k.trns ? " tRNS" : "", k.width, k.height, x, y, c,
                             test_sample(image, x, y, c), png_expected(k, x, y, c));
}

#endif
