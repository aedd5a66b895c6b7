// blend.inc.h: the row functions of blend.c for one pixel type; PIXEL, NAME and, for float,
// PIXEL_IS_FLOAT are defined by who includes it.

static void NAME(blend)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = job->in.width * job->in.channels;
#ifdef PIXEL_IS_FLOAT
    const float weight = (float)job->values[ALPHA].d, rest = 1 - weight;
#else
    const int32_t weight = (int32_t)(job->values[ALPHA].d * WEIGHT_ONE + 0.5);
#endif
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        const PIXEL *restrict with = block->with[k];
        PIXEL *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++) {
#ifdef PIXEL_IS_FLOAT
            out[x] = rest * in[x] + weight * with[x];
#else
            int32_t step = (with[x] - in[x]) * weight + WEIGHT_ONE / 2;
            out[x] = (PIXEL)(in[x] + (step >> WEIGHT_BITS));
#endif
        }
    }
}

static void NAME(diff)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = job->in.width * job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        const PIXEL *restrict with = block->with[k];
        PIXEL *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL more = in[x] > with[x] ? in[x] : with[x];
            PIXEL less = in[x] > with[x] ? with[x] : in[x];
            out[x] = (PIXEL)(more - less);
        }
    }
}

#undef PIXEL
#undef NAME
#undef PIXEL_IS_FLOAT
