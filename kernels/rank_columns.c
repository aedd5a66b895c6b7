// rank_columns.c: rank filters of larger windows of u8 by histograms of columns (Perreault, Hebert,
// Median filtering in constant time, IEEE TIP 16, 2007). Going down, a column of the window takes
// one sample in and lets one go; going right, the window's histogram takes one column in and lets
// one go. The fine tier of the window is kept only for the high half where the rank is. Cost:
// hardly depends on the radius. A tile's columns (272 bytes each) stay in the L2 cache.
#include "rank.h"

#include "rank_columns.inc.h"

enum { TILE = MOST_COLUMNS - PPX_RANK_WINDOW };

size_t ppx_columns_scratch(void) {
    return sizeof(columns);
}

void ppx_columns_part(const ppx_job *job, const ppx_rank *r, const ppx_block *block, int c,
                      ptrdiff_t from, ptrdiff_t width) {
    columns *all = block->scratch;
    const ptrdiff_t step = job->in.channels, radius = r->radius;
    for (ptrdiff_t x = from; x < from + width; x += TILE) {
        const ptrdiff_t n = ppx_rank_least(TILE, from + width - x), ncolumns = n + r->k - 1;
        const ptrdiff_t first = (x - radius) * step + c;
        columns_begin(all, r->rank);
        for (ptrdiff_t k = -radius; k <= radius; k++)
            columns_enter(all, (const uint8_t *)block->in[k] + first, ncolumns, step);
        for (ptrdiff_t i = 0; i < block->nrows; i++) {
            if (i > 0)
                columns_move(all, (const uint8_t *)block->in[i + radius] + first,
                             (const uint8_t *)block->in[i - radius - 1] + first, ncolumns, step);
            slide_columns(all, r->k, (uint8_t *)block->out[i] + x * step + c, NULL, n, step);
        }
    }
}

void ppx_columns_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        ppx_columns_part(job, r, block, c, 0, job->in.width);
}
