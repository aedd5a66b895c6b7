// harris.inc.h: the row functions of harris.c for one pixel type; PIXEL, GRADIENT, SUM (of
// products), EXACT (whether sums are whole numbers) and NAME are defined by who includes it.
#include "gradient.inc.h"

// The scratch of a worker: rows of `width` samples, of which the first `radius` lie left of pixel
// 0.
typedef struct NAME(rings) {
    SUM *column[NSUMS]; // sums of products down `block` rows
    SUM *square[NSUMS]; // the same across block columns
    GRADIENT *ring;     // gx and gy of row y in rows 2 s, 2 s + 1 of it, s = slot_of(y)
    size_t width;
} NAME(rings);

static NAME(rings) NAME(rings_in)(const ppx_job *job, void *scratch) {
    NAME(rings) rings = {.width = scratch_width(job)};
    SUM *next = scratch;
    for (int s = 0; s < NSUMS; s++, next += 2 * rings.width) {
        rings.column[s] = next;
        rings.square[s] = next + rings.width;
    }
    rings.ring = (GRADIENT *)next;
    return rings;
}

// Puts the gradients of row b into the slot of the row that leaves and, for whole numbers, moves
// the sums of columns down; in an empty slot the gradients are 0.
static void NAME(enter)(const NAME(rings) * rings, const PIXEL *const rows[3], ptrdiff_t radius,
                        ptrdiff_t width, ptrdiff_t slot) {
    const PIXEL *a = rows[0] - radius, *b = rows[1] - radius, *c = rows[2] - radius;
    GRADIENT *restrict ring_x = rings->ring + 2 * (size_t)slot * rings->width;
    GRADIENT *restrict ring_y = ring_x + rings->width;
    SUM *restrict xx = rings->column[XX], *restrict yy = rings->column[YY];
    SUM *restrict xy = rings->column[XY];
    for (ptrdiff_t x = 0; x < width + 2 * radius; x++) {
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

static void NAME(sum_across)(const NAME(rings) * rings, ptrdiff_t width, ptrdiff_t block) {
    for (int s = 0; s < NSUMS; s++) {
        const SUM *column = rings->column[s];
        SUM *restrict square = rings->square[s];
        memcpy(square, column, (size_t)width * sizeof *square);
        for (ptrdiff_t dx = 1; dx < block; dx++)
            for (ptrdiff_t x = 0; x < width; x++)
                square[x] += column[x + dx];
    }
}

// From columns, where the sums across `across` of them are still to be taken.
static INLINE void NAME(respond)(float *restrict out, SUM *const sums[NSUMS], ptrdiff_t width,
                                 int across, double k, double scale) {
    const SUM *xx = sums[XX], *yy = sums[YY], *xy = sums[XY];
    for (ptrdiff_t x = 0; x < width; x++) {
        SUM a = xx[x], b = yy[x], c = xy[x];
        for (int dx = 1; dx < across; dx++) {
            a += xx[x + dx];
            b += yy[x + dx];
            c += xy[x + dx];
        }
        out[x] = response_of((double)a, (double)b, (double)c, k, scale);
    }
}

static void NAME(harris)(const ppx_job *job, const ppx_block *at) {
    const ptrdiff_t width = job->in.width, block = job->values[BLOCK].i, radius = block / 2;
    const double side = 4 * ppx_type_most(job->in.type) * (double)block;
    const double scale = 1 / (side * side * side * side), k = job->values[K].d;
    const NAME(rings) rings = NAME(rings_in)(job, at->scratch);
    ptrdiff_t next = radius;
    if (at->fresh) {
        memset(at->scratch, 0, job->geometry.scratch_nbytes);
        next = -radius;
    }
    for (ptrdiff_t row = next - radius; row < at->nrows; row++) {
        const ptrdiff_t y = row + radius;
        const PIXEL *const rows[3] = {at->in[y - 1], at->in[y], at->in[y + 1]};
        NAME(enter)(&rings, rows, radius, width, slot_of(at->y + y, block));
        if (row < 0)
            continue;
#if !EXACT
        NAME(sum_columns)(&rings, at->y + row, block);
#endif
        if (block == 3) {
            NAME(respond)(at->out[row], rings.column, width, 3, k, scale);
        } else {
            NAME(sum_across)(&rings, width, block);
            NAME(respond)(at->out[row], rings.square, width, 1, k, scale);
        }
    }
}

#undef PIXEL
#undef GRADIENT
#undef SUM
#undef EXACT
#undef NAME
