// transpose.c: columns become rows.
//
//     out(x, y) = in(y, x)
//
// Shapes: any; width and height change places, alpha moves with its pixel. Border: none. Cost: one
// read and one write of the image.
//
// The input is read in columns of WIDE bytes, a few rows at a time, so that what is written to each
// output row goes on while its cache line is still there. Narrower columns look up the page of
// every input row more often, and wider ones leave the cache. Pixels of 1, 2, 4 and 8 bytes go
// through registers in square blocks; others are moved one by one. Other kernels have it for a step
// (transpose.h).
#include "transpose.h"

#include <string.h>

enum { WIDE = 512 };

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

#define PIXEL uint64_t
#define NAME(function) function##_8
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#include "transpose.inc.h"

#ifdef __AVX2__
#include "transpose_avx2.inc.h"
#else
static void bytes(const ppx_image *out, const ppx_image *in, ptrdiff_t x0, ptrdiff_t ncolumns,
                  ptrdiff_t y0, ptrdiff_t y1) {
    rows_1(out, in, x0, ncolumns, y0, y1);
}
#endif

// Pixels of any other size, which is a constant where this is called.
static INLINE void move_rows(const ppx_image *out, const ppx_image *in, ptrdiff_t x0,
                             ptrdiff_t ncolumns, ptrdiff_t y0, ptrdiff_t y1, size_t nbytes) {
    for (ptrdiff_t x = 0; x < ncolumns; x++) {
        char *to = (char *)ppx_image_row(out, x) + (size_t)y0 * nbytes;
        const char *from = (const char *)ppx_image_row(in, y0) + (size_t)(x0 + x) * nbytes;
        for (ptrdiff_t y = y0; y < y1; y++, to += nbytes, from += in->stride)
            memcpy(to, from, nbytes);
    }
}

static void move(const ppx_image *out, const ppx_image *in, ptrdiff_t x0, ptrdiff_t n, ptrdiff_t y,
                 ptrdiff_t end, size_t pixel) {
    switch (pixel) {
    case 1:
        bytes(out, in, x0, n, y, end);
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
        rows_8(out, in, x0, n, y, end);
        break;
    case 12:
        move_rows(out, in, x0, n, y, end, 12);
        break;
    default:
        move_rows(out, in, x0, n, y, end, 16);
        break;
    }
}

// All rows of WIDE bytes of columns.
static void column(const ppx_image *in, ptrdiff_t x0, const ppx_image *out, size_t pixel) {
    const ptrdiff_t height = in->shape.height, n = out->shape.height;
    const ptrdiff_t group = 16, ahead = 16; // rows
    const size_t nbytes = (size_t)n * pixel;
    for (ptrdiff_t y = 0; y < height; y += group) {
        ptrdiff_t end = height - y < group ? height : y + group;
        // Each input row is on a page of its own, which no hardware foresees.
        for (ptrdiff_t k = y + ahead; k < height && k < y + ahead + group; k++) {
            const char *from = (const char *)ppx_image_row(in, k) + (size_t)x0 * pixel;
            for (size_t byte = 0; byte < nbytes; byte += 64)
                __builtin_prefetch(from + byte, 0, 2);
            __builtin_prefetch(from + nbytes - 1, 0, 2); // where lines are not aligned to columns
        }
        move(out, in, x0, n, y, end, pixel);
    }
}

void ppx_transpose_rows(const ppx_image *in, ptrdiff_t x0, const ppx_image *out) {
    const size_t pixel = (size_t)in->shape.channels * ppx_type_nbytes(in->shape.type);
    const ptrdiff_t n = out->shape.height;
    const ptrdiff_t wide = WIDE / (ptrdiff_t)pixel / 32 * 32;
    for (ptrdiff_t x = 0; x < n; x += wide) {
        ppx_image rows = ppx_image_view(out, x, n - x < wide ? n - x : wide);
        column(in, x0 + x, &rows, pixel);
    }
}

static const ppx_step transpose_steps[] = {PPX_TRANSPOSE_STEP};

const ppx_kernel PPX_KERNEL(transpose) = {
    .name = "transpose",
    .summary = "columns become rows",
    .examples = "transpose",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ANY_CHANNELS,
    .steps = transpose_steps,
    .nsteps = 1,
};
