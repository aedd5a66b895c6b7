// lbp.inc.h: the row function of lbp.c for one pixel type; PIXEL, CODE (as wide as a pixel, so that
// comparisons are masks of it) and NAME are defined by who includes it.

static void NAME(codes_row)(const PIXEL *restrict above, const PIXEL *restrict here,
                            const PIXEL *restrict below, uint8_t *restrict out, ptrdiff_t width) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const PIXEL c = here[x];
        CODE code = here[x + 1] >= c ? 1 : 0;
        code |= above[x + 1] >= c ? 2 : 0;
        code |= above[x] >= c ? 4 : 0;
        code |= above[x - 1] >= c ? 8 : 0;
        code |= here[x - 1] >= c ? 16 : 0;
        code |= below[x - 1] >= c ? 32 : 0;
        code |= below[x] >= c ? 64 : 0;
        code |= below[x + 1] >= c ? 128 : 0;
        out[x] = (uint8_t)code;
    }
}

static void NAME(lbp)(const ppx_job *job, const ppx_block *block) {
    const uint8_t *table = job->values[CODES].i == RAW ? NULL : job->table;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        uint8_t *out = block->out[k];
        NAME(codes_row)(block->in[k - 1], block->in[k], block->in[k + 1], out, job->in.width);
        for (ptrdiff_t x = 0; table && x < job->in.width; x++)
            out[x] = table[out[x]];
    }
}

#undef PIXEL
#undef CODE
#undef NAME
