// scene_terrain.c: fractal value noise, as from the air.
//
// A sum of octaves (Perlin, "An image synthesizer", SIGGRAPH 1985; fractal sums as in Ebert et al.,
// "Texturing and Modeling", 2003): each halves the period and multiplies the height by `roughness`
// percent. Octaves are shifted against each other so that their lattices do not line up. Heights
// beyond black and white are cut off: a few plains and plateaus.
#include "scene.h"

#include "../core/memory.h"

enum { TERRAIN_SCALE, TERRAIN_OCTAVES, TERRAIN_ROUGHNESS };
enum { MOST_OCTAVES = 12 };

static const ppx_param terrain_params[] = {
    {"scale", PPX_INT, 1, 1 << 16, NULL, "256", "size of the largest hills, in pixels"},
    {"octaves", PPX_INT, 1, MOST_OCTAVES, NULL, "8", "how many sizes there are"},
    {"roughness", PPX_INT, 0, 100, NULL, "52", "height of an octave, in percent of the one before"},
    PPX_SCENE_COMMON("none"),
};

typedef struct terrain {
    int noctaves;
    int32_t weight[MOST_OCTAVES];
    int64_t period[MOST_OCTAVES], right[MOST_OCTAVES], down[MOST_OCTAVES];
    uint64_t key[MOST_OCTAVES];
} terrain;

static ppx_status terrain_open(ppx_scene *scene, ppx_error *error) {
    (void)error;
    terrain *land = scene->state;
    land->noctaves = (int)scene->values[TERRAIN_OCTAVES].i;
    uint64_t key = ppx_scene_key(scene, PPX_FOR_SHAPE);
    int64_t weight = 62000, period = scene->values[TERRAIN_SCALE].i;
    for (int k = 0; k < land->noctaves; k++) {
        land->key[k] = ppx_hash(key, (uint64_t)k);
        land->weight[k] = (int32_t)weight;
        land->period[k] = period;
        land->right[k] = ppx_between(ppx_hash(land->key[k], 0), 0, period);
        land->down[k] = ppx_between(ppx_hash(land->key[k], 1), 0, period);
        weight = weight * scene->values[TERRAIN_ROUGHNESS].i / 100;
        period = period > 1 ? period / 2 : 1;
    }
    return PPX_OK;
}

static void terrain_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    const terrain *land = scene->state;
    for (int k = 0; k < n; k++)
        levels[k] = PPX_WHITE / 2;
    for (int k = 0; k < land->noctaves; k++)
        ppx_value_noise(land->key[k], land->period[k], land->weight[k],
                        y + (ptrdiff_t)land->down[k], x + (ptrdiff_t)land->right[k], n, levels);
}

const ppx_scene_kind ppx_scene_terrain = {
    .name = "terrain",
    .summary = "hills of every size: fractal value noise",
    .params = terrain_params,
    .nparams = PPX_COUNT(terrain_params),
    .state_nbytes = sizeof(terrain),
    .open = terrain_open,
    .span = terrain_span,
};
