// rank_counts.c: rank filters of larger windows of u8 by counting.
//
// A window's sample of rank r is at least t if at most r of its samples are below t. So the samples
// below t are counted in all windows of a tile at once, by sums that run down columns and then
// along rows, for one t after the other: first 32, 64 and so on, which gives the results' three
// highest bits, then 16 if some result is below 32, 48 if some is in the next part, and so on.
// Values t that lie between two neighbouring results are never asked for, so that the cost is that
// of about so many counts as the tile has different results. They are a few where the window is
// large or the image smooth; tiles that have results in many parts are left to rank_columns.c.
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
    LOW = 5,                   // those below the first ones
    NPARTS = 1 << (DEPTH - LOW),
    MOST_PARTS = 4, // with results, of a tile that is not left to others
    CHUNK = 8,      // rows whose counts are under way at once
    BEYOND = 64,    // bytes that may be read after the last lane
};

typedef uint8_t signs_of_rows[PPX_STRIP][SEGMENT][SIGNS];

// Counts below one value for CHUNK rows.
typedef struct counts {
    _Alignas(64) int8_t columns[CHUNK][COLUMNS + BEYOND];
    int8_t pieces[CHUNK][COLUMNS / 2 + BEYOND]; // sums of 2 or 4 columns that lie side by side
} counts;

typedef struct tile {
    ptrdiff_t k, nrows, n; // window; outputs
    int rank;
    size_t at[SEGMENT + PPX_RANK_WINDOW]; // of column u of lane 0 in a line of columns
    counts counts[2];
    // Bits of outputs that are at least some value: the first one of a part (the last of which
    // begins beyond all values), or one in the middle of what lower bits can add.
    signs_of_rows parts[NPARTS + 1], middles[LOW][2];
    signs_of_rows planes[DEPTH]; // the results
    int8_t line[COLUMNS];
    _Alignas(64) int8_t samples[]; // [1 + rows][SEGMENT][LANES], less 128; the first row is 127
} tile;

// ---- Samples and results ----

static void load_row(tile *t, ptrdiff_t y, const uint8_t *row, ptrdiff_t n, ptrdiff_t step) {
    if (step == 1)
        for (ptrdiff_t x = 0; x < n; x++)
            t->line[x] = (int8_t)(row[x] ^ 128);
    else
        for (ptrdiff_t x = 0; x < n; x++)
            t->line[x] = (int8_t)(row[x * step] ^ 128);
    for (int j = 0; j < SEGMENT; j += 16)
        for (int s = 0; s < LANES; s += 16)
            transpose_16(t->samples + (1 + y) * COLUMNS + j * LANES + s, LANES,
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
    if (step == 1)
        memcpy(out, t->line, (size_t)t->n);
    else
        for (ptrdiff_t x = 0; x < t->n; x++)
            out[x * step] = (uint8_t)t->line[x];
}

// ---- Counts ----

// Of all columns in the first k - 1 rows.
static void begin_columns(const tile *t, counts *c, bytes limit) {
    enum { N = 8 }; // columns at a time
    for (int j = 0; j < COLUMNS; j += N * LANES) {
        bytes sums[N] = {{0}};
        for (ptrdiff_t v = 1; v < t->k; v++)
            for (int i = 0; i < N; i++)
                sums[i] -= bytes_load(t->samples + v * COLUMNS + j + i * LANES) < limit;
        for (int i = 0; i < N; i++)
            bytes_store(c->columns[CHUNK - 1] + j + i * LANES, sums[i]);
    }
}

// Of the columns of the windows of output rows [y, y + CHUNK), for one value or two: samples come
// from the second cache.
LANES_INLINE void count_columns(tile *t, ptrdiff_t y, const bytes *limits, const int n) {
    const bytes one = limits[0], two = limits[n - 1];
    for (int i = 0; i < CHUNK; i++) {
        const int before = (i + CHUNK - 1) % CHUNK;
        const int8_t *leaves = t->samples + (y + i) * COLUMNS, *enters = leaves + t->k * COLUMNS;
        int8_t *const a = t->counts[0].columns[i], *const b = t->counts[1].columns[i];
        const int8_t *const a0 = t->counts[0].columns[before];
        const int8_t *const b0 = t->counts[1].columns[before];
        for (int j = 0; j < COLUMNS; j += LANES) {
            const bytes leave = bytes_load(leaves + j), enter = bytes_load(enters + j);
            bytes_store(a + j, bytes_load(a0 + j) + (leave < one) - (enter < one));
            if (n == 2)
                bytes_store(b + j, bytes_load(b0 + j) + (leave < two) - (enter < two));
        }
    }
}

LANES_INLINE void add_pieces(counts *c, const int piece) {
    for (int i = 0; i < CHUNK; i++)
        for (int p = 0; p < SEGMENT / piece; p++) {
            bytes sum = bytes_load(c->columns[i] + p * piece * LANES);
            for (int j = 1; j < piece; j++)
                sum = bytes_plus(sum, bytes_load(c->columns[i] + (p * piece + j) * LANES));
            bytes_store(c->pieces[i] + p * LANES, sum);
        }
}

// What the windows of column 0 of each lane count more than the rank.
LANES_INLINE wide first_windows(const tile *t, const int8_t *columns, const int8_t *pieces,
                                const int piece) {
    const size_t npieces = (size_t)t->k / (size_t)piece;
    wide w = wide_all(-t->rank - 1);
    for (size_t p = 0; p < npieces; p += 2) { // of columns piece * p and on
        const size_t at = t->at[(size_t)piece * p], lane = at % LANES;
        const int8_t *a = pieces + (at - lane) / (size_t)piece + lane;
        w = wide_add_counts(w, bytes_load(a), p + 1 < npieces ? bytes_load(a + LANES) : (bytes){0});
    }
    for (size_t u = npieces * (size_t)piece; u < (size_t)t->k; u++)
        w = wide_add_counts(w, bytes_load(columns + t->at[u]), (bytes){0});
    return w;
}

// A row of outputs: bits of those that are at least the value of which counts are. Groups of so
// many that half a group's steps change no count by more than 127.
LANES_INLINE void count_windows(const tile *t, const int8_t *columns, wide w,
                                uint8_t (*signs)[SIGNS], const int group) {
    const int middle = group / 2 - 1;
    const size_t *const enters = t->at + t->k - 1;
    bytes forward = {0};
    for (int j = 0; j < SEGMENT; j += group) {
        bytes steps[16], back = {0};
        for (int i = 0; i < group; i++) {
            steps[i] = (bytes){0};
            if (i > 0 || j > 0)
                steps[i] =
                    bytes_load(columns + enters[j + i]) - bytes_load(columns + (j + i - 1) * LANES);
            if (i <= middle)
                back += steps[i];
        }
        w = wide_add(w, forward, back);
        const bytes at = narrow(w);
        store_signs(signs[j + middle], at);
        back = forward = (bytes){0};
        for (int i = middle; i > 0; i--) {
            back -= steps[i];
            store_signs(signs[j + i - 1], bytes_add(at, back));
        }
        for (int i = middle + 1; i < group; i++) {
            forward += steps[i];
            store_signs(signs[j + i], bytes_add(at, forward));
        }
    }
}

LANES_INLINE void count_chunk(const tile *t, counts *c, uint8_t (*signs)[SEGMENT][SIGNS],
                              const int group, const int piece) {
    add_pieces(c, piece);
    for (int i = 0; i < CHUNK; i++)
        count_windows(t, c->columns[i], first_windows(t, c->columns[i], c->pieces[i], piece),
                      signs[i], group);
}

// Outputs that are at least `values`, of which there are one or two.
static void count(tile *t, const int *values, int n, signs_of_rows *signs) {
    const bytes limits[] = {bytes_all(values[0] - 128), bytes_all(values[n - 1] - 128)};
    for (int v = 0; v < n; v++)
        begin_columns(t, &t->counts[v], limits[v]);
    for (ptrdiff_t y = 0; y < t->nrows; y += CHUNK) {
        if (n == 2)
            count_columns(t, y, limits, 2);
        else
            count_columns(t, y, limits, 1);
        for (int v = 0; v < n; v++)
            if (t->k <= 15)
                count_chunk(t, &t->counts[v], signs[v] + y, 16, 4);
            else if (t->k <= 31)
                count_chunk(t, &t->counts[v], signs[v] + y, 8, 4);
            else if (t->k <= 63)
                count_chunk(t, &t->counts[v], signs[v] + y, 4, 4);
            else
                count_chunk(t, &t->counts[v], signs[v] + y, 2, 2);
    }
}

// ---- Results ----

// Of the outputs that are at least some value and not beyond another one, adds those that are at
// least `middle` to a plane, and says whether there are any and whether there are others.
static void divide(const tile *t, signs_of_rows plane, signs_of_rows some, signs_of_rows middle,
                   signs_of_rows beyond, bool *below, bool *above) {
    bytes lower = {0}, upper = {0};
    for (ptrdiff_t i = 0; i < t->nrows * SEGMENT * SIGNS; i += LANES) {
        const bytes here = bytes_load(some[0][0] + i) & bytes_load(middle[0][0] + i);
        const bytes high = here & ~bytes_load(beyond[0][0] + i);
        lower |= bytes_load(some[0][0] + i) & ~here;
        upper |= high;
        bytes_store(middle[0][0] + i, here); // none that is not an output
        bytes_store(plane[0][0] + i, bytes_load(plane[0][0] + i) | high);
    }
    *below = bytes_any(lower);
    *above = bytes_any(upper);
}

// Finds the lower nbits bits of results: of the outputs that are at least `from` (some), but not
// beyond what these bits can add.
static void descend(tile *t, int from, int nbits, signs_of_rows some, signs_of_rows middle,
                    signs_of_rows beyond) {
    const int bit = nbits - 1;
    bool below, above;
    divide(t, t->planes[bit], some, middle, beyond, &below, &above);
    if (bit == 0)
        return;
    int values[2], n = 0;
    if (below)
        values[n++] = from + (1 << (bit - 1));
    if (above)
        values[n++] = from + (1 << bit) + (1 << (bit - 1));
    count(t, values, n, t->middles[bit - 1]);
    if (below)
        descend(t, from, bit, some, t->middles[bit - 1][0], middle);
    if (above)
        descend(t, from + (1 << bit), bit, middle, t->middles[bit - 1][n - 1], beyond);
}

// Which parts have results.
static unsigned find_parts(tile *t) {
    unsigned found = 0;
    memset(t->parts, 0, sizeof t->parts);
    for (ptrdiff_t x = 0; x < t->n; x++)
        t->parts[0][0][x % SEGMENT][x / SEGMENT / 8] |= (uint8_t)(1 << x / SEGMENT % 8);
    for (ptrdiff_t y = 1; y < t->nrows; y++)
        memcpy(t->parts[0][y], t->parts[0][0], sizeof t->parts[0][0]);
    for (int p = 1; p < NPARTS; p += 2) {
        const int values[] = {p << LOW, (p + 1) << LOW};
        count(t, values, p + 1 < NPARTS ? 2 : 1, t->parts + p);
    }
    for (int p = 0; p < NPARTS; p++) {
        bool others, any;
        divide(t, t->planes[DEPTH - 1], t->parts[0], t->parts[p], t->parts[p + 1], &others, &any);
        found |= (unsigned)any << p;
    }
    return found;
}

static void begin_tile(tile *t, const ppx_rank *r, ptrdiff_t nrows, ptrdiff_t n) {
    t->k = r->k;
    t->rank = (int)r->rank;
    t->nrows = nrows;
    t->n = n;
    for (size_t u = 0; u < (size_t)(SEGMENT + r->k); u++)
        t->at[u] = u % SEGMENT * LANES + u / SEGMENT;
    memset(t->samples, 127, COLUMNS);
}

// Whether the tile is done.
static bool make_tile(tile *t) {
    const unsigned found = find_parts(t);
    if (__builtin_popcount(found) > MOST_PARTS)
        return false;
    memset(t->planes, 0, sizeof t->planes);
    for (int p = 0; p < NPARTS; p++) {
        if (!(found >> p & 1))
            continue;
        bool others, any;
        for (int bit = LOW; bit < DEPTH; bit++)
            if (p << LOW >> bit & 1)
                divide(t, t->planes[bit], t->parts[0], t->parts[p], t->parts[p + 1], &others, &any);
        const int middle = (p << LOW) + (1 << (LOW - 1));
        count(t, &middle, 1, t->middles[LOW - 1]);
        descend(t, p << LOW, LOW, t->parts[p], t->middles[LOW - 1][0], t->parts[p + 1]);
    }
    return true;
}

size_t ppx_counts_scratch(const ppx_rank *r) {
    const size_t nbytes = sizeof(tile) + (size_t)((PPX_STRIP + r->k) * COLUMNS);
    const size_t others = ppx_columns_scratch();
    return nbytes > others ? nbytes : others;
}

void ppx_counts_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    tile *t = block->scratch;
    const ptrdiff_t step = job->in.channels, most = COLUMNS - (r->k - 1);
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t x = 0; x < job->in.width; x += most) {
            begin_tile(t, r, block->nrows, ppx_rank_least(most, job->in.width - x));
            const ptrdiff_t first = (x - r->radius) * step + c;
            for (ptrdiff_t y = 0; y < t->nrows + r->k - 1; y++)
                load_row(t, y, (const uint8_t *)block->in[y - r->radius] + first, t->n + r->k - 1,
                         step);
            if (make_tile(t))
                for (ptrdiff_t y = 0; y < t->nrows; y++)
                    store_row(t, y, (uint8_t *)block->out[y] + x * step + c, step);
            else
                ppx_columns_part(job, r, block, c, x, t->n);
        }
}
