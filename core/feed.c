// feed.c: what stands between a map kernel and the image.
//
// A kernel reads rows as if the image had no border and nobody else. Three cases, the cheapest that
// serves: rows handed out where they lie (no columns beyond the edge needed), an arbitrary interval
// of them (a flip), or copies in a window of padded lines. The window moves down with the output
// rows: a line is copied once, when it enters, and its sides are filled then; the copy stays in the
// processor's cache and doubles as a prefetch. Sides and rows beyond the image follow the border
// rule on global coordinates, so nobody can tell from the result where a strip or band began.
#include <string.h>

#include "memory.h"
#include "runner.h"

enum { PAD = 64 }; // bytes beyond the sides that may be read

struct ppx_feed {
    const ppx_job *job;
    const ppx_map *map;
    const ppx_source *in;
    const ppx_band *out;
    ppx_rows *rows;

    ptrdiff_t block;     // rows in a call at most
    ptrdiff_t next_y;    // where the last call ended, -1 at first
    ptrdiff_t moved;     // rows of the last block: so far the window moves next
    ppx_pool pointers;   // in rows, of a block with what surrounds it
    const void **window; // the same as an array: up + block + down of them
    void *out_rows[PPX_STRIP];

    bool copies; // lines are copies: side is not 0
    char *lines; // up + block + down lines
    size_t line_nbytes, left_nbytes;
    void *blank_memory, *blank; // a line of the fill, and its pixel 0
    void *scratch;
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

void ppx_map_needs(const ppx_job *job, const ppx_map *map, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a,
                   ptrdiff_t *b) {
    *a = y0 - job->geometry.up;
    *b = y1 + job->geometry.down;
    if (map->needs)
        map->needs(job, y0, y1, a, b);
}

static ptrdiff_t choose_block(const ppx_job *job) {
    ptrdiff_t block = job->geometry.block ? job->geometry.block : 16;
    return block > PPX_STRIP ? PPX_STRIP : block;
}

static ppx_status make_blank(ppx_feed *feed, size_t pixel, ppx_error *error) {
    const ppx_geometry *g = &feed->job->geometry;
    ppx_shape in = feed->job->in;
    // An empty row in the middle of the memory, extended to both sides.
    size_t half = (size_t)(in.width + g->side) * pixel + PAD;
    ppx_status status = ppx_alloc_array(&feed->blank_memory, 2, half, "a blank line", error);
    if (status)
        return status;
    feed->blank = (char *)feed->blank_memory + half;
    ppx_row_extend(feed->blank, 0, in.channels, in.type, in.width + g->side, PPX_CONSTANT, g->fill);
    return PPX_OK;
}

ppx_status ppx_feed_open(ppx_feed **opened, const ppx_job *job, const ppx_map *map,
                         const ppx_source *in, const ppx_band *out, ppx_error *error) {
    *opened = NULL;
    const ppx_geometry *g = &job->geometry;
    PPX_ASSERT(!map->needs ||
               (!g->side && !g->up && !g->down)); // rows of an interval are not copied
    PPX_ASSERT(!g->keep_alpha || job->in.channels % 2 ||
               (g->out.type == job->in.type && g->out.channels == job->in.channels));
    ppx_feed *feed = NULL;
    ppx_status status = ppx_alloc_array((void **)&feed, 1, sizeof *feed, "a worker", error);
    if (status)
        return status;
    *feed = (ppx_feed){.job = job, .map = map, .in = in, .out = out, .next_y = -1};
    feed->rows = map->rows[job->in.type];
    feed->block = choose_block(job);
    feed->copies = g->side > 0;
    size_t pixel = (size_t)job->in.channels * ppx_type_nbytes(job->in.type);
    feed->left_nbytes = ppx_round_up((size_t)g->side * pixel, 64) + PAD;
    feed->line_nbytes =
        feed->left_nbytes + ppx_round_up((size_t)(job->in.width + g->side) * pixel, 64) + PAD;
    if (feed->line_nbytes / 64 % 2 == 0)
        feed->line_nbytes += 64;
    size_t nlines = (size_t)(g->up + feed->block + g->down);
    if (!map->needs) {
        status = ppx_pool_reserve(&feed->pointers, nlines * sizeof(void *), error);
        feed->window = feed->pointers.data;
    }
    if (!status && feed->copies)
        status = ppx_alloc_array((void **)&feed->lines, nlines, feed->line_nbytes, "lines", error);
    if (!status && g->border == PPX_CONSTANT && g->up + g->down + g->side > 0)
        status = make_blank(feed, pixel, error);
    if (!status && g->scratch_nbytes)
        status = ppx_alloc_array(&feed->scratch, 1, g->scratch_nbytes, "scratch", error);
    if (status) {
        ppx_feed_close(feed);
        return status;
    }
    if (feed->copies)
        for (size_t k = 0; k < nlines; k++)
            feed->window[k] = feed->lines + k * feed->line_nbytes + feed->left_nbytes;
    *opened = feed;
    return PPX_OK;
}

void ppx_feed_close(ppx_feed *feed) {
    if (!feed)
        return;
    ppx_pool_free(&feed->pointers);
    ppx_free(feed->lines);
    ppx_free(feed->blank_memory);
    ppx_free(feed->scratch);
    ppx_free(feed);
}

// Puts input row y (which may lie outside of the image) into place k of the window.
static void load(ppx_feed *feed, ptrdiff_t k, ptrdiff_t y) {
    const ppx_job *job = feed->job;
    const ppx_geometry *g = &job->geometry;
    ptrdiff_t row = ppx_border_row(g->border, y, job->in.height);
    const void *from = row < 0 ? feed->blank : ppx_source_row(feed->in, row);
    if (!feed->copies) {
        feed->window[k] = from;
        return;
    }
    void *line = (void *)(uintptr_t)feed->window[k];
    memcpy(line, from, ppx_shape_row_nbytes(job->in));
    ppx_row_extend(line, job->in.width, job->in.channels, job->in.type, g->side, g->border,
                   g->fill);
}

// Moves the window to output row y: the lines that stay keep their content.
static void move_window(ppx_feed *feed, ptrdiff_t y, ptrdiff_t nrows, bool fresh) {
    const ppx_geometry *g = &feed->job->geometry;
    ptrdiff_t around = g->up + g->down;
    if (fresh) {
        for (ptrdiff_t k = 0; k < around; k++)
            load(feed, k, y - g->up + k);
    } else {
        // The last `around` rows of the previous block come first now; the others swap places with
        // them, so that every line stays in the window once.
        for (ptrdiff_t k = 0; k < around; k++) {
            const void *line = feed->window[k];
            feed->window[k] = feed->window[k + feed->moved];
            feed->window[k + feed->moved] = line;
        }
    }
    for (ptrdiff_t k = around; k < around + nrows; k++)
        load(feed, k, y - g->up + k);
    feed->moved = nrows;
}

static ppx_status interval_rows(ppx_feed *feed, ptrdiff_t y, ptrdiff_t nrows, ppx_error *error) {
    const ppx_job *job = feed->job;
    ptrdiff_t a, b;
    ppx_map_needs(job, feed->map, y, y + nrows, &a, &b);
    ppx_status status = ppx_pool_reserve(&feed->pointers, (size_t)(b - a) * sizeof(void *), error);
    if (status)
        return status;
    feed->window = feed->pointers.data;
    for (ptrdiff_t k = a; k < b; k++)
        load(feed, k - a, k);
    return PPX_OK;
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

ppx_status ppx_feed_rows(ppx_feed *feed, ptrdiff_t y0, ptrdiff_t y1, ppx_error *error) {
    const ppx_job *job = feed->job;
    const ppx_geometry *g = &job->geometry;
    bool alpha = g->keep_alpha && job->in.channels % 2 == 0;
    bool fresh = y0 != feed->next_y;
    for (ptrdiff_t y = y0; y < y1;) {
        ptrdiff_t nrows = y1 - y < feed->block ? y1 - y : feed->block;
        if (feed->map->needs) {
            ppx_status status = interval_rows(feed, y, nrows, error);
            if (status)
                return status;
        } else {
            move_window(feed, y, nrows, fresh);
        }
        for (ptrdiff_t k = 0; k < nrows; k++)
            feed->out_rows[k] = ppx_image_row(&feed->out->rows, y + k - feed->out->y0);
        const void *const *in = feed->window + (feed->map->needs ? 0 : g->up);
        feed->rows(job, &(ppx_block){.y = y,
                                     .nrows = nrows,
                                     .fresh = fresh,
                                     .in = in,
                                     .out = feed->out_rows,
                                     .scratch = feed->scratch});
        if (alpha)
            for (ptrdiff_t k = 0; k < nrows; k++)
                copy_alpha(job, feed->out_rows[k], in[k]);
        fresh = false;
        y += nrows;
    }
    feed->next_y = y1;
    return PPX_OK;
}

void ppx_band_rows(const ppx_band *band, ptrdiff_t y0, ptrdiff_t nrows, void *rows[PPX_STRIP]) {
    PPX_ASSERT(nrows <= PPX_STRIP);
    for (ptrdiff_t k = 0; k < nrows; k++)
        rows[k] = ppx_image_row(&band->rows, y0 + k - band->y0);
}
