// scene_breed.c: where cells are, and what shape they have.
//
// Bodies compete for room in rounds, each of them local (scene_cells.c has the picture as a whole).
#include "scene_cells.h"

#include <string.h>

#include "../core/memory.h"

uint64_t ppx_square_root(uint64_t n) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= n)
            root += bit;
    return root;
}

// In later rounds bodies settle in the room that the dead of the earlier ones have left.
enum { ROUNDS = 3 };
enum { UNDECIDED, LIVES, DEAD };

typedef struct body {
    int64_t x, y, radius; // of a circle around it, in 1/256 pixel
    uint64_t mark;
    int state;
} body;

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
    return (int64_t)ppx_square_root(((uint64_t)1 << 56) / (uint64_t)(sum > 0 ? sum : 1));
}

// The one or two cells of a square; returns how many, and the circle around them.
static int make_body(const ppx_scene *scene, int64_t column, int64_t row, cell made[2],
                     body *around) {
    const cells *culture = scene->state;
    uint64_t key = ppx_hash_at(culture->key, column, row);
    int64_t side = culture->grid.spacing * 256;
    *around = (body){.mark = key};
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

// Bodies of a square grid, `margin` squares larger on each side than that of the image: decisions
// near its edge lack neighbours and are wrong, and ROUNDS rounds carry that margin squares inwards.
typedef struct nursery {
    body *bodies;
    ptrdiff_t columns, nrows, around, margin;
    int64_t gap;
} nursery;

static bool conflict(const nursery *all, const body *one, const body *other) {
    int64_t dx = other->x - one->x, dy = other->y - one->y;
    int64_t apart = one->radius + other->radius + all->gap;
    return one != other && dx * dx + dy * dy < apart * apart;
}

// A body that is too near to a living one dies; later, one lives if no undecided one that is too
// near has a higher mark. Either pass writes what it does not read, so the order does not matter:
// two that are too near cannot both start to live.
static void decide(nursery *all, ptrdiff_t column, ptrdiff_t row, bool deaths) {
    body *one = &all->bodies[row * all->columns + column];
    if (one->state != UNDECIDED)
        return;
    ptrdiff_t left = column > all->around ? column - all->around : 0;
    ptrdiff_t right = column + all->around < all->columns ? column + all->around : all->columns - 1;
    ptrdiff_t top = row > all->around ? row - all->around : 0;
    ptrdiff_t bottom = row + all->around < all->nrows ? row + all->around : all->nrows - 1;
    for (ptrdiff_t v = top; v <= bottom; v++)
        for (ptrdiff_t u = left; u <= right; u++) {
            const body *other = &all->bodies[v * all->columns + u];
            bool matters =
                deaths ? other->state == LIVES : other->state != DEAD && other->mark > one->mark;
            if (!matters || !conflict(all, one, other))
                continue;
            if (deaths)
                one->state = DEAD;
            return;
        }
    if (!deaths)
        one->state = LIVES;
}

static void grow_up(nursery *all) {
    for (int pass = 0; pass < 2 * ROUNDS - 1; pass++)
        for (ptrdiff_t row = 0; row < all->nrows; row++)
            for (ptrdiff_t column = 0; column < all->columns; column++)
                decide(all, column, row, pass % 2 == 1);
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
    all->around = (ptrdiff_t)(far / culture->grid.spacing) + 1;
    all->margin = (2 * ROUNDS - 1) * all->around;
    all->columns = culture->grid.columns + 2 * all->margin;
    all->nrows = culture->grid.nrows + 2 * all->margin;
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
            (void)make_body(scene, culture->grid.column0 - all->margin + column,
                            culture->grid.row0 - all->margin + row, made, next++);
    grow_up(all);
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
            ptrdiff_t place = (row + all->margin) * all->columns + column + all->margin;
            if (all->bodies[place].state == LIVES)
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

ppx_status ppx_cells_breed(const ppx_scene *scene, cells *culture, ppx_error *error) {
    nursery all = {0};
    ppx_status status =
        ppx_grid_create(&culture->grid, scene->shape, scene->values[CELLS_SPACING].i,
                        most_radius(scene, true), error);
    if (!status)
        status = breed(scene, &all, error);
    if (!status)
        status = settle(scene, culture, &all, error);
    ppx_free(all.bodies);
    return status;
}
