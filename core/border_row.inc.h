// border_row.inc.h: ppx_row_extend for one pixel type; included by border.c with PIXEL and NAME.

static void NAME(PIXEL *row, ptrdiff_t width, int channels, ptrdiff_t side, ppx_border border,
                 PIXEL fill) {
    for (ptrdiff_t k = 0; k < side; k++) {
        const ptrdiff_t x[2] = {-1 - k, width + k};
        for (int end = 0; end < 2; end++) {
            ptrdiff_t from = ppx_border_row(border, x[end], width);
            for (int c = 0; c < channels; c++)
                row[x[end] * channels + c] = from < 0 ? fill : row[from * channels + c];
        }
    }
}

#undef PIXEL
#undef NAME
