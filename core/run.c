// run.c: the executor. It walks the chain and hands its steps to the runner.
//
// Maps wait until something needs what they make, and then run as one (fuse.h says which can). The
// executor owns the images between: an input is given up as soon as its maps are done, and its
// memory is used again for the next output if that fits. It knows nothing of threads or ranks;
// where ranks must agree (after work that can fail on one of them alone) it asks the runner.
#include <string.h>

#include "chain.h"
#include "fuse.h"
#include "memory.h"
#include "trace.h"

// What a kernel holds besides the image on its way: given up when its last map has run.
typedef struct baggage {
    void *table;
    ppx_band first;  // its first input, if a later step asks for it
    ppx_band second; // the image that a parameter names
} baggage;

typedef struct run_state {
    const ppx_runner *runner;
    const ppx_run_options *options;
    ppx_band *band;  // the image on its way through the chain
    ppx_image spare; // memory that is not in use
    ppx_stages pending;
    baggage bags[PPX_MAX_STAGES]; // of kernels whose last step is pending, by stage
    baggage current;              // of the kernel whose steps are being handed out
    ppx_trace *trace;
    double nbytes; // ppx_run_times
    ppx_error *error;
} run_state;

// One verdict for all ranks.
static ppx_status agree(const run_state *run, ppx_status status) {
    if (!run->runner->agree)
        return status;
    ppx_lap lap = ppx_lap_start(run->trace);
    status = run->runner->agree(run->runner, status, run->error);
    ppx_lap_note(&lap, 0, PPX_PHASE_WAIT, -1);
    return status;
}

// The bytes of an image of that shape, read or written once.
static void count_image(run_state *run, ppx_shape shape) {
    run->nbytes += (double)ppx_shape_row_nbytes(shape) * (double)shape.height;
}

static ppx_source source_of(const ppx_band *band) {
    return (ppx_source){.own = &band->rows, .y0 = band->y0};
}

// The baggage of a kernel whose maps are pending stays with the last of them.
static void hand_over(run_state *run) {
    baggage *bag = &run->bags[run->pending.n - 1];
    *bag = run->current;
    for (int s = 0; s < run->pending.n; s++) {
        ppx_source *with = &run->pending.at[s].with;
        if (run->pending.at[s].job.second == &run->current.second)
            run->pending.at[s].job.second = &bag->second;
        if (with->own == &run->current.first.rows)
            with->own = &bag->first.rows;
        else if (with->own == &run->current.second.rows)
            with->own = &bag->second.rows;
    }
    run->current = (baggage){0};
}

static void unpack(run_state *run, baggage *bag) {
    ppx_free(bag->table);
    if (bag->first.rows.data != run->band->rows.data)
        ppx_image_free(&bag->first.rows);
    ppx_image_free(&bag->second.rows);
    *bag = (baggage){0};
}

static ppx_status create_output(run_state *run, ppx_shape shape, ppx_band *out) {
    *out = (ppx_band){.y0 = 0, .height = shape.height};
    ptrdiff_t y1 = shape.height;
    if (run->runner->band)
        run->runner->band(run->runner, shape.height, &out->y0, &y1);
    shape.height = y1 - out->y0;
    if (ppx_image_reshape(&run->spare, shape)) {
        out->rows = run->spare;
        run->spare = (ppx_image){0};
        return PPX_OK;
    }
    ppx_image_free(&run->spare);
    return ppx_image_create(&out->rows, shape, run->error);
}

// The image that came out takes the place of the one that went in.
static void move_on(run_state *run, const ppx_band *out) {
    ppx_image_free(&run->spare);
    if (run->band->rows.own && run->band->rows.data != run->current.first.rows.data)
        run->spare = run->band->rows;
    *run->band = *out;
}

// Runs the maps that are pending.
static ppx_status flush(run_state *run) {
    ppx_stages *stages = &run->pending;
    if (!stages->n)
        return PPX_OK;
    ppx_band out;
    const void *in_data = run->band->rows.data;
    ppx_status status = agree(run, create_output(run, ppx_stages_out(stages), &out));
    if (!status) {
        ppx_source in = source_of(run->band);
        status = run->runner->map(run->runner, stages, &in, &out, out.y0,
                                  out.y0 + out.rows.shape.height, run->error);
    }
    count_image(run, stages->at[0].job.in);
    count_image(run, ppx_stages_out(stages));
    for (int s = 0; s < stages->n; s++) {
        const ppx_stage *stage = &stages->at[s];
        // What comes in may be the kernel's first input, too.
        if (stage->map->with == PPX_WITH_IMAGE ||
            (stage->map->with == PPX_WITH_FIRST && stage->with.own->data != in_data))
            count_image(run, stage->job.first);
        unpack(run, &run->bags[s]);
    }
    stages->n = 0;
    if (status)
        ppx_image_free(&out.rows);
    else
        move_on(run, &out);
    return status;
}

static ppx_status add_map(run_state *run, const ppx_job *job, const ppx_map *map) {
    ppx_stage stage = {.job = *job, .map = map};
    PPX_ASSERT(map->with == PPX_ALONE || job->first.height == job->geometry.out.height);
    PPX_ASSERT(map->with != PPX_WITH_IMAGE || ppx_shape_equal(job->first, job->in));
    if (map->with == PPX_WITH_FIRST)
        stage.with = source_of(&run->current.first);
    else if (map->with == PPX_WITH_IMAGE && run->current.second.rows.shape.width)
        stage.with = source_of(&run->current.second);
    ppx_status status = ppx_stages_take(&run->pending, &stage) ? PPX_OK : flush(run);
    if (!status)
        run->pending.at[run->pending.n++] = stage;
    return status;
}

static ppx_status run_reduce(run_state *run, const ppx_job *job, const ppx_reduce *reduce) {
    uint64_t *counters = NULL;
    ppx_status status = ppx_alloc_array((void **)&counters, job->geometry.ncounters,
                                        sizeof *counters, "counters", run->error);
    status = agree(run, status);
    if (!status) {
        const ppx_source in = source_of(run->band);
        status = run->runner->reduce(run->runner, job, reduce, &in, in.y0,
                                     in.y0 + in.own->shape.height, counters, run->error);
    }
    count_image(run, job->in);
    ppx_lap lap = ppx_lap_start(run->trace);
    if (!status)
        reduce->finish(job, counters);
    ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
    ppx_free(counters);
    return status || !reduce->verdict ? status : reduce->verdict(job, run->error);
}

// The second image of a step that is not a map; NULL if it has none.
static const ppx_band *second_of(const run_state *run, ppx_with with) {
    const ppx_band *band = with == PPX_WITH_FIRST   ? &run->current.first
                           : with == PPX_WITH_IMAGE ? &run->current.second
                                                    : NULL;
    return band && band->rows.shape.width ? band : NULL;
}

// A step that is neither a map nor a reduction.
static ppx_status run_across(run_state *run, ppx_job *job, const ppx_step *step) {
    const ppx_runner *runner = run->runner;
    ppx_band out;
    // What a component's record decides takes records, too.
    job->findings |= step->pattern == PPX_JOIN && step->join.value;
    ppx_status status = agree(run, create_output(run, job->geometry.out, &out));
    if (!status && step->pattern == PPX_SCAN)
        status = runner->scan(runner, job, &step->scan, run->band, &out, NULL, run->error);
    else if (!status && step->pattern == PPX_JOIN)
        status = runner->join(runner, job, &step->join, run->band, &out, NULL, run->error);
    else if (!status && step->pattern == PPX_WAVEFRONT)
        status =
            runner->wavefront(runner, job, &step->wavefront, run->band, &out, NULL, run->error);
    else if (!status && step->pattern == PPX_SETTLE)
        status = runner->settle(runner, job, &step->settle, run->band,
                                second_of(run, step->settle.with), &out, NULL, run->error);
    else if (!status)
        status = runner->transpose(runner, job, &step->transpose, run->band, &out, run->error);
    count_image(run, job->in);
    count_image(run, job->geometry.out);
    if (job->second) {
        ppx_shape second = job->second->rows.shape;
        second.height = job->second->height;
        count_image(run, second);
    }
    if (status)
        ppx_image_free(&out.rows);
    else
        move_on(run, &out);
    return status;
}

static ppx_status run_step(run_state *run, ppx_job *job, const ppx_step *step) {
    ppx_step_geometry(step, job);
    ppx_status status;
    if (step->pattern == PPX_MAP) {
        status = add_map(run, job, &step->map);
    } else {
        status = flush(run);
        if (!status && step->pattern == PPX_REDUCE)
            status = run_reduce(run, job, &step->reduce);
        else if (!status)
            status = run_across(run, job, step);
    }
    job->in = job->geometry.out; // a reduce leaves it as it is
    return status;
}

static ppx_status run_steps(run_state *run, ppx_job *job) {
    const ppx_kernel *kernel = job->kernel;
    ppx_status status = PPX_OK;
    for (int s = 0; !status && s < kernel->nsteps; s++) {
        if (kernel->again && s == kernel->loop_from && !kernel->again(job, job->turn)) {
            s = kernel->loop_to - 1;
            continue;
        }
        status = run_step(run, job, &kernel->steps[s]);
        if (kernel->again && s + 1 == kernel->loop_to) {
            job->turn++;
            s = kernel->loop_from - 1;
        }
    }
    return status;
}

static ppx_status load_second(run_state *run, ppx_job *job, const char *path) {
    ppx_band *band = &run->current.second;
    ppx_status status;
    if (run->options && run->options->load) {
        bool whole = job->kernel->second == PPX_ANY_SIZE;
        status = run->options->load(run->options->load_context, path, ppx_second_wanted(job), whole,
                                    band, run->error);
    } else if (run->runner->band) {
        return ppx_fail(run->error, PPX_E_USAGE,
                        "%s: ranks need a loader for images that are named", job->kernel->name);
    } else {
        status = ppx_image_read(&band->rows, path, NULL, run->error);
        *band = ppx_band_whole(band->rows);
    }
    ppx_shape shape = band->rows.shape;
    shape.height = band->height;
    if (!status)
        status = ppx_second_check(job, shape, run->error);
    job->second = band;
    return status || !job->kernel->check ? status : job->kernel->check(job, run->error);
}

// What the kernel's steps will find in its baggage.
static ppx_status pack(run_state *run, ppx_job *job) {
    const ppx_runner *runner = run->runner;
    const ppx_kernel *kernel = job->kernel;
    ppx_status status = PPX_OK;
    if (ppx_kernel_asks(kernel, PPX_WITH_FIRST)) {
        status = flush(run); // now it is an image
        run->current.first = *run->band;
    }
    const char *path = ppx_second_path(job);
    if (!status && path)
        status = load_second(run, job, path);
    size_t nbytes = kernel->table_nbytes ? kernel->table_nbytes(job) : 0;
    if (status || !nbytes)
        return status;
    status = agree(run, ppx_alloc_array(&run->current.table, 1, nbytes, "a table", run->error));
    job->table = run->current.table;
    if (!status && kernel->build) {
        ppx_lap lap = ppx_lap_start(run->trace);
        if (runner->rank == 0) {
            kernel->build(job);
            ppx_lap_note(&lap, 0, PPX_PHASE_COMPUTE, -1);
        }
        if (runner->share) {
            status = runner->share(runner, job->table, nbytes, run->error);
            ppx_lap_note(&lap, 0, PPX_PHASE_EXCHANGE, -1);
        }
    }
    return status;
}

static ppx_status run_kernel(run_state *run, const ppx_link *link, ppx_shape *shape,
                             const ppx_sink *sink) {
    const ppx_runner *runner = run->runner;
    ppx_job job;
    ppx_status status = ppx_link_job(link, *shape, &job, run->error);
    if (status)
        return status; // the same on all ranks
    job.sink = runner->rank == 0 ? sink : NULL;
    job.findings = job.sink || runner->share; // ranks do not know of each other's sinks
    job.trace = run->trace;
    status = pack(run, &job);
    if (!status)
        status = run_steps(run, &job);
    if (!status && job.sink && job.kernel->report)
        job.kernel->report(&job);
    *shape = job.in;
    if (!status && run->pending.n)
        hand_over(run);
    else
        unpack(run, &run->current);
    return status;
}

ppx_status ppx_run(const ppx_chain *chain, const ppx_runner *runner, ppx_band *band,
                   const ppx_run_options *options, ppx_run_times *times, ppx_error *error) {
    int iterations = options && options->iterations > 0 ? options->iterations : 1;
    run_state run = {.runner = runner, .options = options, .band = band, .error = error};
    run.trace = options ? options->trace : NULL;
    double start = ppx_seconds(), exchanged = runner->exchanged ? runner->exchanged(runner) : 0;
    ppx_shape shape = band->rows.shape;
    shape.height = band->height;
    ppx_status status = PPX_OK;
    for (int turn = 0; !status && turn < iterations; turn++) {
        const ppx_sink *sink = options && turn + 1 == iterations ? options->sink : NULL;
        for (size_t k = 0; !status && k < chain->nlinks; k++)
            status = run_kernel(&run, &chain->links[k], &shape, sink);
    }
    if (!status)
        status = flush(&run);
    for (int s = 0; s < run.pending.n; s++)
        unpack(&run, &run.bags[s]);
    ppx_image_free(&run.spare);
    if (status) {
        ppx_image_free(&band->rows);
        *band = (ppx_band){0};
    }
    if (times) {
        times->exchange = runner->exchanged ? runner->exchanged(runner) - exchanged : 0;
        times->compute = ppx_seconds() - start - times->exchange;
        times->nbytes = run.nbytes;
    }
    return status;
}
