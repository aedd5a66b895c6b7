// morphology_grow.inc.h: the extreme of samples that precede each other in a row, for CHANNELS (1
// to 4) channels; a part of morphology_row.inc.h, which includes it for each. Only with AVX2.
//
// Windows double their length in registers (2, 4, 8, ...), so that a row is loaded twice and stored
// once for any length.

#define STEP ((ptrdiff_t)(CHANNELS * sizeof(PIXEL)))
#define DOUBLE(before, v, reach) PICK_LANES(v, (LANES)LANES_LATER(before, v, (reach)*STEP))

// to[x] = PICK over the last `length` pixels up to from[x]; the vector before from[0] is read, too.
static inline __attribute__((always_inline)) void
NAME2(grow_by, CHANNELS)(PIXEL *to, const PIXEL *from, ptrdiff_t n, const int length) {
    LANES v = NAME(load)(from - NLANES);
    LANES before2 = DOUBLE(v, v, 1), before4 = DOUBLE(before2, before2, 2);
    LANES before8 = DOUBLE(before4, before4, 4), before16 = DOUBLE(before8, before8, 8);
    for (ptrdiff_t x = 0; x < n; x += NLANES) {
        v = PICK_LANES(NAME(load)(from + x), NAME(load)(from + x - CHANNELS));
        if (length >= 4) {
            const LANES v2 = v;
            v = DOUBLE(before2, v2, 2);
            before2 = v2;
        }
        if (length >= 8) {
            const LANES v4 = v;
            v = DOUBLE(before4, v4, 4);
            before4 = v4;
        }
        if (length >= 16) {
            const LANES v8 = v;
            v = DOUBLE(before8, v8, 8);
            before8 = v8;
        }
        if (length >= 32) {
            const LANES v16 = v;
            v = DOUBLE(before16, v16, 16);
            before16 = v16;
        }
        NAME(store)(to + x, v);
    }
}

static void NAME2(grow, CHANNELS)(PIXEL *to, const PIXEL *from, ptrdiff_t n, int length) {
    if (length == 4 && 3 * STEP <= LANES_NBYTES)
        NAME2(grow_by, CHANNELS)(to, from, n, 4);
    else if (length == 8 && 7 * STEP <= LANES_NBYTES)
        NAME2(grow_by, CHANNELS)(to, from, n, 8);
    else if (length == 16 && 15 * STEP <= LANES_NBYTES)
        NAME2(grow_by, CHANNELS)(to, from, n, 16);
    else if (length == 32 && 31 * STEP <= LANES_NBYTES)
        NAME2(grow_by, CHANNELS)(to, from, n, 32);
}

#undef STEP
#undef DOUBLE
#undef CHANNELS
