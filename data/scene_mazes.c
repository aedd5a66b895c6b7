// scene_mazes.c: maze and spiral, where a component is as long as the image allows.
//
// Both are one 4-connected white region: labels must travel through every strip and back, and a
// flood or a front has the longest way to go.
//
//   maze     Each cell of a lattice opens the wall to its left or the one above, by a random bit
//            (the binary-tree maze; Buck, "Mazes for Programmers", 2015). Every cell thus has
//            one way towards (0, 0): a spanning tree, from local decisions alone.
//   spiral   With u, v the coordinates in units of the arm's width and d the distance to the
//            border, min(u, v, columns - 1 - u, rows - 1 - v), even d makes closed frames. Turning
//            the cell (d, d + 1) of every frame over cuts each frame below its corner and links it
//            to the next white one: a single arm from (0, 0) to the centre.
#include "scene.h"

#include "../core/memory.h"

// ---- maze ----

enum { MAZE_CORRIDOR, MAZE_WALL };

static const ppx_param maze_params[] = {
    {"corridor", PPX_INT, 1, 1 << 16, NULL, "5", "width of the white corridors, in pixels"},
    {"wall", PPX_INT, 1, 1 << 16, NULL, "3", "width of the black walls, in pixels"},
    PPX_SCENE_COMMON("none"),
};

static void maze_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    int64_t wall = scene->values[MAZE_WALL].i, pitch = scene->values[MAZE_CORRIDOR].i + wall;
    // The first row and column begin with a corridor: their walls lie outside of the image.
    int64_t v = (y + wall) / pitch, down = (y + wall) % pitch;
    int64_t u = (x + wall) / pitch, right = (x + wall) % pitch;
    uint64_t key = ppx_hash(ppx_scene_key(scene, PPX_FOR_OBJECTS), (uint64_t)v);
    for (int k = 0; k < n; u++, right = 0) {
        bool opens_up = u == 0 || (v > 0 && ppx_hash(key, (uint64_t)u) >> 63);
        int32_t in_wall = down >= wall && !opens_up ? PPX_WHITE : 0;
        int32_t in_corridor = down >= wall || opens_up ? PPX_WHITE : 0;
        for (; k < n && right < pitch; k++, right++)
            levels[k] = right < wall ? in_wall : in_corridor;
    }
}

const ppx_scene_kind ppx_scene_maze = {
    .name = "maze",
    .summary = "corridors that form one component without loops",
    .params = maze_params,
    .nparams = PPX_COUNT(maze_params),
    .span = maze_span,
};

// ---- spiral ----

enum { SPIRAL_ARM };

static const ppx_param spiral_params[] = {
    {"arm", PPX_INT, 1, 1 << 16, NULL, "1", "width of the arm and of the gap, in pixels"},
    PPX_SCENE_COMMON("none"),
};

static int64_t lesser(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void spiral_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    int64_t arm = scene->values[SPIRAL_ARM].i;
    int64_t last_u = (scene->shape.width - 1) / arm, last_v = (scene->shape.height - 1) / arm;
    int64_t v = y / arm, u = x / arm, right = x % arm;
    int64_t from_edge = lesser(v, last_v - v);
    for (int k = 0; k < n; u++, right = 0) {
        int64_t d = lesser(from_edge, lesser(u, last_u - u));
        // A frame that is a single column has no other way round, and stays whole.
        bool turned = u == d && v == d + 1 && last_u - u > d;
        int32_t level = (d % 2 == 0) != turned ? PPX_WHITE : 0;
        for (; k < n && right < arm; k++, right++)
            levels[k] = level;
    }
}

const ppx_scene_kind ppx_scene_spiral = {
    .name = "spiral",
    .summary = "one arm to the centre: the longest component there is",
    .params = spiral_params,
    .nparams = PPX_COUNT(spiral_params),
    .span = spiral_span,
};
