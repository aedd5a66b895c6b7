// flood_levels.h: how high the water stands: for watershed.c, the level of each pixel.
//
// The level is the least, over all paths from a spring, of the highest value on the way and of the
// spring's own level. It is max(height, level of the pit below), as from a pixel water runs down to
// a pit without climbing: so it is found for pits. Which pit is below each pixel (any will do,
// where there are several) is known from its lowest neighbour; the lowest passes between pits that
// touch make a graph, and its minimum spanning forest (Kruskal 1956) has all the ways that climb
// least (Cousty et al. 2009). Along the forest levels spread by one look up and one down (up and
// down of the forest, which ends in roots). The forest stays, so that news of the levels in the
// rows beside costs no more than that. A plateau that drains is a pit here, with a pass of its
// own height.
#ifndef PPX_FLOOD_LEVELS_H
#define PPX_FLOOD_LEVELS_H

#include "flood.h"

typedef struct pass {
    uint32_t height, a, b; // between pits a < b
} pass;

typedef struct pit {
    uint32_t spring; // the level of the lowest spring that runs into it
    uint32_t level;
    uint32_t root;      // towards the root of the tree so far
    uint32_t up, climb; // in the forest: the next one, and the height of the pass to it
} pit;

// Pits are numbered from 1. The forest's order has those that have a next one, as they got it:
// passes get higher, so what hangs on a pit comes before it.
typedef struct pits {
    ppx_pool *pits, *passes;
    uint32_t n, nlinked;
    size_t npasses;
} pits;

static inline pit *pit_at(const pits *all, uint32_t id) {
    return (pit *)all->pits->data + id;
}

static inline uint32_t *order_of(const pits *all) {
    return (uint32_t *)(void *)(pit_at(all, all->n) + 1);
}

// ---- Pits ---------------------------------------------------------------------------------------

// The link to the lowest neighbour that is lower; of several the first.
static inline void look_down(const uint32_t *restrict above, const uint32_t *restrict here,
                             const uint32_t *restrict below, ptrdiff_t width, bool corners,
                             const int32_t *offset, uint32_t *restrict link) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t around[8] = {above[x],    above[x + 1], above[x + 2], here[x],
                                    here[x + 2], below[x],     below[x + 1], below[x + 2]};
        uint32_t least = here[x + 1];
        int32_t way = 0;
        for (int k = 0; k < 8; k++) {
            if (!corners && !(0x5a >> k & 1))
                continue;
            way = around[k] < least ? offset[k] : way;
            least = around[k] < least ? around[k] : least;
        }
        link[x] = (uint32_t)way;
    }
}

// The number of the pit that goes on at x: of a neighbour to the left or above that is as high and
// has nowhere to go either; or 0.
static inline uint32_t pit_before(const grid *g, const uint32_t *heights, const uint32_t *above,
                                  ptrdiff_t y, ptrdiff_t x) {
    const uint32_t height = heights[x + 1], *links = plane(g, y, LEVEL), *ids = plane(g, y, LABEL);
    if (x > 0 && heights[x] == height && !links[x - 1] && ids[x - 1] != DAM)
        return ids[x - 1];
    const ptrdiff_t reach = g->corners ? 1 : 0;
    for (ptrdiff_t i = x - reach; y > 0 && i <= x + reach; i++)
        if (i >= 0 && i < g->width && above[i + 1] == height && !(links - g->row)[i] &&
            (ids - g->row)[i] != DAM)
            return (ids - g->row)[i];
    return 0;
}

// Links into plane LEVEL, and into plane LABEL the number of the pit, in its own pixels; 0 in the
// others.
static ppx_status find_pits(const grid *g, const grid *in, pits *all, uint32_t *lines,
                            ppx_error *error) {
    const ptrdiff_t room = g->width + 2;
    line_of(in, -1, LEVEL, DAM, lines);
    line_of(in, 0, LEVEL, DAM, lines + room);
    for (ptrdiff_t y = 0; y < g->nrows; y++) {
        const uint32_t *above = lines + y % 3 * room, *here = lines + (y + 1) % 3 * room;
        uint32_t *below = lines + (y + 2) % 3 * room;
        uint32_t *links = plane(g, y, LEVEL), *ids = plane(g, y, LABEL);
        const uint32_t *seeds = plane(in, y, LABEL);
        line_of(in, y + 1, LEVEL, DAM, below);
        if (g->corners) // a constant, so that the loop becomes vectors
            look_down(above, here, below, g->width, true, g->offset, links);
        else
            look_down(above, here, below, g->width, false, g->offset, links);
        for (ptrdiff_t x = 0; x < g->width; x++) {
            ids[x] = seeds[x] == DAM ? DAM : 0;
            links[x] = seeds[x] == DAM ? 0 : links[x];
        }
        const size_t most = (size_t)all->n + (size_t)g->width + 1;
        ppx_status status = ppx_pool_reserve(all->pits, most * sizeof(pit), error);
        if (status)
            return status;
        for (ptrdiff_t x = 0; x < g->width; x++) {
            if (links[x] || ids[x])
                continue;
            ids[x] = pit_before(g, here, above, y, x);
            if (ids[x])
                continue;
            ids[x] = ++all->n;
            *pit_at(all, all->n) = (pit){.spring = DAM, .root = all->n, .level = here[x + 1]};
        }
    }
    return PPX_OK;
}

// ---- Passes -------------------------------------------------------------------------------------

// Passes that were met last, by their pits: most are met again and again.
enum { RECENT_BITS = 12, RECENT = 1 << RECENT_BITS };

static inline void add_pass(pits *all, pass *recent, uint32_t a, uint32_t b, uint32_t height) {
    const uint32_t first = a < b ? a : b, second = a < b ? b : a;
    const uint32_t hash = first * 0x9e3779b1u + second * 0x85ebca6bu;
    pass *at = &recent[hash >> (32 - RECENT_BITS)];
    if (at->a == first && at->b == second) {
        at->height = height < at->height ? height : at->height;
        return;
    }
    if (at->a)
        ((pass *)all->passes->data)[all->npasses++] = *at;
    *at = (pass){height, first, second};
}

// Bits for the neighbours to the right, and below from left to right, that another pit is below.
static inline void look_across(const uint32_t *restrict here, const uint32_t *restrict below,
                               ptrdiff_t width, bool corners, uint8_t *restrict found) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t own = here[x + 1];
        const uint32_t around[4] = {here[x + 2], below[x], below[x + 1], below[x + 2]};
        uint32_t bits = 0;
        for (int k = 0; k < 4; k++)
            if (corners || k % 2 == 0)
                bits |= (uint32_t)((own != around[k]) & (around[k] != DAM)) << k;
        found[x] = (uint8_t)(own == DAM ? 0 : bits);
    }
}

static void pass_row(pits *all, pass *recent, const uint32_t *const ids[2],
                     const uint32_t *const heights[2], ptrdiff_t x, unsigned bits) {
    for (; bits; bits &= bits - 1) {
        const int k = __builtin_ctz(bits), down = k > 0;
        const ptrdiff_t to = k ? x + k - 1 : x + 2;
        const uint32_t a = heights[0][x + 1], b = heights[down][to];
        add_pass(all, recent, ids[0][x + 1], ids[down][to], a > b ? a : b);
    }
}

static ppx_status find_passes(const grid *g, const grid *in, pits *all, uint32_t *lines,
                              pass *recent, ppx_error *error) {
    const ptrdiff_t room = g->width + 2;
    uint8_t *found = (uint8_t *)(lines + 4 * room);
    memset(recent, 0, RECENT * sizeof *recent);
    memset(found, 0, (size_t)room * sizeof(uint32_t));
    for (ptrdiff_t y = -1; y < g->nrows; y++) {
        const uint32_t *const ids[2] = {lines + (y & 1) * room, lines + (~y & 1) * room};
        const uint32_t *const heights[2] = {ids[0] + 2 * room, ids[1] + 2 * room};
        line_of(g, y + 1, LABEL, DAM, lines + (~y & 1) * room);
        line_of(in, y + 1, LEVEL, DAM, lines + (2 + (~y & 1)) * room);
        if (y < 0)
            continue;
        const size_t most = all->npasses + 4 * (size_t)g->width + RECENT;
        ppx_status status = ppx_pool_reserve(all->passes, most * sizeof(pass), error);
        if (status)
            return status;
        if (g->corners)
            look_across(ids[0], ids[1], g->width, true, found);
        else
            look_across(ids[0], ids[1], g->width, false, found);
        for (ptrdiff_t x0 = 0; x0 < g->width; x0 += 8) {
            uint64_t eight;
            memcpy(&eight, found + x0, sizeof eight);
            for (; eight; eight &= ~(UINT64_C(255) << (__builtin_ctzll(eight) & ~7))) {
                const ptrdiff_t x = x0 + (__builtin_ctzll(eight) >> 3);
                pass_row(all, recent, ids, heights, x, found[x]);
            }
        }
    }
    for (int k = 0; k < RECENT; k++)
        if (recent[k].a)
            ((pass *)all->passes->data)[all->npasses++] = recent[k];
    return PPX_OK;
}

// ---- The forest ---------------------------------------------------------------------------------

enum { DIGIT_BITS = 11, DIGITS = 3 };

// By height; from and to change places for each digit that differs. Returns where they are.
static const pass *sort_passes(pass *from, pass *to, size_t n) {
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t start[1 << DIGIT_BITS] = {0}, sum = 0, most = 0;
        const int shift = digit * DIGIT_BITS;
        const uint32_t mask = (1u << DIGIT_BITS) - 1;
        for (size_t k = 0; k < n; k++)
            start[from[k].height >> shift & mask]++;
        for (uint32_t d = 0; d <= mask; d++) {
            const size_t count = start[d];
            most = count > most ? count : most;
            start[d] = sum;
            sum += count;
        }
        if (most == n)
            continue;
        for (size_t k = 0; k < n; k++)
            to[start[from[k].height >> shift & mask]++] = from[k];
        pass *other = from;
        from = to;
        to = other;
    }
    return from;
}

static inline uint32_t root_of(pit *all, uint32_t id) {
    while (all[id].root != id) {
        all[id].root = all[all[id].root].root;
        id = all[id].root;
    }
    return id;
}

static ppx_status link_pits(pits *all, ppx_error *error) {
    ppx_status status = ppx_pool_reserve(all->passes, 2 * all->npasses * sizeof(pass), error);
    if (!status)
        status = ppx_pool_reserve(all->pits,
                                  ((size_t)all->n + 1) * (sizeof(pit) + sizeof(uint32_t)), error);
    if (status)
        return status;
    pass *passes = all->passes->data;
    const pass *sorted = sort_passes(passes, passes + all->npasses, all->npasses);
    pit *at = all->pits->data;
    uint32_t *order = order_of(all);
    for (size_t k = 0; k < all->npasses && all->nlinked + 1 < all->n; k++) {
        const uint32_t a = root_of(at, sorted[k].a), b = root_of(at, sorted[k].b);
        if (a == b)
            continue;
        const uint32_t lower = a < b ? a : b, upper = a < b ? b : a;
        at[upper].root = at[upper].up = lower;
        at[upper].climb = sorted[k].height;
        order[all->nlinked++] = upper;
    }
    return PPX_OK;
}

static inline uint32_t higher(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static inline uint32_t lower(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// From springs along the forest.
static void find_levels(const pits *all) {
    pit *at = all->pits->data;
    const uint32_t *order = order_of(all);
    for (uint32_t id = 1; id <= all->n; id++)
        at[id].level = at[id].spring;
    for (uint32_t k = 0; k < all->nlinked; k++) {
        const pit *from = &at[order[k]];
        at[from->up].level = lower(at[from->up].level, higher(from->climb, from->level));
    }
    for (uint32_t k = all->nlinked; k-- > 0;) {
        pit *to = &at[order[k]];
        to->level = lower(to->level, higher(to->climb, at[to->up].level));
    }
}

// ---- A piece ------------------------------------------------------------------------------------

static inline void add_spring(const pits *all, uint32_t id, uint32_t level) {
    pit *at = pit_at(all, id);
    at->spring = lower(at->spring, level);
}

// Leaves the pits in pool b, and in plane LABEL which one is below each pixel.
static ppx_status find_forest(const grid *g, const grid *in, ppx_piece *piece, pits *all,
                              ppx_error *error) {
    const size_t nbytes = RECENT * sizeof(pass) + 5 * ((size_t)g->width + 2) * sizeof(uint32_t);
    ppx_status status = ppx_pool_reserve(&piece->c, nbytes, error);
    if (status)
        return status;
    pass *recent = piece->c.data;
    uint32_t *lines = (uint32_t *)(void *)(recent + RECENT);
    status = find_pits(g, in, all, lines, error);
    if (status)
        return status;
    follow_links(g, LEVEL);
    status = find_passes(g, in, all, lines, recent, error);
    if (!status)
        status = link_pits(all, error);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->c);
    return status;
}

// What news of other pieces will need: the numbers of the pits of all pixels, and how many.
static ppx_status keep_forest(const grid *g, ppx_piece *piece, const pits *all, ppx_error *error) {
    const size_t nbytes = (size_t)g->width * sizeof(uint32_t);
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
static bool springs_from_beside(const grid *g, const grid *in, const pits *all, const uint32_t *row,
                                ptrdiff_t y, const uint32_t *ids) {
    const uint32_t *heights = plane(in, y, LEVEL);
    const ptrdiff_t reach = g->corners ? 1 : 0;
    bool news = false;
    for (ptrdiff_t x = 0; row && x < g->width; x++)
        for (ptrdiff_t i = x - reach; i <= x + reach; i++) {
            if (i < 0 || i >= g->width || ids[x] == DAM)
                continue;
            const uint32_t level = higher(row[i], heights[x]);
            news |= level < pit_at(all, ids[x])->level;
            add_spring(all, ids[x], level);
        }
    return news;
}

static void write_levels(const grid *g, const grid *in, const pits *all, ptrdiff_t y,
                         const uint32_t *ids) {
    uint32_t *levels = plane(g, y, LEVEL);
    const uint32_t *heights = plane(in, y, LEVEL);
    for (ptrdiff_t x = 0; x < g->width; x++)
        levels[x] = ids[x] == DAM ? DAM : higher(heights[x], pit_at(all, ids[x])->level);
}

#endif
