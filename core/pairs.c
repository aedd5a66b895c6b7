// pairs.c: from "these two are one" to final numbers.
//
// Method: union by minimum over the ids that occur in pairs, compacted by sorting, so that cost and
// memory depend on the borders alone and not on the number of components. Because ids grow in
// raster order and the smallest id is the root, the final number of a component is its root's id
// less the ids below it that were merged away: no id outside of the list needs to be looked at.
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "runner.h"

ppx_status ppx_pairs_add(ppx_pairs *pairs, uint64_t a, uint64_t b, ppx_error *error) {
    if (a == b)
        return PPX_OK;
    ppx_status status = ppx_pool_reserve(&pairs->pool, (pairs->n + 1) * sizeof(ppx_pair), error);
    if (status)
        return status;
    ppx_pair *list = pairs->pool.data;
    ppx_pair pair = {a < b ? a : b, a < b ? b : a};
    if (pairs->n && list[pairs->n - 1].a == pair.a && list[pairs->n - 1].b == pair.b)
        return PPX_OK; // along a seam the same pair comes again and again
    list[pairs->n++] = pair;
    return PPX_OK;
}

static int by_value(const void *left, const void *right) {
    uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;
    return (l > r) - (l < r);
}

size_t ppx_pairs_index(const uint64_t *ids, size_t n, uint64_t id) {
    const uint64_t *at = bsearch(&id, ids, n, sizeof *ids, by_value);
    return (size_t)(at - ids);
}

static size_t root_of(size_t *parent, size_t i) {
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]]; // path halving
    return i;
}

size_t ppx_pairs_ids(const ppx_pairs *pairs, uint64_t *ids) {
    const ppx_pair *list = pairs->pool.data;
    size_t n = 0, unique = 0;
    for (size_t k = 0; k < pairs->n; k++) {
        ids[n++] = list[k].a;
        ids[n++] = list[k].b;
    }
    if (n)
        qsort(ids, n, sizeof *ids, by_value);
    for (size_t k = 0; k < n; k++)
        if (k == 0 || ids[k] != ids[k - 1])
            ids[unique++] = ids[k];
    return unique;
}

ppx_status ppx_pairs_resolve(ppx_pairs *pairs, ppx_error *error) {
    if (pairs->n == 0)
        return PPX_OK;
    ppx_pair *list = pairs->pool.data;
    uint64_t *ids = NULL;
    size_t *parent = NULL;
    ppx_status status =
        ppx_alloc_array((void **)&ids, 2 * pairs->n, sizeof *ids, "seam ids", error);
    if (!status)
        status =
            ppx_alloc_array((void **)&parent, 2 * pairs->n, sizeof *parent, "seam roots", error);
    if (status)
        goto done;
    const size_t unique = ppx_pairs_ids(pairs, ids);
    for (size_t k = 0; k < unique; k++)
        parent[k] = k;
    for (size_t k = 0; k < pairs->n; k++) {
        size_t a = root_of(parent, ppx_pairs_index(ids, unique, list[k].a));
        size_t b = root_of(parent, ppx_pairs_index(ids, unique, list[k].b));
        parent[a < b ? b : a] = a < b ? a : b;
    }
    pairs->n = 0; // the merged ids are fewer than the pairs: each merge took one
    for (size_t k = 0; k < unique; k++) {
        size_t root = root_of(parent, k);
        if (root != k)
            list[pairs->n++] = (ppx_pair){ids[k], ids[root]};
    }
done:
    ppx_free(ids);
    ppx_free(parent);
    return status;
}

// How many merged ids are below that one; *at is set when it is itself among them.
static size_t merged_below(const ppx_pairs *resolved, uint64_t id, const ppx_pair **at) {
    const ppx_pair *list = resolved->pool.data;
    size_t low = 0, high = resolved->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle].a < id)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low < resolved->n && list[low].a == id ? &list[low] : NULL;
    return low;
}

uint64_t ppx_pairs_number(const ppx_pairs *resolved, uint64_t id) {
    const ppx_pair *merged;
    size_t below = merged_below(resolved, id, &merged);
    if (merged) {
        id = merged->b;
        below = merged_below(resolved, id, &merged);
    }
    return id - below;
}

void ppx_pairs_free(ppx_pairs *pairs) {
    ppx_pool_free(&pairs->pool);
    pairs->n = 0;
}
