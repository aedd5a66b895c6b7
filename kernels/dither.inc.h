// dither.inc.h: the rows of dither.c for one pixel type: PIXEL, MOST and NAME are defined by who
// includes it.

// One row of one channel: samples are `step` apart; where it runs from right to left, step is
// negative and all pointers are to the last pixel's.
typedef struct NAME(lane) {
    const PIXEL *in;
    PIXEL *out;
    int32_t *line;
    ptrdiff_t step, last; // column, counted from where the row begins
    diffusion *carried;
} NAME(lane);

// two: of levels; said apart from the table, so that the compiler knows.
static INLINE PIXEL NAME(nearest)(const dither_table *t, int32_t value, bool two) {
    if (two)
        return value >= 8 * MOST ? MOST : 0;
    value = value < 0 ? 0 : value > 16 * MOST ? 16 * MOST : value;
    return (PIXEL)t->level[(value * t->nsteps + 8 * MOST) / (16 * MOST)];
}

// inner: neither the first nor the last of its row.
static INLINE void NAME(pixel)(const NAME(lane) * lane, const dither_table *t, diffusion *d,
                               ptrdiff_t x, ptrdiff_t step, bool two, bool inner) {
    ptrdiff_t k = x * step;
    int32_t value = 16 * lane->in[k] + lane->line[k] + d->right;
    PIXEL nearest = NAME(nearest)(t, value, two);
    lane->out[k] = nearest;
    int32_t error = value - 16 * nearest;
    // Arithmetic shifts: rounded down.
    int32_t right = error * t->right >> 4, down_left = error * t->down_left >> 4;
    int32_t down = error * t->down >> 4, down_right = error - right - down_left - down;
    down += down_right & t->last_is_down;
    down_right &= ~t->last_is_down;
    if (!inner && x == 0)
        down += down_left;
    else
        lane->line[k - step] = d->below + down_left;
    d->below = d->below_next + down;
    d->below_next = down_right;
    d->right = right;
    if (!inner && x == lane->last)
        lane->line[k] = d->below + right + down_right;
}

// Columns [from, to) of one row.
static void NAME(alone)(const NAME(lane) * lane, const dither_table *t, ptrdiff_t from,
                        ptrdiff_t to) {
    diffusion d = *lane->carried;
    for (ptrdiff_t x = from < 0 ? 0 : from; x < to && x <= lane->last; x++)
        NAME(pixel)(lane, t, &d, x, lane->step, t->nsteps == 1, false);
    *lane->carried = d;
}

// Columns [from, to) of the first lane and LAG less of each one further, none at an end of its row.
static INLINE void NAME(abreast)(const NAME(lane) * lanes, const dither_table *table,
                                 ptrdiff_t from, ptrdiff_t to, ptrdiff_t step, bool two) {
    const dither_table t = *table; // what is written could be the table, for all that is known
    NAME(lane) lane[AT_ONCE];
    diffusion d[AT_ONCE];
    for (int k = 0; k < AT_ONCE; k++) {
        lane[k] = lanes[k];
        d[k] = *lanes[k].carried;
    }
    for (ptrdiff_t x = from; x < to; x++)
        for (int k = 0; k < AT_ONCE; k++)
            NAME(pixel)(&lane[k], &t, &d[k], x - LAG * k, step, two, true);
    for (int k = 0; k < AT_ONCE; k++)
        *lanes[k].carried = d[k];
}

// Columns [from - k, to - k) of each lane k, all lanes at once where all have some.
static void NAME(together)(const NAME(lane) * lanes, const dither_table *t, ptrdiff_t from,
                           ptrdiff_t to) {
    // At t, lane k is at column t - LAG k: so far, before, and after that they go one by one.
    ptrdiff_t begin = from + AT_ONCE * LAG, end = to, last = lanes[0].last;
    begin = begin < AT_ONCE * LAG ? AT_ONCE * LAG : begin;
    end = end < last ? end : last;
    if (begin >= end) {
        for (int k = 0; k < AT_ONCE; k++)
            NAME(alone)(&lanes[k], t, from - k, to - k);
        return;
    }
    for (int k = 0; k < AT_ONCE; k++)
        NAME(alone)(&lanes[k], t, from - k, begin - LAG * k);
    if (t->nsteps == 1 && lanes[0].step == 1)
        NAME(abreast)(lanes, t, begin, end, 1, true);
    else
        NAME(abreast)(lanes, t, begin, end, lanes[0].step, t->nsteps == 1);
    for (int k = 0; k < AT_ONCE; k++)
        NAME(alone)(&lanes[k], t, end - LAG * k, to - k);
}

static void NAME(dither)(const ppx_job *job, const void *const *in, ptrdiff_t y, ptrdiff_t nrows,
                         ptrdiff_t x0, ptrdiff_t x1, int32_t *line, void *state, void *const *out) {
    const ptrdiff_t width = job->in.width;
    const int channels = job->in.channels, colours = ppx_shape_colours(job->in);
    const dither_table *t = job->table;
    bool back = job->geometry.in_order && y % 2;
    ptrdiff_t first = back ? (width - 1) * channels : 0;
    diffusion *carried = state;
    NAME(lane) lanes[PPX_STRIP];
    for (int c = 0; c < colours; c++) {
        for (ptrdiff_t k = 0; k < nrows; k++)
            lanes[k] = (NAME(lane)){.in = (const PIXEL *)in[k] + first + c,
                                    .out = (PIXEL *)out[k] + first + c,
                                    .line = line + first + c,
                                    .step = back ? -channels : channels,
                                    .last = width - 1,
                                    .carried = &carried[k * PPX_MAX_CHANNELS + c]};
        ptrdiff_t k = 0;
        for (; k + AT_ONCE <= nrows; k += AT_ONCE)
            NAME(together)(&lanes[k], t, x0 - k, x1 - k);
        for (; k < nrows; k++)
            NAME(alone)(&lanes[k], t, x0 - k, x1 - k);
    }
    for (ptrdiff_t k = 0; colours < channels && k < nrows; k++) {
        ptrdiff_t a = x0 - k < 0 ? 0 : x0 - k, b = x1 - k < width ? x1 - k : width;
        for (ptrdiff_t x = a; x < b; x++)
            ((PIXEL *)out[k])[x * channels + colours] =
                ((const PIXEL *)in[k])[x * channels + colours];
    }
}

#undef PIXEL
#undef MOST
#undef NAME
