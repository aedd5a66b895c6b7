// median.inc.h: the 3x3 and 5x5 networks of median.c for one pixel type; PIXEL, NAME and FINISH(v)
// are defined by who includes it. Two output rows at a time: the columns of the rows that both
// windows hold are sorted once.

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

static inline PIXEL NAME(least)(PIXEL a, PIXEL b) {
    return LEAST(a, b);
}

static inline PIXEL NAME(most)(PIXEL a, PIXEL b) {
    return MOST(a, b);
}

static inline PIXEL NAME(middle)(PIXEL a, PIXEL b, PIXEL c) {
    return NAME(most)(NAME(least)(a, b), NAME(least)(NAME(most)(a, b), c));
}

static inline void NAME(exchange)(PIXEL *a, PIXEL *b) {
    PIXEL least = NAME(least)(*a, *b), most = NAME(most)(*a, *b);
    *a = least;
    *b = most;
}

// Sorts the columns of rows 0..2 of a window into lines 0..2 and of rows 1..3 into lines 3..5.
static void NAME(columns3)(const ppx_block *block, ptrdiff_t i, bool pair, ptrdiff_t n, PIXEL *to,
                           ptrdiff_t pitch) {
    const PIXEL *a = block->in[i - 1];
    const PIXEL *b = block->in[i];
    const PIXEL *c = block->in[i + 1];
    const PIXEL *d = pair ? block->in[i + 2] : c;
#pragma omp simd
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL low = NAME(least)(b[x], c[x]), high = NAME(most)(b[x], c[x]);
        to[x] = NAME(least)(low, a[x]);
        to[pitch + x] = NAME(least)(high, NAME(most)(low, a[x]));
        to[2 * pitch + x] = NAME(most)(high, a[x]);
        to[3 * pitch + x] = NAME(least)(low, d[x]);
        to[4 * pitch + x] = NAME(least)(high, NAME(most)(low, d[x]));
        to[5 * pitch + x] = NAME(most)(high, d[x]);
    }
}

// The median of nine is the middle one of the greatest of the lows, the middle of the middles and
// the least of the highs. `step` is the number of channels.
static void NAME(across3)(PIXEL *restrict out, const PIXEL *restrict line, ptrdiff_t pitch,
                          ptrdiff_t n, ptrdiff_t step) {
    const PIXEL *low = line, *mid = line + pitch, *high = line + 2 * pitch;
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL l = NAME(most)(NAME(most)(low[x], low[x + 2 * step]), low[x + step]);
        PIXEL m = NAME(middle)(mid[x], mid[x + step], mid[x + 2 * step]);
        PIXEL h = NAME(least)(NAME(least)(high[x], high[x + 2 * step]), high[x + step]);
        out[x] = FINISH(NAME(middle)(l, m, h));
    }
}

// Sorts the columns of rows 0..4 into lines 0..4 and of rows 1..5 into lines 5..9.
static void NAME(columns5)(const ppx_block *block, ptrdiff_t i, bool pair, ptrdiff_t n, PIXEL *to,
                           ptrdiff_t pitch) {
    const PIXEL *above = block->in[i - 2];
    const PIXEL *ra = block->in[i - 1];
    const PIXEL *rb = block->in[i];
    const PIXEL *rc = block->in[i + 1];
    const PIXEL *rd = block->in[i + 2];
    const PIXEL *below = pair ? block->in[i + 3] : rd;
#pragma omp simd
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL a = ra[x], b = rb[x], c = rc[x], d = rd[x];
        NAME(exchange)(&a, &b);
        NAME(exchange)(&c, &d);
        NAME(exchange)(&a, &c);
        NAME(exchange)(&b, &d);
        NAME(exchange)(&b, &c);
        PIXEL u = above[x], v = below[x];
        to[x] = NAME(least)(a, u);
        to[pitch + x] = NAME(least)(b, NAME(most)(a, u));
        to[2 * pitch + x] = NAME(least)(c, NAME(most)(b, u));
        to[3 * pitch + x] = NAME(least)(d, NAME(most)(c, u));
        to[4 * pitch + x] = NAME(most)(d, u);
        to[5 * pitch + x] = NAME(least)(a, v);
        to[6 * pitch + x] = NAME(least)(b, NAME(most)(a, v));
        to[7 * pitch + x] = NAME(least)(c, NAME(most)(b, v));
        to[8 * pitch + x] = NAME(least)(d, NAME(most)(c, v));
        to[9 * pitch + x] = NAME(most)(d, v);
    }
}

// The median of 25 samples whose columns are sorted (v[5 * row + column], least first). The
// exchanges were found by a random search that removed and replaced exchanges of row sorts and a
// sort of the candidates, as long as all 7776 arrangements of zeros and ones in sorted columns came
// out right, which proves a network for all samples (Knuth, The Art of Computer Programming
// 3, 5.3.4). Of their minima and maxima 80 are used; the compiler drops the others.
static inline PIXEL NAME(select25)(PIXEL v[25]) {
    NAME(exchange)(&v[21], &v[24]);
    NAME(exchange)(&v[0], &v[1]);
    NAME(exchange)(&v[15], &v[19]);
    NAME(exchange)(&v[16], &v[18]);
    NAME(exchange)(&v[10], &v[11]);
    NAME(exchange)(&v[16], &v[15]);
    NAME(exchange)(&v[21], &v[23]);
    NAME(exchange)(&v[2], &v[0]);
    NAME(exchange)(&v[6], &v[5]);
    NAME(exchange)(&v[13], &v[14]);
    NAME(exchange)(&v[21], &v[20]);
    NAME(exchange)(&v[23], &v[24]);
    NAME(exchange)(&v[12], &v[11]);
    NAME(exchange)(&v[6], &v[13]);
    NAME(exchange)(&v[8], &v[9]);
    NAME(exchange)(&v[7], &v[15]);
    NAME(exchange)(&v[11], &v[14]);
    NAME(exchange)(&v[1], &v[4]);
    NAME(exchange)(&v[4], &v[3]);
    NAME(exchange)(&v[4], &v[16]);
    NAME(exchange)(&v[12], &v[13]);
    NAME(exchange)(&v[17], &v[3]);
    NAME(exchange)(&v[16], &v[12]);
    NAME(exchange)(&v[21], &v[17]);
    NAME(exchange)(&v[18], &v[19]);
    NAME(exchange)(&v[5], &v[12]);
    NAME(exchange)(&v[9], &v[12]);
    NAME(exchange)(&v[7], &v[5]);
    NAME(exchange)(&v[13], &v[11]);
    NAME(exchange)(&v[18], &v[3]);
    NAME(exchange)(&v[17], &v[11]);
    NAME(exchange)(&v[12], &v[23]);
    NAME(exchange)(&v[20], &v[12]);
    NAME(exchange)(&v[15], &v[18]);
    NAME(exchange)(&v[15], &v[17]);
    NAME(exchange)(&v[5], &v[8]);
    NAME(exchange)(&v[13], &v[15]);
    NAME(exchange)(&v[10], &v[9]);
    NAME(exchange)(&v[21], &v[13]);
    NAME(exchange)(&v[1], &v[13]);
    NAME(exchange)(&v[9], &v[8]);
    NAME(exchange)(&v[10], &v[0]);
    NAME(exchange)(&v[8], &v[17]);
    NAME(exchange)(&v[8], &v[15]);
    NAME(exchange)(&v[0], &v[8]);
    NAME(exchange)(&v[13], &v[0]);
    NAME(exchange)(&v[15], &v[22]);
    NAME(exchange)(&v[15], &v[20]);
    NAME(exchange)(&v[9], &v[0]);
    NAME(exchange)(&v[8], &v[15]);
    NAME(exchange)(&v[0], &v[8]);
    NAME(exchange)(&v[8], &v[15]);
    return v[8];
}

// Row k of the 25 samples; step is the number of channels.
#define FIVE(k)                                                                                    \
    row##k[x], row##k[x + step], row##k[x + 2 * step], row##k[x + 3 * step], row##k[x + 4 * step]

static void NAME(across5)(PIXEL *restrict out, const PIXEL *restrict line, ptrdiff_t pitch,
                          ptrdiff_t n, ptrdiff_t step) {
    const PIXEL *row0 = line, *row1 = line + pitch, *row2 = line + 2 * pitch;
    const PIXEL *row3 = line + 3 * pitch, *row4 = line + 4 * pitch;
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL v[25] = {FIVE(0), FIVE(1), FIVE(2), FIVE(3), FIVE(4)};
        out[x] = FINISH(NAME(select25)(v));
    }
}

#undef FIVE

static void NAME(networks)(const ppx_job *job, const ppx_block *block) {
    const ppx_rank p = rank_of(job);
    const ptrdiff_t pitch = pitch_of(job);
    const ptrdiff_t step = job->in.channels, n = job->in.width * step, side = p.radius * step;
    PIXEL *lines = (PIXEL *)block->scratch + 64 / sizeof(PIXEL); // 64 bytes hold any side
    for (ptrdiff_t i = 0; i < block->nrows; i += 2) {
        const bool pair = i + 1 < block->nrows;
        if (p.radius == 1)
            NAME(columns3)(block, i, pair, n, lines, pitch);
        else
            NAME(columns5)(block, i, pair, n, lines, pitch);
        // Memory works while the processor does.
        for (ptrdiff_t k = i + p.radius + 2; k < i + p.radius + 4; k++)
            if (k < block->nrows + p.radius)
                prefetch_row(block->in[k], (size_t)n * sizeof(PIXEL));
        for (int k = 0; k < 1 + pair; k++) {
            PIXEL *line = lines + k * p.k * pitch;
            // Columns beyond the border are columns of the image (or of the fill): sorted too.
            for (ptrdiff_t rank = 0; rank < p.k; rank++)
                ppx_row_extend(line + rank * pitch, job->in.width, job->in.channels, job->in.type,
                               p.radius, job->geometry.border, job->geometry.fill);
            if (p.radius == 1)
                NAME(across3)(block->out[i + k], line - side, pitch, n, step);
            else
                NAME(across5)(block->out[i + k], line - side, pitch, n, step);
        }
    }
}

#undef LEAST
#undef MOST
#undef PIXEL
#undef NAME
#undef FINISH
