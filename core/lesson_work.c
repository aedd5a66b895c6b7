// lesson_work.c: what lessons have done by threads, processes and ranks: whole numbers, no state.
#include "lesson_work.h"

void ppx_lesson_levels(const uint8_t *pixels, size_t n, uint64_t counts[256]) {
    for (size_t k = 0; k < n; k++)
        counts[pixels[k]]++;
}

// The whole part of the root, bit by bit.
static inline uint8_t root(int32_t n) {
    int32_t r = 0;
    n = n < UINT8_MAX * UINT8_MAX ? n : UINT8_MAX * UINT8_MAX;
    for (int32_t bit = 128; bit; bit >>= 1)
        r = (r + bit) * (r + bit) <= n ? r + bit : r;
    return (uint8_t)r;
}

static inline uint8_t edge(const uint8_t *above, const uint8_t *here, const uint8_t *below,
                           ptrdiff_t left, ptrdiff_t x, ptrdiff_t right) {
    int32_t gx =
        above[right] + 2 * here[right] + below[right] - above[left] - 2 * here[left] - below[left];
    int32_t gy =
        below[left] + 2 * below[x] + below[right] - above[left] - 2 * above[x] - above[right];
    return root(gx * gx + gy * gy);
}

void ppx_lesson_edges(const uint8_t *picture, ptrdiff_t width, ptrdiff_t height, ptrdiff_t y0,
                      ptrdiff_t nrows, uint8_t *out) {
    for (ptrdiff_t y = y0; y < y0 + nrows; y++, out += width) {
        const uint8_t *here = picture + y * width;
        const uint8_t *above = y > 0 ? here - width : here;
        const uint8_t *below = y < height - 1 ? here + width : here;
        out[0] = edge(above, here, below, 0, 0, width > 1);
        for (ptrdiff_t x = 1; x < width - 1; x++)
            out[x] = edge(above, here, below, x - 1, x, x + 1);
        if (width > 1)
            out[width - 1] = edge(above, here, below, width - 2, width - 1, width - 1);
    }
}
