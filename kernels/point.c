// point.c: copy, invert, gray, threshold: each output pixel from its own input pixel.
//
// Shapes: any, kept; gray makes one channel (with alpha: two). Border: none. Cost: one read and one
// write of the image. Alpha passes through.
//   copy       out = in
//   invert     out = most - in, most being 255, 65535 or 1
//   gray       (4899 R + 9617 G + 1868 B + 8192) >> 14, the weights of ITU-R BT.601 in 14 bits; for
//              f32 the same weights divided by 2^14, added in the order R, G, B
//   threshold  most where in > t, else 0
#include "far.h"

#include <string.h>

#if defined __AVX2__
#include <immintrin.h>
#endif

static inline ptrdiff_t samples(const ppx_job *job) {
    return job->in.width * job->in.channels;
}

// ---- gray of u8: as many pixels of a row as there are whole vectors; how many ----

#if defined __AVX2__

// (R, G) and (B, 0) of eight pixels as pairs of 16 bits, 4 from each half of 12 bytes: the weights
// fit into 16 bits, their sums of products are those of 32.
static inline __m256i luma_8(const uint8_t *rgb) {
    const __m256i red_green = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
    const __m256i blue = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)rgb)),
                                        _mm_loadu_si128((const void *)(rgb + 12)), 1);
    __m256i sum =
        _mm256_madd_epi16(_mm256_shuffle_epi8(v, red_green), _mm256_set1_epi32(9617 << 16 | 4899));
    sum = _mm256_add_epi32(
        sum, _mm256_madd_epi16(_mm256_shuffle_epi8(v, blue), _mm256_set1_epi32(1868)));
    return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(8192)), 14);
}

static ptrdiff_t gray_ahead(uint8_t *out, const uint8_t *in, ptrdiff_t n) {
    ptrdiff_t x = 0;
    for (; x + 34 <= n; x += 32) { // loads reach 4 bytes beyond their pixels
        const uint8_t *rgb = in + 3 * x;
        __m256i low = _mm256_packus_epi32(luma_8(rgb), luma_8(rgb + 24));
        __m256i high = _mm256_packus_epi32(luma_8(rgb + 48), luma_8(rgb + 72));
        // Packing goes by halves: fours of pixels come out as 0 2 4 6 1 3 5 7.
        __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high),
                                                    _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256((void *)(out + x), bytes);
    }
    return x;
}

#else

static ptrdiff_t gray_ahead(uint8_t *out, const uint8_t *in, ptrdiff_t n) {
    (void)out, (void)in, (void)n;
    return 0;
}

#endif

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define MOST UINT8_MAX
#define PIXEL_IS_BYTE
#include "point.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define MOST UINT16_MAX
#include "point.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define MOST 1.0f
#define PIXEL_IS_FLOAT
#include "point.inc.h"

// ---- copy ----

static void copy_rows(const ppx_job *job, const ppx_block *block) {
    ppx_copy_rows(block, ppx_shape_row_nbytes(job->in), false);
}

static void copy_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->keep_alpha = false; // it is copied already
}

static const ppx_step copy_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = copy_geometry,
    .map = {.rows = {copy_rows, copy_rows, copy_rows, copy_rows}},
}};

const ppx_kernel PPX_KERNEL(copy) = {
    .name = "copy",
    .summary = "the image unchanged: the floor under every timing",
    .examples = "copy",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = copy_steps,
    .nsteps = 1,
};

// ---- invert ----

static const ppx_step invert_steps[] = {{
    .pattern = PPX_MAP,
    .map = {.rows = {[PPX_U8] = invert_u8, [PPX_U16] = invert_u16, [PPX_F32] = invert_f32}},
}};

const ppx_kernel PPX_KERNEL(invert) = {
    .name = "invert",
    .summary = "the negative: 255 - v, 65535 - v or 1 - v",
    .examples = "invert",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = invert_steps,
    .nsteps = 1,
};

// ---- gray ----

static void gray_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.channels = job->in.channels % 2 == 0 ? 2 : 1;
    g->keep_alpha = false; // the channels move
}

static const ppx_step gray_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = gray_geometry,
    .map = {.rows = {[PPX_U8] = gray_u8, [PPX_U16] = gray_u16, [PPX_F32] = gray_f32}},
}};

const ppx_kernel PPX_KERNEL(gray) = {
    .name = "gray",
    .summary = "luma of RGB; gray images stay as they are",
    .examples = "gray",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = gray_steps,
    .nsteps = 1,
};

// ---- threshold ----

static const ppx_param threshold_params[] = {
    {"t", PPX_REAL, 0, UINT16_MAX, NULL, NULL, "grey level; above it is white, the rest black"},
};

static const ppx_step threshold_steps[] = {{
    .pattern = PPX_MAP,
    .map =
        {.rows = {[PPX_U8] = threshold_u8, [PPX_U16] = threshold_u16, [PPX_F32] = threshold_f32}},
}};

const ppx_kernel PPX_KERNEL(threshold) = {
    .name = "threshold",
    .summary = "white where v > t, black elsewhere",
    .examples = "threshold:t=0.5 threshold:t=127",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .params = threshold_params,
    .nparams = 1,
    .steps = threshold_steps,
    .nsteps = 1,
};
