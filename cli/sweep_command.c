// sweep_command.c: how a cell is started, and where its ranks and threads are put.
//
// Cells are started without a shell: env NAME=VALUE ... LAUNCHER ... parpix bench ... What binds:
//
//   one process        OMP_PLACES, OMP_PROC_BIND=close: a thread for each core; a thread for each
//                      hardware thread where there are more workers than cores
//   Open MPI's mpirun  --map-by ppr:K:node:pe=T --bind-to core gives each rank T cores of its own,
//   K
//                      being the ranks that a host has room for, the first host first; OpenMP binds
//                      the threads within them. (mpirun's default is one core a rank, which the
//                      rank's threads would share; slot:pe=T ends Open MPI 4.1's daemons where
//                      ranks do not fill a host's slots.)
//   --launcher         binding ranks is the launcher's; threads are not bound within, since ranks
//                      that are not bound would all bind to the same first cores
//   more than CPUs     nothing is bound, and waiting threads and ranks give way
//
// Who has set OMP_PLACES, OMP_PROC_BIND or GOMP_CPU_AFFINITY is not overruled: a job script that
// knows its launcher sets the first two. mpirun heeds control groups but not taskset: where this
// process may use a part of the host alone, ranks are not bound.
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wordexp.h>

#include "launch.h"
#include "places.h"
#include "spawn.h"
#include "sweep.h"

// ---- The machine --------------------------------------------------------------------------------

// Different lines of a file that a job manager left: a host on each.
static int lines_of(const char *path) {
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[256], last[256] = "";
    int n = 0;
    while (file && fgets(line, sizeof line, file)) {
        n += strcmp(line, last) != 0; // those of a host follow each other
        memcpy(last, line, sizeof last);
    }
    if (file)
        (void)fclose(file);
    return n;
}

static int hosts_of_job(void) {
    const char *nodes = getenv("SLURM_JOB_NUM_NODES");
    int64_t n = 0;
    if (nodes && ppx_parse_int(nodes, &n) && n >= 1 && n <= 1000000)
        return (int)n;
    int lines = lines_of(getenv("PBS_NODEFILE"));
    lines = lines ? lines : lines_of(getenv("LSB_DJOB_HOSTFILE"));
    return lines ? lines : 1;
}

static bool is_open_mpi(void) {
    const char *const words[] = {spawn_mpirun(), "--version", NULL};
    spawn_talk talk;
    ppx_error ignored;
    if (spawn_captured(words, NULL, NULL, &talk, &ignored))
        return false;
    bool is = talk.code == 0 && (strstr(talk.out, "Open MPI") || strstr(talk.out, "OpenRTE"));
    spawn_talk_free(&talk);
    return is;
}

static bool needs_ranks(const sweep_request *r) {
    if (r->launcher)
        return strstr(r->launcher, "{ranks}") != NULL;
    for (size_t k = 0; k < r->nranks; k++)
        if (r->ranks[k] > 1)
            return true;
    return false;
}

ppx_status sweep_machine_look(sweep_machine *m, const sweep_request *asked, ppx_error *error) {
    cpus_unbind();
    spawn_allow_root();
    const cpus may = cpus_allowed();
    double quota = cpus_quota();
    *m = (sweep_machine){.cpus = cpus_count(&may), .cores = cpus_cores(&may)};
    m->whole = m->cpus == cpus_online();
    if (quota > 0 && ceil(quota) < m->cpus)
        m->cpus = (int)ceil(quota);
    m->cores = m->cores < m->cpus ? m->cores : m->cpus;
    m->hosts = hosts_of_job();
    m->launched = needs_ranks(asked);
    ssize_t n = readlink("/proc/self/exe", m->program, sizeof m->program - 1);
    if (n <= 0)
        return ppx_fail(error, PPX_E_SYSTEM, "/proc/self/exe does not tell what this program is");
    m->program[n] = '\0';
    if (m->launched && !launch_program(m->program_mpi, sizeof m->program_mpi))
        return ppx_fail(error, PPX_E_SYSTEM,
                        "there is no parpix-mpi beside this program (it was built with MPI=0); "
                        "sweep without ranks: --ranks 1");
    m->bind_ranks = m->launched && !asked->launcher && is_open_mpi();
    return PPX_OK;
}

// ---- Environment --------------------------------------------------------------------------------

static bool bound_by_user(void) {
    return getenv("OMP_PLACES") || getenv("OMP_PROC_BIND") || getenv("GOMP_CPU_AFFINITY");
}

typedef enum binding { UNBOUND, TO_CORES, TO_THREADS } binding;

// By the sweep, not by a launcher of the user's.
static bool alone(const sweep *s, const sweep_cell *cell) {
    return !s->machine.launched || (cell->serial && !s->asked->launcher);
}

static binding binding_of(const sweep *s, const sweep_cell *cell) {
    const sweep_machine *m = &s->machine;
    int hosts = alone(s, cell) ? 1 : m->hosts;
    if (!alone(s, cell) && !(m->bind_ranks && m->whole))
        return UNBOUND;
    if (cell->ranks <= hosts * (m->cores / cell->threads))
        return TO_CORES;
    return cell->ranks <= hosts * (m->cpus / cell->threads) ? TO_THREADS : UNBOUND;
}

static void add_environment(const sweep *s, const sweep_cell *cell, argument_list *list) {
    binding to = binding_of(s, cell);
    argument_add(list, "OMP_NUM_THREADS=%d", cell->threads);
    argument_add(list, "OMP_SCHEDULE=%s", cell->schedule);
    if (!bound_by_user() && to) {
        argument_add(list, "OMP_PLACES=%s", to == TO_CORES ? "cores" : "threads");
        argument_add(list, "OMP_PROC_BIND=close");
    } else if (!bound_by_user()) {
        argument_add(list, "OMP_PROC_BIND=false");
    }
    if (cell->oversubscribed) {
        argument_add(list, "OMP_WAIT_POLICY=passive");
        argument_add(list, "OMPI_MCA_mpi_yield_when_idle=1");
    }
}

// mpirun hands no variable on to other hosts by itself.
static void add_mpirun(const sweep *s, const sweep_cell *cell, argument_list *list) {
    static const char *const handed[] = {"OMP_NUM_THREADS", "OMP_SCHEDULE", "OMP_PLACES",
                                         "OMP_PROC_BIND", "OMP_WAIT_POLICY"};
    const sweep_machine *m = &s->machine;
    argument_add(list, "%s", spawn_mpirun());
    argument_add(list, "-n");
    argument_add(list, "%d", cell->ranks);
    if (!m->bind_ranks)
        return;
    binding to = binding_of(s, cell);
    if (to == UNBOUND) {
        argument_add(list, "--oversubscribe");
        argument_add(list, "--bind-to");
        argument_add(list, "none");
    } else {
        if (to == TO_THREADS)
            argument_add(list, "--use-hwthread-cpus");
        argument_add(list, "--map-by");
        argument_add(list, "ppr:%d:node:pe=%d",
                     (to == TO_CORES ? m->cores : m->cpus) / cell->threads, cell->threads);
        argument_add(list, "--bind-to");
        argument_add(list, "%s", to == TO_CORES ? "core" : "hwthread");
    }
    for (size_t k = 0; k < sizeof handed / sizeof *handed; k++) {
        size_t n = strlen(handed[k]);
        bool set = getenv(handed[k]) != NULL;
        for (size_t w = 0; !set && w < list->n; w++)
            set = strncmp(list->words[w], handed[k], n) == 0 && list->words[w][n] == '=';
        if (set) {
            argument_add(list, "-x");
            argument_add(list, "%s", handed[k]);
        }
    }
}

// ---- The launcher's template --------------------------------------------------------------------

// {ranks} and {threads} become numbers, the end of a line a blank; free the text.
static char *fill(const char *pattern, const sweep_cell *cell) {
    char *text = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&text, &nbytes);
    while (out && *pattern)
        if (strncmp(pattern, "{ranks}", 7) == 0) {
            (void)fprintf(out, "%d", cell->ranks);
            pattern += 7;
        } else if (strncmp(pattern, "{threads}", 9) == 0) {
            (void)fprintf(out, "%d", cell->threads);
            pattern += 9;
        } else {
            (void)fputc(*pattern == '\n' ? ' ' : *pattern, out);
            pattern++;
        }
    if (!out || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

// Words as a shell would make them, with variables and quotes; nothing is run for it.
static ppx_status add_template(const sweep *s, const sweep_cell *cell, argument_list *list,
                               ppx_error *error) {
    const char *pattern = s->asked->launcher;
    char *text = fill(pattern, cell);
    if (!text)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for a command");
    wordexp_t words;
    int failed = wordexp(text, &words, WRDE_NOCMD | WRDE_UNDEF);
    free(text);
    if (failed == WRDE_BADVAL)
        return ppx_fail(error, PPX_E_USAGE, "--launcher '%.200s': a variable is not set", pattern);
    if (failed == WRDE_BADCHAR)
        return ppx_fail(error, PPX_E_USAGE,
                        "--launcher '%.200s': {ranks} and {threads} are filled in; other braces, "
                        "and | & ; < > ( ), need quotes",
                        pattern);
    if (failed == WRDE_CMDSUB)
        return ppx_fail(error, PPX_E_USAGE, "--launcher '%.200s': no command is run in it",
                        pattern);
    if (failed)
        return ppx_fail(error, PPX_E_USAGE, "--launcher '%.200s': a quote is not closed", pattern);
    for (size_t k = 0; k < words.we_wordc; k++)
        argument_add(list, "%s", words.we_wordv[k]);
    bool empty = words.we_wordc == 0;
    wordfree(&words);
    return empty ? ppx_fail(error, PPX_E_USAGE, "--launcher is empty; it is like 'srun -n {ranks}'")
                 : PPX_OK;
}

// ---- The command --------------------------------------------------------------------------------

static void add_bench(const sweep *s, const sweep_cell *cell, bool pictures, argument_list *list) {
    const bench_request *what = &s->asked->what;
    argument_add(list, "bench");
    for (int k = 0; k < what->nspecs; k++)
        argument_add(list, "%s", what->specs[k]);
    if (what->nspecs == 0)
        argument_add(list, "copy");
    if (what->input) {
        argument_add(list, "%s", what->input);
    } else {
        argument_add(list, "--size");
        argument_add(list, "%tdx%td", what->width, cell->height);
        argument_add(list, "--type");
        argument_add(list, "%s", ppx_type_name(what->type));
        argument_add(list, "--channels");
        argument_add(list, "%d", what->channels);
    }
    argument_add(list, "-t");
    argument_add(list, "%d", cell->threads);
    argument_add(list, "--warmup");
    argument_add(list, "%d", pictures ? 0 : (int)what->warmup);
    argument_add(list, "--min-time");
    argument_add(list, "%g", pictures ? 0 : what->min_time);
    argument_add(list, "--max-time");
    argument_add(list, "%g", pictures ? 0 : what->max_time);
    if (cell->serial) {
        argument_add(list, "--backend");
        argument_add(list, "serial");
        if (!pictures) // the same in every cell: once is enough
            argument_add(list, "--files");
    }
    if (pictures)
        argument_add(list, "--pictures");
    argument_add(list, "--json");
    argument_add(list, "-");
}

ppx_status sweep_command(const sweep *s, const sweep_cell *cell, bool pictures, argument_list *list,
                         ppx_error *error) {
    const sweep_machine *m = &s->machine;
    ppx_status status = PPX_OK;
    argument_add(list, "env");
    add_environment(s, cell, list);
    if (s->asked->launcher)
        status = add_template(s, cell, list, error);
    else if (m->launched && !cell->serial)
        add_mpirun(s, cell, list);
    bool ranks = m->launched && (s->asked->launcher || !cell->serial);
    argument_add(list, "%s", ranks ? m->program_mpi : m->program);
    add_bench(s, cell, pictures, list);
    if (!status && list->failed)
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for a command");
    return status;
}
