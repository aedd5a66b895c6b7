// kmeans_seeds.h: the table of kmeans.c, and how its first centres are drawn.
#ifndef PPX_KMEANS_SEEDS_H
#define PPX_KMEANS_SEEDS_H

#include <string.h>

#include "../core/kernel.h"

enum { K, ITERATIONS, SEED, FEWER };
enum {
    MOST_CENTRES = 256,
    TRIALS = 3, // for a seed
    NCELLS = 1 << 15,
    SHADES = 1 << 9, // colours in a cell
    LEVELS_U16 = 1 << 16
};

typedef struct kmeans_table {
    uint64_t ncolours; // that were found so far, or enough of them
    uint64_t inertia, pixels[MOST_CENTRES];
    int k, turns;
    bool moved;
    int32_t centre[MOST_CENTRES][3];
    uint16_t slot[NCELLS];       // from 1, of the cells that occur where they are fewer than k
    uint16_t cell[MOST_CENTRES]; // in a slot
    uint16_t level[LEVELS_U16];  // of gray: the level of its centre
    uint32_t distance[];         // of each colour that may be drawn, to the nearest seed
} kmeans_table;

static inline bool is_gray(const ppx_job *job) {
    return ppx_shape_colours(job->first) == 1;
}

static inline bool is_fewer(const ppx_job *job) { // colours than k
    const kmeans_table *table = job->table;
    return table->ncolours < (uint64_t)job->values[K].i;
}

static inline size_t level_count(const ppx_job *job) {
    return job->first.type == PPX_U8 ? UINT8_MAX + 1 : LEVELS_U16;
}

// Colours in fewer cells than k.
static inline size_t shade_count(const ppx_job *job) {
    return is_gray(job) || job->values[K].i == 1 ? 1 : (size_t)(job->values[K].i - 1) * SHADES;
}

static inline size_t kmeans_table_nbytes(const ppx_job *job) {
    const size_t shades = shade_count(job), others = is_gray(job) ? level_count(job) : NCELLS;
    return sizeof(kmeans_table) + (shades > others ? shades : others) * sizeof(uint32_t);
}

// Steele, Lea, Flood (2014), by counter.
static inline uint64_t random_of(uint64_t seed, uint64_t counter) {
    uint64_t z = seed * 0xd1342543de82ef95u + (counter + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// The colour with that number.
typedef void colour_of(const ppx_job *job, size_t number, int32_t colour[3]);

static inline void gray_colour(const ppx_job *job, size_t number, int32_t colour[3]) {
    (void)job;
    colour[0] = (int32_t)number;
    colour[1] = colour[2] = 0;
}

static inline void cell_colour(const ppx_job *job, size_t number, int32_t colour[3]) {
    (void)job;
    for (int c = 0; c < 3; c++)
        colour[c] = (int32_t)(number >> (10 - 5 * c) & 31) * 8 + 4;
}

// Of a cell in a slot, by 3 bits of each channel.
static inline void shade_colour(const ppx_job *job, size_t number, int32_t colour[3]) {
    const kmeans_table *table = job->table;
    cell_colour(job, table->cell[number / SHADES], colour);
    for (int c = 0; c < 3; c++)
        colour[c] += (int32_t)(number >> (6 - 3 * c) & 7) - 4;
}

static inline uint32_t squared(const int32_t a[3], const int32_t b[3]) {
    uint64_t sum = 0;
    for (int c = 0; c < 3; c++)
        sum += (uint64_t)((int64_t)(a[c] - b[c]) * (a[c] - b[c]));
    return (uint32_t)sum; // 65535^2 is the largest
}

// A colour where the running sum of what is left to each exceeds a number that was drawn.
static inline size_t draw(const uint64_t *counts, const uint32_t *distance, uint64_t drawn) {
    size_t at = 0;
    for (uint64_t sum = counts[0] * distance[0]; sum <= drawn; sum += counts[at] * distance[at])
        at++;
    return at;
}

// What is left after one more seed; distances are brought down to it if they are to be.
static inline uint64_t left_after(const ppx_job *job, const uint64_t *counts, size_t n,
                                  colour_of *of, const int32_t seed[3], bool first, bool keep) {
    kmeans_table *table = job->table;
    uint64_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (!counts[i])
            continue;
        int32_t colour[3];
        of(job, i, colour);
        const uint32_t d = squared(colour, seed), had = table->distance[i];
        const uint32_t least = first || d < had ? d : had;
        left += counts[i] * least;
        table->distance[i] = keep ? least : had;
    }
    return left;
}

// Draws k of n colours that occur counts[] times; where fewer do, all of them.
static inline void draw_seeds(const ppx_job *job, const uint64_t *counts, size_t n, colour_of *of) {
    kmeans_table *table = job->table;
    const uint64_t wanted = (uint64_t)job->values[K].i, key = (uint64_t)job->values[SEED].i;
    uint64_t left = 0;
    table->k = (int)(table->ncolours < wanted ? table->ncolours : wanted);
    for (size_t i = 0; i < n; i++) {
        table->distance[i] = 1;
        left += counts[i];
    }
    for (int m = 0; m < table->k; m++) {
        uint64_t least = UINT64_MAX;
        for (int trial = 0; trial < TRIALS; trial++) {
            const uint64_t drawn = random_of(key, (uint64_t)(TRIALS * m + trial)) % left;
            int32_t colour[3];
            of(job, draw(counts, table->distance, drawn), colour);
            const uint64_t after = left_after(job, counts, n, of, colour, m == 0, false);
            if (after < least) {
                memcpy(table->centre[m], colour, sizeof colour);
                least = after;
            }
        }
        left = left_after(job, counts, n, of, table->centre[m], m == 0, true);
    }
}

static inline uint64_t count_used(const uint64_t *counts, size_t n) {
    uint64_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += counts[i] > 0;
    return used;
}

#endif
