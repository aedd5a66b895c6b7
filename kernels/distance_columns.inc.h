// distance_columns.inc.h: the downward pass of distance_columns.h for one pixel type; PIXEL and
// NAME are defined by who includes it.

// A function of its own: taking two rows at once gcc would make branches of the selection.
static __attribute__((noinline)) void NAME(note_row)(const PIXEL *restrict in,
                                                     NAME(place) *restrict last, ptrdiff_t n,
                                                     NAME(place) here) {
    for (ptrdiff_t x = 0; x < n; x++)
        last[x] = in[x] != 0 ? last[x] : here;
}

// The carry is 1 + the last background row, 0 where there is none yet. Rows are counted from the
// strip's first in as few bits as they need, so that a vector has as many columns as it can.
static void NAME(summarise_down)(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                                 ptrdiff_t nrows, uint32_t *restrict carry) {
    for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += COLUMNS) {
        const ptrdiff_t n = columns_from(x0, job->in.width);
        NAME(place) last[COLUMNS] = {0};
        for (ptrdiff_t k = 0; k < nrows; k++)
            NAME(note_row)((const PIXEL *)rows[k] + x0, last, n, (NAME(place))(k + 1));
        for (ptrdiff_t x = 0; x < n; x++)
            carry[x0 + x] = last[x] ? (uint32_t)y + last[x] : carry[x0 + x];
    }
}

static inline void NAME(down_row)(const PIXEL *restrict in, const uint16_t *restrict above,
                                  uint16_t *restrict out, ptrdiff_t width) {
    for (ptrdiff_t x = 0; x < width; x++) {
        uint16_t next = one_more(above[x]);
        out[x] = in[x] != 0 ? next : 0;
    }
}

static void NAME(sweep_down)(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                             ptrdiff_t nrows, uint32_t *carry, void *const *out, void *scratch) {
    const ptrdiff_t width = job->in.width;
    uint16_t *restrict first = scratch;
    for (ptrdiff_t x = 0; x < width; x++)
        first[x] = (uint16_t)(carry[x] ? (uint32_t)y - carry[x] : FAR);
    const uint16_t *above = first;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        NAME(down_row)(rows[k], above, out[k], width);
        above = out[k];
    }
    const uint32_t end = (uint32_t)(y + nrows);
    for (ptrdiff_t x = 0; x < width; x++)
        carry[x] = above[x] == FAR ? 0 : end - above[x];
}

#undef PIXEL
#undef NAME
