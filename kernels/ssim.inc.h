// ssim.inc.h: the row functions of ssim.c for one pixel type; PIXEL and NAME are defined by who
// includes it.
#ifndef PPX_SSIM_BLUR
#define PPX_SSIM_BLUR

static INLINE void load_8(float_8 *to, const float *at) {
    *to = *(const float_8_anywhere *)at;
}

// Of 8 samples; row k of the window is at rows[k].
static INLINE void blur_8(float_8 *out, const float *const rows[TAPS], ptrdiff_t at,
                          const float weight[RADIUS + 1]) {
    float_8 sum, one, other;
    load_8(&sum, rows[RADIUS] + at);
    sum *= weight[0];
    for (int k = 1; k <= RADIUS; k++) {
        load_8(&one, rows[RADIUS - k] + at);
        load_8(&other, rows[RADIUS + k] + at);
        sum += weight[k] * (one + other);
    }
    *out = sum;
}

// The step is a constant where this is called, for the sake of the addresses.
static INLINE void blur_row_by(ssim_scratch *s, ptrdiff_t slot, ptrdiff_t step,
                               const float weight[RADIUS + 1]) {
    for (int f = 0; f < NFIELDS; f++) {
        const float *in = s->across[f] + REACH, *taps[TAPS];
        for (int k = 0; k < TAPS; k++)
            taps[k] = in + (k - RADIUS) * step;
        for (ptrdiff_t x = 0; x < TILE; x += 8) {
            float_8 sum;
            blur_8(&sum, taps, x, weight);
            *(float_8_anywhere *)(s->ring[slot][f] + x) = sum;
        }
    }
}

static void blur_row(ssim_scratch *s, ptrdiff_t slot, ptrdiff_t step, const ssim_table *table) {
    float weight[RADIUS + 1];
    memcpy(weight, table->weight, sizeof weight);
    if (step == 1)
        blur_row_by(s, slot, 1, weight);
    else if (step == 3)
        blur_row_by(s, slot, 3, weight);
    else
        blur_row_by(s, slot, step, weight);
}

static INLINE void similarity(float *out, const float_8 mean[NFIELDS], const ssim_table *table) {
    const float_8 u = mean[U], v = mean[V], uu_vv = u * u + v * v;
    const float_8 both = 2.0F * (mean[PRODUCT] - u * v) + table->c2;
    const float_8 each = (mean[SQUARES] - uu_vv) + table->c2;
    const float_8 x = u + table->half, y = v + table->half;
    *(float_8_anywhere *)out =
        (2.0F * (x * y) + table->c1) * both / ((x * x + y * y + table->c1) * each);
}

// Row y of the image, when row y + RADIUS is in the ring.
static void map_row(ssim_scratch *s, ptrdiff_t y, const ssim_table *shared) {
    const ssim_table table = *shared;
    const float *rows[TAPS];
    ptrdiff_t slot = (y + TAPS - RADIUS) % TAPS;
    for (int k = 0; k < TAPS; k++) {
        rows[k] = s->ring[slot][0];
        slot = slot + 1 < TAPS ? slot + 1 : 0;
    }
    for (ptrdiff_t x = 0; x < TILE; x += 8) {
        float_8 mean[NFIELDS];
        for (int f = 0; f < NFIELDS; f++)
            blur_8(&mean[f], rows, f * TILE + x, table.weight);
        similarity(s->map + x, mean, &table);
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
    float *restrict u = s->across[U], *restrict v = s->across[V];
    float *restrict squares = s->across[SQUARES], *restrict product = s->across[PRODUCT];
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
            map_row(s, row, table);
            if (channels % 2)
                memcpy(out + x, s->map, (size_t)tile * sizeof *out);
            else
                put_colours(out + x / channels * (channels - 1), s->map, tile, channels);
        }
    }
}

#undef PIXEL
#undef NAME
