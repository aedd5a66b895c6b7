// point.inc.h: the row functions of point.c for one pixel type; PIXEL, NAME, MOST and, where
// it is so, PIXEL_IS_BYTE or PIXEL_IS_FLOAT are defined by who includes it.

static void NAME(invert)(const ppx_job *job, const ppx_block *block) {
    ptrdiff_t n = samples(job);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        PIXEL *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = (PIXEL)(MOST - in[x]);
    }
}

static inline PIXEL NAME(luma)(const PIXEL *rgb) {
#ifdef PIXEL_IS_FLOAT
    return rgb[0] * (4899 / 16384.0f) + rgb[1] * (9617 / 16384.0f) + rgb[2] * (1868 / 16384.0f);
#else
    return (PIXEL)((4899u * rgb[0] + 9617u * rgb[1] + 1868u * rgb[2] + 8192u) >> 14);
#endif
}

static void NAME(gray)(const ppx_job *job, const ppx_block *block) {
    ptrdiff_t width = job->in.width;
    int channels = job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        PIXEL *restrict out = block->out[k];
        if (channels == 3) {
            ptrdiff_t x = 0;
#ifdef PIXEL_IS_BYTE
            x = gray_ahead(out, in, width);
#endif
            for (; x < width; x++)
                out[x] = NAME(luma)(in + 3 * x);
        } else if (channels == 4) {
            for (ptrdiff_t x = 0; x < width; x++) {
                out[2 * x] = NAME(luma)(in + 4 * x);
                out[2 * x + 1] = in[4 * x + 3];
            }
        } else {
            memcpy(out, in, ppx_shape_row_nbytes(job->in));
        }
    }
}

static void NAME(threshold)(const ppx_job *job, const ppx_block *block) {
    ptrdiff_t n = samples(job);
#ifdef PIXEL_IS_FLOAT
    const float t = (float)job->values[0].d;
#else
    // v > t for a whole v is v > floor(t).
    const PIXEL t = (PIXEL)(job->values[0].d < MOST ? job->values[0].d : MOST);
#endif
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        PIXEL *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = in[x] > t ? MOST : 0;
    }
}

#undef PIXEL
#undef NAME
#undef MOST
#undef PIXEL_IS_BYTE
#undef PIXEL_IS_FLOAT
