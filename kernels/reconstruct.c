// reconstruct.c: grey reconstruction, with h-maxima and h-minima, and regional extrema.
//
//     reconstruct:mask=FILE   the input, lowered to the mask, grown under it: the limit of
//                             out = min(max over neighbours of out, mask); by=erosion: the dual
//     reconstruct:h=H         the input less H, grown under the input: maxima lower than H are cut
//                             off, the others lose H; by=erosion: minima, filled
//     extrema                 u8, 255 in the regional maxima (minima): connected pixels of one
//     value
//                             that no neighbour exceeds
//
// Shapes: one channel of any type, kept; the mask has the same. h is in grey levels. Border:
// nothing lies outside. NaN counts as the lowest value, minus infinity (by erosion: the highest),
// and comes out as that; zeros come out positive. A maximum at the type's lowest value, which must
// then fill the image, is not seen; nor is a minimum at the highest. Method: the limit is unique
// (Vincent 1993), so any order of updates serves. Sweeps down and up over rows that have updates
// left, as long as they change much; then a queue, as in his hybrid. Across a row v -> min(max(v,
// a), b) goes on in log2 steps within a vector. extrema reconstructs from the next lower value:
// only a maximum is then not reached (Vincent 1993). Cost: two reads of the mask, two reads and
// writes of the state, mostly; the queue 16 bytes a waiting pixel.
#include "../core/kernel.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "reconstruct_lanes.h"

enum { CONNECTIVITY, BY, MASK, H }; // extrema has the first two
enum { SPARSE = 64 }; // a sweep that changes less than one sample in so many is the last

typedef enum start { FROM_MARKER, FROM_H, FROM_NEXT } start;

// Places whose samples have changed and are to be handed on.
typedef struct place {
    uint32_t x, y;
} place;

typedef struct wave {
    ppx_pool *pool;
    place *at;
    size_t n, room;
} wave;

INLINE ppx_status wave_reserve(wave *w, size_t more, ppx_error *error) {
    if (w->n + more <= w->room)
        return PPX_OK;
    ppx_status status = ppx_pool_reserve(w->pool, (w->n + more) * sizeof(place), error);
    w->at = w->pool->data;
    w->room = w->pool->nbytes / sizeof(place);
    return status;
}

// The number next to v towards `end`, an infinity.
INLINE float neighbour_f32(float v, float end) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    if (v == end)
        return v;
    if (v == 0)
        bits = end < 0 ? 0x80000001u : 1;
    else
        bits += (v > 0) == (end > 0) ? 1u : UINT32_MAX;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// ---- By dilation --------------------------------------------------------------------------------

#define PIXEL uint8_t
#define VEC vec_u8
#define NAME(word) word##_dilation_u8
#define MORE(a, b) ((a) > (b) ? (a) : (b))
#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define VMORE above_u8
#define VLESS below_u8
#define LOWEST 0
#define HIGHEST UINT8_MAX
#define MOST UINT8_MAX
#include "reconstruct.inc.h"

#define PIXEL uint16_t
#define VEC vec_u16
#define NAME(word) word##_dilation_u16
#define MORE(a, b) ((a) > (b) ? (a) : (b))
#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define VMORE above_u16
#define VLESS below_u16
#define LOWEST 0
#define HIGHEST UINT16_MAX
#define MOST UINT16_MAX
#include "reconstruct.inc.h"

#define PIXEL uint32_t
#define VEC vec_u32
#define NAME(word) word##_dilation_u32
#define MORE(a, b) ((a) > (b) ? (a) : (b))
#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define VMORE above_u32
#define VLESS below_u32
#define LOWEST 0
#define HIGHEST UINT32_MAX
#define MOST UINT32_MAX
#include "reconstruct.inc.h"

#define PIXEL float
#define VEC vec_f32
#define NAME(word) word##_dilation_f32
#define MORE(a, b) ((a) > (b) ? (a) : (b))
#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define VMORE above_f32
#define VLESS below_f32
#define LOWEST -INFINITY
#define HIGHEST INFINITY
#define MOST FLT_MAX
#define PIXEL_IS_FLOAT
#include "reconstruct.inc.h"

// ---- By erosion ---------------------------------------------------------------------------------

#define PIXEL uint8_t
#define VEC vec_u8
#define NAME(word) word##_erosion_u8
#define MORE(a, b) ((a) < (b) ? (a) : (b))
#define LESS(a, b) ((a) > (b) ? (a) : (b))
#define VMORE below_u8
#define VLESS above_u8
#define LOWEST UINT8_MAX
#define HIGHEST 0
#define MOST UINT8_MAX
#include "reconstruct.inc.h"

#define PIXEL uint16_t
#define VEC vec_u16
#define NAME(word) word##_erosion_u16
#define MORE(a, b) ((a) < (b) ? (a) : (b))
#define LESS(a, b) ((a) > (b) ? (a) : (b))
#define VMORE below_u16
#define VLESS above_u16
#define LOWEST UINT16_MAX
#define HIGHEST 0
#define MOST UINT16_MAX
#include "reconstruct.inc.h"

#define PIXEL uint32_t
#define VEC vec_u32
#define NAME(word) word##_erosion_u32
#define MORE(a, b) ((a) < (b) ? (a) : (b))
#define LESS(a, b) ((a) > (b) ? (a) : (b))
#define VMORE below_u32
#define VLESS above_u32
#define LOWEST UINT32_MAX
#define HIGHEST 0
#define MOST UINT32_MAX
#include "reconstruct.inc.h"

#define PIXEL float
#define VEC vec_f32
#define NAME(word) word##_erosion_f32
#define MORE(a, b) ((a) < (b) ? (a) : (b))
#define LESS(a, b) ((a) > (b) ? (a) : (b))
#define VMORE below_f32
#define VLESS above_f32
#define LOWEST INFINITY
#define HIGHEST -INFINITY
#define MOST FLT_MAX
#define PIXEL_IS_FLOAT
#include "reconstruct.inc.h"

// ---- The kernels --------------------------------------------------------------------------------

#define EITHER(function, type)                                                                     \
    static ppx_status function##_##type(const ppx_job *job, ppx_piece *piece,                      \
                                        const ppx_region *region, ppx_error *error) {              \
        return job->values[BY].i == 0 ? function##_dilation_##type(job, piece, region, error)      \
                                      : function##_erosion_##type(job, piece, region, error);      \
    }

EITHER(reconstruct, u8)
EITHER(reconstruct, u16)
EITHER(reconstruct, u32)
EITHER(reconstruct, f32)
EITHER(extrema, u8)
EITHER(extrema, u16)
EITHER(extrema, u32)
EITHER(extrema, f32)

#define UNREACHED(type)                                                                            \
    static void unreached_##type(const ppx_job *job, const ppx_block *block) {                     \
        if (job->values[BY].i == 0)                                                                \
            unreached_dilation_##type(job, block);                                                 \
        else                                                                                       \
            unreached_erosion_##type(job, block);                                                  \
    }

UNREACHED(u8)
UNREACHED(u16)
UNREACHED(u32)
UNREACHED(f32)

static ppx_status check_size(const ppx_job *job, ppx_error *error) {
    if ((uint64_t)job->in.width >= UINT32_MAX || (uint64_t)job->in.height >= UINT32_MAX)
        return ppx_fail(error, PPX_E_USAGE, "%s: an image of %td x %td is too large for it",
                        job->kernel->name, job->in.width, job->in.height);
    return PPX_OK;
}

static ppx_status reconstruct_check(const ppx_job *job, ppx_error *error) {
    const ppx_value *h = &job->values[H];
    if (h->given == job->values[MASK].given)
        return ppx_fail(error, PPX_E_USAGE, "reconstruct takes either mask=FILE or h=: %s",
                        h->given ? "leave one out" : "give one");
    if (h->given && job->in.type != PPX_F32 && h->d != floor(h->d))
        return ppx_fail(error, PPX_E_USAGE,
                        "reconstruct:h=%s: between samples of %s it is a whole number", h->text,
                        ppx_type_name(job->in.type));
    return check_size(job, error);
}

static const ppx_param reconstruct_params[] = {
    [CONNECTIVITY] = {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8", "neighbours of a pixel"},
    [BY] = {"by", PPX_CHOICE, 0, 0, "dilation|erosion", "dilation",
            "grow under the mask, or shrink above it"},
    [MASK] = {"mask", PPX_IMAGE, 0, 0, NULL, "", "the image that limits, of the same shape"},
    [H] = {"h", PPX_REAL, 0, UINT32_MAX, NULL, "",
           "in place of a mask: height of maxima (minima) that go, in grey levels"},
};

static const ppx_param extrema_params[] = {
    [CONNECTIVITY] = {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8", "neighbours of a pixel"},
    [BY] = {"of", PPX_CHOICE, 0, 0, "maxima|minima", "maxima", "which"},
};

static const ppx_step reconstruct_steps[] = {{
    .pattern = PPX_SETTLE,
    .settle = {.with = PPX_WITH_IMAGE,
               .rest = {reconstruct_u8, reconstruct_u16, reconstruct_u32, reconstruct_f32}},
}};

const ppx_kernel PPX_KERNEL(reconstruct) = {
    .name = "reconstruct",
    .summary = "grey reconstruction under a mask, h-maxima and h-minima",
    .examples = "reconstruct:mask=@awkward,connectivity=4 reconstruct:mask=@awkward,by=erosion "
                "reconstruct:h=20 reconstruct:h=0.25,by=erosion reconstruct:h=3000,connectivity=4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = reconstruct_params,
    .nparams = sizeof reconstruct_params / sizeof *reconstruct_params,
    .check = reconstruct_check,
    .steps = reconstruct_steps,
    .nsteps = 1,
};

static void flags_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_U8;
}

static const ppx_step extrema_steps[] = {
    {
        .pattern = PPX_SETTLE,
        .settle = {.rest = {extrema_u8, extrema_u16, extrema_u32, extrema_f32}},
    },
    {
        .pattern = PPX_MAP,
        .geometry = flags_geometry,
        .map = {.rows = {unreached_u8, unreached_u16, unreached_u32, unreached_f32},
                .with = PPX_WITH_FIRST},
    },
};

const ppx_kernel PPX_KERNEL(extrema) = {
    .name = "extrema",
    .summary = "regional maxima or minima: plateaus without a higher (lower) neighbour",
    .examples = "extrema extrema:of=minima,connectivity=4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = extrema_params,
    .nparams = sizeof extrema_params / sizeof *extrema_params,
    .check = check_size,
    .steps = extrema_steps,
    .nsteps = 2,
};
