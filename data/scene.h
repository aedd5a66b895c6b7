// scene.h: the contract between scene.c and the scenes.
//
// A scene paints spans: n pixels of row y from column x on, as grey levels 0..PPX_WHITE, and knows
// nothing of the image's depth or of noise, which scene.c adds. A level v of 8 bits is v * 257, so
// that 0 and 255 are black and white at both depths. All arithmetic is in integers; what a span
// needs beyond its arguments was computed when the scene was opened and does not change.
#ifndef PPX_SCENE_H
#define PPX_SCENE_H

#include "../core/kernel.h"

enum { PPX_WHITE = 65535, PPX_LEVEL_8 = 257, PPX_SPAN = 1024, PPX_SCENE_PARAMS = 16 };

typedef struct ppx_scene_kind {
    const char *name, *summary;
    const ppx_param *params; // the last two are PPX_SCENE_COMMON
    int nparams;
    size_t state_nbytes;
    ppx_status (*open)(ppx_scene *scene, ppx_error *error); // fills scene->state; may be NULL
    void (*close)(ppx_scene *scene);                        // also after a failed open; may be NULL
    // n is at most PPX_SPAN; levels may exceed black and white, scene.c clips them.
    void (*span)(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, int32_t *levels);
    void (*labels)(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n, uint32_t *labels);
    void (*truth)(const ppx_scene *scene, const ppx_sink *sink);
} ppx_scene_kind;

struct ppx_scene {
    const ppx_scene_kind *kind;
    ppx_shape shape;
    uint64_t seed;
    ppx_value values[PPX_SCENE_PARAMS]; // in the order of the table
    char *owned[PPX_SCENE_PARAMS];
    void *state;
    int noise;            // index of the choice
    uint64_t noise_scale; // gaussian: see add_gaussian; salt: the share, out of 2^32
    char *text;           // name and settings, for the record
};

// The parameters that every scene takes, the last two of its table.
#define PPX_SCENE_COMMON(noise)                                                                    \
    {"noise",                                                                                      \
     PPX_CHOICE,                                                                                   \
     0,                                                                                            \
     100,                                                                                          \
     "none|gaussian:SIGMA|salt:PERCENT",                                                           \
     noise,                                                                                        \
     "of standard deviation SIGMA grey levels; or PERCENT of pixels black or white"},              \
    {                                                                                              \
        "depth", PPX_CHOICE, 0, 0, "8|16", "8", "bits in a sample"                                 \
    }

#define PPX_COUNT(array) (int)(sizeof(array) / sizeof *(array))

extern const ppx_scene_kind ppx_scene_cells, ppx_scene_text_page, ppx_scene_stars,
    ppx_scene_terrain, ppx_scene_checker, ppx_scene_gradient, ppx_scene_rings, ppx_scene_maze,
    ppx_scene_spiral, ppx_scene_random, ppx_scene_constant, ppx_scene_impulse, ppx_scene_mandelbrot;

// ---- Random numbers -----------------------------------------------------------------------------

// What random numbers are for: each purpose has a stream of its own.
enum {
    PPX_FOR_NOISE = 1,
    PPX_FOR_OBJECTS,
    PPX_FOR_SHAPE,
    PPX_FOR_TEXTURE,
    PPX_FOR_LIGHT,
};

// The output function of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014). Used with counters instead of a state, as Salmon et al. ("Parallel
// random numbers: as easy as 1, 2, 3", SC 2011) propose: the number at a place depends on the key
// and the place alone, so that any worker computes it.
static inline uint64_t ppx_hash(uint64_t key, uint64_t counter) {
    uint64_t z = key + (counter + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t ppx_scene_key(const ppx_scene *scene, uint64_t purpose) {
    return ppx_hash(ppx_hash(0, scene->seed), purpose);
}

// For a place of two coordinates, which may be negative.
static inline uint64_t ppx_hash_at(uint64_t key, int64_t x, int64_t y) {
    return ppx_hash(ppx_hash(key, (uint64_t)y), (uint64_t)x);
}

// Uniform in [least, most], from the upper 32 bits of a random number (multiply and shift; the
// range is small against 2^32, and so is the bias).
static inline int64_t ppx_between(uint64_t random, int64_t least, int64_t most) {
    uint64_t range = (uint64_t)(most - least) + 1;
    return least + (int64_t)(((random >> 32) * range) >> 32);
}

// ---- Integer arithmetic -------------------------------------------------------------------------

// Division that rounds down, for b > 0.
static inline int64_t ppx_floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static inline int64_t ppx_clip(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

// 3 t^2 - 2 t^3 for t in 0..32768, scaled alike: a step without kinks. 32 bits are enough.
static inline uint32_t ppx_smooth(uint32_t t) {
    return (t * t / 32768) * (3 * 32768 - 2 * t) / 32768;
}

// A setting as a whole number of 1 / scale, rounded.
int64_t ppx_scene_fixed(const ppx_scene *scene, int param, int64_t scale);

// 2^30 cos(2 pi turn / 2^32), to within 4.
int32_t ppx_cosine(uint32_t turn);

// Value noise: a random number on each point of a lattice, smoothly blended between. Adds
// weight * (noise - half) / 2^16 to the levels, noise being uniform in 0..65535 on the lattice.
// weight is at most 2^17, period 2^16.
void ppx_value_noise(uint64_t key, int64_t period, int32_t weight, ptrdiff_t y, ptrdiff_t x, int n,
                     int32_t *levels);

// ---- Objects on a grid --------------------------------------------------------------------------

// Objects belong to the squares of a grid and are stored square by square in rows, so that a span
// finds those that may touch it as a few contiguous runs. The grid goes beyond the image as far as
// objects outside of it reach in.
typedef struct ppx_grid {
    int64_t spacing, reach;   // side of a square; how far objects reach, from any place in it
    int64_t column0, row0;    // the first square, in squares from the one at (0, 0)
    ptrdiff_t columns, nrows; // squares
    size_t *first;            // of each square, its first object; one more at the end
} ppx_grid;

ppx_status ppx_grid_create(ppx_grid *grid, ppx_shape shape, int64_t spacing, int64_t reach,
                           ppx_error *error);
void ppx_grid_free(ppx_grid *grid);
// Rows of squares [*from, *to) whose objects may touch row y of the image.
void ppx_grid_rows(const ppx_grid *grid, ptrdiff_t y, ptrdiff_t *from, ptrdiff_t *to);
// Objects [*from, *to) of such a row that may touch columns [x, x + n).
void ppx_grid_objects(const ppx_grid *grid, ptrdiff_t row, ptrdiff_t x, int n, size_t *from,
                      size_t *to);

#endif
