// runner.h: the contract between the executor (run.c) and the runners.
//
// A runner carries out one step over the band that this worker holds. The serial runner is in
// kernels/, threads in omp/, ranks in mpi/; the last one is given an inner runner, which does the
// work on a rank. What a pattern needs from beyond the band comes in through callbacks ("across"),
// so that the inner runner never knows of ranks: without a callback the band is the whole image.
#ifndef PPX_RUNNER_H
#define PPX_RUNNER_H

#include "kernel.h"

// Input rows of a map: our own, and rows of others that an exchange has brought, ascending by y.
typedef struct ppx_source {
    const ppx_image *own;
    ptrdiff_t y0; // of our own first row
    const ppx_image *far;
    const ptrdiff_t *far_y;
    ptrdiff_t nfar;
} ppx_source;

const void *ppx_source_row(const ppx_source *source, ptrdiff_t y);

// Maps that run as one: each takes the rows that the one before makes, through a ring of lines, so
// that the image is read once and written once.
typedef struct ppx_stage {
    ppx_job job;
    const ppx_map *map;
    ppx_source with; // of its second input, own is NULL where there is none
} ppx_stage;

enum { PPX_MAX_STAGES = 8 };
typedef struct ppx_stages {
    int n; // at least 1
    ppx_stage at[PPX_MAX_STAGES];
} ppx_stages;

// The shape that comes out.
static inline ppx_shape ppx_stages_out(const ppx_stages *stages) {
    return stages->at[stages->n - 1].job.geometry.out;
}

// Carry from all bands above (below, for an upward scan), given the total of this one. Called on
// every rank, also on one whose work has failed so far: `status` says so, and the verdict that
// returns is the same on all.
typedef struct ppx_scan_across {
    void *context;
    ppx_status (*carry)(void *context, ppx_status status, const ppx_scan *scan,
                        const uint32_t *total, uint32_t *before, size_t n, ppx_error *error);
} ppx_scan_across;

// The components of a band after its pieces were joined: number[offset[p] + k] is the number of
// component k of piece p among the n of the band (later: of the image).
typedef struct ppx_joined {
    int npieces;
    ppx_piece *pieces;
    size_t *offset; // npieces + 1
    uint32_t *number;
    size_t n;
    ppx_pool records; // n of them
} ppx_joined;

// Joins the band with its neighbours: renumbers (with values, where the join has them), and
// replaces n and records by the whole image's where job->sink is set. Called on every rank, as
// above.
typedef struct ppx_join_across {
    void *context;
    ppx_status (*join)(void *context, ppx_status status, const ppx_job *job, const ppx_join *join,
                       ppx_joined *joined, ppx_error *error);
} ppx_join_across;

// The line of a wavefront between bands, words [from, to) of it at a time: comes from the band
// above when `receive`, goes to the one below otherwise; nothing happens where there is none.
// Before that all agree; a band without rows hands nothing on and is passed over.
typedef struct ppx_wavefront_across {
    void *context;
    ppx_status (*agree)(void *context, ppx_status status, ppx_error *error);
    void (*hand)(void *context, bool receive, int32_t *line, size_t from, size_t to);
} ppx_wavefront_across;

// Shows the border rows of a band at rest to its neighbours, and theirs to it: NULL where there are
// none, or no other ones than last time. *again: some band has news, and all call once more when
// they are at rest. Called on every rank, as above; *again is false where the verdict is a failure.
typedef struct ppx_settle_across {
    void *context;
    ppx_status (*show)(void *context, ppx_status status, const ppx_image *state, const void **above,
                       const void **below, bool *again, ppx_error *error);
} ppx_settle_across;

struct ppx_runner {
    const char *name;
    void *context;

    // Output rows [y0, y1), which lie in the band out.
    ppx_status (*map)(const ppx_runner *runner, const ppx_stages *stages, const ppx_source *in,
                      const ppx_band *out, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error);
    // Adds the contribution of rows [y0, y1) to the counters.
    ppx_status (*reduce)(const ppx_runner *runner, const ppx_job *job, const ppx_reduce *reduce,
                         const ppx_source *in, ptrdiff_t y0, ptrdiff_t y1, uint64_t *counters,
                         ppx_error *error);
    ppx_status (*scan)(const ppx_runner *runner, const ppx_job *job, const ppx_scan *scan,
                       const ppx_band *in, const ppx_band *out, const ppx_scan_across *across,
                       ppx_error *error);
    ppx_status (*join)(const ppx_runner *runner, const ppx_job *job, const ppx_join *join,
                       const ppx_band *in, const ppx_band *out, const ppx_join_across *across,
                       ppx_error *error);
    ppx_status (*wavefront)(const ppx_runner *runner, const ppx_job *job,
                            const ppx_wavefront *wavefront, const ppx_band *in, const ppx_band *out,
                            const ppx_wavefront_across *across, ppx_error *error);
    // The second image is NULL where there is none.
    ppx_status (*settle)(const ppx_runner *runner, const ppx_job *job, const ppx_settle *settle,
                         const ppx_band *in, const ppx_band *with, const ppx_band *out,
                         const ppx_settle_across *across, ppx_error *error);

    // The columns of the band `in` that are rows of `out`: row k of its rows is column out->y0 + k.
    ppx_status (*transpose)(const ppx_runner *runner, const ppx_job *job,
                            const ppx_transpose *transpose, const ppx_band *in, const ppx_band *out,
                            ppx_error *error);

    // Ranks only, NULL elsewhere. The rows of an image of that height that this worker owns; the
    // bytes of rank 0 given to all; one verdict of all (the first failing rank's, with its text);
    // seconds spent on messages so far.
    void (*band)(const ppx_runner *runner, ptrdiff_t height, ptrdiff_t *y0, ptrdiff_t *y1);
    ppx_status (*share)(const ppx_runner *runner, void *bytes, size_t nbytes, ppx_error *error);
    ppx_status (*agree)(const ppx_runner *runner, ppx_status status, ppx_error *error);
    double (*exchanged)(const ppx_runner *runner);
    int rank;
};

// ---- What runners share -------------------------------------------------------------------------

static inline ptrdiff_t ppx_strip_count(ptrdiff_t nrows) {
    return (nrows + PPX_STRIP - 1) / PPX_STRIP;
}

// The row that the border rule puts at y (any y); -1 where it is the fill of PPX_CONSTANT.
ptrdiff_t ppx_border_row(ppx_border border, ptrdiff_t y, ptrdiff_t height);

// The raw input interval [*a, *b) of output rows [y0, y1); rows outside of the image go through
// ppx_border_row.
void ppx_stages_needs(const ppx_stages *stages, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                      ptrdiff_t *b);
// The rows [*from, *to) within the image that the border rule makes of the interval [a, b). Not for
// PPX_WRAP, where they need not lie together.
void ppx_border_span(ppx_border border, ptrdiff_t a, ptrdiff_t b, ptrdiff_t height, ptrdiff_t *from,
                     ptrdiff_t *to);

// One worker of maps: its padded lines and scratch, touched first by the thread that opens it.
typedef struct ppx_feed ppx_feed;
ppx_status ppx_feed_open(ppx_feed **feed, const ppx_stages *stages, const ppx_source *in,
                         const ppx_band *out, ppx_error *error);
// Makes output rows [y0, y1). Going on where the last call ended is cheaper than jumping.
ppx_status ppx_feed_rows(ppx_feed *feed, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error);
void ppx_feed_close(ppx_feed *feed);

// Adds the rows of one strip, from y on and below y1, to the counters of a worker.
void ppx_reduce_strip(const ppx_job *job, const ppx_reduce *reduce, const ppx_source *in,
                      ptrdiff_t y, ptrdiff_t y1, uint64_t *counters, void *scratch);

// Pointers to the rows [y0, y0 + nrows) of a band; at most PPX_STRIP of them.
void ppx_band_rows(const ppx_band *band, ptrdiff_t y0, ptrdiff_t nrows, void *rows[PPX_STRIP]);

// A band's wavefront: the line, and a state for each strip. Blocks are as wide as a strip is high:
// two blocks behind the strip above, a strip finds its columns of the line.
enum { PPX_FRONT_LAG = 2 };
typedef struct ppx_front {
    const ppx_job *job;
    const ppx_wavefront *wavefront;
    const ppx_band *in, *out;
    int32_t *line;
    char *states;
    size_t state_nbytes;
    ptrdiff_t nstates, nstrips, nblocks; // nstates: 1, or a state for each strip
} ppx_front;

ppx_status ppx_front_create(ppx_front *front, const ppx_job *job, const ppx_wavefront *wavefront,
                            const ppx_band *in, const ppx_band *out, bool at_once,
                            ppx_error *error);
void ppx_front_free(ppx_front *front);
// Strip by strip, or row by row: the serial order.
void ppx_front_in_order(const ppx_front *front);
// Strips may go on at once: in step d, strip s makes block d - s * PPX_FRONT_LAG, if there is one.
ptrdiff_t ppx_front_steps(const ppx_front *front);
void ppx_front_tile(const ppx_front *front, ptrdiff_t step, ptrdiff_t strip);
// Before a step's first strip: what it needs from above. After its last: what is ready for below.
void ppx_front_receive(const ppx_front *front, ptrdiff_t step, const ppx_wavefront_across *across);
void ppx_front_send(const ppx_front *front, ptrdiff_t step, const ppx_wavefront_across *across);

// Pairs of component ids that are one, and what follows from them. Ids count through all pieces (or
// bands) in raster order, so that the smallest id of a component is that of its first pixel.
typedef struct ppx_pair {
    uint64_t a, b;
} ppx_pair;

typedef struct ppx_pairs {
    ppx_pool pool; // of ppx_pair
    size_t n;
} ppx_pairs;

ppx_status ppx_pairs_add(ppx_pairs *pairs, uint64_t a, uint64_t b, ppx_error *error);
// Replaces the pairs by one pair (id, root) for each id that is not the smallest of its component,
// ascending by id.
ppx_status ppx_pairs_resolve(ppx_pairs *pairs, ppx_error *error);
// The ids that occur in pairs, ascending; returns how many. There must be room for 2 * pairs->n.
size_t ppx_pairs_ids(const ppx_pairs *pairs, uint64_t *ids);
// Where one of them is among them.
size_t ppx_pairs_index(const uint64_t *ids, size_t n, uint64_t id);
// After resolve: the number of an id's component, counted from 0 by first pixel.
uint64_t ppx_pairs_number(const ppx_pairs *resolved, uint64_t id);
void ppx_pairs_free(ppx_pairs *pairs);

// Cuts a band into contiguous runs of strips, at most `most` of them; none if it has no rows.
ppx_status ppx_pieces_create(ppx_piece **pieces, int *npieces, const ppx_band *band, int most,
                             ppx_error *error);
void ppx_pieces_free(ppx_piece *pieces, int npieces);
// What a piece settles on, for its first call.
ppx_region ppx_region_of(const ppx_piece *piece, const ppx_band *in, const ppx_band *with,
                         const ppx_band *out);

// Labels pieces one by one or in parallel through `local`, then joins them: seams, numbers,
// records.
ppx_status ppx_joined_create(ppx_joined *joined, const ppx_band *in, int npieces, ppx_error *error);
ppx_status ppx_joined_resolve(ppx_joined *joined, const ppx_job *job, const ppx_join *join,
                              ppx_error *error);
// Replaces numbers by values, where the join has them; for a band that is the whole image.
void ppx_joined_values(ppx_joined *joined, const ppx_job *job, const ppx_join *join);
// The ids (of the band) along the band's first or last row; PPX_NO_COMPONENT where there is none.
void ppx_joined_edge(const ppx_joined *joined, const ppx_job *job, const ppx_join *join, bool last,
                     uint32_t *ids);
void ppx_joined_free(ppx_joined *joined);

#endif
