// flood_levels.h: how high the water stands: for watershed.c, the level of each pixel.
//
// The level is the least, over all paths from a spring, of the highest value on the way and of the
// spring's own level. It is max(height, level of the pit below), as from a pixel water runs down to
// a pit without climbing: so it is found for pits. Pixels are in a strict order, by height and then
// in raster order; a pit has no neighbour that comes before it, and every other pixel a way to one
// that does. Taken in that order, a pixel can join what was apart only if those of its neighbours
// that come before it do not touch each other around it: such saddles are the passes between
// pits, a few in a hundred pixels. Their minimum spanning forest (Kruskal 1956) has all the ways
// that climb least (Cousty, Bertrand, Najman, Couprie 2009), and along it levels spread by one look
// up and one down. The forest stays, so that news of the levels in the rows beside costs no more.
#ifndef PPX_FLOOD_LEVELS_H
#define PPX_FLOOD_LEVELS_H

#include "flood.h"

// Between pits a and b. At first: from pixel a towards its neighbour b.
typedef struct pass {
    int32_t height;
    uint32_t a, b;
} pass;

// Pits are numbered from 1. The order has those that have a next one in the forest, as they got
// it: passes get higher, so what hangs on a pit comes before it.
typedef struct pits {
    ppx_pool *pool, *passes;
    uint32_t n, nlinked;
    size_t npasses;
    int32_t *level;  // at first its own height
    int32_t *spring; // the level of the lowest spring that runs into it
    int32_t *climb;  // the height of the pass to the next one
    uint32_t *next, *root, *order;
} pits;

// The image, as heights in the order in which water comes, with TOP for dams; and the markers.
typedef struct terrain {
    const ppx_job *job;
    const ppx_image *image, *markers;
    void (*heights)(const ppx_job *job, const void *row, int32_t *heights);
    void (*labels)(const ppx_job *job, const void *row, const void *markers, int32_t *labels);
} terrain;

static void heights_of(const terrain *t, ptrdiff_t y, int32_t *heights) {
    t->heights(t->job, ppx_image_row(t->image, y), heights);
}

// The labels of the markers, DAM or 0.
static void labels_of(const terrain *t, ptrdiff_t y, int32_t *labels) {
    const void *markers = t->markers->data ? ppx_image_row(t->markers, y) : NULL;
    t->labels(t->job, ppx_image_row(t->image, y), markers, labels);
}

static void heights_line(const terrain *t, const grid *g, ptrdiff_t y, int32_t *line) {
    line[0] = line[g->width + 1] = TOP;
    if (y >= 0 && y < g->nrows)
        heights_of(t, y, line + 1);
    else
        for (ptrdiff_t x = 1; x <= g->width; x++)
            line[x] = TOP;
}

// ---- Pits and saddles ---------------------------------------------------------------------------

// Of a set of neighbours one in each part that hangs together, if there are several parts; PIT for
// none.
enum { PIT = 0xff };

static void find_parts(bool corners, uint8_t parts[256]) {
    unsigned touches[NEAR] = {0};
    for (int a = 0; a < NEAR; a++)
        for (int b = 0; b < NEAR; b++) {
            const int i = a < EARLIER ? a : a + 1, j = b < EARLIER ? b : b + 1;
            const int dx = abs(i % 3 - j % 3), dy = abs(i / 3 - j / 3);
            touches[a] |= (unsigned)(corners ? dx < 2 && dy < 2 : dx + dy < 2) << b;
        }
    for (unsigned set = 0; set < 256; set++) {
        unsigned first = 0, nparts = 0;
        for (unsigned left = set & (corners ? 0xff : EDGES); left; nparts++) {
            unsigned part = left & -left, seen = 0;
            first |= part;
            for (unsigned more = part; more; more = part & ~seen) {
                seen |= more & -more;
                part |= touches[__builtin_ctz(more)] & set;
            }
            left &= ~part;
        }
        parts[set] = (uint8_t)(nparts == 0 ? PIT : nparts == 1 ? 0 : first);
    }
}

// The way to the first neighbour in the order, or 0; and the bits of all that come before. What is
// as high as dams never does.
LANES_INLINE void look_down(const lines *l, ptrdiff_t x, bool corners, int32_t *ways,
                            int32_t *bits) {
    const wides own = here_of(l, x);
    const wides more = own - (wides)(own < wides_all(TOP));
    wides least = more, way = {0}, found = {0};
#pragma GCC unroll 8
    for (int k = 0; k < NEAR; k++) {
        const wides near = near_of(l, x, k), before = (wides)(near < (k < EARLIER ? more : own));
        found |= before & wides_all(1 << k);
        if (k == EARLIER)
            least = wides_min(least, own);
        if (!corners && !(EDGES >> k & 1))
            continue;
        way = wides_either((wides)(near < least), wides_all(k + A_WAY), way);
        least = wides_min(least, near);
    }
    wides_store(ways + x, way);
    wides_store(bits + x, found);
}

static void look_down_row(const grid *g, const lines *l, int32_t *ways, int32_t *bits) {
    if (g->corners) // a constant
        for (ptrdiff_t x = 0; x < g->width; x += WORDS)
            look_down(l, x, true, ways, bits);
    else
        for (ptrdiff_t x = 0; x < g->width; x += WORDS)
            look_down(l, x, false, ways, bits);
}

// Notes the pits and the saddles of a row, whose bits are those of the neighbours before.
static ppx_status note_row(const grid *g, pits *all, ptrdiff_t y, const int32_t *heights,
                           const int32_t *bits, const uint8_t *parts, ppx_error *error) {
    const size_t width = (size_t)g->width;
    ppx_status status =
        ppx_pool_reserve(all->passes, (all->npasses + 4 * width) * sizeof(pass), error);
    if (!status)
        status = ppx_pool_reserve(all->pool, ((size_t)all->n + width + 1) * sizeof(int32_t), error);
    if (status)
        return status;
    pass *passes = all->passes->data;
    int32_t *ids = plane(g, y, LABEL), *level = all->pool->data;
    for (ptrdiff_t x = 0; x < g->width; x++) {
        unsigned kind = parts[bits[x]];
        if (!kind || ids[x] == DAM)
            continue;
        if (kind == PIT) {
            level[++all->n] = heights[x];
            ids[x] = (int32_t)all->n;
            continue;
        }
        for (; kind; kind &= kind - 1)
            passes[all->npasses++] =
                (pass){heights[x], (place)(y << 16 | x), (uint32_t)__builtin_ctz(kind)};
    }
    return PPX_OK;
}

// Into plane LABEL the numbers of the pits, and the ways of all others; what is as high as dams is
// none of both.
static ppx_status find_pits(const grid *g, const terrain *t, pits *all, ppx_pool *scratch,
                            ppx_error *error) {
    const size_t room = line_room(g);
    ppx_status status = ppx_pool_reserve(scratch, 5 * room * sizeof(int32_t), error);
    if (status)
        return status;
    int32_t *at = scratch->data, *ways = at + 3 * room, *bits = ways + room;
    memset(at, 0, 5 * room * sizeof *at);
    uint8_t parts[256];
    find_parts(g->corners, parts);
    heights_line(t, g, -1, at + 2 * room);
    heights_line(t, g, 0, at);
    for (ptrdiff_t y = 0; !status && y < g->nrows; y++) {
        lines l;
        heights_line(t, g, y + 1, at + (size_t)((y + 1) % 3) * room);
        for (int k = 0; k < 3; k++)
            l.at[k] = at + (size_t)((y + 2 + k) % 3) * room;
        look_down_row(g, &l, ways, bits);
        int32_t *ids = plane(g, y, LABEL);
        for (ptrdiff_t x = 0; x < g->width; x++)
            ids[x] = l.at[1][x + 1] == TOP ? DAM : ways[x];
        status = note_row(g, all, y, l.at[1] + 1, bits, parts, error);
    }
    return status;
}

// ---- The forest ---------------------------------------------------------------------------------

// From saddles to the pits that they are passes between.
static void find_passes(const grid *g, pits *all) {
    pass *passes = all->passes->data;
    size_t n = 0;
    for (size_t k = 0; k < all->npasses; k++) {
        const int32_t *id = pixel(g, passes[k].a, LABEL);
        const uint32_t a = (uint32_t)*id, b = (uint32_t)id[g->offset[passes[k].b]];
        passes[n] = (pass){passes[k].height, a, b};
        n += a != b;
    }
    all->npasses = n;
}

enum { DIGIT_BITS = 11, DIGITS = 3 };

static inline uint32_t digit_of(const pass *p, int digit) {
    const uint32_t height = (uint32_t)p->height ^ 1u << 31;
    return height >> digit * DIGIT_BITS & ((1u << DIGIT_BITS) - 1);
}

// By height. `from` and `to` change places for each digit that is not the same in all; returns
// where the result is.
static const pass *sort_passes(pass *from, pass *to, size_t n) {
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t start[1 << DIGIT_BITS] = {0}, sum = 0;
        for (size_t k = 0; k < n; k++)
            start[digit_of(&from[k], digit)]++;
        if (n == 0 || start[digit_of(from, digit)] == n)
            continue;
        for (int d = 0; d < 1 << DIGIT_BITS; d++) {
            const size_t count = start[d];
            start[d] = sum;
            sum += count;
        }
        for (size_t k = 0; k < n; k++)
            to[start[digit_of(&from[k], digit)]++] = from[k];
        pass *other = from;
        from = to;
        to = other;
    }
    return from;
}

static inline uint32_t root_of(uint32_t *root, uint32_t id) {
    while (root[id] != id) {
        root[id] = root[root[id]];
        id = root[id];
    }
    return id;
}

static ppx_status reserve_forest(pits *all, ppx_error *error) {
    const size_t n = (size_t)all->n + 1;
    ppx_status status = ppx_pool_reserve(all->passes, 2 * all->npasses * sizeof(pass), error);
    if (!status)
        status = ppx_pool_reserve(all->pool, 6 * n * sizeof(int32_t), error);
    if (status)
        return status;
    all->level = all->pool->data;
    all->spring = all->level + n;
    all->climb = all->spring + n;
    all->next = (uint32_t *)(all->climb + n);
    all->root = all->next + n;
    all->order = all->root + n;
    for (uint32_t id = 0; id <= all->n; id++) {
        all->spring[id] = TOP;
        all->root[id] = id;
    }
    return PPX_OK;
}

enum { PASSES_AHEAD = 16 };

static ppx_status link_pits(pits *all, ppx_error *error) {
    ppx_status status = reserve_forest(all, error);
    if (status)
        return status;
    pass *passes = all->passes->data;
    const pass *sorted = sort_passes(passes, passes + all->npasses, all->npasses);
    uint32_t *root = all->root;
    for (size_t k = 0; k < all->npasses; k++) {
        if (k + PASSES_AHEAD < all->npasses) {
            __builtin_prefetch(&root[sorted[k + PASSES_AHEAD].a], 1);
            __builtin_prefetch(&root[sorted[k + PASSES_AHEAD].b], 1);
        }
        const uint32_t a = root_of(root, sorted[k].a), b = root_of(root, sorted[k].b);
        if (a == b)
            continue;
        const uint32_t from = a > b ? a : b, to = a > b ? b : a;
        root[from] = all->next[from] = to;
        all->climb[from] = sorted[k].height;
        all->order[all->nlinked++] = from;
    }
    return PPX_OK;
}

// From springs along the forest.
static void find_levels(const pits *all) {
    int32_t *level = all->level;
    memcpy(level, all->spring, ((size_t)all->n + 1) * sizeof *level);
    for (uint32_t k = 0; k < all->nlinked; k++) {
        const uint32_t from = all->order[k], to = all->next[from];
        level[to] = lower(level[to], higher(all->climb[from], level[from]));
    }
    for (uint32_t k = all->nlinked; k-- > 0;) {
        const uint32_t to = all->order[k], from = all->next[to];
        level[to] = lower(level[to], higher(all->climb[to], level[from]));
    }
}

// ---- A piece ------------------------------------------------------------------------------------

static inline void add_spring(const pits *all, int32_t id, int32_t level) {
    all->spring[id] = lower(all->spring[id], level);
}

// Leaves the pits in pool b, and in plane LABEL which one is below each pixel.
static ppx_status find_forest(const grid *g, const terrain *t, ppx_piece *piece, pits *all,
                              ppx_error *error) {
    *all = (pits){.pool = &piece->b, .passes = &piece->a};
    ppx_status status = find_pits(g, t, all, &piece->c, error);
    if (status)
        return status;
    follow_ways(g, LABEL);
    find_passes(g, all);
    status = link_pits(all, error);
    ppx_pool_free(&piece->a);
    return status;
}

// What news of other pieces will need: the numbers of the pits of all pixels, and the pits.
static ppx_status keep_forest(const grid *g, ppx_piece *piece, const pits *all, ppx_error *error) {
    const size_t nbytes = (size_t)g->width * sizeof(int32_t);
    ppx_status status = ppx_pool_reserve(&piece->a, (size_t)g->nrows * nbytes, error);
    if (!status)
        status = ppx_pool_reserve(&piece->c, sizeof *all, error);
    if (status)
        return status;
    for (ptrdiff_t y = 0; y < g->nrows; y++)
        memcpy((char *)piece->a.data + (size_t)y * nbytes, plane(g, y, LABEL), nbytes);
    memcpy(piece->c.data, all, sizeof *all);
    return PPX_OK;
}

// Whether water comes in from a row beside row y.
static bool springs_from_beside(const grid *g, const pits *all, const int32_t *row,
                                const int32_t *heights, const int32_t *ids) {
    const ptrdiff_t reach = g->corners ? 1 : 0;
    bool news = false;
    for (ptrdiff_t x = 0; x < g->width; x++)
        for (ptrdiff_t i = x - reach; i <= x + reach; i++) {
            if (i < 0 || i >= g->width || ids[x] == DAM)
                continue;
            const int32_t level = higher(row[i], heights[x]);
            news |= level < all->level[ids[x]];
            add_spring(all, ids[x], level);
        }
    return news;
}

// Makes levels of the heights in plane LEVEL.
static void raise_row(const grid *g, const pits *all, ptrdiff_t y, const int32_t *ids) {
    int32_t *levels = plane(g, y, LEVEL);
    for (ptrdiff_t x = 0; x < g->width; x++)
        levels[x] = ids[x] == DAM ? TOP : higher(levels[x], all->level[ids[x]]);
}

#endif
