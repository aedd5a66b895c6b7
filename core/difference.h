// difference.h: how much two images of one shape differ, and where.
#ifndef PPX_DIFFERENCE_H
#define PPX_DIFFERENCE_H

#include "parpix.h"

// A sample differs when its bits do (NaN equals NaN of the same bits, -0 is not 0). Its difference
// is |a - b|: exact for integers, in double for f32. A sample is apart when that is not a finite
// number: NaN or an infinity on one side. A pixel exceeds when one of its samples differs by more
// than the tolerance or is apart.
typedef struct ppx_difference {
    uint64_t npixels, nsamples;
    uint64_t ndiffering, nexceeding; // pixels
    uint64_t napart;                 // samples
    double largest;                  // of the samples that are not apart
    double mean;                     // over all samples, those apart left out of the sum
    // 10 log10(most^2 / mean squared difference), in dB; infinite when there is no difference.
    double psnr;
    // Of the first sample that exceeds, in raster order; x is -1 when none does.
    ptrdiff_t x, y;
    int c;
    double a, b;
    uint32_t *exceeding; // pixels that exceed, for each row
} ppx_difference;

// Equal shapes. A tolerance below 0 tolerates nothing, not even -0 for 0.
ppx_status ppx_difference_find(ppx_difference *difference, const ppx_image *a, const ppx_image *b,
                               double tolerance, ppx_error *error);
void ppx_difference_free(ppx_difference *difference);

// One channel of u8: the largest difference among a pixel's samples, scaled so that `largest` is
// 255; what differs is at least 1, what is apart is 255.
ppx_status ppx_difference_heatmap(const ppx_difference *difference, const ppx_image *a,
                                  const ppx_image *b, ppx_image *heatmap, ppx_error *error);

// How rows that exceed lie to borders. A border y lies between rows y - 1 and y; a row is within
// `halo` of it when it is among the `halo` rows above or below.
typedef struct ppx_nearness {
    size_t nrows, nnear;   // rows that exceed; those within `halo` of a border
    size_t nborders, nhit; // borders; those that such a row is nearest to
    ptrdiff_t reach;       // the smallest halo that would hold the near rows
} ppx_nearness;

// Borders ascend and lie inside of the image.
ppx_nearness ppx_difference_near(const uint32_t *exceeding, ptrdiff_t height,
                                 const ptrdiff_t *borders, size_t nborders, ptrdiff_t halo);

#endif
