// colour.inc.h: the tiles of colour.c for one pixel type; PIXEL, NAME,
// MOST, SECTOR, WIDE, HUE and PIXEL_IS_BYTE or PIXEL_IS_FLOAT are defined by who includes it.

// Planes of the type itself: some loops move samples, others convert them, so that all are simple
// enough to become vectors.
typedef struct NAME(samples) {
    PIXEL plane[3][TILE + 64]; // more than is used: gcc's warnings do not see n
} NAME(samples);

// What works on one tile; `linear` is the table of lab.
typedef void NAME(converter)(NAME(samples) * s, ptrdiff_t n, const float *linear);

static INLINE void NAME(split_from)(NAME(samples) * s, const PIXEL *restrict in, ptrdiff_t x,
                                    ptrdiff_t n, int channels) {
    for (; x < n; x++) {
        s->plane[0][x] = in[x * channels];
        s->plane[1][x] = in[x * channels + 1];
        s->plane[2][x] = in[x * channels + 2];
    }
}

static INLINE void NAME(join_from)(PIXEL *restrict out, const NAME(samples) * s, ptrdiff_t x,
                                   ptrdiff_t n, int channels) {
    for (; x < n; x++) {
        out[x * channels] = s->plane[0][x];
        out[x * channels + 1] = s->plane[1][x];
        out[x * channels + 2] = s->plane[2][x];
    }
}

static void NAME(split)(NAME(samples) * s, const PIXEL *in, ptrdiff_t n, int channels) {
    ptrdiff_t done = 0;
    if (channels == 3) {
#ifdef PIXEL_IS_BYTE
        done = split_bytes((uint8_t *const[3]){s->plane[0], s->plane[1], s->plane[2]}, in, n);
#endif
        NAME(split_from)(s, in, done, n, 3);
    } else {
        NAME(split_from)(s, in, done, n, 4);
    }
}

static void NAME(join)(PIXEL *out, const NAME(samples) * s, ptrdiff_t n, int channels) {
    ptrdiff_t done = 0;
    if (channels == 3) {
#ifdef PIXEL_IS_BYTE
        done = join_bytes(out, (const uint8_t *const[3]){s->plane[0], s->plane[1], s->plane[2]}, n);
#endif
        NAME(join_from)(out, s, done, n, 3);
    } else {
        NAME(join_from)(out, s, done, n, 4);
    }
}

// Integers are rounded to the nearest. They are in range: no formula leaves it by as much as 1 / 2.
static INLINE void NAME(round)(NAME(samples) * s, const planes *p, ptrdiff_t n) {
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < n; x++)
#ifdef PIXEL_IS_FLOAT
            s->plane[c][x] = p->plane[c][x];
#else
            s->plane[c][x] = (PIXEL)(int32_t)(p->plane[c][x] + 0.5f);
#endif
}

// ---- hsv: planes of samples to planes of samples ----

// Hue from 0 to 6 d in whole numbers, then quotients in float. Integers divide once, by d V, and
// multiply: quotients of u8 are either k + 1/2 or at least 1 / 510 away from that, so that a nudge
// of 2^-10 rounds every one of them as if it were exact. Where d V is 0 so is what is divided; what
// is added for that vanishes beside 1.
static INLINE void NAME(rgb_to_hsv)(NAME(samples) * s, ptrdiff_t n, const float *linear) {
    (void)linear;
    WIDE sixths[TILE], chroma[TILE], value[TILE];
    for (ptrdiff_t x = 0; x < n; x++) {
        WIDE r = s->plane[0][x], g = s->plane[1][x], b = s->plane[2][x];
#ifdef PIXEL_IS_FLOAT
        r = r > 0 ? r : 0;
        g = g > 0 ? g : 0;
        b = b > 0 ? b : 0;
#endif
        WIDE v = r > g ? r : g, least = r < g ? r : g;
        v = v > b ? v : b;
        least = least < b ? least : b;
        WIDE d = (WIDE)(v - least), d2 = (WIDE)(d + d), d4 = (WIDE)(d2 + d2), d6 = (WIDE)(d4 + d2);
        WIDE in_red = (WIDE)(g - b), in_green = (WIDE)(b - r + d2), in_blue = (WIDE)(r - g + d4);
        WIDE ahead = v == g ? in_green : in_blue;
        ahead = v == r ? in_red : ahead;
        WIDE turned = (WIDE)(ahead + d6);
        sixths[x] = ahead < 0 ? turned : ahead;
        chroma[x] = d;
        value[x] = v;
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        float d = (float)chroma[x], v = (float)value[x];
        float h = SECTOR * (float)sixths[x];
#ifdef PIXEL_IS_FLOAT
        h = h / (d > 0 ? d : 1);
        s->plane[0][x] = h < 6 * SECTOR ? h : 0;
        s->plane[1][x] = d / (v > 0 ? v : 1);
        s->plane[2][x] = v;
#else
        const float round = 0.5f + 1 / 1024.0f;
        float inverse = 1 / (d * v + 1e-9f);
        PIXEL hue = (PIXEL)(int32_t)(h * (inverse * v) + round);
        s->plane[0][x] = hue < (int32_t)(6 * SECTOR) ? hue : 0;
        s->plane[1][x] = (PIXEL)(int32_t)(MOST * d * (inverse * d) + round);
        s->plane[2][x] = (PIXEL)value[x];
#endif
    }
}

// The part of S V that a channel lacks, in units of hue: nothing within 60 degrees of its own, all
// beyond 120. `after` is how far the hue is behind the opposite of the channel.
static INLINE HUE NAME(lack)(HUE after) {
    const HUE sector = (HUE)SECTOR, turn = (HUE)(6 * SECTOR);
    HUE back = (HUE)(after - turn);
    after = back >= 0 ? back : after;
    back = (HUE)(after - turn);
    after = back >= 0 ? back : after;
    HUE before = (HUE)(4 * sector - after);
    HUE lacks = after < before ? after : before;
    lacks = lacks > 0 ? lacks : 0;
    return lacks < sector ? lacks : sector;
}

// For u8 the products are whole, and half of one more keeps ties from being rounded down.
static INLINE void NAME(hsv_to_rgb)(NAME(samples) * s, ptrdiff_t n, const float *linear) {
    (void)linear;
    const float unit = MOST * SECTOR;
    HUE lacks[3][TILE];
    for (ptrdiff_t x = 0; x < n; x++) {
        HUE h = (HUE)s->plane[0][x];
#ifdef PIXEL_IS_FLOAT
        HUE turned = h + 6 * SECTOR;
        h = h < 0 ? turned : h;
#endif
        lacks[0][x] = NAME(lack)((HUE)(h + 5 * (HUE)SECTOR));
        lacks[1][x] = NAME(lack)((HUE)(h + 3 * (HUE)SECTOR));
        lacks[2][x] = NAME(lack)((HUE)(h + (HUE)SECTOR));
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        float v = s->plane[2][x], sv = s->plane[1][x] * v, most = v * unit;
        for (int c = 0; c < 3; c++) {
            float lit = most - sv * (float)lacks[c][x];
#ifdef PIXEL_IS_FLOAT
            s->plane[c][x] = lit * (1 / unit);
#else
            s->plane[c][x] = (PIXEL)(int32_t)((lit + 0.5f) * (1 / unit) + 0.5f);
#endif
        }
    }
}

// ---- lab: through planes of float ----

static INLINE void NAME(rgb_to_lab)(NAME(samples) * s, ptrdiff_t n, const float *linear) {
    planes p;
    (void)linear;
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < n; x++)
#ifdef PIXEL_IS_BYTE
            p.plane[c][x] = linear[s->plane[c][x]];
#else
            p.plane[c][x] = srgb_decode((float)s->plane[c][x] * (1 / MOST));
#endif
    linear_to_lab(&p, n, &NAME(units));
    NAME(round)(s, &p, n);
}

static INLINE void NAME(lab_to_rgb)(NAME(samples) * s, ptrdiff_t n, const float *linear) {
    (void)linear;
    planes p;
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < n; x++)
            p.plane[c][x] = (float)s->plane[c][x];
    lab_to_srgb(&p, n, MOST, &NAME(units));
    NAME(round)(s, &p, n);
}

// ---- Row functions: tile by tile ----

static INLINE void NAME(each_tile)(const ppx_job *job, const ppx_block *block,
                                   NAME(converter) * convert) {
    const ptrdiff_t width = job->in.width;
    const int channels = job->in.channels;
    NAME(samples) s;
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        for (ptrdiff_t x = 0; x < width; x += TILE) {
            ptrdiff_t n = width - x < TILE ? width - x : TILE;
            NAME(split)(&s, (const PIXEL *)block->in[k] + x * channels, n, channels);
            convert(&s, n, job->table);
            NAME(join)((PIXEL *)block->out[k] + x * channels, &s, n, channels);
        }
}

static void NAME(hsv)(const ppx_job *job, const ppx_block *block) {
    if (job->values[INVERSE].i)
        NAME(each_tile)(job, block, NAME(hsv_to_rgb));
    else
        NAME(each_tile)(job, block, NAME(rgb_to_hsv));
}

static void NAME(lab)(const ppx_job *job, const ppx_block *block) {
    if (job->values[INVERSE].i)
        NAME(each_tile)(job, block, NAME(lab_to_rgb));
    else
        NAME(each_tile)(job, block, NAME(rgb_to_lab));
}

#undef PIXEL
#undef NAME
#undef PIXEL_IS_FLOAT
#undef PIXEL_IS_BYTE
#undef WIDE
#undef HUE
#undef SECTOR
#undef MOST
