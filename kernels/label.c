// label.c: connected components of the non-zero pixels, numbered by first pixel in raster order.
//
// In: one channel of any type, non-zero is foreground (NaN too). Out: u32 of the same size, 0 for
// background, 1..n. Border: nothing lies outside. Findings: the count, and of each component its
// area, bounding box (inclusive) and centroid.
// Method: runs with union by minimum (He, Chao, Suzuki 2008; Lacassagne, Zavidovique 2011), on rows
// packed to bits (Lee, Allegretti, Bolelli, Grana 2021). Where two runs of neighbouring rows begin
// to touch is an expression of the two rows' words, and the index of a run is a count of starts: no
// branch depends on a pixel, so noise costs little more than blobs. A run that touches nothing
// above opens a provisional label. Labels grow in raster order and the smaller one wins, hence the
// root of a component is the label of its first pixel and one forward loop numbers them.
// Memory: W/8 + 8 bytes a row, 4 a run, 4 a label (until twice that while the table grows) and 40 a
// component; runs are at most half of the pixels, labels that too (a quarter for connectivity 8).
#include "bits.h"

// One component. Sums of coordinates stay exact below 2^64, coordinates below 2^32.
typedef struct label_record {
    uint64_t area, sum_x, sum_y;
    uint32_t x0, y0, x1, y1; // inclusive
} label_record;

static const uint32_t NONE = PPX_NO_COMPONENT;

// ---- What a piece keeps: rows as bits, the component of each run -------------------------------

// piece->a: the index of each row's first run (nrows + 1), then the rows' words.
// piece->b: a provisional label, later a component, for each run; and one more, for reading ahead.
// piece->c: the parents of provisional labels.
static inline size_t row_words(const ppx_job *job) {
    return ((size_t)job->in.width + 63) / 64;
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
#define NAME(function) function##_u8
#include "label.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#include "label.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32
#include "label.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#include "label.inc.h"

// ---- Labels of one row from the row above -------------------------------------------------------

static inline uint32_t root_of(uint32_t *parent, uint32_t k) {
    while (parent[k] != k)
        k = parent[k] = parent[parent[k]]; // path halving
    return k;
}

static void unite(uint32_t *parent, uint32_t a, uint32_t b) {
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

static ppx_status label_runs(const ppx_job *job, ppx_piece *piece, size_t *nlabels,
                             ppx_error *error) {
    const size_t *first = first_runs(piece);
    const size_t nwords = row_words(job);
    const bool corners = job->values[0].i == 0;
    uint32_t *labels = piece->b.data;
    uint32_t n = 0;
    memset(labels, 0xff, first[piece->nrows] * sizeof *labels); // NONE
    for (ptrdiff_t row = 0; row < piece->nrows; row++) {
        size_t nruns = first[row + 1] - first[row];
        ppx_status status =
            ppx_pool_reserve(&piece->c, ((size_t)n + nruns + 1) * sizeof *labels, error);
        if (status)
            return status;
        uint32_t *parent = piece->c.data, *own = labels + first[row];
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
    *nlabels = n;
    return PPX_OK;
}

// ---- Components of a piece ----------------------------------------------------------------------

// Turns parents, which are smaller than their children, into component numbers.
static size_t number_labels(uint32_t *parent, size_t nlabels) {
    uint32_t n = 0;
    for (size_t k = 0; k < nlabels; k++)
        parent[k] = parent[k] == k ? n++ : parent[parent[k]];
    return n;
}

// Runs of one component that follow each other in a row, until another component comes.
typedef struct label_chain {
    uint32_t component;
    uint64_t x0, x1, area, sum_x; // [x0, x1); sum_x is twice the sum
} label_chain;

static inline void chain_close(const label_chain *chain, uint32_t y, label_record *records) {
    if (chain->component == NONE)
        return;
    label_record *record = &records[chain->component];
    uint32_t x0 = (uint32_t)chain->x0, x1 = (uint32_t)chain->x1 - 1;
    record->area += chain->area;
    record->sum_x += chain->sum_x / 2;
    record->sum_y += chain->area * y;
    record->x0 = x0 < record->x0 ? x0 : record->x0;
    record->x1 = x1 > record->x1 ? x1 : record->x1;
    record->y0 = y < record->y0 ? y : record->y0;
    record->y1 = y; // rows come in order
}

static inline void chain_add(label_chain *chain, uint32_t component, uint64_t x0, uint64_t x1,
                             uint32_t y, label_record *records) {
    if (component != chain->component) {
        chain_close(chain, y, records);
        *chain = (label_chain){.component = component, .x0 = x0};
    }
    chain->x1 = x1;
    chain->area += x1 - x0;
    chain->sum_x += (x1 - x0) * (x0 + x1 - 1);
}

static void add_row(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row,
                    label_record *records) {
    const uint64_t *bits = row_bits(job, piece, row);
    const uint32_t *runs = (const uint32_t *)piece->b.data + first_runs(piece)[row];
    const size_t nwords = row_words(job);
    const uint32_t y = (uint32_t)(piece->y0 + row);
    label_chain chain = {.component = NONE};
    uint64_t carry = 0, start = 0;
    bool inside = false;
    for (size_t w = 0; w < nwords; w++) {
        uint64_t word = bits[w], changes = word ^ (word << 1 | carry);
        carry = word >> 63;
        for (; changes; changes &= changes - 1) {
            uint64_t x = 64 * w + (uint64_t)__builtin_ctzll(changes);
            if (inside)
                chain_add(&chain, *runs++, start, x, y, records);
            start = x;
            inside = !inside;
        }
    }
    if (inside)
        chain_add(&chain, *runs, start, (uint64_t)job->in.width, y, records);
    chain_close(&chain, y, records);
}

static ppx_status find_records(const ppx_job *job, ppx_piece *piece, ppx_error *error) {
    ppx_status status =
        ppx_pool_reserve(&piece->records, piece->ncomponents * sizeof(label_record), error);
    if (status)
        return status;
    label_record *records = piece->records.data;
    for (size_t k = 0; k < piece->ncomponents; k++)
        records[k] = (label_record){.x0 = UINT32_MAX, .y0 = UINT32_MAX};
    for (ptrdiff_t row = 0; row < piece->nrows; row++)
        add_row(job, piece, row, records);
    return PPX_OK;
}

static ppx_status find_components(const ppx_job *job, ppx_piece *piece, ppx_error *error) {
    const size_t nruns = first_runs(piece)[piece->nrows];
    size_t nlabels = 0;
    if (nruns >= NONE)
        return ppx_fail(error, PPX_E_USAGE, "label: %zu runs of pixels do not fit into 32 bits",
                        nruns);
    ppx_status status = ppx_pool_reserve(&piece->b, (nruns + 1) * sizeof(uint32_t), error);
    if (!status)
        status = label_runs(job, piece, &nlabels, error);
    if (status)
        return status;
    uint32_t *component = piece->c.data, *runs = piece->b.data;
    piece->ncomponents = number_labels(component, nlabels);
    for (size_t k = 0; k < nruns; k++)
        runs[k] = component[runs[k]];
    runs[nruns] = 0;
    ppx_pool_free(&piece->c);
    return job->findings ? find_records(job, piece, error) : PPX_OK;
}

// ---- Rows from runs -----------------------------------------------------------------------------

// Writes `value` to [x0, x1); up to 7 more samples are written where they lie below the limit: what
// comes next overwrites them.
static inline void fill(uint32_t *out, ptrdiff_t x0, ptrdiff_t x1, ptrdiff_t limit,
                        uint32_t value) {
    ptrdiff_t x = x0;
    if (x1 + 7 <= limit) {
        do {
            for (int k = 0; k < 8; k++)
                out[x + k] = value;
            x += 8;
        } while (x < x1);
        return;
    }
    for (; x < x1; x++)
        out[x] = value;
}

// Writes number[component] + more along the runs of a row and `none` between them; number may be
// NULL for the components themselves.
static inline void paint_row(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row,
                             const uint32_t *number, uint32_t more, uint32_t none, uint32_t *out) {
    const uint64_t *bits = row_bits(job, piece, row);
    const uint32_t *run = (const uint32_t *)piece->b.data + first_runs(piece)[row];
    const size_t nwords = row_words(job);
    const ptrdiff_t width = job->in.width;
    uint64_t carry = 0;
    ptrdiff_t from = 0;
    uint32_t value = none;
    bool inside = false;
    for (size_t w = 0; w < nwords; w++) {
        uint64_t word = bits[w], changes = word ^ (word << 1 | carry);
        carry = word >> 63;
        for (; changes; changes &= changes - 1) {
            ptrdiff_t x = (ptrdiff_t)(64 * w) + __builtin_ctzll(changes);
            fill(out, from, x, width, value);
            from = x;
            uint32_t next = (number ? number[*run] : *run) + more; // also after the last run
            value = inside ? none : next;
            run += !inside;
            inside = !inside;
        }
    }
    fill(out, from, width, width, value);
}

static void label_edge(const ppx_job *job, const ppx_piece *piece, bool last, uint32_t *ids) {
    paint_row(job, piece, last ? piece->nrows - 1 : 0, NULL, 0, NONE, ids);
}

static void label_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *number,
                        ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    for (ptrdiff_t k = 0; k < nrows; k++)
        paint_row(job, piece, y + k - piece->y0, number, 1, 0, out[k]);
}

// ---- Across pieces ------------------------------------------------------------------------------

static ppx_status label_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                             const ppx_seam *seam) {
    const ptrdiff_t width = job->in.width;
    const bool corners = job->values[0].i == 0;
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

static void label_merge(const ppx_job *job, void *into, const void *from) {
    (void)job;
    label_record *a = into;
    const label_record *b = from;
    a->area += b->area;
    a->sum_x += b->sum_x;
    a->sum_y += b->sum_y;
    a->x0 = b->x0 < a->x0 ? b->x0 : a->x0;
    a->y0 = b->y0 < a->y0 ? b->y0 : a->y0;
    a->x1 = b->x1 > a->x1 ? b->x1 : a->x1;
    a->y1 = b->y1 > a->y1 ? b->y1 : a->y1;
}

// ---- Findings -----------------------------------------------------------------------------------

enum { LABEL, AREA, X0, Y0, X1, Y1, CX, CY, NCOLUMNS };

static double label_cell(const void *data, size_t row, int column) {
    const label_record *record = (const label_record *)data + row;
    switch (column) {
    case LABEL:
        return (double)(row + 1);
    case AREA:
        return (double)record->area;
    case X0:
        return record->x0;
    case Y0:
        return record->y0;
    case X1:
        return record->x1;
    case Y1:
        return record->y1;
    case CX:
        return (double)record->sum_x / (double)record->area;
    default:
        return (double)record->sum_y / (double)record->area;
    }
}

static void label_report(const ppx_job *job, const void *records, size_t n) {
    static const char *const columns[] = {"label", "area", "x0", "y0", "x1", "y1", "cx", "cy"};
    static const bool whole[] = {true, true, true, true, true, true, false, false};
    const ppx_sink *sink = job->sink;
    if (sink->number)
        sink->number(sink->context, job->kernel->name, "count", (double)n);
    if (sink->table)
        sink->table(sink->context, job->kernel->name,
                    &(ppx_table){"labels", NCOLUMNS, columns, whole, n, label_cell, records});
}

// ---- The kernel ---------------------------------------------------------------------------------

static ppx_status label_check(const ppx_job *job, ppx_error *error) {
    if ((uint64_t)job->in.width >= UINT32_MAX || (uint64_t)job->in.height >= UINT32_MAX)
        return ppx_fail(error, PPX_E_USAGE, "label: an image of %td x %td is too large for it",
                        job->in.width, job->in.height);
    return PPX_OK;
}

static void label_geometry(const ppx_job *job, ppx_geometry *g) {
    (void)job;
    g->out.type = PPX_U32;
}

static const ppx_param label_params[] = {
    {"connectivity", PPX_CHOICE, 0, 0, "8|4", "8",
     "neighbours of a pixel: with corners or without"},
};

static const ppx_step label_steps[] = {{
    .pattern = PPX_JOIN,
    .geometry = label_geometry,
    .join = {.record_nbytes = sizeof(label_record),
             .local = {local_u8, local_u16, local_u32, local_f32},
             .edge = label_edge,
             .seam = label_seam,
             .merge = label_merge,
             .paint = label_paint,
             .report = label_report},
}};

const ppx_kernel PPX_KERNEL(label) = {
    .name = "label",
    .summary = "connected components, numbered by first pixel, with their statistics",
    .examples = "label label:connectivity=4",
    .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_U32 | PPX_TAKES_F32,
    .channels = PPX_ONE_CHANNEL,
    .params = label_params,
    .nparams = 1,
    .check = label_check,
    .steps = label_steps,
    .nsteps = 1,
};
