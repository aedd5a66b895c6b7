// scene_cells.c: bright cells on a dark ground, under an uneven lamp, as in a microscope.
//
// Each square of a grid proposes a body at a random place in it: one ellipse, or two that touch. A
// body lives if no body that is too near has a higher mark (the second hard-core process of Matern,
// "Spatial Variation", 1960, here in three rounds), so bodies keep a distance from each other by
// decisions that are all local. Cells of a pair overlap; the pixels of both are the one's whose
// ellipse they are deeper in.
//
// An ellipse is q(x, y) <= 1 at the centre of the pixel, q a quadratic form. Its light falls from
// full to none over `soft` pixels across that line and is half there, so that thresholding at the
// middle finds the true pixels.
//
// Truth: every cell with at least one pixel in the image, also those that the border cuts (their
// centre may lie outside; area and box are of the pixels inside), numbered by first pixel in raster
// order.
#include "scene_cells.h"

#include <stdlib.h>
#include <string.h>

#include "../core/memory.h"

static const ppx_param cells_params[] = {
    {"spacing", PPX_INT, 4, 4096, NULL, "26", "side of a square that proposes cells, in pixels"},
    {"radius", PPX_INT, 2, 1024, NULL, "12", "mean radius of a cell, in pixels"},
    {"touching", PPX_REAL, 0, 100, NULL, "10", "percent of the places that hold a touching pair"},
    {"gap", PPX_INT, 1, 1024, NULL, "6", "least distance between other cells, in pixels"},
    {"soft", PPX_INT, 1, 64, NULL, "3", "width of a cell's edge, in pixels"},
    {"uneven", PPX_REAL, 0, 100, NULL, "25", "percent of light lost far from the lamp"},
    PPX_SCENE_COMMON("gaussian:6"),
};

// ---- Truth ----

static bool owns(const cell *one, int64_t q, ptrdiff_t x, ptrdiff_t y) {
    if (q > Q_ONE || !one->mate)
        return q <= Q_ONE;
    const cell *mate = one + one->mate;
    int64_t other = ppx_cell_form(mate, (int64_t)x * 256 - mate->x, (int64_t)y * 256 - mate->y);
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
            int64_t q = ppx_cell_form(one, (int64_t)x * 256 - one->x, (int64_t)y * 256 - one->y);
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
        culture->root[k] = (int32_t)ppx_square_root((uint64_t)k << 14);
    culture->key = ppx_scene_key(scene, PPX_FOR_OBJECTS);
    culture->texture = ppx_scene_key(scene, PPX_FOR_TEXTURE);
    ptrdiff_t width = scene->shape.width, height = scene->shape.height;
    uint64_t lamp = ppx_scene_key(scene, PPX_FOR_LIGHT);
    culture->lamp_x = width * ppx_between(ppx_hash(lamp, 0), 30, 70) / 100;
    culture->lamp_y = height * ppx_between(ppx_hash(lamp, 1), 30, 70) / 100;
    culture->lamp_step = ((int64_t)1 << 32) / (width > height ? width : height);
    culture->dark = ppx_scene_fixed(scene, CELLS_UNEVEN, 65536) / 100;

    ppx_status status = ppx_cells_breed(scene, culture, error);
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
    uint32_t edge = ppx_smooth((uint32_t)ppx_clip(t, 0, 32768));
    int64_t dome = 65536 + (q < Q_ONE ? (Q_ONE - q) / 64 : 0);
    return (int32_t)((((int64_t)one->light * edge) >> 15) * dome >> 16);
}

// The square of how far k is from the lamp, in 1/65536 of the image's longer side: 65536 is one.
static int64_t far_squared(int64_t k, int64_t lamp, int64_t step) {
    int64_t far = ((k < lamp ? lamp - k : k - lamp) * step) >> 16;
    return (far * far) >> 16;
}

// The lamp's light falls with the square of the distance to it.
static void light_up(const cells *culture, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    int64_t down = far_squared(y, culture->lamp_y, culture->lamp_step);
    for (int k = 0; k < n; k++) {
        int64_t right = far_squared(x + k, culture->lamp_x, culture->lamp_step);
        int64_t left = 65536 - (((right + down) * culture->dark) >> 16);
        levels[k] = (int32_t)((levels[k] * left) / 65536);
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
                int64_t q =
                    ppx_cell_form(one, (int64_t)(x + p) * 256 - one->x, (int64_t)y * 256 - one->y);
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
                int64_t q =
                    ppx_cell_form(one, (int64_t)(x + p) * 256 - one->x, (int64_t)y * 256 - one->y);
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
