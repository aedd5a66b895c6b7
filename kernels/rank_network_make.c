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
#include "../core/memory.h"
#include "rank_network.h"

enum { NODES = 1 << 15, HASH = 1 << 16, ROOM = 1 << 14, SHIFT_BITS = 4 };

typedef enum node_kind { INPUT, LEAST, MOST } node_kind;

typedef struct node {
    uint8_t kind;
    uint8_t shift;   // of b, in lanes; a has none
    uint8_t ahead;   // lanes by which it is computed ahead of the outputs
    bool live;       // something leads from here to an output
    bool delayed;    // some operation reads it later than it is computed
    bool placed;     // has its operation
    uint16_t a, b;   // nodes; of an input its row, and its column in the tile
    uint16_t slot;   // offset of its samples
    uint16_t reader; // the last node that reads it
} node;

typedef uint32_t value; // node << SHIFT_BITS | shift

typedef struct builder {
    node nodes[NODES];
    uint16_t hash[HASH]; // node + 1, by what it computes
    int nnodes;
    value room[ROOM]; // lists under way, a stack
    int nroom;
    int k, tile_x, rank;
    value outputs[PPX_NETWORK_TILE][PPX_NETWORK_TILE];
    uint16_t idle[NODES]; // slots that nothing needs any more, a stack
    int nidle;
} builder;

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

static value value_of(int at, int shift) {
    return (value)at << SHIFT_BITS | (value)shift;
}

static int node_of(value v) {
    return (int)(v >> SHIFT_BITS);
}

static int shift_of(value v) {
    return (int)(v & ((1 << SHIFT_BITS) - 1));
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

// Merges n values of a, `step` apart, and m values of b into out, where they are contiguous.
static void merge(builder *w, const value *a, int n, const value *b, int m, int step, value *out) {
    if (n == 0 || m == 0) {
        for (int i = 0; i < n + m; i++)
            out[i] = (n ? a : b)[i * step];
        return;
    }
    if (n == 1 && m == 1) {
        out[0] = operation(w, LEAST, *a, *b);
        out[1] = operation(w, MOST, *a, *b);
        return;
    }
    const int neven = (n + 1) / 2 + (m + 1) / 2, nodd = n / 2 + m / 2, before = w->nroom;
    value *even = take(w, neven), *odd = take(w, nodd);
    merge(w, a, (n + 1) / 2, b, (m + 1) / 2, 2 * step, even);
    merge(w, a + step, n / 2, b + step, m / 2, 2 * step, odd);
    out[0] = even[0];
    for (int i = 0; i < nodd; i++) {
        if (i + 1 < neven) {
            out[2 * i + 1] = operation(w, LEAST, odd[i], even[i + 1]);
            out[2 * i + 2] = operation(w, MOST, odd[i], even[i + 1]);
        } else {
            out[2 * i + 1] = odd[i];
        }
    }
    if (neven == nodd + 2)
        out[n + m - 1] = even[neven - 1];
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

// The value of rank t among two sorted lists: the least, over the ways to take t + 1 values from
// their beginnings, of the greatest taken.
static value select_two(builder *w, const value *a, int n, const value *b, int m, int t) {
    value best = 0;
    bool any = false;
    for (int i = 0; i <= t + 1 && i <= n; i++) {
        const int j = t + 1 - i;
        if (j > m)
            continue;
        value most = i == 0 ? b[j - 1] : j == 0 ? a[i - 1] : operation(w, MOST, a[i - 1], b[j - 1]);
        best = any ? operation(w, LEAST, best, most) : most;
        any = true;
    }
    return best;
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

// ---- Operations ----

static int partner_of(const builder *w, int at) {
    const node *n = &w->nodes[at];
    // The two results of a pair are made one after the other, save where only the greater one is
    // asked for first.
    for (int d = -1; d <= 1; d += 2) {
        const int other = at + d;
        if (other < 0 || other >= w->nnodes)
            continue;
        const node *o = &w->nodes[other];
        if (o->kind != INPUT && o->kind != n->kind && o->a == n->a && o->b == n->b &&
            o->shift == n->shift && o->live)
            return other;
    }
    return -1;
}

static void mark(node *source, int ahead) {
    source->live = true;
    if (source->ahead < ahead)
        source->ahead = (uint8_t)ahead;
}

// From the outputs back: what is live, and how far ahead of the outputs it must be computed.
// Returns the greatest such distance, which all inputs have.
static int look_back(builder *w) {
    int most = 0;
    for (int at = w->nnodes - 1; at >= 0; at--) {
        node *n = &w->nodes[at];
        if (!n->live || n->kind == INPUT)
            continue;
        const int partner = partner_of(w, at);
        if (partner > at)
            continue; // done with it
        if (partner >= 0) {
            node *o = &w->nodes[partner];
            n->ahead = o->ahead = n->ahead > o->ahead ? n->ahead : o->ahead;
        }
        mark(&w->nodes[n->a], n->ahead);
        mark(&w->nodes[n->b], n->ahead + n->shift);
    }
    for (int at = 0; at < w->nnodes; at++)
        if (w->nodes[at].live && w->nodes[at].ahead > most)
            most = w->nodes[at].ahead;
    return most;
}

// Lanes by which node `at`, computed `ahead`, reads a source that is `shift` lanes away.
static int delay_of(const node *source, int ahead, int shift) {
    return source->ahead - ahead - shift;
}

// Finds out which nodes are read with a delay, and who reads each last. Pairs count as one.
static void look_forward(builder *w) {
    for (int at = 0; at < w->nnodes; at++) {
        const node *n = &w->nodes[at];
        if (!n->live || n->kind == INPUT)
            continue;
        const int partner = partner_of(w, at), place = partner >= 0 && partner < at ? partner : at;
        node *a = &w->nodes[n->a], *b = &w->nodes[n->b];
        a->delayed |= delay_of(a, n->ahead, 0) > 0;
        b->delayed |= delay_of(b, n->ahead, n->shift) > 0;
        a->reader = b->reader = (uint16_t)place;
    }
}

// ---- Slots ----

typedef struct slots {
    int chunk, halo; // samples
    int nused;       // samples
} slots;

static void give_slot(builder *w, ppx_network *network, slots *s, node *n) {
    if (n->delayed) {
        n->slot = (uint16_t)(s->nused + s->halo);
        s->nused += s->chunk + s->halo;
        PPX_ASSERT(network->ncarried < PPX_NETWORK_CARRIED);
        network->carried[network->ncarried++] = n->slot;
    } else if (w->nidle > 0) {
        n->slot = w->idle[--w->nidle];
    } else {
        n->slot = (uint16_t)s->nused;
        s->nused += s->chunk;
    }
    PPX_ASSERT(s->nused <= PPX_NETWORK_SLOTS);
}

static void leave_slot(builder *w, const node *n, int at) {
    if (!n->delayed && n->reader == at)
        w->idle[w->nidle++] = n->slot;
}

// Outputs are read when all is done.
static void place_outputs(builder *w, ppx_network *network) {
    for (int y = 0; y < network->tile_y; y++)
        for (int x = 0; x < network->tile_x; x++) {
            node *n = &w->nodes[node_of(w->outputs[y][x])];
            n->live = true;
            n->delayed |= n->ahead > 0; // some other output is made of it
            n->reader = NODES;
            network->outputs[y][x] = (uint16_t)(n->slot - n->ahead);
        }
}

static void place_inputs(builder *w, ppx_network *network, slots *s) {
    for (int y = 0; y < network->nrows; y++)
        for (int x = 0; x < network->tile_x; x++) {
            node *n = &w->nodes[node_of(input(w, x, y))];
            n->ahead = (uint8_t)network->delay;
        }
    look_forward(w);
    place_outputs(w, network);
    for (int y = 0; y < network->nrows; y++)
        for (int x = 0; x < network->tile_x; x++) {
            node *n = &w->nodes[node_of(input(w, x, y))];
            give_slot(w, network, s, n);
            network->inputs[y][x] = n->slot;
        }
}

static void place_operations(builder *w, ppx_network *network, slots *s) {
    for (int at = 0; at < w->nnodes; at++) {
        node *n = &w->nodes[at];
        if (!n->live || n->kind == INPUT || n->placed)
            continue;
        const int partner = partner_of(w, at);
        const node *a = &w->nodes[n->a], *b = &w->nodes[n->b];
        ppx_network_op op = {
            .kind = n->kind == LEAST ? PPX_NETWORK_LEAST : PPX_NETWORK_MOST,
            .a = (uint16_t)(a->slot - delay_of(a, n->ahead, 0)),
            .b = (uint16_t)(b->slot - delay_of(b, n->ahead, n->shift)),
        };
        leave_slot(w, a, at); // its place may be taken by the result
        if (b != a)
            leave_slot(w, b, at);
        give_slot(w, network, s, n);
        op.least = op.most = n->slot;
        if (partner >= 0) {
            node *o = &w->nodes[partner];
            give_slot(w, network, s, o);
            o->placed = true;
            op.kind = PPX_NETWORK_BOTH;
            op.least = n->kind == LEAST ? n->slot : o->slot;
            op.most = n->kind == LEAST ? o->slot : n->slot;
        }
        PPX_ASSERT(network->nops < PPX_NETWORK_OPS);
        network->ops[network->nops++] = op;
    }
}

size_t ppx_network_make_nbytes(void) {
    return sizeof(builder);
}

void ppx_network_make(ppx_network *network, const ppx_rank *r, ppx_type type, void *room) {
    builder *w = room;
    const int nbytes = (int)ppx_type_nbytes(type);
    *w = (builder){.k = (int)r->k, .rank = (int)r->rank, .tile_x = network->tile_x};
    network->nrows = w->k + network->tile_y - 1;
    const int x0 = network->tile_x - 1, y0 = network->tile_y - 1, n = (w->k - x0) * (w->k - y0);
    value *core = take(w, n);
    sort_box(w, x0, w->k, y0, w->k, core);
    part whole = {0, 0, network->tile_x, network->tile_y, core, n, 0, n};
    forget(w, &whole);
    make_part(w, whole);
    place_outputs(w, network);
    network->delay = look_back(w);
    slots s = {PPX_NETWORK_CHUNK / nbytes, PPX_NETWORK_HALO / nbytes, 0};
    PPX_ASSERT(network->delay <= s.halo);
    place_inputs(w, network, &s);
    place_operations(w, network, &s);
    place_outputs(w, network);
}
