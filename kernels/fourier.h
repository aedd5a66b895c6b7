// fourier.h: discrete Fourier transforms of rows, for kernels that are made of them.
//
//     X(k) = sum over j of x(j) exp(-2 pi i j k / n)
//
// One transform in each lane of a vector: LANES rows go side by side, and every lane does the same
// operations whatever its neighbours are, so that a row's result does not depend on which rows come
// with it. Lengths of factors 2, 3, 4 and 5 are taken apart by Stockham's passes (Cochran et al.
// 1967), which need no reordering; any other is a convolution with a chirp (Bluestein 1970) of a
// power of two of at least twice the length. A real row of even length is half as many complex
// numbers (Cooley, Lewis, Welch 1970). Factors are computed in double and kept in a table. The
// error is near 4e-8 log2(n) of the root mean square of the result, four times that for
// Bluestein's.
//
// The functions carry the instruction-set level in their names, as kernels do.
#ifndef PPX_FOURIER_H
#define PPX_FOURIER_H

#include "../core/kernel.h"
#include "lanes.h"

enum { FOURIER_LANES = LANES_NBYTES / 4 };

// A number of each transform.
typedef struct complexes {
    floats re, im;
} complexes;

enum { FOURIER_MOST_PASSES = 64 };

// Part of a kernel's table; what follows it in memory is found by offsets in floats from itself.
typedef struct ppx_fourier {
    ptrdiff_t n;      // numbers in a row
    ptrdiff_t length; // of the complex transform: n, or n / 2 of a real row of even length
    ptrdiff_t passed; // length, or where that has other factors the power of two above twice it
    int npasses;
    int radix[FOURIER_MOST_PASSES];
    bool real;
    size_t factors; // of the passes
    size_t chirp;   // exp(-pi i k k / length); with it the transform of its conjugate
    size_t split;   // i / 2 exp(-2 pi i k / n), for real rows of even length
} ppx_fourier;

#define ppx_fourier_nbytes PPX_PASTE(ppx_fourier_, nbytes, PPX_LEVEL)
#define ppx_fourier_build PPX_PASTE(ppx_fourier_, build, PPX_LEVEL)
#define ppx_fourier_scratch PPX_PASTE(ppx_fourier_, scratch, PPX_LEVEL)
#define ppx_fourier_run PPX_PASTE(ppx_fourier_, run, PPX_LEVEL)
#define ppx_fourier_of_real PPX_PASTE(ppx_fourier_, of_real, PPX_LEVEL)
#define ppx_fourier_to_real PPX_PASTE(ppx_fourier_, to_real, PPX_LEVEL)
#define ppx_fourier_load_real PPX_PASTE(ppx_fourier_, load_real, PPX_LEVEL)
#define ppx_fourier_load_part PPX_PASTE(ppx_fourier_, load_part, PPX_LEVEL)
#define ppx_fourier_load_complex PPX_PASTE(ppx_fourier_, load_complex, PPX_LEVEL)
#define ppx_fourier_store_real PPX_PASTE(ppx_fourier_, store_real, PPX_LEVEL)
#define ppx_fourier_store_complex PPX_PASTE(ppx_fourier_, store_complex, PPX_LEVEL)
#define ppx_fourier_store_part PPX_PASTE(ppx_fourier_, store_part, PPX_LEVEL)
#define ppx_fourier_radices PPX_PASTE(ppx_fourier_, radices, PPX_LEVEL)
#define ppx_fourier_plans_nbytes PPX_PASTE(ppx_fourier_, plans_nbytes, PPX_LEVEL)
#define ppx_fourier_plans_build PPX_PASTE(ppx_fourier_, plans_build, PPX_LEVEL)
#define ppx_fourier_half_geometry PPX_PASTE(ppx_fourier_, half_geometry, PPX_LEVEL)
#define ppx_fourier_half_rows PPX_PASTE(ppx_fourier_, half_rows, PPX_LEVEL)

// The plan for rows of n numbers: its size, a multiple of 64, and itself, on zeroed memory.
size_t ppx_fourier_nbytes(ptrdiff_t n, bool real);
void ppx_fourier_build(ppx_fourier *plan, ptrdiff_t n, bool real);
// Bytes of one buffer of lanes. All transforms want two and return the one that holds the result.
size_t ppx_fourier_scratch(ptrdiff_t n, bool real);

// The radices of the passes over n numbers, n of factors 2, 3 and 5; how many.
int ppx_fourier_radices(int radix[FOURIER_MOST_PASSES], ptrdiff_t n);

// n numbers of x become n of the result. The inverse, times n: conjugate before and after.
complexes *ppx_fourier_run(const ppx_fourier *plan, complexes *x, complexes *y);
// Real rows, as ppx_fourier_load_real leaves them: numbers 0 to n / 2 come out.
complexes *ppx_fourier_of_real(const ppx_fourier *plan, complexes *x, complexes *y);
// The inverse, times n: numbers 0 to n / 2 become what ppx_fourier_store_real takes. What has no
// counterpart in real rows (the imaginary part of number 0, and of n / 2) counts as 0.
complexes *ppx_fourier_to_real(const ppx_fourier *plan, complexes *x, complexes *y);

// Rows of samples to lanes and back; lanes beyond nrows repeat the last row. Of one channel of any
// type but u32: as a transform of real rows takes them, or into the real (0) or imaginary (1)
// parts.
void ppx_fourier_load_real(const ppx_fourier *plan, complexes *to, const void *const *rows,
                           ptrdiff_t nrows, ppx_type type);
void ppx_fourier_load_part(complexes *to, int part, const void *const *rows, ptrdiff_t nrows,
                           ptrdiff_t n, ppx_type type);
// Integers are rounded half up, after `add`, and cut to the range.
void ppx_fourier_store_real(const ppx_fourier *plan, void *const *rows, ptrdiff_t nrows,
                            const complexes *from, ppx_type type, float scale, float add);
// The real (0) or imaginary (1) parts of the lanes, to rows of one channel.
void ppx_fourier_store_part(void *const *rows, ptrdiff_t nrows, const complexes *from, int part,
                            ptrdiff_t n, ppx_type type, float scale, float add);
// Of two channels of f32.
void ppx_fourier_load_complex(complexes *to, const void *const *rows, ptrdiff_t nrows, ptrdiff_t n,
                              bool conjugate);
void ppx_fourier_store_complex(void *const *rows, ptrdiff_t nrows, const complexes *from,
                               ptrdiff_t n, float scale, bool conjugate);

// ---- Steps of kernels ---------------------------------------------------------------------------

// Plans for the rows and for the columns of an image: how a kernel's table begins.
size_t ppx_fourier_plans_nbytes(ptrdiff_t width, ptrdiff_t height, bool real);
void ppx_fourier_plans_build(void *table, ptrdiff_t width, ptrdiff_t height, bool real);

static inline const ppx_fourier *ppx_fourier_columns(const ppx_fourier *rows) {
    return (const ppx_fourier *)((const char *)rows + ppx_fourier_nbytes(rows->n, rows->real));
}

// The first step of what takes real images: rows become numbers 0 to width / 2 of their transforms.
void ppx_fourier_half_geometry(const ppx_job *job, ppx_geometry *g);
void ppx_fourier_half_rows(const ppx_job *job, const ppx_block *block);

// How many of a block's rows from k on go side by side.
static inline ptrdiff_t ppx_fourier_group(const ppx_block *block, ptrdiff_t k) {
    return block->nrows - k < FOURIER_LANES ? block->nrows - k : FOURIER_LANES;
}

#endif
