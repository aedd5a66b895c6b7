// hough_votes.h: rows of votes for the centres of circles, as hough_circles.c counts them.
//
// A sample is twice the votes (a saturated number of them, or of sixteenths), and 1 for an edge, so
// that one image of 16 bits says where circles may be and what they are measured by.
#ifndef PPX_HOUGH_VOTES_H
#define PPX_HOUGH_VOTES_H

#include "../core/kernel.h"

#define INLINE inline __attribute__((always_inline))

enum { IS_EDGE = 1, VOTE = 2, SIXTEEN = 16, MOST_VOTES = INT16_MAX };
enum { MOST_NEAR = 4 }; // sums down the columns fit 16 bits

// Down the columns, and then across; the same weights both ways. near is a constant where this is
// called.
static INLINE void sum_row(const void *const *in, uint16_t *restrict out, uint16_t *restrict down,
                           ptrdiff_t width, ptrdiff_t near) {
    const uint16_t *rows[2 * MOST_NEAR + 1], *here = in[0];
    for (ptrdiff_t k = 0; k <= 2 * near; k++)
        rows[k] = in[k - near];
    for (ptrdiff_t x = -near; x < width + near; x++) {
        unsigned sum = 0;
        for (ptrdiff_t k = 0; k <= 2 * near; k++)
            sum += (unsigned)(k <= near ? k + 1 : 2 * near + 1 - k) * (rows[k][x] / VOTE);
        down[x] = (uint16_t)sum;
    }
    for (ptrdiff_t x = 0; x < width; x++) {
        uint32_t sum = 0;
        for (ptrdiff_t k = 0; k <= 2 * near; k++)
            sum += (uint32_t)(k <= near ? k + 1 : 2 * near + 1 - k) * down[x + k - near];
        sum = SIXTEEN * sum / (uint32_t)((near + 1) * (near + 1));
        sum = sum < MOST_VOTES ? sum : MOST_VOTES;
        out[x] = (uint16_t)(VOTE * sum | (here[x] & IS_EDGE));
    }
}

// Whether x of row in[0] comes before all within `apart` rows and columns.
static inline bool is_centre(const void *const *in, ptrdiff_t x, ptrdiff_t apart) {
    const uint16_t *above = in[-1], *here = in[0], *below = in[1];
    const unsigned mine = here[x] | IS_EDGE;
    if ((here[x - 1] | IS_EDGE) >= mine || (here[x + 1] | IS_EDGE) > mine ||
        (above[x] | IS_EDGE) >= mine || (below[x] | IS_EDGE) > mine)
        return false; // most stop here
    for (ptrdiff_t dy = -apart; dy <= apart; dy++) {
        const uint16_t *row = in[dy];
        const ptrdiff_t turn = dy < 0 ? x + apart + 1 : dy > 0 ? x - apart : x;
        int beaten = 0;
        for (ptrdiff_t k = x - apart; k < turn; k++)
            beaten |= (row[k] | IS_EDGE) >= mine;
        for (ptrdiff_t k = turn; k <= x + apart; k++)
            beaten |= (row[k] | IS_EDGE) > mine;
        if (beaten)
            return false;
    }
    return true;
}

// The next pixel from x on that is a centre; width if there is none.
static inline ptrdiff_t next_centre(const uint16_t *row, ptrdiff_t x, ptrdiff_t width) {
    for (; x + 32 <= width; x += 32) {
        int any = 0;
        for (int k = 0; k < 32; k++)
            any |= row[x + k] >= VOTE;
        if (any)
            break;
    }
    while (x < width && row[x] < VOTE)
        x++;
    return x;
}

#endif
