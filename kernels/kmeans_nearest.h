// kmeans_nearest.h: which of up to 256 colours of bytes is nearest to each pixel, for kmeans.c.
//
// |p - c|^2 less |p|^2 is |c|^2 - 2 p c: two sums of products for a centre. 64 times that leaves
// room for the number of the centre, so that the least of the words has the lowest of the nearest
// centres in it, and finding it takes no branch. 64 centres at a time; of equal ones in several
// such groups the first remains.
#ifndef PPX_KMEANS_NEAREST_H
#define PPX_KMEANS_NEAREST_H

#include "../core/kernel.h"
#include "lanes.h"

enum { TILE = 256, GROUP = 64 };

// Pixels as planes; room for whole vectors is included, what lies beyond the pixels is 0.
typedef struct colour_tile {
    _Alignas(64) uint16_t plane[3][TILE];
    _Alignas(64) uint16_t nearest[TILE];
} colour_tile;

// A centre as its place in the sums of products.
typedef struct centre_terms {
    lanes_zipped red_green, blue;
    wides constant;
} centre_terms;

static inline void find_terms(const int32_t (*centres)[3], int k, centre_terms *terms) {
    for (int j = 0; j < k; j++) {
        const int32_t *c = centres[j], square = c[0] * c[0] + c[1] * c[1] + c[2] * c[2];
        lanes factor[3];
        for (int p = 0; p < 3; p++)
            factor[p] = lanes_all((uint16_t)(-2 * GROUP * c[p]));
        terms[j].red_green = lanes_zip(factor[0], factor[1]);
        terms[j].blue = lanes_zip(factor[2], lanes_all(0));
        terms[j].constant = wides_all(GROUP * square + j % GROUP);
    }
}

// The least word of n centres.
LANES_INLINE wide_pair least_word(lanes_zipped red_green, lanes_zipped blue,
                                  const centre_terms *terms, int n) {
    wide_pair least = {wides_all(INT32_MAX), wides_all(INT32_MAX)};
    for (int j = 0; j < n; j++) {
        const wide_pair word =
            wide_pair_add(lanes_dot(red_green, terms[j].red_green), lanes_dot(blue, terms[j].blue));
        least.low = wides_min(least.low, word.low + terms[j].constant);
        least.high = wides_min(least.high, word.high + terms[j].constant);
    }
    return least;
}

LANES_INLINE wides nearer_of(wides *distance, wides number, wides word, int first) {
    const wides found = word >> 6, nearer = (wides)(found < *distance);
    *distance = wides_min(found, *distance);
    return (nearer & ((word & wides_all(GROUP - 1)) + wides_all(first))) | (number & ~nearer);
}

// The number of the nearest centre for n pixels.
static inline void find_nearest(const centre_terms *terms, int k, ptrdiff_t n, colour_tile *tile) {
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        const lanes red = lanes_load(tile->plane[0] + x), green = lanes_load(tile->plane[1] + x);
        const lanes_zipped red_green = lanes_zip(red, green);
        const lanes_zipped blue = lanes_zip(lanes_load(tile->plane[2] + x), lanes_all(0));
        wide_pair word = least_word(red_green, blue, terms, k < GROUP ? k : GROUP);
        wide_pair number = {word.low & wides_all(GROUP - 1), word.high & wides_all(GROUP - 1)};
        wide_pair distance = {word.low >> 6, word.high >> 6};
        for (int first = GROUP; first < k; first += GROUP) {
            const int many = k - first < GROUP ? k - first : GROUP;
            word = least_word(red_green, blue, terms + first, many);
            number.low = nearer_of(&distance.low, number.low, word.low, first);
            number.high = nearer_of(&distance.high, number.high, word.high, first);
        }
        lanes_store(tile->nearest + x, lanes_pack(number));
    }
}

#endif
