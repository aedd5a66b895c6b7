// wavelet.inc.h: a turn of wavelet.c between samples and coefficients; SAMPLE, WIDE, ROW (names of
// wavelet_row.inc.h for WIDE), NAME, TO_WIDE and TO_SAMPLE are defined by who includes it. Where
// SAMPLE is WIDE, both are coefficients.

// ---- Forward: down the columns, then along the rows ---------------------------------------------

// Row k of the differences.
static void NAME(differ)(const SAMPLE *restrict above, const SAMPLE *restrict here,
                         const SAMPLE *restrict below, ptrdiff_t n, WIDE *restrict out) {
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = (WIDE)(TO_WIDE(here[x]) - ROW(between)(TO_WIDE(above[x]), TO_WIDE(below[x])));
}

// Row k of the sums, between two rows of differences.
static void NAME(add)(const SAMPLE *restrict here, const WIDE *restrict before,
                      const WIDE *restrict after, ptrdiff_t n, WIDE *restrict out) {
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = (WIDE)(TO_WIDE(here[x]) + ROW(update)(before[x], after[x]));
}

static void NAME(convert)(const SAMPLE *restrict in, ptrdiff_t n, WIDE *restrict out) {
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = TO_WIDE(in[x]);
}

// Row k of the differences from the rows of the image; k may be one too small or too large.
static void NAME(difference_row)(const ppx_block *block, const part *p, ptrdiff_t k, WIDE *out) {
    k = inside(k, p->height / 2);
    const ptrdiff_t below = 2 * k + 2 < p->height ? 2 * k + 2 : 2 * k;
    NAME(differ)
    (row_at(block, p, 2 * k), row_at(block, p, 2 * k + 1), row_at(block, p, below), p->n, out);
}

static void NAME(forward)(const ppx_job *job, const ppx_block *block) {
    const part p = part_of(job, block);
    WIDE *made = line_at(job, block, 0), *before = line_at(job, block, 1);
    WIDE *after = line_at(job, block, 2);
    bool begun = false;
    for (ptrdiff_t y = block->y; y < block->y + block->nrows; y++) {
        WIDE *out = block->out[y - block->y];
        if (y < p.nsums && p.height > 1) {
            if (!begun)
                NAME(difference_row)(block, &p, y - 1, before);
            NAME(difference_row)(block, &p, y, after);
            NAME(add)(row_at(block, &p, 2 * y), before, after, p.n, made);
            WIDE *swap = before;
            before = after;
            after = swap;
            begun = true;
        } else if (y < p.height && p.height > 1) {
            NAME(difference_row)(block, &p, y - p.nsums, made);
        } else if (y < p.height) {
            NAME(convert)(row_at(block, &p, y), p.n, made);
        }
        if (y < p.height)
            ROW(split_row)(made, out, p.width, job->in.channels);
        copy_rest(job, block, &p, y);
    }
}

// ---- Inverse: along the rows, then down the columns ---------------------------------------------

static void NAME(back)(const WIDE *restrict in, ptrdiff_t n, SAMPLE *restrict out) {
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = TO_SAMPLE(in[x]);
}

static void NAME(take_away)(WIDE *restrict sums, const WIDE *restrict before,
                            const WIDE *restrict after, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        sums[x] = (WIDE)(sums[x] - ROW(update)(before[x], after[x]));
}

static void NAME(odd_row)(const WIDE *restrict differences, const WIDE *restrict above,
                          const WIDE *restrict below, ptrdiff_t n, SAMPLE *restrict out) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const WIDE v = (WIDE)(differences[x] + ROW(between)(above[x], below[x]));
        out[x] = TO_SAMPLE(v);
    }
}

// Rows of the part in turn: an even one and the odd one below it.
typedef struct NAME(lines) {
    WIDE *even, *next, *before, *after, *last, *pixels;
} NAME(lines);

static void NAME(joined)(const ppx_job *job, const ppx_block *block, const part *p, ptrdiff_t y,
                         WIDE *out, WIDE *pixels) {
    ROW(join_row)(row_at(block, p, y), out, pixels, p->width, job->in.channels);
}

// Row k of the differences, along the row only.
static void NAME(joined_difference)(const ppx_job *job, const ppx_block *block, const part *p,
                                    ptrdiff_t k, WIDE *out, WIDE *pixels) {
    NAME(joined)(job, block, p, p->nsums + inside(k, p->height / 2), out, pixels);
}

static void NAME(inverse_rows)(const ppx_job *job, const ppx_block *block, const part *p,
                               NAME(lines) l) {
    const ptrdiff_t y0 = block->y,
                    end = y0 + block->nrows < p->height ? y0 + block->nrows : p->height;
    ptrdiff_t k = y0 / 2;
    NAME(joined_difference)(job, block, p, k - 1, l.before, l.pixels);
    NAME(joined_difference)(job, block, p, k, l.after, l.pixels);
    NAME(joined)(job, block, p, k, l.even, l.pixels);
    NAME(take_away)(l.even, l.before, l.after, p->n);
    for (; 2 * k < end; k++) {
        if (2 * k >= y0)
            NAME(back)(l.even, p->n, block->out[2 * k - y0]);
        if (2 * k + 1 >= end)
            break;
        const WIDE *below = l.even; // its mirror image
        if (2 * k + 2 < p->height) {
            NAME(joined_difference)(job, block, p, k + 1, l.last, l.pixels);
            NAME(joined)(job, block, p, k + 1, l.next, l.pixels);
            NAME(take_away)(l.next, l.after, l.last, p->n);
            below = l.next;
        }
        NAME(odd_row)(l.after, l.even, below, p->n, block->out[2 * k + 1 - y0]);
        l = (NAME(lines)){l.next, l.even, l.after, l.last, l.before, l.pixels};
    }
}

static void NAME(inverse)(const ppx_job *job, const ppx_block *block) {
    const part p = part_of(job, block);
    NAME(lines)
    l = {line_at(job, block, 0), line_at(job, block, 1), line_at(job, block, 2),
         line_at(job, block, 3), line_at(job, block, 4), line_at(job, block, 5)};
    if (p.height > 1 && block->y < p.height) {
        NAME(inverse_rows)(job, block, &p, l);
    } else if (block->y < p.height) {
        NAME(joined)(job, block, &p, 0, l.even, l.pixels);
        NAME(back)(l.even, p.n, block->out[0]);
    }
    for (ptrdiff_t y = block->y; y < block->y + block->nrows; y++)
        copy_rest(job, block, &p, y);
}

#undef SAMPLE
#undef WIDE
#undef ROW
#undef NAME
#undef TO_WIDE
#undef TO_SAMPLE
