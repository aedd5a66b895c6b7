// border.c: what lies outside of the image, for rows and for columns.
#include <string.h>

#include "memory.h"
#include "runner.h"

// All rules are periodic in the coordinate, so radii larger than the image need no extra case.
ptrdiff_t ppx_border_row(ppx_border border, ptrdiff_t y, ptrdiff_t height) {
    if (y >= 0 && y < height)
        return y;
    ptrdiff_t period;
    switch (border) {
    case PPX_REPLICATE:
        return y < 0 ? 0 : height - 1;
    case PPX_REFLECT:
        if (height == 1)
            return 0;
        period = 2 * (height - 1);
        y = (y % period + period) % period;
        return y < height ? y : period - y;
    case PPX_WRAP:
        return (y % height + height) % height;
    case PPX_CONSTANT:
        break;
    }
    return -1;
}

void ppx_border_span(ppx_border border, ptrdiff_t a, ptrdiff_t b, ptrdiff_t height, ptrdiff_t *from,
                     ptrdiff_t *to) {
    PPX_ASSERT(border != PPX_WRAP);
    ptrdiff_t last = height - 1, above = a < 0 ? -a : 0, below = b - 1 > last ? b - 1 - last : 0;
    ptrdiff_t low = a < 0 ? 0 : a > last ? last : a;
    ptrdiff_t high = b - 1 < 0 ? 0 : b - 1 > last ? last : b - 1;
    if (border == PPX_REFLECT) { // as far inside as outside
        above = above < last ? above : last;
        below = below < last ? below : last;
        high = above > high ? above : high;
        low = last - below < low && below ? last - below : low;
    }
    *from = low;
    *to = high + 1;
}

#define PIXEL uint8_t
#define NAME(name) name##_u8
#include "border_row.inc.h"
#define PIXEL uint16_t
#define NAME(name) name##_u16
#include "border_row.inc.h"
#define PIXEL uint32_t
#define NAME(name) name##_u32
#include "border_row.inc.h"
#define PIXEL float
#define NAME(name) name##_f32
#include "border_row.inc.h"

void ppx_row_extend(void *row, ptrdiff_t width, int channels, ppx_type type, ptrdiff_t side,
                    ppx_border border, double fill) {
    switch (type) {
    case PPX_U8:
        extend_u8(row, width, channels, side, border, (uint8_t)fill);
        break;
    case PPX_U16:
        extend_u16(row, width, channels, side, border, (uint16_t)fill);
        break;
    case PPX_U32:
        extend_u32(row, width, channels, side, border, (uint32_t)fill);
        break;
    case PPX_F32:
        extend_f32(row, width, channels, side, border, (float)fill);
        break;
    }
}
