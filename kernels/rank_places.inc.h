// rank_places.inc.h: a tile of rank_places.c for one pixel type; PIXEL, NAME, KEY_OF, SAMPLE_OF,
// KEY_BITS and DIGIT are defined by who includes it.

// Outputs [x0, x0 + n) of channel c of the block's rows.
static void NAME(tile)(const ppx_rank *r, const ppx_block *block, ptrdiff_t step, int c,
                       ptrdiff_t x0, ptrdiff_t n) {
    places *p = block->scratch;
    const ptrdiff_t k = r->k, ncolumns = n + k - 1, nrows = block->nrows + k - 1;
    for (ptrdiff_t y = 0; y < nrows; y++) {
        const PIXEL *in = (const PIXEL *)block->in[y - r->radius] + (x0 - r->radius) * step + c;
        entry *to = p->entries[0] + y * ncolumns;
        for (ptrdiff_t x = 0; x < ncolumns; x++)
            to[x] = (entry)KEY_OF(in[x * step]) << 32 | (entry)y << 8 | (entry)x;
    }
    const entry *sorted = make_buckets(p, nrows, ncolumns, KEY_BITS, DIGIT);
    memset(&p->columns, 0, sizeof p->columns);
    for (ptrdiff_t y = 0; y < k; y++)
        columns_enter(&p->columns, p->buckets + y * ncolumns, ncolumns, 1);
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        if (i > 0)
            columns_move(&p->columns, p->buckets + (i + k - 1) * ncolumns,
                         p->buckets + (i - 1) * ncolumns, ncolumns, 1);
        slide_columns(&p->columns, k, (int)r->rank, p->found, p->rest, n, 1);
        PIXEL *out = (PIXEL *)block->out[i] + x0 * step + c;
        for (ptrdiff_t x = 0; x < n; x++) {
            const ptrdiff_t place = find_place(p, x, i, k, p->found[x], p->rest[x]);
            out[x * step] = SAMPLE_OF((uint32_t)(sorted[place] >> 32));
        }
    }
}

#undef PIXEL
#undef NAME
#undef KEY_OF
#undef SAMPLE_OF
#undef KEY_BITS
#undef DIGIT
