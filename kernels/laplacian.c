// laplacian.c: the 3x3 Laplacian, a second derivative without a direction.
//
//     connectivity 4   [0 1 0; 1 -4 1; 0 1 0]      8   [1 1 1; 1 -8 1; 1 1 1]
//
// Shapes: any, kept, each channel by itself. Units: grey levels. Whole types hold no negative
// numbers: output=absolute takes the size, output=signed adds half of the range (128, 32768) so
// that grey means 0; both saturate. f32 is absolute or signed as it is. Border: the parameter.
// Cost: one read and one write of the image.
#include "../core/kernel.h"

#include <math.h>

enum { CONNECTIVITY, OUTPUT, BORDER };
enum { FOUR, EIGHT };
enum { ABSOLUTE, SIGNED };

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define SUM int16_t
#define MOST UINT8_MAX
#define NAME(function) function##_u8
#include "laplacian.inc.h"

#define PIXEL uint16_t
#define SUM int32_t
#define MOST UINT16_MAX
#define NAME(function) function##_u16
#include "laplacian.inc.h"

#define PIXEL float
#define SUM float
#define NAME(function) function##_f32
#include "laplacian.inc.h"

static void laplacian_geometry(const ppx_job *job, ppx_geometry *g) {
    g->up = g->down = g->side = 1;
    g->border = (ppx_border)job->values[BORDER].i;
}

static const ppx_param laplacian_params[] = {
    [CONNECTIVITY] = {"connectivity", PPX_CHOICE, 0, 0, "4|8", "4",
                      "neighbours of a pixel: without corners or with"},
    [OUTPUT] = {"output", PPX_CHOICE, 0, 0, "absolute|signed", "absolute",
                "the size, or half of the range (f32: 0) added"},
    [BORDER] = PPX_PARAM_BORDER,
};

static const ppx_step laplacian_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = laplacian_geometry,
    .map =
        {.rows = {[PPX_U8] = laplacian_u8, [PPX_U16] = laplacian_u16, [PPX_F32] = laplacian_f32}},
}};

const ppx_kernel PPX_KERNEL(laplacian) = {
    .name = "laplacian",
    .summary = "the 3x3 Laplacian, its size or signed around mid-grey",
    .examples = "laplacian laplacian:connectivity=8,output=signed",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = laplacian_params,
    .nparams = sizeof laplacian_params / sizeof *laplacian_params,
    .steps = laplacian_steps,
    .nsteps = 1,
};
