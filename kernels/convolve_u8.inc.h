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

// A group of terms.
static INLINE sums_16 sum_group(const term *terms, int nterms, const uint8_t *const *rows,
                                ptrdiff_t x, ptrdiff_t step) {
    sums_16 sums;
    memset(&sums, 0, sizeof sums);
    for (const term *t = terms; t < terms + nterms; t++) {
        const ptrdiff_t at = x + t->dx * step;
        const uint8_t *a = rows[2 * t->pair] + at, *b = rows[2 * t->pair + 1] + at;
        int16_t pairs[2];
        memcpy(pairs, t->weight, sizeof pairs);
        const __m256i here = _mm256_set1_epi16(pairs[0]), next = _mm256_set1_epi16(pairs[1]);
        for (int v = 0; v < VECTORS; v++) {
            const __m256i upper = load_u8(a + 32 * v), lower = load_u8(b + 32 * v);
            const __m256i low = _mm256_unpacklo_epi8(upper, lower);
            const __m256i high = _mm256_unpackhi_epi8(upper, lower);
            __m256i *one = sums.of[0][v], *two = sums.of[1][v];
            one[0] = _mm256_add_epi16(one[0], _mm256_maddubs_epi16(low, here));
            one[1] = _mm256_add_epi16(one[1], _mm256_maddubs_epi16(high, here));
            two[0] = _mm256_add_epi16(two[0], _mm256_maddubs_epi16(low, next));
            two[1] = _mm256_add_epi16(two[1], _mm256_maddubs_epi16(high, next));
        }
    }
    return sums;
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

static INLINE __m256i scaled(__m256i sum, __m256 factor, __m256 bias) {
    return _mm256_cvttps_epi32(_mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), factor), bias));
}

// One output row of sums to samples. Packing saturates, which cuts to the type's range.
static INLINE void finish_row(uint8_t *out, __m256i sums[VECTORS][2][2],
                              const convolve_table *table) {
    if (table->finish == FINISH_ADD || (table->finish == FINISH_MULTIPLY && table->small)) {
        const __m256i add = _mm256_set1_epi32(table->add);
        const __m256 factor = _mm256_set1_ps((float)table->factor);
        const __m256 bias = _mm256_set1_ps((float)table->bias);
        const bool scales = table->finish == FINISH_MULTIPLY;
        for (int v = 0; v < VECTORS; v++) {
            __m256i half[2];
            for (int h = 0; h < 2; h++) {
                __m256i *s = sums[v][h];
                half[h] = scales ? _mm256_packs_epi32(scaled(s[0], factor, bias),
                                                      scaled(s[1], factor, bias))
                                 : _mm256_packs_epi32(_mm256_add_epi32(s[0], add),
                                                      _mm256_add_epi32(s[1], add));
            }
            _mm256_storeu_si256((__m256i *)(out + 32 * v), _mm256_packus_epi16(half[0], half[1]));
        }
        return;
    }
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
static INLINE void finish_16(uint8_t *out, const __m256i sums[VECTORS][2], int add) {
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
                             const uint8_t *const *rows, ptrdiff_t x, ptrdiff_t step) {
    const term *terms = table->terms;
    if (is_one_group(table)) {
        const sums_16 sums = sum_group(terms, table->nterms, rows, x, step);
        finish_16(out[0], sums.of[0], table->add);
        finish_16(out[1], sums.of[1], table->add);
        return;
    }
    sums_32 sums;
    memset(&sums, 0, sizeof sums);
    for (int g = 0; g < table->ngroups; g++) {
        const term_group *of = &table->groups[g];
        const sums_16 some = sum_group(terms, of->nterms, rows, x, step);
        add_group(&sums, &some, of->shift);
        terms += of->nterms;
    }
    finish_row(out[0], sums.of[0], table);
    finish_row(out[1], sums.of[1], table);
}

// Two output rows at a time; a last one alone has a companion that nobody sees.
static void convolve_pairs(const ppx_job *job, const ppx_block *block) {
    const convolve_table *table = job->table;
    const ptrdiff_t step = job->in.channels, n = job->in.width * step, up = table->height / 2;
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
            make_tile(to, table, rows, x, step);
            if (whole)
                continue;
            memcpy(here, spare[0], (size_t)(n - x));
            if (!alone)
                memcpy(next, spare[1], (size_t)(n - x));
        }
    }
}
