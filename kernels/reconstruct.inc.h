// reconstruct.inc.h: reconstruct.c for one pixel type and direction. Who includes it defines PIXEL,
// VEC, NAME; MORE(a, b) and LESS(a, b), which are maximum and minimum for a reconstruction by
// dilation and the other way round for one by erosion, VMORE and VLESS of vectors; LOWEST and
// HIGHEST, between which all samples are in that sense; and for floats PIXEL_IS_FLOAT.

enum { NAME(LANES) = sizeof(VEC) / sizeof(PIXEL) };

// Both images of a piece, and which of its rows may have updates left.
typedef struct NAME(field) {
    const ppx_image *mask, *state;
    ptrdiff_t width, nrows;
    bool corners;
    // Of rows -1 to nrows: something has changed in the row or the one before it since a sweep in
    // that direction (down, up) made it.
    uint8_t *dirty[2];
    size_t swept, changed; // samples, of the last sweep
} NAME(field);

INLINE PIXEL *NAME(state_row)(const NAME(field) * f, ptrdiff_t y) {
    return y >= 0 && y < f->nrows ? ppx_image_row(f->state, y) : NULL;
}

// NaN counts as the lowest; there is one zero, since equal samples must be equal bytes.
INLINE PIXEL NAME(sample)(PIXEL v) {
#ifdef PIXEL_IS_FLOAT
    v += 0.0f;
    return MORE(v, LOWEST);
#else
    return v;
#endif
}

INLINE VEC NAME(all)(PIXEL v) {
    VEC all;
    for (int k = 0; k < NAME(LANES); k++)
        all[k] = v;
    return all;
}

INLINE VEC NAME(load)(const PIXEL *from) {
    VEC v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE VEC NAME(load_mask)(const PIXEL *from) {
    VEC v = NAME(load)(from);
#ifdef PIXEL_IS_FLOAT
    v = VMORE(v + 0.0f, NAME(all)(LOWEST));
#endif
    return v;
}

// Each sample from the one `by` samples before it in the direction; the first ones from `fill`.
INLINE VEC NAME(shift)(VEC fill, VEC v, size_t by, bool up) {
    const size_t nbytes = by * sizeof(PIXEL);
    return (VEC)(up ? bytes_backwards((vec_u8)fill, (vec_u8)v, nbytes)
                    : bytes_forwards((vec_u8)fill, (vec_u8)v, nbytes));
}

// ---- A row from the row before it, and from its own beginning -----------------------------------

// What vectors leave over: rows that are shorter than one.
static size_t NAME(short_row)(const NAME(field) * f, const PIXEL *before, const PIXEL *mask,
                              PIXEL *row, bool up) {
    size_t changed = 0;
    PIXEL last = LOWEST;
    for (ptrdiff_t k = 0; k < f->width; k++) {
        ptrdiff_t x = up ? f->width - 1 - k : k;
        PIXEL v = MORE(last, row[x]);
        if (before) {
            v = MORE(before[x], v);
            if (f->corners && x > 0)
                v = MORE(before[x - 1], v);
            if (f->corners && x + 1 < f->width)
                v = MORE(before[x + 1], v);
        }
        PIXEL m = NAME(sample)(mask[x]);
        last = LESS(v, m);
        changed += last != row[x];
        row[x] = last;
    }
    return changed;
}

// The highest of the row before that a vector of samples at x touches.
INLINE VEC NAME(touched)(const PIXEL *before, ptrdiff_t x, ptrdiff_t width, bool corners) {
    const VEC lowest = NAME(all)(LOWEST), own = NAME(load)(before + x);
    if (!corners)
        return own;
    VEC left = x > 0 ? NAME(load)(before + x - 1) : NAME(shift)(lowest, own, 1, false);
    VEC right =
        x + NAME(LANES) < width ? NAME(load)(before + x + 1) : NAME(shift)(lowest, own, 1, true);
    return VMORE(VMORE(left, right), own);
}

// Goes on along the row within a vector v, in which each sample knows of the one before it: a
// sample gets what is 2, 4, ... before it, and at last what came before the vector, no higher than
// any mask on the way.
INLINE VEC NAME(along)(VEC v, VEC mask, VEC last, bool up) {
    const VEC lowest = NAME(all)(LOWEST), highest = NAME(all)(HIGHEST);
    VEC way = VLESS(mask, NAME(shift)(highest, mask, 1, up));
    for (size_t by = 2; by < NAME(LANES); by *= 2) {
        v = VMORE(v, VLESS(NAME(shift)(lowest, v, by, up), way));
        way = VLESS(way, NAME(shift)(highest, way, by, up));
    }
    return VMORE(v, VLESS(NAME(all)(last[up ? 0 : NAME(LANES) - 1]), way));
}

// How many samples changed. `before` is the row before in the direction of the sweep, or NULL.
INLINE size_t NAME(row)(const NAME(field) * f, const PIXEL *before, const PIXEL *mask, PIXEL *row,
                        bool up) {
    const ptrdiff_t n = NAME(LANES), width = f->width;
    if (width < n)
        return NAME(short_row)(f, before, mask, row, up);
    size_t nbytes = 0;
    VEC last = NAME(all)(LOWEST);
    for (ptrdiff_t done = 0; done < width; done += n) {
        bool overlaps = done + n > width; // the last vector may begin where the last but one is
        ptrdiff_t x = overlaps ? width - n : done;
        if (up)
            x = width - n - x;
        if (overlaps)
            last = NAME(all)(row[up ? x + n : x - 1]);
        const VEC old = NAME(load)(row + x), m = NAME(load_mask)(mask + x);
        VEC v = old;
        if (before)
            v = VLESS(VMORE(v, NAME(touched)(before, x, width, f->corners)), m);
        VEC next = VMORE(v, VLESS(NAME(shift)(last, v, 1, up), m));
        if (bytes_differ((vec_u8)next, (vec_u8)v))
            v = NAME(along)(next, m, last, up);
        uint32_t differ = bytes_differ((vec_u8)v, (vec_u8)old);
        if (differ)
            memcpy(row + x, &v, sizeof v);
        nbytes += (size_t)__builtin_popcount(differ);
        last = v;
    }
    return nbytes;
}

// ---- Sweeps over dirty rows ---------------------------------------------------------------------

INLINE void NAME(mark)(NAME(field) * f, ptrdiff_t y, bool made_down, bool made_up) {
    f->dirty[0][y] |= !made_down;
    f->dirty[1][y] |= !made_up;
    f->dirty[0][y + 1] = 1;
    f->dirty[1][y - 1] = 1;
}

static void NAME(sweep)(NAME(field) * f, bool up) {
    f->swept = f->changed = 0;
    for (ptrdiff_t k = 0; k < f->nrows; k++) {
        ptrdiff_t y = up ? f->nrows - 1 - k : k;
        if (!f->dirty[up][y])
            continue;
        const PIXEL *mask = ppx_image_row(f->mask, y);
        PIXEL *row = NAME(state_row)(f, y);
        size_t changed = up ? NAME(row)(f, NAME(state_row)(f, y + 1), mask, row, true)
                            : NAME(row)(f, NAME(state_row)(f, y - 1), mask, row, false);
        f->dirty[up][y] = 0;
        f->swept += (size_t)f->width;
        f->changed += changed;
        if (changed)
            NAME(mark)(f, y, !up, up);
    }
}

INLINE bool NAME(is_dirty)(const NAME(field) * f) {
    return memchr(f->dirty[0], 1, (size_t)f->nrows) || memchr(f->dirty[1], 1, (size_t)f->nrows);
}

// ---- What sweeps would take too long for: a queue -----------------------------------------------

// Raises a sample of a row to v as far as its mask allows, and appends it to the wave if that is
// news.
INLINE void NAME(raise)(wave *to, const PIXEL *mask, PIXEL *row, ptrdiff_t x, ptrdiff_t y,
                        PIXEL v) {
    PIXEL m = NAME(sample)(mask[x]);
    v = LESS(v, m);
    if (MORE(v, row[x]) != row[x]) {
        row[x] = v;
        to->at[to->n++] = (place){(uint32_t)x, (uint32_t)y};
    }
}

// Hands the sample at a place on to its neighbours. The wave has room for 8 places.
INLINE void NAME(hand_on)(const NAME(field) * f, wave *to, place at) {
    const ptrdiff_t x = at.x;
    const PIXEL v = NAME(state_row)(f, at.y)[x];
    for (ptrdiff_t dy = -1; dy <= 1; dy++) {
        const ptrdiff_t y = at.y + dy;
        PIXEL *row = NAME(state_row)(f, y);
        if (!row)
            continue;
        const PIXEL *mask = ppx_image_row(f->mask, y);
        if (dy)
            NAME(raise)(to, mask, row, x, y, v);
        if (dy && !f->corners)
            continue;
        if (x > 0)
            NAME(raise)(to, mask, row, x - 1, y, v);
        if (x + 1 < f->width)
            NAME(raise)(to, mask, row, x + 1, y, v);
    }
}

// Raises the sample by its neighbours, and appends it to the wave if that is news.
INLINE void NAME(pull)(const NAME(field) * f, wave *to, ptrdiff_t x, ptrdiff_t y) {
    PIXEL v = LOWEST;
    for (ptrdiff_t dy = -1; dy <= 1; dy++) {
        const PIXEL *from = NAME(state_row)(f, y + dy);
        if (!from)
            continue;
        v = MORE(from[x], v);
        if (dy && !f->corners)
            continue;
        if (x > 0)
            v = MORE(from[x - 1], v);
        if (x + 1 < f->width)
            v = MORE(from[x + 1], v);
    }
    NAME(raise)(to, ppx_image_row(f->mask, y), NAME(state_row)(f, y), x, y, v);
}

// Whether a neighbour would raise a sample of the vector at x.
INLINE bool NAME(is_behind)(const NAME(field) * f, ptrdiff_t x, ptrdiff_t y) {
    const PIXEL *row = NAME(state_row)(f, y), *mask = ppx_image_row(f->mask, y);
    const PIXEL *above = NAME(state_row)(f, y - 1), *below = NAME(state_row)(f, y + 1);
    VEC v = NAME(touched)(row, x, f->width, true);
    v = above ? VMORE(v, NAME(touched)(above, x, f->width, f->corners)) : v;
    v = below ? VMORE(v, NAME(touched)(below, x, f->width, f->corners)) : v;
    v = VLESS(v, NAME(load_mask)(mask + x));
    return bytes_differ((vec_u8)v, (vec_u8)NAME(load)(row + x));
}

// The first wave: samples of a row that a neighbour raises.
static ppx_status NAME(seed)(const NAME(field) * f, wave *to, ptrdiff_t y, ppx_error *error) {
    const ptrdiff_t n = NAME(LANES);
    ppx_status status = PPX_OK;
    for (ptrdiff_t x = 0; !status && x < f->width; x += n) {
        ptrdiff_t end = x + n < f->width ? x + n : f->width;
        if (x + n <= f->width && !NAME(is_behind)(f, x, y))
            continue;
        status = wave_reserve(to, (size_t)n, error);
        for (ptrdiff_t k = x; !status && k < end; k++)
            NAME(pull)(f, to, k, y);
    }
    return status;
}

static ppx_status NAME(drain)(NAME(field) * f, ppx_piece *piece, ppx_error *error) {
    wave now = {.pool = &piece->a}, next = {.pool = &piece->b};
    ppx_status status = PPX_OK;
    for (ptrdiff_t y = 0; !status && y < f->nrows; y++)
        if (f->dirty[0][y] | f->dirty[1][y])
            status = NAME(seed)(f, &now, y, error);
    while (!status && now.n) {
        next.n = 0;
        for (size_t k = 0; !status && k < now.n; k++) {
            status = wave_reserve(&next, 8, error);
            if (!status)
                NAME(hand_on)(f, &next, now.at[k]);
        }
        wave swap = now;
        now = next;
        next = swap;
    }
    memset(f->dirty[0], 0, (size_t)f->nrows);
    memset(f->dirty[1], 0, (size_t)f->nrows);
    return status;
}

// ---- A piece ------------------------------------------------------------------------------------

INLINE PIXEL NAME(lowered)(PIXEL v, PIXEL h) {
#ifdef PIXEL_IS_FLOAT
    return MORE(0, 1) ? v - h : v + h;
#else
    return MORE(0, 1) ? (PIXEL)(v > h ? v - h : 0) : (PIXEL)(v < MOST - h ? v + h : MOST);
#endif
}

// A row of what is grown under its mask.
static void NAME(begin)(const ppx_job *job, start from, const PIXEL *in, const PIXEL *with,
                        PIXEL *restrict state) {
    const ptrdiff_t width = job->in.width;
    if (from == FROM_MARKER) {
        for (ptrdiff_t x = 0; x < width; x++) {
            PIXEL v = NAME(sample)(in[x]), m = NAME(sample)(with[x]);
            state[x] = LESS(v, m);
        }
    } else if (from == FROM_H) {
        const double given = job->values[H].d;
        const PIXEL h = given < (double)MOST ? (PIXEL)given : MOST;
        for (ptrdiff_t x = 0; x < width; x++)
            state[x] = NAME(lowered)(NAME(sample)(in[x]), h);
    } else {
        for (ptrdiff_t x = 0; x < width; x++)
#ifdef PIXEL_IS_FLOAT
            state[x] = neighbour_f32(NAME(sample)(in[x]), LOWEST);
#else
            state[x] = NAME(lowered)(in[x], 1);
#endif
    }
}

// The first call: rows are begun where the first sweep needs them.
static void NAME(first_sweep)(NAME(field) * f, const ppx_job *job, start from,
                              const ppx_region *region) {
    for (ptrdiff_t y = 0; y < f->nrows; y++) {
        const PIXEL *with = from == FROM_MARKER ? ppx_image_row(&region->with, y) : NULL;
        PIXEL *row = NAME(state_row)(f, y);
        NAME(begin)(job, from, ppx_image_row(&region->in, y), with, row);
        (void)NAME(row)(f, NAME(state_row)(f, y - 1), ppx_image_row(f->mask, y), row, false);
    }
    memset(f->dirty[1], 1, (size_t)f->nrows);
}

// Later calls: what rows of other pieces do to the first and the last row.
static void NAME(meet)(NAME(field) * f, const ppx_region *region) {
    const ptrdiff_t end = f->nrows - 1;
    if (region->above) {
        f->swept += (size_t)f->width;
        size_t changed =
            NAME(row)(f, region->above, ppx_image_row(f->mask, 0), NAME(state_row)(f, 0), false);
        f->changed += changed;
        if (changed)
            NAME(mark)(f, 0, true, false);
    }
    if (region->below) {
        f->swept += (size_t)f->width;
        size_t changed =
            NAME(row)(f, region->below, ppx_image_row(f->mask, end), NAME(state_row)(f, end), true);
        f->changed += changed;
        if (changed)
            NAME(mark)(f, end, false, true);
    }
}

static ppx_status NAME(settle)(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                               start from, bool corners, ppx_error *error) {
    const size_t room = (size_t)piece->nrows + 2;
    ppx_status status = ppx_pool_reserve(&piece->c, 2 * room, error);
    if (status)
        return status;
    NAME(field)
    f = {.mask = from == FROM_MARKER ? &region->with : &region->in,
         .state = &region->state,
         .width = job->in.width,
         .nrows = piece->nrows,
         .corners = corners};
    f.dirty[0] = (uint8_t *)piece->c.data + 1;
    f.dirty[1] = f.dirty[0] + room;
    memset(piece->c.data, 0, 2 * room);
    if (region->fresh)
        NAME(first_sweep)(&f, job, from, region);
    else
        NAME(meet)(&f, region);
    for (bool up = !region->above; NAME(is_dirty)(&f); up = !up) {
        if (f.changed * SPARSE < f.swept)
            return NAME(drain)(&f, piece, error);
        NAME(sweep)(&f, up);
    }
    return PPX_OK;
}

static ppx_status NAME(reconstruct)(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                                    ppx_error *error) {
    start from = region->with.data ? FROM_MARKER : FROM_H;
    return NAME(settle)(job, piece, region, from, job->values[CONNECTIVITY].i == 0, error);
}

static ppx_status NAME(extrema)(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                                ppx_error *error) {
    return NAME(settle)(job, piece, region, FROM_NEXT, job->values[CONNECTIVITY].i == 0, error);
}

// Where the reconstruction does not reach the image.
static void NAME(unreached)(const ppx_job *job, const ppx_block *block) {
    for (ptrdiff_t y = 0; y < block->nrows; y++) {
        const PIXEL *restrict in = block->in[y];
        const PIXEL *restrict first = block->with[y];
        uint8_t *restrict out = block->out[y];
        for (ptrdiff_t x = 0; x < job->in.width; x++)
            out[x] = in[x] != NAME(sample)(first[x]) ? UINT8_MAX : 0;
    }
}

#undef PIXEL
#undef VEC
#undef NAME
#undef MORE
#undef LESS
#undef VMORE
#undef VLESS
#undef LOWEST
#undef HIGHEST
#undef MOST
#undef PIXEL_IS_FLOAT
