// convolve_u8.inc.h: pair-wise sums of convolve.c, for processors with AVX2. The sums are whole
// numbers and so the same as on any other way.
//
// A tile is two output rows of 64 samples. Interleaving two vectors of 32 bytes gives two of pairs,
// `low` of samples 0-7 and 16-23, `high` of 8-15 and 24-31; packing them at the end undoes that.
#include <immintrin.h>

enum { TILE_U8 = 64, VECTORS = TILE_U8 / 32 };

typedef struct sums_16 {
    __m256i of[2][VECTORS][2]; // of an output row, a vector of 32 samples, its low or high half
} sums_16;

// Sums in 32 bits, in the order that packing to 16 bits undoes: of each half its low and high half.
typedef struct sums_32 {
    __m256i of[2][VECTORS][2][2];
} sums_32;

static INLINE __m256i load_u8(const uint8_t *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

static INLINE __m256i pair_of_weights(const int8_t *weight) {
    int16_t pair;
    memcpy(&pair, weight, sizeof pair);
    return _mm256_set1_epi16(pair);
}

// The empty assembly says that the sum stays in its register, where gcc would move it about.
static INLINE void add_products(__m256i *sum, __m256i pixels, __m256i weights) {
    *sum = _mm256_add_epi16(_mm256_maddubs_epi16(pixels, weights), *sum);
    __asm__("" : "+x"(*sum));
}

// A group of terms. The sums have names of their own (row, half), so that they are kept in
// registers.
static INLINE void sum_group(sums_16 *group, const term *terms, int nterms,
                             const uint8_t *const *rows, ptrdiff_t x) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i a0 = zero, a1 = zero, a2 = zero, a3 = zero; // the output row
    __m256i b0 = zero, b1 = zero, b2 = zero, b3 = zero; // the next one
    for (const term *t = terms, *end = terms + nterms; t != end; t++) {
        const uint8_t *upper = rows[t->row] + x + t->at, *lower = rows[t->row + 1] + x + t->at;
        const __m256i a = pair_of_weights(t->weight[0]), b = pair_of_weights(t->weight[1]);
        const __m256i low = _mm256_unpacklo_epi8(load_u8(upper), load_u8(lower));
        const __m256i high = _mm256_unpackhi_epi8(load_u8(upper), load_u8(lower));
        add_products(&a0, low, a);
        add_products(&b0, low, b);
        add_products(&a1, high, a);
        add_products(&b1, high, b);
        const __m256i low2 = _mm256_unpacklo_epi8(load_u8(upper + 32), load_u8(lower + 32));
        const __m256i high2 = _mm256_unpackhi_epi8(load_u8(upper + 32), load_u8(lower + 32));
        add_products(&a2, low2, a);
        add_products(&b2, low2, b);
        add_products(&a3, high2, a);
        add_products(&b3, high2, b);
    }
    *group = (sums_16){{{{a0, a1}, {a2, a3}}, {{b0, b1}, {b2, b3}}}};
}

// Sums of a group count 2^shift times: they are the first, or are added to those of 32 bits.
static INLINE void add_group(sums_32 *sums, const sums_16 *group, int shift, bool first) {
    const __m256i zero = _mm256_setzero_si256();
    const __m128i down = _mm_cvtsi32_si128(16 - shift);
    for (int k = 0; k < 2 * VECTORS * 2; k++) {
        const __m256i sum = group->of[k / (2 * VECTORS)][k / 2 % VECTORS][k % 2];
        __m256i *to = sums->of[k / (2 * VECTORS)][k / 2 % VECTORS][k % 2];
        const __m256i low = _mm256_sra_epi32(_mm256_unpacklo_epi16(zero, sum), down);
        const __m256i high = _mm256_sra_epi32(_mm256_unpackhi_epi16(zero, sum), down);
        to[0] = first ? low : _mm256_add_epi32(to[0], low);
        to[1] = first ? high : _mm256_add_epi32(to[1], high);
    }
}

// How sums become samples: FINISH_ADD in 16 bits (all terms are one group, and adding saturates) or
// in 32, FINISH_MULTIPLY in float or double, FINISH_DIVIDE.
typedef enum manner { ADD_16, ADD_32, BY_FLOAT, BY_DOUBLE, BY_FORMULA } manner;

static manner manner_of(const convolve_table *table) {
    if (table->finish == FINISH_ADD)
        return table->ngroups == 1 && abs(table->add) <= INT16_MAX ? ADD_16 : ADD_32;
    if (table->finish == FINISH_MULTIPLY)
        return table->small ? BY_FLOAT : BY_DOUBLE;
    return BY_FORMULA;
}

static INLINE __m128i scaled_4(__m128i sum, const convolve_table *table) {
    const __m256d factor = _mm256_set1_pd(table->factor), bias = _mm256_set1_pd(table->bias);
    const __m256d value = _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(sum), factor), bias);
    return _mm256_cvttpd_epi32(_mm256_min_pd(value, _mm256_set1_pd(UINT8_MAX)));
}

static INLINE __m256i finished(__m256i sum, const convolve_table *table, manner how) {
    if (how == ADD_32)
        return _mm256_add_epi32(sum, _mm256_set1_epi32(table->add));
    if (how == BY_DOUBLE)
        return _mm256_set_m128i(scaled_4(_mm256_extracti128_si256(sum, 1), table),
                                scaled_4(_mm256_castsi256_si128(sum), table));
    const __m256 factor = _mm256_set1_ps((float)table->factor);
    const __m256 bias = _mm256_set1_ps((float)table->bias);
    return _mm256_cvttps_epi32(_mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), factor), bias));
}

static INLINE void finish_by_formula(uint8_t *out, __m256i sums[VECTORS][2][2],
                                     const convolve_table *table) {
    int32_t in_order[TILE_U8];
    __m256i *to = (__m256i *)in_order;
    for (int v = 0; v < VECTORS; v++)
        for (int k = 0; k < 4; k++) { // samples 0-7, 8-15, 16-23, 24-31
            const __m256i *s = sums[v][k % 2];
            _mm256_storeu_si256(to++, k < 2 ? _mm256_permute2x128_si256(s[0], s[1], 0x20)
                                            : _mm256_permute2x128_si256(s[0], s[1], 0x31));
        }
    finish_u8_32(out, in_order, TILE_U8, table);
}

// One output row of sums to samples. Packing saturates, which cuts to the type's range; below it,
// conversions give 0 or a negative number.
static INLINE void finish_row(uint8_t *out, __m256i sums[VECTORS][2][2],
                              const convolve_table *table, manner how) {
    if (how == BY_FORMULA) {
        finish_by_formula(out, sums, table);
        return;
    }
    __m256i whole[VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        __m256i half[2];
        for (int h = 0; h < 2; h++)
            half[h] = _mm256_packs_epi32(finished(sums[v][h][0], table, how),
                                         finished(sums[v][h][1], table, how));
        whole[v] = _mm256_packus_epi16(half[0], half[1]);
    }
    for (int v = 0; v < VECTORS; v++)
        _mm256_storeu_si256((__m256i *)(out + 32 * v), whole[v]);
}

static INLINE void finish_row_16(uint8_t *out, __m256i sums[VECTORS][2], int add) {
    const __m256i more = _mm256_set1_epi16((int16_t)add);
    for (int v = 0; v < VECTORS; v++)
        _mm256_storeu_si256((__m256i *)(out + 32 * v),
                            _mm256_packus_epi16(_mm256_adds_epi16(sums[v][0], more),
                                                _mm256_adds_epi16(sums[v][1], more)));
}

static INLINE void make_tile(uint8_t *const out[2], const convolve_table *table,
                             const uint8_t *const *rows, ptrdiff_t x, manner how) {
    const term *terms = table->terms;
    sums_16 some;
    sums_32 sums;
    if (how == ADD_16) {
        sum_group(&some, terms, table->nterms, rows, x);
        finish_row_16(out[0], some.of[0], table->add);
        finish_row_16(out[1], some.of[1], table->add);
        return;
    }
    sum_group(&some, terms, table->groups[0].nterms, rows, x);
    add_group(&sums, &some, table->groups[0].shift, true);
    for (int g = 1; g < table->ngroups; g++) {
        terms += table->groups[g - 1].nterms;
        sum_group(&some, terms, table->groups[g].nterms, rows, x);
        add_group(&sums, &some, table->groups[g].shift, false);
    }
    finish_row(out[0], sums.of[0], table, how);
    finish_row(out[1], sums.of[1], table, how);
}

// Output row k, and the next one; without that a last row has a companion that nobody sees. The
// manner is a constant where this is called.
static INLINE void make_rows(const ppx_job *job, const ppx_block *block, ptrdiff_t k, manner how) {
    const convolve_table *table = job->table;
    const ptrdiff_t n = job->in.width * job->in.channels, up = table->height / 2;
    const bool alone = k + 1 == block->nrows;
    const uint8_t *rows[MOST_SIDE + 1];
    uint8_t spare[2][TILE_U8];
    for (ptrdiff_t j = 0; j <= table->height; j++)
        rows[j] = block->in[k - up + j - (alone && j == table->height)];
    for (ptrdiff_t x = 0; x < n; x += TILE_U8) {
        const bool whole = n - x >= TILE_U8;
        uint8_t *here = (uint8_t *)block->out[k] + x;
        uint8_t *next = alone ? spare[1] : (uint8_t *)block->out[k + 1] + x;
        uint8_t *const to[2] = {whole ? here : spare[0], whole ? next : spare[1]};
        make_tile(to, table, rows, x, how);
        if (whole)
            continue;
        memcpy(here, spare[0], (size_t)(n - x));
        if (!alone)
            memcpy(next, spare[1], (size_t)(n - x));
    }
}

static void convolve_pairs(const ppx_job *job, const ppx_block *block) {
    const manner how = manner_of(job->table);
    for (ptrdiff_t k = 0; k < block->nrows; k += 2) {
        switch (how) {
        case ADD_16:
            make_rows(job, block, k, ADD_16);
            break;
        case ADD_32:
            make_rows(job, block, k, ADD_32);
            break;
        case BY_FLOAT:
            make_rows(job, block, k, BY_FLOAT);
            break;
        case BY_DOUBLE:
            make_rows(job, block, k, BY_DOUBLE);
            break;
        case BY_FORMULA:
            make_rows(job, block, k, BY_FORMULA);
            break;
        }
    }
}
