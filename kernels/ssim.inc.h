// ssim.inc.h: the row functions of ssim.c for one pixel type; PIXEL and NAME are defined by who
// includes it, and WHOLE: whether lines are of whole numbers.

#if !WHOLE
static void NAME(fields)(ssim_scratch *s, const PIXEL *restrict a, const PIXEL *restrict b,
                         ptrdiff_t n, const ssim_table *table) {
    const float middle = table->middle, below = table->below;
    for (ptrdiff_t x = MARGIN - RADIUS; x < n + MARGIN + RADIUS; x++) {
        const float p = (float)a[x - MARGIN], q = (float)b[x - MARGIN];
        const float sum = p + q - middle, difference = p - q;
        s->line[SUM].real[x] = sum;
        s->line[DIFFERENCE].real[x] = difference;
        s->line[SUM2].real[x] = sum * sum - below;
        s->line[DIFFERENCE2].real[x] = difference * difference - below;
    }
}

static void NAME(across)(ssim_scratch *s, row_pair *pair, ptrdiff_t row, ptrdiff_t n,
                         const ssim_table *table) {
    for (int f = 0; f < NFIELDS; f++)
        blur_across(pair->at[f][row], s->line[f].real + MARGIN, n, table->across);
}
#endif

// The number of channels is a constant where this is called.
static INLINE void NAME(pick)(PIXEL *restrict line, const PIXEL *restrict row, ptrdiff_t n,
                              int channels) {
    for (ptrdiff_t x = -RADIUS; x < n + RADIUS; x++)
        line[x] = row[x * channels];
}

// One channel of a tile and RADIUS pixels to either side, as if there were no others.
static const PIXEL *NAME(one_channel)(PIXEL line[TILE + 2 * MARGIN], const PIXEL *row, ptrdiff_t n,
                                      int channels) {
    switch (channels) {
    case 1:
        return row;
    case 2:
        NAME(pick)(line + MARGIN, row, n, 2);
        break;
    case 3:
        NAME(pick)(line + MARGIN, row, n, 3);
        break;
    default:
        NAME(pick)(line + MARGIN, row, n, 4);
        break;
    }
    return line + MARGIN;
}

// n pixels of the map. Where it lies in a row without a gap and nothing is beyond, in place.
static void NAME(put_row)(float *out, ssim_scratch *s, int row, ptrdiff_t n, int colours,
                          const ssim_table *table) {
    if (colours == 1 && n == TILE) {
        compare(out, &s->both, row, TILE, WHOLE && ZIPPED, table);
        return;
    }
    compare(s->map, &s->both, row, n, WHOLE && ZIPPED, table);
    for (ptrdiff_t x = 0; x < n; x++)
        out[x * colours] = s->map[x];
}

// Rows of one colour, from sample k of each row on, n pixels: row y - RADIUS of the block into the
// ring, and two rows of the map whenever it is full.
static void NAME(tile)(const ppx_job *job, const ppx_block *block, ptrdiff_t k, ptrdiff_t n) {
    const ssim_table *table = job->table;
    const int channels = job->in.channels, colours = ppx_shape_colours(job->in);
    const ptrdiff_t nrows = block->nrows + 2 * RADIUS, to = k / channels * colours + k % channels;
    ssim_scratch *s = block->scratch;
    PIXEL lines[2][TILE + 2 * MARGIN] = {{0}};
    for (ptrdiff_t y = 0; y < nrows; y++) {
        const PIXEL *a = (const PIXEL *)block->in[y - RADIUS] + k;
        const PIXEL *b = (const PIXEL *)block->with[y - RADIUS] + k;
        a = NAME(one_channel)(lines[0], a, n, channels);
        b = NAME(one_channel)(lines[1], b, n, channels);
        NAME(fields)(s, a, b, n, table);
        NAME(across)(s, &s->ring[y / 2 % PAIRS], y % 2, n, table);
        if (y < 2 * RADIUS || (y % 2 == 0 && y + 1 < nrows))
            continue;
        blur_down(s, y / 2 - RADIUS, (n + 15) / 16 * 16, table);
        const ptrdiff_t first = y / 2 * 2 - 2 * RADIUS;
        for (ptrdiff_t row = first; row < first + 2 && row < block->nrows; row++) {
            NAME(put_row)((float *)block->out[row] + to, s, (int)(row - first), n, colours, table);
            if (row + 2 < block->nrows)
                foresee((float *)block->out[row + 2] + to, n * colours);
        }
    }
}

static void NAME(ssim)(const ppx_job *job, const ppx_block *block) {
    const int channels = job->in.channels, colours = ppx_shape_colours(job->in);
    for (ptrdiff_t x = 0; x < job->in.width; x += TILE) {
        const ptrdiff_t left = job->in.width - x, n = left < TILE ? left : TILE;
        for (int c = 0; c < colours; c++)
            NAME(tile)(job, block, x * channels + c, n);
    }
}

#undef PIXEL
#undef NAME
#undef WHOLE
