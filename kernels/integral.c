// integral.c: sums over all pixels above and to the left (summed-area table; Crow 1984).
//
// In: u8 or u16, any channels. Out: u32 of the same size, each channel (alpha too) for itself:
// out[y][x] is the sum of in over [0, y] x [0, x], modulo 2^32; there is no row or column of zeros.
// The sum of a window is a difference of four samples and is exact while it is below 2^32, however
// large the image. Border: nothing lies outside.
// The carry is the row of the table just above. Blelloch 1990: a scan over strips, reduce first.
// Cost: one read of the image and one write of the table; for strips in parallel one read more.
#include "../core/kernel.h"

#include <string.h>

enum { CHUNK = 64 };
typedef uint32_t four __attribute__((vector_size(16)));

// Running sums by doubling (Hillis, Steele 1986) of four samples at a time, so that a sample costs
// less than one step of a chain of additions; returns the sum with which the next chunk begins.
static inline uint32_t sum_chunk(const uint32_t *in, const uint32_t *above, uint32_t *out,
                                 uint32_t before) {
    const four none = {0};
    four last = none + before;
    for (int k = 0; k < CHUNK; k += 4) {
        four sum, up;
        memcpy(&sum, in + k, sizeof sum);
        memcpy(&up, above + k, sizeof up);
        sum += __builtin_shufflevector(none, sum, 0, 4, 5, 6);
        sum += __builtin_shufflevector(none, sum, 0, 1, 4, 5);
        sum += last;
        last = __builtin_shufflevector(sum, sum, 3, 3, 3, 3);
        sum += up;
        memcpy(out + k, &sum, sizeof sum);
    }
    return last[0];
}

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "integral.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "integral.inc.h"

static void integral_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.type = PPX_U32;
    g->ncarry = (size_t)job->in.width * (size_t)job->in.channels;
}

static const ppx_step integral_steps[] = {{
    .pattern = PPX_SCAN,
    .geometry = integral_geometry,
    .scan = {.summarise = {[PPX_U8] = summarise_u8, [PPX_U16] = summarise_u16},
             .sweep = {[PPX_U8] = sweep_u8, [PPX_U16] = sweep_u16}},
}};

const ppx_kernel PPX_KERNEL(integral) = {
    .name = "integral",
    .summary = "sums over all pixels above and to the left, modulo 2^32",
    .examples = "integral",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16,
    .channels = PPX_ANY_CHANNELS,
    .steps = integral_steps,
    .nsteps = 1,
};
