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
    int32_t outputs;            // of one vector of eight products: 4, 2 or 1; 0: no vectors fit
    int32_t nchunks;            // such vectors for each group of outputs
    size_t nblocks;             // of BLOCK output samples
    size_t start, mask, weight; // places in the table
} lanes;

// How bytes of an input row become sums of two taps (resize_linear.inc.h).
typedef struct couples {
    int32_t fit, padding;
    size_t nblocks;             // of BLOCK output samples
    size_t start, mask, weight; // places in the table; weights of the second taps in -1/2^15
} couples;

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
    couples couples;
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
