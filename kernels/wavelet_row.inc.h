// wavelet_row.inc.h: lifting along a row, for one type of coefficient; WIDE, SIGNED (the type with
// a sign) and NAME are defined by who includes it. Sums are modulo 2^16 or 2^32, see wavelet.c.

// What is predicted of an odd sample from its two neighbours, and what two differences add to the
// even sample between them.
static INLINE WIDE NAME(between)(WIDE a, WIDE b) {
    return (WIDE)((SIGNED)(WIDE)(a + b) >> 1);
}

static INLINE WIDE NAME(update)(WIDE before, WIDE after) {
    return (WIDE)((SIGNED)(WIDE)(before + after + 2) >> 2);
}

// From n pixels to (n + 1) / 2 sums and, behind them, n / 2 differences. `in` has room for a pixel
// more.
static INLINE void NAME(split_pixels)(WIDE *restrict in, WIDE *restrict out, ptrdiff_t n,
                                      int step) {
    const ptrdiff_t nsums = (n + 1) / 2, half = n / 2;
    WIDE *restrict low = out, *restrict high = out + nsums * step;
    if (n == 1) {
        memcpy(out, in, (size_t)step * sizeof *in);
        return;
    }
    if (n % 2 == 0)
        memcpy(in + n * step, in + (n - 2) * step, (size_t)step * sizeof *in);
    for (ptrdiff_t k = 0; k < half; k++)
        for (int c = 0; c < step; c++)
            high[k * step + c] =
                (WIDE)(in[(2 * k + 1) * step + c] -
                       NAME(between)(in[2 * k * step + c], in[(2 * k + 2) * step + c]));
    for (ptrdiff_t k = 1; k < half; k++)
        for (int c = 0; c < step; c++)
            low[k * step + c] = (WIDE)(in[2 * k * step + c] +
                                       NAME(update)(high[(k - 1) * step + c], high[k * step + c]));
    for (int c = 0; c < step; c++) {
        const WIDE first = high[c], last = high[(half - 1) * step + c];
        low[c] = (WIDE)(in[c] + NAME(update)(first, first));
        if (n % 2)
            low[half * step + c] = (WIDE)(in[2 * half * step + c] + NAME(update)(last, last));
    }
}

// And back. `even` has room for (n + 1) / 2 + 1 pixels.
static INLINE void NAME(join_pixels)(const WIDE *restrict in, WIDE *restrict out,
                                     WIDE *restrict even, ptrdiff_t n, int step) {
    const ptrdiff_t nsums = (n + 1) / 2, half = n / 2;
    const WIDE *restrict low = in, *restrict high = in + nsums * step;
    if (n == 1) {
        memcpy(out, in, (size_t)step * sizeof *in);
        return;
    }
    for (ptrdiff_t k = 1; k < half; k++)
        for (int c = 0; c < step; c++)
            even[k * step + c] = (WIDE)(low[k * step + c] -
                                        NAME(update)(high[(k - 1) * step + c], high[k * step + c]));
    for (int c = 0; c < step; c++) {
        const WIDE first = high[c], last = high[(half - 1) * step + c];
        even[c] = (WIDE)(low[c] - NAME(update)(first, first));
        if (n % 2)
            even[half * step + c] = (WIDE)(low[half * step + c] - NAME(update)(last, last));
        else
            even[half * step + c] = even[(half - 1) * step + c];
    }
    for (ptrdiff_t k = 0; k < half; k++)
        for (int c = 0; c < step; c++) {
            const WIDE e = even[k * step + c];
            out[2 * k * step + c] = e;
            out[(2 * k + 1) * step + c] =
                (WIDE)(high[k * step + c] + NAME(between)(e, even[(k + 1) * step + c]));
        }
    if (n % 2)
        memcpy(out + 2 * half * step, even + half * step, (size_t)step * sizeof *out);
}

static void NAME(split_row)(WIDE *in, WIDE *out, ptrdiff_t n, int step) {
    switch (step) {
    case 1:
        NAME(split_pixels)(in, out, n, 1);
        break;
    case 2:
        NAME(split_pixels)(in, out, n, 2);
        break;
    case 3:
        NAME(split_pixels)(in, out, n, 3);
        break;
    default:
        NAME(split_pixels)(in, out, n, 4);
        break;
    }
}

static void NAME(join_row)(const WIDE *in, WIDE *out, WIDE *even, ptrdiff_t n, int step) {
    switch (step) {
    case 1:
        NAME(join_pixels)(in, out, even, n, 1);
        break;
    case 2:
        NAME(join_pixels)(in, out, even, n, 2);
        break;
    case 3:
        NAME(join_pixels)(in, out, even, n, 3);
        break;
    default:
        NAME(join_pixels)(in, out, even, n, 4);
        break;
    }
}

#undef WIDE
#undef SIGNED
#undef NAME
