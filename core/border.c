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

#define PIXEL uint8_t
#define NAME extend_u8
#include "border_row.inc.h"
#define PIXEL uint16_t
#define NAME extend_u16
#include "border_row.inc.h"
#define PIXEL uint32_t
#define NAME extend_u32
#include "border_row.inc.h"
#define PIXEL float
#define NAME extend_f32
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
