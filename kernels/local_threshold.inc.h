// local_threshold.inc.h: row functions of local_threshold.c for one pixel type; PIXEL, COLUMN and
// SQUARES (the types of a column's sums), NAME, SUMS and SUMS_OF_SQUARES are defined by who
// includes it.

static void NAME(adaptive)(const ppx_job *job, const ppx_block *block) {
    const box_frame frame = frame_of(job);
    const ptrdiff_t n = frame.width * frame.step;
    PIXEL *means = (PIXEL *)((char *)block->scratch + box_scratch_nbytes(&frame, 1));
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        NAME(box_row)
        (&frame, job->table, block->in + k, starts(job, block, k), block->scratch, means);
        NAME(adaptive_row)(job, block->in[k], means, n, block->out[k]);
    }
}

static inline void NAME(sauvola_chunk)(const PIXEL *restrict in, const double *restrict sums,
                                       const double *restrict squares, ptrdiff_t n,
                                       const sauvola_line *of, PIXEL *restrict out) {
    const sauvola_line line = *of;
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = above((double)in[k], sums[k], squares[k], &line) ? (PIXEL)line.most : 0;
}

static void NAME(sauvola)(const ppx_job *job, const ppx_block *block) {
    const box_frame frame = frame_of(job);
    const sauvola_line line = sauvola_of(job);
    COLUMN *columns = box_line(&frame, block->scratch, 0, sizeof *columns);
    SQUARES *squares = box_line(&frame, block->scratch, 1, sizeof *squares);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const bool start = starts(job, block, k);
        const PIXEL *in = block->in[k];
        PIXEL *out = block->out[k];
        SUMS(columns)(&frame, block->in + k, start, columns);
        SUMS_OF_SQUARES(columns)(&frame, block->in + k, start, squares);
        double before[4], before2[4], sums[BOX_CHUNK + BOX_SPARE], sums2[BOX_CHUNK + BOX_SPARE];
        SUMS(start_row)(&frame, columns, before);
        SUMS_OF_SQUARES(start_row)(&frame, squares, before2);
        for (ptrdiff_t x = 0, many; x < frame.width; x += many) {
            many = box_chunk(&frame, x);
            SUMS(sums)(&frame, columns, x, many, before, sums);
            SUMS_OF_SQUARES(sums)(&frame, squares, x, many, before2, sums2);
            const ptrdiff_t at = x * frame.step;
            NAME(sauvola_chunk)(in + at, sums, sums2, many * frame.step, &line, out + at);
        }
    }
}

#undef PIXEL
#undef COLUMN
#undef SQUARES
#undef NAME
#undef SUMS
#undef SUMS_OF_SQUARES
