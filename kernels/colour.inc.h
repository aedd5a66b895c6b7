// colour.inc.h: from pixels to planes of float and back, for one pixel type; PIXEL, NAME, MOST and
// PIXEL_IS_BYTE or PIXEL_IS_FLOAT are defined by who includes it.

// Planes of the type itself: one loop moves samples, the other converts them, so that both are
// simple enough to become vectors.
typedef struct NAME(samples) {
    PIXEL plane[3][TILE + 64]; // more than is used: gcc's warnings do not see n
} NAME(samples);

static INLINE void NAME(split)(NAME(samples) * s, const PIXEL *restrict in, ptrdiff_t x,
                               ptrdiff_t n, int channels) {
    for (; x < n; x++) {
        s->plane[0][x] = in[x * channels];
        s->plane[1][x] = in[x * channels + 1];
        s->plane[2][x] = in[x * channels + 2];
    }
}

static INLINE void NAME(join)(PIXEL *restrict out, const NAME(samples) * s, ptrdiff_t x,
                              ptrdiff_t n, int channels) {
    for (; x < n; x++) {
        out[x * channels] = s->plane[0][x];
        out[x * channels + 1] = s->plane[1][x];
        out[x * channels + 2] = s->plane[2][x];
    }
}

static void NAME(load)(planes *p, const PIXEL *in, ptrdiff_t n, int channels) {
    NAME(samples) s;
    ptrdiff_t done = 0;
    if (channels == 3) {
#ifdef PIXEL_IS_BYTE
        done = split_bytes((uint8_t *const[3]){s.plane[0], s.plane[1], s.plane[2]}, in, n);
#endif
        NAME(split)(&s, in, done, n, 3);
    } else {
        NAME(split)(&s, in, done, n, 4);
    }
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < n; x++)
            p->plane[c][x] = (float)s.plane[c][x];
}

// Integers are rounded to the nearest and cut to their range.
static void NAME(store)(PIXEL *out, const planes *p, ptrdiff_t n, int channels) {
    NAME(samples) s;
    ptrdiff_t done = 0;
    for (int c = 0; c < 3; c++)
        for (ptrdiff_t x = 0; x < n; x++) {
            float v = p->plane[c][x];
#ifndef PIXEL_IS_FLOAT
            v = v > 0 ? v : 0;
            v = (v < MOST ? v : MOST) + 0.5f;
            s.plane[c][x] = (PIXEL)(int32_t)v;
#else
            s.plane[c][x] = v;
#endif
        }
    if (channels == 3) {
#ifdef PIXEL_IS_BYTE
        done = join_bytes(out, (const uint8_t *const[3]){s.plane[0], s.plane[1], s.plane[2]}, n);
#endif
        NAME(join)(out, &s, done, n, 3);
    } else {
        NAME(join)(out, &s, done, n, 4);
    }
}

// All rows of a block, a tile at a time; `convert` is inlined.
static INLINE void NAME(each_tile)(const ppx_job *job, const ppx_block *block, converter *convert) {
    const ptrdiff_t width = job->in.width;
    const int channels = job->in.channels;
    planes p;
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        for (ptrdiff_t x = 0; x < width; x += TILE) {
            const PIXEL *in = (const PIXEL *)block->in[k] + x * channels;
            PIXEL *out = (PIXEL *)block->out[k] + x * channels;
            ptrdiff_t n = width - x < TILE ? width - x : TILE;
            NAME(load)(&p, in, n, channels);
            convert(&p, n, &NAME(units));
            NAME(store)(out, &p, n, channels);
        }
}

static void NAME(hsv)(const ppx_job *job, const ppx_block *block) {
    if (job->values[INVERSE].i)
        NAME(each_tile)(job, block, hsv_to_rgb);
    else
        NAME(each_tile)(job, block, rgb_to_hsv);
}

static void NAME(lab)(const ppx_job *job, const ppx_block *block) {
    if (job->values[INVERSE].i)
        NAME(each_tile)(job, block, lab_to_rgb);
    else
        NAME(each_tile)(job, block, rgb_to_lab);
}

#undef PIXEL
#undef NAME
#undef MOST
#undef PIXEL_IS_FLOAT
#undef PIXEL_IS_BYTE
