// machine.c: /proc and /sys of Linux. What is not there is left out.
#define _DEFAULT_SOURCE
#include "machine.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void find_model(char model[128]) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    *model = '\0';
    while (file && !*model && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (colon && strncmp(line, "model name", strlen("model name")) == 0)
            (void)snprintf(model, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    }
    if (file)
        (void)fclose(file);
    struct utsname about; // other architectures have no model there
    if (!*model && uname(&about) == 0)
        (void)snprintf(model, 128, "%s", about.machine);
}

// "0,00000003": bits of hexadecimal digits.
static int count_bits(const char *mask) {
    int n = 0;
    for (; *mask; mask++)
        if (isxdigit((unsigned char)*mask)) {
            const char digit[] = {*mask, '\0'};
            n += __builtin_popcountl((unsigned long)strtol(digit, NULL, 16));
        }
    return n;
}

static bool cache_line(int index, const char *what, char *line, int room) {
    char path[120];
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, what);
    return read_line(path, line, room);
}

static void find_caches(machine *m) {
    char line[1200];
    for (int k = 0; k < MACHINE_CACHES && cache_line(k, "level", line, sizeof line); k++) {
        machine_cache *cache = &m->caches[m->ncaches++];
        cache->level = (int)strtol(line, NULL, 10);
        if (cache_line(k, "type", line, sizeof line))
            (void)snprintf(cache->type, sizeof cache->type, "%c%.*s", tolower((unsigned char)*line),
                           (int)strcspn(line + 1, "\n"), line + 1);
        if (cache_line(k, "size", line, sizeof line)) { // "32768K"
            char *unit;
            cache->nbytes = strtoull(line, &unit, 10);
            cache->nbytes <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : 0;
        }
        if (cache_line(k, "shared_cpu_map", line, sizeof line))
            cache->shared_by = count_bits(line);
    }
}

static int count_nodes(void) {
    char path[80];
    int n = 0;
    for (int node = 0; node < 1024; node++) { // numbers may have gaps
        (void)snprintf(path, sizeof path, "/sys/devices/system/node/node%d", node);
        n += access(path, F_OK) == 0;
    }
    return n ? n : 1;
}

void machine_look(machine *m) {
    char line[80];
    *m = (machine){.ncpus = cpus_online(), .numa_nodes = count_nodes(), .load = -1};
    find_model(m->model);
    find_caches(m);
    if (read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line, sizeof line))
        (void)snprintf(m->governor, sizeof m->governor, "%.*s", (int)strcspn(line, "\n"), line);
    double load;
    if (getloadavg(&load, 1) == 1)
        m->load = load;
}

size_t machine_last_caches(const machine *m) {
    const machine_cache *last = NULL;
    for (int k = 0; k < m->ncaches; k++)
        if (m->caches[k].nbytes && (!last || m->caches[k].level > last->level))
            last = &m->caches[k];
    if (!last)
        return (size_t)32 << 20;
    int each = last->shared_by > 0 ? last->shared_by : 1;
    return last->nbytes * (size_t)((m->ncpus + each - 1) / each);
}

// Lines of /proc/stat: "cpu3 user nice system idle iowait irq softirq steal guest guest_nice", in
// ticks; what guests took is part of user.
double machine_spent(const cpus *set) {
    FILE *file = fopen("/proc/stat", "r");
    char line[400];
    double ticks = -1;
    while (file && fgets(line, sizeof line, file)) {
        int cpu;
        double t[8] = {0};
        int n = sscanf(line, "cpu%d %lf %lf %lf %lf %lf %lf %lf %lf", &cpu, &t[0], &t[1], &t[2],
                       &t[3], &t[4], &t[5], &t[6], &t[7]);
        if (n >= 5 && cpus_has(set, cpu))
            ticks = (ticks < 0 ? 0 : ticks) + t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
    }
    if (file)
        (void)fclose(file);
    return ticks < 0 ? -1 : ticks / (double)sysconf(_SC_CLK_TCK);
}

bool machine_job(char text[80]) {
    static const char *const systems[][2] = {{"slurm", "SLURM_JOB_ID"}, {"slurm", "SLURM_JOBID"},
                                             {"pbs", "PBS_JOBID"},      {"lsf", "LSB_JOBID"},
                                             {"sge", "JOB_ID"},         {"flux", "FLUX_JOB_ID"}};
    for (size_t k = 0; k < sizeof systems / sizeof *systems; k++) {
        const char *job = getenv(systems[k][1]);
        if (job && *job) {
            (void)snprintf(text, 80, "%s %.60s", systems[k][0], job);
            return true;
        }
    }
    return false;
}
