// window.c: the rows of an image that a map sees at a time.
//
// A kernel reads rows as if the image had no border and nobody else. Rows are handed out where they
// lie when no columns beyond the edge are needed. Otherwise they are copied into a ring of padded
// lines when they enter the window; the sides are filled then, and the copy stays in the
// processor's cache and doubles as a prefetch. Where another map makes the rows, it makes them in
// the ring. Rows beyond the edge are pointers to rows within: each is in the ring once. Everything
// follows the border rule on global coordinates, so nobody can tell from the result where a strip
// or band began.
//
// A place is a row as the ring counts it: within the image, or, when the border wraps, any row, as
// those above the first are far from it.
#include "window.h"

#include <string.h>

#include "memory.h"

enum { PAD = 64 }; // bytes beyond the sides that may be read

static ppx_status make_blank(ppx_window *window, size_t pixel, ppx_error *error) {
    ppx_shape shape = window->shape;
    // An empty row in the middle of the memory, extended to both sides.
    size_t half = (size_t)(shape.width + window->side) * pixel + PAD;
    ppx_status status = ppx_alloc_array(&window->blank_memory, 2, half, "a blank line", error);
    if (status)
        return status;
    window->blank = (char *)window->blank_memory + half;
    ppx_row_extend(window->blank, 0, shape.channels, shape.type, shape.width + window->side,
                   PPX_CONSTANT, window->fill);
    return PPX_OK;
}

ppx_status ppx_window_open(ppx_window *window, ppx_shape shape, const ppx_geometry *g,
                           const ppx_source *source, ptrdiff_t most, ppx_error *error) {
    *window = (ppx_window){.shape = shape,
                           .source = source,
                           .border = g->border,
                           .fill = g->fill,
                           .side = g->side,
                           .nlines = most};
    size_t pixel = (size_t)shape.channels * ppx_type_nbytes(shape.type);
    window->left_nbytes = ppx_round_up((size_t)g->side * pixel, 64) + PAD;
    window->line_nbytes =
        window->left_nbytes + ppx_round_up((size_t)(shape.width + g->side) * pixel, 64) + PAD;
    if (window->line_nbytes / 64 % 2 == 0)
        window->line_nbytes += 64;
    ppx_status status = PPX_OK;
    if (g->side > 0 || !source)
        status = ppx_alloc_array((void **)&window->lines, (size_t)most, window->line_nbytes,
                                 "lines", error);
    if (!status && g->border == PPX_CONSTANT && g->up + g->down + g->side > 0)
        status = make_blank(window, pixel, error);
    return status;
}

void ppx_window_close(ppx_window *window) {
    ppx_pool_free(&window->pointers);
    ppx_free(window->lines);
    ppx_free(window->blank_memory);
}

void *ppx_window_line(const ppx_window *window, ptrdiff_t y) {
    ptrdiff_t k = y % window->nlines;
    k = k < 0 ? k + window->nlines : k;
    return window->lines + (size_t)k * window->line_nbytes + window->left_nbytes;
}

void ppx_window_finish(const ppx_window *window, ptrdiff_t y) {
    if (window->side)
        ppx_row_extend(ppx_window_line(window, y), window->shape.width, window->shape.channels,
                       window->shape.type, window->side, window->border, window->fill);
}

// Makes room for rows [a, b), or more of them up to row `end`, and forgets those behind.
// Returns the first place that is not there yet; those up to window->high are now expected.
static ptrdiff_t make_room(ppx_window *window, ptrdiff_t a, ptrdiff_t b, ptrdiff_t more,
                           ptrdiff_t end) {
    ptrdiff_t low = a, high = b;
    if (window->border != PPX_WRAP)
        ppx_border_span(window->border, a, b, window->shape.height, &low, &high);
    if (low < window->low || low > window->high)
        window->low = window->high = low; // a jump
    ptrdiff_t first = window->high;
    if (high <= first)
        return first;
    more = first + more < end ? first + more : end;
    window->high = more > high ? more : high;
    if (window->low < window->high - window->nlines)
        window->low = window->high - window->nlines;
    PPX_ASSERT(low >= window->low);
    return first;
}

void ppx_window_move(ppx_window *window, ptrdiff_t a, ptrdiff_t b) {
    if (!window->lines)
        return;
    for (ptrdiff_t y = make_room(window, a, b, 0, 0); y < window->high; y++) {
        ptrdiff_t row = ppx_border_row(window->border, y, window->shape.height);
        memcpy(ppx_window_line(window, y), ppx_source_row(window->source, row),
               ppx_shape_row_nbytes(window->shape));
        ppx_window_finish(window, y);
    }
}

void ppx_window_want(ppx_window *window, ptrdiff_t a, ptrdiff_t b, ptrdiff_t more, ptrdiff_t end,
                     ptrdiff_t *from, ptrdiff_t *to) {
    *from = make_room(window, a, b, more, end);
    *to = window->high;
}

// The frequent case: the worker's own rows, all within the image. Copies are so fast that looking
// each row up took a twentieth of their time.
static bool shown_as_they_lie(const ppx_window *window, ptrdiff_t a, ptrdiff_t b,
                              const void **pointers) {
    const ppx_image *own = window->source->own;
    const ptrdiff_t first = a - window->source->y0, n = b - a;
    if (first < 0 || first + n > own->shape.height)
        return false;
    for (ptrdiff_t k = 0; k < n; k++)
        pointers[k] = ppx_image_row(own, first + k);
    return true;
}

ppx_status ppx_window_show(ppx_window *window, ptrdiff_t a, ptrdiff_t b, const void *const **rows,
                           ppx_error *error) {
    ppx_status status =
        ppx_pool_reserve(&window->pointers, (size_t)(b - a) * sizeof(void *), error);
    if (status)
        return status;
    const void **pointers = window->pointers.data;
    *rows = pointers;
    if (!window->lines && shown_as_they_lie(window, a, b, pointers))
        return PPX_OK;
    for (ptrdiff_t y = a; y < b; y++) {
        ptrdiff_t row = ppx_border_row(window->border, y, window->shape.height);
        if (row < 0)
            pointers[y - a] = window->blank;
        else if (!window->lines)
            pointers[y - a] = ppx_source_row(window->source, row);
        else
            pointers[y - a] = ppx_window_line(window, window->border == PPX_WRAP ? y : row);
    }
    return PPX_OK;
}
