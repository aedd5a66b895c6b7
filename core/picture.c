// picture.c: any image as one that can be looked at: gray or RGB of 8 bits.
//
// Colours of labels: the hue goes round by the golden ratio from label to label, so that labels
// that follow each other, and those near to them, are far apart (Knuth, The Art of Computer
// Programming 3, 6.4, on Fibonacci hashing); the brightness has three steps.
#include "picture.h"

#include <math.h>

static double sample(const ppx_image *image, ptrdiff_t y, ptrdiff_t k) {
    const void *row = ppx_image_row(image, y);
    switch (image->shape.type) {
    case PPX_U8:
        return ((const uint8_t *)row)[k];
    case PPX_U16:
        return ((const uint16_t *)row)[k];
    case PPX_U32:
        return ((const uint32_t *)row)[k];
    default:
        return (double)((const float *)row)[k];
    }
}

void ppx_picture_range(const ppx_image *image, double range[2]) {
    const int colours = ppx_shape_colours(image->shape);
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (ptrdiff_t y = 0; y < image->shape.height; y++)
        for (ptrdiff_t x = 0; x < image->shape.width; x++)
            for (int c = 0; c < colours; c++) {
                double value = sample(image, y, x * image->shape.channels + c);
                if (!isfinite(value))
                    continue;
                range[0] = value < range[0] ? value : range[0];
                range[1] = value > range[1] ? value : range[1];
            }
    if (range[0] > range[1]) {
        range[0] = 0;
        range[1] = 1;
    }
}

static uint8_t level(double value, double black, double white) {
    double share = white > black ? (value - black) / (white - black) : 0;
    share = share > 0 ? share : 0; // NaN too
    return (uint8_t)(255 * (share < 1 ? share : 1) + 0.5);
}

// The hue as six edges of the colour cube, from 0 to 6 * 256.
static void label_colour(uint32_t label, uint8_t rgb[3]) {
    if (!label) {
        rgb[0] = rgb[1] = rgb[2] = 0;
        return;
    }
    uint32_t hue = (uint32_t)(((uint64_t)(label * 2654435769u) * 1536) >> 32);
    uint32_t bright = 255 - label % 3 * 45, up = hue % 256 * bright / 256, low = bright / 5;
    uint32_t down = bright - up;
    const uint32_t edges[6][3] = {{bright, up, low},   {down, bright, low}, {low, bright, up},
                                  {low, down, bright}, {up, low, bright},   {bright, low, down}};
    for (int c = 0; c < 3; c++) {
        uint32_t value = edges[hue / 256][c];
        rgb[c] = (uint8_t)(value > low ? value : low);
    }
}

ppx_status ppx_picture_make(const ppx_image *image, ppx_picture_kind kind, const double range[2],
                            ppx_image *picture, ppx_error *error) {
    const ppx_shape from = image->shape;
    const bool labels = kind == PPX_PICTURE_LABELS;
    const int colours = ppx_shape_colours(from);
    const double black = from.type == PPX_U32 || from.type == PPX_F32 ? range[0] : 0;
    const double white = from.type == PPX_U8    ? UINT8_MAX
                         : from.type == PPX_U16 ? UINT16_MAX
                                                : range[1];
    *picture = (ppx_image){0};
    if (labels && (from.type != PPX_U32 || from.channels != 1))
        return ppx_fail(error, PPX_E_USAGE, "labels are u32 of one channel");
    const ppx_shape to = {from.width, from.height, labels ? 3 : colours, PPX_U8};
    ppx_status status = ppx_image_create(picture, to, error);
    for (ptrdiff_t y = 0; !status && y < from.height; y++) {
        uint8_t *out = ppx_image_row(picture, y);
        for (ptrdiff_t x = 0; x < from.width; x++, out += to.channels)
            if (labels)
                label_colour(((const uint32_t *)ppx_image_row(image, y))[x], out);
            else
                for (int c = 0; c < colours; c++)
                    out[c] = level(sample(image, y, x * from.channels + c), black, white);
    }
    return status;
}
