// difference.inc.h: differences of one pixel type. PIXEL is the type, NAME(f) names its functions,
// APART(a, b) gives |a - b| as a WIDE number.

// The rows differ in some byte. Adds them to the totals.
static void NAME(add_row)(totals *t, const void *row_a, const void *row_b, ptrdiff_t width,
                          int channels, double tolerance) {
    const PIXEL *a = row_a, *b = row_b;
    for (ptrdiff_t x = 0; x < width; x++) {
        bool differs = false, exceeds = false;
        for (int c = 0; c < channels; c++) {
            const PIXEL *p = a + x * channels + c, *q = b + x * channels + c;
            if (memcmp(p, q, sizeof *p) == 0)
                continue;
            differs = true;
            WIDE apart = APART(*p, *q);
            if (!FINITE(apart)) {
                t->napart++;
            } else {
                ADD(t, apart);
                if ((double)apart > t->largest)
                    t->largest = (double)apart;
            }
            if ((double)apart <= tolerance)
                continue; // NaN is not
            exceeds = true;
            if (t->x < 0) {
                t->x = x;
                t->c = c;
                t->a = (double)*p;
                t->b = (double)*q;
            }
        }
        t->ndiffering += differs;
        t->nexceeding += exceeds;
    }
}

static void NAME(heat_row)(const void *row_a, const void *row_b, ptrdiff_t width, int channels,
                           double largest, uint8_t *heat) {
    const PIXEL *a = row_a, *b = row_b;
    for (ptrdiff_t x = 0; x < width; x++) {
        heat[x] = 0;
        for (int c = 0; c < channels; c++) {
            const PIXEL *p = a + x * channels + c, *q = b + x * channels + c;
            if (memcmp(p, q, sizeof *p) == 0)
                continue;
            WIDE apart = APART(*p, *q);
            uint8_t level = FINITE(apart) ? SCALE(apart, (WIDE)largest) : 255;
            level = level ? level : 1;
            heat[x] = level > heat[x] ? level : heat[x];
        }
    }
}

#undef PIXEL
#undef NAME
#undef WIDE
#undef APART
#undef FINITE
#undef ADD
#undef SCALE
