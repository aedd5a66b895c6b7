// gradient.inc.h: both components of a 3x3 gradient for one pixel type; PIXEL, NAME and GRADIENT
// (the type of a component) are defined by who includes it. The weights are constants where these
// are called: 1 and 2 for Sobel's, 3 and 10 for Scharr's.

// Differences are written out, so that no intermediate row is stored.
static INLINE GRADIENT NAME(gx)(const PIXEL *a, const PIXEL *b, const PIXEL *c, ptrdiff_t left,
                                ptrdiff_t right, int corner, int side) {
    GRADIENT outer = (GRADIENT)((a[right] - a[left]) + (c[right] - c[left]));
    GRADIENT inner = (GRADIENT)(b[right] - b[left]);
    return (GRADIENT)((GRADIENT)corner * outer + (GRADIENT)side * inner);
}

static INLINE GRADIENT NAME(gy)(const PIXEL *a, const PIXEL *c, ptrdiff_t left, ptrdiff_t x,
                                ptrdiff_t right, int corner, int side) {
    GRADIENT outer = (GRADIENT)((c[left] - a[left]) + (c[right] - a[right]));
    GRADIENT inner = (GRADIENT)(c[x] - a[x]);
    return (GRADIENT)((GRADIENT)corner * outer + (GRADIENT)side * inner);
}
