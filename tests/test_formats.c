// test_formats.c: what is read from files of every kind, and that what is written comes back.
// Files to be read are made here byte by byte, without the library.
#include "files.h"
#include "png_maker.h"

#include <math.h>

// ---- Round trips --------------------------------------------------------------------------------

// What each extension holds: channels as bits 1 to 4, and whether u32 and f32.
static const struct {
    const char *extension;
    int channels;
    bool wide;
} kinds[] = {{"png", 30, false}, {"PGM", 2, false},  {"ppm", 8, false},
             {"pnm", 30, false}, {"pam", 30, false}, {"Npy", 30, true}};

static void round_trip(ppx_image *image, const char *path, const ppx_write_options *options) {
    ppx_error error = {0};
    (void)unlink(path);
    if (ppx_image_writable(image->shape, path, options, &error) ||
        ppx_image_write(image, path, options, &error))
        fail_msg("%s", error.text);
    ppx_image back = read_file(path);
    test_expect_equal(&back, image, 0, path);
    ppx_image_free(&back);
}

static void refused(ppx_image *image, const char *path, const char *extension) {
    ppx_error early = {0}, late = {0};
    assert_int_equal(ppx_image_writable(image->shape, path, NULL, &early), PPX_E_USAGE);
    assert_int_equal(ppx_image_write(image, path, NULL, &late), PPX_E_USAGE);
    assert_string_equal(early.text, late.text);
    expect_text(late.text, extension);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_round_trips(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {64, 65}, {257, 129}};
    for (int s = 0; s < 6; s++)
        for (int type = 0; type < PPX_NTYPES; type++)
            for (int channels = 1; channels <= 4; channels++)
                for (int k = 0; k < 6; k++) {
                    ppx_shape shape =
                        test_shape(sizes[s][0], sizes[s][1], channels, (ppx_type)type);
                    ppx_image image = test_image(shape, (test_texture)((s + k) % 4), 3);
                    char name[20];
                    (void)snprintf(name, sizeof name, "image.%s", kinds[k].extension);
                    const char *path = in_directory(name);
                    if (type >= PPX_U32 && !kinds[k].wide)
                        refused(&image, path, ".npy");
                    else if (kinds[k].channels >> channels & 1)
                        round_trip(&image, path, NULL);
                    else
                        refused(&image, path,
                                channels == 1   ? ".pgm"
                                : channels == 3 ? ".ppm"
                                                : ".pam");
                    ppx_image_free(&image);
                    (void)unlink(path);
                }
}

static void test_png_levels(void **state) {
    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int texture = 0; texture < TEST_NTEXTURES; texture++) {
            ppx_write_options options = {.png_level = level};
            ppx_image image = test_image(test_shape(201, 67, 1 + level % 4, (ppx_type)(level % 2)),
                                         (test_texture)texture, 8);
            round_trip(&image, in_directory("level.png"), &options);
            ppx_image_free(&image);
        }
}

// Views have no padding of ours, and libpng's own limits are a million pixels each way.
static void test_strange_shapes(void **state) {
    (void)state;
    static uint16_t samples[1100000];
    for (size_t k = 0; k < 1100000; k++)
        samples[k] = (uint16_t)test_random(4, k / 3);
    static const char *const names[] = {"long.png", "long.pgm", "long.npy"};
    for (int k = 0; k < 3; k++) {
        ppx_image wide = ppx_image_wrap(samples, test_shape(1100000, 1, 1, PPX_U16), 2200000);
        ppx_image high = ppx_image_wrap(samples, test_shape(1, 1100000, 1, PPX_U8), 2);
        ppx_image part = ppx_image_wrap(samples, test_shape(33, 65, 3, PPX_U16), 1000);
        round_trip(&wide, in_directory(names[k]), NULL);
        if (k == 0) // rows of ours take 64 bytes at least: 70 MB
            round_trip(&high, in_directory(names[k]), NULL);
        if (k != 1)
            round_trip(&part, in_directory(names[k]), NULL);
    }
}

static void test_pbm(void **state) {
    (void)state;
    for (ptrdiff_t width = 1; width <= 17; width++) {
        ppx_image image = test_image(test_shape(width, 5, 1, PPX_U8), TEST_EXTREMES, 6);
        round_trip(&image, in_directory("bits.pbm"), NULL);
        ppx_image_free(&image);
    }
    ppx_error error;
    uint8_t row[11] = {0, 255, 0, 0, 0, 0, 0, 0, 0, 254, 0};
    ppx_image image = ppx_image_wrap(row, test_shape(11, 1, 1, PPX_U8), 11);
    assert_int_equal(ppx_image_write(&image, in_directory("gray.pbm"), NULL, &error), PPX_E_USAGE);
    expect_text(error.text, "pixel (9, 0) is 254");
    expect_text(error.text, ".pgm");
    assert_int_not_equal(access(in_directory("gray.pbm"), F_OK), 0);
    image.shape.type = PPX_U16;
    image.shape.width = 5;
    refused(&image, in_directory("gray.pbm"), ".pgm");
}

static void test_choice_of_format(void **state) {
    (void)state;
    ppx_image image = test_image(test_shape(5, 4, 1, PPX_U8), TEST_EXTREMES, 1);
    static const struct {
        const char *name, *format, *start;
    } cases[] = {{"a.PNG", NULL, "\x89PNG"}, {"a.b/../a.pGm", NULL, "P5"},
                 {"a", "npy", "\x93NUMPY"},  {"a.npy", "PNG", "\x89PNG"},
                 {"a.pam", "pnm", "P7"},     {"a.pbm", "pnm", "P4"},
                 {"a.png", "pnm", "P5"},     {"a.npy", "npy", "\x93NUMPY"}};
    assert_int_equal(mkdir(in_directory("a.b"), 0777), 0);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ppx_write_options options = {.format = cases[k].format};
        round_trip(&image, in_directory(cases[k].name), &options);
        size_t nbytes;
        unsigned char *file = get_file(in_directory(cases[k].name), &nbytes);
        assert_memory_equal(file, cases[k].start, strlen(cases[k].start));
        free(file);
    }
    refused(&image, in_directory("a.jpg"), ".png");
    refused(&image, in_directory("a.b/none"), "does not say the format");
    refused(&image, in_directory("a.b/.png"), "does not say the format");
    ppx_write_options options = {.format = "tiff"};
    ppx_error error;
    assert_int_equal(ppx_image_writable(image.shape, "a.png", &options, &error), PPX_E_USAGE);
    expect_text(error.text, "png, pnm and npy");
    options = (ppx_write_options){.png_level = 10};
    assert_int_equal(ppx_image_writable(image.shape, "a.png", &options, &error), PPX_E_USAGE);
    image.shape.height = 0;
    refused(&image, in_directory("b.png"), "no image");
    ppx_image_free(&image);
}

// ---- PNG ----------------------------------------------------------------------------------------

static void test_png_kinds(void **state) {
    (void)state;
    static const ptrdiff_t sizes[][2] = {{1, 1}, {7, 5}, {32, 32}, {3, 17}, {17, 3}};
    for (int pair = 0; pair < 15; pair++)
        for (int variant = 0; variant < 4; variant++)
            for (int s = 0; s < 5; s++) {
                png_kind k = {png_pairs[pair][0], png_pairs[pair][1], variant & 1,
                              variant >> 1,       sizes[s][0],        sizes[s][1]};
                if (k.trns && k.colour >= 4)
                    continue;
                bytes file = make_png(k);
                add(&file, "garbage", 7); // behind the end
                put_file(in_directory("kind.png"), file.data, file.n);
                ppx_image image = read_file(in_directory("kind.png"));
                check_png(&image, k);
                ppx_image_free(&image);
                free(file.data);
            }
}

// A palette of 200 colours shortened to 100, its checksum made right: the others are black.
static void test_png_short_palette(void **state) {
    (void)state;
    png_kind k = {.colour = 3, .depth = 8, .width = 32, .height = 32};
    bytes file = make_png(k), cut = {0};
    unsigned char *palette = file.data;
    while (memcmp(palette, "PLTE", 4) != 0)
        palette++;
    add(&cut, file.data, (size_t)(palette - file.data) - 4);
    add_chunk(&cut, "PLTE", palette + 4, 300);
    add(&cut, palette + 608, file.n - (size_t)(palette - file.data) - 608);
    put_file(in_directory("short.png"), cut.data, cut.n);
    ppx_image image = read_file(in_directory("short.png"));
    for (ptrdiff_t y = 0; y < k.height; y++)
        for (ptrdiff_t x = 0; x < k.width; x++)
            for (int c = 0; c < 3; c++)
                assert_true(test_sample(&image, x, y, c) ==
                            (png_raw(k, x, y, 0) < 100 ? png_expected(k, x, y, c) : 0));
    ppx_image_free(&image);
    free(cut.data);
    free(file.data);
}

// ---- PNM and NPY by hand ------------------------------------------------------------------------

typedef struct hand_made {
    const char *bytes;
    size_t nbytes;
    ppx_shape shape;
    double samples[20];
} hand_made;
#define BYTES(text) text, sizeof(text) - 1

static void check_hand_made(const hand_made *h) {
    put_file(in_directory("hand"), h->bytes, h->nbytes);
    ppx_image image = read_file(in_directory("hand"));
    if (!ppx_shape_equal(image.shape, h->shape))
        fail_msg("%s: %td x %td x %d %s", h->bytes, image.shape.width, image.shape.height,
                 image.shape.channels, ppx_type_name(image.shape.type));
    int k = 0;
    for (ptrdiff_t y = 0; y < h->shape.height; y++)
        for (ptrdiff_t x = 0; x < h->shape.width; x++)
            for (int c = 0; c < h->shape.channels; c++, k++)
                if (test_sample(&image, x, y, c) != h->samples[k])
                    fail_msg("%s: sample %d is %g, wanted %g", h->bytes, k,
                             test_sample(&image, x, y, c), h->samples[k]);
    ppx_image_free(&image);
}

static void test_pnm_kinds(void **state) {
    (void)state;
    static const hand_made files[] = {
        {BYTES("P1\n3 2\n1 0 1\n0 1 0\n"), {3, 2, 1, PPX_U8}, {0, 255, 0, 255, 0, 255}},
        {BYTES("P1 3 2 101010"), {3, 2, 1, PPX_U8}, {0, 255, 0, 255, 0, 255}},
        {BYTES("P1#c\n3# w\n#\n2 10# 1 1\n1 010 more"),
         {3, 2, 1, PPX_U8},
         {0, 255, 0, 255, 0, 255}},
        {BYTES("P2\n#hello\n 3\t 2\r\n255\n0 1\n2 3 254 255\n"),
         {3, 2, 1, PPX_U8},
         {0, 1, 2, 3, 254, 255}},
        {BYTES("P2 4 1 3 0 1 2 3"), {4, 1, 1, PPX_U8}, {0, 85, 170, 255}},
        {BYTES("P2 3 1 2 0 1 2"), {3, 1, 1, PPX_U8}, {0, 128, 255}},
        {BYTES("P2 3 1 65535 0 256 65535"), {3, 1, 1, PPX_U16}, {0, 256, 65535}},
        {BYTES("P2 3 1 256 0 128 256"), {3, 1, 1, PPX_U16}, {0, 32768, 65535}},
        {BYTES("P3 2 1 15 15 0 1 2 3 4 P3 1 1"), {2, 1, 3, PPX_U8}, {255, 0, 17, 34, 51, 68}},
        {BYTES("P4\n10 2\n\x80\x40\x7f\xbf"),
         {10, 2, 1, PPX_U8},
         {0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255}},
        {BYTES("P4 1 1#c\n\x80"), {1, 1, 1, PPX_U8}, {0}},
        {BYTES("P5 2 2 255\n\n\x00#\xff trailing"), {2, 2, 1, PPX_U8}, {10, 0, 35, 255}},
        {BYTES("P5 2 1 255#c\n12"), {2, 1, 1, PPX_U8}, {'1', '2'}},
        {BYTES("P5 2 2 1 \x00\x01\x01\x00"), {2, 2, 1, PPX_U8}, {0, 255, 255, 0}},
        {BYTES("P5\r2 1\r65535\r\x01\x02\xff\xfe"), {2, 1, 1, PPX_U16}, {0x102, 0xfffe}},
        {BYTES("P5 2 1 4095 \x0f\xff\x08\x00"), {2, 1, 1, PPX_U16}, {65535, 32776}},
        {BYTES("P6\n1 2\n255\nabcdef"), {1, 2, 3, PPX_U8}, {'a', 'b', 'c', 'd', 'e', 'f'}},
        {BYTES("P6 1 1 65535 \x00\x01\x01\x00\xff\x00"), {1, 1, 3, PPX_U16}, {1, 256, 0xff00}},
        {BYTES(
             "P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\x01\x00"),
         {2, 1, 1, PPX_U8},
         {255, 0}},
        {BYTES("P7\n# c\n\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE_ALPHA\nWIDTH 1\nHEIGHT 2\nDEPTH "
               "2\nENDHDR\n\x01\x00\x00\x01"),
         {1, 2, 2, PPX_U8},
         {255, 0, 0, 255}},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\nx"),
         {1, 1, 1, PPX_U8},
         {'x'}},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 65535\nTUPLTYPE "
               "GRAYSCALE_ALPHA\nENDHDR\n\x00\x07\x80\x00"),
         {1, 1, 2, PPX_U16},
         {7, 32768}},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nxyz"),
         {1, 1, 3, PPX_U8},
         {'x', 'y', 'z'}},
        {BYTES("P7\r\nWIDTH \t1\r\nHEIGHT 1 \r\nDEPTH 4\r\nMAXVAL 255\r\nTUPLTYPE "
               "RGB_ALPHA\r\nENDHDR\r\nwxyz"),
         {1, 1, 4, PPX_U8},
         {'w', 'x', 'y', 'z'}},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 5\nENDHDR\n\x05\x00\x01\x04"),
         {1, 1, 4, PPX_U8},
         {255, 0, 51, 204}},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++)
        check_hand_made(&files[k]);
}

// Every value under many maxvals, against rounding in double (exact here: a quotient that is no
// tie is further from one than the error of the division).
static void test_pnm_scaling(void **state) {
    (void)state;
    static const unsigned maxvals[] = {1,   2,   3,   7,    15,   100,   127,
                                       254, 255, 256, 1023, 4095, 40000, 65534};
    for (size_t k = 0; k < sizeof maxvals / sizeof *maxvals; k++) {
        unsigned maxval = maxvals[k], most = maxval > 255 ? 65535 : 255;
        bytes file = {0};
        char head[40];
        add(&file, head, (size_t)snprintf(head, sizeof head, "P5 %u 1 %u\n", maxval + 1, maxval));
        for (unsigned value = 0; value <= maxval; value++) {
            unsigned char two[2] = {(unsigned char)(value >> 8), (unsigned char)value};
            add(&file, two + (maxval < 256), maxval < 256 ? 1 : 2);
        }
        put_file(in_directory("scale.pgm"), file.data, file.n);
        ppx_image image = read_file(in_directory("scale.pgm"));
        for (unsigned value = 0; value <= maxval; value++)
            if (test_sample(&image, value, 0, 0) != floor((double)value * most / maxval + 0.5))
                fail_msg("%u of %u became %g", value, maxval, test_sample(&image, value, 0, 0));
        ppx_image_free(&image);
        free(file.data);
    }
}

static bytes make_npy(int version, const char *header, const char *samples, size_t nbytes) {
    bytes file = {0};
    size_t length = strlen(header);
    unsigned char start[12] = {0x93,
                               'N',
                               'U',
                               'M',
                               'P',
                               'Y',
                               (unsigned char)version,
                               0,
                               (unsigned char)length,
                               (unsigned char)(length >> 8)};
    add(&file, start, version == 1 ? 10 : 12);
    add(&file, header, length);
    add(&file, samples, nbytes);
    return file;
}

static void test_npy_kinds(void **state) {
    (void)state;
    static const struct {
        int version;
        const char *header;
        hand_made samples;
    } files[] = {
        {1,
         "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   \n",
         {BYTES("\0\1\2\3\4\377"), {3, 2, 1, PPX_U8}, {0, 1, 2, 3, 4, 255}}},
        {2,
         "{'descr': '<u2', 'fortran_order': False, 'shape': (1, 2), }\n",
         {BYTES("\1\2\3\4"), {2, 1, 1, PPX_U16}, {0x201, 0x403}}},
        {3,
         "{\"shape\":(1,2),\"fortran_order\":False,\"descr\":\">u2\"}",
         {BYTES("\1\2\3\4 and more"), {2, 1, 1, PPX_U16}, {0x102, 0x304}}},
        {1,
         "{'descr': '<u4', 'fortran_order': False, 'shape': (1, 1), }",
         {BYTES("\1\2\3\4"), {1, 1, 1, PPX_U32}, {0x4030201}}},
        {1,
         "{'descr': '>u4', 'fortran_order': False, 'shape': (1L, 1L), }",
         {BYTES("\1\2\3\4"), {1, 1, 1, PPX_U32}, {0x1020304}}},
        {1,
         "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }",
         {BYTES("\0\0\xc0\x3f\0\0\0\xc0"), {1, 1, 2, PPX_F32}, {1.5, -2}}},
        {1,
         "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 1, 1), }",
         {BYTES("\x3f\xc0\0\0\xc0\0\0\0"), {1, 2, 1, PPX_F32}, {1.5, -2}}},
        {1,
         "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 3), }",
         {BYTES("\0\1\7"), {3, 1, 1, PPX_U8}, {0, 255, 255}}},
        {1,
         "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 4), }",
         {BYTES("wxyz"), {1, 1, 4, PPX_U8}, {'w', 'x', 'y', 'z'}}},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        hand_made h = files[k].samples;
        bytes file = make_npy(files[k].version, files[k].header, h.bytes, h.nbytes);
        h.bytes = (const char *)file.data;
        h.nbytes = file.n;
        check_hand_made(&h);
        free(file.data);
    }
}

// As numpy.save writes it, byte for byte.
static void test_npy_bytes(void **state) {
    (void)state;
    static const struct {
        ppx_shape shape;
        const char *header;
    } cases[] = {
        {{2, 1, 1, PPX_U8}, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }"},
        {{1, 3, 1, PPX_U16}, "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 1), }"},
        {{2, 1, 3, PPX_U32}, "{'descr': '<u4', 'fortran_order': False, 'shape': (1, 2, 3), }"},
        {{1, 1, 4, PPX_F32}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 4), }"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ppx_image image = test_image(cases[k].shape, TEST_NOISE, 2);
        round_trip(&image, in_directory("a.npy"), NULL);
        char wanted[129];
        (void)snprintf(wanted, sizeof wanted, "\x93NUMPY\x01%c%c%c%-117s\n", 'x', 118, 'x',
                       cases[k].header);
        wanted[7] = wanted[9] = 0;
        size_t nbytes;
        unsigned char *file = get_file(in_directory("a.npy"), &nbytes);
        assert_int_equal(nbytes, 128 + ppx_shape_row_nbytes(cases[k].shape) *
                                           (size_t)cases[k].shape.height);
        assert_memory_equal(file, wanted, 128);
        free(file);
        ppx_image_free(&image);
    }
}

// ---- What is refused, and what the message says -------------------------------------------------

static void refuse_bytes(const void *file, size_t nbytes, ppx_status wanted, const char *part) {
    ppx_image image;
    ppx_error error = {0};
    put_file(in_directory("refused"), file, nbytes);
    ppx_status status = ppx_image_read(&image, in_directory("refused"), NULL, &error);
    if (status != wanted || image.data || image.own)
        fail_msg("status %d instead of %d for \"%s\"", status, wanted, part);
    expect_text(error.text, part);
    expect_text(error.text, "/refused: ");
    assert_null(strchr(error.text, '\n'));
}

static void test_refused_pnm(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t nbytes;
        const char *part;
    } files[] = {
        {BYTES(""), "empty"},
        {BYTES("P"), "ends in its header"},
        {BYTES("P5"), "ends in its header"},
        {BYTES("P5 3"), "ends in its header"},
        {BYTES("P8 3 3"), "not an image of a known kind"},
        {BYTES("Paris"), "not an image of a known kind"},
        {BYTES("\xff\xd8\xff\xe0 and so on"), "JPEG"},
        {BYTES("P5 3 x"), "the height is not a number"},
        {BYTES("P5 -3 2 255 "), "the width is not a number"},
        {BYTES("P5 0 2 255 "), "0 x 2 pixels"},
        {BYTES("P5 3 3 0 "), "maxval is 0"},
        {BYTES("P5 3 3 65536 "), "maxval is 65536"},
        {BYTES("P5 3 3 255 12345"), "the file ends in row 2 of 3"},
        {BYTES("P4 9 3 12345"), "the file ends in row 3 of 3"},
        {BYTES("P2 3 3 255 1 2 3 4 5"), "the file ends in row 2 of 3"},
        {BYTES("P2 300 300 255 1 2 3 4 5"), "truncated"},
        {BYTES("P2 2 1 255 1 x"), "row 1 of 1: not a number"},
        {BYTES("P1 2 1 12"), "row 1 of 1: not a number"},
        {BYTES("P2 2 2 9 1 2 3 10"), "pixel (1, 1) is 10, above its maxval of 9"},
        {BYTES("P5 2 2 9 \1\2\12\3"), "pixel (0, 1) is 10, above its maxval of 9"},
        {BYTES("P5 2147483647 2147483647 255 "),
         "2147483647 x 2147483647 pixels, above the limit of 1073741824"},
        {BYTES("P5 99999999999999999999999 1 255 "), "--max-pixels"},
        {BYTES("P5 1000 1000 255 x"), "the file ends in row 1 of 1000"},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\n"), "ends in its header"},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345"), "DEPTH is 5"},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\n12345"), "DEPTH is 0"},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n1234"),
         "TUPLTYPE CMYK"},
        {BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n1234"),
         "TUPLTYPE RGB of 1"},
        {BYTES("P7\nWIDTH 1 2\nENDHDR\n1234"), "WIDTH is not a number"},
        {BYTES("P7\nWIDE 1\nENDHDR\n1234"), "a line that PAM does not have"},
        {BYTES("P7 WIDTH 1\nENDHDR\n1234"), "P7 is not a line of its own"},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++)
        refuse_bytes(files[k].bytes, files[k].nbytes, PPX_E_INPUT, files[k].part);
}

static void test_refused_npy(void **state) {
    (void)state;
    static const struct {
        int version;
        const char *header, *part;
    } files[] = {
        {1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }",
         "numpy.ascontiguousarray"},
        {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", ".astype('float32')"},
        {1, "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", ".astype('uint32')"},
        {1, "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }", "type <c8"},
        {1, "{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (2, 3), }", "a structure"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "0 axes"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }", "1 axes"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1), }", "4 axes"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 5), }", "(1, 2, 5)"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 0), }", "(1, 2, 0)"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 2), }", "2 x 0 pixels"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 2), }", "not one that NumPy"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2147483648, 2), }",
         "above the limit"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 2), }",
         "not one that NumPy"},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 2), }", "ends in row 4 of 5"},
        {1, "{'descr': '|u1', 'fortran_order': False, }", "not one that NumPy"},
        {1, "{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 3), }", "not one that NumPy"},
        {1, "{'descr': '|u1', 'colour': False, 'shape': (2, 3), }", "not one that NumPy"},
        {1, "", "not one that NumPy"},
        {4, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", "version 4.0"},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        bytes file = make_npy(files[k].version, files[k].header, "1234567", 7);
        refuse_bytes(file.data, file.n, PPX_E_INPUT, files[k].part);
        free(file.data);
    }
    refuse_bytes("\x93NUM", 4, PPX_E_INPUT, "ends in its header");
    refuse_bytes("\x93NUMPY\x02\0\xff\xff\xff\xff", 12, PPX_E_INPUT, "too long");
}

static void test_refused_png(void **state) {
    (void)state;
    png_kind k = {.colour = 0, .depth = 8, .width = 300, .height = 200};
    bytes file = make_png(k);
    refuse_bytes(file.data, file.n / 2, PPX_E_INPUT, "the file ends in row ");
    refuse_bytes(file.data, file.n - 1, PPX_E_INPUT, "behind its last row");
    refuse_bytes(file.data, 5, PPX_E_INPUT, "ends in its header");
    refuse_bytes(file.data, 30, PPX_E_INPUT, "ends in its header");
    file.data[file.n / 2] ^= 1;
    refuse_bytes(file.data, file.n, PPX_E_INPUT, "damaged");
    free(file.data);
}

static void test_refused_paths(void **state) {
    (void)state;
    ppx_image image;
    ppx_error error;
    assert_int_equal(ppx_image_read(&image, in_directory("none.png"), NULL, &error), PPX_E_INPUT);
    expect_text(error.text, "/none.png: no such file or directory");
    assert_int_equal(ppx_image_read(&image, files_directory, NULL, &error), PPX_E_INPUT);
    expect_text(error.text, "a directory");
    assert_int_equal(ppx_image_read(&image, "", NULL, &error), PPX_E_USAGE);
    char path[5000];
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 0;
    assert_int_equal(ppx_image_read(&image, path, NULL, &error), PPX_E_INPUT);
    expect_text(error.text, "...aaa");
    expect_text(error.text, ": file name too long");
    assert_int_equal(ppx_image_read(&image, "two\nlines", NULL, NULL), PPX_E_INPUT);
}

static void test_max_pixels(void **state) {
    (void)state;
    png_kind k = {.colour = 0, .depth = 1, .width = 20, .height = 5};
    bytes file = make_png(k);
    put_file(in_directory("a.png"), file.data, file.n);
    put_file(in_directory("a.pgm"), "P1 20 5", 7);
    ppx_image image;
    ppx_error error;
    ppx_read_options options = {.max_pixels = 100};
    assert_int_equal(ppx_image_read(&image, in_directory("a.png"), &options, &error), PPX_OK);
    ppx_image_free(&image);
    options.max_pixels = 99;
    assert_int_equal(ppx_image_read(&image, in_directory("a.png"), &options, &error), PPX_E_INPUT);
    expect_text(error.text, "20 x 5 pixels, above the limit of 99");
    expect_text(error.text, "--max-pixels");
    assert_int_equal(ppx_image_read(&image, in_directory("a.pgm"), &options, &error), PPX_E_INPUT);
    expect_text(error.text, "20 x 5 pixels, above the limit of 99");
    free(file.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),       cmocka_unit_test(test_png_levels),
        cmocka_unit_test(test_strange_shapes),    cmocka_unit_test(test_pbm),
        cmocka_unit_test(test_choice_of_format),  cmocka_unit_test(test_png_kinds),
        cmocka_unit_test(test_png_short_palette), cmocka_unit_test(test_pnm_kinds),
        cmocka_unit_test(test_pnm_scaling),       cmocka_unit_test(test_npy_kinds),
        cmocka_unit_test(test_npy_bytes),         cmocka_unit_test(test_refused_pnm),
        cmocka_unit_test(test_refused_npy),       cmocka_unit_test(test_refused_png),
        cmocka_unit_test(test_refused_paths),     cmocka_unit_test(test_max_pixels),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
