// slic_join.h: the components of equal labels, for slic.c: the functions of a join.
//
// A piece keeps the runs of equal labels in its rows, each with its component; runs of neighbouring
// rows that overlap and have the same label are united by minimum, so that components are numbered
// by first pixel in raster order. A pixel whose lower neighbour has the same label carries LINK:
// across a seam, where labels are not at hand, links say what touches.
#ifndef PPX_KERNELS_SLIC_JOIN_H
#define PPX_KERNELS_SLIC_JOIN_H

#include "../core/kernel.h"

#define LINK 0x80000000u

// piece->a: the index of each row's first run (nrows + 1); piece->b: the runs; piece->c: parents of
// components, later whether the pixels of the last row are linked.
typedef struct slic_span {
    uint32_t x0, component;
} slic_span;

static inline uint32_t root_of(uint32_t *parent, uint32_t k) {
    while (parent[k] != k)
        k = parent[k] = parent[parent[k]]; // path halving
    return k;
}

static inline uint32_t unite(uint32_t *parent, uint32_t a, uint32_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    return parent[a < b ? b : a] = a < b ? a : b;
}

// Finds the runs of a row, and gives each the least component of the runs above that it touches.
static inline void find_spans(const ppx_image *rows, ptrdiff_t row, const slic_span *above,
                              const slic_span *above_end, slic_span *spans, size_t *nspans,
                              uint32_t *parent, uint32_t *ncomponents) {
    const uint32_t *in = ppx_image_row(rows, row), *up = row ? ppx_image_row(rows, row - 1) : NULL;
    const ptrdiff_t width = rows->shape.width;
    for (ptrdiff_t x = 0, end; x < width; x = end) {
        const uint32_t label = in[x] & ~LINK;
        uint32_t component = PPX_NO_COMPONENT;
        for (end = x + 1; end < width && (in[end] & ~LINK) == label; end++)
            ;
        for (; above < above_end && above->x0 < end; above++) {
            if ((up[above->x0] & ~LINK) == label)
                component = component == PPX_NO_COMPONENT
                                ? root_of(parent, above->component)
                                : unite(parent, component, above->component);
            if (above + 1 == above_end || above[1].x0 > end)
                break; // it reaches into the next run
        }
        if (component == PPX_NO_COMPONENT) {
            component = (*ncomponents)++;
            parent[component] = component;
        }
        spans[(*nspans)++] = (slic_span){(uint32_t)x, component};
    }
}

static inline ppx_status slic_local(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                    ppx_error *error) {
    const size_t width = (size_t)job->in.width;
    size_t n = 0, above = 0;
    uint32_t ncomponents = 0;
    ppx_status status =
        ppx_pool_reserve(&piece->a, ((size_t)piece->nrows + 1) * sizeof(size_t), error);
    for (ptrdiff_t row = 0; !status && row < piece->nrows; row++) {
        if (n + width >= PPX_NO_COMPONENT)
            return ppx_fail(error, PPX_E_USAGE, "slic: runs of pixels do not fit into 32 bits");
        status = ppx_pool_reserve(&piece->b, (n + width) * sizeof(slic_span), error);
        if (!status)
            status = ppx_pool_reserve(&piece->c, (ncomponents + width) * sizeof(uint32_t), error);
        if (status)
            break;
        slic_span *spans = piece->b.data;
        const size_t first = n;
        ((size_t *)piece->a.data)[row] = first;
        find_spans(rows, row, spans + above, spans + first, spans, &n, piece->c.data, &ncomponents);
        above = first;
    }
    if (status)
        return status;
    ((size_t *)piece->a.data)[piece->nrows] = n;
    uint32_t *parent = piece->c.data; // smaller than its children
    slic_span *spans = piece->b.data;
    piece->ncomponents = 0;
    for (uint32_t k = 0; k < ncomponents; k++)
        parent[k] = parent[k] == k ? (uint32_t)piece->ncomponents++ : parent[parent[k]];
    for (size_t k = 0; k < n; k++)
        spans[k].component = parent[spans[k].component];
    ppx_pool_free(&piece->c);
    status = ppx_pool_reserve(&piece->c, width, error);
    const uint32_t *last = ppx_image_row(rows, piece->nrows - 1);
    for (size_t x = 0; !status && x < width; x++)
        ((bool *)piece->c.data)[x] = (last[x] & LINK) != 0;
    return status;
}

// Writes the component of each pixel of a row, or its number.
static inline void fill_row(const ppx_job *job, const ppx_piece *piece, ptrdiff_t row,
                            const uint32_t *number, uint32_t *out) {
    const size_t *first = piece->a.data;
    const slic_span *spans = piece->b.data;
    for (size_t k = first[row]; k < first[row + 1]; k++) {
        const ptrdiff_t end = k + 1 < first[row + 1] ? (ptrdiff_t)spans[k + 1].x0 : job->in.width;
        const uint32_t value = number ? number[spans[k].component] : spans[k].component;
        for (ptrdiff_t x = spans[k].x0; x < end; x++)
            out[x] = value;
    }
}

// In the last row, of pixels that are linked only.
static inline void slic_edge(const ppx_job *job, const ppx_piece *piece, bool last, uint32_t *ids) {
    fill_row(job, piece, last ? piece->nrows - 1 : 0, NULL, ids);
    const bool *linked = piece->c.data;
    for (ptrdiff_t x = 0; last && x < job->in.width; x++)
        ids[x] = linked[x] ? ids[x] : PPX_NO_COMPONENT;
}

static inline ppx_status slic_seam(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                                   const ppx_seam *seam) {
    ppx_status status = PPX_OK;
    for (ptrdiff_t x = 0; !status && x < job->in.width; x++)
        if (above[x] != PPX_NO_COMPONENT &&
            (x == 0 || above[x] != above[x - 1] || below[x] != below[x - 1]))
            status = seam->join(seam->context, above[x], below[x]);
    return status;
}

static inline void slic_paint(const ppx_job *job, const ppx_piece *piece, const uint32_t *number,
                              ptrdiff_t y, ptrdiff_t nrows, void *const *out) {
    for (ptrdiff_t k = 0; k < nrows; k++)
        fill_row(job, piece, y + k - piece->y0, number, out[k]);
}

#endif
