// scene_numbers.c: a cosine and value noise in integers.
#include "scene.h"

// Taylor polynomials on an eighth of a turn, in 30 fractional bits; the last term left out is below
// 2^-30 (t is at most pi / 4: t^10 / 10! = 2.5e-8 ... t^12 / 12! = 1e-10).
static const int64_t ONE = (int64_t)1 << 30;

static int64_t times(int64_t a, int64_t b) {
    return (a * b) / ONE;
}

static int64_t small_cosine(int64_t t) {
    int64_t s = times(t, t), sum = ONE - s / 90;
    sum = ONE - times(sum, s) / 56;
    sum = ONE - times(sum, s) / 30;
    sum = ONE - times(sum, s) / 12;
    return ONE - times(sum, s) / 2;
}

static int64_t small_sine(int64_t t) {
    int64_t s = times(t, t), sum = ONE - s / 110;
    sum = ONE - times(sum, s) / 72;
    sum = ONE - times(sum, s) / 42;
    sum = ONE - times(sum, s) / 20;
    sum = ONE - times(sum, s) / 6;
    return times(sum, t);
}

int32_t ppx_cosine(uint32_t turn) {
    const uint64_t tau = 6746518852; // 2 pi in 30 fractional bits
    const uint32_t quarter = UINT32_C(1) << 30;
    uint32_t half = turn > 2 * quarter ? -turn : turn;
    bool negative = half > quarter;
    uint32_t left = negative ? 2 * quarter - half : half; // up to a quarter turn
    int64_t value = left <= quarter / 2 ? small_cosine((int64_t)(left * tau >> 32))
                                        : small_sine((int64_t)((quarter - left) * tau >> 32));
    return (int32_t)(negative ? -value : value);
}

// A number of the lattice, `down` of 32768 from its point above to the one below, weighted.
static int32_t lattice(uint64_t above, uint64_t below, int64_t column, int32_t down,
                       int32_t weight) {
    int64_t value = (int64_t)(ppx_hash(above, (uint64_t)column) >> 48) - 32768;
    if (down)
        value +=
            ((int64_t)(ppx_hash(below, (uint64_t)column) >> 48) - 32768 - value) * down / 32768;
    return (int32_t)(value * weight / 65536);
}

// Between lattice points the numbers are blended by 3 t^2 - 2 t^3, first down, then across (value
// noise as in Ebert et al., "Texturing and Modeling", 3rd edition 2003, chapter 2).
void ppx_value_noise(uint64_t key, int64_t period, int32_t weight, ptrdiff_t y, ptrdiff_t x, int n,
                     int32_t *levels) {
    int64_t row = ppx_floor_div(y, period), column = ppx_floor_div(x, period);
    int64_t into = x - column * period; // columns right of the lattice point
    int32_t down = (int32_t)ppx_smooth((uint32_t)((y - row * period) * 32768 / period));
    uint64_t above = ppx_hash(key, (uint64_t)row), below = ppx_hash(key, (uint64_t)row + 1);
    const uint32_t step = (uint32_t)(((int64_t)32768 << 8) / period);
    int32_t left, right = lattice(above, below, column, down, weight);
    for (int k = 0; k < n; into = 0) {
        left = right;
        right = lattice(above, below, ++column, down, weight);
        int end = period - into < n - k ? k + (int)(period - into) : n;
        int32_t rise = right - left;
        uint32_t t = (uint32_t)into * step;
        for (; k < end; k++, t += step)
            levels[k] += left + rise * (int32_t)(ppx_smooth(t >> 8) / 2) / 16384;
    }
}
