// canny_u16.inc.h: from u16 pixels to candidates by one norm. SIZE (of a gradient; its square but
// for NORM_L1) and NAME are defined by canny.c.

// Sizes and sectors of the row whose neighbours are rows[0] and rows[2].
static INLINE void NAME(gradients_u16)(const uint16_t *const rows[3], ptrdiff_t width,
                                       int32_t *restrict sum, int32_t *restrict difference,
                                       SIZE *restrict sizes, SIZE *restrict sectors) {
    const uint16_t *above = rows[0], *here = rows[1], *below = rows[2];
    for (ptrdiff_t x = 0; x < width; x++) {
        sum[x] = above[x] + 2 * here[x] + below[x];
        difference[x] = below[x] - above[x];
    }
    sum[-1] = sum[0];
    sum[width] = sum[width - 1];
    difference[-1] = difference[0];
    difference[width] = difference[width - 1];
    for (ptrdiff_t x = 0; x < width; x++) {
        const int32_t gx = sum[x + 1] - sum[x - 1];
        const int32_t gy = difference[x - 1] + 2 * difference[x] + difference[x + 1];
        const int32_t ax = gx < 0 ? -gx : gx, ay = gy < 0 ? -gy : gy;
        const int32_t slope = (int32_t)(((uint32_t)ax * 13573u + 32767u) >> 15);
#ifdef NORM_L1
        sizes[x] = ax + ay;
#else
        sizes[x] = (SIZE)gx * (SIZE)gx + (SIZE)gy * (SIZE)gy;
#endif
        int32_t sector = (gx ^ gy) < 0 ? RISING : FALLING;
        sector = ay >= 2 * ax + slope ? DOWN : sector;
        sectors[x] = ay < slope ? ACROSS : sector;
    }
}

// Candidates of a row from its sizes and those above and below, readable from -1 to width; and
// which of them are strong.
static INLINE void NAME(classify_row_u16)(const SIZE *above, const SIZE *here, const SIZE *below,
                                          const SIZE *sectors, ptrdiff_t width, SIZE low, SIZE high,
                                          uint8_t *restrict candidates, uint8_t *restrict strong) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const SIZE sector = sectors[x], size = here[x];
        SIZE before = here[x - 1], after = here[x + 1];
        before = sector == DOWN ? above[x] : before;
        after = sector == DOWN ? below[x] : after;
        before = sector == FALLING ? above[x - 1] : before;
        after = sector == FALLING ? below[x + 1] : after;
        before = sector == RISING ? above[x + 1] : before;
        after = sector == RISING ? below[x - 1] : after;
        after = sector < FALLING && size == after ? after - 1 : after; // they are whole numbers
        SIZE most = before > after ? before : after;
        most = most > low ? most : low;
        candidates[x] = size > most;
        most = most > high ? most : high;
        strong[x] = size > most;
    }
}

// The scratch: a ring of three rows of sizes, one of two rows of sectors, and column sums.
static INLINE SIZE *NAME(line_of)(const ppx_job *job, void *scratch, ptrdiff_t line) {
    return (SIZE *)((double *)scratch + (size_t)line * line_length(job)) + MARGIN;
}

static INLINE SIZE *NAME(sizes_of)(const ppx_job *job, void *scratch, ptrdiff_t y) {
    return NAME(line_of)(job, scratch, (y + 3) % 3);
}

static INLINE SIZE *NAME(sectors_of)(const ppx_job *job, void *scratch, ptrdiff_t y) {
    return NAME(line_of)(job, scratch, 3 + y % 2);
}

// Sizes of row y, which is in[0]; 0 beyond the image.
static void NAME(enter_row_u16)(const ppx_job *job, void *scratch, ptrdiff_t y,
                                const void *const *in) {
    SIZE *sizes = NAME(sizes_of)(job, scratch, y);
    const ptrdiff_t width = job->in.width;
    sizes[-1] = sizes[width] = 0;
    if (y < 0 || y >= job->in.height) {
        memset(sizes, 0, (size_t)width * sizeof *sizes);
        return;
    }
    const uint16_t *const rows[3] = {in[-1], in[0], in[1]};
    int32_t *sum = (int32_t *)NAME(line_of)(job, scratch, 5);
    int32_t *difference = (int32_t *)NAME(line_of)(job, scratch, 6);
    NAME(gradients_u16)(rows, width, sum, difference, sizes, NAME(sectors_of)(job, scratch, y));
}

static void NAME(classify_u16)(const ppx_job *job, const ppx_block *block) {
    double low = job->values[LOW].d, high = job->values[HIGH].d;
#ifndef NORM_L1
    low *= low;
    high *= high;
#endif
    if (block->fresh) {
        NAME(enter_row_u16)(job, block->scratch, block->y - 1, block->in - 1);
        NAME(enter_row_u16)(job, block->scratch, block->y, block->in);
    }
    uint8_t *candidates = (uint8_t *)NAME(line_of)(job, block->scratch, 7);
    uint8_t *strong = (uint8_t *)NAME(line_of)(job, block->scratch, 8);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const ptrdiff_t y = block->y + k;
        NAME(enter_row_u16)(job, block->scratch, y + 1, block->in + k + 1);
        // Sizes are whole numbers: one is above a limit if it is above its whole part.
        NAME(classify_row_u16)
        (NAME(sizes_of)(job, block->scratch, y - 1), NAME(sizes_of)(job, block->scratch, y),
         NAME(sizes_of)(job, block->scratch, y + 1), NAME(sectors_of)(job, block->scratch, y),
         job->in.width, (SIZE)floor(low), (SIZE)floor(high), candidates, strong);
        uint64_t *bits = block->out[k];
        (void)pack_row_u8(candidates, job->in.width, false, bits);
        (void)pack_row_u8(strong, job->in.width, false, bits + words_of(job));
    }
}

#undef NORM_L1
#undef SIZE
#undef NAME
