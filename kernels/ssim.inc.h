// ssim.inc.h: the row functions of ssim.c for one pixel type; PIXEL and NAME are defined by who
// includes it.
#ifndef PPX_SSIM_BLUR
#define PPX_SSIM_BLUR

static INLINE float blur_of(const float *at, ptrdiff_t step, const float weight[RADIUS + 1]) {
    float sum = weight[0] * at[0];
    for (int k = 1; k <= RADIUS; k++)
        sum += weight[k] * (at[-k * step] + at[k * step]);
    return sum;
}

static INLINE void blur_across(float *restrict out, const float *restrict in, ptrdiff_t step,
                               const ssim_table *table) {
    float weight[RADIUS + 1];
    memcpy(weight, table->weight, sizeof weight);
    for (ptrdiff_t x = 0; x < TILE; x++)
        out[x] = blur_of(in + x, step, weight);
}

// The step is a constant in each call, for the sake of the addresses.
static void blur_row(ssim_scratch *s, ptrdiff_t slot, ptrdiff_t step, const ssim_table *table) {
    for (int f = 0; f < NFIELDS; f++)
        blur_across(s->ring[slot][f], s->across[f] + REACH, step, table);
}

static INLINE float similarity(const float mean[NFIELDS], const ssim_table *table) {
    float u = mean[U], v = mean[V], uu_vv = u * u + v * v, uv = u * v;
    float both = 2 * (mean[PRODUCT] - uv) + table->c2;
    float each = (mean[SQUARES] - uu_vv) + table->c2;
    float x = u + table->half, y = v + table->half;
    return (2 * (x * y) + table->c1) * both / ((x * x + y * y + table->c1) * each);
}

// Row y of the image, when row y + RADIUS is in the ring.
static void map_row(float *restrict out, const ssim_scratch *s, ptrdiff_t y,
                    const ssim_table *shared) {
    const ssim_table table = *shared;
    const float *rows[TAPS];
    for (int k = 0; k < TAPS; k++)
        rows[k] = s->ring[(y + k + 1) % TAPS][0];
    for (ptrdiff_t x = 0; x < TILE; x++) {
        float mean[NFIELDS];
        for (int f = 0; f < NFIELDS; f++) {
            ptrdiff_t at = f * TILE + x;
            mean[f] = table.weight[0] * rows[RADIUS][at];
            for (int k = 1; k <= RADIUS; k++)
                mean[f] += table.weight[k] * (rows[RADIUS - k][at] + rows[RADIUS + k][at]);
        }
        out[x] = similarity(mean, &table);
    }
}

// Leaves alpha, the last of 2 or 4 channels, out.
static void put_colours(float *restrict out, const float *restrict map, ptrdiff_t n, int channels) {
    int colours = channels - 1;
    for (ptrdiff_t x = 0; x < n / channels; x++)
        for (int c = 0; c < colours; c++)
            out[x * colours + c] = map[x * channels + c];
}
#endif

static void NAME(fields)(ssim_scratch *s, const PIXEL *restrict a, const PIXEL *restrict b,
                         ptrdiff_t first, ptrdiff_t n, float half) {
    float *u = s->across[U], *v = s->across[V];
    float *squares = s->across[SQUARES], *product = s->across[PRODUCT];
    for (ptrdiff_t x = first; x < n; x++) {
        float p = (float)a[x - REACH] - half, q = (float)b[x - REACH] - half;
        u[x] = p;
        v[x] = q;
        squares[x] = p * p + q * q;
        product[x] = p * q;
    }
}

static void NAME(ssim)(const ppx_job *job, const ppx_block *block) {
    const ssim_table *table = job->table;
    const int channels = job->in.channels;
    const ptrdiff_t n = job->in.width * channels, reach = RADIUS * channels;
    const ptrdiff_t whole = TILE / channels * channels; // a tile has whole pixels
    ssim_scratch *s = block->scratch;
    for (ptrdiff_t x = 0; x < n; x += whole) {
        const ptrdiff_t tile = n - x < whole ? n - x : whole;
        memset(s->across, 0, sizeof s->across); // beyond the tile's end is nothing to be afraid of
        for (ptrdiff_t y = -RADIUS; y < block->nrows + RADIUS; y++) {
            NAME(fields)
            (s, (const PIXEL *)block->in[y] + x, (const PIXEL *)block->with[y] + x, REACH - reach,
             REACH + tile + reach, table->half);
            blur_row(s, (y + TAPS) % TAPS, channels, table);
            const ptrdiff_t row = y - RADIUS;
            if (row < 0)
                continue;
            float *out = block->out[row];
            map_row(s->map, s, row + RADIUS, table);
            if (channels % 2)
                memcpy(out + x, s->map, (size_t)tile * sizeof *out);
            else
                put_colours(out + x / channels * (channels - 1), s->map, tile, channels);
        }
    }
}

#undef PIXEL
#undef NAME
