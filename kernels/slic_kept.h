// slic_kept.h: which components slic.c keeps, and their labels.
#ifndef PPX_KERNELS_SLIC_KEPT_H
#define PPX_KERNELS_SLIC_KEPT_H

#include "slic.h"

// What most of the votes are for, of equals the first; 0: there are none.
static inline uint64_t winner_of(const uint64_t votes[NEAR * NEAR]) {
    uint64_t winner = 0;
    int most = 0;
    for (int k = 0; k < NEAR * NEAR; k++) {
        int n = 0;
        for (int other = k; votes[k] && other < NEAR * NEAR; other++)
            n += votes[other] == votes[k];
        if (n > most) {
            most = n;
            winner = votes[k];
        }
    }
    return winner;
}

// Shell's sort (1959): no kernel allocates, and qsort may.
static inline void sort(uint32_t *values, size_t n) {
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t k = gap; k < n; k++) {
            const uint32_t value = values[k];
            size_t at = k;
            for (; at >= gap && values[at - gap] > value; at -= gap)
                values[at] = values[at - gap];
            values[at] = value;
        }
}

// The label of a component, 0 where it is not kept.
static inline uint32_t label_of(slic_table *table, uint32_t component) {
    const uint32_t *kept = kept_of(table);
    uint32_t low = 0, high = table->nkept;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (kept[middle] < component)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->nkept && kept[low] == component ? low + 1 : 0;
}

#endif
