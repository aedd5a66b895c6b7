// classify.h: the step that the lessons count and biglock spend their time in.
//
// A pixel is told by its 3 x 3 neighbourhood (replicated at the border): dark or bright by the
// mean, flat or lively by the variance. Integers only: a count is right or wrong, never nearly so.
#ifndef PPX_CLASSIFY_H
#define PPX_CLASSIFY_H

#include "../../core/parpix.h"

enum { CLASSES = 4, BRIGHT = 1, LIVELY = 2 };

static inline int classify(const ppx_image *image, ptrdiff_t x, ptrdiff_t y) {
    enum { MEAN = 96, VARIANCE = 64, N = 9 };
    const ptrdiff_t right = image->shape.width - 1, bottom = image->shape.height - 1;
    const ptrdiff_t columns[] = {x > 0 ? x - 1 : 0, x, x < right ? x + 1 : right};
    const ptrdiff_t rows[] = {y > 0 ? y - 1 : 0, y, y < bottom ? y + 1 : bottom};
    int sum = 0, squares = 0;
    for (int j = 0; j < 3; j++) {
        const uint8_t *row = ppx_image_row(image, rows[j]);
        for (int k = 0; k < 3; k++) {
            int v = row[columns[k]];
            sum += v;
            squares += v * v;
        }
    }
    return (sum > N * MEAN ? BRIGHT : 0) |
           (N * squares - sum * sum > N * N * VARIANCE ? LIVELY : 0);
}

#endif
