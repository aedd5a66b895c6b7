// rank_network_make.c: finds the minima and maxima that pick the sample of one rank from each
// window of a tile of outputs (used by rank_network.c).
//
// What the windows of a tile have in common is sorted once. The tile is then halved again and
// again; each half merges the sorted samples that only its windows have in common, and forgets
// those that can no longer have the rank (Adams, Fast median filters using separable sorting
// networks, ACM TOG 40, 2021; hierarchical tiling, arXiv 2507.19926, 2025). Lists are merged by
// Batcher's odd-even merge (Knuth, The Art of Computer Programming 3, 5.3.4). What leads to no
// output is dropped.
//
// Lanes of a vector are tiles that lie side by side. A list of samples `tile` columns to the right
// is the same list one lane further, so each is found once: a value is a node and a shift in lanes.
//
// Loads and stores cost more than minima and maxima. Where a merge is regular, several exchanges
// that follow each other make one operation, whose values between stay in registers: a group.
#include "rank_network_make.h"
#include "../core/memory.h"

#include <string.h>

// ---- Values ----

static int find_node(builder *w, node_kind kind, int a, int b, int shift) {
    const uint64_t key = (((uint64_t)a * NODES + (uint64_t)b) * 4 + kind) * 16 + (uint64_t)shift;
    for (uint64_t h = key * 0x9e3779b97f4a7c15u >> 48;; h = (h + 1) % HASH) {
        if (w->hash[h] == 0) {
            PPX_ASSERT(w->nnodes < NODES - 1);
            w->nodes[w->nnodes] = (node){
                .kind = (uint8_t)kind, .shift = (uint8_t)shift, .a = (uint16_t)a, .b = (uint16_t)b};
            w->hash[h] = (uint16_t)++w->nnodes;
            return w->nnodes - 1;
        }
        const node *n = &w->nodes[w->hash[h] - 1];
        if (n->kind == kind && n->a == a && n->b == b && n->shift == shift)
            return w->hash[h] - 1;
    }
}

static value input(builder *w, int x, int y) {
    return value_of(find_node(w, INPUT, y, x % w->tile_x, 0), x / w->tile_x);
}

static value operation(builder *w, node_kind kind, value a, value b) {
    if (a == b)
        return a;
    if (shift_of(a) > shift_of(b) || (shift_of(a) == shift_of(b) && a > b)) {
        value c = a;
        a = b;
        b = c;
    }
    const int shift = shift_of(a);
    return value_of(find_node(w, kind, node_of(a), node_of(b), shift_of(b) - shift), shift);
}

// ---- Lists ----

static value *take(builder *w, int n) {
    value *list = w->room + w->nroom;
    w->nroom += n;
    PPX_ASSERT(w->nroom <= ROOM);
    return list;
}

static void exchange(builder *w, value *lesser, value *greater) {
    const value a = *lesser, b = *greater;
    *lesser = operation(w, LEAST, a, b);
    *greater = operation(w, MOST, a, b);
}

// Notes that nodes from `first` on are a group, if they are all of one (and not partly found
// before) and in step.
static void note_group(builder *w, ppx_network_kind kind, int first, const value *in) {
    if (w->nnodes - first != forms[kind].nnodes || w->ngroups == GROUPS)
        return;
    for (int at = first; at < w->nnodes; at++)
        if (w->nodes[at].b >= first && w->nodes[at].shift > 0)
            return;
    group *g = &w->groups[w->ngroups++];
    *g = (group){.kind = kind, .first = first, .last = w->nnodes - 1};
    memcpy(g->in, in, (size_t)forms[kind].nin * sizeof *in);
    for (int at = first; at < w->nnodes; at++)
        w->nodes[at].group = (uint16_t)w->ngroups;
}

static void merge_2(builder *w, value v[4]) { // v[0], v[1] and v[2], v[3]
    exchange(w, &v[0], &v[2]);
    exchange(w, &v[1], &v[3]);
    exchange(w, &v[2], &v[1]);
    const value swap = v[1];
    v[1] = v[2];
    v[2] = swap;
}

static void merge_4(builder *w, value v[8]) { // v[0..3] and v[4..7]
    value even[4] = {v[0], v[2], v[4], v[6]}, odd[4] = {v[1], v[3], v[5], v[7]};
    merge_2(w, even);
    merge_2(w, odd);
    v[0] = even[0];
    for (int i = 0; i < 3; i++) {
        v[2 * i + 1] = odd[i];
        v[2 * i + 2] = even[i + 1];
        exchange(w, &v[2 * i + 1], &v[2 * i + 2]);
    }
    v[7] = odd[3];
}

// The last level of a merge, from odd[i] on: odd-even lists of lists that were merged.
static void combine(builder *w, const value *even, int neven, const value *odd, int nodd, int i,
                    value *out) {
    out[0] = even[0];
    for (; i < nodd; i++) {
        out[2 * i + 1] = odd[i];
        if (i + 1 < neven) {
            out[2 * i + 2] = even[i + 1];
            exchange(w, &out[2 * i + 1], &out[2 * i + 2]);
        }
    }
    if (neven == nodd + 2)
        out[neven + nodd - 1] = even[neven - 1];
}

static void merge(builder *w, const value *a, int n, const value *b, int m, int step, value *out);

// The even (odd) half of a merge, and its own halves: what `combine` makes a level higher.
typedef struct quarters {
    value *list, *even, *odd;
    int n, neven, nodd;
} quarters;

static quarters merge_quarters(builder *w, const value *a, int n, const value *b, int m, int step) {
    quarters h = {.neven = (n + 1) / 2 + (m + 1) / 2, .nodd = n / 2 + m / 2};
    h.n = h.neven + h.nodd;
    h.list = take(w, h.n);
    h.even = take(w, h.neven);
    h.odd = take(w, h.nodd);
    merge(w, a, (n + 1) / 2, b, (m + 1) / 2, 2 * step, h.even);
    merge(w, a + step, n / 2, b + step, m / 2, 2 * step, h.odd);
    h.list[0] = h.even[0];
    return h;
}

// The last two levels, four exchanges at a time as far as they go.
static void combine_twice(builder *w, const quarters *e, const quarters *o, value *out) {
    int i = 0;
    for (; i < e->nodd && i + 1 < e->neven && i < o->nodd && i + 1 < o->neven; i++) {
        const value in[] = {o->list[2 * i], e->odd[i], e->even[i + 1], o->odd[i], o->even[i + 1]};
        const int first = w->nnodes;
        value v[5];
        memcpy(v, in, sizeof v);
        exchange(w, &v[1], &v[2]);
        exchange(w, &v[3], &v[4]);
        e->list[2 * i + 1] = v[1];
        e->list[2 * i + 2] = v[2];
        o->list[2 * i + 1] = v[3];
        o->list[2 * i + 2] = v[4];
        exchange(w, &v[0], &v[1]);
        exchange(w, &v[3], &v[2]);
        note_group(w, PPX_NETWORK_TWO_LEVELS, first, in);
        const value made[] = {v[0], v[1], v[3], v[2]};
        memcpy(out + 4 * i + 1, made, sizeof made);
    }
    combine(w, e->even, e->neven, e->odd, e->nodd, i, e->list);
    combine(w, o->even, o->neven, o->odd, o->nodd, i, o->list);
    combine(w, e->list, e->n, o->list, o->n, 2 * i, out);
}

// Merges n values of a, `step` apart, and m values of b into out, where they are contiguous.
static void merge(builder *w, const value *a, int n, const value *b, int m, int step, value *out) {
    const int before = w->nroom;
    if (n == 0 || m == 0) {
        for (int i = 0; i < n + m; i++)
            out[i] = (n ? a : b)[i * step];
    } else if (n == 1 && m == 1) {
        out[0] = *a;
        out[1] = *b;
        exchange(w, &out[0], &out[1]);
    } else if (n + m == 3) {
        const value *pair = n == 2 ? a : b, one = *(n == 2 ? b : a);
        const value in[] = {pair[0], pair[step], one};
        const int first = w->nnodes;
        out[0] = in[0];
        out[1] = in[1];
        out[2] = in[2];
        exchange(w, &out[0], &out[2]);
        exchange(w, &out[1], &out[2]);
        note_group(w, PPX_NETWORK_MERGE_2_1, first, in);
    } else if (n == m && (n == 2 || n == 4)) {
        value in[8];
        const int first = w->nnodes;
        for (int i = 0; i < n; i++) {
            in[i] = a[i * step];
            in[n + i] = b[i * step];
        }
        memcpy(out, in, (size_t)(2 * n) * sizeof *in);
        (n == 2 ? merge_2 : merge_4)(w, out);
        note_group(w, n == 2 ? PPX_NETWORK_MERGE_2 : PPX_NETWORK_MERGE_4, first, in);
    } else if (n > 4 || m > 4) {
        const quarters e = merge_quarters(w, a, (n + 1) / 2, b, (m + 1) / 2, 2 * step);
        const quarters o = merge_quarters(w, a + step, n / 2, b + step, m / 2, 2 * step);
        combine_twice(w, &e, &o, out);
    } else {
        const quarters h = merge_quarters(w, a, n, b, m, step);
        combine(w, h.even, h.neven, h.odd, h.nodd, 0, out);
    }
    w->nroom = before;
}

static void sort_column(builder *w, int x, int y0, int y1, value *out) {
    if (y1 - y0 == 1) {
        *out = input(w, x, y0);
        return;
    }
    int half = 1;
    while (2 * half < y1 - y0)
        half *= 2;
    const int n = y1 - y0, before = w->nroom;
    value *parts = take(w, n);
    sort_column(w, x, y0, y0 + half, parts);
    sort_column(w, x, y0 + half, y1, parts + half);
    merge(w, parts, half, parts + half, n - half, 1, out);
    w->nroom = before;
}

// Where to divide columns [x0, x1): not too far from the middle, at a multiple of a large power of
// two, so that parts are shared with the lists of other windows.
static int divide(int x0, int x1) {
    int best = x0 + 1, most = -1;
    for (int x = x0 + 1; x < x1; x++) {
        const int part = x - x0 < x1 - x ? x - x0 : x1 - x;
        const int power = x & -x;
        const int score = (4 * part >= x1 - x0) * 4096 + power * 64 + part;
        if (score > most) {
            most = score;
            best = x;
        }
    }
    return best;
}

// The sorted samples of columns [x0, x1) and rows [y0, y1), in the tile's coordinates.
static void sort_box(builder *w, int x0, int x1, int y0, int y1, value *out) {
    const int shift = x0 / w->tile_x, n = (x1 - x0) * (y1 - y0), before = w->nroom;
    x0 -= shift * w->tile_x;
    x1 -= shift * w->tile_x;
    if (x1 - x0 == 1) {
        sort_column(w, x0, y0, y1, out);
    } else {
        const int x = divide(x0, x1), nleft = (x - x0) * (y1 - y0);
        value *parts = take(w, n);
        sort_box(w, x0, x, y0, y1, parts);
        sort_box(w, x, x1, y0, y1, parts + nleft);
        merge(w, parts, nleft, parts + nleft, n - nleft, 1, out);
        w->nroom = before;
    }
    for (int i = 0; i < n; i++)
        out[i] += (value)shift;
}

// ---- Tiles ----

// A part of the tile: outputs from x, y on, w x h of them, and the sorted samples that their
// windows have in common: nseen, of which the `below` least and some of the greatest are forgotten.
typedef struct part {
    int x, y, w, h;
    const value *list;
    int n, below, nseen;
} part;

// Forgets what cannot have the rank, however the samples that are not seen yet turn out.
static void forget(const builder *w, part *p) {
    const int unseen = w->k * w->k - p->nseen;
    int first = w->rank - unseen - p->below, last = w->rank - p->below;
    first = first > 0 ? first : 0;
    last = last < p->n - 1 ? last : p->n - 1;
    p->list += first;
    p->n = last - first + 1;
    p->below += first;
}

// The least of the greater ones of n pairs, four of which make a group.
static value least_of_pairs(builder *w, const value (*pairs)[2], int n) {
    value best = 0;
    for (int i = 0; i < n; i += 4) {
        const int first = w->nnodes, m = n - i < 4 ? n - i : 4;
        value v[4];
        for (int k = 0; k < m; k++)
            v[k] = operation(w, MOST, pairs[i + k][0], pairs[i + k][1]);
        for (int k = 1; k < m; k++)
            v[0] = operation(w, LEAST, v[0], v[k]);
        if (m == 4)
            note_group(w, PPX_NETWORK_SELECT, first, pairs[i]);
        best = i ? operation(w, LEAST, best, v[0]) : v[0];
    }
    return best;
}

// The value of rank t among two sorted lists: the least, over the ways to take t + 1 values from
// their beginnings, of the greatest taken.
static value select_two(builder *w, const value *a, int n, const value *b, int m, int t) {
    value pairs[PPX_RANK_WINDOW][2];
    int npairs = 0;
    for (int i = 0; i <= t + 1 && i <= n; i++) {
        const int j = t + 1 - i; // so many of b
        if (j > m)
            continue;
        pairs[npairs][0] = i > 0 ? a[i - 1] : b[j - 1];
        pairs[npairs++][1] = j > 0 ? b[j - 1] : a[i - 1];
    }
    return least_of_pairs(w, (const value(*)[2])pairs, npairs);
}

static void make_part(builder *w, part p) {
    const int k = w->k, before = w->nroom;
    if (p.w == 1 && p.h == 1) { // of a tile of one
        w->outputs[p.y][p.x] = p.list[w->rank - p.below];
        return;
    }
    const bool across = p.w >= p.h;
    for (int half = 0; half < 2; half++) {
        part q = p;
        int x0 = p.x + p.w - 1, x1 = p.x + k, y0 = p.y + p.h - 1, y1 = p.y + k; // in common
        if (across) {
            q.w = p.w / 2;
            q.x = p.x + half * q.w;
            x0 = half ? x1 : q.x + q.w - 1;
            x1 = half ? q.x + k : p.x + p.w - 1;
        } else {
            q.h = p.h / 2;
            q.y = p.y + half * q.h;
            y0 = half ? y1 : q.y + q.h - 1;
            y1 = half ? q.y + k : p.y + p.h - 1;
        }
        const int m = (x1 - x0) * (y1 - y0);
        value *more = take(w, m);
        sort_box(w, x0, x1, y0, y1, more);
        if (q.w == 1 && q.h == 1) {
            w->outputs[q.y][q.x] = select_two(w, p.list, p.n, more, m, w->rank - p.below);
        } else {
            value *all = take(w, p.n + m);
            merge(w, p.list, p.n, more, m, 1, all);
            q.list = all;
            q.n = p.n + m;
            q.nseen = p.nseen + m;
            forget(w, &q);
            make_part(w, q);
        }
        w->nroom = before;
    }
}

// ---- The network ----

size_t ppx_network_make_nbytes(void) {
    return sizeof(builder);
}

void ppx_network_make(ppx_network *network, const ppx_rank *r, ppx_type type, void *room) {
    builder *w = room;
    *w = (builder){.k = (int)r->k, .rank = (int)r->rank, .tile_x = network->tile_x};
    network->nrows = w->k + network->tile_y - 1;
    const int x0 = network->tile_x - 1, y0 = network->tile_y - 1, n = (w->k - x0) * (w->k - y0);
    value *core = take(w, n);
    sort_box(w, x0, w->k, y0, w->k, core);
    part whole = {0, 0, network->tile_x, network->tile_y, core, n, 0, n};
    forget(w, &whole);
    make_part(w, whole);
    for (int y = 0; y < network->nrows; y++)
        for (int x = 0; x < network->tile_x; x++)
            w->inputs[y][x] = input(w, x, y);
    ppx_network_place(network, w, type);
}
