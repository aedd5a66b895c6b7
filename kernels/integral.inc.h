// integral.inc.h: the row functions of integral.c for one pixel type; PIXEL and NAME are defined by
// who includes it.

// out[x] = above[x] + the sum of in over [0, x]. With a constant number of channels the running
// sums are registers.
static inline void NAME(sum_row)(const PIXEL *restrict in, const uint32_t *restrict above,
                                 uint32_t *restrict out, ptrdiff_t width, int channels) {
    uint32_t sum[PPX_MAX_CHANNELS] = {0};
    for (ptrdiff_t x = 0; x < width; x++)
        for (int c = 0; c < channels; c++) {
            ptrdiff_t k = x * channels + c;
            sum[c] += in[k];
            out[k] = above[k] + sum[c];
        }
}

// One channel: widened a chunk at a time, in a loop that compilers turn into vectors.
static inline void NAME(sum_row_gray)(const PIXEL *restrict in, const uint32_t *restrict above,
                                      uint32_t *restrict out, ptrdiff_t width) {
    uint32_t wide[CHUNK], sum = 0;
    ptrdiff_t x = 0;
    for (; x + CHUNK <= width; x += CHUNK) {
        for (int k = 0; k < CHUNK; k++)
            wide[k] = in[x + k];
        sum = sum_chunk(wide, above + x, out + x, sum);
    }
    for (; x < width; x++) {
        sum += in[x];
        out[x] = above[x] + sum;
    }
}

static void NAME(sweep)(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                        uint32_t *carry, void *const *out, void *scratch) {
    (void)y, (void)scratch;
    const ptrdiff_t width = job->in.width;
    const uint32_t *above = carry;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        switch (job->in.channels) {
        case 1:
            NAME(sum_row_gray)(rows[k], above, out[k], width);
            break;
        case 2:
            NAME(sum_row)(rows[k], above, out[k], width, 2);
            break;
        case 3:
            NAME(sum_row)(rows[k], above, out[k], width, 3);
            break;
        default:
            NAME(sum_row)(rows[k], above, out[k], width, 4);
            break;
        }
        above = out[k];
    }
    memcpy(carry, above, (size_t)width * (size_t)job->in.channels * sizeof *carry);
}

// Adds the last row of the table of these rows alone: as column sums, so that the rows are added
// from top to bottom without a running sum in each.
static void NAME(summarise)(const ppx_job *job, const void *const *rows, ptrdiff_t y0,
                            ptrdiff_t nrows, uint32_t *carry) {
    (void)y0;
    const ptrdiff_t channels = job->in.channels, n = job->in.width * channels;
    for (ptrdiff_t k = n - 1; k >= channels; k--)
        carry[k] -= carry[k - channels];
    for (ptrdiff_t y = 0; y < nrows; y++) {
        const PIXEL *restrict in = rows[y];
        uint32_t *restrict columns = carry;
        for (ptrdiff_t k = 0; k < n; k++)
            columns[k] += in[k];
    }
    for (ptrdiff_t k = channels; k < n; k++)
        carry[k] += carry[k - channels];
}

#undef PIXEL
#undef NAME
