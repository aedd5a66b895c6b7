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

static inline void NAME(apart)(PIXEL *restrict out, const PIXEL *restrict in,
                               const PIXEL *restrict with, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL more = in[x] > with[x] ? in[x] : with[x];
        PIXEL less = in[x] > with[x] ? with[x] : in[x];
        out[x] = (PIXEL)(more - less);
    }
}

// A large output is made in pieces in the first cache, and goes around the others from there.
static void NAME(diff)(const ppx_job *job, const ppx_block *block) {
    enum { PIECE = 2048 / sizeof(PIXEL) };
    const ptrdiff_t n = job->in.width * job->in.channels;
    PIXEL piece[PIECE] __attribute__((aligned(32)));
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *in = block->in[k], *with = block->with[k];
        PIXEL *out = block->out[k];
        const bool far = ppx_is_far(block, out);
        if (!far)
            NAME(apart)(out, in, with, n);
        for (ptrdiff_t x = 0; far && x < n; x += PIECE) {
            const ptrdiff_t part = n - x < PIECE ? n - x : PIECE;
            NAME(apart)(piece, in + x, with + x, part);
            ppx_copy_row(out + x, piece, (size_t)part * sizeof(PIXEL), true);
        }
    }
    ppx_far_end(block->far);
}

#undef PIXEL
#undef NAME
#undef PIXEL_IS_FLOAT
