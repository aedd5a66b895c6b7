// distance_columns.inc.h: the downward pass of distance_columns.h for one pixel type; PIXEL and
// NAME are defined by who includes it.

// The carry is 1 + the last background row, 0 where there is none yet.
static void NAME(summarise_down)(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                                 ptrdiff_t nrows, uint32_t *restrict carry) {
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const PIXEL *restrict in = rows[k];
        const uint32_t here = (uint32_t)(y + k) + 1;
        for (ptrdiff_t x = 0; x < width; x++)
            carry[x] = in[x] != 0 ? carry[x] : here;
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
