// scene_cells.h: what the cells are, for who makes them and who paints them.
#ifndef PPX_SCENE_CELLS_H
#define PPX_SCENE_CELLS_H

#include "scene.h"

// Parameters, in the order of the table.
enum { CELLS_SPACING, CELLS_RADIUS, CELLS_TOUCHING, CELLS_GAP, CELLS_SOFT, CELLS_UNEVEN };

// q in 20 fractional bits: (a dx^2 + b dx dy + c dy^2) >> 36, distances in 1/256 pixel. With axes
// r this is 2^56 / r^2 * distance^2, below 2^62 in any box that is searched.
enum { Q_ONE = 1 << 20, Q_SHIFT = 36 };

typedef struct cell {
    int64_t x, y;    // centre, in 1/256 pixel
    int64_t a, b, c; // of the form
    int64_t extent;  // how far its light reaches, in 1/256 pixel
    int32_t steep;   // of the edge, see light_at
    int32_t light;   // full light
    int8_t mate;     // where the cell that it touches is stored: 1 after, -1 before, 0 none
    uint32_t label;
    int64_t area;
    ptrdiff_t left, top, right, bottom; // of its pixels, inclusive
} cell;

typedef struct cells {
    ppx_grid grid;
    cell *all; // square by square
    size_t n;
    size_t *order; // of label k + 1, its cell
    uint32_t nlabels;
    uint64_t key, texture;
    int64_t lamp_x, lamp_y, lamp_step, dark; // see light_up
    int32_t root[4096];                      // 4096 sqrt(k / 1024)
} cells;

static inline int64_t ppx_cell_form(const cell *one, int64_t dx, int64_t dy) {
    return ((one->a * dx + one->b * dy) * dx + one->c * dy * dy) >> Q_SHIFT;
}

uint64_t ppx_square_root(uint64_t n); // rounded down

// Fills culture->grid and culture->all; pixels, and so labels, are counted afterwards.
ppx_status ppx_cells_breed(const ppx_scene *scene, cells *culture, ppx_error *error);

#endif
