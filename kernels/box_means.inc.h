// box_means.inc.h: rows of means from row sums for one type; PIXEL, COLUMN, SUM, NAME (of the sums)
// and MEANS, which turns a chunk of sums into samples, are defined by who includes it.

static inline void NAME(box_means)(const box_frame *f, const box_divisor *d, const void *const *in,
                                   bool start, void *scratch, PIXEL *out) {
    COLUMN *line = box_line(f, scratch, 0, sizeof *line);
    NAME(columns)(f, in, start, line);
    SUM before[4], sums[BOX_CHUNK + BOX_SPARE];
    NAME(start_row)(f, line, before);
    for (ptrdiff_t x = 0, n; x < f->width; x += n) {
        n = box_chunk(f, x);
        NAME(sums)(f, line, x, n, before, sums);
        MEANS(d, sums, n * f->step, out + x * f->step);
    }
}

#undef PIXEL
#undef COLUMN
#undef SUM
#undef NAME
#undef MEANS
