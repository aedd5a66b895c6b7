// scene_mandelbrot.c: the Mandelbrot set, whose pixels cost from one step to the limit: work that
// bands of equal height share badly, for schedules and for strips that are dealt out.
//
// The point c of the plane belongs to the set if z = 0, z := z^2 + c never leaves the disk of
// radius 2 (Mandelbrot 1980). A pixel whose z leaves it after n of at most N steps is white for n =
// 1 and darker with n, black if it never leaves. Nothing is skipped that is known to belong to the
// set: its cost is the point here. Coordinates and z are fixed-point numbers with 28 bits after the
// point, so that every machine makes the same picture; c is rounded once per pixel.
#include "scene.h"

enum { CENTRE_X, CENTRE_Y, SPAN_X, STEPS };

static const int64_t ONE = (int64_t)1 << 28;

static const ppx_param mandelbrot_params[] = {
    {"x", PPX_REAL, -2, 2, NULL, "-0.75", "real part of the picture's centre"},
    {"y", PPX_REAL, -2, 2, NULL, "0", "imaginary part, upwards"},
    {"span", PPX_REAL, 0.001, 4, NULL, "3", "width of the picture in the plane"},
    {"steps", PPX_INT, 2, 100000, NULL, "500", "after which a point belongs to the set"},
    PPX_SCENE_COMMON("none"),
};

// Steps until z leaves the disk; `most` if it does not. |z| is at most 6 when it is found outside,
// so that squares stay below 2^62.
static int64_t steps_of(int64_t cx, int64_t cy, int64_t most) {
    int64_t x = 0, y = 0;
    for (int64_t n = 0; n < most; n++) {
        int64_t xx = x * x, yy = y * y;
        if (xx + yy > 4 * ONE * ONE)
            return n;
        int64_t xy = x * y;
        x = (xx - yy) / ONE + cx;
        y = 2 * xy / ONE + cy;
    }
    return most;
}

static void mandelbrot_span(const ppx_scene *scene, ptrdiff_t y, ptrdiff_t x, int n,
                            int32_t *levels) {
    const int64_t width = scene->shape.width, height = scene->shape.height;
    const int64_t span = ppx_scene_fixed(scene, SPAN_X, ONE), most = scene->values[STEPS].i;
    const int64_t x0 = ppx_scene_fixed(scene, CENTRE_X, ONE);
    // Pixel centres lie half a pixel from the picture's edge; a pixel is span / width.
    const int64_t cy =
        ppx_scene_fixed(scene, CENTRE_Y, ONE) + span * (height - 1 - 2 * y) / (2 * width);
    for (int k = 0; k < n; k++) {
        int64_t cx = x0 + span * (2 * (x + k) + 1 - width) / (2 * width);
        int64_t steps = steps_of(cx, cy, most);
        // A square root would be smooth, a ratio does: 1, 1/2, ... would be dark at once.
        levels[k] = steps == most ? 0 : (int32_t)(PPX_WHITE * 16 / (15 + steps));
    }
}

const ppx_scene_kind ppx_scene_mandelbrot = {
    .name = "mandelbrot",
    .summary = "the Mandelbrot set: rows of very unequal cost",
    .params = mandelbrot_params,
    .nparams = PPX_COUNT(mandelbrot_params),
    .span = mandelbrot_span,
};
