// registry.c: the kernels at the instruction-set level in use.
#include "registry.h"

#include <stdatomic.h>
#include <string.h>

static const ppx_level *const levels[] = {
    &ppx_level_baseline,
#ifdef PPX_X86_LEVELS
    &ppx_level_avx2,
    &ppx_level_avx512,
#endif
};

static atomic_int selected = -1; // not chosen yet

int ppx_simd_count(void) {
    return (int)(sizeof levels / sizeof *levels);
}

const char *ppx_simd_name(int level) {
    return levels[level]->name;
}

bool ppx_simd_usable(int level) {
    switch (level) {
    case 0:
        return true;
#ifdef PPX_X86_LEVELS
    case 1: // x86-64-v3
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
    case 2: // x86-64-v4
        return ppx_simd_usable(1) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default:
        return false;
    }
}

int ppx_simd_level(void) {
    int level = selected;
    if (level < 0) {
        for (level = ppx_simd_count() - 1; !ppx_simd_usable(level);)
            level--;
        selected = level;
    }
    return level;
}

ppx_status ppx_simd_select(const char *name, ppx_error *error) {
    for (int level = 0; level < ppx_simd_count(); level++) {
        if (strcmp(levels[level]->name, name) != 0)
            continue;
        if (!ppx_simd_usable(level))
            return ppx_fail(error, PPX_E_USAGE, "this processor has no %s", name);
        selected = level;
        return PPX_OK;
    }
    return ppx_fail(error, PPX_E_USAGE,
                    "no instruction-set level \"%s\"; there are baseline, avx2 and avx512 on x86 "
                    "and baseline elsewhere",
                    name);
}

size_t ppx_kernel_count(void) {
    return levels[ppx_simd_level()]->nkernels;
}

const ppx_kernel *ppx_kernel_at(size_t index) {
    return levels[ppx_simd_level()]->kernels[index];
}

const char *ppx_kernel_name(const ppx_kernel *kernel) {
    return kernel->name;
}

const char *ppx_kernel_summary(const ppx_kernel *kernel) {
    return kernel->summary;
}

const char *ppx_kernel_examples(const ppx_kernel *kernel) {
    return kernel->examples;
}

const ppx_param *ppx_kernel_params(const ppx_kernel *kernel, int *nparams) {
    *nparams = kernel->nparams;
    return kernel->params;
}

bool ppx_kernel_takes(const ppx_kernel *kernel, ppx_type type, int channels) {
    return (kernel->types >> type & 1u) && (kernel->channels >> channels & 1u);
}

static bool settles(const ppx_kernel *kernel) {
    for (int s = 0; s < kernel->nsteps; s++)
        if (kernel->steps[s].pattern == PPX_SETTLE)
            return true;
    return false;
}

const char *ppx_kernel_pattern(const ppx_kernel *kernel) {
    static const char *const names[] = {[PPX_MAP] = "map",
                                        [PPX_REDUCE] = "reduce",
                                        [PPX_SCAN] = "scan",
                                        [PPX_JOIN] = "join",
                                        [PPX_WAVEFRONT] = "wavefront",
                                        [PPX_SETTLE] = "settle",
                                        [PPX_TRANSPOSE] = "transpose"};
    static const char *const pairs[][2] = {
        {"map", "reduce"}, {"map", "join"}, {"reduce", "map"}, {"map", "scan"}, {"settle", "map"}};
    static const char *const texts[] = {"map + reduce", "map + join", "reduce + map", "map + scan",
                                        "settle + map"};
    bool joins = false, turns = false, counts = false;
    for (int s = 0; s < kernel->nsteps; s++) {
        joins = joins || kernel->steps[s].pattern == PPX_JOIN;
        counts = counts || kernel->steps[s].pattern == PPX_REDUCE;
        turns = turns || kernel->steps[s].pattern == PPX_TRANSPOSE;
    }
    if (turns && kernel->nsteps > 1)
        return "map + transpose";
    // One that settles leaves steps out, it does not loop.
    if (kernel->again && !settles(kernel) && (counts || !joins))
        return joins ? "iterate + join" : "iterate";
    const char *first = names[settles(kernel) ? PPX_SETTLE : kernel->steps[0].pattern];
    const char *last = names[kernel->steps[kernel->nsteps - 1].pattern];
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (strcmp(pairs[k][0], first) == 0 && strcmp(pairs[k][1], last) == 0)
            return texts[k];
    return first;
}
