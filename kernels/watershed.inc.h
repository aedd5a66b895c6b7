// watershed.inc.h: where a flood starts from, for one pixel type; PIXEL, HEIGHT and NAME are
// defined by who includes it.
static void NAME(ground)(const ppx_job *job, const ppx_block *block) {
    const double least = job->values[FLOOR].given ? job->values[FLOOR].d : -INFINITY;
    const int32_t turn = turning(job);
    const ppx_type seeds = job->second ? job->second->rows.shape.type : PPX_U8;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        const void *with = job->second ? block->with[k] : NULL;
        int32_t *restrict heights = block->out[k], *restrict labels = heights + job->in.width;
        for (ptrdiff_t x = 0; x < job->in.width; x++) {
            const int32_t seed = seed_at(with, seeds, x);
            const bool above = (double)in[x] >= least; // not a number is not
            heights[x] = above ? HEIGHT(in[x]) ^ turn : TOP;
            labels[x] = above ? seed : DAM;
        }
    }
}

#undef PIXEL
#undef HEIGHT
#undef NAME
