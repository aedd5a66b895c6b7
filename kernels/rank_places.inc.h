// rank_places.inc.h: a tile of rank_places.c for one pixel type; PIXEL, ENTRY, NAME, KEY_OF,
// SAMPLE_OF, KEY_BITS and DIGIT are defined by who includes it.

#define NDIGITS ((KEY_BITS + DIGIT - 1) / DIGIT)

// Entries of the samples, a key above a place, and how often each digit of keys occurs, the lowest
// first.
static void NAME(list)(places *p, const ppx_block *block, ptrdiff_t nrows, ptrdiff_t ncolumns,
                       ptrdiff_t up, ptrdiff_t first, ptrdiff_t step) {
    ENTRY *to = (ENTRY *)p->entries[0];
    memset(p->counts, 0, sizeof p->counts);
    for (ptrdiff_t y = 0; y < nrows; y++) {
        const PIXEL *in = (const PIXEL *)block->in[y - up] + first;
        for (ptrdiff_t x = 0; x < ncolumns; x++) {
            const uint32_t key = KEY_OF(in[x * step]);
            *to++ = (ENTRY)key << 16 | (ENTRY)(y << 8 | x);
            for (int d = 0; d < NDIGITS; d++)
                p->counts[d][key >> d * DIGIT & ((1u << DIGIT) - 1)]++;
        }
    }
}

// Sorts n entries by their keys, digit by digit; returns where they are.
static const ENTRY *NAME(sort)(places *p, ptrdiff_t n) {
    ENTRY *from = (ENTRY *)p->entries[0], *to = (ENTRY *)p->entries[1];
    for (int d = 0; d < NDIGITS; d++) {
        uint32_t *counts = p->counts[d], sum = 0;
        for (unsigned k = 0; k < 1u << DIGIT; k++) {
            const uint32_t count = counts[k];
            counts[k] = sum;
            sum += count;
        }
        for (ptrdiff_t k = 0; k < n; k++)
            to[counts[from[k] >> (16 + d * DIGIT) & ((1u << DIGIT) - 1)]++] = from[k];
        ENTRY *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

// Gives each sample its bucket.
static void NAME(make_buckets)(places *p, const ENTRY *sorted, ptrdiff_t n) {
    for (ptrdiff_t k = 0; k < n; k++) {
        p->xs[k] = (uint8_t)sorted[k];
        p->ys[k] = (uint8_t)(sorted[k] >> 8);
    }
    uint8_t *const buckets = p->buckets[0];
    for (ptrdiff_t k = 0; k < n; k++)
        buckets[sorted[k] & 65535] = (uint8_t)(k / BUCKET);
}

// Outputs [x0, x0 + n) of channel c of the block's rows.
static void NAME(tile)(const ppx_rank *r, const ppx_block *block, ptrdiff_t step, int c,
                       ptrdiff_t x0, ptrdiff_t n) {
    places *p = block->scratch;
    const ptrdiff_t k = r->k, ncolumns = n + k - 1, nrows = block->nrows + k - 1;
    NAME(list)(p, block, nrows, ncolumns, r->radius, (x0 - r->radius) * step + c, step);
    const ENTRY *sorted = NAME(sort)(p, nrows * ncolumns);
    NAME(make_buckets)(p, sorted, nrows * ncolumns);
    columns_begin(&p->columns, r->rank);
    for (ptrdiff_t y = 0; y < k; y++)
        columns_enter(&p->columns, p->buckets[y], ncolumns, 1);
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        if (i > 0)
            columns_move(&p->columns, p->buckets[i + k - 1], p->buckets[i - 1], ncolumns, 1);
        slide_columns(&p->columns, k, p->found, p->rest, n, 1);
        PIXEL *out = (PIXEL *)block->out[i] + x0 * step + c;
        for (ptrdiff_t x = 0; x < n; x++) {
            const ptrdiff_t place = find_place(p, x, i, k, p->found[x], p->rest[x]);
            out[x * step] = SAMPLE_OF((uint32_t)(sorted[place] >> 16));
        }
    }
}

#undef PIXEL
#undef ENTRY
#undef NDIGITS
#undef NAME
#undef KEY_OF
#undef SAMPLE_OF
#undef KEY_BITS
#undef DIGIT
