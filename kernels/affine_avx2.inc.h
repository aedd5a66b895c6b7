// affine_avx2.inc.h: tiles of u8 pixels by AVX2 intrinsics, eight outputs at a time, the sums of
// mix_u8. Samples are fetched one output after the other from a patch: gathers are no faster.
#include <immintrin.h>

#include "affine_patch.inc.h"

static INLINE __m256i load(const void *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

// Where a tile looks: its first pixel in the patch, and the rest of the position as in a start.
typedef struct place {
    const uint8_t *first;
    ptrdiff_t stride;
    int32_t fx, fy;
} place;

// From the first pixel, in bytes. They go through memory, from where they are loaded one by one;
// those beyond the n-th are not in the patch.
static INLINE void offsets_of(int32_t *offset, const affine_table *table, const place *p,
                              ptrdiff_t n, int32_t channels) {
    const int32_t fx = p->fx, fy = p->fy, stride = (int32_t)p->stride;
    for (ptrdiff_t k = 0; k < TILE; k++)
        offset[k] =
            ((fx + table->step_x[k]) >> 16) * channels + ((fy + table->step_y[k]) >> 16) * stride;
    for (ptrdiff_t k = n; k < TILE; k++)
        offset[k] = 0;
}

// The fractions of eight positions in 1/65536.
static INLINE __m256i fractions(int32_t first, const int32_t *steps) {
    return _mm256_and_si256(_mm256_add_epi32(_mm256_set1_epi32(first), load(steps)),
                            _mm256_set1_epi32(65535));
}

// (one - f, f) in 16 bits each.
static INLINE __m256i linear_pairs(int32_t first, const int32_t *steps) {
    __m256i f = _mm256_srli_epi32(fractions(first, steps), 16 - LINEAR_BITS);
    return _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(LINEAR_ONE), f),
                           _mm256_slli_epi32(f, 16));
}

// Of samples in pairs (left, right): `upper` and `lower` of them.
static INLINE __m256i linear_sums(__m256i upper, __m256i lower, __m256i wx, __m256i wy) {
    const __m256i half_row = _mm256_set1_epi32(1 << (LINEAR_BITS - 7));
    const __m256i half = _mm256_set1_epi32(1 << (LINEAR_BITS + 5));
    __m256i a = _mm256_add_epi32(_mm256_madd_epi16(upper, wx), half_row);
    __m256i b = _mm256_add_epi32(_mm256_madd_epi16(lower, wx), half_row);
    a = _mm256_srli_epi32(a, LINEAR_BITS - 6);
    b = _mm256_slli_epi32(b, 16 - (LINEAR_BITS - 6)); // what is below is left out by the blend
    a = _mm256_madd_epi16(_mm256_blend_epi16(a, b, 0xaa), wy);
    return _mm256_srli_epi32(_mm256_add_epi32(a, half), LINEAR_BITS + 6);
}

// ---- Gray ----

static void linear_gray(uint8_t *out, const affine_table *table, const place *p,
                        const int32_t *offset) {
    const __m256i upper = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
    const __m256i lower = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15, -1));
    _Alignas(32) uint16_t samples[2 * TILE];
    for (ptrdiff_t k = 0; k < TILE; k++) {
        const uint8_t *from = p->first + offset[k];
        memcpy(samples + 2 * k, from, 2);
        memcpy(samples + 2 * k + 1, from + p->stride, 2);
    }
    for (ptrdiff_t k = 0; k < TILE; k += 8) {
        __m256i v = load(samples + 2 * k);
        v = linear_sums(_mm256_shuffle_epi8(v, upper), _mm256_shuffle_epi8(v, lower),
                        linear_pairs(p->fx, table->step_x + k),
                        linear_pairs(p->fy, table->step_y + k));
        __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        _mm_storel_epi64((__m128i *)(out + k), _mm_packus_epi16(words, words));
    }
}

// One output: pairs of products of its four rows.
static INLINE __m256i cubic_rows(const uint8_t *from, ptrdiff_t stride, const int16_t *weight) {
    int32_t rows[4];
    for (int j = 0; j < 4; j++)
        memcpy(&rows[j], from + j * stride, 4);
    int64_t w;
    memcpy(&w, weight, sizeof w);
    __m128i bytes = _mm_setr_epi32(rows[0], rows[1], rows[2], rows[3]);
    return _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), _mm256_set1_epi64x(w));
}

// Four outputs: rows 0 and 1 of each in the lower half, 2 and 3 in the upper one.
static INLINE __m128i cubic_4(const affine_table *table, const place *p, const int32_t *offset,
                              const int32_t *fx, const int32_t *fy) {
    const __m256i half_row = _mm256_set1_epi32(1 << (CUBIC_BITS - 7));
    __m256i v[4];
    __m128i w[4];
    for (int i = 0; i < 4; i++) {
        v[i] = cubic_rows(p->first + offset[i], p->stride, table->cubic[fx[i] >> 6]);
        w[i] = _mm_loadl_epi64((const __m128i *)table->cubic[fy[i] >> 6]);
    }
    __m256i a = _mm256_add_epi32(_mm256_hadd_epi32(v[0], v[1]), half_row);
    __m256i b = _mm256_add_epi32(_mm256_hadd_epi32(v[2], v[3]), half_row);
    a = _mm256_srai_epi32(a, CUBIC_BITS - 6);
    b = _mm256_srai_epi32(b, CUBIC_BITS - 6);
    __m128i w01 = _mm_unpacklo_epi32(w[0], w[1]), w23 = _mm_unpacklo_epi32(w[2], w[3]);
    __m256i wy = _mm256_setr_m128i(_mm_unpacklo_epi64(w01, w23), _mm_unpackhi_epi64(w01, w23));
    __m256i sum = _mm256_madd_epi16(_mm256_packs_epi32(a, b), wy);
    __m128i all = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    all = _mm_add_epi32(all, _mm_set1_epi32(1 << (CUBIC_BITS + 5)));
    return _mm_srai_epi32(all, CUBIC_BITS + 6);
}

static void cubic_gray(uint8_t *out, const affine_table *table, const place *p,
                       const int32_t *offset) {
    _Alignas(32) int32_t fx[TILE], fy[TILE];
    for (ptrdiff_t k = 0; k < TILE; k += 8) {
        _mm256_store_si256((__m256i *)(fx + k), fractions(p->fx, table->step_x + k));
        _mm256_store_si256((__m256i *)(fy + k), fractions(p->fy, table->step_y + k));
    }
    for (ptrdiff_t k = 0; k < TILE; k += 8) {
        __m128i a = cubic_4(table, p, offset + k, fx + k, fy + k);
        __m128i b = cubic_4(table, p, offset + k + 4, fx + k + 4, fy + k + 4);
        __m128i words = _mm_packs_epi32(a, b);
        _mm_storel_epi64((__m128i *)(out + k), _mm_packus_epi16(words, words));
    }
}

// ---- Colour ----

// Two neighbours of one row and the two below, of outputs 0 and 4: eight bytes each, in halves for
// the outputs.
static INLINE __m256i fetch_2(const uint8_t *first, ptrdiff_t stride, const int32_t *offset) {
    int64_t rows[4];
    for (int j = 0; j < 4; j++)
        memcpy(&rows[j], first + offset[j / 2 * 4] + j % 2 * stride, sizeof rows[j]);
    __m256i low =
        _mm256_blend_epi32(_mm256_set1_epi64x(rows[0]), _mm256_set1_epi64x(rows[1]), 0x0c);
    __m256i high =
        _mm256_blend_epi32(_mm256_set1_epi64x(rows[2]), _mm256_set1_epi64x(rows[3]), 0xc0);
    return _mm256_blend_epi32(low, high, 0xf0);
}

// The channels of two neighbours side by side, from byte `first` of each half on; of three channels
// the fourth pair is of no use.
static INLINE __m256i pairs_of(int first, int channels) {
    const char a = (char)first, b = (char)(first + channels);
    return _mm256_broadcastsi128_si256(_mm_setr_epi8(a, -1, b, -1, (char)(a + 1), -1, (char)(b + 1),
                                                     -1, (char)(a + 2), -1, (char)(b + 2), -1,
                                                     (char)(a + 3), -1, (char)(b + 3), -1));
}

// The channels of outputs 0 and 4, each half's in four 32-bit numbers, with the weights of these.
static INLINE __m256i linear_2(const place *p, const int32_t *offset, __m256i wx, __m256i wy,
                               int channels) {
    __m256i v = fetch_2(p->first, p->stride, offset);
    return linear_sums(_mm256_shuffle_epi8(v, pairs_of(0, channels)),
                       _mm256_shuffle_epi8(v, pairs_of(8, channels)), wx, wy);
}

static INLINE void linear_colour(uint8_t *out, const affine_table *table, const place *p,
                                 const int32_t *offset, int channels) {
    const __m256i close = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    for (ptrdiff_t k = 0; k < TILE; k += 8, out += 8 * channels) {
        const __m256i wx = linear_pairs(p->fx, table->step_x + k);
        const __m256i wy = linear_pairs(p->fy, table->step_y + k);
#define LINEAR_2(i)                                                                                \
    linear_2(p, offset + k + i, _mm256_shuffle_epi32(wx, 0x55 * i),                                \
             _mm256_shuffle_epi32(wy, 0x55 * i), channels)
        __m256i low = _mm256_packus_epi32(LINEAR_2(0), LINEAR_2(1));
        __m256i high = _mm256_packus_epi32(LINEAR_2(2), LINEAR_2(3));
#undef LINEAR_2
        __m256i v = _mm256_packus_epi16(low, high);
        if (channels == 4) {
            _mm256_storeu_si256((__m256i *)out, v);
            continue;
        }
        v = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, close), together);
        _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(v));
        _mm_storel_epi64((__m128i *)(out + 16), _mm256_extracti128_si256(v, 1));
    }
}

// ---- Tiles ----

static bool has_patches(const ppx_job *job, int ntaps) {
    const int channels = job->in.channels;
    return job->in.type == PPX_U8 && ntaps > 1 && (channels == 1 || (ntaps == 2 && channels > 2));
}

// A row of TILE outputs, of which only n are in the image.
static void patch_tile(uint8_t *out, const affine_table *table, const place *p, ptrdiff_t n,
                       int ntaps, int channels) {
    _Alignas(32) int32_t offset[TILE];
    offsets_of(offset, table, p, n, channels);
    if (channels == 3)
        linear_colour(out, table, p, offset, 3);
    else if (channels == 4)
        linear_colour(out, table, p, offset, 4);
    else if (ntaps == 2)
        linear_gray(out, table, p, offset);
    else
        cubic_gray(out, table, p, offset);
}

// Pixels [x, x + n) of all rows of a block; whether that was possible.
static bool patch_tiles(const ppx_job *job, const ppx_block *block, const source *from, ptrdiff_t x,
                        ptrdiff_t n, int ntaps) {
    const affine_table *table = job->table;
    const int channels = job->in.channels;
    const size_t nbytes = (size_t)(n * channels), place_out = (size_t)(x * channels);
    const box b = box_of(table, x, block->y, n, block->nrows, ntaps);
    if (from->constant && is_beside(&b, from)) {
        for (ptrdiff_t k = 0; k < block->nrows; k++)
            memset((uint8_t *)block->out[k] + place_out, 0, nbytes);
        return true;
    }
    place p = {.stride = patch_stride(&b, channels)};
    if (!p.stride)
        return false;
    copy_patch(block->scratch, p.stride, &b, from, channels);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const start s = start_of(table, x, block->y + k);
        const ptrdiff_t x0 = s.x - (ntaps == 4) - b.x0, y0 = s.y - (ntaps == 4) - b.y0;
        uint8_t part[4 * TILE], *out = (uint8_t *)block->out[k] + place_out;
        p.first = (const uint8_t *)block->scratch + y0 * p.stride + x0 * channels;
        p.fx = s.fx;
        p.fy = s.fy;
        patch_tile(n < TILE ? part : out, table, &p, n, ntaps, channels);
        if (n < TILE)
            memcpy(out, part, nbytes);
    }
    return true;
}
