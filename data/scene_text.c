// scene_text.c: rows of capitals and digits on paper.
//
// A page of words drawn by chance, with paragraphs and ragged right margins, in a font of 5 x 7
// dots. A dot is `scale` pixels wide; between dots the ink is interpolated linearly and its edge
// steepened to one pixel, which rounds corners and joins diagonals. The glyphs are drawn once, when
// the scene is opened; the paper is faintly uneven.
//
// Truth: every character in reading order: its code (ASCII) and the box of its 5 x 7 dots, which
// the border may cut.
#include "scene.h"

#include <string.h>

#include "../core/memory.h"

enum { TEXT_SCALE };
// In dots: the font, from character to character, from line to line, the paper's margin, and a dot
// more on each side of a glyph for its edge.
enum { ACROSS = 5, DOWN = 7, ADVANCE = 6, LEADING = 11, MARGIN = 6 };
enum { PAPER = 232 * PPX_LEVEL_8, INK = 188 * PPX_LEVEL_8 };

static const ppx_param text_params[] = {
    {"scale", PPX_INT, 1, 32, NULL, "3", "width of a dot of the 5 x 7 font, in pixels"},
    PPX_SCENE_COMMON("gaussian:3"),
};

// Drawn for this scene: bit 4 is the left column.
static const struct {
    char code;
    uint8_t row[DOWN];
} font[] = {
    {'A', {0x04, 0x0a, 0x11, 0x11, 0x1f, 0x11, 0x11}},
    {'B', {0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e}},
    {'C', {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e}},
    {'D', {0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e}},
    {'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}},
    {'F', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10}},
    {'G', {0x0e, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0e}},
    {'H', {0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'J', {0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0c}},
    {'K', {0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11}},
    {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}},
    {'M', {0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11}},
    {'N', {0x11, 0x19, 0x19, 0x15, 0x13, 0x13, 0x11}},
    {'O', {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}},
    {'P', {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10}},
    {'Q', {0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d}},
    {'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}},
    {'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}},
    {'T', {0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {'U', {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}},
    {'V', {0x11, 0x11, 0x11, 0x0a, 0x0a, 0x0a, 0x04}},
    {'W', {0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11}},
    {'X', {0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11}},
    {'Y', {0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04}},
    {'Z', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f}},
    {'0', {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}},
    {'1', {0x04, 0x0c, 0x14, 0x04, 0x04, 0x04, 0x1f}},
    {'2', {0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f}},
    {'3', {0x1e, 0x01, 0x01, 0x0e, 0x01, 0x01, 0x1e}},
    {'4', {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}},
    {'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e}},
    {'6', {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}},
    {'7', {0x1f, 0x01, 0x02, 0x02, 0x04, 0x04, 0x04}},
    {'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}},
    {'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}},
    {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}},
    {',', {0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c, 0x08}},
};
enum { NGLYPHS = sizeof font / sizeof *font, BLANK = NGLYPHS };

// Roughly as often as in English.
static const char letters[] = "EEEEEETTTTTAAAAOOOOIIIINNNNSSSHHHRRRRDDLLLCCUUMMWFGYPBVKJXQZ";

typedef struct page {
    ptrdiff_t columns, nlines; // of characters
    uint8_t *glyphs;           // their index in the font, or BLANK; line by line
    size_t *known;             // where characters are that are not blank
    size_t nknown;
    int64_t scale;
    ptrdiff_t cell_width, cell_height; // of a drawn glyph: with a dot around it
    uint16_t *ink;                     // of each glyph, 0..65535
    uint64_t paper;
} page;

static uint8_t glyph_of(char code) {
    uint8_t k = 0;
    while (font[k].code != code)
        k++;
    return k;
}

// ---- Words ----

static uint8_t *put_word(uint8_t *at, const uint8_t *end, uint64_t key, bool *sentence) {
    bool digits = ppx_hash(key, 0) % 9 == 0;
    int64_t n = digits ? ppx_between(ppx_hash(key, 1), 1, 4)
                       : 1 + ppx_between(ppx_hash(key, 1), 0, 5) + ppx_between(key, 0, 3);
    if (end - at < n + 1)
        return NULL;
    for (int64_t k = 0; k < n; k++) {
        uint64_t random = ppx_hash(key, (uint64_t)k + 2);
        char code = digits ? (char)('0' + ppx_between(random, 0, 9))
                           : letters[ppx_between(random, 0, (int64_t)sizeof letters - 2)];
        *at++ = glyph_of(code);
    }
    uint64_t mark = ppx_hash(key, 1000) % 11;
    *sentence = mark == 0;
    if (mark < 2)
        *at++ = glyph_of(mark ? ',' : '.');
    return at;
}

// Lines of a paragraph are full but for the last one, which ends with a sentence.
static void write_page(page *sheet, uint64_t key) {
    bool begins = true;
    for (ptrdiff_t line = 0; line < sheet->nlines; line++) {
        uint64_t line_key = ppx_hash(key, (uint64_t)line);
        uint8_t *at = sheet->glyphs + line * sheet->columns, *end = at + sheet->columns;
        memset(at, BLANK, (size_t)sheet->columns);
        if (begins && sheet->columns > 12)
            at += 4;
        begins = false;
        for (uint64_t word = 0; at && at < end && !begins; word++) {
            bool sentence;
            at = put_word(at, end, ppx_hash(line_key, word), &sentence);
            begins = at && sentence && word > 3 && ppx_hash(line_key, word) % 3 == 0;
            if (at)
                at++;
        }
    }
}

// ---- Glyphs ----

static int64_t dot(int glyph, int64_t column, int64_t row) {
    bool inside = column >= 0 && column < ACROSS && row >= 0 && row < DOWN;
    return inside ? font[glyph].row[row] >> (ACROSS - 1 - column) & 1 : 0;
}

// Ink at a pixel of a drawn glyph, whose dot (0, 0) begins `scale` pixels in.
static uint16_t ink_at(int glyph, int64_t scale, int64_t x, int64_t y) {
    // From the centre of dot (0, 0), in 1/256 dot.
    int64_t right = (2 * (x - scale) + 1 - scale) * 128, down = (2 * (y - scale) + 1 - scale) * 128;
    int64_t column = ppx_floor_div(right, 256 * scale), row = ppx_floor_div(down, 256 * scale);
    int64_t u = ppx_floor_div(right, scale) - column * 256;
    int64_t v = ppx_floor_div(down, scale) - row * 256;
    int64_t above = dot(glyph, column, row) * (256 - u) + dot(glyph, column + 1, row) * u;
    int64_t below = dot(glyph, column, row + 1) * (256 - u) + dot(glyph, column + 1, row + 1) * u;
    int64_t ink = above * (256 - v) + below * v;
    // The line is below one half, so that dots which meet at a corner are joined.
    return (uint16_t)ppx_clip(32768 + (ink - 27000) * scale, 0, 65535);
}

static void draw_glyphs(page *sheet) {
    uint16_t *ink = sheet->ink;
    for (int glyph = 0; glyph < NGLYPHS; glyph++)
        for (ptrdiff_t y = 0; y < sheet->cell_height; y++)
            for (ptrdiff_t x = 0; x < sheet->cell_width; x++)
                *ink++ = ink_at(glyph, sheet->scale, x, y);
}

// ---- The scene ----

static ppx_status text_open(ppx_scene *scene, ppx_error *error) {
    page *sheet = scene->state;
    ptrdiff_t scale = (ptrdiff_t)scene->values[TEXT_SCALE].i;
    sheet->scale = scale;
    // Small images have no margin, and at least a part of one character.
    ptrdiff_t right = scene->shape.width / scale - 2 * MARGIN;
    ptrdiff_t down = scene->shape.height / scale - 2 * MARGIN;
    sheet->columns = right > ADVANCE ? right / ADVANCE : 1;
    sheet->nlines = down > LEADING ? down / LEADING : 1;
    sheet->cell_width = (ACROSS + 2) * scale;
    sheet->cell_height = (DOWN + 2) * scale;
    sheet->paper = ppx_scene_key(scene, PPX_FOR_TEXTURE);
    size_t places = (size_t)sheet->nlines * (size_t)sheet->columns;
    ppx_status status = ppx_alloc_array((void **)&sheet->glyphs, places, 1, "a page", error);
    if (!status)
        status =
            ppx_alloc_array((void **)&sheet->known, places, sizeof *sheet->known, "a page", error);
    if (!status)
        status = ppx_alloc_array((void **)&sheet->ink,
                                 (size_t)(NGLYPHS * sheet->cell_width * sheet->cell_height),
                                 sizeof *sheet->ink, "glyphs", error);
    if (status)
        return status;
    write_page(sheet, ppx_scene_key(scene, PPX_FOR_OBJECTS));
    for (size_t k = 0; k < places; k++)
        if (sheet->glyphs[k] != BLANK)
            sheet->known[sheet->nknown++] = k;
    draw_glyphs(sheet);
    return PPX_OK;
}

static void text_close(ppx_scene *scene) {
    page *sheet = scene->state;
    ppx_free(sheet->glyphs);
    ppx_free(sheet->known);
    ppx_free(sheet->ink);
}

static void text_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    const page *sheet = scene->state;
    ptrdiff_t scale = (ptrdiff_t)sheet->scale;
    for (int k = 0; k < n; k++)
        levels[k] = PAPER;
    ppx_value_noise(sheet->paper, 300, 20 * PPX_LEVEL_8, y, x, n, levels);
    ppx_value_noise(sheet->paper + 1, 3, 8 * PPX_LEVEL_8, y, x, n, levels);
    ptrdiff_t line = (ptrdiff_t)ppx_floor_div(y - (MARGIN - 1) * scale, LEADING * scale);
    ptrdiff_t down = y - (MARGIN - 1) * scale - line * LEADING * scale;
    if (line < 0 || line >= sheet->nlines || down >= sheet->cell_height)
        return;
    // Glyphs with their edges overlap by a dot, and ink adds up.
    ptrdiff_t pitch = ADVANCE * scale, x0 = (MARGIN - 1) * scale;
    ptrdiff_t column = (ptrdiff_t)ppx_clip(ppx_floor_div(x - x0, pitch) - 1, 0, sheet->columns);
    for (; column < sheet->columns && x0 + column * pitch < x + n; column++) {
        int glyph = sheet->glyphs[line * sheet->columns + column];
        if (glyph == BLANK)
            continue;
        ptrdiff_t left = x0 + column * pitch;
        const uint16_t *ink = sheet->ink + (glyph * sheet->cell_height + down) * sheet->cell_width;
        ptrdiff_t from = left > x ? left : x;
        for (ptrdiff_t at = from; at < left + sheet->cell_width && at < x + n; at++)
            levels[at - x] -= (int32_t)(((int64_t)ink[at - left] * INK) >> 16);
    }
}

static double text_cell(const void *data, size_t row, int column) {
    const page *sheet = data;
    size_t at = sheet->known[row], columns = (size_t)sheet->columns;
    size_t scale = (size_t)sheet->scale;
    switch (column) {
    case 0:
        return (double)font[sheet->glyphs[at]].code;
    case 1:
        return (double)((MARGIN + at % columns * ADVANCE) * scale);
    case 2:
        return (double)((MARGIN + at / columns * LEADING) * scale);
    case 3:
        return (double)(ACROSS * scale);
    default:
        return (double)(DOWN * scale);
    }
}

static void text_truth(const ppx_scene *scene, const ppx_sink *sink) {
    static const char *const columns[] = {"code", "left", "top", "width", "height"};
    static const bool whole[] = {true, true, true, true, true};
    const page *sheet = scene->state;
    const ppx_table table = {"objects", 5, columns, whole, sheet->nknown, text_cell, sheet};
    sink->table(sink->context, scene->kind->name, &table);
}

const ppx_scene_kind ppx_scene_text_page = {
    .name = "text",
    .summary = "rows of capitals and digits on paper",
    .params = text_params,
    .nparams = PPX_COUNT(text_params),
    .state_nbytes = sizeof(page),
    .open = text_open,
    .close = text_close,
    .span = text_span,
    .truth = text_truth,
};
