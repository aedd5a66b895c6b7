// border_row.inc.h: ppx_row_extend for one pixel type; included by border.c with PIXEL and NAME.

static void NAME(PIXEL *row, ptrdiff_t width, int channels, ptrdiff_t side, ppx_border border,
                 PIXEL fill) {
    // Within the first period the rules are a pixel and a direction from it.
    ptrdiff_t first = border == PPX_REPLICATE ? PTRDIFF_MAX
                      : border == PPX_REFLECT ? width - 1
                      : border == PPX_WRAP    ? width
                                              : 0;
    for (ptrdiff_t k = 0; k < side; k++) {
        const ptrdiff_t x[2] = {-1 - k, width + k};
        ptrdiff_t from[2] = {0, width - 1};
        if (k >= first) {
            from[0] = ppx_border_row(border, x[0], width);
            from[1] = ppx_border_row(border, x[1], width);
        } else if (border == PPX_REFLECT) {
            from[0] = k + 1;
            from[1] = width - 2 - k;
        } else if (border == PPX_WRAP) {
            from[0] = width - 1 - k;
            from[1] = k;
        }
        for (int end = 0; end < 2; end++)
            for (int c = 0; c < channels; c++)
                row[x[end] * channels + c] = from[end] < 0 ? fill : row[from[end] * channels + c];
    }
}

#undef PIXEL
#undef NAME
