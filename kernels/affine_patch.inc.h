// affine_patch.inc.h: what a tile of affine.c looks at, u8, copied from the image. Rows that a turn
// looks at lie far apart in the image, often in the same places of the first-level cache; here they
// lie together, evenly apart, and what is outside of the image is there like the rest.

enum { PATCH_BEYOND = 8 }; // bytes that may be read after a row

// Columns and rows that begin and end a part of the input.
typedef struct box {
    ptrdiff_t x0, x1, y0, y1;
} box;

static INLINE ptrdiff_t lesser(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static INLINE ptrdiff_t greater(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

// What output pixels [x, x + n) of rows [y, y + nrows) look at. Positions are linear: the corners
// tell.
static box box_of(const affine_table *table, ptrdiff_t x, ptrdiff_t y, ptrdiff_t n, ptrdiff_t nrows,
                  int ntaps) {
    box b = {PTRDIFF_MAX, PTRDIFF_MIN, PTRDIFF_MAX, PTRDIFF_MIN};
    for (int corner = 0; corner < 4; corner++) {
        const start s = start_of(table, x, corner / 2 ? y + nrows - 1 : y);
        const ptrdiff_t k = corner % 2 ? n - 1 : 0;
        const ptrdiff_t at_x = s.x + ((s.fx + table->step_x[k]) >> 16) - (ntaps == 4);
        const ptrdiff_t at_y = s.y + ((s.fy + table->step_y[k]) >> 16) - (ntaps == 4);
        b.x0 = lesser(b.x0, at_x);
        b.x1 = greater(b.x1, at_x + ntaps);
        b.y0 = lesser(b.y0, at_y);
        b.y1 = greater(b.y1, at_y + ntaps);
    }
    return b;
}

static bool is_beside(const box *b, const source *from) {
    return b->x1 <= 0 || b->y1 <= 0 || b->x0 >= from->width || b->y0 >= from->height;
}

// From the beginning of one row to the next; 0 where the box is too large to be copied.
static ptrdiff_t patch_stride(const box *b, ptrdiff_t channels) {
    const ptrdiff_t stride = ((b->x1 - b->x0) * channels + PATCH_BEYOND + 31) / 32 * 32;
    return stride * (b->y1 - b->y0) <= PATCH_NBYTES ? stride : 0;
}

static uint8_t *fill(uint8_t *to, const uint8_t *pixel, ptrdiff_t n, size_t channels) {
    for (; n > 0; n--, to += channels)
        memcpy(to, pixel, channels);
    return to;
}

static void copy_patch(uint8_t *patch, ptrdiff_t stride, const box *b, const source *from,
                       ptrdiff_t channels) {
    static const uint8_t blank[4] = {0};
    const ptrdiff_t width = b->x1 - b->x0;
    const ptrdiff_t x0 = lesser(greater(b->x0, 0), from->width);
    const ptrdiff_t x1 = greater(lesser(b->x1, from->width), x0);
    const ptrdiff_t left = lesser(x0 - b->x0, width), inside = x1 - x0;
    for (ptrdiff_t y = b->y0; y < b->y1; y++, patch += stride) {
        const ptrdiff_t row = clamp(y, from->height);
        if (from->constant && row != y) {
            memset(patch, 0, (size_t)(width * channels));
            continue;
        }
        const uint8_t *in = from->in[row - from->first];
        const uint8_t *first = from->constant ? blank : in;
        const uint8_t *last = from->constant ? blank : in + (from->width - 1) * channels;
        uint8_t *to = fill(patch, first, left, (size_t)channels);
        memcpy(to, in + x0 * channels, (size_t)(inside * channels));
        fill(to + inside * channels, last, width - left - inside, (size_t)channels);
    }
}
