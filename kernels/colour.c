// colour.c: hsv and lab, from RGB and (inverse=yes) back.
//
//     V = max(R, G, B), d = V - min(R, G, B), S = d / V                 (Smith 1978)
//     H = 60 degrees times (G - B) / d where V = R, else 2 + (B - R) / d where V = G,
//         else 4 + (R - G) / d
//
//     L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)), b = 200 (f(Y) - f(Z))   (CIE 1976)
//     f(t) = t^(1/3), below (6/29)^3 the tangent; X, Y, Z relative to the white D65 from linear
//     light by the primaries of sRGB (IEC 61966-2-1)
//
// Shapes: RGB with or without alpha, kept. Border: none. Units as in OpenCV:
//            H               S, V       L             a, b
//     u8     0..179, 2 deg   0..255     0..255        128 + value
//     u16    65536 a turn    0..65535   0..65535      257 (128 + value)
//     f32    degrees         0..1       0..100        value
// f32 samples of RGB below 0 count as 0; for Lab those above 1 count as 1. Colours that RGB has not
// are cut. Cost: hsv one or two divisions a pixel, lab three cube roots. In float, pixel by pixel,
// without libm: roots by a guess in the exponent (Lomont 2003) and the series of what is missing.
// For u8 hsv is the exactly rounded quotient, and sRGB is decoded by table.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

#include "rgb_bytes.inc.h"

#define INLINE inline __attribute__((always_inline))

enum { INVERSE };
enum { RGB_CHANNELS = 1 << 3 | 1 << 4 };
enum { TILE = 256 }; // pixels at a time: planes stay in the nearest cache

// ---- lab in float ----

typedef struct planes {
    _Alignas(64) float plane[3][TILE];
} planes;

// How L = 1 and a = 1 are stored, and a = 0.
typedef struct units {
    float l, ab, ab0;
} units;

static const units units_u8 = {2.55f, 1, 128};
static const units units_u16 = {655.35f, 257, 32896};
static const units units_f32 = {1, 1, 0};

// The bits of a positive float are nearly its logarithm: magic - bits / n are nearly those of
// t^(-1/n). The numbers below make the largest error of r^n t as small as it gets: 0.10 and 0.15.
static INLINE float root_guess(float t, float magic, float nth) {
    int32_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (int32_t)(magic - nth * (float)bits);
    memcpy(&t, &bits, sizeof t);
    return t;
}

// r (1 - e)^(-1/n) for e = 1 - r^n t, the remaining error, by polynomials that are best over its
// range: to 1e-7 and 4e-7.
static INLINE float cube_root(float t) {
    float r = root_guess(t, 1419899955.0f, 1 / 3.0f), e = 1 - r * r * r * t;
    float series = e * (0.33332912f + e * (0.22221417f + e * (0.17447593f + e * 0.14597448f)));
    r += r * series;
    return r * r * t;
}

static INLINE float inverse_fifth_root(float t) {
    float r = root_guess(t, 1277904859.0f, 1 / 5.0f), r2 = r * r, e = 1 - r2 * r2 * r * t;
    float series = e * (0.19998951f + e * (0.11998018f + e * (0.08978816f + e * 0.07248037f)));
    return r + r * series;
}

// The sample of sRGB, cut to 0..1, as linear light: t^2.4 = t^4 (t^(-1/5))^8.
static INLINE float srgb_decode(float v) {
    v = v > 0 ? v : 0;
    v = v < 1 ? v : 1;
    float t = (v + 0.055f) * (1 / 1.055f);
    float r = inverse_fifth_root(t), tr2 = t * r * r;
    return v <= 0.04045f ? v * (1 / 12.92f) : tr2 * tr2 * tr2 * tr2;
}

// And back: t^(1/2.4) = t^(1/3) t^(1/12).
static INLINE float srgb_encode(float v) {
    v = v > 0 ? v : 0;
    v = v < 1 ? v : 1;
    float root = cube_root(v > 0.003f ? v : 0.003f);
    return v <= 0.0031308f ? v * 12.92f : 1.055f * root * sqrtf(sqrtf(root)) - 0.055f;
}

static INLINE float lab_f(float t) {
    float line = t * (24389 / 27.0f / 116) + 16 / 116.0f;
    float root = cube_root(t > 0.008f ? t : 0.008f);
    return t > 216 / 24389.0f ? root : line;
}

static INLINE float lab_f_inverse(float f) {
    return f > 6 / 29.0f ? f * f * f : (f - 16 / 116.0f) * (116 * 27 / 24389.0f);
}

// Primaries of ITU-R BT.709 by the white D65, so that each row has the sum 1, and the inverse.
static const float to_xyz[3][3] = {
    {0.433953f, 0.376219f, 0.189828f},
    {0.212671f, 0.715160f, 0.072169f},
    {0.017758f, 0.109477f, 0.872765f},
};
static const float from_xyz[3][3] = {
    {3.079935f, -1.537152f, -0.542783f},
    {-0.921234f, 1.875990f, 0.045244f},
    {0.052890f, -0.204041f, 1.151151f},
};

static INLINE float weigh(const float w[3], float a, float b, float c) {
    return w[0] * a + w[1] * b + w[2] * c;
}

// From linear light.
static INLINE void linear_to_lab(planes *p, ptrdiff_t n, const units *u) {
    const float l = 116 * u->l, l0 = -16 * u->l, a = 500 * u->ab, b = 200 * u->ab, ab0 = u->ab0;
    for (ptrdiff_t x = 0; x < n; x++) {
        float red = p->plane[0][x], green = p->plane[1][x], blue = p->plane[2][x];
        float fx = lab_f(weigh(to_xyz[0], red, green, blue));
        float fy = lab_f(weigh(to_xyz[1], red, green, blue));
        float fz = lab_f(weigh(to_xyz[2], red, green, blue));
        p->plane[0][x] = l * fy + l0;
        p->plane[1][x] = a * (fx - fy) + ab0;
        p->plane[2][x] = b * (fy - fz) + ab0;
    }
}

// To samples of sRGB.
static INLINE void lab_to_srgb(planes *p, ptrdiff_t n, float most, const units *u) {
    const float l = 1 / (116 * u->l), a = 1 / (500 * u->ab), b = 1 / (200 * u->ab), ab0 = u->ab0;
    for (ptrdiff_t x = 0; x < n; x++) {
        float fy = p->plane[0][x] * l + 16 / 116.0f;
        float fx = fy + (p->plane[1][x] - ab0) * a, fz = fy - (p->plane[2][x] - ab0) * b;
        float tx = lab_f_inverse(fx), ty = lab_f_inverse(fy), tz = lab_f_inverse(fz);
        for (int c = 0; c < 3; c++)
            p->plane[c][x] = most * srgb_encode(weigh(from_xyz[c], tx, ty, tz));
    }
}

// ---- Row functions ----

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define PIXEL_IS_BYTE
#define MOST 255.0f
#define SECTOR 30.0f // of hue: 60 degrees
#define WIDE int16_t // holds six times a sample
#define HUE int16_t  // holds three turns, in whole units if sectors are whole
#include "colour.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST 65535.0f
#define SECTOR (65536 / 6.0f)
#define WIDE int32_t
#define HUE float
#include "colour.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define PIXEL_IS_FLOAT
#define MOST 1.0f
#define SECTOR 60.0f
#define WIDE float
#define HUE float
#include "colour.inc.h"

// Of u8: every sample as linear light.
static size_t lab_table_nbytes(const ppx_job *job) {
    bool wanted = job->in.type == PPX_U8 && !job->values[INVERSE].i;
    return wanted ? (UINT8_MAX + 1) * sizeof(float) : 0;
}

static void lab_build(const ppx_job *job) {
    float *linear = job->table;
    for (int k = 0; k <= UINT8_MAX; k++) {
        double v = k / 255.0;
        linear[k] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
}

static const ppx_param hsv_params[] = {
    [INVERSE] = {"inverse", PPX_CHOICE, 0, 0, "no|yes", "no", "from HSV to RGB"},
};

static const ppx_step hsv_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = hsv_u8, [PPX_U16] = hsv_u16, [PPX_F32] = hsv_f32}},
}};

const ppx_kernel PPX_KERNEL(hsv) = {
    .name = "hsv",
    .summary = "RGB to hue, saturation and value, or back",
    .examples = "hsv hsv:inverse=yes",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = RGB_CHANNELS,
    .params = hsv_params,
    .nparams = sizeof hsv_params / sizeof *hsv_params,
    .steps = hsv_steps,
    .nsteps = 1,
};

static const ppx_param lab_params[] = {
    [INVERSE] = {"inverse", PPX_CHOICE, 0, 0, "no|yes", "no", "from Lab to RGB"},
};

static const ppx_step lab_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = lab_u8, [PPX_U16] = lab_u16, [PPX_F32] = lab_f32}},
}};

const ppx_kernel PPX_KERNEL(lab) = {
    .name = "lab",
    .summary = "sRGB to CIE L*a*b* (D65), or back",
    .examples = "lab lab:inverse=yes",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = RGB_CHANNELS,
    .params = lab_params,
    .nparams = sizeof lab_params / sizeof *lab_params,
    .table_nbytes = lab_table_nbytes,
    .build = lab_build,
    .steps = lab_steps,
    .nsteps = 1,
};
