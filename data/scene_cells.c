// scene_cells.c: bright cells on a dark ground, under an uneven lamp, as in a microscope.
//
// Each square of a grid proposes a body at a random place in it: one ellipse, or two that touch. A
// body lives if no body within reach has a higher mark (the second hard-core process of Matern,
// "Spatial Variation", 1960), so bodies keep a distance from each other by decisions that are all
// local. Cells of a pair overlap; the pixels of both are the one's whose ellipse they are deeper
// in.
//
// An ellipse is q(x, y) <= 1 at the centre of the pixel, q a quadratic form. Its light falls from
// full to none over `soft` pixels across that line and is half there, so that thresholding at the
// middle finds the true pixels.
//
// Truth: every cell with at least one pixel in the image, also those that the border cuts (their
// centre may lie outside; area and box are of the pixels inside), numbered by first pixel in raster
// order.
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#include "../core/memory.h"

enum { CELLS_SPACING, CELLS_RADIUS, CELLS_TOUCHING, CELLS_GAP, CELLS_SOFT, CELLS_UNEVEN };

static const ppx_param cells_params[] = {
    {"spacing", PPX_INT, 4, 4096, NULL, "34", "side of a square that proposes cells, in pixels"},
    {"radius", PPX_INT, 2, 1024, NULL, "12", "mean radius of a cell, in pixels"},
    {"touching", PPX_REAL, 0, 100, NULL, "10", "percent of the places that hold a touching pair"},
    {"gap", PPX_INT, 1, 1024, NULL, "7", "least distance between other cells, in pixels"},
    {"soft", PPX_INT, 1, 64, NULL, "3", "width of a cell's edge, in pixels"},
    {"uneven", PPX_REAL, 0, 100, NULL, "25", "percent of light lost far from the lamp"},
    PPX_SCENE_COMMON("gaussian:6"),
};

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

typedef struct body {
    int64_t x, y, radius; // of a circle around it, in 1/256 pixel
    uint64_t mark;
} body;

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

static uint64_t square_root(uint64_t n) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= n)
            root += bit;
    return root;
}

static int64_t form(const cell *one, int64_t dx, int64_t dy) {
    return ((one->a * dx + one->b * dy) * dx + one->c * dy * dy) >> Q_SHIFT;
}

// ---- Cells from random numbers ----

static bool is_pair(const ppx_scene *scene, uint64_t key) {
    uint64_t share = (uint64_t)ppx_scene_fixed(scene, CELLS_TOUCHING, (int64_t)1 << 32) / 100;
    return ppx_hash(key, 0) >> 32 < share;
}

static void make_cell(const ppx_scene *scene, uint64_t key, cell *made) {
    int64_t mean = scene->values[CELLS_RADIUS].i * 256, soft = scene->values[CELLS_SOFT].i * 256;
    int64_t longer = mean * ppx_between(ppx_hash(key, 0), 75, 130) / 100;
    int64_t shorter = longer * ppx_between(ppx_hash(key, 1), 76, 100) / 100;
    uint32_t turn = (uint32_t)(ppx_hash(key, 2) >> 32);
    int64_t c = ppx_cosine(turn) / 32768, s = ppx_cosine(turn - (UINT32_C(1) << 30)) / 32768;
    const int64_t scale = 1 << 26; // with the 30 bits of c * c: 56
    int64_t longer2 = longer * longer, shorter2 = shorter * shorter;
    *made = (cell){.x = 0};
    made->a = c * c * scale / longer2 + s * s * scale / shorter2;
    made->b = 2 * (c * s * scale / longer2 - c * s * scale / shorter2);
    made->c = s * s * scale / longer2 + c * c * scale / shorter2;
    made->extent = longer + longer * soft / (2 * shorter) + 256;
    made->steep = (int32_t)(shorter * 8 * 256 / soft);
    made->light = (int32_t)ppx_between(ppx_hash(key, 3), 95, 190) * PPX_LEVEL_8;
}

// How far the line of the ellipse is from its centre, in direction (c, s) of 15 fractional bits.
static int64_t radius_towards(const cell *one, int64_t c, int64_t s) {
    // The form at distance r is r^2 / 2^56 times this, and 1 on the line.
    int64_t sum = (one->a * c + one->b * s) / 32768 * c / 32768 + one->c * s / 32768 * s / 32768;
    return (int64_t)square_root(((uint64_t)1 << 56) / (uint64_t)(sum > 0 ? sum : 1));
}

// The one or two cells of a square; returns how many, and the circle around them.
static int make_body(const ppx_scene *scene, int64_t column, int64_t row, cell made[2],
                     body *around) {
    const cells *culture = scene->state;
    uint64_t key = ppx_hash_at(culture->key, column, row);
    int64_t side = culture->grid.spacing * 256;
    around->mark = key;
    around->x = column * side + ppx_between(ppx_hash(key, 1), 0, side - 1);
    around->y = row * side + ppx_between(ppx_hash(key, 2), 0, side - 1);
    make_cell(scene, ppx_hash(key, 3), &made[0]);
    made[0].x = around->x;
    made[0].y = around->y;
    around->radius = made[0].extent;
    if (!is_pair(scene, key))
        return 1;
    make_cell(scene, ppx_hash(key, 4), &made[1]);
    uint32_t turn = (uint32_t)(ppx_hash(key, 5) >> 32);
    int64_t c = ppx_cosine(turn) / 32768, s = ppx_cosine(turn - (UINT32_C(1) << 30)) / 32768;
    // Nine tenths of the way at which the lines would meet: the cells certainly touch.
    int64_t apart = radius_towards(&made[0], c, s) + radius_towards(&made[1], c, s);
    int64_t right = apart * 9 / 10 * c / 32768, down = apart * 9 / 10 * s / 32768;
    made[0].x -= right / 2;
    made[0].y -= down / 2;
    made[1].x = made[0].x + right;
    made[1].y = made[0].y + down;
    made[0].mate = 1;
    made[1].mate = -1;
    int64_t most = made[0].extent > made[1].extent ? made[0].extent : made[1].extent;
    around->radius = apart * 9 / 20 + most + 1;
    return 2;
}

// ---- Which bodies live ----

// Bodies of a square grid, `around` squares larger on each side than that of the image.
typedef struct nursery {
    body *bodies;
    ptrdiff_t columns, nrows;
    int64_t around, gap;
} nursery;

static bool lives(const nursery *all, ptrdiff_t column, ptrdiff_t row) {
    const body *one = &all->bodies[row * all->columns + column];
    for (int64_t v = row - all->around; v <= row + all->around; v++)
        for (int64_t u = column - all->around; u <= column + all->around; u++) {
            const body *other = &all->bodies[v * all->columns + u];
            int64_t dx = other->x - one->x, dy = other->y - one->y;
            int64_t apart = one->radius + other->radius + all->gap;
            if (dx * dx + dy * dy < apart * apart && other->mark > one->mark)
                return false;
        }
    return true;
}

// The radius that no body exceeds, in pixels: see make_cell and make_body.
static int64_t most_radius(const ppx_scene *scene, bool pair) {
    int64_t longer = scene->values[CELLS_RADIUS].i * 130 / 100 + 1;
    int64_t extent = longer + scene->values[CELLS_SOFT].i * 100 / 152 + 2;
    return extent + (pair ? longer * 9 / 10 + 2 : 0);
}

static ppx_status breed(const ppx_scene *scene, nursery *all, ppx_error *error) {
    const cells *culture = scene->state;
    bool pairs = scene->values[CELLS_TOUCHING].d > 0;
    int64_t far = 2 * most_radius(scene, pairs) + scene->values[CELLS_GAP].i;
    // The light's edge is within the circles already: it counts towards the gap.
    all->gap = (scene->values[CELLS_GAP].i - scene->values[CELLS_SOFT].i - 2) * 256;
    all->around = far / culture->grid.spacing + 1;
    all->columns = culture->grid.columns + 2 * (ptrdiff_t)all->around;
    all->nrows = culture->grid.nrows + 2 * (ptrdiff_t)all->around;
    size_t n;
    if (!ppx_size_mul((size_t)all->columns, (size_t)all->nrows, &n))
        n = SIZE_MAX;
    ppx_status status =
        ppx_alloc_array((void **)&all->bodies, n, sizeof *all->bodies, "cells", error);
    if (status)
        return status;
    body *next = all->bodies;
    cell made[2];
    for (ptrdiff_t row = 0; row < all->nrows; row++)
        for (ptrdiff_t column = 0; column < all->columns; column++)
            (void)make_body(scene, culture->grid.column0 - all->around + column,
                            culture->grid.row0 - all->around + row, made, next++);
    return PPX_OK;
}

// Stores the cells of the bodies that live.
static ppx_status settle(const ppx_scene *scene, cells *culture, const nursery *all,
                         ppx_error *error) {
    ppx_grid *grid = &culture->grid;
    size_t square = 0, room = 0;
    cell made[2];
    body around;
    for (ptrdiff_t row = 0; row < grid->nrows; row++)
        for (ptrdiff_t column = 0; column < grid->columns; column++) {
            grid->first[square++] = room;
            if (lives(all, column + (ptrdiff_t)all->around, row + (ptrdiff_t)all->around))
                room += (size_t)make_body(scene, grid->column0 + column, grid->row0 + row, made,
                                          &around);
        }
    grid->first[square] = room;
    ppx_status status =
        ppx_alloc_array((void **)&culture->all, room, sizeof *culture->all, "cells", error);
    if (status)
        return status;
    culture->n = room;
    square = 0;
    for (ptrdiff_t row = 0; row < grid->nrows; row++)
        for (ptrdiff_t column = 0; column < grid->columns; column++, square++) {
            size_t n = grid->first[square + 1] - grid->first[square];
            if (!n)
                continue;
            (void)make_body(scene, grid->column0 + column, grid->row0 + row, made, &around);
            memcpy(culture->all + grid->first[square], made, n * sizeof *made);
        }
    return PPX_OK;
}

// ---- Truth ----

static bool owns(const cell *one, int64_t q, ptrdiff_t x, ptrdiff_t y) {
    if (q > Q_ONE || !one->mate)
        return q <= Q_ONE;
    const cell *mate = one + one->mate;
    int64_t other = form(mate, (int64_t)x * 256 - mate->x, (int64_t)y * 256 - mate->y);
    return one->mate > 0 ? q <= other : q < other; // the first of the pair where they are equal
}

// Counts the pixels of a cell, and notes its box; returns the raster index of the first one.
static uint64_t measure(const ppx_scene *scene, cell *one) {
    ptrdiff_t width = scene->shape.width, height = scene->shape.height;
    ptrdiff_t x0 = (ptrdiff_t)ppx_clip((one->x - one->extent) / 256 - 1, 0, width);
    ptrdiff_t x1 = (ptrdiff_t)ppx_clip((one->x + one->extent) / 256 + 2, 0, width);
    ptrdiff_t y0 = (ptrdiff_t)ppx_clip((one->y - one->extent) / 256 - 1, 0, height);
    ptrdiff_t y1 = (ptrdiff_t)ppx_clip((one->y + one->extent) / 256 + 2, 0, height);
    uint64_t first = 0;
    for (ptrdiff_t y = y0; y < y1; y++)
        for (ptrdiff_t x = x0; x < x1; x++) {
            int64_t q = form(one, (int64_t)x * 256 - one->x, (int64_t)y * 256 - one->y);
            if (!owns(one, q, x, y))
                continue;
            if (!one->area++) {
                first = (uint64_t)y * (uint64_t)width + (uint64_t)x;
                one->left = one->right = x;
                one->top = y;
            }
            one->bottom = y;
            one->left = x < one->left ? x : one->left;
            one->right = x > one->right ? x : one->right;
        }
    return first;
}

typedef struct place {
    uint64_t first; // pixel
    size_t index;   // of the cell
} place;

static int by_first_pixel(const void *a, const void *b) {
    uint64_t p = ((const place *)a)->first, q = ((const place *)b)->first;
    return (p > q) - (p < q);
}

static ppx_status number(ppx_scene *scene, ppx_error *error) {
    cells *culture = scene->state;
    place *places = NULL;
    size_t n = 0;
    ppx_status status =
        ppx_alloc_array((void **)&places, culture->n, sizeof *places, "cells", error);
    if (!status)
        status = ppx_alloc_array((void **)&culture->order, culture->n, sizeof *culture->order,
                                 "cells", error);
    for (size_t k = 0; !status && k < culture->n; k++) {
        uint64_t first = measure(scene, &culture->all[k]);
        if (culture->all[k].area)
            places[n++] = (place){first, k};
    }
    if (!status && n >= UINT32_MAX)
        status = ppx_fail(error, PPX_E_USAGE, "cells: %zu of them do not fit into 32 bits", n);
    if (!status) {
        qsort(places, n, sizeof *places, by_first_pixel);
        culture->nlabels = (uint32_t)n;
        for (size_t k = 0; k < n; k++) {
            culture->order[k] = places[k].index;
            culture->all[places[k].index].label = (uint32_t)k + 1;
        }
    }
    ppx_free(places);
    return status;
}

static double cells_cell(const void *data, size_t row, int column) {
    const cells *culture = data;
    const cell *one = &culture->all[culture->order[row]];
    switch (column) {
    case 0:
        return (double)one->x / 256;
    case 1:
        return (double)one->y / 256;
    case 2:
        return (double)one->area;
    case 3:
        return (double)one->left;
    case 4:
        return (double)one->top;
    case 5:
        return (double)(one->right - one->left + 1);
    default:
        return (double)(one->bottom - one->top + 1);
    }
}

static void cells_truth(const ppx_scene *scene, const ppx_sink *sink) {
    static const char *const columns[] = {"x", "y", "area", "left", "top", "width", "height"};
    static const bool whole[] = {false, false, true, true, true, true, true};
    const cells *culture = scene->state;
    const ppx_table table = {"objects", 7, columns, whole, culture->nlabels, cells_cell, culture};
    sink->table(sink->context, scene->kind->name, &table);
}

// ---- Painting ----

static ppx_status cells_open(ppx_scene *scene, ppx_error *error) {
    cells *culture = scene->state;
    int64_t spacing = scene->values[CELLS_SPACING].i, radius = scene->values[CELLS_RADIUS].i;
    if (spacing < radius)
        return ppx_fail(error, PPX_E_USAGE, "cells: spacing=%lld is less than radius=%lld",
                        (long long)spacing, (long long)radius);
    if (scene->values[CELLS_SOFT].i > radius)
        return ppx_fail(error, PPX_E_USAGE, "cells: soft=%lld is more than radius=%lld",
                        (long long)scene->values[CELLS_SOFT].i, (long long)radius);
    for (int k = 0; k < 4096; k++)
        culture->root[k] = (int32_t)square_root((uint64_t)k << 14);
    culture->key = ppx_scene_key(scene, PPX_FOR_OBJECTS);
    culture->texture = ppx_scene_key(scene, PPX_FOR_TEXTURE);
    ptrdiff_t width = scene->shape.width, height = scene->shape.height;
    uint64_t lamp = ppx_scene_key(scene, PPX_FOR_LIGHT);
    culture->lamp_x = width * ppx_between(ppx_hash(lamp, 0), 30, 70) / 100;
    culture->lamp_y = height * ppx_between(ppx_hash(lamp, 1), 30, 70) / 100;
    culture->lamp_step = ((int64_t)1 << 32) / (width > height ? width : height);
    culture->dark = ppx_scene_fixed(scene, CELLS_UNEVEN, 65536) / 100;

    int64_t reach = most_radius(scene, true);
    nursery all = {0};
    ppx_status status = ppx_grid_create(&culture->grid, scene->shape, spacing, reach, error);
    if (!status)
        status = breed(scene, &all, error);
    if (!status)
        status = settle(scene, culture, &all, error);
    ppx_free(all.bodies);
    return status ? status : number(scene, error);
}

static void cells_close(ppx_scene *scene) {
    cells *culture = scene->state;
    ppx_grid_free(&culture->grid);
    ppx_free(culture->all);
    ppx_free(culture->order);
}

// The part of a span that a cell may touch; false if none.
static bool overlap(const cell *one, ptrdiff_t y, ptrdiff_t x, int n, int *from, int *to) {
    int64_t dy = (int64_t)y * 256 - one->y;
    if (dy > one->extent || -dy > one->extent)
        return false;
    *from = (int)ppx_clip((one->x - one->extent) / 256 - 1 - x, 0, n);
    *to = (int)ppx_clip((one->x + one->extent) / 256 + 2 - x, 0, n);
    return *from < *to;
}

// The light of a cell where its form is q: full inside, a little more in the middle, none outside.
static int32_t light_at(const cells *culture, const cell *one, int64_t q) {
    if (q >= 4 * Q_ONE)
        return 0;
    // From the distance to the line, (1 - sqrt q) * radius, to 0..32768 over the soft edge.
    int64_t t = 16384 + ((4096 - culture->root[q >> 10]) * (int64_t)one->steep) / 256;
    int32_t edge = ppx_smooth((int32_t)ppx_clip(t, 0, 32768));
    int64_t dome = 65536 + (q < Q_ONE ? (Q_ONE - q) / 64 : 0);
    return (int32_t)((((int64_t)one->light * edge) >> 15) * dome >> 16);
}

// Multiplies by the lamp's light, which falls with the square of the distance to it: 65536 is all.
static void light_up(const cells *culture, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    int64_t down = ((y - culture->lamp_y) * culture->lamp_step) / 65536;
    for (int k = 0; k < n; k++) {
        int64_t right = ((x + k - culture->lamp_x) * culture->lamp_step) / 65536;
        int64_t lost = ((right * right + down * down) / 65536 * culture->dark) / 65536;
        levels[k] = (int32_t)((levels[k] * (65536 - lost)) / 65536);
    }
}

static void cells_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    const cells *culture = scene->state;
    int32_t texture[PPX_SPAN];
    int64_t radius = scene->values[CELLS_RADIUS].i;
    for (int k = 0; k < n; k++) {
        levels[k] = 0;
        texture[k] = 65536;
    }
    ppx_value_noise(culture->texture, radius / 2 + 1, 22000, y, x, n, texture);
    ptrdiff_t row, end;
    for (ppx_grid_rows(&culture->grid, y, &row, &end); row < end; row++) {
        size_t k, to;
        for (ppx_grid_objects(&culture->grid, row, x, n, &k, &to); k < to; k++) {
            const cell *one = &culture->all[k];
            int p, stop;
            if (!overlap(one, y, x, n, &p, &stop))
                continue;
            for (; p < stop; p++) {
                int64_t q = form(one, (int64_t)(x + p) * 256 - one->x, (int64_t)y * 256 - one->y);
                int32_t light = light_at(culture, one, q);
                levels[p] = light > levels[p] ? light : levels[p];
            }
        }
    }
    for (int k = 0; k < n; k++)
        levels[k] = (int32_t)(((int64_t)levels[k] * texture[k]) >> 16) + 22 * PPX_LEVEL_8;
    ppx_value_noise(culture->texture + 1, 8 * radius, 10 * PPX_LEVEL_8, y, x, n, levels);
    light_up(culture, y, x, n, levels);
}

static void cells_labels(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n,
                         uint32_t *labels) {
    const cells *culture = scene->state;
    memset(labels, 0, (size_t)n * sizeof *labels);
    ptrdiff_t row, end;
    for (ppx_grid_rows(&culture->grid, y, &row, &end); row < end; row++) {
        size_t k, to;
        for (ppx_grid_objects(&culture->grid, row, x, n, &k, &to); k < to; k++) {
            const cell *one = &culture->all[k];
            int p, stop;
            if (!overlap(one, y, x, n, &p, &stop))
                continue;
            for (; p < stop; p++) {
                int64_t q = form(one, (int64_t)(x + p) * 256 - one->x, (int64_t)y * 256 - one->y);
                if (owns(one, q, x + p, y))
                    labels[p] = one->label;
            }
        }
    }
}

const ppx_scene_kind ppx_scene_cells = {
    .name = "cells",
    .summary = "bright cells on a dark ground under an uneven lamp",
    .params = cells_params,
    .nparams = PPX_COUNT(cells_params),
    .state_nbytes = sizeof(cells),
    .open = cells_open,
    .close = cells_close,
    .span = cells_span,
    .labels = cells_labels,
    .truth = cells_truth,
};
