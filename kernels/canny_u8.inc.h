// canny_u8.inc.h: from u8 pixels to candidates, a vector of pixels at a time in 16 bits each.
//
// Gradients of a row are found for all pixels, in a few instructions. Where none of the 64 pixels
// of a word exceeds the lower threshold nothing more is done; |gx| + |gy| is never below the other
// norm and decides that for both. Squares of sizes fill 32 bits and are made for the neighbours
// that were chosen only.
typedef int16_t shorts __attribute__((vector_size(LANES_NBYTES)));
typedef int16_t shorts_anywhere __attribute__((vector_size(LANES_NBYTES), aligned(2)));

static INLINE shorts load(const int16_t *at) {
    return *(const shorts_anywhere *)at;
}

static INLINE shorts choose(shorts mask, shorts a, shorts b) {
    return (mask & a) | (~mask & b);
}

// Masks of the pixels of a word as its bits: groups[k] has those from LANES * k on.
static INLINE uint64_t bits_of_masks(const shorts *groups) {
    uint64_t word = 0;
#ifdef __AVX2__
    for (int k = 0; k < 64 / LANES; k += 2) {
        __m256i both = _mm256_packs_epi16((__m256i)groups[k], (__m256i)groups[k + 1]);
        both = _mm256_permute4x64_epi64(both, 0xd8); // in the order of pixels
        word |= (uint64_t)(uint32_t)_mm256_movemask_epi8(both) << LANES * k;
    }
#else
    for (int k = 0; k < 64; k++)
        word |= (uint64_t)(groups[k / LANES][k % LANES] != 0) << k;
#endif
    return word;
}

static INLINE bool any_of(shorts mask) {
#ifdef __AVX2__
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
    uint64_t words[2];
    memcpy(words, &mask, sizeof words);
    return words[0] | words[1];
#endif
}

// The gradients of a row: both components, and |gx| + |gy|; 0 beyond the image.
typedef struct gradient_row {
    int16_t *x, *y, *size;
} gradient_row;

// Which neighbours a pixel is compared with, as masks.
typedef struct sectors {
    shorts across, down, rising;
} sector_masks;

static INLINE sector_masks sectors_of(shorts gx, shorts gy) {
    const shorts ax = (shorts)lanes_absolute((lanes)gx), ay = (shorts)lanes_absolute((lanes)gy);
    // tan 22.5 degrees times ax, rounded up: it is never a whole number before, but for 0.
    const shorts slope = (shorts)lanes_mul_high((lanes)ax, lanes_all(27146)) - (ax > 0);
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

// Masks of candidates, and of sizes above the upper threshold.
typedef struct classes {
    shorts candidate, high;
} classes;

static INLINE classes classes_l1(const gradient_row rows[3], ptrdiff_t x,
                                 const class_limits *limits) {
    const shorts size = load(rows[1].size + x);
    const sector_masks s = sectors_of(load(rows[1].x + x), load(rows[1].y + x));
    const shorts before = neighbour_of(&s, rows[1].size + x, rows[0].size + x, -1);
    const shorts after = neighbour_of(&s, rows[1].size + x, rows[2].size + x, 1);
    // Equal ones after it do not unseat it, but for those at corners.
    const shorts tie = s.across | s.down;
    return (classes){(size > limits->low) & (size > before) & (size > after + tie),
                     size > limits->high};
}

static INLINE wide_pair squares_of(shorts gx, shorts gy) {
    const lanes_zipped both = lanes_zip((lanes)gx, (lanes)gy);
    return lanes_dot(both, both);
}

static INLINE wide_pair neighbour_squares(const sector_masks *s, const gradient_row *beside,
                                          const gradient_row *beyond, ptrdiff_t x, int step) {
    return squares_of(neighbour_of(s, beside->x + x, beyond->x + x, step),
                      neighbour_of(s, beside->y + x, beyond->y + x, step));
}

static INLINE classes classes_l2(const gradient_row rows[3], ptrdiff_t x,
                                 const class_limits *limits) {
    const shorts gx = load(rows[1].x + x), gy = load(rows[1].y + x);
    const sector_masks s = sectors_of(gx, gy);
    const wide_pair size = squares_of(gx, gy);
    const wide_pair before = neighbour_squares(&s, &rows[1], &rows[0], x, -1);
    const wide_pair after = neighbour_squares(&s, &rows[1], &rows[2], x, 1);
    const wides low = wides_all(limits->low_square), high = wides_all(limits->high_square);
    const wide_pair above = {size.low > low, size.high > low};
    const wide_pair first = {size.low > before.low, size.high > before.high};
    const wide_pair last = {size.low >= after.low, size.high >= after.high};
    const wide_pair equal = {size.low == after.low, size.high == after.high};
    const wide_pair wins = {above.low & first.low & last.low, above.high & first.high & last.high};
    const shorts tie = s.across | s.down | ~(shorts)lanes_pack(equal);
    return (classes){(shorts)lanes_pack(wins) & tie,
                     (shorts)lanes_pack((wide_pair){size.low > high, size.high > high})};
}

static INLINE void classify_row_u8(const gradient_row rows[3], size_t nwords,
                                   const class_limits *limits, bool l1, uint64_t *candidates,
                                   uint64_t *strong) {
    enum { NGROUPS = 64 / LANES };
    for (size_t w = 0; w < nwords; w++) {
        const ptrdiff_t x = 64 * (ptrdiff_t)w;
        shorts candidate[NGROUPS], high[NGROUPS], any = {0};
        for (int k = 0; k < NGROUPS; k++)
            any |= load(rows[1].size + x + k * LANES) > limits->low;
        candidates[w] = strong[w] = 0;
        if (!any_of(any))
            continue;
        for (int k = 0; k < NGROUPS; k++) {
            const classes c = l1 ? classes_l1(rows, x + k * LANES, limits)
                                 : classes_l2(rows, x + k * LANES, limits);
            candidate[k] = c.candidate;
            high[k] = c.candidate & c.high;
        }
        candidates[w] = bits_of_masks(candidate);
        strong[w] = bits_of_masks(high);
    }
}

// ---- Tiles --------------------------------------------------------------------------------------

// A tile of columns goes down the block by itself, so that its rows of gradients stay in the L1
// cache; on both sides it makes one column more, which the next tile makes again.
enum { TILE = 1024, TILE_LENGTH = TILE + 3 * MARGIN, TILE_LINES = 9 };

typedef struct canny_tile {
    ptrdiff_t x0, n;  // pixels [x0, x0 + n)
    int16_t *rows;    // a ring of three rows of gradients
    int16_t *columns; // weighted sums and differences down the columns of a row
} canny_tile;

static INLINE canny_tile tile_of(const ppx_job *job, void *scratch, ptrdiff_t x0) {
    const ptrdiff_t left = job->in.width - x0;
    int16_t *at = (int16_t *)scratch + MARGIN;
    return (canny_tile){x0, left < TILE ? left : TILE,
                        at + (2 + x0 / TILE * TILE_LINES) * TILE_LENGTH, at};
}

static size_t tiles_nbytes(const ppx_job *job) {
    const size_t ntiles = ((size_t)job->in.width + TILE - 1) / TILE;
    return ((2 + ntiles * TILE_LINES) * TILE_LENGTH + MARGIN) * sizeof(int16_t);
}

static INLINE gradient_row gradient_row_of(const canny_tile *tile, ptrdiff_t y) {
    int16_t *at = tile->rows + (y + 3) % 3 * 3 * TILE_LENGTH;
    return (gradient_row){at, at + TILE_LENGTH, at + 2 * TILE_LENGTH};
}

// Columns are summed first: each serves three pixels.
static INLINE void sum_columns(const uint8_t *above, const uint8_t *here, const uint8_t *below,
                               ptrdiff_t n, int16_t *restrict sum, int16_t *restrict difference) {
    for (ptrdiff_t x = 0; x < n; x++) {
        sum[x] = (int16_t)(above[x] + here[x] + here[x] + below[x]);
        difference[x] = (int16_t)(below[x] - above[x]);
    }
}

static INLINE void take_gradients(const int16_t *sum, const int16_t *difference, ptrdiff_t n,
                                  int16_t *restrict gx, int16_t *restrict gy,
                                  int16_t *restrict size) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const int16_t h = (int16_t)(sum[x + 1] - sum[x - 1]);
        const int16_t v =
            (int16_t)(difference[x - 1] + difference[x] + difference[x] + difference[x + 1]);
        gx[x] = h;
        gy[x] = v;
        size[x] = (int16_t)((h < 0 ? -h : h) + (v < 0 ? -v : v));
    }
}

// Gradients of row y, which is in[0]; 0 beyond the image.
static void enter_row_u8(const ppx_job *job, const canny_tile *tile, ptrdiff_t y,
                         const void *const *in) {
    const gradient_row row = gradient_row_of(tile, y);
    int16_t *const lines[3] = {row.x, row.y, row.size};
    if (y < 0 || y >= job->in.height) {
        memset(row.x - 1, 0, 3 * TILE_LENGTH * sizeof *row.x); // up to the margin of what follows
        return;
    }
    const bool first = tile->x0 == 0, last = tile->x0 + tile->n == job->in.width;
    const ptrdiff_t left = first ? 0 : 2, rest = job->in.width - tile->x0;
    const ptrdiff_t right = rest < tile->n + 2 ? rest : tile->n + 2; // columns [-left, right)
    const uint8_t *rows[3];
    for (int k = 0; k < 3; k++)
        rows[k] = (const uint8_t *)in[k - 1] + tile->x0 - left;
    int16_t *sum = tile->columns, *difference = sum + TILE_LENGTH;
    sum_columns(rows[0], rows[1], rows[2], left + right, sum - left, difference - left);
    if (first) {
        sum[-1] = sum[0];
        difference[-1] = difference[0];
    }
    if (right == rest) {
        sum[right] = sum[right - 1];
        difference[right] = difference[right - 1];
    }
    const ptrdiff_t from = first ? 0 : -1, to = tile->n + (last ? 0 : 1);
    take_gradients(sum + from, difference + from, to - from, row.x + from, row.y + from,
                   row.size + from);
    for (int k = 0; k < 3; k++) {
        if (first)
            lines[k][-1] = 0;
        if (last)
            memset(lines[k] + to, 0, (size_t)(TILE_LENGTH - MARGIN - to) * sizeof *lines[k]);
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
    for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += TILE) {
        const canny_tile tile = tile_of(job, block->scratch, x0);
        if (block->fresh) {
            enter_row_u8(job, &tile, block->y - 1, block->in - 1);
            enter_row_u8(job, &tile, block->y, block->in);
        }
        for (ptrdiff_t k = 0; k < block->nrows; k++) {
            uint64_t *bits = (uint64_t *)block->out[k] + x0 / 64;
            gradient_row rows[3];
            enter_row_u8(job, &tile, block->y + k + 1, block->in + k + 1);
            for (int dy = -1; dy <= 1; dy++)
                rows[dy + 1] = gradient_row_of(&tile, block->y + k + dy);
            classify_row_u8(rows, ((size_t)tile.n + 63) / 64, &limits, l1, bits,
                            bits + words_of(job));
        }
    }
}
