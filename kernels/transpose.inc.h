// transpose.inc.h: blocks of transpose.c for one pixel size; PIXEL and NAME are defined by who
// includes it.
//
// A block of SIDE x SIDE pixels is transposed in registers, a vector a row: interleaving row k with
// row k + SIDE/2, for all k, rotates the bits of (row, column) by one place; after log2(SIDE) times
// rows are columns (Stone, Parallel processing with the perfect shuffle, 1971).
#define VECTOR NAME(vector)
#define SIDE (16 / (ptrdiff_t)sizeof(PIXEL))

typedef PIXEL VECTOR __attribute__((vector_size(16)));

static INLINE void NAME(interleave)(VECTOR *to, const VECTOR *from) {
    for (ptrdiff_t k = 0; k < SIDE / 2; k++) {
        to[2 * k] = INTERLEAVE_LOW(from[k], from[k + SIDE / 2]);
        to[2 * k + 1] = INTERLEAVE_HIGH(from[k], from[k + SIDE / 2]);
    }
}

// The block at column x, row y of the input becomes the one at column y, row x of the output.
static INLINE void NAME(block)(const ppx_image *out, const ppx_image *in, ptrdiff_t x0, ptrdiff_t x,
                               ptrdiff_t y) {
    VECTOR a[16], b[16];
    for (ptrdiff_t k = 0; k < SIDE; k++)
        memcpy(&a[k], (const PIXEL *)ppx_image_row(in, y + k) + x0 + x, sizeof a[k]);
    NAME(interleave)(b, a);
    if (SIDE > 2)
        NAME(interleave)(a, b);
    if (SIDE > 4)
        NAME(interleave)(b, a);
    if (SIDE > 8)
        NAME(interleave)(a, b);
    const VECTOR *done = SIDE == 2 || SIDE == 8 ? b : a;
    for (ptrdiff_t k = 0; k < SIDE; k++)
        memcpy((PIXEL *)ppx_image_row(out, x + k) + y, &done[k], sizeof done[k]);
}

// Input rows [y0, y1) of the columns [x0, x0 + ncolumns), with all of them in `out`.
static void NAME(rows)(const ppx_image *out, const ppx_image *in, ptrdiff_t x0, ptrdiff_t ncolumns,
                       ptrdiff_t y0, ptrdiff_t y1) {
    ptrdiff_t whole_x = ncolumns / SIDE * SIDE, whole_y = y0 + (y1 - y0) / SIDE * SIDE;
    for (ptrdiff_t y = y0; y < whole_y; y += SIDE)
        for (ptrdiff_t x = 0; x < whole_x; x += SIDE)
            NAME(block)(out, in, x0, x, y);
    for (ptrdiff_t x = 0; x < ncolumns; x++)
        for (ptrdiff_t y = x < whole_x ? whole_y : y0; y < y1; y++)
            ((PIXEL *)ppx_image_row(out, x))[y] = ((const PIXEL *)ppx_image_row(in, y))[x0 + x];
}

#undef VECTOR
#undef SIDE
#undef PIXEL
#undef NAME
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH
