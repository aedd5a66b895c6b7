// thin.c: foreground thinned to lines of one pixel that keep its shape and its connections.
//
// In: one channel of any type, non-zero is foreground (NaN too). Out: u8 of the same size, 255 or
// 0. Border: background lies outside. With the neighbours P2 (above), P3, ..., P9 clockwise, B of
// them foreground, A times background followed by foreground around the pixel, a turn deletes at
// once all pixels that pass its first test, then all that pass its second:
//   zhang-suen  2 <= B <= 6 and A = 1; first P2 P4 P6 = 0 and P4 P6 P8 = 0, second P2 P4 P8 = 0 and
//               P2 P6 P8 = 0 (Zhang and Suen 1984): as OpenCV's thinning, which spares the border
//   guo-hall    of P2, P4, P6, P8 just one is background with foreground at the next corner or edge
//               counterclockwise; of the pairs (P3 P4), (P5 P6), (P7 P8), (P9 P2) N1 have
//               foreground, of (P2 P3), (P4 P5), ... N2, and the smaller count is 2 or 3; first
//               (P2 | P3 | !P5) P4 = 0, second (P6 | P7 | !P9) P8 = 0 (Guo and Hall 1989; Lam, Lee
//               and Suen 1992): as scikit-image's thin
// Turns go on until none deletes a pixel. Method: 32 pixels in a word and their neighbours in
// others, so that both tests are logic on words; TURNS turns run as one map, then a sum tells
// whether pixels have gone. Cost of a turn: some 60 operations a test on vectors of words, and 1/8
// byte a pixel.
#include "bits.h"

enum { METHOD };
enum { TURNS = 4, WORD = 32 };

typedef struct thin_table {
    uint64_t left, before; // foreground pixels now, and TURNS turns ago
} thin_table;

#define INLINE static inline __attribute__((always_inline))

// ---- Pixels to words and back -------------------------------------------------------------------

static inline void store_64(uint32_t *out, ptrdiff_t nwords, ptrdiff_t x, uint64_t bits) {
    out[x / WORD] = (uint32_t)bits;
    if (x / WORD + 1 < nwords)
        out[x / WORD + 1] = (uint32_t)(bits >> WORD);
}

#define PACK(name, type)                                                                           \
    static void pack_##name(const ppx_job *job, const ppx_block *block) {                          \
        const ptrdiff_t width = job->in.width, nwords = job->geometry.out.width;                   \
        for (ptrdiff_t y = 0; y < block->nrows; y++) {                                             \
            const type *in = block->in[y];                                                         \
            for (ptrdiff_t x = 0; x < width; x += 64) {                                            \
                uint8_t bytes[64] = {0};                                                           \
                const ptrdiff_t n = width - x < 64 ? width - x : 64;                               \
                for (ptrdiff_t k = 0; k < n; k++)                                                  \
                    bytes[k] = in[x + k] != 0;                                                     \
                store_64(block->out[y], nwords, x, bits_of_64(bytes));                             \
            }                                                                                      \
        }                                                                                          \
    }

PACK(u8, uint8_t)
PACK(u16, uint16_t)
PACK(u32, uint32_t)
PACK(f32, float)

static void unpack(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t width = job->first.width;
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const uint32_t *in = block->in[y];
        uint8_t *out = block->out[y];
        ptrdiff_t x = 0;
        for (; x + WORD <= width; x += WORD)
            for (int k = 0; k < WORD; k++)
                out[x + k] = (uint8_t) - (in[x / WORD] >> k & 1);
        for (; x < width; x++)
            out[x] = (uint8_t) - (in[x / WORD] >> x % WORD & 1);
    }
}

static void pack_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.width = (job->in.width + WORD - 1) / WORD;
    g->out.type = PPX_U32;
}

static void unpack_geometry(const ppx_job *job, ppx_geometry *g) {
    g->out.width = job->first.width;
    g->out.type = PPX_U8;
}

// ---- A turn -------------------------------------------------------------------------------------

// A word of pixels of a row, and the words of their neighbours to the left and to the right.
typedef struct triple {
    uint32_t left, own, right;
} triple;

// Exactly one of four, none of which can be told from the others.
INLINE uint32_t one_of(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    uint32_t ab = a | b, cd = c | d;
    return (ab | cd) & ~((a & b) | (c & d) | (ab & cd));
}

INLINE uint32_t two_of(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { // at least
    return (a & b) | (c & d) | ((a | b) & (c | d));
}

// The pixels that a test deletes.
INLINE uint32_t zhang_suen(triple above, triple here, triple below, bool second) {
    const uint32_t p2 = above.own, p3 = above.right, p4 = here.right, p5 = below.right;
    const uint32_t p6 = below.own, p7 = below.left, p8 = here.left, p9 = above.left;
    // Background cannot be followed by foreground at two neighbours that follow each other.
    uint32_t once = one_of((~p2 & p3) | (~p3 & p4), (~p4 & p5) | (~p5 & p6),
                           (~p6 & p7) | (~p7 & p8), (~p8 & p9) | (~p9 & p2));
    // Then the foreground is one run: two of it or more have both kinds of neighbours in it, and so
    // has the background, where one of P2, P4, P6 and P8 is known to be of it.
    uint32_t two = (p2 | p4 | p6 | p8) & (p3 | p5 | p7 | p9);
    uint32_t six = ~(p3 & p5 & p7 & p9);
    uint32_t opposite = second ? p2 & p8 & (p4 | p6) : p4 & p6 & (p2 | p8);
    return once & two & six & ~opposite;
}

INLINE uint32_t guo_hall(triple above, triple here, triple below, bool second) {
    const uint32_t p2 = above.own, p3 = above.right, p4 = here.right, p5 = below.right;
    const uint32_t p6 = below.own, p7 = below.left, p8 = here.left, p9 = above.left;
    uint32_t once = one_of(~p4 & (p3 | p2), ~p2 & (p9 | p8), ~p8 & (p7 | p6), ~p6 & (p5 | p4));
    uint32_t a = p3 | p4, b = p5 | p6, c = p7 | p8, d = p9 | p2;
    uint32_t e = p2 | p3, f = p4 | p5, g = p6 | p7, h = p8 | p9;
    uint32_t two = two_of(a, b, c, d) & two_of(e, f, g, h);
    uint32_t four = a & b & c & d & e & f & g & h;
    uint32_t side = second ? (p6 | p7 | ~p9) & p8 : (p2 | p3 | ~p5) & p4;
    return once & two & ~four & ~side;
}

INLINE triple triple_at(const uint32_t *row, ptrdiff_t x) {
    return (triple){row[x] << 1 | row[x - 1] >> (WORD - 1), row[x],
                    row[x] >> 1 | row[x + 1] << (WORD - 1)};
}

INLINE void thin_rows(const ppx_job *job, const ppx_block *block, bool guo, bool second) {
    const ptrdiff_t nwords = job->in.width;
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const uint32_t *restrict above = block->in[y - 1];
        const uint32_t *restrict here = block->in[y];
        const uint32_t *restrict below = block->in[y + 1];
        uint32_t *restrict out = block->out[y];
        for (ptrdiff_t x = 0; x < nwords; x++) {
            triple a = triple_at(above, x), b = triple_at(here, x), c = triple_at(below, x);
            out[x] = b.own & ~(guo ? guo_hall(a, b, c, second) : zhang_suen(a, b, c, second));
        }
    }
}

static void thin_first(const ppx_job *job, const ppx_block *block) {
    if (job->values[METHOD].i == 0)
        thin_rows(job, block, false, false);
    else
        thin_rows(job, block, true, false);
}

static void thin_second(const ppx_job *job, const ppx_block *block) {
    if (job->values[METHOD].i == 0)
        thin_rows(job, block, false, true);
    else
        thin_rows(job, block, true, true);
}

static void thin_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->up = g->down = g->side = 1;
    g->border = PPX_CONSTANT;
}

// ---- Whether to go on ---------------------------------------------------------------------------

static void count_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->ncounters = 1;
}

static void count_words(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                        uint64_t *counters, void *scratch) {
    (void)y, (void)scratch;
    for (ptrdiff_t k = 0; k < nrows; k++) {
        const uint32_t *row = rows[k];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            counters[0] += (uint64_t)__builtin_popcount(row[x]);
    }
}

static void count_finish(const ppx_job *job, const uint64_t *counters) {
    thin_table *table = job->table;
    table->before = table->left;
    table->left = counters[0];
}

static size_t thin_table_nbytes(const ppx_job *job) {
    (void)job;
    return sizeof(thin_table);
}

static void thin_build(const ppx_job *job) {
    thin_table *table = job->table;
    table->left = UINT64_MAX;
}

static bool thin_again(const ppx_job *job, int turn) {
    const thin_table *table = job->table;
    return turn == 0 || table->left != table->before;
}

// ---- The kernel ---------------------------------------------------------------------------------

static const ppx_param thin_params[] = {
    [METHOD] = {"method", PPX_CHOICE, 0, 0, "zhang-suen|guo-hall", "zhang-suen",
                "which pixels a turn deletes"},
};

#define FIRST                                                                                      \
    {                                                                                              \
        .pattern = PPX_MAP, .geometry = thin_geometry, .map = {.rows = {[PPX_U32] = thin_first} }  \
    }
#define SECOND                                                                                     \
    {                                                                                              \
        .pattern = PPX_MAP, .geometry = thin_geometry, .map = {.rows = {[PPX_U32] = thin_second} } \
    }

static const ppx_step thin_steps[] = {
    {
        .pattern = PPX_MAP,
        .geometry = pack_geometry,
        .map = {.rows = {pack_u8, pack_u16, pack_u32, pack_f32}},
    },
    FIRST,
    SECOND,
    FIRST,
    SECOND,
    FIRST,
    SECOND,
    FIRST,
    SECOND,
    {
        .pattern = PPX_REDUCE,
        .geometry = count_geometry,
        .reduce = {.add = {[PPX_U32] = count_words}, .finish = count_finish},
    },
    {
        .pattern = PPX_MAP,
        .geometry = unpack_geometry,
        .map = {.rows = {[PPX_U32] = unpack}},
    },
};

const ppx_kernel PPX_KERNEL(thin) = {
    .name = "thin",
    .summary = "foreground thinned to lines of one pixel",
    .examples = "thin thin:method=guo-hall",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = thin_params,
    .nparams = 1,
    .table_nbytes = thin_table_nbytes,
    .build = thin_build,
    .steps = thin_steps,
    .nsteps = 2 * TURNS + 3,
    .loop_from = 1,
    .loop_to = 2 * TURNS + 2,
    .again = thin_again,
};
