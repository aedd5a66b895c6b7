// rank_counts.c: rank filters of larger windows of u8 by counting.
//
// A window's sample of rank r is at least t if at most r of its samples are below t. So the samples
// below t are counted in all windows of a tile at once, by sums that run down columns and then
// along rows, for one t after the other: first 128, which gives the results' highest bit, then 64
// if some result is below 128, and 192 if some is not, and so on. The values t that lie between two
// neighbouring results are never asked for, so that the cost is that of so many counts as the tile
// has different results: a few, where the window is large or the image smooth, and 255 at most.
//
// Lanes of vectors are segments of SEGMENT columns that lie side by side: column x of the tile is
// sample x % SEGMENT of lane x / SEGMENT. Then the neighbour in both directions is another vector,
// or the same one a lane further. Counts of columns fit in bytes. Of those of windows only the sign
// matters of what they are more than r: they are kept in words for one column of a group, from
// where the others of the group are so near that saturated bytes do.
#include "rank.h"

#include "rank_counts_lanes.h"

enum {
    SEGMENT = 32,
    COLUMNS = SEGMENT * LANES, // of a tile, with those around its outputs
    DEPTH = 8,                 // bits of a sample
    CHUNK = 8,                 // rows whose counts are under way at once
    BEYOND = 64,               // bytes that may be read after the last lane
};

typedef uint8_t signs_of_rows[PPX_STRIP][SEGMENT][SIGNS];

typedef struct tile {
    ptrdiff_t k, nrows, n, pitch; // window; outputs; bytes from one sample of a lane to the next
    int rank;
    _Alignas(64) int8_t counts[CHUNK][SEGMENT * LANES + BEYOND]; // of columns
    int8_t pieces[CHUNK][SEGMENT / 2 * LANES + BEYOND]; // their sums for 2 or 4 that lie side by side
    signs_of_rows none, below[DEPTH]; // bits of outputs that are at least some value
    signs_of_rows planes[DEPTH];      // the results
    uint8_t valid[SEGMENT][SIGNS];    // lanes whose window is in the tile
    int8_t line[COLUMNS];
    _Alignas(64) int8_t samples[]; // [SEGMENT][1 + rows][LANES], less 128; the first row is 127
} tile;

static ptrdiff_t pitch_of(ptrdiff_t k) {
    return (PPX_STRIP + k) * LANES;
}

size_t ppx_counts_scratch(const ppx_rank *r) {
    return sizeof(tile) + (size_t)(SEGMENT * pitch_of(r->k));
}

// ---- Samples and results ----

static void load_row(tile *t, ptrdiff_t y, const uint8_t *row, ptrdiff_t n, ptrdiff_t step) {
    for (ptrdiff_t x = 0; x < n; x++)
        t->line[x] = (int8_t)(row[x * step] ^ 128);
    for (int j = 0; j < SEGMENT; j += 16)
        for (int s = 0; s < LANES; s += 16)
            transpose_16(t->samples + j * t->pitch + (1 + y) * LANES + s, t->pitch,
                         t->line + s * SEGMENT + j, SEGMENT);
}

// Transposes 8 x 8 bits (Warren, Hacker's Delight, 7-3).
static inline uint64_t transpose_bits(uint64_t x) {
    uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aau;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000cccc0000ccccu;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000f0f0f0f0u;
    return x ^ t ^ t << 28;
}

static void store_row(tile *t, ptrdiff_t y, uint8_t *out, ptrdiff_t step) {
    enum { N = SEGMENT * SIGNS };
    int8_t results[SEGMENT * LANES];
    const uint8_t *planes[DEPTH];
    for (int bit = 0; bit < DEPTH; bit++)
        planes[bit] = t->planes[bit][y][0];
    for (int i = 0; i < N; i++) {
        uint64_t bits = 0;
        for (int bit = 0; bit < DEPTH; bit++)
            bits |= (uint64_t)planes[bit][i] << 8 * bit;
        bits = transpose_bits(bits);
        for (int lane = 0; lane < 8; lane++)
            results[8 * i + lane] = (int8_t)(bits >> 8 * lane);
    }
    for (int j = 0; j < SEGMENT; j += 16)
        for (int s = 0; s < LANES; s += 16)
            transpose_16(t->line + s * SEGMENT + j, SEGMENT, results + j * LANES + s, LANES);
    for (ptrdiff_t x = 0; x < t->n; x++)
        out[x * step] = (uint8_t)t->line[x];
}

// ---- Counts ----

// Of the columns in rows [y, y + CHUNK) of the outputs.
static void count_columns(tile *t, ptrdiff_t y, int8_t below) {
    const bytes limit = bytes_all(below);
    for (int j = 0; j < SEGMENT; j++) {
        const int8_t *samples = t->samples + j * t->pitch;
        bytes sum = {0};
        if (y == 0)
            for (ptrdiff_t v = 1; v < t->k; v++)
                sum -= bytes_load(samples + v * LANES) < limit;
        else
            sum = bytes_load(t->counts[CHUNK - 1] + j * LANES);
        const int8_t *leaves = samples + y * LANES, *enters = leaves + t->k * LANES;
        for (int i = 0; i < CHUNK; i++) {
            sum += bytes_load(leaves + i * LANES) < limit;
            sum -= bytes_load(enters + i * LANES) < limit;
            bytes_store(t->counts[i] + j * LANES, sum);
        }
    }
}

// What the windows of column 0 of each lane count more than the rank.
LANES_INLINE wide first_windows(const tile *t, const int8_t *counts, const int8_t *pieces,
                                const int piece) {
    const ptrdiff_t k = t->k, npieces = k / piece, all = SEGMENT / piece;
    wide w = wide_all(-t->rank - 1);
    for (ptrdiff_t p = 0; p < npieces; p += 2) {
        const int8_t *a = pieces + p % all * LANES + p / all;
        w = wide_add_counts(w, bytes_load(a),
                            p + 1 < npieces ? bytes_load(a + LANES) : (bytes){0});
    }
    for (ptrdiff_t u = npieces * piece; u < k; u++)
        w = wide_add_counts(w, bytes_load(counts + u % SEGMENT * LANES + u / SEGMENT), (bytes){0});
    return w;
}

// A row of outputs: bits of those that are at least the value of which counts are. Groups of so
// many that half a group's steps change no count by more than 127.
LANES_INLINE void count_windows(const tile *t, const int8_t *counts, wide w,
                                uint8_t (*signs)[SIGNS], const int group) {
    const int middle = group / 2 - 1;
    const ptrdiff_t k = t->k;
    bytes forward = {0};
    for (int j0 = 0; j0 < SEGMENT; j0 += group) {
        bytes steps[16], back = {0};
        for (int i = 0; i < group; i++) {
            const ptrdiff_t u = j0 + i + k - 1;
            steps[i] = (bytes){0};
            if (j0 + i > 0)
                steps[i] = bytes_load(counts + u % SEGMENT * LANES + u / SEGMENT) -
                           bytes_load(counts + (j0 + i - 1) * LANES);
            if (i <= middle)
                back += steps[i];
        }
        w = wide_add(w, forward, back);
        const bytes at = narrow(w);
        forward = (bytes){0};
        back = (bytes){0};
        store_signs(signs[j0 + middle], at, forward);
        for (int i = middle; i > 0; i--) {
            back -= steps[i];
            store_signs(signs[j0 + i - 1], at, back);
        }
        for (int i = middle + 1; i < group; i++) {
            forward += steps[i];
            store_signs(signs[j0 + i], at, forward);
        }
    }
}

LANES_INLINE void add_pieces(tile *t, const int piece) {
    for (int i = 0; i < CHUNK; i++)
        for (int p = 0; p < SEGMENT / piece; p++) {
            bytes sum = {0};
            for (int j = 0; j < piece; j++)
                sum += bytes_load(t->counts[i] + (p * piece + j) * LANES);
            bytes_store(t->pieces[i] + p * LANES, sum);
        }
}

LANES_INLINE void count_rows(tile *t, int8_t below, signs_of_rows signs, const int group,
                             const int piece) {
    for (ptrdiff_t y = 0; y < t->nrows; y += CHUNK) {
        count_columns(t, y, below);
        add_pieces(t, piece);
        for (int i = 0; i < CHUNK; i++)
            count_windows(t, t->counts[i], first_windows(t, t->counts[i], t->pieces[i], piece),
                          signs[y + i], group);
    }
}

static void count(tile *t, int below, signs_of_rows signs) {
    const int8_t limit = (int8_t)(below - 128);
    if (t->k <= 15)
        count_rows(t, limit, signs, 16, 4);
    else if (t->k <= 31)
        count_rows(t, limit, signs, 8, 4);
    else if (t->k <= 63)
        count_rows(t, limit, signs, 4, 4);
    else
        count_rows(t, limit, signs, 2, 2);
}

// ---- Results ----

// Adds a plane's bits: of the outputs that are at least some value, and not at least another. How
// many are at least the first.
static ptrdiff_t note_plane(const tile *t, signs_of_rows plane, signs_of_rows at_least,
                            signs_of_rows beyond) {
    enum { N = SEGMENT * SIGNS / 8 };
    ptrdiff_t n = 0;
    uint64_t valid[N];
    memcpy(valid, t->valid, sizeof valid);
    for (ptrdiff_t y = 0; y < t->nrows; y++) {
        uint64_t a[N], b[N], p[N];
        memcpy(a, at_least[y], sizeof a);
        memcpy(b, beyond[y], sizeof b);
        memcpy(p, plane[y], sizeof p);
        for (int i = 0; i < N; i++) {
            n += __builtin_popcountll(a[i] & valid[i]);
            p[i] |= a[i] & ~b[i];
        }
        memcpy(plane[y], p, sizeof p);
    }
    return n;
}

// Finds the lower bits of the results from `from` on, of as many values as so many bits have:
// nfrom are at least `from`, and nbeyond are beyond these values.
static void descend(tile *t, int from, int nbits, signs_of_rows beyond, ptrdiff_t nfrom,
                    ptrdiff_t nbeyond) {
    if (nfrom == nbeyond || nbits == 0)
        return;
    const int bit = nbits - 1, middle = from + (1 << bit);
    count(t, middle, t->below[bit]);
    const ptrdiff_t n = note_plane(t, t->planes[bit], t->below[bit], beyond);
    descend(t, from, bit, t->below[bit], nfrom, n);
    descend(t, middle, bit, beyond, n, nbeyond);
}

static void make_tile(tile *t) {
    memset(t->none, 0, sizeof t->none);
    memset(t->planes, 0, sizeof t->planes);
    memset(t->valid, 0, sizeof t->valid);
    for (ptrdiff_t x = 0; x < t->n; x++)
        t->valid[x % SEGMENT][x / SEGMENT / 8] |= (uint8_t)(1 << x / SEGMENT % 8);
    for (int j = 0; j < SEGMENT; j++)
        memset(t->samples + j * t->pitch, 127, LANES);
    descend(t, 0, DEPTH, t->none, t->n * t->nrows, 0);
}

void ppx_counts_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    tile *t = block->scratch;
    const ptrdiff_t step = job->in.channels, most = COLUMNS - (r->k - 1);
    t->k = r->k;
    t->rank = (int)r->rank;
    t->pitch = pitch_of(r->k);
    t->nrows = block->nrows;
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x = 0; x < job->in.width; x += most) {
            t->n = ppx_rank_least(most, job->in.width - x);
            const ptrdiff_t first = (x - r->radius) * step + c;
            for (ptrdiff_t y = 0; y < t->nrows + r->k - 1; y++)
                load_row(t, y, (const uint8_t *)block->in[y - r->radius] + first, t->n + r->k - 1,
                         step);
            make_tile(t);
            for (ptrdiff_t y = 0; y < t->nrows; y++)
                store_row(t, y, (uint8_t *)block->out[y] + x * step + c, step);
        }
}
