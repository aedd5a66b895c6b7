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

// The sums have names of their own (row, half), so that they are kept in registers.
typedef struct tile_sums {
    __m256i a0, a1, a2, a3; // the output row
    __m256i b0, b1, b2, b3; // the next one
} tile_sums;

static INLINE void sum_term(tile_sums *s, const term *t, const uint8_t *upper,
                            const uint8_t *lower) {
    const __m256i a = pair_of_weights(t->weight[0]), b = pair_of_weights(t->weight[1]);
    const __m256i low = _mm256_unpacklo_epi8(load_u8(upper), load_u8(lower));
    const __m256i high = _mm256_unpackhi_epi8(load_u8(upper), load_u8(lower));
    add_products(&s->a0, low, a);
    add_products(&s->b0, low, b);
    add_products(&s->a1, high, a);
    add_products(&s->b1, high, b);
    const __m256i low2 = _mm256_unpacklo_epi8(load_u8(upper + 32), load_u8(lower + 32));
    const __m256i high2 = _mm256_unpackhi_epi8(load_u8(upper + 32), load_u8(lower + 32));
    add_products(&s->a2, low2, a);
    add_products(&s->b2, low2, b);
    add_products(&s->a3, high2, a);
    add_products(&s->b3, high2, b);
}

// A group of terms.
static INLINE void sum_group(sums_16 *group, const term *terms, int nterms,
                             const uint8_t *const *rows, ptrdiff_t x) {
    const __m256i zero = _mm256_setzero_si256();
    tile_sums s = {zero, zero, zero, zero, zero, zero, zero, zero};
    for (const term *t = terms, *end = terms + nterms; t != end; t++)
        sum_term(&s, t, rows[t->row] + x + t->at, rows[t->row + 1] + x + t->at);
    *group = (sums_16){{{{s.a0, s.a1}, {s.a2, s.a3}}, {{s.b0, s.b1}, {s.b2, s.b3}}}};
}

// The terms of a square are known but for their weights, and are not counted; `step` is from pixel
// to pixel.
static INLINE void sum_square(sums_16 *group, const term *terms, const uint8_t *const *rows,
                              ptrdiff_t x, ptrdiff_t step) {
    const __m256i zero = _mm256_setzero_si256();
    tile_sums s = {zero, zero, zero, zero, zero, zero, zero, zero};
#pragma GCC unroll 6
    for (int k = 0; k < 6; k++) {
        const ptrdiff_t at = x + (k % 3 - 1) * step;
        sum_term(&s, terms + k, rows[k / 3 * 2] + at, rows[k / 3 * 2 + 1] + at);
    }
    *group = (sums_16){{{{s.a0, s.a1}, {s.a2, s.a3}}, {{s.b0, s.b1}, {s.b2, s.b3}}}};
}

// Sums of a group are the first, or are added to those of 32 bits.
static INLINE void add_group(sums_32 *sums, const sums_16 *group, bool first) {
    const __m256i zero = _mm256_setzero_si256();
    for (int k = 0; k < 2 * VECTORS * 2; k++) {
        const __m256i sum = group->of[k / (2 * VECTORS)][k / 2 % VECTORS][k % 2];
        __m256i *to = sums->of[k / (2 * VECTORS)][k / 2 % VECTORS][k % 2];
        const __m256i low = _mm256_srai_epi32(_mm256_unpacklo_epi16(zero, sum), 16);
        const __m256i high = _mm256_srai_epi32(_mm256_unpackhi_epi16(zero, sum), 16);
        to[0] = first ? low : _mm256_add_epi32(to[0], low);
        to[1] = first ? high : _mm256_add_epi32(to[1], high);
    }
}

// How sums become samples: FINISH_ADD in 16 bits (all terms are one group, and adding saturates) or
// in 32, FINISH_MULTIPLY in words (one group), float or double, FINISH_DIVIDE.
typedef enum manner { ADD_16, ADD_32, BY_WORD, BY_FLOAT, BY_DOUBLE, BY_FORMULA } manner;

static manner manner_of(const convolve_table *table) {
    const bool one = table->kind != TERMS_WORDS && table->ngroups == 1;
    if (table->finish == FINISH_ADD)
        return one && abs(table->add) <= INT16_MAX ? ADD_16 : ADD_32;
    if (table->multiplier)
        return BY_WORD;
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

static INLINE __m256i divided(__m256i sum, const convolve_table *table) {
    sum = _mm256_adds_epi16(sum, _mm256_set1_epi16(table->bias_16));
    sum = _mm256_max_epi16(sum, _mm256_setzero_si256());
    sum = _mm256_mulhi_epu16(sum, _mm256_set1_epi16((int16_t)table->multiplier));
    return _mm256_srl_epi16(sum, _mm_cvtsi32_si128(table->shift));
}

static INLINE __m256i finished_16(__m256i sum, const convolve_table *table, manner how) {
    if (how == ADD_16)
        return _mm256_adds_epi16(sum, _mm256_set1_epi16((int16_t)table->add));
    return divided(sum, table);
}

static INLINE void finish_row_16(uint8_t *out, __m256i sums[VECTORS][2],
                                 const convolve_table *table, manner how) {
    for (int v = 0; v < VECTORS; v++)
        _mm256_storeu_si256((__m256i *)(out + 32 * v),
                            _mm256_packus_epi16(finished_16(sums[v][0], table, how),
                                                finished_16(sums[v][1], table, how)));
}

static INLINE void make_tile(uint8_t *const out[2], const convolve_table *table,
                             const uint8_t *const *rows, ptrdiff_t x, manner how, bool square) {
    const term *terms = table->terms;
    sums_16 some;
    sums_32 sums;
    if (how == ADD_16 || how == BY_WORD) {
        if (square)
            sum_square(&some, terms, rows, x, table->side);
        else
            sum_group(&some, terms, table->nterms, rows, x);
        finish_row_16(out[0], some.of[0], table, how);
        finish_row_16(out[1], some.of[1], table, how);
        return;
    }
    sum_group(&some, terms, table->group[0], rows, x);
    add_group(&sums, &some, true);
    for (int g = 1; g < table->ngroups; g++) {
        terms += table->group[g - 1];
        sum_group(&some, terms, table->group[g], rows, x);
        add_group(&sums, &some, false);
    }
    finish_row(out[0], sums.of[0], table, how);
    finish_row(out[1], sums.of[1], table, how);
}

// The rows of a window and the one below, from output row k on; a last row has a companion that
// nobody sees, and for that it does not matter what the last of them is.
static INLINE bool rows_of_window(const uint8_t **rows, const ppx_block *block, ptrdiff_t k,
                                  ptrdiff_t height) {
    const bool alone = k + 1 == block->nrows;
    for (ptrdiff_t j = 0; j <= height; j++)
        rows[j] = block->in[k - height / 2 + j - (alone && j == height)];
    return alone;
}

// Output row k, and the next one. The manner and `square` are constants where this is called.
static INLINE void make_rows(const ppx_job *job, const ppx_block *block, ptrdiff_t k, manner how,
                             bool square) {
    const convolve_table *table = job->table;
    const ptrdiff_t n = job->in.width * job->in.channels;
    const uint8_t *rows[MOST_SIDE + 1];
    uint8_t spare[2][TILE_U8];
    const bool alone = rows_of_window(rows, block, k, table->height);
    for (ptrdiff_t x = 0; x < n; x += TILE_U8) {
        const bool whole = n - x >= TILE_U8;
        uint8_t *here = (uint8_t *)block->out[k] + x;
        uint8_t *next = alone ? spare[1] : (uint8_t *)block->out[k + 1] + x;
        uint8_t *const to[2] = {whole ? here : spare[0], whole ? next : spare[1]};
        make_tile(to, table, rows, x, how, square);
        if (whole)
            continue;
        memcpy(here, spare[0], (size_t)(n - x));
        if (!alone)
            memcpy(next, spare[1], (size_t)(n - x));
    }
}

static void convolve_pairs(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
    const manner how = manner_of(table);
    const bool square = table->kind == TERMS_SQUARE;
    for (ptrdiff_t k = 0; k < block->nrows; k += 2) {
        switch (how) {
        case ADD_16:
            if (square)
                make_rows(job, block, k, ADD_16, true);
            else
                make_rows(job, block, k, ADD_16, false);
            break;
        case BY_WORD:
            if (square)
                make_rows(job, block, k, BY_WORD, true);
            else
                make_rows(job, block, k, BY_WORD, false);
            break;
        case ADD_32:
            make_rows(job, block, k, ADD_32, false);
            break;
        case BY_FLOAT:
            make_rows(job, block, k, BY_FLOAT, false);
            break;
        case BY_DOUBLE:
            make_rows(job, block, k, BY_DOUBLE, false);
            break;
        case BY_FORMULA:
            make_rows(job, block, k, BY_FORMULA, false);
            break;
        }
    }
}
