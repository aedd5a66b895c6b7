// flip.inc.h: the row functions of flip.c for one sample type; PIXEL and NAME are defined by who
// includes it.

static inline void NAME(mirror)(PIXEL *restrict out, const PIXEL *restrict in, ptrdiff_t width,
                                int channels) {
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < channels; c++)
            out[x * channels + c] = in[(width - 1 - x) * channels + c];
}

static void NAME(flip)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->in.width, n = block->nrows;
    for (ptrdiff_t k = 0; k < n; k++) {
        const PIXEL *in = block->in[is_vertical(job) ? n - 1 - k : k];
        if (job->values[DIRECTION].i == VERTICAL)
            memcpy(block->out[k], in, ppx_shape_row_nbytes(job->in));
        else if (job->in.channels == 1) // a constant the compiler can make vectors for
            NAME(mirror)(block->out[k], in, width, 1);
        else
            NAME(mirror)(block->out[k], in, width, job->in.channels);
    }
}

#undef PIXEL
#undef NAME
