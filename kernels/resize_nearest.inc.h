// resize_nearest.inc.h: pixels of any type moved whole. With AVX2, sixteen bytes of an output row
// at a time: their bytes lie so close together in the input row, unless it is far larger, that they
// are a shuffle of one vector, or of two, which the table holds.

#ifdef __AVX2__
// The last block begins earlier, so that it ends with the row.
static INLINE void pick_blocks(uint8_t *out, const uint8_t *in, const resize_table *table,
                               ptrdiff_t nbytes, int nwindows, bool far) {
    const picks *p = &table->picks;
    const int32_t *start = at(table, p->start);
    const int8_t *mask = at(table, p->mask);
    for (ptrdiff_t x = 0; x < nbytes; x += BLOCK, start += 2, mask += nwindows * BLOCK) {
        uint8_t *to = out + lesser(x, nbytes - BLOCK);
        if (nwindows == 1) {
            __m128i low = _mm_loadu_si128((const __m128i *)(in + start[0]));
            __m128i high = _mm_loadu_si128((const __m128i *)(in + start[1]));
            __m256i v = _mm256_shuffle_epi8(_mm256_setr_m128i(low, high), load(mask));
            ppx_far_store(to, v, far && x + BLOCK <= nbytes);
            continue;
        }
        for (int half = 0; half < 2; half++) {
            __m256i v = _mm256_shuffle_epi8(load(in + start[half]), load(mask + BLOCK * half));
            _mm_storeu_si128(
                (__m128i *)(to + 16 * half),
                _mm_or_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
        }
    }
}

// Whether there are vectors for that.
static bool pick_row(uint8_t *out, const uint8_t *in, const resize_table *table, ptrdiff_t nbytes,
                     bool far) {
    if (table->picks.nwindows == 1)
        pick_blocks(out, in, table, nbytes, 1, far);
    else if (table->picks.nwindows == 2)
        pick_blocks(out, in, table, nbytes, 2, far);
    return table->picks.nwindows;
}
#else
static bool pick_row(uint8_t *out, const uint8_t *in, const resize_table *table, ptrdiff_t nbytes,
                     bool far) {
    (void)out, (void)in, (void)table, (void)nbytes, (void)far;
    return false;
}
#endif

// Their size is a constant where this is called.
static INLINE void pick(uint8_t *restrict out, const uint8_t *restrict in, const int32_t *first,
                        ptrdiff_t width, ptrdiff_t pixel) {
    for (ptrdiff_t x = 0; x < width; x++)
        memcpy(out + x * pixel, in + first[x] * pixel, (size_t)pixel);
}

static void resize_nearest(const ppx_job *job, const ppx_block *block) {
    const resize_table *table = job->table;
    const int32_t *first_x = at(table, table->x.first);
    const int32_t *first_y = (const int32_t *)at(table, table->y.first) + block->y;
    const ptrdiff_t width = table->x.out;
    const ptrdiff_t pixel = pixel_nbytes(job);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint8_t *in = block->in[first_y[k] - first_y[0]];
        uint8_t *out = block->out[k];
        if (pick_row(out, in, table, width * pixel, ppx_is_far(block, out)))
            continue;
        if (k && first_y[k] == first_y[k - 1])
            memcpy(out, block->out[k - 1], (size_t)(width * pixel));
        else if (pixel == 1)
            pick(out, in, first_x, width, 1);
        else if (pixel == 2)
            pick(out, in, first_x, width, 2);
        else if (pixel == 3)
            pick(out, in, first_x, width, 3);
        else if (pixel == 4)
            pick(out, in, first_x, width, 4);
        else
            pick(out, in, first_x, width, pixel);
    }
    ppx_far_end(block->far);
}
