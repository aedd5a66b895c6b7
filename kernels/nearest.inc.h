// nearest.inc.h: the row functions of the kernel nearest, after those of distance_rows.inc.h in the
// euclidean metric: the same search, in which columns that are equally near are told apart by the
// raster index of their background pixel.
static inline void index_between(const distance_scratch *s, const uint32_t *costs, ptrdiff_t x,
                                 ptrdiff_t from, ptrdiff_t to, words index[LEAP / WORDS]) {
    words best[LEAP / WORDS];
    for (int k = 0; k < LEAP / WORDS; k++)
        best[k] = index[k] = words_all(UINT32_MAX);
    for (ptrdiff_t i = from; i <= to; i++) {
        const words site = words_all(s->sites[i]), own = words_all(s->index[i]);
        for (int k = 0; k < LEAP / WORDS; k++) {
            const words sum = site + words_load(costs + x - i + k * WORDS);
            const words less = words_min(sum, best[k]);
            const words stays = (words)(less == best[k]), comes = (words)(less == sum);
            // Whoever is not the least drops out: all ones.
            index[k] = words_min(index[k] | ~stays, own | ~comes);
            best[k] = less;
        }
    }
}

// One row up: the sites of all columns and the indices of their background pixels. Of two that are
// equally far the upper one comes first.
static void step_nearest(const ppx_job *job, const distance_scratch *s, ptrdiff_t y,
                         const uint16_t *restrict down) {
    const uint32_t width = (uint32_t)job->in.width, none = none_of(job), row = (uint32_t)y;
    uint16_t *restrict up = s->up, *restrict column = s->column;
    uint32_t *restrict sites = s->sites, *restrict index = s->index;
    for (uint32_t x = 0; x < width; x++) {
        const uint16_t below = step_up(up[x], down[x]), above = down[x];
        const uint16_t g = below < above ? below : above;
        const uint32_t from = below < above ? row + below : row - above;
        up[x] = below;
        column[x] = g;
        sites[x] = g == FAR ? none : (uint32_t)g * g;
        index[x] = g == FAR ? UINT32_MAX : from * width + x;
    }
}

static void nearest_row(const ppx_job *job, const distance_scratch *s, uint32_t *out) {
    const ptrdiff_t width = job->in.width;
    ptrdiff_t begun = -1; // pixels from there on wait for others beside them
    for (ptrdiff_t x = 0; x < width + BLOCK; x += BLOCK) {
        uint16_t foreground = 0;
        for (ptrdiff_t k = x; k < least(x + BLOCK, width); k++)
            foreground |= s->column[k];
        if (begun >= 0 && !foreground) {
            const ptrdiff_t b = least(x, width),
                            n = search_euclidean(s, costs_at(job), begun, b, width, true);
            for (ptrdiff_t j = 0; j < n; j++) {
                const ptrdiff_t from = begun + j * LEAP;
                words index[LEAP / WORDS];
                index_between(s, costs_at(job), from, s->first[j], s->last[j + 1], index);
                memcpy(out + from, index, (size_t)least(LEAP, b - from) * sizeof *out);
            }
            for (ptrdiff_t k = n ? b : begun; k < b; k++)
                out[k] = UINT32_MAX;
            begun = -1;
        }
        if (foreground && begun < 0)
            begun = x;
        if (!foreground && x < width)
            memcpy(out + x, s->index + x, (size_t)least(BLOCK, width - x) * sizeof *out);
    }
}

static void sweep_nearest(const ppx_job *job, const void *const *rows, ptrdiff_t y, ptrdiff_t nrows,
                          uint32_t *carry, void *const *out, void *scratch) {
    const distance_scratch s = scratch_at(scratch, job->in.width);
    begin_up(job, carry, y + nrows, s.up);
    begin_rows(job, &s);
    for (ptrdiff_t k = nrows - 1; k >= 0; k--) {
        step_nearest(job, &s, y + k, rows[k]);
        nearest_row(job, &s, out[k]);
    }
    end_up(job, s.up, y, carry);
}
