// diffuse.inc.h: conversions of diffuse.c for one pixel type; PIXEL, NAME and MOST are defined by
// who includes it.

static void NAME(to)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = job->in.width * job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        float *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = in[x];
    }
}

// Half up: the sample lies in [0, MOST] but for the rounding of the turns.
static void NAME(back)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = job->in.width * job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const float *restrict in = block->in[k];
        PIXEL *restrict out = block->out[k];
        for (ptrdiff_t x = 0; x < n; x++) {
            float v = in[x] < 0 ? 0 : in[x];
            v = v > MOST ? MOST : v;
            int32_t whole = (int32_t)v;
            out[x] = (PIXEL)(whole + (v - (float)whole >= 0.5f)); // v + 0.5f itself would round
        }
    }
}

#undef PIXEL
#undef NAME
#undef MOST
