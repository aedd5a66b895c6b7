// scene.c: the list of scenes, their settings, and the way from spans to rows.
//
// Rows are made in spans of PPX_SPAN pixels on the stack: the scene's levels, then noise, then the
// samples. Neither the cut into spans nor that into rows can be seen, since every pixel depends on
// its own coordinates only.
#include "scene.h"

#include <stdio.h>
#include <string.h>

#include "../core/memory.h"
#include "../core/params.h"

static const ppx_scene_kind *const kinds[] = {
    &ppx_scene_cells,      &ppx_scene_text_page, &ppx_scene_stars,    &ppx_scene_terrain,
    &ppx_scene_checker,    &ppx_scene_gradient,  &ppx_scene_rings,    &ppx_scene_maze,
    &ppx_scene_spiral,     &ppx_scene_random,    &ppx_scene_constant, &ppx_scene_impulse,
    &ppx_scene_mandelbrot,
};
enum { NKINDS = sizeof kinds / sizeof *kinds };

enum { NOISE_NONE, NOISE_GAUSSIAN, NOISE_SALT };

// Coordinates stay far enough from the ends of 64 bits for squares of them in small fractions.
static const ptrdiff_t MOST_SIDE = (ptrdiff_t)1 << 24;

size_t ppx_scene_count(void) {
    return NKINDS;
}

const char *ppx_scene_name(size_t index) {
    return kinds[index]->name;
}

const char *ppx_scene_summary(size_t index) {
    return kinds[index]->summary;
}

const ppx_param *ppx_scene_params(size_t index, int *nparams) {
    *nparams = kinds[index]->nparams;
    return kinds[index]->params;
}

bool ppx_scene_has_truth(size_t index) {
    return kinds[index]->truth != NULL;
}

bool ppx_scene_has_labels(size_t index) {
    return kinds[index]->labels != NULL;
}

// ---- Creation ----

static ppx_status find_kind(const ppx_scene_kind **found, const char *name, ppx_error *error) {
    const char *names[NKINDS];
    for (size_t k = 0; k < NKINDS; k++) {
        names[k] = kinds[k]->name;
        if (strcmp(name, names[k]) == 0) {
            *found = kinds[k];
            return PPX_OK;
        }
    }
    char hint[120];
    ppx_suggest(hint, name, names, NKINDS, "`parpix gen --help` names them all");
    return ppx_fail(error, PPX_E_USAGE, "no scene \"%s\"%s", name, hint);
}

static ppx_status parse_settings(ppx_scene *scene, const char *typed, ppx_error *error) {
    const ppx_settings settings = {
        .owner = scene->kind->name,
        .params = scene->kind->params,
        .nparams = scene->kind->nparams,
        .shown_by = "parpix gen --help",
        .values = scene->values,
        .owned = scene->owned,
    };
    PPX_ASSERT(settings.nparams <= PPX_SCENE_PARAMS);
    char *copy = NULL;
    if (typed && *typed && !(copy = ppx_duplicate(typed)))
        return ppx_fail(error, PPX_E_MEMORY, "no memory for the settings of a scene");
    ppx_status status = ppx_settings_parse(&settings, copy, error);
    ppx_free(copy);
    return status;
}

int64_t ppx_scene_fixed(const ppx_scene *scene, int param, int64_t scale) {
    double value = scene->values[param].d * (double)scale;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

// A sum of four numbers uniform in 0..65535 has the deviation 65536 / sqrt(3) = 37837.2. Its shape
// is that of the normal distribution to within 1 % of its height, cut off at 3.46 deviations.
enum { SUM_DEVIATION = 37837, SUM_HALF = 2 * 65535 };

static void set_common(ppx_scene *scene) {
    int noise = scene->kind->nparams - 2, depth = noise + 1;
    scene->shape.type = scene->values[depth].i ? PPX_U16 : PPX_U8;
    scene->noise = (int)scene->values[noise].i;
    if (scene->noise == NOISE_GAUSSIAN)
        scene->noise_scale =
            (uint64_t)ppx_scene_fixed(scene, noise, (int64_t)PPX_LEVEL_8 << 20) / SUM_DEVIATION;
    if (scene->noise == NOISE_SALT)
        scene->noise_scale = (uint64_t)ppx_scene_fixed(scene, noise, (int64_t)1 << 32) / 100;
}

// "name:key=value,...": every setting with its value.
static ppx_status write_text(ppx_scene *scene, ppx_error *error) {
    const ppx_param *params = scene->kind->params;
    size_t room = strlen(scene->kind->name) + 1;
    for (int k = 0; k < scene->kind->nparams; k++)
        if (scene->values[k].text)
            room += strlen(params[k].key) + strlen(scene->values[k].text) + 2;
    if (!(scene->text = ppx_alloc(room)))
        return ppx_fail(error, PPX_E_MEMORY, "no memory for the settings of a scene");
    size_t used = (size_t)snprintf(scene->text, room, "%s", scene->kind->name);
    char mark = ':';
    for (int k = 0; k < scene->kind->nparams; k++) {
        if (!scene->values[k].text)
            continue;
        used += (size_t)snprintf(scene->text + used, room - used, "%c%s=%s", mark, params[k].key,
                                 scene->values[k].text);
        mark = ',';
    }
    return PPX_OK;
}

ppx_status ppx_scene_create(ppx_scene **created, const char *name, ptrdiff_t width,
                            ptrdiff_t height, uint64_t seed, const char *settings,
                            ppx_error *error) {
    *created = NULL;
    const ppx_scene_kind *kind = NULL;
    ppx_scene *scene = NULL;
    ppx_status status = find_kind(&kind, name, error);
    if (status)
        return status;
    if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE)
        return ppx_fail(error, PPX_E_USAGE,
                        "%s of %td x %td is out of range: sides are 1 to %td pixels", name, width,
                        height, MOST_SIDE);
    status = ppx_alloc_array((void **)&scene, 1, sizeof *scene, "a scene", error);
    if (status)
        return status;
    scene->kind = kind;
    scene->shape = (ppx_shape){width, height, 1, PPX_U8};
    scene->seed = seed;
    status = parse_settings(scene, settings, error);
    if (!status)
        status = write_text(scene, error);
    if (!status && kind->state_nbytes)
        status = ppx_alloc_array(&scene->state, 1, kind->state_nbytes, "a scene", error);
    if (!status) {
        set_common(scene);
        if (kind->open)
            status = kind->open(scene, error);
    }
    if (status)
        ppx_scene_free(scene);
    else
        *created = scene;
    return status;
}

void ppx_scene_free(ppx_scene *scene) {
    if (!scene)
        return;
    if (scene->state && scene->kind->close)
        scene->kind->close(scene);
    ppx_free(scene->state);
    for (int k = 0; k < PPX_SCENE_PARAMS; k++)
        ppx_free(scene->owned[k]);
    ppx_free(scene->text);
    ppx_free(scene);
}

ppx_shape ppx_scene_shape(const ppx_scene *scene) {
    return scene->shape;
}

const char *ppx_scene_text(const ppx_scene *scene) {
    return scene->text;
}

// ---- Rows ----

static void add_gaussian(uint64_t key, uint64_t scale, ptrdiff_t x, int n, int32_t *levels) {
    const int32_t mean = (int32_t)((SUM_HALF * scale) >> 20);
    for (int k = 0; k < n; k++) {
        uint64_t r = ppx_hash(key, (uint64_t)(x + k));
        uint64_t sum = (r & 65535) + (r >> 16 & 65535) + (r >> 32 & 65535) + (r >> 48);
        levels[k] += (int32_t)((sum * scale) >> 20) - mean;
    }
}

static void add_salt(uint64_t key, uint64_t share, ptrdiff_t x, int n, int32_t *levels) {
    for (int k = 0; k < n; k++) {
        uint64_t r = ppx_hash(key, (uint64_t)(x + k));
        if (r >> 32 < share)
            levels[k] = r & 1 ? PPX_WHITE : 0;
    }
}

static void store(void *row, ppx_type type, ptrdiff_t x, int n, const int32_t *levels) {
    uint8_t *bytes = (uint8_t *)row + x;
    uint16_t *words = (uint16_t *)row + x;
    for (int k = 0; k < n; k++) {
        int32_t v = levels[k] < 0 ? 0 : levels[k] > PPX_WHITE ? PPX_WHITE : levels[k];
        if (type == PPX_U8)
            bytes[k] = (uint8_t)((v + PPX_LEVEL_8 / 2) / PPX_LEVEL_8);
        else
            words[k] = (uint16_t)v;
    }
}

void ppx_scene_rows(const ppx_scene *scene, ptrdiff_t y0, ppx_image *image) {
    ptrdiff_t width = scene->shape.width;
    PPX_ASSERT(image->shape.width == width && image->shape.channels == 1 &&
               image->shape.type == scene->shape.type && y0 >= 0 &&
               y0 + image->shape.height <= scene->shape.height);
    uint64_t key = ppx_scene_key(scene, PPX_FOR_NOISE);
    for (ptrdiff_t y = y0; y < y0 + image->shape.height; y++) {
        uint64_t row_key = ppx_hash(key, (uint64_t)y);
        for (ptrdiff_t x = 0; x < width; x += PPX_SPAN) {
            int32_t levels[PPX_SPAN];
            int n = width - x < PPX_SPAN ? (int)(width - x) : PPX_SPAN;
            scene->kind->span(scene, y, x, n, levels);
            if (scene->noise == NOISE_GAUSSIAN)
                add_gaussian(row_key, scene->noise_scale, x, n, levels);
            else if (scene->noise == NOISE_SALT)
                add_salt(row_key, scene->noise_scale, x, n, levels);
            store(ppx_image_row(image, y - y0), scene->shape.type, x, n, levels);
        }
    }
}

bool ppx_scene_truth(const ppx_scene *scene, const ppx_sink *sink) {
    if (scene->kind->truth && sink)
        scene->kind->truth(scene, sink);
    return scene->kind->truth != NULL;
}

bool ppx_scene_labels(const ppx_scene *scene, ptrdiff_t y0, ppx_image *image) {
    if (!scene->kind->labels)
        return false;
    ptrdiff_t width = scene->shape.width;
    PPX_ASSERT(image->shape.width == width && image->shape.channels == 1 &&
               image->shape.type == PPX_U32 && y0 >= 0 &&
               y0 + image->shape.height <= scene->shape.height);
    for (ptrdiff_t y = 0; y < image->shape.height; y++) {
        uint32_t *row = ppx_image_row(image, y);
        for (ptrdiff_t x = 0; x < width; x += PPX_SPAN) {
            int n = width - x < PPX_SPAN ? (int)(width - x) : PPX_SPAN;
            scene->kind->labels(scene, y0 + y, x, n, row + x);
        }
    }
    return true;
}
