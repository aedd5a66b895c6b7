// rank_network_place.c: lays a network of minima and maxima out as operations on slots, for
// rank_network.c.
//
// From the outputs back it is found out what leads to one, and how many lanes ahead of the outputs
// a value must be computed: as far as the tiles to the right read it. Operations of a kind are
// brought together, as far as what they read is there. A slot is taken over when its last reader
// has been; those of values that are read with a delay are kept from chunk to chunk.
#include "../core/memory.h"
#include "rank_network_make.h"

// ---- Operations ----

static int partner_of(const builder *w, int at) {
    // The two results of an exchange are made one after the other, save where one was asked for
    // before.
    const node *n = &w->nodes[at];
    const int other = n->kind == LEAST ? at + 1 : at - 1;
    if (other < 0 || other >= w->nnodes)
        return -1;
    const node *o = &w->nodes[other];
    const bool same = o->kind != n->kind && o->a == n->a && o->b == n->b && o->shift == n->shift;
    return same && o->kind != INPUT && o->live ? other : -1;
}

static void mark(node *source, int ahead) {
    source->live = source->outer = true;
    if (source->ahead < ahead)
        source->ahead = (uint8_t)ahead;
}

static bool is_result(const group *g, int at) {
    for (int k = 0; k < forms[g->kind].nout; k++)
        if (g->first + forms[g->kind].out[k] == at)
            return true;
    return false;
}

// Whether a group is worth while: few of its nodes lead to nothing, and no value between is
// wanted elsewhere. If so its nodes are as far ahead as the farthest.
static bool keep_group(builder *w, const group *g) {
    int nlive = 0, ahead = 0;
    for (int at = g->last; at >= g->first; at--) {
        node *n = &w->nodes[at];
        if (n->outer && !is_result(g, at))
            return false;
        ahead = n->live && n->ahead > ahead ? n->ahead : ahead;
        if (n->live && n->a >= g->first)
            w->nodes[n->a].live = true;
        if (n->live && n->b >= g->first)
            w->nodes[n->b].live = true;
        nlive += n->live;
    }
    if (3 * nlive < 2 * forms[g->kind].nnodes)
        return false;
    for (int at = g->first; at <= g->last; at++) {
        node *n = &w->nodes[at];
        n->ahead = (uint8_t)ahead;
        if (n->live && n->a < g->first)
            mark(&w->nodes[n->a], ahead);
        if (n->live && n->b < g->first)
            mark(&w->nodes[n->b], ahead + n->shift);
    }
    return true;
}

// From the outputs back: what is live, and how far ahead of the outputs it must be computed.
// Returns the greatest such distance, which all inputs have.
static int look_back(builder *w) {
    int most = 0;
    for (int at = w->nnodes - 1; at >= 0; at--) {
        node *n = &w->nodes[at];
        if (n->group > 0 && w->groups[n->group - 1].last == at) {
            const group *g = &w->groups[n->group - 1];
            if (keep_group(w, g)) {
                at = g->first;
                continue;
            }
            for (int k = g->first; k <= g->last; k++)
                w->nodes[k].group = 0;
        }
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

static void list_items(builder *w) {
    for (int at = 0; at < w->nnodes; at++) {
        const node *n = &w->nodes[at];
        if (!n->live || n->kind == INPUT)
            continue;
        item i = {.kind = n->kind == LEAST ? PPX_NETWORK_LEAST : PPX_NETWORK_MOST,
                  .first = (uint16_t)at,
                  .last = (uint16_t)at};
        if (n->group > 0) {
            const group *g = &w->groups[n->group - 1];
            i = (item){
                .kind = (uint8_t)g->kind, .first = (uint16_t)g->first, .last = (uint16_t)g->last};
        } else if (partner_of(w, at) > at) {
            i.kind = PPX_NETWORK_BOTH;
            i.last++;
        }
        w->items[w->nitems++] = i;
        at = i.last;
    }
}

static bool is_ready(const builder *w, const item *i) {
    for (int at = i->first; at <= i->last; at++) {
        const node *n = &w->nodes[at];
        if (n->live && ((n->a < i->first && !w->nodes[n->a].placed) ||
                        (n->b < i->first && !w->nodes[n->b].placed)))
            return false;
    }
    return true;
}

// The next item of a kind that is ready, within a window; or -1.
static int find_ready(const builder *w, int kind, int from, int to) {
    for (int k = from; k < to && k < w->nitems; k++)
        if (w->items[k].kind == kind && !w->items[k].done && is_ready(w, &w->items[k]))
            return k;
    return -1;
}

// Brings items of a kind together, as far as they need not wait for others: processors foretell
// runs of one kind, not a long list of many. The window keeps values that are used soon close.
static void order_items(builder *w) {
    enum { WINDOW = 64 };
    int first = 0, kind = 0, from = 0;
    while (w->nturns < w->nitems) {
        while (w->items[first].done)
            first++;
        from = from < first ? first : from;
        int k = find_ready(w, kind, from, first + WINDOW);
        if (k < 0 && from == first) { // the first one is always ready
            k = first;
            kind = w->items[k].kind;
        } else if (k < 0) {
            from = first;
            continue;
        }
        from = k + 1;
        item *i = &w->items[k];
        i->done = true;
        for (int at = i->first; at <= i->last; at++)
            w->nodes[at].placed = true;
        w->turns[w->nturns++] = (uint16_t)k;
    }
}

// Finds out which nodes are read with a delay, and who reads each last.
static void look_forward(builder *w) {
    for (int turn = 0; turn < w->nturns; turn++) {
        const item *i = &w->items[w->turns[turn]];
        for (int at = i->first; at <= i->last; at++) {
            const node *n = &w->nodes[at];
            node *a = &w->nodes[n->a], *b = &w->nodes[n->b];
            if (!n->live)
                continue;
            a->delayed |= delay_of(a, n->ahead, 0) > 0;
            b->delayed |= delay_of(b, n->ahead, n->shift) > 0;
            a->reader = b->reader = (uint16_t)turn;
        }
    }
}

// ---- Slots ----

typedef struct slots {
    int chunk, halo; // samples
    int nused;       // samples
    uint16_t waste;  // a slot for what nothing needs
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

static void leave_slot(builder *w, node *n, int turn) {
    if (!n->live || n->delayed || n->reader != turn)
        return;
    n->reader = NODES; // once
    w->idle[w->nidle++] = n->slot;
}

// Outputs are read when all is done.
static void place_outputs(builder *w, ppx_network *network) {
    for (int y = 0; y < network->tile_y; y++)
        for (int x = 0; x < network->tile_x; x++) {
            node *n = &w->nodes[node_of(w->outputs[y][x])];
            n->live = n->outer = true;
            n->delayed |= n->ahead > 0; // some other output is made of it
            n->reader = NODES;
            network->outputs[y][x] = (uint16_t)(n->slot - n->ahead);
        }
}

static void place_inputs(builder *w, ppx_network *network, slots *s) {
    for (int y = 0; y < network->nrows; y++)
        for (int x = 0; x < network->tile_x; x++) {
            node *n = &w->nodes[node_of(w->inputs[y][x])];
            n->ahead = (uint8_t)network->delay;
            n->placed = true;
        }
    list_items(w);
    order_items(w);
    look_forward(w);
    place_outputs(w, network);
    for (int y = 0; y < network->nrows; y++)
        for (int x = 0; x < network->tile_x; x++) {
            node *n = &w->nodes[node_of(w->inputs[y][x])];
            give_slot(w, network, s, n);
            network->inputs[y][x] = n->slot;
        }
}

static void emit(ppx_network *network, int word) {
    PPX_ASSERT(network->nwords < PPX_NETWORK_WORDS);
    network->words[network->nwords++] = (uint16_t)word;
}

// An operation, whose inputs are `in` (shifts count from `base`) where something needs them.
static void place_operation(builder *w, ppx_network *network, slots *s, int turn, const value *in,
                            int base) {
    const item *i = &w->items[w->turns[turn]];
    const form *f = &forms[i->kind];
    const int ahead = w->nodes[i->first].ahead;
    for (int k = 0; k < f->nin; k++) {
        const node *n = &w->nodes[node_of(in[k])];
        const int delay = delay_of(n, ahead, shift_of(in[k]) - base);
        const bool wanted = n->live && delay >= 0 && (delay == 0 || n->delayed);
        emit(network, wanted ? n->slot - delay : s->waste);
    }
    for (int k = 0; k < f->nin; k++) // their places may be taken by the results
        leave_slot(w, &w->nodes[node_of(in[k])], turn);
    for (int k = 0; k < f->nout; k++) {
        node *n = &w->nodes[i->first + f->out[k]];
        if (n->live && n->outer)
            give_slot(w, network, s, n);
        emit(network, n->live && n->outer ? n->slot : s->waste);
    }
}

static void place_operations(builder *w, ppx_network *network, slots *s) {
    int count = 0; // of operations of a kind, its place
    for (int turn = 0; turn < w->nturns; turn++) {
        const item *i = &w->items[w->turns[turn]];
        const node *n = &w->nodes[i->first];
        if (turn == 0 || i->kind != w->items[w->turns[turn - 1]].kind) {
            emit(network, i->kind);
            count = network->nwords;
            emit(network, 0);
        }
        network->words[count]++;
        if (n->group > 0) {
            const group *g = &w->groups[n->group - 1];
            int base = shift_of(g->in[0]);
            for (int k = 1; k < forms[g->kind].nin; k++)
                base = shift_of(g->in[k]) < base ? shift_of(g->in[k]) : base;
            place_operation(w, network, s, turn, g->in, base);
        } else {
            const value in[] = {value_of(n->a, 0), value_of(n->b, n->shift)};
            place_operation(w, network, s, turn, in, 0);
        }
    }
}

void ppx_network_place(ppx_network *network, builder *w, ppx_type type) {
    const int nbytes = (int)ppx_type_nbytes(type);
    slots s = {.chunk = PPX_NETWORK_CHUNK / nbytes, .halo = PPX_NETWORK_HALO / nbytes};
    place_outputs(w, network);
    network->delay = look_back(w);
    PPX_ASSERT(network->delay <= s.halo);
    s.waste = (uint16_t)s.nused;
    s.nused += s.chunk;
    place_inputs(w, network, &s);
    place_operations(w, network, &s);
    place_outputs(w, network);
}
