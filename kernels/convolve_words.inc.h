// convolve_words.inc.h: pair-wise sums of convolve.c in 32 bits, for weights of up to 16 bits and
// processors with AVX2; after convolve_u8.inc.h.
//
// Two rows of a tile are interleaved in 16 bits, in the order of their samples: one instruction
// multiplies the pairs of 8 samples by a pair of weights and adds. A step is two output rows of 32
// samples. No sum can overflow where weights are summed in whole numbers at all.

// Sums of 32 samples in their order, of an output row and of the next one.
typedef struct sums_words {
    __m256i of[2][4];
} sums_words;

static INLINE void add_words(__m256i *sum, __m256i pixels, __m256i weights) {
    *sum = _mm256_add_epi32(_mm256_madd_epi16(pixels, weights), *sum);
    __asm__("" : "+x"(*sum));
}

static INLINE __m256i pair_of_words(const int16_t *weight) {
    int32_t pair;
    memcpy(&pair, weight, sizeof pair);
    return _mm256_set1_epi32(pair);
}

// Loaded once and not again for the next output row: many of these loads touch two lines.
static INLINE __m256i load_words(const int32_t *at) {
    __m256i words = _mm256_loadu_si256((const __m256i *)at);
    __asm__("" : "+x"(words));
    return words;
}

static INLINE void sum_words(sums_words *sums, const convolve_table *table, const int32_t *zipped) {
    const __m256i zero = _mm256_setzero_si256();
    tile_sums s = {zero, zero, zero, zero, zero, zero, zero, zero};
    for (const term *t = table->terms, *end = t + table->nterms; t != end; t++) {
        const int32_t *from = zipped + t->zipped;
        const __m256i a = pair_of_words(t->wide[0]), b = pair_of_words(t->wide[1]);
        const __m256i w0 = load_words(from), w1 = load_words(from + 8);
        add_words(&s.a0, w0, a);
        add_words(&s.b0, w0, b);
        add_words(&s.a1, w1, a);
        add_words(&s.b1, w1, b);
        const __m256i w2 = load_words(from + 16), w3 = load_words(from + 24);
        add_words(&s.a2, w2, a);
        add_words(&s.b2, w2, b);
        add_words(&s.a3, w3, a);
        add_words(&s.b3, w3, b);
    }
    *sums = (sums_words){{{s.a0, s.a1, s.a2, s.a3}, {s.b0, s.b1, s.b2, s.b3}}};
}

// n samples of two rows as pairs of words; whole vectors of 16 are read and written.
static INLINE void zip(int32_t *to, const uint8_t *upper, const uint8_t *lower, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x += 16) {
        const __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(upper + x)));
        const __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(lower + x)));
        const __m256i low = _mm256_unpacklo_epi16(a, b), high = _mm256_unpackhi_epi16(a, b);
        _mm256_storeu_si256((__m256i *)(to + x), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(to + x + 8), _mm256_permute2x128_si256(low, high, 0x31));
    }
}

// Into the order that packing undoes.
static INLINE void order_words(__m256i to[2][2], const __m256i from[4]) {
    to[0][0] = _mm256_permute2x128_si256(from[0], from[2], 0x20);
    to[0][1] = _mm256_permute2x128_si256(from[0], from[2], 0x31);
    to[1][0] = _mm256_permute2x128_si256(from[1], from[3], 0x20);
    to[1][1] = _mm256_permute2x128_si256(from[1], from[3], 0x31);
}

// 64 samples of both rows, in two steps.
static INLINE void make_tile_of_words(uint8_t *const out[2], const convolve_table *table,
                                      const int32_t *zipped, manner how) {
    sums_words some[VECTORS];
    __m256i row[VECTORS][2][2];
    for (int v = 0; v < VECTORS; v++)
        sum_words(&some[v], table, zipped + 32 * v);
    for (int k = 0; k < 2; k++) {
        for (int v = 0; v < VECTORS; v++)
            order_words(row[v], some[v].of[k]);
        finish_row(out[k], row, table, how);
    }
}

// Output row k, and the next one. The manner is a constant where this is called.
static INLINE void make_rows_of_words(const ppx_job *job, const ppx_block *block, ptrdiff_t k,
                                      manner how) {
    const convolve_table *table = job->table;
    const ptrdiff_t n = job->in.width * job->in.channels, side = table->side;
    const ptrdiff_t pitch = zipped_pitch(side);
    const uint8_t *rows[MOST_SIDE + 1];
    uint8_t spare[2][TILE_U8];
    int32_t *zipped = block->scratch;
    const bool alone = rows_of_window(rows, block, k, table->height);
    for (ptrdiff_t x = 0; x < n; x += TILE_U8) {
        const ptrdiff_t at = x % TILE_WORDS, rest = n - x < TILE_WORDS ? n - x : TILE_WORDS;
        for (ptrdiff_t j = 0; at == 0 && j < table->height; j += 2)
            zip(zipped + j / 2 * pitch, rows[j] + x - side, rows[j + 1] + x - side,
                rest + 2 * side);
        const bool whole = n - x >= TILE_U8;
        uint8_t *here = (uint8_t *)block->out[k] + x;
        uint8_t *next = alone ? spare[1] : (uint8_t *)block->out[k + 1] + x;
        uint8_t *const to[2] = {whole ? here : spare[0], whole ? next : spare[1]};
        make_tile_of_words(to, table, zipped + side + at, how);
        if (whole)
            continue;
        memcpy(here, spare[0], (size_t)(n - x));
        if (!alone)
            memcpy(next, spare[1], (size_t)(n - x));
    }
}

static void convolve_words(const ppx_job *job, const ppx_block *block) {
    const manner how = manner_of(job->table);
    for (ptrdiff_t k = 0; k < block->nrows; k += 2) {
        if (how == ADD_32)
            make_rows_of_words(job, block, k, ADD_32);
        else if (how == BY_FLOAT)
            make_rows_of_words(job, block, k, BY_FLOAT);
        else if (how == BY_DOUBLE)
            make_rows_of_words(job, block, k, BY_DOUBLE);
        else
            make_rows_of_words(job, block, k, BY_FORMULA);
    }
}
