// hough_circles.inc.h: the row functions of hough_circles.c for one pixel type; PIXEL, SQUARE (of a
// gradient), LARGEST (a sample) and NAME are defined by who includes it.
#define GRADIENT int32_t
#include "gradient.inc.h"

// |g|^2 at x of the middle row.
static INLINE SQUARE NAME(square)(const PIXEL *a, const PIXEL *b, const PIXEL *c, ptrdiff_t x) {
    const SQUARE gx = (SQUARE)NAME(gx)(a, b, c, x - 1, x + 1, 1, 2);
    const SQUARE gy = (SQUARE)NAME(gy)(a, c, x - 1, x, x + 1, 1, 2);
    return gx * gx + gy * gy;
}

static void NAME(find_strong)(uint8_t *restrict strong, const void *const *in, ptrdiff_t width,
                              SQUARE least) {
    const PIXEL *a = in[-1], *b = in[0], *c = in[1];
    for (ptrdiff_t x = 0; x < width; x++)
        strong[x] = NAME(square)(a, b, c, x) >= least;
}

// in[0] is the row, in[-2] to in[2] are there.
static void NAME(vote_at)(const ppx_job *job, const ring *r, const void *const *in, ptrdiff_t x) {
    const PIXEL *rows[5];
    for (int k = 0; k < 5; k++)
        rows[k] = in[k - 2];
    const int32_t gx = NAME(gx)(rows[1], rows[2], rows[3], x - 1, x + 1, 1, 2);
    const int32_t gy = NAME(gy)(rows[1], rows[3], x - 1, x, x + 1, 1, 2);
    const SQUARE mine = (SQUARE)gx * (SQUARE)gx + (SQUARE)gy * (SQUARE)gy;
    const bool across = (gx < 0 ? -gx : gx) >= (gy < 0 ? -gy : gy);
    const SQUARE before = across ? NAME(square)(rows[1], rows[2], rows[3], x - 1)
                                 : NAME(square)(rows[0], rows[1], rows[2], x);
    const SQUARE after = across ? NAME(square)(rows[1], rows[2], rows[3], x + 1)
                                : NAME(square)(rows[2], rows[3], rows[4], x);
    const bool rises = (across ? gx : gy) > 0;
    if (mine <= (rises ? before : after) || mine < (rises ? after : before))
        return;
    r->rows[r->most][x] |= IS_EDGE;
    ring_vote(r, x, gx, gy, (int32_t)job->values[LEAST].i);
}

static void NAME(vote_row)(const ppx_job *job, const ring *r, const void *const *in) {
    const ptrdiff_t width = job->in.width;
    const int64_t never = 8 * LARGEST; // |g| is below 4 sqrt 2 times that
    const SQUARE edge = (SQUARE)(job->values[EDGE].i < never ? job->values[EDGE].i : never);
    NAME(find_strong)(r->strong, in, width, edge * edge);
    for (ptrdiff_t x = 0; x < width; x++) {
        for (uint64_t eight; x + 8 <= width; x += 8) {
            memcpy(&eight, r->strong + x, sizeof eight);
            if (eight)
                break;
        }
        if (x < width && r->strong[x])
            NAME(vote_at)(job, r, in, x);
    }
}

static void NAME(votes)(const ppx_job *job, const ppx_block *block) {
    const ring r = ring_in(job, block->scratch);
    if (block->fresh)
        memset(r.votes, 0, ring_nbytes(job));
    const ptrdiff_t last = block->nrows - 1 + r.most;
    for (ptrdiff_t row = block->fresh ? -r.most : r.most; row <= last; row++) {
        const ptrdiff_t e = block->y + row, done = row - r.most;
        ring_turn(&r, e);
        if (e >= 0 && e < job->in.height)
            NAME(vote_row)(job, &r, block->in + row);
        ring_pass(&r, done >= 0 ? block->out[done] : NULL, job->in.width);
    }
}

// ---- Drawing ------------------------------------------------------------------------------------

static void NAME(fill)(PIXEL *out, ptrdiff_t from, ptrdiff_t to, ptrdiff_t width) {
    from = from > 0 ? from : 0;
    to = to < width ? to : width - 1;
    for (ptrdiff_t x = from; x <= to; x++)
        out[x] = LARGEST;
}

// Pixels whose distance is r when rounded: r^2 - r < d^2 <= r^2 + r.
static void NAME(draw_circle)(PIXEL *out, const circle *c, ptrdiff_t y, ptrdiff_t width) {
    const ptrdiff_t r = c->radius, x = c->x, dy = y - (ptrdiff_t)c->y;
    const ptrdiff_t most = r * r + r - dy * dy, below = r * r - r - dy * dy;
    if (most < 0)
        return;
    const ptrdiff_t outer = (ptrdiff_t)sqrt((double)most);
    const ptrdiff_t inner = below < 0 ? 0 : (ptrdiff_t)sqrt((double)below) + 1;
    NAME(fill)(out, x - outer, x - inner, width);
    NAME(fill)(out, x + inner, x + outer, width);
}

static void NAME(draw)(const ppx_job *job, const ppx_block *block) {
    const circles_table *table = job->table;
    const size_t nbytes = (size_t)job->in.width * sizeof(PIXEL);
    const size_t n = job->values[DRAW].i == NONE ? 0 : table->n;
    for (ptrdiff_t row = 0; row < block->nrows; row++) {
        PIXEL *out = block->out[row];
        if (job->values[DRAW].i == ALONE)
            memset(out, 0, nbytes);
        else
            memcpy(out, block->with[row], nbytes);
        for (size_t k = 0; k < n; k++)
            NAME(draw_circle)(out, &table->kept[k], block->y + row, job->in.width);
    }
}

#undef PIXEL
#undef SQUARE
#undef LARGEST
#undef NAME
#undef GRADIENT
