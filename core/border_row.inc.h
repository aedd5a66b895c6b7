// border_row.inc.h: ppx_row_extend for one pixel type; included by border.c with PIXEL and
// NAME(name).

// `channels` and `border` are constants where this is called.
static inline void NAME(extend_by)(PIXEL *row, ptrdiff_t width, const int channels, ptrdiff_t side,
                                   ppx_border border, PIXEL fill) {
    // Within the first period the rules are a pixel and a direction from it.
    const ptrdiff_t first = border == PPX_REFLECT ? width - 1 : border == PPX_WRAP ? width : side;
    const ptrdiff_t near = side < first ? side : first;
    PIXEL *left = row - channels, *right = row + width * channels; // outwards from the edges
    for (ptrdiff_t k = 0; k < near; k++)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const ptrdiff_t at = k * channels;
            left[c - at] = border == PPX_CONSTANT    ? fill
                           : border == PPX_REPLICATE ? row[c]
                           : border == PPX_REFLECT   ? row[channels + at + c]
                                                     : right[c - channels - at];
            right[at + c] = border == PPX_CONSTANT    ? fill
                            : border == PPX_REPLICATE ? right[c - channels]
                            : border == PPX_REFLECT   ? right[c - 2 * channels - at]
                                                      : row[at + c];
        }
    for (ptrdiff_t k = near; k < side; k++)
        for (int end = 0; end < 2; end++) {
            const ptrdiff_t x = end ? width + k : -1 - k;
            const ptrdiff_t from = ppx_border_row(border, x, width);
            for (ptrdiff_t c = 0; c < channels; c++)
                row[x * channels + c] = row[from * channels + c];
        }
}

static inline void NAME(extend_channels)(PIXEL *row, ptrdiff_t width, const int channels,
                                         ptrdiff_t side, ppx_border border, PIXEL fill) {
    switch (border) {
    case PPX_REPLICATE:
        NAME(extend_by)(row, width, channels, side, PPX_REPLICATE, fill);
        break;
    case PPX_REFLECT:
        NAME(extend_by)(row, width, channels, side, PPX_REFLECT, fill);
        break;
    case PPX_WRAP:
        NAME(extend_by)(row, width, channels, side, PPX_WRAP, fill);
        break;
    case PPX_CONSTANT:
        NAME(extend_by)(row, width, channels, side, PPX_CONSTANT, fill);
        break;
    }
}

static void NAME(extend)(PIXEL *row, ptrdiff_t width, int channels, ptrdiff_t side,
                         ppx_border border, PIXEL fill) {
    if (channels == 1)
        NAME(extend_channels)(row, width, 1, side, border, fill);
    else
        NAME(extend_channels)(row, width, channels, side, border, fill);
}

#undef PIXEL
#undef NAME
