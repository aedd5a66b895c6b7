// blur.h: the blurred rows that gaussian.c and its relatives (unsharp.c, dog.c) ask for: blur.c has
// the method.
//
// A kernel makes a plan from its sigma, builds the table of weights, and asks for the plan's reach,
// PPX_BLUR_BLOCK rows at a time (or ppx_blur_block) and the scratch in its geometry. Its row
// function lays out the scratch (ppx_blur_of), begins the block, and asks for its rows one after
// the other, in their order. The functions carry the instruction-set level in their names, as
// kernels do.
#ifndef PPX_BLUR_H
#define PPX_BLUR_H

#include "../core/kernel.h"

enum { PPX_BLUR_TERMS = 2 }; // sums of products of a filter across and one down: 1, for LoG 2
enum { PPX_BLUR_MOST_RADIUS = 24 }; // of weights for pixels, direct or coarse
enum { PPX_BLUR_MOST_SCALE = 32 };  // d
enum { PPX_BLUR_MOST_ORDER = 6 };   // n
enum { PPX_BLUR_MOST_FINE = PPX_BLUR_MOST_ORDER * (PPX_BLUR_MOST_SCALE - 1) / 2 }; // radius of B
enum { PPX_BLUR_BLOCK = 32 }; // rows made at a time, at most

typedef struct ppx_blur_plan {
    bool fixed;      // u8 alone: in 16 bits; otherwise in floats
    int scale;       // d; 1: direct
    int order, fine; // n and the radius of B; fine is 0 if direct
    int radius;      // of the weights, in coarse pixels
    int nterms;
    ptrdiff_t reach; // of everything, in pixels
} ppx_blur_plan;

// Weights by distance from the centre, and for the fixed ones the products that lose something.
typedef struct ppx_blur_table {
    float across[PPX_BLUR_TERMS][PPX_BLUR_MOST_RADIUS + 1];
    float down[PPX_BLUR_TERMS][PPX_BLUR_MOST_RADIUS + 1];
    float fine[PPX_BLUR_MOST_FINE + 1], up[PPX_BLUR_MOST_FINE + 1]; // B and d B
    uint16_t fixed[PPX_BLUR_MOST_RADIUS + 1];
    uint16_t fine_fixed[PPX_BLUR_MOST_FINE + 1], up_fixed[PPX_BLUR_MOST_FINE + 1];
    int32_t lost; // by both passes of fixed weights, on average, in 1/256 of a level
} ppx_blur_table;

typedef struct ppx_blur_state ppx_blur_state;
typedef struct ppx_blur_edge ppx_blur_edge;

// What a block is blurred with, and where in the scratch everything lies.
typedef struct ppx_blur {
    const ppx_blur_plan *plan;
    const ppx_blur_table *table;
    const ppx_block *block;
    ppx_shape shape;
    ppx_border border;
    ptrdiff_t n, margin, pitch;          // samples: of a row, left of a line, of a line
    ptrdiff_t nplanes, plane;            // of a line and of rows of sums; samples of one
    ptrdiff_t x0, ncoarse, coarse_pitch; // of a coarse line: first pixel, samples
    ptrdiff_t nacross, ncolumns, nwide;  // rings: coarse lines, blurred lines, lines made wide
    ppx_blur_state *state;
    ppx_blur_edge *edges;
    void *tile, *lines;
    float *coarse, *across, *columns, *sparse, *wide_sum;
    void *sum, *wide, *rest; // sum: room for a row that is asked for
} ppx_blur;

#define ppx_blur_plan_of PPX_PASTE(ppx_blur_, plan_of, PPX_LEVEL)
#define ppx_blur_build PPX_PASTE(ppx_blur_, build, PPX_LEVEL)
#define ppx_blur_block PPX_PASTE(ppx_blur_, block, PPX_LEVEL)
#define ppx_blur_scratch_nbytes PPX_PASTE(ppx_blur_, scratch_nbytes, PPX_LEVEL)
#define ppx_blur_of PPX_PASTE(ppx_blur_, of, PPX_LEVEL)
#define ppx_blur_begin PPX_PASTE(ppx_blur_, begin, PPX_LEVEL)
#define ppx_blur_row PPX_PASTE(ppx_blur_, row, PPX_LEVEL)
#define ppx_blur_pixels PPX_PASTE(ppx_blur_, pixels, PPX_LEVEL)

// tails: where the weights end, in sigma. log: of the Laplacian of the Gaussian.
ppx_blur_plan ppx_blur_plan_of(double sigma, double tails, bool fixed, bool log);
void ppx_blur_build(ppx_blur_table *table, const ppx_blur_plan *plan, double sigma);
// Rows that are best made at a time, PPX_BLUR_BLOCK or fewer.
ptrdiff_t ppx_blur_block(const ppx_job *job, const ppx_blur_plan *plan);
size_t ppx_blur_scratch_nbytes(const ppx_job *job, const ppx_blur_plan *plan);
ppx_blur ppx_blur_of(const ppx_job *job, const ppx_blur_plan *plan, const ppx_blur_table *table,
                     const ppx_block *block, void *scratch);
void ppx_blur_begin(const ppx_blur *b);
// Row k of the block, a sample for each of the input's: uint16_t in 1/256 of a level, to which
// ppx_blur_lost is to be added, if the plan is fixed; otherwise float. In two planes it is written
// over b->pitch samples, the even ones first and the odd ones from sum[b->plane] on.
void ppx_blur_row(const ppx_blur *b, ptrdiff_t k, void *sum);
// The same as a row of the output image, rounded half up for integers. Plans for u8 are fixed.
void ppx_blur_pixels(const ppx_blur *b, ptrdiff_t k, void *out);

// Planes of what the blur sums up: two where a pair of samples is a word, in which PPX_BLUR_FIRST
// (0 or 1) samples are below the even one. Taking such words apart and making them again is less
// work than the widening of samples in their order, and pixels and their neighbours lie in
// different vectors then, and need no loads of their own.
static inline int ppx_blur_planes(const ppx_blur_plan *plan, ppx_type type) {
    return plan->fixed || type == PPX_U16 ? 2 : 1;
}
#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { PPX_BLUR_FIRST = 1 };
#else
enum { PPX_BLUR_FIRST = 0 };
#endif

// What is to be given back to fixed sums, in 1/256 of a level.
static inline int32_t ppx_blur_lost(const ppx_blur *b) {
    return b->plan->scale > 1 ? b->plan->order / 2 : b->table->lost;
}

#endif
