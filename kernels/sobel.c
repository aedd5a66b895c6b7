// sobel.c: sobel, scharr: the magnitude of a 3x3 gradient.
//
//     gx = [-a 0 a; -b 0 b; -a 0 a]      gy = [-a -b -a; 0 0 0; a b a]
//     l1   |gx| + |gy|                   l2   sqrt(gx^2 + gy^2), rounded to the nearest
//
// with (a, b) = (1, 2) for sobel (Sobel, Feldman 1968; Duda, Hart 1973, p. 271) and (3, 10) for
// scharr, whose direction errs less (Scharr 2000). Shapes: any, kept, each channel by itself.
// Units: grey levels, 2 (2 a + b) times the slope per pixel (8 and 32), saturated to the type's
// most; f32 as it is. Border: the parameter. Cost: one read and one write of the image.
//
// Saturation makes the l2 of u8 cheap: where one gradient reaches 255 the other does not matter, so
// both may be cut to 255; their squares and the saturated sum of those then fit 16 bits. Roots are
// rounded exactly: s is a whole number, so its root is no nearer than 1 / (8 * most) to where the
// rounding turns, and the float (u8) or double (u16) error is far below that, or the root is a
// guess that whole numbers correct.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

enum { NORM, BORDER };
enum { L1, L2 };

#define INLINE inline __attribute__((always_inline))

static inline int32_t least_of(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t size_of(int32_t a) {
    return a < 0 ? -a : a;
}

static inline uint16_t l1_u16(int32_t gx, int32_t gy) {
    return (uint16_t)least_of(size_of(gx) + size_of(gy), UINT16_MAX);
}

static inline uint16_t l2_u16(int32_t gx, int32_t gy) {
    double x = least_of(size_of(gx), UINT16_MAX), y = least_of(size_of(gy), UINT16_MAX);
    return (uint16_t)least_of((int32_t)(sqrt(x * x + y * y) + 0.5), UINT16_MAX);
}

static inline float l1_f32(float gx, float gy) {
    return fabsf(gx) + fabsf(gy);
}

static inline float l2_f32(float gx, float gy) {
    return sqrtf(gx * gx + gy * gy);
}

#ifdef __AVX2__
#include "sobel_u8.inc.h"
#else
static inline uint8_t l1_u8(int16_t gx, int16_t gy) {
    return (uint8_t)least_of((int16_t)(size_of(gx) + size_of(gy)), UINT8_MAX);
}

static inline uint8_t l2_u8(int16_t gx, int16_t gy) {
    uint16_t x = (uint16_t)least_of(size_of(gx), UINT8_MAX);
    uint16_t y = (uint16_t)least_of(size_of(gy), UINT8_MAX);
    const uint16_t most = UINT8_MAX * UINT8_MAX;
    uint16_t a = (uint16_t)(x * x), b = (uint16_t)(y * y), left = (uint16_t)(most - a);
    uint16_t s = (uint16_t)(a + (b < left ? b : left));
    return (uint8_t)(int32_t)(sqrtf((float)s) + 0.5f);
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define GRADIENT int16_t
#include "sobel.inc.h"
#endif

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define GRADIENT int32_t
#include "sobel.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define GRADIENT float
#include "sobel.inc.h"

static void sobel_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = 1;
    g->border = (ppx_border)job->values[BORDER].i;
}

static const ppx_param sobel_params[] = {
    [NORM] = {"norm", PPX_CHOICE, 0, 0, "l1|l2", "l2", "|gx| + |gy|, or sqrt(gx^2 + gy^2)"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step sobel_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = sobel_geometry,
    .map = {.rows = {[PPX_U8] = sobel_u8, [PPX_U16] = sobel_u16, [PPX_F32] = sobel_f32}},
}};

const ppx_kernel PPX_KERNEL(sobel) = {
    .name = "sobel",
    .summary = "edge strength: the magnitude of the 3x3 Sobel gradient",
    .examples = "sobel sobel:norm=l1",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = sobel_params,
    .nparams = sizeof sobel_params / sizeof *sobel_params,
    .steps = sobel_steps,
    .nsteps = 1,
};

static const ppx_step scharr_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = sobel_geometry,
    .map = {.rows = {[PPX_U8] = scharr_u8, [PPX_U16] = scharr_u16, [PPX_F32] = scharr_f32}},
}};

const ppx_kernel PPX_KERNEL(scharr) = {
    .name = "scharr",
    .summary = "edge strength: the magnitude of the 3x3 Scharr gradient",
    .examples = "scharr scharr:norm=l1",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = sobel_params,
    .nparams = sizeof sobel_params / sizeof *sobel_params,
    .steps = scharr_steps,
    .nsteps = 1,
};
