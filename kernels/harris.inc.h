// harris.inc.h: the row functions of harris.c for one pixel type; PIXEL, GRADIENT, SUM (of
// products), EXACT (whether sums are whole numbers) and NAME are defined by who includes it.
#include "gradient.inc.h"

// The scratch of a tile: rows of `width` samples, of which the first `radius` lie left of pixel
// 0.
typedef struct NAME(rings) {
    SUM *column[NSUMS]; // sums of products down `block` rows
    GRADIENT *ring;     // gx and gy of row y in rows 2 s, 2 s + 1 of it, s = slot_of(y)
    size_t width;
} NAME(rings);

static NAME(rings) NAME(rings_in)(const ppx_job *job, void *scratch) {
    NAME(rings) rings = {.width = tile_width(job)};
    SUM *next = scratch;
    for (int s = 0; s < NSUMS; s++, next += rings.width)
        rings.column[s] = next;
    rings.ring = (GRADIENT *)next;
    return rings;
}

// Puts the gradients of a row into the slot of the row that leaves and, for whole numbers, moves
// the sums of columns down; in an empty slot the gradients are 0.
static void NAME(enter)(const PIXEL *const rows[3], ptrdiff_t n, GRADIENT *restrict ring_x,
                        GRADIENT *restrict ring_y, SUM *const sums[NSUMS]) {
    const PIXEL *a = rows[0], *b = rows[1], *c = rows[2];
    SUM *restrict xx = sums[XX], *restrict yy = sums[YY], *restrict xy = sums[XY];
    for (ptrdiff_t x = 0; x < n; x++) {
        GRADIENT gx = NAME(gx)(a, b, c, x - 1, x + 1, 1, 2);
        GRADIENT gy = NAME(gy)(a, c, x - 1, x, x + 1, 1, 2);
#if EXACT
        SUM new_x = gx, new_y = gy, old_x = ring_x[x], old_y = ring_y[x];
        xx[x] += new_x * new_x - old_x * old_x;
        yy[x] += new_y * new_y - old_y * old_y;
        xy[x] += new_x * new_y - old_x * old_y;
#endif
        ring_x[x] = gx;
        ring_y[x] = gy;
    }
    (void)xx, (void)yy, (void)xy;
}

// From sums down columns to the response: sums across `block` of them.
static void NAME(respond)(float *restrict out, SUM *const sums[NSUMS], ptrdiff_t n, int block,
                          float k, float scale) {
    SUM square[NSUMS][TILE];
    for (int s = 0; s < NSUMS; s++) {
        const SUM *column = sums[s];
        memcpy(square[s], column, (size_t)n * sizeof(SUM));
        for (ptrdiff_t dx = 1; dx < block; dx++)
            for (ptrdiff_t x = 0; x < n; x++)
                square[s][x] += column[x + dx];
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        const float xx = (float)square[XX][x], yy = (float)square[YY][x];
        const float xy = (float)square[XY][x];
        out[x] = RESPONSE(xx, yy, xy, k, scale);
    }
}

#if !EXACT
// Row y is in the middle of the ring; sums begin at the top.
static void NAME(sum_columns)(const NAME(rings) * rings, ptrdiff_t y, ptrdiff_t block) {
    SUM *restrict xx = rings->column[XX], *restrict yy = rings->column[YY];
    SUM *restrict xy = rings->column[XY];
    for (int s = 0; s < NSUMS; s++)
        memset(rings->column[s], 0, rings->width * sizeof(SUM));
    for (ptrdiff_t dy = 0; dy < block; dy++) {
        size_t slot = (size_t)slot_of(y - block / 2 + dy, block);
        const GRADIENT *ring_x = rings->ring + 2 * slot * rings->width;
        const GRADIENT *ring_y = ring_x + rings->width;
        for (size_t x = 0; x < rings->width; x++) {
            SUM gx = ring_x[x], gy = ring_y[x];
            xx[x] += gx * gx;
            yy[x] += gy * gy;
            xy[x] += gx * gy;
        }
    }
}
#endif

// The tile that begins at column x, all rows of the block.
static void NAME(harris_tile)(const ppx_job *job, const ppx_block *at, ptrdiff_t x, void *scratch) {
    const ptrdiff_t block = job->values[BLOCK].i, radius = block / 2;
    const ptrdiff_t n = job->in.width - x < TILE ? job->in.width - x : TILE;
    const float scale = scale_of(job), k = (float)job->values[K].d;
    const NAME(rings) rings = NAME(rings_in)(job, scratch);
    ptrdiff_t next = radius; // the row of the block that enters first
    if (at->fresh) {
        memset(scratch, 0, tile_nbytes(job));
        next = -radius;
    }
    for (ptrdiff_t y = next; y < at->nrows + radius; y++) {
        const PIXEL *rows[3];
        for (int dy = -1; dy <= 1; dy++)
            rows[dy + 1] = (const PIXEL *)at->in[y + dy] + x - radius;
        GRADIENT *ring = rings.ring + 2 * (size_t)slot_of(at->y + y, block) * rings.width;
        NAME(enter)(rows, n + 2 * radius, ring, ring + rings.width, rings.column);
        if (y < radius)
            continue;
#if !EXACT
        NAME(sum_columns)(&rings, at->y + y - radius, block);
#endif
        NAME(respond)((float *)at->out[y - radius] + x, rings.column, n, (int)block, k, scale);
    }
}

static void NAME(harris)(const ppx_job *job, const ppx_block *at) {
    char *scratch = at->scratch;
    for (ptrdiff_t x = 0; x < job->in.width; x += TILE, scratch += tile_nbytes(job))
        NAME(harris_tile)(job, at, x, scratch);
}

#undef PIXEL
#undef GRADIENT
#undef SUM
#undef EXACT
#undef NAME
