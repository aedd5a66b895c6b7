// runtime.c: how the OpenMP runtime is set.
#include "runtime.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

const char *runtime_version(void) {
    static const struct {
        int date;
        const char *version;
    } versions[] = {{202111, "5.2"}, {202011, "5.1"}, {201811, "5.0"},
                    {201511, "4.5"}, {201307, "4.0"}, {201107, "3.1"}};
    for (size_t k = 0; k < sizeof versions / sizeof *versions; k++)
        if (_OPENMP >= versions[k].date)
            return versions[k].version;
    return "3.0 or older";
}

const char *runtime_schedule(char text[40]) {
    static const char *const names[] = {"?", "static", "dynamic", "guided", "auto"};
    omp_sched_t kind;
    int chunk;
    omp_get_schedule(&kind, &chunk);
    unsigned index = (unsigned)kind & 7u; // the highest bit says "monotonic"
    const char *name = names[index < 5 ? index : 0];
    (void)snprintf(text, 40, chunk > 0 ? "%s,%d" : "%s", name, chunk);
    return text;
}

const char *runtime_binding(void) {
    static const char *const names[] = {"false", "true", "master", "close", "spread"};
    unsigned binding = (unsigned)omp_get_proc_bind();
    return binding < 5 ? names[binding] : "?";
}

bool runtime_reads(const char *variable) {
    static const char *const prefixes[] = {"OMP_", "GOMP_", "KMP_", "PARPIX_"};
    for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++)
        if (strncmp(variable, prefixes[k], strlen(prefixes[k])) == 0)
            return true;
    return false;
}
