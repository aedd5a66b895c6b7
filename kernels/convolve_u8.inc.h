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

// Sums of a group, 2^shift times, are added to those of 32 bits.
static INLINE void add_group(sums_32 *sums, const sums_16 *group, int shift) {
    const __m256i zero = _mm256_setzero_si256();
    const __m128i down = _mm_cvtsi32_si128(16 - shift);
    for (int k = 0; k < 2 * VECTORS * 2; k++) {
        const __m256i sum = group->of[k / (2 * VECTORS)][k / 2 % VECTORS][k % 2];
        __m256i *to = sums->of[k / (2 * VECTORS)][k / 2 % VECTORS][k % 2];
        to[0] = _mm256_add_epi32(to[0], _mm256_sra_epi32(_mm256_unpacklo_epi16(zero, sum), down));
        to[1] = _mm256_add_epi32(to[1], _mm256_sra_epi32(_mm256_unpackhi_epi16(zero, sum), down));
    }
}

static INLINE __m256i scaled_float(__m256i sum, const convolve_table *table) {
    const __m256 factor = _mm256_set1_ps((float)table->factor);
    const __m256 bias = _mm256_set1_ps((float)table->bias);
    return _mm256_cvttps_epi32(_mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), factor), bias));
}

static INLINE __m128i scaled_4(__m128i sum, const convolve_table *table) {
    const __m256d factor = _mm256_set1_pd(table->factor), bias = _mm256_set1_pd(table->bias);
    __m256d value = _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(sum), factor), bias);
    return _mm256_cvttpd_epi32(_mm256_min_pd(value, _mm256_set1_pd(UINT8_MAX)));
}

static INLINE __m256i scaled_double(__m256i sum, const convolve_table *table) {
    return _mm256_set_m128i(scaled_4(_mm256_extracti128_si256(sum, 1), table),
                            scaled_4(_mm256_castsi256_si128(sum), table));
}

static INLINE __m256i finished(__m256i sum, const convolve_table *table) {
    if (table->finish == FINISH_ADD)
        return _mm256_add_epi32(sum, _mm256_set1_epi32(table->add));
    return table->small ? scaled_float(sum, table) : scaled_double(sum, table);
}

// One output row of sums to samples. Packing saturates, which cuts to the type's range; below it,
// conversions give 0 or a negative number.
static INLINE void finish_row(uint8_t *out, __m256i sums[VECTORS][2][2],
                              const convolve_table *table) {
    for (int v = 0; v < VECTORS && table->finish != FINISH_DIVIDE; v++) {
        __m256i half[2];
        for (int h = 0; h < 2; h++)
            half[h] =
                _mm256_packs_epi32(finished(sums[v][h][0], table), finished(sums[v][h][1], table));
        _mm256_storeu_si256((__m256i *)(out + 32 * v), _mm256_packus_epi16(half[0], half[1]));
    }
    if (table->finish != FINISH_DIVIDE)
        return;
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

// Where all terms are one group and nothing is scaled, 16 bits are enough; adding saturates.
static INLINE void finish_16(uint8_t *out, __m256i sums[VECTORS][2], int add) {
    const __m256i more = _mm256_set1_epi16((int16_t)add);
    for (int v = 0; v < VECTORS; v++)
        _mm256_storeu_si256((__m256i *)(out + 32 * v),
                            _mm256_packus_epi16(_mm256_adds_epi16(sums[v][0], more),
                                                _mm256_adds_epi16(sums[v][1], more)));
}

static INLINE bool is_one_group(const convolve_table *table) {
    return table->ngroups == 1 && table->finish == FINISH_ADD && table->add >= INT16_MIN &&
           table->add <= INT16_MAX;
}

static INLINE void make_tile(uint8_t *const out[2], const convolve_table *table,
                             const uint8_t *const *rows, ptrdiff_t x) {
    const term *terms = table->terms;
    if (is_one_group(table)) {
        sums_16 sums;
        sum_group(&sums, terms, table->nterms, rows, x);
        finish_16(out[0], sums.of[0], table->add);
        finish_16(out[1], sums.of[1], table->add);
        return;
    }
    sums_32 sums;
    memset(&sums, 0, sizeof sums);
    for (int g = 0; g < table->ngroups; g++) {
        const term_group *of = &table->groups[g];
        sums_16 some;
        sum_group(&some, terms, of->nterms, rows, x);
        add_group(&sums, &some, of->shift);
        terms += of->nterms;
    }
    finish_row(out[0], sums.of[0], table);
    finish_row(out[1], sums.of[1], table);
}

// Two output rows at a time; a last one alone has a companion that nobody sees.
static void convolve_pairs(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
    const ptrdiff_t n = job->in.width * job->in.channels, up = table->height / 2;
    uint8_t spare[2][TILE_U8];
    for (ptrdiff_t k = 0; k < block->nrows; k += 2) {
        const bool alone = k + 1 == block->nrows;
        const uint8_t *rows[MOST_SIDE + 1];
        for (ptrdiff_t j = 0; j <= table->height; j++)
            rows[j] = block->in[k - up + j - (alone && j == table->height)];
        for (ptrdiff_t x = 0; x < n; x += TILE_U8) {
            const bool whole = n - x >= TILE_U8;
            uint8_t *here = (uint8_t *)block->out[k] + x;
            uint8_t *next = alone ? spare[1] : (uint8_t *)block->out[k + 1] + x;
            uint8_t *const to[2] = {whole ? here : spare[0], whole ? next : spare[1]};
            make_tile(to, table, rows, x);
            if (whole)
                continue;
            memcpy(here, spare[0], (size_t)(n - x));
            if (!alone)
                memcpy(next, spare[1], (size_t)(n - x));
        }
    }
}
