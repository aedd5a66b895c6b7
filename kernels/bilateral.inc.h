// bilateral.inc.h: the row functions of bilateral.c for one type of pixel and of sample in planes;
// PIXEL, SAMPLE, NAME, ROW (row_whole or row_float) and, for rounding floats, WHOLE are defined by
// who includes it; SHARED: pixels share their weights, which lie in lines.
#define ROW_OF_PASTED(row, colours) row##_##colours
#define ROW_OF(row, colours) ROW_OF_PASTED(row, colours)

#include "tile.inc.h"

static void NAME(bilateral)(const ppx_job *job, const ppx_block *block) {
    const bilateral_table *table = job->table;
    const ptrdiff_t r = radius_of(job), colours = colours_of(job);
#ifdef SHARED
    const ptrdiff_t first = -r, nlines = count_lines(r);
#else
    const ptrdiff_t first = 0, nlines = 0;
#endif
    SAMPLE *lines = block->scratch, *planes = lines + nlines * table->stride;
    SAMPLE *out = planes + colours * table->plane + LANES;
    for (ptrdiff_t y0 = 0; y0 < block->nrows; y0 += BLOCK)
        for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += TILE) {
            ptrdiff_t width = job->in.width - x0 < TILE ? job->in.width - x0 : TILE;
            ptrdiff_t nrows = block->nrows - y0 < BLOCK ? block->nrows - y0 : BLOCK;
            NAME(load)
            (job, block->in + y0, nrows, x0, width, r, planes, table->stride, table->plane);
            for (ptrdiff_t y = first; y < nrows; y++) {
                const SAMPLE *centre = planes + (y + r) * table->stride + r;
                if (colours == 1)
                    ROW_OF(ROW, 1)(table, centre, out, width, lines, y);
                else
                    ROW_OF(ROW, 3)(table, centre, out, width, lines, y);
                for (ptrdiff_t c = 0; y >= 0 && c < colours; c++)
                    NAME(store)(job, block->out[y0 + y], x0, c, out + c * (TILE + LANES), width);
            }
        }
}

#undef ROW_OF_PASTED
#undef ROW_OF
#undef ROW
#undef PIXEL
#undef SAMPLE
#undef WHOLE
#undef SHARED
#undef NAME
