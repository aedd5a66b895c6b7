// rank_network.inc.h: running a network of rank_network.c over one pixel type; PIXEL, NAME and
// FINISH(v) are defined by who includes it.

enum {
    NAME(CHUNK) = PPX_NETWORK_CHUNK / sizeof(PIXEL),
    NAME(HALO) = PPX_NETWORK_HALO / sizeof(PIXEL)
};

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

static void NAME(operate)(const ppx_network *network, PIXEL *slots) {
    const ppx_network_op *end = network->ops + network->nops;
    for (const ppx_network_op *op = network->ops; op < end; op++) {
        // A result may take the place of an operand, never a part of it.
        const PIXEL *a = slots + op->a, *b = slots + op->b;
        PIXEL *least = slots + op->least, *most = slots + op->most;
        if (op->kind == PPX_NETWORK_BOTH) {
#pragma omp simd
            for (int j = 0; j < NAME(CHUNK); j++) {
                PIXEL u = a[j], v = b[j];
                least[j] = LEAST(u, v);
                most[j] = MOST(u, v);
            }
        } else if (op->kind == PPX_NETWORK_LEAST) {
#pragma omp simd
            for (int j = 0; j < NAME(CHUNK); j++)
                least[j] = LEAST(a[j], b[j]);
        } else {
#pragma omp simd
            for (int j = 0; j < NAME(CHUNK); j++)
                most[j] = MOST(a[j], b[j]);
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

// Outputs of the chunk's tiles, of which the first is tile number `tile` of the row.
static void NAME(store)(const ppx_network *network, const PIXEL *slots, const uint16_t *from,
                        ptrdiff_t tile, PIXEL *out, ptrdiff_t width, ptrdiff_t step) {
    const ptrdiff_t t = network->tile_x;
    for (ptrdiff_t j = tile < 0 ? -tile : 0; j < NAME(CHUNK); j++)
        for (ptrdiff_t x = 0; x < t; x++)
            if ((tile + j) * t + x < width)
                out[((tile + j) * t + x) * step] = FINISH(slots[from[x] + j]);
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
                for (ptrdiff_t y = 0; y < network->tile_y && i + y < block->nrows; y++)
                    NAME(store)
                (network, slots, network->outputs[y], tile - network->delay,
                 (PIXEL *)block->out[i + y] + c, width, step);
            }
}

#undef LEAST
#undef MOST
#undef PIXEL
#undef NAME
#undef FINISH
