// rank_network_make.h: a network of minima and maxima while it is made: found as a graph
// (rank_network_make.c), then laid out as a list of operations (rank_network_place.c).
#ifndef PPX_RANK_NETWORK_MAKE_H
#define PPX_RANK_NETWORK_MAKE_H

#include "rank_network.h"

enum { NODES = 1 << 15, HASH = 1 << 16, ROOM = 1 << 14, GROUPS = 1 << 12, SHIFT_BITS = 4 };

typedef enum node_kind { INPUT, LEAST, MOST } node_kind;

typedef struct node {
    uint8_t kind;
    uint8_t shift;   // of b, in lanes; a has none
    uint8_t ahead;   // lanes by which it is computed ahead of the outputs
    bool live;       // something leads from here to an output
    bool outer;      // and something outside of its group
    bool delayed;    // some operation reads it later than it is computed
    bool placed;     // has its operation
    uint16_t a, b;   // nodes; of an input its row, and its column in the tile
    uint16_t group;  // plus 1; 0: none
    uint16_t slot;   // offset of its samples
    uint16_t reader; // the last operation that reads it, by turn
} node;

typedef uint32_t value; // node << SHIFT_BITS | shift

// Nodes from `first` to `last`; an exchange makes two, the lesser one and the greater one.
typedef struct group {
    ppx_network_kind kind;
    int first, last;
    value in[PPX_NETWORK_OPERANDS];
} group;

// What one operation makes: nodes first to last.
typedef struct item {
    uint8_t kind;
    bool done;
    uint16_t first, last;
} item;

typedef struct builder {
    node nodes[NODES];
    uint16_t hash[HASH]; // node + 1, by what it computes
    int nnodes;
    group groups[GROUPS];
    int ngroups;
    value room[ROOM]; // lists under way, a stack
    int nroom;
    int k, tile_x, rank;
    value inputs[PPX_NETWORK_ROWS][PPX_NETWORK_TILE];
    value outputs[PPX_NETWORK_TILE][PPX_NETWORK_TILE];
    uint16_t idle[NODES]; // slots that nothing needs any more, a stack
    int nidle;
    item items[NODES];
    uint16_t turns[NODES]; // items in the order of operations
    int nitems, nturns;
} builder;

// What a group reads and makes: its results, as nodes counted from its first. Other values never
// leave it.
typedef struct form {
    int nin, nnodes, nout;
    uint8_t out[PPX_NETWORK_OPERANDS];
} form;

static const form forms[] = {
    [PPX_NETWORK_LEAST] = {2, 1, 1, {0}},
    [PPX_NETWORK_MOST] = {2, 1, 1, {0}},
    [PPX_NETWORK_BOTH] = {2, 2, 2, {0, 1}},
    [PPX_NETWORK_MERGE_2_1] = {3, 4, 3, {0, 2, 3}},
    [PPX_NETWORK_MERGE_2] = {4, 6, 4, {0, 4, 5, 3}},
    [PPX_NETWORK_MERGE_4] = {8, 18, 8, {0, 12, 13, 14, 15, 16, 17, 9}},
    [PPX_NETWORK_TWO_LEVELS] = {5, 8, 5, {4, 5, 6, 7, 3}},
    [PPX_NETWORK_SELECT] = {8, 7, 1, {6}},
};

static inline value value_of(int at, int shift) {
    return (value)at << SHIFT_BITS | (value)shift;
}

static inline int node_of(value v) {
    return (int)(v >> SHIFT_BITS);
}

static inline int shift_of(value v) {
    return (int)(v & ((1 << SHIFT_BITS) - 1));
}

#define ppx_network_place PPX_PASTE(ppx_network_, place, PPX_LEVEL)
void ppx_network_place(ppx_network *network, builder *w, ppx_type type);

#endif
