// peaks.inc.h: the row functions of peaks.c for one pixel type; PIXEL, LEVEL (the threshold from
// the table) and NAME are defined by who includes it.

// Comparisons instead of a maximum of the neighbours where order matters: NaN is above nothing.
static void NAME(suppress_row)(PIXEL *restrict out, const PIXEL *const rows[3], ptrdiff_t width,
                               PIXEL level) {
    const PIXEL *a = rows[0], *b = rows[1], *c = rows[2];
    for (ptrdiff_t x = 0; x < width; x++) {
        PIXEL v = b[x];
        int above = (v > a[x - 1]) & (v > a[x]) & (v > a[x + 1]) & (v > b[x - 1]) & (v > level);
        int level_with = (v >= b[x + 1]) & (v >= c[x - 1]) & (v >= c[x]) & (v >= c[x + 1]);
        out[x] = above & level_with ? v : 0;
    }
}

static void NAME(suppress)(const ppx_job *job, const ppx_block *block) {
    const peaks_table *table = job->table;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *const rows[3] = {block->in[k - 1], block->in[k], block->in[k + 1]};
        NAME(suppress_row)(block->out[k], rows, job->in.width, LEVEL(table));
    }
}

enum { NAME(CHUNK) = 64 / sizeof(PIXEL) };

static INLINE bool NAME(blank)(const PIXEL *row) {
    int any = 0;
    for (int k = 0; k < NAME(CHUNK); k++)
        any |= row[k] != 0;
    return !any;
}

// Peaks are few: most of a row is passed in chunks.
static ppx_status NAME(collect)(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                ppx_error *error) {
    const ptrdiff_t width = job->in.width;
    size_t n = 0;
    ppx_status status =
        ppx_pool_reserve(&piece->a, ((size_t)piece->nrows + 1) * sizeof(size_t), error);
    if (status)
        return status;
    for (ptrdiff_t k = 0; k < piece->nrows; k++) {
        const PIXEL *row = ppx_image_row(rows, k);
        first_peaks(piece)[k] = n;
        status = reserve(job, piece, n + (size_t)width, error);
        if (status)
            return status;
        uint32_t *columns = piece->b.data;
        peak *records = job->findings ? piece->records.data : NULL;
        for (ptrdiff_t x = 0; x < width; x++) {
            while (x + NAME(CHUNK) <= width && NAME(blank)(row + x))
                x += NAME(CHUNK);
            if (x == width || row[x] == 0)
                continue;
            if (records)
                records[n] = (peak){(uint32_t)x, (uint32_t)(piece->y0 + k), (double)row[x]};
            columns[n++] = (uint32_t)x;
        }
    }
    first_peaks(piece)[piece->nrows] = n;
    piece->ncomponents = n;
    return PPX_OK;
}

#undef PIXEL
#undef NAME
#undef LEVEL
