// rank_network.inc.h: running a network of rank_network.c over one pixel type; PIXEL, NAME and
// FINISH(v) are defined by who includes it.

enum {
    NAME(CHUNK) = PPX_NETWORK_CHUNK / sizeof(PIXEL),
    NAME(HALF) = NAME(CHUNK) / 2,
    NAME(HALO) = PPX_NETWORK_HALO / sizeof(PIXEL)
};

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

// Exchanges the wires of a network: the lesser one stays first.
static inline void NAME(order)(PIXEL *a, PIXEL *b) {
    const PIXEL u = *a, v = *b;
    *a = LEAST(u, v);
    *b = MOST(u, v);
}

// The operations work on all lanes of half a chunk, at places `at` in the slots. A result may take
// the place of an operand, never of a part of one: omp simd is right to expect no dependence
// between lanes.

static inline void NAME(least)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++)
        (slots + at[2])[j] = LEAST((slots + at[0])[j], (slots + at[1])[j]);
}

static inline void NAME(most)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++)
        (slots + at[2])[j] = MOST((slots + at[0])[j], (slots + at[1])[j]);
}

static inline void NAME(both)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++) {
        PIXEL u = (slots + at[0])[j], v = (slots + at[1])[j];
        NAME(order)(&u, &v);
        (slots + at[2])[j] = u;
        (slots + at[3])[j] = v;
    }
}

static inline void NAME(pair_and_one)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++) {
        PIXEL a = (slots + at[0])[j], b = (slots + at[1])[j], c = (slots + at[2])[j];
        NAME(order)(&a, &c);
        NAME(order)(&b, &c);
        (slots + at[3])[j] = a;
        (slots + at[4])[j] = b;
        (slots + at[5])[j] = c;
    }
}

static inline void NAME(merge_2)(PIXEL *a, PIXEL *b, PIXEL *c, PIXEL *d) {
    NAME(order)(a, c);
    NAME(order)(b, d);
    NAME(order)(c, b); // in order: a, c, b, d
}

static inline void NAME(pairs)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++) {
        PIXEL a = (slots + at[0])[j], b = (slots + at[1])[j];
        PIXEL c = (slots + at[2])[j], d = (slots + at[3])[j];
        NAME(merge_2)(&a, &b, &c, &d);
        (slots + at[4])[j] = a;
        (slots + at[5])[j] = c;
        (slots + at[6])[j] = b;
        (slots + at[7])[j] = d;
    }
}

static inline void NAME(fours)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++) {
        PIXEL a = (slots + at[0])[j], b = (slots + at[1])[j];
        PIXEL c = (slots + at[2])[j], d = (slots + at[3])[j];
        PIXEL e = (slots + at[4])[j], f = (slots + at[5])[j];
        PIXEL g = (slots + at[6])[j], h = (slots + at[7])[j];
        NAME(merge_2)(&a, &c, &e, &g); // even: a, e, c, g
        NAME(merge_2)(&b, &d, &f, &h); // odd: b, f, d, h
        NAME(order)(&b, &e);
        NAME(order)(&f, &c);
        NAME(order)(&d, &g);
        (slots + at[8])[j] = a;
        (slots + at[9])[j] = b;
        (slots + at[10])[j] = e;
        (slots + at[11])[j] = f;
        (slots + at[12])[j] = c;
        (slots + at[13])[j] = d;
        (slots + at[14])[j] = g;
        (slots + at[15])[j] = h;
    }
}

static inline void NAME(two_levels)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++) {
        PIXEL o = (slots + at[0])[j];
        PIXEL a = (slots + at[1])[j], b = (slots + at[2])[j];
        PIXEL c = (slots + at[3])[j], d = (slots + at[4])[j];
        NAME(order)(&a, &b);
        NAME(order)(&c, &d);
        NAME(order)(&o, &a);
        NAME(order)(&c, &b);
        (slots + at[5])[j] = o;
        (slots + at[6])[j] = a;
        (slots + at[7])[j] = c;
        (slots + at[8])[j] = b;
        (slots + at[9])[j] = d;
    }
}

static inline void NAME(select)(PIXEL *slots, const size_t *at) {
#pragma omp simd
    for (int j = 0; j < NAME(HALF); j++) {
        const PIXEL a = MOST((slots + at[0])[j], (slots + at[1])[j]);
        const PIXEL b = MOST((slots + at[2])[j], (slots + at[3])[j]);
        const PIXEL c = MOST((slots + at[4])[j], (slots + at[5])[j]);
        const PIXEL d = MOST((slots + at[6])[j], (slots + at[7])[j]);
        const PIXEL e = LEAST(a, b), f = LEAST(c, d);
        (slots + at[8])[j] = LEAST(e, f);
    }
}

// n operations of one kind, of which each names m places, on both halves.
#define EACH(operation, m)                                                                         \
    for (; n > 0; n--, w += m) {                                                                   \
        size_t at[m];                                                                              \
        for (int k = 0; k < m; k++)                                                                \
            at[k] = w[k];                                                                          \
        NAME(operation)(low, at);                                                                  \
        NAME(operation)(high, at);                                                                 \
    }                                                                                              \
    break

// Out of line, so that the compiler does not see that `high` is half a chunk after `low`: with two
// bases it adds places to them in the loads and stores themselves.
static __attribute__((noinline)) void NAME(operate)(const ppx_network *network, PIXEL *low,
                                                    PIXEL *high) {
    const uint16_t *w = network->words, *end = w + network->nwords;
    while (w < end) {
        const ppx_network_kind kind = (ppx_network_kind)w[0];
        int n = w[1]; // so many of that kind
        w += 2;
        switch (kind) {
        case PPX_NETWORK_LEAST:
            EACH(least, 3);
        case PPX_NETWORK_MOST:
            EACH(most, 3);
        case PPX_NETWORK_BOTH:
            EACH(both, 4);
        case PPX_NETWORK_MERGE_2_1:
            EACH(pair_and_one, 6);
        case PPX_NETWORK_MERGE_2:
            EACH(pairs, 8);
        case PPX_NETWORK_MERGE_4:
            EACH(fours, 16);
        case PPX_NETWORK_TWO_LEVELS:
            EACH(two_levels, 10);
        case PPX_NETWORK_SELECT:
            EACH(select, 9);
        }
    }
}

#undef EACH

// Columns of tiles from a line of them into their slots.
static void NAME(part_2)(const PIXEL *restrict line, PIXEL *restrict a, PIXEL *restrict b) {
    for (int j = 0; j < NAME(CHUNK); j++) {
        a[j] = line[2 * j];
        b[j] = line[2 * j + 1];
    }
}

static void NAME(part_4)(const PIXEL *restrict line, PIXEL *restrict a, PIXEL *restrict b,
                         PIXEL *restrict c, PIXEL *restrict d) {
    for (int j = 0; j < NAME(CHUNK); j++) {
        a[j] = line[4 * j];
        b[j] = line[4 * j + 1];
        c[j] = line[4 * j + 2];
        d[j] = line[4 * j + 3];
    }
}

// A row's samples from its sample `from` on: as many as tiles in a chunk have, or as there are.
static void NAME(load)(const ppx_network *network, const PIXEL *row, ptrdiff_t from,
                       ptrdiff_t nsamples, ptrdiff_t step, const uint16_t *to, PIXEL *slots) {
    PIXEL copy[PPX_NETWORK_TILE * NAME(CHUNK)];
    const ptrdiff_t all = network->tile_x * NAME(CHUNK);
    const ptrdiff_t n = ppx_rank_least(all, nsamples - from);
    const PIXEL *line = row + from * step;
    if (n < all || step > 1) {
        for (ptrdiff_t j = 0; j < all; j++)
            copy[j] = j < n ? line[j * step] : 0;
        line = copy;
    }
    if (network->tile_x == 2)
        NAME(part_2)(line, slots + to[0], slots + to[1]);
    else
        NAME(part_4)(line, slots + to[0], slots + to[1], slots + to[2], slots + to[3]);
}

static void NAME(join_2)(PIXEL *restrict line, const PIXEL *restrict a, const PIXEL *restrict b) {
    for (int j = 0; j < NAME(CHUNK); j++) {
        line[2 * j] = FINISH(a[j]);
        line[2 * j + 1] = FINISH(b[j]);
    }
}

static void NAME(join_4)(PIXEL *restrict line, const PIXEL *restrict a, const PIXEL *restrict b,
                         const PIXEL *restrict c, const PIXEL *restrict d) {
    for (int j = 0; j < NAME(CHUNK); j++) {
        line[4 * j] = FINISH(a[j]);
        line[4 * j + 1] = FINISH(b[j]);
        line[4 * j + 2] = FINISH(c[j]);
        line[4 * j + 3] = FINISH(d[j]);
    }
}

// Outputs of a chunk, of which the first is sample `at` of the row, which may lie before it.
static void NAME(store)(const ppx_network *network, const PIXEL *slots, const uint16_t *from,
                        ptrdiff_t at, PIXEL *out, ptrdiff_t width, ptrdiff_t step) {
    PIXEL line[PPX_NETWORK_TILE * NAME(CHUNK)];
    if (network->tile_x == 2)
        NAME(join_2)(line, slots + from[0], slots + from[1]);
    else
        NAME(join_4)(line, slots + from[0], slots + from[1], slots + from[2], slots + from[3]);
    const ptrdiff_t first = at < 0 ? -at : 0;
    const ptrdiff_t last = ppx_rank_least(network->tile_x * NAME(CHUNK), width - at);
    if (step == 1 && first < last)
        memcpy(out + at + first, line + first, (size_t)(last - first) * sizeof *line);
    else
        for (ptrdiff_t j = first; j < last; j++)
            out[(at + j) * step] = line[j];
}

static void NAME(network_rows)(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    const ppx_network *network = job->table;
    PIXEL *slots = block->scratch;
    const ptrdiff_t step = job->in.channels, width = job->in.width, nsamples = width + r->k - 1;
    const ptrdiff_t ntiles = (width + network->tile_x - 1) / network->tile_x;
    const ptrdiff_t last = block->nrows - 1 + r->radius;
    for (int c = 0; c < ppx_shape_colours(job->in); c++)
        for (ptrdiff_t i = 0; i < block->nrows; i += network->tile_y)
            for (ptrdiff_t tile = 0; tile < ntiles + network->delay; tile += NAME(CHUNK)) {
                for (int k = 0; k < network->ncarried; k++) {
                    PIXEL *to = slots + network->carried[k] - NAME(HALO);
                    memcpy(to, to + NAME(CHUNK), PPX_NETWORK_HALO);
                }
                for (ptrdiff_t y = 0; y < network->nrows; y++) {
                    const PIXEL *row = block->in[ppx_rank_least(i + y - r->radius, last)];
                    NAME(load)
                    (network, row - r->radius * step + c, tile * network->tile_x, nsamples, step,
                     network->inputs[y], slots);
                }
                NAME(operate)(network, slots, slots + NAME(HALF));
                const ptrdiff_t at = (tile - network->delay) * network->tile_x;
                for (ptrdiff_t y = 0; y < network->tile_y && i + y < block->nrows; y++) {
                    PIXEL *out = (PIXEL *)block->out[i + y] + c;
                    NAME(store)(network, slots, network->outputs[y], at, out, width, step);
                }
            }
}

#undef LEAST
#undef MOST
#undef PIXEL
#undef NAME
#undef FINISH
