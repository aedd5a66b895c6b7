// components.h: connected components as runs of pixels, for kernels that join them.
//
// A row becomes bits, 1 for foreground (any sample but 0; NaN too), or 0 for those whose components
// are of the background. Method: runs with union by minimum (He, Chao, Suzuki 2008; Lacassagne,
// Zavidovique 2011), on rows packed to bits (Lee, Allegretti, Bolelli, Grana 2021). Where two runs
// of neighbouring rows begin to touch is an expression of the two rows' words, and the index of a
// run is a count of starts: no branch depends on a pixel, so noise costs little more than blobs. A
// run that touches nothing above opens a provisional label. Labels grow in raster order and the
// smaller one wins, hence the root of a component is the label of its first pixel and one forward
// loop numbers them.
// Memory: W/8 + 8 bytes a row, 4 a run, and 4 a run more until labels are numbered; runs are at
// most half of the pixels.
#ifndef PPX_COMPONENTS_H
#define PPX_COMPONENTS_H

#include "bits.h"
#include "far.h"

static const uint32_t NONE = PPX_NO_COMPONENT;

// ---- What a piece keeps: rows as bits, the component of each run -------------------------------

// piece->a: the index of each row's first run (nrows + 1), then the rows' words.
// piece->b: a provisional label, later a component, for each run; and one more, for reading ahead.
// piece->c: the parents of provisional labels.
static inline size_t row_words(const ppx_job *job) {
    return ((size_t)job->geometry.out.width + 63) / 64;
}

static inline size_t *first_runs(const ppx_piece *piece) {
    return piece->a.data;
}

static inline uint64_t *row_bits(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row) {
    return (uint64_t *)(first_runs(piece) + piece->nrows + 1) + (size_t)row * row_words(job);
}

static inline size_t count(uint64_t bits) {
    return (size_t)__builtin_popcountll(bits);
}

#define PIXEL uint8_t
#define BY_RUNS
#define NAME(function) function##_u8
#include "components.inc.h"

#define PIXEL uint16_t
#define BY_RUNS
#define NAME(function) function##_u16
#include "components.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32
#include "components.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "components.inc.h"

static inline ppx_status reserve_runs(const ppx_job *job, ppx_piece *piece, ppx_error *error) {
    const size_t nrows = (size_t)piece->nrows;
    return ppx_pool_reserve(
        &piece->a, (nrows + 1) * sizeof(size_t) + nrows * row_words(job) * sizeof(uint64_t), error);
}

// Takes rows that are packed already: each begins with its words.
static inline ppx_status take_runs(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                   ppx_error *error) {
    ppx_status status = reserve_runs(job, piece, error);
    if (status)
        return status;
    size_t *first = first_runs(piece), nruns = 0;
    first[0] = 0;
    for (ptrdiff_t row = 0; row < piece->nrows; row++) {
        const uint64_t *from = ppx_image_row(rows, row);
        uint64_t *bits = row_bits(job, piece, row), carry = 0;
        for (size_t w = 0; w < row_words(job); w++) {
            bits[w] = from[w];
            nruns += count(bits[w] & ~(bits[w] << 1 | carry));
            carry = bits[w] >> 63;
        }
        first[row + 1] = nruns;
    }
    return PPX_OK;
}

// Packs the rows of a piece: their foreground, or what is not.
static inline ppx_status find_runs(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                   bool complement, ppx_error *error) {
    ppx_status status = reserve_runs(job, piece, error);
    if (status)
        return status;
    size_t *first = first_runs(piece);
    first[0] = 0;
    for (ptrdiff_t row = 0; row < piece->nrows; row++) {
        const ptrdiff_t width = rows->shape.width;
        const void *pixels = ppx_image_row(rows, row);
        uint64_t *bits = row_bits(job, piece, row);
        size_t nruns = 0;
        switch (rows->shape.type) {
        case PPX_U8:
            nruns = pack_row_u8(pixels, width, complement, bits);
            break;
        case PPX_U16:
            nruns = pack_row_u16(pixels, width, complement, bits);
            break;
        case PPX_U32:
            nruns = pack_row_u32(pixels, width, complement, bits);
            break;
        case PPX_F32:
            nruns = pack_row_f32(pixels, width, complement, bits);
            break;
        }
        first[row + 1] = first[row] + nruns;
    }
    return PPX_OK;
}

// ---- Labels of one row from the row above -------------------------------------------------------

static inline uint32_t root_of(uint32_t *parent, uint32_t k) {
    while (parent[k] != k)
        k = parent[k] = parent[parent[k]]; // path halving
    return k;
}

static inline void unite(uint32_t *parent, uint32_t a, uint32_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    parent[a < b ? b : a] = a < b ? a : b;
}

// Gives each run of a row the smallest label that it touches, and unites those labels. A contact is
// where the intersection of two runs begins or, across a corner, where one begins just right of the
// other's end; both runs are then the last to have begun in their rows.
static inline void touch(const uint64_t *above, const uint64_t *here, size_t nwords, bool corners,
                         const uint32_t *labels_above, uint32_t *labels, uint32_t *parent) {
    uint64_t above_carry = 0, here_carry = 0;
    size_t above_begun = 0, here_begun = 0; // runs before this word
    for (size_t w = 0; w < nwords; w++) {
        uint64_t a = above[w], b = here[w];
        uint64_t a_left = a << 1 | above_carry, b_left = b << 1 | here_carry;
        uint64_t a_starts = a & ~a_left, b_starts = b & ~b_left;
        uint64_t contacts = a & b & ~(a_left & b_left);
        if (corners)
            contacts |= (a_left & ~a & b_starts) | (b_left & ~b & a_starts);
        for (; contacts; contacts &= contacts - 1) {
            uint64_t until = contacts ^ (contacts - 1);
            uint32_t *label = &labels[here_begun + count(b_starts & until) - 1];
            uint32_t up = labels_above[above_begun + count(a_starts & until) - 1];
            uint32_t own = *label == NONE ? up : *label;
            *label = own < up ? own : up;
            if (own != up) // the only branch, seldom taken
                unite(parent, own, up);
        }
        above_begun += count(a_starts);
        here_begun += count(b_starts);
        above_carry = a >> 63;
        here_carry = b >> 63;
    }
}

// A provisional label for each run, and the labels' parents; returns how many labels there are. The
// table has room for one more than there are runs.
static inline size_t label_runs(const ppx_job *job, ppx_piece *piece, bool corners) {
    const size_t *first = first_runs(piece);
    const size_t nwords = row_words(job);
    uint32_t *labels = piece->b.data, *parent = piece->c.data;
    uint32_t n = 0;
    for (ptrdiff_t row = 0; row < piece->nrows; row++) {
        const size_t nruns = first[row + 1] - first[row];
        uint32_t *own = labels + first[row];
        memset(own, 0xff, nruns * sizeof *own); // NONE
        if (row > 0 && corners)
            touch(row_bits(job, piece, row - 1), row_bits(job, piece, row), nwords, true,
                  labels + first[row - 1], own, parent);
        else if (row > 0)
            touch(row_bits(job, piece, row - 1), row_bits(job, piece, row), nwords, false,
                  labels + first[row - 1], own, parent);
        for (size_t k = 0; k < nruns; k++) { // without a branch: new labels for those without
            bool is_new = own[k] == NONE;
            parent[n] = n;
            own[k] = parent[is_new ? n : own[k]];
            n += is_new;
        }
    }
    return n;
}

// Turns parents, which are smaller than their children, into component numbers.
static inline size_t number_labels(uint32_t *parent, size_t nlabels) {
    uint32_t n = 0;
    for (size_t k = 0; k < nlabels; k++)
        parent[k] = parent[k] == k ? n++ : parent[parent[k]];
    return n;
}

// After find_runs: how many components there are, and that of each run.
static inline ppx_status find_components(const ppx_job *job, ppx_piece *piece, bool corners,
                                         ppx_error *error) {
    const size_t nruns = first_runs(piece)[piece->nrows];
    if (nruns >= NONE)
        return ppx_fail(error, PPX_E_USAGE, "%s: %zu runs of pixels do not fit into 32 bits",
                        job->kernel->name, nruns);
    ppx_status status = ppx_pool_reserve(&piece->b, (nruns + 1) * sizeof(uint32_t), error);
    if (!status)
        status = ppx_pool_reserve(&piece->c, (nruns + 1) * sizeof(uint32_t), error);
    if (status)
        return status;
    const size_t nlabels = label_runs(job, piece, corners);
    uint32_t *component = piece->c.data, *runs = piece->b.data;
    piece->ncomponents = number_labels(component, nlabels);
    for (size_t k = 0; k < nruns; k++)
        runs[k] = component[runs[k]];
    runs[nruns] = 0;
    ppx_pool_free(&piece->c);
    return PPX_OK;
}

// ---- What a kernel does with them ---------------------------------------------------------------

#define INLINE inline __attribute__((always_inline))

typedef void ppx_visit_run(void *context, uint32_t component, size_t x0, size_t x1);

// Visits the runs of a row in order: columns [x0, x1).
static INLINE void each_run(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row,
                            ppx_visit_run *visit, void *context) {
    const uint64_t *bits = row_bits(job, piece, row);
    const uint32_t *run = (const uint32_t *)piece->b.data + first_runs(piece)[row];
    const size_t nwords = row_words(job);
    uint64_t carry = 0;
    size_t start = 0;
    bool inside = false;
    for (size_t w = 0; w < nwords; w++) {
        uint64_t word = bits[w], changes = word ^ (word << 1 | carry);
        carry = word >> 63;
        for (; changes; changes &= changes - 1) {
            const size_t x = 64 * w + (size_t)__builtin_ctzll(changes);
            if (inside)
                visit(context, *run++, start, x);
            start = x;
            inside = !inside;
        }
    }
    if (inside)
        visit(context, *run, start, (size_t)job->geometry.out.width);
}

// Ones where bit k of 32 is set.
static INLINE uint32_t mask_of(uint64_t bits, int k) {
    static const uint32_t bit[32] = {
        1u,       1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
        1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
        1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
        1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31};
    return ((uint32_t)bits & bit[k]) ? UINT32_MAX : 0;
}

// Writes `value` where bits are set, and `none` elsewhere or nothing.
static INLINE void put_64(uint32_t *restrict out, uint64_t bits, uint32_t value, uint32_t none) {
    for (int half = 0; half < 64; half += 32)
        for (int k = 0; k < 32; k++)
            out[half + k] = (mask_of(bits >> half, k) & (value ^ none)) ^ none;
}

static INLINE void put_over_64(uint32_t *restrict out, uint64_t bits, uint32_t value) {
    for (int half = 0; half < 64; half += 32)
        for (int k = 0; k < 32; k++)
            out[half + k] ^= mask_of(bits >> half, k) & (value ^ out[half + k]);
}

// An image that no cache holds is written past all of them: whoever reads it next does not find it
// there anyway, and memory need not be read before it is written.
enum { CACHES = 32 << 20 };

static inline bool is_past_caches(const ppx_job *job, const uint32_t *out) {
    return (size_t)job->in.height >= CACHES / sizeof *out / (size_t)job->geometry.out.width &&
           (uintptr_t)out % 64 == 0;
}

static INLINE void put_past_caches(uint32_t *out, const uint32_t *from) {
#ifdef __AVX2__
    for (int k = 0; k < 64; k += 8)
        ppx_far_store(out + k, _mm256_loadu_si256((const __m256i *)(const void *)(from + k)), true);
#else
    memcpy(out, from, 64 * sizeof *out);
#endif
}

// Writes number[component] + more along the runs of a row and `none` between them; number may be
// NULL for the components themselves. A word of the row has one run in most cases: its bits become
// masks, and no branch depends on where it begins or ends.
static inline void paint_row_u32(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row,
                                 const uint32_t *number, uint32_t more, uint32_t none,
                                 uint32_t *out) {
    const uint64_t *bits = row_bits(job, piece, row);
    const uint32_t *run = (const uint32_t *)piece->b.data + first_runs(piece)[row];
    const ptrdiff_t width = job->geometry.out.width;
    const bool past = is_past_caches(job, out);
    uint32_t held[64] __attribute__((aligned(64))), value = none;
    uint64_t carry = 0;
    for (ptrdiff_t x = 0; x < width; x += 64) {
        const uint64_t word = *bits++;
        uint64_t starts = word & ~(word << 1 | carry);
        const bool whole = width - x >= 64;
        uint32_t *to = whole && !past ? out + x : held;
        if (!(word & carry)) {                             // no run comes from the left
            value = (number ? number[*run] : *run) + more; // also after the last run
            run += starts != 0;
            starts &= starts - 1;
        }
        put_64(to, word, value, none);
        for (; starts; starts &= starts - 1) {
            value = (number ? number[*run] : *run) + more;
            run++;
            put_over_64(to, word & ~((starts & (~starts + 1)) - 1), value);
        }
        if (!whole)
            memcpy(out + x, held, (size_t)(width - x) * sizeof *out);
        else if (past)
            put_past_caches(out + x, held);
        carry = word >> 63;
    }
}

// The components along the first or last row of a piece.
static inline void component_edge(const ppx_job *job, const ppx_piece *piece, bool last,
                                  uint32_t *ids) {
    paint_row_u32(job, piece, last ? piece->nrows - 1 : 0, NULL, 0, NONE, ids);
    ppx_far_end(true);
}

static inline ppx_status component_seam(const ppx_job *job, const uint32_t *above,
                                        const uint32_t *below, bool corners, const ppx_seam *seam) {
    const ptrdiff_t width = job->geometry.out.width;
    ppx_status status = PPX_OK;
    for (ptrdiff_t x = 0; !status && x < width; x++) {
        if (below[x] == NONE)
            continue;
        if (above[x] != NONE) { // its neighbours are the same run, if anything
            status = seam->join(seam->context, above[x], below[x]);
            continue;
        }
        if (corners && x > 0 && above[x - 1] != NONE)
            status = seam->join(seam->context, above[x - 1], below[x]);
        if (!status && corners && x + 1 < width && above[x + 1] != NONE)
            status = seam->join(seam->context, above[x + 1], below[x]);
    }
    return status;
}

// Coordinates and numbers have 32 bits.
static inline ppx_status component_check(const ppx_job *job, ppx_error *error) {
    if ((uint64_t)job->geometry.out.width >= UINT32_MAX || (uint64_t)job->in.height >= UINT32_MAX)
        return ppx_fail(error, PPX_E_USAGE, "%s: an image of %td x %td is too large for it",
                        job->kernel->name, job->geometry.out.width, job->in.height);
    return PPX_OK;
}

#endif
