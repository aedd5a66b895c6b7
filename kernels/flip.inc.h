// flip.inc.h: a row of flip.c from right to left for one size of pixel; PIXEL, which is copied as a
// whole, and NAME are defined by who includes it.

static void NAME(mirror)(PIXEL *restrict out, const PIXEL *restrict in, ptrdiff_t width) {
    for (ptrdiff_t x = 0; x < width; x++)
        out[x] = in[width - 1 - x];
}

#undef PIXEL
#undef NAME
