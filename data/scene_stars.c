// scene_stars.c: point sources on a dark sky.
//
// At most one star in each square of a grid, denser along faint clouds. Each has a place in 1/256
// pixel and a flux; the number of stars brighter than F falls like F^-1.5, as for stars spread
// evenly in space. A star is spread by the cubic B-spline (Schoenberg 1946) across and down, with
// knots `spread` pixels apart: polynomials in integers whose samples at whole pixels have the same
// sum wherever the star lies, so that its flux is known. Bright stars give a sixteenth of it to a
// halo three times as wide.
//
// Truth: stars whose nearest pixel lies in the image, in raster order of it: centre, and flux in
// grey levels of 8 bits summed over all pixels before the image clips them.
#include "scene.h"

#include <stdlib.h>

#include "../core/memory.h"

enum { STARS_SPACING, STARS_SPREAD };
enum { FAINTEST = 110, BRIGHT = 3, BRIGHTEST = 10 }; // doublings of the flux

static const ppx_param stars_params[] = {
    {"spacing", PPX_INT, 4, 4096, NULL, "16", "side of a square that holds at most one star"},
    {"spread", PPX_INT, 1, 8, NULL, "2", "size of the spread, in pixels"},
    PPX_SCENE_COMMON("gaussian:3"),
};

typedef struct star {
    int64_t x, y; // in 1/256 pixel
    int64_t flux; // in 1/65535 of white
    bool bright;
} star;

typedef struct stars {
    ppx_grid grid;
    star *all;
    size_t n;
    const star **known; // those of the truth, in its order
    size_t nknown;
    uint64_t clouds;
} stars;

// The clouds at a place, 0..65535.
static int32_t cloud(uint64_t key, int64_t x, int64_t y) {
    int32_t level = 32768;
    ppx_value_noise(key, 192, 49152, y, x, 1, &level);
    ppx_value_noise(key + 1, 64, 16384, y, x, 1, &level);
    return level;
}

static bool star_at(const ppx_scene *scene, uint64_t key, int64_t column, int64_t row, star *made) {
    const stars *sky = scene->state;
    int64_t side = sky->grid.spacing * 256;
    uint64_t place = ppx_hash_at(key, column, row), light = ppx_hash(place, 0);
    made->x = column * side + ppx_between(place, 0, side - 1);
    made->y = row * side + ppx_between(place << 32, 0, side - 1);
    int doublings = __builtin_clzll(light | 1) * 2 / 3; // of 2^-1.5 the stars each
    if (doublings > BRIGHTEST)
        doublings = BRIGHTEST;
    made->bright = doublings >= BRIGHT;
    made->flux = (FAINTEST * PPX_LEVEL_8 * (256 + (int64_t)(light & 255)) / 256) << doublings;
    int64_t share = cloud(sky->clouds, made->x >> 8, made->y >> 8);
    return ppx_between(ppx_hash(place, 1), 0, 65535) < 4096 + share * 7 / 8;
}

// Nearest pixel.
static int64_t pixel(int64_t place) {
    return ppx_floor_div(place + 128, 256);
}

static int raster_order(const void *a, const void *b) {
    const star *s = *(const star *const *)a, *t = *(const star *const *)b;
    int64_t by_y = pixel(s->y) - pixel(t->y), by_x = pixel(s->x) - pixel(t->x);
    int64_t sign = by_y ? by_y : by_x ? by_x : s->x - t->x ? s->x - t->x : s->y - t->y;
    return (sign > 0) - (sign < 0);
}

static ppx_status stars_open(ppx_scene *scene, ppx_error *error) {
    stars *sky = scene->state;
    int64_t reach = 6 * scene->values[STARS_SPREAD].i + 1;
    ppx_status status =
        ppx_grid_create(&sky->grid, scene->shape, scene->values[STARS_SPACING].i, reach, error);
    if (status)
        return status;
    size_t squares = (size_t)sky->grid.columns * (size_t)sky->grid.nrows;
    status = ppx_alloc_array((void **)&sky->all, squares, sizeof *sky->all, "stars", error);
    if (!status)
        status = ppx_alloc_array((void **)&sky->known, squares, sizeof *sky->known, "stars", error);
    if (status)
        return status;
    uint64_t key = ppx_scene_key(scene, PPX_FOR_OBJECTS);
    sky->clouds = ppx_scene_key(scene, PPX_FOR_TEXTURE);
    size_t square = 0;
    for (int64_t row = 0; row < sky->grid.nrows; row++)
        for (int64_t column = 0; column < sky->grid.columns; column++) {
            sky->grid.first[square++] = sky->n;
            star *s = &sky->all[sky->n];
            if (!star_at(scene, key, sky->grid.column0 + column, sky->grid.row0 + row, s))
                continue;
            sky->n++;
            if (pixel(s->x) >= 0 && pixel(s->x) < scene->shape.width && pixel(s->y) >= 0 &&
                pixel(s->y) < scene->shape.height)
                sky->known[sky->nknown++] = s;
        }
    sky->grid.first[square] = sky->n;
    qsort(sky->known, sky->nknown, sizeof *sky->known, raster_order);
    return PPX_OK;
}

static void stars_close(ppx_scene *scene) {
    stars *sky = scene->state;
    ppx_grid_free(&sky->grid);
    ppx_free(sky->all);
    ppx_free(sky->known);
}

// The cubic B-spline with knots T apart, at t, in 1/256 pixel. Over whole pixels it sums to 2^20,
// less at most 16 for each of them.
static int64_t spline(int64_t t, int64_t spread) {
    int64_t knot = 256 * spread, cube = knot * knot * knot;
    t = t < 0 ? -t : t;
    if (t >= 2 * knot)
        return 0;
    int64_t left = 2 * knot - t;
    int64_t value =
        t >= knot ? left * left * left : 4 * cube - 6 * knot * t * t + 3 * t * t * t; // of 6 cubes
    return (value << 16) / (6 * cube * spread) << 4;
}

static void add_star(const star *s, int64_t flux, int64_t spread, ptrdiff_t y, ptrdiff_t x, int n,
                     int32_t *levels) {
    int64_t down = spline(s->y - (int64_t)y * 256, spread);
    if (!down)
        return;
    int64_t row_flux = (flux * down) >> 20, reach = 2 * spread;
    int64_t from = ppx_clip(pixel(s->x) - reach - x, 0, n);
    int64_t to = ppx_clip(pixel(s->x) + reach + 1 - x, 0, n);
    for (int64_t k = from; k < to; k++)
        levels[k] += (int32_t)((row_flux * spline(s->x - (x + k) * 256, spread)) >> 20);
}

static void stars_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    const stars *sky = scene->state;
    int64_t spread = scene->values[STARS_SPREAD].i;
    for (int k = 0; k < n; k++)
        levels[k] = 16 * PPX_LEVEL_8;
    // The same noise as in cloud(), fainter.
    ppx_value_noise(sky->clouds, 192, 49152 / 5, y, x, n, levels);
    ppx_value_noise(sky->clouds + 1, 64, 16384 / 5, y, x, n, levels);
    ptrdiff_t row, end;
    for (ppx_grid_rows(&sky->grid, y, &row, &end); row < end; row++) {
        size_t k, to;
        for (ppx_grid_objects(&sky->grid, row, x, n, &k, &to); k < to; k++) {
            const star *s = &sky->all[k];
            int64_t halo = s->bright ? s->flux / 16 : 0;
            add_star(s, s->flux - halo, spread, y, x, n, levels);
            if (halo)
                add_star(s, halo, 3 * spread, y, x, n, levels);
        }
    }
}

static double star_cell(const void *data, size_t row, int column) {
    const star *s = ((const stars *)data)->known[row];
    switch (column) {
    case 0:
        return (double)s->x / 256;
    case 1:
        return (double)s->y / 256;
    default:
        return (double)s->flux / PPX_LEVEL_8;
    }
}

static void stars_truth(const ppx_scene *scene, const ppx_sink *sink) {
    static const char *const columns[] = {"x", "y", "flux"};
    static const bool whole[] = {false, false, false};
    const stars *sky = scene->state;
    const ppx_table table = {"objects", 3, columns, whole, sky->nknown, star_cell, sky};
    sink->table(sink->context, scene->kind->name, &table);
}

const ppx_scene_kind ppx_scene_stars = {
    .name = "stars",
    .summary = "point sources of many magnitudes on a dark sky",
    .params = stars_params,
    .nparams = PPX_COUNT(stars_params),
    .state_nbytes = sizeof(stars),
    .open = stars_open,
    .close = stars_close,
    .span = stars_span,
    .truth = stars_truth,
};
