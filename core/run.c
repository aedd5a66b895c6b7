// run.c: the executor. It walks the chain and hands each step to the runner.
//
// It owns the images between steps: an input is given up as soon as its step is done, and its
// memory is used again for the next output if that fits. It knows nothing of threads or ranks;
// where ranks must agree (after work that can fail on one of them alone) it asks the runner.
#define _POSIX_C_SOURCE 200809L
#include "runner.h"

#include <string.h>
#include <time.h>

#include "chain.h"
#include "memory.h"

typedef struct run_state {
    const ppx_runner *runner;
    ppx_band *band;  // the image on its way through the chain
    ppx_image spare; // memory that is not in use
    ppx_error *error;
} run_state;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// One verdict for all ranks.
static ppx_status agree(const run_state *run, ppx_status status) {
    return run->runner->agree ? run->runner->agree(run->runner, status, run->error) : status;
}

static ppx_status create_output(run_state *run, ppx_shape shape, ppx_band *out) {
    *out = (ppx_band){.y0 = 0, .height = shape.height};
    ptrdiff_t y1 = shape.height;
    if (run->runner->band)
        run->runner->band(run->runner, shape.height, &out->y0, &y1);
    shape.height = y1 - out->y0;
    ppx_shape had = run->spare.shape;
    if (run->spare.own && had.height == shape.height &&
        ppx_shape_row_nbytes(had) == ppx_shape_row_nbytes(shape)) {
        out->rows = run->spare;
        out->rows.shape = shape;
        run->spare = (ppx_image){0};
        return PPX_OK;
    }
    ppx_image_free(&run->spare);
    return ppx_image_create(&out->rows, shape, run->error);
}

static ppx_status run_reduce(run_state *run, const ppx_job *job, const ppx_reduce *reduce) {
    uint64_t *counters = NULL;
    ppx_status status = ppx_alloc_array((void **)&counters, job->geometry.ncounters,
                                        sizeof *counters, "counters", run->error);
    status = agree(run, status);
    if (!status)
        status = run->runner->reduce(run->runner, job, reduce, run->band, counters, run->error);
    if (!status)
        reduce->finish(job, counters);
    ppx_free(counters);
    return status;
}

static ppx_status run_step(run_state *run, ppx_job *job, const ppx_step *step) {
    const ppx_runner *runner = run->runner;
    ppx_step_geometry(step, job);
    if (step->pattern == PPX_REDUCE)
        return run_reduce(run, job, &step->reduce);
    ppx_band out;
    ppx_status status = agree(run, create_output(run, job->geometry.out, &out));
    if (!status) {
        ppx_source in = {.own = &run->band->rows, .y0 = run->band->y0};
        switch (step->pattern) {
        case PPX_MAP:
            status = runner->map(runner, job, &step->map, &in, &out, out.y0,
                                 out.y0 + out.rows.shape.height, run->error);
            break;
        case PPX_SCAN:
            status = runner->scan(runner, job, &step->scan, run->band, &out, NULL, run->error);
            break;
        case PPX_JOIN:
            status = runner->join(runner, job, &step->join, run->band, &out, NULL, run->error);
            break;
        case PPX_REDUCE:
            break;
        }
    }
    if (status) {
        ppx_image_free(&out.rows);
        return status;
    }
    ppx_image_free(&run->spare);
    if (run->band->rows.own)
        run->spare = run->band->rows;
    *run->band = out;
    job->in = job->geometry.out;
    return PPX_OK;
}

static ppx_status run_steps(run_state *run, ppx_job *job) {
    const ppx_kernel *kernel = job->kernel;
    int turn = 0;
    ppx_status status = PPX_OK;
    for (int s = 0; !status && s < kernel->nsteps; s++) {
        if (kernel->again && s == kernel->loop_from && !kernel->again(job, turn)) {
            s = kernel->loop_to - 1;
            continue;
        }
        status = run_step(run, job, &kernel->steps[s]);
        if (kernel->again && s + 1 == kernel->loop_to) {
            turn++;
            s = kernel->loop_from - 1;
        }
    }
    return status;
}

static ppx_status run_kernel(run_state *run, const ppx_link *link, ppx_shape shape,
                             const ppx_sink *sink) {
    const ppx_runner *runner = run->runner;
    ppx_job job;
    ppx_status status = ppx_link_job(link, shape, &job, run->error);
    if (status)
        return status; // the same on all ranks
    job.sink = runner->rank == 0 ? sink : NULL;
    job.findings = job.sink || runner->share; // ranks do not know of each other's sinks
    size_t nbytes = job.kernel->table_nbytes ? job.kernel->table_nbytes(&job) : 0;
    if (nbytes) {
        status = agree(run, ppx_alloc_array(&job.table, 1, nbytes, "a table", run->error));
        if (!status && job.kernel->build) {
            if (runner->rank == 0)
                job.kernel->build(&job);
            if (runner->share)
                status = runner->share(runner, job.table, nbytes, run->error);
        }
    }
    if (!status)
        status = run_steps(run, &job);
    if (!status && job.sink && job.kernel->report)
        job.kernel->report(&job);
    ppx_free(job.table);
    return status;
}

ppx_status ppx_run(const ppx_chain *chain, const ppx_runner *runner, ppx_band *band,
                   const ppx_run_options *options, ppx_run_times *times, ppx_error *error) {
    int iterations = options && options->iterations > 0 ? options->iterations : 1;
    run_state run = {.runner = runner, .band = band, .error = error};
    double start = now(), exchanged = runner->exchanged ? runner->exchanged(runner) : 0;
    ppx_status status = PPX_OK;
    for (int turn = 0; !status && turn < iterations; turn++) {
        const ppx_sink *sink = options && turn + 1 == iterations ? options->sink : NULL;
        for (size_t k = 0; !status && k < chain->nlinks; k++) {
            ppx_shape whole = band->rows.shape;
            whole.height = band->height;
            status = run_kernel(&run, &chain->links[k], whole, sink);
        }
    }
    ppx_image_free(&run.spare);
    if (status) {
        ppx_image_free(&band->rows);
        *band = (ppx_band){0};
    }
    if (times) {
        times->exchange = runner->exchanged ? runner->exchanged(runner) - exchanged : 0;
        times->compute = now() - start - times->exchange;
    }
    return status;
}
