// resize_linear.inc.h: u8 with two taps along both axes, in integers. Rows first: a pixel is
// a + (b - a) w, with w in 1/2^14 and the product rounded to 1/2^6 of a level. Then columns, the
// same of two such lines, rounded to 1/2^6 again and then to whole levels. A line serves all
// output rows that look at its row of the input.

static INLINE int32_t mix(int32_t a, int32_t b, int32_t w) {
    return a + (((b - a) * w + FIXED_ONE / 2) >> 14);
}

static void plain_row(int16_t *restrict line, const uint8_t *restrict in, const resize_table *table,
                      ptrdiff_t channels) {
    const int32_t *first = at(table, table->x.first);
    const int16_t *fixed = at(table, table->x.fixed);
    const ptrdiff_t next = table->x.in > 1 ? channels : 0;
    for (ptrdiff_t x = 0; x < table->x.out; x++)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const uint8_t *tap = in + first[x] * channels + c;
            *line++ = (int16_t)mix(64 * tap[0], 64 * tap[next], fixed[2 * x + 1]);
        }
}

static void plain_column(uint8_t *restrict out, const int16_t *restrict upper,
                         const int16_t *restrict lower, int32_t weight, ptrdiff_t n) {
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = (uint8_t)((mix(upper[k], lower[k], weight) + 32) >> 6);
}

#ifdef __AVX2__
// Both weights are in 1/2^15 and negative, because 1 is not a positive number of 16 bits.
static void couples_row(int16_t *line, const uint8_t *in, const resize_table *table) {
    const int32_t *start = at(table, table->couples.start);
    const int8_t *mask = at(table, table->couples.mask);
    const int16_t *weight = at(table, table->couples.weight);
    const __m256i left = _mm256_set1_epi16(64), less = _mm256_set1_epi16(64 - 64 * 256);
    const int16_t *end = line + BLOCK * table->couples.nblocks;
    for (; line < end; line += 16, start += 2, mask += 32, weight += 16) {
        __m128i low = _mm_loadu_si128((const __m128i *)(in + start[0]));
        __m128i high = _mm_loadu_si128((const __m128i *)(in + start[1]));
        __m256i pair = _mm256_shuffle_epi8(_mm256_setr_m128i(low, high), load(mask));
        __m256i a = _mm256_maddubs_epi16(pair, left), d = _mm256_maddubs_epi16(pair, less);
        store(line, _mm256_add_epi16(a, _mm256_mulhrs_epi16(d, load(weight))));
    }
}

static INLINE __m256i couples_16(const int16_t *upper, const int16_t *lower, __m256i weight) {
    __m256i a = load(upper), d = _mm256_sub_epi16(a, load(lower));
    a = _mm256_add_epi16(a, _mm256_mulhrs_epi16(d, weight));
    return _mm256_mulhrs_epi16(a, _mm256_set1_epi16(1 << 9)); // (a + 32) / 64
}

static void couples_column(uint8_t *out, const int16_t *upper, const int16_t *lower, int32_t weight,
                           ptrdiff_t n, bool far) {
    const __m256i w = _mm256_set1_epi16((int16_t)(-2 * weight));
    for (ptrdiff_t x = 0; x < n; x += BLOCK) {
        __m256i v = _mm256_packus_epi16(couples_16(upper + x, lower + x, w),
                                        couples_16(upper + x + 16, lower + x + 16, w));
        if (n - x >= BLOCK) {
            ppx_far_store(out + x, v, far);
        } else {
            uint8_t last[BLOCK];
            store(last, v);
            memcpy(out + x, last, (size_t)(n - x));
        }
    }
}

static void linear_row(int16_t *line, const uint8_t *in, const resize_table *table,
                       ptrdiff_t channels) {
    if (table->couples.fit)
        couples_row(line, in, table);
    else
        plain_row(line, in, table, channels);
}

static void linear_column(uint8_t *out, const int16_t *upper, const int16_t *lower,
                          const resize_table *table, int32_t weight, ptrdiff_t n, bool far) {
    if (table->couples.fit)
        couples_column(out, upper, lower, weight, n, far);
    else
        plain_column(out, upper, lower, weight, n);
}

// Sixteen means of 2 x 2 pixels.
static INLINE __m256i half_16(const uint8_t *upper, const uint8_t *lower) {
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i sum = _mm256_add_epi16(_mm256_maddubs_epi16(load(upper), ones),
                                   _mm256_maddubs_epi16(load(lower), ones));
    return _mm256_srli_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(2)), 2);
}

// As many pixels of a row of resize_half as there are whole vectors; how many.
static ptrdiff_t half_ahead(uint8_t *out, const uint8_t *a, const uint8_t *b, ptrdiff_t width) {
    ptrdiff_t x = 0;
    for (; x + 32 <= width; x += 32) {
        __m256i v = _mm256_packus_epi16(half_16(a + 2 * x, b + 2 * x),
                                        half_16(a + 2 * x + 32, b + 2 * x + 32));
        store(out + x, _mm256_permute4x64_epi64(v, 0xd8)); // packing goes by halves
    }
    return x;
}
#else
static void linear_row(int16_t *line, const uint8_t *in, const resize_table *table,
                       ptrdiff_t channels) {
    plain_row(line, in, table, channels);
}

static void linear_column(uint8_t *out, const int16_t *upper, const int16_t *lower,
                          const resize_table *table, int32_t weight, ptrdiff_t n, bool far) {
    (void)table, (void)far;
    plain_column(out, upper, lower, weight, n);
}

static ptrdiff_t half_ahead(uint8_t *out, const uint8_t *a, const uint8_t *b, ptrdiff_t width) {
    (void)out, (void)a, (void)b, (void)width;
    return 0;
}
#endif

static void resize_linear(const ppx_job *job, const ppx_block *block) {
    const resize_table *table = job->table;
    const ptrdiff_t channels = job->in.channels, n = table->x.out * channels;
    const int32_t *first = (const int32_t *)at(table, table->y.first) + block->y;
    const int16_t *fixed = (const int16_t *)at(table, table->y.fixed) + 2 * block->y;
    int16_t *lines[2] = {block->scratch, (int16_t *)block->scratch + line_of(job->geometry.out)};
    ptrdiff_t held[2] = {-1, -1}; // the rows of the lines, an even one and an odd one
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const ptrdiff_t upper = first[k], lower = lesser(upper + 1, table->y.in - 1);
        for (ptrdiff_t row = upper; row <= lower; row++)
            if (held[row % 2] != row) {
                linear_row(lines[row % 2], block->in[row - first[0]], table, channels);
                held[row % 2] = row;
            }
        linear_column(block->out[k], lines[upper % 2], lines[lower % 2], table, fixed[2 * k + 1], n,
                      ppx_is_far(block, block->out[k]));
    }
    ppx_far_end(block->far);
}

// The mean of 2 x 2 gray pixels, which is what the sums come to: all weights are powers of two.
static void resize_half(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = ((const resize_table *)job->table)->x.out;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const uint8_t *restrict a = block->in[2 * k], *restrict b = block->in[2 * k + 1];
        uint8_t *restrict out = block->out[k];
        for (ptrdiff_t x = half_ahead(out, a, b, width); x < width; x++)
            out[x] = (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
    }
}
