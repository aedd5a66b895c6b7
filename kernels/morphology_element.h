// morphology_element.h: structuring elements from parameters, and the plan of a pass over an image.
//
// An element B is a set of pixels around an origin that belongs to it. Erosion takes the least of
// the samples at x + b, dilation the greatest at x - b, for b in B: that pair makes openings and
// closings of any B. Radius r, offsets dx to the right and dy down:
//   square    |dx| <= rx and |dy| <= ry, both r unless given
//   rect      width x height pixels; of an even number the larger half is left and above
//   disk      dx^2 + dy^2 <= r^2
//   diamond   |dx| + |dy| <= r
//   line      `length` pixels (of an even number the larger half is left, or above), the angle
//             counted in degrees against the clock from the right. The pixels follow the axis that
//             is nearer; across it the distance is rounded to the nearest pixel, halves outwards
//             (Bresenham's line through the origin: angles of 45 degrees are exact diagonals).
#ifndef PPX_MORPHOLOGY_ELEMENT_H
#define PPX_MORPHOLOGY_ELEMENT_H

#include <math.h>

#include "../core/kernel.h"

enum { SHAPE, RADIUS, RX, RY, WIDTH, HEIGHT, LENGTH, ANGLE };
enum { SQUARE, RECT, LINE, DISK, DIAMOND };
enum { MAX_RADIUS = 500, MAX_SIZE = 2 * MAX_RADIUS + 1 };

// How an element is worked on.
typedef enum element_kind { BOX, DIAGONAL, RHOMB, ROUND, SLANTED } element_kind;

// What becomes of the extreme: it is the output (FAR: see ppx_block), or there is something to
// subtract.
typedef enum finish { PLAIN, FAR, FROM_FIRST, LESS_FIRST, LESS_PIECE } finish;

static inline bool subtracts(finish how) {
    return how != PLAIN && how != FAR;
}

// In a table: a column of a round element and how far it reaches up and down, or a pixel of a line.
typedef struct spot {
    int32_t x, y;
} spot;

// Lengths in samples, but for the element. The scratch is said to each kind in its own file.
typedef struct plan {
    element_kind kind;
    finish finish;
    ptrdiff_t left, right, up, down; // that the element reaches, in pixels; a line: at most
    const spot *spots;
    ptrdiff_t nspots;
    int channels, sign; // -1: the element is reflected, as dilation does
    ptrdiff_t n;        // of a row
    ptrdiff_t height;   // of the image
    ptrdiff_t tile;     // columns done together
    ptrdiff_t x0, x1;   // those at work, if not all are
    ptrdiff_t lead;     // in a line of scratch, before the tile
    ptrdiff_t span;     // of such a line: a tile with what is around it
    ptrdiff_t lean;     // of a diagonal, from a row to the next
    ptrdiff_t nring;    // rows in the ring (see morphology_box.inc.h)
    ptrdiff_t ngroups;  // of rows that windows share
    ptrdiff_t pitch;    // from one of these to the next
    ptrdiff_t margin;   // in them, before and behind the row
    ptrdiff_t nbehind;  // samples of the scratch behind the ring
} plan;

// Parameters that no shape needs have no default in the table, so that a chain's text, which has
// all defaults written out, says nothing that its shape does not take.
static inline int64_t radius_of(const ppx_job *job, int which) {
    const ppx_value *v = job->values;
    return v[which].given ? v[which].i : v[RADIUS].given ? v[RADIUS].i : 1;
}

static inline element_kind kind_of(const ppx_job *job) {
    const double angle = job->values[ANGLE].d;
    if (job->values[SHAPE].i == DIAMOND && radius_of(job, RADIUS) > 1)
        return RHOMB;
    if (job->values[SHAPE].i == DISK || job->values[SHAPE].i == DIAMOND)
        return ROUND;
    if (job->values[SHAPE].i != LINE || angle == 0 || angle == 90 || angle == 180)
        return BOX;
    return angle == 45 || angle == 135 ? DIAGONAL : SLANTED;
}

// The columns of a disk or diamond: how far up and down each one reaches, from the centre outwards.
static inline void list_columns(const ppx_job *job, spot *columns) {
    const int32_t r = (int32_t)radius_of(job, RADIUS);
    int32_t y = 0;
    for (int32_t x = r; x >= 0; x--) {
        if (job->values[SHAPE].i == DIAMOND)
            y = r - x;
        else
            while (x * x + (y + 1) * (y + 1) <= r * r)
                y++;
        columns[2 * x] = (spot){x, y};
        if (x > 0)
            columns[2 * x - 1] = (spot){-x, y};
    }
}

// Pixels across the line's axis for one along it; *steep: that axis is the vertical one.
static inline double slope_of(const ppx_job *job, bool *steep) {
    const double pi = 3.14159265358979323846, angle = job->values[ANGLE].d * pi / 180;
    const double along = cos(angle), across = sin(angle);
    *steep = fabs(across) > fabs(along) * (1 + 1e-12);
    return *steep ? along / across : across / along;
}

static inline void list_line(const ppx_job *job, spot *pixels) {
    const int32_t length = (int32_t)job->values[LENGTH].i;
    bool steep;
    const double slope = slope_of(job, &steep);
    for (int32_t k = 0; k < length; k++) {
        const int32_t along = k - length / 2;
        const double distance = fabs(along * slope) + 0.5;
        const int32_t across = (along < 0) == (slope < 0) ? -(int32_t)distance : (int32_t)distance;
        pixels[k] = steep ? (spot){across, along} : (spot){along, across};
    }
}

static inline ptrdiff_t count_spots(const ppx_job *job) {
    if (kind_of(job) == SLANTED)
        return (ptrdiff_t)job->values[LENGTH].i;
    return kind_of(job) == ROUND ? 2 * (ptrdiff_t)radius_of(job, RADIUS) + 1 : 0;
}

// How far the element reaches from its origin.
static inline void find_reach(const ppx_job *job, plan *p) {
    const ppx_value *v = job->values;
    ptrdiff_t width = 1, height = 1;
    switch (v[SHAPE].i) {
    case RECT:
        width = (ptrdiff_t)v[WIDTH].i;
        height = (ptrdiff_t)v[HEIGHT].i;
        break;
    case LINE:
        *(v[ANGLE].d == 90 ? &height : &width) = (ptrdiff_t)v[LENGTH].i;
        break;
    case SQUARE:
        width = 2 * (ptrdiff_t)radius_of(job, RX) + 1;
        height = 2 * (ptrdiff_t)radius_of(job, RY) + 1;
        break;
    default:
        width = height = 2 * (ptrdiff_t)radius_of(job, RADIUS) + 1;
        break;
    }
    if (p->kind == SLANTED) {
        // One pixel more than it is, so that no rounding of libm's matters.
        bool steep;
        const ptrdiff_t half = width / 2,
                        across = (ptrdiff_t)(fabs(slope_of(job, &steep)) * (double)half) + 2;
        p->left = p->right = steep ? across : half;
        p->up = p->down = steep ? half : across;
        return;
    }
    if (p->kind == DIAGONAL) { // at 45 degrees, what is left of the origin is below it
        p->lean = v[ANGLE].d == 45 ? -p->channels : p->channels;
        height = width;
    } else if (p->kind == RHOMB) {
        p->lean = p->channels;
    }
    p->left = width / 2;
    p->right = width - 1 - p->left;
    p->up = p->lean < 0 ? p->right : height / 2;
    p->down = height - 1 - p->up;
    if (p->sign < 0) {
        ptrdiff_t left = p->left, up = p->up;
        p->left = p->right;
        p->right = left;
        p->up = p->down;
        p->down = up;
    }
}

#endif
