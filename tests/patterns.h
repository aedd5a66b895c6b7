// patterns.h: binary images whose components are hard to join, for the tests of kernels that join.
#ifndef PPX_TEST_PATTERNS_H
#define PPX_TEST_PATTERNS_H

#include "support.h"

#include <stdlib.h>

typedef bool pattern(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height);

static inline bool empty(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)x, (void)y, (void)width, (void)height;
    return false;
}

static inline bool full(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    return !empty(x, y, width, height);
}

static inline bool checkerboard(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    return (x + y) % 2 == 0;
}

// Teeth that only the last row (or only the first) joins.
static inline bool comb_below(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width;
    return x % 2 == 0 || y == height - 1;
}

static inline bool comb_above(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    return x % 3 == 1 || y == 0;
}

static inline bool falling(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    return (x - y + 7000) % 7 == 0;
}

static inline bool rising(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    return (x + y) % 5 == 0;
}

// Steps of 3 x 2: each touches the next along an edge (even) or at a corner only (odd).
static inline bool staircase(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)width, (void)height;
    ptrdiff_t shift = (x - y / 2 * 3 + 60000) % 12;
    return shift < 3 || (shift == 3 && y % 4 == 1);
}

// A snake: rows joined at the right and the left in turn, so that labels meet late.
static inline bool snake(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    (void)height;
    return y % 2 == 0 || x == (y % 4 == 1 ? width - 1 : 0);
}

// Rings in rings, cut and joined to one spiral: ring r is open at its upper left and leads inwards.
static inline bool spiral(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    ptrdiff_t right = width - 1 - x, bottom = height - 1 - y;
    ptrdiff_t r = x < y ? x : y;
    r = right < r ? right : r;
    r = bottom < r ? bottom : r;
    bool ring = r % 2 == 0;
    if (x == r && y == r + 1 && y < height / 2)
        return !ring;
    return ring;
}

// Nested V shapes open upwards: every label meets its partner at the lowest row only.
static inline bool funnels(ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
    ptrdiff_t middle = width / 2, away = x < middle ? middle - x : x - middle;
    return (away + y) % 4 == 0 || (y == height - 1 && x % 4 != 3);
}

static const struct {
    const char *name;
    pattern *at;
} patterns[] = {
    {"empty", empty},
    {"full", full},
    {"checkerboard", checkerboard},
    {"comb below", comb_below},
    {"comb above", comb_above},
    {"falling", falling},
    {"rising", rising},
    {"staircase", staircase},
    {"snake", snake},
    {"spiral", spiral},
    {"funnels", funnels},
};
enum { NPATTERNS = sizeof patterns / sizeof *patterns };

// Foreground samples are not all the same: any value but 0 counts.
static inline ppx_image draw(pattern *at, ptrdiff_t width, ptrdiff_t height) {
    ppx_image image;
    assert_int_equal(ppx_image_create(&image, test_shape(width, height, 1, PPX_U8), NULL), 0);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            ((uint8_t *)ppx_image_row(&image, y))[x] =
                at(x, y, width, height) ? (uint8_t)(1 + (x * 37 + y) % 255) : 0;
    return image;
}

static inline ppx_image noise(ptrdiff_t width, ptrdiff_t height, int tenths, uint64_t seed) {
    ppx_image image;
    assert_int_equal(ppx_image_create(&image, test_shape(width, height, 1, PPX_U8), NULL), 0);
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            uint64_t r = test_random(seed, (uint64_t)(y * width + x));
            ((uint8_t *)ppx_image_row(&image, y))[x] =
                (int)(r % 10) < tenths ? (uint8_t)(1u << (r >> 32) % 8) : 0;
        }
    return image;
}

static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 37},  {37, 1},    {17, 13},   {64, 63},
                                     {63, 64}, {65, 65}, {257, 129}, {128, 128}, {50, 200}};
enum { NSIZES = sizeof sizes / sizeof *sizes };

// ---- Components by flood fill -------------------------------------------------------------------

// labels[y * width + x]: 1.. in raster order of the components of pixels where the mask is not 0.
static inline uint32_t flood_labels(const uint8_t *mask, ptrdiff_t width, ptrdiff_t height,
                                    int connectivity, uint32_t *labels) {
    uint32_t n = 0;
    ptrdiff_t npixels = width * height, *stack = malloc((size_t)npixels * sizeof *stack);
    assert_non_null(stack);
    for (ptrdiff_t at = 0; at < npixels; at++)
        labels[at] = 0;
    for (ptrdiff_t at = 0; at < npixels; at++) {
        if (!mask[at] || labels[at])
            continue;
        ptrdiff_t top = 0;
        labels[at] = ++n;
        stack[top++] = at;
        while (top) {
            ptrdiff_t x = stack[--top] % width, y = stack[top] / width;
            for (ptrdiff_t dy = -1; dy <= 1; dy++)
                for (ptrdiff_t dx = -1; dx <= 1; dx++) {
                    ptrdiff_t qx = x + dx, qy = y + dy, q = qy * width + qx;
                    if (qx < 0 || qy < 0 || qx >= width || qy >= height)
                        continue;
                    if ((connectivity == 4 && dx && dy) || !mask[q] || labels[q])
                        continue;
                    labels[q] = n;
                    stack[top++] = q;
                }
        }
    }
    free(stack);
    return n;
}

#endif
