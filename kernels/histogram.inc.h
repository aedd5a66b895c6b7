// histogram.inc.h: tables and row functions of histogram.c for one pixel type; PIXEL, NAME and MOST
// are defined by who includes it.

// The look-up table that equalizes one channel.
static void NAME(equalizing)(PIXEL *table, const uint64_t *counters) {
    uint64_t n = 0, cdf = 0, least = 0;
    for (size_t v = 0; v <= MOST; v++) {
        least = n ? least : counters[v];
        n += counters[v];
    }
    const uint64_t range = n - least;
    for (size_t v = 0; v <= MOST; v++) {
        cdf += counters[v];
        if (range == 0)
            table[v] = (PIXEL)v;
        else if (cdf < least)
            table[v] = 0;
        else
            table[v] = (PIXEL)((2 * MOST * (cdf - least) + range) / (2 * range));
    }
}

static inline void NAME(look_up_row)(const PIXEL *restrict in, PIXEL *restrict out, ptrdiff_t width,
                                     int channels, int colours, const PIXEL *restrict table) {
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < colours; c++)
            out[x * channels + c] = table[c * ((ptrdiff_t)MOST + 1) + in[x * channels + c]];
}

static void NAME(equalize)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->in.width;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        switch (job->in.channels) {
        case 1:
            NAME(look_up)(block->out[k], block->in[k], width, job->table);
            break;
        case 2:
            NAME(look_up_row)(block->in[k], block->out[k], width, 2, 1, job->table);
            break;
        case 3:
            NAME(look_up_row)(block->in[k], block->out[k], width, 3, 3, job->table);
            break;
        default:
            NAME(look_up_row)(block->in[k], block->out[k], width, 4, 3, job->table);
            break;
        }
    }
}

// Alpha is written too where the pattern of four (or two) makes that cheaper; the runner restores
// it.
static inline void NAME(split_row)(const PIXEL *restrict in, PIXEL *restrict out, ptrdiff_t width,
                                   int channels, const PIXEL t[PPX_MAX_CHANNELS]) {
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < channels; c++)
            out[x * channels + c] = in[x * channels + c] > t[c] ? MOST : 0;
}

static void NAME(split)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->in.width;
    const uint32_t *thresholds = job->table;
    PIXEL t[PPX_MAX_CHANNELS];
    for (int c = 0; c < PPX_MAX_CHANNELS; c++)
        t[c] = (PIXEL)thresholds[c];
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        switch (job->in.channels) {
        case 1:
            NAME(split_row)(block->in[k], block->out[k], width, 1, t);
            break;
        case 2:
            NAME(split_row)(block->in[k], block->out[k], width, 2, t);
            break;
        case 3:
            NAME(split_row)(block->in[k], block->out[k], width, 3, t);
            break;
        default:
            NAME(split_row)(block->in[k], block->out[k], width, 4, t);
            break;
        }
    }
}

#undef PIXEL
#undef NAME
#undef MOST
