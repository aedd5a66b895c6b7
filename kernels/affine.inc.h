// affine.inc.h: affine.c for one sample type. PIXEL and NAME are defined by who includes it;
// NEAREST_ONLY for samples that must not be mixed, IN_INTEGERS for u8, MOST for u16.

// The samples that one output pixel needs, as rows that begin with the first of them: where they
// lie, or copies in `patch` where some of them lie outside of the image.
static INLINE void NAME(collect)(const PIXEL *rows[4], PIXEL patch[4][16], const source *from,
                                 ptrdiff_t x, ptrdiff_t y, int ntaps, ptrdiff_t channels) {
    const PIXEL *const *in = (const PIXEL *const *)from->in;
    if (x >= 0 && y >= 0 && x + ntaps <= from->width && y + ntaps <= from->height) {
        for (int j = 0; j < ntaps; j++)
            rows[j] = in[y + j - from->first] + x * channels;
        return;
    }
    for (int j = 0; j < ntaps; j++) {
        ptrdiff_t yj = clamp(y + j, from->height);
        for (int i = 0; i < ntaps; i++) {
            ptrdiff_t xi = clamp(x + i, from->width);
            bool blank = from->constant && (xi != x + i || yj != y + j);
            for (ptrdiff_t c = 0; c < channels; c++)
                patch[j][i * channels + c] = blank ? 0 : in[yj - from->first][xi * channels + c];
        }
        rows[j] = patch[j];
    }
}

#ifndef NEAREST_ONLY
#ifdef IN_INTEGERS
static INLINE void NAME(mix)(PIXEL *out, const PIXEL *const rows[4], const affine_table *table,
                             uint32_t fx, uint32_t fy, int ntaps, ptrdiff_t channels) {
    int16_t two_x[2] = {(int16_t)(LINEAR_ONE - fx / 32), (int16_t)(fx / 32)};
    int16_t two_y[2] = {(int16_t)(LINEAR_ONE - fy / 32), (int16_t)(fy / 32)};
    const int16_t *wx = ntaps == 2 ? two_x : table->cubic[fx / 64];
    const int16_t *wy = ntaps == 2 ? two_y : table->cubic[fy / 64];
    const int shift = ntaps == 2 ? LINEAR_BITS - 6 : CUBIC_BITS - 6; // keeps 6 bits of a level
    const int last = ntaps == 2 ? LINEAR_BITS + 6 : CUBIC_BITS + 6;
    for (ptrdiff_t c = 0; c < channels; c++) {
        int32_t sum = 1 << (last - 1);
        for (int j = 0; j < ntaps; j++) {
            int32_t row = 1 << (shift - 1);
            for (int i = 0; i < ntaps; i++)
                row += wx[i] * rows[j][i * channels + c];
            sum += (row >> shift) * wy[j];
        }
        sum >>= last;
        out[c] = (PIXEL)(sum < 0 ? 0 : sum > UINT8_MAX ? UINT8_MAX : sum);
    }
}
#else
static INLINE void NAME(mix)(PIXEL *out, const PIXEL *const rows[4], const affine_table *table,
                             uint32_t fx, uint32_t fy, int ntaps, ptrdiff_t channels) {
    (void)table;
    float wx[4], wy[4];
    float_weights(wx, (float)fx * (1.0f / 65536), ntaps);
    float_weights(wy, (float)fy * (1.0f / 65536), ntaps);
    for (ptrdiff_t c = 0; c < channels; c++) {
        float sum = 0;
        for (int j = 0; j < ntaps; j++) {
            float row = 0;
            for (int i = 0; i < ntaps; i++)
                row += wx[i] * (float)rows[j][i * channels + c];
            sum += row * wy[j];
        }
#ifdef MOST
        sum = sum + 0.5f > 0 ? sum + 0.5f : 0; // so that cutting off the fraction is floor
        out[c] = (PIXEL)(int32_t)(sum < MOST ? sum : MOST);
#else
        out[c] = sum;
#endif
    }
}
#endif
#endif

// Pixels [0, n) of a tile, ntaps and channels constants where this is called.
static INLINE void NAME(tile)(PIXEL *out, const affine_table *table, const source *from,
                              const start *s, ptrdiff_t n, int ntaps, ptrdiff_t channels) {
    const ptrdiff_t before = ntaps == 4;
    for (ptrdiff_t k = 0; k < n; k++, out += channels) {
        int32_t x = s->fx + table->step_x[k], y = s->fy + table->step_y[k];
        const PIXEL *rows[4];
        PIXEL patch[4][16];
        NAME(collect)
        (rows, patch, from, s->x + (x >> 16) - before, s->y + (y >> 16) - before, ntaps, channels);
#ifndef NEAREST_ONLY
        if (ntaps > 1) {
            NAME(mix)(out, rows, table, (uint32_t)x & 65535, (uint32_t)y & 65535, ntaps, channels);
            continue;
        }
#endif
        for (ptrdiff_t c = 0; c < channels; c++)
            out[c] = rows[0][c];
    }
}

static INLINE void NAME(tile_of)(PIXEL *out, const affine_table *table, const source *from,
                                 const start *s, ptrdiff_t n, int ntaps, ptrdiff_t channels) {
    switch (channels) {
    case 1:
        NAME(tile)(out, table, from, s, n, ntaps, 1);
        break;
    case 3:
        NAME(tile)(out, table, from, s, n, ntaps, 3);
        break;
    default:
        NAME(tile)(out, table, from, s, n, ntaps, channels);
        break;
    }
}

static void NAME(any_tile)(void *out, const affine_table *table, const source *from, const start *s,
                           ptrdiff_t n, int ntaps, ptrdiff_t channels) {
    if (ntaps == 1)
        NAME(tile_of)(out, table, from, s, n, 1, channels);
#ifndef NEAREST_ONLY
    else if (ntaps == 2)
        NAME(tile_of)(out, table, from, s, n, 2, channels);
    else
        NAME(tile_of)(out, table, from, s, n, 4, channels);
#endif
}

#undef PIXEL
#undef NAME
#undef NEAREST_ONLY
#undef IN_INTEGERS
#undef MOST
