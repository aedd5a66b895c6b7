// stream.c: a chain over rows that come from a file and go to one, never all in memory.
//
// Plan. The chain becomes a line of nodes: a file, then groups of maps that run as one (fuse.h),
// each with a buffer of the rows that the next may still ask for. Output rows are wanted chunk by
// chunk; a node that lacks rows wants its input's, down to the file, which is read in order. A
// reduction is a pass over everything before it: its counters are complete before the next kernel
// looks at its table, and nothing is stored in between, rows are made again.
//
// How many rows a buffer must hold follows from the geometry alone, so a pass is first walked
// through without pixels: that gives the memory, and a chain that wants rows from afar (a border
// that wraps, a flip) shows as one that does not fit. Rows are made in whole strips, and the runner
// is handed the same maps as ever, so the bytes are those of a run in memory.
#include <string.h>

#include "chain.h"
#include "fuse.h"
#include "memory.h"

enum { MOST_NODES = 64, MOST_CHUNK = 64 }; // strips in a chunk

typedef struct stream_node {
    ppx_shape shape; // of the image whose rows these are
    // A file:
    const char *path;
    ppx_reader *reader;
    // Maps, with the nodes of their input and of second inputs by stage:
    ppx_stages *stages;
    int input, with[PPX_MAX_STAGES];
    bool closed; // someone else looks at its rows: no more maps

    ppx_image buffer;
    ptrdiff_t capacity, low, high; // it holds rows [low, high)
} stream_node;

typedef struct stream_state {
    const ppx_stream *stream;
    const ppx_runner *runner;
    const ppx_run_options *options;
    ppx_stream_result *result;
    stream_node nodes[MOST_NODES];
    int n, tip, first; // nodes; the last of the line; the first input of the kernel at hand
    void *tables[MOST_NODES];
    int ntables;
    ptrdiff_t chunk; // rows of the tip that are wanted at a time
    ptrdiff_t down;  // rows below them that are looked at, too
    bool walking;    // without pixels, to find the capacities
    ppx_error *error;
} stream_state;

static ppx_trace *trace_of(const stream_state *s) {
    return s->options ? s->options->trace : NULL;
}

static ppx_status too_long(const stream_state *s) {
    return ppx_fail(s->error, PPX_E_USAGE,
                    "the chain is too long to stream; leave --max-memory out");
}

// ---- Rows ---------------------------------------------------------------------------------------

static ppx_status want(stream_state *s, int k, ptrdiff_t from, ptrdiff_t to);

static ppx_image rows_of(const stream_node *node, ptrdiff_t from, ptrdiff_t to) {
    return ppx_image_view(&node->buffer, from - node->low, to - from);
}

static ppx_status open_file(stream_state *s, stream_node *node) {
    ppx_read_options any = s->stream->read;
    any.max_pixels = any.max_pixels ? any.max_pixels : UINT64_MAX; // memory is not taken for all
    ppx_shape shape;
    ppx_status status = ppx_reader_open(&node->reader, node->path, &any, &shape, s->error);
    if (!status && node->shape.width && !ppx_shape_equal(shape, node->shape))
        status = ppx_fail(s->error, PPX_E_INPUT, "%.200s: the file has changed", node->path);
    node->shape = shape;
    return status;
}

static ppx_status read_rows(stream_state *s, stream_node *node, ptrdiff_t from, ptrdiff_t to) {
    double start = ppx_seconds();
    ppx_status status = node->reader ? PPX_OK : open_file(s, node);
    if (!status) {
        ppx_image rows = rows_of(node, from, to);
        status = ppx_reader_rows(node->reader, &rows, s->error);
    }
    s->result->decode += ppx_seconds() - start;
    ppx_trace_note(trace_of(s), 0, PPX_PHASE_DECODE, start, from / PPX_STRIP);
    return status;
}

// The rows of its inputs that a node reads for its own rows [y0, y1).
static ppx_status want_inputs(stream_state *s, const stream_node *node, ptrdiff_t y0,
                              ptrdiff_t y1) {
    const ppx_job *job = &node->stages->at[0].job;
    ptrdiff_t a, b, from, to;
    ppx_stages_needs(node->stages, y0, y1, &a, &b);
    if (job->geometry.border == PPX_WRAP && (a < 0 || b > job->in.height)) {
        from = 0; // the other end
        to = job->in.height;
    } else {
        ppx_border_span(job->geometry.border, a, b, job->in.height, &from, &to);
    }
    ppx_status status = want(s, node->input, from, to);
    for (int k = 0; !status && k < node->stages->n; k++) {
        bool around = node->stages->at[k].map->with == PPX_WITH_IMAGE && k == 0;
        if (node->with[k] >= 0)
            status = want(s, node->with[k], around && from < y0 ? from : y0,
                          around && to > y1 ? to : y1);
    }
    return status;
}

static ppx_status make_rows(stream_state *s, stream_node *node, ptrdiff_t from, ptrdiff_t to) {
    stream_node *input = &s->nodes[node->input];
    ppx_image views[1 + PPX_MAX_STAGES] = {rows_of(input, input->low, input->high)};
    const ppx_source in = {.own = &views[0], .y0 = input->low};
    for (int k = 0; k < node->stages->n; k++) {
        if (node->with[k] < 0)
            continue;
        const stream_node *with = &s->nodes[node->with[k]];
        views[1 + k] = rows_of(with, with->low, with->high);
        node->stages->at[k].with = (ppx_source){.own = &views[1 + k], .y0 = with->low};
    }
    const ppx_band out = {rows_of(node, from, to), from, node->shape.height};
    double start = ppx_seconds();
    ppx_status status = s->runner->map(s->runner, node->stages, &in, &out, from, to, s->error);
    s->result->compute += ppx_seconds() - start;
    return status;
}

// Rows [from, to) of a node, from its buffer.
static ppx_status want(stream_state *s, int k, ptrdiff_t from, ptrdiff_t to) {
    stream_node *node = &s->nodes[k];
    ptrdiff_t first = node->high, end = (ptrdiff_t)ppx_round_up((size_t)to, PPX_STRIP);
    end = end < node->shape.height ? end : node->shape.height;
    end = end > first ? end : first;
    if (s->walking) {
        ptrdiff_t low = from < first ? from : first; // rows come in order, also those to be skipped
        if (end - low > node->capacity)
            node->capacity = end - low;
        node->high = end;
        return end > first && !node->path ? want_inputs(s, node, first, end) : PPX_OK;
    }
    PPX_ASSERT(from >= node->low && end - from <= node->capacity);
    if (end == first)
        return PPX_OK;
    ppx_status status = node->path ? PPX_OK : want_inputs(s, node, first, end);
    if (status)
        return status;
    ptrdiff_t low = end - node->capacity > node->low ? end - node->capacity : node->low;
    size_t kept = (size_t)(first > low ? first - low : 0);
    if (low > node->low)
        memmove(node->buffer.data, ppx_image_row(&node->buffer, low - node->low),
                kept * (size_t)node->buffer.stride);
    node->low = low;
    node->high = end;
    return node->path ? read_rows(s, node, first, end) : make_rows(s, node, first, end);
}

// ---- Passes -------------------------------------------------------------------------------------

static void rewind_nodes(stream_state *s) {
    for (int k = 0; k < s->n; k++) {
        stream_node *node = &s->nodes[k];
        if (node->high > 0 && !s->walking) { // not one that is only opened
            ppx_reader_close(node->reader);
            node->reader = NULL;
        }
        node->low = node->high = 0;
    }
}

// Bytes that a worker holds for a group: windows and scratch (feed.c).
static double worker_nbytes(const ppx_stages *stages) {
    double nbytes = 0;
    for (int k = 0; k < stages->n; k++) {
        const ppx_job *job = &stages->at[k].job;
        const ppx_geometry *g = &job->geometry;
        ppx_shape line = job->in;
        line.width += 2 * g->side;
        nbytes += (double)ppx_shape_row_nbytes(line) * (double)(g->up + g->down + 2 * PPX_STRIP) +
                  (double)g->scratch_nbytes;
    }
    return nbytes;
}

// The end of the chunk of the tip that begins at row y, and `more` rows, within the image.
static ptrdiff_t until(const stream_state *s, ptrdiff_t y, ptrdiff_t more) {
    ptrdiff_t height = s->nodes[s->tip].shape.height, end = y + s->chunk + more;
    return end < height ? end : height;
}

// Walks through a pass without pixels; what its buffers and workers will take.
static ppx_status walk(stream_state *s, double *nbytes) {
    s->walking = true;
    rewind_nodes(s);
    for (int k = 0; k < s->n; k++)
        s->nodes[k].capacity = 0;
    ppx_status status = PPX_OK;
    const ptrdiff_t height = s->nodes[s->tip].shape.height;
    for (ptrdiff_t y = 0; !status && y < height; y += s->chunk)
        status = want(s, s->tip, y, until(s, y, s->down));
    *nbytes = 0;
    for (int k = 0; k < s->n; k++) {
        const stream_node *node = &s->nodes[k];
        *nbytes += (double)ppx_shape_row_nbytes(node->shape) * (double)node->capacity;
        if (node->stages)
            *nbytes += worker_nbytes(node->stages) * s->stream->nworkers;
    }
    rewind_nodes(s);
    s->walking = false;
    return status;
}

// The largest chunk that the memory allows, and buffers for it.
static ppx_status make_buffers(stream_state *s) {
    const double own = 16 << 20; // of the program and its libraries
    double nbytes, room = (double)s->stream->max_nbytes;
    ppx_status status = PPX_OK;
    ptrdiff_t asked = (s->stream->chunk + PPX_STRIP - 1) / PPX_STRIP;
    for (ptrdiff_t nstrips = asked ? asked : MOST_CHUNK; !status; nstrips /= 2) {
        s->chunk = nstrips * PPX_STRIP;
        status = walk(s, &nbytes);
        if (own + nbytes <= room || nstrips == 1)
            break;
    }
    if (!status && own + nbytes > room)
        return ppx_fail(s->error, PPX_E_USAGE,
                        "streaming this chain takes %.0f MB, --max-memory allows %.0f: raise it, "
                        "or use fewer threads",
                        (own + nbytes) * 1e-6 + 1, room * 1e-6);
    for (int k = 0; !status && k < s->n; k++) {
        stream_node *node = &s->nodes[k];
        ppx_image_free(&node->buffer);
        ppx_shape shape = node->shape;
        shape.height = node->capacity;
        status = ppx_image_create(&node->buffer, shape, s->error);
    }
    return status;
}

// Takes rows [y, end) of the tip; its buffer holds `down` more.
typedef ppx_status consume(stream_state *s, ptrdiff_t y, ptrdiff_t end, void *context);

static ppx_status pass(stream_state *s, ptrdiff_t down, consume *take, void *context) {
    rewind_nodes(s);
    s->down = down;
    if (s->result->passes++ && strcmp(s->stream->input, "-") == 0)
        return ppx_fail(s->error, PPX_E_USAGE,
                        "standard input can be read once, and this chain reads its input more "
                        "often; give it a file");
    ppx_status status = make_buffers(s);
    for (ptrdiff_t y = 0; !status && y < s->nodes[s->tip].shape.height; y += s->chunk) {
        status = want(s, s->tip, y, until(s, y, down));
        if (!status)
            status = take(s, y, until(s, y, 0), context);
    }
    return status;
}

typedef struct reduction {
    const ppx_job *job;
    const ppx_reduce *reduce;
    uint64_t *counters;
} reduction;

static ppx_status take_counts(stream_state *s, ptrdiff_t y, ptrdiff_t end, void *context) {
    const reduction *r = context;
    const stream_node *tip = &s->nodes[s->tip];
    const ppx_image rows = rows_of(tip, tip->low, tip->high);
    const ppx_source in = {.own = &rows, .y0 = tip->low};
    double start = ppx_seconds();
    ppx_status status =
        s->runner->reduce(s->runner, r->job, r->reduce, &in, y, end, r->counters, s->error);
    s->result->compute += ppx_seconds() - start;
    return status;
}

static ppx_status take_output(stream_state *s, ptrdiff_t y, ptrdiff_t end, void *context) {
    const ppx_image rows = rows_of(&s->nodes[s->tip], y, end);
    double start = ppx_seconds();
    s->result->checksum = ppx_checksum_rows(s->result->checksum, &rows);
    ppx_status status = context ? ppx_writer_rows(context, &rows, s->error) : PPX_OK;
    s->result->encode += ppx_seconds() - start;
    ppx_trace_note(trace_of(s), 0, PPX_PHASE_ENCODE, start, y / PPX_STRIP);
    return status;
}

// ---- From the chain to nodes --------------------------------------------------------------------

static stream_node *add_node(stream_state *s) {
    stream_node *node = &s->nodes[s->n++];
    *node = (stream_node){.input = s->tip};
    for (int k = 0; k < PPX_MAX_STAGES; k++)
        node->with[k] = -1;
    return node;
}

static ppx_status add_file(stream_state *s, const char *path) {
    if (s->n == MOST_NODES)
        return too_long(s);
    stream_node *node = add_node(s);
    node->path = path;
    node->closed = true;
    return open_file(s, node);
}

static ppx_status add_second(stream_state *s, const ppx_job *job, int *with) {
    *with = s->n;
    ppx_status status = add_file(s, ppx_second_path(job));
    return status ? status : ppx_second_check(job, s->nodes[*with].shape, s->error);
}

static ppx_status add_map(stream_state *s, const ppx_job *job, const ppx_map *map) {
    const ppx_stage stage = {.job = *job, .map = map};
    ppx_status status = PPX_OK;
    int with = map->with == PPX_WITH_FIRST ? s->first : -1;
    if (map->with == PPX_WITH_IMAGE && ppx_second_path(job))
        status = add_second(s, job, &with);
    if (status)
        return status;
    stream_node *tip = &s->nodes[s->tip];
    if (tip->closed || !ppx_stages_take(tip->stages, &stage)) {
        if (s->n == MOST_NODES)
            return too_long(s);
        tip = add_node(s);
        status = ppx_alloc_array((void **)&tip->stages, 1, sizeof *tip->stages, "maps", s->error);
        if (status)
            return status;
        s->tip = s->n - 1;
    }
    tip->with[tip->stages->n] = with;
    tip->stages->at[tip->stages->n++] = stage;
    tip->shape = job->geometry.out;
    return PPX_OK;
}

static ppx_status run_reduce(stream_state *s, const ppx_job *job, const ppx_reduce *reduce) {
    reduction r = {.job = job, .reduce = reduce};
    ppx_status status = ppx_alloc_array((void **)&r.counters, job->geometry.ncounters,
                                        sizeof *r.counters, "counters", s->error);
    if (!status)
        status = pass(s, job->geometry.down, take_counts, &r);
    if (!status)
        reduce->finish(job, r.counters);
    ppx_free(r.counters);
    return status || !reduce->verdict ? status : reduce->verdict(job, s->error);
}

static ppx_status add_step(stream_state *s, ppx_job *job, const ppx_step *step) {
    ppx_step_geometry(step, job);
    ppx_status status;
    if (step->pattern == PPX_MAP)
        status = add_map(s, job, &step->map);
    else if (step->pattern == PPX_REDUCE)
        status = run_reduce(s, job, &step->reduce);
    else
        status = ppx_fail(s->error, PPX_E_USAGE,
                          "%s needs the whole image and cannot stream; leave --max-memory out",
                          job->kernel->name);
    job->in = job->geometry.out;
    return status;
}

static ppx_status add_steps(stream_state *s, ppx_job *job) {
    const ppx_kernel *kernel = job->kernel;
    ppx_status status = PPX_OK;
    for (int k = 0; !status && k < kernel->nsteps; k++) {
        if (kernel->again && k == kernel->loop_from && !kernel->again(job, job->turn)) {
            k = kernel->loop_to - 1;
            continue;
        }
        status = add_step(s, job, &kernel->steps[k]);
        if (kernel->again && k + 1 == kernel->loop_to) {
            job->turn++;
            k = kernel->loop_from - 1;
        }
    }
    return status;
}

static ppx_status add_kernel(stream_state *s, const ppx_link *link, const ppx_sink *sink) {
    ppx_job job;
    ppx_status status = ppx_link_job(link, s->nodes[s->tip].shape, &job, s->error);
    if (status)
        return status;
    if (job.kernel->second != PPX_ALIKE && ppx_second_path(&job))
        return ppx_fail(s->error, PPX_E_USAGE,
                        "%s needs its second image whole and cannot stream; leave --max-memory out",
                        job.kernel->name);
    job.sink = sink;
    job.findings = sink != NULL;
    job.trace = trace_of(s);
    s->first = s->tip;
    if (ppx_kernel_asks(job.kernel, PPX_WITH_FIRST))
        s->nodes[s->tip].closed = true;
    size_t nbytes = job.kernel->table_nbytes ? job.kernel->table_nbytes(&job) : 0;
    if (nbytes) {
        if (s->ntables == MOST_NODES)
            return too_long(s);
        status = ppx_alloc_array(&job.table, 1, nbytes, "a table", s->error);
        if (status)
            return status;
        s->tables[s->ntables++] = job.table;
        if (job.kernel->build)
            job.kernel->build(&job);
    }
    status = add_steps(s, &job);
    if (!status && sink && job.kernel->report)
        job.kernel->report(&job);
    return status;
}

static ppx_status run_chain(stream_state *s, const ppx_chain *chain) {
    int iterations = s->options && s->options->iterations > 0 ? s->options->iterations : 1;
    ppx_status status = add_file(s, s->stream->input);
    if (!status)
        status = ppx_chain_shape(chain, s->nodes[0].shape, &s->result->out, s->error);
    if (!status && s->stream->output && iterations == 1)
        status = ppx_image_writable(s->result->out, s->stream->output, &s->stream->write, s->error);
    s->result->in = s->nodes[0].shape;
    for (int turn = 0; !status && turn < iterations; turn++) {
        const ppx_sink *sink = s->options && turn + 1 == iterations ? s->options->sink : NULL;
        for (size_t k = 0; !status && k < chain->nlinks; k++)
            status = add_kernel(s, &chain->links[k], sink);
    }
    ppx_writer *writer = NULL;
    s->result->out = s->nodes[s->tip].shape;
    s->result->checksum = ppx_checksum_begin(s->result->out);
    if (!status && s->stream->output)
        status = ppx_writer_open(&writer, s->result->out, s->stream->output, &s->stream->write,
                                 s->error);
    if (!status)
        status = pass(s, 0, take_output, writer);
    double start = ppx_seconds();
    status = ppx_writer_close(writer, status, s->error);
    s->result->encode += ppx_seconds() - start;
    ppx_trace_note(trace_of(s), 0, PPX_PHASE_ENCODE, start, -1);
    return status;
}

ppx_status ppx_run_stream(const ppx_chain *chain, const ppx_runner *runner,
                          const ppx_stream *stream, const ppx_run_options *options,
                          ppx_stream_result *result, ppx_error *error) {
    PPX_ASSERT(!runner->band);
    *result = (ppx_stream_result){0};
    stream_state *s = NULL;
    ppx_status status = ppx_alloc_array((void **)&s, 1, sizeof *s, "a stream", error);
    if (status)
        return status;
    s->stream = stream;
    s->runner = runner;
    s->options = options;
    s->result = result;
    s->error = error;
    status = run_chain(s, chain);
    for (int k = 0; k < s->n; k++) {
        ppx_reader_close(s->nodes[k].reader);
        ppx_free(s->nodes[k].stages);
        ppx_image_free(&s->nodes[k].buffer);
    }
    for (int k = 0; k < s->ntables; k++)
        ppx_free(s->tables[k]);
    ppx_free(s);
    return status;
}
