// hough_lines.inc.h: the row functions of hough_lines.c for one pixel type; PIXEL, NAME and MOST
// are defined by who includes it.

static INLINE bool NAME(is_blank)(const PIXEL *row, ptrdiff_t n) {
    int any = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        any |= row[k];
    return !any;
}

// The edges among pixels [x, x + n), n <= CHUNK, behind those of the list. Edges lie together: what
// is not blank is taken without a branch.
static INLINE size_t NAME(collect)(edges *list, const PIXEL *row, ptrdiff_t x, ptrdiff_t n,
                                   uint32_t y) {
    size_t found = list->n;
    for (ptrdiff_t k = x; k < x + n; k++) {
        list->found[found] = (uint32_t)k | y;
        found += row[k] != 0;
    }
    return found;
}

static void NAME(add)(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                      uint64_t *counters, void *scratch) {
    edges *list = scratch;
    const ptrdiff_t width = job->in.width;
    list->n = 0;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const PIXEL *row = rows[k];
        ptrdiff_t x = 0;
        for (; x + CHUNK <= width; x += CHUNK) {
            if (NAME(is_blank)(row + x, CHUNK))
                continue;
            for (ptrdiff_t part = x; part < x + CHUNK; part += 8)
                if (!NAME(is_blank)(row + part, 8))
                    list->n = NAME(collect)(list, row, part, 8, (uint32_t)k << X_BITS);
            if (list->n + 2 * CHUNK > LIST)
                vote(job, list, y, counters);
        }
        list->n = NAME(collect)(list, row, x, width - x, (uint32_t)k << X_BITS);
        if (list->n + 2 * CHUNK > LIST)
            vote(job, list, y, counters);
    }
    if (list->n)
        vote(job, list, y, counters);
}

static void NAME(draw)(const ppx_job *job, const ppx_block *block) {
    const lines_table *table = job->table;
    const line *lines = kept_lines(job);
    const size_t nbytes = (size_t)job->in.width * sizeof(PIXEL);
    const size_t n = job->values[DRAW].i == NONE ? 0 : table->n;
    for (ptrdiff_t row = 0; row < block->nrows; row++) {
        PIXEL *out = block->out[row];
        if (job->values[DRAW].i == ALONE)
            memset(out, 0, nbytes);
        else
            memcpy(out, block->in[row], nbytes);
        for (size_t k = 0; k < n; k++) {
            ptrdiff_t from, to;
            span_of(&table->angles[lines[k].k], &lines[k], block->y + row, job->in.width, &from,
                    &to);
            for (ptrdiff_t x = from; x < to; x++)
                out[x] = MOST;
        }
    }
}

#undef PIXEL
#undef NAME
#undef MOST
