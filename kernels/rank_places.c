// rank_places.c: rank filters of larger windows of u16 and f32 by places instead of samples (the
// ordinal transform of Weiss, Fast median and bilateral filtering, SIGGRAPH 2006).
//
// The samples that a tile of outputs reads, at most 32768, are sorted, and cut into 256 buckets of
// 128 that follow each other in order. Histograms of columns (rank_columns.inc.h) over the numbers
// of buckets find the bucket that holds a window's rank, and the rank in there; which of the
// bucket's samples lie in the window is seen by comparing their coordinates, all at once. Cost:
// hardly depends on the radius, but for what the tile reads around its outputs.
#include "rank.h"

#include "rank_columns.inc.h"

enum { BUCKETS = 256, BUCKET = 128, PLACES = BUCKETS * BUCKET, MAX_WIDTH = 256 };
enum { MAX_ROWS = PPX_STRIP + PPX_RANK_WINDOW - 1 };

typedef struct places {
    uint64_t entries[2][PLACES];                 // keys and places, of 32 bits for u16
    _Alignas(64) uint8_t xs[PLACES], ys[PLACES]; // in order of the samples
    uint8_t buckets[MAX_ROWS][MAX_WIDTH];
    uint8_t found[MAX_WIDTH], rest[MAX_WIDTH];
    uint32_t counts[3][1 << 11];
    columns columns;
} places;

// Outputs across a tile, such that its samples fit in.
static ptrdiff_t tile_width(const ppx_job *job, const ppx_rank *r) {
    const ptrdiff_t nrows = PPX_STRIP + r->k - 1;
    const ptrdiff_t most = ppx_rank_least(PLACES / nrows, MAX_WIDTH) - (r->k - 1);
    return ppx_rank_least(most, job->in.width);
}

size_t ppx_places_scratch(void) {
    return sizeof(places);
}

// IEEE 754 in order of the numbers: negative ones are turned around. Both zeros become +0.
static inline uint32_t key_of(float sample) {
    uint32_t bits;
    sample += 0.0f;
    memcpy(&bits, &sample, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static inline float sample_of(uint32_t key) {
    uint32_t bits = key >> 31 ? key & 0x7fffffffu : ~key;
    float sample;
    memcpy(&sample, &bits, sizeof sample);
    return sample;
}

// Which samples of a bucket lie in the k x k window at x, y: a bit for each of 64. Coordinates are
// less than 256, so those before the window are k or more beyond it in bytes.
static inline uint64_t in_window(const uint8_t *xs, const uint8_t *ys, ptrdiff_t x, ptrdiff_t y,
                                 ptrdiff_t k) {
    uint64_t bits = 0;
#if defined __AVX2__
    const __m256i x0 = _mm256_set1_epi8((char)x), y0 = _mm256_set1_epi8((char)y);
    const __m256i last = _mm256_set1_epi8((char)(k - 1));
    for (int half = 0; half < 2; half++) {
        const __m256i u = _mm256_sub_epi8(_mm256_load_si256((const __m256i *)xs + half), x0);
        const __m256i v = _mm256_sub_epi8(_mm256_load_si256((const __m256i *)ys + half), y0);
        const __m256i most = _mm256_max_epu8(u, v);
        const __m256i in = _mm256_cmpeq_epi8(_mm256_max_epu8(most, last), last);
        bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << 32 * half;
    }
#else
    for (int j = 0; j < 64; j++) {
        const uint8_t u = (uint8_t)(xs[j] - x), v = (uint8_t)(ys[j] - y);
        bits |= (uint64_t)(u < k && v < k) << j;
    }
#endif
    return bits;
}

// The place of the bit that has `rank` set bits below it.
static inline int find_bit(uint64_t bits, int rank) {
#if defined __AVX2__ && defined __BMI2__
    return __builtin_ctzll(_pdep_u64((uint64_t)1 << rank, bits));
#else
    for (; rank > 0; rank--)
        bits &= bits - 1;
    return __builtin_ctzll(bits);
#endif
}

static inline ptrdiff_t find_place(const places *p, ptrdiff_t x, ptrdiff_t y, ptrdiff_t k,
                                   int bucket, int rest) {
    const ptrdiff_t first = (ptrdiff_t)bucket * BUCKET;
    const uint64_t low = in_window(p->xs + first, p->ys + first, x, y, k);
    const uint64_t high = in_window(p->xs + first + 64, p->ys + first + 64, x, y, k);
    const int nlow = __builtin_popcountll(low);
    const bool upper = rest >= nlow; // as likely as not: no place for a branch
    return first + (upper ? 64 : 0) + find_bit(upper ? high : low, upper ? rest - nlow : rest);
}

#define PIXEL uint16_t
#define ENTRY uint32_t // key << 16 | y << 8 | x, of a sample in the tile
#define NAME(function) function##_u16
#define KEY_OF(sample) (sample)
#define SAMPLE_OF(key) ((uint16_t)(key))
#define KEY_BITS 16
#define DIGIT 8
#include "rank_places.inc.h"

#define PIXEL float
#define ENTRY uint64_t
#define NAME(function) function##_f32
#define KEY_OF(sample) key_of(sample)
#define SAMPLE_OF(key) sample_of(key)
#define KEY_BITS 32
#define DIGIT 11
#include "rank_places.inc.h"

void ppx_places_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    const ptrdiff_t tile = tile_width(job, r);
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x = 0; x < job->in.width; x += tile) {
            const ptrdiff_t n = ppx_rank_least(tile, job->in.width - x);
            if (job->in.type == PPX_U16)
                tile_u16(r, block, job->in.channels, c, x, n);
            else
                tile_f32(r, block, job->in.channels, c, x, n);
        }
}
