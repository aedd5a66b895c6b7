// morphology.c: erosion and dilation with a flat element, and what is made of them.
//
//     erode       the least sample of the element around each pixel
//     dilate      the greatest of the reflected element
//     open        erode, then dilate: takes away what the element does not fit into
//     close       dilate, then erode: fills what it does not fit into
//     gradient-m  dilate - erode (Beucher's gradient), in one step
//     tophat      the image - open: what is lighter and narrower than the element
//     blackhat    close - the image
//
// (Serra, Image Analysis and Mathematical Morphology, 1982.) Elements: morphology_element.h. Shapes
// of images: any, kept; each channel for itself, alpha passes through. Units: pixels. Border: what
// lies outside never counts, as if there were nothing. f32: a zero comes out as +0 (which of two
// zeros is less is nobody's to say); nothing is promised where there are NaNs.
//
// Rectangles take about six comparisons a pixel whatever their size (morphology_row.inc.h,
// morphology_box.inc.h), diagonals four, diamonds twelve (morphology_diamond.inc.h), disks a few
// times their radius (morphology_round.inc.h), other lines at an angle their length
// (morphology_slanted.inc.h); all on vectors, with one read and one write of the image.
//
// For rectangles, rows beyond the image are the first and the last one again. That is as if they
// were not there, as every column of a rectangle reaches the image's edge before they come in. For
// other elements what lies beyond is the neutral value of the least or the greatest.
#include "../core/kernel.h"

#include <math.h>
#include <string.h>

#include "morphology_element.h"
#include "morphology_lanes.h"

enum { BAND = 8 };              // rows of a rectangle's output that are made together
enum { PART = 16 };             // vectors of a band from which something is subtracted at once
enum { BLOCK = PPX_STRIP };     // rows in a call: in all but the last band, the next rows are known
enum { MAX_CORE = MAX_SIZE };   // rows, or groups of BAND, that a band's windows have in common
enum { CACHE_NBYTES = 131072 }; // a part of the second cache, for a tile with what belongs to it

// Rows that are carried from block to block.
typedef struct ring_state {
    ptrdiff_t end;       // of the rows that have been taken in
    ptrdiff_t first_end; // of those of a diamond's first pass
    ptrdiff_t second_end;
    ptrdiff_t next_band; // the output row whose band can go on with the groups
    ptrdiff_t first;     // which group of their ring is the uppermost
    char pad[24];        // what follows is aligned to 64 bytes
} ring_state;

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t unit) {
    return (n + unit - 1) / unit * unit;
}

// An odd number of units, so that lines fall into different sets of the cache.
static ptrdiff_t round_up_odd(ptrdiff_t n, ptrdiff_t unit) {
    n = round_up(n, unit);
    return n / unit % 2 ? n : n + unit;
}

// Horizontal windows leave a line or two in the first cache, disks two for each height in the
// second.
static ptrdiff_t tile_nbytes(const plan *p) {
    if (p->kind != ROUND)
        return 8192;
    const ptrdiff_t nbytes = CACHE_NBYTES / (4 * p->up + 4);
    return nbytes < 1024 ? 1024 : nbytes;
}

static plan make_plan(const ppx_job *job, int sign, finish with) {
    plan p = {.sign = sign, .finish = with, .channels = job->in.channels};
    p.kind = kind_of(job);
    p.n = job->in.width * job->in.channels;
    p.height = job->in.height;
    p.spots = job->table;
    p.nspots = count_spots(job);
    find_reach(job, &p);
    const ptrdiff_t nbytes = (ptrdiff_t)ppx_type_nbytes(job->in.type), unit = 64 / nbytes;
    const ptrdiff_t around = (p.left + p.right) * p.channels;
    // What is around a tile is done twice: tiles are much wider than that, and about equal.
    ptrdiff_t most = tile_nbytes(&p) / nbytes;
    most = most > 4 * around ? most : 4 * around;
    const ptrdiff_t ntiles = (p.n + most - 1) / most;
    p.tile = round_up((p.n + ntiles - 1) / ntiles, unit);
    p.lead = round_up(p.left * p.channels + unit, unit);
    // Passes work on whole vectors, several at a time; an edge has what is around it on both sides.
    p.span = round_up_odd(p.lead + p.tile + 2 * around + 8 * unit, unit);
    const ptrdiff_t height = p.up + p.down + 1, lean = p.lean < 0 ? -p.lean : p.lean;
    p.nring = height - 1 + BAND;
    if (p.kind != BOX)
        p.margin = round_up(around + 2 * BAND * lean + 4 * unit, unit);
    p.pitch = round_up_odd(2 * p.margin + round_up(p.n, unit) + unit, unit);
    p.nbehind = p.kind == ROUND ? 2 * p.up * p.span : 0;
    if (p.kind == RHOMB)
        p.nbehind = (p.nring + BAND + 2) * p.pitch;
    p.ngroups = p.kind == BOX && height >= 3 * BAND ? (height - BAND + 1) / BAND : 0;
    p.nbehind += p.ngroups * p.pitch;
    return p;
}

static void geometry(const ppx_job *job, ppx_geometry *g, int sign) {
    const plan p = make_plan(job, sign, PLAIN);
    const ptrdiff_t n = 3 * p.span + p.nring * p.pitch + p.nbehind;
    g->up = p.up;
    g->down = p.down;
    g->border = PPX_REPLICATE;
    g->block = BLOCK;
    g->scratch_nbytes = sizeof(ring_state) + (size_t)n * ppx_type_nbytes(job->in.type);
}

// ---- Least and greatest, for each type ----

#define PIXEL uint8_t
#define LANES lanes_u8
#define NAME(function) erode_##function##_u8
#define SIGN 1
#define NEUTRAL UINT8_MAX
#define PICK(a, b) ((a) < (b) ? (a) : (b))
#define PICK_LANES(a, b) least_u8(a, b)
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL uint16_t
#define LANES lanes_u16
#define NAME(function) erode_##function##_u16
#define SIGN 1
#define NEUTRAL UINT16_MAX
#define PICK(a, b) ((a) < (b) ? (a) : (b))
#define PICK_LANES(a, b) least_u16(a, b)
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL float
#define LANES lanes_f32
#define NAME(function) erode_##function##_f32
#define SIGN 1
#define NEUTRAL INFINITY
#define PICK(a, b) ((a) < (b) ? (a) : (b))
#define PICK_LANES(a, b) least_f32(a, b)
#define FINISH(v) ((v) + 0.0f)
#include "morphology.inc.h"

#define PIXEL uint8_t
#define LANES lanes_u8
#define NAME(function) dilate_##function##_u8
#define SIGN (-1)
#define NEUTRAL 0
#define PICK(a, b) ((a) > (b) ? (a) : (b))
#define PICK_LANES(a, b) greatest_u8(a, b)
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL uint16_t
#define LANES lanes_u16
#define NAME(function) dilate_##function##_u16
#define SIGN (-1)
#define NEUTRAL 0
#define PICK(a, b) ((a) > (b) ? (a) : (b))
#define PICK_LANES(a, b) greatest_u16(a, b)
#define FINISH(v) (v)
#include "morphology.inc.h"

#define PIXEL float
#define LANES lanes_f32
#define NAME(function) dilate_##function##_f32
#define SIGN (-1)
#define NEUTRAL (-INFINITY)
#define PICK(a, b) ((a) > (b) ? (a) : (b))
#define PICK_LANES(a, b) greatest_f32(a, b)
#define FINISH(v) ((v) + 0.0f)
#include "morphology.inc.h"

// ---- Steps ----

static void erode_geometry(const ppx_job *job, ppx_geometry *g) {
    geometry(job, g, 1);
}

static void dilate_geometry(const ppx_job *job, ppx_geometry *g) {
    geometry(job, g, -1);
}

// The scratch of the second pass follows that of the first; blocks are so small that what the first
// has read and written is still near.
static void gradient_geometry(const ppx_job *job, ppx_geometry *g) {
    geometry(job, g, 1);
    const ptrdiff_t far = g->up > g->down ? g->up : g->down;
    g->up = g->down = far;
    g->scratch_nbytes *= 2;
}

typedef void pass(const plan *p, const ppx_block *block);

static void gradient(const ppx_job *job, const ppx_block *block, pass *greatest, pass *least) {
    plan p = make_plan(job, -1, PLAIN);
    greatest(&p, block);
    p = make_plan(job, 1, LESS_PIECE);
    ppx_block second = *block;
    second.scratch = (char *)block->scratch + job->geometry.scratch_nbytes / 2;
    least(&p, &second);
}

static void gradient_u8(const ppx_job *job, const ppx_block *block) {
    gradient(job, block, dilate_block_u8, erode_block_u8);
}

static void gradient_u16(const ppx_job *job, const ppx_block *block) {
    gradient(job, block, dilate_block_u16, erode_block_u16);
}

static void gradient_f32(const ppx_job *job, const ppx_block *block) {
    gradient(job, block, dilate_block_f32, erode_block_f32);
}

#define STEP(how, make, function, second)                                                          \
    {                                                                                              \
        .pattern = PPX_MAP, .geometry = how##_geometry, .map = {                                   \
            .rows = {[PPX_U8] = make##_##function##u8,                                             \
                     [PPX_U16] = make##_##function##u16,                                           \
                     [PPX_F32] = make##_##function##f32},                                          \
            .with = second                                                                         \
        }                                                                                          \
    }

static const ppx_step erode_steps[] = {STEP(erode, erode, rows_, PPX_ALONE)};
static const ppx_step dilate_steps[] = {STEP(dilate, dilate, rows_, PPX_ALONE)};
static const ppx_step open_steps[] = {
    STEP(erode, erode, rows_, PPX_ALONE),
    STEP(dilate, dilate, rows_, PPX_ALONE),
};
static const ppx_step close_steps[] = {
    STEP(dilate, dilate, rows_, PPX_ALONE),
    STEP(erode, erode, rows_, PPX_ALONE),
};
static const ppx_step gradient_steps[] = {STEP(gradient, gradient, , PPX_ALONE)};
static const ppx_step tophat_steps[] = {
    STEP(erode, erode, rows_, PPX_ALONE),
    STEP(dilate, dilate, rows_with_first_, PPX_WITH_FIRST),
};
static const ppx_step blackhat_steps[] = {
    STEP(dilate, dilate, rows_, PPX_ALONE),
    STEP(erode, erode, rows_with_first_, PPX_WITH_FIRST),
};

// ---- Kernels ----

static const ppx_param params[] = {
    [SHAPE] = {"shape", PPX_CHOICE, 0, 0, "square|rect|line|disk|diamond", "square",
               "the structuring element"},
    [RADIUS] = {"radius", PPX_INT, 0, MAX_RADIUS, NULL, "",
                "square, disk, diamond: pixels to each side (1)"},
    [RX] = {"rx", PPX_INT, 0, MAX_RADIUS, NULL, "",
            "square: to the left and right, instead of radius"},
    [RY] = {"ry", PPX_INT, 0, MAX_RADIUS, NULL, "", "square: above and below, instead of radius"},
    [WIDTH] = {"width", PPX_INT, 1, MAX_SIZE, NULL, "", "rect: pixels (even: more to the left)"},
    [HEIGHT] = {"height", PPX_INT, 1, MAX_SIZE, NULL, "", "rect: pixels (even: more above)"},
    [LENGTH] = {"length", PPX_INT, 1, MAX_SIZE, NULL, "", "line: pixels"},
    [ANGLE] = {"angle", PPX_REAL, 0, 180, NULL, "",
               "line: degrees, against the clock from the right (0)"},
};

// Which shapes take a parameter.
static const unsigned shapes_of[] = {
    [RADIUS] = 1u << SQUARE | 1u << DISK | 1u << DIAMOND,
    [RX] = 1u << SQUARE,
    [RY] = 1u << SQUARE,
    [WIDTH] = 1u << RECT,
    [HEIGHT] = 1u << RECT,
    [LENGTH] = 1u << LINE,
    [ANGLE] = 1u << LINE,
};

static ppx_status check(const ppx_job *job, ppx_error *error) {
    const ppx_value *v = job->values;
    const char *name = job->kernel->name;
    for (int k = RADIUS; k <= ANGLE; k++)
        if (v[k].given && !(shapes_of[k] >> v[SHAPE].i & 1u))
            return ppx_fail(error, PPX_E_USAGE, "%s: shape=%s does not take %s=", name,
                            v[SHAPE].text, params[k].key);
    if (v[SHAPE].i == RECT && !(v[WIDTH].given && v[HEIGHT].given))
        return ppx_fail(error, PPX_E_USAGE, "%s: shape=rect needs width= and height=", name);
    if (v[SHAPE].i == LINE && !v[LENGTH].given)
        return ppx_fail(error, PPX_E_USAGE, "%s: shape=line needs length=", name);
    return PPX_OK;
}

static size_t table_nbytes(const ppx_job *job) {
    return (size_t)count_spots(job) * sizeof(spot);
}

static void build(const ppx_job *job) {
    if (kind_of(job) == ROUND)
        list_columns(job, job->table);
    else if (kind_of(job) == SLANTED)
        list_line(job, job->table);
}

#define KERNEL(called, does, tried, step_list)                                                     \
    {                                                                                              \
        .name = called, .summary = does, .examples = tried,                                        \
        .types = PPX_TAKES_U8 | PPX_TAKES_U16 | PPX_TAKES_F32, .channels = PPX_ANY_CHANNELS,       \
        .params = params, .nparams = sizeof params / sizeof *params, .check = check,               \
        .table_nbytes = table_nbytes, .build = build, .steps = step_list,                          \
        .nsteps = sizeof step_list / sizeof *step_list                                             \
    }

const ppx_kernel PPX_KERNEL(erode) =
    KERNEL("erode", "the least sample of a structuring element around each pixel",
           "erode:radius=1 erode:radius=7 erode:rx=3,ry=0 erode:rx=0,ry=9 erode:radius=70 "
           "erode:shape=rect,width=4,height=6 erode:shape=disk,radius=5 "
           "erode:shape=line,length=12,angle=30",
           erode_steps);

const ppx_kernel PPX_KERNEL(dilate) =
    KERNEL("dilate", "the greatest sample of a structuring element around each pixel",
           "dilate:radius=1 dilate:radius=7 dilate:rx=0,ry=70 dilate:shape=rect,width=6,height=4 "
           "dilate:shape=diamond,radius=4 dilate:shape=disk,radius=20 "
           "dilate:shape=line,length=9,angle=110",
           dilate_steps);

const ppx_kernel PPX_KERNEL(open) =
    KERNEL("open", "erode, then dilate: what the element fits into",
           "open:radius=2 open:shape=rect,width=2,height=5 open:shape=disk,radius=3", open_steps);

const ppx_kernel PPX_KERNEL(close) =
    KERNEL("close", "dilate, then erode: fills what the element does not fit into",
           "close:radius=2 close:shape=rect,width=5,height=2 close:shape=line,length=6,angle=45",
           close_steps);

const ppx_kernel PPX_KERNEL(gradient_m) =
    KERNEL("gradient-m", "dilate less erode: the morphological gradient",
           "gradient-m:radius=1 gradient-m:ry=40 gradient-m:shape=disk,radius=4 "
           "gradient-m:shape=line,length=8,angle=60",
           gradient_steps);

const ppx_kernel PPX_KERNEL(tophat) = KERNEL("tophat",
                                             "the image less open: what is light and narrow",
                                             "tophat:radius=3 tophat:shape=diamond,radius=2",
                                             tophat_steps);

const ppx_kernel
    PPX_KERNEL(blackhat) = KERNEL("blackhat", "close less the image: what is dark and narrow",
                                  "blackhat:radius=3 blackhat:shape=line,length=5,angle=135",
                                  blackhat_steps);
