// gaussian_whole.inc.h: row functions that make a blurred image, for gaussian.c and who else needs
// one: gaussian_u8, gaussian_u16. plan_of is defined by who includes it, after blur.h; job->table
// is a ppx_blur_table.
#include <string.h>

static INLINE uint8_t finish_u8(uint16_t sum, int32_t lost) {
    return (uint8_t)((uint16_t)(sum + (uint16_t)(128 + lost)) >> 8);
}

static INLINE uint16_t finish_u16(float sum, int32_t lost) {
    (void)lost;
    int32_t value = (int32_t)(sum + 0.5f);
    return (uint16_t)(value < 0 ? 0 : value < UINT16_MAX ? value : UINT16_MAX);
}

#define PIXEL uint8_t
#define WORD uint16_t
#define NAME(name) name##_u8
#define SUM uint16_t
#include "gaussian.inc.h"

#define PIXEL uint16_t
#define WORD uint32_t
#define NAME(name) name##_u16
#define SUM float
#include "gaussian.inc.h"
