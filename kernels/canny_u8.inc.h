// canny_u8.inc.h: from u8 pixels to candidates, a vector of pixels at a time in 16 bits each.
//
// Gradients of a row are found for all pixels, in a few instructions. Where none of a vector
// exceeds the lower threshold nothing more is done; |gx| + |gy| is never below the other norm and
// decides that for both. Squares of sizes fill 32 bits and are made for the neighbours that were
// chosen only.
#ifdef __AVX2__
#include <immintrin.h>
enum { GROUP_NBYTES = 32 };
#else
enum { GROUP_NBYTES = 16 };
#endif
enum { GROUP = GROUP_NBYTES / 2 }; // pixels
typedef int16_t shorts __attribute__((vector_size(GROUP_NBYTES)));
typedef int16_t shorts_anywhere __attribute__((vector_size(GROUP_NBYTES), aligned(2)));
typedef int32_t ints __attribute__((vector_size(GROUP_NBYTES)));
typedef uint64_t words __attribute__((vector_size(GROUP_NBYTES)));
typedef uint8_t bytes __attribute__((vector_size(GROUP)));

static INLINE shorts load(const int16_t *at) {
    return *(const shorts_anywhere *)at;
}

static INLINE shorts choose(shorts mask, shorts a, shorts b) {
    return (mask & a) | (~mask & b);
}

static INLINE shorts absolute(shorts a) {
    return choose(a < 0, -a, a);
}

#ifdef __AVX2__
static INLINE bool any_of(shorts mask) {
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
}

// tan 22.5 degrees times a size, rounded down.
static INLINE shorts slopes_of(shorts size) {
    return (shorts)_mm256_mulhi_epi16((__m256i)(size + size), _mm256_set1_epi16(13573));
}

// Squares of (x, y), of which masks are made that are packed again: in what order, only they know.
static INLINE void square(shorts x, shorts y, ints squares[2]) {
    const __m256i low = _mm256_unpacklo_epi16((__m256i)x, (__m256i)y);
    const __m256i high = _mm256_unpackhi_epi16((__m256i)x, (__m256i)y);
    squares[0] = (ints)_mm256_madd_epi16(low, low);
    squares[1] = (ints)_mm256_madd_epi16(high, high);
}

static INLINE shorts pack_masks(const ints masks[2]) {
    return (shorts)_mm256_packs_epi32((__m256i)masks[0], (__m256i)masks[1]);
}
#else
static INLINE bool any_of(shorts mask) {
    const words both = (words)mask;
    return both[0] | both[1];
}

static INLINE shorts slopes_of(shorts size) {
    for (int k = 0; k < GROUP; k++)
        size[k] = (int16_t)(size[k] * 27146 >> 16);
    return size;
}

static INLINE void square(shorts x, shorts y, ints squares[2]) {
    for (int k = 0; k < GROUP; k++)
        squares[2 * k / GROUP][k % (GROUP / 2)] = x[k] * x[k] + y[k] * y[k];
}

static INLINE shorts pack_masks(const ints masks[2]) {
    shorts packed;
    for (int k = 0; k < GROUP; k++)
        packed[k] = (int16_t)masks[2 * k / GROUP][k % (GROUP / 2)];
    return packed;
}
#endif

// The gradients of a row: both components, and |gx| + |gy|; 0 beyond the image.
typedef struct gradient_row {
    int16_t *x, *y, *size;
} gradient_row;

// Which neighbours a pixel is compared with, as masks.
typedef struct sectors {
    shorts across, down, rising;
} sector_masks;

static INLINE sector_masks sectors_of(shorts gx, shorts gy) {
    const shorts ax = absolute(gx), ay = absolute(gy);
    const shorts slope = slopes_of(ax) - (ax > 0); // up: it is never a whole number before
    // tan 67.5 degrees is 2 + tan 22.5 degrees.
    return (sector_masks){ay < slope, ay >= ax + ax + slope, (gx ^ gy) < 0};
}

// A value of the neighbour on one side, `step` being -1, or on the other.
static INLINE shorts neighbour_of(const sector_masks *s, const int16_t *beside,
                                  const int16_t *beyond, int step) {
    const shorts falling = load(beyond + step), rising = load(beyond - step);
    return choose(s->across, load(beside + step),
                  choose(s->down, load(beyond), choose(s->rising, rising, falling)));
}

typedef struct class_limits {
    int16_t low, high; // of |gx| + |gy|
    int32_t low_square, high_square;
} class_limits;

static INLINE shorts classes_l1(const gradient_row rows[3], ptrdiff_t x, shorts size,
                                const class_limits *limits) {
    const sector_masks s = sectors_of(load(rows[1].x + x), load(rows[1].y + x));
    const shorts before = neighbour_of(&s, rows[1].size + x, rows[0].size + x, -1);
    const shorts after = neighbour_of(&s, rows[1].size + x, rows[2].size + x, 1);
    // Equal ones after it do not unseat it, but for those at corners.
    const shorts tie = s.across | s.down;
    const shorts wins = (size > limits->low) & (size > before) & (size > after + tie);
    return wins & (1 - (size > limits->high));
}

static INLINE void neighbour_squares(const sector_masks *s, const gradient_row *beside,
                                     const gradient_row *beyond, ptrdiff_t x, int step,
                                     ints squares[2]) {
    square(neighbour_of(s, beside->x + x, beyond->x + x, step),
           neighbour_of(s, beside->y + x, beyond->y + x, step), squares);
}

static INLINE shorts classes_l2(const gradient_row rows[3], ptrdiff_t x,
                                const class_limits *limits) {
    const shorts gx = load(rows[1].x + x), gy = load(rows[1].y + x);
    const sector_masks s = sectors_of(gx, gy);
    ints size[2], before[2], after[2], wins[2], equal[2], strong[2];
    square(gx, gy, size);
    neighbour_squares(&s, &rows[1], &rows[0], x, -1, before);
    neighbour_squares(&s, &rows[1], &rows[2], x, 1, after);
    for (int h = 0; h < 2; h++) {
        wins[h] = (size[h] > limits->low_square) & (size[h] > before[h]) & (size[h] >= after[h]);
        equal[h] = size[h] == after[h];
        strong[h] = size[h] > limits->high_square;
    }
    const shorts tie = s.across | s.down;
    const shorts won = pack_masks(wins) & (tie | ~pack_masks(equal));
    return won & (1 - pack_masks(strong));
}

// Writes whole groups: `out` has room for them.
static INLINE void classify_groups(const gradient_row rows[3], ptrdiff_t x0, ptrdiff_t x1,
                                   const class_limits *limits, bool l1, uint8_t *out) {
    for (ptrdiff_t x = x0; x < x1; x += GROUP, out += GROUP) {
        const shorts size = load(rows[1].size + x);
        bytes classes = {0};
        if (any_of(size > limits->low))
            classes = __builtin_convertvector(
                l1 ? classes_l1(rows, x, size, limits) : classes_l2(rows, x, limits), bytes);
        memcpy(out, &classes, sizeof classes);
    }
}

static INLINE void classify_row_u8(const gradient_row rows[3], ptrdiff_t width,
                                   const class_limits *limits, bool l1, uint8_t *out) {
    const ptrdiff_t whole = width / GROUP * GROUP;
    uint8_t last[GROUP];
    classify_groups(rows, 0, whole, limits, l1, out);
    if (whole < width) {
        classify_groups(rows, whole, width, limits, l1, last);
        memcpy(out + whole, last, (size_t)(width - whole));
    }
}

// Columns are summed first: each serves three pixels.
static INLINE void gradients_u8(const uint8_t *above, const uint8_t *here, const uint8_t *below,
                                ptrdiff_t width, int16_t *restrict sum,
                                int16_t *restrict difference, int16_t *restrict gx,
                                int16_t *restrict gy, int16_t *restrict size) {
    for (ptrdiff_t x = -1; x <= width; x++) {
        sum[x] = (int16_t)(above[x] + 2 * here[x] + below[x]);
        difference[x] = (int16_t)(below[x] - above[x]);
    }
    for (ptrdiff_t x = 0; x < width; x++) {
        const int16_t h = (int16_t)(sum[x + 1] - sum[x - 1]);
        const int16_t v = (int16_t)(difference[x - 1] + 2 * difference[x] + difference[x + 1]);
        gx[x] = h;
        gy[x] = v;
        size[x] = (int16_t)((h < 0 ? -h : h) + (v < 0 ? -v : v));
    }
}

// The scratch: a ring of three rows of gradients, and column sums.
static INLINE gradient_row gradient_row_of(const ppx_job *job, void *scratch, ptrdiff_t y) {
    const size_t length = line_length(job);
    int16_t *at = (int16_t *)scratch + MARGIN + (size_t)((y + 3) % 3) * 3 * length;
    return (gradient_row){at, at + length, at + 2 * length};
}

static void enter_row_u8(const ppx_job *job, void *scratch, ptrdiff_t y, const void *const *in) {
    const gradient_row row = gradient_row_of(job, scratch, y);
    const size_t length = line_length(job);
    int16_t *sum = (int16_t *)scratch + MARGIN + 9 * length;
    const ptrdiff_t width = job->in.width;
    if (y < 0 || y >= job->in.height) {
        memset(row.x - 1, 0, 3 * length * sizeof *row.x); // up to the margin of what follows
        return;
    }
    gradients_u8(in[-1], in[0], in[1], width, sum, sum + length, row.x, row.y, row.size);
    int16_t *const lines[3] = {row.x, row.y, row.size};
    for (int k = 0; k < 3; k++) {
        lines[k][-1] = 0;
        memset(lines[k] + width, 0, GROUP * sizeof *lines[k]);
    }
}

static INLINE void classify_u8(const ppx_job *job, const ppx_block *block, bool l1) {
    const double low = floor(job->values[LOW].d), high = floor(job->values[HIGH].d);
    const double low_square = floor(job->values[LOW].d * job->values[LOW].d);
    const double high_square = floor(job->values[HIGH].d * job->values[HIGH].d);
    const class_limits limits = {(int16_t)(low < INT16_MAX ? low : INT16_MAX),
                                 (int16_t)(high < INT16_MAX ? high : INT16_MAX),
                                 (int32_t)(low_square < INT32_MAX ? low_square : INT32_MAX),
                                 (int32_t)(high_square < INT32_MAX ? high_square : INT32_MAX)};
    if (block->fresh) {
        enter_row_u8(job, block->scratch, block->y - 1, block->in - 1);
        enter_row_u8(job, block->scratch, block->y, block->in);
    }
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        gradient_row rows[3];
        enter_row_u8(job, block->scratch, block->y + k + 1, block->in + k + 1);
        for (int dy = -1; dy <= 1; dy++)
            rows[dy + 1] = gradient_row_of(job, block->scratch, block->y + k + dy);
        classify_row_u8(rows, job->in.width, &limits, l1, block->out[k]);
    }
}
