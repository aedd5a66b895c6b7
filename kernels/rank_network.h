// rank_network.h: a rank filter as a list of minima and maxima, see rank_network.c.
#ifndef PPX_RANK_NETWORK_H
#define PPX_RANK_NETWORK_H

#include "rank.h"

enum {
    PPX_NETWORK_RADIUS = 8,
    PPX_NETWORK_ROWS = 2 * PPX_NETWORK_RADIUS + 4,
    PPX_NETWORK_TILE = 4,     // at most, in both directions
    PPX_NETWORK_OPERANDS = 8, // that an operation reads or writes, at most
    PPX_NETWORK_WORDS = 40000,
    PPX_NETWORK_CARRIED = 1024,
    PPX_NETWORK_CHUNK = 64,    // bytes of a slot
    PPX_NETWORK_HALO = 32,     // bytes before those of a slot that is read with a delay
    PPX_NETWORK_SLOTS = 65536, // samples in all slots: operands have 16 bits
};

// Operations, as words: a kind, how many of it follow, and for each the offsets in the slots of
// what is read, and of what is written. Offsets count samples.
typedef enum ppx_network_kind {
    PPX_NETWORK_LEAST,
    PPX_NETWORK_MOST,
    PPX_NETWORK_BOTH,
    PPX_NETWORK_MERGE_2_1,  // a sorted pair and one
    PPX_NETWORK_MERGE_2,    // two sorted pairs
    PPX_NETWORK_MERGE_4,    // two sorted fours
    PPX_NETWORK_TWO_LEVELS, // four exchanges of the last two levels of a larger merge
    PPX_NETWORK_SELECT,     // the least of four greater ones of two
} ppx_network_kind;

typedef struct ppx_network {
    int tile_x, tile_y; // outputs of a lane
    int nrows;          // rows that a tile reads
    int delay;          // lanes by which outputs come later than inputs
    int nwords, ncarried;
    uint16_t inputs[PPX_NETWORK_ROWS][PPX_NETWORK_TILE];
    uint16_t outputs[PPX_NETWORK_TILE][PPX_NETWORK_TILE];
    uint16_t carried[PPX_NETWORK_CARRIED]; // slots that are read with a delay
    uint16_t words[PPX_NETWORK_WORDS];
} ppx_network;

#define ppx_network_make PPX_PASTE(ppx_network_, make, PPX_LEVEL)
#define ppx_network_make_nbytes PPX_PASTE(ppx_network_, make_nbytes, PPX_LEVEL)
size_t ppx_network_make_nbytes(void); // of the room for building
void ppx_network_make(ppx_network *network, const ppx_rank *r, ppx_type type, void *room);

#endif
