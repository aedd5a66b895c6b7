// wavelet.c: the reversible 5/3 wavelet transform (Le Gall, Tabatabai 1988; Calderbank, Daubechies,
// Sweldens, Yeo 1998), by lifting as in JPEG 2000 (ISO/IEC 15444-1, annex F), and back.
//
//     d(k) = x(2k + 1) - floor((x(2k) + x(2k + 2)) / 2)         differences, n / 2 of n
//     s(k) = x(2k) + floor((d(k - 1) + d(k) + 2) / 4)           sums, (n + 1) / 2 of n
//
// Down the columns, then along the rows; a single sample stays as it is. Each level takes the sums
// of sums of the last, which lie in the upper left (Mallat's layout), until there is one pixel.
// Shapes: any channels, each for itself, alpha too. u8 becomes u16 and u16 becomes u32; a
// coefficient c is stored as c + 2^15 or c + 2^31. inverse=yes takes these to u8 and u16, cut to
// their range, and gives back every image exactly. Border: mirrored, the edge not repeated.
// Both formulas hold modulo 2^16 (2^32) with that offset in x: in d and s it appears once, and in
// floor(...) it is a multiple of the modulus. So words of 16 bits do for u8. Cost: a level reads
// and writes all of the image; only its quarter of the last is work.
#include "../core/kernel.h"

#include <string.h>

enum { LEVELS, INVERSE };
enum { NLINES = 6 };

#define INLINE inline __attribute__((always_inline))

// ---- Levels -------------------------------------------------------------------------------------

static ptrdiff_t size_at(ptrdiff_t size, int level) {
    return (size + ((ptrdiff_t)1 << level) - 1) >> level;
}

// At least one: the type changes even where there is nothing to do.
static int turn_count(const ppx_job *job) {
    int n = 1;
    while (n < job->values[LEVELS].i &&
           (size_at(job->first.width, n) > 1 || size_at(job->first.height, n) > 1))
        n++;
    return n;
}

static bool wavelet_again(const ppx_job *job, int turn) {
    return turn < turn_count(job);
}

static bool is_inverse(const ppx_job *job) {
    return job->values[INVERSE].i != 0;
}

static int level_of(const ppx_job *job) {
    return is_inverse(job) ? turn_count(job) - 1 - job->turn : job->turn;
}

// Whether this turn is between the samples of the image and coefficients.
static bool is_outermost(const ppx_job *job) {
    return level_of(job) == 0;
}

// The part of the image that a turn changes.
typedef struct part {
    ptrdiff_t width, height; // in pixels
    ptrdiff_t n;             // samples in a row
    ptrdiff_t nsums;         // rows of sums, the others are differences
    ptrdiff_t a;             // the row that in[0] of the block is
} part;

static ptrdiff_t inside(ptrdiff_t k, ptrdiff_t n) {
    return k < 0 ? 0 : k < n ? k : n - 1;
}

static void wavelet_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                          ptrdiff_t *b) {
    const ptrdiff_t height = size_at(job->first.height, level_of(job)), nsums = (height + 1) / 2;
    *a = is_outermost(job) ? height : y0; // else what is copied
    *b = is_outermost(job) ? 0 : y1;
    ptrdiff_t first = height, end = 0;
    if (is_inverse(job)) {
        if (y0 < height) { // sums, and differences far below them
            first = y0 / 2;
            end = nsums + inside((y1 < height ? y1 : height) / 2 + 1, height / 2) + 1;
        }
    } else {
        if (y0 < nsums) {
            first = 2 * y0 - 2;
            end = 2 * (y1 < nsums ? y1 : nsums) + 1;
        }
        if (y1 > nsums && y0 < height) {
            const ptrdiff_t from = y0 > nsums ? 2 * (y0 - nsums) : 0;
            const ptrdiff_t to = 2 * ((y1 < height ? y1 : height) - nsums) + 1;
            first = from < first ? from : first;
            end = to > end ? to : end;
        }
    }
    first = first < 0 ? 0 : first;
    end = end < height ? end : height;
    *a = first < *a ? first : *a;
    *b = end > *b ? end : *b;
}

static part part_of(const ppx_job *job, const ppx_block *block) {
    part p = {.width = size_at(job->first.width, level_of(job)),
              .height = size_at(job->first.height, level_of(job))};
    ptrdiff_t b;
    p.n = p.width * job->in.channels;
    p.nsums = (p.height + 1) / 2;
    wavelet_needs(job, block->y, block->y + block->nrows, &p.a, &b);
    return p;
}

static const void *row_at(const ppx_block *block, const part *p, ptrdiff_t y) {
    return block->in[y - p->a];
}

static void wavelet_geometry(const ppx_job *job, ppx_geometry *g) {
    static const ppx_type wider[] = {PPX_U16, PPX_U32}, narrower[] = {0, PPX_U8, PPX_U16};
    if (is_outermost(job))
        g->out.type = is_inverse(job) ? narrower[job->in.type] : wider[job->in.type];
    g->keep_alpha = false; // transformed with the rest
    g->block = PPX_STRIP;  // the first rows of a block cost more
    const size_t line = (size_t)(job->in.width + 2) * (size_t)job->in.channels * sizeof(uint32_t);
    g->scratch_nbytes = NLINES * ((line + 63) / 64 * 64);
}

static void *line_at(const ppx_job *job, const ppx_block *block, int k) {
    return (char *)block->scratch + job->geometry.scratch_nbytes / NLINES * (size_t)k;
}

// What lies right of the part or below it.
static void copy_rest(const ppx_job *job, const ppx_block *block, const part *p, ptrdiff_t y) {
    if (is_outermost(job))
        return;
    const size_t skip = y < p->height ? (size_t)p->n * ppx_type_nbytes(job->in.type) : 0;
    memcpy((char *)block->out[y - block->y] + skip, (const char *)row_at(block, p, y) + skip,
           ppx_shape_row_nbytes(job->in) - skip);
}

// ---- Row functions ------------------------------------------------------------------------------

#define WIDE uint16_t
#define SIGNED int16_t
#define NAME(function) function##_16
#include "wavelet_row.inc.h"

#define WIDE uint32_t
#define SIGNED int32_t
#define NAME(function) function##_32
#include "wavelet_row.inc.h"

static INLINE uint8_t cut_u8(uint16_t v) {
    int16_t c = (int16_t)(uint16_t)(v - 0x8000u);
    c = c < 0 ? 0 : c;
    return (uint8_t)(c < UINT8_MAX ? c : UINT8_MAX);
}

static INLINE uint16_t cut_u16(uint32_t v) {
    int32_t c = (int32_t)(v - 0x80000000u);
    c = c < 0 ? 0 : c;
    return (uint16_t)(c < UINT16_MAX ? c : UINT16_MAX);
}

#define SAMPLE uint8_t
#define WIDE uint16_t
#define ROW(function) function##_16
#define NAME(function) function##_u8
#define TO_WIDE(v) ((uint16_t)((v) + 0x8000u))
#define TO_SAMPLE(v) cut_u8(v)
#include "wavelet.inc.h"

#define SAMPLE uint16_t
#define WIDE uint16_t
#define ROW(function) function##_16
#define NAME(function) function##_c16
#define TO_WIDE(v) (v)
#define TO_SAMPLE(v) (v)
#include "wavelet.inc.h"

#define SAMPLE uint16_t
#define WIDE uint32_t
#define ROW(function) function##_32
#define NAME(function) function##_u16
#define TO_WIDE(v) ((v) + 0x80000000u)
#define TO_SAMPLE(v) cut_u16(v)
#include "wavelet.inc.h"

#define SAMPLE uint32_t
#define WIDE uint32_t
#define ROW(function) function##_32
#define NAME(function) function##_c32
#define TO_WIDE(v) (v)
#define TO_SAMPLE(v) (v)
#include "wavelet.inc.h"

static void from_u16(const ppx_job *job, const ppx_block *block) {
    if (is_inverse(job))
        (is_outermost(job) ? inverse_u8 : inverse_c16)(job, block);
    else
        (is_outermost(job) ? forward_u16 : forward_c16)(job, block);
}

static void from_u32(const ppx_job *job, const ppx_block *block) {
    if (is_inverse(job))
        (is_outermost(job) ? inverse_u16 : inverse_c32)(job, block);
    else
        forward_c32(job, block);
}

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status wavelet_check(const ppx_job *job, ppx_error *error) {
    if (is_inverse(job) && job->first.type == PPX_U8)
        return ppx_fail(error, PPX_E_USAGE,
                        "wavelet:inverse=yes takes coefficients, u16 or u32; its input here is u8");
    if (!is_inverse(job) && job->first.type == PPX_U32)
        return ppx_fail(error, PPX_E_USAGE, "wavelet takes u8 or u16; its input here is u32");
    return PPX_OK;
}

static const ppx_param wavelet_params[] = {
    [LEVELS] = {"levels", PPX_INT, 1, 30, NULL, "3", "how often the sums are transformed again"},
    [INVERSE] = {"inverse", PPX_CHOICE, 0, 0, "no|yes", "no", "from coefficients to the image"},
};

static const ppx_step wavelet_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = wavelet_geometry,
    .map = {.rows = {[PPX_U8] = forward_u8, [PPX_U16] = from_u16, [PPX_U32] = from_u32},
            .needs = wavelet_needs},
}};

const ppx_kernel PPX_KERNEL(wavelet) = {
    .name = "wavelet",
    .summary = "reversible 5/3 wavelet transform, as in JPEG 2000, or back",
    .examples = "wavelet wavelet:levels=1 wavelet:levels=9+wavelet:levels=9,inverse=yes "
                "wavelet:levels=2,inverse=yes",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32,
    .channels = PPX_ANY_CHANNELS,
    .params = wavelet_params,
    .nparams = sizeof wavelet_params / sizeof *wavelet_params,
    .check = wavelet_check,
    .steps = wavelet_steps,
    .nsteps = 1,
    .loop_from = 0,
    .loop_to = 1,
    .again = wavelet_again,
};
