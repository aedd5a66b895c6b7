// canny_edges.h: which candidates are edges, 64 pixels at a time.
//
// A piece's rows of bits: candidates as they come, and edges, which are the strong ones at first
// and spread to candidates that touch them until none is left. Method: a flood whose steps are
// words, from wherever a scan of all words finds a candidate next to an edge. A word that gains
// edges is put on a stack; from there it gives to its eight neighbours. Each time it gains one at
// least, so the cost is bounded by the candidates, and where all of them are decided there is but
// the scan.
// Candidates that are left may be joined to an edge through another piece if they reach the
// piece's first or last row. Those are flooded from there as components of their own, marked as
// edges, and noted; `paint` takes back those that turn out to be none. All others are none.
// Nobody sees numbers of components, so the edges of a piece are one component, number 0.
#ifndef PPX_CANNY_EDGES_H
#define PPX_CANNY_EDGES_H

#include "../core/kernel.h"
#include "bits.h"

typedef struct edge_place {
    ptrdiff_t row;
    size_t word;
} edge_place;

// Bits of a component that is not known to be an edge; the next one of the same row.
typedef struct edge_note {
    uint64_t bits;
    size_t word, next;
    uint32_t component;
} edge_note;

static const size_t NO_NOTE = SIZE_MAX;

// piece->a: the rows of edges, a word of 0 on both sides of each, a row of 0 above and below.
// piece->b: notes. piece->c: the first note of each row.
typedef struct edge_field {
    const ppx_image *candidates;
    ptrdiff_t nrows;
    size_t nwords;
    ppx_piece *piece;
    uint32_t component; // that spreads
    size_t nnotes, depth;
    ppx_pool stack;
    ppx_error *error;
} edge_field;

static inline size_t edge_words(const ppx_job *job) {
    return ((size_t)job->geometry.out.width + 63) / 64;
}

static inline uint64_t *edge_row(const ppx_piece *piece, size_t nwords, ptrdiff_t row) {
    return (uint64_t *)piece->a.data + (size_t)(row + 1) * (nwords + 2) + 1;
}

// All runs of ones in `within` that have a bit of `seeds`, which are some of them.
static inline uint64_t spread_along(uint64_t within, uint64_t seeds) {
    uint64_t bits = (((within + seeds) ^ within) | seeds) & within; // the sum carries upwards
    for (int step = 1; step < 64; step *= 2) {
        bits |= within & bits >> step;
        within &= within >> step;
    }
    return bits;
}

static ppx_status note_bits(edge_field *field, ptrdiff_t row, size_t word, uint64_t bits) {
    ppx_pool *notes = &field->piece->b;
    ppx_status status =
        ppx_pool_reserve(notes, (field->nnotes + 1) * sizeof(edge_note), field->error);
    if (status)
        return status;
    size_t *first = (size_t *)field->piece->c.data + row;
    ((edge_note *)notes->data)[field->nnotes] = (edge_note){bits, word, *first, field->component};
    *first = field->nnotes++;
    return PPX_OK;
}

// Candidates of a word that are within reach of an edge become edges.
static inline ppx_status gain(edge_field *field, ptrdiff_t row, size_t word, uint64_t reach) {
    const uint64_t *candidates = ppx_image_row(field->candidates, row);
    uint64_t *edges = edge_row(field->piece, field->nwords, row) + word;
    const uint64_t left = candidates[word] & ~*edges;
    if (!(left & reach))
        return PPX_OK;
    const uint64_t gained = spread_along(left, left & reach);
    *edges |= gained;
    ppx_status status = field->component ? note_bits(field, row, word, gained) : PPX_OK;
    if (!status)
        status =
            ppx_pool_reserve(&field->stack, (field->depth + 1) * sizeof(edge_place), field->error);
    if (!status)
        ((edge_place *)field->stack.data)[field->depth++] = (edge_place){row, word};
    return status;
}

// From one word on to wherever candidates lead.
static ppx_status flood(edge_field *field, ptrdiff_t row, size_t word, uint64_t reach) {
    ppx_status status = gain(field, row, word, reach);
    while (!status && field->depth) {
        const edge_place at = ((edge_place *)field->stack.data)[--field->depth];
        const uint64_t own = edge_row(field->piece, field->nwords, at.row)[at.word];
        const ptrdiff_t from = at.row > 0 ? at.row - 1 : 0;
        const ptrdiff_t to = at.row + 1 < field->nrows ? at.row + 1 : at.row;
        for (ptrdiff_t y = from; !status && y <= to; y++) {
            status = gain(field, y, at.word, own | own << 1 | own >> 1);
            if (!status && own & 1 && at.word > 0)
                status = gain(field, y, at.word - 1, own << 63);
            if (!status && own >> 63 && at.word + 1 < field->nwords)
                status = gain(field, y, at.word + 1, own >> 63);
        }
    }
    return status;
}

// The words of a row and of those above and below, in one.
static inline uint64_t three_of(const uint64_t *here, size_t nwords, size_t word) {
    const uint64_t *above = here - (nwords + 2), *below = here + (nwords + 2);
    return above[word] | here[word] | below[word];
}

static ppx_status scan_row(edge_field *field, ptrdiff_t row) {
    const size_t n = field->nwords;
    const uint64_t *candidates = ppx_image_row(field->candidates, row);
    const uint64_t *edges = edge_row(field->piece, n, row);
    uint64_t before = 0, here = three_of(edges, n, 0);
    ppx_status status = PPX_OK;
    for (size_t w = 0; !status && w < n; w++) {
        uint64_t after = three_of(edges, n, w + 1);
        const uint64_t reach = here | here << 1 | here >> 1 | before >> 63 | after << 63;
        if (candidates[w] & ~edges[w] & reach) {
            status = flood(field, row, w, reach);
            here = three_of(edges, n, w);
            after = three_of(edges, n, w + 1);
        }
        before = here;
        here = after;
    }
    return status;
}

// What is left in a row that touches another piece.
static ppx_status flood_row(edge_field *field, ptrdiff_t row) {
    const uint64_t *candidates = ppx_image_row(field->candidates, row);
    const uint64_t *edges = edge_row(field->piece, field->nwords, row);
    ppx_status status = PPX_OK;
    for (size_t w = 0; !status && w < field->nwords; w++)
        while (!status && candidates[w] & ~edges[w]) {
            const uint64_t left = candidates[w] & ~edges[w];
            field->component++;
            status = flood(field, row, w, left & (~left + 1));
        }
    return status;
}

static ppx_status open_field(edge_field *field) {
    ppx_piece *piece = field->piece;
    const size_t stride = field->nwords + 2, nrows = (size_t)field->nrows;
    ppx_status status =
        ppx_pool_reserve(&piece->a, (nrows + 2) * stride * sizeof(uint64_t), field->error);
    if (!status)
        status = ppx_pool_reserve(&piece->c, nrows * sizeof(size_t), field->error);
    if (status)
        return status;
    memset(piece->c.data, 0xff, nrows * sizeof(size_t)); // NO_NOTE
    memset(edge_row(piece, field->nwords, -1) - 1, 0, stride * sizeof(uint64_t));
    memset(edge_row(piece, field->nwords, field->nrows) - 1, 0, stride * sizeof(uint64_t));
    for (ptrdiff_t row = 0; row < field->nrows; row++) {
        uint64_t *edges = edge_row(piece, field->nwords, row);
        const uint64_t *bits = ppx_image_row(field->candidates, row);
        edges[-1] = edges[field->nwords] = 0;
        memcpy(edges, bits + field->nwords, field->nwords * sizeof *edges);
    }
    return PPX_OK;
}

// Rows are words of candidates, then words of those that are strong. The records say of each
// component whether it is an edge.
static ppx_status edges_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                              ppx_error *error) {
    edge_field field = {.candidates = rows,
                        .nrows = piece->nrows,
                        .nwords = edge_words(job),
                        .piece = piece,
                        .error = error};
    ppx_status status = open_field(&field);
    for (ptrdiff_t row = 0; !status && row < piece->nrows; row++)
        status = scan_row(&field, row);
    if (!status && piece->y0 > 0)
        status = flood_row(&field, 0);
    if (!status && piece->y0 + piece->nrows < job->in.height)
        status = flood_row(&field, piece->nrows - 1);
    ppx_pool_free(&field.stack);
    piece->ncomponents = (size_t)field.component + 1;
    if (!status)
        status = ppx_pool_reserve(&piece->records, piece->ncomponents * sizeof(uint32_t), error);
    if (status)
        return status;
    memset(piece->records.data, 0, piece->ncomponents * sizeof(uint32_t));
    *(uint32_t *)piece->records.data = 1;
    return PPX_OK;
}

static inline size_t first_note(const ppx_piece *piece, ptrdiff_t row) {
    return ((const size_t *)piece->c.data)[row];
}

// Which component the pixels of a piece's first or last row are of.
static void edges_edge(const ppx_job *job, const ppx_piece *piece, bool last, uint32_t *ids) {
    const ptrdiff_t row = last ? piece->nrows - 1 : 0, width = job->geometry.out.width;
    const uint64_t *edges = edge_row(piece, edge_words(job), row);
    const edge_note *notes = piece->b.data;
    for (ptrdiff_t x = 0; x < width; x++)
        ids[x] = edges[x / 64] >> x % 64 & 1 ? 0 : PPX_NO_COMPONENT;
    for (size_t k = first_note(piece, row); k != NO_NOTE; k = notes[k].next)
        for (uint64_t bits = notes[k].bits; bits; bits &= bits - 1)
            ids[64 * notes[k].word + (size_t)__builtin_ctzll(bits)] = notes[k].component;
}

// values: not 0 for components that are edges.
static void paint_edges(const ppx_job *job, const ppx_piece *piece, const uint32_t *values,
                        ptrdiff_t row, uint8_t *out) {
    const ptrdiff_t width = job->geometry.out.width;
    const uint64_t *edges = edge_row(piece, edge_words(job), row);
    const edge_note *notes = piece->b.data;
    ptrdiff_t x = 0;
    for (; x + 64 <= width; x += 64)
        bytes_of_64(out + x, edges[x / 64]);
    if (x < width) {
        uint8_t rest[64];
        bytes_of_64(rest, edges[x / 64]);
        memcpy(out + x, rest, (size_t)(width - x));
    }
    for (size_t k = first_note(piece, row); k != NO_NOTE; k = notes[k].next)
        for (uint64_t bits = values[notes[k].component] ? 0 : notes[k].bits; bits; bits &= bits - 1)
            out[64 * notes[k].word + (size_t)__builtin_ctzll(bits)] = 0;
}

#endif
