// scene_patterns.c: patterns in closed form, for tests and for pictures of what a kernel does.
//
//   constant   one level
//   impulse    one pixel on black: a linear filter shows its kernel
//   checker    squares of black and white, black at (0, 0)
//   gradient   black to white along one direction, linear in the coordinate
//   rings      a zone plate: (1 + cos(r^2 / (period * side) turns)) / 2 around the centre. Its
//   local
//              period is `period` pixels where the rings reach the nearer side of the image
//   random     blocks that are white with the given probability, each on its own
#include "scene.h"

#include "../core/memory.h"

static void fill(int32_t level, int n, int32_t *levels) {
    for (int k = 0; k < n; k++)
        levels[k] = level;
}

// ---- constant ----

enum { CONSTANT_VALUE };

static const ppx_param constant_params[] = {
    {"value", PPX_REAL, 0, 255, NULL, "128", "grey level, 255 is white at every depth"},
    PPX_SCENE_COMMON("none"),
};

static void constant_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n,
                          int32_t *levels) {
    (void)y, (void)x;
    fill((int32_t)ppx_scene_fixed(scene, CONSTANT_VALUE, PPX_LEVEL_8), n, levels);
}

const ppx_scene_kind ppx_scene_constant = {
    .name = "constant",
    .summary = "one grey level",
    .params = constant_params,
    .nparams = PPX_COUNT(constant_params),
    .span = constant_span,
};

// ---- impulse ----

enum { IMPULSE_X, IMPULSE_Y, IMPULSE_VALUE };

static const ppx_param impulse_params[] = {
    {"x", PPX_INT, 0, 1 << 24, NULL, "", "column; the middle (width / 2) if not given"},
    {"y", PPX_INT, 0, 1 << 24, NULL, "", "row; the middle (height / 2) if not given"},
    {"value", PPX_REAL, 0, 255, NULL, "255", "grey level, 255 is white at every depth"},
    PPX_SCENE_COMMON("none"),
};

typedef struct impulse {
    ptrdiff_t x, y;
} impulse;

static ppx_status impulse_open(ppx_scene *scene, ppx_error *error) {
    impulse *at = scene->state;
    const ppx_value *x = &scene->values[IMPULSE_X], *y = &scene->values[IMPULSE_Y];
    at->x = x->given ? (ptrdiff_t)x->i : scene->shape.width / 2;
    at->y = y->given ? (ptrdiff_t)y->i : scene->shape.height / 2;
    if (at->x >= scene->shape.width || at->y >= scene->shape.height)
        return ppx_fail(error, PPX_E_USAGE, "impulse: (%td, %td) lies outside of %td x %td pixels",
                        at->x, at->y, scene->shape.width, scene->shape.height);
    return PPX_OK;
}

static void impulse_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    const impulse *at = scene->state;
    fill(0, n, levels);
    if (y == at->y && at->x >= x && at->x < x + n)
        levels[at->x - x] = (int32_t)ppx_scene_fixed(scene, IMPULSE_VALUE, PPX_LEVEL_8);
}

const ppx_scene_kind ppx_scene_impulse = {
    .name = "impulse",
    .summary = "one pixel on black: filters show their kernel",
    .params = impulse_params,
    .nparams = PPX_COUNT(impulse_params),
    .state_nbytes = sizeof(impulse),
    .open = impulse_open,
    .span = impulse_span,
};

// ---- checker ----

enum { CHECKER_SIZE };

static const ppx_param checker_params[] = {
    {"size", PPX_INT, 1, 1 << 20, NULL, "32", "side of a square, in pixels"},
    PPX_SCENE_COMMON("none"),
};

static void checker_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    ptrdiff_t size = (ptrdiff_t)scene->values[CHECKER_SIZE].i;
    for (int k = 0; k < n; k++)
        levels[k] = ((x + k) / size + y / size) % 2 ? PPX_WHITE : 0;
}

const ppx_scene_kind ppx_scene_checker = {
    .name = "checker",
    .summary = "squares of black and white",
    .params = checker_params,
    .nparams = PPX_COUNT(checker_params),
    .span = checker_span,
};

// ---- gradient ----

enum { GRADIENT_DIRECTION };
enum { RIGHT, LEFT, DOWN, UP, DIAGONAL };

static const ppx_param gradient_params[] = {
    {"direction", PPX_CHOICE, 0, 0, "right|left|down|up|diagonal", "right",
     "where it grows brighter"},
    PPX_SCENE_COMMON("none"),
};

static void gradient_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n,
                          int32_t *levels) {
    int64_t right = scene->shape.width - 1, down = scene->shape.height - 1;
    int64_t direction = scene->values[GRADIENT_DIRECTION].i;
    int64_t most = direction <= LEFT ? right : direction <= UP ? down : right + down;
    for (int k = 0; k < n; k++) {
        int64_t at = direction <= LEFT ? x + k : direction <= UP ? y : x + k + y;
        if (direction == LEFT || direction == UP)
            at = most - at;
        levels[k] = most ? (int32_t)((2 * at * PPX_WHITE + most) / (2 * most)) : 0;
    }
}

const ppx_scene_kind ppx_scene_gradient = {
    .name = "gradient",
    .summary = "black to white along a direction",
    .params = gradient_params,
    .nparams = PPX_COUNT(gradient_params),
    .span = gradient_span,
};

// ---- rings ----

enum { RINGS_PERIOD };
enum { TURN_BITS = 12, TURN_STEPS = 1 << TURN_BITS };

static const ppx_param rings_params[] = {
    {"period", PPX_REAL, 2, 1024, NULL, "4", "pixels from ring to ring at the nearer side"},
    PPX_SCENE_COMMON("none"),
};

typedef struct rings {
    uint64_t turn;                // of 2^64, for a squared distance of a quarter pixel
    int32_t wave[TURN_STEPS + 1]; // level at each step of a turn
} rings;

static ppx_status rings_open(ppx_scene *scene, ppx_error *error) {
    (void)error;
    rings *plate = scene->state;
    ptrdiff_t width = scene->shape.width, height = scene->shape.height;
    uint64_t side = (uint64_t)(width < height ? width : height);
    // r^2 / (period * side) turns grow by 2 r / (period * side) a pixel: by 1 / period at the side.
    uint64_t period = (uint64_t)ppx_scene_fixed(scene, RINGS_PERIOD, 256);
    plate->turn = ((uint64_t)1 << 62) / (period * side) << 8;
    for (int k = 0; k <= TURN_STEPS; k++) {
        int64_t cosine = ppx_cosine((uint32_t)k << (32 - TURN_BITS));
        plate->wave[k] = (int32_t)(((cosine + (1 << 30)) * PPX_WHITE + (1 << 30)) >> 31);
    }
    return PPX_OK;
}

static void rings_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    const rings *plate = scene->state;
    int64_t right = 2 * x - scene->shape.width + 1, down = 2 * y - scene->shape.height + 1;
    for (int k = 0; k < n; k++, right += 2) {
        uint64_t turn = (uint64_t)(right * right + down * down) * plate->turn;
        const int32_t *wave = plate->wave + (turn >> (64 - TURN_BITS));
        int32_t between = (int32_t)(turn >> (48 - TURN_BITS) & 65535);
        levels[k] = wave[0] + (int32_t)(((int64_t)(wave[1] - wave[0]) * between) / 65536);
    }
}

const ppx_scene_kind ppx_scene_rings = {
    .name = "rings",
    .summary = "a zone plate: every frequency in every direction",
    .params = rings_params,
    .nparams = PPX_COUNT(rings_params),
    .state_nbytes = sizeof(rings),
    .open = rings_open,
    .span = rings_span,
};

// ---- random ----

enum { RANDOM_DENSITY, RANDOM_GRANULARITY };

static const ppx_param random_params[] = {
    {"density", PPX_REAL, 0, 100, NULL, "50", "percent of the blocks that are white"},
    {"granularity", PPX_INT, 1, 1 << 20, NULL, "1", "side of a block, in pixels"},
    PPX_SCENE_COMMON("none"),
};

static void random_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels) {
    uint64_t share = (uint64_t)ppx_scene_fixed(scene, RANDOM_DENSITY, (int64_t)1 << 32) / 100;
    int64_t side = scene->values[RANDOM_GRANULARITY].i;
    uint64_t key = ppx_hash(ppx_scene_key(scene, PPX_FOR_OBJECTS), (uint64_t)(y / side));
    for (int k = 0; k < n;) {
        int64_t block = (x + k) / side, end = (block + 1) * side - x;
        int32_t level = ppx_hash(key, (uint64_t)block) >> 32 < share ? PPX_WHITE : 0;
        for (; k < n && k < end; k++)
            levels[k] = level;
    }
}

const ppx_scene_kind ppx_scene_random = {
    .name = "random",
    .summary = "blocks that are white or black at random",
    .params = random_params,
    .nparams = PPX_COUNT(random_params),
    .span = random_span,
};
