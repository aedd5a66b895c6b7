// window.h: the rows of an image that a map sees at a time (window.c).
#ifndef PPX_WINDOW_H
#define PPX_WINDOW_H

#include "runner.h"

typedef struct ppx_window {
    ppx_shape shape;          // of the image
    const ppx_source *source; // NULL: rows are made on demand, into the lines
    ppx_border border;
    double fill;
    ptrdiff_t side;

    ppx_pool pointers; // what the kernel is handed
    char *lines;       // a ring of padded copies, NULL where rows are handed out as they lie
    ptrdiff_t nlines, low, high; // it holds the places [low, high)
    size_t line_nbytes, left_nbytes;
    void *blank_memory, *blank; // a line of the fill, and its pixel 0
} ppx_window;

// A window of at most `most` rows. What it looks like beyond the edge is in the geometry.
ppx_status ppx_window_open(ppx_window *window, ppx_shape shape, const ppx_geometry *g,
                           const ppx_source *source, ptrdiff_t most, ppx_error *error);
void ppx_window_close(ppx_window *window);

// Before rows [a, b) can be shown. Loads them from the source; where there is none, rows [*from,
// *to) are to be made now, by ppx_window_line and ppx_window_finish for each: those that are
// missing, and up to `more` of them in all as long as they are below row `end`.
void ppx_window_move(ppx_window *window, ptrdiff_t a, ptrdiff_t b);
void ppx_window_want(ppx_window *window, ptrdiff_t a, ptrdiff_t b, ptrdiff_t more, ptrdiff_t end,
                     ptrdiff_t *from, ptrdiff_t *to);
void *ppx_window_line(const ppx_window *window, ptrdiff_t y);
void ppx_window_finish(const ppx_window *window, ptrdiff_t y);

// Pointers to rows [a, b), which may lie outside of the image.
ppx_status ppx_window_show(ppx_window *window, ptrdiff_t a, ptrdiff_t b, const void *const **rows,
                           ppx_error *error);

#endif
