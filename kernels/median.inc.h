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

typedef struct NAME(column) {
    PIXEL low, mid, high;
} NAME(column);

// Two samples in order and another one.
static inline NAME(column) NAME(insert)(PIXEL low, PIXEL high, PIXEL x) {
    return (NAME(column)){NAME(least)(low, x), NAME(least)(high, NAME(most)(low, x)),
                          NAME(most)(high, x)};
}

// The median of nine is the middle one of the greatest of the lows, the middle of the middles and
// the least of the highs.
static inline PIXEL NAME(median9)(NAME(column) a, NAME(column) b, NAME(column) c) {
    const PIXEL low = NAME(most)(NAME(most)(a.low, b.low), c.low);
    const PIXEL high = NAME(least)(NAME(least)(a.high, b.high), c.high);
    return NAME(middle)(low, NAME(middle)(a.mid, b.mid, c.mid), high);
}

// Samples [from, to) of two output rows, of which the first one has rows a, b and c around it, and
// the second b, c and d: pairs of b and c are put in order once.
static inline void NAME(pair3)(PIXEL *restrict upper, PIXEL *restrict lower, const PIXEL *a,
                               const PIXEL *b, const PIXEL *c, const PIXEL *d, ptrdiff_t from,
                               ptrdiff_t to, ptrdiff_t step) {
#pragma omp simd
    for (ptrdiff_t x = from; x < to; x++) {
        const ptrdiff_t u = x - step, v = x + step;
        const PIXEL l0 = NAME(least)(b[u], c[u]), h0 = NAME(most)(b[u], c[u]);
        const PIXEL l1 = NAME(least)(b[x], c[x]), h1 = NAME(most)(b[x], c[x]);
        const PIXEL l2 = NAME(least)(b[v], c[v]), h2 = NAME(most)(b[v], c[v]);
        upper[x] = FINISH(NAME(median9)(NAME(insert)(l0, h0, a[u]), NAME(insert)(l1, h1, a[x]),
                                        NAME(insert)(l2, h2, a[v])));
        lower[x] = FINISH(NAME(median9)(NAME(insert)(l0, h0, d[u]), NAME(insert)(l1, h1, d[x]),
                                        NAME(insert)(l2, h2, d[v])));
    }
}

// A row's ends: its two first pixels and its two last ones (or all of it) with a pixel of the
// border on both sides, which is what the border rule would put beside the whole row.
static void NAME(take_ends)(const ppx_job *job, const PIXEL *row, PIXEL *ends) {
    const ptrdiff_t step = job->in.channels, n = job->in.width * step;
    const ptrdiff_t first = ppx_rank_least(n, 4 * step), left = first / step / 2 * step;
    memcpy(ends, row, (size_t)left * sizeof *row);
    memcpy(ends + left, row + n - (first - left), (size_t)(first - left) * sizeof *row);
    ppx_row_extend(ends, first / step, job->in.channels, job->in.type, 1, job->geometry.border,
                   job->geometry.fill);
}

enum { NAME(ENDS) = 64 }; // samples: 6 pixels of 4 channels, and room for a vector

static void NAME(rows3)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t step = job->in.channels, n = job->in.width * step;
    const ptrdiff_t nends = ppx_rank_least(n, 4 * step), chunk = 512 / (ptrdiff_t)sizeof(PIXEL);
    PIXEL(*ends)[NAME(ENDS)] = block->scratch, *spare = (PIXEL *)(ends + PPX_STRIP + 2);
    for (ptrdiff_t i = -1; i <= block->nrows; i++)
        NAME(take_ends)(job, block->in[i], ends[i + 1] + step);
    for (ptrdiff_t i = 0; i < block->nrows; i += 2) {
        const bool pair = i + 1 < block->nrows;
        const PIXEL *a = block->in[i - 1], *b = block->in[i], *c = block->in[i + 1];
        const PIXEL *d = pair ? block->in[i + 2] : a;
        PIXEL *upper = block->out[i], *lower = pair ? block->out[i + 1] : spare;
        for (ptrdiff_t x = step; x < n - step; x += chunk) {
            for (ptrdiff_t k = i + 3; k <= ppx_rank_least(i + 4, block->nrows); k++)
                prefetch_row((const PIXEL *)block->in[k] + x, 512); // while the processor works
            NAME(pair3)(upper, lower, a, b, c, d, x, ppx_rank_least(x + chunk, n - step), step);
        }
        PIXEL edges[2][NAME(ENDS)];
        const PIXEL *e = ends[i] + step;
        NAME(pair3)
        (edges[0], edges[1], e, e + NAME(ENDS), e + 2 * NAME(ENDS), pair ? e + 3 * NAME(ENDS) : e,
         0, nends, step);
        for (ptrdiff_t c1 = 0; c1 < step; c1++) {
            upper[c1] = edges[0][c1];
            lower[c1] = edges[1][c1];
            upper[n - step + c1] = edges[0][nends - step + c1];
            lower[n - step + c1] = edges[1][nends - step + c1];
        }
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

static void NAME(rows5)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t pitch = pitch_of(job);
    const ptrdiff_t step = job->in.channels, n = job->in.width * step;
    PIXEL *lines = (PIXEL *)block->scratch + 64 / sizeof(PIXEL); // 64 bytes hold any side
    for (ptrdiff_t i = 0; i < block->nrows; i += 2) {
        const bool pair = i + 1 < block->nrows;
        NAME(columns5)(block, i, pair, n, lines, pitch);
        // Memory works while the processor does.
        for (ptrdiff_t k = i + 4; k <= ppx_rank_least(i + 5, block->nrows + 1); k++)
            prefetch_row(block->in[k], (size_t)n * sizeof(PIXEL));
        for (int k = 0; k < 1 + pair; k++) {
            PIXEL *line = lines + k * 5 * pitch;
            // Columns beyond the border are columns of the image (or of the fill): sorted too.
            for (ptrdiff_t rank = 0; rank < 5; rank++)
                ppx_row_extend(line + rank * pitch, job->in.width, job->in.channels, job->in.type,
                               2, job->geometry.border, job->geometry.fill);
            NAME(across5)(block->out[i + k], line - 2 * step, pitch, n, step);
        }
    }
}

#undef LEAST
#undef MOST
#undef PIXEL
#undef NAME
#undef FINISH
