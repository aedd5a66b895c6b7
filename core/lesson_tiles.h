// lesson_tiles.h: tiles of very unequal cost, for the lessons that share out work: on threads
// (omp/lessons/queue.c) and on ranks (mpi/lessons/queue_mpi.c).
//
// The slide was tilted: from top to bottom it is more and more out of focus. What is cell and not
// background gets its local rank (how many pixels of a hundred around it are darker, scaled to
// 255), within a window that grows with the blur. So a tile at the bottom costs many times as much
// as one at the top, and a tile without cells almost nothing. Nobody knows before having done it.
#ifndef PPX_LESSON_TILES_H
#define PPX_LESSON_TILES_H

#include "parpix.h"

enum { PPX_LESSON_TILE = 64 }; // rows and columns

static inline ptrdiff_t ppx_lesson_tiles_across(const ppx_image *image) {
    return (image->shape.width + PPX_LESSON_TILE - 1) / PPX_LESSON_TILE;
}

static inline ptrdiff_t ppx_lesson_tiles(const ppx_image *image) {
    ptrdiff_t down = (image->shape.height + PPX_LESSON_TILE - 1) / PPX_LESSON_TILE;
    return ppx_lesson_tiles_across(image) * down;
}

static inline uint8_t ppx_lesson_rank(const ppx_image *in, ptrdiff_t x, ptrdiff_t y,
                                      ptrdiff_t radius) {
    const ptrdiff_t width = in->shape.width, height = in->shape.height;
    const ptrdiff_t left = x > radius ? x - radius : 0, top = y > radius ? y - radius : 0;
    const ptrdiff_t right = x + radius < width ? x + radius + 1 : width;
    const ptrdiff_t bottom = y + radius < height ? y + radius + 1 : height;
    const uint8_t own = ((const uint8_t *)ppx_image_row(in, y))[x];
    ptrdiff_t darker = 0;
    for (ptrdiff_t v = top; v < bottom; v++) {
        const uint8_t *row = ppx_image_row(in, v);
        for (ptrdiff_t u = left; u < right; u++)
            darker += row[u] < own;
    }
    return (uint8_t)(UINT8_MAX * darker / ((right - left) * (bottom - top)));
}

// Tile number `tile`, in raster order. Pixels of `out` that are in no tile are left alone.
static inline void ppx_lesson_tile_make(const ppx_image *in, ptrdiff_t tile, const ppx_image *out) {
    enum { BACKGROUND = 64, LARGEST = 14 };
    const ptrdiff_t across = ppx_lesson_tiles_across(in), height = in->shape.height;
    const ptrdiff_t x0 = tile % across * PPX_LESSON_TILE, y0 = tile / across * PPX_LESSON_TILE;
    for (ptrdiff_t y = y0; y < y0 + PPX_LESSON_TILE && y < height; y++) {
        const uint8_t *from = ppx_image_row(in, y);
        uint8_t *to = ppx_image_row(out, y);
        for (ptrdiff_t x = x0; x < x0 + PPX_LESSON_TILE && x < in->shape.width; x++)
            to[x] = from[x] > BACKGROUND ? ppx_lesson_rank(in, x, y, 1 + LARGEST * y / height) : 0;
    }
}

#endif
