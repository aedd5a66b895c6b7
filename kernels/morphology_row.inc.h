// morphology_row.inc.h: horizontal windows, a part of morphology.inc.h.
//
// A first pass over a row makes windows of up to 32 pixels (with AVX2, where a vector holds so
// many; else 4), each further one makes them two to four times as long; a window of up to four
// pixels is one pass. Passes read the row as it lies, but for what is near its edges: that is
// copied, with NEUTRAL beyond them.

// to[x] = PICK over from[x], from[x + s], ... in `count` (2 to 4) places, the last at `last`. Whole
// vectors are written.
static void NAME(places)(PIXEL *to, const PIXEL *from, ptrdiff_t n, int count, ptrdiff_t s,
                         ptrdiff_t last) {
    const PIXEL *b = from + s, *c = from + 2 * s, *end = from + last;
    if (count == 2)
        for (ptrdiff_t x = 0; x < n; x += NLANES)
            NAME(store)(to + x, PICK_LANES(NAME(load)(from + x), NAME(load)(end + x)));
    else if (count == 3)
        for (ptrdiff_t x = 0; x < n; x += NLANES) {
            const LANES ab = PICK_LANES(NAME(load)(from + x), NAME(load)(b + x));
            NAME(store)(to + x, PICK_LANES(ab, NAME(load)(end + x)));
        }
    else
        for (ptrdiff_t x = 0; x < n; x += NLANES) {
            const LANES ab = PICK_LANES(NAME(load)(from + x), NAME(load)(b + x));
            const LANES cd = PICK_LANES(NAME(load)(c + x), NAME(load)(end + x));
            NAME(store)(to + x, PICK_LANES(ab, cd));
        }
}

#ifdef __AVX2__
#define CHANNELS 1
#include "morphology_grow.inc.h"
#define CHANNELS 2
#include "morphology_grow.inc.h"
#define CHANNELS 3
#include "morphology_grow.inc.h"
#define CHANNELS 4
#include "morphology_grow.inc.h"
#endif

// The window of the first pass, in pixels: at most k. 1: there is only one pass.
static int NAME(first_window)(const plan *p, ptrdiff_t k) {
    int length = 4;
    if (k <= 4)
        return 1;
#ifdef __AVX2__
    while (2 * length <= k && (2 * length - 1) * p->channels <= NLANES)
        length *= 2;
#else
    (void)p;
#endif
    return length;
}

// Whether the first pass is made in registers.
static bool NAME(grows)(const plan *p, int length) {
#ifdef __AVX2__
    return length > 1 && (length - 1) * p->channels <= NLANES;
#else
    (void)p, (void)length;
    return false;
#endif
}

// The first pass, to[x] from from[x - before] on.
static void NAME(first_pass)(const plan *p, PIXEL *to, const PIXEL *from, ptrdiff_t n, int length) {
    const int channels = p->channels;
    if (length == 1)
        NAME(places)
    (to, from - p->left * channels, n, (int)(p->left + p->right + 1), channels,
     (p->left + p->right) * channels);
    else if (!NAME(grows)(p, length))
        NAME(places)(to, from - 3 * channels, n, 4, channels, 3 * channels);
#ifdef __AVX2__
    else {
        typedef void grow(PIXEL * to, const PIXEL *from, ptrdiff_t n, int length);
        static grow *const by[] = {
            [1] = NAME2(grow, 1), [2] = NAME2(grow, 2), [3] = NAME2(grow, 3), [4] = NAME2(grow, 4)};
        by[channels](to, from, n, length);
    }
#endif
}

// The first pass over columns [from, to), of which some may lie outside of the row; both are whole
// vectors from column 0. result[0] belongs to `from`.
static void NAME(first_columns)(const plan *p, PIXEL *result, const PIXEL *row, ptrdiff_t from,
                                ptrdiff_t to, int length, PIXEL *edge) {
    const bool grows = NAME(grows)(p, length);
    const ptrdiff_t before = grows ? NLANES : length > 1 ? 3 * p->channels : p->left * p->channels;
    const ptrdiff_t after = length > 1 ? 0 : p->right * p->channels;
    // Columns [bounds[1], bounds[2]) are made from the row itself.
    ptrdiff_t a = round_up(before, NLANES), b = p->n > after ? (p->n - after) / NLANES * NLANES : 0;
    a = a < from ? from : a < to ? a : to;
    b = b < a ? a : b < to ? b : to;
    const ptrdiff_t bounds[4] = {from, a, b, to};
    for (int part = 0; part < 3; part++) {
        const ptrdiff_t x = bounds[part], end = bounds[part + 1];
        if (x == end)
            continue;
        const PIXEL *source = row + x;
        if (part != 1) {
            const ptrdiff_t first = x - before, last = end + after;
            const ptrdiff_t within = first > 0 ? first : 0, beyond = last < p->n ? last : p->n;
            NAME(fill)(edge, last - first);
            if (within < beyond)
                memcpy(edge + within - first, row + within,
                       (size_t)(beyond - within) * sizeof(PIXEL));
            source = edge + before;
        }
        NAME(first_pass)(p, result + x - from, source, end - x, length);
    }
}

// The horizontal windows of columns [p->x0, p->x1) of a row, to whole vectors of `to`. Scratch:
// three lines.
static void NAME(horizontal)(const plan *p, PIXEL *to, const PIXEL *row, PIXEL *lines) {
    const ptrdiff_t left = p->left * p->channels, right = p->right * p->channels;
    const ptrdiff_t k = p->left + p->right + 1, x0 = p->x0, n = p->x1 - x0;
    PIXEL *const edge = lines, *const spare[2] = {lines + p->span, lines + 2 * p->span};
    ptrdiff_t length = NAME(first_window)(p, k);
    if (length == 1) {
        NAME(first_columns)(p, to + x0, row, x0, x0 + round_up(n, NLANES), 1, edge);
        return;
    }
    const ptrdiff_t ends = x0 - left + (length - 1) * p->channels;
    const ptrdiff_t from = ends < x0 ? x0 - round_up(x0 - ends, NLANES) : x0;
    NAME(first_columns)
    (p, spare[0], row, from, x0 + round_up(n + right, NLANES), (int)length, edge);
    // From now on a line begins with the window that begins `left` before the first column.
    const PIXEL *line = spare[0] + ends - from;
    ptrdiff_t readable = x0 + n + right - ends;
    for (int turn = 1;; turn = !turn) {
        ptrdiff_t factor = (k + length - 1) / length, room = 4, s = length * p->channels;
        if (factor == 1)
            memcpy(to + x0, line, (size_t)n * sizeof(PIXEL));
        else if (factor <= 4)
            NAME(places)(to + x0, line, n, (int)factor, s, (k - length) * p->channels);
        if (factor <= 4)
            return;
        while (room * 4 < factor)
            room *= 4;
        factor = (factor + room - 1) / room;
        readable -= (factor - 1) * s;
        NAME(places)(spare[turn], line, readable, (int)factor, s, (factor - 1) * s);
        line = spare[turn];
        length *= factor;
    }
}
