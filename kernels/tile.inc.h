// tile.inc.h: a piece of a map's window as planes, one for each colour channel, and back. PIXEL
// (the image's type), SAMPLE (the planes'), NAME and, for rounding, WHOLE are defined by who
// includes it. Alpha is left out. A plane's rows are `stride` samples apart and begin `margin`
// rows and columns before the piece. The includer undefines what it has defined.

static inline void NAME(part)(SAMPLE *restrict to, const PIXEL *restrict from, ptrdiff_t n,
                              ptrdiff_t step) {
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = from[x * step];
}

// Columns [x0, x0 + width) of so many rows with what is around them; the next plane begins `plane`
// samples after this one.
static void NAME(load)(const ppx_job *job, const void *const *rows, ptrdiff_t nrows, ptrdiff_t x0,
                       ptrdiff_t width, ptrdiff_t margin, SAMPLE *planes, ptrdiff_t stride,
                       ptrdiff_t plane) {
    ptrdiff_t channels = job->in.channels, colours = channels - (channels % 2 == 0);
    for (ptrdiff_t y = -margin; y < nrows + margin; y++)
        for (ptrdiff_t c = 0; c < colours; c++) {
            const PIXEL *from = (const PIXEL *)rows[y] + (x0 - margin) * channels + c;
            SAMPLE *to = planes + c * plane + (y + margin) * stride;
            ptrdiff_t n = width + 2 * margin;
            if (channels == 1)
                NAME(part)(to, from, n, 1);
            else if (channels == 3)
                NAME(part)(to, from, n, 3);
            else
                NAME(part)(to, from, n, channels);
        }
}

static inline void NAME(spread)(PIXEL *restrict to, const SAMPLE *restrict from, ptrdiff_t n,
                                ptrdiff_t step) {
#ifdef WHOLE
    for (ptrdiff_t x = 0; x < n; x++)
        to[x * step] = (PIXEL)(int32_t)(from[x] + 0.5f);
#else
    for (ptrdiff_t x = 0; x < n; x++)
        to[x * step] = (PIXEL)from[x];
#endif
}

// A row of one plane becomes channel c of an output row from column x0 on.
static void NAME(store)(const ppx_job *job, void *row, ptrdiff_t x0, ptrdiff_t c,
                        const SAMPLE *from, ptrdiff_t width) {
    ptrdiff_t channels = job->in.channels;
    PIXEL *to = (PIXEL *)row + x0 * channels + c;
    if (channels == 1)
        NAME(spread)(to, from, width, 1);
    else
        NAME(spread)(to, from, width, channels);
}
