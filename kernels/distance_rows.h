// distance_rows.h: from distances along columns to distances in the plane, a row at a time.
//
// Pixel x of a row wants the column i whose background pixel is nearest: the least of
// join(cost(x - i), site(g[i])), where g[i] is the distance along column i. For every metric here
// the first such i, and the last, move to the right with x (the matrix of all pairs is totally
// monotone: Aggarwal, Klawe, Moran, Shor, Wilber 1987), which stands in for the divisions and
// branches of an envelope: the best columns are found for every 16th pixel, each between those of
// its neighbours, and the pixels between look at the columns between. All of it is minima of sums
// over contiguous samples, so vectors do the work; all of it is integers.
// Distances of up to NEAR columns, most of most images, are found before that by looking at all of
// them: blocks of pixels in 16-bit lanes, until the next column cannot come nearer.
#ifndef PPX_DISTANCE_ROWS_H
#define PPX_DISTANCE_ROWS_H

#include "distance_columns.h"
#include "words.h"

enum {
    BLOCK = 64, // pixels that are looked at together
    NEAR = 20,  // columns to each side that a block looks at
    LEAP = 16,  // pixels between those whose best column is searched for
    CHUNK = 32, // columns that a search looks at together
    PAD = 64,   // samples on each side of what blocks and chunks read beyond a row
    SITE_MOST = 32761,
};

// What a worker keeps for a row.
typedef struct distance_scratch {
    uint16_t *up;     // along the column to the background pixel below
    uint16_t *column; // to the nearer of those above and below
    uint16_t *lanes;  // sites that do not exceed SITE_MOST
    uint32_t *sites, *index;
    uint32_t *first, *last; // the best columns of every LEAP-th pixel
} distance_scratch;

static inline size_t padded(ptrdiff_t width) {
    return (size_t)((width + BLOCK - 1) / BLOCK * BLOCK + 2 * PAD);
}

static inline size_t leaps(ptrdiff_t width) {
    return (size_t)((width / LEAP + 2 + 15) / 16 * 16);
}

static size_t scratch_nbytes(ptrdiff_t width) {
    return padded(width) * (3 * sizeof(uint16_t) + 2 * sizeof(uint32_t)) +
           leaps(width) * 2 * sizeof(uint32_t);
}

static distance_scratch scratch_at(void *memory, ptrdiff_t width) {
    distance_scratch s;
    s.up = memory;
    s.column = s.up + padded(width);
    s.lanes = s.column + padded(width) + PAD;
    s.sites = (uint32_t *)(void *)(s.lanes + padded(width) - PAD);
    s.index = s.sites + padded(width);
    s.first = s.index + padded(width);
    s.last = s.first + leaps(width);
    return s;
}

// The table: the costs of all distances from 1 - width to width - 1, and room to read beyond.
static inline const uint32_t *costs_at(const ppx_job *job) {
    return (const uint32_t *)job->table + job->in.width - 1;
}

static size_t costs_nbytes(const ppx_job *job) {
    return (2 * (size_t)job->in.width - 1 + PAD) * sizeof(uint32_t);
}

static void build_costs(const ppx_job *job, bool squares) {
    const int64_t width = job->in.width;
    uint32_t *costs = job->table;
    for (int64_t k = 0; k < 2 * width - 1 + PAD; k++) {
        int64_t d = k < width ? width - 1 - k : k - width + 1;
        d = d < width ? d : width - 1; // beyond: no more than that, or sums could wrap
        costs[k] = (uint32_t)(squares ? d * d : d);
    }
}

// Squares must stay below 2^32, and below a site that stands for none.
static ppx_status size_check(const ppx_job *job, ppx_error *error) {
    const uint64_t w = (uint64_t)job->in.width - 1, h = (uint64_t)job->in.height - 1;
    if (h < DISTANCE_MOST_ROWS && w < DISTANCE_MOST_ROWS && 2 * w * w + h * h < UINT32_MAX)
        return PPX_OK;
    return ppx_fail(error, PPX_E_USAGE,
                    "%s: %td x %td pixels are too many for squares of 32 bits: 65535 rows and "
                    "2 (W-1)^2 + (H-1)^2 < 2^32 will do, as 37838 x 37838",
                    job->kernel->name, job->in.width, job->in.height);
}

static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static inline ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

#endif
