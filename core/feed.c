// feed.c: what stands between map kernels and the image.
//
// A worker holds a window (window.c) for each stage. The last stage is asked for output rows, block
// by block; a stage that needs rows which its window does not hold has the stage before make them,
// in the window's own lines. A worker that goes on where it ended makes every row of every stage
// once; one that jumps makes the rows around its new place again, which costs time and changes
// nothing, because a kernel's rows depend on global coordinates alone.
#include <string.h>

#include "memory.h"
#include "window.h"

// An output of so many bytes will not be in a cache when somebody reads it.
static const size_t FAR_NBYTES = (size_t)8 << 20;

typedef struct ppx_lane { // of a stage
    const ppx_stage *stage;
    ppx_rows *rows;
    ptrdiff_t block;  // rows in a call at most
    ptrdiff_t next_y; // where the last block ended, -1 at first
    ptrdiff_t end;    // of the rows that this call of the worker will need
    ppx_window in, with;
    void *out_rows[PPX_STRIP];
    void *scratch;
} ppx_lane;

struct ppx_feed {
    const ppx_band *out;
    int n;
    ppx_lane lanes[PPX_MAX_STAGES];
};

const void *ppx_source_row(const ppx_source *source, ptrdiff_t y) {
    ptrdiff_t own = y - source->y0;
    if (own >= 0 && own < source->own->shape.height)
        return ppx_image_row(source->own, own);
    ptrdiff_t low = 0, high = source->nfar;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (source->far_y[middle] < y)
            low = middle + 1;
        else
            high = middle;
    }
    PPX_ASSERT(low < source->nfar && source->far_y[low] == y);
    return ppx_image_row(source->far, low);
}

static void map_needs(const ppx_stage *stage, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                      ptrdiff_t *b) {
    const ppx_geometry *g = &stage->job.geometry;
    *a = y0 - g->up;
    *b = y1 + g->down;
    if (stage->map->needs)
        stage->map->needs(&stage->job, y0, y1, a, b);
}

// The rows within the image that a stage after the first reads.
static void stage_needs(const ppx_stage *stage, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *from,
                        ptrdiff_t *to) {
    ptrdiff_t a, b;
    map_needs(stage, y0, y1, &a, &b);
    if (stage->job.geometry.border == PPX_WRAP) { // with a halo it would not be here
        *from = a;
        *to = b;
    } else {
        ppx_border_span(stage->job.geometry.border, a, b, stage->job.in.height, from, to);
    }
}

void ppx_stages_needs(const ppx_stages *stages, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                      ptrdiff_t *b) {
    for (int s = stages->n - 1; s > 0; s--)
        stage_needs(&stages->at[s], y0, y1, &y0, &y1);
    map_needs(&stages->at[0], y0, y1, a, b);
}

// A second image that was left out is none.
static ppx_with with_of(const ppx_stage *stage) {
    const ppx_with with = stage->map->with;
    return with == PPX_WITH_IMAGE && !stage->with.own ? PPX_ALONE : with;
}

static ppx_status open_lane(ppx_feed *feed, const ppx_stage *stage, const ppx_source *in,
                            ppx_error *error) {
    const ppx_job *job = &stage->job;
    const ppx_geometry *g = &job->geometry;
    bool interval = stage->map->needs != NULL;
    PPX_ASSERT(!interval || (!g->side && !g->up && !g->down)); // rows of an interval are not copied
    PPX_ASSERT(!g->keep_alpha || job->in.channels % 2 ||
               (g->out.type == job->in.type && g->out.channels == job->in.channels));
    ptrdiff_t before = feed->n ? feed->lanes[feed->n - 1].block : 0;
    ppx_lane *lane = &feed->lanes[feed->n++];
    lane->stage = stage;
    lane->rows = stage->map->rows[job->in.type];
    lane->block = g->block ? g->block : 16;
    lane->block = lane->block < PPX_STRIP ? lane->block : PPX_STRIP;
    lane->next_y = -1;
    ptrdiff_t most = g->up + lane->block + g->down + before;
    ppx_status status = ppx_window_open(&lane->in, job->in, g, in, most, error);
    if (!status && stage->map->with == PPX_WITH_FIRST)
        status =
            ppx_window_open(&lane->with, job->first, &(ppx_geometry){0}, &stage->with, 0, error);
    else if (!status && with_of(stage) == PPX_WITH_IMAGE)
        status = ppx_window_open(&lane->with, job->in, g, &stage->with, most, error);
    if (!status && g->scratch_nbytes)
        status = ppx_alloc_array(&lane->scratch, 1, g->scratch_nbytes, "scratch", error);
    return status;
}

ppx_status ppx_feed_open(ppx_feed **opened, const ppx_stages *stages, const ppx_source *in,
                         const ppx_band *out, ppx_error *error) {
    *opened = NULL;
    ppx_feed *feed = NULL;
    ppx_status status = ppx_alloc_array((void **)&feed, 1, sizeof *feed, "a worker", error);
    if (status)
        return status;
    feed->out = out;
    for (int s = 0; !status && s < stages->n; s++)
        status = open_lane(feed, &stages->at[s], s ? NULL : in, error);
    if (status)
        ppx_feed_close(feed);
    else
        *opened = feed;
    return status;
}

void ppx_feed_close(ppx_feed *feed) {
    if (!feed)
        return;
    for (int s = 0; s < feed->n; s++) {
        ppx_window_close(&feed->lanes[s].in);
        ppx_window_close(&feed->lanes[s].with);
        ppx_free(feed->lanes[s].scratch);
    }
    ppx_free(feed);
}

// Alpha is the last channel of 2 or 4: it goes from the input pixel to the output pixel.
static void copy_alpha(const ppx_job *job, void *to, const void *from) {
    ptrdiff_t step = job->in.channels, n = job->in.width;
#define COPY_ALPHA(type)                                                                           \
    for (ptrdiff_t x = 0; x < n; x++)                                                              \
    ((type *)to)[x * step + step - 1] = ((const type *)from)[x * step + step - 1]
    switch (ppx_type_nbytes(job->in.type)) {
    case 1:
        COPY_ALPHA(uint8_t);
        break;
    case 2:
        COPY_ALPHA(uint16_t);
        break;
    default:
        COPY_ALPHA(uint32_t);
        break;
    }
#undef COPY_ALPHA
}

static ppx_status make_rows(ppx_feed *feed, int s, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error);

// The rows that a stage reads for output rows [y, y + nrows), in block->in and block->with.
static ppx_status gather(ppx_feed *feed, int s, ppx_block *block, ppx_error *error) {
    ppx_lane *lane = &feed->lanes[s];
    const ppx_geometry *g = &lane->stage->job.geometry;
    const ppx_with with = with_of(lane->stage);
    ppx_status status = PPX_OK;
    ptrdiff_t a, b, from, to;
    map_needs(lane->stage, block->y, block->y + block->nrows, &a, &b);
    if (s == 0) {
        ppx_window_move(&lane->in, a, b);
    } else {
        const ppx_lane *before = &feed->lanes[s - 1];
        ppx_window_want(&lane->in, a, b, before->block, before->end, &from, &to);
        status = make_rows(feed, s - 1, from, to, error);
    }
    if (!status)
        status = ppx_window_show(&lane->in, a, b, &block->in, error);
    if (status)
        return status;
    block->in += lane->stage->map->needs ? 0 : g->up;
    if (with == PPX_WITH_FIRST)
        return ppx_window_show(&lane->with, block->y, block->y + block->nrows, &block->with, error);
    if (with == PPX_WITH_IMAGE) {
        ppx_window_move(&lane->with, a, b);
        status = ppx_window_show(&lane->with, a, b, &block->with, error);
        block->with = status ? NULL : block->with + g->up;
    }
    return status;
}

// Rows [y0, y1) of a stage's output: into the band, or into the window of the stage after it.
static ppx_status make_rows(ppx_feed *feed, int s, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error) {
    ppx_lane *lane = &feed->lanes[s];
    const ppx_job *job = &lane->stage->job;
    const ppx_window *next = s + 1 < feed->n ? &feed->lanes[s + 1].in : NULL;
    const ppx_image *image = &feed->out->rows;
    bool alpha = job->geometry.keep_alpha && job->in.channels % 2 == 0;
    bool far = !next && !alpha && (size_t)image->stride * (size_t)image->shape.height >= FAR_NBYTES;
    for (ptrdiff_t y = y0; y < y1;) {
        ptrdiff_t nrows = y1 - y < lane->block ? y1 - y : lane->block;
        ppx_block block = {.y = y,
                           .nrows = nrows,
                           .fresh = y != lane->next_y,
                           .out = lane->out_rows,
                           .scratch = lane->scratch,
                           .far = far};
        ppx_status status = gather(feed, s, &block, error);
        if (status)
            return status;
        for (ptrdiff_t k = 0; k < nrows; k++)
            lane->out_rows[k] =
                next ? ppx_window_line(next, y + k) : ppx_image_row(image, y + k - feed->out->y0);
        lane->rows(job, &block);
        for (ptrdiff_t k = 0; alpha && k < nrows; k++)
            copy_alpha(job, lane->out_rows[k], block.in[k]);
        for (ptrdiff_t k = 0; next && k < nrows; k++)
            ppx_window_finish(next, y + k);
        lane->next_y = y += nrows;
    }
    return PPX_OK;
}

ppx_status ppx_feed_rows(ppx_feed *feed, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error) {
    ptrdiff_t from = y0, to = y1;
    for (int s = feed->n - 1; s > 0; s--) {
        stage_needs(feed->lanes[s].stage, from, to, &from, &to);
        feed->lanes[s - 1].end = to;
    }
    return make_rows(feed, feed->n - 1, y0, y1, error);
}

void ppx_reduce_strip(const ppx_job *job, const ppx_reduce *reduce, const ppx_source *in,
                      ptrdiff_t y, ptrdiff_t y1, uint64_t *counters, void *scratch) {
    const void *rows[PPX_STRIP + PPX_MOST_DOWN];
    PPX_ASSERT(job->geometry.down <= PPX_MOST_DOWN);
    ptrdiff_t nrows = y1 - y < PPX_STRIP ? y1 - y : PPX_STRIP;
    ptrdiff_t end = y + nrows + job->geometry.down;
    end = end < job->in.height ? end : job->in.height;
    for (ptrdiff_t k = y; k < end; k++)
        rows[k - y] = ppx_source_row(in, k);
    reduce->add[job->in.type](job, rows, y, nrows, counters, scratch);
}

void ppx_band_rows(const ppx_band *band, ptrdiff_t y0, ptrdiff_t nrows, void *rows[PPX_STRIP]) {
    PPX_ASSERT(nrows <= PPX_STRIP);
    for (ptrdiff_t k = 0; k < nrows; k++)
        rows[k] = ppx_image_row(&band->rows, y0 + k - band->y0);
}
