// resize_weights.inc.h: the table of resize.c: which input pixels an output pixel is made of, and
// how much of each.

// Along one axis: output pixel k is made of the taps [first[k], first[k] + ntaps), which all lie in
// the image unless it has fewer pixels; weights of pixels beyond the edge have been added to the
// edge's. Weights of a pixel have the sum 1; fixed ones, in 1/2^14, exactly.
typedef struct axis {
    ptrdiff_t in, out;
    int32_t ntaps, padding;
    size_t first, weight, fixed; // places of int32_t, float, int16_t arrays in the table, in bytes
} axis;

// How a row of 16-bit sums becomes output samples (resize_fixed.inc.h).
typedef struct lanes {
    int32_t outputs; // of one vector of eight products: 4, 2 or 1; 0: no vectors fit
    int32_t nchunks; // such vectors for each group of outputs
    size_t nblocks;  // of BLOCK output samples
    size_t range, start, mask, weight; // places in the table
} lanes;

// How bytes of an input row become those of an output row (resize_nearest.inc.h).
typedef struct picks {
    int32_t nwindows,
        padding;        // vectors that each half of a block is picked from; 0: no vectors fit
    size_t nblocks;     // of BLOCK bytes of the output
    size_t start, mask; // places in the table
} picks;

typedef struct resize_table {
    axis x, y;
    lanes lanes;
    picks picks;
    size_t nbytes;
} resize_table;

static inline const void *at(const resize_table *table, size_t place) {
    return (const char *)table + place;
}

static size_t reserve(resize_table *table, size_t count, size_t nbytes) {
    size_t place = table->nbytes;
    table->nbytes += (count * nbytes + 63) / 64 * 64;
    return place;
}

// ---- Filters: of the distance in pixels, or in output pixels when they are widened ----

static double cubic(double x) { // Keys, Cubic convolution interpolation (1981), with a = -3/4
    const double a = -0.75;
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static double lanczos3(double x) { // Duchon, Lanczos filtering in one and two dimensions (1979)
    const double pi = 3.14159265358979323846;
    if (fabs(x) >= 3)
        return 0;
    return x == 0 ? 1 : sin(pi * x) * sin(pi * x / 3) * 3 / (pi * pi * x * x);
}

static double filter_at(int filter, double x) {
    switch (filter) {
    case BICUBIC:
        return cubic(x);
    case LANCZOS3:
        return lanczos3(x);
    default:
        return fabs(x) < 1 ? 1 - fabs(x) : 0;
    }
}

static int filter_reach(int filter) {
    return filter == BICUBIC ? 2 : filter == LANCZOS3 ? 3 : 1;
}

// ---- Taps ----

typedef struct taps {
    ptrdiff_t first; // may lie outside of the image
    double centre;   // seen from the first
    double wide;     // input pixels in one unit of the filter
} taps;

static ptrdiff_t floor_div(ptrdiff_t a, ptrdiff_t b) {
    return a / b - (a % b < 0);
}

// Positions are quotients of integers, so that no error grows along the axis.
static taps taps_of(const axis *a, int filter, bool widen, ptrdiff_t k) {
    ptrdiff_t den = 2 * a->out, num = (2 * k + 1) * a->in - a->out; // the centre is num / den
    ptrdiff_t whole = floor_div(num, den);
    taps t = {.wide = 1};
    if (filter == NEAREST) {
        t.first = (2 * k + 1) * a->in / den;
    } else if (filter == AREA) {
        t.first = k * a->in / a->out;
    } else if (widen) {
        t.wide = (double)a->in / (double)a->out;
        t.first = whole - (a->ntaps - 1) / 2;
    } else {
        t.first = whole - filter_reach(filter) + 1;
    }
    t.centre = (double)(num - t.first * den) / (double)den;
    return t;
}

// Not yet divided by their sum.
static double tap_weight(const axis *a, int filter, const taps *t, ptrdiff_t k, int tap) {
    if (filter == NEAREST)
        return 1;
    if (filter != AREA)
        return filter_at(filter, (tap - t->centre) / t->wide);
    // What the output pixel covers of the input pixel, in 1/out of it.
    ptrdiff_t left = (t->first + tap) * a->out, right = left + a->out;
    left = left > k * a->in ? left : k * a->in;
    right = right < (k + 1) * a->in ? right : (k + 1) * a->in;
    return right > left ? (double)(right - left) : 0;
}

static int32_t count_taps(const axis *a, int filter, bool widen) {
    if (filter == NEAREST)
        return 1;
    if (filter == AREA)
        return (int32_t)((a->in + a->out - 1) / a->out + (a->in % a->out != 0));
    int reach = filter_reach(filter);
    if (!widen)
        return 2 * reach;
    return (int32_t)(2 * ((reach * a->in + a->out - 1) / a->out) + 1);
}

static inline ptrdiff_t lesser(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static inline ptrdiff_t greater(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

static ptrdiff_t clamp(ptrdiff_t value, ptrdiff_t least, ptrdiff_t most) {
    return value < least ? least : value > most ? most : value;
}

static void build_pixel(resize_table *table, const axis *a, int filter, bool widen, ptrdiff_t k) {
    int32_t *first = (int32_t *)((char *)table + a->first) + k;
    float *weight = (float *)((char *)table + a->weight) + k * a->ntaps;
    int16_t *fixed = (int16_t *)((char *)table + a->fixed) + k * a->ntaps;
    taps t = taps_of(a, filter, widen, k);
    *first = (int32_t)clamp(t.first, 0, a->in > a->ntaps ? a->in - a->ntaps : 0);
    double sum = 0;
    for (int tap = 0; tap < a->ntaps; tap++) {
        double w = tap_weight(a, filter, &t, k, tap);
        weight[clamp(t.first + tap, 0, a->in - 1) - *first] += (float)w;
        sum += w;
    }
    for (int tap = 0; tap < a->ntaps; tap++)
        weight[tap] = (float)(weight[tap] / sum);
    int largest = 0, left = FIXED_ONE;
    for (int tap = 0; tap < a->ntaps; tap++) {
        fixed[tap] = (int16_t)floorf(weight[tap] * FIXED_ONE + 0.5f);
        left -= fixed[tap];
        largest = weight[tap] > weight[largest] ? tap : largest;
    }
    fixed[largest] = (int16_t)(fixed[largest] + left);
}

// ---- Lanes ----

// The vectors of a block are in the order in which AVX2 packs them: vector g has its lower half
// from output sample 4 g on and its upper half from 16 + 4 g on.
typedef struct place {
    ptrdiff_t vector; // of all vectors
    int element;      // the first of the output's products there
} place;

static place place_of(int outputs, ptrdiff_t sample) {
    int in_block = (int)(sample % BLOCK), in_half = in_block % 16;
    ptrdiff_t group = sample / BLOCK * 4 + in_half / 4;
    int within = in_half % 4;
    return (place){group * (4 / outputs) + within / outputs,
                   8 * (in_block / 16) + within % outputs * (8 / outputs)};
}

// The first input sample of an output sample; those that fill the last block repeat the last one.
static ptrdiff_t first_sample(const resize_table *table, int channels, ptrdiff_t sample) {
    const int32_t *first = at(table, table->x.first);
    ptrdiff_t most = table->x.out * channels - 1;
    sample = sample < most ? sample : most;
    return first[sample / channels] * (ptrdiff_t)channels + sample % channels;
}

// Whether the products of a group of `outputs` samples always come from eight samples in a row.
static bool lanes_fit(const resize_table *table, int channels, int outputs) {
    ptrdiff_t nsamples = table->x.out * channels, last = (8 / outputs - 1) * (ptrdiff_t)channels;
    if (outputs == 1)
        return channels == 1;
    for (ptrdiff_t s = 0; s < nsamples; s += outputs) {
        ptrdiff_t low = first_sample(table, channels, s), high = low;
        for (int k = 1; k < outputs; k++) {
            ptrdiff_t other = first_sample(table, channels, s + k);
            low = other < low ? other : low;
            high = other > high ? other : high;
        }
        if (high + last - low > 7)
            return false;
    }
    return true;
}

static void build_lane(resize_table *table, int channels, ptrdiff_t sample) {
    const lanes *l = &table->lanes;
    int per = l->outputs, ntaps = 8 / per; // of a chunk
    place p = place_of(per, sample);
    int half = p.element / 8;
    int32_t *start = (int32_t *)((char *)table + l->start) + 2 * p.vector + half;
    int8_t *mask = (int8_t *)((char *)table + l->mask) + 32 * p.vector + 2 * p.element;
    int16_t *weight = (int16_t *)((char *)table + l->weight) + 16 * p.vector * l->nchunks;
    const int16_t *fixed = (const int16_t *)at(table, table->x.fixed);
    ptrdiff_t from = sample / per * per, low = first_sample(table, channels, from);
    for (int k = 1; k < per; k++) {
        ptrdiff_t other = first_sample(table, channels, from + k);
        low = other < low ? other : low;
    }
    *start = (int32_t)low;
    ptrdiff_t offset = first_sample(table, channels, sample) - low;
    for (int t = 0; t < ntaps; t++) {
        mask[2 * t] = (int8_t)(2 * (offset + t * channels));
        mask[2 * t + 1] = (int8_t)(mask[2 * t] + 1);
    }
    if (sample >= table->x.out * channels)
        return;
    fixed += sample / channels * table->x.ntaps;
    for (int t = 0; t < table->x.ntaps; t++)
        weight[16 * (t / ntaps) + p.element + t % ntaps] = fixed[t];
}

// The input samples that each block of output samples reads: first and end.
static void build_range(resize_table *table, int channels, size_t block) {
    int32_t *range = (int32_t *)((char *)table + table->lanes.range) + 2 * block;
    ptrdiff_t reach = (table->x.ntaps - 1) * (ptrdiff_t)channels + 1, in = table->x.in * channels;
    range[0] = INT32_MAX;
    for (ptrdiff_t s = (ptrdiff_t)block * BLOCK; s < ((ptrdiff_t)block + 1) * BLOCK; s++) {
        ptrdiff_t first = first_sample(table, channels, s);
        ptrdiff_t end = first + reach < in ? first + reach : in;
        range[0] = first < range[0] ? (int32_t)first : range[0];
        range[1] = end > range[1] ? (int32_t)end : range[1];
    }
}

// ---- Picks ----

// The place in an input row of a byte of an output row.
static ptrdiff_t source_byte(const resize_table *table, ptrdiff_t pixel, ptrdiff_t byte) {
    const int32_t *first = at(table, table->x.first);
    return first[byte / pixel] * pixel + byte % pixel;
}

// Where the windows of a half of a block begin; whether its bytes lie in them.
static bool build_half(resize_table *table, ptrdiff_t pixel, ptrdiff_t half, int nwindows) {
    const picks *p = &table->picks;
    const ptrdiff_t in = table->x.in * pixel, out = table->x.out * pixel;
    const ptrdiff_t block = half / 2 * BLOCK, to = lesser(block, out - BLOCK) + half % 2 * 16;
    ptrdiff_t low = in - nwindows * 16, high = 0;
    for (ptrdiff_t k = 0; k < 16; k++) {
        low = lesser(low, source_byte(table, pixel, to + k));
        high = greater(high, source_byte(table, pixel, to + k));
    }
    int8_t *mask = (int8_t *)((char *)table + p->mask) + 16 * nwindows * half;
    ((int32_t *)((char *)table + p->start))[half] = (int32_t)low;
    for (ptrdiff_t k = 0; k < 16; k++)
        for (int w = 0; w < nwindows; w++) {
            ptrdiff_t within = source_byte(table, pixel, to + k) - low - 16 * w;
            mask[16 * w + k] = (int8_t)(within >= 0 && within < 16 ? within : -1);
        }
    return high - low < nwindows * 16;
}

static void build_picks(resize_table *table, ptrdiff_t pixel) {
    picks *p = &table->picks;
    const ptrdiff_t least = lesser(table->x.in, table->x.out) * pixel;
    for (int n = 1; n <= 2 && !p->nwindows && least >= BLOCK; n++) {
        bool fits = true;
        for (size_t half = 0; fits && half < 2 * p->nblocks; half++)
            fits = build_half(table, pixel, (ptrdiff_t)half, n);
        p->nwindows = fits ? n : 0;
    }
}
