// scene_grid.c: which squares of a grid hold objects near a row or a span.
#include "../core/memory.h"
#include "scene.h"

ppx_status ppx_grid_create(ppx_grid *grid, ppx_shape shape, int64_t spacing, int64_t reach,
                           ppx_error *error) {
    *grid = (ppx_grid){.spacing = spacing, .reach = reach};
    grid->column0 = grid->row0 = ppx_floor_div(-reach, spacing);
    grid->columns = ppx_floor_div(shape.width - 1 + reach, spacing) - grid->column0 + 1;
    grid->nrows = ppx_floor_div(shape.height - 1 + reach, spacing) - grid->row0 + 1;
    size_t squares;
    if (!ppx_size_mul((size_t)grid->columns, (size_t)grid->nrows, &squares))
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a grid of %td x %td", grid->columns,
                        grid->nrows);
    return ppx_alloc_array((void **)&grid->first, squares + 1, sizeof *grid->first, "a grid",
                           error);
}

void ppx_grid_free(ppx_grid *grid) {
    ppx_free(grid->first);
    *grid = (ppx_grid){0};
}

// Squares that pixels [x, x + n) with what reaches them lie in, within [0, count).
static void squares(const ppx_grid *grid, int64_t x, int64_t n, int64_t square0, ptrdiff_t count,
                    ptrdiff_t *from, ptrdiff_t *to) {
    int64_t a = ppx_floor_div(x - grid->reach, grid->spacing) - square0;
    int64_t b = ppx_floor_div(x + n - 1 + grid->reach, grid->spacing) - square0 + 1;
    *from = (ptrdiff_t)ppx_clip(a, 0, count);
    *to = (ptrdiff_t)ppx_clip(b, 0, count);
}

void ppx_grid_rows(const ppx_grid *grid, ptrdiff_t y, ptrdiff_t *from, ptrdiff_t *to) {
    squares(grid, y, 1, grid->row0, grid->nrows, from, to);
}

void ppx_grid_objects(const ppx_grid *grid, ptrdiff_t row, ptrdiff_t x, int n, size_t *from,
                      size_t *to) {
    ptrdiff_t a, b;
    squares(grid, x, n, grid->column0, grid->columns, &a, &b);
    *from = grid->first[row * grid->columns + a];
    *to = grid->first[row * grid->columns + b];
}
