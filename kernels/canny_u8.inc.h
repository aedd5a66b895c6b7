// canny_u8.inc.h: from u8 pixels to candidates, a vector of pixels at a time in 16 bits each.
//
// Gradients of a row are found for all pixels, in a few instructions, from weighted sums and
// differences along the rows above, here and below. Where none of a group of pixels exceeds the
// lower threshold nothing more is done; |gx| + |gy| is never below the other norm and decides that
// for both. Squares of sizes fill 32 bits and are made for the neighbours that were chosen only.
typedef int16_t shorts __attribute__((vector_size(LANES_NBYTES)));
typedef int16_t shorts_anywhere __attribute__((vector_size(LANES_NBYTES), aligned(2)));
typedef uint8_t lanes_bytes __attribute__((vector_size(LANES)));

enum { GROUP = 16, VECTORS = GROUP / LANES }; // pixels, and vectors of them

static INLINE shorts load(const int16_t *at) {
    return *(const shorts_anywhere *)at;
}

static INLINE void store(int16_t *at, shorts a) {
    *(shorts_anywhere *)at = a;
}

#ifdef __AVX2__

static INLINE shorts widen(const uint8_t *at) { // gcc makes it of halves otherwise
    return (shorts)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)at));
}

static INLINE shorts choose(shorts mask, shorts a, shorts b) {
    return (shorts)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)mask);
}

static INLINE shorts larger(shorts a, shorts b) {
    return (shorts)_mm256_max_epi16((__m256i)a, (__m256i)b);
}

static INLINE wides larger_wide(wides a, wides b) {
    return (wides)_mm256_max_epi32((__m256i)a, (__m256i)b);
}

static INLINE bool any_of(shorts mask) {
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
}

// Masks of a group as bits: those of `low`, and behind them those of `high`.
static INLINE uint32_t bits_of_masks(const shorts *low, const shorts *high) {
    __m256i both = _mm256_packs_epi16((__m256i)low[0], (__m256i)high[0]);
    both = _mm256_permute4x64_epi64(both, 0xd8); // in the order of pixels
    return (uint32_t)_mm256_movemask_epi8(both);
}

#else

static INLINE shorts widen(const uint8_t *at) {
    lanes_bytes bytes;
    memcpy(&bytes, at, sizeof bytes);
    return __builtin_convertvector(bytes, shorts);
}

static INLINE shorts choose(shorts mask, shorts a, shorts b) {
    return (mask & a) | (~mask & b);
}

static INLINE shorts larger(shorts a, shorts b) {
    return choose(a > b, a, b);
}

static INLINE wides larger_wide(wides a, wides b) {
    return wides_either(a > b, a, b);
}

static INLINE bool any_of(shorts mask) {
    uint64_t words[2];
    memcpy(words, &mask, sizeof words);
    return words[0] | words[1];
}

static INLINE uint32_t bits_of_masks(const shorts *low, const shorts *high) {
    uint32_t bits = 0;
    for (int k = 0; k < GROUP; k++) {
        bits |= (uint32_t)(low[k / LANES][k % LANES] != 0) << k;
        bits |= (uint32_t)(high[k / LANES][k % LANES] != 0) << (k + GROUP);
    }
    return bits;
}

#endif

// The gradients of a row: both components, and |gx| + |gy|; 0 beyond the image.
typedef struct gradient_row {
    int16_t *x, *y, *size;
} gradient_row;

// Which neighbours a pixel is compared with, as masks.
typedef struct sector_masks {
    shorts across, down, rising;
} sector_masks;

static INLINE sector_masks sectors_of(shorts gx, shorts gy) {
    const shorts ax = (shorts)lanes_absolute((lanes)gx), ay = (shorts)lanes_absolute((lanes)gy);
    // tan 22.5 degrees times ax, rounded up: it is never a whole number before, but for 0.
    const shorts slope = (shorts)lanes_mul_high((lanes)ax, lanes_all(27146)) - (ax > 0);
    // tan 67.5 degrees is 2 + tan 22.5 degrees.
    return (sector_masks){ay < slope, ay >= ax + ax + slope, (gx ^ gy) < 0};
}

typedef struct class_limits {
    shorts low, high; // of |gx| + |gy|
    wides low_square, high_square;
} class_limits;

// Masks of candidates, and of sizes above the upper threshold.
typedef struct classes {
    shorts candidate, high;
} classes;

// Equal neighbours after a pixel do not unseat it, but for those at corners.
static INLINE classes classes_l1(const gradient_row rows[3], ptrdiff_t x,
                                 const class_limits *limits) {
    const int16_t *above = rows[0].size + x, *here = rows[1].size + x, *below = rows[2].size + x;
    const shorts size = load(here);
    const sector_masks s = sectors_of(load(rows[1].x + x), load(rows[1].y + x));
    const shorts falling = larger(load(above - 1), load(below + 1));
    const shorts rising = larger(load(above + 1), load(below - 1));
    const shorts down = larger(load(above), load(below) - 1);
    const shorts across = larger(load(here - 1), load(here + 1) - 1);
    const shorts most =
        choose(s.across, across, choose(s.down, down, choose(s.rising, rising, falling)));
    return (classes){size > larger(most, limits->low), size > limits->high};
}

static INLINE wide_pair squares_of(shorts gx, shorts gy) {
    const lanes_zipped both = lanes_zip((lanes)gx, (lanes)gy);
    return lanes_dot(both, both);
}

// A value of the neighbour on one side, `step` being -1, or on the other.
static INLINE shorts neighbour_of(const sector_masks *s, const int16_t *beside,
                                  const int16_t *beyond, int step) {
    const shorts falling = load(beyond + step), rising = load(beyond - step);
    return choose(s->across, load(beside + step),
                  choose(s->down, load(beyond), choose(s->rising, rising, falling)));
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
    const wide_pair most = {larger_wide(before.low, after.low - 1),
                            larger_wide(before.high, after.high - 1)};
    const wides low = limits->low_square, high = limits->high_square;
    const wide_pair wins = {size.low > larger_wide(most.low, low),
                            size.high > larger_wide(most.high, low)};
    const wide_pair equal = {size.low == after.low, size.high == after.high};
    const shorts tie = s.across | s.down | ~(shorts)lanes_pack(equal);
    return (classes){(shorts)lanes_pack(wins) & tie,
                     (shorts)lanes_pack((wide_pair){size.low > high, size.high > high})};
}

// ---- Tiles --------------------------------------------------------------------------------------

// A tile of columns goes down the block by itself, so that its lines stay in the first cache; on
// both sides it makes a group more, for the column next to it.
enum { TILE = 512, TILE_LENGTH = TILE + 6 * GROUP, TILE_LINES = 13 };

// Lines of sums and differences along a row, two each; and of gradients, three each.
typedef struct canny_tile {
    ptrdiff_t x0, n; // pixels [x0, x0 + n)
    int16_t *sums, *differences, *gradients;
    uint32_t *busy; // groups of a row that exceed the lower threshold, as bits: of three rows
} canny_tile;

static size_t tile_nbytes(void) {
    return 64 + TILE_LINES * TILE_LENGTH * sizeof(int16_t);
}

static size_t tiles_nbytes(const ppx_job *job) {
    return ((size_t)job->in.width + TILE - 1) / TILE * tile_nbytes();
}

static INLINE canny_tile tile_of(const ppx_job *job, void *scratch, ptrdiff_t x0) {
    const ptrdiff_t left = job->in.width - x0;
    char *own = (char *)scratch + (size_t)(x0 / TILE) * tile_nbytes();
    int16_t *at = (int16_t *)(own + 64) + GROUP;
    return (canny_tile){x0,
                        left < TILE ? left : TILE,
                        at,
                        at + 2 * TILE_LENGTH,
                        at + 4 * TILE_LENGTH,
                        (uint32_t *)own};
}

static INLINE gradient_row gradient_row_of(const canny_tile *tile, ptrdiff_t y) {
    int16_t *at = tile->gradients + (y + 3) % 3 * 3 * TILE_LENGTH;
    return (gradient_row){at, at + TILE_LENGTH, at + 2 * TILE_LENGTH};
}

// Takes row y + 1 of the image, for gradients of row y. Its sums and differences take the places of
// those of row y - 1.
static INLINE void enter_row_u8(const ppx_job *job, const canny_tile *tile, ptrdiff_t y,
                                const uint8_t *pixels, shorts low) {
    const gradient_row row = gradient_row_of(tile, y);
    const ptrdiff_t place = (y + 3) % 2 * TILE_LENGTH;
    int16_t *sums = tile->sums + place, *differences = tile->differences + place;
    const int16_t *here = tile->differences + (TILE_LENGTH - place);
    uint64_t busy = 0, bit = 1;
    for (ptrdiff_t x = -GROUP; x <= tile->n; x += GROUP, bit *= 2) {
        shorts any = {0};
        for (ptrdiff_t k = x; k < x + GROUP; k += LANES) {
            const uint8_t *at = pixels + tile->x0 + k;
            const shorts left = widen(at - 1), middle = widen(at), right = widen(at + 1);
            const shorts sum = left + right + middle + middle, difference = right - left;
            const shorts between = load(here + k);
            const shorts gx = load(differences + k) + difference + between + between;
            const shorts gy = sum - load(sums + k);
            const shorts size = (shorts)(lanes_absolute((lanes)gx) + lanes_absolute((lanes)gy));
            store(sums + k, sum);
            store(differences + k, difference);
            store(row.x + k, gx);
            store(row.y + k, gy);
            store(row.size + k, size);
            any |= size > low;
        }
        busy |= any_of(any) ? bit : 0;
    }
    const ptrdiff_t ngroups = (tile->n + GROUP - 1) / GROUP;
    tile->busy[(y + 3) % 3] = (uint32_t)(busy >> 1 & ~(uint64_t)0 >> (64 - ngroups));
    if (y < 0 || y >= job->in.height)
        memset(row.x - GROUP, 0, 3 * TILE_LENGTH * sizeof *row.x);
    if (tile->x0 == 0)
        row.x[-1] = row.y[-1] = row.size[-1] = 0;
    if (tile->x0 + tile->n == job->in.width)
        row.x[tile->n] = row.y[tile->n] = row.size[tile->n] = 0;
}

// Candidates of row y, and those that are strong, from the gradients around it.
static INLINE void classify_row_u8(const canny_tile *tile, ptrdiff_t y, const class_limits *limits,
                                   bool l1, uint64_t *candidates, uint64_t *strong) {
    gradient_row rows[3];
    for (int dy = -1; dy <= 1; dy++)
        rows[dy + 1] = gradient_row_of(tile, y + dy);
    uint64_t found[TILE / 64] = {0}, high[TILE / 64] = {0};
    for (uint32_t busy = tile->busy[(y + 3) % 3]; busy; busy &= busy - 1) {
        const int group = __builtin_ctz(busy), shift = group % 4 * GROUP;
        shorts candidate[VECTORS], above[VECTORS];
        for (int k = 0; k < VECTORS; k++) {
            const ptrdiff_t x = (ptrdiff_t)group * GROUP + k * LANES;
            const classes c = l1 ? classes_l1(rows, x, limits) : classes_l2(rows, x, limits);
            candidate[k] = c.candidate;
            above[k] = c.high;
        }
        const uint32_t bits = bits_of_masks(candidate, above);
        found[group / 4] |= (uint64_t)(bits & UINT16_MAX) << shift;
        high[group / 4] |= (uint64_t)(bits & bits >> GROUP) << shift;
    }
    for (ptrdiff_t x = 0; x < tile->n; x += 64) {
        const uint64_t within = ~(uint64_t)0 >> (tile->n - x < 64 ? 64 - (tile->n - x) : 0);
        candidates[x / 64] = found[x / 64] & within;
        strong[x / 64] = high[x / 64] & within;
    }
}

static INLINE void classify_u8(const ppx_job *job, const ppx_block *block, bool l1) {
    const double low = floor(job->values[LOW].d), high = floor(job->values[HIGH].d);
    const double low_square = floor(job->values[LOW].d * job->values[LOW].d);
    const double high_square = floor(job->values[HIGH].d * job->values[HIGH].d);
    const class_limits limits = {
        (shorts)lanes_all((uint16_t)(low < INT16_MAX ? low : INT16_MAX)),
        (shorts)lanes_all((uint16_t)(high < INT16_MAX ? high : INT16_MAX)),
        wides_all((int32_t)(low_square < INT32_MAX ? low_square : INT32_MAX)),
        wides_all((int32_t)(high_square < INT32_MAX ? high_square : INT32_MAX))};
    if (block->fresh)
        memset(block->scratch, 0, tiles_nbytes(job));
    for (ptrdiff_t x0 = 0; x0 < job->in.width; x0 += TILE) {
        const canny_tile tile = tile_of(job, block->scratch, x0);
        for (ptrdiff_t k = block->fresh ? -4 : 0; k < block->nrows; k++) {
            const ptrdiff_t y = block->y + k;
            enter_row_u8(job, &tile, y + 1, block->in[k + 2], limits.low);
            uint64_t *bits = (uint64_t *)block->out[k < 0 ? 0 : k] + x0 / 64;
            if (k >= 0)
                classify_row_u8(&tile, y, &limits, l1, bits, bits + words_of(job));
        }
    }
}
