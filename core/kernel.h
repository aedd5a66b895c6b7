// kernel.h: the contract between kernels and runners.
//
// A kernel is a list of steps, each of one pattern. A runner knows patterns, never kernels; a
// kernel knows rows, never who runs it. What a pattern demands of a kernel is in the structs below;
// how a step's strips depend on each other is in docs/design.md.
//
// Rules for every function of a kernel. It allocates nothing, prints nothing and keeps no state
// outside of what it is handed. Its result depends on the pixels and their global coordinates
// alone: integers, or floats in a fixed order per pixel. Sums over pixels are integers. The table
// is flat memory without pointers: it is built on one rank and sent to the others as bytes.
#ifndef PPX_KERNEL_H
#define PPX_KERNEL_H

#include "parpix.h"

enum { PPX_MAX_PARAMS = 12 };

typedef struct ppx_value {
    bool given;       // by the user (defaults are parsed too, but not "given")
    int64_t i;        // PPX_INT; PPX_CHOICE: index among the choices
    double d;         // PPX_INT and PPX_REAL; the number of a choice that takes one
    const char *text; // as typed; PPX_FILE: the content of the file; PPX_IMAGE: its path
} ppx_value;

// What lies outside of the image.
typedef enum ppx_border {
    PPX_REPLICATE, // aaa|abcd|ddd
    PPX_REFLECT,   // dcb|abcd|cba, the edge is not repeated
    PPX_WRAP,      // bcd|abcd|abc
    PPX_CONSTANT,  // the geometry's fill
} ppx_border;
// A parameter row for kernels that offer the choice; value.i is then a ppx_border.
#define PPX_PARAM_BORDER                                                                           \
    {                                                                                              \
        "border", PPX_CHOICE, 0, 0, "replicate|reflect|wrap|constant", "replicate",                \
            "what lies outside of the image (constant is 0)"                                       \
    }

// What one step does to the shape, and what it needs. Set to "pointwise, same shape" before the
// step's geometry function sees it.
typedef struct ppx_geometry {
    ppx_shape out;
    ptrdiff_t up, down;    // rows above and below that are read; a reduce has none above
    ptrdiff_t side;        // map: columns to the left and to the right, in pixels
    ppx_border border;     // for up, down and side
    double fill;           // the sample that PPX_CONSTANT puts there
    size_t scratch_nbytes; // for a worker
    ptrdiff_t block;       // map: rows in a call at most; 0: the runner's choice, PPX_STRIP at most
    bool keep_alpha;       // map: the runner copies alpha from the input (default true)
    bool anchored;         // map: inexact state begins anew at strips, so fresh blocks do too
    size_t ncounters;      // reduce: 64-bit counters
    size_t ncarry;         // scan: 32-bit words handed from strip to strip; wavefront: of the line
    bool in_order;         // wavefront: rows one after the other, each from end to end
} ppx_geometry;

typedef struct ppx_job {
    const ppx_kernel *kernel;
    int turn;                // of the loop that the step is in, from 0
    const ppx_value *values; // one for each parameter, in the kernel's order
    // The image that a parameter names: this worker's rows of it, or all (ppx_second says which).
    // NULL: none, or not yet read: check and geometry are called without it first, and again with
    // it.
    const ppx_band *second;
    ppx_shape first;       // what the kernel's first step takes
    ppx_shape in;          // of this step: the whole image, not a band
    ppx_geometry geometry; // of this step
    void *table;           // of the kernel, shared by its steps
    const ppx_sink *sink;  // where findings go; NULL on all ranks but the first
    bool findings;         // wanted, by a sink on some rank or (records of a join) by `value`
    ppx_trace *trace;      // for runners: where they note what they do; may be NULL
} ppx_job;

// ---- map: output rows from input rows -----------------------------------------------------------

// Output rows [y, y + nrows). in[i + dy] is the input row for output row i at offset dy in
// [-up, down], readable from pixel -side to width + side (borders are already in place); where side
// is not 0, 64 bytes more on each side may be read, their content is undefined. Channels are
// interleaved: the neighbour of sample k is k - channels. out[i] takes exactly width * channels
// samples. A block that is not fresh continues the last one of the same worker: its y is that one's
// y + nrows, and scratch is as it was left; only exact (integer) state may be carried on like that.
// A block may begin at any row and have any number of them, unless the geometry is anchored.
typedef struct ppx_block {
    ptrdiff_t y, nrows;
    bool fresh;
    const void *const *in;
    const void *const *with; // rows of the second input, if the map has one
    void *const *out;
    void *scratch; // aligned to 64 bytes
    // The output goes to an image that is larger than a cache and is not read soon. A kernel that
    // waits for memory may store past the caches: a line that is written as a whole need not be
    // read before.
    bool far;
} ppx_block;

typedef void ppx_rows(const ppx_job *job, const ppx_block *block);

// A second input of a map. The kernel's own first input: with[i] is its row for output row i, as it
// lies (nothing beyond its edges), and its shape is job->first. An image that a parameter of kind
// PPX_IMAGE names (and PPX_ALIKE): it has the shape of job->first, which is then the step's input
// shape too, and with[i + dy] is handed out exactly as in[i + dy] is.
typedef enum ppx_with { PPX_ALONE, PPX_WITH_FIRST, PPX_WITH_IMAGE } ppx_with;

typedef struct ppx_map {
    ppx_rows *rows[PPX_NTYPES]; // by input type; NULL: not for that type
    ppx_with with;
    // For maps whose input rows are not simply around the output rows (a flip, a resize): the input
    // interval [*a, *b) that output rows [y0, y1) read. in[0] of a block is then row *a of that
    // block's interval; up, down and side must be 0. NULL: [y0 - up, y1 + down).
    void (*needs)(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a, ptrdiff_t *b);
} ppx_map;

// ---- reduce: counters over all pixels, added up -------------------------------------------------

enum { PPX_MOST_DOWN = PPX_STRIP }; // rows below that a reduce may read

typedef struct ppx_reduce {
    // Adds rows [y, y + nrows), of job->in.width pixels, to the counters. The `down` rows of the
    // geometry that follow are in the table too, as far as the image has them: a pair of pixels is
    // counted at its upper one. Scratch is zero on the first call and must be left as it may be
    // found again.
    void (*add[PPX_NTYPES])(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                            ptrdiff_t nrows, uint64_t *counters, void *scratch);
    // Draws the conclusion into job->table; every rank does, from equal counters.
    void (*finish)(const ppx_job *job, const uint64_t *counters);
    // Asked after finish, on every rank: whether the table says that the kernel cannot go on. May
    // be NULL.
    ppx_status (*verdict)(const ppx_job *job, ppx_error *error);
} ppx_reduce;

// ---- scan: a carry from all strips above, or from all below -------------------------------------

// Carries are vectors of uint32_t; the first is all zero.
typedef enum ppx_carry {
    PPX_CARRY_SUM, // combined by addition modulo 2^32
    PPX_CARRY_MAX, // by maximum
} ppx_carry;

typedef struct ppx_scan {
    ppx_carry carry;
    bool upward; // strips come from the last to the first, and the carry from those below
    // Combines the contribution of rows [y, y + nrows), the next in the order of the scan, with the
    // carry of the strips that come after them, without writing output.
    void (*summarise[PPX_NTYPES])(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                                  ptrdiff_t nrows, uint32_t *carry);
    // Writes output rows [y, y + nrows) from that carry, and moves the carry on. Scratch is aligned
    // to 64 bytes, its content undefined.
    void (*sweep[PPX_NTYPES])(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                              ptrdiff_t nrows, uint32_t *carry, void *const *out, void *scratch);
} ppx_scan;

// ---- join: components across borders ------------------------------------------------------------

// What a worker knows of a contiguous run of rows (a piece): its components, numbered 0..n-1 by
// first pixel in raster order, with one record each (none where the job wants no findings). Buffers
// grow through ppx_pool_reserve.
typedef struct ppx_pool {
    void *data;
    size_t nbytes;
} ppx_pool;

typedef struct ppx_piece {
    ptrdiff_t y0, nrows;
    size_t ncomponents;
    ppx_pool records; // ncomponents * record_nbytes
    ppx_pool a, b, c; // the kernel's own: runs, parents, rows
} ppx_piece;

// Tells that component `above` of the upper piece and `below` of the lower are one.
typedef struct ppx_seam {
    void *context;
    ppx_status (*join)(void *context, uint32_t above, uint32_t below);
} ppx_seam;

#define PPX_NO_COMPONENT UINT32_MAX

typedef struct ppx_join {
    size_t record_nbytes;
    ppx_status (*local[PPX_NTYPES])(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                                    ppx_error *error);
    // The components along the piece's first or last row, one for each pixel of the output's rows,
    // or PPX_NO_COMPONENT.
    void (*edge)(const ppx_job *job, const ppx_piece *piece, bool last, uint32_t *ids);
    // Compares the last row of one piece with the first of the next.
    ppx_status (*seam)(const ppx_job *job, const uint32_t *above, const uint32_t *below,
                       const ppx_seam *seam);
    // Adds to the records of the lower piece (of its component k: records + k * record_nbytes) what
    // pixels on both sides of the seam bring, so that the sum over both pieces is right. The rows
    // are those of `seam`. May be NULL.
    void (*mend)(const ppx_job *job, const uint32_t *above, const uint32_t *below, void *records);
    // Of two records, in any order: sums, least and most.
    void (*merge)(const ppx_job *job, void *into, const void *from);
    // What `paint` is to know of a component, from its record over the whole image and its number.
    // Records are then kept with a sink or without. NULL: the number itself.
    uint32_t (*value)(const ppx_job *job, const void *record, uint32_t number);
    // Writes rows [y, y + nrows) of the output (global rows, within the piece); component k of the
    // piece is component number[k] of the image, counted from 0 by first pixel in raster order; or
    // number[k] is its value, where the join has them.
    void (*paint)(const ppx_job *job, const ppx_piece *piece, const uint32_t *number, ptrdiff_t y,
                  ptrdiff_t nrows, void *const *out);
    // All records of the image in final order. Called where job->sink is not NULL. May be NULL.
    void (*report)(const ppx_job *job, const void *records, size_t n);
} ppx_join;

// ---- wavefront: a pixel after those to the left and above ---------------------------------------

// All that rows hand down is one line of ncarry 32-bit words for the whole image, zero above the
// first row: a row reads what the one above left of its columns there, and leaves its own in the
// same place, at most one column behind the one that it is at. So a row may follow the one above at
// a distance of a column, and blocks of columns that lean by one column a row can go on in many
// strips at once.
typedef struct ppx_wavefront {
    // Makes of row y + k, k below nrows, the columns [x0 - k, x1 - k) that the image has, one row
    // after the other. A strip's blocks come from left to right: x0 is 0 at first and then the last
    // x1; state is geometry.scratch_nbytes, zero before the first of them. Where rows go in order,
    // nrows is 1 and the columns are all: a row may then begin at its right end.
    void (*tile[PPX_NTYPES])(const ppx_job *job, const void *const *in, ptrdiff_t y,
                             ptrdiff_t nrows, ptrdiff_t x0, ptrdiff_t x1, int32_t *line,
                             void *state, void *const *out);
} ppx_wavefront;

// ---- settle: a fixed point ----------------------------------------------------------------------

// The output is a state that updates carry on until none is left: each moves a sample in one
// direction only, as far as the inputs of its pixel and the states of the 8 neighbours demand. Then
// the state that is left at the end is the same in whatever order they come (Tarski 1955), so
// pieces may come to rest by themselves and look again when a neighbour's border has changed. These
// are the rows of one piece.
typedef struct ppx_region {
    ppx_image in, state;
    ppx_image with;            // data is NULL where there is no second image
    const void *above, *below; // the state's row next to the piece, if it is news, else NULL
    bool fresh; // the first call: state is undefined, nothing lies above or below yet
} ppx_region;

typedef struct ppx_settle {
    // The kernel's own first input, or the image that a parameter names (not PPX_ANY_SIZE), if so.
    ppx_with with;
    // Brings a piece to rest, by input type: to where no update is left within it or from the rows
    // above and below. What is unknown or outside of the image demands nothing. The piece's pools
    // a, b and c are the kernel's own and stay from call to call.
    ppx_status (*rest[PPX_NTYPES])(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                                   ppx_error *error);
} ppx_settle;

// ---- transpose: columns become rows -------------------------------------------------------------

// out(x, y) = in(y, x): width and height change places without a word of the kernel.
typedef struct ppx_transpose {
    // Writes `out`, any number of rows: the columns of `in` from x0 on, in->shape.height pixels of
    // each. Pixels are moved whole, with all their channels.
    void (*rows)(const ppx_image *in, ptrdiff_t x0, const ppx_image *out);
} ppx_transpose;

// ---- Steps and kernels --------------------------------------------------------------------------

// What the image must be like that a parameter of kind PPX_IMAGE names (a kernel has at most one;
// with "" for a default it may be left out).
typedef enum ppx_second {
    PPX_ALIKE,     // the kernel's first input, in size, channels and type
    PPX_SAME_SIZE, // of its width and height, one channel, of a type in second_types
    PPX_ANY_SIZE,  // of its channels and type; every worker has the whole of it
} ppx_second;

typedef enum ppx_pattern {
    PPX_MAP,
    PPX_REDUCE,
    PPX_SCAN,
    PPX_JOIN,
    PPX_WAVEFRONT,
    PPX_SETTLE,
    PPX_TRANSPOSE
} ppx_pattern;

typedef struct ppx_step {
    ppx_pattern pattern;
    // NULL: pointwise, same shape. Called before there is a table.
    void (*geometry)(const ppx_job *job, ppx_geometry *g);
    union {
        ppx_map map;
        ppx_reduce reduce; // passes its input on unchanged
        ppx_scan scan;
        ppx_join join;
        ppx_wavefront wavefront;
        ppx_settle settle;
        ppx_transpose transpose; // needs no geometry
    };
} ppx_step;

struct ppx_kernel {
    const char *name;
    const char *summary; // one line
    // Specs that exercise it, separated by spaces: every kind of parameter, radii beyond a strip.
    // `parpix verify` and the tests run them (and each with every border, where there is a choice).
    const char *examples;
    unsigned types;    // PPX_TAKES_U8 | ...: of the input
    unsigned channels; // PPX_ANY_CHANNELS or a sum of 1 << channels
    ppx_second second; // where a parameter names an image
    unsigned second_types;
    const ppx_param *params;
    int nparams;
    // Parameters that are in range one by one but not together, or not for this shape, or a second
    // image that does not do. May be NULL.
    ppx_status (*check)(const ppx_job *job, ppx_error *error);
    size_t (*table_nbytes)(const ppx_job *job); // NULL: no table
    void (*build)(const ppx_job *job);          // fills job->table, zeroed before; may be NULL
    const ppx_step *steps;
    int nsteps;
    // iterate: steps [loop_from, loop_to) run for turn 0, 1, ... as long as again() says so. A
    // reduce among them can put into the table what again() decides by; true for turn 0 at most
    // leaves out steps that the parameters make needless. Without a loop again is
    // NULL. Where the kernel has a table, its loop keeps the shape.
    int loop_from, loop_to;
    bool (*again)(const ppx_job *job, int turn);
    void (*report)(const ppx_job *job); // findings in the table, to job->sink; may be NULL
};

enum {
    PPX_TAKES_U8 = 1u << PPX_U8,
    PPX_TAKES_U16 = 1u << PPX_U16,
    PPX_TAKES_U32 = 1u << PPX_U32,
    PPX_TAKES_F32 = 1u << PPX_F32,
    PPX_ANY_CHANNELS = 2u | 4u | 8u | 16u,
    PPX_ONE_CHANNEL = 2u,
};

// Kernel files are compiled once for each instruction-set level, and their names carry it: a kernel
// file ends with `const ppx_kernel PPX_KERNEL(invert) = {...}` and kernels/list.c names it.
#ifndef PPX_LEVEL
#define PPX_LEVEL baseline
#endif
#define PPX_PASTE3(a, b, c) a##b##_##c
#define PPX_PASTE(a, b, c) PPX_PASTE3(a, b, c)
#define PPX_KERNEL(name) PPX_PASTE(ppx_kernel_, name, PPX_LEVEL)

// ---- Help for kernels ---------------------------------------------------------------------------

// Makes room for nbytes, keeping what is there; capacity at least doubles.
ppx_status ppx_pool_reserve(ppx_pool *pool, size_t nbytes, ppx_error *error);
void ppx_pool_free(ppx_pool *pool);
void ppx_piece_free(ppx_piece *piece);

// The largest sample of an integer type: 255, 65535, 2^32 - 1; 1 for f32.
double ppx_type_most(ppx_type type);

// Fills `side` pixels on each side of a row of `width` pixels by the border rule.
void ppx_row_extend(void *row, ptrdiff_t width, int channels, ppx_type type, ptrdiff_t side,
                    ppx_border border, double fill);

#endif
