// resize_lanes.inc.h: the table of resize.c for vectors: where each of them is read, and how its
// samples are brought to their places.

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

// ---- Couples ----

// Half h of vector v of a block makes eight samples of two taps each, from 16 h + 8 v on: packing
// then brings them into order. Whether its taps lie among 16 bytes in a row.
static bool build_couples_half(resize_table *table, int channels, ptrdiff_t half) {
    const couples *p = &table->couples;
    const ptrdiff_t from = half / 4 * BLOCK + half % 2 * 16 + half / 2 % 2 * 8;
    const ptrdiff_t last = table->x.out * channels - 1;
    const int16_t *fixed = at(table, table->x.fixed);
    ptrdiff_t low = table->x.in * channels - 16, high = 0, first[8];
    for (ptrdiff_t k = 0; k < 8; k++) {
        first[k] = first_sample(table, channels, from + k);
        low = lesser(low, first[k]);
        high = greater(high, first[k] + channels);
    }
    int8_t *mask = (int8_t *)((char *)table + p->mask) + 16 * half;
    int16_t *weight = (int16_t *)((char *)table + p->weight) + 8 * half;
    ((int32_t *)((char *)table + p->start))[half] = (int32_t)low;
    for (ptrdiff_t k = 0; k < 8; k++) {
        mask[2 * k] = (int8_t)(first[k] - low);
        mask[2 * k + 1] = (int8_t)(mask[2 * k] + channels);
        weight[k] = (int16_t)(-2 * fixed[2 * (lesser(from + k, last) / channels) + 1]);
    }
    return low >= 0 && high - low < 16;
}

static void build_couples(resize_table *table, int channels) {
    couples *p = &table->couples;
    p->fit = table->x.in * channels >= 16;
    for (ptrdiff_t half = 0; p->fit && half < (ptrdiff_t)p->nblocks * 4; half++)
        p->fit = build_couples_half(table, channels, half);
}

// ---- Picks ----

// The place in an input row of a byte of an output row.
static ptrdiff_t source_byte(const resize_table *table, ptrdiff_t pixel, ptrdiff_t byte) {
    const int32_t *first = at(table, table->x.first);
    return first[byte / pixel] * pixel + byte % pixel;
}

// Where the windows of a half of a block begin; whether its bytes lie in them.
static bool build_picks_half(resize_table *table, ptrdiff_t pixel, ptrdiff_t half, int nwindows) {
    const picks *p = &table->picks;
    const ptrdiff_t in = table->x.in * pixel, out = table->x.out * pixel;
    const ptrdiff_t block = half / 2 * BLOCK, to = lesser(block, out - BLOCK) + half % 2 * 16;
    ptrdiff_t low = in - nwindows * 16, high = 0, source[16];
    for (ptrdiff_t k = 0; k < 16; k++) {
        source[k] = source_byte(table, pixel, to + k);
        low = lesser(low, source[k]);
        high = greater(high, source[k]);
    }
    int8_t *mask = (int8_t *)((char *)table + p->mask) + 16 * nwindows * half;
    ((int32_t *)((char *)table + p->start))[half] = (int32_t)low;
    for (ptrdiff_t k = 0; k < 16; k++)
        for (int w = 0; w < nwindows; w++) {
            ptrdiff_t within = source[k] - low - 16 * w;
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
            fits = build_picks_half(table, pixel, (ptrdiff_t)half, n);
        p->nwindows = fits ? n : 0;
    }
}
