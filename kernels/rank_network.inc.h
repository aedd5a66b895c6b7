// rank_network.inc.h: running a network of rank_network.c over one pixel type; PIXEL, NAME and
// FINISH(v) are defined by who includes it.

enum {
    NAME(CHUNK) = PPX_NETWORK_CHUNK / sizeof(PIXEL),
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

// The operations work on all lanes of the chunk. A result may take the place of an operand, never
// of a part of one: omp simd is right to expect no dependence between lanes.

static inline void NAME(both)(PIXEL *slots, const uint16_t *w) {
    const PIXEL *const a = slots + w[0], *const b = slots + w[1];
    PIXEL *const lesser = slots + w[2], *const greater = slots + w[3];
#pragma omp simd
    for (int j = 0; j < NAME(CHUNK); j++) {
        PIXEL u = a[j], v = b[j];
        NAME(order)(&u, &v);
        lesser[j] = u;
        greater[j] = v;
    }
}

static inline void NAME(merge_2)(PIXEL *a, PIXEL *b, PIXEL *c, PIXEL *d) {
    NAME(order)(a, c);
    NAME(order)(b, d);
    NAME(order)(c, b); // in order: a, c, b, d
}

static inline void NAME(pairs)(PIXEL *slots, const uint16_t *w) {
    const PIXEL *const i0 = slots + w[0], *const i1 = slots + w[1];
    const PIXEL *const i2 = slots + w[2], *const i3 = slots + w[3];
    PIXEL *const o0 = slots + w[4], *const o1 = slots + w[5];
    PIXEL *const o2 = slots + w[6], *const o3 = slots + w[7];
#pragma omp simd
    for (int j = 0; j < NAME(CHUNK); j++) {
        PIXEL a = i0[j], b = i1[j], c = i2[j], d = i3[j];
        NAME(merge_2)(&a, &b, &c, &d);
        o0[j] = a;
        o1[j] = c;
        o2[j] = b;
        o3[j] = d;
    }
}

static inline void NAME(fours)(PIXEL *slots, const uint16_t *w) {
    const PIXEL *const i0 = slots + w[0], *const i1 = slots + w[1];
    const PIXEL *const i2 = slots + w[2], *const i3 = slots + w[3];
    const PIXEL *const i4 = slots + w[4], *const i5 = slots + w[5];
    const PIXEL *const i6 = slots + w[6], *const i7 = slots + w[7];
    PIXEL *const o0 = slots + w[8], *const o1 = slots + w[9];
    PIXEL *const o2 = slots + w[10], *const o3 = slots + w[11];
    PIXEL *const o4 = slots + w[12], *const o5 = slots + w[13];
    PIXEL *const o6 = slots + w[14], *const o7 = slots + w[15];
#pragma omp simd
    for (int j = 0; j < NAME(CHUNK); j++) {
        PIXEL a = i0[j], b = i1[j], c = i2[j], d = i3[j];
        PIXEL e = i4[j], f = i5[j], g = i6[j], h = i7[j];
        NAME(merge_2)(&a, &c, &e, &g); // even: a, e, c, g
        NAME(merge_2)(&b, &d, &f, &h); // odd: b, f, d, h
        NAME(order)(&b, &e);
        NAME(order)(&f, &c);
        NAME(order)(&d, &g);
        o0[j] = a;
        o1[j] = b;
        o2[j] = e;
        o3[j] = f;
        o4[j] = c;
        o5[j] = d;
        o6[j] = g;
        o7[j] = h;
    }
}

static inline void NAME(two_levels)(PIXEL *slots, const uint16_t *w) {
    const PIXEL *const i0 = slots + w[0], *const i1 = slots + w[1];
    const PIXEL *const i2 = slots + w[2], *const i3 = slots + w[3];
    const PIXEL *const i4 = slots + w[4];
    PIXEL *const o0 = slots + w[5], *const o1 = slots + w[6];
    PIXEL *const o2 = slots + w[7], *const o3 = slots + w[8];
    PIXEL *const o4 = slots + w[9];
#pragma omp simd
    for (int j = 0; j < NAME(CHUNK); j++) {
        PIXEL o = i0[j], a = i1[j], b = i2[j], c = i3[j], d = i4[j];
        NAME(order)(&a, &b);
        NAME(order)(&c, &d);
        NAME(order)(&o, &a);
        NAME(order)(&c, &b);
        o0[j] = o;
        o1[j] = a;
        o2[j] = c;
        o3[j] = b;
        o4[j] = d;
    }
}

static inline void NAME(one)(PIXEL *slots, const uint16_t *w, bool greater) {
    const PIXEL *const a = slots + w[0], *const b = slots + w[1];
    PIXEL *const to = slots + w[2];
    if (greater) {
#pragma omp simd
        for (int j = 0; j < NAME(CHUNK); j++)
            to[j] = MOST(a[j], b[j]);
    } else {
#pragma omp simd
        for (int j = 0; j < NAME(CHUNK); j++)
            to[j] = LEAST(a[j], b[j]);
    }
}

static void NAME(operate)(const ppx_network *network, PIXEL *slots) {
    const uint16_t *w = network->words, *end = w + network->nwords;
    while (w < end) {
        const ppx_network_kind kind = (ppx_network_kind)w[0];
        int n = w[1]; // so many of that kind
        w += 2;
        switch (kind) {
        case PPX_NETWORK_LEAST:
            for (; n > 0; n--, w += 3)
                NAME(one)(slots, w, false);
            break;
        case PPX_NETWORK_MOST:
            for (; n > 0; n--, w += 3)
                NAME(one)(slots, w, true);
            break;
        case PPX_NETWORK_BOTH:
            for (; n > 0; n--, w += 4)
                NAME(both)(slots, w);
            break;
        case PPX_NETWORK_MERGE_2:
            for (; n > 0; n--, w += 8)
                NAME(pairs)(slots, w);
            break;
        case PPX_NETWORK_MERGE_4:
            for (; n > 0; n--, w += 16)
                NAME(fours)(slots, w);
            break;
        case PPX_NETWORK_TWO_LEVELS:
            for (; n > 0; n--, w += 10)
                NAME(two_levels)(slots, w);
            break;
        }
    }
}

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
                NAME(operate)(network, slots);
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
