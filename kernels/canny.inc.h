// canny.inc.h: from pixels to candidates, for one pixel type and one norm. PIXEL, GRADIENT, SIZE
// (of a gradient; its square with SQUARES), DIRECTION (unsigned, as wide as GRADIENT), OF_TYPE and
// NAME are defined by canny.c.

// Sizes and directions of the row whose neighbours are rows[0] and rows[2]. Columns are summed
// first: each serves three pixels.
static INLINE void NAME(take_gradients)(const PIXEL *const rows[3], ptrdiff_t width,
                                        GRADIENT *restrict sum, GRADIENT *restrict difference,
                                        SIZE *restrict sizes, DIRECTION *restrict directions) {
    const PIXEL *above = rows[0], *here = rows[1], *below = rows[2];
    for (ptrdiff_t x = -1; x <= width; x++) {
        sum[x] = (GRADIENT)(above[x] + 2 * here[x] + below[x]);
        difference[x] = (GRADIENT)(below[x] - above[x]);
    }
    for (ptrdiff_t x = 0; x < width; x++) {
        const GRADIENT gx = (GRADIENT)(sum[x + 1] - sum[x - 1]);
        const GRADIENT gy = (GRADIENT)(difference[x - 1] + 2 * difference[x] + difference[x + 1]);
        const DIRECTION ax = OF_TYPE(size_of)(gx), ay = OF_TYPE(size_of)(gy);
        const DIRECTION slope = OF_TYPE(slope)(ax);
#ifdef SQUARES
        sizes[x] = (SIZE)gx * (SIZE)gx + (SIZE)gy * (SIZE)gy;
#else
        sizes[x] = (SIZE)(ax + ay);
#endif
        // tan 67.5 degrees is 2 + tan 22.5 degrees.
        const DIRECTION steep = (DIRECTION)(2 * ax + slope);
        DIRECTION direction = (gx ^ gy) < 0 ? RISING : FALLING;
        direction = ay >= steep ? DOWN : direction;
        directions[x] = ay < slope ? ACROSS : direction;
    }
}

// Classes of a row from its sizes and those above and below, readable from -1 to width.
static INLINE void NAME(classify_row)(const SIZE *above, const SIZE *here, const SIZE *below,
                                      const DIRECTION *directions, ptrdiff_t width, SIZE low,
                                      SIZE high, uint8_t *restrict out) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const DIRECTION direction = directions[x];
        const SIZE size = here[x];
        SIZE before = here[x - 1], after = here[x + 1];
        before = direction == DOWN ? above[x] : before;
        after = direction == DOWN ? below[x] : after;
        before = direction == FALLING ? above[x - 1] : before;
        after = direction == FALLING ? below[x + 1] : after;
        before = direction == RISING ? above[x + 1] : before;
        after = direction == RISING ? below[x - 1] : after;
        const bool wins = (size > after) | ((direction < FALLING) & (size == after));
        const bool candidate = (size > low) & (size > before) & wins;
        out[x] = (uint8_t)(candidate ? size > high ? STRONG : WEAK : 0);
    }
}

typedef struct NAME(canny_lines) {
    SIZE *sizes[SIZES];
    DIRECTION *directions[DIRECTIONS];
    GRADIENT *sum, *difference;
} NAME(canny_lines);

static inline NAME(canny_lines) NAME(lines_of)(const ppx_job *job, void *scratch) {
    const size_t length = line_length(job);
    NAME(canny_lines) lines;
    double *at = (double *)scratch + MARGIN;
    for (int k = 0; k < SIZES; k++, at += length)
        lines.sizes[k] = (SIZE *)at;
    for (int k = 0; k < DIRECTIONS; k++, at += length)
        lines.directions[k] = (DIRECTION *)at;
    lines.sum = (GRADIENT *)at;
    lines.difference = (GRADIENT *)(at + length);
    return lines;
}

// Sizes of row y, which is in[0]; 0 beyond the image.
static INLINE void NAME(enter_row)(const ppx_job *job, const NAME(canny_lines) * lines, ptrdiff_t y,
                                   const void *const *in) {
    SIZE *sizes = lines->sizes[(y + SIZES) % SIZES];
    const ptrdiff_t width = job->in.width;
    sizes[-1] = sizes[width] = 0;
    if (y < 0 || y >= job->in.height) {
        memset(sizes, 0, (size_t)width * sizeof *sizes);
        return;
    }
    const PIXEL *const rows[3] = {in[-1], in[0], in[1]};
    NAME(take_gradients)
    (rows, width, lines->sum, lines->difference, sizes, lines->directions[y % DIRECTIONS]);
}

static void NAME(classify)(const ppx_job *job, const ppx_block *block) {
    const NAME(canny_lines) lines = NAME(lines_of)(job, block->scratch);
    double low = job->values[LOW].d, high = job->values[HIGH].d;
#ifdef SQUARES
    low *= low;
    high *= high;
#endif
    // Sizes are whole numbers: one is above a threshold if it is above its whole part.
    const double most = sizeof(SIZE) == 2 ? UINT16_MAX : sizeof(SIZE) == 4 ? INT32_MAX : 1e13;
    low = floor(low < most ? low : most);
    high = floor(high < most ? high : most);
    if (block->fresh) {
        NAME(enter_row)(job, &lines, block->y - 1, block->in - 1);
        NAME(enter_row)(job, &lines, block->y, block->in);
    }
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const ptrdiff_t y = block->y + k;
        NAME(enter_row)(job, &lines, y + 1, block->in + k + 1);
        NAME(classify_row)
        (lines.sizes[(y + SIZES - 1) % SIZES], lines.sizes[y % SIZES], lines.sizes[(y + 1) % SIZES],
         lines.directions[y % DIRECTIONS], job->in.width, (SIZE)low, (SIZE)high, block->out[k]);
    }
}

#undef PIXEL
#undef GRADIENT
#undef SIZE
#undef DIRECTION
#undef SQUARES
#undef OF_TYPE
#undef NAME
