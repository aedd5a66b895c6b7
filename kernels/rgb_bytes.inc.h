// rgb_bytes.inc.h: interleaved bytes of RGB to planes and back, 16 pixels (48 bytes, three
// registers) at a time where there are byte shuffles. Both return how many pixels they did; the
// caller does the rest.

#if defined __AVX2__

#include <immintrin.h>

// Where byte k of plane c comes from in each third of the pixels; -1 gives 0.
// clang-format off
static const int8_t from_third[3][3][16] = {
    {{0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13}},
    {{1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14}},
    {{2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15}},
};
// Where byte k of a third of the pixels comes from in each plane.
static const int8_t from_plane[3][3][16] = {
    {{0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5},
     {-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1},
     {-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1}},
    {{-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1},
     {5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10},
     {-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1}},
    {{-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1},
     {-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1},
     {10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15}},
};
// clang-format on

static inline __m128i load_16(const void *bytes) {
    return _mm_loadu_si128(bytes);
}

static inline __m128i gather_16(const __m128i v[3], const int8_t from[3][16]) {
    return _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(v[0], load_16(from[0])),
                                     _mm_shuffle_epi8(v[1], load_16(from[1]))),
                        _mm_shuffle_epi8(v[2], load_16(from[2])));
}

static inline ptrdiff_t split_bytes(uint8_t *const to[3], const uint8_t *in, ptrdiff_t n) {
    ptrdiff_t x = 0;
    for (; x + 16 <= n; x += 16) {
        const uint8_t *at = in + 3 * x;
        const __m128i v[3] = {load_16(at), load_16(at + 16), load_16(at + 32)};
        for (int c = 0; c < 3; c++)
            _mm_storeu_si128((void *)(to[c] + x), gather_16(v, from_third[c]));
    }
    return x;
}

static inline ptrdiff_t join_bytes(uint8_t *out, const uint8_t *const from[3], ptrdiff_t n) {
    ptrdiff_t x = 0;
    for (; x + 16 <= n; x += 16) {
        const __m128i v[3] = {load_16(from[0] + x), load_16(from[1] + x), load_16(from[2] + x)};
        for (int third = 0; third < 3; third++)
            _mm_storeu_si128((void *)(out + 3 * x + 16 * third), gather_16(v, from_plane[third]));
    }
    return x;
}

#else

static inline ptrdiff_t split_bytes(uint8_t *const to[3], const uint8_t *in, ptrdiff_t n) {
    (void)to, (void)in, (void)n;
    return 0;
}

static inline ptrdiff_t join_bytes(uint8_t *out, const uint8_t *const from[3], ptrdiff_t n) {
    (void)out, (void)from, (void)n;
    return 0;
}

#endif
