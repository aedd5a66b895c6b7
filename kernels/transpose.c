// transpose.c: columns become rows.
//
//     out(x, y) = in(y, x)
//
// Shapes: any; width and height change places, alpha moves with its pixel. Border: none. Cost: one
// read and one write of the image.
//
// A call makes a strip of output rows, which is a column of the input one strip wide: with u8 a
// cache line of each input row. Of that column as many input rows at a time are taken as fill a
// cache line of each output row. Pixels of 1, 2 and 4 bytes go through registers in square blocks;
// others are moved one by one. Every output row needs all input rows: on ranks, each receives the
// whole image.
#include "../core/kernel.h"

#include <string.h>

#define INLINE inline __attribute__((always_inline))

#define PIXEL uint8_t
#define NAME(function) function##_1
#define INTERLEAVE_LOW(a, b)                                                                       \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_HIGH(a, b)                                                                      \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#include "transpose.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_2
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#include "transpose.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_4
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#include "transpose.inc.h"

// Pixels of any other size, which is a constant where this is called.
static INLINE void move_rows(void *const *out, const void *const *in, ptrdiff_t x0,
                             ptrdiff_t ncolumns, ptrdiff_t y0, ptrdiff_t y1, size_t nbytes) {
    for (ptrdiff_t x = 0; x < ncolumns; x++) {
        char *to = (char *)out[x] + (size_t)y0 * nbytes;
        size_t from = (size_t)(x0 + x) * nbytes;
        for (ptrdiff_t y = y0; y < y1; y++, to += nbytes)
            memcpy(to, (const char *)in[y] + from, nbytes);
    }
}

static void transpose_rows(const ppx_job *job, const ppx_block *block) {
    const size_t pixel = (size_t)job->in.channels * ppx_type_nbytes(job->in.type);
    const ptrdiff_t height = job->in.height, x0 = block->y, n = block->nrows;
    const ptrdiff_t group = pixel < 4 ? 64 : 16, ahead = 32; // rows
    void *const *out = block->out;
    const void *const *in = block->in;
    for (ptrdiff_t y = 0; y < height; y += group) {
        ptrdiff_t end = height - y < group ? height : y + group;
        // Each input row is on a page of its own, which no hardware foresees.
        for (ptrdiff_t k = y + ahead; k < height && k < y + ahead + group; k++)
            for (size_t byte = 0; byte < (size_t)n * pixel; byte += 64)
                __builtin_prefetch((const char *)in[k] + (size_t)x0 * pixel + byte);
        switch (pixel) {
        case 1:
            rows_1(out, in, x0, n, y, end);
            break;
        case 2:
            rows_2(out, in, x0, n, y, end);
            break;
        case 3:
            move_rows(out, in, x0, n, y, end, 3);
            break;
        case 4:
            rows_4(out, in, x0, n, y, end);
            break;
        case 6:
            move_rows(out, in, x0, n, y, end, 6);
            break;
        case 8:
            move_rows(out, in, x0, n, y, end, 8);
            break;
        case 12:
            move_rows(out, in, x0, n, y, end, 12);
            break;
        default:
            move_rows(out, in, x0, n, y, end, 16);
            break;
        }
    }
}

static void transpose_needs(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                            ptrdiff_t *b) {
    (void)y0, (void)y1;
    *a = 0;
    *b = job->in.height;
}

static void transpose_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.width = job->in.height;
    g->out.height = job->in.width;
    g->block = PPX_STRIP;
    g->keep_alpha = false; // it moves
}

static const ppx_step transpose_steps[] = {{
    .pattern = PPX_MAP,
    .geometry = transpose_geometry,
    .map = {.rows = {transpose_rows, transpose_rows, transpose_rows, transpose_rows},
            .needs = transpose_needs},
}};

const ppx_kernel PPX_KERNEL(transpose) = {
    .name = "transpose",
    .summary = "columns become rows",
    .examples = "transpose",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = transpose_steps,
    .nsteps = 1,
};
