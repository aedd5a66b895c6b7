// rank_columns.c: rank filters of larger windows of u8 by histograms of columns (Perreault, Hebert,
// Median filtering in constant time, IEEE TIP 16, 2007). Going down, a column of the window takes
// one sample in and lets one go; going right, the window's histogram takes one column in and lets
// one go. The fine tier of the window is kept only for the high half where the rank is. Cost:
// hardly depends on the radius. A tile's columns (272 bytes each) stay in the L2 cache.
#include "rank.h"

#include "rank_columns.inc.h"

enum { TILE = 512 };

static ptrdiff_t tile_width(const ppx_job *job) {
    return ppx_rank_least(TILE, job->in.width);
}

size_t ppx_columns_scratch(const ppx_job *job, const ppx_rank *r) {
    return columns_nbytes(tile_width(job) + r->k - 1) + (size_t)(tile_width(job) + r->k) * 4;
}

void ppx_columns_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    const ptrdiff_t step = job->in.channels, radius = r->radius, tile = tile_width(job);
    // The first output row has its samples already: a row of zeros goes and one comes.
    uint8_t *zeros = (uint8_t *)block->scratch + columns_nbytes(tile + r->k - 1);
    memset(zeros, 0, (size_t)((tile + r->k - 1) * step));
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += tile) {
            const ptrdiff_t n = ppx_rank_least(tile, job->in.width - x0), ncolumns = n + r->k - 1;
            const ptrdiff_t first = (x0 - radius) * step + c;
            const columns all = columns_at(block->scratch, ncolumns);
            memset(block->scratch, 0, columns_nbytes(ncolumns));
            for (ptrdiff_t k = -radius; k <= radius; k++) {
                const uint8_t *in = (const uint8_t *)block->in[k] + first;
                for (ptrdiff_t x = 0; x < ncolumns; x++)
                    column_enter(all, x, in[x * step]);
            }
            for (ptrdiff_t i = 0; i < block->nrows; i++) {
                const uint8_t *enters = zeros, *leaves = zeros;
                if (i > 0) {
                    enters = (const uint8_t *)block->in[i + radius] + first;
                    leaves = (const uint8_t *)block->in[i - radius - 1] + first;
                }
                slide_columns(all, enters, leaves, r->k, (int)r->rank,
                              (uint8_t *)block->out[i] + x0 * step + c, NULL, n, step);
            }
        }
}
