// box_sums.inc.h: running sums over rectangles for one pixel type, included by box_sums.h and by
// who needs other sums. Defined by the includer: PIXEL, COLUMN (the type of a column's sum), NAME;
// SUM_IS_DOUBLE where row sums do not fit 32 bits, COLUMN_IS_DOUBLE where column sums do not;
// VALUE, what of a sample is added up (by default itself).
//
// Whole numbers may be added in any order. Sums of floats round: they are added in groups of four
// pixels (gray) or pixel by pixel, counted from the left edge, at every instruction-set level.
#ifdef SUM_IS_DOUBLE
#define SUM double
#else
#define SUM uint32_t
#endif
#ifndef VALUE
#define VALUE(sample) (sample)
#endif

static inline void NAME(start_columns)(COLUMN *restrict sums, const void *const *rows, ptrdiff_t ry,
                                       ptrdiff_t n) {
    memset(sums, 0, (size_t)n * sizeof *sums);
    for (ptrdiff_t dy = -ry; dy <= ry; dy++) {
        const PIXEL *restrict row = rows[dy];
        for (ptrdiff_t k = 0; k < n; k++)
            sums[k] = (COLUMN)(sums[k] + VALUE((COLUMN)row[k]));
    }
}

// From the row above to this one.
static inline void NAME(move_columns)(COLUMN *restrict sums, const PIXEL *enters,
                                      const PIXEL *leaves, ptrdiff_t n) {
    for (ptrdiff_t k = 0; k < n; k++)
        sums[k] = (COLUMN)(sums[k] + (VALUE((COLUMN)enters[k]) - VALUE((COLUMN)leaves[k])));
}

// The sums of the columns of one output row, and beyond both edges those that the border rule
// gives. `line` is where the row above has left them, unless a sum starts here.
static inline void NAME(columns)(const box_frame *f, const void *const *in, bool start,
                                 COLUMN *line) {
    // A sample of 8 bytes is extended as two of 4. Beyond a constant border the sum is 0.
    static const ppx_type types[] = {[2] = PPX_U16, [4] = PPX_U32, [8] = PPX_U32};
    const int words = f->step * (sizeof *line == 8 ? 2 : 1);
    const ptrdiff_t n = f->width * f->step;
    if (start)
        NAME(start_columns)(line, in, f->ry, n);
    else
        NAME(move_columns)(line, in[f->ry], in[-f->ry - 1], n);
    ppx_row_extend(line, f->width, words, types[sizeof *line], f->rx + 1, f->border, 0);
}

// What the row sums of the next pixels start from: a window that ends one pixel to the left.
static inline void NAME(start_row)(const box_frame *f, const COLUMN *line, SUM before[4]) {
    for (ptrdiff_t c = 0; c < f->step; c++) {
        before[c] = 0;
        for (ptrdiff_t dx = -f->rx - 1; dx < f->rx; dx++)
            before[c] += line[dx * f->step + c];
    }
    for (ptrdiff_t c = f->step; c < 4; c++)
        before[c] = 0;
}

typedef SUM NAME(lanes) __attribute__((vector_size(4 * sizeof(SUM))));
typedef COLUMN NAME(few) __attribute__((vector_size(4 * sizeof(COLUMN))));

// Four columns that enter less four that leave.
static inline void NAME(differences)(const COLUMN *enters, const COLUMN *leaves,
                                     NAME(lanes) * result) {
    NAME(few) a, b;
    memcpy(&a, enters, sizeof a);
    memcpy(&b, leaves, sizeof b);
#ifdef COLUMN_IS_DOUBLE
    *result = a - b;
#elif defined SUM_IS_DOUBLE
    typedef int32_t whole __attribute__((vector_size(16)));
    *result = __builtin_convertvector((whole)(a - b), NAME(lanes)); // columns are below 2^31
#else
    *result = __builtin_convertvector(a, NAME(lanes)) - __builtin_convertvector(b, NAME(lanes));
#endif
}

// The channels of a pixel are the lanes of a vector; step is a constant where this is called. Three
// sums more than asked for may be written.
static inline void NAME(sum_pixels)(const COLUMN *enters, const COLUMN *leaves, ptrdiff_t n,
                                    ptrdiff_t step, SUM before[4], SUM *restrict out) {
    NAME(lanes) sum;
    memcpy(&sum, before, sizeof sum);
    for (ptrdiff_t k = 0; k < n * step; k += step) {
        NAME(lanes) change;
        NAME(differences)(enters + k, leaves + k, &change);
        sum += change;
        memcpy(out + k, &sum, sizeof sum);
    }
    memcpy(before, &sum, sizeof sum);
}

static inline void NAME(sum_gray)(const COLUMN *enters, const COLUMN *leaves, ptrdiff_t n,
                                  SUM before[4], SUM *restrict out) {
#ifdef SUM_IS_DOUBLE
    const NAME(lanes) none = {0};
    NAME(lanes) last = none + before[0];
    for (ptrdiff_t x = 0; x < n; x += 4) {
        NAME(lanes) sum;
        NAME(differences)(enters + x, leaves + x, &sum);
        sum += __builtin_shufflevector(none, sum, 0, 4, 5, 6);
        sum += __builtin_shufflevector(none, sum, 0, 1, 4, 5);
        NAME(lanes) all = __builtin_shufflevector(sum, sum, 3, 3, 3, 3);
        sum += last;
        last += all;
        memcpy(out + x, &sum, sizeof sum);
    }
    before[0] = last[0];
#else
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = (SUM)enters[x] - (SUM)leaves[x];
    before[0] = box_scan(out, n, before[0]);
#endif
}

// Row sums of pixels [x, x + n); x is a multiple of 4.
static inline void NAME(sums)(const box_frame *f, const COLUMN *line, ptrdiff_t x, ptrdiff_t n,
                              SUM before[4], SUM *out) {
    const COLUMN *leaves = line + (x - f->rx - 1) * f->step, *enters = line + (x + f->rx) * f->step;
    switch (f->step) {
    case 1:
        NAME(sum_gray)(enters, leaves, n, before, out);
        break;
    case 2:
        NAME(sum_pixels)(enters, leaves, n, 2, before, out);
        break;
    case 3:
        NAME(sum_pixels)(enters, leaves, n, 3, before, out);
        break;
    default:
        NAME(sum_pixels)(enters, leaves, n, 4, before, out);
        break;
    }
}

#undef PIXEL
#undef COLUMN
#undef COLUMN_IS_DOUBLE
#undef SUM
#undef SUM_IS_DOUBLE
#undef VALUE
#undef NAME
