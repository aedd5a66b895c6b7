// distance_columns.h: how far the nearest background pixel of the same column is: the first half of
// the kernels that look for the nearest background pixel (Meijster, Roerdink, Hesselink 2000).
//
// Two scans. The downward one writes the rows since the last background pixel above, as u16; its
// carry is that pixel's row. The upward one has the same from below as its carry and its state, and
// goes on, row by row, to whatever wants both (distance_rows.inc.h): the u16 rows are all that is
// stored between. No column is longer than 65535 rows, so FAR is no distance.
#ifndef PPX_DISTANCE_COLUMNS_H
#define PPX_DISTANCE_COLUMNS_H

#include "../core/kernel.h"

enum { FAR = UINT16_MAX, DISTANCE_MOST_ROWS = UINT16_MAX };

static inline uint16_t one_more(uint16_t distance) {
    uint16_t next = (uint16_t)(distance + 1);
    return (uint16_t)(next - (next == 0)); // FAR stays
}

// Columns that are summarised at once.
enum { COLUMNS = 1024 };

static inline ptrdiff_t columns_from(ptrdiff_t x0, ptrdiff_t width) {
    return width - x0 < COLUMNS ? width - x0 : COLUMNS;
}

// 1 + a row of a strip (no summary has more of them), 0: none.
typedef uint8_t place_u8;
typedef uint16_t place_u16;
typedef uint32_t place_u32;
typedef uint32_t place_f32;
_Static_assert(PPX_STRIP <= UINT8_MAX, "a row of a strip, or none, fits");

#define PIXEL uint8_t
#define NAME(function) function##_u8
#include "distance_columns.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "distance_columns.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32
#include "distance_columns.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "distance_columns.inc.h"

static void down_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.type = PPX_U16;
    g->ncarry = (size_t)job->in.width;
    g->scratch_nbytes = (size_t)job->in.width * sizeof(uint16_t);
}

#define DISTANCE_DOWN                                                                              \
    {                                                                                              \
        .pattern = PPX_SCAN, .geometry = down_geometry, .scan = {                                  \
            .carry = PPX_CARRY_MAX,                                                                \
            .summarise = {summarise_down_u8, summarise_down_u16, summarise_down_u32,               \
                          summarise_down_f32},                                                     \
            .sweep = {sweep_down_u8, sweep_down_u16, sweep_down_u32, sweep_down_f32},              \
        }                                                                                          \
    }

// ---- The way up ---------------------------------------------------------------------------------

// The carry is the height less the first background row, 0 where there is none yet.
static void summarise_up(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                         uint32_t *restrict carry) {
    const uint32_t below = (uint32_t)(job->in.height - (y + nrows));
    for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += COLUMNS) {
        const ptrdiff_t n = columns_from(x0, job->in.width);
        uint16_t last[COLUMNS] = {0}; // on the way up: 1 is the strip's lowest row
        for (ptrdiff_t k = nrows - 1; k >= 0; k--)
            note_row_u16((const uint16_t *)rows[k] + x0, last, n, (uint16_t)(nrows - k));
        for (ptrdiff_t x = 0; x < n; x++)
            carry[x0 + x] = last[x] ? below + last[x] : carry[x0 + x];
    }
}

// The distance from the row below the strip that ends before `end`, and back.
static void begin_up(const ppx_job *job, const uint32_t *restrict carry, ptrdiff_t end,
                     uint16_t *restrict up) {
    const uint32_t below = (uint32_t)(job->in.height - end);
    for (ptrdiff_t x = 0; x < job->in.width; x++)
        up[x] = (uint16_t)(carry[x] ? below - carry[x] : FAR);
}

static void end_up(const ppx_job *job, const uint16_t *restrict up, ptrdiff_t y,
                   uint32_t *restrict carry) {
    const uint32_t here = (uint32_t)(job->in.height - y);
    for (ptrdiff_t x = 0; x < job->in.width; x++)
        carry[x] = up[x] == FAR ? 0 : here - up[x];
}

static inline uint16_t step_up(uint16_t below, uint16_t down) {
    uint16_t next = one_more(below);
    return down ? next : 0;
}

#endif
