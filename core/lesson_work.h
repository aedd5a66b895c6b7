// lesson_work.h: two pieces of work that several lessons do in different ways, from C and from
// Python, so that all of them compute the same. Pixels are u8 gray, rows follow each other without
// padding. Neither allocates, locks or keeps anything: a child of fork may call them.
#ifndef PPX_LESSON_WORK_H
#define PPX_LESSON_WORK_H

#include <stddef.h>
#include <stdint.h>

// Adds to counts[v] how many of the n pixels have the level v.
void ppx_lesson_levels(const uint8_t *pixels, size_t n, uint64_t counts[256]);

// Sobel's edges of the rows [y0, y0 + nrows) of a picture: the whole part of the root of gx^2 +
// gy^2, 255 at most; beyond the border its nearest pixel is repeated. `out` is row y0 of the
// result.
void ppx_lesson_edges(const uint8_t *picture, ptrdiff_t width, ptrdiff_t height, ptrdiff_t y0,
                      ptrdiff_t nrows, uint8_t *out);

#endif
