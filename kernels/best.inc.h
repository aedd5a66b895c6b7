// best.inc.h: the best `most` of many records in a total order; RECORD (a type) and COMES_BEFORE
// (of two pointers to it) are defined by who includes it.
//
// A heap of those kept (Williams 1964) whose parents come after their children, so that its top is
// the one to give up next. The order is total: who is kept does not depend on the order of offers.

// Lets heap[k] sink to its place.
static inline void best_sink(RECORD *heap, size_t n, size_t k) {
    RECORD moved = heap[k];
    for (size_t child; (child = 2 * k + 1) < n; k = child) {
        child += child + 1 < n && COMES_BEFORE(&heap[child], &heap[child + 1]);
        if (COMES_BEFORE(&heap[child], &moved))
            break;
        heap[k] = heap[child];
    }
    heap[k] = moved;
}

static inline void best_offer(RECORD *heap, size_t *n, size_t most, const RECORD *record) {
    if (*n == most) {
        if (!COMES_BEFORE(record, &heap[0]))
            return;
        heap[0] = *record;
        best_sink(heap, *n, 0);
        return;
    }
    size_t k = (*n)++;
    for (; k && COMES_BEFORE(&heap[(k - 1) / 2], record); k = (k - 1) / 2)
        heap[k] = heap[(k - 1) / 2];
    heap[k] = *record;
}

// From a heap to the order, the best first.
static inline void best_sort(RECORD *heap, size_t n) {
    for (size_t left = n; left-- > 1;) { // the last comes to the end
        RECORD last = heap[0];
        heap[0] = heap[left];
        heap[left] = last;
        best_sink(heap, left, 0);
    }
}
