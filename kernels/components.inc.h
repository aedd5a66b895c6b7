// components.inc.h: rows to bits, and with BY_RUNS runs to rows, for one pixel type; PIXEL and NAME
// are defined by components.h.

static inline uint64_t NAME(pack)(const PIXEL *pixels, ptrdiff_t n) {
    uint8_t bytes[64] = {0};
    for (ptrdiff_t k = 0; k < n; k++)
        bytes[k] = pixels[k] != 0;
    return bits_of_64(bytes);
}

// Packs a row, and returns how many runs begin in it.
static inline size_t NAME(pack_row)(const PIXEL *pixels, ptrdiff_t width, bool complement,
                                    uint64_t *bits) {
    const uint64_t flip = complement ? UINT64_MAX : 0;
    size_t nruns = 0;
    uint64_t carry = 0;
    for (ptrdiff_t x = 0; x < width; x += 64) {
        uint64_t word;
        if (width - x < 64)
            word = NAME(pack)(pixels + x, width - x);
        else if (sizeof(PIXEL) == 1)
            word = bits_of_64((const uint8_t *)(pixels + x));
        else
            word = NAME(pack)(pixels + x, 64);
        word ^= width - x < 64 ? flip >> (64 - (width - x)) : flip;
        nruns += count(word & ~(word << 1 | carry));
        carry = word >> 63;
        *bits++ = word;
    }
    return nruns;
}

#ifdef BY_RUNS
// Writes `value` to [x0, x1); up to a vector more is written where it lies below the limit: what
// comes next overwrites it.
static inline void NAME(fill)(PIXEL *out, ptrdiff_t x0, ptrdiff_t x1, ptrdiff_t limit,
                              PIXEL value) {
    const ptrdiff_t vector = 32 / (ptrdiff_t)sizeof(PIXEL);
    ptrdiff_t x = x0;
    if (x1 + vector <= limit) {
        do {
            for (ptrdiff_t k = 0; k < vector; k++)
                out[x + k] = value;
            x += vector;
        } while (x < x1);
        return;
    }
    for (; x < x1; x++)
        out[x] = value;
}

// Writes number[component] + more along the runs of a row and `none` between them; number may be
// NULL for the components themselves.
static inline void NAME(paint_row)(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row,
                                   const uint32_t *number, uint32_t more, PIXEL none, PIXEL *out) {
    const uint64_t *bits = row_bits(job, piece, row);
    const uint32_t *run = (const uint32_t *)piece->b.data + first_runs(piece)[row];
    const size_t nwords = row_words(job);
    const ptrdiff_t width = job->geometry.out.width;
    uint64_t carry = 0;
    ptrdiff_t from = 0;
    PIXEL value = none;
    bool inside = false;
    for (size_t w = 0; w < nwords; w++) {
        uint64_t word = bits[w], changes = word ^ (word << 1 | carry);
        carry = word >> 63;
        for (; changes; changes &= changes - 1) {
            ptrdiff_t x = (ptrdiff_t)(64 * w) + __builtin_ctzll(changes);
            NAME(fill)(out, from, x, width, value);
            from = x;
            const PIXEL next =
                (PIXEL)((number ? number[*run] : *run) + more); // also after the last run
            value = inside ? none : next;
            run += !inside;
            inside = !inside;
        }
    }
    NAME(fill)(out, from, width, width, value);
}
#undef BY_RUNS
#endif

#undef PIXEL
#undef NAME
