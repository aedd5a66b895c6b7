// difference.c: how much two images differ, and where.
//
// Sums over integer samples are exact, in 128 bits (squares of u32 alone need 64), so that no image
// is too large; f32 adds up in double, in raster order. Rows that are
// equal byte for byte are skipped, which makes the comparison of equal images run at the speed of
// memory.
#include "difference.h"

#include <math.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"

// An integer of 128 bits.
typedef struct wide {
    uint64_t low, high;
} wide;

static inline void wide_add(wide *sum, uint64_t n) {
    sum->low += n;
    sum->high += sum->low < n;
}

static double wide_value(wide sum) {
    return (double)sum.high * 0x1p64 + (double)sum.low;
}

typedef struct totals {
    uint64_t ndiffering, nexceeding, napart;
    wide sum, squares;             // of integers
    double real_sum, real_squares; // of f32
    double largest;
    ptrdiff_t x; // first that exceeds, -1: none yet
    int c;
    double a, b;
} totals;

static inline void add_whole(totals *t, uint64_t apart) {
    wide_add(&t->sum, apart);
    wide_add(&t->squares, apart * apart); // at most (2^32 - 1)^2
}

static inline void add_real(totals *t, double apart) {
    t->real_sum += apart;
    t->real_squares += apart * apart;
}

static inline uint8_t scale_whole(uint64_t apart, uint64_t largest) {
    return (uint8_t)((apart * 255 + largest / 2) / largest);
}

static inline uint8_t scale_real(double apart, double largest) {
    return largest > 0 ? (uint8_t)(apart / largest * 255 + 0.5) : 0;
}

#define WHOLE_APART(p, q) ((p) > (q) ? (uint64_t)((p) - (q)) : (uint64_t)((q) - (p)))

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define WIDE uint64_t
#define APART WHOLE_APART
#define FINITE(apart) ((void)(apart), true)
#define ADD add_whole
#define SCALE scale_whole
#include "difference.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define WIDE uint64_t
#define APART WHOLE_APART
#define FINITE(apart) ((void)(apart), true)
#define ADD add_whole
#define SCALE scale_whole
#include "difference.inc.h"

#define PIXEL uint32_t
#define NAME(function) function##_u32
#define WIDE uint64_t
#define APART WHOLE_APART
#define FINITE(apart) ((void)(apart), true)
#define ADD add_whole
#define SCALE scale_whole
#include "difference.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define WIDE double
#define APART(p, q) fabs((double)(p) - (double)(q))
#define FINITE(apart) isfinite(apart)
#define ADD add_real
#define SCALE scale_real
#include "difference.inc.h"

static void conclude(ppx_difference *d, const totals *t, ppx_shape shape) {
    bool real = shape.type == PPX_F32;
    double sum = real ? t->real_sum : wide_value(t->sum);
    double squares = real ? t->real_squares : wide_value(t->squares);
    double most = ppx_type_most(shape.type);
    d->ndiffering = t->ndiffering;
    d->nexceeding = t->nexceeding;
    d->napart = t->napart;
    d->largest = t->largest;
    d->mean = sum / (double)d->nsamples;
    d->psnr = squares > 0 ? 10 * log10(most * most * (double)d->nsamples / squares) : INFINITY;
    d->x = t->x;
    d->c = t->c;
    d->a = t->a;
    d->b = t->b;
}

ppx_status ppx_difference_find(ppx_difference *difference, const ppx_image *a, const ppx_image *b,
                               double tolerance, ppx_error *error) {
    static void (*const add_row[PPX_NTYPES])(totals *, const void *, const void *, ptrdiff_t, int,
                                             double) = {add_row_u8, add_row_u16, add_row_u32,
                                                        add_row_f32};
    ppx_shape shape = a->shape;
    *difference = (ppx_difference){.x = -1};
    PPX_ASSERT(ppx_shape_equal(shape, b->shape));
    ppx_status status =
        ppx_alloc_array((void **)&difference->exceeding, (size_t)shape.height,
                        sizeof *difference->exceeding, "the rows of a comparison", error);
    if (status)
        return status;
    difference->npixels = (uint64_t)shape.width * (uint64_t)shape.height;
    difference->nsamples = difference->npixels * (uint64_t)shape.channels;
    totals t = {.x = -1};
    size_t nbytes = ppx_shape_row_nbytes(shape);
    for (ptrdiff_t y = 0; y < shape.height; y++) {
        const void *row_a = ppx_image_row(a, y), *row_b = ppx_image_row(b, y);
        if (memcmp(row_a, row_b, nbytes) == 0)
            continue;
        uint64_t before = t.nexceeding;
        bool first = t.x < 0;
        add_row[shape.type](&t, row_a, row_b, shape.width, shape.channels, tolerance);
        difference->exceeding[y] = (uint32_t)(t.nexceeding - before);
        if (first && t.x >= 0)
            difference->y = y;
    }
    conclude(difference, &t, shape);
    return PPX_OK;
}

void ppx_difference_free(ppx_difference *difference) {
    ppx_free(difference->exceeding);
    difference->exceeding = NULL;
}

ppx_status ppx_difference_heatmap(const ppx_difference *difference, const ppx_image *a,
                                  const ppx_image *b, ppx_image *heatmap, ppx_error *error) {
    static void (*const heat_row[PPX_NTYPES])(const void *, const void *, ptrdiff_t, int, double,
                                              uint8_t *) = {heat_row_u8, heat_row_u16, heat_row_u32,
                                                            heat_row_f32};
    ppx_shape shape = a->shape;
    ppx_shape gray = {shape.width, shape.height, 1, PPX_U8};
    ppx_status status = ppx_image_create(heatmap, gray, error);
    if (status)
        return status;
    for (ptrdiff_t y = 0; y < shape.height; y++)
        heat_row[shape.type](ppx_image_row(a, y), ppx_image_row(b, y), shape.width, shape.channels,
                             difference->largest, ppx_image_row(heatmap, y));
    return PPX_OK;
}

ppx_nearness ppx_difference_near(const uint32_t *exceeding, ptrdiff_t height,
                                 const ptrdiff_t *borders, size_t nborders, ptrdiff_t halo) {
    ppx_nearness near = {.nborders = nborders};
    size_t next = 0; // first border below row y
    size_t counted = SIZE_MAX;
    for (ptrdiff_t y = 0; y < height; y++) {
        while (next < nborders && borders[next] <= y)
            next++;
        if (!exceeding[y])
            continue;
        near.nrows++;
        // Rows from y to a border, itself included.
        ptrdiff_t above = next > 0 ? y - borders[next - 1] + 1 : PTRDIFF_MAX;
        ptrdiff_t below = next < nborders ? borders[next] - y : PTRDIFF_MAX;
        ptrdiff_t distance = above <= below ? above : below;
        size_t border = above <= below ? next - 1 : next;
        if (distance > halo)
            continue;
        near.nnear++;
        near.reach = distance > near.reach ? distance : near.reach;
        near.nhit += border != counted;
        counted = border;
    }
    return near;
}
